//! Screen 9: the journal, the newest record first, and in its title whether it is as it was written.
//!
//! ```text
//! ▌Journal  /entry:web                                    verified to 1,042 · anchored to 1,040 · 1,042
//!      #  TIME      RESULT       WHO      ENV  ENTRY              TARGET     TICKET, REASON, WHAT WENT WRONG
//!   1042  09:02:11  done         op-0137  prd  service-rollback…  web        INC-204 5xx
//! ```

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::text;
use crate::journal::audit::Contradiction;
use crate::journal::query::verdict;
use crate::journal::reader::{Row as Read, Standing};
use crate::journal::record::{Act, Record};
use crate::state::State;
use crate::state::event::Target;
use crate::state::journal::{HeadsRead, JournalReport, Thread};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::{Drawn, Ui, measure, words};

/// The longest text of a cell, in characters.
const LONGEST: usize = 400;

/// Draws the journal.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let journal = &state.journal;
    let panel = Panel {
        title: title(state, ui),
        status: status(state, ui),
        focused: true,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = columns(state, ui);
    let began = began(state);
    let verified = journal.read.as_ref().map_or(0, |read| read.standing.verified);
    let row = |index: usize| match journal.row(index) {
        Some(row) => Row::Cells(cells(state, ui, row, began, row.line > verified)),
        None => Row::Line(Line::styled(t!(ui.texts, "journal.reading"), ui.theme.dim)),
    };
    let table = Table {
        columns: &columns,
        len: journal.rows(),
        row,
        selected: Some(journal.selected()),
        offset: journal.offset(),
        focused: true,
        empty: &empty(state, ui),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let areas = table.render(inner, buf);
    drawn.page = areas.page;
    drawn.hits.extend(areas.rows.iter().map(|(index, area)| (*area, Target::Row(*index))));
}

/// Returns when the incident began whose timeline is shown.
fn began(state: &State) -> Option<Timestamp> {
    let journal = &state.journal;
    journal.page().and_then(|page| page.began).filter(|_| journal.thread.is_some())
}

fn title(state: &State, ui: &Ui) -> Line<'static> {
    let journal = &state.journal;
    let mut spans = vec![Span::raw(t!(ui.texts, "journal.title"))];
    let thread = match &journal.thread {
        Some(Thread::Ticket(ticket)) => Some(t!(ui.texts, "journal.timeline-of-ticket", name = ticket)),
        Some(Thread::Run(run)) => Some(t!(ui.texts, "journal.timeline-of-run", name = run)),
        None => None,
    };
    if let Some(thread) = thread {
        spans.push(Span::styled(format!("  {}", text::clean(&thread, LONGEST)), ui.theme.matched));
    }
    if !journal.filter.is_empty() {
        spans.push(Span::styled(format!("  /{}", journal.filter), ui.theme.matched));
    }
    Line::from(spans)
}

/// Says whether the journal is as it was written, the gravest first, and how many records there are.
fn status(state: &State, ui: &Ui) -> Vec<Span<'static>> {
    let texts = ui.texts;
    let Some(read) = &state.journal.read else {
        return vec![Span::styled(t!(texts, "journal.reading"), ui.theme.dim)];
    };
    let mut status = alarms(read, ui);
    let standing = &read.standing;
    // Of a timeline the title says more than these would, and of what was not gone through yet nothing can be said.
    if state.journal.thread.is_none() && !standing.is_counting {
        status.extend(anchor(state, read, ui));
        if standing.under_way > 0 {
            let text = t!(texts, "journal.status.under-way", n = standing.under_way);
            status.push(Span::styled(text, ui.theme.progress));
        }
        if standing.open > 0 {
            status.push(Span::styled(t!(texts, "journal.status.open", n = standing.open), ui.theme.warning));
        }
        if let Some(step) = standing.step {
            status.push(Span::styled(t!(texts, "journal.status.step", seq = step.seq), ui.theme.warning));
        }
    }
    let matched = state.journal.page().map_or(0, |page| page.matched);
    let is_searching = state.journal.page().is_none_or(|page| page.is_searching);
    let count = |count: usize| words::thousands(count);
    let lines = usize::try_from(standing.lines).unwrap_or(usize::MAX);
    let shown = match (is_searching, matched == lines) {
        // What is counted is told already.
        (true, _) if standing.is_counting => return status,
        (true, _) => format!("{}+/{}", count(matched), count(lines)),
        (false, true) => count(lines),
        (false, false) => format!("{}/{}", count(matched), count(lines)),
    };
    status.push(Span::styled(shown, ui.theme.dim));
    status
}

/// Names what speaks against the journal; where nothing does, until where it was verified.
fn alarms(read: &JournalReport, ui: &Ui) -> Vec<Span<'static>> {
    let (texts, standing) = (ui.texts, &read.standing);
    let mut found = Vec::new();
    if let Some(why) = &standing.fault {
        found.push(t!(texts, "journal.status.fault", why = text::clean(why, LONGEST)));
    }
    if let Some(line) = standing.replaced {
        found.push(t!(texts, "journal.status.replaced", line = line));
    }
    if let Some(broken) = &standing.broken {
        let why = words::journal::why(texts, &broken.why);
        found.push(t!(texts, "journal.status.broken", line = broken.line, why = why));
    }
    found.extend(standing.contradictions.iter().map(|one| match one {
        Contradiction::Cut(head) => t!(texts, "journal.status.cut", seq = head.seq),
        Contradiction::Rewritten(head) => t!(texts, "journal.status.rewritten", seq = head.seq),
        Contradiction::Another(head) => t!(texts, "journal.status.another", seq = head.seq),
    }));
    if !found.is_empty() {
        let mark = ui.glyphs.critical;
        return found.into_iter().map(|text| Span::styled(format!("{mark} {text}"), ui.theme.critical)).collect();
    }
    let number = |count: u64| words::thousands(usize::try_from(count).unwrap_or(usize::MAX));
    let mut status = Vec::new();
    if standing.is_counting {
        let text = t!(texts, "journal.status.counting", n = number(standing.lines));
        status.push(Span::styled(text, ui.theme.dim));
    } else if standing.verified < standing.lines {
        let text = t!(texts, "journal.status.verifying", n = number(standing.verified), of = number(standing.lines));
        status.push(Span::styled(text, ui.theme.dim));
    } else if standing.lines > 0 {
        status.push(Span::styled(t!(texts, "journal.status.verified", n = number(standing.verified)), ui.theme.ok));
    }
    if standing.torn > 0 {
        status.push(Span::styled(t!(texts, "journal.status.torn"), ui.theme.warning));
    }
    status
}

/// Says until where the journal is known to be as it was, whoever may have changed the file.
fn anchor(state: &State, read: &JournalReport, ui: &Ui) -> Vec<Span<'static>> {
    let (texts, standing) = (ui.texts, &read.standing);
    let mut status = Vec::new();
    let number = |count: u64| words::thousands(usize::try_from(count).unwrap_or(usize::MAX));
    let shipped = state.journal.shipping.as_ref().and_then(|shipping| shipping.shipped).map(|(seq, _)| seq);
    let kept = standing.anchor.map(|(seq, _)| seq);
    match (&read.heads, kept.max(shipped.filter(|seq| *seq <= standing.verified))) {
        (HeadsRead::NotKept, None) if standing.lines > 0 => {
            status.push(Span::styled(t!(texts, "journal.status.not-anchored"), ui.theme.dim));
        }
        (HeadsRead::NotKept | HeadsRead::Failed(_), None) => {}
        (_, Some(seq)) => {
            status.push(Span::styled(t!(texts, "journal.status.anchored", n = number(seq)), ui.theme.ok));
        }
        (HeadsRead::Reading, None) => {
            status.push(Span::styled(t!(texts, "journal.status.reading-heads"), ui.theme.dim));
        }
        // One may yet agree with what is being verified.
        (HeadsRead::Read, None) if standing.verified < standing.lines && standing.broken.is_none() => {}
        (HeadsRead::Read, None) if standing.lines == 0 => {}
        (HeadsRead::Read, None) => {
            status.push(Span::styled(t!(texts, "journal.status.no-head"), ui.theme.warning));
        }
    }
    if let HeadsRead::Failed(failure) = &read.heads {
        let text = t!(texts, "journal.status.heads-failed", why = words::failure_line(texts, failure));
        status.push(Span::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning));
    }
    if let Some(text) = unshipped(state, ui) {
        status.push(Span::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning));
    }
    status
}

/// Says why heads wait, where they do; the header says that they do.
fn unshipped(state: &State, ui: &Ui) -> Option<String> {
    let shipping = state.journal.shipping.as_ref()?;
    let fault = shipping.failure.as_ref()?;
    let why = words::journal::ship_fault(ui.texts, fault);
    Some(t!(ui.texts, "journal.status.unshipped", n = shipping.waiting, why = why))
}

fn columns<'a>(state: &State, ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let lines = state.journal.read.as_ref().map_or(0, |read| read.standing.lines);
    // The newest are shown before all are counted.
    let shown = state.journal.page().into_iter().flat_map(|page| &page.rows).map(|row| row.line).max();
    let number = super::widgets::cells(lines.max(shown.unwrap_or(0)).to_string().len()).max(4);
    let results = crate::journal::query::VERDICTS.map(|name| words::journal::verdict(texts, name));
    let waiting = [t!(texts, "journal.open"), t!(texts, "journal.under-way")];
    // Beside the word stands its mark.
    let result = measure::widest(results.into_iter().chain(waiting)) + 2;
    let began = began(state);
    let rows = state.journal.page().map_or(&[][..], |page| &page.rows);
    let moments = rows.iter().filter_map(|row| Some(moment(state, ui, row.record.as_ref().ok()?, began)));
    let time = measure::widest(moments).max(measure::widest([t!(texts, "journal.column.time")])).max(8);
    vec![
        Column::new("#", number, number).right(),
        Column::new(t!(texts, "journal.column.time"), time, time),
        Column::new(t!(texts, "journal.column.result"), result, result),
        Column::new(t!(texts, "journal.column.actor"), 8, 16).rank(3),
        Column::new(t!(texts, "journal.column.environment"), 3, 8).rank(4),
        Column::new(t!(texts, "journal.column.entry"), 12, 26),
        Column::new(t!(texts, "journal.column.target"), 10, 26).rank(2),
        Column::new(t!(texts, "journal.column.said"), 18, 40).rank(1).grows(),
    ]
}

fn cells(state: &State, ui: &Ui, row: &Read, began: Option<Timestamp>, is_unproven: bool) -> Vec<Cell<'static>> {
    let line = Span::styled(row.line.to_string(), ui.theme.dim);
    let record = match &row.record {
        Ok(record) => record,
        Err(why) => {
            let why = words::journal::why(ui.texts, why);
            let text = t!(ui.texts, "journal.list.wrong", line = row.line, why = why);
            let blank = || Cell::new("");
            let mark = Cell::new(Span::styled(format!("{} !", ui.glyphs.critical), ui.theme.critical));
            let said = Cell::new(Span::styled(text, ui.theme.critical));
            return vec![Cell::new(line), blank(), mark, blank(), blank(), blank(), blank(), said];
        }
    };
    // What stands behind a break is shown, and not as if it were proven.
    let style = if is_unproven { ui.theme.stale } else { ui.theme.text };
    let act = record.act.as_ref();
    let cell = |content: &str| Span::styled(text::clean(content, LONGEST), style);
    let of = |get: fn(&Act) -> Option<&String>| act.and_then(get).map_or("", String::as_str);
    let (mark, word, colour) = result(ui, row, record);
    vec![
        Cell::new(line),
        Cell::new(Span::styled(moment(state, ui, record, began), style)),
        Cell::new(Span::styled(format!("{mark} {word}"), colour)),
        Cell::new(cell(of(|act| Some(&act.actor.user)))),
        Cell::new(cell(of(|act| Some(&act.environment)))),
        Cell::cut_middle(cell(of(|act| Some(&act.entry)))),
        Cell::cut_middle(cell(of(|act| act.target.as_ref()))),
        Cell::new(Span::styled(said(ui, record), style)),
    ]
}

/// Writes when it was; in a timeline, how long after its beginning.
fn moment(state: &State, ui: &Ui, record: &Record, began: Option<Timestamp>) -> String {
    let at = ui.moment(record.time, state.now);
    match began.map(|began| record.time.duration_since(began)).filter(SignedDuration::is_positive) {
        Some(passed) => format!("{at} +{}", words::age(ui.texts, passed)),
        None => at,
    }
}

/// Returns the mark, the word and the style of what came of something.
fn result(ui: &Ui, row: &Read, record: &Record) -> (&'static str, &'static str, Style) {
    let name = verdict(record);
    let (mark, style) = match name {
        "done" => (ui.glyphs.ok, ui.theme.ok),
        "begun" if row.is_under_way => (ui.glyphs.progress, ui.theme.progress),
        "begun" if row.is_open => (ui.glyphs.warning, ui.theme.warning),
        "begun" => (ui.glyphs.arrow, ui.theme.dim),
        "denied" => (ui.glyphs.denied, ui.theme.warning),
        "failed" | "lost" => (ui.glyphs.critical, ui.theme.critical),
        "unknown" | "recovered" => (ui.glyphs.warning, ui.theme.warning),
        _ => (ui.glyphs.separator, ui.theme.text),
    };
    (mark, words::journal::came_of(ui.texts, row, record), style)
}

/// Returns what was said of it: the ticket, the reason, what went wrong.
fn said(ui: &Ui, record: &Record) -> String {
    let act = record.act.as_ref();
    let ticket = act.and_then(|act| act.ticket.clone());
    let reason = act.and_then(|act| act.reason.clone());
    let wrong = words::journal::what_went_wrong(ui.texts, record);
    let parts: Vec<String> = [ticket, wrong, reason].into_iter().flatten().collect();
    text::clean(&parts.join(" · ").replace('·', ui.glyphs.separator), LONGEST)
}

fn empty(state: &State, ui: &Ui) -> String {
    let texts = ui.texts;
    match &state.journal.read {
        None => t!(texts, "journal.reading"),
        Some(JournalReport { standing: Standing { fault: Some(_), .. }, .. }) => t!(texts, "journal.unreadable"),
        Some(_) if state.journal.page().is_none_or(|page| page.is_searching) => t!(texts, "journal.searching"),
        Some(read) if read.standing.lines > 0 => t!(texts, "screens.no-match"),
        Some(_) => t!(texts, "journal.none"),
    }
    .to_owned()
}

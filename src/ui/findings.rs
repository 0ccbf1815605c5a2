//! Findings: how many of which severity and how far people are with them, by whom, and each of them.
//!
//! ```text
//! ┌ severity × workflow ────────────┬ by product ────────────┐
//! │           NEW NOTIFIED RESOLVED │ 812 Security Hub        │
//! │ CRITICAL    3        1        0 │  40 GuardDuty           │
//! ├ findings ───────────────────────┴────────────────────────┤
//! │ ▲ CRITICAL NEW  2h  prd  GuardDuty  …                      │
//! └───────────────────────────────────────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::fetch::Panel as Read;
use crate::domain::finding::{Finding, FindingSeverity, Workflow};
use crate::domain::text;
use crate::state::State;
use crate::state::event::Target;
use crate::state::findings::{FindingColumn, FindingRow, FindingSort, Grouping, SEVERITIES, WORKFLOWS};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Sorted, Table};
use super::widgets::{horizontal_rule, put_line, wrap_within};
use super::{Drawn, Ui, measure, services, unread, words};

/// Rows of the matrix with its title and the names of its columns, and one for severities that AWS has no word for.
const MATRIX: u16 = 8;
/// From this height on there is room for the matrix.
const TALL: u16 = 18;
/// From this height on the selected finding is previewed below the list.
const PREVIEWED: u16 = 32;
/// Rows of that preview.
const PREVIEW: u16 = 9;
/// From this width on the counts stand beside the matrix.
const WIDE: u16 = 78;

/// Draws the findings.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let top = if area.height >= TALL { MATRIX } else { 0 };
    let above = Rect { height: top, ..area };
    let below = Rect { y: above.bottom(), height: area.height - top, ..area };
    if top > 0 {
        let left = if area.width >= WIDE { (area.width * 3 / 5).min(74) } else { area.width };
        matrix(state, ui, Rect { width: left, ..above }, buf);
        if left < area.width {
            let right = Rect { x: above.x + left + 1, width: area.width - left - 1, ..above };
            groups(state, ui, right, buf, drawn);
        }
    }
    let preview = if area.height >= PREVIEWED && !state.findings.rows.is_empty() { PREVIEW } else { 0 };
    list(state, ui, Rect { height: below.height - preview, ..below }, buf, drawn);
    if let Some(row) = state.findings.selected().filter(|_| preview > 0) {
        let area = Rect { y: below.bottom() - preview, height: preview, ..below };
        horizontal_rule(area, buf, ui.theme.border, ui.glyphs);
        advice(ui, &row.finding, Rect { y: area.y + 1, height: preview - 1, ..area }, buf);
    }
}

/// Draws what a finding's product says of it, and what it advises.
pub fn advice(ui: &Ui, finding: &Finding, area: Rect, buf: &mut Buffer) {
    let room = area.width.saturating_sub(2);
    let texts = [
        (&finding.description, ui.theme.text),
        (&finding.remediation.text, ui.theme.dim),
        (&finding.remediation.url, ui.theme.dim),
    ];
    let mut y = area.y;
    for (text, style) in texts.into_iter().filter(|(text, _)| !text.is_empty()) {
        let line = Line::styled(text.replace('\n', " "), style);
        for wrapped in wrap_within(&line, usize::from(room), 4, ui.glyphs) {
            if y < area.bottom() {
                put_line(buf, area.x + 1, y, &wrapped, room);
                y += 1;
            }
        }
    }
}

/// Returns how many findings there are: `1,200+ loaded` while these are not all.
fn loaded(state: &State, ui: &Ui) -> String {
    let findings = &state.findings;
    let total = words::thousands(findings.total);
    let count = if findings.rows.len() == findings.total {
        total
    } else {
        format!("{}/{total}", words::thousands(findings.rows.len()))
    };
    if findings.partial { t!(ui.texts, "screens.findings.loaded", n = count) } else { count }
}

fn matrix(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let findings = &state.findings;
    let texts = ui.texts;
    let mut status = Vec::new();
    if findings.new > 0 {
        let text = t!(texts, "screens.findings.fresh", n = words::thousands(findings.new));
        status.push(Span::styled(text, ui.theme.accent));
    }
    status.push(Span::styled(loaded(state, ui), ui.theme.dim));
    let title = if findings.everything {
        t!(texts, "screens.findings.all-active")
    } else {
        t!(texts, "screens.findings.to-do")
    };
    let panel = Panel { title: Line::raw(title), status, focused: false, theme: &ui.theme, glyphs: ui.glyphs };
    let inner = panel.render(area, buf);
    // A row or column that AWS has no word for is there only where something is in it.
    let is_empty = |column: usize| findings.matrix.0.iter().all(|row| row[column] == 0);
    let columns: Vec<usize> =
        (0..WORKFLOWS).filter(|column| *column < Workflow::ALL.len() || !is_empty(*column)).collect();
    let rows: Vec<usize> = (0..SEVERITIES)
        .filter(|row| *row < FindingSeverity::ALL.len() || findings.matrix.0[*row].iter().any(|count| *count > 0))
        .collect();
    let names: Vec<&str> = columns
        .iter()
        .map(|column| Workflow::ALL.get(*column).map_or(t!(texts, "screens.findings.other"), workflow_name))
        .collect();
    let mut table = vec![Column::new("", 15, 15)];
    table.extend(names.iter().map(|name| {
        let cells = measure::widest([name]).max(7);
        Column::new(name, cells, cells).right()
    }));
    Table {
        columns: &table,
        len: rows.len(),
        row: |index: usize| {
            let row = rows[index];
            let other = FindingSeverity::Other(t!(texts, "screens.findings.other").to_owned());
            let severity = FindingSeverity::ALL.get(row).unwrap_or(&other);
            let (mark, word, style) = severity_words(ui, severity);
            let mut cells = vec![Cell::new(Span::styled(format!("{mark} {word}"), style))];
            cells.extend(columns.iter().map(|column| {
                let count = findings.matrix.0[row][*column];
                let done = Workflow::ALL.get(*column).is_some_and(Workflow::is_done);
                let style = if count == 0 || done { ui.theme.dim } else { style };
                Cell::new(Span::styled(words::thousands(count), style))
            }));
            Row::Cells(cells)
        },
        selected: None,
        offset: 0,
        focused: false,
        empty: "",
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render_still(inner, buf);
}

fn workflow_name(workflow: &Workflow) -> &'static str {
    match workflow {
        Workflow::New => "NEW",
        Workflow::Notified => "NOTIFIED",
        Workflow::Resolved => "RESOLVED",
        Workflow::Suppressed | Workflow::Other(_) => "SUPPRESSED",
    }
}

/// Draws the counts by product, account or control.
fn groups(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    drawn.hits.push((area, Target::Panel(1)));
    let findings = &state.findings;
    let focused = findings.group.is_some();
    let title = match findings.grouping {
        Grouping::Product => t!(ui.texts, "screens.findings.by-product"),
        Grouping::Account => t!(ui.texts, "screens.findings.by-account"),
        Grouping::Control => t!(ui.texts, "screens.findings.by-control"),
    };
    let status = vec![Span::styled(words::thousands(findings.groups.len()), ui.theme.dim)];
    let panel = Panel { title: Line::raw(title), status, focused, theme: &ui.theme, glyphs: ui.glyphs };
    let inner = panel.render(area, buf);
    let columns = [Column::new("", 6, 6).right(), Column::new("", 10, 40).grows()];
    let areas = Table {
        columns: &columns,
        len: findings.groups.len(),
        row: |index: usize| {
            let (name, count) = &findings.groups[index];
            Row::Cells(vec![
                Cell::new(Span::styled(words::thousands(*count), ui.theme.text)),
                Cell::new(Span::styled(name.clone(), ui.theme.text)),
            ])
        },
        selected: findings.group.map(|group| group.0.min(findings.groups.len().saturating_sub(1))),
        offset: 0,
        focused,
        empty: t!(ui.texts, "screens.nothing"),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

fn list(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    drawn.hits.push((area, Target::Panel(0)));
    let findings = &state.findings;
    let focused = findings.group.is_none() && state.lists_have_keys();
    let mut status = services::list_status(state, ui, Read::Findings, loaded(state, ui));
    status.extend(aggregated(state, ui));
    let panel = Panel {
        title: services::title(ui, t!(ui.texts, "screens.findings.title"), &findings.filter),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns: Vec<Column<'_>> =
        FindingColumn::ALL.into_iter().map(|column| self::column(state, ui, column)).collect();
    let areas = Table {
        columns: &columns,
        len: findings.rows.len(),
        row: |index: usize| {
            let row = &findings.rows[index];
            Row::Cells(FindingColumn::ALL.into_iter().map(|column| cell(state, ui, row, column)).collect())
        },
        selected: focused.then_some(findings.list.selected()),
        offset: findings.list.offset(),
        focused,
        empty: &empty(state, ui),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
        drawn.take_headers(&areas);
    }
}

/// Says in which region findings of several were gathered.
fn aggregated(state: &State, ui: &Ui) -> Option<Span<'static>> {
    let regions =
        state.shown_sources().filter_map(|(_, source)| source.findings.value.as_ref()?.aggregated_in.as_ref());
    let region = regions.into_iter().next()?;
    Some(Span::styled(t!(ui.texts, "screens.findings.aggregated", region = region), ui.theme.dim))
}

/// Says why there are no rows: filtered away, still loading, off, not readable, or nothing to do.
fn empty(state: &State, ui: &Ui) -> String {
    let findings = &state.findings;
    if findings.total > 0 {
        return t!(ui.texts, "screens.no-match").to_owned();
    }
    let was_read = state.shown_sources().any(|(_, source)| source.findings.value.is_some());
    if was_read && !findings.partial {
        return t!(ui.texts, "screens.findings.none").to_owned();
    }
    unread::unread_list(state, ui, Read::Findings)
}

fn column<'a>(state: &State, ui: &Ui, column: FindingColumn) -> Column<'a> {
    let texts = ui.texts;
    let several = state.shown.is_none() && state.environments.len() > 1;
    let made = match column {
        FindingColumn::Severity => Column::new(t!(texts, "screens.column.severity"), 10, 15),
        FindingColumn::Workflow => {
            // A status that is pending has a mark before it.
            let cells = if state.findings.pending.is_empty() { 10 } else { 12 };
            Column::new(t!(texts, "screens.column.workflow"), 8, cells).rank(4)
        }
        FindingColumn::Age => {
            let title = t!(texts, "screens.column.since");
            let cells = measure::ages(texts).max(measure::title(title));
            Column::new(title, cells, cells).right()
        }
        FindingColumn::Environment if several => {
            let places = state.findings.rows.iter().take(1_000).map(|row| row.place);
            let (least, cells) = measure::environments(state, ui, places);
            Column::new(t!(texts, "screens.column.environment"), least, cells).rank(1)
        }
        FindingColumn::Environment => Column::new("", 0, 0).rank(9),
        FindingColumn::Account => Column::new(t!(texts, "screens.column.account"), 12, 12).rank(5),
        FindingColumn::Product => Column::new(t!(texts, "screens.column.product"), 9, 16).rank(3),
        FindingColumn::Title => Column::new(t!(texts, "screens.column.title"), 24, 60).grows(),
        FindingColumn::Resource => Column::new(t!(texts, "screens.column.resource"), 20, 36).rank(2),
    };
    let sorted = (column.sort() == Some(state.findings.sort)).then(|| {
        let down = state.findings.sort == FindingSort::Severity;
        if down == state.findings.reversed { Sorted::Ascending } else { Sorted::Descending }
    });
    made.sorted(sorted)
}

fn cell(state: &State, ui: &Ui, row: &FindingRow, column: FindingColumn) -> Cell<'static> {
    let finding = &row.finding;
    let done = finding.workflow.is_done();
    let text = if done { ui.theme.dim } else { ui.theme.text };
    match column {
        FindingColumn::Severity => {
            let (mark, word, style) = severity_words(ui, &finding.severity);
            Cell::new(Span::styled(format!("{mark} {word}"), if done { ui.theme.dim } else { style }))
        }
        FindingColumn::Workflow => match state.findings.pending(finding) {
            Some(status) => {
                let pending = format!("{} {}", ui.glyphs.progress, status.name());
                Cell::new(Span::styled(pending, ui.theme.progress))
            }
            None => Cell::new(Span::styled(finding.workflow.as_str().to_owned(), text)),
        },
        FindingColumn::Age => Cell::new(Span::styled(words::since(ui.texts, state.now, finding.began()), text)),
        FindingColumn::Environment => Cell::new(ui.place(state, row.place)),
        FindingColumn::Account => Cell::new(Span::styled(finding.account.clone(), ui.theme.dim)),
        FindingColumn::Product => Cell::new(Span::styled(finding.product.clone(), ui.theme.dim)),
        FindingColumn::Title => Cell::new(Span::styled(first(&title(ui, &finding.title), 400), text)),
        FindingColumn::Resource => {
            let resource = finding.resources.first().map_or("", |resource| &resource.id);
            let name = resource.splitn(6, ':').nth(5).unwrap_or(resource);
            Cell::new(Span::styled(text::truncate_middle(name, 36).into_owned(), ui.theme.dim))
        }
    }
}

/// Returns a finding's title; a word where the product gave none.
pub fn title(ui: &Ui, title: &str) -> String {
    if title.is_empty() { t!(ui.texts, "screens.findings.untitled").to_owned() } else { title.to_owned() }
}

/// Returns the first characters of a text that may be thousands long: more than any screen is wide.
fn first(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// Returns mark, word and style of a severity; the word is AWS's.
pub fn severity_words(ui: &Ui, severity: &FindingSeverity) -> (&'static str, String, Style) {
    let (mark, style) = match severity {
        FindingSeverity::Critical => (ui.glyphs.critical, ui.theme.critical),
        FindingSeverity::High | FindingSeverity::Other(_) => (ui.glyphs.critical, ui.theme.warning),
        FindingSeverity::Medium => (ui.glyphs.warning, ui.theme.text),
        FindingSeverity::Low | FindingSeverity::Informational => (ui.glyphs.notice, ui.theme.dim),
    };
    (mark, severity.as_str().to_owned(), style)
}

//! Screen 8: the runbooks of the catalogue, the steps of the one that the cursor is on, and the runs of this machine.
//!
//! ```text
//! ┌ runbooks ──────────────────────────┬ steps ───────────────────┐
//! │ ✓ prd  inc-5xx   5xx rise       14 │  1. Detection  [check]    │
//! │ ✕ prd  leaked-key                  │  2. Services   [check]    │
//! ├ runs ──────────────────────────────┤  3. Scope      [note]     │
//! │ ◌ inc-5xx/7  prd  09:02  3/14      │  …                        │
//! └────────────────────────────────────┴───────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::runbook::book::{Step, StepKind};
use crate::state::event::Target;
use crate::state::runbooks::{RunRow, RunStanding, RunbookRow, RunbooksPanel};
use crate::state::sessions::target::Verdict;
use crate::state::{Screen, State};
use crate::t;

use super::widgets::menu::wrap_line;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{cells, horizontal_rule, put_line, vertical_rule};
use super::{Drawn, Ui, measure, services, words};

/// From this width on the steps stand beside the lists.
const WIDE: u16 = 100;

/// The least rows of the steps below the lists.
const STEPS_MIN: u16 = 6;

/// Draws the screen.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let (lists, steps) = if area.width >= WIDE {
        let left = Rect { width: area.width * 3 / 5, ..area };
        vertical_rule(Rect { x: left.right(), width: 1, ..area }, buf, ui.theme.border, ui.glyphs);
        (left, Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area })
    } else {
        let steps = (area.height / 3).max(STEPS_MIN);
        let above = Rect { height: area.height.saturating_sub(steps), ..area };
        let below = Rect { y: above.bottom(), height: area.height - above.height, ..area };
        horizontal_rule(below, buf, ui.theme.border, ui.glyphs);
        (above, Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below })
    };
    let wanted = cells(state.runbooks.listed().len().max(1)).saturating_add(3);
    let most = if state.runbooks.panel == RunbooksPanel::Runs { lists.height / 2 } else { lists.height / 3 };
    let upper = Rect { height: lists.height - wanted.min(most), ..lists };
    let lower = Rect { y: upper.bottom(), height: lists.height - upper.height, ..lists };
    runbooks(state, ui, upper, buf, drawn);
    horizontal_rule(lower, buf, ui.theme.border, ui.glyphs);
    runs(state, ui, Rect { y: lower.y + 1, height: lower.height.saturating_sub(1), ..lower }, buf, drawn);
    selected(state, ui, steps, buf);
}

fn runbooks(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let runbooks = &state.runbooks;
    let focused = runbooks.panel == RunbooksPanel::Runbooks;
    drawn.hits.push((area, Target::Panel(0)));
    let allowed = runbooks.rows.iter().filter(|row| row.verdict == Verdict::Allowed).count();
    let count = t!(ui.texts, "sessions.targets.count", n = allowed, of = runbooks.total);
    let panel = Panel {
        title: services::title(ui, t!(ui.texts, "runbooks.list.title"), &runbooks.filter),
        status: vec![Span::styled(count, ui.theme.dim)],
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = runbook_columns(state, ui);
    let areas = Table {
        columns: &columns,
        len: runbooks.rows.len(),
        row: |index: usize| Row::Cells(runbook_cells(state, ui, &runbooks.rows[index])),
        selected: (!runbooks.rows.is_empty()).then_some(runbooks.list.selected()),
        offset: runbooks.list.offset(),
        focused,
        empty: empty(state, ui),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

/// Says why there is no runbook: nothing matches, nothing was read, or the catalogue has none for here.
fn empty(state: &State, ui: &Ui) -> &'static str {
    let runbooks = &state.runbooks;
    if !runbooks.filter.is_empty() && runbooks.total > 0 {
        t!(ui.texts, "screens.no-match")
    } else if state.sessions.catalogues.is_empty() {
        t!(ui.texts, "sessions.targets.no-catalogue")
    } else {
        t!(ui.texts, "runbooks.none")
    }
}

fn runbook_columns<'a>(state: &State, ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let rows = &state.runbooks.rows;
    let (least, environment) = measure::environments(state, ui, rows.iter().map(|row| row.place));
    let id = measure::widest(rows.iter().map(|row| &row.runbook.id.0)).clamp(10, 28);
    let steps = measure::widest([t!(texts, "runbooks.column.steps")]);
    vec![
        Column::new("", 1, 1),
        Column::new(t!(texts, "screens.column.environment"), least, environment),
        Column::new(t!(texts, "runbooks.column.runbook"), 10, id),
        Column::new(t!(texts, "runbooks.column.title"), 12, 34).rank(1).grows(),
        Column::new(t!(texts, "runbooks.column.steps"), steps, steps).right().rank(3),
        Column::new(t!(texts, "runbooks.column.answers"), 10, 36).rank(2),
    ]
}

fn runbook_cells(state: &State, ui: &Ui, row: &RunbookRow) -> Vec<Cell<'static>> {
    let is_allowed = row.verdict == Verdict::Allowed;
    let style = if is_allowed { ui.theme.text } else { ui.theme.dim };
    let text = |text: String| Cell::new(Span::styled(text, style));
    let (mark, mark_style) = match &row.verdict {
        Verdict::Allowed => (ui.glyphs.ok, ui.theme.ok),
        Verdict::Denied(_) => (ui.glyphs.denied, ui.theme.dim),
        Verdict::Unverified => (ui.glyphs.unknown, ui.theme.unknown),
    };
    let answers: Vec<String> = row.runbook.answers.iter().map(ToString::to_string).collect();
    // Where it may not be run, why stands where what it answers would.
    let last = match &row.verdict {
        Verdict::Denied(denial) => words::session::denial(ui.texts, denial),
        Verdict::Unverified => t!(ui.texts, "sessions.targets.unverified").to_owned(),
        Verdict::Allowed if answers.is_empty() => "-".to_owned(),
        Verdict::Allowed => answers.join(" "),
    };
    vec![
        Cell::new(Span::styled(mark, mark_style)),
        Cell::new(ui.place(state, row.place)),
        text(row.runbook.id.0.clone()),
        text(words::runbook::text(ui.texts, &row.runbook.title).to_owned()),
        text(row.runbook.steps.len().to_string()),
        text(last),
    ]
}

fn runs(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let runbooks = &state.runbooks;
    let focused = runbooks.panel == RunbooksPanel::Runs;
    drawn.hits.push((area, Target::Panel(1)));
    let open = runbooks.listed().iter().filter(|run| run.is_open()).count();
    let mut status = vec![Span::styled(t!(ui.texts, "runbooks.runs.count", n = open), ui.theme.text)];
    let broken = runbooks.runs.as_ref().and_then(|listed| listed.as_ref().ok()).map_or(0, |listed| listed.broken);
    if broken > 0 {
        let text = format!("{} {}", ui.glyphs.warning, t!(ui.texts, "runbooks.runs.unreadable", n = broken));
        status.insert(0, Span::styled(text, ui.theme.warning));
    }
    let title = Line::raw(t!(ui.texts, "runbooks.runs.title"));
    let panel = Panel { title, status, focused, theme: &ui.theme, glyphs: ui.glyphs };
    let inner = panel.render(area, buf);
    let columns = run_columns(state, ui);
    let empty = match &runbooks.runs {
        None => t!(ui.texts, "runbooks.runs.listing").to_owned(),
        Some(Err(why)) => t!(ui.texts, "runbooks.runs.not-listed", why = why),
        Some(Ok(_)) => t!(ui.texts, "runbooks.runs.none").to_owned(),
    };
    let areas = Table {
        columns: &columns,
        len: runbooks.listed().len(),
        row: |index: usize| Row::Cells(run_cells(state, ui, &runbooks.listed()[index])),
        selected: focused.then_some(runbooks.run_list.selected()).filter(|_| !runbooks.listed().is_empty()),
        offset: if focused { runbooks.run_list.offset() } else { 0 },
        focused,
        empty: &empty,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

fn run_columns<'a>(state: &State, ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let runs = state.runbooks.listed();
    let id = measure::widest(runs.iter().map(|run| run.id.to_string())).clamp(10, 28);
    let environment = measure::widest(runs.iter().map(|run| run.environment.clone()))
        .max(measure::widest([t!(texts, "screens.column.environment")]))
        .min(16);
    let began = measure::widest([t!(texts, "runbooks.column.began")]).max(11);
    vec![
        Column::new(t!(texts, "runbooks.column.state"), 9, 16),
        Column::new(t!(texts, "runbooks.column.run"), 10, id),
        Column::new(t!(texts, "screens.column.environment"), environment.min(6), environment),
        Column::new(t!(texts, "runbooks.column.began"), began, began),
        Column::new(t!(texts, "runbooks.column.who"), 7, 20).rank(2),
        Column::new(t!(texts, "runbooks.column.title"), 10, 34).rank(1).grows(),
    ]
}

fn run_cells(state: &State, ui: &Ui, run: &RunRow) -> Vec<Cell<'static>> {
    let (word, style) = standing(ui, &run.standing);
    let text = |text: String| Cell::new(Span::styled(text, ui.theme.text));
    vec![
        Cell::new(Span::styled(word, style)),
        text(run.id.to_string()),
        text(run.environment.clone()),
        text(ui.moment(run.began_at, state.now)),
        text(run.who.clone()),
        text(words::runbook::text(ui.texts, &run.title).to_owned()),
    ]
}

/// Says how a run stands.
pub fn standing(ui: &Ui, standing: &RunStanding) -> (String, Style) {
    match standing {
        RunStanding::At(number, of) => {
            let text = t!(ui.texts, "runbooks.standing.at", n = number, of = of);
            (format!("{} {text}", ui.glyphs.progress), ui.theme.progress)
        }
        RunStanding::Over => (format!("{} {}", ui.glyphs.ok, t!(ui.texts, "runbooks.outcome.done")), ui.theme.ok),
        RunStanding::GivenUp => {
            (format!("{} {}", ui.glyphs.warning, t!(ui.texts, "runbooks.report.given-up")), ui.theme.warning)
        }
    }
}

/// Draws the steps of the runbook that the cursor is on.
fn selected(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let Some(row) = state.runbooks.selected() else { return };
    let title = Line::raw(words::runbook::text(ui.texts, &row.runbook.title).to_owned());
    let status = vec![Span::styled(row.runbook.roles.join(" "), ui.theme.dim)];
    let inner = Panel { title, status, focused: false, theme: &ui.theme, glyphs: ui.glyphs }.render(area, buf);
    let room = usize::from(inner.width.saturating_sub(2)).max(1);
    let lines = steps(state, ui, row).into_iter().flat_map(|(indent, line)| {
        let lines = wrap_line(&line, room.saturating_sub(indent).max(8));
        lines.into_iter().map(move |mut line| {
            line.spans.insert(0, Span::raw(" ".repeat(indent)));
            line
        })
    });
    for (line, y) in lines.zip(inner.top()..inner.bottom()) {
        put_line(buf, inner.x + 1, y, &line, inner.width.saturating_sub(2));
    }
}

/// Returns the steps of a runbook, a line or two each, with how far they are moved in.
pub fn steps(state: &State, ui: &Ui, row: &RunbookRow) -> Vec<(usize, Line<'static>)> {
    let mut lines = Vec::new();
    for (index, step) in row.runbook.steps.iter().enumerate() {
        let name = Line::from(vec![
            Span::styled(format!("{:>2}. ", index + 1), ui.theme.dim),
            Span::styled(step_name(state, ui, Some(row.key.environment), step), ui.theme.text),
            Span::styled(format!("  {}", words::runbook::kind(ui.texts, &step.kind)), ui.theme.dim),
        ]);
        lines.push((0, name));
        if let Some(prompt) = &step.prompt {
            let text = words::runbook::text(ui.texts, prompt).to_owned();
            lines.push((4, Line::styled(text, ui.theme.dim)));
        }
    }
    lines
}

/// Returns what a step is called in an environment: an operation without a title of its own as its entry is.
pub fn step_name(state: &State, ui: &Ui, environment: Option<usize>, step: &Step) -> String {
    let entry = match (&step.title, &step.kind) {
        (None, StepKind::Operation { entry }) => {
            let environment = environment.and_then(|index| state.environments.get(index));
            let catalogue = environment.and_then(|environment| state.sessions.catalogues.get(&environment.name));
            let entries = catalogue.zip(environment).map(|(catalogue, here)| catalogue.entries_named(here, entry));
            entries.and_then(|entries| entries.into_iter().next())
        }
        _ => None,
    };
    match entry {
        Some(entry) => words::session::title(ui.texts, &entry).to_owned(),
        None => words::runbook::name(ui.texts, step),
    }
}

/// Returns the run that a person is in, for the header; nothing where it is on the screen, or there is none.
pub fn in_front(state: &State, ui: &Ui) -> Option<Span<'static>> {
    let view = state.runbooks.front().filter(|view| state.screen != Screen::Run && !view.run.is_over())?;
    let is_due = view.run.escalation(state.now).is_some_and(|chain| chain.is_due);
    let (mark, style) = match &view.unkept {
        Some(_) => (ui.glyphs.warning, ui.theme.warning),
        None if is_due => (ui.glyphs.warning, ui.theme.warning),
        None => (ui.glyphs.progress, ui.theme.accent),
    };
    Some(Span::styled(format!("{mark} {}", view.run.id), style))
}

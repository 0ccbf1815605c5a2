//! A run of a runbook: where one is, what the step asks, the dashboard that it looks at, what was collected.
//!
//! ```text
//!  prd  inc-5xx/7  5xx rise · responder op-0137 · 3 of 14
//! ┌ steps ──────────────┬ alarms ─────────────────────────┐
//! │ ✓ 1 Detection 09:02 │ ▲ ALARM 4m  5xx-web             │
//! │ ▸ 3 Scope           │                                 │
//! ├ this step ──────────┼ evidence ───────────────────────┤
//! │ Which service, …?   │ 09:02 op-0137 Found: 1 · 5xx-web │
//! │ enter go on · w …   │                                 │
//! └─────────────────────┴─────────────────────────────────┘
//! ```

mod evidence;
mod open_step;
mod prompt;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::runbook::book::{Query, Step, StepKind};
use crate::runbook::run::{How, Outcome, Visit};
use crate::state::State;
use crate::state::event::Target;
use crate::state::runbooks::{RunPanel, RunRow, RunView};
use crate::t;

use super::widgets::menu::wrap_line;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{cells, fit_line, horizontal_rule, put_line, vertical_rule};
use super::{Drawn, Ui, alarms, findings, queue, runbooks, services, waf, words};

pub use prompt::render as render_prompt;

/// From this width on the dashboard stands beside the steps.
const WIDE: u16 = 110;

/// The rows of the steps above the open one on a narrow terminal.
const FEW_STEPS: u16 = 5;

/// The fewest of them.
const LEAST_STEPS: u16 = 2;

/// The fewest rows of the dashboard below.
const LEAST_BELOW: u16 = 4;

/// Draws the run in front.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = state.runbooks.front() else { return };
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let head: Vec<Line<'static>> = head(state, ui, view, room);
    let height = cells(head.len()).min(area.height / 3);
    for (line, y) in head.iter().zip(area.top()..area.top() + height) {
        put_line(buf, area.x + 1, y, &fit_line(line, room, ui.glyphs), area.width.saturating_sub(2));
    }
    let body = Rect { y: area.y + height, height: area.height - height, ..area };
    if body.width >= WIDE { wide(state, ui, view, body, buf, drawn) } else { narrow(state, ui, view, body, buf, drawn) }
}

/// The steps and the open one on the left; the dashboard and what was collected on the right.
fn wide(state: &State, ui: &Ui, view: &RunView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let left = Rect { width: (area.width * 2 / 5).min(72), ..area };
    let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
    vertical_rule(Rect { x: left.right(), width: 1, ..area }, buf, ui.theme.border, ui.glyphs);
    let told = open_step::Told::of(state, ui, view, usize::from(left.width.saturating_sub(2)).max(1));
    let wanted = cells(told.height()).saturating_add(2).min(left.height * 3 / 5);
    let above = Rect { height: left.height - wanted, ..left };
    steps(state, ui, view, above, buf);
    open_step::render(state, ui, view, &told, Rect { y: above.bottom(), height: wanted, ..left }, buf);
    let lower = match view.panel {
        RunPanel::Dashboard => right.height * 2 / 5,
        RunPanel::Evidence => right.height * 4 / 5,
    };
    let upper = Rect { height: right.height - lower, ..right };
    drawn.hits.push((upper, Target::Panel(0)));
    dashboard(state, ui, view, upper, buf);
    evidence::render(state, ui, view, Rect { y: upper.bottom(), height: lower, ..right }, buf, drawn);
}

/// The steps around the open one, that step, and below it the dashboard or what was collected.
fn narrow(state: &State, ui: &Ui, view: &RunView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let told = open_step::Told::of(state, ui, view, usize::from(area.width.saturating_sub(2)).max(1));
    // What the step says is seen first of all: for it the steps give way, and then the dashboard.
    let wanted = cells(told.height()).saturating_add(2).min(area.height.saturating_sub(LEAST_STEPS + LEAST_BELOW));
    let left = area.height.saturating_sub(wanted + LEAST_BELOW);
    let above = Rect { height: FEW_STEPS.min(area.height / 4).min(left).max(LEAST_STEPS), ..area };
    steps(state, ui, view, above, buf);
    let middle = Rect { y: above.bottom(), height: wanted, ..area };
    open_step::render(state, ui, view, &told, middle, buf);
    let height = area.height - above.height - middle.height;
    let below = Rect { y: middle.bottom(), height, ..area };
    match view.panel {
        RunPanel::Dashboard => {
            drawn.hits.push((below, Target::Panel(1)));
            horizontal_rule(below, buf, ui.theme.border, ui.glyphs);
            let below = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
            dashboard(state, ui, view, below, buf);
        }
        RunPanel::Evidence => evidence::render(state, ui, view, below, buf, drawn),
    }
}

/// Whose run it is, where, how far, on one line; and what is not as it should be, on as many as that needs.
fn head(state: &State, ui: &Ui, view: &RunView, room: usize) -> Vec<Line<'static>> {
    let texts = ui.texts;
    let run = &view.run;
    let separator = || Span::styled(format!(" {} ", ui.glyphs.separator), ui.theme.dim);
    let (standing, style) = runbooks::standing(ui, &RunRow::of(run).standing);
    let mut line = vec![
        Span::styled(format!(" {} ", run.setting.environment), ui.kind_style(view.place.kind)),
        Span::styled(format!(" {}", run.id), ui.theme.title),
        Span::styled(format!("  {}", words::runbook::text(texts, &run.runbook.title)), ui.theme.text),
        separator(),
        Span::styled(standing, style),
    ];
    if let Some(actor) = run.actor() {
        let who = actor.arn.rsplit('/').next().unwrap_or(&actor.arn);
        line.extend([separator(), Span::styled(format!("{} {who}", actor.role), ui.theme.dim)]);
    }
    line.extend([
        separator(),
        Span::styled(t!(texts, "runbooks.view.began", at = ui.moment(run.began_at(), state.now)), ui.theme.dim),
    ]);
    let mut lines = vec![Line::from(line)];
    let mut warn = |text: String| {
        let line = Line::styled(format!("{} {text}", ui.glyphs.warning), ui.theme.warning);
        lines.extend(wrap_line(&line, room));
    };
    if let Some(why) = &view.unkept {
        warn(t!(texts, "runbooks.view.unkept", why = why));
    }
    if view.is_late(state.now) {
        warn(t!(texts, "runbooks.notice.late").to_owned());
    }
    if view.is_outdated {
        warn(t!(texts, "runbooks.run.catalogue-changed").to_owned());
    }
    if let Some(why) = run.ended.as_ref().and_then(|end| end.given_up.as_ref()) {
        warn(format!("{}: {why}", t!(texts, "runbooks.report.given-up")));
    }
    lines
}

/// Draws the steps in the order of the runbook, the open one in the middle of what is seen.
fn steps(state: &State, ui: &Ui, view: &RunView, area: Rect, buf: &mut Buffer) {
    let run = &view.run;
    let open = view.step().and_then(|step| run.runbook.number(&step.id));
    let columns = [Column::new("", 1, 1), Column::new("", 3, 3).right(), Column::new("", 10, 40).grows(), {
        let widest = run.visits.iter().map(|visit| visit.began_at);
        let widest = widest.map(|at| cells(crate::domain::text::width(&ui.moment(at, state.now)))).max();
        let cells = widest.unwrap_or(8);
        Column::new("", cells, cells)
    }];
    let len = run.runbook.steps.len();
    let room = usize::from(area.height);
    let offset = open.map_or(0, |open| open.saturating_sub(room / 2 + 1));
    Table {
        columns: &columns,
        len,
        row: |index: usize| Row::Cells(step_cells(state, ui, view, index)),
        selected: open.map(|open| open - 1),
        offset: offset.min(len.saturating_sub(room)),
        focused: true,
        empty: "",
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(area, buf);
}

fn step_cells(state: &State, ui: &Ui, view: &RunView, index: usize) -> Vec<Cell<'static>> {
    let Some(step) = view.run.runbook.steps.get(index) else { return Vec::new() };
    let visit = view.visit_of(&step.id);
    let (mark, mark_style) = mark(ui, view, step, visit);
    let style = if visit.is_some() { ui.theme.text } else { ui.theme.dim };
    let mut name = vec![Span::styled(runbooks::step_name(state, ui, view.place.environment, step), style)];
    let answer = visit.and_then(|visit| visit.left.as_ref()).and_then(|left| match left.how {
        How::Yes => Some(t!(ui.texts, "runbooks.step.yes")),
        How::No => Some(t!(ui.texts, "runbooks.step.no")),
        How::Skipped(_) => Some(t!(ui.texts, "runbooks.view.skipped")),
        How::Done => None,
    });
    name.extend(answer.map(|answer| Span::styled(format!("  {answer}"), ui.theme.accent)));
    let at = visit.map(|visit| ui.moment(visit.began_at, state.now)).unwrap_or_default();
    vec![
        Cell::new(Span::styled(mark, mark_style)),
        Cell::new(Span::styled((index + 1).to_string(), ui.theme.dim)),
        Cell::new(Line::from(name)),
        Cell::new(Span::styled(at, ui.theme.dim)),
    ]
}

/// Tells by a glyph how a step stands: not come to, open, left done or undone, its operation's end.
fn mark(ui: &Ui, view: &RunView, step: &Step, visit: Option<&Visit>) -> (&'static str, ratatui::style::Style) {
    let Some(visit) = visit else { return (" ", ui.theme.dim) };
    let came = visit.outcome().map(|came| came.result);
    match (&visit.left, came) {
        (_, Some(Outcome::Failed)) => (ui.glyphs.critical, ui.theme.critical),
        (_, Some(Outcome::Unknown)) => (ui.glyphs.unknown, ui.theme.unknown),
        (_, Some(Outcome::Refused)) => (ui.glyphs.denied, ui.theme.warning),
        (Some(left), _) if matches!(left.how, How::Skipped(_)) => (ui.glyphs.stale, ui.theme.stale),
        (Some(_), _) => (ui.glyphs.ok, ui.theme.ok),
        (None, _) if view.step().is_some_and(|open| open.id == step.id) => (ui.glyphs.arrow, ui.theme.accent),
        (None, _) => (ui.glyphs.progress, ui.theme.progress),
    }
}

/// Draws the dashboard that the open step looks at, live; where it looks at none, what needs a person.
fn dashboard(state: &State, ui: &Ui, view: &RunView, area: Rect, buf: &mut Buffer) {
    // It is looked at here and not walked through: its rows are no targets of the mouse, nor of the keys.
    let mut looked_at = Drawn::default();
    let looked_at = &mut looked_at;
    match view.step().map(|step| &step.kind) {
        Some(StepKind::Check { query: Query::AlarmsFiring }) => alarms::render(state, ui, area, buf, looked_at),
        Some(StepKind::Check { query: Query::ServicesUnsteady } | StepKind::Operation { .. }) => {
            services::render(state, ui, area, buf, looked_at);
        }
        Some(StepKind::Check { query: Query::FindingsNew }) => findings::render(state, ui, area, buf, looked_at),
        Some(StepKind::Check { query: Query::WafSpike }) => waf::render(state, ui, area, buf, looked_at),
        _ => queue::render(state, ui, area, buf, looked_at),
    }
}

/// Draws a panel with a rule above it, and returns the area within.
fn ruled(ui: &Ui, title: String, status: Vec<Span<'_>>, focused: bool, area: Rect, buf: &mut Buffer) -> Rect {
    horizontal_rule(area, buf, ui.theme.border, ui.glyphs);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    Panel { title: Line::raw(title), status, focused, theme: &ui.theme, glyphs: ui.glyphs }.render(below, buf)
}

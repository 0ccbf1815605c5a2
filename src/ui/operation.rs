//! A change under way: what it is, how far it has got step by step, the rollout that it sets off, and how it ended.
//!
//! ```text
//!  prd  service-rollback/web → shop-prd/web · responder op-0137
//! ◌ under way, step 2 of 3 · 0:42 · 4105a4fc-f944-11e6-9d32-8fb2db27a909
//! ━━━━━━╍╍╍─── 2/4  web:42  IN_PROGRESS
//! ┌ Steps ───────────────────────────────────────────────────────
//! │ ● Success     find      aws:executeAwsApi   09:00:01   0:02
//! │ ◌ InProgress  rollback  aws:executeAwsApi   09:00:03   0:40
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::progress::{Progress, RolloutProgress, Step};
use crate::state::State;
use crate::state::event::Target;
use crate::state::sessions::live::Live;
use crate::t;

use super::widgets::gauge::Gauge;
use super::widgets::menu::wrap_line;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{cells, fit_line, horizontal_rule, put_line};
use super::{Drawn, Ui, measure, words};

/// The cells of a rollout's bar.
const BAR: u16 = 16;

/// Draws the change in front.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(live) = state.sessions.front() else { return };
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let facts = facts(state, ui, live);
    let lines: Vec<Line<'static>> = facts.iter().flat_map(|line| wrap_line(line, room)).collect();
    let height = cells(lines.len()).min(area.height * 2 / 3);
    for (line, y) in lines.iter().zip(area.top()..area.top() + height) {
        put_line(buf, area.x + 1, y, &fit_line(line, room, ui.glyphs), area.width.saturating_sub(2));
    }
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    horizontal_rule(rest, buf, ui.theme.border, ui.glyphs);
    let rest = Rect { y: rest.y + 1, height: rest.height.saturating_sub(1), ..rest };
    steps(state, ui, live, rest, buf, drawn);
}

/// What it is, how far it has got, what it does to the service, how it ended.
fn facts(state: &State, ui: &Ui, live: &Live) -> Vec<Line<'static>> {
    let separator = || Span::styled(format!(" {} ", ui.glyphs.separator), ui.theme.dim);
    let origin = &live.origin;
    let texts = ui.texts;
    let first = Line::from(vec![
        Span::styled(format!(" {} ", origin.environment), ui.kind_style(origin.place.kind)),
        Span::styled(format!(" {}", live.entry.id), ui.theme.title),
        Span::styled(format!(" {} {}", ui.glyphs.arrow, live.goal()), ui.theme.text),
        separator(),
        Span::styled(format!("{} {}", origin.role, origin.identity.short()), ui.theme.dim),
    ]);
    let (mark, text, style) = words::session::standing(ui, live, state.now);
    let until = live.end.as_ref().map_or(state.now, |(_, at)| *at);
    let mut second = vec![Span::styled(format!("{mark} {text}"), style), separator()];
    let taken = words::session::countdown(until.duration_since(live.asked_at));
    second.push(Span::styled(t!(texts, "operations.view.taken", time = taken), ui.theme.text));
    let progress = live.progress.as_deref();
    if let Some(execution) = progress.and_then(|progress| progress.execution.as_ref()) {
        second.extend([separator(), Span::styled(execution.id.clone(), ui.theme.dim)]);
    }
    let mut lines = vec![first, Line::from(second)];
    lines.extend(why(ui, live));
    lines.extend(progress.and_then(|progress| progress.rollout.as_ref()).map(|rollout| rollout_line(ui, rollout)));
    if let Some(trouble) = progress.and_then(|progress| progress.trouble.as_ref()).filter(|_| live.is_open()) {
        let text = t!(texts, "operations.view.trouble", why = words::failure_line(texts, trouble));
        lines.push(Line::styled(format!("{} {text}", ui.glyphs.stale), ui.theme.stale));
    }
    lines.extend(ended(state, ui, live).into_iter().map(|line| Line::styled(line, ui.theme.text)));
    lines
}

/// Says why it ended as it did, or why it was not tried; how it ended stands above.
fn ended(state: &State, ui: &Ui, live: &Live) -> Vec<String> {
    if let Some(refusal) = &live.refusal {
        return words::session::refusal(ui.texts, refusal, state.now);
    }
    let Some((end, at)) = &live.end else { return Vec::new() };
    let (_, why) = words::session::end(ui.texts, end);
    if why.is_empty() { Vec::new() } else { vec![format!("{} {why}", ui.moment(*at, state.now))] }
}

/// The reason and the ticket that were given.
fn why(ui: &Ui, live: &Live) -> Option<Line<'static>> {
    let given: Vec<&str> =
        [live.origin.ticket.as_deref(), live.origin.reason.as_deref()].into_iter().flatten().collect();
    (!given.is_empty()).then(|| {
        let label = format!("{}  ", t!(ui.texts, "sessions.form.reason"));
        Line::from(vec![Span::styled(label, ui.theme.dim), Span::styled(given.join(": "), ui.theme.text)])
    })
}

fn rollout_line(ui: &Ui, rollout: &RolloutProgress) -> Line<'static> {
    let gauge = Gauge {
        done: u64::from(rollout.running),
        under_way: u64::from(rollout.pending),
        total: u64::from(rollout.desired),
        stage: "",
        width: BAR,
    };
    let mut line = gauge.line(&ui.theme, ui.glyphs);
    let style = if rollout.failed > 0 { ui.theme.warning } else { ui.theme.text };
    line.spans.push(Span::styled(format!("  {}  {}", rollout.task_definition, rollout.state.as_str()), style));
    if rollout.failed > 0 {
        let failed = t!(ui.texts, "operations.view.failed-tasks", n = rollout.failed);
        line.spans.push(Span::styled(format!("  {} {failed}", ui.glyphs.warning), ui.theme.warning));
    }
    if !rollout.reason.is_empty() {
        line.spans.push(Span::styled(format!("  {}", rollout.reason), ui.theme.dim));
    }
    line
}

fn steps(state: &State, ui: &Ui, live: &Live, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let texts = ui.texts;
    let steps = state.sessions.steps();
    let execution = live.progress.as_deref().and_then(|progress| progress.execution.as_ref());
    let done = steps.iter().filter(|step| step.status.is_over()).count();
    let mut status = vec![Span::styled(t!(texts, "operations.view.count", n = done, of = steps.len()), ui.theme.dim)];
    if execution.is_some_and(|execution| execution.more) {
        status.push(Span::styled(t!(texts, "operations.view.more"), ui.theme.dim));
    }
    let title = Line::raw(t!(texts, "operations.view.steps"));
    let panel = Panel { title, status, focused: true, theme: &ui.theme, glyphs: ui.glyphs };
    let inner = panel.render(area, buf);
    let columns = columns(ui);
    let areas = Table {
        columns: &columns,
        len: steps.len(),
        row: |index: usize| Row::Cells(step_cells(state, ui, live, &steps[index])),
        selected: (!steps.is_empty()).then(|| state.sessions.steps.0.min(steps.len() - 1)),
        offset: 0,
        focused: true,
        empty: empty(ui, live.progress.as_deref()),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    drawn.page = areas.page;
    drawn.hits.extend(areas.rows.iter().map(|(index, area)| (*area, Target::Row(*index))));
}

/// Says why there are no steps: there will be none, or AWS has not told them yet.
fn empty(ui: &Ui, progress: Option<&Progress>) -> &'static str {
    match progress.and_then(|progress| progress.execution.as_ref()) {
        Some(_) => t!(ui.texts, "operations.view.no-steps-yet"),
        None => t!(ui.texts, "operations.view.no-steps"),
    }
}

fn columns<'a>(ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let title = |key: &'static str, cells: u16| {
        let title = texts.get(key);
        (title, cells.max(measure::widest([title])))
    };
    let (began, began_cells) = title("operations.column.began", 8);
    let (took, took_cells) = title("operations.column.took", 6);
    vec![
        Column::new(t!(texts, "operations.column.status"), 13, 14),
        Column::new(t!(texts, "operations.column.step"), 12, 24),
        Column::new(t!(texts, "operations.column.action"), 10, 32).rank(2),
        Column::new(began, began_cells, began_cells),
        Column::new(took, took_cells, took_cells).right(),
        Column::new(t!(texts, "operations.column.failure"), 8, 40).rank(1).grows(),
    ]
}

fn step_cells(state: &State, ui: &Ui, live: &Live, step: &Step) -> Vec<Cell<'static>> {
    let (mark, style) = words::operation::status(ui, &step.status);
    let text = |text: String| Cell::new(Span::styled(text, ui.theme.text));
    let until = live.end.as_ref().map_or(state.now, |(_, at)| *at);
    vec![
        Cell::new(Span::styled(format!("{mark} {}", step.status.as_str()), style)),
        text(step.name.clone()),
        Cell::new(Span::styled(step.action.clone(), ui.theme.dim)),
        text(step.started_at.map_or_else(String::new, |at| ui.moment(at, state.now))),
        text(took(step, until)),
        Cell::new(Span::styled(step.failure.clone(), ui.theme.critical)),
    ]
}

/// Returns how long a step took, or has taken so far.
pub fn took(step: &Step, now: Timestamp) -> String {
    let Some(began) = step.started_at else { return String::new() };
    words::session::countdown(step.ended_at.unwrap_or(now).duration_since(began))
}

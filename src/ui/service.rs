//! One service: how it fares, its charts on one time axis, what is being deployed, what happened, its tasks.
//!
//! ```text
//! ┌ ▲ failing  web  shop-prd          2/3  ━━━━╍──  v1.4.2 ┐
//! ├ charts ───────────────────┬ deployments ───────────────┤
//! │ CPU, memory, requests,    │ target groups              │
//! │ faults, alarms            │ events                     │
//! ├ tasks ────────────────────┴────────────────────────────┤
//! └────────────────────────────────────────────────────────┘
//! ```
//!
//! A small terminal has the charts as sparklines and one panel at a time, the one with the focus.

mod subjects;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::ecs::Service;
use crate::domain::fetch::Panel as Read;
use crate::domain::text;
use crate::state::State;
use crate::state::event::Target;
use crate::state::service::{ServicePanel, ServiceView};
use crate::state::services::ServiceRow;
use crate::t;

use super::widgets::gauge::Gauge;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{fit, fit_line, line_width, put, put_line, vertical_rule};
use super::{Drawn, Ui, deployments, services, targets, tasks, unread, words};

/// From this size on charts and lists are all shown at once.
const ROOMY: (u16, u16) = (100, 26);

/// Draws the open service.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.service else { return };
    let Some(row) = &view.row else {
        let source = state.source(view.id.source);
        let was_read = source.is_some_and(|source| source.services.value.is_some());
        let text = unread::unread(ui, source, Read::Services, was_read, t!(ui.texts, "screens.gone"));
        put(buf, area.x + 1, area.y, &text, area.width.saturating_sub(2), ui.theme.dim);
        return;
    };
    let rest = heading(state, ui, view, row, area, buf);
    if (rest.width, rest.height) < (ROOMY.0, 0) || rest.height < ROOMY.1 {
        return narrow(state, ui, view, row, rest, buf, drawn);
    }
    let tasks_height = u16::try_from(tasks::lines(view)).unwrap_or(u16::MAX).saturating_add(2);
    let tasks_height = tasks_height.clamp(5, rest.height / 3);
    let upper = Rect { height: rest.height - tasks_height, ..rest };
    let lower = Rect { y: upper.bottom(), height: tasks_height, ..rest };
    let left = Rect { width: upper.width * 11 / 20, ..upper };
    let right = Rect { x: left.right() + 1, width: upper.width - left.width - 1, ..upper };
    vertical_rule(Rect { x: left.right(), width: 1, ..upper }, buf, ui.theme.border, ui.glyphs);
    subjects::stack(state, ui, view, &row.service, left, buf);
    lists(state, ui, view, &row.service, right, buf, drawn);
    tasks::render(state, ui, view, lower, buf, drawn);
}

/// Draws deployments, target groups and events one above the other; what has much to say leaves room for the others.
fn lists(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    service: &Service,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let has_targets = view.panels().any(|panel| panel == ServicePanel::Targets);
    let share = if has_targets { area.height / 3 } else { area.height / 2 };
    let height = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).clamp(4, share.max(4));
    let top = Rect { height: height(deployments::lines(state, ui, view, service)), ..area };
    let middle_height = if has_targets { height(targets::lines(state)) } else { 0 };
    let middle = Rect { y: top.bottom(), height: middle_height, ..area };
    let bottom = Rect { y: middle.bottom(), height: area.bottom().saturating_sub(middle.bottom()), ..area };
    deployments::render(state, ui, view, service, top, buf, drawn);
    if has_targets {
        targets::render(state, ui, view, middle, buf, drawn);
    }
    events(state, ui, view, service, bottom, buf, drawn);
}

/// Draws the heading and returns what is below it.
fn heading(state: &State, ui: &Ui, view: &ServiceView, row: &ServiceRow, area: Rect, buf: &mut Buffer) -> Rect {
    let service = &row.service;
    let (mark, word, style) = ui.steadiness(row.steadiness);
    let mut left = vec![
        Span::styled(format!(" {mark} {word}  "), style),
        Span::styled(service.key.service.clone(), ui.theme.title),
        Span::styled(format!("  {}  ", service.key.cluster), ui.theme.dim),
        ui.place(state, row.place),
    ];
    if !view.exists {
        left.push(Span::styled(format!("  {}", t!(ui.texts, "screens.gone")), ui.theme.warning));
    }
    let gauge = Gauge {
        done: u64::from(service.running),
        under_way: u64::from(service.pending),
        total: u64::from(service.desired),
        stage: "",
        width: 10,
    };
    let mut right = gauge.line(&ui.theme, ui.glyphs).spans;
    right.push(Span::raw("  "));
    right.extend(services::version_cell(ui, row).spans);
    right.push(Span::raw(" "));
    let right = Line::from(right);
    let width = usize::from(area.width);
    let left = fit_line(&Line::from(left), width.saturating_sub(line_width(&right) + 1), ui.glyphs);
    put_line(buf, area.x, area.y, &left, area.width);
    let taken = u16::try_from(line_width(&right)).unwrap_or(area.width).min(area.width);
    put_line(buf, area.right() - taken, area.y, &right, taken);
    let facts = facts(ui, service);
    let mut status = ui.freshness(state, &state.sources[view.id.source.0].services);
    status.truncate(1);
    let status = Line::from(status);
    let taken = u16::try_from(line_width(&status)).unwrap_or(area.width).min(area.width / 2);
    let room = area.width.saturating_sub(taken + 3);
    put(buf, area.x + 1, area.y + 1, &fit(&facts, usize::from(room), ui.glyphs), room, ui.theme.dim);
    put_line(buf, area.right().saturating_sub(taken + 1), area.y + 1, &status, taken);
    Rect { y: area.y + 2, height: area.height - 2, ..area }
}

/// One line of what does not change often: task definition, capacity, breaker, bake time, controller.
fn facts(ui: &Ui, service: &Service) -> String {
    let texts = ui.texts;
    let mut facts = vec![service.task_definition.clone()];
    let capacity: Vec<String> = service
        .capacity
        .iter()
        .map(|capacity| {
            if service.capacity.len() > 1 {
                format!("{}:{}", capacity.provider, capacity.weight)
            } else {
                capacity.provider.clone()
            }
        })
        .collect();
    facts.push(capacity.join(" "));
    facts.push(match service.circuit_breaker {
        Some(breaker) if breaker.rollback => t!(texts, "screens.service.breaker-rollback").to_owned(),
        Some(_) => t!(texts, "screens.service.breaker").to_owned(),
        None => t!(texts, "screens.service.no-breaker").to_owned(),
    });
    if let Some(minutes) = service.bake_minutes.filter(|minutes| *minutes > 0) {
        facts.push(t!(texts, "screens.service.bake", minutes = minutes));
    }
    if !matches!(service.controller.as_str(), "ECS" | "") {
        facts.push(service.controller.clone());
    }
    if !matches!(service.strategy.as_str(), "ROLLING" | "") {
        facts.push(service.strategy.clone());
    }
    if service.exec_enabled {
        facts.push(t!(texts, "screens.service.exec").to_owned());
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(&format!(" {} ", ui.glyphs.separator))
}

/// The small layout: two sparklines, then the panel with the focus under the names of all.
fn narrow(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    row: &ServiceRow,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let charts_height = if area.height >= 20 { 8 } else { 2 * 3 };
    let top = Rect { height: charts_height.min(area.height / 2), ..area };
    let half = top.width / 2;
    let left = Rect { width: half, ..top };
    let right = Rect { x: top.x + half + 1, width: top.width - half - 1, ..top };
    subjects::row(state, ui, view, &row.service, [left, right], buf);
    let names = Rect { y: top.bottom(), height: 1, ..area };
    panel_names(state, ui, view, &row.service, names, buf, drawn);
    let rest = Rect { y: names.bottom(), height: area.bottom().saturating_sub(names.bottom()), ..area };
    match view.panel {
        ServicePanel::Tasks => tasks::render(state, ui, view, rest, buf, drawn),
        ServicePanel::Deployments => deployments::render(state, ui, view, &row.service, rest, buf, drawn),
        ServicePanel::Targets => targets::render(state, ui, view, rest, buf, drawn),
        ServicePanel::Events => events(state, ui, view, &row.service, rest, buf, drawn),
    }
}

fn panel_names(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    service: &Service,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let mut x = area.x + 1;
    for panel in view.panels() {
        let text = match panel {
            ServicePanel::Tasks => format!("{} {}", t!(ui.texts, "screens.service.tasks"), view.tasks.len()),
            ServicePanel::Deployments => {
                format!("{} {}", t!(ui.texts, "screens.service.deployments"), service.deployments.len())
            }
            ServicePanel::Targets => format!("{} {}", t!(ui.texts, "screens.service.targets"), targets::count(state)),
            ServicePanel::Events => format!("{} {}", t!(ui.texts, "screens.service.events"), service.events.len()),
        };
        let width = u16::try_from(text::width(&text)).unwrap_or(u16::MAX);
        let style = if panel == view.panel { ui.theme.accent } else { ui.theme.dim };
        put(buf, x, area.y, &text, area.right().saturating_sub(x), style);
        drawn.hits.push((Rect { x, width, ..area }, Target::Panel(panel.index())));
        x = x.saturating_add(width + 3);
    }
}

fn events(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    service: &Service,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let focused = view.panel == ServicePanel::Events;
    drawn.hits.push((area, Target::Panel(ServicePanel::Events.index())));
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.service.events")),
        status: vec![Span::styled(service.events.len().to_string(), ui.theme.dim)],
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = [Column::new("", 8, 11), Column::new("", 20, 60).grows()];
    let areas = Table {
        columns: &columns,
        len: service.events.len(),
        row: |index: usize| {
            let event = &service.events[index];
            Row::Cells(vec![
                Cell::new(Span::styled(ui.moment(event.at, state.now), ui.theme.dim)),
                Cell::new(Span::styled(words::event(&event.message, &service.key.service).to_owned(), ui.theme.text)),
            ])
        },
        selected: focused.then_some(view.events.0.min(service.events.len().saturating_sub(1))),
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

//! One service: how it fares, its charts on one time axis, what is being deployed, what happened, its tasks.
//!
//! ```text
//! ┌ ▲ failing  web  shop-prd          2/3  ━━━━╍──  v1.4.2 ┐
//! ├ charts ───────────────────┬ deployments ───────────────┤
//! │ CPU, memory, alarms       │ events                     │
//! ├ tasks ────────────────────┴────────────────────────────┤
//! └────────────────────────────────────────────────────────┘
//! ```
//!
//! A small terminal has the charts as sparklines and one panel at a time, the one with the focus.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::alarm::{Alarm, AlarmState, Watches};
use crate::domain::ecs::{Deployment, Rollout, Service, ServiceDeployment};
use crate::domain::text;
use crate::state::State;
use crate::state::event::Target;
use crate::state::services::{ServicePanel, ServiceRow, ServiceView};
use crate::t;

use super::widgets::gauge::Gauge;
use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{fit, fit_line, line_width, put, put_line, vertical_rule};
use super::{Drawn, Ui, charts, services, tasks, words};

/// From this size on charts and lists are all shown at once.
const ROOMY: (u16, u16) = (100, 26);

/// Draws the open service.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let Some(view) = &state.service else { return };
    let Some(row) = &view.row else {
        let text = if state.is_loading() { t!(ui.texts, "screens.loading") } else { t!(ui.texts, "screens.gone") };
        put(buf, area.x + 1, area.y, text, area.width, ui.theme.dim);
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
    stack_of_charts(state, ui, view, row, left, buf);
    let deployments_height = u16::try_from(deployment_lines(state, ui, view, &row.service).len()).unwrap_or(u16::MAX);
    let deployments_height = deployments_height.saturating_add(2).clamp(4, right.height / 2);
    let top = Rect { height: deployments_height, ..right };
    let bottom = Rect { y: top.bottom(), height: right.height - top.height, ..right };
    deployments(state, ui, view, &row.service, top, buf, drawn);
    events(state, ui, view, &row.service, bottom, buf, drawn);
    tasks::render(state, ui, view, lower, buf, drawn);
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

/// Draws one chart above the other: CPU, memory, then the metrics of alarms that watch something else.
fn stack_of_charts(state: &State, ui: &Ui, view: &ServiceView, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let others = other_alarms(view);
    let wanted = 2 + others.len();
    let fit = usize::from(area.height / 7).clamp(1, wanted);
    let height = area.height / u16::try_from(fit).unwrap_or(1);
    for index in 0..fit {
        let y = area.y + height * u16::try_from(index).unwrap_or(0);
        let last = index + 1 == fit;
        let slot = Rect { y, height: if last { area.bottom() - y } else { height }, ..area };
        chart(state, ui, view, row, &others, index, slot, buf);
    }
}

/// The chart at a place in the stack. What is in ALARM comes first: it is why one looks.
#[expect(clippy::too_many_arguments, reason = "a drawing function's context, area and buffer beside its three inputs")]
fn chart(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    row: &ServiceRow,
    others: &[&Arc<Alarm>],
    index: usize,
    area: Rect,
    buf: &mut Buffer,
) {
    let firing = others.iter().filter(|alarm| alarm.state == AlarmState::Alarm).count();
    let deployments = &row.service.deployments;
    let utilization = |name: &'static str, buf: &mut Buffer| {
        let subject = (view.id.source, &view.id.key, name);
        charts::utilization(state, ui, subject, (&view.alarms, deployments), area, buf);
    };
    match index.checked_sub(firing) {
        Some(0) => utilization("CPUUtilization", buf),
        Some(1) => utilization("MemoryUtilization", buf),
        after => {
            let at = after.map_or(index, |_| index - 2);
            if let Some(alarm) = others.get(at) {
                charts::alarm(state, ui, (view.id.source, alarm), deployments, area, buf);
            }
        }
    }
}

/// The alarms on other metrics than CPU and memory, firing ones first.
fn other_alarms(view: &ServiceView) -> Vec<&Arc<Alarm>> {
    let mut others: Vec<&Arc<Alarm>> = view
        .alarms
        .iter()
        .filter(|alarm| match &alarm.watches {
            Watches::Metric(rule) => rule
                .metric
                .as_ref()
                .is_some_and(|metric| metric.name != "CPUUtilization" && metric.name != "MemoryUtilization"),
            Watches::Composite(_) => false,
        })
        .collect();
    others.sort_by_key(|alarm| (std::cmp::Reverse(alarm.state), alarm.name.clone()));
    others
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
    let others = other_alarms(view);
    chart(state, ui, view, row, &others, 0, left, buf);
    chart(state, ui, view, row, &others, 1, right, buf);
    let names = Rect { y: top.bottom(), height: 1, ..area };
    panel_names(ui, view, &row.service, names, buf, drawn);
    let rest = Rect { y: names.bottom(), height: area.bottom().saturating_sub(names.bottom()), ..area };
    match view.panel {
        ServicePanel::Tasks => tasks::render(state, ui, view, rest, buf, drawn),
        ServicePanel::Deployments => deployments(state, ui, view, &row.service, rest, buf, drawn),
        ServicePanel::Events => events(state, ui, view, &row.service, rest, buf, drawn),
    }
}

fn panel_names(ui: &Ui, view: &ServiceView, service: &Service, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let names = [
        (t!(ui.texts, "screens.service.tasks"), view.tasks.len()),
        (t!(ui.texts, "screens.service.deployments"), service.deployments.len()),
        (t!(ui.texts, "screens.service.events"), service.events.len()),
    ];
    let mut x = area.x + 1;
    for (index, ((name, count), panel)) in names.into_iter().zip(ServicePanel::ALL).enumerate() {
        let text = format!("{name} {count}");
        let width = u16::try_from(text::width(&text)).unwrap_or(u16::MAX);
        let style = if panel == view.panel { ui.theme.accent } else { ui.theme.dim };
        put(buf, x, area.y, &text, area.right().saturating_sub(x), style);
        drawn.hits.push((Rect { x, width, ..area }, Target::Panel(index)));
        x = x.saturating_add(width + 3);
    }
}

fn deployments(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    service: &Service,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let lines = deployment_lines(state, ui, view, service);
    let focused = view.panel == ServicePanel::Deployments;
    drawn.hits.push((area, Target::Panel(1)));
    let details = state.source(view.id.source).and_then(|source| source.deployments.get(&view.id.key));
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.service.deployments")),
        status: details.map(|details| ui.freshness(state, details)).unwrap_or_default(),
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let page = usize::from(inner.height);
    let offset = if focused { view.deployments.0.min(lines.len().saturating_sub(page)) } else { 0 };
    for (line, y) in lines.iter().skip(offset).zip(inner.top()..inner.bottom()) {
        let room = inner.width.saturating_sub(2);
        put_line(buf, inner.x + 1, y, &fit_line(line, usize::from(room), ui.glyphs), room);
    }
    if focused {
        drawn.page = page;
    }
}

/// A line or two a deployment, then what ECS says of the service deployments: stage, bake time, breaker, rollback.
fn deployment_lines(state: &State, ui: &Ui, view: &ServiceView, service: &Service) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for deployment in &service.deployments {
        lines.push(deployment_line(state, ui, service, deployment));
        if !deployment.reason.is_empty() && deployment.rollout != Rollout::Completed {
            lines.push(Line::styled(format!("    {}", deployment.reason), ui.theme.dim));
        }
    }
    let details = state.source(view.id.source).and_then(|source| source.deployments.get(&view.id.key));
    for detail in details.and_then(|details| details.value.as_ref()).iter().flat_map(|details| details.iter()) {
        lines.extend(service_deployment_lines(state, ui, service, detail));
    }
    lines
}

fn deployment_line(state: &State, ui: &Ui, service: &Service, deployment: &Deployment) -> Line<'static> {
    let (mark, style) = match &deployment.rollout {
        Rollout::Completed => (ui.glyphs.ok, ui.theme.ok),
        Rollout::InProgress if deployment.failed > 0 => (ui.glyphs.critical, ui.theme.critical),
        Rollout::InProgress => (ui.glyphs.progress, ui.theme.progress),
        Rollout::Failed => (ui.glyphs.critical, ui.theme.critical),
        Rollout::Other(_) => (ui.glyphs.unknown, ui.theme.unknown),
    };
    let gauge = Gauge {
        done: u64::from(deployment.running),
        under_way: u64::from(deployment.pending),
        total: u64::from(deployment.desired),
        stage: "",
        width: 6,
    };
    let mut spans = vec![
        Span::styled(format!("{mark} {} ", deployment.status), style),
        Span::styled(format!("{} ", words::revision(&deployment.task_definition, service)), ui.theme.text),
        Span::styled(format!("{}  ", deployment.rollout.as_str()), style),
    ];
    spans.extend(gauge.line(&ui.theme, ui.glyphs).spans);
    if deployment.failed > 0 {
        let failed = t!(ui.texts, "screens.service.failed", n = deployment.failed);
        spans.push(Span::styled(format!("  {failed}"), ui.theme.critical));
    }
    let age = words::since(ui.texts, state.now, deployment.created_at);
    spans.push(Span::styled(format!("  {age}"), ui.theme.dim));
    Line::from(spans)
}

fn service_deployment_lines(
    state: &State,
    ui: &Ui,
    service: &Service,
    detail: &ServiceDeployment,
) -> Vec<Line<'static>> {
    let texts = ui.texts;
    let mut parts = Vec::new();
    if !detail.lifecycle_stage.is_empty() {
        parts.push(t!(texts, "screens.service.stage", stage = detail.lifecycle_stage));
    }
    if let Some(minutes) = detail.bake_minutes.filter(|minutes| *minutes > 0) {
        parts.push(t!(texts, "screens.service.bake", minutes = minutes));
    }
    if let Some(breaker) = &detail.breaker {
        parts.push(t!(
            texts,
            "screens.service.breaker-count",
            failures = breaker.failures,
            threshold = breaker.threshold,
            status = breaker.status
        ));
    }
    let age = words::since(texts, state.now, detail.created_at);
    let first = Line::from(vec![
        Span::styled(format!("{} {} ", ui.glyphs.separator, detail.status), ui.theme.text),
        Span::styled(format!("{} ", words::revision(&detail.target_revision, service)), ui.theme.text),
        Span::styled(format!("{age}  "), ui.theme.dim),
        Span::styled(parts.join(&format!(" {} ", ui.glyphs.separator)), ui.theme.dim),
    ]);
    let reasons = [&detail.reason, &detail.rollback_reason];
    std::iter::once(first)
        .chain(
            reasons
                .into_iter()
                .filter(|reason| !reason.is_empty())
                .map(|reason| Line::styled(format!("    {reason}"), ui.theme.dim)),
        )
        .collect()
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
    drawn.hits.push((area, Target::Panel(2)));
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
        selected: focused.then_some(view.events.0),
        offset: 0,
        focused,
        empty: t!(ui.texts, "screens.nothing"),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.page = areas.page;
    }
}

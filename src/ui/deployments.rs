//! The deployments of a service, and what ECS tells of its latest service deployments.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::ecs::{Deployment, Rollout, Service, ServiceDeployment};
use crate::domain::fetch::Panel as Read;
use crate::state::State;
use crate::state::event::Target;
use crate::state::service::{ServicePanel, ServiceView};
use crate::t;

use super::widgets::gauge::Gauge;
use super::widgets::panel::Panel;
use super::widgets::table::{Row, Table};
use super::{Drawn, Ui, unread, words};

/// A line of the panel, and which deployment it is of: counted through both kinds, as the cursor counts them.
struct Entry {
    of: Option<usize>,
    line: Line<'static>,
}

/// Draws the deployments.
pub fn render(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    service: &Service,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let focused = view.panel == ServicePanel::Deployments;
    drawn.hits.push((area, Target::Panel(ServicePanel::Deployments.index())));
    let source = state.source(view.id.source);
    let attempts = source.and_then(|source| source.deployments.get(&view.id.key));
    let mut status = attempts.map(|attempts| ui.freshness(state, attempts)).unwrap_or_default();
    if let Some(failure) = source.and_then(|source| source.failure(Read::Deployments)) {
        status.insert(0, unread::status(ui, failure));
    }
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.service.deployments")),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let entries = entries(state, ui, view, service);
    let count = entries.iter().filter_map(|entry| entry.of).max().map_or(0, |last| last + 1);
    let selected = view.deployments.0.min(count.saturating_sub(1));
    let is_selected = |entry: &Entry| entry.of == Some(selected);
    let last = entries.iter().rposition(is_selected).unwrap_or(0);
    let areas = Table {
        columns: &[],
        len: entries.len(),
        row: |index: usize| Row::Line(entries[index].line.clone()),
        selected: if focused { entries.iter().position(is_selected) } else { None },
        // All lines of the selected one are to be seen, as far as there is room.
        offset: if focused { (last + 1).saturating_sub(usize::from(inner.height)) } else { 0 },
        focused,
        empty: t!(ui.texts, "screens.nothing"),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.page = areas.page;
        for (line, row) in areas.rows {
            drawn.hits.extend(entries[line].of.map(|index| (row, Target::Row(index))));
        }
    }
}

/// Returns how many lines all deployments take.
pub fn lines(state: &State, ui: &Ui, view: &ServiceView, service: &Service) -> usize {
    entries(state, ui, view, service).len()
}

/// A line or two a deployment, then what ECS says of the service deployments: stage, bake time, breaker, rollback.
fn entries(state: &State, ui: &Ui, view: &ServiceView, service: &Service) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |of: Option<usize>, lines: Vec<Line<'static>>| {
        entries.extend(lines.into_iter().map(|line| Entry { of, line }));
    };
    for (index, deployment) in service.deployments.iter().enumerate() {
        add(Some(index), deployment_lines(state, ui, service, deployment));
    }
    let source = state.source(view.id.source);
    let attempts = source.and_then(|source| source.deployments.get(&view.id.key)?.value.as_ref());
    for (index, attempt) in attempts.iter().flat_map(|attempts| attempts.iter()).enumerate() {
        let of = service.deployments.len() + index;
        add(Some(of), service_deployment_lines(state, ui, service, attempt));
    }
    if attempts.is_none() {
        let text = unread::unread(ui, source, Read::Deployments, false, "");
        add(None, vec![Line::styled(text, ui.theme.dim)]);
    }
    entries
}

/// Returns mark and style of a rollout.
pub fn rollout_style(ui: &Ui, deployment: &Deployment) -> (&'static str, Style) {
    match &deployment.rollout {
        Rollout::Completed => (ui.glyphs.ok, ui.theme.ok),
        Rollout::InProgress if deployment.failed > 0 => (ui.glyphs.critical, ui.theme.critical),
        Rollout::InProgress => (ui.glyphs.progress, ui.theme.progress),
        Rollout::Failed => (ui.glyphs.critical, ui.theme.critical),
        Rollout::Other(_) => (ui.glyphs.unknown, ui.theme.unknown),
    }
}

fn deployment_lines(state: &State, ui: &Ui, service: &Service, deployment: &Deployment) -> Vec<Line<'static>> {
    let (mark, style) = rollout_style(ui, deployment);
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
    let mut lines = vec![Line::from(spans)];
    if !deployment.reason.is_empty() && deployment.rollout != Rollout::Completed {
        lines.push(reason_line(ui, &deployment.reason));
    }
    lines
}

fn reason_line(ui: &Ui, reason: &str) -> Line<'static> {
    Line::styled(format!("    {reason}"), ui.theme.dim)
}

/// Returns what ECS says of why a service deployment is as it is: each sentence once, though it may stand twice.
fn reasons(attempt: &ServiceDeployment) -> impl Iterator<Item = &str> {
    let rollback = Some(attempt.rollback_reason.as_str()).filter(|rollback| *rollback != attempt.reason);
    std::iter::once(attempt.reason.as_str()).chain(rollback).filter(|reason| !reason.is_empty())
}

fn service_deployment_lines(
    state: &State,
    ui: &Ui,
    service: &Service,
    attempt: &ServiceDeployment,
) -> Vec<Line<'static>> {
    let texts = ui.texts;
    let mut parts = Vec::new();
    if !attempt.lifecycle_stage.is_empty() {
        parts.push(t!(texts, "screens.service.stage", stage = attempt.lifecycle_stage));
    }
    if let Some(minutes) = attempt.bake_minutes.filter(|minutes| *minutes > 0) {
        parts.push(t!(texts, "screens.service.bake", minutes = minutes));
    }
    if let Some(breaker) = &attempt.breaker {
        parts.push(t!(
            texts,
            "screens.service.breaker-count",
            failures = breaker.failures,
            threshold = breaker.threshold,
            status = breaker.status
        ));
    }
    let age = words::since(texts, state.now, attempt.created_at);
    let first = Line::from(vec![
        Span::styled(format!("{} {} ", ui.glyphs.separator, attempt.status), ui.theme.text),
        Span::styled(format!("{} ", words::revision(&attempt.target_revision, service)), ui.theme.text),
        Span::styled(format!("{age}  "), ui.theme.dim),
        Span::styled(parts.join(&format!(" {} ", ui.glyphs.separator)), ui.theme.dim),
    ]);
    std::iter::once(first).chain(reasons(attempt).map(|reason| reason_line(ui, reason))).collect()
}

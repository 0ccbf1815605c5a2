//! The target groups in front of a service: how many of their targets are healthy, which are not, and why.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::elb::{Target, TargetGroup, TargetHealth};
use crate::domain::fetch::Panel as Read;
use crate::domain::text;
use crate::state::State;
use crate::state::event;
use crate::state::service::{ServicePanel, ServiceView};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Row, Table};
use super::{Drawn, Ui, measure, unread};

/// A line of the panel, and which target it is of, as the cursor counts them.
struct Entry {
    of: Option<usize>,
    line: Line<'static>,
}

/// Draws the target groups.
pub fn render(state: &State, ui: &Ui, view: &ServiceView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let focused = view.panel == ServicePanel::Targets;
    drawn.hits.push((area, event::Target::Panel(ServicePanel::Targets.index())));
    let source = state.source(view.id.source);
    let fetched = state.fetched_targets();
    let mut status = fetched.map(|fetched| ui.freshness(state, fetched)).unwrap_or_default();
    if let Some(failure) = source.and_then(|source| source.failure(Read::Targets)) {
        status.insert(0, unread::status(ui, failure));
    }
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.service.targets")),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let entries = entries(state, ui);
    let last = state.targets().count().saturating_sub(1);
    let selected = entries.iter().position(|entry| entry.of == Some(view.targets.0.min(last)));
    let was_read = fetched.is_some_and(|fetched| fetched.value.is_some());
    let empty = unread::unread(ui, source, Read::Targets, was_read, t!(ui.texts, "screens.gone"));
    let areas = Table {
        columns: &[],
        len: entries.len(),
        row: |index: usize| Row::Line(entries[index].line.clone()),
        selected: selected.filter(|_| focused),
        offset: 0,
        focused,
        empty: &empty,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.page = areas.page;
        for (line, row) in areas.rows {
            drawn.hits.extend(entries[line].of.map(|index| (row, event::Target::Row(index))));
        }
    }
}

/// Returns how many lines all groups and targets take.
pub fn lines(state: &State) -> usize {
    state.target_groups().count() + state.targets().count()
}

/// Returns healthy and all targets of the open service as a fraction; a question mark while they were not read.
pub fn count(state: &State) -> String {
    if state.fetched_targets().is_none_or(|fetched| fetched.value.is_none()) {
        return "?".to_owned();
    }
    let healthy: usize = state.target_groups().map(TargetGroup::healthy).sum();
    format!("{healthy}/{}", state.targets().count())
}

/// A line a group, below it a line a target, whose words stand below each other.
fn entries(state: &State, ui: &Ui) -> Vec<Entry> {
    let words = state.targets().map(|(_, target)| target.health.as_str());
    let widths = (measure::widest(words), measure::widest(state.targets().map(|(_, target)| address(target))));
    let mut entries = Vec::new();
    let mut index = 0;
    for group in state.target_groups() {
        entries.push(Entry { of: None, line: group_line(ui, group) });
        for target in &group.targets {
            entries.push(Entry { of: Some(index), line: target_line(ui, target, widths) });
            index += 1;
        }
    }
    entries
}

/// Returns mark and style of how a target fares.
pub fn health_style(ui: &Ui, health: &TargetHealth) -> (&'static str, Style) {
    match health {
        TargetHealth::Unhealthy => (ui.glyphs.critical, ui.theme.critical),
        TargetHealth::Initial => (ui.glyphs.progress, ui.theme.progress),
        TargetHealth::Draining => (ui.glyphs.separator, ui.theme.dim),
        TargetHealth::Healthy => (ui.glyphs.ok, ui.theme.ok),
        TargetHealth::Other(_) => (ui.glyphs.unknown, ui.theme.unknown),
    }
}

/// Returns where a target is reached: `10.0.12.34:8080`.
pub fn address(target: &Target) -> String {
    match target.port {
        Some(port) if target.id.contains(':') => format!("[{}]:{port}", target.id),
        Some(port) => format!("{}:{port}", target.id),
        None => target.id.clone(),
    }
}

/// `▲ web 2/3 healthy · 1 unhealthy Target.FailedHealthChecks · HTTP /health`
fn group_line(ui: &Ui, group: &TargetGroup) -> Line<'static> {
    let worst = group.targets.iter().map(|target| &target.health).min_by_key(|health| health.rank());
    let (mark, style) = worst.map_or((ui.glyphs.warning, ui.theme.warning), |worst| health_style(ui, worst));
    let separator = format!(" {} ", ui.glyphs.separator);
    let mut spans = vec![
        Span::styled(format!("{mark} "), style),
        Span::styled(format!("{} ", group.name), ui.theme.title),
        Span::styled(standing(ui, group), style),
    ];
    for (count, word, reason) in troubles(group) {
        let trouble = if reason.is_empty() { format!("{count} {word}") } else { format!("{count} {word} {reason}") };
        spans.push(Span::styled(format!("{separator}{trouble}"), ui.theme.text));
    }
    if !group.health_check.is_empty() {
        spans.push(Span::styled(format!("{separator}{}", group.health_check), ui.theme.dim));
    }
    Line::from(spans)
}

fn standing(ui: &Ui, group: &TargetGroup) -> String {
    if group.targets.is_empty() {
        return t!(ui.texts, "screens.service.no-target").to_owned();
    }
    t!(ui.texts, "screens.service.targets-healthy", healthy = group.healthy(), n = group.targets.len())
}

/// Counts the targets that are not healthy, by AWS's words for how and why, in the order of the targets.
fn troubles(group: &TargetGroup) -> Vec<(usize, &str, &str)> {
    let mut troubles: Vec<(usize, &str, &str)> = Vec::new();
    for target in group.targets.iter().filter(|target| target.health != TargetHealth::Healthy) {
        let (word, reason) = (target.health.as_str(), target.reason.as_str());
        match troubles.iter_mut().find(|(_, known, why)| (*known, *why) == (word, reason)) {
            Some((count, ..)) => *count += 1,
            None => troubles.push((1, word, reason)),
        }
    }
    troubles
}

fn target_line(ui: &Ui, target: &Target, (words, addresses): (u16, u16)) -> Line<'static> {
    let (mark, style) = health_style(ui, &target.health);
    let mut spans = vec![
        Span::styled(format!("  {mark} {}  ", text::pad(target.health.as_str(), usize::from(words))), style),
        Span::styled(format!("{}  ", text::pad(&address(target), usize::from(addresses))), ui.theme.text),
    ];
    if !target.zone.is_empty() {
        spans.push(Span::styled(format!("{}  ", target.zone), ui.theme.dim));
    }
    spans.push(Span::styled(format!("{}  ", target.reason), ui.theme.warning));
    spans.push(Span::styled(target.description.clone(), ui.theme.dim));
    Line::from(spans)
}

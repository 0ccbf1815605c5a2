//! What first, how bad, since when.
//!
//! ```text
//! ┌ queue ───────────────────┬ environments ──────────────┐
//! │ ▲ CRIT prd  web: …    4m │ prd  9 steady · 1 failing … │
//! │         └ 3 signals      ├ services ──────────────────┤
//! │ ◆ MED  stg  …            │ ▲ web  2/3 ▁▂▇ 71% v1.4.3   │
//! │                          ├ the selected row's metric ──┤
//! │                          │   ╭──╮                      │
//! └──────────────────────────┴─────────────────────────────┘
//! ```
//!
//! A narrow terminal has the queue above and the multiples below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::queue::Trouble;
use crate::state::State;
use crate::state::interest::overview_rows;
use crate::state::overview::{EnvironmentLine, chart_subject};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::vertical_rule;
use super::{Drawn, Ui, charts, queue, services};

/// From this width on the multiples stand beside the queue.
const WIDE: u16 = 110;

/// Draws the overview.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let lines = u16::try_from(state.overview.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    if area.width >= WIDE {
        let left = Rect { width: area.width * 11 / 20, ..area };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        queue::render(state, ui, left, buf, drawn);
        vertical_rule(Rect { x: left.right(), width: 1, ..area }, buf, ui.theme.border, ui.glyphs);
        multiples(state, ui, right, lines, buf);
    } else {
        // The queue has what it needs, at least a third; then the multiples, as far as there is room.
        let needed = state.overview.items.iter().map(|item| if item.also.is_empty() { 1 } else { 2 }).sum::<usize>();
        let needed = u16::try_from(needed).unwrap_or(u16::MAX).saturating_add(3);
        let height = needed.clamp(area.height / 3, (area.height * 3 / 5).max(area.height.saturating_sub(lines + 12)));
        let top = Rect { height: height.min(area.height), ..area };
        let bottom = Rect { y: top.bottom(), height: area.height - top.height, ..area };
        queue::render(state, ui, top, buf, drawn);
        multiples(state, ui, bottom, lines, buf);
    }
}

/// Draws the environments, then the services, then the chart, each where there is room left.
fn multiples(state: &State, ui: &Ui, area: Rect, lines: u16, buf: &mut Buffer) {
    let top = Rect { height: lines.min(area.height), ..area };
    environments(state, ui, top, buf);
    let mut rest = Rect { y: top.bottom(), height: area.height - top.height, ..area };
    // The services take what they need, the chart the rest; where there is little, the services go first.
    let rows = u16::try_from(state.overview.rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let chart = if rest.height >= 18 { rest.height.saturating_sub(rows).clamp(9, 24) } else { 0 };
    if chart > 0 {
        let below = Rect { y: rest.bottom() - chart, height: chart, ..rest };
        rest.height -= chart;
        selected_chart(state, ui, below, buf);
    }
    if rest.height >= 3 {
        first_services(state, ui, rest, buf);
    }
}

fn environments(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.environments")),
        status: Vec::new(),
        focused: false,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = [
        Column::new("", 6, 12),
        Column::new(t!(ui.texts, "screens.services.title"), 16, 34).grows(),
        Column::new(t!(ui.texts, "screens.alarms.title"), 14, 34).grows(),
    ];
    let lines = &state.overview.lines;
    Table {
        columns: &columns,
        len: lines.len(),
        row: |index: usize| Row::Cells(environment_cells(state, ui, &lines[index])),
        selected: None,
        offset: 0,
        focused: false,
        empty: "",
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
}

fn environment_cells(state: &State, ui: &Ui, line: &EnvironmentLine) -> Vec<Cell<'static>> {
    let services = line.services;
    let alarms = line.alarms;
    let service_counts = [
        (services.failing, ui.glyphs.critical, t!(ui.texts, "screens.steadiness.failing"), ui.theme.critical),
        (services.short, ui.glyphs.warning, t!(ui.texts, "screens.steadiness.short"), ui.theme.warning),
        (services.rolling, ui.glyphs.progress, t!(ui.texts, "screens.steadiness.rolling"), ui.theme.progress),
        (services.steady, ui.glyphs.ok, t!(ui.texts, "screens.steadiness.steady"), ui.theme.ok),
    ];
    let alarm_counts = [
        (alarms.alarm, ui.glyphs.critical, t!(ui.texts, "screens.alarm-state.alarm"), ui.theme.critical),
        (alarms.no_data, ui.glyphs.unknown, t!(ui.texts, "screens.alarm-state.no-data"), ui.theme.unknown),
        (alarms.ok, ui.glyphs.ok, t!(ui.texts, "screens.alarm-state.ok"), ui.theme.ok),
    ];
    let counted = |counts: &[(usize, &'static str, &'static str, ratatui::style::Style)]| {
        let mut spans: Vec<Span<'static>> = Vec::new();
        for (count, mark, word, style) in counts.iter().filter(|(count, ..)| *count > 0) {
            spans.push(Span::styled(format!("{mark} {count} {word}  "), *style));
        }
        if spans.is_empty() {
            let text = if line.complete { "-" } else { t!(ui.texts, "screens.loading") };
            spans.push(Span::styled(text, ui.theme.dim));
        }
        Cell::new(Line::from(spans))
    };
    vec![Cell::new(ui.place(state, line.place)), counted(&service_counts), counted(&alarm_counts)]
}

/// Draws the services that deserve a look first.
fn first_services(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let rows: Vec<_> = overview_rows(state).collect();
    let all = state.services.all().len();
    let count = if all > rows.len() { format!("{}/{all}", rows.len()) } else { all.to_string() };
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.services")),
        status: vec![Span::styled(count, ui.theme.dim)],
        focused: false,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = [
        Column::new("", 1, 1),
        Column::new("", 3, 6).rank(3),
        Column::new("", 10, 16).grows(),
        Column::new("", 7, 7).right(),
        Column::new("", 12, 17).rank(1),
        Column::new("", 6, 12).rank(2),
    ];
    Table {
        columns: &columns,
        len: rows.len(),
        row: |index: usize| {
            let row = rows[index];
            let (mark, _, style) = ui.steadiness(row.steadiness);
            Row::Cells(vec![
                Cell::new(Span::styled(mark, style)),
                Cell::new(ui.place(state, row.place)),
                Cell::new(Span::styled(row.id.key.service.clone(), ui.theme.text)),
                Cell::new(services::tasks_cell(ui, row)),
                Cell::new(services::metric_cell(state, ui, row, 0, 11)),
                Cell::new(services::version_cell(ui, row)),
            ])
        },
        selected: None,
        offset: 0,
        focused: false,
        empty: if state.is_loading() { t!(ui.texts, "screens.loading") } else { "" },
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
}

/// Draws the metric of the selected row: since when, and how bad against what.
fn selected_chart(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let Some((item, trouble)) = state.overview.selected().and_then(|item| Some((item, chart_subject(item)?))) else {
        return;
    };
    let source = match &item.subject {
        crate::domain::queue::Subject::Service(source, _)
        | crate::domain::queue::Subject::Alarm(source, _)
        | crate::domain::queue::Subject::Source(source, _) => *source,
    };
    let deployments = std::iter::once(&item.trouble).chain(&item.also).find_map(service_of);
    let deployments = deployments.map_or(&[][..], |service| service.deployments.as_slice());
    match trouble {
        Trouble::Alarm { alarm } => charts::alarm(state, ui, (source, alarm), deployments, area, buf),
        other => {
            if let Some(service) = service_of(other) {
                let subject = (source, &service.key, "CPUUtilization");
                charts::utilization(state, ui, subject, (&[], deployments), area, buf);
            }
        }
    }
}

fn service_of(trouble: &Trouble) -> Option<&crate::domain::ecs::Service> {
    match trouble {
        Trouble::Rollout { service, .. } | Trouble::Short { service } | Trouble::LongRollout { service } => {
            Some(service)
        }
        Trouble::Alarm { .. } | Trouble::Blind { .. } | Trouble::Credentials { .. } => None,
    }
}

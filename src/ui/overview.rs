//! What first, how bad, since when.
//!
//! ```text
//! ┌ queue ───────────────────┬ environments ──────────────┐
//! │ ▲ CRIT prd  web: …    4m │ prd  ▲ 1 failing  ✓ 9       │
//! │         └ 3 signals      ├ services ──────────────────┤
//! │ ◆ MED  stg  …            │ ▲ web  2/3 ▁▂▇ 71% v1.4.3   │
//! ├ the selected row ────────┤ ✓ api  4/4 ▁▁▁ 22% v2.0.1   │
//! │ its signals, its metric  │                             │
//! │   ╭──╮                   │                             │
//! └──────────────────────────┴─────────────────────────────┘
//! ```
//!
//! A narrow terminal has the queue above and the multiples below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::queue::{Trouble, since as queue_since};
use crate::state::State;
use crate::state::interest::overview_rows;
use crate::state::overview::{EnvironmentLine, chart_subject};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{fit, horizontal_rule, put, vertical_rule};
use super::{Drawn, Ui, charts, queue, services, words};

/// From this width on the multiples stand beside the queue.
const WIDE: u16 = 110;

/// The least height of the selected row's part: its signals and a chart that can be read.
const SELECTED_MIN: u16 = 13;

/// Draws the overview.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let lines = u16::try_from(state.overview.lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let needed = queue::rows(state).saturating_add(1);
    if area.width >= WIDE {
        let left = Rect { width: area.width / 2, ..area };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        vertical_rule(Rect { x: left.right(), width: 1, ..area }, buf, ui.theme.border, ui.glyphs);
        let has_room = left.height >= SELECTED_MIN + 6 && !state.overview.items.is_empty();
        let selected = if has_room { left.height.saturating_sub(needed).clamp(SELECTED_MIN, 30) } else { 0 };
        let above = Rect { height: left.height - selected, ..left };
        queue::render(state, ui, above, buf, drawn);
        if selected > 0 {
            selected_item(state, ui, Rect { y: above.bottom(), height: selected, ..left }, buf);
        }
        multiples(state, ui, right, lines, buf);
    } else {
        // The queue has what it needs, at least a third; then the multiples, as far as there is room.
        let height = needed.saturating_add(1);
        let height = height.clamp(area.height / 3, (area.height * 3 / 5).max(area.height.saturating_sub(lines + 12)));
        let top = Rect { height: height.min(area.height), ..area };
        let bottom = Rect { y: top.bottom(), height: area.height - top.height, ..area };
        queue::render(state, ui, top, buf, drawn);
        multiples(state, ui, bottom, lines, buf);
    }
}

/// Draws the environments, then the services, each where there is room left.
fn multiples(state: &State, ui: &Ui, area: Rect, lines: u16, buf: &mut Buffer) {
    let top = Rect { height: lines.min(area.height), ..area };
    environments(state, ui, top, buf);
    let rest = Rect { y: top.bottom(), height: area.height - top.height, ..area };
    if rest.height >= 3 {
        first_services(state, ui, rest, buf);
    }
}

/// Draws all signals of the selected row, one a line, and its metric below.
fn selected_item(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let Some(item) = state.overview.selected() else { return };
    horizontal_rule(area, buf, ui.theme.border, ui.glyphs);
    let mut y = area.y + 1;
    let room = area.width.saturating_sub(2);
    for trouble in std::iter::once(&item.trouble).chain(&item.also).take(5) {
        let age = words::since(ui.texts, state.now, queue_since(trouble));
        let text = format!("{age:>4}  {}", words::trouble(ui.texts, state, item.place, trouble));
        put(buf, area.x + 1, y, &fit(&text, usize::from(room), ui.glyphs), room, ui.theme.text);
        y += 1;
    }
    let chart = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
    selected_chart(state, ui, chart, buf);
}

fn environments(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.environments")),
        status: services::oldest(state, ui).into_iter().collect(),
        focused: false,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns = [
        Column::new("", 6, 12),
        Column::new(t!(ui.texts, "screens.services.title"), 14, 30).grows(),
        Column::new(t!(ui.texts, "screens.alarms.title"), 14, 30).grows(),
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
        // What is well needs no word; the room is for what is not.
        (services.steady, ui.glyphs.ok, "", ui.theme.ok),
    ];
    let alarm_counts = [
        (alarms.alarm, ui.glyphs.critical, t!(ui.texts, "screens.alarm-state.alarm"), ui.theme.critical),
        (alarms.no_data, ui.glyphs.unknown, t!(ui.texts, "screens.alarm-state.no-data"), ui.theme.unknown),
        (alarms.ok, ui.glyphs.ok, "", ui.theme.ok),
    ];
    let counted = |counts: &[(usize, &'static str, &'static str, ratatui::style::Style)]| {
        let mut spans: Vec<Span<'static>> = Vec::new();
        for (count, mark, word, style) in counts.iter().filter(|(count, ..)| *count > 0) {
            spans.push(Span::styled(format!("{mark} {count} {word}").trim_end().to_owned(), *style));
            spans.push(Span::raw("  "));
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
        status: std::iter::once(Span::styled(count, ui.theme.dim)).chain(services::oldest(state, ui)).collect(),
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
        Column::new("", 15, 15).rank(1),
        Column::new("", 6, 14).rank(2),
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
                Cell::new(services::metric_cell(state, ui, row, 0, 10)),
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
    let Some(item) = state.overview.selected() else { return };
    let trouble = chart_subject(item);
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

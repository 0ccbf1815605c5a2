//! All services as a table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::ecs::{Image, Rollout};
use crate::domain::fetch::{Failure, Panel as Read};
use crate::state::State;
use crate::state::services::{ServiceColumn, ServiceRow, ServiceSort, row_queries};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::sparkline::{Scale, sparkline};
use super::widgets::table::{Cell, Column, Row, Sorted, Table};
use super::{Drawn, Ui, charts, measure, unread, words};

/// Draws the services.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let services = &state.services;
    let panel = Panel {
        title: title(ui, t!(ui.texts, "screens.services.title"), &services.filter),
        status: list_status(state, ui, Read::Services, count((services.rows.len(), services.total), services.capped)),
        focused: state.lists_have_keys(),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let columns: Vec<Column<'_>> =
        ServiceColumn::ALL.into_iter().map(|column| self::column(state, ui, column)).collect();
    let table = Table {
        columns: &columns,
        len: services.rows.len(),
        row: |index: usize| {
            let row = &services.rows[index];
            Row::Cells(ServiceColumn::ALL.into_iter().map(|column| cell(state, ui, row, column)).collect())
        },
        selected: Some(services.list.selected()),
        offset: services.list.offset(),
        focused: state.lists_have_keys(),
        empty: &empty(state, ui, Read::Services, &services.filter, services.total),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let areas = table.render(inner, buf);
    drawn.take_rows(&areas);
    drawn.take_headers(&areas);
}

/// Returns a list's title with the filter that narrows it.
pub fn title(ui: &Ui, title: &'static str, filter: &str) -> Line<'static> {
    let mut spans = vec![Span::raw(title)];
    if !filter.is_empty() {
        spans.push(Span::styled(format!("  /{filter}"), ui.theme.matched));
    }
    Line::from(spans)
}

/// Returns how many rows of how many are shown: `3/60`, and `+` where AWS has more than was read.
pub fn count((shown, total): (usize, usize), capped: bool) -> String {
    let plus = if capped { "+" } else { "" };
    if shown == total { format!("{total}{plus}") } else { format!("{shown}/{total}{plus}") }
}

/// Returns a list's status: what failed, how many rows of how many, the pinned range, and the age of the oldest source.
///
/// `list` is what the rows are read by. What its other columns are read by may fail alone, and is named then.
pub fn list_status(state: &State, ui: &Ui, list: Read, count: String) -> Vec<Span<'static>> {
    let sources: Vec<_> = state.shown_sources().map(|(_, source)| source).collect();
    let failed: Vec<&Failure> = sources.iter().filter_map(|source| unread::failure(source, list)).collect();
    let mut status = Vec::new();
    if let Some(failure) = failed.first() {
        let line = words::failure_line(ui.texts, failure);
        let line = if sources.len() > 1 {
            t!(ui.texts, "screens.failed-sources", n = failed.len(), of = sources.len(), why = line)
        } else {
            line
        };
        status.push(Span::styled(format!("{} {line}", ui.glyphs.denied), ui.theme.warning));
    }
    let oldest = sources.iter().filter_map(|source| source.read_at(list));
    let age = oldest.min().map(|oldest| words::age(ui.texts, state.now.duration_since(oldest)));
    if let Some(age) = age.as_ref().filter(|_| !failed.is_empty()) {
        let stale = t!(ui.texts, "screens.stale", age = age);
        status.push(Span::styled(format!("{} {stale}", ui.glyphs.stale), ui.theme.stale));
    }
    let columns: &[Read] = match list {
        Read::Services => &[Read::Metrics, Read::Tasks],
        Read::Findings => &[],
        _ => &[Read::Metrics],
    };
    let alone = |panel: &Read| {
        let failures = sources.iter().filter_map(|source| source.failure(*panel));
        failures.into_iter().find(|failure| !failure.kind.is_about_credentials())
    };
    let missing = columns.iter().filter_map(alone);
    status.extend(missing.map(|failure| unread::status(ui, failure)));
    status.push(Span::styled(count, ui.theme.dim));
    if let Some(age) = age.filter(|_| failed.is_empty()) {
        status.push(Span::styled(t!(ui.texts, "screens.ago", age = age), ui.theme.dim));
    }
    if list != Read::Findings {
        status.push(Span::styled(t!(ui.texts, "screens.charts-of", range = state.range.name()), ui.theme.dim));
    }
    status
}

/// Returns how old the oldest of what the shown sources read is: services and alarms.
pub fn oldest(state: &State, ui: &Ui) -> Option<Span<'static>> {
    let ages = state.shown_sources().flat_map(|(_, source)| [source.services.at, source.alarms.at]).flatten();
    let age = words::age(ui.texts, state.now.duration_since(ages.min()?));
    Some(Span::styled(t!(ui.texts, "screens.ago", age = age), ui.theme.dim))
}

/// Says why a list has no rows: filtered away, still loading, not readable, or nothing there.
pub fn empty(state: &State, ui: &Ui, list: Read, filter: &str, total: usize) -> String {
    if total > 0 && !filter.is_empty() {
        t!(ui.texts, "screens.no-match").to_owned()
    } else {
        unread::unread_list(state, ui, list)
    }
}

fn column<'a>(state: &State, ui: &Ui, column: ServiceColumn) -> Column<'a> {
    let texts = ui.texts;
    let several = state.shown.is_none() && state.environments.len() > 1;
    let made = match column {
        ServiceColumn::Status => Column::new(t!(texts, "screens.column.status"), 9, 9),
        ServiceColumn::Environment if several => {
            let places = state.services.all().iter().map(|row| row.place);
            let (least, cells) = measure::environments(state, ui, places);
            Column::new(t!(texts, "screens.column.environment"), least, cells).rank(2)
        }
        ServiceColumn::Environment => Column::new("", 0, 0).rank(9),
        ServiceColumn::Cluster => Column::new(t!(texts, "screens.column.cluster"), 8, 16).rank(4),
        ServiceColumn::Name => Column::new(t!(texts, "screens.column.service"), 11, 24),
        ServiceColumn::Tasks => Column::new(t!(texts, "screens.column.tasks"), 6, 7).right(),
        ServiceColumn::Cpu => Column::new(t!(texts, "screens.column.cpu"), 15, 15).rank(1).right(),
        ServiceColumn::Memory => Column::new(t!(texts, "screens.column.memory"), 15, 15).rank(5).right(),
        ServiceColumn::Version => {
            let title = t!(texts, "screens.column.version");
            Column::new(title, measure::widest([title]).max(8), 14).rank(3)
        }
        ServiceColumn::Flags => Column::new(t!(texts, "screens.column.flags"), 9, 9).rank(6),
        ServiceColumn::Event => Column::new(t!(texts, "screens.column.event"), 24, 60).rank(7).grows(),
    };
    let reversed = state.services.reversed;
    let sorted = (column.sort() == Some(state.services.sort) && column != ServiceColumn::Cluster).then(|| {
        let down = matches!(state.services.sort, ServiceSort::Cpu | ServiceSort::Memory | ServiceSort::Event);
        if down == reversed { Sorted::Ascending } else { Sorted::Descending }
    });
    made.sorted(sorted)
}

fn cell(state: &State, ui: &Ui, row: &ServiceRow, column: ServiceColumn) -> Cell<'static> {
    let service = &row.service;
    match column {
        ServiceColumn::Status => {
            let (mark, word, style) = ui.steadiness(row.steadiness);
            Cell::new(Span::styled(format!("{mark} {word}"), style))
        }
        ServiceColumn::Environment => Cell::new(ui.place(state, row.place)),
        ServiceColumn::Cluster => Cell::new(Span::styled(row.id.key.cluster.clone(), ui.theme.dim)),
        ServiceColumn::Name => Cell::new(Span::styled(row.id.key.service.clone(), ui.theme.text)),
        ServiceColumn::Tasks => Cell::new(tasks_cell(ui, row)),
        ServiceColumn::Cpu => Cell::new(metric_cell(state, ui, row, 0, 10)),
        ServiceColumn::Memory => Cell::new(metric_cell(state, ui, row, 1, 10)),
        ServiceColumn::Version => Cell::new(version_cell(ui, row)),
        ServiceColumn::Flags => Cell::new(Span::styled(flags(ui, row), ui.theme.dim)),
        ServiceColumn::Event => {
            let newest = service.events.first();
            let text = newest.map_or_else(String::new, |event| {
                format!(
                    "{} {}",
                    measure::age(ui.texts, &words::since(ui.texts, state.now, Some(event.at))),
                    words::event(&event.message, &service.key.service)
                )
            });
            Cell::new(Span::styled(text, ui.theme.dim))
        }
    }
}

/// Running over desired tasks, with those on their way up: `2/3 +1`.
pub fn tasks_cell(ui: &Ui, row: &ServiceRow) -> Line<'static> {
    let service = &row.service;
    let style = if service.running < service.desired { ui.steadiness(row.steadiness).2 } else { ui.theme.text };
    let pending = if service.pending > 0 { format!("+{} ", service.pending) } else { String::new() };
    Line::from(vec![
        Span::styled(pending, ui.theme.dim),
        Span::styled(format!("{}/{}", service.running, service.desired), style),
    ])
}

/// CPU (0) or memory (1) as a sparkline and its newest value.
pub fn metric_cell(state: &State, ui: &Ui, row: &ServiceRow, index: usize, width: usize) -> Line<'static> {
    let query = &row_queries(&row.id.key, state.range.period())[index];
    let values: Vec<Option<f64>> =
        charts::points(state, row.id.source, query).into_iter().map(|(_, value)| value).collect();
    let latest = values.iter().rev().take(5).find_map(|value| *value);
    let style = match latest {
        Some(value) if value >= 90.0 => ui.theme.critical,
        Some(value) if value >= 75.0 => ui.theme.warning,
        _ => ui.theme.text,
    };
    let line = sparkline(&values, width, Scale::Max(100.0), ui.glyphs);
    Line::from(vec![Span::styled(line, style), Span::styled(format!(" {:>4}", words::percent(latest)), style)])
}

/// The image's version; one that may be another tomorrow, and one that is being rolled back, are marked.
pub fn version_cell(ui: &Ui, row: &ServiceRow) -> Line<'static> {
    let version = row.image.as_ref().map_or("-", |image| image.version());
    let is_latest = row.image.as_ref().is_some_and(Image::is_latest);
    let style = if is_latest { ui.theme.warning } else { ui.theme.text };
    let mut spans = vec![Span::styled(version.to_owned(), style)];
    if let Some(next) = &row.next_image {
        let next = format!("{}{}", ui.glyphs.arrow, next.version());
        spans.push(Span::styled(next, ui.theme.progress));
    }
    if is_latest {
        spans.push(Span::styled(format!(" {}", ui.glyphs.warning), ui.theme.warning));
    }
    let rolled_back = row.service.deployments.iter().any(|deployment| deployment.rollout == Rollout::Failed);
    if rolled_back {
        spans.push(Span::styled(format!(" {}", ui.glyphs.rollback), ui.theme.critical));
    }
    Line::from(spans)
}

fn flags(ui: &Ui, row: &ServiceRow) -> String {
    let service = &row.service;
    let mut flags = Vec::new();
    if service.uses_spot() {
        flags.push(t!(ui.texts, "screens.flag.spot"));
    }
    if service.exec_enabled {
        flags.push(t!(ui.texts, "screens.flag.exec"));
    }
    flags.join(" ")
}

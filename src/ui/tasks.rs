//! The tasks of a service, each with its containers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::ecs::{Container, Task};
use crate::domain::fetch::Panel as Read;
use crate::state::State;
use crate::state::event::Target;
use crate::state::service::{ServicePanel, ServiceView};
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::{Drawn, Ui, measure, unread, words};

/// A line of the table: a task, or a container of it.
#[derive(Clone, Copy)]
enum Entry {
    Task(usize),
    Container(usize, usize),
}

fn entries(view: &ServiceView) -> Vec<Entry> {
    view.tasks
        .iter()
        .enumerate()
        .flat_map(|(index, task)| {
            // A task of one container says all in one line.
            let containers = if task.containers.len() > 1 { task.containers.len() } else { 0 };
            std::iter::once(Entry::Task(index)).chain((0..containers).map(move |inner| Entry::Container(index, inner)))
        })
        .collect()
}

/// Returns how many lines all tasks take, the column titles included.
pub fn lines(view: &ServiceView) -> usize {
    entries(view).len() + 1
}

/// Draws the tasks.
pub fn render(state: &State, ui: &Ui, view: &ServiceView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let focused = view.panel == ServicePanel::Tasks;
    drawn.hits.push((area, Target::Panel(ServicePanel::Tasks.index())));
    let source = state.source(view.id.source);
    let was_read = source.is_some_and(|source| source.tasks.value.is_some());
    let empty = unread::unread(ui, source, Read::Tasks, was_read, t!(ui.texts, "screens.no-tasks"));
    let mut status = source.map(|source| ui.freshness(state, &source.tasks)).unwrap_or_default();
    if was_read {
        status.push(Span::styled(view.tasks.len().to_string(), ui.theme.dim));
    }
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.service.tasks")),
        status,
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let entries = entries(view);
    let selected = view.task_list.selected();
    let position =
        |wanted: usize| entries.iter().position(|entry| matches!(entry, Entry::Task(index) if *index == wanted));
    let columns = columns(ui);
    let areas = Table {
        columns: &columns,
        len: entries.len(),
        row: |line: usize| match entries[line] {
            Entry::Task(index) => Row::Cells(task_cells(state, ui, view, &view.tasks[index])),
            Entry::Container(index, inner) => {
                let task = &view.tasks[index];
                Row::Line(container_line(ui, &task.containers[inner], inner + 1 == task.containers.len()))
            }
        },
        selected: if focused { position(selected) } else { None },
        offset: position(view.task_list.offset()).unwrap_or(0),
        focused,
        empty: &empty,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.page = areas.page;
        for (line, row) in areas.rows {
            let (Entry::Task(index) | Entry::Container(index, _)) = entries[line];
            drawn.hits.push((row, Target::Row(index)));
        }
    }
}

fn columns(ui: &Ui) -> Vec<Column<'static>> {
    let texts = ui.texts;
    vec![
        Column::new(t!(texts, "screens.column.status"), 11, 14),
        Column::new(t!(texts, "screens.column.task"), 8, 12),
        Column::new(t!(texts, "screens.column.health"), 9, 10).rank(1),
        Column::new(t!(texts, "screens.column.age"), measure::ages(texts), measure::ages(texts)).right(),
        Column::new(t!(texts, "screens.column.revision"), 6, 8).rank(4),
        Column::new(t!(texts, "screens.column.image"), 10, 24).rank(2),
        Column::new(t!(texts, "screens.column.exec"), 5, 6).rank(5),
        Column::new(t!(texts, "screens.column.capacity"), 12, 13).rank(6),
        Column::new(t!(texts, "screens.column.zone"), 15, 16).rank(7),
        Column::new(t!(texts, "screens.column.size"), 9, 11).rank(8),
        Column::new(t!(texts, "screens.column.reason"), 24, 40).rank(3).grows(),
    ]
}

fn task_cells(state: &State, ui: &Ui, view: &ServiceView, task: &Task) -> Vec<Cell<'static>> {
    let (mark, style) = task_style(ui, task);
    let first = task.containers.first();
    let image = first.map_or_else(String::new, |container| {
        format!("{}:{}", container.image.repository(), container.image.version())
    });
    let exec =
        if task.exec_ready() { Span::styled(ui.glyphs.ok, ui.theme.ok) } else { Span::styled("-", ui.theme.dim) };
    let short_id: String = task.id.chars().take(12).collect();
    vec![
        Cell::new(Span::styled(format!("{mark} {}", task.last_status), style)),
        Cell::new(Span::styled(short_id, ui.theme.text)),
        Cell::new(Span::styled(task.health.clone(), health_style(ui, &task.health))),
        Cell::new(Span::styled(
            words::since(ui.texts, state.now, task.stopped_at.or(task.started_at).or(task.created_at)),
            ui.theme.text,
        )),
        Cell::new(Span::styled(revision(view, &task.task_definition).to_owned(), ui.theme.dim)),
        Cell::cut_middle(Span::styled(image, ui.theme.text)),
        Cell::new(exec),
        Cell::new(Span::styled(task.capacity.clone(), ui.theme.dim)),
        Cell::new(Span::styled(task.zone.clone(), ui.theme.dim)),
        Cell::new(Span::styled(size(task), ui.theme.dim)),
        Cell::new(Span::styled(reason(task), ui.theme.warning)),
    ]
}

fn revision<'a>(view: &ServiceView, task_definition: &'a str) -> &'a str {
    match &view.row {
        Some(row) => super::words::revision(task_definition, &row.service),
        None => task_definition,
    }
}

/// vCPU and GiB as one reads them: `0.5/1G`.
fn size(task: &Task) -> String {
    match (task.cpu.parse::<f64>(), task.memory.parse::<f64>()) {
        (Ok(cpu), Ok(memory)) => format!("{}/{}G", cpu / 1_024.0, memory / 1_024.0),
        _ => String::new(),
    }
}

/// Why it stopped or why a container of it ended, in AWS's words.
fn reason(task: &Task) -> String {
    if !task.stopped_reason.is_empty() {
        return task.stopped_reason.clone();
    }
    task.containers.iter().map(container_end).find(|text| !text.is_empty()).unwrap_or_default()
}

fn container_end(container: &Container) -> String {
    match container.exit_code {
        Some(code) if code != 0 => format!("exit {code} {}", container.reason),
        _ => container.reason.clone(),
    }
}

fn container_line(ui: &Ui, container: &Container, last: bool) -> Line<'static> {
    let branch = if last { ui.glyphs.tree.last } else { ui.glyphs.tree.branch };
    let image = format!("{}:{}", container.image.repository(), container.image.version());
    Line::from(vec![
        Span::styled(format!("    {branch} {} ", container.name), ui.theme.text),
        Span::styled(format!("{} ", container.last_status), ui.theme.dim),
        Span::styled(format!("{} ", container.health), health_style(ui, &container.health)),
        Span::styled(format!("{image} "), ui.theme.dim),
        Span::styled(container_end(container), ui.theme.warning),
    ])
}

/// Returns mark and style of where a task is in its life.
pub fn task_style(ui: &Ui, task: &Task) -> (&'static str, Style) {
    match (task.last_status.as_str(), task.health.as_str()) {
        ("STOPPED" | "STOPPING" | "DEPROVISIONING" | "DEACTIVATING", _) => (ui.glyphs.separator, ui.theme.dim),
        (_, "UNHEALTHY") => (ui.glyphs.critical, ui.theme.critical),
        ("RUNNING", _) => (ui.glyphs.ok, ui.theme.ok),
        _ => (ui.glyphs.progress, ui.theme.progress),
    }
}

/// Returns the style of a health status.
pub fn health_style(ui: &Ui, health: &str) -> Style {
    match health {
        "HEALTHY" => ui.theme.ok,
        "UNHEALTHY" => ui.theme.critical,
        _ => ui.theme.dim,
    }
}

//! The queue of what needs a person, one row a trouble and below it what else tells of the same.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::queue::Item;
use crate::state::State;
use crate::state::event::Target;
use crate::state::overview::is_marked;
use crate::t;

use super::widgets::panel::Panel;
use super::widgets::table::{Cell, Column, Row, Table};
use super::widgets::{fit, put};
use super::{Drawn, Ui, services, words};

/// A line of the queue: an item, or one of its further signals.
#[derive(Clone, Copy)]
enum Entry {
    Item(usize),
    Also(usize),
}

/// Draws the queue, or the statement that it is quiet.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let overview = &state.overview;
    let count = overview.items.len();
    let count = if overview.watched < count {
        // What could not be read is a row, and was not among what was watched.
        count.to_string()
    } else {
        t!(ui.texts, "screens.overview.count", n = count, of = overview.watched)
    };
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "screens.overview.queue")),
        status: std::iter::once(Span::styled(count, ui.theme.dim)).chain(services::oldest(state, ui)).collect(),
        focused: state.lists_have_keys(),
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    if overview.items.is_empty() {
        drawn.page = usize::from(inner.height);
        return quiet(state, ui, inner, buf);
    }
    let entries: Vec<Entry> = overview
        .items
        .iter()
        .enumerate()
        .flat_map(|(index, item)| {
            std::iter::once(Entry::Item(index)).chain((!item.also.is_empty()).then_some(Entry::Also(index)))
        })
        .collect();
    let position =
        |wanted: usize| entries.iter().position(|entry| matches!(entry, Entry::Item(index) if *index == wanted));
    let columns = columns(state);
    let table = Table {
        columns: &columns,
        len: entries.len(),
        row: |line: usize| match entries[line] {
            Entry::Item(index) => Row::Cells(cells(state, ui, &overview.items[index])),
            Entry::Also(index) => Row::Line(also(state, ui, &overview.items[index])),
        },
        selected: position(overview.list.selected()),
        offset: position(overview.list.offset()).unwrap_or(0),
        focused: state.lists_have_keys(),
        empty: "",
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let areas = table.render(inner, buf);
    drawn.page = areas.page;
    for (line, row) in areas.rows {
        let (Entry::Item(index) | Entry::Also(index)) = entries[line];
        drawn.hits.push((row, Target::Row(index)));
    }
}

fn columns(state: &State) -> Vec<Column<'static>> {
    let widest = state.environments.iter().map(|environment| crate::domain::text::width(&environment.name)).max();
    let environment = u16::try_from(widest.unwrap_or(0).clamp(3, 12)).unwrap_or(12);
    vec![
        Column::new("", 6, 6),
        Column::new("", environment, environment),
        Column::new("", 16, 40).grows(),
        Column::new("", 4, 6).right(),
    ]
}

fn cells(state: &State, ui: &Ui, item: &Item) -> Vec<Cell<'static>> {
    let (mark, word, style) = ui.severity(item.severity);
    // What somebody has seen stands back, and carries another mark than what nobody has.
    let (mark, style, text) =
        if is_marked(state, item) { (ui.glyphs.ok, ui.theme.dim, ui.theme.dim) } else { (mark, style, ui.theme.text) };
    vec![
        Cell::new(Span::styled(format!("{mark} {word}"), style)),
        Cell::new(ui.place(state, item.place)),
        Cell::new(Span::styled(words::trouble(ui.texts, state, item.place, &item.trouble), text)),
        Cell::new(Span::styled(words::since(ui.texts, state.now, item.since), text)),
    ]
}

/// One line for the further signals: the first in words, the others counted.
fn also(state: &State, ui: &Ui, item: &Item) -> Line<'static> {
    let first =
        item.also.first().map(|trouble| words::trouble(ui.texts, state, item.place, trouble)).unwrap_or_default();
    let count = item.also.len() + 1;
    let signals = t!(ui.texts, "screens.overview.signals", n = count);
    Line::styled(format!("         {} {signals} {} {first}", ui.glyphs.tree.last, ui.glyphs.separator), ui.theme.dim)
}

/// Returns how many rows the queue needs: its title, and a row or two an item.
pub fn rows(state: &State) -> u16 {
    let rows = state.overview.items.iter().map(|item| if item.also.is_empty() { 1 } else { 2 }).sum::<usize>();
    u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(1)
}

/// Says that nothing needs a person, since when, and what was looked at: quiet is a statement, not an absence.
fn quiet(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let counts = &state.overview.lines;
    let services: usize = counts.iter().map(|line| line.services.total()).sum();
    let alarms: usize = counts.iter().map(|line| line.alarms.alarm + line.alarms.no_data + line.alarms.ok).sum();
    let lines = if let Some(since) = state.overview.quiet_since {
        vec![
            (t!(ui.texts, "screens.overview.quiet").to_owned(), ui.theme.ok),
            (t!(ui.texts, "screens.overview.quiet-since", time = ui.moment(since, state.now)), ui.theme.dim),
            (t!(ui.texts, "screens.overview.looked-at", services = services, alarms = alarms), ui.theme.dim),
        ]
    } else if state.is_loading() {
        vec![(t!(ui.texts, "screens.overview.loading").to_owned(), ui.theme.dim)]
    } else {
        vec![(t!(ui.texts, "screens.overview.nothing-to-watch").to_owned(), ui.theme.dim)]
    };
    for ((line, style), y) in lines.iter().zip(area.y + u16::from(area.height > 4)..area.bottom()) {
        let room = area.width.saturating_sub(2);
        put(buf, area.x + 1, y, &fit(line, usize::from(room), ui.glyphs), room, *style);
    }
}

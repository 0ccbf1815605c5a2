//! A table of rows of which only the visible ones are ever made.

mod layout;

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use self::layout::Layout;
use super::{cells, fit_line, line_width, put, put_line, scroll_bar, scrolled};
use crate::domain::text;
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

/// Where a cell's text stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left: for words.
    #[default]
    Left,
    /// At the right: for numbers, so that they can be compared.
    Right,
}

/// Which way a column is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorted {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// A column: its title, and how much room it asks for.
#[derive(Debug, Clone)]
pub struct Column<'a> {
    title: &'a str,
    min: u16,
    preferred: u16,
    rank: u8,
    align: Align,
    grows: bool,
    sorted: Option<Sorted>,
}

impl<'a> Column<'a> {
    /// Makes a column that takes at least `min` cells, and `preferred` where there is room.
    pub const fn new(title: &'a str, min: u16, preferred: u16) -> Self {
        Self { title, min, preferred, rank: 0, align: Align::Left, grows: false, sorted: None }
    }

    /// Sets how dispensable the column is: where room is short, the highest rank goes first, and 0 never goes.
    #[must_use]
    pub const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// Aligns the column and its title at the right.
    #[must_use]
    pub const fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    /// Lets the column have the room that nobody asked for.
    #[must_use]
    pub const fn grows(mut self) -> Self {
        self.grows = true;
        self
    }

    /// Marks the column as the one that the rows are sorted by.
    #[must_use]
    pub const fn sorted(mut self, sorted: Option<Sorted>) -> Self {
        self.sorted = sorted;
        self
    }
}

/// A cell's text, and where it is cut if it must be.
#[derive(Debug, Clone, Default)]
pub struct Cell<'a> {
    line: Line<'a>,
    cut_middle: bool,
}

impl<'a> Cell<'a> {
    /// Makes a cell of a text, a span or a line; too long, it is cut at its end.
    pub fn new(line: impl Into<Line<'a>>) -> Self {
        Self { line: line.into(), cut_middle: false }
    }

    /// Makes a cell that is cut in its middle: for ARNs and images, whose end says most.
    pub fn cut_middle(line: impl Into<Line<'a>>) -> Self {
        Self { line: line.into(), cut_middle: true }
    }
}

/// A row as the table asks for it.
#[derive(Debug, Clone)]
pub enum Row<'a> {
    /// A cell for each column, in the columns' order; missing ones stay empty.
    Cells(Vec<Cell<'a>>),
    /// A line across all columns: the head of a group, or what belongs to the row above.
    Line(Line<'a>),
}

/// A table whose rows are made by a function, as many as are seen and no more.
///
/// ```text
///   service ▴        running   cpu  image
/// ▸ web                  2/3   71%  web:v1.4.3        ┃
///   api                  4/4   22%  api:v2.0.1
/// ```
pub struct Table<'a, F> {
    /// The columns, from the left.
    pub columns: &'a [Column<'a>],
    /// How many rows there are.
    pub len: usize,
    /// Makes the row of an index below `len`.
    pub row: F,
    /// The row that the keys act on.
    pub selected: Option<usize>,
    /// The first row to show; moved as little as needed so that the selected row is seen.
    pub offset: usize,
    /// Whether the keys act on this table.
    pub focused: bool,
    /// What is said where there is no row.
    pub empty: &'a str,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
}

/// Where a table was drawn: for the mouse, and for paging.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableAreas {
    /// The visible rows, by index.
    pub rows: Vec<(usize, Rect)>,
    /// The titles of the visible columns, by index into the columns given.
    pub headers: Vec<(usize, Rect)>,
    /// The first row shown.
    pub offset: usize,
    /// How many rows there is room for.
    pub page: usize,
    /// How many columns had to go.
    pub hidden: usize,
}

impl TableAreas {
    /// Returns which row a position is on.
    pub fn row_at(&self, position: Position) -> Option<usize> {
        self.rows.iter().find(|(_, area)| area.contains(position)).map(|(index, _)| *index)
    }

    /// Returns on which column's title a position is.
    pub fn header_at(&self, position: Position) -> Option<usize> {
        self.headers.iter().find(|(_, area)| area.contains(position)).map(|(index, _)| *index)
    }
}

impl<'r, F: Fn(usize) -> Row<'r>> Table<'_, F> {
    /// Draws the table, and returns where its rows and titles are.
    ///
    /// The first column of cells is kept for the mark of the selected row, the last for the scroll bar. On a single
    /// row there is no header: data first.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> TableAreas {
        let areas = self.render_still(area, buf);
        if let (Some((_, first)), Some((_, last))) = (areas.rows.first(), areas.rows.last()) {
            let bar = Rect { x: first.right() - 1, width: 1, height: last.bottom() - first.y, ..*first };
            scroll_bar(bar, buf, areas.offset, self.len, self.theme.border, self.glyphs);
        }
        areas
    }

    /// Draws the table without a scroll bar: for rows that no key moves through, of which as many show as fit.
    pub fn render_still(&self, area: Rect, buf: &mut Buffer) -> TableAreas {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return TableAreas::default();
        }
        let layout = Layout::new(self.columns, area.width.saturating_sub(2));
        let mut areas = TableAreas { hidden: layout.hidden, ..TableAreas::default() };
        let mut body = area;
        if area.height > 1 && self.columns.iter().any(|column| !column.title.is_empty()) {
            areas.headers = self.render_header(Rect { height: 1, ..area }, &layout, buf);
            body = Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        areas.page = usize::from(body.height);
        areas.offset = scrolled(self.offset, self.selected, areas.page, self.len);
        if self.len == 0 {
            self.render_empty(body, buf);
            return areas;
        }
        let visible = areas.offset..self.len.min(areas.offset + areas.page);
        for (index, y) in visible.zip(body.top()..) {
            let row = Rect { y, height: 1, ..body };
            self.render_row(index, row, &layout, buf);
            areas.rows.push((index, row));
        }
        areas
    }

    fn render_header(&self, area: Rect, layout: &Layout, buf: &mut Buffer) -> Vec<(usize, Rect)> {
        let mut headers = Vec::with_capacity(layout.columns.len());
        for slot in &layout.columns {
            let column = &self.columns[slot.index];
            let place = Rect { x: area.x + 1 + slot.x, width: slot.width, ..area };
            let mark = match column.sorted {
                Some(Sorted::Ascending) => self.glyphs.ascending,
                Some(Sorted::Descending) => self.glyphs.descending,
                None => "",
            };
            let room = usize::from(slot.width);
            let mark_width = if mark.is_empty() { 0 } else { text::width(mark) + 1 };
            let title = text::truncate_with(column.title, room.saturating_sub(mark_width), self.glyphs.ellipsis);
            let title = if mark.is_empty() { title.into_owned() } else { format!("{title} {mark}") };
            let at = place.x + indent(column.align, text::width(&title), room);
            put(buf, at, area.y, &title, place.right().saturating_sub(at), self.theme.header);
            headers.push((slot.index, place));
        }
        if layout.hidden > 0 {
            let note = format!("+{}", layout.hidden);
            let width = cells(note.len());
            put(buf, area.right().saturating_sub(width + 1), area.y, &note, width, self.theme.dim);
        }
        headers
    }

    fn render_empty(&self, area: Rect, buf: &mut Buffer) {
        let room = usize::from(area.width.saturating_sub(2)).max(1);
        for (line, y) in text::wrap(self.empty, room).into_iter().zip(area.top()..area.bottom()) {
            put(buf, area.x + 1, y, line, area.width.saturating_sub(2), self.theme.dim);
        }
    }

    fn render_row(&self, index: usize, area: Rect, layout: &Layout, buf: &mut Buffer) {
        match (self.row)(index) {
            Row::Cells(row) => {
                for slot in &layout.columns {
                    let Some(cell) = row.get(slot.index) else {
                        continue;
                    };
                    let place = Rect { x: area.x + 1 + slot.x, width: slot.width, ..area };
                    self.render_cell(cell, self.columns[slot.index].align, place, buf);
                }
            }
            Row::Line(line) => {
                let room = area.width.saturating_sub(2);
                let line = fit_line(&line, usize::from(room), self.glyphs);
                put_line(buf, area.x + 1, area.y, &line, room);
            }
        }
        if self.selected == Some(index) {
            self.render_selection(area, buf);
        }
    }

    fn render_cell(&self, cell: &Cell<'_>, align: Align, place: Rect, buf: &mut Buffer) {
        let room = usize::from(place.width);
        let line =
            if cell.cut_middle { self.cut_middle(&cell.line, room) } else { fit_line(&cell.line, room, self.glyphs) };
        let at = place.x + indent(align, line_width(&line), room);
        put_line(buf, at, place.y, &line, place.right().saturating_sub(at));
    }

    /// Cuts a line in its middle; one of several styles takes the first, as its parts are no longer whole.
    fn cut_middle<'l>(&self, line: &Line<'l>, room: usize) -> Line<'l> {
        if line_width(line) <= room {
            return line.clone();
        }
        let whole = line.to_string();
        let cut = text::truncate_middle_with(&whole, room, self.glyphs.ellipsis).into_owned();
        let style = line.spans.first().map_or(Style::new(), |span| span.style);
        Line::styled(cut, line.style.patch(style))
    }

    /// Marks the selected row by a glyph, and covers it with one style, which no faint text may weaken.
    fn render_selection(&self, area: Rect, buf: &mut Buffer) {
        let row = Rect { width: area.width.saturating_sub(1), ..area };
        let style = if self.focused { self.theme.selected } else { self.theme.selected_elsewhere };
        put(buf, area.x, area.y, self.glyphs.selected, 1, self.theme.text);
        buf.set_style(row, style.remove_modifier(Modifier::DIM));
    }
}

/// Returns how far a text of `width` stands from the left of its column.
fn indent(align: Align, width: usize, room: usize) -> u16 {
    match align {
        Align::Left => 0,
        Align::Right => cells(room.saturating_sub(width)),
    }
}

//! Lists and texts over the middle of the screen: menus, the palette, help, errors.

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use super::input::Prompt;
use super::{cells, clear, fit, fit_line, frame, line_width, put, put_line, scroll_bar, scrolled};
use crate::domain::text;
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

/// An entry of a menu.
#[derive(Debug, Clone, Default)]
pub struct Item<'a> {
    /// What it is called.
    pub label: &'a str,
    /// What stands at the right: a chord, or the reason why it may not be chosen.
    pub detail: &'a str,
    /// Which characters of the label matched, counted in graphemes, as the fuzzy matcher counts them.
    pub matched: &'a [u32],
    /// Whether it cannot be chosen now.
    pub disabled: bool,
}

/// A list of entries, one of which is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Menu<'a> {
    /// What is chosen.
    pub title: &'a str,
    /// What the keys do.
    pub footer: &'a str,
    /// What has been typed to narrow the list, and what stands before it; nothing for a menu without.
    pub prompt: Option<(&'a str, &'a Input)>,
    /// The entries.
    pub items: &'a [Item<'a>],
    /// What is said where there is none.
    pub empty: &'a str,
    /// The entry that Enter chooses.
    pub selected: usize,
    /// The first entry to show; moved as little as needed so that the selected one is seen.
    pub offset: usize,
    /// The least width, so that a list that shrinks while one types stays where it is.
    pub min_width: u16,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
}

/// Where a menu was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MenuAreas {
    /// All of it: a click elsewhere closes it.
    pub outer: Rect,
    /// The visible entries, by index.
    pub rows: Vec<(usize, Rect)>,
    /// The first entry shown.
    pub offset: usize,
    /// How many entries there is room for.
    pub page: usize,
    /// Where the cursor belongs, if it has a prompt.
    pub cursor: Option<Position>,
}

impl MenuAreas {
    /// Returns which entry a position is on.
    pub fn row_at(&self, position: Position) -> Option<usize> {
        self.rows.iter().find(|(_, area)| area.contains(position)).map(|(index, _)| *index)
    }
}

impl Menu<'_> {
    /// Draws the menu over the middle of an area, as large as its entries need and the area allows.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> MenuAreas {
        let prompt_height = u16::from(self.prompt.is_some());
        let height = cells(self.items.len().max(1)).saturating_add(prompt_height);
        let widest = self.items.iter().map(Item::width).max().unwrap_or(0).max(text::width(self.empty) + 2);
        let inner_size = (cells(widest).max(self.min_width), height);
        let (outer, inner) = overlay(area, buf, inner_size, self.title, self.footer, self.theme, self.glyphs);
        let mut areas = MenuAreas { outer, ..MenuAreas::default() };
        if inner.is_empty() {
            return areas;
        }
        let mut list = inner;
        if let Some((label, input)) = self.prompt {
            let prompt = Prompt { label, input, hint: "", theme: self.theme, glyphs: self.glyphs };
            areas.cursor = prompt.render(Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }, buf);
            list = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
        }
        areas.page = usize::from(list.height);
        areas.offset = scrolled(self.offset, Some(self.selected), areas.page, self.items.len());
        if self.items.is_empty() && !list.is_empty() {
            let empty = fit(self.empty, usize::from(list.width.saturating_sub(2)), self.glyphs);
            put(buf, list.x + 1, list.y, &empty, list.width.saturating_sub(2), self.theme.dim);
        }
        let visible = self.items.iter().enumerate().skip(areas.offset);
        for ((index, item), y) in visible.zip(list.top()..list.bottom()) {
            let row = Rect { y, height: 1, ..list };
            self.render_item(item, index == self.selected, row, buf);
            areas.rows.push((index, row));
        }
        let bar = Rect { x: outer.right() - 1, width: 1, ..list };
        scroll_bar(bar, buf, areas.offset, self.items.len(), self.theme.text, self.glyphs);
        areas
    }

    fn render_item(&self, item: &Item<'_>, selected: bool, area: Rect, buf: &mut Buffer) {
        let room = usize::from(area.width.saturating_sub(2));
        let style = if item.disabled { self.theme.dim } else { self.theme.text };
        let label = fit_line(&item.line(style, self.theme.matched), room, self.glyphs);
        let left = room.saturating_sub(line_width(&label) + 2);
        put_line(buf, area.x + 1, area.y, &label, cells(room));
        let detail = fit(item.detail, left, self.glyphs);
        let width = cells(text::width(&detail));
        let detail_style = if item.disabled { self.theme.dim } else { self.theme.key };
        put(buf, area.right().saturating_sub(width + 1), area.y, &detail, width, detail_style);
        if selected {
            put(buf, area.x, area.y, self.glyphs.selected, 1, self.theme.text);
            buf.set_style(area, self.theme.selected);
        }
    }
}

impl Item<'_> {
    /// Returns the cells that it needs: both texts, a gap, and one cell on each side.
    fn width(&self) -> usize {
        let detail = if self.detail.is_empty() { 0 } else { text::width(self.detail) + 2 };
        text::width(self.label) + detail + 2
    }

    fn line(&self, style: Style, matched: Style) -> Line<'_> {
        let spans = self.label.graphemes(true).zip(0..).map(|(grapheme, at)| {
            let hit = self.matched.contains(&at);
            Span::styled(grapheme, if hit { style.patch(matched) } else { style })
        });
        Line::from(spans.collect::<Vec<_>>())
    }
}

/// A text to read: help, errors, a reason in full.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// What it is.
    pub title: &'a str,
    /// What the keys do.
    pub footer: &'a str,
    /// The lines; those that are too long are wrapped.
    pub lines: &'a [Line<'a>],
    /// The first row to show, counted after wrapping; held within what there is.
    pub offset: usize,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
}

/// Where a text was drawn, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReaderAreas {
    /// All of it: a click elsewhere closes it.
    pub outer: Rect,
    /// The first row shown.
    pub offset: usize,
    /// How many rows there is room for.
    pub page: usize,
    /// How many rows there are after wrapping.
    pub rows: usize,
}

impl Reader<'_> {
    /// Draws the text over the middle of an area, as large as it needs and the area allows.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> ReaderAreas {
        let widest = self.lines.iter().map(line_width).max().unwrap_or(0);
        let width = cells(widest + 2).min(area.width.saturating_sub(2));
        let room = usize::from(width.saturating_sub(2)).max(1);
        let wrapped: Vec<Line<'_>> = self.lines.iter().flat_map(|line| wrap_line(line, room)).collect();
        let size = (width, cells(wrapped.len()));
        let (outer, inner) = overlay(area, buf, size, self.title, self.footer, self.theme, self.glyphs);
        let page = usize::from(inner.height);
        let offset = scrolled(self.offset, None, page, wrapped.len());
        for (line, y) in wrapped.iter().skip(offset).zip(inner.top()..inner.bottom()) {
            put_line(buf, inner.x + 1, y, line, inner.width.saturating_sub(2));
        }
        if !inner.is_empty() {
            let bar = Rect { x: outer.right() - 1, width: 1, ..inner };
            scroll_bar(bar, buf, offset, wrapped.len(), self.theme.text, self.glyphs);
        }
        ReaderAreas { outer, offset, page, rows: wrapped.len() }
    }
}

/// Breaks a line into lines of at most `room` cells, each character in its style.
pub fn wrap_line<'a>(line: &Line<'a>, room: usize) -> Vec<Line<'a>> {
    if line_width(line) <= room {
        return vec![line.clone()];
    }
    let whole = line.to_string();
    text::wrap_ranges(&whole, room)
        .into_iter()
        .map(|range| {
            let mut start = 0;
            let mut spans = Vec::new();
            for span in &line.spans {
                let from = range.start.max(start) - start;
                let to = range.end.min(start + span.content.len()).saturating_sub(start);
                if let Some(part) = span.content.get(from..to).filter(|part| !part.is_empty()) {
                    spans.push(Span::styled(part.to_owned(), span.style));
                }
                start += span.content.len();
            }
            Line { spans, ..line.clone() }
        })
        .collect()
}

/// Clears and frames the middle of an area, and returns the frame and its inside.
///
/// `size` is the inside's wish, width and height; a title or footer that is wider widens it, the area bounds it.
pub fn overlay(
    area: Rect,
    buf: &mut Buffer,
    size: (u16, u16),
    title: &str,
    footer: &str,
    theme: &Theme,
    glyphs: &Glyphs,
) -> (Rect, Rect) {
    let area = area.intersection(buf.area);
    let texts = cells(text::width(title).max(text::width(footer)) + 2);
    let width = size.0.max(texts).saturating_add(2).min(area.width);
    let height = size.1.saturating_add(2).min(area.height);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    clear(outer, buf);
    buf.set_style(outer, theme.text);
    let inner = frame(outer, buf, theme.border, glyphs);
    if outer.width < 6 || outer.height < 2 {
        return (outer, inner);
    }
    let room = usize::from(outer.width - 2);
    let framed = |text: &str| format!(" {} ", fit(text, room - 2, glyphs));
    // Reset first: what a style leaves open would be the frame's otherwise.
    let over_frame = |style: Style| Style::reset().patch(theme.text).patch(style);
    if !title.is_empty() {
        put(buf, outer.x + 1, outer.y, &framed(title), cells(room), over_frame(theme.title));
    }
    if !footer.is_empty() {
        let footer = framed(footer);
        let width = cells(text::width(&footer));
        put(buf, outer.right() - 1 - width, outer.bottom() - 1, &footer, width, over_frame(theme.dim));
    }
    (outer, inner)
}

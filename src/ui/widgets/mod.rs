//! The parts that screens are made of.
//!
//! Each takes data, a theme and glyphs, and draws into a buffer; none knows the state or a domain row. What a mouse
//! can hit is returned as rectangles. Nothing here panics on an area that is too small: it draws what fits.

pub mod chart;
pub mod gauge;
pub mod input;
pub mod menu;
pub mod panel;
pub mod sparkline;
pub mod table;

use std::borrow::Cow;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::text;
use crate::ui::glyphs::{Frame, Glyphs};

/// Draws a text from `(x, y)` on, within `cells` and the buffer, and returns the column behind it.
pub fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, cells: u16, style: Style) -> u16 {
    if !buf.area.contains(Position { x, y }) {
        return x;
    }
    buf.set_stringn(x, y, text, usize::from(cells), style).0
}

/// Draws a line from `(x, y)` on, within `cells` and the buffer, and returns the column behind it.
pub fn put_line(buf: &mut Buffer, x: u16, y: u16, line: &Line<'_>, cells: u16) -> u16 {
    if !buf.area.contains(Position { x, y }) {
        return x;
    }
    buf.set_line(x, y, line, cells).0
}

/// Returns how many cells a line takes, counted as its text is drawn.
pub fn line_width(line: &Line<'_>) -> usize {
    line.spans.iter().map(|span| text::width(&span.content)).sum()
}

/// Returns the line cut to at most `cells`, with an ellipsis in the style of what it cuts.
pub fn fit_line<'a>(line: &Line<'a>, cells: usize, glyphs: &Glyphs) -> Line<'a> {
    if line_width(line) <= cells {
        return line.clone();
    }
    let mark = if text::width(glyphs.ellipsis) <= cells { glyphs.ellipsis } else { "" };
    let mut room = cells - text::width(mark);
    let mut spans: Vec<Span<'a>> = Vec::new();
    for span in &line.spans {
        let width = text::width(&span.content);
        if width <= room {
            room -= width;
            spans.push(span.clone());
            continue;
        }
        spans.push(Span::styled(format!("{}{mark}", text::head(&span.content, room)), span.style));
        break;
    }
    Line { spans, ..line.clone() }
}

/// Returns the text cut to at most `cells`, with the ellipsis of these glyphs.
pub fn fit<'a>(text: &'a str, cells: usize, glyphs: &Glyphs) -> Cow<'a, str> {
    text::truncate_with(text, cells, glyphs.ellipsis)
}

/// Returns the line broken into at most `rows` lines of at most `room` cells, with an ellipsis where more would follow.
pub fn wrap_within<'a>(line: &Line<'a>, room: usize, rows: usize, glyphs: &Glyphs) -> Vec<Line<'a>> {
    let mut lines = menu::wrap_line(line, room);
    let is_cut = lines.len() > rows;
    lines.truncate(rows);
    if let Some(last) = lines.last_mut().filter(|_| is_cut) {
        let style = last.spans.last().map_or(Style::new(), |span| span.style);
        last.spans.push(Span::styled(glyphs.ellipsis, style));
        *last = fit_line(last, room, glyphs);
    }
    lines
}

/// Draws a level rule over the whole width of an area's first row.
pub fn horizontal_rule(area: Rect, buf: &mut Buffer, style: Style, glyphs: &Glyphs) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    for x in area.left()..area.right() {
        buf[(x, area.y)].set_symbol(glyphs.frame.horizontal).set_style(style);
    }
}

/// Draws an upright rule over the whole height of an area's first column.
pub fn vertical_rule(area: Rect, buf: &mut Buffer, style: Style, glyphs: &Glyphs) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    for y in area.top()..area.bottom() {
        buf[(area.x, y)].set_symbol(glyphs.frame.vertical).set_style(style);
    }
}

/// Empties an area for what is drawn over it, and returns it as far as it lies in the buffer.
///
/// A wide character that reached into the area from the left goes whole: half of it would be drawn over the edge.
pub fn clear(area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        if area.x > buf.area.x && buf[(area.x - 1, y)].cell_width() > 1 {
            buf[(area.x - 1, y)].set_symbol(" ");
        }
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
    area
}

/// Draws a frame on the edge of an area, and returns what is inside.
fn frame(area: Rect, buf: &mut Buffer, style: Style, glyphs: &Glyphs) -> Rect {
    if area.width < 2 || area.height < 2 {
        return area;
    }
    let Frame { horizontal, vertical, corners } = glyphs.frame;
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for x in area.x + 1..right {
        for y in [area.y, bottom] {
            buf[(x, y)].set_symbol(horizontal).set_style(style);
        }
    }
    for y in area.y + 1..bottom {
        for x in [area.x, right] {
            buf[(x, y)].set_symbol(vertical).set_style(style);
        }
    }
    let places = [(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)];
    for (place, corner) in places.into_iter().zip(corners) {
        buf[place].set_symbol(corner).set_style(style);
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Returns the offset nearest to `offset` that shows the selected row and leaves no row empty at the end.
///
/// `page` is how many rows fit, `len` how many there are.
pub fn scrolled(offset: usize, selected: Option<usize>, page: usize, len: usize) -> usize {
    let page = page.max(1);
    let offset = offset.min(len.saturating_sub(page));
    match selected.map(|selected| selected.min(len.saturating_sub(1))) {
        Some(selected) if selected < offset => selected,
        Some(selected) if selected >= offset + page => selected + 1 - page,
        _ => offset,
    }
}

/// Draws the thumb of a scroll bar into an area's only column; nothing where all rows fit.
fn scroll_bar(area: Rect, buf: &mut Buffer, offset: usize, len: usize, style: Style, glyphs: &Glyphs) {
    let page = usize::from(area.height);
    let area = area.intersection(buf.area);
    if area.is_empty() || len <= page {
        return;
    }
    let size = (page * page / len).max(1);
    let top = (offset * (page - size)).div_ceil(len - page).min(page - size);
    for y in (area.top()..area.bottom()).skip(top).take(size) {
        buf[(area.x, y)].set_symbol(glyphs.thumb).set_style(style);
    }
}

/// Returns a number of cells as a coordinate, at most the widest screen there can be.
pub fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Returns what a widget drew, a string a row, without trailing spaces.
    pub(super) fn rows(buf: &Buffer) -> Vec<String> {
        (buf.area.top()..buf.area.bottom())
            .map(|y| {
                let mut row = String::new();
                let mut x = buf.area.left();
                while x < buf.area.right() {
                    row.push_str(buf[(x, y)].symbol());
                    x += buf[(x, y)].cell_width().max(1);
                }
                row.trim_end().to_owned()
            })
            .collect()
    }

    #[rstest]
    #[case("web")]
    #[case("関所")]
    #[case("ｶﾞﾊﾟ")]
    #[case("e\u{301}👨\u{200d}👩\u{200d}👧🇯🇵")]
    #[case("☁\u{fe0f}x")]
    fn our_widths_are_the_drawing_librarys(#[case] text: &str) {
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 1));
        let end = put(&mut buf, 0, 0, text, 40, Style::new());
        assert_eq!(usize::from(end), text::width(text));
    }

    #[test]
    fn draws_nothing_outside() {
        let mut buf = Buffer::empty(Rect::new(2, 2, 3, 1));
        for (x, y) in [(0, 2), (2, 1), (2, 3), (9, 2)] {
            put(&mut buf, x, y, "web", 9, Style::new());
            put_line(&mut buf, x, y, &Line::raw("web"), 9);
        }
        assert_eq!(rows(&buf), [""]);
        assert_eq!(put(&mut buf, 3, 2, "関所", 9, Style::new()), 5);
        assert_eq!(rows(&buf), [" 関"]);
    }

    #[test]
    fn cuts_a_line_in_its_styles() {
        let line = Line::from(vec![Span::raw("関所"), Span::styled(" prd", Style::new().bold())]);
        let cut = fit_line(&line, 7, Glyphs::unicode());
        assert_eq!(cut.spans, [Span::raw("関所"), Span::styled(" p…", Style::new().bold())]);
        assert_eq!(fit_line(&line, 4, Glyphs::ascii()).to_string(), "関..");
        assert_eq!(fit_line(&line, 1, Glyphs::ascii()).to_string(), "");
    }

    #[rstest]
    #[case(12, 3, "one two / three four")]
    #[case(12, 2, "one two / three four")]
    #[case(10, 2, "one two / three four")]
    #[case(9, 2, "one two / three…")]
    #[case(5, 2, "one / two…")]
    #[case(4, 3, "one / two / thr…")]
    #[case(9, 1, "one two…")]
    #[case(9, 0, "")]
    fn says_where_more_lines_would_follow(#[case] room: usize, #[case] rows: usize, #[case] shown: &str) {
        let lines = wrap_within(&Line::raw("one two three four"), room, rows, Glyphs::unicode());
        assert_eq!(lines.iter().map(Line::to_string).collect::<Vec<_>>().join(" / "), shown);
        assert!(lines.iter().all(|line| line_width(line) <= room));
    }

    #[rstest]
    #[case(0, Some(0), 10, 100, 0)]
    #[case(0, Some(10), 10, 100, 1)]
    #[case(50, Some(3), 10, 100, 3)]
    #[case(95, None, 10, 100, 90)]
    #[case(5, Some(2), 10, 3, 0)]
    #[case(7, Some(9), 10, 0, 0)]
    #[case(0, Some(5), 0, 9, 5)]
    fn scrolls_to_the_selection(
        #[case] offset: usize,
        #[case] selected: Option<usize>,
        #[case] page: usize,
        #[case] len: usize,
        #[case] expected: usize,
    ) {
        assert_eq!(scrolled(offset, selected, page, len), expected);
    }

    #[test]
    fn scroll_bar_reaches_both_ends_only_there() {
        let thumb = |offset| {
            let mut buf = Buffer::empty(Rect::new(0, 0, 1, 4));
            scroll_bar(buf.area, &mut buf, offset, 8, Style::new(), Glyphs::ascii());
            rows(&buf).concat()
        };
        assert_eq!(thumb(0), "##");
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 4));
        scroll_bar(buf.area, &mut buf, 4, 8, Style::new(), Glyphs::ascii());
        assert_eq!(rows(&buf), ["", "", "#", "#"]);
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 4));
        scroll_bar(buf.area, &mut buf, 1, 8, Style::new(), Glyphs::ascii());
        assert_eq!(rows(&buf), ["", "#", "#", ""]);
    }

    #[test]
    fn clearing_takes_wide_characters_whole() {
        let mut buf = Buffer::with_lines(["関所関所"]);
        clear(Rect::new(3, 0, 2, 1), &mut buf);
        assert_eq!(buf, Buffer::with_lines(["関    所"]));
    }
}

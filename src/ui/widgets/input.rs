//! A prompt of one line, with its cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use super::{cells, put};
use crate::domain::text;
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

/// A prompt of one line: `/web▏`, `:services`, `Type web to go on:`.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// What stands before the text.
    pub label: &'a str,
    /// The text and its cursor.
    pub input: &'a Input,
    /// What is shown in place of an empty text, or behind it as its completion.
    pub hint: &'a str,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
}

impl Prompt<'_> {
    /// Draws the prompt into the area's first row, and returns where the cursor belongs.
    ///
    /// A text that is too long is scrolled so that the cursor shows, with marks where more lies on a side. Control
    /// characters, which a paste may bring, are drawn as `?`. Returns nothing where there is no room.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let area = area.intersection(buf.area);
        if area.width < 2 || area.height == 0 {
            return None;
        }
        let label = text::truncate_with(self.label, usize::from(area.width / 2), self.glyphs.ellipsis);
        let start = put(buf, area.x, area.y, &label, area.width, self.theme.accent);
        let room = area.right() - start;
        let view = self.view(usize::from(room));
        let mut x = start;
        if view.more_left {
            x = put(buf, x, area.y, self.glyphs.more_left, 1, self.theme.dim);
        }
        let end = put(buf, x, area.y, &view.shown, area.right() - x, self.theme.text);
        if view.more_right {
            put(buf, area.right() - 1, area.y, self.glyphs.more_right, 1, self.theme.dim);
        } else {
            let hint = text::truncate_with(self.hint, usize::from(area.right() - end), self.glyphs.ellipsis);
            put(buf, end, area.y, &hint, area.right() - end, self.theme.dim);
        }
        Some(Position { x: start + cells(view.cursor), y: area.y })
    }

    /// Works out what of the text shows in so many cells.
    ///
    /// The text is scrolled as little as the cursor allows, which also needs a cell behind the last character.
    fn view(&self, room: usize) -> View {
        let value = self.input.value();
        let graphemes: Vec<&str> = value.graphemes(true).map(drawable).collect();
        let cursor_byte = value.char_indices().nth(self.input.cursor()).map_or(value.len(), |(at, _)| at);
        let cursor = value.grapheme_indices(true).take_while(|(at, _)| *at < cursor_byte).count();
        let at_end = cursor == graphemes.len();

        // Where each character begins if nothing is scrolled, and where the last one ends.
        let mut columns = vec![0];
        columns.extend(graphemes.iter().scan(0, |column, grapheme| {
            *column += text::width(grapheme);
            Some(*column)
        }));
        let behind_cursor = if at_end { columns[cursor] + 1 } else { columns[cursor + 1] };
        let mark_left = |first: usize| usize::from(first > 0);
        let cut_right = |first: usize| !at_end && mark_left(first) + columns[graphemes.len()] - columns[first] > room;
        let fits =
            |&first: &usize| mark_left(first) + behind_cursor - columns[first] + usize::from(cut_right(first)) <= room;
        let first = (0..=cursor).find(fits).unwrap_or(cursor);
        let visible = room.saturating_sub(mark_left(first) + usize::from(cut_right(first)));
        View {
            shown: text::head(&graphemes[first..].concat(), visible).to_owned(),
            cursor: (mark_left(first) + columns[cursor] - columns[first]).min(room.saturating_sub(1)),
            more_left: first > 0,
            more_right: cut_right(first),
        }
    }
}

/// What of a text shows.
struct View {
    shown: String,
    cursor: usize,
    more_left: bool,
    more_right: bool,
}

/// Returns what is drawn for a grapheme: itself, or `?` for a control character.
fn drawable(grapheme: &str) -> &str {
    if grapheme.contains(char::is_control) || text::width(grapheme) == 0 { "?" } else { grapheme }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::rows;
    use super::*;

    fn drawn(label: &str, value: &str, cursor: usize, hint: &str, width: u16) -> (String, Option<u16>) {
        let theme = Theme::no_color();
        let input = Input::new(value.to_owned()).with_cursor(cursor);
        let prompt = Prompt { label, input: &input, hint, theme: &theme, glyphs: Glyphs::ascii() };
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        let at = prompt.render(buf.area, &mut buf);
        (rows(&buf)[0].clone(), at.map(|position| position.x))
    }

    #[rstest]
    #[case("web", 3, 10, "/web", 4)]
    #[case("web", 0, 10, "/web", 1)]
    #[case("関所", 1, 10, "/関所", 3)]
    #[case("関所", 2, 10, "/関所", 5)]
    #[case("a\u{7}b", 3, 10, "/a?b", 4)]
    #[case("e\u{301}x", 2, 10, "/e\u{301}x", 2)]
    #[case("", 0, 10, "/", 1)]
    fn shows_text_and_cursor(
        #[case] value: &str,
        #[case] cursor: usize,
        #[case] width: u16,
        #[case] row: &str,
        #[case] at: u16,
    ) {
        assert_eq!(drawn("/", value, cursor, "", width), (row.to_owned(), Some(at)));
    }

    #[test]
    fn shows_a_hint_behind_the_text() {
        assert_eq!(drawn(":", "ser", 3, "vices", 12).0, ":services");
        assert_eq!(drawn(":", "", 0, "command or screen", 12).0, ":command o..");
    }

    #[test]
    fn the_cursor_is_always_on_what_it_stands_before() {
        let value = "ab関cde所fghij門klm";
        let graphemes: Vec<&str> = value.graphemes(true).collect();
        let theme = Theme::no_color();
        for width in 6..30 {
            for cursor in 0..=graphemes.len() {
                let input = Input::new(value.to_owned()).with_cursor(cursor);
                let prompt = Prompt { label: "/", input: &input, hint: "", theme: &theme, glyphs: Glyphs::ascii() };
                let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
                let at = prompt.render(buf.area, &mut buf).unwrap();
                assert!(at.x < width, "width {width}, cursor {cursor}");
                let under = buf[at].symbol();
                let expected = graphemes.get(cursor).copied().unwrap_or(" ");
                assert_eq!(under, expected, "width {width}, cursor {cursor}: {:?}", rows(&buf));
            }
        }
    }

    #[test]
    fn marks_what_lies_beyond() {
        assert_eq!(drawn("/", "abcdefghij", 10, "", 8).0, "/<fghij");
        assert_eq!(drawn("/", "abcdefghij", 0, "", 8).0, "/abcdef>");
        assert_eq!(drawn("/", "abcdefghij", 5, "", 1).1, None);
    }
}

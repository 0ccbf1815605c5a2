//! A terminal in memory: what programs write goes in, cells come out, and nothing is obeyed by the terminal around it.

use std::fmt;

/// The smallest screen: a wide character needs two columns, and a line that wraps two rows.
pub const SMALLEST: u16 = 2;

/// The largest screen, in columns and in rows.
pub const LARGEST: u16 = 500;

/// Holds what a terminal would show.
///
/// The library underneath breaks where a size is smaller than [`SMALLEST`], or is changed under wide characters; so
/// sizes are bounded here, and a change of size draws what was there anew.
pub struct Screen {
    parser: vt100::Parser,
    history: usize,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it shows may be a secret.
        f.debug_struct("Screen").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl Screen {
    /// Makes an empty screen that keeps so many lines of what has left it at the top.
    pub fn new(columns: u16, rows: u16, history: usize) -> Self {
        let (columns, rows) = bounded(columns, rows);
        Self { parser: vt100::Parser::new(rows, columns, history), history }
    }

    /// Takes what a program wrote.
    pub fn write(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
    }

    /// Returns the columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (rows, columns) = self.cells().size();
        (columns, rows)
    }

    /// Returns the cells, the cursor and the modes.
    pub fn cells(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Scrolls so many lines back into what has left the screen, as far as there are any.
    pub fn scroll_back(&mut self, lines: usize) {
        self.parser.screen_mut().set_scrollback(lines);
    }

    /// Puts cells back that were taken from a screen of [`Screen::cells`].
    pub fn restore(&mut self, cells: vt100::Screen) {
        *self.parser.screen_mut() = cells;
    }

    /// Changes the size. The rows around the cursor stay, cut where they are too long; what had left the screen, and
    /// what lies behind a full-screen program, is gone where the screen becomes narrower or lower.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let (columns, rows) = bounded(columns, rows);
        let (old_columns, old_rows) = self.size();
        if (columns, rows) == (old_columns, old_rows) {
            return;
        }
        if columns >= old_columns && rows >= old_rows {
            self.parser.screen_mut().set_size(rows, columns);
            return;
        }
        self.parser.screen_mut().set_scrollback(0);
        let drawn = drawn(self.parser.screen(), columns, rows);
        self.parser = vt100::Parser::new(rows, columns, self.history);
        self.parser.process(&drawn);
    }
}

fn bounded(columns: u16, rows: u16) -> (u16, u16) {
    (columns.clamp(SMALLEST, LARGEST), rows.clamp(SMALLEST, LARGEST))
}

/// Returns the sequences that draw a screen on a smaller one.
fn drawn(screen: &vt100::Screen, columns: u16, rows: u16) -> Vec<u8> {
    let (cursor_row, cursor_column) = screen.cursor_position();
    let first = (cursor_row + 1).saturating_sub(rows);
    let mut bytes = Vec::new();
    if screen.alternate_screen() {
        bytes.extend_from_slice(b"\x1b[?1049h");
    }
    let old_columns = screen.size().1;
    let width = columns.min(old_columns);
    let whole: Vec<Vec<u8>> = screen.rows_formatted(0, width).collect();
    // A wide character that the edge would cut goes whole.
    let cut: Vec<Vec<u8>> = screen.rows_formatted(0, width - 1).collect();
    for (place, row) in (first..screen.size().0).take(usize::from(rows)).enumerate() {
        let is_cut = width < old_columns && screen.cell(row, width - 1).is_some_and(vt100::Cell::is_wide);
        let line = if is_cut { &cut } else { &whole }.get(usize::from(row));
        bytes.extend_from_slice(format!("\x1b[m\x1b[{};1H", place + 1).as_bytes());
        bytes.extend_from_slice(line.map_or(&[], Vec::as_slice));
    }
    let place = (cursor_row - first + 1, cursor_column.min(columns - 1) + 1);
    bytes.extend_from_slice(format!("\x1b[{};{}H", place.0, place.1).as_bytes());
    bytes.extend_from_slice(&screen.attributes_formatted());
    bytes.extend_from_slice(&screen.input_mode_formatted());
    if screen.hide_cursor() {
        bytes.extend_from_slice(b"\x1b[?25l");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn screen(columns: u16, rows: u16, text: &str) -> Screen {
        let mut screen = Screen::new(columns, rows, 10);
        screen.write(text.as_bytes());
        screen
    }

    #[test]
    fn a_smaller_screen_keeps_what_is_around_the_cursor() {
        let mut screen = screen(10, 4, "one\r\n二二二二二\r\n\u{1b}[31mthree\r\nfour");
        screen.resize(5, 3);
        assert_eq!(screen.cells().contents(), "二二\nthree\nfour");
        assert_eq!(screen.cells().cursor_position(), (2, 4));
        assert_eq!(screen.cells().cell(1, 0).map(vt100::Cell::fgcolor), Some(vt100::Color::Idx(1)));
        screen.write(b"!\r\n\x1b[?1049hfull\x1b[?25l");
        screen.resize(4, 2);
        assert!(screen.cells().alternate_screen() && screen.cells().hide_cursor());
        assert_eq!(screen.size(), (4, 2));
    }

    #[test]
    fn a_larger_screen_keeps_all_and_sizes_are_bounded() {
        let mut screen = screen(5, 2, "abc\r\nd");
        screen.resize(9, 5);
        assert_eq!((screen.cells().contents().as_str(), screen.size()), ("abc\nd", (9, 5)));
        screen.resize(0, 0);
        assert_eq!(screen.size(), (SMALLEST, SMALLEST));
        screen.resize(u16::MAX, u16::MAX);
        assert_eq!(screen.size(), (LARGEST, LARGEST));
    }

    #[test]
    fn what_left_the_screen_can_be_seen_again() {
        let mut screen = screen(5, 2, "1\r\n2\r\n3\r\n4");
        screen.scroll_back(1);
        assert_eq!(screen.cells().contents(), "2\n3");
        screen.scroll_back(usize::MAX);
        assert_eq!(screen.cells().contents(), "1\n2");
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_breaks_it(
            steps in prop::collection::vec(prop_oneof![
                "(\u{1b}\\[[0-9;?]{0,6}[@-~]|\u{1b}[78MDEHc=>()#]|[a-z関👨\u{200d}ﾞ\u{301}\r\n\t\u{8}\u{b}]){0,20}"
                    .prop_map(|text| (text.into_bytes(), None)),
                ".{0,20}".prop_map(|text| (text.into_bytes(), None)),
                prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| (bytes, None)),
                (0_u16..30, 0_u16..30).prop_map(|size| (Vec::new(), Some(size))),
            ], 0..40),
        ) {
            let mut screen = Screen::new(20, 5, 10);
            for (bytes, size) in steps {
                screen.write(&bytes);
                if let Some((columns, rows)) = size {
                    screen.resize(columns, rows);
                }
            }
        }
    }
}

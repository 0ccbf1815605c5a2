//! A terminal in memory: what programs write goes in, cells come out, and nothing is obeyed by the terminal around it.
//!
//! Titles, clipboard requests (OSC 52), device control strings and queries are dropped and answered by nobody, but for
//! three that full-screen programs wait for: the device status report (`CSI 5 n`), the position of the cursor
//! (`CSI 6 n`) and the primary device attributes (`CSI c`), which are answered from what the screen holds.

mod dialect;
#[cfg(test)]
mod tests;

use std::fmt;

use self::dialect::Dialect;

/// The smallest screen, in columns and rows: a wide character needs two columns, and a line that wraps two rows.
pub const SMALLEST: (u16, u16) = (2, 2);

/// The largest screen, in columns and rows, far beyond what a terminal has: its cells are memory.
pub const LARGEST: (u16, u16) = (1_000, 500);

/// Bytes of answers that one piece of output can bring about; what would be more is not answered.
const MOST_ANSWERED: usize = 512;

/// Bytes that are translated at a time: a sequence that repeats a character is many times as long as it was.
const AT_A_TIME: usize = 1_024;

/// Holds what a terminal would show.
///
/// The library underneath breaks where a size is smaller than [`SMALLEST`], or cuts a wide character in half, and counts
/// as far as a hostile program asks; so sizes and counts are bounded here, and what a smaller size would cut goes whole.
pub struct Screen {
    parser: vt100::Parser<Answers>,
    dialect: Dialect,
    buffer: Vec<u8>,
}

/// What a screen held at one moment; [`Screen::restore`] goes back to it.
#[derive(Clone)]
pub struct Snapshot {
    cells: vt100::Screen,
    dialect: Dialect,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it shows may be a secret.
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
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
        Self {
            parser: vt100::Parser::new_with_callbacks(rows, columns, history, Answers::default()),
            dialect: Dialect::default(),
            buffer: Vec::new(),
        }
    }

    /// Takes what a program wrote, and answers nothing.
    pub fn write(&mut self, bytes: &[u8]) {
        drop(self.take(bytes));
    }

    /// Takes what a program wrote, and returns what the terminal answers to it, which mostly is nothing.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let size = self.size();
        for piece in bytes.chunks(AT_A_TIME) {
            self.buffer.clear();
            self.dialect.translate(piece, size, &mut self.buffer);
            self.parser.process(&self.buffer);
        }
        std::mem::take(&mut self.parser.callbacks_mut().answers)
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

    /// Tells whether reports of the focus were asked for (mode 1004).
    pub fn wants_focus(&self) -> bool {
        self.dialect.wants_focus()
    }

    /// Scrolls so many lines back into what has left the screen, as far as there are any.
    pub fn scroll_back(&mut self, lines: usize) {
        self.parser.screen_mut().set_scrollback(lines);
    }

    /// Returns how many lines it is scrolled back; zero where the end is shown.
    pub fn scrolled(&self) -> usize {
        self.cells().scrollback()
    }

    /// Returns what it holds now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { cells: self.cells().clone(), dialect: self.dialect.clone() }
    }

    /// Goes back to what it held.
    pub fn restore(&mut self, snapshot: Snapshot) {
        *self.parser.screen_mut() = snapshot.cells;
        self.dialect = snapshot.dialect;
    }

    /// Changes the size, and returns whether it is another one. The rows around the cursor stay, cut where they are too
    /// long; those above leave the screen as if they had been scrolled.
    pub fn resize(&mut self, columns: u16, rows: u16) -> bool {
        let (columns, rows) = bounded(columns, rows);
        let old = self.size();
        if (columns, rows) == old {
            return false;
        }
        self.scroll_back(0);
        if columns < old.0 || rows < old.1 {
            let is_alternate = self.cells().alternate_screen();
            self.make_room(columns, rows);
            // Mode 47 changes between the screens and nothing else.
            self.parser.process(if is_alternate { b"\x1b[?47l" } else { b"\x1b[?47h" });
            self.make_room(columns, rows);
            self.parser.process(if is_alternate { b"\x1b[?47h" } else { b"\x1b[?47l" });
        }
        self.parser.screen_mut().set_size(rows, columns);
        true
    }

    /// Moves up what would fall off the foot of a lower screen, and takes away the wide characters that a narrower one
    /// would cut in half: the library keeps the left half of one, and looks for the right half later, where no cell is.
    fn make_room(&mut self, columns: u16, rows: u16) {
        self.scroll_back(0);
        let old = self.size();
        let (row, column) = self.cells().cursor_position();
        let above = (row + 1).saturating_sub(rows);
        let is_cut = |row: &u16| self.cells().cell(*row, columns - 1).is_some_and(vt100::Cell::is_wide);
        let cut: Vec<u16> = if columns < old.0 { (0..old.1).filter(is_cut).collect() } else { Vec::new() };
        if above == 0 && cut.is_empty() {
            return;
        }
        // Positions count from the scrolling region in origin mode; programs that use either draw all anew on a new size.
        self.parser.process(b"\x1b[?6l");
        for row in cut {
            self.parser.process(format!("\x1b[{};{columns}H\x1b[X", row + 1).as_bytes());
        }
        if above > 0 {
            self.parser.process(format!("\x1b[r\x1b[{above}S").as_bytes());
        }
        self.parser.process(format!("\x1b[{};{}H", row - above + 1, column + 1).as_bytes());
    }
}

fn bounded(columns: u16, rows: u16) -> (u16, u16) {
    (columns.clamp(SMALLEST.0, LARGEST.0), rows.clamp(SMALLEST.1, LARGEST.1))
}

/// Answers the few queries that programs wait for.
#[derive(Debug, Default)]
struct Answers {
    answers: Vec<u8>,
}

impl vt100::Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _second: Option<u8>,
        parameters: &[&[u16]],
        last: char,
    ) {
        let parameter = parameters.first().and_then(|part| part.first()).copied().unwrap_or(0);
        // Sources: ECMA-48, 8.3.35 (DSR) and 8.3.24 (DA); the answer to DA is a VT100's with the advanced video option.
        let answer = match (first, last, parameter) {
            (None, 'n', 5) => "\x1b[0n".to_owned(),
            (None, 'n', 6) => {
                let (row, column) = screen.cursor_position();
                let column = column.min(screen.size().1.saturating_sub(1));
                format!("\x1b[{};{}R", row + 1, column + 1)
            }
            (None, 'c', 0) => "\x1b[?1;2c".to_owned(),
            _ => return,
        };
        if self.answers.len() + answer.len() <= MOST_ANSWERED {
            self.answers.extend_from_slice(answer.as_bytes());
        }
    }
}

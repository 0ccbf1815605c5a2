//! The terminal of a shell, held in the state: what the far side draws, drawn here first.
//!
//! Nothing that the far side sends reaches the terminal in front of the person as it is: it goes through an emulator,
//! and only the emulator's cells are drawn. Titles, clipboard requests (OSC 52), device control strings and queries are
//! dropped and answered by nobody, but for three that full-screen programs wait for: the device status report
//! (`CSI 5 n`), the position of the cursor (`CSI 6 n`) and the primary device attributes (`CSI c`), which the emulator
//! answers from what it holds.

mod dialect;
#[cfg(test)]
mod tests;

use std::fmt;

use self::dialect::Dialect;

/// Lines that are kept above the screen.
pub const SCROLLBACK: usize = 2_000;

/// The smallest screen that the emulator can hold: a wide character needs two columns, and what is wrapped two rows.
const SMALLEST: (u16, u16) = (2, 2);

/// The largest screen, far beyond what a terminal has: its cells are memory.
const LARGEST: (u16, u16) = (1_000, 500);

/// Bytes of answers that one piece of output can bring about; what would be more is not answered.
const MOST_ANSWERED: usize = 512;

/// Which mouse reports the far side asked for (xterm's control sequences, "Mouse Tracking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MouseMode {
    /// None.
    #[default]
    Off,
    /// Presses alone (mode 9, X10).
    Press,
    /// Presses and releases (mode 1000).
    PressRelease,
    /// Those, and moves while a button is held (mode 1002).
    ButtonMotion,
    /// Those, and every move (mode 1003).
    AnyMotion,
}

/// How mouse reports are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MouseEncoding {
    /// A byte a number, up to column and row 223.
    #[default]
    Default,
    /// A character of UTF-8 a number (mode 1005).
    Utf8,
    /// Decimal numbers (mode 1006).
    Sgr,
}

/// What the far side asked the terminal for, as far as it changes what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mode of the terminal that is set or not")]
pub struct Modes {
    /// Whether arrows are sent as applications want them (DECCKM, mode 1).
    pub application_cursor: bool,
    /// Whether a paste is bracketed (mode 2004).
    pub bracketed_paste: bool,
    /// Whether the focus is reported (mode 1004).
    pub focus: bool,
    /// Whether the alternate screen is shown, which has no lines above it.
    pub alternate: bool,
    /// Which mouse reports are wanted.
    pub mouse: MouseMode,
    /// How they are written.
    pub encoding: MouseEncoding,
}

/// Holds what a shell has drawn.
pub struct Pane {
    parser: vt100::Parser<Answers>,
    dialect: Dialect,
    size: (u16, u16),
    buffer: Vec<u8>,
}

impl fmt::Debug for Pane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a shell showed is in its recording, redacted; it is not for logs.
        f.debug_struct("Pane").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Pane {
    /// Makes an empty screen of so many columns and rows, held within what the emulator takes.
    pub fn new(columns: u16, rows: u16) -> Self {
        let (columns, rows) = bounded(columns, rows);
        Self {
            parser: vt100::Parser::new_with_callbacks(rows, columns, SCROLLBACK, Answers::default()),
            dialect: Dialect::default(),
            size: (columns, rows),
            buffer: Vec::new(),
        }
    }

    /// Returns columns and rows.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Takes output of the far side, and returns what the terminal answers to it, which mostly is nothing.
    pub fn take(&mut self, output: &[u8]) -> Vec<u8> {
        self.buffer.clear();
        self.dialect.translate(output, self.size, &mut self.buffer);
        self.parser.process(&self.buffer);
        std::mem::take(&mut self.parser.callbacks_mut().answers)
    }

    /// Changes the size, and returns whether it is another one.
    pub fn resize(&mut self, columns: u16, rows: u16) -> bool {
        let size = bounded(columns, rows);
        if size == self.size {
            return false;
        }
        if size.0 < self.size.0 {
            self.cut_wide(size.0);
        }
        self.parser.screen_mut().set_scrollback(0);
        self.parser.screen_mut().set_size(size.1, size.0);
        self.size = size;
        true
    }

    /// Returns the cells and the cursor, to be drawn.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Returns what the far side asked the terminal for.
    pub fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        Modes {
            application_cursor: screen.application_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            focus: self.dialect.wants_focus(),
            alternate: screen.alternate_screen(),
            mouse: match screen.mouse_protocol_mode() {
                vt100::MouseProtocolMode::None => MouseMode::Off,
                vt100::MouseProtocolMode::Press => MouseMode::Press,
                vt100::MouseProtocolMode::PressRelease => MouseMode::PressRelease,
                vt100::MouseProtocolMode::ButtonMotion => MouseMode::ButtonMotion,
                vt100::MouseProtocolMode::AnyMotion => MouseMode::AnyMotion,
            },
            encoding: match screen.mouse_protocol_encoding() {
                vt100::MouseProtocolEncoding::Default => MouseEncoding::Default,
                vt100::MouseProtocolEncoding::Utf8 => MouseEncoding::Utf8,
                vt100::MouseProtocolEncoding::Sgr => MouseEncoding::Sgr,
            },
        }
    }

    /// Moves the view by so many lines, up being negative; it stops at the first line that is kept and at the last.
    pub fn scroll(&mut self, lines: isize) {
        let now = self.parser.screen().scrollback();
        self.parser.screen_mut().set_scrollback(now.saturating_add_signed(lines.saturating_neg()));
    }

    /// Returns how many lines lie below what is shown; zero where the end is.
    pub fn scrolled(&self) -> usize {
        self.parser.screen().scrollback()
    }

    /// Shows the end again.
    pub fn follow(&mut self) {
        self.parser.screen_mut().set_scrollback(0);
    }

    /// Takes away the wide characters that a narrower screen would cut in half, on both screens.
    ///
    /// The emulator keeps the left half of one that it cuts, and looks for the right half later, where there is no cell.
    fn cut_wide(&mut self, columns: u16) {
        let is_alternate = self.parser.screen().alternate_screen();
        self.cut_wide_here(columns);
        // Mode 47 changes between the screens and nothing else.
        self.parser.process(if is_alternate { b"\x1b[?47l" } else { b"\x1b[?47h" });
        self.cut_wide_here(columns);
        self.parser.process(if is_alternate { b"\x1b[?47h" } else { b"\x1b[?47l" });
    }

    fn cut_wide_here(&mut self, columns: u16) {
        self.follow();
        let (row, column) = self.parser.screen().cursor_position();
        let cut: Vec<u16> = (0..self.size.1)
            .filter(|row| self.parser.screen().cell(*row, columns - 1).is_some_and(vt100::Cell::is_wide))
            .collect();
        if cut.is_empty() {
            return;
        }
        // Positions count from the scrolling region in origin mode; programs that use either draw all anew on a new size.
        self.parser.process(b"\x1b[?6l");
        for row in cut {
            self.parser.process(format!("\x1b[{};{columns}H\x1b[X", row + 1).as_bytes());
        }
        self.parser.process(format!("\x1b[{};{}H", row + 1, column + 1).as_bytes());
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

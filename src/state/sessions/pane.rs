//! The terminal of a shell, held in the state: what the far side draws, drawn here first.
//!
//! Nothing that the far side sends reaches the terminal in front of the person as it is: it goes through a screen in
//! memory, and only that screen's cells are drawn.

#[cfg(test)]
mod tests;

use crate::domain::screen::Screen;

/// Lines that are kept above the screen.
pub const SCROLLBACK: usize = 2_000;

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
#[derive(Debug)]
pub struct Pane(Screen);

impl Pane {
    /// Makes an empty screen of so many columns and rows, held within what the emulator takes.
    pub fn new(columns: u16, rows: u16) -> Self {
        Self(Screen::new(columns, rows, SCROLLBACK))
    }

    /// Returns columns and rows.
    pub fn size(&self) -> (u16, u16) {
        self.0.size()
    }

    /// Takes output of the far side, and returns what the terminal answers to it, which mostly is nothing.
    pub fn take(&mut self, output: &[u8]) -> Vec<u8> {
        self.0.take(output)
    }

    /// Changes the size, and returns whether it is another one.
    pub fn resize(&mut self, columns: u16, rows: u16) -> bool {
        self.0.resize(columns, rows)
    }

    /// Returns the cells and the cursor, to be drawn.
    pub fn screen(&self) -> &vt100::Screen {
        self.0.cells()
    }

    /// Returns what the far side asked the terminal for.
    pub fn modes(&self) -> Modes {
        let screen = self.screen();
        Modes {
            application_cursor: screen.application_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            focus: self.0.wants_focus(),
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
        self.0.scroll_back(self.scrolled().saturating_add_signed(lines.saturating_neg()));
    }

    /// Returns how many lines lie below what is shown; zero where the end is.
    pub fn scrolled(&self) -> usize {
        self.0.scrolled()
    }

    /// Shows the end again.
    pub fn follow(&mut self) {
        self.0.scroll_back(0);
    }
}

//! The terminal handed to a program on the far side: raw mode, and nothing else of ours.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::{NotATerminal, require, restore_before_panics};

/// Whether the terminal is in raw mode for a far side.
static RAW: AtomicBool = AtomicBool::new(false);

/// Whether the far side has its alternate screen in front.
static ALTERNATE: AtomicBool = AtomicBool::new(false);

/// What leaves the alternate screen, with the cursor where it was before.
const LEAVE_ALTERNATE: &str = "\x1b[?1049l";

/// What a far side that was cut off may have left switched on, and how it is switched off: mouse reports in all forms,
/// focus reports, bracketed paste, keys of their own for cursor and keypad, key encodings of xterm and kitty, the
/// scrolling region with positions that count from it, insertion, lines that do not wrap, a reversed screen, colours and
/// the line-drawing character sets; the cursor is shown.
///
/// The region and the origin move the cursor when they are reset, so it is saved around them; what is saved holds the
/// origin too, which is why a soft reset goes before.
///
/// Sources: xterm's control sequences, "DEC Private Mode Reset (DECRST)", "Soft terminal reset (DECSTR)", "Save Cursor
/// (DECSC)".
const RESET: &str = concat!(
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2026l",
    "\x1b[!p\x1b7\x1b[?6l\x1b[r\x1b8\x1b[4l\x1b[?5l",
    "\x1b[?1l\x1b>\x1b[>4;0m\x1b[<u\x1b[?7h\x1b(B\x1b)B\x0f\x1b[0m\x1b[0 q\x1b[?25h"
);

/// The terminal while the far side has it; dropping gives it back, and so does a panic, before it is told.
#[derive(Debug)]
pub struct Raw(());

impl Raw {
    /// Puts the terminal into raw mode.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] with a [`NotATerminal`] inside where input or output is none, and what the system
    /// says otherwise.
    pub fn enter() -> io::Result<Self> {
        require(io::stdin().is_terminal(), NotATerminal::Stdin)?;
        require(io::stdout().is_terminal(), NotATerminal::Stdout)?;
        restore_before_panics();
        RAW.store(true, Ordering::SeqCst);
        match enable_raw_mode() {
            Ok(()) => Ok(Self(())),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Notes whether the far side has its alternate screen in front: it is left when the terminal is given back.
    pub fn note_alternate(&self, is_alternate: bool) {
        ALTERNATE.store(is_alternate, Ordering::SeqCst);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Returns columns and rows of the terminal.
///
/// # Errors
/// What the system says, where there is no terminal.
pub fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Gives the terminal back, once; what fails cannot be helped.
pub(super) fn restore() {
    if !RAW.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(way_back(ALTERNATE.swap(false, Ordering::SeqCst)).as_bytes());
    let _ = stdout.flush();
    let _ = disable_raw_mode();
}

/// Returns what makes a terminal usable again.
fn way_back(is_alternate: bool) -> String {
    let leave = if is_alternate { LEAVE_ALTERNATE } else { "" };
    format!("{leave}{RESET}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::screen::Screen;

    fn after(mess: &str) -> Screen {
        let mut screen = Screen::new(20, 4, 0);
        screen.write(mess.as_bytes());
        screen.write(way_back(screen.cells().alternate_screen()).as_bytes());
        screen
    }

    #[test]
    fn the_cursor_stays_where_the_far_side_left_it() {
        for mess in ["one\r\ntwo", "\u{1b}[2;3rone", "\u{1b}[3;5H", "\u{1b}[4h\u{1b}[?5h\u{1b})0\u{e}"] {
            let mut left = Screen::new(20, 4, 0);
            left.write(mess.as_bytes());
            assert_eq!(after(mess).cells().cursor_position(), left.cells().cursor_position(), "{mess:?}");
        }
    }

    #[test]
    fn all_lines_scroll_again_and_letters_are_letters() {
        let mut screen = after("top\u{1b}[2;3r\u{1b}[2;1H\u{1b}(0\u{1b})0\u{e}");
        screen.write(b"\x1b[4;1Hqq\r\nx");
        assert_eq!(screen.cells().contents(), "\n\nqq\nx");
        screen.write(b"\x0eq");
        assert!(screen.cells().contents().ends_with("xq"));
    }

    #[test]
    fn an_alternate_screen_is_left_for_what_was_before() {
        let screen = after("before\u{1b}[?1049h\u{1b}[2;3rfull");
        assert!(!screen.cells().alternate_screen());
        assert_eq!((screen.cells().contents().as_str(), screen.cells().cursor_position()), ("before", (0, 6)));
        assert_eq!(way_back(false), RESET);
    }
}

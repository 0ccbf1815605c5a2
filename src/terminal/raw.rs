//! The terminal handed to a program on the far side: raw mode, and nothing else of ours.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::{NotATerminal, require, restore_before_panics};

/// Whether the terminal is in raw mode for a far side.
static RAW: AtomicBool = AtomicBool::new(false);

/// What a far side that was cut off may have left switched on, and how it is switched off: mouse reports in all forms,
/// focus reports, bracketed paste, keys of their own for cursor and keypad, key encodings of xterm and kitty, colours,
/// the line-drawing character set, the scrolling region's and lines' modes; the cursor is shown.
///
/// Source: xterm's control sequences, "DEC Private Mode Reset (DECRST)".
const RESET: &str = concat!(
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2026l",
    "\x1b[?1l\x1b>\x1b[>4;0m\x1b[<u\x1b[?7h\x1b(B\x0f\x1b[0m\x1b[0 q\x1b[?25h"
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

    /// Gives the terminal back; `alternate` tells whether the far side left its alternate screen in front.
    pub fn leave(self, alternate: bool) {
        if alternate {
            let _ = io::stdout().write_all(b"\x1b[?1049l");
        }
        drop(self);
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
    let _ = stdout.write_all(RESET.as_bytes());
    let _ = stdout.flush();
    let _ = disable_raw_mode();
}

//! The terminal, entered and left.
//!
//! Whoever holds a [`Terminal`] has the screen: raw mode, the alternate screen, bracketed paste, focus events and,
//! if wanted, the mouse. Dropping it gives everything back, and so does a panic on any thread, before its message
//! is printed; the way back is gone exactly once, whoever comes first. Nothing in here can fail on the way out: a
//! closed terminal has nothing left to restore.

mod raw;

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect, Size};
use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::{LocalModes, OutputModes, tcgetattr, tcgetpgrp};

use crate::domain::text;

pub use raw::{Raw, size};

/// How many bytes a copy may have: what tmux and xterm take in one sequence, 100,000 in base64.
pub const COPY_LIMIT: usize = 74_994;

/// How many characters a window's title may have.
const TITLE_LIMIT: usize = 200;

/// Saves and restores the window's title and icon name (XTWINOPS 22 and 23 of xterm's control sequences).
const SAVE_TITLE: &str = "\x1b[22;0t";
const RESTORE_TITLE: &str = "\x1b[23;0t";

/// How long a stopped process may need to notice: the signal may reach another thread than the one that waits.
const STOP_DELAY: Duration = Duration::from_millis(50);

/// Whether the screen is ours; the one who takes it back is the one who restores.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// How to enter the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether the mouse is ours; if not, the terminal's own selection works without a modifier.
    pub mouse: bool,
}

/// Which end is no terminal: the source of the error of [`Terminal::enter`] of kind [`io::ErrorKind::Unsupported`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotATerminal {
    /// Keys would come from a file or a pipe.
    #[error("standard input is no terminal")]
    Stdin,
    /// Frames would go to a file or a pipe.
    #[error("standard output is no terminal")]
    Stdout,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The text has more bytes than terminals take; they would drop it without a word.
    #[error("{bytes} bytes are more than the {COPY_LIMIT} that terminals take")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// The terminal could not be written to.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The terminal while it is ours.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Screen>>,
    hold: Arc<AtomicBool>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// Fails with [`io::ErrorKind::Unsupported`] and a [`NotATerminal`] inside where input or output is none, with
    /// [`io::ErrorKind::AlreadyExists`] where it is taken over already, and with what the system says otherwise;
    /// whatever had been changed by then is restored.
    pub fn enter(options: Options) -> io::Result<Self> {
        require(io::stdin().is_terminal(), NotATerminal::Stdin)?;
        require(io::stdout().is_terminal(), NotATerminal::Stdout)?;
        restore_before_panics();
        take_over(options.mouse)?;
        let hold = Arc::new(AtomicBool::new(false));
        let screen = Screen { buffer: Vec::new(), hold: Arc::clone(&hold) };
        match ratatui::Terminal::new(CrosstermBackend::new(screen)) {
            Ok(inner) => Ok(Self { inner, hold, mouse: options.mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws a frame, which the terminal shows whole or not at all (synchronized output, mode 2026).
    ///
    /// Fails with [`io::ErrorKind::NotConnected`] once the terminal was given back, as a panic on another thread
    /// does: what would be drawn then would litter the shell.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if !ENTERED.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.hold.store(true, Ordering::Relaxed);
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.inner.draw(render).map(|_| ());
        queue!(self.inner.backend_mut(), EndSynchronizedUpdate)?;
        self.hold.store(false, Ordering::Relaxed);
        self.inner.backend_mut().flush()?;
        drawn
    }

    /// Makes the next frame draw every cell, whatever the terminal shows now.
    pub fn clear(&mut self) -> io::Result<()> {
        // The library's own `clear` would ask the terminal where its cursor is, and wait for an answer that the
        // reader of keys takes away. What this writes is held back to go out with the next frame.
        self.hold.store(true, Ordering::Relaxed);
        let size = self.inner.size()?;
        let cleared = self.inner.resize(Rect::from((Position::ORIGIN, size)));
        self.hold.store(false, Ordering::Relaxed);
        cleared
    }

    /// Returns how many columns and rows there are.
    pub fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub fn set_mouse(&mut self, mouse: bool) -> io::Result<()> {
        self.mouse = mouse;
        let backend = self.inner.backend_mut();
        if mouse { execute!(backend, EnableMouseCapture) } else { execute!(backend, DisableMouseCapture) }
    }

    /// Sets the window's title, cleaned; the one before comes back on leaving.
    pub fn set_title(&mut self, title: &str) -> io::Result<()> {
        execute!(self.inner.backend_mut(), SetTitle(text::clean(title, TITLE_LIMIT)))
    }

    /// Copies a text to the clipboard of the terminal's user, across SSH too (OSC 52).
    ///
    /// Terminals do not say whether they took it. Fails where it has more than [`COPY_LIMIT`] bytes.
    pub fn write_osc52(&mut self, text: &str) -> Result<(), CopyError> {
        let sequence = copy_sequence(text).ok_or(CopyError::TooLong { bytes: text.len() })?;
        Ok(execute!(self.inner.backend_mut(), Print(sequence))?)
    }

    /// Gives the terminal back, stops the process as ctrl-z does elsewhere, and takes the terminal over once it is
    /// continued.
    ///
    /// The whole process group is stopped, as a wrapper may stand between the shell and us. Where nobody could
    /// continue it (an orphaned group), the system ignores the signal, and this returns at once. The signal must
    /// not be handled elsewhere. Input that was read ahead is not taken back: stop reading events before.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        kill_current_process_group(Signal::TSTP)?;
        thread::sleep(STOP_DELAY);
        take_over(self.mouse)?;
        self.clear()
    }

    /// Gives the terminal to another program until [`Self::take_back`]; nothing is drawn meanwhile.
    ///
    /// Input that was read ahead is not taken back: stop reading events before.
    pub fn lend(&mut self) {
        restore();
    }

    /// Takes back the terminal that was lent; the next frame is drawn whole.
    pub fn take_back(&mut self) -> io::Result<()> {
        take_over(self.mouse)?;
        self.clear()
    }

    /// Takes the terminal over again: after SIGCONT, when the process was stopped from outside, and whoever had the
    /// terminal meanwhile set it to its own modes. Where they are still ours, only the next frame is drawn whole.
    ///
    /// A process that is continued in the background stops here once more, until it is in the foreground. Fails with
    /// [`io::ErrorKind::NotConnected`] once the terminal was given back.
    pub fn resume(&mut self) -> io::Result<()> {
        if !ENTERED.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        wait_for_foreground()?;
        if !is_raw()? {
            restore();
            take_over(self.mouse)?;
        }
        self.clear()
    }

    /// Gives the terminal back, as dropping does.
    pub fn leave(self) {
        drop(self);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Returns what copies a text to the clipboard of the terminal's user (OSC 52); none where it is longer than
/// [`COPY_LIMIT`].
pub fn copy_sequence(text: &str) -> Option<String> {
    (text.len() <= COPY_LIMIT).then(|| format!("\x1b]52;c;{}\x07", STANDARD.encode(text)))
}

/// What is drawn, until it is flushed; what is not flushed is never shown.
///
/// A buffer of the standard library would write the rest of a broken frame when it is dropped, over the shell that
/// was just restored.
struct Screen {
    buffer: Vec<u8>,
    hold: Arc<AtomicBool>,
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.hold.load(Ordering::Relaxed) {
            return Ok(());
        }
        let frame = std::mem::take(&mut self.buffer);
        // Asked under the lock: whoever gives the screen back meanwhile writes after this frame, not before it.
        let mut stdout = io::stdout().lock();
        if !ENTERED.load(Ordering::SeqCst) {
            return Ok(());
        }
        stdout.write_all(&frame)?;
        stdout.flush()
    }
}

fn require(is_terminal: bool, error: NotATerminal) -> io::Result<()> {
    if is_terminal { Ok(()) } else { Err(io::Error::new(io::ErrorKind::Unsupported, error)) }
}

/// Stops a process in the background, as the system does with one that changes the terminal's modes (SIGTTOU).
///
/// Drawing alone would not stop it, and land among what the shell shows.
fn wait_for_foreground() -> io::Result<()> {
    if tcgetpgrp(io::stdin())? != getpgrp() {
        kill_current_process_group(Signal::TTOU)?;
        thread::sleep(STOP_DELAY);
    }
    Ok(())
}

/// Tells whether the terminal's modes are as we have set them, and not as a shell sets them for itself or others.
fn is_raw() -> io::Result<bool> {
    let modes = tcgetattr(io::stdin())?;
    let by_lines = modes.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
    Ok(!by_lines && !modes.output_modes.contains(OutputModes::OPOST))
}

/// Changes the terminal's modes, all of them or none.
fn take_over(mouse: bool) -> io::Result<()> {
    if ENTERED.swap(true, Ordering::SeqCst) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    enter_modes(mouse).inspect_err(|_| restore())
}

fn enter_modes(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    let mut stdout = io::stdout().lock();
    queue!(stdout, Print(SAVE_TITLE), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, Hide)?;
    if mouse {
        queue!(stdout, EnableMouseCapture)?;
    }
    stdout.flush()
}

/// Gives everything back, once; what fails cannot be helped.
fn restore() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut stdout = io::stdout().lock();
    let _ = execute!(
        stdout,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        ResetColor,
        LeaveAlternateScreen,
        Show,
        Print(RESTORE_TITLE)
    );
    let _ = disable_raw_mode();
}

/// Puts the way back before whatever prints a panic, once.
fn restore_before_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            raw::restore();
            print(panic);
        }));
    });
}

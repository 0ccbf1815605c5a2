//! The one `select!` of the console: keys, reports, time, signals.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::state::event::{Effect, Event, Notice};
use crate::terminal::{CopyError, Terminal};

use super::client;
use super::console::Console;
use super::input::Input;

/// How often time is let in: ages change by the minute, so this is how late they may be.
const TICK: Duration = Duration::from_secs(5);

/// How often time is let in while it is shown by the second.
const SECOND: Duration = Duration::from_secs(1);

/// The least time between two frames that show nothing but what sessions put out.
const FRAME: Duration = Duration::from_millis(16);

/// Tells how the console came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A person left it.
    Quit,
    /// The system asked it to end, with this signal.
    Signal(i32),
}

/// Runs a console on a terminal until it ends. A terminal that was closed ends it as SIGHUP does.
///
/// # Errors
/// When the terminal can no longer be read or written for another reason.
///
/// # Panics
/// When a poller did; the terminal has been restored by then.
pub async fn run(console: &mut Console, terminal: &mut Terminal) -> io::Result<End> {
    let ended = until_end(console, terminal).await;
    // Whatever ended it: no session is left behind, and each has its end written down.
    console.shutdown().await;
    match ended {
        // The signal that tells of it may come a moment after the first read or write that failed.
        Err(error) if is_hung_up(&error) => Ok(End::Signal(SignalKind::hangup().as_raw_value())),
        ended => ended,
    }
}

/// Tells whether the terminal is there no more: then all that is left to a process is an input/output error.
pub(super) fn is_hung_up(error: &io::Error) -> bool {
    [Errno::IO, Errno::NXIO].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

async fn until_end(console: &mut Console, terminal: &mut Terminal) -> io::Result<End> {
    let mut signals = Signals::new()?;
    let mut input = Input::start();
    let mut drawn_at = Instant::now();
    let mut ticked_at = drawn_at;
    loop {
        if console.is_dirty() && (console.is_urgent() || drawn_at.elapsed() >= FRAME) {
            draw(console, terminal)?;
            drawn_at = Instant::now();
        }
        let pace = if console.counts_down() { SECOND } else { TICK };
        let effects = tokio::select! {
            // Keys come first: whatever the network brings, a person is answered.
            biased;
            event = input.next() => match event {
                Some(event) => console.input(event?),
                None => return Ok(End::Signal(SignalKind::hangup().as_raw_value())),
            },
            told = signals.next() => match told {
                Told::End(signal) => return Ok(End::Signal(signal)),
                Told::Continue => {
                    // Reading goes on as it was: it waits for a key, and nobody can have pressed one meanwhile for us.
                    terminal.resume()?;
                    console.tick();
                    Vec::new()
                }
            },
            // Before what is told, which may be without end.
            () = sleep_until(ticked_at + pace) => {
                ticked_at = Instant::now();
                console.tick();
                Vec::new()
            }
            () = sleep_until(drawn_at + FRAME), if console.is_dirty() => Vec::new(),
            effects = console.reported() => effects,
        };
        for effect in effects {
            if let Effect::Client { program, arguments, secret } = effect {
                // Reading ends before the program begins: each key is either its or ours.
                drop(input);
                let ended = client::run(program, &arguments, secret, console, terminal, &mut signals).await?;
                input = Input::start();
                if let Some(signal) = ended {
                    return Ok(End::Signal(signal));
                }
            } else if let Effect::Replay(path) = effect {
                drop(input);
                let ended = client::replay(&path, console, terminal, &mut signals).await?;
                input = Input::start();
                if let Some(signal) = ended {
                    return Ok(End::Signal(signal));
                }
            } else if carry_out(effect, console, terminal, &mut input)? {
                return Ok(End::Quit);
            }
        }
    }
}

fn draw(console: &mut Console, terminal: &mut Terminal) -> io::Result<()> {
    terminal.draw(|frame| {
        if let Some(cursor) = console.draw(frame.buffer_mut()) {
            frame.set_cursor_position(cursor);
        }
    })
}

/// Does what the state asked for; returns whether it asked for the end.
fn carry_out(effect: Effect, console: &mut Console, terminal: &mut Terminal, input: &mut Input) -> io::Result<bool> {
    match effect {
        Effect::Quit => return Ok(true),
        Effect::Redraw => {
            terminal.clear()?;
            console.tick();
        }
        Effect::Mouse(on) => terminal.set_mouse(on)?,
        Effect::Copy { text, done } => {
            let notice = match terminal.write_osc52(&text) {
                Ok(()) => done,
                Err(CopyError::TooLong { .. }) => Notice::plain("screens.notice.too-long"),
                Err(CopyError::Io(error)) => return Err(error),
            };
            console.apply(Event::Notice(notice));
        }
        Effect::Suspend => {
            terminal.suspend()?;
            // What was typed to the shell meanwhile is the shell's: reading begins anew.
            *input = Input::start();
            console.tick();
        }
        Effect::CopySecret { secret, done } => {
            let notice = match terminal.write_osc52(secret.expose()) {
                Ok(()) => done,
                Err(CopyError::TooLong { .. }) => Notice::plain("screens.notice.too-long"),
                Err(CopyError::Io(error)) => return Err(error),
            };
            console.apply(Event::Notice(notice));
        }
        // The console has done these itself, or has nobody to do them.
        Effect::Refresh(_)
        | Effect::KeepMarks(_)
        | Effect::Preflight { .. }
        | Effect::Start { .. }
        | Effect::Input { .. }
        | Effect::Size { .. }
        | Effect::End { .. }
        | Effect::Token { .. }
        | Effect::Recordings
        | Effect::Run(_)
        | Effect::Snapshot(_)
        | Effect::Replay(_)
        | Effect::Client { .. } => {}
    }
    Ok(false)
}

/// Tells what the system asks for.
pub(super) enum Told {
    /// To end, by this signal.
    End(i32),
    /// To go on after a stop.
    Continue,
}

/// The signals that end the console, or continue it.
pub(super) struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    resume: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    pub(super) async fn next(&mut self) -> Told {
        let (kind, _) = tokio::select! {
            received = self.terminate.recv() => (SignalKind::terminate(), received),
            received = self.hangup.recv() => (SignalKind::hangup(), received),
            received = self.interrupt.recv() => (SignalKind::interrupt(), received),
            received = self.quit.recv() => (SignalKind::quit(), received),
            _ = self.resume.recv() => return Told::Continue,
        };
        Told::End(kind.as_raw_value())
    }
}

//! The one `select!` of the console: keys, reports, time, signals.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::state::event::{Effect, Event, Notice};
use crate::terminal::{CopyError, Terminal};

use super::console::Console;
use super::input::Input;

/// How often time is let in: ages change by the minute, so this is how late they may be.
const TICK: Duration = Duration::from_secs(5);

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
    match until_end(console, terminal).await {
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
    let mut tick = interval_at(Instant::now() + TICK, TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        if console.is_dirty() {
            draw(console, terminal)?;
        }
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
            () = console.reported() => Vec::new(),
            _ = tick.tick() => {
                console.tick();
                Vec::new()
            }
        };
        for effect in effects {
            if carry_out(effect, console, terminal, &mut input)? {
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
        // The console has done these itself.
        Effect::Refresh(_) | Effect::KeepMarks(_) => {}
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

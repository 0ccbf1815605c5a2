//! A shell or command of the far side on the whole terminal, as `ssh` has it: every key goes there, but for our escape.
//!
//! The far side's output goes to the terminal as it is, since a full-screen program needs all of it; it is read along
//! with an emulator, so that what was left switched on is known when the session ends in the middle of it.

use std::io::{self, Read, Write};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::domain::screen::Screen;
use crate::domain::session::{Link, SessionReport};
use crate::operate::Input;
use crate::t;
use crate::terminal::{self, Raw};
use crate::ui::{Ui, words};

use super::Stayed;
use super::escape::{Escape, Typed};

/// How long a lone Escape is held back for what may follow it: terminals write a key's bytes at once.
const PATIENCE: Duration = Duration::from_millis(30);

/// Chunks of typed bytes that may wait; a paste that is longer waits in the terminal.
const WAITING: usize = 16;

/// Gives the terminal to a session until that ends.
///
/// # Errors
/// Where the terminal cannot be entered, read or written.
pub(super) async fn attach(
    input: &mpsc::Sender<Input>,
    told: &mut mpsc::Receiver<SessionReport>,
    ui: &Ui,
) -> io::Result<Stayed> {
    let mut desk = Desk::new(ui, Raw::enter()?);
    let mut keys = keys();
    let mut signals = Signals::new()?;
    Ok(loop {
        let held = desk.escape.holds();
        tokio::select! {
            // What is typed comes first: a flood of output must not keep ctrl-c from the far side.
            biased;
            typed = keys.recv() => match typed {
                Some(bytes) => {
                    let typed = desk.escape.take(&bytes);
                    desk.send(typed, input).await?;
                }
                None => break Stayed::Signal(SignalKind::hangup().as_raw_value()),
            },
            () = tokio::time::sleep(PATIENCE), if held => {
                let typed = desk.escape.let_go();
                desk.send(typed, input).await?;
            }
            told = signals.next() => match told {
                None => desk.resize(input).await,
                Some(number) => break Stayed::Signal(number),
            },
            report = told.recv() => match report {
                Some(SessionReport::Ended(_)) | None => break Stayed::Ended,
                Some(report) => desk.show(report)?,
            },
        }
    })
}

/// Reads what is typed, in a thread of its own: a terminal cannot be waited for otherwise on every system.
pub(super) fn keys() -> mpsc::Receiver<Bytes> {
    let (sender, keys) = mpsc::channel(WAITING);
    // The thread ends with the terminal, with the session's next key, or with the process.
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut stdin = io::stdin().lock();
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            if sender.blocking_send(Bytes::copy_from_slice(&buffer[..count])).is_err() {
                return;
            }
        }
    });
    keys
}

/// What is known of the session while it has the terminal.
struct Desk<'a> {
    ui: &'a Ui,
    raw: Raw,
    escape: Escape,
    screen: Screen,
    link: Link,
    ends_at: Option<Timestamp>,
}

impl<'a> Desk<'a> {
    fn new(ui: &'a Ui, raw: Raw) -> Self {
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        Self {
            ui,
            raw,
            escape: Escape::default(),
            screen: Screen::new(columns, rows, 0),
            link: Link::Connecting,
            ends_at: None,
        }
    }

    /// Sends what is the far side's, and does what is ours.
    async fn send(&mut self, typed: Vec<Typed>, input: &mpsc::Sender<Input>) -> io::Result<()> {
        for piece in typed {
            match piece {
                // Where the session has just ended, its report is on the way.
                Typed::Far(bytes) => drop(input.send(Input::Bytes(bytes.into())).await),
                Typed::End => drop(input.send(Input::End).await),
                Typed::Armed | Typed::Help => say(t!(self.ui.texts, "cli.session.escape"))?,
                Typed::Status => say(&self.standing())?,
            }
        }
        Ok(())
    }

    /// Says how the link stands and how long is left.
    fn standing(&self) -> String {
        let now = Timestamp::now();
        let link = words::session::link(self.ui, &self.link, now).1;
        match self.ends_at {
            Some(ends_at) => {
                let left = words::session::countdown(ends_at.duration_since(now));
                t!(self.ui.texts, "cli.session.status", link = link, left = left)
            }
            None => link,
        }
    }

    async fn resize(&mut self, input: &mpsc::Sender<Input>) {
        if let Ok((columns, rows)) = terminal::size() {
            self.screen.resize(columns, rows);
            let _ = input.send(Input::Size(columns, rows)).await;
        }
    }

    fn show(&mut self, report: SessionReport) -> io::Result<()> {
        match report {
            SessionReport::Output(bytes) => {
                self.screen.write(&bytes);
                self.raw.note_alternate(self.screen.cells().alternate_screen());
                let mut stdout = io::stdout().lock();
                stdout.write_all(&bytes)?;
                stdout.flush()
            }
            SessionReport::Link(link) => {
                let was_lost = matches!(self.link, Link::Lost { .. });
                let first = matches!(&link, Link::Lost { attempt: 1, .. });
                let back = was_lost && matches!(link, Link::Up { .. });
                self.link = link;
                if first || back { say(&self.standing()) } else { Ok(()) }
            }
            SessionReport::Opened { ends_at, .. } => {
                self.ends_at = ends_at;
                Ok(())
            }
            SessionReport::Message(message) => say(&message),
            SessionReport::Warning { left } => {
                let left = words::session::countdown(left);
                say(&t!(self.ui.texts, "cli.session.ends-soon", left = left))
            }
            _ => Ok(()),
        }
    }
}

/// Says something in a line of its own, with the bell: over a full-screen program, which ctrl-l draws anew.
fn say(sentence: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    write!(stdout, "\x07\r\n[sekisho] {sentence}\r\n")?;
    stdout.flush()
}

/// The signals that end a session on the terminal, and the one that tells of another size.
struct Signals {
    size: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            size: signal(SignalKind::window_change())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Returns the number of the signal that ends us, or none where only the size changed.
    async fn next(&mut self) -> Option<i32> {
        let kind = tokio::select! {
            _ = self.size.recv() => return None,
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hangup.recv() => SignalKind::hangup(),
        };
        Some(kind.as_raw_value())
    }
}

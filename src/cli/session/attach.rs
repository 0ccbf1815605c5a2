//! A shell or command of the far side on the whole terminal, as `ssh` has it: every key goes there, but for our escape.
//!
//! The far side's output goes to the terminal as it is, since a full-screen program needs all of it; it is read along
//! with an emulator, so that what was left switched on is known when the session ends in the middle of it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

use crate::domain::screen::Screen;
use crate::domain::session::{Link, SessionReport};
use crate::operate::{Input, Live};
use crate::t;
use crate::terminal::{self, Raw};
use crate::ui::{Ui, words};

use super::escape::{Escape, Typed};
use super::signals::Told;
use super::{Scene, Stayed};

/// How long a lone Escape is held back for what may follow it: terminals write a key's bytes at once.
const PATIENCE: Duration = Duration::from_millis(30);

/// Chunks of typed bytes that may wait; a paste that is longer waits in the terminal.
const WAITING: usize = 16;

/// Pieces of what was typed that are kept for a far side that takes nothing; what is typed beyond that is not sent.
const MOST_TYPED: usize = 1_024;

/// Gives the terminal to a session until that ends.
///
/// # Errors
/// Where the terminal cannot be entered, read or written.
pub(super) async fn attach(scene: &mut Scene<'_>) -> io::Result<Stayed> {
    let Scene { live, told, signals, ui } = scene;
    let mut desk = Desk::new(ui, Raw::enter()?);
    let mut keys = keys();
    Ok(loop {
        let held = desk.escape.holds();
        tokio::select! {
            // What is typed comes first: a flood of output must not keep ctrl-c from the far side.
            biased;
            typed = keys.recv() => match typed {
                Some(bytes) => {
                    let typed = desk.escape.take(&bytes);
                    desk.sort(typed, live)?;
                }
                None => break Stayed::Signal(SignalKind::hangup().as_raw_value()),
            },
            () = tokio::time::sleep(PATIENCE), if held => {
                let typed = desk.escape.let_go();
                desk.sort(typed, live)?;
            }
            signal = signals.next() => match signal {
                Told::Size => desk.resize(),
                // In raw mode these come from elsewhere than the keyboard.
                Told::Keyboard(kind) | Told::End(kind) => break Stayed::Signal(kind.as_raw_value()),
            },
            // A link that is lost takes nothing for a while: what is typed waits here, and our escape goes on working.
            room = live.input.reserve(), if !desk.typed.is_empty() => match (room, desk.typed.pop_front()) {
                (Ok(room), Some(input)) => room.send(input),
                _ => desk.typed.clear(),
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
    /// What was typed and has not been taken yet.
    typed: VecDeque<Input>,
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
            typed: VecDeque::new(),
            screen: Screen::new(columns, rows, 0),
            link: Link::Connecting,
            ends_at: None,
        }
    }

    /// Keeps what is the far side's for it, and does what is ours.
    fn sort(&mut self, typed: Vec<Typed>, live: &Live) -> io::Result<()> {
        for piece in typed {
            match piece {
                Typed::Far(bytes) if self.typed.len() < MOST_TYPED => {
                    self.typed.push_back(Input::Bytes(bytes.into()));
                }
                Typed::Far(_) => say(t!(self.ui.texts, "cli.session.not-sent"))?,
                Typed::End => live.end(),
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

    fn resize(&mut self) {
        if let Ok((columns, rows)) = terminal::size() {
            self.screen.resize(columns, rows);
            self.typed.retain(|input| !matches!(input, Input::Size(..)));
            self.typed.push_back(Input::Size(columns, rows));
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

//! Port sessions: many connections as smux streams, or one at a time as plain bytes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::destination::Route;
use super::pending::Pending;
use super::pipe::Pipe;
use super::smux::{self, Command};
use super::work::Taken;
use super::{Event, Outcome};

/// How much may lie unread behind the channel: smux's receive buffer, shared by all streams.
const UNREAD: usize = 4 * 1024 * 1024;
/// How many streams may be open; more are refused.
const MOST_STREAMS: usize = 1_024;
/// How often smux says that it is alive, where it does.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// How long smux bears silence, where it looks.
const SILENCE: Duration = Duration::from_secs(30);

/// The signals of a port session.
mod flag {
    pub const DISCONNECT: u32 = 1;
    pub const TERMINATE: u32 = 2;
    pub const CANNOT_CONNECT: u32 = 3;
}

/// How connections share the channel.
#[derive(Debug)]
enum Mode {
    /// As smux streams; holds what came of a frame, and when each side was last heard, where that matters.
    Mux { read: BytesMut, alive: Option<Alive> },
    /// One at a time; holds whether another may follow.
    Plain { again: bool },
}

#[derive(Debug)]
struct Alive {
    said: Instant,
    heard: Instant,
}

/// The connections of a port session.
#[derive(Debug)]
pub struct Port {
    mode: Mode,
    route: Option<Route>,
    open: HashMap<u32, mpsc::UnboundedSender<Bytes>>,
    /// The connection of a plain session.
    current: u32,
    pub budget: Arc<Budget>,
    events: mpsc::Sender<Event>,
    cancel: CancellationToken,
}

/// What the agent does after a connection's news.
#[derive(Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on.
    Nothing,
    /// It sends a signal.
    Flag(u32),
    /// The session ends.
    End(Outcome),
}

impl Port {
    /// Makes the session's connections; a plain one is made at once.
    pub fn new(
        mux: Option<bool>,
        again: bool,
        route: Option<Route>,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Self {
        let now = Instant::now();
        let mode = match mux {
            Some(alive) => Mode::Mux { read: BytesMut::new(), alive: alive.then_some(Alive { said: now, heard: now }) },
            None => Mode::Plain { again },
        };
        let budget = Arc::new(Budget::new(UNREAD));
        let mut port = Self { mode, route, open: HashMap::new(), current: 0, budget, events, cancel };
        if mux.is_none() {
            port.connect(0);
        }
        port
    }

    fn connect(&mut self, id: u32) {
        let (to, from) = mpsc::unbounded_channel();
        self.open.insert(id, to);
        let pipe = Pipe {
            id,
            route: self.route,
            from,
            budget: Arc::clone(&self.budget),
            events: self.events.clone(),
            cancel: self.cancel.clone(),
        };
        tokio::spawn(pipe.run());
    }

    fn write(&mut self, id: u32, bytes: Bytes) {
        let Some(to) = self.open.get(&id) else { return };
        let length = bytes.len();
        self.budget.charge(length);
        if to.send(bytes).is_err() {
            self.budget.release(length);
        }
    }

    /// Takes bytes of the client.
    pub fn bytes(&mut self, bytes: &Bytes, pending: &mut Pending) -> Taken {
        let frames = match &mut self.mode {
            Mode::Plain { .. } => {
                if !self.open.contains_key(&self.current) {
                    self.current = self.current.wrapping_add(1);
                    self.connect(self.current);
                }
                self.write(self.current, bytes.clone());
                return Taken::Yes;
            }
            Mode::Mux { read, alive } => {
                if let Some(alive) = alive {
                    alive.heard = Instant::now();
                }
                read.extend_from_slice(bytes);
                std::iter::from_fn(|| smux::decode(read).transpose()).collect::<Result<Vec<_>, _>>()
            }
        };
        let Ok(frames) = frames else { return Taken::Ends(Outcome::default()) };
        for frame in frames {
            self.frame(frame, pending);
        }
        Taken::Yes
    }

    fn frame(&mut self, frame: smux::Frame, pending: &mut Pending) {
        let id = frame.stream;
        match frame.command {
            Command::Open if self.open.contains_key(&id) => {}
            Command::Open if self.open.len() >= MOST_STREAMS => {
                pending.stream(|bytes| smux::encode(bytes, Command::Finish, id, &[]));
            }
            Command::Open => self.connect(id),
            Command::Push => self.write(id, frame.data),
            // What came before is still written, then the connection closes and says so.
            Command::Finish => drop(self.open.remove(&id)),
            Command::Nothing => {}
        }
    }

    /// Takes a signal of the client.
    pub fn signal(&mut self, payload: &[u8]) -> Taken {
        match (payload.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes)), &self.mode) {
            (Some(flag::TERMINATE), _) => Taken::Cancels,
            (Some(flag::DISCONNECT), Mode::Plain { .. }) => {
                self.open.clear();
                Taken::Yes
            }
            _ => Taken::Yes,
        }
    }

    /// Sends on what came from a connection.
    pub fn data(&mut self, id: u32, data: &Bytes, pending: &mut Pending) {
        match self.mode {
            Mode::Plain { .. } if id == self.current => pending.stream(|bytes| bytes.extend_from_slice(data)),
            Mode::Plain { .. } => {}
            Mode::Mux { .. } => pending.stream(|bytes| {
                for part in data.chunks(smux::LARGEST) {
                    smux::encode(bytes, Command::Push, id, part);
                }
            }),
        }
    }

    /// A connection has ended.
    pub fn closed(&mut self, id: u32, pending: &mut Pending) -> After {
        self.open.remove(&id);
        match self.mode {
            Mode::Mux { .. } => pending.stream(|bytes| smux::encode(bytes, Command::Finish, id, &[])),
            Mode::Plain { again: false } if id == self.current => return After::End(Outcome::default()),
            Mode::Plain { .. } => {}
        }
        After::Nothing
    }

    /// A connection could not be made.
    pub fn refused(&mut self, id: u32, why: &str, pending: &mut Pending) -> After {
        self.open.remove(&id);
        match self.mode {
            Mode::Mux { .. } => {
                pending.stream(|bytes| smux::encode(bytes, Command::Finish, id, &[]));
                After::Flag(flag::CANNOT_CONNECT)
            }
            Mode::Plain { .. } => After::End(Outcome { output: format!("Unable to connect to specified port: {why}") }),
        }
    }

    /// When [`Self::on_time`] is to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.mode {
            Mode::Mux { alive: Some(alive), .. } => Some((alive.said + ALIVE_EVERY).min(alive.heard + SILENCE)),
            _ => None,
        }
    }

    /// Says that it is alive; tells whether the session has died of silence.
    pub fn on_time(&mut self, now: Instant, pending: &mut Pending) -> bool {
        let Mode::Mux { alive: Some(alive), .. } = &mut self.mode else { return false };
        if now.saturating_duration_since(alive.said) >= ALIVE_EVERY {
            alive.said = now;
            pending.stream(|bytes| smux::encode(bytes, Command::Nothing, 0, &[]));
        }
        now.saturating_duration_since(alive.heard) >= SILENCE
    }
}

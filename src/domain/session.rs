//! Describes live sessions: shells, commands in containers, and tunnels; and how operations report that are none.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    preflight::Preflight,
    progress::{Finish, Progress},
    target::Target,
};

/// Numbers the live sessions of one console, from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LiveId(pub u32);

impl fmt::Display for LiveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells how a session's link to AWS stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// The first connection is being made.
    #[default]
    Connecting,
    /// It stands, but nothing has been answered yet: the far side is getting ready.
    Starting,
    /// It stands; holds the round trip, where one was measured.
    Up {
        /// The smoothed round trip.
        round_trip: Option<SignedDuration>,
    },
    /// The service asked to hold back what is sent.
    Paused,
    /// It broke, and is being taken up again.
    Lost {
        /// When it broke.
        since: Timestamp,
        /// Which try this is, from one.
        attempt: u32,
        /// Why, in the words of the system or the service, cleaned.
        why: String,
    },
    /// The session is over.
    Ended,
}

/// Tells how a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The far side closed it; holds what the service said, cleaned, which is empty for a plain end.
    Closed {
        /// The service's words.
        output: String,
    },
    /// We closed it.
    Terminated,
    /// Its time limit was reached.
    LimitReached,
    /// What it showed could not be recorded any more, and nothing goes on unrecorded.
    Unrecorded {
        /// Why, in the words of the system, cleaned.
        why: String,
    },
    /// The link could not be taken up again.
    Lost {
        /// Why, cleaned.
        why: String,
    },
    /// It never came about.
    Failed {
        /// Why, cleaned.
        why: String,
    },
    /// Nobody knows whether it came about: AWS was asked for it and did not answer.
    Unknown {
        /// Why, cleaned.
        why: String,
    },
    /// It was no session, and came to an end of its own kind.
    Finished(Finish),
}

/// What an operation reports while it goes on: a session, or a change that is followed to its end.
#[derive(Debug, Clone)]
pub enum SessionReport {
    /// What was looked up before the start.
    Preflight(Arc<Preflight>),
    /// The session was started.
    Opened {
        /// AWS's id of it.
        session_id: String,
        /// Where it went.
        target: Target,
        /// When it ends at the latest.
        ends_at: Option<Timestamp>,
        /// Whether what is shown is recorded.
        recorded: bool,
        /// For a tunnel, where it listens.
        local: Option<SocketAddr>,
    },
    /// What the agent has to say when the session is ready, cleaned.
    Message(String),
    /// It has ended, and that could not be written to the journal; told after the end.
    Unwritten {
        /// Why, in the words of the system.
        why: String,
    },
    /// The link changed.
    Link(Link),
    /// Its time limit is near.
    Warning {
        /// How long it lasts still.
        left: SignedDuration,
    },
    /// A shell's output, raw.
    Output(Arc<[u8]>),
    /// A tunnel changed.
    Tunnel(Arc<TunnelStatus>),
    /// A change got further, or was looked at again.
    Progress(Arc<Progress>),
    /// Its recording is complete.
    Recorded(Arc<RecordingNote>),
    /// It is over.
    Ended(End),
}

/// Says what is left of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingNote {
    /// Where it is.
    pub path: PathBuf,
    /// The SHA-256 of the file, in hex; the journal has it, too.
    pub sha256: String,
    /// The size of the file.
    pub bytes: u64,
    /// How many secrets were taken out.
    pub redactions: u64,
}

/// Describes a tunnel.
#[derive(Debug, Clone, PartialEq)]
pub struct TunnelStatus {
    /// Where it listens.
    pub local: SocketAddr,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The sessions under it.
    pub sessions: Vec<TunnelSession>,
    /// The connections that are open, the oldest first.
    pub connections: Vec<TunnelConnection>,
    /// Connections since it was opened, the closed ones included.
    pub accepted: u64,
    /// Connections that the far side refused.
    pub refused: u64,
    /// Bytes to the far side, the closed connections' included.
    pub sent: u64,
    /// Bytes from the far side.
    pub received: u64,
    /// Whether the destination answers.
    pub health: Health,
    /// What went wrong since it was opened, and was dealt with.
    pub troubles: Troubles,
}

/// The most sessions under a tunnel: the agent paces each one, and each one is paid for by the agent's machine.
pub const MOST_SESSIONS: usize = 8;

/// Counts what went wrong in a tunnel that stands all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Troubles {
    /// Sessions that ended by themselves or led nowhere, and were replaced by a new one.
    pub replaced: u64,
    /// Connections that were cut, since more came for them than may wait for a slow local side.
    pub overrun: u64,
    /// The last of them.
    pub last: Option<Trouble>,
}

/// Says what went wrong last in a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: TroubleKind,
}

/// Names what may go wrong in a tunnel that stands all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TroubleKind {
    /// A session ended by itself; a new one takes its place.
    SessionLost {
        /// AWS's id of it.
        session_id: String,
        /// Why, cleaned; empty where nobody said.
        why: String,
    },
    /// The destination refused several connections in a row; a new session looks its name up anew.
    SessionRenewed {
        /// AWS's id of the old one.
        session_id: String,
    },
    /// A session beyond the first could not be opened.
    SessionLacking {
        /// Why, cleaned.
        why: String,
    },
    /// A connection was cut, since more came for it than may wait for a slow local side.
    ConnectionOverrun {
        /// Its number.
        id: u64,
    },
}

/// Describes one session under a tunnel.
#[derive(Debug, Clone, PartialEq)]
pub struct TunnelSession {
    /// AWS's id of it.
    pub session_id: String,
    /// How its link stands.
    pub link: Link,
    /// Connections that go through it.
    pub connections: usize,
    /// The agent's version, once it said so.
    pub agent: Option<String>,
}

/// Describes one connection through a tunnel.
#[derive(Debug, Clone, PartialEq)]
pub struct TunnelConnection {
    /// Its number in this tunnel, from one.
    pub id: u64,
    /// Who connected.
    pub peer: SocketAddr,
    /// The index of its session in [`TunnelStatus::sessions`].
    pub session: usize,
    /// When it was accepted.
    pub opened_at: Timestamp,
    /// Bytes to the far side.
    pub sent: u64,
    /// Bytes from the far side.
    pub received: u64,
    /// Bytes a second to the far side, over the last seconds.
    pub send_rate: u64,
    /// Bytes a second from the far side, over the last seconds.
    pub receive_rate: u64,
    /// How it stands.
    pub state: ConnectionState,
}

/// Tells how a connection through a tunnel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// Nothing has come back yet.
    Opening,
    /// Both directions are open.
    Open,
    /// The local side has sent all it has to send.
    HalfClosed,
    /// The local side reads more slowly than the far side sends.
    Stalled,
}

/// Tells whether a tunnel's destination answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Health {
    /// Nothing was tried yet.
    #[default]
    Unknown,
    /// The last connection reached it.
    Reachable {
        /// When.
        at: Timestamp,
    },
    /// The agent could not connect to it.
    Refused {
        /// When.
        at: Timestamp,
        /// Since the last success, how often.
        times: u32,
    },
}

//! What a tunnel may be told, and what it tells.

use std::{net::SocketAddr, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{ConnectionEnd, Probe};

/// What a tunnel may be told. Its durations are of the machine's clock, whatever clock stamps and limits it.
#[derive(Debug, Clone)]
pub struct TunnelOptions {
    /// The local port; 0 takes a free one.
    pub port: u16,
    /// How many sessions it may have under it, from one to [`MOST_SESSIONS`](crate::domain::session::MOST_SESSIONS); what lies outside is taken as the nearest.
    pub sessions: usize,
    /// Whether all of them are opened at once; otherwise each one when all before it have connections.
    pub at_once: bool,
    /// How long a connection waits for a session of its own that is being opened until it shares one with others.
    pub share_after: Duration,
    /// When it ends at the latest.
    pub ends_at: Option<Timestamp>,
    /// How to find out whether the destination answers, at opening and while no connection shows it.
    pub probe: Probe,
    /// How often to.
    pub probe_every: Duration,
    /// How long the answer may take.
    pub probe_patience: Duration,
    /// Who keeps the journal of its connections; a new connection waits where they are behind.
    pub events: Option<mpsc::Sender<TunnelEvent>>,
    /// The most bytes that wait for one connection whose local side reads slowly; beyond it is cut.
    pub buffer_each: usize,
    /// The most bytes that wait for all of them.
    pub buffer_in_all: usize,
    /// How long nothing may come after the local side said all, until the connection is reset.
    pub quiet: Duration,
    /// How long the local side may go on after the far side said all.
    pub linger: Duration,
    /// How long a connection waits for a session.
    pub waiting: Duration,
    /// How long connections may finish when the tunnel is closed.
    pub drain: Duration,
    /// The wait before a lost session's second try of being replaced; it doubles from then on, to half a minute.
    pub first_wait: Duration,
    /// How long a lost session is tried to be replaced.
    pub give_up: Duration,
}

impl Default for TunnelOptions {
    fn default() -> Self {
        Self {
            port: 0,
            sessions: 1,
            at_once: false,
            share_after: Duration::from_millis(1500),
            ends_at: None,
            probe: Probe::Off,
            probe_every: Duration::from_mins(1),
            probe_patience: Duration::from_secs(10),
            events: None,
            buffer_each: 16 << 20,
            buffer_in_all: 256 << 20,
            quiet: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            waiting: Duration::from_secs(30),
            drain: Duration::from_secs(2),
            first_wait: Duration::from_millis(500),
            give_up: Duration::from_mins(5),
        }
    }
}

/// What a tunnel tells whoever keeps the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelEvent {
    /// A connection was accepted.
    ConnectionOpened {
        /// Its number in this tunnel, from one.
        id: u64,
        /// Who connected.
        peer: SocketAddr,
        /// When.
        at: Timestamp,
    },
    /// A connection ended.
    ConnectionClosed {
        /// Its number in this tunnel, from one.
        id: u64,
        /// Who had connected.
        peer: SocketAddr,
        /// AWS's id of the session that it went through; none where it got none.
        session_id: Option<String>,
        /// When it was accepted.
        opened_at: Timestamp,
        /// When it ended.
        closed_at: Timestamp,
        /// Bytes to the far side.
        sent: u64,
        /// Bytes from the far side.
        received: u64,
        /// How it ended.
        end: ConnectionEnd,
    },
}

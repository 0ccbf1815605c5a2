//! The recording of a tunnel: who connected, when, and how much went each way. What went through is never looked at.

use std::net::SocketAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::session::{Health, TunnelStatus};

use super::cast::{fit, line, redacted};
use super::writer::Format;
use super::{About, Header, Input};

/// The name and version of the form, which the first line has.
pub(super) const FORMAT: &str = "sekisho/tunnel/1";

/// How often totals are written while they grow, so that a crash does not take them along.
const TOTALS: SignedDuration = SignedDuration::from_secs(60);

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FirstLine {
    pub(super) format: String,
    pub(super) at: Timestamp,
    #[serde(default)]
    pub(super) title: String,
    pub(super) about: About,
}

/// Something that happened to a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelLine {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: TunnelEvent,
}

/// What happened to a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum TunnelEvent {
    /// It listens.
    Listening {
        /// Where.
        local: SocketAddr,
    },
    /// Somebody connected.
    Opened {
        /// The connection's number, from one.
        connection: u64,
        /// Who.
        peer: SocketAddr,
    },
    /// A connection was closed.
    Closed {
        /// The connection's number.
        connection: u64,
        /// AWS's id of the session that it went through; none where it got none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
        /// Bytes to the far side.
        sent: u64,
        /// Bytes from the far side.
        received: u64,
    },
    /// The destination answered, or stopped to.
    Destination {
        /// Whether it answers.
        reachable: bool,
    },
    /// How much it was so far.
    Total(Total),
    /// The tunnel was closed.
    End(Total),
    /// The file was full.
    Full(Total),
    /// Something noted.
    Marker {
        /// What.
        label: String,
    },
}

/// How much went through a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Total {
    /// Connections, those included that are still open.
    pub accepted: u64,
    /// Connections that the far side refused.
    pub refused: u64,
    /// Bytes to the far side.
    pub sent: u64,
    /// Bytes from the far side.
    pub received: u64,
}

/// Writes each connection as it comes and goes, and what changes between two states of a tunnel.
pub(super) struct TunnelFormat {
    header: Header,
    is_listening: bool,
    reachable: Option<bool>,
    total: Total,
    written: (Total, Timestamp),
    redactions: usize,
}

impl TunnelFormat {
    pub(super) fn new(header: Header) -> Self {
        let written = (Total::default(), header.at);
        Self { header, is_listening: false, reachable: None, total: Total::default(), written, redactions: 0 }
    }

    fn status(&mut self, status: &TunnelStatus, at: Timestamp, lines: &mut Vec<String>) {
        let mut add = |at: Timestamp, event: TunnelEvent| lines.push(line(&TunnelLine { at, event }));
        if !std::mem::replace(&mut self.is_listening, true) {
            add(status.opened_at, TunnelEvent::Listening { local: status.local });
        }
        let reachable = match status.health {
            Health::Unknown => self.reachable,
            Health::Reachable { .. } => Some(true),
            Health::Refused { .. } => Some(false),
        };
        if let Some(reachable) = reachable.filter(|_| reachable != self.reachable) {
            add(at, TunnelEvent::Destination { reachable });
        }
        self.reachable = reachable;
        let TunnelStatus { accepted, refused, sent, received, .. } = *status;
        self.total = Total { accepted, refused, sent, received };
        if self.total != self.written.0 && at.duration_since(self.written.1) >= TOTALS {
            self.written = (self.total, at);
            add(at, TunnelEvent::Total(self.total));
        }
    }
}

impl Format for TunnelFormat {
    fn header(&mut self) -> String {
        let title = fit(&self.header.title, &mut self.redactions);
        let about = redacted(&self.header.about, &mut self.redactions);
        line(&FirstLine { format: FORMAT.to_owned(), at: self.header.at, title, about })
    }

    fn take(&mut self, input: Input, at: Timestamp, lines: &mut Vec<String>) {
        match input {
            Input::Status(status) => self.status(&status, at, lines),
            Input::Opened { id, peer } => {
                lines.push(line(&TunnelLine { at, event: TunnelEvent::Opened { connection: id, peer } }));
            }
            Input::Closed { id, session_id, sent, received } => {
                let session_id = session_id.map(|id| fit(&id, &mut self.redactions));
                let event = TunnelEvent::Closed { connection: id, session_id, sent, received };
                lines.push(line(&TunnelLine { at, event }));
            }
            Input::Marker(label) => {
                let label = fit(&label, &mut self.redactions);
                lines.push(line(&TunnelLine { at, event: TunnelEvent::Marker { label } }));
            }
            // These are a shell's, or the writer's own.
            Input::Output(_) | Input::Resize(..) | Input::End => {}
        }
    }

    fn tick(&mut self, _: Timestamp, _: &mut Vec<String>) {}

    fn end(&mut self, label: &str, at: Timestamp, lines: &mut Vec<String>) {
        let event = if label == super::FULL { TunnelEvent::Full(self.total) } else { TunnelEvent::End(self.total) };
        lines.push(line(&TunnelLine { at, event }));
    }

    fn is_holding(&self) -> bool {
        false
    }

    fn redactions(&self) -> usize {
        self.redactions
    }
}

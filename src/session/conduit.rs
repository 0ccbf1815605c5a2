//! The two ends between a data channel and what runs in it: a shell, a command or a tunnel.
//!
//! Both directions are bounded: whoever sends faster than the far side takes, waits; what is not taken here is not
//! acknowledged for ever, so that the far side waits as well.

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::domain::session::{End, Link};

/// What goes to the far side, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToFarSide {
    /// Bytes: what was typed, or what came from a socket. They are cut into messages as the channel sees fit.
    Data(Bytes),
    /// The terminal's size; the latest one counts.
    Size {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// A signal of a port session.
    Flag(Flag),
}

/// What comes from the far side, in order, nothing lost and nothing twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromFarSide {
    /// Output of the shell or command, or bytes of a port session.
    Data(Bytes),
    /// Standard error of a non-interactive command, where the agent keeps it apart.
    StandardError(Bytes),
    /// How a non-interactive command ended.
    ExitCode(i32),
    /// A signal of a port session.
    Flag(Flag),
}

/// The signals of a port session, as the payload of a message of type 10 has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// To an agent without multiplexing: the connection is closed.
    DisconnectToPort,
    /// To the agent: the session is over.
    TerminateSession,
    /// From the agent: it could not connect to the destination.
    ConnectToPortError,
}

/// What runs in a session, as its handshake says, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A shell or an interactive command, in a pseudo-terminal.
    Shell,
    /// A command without a terminal.
    NonInteractive,
    /// A stream of bytes to a port.
    Port(PortProperties),
}

/// What the agent says of a port session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortProperties {
    /// The destination's port, as text.
    pub port_number: String,
    /// The destination's host; none for the node itself.
    pub host: Option<String>,
    /// `LocalPortForwarding`, or none for a plain stream.
    pub forwarding: Option<String>,
}

/// An agent's or client's version; its parts compare as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Version(pub [u32; 4]);

/// The near end of a session that is ready.
#[derive(Debug)]
pub struct Conduit {
    /// AWS's id of the session.
    pub session_id: String,
    /// What runs in it.
    pub kind: Kind,
    /// The agent's version, where it said so.
    pub agent: Option<Version>,
    /// What the agent has to say to a person when it is ready; may be empty, cleaned.
    pub message: String,
    /// To the far side. Dropping it does not end the session.
    pub to: mpsc::Sender<ToFarSide>,
    /// From the far side; ends when the session has ended and all that came was taken.
    pub from: mpsc::Receiver<FromFarSide>,
    /// How the link stands.
    pub link: watch::Receiver<Link>,
    /// How the session ended, once it has.
    pub end: watch::Receiver<Option<End>>,
    /// Ends the session: tells the far side, then `ssm:TerminateSession` where that does not end it. Dropping it does as well.
    pub leash: Leash,
}

/// Holds a session open; whoever drops it, ends it.
#[derive(Debug)]
pub struct Leash(pub tokio_util::sync::DropGuard);

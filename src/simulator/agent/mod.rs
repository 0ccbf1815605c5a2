//! The agent behind the message gateway: what runs on a managed node or beside a container.
//!
//! It keeps to the habits of the official agent where a client can see them — when it shakes hands, what it acknowledges,
//! how slowly it sends, how it ends — and runs real shells, real commands and real connections. It shares nothing with
//! the console's own half of the protocol.
//!
//! ```text
//! gateway ⇄ work: reliability, handshake ⇄ shell | command | port (smux or plain) ⇄ destination
//! ```

mod budget;
mod command;
mod crypto;
mod destination;
mod handshake;
mod home;
pub mod message;
mod pending;
mod pipe;
mod port;
mod process;
mod reliability;
mod shell;
mod smux;
#[cfg(test)]
mod tests;
mod text;
mod version;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use destination::{Destinations, Route};
pub use work::run;

use super::kms::Keys;

/// How the agents behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOptions {
    /// The version that every agent says it has, instead of its node's own.
    pub version: Option<String>,
    /// Whether a pause of a millisecond follows each message of data, as it does in the official agent: some 0.6 MB a second.
    pub paced: bool,
    /// The most bytes of data in a message.
    pub message: usize,
    /// How long a terminal's output is left alone at first.
    pub settling: Duration,
    /// How long the client has for each step of the handshake.
    pub patience: Duration,
    /// Whether a client must prove that it knows the random challenge in the encryption context.
    pub requires_challenge: bool,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self {
            version: None,
            paced: true,
            message: 1_024,
            settling: Duration::from_secs(1),
            patience: Duration::from_secs(15),
            requires_challenge: false,
        }
    }
}

/// What an agent is to run, and for whom.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The session's id.
    pub session_id: String,
    /// The target as the encryption context has it.
    pub target: String,
    /// The agent's version.
    pub version: String,
    /// What runs.
    pub run: Run,
    /// The ARN of the KMS key that the session is encrypted with.
    pub key: Option<String>,
}

/// What runs in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// A shell in a terminal.
    Shell,
    /// A command in a terminal.
    Interactive {
        /// What `sh -c` gets.
        command: String,
    },
    /// A command without a terminal.
    NonInteractive {
        /// What `sh -c` gets.
        command: String,
        /// Whether standard error is kept apart, and the exit code told.
        separate: bool,
    },
    /// Connections to a port; holds the session's properties by name.
    Port(BTreeMap<String, String>),
}

/// What an agent stands in.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where connections go.
    pub destinations: Arc<Destinations>,
    /// What unwraps data keys.
    pub keys: Arc<Keys>,
    /// How it behaves.
    pub options: AgentOptions,
}

/// An agent's connection to the gateway, in frames.
#[derive(Debug)]
pub struct Link {
    /// From the client, or from the service itself.
    pub up: mpsc::Receiver<Bytes>,
    /// To the client, or to the service itself.
    pub down: mpsc::Sender<Bytes>,
    /// Cancelled when the session is ended from outside.
    pub cancel: CancellationToken,
}

/// How a session ended on the agent's side; empty where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What the agent reports, for the client to read.
    pub output: String,
}

impl Outcome {
    /// Words a failure as the agent's reports do.
    fn failed(why: impl std::fmt::Display) -> Self {
        Self { output: format!("----------ERROR-------\n{why}") }
    }
}

/// Something that happened beside the channel.
#[derive(Debug)]
enum Event {
    /// A terminal stands.
    Terminal(Box<shell::Terminal>),
    /// A command runs.
    Command(Box<command::Running>),
    /// What was to run could not be started.
    Failed(String),
    /// Output of a terminal or a command.
    Output(Bytes),
    /// Standard error of a command.
    StandardError(Bytes),
    /// What ran has ended; a command has an exit code.
    Exited(Option<i32>),
    /// Bytes of a connection.
    Data(u32, Bytes),
    /// A connection has ended.
    Closed(u32),
    /// A connection could not be made, and why.
    Refused(u32, String),
}

//! Recordings: what a shell showed, and what went through a tunnel.
//!
//! A shell's is an [asciicast v2] file: output, sizes and markers, never what was typed. A tunnel's is a file of JSON lines:
//! connections, bytes and times, never what was in them. Both begin with a header that says who, where and why, are
//! redacted before anything reaches the disk, and are private to their owner.
//!
//! A session that must be recorded may not outlive its recording: every call fails once the file cannot be written or is
//! full, and [`Recorder::fault`] tells of it at once. A crash costs what was said in the last second, no more; the file
//! stays readable.
//!
//! [asciicast v2]: https://docs.asciinema.org/manual/asciicast/v2/

mod cast;
pub mod list;
pub mod load;
pub mod player;
mod tunnel;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::domain::session::TunnelStatus;

pub use list::{RecordingInfo, recordings};

/// How many bytes a recording may have unless it is said otherwise.
pub const DEFAULT_LIMIT: u64 = 256 * 1024 * 1024;

/// How many messages may wait to be written; with the next one the session waits.
const WAITING: usize = 64;

/// How many bytes of output one message carries at most.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// How names of recordings of shells end.
pub const CAST: &str = ".cast";

/// How names of recordings of tunnels end.
pub const TUNNEL: &str = ".tunnel.jsonl";

/// The label of the marker that ends a recording that is whole.
const END: &str = "end";

/// The label of the marker that ends a recording that grew too large.
const FULL: &str = "full";

/// Says what a recording is of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The catalogue entry, such as `node-shell`.
    pub entry: String,
    /// The environment's name.
    pub environment: String,
    /// The account's twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// Where it went, as people read it.
    pub target: String,
    /// AWS's id of the session.
    pub session_id: String,
    /// The ARN of whoever acted.
    pub actor: String,
    /// The role that the gate took them for.
    pub role: String,
    /// The reason that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ticket that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

impl About {
    /// Returns the same with every text made fit.
    fn fitted(&self, mut fit: impl FnMut(&String) -> String) -> Self {
        Self {
            entry: fit(&self.entry),
            environment: fit(&self.environment),
            account: fit(&self.account),
            region: fit(&self.region),
            target: fit(&self.target),
            session_id: fit(&self.session_id),
            actor: fit(&self.actor),
            role: fit(&self.role),
            reason: self.reason.as_ref().map(&mut fit),
            ticket: self.ticket.as_ref().map(fit),
        }
    }
}

/// Says what a recording begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// When it begins.
    pub at: Timestamp,
    /// The terminal's columns.
    pub columns: u16,
    /// The terminal's rows.
    pub rows: u16,
    /// The terminal that the far side was told of, `xterm-256color`.
    pub term: String,
    /// What players show; may be empty.
    pub title: String,
    /// What it is of.
    pub about: About,
    /// How many bytes the file may have.
    pub limit: u64,
}

/// A recording that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Where it is.
    pub path: PathBuf,
    /// The SHA-256 of the file, in hex.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many secrets were redacted.
    pub redactions: usize,
}

/// Says why a recording could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file has reached its limit.
    #[error("the recording has reached its limit of {limit} bytes")]
    Full {
        /// The limit.
        limit: u64,
    },
    /// The file cannot be written.
    #[error("{why}")]
    Io {
        /// What kind of error it was.
        kind: io::ErrorKind,
        /// What the system says.
        why: String,
    },
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match &fault {
            Fault::Full { .. } => io::ErrorKind::FileTooLarge,
            Fault::Io { kind, .. } => *kind,
        };
        Self::new(kind, fault)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io { kind: error.kind(), why: error.to_string() }
    }
}

/// What there is to record.
enum Input {
    Output(Bytes),
    Resize(u16, u16),
    Marker(String),
    Status(Arc<TunnelStatus>),
    Opened {
        id: u64,
        peer: SocketAddr,
    },
    Closed {
        id: u64,
        session_id: Option<String>,
        sent: u64,
        received: u64,
    },
    /// The end, at the time of the message.
    End,
}

/// Something to record, with the room it takes in the queue.
struct Message {
    input: Input,
    at: Timestamp,
    _room: Option<OwnedSemaphorePermit>,
}

/// Records a session in a thread of its own, so that no caller waits for the disk until the queue is full.
///
/// Dropping it ends the recording as [`Recorder::finish`] does, without telling how.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    fault: watch::Receiver<Option<Fault>>,
    ended: oneshot::Receiver<Result<Recording, Fault>>,
}

impl Recorder {
    /// Begins the recording of a shell in a folder, which is made where it is not there.
    ///
    /// The file's name says when it began and nothing that came from outside. This waits for the disk.
    ///
    /// # Errors
    /// Where the folder or the file cannot be made private, or the header cannot be written.
    pub fn start(folder: &Path, header: Header) -> io::Result<Self> {
        let (at, limit) = (header.at, header.limit);
        Self::begin(folder, CAST, at, limit, Box::new(cast::CastFormat::new(header)))
    }

    /// Begins the recording of a tunnel, as [`Recorder::start`] does; size and terminal of the header mean nothing here.
    ///
    /// # Errors
    /// As [`Recorder::start`].
    pub fn start_tunnel(folder: &Path, header: Header) -> io::Result<Self> {
        let (at, limit) = (header.at, header.limit);
        Self::begin(folder, TUNNEL, at, limit, Box::new(tunnel::TunnelFormat::new(header)))
    }

    fn begin(
        folder: &Path,
        ending: &str,
        at: Timestamp,
        limit: u64,
        format: Box<dyn writer::Format>,
    ) -> io::Result<Self> {
        let (path, file) = writer::create(folder, ending, at)?;
        let mut thread = writer::Writer::new(path.clone(), file, limit, format);
        thread.begin().map_err(io::Error::from)?;
        let (queue, messages) = mpsc::channel();
        let room = Arc::new(Semaphore::new(WAITING));
        let (fault_sender, fault) = watch::channel(None);
        let (ended_sender, ended) = oneshot::channel();
        let closes = Arc::clone(&room);
        std::thread::Builder::new().name("recording".to_owned()).spawn(move || {
            let result = thread.run(&messages, at);
            fault_sender.send_replace(result.as_ref().err().cloned());
            closes.close();
            // Whoever dropped the recorder does not want to know.
            let _ = ended_sender.send(result);
        })?;
        Ok(Self { path, queue, room, fault, ended })
    }

    /// Returns where the recording is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what tells of a fault; the session must then end.
    pub fn fault(&self) -> watch::Receiver<Option<Fault>> {
        self.fault.clone()
    }

    /// Records output; waits where the disk is slower than the session.
    ///
    /// # Errors
    /// Where the recording cannot go on. What was given before may not have been written either.
    pub async fn output(&self, bytes: &[u8], at: Timestamp) -> io::Result<()> {
        for piece in bytes.chunks(LONGEST_MESSAGE) {
            self.send(Input::Output(Bytes::copy_from_slice(piece)), at).await?;
        }
        Ok(())
    }

    /// Records another size of the terminal.
    ///
    /// # Errors
    /// As [`Recorder::output`].
    pub async fn resize(&self, columns: u16, rows: u16, at: Timestamp) -> io::Result<()> {
        self.send(Input::Resize(columns, rows), at).await
    }

    /// Records a marker, such as a step of a runbook.
    ///
    /// # Errors
    /// As [`Recorder::output`].
    pub async fn marker(&self, label: &str, at: Timestamp) -> io::Result<()> {
        self.send(Input::Marker(label.to_owned()), at).await
    }

    /// Records how a tunnel stands: whether its destination answers and its totals are written as they change.
    ///
    /// # Errors
    /// As [`Recorder::output`].
    pub async fn status(&self, status: Arc<TunnelStatus>, at: Timestamp) -> io::Result<()> {
        self.send(Input::Status(status), at).await
    }

    /// Records that a connection through a tunnel was accepted.
    ///
    /// # Errors
    /// As [`Recorder::output`].
    pub async fn opened(&self, id: u64, peer: SocketAddr, at: Timestamp) -> io::Result<()> {
        self.send(Input::Opened { id, peer }, at).await
    }

    /// Records that a connection through a tunnel ended, the session that it went through, and its bytes each way.
    ///
    /// # Errors
    /// As [`Recorder::output`].
    pub async fn closed(
        &self,
        id: u64,
        session_id: Option<&str>,
        sent: u64,
        received: u64,
        at: Timestamp,
    ) -> io::Result<()> {
        let session_id = session_id.map(str::to_owned);
        self.send(Input::Closed { id, session_id, sent, received }, at).await
    }

    /// Ends the recording: everything is on the disk when this returns.
    ///
    /// # Errors
    /// Where something could not be written, now or before.
    pub async fn finish(self, at: Timestamp) -> io::Result<Recording> {
        // Where this cannot be sent, the thread has ended, and says why.
        let _ = self.queue.send(Message { input: Input::End, at, _room: None });
        match self.ended.await {
            Ok(result) => result.map_err(io::Error::from),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    async fn send(&self, input: Input, at: Timestamp) -> io::Result<()> {
        if self.fault.borrow().is_some() {
            return Err(self.why());
        }
        let Ok(room) = Arc::clone(&self.room).acquire_owned().await else { return Err(self.why()) };
        let message = Message { input, at, _room: Some(room) };
        self.queue.send(message).map_err(|_| self.why())
    }

    fn why(&self) -> io::Error {
        let fault = self.fault.borrow().clone();
        fault.map_or_else(|| io::ErrorKind::BrokenPipe.into(), io::Error::from)
    }
}

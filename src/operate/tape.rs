//! The recording of an operation, where it is recorded.

use std::{io, sync::Arc};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    domain::{
        session::{RecordingNote, TunnelStatus},
        text::clean,
    },
    journal::recording::{About, DEFAULT_LIMIT, Fault, Header, Recorder},
    policy::Op,
    runtime::clock::Clock,
};

use super::run::Run;

/// The terminal that the agent tells programs of.
const TERM: &str = "xterm-256color";
/// The size of a terminal that nobody has told yet: the agent's own first guess.
const SIZE: (u16, u16) = (80, 24);

/// A recording under way, or none where none is wanted.
#[derive(Debug)]
pub(super) struct Tape {
    recorder: Option<Recorder>,
    fault: Option<watch::Receiver<Option<Fault>>>,
    clock: Clock,
}

impl Tape {
    /// Begins to record, where the catalogue wants it.
    ///
    /// # Errors
    /// Where the recording cannot begin; then the session must not go on.
    pub(super) async fn start(run: &Run, session_id: &str) -> io::Result<Self> {
        let clock = run.inner.outfit.clock.clone();
        let authorized = run.acting.authorized();
        if !authorized.grant().recorded {
            return Ok(Self::none(clock));
        }
        let (folder, header) = (run.inner.outfit.recordings.clone(), header(run, session_id, clock.now()));
        let is_tunnel = matches!(authorized.operation(), Op::PortForward { .. });
        let start = move || {
            if is_tunnel { Recorder::start_tunnel(&folder, header) } else { Recorder::start(&folder, header) }
        };
        let recorder = tokio::task::spawn_blocking(start).await.map_err(io::Error::other)??;
        Ok(Self { fault: Some(recorder.fault()), recorder: Some(recorder), clock })
    }

    /// Makes one that records nothing.
    pub(super) fn none(clock: Clock) -> Self {
        Self { recorder: None, fault: None, clock }
    }

    /// Tells whether anything is recorded.
    pub(super) fn is_on(&self) -> bool {
        self.recorder.is_some()
    }

    /// Records what a shell shows.
    ///
    /// # Errors
    /// Where the recording cannot go on.
    pub(super) async fn output(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.recorder {
            Some(recorder) => recorder.output(bytes, self.clock.now()).await,
            None => Ok(()),
        }
    }

    /// Records a new size of the terminal; that the recording cannot go on is told by [`Self::broken`].
    pub(super) async fn resize(&self, columns: u16, rows: u16) {
        if let Some(recorder) = &self.recorder {
            let _ = recorder.resize(columns, rows, self.clock.now()).await;
        }
    }

    /// Records how a tunnel stands.
    ///
    /// # Errors
    /// Where the recording cannot go on.
    pub(super) async fn status(&self, status: Arc<TunnelStatus>) -> io::Result<()> {
        match &self.recorder {
            Some(recorder) => recorder.status(status, self.clock.now()).await,
            None => Ok(()),
        }
    }

    /// Waits until the recording cannot go on, and returns why.
    pub(super) async fn broken(&self) -> String {
        let Some(mut fault) = self.fault.clone() else { return std::future::pending().await };
        match fault.wait_for(Option::is_some).await.map(|fault| fault.as_ref().map(ToString::to_string)) {
            Ok(Some(why)) => why,
            _ => std::future::pending().await,
        }
    }

    /// Ends the recording; returns what is left of it, or nothing where none was wanted.
    ///
    /// # Errors
    /// Where it is not whole.
    pub(super) async fn finish(self) -> io::Result<Option<RecordingNote>> {
        let Some(recorder) = self.recorder else { return Ok(None) };
        let recording = recorder.finish(self.clock.now()).await?;
        Ok(Some(RecordingNote {
            path: recording.path,
            sha256: recording.sha256,
            bytes: recording.bytes,
            redactions: recording.redactions as u64,
        }))
    }
}

/// Writes down what is recorded.
fn header(run: &Run, session_id: &str, at: Timestamp) -> Header {
    let grant = run.acting.authorized().grant();
    let target = run.acting.destination().to_string();
    let (columns, rows) = run.size.unwrap_or(SIZE);
    let about = About {
        entry: grant.entry.to_string(),
        environment: grant.environment.name.clone(),
        account: grant.identity.account.to_string(),
        region: run.asker.connection.region().to_owned(),
        target: target.clone(),
        session_id: session_id.to_owned(),
        actor: grant.identity.arn.clone(),
        role: grant.role.clone(),
        reason: grant.reason.clone(),
        ticket: grant.ticket.clone(),
    };
    let title = clean(&format!("{} {} {target}", grant.environment.name, grant.entry), 200);
    Header { at, columns, rows, term: TERM.to_owned(), title, about, limit: DEFAULT_LIMIT }
}

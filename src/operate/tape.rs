//! The recording of an operation, where it is recorded.

use std::{io, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::{
    domain::{
        session::{Link, RecordingNote, TunnelStatus},
        text::clean,
    },
    journal::recording::{About, DEFAULT_LIMIT, Fault, Header, Recorder},
    policy::Op,
    runtime::clock::Clock,
    session::tunnel::TunnelEvent,
};

use super::run::Run;

/// The terminal that the agent tells programs of.
const TERM: &str = "xterm-256color";
/// The size of a terminal that nobody has told yet: the agent's own first guess.
const SIZE: (u16, u16) = (80, 24);

/// The marker of a link that broke.
const LINK_LOST: &str = "link-lost";
/// The marker of a link that stands again.
const LINK_BACK: &str = "link-back";
/// The marker of the time limit.
const LIMIT_REACHED: &str = "limit-reached";

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

    /// Records that a connection through a tunnel came or went.
    ///
    /// # Errors
    /// Where the recording cannot go on.
    pub(super) async fn connection(&self, event: &TunnelEvent) -> io::Result<()> {
        let Some(recorder) = &self.recorder else { return Ok(()) };
        match event {
            TunnelEvent::ConnectionOpened { id, peer, at } => recorder.opened(*id, *peer, *at).await,
            TunnelEvent::ConnectionClosed { id, session_id, sent, received, closed_at, .. } => {
                recorder.closed(*id, session_id.as_deref(), *sent, *received, *closed_at).await
            }
        }
    }

    /// Records that the link broke, or that it stands again; that the recording cannot go on is told by [`Self::broken`].
    pub(super) async fn link(&self, is_lost: bool) {
        self.marker(if is_lost { LINK_LOST } else { LINK_BACK }).await;
    }

    /// Records that a person was warned of the time that is left.
    pub(super) async fn warned(&self, left: SignedDuration) {
        self.marker(&format!("time-left {left:#}")).await;
    }

    /// Records that the time limit was reached.
    pub(super) async fn limit_reached(&self) {
        self.marker(LIMIT_REACHED).await;
    }

    async fn marker(&self, label: &str) {
        if let Some(recorder) = &self.recorder {
            let _ = recorder.marker(label, self.clock.now()).await;
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

/// Follows whether links are lost, to tell when that changes.
#[derive(Debug, Default)]
pub(super) struct Links {
    is_lost: bool,
}

impl Links {
    /// Takes how the links of a session or tunnel stand; returns whether one is lost, where that is new.
    pub(super) fn change<'a>(&mut self, mut links: impl Iterator<Item = &'a Link>) -> Option<bool> {
        let is_lost = links.any(|link| matches!(link, Link::Lost { .. }));
        (std::mem::replace(&mut self.is_lost, is_lost) != is_lost).then_some(is_lost)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_lost_once_and_back_once() {
        let lost = |attempt| Link::Lost { since: Timestamp::UNIX_EPOCH, attempt, why: String::new() };
        let up = Link::Up { round_trip: None };
        let mut links = Links::default();
        assert_eq!(links.change([&Link::Connecting].into_iter()), None);
        assert_eq!(links.change([&up, &lost(1)].into_iter()), Some(true));
        assert_eq!(links.change([&up, &lost(2)].into_iter()), None);
        assert_eq!(links.change([&up, &up].into_iter()), Some(false));
        assert_eq!(links.change([&Link::Paused].into_iter()), None);
    }
}

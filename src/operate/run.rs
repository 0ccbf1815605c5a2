//! One operation under way, from its start to its end.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    aws::Acting,
    domain::{
        preflight::Preflight,
        session::{End, SessionReport},
    },
    journal::Ending,
    policy::Op,
    session::{Endpoints, Options, control::ControlPlane as _},
};

use super::{Inner, desk::Closing, intake::Intake, look::Asker, tape::Tape};

/// How long a session may take to end before AWS is asked to end it.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// An operation that was written down and is carried out.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) inner: Arc<Inner>,
    pub(super) acting: Arc<Acting>,
    pub(super) asker: Asker,
    pub(super) reports: mpsc::Sender<SessionReport>,
    pub(super) intake: Intake,
    pub(super) stop: CancellationToken,
    pub(super) size: Option<(u16, u16)>,
}

impl Run {
    /// Carries it out, and returns how it ended.
    pub(super) async fn run(mut self) -> Closing {
        if self.stop.is_cancelled() {
            return Closing { result: Ending::NotStarted, ..Closing::of(End::Terminated) };
        }
        let mut closing = match self.acting.authorized().operation() {
            Op::Shell { .. } | Op::Exec { .. } => self.shell().await,
            Op::PortForward { .. } => self.tunnel().await,
            Op::ServiceChange { .. } | Op::Workflow { .. } | Op::Automation { .. } => self.change().await,
        };
        // A start whose answer nobody waited for ends what it brought.
        self.acting.settle().await;
        end_all(&self.acting).await;
        closing.session_ids = self.acting.sessions();
        closing
    }

    /// Returns how sessions are to be held.
    pub(super) fn options(&self) -> Options {
        let clock = self.inner.outfit.clock.clone();
        let mut options = Options::new(Arc::new(move || clock.now()));
        options.endpoints = match self.asker.connection.endpoint() {
            Some(authority) => Endpoints::Also(authority.to_owned()),
            None => Endpoints::AwsOnly,
        };
        options.size = self.size;
        options
    }

    /// Waits until somebody wants it to end: by its handle, with its reports, or with the program.
    pub(super) async fn unwanted(&mut self) {
        tokio::select! {
            () = self.intake.end() => {}
            () = self.stop.cancelled() => {}
            () = self.reports.closed() => {}
        }
    }

    /// Tells how AWS refused to start a session, in the terms of preflight where that is possible.
    pub(super) async fn not_started(&self, why: String) -> Closing {
        let Some(refused) = self.acting.not_started() else { return Closing::of(End::Failed { why }) };
        if let Some(obstacle) = refused.obstacle {
            let preflight = Preflight { obstacles: vec![obstacle], ..Preflight::default() };
            let _ = self.reports.send(SessionReport::Preflight(Arc::new(preflight))).await;
        }
        Closing::of(if refused.is_unknown { End::Unknown { why } } else { End::Failed { why } })
    }

    /// Ends a recording and adds it to what is known of the end.
    ///
    /// One that is not whole makes the session one that could not be recorded, however it ended.
    pub(super) async fn finish(&self, tape: Tape, end: End) -> Closing {
        match tape.finish().await {
            Ok(Some(note)) => {
                let recording_sha256 = Some(note.sha256.clone());
                let _ = self.reports.send(SessionReport::Recorded(Arc::new(note))).await;
                Closing { recording_sha256, ..Closing::of(end) }
            }
            Ok(None) => Closing::of(end),
            Err(error) => Closing::of(End::Unrecorded { why: error.to_string() }),
        }
    }

    /// Ends a session at AWS if that can be done in a short while.
    pub(super) async fn terminate(&self, session_id: &str) {
        match tokio::time::timeout(GRACE, self.acting.terminate(session_id)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, session_id, "a session was not terminated"),
            Err(_) => tracing::warn!(session_id, "a session was not terminated in time"),
        }
    }
}

/// Ends at AWS, for a short while, every session that is not known to be over.
pub(super) async fn end_all(acting: &Acting) {
    let left = acting.unended();
    let ends = left.iter().map(|id| async move {
        if let Err(error) = acting.terminate(id).await {
            tracing::warn!(%error, session_id = id, "a session was not terminated");
        }
    });
    if tokio::time::timeout(GRACE, futures::future::join_all(ends)).await.is_err() {
        tracing::warn!(sessions = ?acting.unended(), "sessions were not terminated in time");
    }
}

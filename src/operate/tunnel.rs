//! Tunnels: opened, followed and closed.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    domain::{
        database::Wire,
        session::{End, SessionReport, TunnelStatus},
    },
    policy::Op,
    runbook::entry::LOCAL_PORT,
    session::{
        control::ControlPlane,
        tunnel::{self, Probe, Tunnel, TunnelOptions},
    },
};

use super::{desk::Closing, limit::Limit, run::Run, tape::Tape};

/// How long a tunnel may take to close before it is cut.
const CLOSE: Duration = Duration::from_secs(10);

impl Run {
    /// Opens a tunnel, follows it until it ends, and returns how.
    pub(super) async fn tunnel(&mut self) -> Closing {
        let limit = Limit::new(self.inner.outfit.clock.clone(), self.acting.authorized().grant().limit);
        let control: Arc<dyn ControlPlane> = Arc::clone(&self.acting) as _;
        let opening = tunnel::open(control, self.options(), self.wanted(&limit));
        let opened = tokio::select! {
            opened = opening => opened,
            () = self.unwanted() => return Closing::of(End::Terminated),
            () = limit.reached() => return Closing::of(End::LimitReached),
        };
        let tunnel = match opened {
            Ok(tunnel) => tunnel,
            Err(error) => return self.not_started(error.describe(self.inner.outfit.texts)).await,
        };
        let session_id = self.acting.sessions().into_iter().next().unwrap_or_default();
        let tape = match Tape::start(self, &session_id).await {
            Ok(tape) => tape,
            Err(error) => {
                close(tunnel).await;
                return Closing::of(End::Unrecorded { why: error.to_string() });
            }
        };
        let opened = SessionReport::Opened {
            session_id,
            target: self.acting.destination().clone(),
            ends_at: limit.ends_at,
            recorded: tape.is_on(),
            local: Some(tunnel.local()),
        };
        let _ = self.reports.send(opened).await;
        let end = self.follow(tunnel, &tape, &limit).await;
        self.finish(tape, end).await
    }

    /// Returns what is wanted of a tunnel: its port and sessions as they were authorized, and a probe that fits the destination.
    fn wanted(&self, limit: &Limit) -> TunnelOptions {
        let authorized = self.acting.authorized();
        let port = authorized.grant().parameters.get(LOCAL_PORT).and_then(|port| port.parse().ok());
        let (wire, sessions) = match authorized.operation() {
            Op::PortForward { destination, sessions, .. } => (Wire::of_port(destination.port), *sessions),
            Op::Shell { .. } | Op::Exec { .. } => (None, 1),
        };
        // A server that nobody knows may count connections that say nothing as attacks, as MySQL does.
        let probe = if wire == Some(Wire::Postgres) { Probe::Postgres } else { Probe::Off };
        TunnelOptions { port: port.unwrap_or(0), sessions, ends_at: limit.ends_at, probe, ..TunnelOptions::default() }
    }

    /// Tells how a tunnel stands until it ends, by itself or by us.
    async fn follow(&mut self, tunnel: Tunnel, tape: &Tape, limit: &Limit) -> End {
        let (status, mut ended) = (tunnel.status(), tunnel.end());
        let reports = self.reports.clone();
        let ours = tokio::select! {
            end = ended.wait_for(Option::is_some) => {
                return end.ok().and_then(|end| end.clone()).unwrap_or(End::Terminated);
            }
            () = self.unwanted() => End::Terminated,
            () = limit.reached() => End::LimitReached,
            why = tape.broken() => End::Unrecorded { why },
            error = tell(status.clone(), tape, &reports) => End::Unrecorded { why: error.to_string() },
            () = limit.warn(&reports) => End::Terminated,
        };
        close(tunnel).await;
        // What the last connections came to belongs into the recording.
        let last = Arc::clone(&status.borrow());
        match tape.status(last).await {
            Ok(()) => ours,
            Err(error) => End::Unrecorded { why: error.to_string() },
        }
    }
}

/// Closes a tunnel, gently for a while.
async fn close(tunnel: Tunnel) {
    // Giving up the wait drops the tunnel, which cuts it.
    if timeout(CLOSE, tunnel.close()).await.is_err() {
        tracing::warn!("a tunnel was cut");
    }
}

/// Records and tells each change of a tunnel; returns only where it cannot be recorded.
async fn tell(
    mut status: watch::Receiver<Arc<TunnelStatus>>,
    tape: &Tape,
    reports: &mpsc::Sender<SessionReport>,
) -> io::Error {
    status.mark_changed();
    while status.changed().await.is_ok() {
        let now = Arc::clone(&status.borrow_and_update());
        if let Err(error) = tape.status(Arc::clone(&now)).await {
            return error;
        }
        // Where nobody listens any more, that ends the tunnel elsewhere.
        let _ = reports.send(SessionReport::Tunnel(now)).await;
    }
    std::future::pending().await
}

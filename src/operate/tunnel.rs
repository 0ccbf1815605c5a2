//! Tunnels: opened, followed and closed.

use std::{io, pin::pin, sync::Arc, time::Duration};

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

use super::{
    desk::Closing,
    events::Events,
    limit::Limit,
    run::Run,
    tape::{Links, Tape},
};

/// How long a tunnel may take to close before it is cut.
const CLOSE: Duration = Duration::from_secs(10);

/// How long the last connections may take to be told once their tunnel is closed.
const REST: Duration = Duration::from_secs(2);

impl Run {
    /// Opens a tunnel, follows it until it ends, and returns how.
    pub(super) async fn tunnel(&mut self) -> Closing {
        let limit = Limit::new(self.inner.outfit.clock.clone(), self.acting.authorized().grant().limit);
        let control: Arc<dyn ControlPlane> = Arc::clone(&self.acting) as _;
        let (happened, events) = Events::new();
        let wanted = TunnelOptions { events: Some(happened), ..self.wanted(&limit) };
        let opening = tunnel::open(control, self.options(), wanted);
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
                // Where nobody takes what it tells, it does not wait for that.
                drop(events);
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
        let end = self.follow(tunnel, events, &tape, &limit).await;
        self.finish(tape, end).await
    }

    /// Returns what is wanted of a tunnel: its port and sessions as they were authorized, and a probe that fits the destination.
    fn wanted(&self, limit: &Limit) -> TunnelOptions {
        let authorized = self.acting.authorized();
        let port = authorized.grant().parameters.get(LOCAL_PORT).and_then(|port| port.parse().ok());
        let (wire, sessions) = match authorized.operation() {
            Op::PortForward { destination, sessions, .. } => (Wire::of_port(destination.port), *sessions),
            _ => (None, 1),
        };
        // A server that nobody knows may count connections that say nothing as attacks, as MySQL does.
        let probe = if wire == Some(Wire::Postgres) { Probe::Postgres } else { Probe::Off };
        TunnelOptions { port: port.unwrap_or(0), sessions, ends_at: limit.ends_at, probe, ..TunnelOptions::default() }
    }

    /// Tells and records how a tunnel stands until it ends, by itself or by us, and nothing of it is left.
    async fn follow(&mut self, tunnel: Tunnel, mut events: Events, tape: &Tape, limit: &Limit) -> End {
        let (status, mut ended) = (tunnel.status(), tunnel.end());
        let reports = self.reports.clone();
        let end = tokio::select! {
            // In this order: that it listens is recorded before its first connection.
            biased;
            end = ended.wait_for(Option::is_some) => {
                end.ok().and_then(|end| end.clone()).unwrap_or(End::Terminated)
            }
            why = tape.broken() => End::Unrecorded { why },
            error = tell(status.clone(), tape, &reports) => End::Unrecorded { why: error.to_string() },
            Err(error) = events.record(tape) => End::Unrecorded { why: error.to_string() },
            () = self.unwanted() => End::Terminated,
            () = limit.reached() => End::LimitReached,
            () = limit.warn(&reports, tape) => End::Terminated,
        };
        if end == End::LimitReached {
            tape.limit_reached().await;
        }
        let recorded = match wind_up(tunnel, events, tape).await {
            Ok(()) => {
                // What the last connections came to belongs into the recording.
                let last = Arc::clone(&status.borrow());
                tape.status(last).await
            }
            Err(error) => Err(error),
        };
        match recorded {
            Err(error) if !matches!(end, End::Unrecorded { .. }) => End::Unrecorded { why: error.to_string() },
            _ => end,
        }
    }
}

/// Closes a tunnel and records what its connections came to.
///
/// # Errors
/// Where the recording cannot go on; the tunnel is closed all the same.
async fn wind_up(tunnel: Tunnel, mut events: Events, tape: &Tape) -> io::Result<()> {
    let mut closing = pin!(close(tunnel));
    // Meanwhile, since connections wait to be told before they are gone.
    let recorded = tokio::select! {
        biased;
        recorded = events.record(tape) => Some(recorded),
        () = &mut closing => None,
    };
    match recorded {
        Some(recorded) => {
            drop(events);
            closing.await;
            recorded
        }
        None => match timeout(REST, events.record(tape)).await {
            Ok(recorded) => recorded,
            Err(_) => {
                tracing::warn!("a tunnel's last connections were not told in time");
                Ok(())
            }
        },
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
    let mut links = Links::default();
    while status.changed().await.is_ok() {
        let now = Arc::clone(&status.borrow_and_update());
        if let Err(error) = tape.status(Arc::clone(&now)).await {
            return error;
        }
        if let Some(is_lost) = links.change(now.sessions.iter().map(|session| &session.link)) {
            tape.link(is_lost).await;
        }
        // Where nobody listens any more, that ends the tunnel elsewhere.
        let _ = reports.send(SessionReport::Tunnel(now)).await;
    }
    std::future::pending().await
}

//! Tunnels: a port of this machine that leads to a port beyond AWS's agent, over one or several sessions.
//!
//! ```text
//! client ── listener ── connection ──┬── session: mux (streams of smux) ──┬── conduit ── channel ── agent ── port
//! client ── listener ── connection ──┘                                    │
//! client ── listener ── connection ───── session: mux, or turns ──────────┘
//! ```
//!
//! The listener is on the loopback interface only. Each connection goes through the session that has the fewest; a
//! session that ends by itself, or whose destination refuses several times in a row, is replaced by a new one, and the
//! picture of the tunnel says so. Where sessions end as soon as they are opened, the tunnel ends and says why. What belongs to a tunnel ends with it, however it ends: the listener first, then the
//! connections, then the sessions.

mod basic;
mod connection;
mod error;
mod fleet;
mod inbox;
mod listener;
mod mux;
mod options;
mod probe;
mod rates;
mod session;
pub mod smux;
mod stats;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    connection::Patience,
    fleet::{Fleet, Persistence},
    inbox::Pool,
    listener::{Porter, Sockets},
    rates::Rates,
    stats::Stats,
};
use super::{Now, Options, SessionError, channel, control::ControlPlane};
use crate::domain::session::{End, MOST_SESSIONS, TunnelStatus};

pub use self::{
    connection::ConnectionEnd,
    error::TunnelError,
    fleet::{Opener, Opening},
    options::{TunnelEvent, TunnelOptions},
    probe::Probe,
};

/// The longest sleep before the clock is read again, since a machine that was suspended did not count the time.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How long connections that were cut may take to say so.
const CUT: Duration = Duration::from_secs(1);

/// A tunnel that stands; whoever drops it, closes it.
#[derive(Debug)]
pub struct Tunnel {
    local: SocketAddr,
    status: watch::Receiver<Arc<TunnelStatus>>,
    end: watch::Receiver<Option<End>>,
    /// Asks for an end that lets connections finish.
    close: CancellationToken,
    /// Asks for an end at once.
    cut: CancellationToken,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// Returns where it listens; the same port leads to it under `::1` where the machine has that.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Returns what shows how it stands, at most four times a second.
    pub fn status(&self) -> watch::Receiver<Arc<TunnelStatus>> {
        self.status.clone()
    }

    /// Returns what tells how it ended, once nothing of it is left.
    pub fn end(&self) -> watch::Receiver<Option<End>> {
        self.end.clone()
    }

    /// Closes it: takes no connection any more, lets those that are open finish for a little while, and ends its sessions.
    pub async fn close(mut self) {
        self.close.cancel();
        // An error means that the task was ended from outside, and everything with it.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.close.cancel();
        self.cut.cancel();
    }
}

/// Opens a tunnel over sessions that the control plane starts; returns once the first one is ready.
///
/// # Errors
///
/// A port that cannot be listened on is told before any session is started; then what kept the first session from
/// coming about.
pub async fn open(
    control: Arc<dyn ControlPlane>,
    options: Options,
    wanted: TunnelOptions,
) -> Result<Tunnel, TunnelError> {
    // A port session always has a handshake: an agent that is slow with it must not be taken for a shell.
    let options = Options { quiet: None, ..options };
    let now = Arc::clone(&options.now);
    open_over(Arc::new(Channels { control, options }), now, wanted).await
}

/// Opens sessions at AWS.
struct Channels {
    control: Arc<dyn ControlPlane>,
    options: Options,
}

impl Opener for Channels {
    fn open(&self) -> Opening {
        let (control, options) = (Arc::clone(&self.control), self.options.clone());
        Box::pin(async move {
            let ticket = control.start().await.map_err(SessionError::Control)?;
            Ok(channel::open(ticket, control, options).await?)
        })
    }
}

/// Opens a tunnel over sessions that an opener opens; returns once the first one is ready.
///
/// # Errors
///
/// A port that cannot be listened on is told before any session is opened; then what kept the first session from
/// coming about.
pub async fn open_over(opener: Arc<dyn Opener>, now: Now, wanted: TunnelOptions) -> Result<Tunnel, TunnelError> {
    // Before anything is asked of AWS: a port that is taken is told at once.
    let sockets = Sockets::bind(wanted.port).await?;
    let local = sockets.local;
    let stats = Stats::new(now, local, wanted.events.clone());
    let pool = Pool::new(wanted.buffer_each, wanted.buffer_in_all);
    let most = wanted.sessions.clamp(1, MOST_SESSIONS);
    let persistence = Persistence { first_wait: wanted.first_wait, give_up: wanted.give_up };
    let fleet = Fleet::new(opener, Arc::clone(&stats), pool, most, wanted.share_after, persistence);
    // Who stops waiting here must not leave what was opened meanwhile.
    let guard = FleetGuard(Some(Arc::clone(&fleet)));
    fleet.begin(wanted.at_once).await?;
    guard.disarm();
    let (status, shown) = watch::channel(Arc::new(stats.picture(fleet.pictures(), &mut Rates::default())));
    let (ended, end) = watch::channel(None);
    let (close, cut) = (CancellationToken::new(), CancellationToken::new());
    let keeper = Keeper { fleet, stats, wanted, close: close.clone(), cut: cut.clone(), status };
    let task = tokio::spawn(async move {
        let end = keeper.keep(sockets).await;
        ended.send_replace(Some(end));
    });
    Ok(Tunnel { local, status: shown, end, close, cut, task })
}

/// Ends the sessions of a tunnel that did not come to stand.
struct FleetGuard(Option<Arc<Fleet>>);

impl FleetGuard {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for FleetGuard {
    fn drop(&mut self) {
        if let Some(fleet) = self.0.take() {
            fleet.stop();
        }
    }
}

/// Keeps a tunnel from its first connection to its last session.
struct Keeper {
    fleet: Arc<Fleet>,
    stats: Arc<Stats>,
    wanted: TunnelOptions,
    close: CancellationToken,
    cut: CancellationToken,
    status: watch::Sender<Arc<TunnelStatus>>,
}

impl Keeper {
    async fn keep(self, sockets: Sockets) -> End {
        let connections = TaskTracker::new();
        let cut = CancellationToken::new();
        let porter = Porter {
            fleet: Arc::clone(&self.fleet),
            stats: Arc::clone(&self.stats),
            patience: Patience { quiet: self.wanted.quiet, linger: self.wanted.linger },
            waiting: self.wanted.waiting,
            cut: cut.clone(),
            tasks: connections.clone(),
        };
        // What is selected over ends here, and the listener with it: nothing is accepted once the end is decided.
        let end = tokio::select! {
            () = porter.accept_all(sockets) => End::Terminated,
            end = self.decided() => end,
            () = self.watch() => End::Terminated,
        };
        connections.close();
        tokio::select! {
            () = connections.wait() => {}
            () = self.cut.cancelled() => {}
            () = self.draining(&end) => {}
            () = stats::publish(&self.fleet, &self.stats, &self.status) => {}
        }
        cut.cancel();
        // The sessions are told meanwhile: who keeps the journal may be slow.
        let _ = tokio::join!(timeout(CUT, connections.wait()), self.fleet.finish());
        self.stats.finish();
        stats::publish_once(&self.fleet, &self.stats, &self.status, &mut Rates::default());
        end
    }

    /// Waits for what ends the tunnel.
    async fn decided(&self) -> End {
        let mut failed = self.fleet.failed();
        tokio::select! {
            () = self.close.cancelled() => End::Terminated,
            () = self.limit() => End::LimitReached,
            why = failed.wait_for(Option::is_some) => {
                End::Lost { why: why.ok().and_then(|why| why.clone()).unwrap_or_default() }
            }
        }
    }

    /// Waits for the time limit, if there is one.
    async fn limit(&self) {
        let Some(at) = self.wanted.ends_at else { return std::future::pending().await };
        while let Ok(left) = Duration::try_from(at.duration_since(self.stats.now())) {
            if left.is_zero() {
                return;
            }
            sleep(left.min(LONGEST_SLEEP)).await;
        }
    }

    /// Shows how the tunnel stands, and looks whether its destination answers.
    async fn watch(&self) {
        let (fleet, stats, wanted) = (&self.fleet, &self.stats, &self.wanted);
        tokio::join!(
            stats::publish(fleet, stats, &self.status),
            probe::watch(wanted.probe, wanted.probe_every, wanted.probe_patience, fleet, stats),
        );
    }

    /// Waits as long as connections may take to finish.
    async fn draining(&self, end: &End) {
        // Without a session there is nothing to finish, and at its limit a tunnel is over.
        if *end == End::Terminated {
            sleep(self.wanted.drain).await;
        }
    }
}

//! What a tunnel counts, and the picture of it that is published.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{ConnectionEnd, TunnelEvent, fleet::Fleet, rates::Rates, session::Session};
use crate::{
    domain::session::{
        ConnectionState, Health, Trouble, TroubleKind, Troubles, TunnelConnection, TunnelSession, TunnelStatus,
    },
    session::Now,
};

/// How long a picture of the tunnel stands before the next one may follow.
const PICTURE: Duration = Duration::from_millis(250);

/// Counts what goes through a tunnel.
pub struct Stats {
    now: Now,
    local: SocketAddr,
    opened_at: Timestamp,
    accepted: AtomicU64,
    refused: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    live: Mutex<BTreeMap<u64, Arc<Track>>>,
    health: Mutex<Health>,
    troubles: Mutex<Troubles>,
    /// Tells that there is something new to show.
    changed: Notify,
    events: Option<mpsc::Sender<TunnelEvent>>,
    /// Cancelled when the tunnel is over.
    over: CancellationToken,
}

/// Counts what goes through one connection.
pub struct Track {
    stats: Arc<Stats>,
    id: u64,
    peer: SocketAddr,
    opened_at: Timestamp,
    /// When it was accepted, to reckon rates from.
    pub since: Instant,
    session: OnceLock<Arc<Session>>,
    sent: AtomicU64,
    received: AtomicU64,
    is_half_closed: AtomicBool,
    is_stalled: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stats {
    /// Begins to count.
    pub fn new(now: Now, local: SocketAddr, events: Option<mpsc::Sender<TunnelEvent>>) -> Arc<Self> {
        let opened_at = now();
        Arc::new(Self {
            now,
            local,
            opened_at,
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            live: Mutex::default(),
            health: Mutex::default(),
            troubles: Mutex::default(),
            changed: Notify::new(),
            events,
            over: CancellationToken::new(),
        })
    }

    /// Reads the clock.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Tells that there is something new to show.
    pub fn touch(&self) {
        self.changed.notify_one();
    }

    /// Returns how many bytes ever came from the far side.
    pub fn total_received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Hands an event to whoever keeps the journal; waits while they are behind, until the tunnel is over.
    pub async fn tell(&self, event: TunnelEvent) {
        let Some(events) = &self.events else { return };
        tokio::select! {
            biased;
            // Nobody has to keep one.
            _ = events.send(event) => {}
            () = self.over.cancelled() => tracing::warn!("an event of a tunnel that is over was not taken"),
        }
    }

    /// Lets nobody wait for the journal any more: nothing of the tunnel may outlive it.
    pub fn finish(&self) {
        self.over.cancel();
    }

    /// Notes that a connection was accepted; it counts as live until [`Self::close`].
    pub fn accept(self: &Arc<Self>, peer: SocketAddr) -> Arc<Track> {
        let id = self.accepted.fetch_add(1, Relaxed) + 1;
        let track = Arc::new(Track {
            stats: Arc::clone(self),
            id,
            peer,
            opened_at: self.now(),
            since: Instant::now(),
            session: OnceLock::new(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            is_half_closed: AtomicBool::new(false),
            is_stalled: AtomicBool::new(false),
        });
        locked(&self.live).insert(id, Arc::clone(&track));
        self.touch();
        track
    }

    /// Tells that a connection was accepted.
    pub async fn opened(&self, track: &Track) {
        self.tell(TunnelEvent::ConnectionOpened { id: track.id, peer: track.peer, at: track.opened_at }).await;
    }

    /// Notes that a connection ended.
    pub async fn close(&self, track: &Track, end: ConnectionEnd) {
        locked(&self.live).remove(&track.id);
        match end {
            ConnectionEnd::Refused => drop(self.refused.fetch_add(1, Relaxed)),
            ConnectionEnd::Overrun => self.trouble(TroubleKind::ConnectionOverrun { id: track.id }),
            ConnectionEnd::Closed | ConnectionEnd::Lost | ConnectionEnd::Cut => {}
        }
        self.touch();
        self.tell(TunnelEvent::ConnectionClosed {
            id: track.id,
            peer: track.peer,
            session_id: track.session.get().map(|session| session.id.clone()),
            opened_at: track.opened_at,
            closed_at: self.now(),
            sent: track.sent.load(Relaxed),
            received: track.received.load(Relaxed),
            end,
        })
        .await;
    }

    /// Notes that the destination answered.
    pub fn reached(&self) {
        *locked(&self.health) = Health::Reachable { at: self.now() };
        self.touch();
    }

    /// Notes that the destination did not answer; returns how often in a row.
    pub fn not_reached(&self) -> u32 {
        let at = self.now();
        let mut health = locked(&self.health);
        let before = if let Health::Refused { times, .. } = *health { times } else { 0 };
        let times = before.saturating_add(1);
        *health = Health::Refused { at, times };
        drop(health);
        self.touch();
        times
    }

    /// Notes what went wrong.
    pub fn trouble(&self, what: TroubleKind) {
        tracing::warn!(?what, "trouble in a tunnel");
        let mut troubles = locked(&self.troubles);
        match what {
            TroubleKind::SessionLost { .. } | TroubleKind::SessionRenewed { .. } => troubles.replaced += 1,
            TroubleKind::ConnectionOverrun { .. } => troubles.overrun += 1,
            TroubleKind::SessionLacking { .. } => {}
        }
        troubles.last = Some(Trouble { at: self.now(), what });
        drop(troubles);
        self.touch();
    }

    /// Draws the picture of now.
    pub fn picture(&self, sessions: Vec<(u64, TunnelSession)>, rates: &mut Rates) -> TunnelStatus {
        let live: Vec<Arc<Track>> = locked(&self.live).values().cloned().collect();
        rates.keep(|id| live.iter().any(|track| track.id == id));
        let place = |track: &Track| {
            let number = track.session.get()?.number;
            sessions.iter().position(|(other, _)| *other == number)
        };
        // A connection that waits for a session will most likely get the first.
        let connections = live.iter().map(|track| track.picture(place(track).unwrap_or(0), rates)).collect();
        TunnelStatus {
            local: self.local,
            opened_at: self.opened_at,
            connections,
            sessions: sessions.into_iter().map(|(_, session)| session).collect(),
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            sent: self.sent.load(Relaxed),
            received: self.received.load(Relaxed),
            health: locked(&self.health).clone(),
            troubles: locked(&self.troubles).clone(),
        }
    }
}

impl Track {
    /// Notes which session the connection goes through.
    pub fn assign(&self, session: &Arc<Session>) {
        // Only the first counts: no byte went before it, and one that failed at once led to another at once.
        let _ = self.session.set(Arc::clone(session));
        self.stats.touch();
    }

    /// Notes what went to the far side.
    pub fn sent(&self, length: usize) {
        self.sent.fetch_add(length as u64, Relaxed);
        self.stats.sent.fetch_add(length as u64, Relaxed);
        self.stats.touch();
    }

    /// Notes what came from the far side; the first of it shows that the destination answers.
    pub fn received(&self, length: usize) {
        let before = self.received.fetch_add(length as u64, Relaxed);
        self.stats.received.fetch_add(length as u64, Relaxed);
        if before == 0 {
            self.stats.reached();
            if let Some(session) = self.session.get() {
                session.answered();
            }
        }
        self.stats.touch();
    }

    /// Notes that the local side has sent all.
    pub fn half_close(&self) {
        self.is_half_closed.store(true, Relaxed);
        self.stats.touch();
    }

    /// Notes whether the local side takes nothing.
    pub fn stall(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Relaxed);
        self.stats.touch();
    }

    /// Tells whether the local side takes nothing.
    pub fn is_stalled(&self) -> bool {
        self.is_stalled.load(Relaxed)
    }

    /// Tells whether nothing can come: the local side takes nothing, or the link of its session is down.
    pub fn is_held(&self) -> bool {
        self.is_stalled() || self.session.get().is_some_and(|session| !session.is_up())
    }

    /// Returns how many bytes came from the far side.
    pub fn total_received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    fn picture(&self, session: usize, rates: &mut Rates) -> TunnelConnection {
        let (sent, received) = (self.sent.load(Relaxed), self.total_received());
        let (send_rate, receive_rate) = rates.note(self.id, self.since, (sent, received));
        let state = if self.is_stalled() {
            ConnectionState::Stalled
        } else if self.is_half_closed.load(Relaxed) {
            ConnectionState::HalfClosed
        } else if received == 0 {
            ConnectionState::Opening
        } else {
            ConnectionState::Open
        };
        let (id, peer, opened_at) = (self.id, self.peer, self.opened_at);
        TunnelConnection { id, peer, session, opened_at, sent, received, send_rate, receive_rate, state }
    }
}

/// Publishes a picture whenever something changed, at most four a second; runs until it is dropped.
pub async fn publish(fleet: &Fleet, stats: &Stats, to: &watch::Sender<Arc<TunnelStatus>>) {
    let mut rates = Rates::default();
    loop {
        let is_moving = publish_once(fleet, stats, to, &mut rates);
        sleep(PICTURE).await;
        if !is_moving {
            stats.changed.notified().await;
        }
    }
}

/// Publishes a picture, if it is another one than before; tells whether rates are still to fall.
pub fn publish_once(fleet: &Fleet, stats: &Stats, to: &watch::Sender<Arc<TunnelStatus>>, rates: &mut Rates) -> bool {
    let status = stats.picture(fleet.pictures(), rates);
    let is_moving = status.connections.iter().any(|one| one.send_rate > 0 || one.receive_rate > 0);
    to.send_if_modified(|shown| {
        let is_new = **shown != status;
        if is_new {
            *shown = Arc::new(status);
        }
        is_new
    });
    is_moving
}

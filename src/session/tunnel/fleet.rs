//! The sessions under a tunnel: opened, spread over, replaced.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    TunnelError,
    inbox::Pool,
    session::{Lease, Session},
    stats::Stats,
};
use crate::{
    domain::session::{Link, TroubleKind, TunnelSession},
    session::conduit::Conduit,
};

/// How long a session must have lived for its end to count as no more than an end.
const STEADY: Duration = Duration::from_secs(30);

/// The longest wait between two tries to open a session.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long after a session was renewed, since the destination refused, the next one may be.
const RENEWED_AGAIN: Duration = Duration::from_secs(30);

/// How long after a session beyond the first could not be opened, it is tried again.
const GROWN_AGAIN: Duration = Duration::from_mins(1);

/// How long the far side may take to hear that a session is over.
const FAREWELL: Duration = Duration::from_secs(5);

/// Opens a session that is ready.
pub trait Opener: Send + Sync + 'static {
    /// Opens one.
    fn open(&self) -> Opening;
}

/// A session that is being opened.
pub type Opening = Pin<Box<dyn Future<Output = Result<Conduit, TunnelError>> + Send>>;

/// How long to try to replace a lost session.
#[derive(Debug, Clone, Copy)]
pub struct Persistence {
    /// The wait before the second try; it doubles from then on.
    pub first_wait: Duration,
    /// How long it is tried until the session is given up.
    pub give_up: Duration,
}

/// Holds the sessions under a tunnel.
pub struct Fleet {
    opener: Arc<dyn Opener>,
    pool: Arc<Pool>,
    stats: Arc<Stats>,
    persistence: Persistence,
    most: usize,
    slots: Mutex<Vec<Slot>>,
    /// Tells that a session became ready.
    ready: watch::Sender<()>,
    next: AtomicU64,
    grow_from: Mutex<Option<Instant>>,
    renewed: Mutex<Option<Instant>>,
    /// Why there are no sessions any more, once there are none.
    failed: watch::Sender<Option<String>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// The place of one session: ready, being opened, or being replaced.
struct Slot {
    number: u64,
    session: Option<Arc<Session>>,
    /// What is shown while no session is there.
    shown: TunnelSession,
    /// Whether it takes no new connections, since another one took its place.
    is_leaving: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// Makes a fleet of at most so many sessions; it has none yet.
    pub fn new(
        opener: Arc<dyn Opener>,
        stats: Arc<Stats>,
        pool: Arc<Pool>,
        most: usize,
        persistence: Persistence,
    ) -> Arc<Self> {
        Arc::new(Self {
            opener,
            pool,
            stats,
            persistence,
            most,
            slots: Mutex::default(),
            ready: watch::Sender::new(()),
            next: AtomicU64::new(0),
            grow_from: Mutex::default(),
            renewed: Mutex::default(),
            failed: watch::Sender::new(None),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Opens the first session, and with `at_once` all others behind it.
    pub async fn begin(self: &Arc<Self>, at_once: bool) -> Result<(), TunnelError> {
        let session = self.open().await?;
        self.add(Some(session));
        if at_once {
            (1..self.most).for_each(|_| self.add(None));
        }
        Ok(())
    }

    /// Tells, once there is no session any more, why.
    pub fn failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }

    /// Draws the pictures of the sessions, each with its number.
    pub fn pictures(&self) -> Vec<(u64, TunnelSession)> {
        let slots = locked(&self.slots);
        let picture = |slot: &Slot| match &slot.session {
            Some(session) => (session.number, session.picture()),
            None => (u64::MAX, slot.shown.clone()),
        };
        slots.iter().map(picture).collect()
    }

    /// Waits for the session that has the fewest connections, and counts one in.
    pub async fn lease(self: &Arc<Self>) -> Option<Lease> {
        let mut ready = self.ready.subscribe();
        loop {
            if let Some(lease) = self.least_loaded() {
                if lease.0.load() > 1 {
                    self.grow();
                }
                return Some(lease);
            }
            ready.changed().await.ok()?;
        }
    }

    /// Returns the ready session that has the fewest connections, for a probe.
    pub fn any(&self) -> Option<Arc<Session>> {
        self.least_loaded().map(|lease| Arc::clone(&lease.0))
    }

    fn least_loaded(&self) -> Option<Lease> {
        let slots = locked(&self.slots);
        let live = slots.iter().filter(|slot| !slot.is_leaving).filter_map(|slot| slot.session.as_ref());
        let open = live.filter(|session| !session.over.is_cancelled());
        // Counted in under the lock, so that the next one sees it.
        open.min_by_key(|session| session.load()).map(|session| Lease::new(Arc::clone(session)))
    }

    /// Opens another session where every one is busy and there may be more.
    fn grow(self: &Arc<Self>) {
        let is_early = locked(&self.grow_from).is_some_and(|from| Instant::now() < from);
        let slots = locked(&self.slots);
        let mut staying = slots.iter().filter(|slot| !slot.is_leaving);
        let is_full = staying.clone().count() >= self.most;
        let is_any_free = staying.any(|slot| slot.session.as_ref().is_none_or(|session| session.load() == 0));
        drop(slots);
        if !(is_early || is_full || is_any_free) {
            self.add(None);
        }
    }

    fn add(self: &Arc<Self>, session: Option<Arc<Session>>) {
        let number = self.next.fetch_add(1, Relaxed);
        let link = Link::Connecting;
        let shown = TunnelSession { session_id: String::new(), link, connections: 0, agent: None };
        locked(&self.slots).push(Slot { number, session: None, shown, is_leaving: false });
        let fleet = Arc::clone(self);
        let stop = self.stop.clone();
        if let Some(session) = &session {
            self.set(number, session);
        }
        self.tasks.spawn(async move { stop.run_until_cancelled(fleet.keep(number, session)).await });
    }

    /// Keeps a slot filled until that does not succeed any more.
    async fn keep(self: Arc<Self>, slot: u64, first: Option<Arc<Session>>) {
        let mut wait = Duration::ZERO;
        let mut session = match first {
            Some(session) => session,
            None => match self.reopen(slot, &mut wait, None).await {
                Ok(session) => session,
                Err(error) => return self.give_up(slot, &error),
            },
        };
        loop {
            self.set(slot, &session);
            let since = Instant::now();
            tokio::select! {
                () = session.over.cancelled() => {}
                () = session.renew.cancelled() => {
                    match self.renew(&session).await {
                        Some(new) => {
                            self.leave(slot, &session);
                            session = new;
                            continue;
                        }
                        None => session.over.cancelled().await,
                    }
                }
            }
            if since.elapsed() > STEADY {
                wait = Duration::ZERO;
            }
            let why = session.why().await;
            if !session.is_for_one() {
                let session_id = session.id.clone();
                self.stats.trouble(TroubleKind::SessionLost { session_id, why: why.clone() });
            }
            let before = session.picture();
            session = match self.reopen(slot, &mut wait, Some((before, why))).await {
                Ok(session) => session,
                Err(error) => return self.give_up(slot, &error),
            };
        }
    }

    /// Opens a session to be the next of a slot, as often as it takes.
    async fn reopen(
        &self,
        slot: u64,
        wait: &mut Duration,
        mut lost: Option<(TunnelSession, String)>,
    ) -> Result<Arc<Session>, TunnelError> {
        let (began, since) = (Instant::now(), self.stats.now());
        for attempt in 1.. {
            if let Some((shown, why)) = &lost {
                let link = Link::Lost { since, attempt, why: why.clone() };
                self.show(slot, TunnelSession { link, connections: 0, ..shown.clone() });
            }
            // Several consoles that lost theirs at once do not come back at once.
            sleep(wait.mul_f64(0.5 + fastrand::f64())).await;
            *wait = (*wait * 2).clamp(self.persistence.first_wait, LONGEST_WAIT);
            match self.open().await {
                Ok(session) => return Ok(session),
                Err(error) if error.is_passing() && began.elapsed() < self.persistence.give_up => {
                    if let Some((_, why)) = &mut lost {
                        *why = error.to_string();
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(TunnelError::Closed)
    }

    /// Opens one session.
    ///
    /// It is carried through in a task of its own: who stops waiting must not leave a session that nobody ends.
    async fn open(&self) -> Result<Arc<Session>, TunnelError> {
        let opening = self.opener.open();
        let conduit = self.tasks.spawn(opening).await.map_err(|_| TunnelError::Closed)??;
        let number = self.next.fetch_add(1, Relaxed);
        Session::begin(number, conduit, &self.pool, &self.stats, &self.tasks)
    }

    /// Opens a session in the place of one whose destination refuses, though not often; keeps the old one where it cannot.
    async fn renew(&self, old: &Session) -> Option<Arc<Session>> {
        loop {
            let due = locked(&self.renewed).map(|at| at + RENEWED_AGAIN);
            if let Some(due) = due {
                tokio::select! {
                    () = old.over.cancelled() => return None,
                    () = tokio::time::sleep_until(due) => {}
                }
            }
            *locked(&self.renewed) = Some(Instant::now());
            match self.open().await {
                Ok(new) => {
                    self.stats.trouble(TroubleKind::SessionRenewed { session_id: old.id.clone() });
                    return Some(new);
                }
                Err(error) => self.stats.trouble(TroubleKind::SessionLacking { why: error.to_string() }),
            }
        }
    }

    fn set(&self, slot: u64, session: &Arc<Session>) {
        if let Some(slot) = locked(&self.slots).iter_mut().find(|one| one.number == slot) {
            slot.session = Some(Arc::clone(session));
        }
        self.ready.send_replace(());
        self.stats.touch();
    }

    fn show(&self, slot: u64, shown: TunnelSession) {
        if let Some(slot) = locked(&self.slots).iter_mut().find(|one| one.number == slot) {
            (slot.session, slot.shown) = (None, shown);
        }
        self.stats.touch();
    }

    /// Lets a session serve the connections it has, in a slot of its own, and ends it then.
    fn leave(self: &Arc<Self>, slot: u64, session: &Arc<Session>) {
        let number = self.next.fetch_add(1, Relaxed);
        {
            let mut slots = locked(&self.slots);
            let Some(at) = slots.iter().position(|one| one.number == slot) else { return };
            let leaving =
                Slot { number, session: Some(Arc::clone(session)), shown: session.picture(), is_leaving: true };
            slots.insert(at + 1, leaving);
        }
        let (fleet, session, stop) = (Arc::clone(self), Arc::clone(session), self.stop.clone());
        self.tasks.spawn(stop.run_until_cancelled_owned(async move {
            tokio::select! {
                () = session.idle() => {}
                () = session.over.cancelled() => {}
            }
            session.finish();
            fleet.remove(number);
        }));
    }

    fn remove(&self, slot: u64) {
        locked(&self.slots).retain(|one| one.number != slot);
        self.stats.touch();
    }

    /// Goes on without a slot; where it was the last, the tunnel is over.
    fn give_up(&self, slot: u64, error: &TunnelError) {
        self.remove(slot);
        *locked(&self.grow_from) = Some(Instant::now() + GROWN_AGAIN);
        if locked(&self.slots).iter().all(|slot| slot.is_leaving) {
            self.failed.send_replace(Some(error.to_string()));
        } else {
            self.stats.trouble(TroubleKind::SessionLacking { why: error.to_string() });
        }
    }

    /// Ends every session; opens none any more.
    pub fn stop(&self) -> Vec<Arc<Session>> {
        self.stop.cancel();
        self.tasks.close();
        let sessions: Vec<Arc<Session>> = locked(&self.slots).iter().filter_map(|slot| slot.session.clone()).collect();
        for session in &sessions {
            session.finish();
        }
        sessions
    }

    /// Ends every session and waits a little while for the far side to know.
    pub async fn finish(&self) {
        let sessions = self.stop();
        let all = async {
            for session in &sessions {
                session.ended().await;
            }
            self.tasks.wait().await;
        };
        // Whoever does not answer in time is left to the service, which was told.
        let _ = timeout(FAREWELL, all).await;
        self.stats.touch();
    }
}

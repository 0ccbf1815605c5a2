//! The sessions under a tunnel: opened, spread over, replaced.

mod spread;

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU32, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{TunnelError, inbox::Pool, session::Session, stats::Stats};
use crate::{
    domain::session::{Link, MOST_SESSIONS, TroubleKind, TunnelSession},
    session::{SessionError, conduit::Conduit},
};

/// How long a session must have lived for its end to count as no more than an end.
const STEADY: Duration = Duration::from_secs(30);

/// The longest wait between two tries to open a session.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How many sessions in a row may end at once and without a byte until no more are opened in their place.
const BARREN_IN_A_ROW: u32 = 3;

/// How many connections in a row are refused, over all sessions, until those that refused count as leading nowhere.
const REFUSED_IN_A_ROW: u32 = 3;

/// How long after a session was renewed, since the destination refused, its successor may be; it doubles from then on.
const RENEWED_AGAIN: Duration = Duration::from_secs(30);

/// The longest time between two renewals of one place.
const RENEWED_AT_LEAST: Duration = Duration::from_mins(10);

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
    share_after: Duration,
    slots: Mutex<Vec<Slot>>,
    /// How many connections wait for a session.
    waiting: AtomicUsize,
    /// How many sessions in a row ended soon and without a byte.
    barren: AtomicU32,
    /// Tells that a session became ready.
    ready: watch::Sender<()>,
    next: AtomicU64,
    grow_from: Mutex<Option<Instant>>,
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
    /// Whether its session is being opened and did not fail to yet: then it is worth waiting for.
    is_coming: bool,
    /// Whether it takes no new connections, since another one took its place.
    is_leaving: bool,
}

/// What is to be remembered of the sessions that were in one place before.
#[derive(Default)]
struct Past {
    /// The wait before the next try to open one.
    wait: Duration,
    /// When one may be renewed again.
    renewable: Option<Instant>,
    /// How long after a renewal that is.
    renewed_again: Duration,
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
        share_after: Duration,
        persistence: Persistence,
    ) -> Arc<Self> {
        Arc::new(Self {
            opener,
            pool,
            stats,
            persistence,
            most,
            share_after,
            slots: Mutex::default(),
            waiting: AtomicUsize::new(0),
            barren: AtomicU32::new(0),
            ready: watch::Sender::new(()),
            next: AtomicU64::new(0),
            grow_from: Mutex::default(),
            failed: watch::Sender::new(None),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Opens the first session, and with `at_once` all others behind it.
    pub async fn begin(self: &Arc<Self>, at_once: bool) -> Result<(), TunnelError> {
        let session = self.open().await?;
        let mut slots = locked(&self.slots);
        self.add(&mut slots, Some(session));
        if at_once {
            (1..self.most).for_each(|_| self.add(&mut slots, None));
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

    fn add(self: &Arc<Self>, slots: &mut Vec<Slot>, session: Option<Arc<Session>>) {
        let number = self.next.fetch_add(1, Relaxed);
        let shown = TunnelSession { session_id: String::new(), link: Link::Connecting, connections: 0, agent: None };
        slots.push(Slot { number, session: session.clone(), shown, is_coming: session.is_none(), is_leaving: false });
        self.stats.touch();
        let (fleet, stop) = (Arc::clone(self), self.stop.clone());
        self.tasks.spawn(async move { stop.run_until_cancelled(fleet.keep(number, session)).await });
    }

    /// Keeps a slot filled until that does not succeed any more.
    async fn keep(self: Arc<Self>, slot: u64, first: Option<Arc<Session>>) {
        let mut past = Past { renewed_again: RENEWED_AGAIN, ..Past::default() };
        let mut session = match first {
            Some(session) => session,
            None => match self.reopen(slot, &mut past, None).await {
                Ok(session) => session,
                Err(why) => return self.give_up(slot, why),
            },
        };
        loop {
            self.set(slot, &session);
            let since = Instant::now();
            tokio::select! {
                () = session.over.cancelled() => {}
                () = session.renew.cancelled() => {
                    match self.renew(&session, &mut past).await {
                        Some(new) => {
                            self.leave(slot, &session);
                            session = new;
                            continue;
                        }
                        None => session.over.cancelled().await,
                    }
                }
            }
            let is_steady = since.elapsed() > STEADY;
            if is_steady {
                past.wait = Duration::ZERO;
            }
            let why = session.why().await;
            if !session.is_for_one() {
                let session_id = session.id.clone();
                self.stats.trouble(TroubleKind::SessionLost { session_id, why: why.clone() });
            }
            if is_steady || session.has_answered() {
                self.barren.store(0, SeqCst);
            } else if session.is_left() && self.is_barren() {
                return self.give_up(slot, why);
            }
            let before = session.picture();
            session = match self.reopen(slot, &mut past, Some((before, why))).await {
                Ok(session) => session,
                Err(why) => return self.give_up(slot, why),
            };
        }
    }

    /// Counts a session that the far side ended at once; tells whether no more is to be opened in its place.
    ///
    /// An agent that forbids the destination, or does not find it, says so by ending each session, and each one is an
    /// action that AWS records.
    fn is_barren(&self) -> bool {
        self.barren.fetch_add(1, SeqCst) + 1 >= BARREN_IN_A_ROW
    }

    /// Opens a session to be the next of a slot, as often as it takes; says why where it does not succeed.
    async fn reopen(
        &self,
        slot: u64,
        past: &mut Past,
        mut lost: Option<(TunnelSession, String)>,
    ) -> Result<Arc<Session>, String> {
        let (began, since) = (Instant::now(), self.stats.now());
        for attempt in 1.. {
            if let Some((shown, why)) = &lost {
                let link = Link::Lost { since, attempt, why: why.clone() };
                self.show(slot, Some(TunnelSession { link, connections: 0, ..shown.clone() }), attempt == 1);
            } else if attempt > 1 {
                self.show(slot, None, false);
            }
            // Several consoles that lost theirs at once do not come back at once.
            sleep(past.wait.mul_f64(0.5 + fastrand::f64())).await;
            past.wait = (past.wait * 2).clamp(self.persistence.first_wait, LONGEST_WAIT);
            match self.open().await {
                Ok(session) => return Ok(session),
                Err(TunnelError::Session(SessionError::Closed { output })) if self.is_barren() => return Err(output),
                Err(error) if error.is_passing() && began.elapsed() < self.persistence.give_up => {
                    if let Some((_, why)) = &mut lost {
                        *why = error.to_string();
                    }
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(TunnelError::Closed.to_string())
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

    /// Notes that the destination refused a connection of a session; after several in a row, whatever sessions they went
    /// through, those that refused should look it up anew.
    pub fn refuse(&self, session: &Session) {
        session.refuse();
        if self.stats.not_reached() >= REFUSED_IN_A_ROW {
            locked(&self.slots).iter().filter_map(|slot| slot.session.as_ref()).for_each(|session| session.distrust());
        }
    }

    /// Opens a session in the place of one whose destination refuses, though not often; keeps the old one where it cannot.
    async fn renew(&self, old: &Session, past: &mut Past) -> Option<Arc<Session>> {
        if old.has_answered() {
            past.renewed_again = RENEWED_AGAIN;
        }
        loop {
            if let Some(due) = past.renewable {
                tokio::select! {
                    () = old.over.cancelled() => return None,
                    () = sleep_until(due) => {}
                }
            }
            past.renewable = Some(Instant::now() + past.renewed_again);
            past.renewed_again = (past.renewed_again * 2).min(RENEWED_AT_LEAST);
            // Connections that never end would otherwise keep more and more sessions.
            if locked(&self.slots).iter().filter(|slot| slot.is_leaving).count() >= MOST_SESSIONS {
                continue;
            }
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
            (slot.session, slot.is_coming) = (Some(Arc::clone(session)), false);
        }
        // One that came while all were being ended was not among them.
        if self.stop.is_cancelled() {
            session.finish();
        }
        self.ready.send_replace(());
        self.stats.touch();
    }

    /// Shows a slot without a session; who waits for it hears where it did not come.
    fn show(&self, slot: u64, shown: Option<TunnelSession>, is_coming: bool) {
        if let Some(slot) = locked(&self.slots).iter_mut().find(|one| one.number == slot) {
            (slot.session, slot.is_coming) = (None, is_coming);
            if let Some(shown) = shown {
                slot.shown = shown;
            }
        }
        self.ready.send_replace(());
        self.stats.touch();
    }

    /// Lets a session serve the connections it has, in a slot of its own, and ends it then.
    fn leave(self: &Arc<Self>, slot: u64, session: &Arc<Session>) {
        let number = self.next.fetch_add(1, Relaxed);
        {
            let mut slots = locked(&self.slots);
            let Some(at) = slots.iter().position(|one| one.number == slot) else { return };
            let (shown, session) = (session.picture(), Some(Arc::clone(session)));
            let leaving = Slot { number, session, shown, is_coming: false, is_leaving: true };
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
        self.ready.send_replace(());
        self.stats.touch();
    }

    /// Goes on without a slot; where it was the last, the tunnel is over.
    fn give_up(&self, slot: u64, why: String) {
        *locked(&self.grow_from) = Some(Instant::now() + GROWN_AGAIN);
        self.remove(slot);
        if locked(&self.slots).iter().all(|slot| slot.is_leaving) {
            self.failed.send_replace(Some(why));
        } else {
            self.stats.trouble(TroubleKind::SessionLacking { why });
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

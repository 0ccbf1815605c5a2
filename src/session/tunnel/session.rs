//! One session under a tunnel.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    TunnelError,
    basic::{Manner, Turns},
    inbox::Pool,
    mux::Mux,
    stats::Stats,
};
use crate::{
    domain::session::{End, Link, TunnelSession},
    session::conduit::{Conduit, Kind, Leash, Version},
};

/// The type of a port session that an agent multiplexes.
const FORWARDING: &str = "LocalPortForwarding";

/// How many connections of one session are refused in a row until it counts as leading nowhere, whatever others do.
const REFUSED_IN_A_ROW: u32 = 3;

/// How long the reason of an end may take to come after the end itself.
const REASON: Duration = Duration::from_secs(1);

/// How connections share a session.
#[derive(Debug)]
pub enum Way {
    /// All at once, as streams.
    Streams(Arc<Mux>),
    /// One after the other.
    Turns(Turns),
}

/// A session that is ready.
#[derive(Debug)]
pub struct Session {
    /// Its number in this tunnel.
    pub number: u64,
    /// AWS's id of it.
    pub id: String,
    /// How connections share it.
    pub way: Way,
    /// Cancelled when it is over.
    pub over: CancellationToken,
    /// Cancelled when another one should take its place.
    pub renew: CancellationToken,
    agent: Option<String>,
    link: watch::Receiver<Link>,
    end: watch::Receiver<Option<End>>,
    leash: Mutex<Option<Leash>>,
    /// What we found wrong with it ourselves.
    fault: Mutex<Option<String>>,
    load: AtomicUsize,
    /// Whether it ever had a connection.
    is_used: AtomicBool,
    /// Whether the destination ever answered.
    has_answered: AtomicBool,
    refused: AtomicU32,
    /// Tells that a connection of it is over.
    released: Notify,
}

impl Session {
    /// Begins to read from a session; refuses one that leads to no port.
    pub fn begin(
        number: u64,
        conduit: Conduit,
        pool: &Arc<Pool>,
        stats: &Arc<Stats>,
        tasks: &TaskTracker,
    ) -> Result<Arc<Self>, TunnelError> {
        let Conduit { session_id, kind, agent, to, from, link, end, leash, .. } = conduit;
        let Kind::Port(properties) = kind else { return Err(TunnelError::NotAPort { session_id }) };
        // An agent of today that does not say its version is likelier than one of 2020.
        let has_streams = agent.as_ref().is_none_or(Version::multiplexes);
        let keep_alive = agent.as_ref().is_some_and(Version::expects_keep_alive);
        let is_forwarding = properties.forwarding.as_deref() == Some(FORWARDING);
        let mut reading = None;
        let way = if is_forwarding && has_streams {
            let mux = Mux::new(to, Arc::clone(pool));
            reading = Some((Arc::clone(&mux), from));
            Way::Streams(mux)
        } else {
            let manner = if is_forwarding { Manner::Again } else { Manner::Once };
            Way::Turns(Turns::new(to, from, end.clone(), manner))
        };
        let session = Arc::new(Self {
            number,
            id: session_id,
            way,
            over: CancellationToken::new(),
            renew: CancellationToken::new(),
            agent: agent.map(|version| version.to_string()),
            link,
            end,
            leash: Mutex::new(Some(leash)),
            fault: Mutex::default(),
            load: AtomicUsize::new(0),
            is_used: AtomicBool::new(false),
            has_answered: AtomicBool::new(false),
            refused: AtomicU32::new(0),
            released: Notify::new(),
        });
        if let Some((mux, from)) = reading {
            // Weak: who reads for the session must not be what keeps it.
            let weak = Arc::downgrade(&session);
            tasks.spawn(async move {
                let result = mux.read(from, keep_alive).await;
                if let Some(session) = weak.upgrade() {
                    session.fail(result.err().map(|fault| fault.to_string()));
                }
            });
        }
        tasks.spawn(watch_link(session.link.clone(), session.end.clone(), Arc::clone(stats), Arc::downgrade(&session)));
        Ok(session)
    }

    /// Ends the session, if it has not ended; whoever goes through it is cut.
    pub fn finish(&self) {
        drop(self.leash.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Way::Streams(mux) = &self.way {
            mux.end();
        }
        self.over.cancel();
    }

    fn fail(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.finish();
    }

    /// Waits until the far side knows that the session has ended.
    pub async fn ended(&self) {
        let mut end = self.end.clone();
        // An error means that nobody is left to say more.
        let _ = end.wait_for(Option::is_some).await;
    }

    /// Says why the session is over; empty where nobody said.
    pub async fn why(&self) -> String {
        if let Some(fault) = self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return fault;
        }
        let _ = timeout(REASON, self.ended()).await;
        match &*self.end.borrow() {
            Some(
                End::Closed { output: why }
                | End::Lost { why }
                | End::Failed { why }
                | End::Unrecorded { why }
                | End::Unknown { why },
            ) => why.clone(),
            Some(End::Terminated | End::LimitReached | End::Finished(_)) | None => String::new(),
        }
    }

    /// Notes that the destination answered.
    pub fn answered(&self) {
        self.has_answered.store(true, SeqCst);
        self.refused.store(0, SeqCst);
    }

    /// Tells whether the destination ever answered through it.
    pub fn has_answered(&self) -> bool {
        self.has_answered.load(SeqCst)
    }

    /// Notes that the destination refused a connection; after several in a row another session should look it up anew.
    pub fn refuse(&self) {
        if self.refused.fetch_add(1, SeqCst) + 1 >= REFUSED_IN_A_ROW {
            self.renew.cancel();
        }
    }

    /// Lets another session look the destination up anew, if this one's last connection was refused.
    pub fn distrust(&self) {
        if self.refused.load(SeqCst) > 0 {
            self.renew.cancel();
        }
    }

    /// Tells whether the far side ended it, other than by the end of the one connection that it was for.
    pub fn is_left(&self) -> bool {
        let has_fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let is_ended = !matches!(*self.end.borrow(), None | Some(End::Terminated | End::LimitReached));
        (has_fault || is_ended) && !(self.is_for_one() && self.is_used.load(SeqCst))
    }

    /// Tells whether its link stands.
    pub fn is_up(&self) -> bool {
        matches!(*self.link.borrow(), Link::Up { .. })
    }

    /// Returns how many connections go through it.
    pub fn load(&self) -> usize {
        self.load.load(SeqCst)
    }

    /// Waits until no connection goes through it.
    pub async fn idle(&self) {
        loop {
            let released = self.released.notified();
            if self.load() == 0 {
                return;
            }
            released.await;
        }
    }

    /// Tells whether it carries only one connection in its life.
    pub fn is_for_one(&self) -> bool {
        matches!(&self.way, Way::Turns(turns) if turns.manner == Manner::Once)
    }

    /// Draws the picture of now.
    pub fn picture(&self) -> TunnelSession {
        let link = if self.over.is_cancelled() { Link::Ended } else { self.link.borrow().clone() };
        TunnelSession { session_id: self.id.clone(), link, connections: self.load(), agent: self.agent.clone() }
    }
}

/// Counts a connection in as long as it lives.
#[derive(Debug)]
pub struct Lease(pub Arc<Session>);

impl Lease {
    /// Counts a connection in.
    pub fn new(session: Arc<Session>) -> Self {
        session.is_used.store(true, SeqCst);
        session.load.fetch_add(1, SeqCst);
        Self(session)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.load.fetch_sub(1, SeqCst);
        self.0.released.notify_one();
    }
}

/// Tells of every change of the link, and ends the session when it ends.
async fn watch_link(
    mut link: watch::Receiver<Link>,
    mut end: watch::Receiver<Option<End>>,
    stats: Arc<Stats>,
    session: std::sync::Weak<Session>,
) {
    loop {
        tokio::select! {
            changed = link.changed() => {
                stats.touch();
                if changed.is_err() {
                    break;
                }
            }
            _ = end.wait_for(Option::is_some) => break,
        }
    }
    let Some(session) = session.upgrade() else { return };
    // Streams end once all that came was handed on, which their reader sees; turns have no such reader.
    if matches!(session.way, Way::Turns(_)) {
        session.over.cancel();
    }
}

//! The message gateway: where clients connect to their sessions, and the agents behind it.
//!
//! A session is a record here from `StartSession` on. Its agent starts when the first client connects, and goes on when
//! that client is gone; a client that comes back takes the place of the one before it.
//!
//! ```text
//! client ⇄ socket: signature, token, frames in batches ⇄ line: what goes wrong ⇄ agent
//! ```

mod control;
mod faults;
mod line;
mod session;
mod socket;
mod traffic;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

pub use control::GatewayOrder;
pub use faults::{GatewayFaults, LineFaults, Oversize};
pub use session::{Session, Wanted};
pub use socket::{PATH, connect};
pub use traffic::{Flow, Traffic};

use super::agent::{AgentOptions, Destinations, Surroundings};
use super::kms::Keys;
use session::Act;
use traffic::Counters;

/// How many sessions that have ended are remembered.
const REMEMBERED: usize = 1_000;

/// A handle on the message gateway: what goes wrong in it, and what went through.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    seed: u64,
    stop: CancellationToken,
    keys: Arc<Keys>,
    destinations: Arc<Destinations>,
    faults: Mutex<GatewayFaults>,
    agents: Mutex<AgentOptions>,
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
    connections: AtomicU64,
    up: Counters,
    down: Counters,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gateway {
    /// Makes the gateway of an account that listens at an address; it ends with `stop`.
    pub(super) fn new(
        address: SocketAddr,
        seed: u64,
        agents: AgentOptions,
        stop: CancellationToken,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self(Arc::new(Inner {
            address,
            seed,
            stop,
            keys: Arc::new(Keys::new()?),
            destinations: Arc::default(),
            faults: Mutex::default(),
            agents: Mutex::new(agents),
            sessions: Mutex::default(),
            connections: AtomicU64::new(0),
            up: Counters::default(),
            down: Counters::default(),
        })))
    }

    /// Makes a gateway that nobody reaches.
    #[cfg(test)]
    pub(super) fn idle() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        Self::new(address, 0, AgentOptions::default(), CancellationToken::new()).unwrap()
    }

    /// Reads what goes wrong.
    pub fn faults(&self) -> GatewayFaults {
        *lock(&self.0.faults)
    }

    /// Makes things go wrong from now on, in sessions that run as well.
    pub fn set_faults(&self, faults: GatewayFaults) {
        *lock(&self.0.faults) = faults;
    }

    /// Reads how agents behave.
    pub fn agents(&self) -> AgentOptions {
        lock(&self.0.agents).clone()
    }

    /// Makes the agents of sessions that begin from now on behave otherwise.
    pub fn set_agents(&self, options: AgentOptions) {
        *lock(&self.0.agents) = options;
    }

    /// Closes every client's connection as the service does each hour: 1000, `Bye`. The sessions live on.
    pub fn bye(&self) {
        self.act(|| Act::Bye);
    }

    /// Ends every client's connection without a word. The sessions live on.
    pub fn cut(&self) {
        self.act(|| Act::Cut);
    }

    /// Tells every client to hold back.
    pub fn pause(&self) {
        self.act(|| Act::Pause);
    }

    /// Tells every client to go on.
    pub fn start_publication(&self) {
        self.act(|| Act::Start);
    }

    /// Ends every session, with words for its client.
    pub fn end_sessions(&self, output: &str) {
        for session in self.live() {
            session.end(output);
        }
    }

    /// How many sessions have not ended.
    pub fn live_sessions(&self) -> usize {
        self.live().len()
    }

    /// Reads what went through since the start or the last reset.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.0.connections.load(Ordering::Relaxed),
            up: self.0.up.read(),
            down: self.0.down.read(),
        }
    }

    /// Counts anew.
    pub fn reset_traffic(&self) {
        self.0.connections.store(0, Ordering::Relaxed);
        self.0.up.reset();
        self.0.down.reset();
    }

    /// Where agents' connections go.
    pub(super) fn destinations(&self) -> &Destinations {
        &self.0.destinations
    }

    /// What wraps data keys.
    pub(super) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Finds a session.
    pub(super) fn session(&self, id: &str) -> Option<Arc<Session>> {
        lock(&self.0.sessions).get(id).cloned()
    }

    /// All sessions that are remembered.
    pub(super) fn sessions(&self) -> Vec<Arc<Session>> {
        lock(&self.0.sessions).values().cloned().collect()
    }

    fn live(&self) -> Vec<Arc<Session>> {
        self.sessions().into_iter().filter(|session| session.is_live()).collect()
    }

    fn act(&self, act: fn() -> Act) {
        for session in self.live() {
            session.tell_client(act());
        }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            destinations: Arc::clone(&self.0.destinations),
            keys: Arc::clone(&self.0.keys),
            options: self.agents(),
        }
    }

    fn remember(&self, session: Arc<Session>) {
        let mut sessions = lock(&self.0.sessions);
        sessions.insert(session.id.clone(), session);
        let ended = sessions.values().filter_map(|one| Some((one.ended()?, one.id.clone())));
        let mut ended: Vec<_> = ended.collect();
        if ended.len() > REMEMBERED {
            ended.sort_unstable();
            for (_, id) in ended.iter().take(ended.len() - REMEMBERED) {
                sessions.remove(id);
            }
        }
    }
}

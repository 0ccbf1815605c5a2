//! A data channel against an agent behind a gateway, over real sockets, with all that can go wrong there.

#[path = "support/agent.rs"]
mod agent;
#[path = "session_channel/handshake.rs"]
mod handshake;
#[path = "session_channel/link.rs"]
mod link;
#[path = "support/plane.rs"]
mod plane;
#[path = "session_channel/stream.rs"]
mod stream;
#[path = "session_channel/tls.rs"]
mod tls;

use std::sync::Arc;
use std::time::Duration;

use agent::{Agent, Faults, Manner};
use bytes::Bytes;
use plane::Plane;
use sekisho::domain::session::{End, Link};
use sekisho::session::conduit::{Conduit, FromFarSide, ToFarSide};
use sekisho::session::message::PayloadType;
use sekisho::session::{Endpoints, Options, SessionError, channel};
use tokio::time::timeout;

/// How long anything may take here; what takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// Options that trust one agent.
fn options(agent: &Agent) -> Options {
    Options { endpoints: Endpoints::Also(agent.authority.clone()), ..waiting_little() }
}

/// Options that wait less than people would.
fn waiting_little() -> Options {
    let mut options = Options::new(Arc::new(jiff::Timestamp::now));
    options.size = Some((120, 40));
    options.patience = Duration::from_secs(20);
    options.ping_every = Duration::from_millis(300);
    options.pong_within = Duration::from_millis(500);
    options.longest_backoff = Duration::from_millis(400);
    options.end_within = Duration::from_millis(500);
    options
}

async fn start(manner: Manner, faults: Faults, begin: Vec<(PayloadType, Vec<u8>)>) -> (Agent, Arc<Plane>) {
    let agent = Agent::start(manner, faults, begin).await;
    let plane = Plane::new(&agent.url());
    (agent, plane)
}

async fn open(plane: &Arc<Plane>, options: Options) -> Result<Conduit, SessionError> {
    let control: Arc<Plane> = Arc::clone(plane);
    timeout(PATIENCE, channel::open(plane.ticket(), control, options)).await.expect("the session never became ready")
}

async fn session(manner: Manner, faults: Faults, begin: Vec<(PayloadType, Vec<u8>)>) -> (Agent, Arc<Plane>, Conduit) {
    let (agent, plane) = start(manner, faults, begin).await;
    let conduit = open(&plane, options(&agent)).await.unwrap();
    (agent, plane, conduit)
}

/// Reads data until there are so many bytes.
async fn read(conduit: &mut Conduit, bytes: usize) -> Vec<u8> {
    let mut data = Vec::new();
    while data.len() < bytes {
        match timeout(PATIENCE, conduit.from.recv()).await {
            Ok(Some(FromFarSide::Data(more))) => data.extend_from_slice(&more),
            other => panic!("{} of {bytes} bytes, then {other:?}; {:?}", data.len(), *conduit.link.borrow()),
        }
    }
    data
}

async fn send(conduit: &Conduit, bytes: &[u8]) {
    conduit.to.send(ToFarSide::Data(Bytes::copy_from_slice(bytes))).await.unwrap();
}

async fn ended(conduit: &mut Conduit) -> End {
    let end = timeout(PATIENCE, conduit.end.wait_for(Option::is_some)).await.expect("the session never ended");
    end.unwrap().clone().unwrap()
}

async fn linked(conduit: &mut Conduit, is_it: impl FnMut(&Link) -> bool) -> Link {
    timeout(PATIENCE, conduit.link.wait_for(is_it)).await.expect("the link never stood like that").unwrap().clone()
}

/// Waits until something is so at the far side.
async fn until(mut is_so: impl FnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it never came to that");
}

/// Bytes that tell their place.
fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from((at / 251 + at) % 256).unwrap()).collect()
}

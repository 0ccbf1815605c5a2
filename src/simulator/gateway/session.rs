//! A session as the service keeps it: from its start to its end, whoever is connected.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Gateway, lock};
use crate::simulator::agent::{self, Link, Plan};
use crate::simulator::clock::Millis;

/// How many frames may be under way between a client and its agent, each way.
const UNDER_WAY: usize = 256;
/// How many orders may wait for a client's connection.
const ACTS: usize = 16;

/// How a session stands, in the words of `DescribeSessions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// Its client has not come yet.
    Connecting,
    /// Its client is there.
    Connected,
    /// Its client is gone; it may come back.
    Disconnected,
    /// It is over.
    Terminated,
}

impl SessionStatus {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
            Self::Terminated => "Terminated",
        }
    }
}

/// What a session is to be.
#[derive(Debug)]
pub struct Wanted {
    /// What its id begins with: the name of the caller's own session, or ECS's own word.
    pub prefix: String,
    pub account: String,
    pub region: String,
    /// The target as the caller named it.
    pub target: String,
    pub document: String,
    /// The caller's ARN.
    pub owner: String,
    pub reason: Option<String>,
    /// Story time.
    pub now: Millis,
    /// How long it may last.
    pub limit: Option<Duration>,
    /// How long nothing may happen in it.
    pub idle: Duration,
    /// The version of the target's agent.
    pub agent: String,
    pub run: agent::Run,
    /// The ARN of the key that it is encrypted with.
    pub key: Option<String>,
}

/// The way to a session's channel.
#[derive(Debug)]
pub struct Ticket {
    /// The session's id.
    pub session_id: String,
    /// The channel's address.
    pub stream_url: String,
    /// What opens it, once.
    pub token: String,
}

/// What a client's connection is told to do.
#[derive(Debug)]
pub enum Act {
    /// Close as the service does each hour.
    Bye,
    /// End without a word.
    Cut,
    /// Tell the client to hold back.
    Pause,
    /// Tell the client to go on.
    Start,
    /// Close because a message was too long.
    TooLong,
    /// Tell the client that the session is over, and close.
    End(String),
}

/// A session.
#[derive(Debug)]
pub struct Session {
    pub id: String,
    pub account: String,
    pub region: String,
    pub target: String,
    pub document: String,
    pub owner: String,
    pub reason: Option<String>,
    pub started: Millis,
    pub limit: Option<Duration>,
    idle: Duration,
    plan: Plan,
    begun: Instant,
    /// When data last went through, in milliseconds since it began.
    heard: AtomicU64,
    /// The highest numbers of data, up and down.
    pub(super) highest: [AtomicI64; 2],
    state: Mutex<State>,
    pub(super) down: tokio::sync::Mutex<mpsc::Receiver<Bytes>>,
    cancel: CancellationToken,
}

#[derive(Debug)]
struct State {
    status: SessionStatus,
    token: Option<String>,
    ended: Option<Instant>,
    client: Option<Client>,
    /// How many clients there were.
    clients: u64,
    /// What the agent needs to start, until it does.
    start: Option<(mpsc::Receiver<Bytes>, mpsc::Sender<Bytes>)>,
    up: mpsc::Sender<Bytes>,
}

#[derive(Debug)]
struct Client {
    number: u64,
    acts: mpsc::Sender<Act>,
    replaced: CancellationToken,
}

/// A client's place in its session.
#[derive(Debug)]
pub struct Seat {
    pub number: u64,
    pub acts: mpsc::Receiver<Act>,
    /// For the connection's own use.
    pub to_itself: mpsc::Sender<Act>,
    pub replaced: CancellationToken,
    pub up: mpsc::Sender<Bytes>,
}

impl Gateway {
    /// Starts a session; its agent starts with its first client.
    pub fn start(&self, wanted: Wanted) -> Result<Ticket, getrandom::Error> {
        let id = format!("{}-{}", wanted.prefix, fresh_letters(17)?);
        let token = fresh_token()?;
        let (up, from_client) = mpsc::channel(UNDER_WAY);
        let (to_client, down) = mpsc::channel(UNDER_WAY);
        let plan = Plan {
            session_id: id.clone(),
            target: wanted.target.clone(),
            version: self.agents().version.unwrap_or(wanted.agent),
            run: wanted.run,
            key: wanted.key,
        };
        let session = Arc::new(Session {
            id,
            account: wanted.account,
            region: wanted.region,
            target: wanted.target,
            document: wanted.document,
            owner: wanted.owner,
            reason: wanted.reason,
            started: wanted.now,
            limit: wanted.limit,
            idle: wanted.idle,
            plan,
            begun: Instant::now(),
            heard: AtomicU64::new(0),
            highest: [AtomicI64::new(-1), AtomicI64::new(-1)],
            state: Mutex::new(State {
                status: SessionStatus::Connecting,
                token: Some(token.clone()),
                ended: None,
                client: None,
                clients: 0,
                start: Some((from_client, to_client)),
                up,
            }),
            down: tokio::sync::Mutex::new(down),
            cancel: self.0.stop.child_token(),
        });
        tokio::spawn(Arc::clone(&session).watch());
        let ticket = self.ticket(&session, token);
        self.remember(session);
        Ok(ticket)
    }

    /// Makes a new ticket for a session that lives.
    pub fn resume(&self, session: &Session) -> Result<Option<Ticket>, getrandom::Error> {
        if self.faults().refuse_resume {
            return Ok(None);
        }
        let token = fresh_token()?;
        let mut state = lock(&session.state);
        if state.ended.is_some() {
            return Ok(None);
        }
        state.token = Some(token.clone());
        Ok(Some(self.ticket(session, token)))
    }

    fn ticket(&self, session: &Session, token: String) -> Ticket {
        let stream_url = format!(
            "ws://{}{}{}?role=publish_subscribe&cell-number=AAEAAc1aYq4BrJ5UvD7",
            self.0.address,
            super::PATH,
            session.id
        );
        Ticket { session_id: session.id.clone(), stream_url, token }
    }
}

impl Session {
    /// How it stands.
    pub fn status(&self) -> SessionStatus {
        lock(&self.state).status
    }

    /// Whether it has not ended.
    pub fn is_live(&self) -> bool {
        self.ended().is_none()
    }

    /// When it ended, by the machine's clock.
    pub fn ended(&self) -> Option<Instant> {
        lock(&self.state).ended
    }

    /// How long it lasted, where it has ended.
    pub fn lasted(&self) -> Option<Duration> {
        self.ended().map(|ended| ended.saturating_duration_since(self.begun))
    }

    /// Counts that data went through.
    pub(super) fn hear(&self) {
        let since = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(since, Ordering::Relaxed);
    }

    /// Ends it, with words for the client that is there.
    pub fn end(&self, output: &str) {
        let client = {
            let mut state = lock(&self.state);
            if state.ended.is_some() {
                return;
            }
            state.ended = Some(Instant::now());
            state.status = SessionStatus::Terminated;
            state.token = None;
            state.start = None;
            state.client.take()
        };
        if let Some(client) = client {
            let _ = client.acts.try_send(Act::End(output.to_owned()));
        }
        self.cancel.cancel();
    }

    /// Tells the client's connection something, where there is one.
    pub(super) fn tell_client(&self, act: Act) {
        if let Some(client) = &lock(&self.state).client {
            let _ = client.acts.try_send(act);
        }
    }

    /// Seats a client that knows the token, in the place of the one before; the first one brings the agent to life.
    pub(super) fn seat(self: &Arc<Self>, token: &str, gateway: &Gateway) -> Option<Seat> {
        let (to_itself, acts) = mpsc::channel(ACTS);
        let replaced = CancellationToken::new();
        let mut state = lock(&self.state);
        if state.token.as_deref() != Some(token) {
            return None;
        }
        state.token = None;
        state.clients += 1;
        state.status = SessionStatus::Connected;
        let client = Client { number: state.clients, acts: to_itself.clone(), replaced: replaced.clone() };
        if let Some(before) = state.client.replace(client) {
            before.replaced.cancel();
        }
        if let Some((up, down)) = state.start.take() {
            let link = Link { up, down, cancel: self.cancel.clone() };
            let running = agent::run(self.plan.clone(), gateway.surroundings(), link);
            let session = Arc::clone(self);
            tokio::spawn(async move {
                let outcome = running.await;
                session.end(&outcome.output);
            });
        }
        Some(Seat { number: state.clients, acts, to_itself, replaced, up: state.up.clone() })
    }

    /// A client's connection is gone.
    pub(super) fn leave(&self, number: u64) {
        let mut state = lock(&self.state);
        if state.client.as_ref().is_some_and(|client| client.number == number) {
            state.client = None;
            state.status = SessionStatus::Disconnected;
        }
    }

    /// Whether no client is there.
    pub(super) fn is_deserted(&self) -> bool {
        lock(&self.state).client.is_none()
    }

    /// Ends it when its time is up, or nothing happened in it for too long.
    async fn watch(self: Arc<Self>) {
        loop {
            let quiet = self.begun + Duration::from_millis(self.heard.load(Ordering::Relaxed)) + self.idle;
            let limit = self.limit.map(|limit| self.begun + limit);
            let until = limit.map_or(quiet, |limit| limit.min(quiet));
            let slept = self.cancel.run_until_cancelled(tokio::time::sleep_until(until.into())).await;
            if slept.is_none() {
                return;
            }
            let now = Instant::now();
            if limit.is_some_and(|limit| limit <= now) {
                self.end("Session terminated: the maximum session duration was reached.");
            } else if self.begun + Duration::from_millis(self.heard.load(Ordering::Relaxed)) + self.idle <= now {
                self.end("Session timed out due to inactivity.");
            }
        }
    }
}

/// Makes the letters and digits at the end of a session's id.
fn fresh_letters(count: usize) -> Result<String, getrandom::Error> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes)?;
    let letter = |byte: u8| char::from_digit(u32::from(byte) % 36, 36);
    Ok(bytes.into_iter().filter_map(letter).collect())
}

fn fresh_token() -> Result<String, getrandom::Error> {
    use base64::Engine as _;
    let mut bytes = [0; 180];
    getrandom::fill(&mut bytes)?;
    Ok(format!("AAEAA{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}

//! The agent at work: frames in, frames out, and between them what runs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::command::Running;
use super::crypto::Cipher;
use super::handshake::{self, Stage};
use super::message::{Kind, payload};
use super::pending::{Next, Pending};
use super::port::{After, Port};
use super::reliability::Channel;
use super::shell::Terminal;
use super::{Event, Link, Outcome, Plan, Run, Surroundings, command, destination, shell, version};

/// The pause after a message, where there is one.
const PACE: Duration = Duration::from_millis(1);
/// How long the last messages may wait for their acknowledgements.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How many frames may wait for the gateway before no more data are made.
const OUTGOING: usize = 256;
/// How many frames may wait for the gateway before no more are taken.
const INCOMING: usize = 4_096;
/// How many frames are taken at a time.
const BATCH: usize = 64;
/// How many events wait at most.
const EVENTS: usize = 32;

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is done.
    Yes,
    /// It is neither acknowledged nor counted: the client must send it again.
    No,
    /// It ended the session by the client's wish.
    Cancels,
    /// It ended the session.
    Ends(Outcome),
}

/// What runs.
#[derive(Debug)]
pub(super) enum Runs {
    Nothing,
    Terminal(Box<Terminal>),
    Command(Box<Running>),
    Port(Box<Port>),
}

/// How the session ends.
#[derive(Debug)]
pub(super) struct Ending {
    outcome: Outcome,
    until: Instant,
    /// Whether the service is told beforehand.
    announced: bool,
}

/// A session at work.
pub(super) struct Work {
    pub(super) plan: Plan,
    pub(super) around: Surroundings,
    pub(super) channel: Channel,
    pub(super) stage: Stage,
    pub(super) client: String,
    pub(super) cipher: Option<Cipher>,
    pub(super) runs: Runs,
    pub(super) pending: Pending,
    pub(super) next_send: Instant,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) ending: Option<Ending>,
    pub(super) cancel: tokio_util::sync::CancellationToken,
}

/// Runs a session until it ends by itself or is ended.
pub async fn run(plan: Plan, around: Surroundings, mut link: Link) -> Outcome {
    let (events, mut happened) = mpsc::channel(EVENTS);
    let cancel = link.cancel.child_token();
    let _end = cancel.clone().drop_guard();
    let mut work = Work::new(plan, around, events, cancel);
    work.begin();
    let mut inbox = VecDeque::new();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let now = Instant::now();
        work.on_time(now);
        work.pump(now);
        while let Some(frame) = work.channel.out.pop_front() {
            match link.down.try_send(frame) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(frame)) => {
                    work.channel.out.push_front(frame);
                    break;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return Outcome::default(),
            }
        }
        if let Some(outcome) = work.ended(now) {
            return outcome;
        }
        let budget = work.full_budget();
        let stalled = budget.is_some();
        let deadline = tokio::time::Instant::from_std(work.deadline(now));
        tokio::select! {
            () = link.cancel.cancelled() => return Outcome::default(),
            permit = link.down.reserve(), if !work.channel.out.is_empty() => {
                let Ok(permit) = permit else { return Outcome::default() };
                if let Some(frame) = work.channel.out.pop_front() {
                    permit.send(frame);
                }
            }
            came = link.up.recv_many(&mut batch, BATCH), if inbox.is_empty() && work.channel.out.len() < INCOMING => {
                if came == 0 {
                    return Outcome::default();
                }
                inbox.extend(batch.drain(..));
            }
            event = happened.recv(), if !work.pending.is_full() && !work.channel.paused => {
                if let Some(event) = event {
                    work.happened(event);
                }
                while !work.pending.is_full() && let Ok(event) = happened.try_recv() {
                    work.happened(event);
                }
            }
            () = tokio::time::sleep_until(deadline) => {}
            () = async { if let Some(budget) = &budget { budget.room().await } }, if stalled => {}
            // Room came in the meantime for what is there already: there is nothing to wait for.
            () = std::future::ready(()), if !stalled && !inbox.is_empty() => {}
        }
        while work.full_budget().is_none()
            && let Some(frame) = inbox.pop_front()
        {
            if let Some(outcome) = work.frame(&frame) {
                return outcome;
            }
        }
    }
}

impl Work {
    fn new(
        plan: Plan,
        around: Surroundings,
        events: mpsc::Sender<Event>,
        cancel: tokio_util::sync::CancellationToken,
    ) -> Self {
        let now = Instant::now();
        Self {
            plan,
            around,
            channel: Channel::new(now),
            stage: Stage::Skipped,
            client: String::new(),
            cipher: None,
            runs: Runs::Nothing,
            pending: Pending::default(),
            next_send: now,
            events,
            ending: None,
            cancel,
        }
    }

    /// Tells the service that it is there, and asks the client, or begins at once where nothing is to be agreed on.
    fn begin(&mut self) {
        self.state("Connected");
        if !self.plan.needs_handshake() {
            self.start();
            return;
        }
        let now = Instant::now();
        let challenge = self.plan.session_key().map(|_| handshake::draw_challenge());
        let request = self.plan.request(challenge.as_deref());
        self.channel.send(payload::HANDSHAKE_REQUEST, request, now);
        self.stage = Stage::Asked { since: now, until: now + self.around.options.patience, challenge };
    }

    fn state(&mut self, state: &str) {
        let id = serde_json::json!(self.plan.session_id);
        let text = format!("{{\"SchemaVersion\":1,\"SessionState\":\"{state}\",\"SessionId\":{id}}}");
        self.channel.tell(Kind::SessionState, text);
    }

    /// Starts what runs.
    pub(super) fn start(&mut self) {
        let events = self.events.clone();
        let settling = self.around.options.settling;
        match &self.plan.run {
            Run::Port(properties) => {
                let text = |name: &str| properties.get(name).map_or("", String::as_str);
                let (host, port) = (text("host"), text("portNumber"));
                if port.is_empty() {
                    self.end(Outcome { output: "Port number is empty in session properties.".to_owned() });
                    return;
                }
                if destination::is_forbidden(host) {
                    self.end(Outcome { output: format!("Forwarding to IP address {host} is forbidden.") });
                    return;
                }
                let route = port.parse().ok().and_then(|port| self.around.destinations.find(host, port));
                if route.is_none() && destination::needs_lookup(host) {
                    self.end(Outcome { output: format!("lookup {host}: no such host") });
                    return;
                }
                let forwards = text("type") == "LocalPortForwarding";
                // Both sides must know streams; the client asks the agent's version the same.
                let mux = forwards
                    && version::is_at_least(&self.client, "1.1.70")
                    && version::is_later(&self.plan.version, "3.0.196.0");
                let alive = mux.then(|| !version::is_later(&self.client, "1.2.331.0"));
                let port = Port::new(alive, forwards, route, events, self.cancel.clone());
                self.runs = Runs::Port(Box::new(port));
            }
            Run::Shell | Run::Interactive { .. } => {
                let command = match &self.plan.run {
                    Run::Interactive { command } => Some(command.clone()),
                    _ => None,
                };
                Self::spawn(events, move |events| shell::start(command.as_deref(), settling, events));
            }
            Run::NonInteractive { command, separate } => {
                let (command, separate) = (command.clone(), *separate);
                Self::spawn(events, move |events| command::start(&command, separate, events));
            }
        }
    }

    /// Starts something that blocks.
    fn spawn(
        events: mpsc::Sender<Event>,
        start: impl FnOnce(&mpsc::Sender<Event>) -> Result<(), String> + Send + 'static,
    ) {
        tokio::task::spawn_blocking(move || {
            if let Err(why) = start(&events) {
                let _ = events.blocking_send(Event::Failed(why));
            }
        });
    }

    fn happened(&mut self, event: Event) {
        let after = match (event, &mut self.runs) {
            (Event::Terminal(terminal), _) => {
                self.runs = Runs::Terminal(terminal);
                return;
            }
            (Event::Command(running), _) => {
                self.runs = Runs::Command(running);
                return;
            }
            (Event::Failed(why), _) => {
                self.pending.done(Outcome::failed(why));
                return;
            }
            (Event::Output(bytes), _) => {
                self.pending.piece(payload::OUTPUT, bytes);
                return;
            }
            (Event::StandardError(bytes), _) => {
                self.pending.piece(payload::STANDARD_ERROR, bytes);
                return;
            }
            (Event::Exited(code), _) => {
                let separate = matches!(self.plan.run, Run::NonInteractive { separate: true, .. });
                if let Some(code) = code.filter(|_| separate) {
                    self.pending.piece(payload::EXIT_CODE, format!("EXIT_CODE: {code}").into());
                }
                self.pending.done(Outcome::default());
                return;
            }
            (Event::Data(id, bytes), Runs::Port(port)) => {
                port.data(id, &bytes, &mut self.pending);
                return;
            }
            (Event::Closed(id), Runs::Port(port)) => port.closed(id, &mut self.pending),
            (Event::Refused(id, why), Runs::Port(port)) => port.refused(id, &why, &mut self.pending),
            _ => return,
        };
        match after {
            After::Nothing => {}
            After::Flag(flag) => self.channel.send(payload::FLAG, flag.to_be_bytes().to_vec(), Instant::now()),
            After::End(outcome) => self.pending.done(outcome),
        }
    }

    /// Sends what pacing and the service allow.
    fn pump(&mut self, now: Instant) {
        let options = &self.around.options;
        let paced = options.paced && !matches!(self.plan.run, Run::NonInteractive { .. });
        while !self.channel.paused && self.channel.out.len() < OUTGOING && now >= self.next_send {
            match self.pending.next(options.message) {
                None => return,
                Some(Next::Done(outcome)) => {
                    let announced = !matches!(self.plan.run, Run::Port(_));
                    self.ending.get_or_insert(Ending { outcome, until: now + LAST_WORDS, announced });
                    return;
                }
                Some(Next::Message(payload_type, bytes)) => {
                    let bytes = match &mut self.cipher {
                        None => bytes,
                        // Nothing that the agent makes itself can be too long to be encrypted.
                        Some(cipher) => cipher.seal(&bytes).unwrap_or_default(),
                    };
                    self.channel.send(payload_type, bytes, now);
                }
            }
            if paced {
                self.next_send = now + PACE;
            }
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.ending.get_or_insert(Ending { outcome, until: Instant::now(), announced: false });
    }

    /// Gives the session's end once everything has come to the client, or has had its time.
    fn ended(&mut self, now: Instant) -> Option<Outcome> {
        let ending = self.ending.as_mut()?;
        let settled = self.channel.is_settled() || now >= ending.until;
        if !settled {
            return None;
        }
        if ending.announced {
            ending.announced = false;
            self.state("Terminating");
            return None;
        }
        let gone = self.channel.out.is_empty() || now >= ending.until + LAST_WORDS;
        gone.then(|| std::mem::take(&mut ending.outcome))
    }

    fn on_time(&mut self, now: Instant) {
        self.channel.resend(now);
        match &self.stage {
            Stage::Asked { until, .. } if now >= *until => self.end(Outcome::failed(
                "Encountered error while initiating handshake. Handshake timed out. Please ensure that you have the latest \
                 version of the session manager plugin.",
            )),
            Stage::Challenged { until, .. } if now >= *until => self.end(Outcome::failed(
                "Encountered error while initiating handshake. Timed out waiting for encryption challenge.",
            )),
            _ => {}
        }
        if let Runs::Port(port) = &mut self.runs
            && port.on_time(now, &mut self.pending)
        {
            self.end(Outcome::default());
        }
    }

    /// When something must be looked at again at the latest.
    fn deadline(&self, now: Instant) -> Instant {
        let waiting = match &self.stage {
            Stage::Asked { until, .. } | Stage::Challenged { until, .. } if self.ending.is_none() => Some(*until),
            _ => None,
        };
        let alive = match &self.runs {
            Runs::Port(port) => port.deadline(),
            _ => None,
        };
        let send = (!self.pending.is_empty() && !self.channel.paused && self.channel.out.len() < OUTGOING)
            .then_some(self.next_send);
        let ending = self.ending.as_ref().map(|ending| if ending.until > now { ending.until } else { now + PACE });
        let hour = now + Duration::from_hours(1);
        [waiting, alive, send, ending, self.channel.next_look()].into_iter().flatten().min().unwrap_or(hour)
    }

    /// What is full, where something is: nothing more is taken from the client then.
    fn full_budget(&self) -> Option<std::sync::Arc<super::budget::Budget>> {
        let budget = match &self.runs {
            Runs::Terminal(terminal) => &terminal.budget,
            Runs::Port(port) => &port.budget,
            _ => return None,
        };
        budget.is_full().then(|| std::sync::Arc::clone(budget))
    }
}

//! The life of a session: a task that carries frames, keeps time, and says how things stand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, OptionFuture};
use jiff::SignedDuration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::core::{Core, KeyWanted, Phase};
use super::wire::{Arrived, Broken, Wire};
use crate::domain::session::{End, Link};
use crate::session::conduit::{FromFarSide, Kind, ToFarSide, Version};
use crate::session::control::{ControlError, ControlPlane, DataKey, Ticket};
use crate::session::{Options, SessionError};

/// How often the round trip is told at most.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How much is taken at once of what is to go to the far side, in items.
const MOST_TAKEN: usize = 64;

/// What a session is, once it is ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub kind: Kind,
    pub agent: Option<Version>,
    pub message: String,
}

/// How a session ended, and whether AWS is still to be told.
#[derive(Debug)]
pub(super) enum Over {
    /// The service closed it.
    Closed { output: String },
    /// We end it; the far side does not know yet, or does not obey.
    Given,
    /// We ended it, and the far side has.
    Obeyed,
    /// The link could not be taken up again.
    Lost { why: String },
    /// It was not to be.
    Failed(SessionError),
}

/// A key on its way, with what it was asked for.
pub(super) type Key = BoxFuture<'static, (KeyWanted, Result<DataKey, ControlError>)>;

/// A session, and who is told about it.
pub(super) struct Life {
    pub core: Core,
    pub session_id: String,
    pub control: Arc<dyn ControlPlane>,
    pub options: Options,
    pub client_id: Uuid,
    /// Since when it is getting ready.
    pub begun: Instant,
    pub link: watch::Sender<Link>,
    pub end: watch::Sender<Option<End>>,
    /// What is to go to the far side; none once nobody can send any more.
    pub to: Option<mpsc::Receiver<ToFarSide>>,
    /// Who takes what came; none once all was handed over.
    pub from: Option<mpsc::Sender<FromFarSide>>,
    pub ready: Option<oneshot::Sender<Result<Ready, SessionError>>>,
    pub leash: CancellationToken,
    /// The key that was asked for; it is made whatever becomes of the connection.
    pub key: OptionFuture<Key>,
    /// How many connections in a row broke soon.
    pub short_lived: u32,
}

/// What happened on a connection.
enum Event {
    Leash,
    Room,
    Taken(Option<ToFarSide>),
    Key(KeyWanted, Result<DataKey, ControlError>),
    Exchanged(Result<(), Broken>),
    Time,
}

/// Why a connection is not served any more.
pub(super) enum Stop {
    Broken(Broken),
    Over(Over),
}

/// What is known of one connection beside its frames.
struct Watch {
    /// Since when it stands.
    since: Instant,
    /// When anything came.
    heard_at: Instant,
    /// When a ping went out that nothing has come after.
    asked_at: Option<Instant>,
    told_at: Option<Instant>,
    /// Since when it takes nothing, so that it is not read.
    clogged_at: Option<Instant>,
    could_read: bool,
}

impl Life {
    /// Lives until the session is over.
    pub(super) async fn run(mut self, ticket: Ticket) {
        let over = match self.first_dial(&ticket).await {
            Ok(first) => {
                let mut wire = first;
                loop {
                    let since = Instant::now();
                    let stop = self.serve(&mut wire).await;
                    // A connection that was left open would hold up whoever is at its other end.
                    wire.close().await;
                    match stop {
                        Stop::Over(over) => break over,
                        Stop::Broken(broken) => match self.take_up(broken, since).await {
                            Ok(next) => wire = next,
                            Err(over) => break over,
                        },
                    }
                }
            }
            Err(over) => over,
        };
        self.finish(over).await;
    }

    /// Carries frames until the connection breaks or the session is over.
    async fn serve(&mut self, wire: &mut Wire) -> Stop {
        let now = Instant::now();
        let mut watch =
            Watch { since: now, heard_at: now, asked_at: Some(now), told_at: None, clogged_at: None, could_read: true };
        let mut inbox = Vec::new();
        if self.core.phase != Phase::Ready {
            self.tell(Link::Starting);
        }
        loop {
            let now = Instant::now();
            self.core.advance(now, watch.could_read);
            if let Some(stop) = self.judge(now, watch.since) {
                return stop;
            }
            if let Some(wanted) = self.core.key_wanted.take() {
                self.key = Some(self.ask_for_key(wanted)).into();
            }
            let may_read = self.may_read(&mut watch, now);
            match self.next_event(wire, &mut inbox, &watch, may_read).await {
                Event::Leash => return Stop::Over(self.end_far_side(wire).await),
                Event::Room => {}
                Event::Taken(item) => self.take(item),
                Event::Key(wanted, made) => {
                    self.key = None.into();
                    self.core.key_came(&wanted, made);
                }
                Event::Exchanged(Err(broken)) => return Stop::Broken(broken),
                Event::Exchanged(Ok(())) => {
                    self.receive(&mut inbox, &mut watch);
                }
                Event::Time => {
                    if let Some(broken) = self.look_after(wire, &mut watch) {
                        return Stop::Broken(broken);
                    }
                }
            }
            self.hand_over();
        }
    }

    /// Waits for whatever comes first.
    async fn next_event(&mut self, wire: &mut Wire, inbox: &mut Vec<Arrived>, watch: &Watch, may_read: bool) -> Event {
        let due = self.due(watch, may_read);
        let wants_more = self.core.wants_more();
        let has_staged = self.core.has_staged();
        let Self { to, from, leash, core, key, .. } = self;
        let room: OptionFuture<_> = from.as_ref().filter(|_| has_staged).map(mpsc::Sender::reserve).into();
        let next: OptionFuture<_> = to.as_mut().filter(|_| wants_more).map(mpsc::Receiver::recv).into();
        tokio::select! {
            biased;
            () = leash.cancelled() => Event::Leash,
            Some(_) = room => Event::Room,
            Some((wanted, made)) = key => Event::Key(wanted, made),
            () = sleep_until(due.into()) => Event::Time,
            Some(item) = next => Event::Taken(item),
            exchanged = wire.exchange(core, inbox, may_read) => Event::Exchanged(exchanged),
        }
    }

    /// Returns when something is due that no event brings.
    fn due(&self, watch: &Watch, may_read: bool) -> Instant {
        let now = Instant::now();
        let ping = match watch.asked_at {
            Some(asked) if may_read => asked + self.options.pong_within,
            _ => watch.heard_at + self.options.ping_every,
        };
        let core = self.core.due(now).filter(|_| may_read);
        let given_up = self.begun + self.options.patience;
        let start = match self.core.phase {
            Phase::Ready => None,
            Phase::Waiting => {
                let quiet = self.options.quiet.map(|quiet| watch.since + quiet);
                Some(quiet.map_or(given_up, |quiet| quiet.min(given_up)))
            }
            Phase::Shaking => Some(given_up),
        };
        let clogged = watch.clogged_at.map(|at| at + self.options.pong_within);
        [Some(ping), core, start, clogged].into_iter().flatten().min().unwrap_or(ping)
    }

    /// Tells whether the connection is read: not while what came waits for whoever takes it.
    fn may_read(&mut self, watch: &mut Watch, now: Instant) -> bool {
        let may_read = self.core.has_room();
        watch.clogged_at = self.core.is_clogged().then(|| watch.clogged_at.unwrap_or(now));
        if may_read && !watch.could_read {
            (watch.heard_at, watch.asked_at) = (now, None);
            self.core.rest(now);
        }
        watch.could_read = may_read;
        may_read
    }

    fn receive(&mut self, inbox: &mut Vec<Arrived>, watch: &mut Watch) {
        let now = Instant::now();
        if !inbox.is_empty() {
            (watch.heard_at, watch.asked_at) = (now, None);
        }
        let was_ready = self.core.phase == Phase::Ready;
        for arrived in inbox.drain(..) {
            if let Arrived::Frame(frame) = arrived {
                self.core.arrived(&frame, now);
            }
        }
        if was_ready && self.core.phase != Phase::Ready {
            // What was taken for a quiet shell shakes hands after all.
            (self.begun, watch.told_at) = (now, None);
            self.tell(Link::Starting);
        }
        if self.core.phase == Phase::Ready && watch.asked_at.is_none() {
            self.tell_up(watch, now);
        }
    }

    /// Says how the link stands, its round trip not more often than once a second.
    fn tell_up(&mut self, watch: &mut Watch, now: Instant) {
        if self.core.is_paused() {
            watch.told_at = None;
            return self.tell(Link::Paused);
        }
        if watch.told_at.is_some_and(|at| now.saturating_duration_since(at) < TELL_EVERY) {
            return;
        }
        let round_trip = self.core.sender.round_trip().and_then(|trip| SignedDuration::try_from(trip).ok());
        if round_trip.is_some() || watch.told_at.is_none() {
            watch.told_at = round_trip.map(|_| now);
        }
        self.tell(Link::Up { round_trip });
    }

    pub(super) fn tell(&self, link: Link) {
        self.link.send_if_modified(|now| {
            let is_new = *now != link;
            *now = link;
            is_new
        });
    }

    /// Finds out whether the session is over or ready.
    fn judge(&mut self, now: Instant, since: Instant) -> Option<Stop> {
        if let Some(error) = self.core.failure.take() {
            return Some(Stop::Over(Over::Failed(error)));
        }
        if let Some(closed) = self.core.closed.take() {
            return Some(Stop::Over(Over::Closed { output: closed.output }));
        }
        let is_quiet = |quiet| now.saturating_duration_since(since) >= quiet;
        if self.core.phase == Phase::Waiting && self.options.quiet.is_some_and(is_quiet) {
            self.core.assume_shell();
        }
        if self.core.phase != Phase::Ready {
            let is_over = now.saturating_duration_since(self.begun) >= self.options.patience;
            let silent = SessionError::Silent { after: self.options.patience };
            return is_over.then_some(Stop::Over(Over::Failed(silent)));
        }
        if let Some(ready) = self.ready.take() {
            let (kind, agent) = (self.core.kind.clone(), self.core.agent.clone());
            let message = self.core.message.clone();
            // Where nobody waits any more, the leash is gone too.
            let _ = ready.send(Ok(Ready { kind, agent, message }));
            let round_trip = self.core.sender.round_trip().and_then(|trip| SignedDuration::try_from(trip).ok());
            self.tell(Link::Up { round_trip });
        }
        None
    }

    fn ask_for_key(&self, wanted: KeyWanted) -> Key {
        let control = Arc::clone(&self.control);
        Box::pin(async move {
            let key = control.data_key(&wanted.key_id, &wanted.context).await;
            (wanted, key)
        })
    }

    fn take(&mut self, item: Option<ToFarSide>) {
        let Some(to) = &mut self.to else { return };
        let Some(item) = item else {
            self.to = None;
            return;
        };
        self.core.outgoing.push(item);
        for _ in 0..MOST_TAKEN {
            if !self.core.wants_more() {
                return;
            }
            let Ok(item) = to.try_recv() else { return };
            self.core.outgoing.push(item);
        }
    }

    /// Hands over what came, as far as there is room for it.
    fn hand_over(&mut self) {
        while self.core.has_staged() {
            let room = self.from.as_ref().map(mpsc::Sender::try_reserve);
            if let Some(Err(mpsc::error::TrySendError::Full(()))) = room {
                return;
            }
            // Where nobody takes it any more, it goes nowhere.
            if let (Some(item), Some(Ok(permit))) = (self.core.take_staged(), room) {
                permit.send(item);
            }
        }
    }

    /// Asks the far side for a sign when it gave none for long, and gives the connection up where none comes.
    fn look_after(&self, wire: &mut Wire, watch: &mut Watch) -> Option<Broken> {
        let now = Instant::now();
        if watch.clogged_at.is_some_and(|at| now.saturating_duration_since(at) >= self.options.pong_within) {
            return Some(Broken::silent());
        }
        if !watch.could_read {
            // Signs are not read either; the connection is tried again when they are.
            watch.heard_at = now;
            return None;
        }
        match watch.asked_at {
            Some(asked) if now.saturating_duration_since(asked) >= self.options.pong_within => Some(Broken::silent()),
            None if now.saturating_duration_since(watch.heard_at) >= self.options.ping_every => {
                watch.asked_at = Some(now);
                wire.ping();
                None
            }
            _ => None,
        }
    }
}

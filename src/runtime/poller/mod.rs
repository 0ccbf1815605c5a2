//! Pollers: one task a source, which asks for what is due and reports what it saw.

mod book;
mod jobs;
mod lane;
mod link;
mod live;
mod plan;
mod report;
#[cfg(test)]
mod samples;

use std::sync::Arc;

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    aws::{Connection, ConnectionPlan, Shared},
    config::CredentialSource,
    domain::{fetch::SourceId, identity::Identity},
    runtime::clock::Clock,
    state::event::{Generation, Interest, Report, SourceEvent, Usage},
};

use book::{Book, TailBook};
use jobs::Done;
use live::Live;
use plan::Job;

/// How long a search for credentials has only just begun.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(2);

/// Asks a poller for something out of its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollCommand {
    /// Read anew what is looked at; where there are no credentials, find them at once.
    ///
    /// So does every command: somebody may just have logged in.
    Refresh,
    /// Read anew what is looked at, and ask again for what was denied.
    ForgetDenials,
    /// Find the credentials anew and verify them.
    Reconnect,
}

/// Reads one source for as long as its handle lives.
#[derive(Debug)]
pub struct Poller {
    source: SourceId,
    plan: ConnectionPlan,
    shared: Shared,
    clock: Clock,
    events: mpsc::Sender<SourceEvent>,
    interest: Interest,
    generation: Generation,
    /// Counts the connections, renewed ones included.
    epoch: u64,
    connection: Option<Arc<Connection>>,
    /// Whose rows the book holds, and of which region.
    known: Option<(Arc<Identity>, String)>,
    book: Book,
    usage: Usage,
    /// When that becomes less though nothing is asked for.
    usage_due: Option<Timestamp>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    /// The log that comes by itself.
    live: Option<Live>,
}

/// Keeps a poller alive; dropping it stops the poller and all its calls.
#[derive(Debug)]
pub struct PollerHandle {
    cancel: CancellationToken,
    task: JoinHandle<()>,
    idle: mpsc::Sender<oneshot::Sender<()>>,
}

impl PollerHandle {
    /// Waits until nothing is under way and nothing is due at the time that the clock shows.
    pub async fn idle(&self) {
        let (tell, told) = oneshot::channel();
        if self.idle.send(tell).await.is_ok() {
            // A poller that ended has nothing under way either.
            let _ = told.await;
        }
    }

    /// Waits until the poller ends, which only a defect in it makes it do while its handle lives.
    ///
    /// Returns what it panicked with, if it did.
    pub async fn ended(&mut self) -> Option<Box<dyn std::any::Any + Send>> {
        (&mut self.task).await.err().and_then(|error| error.try_into_panic().ok())
    }

    /// Stops the poller and waits until it has stopped.
    pub async fn stop(mut self) {
        self.cancel.cancel();
        let _ = (&mut self.task).await;
    }
}

impl Drop for PollerHandle {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.task.abort();
    }
}

/// Holds the ends of the channels that a poller listens to.
struct Ears {
    interest: watch::Receiver<Interest>,
    commands: mpsc::Receiver<PollCommand>,
    idle: mpsc::Receiver<oneshot::Sender<()>>,
    interest_open: bool,
    commands_open: bool,
}

impl Poller {
    /// Starts a poller on the current runtime.
    ///
    /// Everything that it reports carries the generation of the identity it was asked under. It ends when its handle
    /// is dropped or nobody listens to its events.
    pub fn spawn(
        source: SourceId,
        plan: ConnectionPlan,
        shared: &Shared,
        clock: Clock,
        interest: watch::Receiver<Interest>,
        commands: mpsc::Receiver<PollCommand>,
        events: mpsc::Sender<SourceEvent>,
    ) -> PollerHandle {
        let cancel = CancellationToken::new();
        let (idle, idle_asked) = mpsc::channel(1);
        let poller = Self {
            source,
            plan,
            shared: shared.metered_apart(),
            clock,
            events,
            interest: Interest::default(),
            generation: Generation::default(),
            epoch: 0,
            connection: None,
            known: None,
            book: Book::new(0),
            usage: Usage::default(),
            usage_due: None,
            running: FuturesUnordered::new(),
            live: None,
        };
        let ears = Ears { interest, commands, idle: idle_asked, interest_open: true, commands_open: true };
        let task = tokio::spawn({
            let cancel = cancel.clone();
            async move {
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = poller.run(ears) => {}
                }
            }
        });
        PollerHandle { cancel, task, idle }
    }

    async fn run(mut self, mut ears: Ears) {
        let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
        ears.interest.mark_changed();
        while !self.events.is_closed() {
            self.listen(&mut ears);
            let now = self.clock.now();
            if self.usage_due.is_some_and(|at| at <= now) {
                self.tell_usage().await;
            }
            let agenda = plan::agenda(&self.book, &self.interest, now);
            for job in agenda.jobs {
                self.start(job, now).await;
            }
            let wake = [agenda.wake, self.usage_due].into_iter().flatten().min();
            if self.running.is_empty() {
                for waiter in waiting.drain(..) {
                    let _ = waiter.send(());
                }
            }
            tokio::select! {
                Some(done) = self.running.next() => self.finish(done).await,
                read = live::next(self.live.as_mut()) => self.took_live(read).await,
                command = ears.commands.recv(), if ears.commands_open => match command {
                    Some(command) => self.obey(command),
                    None => ears.commands_open = false,
                },
                changed = ears.interest.changed(), if ears.interest_open => match changed {
                    Ok(()) => ears.interest.mark_changed(),
                    Err(_) => ears.interest_open = false,
                },
                Some(waiter) = ears.idle.recv() => waiting.push(waiter),
                () = self.clock.sleep_until(wake.unwrap_or(Timestamp::MAX)) => {}
                () = self.events.closed() => {}
            }
        }
    }

    /// Takes in what was said meanwhile, without waiting.
    fn listen(&mut self, ears: &mut Ears) {
        // First what is looked at: what is to be read anew is that, and not what was looked at before.
        if ears.interest.has_changed().unwrap_or(false) {
            self.interest = ears.interest.borrow_and_update().clone();
            self.book.look_at(&self.interest);
            self.stop_other_log();
        }
        while let Ok(command) = ears.commands.try_recv() {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: PollCommand) {
        match command {
            PollCommand::Refresh => self.book.refresh(&self.interest),
            PollCommand::ForgetDenials => {
                if let Some(connection) = &self.connection {
                    connection.forget_denials();
                }
                self.book.forget_denials(&self.interest);
            }
            PollCommand::Reconnect => {
                self.book.link.reconnect = true;
            }
        }
        if !self.book.link.connected || self.book.link.reconnect {
            self.find_credentials();
        }
    }

    /// Has credentials found at once, or as soon as the search that is under way has failed.
    ///
    /// One that has only just begun is the one that is asked for: a key may send several commands.
    fn find_credentials(&mut self) {
        let now = self.clock.now();
        let lane = self.book.lane_mut(lane::Lane::Identity);
        lane.release();
        let began = lane.asked_at.filter(|_| lane.busy);
        self.book.link.again |= began.is_some_and(|at| now.duration_since(at) >= JUST_NOW);
    }

    /// Starts a job in its lane.
    async fn start(&mut self, job: Job, now: Timestamp) {
        let lane = job.lane();
        let connection = match (&job, &self.connection) {
            (Job::Connect, _) => None,
            (_, Some(connection)) => Some(Arc::clone(connection)),
            (_, None) => return,
        };
        self.book.lane_mut(lane).begin(now);
        let tells = self.tells(&job);
        match &job {
            Job::Tasks(scopes) => self.book.begin_tasks(scopes),
            Job::Findings(ask) => self.book.findings.begin(ask, now),
            Job::WafResources(acl, kind) => self.book.waf.used_mut(&acl.key).begin_kind(*kind, now),
            Job::Log(tail, _) if self.book.tail.as_ref().is_none_or(|book| book.tail != *tail) => {
                self.book.tail = Some(TailBook::new(tail.clone()));
            }
            _ => {}
        }
        let (epoch, plan, shared) = (self.epoch, self.plan.clone(), self.shared.clone());
        self.running.push(Box::pin(async move {
            let outcome = match connection {
                Some(connection) => jobs::work(&job, &connection).await,
                None => None,
            };
            let outcome = match outcome {
                Some(outcome) => outcome,
                None => jobs::connect(plan, shared).await,
            };
            Done { job, started: now, epoch, outcome }
        }));
        if tells {
            self.tell(Report::Asked(lane.panel())).await;
        }
    }

    /// Tells whether it is said that a job has begun.
    fn tells(&self, job: &Job) -> bool {
        match job {
            // Counting is watching from afar: the rows are not being read. Baselines are not on the screen themselves.
            Job::Counts(_) | Job::WafBaselines(_) | Job::LiveTail(_) => false,
            Job::WafResources(_, kind) => *kind == 0,
            Job::Log(tail, _) => self.book.tail.as_ref().is_none_or(|book| book.tail != *tail),
            _ => true,
        }
    }

    async fn tell(&mut self, report: Report) {
        let event = SourceEvent { source: self.source, generation: self.generation, at: self.clock.now(), report };
        // When nobody listens any more, the loop sees it and ends.
        let _ = self.events.send(event).await;
    }

    /// Tells whether other credentials than the present ones can be found.
    fn is_renewable(&self) -> bool {
        !matches!(self.plan.credentials, CredentialSource::Static { .. })
    }
}

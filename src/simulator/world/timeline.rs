//! The life of a service, told as far as it has been asked for.
//!
//! A timeline is a queue of cues played in the order of their times. What happened is only ever added, each with its
//! time, so that the state at any time up to the horizon can be read back: metrics need the past as much as the
//! present. Playing depends on the cues alone and not on when somebody looks, so every run of a scenario tells the same
//! story.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::deployment::{Deployment, Rollout, Stage};
use super::happening::Happening;
use super::plan::{Order, ServicePlan, breaker_threshold};
use super::task::{Task, TaskStatus};
use crate::simulator::clock::{HOUR, Millis};

/// How often ECS repeats that a service is steady.
const HEARTBEAT: Millis = 6 * HOUR;

/// Something that will happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cue {
    /// An order of the scenario.
    Order(usize),
    /// A task runs.
    Running(usize),
    /// A task has passed its health check.
    Healthy(usize),
    /// A task has failed.
    Fails(usize),
    /// A task is gone.
    Gone(usize),
    /// The scheduler looks whether there is anything to do.
    Reconcile,
    /// The service is steady, if nothing has happened since that epoch.
    Settled(u64),
    /// A deployment has baked, if it is still the primary one at that epoch.
    Baked(usize, u64),
    /// ECS says again that the service is steady.
    Heartbeat,
}

/// The story of one service.
#[derive(Debug)]
pub struct Timeline {
    pub(super) plan: Arc<ServicePlan>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) tasks: Vec<Task>,
    /// The tasks that are not gone yet, oldest first: a service that fails for days has thousands that are.
    pub(super) open: Vec<usize>,
    pub(super) happenings: Vec<(Millis, Happening)>,
    pub(super) desired: Vec<(Millis, u32)>,
    pub(super) primary: usize,
    /// The last deployment that was completed: where the circuit breaker rolls back to.
    pub(super) completed: Option<usize>,
    /// Rises with each change, so that a steady state is one in which nothing happened.
    pub(super) epoch: u64,
    pub(super) settling: Option<u64>,
    pub(super) reconcile_at: Option<Millis>,
    /// Tasks that failed in a row.
    pub(super) failures: u32,
    /// Until when the scheduler waits before it starts another.
    pub(super) hold: Millis,
    cues: BinaryHeap<Reverse<(Millis, u64, Cue)>>,
    queued: u64,
    played: u64,
    /// Up to when it has been told.
    told: Millis,
}

impl Timeline {
    /// Begins the story with the service's first deployment.
    pub fn new(plan: Arc<ServicePlan>) -> Self {
        let mut timeline = Self {
            deployments: Vec::new(),
            tasks: Vec::new(),
            open: Vec::new(),
            happenings: Vec::new(),
            desired: vec![(plan.deployed, plan.desired)],
            primary: 0,
            completed: None,
            epoch: 0,
            settling: None,
            reconcile_at: None,
            failures: 0,
            hold: Millis::MIN,
            cues: BinaryHeap::new(),
            queued: 0,
            played: 0,
            told: Millis::MIN,
            plan,
        };
        let (image, at) = (timeline.plan.image.clone(), timeline.plan.deployed);
        timeline.deploy(at, image, None, None);
        timeline.cue(at + HEARTBEAT, Cue::Heartbeat);
        for (index, (at, _)) in timeline.plan.clone().orders.iter().enumerate() {
            timeline.cue(*at, Cue::Order(index));
        }
        timeline
    }

    /// Tells the story up to a time.
    pub fn advance(&mut self, now: Millis) {
        while let Some(Reverse((at, _, cue))) = self.cues.peek().copied() {
            if at > now {
                break;
            }
            self.cues.pop();
            self.played += 1;
            self.play(at, cue);
        }
        self.told = self.told.max(now);
    }

    /// Lets somebody do something to the service now, which is never before what has been told.
    pub fn interfere<T>(&mut self, now: Millis, change: impl FnOnce(&mut Self, Millis) -> T) -> T {
        let at = now.max(self.told);
        self.advance(at);
        let answer = change(self, at);
        self.played += 1;
        self.advance(at);
        answer
    }

    fn play(&mut self, at: Millis, cue: Cue) {
        match cue {
            Cue::Order(index) => {
                let plan = Arc::clone(&self.plan);
                match plan.orders.get(index) {
                    Some((_, Order::Deploy { image, fails, reason })) => {
                        self.deploy(at, image.clone(), *fails, reason.clone());
                    }
                    Some((_, Order::Scale(desired))) => self.scale(at, *desired),
                    Some((_, Order::Stop { tasks, spot, reason })) => {
                        self.stop_from_outside(at, *tasks, *spot, reason.as_ref());
                    }
                    Some((_, Order::Say(text))) => self.happenings.push((at, Happening::Said(text.clone()))),
                    None => {}
                }
            }
            Cue::Running(task) => self.task_runs(at, task),
            Cue::Healthy(task) => self.task_passes(at, task),
            Cue::Fails(task) => self.task_fails(at, task),
            Cue::Gone(task) => self.task_is_gone(at, task),
            Cue::Reconcile => {
                self.reconcile_at = None;
                self.reconcile(at);
            }
            Cue::Settled(epoch) => self.settled(at, epoch),
            Cue::Baked(deployment, epoch) => self.baked(at, deployment, epoch),
            Cue::Heartbeat => {
                if self.is_completed() {
                    self.happenings.push((at, Happening::Steady));
                }
                self.cue(at + HEARTBEAT, Cue::Heartbeat);
            }
        }
    }

    pub(super) fn cue(&mut self, at: Millis, cue: Cue) {
        self.queued += 1;
        self.cues.push(Reverse((at, self.queued, cue)));
    }

    /// Asks the scheduler to look, once.
    pub(super) fn reconcile_by(&mut self, at: Millis) {
        if self.reconcile_at.is_none_or(|planned| planned > at) {
            self.reconcile_at = Some(at);
            self.cue(at, Cue::Reconcile);
        }
    }

    /// The number of tasks wanted at the end of what has been told.
    pub(super) fn wanted(&self) -> u32 {
        self.desired.last().map_or(0, |(_, desired)| *desired)
    }

    fn is_completed(&self) -> bool {
        self.settling.is_none() && self.completed == Some(self.primary)
    }

    /// A number that is another one whenever something has happened.
    pub fn version(&self) -> u64 {
        self.played
    }

    /// The service's fixed facts.
    pub fn plan(&self) -> &Arc<ServicePlan> {
        &self.plan
    }

    /// The number of tasks wanted at a time.
    pub fn desired_at(&self, at: Millis) -> u32 {
        self.desired.iter().rev().find(|(when, _)| *when <= at).map_or(0, |(_, desired)| *desired)
    }

    /// The tasks that exist at a time, those stopped within the last hour as well, as ECS shows them.
    pub fn tasks_at(&self, at: Millis) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| {
            task.created() <= at && task.entered(TaskStatus::Stopped, at).is_none_or(|gone| at - gone < HOUR)
        })
    }

    /// Every task there ever was.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The deployments that the service shows at a time: the primary one first, then the newest.
    pub fn deployments_at(&self, at: Millis) -> Vec<(usize, &Deployment, &Rollout)> {
        let mut shown: Vec<_> = self
            .deployments
            .iter()
            .enumerate()
            .filter_map(|(index, one)| one.rollout_at(at).map(|rollout| (index, one, rollout)))
            .filter(|(_, _, rollout)| !rollout.retired)
            .collect();
        shown.sort_by_key(|(index, _, rollout)| (!rollout.primary, Reverse(*index)));
        shown
    }

    /// Every deployment that had begun by a time, oldest first.
    pub fn deployments_until(&self, at: Millis) -> impl DoubleEndedIterator<Item = (usize, &Deployment)> {
        self.deployments.iter().enumerate().filter(move |(_, one)| one.created <= at)
    }

    /// One deployment.
    pub fn deployment(&self, index: usize) -> Option<&Deployment> {
        self.deployments.get(index)
    }

    /// A deployment's running and pending tasks at a time.
    pub fn counts(&self, deployment: Option<usize>, at: Millis) -> Counts {
        let mut counts = Counts::default();
        for task in self.tasks.iter().rev().filter(|task| deployment.is_none_or(|index| task.deployment == index)) {
            if task.created() > at {
                continue;
            }
            let status = task.status(at);
            counts.running += u32::from(status == TaskStatus::Running);
            counts.pending += u32::from(status.is_pending() && task.stopped_by(at).is_none());
            counts.live += u32::from(status != TaskStatus::Stopped && task.stopped_by(at).is_none());
        }
        counts
    }

    /// How many of a deployment's tasks had failed by a time.
    pub fn failed_tasks(&self, deployment: usize, at: Millis) -> u32 {
        self.deployments
            .get(deployment)
            .map_or(0, |one| u32::try_from(one.failures.iter().filter(|when| **when <= at).count()).unwrap_or(u32::MAX))
    }

    /// What happened until a time, newest first.
    pub fn happenings_until(&self, at: Millis) -> impl Iterator<Item = (usize, Millis, &Happening)> {
        self.happenings
            .iter()
            .enumerate()
            .rev()
            .filter(move |(_, (when, _))| *when <= at)
            .map(|(n, (when, what))| (n, *when, what))
    }

    /// The service deployment's stage at a time.
    pub fn stage_at(&self, deployment: usize, at: Millis) -> Option<&Stage> {
        self.deployments.get(deployment)?.stage_at(at)
    }

    /// The breaker's threshold for a deployment that begins now.
    pub(super) fn threshold(&self) -> u32 {
        breaker_threshold(self.wanted())
    }
}

/// How many tasks there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those in RUNNING.
    pub running: u32,
    /// Those on their way there.
    pub pending: u32,
    /// Those that are meant to be there.
    pub live: u32,
}

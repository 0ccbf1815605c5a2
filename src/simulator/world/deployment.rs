//! A deployment and the service deployment around it, as they change.

use super::plan::ServicePlan;
use crate::simulator::clock::Millis;
use crate::simulator::scenario::Fails;

/// How far a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

impl RolloutState {
    /// AWS's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// A deployment's state from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// Whether it is the primary one; otherwise it is being replaced.
    pub primary: bool,
    /// Whether the service does not show it any more.
    pub retired: bool,
    pub state: RolloutState,
    pub reason: String,
}

/// A service deployment's state from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `IN_PROGRESS`, `ROLLBACK_SUCCESSFUL`, …
    pub status: &'static str,
    /// `SCALE_UP`, `BAKE_TIME`, `CLEAN_UP`, … while it has one.
    pub lifecycle: Option<&'static str>,
    pub reason: Option<&'static str>,
    /// Whether it is over.
    pub finished: bool,
}

/// A deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// The last part of the service revision's ARN.
    pub service_revision: String,
    /// The last part of the service deployment's ARN.
    pub attempt: String,
    /// The task definition's revision.
    pub revision: u32,
    pub image: String,
    pub fails: Option<Fails>,
    /// Instead of AWS's own words in the failed tasks' stopped reason.
    pub failure_text: Option<String>,
    pub created: Millis,
    /// The deployment that was primary before it.
    pub source: Option<usize>,
    /// The circuit breaker's threshold.
    pub threshold: u32,
    /// When its tasks failed, while it was not completed.
    pub failures: Vec<Millis>,
    /// When the breaker rolled it back, and to which.
    pub rolled_back: Option<(Millis, usize)>,
    /// Whether a person asked for that, and not the breaker.
    pub by_hand: bool,
    rollouts: Vec<(Millis, Rollout)>,
    stages: Vec<(Millis, Stage)>,
}

impl Deployment {
    /// Begins a deployment.
    pub fn new(plan: &ServicePlan, number: usize, at: Millis, image: String, threshold: u32) -> Self {
        let mut dice = plan.dice("deployment", number);
        Self {
            id: format!("ecs-svc/{}", dice.digits(19)),
            service_revision: dice.digits(19),
            attempt: dice.hex(21),
            revision: plan.revision,
            image,
            fails: None,
            failure_text: None,
            created: at,
            source: None,
            threshold,
            failures: Vec::new(),
            rolled_back: None,
            by_hand: false,
            rollouts: Vec::new(),
            stages: Vec::new(),
        }
    }

    /// Writes down a new state of the rollout.
    pub fn roll(&mut self, at: Millis, primary: bool, state: RolloutState, reason: String) {
        self.rollouts.push((at, Rollout { primary, retired: false, state, reason }));
    }

    /// Writes down that it is no longer the primary one.
    pub fn step_back(&mut self, at: Millis) {
        self.change(at, |rollout| rollout.primary = false);
    }

    /// Writes down that the service does not show it any more.
    pub fn retire(&mut self, at: Millis) {
        self.change(at, |rollout| rollout.retired = true);
    }

    fn change(&mut self, at: Millis, change: impl FnOnce(&mut Rollout)) {
        if let Some((_, last)) = self.rollouts.last() {
            let mut next = last.clone();
            change(&mut next);
            if next != *last {
                self.rollouts.push((at, next));
            }
        }
    }

    /// Writes down a new stage of the service deployment.
    pub fn stage(&mut self, at: Millis, status: &'static str, lifecycle: Option<&'static str>) {
        let stage = Stage { status, lifecycle, reason: None, finished: false };
        self.stages.push((at, stage));
    }

    /// Writes down the service deployment's end.
    pub fn finish(&mut self, at: Millis, status: &'static str, reason: Option<&'static str>) {
        self.stages.push((at, Stage { status, lifecycle: None, reason, finished: true }));
    }

    /// Gives the reason that the latest stage has.
    pub fn explain(&mut self, reason: &'static str) {
        if let Some((_, stage)) = self.stages.last_mut() {
            stage.reason = Some(reason);
        }
    }

    /// The rollout at a time; none before it began.
    pub fn rollout_at(&self, at: Millis) -> Option<&Rollout> {
        self.rollouts.iter().rev().find(|(when, _)| *when <= at).map(|(_, rollout)| rollout)
    }

    /// When the rollout last changed.
    pub fn updated_at(&self, at: Millis) -> Millis {
        self.rollouts.iter().rev().find(|(when, _)| *when <= at).map_or(self.created, |(when, _)| *when)
    }

    /// The service deployment's stage at a time.
    pub fn stage_at(&self, at: Millis) -> Option<&Stage> {
        self.stages.iter().rev().find(|(when, _)| *when <= at).map(|(_, stage)| stage)
    }

    /// When the service deployment last changed.
    pub fn staged_at(&self, at: Millis) -> Option<Millis> {
        self.stages.iter().rev().find(|(when, _)| *when <= at).map(|(when, _)| *when)
    }

    /// When the service deployment ended, if it had by then.
    pub fn finished_at(&self, at: Millis) -> Option<Millis> {
        self.stages.iter().find(|(when, stage)| *when <= at && stage.finished).map(|(when, _)| *when)
    }

    /// When the rollout first left a state's side: completed or failed.
    pub fn ended(&self) -> Option<Millis> {
        self.rollouts.iter().find(|(_, rollout)| rollout.state != RolloutState::InProgress).map(|(at, _)| *at)
    }

    /// Whether it is still rolling out at the end of what has been told.
    pub fn in_progress(&self) -> bool {
        self.rollouts.last().is_some_and(|(_, rollout)| rollout.state == RolloutState::InProgress)
    }

    /// Whether it failed and stays so.
    pub fn has_failed(&self) -> bool {
        self.rollouts.last().is_some_and(|(_, rollout)| rollout.state == RolloutState::Failed)
    }

    /// Whether the service deployment is still open at the end of what has been told.
    pub fn is_open(&self) -> bool {
        self.stages.last().is_some_and(|(_, stage)| !stage.finished)
    }
}

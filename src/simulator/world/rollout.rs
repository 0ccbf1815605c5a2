//! The service scheduler: what ECS does when it looks at a service.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>

use std::sync::Arc;

use super::deployment::{Deployment, RolloutState};
use super::happening::Happening;
use super::plan::Breaker;
use super::task::{StopCause, Task, TaskStatus};
use super::timeline::{Cue, Timeline};
use crate::simulator::clock::{MINUTE, Millis, SECOND};
use crate::simulator::scenario::Fails;

/// How long after its last change a service counts as steady.
const SETTLE: Millis = 8 * SECOND;
/// How long the scheduler takes to notice something.
pub(super) const NOTICE: Millis = SECOND;
/// The longest wait between two starts of a service that cannot start its tasks.
const LONGEST_HOLD: Millis = 15 * MINUTE;

/// What ECS says of a deployment that the circuit breaker rolled back.
pub const ROLLED_BACK_BY_BREAKER: &str =
    "Service deployment rolled back because the circuit breaker threshold was exceeded.";
/// What it says where a person asked for that.
pub const ROLLED_BACK_BY_HAND: &str = "Service deployment rolled back because a rollback was requested.";

impl Timeline {
    /// Brings a new task definition out.
    pub(super) fn deploy(&mut self, at: Millis, image: String, fails: Option<Fails>, reason: Option<String>) {
        let number = self.deployments.len();
        let plan = Arc::clone(&self.plan);
        let mut next = Deployment::new(&plan, number, at, image, self.threshold());
        // A task definition's revisions are counted without the deployments that brought none.
        next.revision =
            self.deployments.iter().map(|one| one.revision.saturating_add(1)).max().unwrap_or(plan.revision);
        (next.fails, next.failure_text) = (fails, reason);
        self.begin(at, next);
    }

    /// Begins a deployment: it becomes the primary one beside the one before.
    pub(super) fn begin(&mut self, at: Millis, mut next: Deployment) {
        let number = self.deployments.len();
        next.roll(at, true, RolloutState::InProgress, format!("ECS deployment {} in progress.", next.id));
        next.stage(at, "PENDING", None);
        next.stage(at + SECOND, "IN_PROGRESS", Some("SCALE_UP"));
        if let Some(before) = self.deployments.get_mut(self.primary) {
            next.source = Some(self.primary);
            before.step_back(at);
            if before.is_open() {
                before.finish(at, "STOPPED", Some("Service deployment was stopped because a newer one began."));
            }
        }
        self.deployments.push(next);
        self.primary = number;
        (self.failures, self.hold) = (0, Millis::MIN);
        self.changed(at + 2 * SECOND);
    }

    /// Wants another number of tasks.
    pub fn scale(&mut self, at: Millis, desired: u32) {
        self.desired.push((at, desired));
        self.changed(at + NOTICE);
    }

    /// Stops running tasks as a person, or Fargate Spot, does.
    pub(super) fn stop_from_outside(&mut self, at: Millis, count: u32, spot: bool, reason: Option<&String>) {
        let cause = if spot { StopCause::Spot } else { StopCause::User { reason: reason.cloned() } };
        let running: Vec<usize> =
            self.alive(|task| task.status(at) == TaskStatus::Running).take(count as usize).collect();
        for task in running {
            self.stop(at, task, cause.clone());
        }
        self.changed(at + NOTICE);
    }

    /// A task runs: the load balancer learns of it.
    pub(super) fn task_runs(&mut self, at: Millis, task: usize) {
        let lives = self.tasks.get(task).is_some_and(|task| task.stop.is_none());
        if lives && self.plan.target_group.is_some() {
            self.happenings.push((at, Happening::Registered));
        }
    }

    /// A task has passed its health check.
    pub(super) fn task_passes(&mut self, at: Millis, task: usize) {
        if self.tasks.get(task).is_some_and(|task| task.stop.is_none()) {
            self.failures = 0;
            self.reconcile_by(at + NOTICE);
        }
    }

    /// A task has failed: it is stopped, counted, and the circuit breaker looks.
    pub(super) fn task_fails(&mut self, at: Millis, index: usize) {
        let Some(task) = self.tasks.get(index).filter(|task| task.stop.is_none()) else { return };
        let deployment = task.deployment;
        let Some(fails) = self.deployments.get(deployment).and_then(|one| one.fails) else { return };
        let cause = match fails {
            Fails::HealthCheck => {
                self.happenings.push((at, Happening::Unhealthy(index)));
                StopCause::Unhealthy
            }
            Fails::Image => StopCause::CannotPull,
            Fails::Crash => StopCause::Exited { code: 1 },
        };
        self.stop(at, index, cause);
        if fails == Fails::HealthCheck {
            self.happenings.push((at, Happening::StoppedRunning(vec![index])));
        }
        self.failures += 1;
        if let Some(one) = self.deployments.get_mut(deployment).filter(|one| one.in_progress()) {
            one.failures.push(at);
        }
        if !self.trip(at, deployment) {
            self.wait_longer(at);
            self.changed(at + NOTICE);
        }
    }

    /// After three failures in a row the scheduler waits longer each time, and says so.
    fn wait_longer(&mut self, at: Millis) {
        let over = self.failures.saturating_sub(3);
        if self.failures >= 3 {
            self.happenings.push((at, Happening::Unable));
            let hold = (30 * SECOND).saturating_mul(1 << over.min(6)).min(LONGEST_HOLD);
            self.hold = at + hold;
        }
    }

    /// Trips the circuit breaker where it is on and its threshold is reached.
    fn trip(&mut self, at: Millis, index: usize) -> bool {
        let breaker = self.plan.breaker;
        let target = self.completed.filter(|target| breaker == Breaker::Rollback && *target != index);
        let Some(one) = self.deployments.get_mut(index) else { return false };
        let reached = u32::try_from(one.failures.len()).is_ok_and(|failures| failures >= one.threshold);
        if breaker == Breaker::Off || !reached || !one.in_progress() || index != self.primary {
            return false;
        }
        one.roll(
            at,
            target.is_none(),
            RolloutState::Failed,
            "ECS deployment circuit breaker: tasks failed to start.".to_owned(),
        );
        self.happenings.push((at, Happening::Failed(index)));
        match target {
            Some(target) => {
                one.rolled_back = Some((at, target));
                one.stage(at, "ROLLBACK_IN_PROGRESS", Some("SCALE_UP"));
                one.explain("Service deployment is rolling back because the circuit breaker threshold was exceeded.");
                self.roll_back(at, target, "ECS deployment circuit breaker");
            }
            None => one.finish(
                at,
                "STOPPED",
                Some("Service deployment failed because the circuit breaker threshold was exceeded."),
            ),
        }
        (self.failures, self.hold) = (0, Millis::MIN);
        self.changed(at + NOTICE);
        true
    }

    /// Makes an earlier deployment the primary one again.
    pub(super) fn roll_back(&mut self, at: Millis, target: usize, why: &str) {
        self.happenings.push((at, Happening::RollingBack(target)));
        self.primary = target;
        if let Some(back) = self.deployments.get_mut(target) {
            let reason = format!("{why}: rolling back to deploymentId {}.", back.id);
            back.roll(at, true, RolloutState::InProgress, reason);
        }
    }

    /// A task is gone: there may be room for another.
    pub(super) fn task_is_gone(&mut self, at: Millis, task: usize) {
        self.open.retain(|open| *open != task);
        let drained = self.tasks.get(task).and_then(Task::running_span).is_some();
        if drained && self.plan.target_group.is_some() {
            self.happenings.push((at, Happening::Deregistered));
        }
        self.reconcile_by(at + NOTICE);
    }

    /// Looks at what is wanted and what there is, and does the next thing.
    pub(super) fn reconcile(&mut self, at: Millis) {
        let wanted = self.wanted();
        self.stop_surplus(at, wanted as usize);
        self.stop_replaced(at, wanted);
        self.start_next(at, wanted);
        if self.is_steady(at, wanted) && self.settling != Some(self.epoch) {
            self.settling = Some(self.epoch);
            self.cue(at + SETTLE, Cue::Settled(self.epoch));
        }
    }

    /// Stops the newest tasks where there are more than wanted.
    fn stop_surplus(&mut self, at: Millis, wanted: usize) {
        let primary = self.primary;
        let live: Vec<usize> = self.alive(|task| task.deployment == primary).collect();
        let surplus: Vec<usize> = live.into_iter().skip(wanted).collect();
        self.stop_scaling(at, surplus);
    }

    /// Stops tasks of other deployments as far as enough healthy ones stay.
    fn stop_replaced(&mut self, at: Millis, wanted: u32) {
        let primary = self.primary;
        let healthy = self.alive(|task| task.is_healthy(at)).count();
        let mut spare = healthy.saturating_sub(self.plan.lower_limit(wanted));
        let old: Vec<usize> = self.alive(|task| task.deployment != primary).collect();
        let stopping = old
            .into_iter()
            .filter(|index| {
                let is_healthy = self.tasks.get(*index).is_some_and(|task| task.is_healthy(at));
                let may = !is_healthy || spare > 0;
                spare = spare.saturating_sub(usize::from(is_healthy));
                may
            })
            .collect();
        self.stop_scaling(at, stopping);
    }

    fn stop_scaling(&mut self, at: Millis, tasks: Vec<usize>) {
        if tasks.is_empty() {
            return;
        }
        let deployment = self.primary;
        for task in &tasks {
            self.stop(at, *task, StopCause::Scaling { deployment });
        }
        if self.plan.target_group.is_some() {
            self.happenings.push((at, Happening::Draining(tasks.len())));
        }
        self.happenings.push((at, Happening::StoppedRunning(tasks)));
        self.epoch += 1;
    }

    /// Starts one task where one is missing and there is room; the next follows a little later.
    fn start_next(&mut self, at: Millis, wanted: u32) {
        let primary = self.primary;
        let live = self.alive(|task| task.deployment == primary).count();
        let there = self.open.len();
        let Some(deployment) = self.deployments.get(primary) else { return };
        if deployment.has_failed() || live >= wanted as usize || there >= self.plan.upper_limit(wanted).max(1) {
            return;
        }
        if at < self.hold {
            self.reconcile_by(self.hold);
            return;
        }
        let (number, fails, plan) = (self.tasks.len(), deployment.fails, Arc::clone(&self.plan));
        let (task, turn) = Task::start(&plan, primary, number, at, fails);
        self.tasks.push(task);
        self.open.push(number);
        self.happenings.push((at, Happening::Started(vec![number])));
        if let Some(running) = turn.running {
            self.cue(running, Cue::Running(number));
        }
        self.cue(turn.next, if turn.passes { Cue::Healthy(number) } else { Cue::Fails(number) });
        let pause = plan.dice("stagger", number).between(4 * SECOND, 7 * SECOND);
        self.changed(at + pause);
    }

    fn is_steady(&self, at: Millis, wanted: u32) -> bool {
        let primary = self.primary;
        let failed = self.deployments.get(primary).is_none_or(Deployment::has_failed);
        let serves = |index: &usize| {
            self.tasks.get(*index).is_some_and(|task| task.deployment == primary && task.is_healthy(at))
        };
        !failed && self.open.len() == wanted as usize && self.open.iter().all(serves)
    }

    /// The service is steady: the rollout completes, after its bake time where it has one.
    pub(super) fn settled(&mut self, at: Millis, epoch: u64) {
        if self.settling != Some(epoch) || self.epoch != epoch {
            return;
        }
        self.settling = None;
        let (primary, bake) = (self.primary, self.plan.bake);
        let in_progress = self.deployments.get(primary).is_some_and(Deployment::in_progress);
        if in_progress && bake > 0 && self.rolling_back().is_none() {
            self.happenings.push((at, Happening::Steady));
            if let Some(one) = self.deployments.get_mut(primary) {
                one.stage(at, "IN_PROGRESS", Some("BAKE_TIME"));
            }
            self.cue(at + bake, Cue::Baked(primary, epoch));
        } else {
            if in_progress {
                self.complete(at);
            }
            self.happenings.push((at, Happening::Steady));
        }
    }

    /// The bake time is over.
    pub(super) fn baked(&mut self, at: Millis, deployment: usize, epoch: u64) {
        let still = self.primary == deployment && self.deployments.get(deployment).is_some_and(Deployment::in_progress);
        if still && self.epoch == epoch {
            self.complete(at);
        }
    }

    fn complete(&mut self, at: Millis) {
        let primary = self.primary;
        let failed = self.rolling_back();
        for (index, one) in self.deployments.iter_mut().enumerate() {
            if index == primary {
                one.roll(at, true, RolloutState::Completed, format!("ECS deployment {} completed.", one.id));
            } else {
                one.retire(at);
            }
        }
        let end = at + 2 * SECOND;
        if let Some(one) = failed.and_then(|index| self.deployments.get_mut(index)) {
            one.stage(at, "ROLLBACK_IN_PROGRESS", Some("CLEAN_UP"));
            let reason = if one.by_hand { ROLLED_BACK_BY_HAND } else { ROLLED_BACK_BY_BREAKER };
            one.finish(end, "ROLLBACK_SUCCESSFUL", Some(reason));
        } else if let Some(one) = self.deployments.get_mut(primary) {
            one.stage(at, "IN_PROGRESS", Some("CLEAN_UP"));
            one.finish(end, "SUCCESSFUL", None);
        }
        self.completed = Some(primary);
        self.happenings.push((at, Happening::Completed(primary)));
    }

    /// The failed deployment whose rollback is under way.
    fn rolling_back(&self) -> Option<usize> {
        self.deployments.iter().rposition(|one| one.rolled_back.is_some() && one.is_open())
    }

    pub(super) fn stop(&mut self, at: Millis, index: usize, cause: StopCause) {
        let plan = Arc::clone(&self.plan);
        if let Some(task) = self.tasks.get_mut(index) {
            let gone = task.stop(&plan, at, cause);
            self.cue(gone, Cue::Gone(index));
        }
    }

    /// The tasks that are not being stopped and are as asked, oldest first.
    fn alive(&self, is: impl Fn(&Task) -> bool) -> impl Iterator<Item = usize> {
        let meant = move |index: &usize| self.tasks.get(*index).is_some_and(|task| task.stop.is_none() && is(task));
        self.open.iter().copied().filter(meant)
    }

    pub(super) fn changed(&mut self, look_again: Millis) {
        self.epoch += 1;
        self.settling = None;
        self.reconcile_by(look_again);
    }
}

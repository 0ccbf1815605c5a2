//! What people do to a service: new tasks for all that there are, a task that is stopped, a deployment that is taken back.

use std::sync::Arc;

use super::deployment::{Deployment, RolloutState};
use super::rollout::NOTICE;
use super::task::StopCause;
use super::timeline::Timeline;
use crate::simulator::clock::{Millis, SECOND};

impl Timeline {
    /// Puts new tasks in the place of all that there are, of the same task definition.
    pub fn redeploy(&mut self, at: Millis) {
        let Some(before) = self.deployments.get(self.primary) else { return };
        let (number, image, plan) = (self.deployments.len(), before.image.clone(), Arc::clone(&self.plan));
        let mut next = Deployment::new(&plan, number, at, image, self.threshold());
        // What is wrong with an image is wrong with it once more.
        (next.revision, next.fails) = (before.revision, before.fails);
        next.failure_text.clone_from(&before.failure_text);
        self.begin(at, next);
    }

    /// Stops one task, as a person does.
    pub fn stop_task(&mut self, at: Millis, id: &str, reason: Option<String>) {
        let place = self.tasks.iter().position(|task| task.id == id && task.stop.is_none());
        if let Some(index) = place {
            self.stop(at, index, StopCause::User { reason });
            self.changed(at + NOTICE);
        }
    }

    /// Whether a service deployment can be stopped: while it is under way and is not being rolled back.
    pub fn is_stoppable(&self, index: usize) -> bool {
        let open = self.deployments.get(index).is_some_and(|one| one.is_open() && one.rolled_back.is_none());
        open && index == self.primary
    }

    /// Where a deployment would be rolled back to: the last one that was completed.
    pub fn rollback_target(&self, index: usize) -> Option<usize> {
        self.completed.filter(|target| *target != index)
    }

    /// Stops a service deployment because a person asked for it, and rolls it back where there is something to go back to.
    pub fn stop_deployment(&mut self, at: Millis, index: usize, target: Option<usize>) {
        let Some(one) = self.deployments.get_mut(index) else { return };
        one.roll(at, target.is_none(), RolloutState::Failed, "ECS deployment stopped by a request.".to_owned());
        match target {
            Some(target) => {
                (one.rolled_back, one.by_hand) = (Some((at, target)), true);
                one.stage(at, "ROLLBACK_REQUESTED", None);
                one.stage(at + SECOND, "ROLLBACK_IN_PROGRESS", Some("SCALE_UP"));
                one.explain("Service deployment is rolling back because a rollback was requested.");
                self.roll_back(at, target, "ECS deployment stopped");
            }
            None => {
                one.stage(at, "STOP_REQUESTED", None);
                one.finish(at + SECOND, "STOPPED", Some("Service deployment was stopped by a request."));
            }
        }
        (self.failures, self.hold) = (0, Millis::MIN);
        self.changed(at + NOTICE);
    }
}

//! How a load balancer finds a service's tasks.

use super::task::{Task, TaskStatus};
use super::timeline::Timeline;
use crate::simulator::clock::{Millis, SECOND};
use crate::simulator::scenario::Fails;

/// How long a target is being registered.
const REGISTERED: Millis = 4 * SECOND;
/// How long it takes until enough checks have failed.
const CHECKED: Millis = 12 * SECOND;

/// A target's health, in AWS's words.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetHealth {
    pub state: &'static str,
    pub reason: Option<&'static str>,
    pub description: Option<&'static str>,
}

impl TargetHealth {
    /// A target that takes requests.
    pub const HEALTHY: Self = Self { state: "healthy", reason: None, description: None };

    /// A target that nobody registered.
    pub const UNUSED: Self =
        Self::new("unused", "Target.NotRegistered", "Target is not registered to the target group");

    const fn new(state: &'static str, reason: &'static str, description: &'static str) -> Self {
        Self { state, reason: Some(reason), description: Some(description) }
    }
}

/// How a task's target is at a time; none while it is not registered.
pub fn target_health(story: &Timeline, task: &Task, now: Millis) -> Option<TargetHealth> {
    match task.status(now) {
        TaskStatus::Deactivating => Some(TargetHealth::new(
            "draining",
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress",
        )),
        TaskStatus::Running => {
            let since = now - task.entered(TaskStatus::Running, now)?;
            let fails = story.deployment(task.deployment).and_then(|one| one.fails) == Some(Fails::HealthCheck);
            Some(match () {
                () if task.healthy.is_some_and(|at| at <= now) => TargetHealth::HEALTHY,
                () if since < REGISTERED => {
                    TargetHealth::new("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
                }
                () if fails && since >= CHECKED => TargetHealth::new(
                    "unhealthy",
                    "Target.ResponseCodeMismatch",
                    "Health checks failed with these codes: [503]",
                ),
                () => TargetHealth::new("initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
            })
        }
        _ => None,
    }
}

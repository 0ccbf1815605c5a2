//! A task's life, written down as it is decided.

use super::plan::ServicePlan;
use crate::simulator::clock::{Millis, SECOND};
use crate::simulator::scenario::Fails;

/// Where a task is in its life.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl TaskStatus {
    /// AWS's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether the service counts it as pending.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Provisioning | Self::Pending | Self::Activating)
    }
}

/// Why a task was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopCause {
    /// Another deployment took its place, or fewer are wanted.
    Scaling { deployment: usize },
    /// Its health check failed.
    Unhealthy,
    /// Its image could not be pulled.
    CannotPull,
    /// Its container exited.
    Exited { code: i64 },
    /// Fargate Spot took it back.
    Spot,
    /// Someone stopped it.
    User { reason: Option<String> },
}

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: String,
    /// Which of the service's deployments it belongs to.
    pub deployment: usize,
    /// Its number in the service's life, for repeatable chance.
    pub number: usize,
    /// The states it enters and when, ascending.
    phases: Vec<(Millis, TaskStatus)>,
    /// When it passes its health check, if it does.
    pub healthy: Option<Millis>,
    /// When it was decided to stop it, and why.
    pub stop: Option<(Millis, StopCause)>,
}

/// Where a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub zone: String,
    pub subnet: String,
    /// The network interface.
    pub interface: String,
    /// The interface's private address.
    pub address: String,
    /// The id under which the interface is attached to the task.
    pub attachment: String,
}

impl Task {
    /// Where it runs.
    pub fn place(&self, plan: &ServicePlan) -> Place {
        let mut dice = plan.dice("place", self.number);
        let zone = ["a", "c", "d"].get(usize::try_from(dice.between(0, 2)).unwrap_or(0)).copied().unwrap_or("a");
        Place {
            zone: format!("{}{zone}", plan.region),
            subnet: format!("subnet-0{}", dice.hex(16)),
            interface: format!("eni-0{}", dice.hex(16)),
            address: format!("10.0.{}.{}", dice.between(0, 15) * 16 + 8, (self.number * 37 + 11) % 240 + 10),
            attachment: dice.uuid(),
        }
    }

    /// Starts a task: its way to RUNNING is drawn at once, and the time when it becomes healthy or fails.
    pub fn start(
        plan: &ServicePlan,
        deployment: usize,
        number: usize,
        at: Millis,
        fails: Option<Fails>,
    ) -> (Self, Turn) {
        let mut dice = plan.dice("task", number);
        let id = dice.hex(32);
        let pending = at + dice.between(8 * SECOND, 12 * SECOND);
        let pulled = pending + plan.pull + dice.between(0, 3 * SECOND);
        let running = pulled + dice.between(3 * SECOND, 6 * SECOND);
        let judged = running + plan.health + dice.between(0, 2 * SECOND);
        let mut phases = vec![
            (at, TaskStatus::Provisioning),
            (pending, TaskStatus::Pending),
            (pulled, TaskStatus::Activating),
            (running, TaskStatus::Running),
        ];
        let (healthy, turn) = match fails {
            None => (Some(judged), Turn { running: Some(running), next: judged, passes: true }),
            Some(Fails::HealthCheck) => (None, Turn { running: Some(running), next: judged, passes: false }),
            Some(Fails::Crash) => {
                let exits = running + dice.between(5 * SECOND, 11 * SECOND);
                (None, Turn { running: Some(running), next: exits, passes: false })
            }
            Some(Fails::Image) => {
                phases.truncate(2);
                (None, Turn { running: None, next: pulled, passes: false })
            }
        };
        (Self { id, deployment, number, phases, healthy, stop: None }, turn)
    }

    /// Decides that it stops, and gives back when it will be gone.
    pub fn stop(&mut self, plan: &ServicePlan, at: Millis, cause: StopCause) -> Millis {
        let mut dice = plan.dice("stop", self.number);
        self.phases.retain(|(when, _)| *when <= at);
        let was_running = self.status(at) == TaskStatus::Running;
        let alive = was_running && !matches!(cause, StopCause::Exited { .. } | StopCause::CannotPull);
        let mut when = at;
        if alive {
            // The load balancer drains its connections first.
            let drain = if plan.target_group.is_some() { dice.between(9 * SECOND, 12 * SECOND) } else { 2 * SECOND };
            self.phases.push((when, TaskStatus::Deactivating));
            when += drain;
            self.phases.push((when, TaskStatus::Stopping));
            when += dice.between(2 * SECOND, 5 * SECOND);
        }
        self.phases.push((when, TaskStatus::Deprovisioning));
        when += dice.between(6 * SECOND, 10 * SECOND);
        self.phases.push((when, TaskStatus::Stopped));
        self.healthy = self.healthy.filter(|healthy| *healthy <= at);
        self.stop = Some((at, cause));
        when
    }

    /// When it was created.
    pub fn created(&self) -> Millis {
        self.phases.first().map_or(Millis::MAX, |(at, _)| *at)
    }

    /// Where it is at a time.
    pub fn status(&self, at: Millis) -> TaskStatus {
        self.phases.iter().rev().find(|(when, _)| *when <= at).map_or(TaskStatus::Provisioning, |(_, status)| *status)
    }

    /// When it entered a state, if it had by then.
    pub fn entered(&self, status: TaskStatus, by: Millis) -> Option<Millis> {
        self.phases.iter().find(|(when, known)| *known == status && *when <= by).map(|(when, _)| *when)
    }

    /// From when to when it runs, the end not included.
    pub fn running_span(&self) -> Option<(Millis, Millis)> {
        let position = self.phases.iter().position(|(_, status)| *status == TaskStatus::Running)?;
        let from = self.phases.get(position)?.0;
        Some((from, self.phases.get(position + 1).map_or(Millis::MAX, |(at, _)| *at)))
    }

    /// Why it is being stopped, if that was decided by then.
    pub fn stopped_by(&self, at: Millis) -> Option<&StopCause> {
        self.stop.as_ref().filter(|(when, _)| *when <= at).map(|(_, cause)| cause)
    }

    /// Whether it has passed its health check and is not being stopped.
    pub fn is_healthy(&self, at: Millis) -> bool {
        self.healthy.is_some_and(|when| when <= at) && self.stopped_by(at).is_none()
    }
}

/// What a task will do next.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// When it runs, if it ever does.
    pub running: Option<Millis>,
    /// When it becomes healthy or fails.
    pub next: Millis,
    /// Which of the two.
    pub passes: bool,
}

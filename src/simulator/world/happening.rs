//! What a service says in its events, in the words of ECS.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>

use super::task::{StopCause, Task};
use super::timeline::Timeline;

/// Something that ECS writes into a service's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    Started(Vec<usize>),
    StoppedRunning(Vec<usize>),
    Draining(usize),
    Registered,
    Deregistered,
    Unhealthy(usize),
    Unable,
    Failed(usize),
    RollingBack(usize),
    Completed(usize),
    Steady,
    /// The scenario's own words.
    Said(String),
}

impl Timeline {
    /// Writes an event's message.
    pub fn message(&self, happening: &Happening) -> String {
        let plan = &self.plan;
        let service = &plan.name;
        let group = plan.target_group.as_ref().map_or("", |group| group.arn.as_str());
        let id = |index: &usize| self.tasks.get(*index).map_or("", |task| task.id.as_str());
        let tasks = |indices: &[usize]| {
            indices.iter().map(|index| format!("(task {})", id(index))).collect::<Vec<_>>().join(" ")
        };
        let deployment = |index: &usize| self.deployments.get(*index).map_or("", |one| one.id.as_str());
        match happening {
            Happening::Started(started) => {
                format!("(service {service}) has started {} tasks: {}.", started.len(), tasks(started))
            }
            Happening::StoppedRunning(stopped) => {
                format!("(service {service}) has stopped {} running tasks: {}.", stopped.len(), tasks(stopped))
            }
            Happening::Draining(count) => {
                format!("(service {service}) has begun draining connections on {count} tasks.")
            }
            Happening::Registered => format!("(service {service}) registered 1 targets in (target-group {group})"),
            Happening::Deregistered => format!("(service {service}) deregistered 1 targets in (target-group {group})"),
            Happening::Unhealthy(task) if group.is_empty() => {
                format!("(service {service}) (task {}) failed container health checks.", id(task))
            }
            Happening::Unhealthy(task) => format!(
                "(service {service}) (task {}) (port {}) is unhealthy in (target-group {group}) due to (reason Health checks \
                 failed with these codes: [502]).",
                id(task),
                plan.port
            ),
            Happening::Unable => format!(
                "(service {service}) is unable to consistently start tasks successfully. For more information, see the \
                 Troubleshooting section of the Amazon ECS Developer Guide."
            ),
            Happening::Failed(index) => {
                format!(
                    "(service {service}) (deployment {}) deployment failed: tasks failed to start.",
                    deployment(index)
                )
            }
            Happening::RollingBack(index) => {
                format!("(service {service}) rolling back to deployment {}.", deployment(index))
            }
            Happening::Completed(index) => {
                format!("(service {service}) (deployment {}) deployment completed.", deployment(index))
            }
            Happening::Steady => format!("(service {service}) has reached a steady state."),
            Happening::Said(text) => text.clone(),
        }
    }

    /// Says why a task was stopped, in the words of ECS: the stop code, the task's reason and its container's.
    ///
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
    pub fn stop_words(&self, task: &Task, cause: &StopCause) -> StopWords {
        let deployment = self.deployments.get(task.deployment);
        let own = |text: String| deployment.and_then(|one| one.failure_text.clone()).unwrap_or(text);
        let scheduler = "ServiceSchedulerInitiated";
        match cause {
            StopCause::Scaling { deployment } => {
                let id = self.deployments.get(*deployment).map_or("", |one| one.id.as_str());
                StopWords::new(scheduler, format!("Scaling activity initiated by (deployment {id})")).exit(Some(0))
            }
            StopCause::Unhealthy => {
                let reason = match &self.plan.target_group {
                    Some(group) => format!("Task failed ELB health checks in (target-group {})", group.arn),
                    None => "Task failed container health checks".to_owned(),
                };
                StopWords::new(scheduler, own(reason)).exit(Some(137))
            }
            StopCause::CannotPull => {
                let image = deployment.map_or("", |one| one.image.as_str());
                let reason = own(format!(
                    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: \
                     {image}: not found"
                ));
                StopWords { container: Some(reason.clone()), ..StopWords::new("TaskFailedToStart", reason) }
            }
            StopCause::Exited { code } => {
                StopWords::new("EssentialContainerExited", own("Essential container in task exited".to_owned()))
                    .exit(Some(*code))
            }
            StopCause::Spot => {
                StopWords::new("SpotInterruption", "Your Spot Task was interrupted.".to_owned()).exit(Some(143))
            }
            StopCause::User { reason } => {
                let reason = reason.clone().unwrap_or_else(|| "Task stopped by user".to_owned());
                StopWords::new("UserInitiated", reason).exit(Some(143))
            }
        }
    }
}

/// How ECS says that a task was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopWords {
    /// `EssentialContainerExited`, …
    pub code: &'static str,
    pub reason: String,
    /// The container's own reason, where it has one.
    pub container: Option<String>,
    /// The container's exit code, where it ran.
    pub exit: Option<i64>,
}

impl StopWords {
    fn new(code: &'static str, reason: String) -> Self {
        Self { code, reason, container: None, exit: None }
    }

    fn exit(mut self, code: Option<i64>) -> Self {
        self.exit = code;
        self
    }
}

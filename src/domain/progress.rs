//! Describes operations that are no sessions while they go on: executions step by step, and the rollouts they set off.

use jiff::Timestamp;

use super::{
    ecs::{Rollout, Service, Steadiness},
    fetch::Failure,
};

/// How far an operation has got.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// What is being done about it.
    pub stage: Stage,
    /// The Automation execution, as it was last read; none where AWS was asked for nothing of the kind, or is still asked.
    pub execution: Option<Execution>,
    /// The service that is changed, as it was last read.
    pub rollout: Option<RolloutProgress>,
    /// Why it could not be looked at last time; it is looked at again.
    pub trouble: Option<Failure>,
}

/// Tells what is being done about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stage {
    /// AWS is asked to do it.
    #[default]
    Asked,
    /// AWS did not answer; it is looked for, as it may have happened all the same.
    LookedFor,
    /// AWS does it, step by step.
    Running,
    /// Its steps are done, and the rollout that they set off is followed.
    RollingOut,
    /// AWS was asked to stop it.
    Cancelling,
}

/// An Automation execution, as `GetAutomationExecution` saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// AWS's id.
    pub id: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// Its steps, in their order.
    pub steps: Vec<Step>,
    /// Whether it has more steps than were read.
    pub more: bool,
    /// Why it failed, in AWS's words; empty where it did not.
    pub failure: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A step of an Automation execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name in the document.
    pub name: String,
    /// What it does, such as `aws:executeAwsApi`.
    pub action: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it began; none where it did not yet.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, in AWS's words; empty where it did not.
    pub failure: String,
}

/// Tells how an execution or a step of one stands, in AWS's words.
///
/// Source: AWS Systems Manager API Reference, `AutomationExecution`, `AutomationExecutionStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExecutionStatus {
    /// `Pending`: it has not begun.
    Pending,
    /// `InProgress`: it goes on.
    InProgress,
    /// `Waiting`: it waits for something.
    Waiting,
    /// `Success`: it did what it should.
    Success,
    /// `TimedOut`: it took too long.
    TimedOut,
    /// `Cancelling`: it is being stopped.
    Cancelling,
    /// `Cancelled`: it was stopped.
    Cancelled,
    /// `Failed`: it did not do what it should.
    Failed,
    /// Another word.
    Other(String),
}

/// Words for an end that a runbook of ours does not come to: those of change requests and of approvals.
const OTHER_ENDS: [&str; 5] =
    ["Rejected", "CompletedWithSuccess", "CompletedWithFailure", "Exited", "ChangeCalendarOverrideRejected"];

impl ExecutionStatus {
    /// Reads AWS's word.
    pub fn from_aws(word: &str) -> Self {
        match word {
            "Pending" => Self::Pending,
            "InProgress" => Self::InProgress,
            "Waiting" => Self::Waiting,
            "Success" => Self::Success,
            "TimedOut" => Self::TimedOut,
            "Cancelling" => Self::Cancelling,
            "Cancelled" => Self::Cancelled,
            "Failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns AWS's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Waiting => "Waiting",
            Self::Success => "Success",
            Self::TimedOut => "TimedOut",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
            Self::Other(word) => word,
        }
    }

    /// Tells whether nothing more comes.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Success | Self::TimedOut | Self::Cancelled | Self::Failed => true,
            Self::Pending | Self::InProgress | Self::Waiting | Self::Cancelling => false,
            Self::Other(word) => OTHER_ENDS.contains(&word.as_str()),
        }
    }

    /// Tells whether it ended well.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Success => true,
            Self::Other(word) => word == "CompletedWithSuccess",
            _ => false,
        }
    }
}

/// A service while it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutProgress {
    /// The id of the deployment that ECS is bringing up, or that stands.
    pub deployment: String,
    /// Its task definition, such as `web:43`.
    pub task_definition: String,
    /// How far it is.
    pub state: Rollout,
    /// Why it is there, in ECS's words.
    pub reason: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks on their way up.
    pub pending: u32,
    /// Tasks of the deployment that failed to start.
    pub failed: u32,
    /// Whether as many tasks run as are wanted, and nothing is being replaced.
    pub steady: bool,
}

impl RolloutProgress {
    /// Takes what matters of a service that is changed.
    pub fn of(service: &Service) -> Self {
        let primary = service.primary();
        let steady = matches!(service.steadiness(), Steadiness::Steady | Steadiness::Stopped);
        Self {
            deployment: primary.map(|primary| primary.id.clone()).unwrap_or_default(),
            task_definition: primary.map_or_else(|| service.task_definition.clone(), |one| one.task_definition.clone()),
            state: primary.map_or(Rollout::Other(String::new()), |primary| primary.rollout.clone()),
            reason: primary.map(|primary| primary.reason.clone()).unwrap_or_default(),
            desired: service.desired,
            running: service.running,
            pending: service.pending,
            failed: primary.map_or(0, |primary| primary.failed),
            steady: steady && service.deployments.len() <= 1 && service.pending == 0,
        }
    }
}

/// Tells how an operation that is no session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It was done.
    Done,
    /// It was stopped before it was done, as somebody here wished.
    Cancelled,
    /// It was not done, or not to its end.
    Failed {
        /// Why, in AWS's words, cleaned.
        why: String,
    },
    /// Nobody knows what came of it: no answer came, or it was not followed to its end.
    Unknown {
        /// Why, cleaned.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_as_it_is_and_only_an_end_is_one() {
        let words = [
            ("Pending", false, false),
            ("InProgress", false, false),
            ("Waiting", false, false),
            ("Success", true, true),
            ("TimedOut", true, false),
            ("Cancelling", false, false),
            ("Cancelled", true, false),
            ("Failed", true, false),
            ("CompletedWithSuccess", true, true),
            ("CompletedWithFailure", true, false),
            ("Rejected", true, false),
            ("PendingApproval", false, false),
            ("SomethingNew", false, false),
        ];
        for (word, is_over, is_success) in words {
            let status = ExecutionStatus::from_aws(word);
            assert_eq!(status.as_str(), word);
            assert_eq!((status.is_over(), status.is_success()), (is_over, is_success), "{word}");
        }
    }
}

//! Says what would keep an operation from being done, before it is tried.

use jiff::Timestamp;

use super::{fetch::Failure, target::Target};

/// What was found out about a target before something is done to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// Where the operation may go, the best first; empty where nothing fits.
    pub targets: Vec<Target>,
    /// What is there now and what will be, where the operation changes something.
    pub effect: Option<Effect>,
    /// What makes the operation fail.
    pub obstacles: Vec<Obstacle>,
    /// What a person should know although the operation would begin.
    pub cautions: Vec<Caution>,
    /// What could not be looked up, and why: a denied look-up is not an obstacle by itself.
    pub unknown: Vec<Failure>,
}

/// Says what an operation changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// What is there now, in AWS's words: a task definition, a number of tasks, a workflow status.
    pub from: String,
    /// What will be there; empty where that is for a person to say, or nobody knows.
    pub to: String,
}

impl Preflight {
    /// Tells whether the operation may be tried.
    pub fn is_clear(&self) -> bool {
        self.obstacles.is_empty() && !self.targets.is_empty()
    }
}

/// Names a reason why an operation would fail; each has a known remedy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// The service has no running task.
    NoRunningTask {
        /// The service, as `cluster/service`.
        service: String,
    },
    /// The task has no container of that name, or several and the catalogue names none.
    NoSuchContainer {
        /// The containers that there are.
        there: Vec<String>,
    },
    /// The task was started without ECS Exec; only a new task can have it.
    ExecNotEnabled {
        /// The task's id.
        task: String,
    },
    /// The `ExecuteCommandAgent` does not run in the container.
    ExecAgentNotRunning {
        /// The task's id.
        task: String,
        /// What ECS says of it: `PENDING`, `STOPPED`, or empty where there is no agent.
        status: String,
    },
    /// The Fargate platform is older than 1.4.0, which ECS Exec needs.
    PlatformTooOld {
        /// The task's platform version.
        version: String,
    },
    /// The container's root file system is read-only; the agent cannot write there.
    ReadOnlyRoot {
        /// The container's name.
        container: String,
    },
    /// No managed node fits.
    NoNode {
        /// The selector, as text.
        selector: String,
    },
    /// The node's agent does not answer.
    NodeOffline {
        /// The node's id.
        id: String,
        /// When it last did.
        last_ping: Option<Timestamp>,
    },
    /// The agent is too old for what is asked of it.
    AgentTooOld {
        /// The agent's version.
        version: String,
        /// The version that is needed.
        needed: &'static str,
    },
    /// IAM would deny the call, as it did before or as a simulation says.
    PermissionMissing {
        /// The action that is missing, such as `ssm:StartSession`.
        action: String,
    },
    /// The document that pins the operation is not there.
    NoDocument {
        /// The document's name.
        document: String,
    },
    /// There is no such service.
    NoService {
        /// The service, as `cluster/service`.
        service: String,
    },
    /// Somebody else than ECS replaces the tasks of the service.
    OtherController {
        /// The service, as `cluster/service`.
        service: String,
        /// Who does: `CODE_DEPLOY` or `EXTERNAL`.
        controller: String,
    },
    /// No deployment is under way that could be rolled back.
    NothingToRollBack {
        /// The service, as `cluster/service`.
        service: String,
    },
    /// The task is none of the service's, or is gone.
    NotItsTask {
        /// The task's id.
        task: String,
        /// The service, as `cluster/service`.
        service: String,
    },
    /// There is no such finding where findings are read.
    NoFinding {
        /// Its id.
        finding: String,
    },
}

/// Names something that a person should know before an operation begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caution {
    /// The cluster does not log ECS Exec sessions: only our own recording remains.
    ExecLoggingOff {
        /// The cluster's name.
        cluster: String,
    },
    /// AWS ends no port session by itself; the limit is this console's alone.
    NoLimitInAws,
    /// The agent is too old for several connections at once.
    OneConnectionOnly {
        /// The agent's version.
        version: String,
    },
    /// The command runs as root in the container.
    RunsAsRoot,
    /// The document is not the one that is compiled from the catalogue.
    OtherDocument {
        /// Its name.
        document: String,
    },
    /// The finding has that workflow status already.
    SetAlready {
        /// The status.
        status: String,
    },
    /// A rollout of the service is under way already.
    RollingAlready {
        /// The service, as `cluster/service`.
        service: String,
    },
}

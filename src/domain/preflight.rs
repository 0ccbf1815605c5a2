//! Says what would keep a session from starting, before it is tried.

use jiff::Timestamp;

use super::{fetch::Failure, target::Target};

/// What was found out about a target before a session to it is started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// Where the session may go, the best first; empty where nothing fits.
    pub targets: Vec<Target>,
    /// What makes the session fail.
    pub obstacles: Vec<Obstacle>,
    /// What a person should know although the session would start.
    pub cautions: Vec<Caution>,
    /// What could not be looked up, and why: a denied look-up is not an obstacle by itself.
    pub unknown: Vec<Failure>,
}

impl Preflight {
    /// Tells whether the session may be tried.
    pub fn is_clear(&self) -> bool {
        self.obstacles.is_empty() && !self.targets.is_empty()
    }
}

/// Names a reason why a session would fail; each has a known remedy.
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
    /// The Session document that pins the destination is not there.
    NoDocument {
        /// The document's name.
        document: String,
    },
}

/// Names something that a person should know before a session starts.
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
}

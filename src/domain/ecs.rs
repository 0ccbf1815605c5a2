//! ECS clusters, services, deployments and tasks, and the rules that tell a steady service from one in trouble.

use jiff::Timestamp;

/// Describes a cluster with the counts that `DescribeClusters` gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The cluster's name, unique in its account and region.
    pub name: String,
    /// The cluster's ARN.
    pub arn: String,
    /// AWS's status, such as `ACTIVE`.
    pub status: String,
    /// Services in the state `ACTIVE`.
    pub active_services: u32,
    /// Tasks in the state `RUNNING`.
    pub running_tasks: u32,
    /// Tasks in the state `PENDING`.
    pub pending_tasks: u32,
}

/// Names a service within one account and region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceKey {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
}

/// Describes a service as `DescribeServices` saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Cluster and name.
    pub key: ServiceKey,
    /// The service's ARN.
    pub arn: String,
    /// AWS's status: `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks on their way up.
    pub pending: u32,
    /// Family and revision of the task definition in use, such as `web:42`.
    pub task_definition: String,
    /// The deployments under way, the primary one first.
    pub deployments: Vec<Deployment>,
    /// The latest events, newest first (ECS keeps 100).
    pub events: Vec<ServiceEvent>,
    /// The deployment circuit breaker, where it is on.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Minutes that a new revision is watched before the old one is let go.
    pub bake_minutes: Option<u32>,
    /// Who replaces the tasks: `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// How they are replaced: `ROLLING`, `BLUE_GREEN` and so on; empty where ECS does not say.
    pub strategy: String,
    /// Where the tasks run, from the capacity provider strategy or the launch type.
    pub capacity: Vec<Capacity>,
    /// Whether ECS Exec is enabled for new tasks.
    pub exec_enabled: bool,
    /// ARNs of the target groups that the service registers its tasks with.
    pub target_groups: Vec<String>,
    /// When the service was created.
    pub created_at: Option<Timestamp>,
    /// When this row was read.
    pub as_of: Timestamp,
}

/// Names a capacity provider (or a launch type) and its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// `FARGATE`, `FARGATE_SPOT`, `EC2`, or a provider of the account's own.
    pub provider: String,
    /// The relative share of tasks.
    pub weight: u32,
    /// The number of tasks that run there before shares count.
    pub base: u32,
}

/// Describes the deployment circuit breaker of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Whether ECS goes back to the last completed deployment when the breaker trips.
    pub rollback: bool,
}

/// Describes one deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// AWS's id, such as `ecs-svc/1234567890123456789`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// How far the rollout is.
    pub rollout: Rollout,
    /// Why the rollout is in that state, in ECS's words.
    pub reason: String,
    /// Family and revision, such as `web:43`.
    pub task_definition: String,
    /// Tasks wanted of this deployment.
    pub desired: u32,
    /// Tasks of this deployment that run.
    pub running: u32,
    /// Tasks of this deployment on their way up.
    pub pending: u32,
    /// Tasks of this deployment that failed to start.
    pub failed: u32,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// Tells the state of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    /// The deployment reached a steady state.
    Completed,
    /// Tasks are being replaced.
    InProgress,
    /// The circuit breaker or an alarm stopped it.
    Failed,
    /// ECS does not say (a controller other than ECS), or says something new.
    Other(String),
}

impl Rollout {
    /// Returns AWS's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Completed => "COMPLETED",
            Self::InProgress => "IN_PROGRESS",
            Self::Failed => "FAILED",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Rollout {
    fn from(word: &str) -> Self {
        match word {
            "COMPLETED" => Self::Completed,
            "IN_PROGRESS" => Self::InProgress,
            "FAILED" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Records one line of a service's event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    /// AWS's id of the event.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// ECS's words.
    pub message: String,
}

/// Sums up how a service fares, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Steadiness {
    /// As many tasks run as are wanted, and nothing is being replaced.
    Steady,
    /// No task is wanted.
    Stopped,
    /// The service is being deleted.
    Draining,
    /// A rollout is under way and no task of it failed.
    Rolling,
    /// Fewer tasks run than are wanted, and no rollout explains it.
    Short,
    /// A rollout failed, tasks of it keep failing, or none of the wanted tasks runs.
    Failing,
}

impl Steadiness {
    /// Returns the stable name, as the command line's JSON spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Stopped => "stopped",
            Self::Draining => "draining",
            Self::Rolling => "rolling",
            Self::Short => "short",
            Self::Failing => "failing",
        }
    }

    /// Tells whether a person should look at it.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::Short | Self::Failing)
    }
}

impl Service {
    /// Returns the deployment that ECS is bringing up, or the one that stands.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY").or_else(|| self.deployments.first())
    }

    /// Tells whether tasks are being replaced.
    pub fn is_rolling(&self) -> bool {
        self.primary().is_some_and(|primary| primary.rollout == Rollout::InProgress)
            && (self.deployments.len() > 1 || self.running != self.desired || self.pending > 0)
    }

    /// Returns the deployment whose rollout failed or whose tasks keep failing, if there is one.
    pub fn troubled_deployment(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| {
            deployment.rollout == Rollout::Failed
                || (deployment.rollout == Rollout::InProgress && deployment.failed > 0)
        })
    }

    /// Judges how the service fares.
    ///
    /// A rollout that lost tasks counts as failing before the circuit breaker says so: it has at least three failures
    /// to wait for, an operator has not.
    pub fn steadiness(&self) -> Steadiness {
        if self.status == "DRAINING" || self.status == "INACTIVE" {
            return Steadiness::Draining;
        }
        if self.troubled_deployment().is_some() {
            return Steadiness::Failing;
        }
        if self.is_rolling() {
            return Steadiness::Rolling;
        }
        match (self.running, self.desired) {
            (_, 0) => Steadiness::Stopped,
            (0, _) => Steadiness::Failing,
            (running, desired) if running < desired => Steadiness::Short,
            _ => Steadiness::Steady,
        }
    }

    /// Returns when the present trouble began, as far as ECS tells.
    ///
    /// For a rollout that is the start of its deployment. ECS dates nothing else: for too few tasks it is the first event
    /// since the service was last steady, or nothing where the last hundred events know no steady state.
    pub fn unsteady_since(&self) -> Option<Timestamp> {
        match self.steadiness() {
            Steadiness::Steady | Steadiness::Stopped | Steadiness::Draining => None,
            Steadiness::Failing | Steadiness::Rolling | Steadiness::Short => {
                let rollout = self.troubled_deployment().or_else(|| self.primary().filter(|_| self.is_rolling()));
                match rollout {
                    Some(deployment) => deployment.created_at,
                    None => self.first_event_since_steady(),
                }
            }
        }
    }

    fn first_event_since_steady(&self) -> Option<Timestamp> {
        let steady = self.events.iter().position(|event| event.message.ends_with("has reached a steady state."))?;
        self.events[..steady].last().map(|event| event.at)
    }

    /// Returns the service's target groups as the CloudWatch dimension `TargetGroup` writes them:
    /// `targetgroup/NAME/ID`, the last part of the ARN.
    pub fn target_group_dimensions(&self) -> impl Iterator<Item = &str> {
        self.target_groups.iter().filter_map(|arn| arn.find("targetgroup/").map(|start| &arn[start..]))
    }

    /// Tells whether some of the tasks may run on Spot capacity.
    pub fn uses_spot(&self) -> bool {
        self.capacity
            .iter()
            .any(|capacity| capacity.provider.contains("SPOT") && (capacity.weight > 0 || capacity.base > 0))
    }
}

/// Describes a task as `DescribeTasks` saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task's ARN.
    pub arn: String,
    /// The last part of the ARN.
    pub id: String,
    /// The cluster's name.
    pub cluster: String,
    /// The service that started it, from the group `service:NAME`.
    pub service: Option<String>,
    /// Family and revision, such as `web:42`.
    pub task_definition: String,
    /// AWS's word for where the task is in its life, such as `RUNNING`.
    pub last_status: String,
    /// AWS's word for where it should be.
    pub desired_status: String,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: String,
    /// `FARGATE`, `FARGATE_SPOT` or another provider or launch type.
    pub capacity: String,
    /// The availability zone.
    pub zone: String,
    /// CPU units (1,024 a vCPU), as AWS writes them.
    pub cpu: String,
    /// Memory in MiB, as AWS writes it.
    pub memory: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it started to run.
    pub started_at: Option<Timestamp>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// AWS's code for why it stopped.
    pub stop_code: String,
    /// AWS's words for why it stopped.
    pub stopped_reason: String,
    /// Whether ECS Exec was enabled when it was launched.
    pub exec_enabled: bool,
    /// Its containers, in the order of the task definition.
    pub containers: Vec<Container>,
}

impl Task {
    /// Tells whether ECS Exec can reach every agent it needs in the task.
    pub fn exec_ready(&self) -> bool {
        self.exec_enabled && self.containers.iter().any(|container| container.exec_agent.as_deref() == Some("RUNNING"))
    }
}

/// Describes a container of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The container's name in the task definition.
    pub name: String,
    /// The image as the task definition names it.
    pub image: Image,
    /// AWS's word for where the container is in its life.
    pub last_status: String,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: String,
    /// The exit code, once it ended.
    pub exit_code: Option<i32>,
    /// AWS's words for why it ended.
    pub reason: String,
    /// The id that an exec session needs.
    pub runtime_id: String,
    /// The status of the `ExecuteCommandAgent`, where there is one.
    pub exec_agent: Option<String>,
}

/// Names a container image: `registry/repository:tag` or `…@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// The whole name.
    pub name: String,
    /// The digest that was pulled, where AWS says so.
    pub digest: String,
}

impl Image {
    /// Returns the tag, or `None` where the image is pinned by digest.
    ///
    /// A name without a tag means `latest`, as the OCI distribution clients take it.
    pub fn tag(&self) -> Option<&str> {
        if self.name.contains('@') {
            return None;
        }
        let last = self.name.rsplit('/').next().unwrap_or(&self.name);
        Some(last.split_once(':').map_or("latest", |(_, tag)| tag))
    }

    /// Returns the repository without registry, tag and digest.
    pub fn repository(&self) -> &str {
        let name = self.name.split('@').next().unwrap_or(&self.name);
        let last = name.rsplit('/').next().unwrap_or(name);
        last.split(':').next().unwrap_or(last)
    }

    /// Returns what tells one version from another: the tag, or the digest's first twelve digits.
    pub fn version(&self) -> &str {
        self.tag().unwrap_or_else(|| {
            let digest = self.name.rsplit("sha256:").next().unwrap_or("");
            digest.get(..12).unwrap_or(digest)
        })
    }

    /// Tells whether the tag may mean another image tomorrow.
    pub fn is_latest(&self) -> bool {
        self.tag() == Some("latest")
    }
}

/// Describes a service deployment: what `DescribeServiceDeployments` adds to a [`Deployment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDeployment {
    /// The ARN of the service deployment.
    pub arn: String,
    /// AWS's status, such as `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL`.
    pub status: String,
    /// AWS's words for the status.
    pub reason: String,
    /// The stage of a deployment under way, such as `SCALE_UP` or `BAKE_TIME`; empty where ECS names none.
    pub lifecycle_stage: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Minutes of bake time that were configured.
    pub bake_minutes: Option<u32>,
    /// Task definition of the revision that it brings up, where it is known.
    pub target_revision: String,
    /// Tasks of the target revision: wanted, running, pending.
    pub target_tasks: Option<(u32, u32, u32)>,
    /// The circuit breaker: failures counted and the threshold.
    pub breaker: Option<BreakerCount>,
    /// Why it was rolled back.
    pub rollback_reason: String,
}

/// Counts the failures that the circuit breaker of a service deployment saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerCount {
    /// AWS's status: `MONITORING`, `MONITORING_COMPLETE`, `TRIGGERED`, `DISABLED`.
    pub status: String,
    /// Failures so far.
    pub failures: u32,
    /// Failures that trip it.
    pub threshold: u32,
}

/// Holds all services of one account and region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServicesSnapshot {
    /// The clusters.
    pub clusters: Vec<Cluster>,
    /// The services, by cluster and name.
    pub services: Vec<std::sync::Arc<Service>>,
    /// How many services that there are were not read yet, or not again since that was asked for.
    pub unread: usize,
    /// Whether there are more than were read.
    pub capped: bool,
}

/// Holds the tasks of one account and region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TasksSnapshot {
    /// The tasks, by cluster, service and start.
    pub tasks: Vec<std::sync::Arc<Task>>,
    /// Whether there are more than were read.
    pub capped: bool,
}

impl TasksSnapshot {
    /// Returns the tasks that a service started.
    pub fn of<'a>(&'a self, key: &'a ServiceKey) -> impl Iterator<Item = &'a std::sync::Arc<Task>> {
        self.tasks
            .iter()
            .filter(move |task| task.cluster == key.cluster && task.service.as_deref() == Some(&key.service))
    }
}

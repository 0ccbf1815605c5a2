//! What can happen to the console, and what it asks to be done.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    alarm::{AlarmsSnapshot, HistoryItem},
    ecs::{ServiceDeployment, ServiceKey, ServicesSnapshot, TasksSnapshot},
    fetch::Failure,
    identity::Identity,
    metric::{Query, Range, Series},
};

/// Numbers a source: one set of credentials in one region, which one or more environments read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub usize);

/// Counts the identities that a source has had; what was asked under an earlier one is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Generation(pub u64);

/// Names what a source reads, each with an age and a failure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Panel {
    /// Who we are: STS.
    Identity,
    /// Clusters and services.
    Services,
    /// Tasks.
    Tasks,
    /// Alarms.
    Alarms,
    /// Metrics.
    Metrics,
    /// Service deployments of the service that is open.
    Deployments,
    /// History of the alarm that is open.
    History,
}

/// Reports what a poller saw.
#[derive(Debug, Clone)]
pub enum Report {
    /// A request for a panel went out.
    Asked(Panel),
    /// The identity was verified; holds the end of its credentials where they end.
    Connected {
        /// Whom STS says we are.
        identity: Arc<Identity>,
        /// When the credentials end.
        expires: Option<Timestamp>,
    },
    /// A panel could not be read; nothing that was there is lost.
    Failed(Panel, Failure),
    /// All services, with those that were not asked for this time as they were.
    Services(Arc<ServicesSnapshot>),
    /// All tasks.
    Tasks(Arc<TasksSnapshot>),
    /// All alarms.
    Alarms(Arc<AlarmsSnapshot>),
    /// Metrics, for the queries that were asked together.
    Series(Vec<Arc<Series>>),
    /// Service deployments of one service, newest first.
    Deployments(ServiceKey, Arc<Vec<ServiceDeployment>>),
    /// History of one alarm, newest first.
    History(String, Arc<Vec<HistoryItem>>),
    /// What was spent; sent when a number that is shown changes.
    Usage(Usage),
}

/// Counts what a source spends.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// API calls in the last 60 seconds.
    pub calls_per_minute: u32,
    /// Estimated US dollars an hour, from the metrics requested in the last ten minutes at $0.01 a thousand
    /// (source: "Amazon CloudWatch pricing", `GetMetricData`).
    pub dollars_per_hour: f64,
    /// Whether AWS throttled us in the last 60 seconds.
    pub throttled: bool,
}

/// Tells a poller what is looked at, so that it asks for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest {
    /// Whether the terminal has the focus; metrics rest while it has not.
    pub focused: bool,
    /// Services whose rows are on the screen.
    pub visible_services: Vec<ServiceKey>,
    /// The service that is open, and whether its rollout is under way.
    pub open_service: Option<(ServiceKey, bool)>,
    /// The alarm that is open.
    pub open_alarm: Option<String>,
    /// Metrics that are on the screen.
    pub queries: Vec<Query>,
    /// How far back they go.
    pub range: Range,
}

/// Carries a report with the source and the identity that it was asked under.
#[derive(Debug, Clone)]
pub struct SourceEvent {
    /// The source.
    pub source: SourceId,
    /// The identity's generation at the time of asking.
    pub generation: Generation,
    /// When it was read, by the injected clock.
    pub at: Timestamp,
    /// What it was.
    pub report: Report,
}

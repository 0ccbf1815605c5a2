//! Jobs at work: each asks the AWS room and brings back what it got.

use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::Timestamp;

use crate::{
    aws::{ALARMS_A_CALL, AlarmScope, Connection, ConnectionPlan, Described, Loaded, Paged, Roster, Shared, TaskScope},
    domain::{
        alarm::{Alarm, HistoryItem},
        ecs::{Cluster, ServiceDeployment, Task},
        fetch::Failure,
        metric::Series,
    },
};

use super::plan::Job;

/// How many clusters' tasks one job reads side by side.
const SCOPES_AT_ONCE: usize = 4;

/// Brings back what a job got.
#[derive(Debug)]
pub(super) struct Done {
    /// The job.
    pub(super) job: Job,
    /// When it began.
    pub(super) started: Timestamp,
    /// Which connection it was asked through, by number.
    pub(super) epoch: u64,
    /// What it got.
    pub(super) outcome: Outcome,
}

/// Holds what a job got.
#[derive(Debug)]
pub(super) enum Outcome {
    Connected(Box<Result<Connection, Failure>>),
    Roster(Loaded<Roster>),
    Lists(Loaded<Roster>),
    Counts(Loaded<Vec<Cluster>>),
    Services(Loaded<Described>),
    Tasks(Vec<(TaskScope, Loaded<Paged<Arc<Task>>>)>),
    Alarms(Result<Paged<Arc<Alarm>>, Failure>),
    Firing(Result<Vec<Arc<Alarm>>, Failure>),
    Metrics(Loaded<Vec<Arc<Series>>>),
    Deployments(Result<Vec<ServiceDeployment>, Failure>),
    History(Result<Vec<HistoryItem>, Failure>),
}

/// Opens a connection.
pub(super) async fn connect(plan: ConnectionPlan, shared: Shared) -> Outcome {
    Outcome::Connected(Box::new(Connection::open(plan, shared).await))
}

/// Does a job through a connection. [`Job::Connect`] wants none and is done by [`connect`].
pub(super) async fn work(job: &Job, connection: &Connection) -> Option<Outcome> {
    Some(match job {
        Job::Connect => return None,
        Job::Roster => Outcome::Roster(connection.roster().await),
        Job::Lists(clusters) => Outcome::Lists(connection.service_lists(clusters).await),
        Job::Counts(clusters) => Outcome::Counts(connection.statistics(clusters).await),
        Job::Services(keys) => Outcome::Services(connection.describe_services(keys).await),
        Job::Tasks(scopes) => Outcome::Tasks(tasks(connection, scopes).await),
        Job::Alarms => Outcome::Alarms(connection.alarms_of(&AlarmScope::All).await),
        Job::Firing(before) => Outcome::Firing(firing(connection, before).await),
        Job::Metrics(queries, range) => Outcome::Metrics(connection.metrics(queries, *range).await),
        Job::Deployments(key) => Outcome::Deployments(connection.service_deployments(key).await),
        Job::History(alarm, _) => Outcome::History(connection.alarm_history(alarm).await),
    })
}

async fn tasks(connection: &Connection, scopes: &[TaskScope]) -> Vec<(TaskScope, Loaded<Paged<Arc<Task>>>)> {
    let reads = stream::iter(scopes.to_vec()).map(|scope| async move {
        let read = connection.tasks_of(&scope).await;
        (scope, read)
    });
    reads.buffered(SCOPES_AT_ONCE).collect().await
}

/// Reads the alarms in ALARM and, of those that were in it before, what became of them.
async fn firing(connection: &Connection, before: &[String]) -> Result<Vec<Arc<Alarm>>, Failure> {
    let mut alarms = connection.alarms_of(&AlarmScope::Firing).await?.items;
    let still = |name: &String| alarms.iter().any(|alarm| alarm.name == *name);
    let left: Vec<String> = before.iter().filter(|name| !still(name)).cloned().collect();
    for names in left.chunks(ALARMS_A_CALL) {
        let named = AlarmScope::Names(names.to_vec());
        alarms.extend(connection.alarms_of(&named).await?.items);
    }
    Ok(alarms)
}

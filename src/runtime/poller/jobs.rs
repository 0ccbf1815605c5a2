//! Jobs at work: each asks the AWS room and brings back what it got.

use std::sync::Arc;

use futures::{StreamExt, future::join_all, stream};
use jiff::Timestamp;

use crate::{
    aws::{
        ALARMS_A_CALL, AlarmScope, Connection, ConnectionPlan, Described, FindingsPage, LiveTail, Loaded, LogRead,
        Paged, Roster, Shared, TaskScope, bare_group,
    },
    domain::{
        alarm::{Alarm, HistoryItem},
        ecs::{Cluster, ServiceDeployment, Task},
        elb::TargetGroup,
        fetch::Failure,
        finding::FindingChange,
        log::LogPlace,
        metric::Series,
        waf::{Limited, RuleTraffic, Samples, Scope, WebAcl, WebAclKey},
    },
};

use super::{book::ScopeRead, plan::Job};

/// Of how many web ACLs the rules are read along with their list.
const FIRST_DETAILS: usize = 3;
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
    Waf(Vec<ScopeRead>),
    WafDetails(Loaded<Vec<Arc<WebAcl>>>),
    WafBaselines(Loaded<Vec<(WebAclKey, Arc<Series>)>>),
    WafRules(Result<RuleTraffic, Failure>),
    WafSamples(Loaded<Samples>),
    WafLimited(Loaded<Vec<Limited>>),
    WafResources(Result<Vec<String>, Failure>),
    Findings(Result<Option<FindingsPage>, Failure>),
    FindingHistory(Result<Vec<FindingChange>, Failure>),
    Targets(Targets),
    LogPlaces(Result<Arc<Vec<LogPlace>>, Failure>),
    Log(Result<LogRead, Failure>),
    LiveTail(Result<LiveTail, Failure>),
}

/// Holds what was read of target groups.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// The groups as they were described, if they were.
    pub(super) described: Option<Vec<TargetGroup>>,
    /// The groups with their targets.
    pub(super) groups: Vec<TargetGroup>,
    /// What could not be read.
    pub(super) failures: Vec<Failure>,
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
        Job::Waf(scopes) => {
            let reads = scopes.clone().into_iter().map(|(scope, logging)| web_acls(connection, scope, logging));
            Outcome::Waf(join_all(reads).await)
        }
        Job::WafDetails(acls) => Outcome::WafDetails(connection.web_acl_details(acls).await),
        Job::WafBaselines(acls) => Outcome::WafBaselines(connection.waf_baselines(acls).await),
        Job::WafRules(acl, range) => Outcome::WafRules(connection.rule_traffic(acl, *range).await),
        Job::WafSamples(acl, rules, range) => Outcome::WafSamples(connection.waf_samples(acl, rules, *range).await),
        Job::WafLimited(acl) => Outcome::WafLimited(connection.waf_limited(acl).await),
        Job::WafResources(acl, kind) => Outcome::WafResources(connection.waf_resources(acl, *kind).await),
        Job::Findings(ask) => Outcome::Findings(connection.findings_page(&ask.query, ask.token.clone()).await),
        Job::FindingHistory(key) => Outcome::FindingHistory(connection.finding_history(key).await),
        Job::Targets(_, arns, known) => Outcome::Targets(targets(connection, arns, known.as_deref()).await),
        Job::LogPlaces(definition) => Outcome::LogPlaces(connection.log_places(definition).await),
        Job::Log(tail, from) => Outcome::Log(connection.log_lines(tail, *from).await),
        Job::LiveTail(tail) => Outcome::LiveTail(connection.live_tail(tail).await),
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

/// Reads the web ACLs of a scope and, if it has any, where their requests are logged and the rules of the first of them.
async fn web_acls(connection: &Connection, scope: Scope, logging: bool) -> ScopeRead {
    let mut listed = match connection.web_acls(scope).await {
        Ok(listed) => listed,
        Err(failure) => return ScopeRead { scope, acls: None, failures: vec![failure], logging: None },
    };
    let first: Vec<_> = listed.unread.drain(..listed.unread.len().min(FIRST_DETAILS)).collect();
    let logging = async {
        if logging && !listed.acls.items.is_empty() { Some(connection.web_acl_logging(scope).await) } else { None }
    };
    let (details, logging) = futures::join!(connection.web_acl_details(&first), logging);
    // What could not be read just now is read again.
    let passes = details.failures.iter().any(|failure| !failure.kind.is_lasting());
    let again = details.value.iter().filter(|acl| passes && acl.detail.is_none()).cloned();
    listed.unread.extend(again.collect::<Vec<_>>());
    listed.replace(details.value);
    ScopeRead { scope, acls: Some(listed), failures: details.failures, logging }
}

/// Reads targets; groups that may not be described are shown by their names.
async fn targets(connection: &Connection, arns: &[String], known: Option<&[TargetGroup]>) -> Targets {
    let mut read = Targets::default();
    let groups = match known {
        Some(known) => known.to_vec(),
        None => match connection.target_groups(arns).await {
            Ok(groups) => read.described.insert(groups).clone(),
            Err(failure) => {
                read.failures.push(failure);
                arns.iter().map(|arn| bare_group(arn)).collect()
            }
        },
    };
    let health = connection.target_health(&groups).await;
    read.groups = health.value;
    read.failures.extend(health.failures);
    read
}

//! Reads what a view needs, once, from every source at the same time.

use std::sync::Arc;

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::aws::{Connection, Loaded, Now, Shared};
use crate::cli::args::View;
use crate::domain::fetch::{Panel, SourceId};
use crate::domain::metric::Query;
use crate::domain::waf::{self, ALL_RULES, Outcome, WafSnapshot, WebAcl};
use crate::runtime::console::Watch;
use crate::runtime::sources::{self, SourcePlan};
use crate::state::State;
use crate::state::event::{Event, Generation, Report, SourceEvent};
use crate::state::update::update;

use super::ask::Ask;

/// Web ACLs whose rules are asked for at the same time.
const AT_ONCE: usize = 4;

/// What was read, each with its time.
type Reports = Vec<(Timestamp, Report)>;

/// Tells whether a view is drawn from a panel.
pub fn needs(view: View, panel: Panel) -> bool {
    let whole = matches!(view, View::Queue | View::Fleet);
    match panel {
        Panel::Identity => true,
        Panel::Services => whole || matches!(view, View::Services | View::Tasks),
        Panel::Tasks => matches!(view, View::Services | View::Tasks),
        Panel::Alarms => whole || view == View::Alarms,
        // Whether a web ACL blocks far more than usual is told by its metrics.
        Panel::Waf | Panel::Metrics => whole || view == View::Waf,
        Panel::Findings => whole || view == View::Findings,
        _ => false,
    }
}

/// Returns the query of one outcome of all requests of a web ACL, over the range that is asked for.
pub fn requests(acl: &WebAcl, outcome: Outcome, ask: &Ask) -> Option<Query> {
    acl.query(outcome, ALL_RULES, waf::period(ask.range))
}

/// Reads what is asked for from every source and returns the state that the console would have.
///
/// `unassigned` says whether what belongs to no environment is among it.
pub async fn read(watch: &Watch, ask: &Ask, unassigned: bool) -> State {
    let plans = sources::plan(&watch.environments);
    let environments = watch.environments.iter().map(|configured| configured.environment.clone()).collect();
    let sources = plans.iter().map(SourcePlan::source).collect();
    let mut state = State::new(environments, watch.roles.clone(), sources, watch.clock.now());
    state.shown = None;
    state.unassigned = unassigned;
    state.range = ask.range;
    state.findings.everything = !ask.severities.are_to_do();
    let clock = watch.clock.clone();
    let shared = Shared::new(Now::new(move || clock.now())).keeping_denials(watch.denials.clone());
    let reads = plans.iter().map(|plan| read_source(plan, watch, &shared, ask));
    for (index, reports) in join_all(reads).await.into_iter().enumerate() {
        for (at, report) in reports {
            let event = SourceEvent { source: SourceId(index), generation: Generation::default(), at, report };
            update(&mut state, Event::Source(event));
        }
    }
    let now = watch.clock.now();
    update(&mut state, Event::Tick(now));
    state
}

async fn read_source(plan: &SourcePlan, watch: &Watch, shared: &Shared, ask: &Ask) -> Reports {
    let connection = plan.connection(watch.endpoint_url.as_deref());
    // Each source by itself: findings of one account are one source's to read.
    let connection = match Connection::open(connection, shared.metered_apart()).await {
        Ok(connection) => connection,
        Err(failure) => return vec![(watch.clock.now(), Report::Failed(Panel::Identity, failure))],
    };
    let connected = Report::Connected {
        identity: Arc::clone(connection.identity()),
        expires: connection.expires(),
        endpoint: connection.endpoint().map(str::to_owned),
    };
    let mut reports = vec![(watch.clock.now(), connected)];
    let (ecs, alarms, waf, findings) = futures::join!(
        Box::pin(read_ecs(&connection, watch, ask)),
        Box::pin(read_alarms(&connection, watch, ask)),
        Box::pin(read_waf(&connection, watch, ask)),
        Box::pin(read_findings(&connection, watch, ask)),
    );
    reports.extend([ecs, alarms, waf, findings].into_iter().flatten());
    reports
}

/// Makes a report of what was loaded, and of the first failure of a part of it, which then stands.
fn loaded<T>(watch: &Watch, panel: Panel, loaded: Loaded<T>, report: impl FnOnce(Arc<T>) -> Report) -> Reports {
    let failure = loaded.failure().cloned();
    let mut reports = vec![(watch.clock.now(), report(Arc::new(loaded.value)))];
    reports.extend(failure.map(|failure| (failure.at, Report::Failed(panel, failure))));
    reports
}

async fn read_ecs(connection: &Connection, watch: &Watch, ask: &Ask) -> Reports {
    let (services, tasks) = futures::join!(
        async { if needs(ask.view, Panel::Services) { Some(connection.services().await) } else { None } },
        async { if needs(ask.view, Panel::Tasks) { Some(connection.tasks().await) } else { None } },
    );
    let services = services.map(|services| loaded(watch, Panel::Services, services, Report::Services));
    let tasks = tasks.map(|tasks| loaded(watch, Panel::Tasks, tasks, Report::Tasks));
    services.into_iter().chain(tasks).flatten().collect()
}

async fn read_alarms(connection: &Connection, watch: &Watch, ask: &Ask) -> Reports {
    if !needs(ask.view, Panel::Alarms) {
        return Vec::new();
    }
    match connection.alarms().await {
        Ok(alarms) => vec![(watch.clock.now(), Report::Alarms(Arc::new(alarms)))],
        Err(failure) => vec![(failure.at, Report::Failed(Panel::Alarms, failure))],
    }
}

async fn read_findings(connection: &Connection, watch: &Watch, ask: &Ask) -> Reports {
    if !needs(ask.view, Panel::Findings) {
        return Vec::new();
    }
    let findings = Box::pin(connection.findings(ask.severities.are_to_do())).await;
    loaded(watch, Panel::Findings, findings, Report::Findings)
}

/// Reads the web ACLs, what they blocked on other days, and, where they are asked for, the requests of the range.
async fn read_waf(connection: &Connection, watch: &Watch, ask: &Ask) -> Reports {
    if !needs(ask.view, Panel::Waf) {
        return Vec::new();
    }
    let read = connection.waf().await;
    let acls = read.value.acls.clone();
    let mut reports = loaded(watch, Panel::Waf, read, Report::Waf);
    if acls.is_empty() {
        return reports;
    }
    let baselines = connection.waf_baselines(&acls).await;
    let failure = baselines.failure().cloned();
    reports.push((watch.clock.now(), Report::WafBaselines(baselines.value)));
    reports.extend(failure.map(|failure| (failure.at, Report::Failed(Panel::Metrics, failure))));
    if ask.view == View::Waf {
        reports.extend(match &ask.acl {
            Some(name) => read_rules(connection, watch, ask, &acls, name).await,
            None => read_requests(connection, watch, ask, &acls).await,
        });
    }
    reports
}

/// Reads what became of all requests of each web ACL.
async fn read_requests(connection: &Connection, watch: &Watch, ask: &Ask, acls: &[Arc<WebAcl>]) -> Reports {
    let outcomes = |acl: &Arc<WebAcl>| Outcome::ALL.map(|outcome| requests(acl, outcome, ask));
    let queries: Vec<Query> = acls.iter().flat_map(outcomes).flatten().collect();
    let read = connection.metrics(&queries, ask.range).await;
    let failure = read.failure().cloned();
    let mut reports = vec![(watch.clock.now(), Report::Series(read.value))];
    reports.extend(failure.map(|failure| (failure.at, Report::Failed(Panel::Metrics, failure))));
    reports
}

/// Reads what became of the requests of the web ACLs of a name, by rule; those without metrics have none.
async fn read_rules(connection: &Connection, watch: &Watch, ask: &Ask, acls: &[Arc<WebAcl>], name: &str) -> Reports {
    let counted = |acl: &&Arc<WebAcl>| acl.detail.as_ref().is_some_and(|detail| detail.metrics_enabled);
    let wanted: Vec<&Arc<WebAcl>> = acls.iter().filter(|acl| acl.key.name == name).filter(counted).collect();
    stream::iter(wanted)
        .map(|acl| async move {
            match connection.rule_traffic(acl, ask.range).await {
                Ok(traffic) => (watch.clock.now(), Report::WafRules(acl.key.clone(), Arc::new(traffic))),
                Err(failure) => (failure.at, Report::Failed(Panel::Metrics, failure)),
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// Tells whether a source has a web ACL of a name.
pub fn has_acl(state: &State, name: &str) -> bool {
    let snapshots = state.sources.iter().filter_map(|source| source.waf.value.as_deref());
    snapshots.flat_map(|snapshot: &WafSnapshot| &snapshot.acls).any(|acl| acl.key.name == name)
}

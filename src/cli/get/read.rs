//! Reads what a view needs, once, from every source at the same time.

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;

use crate::aws::{Connection, Loaded, Now, Shared};
use crate::cli::args::View;
use crate::domain::fetch::{Failure, Panel, SourceId};
use crate::domain::metric::Series;
use crate::domain::waf::{WafSnapshot, WebAclKey};
use crate::runtime::console::Watch;
use crate::runtime::sources::{self, SourcePlan};
use crate::state::State;
use crate::state::event::{Event, Generation, Report, SourceEvent};
use crate::state::update::update;

/// Holds what web ACLs usually block.
type Baselines = Vec<(WebAclKey, Arc<Series>)>;

/// Tells whether a view is drawn from a panel.
pub fn needs(view: View, panel: Panel) -> bool {
    match panel {
        Panel::Identity => true,
        Panel::Services => matches!(view, View::Services | View::Tasks | View::Queue),
        Panel::Tasks => matches!(view, View::Services | View::Tasks),
        Panel::Alarms => matches!(view, View::Alarms | View::Queue),
        Panel::Waf | Panel::Findings => matches!(view, View::Queue),
        _ => false,
    }
}

/// Tells whether of findings only those are read that are to do.
fn is_about_to_do(view: View) -> bool {
    matches!(view, View::Queue)
}

/// Reads a view from every source and returns the state that the console would have.
///
/// `unassigned` says whether what belongs to no environment is among it.
pub async fn read(watch: &Watch, view: View, unassigned: bool) -> State {
    let plans = sources::plan(&watch.environments);
    let environments = watch.environments.iter().map(|configured| configured.environment.clone()).collect();
    let sources = plans.iter().map(SourcePlan::source).collect();
    let mut state = State::new(environments, watch.roles.clone(), sources, watch.clock.now());
    state.shown = None;
    state.unassigned = unassigned;
    let clock = watch.clock.clone();
    let shared = Shared::new(Now::new(move || clock.now()));
    let reads = plans.iter().map(|plan| read_source(plan, watch, &shared, view));
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

async fn read_source(plan: &SourcePlan, watch: &Watch, shared: &Shared, view: View) -> Vec<(Timestamp, Report)> {
    let connection = plan.connection(watch.endpoint_url.as_deref());
    let mut heard = Heard { watch, reports: Vec::new() };
    // Each source by itself: findings of one account are one source's to read.
    let connection = match Connection::open(connection, shared.metered_apart()).await {
        Ok(connection) => connection,
        Err(failure) => {
            heard.say(Report::Failed(Panel::Identity, failure));
            return heard.reports;
        }
    };
    heard.say(Report::Connected {
        identity: Arc::clone(connection.identity()),
        expires: connection.expires(),
        endpoint: connection.endpoint().map(str::to_owned),
    });
    let wanted = |panel| needs(view, panel);
    let (services, tasks, alarms, waf, findings) = futures::join!(
        when(wanted(Panel::Services), connection.services()),
        when(wanted(Panel::Tasks), connection.tasks()),
        when(wanted(Panel::Alarms), connection.alarms()),
        when(wanted(Panel::Waf), waf(&connection)),
        when(wanted(Panel::Findings), connection.findings(is_about_to_do(view))),
    );
    heard.loaded(Panel::Services, services, |read| Report::Services(Arc::new(read)));
    heard.loaded(Panel::Tasks, tasks, |read| Report::Tasks(Arc::new(read)));
    match alarms {
        Some(Ok(alarms)) => heard.say(Report::Alarms(Arc::new(alarms))),
        Some(Err(failure)) => heard.fail(Panel::Alarms, Some(failure)),
        None => {}
    }
    if let Some((waf, baselines)) = waf {
        heard.loaded(Panel::Waf, Some(waf), |read| Report::Waf(Arc::new(read)));
        heard.loaded(Panel::Metrics, baselines, Report::WafBaselines);
    }
    heard.loaded(Panel::Findings, findings, |read| Report::Findings(Arc::new(read)));
    heard.reports
}

/// Holds what a source says, with when.
struct Heard<'a> {
    watch: &'a Watch,
    reports: Vec<(Timestamp, Report)>,
}

impl Heard<'_> {
    fn say(&mut self, report: Report) {
        self.reports.push((self.watch.clock.now(), report));
    }

    fn fail(&mut self, panel: Panel, failure: Option<Failure>) {
        self.reports.extend(failure.map(|failure| (failure.at, Report::Failed(panel, failure))));
    }

    /// Says what was read of a panel, if it was, and why not all of it.
    fn loaded<T>(&mut self, panel: Panel, read: Option<Loaded<T>>, report: impl FnOnce(T) -> Report) {
        if let Some(read) = read {
            let failure = read.failure().cloned();
            self.say(report(read.value));
            self.fail(panel, failure);
        }
    }
}

async fn when<T>(wanted: bool, read: impl Future<Output = T>) -> Option<T> {
    if wanted { Some(read.await) } else { None }
}

/// Reads web ACLs and, if there are any, what they usually block.
async fn waf(connection: &Connection) -> (Loaded<WafSnapshot>, Option<Loaded<Baselines>>) {
    let read = connection.waf().await;
    let baselines = when(!read.value.acls.is_empty(), connection.waf_baselines(&read.value.acls)).await;
    (read, baselines)
}

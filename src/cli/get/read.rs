//! Reads what a view needs, once, from every source at the same time.

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;

use crate::aws::{Connection, Now, Shared};
use crate::cli::args::View;
use crate::domain::fetch::{Panel, SourceId};
use crate::runtime::console::Watch;
use crate::runtime::sources::{self, SourcePlan};
use crate::state::State;
use crate::state::event::{Event, Generation, Report, SourceEvent};
use crate::state::update::update;

/// Tells whether a view is drawn from a panel.
pub fn needs(view: View, panel: Panel) -> bool {
    match panel {
        Panel::Identity => true,
        Panel::Services => matches!(view, View::Services | View::Tasks | View::Queue),
        Panel::Tasks => matches!(view, View::Services | View::Tasks),
        Panel::Alarms => matches!(view, View::Alarms | View::Queue),
        _ => false,
    }
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
    let mut reports = Vec::new();
    let mut say = |report| reports.push((watch.clock.now(), report));
    let connection = match Connection::open(connection, shared.clone()).await {
        Ok(connection) => connection,
        Err(failure) => {
            say(Report::Failed(Panel::Identity, failure));
            return reports;
        }
    };
    say(Report::Connected {
        identity: Arc::clone(connection.identity()),
        expires: connection.expires(),
        endpoint: connection.endpoint().map(str::to_owned),
    });
    let (services, tasks, alarms) = futures::join!(
        async { if needs(view, Panel::Services) { Some(connection.services().await) } else { None } },
        async { if needs(view, Panel::Tasks) { Some(connection.tasks().await) } else { None } },
        async { if needs(view, Panel::Alarms) { Some(connection.alarms().await) } else { None } },
    );
    if let Some(services) = services {
        let failure = services.failure().cloned();
        say(Report::Services(Arc::new(services.value)));
        reports.extend(failure.map(|failure| (failure.at, Report::Failed(Panel::Services, failure))));
    }
    if let Some(tasks) = tasks {
        let failure = tasks.failure().cloned();
        reports.push((watch.clock.now(), Report::Tasks(Arc::new(tasks.value))));
        reports.extend(failure.map(|failure| (failure.at, Report::Failed(Panel::Tasks, failure))));
    }
    match alarms {
        Some(Ok(alarms)) => reports.push((watch.clock.now(), Report::Alarms(Arc::new(alarms)))),
        Some(Err(failure)) => reports.push((failure.at, Report::Failed(Panel::Alarms, failure))),
        None => {}
    }
    reports
}

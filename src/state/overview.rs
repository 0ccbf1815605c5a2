//! The queue of what needs a person, and the counts beside it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::{
    alarm::Watches,
    ecs::Steadiness,
    fetch::{Failure, Panel, SourceId},
    queue::{self, Item, Place, Seen, Sighting, Subject, Trouble},
};

use super::{
    State,
    alarms::AlarmCounts,
    interest::OVERVIEW_SERVICES,
    list::ListView,
    services::{ServiceRow, attention},
    source::Source,
};

/// Counts services by how they fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceCounts {
    /// Steady, or stopped on purpose.
    pub steady: usize,
    /// Being rolled out.
    pub rolling: usize,
    /// With fewer tasks than wanted.
    pub short: usize,
    /// Failing.
    pub failing: usize,
}

impl ServiceCounts {
    /// Counts one service.
    pub fn add(&mut self, steadiness: Steadiness) {
        match steadiness {
            Steadiness::Steady | Steadiness::Stopped | Steadiness::Draining => self.steady += 1,
            Steadiness::Rolling => self.rolling += 1,
            Steadiness::Short => self.short += 1,
            Steadiness::Failing => self.failing += 1,
        }
    }

    /// Returns the number of all services.
    pub fn total(&self) -> usize {
        self.steady + self.rolling + self.short + self.failing
    }
}

/// Holds one environment's line among the small multiples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvironmentLine {
    /// The environment, or `None` for what belongs to no environment.
    pub place: Place,
    /// Its services.
    pub services: ServiceCounts,
    /// Its alarms.
    pub alarms: AlarmCounts,
    /// Whether everything of it was read at least once.
    pub complete: bool,
}

/// Holds what the overview shows.
#[derive(Debug, Default)]
pub struct Overview {
    /// The queue, most urgent first.
    pub items: Vec<Item>,
    /// The selection in the queue.
    pub list: ListView<Subject>,
    /// The counts, a line an environment in the order of the configuration, what is unassigned last.
    pub lines: Vec<EnvironmentLine>,
    /// The services that deserve a look first.
    pub rows: Vec<ServiceRow>,
    /// How many services and alarms the queue was drawn from.
    pub watched: usize,
    /// Since when this console has seen the queue empty: since the last trouble, or since it began to look.
    pub quiet_since: Option<Timestamp>,
    /// Names of services that several clusters have, by environment: there a name alone says too little.
    ambiguous: HashSet<(Option<usize>, String)>,
    keys: Vec<Subject>,
}

impl Overview {
    /// Tells whether several clusters of an environment have a service of that name.
    pub fn is_ambiguous(&self, place: Place, service: &str) -> bool {
        self.ambiguous.contains(&(place.environment, service.to_owned()))
    }

    /// Returns the selected item.
    pub fn selected(&self) -> Option<&Item> {
        self.items.get(self.list.selected())
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize, page: usize) {
        self.list.step(by, &self.keys, page);
    }

    /// Selects an item by its index.
    pub fn select(&mut self, index: usize, page: usize) {
        self.list.select(index, &self.keys, page);
    }

    /// Brings the window to a page of another size.
    pub fn repage(&mut self, page: usize) {
        self.list.scroll(self.items.len(), page);
    }
}

/// Makes queue and counts anew from what the sources hold.
pub fn derive(state: &mut State) {
    let mut sightings = Vec::new();
    let mut watched = 0;
    for (id, source) in state.shown_sources() {
        let whole = state.place_of_source(source);
        sightings.extend(troubles(source).map(|(panel, failure)| Sighting {
            source: id,
            place: whole,
            seen: Seen::Failure(panel, failure),
        }));
        sightings.extend(source.expires.map(|end| Sighting { source: id, place: whole, seen: Seen::Credentials(end) }));
        let services = source.services.value.iter().flat_map(|snapshot| &snapshot.services);
        for service in services {
            let place = state.place_of_cluster(source, &service.key.cluster);
            push(state, &mut sightings, &mut watched, id, place, Seen::Service(service));
        }
        let alarms = source.alarms.value.iter().flat_map(|snapshot| &snapshot.alarms);
        for alarm in alarms {
            let place = state.place_of_alarm(source, &alarm.name);
            push(state, &mut sightings, &mut watched, id, place, Seen::Alarm(alarm));
        }
    }
    let items = queue::rank(sightings, state.now);
    let lines = lines(state);
    let is_quiet = items.is_empty() && watched > 0 && !state.is_loading();
    let rows = first_rows(state);
    let ambiguous = ambiguous(state);
    let overview = &mut state.overview;
    overview.rows = rows;
    overview.ambiguous = ambiguous;
    overview.quiet_since = is_quiet.then(|| overview.quiet_since.unwrap_or(state.now));
    overview.watched = watched;
    overview.lines = lines;
    overview.keys = items.iter().map(|item| item.subject.clone()).collect();
    overview.items = items;
    overview.list.follow(&overview.keys, state.page);
}

/// Returns the failures that are troubles of their own: where the identity failed, every panel fails for the same reason.
fn troubles(source: &Source) -> impl Iterator<Item = (Panel, &Failure)> {
    let unknown = source.identity.failure().is_some();
    source
        .failures()
        .filter(move |(panel, failure)| !unknown || *panel == Panel::Identity || !failure.kind.is_about_credentials())
}

/// Returns the services with the most need of attention, as many as the overview has room for.
fn first_rows(state: &State) -> Vec<ServiceRow> {
    let mut rows: Vec<&ServiceRow> = state.services.all().iter().collect();
    rows.sort_by(|a, b| attention(a).cmp(&attention(b)).then_with(|| a.id.cmp(&b.id)));
    rows.into_iter().take(OVERVIEW_SERVICES).cloned().collect()
}

/// Finds the names that services of several clusters share.
fn ambiguous(state: &State) -> HashSet<(Option<usize>, String)> {
    let mut seen: HashMap<(Option<usize>, &str), (SourceId, &str)> = HashMap::new();
    let mut found = HashSet::new();
    for row in state.services.all() {
        let name = (row.place.environment, row.id.key.service.as_str());
        let owner = (row.id.source, row.id.key.cluster.as_str());
        if *seen.entry(name).or_insert(owner) != owner {
            found.insert((name.0, name.1.to_owned()));
        }
    }
    found
}

fn push<'a>(
    state: &State,
    sightings: &mut Vec<Sighting<'a>>,
    watched: &mut usize,
    source: SourceId,
    place: Place,
    seen: Seen<'a>,
) {
    if state.shows(place) {
        *watched += 1;
        sightings.push(Sighting { source, place, seen });
    }
}

/// Counts services and alarms by environment.
fn lines(state: &State) -> Vec<EnvironmentLine> {
    let mut lines: Vec<EnvironmentLine> = state
        .environments
        .iter()
        .enumerate()
        .map(|(index, environment)| EnvironmentLine {
            place: Place { environment: Some(index), kind: environment.kind },
            services: ServiceCounts::default(),
            alarms: AlarmCounts::default(),
            complete: state
                .sources
                .iter()
                .filter(|source| source.environments.contains(&index))
                .all(|source| source.services.value.is_some() && source.alarms.value.is_some()),
        })
        .collect();
    let unassigned = EnvironmentLine {
        place: Place { environment: None, kind: crate::domain::environment::Kind::Unknown },
        services: ServiceCounts::default(),
        alarms: AlarmCounts::default(),
        complete: true,
    };
    lines.push(unassigned);
    let last = lines.len() - 1;
    for source in &state.sources {
        for service in source.services.value.iter().flat_map(|snapshot| &snapshot.services) {
            let place = state.place_of_cluster(source, &service.key.cluster);
            lines[place.environment.unwrap_or(last)].services.add(service.steadiness());
        }
        for alarm in source.alarms.value.iter().flat_map(|snapshot| &snapshot.alarms) {
            let place = state.place_of_alarm(source, &alarm.name);
            lines[place.environment.unwrap_or(last)].alarms.add(alarm);
        }
    }
    lines.retain(|line| {
        line.place.environment.is_some()
            || line.services.total() > 0
            || line.alarms.alarm + line.alarms.no_data + line.alarms.ok > 0
    });
    lines.retain(|line| state.shows(line.place));
    lines
}

/// Returns the signal whose metric tells most about an item: an alarm's with its threshold, else the service's own.
pub fn chart_subject(item: &Item) -> &Trouble {
    let is_metric_alarm =
        |trouble: &&Trouble| matches!(trouble, Trouble::Alarm { alarm } if matches!(alarm.watches, Watches::Metric(_)));
    std::iter::once(&item.trouble).chain(&item.also).find(is_metric_alarm).unwrap_or(&item.trouble)
}

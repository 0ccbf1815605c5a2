//! The queue of what needs a person, and the counts beside it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::{
    alarm::Watches,
    fetch::{Failure, FailureKind, Panel, SourceId},
    queue::{self, Item, Place, Seen, Sighting, Subject, Trouble},
};

use super::{
    State,
    event::{Effect, Notice},
    fleet,
    interest::OVERVIEW_SERVICES,
    lines::{EnvironmentLine, lines},
    list::ListView,
    services::{ServiceRow, attention},
    source::Source,
    waf,
};

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
///
/// The queue is drawn from everything, whichever environment is shown: the fleet has them all side by side.
pub fn derive(state: &mut State) {
    let mut gathered = Gathered::default();
    for (index, source) in state.sources.iter().enumerate() {
        gathered.source(state, SourceId(index), source);
    }
    for row in state.findings.to_do() {
        gathered.add(state, row.id.source, row.place, Seen::Finding(&row.finding));
    }
    let watched = gathered.watched;
    let all = queue::rank(gathered.sightings, state.now);
    let lines = lines(state);
    fleet::derive(state, &lines, &all);
    let mut items: Vec<Item> = all.into_iter().filter(|item| is_shown(state, item)).collect();
    queue::sink(&mut items, |item| state.marks.has(&mark_of(state, item), item));
    let is_quiet = items.is_empty() && watched > 0 && !state.is_loading();
    let rows = first_rows(state);
    let ambiguous = ambiguous(state);
    let lines = lines.into_iter().filter(|line| state.shows(line.place)).collect();
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

/// Tells whether a row of the queue is about what is shown.
///
/// What is wrong with a source as a whole concerns each environment that reads from it.
fn is_shown(state: &State, item: &Item) -> bool {
    match &item.subject {
        Subject::Source(id, _) => state.shown_sources().any(|(shown, _)| shown == *id),
        _ => state.shows(item.place),
    }
}

/// Gathers what was seen.
#[derive(Default)]
struct Gathered<'a> {
    sightings: Vec<Sighting<'a>>,
    /// How many things of the shown environments were looked at.
    watched: usize,
}

impl<'a> Gathered<'a> {
    fn source(&mut self, state: &State, id: SourceId, source: &'a Source) {
        let whole = state.place_of_source(source);
        let mut of_source = |seen| self.sightings.push(Sighting { source: id, place: whole, seen });
        troubles(source).for_each(|(panel, failure)| of_source(Seen::Failure(panel, failure)));
        source.expires.into_iter().for_each(|end| of_source(Seen::Credentials(end)));
        for service in source.services.value.iter().flat_map(|snapshot| &snapshot.services) {
            let place = state.place_of_cluster(source, &service.key.cluster);
            self.add(state, id, place, Seen::Service(service));
        }
        for alarm in source.alarms.value.iter().flat_map(|snapshot| &snapshot.alarms) {
            let place = state.place_of_alarm(source, &alarm.name);
            self.add(state, id, place, Seen::Alarm(alarm));
        }
        for acl in source.waf.value.iter().flat_map(|snapshot| &snapshot.acls) {
            let place = state.place_of_web_acl(source, &acl.key.name);
            let spike = waf::spike_of(source, &acl.key, state.now);
            self.add(state, id, place, Seen::WebAcl(acl, spike));
        }
    }

    fn add(&mut self, state: &State, source: SourceId, place: Place, seen: Seen<'a>) {
        // What belongs to no environment is not looked at where only environments are.
        if state.unassigned || place.environment.is_some() {
            self.watched += usize::from(state.shows(place));
            self.sightings.push(Sighting { source, place, seen });
        }
    }
}

/// Marks the selected row as seen, or takes the mark away.
pub fn mark_seen(state: &mut State) -> Vec<Effect> {
    let Some(item) = state.overview.selected().cloned() else {
        state.notice = Some(Notice::plain("screens.notice.nothing-to-mark"));
        return Vec::new();
    };
    let row = mark_of(state, &item);
    let is_marked = state.marks.toggle(&row, &item, state.now);
    let key = if is_marked { "screens.notice.marked" } else { "screens.notice.unmarked" };
    state.notice = Some(Notice::plain(key));
    derive(state);
    vec![Effect::KeepMarks(state.marks.all())]
}

/// Tells whether a row of the queue was marked as seen.
pub fn is_marked(state: &State, item: &Item) -> bool {
    state.marks.has(&mark_of(state, item), item)
}

/// Returns what tells a row of the queue from others in every run: account and region, and the object's name.
///
/// Sources have other numbers when the configuration changes.
fn mark_of(state: &State, item: &Item) -> String {
    let source = state.source(item.subject.source());
    let account = source.and_then(|source| source.identity.value.as_ref()).map(|identity| identity.account.to_string());
    let account = account.unwrap_or_default();
    let region = source.map_or("", |source| source.region.as_str());
    let object = match &item.subject {
        Subject::Service(_, key) => format!("service {}/{}", key.cluster, key.service),
        Subject::Alarm(_, name) => format!("alarm {name}"),
        Subject::WebAcl(_, key) => format!("web-acl {} {}", key.scope.as_str(), key.name),
        Subject::Findings(_, account, cause) => format!("findings {account} {cause}"),
        Subject::Source(_, panel) => format!("source {panel:?}"),
    };
    format!("{account} {region} {object}")
}

/// Returns the failures that are troubles of their own: where the identity failed, every panel fails for the same reason.
fn troubles(source: &Source) -> impl Iterator<Item = (Panel, &Failure)> {
    let unknown = source.identity.failure().is_some();
    let is_own =
        move |panel, failure: &Failure| !unknown || panel == Panel::Identity || !failure.kind.is_about_credentials();
    // A service that nobody switched on is no trouble of this morning: its screen says so.
    let is_off = |failure: &Failure| matches!(failure.kind, FailureKind::NotEnabled | FailureKind::NotSubscribed);
    source.failures().filter(move |(panel, failure)| is_own(*panel, failure) && !is_off(failure))
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

/// Returns the signal whose metric tells most about an item: an alarm's with its threshold, else the service's own.
pub fn chart_subject(item: &Item) -> &Trouble {
    let is_metric_alarm =
        |trouble: &&Trouble| matches!(trouble, Trouble::Alarm { alarm } if matches!(alarm.watches, Watches::Metric(_)));
    std::iter::once(&item.trouble).chain(&item.also).find(is_metric_alarm).unwrap_or(&item.trouble)
}

//! The rows of services, and the one that is open.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use crate::domain::{
    ecs::{Image, Service, ServiceKey, Steadiness, Task, TasksSnapshot},
    fetch::SourceId,
    metric::{Query, ecs_utilization},
    queue::Place,
};

use super::{State, list::ListView, service};

/// Names a service among all sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceRef {
    /// The source that read it.
    pub source: SourceId,
    /// Its cluster and name.
    pub key: ServiceKey,
}

/// Holds a row of the list of services.
#[derive(Debug, Clone)]
pub struct ServiceRow {
    /// Which service it is.
    pub id: ServiceRef,
    /// Where it belongs.
    pub place: Place,
    /// The service itself.
    pub service: Arc<Service>,
    /// How it fares.
    pub steadiness: Steadiness,
    /// The image that its newest running task runs, once tasks were read.
    pub image: Option<Image>,
    /// The image of tasks on their way up, where it is another one.
    pub next_image: Option<Image>,
    /// What the filter is matched against, in lower case.
    haystack: String,
}

/// Names the columns that services can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceSort {
    /// What needs attention first.
    #[default]
    Attention,
    /// By cluster and name.
    Name,
    /// By the share of wanted tasks that run.
    Running,
    /// By CPU utilization.
    Cpu,
    /// By memory utilization.
    Memory,
    /// By the newest event.
    Event,
}

impl ServiceSort {
    const ALL: [Self; 6] = [Self::Attention, Self::Name, Self::Running, Self::Cpu, Self::Memory, Self::Event];

    /// Returns which of a row's metrics the order goes by: [`row_queries`] has them in this order.
    pub fn metric(self) -> Option<usize> {
        match self {
            Self::Cpu => Some(0),
            Self::Memory => Some(1),
            Self::Attention | Self::Name | Self::Running | Self::Event => None,
        }
    }

    /// Returns the order that follows when one cycles through them.
    #[must_use]
    pub fn next(self) -> Self {
        let index = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Self::ALL[(index + 1) % Self::ALL.len()]
    }
}

/// Names the columns of the list of services, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceColumn {
    /// How it fares.
    Status,
    /// The environment.
    Environment,
    /// The cluster.
    Cluster,
    /// The service's name.
    Name,
    /// Running and desired tasks.
    Tasks,
    /// CPU utilization.
    Cpu,
    /// Memory utilization.
    Memory,
    /// The image's version.
    Version,
    /// Spot, exec, a tag that may change.
    Flags,
    /// The newest event.
    Event,
}

impl ServiceColumn {
    /// Lists the columns from left to right.
    pub const ALL: [Self; 10] = [
        Self::Status,
        Self::Environment,
        Self::Cluster,
        Self::Name,
        Self::Tasks,
        Self::Cpu,
        Self::Memory,
        Self::Version,
        Self::Flags,
        Self::Event,
    ];

    /// Returns the order that the column stands for.
    pub fn sort(self) -> Option<ServiceSort> {
        match self {
            Self::Status => Some(ServiceSort::Attention),
            Self::Cluster | Self::Name => Some(ServiceSort::Name),
            Self::Tasks => Some(ServiceSort::Running),
            Self::Cpu => Some(ServiceSort::Cpu),
            Self::Memory => Some(ServiceSort::Memory),
            Self::Event => Some(ServiceSort::Event),
            Self::Environment | Self::Version | Self::Flags => None,
        }
    }
}

/// Holds the list of services as it is shown.
#[derive(Debug, Default)]
pub struct Services {
    /// The rows that pass the filter, sorted.
    pub rows: Vec<ServiceRow>,
    /// The rows that the filter was applied to.
    pub total: usize,
    /// Whether AWS has more than was read.
    pub capped: bool,
    /// The selection.
    pub list: ListView<ServiceRef>,
    /// The filter; empty for none.
    pub filter: String,
    /// The order.
    pub sort: ServiceSort,
    /// Whether the order is turned around.
    pub reversed: bool,
    all: Vec<ServiceRow>,
    keys: Vec<ServiceRef>,
}

impl Services {
    /// Returns the selected row.
    pub fn selected(&self) -> Option<&ServiceRow> {
        self.rows.get(self.list.selected())
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize, page: usize) {
        self.list.step(by, &self.keys, page);
    }

    /// Selects a row by its index.
    pub fn select(&mut self, index: usize, page: usize) {
        self.list.select(index, &self.keys, page);
    }

    /// Selects a service, where it is among the rows.
    pub fn select_key(&mut self, id: &ServiceRef, page: usize) {
        if let Some(index) = self.keys.iter().position(|key| key == id) {
            self.select(index, page);
        }
    }

    /// Returns every row before the filter.
    pub fn all(&self) -> &[ServiceRow] {
        &self.all
    }

    /// Brings the window to a page of another size.
    pub fn repage(&mut self, page: usize) {
        self.list.scroll(self.rows.len(), page);
    }
}

/// Returns the CPU and memory queries of a service's row.
pub fn row_queries(key: &ServiceKey, period: u32) -> [Query; 2] {
    ["CPUUtilization", "MemoryUtilization"].map(|name| ecs_utilization(key, name, "Average", period))
}

/// Makes all rows anew from what the sources hold.
pub fn derive(state: &mut State) {
    let mut all = Vec::new();
    let mut capped = false;
    for (id, source) in state.shown_sources() {
        let Some(snapshot) = &source.services.value else {
            continue;
        };
        capped |= snapshot.capped;
        let images = images(source.tasks.value.as_deref());
        for service in &snapshot.services {
            let place = state.place_of_cluster(source, &service.key.cluster);
            if state.shows(place) {
                let images = images.get(&(service.key.cluster.as_str(), service.key.service.as_str()));
                all.push(row(state, id, place, service, &images.copied().unwrap_or_default()));
            }
        }
    }
    state.services.all = all;
    state.services.capped = capped;
    arrange(state);
    service::derive_open(state);
}

/// Makes the row of one service, from what its source holds.
pub(super) fn row_of(state: &State, id: SourceId, service: &Arc<Service>) -> Option<ServiceRow> {
    let source = state.source(id)?;
    let place = state.place_of_cluster(source, &service.key.cluster);
    let images = images(source.tasks.value.as_deref());
    let images = images.get(&(service.key.cluster.as_str(), service.key.service.as_str()));
    Some(row(state, id, place, service, &images.copied().unwrap_or_default()))
}

fn row(state: &State, source: SourceId, place: Place, service: &Arc<Service>, images: &Images<'_>) -> ServiceRow {
    let steadiness = service.steadiness();
    let haystack = format!(
        "{} {} {} {} {} {}",
        environment_words(state, place),
        service.key.cluster,
        service.key.service,
        images.running.map_or("", Image::version),
        steadiness.name(),
        state.word(steadiness.name()),
    )
    .to_lowercase();
    ServiceRow {
        id: ServiceRef { source, key: service.key.clone() },
        place,
        service: Arc::clone(service),
        steadiness,
        image: images.running.or(images.newest).cloned(),
        next_image: images
            .newest
            .filter(|newest| images.running.is_some_and(|running| running.name != newest.name))
            .cloned(),
        haystack,
    }
}

/// Returns what the filter finds an environment by: its name, or the word for none.
pub fn environment_words(state: &State, place: Place) -> &str {
    match place.environment.and_then(|index| state.environments.get(index)) {
        Some(environment) => &environment.name,
        None => state.word("unassigned"),
    }
}

/// The images of a service's tasks: what runs, and what is newest of those that have not stopped.
#[derive(Debug, Clone, Copy, Default)]
struct Images<'a> {
    running: Option<&'a Image>,
    newest: Option<&'a Image>,
}

type ImagesByService<'a> = HashMap<(&'a str, &'a str), Images<'a>>;

/// Finds the images of each service's tasks.
fn images(tasks: Option<&TasksSnapshot>) -> ImagesByService<'_> {
    let mut tasks: Vec<&Task> = tasks
        .iter()
        .flat_map(|snapshot| snapshot.tasks.iter().map(AsRef::as_ref))
        .filter(|task| task.stopped_at.is_none() && task.desired_status != "STOPPED")
        .collect();
    tasks.sort_by_key(|task| task.created_at);
    let mut found = ImagesByService::new();
    for task in tasks {
        let (Some(service), Some(image)) = (task.service.as_deref(), main_image(task)) else {
            continue;
        };
        let images = found.entry((task.cluster.as_str(), service)).or_default();
        images.newest = Some(image);
        if task.last_status == "RUNNING" {
            images.running = Some(image);
        }
    }
    found
}

/// Returns the image of the container that gives the service its name, else of the first: a sidecar may stand before it.
fn main_image(task: &Task) -> Option<&Image> {
    let service = task.service.as_deref();
    let named = |image: &Image| service == Some(image.repository());
    task.containers
        .iter()
        .find(|container| service == Some(container.name.as_str()) || named(&container.image))
        .or_else(|| task.containers.first())
        .map(|container| &container.image)
}

/// Applies filter and order to the rows that there are.
pub fn arrange(state: &mut State) {
    let words = words(&state.services.filter);
    let mut rows: Vec<ServiceRow> =
        state.services.all.iter().filter(|row| words.iter().all(|word| row.haystack.contains(word))).cloned().collect();
    let sort = state.services.sort;
    match sort.metric() {
        Some(index) => sort_by_metric(state, &mut rows, index),
        None => rows.sort_by(|a, b| compare(sort, a, b).then_with(|| a.id.cmp(&b.id))),
    }
    if state.services.reversed {
        rows.reverse();
    }
    let services = &mut state.services;
    services.total = services.all.len();
    services.keys = rows.iter().map(|row| row.id.clone()).collect();
    services.rows = rows;
    services.list.follow(&services.keys, state.page);
}

/// Splits a filter into the words that must all be found.
pub fn words(filter: &str) -> Vec<String> {
    filter.to_lowercase().split_whitespace().map(str::to_owned).collect()
}

fn sort_by_metric(state: &State, rows: &mut [ServiceRow], index: usize) {
    let period = state.range.period();
    rows.sort_by_cached_key(|row| {
        let value = state
            .source(row.id.source)
            .and_then(|source| source.series(&row_queries(&row.id.key, period)[index]))
            .and_then(|series| series.latest());
        // Highest first; what has no data comes last. Thousandths of a percent are exact enough to order by.
        #[expect(clippy::cast_possible_truncation, reason = "a saturating cast of a percentage")]
        let rank = value.map_or(i64::MAX, |value| -(value * 1_000.0) as i64);
        (rank, row.id.clone())
    });
}

fn compare(sort: ServiceSort, a: &ServiceRow, b: &ServiceRow) -> Ordering {
    let share = |row: &ServiceRow| {
        if row.service.desired == 0 {
            f64::INFINITY
        } else {
            f64::from(row.service.running) / f64::from(row.service.desired)
        }
    };
    match sort {
        ServiceSort::Attention => attention(a).cmp(&attention(b)),
        ServiceSort::Name | ServiceSort::Cpu | ServiceSort::Memory => a.id.key.cmp(&b.id.key),
        ServiceSort::Running => share(a).total_cmp(&share(b)),
        ServiceSort::Event => {
            let newest = |row: &ServiceRow| row.service.events.first().map(|event| event.at);
            newest(b).cmp(&newest(a))
        }
    }
}

/// Orders by trouble, then by kind of environment: a steady service of prd comes after a failing one of dev.
pub fn attention(row: &ServiceRow) -> (std::cmp::Reverse<Steadiness>, u8) {
    (std::cmp::Reverse(row.steadiness), row.place.kind.rank())
}

//! What a source has read, and when.

mod findings;
mod log;
mod merge;
mod open;
mod waf;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    domain::{
        alarm::{Alarm, AlarmsSnapshot, HistoryItem},
        ecs::{Cluster, Service, ServiceDeployment, ServiceKey, ServicesSnapshot, Task, TasksSnapshot},
        metric::{Query, Range},
    },
    state::event::Interest,
};

use super::lane::{Lane, LaneState};

pub(super) use findings::{FindingsAsk, FindingsBook};
pub(super) use log::TailBook;
pub(super) use open::{ChangesRead, TargetsRead};
pub(super) use waf::{RulesRead, ScopeBook, ScopeRead, WafBook};

/// Holds what one identity has read in one account and region.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// The lanes, by number.
    pub(super) lanes: [LaneState; Lane::COUNT],
    /// The connection.
    pub(super) link: Link,
    /// Spreads the full reads of sources that start together.
    pub(super) seed: u64,
    /// The clusters, by name.
    pub(super) clusters: BTreeMap<String, ClusterBook>,
    /// Whether there are more services than are read.
    pub(super) capped: bool,
    /// When the roster was read.
    pub(super) roster_at: Option<Timestamp>,
    /// When the clusters were counted.
    pub(super) counted_at: Option<Timestamp>,
    /// The services.
    pub(super) services: BTreeMap<ServiceKey, Row>,
    /// When the tasks of the open service were read with those that stopped.
    pub(super) open_tasks: Option<(ServiceKey, Timestamp)>,
    /// The alarms, by name.
    pub(super) alarms: BTreeMap<String, Arc<Alarm>>,
    /// Whether there are more alarms than are read.
    pub(super) alarms_capped: bool,
    /// When all alarms were read.
    pub(super) alarms_at: Option<Timestamp>,
    /// When those in ALARM were read.
    pub(super) firing_at: Option<Timestamp>,
    /// When metrics were asked for, by query, for [`Book::range`].
    pub(super) metrics: HashMap<Query, Timestamp>,
    /// The range that metrics were asked for.
    pub(super) range: Range,
    /// The service deployments that were read last.
    pub(super) deployments: Option<DeploymentsRead>,
    /// The history that was read last.
    pub(super) history: Option<HistoryRead>,
    /// The web ACLs.
    pub(super) waf: WafBook,
    /// The findings.
    pub(super) findings: FindingsBook,
    /// The finding's history that was read last.
    pub(super) changes: Option<ChangesRead>,
    /// The target groups that were read last.
    pub(super) targets: Option<TargetsRead>,
    /// The task definition of which it is known where its containers log to.
    pub(super) log_places: Option<String>,
    /// The log that is tailed.
    pub(super) tail: Option<TailBook>,
    published_services: Option<Arc<ServicesSnapshot>>,
    published_tasks: Option<Arc<TasksSnapshot>>,
    published_alarms: Option<Arc<AlarmsSnapshot>>,
}

/// Tells how the connection fares.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Whether there is a verified one.
    pub(super) connected: bool,
    /// When its credentials end, where they end and others can be found.
    pub(super) expires: Option<Timestamp>,
    /// When it was opened, or last tried to be renewed.
    pub(super) renewed_at: Option<Timestamp>,
    /// Whether it is to be opened anew.
    pub(super) reconnect: bool,
    /// Whether a person asked for that while it was being opened, so that a failure is not the last word.
    pub(super) again: bool,
}

/// Holds what is known of one cluster.
#[derive(Debug, Default)]
pub(super) struct ClusterBook {
    /// The cluster with its counts.
    pub(super) cluster: Option<Cluster>,
    /// Whether the counts were read.
    pub(super) counted: bool,
    /// Tasks that no service that was read accounts for: running and pending.
    unexplained: Option<(i64, i64)>,
    /// When the counts moved without a known service moving.
    pub(super) moved_at: Option<Timestamp>,
    /// Whether services came or went, so that their names have to be listed anew.
    pub(super) relist: bool,
    /// The tasks.
    pub(super) tasks: Vec<Arc<Task>>,
    /// Whether there are more tasks than were read.
    pub(super) tasks_capped: bool,
    /// When all its tasks were read.
    pub(super) tasks_at: Option<Timestamp>,
    /// Services whose tasks have changed since.
    pub(super) stirred: BTreeSet<ServiceKey>,
}

impl ClusterBook {
    /// Counts the tasks that ECS says there are.
    pub(super) fn counted_tasks(&self) -> u32 {
        self.cluster.as_ref().map_or(0, |cluster| cluster.running_tasks.saturating_add(cluster.pending_tasks))
    }
}

/// Holds a service and when it was read; until then there is only its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// The service.
    pub(super) service: Option<Arc<Service>>,
    /// When it was read, or could not be because it is denied or passed over in silence.
    pub(super) read_at: Option<Timestamp>,
}

/// Holds the service deployments of the service that is open.
#[derive(Debug, Clone)]
pub(super) struct DeploymentsRead {
    /// The service.
    pub(super) key: ServiceKey,
    /// When they were read.
    pub(super) at: Timestamp,
    /// The id of the primary deployment at that time.
    pub(super) primary: Option<String>,
    /// What was read.
    value: Arc<Vec<ServiceDeployment>>,
}

/// Holds the history of the alarm that is open.
#[derive(Debug, Clone)]
pub(super) struct HistoryRead {
    /// The alarm.
    pub(super) alarm: String,
    /// Since when the alarm was in its state when it was asked for.
    pub(super) since: Option<Timestamp>,
    /// What was read.
    value: Arc<Vec<HistoryItem>>,
}

impl Book {
    /// Opens a book for an identity; `seed` spreads its full reads.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Returns a lane.
    pub(super) fn lane(&self, lane: Lane) -> &LaneState {
        &self.lanes[lane as usize]
    }

    /// Returns a lane to change.
    pub(super) fn lane_mut(&mut self, lane: Lane) -> &mut LaneState {
        &mut self.lanes[lane as usize]
    }

    /// Makes what is looked at due at once.
    pub(super) fn refresh(&mut self, interest: &Interest) {
        for lane in &mut self.lanes {
            if matches!(lane.hold, super::lane::Hold::Until(_)) {
                lane.release();
            }
        }
        self.counted_at = None;
        self.alarms_at = None;
        self.metrics.clear();
        self.deployments = None;
        self.history = None;
        self.open_tasks = None;
        self.waf.refresh();
        self.findings.refresh();
        self.changes = None;
        self.targets = None;
        self.log_places = None;
        if let Some(tail) = &mut self.tail {
            tail.live_from = Timestamp::MIN;
            tail.denied_at = None;
        }
        let open = interest.open_service.as_ref().map(|(key, _)| key);
        for key in interest.visible_services.iter().chain(open) {
            if let Some(row) = self.services.get_mut(key) {
                row.read_at = None;
            }
            if let Some(cluster) = self.clusters.get_mut(&key.cluster) {
                cluster.tasks_at = None;
            }
        }
    }

    /// Makes due at once what is looked at and whatever was denied.
    pub(super) fn forget_denials(&mut self, interest: &Interest) {
        if self.lane(Lane::Clusters).failure.is_some() {
            self.roster_at = None;
        }
        if self.lane(Lane::Tasks).failure.is_some() {
            self.clusters.values_mut().for_each(|cluster| cluster.tasks_at = None);
        }
        let unread = self.services.values_mut().filter(|row| row.service.is_none());
        unread.for_each(|row| row.read_at = None);
        self.lanes.iter_mut().for_each(LaneState::release);
        self.refresh(interest);
    }

    /// Notes what is looked at now: another range makes all metrics new.
    pub(super) fn look_at(&mut self, interest: &Interest) {
        if self.range != interest.range {
            self.range = interest.range;
            self.metrics.clear();
        }
    }

    /// Returns all services, the very same snapshot where nothing changed.
    pub(super) fn services_snapshot(&mut self) -> Arc<ServicesSnapshot> {
        let new = ServicesSnapshot {
            clusters: self.clusters.values().filter_map(|book| book.cluster.clone()).collect(),
            services: self.services.values().filter_map(|row| row.service.clone()).collect(),
            unread: self.services.values().filter(|row| row.read_at.is_none()).count(),
            capped: self.capped,
        };
        let same = |last: &ServicesSnapshot| {
            (last.capped, last.unread) == (new.capped, new.unread)
                && last.clusters == new.clusters
                && all_shared(&last.services, &new.services)
        };
        reuse(&mut self.published_services, same, &new)
    }

    /// Returns all tasks, the very same snapshot where nothing changed.
    pub(super) fn tasks_snapshot(&mut self) -> Arc<TasksSnapshot> {
        let new = TasksSnapshot {
            tasks: self.clusters.values().flat_map(|book| book.tasks.iter().cloned()).collect(),
            capped: self.clusters.values().any(|book| book.tasks_capped),
        };
        reuse_shared(&mut self.published_tasks, new, |snapshot| (&snapshot.tasks, snapshot.capped))
    }

    /// Returns all alarms, the very same snapshot where nothing changed.
    pub(super) fn alarms_snapshot(&mut self) -> Arc<AlarmsSnapshot> {
        let new = AlarmsSnapshot { alarms: self.alarms.values().cloned().collect(), capped: self.alarms_capped };
        reuse_shared(&mut self.published_alarms, new, |snapshot| (&snapshot.alarms, snapshot.capped))
    }
}

/// Returns the last snapshot if it is the same, or shares the new one.
fn reuse<T: Clone>(last: &mut Option<Arc<T>>, same: impl Fn(&T) -> bool, new: &T) -> Arc<T> {
    match last {
        Some(last) if same(last) => Arc::clone(last),
        _ => Arc::clone(last.insert(Arc::new(new.clone()))),
    }
}

/// Returns the last snapshot if it holds the very same rows, or shares the new one.
fn reuse_shared<S: Clone, T>(last: &mut Option<Arc<S>>, new: S, parts: fn(&S) -> (&Vec<Arc<T>>, bool)) -> Arc<S> {
    let (rows, capped) = parts(&new);
    let same = |last: &S| parts(last).1 == capped && all_shared(parts(last).0, rows);
    reuse(last, same, &new)
}

fn all_shared<T>(a: &[Arc<T>], b: &[Arc<T>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

#[cfg(test)]
mod tests;

//! How what was read goes into the book: partial reads are merged, and what did not change is shared.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{Described, Loaded, Paged, Roster, TaskScope, sort_tasks},
    domain::{
        alarm::{Alarm, AlarmState, HistoryItem},
        ecs::{Cluster, Deployment, Service, ServiceDeployment, ServiceKey, Task},
    },
};

use super::{Book, DeploymentsRead, HistoryRead};

/// How old the stamp of a row may grow while the row itself stays as it was.
const STAMP: SignedDuration = SignedDuration::from_secs(60);
/// How long tasks that stopped are kept ("Viewing stopped Amazon ECS task errors": ECS shows them for an hour).
const STOPPED: SignedDuration = SignedDuration::from_hours(1);

impl Book {
    /// Takes a whole roster, unless there is none because the clusters could not be listed.
    ///
    /// Clusters that could not be asked for their services keep those that they had.
    pub(in super::super) fn take_roster(&mut self, roster: Loaded<Roster>, now: Timestamp) {
        if roster.value.clusters.is_empty() && !roster.failures.is_empty() {
            return;
        }
        let names: BTreeSet<&str> = roster.value.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        self.clusters.retain(|name, _| names.contains(name.as_str()));
        self.services.retain(|key, _| names.contains(key.cluster.as_str()));
        self.capped = roster.value.capped;
        self.take_lists(&roster.value);
        self.take_counts(roster.value.clusters, roster.value.counted, now);
    }

    /// Takes the names of the services of some clusters.
    pub(in super::super) fn take_lists(&mut self, roster: &Roster) {
        for (cluster, names) in &roster.services {
            let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            self.services.retain(|key, _| key.cluster != *cluster || names.contains(key.service.as_str()));
            for name in names {
                let key = ServiceKey { cluster: cluster.clone(), service: name.to_owned() };
                self.services.entry(key).or_default();
            }
            self.clusters.entry(cluster.clone()).or_default().relist = false;
        }
        self.capped |= roster.capped;
    }

    /// Takes the counts of clusters, and notes which moved.
    pub(in super::super) fn take_counts(&mut self, clusters: Vec<Cluster>, counted: bool, now: Timestamp) {
        for cluster in clusters {
            let explained = self.explained(&cluster.name);
            let known =
                self.services.range(first_of(&cluster.name)..).take_while(|(key, _)| key.cluster == cluster.name);
            let known = u32::try_from(known.count()).unwrap_or(u32::MAX);
            // One that could not be described among others that could has its name alone.
            let counted = counted && !cluster.arn.is_empty();
            let book = self.clusters.entry(cluster.name.clone()).or_default();
            let had = book.cluster.as_ref().filter(|_| book.counted).map(|had| had.active_services);
            if counted && had.is_some_and(|had| had != cluster.active_services) && known != cluster.active_services {
                book.relist = true;
            }
            let unexplained =
                (i64::from(cluster.running_tasks) - explained.0, i64::from(cluster.pending_tasks) - explained.1);
            let moved = counted && book.unexplained.is_some_and(|before| before != unexplained);
            if moved {
                book.moved_at = Some(now);
            }
            // After a move the services are read anew and explain it; the next count starts from there.
            book.unexplained = (counted && !moved).then_some(unexplained);
            book.counted = counted;
            if counted && cluster.running_tasks == 0 && cluster.pending_tasks == 0 {
                book.tasks.retain(|task| task.last_status == "STOPPED");
            }
            book.cluster = Some(cluster);
        }
    }

    /// Sums up the tasks of a cluster that its services account for: running and pending.
    fn explained(&self, cluster: &str) -> (i64, i64) {
        self.services
            .range(first_of(cluster)..)
            .take_while(|(key, _)| key.cluster == cluster)
            .filter_map(|(_, row)| row.service.as_ref())
            .fold((0, 0), |(running, pending), service| {
                (running + i64::from(service.running), pending + i64::from(service.pending))
            })
    }

    /// Takes services that were described, of those that were asked for.
    ///
    /// One that is missing or inactive disappears. One that an answer passes over in silence counts as read, and so does
    /// one whose call was denied, for asking again at once is of no use; any other one stays due.
    pub(in super::super) fn take_services(
        &mut self,
        asked: &[ServiceKey],
        described: Described,
        denied: bool,
        now: Timestamp,
    ) {
        for key in &described.missing {
            self.services.remove(key);
        }
        for key in &described.silent {
            if let Some(row) = self.services.get_mut(key) {
                row.read_at = Some(now);
            }
        }
        for new in described.services {
            // A service that was deleted is still described for a while ("DescribeServices").
            if new.status == "INACTIVE" {
                self.services.remove(&new.key);
                continue;
            }
            let Some(row) = self.services.get_mut(&new.key) else { continue };
            row.read_at = Some(now);
            let first = row.service.is_none().then_some((i64::from(new.running), i64::from(new.pending)));
            let stirred = row.service.as_ref().is_some_and(|old| tasks_may_differ(old, &new));
            let key = new.key.clone();
            row.service = Some(match row.service.take() {
                Some(old) if is_current(old.as_of, now) && same_service(&old, &new) => old,
                _ => new,
            });
            let Some(cluster) = self.clusters.get_mut(&key.cluster) else { continue };
            if let (Some((running, pending)), Some(unexplained)) = (first, &mut cluster.unexplained) {
                *unexplained = (unexplained.0 - running, unexplained.1 - pending);
            }
            if stirred {
                cluster.stirred.insert(key);
            }
        }
        if denied {
            for key in asked {
                if let Some(row) = self.services.get_mut(key)
                    && row.read_at.is_none()
                {
                    row.read_at = Some(now);
                }
            }
        }
    }

    /// Notes that the tasks of some scopes are being read: what stirs from now on has to be read again.
    pub(in super::super) fn begin_tasks(&mut self, scopes: &[TaskScope]) {
        for scope in scopes {
            let Some(cluster) = self.clusters.get_mut(scope.cluster()) else { continue };
            match scope {
                TaskScope::Cluster(_) => cluster.stirred.clear(),
                TaskScope::Service(key) => {
                    cluster.stirred.remove(key);
                }
            }
        }
    }

    /// Notes that the tasks of a scope could not be read.
    pub(in super::super) fn miss_tasks(&mut self, scope: &TaskScope, denied: bool, now: Timestamp) {
        let Some(cluster) = self.clusters.get_mut(scope.cluster()) else { return };
        match scope {
            TaskScope::Cluster(_) => cluster.tasks_at = denied.then_some(now),
            TaskScope::Service(key) if denied => self.open_tasks = Some((key.clone(), now)),
            TaskScope::Service(key) => {
                cluster.stirred.insert(key.clone());
            }
        }
    }

    /// Takes the tasks of a scope, asked for at `now`.
    pub(in super::super) fn take_tasks(&mut self, scope: &TaskScope, read: Paged<Arc<Task>>, now: Timestamp) {
        let Some(book) = self.clusters.get_mut(scope.cluster()) else { return };
        let old: HashMap<String, Arc<Task>> = book.tasks.drain(..).map(|task| (task.arn.clone(), task)).collect();
        let shared = |new: Arc<Task>| old.get(&new.arn).filter(|old| **old == new).cloned().unwrap_or(new);
        let mut tasks: Vec<Arc<Task>> = read.items.into_iter().map(shared).collect();
        match scope {
            TaskScope::Cluster(_) => {
                book.tasks_at = Some(now);
                book.tasks_capped = read.capped;
                tasks.extend(old.into_values().filter(|task| stopped_lately(task, now)));
            }
            TaskScope::Service(key) => {
                tasks.extend(old.into_values().filter(|task| task.service.as_deref() != Some(&key.service)));
                self.open_tasks = Some((key.clone(), now));
            }
        }
        sort_tasks(&mut tasks);
        book.tasks = tasks;
    }

    /// Takes all alarms.
    pub(in super::super) fn take_alarms(&mut self, read: Paged<Arc<Alarm>>, now: Timestamp) {
        let old = std::mem::take(&mut self.alarms);
        for new in read.items {
            let alarm = match old.get(&new.name) {
                Some(old) if is_current(old.as_of, now) && same_alarm(old, &new) => Arc::clone(old),
                _ => new,
            };
            self.alarms.insert(alarm.name.clone(), alarm);
        }
        self.alarms_capped = read.capped;
        self.alarms_at = Some(now);
        self.firing_at = Some(now);
    }

    /// Takes the alarms in ALARM, and those that were in it and are asked for by name.
    ///
    /// One that was asked for by name and is not there has been deleted.
    pub(in super::super) fn take_firing(&mut self, read: Vec<Arc<Alarm>>, left: &[String], now: Timestamp) {
        for name in left {
            if !read.iter().any(|alarm| alarm.name == *name) {
                self.alarms.remove(name);
            }
        }
        for new in read {
            let alarm = match self.alarms.get(&new.name) {
                Some(old) if is_current(old.as_of, now) && same_alarm(old, &new) => Arc::clone(old),
                _ => new,
            };
            self.alarms.insert(alarm.name.clone(), alarm);
        }
        self.firing_at = Some(now);
    }

    /// Names the alarms that were in ALARM.
    pub(in super::super) fn firing(&self) -> Vec<String> {
        let firing = self.alarms.values().filter(|alarm| alarm.state == AlarmState::Alarm);
        firing.map(|alarm| alarm.name.clone()).collect()
    }

    /// Takes service deployments and returns them, shared with the last ones where they are equal.
    pub(in super::super) fn take_deployments(
        &mut self,
        key: ServiceKey,
        read: Vec<ServiceDeployment>,
        now: Timestamp,
    ) -> Arc<Vec<ServiceDeployment>> {
        let value = match self.deployments.take() {
            Some(last) if last.key == key && *last.value == read => last.value,
            _ => Arc::new(read),
        };
        self.deployments =
            Some(DeploymentsRead { at: now, primary: self.primary(&key), value: Arc::clone(&value), key });
        value
    }

    /// Returns the id of a service's primary deployment.
    pub(in super::super) fn primary(&self, key: &ServiceKey) -> Option<String> {
        let service = self.services.get(key)?.service.as_ref()?;
        service.primary().map(|primary| primary.id.clone())
    }

    /// Takes an alarm's history and returns it, shared with the last one where they are equal.
    ///
    /// `since` is since when the alarm was in its state when the history was asked for: what happened afterwards may
    /// not be in it.
    pub(in super::super) fn take_history(
        &mut self,
        alarm: String,
        since: Option<Timestamp>,
        read: Vec<HistoryItem>,
    ) -> Arc<Vec<HistoryItem>> {
        let value = match self.history.take() {
            Some(last) if last.alarm == alarm && *last.value == read => last.value,
            _ => Arc::new(read),
        };
        self.history = Some(HistoryRead { since, value: Arc::clone(&value), alarm });
        value
    }
}

/// Returns the first key that a service of a cluster can have.
fn first_of(cluster: &str) -> ServiceKey {
    ServiceKey { cluster: cluster.to_owned(), service: String::new() }
}

/// Tells whether the stamp of a row is recent enough to stand for this reading as well.
pub(super) fn is_current(as_of: Timestamp, now: Timestamp) -> bool {
    now.duration_since(as_of) < STAMP
}

fn same_service(old: &Service, new: &Service) -> bool {
    let old = Service { as_of: new.as_of, ..old.clone() };
    old == *new
}

fn same_alarm(old: &Alarm, new: &Alarm) -> bool {
    let old = Alarm { as_of: new.as_of, ..old.clone() };
    old == *new
}

/// Tells whether a service changed in a way that its tasks may have, too.
fn tasks_may_differ(old: &Service, new: &Service) -> bool {
    fn counts(deployment: &Deployment) -> (&str, u32, u32, u32, u32) {
        let Deployment { id, desired, running, pending, failed, .. } = deployment;
        (id, *desired, *running, *pending, *failed)
    }
    (old.desired, old.running, old.pending) != (new.desired, new.running, new.pending)
        || !old.deployments.iter().map(counts).eq(new.deployments.iter().map(counts))
}

fn stopped_lately(task: &Task, now: Timestamp) -> bool {
    task.last_status == "STOPPED" && task.stopped_at.is_some_and(|at| now.duration_since(at) < STOPPED)
}

//! Whole loads: everything there is of a kind, as the command line asks for it and a source starts with it.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, stream};

use crate::domain::{
    alarm::AlarmsSnapshot,
    ecs::{Cluster, Service, ServiceKey, ServicesSnapshot, Task, TasksSnapshot},
    fetch::Failure,
};

use super::{
    Connection,
    alarms::AlarmScope,
    ecs::{AT_ONCE, MOST_SERVICES},
    tasks::{MOST_TASKS, TaskScope},
};

/// Holds what could be read, and why the rest could not: one failure for each call that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded<T> {
    /// What was read.
    pub value: T,
    /// What was not.
    pub failures: Vec<Failure>,
}

impl<T> Loaded<Vec<T>> {
    /// Joins the answers of several calls.
    pub(super) fn join(answers: Vec<Result<Vec<T>, Failure>>) -> Self {
        let mut loaded = Self { value: Vec::new(), failures: Vec::new() };
        for answer in answers {
            match answer {
                Ok(items) => loaded.value.extend(items),
                Err(failure) => loaded.failures.push(failure),
            }
        }
        loaded
    }
}

impl<T> Loaded<T> {
    /// Makes it of a failure alone.
    pub(super) fn failed(failure: Failure) -> Self
    where
        T: Default,
    {
        Self { value: T::default(), failures: vec![failure] }
    }

    /// Returns the failure to tell of: of several, the one that a person can do most about.
    pub fn failure(&self) -> Option<&Failure> {
        self.failures.iter().max_by_key(|failure| (failure.kind.is_about_credentials(), failure.kind.is_lasting()))
    }
}

/// Lists the clusters and the names of their services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The clusters, by name. Those that may not be described have their names alone: no ARN and no counts.
    pub clusters: Vec<Cluster>,
    /// The names of the services of each cluster that could be asked for them.
    pub services: BTreeMap<String, Vec<String>>,
    /// Whether the counts of the clusters were read, but for those that have no ARN.
    pub counted: bool,
    /// Whether there are more than were read.
    pub capped: bool,
}

impl Connection {
    /// Lists clusters, their counts, and the names of their services.
    pub async fn roster(&self) -> Loaded<Roster> {
        let names = match self.cluster_names().await {
            Ok(names) => names,
            Err(failure) => return Loaded::failed(failure),
        };
        let (described, mut loaded) = futures::join!(self.clusters(&names.items), self.service_lists(&names.items));
        loaded.value.capped |= names.capped;
        loaded.value.counted = described.failures.is_empty() || !described.value.is_empty();
        loaded.value.clusters = with_all(described.value, &names.items);
        loaded.failures.extend(described.failures);
        loaded
    }

    /// Lists the names of the services of clusters.
    pub async fn service_lists(&self, clusters: &[String]) -> Loaded<Roster> {
        let lists = stream::iter(clusters.to_vec())
            .map(|cluster| async move { (self.service_names(&cluster).await, cluster) })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        let mut loaded = Loaded::<Roster>::default();
        let mut room = MOST_SERVICES;
        for (list, cluster) in lists.await {
            match list {
                Ok(mut list) => {
                    loaded.value.capped |= list.capped || list.items.len() > room;
                    list.items.truncate(room);
                    room -= list.items.len();
                    list.items.sort_unstable();
                    list.items.dedup();
                    loaded.value.services.insert(cluster, list.items);
                }
                Err(failure) => loaded.failures.push(failure),
            }
        }
        loaded
    }

    /// Counts anew what runs in clusters: the cheap detector of change.
    pub async fn statistics(&self, clusters: &[String]) -> Loaded<Vec<Cluster>> {
        self.clusters(clusters).await
    }

    /// Reads all services.
    pub async fn services(&self) -> Loaded<ServicesSnapshot> {
        let roster = self.roster().await;
        let keys: Vec<ServiceKey> = keys(&roster.value).collect();
        let described = self.describe_services(&keys).await;
        let mut services = described.value.services;
        sort_services(&mut services);
        Loaded {
            value: ServicesSnapshot {
                clusters: roster.value.clusters,
                services,
                unread: 0,
                capped: roster.value.capped,
            },
            failures: [roster.failures, described.failures].concat(),
        }
    }

    /// Reads all tasks that are wanted, of all clusters.
    pub async fn tasks(&self) -> Loaded<TasksSnapshot> {
        let names = match self.cluster_names().await {
            Ok(names) => names,
            Err(failure) => return Loaded::failed(failure),
        };
        let mut loaded = Loaded::<TasksSnapshot>::default();
        loaded.value.capped = names.capped;
        let scopes: Vec<_> = names.items.into_iter().map(TaskScope::Cluster).collect();
        let reads = stream::iter(scopes)
            .map(|scope| async move { self.tasks_of(&scope).await })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        for read in reads.await {
            loaded.value.tasks.extend(read.value.items);
            loaded.value.capped |= read.value.capped;
            loaded.failures.extend(read.failures);
        }
        sort_tasks(&mut loaded.value.tasks);
        loaded.value.capped |= loaded.value.tasks.len() > MOST_TASKS;
        loaded.value.tasks.truncate(MOST_TASKS);
        loaded
    }

    /// Reads all alarms.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be read.
    pub async fn alarms(&self) -> Result<AlarmsSnapshot, Failure> {
        let read = self.alarms_of(&AlarmScope::All).await?;
        let mut alarms = read.items;
        alarms.sort_by(|a, b| a.name.cmp(&b.name));
        alarms.dedup_by(|a, b| a.name == b.name);
        Ok(AlarmsSnapshot { alarms, capped: read.capped })
    }
}

/// Adds clusters that are listed and could not be described, and sorts by name.
fn with_all(mut clusters: Vec<Cluster>, names: &[String]) -> Vec<Cluster> {
    let described: std::collections::HashSet<String> = clusters.iter().map(|cluster| cluster.name.clone()).collect();
    clusters.extend(names.iter().filter(|name| !described.contains(*name)).map(|name| Cluster {
        name: name.clone(),
        arn: String::new(),
        status: String::new(),
        active_services: 0,
        running_tasks: 0,
        pending_tasks: 0,
    }));
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    clusters.dedup_by(|a, b| a.name == b.name);
    clusters
}

/// Names the services of a roster.
pub fn keys(roster: &Roster) -> impl Iterator<Item = ServiceKey> {
    roster.services.iter().flat_map(|(cluster, names)| {
        names.iter().map(|name| ServiceKey { cluster: cluster.clone(), service: name.clone() })
    })
}

/// Sorts services by cluster and name, each once.
pub fn sort_services(services: &mut Vec<Arc<Service>>) {
    services.sort_by(|a, b| a.key.cmp(&b.key));
    services.dedup_by(|a, b| a.key == b.key);
}

/// Sorts tasks by cluster, service and start, each once.
pub fn sort_tasks(tasks: &mut Vec<Arc<Task>>) {
    type Order<'a> = (&'a str, Option<&'a str>, Option<jiff::Timestamp>, &'a str);
    fn order(task: &Task) -> Order<'_> {
        (&task.cluster, task.service.as_deref(), task.started_at, &task.arn)
    }
    tasks.sort_by(|a, b| order(a).cmp(&order(b)));
    tasks.dedup_by(|a, b| a.arn == b.arn);
}

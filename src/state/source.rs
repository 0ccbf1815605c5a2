//! What is known of one source: its identity and the last state of everything that it reads.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::domain::{
    alarm::{AlarmsSnapshot, HistoryItem},
    ecs::{ServiceDeployment, ServiceKey, ServicesSnapshot, TasksSnapshot},
    environment::AccountId,
    fetch::{Failure, Fetched, Panel, Phase},
    identity::Identity,
    metric::{Query, Series},
};

use super::event::{Generation, Report, Usage};

/// Series that are kept beyond those on the screen, so that going back shows charts at once.
const KEPT_SERIES: usize = 2_000;

/// Services and alarms whose deployments and history are kept after they were closed.
const KEPT_OBJECTS: usize = 50;

/// Holds everything known of one source.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The region that it reads.
    pub region: String,
    /// The account that the configuration expects.
    pub account: Option<AccountId>,
    /// The profile or role that it reads with, as the configuration names it; empty for the current one.
    pub profile: String,
    /// The environments that read from it, by index.
    pub environments: Vec<usize>,
    /// The identity's generation; reports of earlier ones are dropped.
    pub generation: Generation,
    /// The verified identity.
    pub identity: Fetched<Identity>,
    /// When its credentials end, where they end.
    pub expires: Option<Timestamp>,
    /// Host and port of an endpoint that stands in for AWS's, whoever named it: flag, environment or profile.
    pub endpoint: Option<String>,
    /// Clusters and services.
    pub services: Fetched<ServicesSnapshot>,
    /// Tasks.
    pub tasks: Fetched<TasksSnapshot>,
    /// Alarms.
    pub alarms: Fetched<AlarmsSnapshot>,
    /// Whether metrics are being read, and when they last were.
    pub metrics: Fetched<()>,
    /// Service deployments of the services that were opened.
    pub deployments: HashMap<ServiceKey, Fetched<Vec<ServiceDeployment>>>,
    /// Histories of the alarms that were opened.
    pub histories: HashMap<String, Fetched<Vec<HistoryItem>>>,
    /// What it spends.
    pub usage: Usage,
    series: HashMap<Query, Arc<Series>>,
    deployments_phase: Phase,
    history_phase: Phase,
}

/// Tells which of the derived views a report touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// Rows of services and tasks.
    pub services: bool,
    /// Rows of alarms.
    pub alarms: bool,
    /// The queue alone: an identity, a failure.
    pub queue: bool,
}

impl Source {
    /// Makes a source that has read nothing yet.
    pub fn new(region: String, account: Option<AccountId>, profile: String, environments: Vec<usize>) -> Self {
        Self { region, account, profile, environments, ..Self::default() }
    }

    /// Returns the newest series that answers a query.
    pub fn series(&self, query: &Query) -> Option<&Arc<Series>> {
        self.series.get(query)
    }

    /// Returns what became of the latest attempt to read a panel.
    pub fn phase(&self, panel: Panel) -> &Phase {
        match panel {
            Panel::Identity => &self.identity.phase,
            Panel::Services => &self.services.phase,
            Panel::Tasks => &self.tasks.phase,
            Panel::Alarms => &self.alarms.phase,
            Panel::Metrics => &self.metrics.phase,
            Panel::Deployments => &self.deployments_phase,
            Panel::History => &self.history_phase,
        }
    }

    /// Returns why a panel could not be read: the last failure, which stands until a read succeeds.
    pub fn failure(&self, panel: Panel) -> Option<&Failure> {
        match self.phase(panel) {
            Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Returns the failures that stand, worst for the reader first.
    pub fn failures(&self) -> impl Iterator<Item = (Panel, &Failure)> {
        [Panel::Identity, Panel::Services, Panel::Alarms, Panel::Tasks, Panel::Metrics]
            .into_iter()
            .filter_map(|panel| self.failure(panel).map(|failure| (panel, failure)))
    }

    /// Forgets how the last read of an opened object ended: another one is being opened.
    pub fn reopen(&mut self, panel: Panel) {
        self.set_phase(panel, Phase::Unasked);
    }

    /// Takes a report that was read at `at`.
    pub fn take(&mut self, report: Report, at: Timestamp) -> Touched {
        let mut touched = Touched::default();
        match report {
            // A failure stands until a read succeeds: an outage must not look quiet while it is being retried.
            Report::Asked(panel) => {
                if self.failure(panel).is_none() {
                    self.set_phase(panel, Phase::Refreshing);
                }
            }
            Report::Connected { identity, expires, endpoint } => {
                self.identity.succeed(identity, at);
                self.expires = expires;
                self.endpoint = endpoint;
                touched.queue = true;
            }
            Report::Failed(panel, failure) => {
                self.set_phase(panel, Phase::Failed(failure));
                touched.queue = true;
            }
            Report::Services(snapshot) => {
                self.services.succeed(snapshot, at);
                touched.services = true;
            }
            Report::Tasks(snapshot) => {
                self.tasks.succeed(snapshot, at);
                touched.services = true;
            }
            Report::Alarms(snapshot) => {
                self.alarms.succeed(snapshot, at);
                touched.alarms = true;
            }
            Report::Series(series) => {
                self.metrics.succeed(Arc::new(()), at);
                self.keep_series(series);
            }
            Report::Deployments(key, deployments) => {
                self.deployments_phase = Phase::Idle;
                if self.deployments.len() >= KEPT_OBJECTS {
                    self.deployments.clear();
                }
                self.deployments.entry(key).or_default().succeed(deployments, at);
            }
            Report::History(name, history) => {
                self.history_phase = Phase::Idle;
                if self.histories.len() >= KEPT_OBJECTS {
                    self.histories.clear();
                }
                self.histories.entry(name).or_default().succeed(history, at);
            }
            Report::Usage(usage) => self.usage = usage,
        }
        touched
    }

    /// Forgets everything that was read under an identity that is no longer ours.
    pub fn forget(&mut self, generation: Generation) {
        *self = Self {
            region: std::mem::take(&mut self.region),
            account: self.account.take(),
            profile: std::mem::take(&mut self.profile),
            environments: std::mem::take(&mut self.environments),
            usage: self.usage,
            generation,
            ..Self::default()
        };
    }

    fn keep_series(&mut self, series: Vec<Arc<Series>>) {
        if self.series.len() + series.len() > KEPT_SERIES {
            // What is on the screen was asked for lately; what was not asked for in this round is older.
            let newest = self.series.values().map(|series| series.to).max();
            self.series.retain(|_, series| Some(series.to) == newest);
        }
        for series in series {
            self.series.insert(series.query.clone(), series);
        }
    }

    fn set_phase(&mut self, panel: Panel, phase: Phase) {
        match panel {
            Panel::Identity => self.identity.phase = phase,
            Panel::Services => self.services.phase = phase,
            Panel::Tasks => self.tasks.phase = phase,
            Panel::Alarms => self.alarms.phase = phase,
            Panel::Metrics => self.metrics.phase = phase,
            Panel::Deployments => self.deployments_phase = phase,
            Panel::History => self.history_phase = phase,
        }
    }
}

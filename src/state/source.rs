//! What is known of one source: its identity and the last state of everything that it reads.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use jiff::Timestamp;

use crate::domain::{
    alarm::{AlarmsSnapshot, HistoryItem},
    ecs::{ServiceDeployment, ServiceKey, ServicesSnapshot, TasksSnapshot},
    elb::TargetGroup,
    environment::AccountId,
    fetch::{Failure, Fetched, Panel, Phase},
    finding::{FindingChange, FindingKey, FindingsSnapshot},
    identity::Identity,
    log::{LogChunk, LogPlace},
    metric::{Query, Series},
    waf::{RuleTraffic, Samples, WafSnapshot, WebAclKey, WebAclUse},
};

use super::event::{Generation, Report, Usage};

/// Series that are kept beyond those on the screen, so that going back shows charts at once.
const KEPT_SERIES: usize = 2_000;

/// Objects of a kind whose details are kept after they were closed.
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
    /// Web ACLs.
    pub waf: Fetched<WafSnapshot>,
    /// What each web ACL blocked in the last eight days.
    pub waf_baselines: HashMap<WebAclKey, Arc<Series>>,
    /// When each of these was last read.
    pub waf_baselines_at: HashMap<WebAclKey, Timestamp>,
    /// What the rules of the web ACLs that were opened counted.
    pub waf_rules: HashMap<WebAclKey, Fetched<RuleTraffic>>,
    /// Sampled requests of the web ACLs that were opened.
    pub waf_samples: HashMap<WebAclKey, Fetched<Samples>>,
    /// What the web ACLs that were opened protect, and whom they block.
    pub waf_use: HashMap<WebAclKey, Fetched<WebAclUse>>,
    /// Findings.
    pub findings: Fetched<FindingsSnapshot>,
    /// Histories of the findings that were opened.
    pub finding_histories: HashMap<FindingKey, Fetched<Vec<FindingChange>>>,
    /// Target groups of the services that were opened.
    pub targets: HashMap<ServiceKey, Fetched<Vec<TargetGroup>>>,
    /// Where the containers of the task definitions that were looked at log to.
    pub log_places: HashMap<String, Arc<Vec<LogPlace>>>,
    /// What it spends.
    pub usage: Usage,
    series: HashMap<Query, Arc<Series>>,
    /// How the latest reads of the objects that are open ended; each object keeps its own value.
    opened: HashMap<Panel, Phase>,
}

/// Tells which of the derived views a report touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a view that may have to be made anew")]
pub struct Touched {
    /// Rows of services and tasks.
    pub services: bool,
    /// Rows of alarms.
    pub alarms: bool,
    /// Rows of web ACLs, or what is charted of them.
    pub waf: bool,
    /// Rows of findings.
    pub findings: bool,
    /// The queue alone: an identity, a failure.
    pub queue: bool,
    /// Lines of the log that is tailed, for the log to take.
    pub log: Option<LogChunk>,
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
            Panel::Waf => &self.waf.phase,
            Panel::Findings => &self.findings.phase,
            opened => self.opened.get(&opened).unwrap_or(&Phase::Unasked),
        }
    }

    /// Returns when a panel that a list is drawn from was last read.
    pub fn read_at(&self, panel: Panel) -> Option<Timestamp> {
        match panel {
            Panel::Identity => self.identity.at,
            Panel::Services => self.services.at,
            Panel::Tasks => self.tasks.at,
            Panel::Alarms => self.alarms.at,
            Panel::Waf => self.waf.at,
            Panel::Findings => self.findings.at,
            _ => self.metrics.at,
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
        [Panel::Identity, Panel::Services, Panel::Alarms, Panel::Findings, Panel::Waf, Panel::Tasks, Panel::Metrics]
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
            Report::Waf(snapshot) => {
                self.waf_baselines.retain(|key, _| snapshot.find(key).is_some());
                self.waf_baselines_at.retain(|key, _| snapshot.find(key).is_some());
                self.waf.succeed(snapshot, at);
                touched.waf = true;
            }
            Report::WafBaselines(baselines) => {
                self.waf_baselines_at.extend(baselines.iter().map(|(key, _)| (key.clone(), at)));
                self.waf_baselines.extend(baselines);
                touched.waf = true;
            }
            Report::Findings(snapshot) => {
                self.findings.succeed(snapshot, at);
                touched.findings = true;
            }
            Report::Log(chunk) => {
                self.opened.insert(Panel::Log, Phase::Idle);
                touched.log = Some(chunk);
            }
            Report::LogPlaces(definition, places) => {
                self.opened.insert(Panel::Log, Phase::Idle);
                if self.log_places.len() >= KEPT_OBJECTS {
                    self.log_places.clear();
                }
                self.log_places.insert(definition, places);
            }
            Report::Usage(usage) => self.usage = usage,
            opened => self.take_opened(opened, at),
        }
        touched
    }

    /// Takes a report of an object that is open.
    fn take_opened(&mut self, report: Report, at: Timestamp) {
        let panel = match report {
            Report::Deployments(key, value) => keep(&mut self.deployments, key, value, at, Panel::Deployments),
            Report::History(name, value) => keep(&mut self.histories, name, value, at, Panel::History),
            Report::WafRules(key, value) => keep(&mut self.waf_rules, key, value, at, Panel::WafRules),
            Report::WafSamples(key, value) => keep(&mut self.waf_samples, key, value, at, Panel::WafSamples),
            Report::WafUse(key, value) => keep(&mut self.waf_use, key, value, at, Panel::WafUse),
            Report::FindingHistory(key, value) => {
                keep(&mut self.finding_histories, key, value, at, Panel::FindingHistory)
            }
            Report::Targets(key, value) => keep(&mut self.targets, key, value, at, Panel::Targets),
            _ => return,
        };
        self.opened.insert(panel, Phase::Idle);
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
            Panel::Waf => self.waf.phase = phase,
            Panel::Findings => self.findings.phase = phase,
            opened => drop(self.opened.insert(opened, phase)),
        }
    }
}

/// Keeps what was read of an object that is open, among a few others.
fn keep<K: Eq + Hash, T>(
    kept: &mut HashMap<K, Fetched<T>>,
    key: K,
    value: Arc<T>,
    at: Timestamp,
    panel: Panel,
) -> Panel {
    if kept.len() >= KEPT_OBJECTS && !kept.contains_key(&key) {
        kept.clear();
    }
    kept.entry(key).or_default().succeed(value, at);
    panel
}

//! The estate: accounts, regions, clusters, services, metrics and alarms at any time of the story.
//!
//! Everything here is a function of the scenario, the story's start, what has been ordered since, and the time asked for. What is
//! costly is told or evaluated once, when it is first asked for, and kept.

mod alarm;
mod board;
mod build;
mod by_hand;
mod curve;
mod deployment;
mod document;
mod evaluate;
mod finding;
mod happening;
mod log;
mod plan;
mod point;
mod rollout;
mod rule;
mod series;
mod session;
mod target;
mod task;
mod timeline;
mod waf;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use alarm::{AlarmCommon, CompositeAlarm, MetricAlarm, Track, Transition, state_at, suppression};
pub use build::sessions::key_arn;
pub use curve::ServiceCurve;
pub use deployment::Deployment;
pub use document::{Document, DocumentVersion, Documents};
pub use evaluate::{AlarmState, Comparison, TreatMissingData};
pub use finding::{ASFF_MEMBERS, Edit, Finding, FindingGroup, FindingState, Findings, Note, known_control};
pub use happening::StopWords;
pub use log::{
    INGESTION, KEPT_DAYS, LogGroup, LogKey, LogScan, LogStream, Step, WrittenGroup, WrittenLogs, WrittenStream,
};
pub use plan::{Breaker, ServicePlan, TargetGroup};
pub use point::Statistic;
pub use rollout::{ROLLED_BACK_BY_BREAKER, ROLLED_BACK_BY_HAND};
pub use rule::Rule;
#[cfg(test)]
pub use series::Source as SeriesSource;
pub use series::{Catalogue, Reader, Series};
pub use session::{Database, ExecConfiguration, Key, Node};
pub use target::{TargetHealth, target_health};
pub use task::{Place, StopCause, Task, TaskStatus};
pub use timeline::Timeline;
pub use waf::{Counted, RuleKind, Sampled, Verdict, WafRule, WebAcl, managed_group};

use super::clock::Millis;
use super::ssm::Parameters;

/// The simulated estate.
#[derive(Debug)]
pub struct World {
    /// The accounts by their ids.
    pub accounts: BTreeMap<String, Account>,
    /// From when on there are metrics and alarm history.
    pub history_from: Millis,
}

/// An account.
#[derive(Debug)]
pub struct Account {
    /// The regions in which it has something.
    pub regions: BTreeMap<String, Region>,
    /// What Security Hub holds of it.
    pub findings: Findings,
}

/// What an account has in a region.
#[derive(Debug, Default)]
pub struct Region {
    pub account: String,
    pub name: String,
    pub clusters: BTreeMap<String, Cluster>,
    pub services: Vec<Service>,
    /// Services by their task definition's family.
    pub families: HashMap<String, usize>,
    pub metrics: Catalogue,
    /// In the order of their names.
    pub metric_alarms: Vec<MetricAlarm>,
    /// Children before their parents.
    pub composite_alarms: Vec<CompositeAlarm>,
    /// In the order of their names.
    pub web_acls: Vec<Arc<WebAcl>>,
    /// In the order of their ids.
    pub nodes: Vec<Node>,
    pub documents: Documents,
    pub parameters: Parameters,
    /// Groups that were made, and what was put into them and into those that services write to.
    pub written: WrittenLogs,
    pub keys: Vec<Key>,
    /// In the order of their identifiers.
    pub databases: Vec<Database>,
    history_from: Millis,
    board: Mutex<Board>,
}

/// A cluster.
#[derive(Debug, Default)]
pub struct Cluster {
    pub tags: Vec<(String, String)>,
    /// How ECS Exec is configured, where it is.
    pub exec: Option<ExecConfiguration>,
    /// Places in the region's services, by name.
    pub services: BTreeMap<String, usize>,
}

/// A service and its story.
#[derive(Debug)]
pub struct Service {
    pub plan: Arc<ServicePlan>,
    story: Mutex<Story>,
}

#[derive(Debug, Default)]
struct Story {
    timeline: Option<Timeline>,
    curve: Option<(u64, Arc<ServiceCurve>)>,
}

/// How far the alarms have been evaluated.
#[derive(Debug, Default)]
struct Board {
    metric: Vec<board::MetricProgress>,
    /// The histories as of the last evaluation, and when the next one is due.
    tracks: Option<(Millis, Arc<AlarmTracks>)>,
}

/// The alarms' histories.
#[derive(Debug)]
pub struct AlarmTracks {
    /// In the order of the region's metric alarms.
    pub metric: Vec<Track>,
    /// In the order of the region's composite alarms.
    pub composite: Vec<Track>,
}

impl Service {
    /// Makes a service whose story has not been told yet.
    pub fn new(plan: Arc<ServicePlan>) -> Self {
        Self { plan, story: Mutex::default() }
    }

    /// Reads the service's story, told up to a time.
    pub fn at<T>(&self, now: Millis, read: impl FnOnce(&Timeline) -> T) -> T {
        read(self.told(now).timeline.get_or_insert_with(|| Timeline::new(Arc::clone(&self.plan))))
    }

    /// Lets somebody do something to the service.
    pub fn interfere<T>(&self, now: Millis, change: impl FnOnce(&mut Timeline, Millis) -> T) -> T {
        let mut story = self.told(now);
        story.timeline.get_or_insert_with(|| Timeline::new(Arc::clone(&self.plan))).interfere(now, change)
    }

    /// Takes the service's signals, up to a time.
    pub fn curve(&self, now: Millis) -> Arc<ServiceCurve> {
        let mut story = self.told(now);
        let Story { timeline, curve } = &mut *story;
        let timeline = timeline.get_or_insert_with(|| Timeline::new(Arc::clone(&self.plan)));
        let version = timeline.version();
        match curve {
            Some((known, curve)) if *known == version => Arc::clone(curve),
            _ => {
                let fresh = Arc::new(ServiceCurve::new(timeline));
                *curve = Some((version, Arc::clone(&fresh)));
                fresh
            }
        }
    }

    fn told(&self, now: Millis) -> MutexGuard<'_, Story> {
        let mut story = self.story.lock().unwrap_or_else(PoisonError::into_inner);
        story.timeline.get_or_insert_with(|| Timeline::new(Arc::clone(&self.plan))).advance(now);
        story
    }
}

impl World {
    /// Finds what an account has in a region; nothing where it has nothing there.
    pub fn region(&self, account: &str, region: &str) -> Option<&Region> {
        self.accounts.get(account)?.regions.get(region)
    }

    /// Tells and evaluates everything once, so that the first answers are as quick as the later ones.
    pub fn warm_up(&self, now: Millis) {
        for region in self.accounts.values().flat_map(|account| account.regions.values()) {
            region.tracks(now);
        }
    }
}

impl Region {
    /// Joins a metric with the signals it is made of.
    pub fn reader<'a>(&'a self, series: &'a Series, now: Millis) -> Reader<'a> {
        let services = series.source.services().iter().filter_map(|index| self.services.get(*index));
        Reader::new(series, services.map(|service| service.curve(now)).collect())
    }

    /// Takes the alarms' histories, evaluated up to a time.
    ///
    /// They may hold transitions that are a moment ahead of it: composite alarms follow their children with a delay.
    pub fn tracks(&self, now: Millis) -> Arc<AlarmTracks> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tracks)) = board.tracks.as_ref().filter(|(until, _)| now < *until) {
            return Arc::clone(tracks);
        }
        board.metric.resize_with(self.metric_alarms.len(), board::MetricProgress::default);
        let mut until = Millis::MAX;
        for (alarm, progress) in self.metric_alarms.iter().zip(board.metric.iter_mut()) {
            let series = self.metrics.find(&alarm.namespace, &alarm.metric, &alarm.dimensions);
            let reader = series.map(|series| self.reader(series, now));
            until = until.min(progress.advance(alarm, reader.as_ref(), self.history_from, now));
        }
        let known = self
            .metric_alarms
            .iter()
            .zip(&board.metric)
            .map(|(alarm, progress)| (alarm.common.name.as_str(), (alarm.common.arn.as_str(), &progress.track)))
            .collect();
        let composite = board::follow(&self.composite_alarms, &known);
        let metric = board.metric.iter().map(|one| one.track.clone()).collect();
        let tracks = Arc::new(AlarmTracks { metric, composite });
        board.tracks = Some((until, Arc::clone(&tracks)));
        tracks
    }
}

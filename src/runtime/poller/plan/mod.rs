//! What to ask for next, and when: a pure function of what was read, what is looked at, and the time.

mod findings;
mod open;
mod services;
mod tasks;
mod waf;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::TaskScope,
    domain::{
        ecs::ServiceKey,
        elb::TargetGroup,
        finding::FindingKey,
        log::LogTail,
        metric::{Query, Range},
        waf::{Scope, WebAcl},
    },
    state::event::Interest,
};

use super::{
    book::{Book, ClusterBook, FindingsAsk},
    lane::{Hold, Lane},
};

const fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// How often clusters are counted.
const COUNTS: SignedDuration = seconds(60);
/// How often everything is read, give or take a tenth.
const ALL: SignedDuration = seconds(300);
/// How often what seldom changes is read, give or take a tenth, and what other signs tell of sooner: counting clusters tells
/// of services and tasks that come and go.
const SELDOM: SignedDuration = seconds(900);
/// How often services are read whose rows are on the screen.
const VISIBLE: SignedDuration = seconds(30);
/// How much sooner a visible row is read along with another one that is due.
const ALONG: SignedDuration = seconds(10);
/// How often the open service is read while its tasks are replaced.
const ROLLING: SignedDuration = seconds(5);
/// How often service deployments of the open service are read while nothing happens.
const DEPLOYMENTS: SignedDuration = seconds(60);
/// How often alarms in ALARM are read.
const FIRING: SignedDuration = seconds(60);
/// How long scrolling must rest before more rows are read, or more metrics.
const PACE: SignedDuration = seconds(2);
/// How long tasks wait for services on the first load of an account with very many of them.
const PATIENCE: SignedDuration = seconds(10);
/// How long before their end credentials are replaced.
const RENEW: SignedDuration = seconds(300);
/// How often that is tried.
const RENEW_AGAIN: SignedDuration = seconds(60);
/// How soon after the minute metrics are asked for: CloudWatch has the last minute's by then.
const AFTER_MINUTE: i64 = 5;
/// The most calls that one job of services or tasks makes, so that another can be more urgent in between.
const CALLS_A_JOB: usize = 24;
/// The most metrics that are asked for at once.
const MOST_QUERIES: usize = 500;

/// Names one thing to ask for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Job {
    /// Open a connection, or another one in place of the one that there is.
    Connect,
    /// List clusters and services, and count.
    Roster,
    /// List the services of these clusters.
    Lists(Vec<String>),
    /// Count what runs in these clusters.
    Counts(Vec<String>),
    /// Describe these services.
    Services(Vec<ServiceKey>),
    /// Read the tasks of these scopes.
    Tasks(Vec<TaskScope>),
    /// Read all alarms.
    Alarms,
    /// Read the alarms in ALARM, and those of these names that left it.
    Firing(Vec<String>),
    /// Read metrics.
    Metrics(Vec<Query>, Range),
    /// Read the service deployments of a service.
    Deployments(ServiceKey),
    /// Read the history of an alarm, which has been in its state since then.
    History(String, Option<Timestamp>),
    /// Read the web ACLs of these scopes, and of some where their requests are logged.
    Waf(Vec<(Scope, bool)>),
    /// Read the rules of these web ACLs, of one scope.
    WafDetails(Vec<Arc<WebAcl>>),
    /// Read what these web ACLs blocked in the last days.
    WafBaselines(Vec<Arc<WebAcl>>),
    /// Read what the rules of a web ACL counted.
    WafRules(Arc<WebAcl>, Range),
    /// Read sampled requests of the rules of a web ACL that have these metric names.
    WafSamples(Arc<WebAcl>, Vec<String>, Range),
    /// Read whom the rate limits of a web ACL block.
    WafLimited(Arc<WebAcl>),
    /// Read which resources of a kind, by its number, a web ACL protects.
    WafResources(Arc<WebAcl>, usize),
    /// Read a page of findings.
    Findings(FindingsAsk),
    /// Read the history of a finding.
    FindingHistory(FindingKey),
    /// Read the targets of these target groups of a service; and what the groups are, where that is not given.
    Targets(ServiceKey, Vec<String>, Option<Vec<TargetGroup>>),
    /// Read where the containers of a task definition log to.
    LogPlaces(String),
    /// Read a log from a time on, in milliseconds since the epoch.
    Log(LogTail, i64),
    /// Begin to follow a log.
    LiveTail(LogTail),
}

impl Job {
    /// Returns the lane that the job goes in.
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Connect => Lane::Identity,
            Self::Roster | Self::Lists(_) | Self::Counts(_) => Lane::Clusters,
            Self::Services(_) => Lane::Services,
            Self::Tasks(_) => Lane::Tasks,
            Self::Alarms | Self::Firing(_) => Lane::Alarms,
            Self::Metrics(..) => Lane::Metrics,
            Self::Deployments(_) => Lane::Deployments,
            Self::History(..) => Lane::History,
            Self::Waf(_) | Self::WafDetails(_) => Lane::Waf,
            Self::WafBaselines(_) => Lane::WafBaselines,
            Self::WafRules(..) => Lane::WafRules,
            Self::WafSamples(..) => Lane::WafSamples,
            Self::WafLimited(_) | Self::WafResources(..) => Lane::WafUse,
            Self::Findings(_) => Lane::Findings,
            Self::FindingHistory(_) => Lane::FindingHistory,
            Self::Targets(..) => Lane::Targets,
            Self::LogPlaces(_) => Lane::LogPlaces,
            Self::Log(..) | Self::LiveTail(_) => Lane::Log,
        }
    }
}

/// Says what to start now and when to look again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Agenda {
    /// What to start, one job a lane at most.
    pub(super) jobs: Vec<Job>,
    /// When the next job comes due, if only time is waited for.
    pub(super) wake: Option<Timestamp>,
}

/// Says what a lane wants.
#[derive(Debug, Clone, PartialEq)]
enum Next {
    Do(Job),
    At(Timestamp),
    Never,
}

/// Makes the agenda.
pub(super) fn agenda(book: &Book, interest: &Interest, now: Timestamp) -> Agenda {
    let mut agenda = Agenda::default();
    for lane in Lane::ALL {
        let state = book.lane(lane);
        if state.busy || (lane != Lane::Identity && !book.link.connected) {
            continue;
        }
        let next = match lane {
            Lane::Identity => identity(book, now),
            Lane::Clusters => clusters(book, now),
            Lane::Services => services::next(book, interest, now),
            Lane::Tasks => tasks::next(book, interest, now),
            Lane::Alarms => alarms(book, now),
            Lane::Metrics => metrics(book, interest, now),
            Lane::Deployments => deployments(book, interest, now),
            Lane::History => history(book, interest),
            Lane::Waf => waf::list(book, now),
            Lane::WafBaselines => waf::baselines(book, interest, now),
            Lane::WafRules => waf::rules(book, interest, now),
            Lane::WafSamples => waf::samples(book, interest, now),
            Lane::WafUse => waf::uses(book, interest, now),
            Lane::Findings => findings::next(book, interest, now),
            Lane::FindingHistory => findings::history(book, interest, now),
            Lane::Targets => open::targets(book, interest, now),
            Lane::LogPlaces => open::log_places(book, interest),
            Lane::Log => open::log(book, interest, now),
        };
        let rests_until = match state.hold {
            Hold::Asked => continue,
            Hold::Until(at) if at > now => Some(at),
            Hold::Until(_) | Hold::Free => None,
        };
        let wake = match (next, rests_until) {
            (Next::Do(job), None) => {
                agenda.jobs.push(job);
                continue;
            }
            (Next::Do(_), Some(at)) => at,
            (Next::At(at), rests_until) => rests_until.map_or(at, |rest| rest.max(at)),
            (Next::Never, _) => continue,
        };
        agenda.wake = Some(agenda.wake.map_or(wake, |other| other.min(wake)));
    }
    agenda
}

fn identity(book: &Book, now: Timestamp) -> Next {
    if !book.link.connected || book.link.reconnect {
        return Next::Do(Job::Connect);
    }
    let Some(expires) = book.link.expires else { return Next::Never };
    let again = book.link.renewed_at.map_or(Timestamp::MIN, |at| after(at, RENEW_AGAIN));
    due(expires.saturating_sub(RENEW).unwrap_or(Timestamp::MIN).max(again), now, || Job::Connect)
}

fn clusters(book: &Book, now: Timestamp) -> Next {
    let roster = book.roster_at.map(|at| after(at, spread(SELDOM, book.seed)));
    let counts = book.counted_at.map_or(now, |at| after(at, COUNTS));
    // Listing counts as well: what would follow shortly replaces what is due.
    let soon = if counts <= now { after(now, COUNTS) } else { now };
    if roster.is_none_or(|at| at <= soon) {
        return Next::Do(Job::Roster);
    }
    let relist: Vec<String> = named(book, |cluster| cluster.relist);
    if !relist.is_empty() {
        return Next::Do(Job::Lists(relist));
    }
    if counts <= now && !book.clusters.is_empty() {
        return Next::Do(Job::Counts(named(book, |_| true)));
    }
    let roster = roster.unwrap_or(now);
    Next::At(if book.clusters.is_empty() { roster } else { roster.min(counts) })
}

fn named(book: &Book, wanted: impl Fn(&ClusterBook) -> bool) -> Vec<String> {
    let clusters = book.clusters.iter().filter(|(_, cluster)| wanted(cluster));
    clusters.map(|(name, _)| name.clone()).collect()
}

fn alarms(book: &Book, now: Timestamp) -> Next {
    let all = book.alarms_at.map_or(Timestamp::MIN, |at| after(at, spread(ALL, book.seed)));
    let firing = book.firing_at.map_or(Timestamp::MIN, |at| after(at, FIRING));
    // Those in ALARM are among all: what would follow shortly replaces what is due.
    let soon = if firing <= now { after(now, FIRING) } else { now };
    if all <= soon {
        return Next::Do(Job::Alarms);
    }
    due(firing, now, || Job::Firing(book.firing())).sooner(all)
}

fn metrics(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    if !interest.focused {
        return Next::Never;
    }
    let mut seen = HashSet::new();
    let (mut wanted, mut is_new, mut is_due) = (Vec::new(), false, false);
    let mut wake = Timestamp::MAX;
    for query in interest.queries.iter().filter(|query| seen.insert(*query)).take(MOST_QUERIES) {
        let asked = book.metrics.get(query).filter(|_| book.range == interest.range);
        let at = asked.map_or(Timestamp::MIN, |asked| metric_due(query.period, *asked, interest.idle, book.seed));
        if at > now {
            wake = wake.min(at);
            continue;
        }
        is_new |= asked.is_none();
        is_due |= asked.is_some();
        wanted.push(query.clone());
    }
    let paced = book.lane(Lane::Metrics).asked_at.map_or(Timestamp::MIN, |at| after(at, PACE));
    match (is_due, is_new) {
        (true, _) => Next::Do(Job::Metrics(wanted, interest.range)),
        (false, true) => due(paced, now, || Job::Metrics(wanted, interest.range)),
        (false, false) if wake < Timestamp::MAX => Next::At(wake),
        (false, false) => Next::Never,
    }
}

/// Returns when a metric is due again: just after a minute, and not before a longer period can have anything new, or
/// after five minutes where nobody has touched the console for a while.
fn metric_due(period: u32, asked: Timestamp, idle: bool, seed: u64) -> Timestamp {
    let offset = AFTER_MINUTE + i64::try_from(seed % 5).unwrap_or(0);
    let rests = if idle { 300 } else { i64::from(period).clamp(60, 300) } - 60;
    let from = asked.as_second().saturating_add(rests - offset);
    Timestamp::from_second((from.div_euclid(60) + 1).saturating_mul(60).saturating_add(offset))
        .unwrap_or(Timestamp::MAX)
}

fn deployments(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some((key, rolling)) = &interest.open_service else { return Next::Never };
    let Some(row) = book.services.get(key) else { return Next::Never };
    let read = book.deployments.as_ref().filter(|read| read.key == *key);
    let Some(read) = read.filter(|read| read.primary == book.primary(key)) else {
        return Next::Do(Job::Deployments(key.clone()));
    };
    let rolling = *rolling || row.service.as_ref().is_some_and(|service| service.is_rolling());
    let at = after(read.at, if rolling { ROLLING } else { DEPLOYMENTS });
    due(at, now, || Job::Deployments(key.clone()))
}

fn history(book: &Book, interest: &Interest) -> Next {
    let Some(name) = &interest.open_alarm else { return Next::Never };
    let since = book.alarms.get(name).and_then(|alarm| alarm.since);
    let read = book.history.as_ref().filter(|read| read.alarm == *name);
    match read {
        Some(read) if read.since == since => Next::Never,
        _ => Next::Do(Job::History(name.clone(), since)),
    }
}

impl Next {
    /// Waits no longer than until then.
    fn sooner(self, at: Timestamp) -> Self {
        match self {
            Self::At(other) => Self::At(other.min(at)),
            other => other,
        }
    }
}

fn due(at: Timestamp, now: Timestamp, job: impl FnOnce() -> Job) -> Next {
    if at <= now { Next::Do(job()) } else { Next::At(at) }
}

/// Tells whether another page of findings is asked for right away.
pub(super) fn wants_findings(book: &Book, interest: &Interest, now: Timestamp) -> bool {
    matches!(findings::next(book, interest, now), Next::Do(_))
}

pub(super) fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Stretches a time by up to a tenth either way, always the same for the same seed.
fn spread(interval: SignedDuration, seed: u64) -> SignedDuration {
    let tenth = interval.as_secs() / 10;
    let span = u64::try_from(tenth * 2 + 1).unwrap_or(1);
    let offset = i64::try_from(seed % span).unwrap_or(0) - tenth;
    SignedDuration::from_secs(interval.as_secs() + offset)
}

/// Returns a number that is always the same for the same thing.
pub(super) fn hash(thing: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod findings_tests;
#[cfg(test)]
mod metrics_tests;
#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waf_tests;

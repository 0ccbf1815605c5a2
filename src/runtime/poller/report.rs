//! What becomes of what a job brought back: it goes into the book, and the screen is told.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{Action, Connection, Loaded, Paged, Roster, TaskScope},
    domain::{
        ecs::{Cluster, Task},
        fetch::{Failure, FailureKind},
        identity::{Identity, Principal},
        metric::Series,
    },
    state::event::{Generation, Report, Usage},
};

use super::{
    Poller,
    book::Book,
    jobs::{Done, Outcome},
    lane::{Hold, Lane},
    plan::{self, Job},
};

/// How long a connection must have held for its end to be taken for an ordinary one.
const HELD: SignedDuration = SignedDuration::from_secs(60);

/// How often at most what was spent is looked at while nothing is asked for.
const DECAY: SignedDuration = SignedDuration::from_secs(15);

/// The call that counts clusters.
const COUNTING: Action = Action::DescribeClusters;

/// US dollars for one metric requested of `GetMetricData` ("Amazon CloudWatch pricing": $0.01 for 1,000).
const DOLLARS_A_METRIC: f64 = 0.01 / 1_000.0;

impl Poller {
    /// Takes in what a job brought back.
    pub(super) async fn finish(&mut self, done: Done) {
        let lane = done.job.lane();
        let at = done.started;
        let failures = match done.outcome {
            Outcome::Connected(result) => {
                self.connected(*result).await;
                self.tell_usage().await;
                return;
            }
            Outcome::Roster(roster) => self.took_roster(roster, at).await,
            Outcome::Lists(lists) => self.took_lists(&done.job, lists).await,
            Outcome::Counts(counts) => self.took_counts(counts, at).await,
            Outcome::Services(described) => {
                let Loaded { value, failures } = described;
                let got_any = failures.is_empty() || !value.services.is_empty();
                if let Job::Services(asked) = &done.job {
                    self.book.take_services(asked, value, is_denied(&failures), at);
                }
                if got_any {
                    self.publish_services().await;
                }
                failures
            }
            Outcome::Tasks(read) => self.took_tasks(read, at).await,
            Outcome::Alarms(Ok(read)) => {
                self.book.take_alarms(read, at);
                let alarms = self.book.alarms_snapshot();
                self.tell(Report::Alarms(alarms)).await;
                Vec::new()
            }
            Outcome::Firing(Ok(read)) => {
                if let Job::Firing(before) = &done.job {
                    self.book.take_firing(read, before, at);
                }
                let alarms = self.book.alarms_snapshot();
                self.tell(Report::Alarms(alarms)).await;
                Vec::new()
            }
            Outcome::Metrics(read) => self.took_metrics(&done.job, read, at).await,
            Outcome::Deployments(Ok(read)) => {
                if let Job::Deployments(key) = &done.job {
                    let value = self.book.take_deployments(key.clone(), read, at);
                    self.tell(Report::Deployments(key.clone(), value)).await;
                }
                Vec::new()
            }
            Outcome::History(Ok(read)) => {
                if let Job::History(alarm, since) = &done.job {
                    let value = self.book.take_history(alarm.clone(), *since, read);
                    self.tell(Report::History(alarm.clone(), value)).await;
                }
                Vec::new()
            }
            Outcome::Alarms(Err(failure)) | Outcome::Firing(Err(failure)) => {
                if failure.kind.is_lasting() {
                    self.book.alarms_at = Some(at);
                    self.book.firing_at = Some(at);
                }
                vec![failure]
            }
            Outcome::Deployments(Err(failure)) | Outcome::History(Err(failure)) => {
                self.give_up(&done.job, &failure, at);
                vec![failure]
            }
        };
        self.settle(lane, failures, done.epoch).await;
        self.tell_usage().await;
    }

    async fn took_roster(&mut self, roster: Loaded<Roster>, at: Timestamp) -> Vec<Failure> {
        let failures = roster.failures.clone();
        let got_any = failures.is_empty() || !roster.value.clusters.is_empty();
        self.book.take_roster(roster, at);
        self.book.counted_at = Some(at);
        if failures.is_empty() || is_denied(&failures) {
            self.book.roster_at = Some(at);
        }
        // With services still to come, the rows that there are go out together with the first of them.
        let waits = self.book.services.values().any(|row| row.read_at.is_none());
        if got_any && !waits {
            self.publish_services().await;
        }
        failures
    }

    async fn took_lists(&mut self, job: &Job, lists: Loaded<Roster>) -> Vec<Failure> {
        self.book.take_lists(&lists.value);
        if let Job::Lists(clusters) = job
            && is_denied(&lists.failures)
        {
            for name in clusters {
                if let Some(cluster) = self.book.clusters.get_mut(name) {
                    cluster.relist = false;
                }
            }
        }
        self.publish_services().await;
        lists.failures
    }

    async fn took_counts(&mut self, counts: Loaded<Vec<Cluster>>, at: Timestamp) -> Vec<Failure> {
        if counts.failures.is_empty() || is_denied(&counts.failures) {
            self.book.counted_at = Some(at);
        }
        let before = self.book.services_snapshot();
        self.book.take_counts(counts.value, true, at);
        let after = self.book.services_snapshot();
        if !Arc::ptr_eq(&before, &after) {
            self.tell(Report::Services(after)).await;
        }
        // Counting says nothing of the lists: what was denied of those stays denied until it is asked for again.
        let standing = self.book.lane(Lane::Clusters).failure.clone();
        let standing = standing.filter(|failure| failure.kind.is_lasting() && failure.action != COUNTING.name());
        counts.failures.into_iter().chain(standing).collect()
    }

    async fn took_tasks(&mut self, read: Vec<(TaskScope, Loaded<Paged<Arc<Task>>>)>, at: Timestamp) -> Vec<Failure> {
        let mut failures = Vec::new();
        let mut got_any = false;
        for (scope, loaded) in read {
            if loaded.failures.is_empty() {
                got_any = true;
                self.book.take_tasks(&scope, loaded.value, at);
            } else {
                // Half of the tasks would look like the other half having stopped: what was there stays.
                self.book.miss_tasks(&scope, is_denied(&loaded.failures), at);
                failures.extend(loaded.failures);
            }
        }
        if got_any {
            let tasks = self.book.tasks_snapshot();
            self.tell(Report::Tasks(tasks)).await;
        }
        failures
    }

    async fn took_metrics(&mut self, job: &Job, read: Loaded<Vec<Arc<Series>>>, at: Timestamp) -> Vec<Failure> {
        let Job::Metrics(queries, range) = job else { return read.failures };
        if *range != self.book.range {
            // Another range was chosen meanwhile: what it shows is on its way.
            return read.failures;
        }
        if is_denied(&read.failures) {
            self.book.metrics.extend(queries.iter().map(|query| (query.clone(), at)));
        }
        let answered = read.value.iter().map(|series| (series.query.clone(), at));
        self.book.metrics.extend(answered);
        // What nobody looks at any more is forgotten, so that the list does not grow for ever.
        let wanted: HashSet<_> = self.interest.queries.iter().collect();
        self.book.metrics.retain(|query, _| wanted.contains(query));
        if !read.value.is_empty() {
            self.tell(Report::Series(read.value)).await;
        }
        read.failures
    }

    /// Notes that a denied job was done as far as it could be.
    fn give_up(&mut self, job: &Job, failure: &Failure, at: Timestamp) {
        if !failure.kind.is_lasting() || failure.kind.is_about_credentials() {
            return;
        }
        match job {
            Job::Deployments(key) => drop(self.book.take_deployments(key.clone(), Vec::new(), at)),
            Job::History(alarm, since) => drop(self.book.take_history(alarm.clone(), *since, Vec::new())),
            _ => {}
        }
    }

    async fn publish_services(&mut self) {
        let services = self.book.services_snapshot();
        self.tell(Report::Services(services)).await;
    }

    /// Ends a job's turn in its lane and tells of its failure, or of one that a neighbour of the same panel has.
    async fn settle(&mut self, lane: Lane, failures: Vec<Failure>, epoch: u64) {
        let now = self.clock.now();
        let rests = failures.iter().any(|failure| !failure.kind.is_lasting() && !failure.kind.is_about_credentials());
        let loaded = Loaded { value: (), failures };
        let failure = loaded.failure().cloned();
        self.book.lane_mut(lane).end(failure.clone(), rests, now, fastrand::f64());
        let panel = lane.panel();
        let mut neighbours = Lane::ALL.into_iter().filter(|other| other.panel() == panel);
        let of_panel = failure.clone().or_else(|| neighbours.find_map(|other| self.book.lane(other).failure.clone()));
        if let Some(failure) = of_panel {
            self.tell(Report::Failed(panel, failure)).await;
        }
        if let Some(failure) = failure.filter(|failure| failure.kind.is_about_credentials()) {
            self.disconnect(failure, epoch).await;
        }
    }

    /// Gives up a connection whose credentials were refused, so that others are found.
    async fn disconnect(&mut self, failure: Failure, epoch: u64) {
        if epoch != self.epoch || !self.book.link.connected {
            return;
        }
        let now = self.clock.now();
        let held = self.book.link.renewed_at.is_none_or(|at| now.duration_since(at) >= HELD);
        self.connection = None;
        self.book.link.connected = false;
        let lane = self.book.lane_mut(Lane::Identity);
        let waits = lane.hold == Hold::Asked;
        if held {
            lane.release();
        }
        lane.end(Some(failure.clone()), !held, now, fastrand::f64());
        if waits {
            lane.wait_to_be_asked();
        }
        self.tell(Report::Failed(Lane::Identity.panel(), failure)).await;
    }

    /// Takes in a connection, or why there is none.
    async fn connected(&mut self, result: Result<Connection, Failure>) {
        let now = self.clock.now();
        match result {
            Ok(connection) => self.take_connection(connection, now).await,
            Err(failure) => {
                let link = &mut self.book.link;
                let (asked_for, still_there) = (link.reconnect, link.connected);
                let again = std::mem::take(&mut link.again);
                link.reconnect &= again;
                link.renewed_at = Some(now);
                let waits = waits_to_be_asked(&failure);
                let lane = self.book.lane_mut(Lane::Identity);
                lane.end(Some(failure.clone()), !waits, now, fastrand::f64());
                if again {
                    lane.release();
                } else if waits {
                    lane.wait_to_be_asked();
                }
                // Credentials that still hold do their work while others cannot be found.
                if asked_for || !still_there {
                    self.tell(Report::Failed(Lane::Identity.panel(), failure)).await;
                }
            }
        }
    }

    async fn take_connection(&mut self, connection: Connection, now: Timestamp) {
        let identity = Arc::clone(connection.identity());
        let known = self.known.as_ref();
        let same =
            known.is_some_and(|(known, region)| is_same_caller(known, &identity) && region == connection.region());
        if !same {
            // Whatever is under way was asked by somebody else.
            self.running.clear();
            self.generation = Generation(self.generation.0 + 1);
            self.book = Book::new(plan::hash(&(identity.account, connection.region())));
            self.book.look_at(&self.interest);
            self.known = Some((Arc::clone(&identity), connection.region().to_owned()));
        }
        let expires = connection.expires();
        let endpoint = connection.endpoint().map(str::to_owned);
        self.epoch += 1;
        self.connection = Some(Arc::new(connection));
        self.book.link.connected = true;
        self.book.link.reconnect = false;
        self.book.link.again = false;
        self.book.link.expires = expires.filter(|_| self.is_renewable());
        self.book.link.renewed_at = Some(now);
        self.book.lane_mut(Lane::Identity).end_for_now();
        self.tell(Report::Connected { identity, expires, endpoint }).await;
    }

    /// Returns when to look at what was spent though nothing is asked for: a source that rests spends less and less.
    pub(super) fn usage_due(&self) -> Option<Timestamp> {
        let until = self.shared.spent_until()?;
        Some(until.max(plan::after(self.usage_at, DECAY)))
    }

    /// Tells what was spent, where that changed.
    pub(super) async fn tell_usage(&mut self) {
        self.usage_at = self.clock.now();
        let spent = self.shared.spent();
        let metrics = u32::try_from(spent.metrics_last_ten_minutes).unwrap_or(u32::MAX);
        let usage = Usage {
            calls_per_minute: spent.calls_last_minute,
            dollars_per_hour: f64::from(metrics) * 6.0 * DOLLARS_A_METRIC,
            throttled: spent.throttled,
        };
        if usage != self.usage {
            self.usage = usage;
            self.tell(Report::Usage(usage)).await;
        }
    }
}

/// Tells whether two answers of STS name the same caller.
///
/// A profile that takes a role without `role_session_name` has a new session each time, which the SDK names by the
/// time: `assume-role-from-profile-1763769600000`. That is nobody else.
fn is_same_caller(known: &Identity, new: &Identity) -> bool {
    fn without_time(arn: &str) -> Option<&str> {
        let (name, digits) = arn.rsplit_once('-')?;
        (digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
    }
    let both_roles = [known, new].iter().all(|one| matches!(one.principal, Principal::AssumedRole { .. }));
    let renewed = || without_time(&known.arn).is_some_and(|name| without_time(&new.arn) == Some(name));
    known.account == new.account && (known.arn == new.arn || (both_roles && renewed()))
}

/// Tells whether a connection that failed so is not to be tried again before a person asks.
///
/// That is so for credentials that were not found in time, too: the program that should have made them may still be at
/// work, waiting for somebody, and each further try would start another one.
fn waits_to_be_asked(failure: &Failure) -> bool {
    failure.kind.is_lasting() || (failure.kind == FailureKind::TimedOut && failure.action.is_empty())
}

/// Tells whether failures are all such that asking again is of no use.
fn is_denied(failures: &[Failure]) -> bool {
    let denied = |failure: &Failure| failure.kind.is_lasting() && !failure.kind.is_about_credentials();
    !failures.is_empty() && failures.iter().all(denied)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(FailureKind::TimedOut, "", true)]
    #[case(FailureKind::TimedOut, "sts:GetCallerIdentity", false)]
    #[case(FailureKind::Expired, "", false)]
    #[case(FailureKind::Unreachable { host: String::new() }, "", false)]
    #[case(FailureKind::Refused, "sts:GetCallerIdentity", true)]
    #[case(FailureKind::Denied { missing_action: "sts:AssumeRole".to_owned() }, "sts:AssumeRole", true)]
    fn who_must_ask_for_credentials_again(#[case] kind: FailureKind, #[case] action: &str, #[case] waits: bool) {
        let failure = Failure {
            kind,
            action: action.to_owned(),
            detail: String::new(),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(waits_to_be_asked(&failure), waits);
    }

    #[rstest]
    #[case("assumed-role/ops/op-0137", "assumed-role/ops/op-0137", true)]
    #[case("assumed-role/ops/op-0137", "assumed-role/ops/op-0138", false)]
    #[case(
        "assumed-role/ops/assume-role-from-profile-1763769600000",
        "assumed-role/ops/assume-role-from-profile-1763773200000",
        true
    )]
    #[case(
        "assumed-role/ops/assume-role-from-profile-1763769600000",
        "assumed-role/dev/assume-role-from-profile-1763769600000",
        false
    )]
    #[case("assumed-role/ops/x-1763769600000", "assumed-role/ops/y-1763769600000", false)]
    #[case("assumed-role/ops/x-1763769600000", "assumed-role/ops/x", false)]
    fn a_session_named_by_the_time_is_nobody_else(#[case] known: &str, #[case] new: &str, #[case] same: bool) {
        let caller = |resource: &str| {
            let arn = format!("arn:aws:sts::111122223333:{resource}");
            Identity::from_caller("111122223333", &arn, "AROAEXAMPLE:x").unwrap()
        };
        assert_eq!(is_same_caller(&caller(known), &caller(new)), same);
    }
}

//! What becomes of what a job brought back: it goes into the book, and the screen is told.

mod findings;
mod open;
mod waf;

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{Action, Loaded, Paged, Roster, TaskScope},
    domain::{
        ecs::{Cluster, Task},
        fetch::Failure,
        metric::Series,
    },
    state::event::{Report, Usage},
};

use super::{
    Poller,
    jobs::{Done, Outcome},
    lane::Lane,
    live,
    plan::{self, Job},
};

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
            Outcome::Waf(read) => self.took_web_acls(read, at).await,
            Outcome::WafDetails(read) => self.took_web_acl_details(read).await,
            Outcome::WafBaselines(read) => self.took_baselines(&done.job, read, at).await,
            Outcome::WafRules(read) => self.took_rules(&done.job, read, at).await,
            Outcome::WafSamples(read) => self.took_samples(&done.job, read, at).await,
            Outcome::WafLimited(read) => self.took_limited(&done.job, read, at).await,
            Outcome::WafResources(read) => self.took_resources(&done.job, read).await,
            Outcome::Findings(read) => self.took_findings(&done.job, read, at).await,
            Outcome::FindingHistory(read) => self.took_changes(&done.job, read, at).await,
            Outcome::Targets(read) => self.took_targets(&done.job, read, at).await,
            Outcome::LogPlaces(read) => self.took_log_places(&done.job, read).await,
            Outcome::Log(read) => self.took_log(&done.job, read, at).await,
            Outcome::LiveTail(read) => self.took_live_tail(&done.job, read),
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

    /// Tells what was spent, where that changed.
    pub(super) async fn tell_usage(&mut self) {
        let soonest = plan::after(self.clock.now(), DECAY);
        self.usage_due = self.shared.spent_until().map(|until| until.max(soonest));
        let spent = self.shared.spent();
        let metrics = u32::try_from(spent.metrics_last_ten_minutes).unwrap_or(u32::MAX);
        let usage = Usage {
            calls_per_minute: spent.calls_last_minute,
            dollars_per_hour: f64::from(metrics) * 6.0 * DOLLARS_A_METRIC + live::dollars_per_hour(self.live.as_ref()),
            throttled: spent.throttled,
        };
        if usage != self.usage {
            self.usage = usage;
            self.tell(Report::Usage(usage)).await;
        }
    }
}

/// Tells whether failures are all such that asking again is of no use.
fn is_denied(failures: &[Failure]) -> bool {
    let denied = |failure: &Failure| failure.kind.is_lasting() && !failure.kind.is_about_credentials();
    !failures.is_empty() && failures.iter().all(denied)
}

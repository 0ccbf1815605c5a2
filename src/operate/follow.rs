//! How a change is followed: how often it is looked at, what is told of it, and what its end means.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    domain::{
        ecs::Rollout,
        fetch::{Failure, FailureKind},
        progress::{Execution, ExecutionStatus, Finish, Progress, RolloutProgress, Stage},
        session::SessionReport,
    },
    runbook::entry::Change,
};

/// How long the last of what is to be told waits for whoever listens.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a change may be out of sight before it is given up.
const BLIND: SignedDuration = SignedDuration::from_mins(15);

/// How often a change may not be found although it was started: AWS needs a moment to know it everywhere.
const MOST_MISSED: u32 = 6;

/// How many looks a rollout is followed for: some six hours.
const MOST_LOOKS: u32 = 2_200;

/// Says how long to wait before a change is looked at again.
#[derive(Debug, Default)]
pub(super) struct Pace {
    looks: u32,
    failures: u32,
    missed: u32,
    blind_since: Option<Timestamp>,
}

impl Pace {
    /// Returns how long to wait: two seconds, longer after some minutes, and ever longer while nothing can be seen.
    pub(super) fn pause(&self) -> Duration {
        let steady = match self.looks {
            0 => Duration::from_millis(500),
            1..30 => Duration::from_secs(2),
            30..60 => Duration::from_secs(5),
            _ => Duration::from_secs(10),
        };
        let backed_off = Duration::from_secs(2_u64.saturating_pow(self.failures.min(5)));
        if self.failures == 0 { steady } else { backed_off.max(steady) }
    }

    /// Notes that it was seen.
    pub(super) fn went_well(&mut self) {
        self.looks = self.looks.saturating_add(1);
        (self.failures, self.missed, self.blind_since) = (0, 0, None);
    }

    /// Notes that it was not seen, and tells whether to look again.
    pub(super) fn may_go_on(&mut self, failure: &Failure, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        if failure.kind == FailureKind::NotFound {
            self.missed += 1;
            return self.missed < MOST_MISSED;
        }
        now.duration_since(*self.blind_since.get_or_insert(now)) < BLIND
    }

    /// Tells whether what is merely shown beside it should be read as well: at first, and then every third time.
    pub(super) fn is_time_for_more(&self) -> bool {
        self.looks % 3 == 1
    }
}

/// Tells whether a failure will not pass: then nobody can follow the change any more.
pub(super) fn is_final(failure: &Failure) -> bool {
    use FailureKind::{Denied, Invalid, NotSubscribed, WrongAccount, WrongCaller};
    matches!(failure.kind, WrongCaller { .. } | WrongAccount { .. } | Denied { .. } | NotSubscribed | Invalid)
}

/// Says what the end of an execution means; `is_ours` tells whether we asked AWS to stop it.
pub(super) fn outcome(execution: &Execution, is_ours: bool) -> Finish {
    if execution.status.is_success() {
        return Finish::Done;
    }
    if execution.status == ExecutionStatus::Cancelled && is_ours {
        return Finish::Cancelled;
    }
    let failed = |step: &&crate::domain::progress::Step| !step.failure.is_empty() && !step.status.is_success();
    let of_step = || execution.steps.iter().rev().find(failed).map(|step| format!("{}: {}", step.name, step.failure));
    let whole = Some(execution.failure.clone()).filter(|text| !text.is_empty());
    Finish::Failed { why: whole.or_else(of_step).unwrap_or_else(|| execution.status.as_str().to_owned()) }
}

/// What is seen of a rollout means this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not at its end.
    GoesOn,
    /// The service is as it should be.
    Done,
    /// ECS gave it up.
    Failed,
    /// Another deployment took its place: ECS went back, or somebody else deployed.
    Replaced,
}

/// Watches the rollout that a change set off.
#[derive(Debug)]
pub(super) struct Watch {
    change: Change,
    /// The deployment that stood before; none where nobody could look.
    before: Option<String>,
    /// How many tasks there are to be, of a scaling.
    desired: Option<u32>,
    /// The deployment that is watched, once it was seen.
    watched: Option<String>,
    looks: u32,
}

impl Watch {
    pub(super) fn new(change: Change, before: Option<RolloutProgress>, desired: Option<u32>) -> Self {
        let before = before.map(|before| before.deployment).filter(|id| !id.is_empty());
        Self { change, before, desired, watched: None, looks: 0 }
    }

    /// Tells what it means how the service stands now.
    pub(super) fn judge(&mut self, now: &RolloutProgress) -> Verdict {
        self.looks += 1;
        let is_its = match self.change {
            // A scaling brings up no deployment; the one that stands gets more tasks or fewer.
            Change::Scale => self.desired.is_none_or(|desired| desired == now.desired),
            Change::Redeploy | Change::Rollback | Change::StopTask => {
                self.before.as_ref().is_none_or(|before| *before != now.deployment)
            }
        };
        if !is_its {
            // What `DescribeServices` shows may be a moment old.
            return Verdict::GoesOn;
        }
        let watched = self.watched.get_or_insert_with(|| now.deployment.clone());
        if self.change == Change::Redeploy && *watched != now.deployment {
            return Verdict::Replaced;
        }
        match &now.state {
            Rollout::Failed => Verdict::Failed,
            Rollout::Completed | Rollout::Other(_) if now.steady => Verdict::Done,
            Rollout::InProgress | Rollout::Completed | Rollout::Other(_) => Verdict::GoesOn,
        }
    }

    /// Tells whether it was watched for longer than anybody waits.
    pub(super) fn is_too_long(&self) -> bool {
        self.looks > MOST_LOOKS
    }
}

/// Tells whoever listens how far a change has got; who does not keep up misses what is past.
#[derive(Debug)]
pub(super) struct Teller {
    progress: Progress,
    reports: mpsc::Sender<SessionReport>,
    told: Option<Progress>,
}

impl Teller {
    pub(super) fn new(reports: &mpsc::Sender<SessionReport>) -> Self {
        Self { progress: Progress::default(), reports: reports.clone(), told: None }
    }

    pub(super) fn stage(&mut self, stage: Stage) {
        self.progress.stage = stage;
        self.tell();
    }

    pub(super) fn execution(&mut self, execution: Execution) {
        self.progress.execution = Some(execution);
        self.progress.trouble = None;
        self.tell();
    }

    pub(super) fn rollout(&mut self, rollout: RolloutProgress) {
        self.progress.rollout = Some(rollout);
        self.progress.trouble = None;
        self.tell();
    }

    pub(super) fn trouble(&mut self, trouble: Option<Failure>) {
        self.progress.trouble = trouble;
        self.tell();
    }

    fn tell(&mut self) {
        if self.told.as_ref() != Some(&self.progress) {
            let report = SessionReport::Progress(Arc::new(self.progress.clone()));
            if self.reports.try_send(report).is_ok() {
                self.told = Some(self.progress.clone());
            }
        }
    }

    /// Tells what was not taken yet, and waits for that a little.
    pub(super) async fn last(&mut self) {
        if self.told.as_ref() != Some(&self.progress) {
            let report = SessionReport::Progress(Arc::new(self.progress.clone()));
            // Who does not take it in time reads the outcome.
            if matches!(timeout(PATIENCE, self.reports.send(report)).await, Ok(Ok(()))) {
                self.told = Some(self.progress.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::progress::Step;

    fn failure(kind: FailureKind) -> Failure {
        let action = "ssm:GetAutomationExecution".to_owned();
        Failure { kind, action, detail: String::new(), request_id: None, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_change_is_looked_at_every_two_seconds_and_less_often_the_longer_it_takes() {
        let mut pace = Pace::default();
        assert!(pace.pause() < Duration::from_secs(1) && !pace.is_time_for_more());
        pace.went_well();
        assert_eq!((pace.pause(), pace.is_time_for_more()), (Duration::from_secs(2), true));
        for _ in 0..29 {
            pace.went_well();
        }
        assert_eq!(pace.pause(), Duration::from_secs(5));
        for _ in 0..100 {
            pace.went_well();
        }
        assert_eq!(pace.pause(), Duration::from_secs(10));
    }

    #[test]
    fn what_cannot_be_seen_is_looked_for_ever_less_often_and_given_up_at_last() {
        let (mut pace, mut now) = (Pace::default(), Timestamp::UNIX_EPOCH);
        let gone = failure(FailureKind::TimedOut);
        let mut pauses = Vec::new();
        while pace.may_go_on(&gone, now) {
            pauses.push(pace.pause().as_secs());
            now += SignedDuration::try_from(pace.pause()).unwrap();
            assert!(pauses.len() < 1_000, "it is never given up");
        }
        assert_eq!(&pauses[..6], [2, 4, 8, 16, 32, 32]);
        pace.went_well();
        assert!(pace.pause() <= Duration::from_secs(2) && pace.may_go_on(&gone, now));
    }

    #[test]
    fn one_that_was_just_started_may_be_unknown_for_a_moment_and_no_longer() {
        let mut pace = Pace::default();
        let missing = failure(FailureKind::NotFound);
        let tries = (0..100).take_while(|_| pace.may_go_on(&missing, Timestamp::UNIX_EPOCH)).count();
        assert_eq!(tries, MOST_MISSED as usize - 1);
        assert!(is_final(&failure(FailureKind::Denied { missing_action: String::new() })));
        let caller = FailureKind::WrongCaller { expected: String::new(), actual: String::new() };
        assert!(is_final(&failure(caller)));
        assert!(!is_final(&failure(FailureKind::Throttled)) && !is_final(&failure(FailureKind::Expired)));
    }

    fn execution(status: ExecutionStatus, failure: &str, steps: Vec<Step>) -> Execution {
        let failure = failure.to_owned();
        Execution { id: String::new(), status, steps, more: false, failure, started_at: None, ended_at: None }
    }

    fn failed_step() -> Step {
        let status = ExecutionStatus::Failed;
        let (name, action) = ("update".to_owned(), "aws:executeAwsApi".to_owned());
        Step { name, action, status, started_at: None, ended_at: None, failure: "denied".to_owned() }
    }

    #[test]
    fn an_end_is_told_in_the_words_that_say_most() {
        let why = |finish| match finish {
            Finish::Failed { why } => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome(&execution(ExecutionStatus::Success, "", Vec::new()), false), Finish::Done);
        let stopped = execution(ExecutionStatus::Cancelled, "", Vec::new());
        assert_eq!(outcome(&stopped, true), Finish::Cancelled);
        assert_eq!(why(outcome(&stopped, false)), "Cancelled");
        let failed = execution(ExecutionStatus::Failed, "", vec![failed_step()]);
        assert_eq!(why(outcome(&failed, false)), "update: denied");
        let failed = execution(ExecutionStatus::Failed, "Step update failed", vec![failed_step()]);
        assert_eq!(why(outcome(&failed, true)), "Step update failed");
        assert_eq!(why(outcome(&execution(ExecutionStatus::TimedOut, "", Vec::new()), true)), "TimedOut");
        let other = ExecutionStatus::Other("CompletedWithSuccess".to_owned());
        assert_eq!(outcome(&execution(other, "", Vec::new()), false), Finish::Done);
    }

    fn rollout(deployment: &str, state: Rollout, desired: u32, steady: bool) -> RolloutProgress {
        RolloutProgress {
            deployment: deployment.to_owned(),
            task_definition: "web:43".to_owned(),
            state,
            reason: String::new(),
            desired,
            running: desired,
            pending: 0,
            failed: 0,
            steady,
        }
    }

    #[test]
    fn a_redeployment_is_done_when_its_own_deployment_is() {
        let before = rollout("d1", Rollout::Completed, 2, true);
        let mut watch = Watch::new(Change::Redeploy, Some(before.clone()), None);
        assert_eq!(watch.judge(&before), Verdict::GoesOn, "what is shown may be a moment old");
        assert_eq!(watch.judge(&rollout("d2", Rollout::InProgress, 2, false)), Verdict::GoesOn);
        assert_eq!(watch.judge(&rollout("d2", Rollout::Completed, 2, false)), Verdict::GoesOn);
        assert_eq!(watch.judge(&rollout("d2", Rollout::Completed, 2, true)), Verdict::Done);
        assert_eq!(watch.judge(&rollout("d2", Rollout::Failed, 2, false)), Verdict::Failed);
        assert_eq!(watch.judge(&rollout("d3", Rollout::InProgress, 2, false)), Verdict::Replaced);
    }

    #[test]
    fn a_rollback_is_done_when_what_failed_is_gone_and_a_scaling_when_the_number_is_there() {
        let failing = rollout("d2", Rollout::InProgress, 2, false);
        let mut watch = Watch::new(Change::Rollback, Some(failing.clone()), None);
        assert_eq!(watch.judge(&failing), Verdict::GoesOn);
        assert_eq!(watch.judge(&rollout("d3", Rollout::InProgress, 2, false)), Verdict::GoesOn);
        assert_eq!(watch.judge(&rollout("d1", Rollout::Completed, 2, true)), Verdict::Done);
        let mut watch = Watch::new(Change::Scale, Some(rollout("d1", Rollout::Completed, 2, true)), Some(4));
        assert_eq!(watch.judge(&rollout("d1", Rollout::Completed, 2, true)), Verdict::GoesOn);
        assert_eq!(watch.judge(&rollout("d1", Rollout::Completed, 4, false)), Verdict::GoesOn);
        assert_eq!(watch.judge(&rollout("d1", Rollout::Completed, 4, true)), Verdict::Done);
        let mut unseen = Watch::new(Change::Redeploy, None, None);
        assert_eq!(unseen.judge(&rollout("d1", Rollout::Completed, 2, true)), Verdict::Done);
    }

    #[tokio::test]
    async fn who_does_not_listen_holds_nothing_up_and_hears_the_last() {
        let (reports, mut told) = mpsc::channel(1);
        let mut teller = Teller::new(&reports);
        teller.stage(Stage::Asked);
        teller.stage(Stage::Running);
        teller.stage(Stage::RollingOut);
        let stage = |report: SessionReport| match report {
            SessionReport::Progress(progress) => progress.stage,
            other => panic!("{other:?}"),
        };
        assert_eq!(stage(told.recv().await.unwrap()), Stage::Asked);
        teller.last().await;
        assert_eq!(stage(told.recv().await.unwrap()), Stage::RollingOut);
        teller.last().await;
        assert!(told.try_recv().is_err(), "what was told is not told again");
        drop(told);
        teller.stage(Stage::Cancelling);
        teller.last().await;
    }
}

//! Changes: asked for once, followed step by step to their end, and looked for where AWS did not answer.
//!
//! A change is AWS's once it was asked for: it goes on when nobody looks any more, and when this program ends. What is not
//! known of it then is told as not known, never as failed.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::sleep;

use crate::{
    aws::NotStarted,
    domain::{
        fetch::{Failure, FailureKind},
        preflight::Preflight,
        progress::{Execution, Finish, RolloutProgress, Stage},
        session::{End, SessionReport},
    },
    policy::Op,
    runbook::entry::Change,
    t,
};

use super::{
    desk::Closing,
    follow::{Pace, Teller, Verdict, Watch, is_final, outcome},
    limit::Limit,
    run::Run,
};

/// How long after each other something is looked for that was asked for and not answered.
const LOOKS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// What somebody wants while a change goes on.
enum Wish {
    /// That AWS stops it.
    Cancel,
    /// To look no more, since the program ends.
    Leave,
}

/// How following an execution went on.
enum Turn {
    Wish(Wish),
    LimitReached,
    Seen(Result<Execution, Failure>),
}

impl Run {
    /// Makes the change, follows it to its end, and returns how it ended.
    pub(super) async fn change(&mut self) -> Closing {
        let end = match self.acting.authorized().operation() {
            Op::Workflow { .. } => End::Finished(self.workflow().await),
            _ => self.automation().await,
        };
        Closing { execution_id: self.acting.execution_id(), ..Closing::of(end) }
    }

    /// Gives a finding its status.
    async fn workflow(&self) -> Finish {
        let mut teller = Teller::new(&self.reports);
        teller.stage(Stage::Asked);
        let refused = match self.acting.update_finding().await {
            Ok(()) => return Finish::Done,
            Err(refused) if refused.is_unknown => refused,
            Err(refused) => return self.refused(&refused).await,
        };
        teller.stage(Stage::LookedFor);
        for pause in LOOKS {
            if !self.waited(pause).await {
                break;
            }
            match self.acting.is_updated().await {
                Ok(true) => return Finish::Done,
                Ok(false) => teller.trouble(None),
                Err(failure) => teller.trouble(Some(failure)),
            }
        }
        self.unanswered(&refused.failure)
    }

    /// Starts the execution of a document and follows it, and the rollout that it sets off.
    async fn automation(&mut self) -> End {
        let limit = Limit::new(self.inner.outfit.clock.clone(), self.acting.authorized().grant().limit);
        let mut teller = Teller::new(&self.reports);
        teller.stage(Stage::Asked);
        // What stands before: a rollout is told from it.
        let before = self.acting.service().await.ok().flatten().map(|service| RolloutProgress::of(&service));
        let since = self.inner.outfit.clock.now();
        let id = match self.acting.start_execution().await {
            Ok(id) => id,
            Err(refused) if refused.is_unknown => match self.look_for(since, &mut teller).await {
                Some(id) => id,
                None => return End::Finished(self.unanswered(&refused.failure)),
            },
            Err(refused) => return End::Finished(self.refused(&refused).await),
        };
        teller.stage(Stage::Running);
        let end = self.follow_execution(&id, &mut teller, &limit).await;
        let end = match (end, self.watch(before)) {
            (End::Finished(Finish::Done), Some(watch)) => self.roll_out(watch, &mut teller, &limit).await,
            (end, _) => end,
        };
        teller.last().await;
        end
    }

    /// Looks for an execution that was asked for and not answered.
    async fn look_for(&self, since: Timestamp, teller: &mut Teller) -> Option<String> {
        teller.stage(Stage::LookedFor);
        for pause in LOOKS {
            if !self.waited(pause).await {
                return None;
            }
            match self.acting.find_execution(since).await {
                Ok(Some(id)) => {
                    teller.trouble(None);
                    return Some(id);
                }
                Ok(None) => teller.trouble(None),
                Err(failure) => teller.trouble(Some(failure)),
            }
        }
        None
    }

    /// Follows an execution to its end, stops it where that is wished or its time is over.
    async fn follow_execution(&self, id: &str, teller: &mut Teller, limit: &Limit) -> End {
        let (mut pace, mut is_stopped, mut is_late) = (Pace::default(), false, false);
        loop {
            let pause = pace.pause();
            let turn = tokio::select! {
                biased;
                wish = self.wish(is_stopped) => Turn::Wish(wish),
                () = limit.reached(), if !is_late => Turn::LimitReached,
                seen = self.seen(id, pause) => Turn::Seen(seen),
            };
            match turn {
                Turn::Wish(Wish::Leave) => return End::Finished(self.left(Some(id))),
                Turn::Wish(Wish::Cancel) => {
                    is_stopped = true;
                    self.stop_execution(id, teller).await;
                }
                Turn::LimitReached => {
                    is_late = true;
                    self.stop_execution(id, teller).await;
                }
                Turn::Seen(Ok(execution)) => {
                    pace.went_well();
                    let is_over = execution.status.is_over();
                    let ended = is_over.then(|| outcome(&execution, is_stopped || is_late));
                    teller.execution(execution);
                    match ended {
                        Some(Finish::Cancelled) if is_late => return End::LimitReached,
                        Some(finish) => return End::Finished(finish),
                        None => self.look_at_service(&pace, teller).await,
                    }
                }
                Turn::Seen(Err(failure)) => {
                    if is_final(&failure) || !pace.may_go_on(&failure, self.inner.outfit.clock.now()) {
                        return End::Finished(self.lost_sight(id, &failure));
                    }
                    teller.trouble(Some(failure));
                }
            }
        }
    }

    /// Waits a while and reads how the execution stands; may be given up at any time.
    async fn seen(&self, id: &str, pause: Duration) -> Result<Execution, Failure> {
        sleep(pause).await;
        self.acting.execution(id).await
    }

    /// Reads now and then how the service fares that is changed; what cannot be read is not shown.
    async fn look_at_service(&self, pace: &Pace, teller: &mut Teller) {
        if pace.is_time_for_more()
            && let Ok(Some(service)) = self.acting.service().await
        {
            teller.rollout(RolloutProgress::of(&service));
        }
    }

    async fn stop_execution(&self, id: &str, teller: &mut Teller) {
        match self.acting.stop_execution(id).await {
            Ok(()) => teller.stage(Stage::Cancelling),
            Err(failure) => teller.trouble(Some(failure)),
        }
    }

    /// Returns what tells how the rollout fares that the change sets off; nothing where it sets off none.
    fn watch(&self, before: Option<RolloutProgress>) -> Option<Watch> {
        let Op::ServiceChange { change, .. } = self.acting.authorized().operation() else { return None };
        let desired = self.acting.authorized().grant().parameters.get(crate::runbook::entry::DESIRED);
        match change {
            Change::StopTask => None,
            Change::Redeploy | Change::Rollback | Change::Scale => {
                Some(Watch::new(*change, before, desired.and_then(|desired| desired.parse().ok())))
            }
        }
    }

    /// Follows a rollout to its end. It cannot be stopped by stopping what set it off.
    async fn roll_out(&self, mut watch: Watch, teller: &mut Teller, limit: &Limit) -> End {
        let texts = self.inner.outfit.texts;
        let mut pace = Pace::default();
        teller.stage(Stage::RollingOut);
        loop {
            let pause = pace.pause();
            let seen = tokio::select! {
                biased;
                wish = self.wish(false) => match wish {
                    Wish::Leave => return End::Finished(self.left(None)),
                    Wish::Cancel => {
                        let why = t!(texts, "operations.unknown.rollout-left").to_owned();
                        return End::Finished(Finish::Unknown { why });
                    }
                },
                () = limit.reached() => {
                    let why = t!(texts, "operations.unknown.rollout-limit").to_owned();
                    return End::Finished(Finish::Unknown { why });
                }
                seen = async {
                    sleep(pause).await;
                    self.acting.service().await
                } => seen,
            };
            match seen {
                Ok(Some(service)) => {
                    pace.went_well();
                    let now = RolloutProgress::of(&service);
                    teller.rollout(now.clone());
                    match watch.judge(&now) {
                        Verdict::GoesOn => {}
                        Verdict::Done => return End::Finished(Finish::Done),
                        Verdict::Failed => return End::Finished(Finish::Failed { why: now.reason }),
                        Verdict::Replaced => {
                            let why = t!(texts, "operations.failed.replaced", to = now.task_definition);
                            return End::Finished(Finish::Failed { why });
                        }
                    }
                    if watch.is_too_long() {
                        let why = t!(texts, "operations.unknown.rollout-limit").to_owned();
                        return End::Finished(Finish::Unknown { why });
                    }
                }
                Ok(None) => {
                    let why = t!(texts, "operations.failed.service-gone").to_owned();
                    return End::Finished(Finish::Failed { why });
                }
                // The document did all its steps: that the service may not be looked at does not undo them.
                Err(failure) if matches!(failure.kind, FailureKind::Denied { .. }) => {
                    return End::Finished(Finish::Done);
                }
                Err(failure) => {
                    if is_final(&failure) || !pace.may_go_on(&failure, self.inner.outfit.clock.now()) {
                        let why = t!(texts, "operations.unknown.rollout-unseen", why = self.words(&failure));
                        return End::Finished(Finish::Unknown { why });
                    }
                    teller.trouble(Some(failure));
                }
            }
        }
    }

    /// Waits until somebody wants something; one who wanted it stopped wants no more of it than that.
    async fn wish(&self, is_stopped: bool) -> Wish {
        tokio::select! {
            biased;
            () = self.inner.stop.cancelled() => Wish::Leave,
            () = self.stop.cancelled(), if !is_stopped => Wish::Cancel,
        }
    }

    /// Waits a while; returns whether the program goes on.
    async fn waited(&self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => true,
            () = self.inner.stop.cancelled() => false,
        }
    }

    /// Tells why AWS did not do it, in the terms of preflight where that is possible.
    async fn refused(&self, refused: &NotStarted) -> Finish {
        if let Some(obstacle) = refused.obstacle.clone() {
            let preflight = Preflight { obstacles: vec![obstacle], ..Preflight::default() };
            let _ = self.reports.send(SessionReport::Preflight(Arc::new(preflight))).await;
        }
        Finish::Failed { why: self.words(&refused.failure) }
    }

    /// Tells that no answer came, and that it was looked for and not found.
    fn unanswered(&self, failure: &Failure) -> Finish {
        let why = t!(self.inner.outfit.texts, "operations.unknown.unanswered", why = self.words(failure));
        Finish::Unknown { why }
    }

    /// Tells that it goes on and is followed no more.
    fn left(&self, id: Option<&str>) -> Finish {
        let texts = self.inner.outfit.texts;
        let why = match id {
            Some(id) => t!(texts, "operations.unknown.left", id = id),
            None => t!(texts, "operations.unknown.rollout-left").to_owned(),
        };
        Finish::Unknown { why }
    }

    /// Tells that it may go on and cannot be looked at any more.
    fn lost_sight(&self, id: &str, failure: &Failure) -> Finish {
        let why = self.words(failure);
        Finish::Unknown { why: t!(self.inner.outfit.texts, "operations.unknown.unseen", id = id, why = why) }
    }

    fn words(&self, failure: &Failure) -> String {
        let texts = self.inner.outfit.texts;
        match &failure.kind {
            FailureKind::WrongCaller { expected, actual } => {
                t!(texts, "operations.other-caller", expected = expected, actual = actual)
            }
            kind => {
                let why = if failure.detail.is_empty() { kind.name() } else { &failure.detail };
                t!(texts, "operations.refused", action = failure.action, why = why)
            }
        }
    }
}

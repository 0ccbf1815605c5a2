//! Lanes: what is asked for side by side, each at most once at a time.

use jiff::{SignedDuration, Timestamp};

use crate::domain::fetch::{Failure, Panel};

/// Names what is asked for side by side. In one lane there is never more than one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Credentials, and whose they are.
    Identity,
    /// Clusters, their counts and the names of their services.
    Clusters,
    /// Services.
    Services,
    /// Tasks.
    Tasks,
    /// Alarms.
    Alarms,
    /// Metrics.
    Metrics,
    /// Service deployments of the service that is open.
    Deployments,
    /// History of the alarm that is open.
    History,
    /// Web ACLs.
    Waf,
    /// What web ACLs usually block.
    WafBaselines,
    /// What the rules of the open web ACL counted.
    WafRules,
    /// Sampled requests of the open web ACL.
    WafSamples,
    /// What the open web ACL protects, and whom it blocks.
    WafUse,
    /// Findings.
    Findings,
    /// History of the finding that is open.
    FindingHistory,
    /// Targets of the service that is open.
    Targets,
    /// Where the open service's containers log to.
    LogPlaces,
    /// The log that is tailed.
    Log,
}

impl Lane {
    /// Counts the lanes.
    pub(super) const COUNT: usize = Self::Log as usize + 1;

    /// Lists the lanes in the order of their numbers.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Identity,
        Self::Clusters,
        Self::Services,
        Self::Tasks,
        Self::Alarms,
        Self::Metrics,
        Self::Deployments,
        Self::History,
        Self::Waf,
        Self::WafBaselines,
        Self::WafRules,
        Self::WafSamples,
        Self::WafUse,
        Self::Findings,
        Self::FindingHistory,
        Self::Targets,
        Self::LogPlaces,
        Self::Log,
    ];

    /// Returns the panel that shows what the lane reads.
    pub(super) fn panel(self) -> Panel {
        match self {
            Self::Identity => Panel::Identity,
            Self::Clusters | Self::Services => Panel::Services,
            Self::Tasks => Panel::Tasks,
            Self::Alarms => Panel::Alarms,
            Self::Metrics | Self::WafBaselines => Panel::Metrics,
            Self::Deployments => Panel::Deployments,
            Self::History => Panel::History,
            Self::Waf => Panel::Waf,
            Self::WafRules => Panel::WafRules,
            Self::WafSamples => Panel::WafSamples,
            Self::WafUse => Panel::WafUse,
            Self::Findings => Panel::Findings,
            Self::FindingHistory => Panel::FindingHistory,
            Self::Targets => Panel::Targets,
            Self::LogPlaces | Self::Log => Panel::Log,
        }
    }
}

/// Tells where a lane stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LaneState {
    /// Whether a job is under way.
    pub(super) busy: bool,
    /// When the last job began.
    pub(super) asked_at: Option<Timestamp>,
    /// How often in a row it failed in passing.
    pub(super) failures: u32,
    /// Until when it rests.
    pub(super) hold: Hold,
    /// Why the last job failed, if it did.
    pub(super) failure: Option<Failure>,
}

/// Tells whether a lane rests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Hold {
    /// It does not.
    #[default]
    Free,
    /// It rests until then.
    Until(Timestamp),
    /// It rests until a person asks.
    Asked,
}

impl LaneState {
    /// Notes that a job begins.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.busy = true;
        self.asked_at = Some(now);
    }

    /// Notes how a job ended, with the failure to tell of and whether the lane has to rest before it tries again.
    ///
    /// What was denied gives no cause to rest: the AWS room remembers it and answers without a call, while what is
    /// allowed beside it goes on.
    pub(super) fn end(&mut self, failure: Option<Failure>, rests: bool, now: Timestamp, chance: f64) {
        self.busy = false;
        self.failure = failure;
        self.release_after(rests, now, chance);
    }

    fn release_after(&mut self, rests: bool, now: Timestamp, chance: f64) {
        if rests {
            self.failures = self.failures.saturating_add(1);
            let rest = backoff(self.failures, chance);
            self.hold = Hold::Until(now.saturating_add(rest).unwrap_or(Timestamp::MAX));
        } else {
            self.release();
        }
    }

    /// Notes a success that may not last: the count of failures stays until it has.
    pub(super) fn end_for_now(&mut self) {
        self.busy = false;
        self.failure = None;
        self.hold = Hold::Free;
    }

    /// Lets the lane rest until a person asks.
    pub(super) fn wait_to_be_asked(&mut self) {
        self.hold = Hold::Asked;
    }

    /// Lets the lane go on at once.
    pub(super) fn release(&mut self) {
        self.hold = Hold::Free;
        self.failures = 0;
    }
}

/// Returns how long to rest after so many failures: from five seconds to a bound that doubles, up to five minutes.
///
/// `chance` picks between the two and lies in 0..1 (AWS Architecture Blog, "Exponential Backoff And Jitter").
fn backoff(failures: u32, chance: f64) -> SignedDuration {
    const LEAST: f64 = 5.0;
    const MOST: f64 = 300.0;
    let doubled = LEAST * f64::from(1_u32 << failures.min(10));
    let bound = doubled.min(MOST);
    SignedDuration::from_secs_f64(LEAST + (bound - LEAST) * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::fetch::FailureKind;

    fn failure() -> Failure {
        Failure {
            kind: FailureKind::Throttled,
            action: String::new(),
            detail: String::new(),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn lanes_are_in_the_order_of_their_numbers() {
        for (number, lane) in Lane::ALL.into_iter().enumerate() {
            assert_eq!(lane as usize, number);
        }
    }

    #[rstest]
    #[case(1, 0.0, 5)]
    #[case(1, 1.0, 10)]
    #[case(3, 1.0, 40)]
    #[case(30, 1.0, 300)]
    #[case(30, 0.0, 5)]
    fn rest_grows_from_five_seconds_to_five_minutes(#[case] failures: u32, #[case] chance: f64, #[case] seconds: i64) {
        assert_eq!(backoff(failures, chance), SignedDuration::from_secs(seconds));
    }

    #[test]
    fn failing_in_passing_rests_longer_each_time_until_it_succeeds() {
        let now = Timestamp::UNIX_EPOCH;
        let mut lane = LaneState::default();
        for (failures, seconds) in [(1, 10), (2, 20), (3, 40)] {
            lane.begin(now);
            lane.end(Some(failure()), true, now, 1.0);
            assert_eq!(lane.failures, failures);
            assert_eq!(lane.hold, Hold::Until(now + SignedDuration::from_secs(seconds)));
        }
        lane.end(None, false, now, 1.0);
        assert_eq!((lane.hold, lane.failures, lane.busy), (Hold::Free, 0, false));
    }

    #[test]
    fn a_lane_that_waits_to_be_asked_is_released_by_hand() {
        let mut lane = LaneState::default();
        lane.end(Some(failure()), false, Timestamp::UNIX_EPOCH, 1.0);
        assert_eq!(lane.hold, Hold::Free);
        lane.wait_to_be_asked();
        assert_eq!(lane.hold, Hold::Asked);
        lane.release();
        assert_eq!(lane.hold, Hold::Free);
    }
}

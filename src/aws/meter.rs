//! What was spent: calls, and metrics at a price.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use super::action::Action;

/// How far back calls are counted.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
/// How far back metrics are counted.
const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);

/// Tells what one connection spent lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Calls in the last 60 seconds, repeated ones included.
    pub calls_last_minute: u32,
    /// Metrics requested in the last ten minutes: what `GetMetricData` bills.
    pub metrics_last_ten_minutes: u64,
    /// Whether AWS throttled a call in the last 60 seconds.
    pub throttled: bool,
}

/// Counts calls and metrics by the injected clock.
#[derive(Debug, Default)]
pub(super) struct Meter {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: VecDeque<Timestamp>,
    metrics: VecDeque<(Timestamp, u64)>,
    throttled: Option<Timestamp>,
    totals: BTreeMap<&'static str, u64>,
}

impl Meter {
    /// Counts a call that goes out.
    pub(super) fn call(&self, action: Action, now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.calls.push_back(now);
        *counts.totals.entry(action.name()).or_default() += 1;
        counts.drop_old(now);
    }

    /// Counts metrics that a call asks for.
    pub(super) fn metrics(&self, requested: usize, now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.metrics.push_back((now, requested as u64));
        counts.drop_old(now);
    }

    /// Notes that AWS throttled a call.
    pub(super) fn throttled(&self, now: Timestamp) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).throttled = Some(now);
    }

    /// Sums up what was spent lately.
    pub(super) fn spent(&self, now: Timestamp) -> Spent {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.drop_old(now);
        Spent {
            calls_last_minute: u32::try_from(counts.calls.len()).unwrap_or(u32::MAX),
            metrics_last_ten_minutes: counts.metrics.iter().map(|(_, requested)| requested).sum(),
            throttled: counts.throttled.is_some_and(|at| now.duration_since(at) < MINUTE),
        }
    }

    /// Returns when the first of what was spent lately will be too long ago to count.
    pub(super) fn spent_until(&self, now: Timestamp) -> Option<Timestamp> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.drop_old(now);
        let after = |at: Timestamp, span| at.saturating_add(span).unwrap_or(Timestamp::MAX);
        let call = counts.calls.front().map(|at| after(*at, MINUTE));
        let metrics = counts.metrics.front().map(|(at, _)| after(*at, TEN_MINUTES));
        let throttled = counts.throttled.map(|at| after(at, MINUTE)).filter(|at| *at > now);
        [call, metrics, throttled].into_iter().flatten().min()
    }

    /// Returns how often each action was called since the start.
    pub(super) fn totals(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).totals.clone()
    }
}

impl Counts {
    fn drop_old(&mut self, now: Timestamp) {
        while self.calls.pop_front_if(|at| now.duration_since(*at) >= MINUTE).is_some() {}
        while self.metrics.pop_front_if(|(at, _)| now.duration_since(*at) >= TEN_MINUTES).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn calls_count_for_a_minute_and_metrics_for_ten() {
        let meter = Meter::default();
        meter.call(Action::ListServices, at(0));
        meter.call(Action::GetMetricData, at(30));
        meter.metrics(80, at(30));
        meter.throttled(at(30));
        let spent = meter.spent(at(59));
        assert_eq!((spent.calls_last_minute, spent.metrics_last_ten_minutes, spent.throttled), (2, 80, true));
        let spent = meter.spent(at(60));
        assert_eq!((spent.calls_last_minute, spent.throttled), (1, true));
        let spent = meter.spent(at(90));
        assert_eq!((spent.calls_last_minute, spent.metrics_last_ten_minutes, spent.throttled), (0, 80, false));
        assert_eq!(meter.spent(at(630)), Spent::default());
        assert_eq!(meter.totals()["ecs:ListServices"], 1);
    }

    #[test]
    fn what_was_spent_tells_when_it_is_over() {
        let meter = Meter::default();
        assert_eq!(meter.spent_until(at(0)), None);
        meter.call(Action::ListServices, at(0));
        meter.throttled(at(10));
        meter.call(Action::GetMetricData, at(30));
        meter.metrics(80, at(30));
        for (now, until) in [(30, 60), (59, 60), (60, 70), (70, 90), (90, 630), (629, 630)] {
            assert_eq!(meter.spent_until(at(now)), Some(at(until)), "{now}");
        }
        assert_eq!(meter.spent_until(at(630)), None);
    }
}

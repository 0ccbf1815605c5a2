//! Whether a web ACL blocks far more than at the same hours of earlier days.

use jiff::{SignedDuration, Timestamp};

/// The days before today whose same hours are compared with.
pub const BASELINE_DAYS: i64 = 7;
/// The length in seconds of the periods that are compared.
pub const BASELINE_PERIOD: u32 = 300;

/// How much of the present is looked at.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// How far on either side of the same time of an earlier day its usual traffic is taken from.
const AROUND: SignedDuration = SignedDuration::from_mins(30);
/// From so many times the usual on it is a spike.
const FACTOR: f64 = 3.0;
/// Fewer blocks a minute than this are no spike, whatever is usual.
const LEAST: f64 = 20.0;
const DAY: i64 = 24 * 60 * 60;

/// Says that far more is blocked than usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Requests blocked a minute, now.
    pub now: f64,
    /// Requests blocked a minute at this time of earlier days.
    pub usual: f64,
    /// How many times the usual that is; `None` where usually nothing at all is blocked.
    pub factor: Option<f64>,
    /// How many earlier days there is data of.
    pub days: usize,
    /// When it began.
    pub since: Timestamp,
}

/// Compares what is blocked now with the same hours of earlier days.
///
/// `points` are sums of `BlockedRequests` over periods of [`BASELINE_PERIOD`] seconds: start in Unix seconds, and
/// requests. A period that published nothing blocked nothing, but only back to `known_from`: what lies before that was
/// not watched, and is no usual.
///
/// The usual of a day is its mean within half an hour of the same time; the usual of all days is their median, so that
/// one earlier attack does not make this one look small. It is a spike where the last quarter of an hour has three times
/// the usual and at least 20 blocks a minute. The periods before it belong to it as long as they too are so far beyond
/// the usual.
pub fn spike(points: &[(i64, f64)], known_from: Timestamp, now: Timestamp) -> Option<Spike> {
    let period = i64::from(BASELINE_PERIOD);
    let end = now.as_second().div_euclid(period) * period;
    let present = per_minute(points, end - WINDOW.as_secs(), end);
    // A period that is not over yet counts as well: an attack that has just begun is seen at once.
    let latest = per_minute(points, end, now.as_second().max(end + 60));
    let present = present.max(latest);
    let (usual, days) = usual(points, known_from, end)?;
    let is_beyond = |rate: f64| rate >= LEAST && rate >= usual * FACTOR;
    if !is_beyond(present) {
        return None;
    }
    let mut since = end;
    while since - period >= end - DAY && is_beyond(per_minute(points, since - period, since)) {
        since -= period;
    }
    let factor = (usual > 0.0).then(|| present / usual);
    Some(Spike { now: present, usual, factor, days, since: Timestamp::from_second(since).unwrap_or(now) })
}

/// Returns what is blocked a minute around the same time of earlier days: the median of the days, and how many they are.
fn usual(points: &[(i64, f64)], known_from: Timestamp, end: i64) -> Option<(f64, usize)> {
    let around = AROUND.as_secs();
    let mut days: Vec<f64> = (1..=BASELINE_DAYS)
        .map(|day| end - day * DAY)
        .filter(|then| then - around >= known_from.as_second())
        .map(|then| per_minute(points, then - around, then + around))
        .collect();
    days.sort_by(f64::total_cmp);
    let middle = days.len() / 2;
    match days.len() {
        0 => None,
        even if even % 2 == 0 => Some((f64::midpoint(days[middle - 1], days[middle]), even)),
        odd => Some((days[middle], odd)),
    }
}

/// Returns the requests a minute in a span; points are of periods that begin in it.
#[expect(clippy::cast_precision_loss, reason = "spans of seconds are far below 2^53")]
fn per_minute(points: &[(i64, f64)], from: i64, to: i64) -> f64 {
    let first = points.partition_point(|(at, _)| *at < from);
    let sum: f64 = points[first..].iter().take_while(|(at, _)| *at < to).map(|(_, requests)| requests).sum();
    sum / ((to - from).max(60) as f64 / 60.0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// Makes a week at a rate a minute, and the present at another one for so many minutes.
    fn points(usual: f64, present: f64, minutes: i64) -> Vec<(i64, f64)> {
        let period = i64::from(BASELINE_PERIOD);
        let end = NOW.div_euclid(period) * period;
        let mut points = Vec::new();
        let mut at = end - 8 * DAY;
        while at < end {
            let rate = if at >= end - minutes * 60 { present } else { usual };
            if rate > 0.0 {
                points.push((at, rate * 5.0));
            }
            at += period;
        }
        points
    }

    fn judged(points: &[(i64, f64)]) -> Option<Spike> {
        let at = |second| Timestamp::from_second(second).unwrap();
        spike(points, at(NOW - 8 * DAY), at(NOW))
    }

    #[rstest]
    #[case::fourteen_times(10.0, 140.0, 20, Some(14.0))]
    #[case::from_nothing(0.0, 140.0, 20, Some(f64::INFINITY))]
    #[case::twice_is_a_busy_day(100.0, 200.0, 20, None)]
    #[case::little_is_no_spike(0.1, 5.0, 20, None)]
    #[case::quiet(0.0, 0.0, 20, None)]
    #[case::over(10.0, 140.0, 0, None)]
    fn a_spike_is_far_beyond_the_usual(
        #[case] usual: f64,
        #[case] present: f64,
        #[case] minutes: i64,
        #[case] factor: Option<f64>,
    ) {
        let found = judged(&points(usual, present, minutes));
        assert_eq!(found.map(|spike| spike.factor.map_or(f64::INFINITY, f64::round)), factor);
        if let Some(spike) = found {
            assert_eq!((NOW - spike.since.as_second()) / 60, minutes);
            assert_eq!(spike.days, 7);
        }
    }

    #[test]
    fn one_earlier_attack_does_not_hide_this_one() {
        let mut points = points(10.0, 140.0, 20);
        for (at, requests) in &mut points {
            if (NOW - *at - 3 * DAY).abs() < 3_600 {
                *requests = 10_000.0;
            }
        }
        assert!(judged(&points).is_some_and(|spike| spike.factor.is_some_and(|factor| factor > 13.0)));
    }

    #[test]
    fn what_was_not_watched_is_no_usual() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let points = points(0.0, 140.0, 20);
        assert_eq!(spike(&points, at(NOW - DAY / 2), at(NOW)), None);
        let found = spike(&points, at(NOW - 3 * DAY), at(NOW)).unwrap();
        assert_eq!(found.days, 2);
    }

    #[test]
    fn an_attack_that_has_just_begun_is_seen() {
        let period = i64::from(BASELINE_PERIOD);
        let end = NOW.div_euclid(period) * period;
        let mut points = points(10.0, 10.0, 0);
        points.push((end, 400.0));
        assert!(judged(&points).is_some());
    }
}

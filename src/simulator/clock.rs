//! Story time: when the simulated account believes it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Milliseconds since 1970-01-01T00:00:00Z: the simulator's arithmetic of time.
pub type Millis = i64;

/// One second of [`Millis`].
pub const SECOND: Millis = 1_000;
/// One minute of [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;
/// One hour of [`Millis`].
pub const HOUR: Millis = 60 * MINUTE;
/// One day of [`Millis`].
pub const DAY: Millis = 24 * HOUR;

/// How story time passes.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// Story time is real time: the account lives while one watches.
    #[default]
    Wall,
    /// Nothing moves: for screenshots.
    Frozen(Timestamp),
    /// A test moves it.
    Manual(Arc<ManualClock>),
}

impl Clock {
    /// Reads story time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall => Timestamp::now(),
            Self::Frozen(at) => *at,
            Self::Manual(clock) => clock.now(),
        }
    }
}

/// A clock that stands until it is told to move.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at a time (kept in whole milliseconds).
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_millisecond()))
    }

    /// Moves forward; a negative duration does nothing, for a story is never told backwards.
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(millis(by).max(0), Ordering::SeqCst);
    }

    /// Reads the time.
    pub fn now(&self) -> Timestamp {
        timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Rounds a duration down to whole milliseconds, held at what 64 bits can say.
pub fn millis(duration: SignedDuration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(if duration.is_negative() { Millis::MIN } else { Millis::MAX })
}

/// Turns milliseconds into seconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any real date fit a double exactly")]
pub fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1_000.0
}

/// Turns milliseconds into a timestamp, held at the ends of what a timestamp can say.
pub fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Writes a time as `2026-11-22T01:27:03.123+0000`, the form inside CloudWatch's state reasons.
pub fn cloudwatch_time(at: Millis) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// Writes a time as `2026-11-22T01:27:03.123Z`, the form of findings.
pub fn iso_time(at: Millis) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_only_goes_forward() {
        let clock = ManualClock::new(timestamp(1_000));
        clock.advance(SignedDuration::from_secs(5));
        clock.advance(SignedDuration::from_secs(-60));
        assert_eq!(clock.now().as_millisecond(), 6_000);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        assert_eq!(timestamp(Millis::MAX), Timestamp::MAX);
        assert_eq!(timestamp(Millis::MIN), Timestamp::MIN);
        assert_eq!(millis(SignedDuration::MAX), Millis::MAX);
        assert_eq!(millis(SignedDuration::MIN), Millis::MIN);
    }

    #[test]
    fn cloudwatch_writes_its_times_so() {
        assert_eq!(cloudwatch_time(1_795_310_823_123), "2026-11-22T01:27:03.123+0000");
        assert_eq!(iso_time(1_795_310_823_123), "2026-11-22T01:27:03.123Z");
    }
}

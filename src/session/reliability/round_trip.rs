//! How long an acknowledgement takes, and how long to wait for one.

use std::time::{Duration, Instant};

/// What is assumed before anything was measured.
const FIRST: Duration = Duration::from_millis(100);

/// What is waited for an acknowledgement before anything was measured.
const FIRST_TIMEOUT: Duration = Duration::from_millis(200);

/// The least that is granted beyond the round trip.
const CLOCK: Duration = Duration::from_millis(10);

/// The longest wait for an acknowledgement, before it is doubled for a silent far side.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);

/// For how long the shortest round trip counts: the way may become a longer one.
const MEMORY: Duration = Duration::from_secs(10);

/// The round trip, smoothed as RFC 6298 and the official agents do it.
#[derive(Debug, Clone, Default)]
pub struct RoundTrip {
    /// What decides how long to wait; it comes down from [`FIRST`].
    cautious: Option<Duration>,
    /// The same, but from the first measurement on: what is told and compared.
    smoothed: Option<Duration>,
    variation: Duration,
    shortest: Option<Duration>,
    /// The shortest since the given moment; it takes the other's place when that is forgotten.
    recent: Option<(Instant, Duration)>,
}

impl RoundTrip {
    /// Takes one measurement.
    pub fn measure(&mut self, taken: Duration, now: Instant) {
        let before = self.cautious.unwrap_or(FIRST);
        self.variation = self.variation * 3 / 4 + before.abs_diff(taken) / 4;
        self.cautious = Some(before * 7 / 8 + taken / 8);
        self.smoothed = Some(self.smoothed.map_or(taken, |before| before * 7 / 8 + taken / 8));
        self.shortest = Some(self.shortest.map_or(taken, |shortest| shortest.min(taken)));
        match &mut self.recent {
            Some((since, shortest)) if now.saturating_duration_since(*since) < MEMORY => {
                *shortest = taken.min(*shortest);
            }
            Some((since, shortest)) => {
                self.shortest = Some(taken.min(*shortest));
                (*since, *shortest) = (now, taken);
            }
            None => self.recent = Some((now, taken)),
        }
    }

    /// Returns the smoothed round trip, where one was measured.
    pub fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// Returns the shortest round trip of the last seconds.
    pub fn shortest(&self) -> Duration {
        self.shortest.unwrap_or_default()
    }

    /// Returns how much longer than the shortest the round trip is: what waits on the way.
    pub fn queued(&self) -> Duration {
        self.smoothed.unwrap_or_default().saturating_sub(self.shortest())
    }

    /// Returns how long to wait for an acknowledgement.
    pub fn timeout(&self) -> Duration {
        match self.cautious {
            Some(cautious) => (cautious + CLOCK.max(self.variation * 4)).min(LONGEST_TIMEOUT),
            None => FIRST_TIMEOUT,
        }
    }

    /// Forgets how long the way was: it is another one now.
    pub fn forget_way(&mut self) {
        (self.shortest, self.recent) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn it_begins_and_goes_on_as_the_agents_do() {
        let mut trip = RoundTrip::default();
        assert_eq!(trip.timeout(), 200 * MS);
        trip.measure(20 * MS, Instant::now());
        // 7/8 of 100 and 1/8 of 20; a quarter of what they differ by.
        assert_eq!((trip.smoothed(), trip.timeout()), (Some(20 * MS), 90 * MS + 80 * MS));
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let now = Instant::now();
        let mut trip = RoundTrip::default();
        (0..1_000).for_each(|_| trip.measure(MS, now));
        assert!(trip.timeout() >= 10 * MS && trip.timeout() < 13 * MS, "{:?}", trip.timeout());
        (0..100).for_each(|_| trip.measure(9_000 * MS, now));
        assert_eq!(trip.timeout(), LONGEST_TIMEOUT);
    }

    #[test]
    fn a_longer_way_is_taken_for_one_after_a_while() {
        let now = Instant::now();
        let mut trip = RoundTrip::default();
        trip.measure(10 * MS, now);
        (0..100).for_each(|_| trip.measure(300 * MS, now + 5 * Duration::from_secs(1)));
        assert!(trip.queued() > 250 * MS);
        trip.measure(300 * MS, now + MEMORY);
        trip.measure(300 * MS, now + 2 * MEMORY);
        assert_eq!((trip.shortest(), trip.queued() < 10 * MS), (300 * MS, true));
    }
}

//! The clock that everything of ours is stamped and planned by.
//!
//! Sockets keep real time, whatever this clock says: a test can let five minutes pass at once and still speak to a
//! real server.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::aws::Now;

/// The longest sleep before a real clock is read again, since a machine that was suspended did not count the time.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What moments are counted from.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Names a moment that nobody can move: a clock that is set, forward or back, has nothing to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(SignedDuration);

impl Moment {
    /// Returns the moment so much later, or earlier.
    #[must_use]
    pub fn after(self, by: SignedDuration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// What a clock that is set by hand shows, and how far it has gone forward in all.
#[derive(Debug, Clone, Copy)]
struct Shown {
    now: Timestamp,
    passed: SignedDuration,
}

/// Tells the time; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The time of a clock that is set by hand; none for the machine's.
    by_hand: Option<Arc<watch::Sender<Shown>>>,
}

/// Moves a clock that is set by hand.
#[derive(Debug, Clone)]
pub struct Hand(Arc<watch::Sender<Shown>>);

impl Clock {
    /// Returns the machine's clock.
    pub fn real() -> Self {
        Self::default()
    }

    /// Returns a clock that stands at a time until it is moved, and the hand that moves it.
    pub fn manual(at: Timestamp) -> (Self, Hand) {
        let time = Arc::new(watch::Sender::new(Shown { now: at, passed: SignedDuration::ZERO }));
        let clock = Self { by_hand: Some(Arc::clone(&time)) };
        (clock, Hand(time))
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        self.by_hand.as_ref().map_or_else(Timestamp::now, |time| time.borrow().now)
    }

    /// Returns the moment that it is. A machine that is suspended need not count the time.
    pub fn moment(&self) -> Moment {
        let passed = || SignedDuration::try_from(BEGINNING.elapsed()).unwrap_or(SignedDuration::MAX);
        Moment(self.by_hand.as_ref().map_or_else(passed, |time| time.borrow().passed))
    }

    /// Waits until the clock shows a time.
    pub async fn sleep_until(&self, at: Timestamp) {
        if let Some(time) = &self.by_hand {
            // The sender is ours, so that waiting cannot end in an error.
            let _ = time.subscribe().wait_for(|shown| shown.now >= at).await;
            return;
        }
        while let Ok(left) = Duration::try_from(at.duration_since(self.now())) {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }

    /// Waits until the clock shows a time or a moment has come: whoever sets the clock back gets no more time by it.
    pub async fn sleep_until_either(&self, at: Timestamp, moment: Moment) {
        if let Some(time) = &self.by_hand {
            let _ = time.subscribe().wait_for(|shown| shown.now >= at || shown.passed >= moment.0).await;
            return;
        }
        let left = Duration::try_from(moment.0.saturating_sub(self.moment().0)).unwrap_or_default();
        tokio::select! {
            () = self.sleep_until(at) => {}
            () = tokio::time::sleep(left) => {}
        }
    }

    /// Returns the clock as the AWS room wants it.
    pub fn to_now(&self) -> Now {
        let clock = self.clone();
        Now::new(move || clock.now())
    }
}

impl Hand {
    /// Moves the clock on.
    pub fn advance(&self, by: SignedDuration) {
        self.0.send_modify(|shown| shown.go_to(shown.now.saturating_add(by).unwrap_or(shown.now)));
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.send_modify(|shown| shown.go_to(at));
    }
}

impl Shown {
    fn go_to(&mut self, at: Timestamp) {
        self.passed = self.passed.saturating_add(at.duration_since(self.now).max(SignedDuration::ZERO));
        self.now = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_set_by_hand_wakes_its_sleepers() {
        let (clock, hand) = Clock::manual(Timestamp::UNIX_EPOCH);
        let until = Timestamp::from_second(60).unwrap();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(until).await }
        });
        hand.advance(SignedDuration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hand.advance(SignedDuration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), until);
        hand.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.to_now().get(), Timestamp::UNIX_EPOCH);
    }

    #[tokio::test]
    async fn a_moment_comes_although_the_clock_is_set_back() {
        let (clock, hand) = Clock::manual(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9));
        let (at, moment) =
            (clock.now() + SignedDuration::from_mins(30), clock.moment().after(SignedDuration::from_mins(30)));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until_either(at, moment).await }
        });
        hand.advance(SignedDuration::from_mins(20));
        hand.set(Timestamp::UNIX_EPOCH);
        hand.advance(SignedDuration::from_mins(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hand.advance(SignedDuration::from_mins(1));
        sleeper.await.unwrap();
        // The machine's own clock is not set here; its moments pass all the same.
        let real = Clock::real();
        let soon = real.moment().after(SignedDuration::from_millis(5));
        real.sleep_until_either(Timestamp::MAX, soon).await;
        assert!(real.moment() >= soon);
    }

    #[tokio::test]
    async fn a_real_clock_does_not_wait_for_the_past() {
        let clock = Clock::real();
        let before = clock.now();
        clock.sleep_until(Timestamp::UNIX_EPOCH).await;
        clock.sleep_until(before + SignedDuration::from_millis(5)).await;
        assert!(clock.now() >= before + SignedDuration::from_millis(5));
    }
}

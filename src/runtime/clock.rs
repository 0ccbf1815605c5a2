//! The clock that everything of ours is stamped and planned by.
//!
//! Sockets keep real time, whatever this clock says: a test can let five minutes pass at once and still speak to a
//! real server.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::aws::Now;

/// The longest sleep before a real clock is read again, since a machine that was suspended did not count the time.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Tells the time; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The time of a clock that is set by hand; none for the machine's.
    by_hand: Option<Arc<watch::Sender<Timestamp>>>,
}

/// Moves a clock that is set by hand.
#[derive(Debug, Clone)]
pub struct Hand(Arc<watch::Sender<Timestamp>>);

impl Clock {
    /// Returns the machine's clock.
    pub fn real() -> Self {
        Self::default()
    }

    /// Returns a clock that stands at a time until it is moved, and the hand that moves it.
    pub fn manual(at: Timestamp) -> (Self, Hand) {
        let time = Arc::new(watch::Sender::new(at));
        let clock = Self { by_hand: Some(Arc::clone(&time)) };
        (clock, Hand(time))
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        self.by_hand.as_ref().map_or_else(Timestamp::now, |time| *time.borrow())
    }

    /// Waits until the clock shows a time.
    pub async fn sleep_until(&self, at: Timestamp) {
        if let Some(time) = &self.by_hand {
            // The sender is ours, so that waiting cannot end in an error.
            let _ = time.subscribe().wait_for(|now| *now >= at).await;
            return;
        }
        while let Ok(left) = Duration::try_from(at.duration_since(self.now())) {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
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
        self.0.send_modify(|now| *now = now.saturating_add(by).unwrap_or(*now));
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.send_replace(at);
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
    async fn a_real_clock_does_not_wait_for_the_past() {
        let clock = Clock::real();
        let before = clock.now();
        clock.sleep_until(Timestamp::UNIX_EPOCH).await;
        clock.sleep_until(before + SignedDuration::from_millis(5)).await;
        assert!(clock.now() >= before + SignedDuration::from_millis(5));
    }
}

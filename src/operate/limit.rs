//! The time limit of an operation.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use crate::{
    domain::session::SessionReport,
    runtime::clock::{Clock, Moment},
};

use super::tape::Tape;

/// How long before its end a person is warned, the earliest first.
const WARNINGS: [SignedDuration; 2] = [SignedDuration::from_mins(5), SignedDuration::from_mins(1)];

/// Keeps a time limit by the clock that is given, and by the time that passes: to set the clock back makes none longer.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    clock: Clock,
    /// When it is reached; never where there is none.
    pub(super) ends_at: Option<Timestamp>,
    /// By when it is reached at the latest, whatever the clock shows then.
    ends_by: Moment,
}

impl Limit {
    /// Begins to count now.
    pub(super) fn new(clock: Clock, limit: Option<SignedDuration>) -> Self {
        let ends_at = limit.map(|limit| clock.now().saturating_add(limit).unwrap_or(Timestamp::MAX));
        let ends_by = clock.moment().after(limit.unwrap_or(SignedDuration::MAX));
        Self { clock, ends_at, ends_by }
    }

    /// Tells whether the limit is reached.
    pub(super) fn is_reached(&self) -> bool {
        let clock = &self.clock;
        self.ends_at.is_some_and(|ends_at| clock.now() >= ends_at || clock.moment() >= self.ends_by)
    }

    /// Waits until the limit is reached.
    pub(super) async fn reached(&self) {
        match self.ends_at {
            Some(ends_at) => self.clock.sleep_until_either(ends_at, self.ends_by).await,
            None => std::future::pending().await,
        }
    }

    /// Tells and records the time that is left, each time that a warning is due, and never returns.
    pub(super) async fn warn(&self, reports: &mpsc::Sender<SessionReport>, tape: &Tape) {
        if let Some(ends_at) = self.ends_at {
            let now = self.clock.now();
            for left in WARNINGS.into_iter().filter(|left| ends_at.duration_since(now) >= *left) {
                let at = ends_at.saturating_sub(left).unwrap_or(Timestamp::MIN);
                self.clock.sleep_until_either(at, self.ends_by.after(-left)).await;
                tape.warned(left).await;
                // Where nobody listens any more, that ends the session elsewhere.
                let _ = reports.send(SessionReport::Warning { left }).await;
            }
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn warned(told: &mut mpsc::Receiver<SessionReport>) -> SignedDuration {
        match tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap() {
            Some(SessionReport::Warning { left }) => left,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_person_is_warned_twice_and_then_it_is_over() {
        let (clock, hand) = Clock::manual(Timestamp::UNIX_EPOCH);
        let tape = Tape::none(clock.clone());
        let limit = Limit::new(clock, Some(SignedDuration::from_mins(30)));
        let (tell, mut told) = mpsc::channel(8);
        let (warning, reached) = (limit.clone(), limit.clone());
        let warning = tokio::spawn(async move { warning.warn(&tell, &tape).await });
        let reached = tokio::spawn(async move { reached.reached().await });
        for (minutes, left) in [(25, 5), (4, 1)] {
            hand.advance(SignedDuration::from_mins(minutes));
            assert_eq!(warned(&mut told).await, SignedDuration::from_mins(left));
        }
        assert!(!reached.is_finished());
        hand.advance(SignedDuration::from_mins(1));
        tokio::time::timeout(Duration::from_secs(10), reached).await.unwrap().unwrap();
        warning.abort();
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_gives_nobody_more_time() {
        let (clock, hand) = Clock::manual(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9));
        let tape = Tape::none(clock.clone());
        let limit = Limit::new(clock, Some(SignedDuration::from_mins(30)));
        let (tell, mut told) = mpsc::channel(8);
        let (warning, reached) = (limit.clone(), limit.clone());
        let warning = tokio::spawn(async move { warning.warn(&tell, &tape).await });
        let reached = tokio::spawn(async move { reached.reached().await });
        hand.advance(SignedDuration::from_mins(20));
        hand.set(Timestamp::UNIX_EPOCH);
        for (minutes, left) in [(5, 5), (4, 1)] {
            hand.advance(SignedDuration::from_mins(minutes));
            assert_eq!(warned(&mut told).await, SignedDuration::from_mins(left));
        }
        assert!(!reached.is_finished());
        hand.advance(SignedDuration::from_mins(1));
        tokio::time::timeout(Duration::from_secs(10), reached).await.unwrap().unwrap();
        warning.abort();
    }

    #[tokio::test]
    async fn a_short_one_has_no_warning_that_is_past_and_none_never_ends() {
        let (clock, hand) = Clock::manual(Timestamp::UNIX_EPOCH);
        let (tell, mut told) = mpsc::channel(8);
        let tape = Tape::none(clock.clone());
        let short = Limit::new(clock.clone(), Some(SignedDuration::from_mins(2)));
        let warning = tokio::spawn(async move { short.warn(&tell, &tape).await });
        tokio::task::yield_now().await;
        hand.advance(SignedDuration::from_secs(61));
        assert_eq!(warned(&mut told).await, SignedDuration::from_mins(1));
        warning.abort();
        let none = Limit::new(clock, None);
        hand.advance(SignedDuration::from_hours(1_000));
        assert!(tokio::time::timeout(Duration::from_millis(20), none.reached()).await.is_err());
    }
}

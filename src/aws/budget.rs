//! Token buckets: how fast this program may call, which is half as fast as AWS would let it.
//!
//! The console and the pipelines of a team share an account's quotas. Taking half leaves the other half to them, and
//! on throttling the rate halves again, because then somebody else needs more than that.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::action::{Family, Quota};

/// The share of AWS's quota that this program takes.
const SHARE: f64 = 0.5;
/// The least part of that share that throttling can leave.
const LEAST: f64 = 1.0 / 16.0;
/// How long a rate that throttling brought down to nothing would take to recover.
const RECOVERY: Duration = Duration::from_mins(5);

/// Holds the tokens of one family in one account and region.
///
/// Tokens may go below zero: a call takes its token at once and waits until the bucket is level again. Calls so go out
/// in the order in which they asked.
#[derive(Debug)]
struct Bucket {
    quota: Quota,
    tokens: f64,
    /// The part of the share that throttling left, from [`LEAST`] to 1.
    factor: f64,
    at: Instant,
}

impl Bucket {
    fn new(quota: Quota, now: Instant) -> Self {
        let quota = Quota { burst: (quota.burst * SHARE).max(1.0), rate: quota.rate * SHARE };
        Self { quota, tokens: quota.burst, factor: 1.0, at: now }
    }

    /// Takes one token and returns how long to wait before it may be used.
    fn take(&mut self, now: Instant) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(-self.tokens / (self.quota.rate * self.factor))
        }
    }

    /// Halves the rate and drops what was saved up.
    fn throttle(&mut self, now: Instant) {
        self.refill(now);
        self.factor = (self.factor / 2.0).max(LEAST);
        self.tokens = self.tokens.min(0.0);
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        let refilled = self.tokens + elapsed * self.quota.rate * self.factor;
        self.tokens = refilled.min(self.quota.burst);
        self.factor = (self.factor + elapsed / RECOVERY.as_secs_f64()).min(1.0);
    }
}

/// Holds the buckets of one account and region.
#[derive(Debug)]
pub(super) struct Budget {
    buckets: Mutex<[Bucket; Family::COUNT]>,
}

impl Budget {
    /// Makes full buckets.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { buckets: Mutex::new(Family::ALL.map(|family| Bucket::new(family.quota(), now))) }
    }

    /// Waits until a call of the family may go out.
    ///
    /// A call that is given up while it waits has spent its token.
    pub(super) async fn leave(&self, family: Family) {
        let wait = self.with(family, Bucket::take);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Notes that AWS throttled a call of the family.
    pub(super) fn throttled(&self, family: Family) {
        self.with(family, Bucket::throttle);
    }

    fn with<T>(&self, family: Family, change: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut buckets[family as usize], Instant::now())
    }
}

/// Returns how long to wait before a call is tried again: anything up to a bound that doubles with each try.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter).
pub(super) fn full_jitter(tries: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(5);
    let bound = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(LONGEST);
    bound.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { burst: 20.0, rate: 10.0 };

    #[test]
    fn half_the_burst_is_free_and_then_the_rate_halves() {
        let start = Instant::now();
        let mut bucket = Bucket::new(QUOTA, start);
        for _ in 0..10 {
            assert_eq!(bucket.take(start), Duration::ZERO);
        }
        assert_eq!(bucket.take(start), Duration::from_millis(200));
        assert_eq!(bucket.take(start), Duration::from_millis(400));
        assert_eq!(bucket.take(start + Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn a_bucket_does_not_overflow() {
        let start = Instant::now();
        let mut bucket = Bucket::new(QUOTA, start);
        let later = start + Duration::from_hours(1);
        let free = (0..100).filter(|_| bucket.take(later).is_zero()).count();
        assert_eq!(free, 10);
    }

    #[test]
    fn throttling_halves_the_rate_down_to_a_floor_and_time_mends_it() {
        let start = Instant::now();
        let mut bucket = Bucket::new(QUOTA, start);
        bucket.throttle(start);
        assert_eq!(bucket.take(start), Duration::from_millis(400));
        for _ in 0..20 {
            bucket.throttle(start);
        }
        assert!((bucket.factor - LEAST).abs() < f64::EPSILON);
        bucket.refill(start + Duration::from_mins(10));
        assert!((bucket.factor - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_quota_below_two_still_lets_one_call_out() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Quota { burst: 1.0, rate: 1.0 }, start);
        assert_eq!(bucket.take(start), Duration::ZERO);
        assert_eq!(bucket.take(start), Duration::from_secs(2));
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_no_tokens() {
        let before = Instant::now();
        let start = before + Duration::from_secs(5);
        let mut bucket = Bucket::new(QUOTA, start);
        for _ in 0..10 {
            bucket.take(start);
        }
        assert!(bucket.take(before) > Duration::ZERO);
        assert!(bucket.take(start) > Duration::ZERO);
    }

    #[test]
    fn jitter_grows_and_is_bounded() {
        for _ in 0..100 {
            assert!(full_jitter(1) <= Duration::from_millis(200));
            assert!(full_jitter(3) <= Duration::from_millis(800));
            assert!(full_jitter(u32::MAX) <= Duration::from_secs(5));
        }
    }
}

//! How often an action may be called: AWS's own quotas, per account and region, against the real time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::wire::Service;

/// A quota: so many calls a second, and so many at once after a rest.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Quota {
    rate: f64,
    burst: f64,
}

impl Quota {
    /// The quota of an action, where AWS publishes one that the account keeps.
    ///
    /// <https://docs.aws.amazon.com/waf/latest/developerguide/limits.html> names no burst: it is taken to be what a second
    /// allows. <https://docs.aws.amazon.com/securityhub/1.0/APIReference/Welcome.html>
    fn of(service: Service, operation: &str) -> Option<Self> {
        let (rate, burst) = match (service, operation) {
            (Service::Wafv2, "ListResourcesForWebACL") => (1.0, 1.0),
            (Service::Wafv2, _) => (5.0, 5.0),
            (Service::SecurityHub, "GetFindings") => (3.0, 6.0),
            (Service::SecurityHub, _) => (10.0, 30.0),
            _ => return None,
        };
        Some(Self { rate, burst })
    }
}

/// What is left of a quota, and since when.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    since: Instant,
}

impl Bucket {
    /// Takes a call out of the bucket, where there is one.
    fn take(&mut self, quota: Quota, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.left = (self.left + passed * quota.rate).min(quota.burst);
        self.since = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

/// The buckets of all accounts, regions and actions.
#[derive(Debug, Default)]
pub struct Quotas(Mutex<HashMap<String, Bucket>>);

impl Quotas {
    /// Whether a call is within its action's quota.
    pub fn allow(&self, service: Service, operation: &str, account: &str, region: &str) -> bool {
        let Some(quota) = Quota::of(service, operation) else { return true };
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{account}/{region}/{}:{operation}", service.prefix());
        buckets.entry(key).or_insert(Bucket { left: quota.burst, since: now }).take(quota, now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let quota = Quota::of(Service::SecurityHub, "GetFindings").unwrap();
        let start = Instant::now();
        let mut bucket = Bucket { left: quota.burst, since: start };
        assert_eq!((0..10).filter(|_| bucket.take(quota, start)).count(), 6);
        assert!(!bucket.take(quota, start + Duration::from_millis(300)));
        assert!(bucket.take(quota, start + Duration::from_millis(350)));
        let later = start + Duration::from_mins(1);
        assert_eq!((0..10).filter(|_| bucket.take(quota, later)).count(), 6, "a rest fills no more than the burst");
    }

    #[test]
    fn each_account_region_and_action_has_its_own() {
        let quotas = Quotas::default();
        let ask = |account, region, operation| quotas.allow(Service::Wafv2, operation, account, region);
        assert!(ask("1", "a", "ListResourcesForWebACL"));
        assert!(!ask("1", "a", "ListResourcesForWebACL"));
        assert!(ask("2", "a", "ListResourcesForWebACL") && ask("1", "b", "ListResourcesForWebACL"));
        assert!(ask("1", "a", "GetWebACL"));
        assert!((0..1_000).all(|_| quotas.allow(Service::Ecs, "ListServices", "1", "a")), "ECS is not counted here");
    }
}

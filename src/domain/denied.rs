//! What IAM denied, as it is remembered from one start of the program to the next.

use jiff::{SignedDuration, Timestamp};

/// How long a denial is remembered: whoever administers an account has seen to it by then, or nobody misses it.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The most denials that are remembered, the newest.
pub const MOST: usize = 500;

/// Says whom IAM allows or denies something, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Whom {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The caller's ARN without the name of a session: what a role may do, each of its sessions may.
    pub who: String,
}

/// Says on what somebody was allowed an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// On something, that is all that is known.
    Something,
    /// On a part of the account: a cluster, say, by its name.
    Part(&'a str),
    /// On just what was asked for.
    Wanted,
}

/// A call that IAM denied, once or several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Whom.
    pub whom: Whom,
    /// The action that is missing, such as `ecs:ListServices`.
    pub action: String,
    /// The one resource that it was denied on; none where it is denied on all, or AWS did not say.
    pub resource: Option<String>,
    /// When it was first denied.
    pub first: Timestamp,
    /// When it was last denied.
    pub last: Timestamp,
    /// How often.
    pub times: u64,
}

impl Denied {
    /// Makes one that was met once.
    pub fn once(whom: Whom, action: &str, resource: Option<&str>, at: Timestamp) -> Self {
        let (action, resource) = (action.to_owned(), resource.map(str::to_owned));
        Self { whom, action, resource, first: at, last: at, times: 1 }
    }

    /// Tells whether another one is of the same call.
    pub fn is_as(&self, other: &Self) -> bool {
        self.whom == other.whom && self.action == other.action && self.resource == other.resource
    }

    /// Tells whether it is none any more, now that its action was allowed.
    ///
    /// That an action is allowed somewhere says nothing of the one resource that it was denied on.
    pub fn is_settled_by(&self, on: On<'_>) -> bool {
        match (&self.resource, on) {
            (None, _) | (_, On::Wanted) => true,
            (Some(_), On::Something) => false,
            (Some(resource), On::Part(part)) => !part.is_empty() && resource.split([':', '/']).any(|name| name == part),
        }
    }

    /// Tells whether it is too old to be remembered.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) > KEPT
    }
}

/// Adds a denial to those that are remembered, the one that was met last at the end; what is too old or too much goes.
pub fn remember(known: &mut Vec<Denied>, met: Denied) {
    let now = met.last;
    let before = known.iter().position(|one| one.is_as(&met)).map(|at| known.remove(at));
    known.retain(|one| !one.is_over(now));
    let excess = (known.len() + 1).saturating_sub(MOST);
    known.drain(..excess);
    known.push(match before {
        Some(before) => Denied {
            first: before.first.min(met.first),
            last: before.last.max(met.last),
            times: before.times.saturating_add(met.times),
            ..met
        },
        None => met,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).unwrap()
    }

    fn met(action: &str, resource: Option<&str>, hour: i64) -> Denied {
        let whom = Whom { account: "1".to_owned(), region: "x".to_owned(), who: "me".to_owned() };
        Denied::once(whom, action, resource, at(hour))
    }

    #[test]
    fn a_denial_that_is_met_again_is_counted_and_comes_last() {
        let mut known = Vec::new();
        remember(&mut known, met("a:B", Some("r"), 1));
        remember(&mut known, met("a:B", None, 2));
        remember(&mut known, met("a:B", Some("r"), 3));
        assert_eq!(known.len(), 2);
        let last = known.last().unwrap();
        assert_eq!((last.resource.as_deref(), last.times), (Some("r"), 2));
        assert_eq!((last.first, last.last), (at(1), at(3)));
    }

    #[test]
    fn what_is_allowed_settles_what_it_is_about_and_nothing_else() {
        let cluster = met("ecs:ListServices", Some("arn:aws:ecs:x:1:cluster/shop-prd"), 1);
        let service = met("ecs:DescribeServices", Some("arn:aws:ecs:x:1:service/shop-prd/web"), 1);
        for denied in [&cluster, &service] {
            assert!(denied.is_settled_by(On::Part("shop-prd")) && denied.is_settled_by(On::Wanted));
            for on in [On::Something, On::Part(""), On::Part("shop"), On::Part("shop-dev")] {
                assert!(!denied.is_settled_by(on), "{on:?}");
            }
        }
        assert!(met("ecs:ListClusters", None, 1).is_settled_by(On::Something));
    }

    #[test]
    fn what_is_old_goes_and_what_is_many_is_bounded() {
        let mut known = Vec::new();
        remember(&mut known, met("old:One", None, 0));
        for number in 0..MOST + 3 {
            remember(&mut known, met(&format!("a:B{number}"), None, 31 * 24));
        }
        assert_eq!(known.len(), MOST);
        assert!(!known.iter().any(|one| one.action == "old:One" || one.action == "a:B2"));
        assert!(known.iter().any(|one| one.action == "a:B3"));
    }
}

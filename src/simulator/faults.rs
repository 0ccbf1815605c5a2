//! What can be made to go wrong between the console and the account.

use std::sync::Mutex;

use serde::Deserialize;

use super::clock::Millis;
use super::random::{Dice, unit};
use super::scenario::Span;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Answered with the protocol's own throttling error.
    Throttle,
    /// Answered with AWS's words for a missing permission.
    Deny,
    /// Answered, but late (`by`).
    Delay,
    /// Answered with a bare HTTP status (`status`).
    Status,
    /// Answered with 200 and a body that is no answer.
    Malformed,
    /// The connection ends in the middle of the body.
    Cut,
    /// The credentials are called expired.
    Expire,
}

/// A fault, as a scenario or `POST /_simulator/faults` writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Which calls: `ecs:ListServices`, `ecs:*` or `*`.
    #[serde(default = "every_action")]
    pub action: String,
    /// Only calls to this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Only calls to this region.
    #[serde(default)]
    pub region: Option<String>,
    /// When it begins: after the story's start, or after it was injected.
    #[serde(default)]
    pub at: Span,
    /// How long it lasts; until cleared if not said.
    #[serde(default, rename = "for")]
    pub lasts: Option<Span>,
    /// How late a delayed answer is.
    #[serde(default)]
    pub by: Option<Span>,
    /// The HTTP status of a `status` fault; 503 if not said.
    #[serde(default)]
    pub status: Option<u16>,
    /// The part of the calls it meets, 0 to 1; all if not said.
    #[serde(default)]
    pub probability: Option<f64>,
    /// How many calls it meets before it is spent; any number if not said.
    #[serde(default)]
    pub count: Option<u32>,
}

fn every_action() -> String {
    "*".to_owned()
}

impl Fault {
    /// Makes a fault of a kind that meets every call of an action, from now on until cleared.
    pub fn new(kind: FaultKind, action: impl Into<String>) -> Self {
        Self {
            kind,
            action: action.into(),
            account: None,
            region: None,
            at: Span::default(),
            lasts: None,
            by: None,
            status: None,
            probability: None,
            count: None,
        }
    }

    /// Limits it to so many calls.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Limits it to calls to one account.
    #[must_use]
    pub fn in_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets how long it lasts.
    #[must_use]
    pub fn lasting(mut self, span: impl Into<Span>) -> Self {
        self.lasts = Some(span.into());
        self
    }

    /// Sets how late a delayed answer is.
    #[must_use]
    pub fn by(mut self, span: impl Into<Span>) -> Self {
        self.by = Some(span.into());
        self
    }

    /// Says what is wrong with it, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        if self.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Some("`probability` must be from 0 to 1".to_owned());
        }
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Some("`status` must be from 400 to 599".to_owned());
        }
        if self.kind == FaultKind::Delay && self.by.is_none_or(|by| by.millis() < 0) {
            return Some("a delay needs `by`, such as by = \"1.5s\"".to_owned());
        }
        if self.kind != FaultKind::Status && self.status.is_some() {
            return Some("only a fault of kind \"status\" has a `status`".to_owned());
        }
        let known = self.action == "*"
            || self.action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        (!known).then(|| format!("`{}` is no action: write ecs:ListServices, ecs:* or *", self.action))
    }

    /// Whether it is meant for this call.
    fn matches(&self, call: &Called<'_>) -> bool {
        let action = match self.action.strip_suffix('*') {
            Some(prefix) => call.action.starts_with(prefix),
            None => self.action == call.action,
        };
        action
            && self.account.as_deref().is_none_or(|account| account == call.account)
            && self.region.as_deref().is_none_or(|region| region == call.region)
    }
}

/// What the faults need to know about a call.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    pub action: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub now: Millis,
}

/// What the faults do to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// How late it is answered, in milliseconds.
    pub delay: Millis,
    /// What else happens, and the status where it is one.
    pub kind: Option<(FaultKind, u16)>,
}

/// The faults in force.
#[derive(Debug)]
pub struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    armed: Vec<Armed>,
    dice: Dice,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    from: Millis,
    until: Millis,
    left: Option<u32>,
}

impl Faults {
    /// Arms a scenario's own faults from the story's start.
    pub fn new(seed: u64, start: Millis, faults: &[Fault]) -> Self {
        let armed = faults.iter().map(|fault| Armed::new(fault.clone(), start)).collect();
        Self { inner: Mutex::new(Inner { armed, dice: Dice::new(seed, &["faults"]) }) }
    }

    /// Adds one, counted from `now`.
    pub fn inject(&self, fault: Fault, now: Millis) {
        let mut inner = self.lock();
        inner.disarm(now);
        inner.armed.push(Armed::new(fault, now));
    }

    /// Takes all of them away, the scenario's as well.
    pub fn clear(&self) {
        self.lock().armed.clear();
    }

    /// Decides what happens to a call: delays add up, of the others the first one counts.
    pub fn meet(&self, call: &Called<'_>) -> Harm {
        let mut inner = self.lock();
        inner.disarm(call.now);
        let Inner { armed, dice } = &mut *inner;
        let mut harm = Harm::default();
        for one in armed.iter_mut() {
            if call.now < one.from || !one.fault.matches(call) {
                continue;
            }
            let is_delay = one.fault.kind == FaultKind::Delay;
            if !is_delay && harm.kind.is_some() {
                continue;
            }
            if one.fault.probability.is_some_and(|part| unit(dice.draw()) >= part) {
                continue;
            }
            one.left = one.left.map(|left| left - 1);
            if is_delay {
                harm.delay = harm.delay.saturating_add(one.fault.by.unwrap_or_default().millis());
            } else {
                harm.kind = Some((one.fault.kind, one.fault.status.unwrap_or(503)));
            }
        }
        harm
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    /// Drops what is spent or over; story time does not run backwards.
    fn disarm(&mut self, now: Millis) {
        self.armed.retain(|one| now < one.until && one.left != Some(0));
    }
}

impl Armed {
    fn new(fault: Fault, since: Millis) -> Self {
        let from = since.saturating_add(fault.at.millis());
        let until = fault.lasts.map_or(Millis::MAX, |lasts| from.saturating_add(lasts.millis()));
        Self { left: fault.count, fault, from, until }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn call(action: &str, now: Millis) -> Called<'_> {
        Called { action, account: "111122223333", region: "ap-northeast-1", now }
    }

    #[rstest]
    #[case("*", true)]
    #[case("ecs:*", true)]
    #[case("ecs:ListServices", true)]
    #[case("ecs:List*", true)]
    #[case("ecs:ListTasks", false)]
    #[case("cloudwatch:*", false)]
    fn meets_the_action_it_names(#[case] action: &str, #[case] meets: bool) {
        let faults = Faults::new(1, 0, &[Fault::new(FaultKind::Throttle, action)]);
        assert_eq!(faults.meet(&call("ecs:ListServices", 5)).kind.is_some(), meets);
    }

    #[test]
    fn keeps_to_its_time_and_count() {
        let mut fault = Fault::new(FaultKind::Deny, "*").lasting(Span::from_millis(100)).times(2);
        fault.at = Span::from_millis(50);
        let faults = Faults::new(1, 1_000, &[fault]);
        assert_eq!(faults.meet(&call("ecs:X", 1_049)), Harm::default());
        assert!(faults.meet(&call("ecs:X", 1_050)).kind.is_some());
        assert!(faults.meet(&call("ecs:X", 1_149)).kind.is_some());
        assert_eq!(faults.meet(&call("ecs:X", 1_149)), Harm::default(), "two calls were its count");
        faults.inject(Fault::new(FaultKind::Cut, "*"), 1_150);
        assert!(faults.meet(&call("ecs:X", 2_000)).kind.is_some());
        faults.clear();
        assert_eq!(faults.meet(&call("ecs:X", 2_000)), Harm::default());
    }

    #[test]
    fn what_is_spent_or_over_is_dropped() {
        let faults = Faults::new(1, 0, &[Fault::new(FaultKind::Deny, "ecs:*").lasting(Span::from_millis(100))]);
        faults.inject(Fault::new(FaultKind::Throttle, "sts:*").times(1), 0);
        faults.inject(Fault::new(FaultKind::Cut, "sts:*"), 0);
        assert_eq!(faults.meet(&call("sts:X", 1)).kind, Some((FaultKind::Throttle, 503)));
        assert_eq!(faults.meet(&call("sts:X", 100)).kind, Some((FaultKind::Cut, 503)));
        assert_eq!(faults.lock().armed.len(), 1, "only what has no end is left");
        for now in 200..300 {
            faults.inject(Fault::new(FaultKind::Cut, "*").lasting(Span::from_millis(1)), now);
        }
        assert_eq!(faults.lock().armed.len(), 2, "the list does not grow by what is over");
    }

    #[test]
    fn delays_add_up_beside_another_fault() {
        let delay = Fault::new(FaultKind::Delay, "*").by(Span::from_millis(10));
        let faults = Faults::new(1, 0, &[delay.clone(), Fault::new(FaultKind::Status, "*"), delay]);
        assert_eq!(faults.meet(&call("ecs:X", 1)), Harm { delay: 20, kind: Some((FaultKind::Status, 503)) });
    }

    #[test]
    fn a_probability_meets_about_that_part() {
        let mut fault = Fault::new(FaultKind::Throttle, "*");
        fault.probability = Some(0.25);
        let faults = Faults::new(1, 0, &[fault]);
        let met = (0..1_000).filter(|_| faults.meet(&call("ecs:X", 1)).kind.is_some()).count();
        assert!((200..300).contains(&met), "{met}");
    }

    #[rstest]
    #[case(r#"{"kind":"delay"}"#)]
    #[case(r#"{"kind":"status","status":200}"#)]
    #[case(r#"{"kind":"throttle","probability":1.5}"#)]
    #[case(r#"{"kind":"throttle","action":"ListServices"}"#)]
    #[case(r#"{"kind":"throttle","status":503}"#)]
    fn says_what_is_wrong(#[case] json: &str) {
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert!(fault.problem().is_some());
    }
}

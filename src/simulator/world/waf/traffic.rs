//! How many requests a web ACL lets through and stops, minute by minute.

use super::{Attack, WafRule, WebAcl};
use crate::simulator::clock::{MINUTE, Millis, SECOND};
use crate::simulator::scenario::{DefaultAction, RuleAction};
use crate::simulator::world::curve::{chance, daily, noise, part};

/// What became of requests, as a metric counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Blocked,
    Counted,
    Captcha,
    Challenge,
    /// Went through a rule group that found nothing.
    Passed,
}

impl Verdict {
    /// The metric's name.
    pub const fn metric(self) -> &'static str {
        match self {
            Self::Allowed => "AllowedRequests",
            Self::Blocked => "BlockedRequests",
            Self::Counted => "CountedRequests",
            Self::Captcha => "CaptchaRequests",
            Self::Challenge => "ChallengeRequests",
            Self::Passed => "PassedRequests",
        }
    }
}

impl From<RuleAction> for Verdict {
    fn from(action: RuleAction) -> Self {
        match action {
            RuleAction::Block => Self::Blocked,
            RuleAction::Allow => Self::Allowed,
            RuleAction::Count => Self::Counted,
            RuleAction::Captcha => Self::Captcha,
            RuleAction::Challenge => Self::Challenge,
        }
    }
}

impl From<DefaultAction> for Verdict {
    fn from(action: DefaultAction) -> Self {
        match action {
            DefaultAction::Allow => Self::Allowed,
            DefaultAction::Block => Self::Blocked,
        }
    }
}

/// Of what a metric speaks: its dimension `Rule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// `ALL`
    All,
    /// `Default_Action`
    Default,
    /// One rule, by its place.
    Rule(usize),
}

/// A metric that a web ACL publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metered {
    pub of: Counted,
    pub verdict: Verdict,
}

impl Attack {
    /// How strong it is at a time, 0 to 1.
    fn weight(&self, at: Millis) -> f64 {
        if at < self.at {
            return 0.0;
        }
        let there = part(at - self.at, self.over);
        if at > self.until { there * (1.0 - part(at - self.until, self.over)) } else { there }
    }

    /// When its last request comes.
    pub fn over_at(&self) -> Millis {
        self.until.saturating_add(self.over)
    }

    /// How many of its requests come within a minute: a whole number.
    pub fn requests_in(&self, minute: i64) -> f64 {
        let start = minute * MINUTE;
        if self.at >= start + MINUTE || self.over_at() <= start {
            return 0.0;
        }
        let weight = (0..12_i64).map(|n| self.weight(start + n * 5 * SECOND + 2_500)).sum::<f64>() / 12.0;
        (self.requests * weight * (1.0 + 0.08 * noise(self.hash, minute))).round().max(0.0)
    }
}

/// How many requests a rule matches in a minute without an attack.
pub fn matched_usually(rule: &WafRule, minute: i64) -> f64 {
    if rule.usual <= 0.0 {
        return 0.0;
    }
    // Nuisances sleep less than customers do.
    let expected = rule.usual * (1.0 + 0.2 * daily(minute)) * (1.0 + 0.5 * noise(rule.hash, minute));
    (expected + chance(rule.hash, minute)).floor()
}

/// How many requests a rule matches in a minute.
fn matched(rule: &WafRule, minute: i64) -> f64 {
    matched_usually(rule, minute) + rule.attacks.iter().map(|attack| attack.requests_in(minute)).sum::<f64>()
}

impl WebAcl {
    /// How many ordinary requests come in a minute: those that no blocking rule ends.
    pub fn ordinary(&self, minute: i64) -> f64 {
        let noise = noise(self.hash, minute);
        (self.requests * (1.0 + 0.4 * daily(minute)) * (1.0 + 0.06 * noise)).round().max(0.0)
    }

    /// How many requests the default action decides on in a minute.
    pub fn undecided(&self, minute: i64) -> f64 {
        let allowed = self.rules.iter().filter(|rule| rule.action == RuleAction::Allow);
        (self.ordinary(minute) - allowed.map(|rule| matched(rule, minute)).sum::<f64>()).max(0.0)
    }

    /// Reads a metric's minute; the account publishes no zero.
    pub fn read(&self, metered: Metered, minute: i64) -> f64 {
        if minute * MINUTE >= self.deleted {
            return 0.0;
        }
        match metered.of {
            Counted::Rule(index) => self.rules.get(index).map_or(0.0, |rule| {
                if metered.verdict == Verdict::Passed { self.passed(index, minute) } else { matched(rule, minute) }
            }),
            Counted::Default => self.undecided(minute),
            Counted::All => {
                let rules = self.rules.iter().filter(|rule| Verdict::from(rule.action) == metered.verdict);
                let of_rules = rules.map(|rule| matched(rule, minute)).sum::<f64>();
                let by_default = Verdict::from(self.default) == metered.verdict;
                of_rules + if by_default { self.undecided(minute) } else { 0.0 }
            }
        }
    }

    /// How many requests went through a group that found nothing: those that reach it, less those it matched.
    fn passed(&self, index: usize, minute: i64) -> f64 {
        let ends = |rule: &&WafRule| rule.action != RuleAction::Count && rule.action != RuleAction::Allow;
        let later: f64 = self.rules.iter().skip(index + 1).filter(ends).map(|rule| matched(rule, minute)).sum();
        let own = self.rules.get(index).filter(|rule| rule.action == RuleAction::Count);
        let own = own.map_or(0.0, |rule| matched(rule, minute));
        (self.undecided(minute) + later - own).max(0.0)
    }

    /// The metrics that it publishes once there is something to count.
    pub fn metered(&self) -> Vec<Metered> {
        let mut all = Vec::new();
        let mut add = |of, verdict| {
            let metered = Metered { of, verdict };
            if !all.contains(&metered) {
                all.push(metered);
            }
        };
        add(Counted::All, Verdict::Allowed);
        add(Counted::All, Verdict::from(self.default));
        add(Counted::Default, Verdict::from(self.default));
        for (index, rule) in self.rules.iter().enumerate() {
            add(Counted::All, Verdict::from(rule.action));
            if !rule.silent {
                add(Counted::Rule(index), Verdict::from(rule.action));
                if matches!(rule.kind, super::RuleKind::Managed { .. }) {
                    add(Counted::Rule(index), Verdict::Passed);
                }
            }
        }
        all
    }

    /// Whether a metric may have been published by a time: nothing is, before there was something to count.
    pub fn has_published(&self, metered: Metered, now: Millis) -> bool {
        let matches = |rule: &WafRule| rule.usual > 0.0 || rule.attacks.iter().any(|attack| attack.at + MINUTE <= now);
        let ordinary = self.requests > 0.0;
        match metered.of {
            Counted::Rule(_) if metered.verdict == Verdict::Passed => ordinary,
            Counted::Rule(index) => self.rules.get(index).is_some_and(matches),
            Counted::Default => ordinary,
            Counted::All => {
                let of = |rule: &&WafRule| Verdict::from(rule.action) == metered.verdict;
                (ordinary && Verdict::from(self.default) == metered.verdict)
                    || self.rules.iter().filter(of).any(matches)
            }
        }
    }

    /// What the dimension `Rule` says of a metric.
    pub fn rule_dimension(&self, of: Counted) -> &str {
        match of {
            Counted::All => "ALL",
            Counted::Default => "Default_Action",
            Counted::Rule(index) => self.rules.get(index).map_or("", |rule| rule.metric.as_str()),
        }
    }
}

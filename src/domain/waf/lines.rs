//! The rules of a web ACL beside what CloudWatch counted of them.

use super::{ALL_RULES, DEFAULT_ACTION, Outcome, Rule, RuleTraffic, WebAclDetail};

/// Says why nothing was counted of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Its metrics are switched off: whatever it does, nothing is counted.
    MetricsOff,
    /// Nothing was published under its metric name, but something under its own name: the names were mixed up.
    UnderItsName,
    /// Nothing was published: no request matched it, which is what a rule that can match none looks like too.
    Nothing,
}

/// Holds a rule with its counts over a range.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleLine {
    /// The rule.
    pub rule: Rule,
    /// Requests in the range by outcome, in the order of [`Outcome::ALL`].
    pub sums: [f64; Outcome::ALL.len()],
    /// The part that it has in everything the web ACL blocked, 0 to 1; `None` where nothing was blocked at all.
    pub share: Option<f64>,
    /// Why it has no counts, where it has none.
    pub silence: Option<Silence>,
}

impl RuleLine {
    /// Returns the requests of one outcome.
    pub fn sum(&self, outcome: Outcome) -> f64 {
        let index = Outcome::ALL.iter().position(|one| *one == outcome).unwrap_or_default();
        self.sums[index]
    }
}

/// Puts each rule of a web ACL, in the order in which they are tried, beside its counts.
pub fn lines(detail: &WebAclDetail, traffic: &RuleTraffic) -> Vec<RuleLine> {
    let blocked = traffic.sum(ALL_RULES, Outcome::Blocked);
    let line = |rule: &Rule| {
        let sums = Outcome::ALL.map(|outcome| traffic.sum(&rule.metric, outcome));
        let counted = |name: &str| traffic.counts.iter().any(|count| count.rule == name && !count.points.is_empty());
        let silence = if counted(&rule.metric) {
            None
        } else if !rule.metrics_enabled {
            Some(Silence::MetricsOff)
        } else if rule.name != rule.metric && counted(&rule.name) && !is_metric_of_a_rule(detail, &rule.name) {
            Some(Silence::UnderItsName)
        } else {
            Some(Silence::Nothing)
        };
        let mut line = RuleLine { rule: rule.clone(), sums, share: None, silence };
        line.share = (blocked > 0.0).then(|| (line.sum(Outcome::Blocked) / blocked).min(1.0));
        line
    };
    detail.rules.iter().map(line).collect()
}

/// Returns the metric names under which something was counted that no rule has: of rules that were removed or renamed.
pub fn strangers<'a>(detail: &WebAclDetail, traffic: &'a RuleTraffic) -> Vec<&'a str> {
    let mut names: Vec<&str> = traffic
        .counts
        .iter()
        .filter(|count| !count.points.is_empty())
        .map(|count| count.rule.as_str())
        .filter(|name| ![ALL_RULES, DEFAULT_ACTION].contains(name) && !is_metric_of_a_rule(detail, name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn is_metric_of_a_rule(detail: &WebAclDetail, name: &str) -> bool {
    detail.rules.iter().any(|rule| rule.metric == name)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        metric::Range,
        waf::{RuleCount, RuleKind},
    };

    fn rule(name: &str, metric: &str, metrics_enabled: bool) -> Rule {
        Rule {
            name: name.to_owned(),
            priority: 0,
            metric: metric.to_owned(),
            metrics_enabled,
            sampled: true,
            kind: RuleKind::IpSet("list".to_owned()),
            action: "Block".to_owned(),
        }
    }

    fn traffic(counts: &[(&str, Outcome, f64)]) -> RuleTraffic {
        RuleTraffic {
            range: Range::Hour,
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            period: 60,
            counts: counts
                .iter()
                .map(|(rule, outcome, sum)| RuleCount {
                    rule: (*rule).to_owned(),
                    outcome: *outcome,
                    points: vec![(0, *sum)],
                })
                .collect(),
            partial: false,
        }
    }

    #[test]
    fn silence_has_several_meanings() {
        let detail = WebAclDetail {
            metric: "acl".to_owned(),
            metrics_enabled: true,
            default_action: "Allow".to_owned(),
            rules: vec![
                rule("sqli", "sqliMetric", true),
                rule("geo", "geoMetric", true),
                rule("quiet", "quietMetric", true),
                rule("dark", "darkMetric", false),
                rule("mixed", "mixedMetric", true),
            ],
            capacity: 10,
        };
        let traffic = traffic(&[
            (ALL_RULES, Outcome::Blocked, 40.0),
            (DEFAULT_ACTION, Outcome::Allowed, 900.0),
            ("sqliMetric", Outcome::Blocked, 30.0),
            ("geoMetric", Outcome::Counted, 5.0),
            ("mixed", Outcome::Blocked, 10.0),
            ("gone", Outcome::Blocked, 1.0),
        ]);
        let lines = lines(&detail, &traffic);
        let silences: Vec<_> = lines.iter().map(|line| line.silence).collect();
        assert_eq!(
            silences,
            [None, None, Some(Silence::Nothing), Some(Silence::MetricsOff), Some(Silence::UnderItsName)]
        );
        let shares: Vec<_> = lines.iter().map(|line| line.share).collect();
        assert_eq!(shares, [Some(0.75), Some(0.0), Some(0.0), Some(0.0), Some(0.0)]);
        assert!((lines[1].sum(Outcome::Counted) - 5.0).abs() < f64::EPSILON);
        assert_eq!(strangers(&detail, &traffic), ["gone", "mixed"]);
    }
}

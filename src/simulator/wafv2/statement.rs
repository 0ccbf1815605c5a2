//! How a web ACL's rules are written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::simulator::scenario::{DefaultAction, RuleAction};
use crate::simulator::wire::{Object, list, object};
use crate::simulator::world::{RuleKind, WafRule};

/// Writes a rule: a group has an action that overrides its rules' own, any other an action of its own.
pub fn rule(rule: &WafRule) -> Object {
    let written =
        object().with("Name", &rule.name).with("Priority", rule.priority).with("Statement", statement(&rule.kind));
    let written = if matches!(rule.kind, RuleKind::Managed { .. }) {
        let name = if rule.action == RuleAction::Count { "Count" } else { "None" };
        written.with("OverrideAction", object().with(name, object()))
    } else {
        written.with("Action", object().with(action(rule.action), object()))
    };
    written.with("VisibilityConfig", visibility(&rule.metric, rule.silent))
}

const fn action(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Block => "Block",
        RuleAction::Allow => "Allow",
        RuleAction::Count => "Count",
        RuleAction::Captcha => "Captcha",
        RuleAction::Challenge => "Challenge",
    }
}

/// Writes the action for what no rule ends.
pub fn default_action(default: DefaultAction) -> Object {
    let name = match default {
        DefaultAction::Allow => "Allow",
        DefaultAction::Block => "Block",
    };
    object().with(name, object())
}

/// Writes under which name it is measured, and whether it is.
pub fn visibility(metric: &str, silent: bool) -> Object {
    object()
        .with("SampledRequestsEnabled", !silent)
        .with("CloudWatchMetricsEnabled", !silent)
        .with("MetricName", metric.to_owned())
}

fn statement(kind: &RuleKind) -> Object {
    match kind {
        RuleKind::Managed { group, version } => {
            let group = object().with("VendorName", "AWS").with("Name", group.name).with("Version", version.clone());
            object().with("ManagedRuleGroupStatement", group)
        }
        RuleKind::Rate { limit, window, path } => {
            let rate = object()
                .with("Limit", *limit)
                .with("EvaluationWindowSec", *window)
                .with("AggregateKeyType", "IP")
                .with("ScopeDownStatement", path.as_deref().map(starts_with));
            object().with("RateBasedStatement", rate)
        }
        RuleKind::Geo(countries) => geo(countries),
        RuleKind::Outside(countries) => object().with("NotStatement", object().with("Statement", geo(countries))),
        RuleKind::IpSet(arn) => object().with("IPSetReferenceStatement", object().with("ARN", arn)),
        RuleKind::Uri(path) => starts_with(path),
    }
}

fn geo(countries: &[String]) -> Object {
    object().with("GeoMatchStatement", object().with("CountryCodes", list(countries.iter().cloned())))
}

fn starts_with(path: &str) -> Object {
    let transformation = object().with("Priority", 0_u32).with("Type", "NONE");
    let matched = object()
        .with("SearchString", STANDARD.encode(path))
        .with("FieldToMatch", object().with("UriPath", object()))
        .with("TextTransformations", list([transformation]))
        .with("PositionalConstraint", "STARTS_WITH");
    object().with("ByteMatchStatement", matched)
}

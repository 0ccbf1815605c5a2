//! How the rules of a web ACL become ours.

use aws_sdk_wafv2::types as aws;

use crate::domain::waf::{Rule, RuleKind, WebAclDetail};

use super::super::words::{last_part, name};

/// The window of a rate limit that names none, in seconds (`RateBasedStatement`, `EvaluationWindowSec`).
const WINDOW: u32 = 300;
/// The most countries that a rule keeps: there are some 250.
const MOST_COUNTRIES: usize = 300;

/// Makes a name safe and distinct, and remembers what it was.
type Remember<'a> = &'a dyn Fn(&str) -> String;

/// Maps what `GetWebACL` tells.
///
/// The rule groups of Firewall Manager are tried before and after the web ACL's own rules, whatever their priorities.
pub(super) fn detail(raw: &aws::WebAcl, remember: Remember<'_>) -> WebAclDetail {
    let by_priority = |mut rules: Vec<Rule>| {
        rules.sort_by_key(|rule| rule.priority);
        rules
    };
    let before = raw.pre_process_firewall_manager_rule_groups().iter().map(|raw| managed_rule(raw, remember));
    let own = raw.rules().iter().map(|raw| rule(raw, remember));
    let after = raw.post_process_firewall_manager_rule_groups().iter().map(|raw| managed_rule(raw, remember));
    let visibility = Visibility::of(raw.visibility_config.as_ref(), remember);
    WebAclDetail {
        metric: visibility.metric,
        metrics_enabled: visibility.metrics_enabled,
        default_action: default_action(raw.default_action.as_ref()).to_owned(),
        rules: [by_priority(before.collect()), by_priority(own.collect()), by_priority(after.collect())].concat(),
        capacity: raw.capacity,
    }
}

/// Holds what a visibility configuration says.
struct Visibility {
    metric: String,
    metrics_enabled: bool,
    sampled: bool,
}

impl Visibility {
    fn of(raw: Option<&aws::VisibilityConfig>, remember: Remember<'_>) -> Self {
        Self {
            metric: raw.map(|raw| remember(&raw.metric_name)).unwrap_or_default(),
            metrics_enabled: raw.is_some_and(|raw| raw.cloud_watch_metrics_enabled),
            sampled: raw.is_some_and(|raw| raw.sampled_requests_enabled),
        }
    }
}

fn rule(raw: &aws::Rule, remember: Remember<'_>) -> Rule {
    let Visibility { metric, metrics_enabled, sampled } = Visibility::of(raw.visibility_config.as_ref(), remember);
    let action = raw.action.as_ref().map(action).or_else(|| raw.override_action.as_ref().map(group_action));
    Rule {
        name: remember(&raw.name),
        priority: raw.priority,
        metric,
        metrics_enabled,
        sampled,
        kind: raw.statement.as_ref().map_or_else(|| RuleKind::Other(String::new()), |raw| kind(raw, remember)),
        action: action.unwrap_or_default().to_owned(),
    }
}

/// Maps a rule group that Firewall Manager put in.
fn managed_rule(raw: &aws::FirewallManagerRuleGroup, remember: Remember<'_>) -> Rule {
    let Visibility { metric, metrics_enabled, sampled } = Visibility::of(raw.visibility_config.as_ref(), remember);
    let statement = raw.firewall_manager_statement.as_ref();
    let managed = statement.and_then(|raw| raw.managed_rule_group_statement.as_ref()).map(managed);
    let group =
        || statement.and_then(|raw| raw.rule_group_reference_statement.as_ref()).map(|raw| group(raw, remember));
    Rule {
        name: remember(&raw.name),
        priority: raw.priority,
        metric,
        metrics_enabled,
        sampled,
        kind: managed.or_else(group).unwrap_or_else(|| RuleKind::Other(String::new())),
        action: raw.override_action.as_ref().map(group_action).unwrap_or_default().to_owned(),
    }
}

/// Maps what a rule looks at.
fn kind(raw: &aws::Statement, remember: Remember<'_>) -> RuleKind {
    if let Some(raw) = &raw.managed_rule_group_statement {
        return managed(raw);
    }
    if let Some(raw) = &raw.rule_group_reference_statement {
        return group(raw, remember);
    }
    if let Some(raw) = &raw.rate_based_statement {
        return RuleKind::RateLimit {
            limit: u64::try_from(raw.limit).unwrap_or(0),
            window: u32::try_from(raw.evaluation_window_sec).ok().filter(|window| *window > 0).unwrap_or(WINDOW),
            by: name(Some(raw.aggregate_key_type.as_str())),
        };
    }
    if let Some(raw) = &raw.geo_match_statement {
        return geo(raw, false);
    }
    if let Some(raw) = &raw.ip_set_reference_statement {
        return RuleKind::IpSet(remember(named(&raw.arn)));
    }
    let negated = raw.not_statement.as_ref().and_then(|raw| raw.statement.as_deref());
    if let Some(raw) = negated.and_then(|raw| raw.geo_match_statement.as_ref()) {
        return geo(raw, true);
    }
    RuleKind::Other(other(raw).to_owned())
}

fn managed(raw: &aws::ManagedRuleGroupStatement) -> RuleKind {
    RuleKind::Managed { vendor: name(Some(&raw.vendor_name)), name: name(Some(&raw.name)) }
}

fn group(raw: &aws::RuleGroupReferenceStatement, remember: Remember<'_>) -> RuleKind {
    RuleKind::Group(remember(named(&raw.arn)))
}

fn geo(raw: &aws::GeoMatchStatement, except: bool) -> RuleKind {
    let countries = raw.country_codes().iter().take(MOST_COUNTRIES).map(|code| name(Some(code.as_str()))).collect();
    RuleKind::Geo { countries, except }
}

/// Returns the name in the ARN of a rule group or a set: `…:regional/ipset/NAME/ID`.
fn named(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or_else(|| last_part(arn))
}

/// Returns AWS's name of any other statement; empty for one that this program's version of the SDK does not know.
fn other(raw: &aws::Statement) -> &'static str {
    let aws::Statement {
        byte_match_statement,
        sqli_match_statement,
        xss_match_statement,
        size_constraint_statement,
        regex_pattern_set_reference_statement,
        and_statement,
        or_statement,
        not_statement,
        label_match_statement,
        regex_match_statement,
        asn_match_statement,
        ..
    } = raw;
    let known = [
        (byte_match_statement.is_some(), "ByteMatchStatement"),
        (sqli_match_statement.is_some(), "SqliMatchStatement"),
        (xss_match_statement.is_some(), "XssMatchStatement"),
        (size_constraint_statement.is_some(), "SizeConstraintStatement"),
        (regex_pattern_set_reference_statement.is_some(), "RegexPatternSetReferenceStatement"),
        (and_statement.is_some(), "AndStatement"),
        (or_statement.is_some(), "OrStatement"),
        (not_statement.is_some(), "NotStatement"),
        (label_match_statement.is_some(), "LabelMatchStatement"),
        (regex_match_statement.is_some(), "RegexMatchStatement"),
        (asn_match_statement.is_some(), "AsnMatchStatement"),
    ];
    known.into_iter().find(|(is_one, _)| *is_one).map_or("", |(_, name)| name)
}

fn action(raw: &aws::RuleAction) -> &'static str {
    let known = [
        (raw.block.is_some(), "Block"),
        (raw.allow.is_some(), "Allow"),
        (raw.count.is_some(), "Count"),
        (raw.captcha.is_some(), "Captcha"),
        (raw.challenge.is_some(), "Challenge"),
        (raw.monetize.is_some(), "Monetize"),
    ];
    known.into_iter().find(|(is_one, _)| *is_one).map_or("", |(_, name)| name)
}

/// Says what a group does: what its rules say, unless it only counts.
fn group_action(raw: &aws::OverrideAction) -> &'static str {
    if raw.count.is_some() { "Count" } else { "Group" }
}

fn default_action(raw: Option<&aws::DefaultAction>) -> &'static str {
    match raw {
        Some(raw) if raw.block.is_some() => "Block",
        Some(raw) if raw.allow.is_some() => "Allow",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visibility(metric: &str) -> aws::VisibilityConfig {
        let builder = aws::VisibilityConfig::builder().metric_name(metric);
        builder.sampled_requests_enabled(true).cloud_watch_metrics_enabled(true).build().unwrap()
    }

    fn made(name: &str, priority: i32, statement: aws::Statement, action: aws::RuleAction) -> aws::Rule {
        let builder = aws::Rule::builder().name(name).priority(priority).visibility_config(visibility(name));
        builder.statement(statement).action(action).build().unwrap()
    }

    fn block() -> aws::RuleAction {
        aws::RuleAction::builder().block(aws::BlockAction::builder().build()).build()
    }

    fn countries(codes: &[&str]) -> aws::GeoMatchStatement {
        let codes = codes.iter().map(|code| aws::CountryCode::from(*code)).collect();
        aws::GeoMatchStatement::builder().set_country_codes(Some(codes)).build()
    }

    #[test]
    fn rules_are_read_in_the_order_in_which_they_are_tried() {
        let limit = aws::RateBasedStatement::builder()
            .limit(2_000)
            .aggregate_key_type(aws::RateBasedStatementAggregateKeyType::Ip)
            .build()
            .unwrap();
        let not = aws::NotStatement::builder()
            .statement(aws::Statement::builder().geo_match_statement(countries(&["JP"])).build())
            .build();
        let managed = aws::ManagedRuleGroupStatement::builder().vendor_name("AWS").name("Core").build().unwrap();
        let none = aws::OverrideAction::builder().none(aws::NoneAction::builder().build()).build();
        let set = aws::IpSetReferenceStatement::builder().arn("arn:aws:wafv2:x:1:regional/ipset/bad/0-1").build();
        let group = aws::Rule::builder()
            .name("core")
            .priority(9)
            .visibility_config(visibility("core-metric"))
            .statement(aws::Statement::builder().managed_rule_group_statement(managed).build())
            .override_action(none)
            .build()
            .unwrap();
        let statement = aws::Statement::builder;
        let acl = aws::WebAcl::builder()
            .name("shop")
            .id("1")
            .arn("arn")
            .capacity(725)
            .default_action(aws::DefaultAction::builder().allow(aws::AllowAction::builder().build()).build())
            .visibility_config(visibility("shopMetric"))
            .rules(group)
            .rules(made("limit", 1, statement().rate_based_statement(limit).build(), block()))
            .rules(made("abroad", 0, statement().not_statement(not).build(), block()))
            .rules(made("bad", 2, statement().ip_set_reference_statement(set.unwrap()).build(), block()))
            .rules(made("new", 3, statement().build(), aws::RuleAction::builder().build()))
            .build()
            .unwrap();
        let detail = detail(&acl, &|raw| raw.to_owned());
        assert_eq!(
            (detail.metric.as_str(), detail.default_action.as_str(), detail.capacity),
            ("shopMetric", "Allow", 725)
        );
        let kinds: Vec<_> =
            detail.rules.iter().map(|rule| (rule.name.as_str(), &rule.kind, rule.action.as_str())).collect();
        assert_eq!(
            kinds,
            [
                ("abroad", &RuleKind::Geo { countries: vec!["JP".to_owned()], except: true }, "Block"),
                ("limit", &RuleKind::RateLimit { limit: 2_000, window: 300, by: "IP".to_owned() }, "Block"),
                ("bad", &RuleKind::IpSet("bad".to_owned()), "Block"),
                ("new", &RuleKind::Other(String::new()), ""),
                ("core", &RuleKind::Managed { vendor: "AWS".to_owned(), name: "Core".to_owned() }, "Group"),
            ]
        );
        assert_eq!(detail.rules[4].metric, "core-metric");
    }

    #[test]
    fn other_statements_keep_awss_names() {
        let and = aws::AndStatement::builder().set_statements(Some(Vec::new())).build().unwrap();
        let statement = aws::Statement::builder().and_statement(and).build();
        assert_eq!(kind(&statement, &|raw| raw.to_owned()), RuleKind::Other("AndStatement".to_owned()));
    }
}

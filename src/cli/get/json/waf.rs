//! Web ACLs, as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::get::ask::Ask;
use crate::cli::get::read::requests;
use crate::domain::waf::{self, ALL_RULES, Logging, Outcome, RuleKind, RuleLine, RuleTraffic, Silence};
use crate::state::State;
use crate::state::source::Source;
use crate::state::waf::WebAclRow;

use super::{account, environment};

#[derive(Serialize)]
struct WafItem<'a> {
    environment: Option<&'a str>,
    account: Option<&'a str>,
    region: &'a str,
    scope: &'static str,
    web_acl: &'a str,
    arn: &'a str,
    description: &'a str,
    default_action: Option<&'a str>,
    capacity: Option<i64>,
    rule_count: Option<usize>,
    metric: Option<&'a str>,
    logging: &'static str,
    log_destinations: &'a [String],
    range: &'static str,
    requests: Option<Requests>,
    partial: bool,
    blocked_last_hour: Option<u64>,
    spike: Option<Spike>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<RuleItem<'a>>>,
}

/// Counts requests by what became of them.
#[derive(Serialize)]
struct Requests {
    allowed: u64,
    blocked: u64,
    counted: u64,
    captcha: u64,
    challenge: u64,
    passed: u64,
}

#[derive(Serialize)]
struct Spike {
    now: f64,
    usual: f64,
    factor: Option<f64>,
    since: Timestamp,
}

#[derive(Serialize)]
struct RuleItem<'a> {
    rule: &'a str,
    priority: i32,
    action: &'a str,
    kind: &'static str,
    statement: &'a str,
    metric: &'a str,
    metrics_enabled: bool,
    requests: Option<Requests>,
    share: Option<f64>,
    silence: Option<&'static str>,
}

impl Requests {
    fn of(sum: impl Fn(Outcome) -> f64) -> Self {
        Self {
            allowed: whole(sum(Outcome::Allowed)),
            blocked: whole(sum(Outcome::Blocked)),
            counted: whole(sum(Outcome::Counted)),
            captcha: whole(sum(Outcome::Captcha)),
            challenge: whole(sum(Outcome::Challenge)),
            passed: whole(sum(Outcome::Passed)),
        }
    }
}

/// Returns a count of requests, which CloudWatch gives as a fraction, as the whole number that it is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a saturating cast of a count")]
fn whole(requests: f64) -> u64 {
    requests.round() as u64
}

/// Returns the items of `waf`: all web ACLs, or those of a name with their rules.
pub fn items<'a>(state: &'a State, ask: &'a Ask) -> Vec<impl Serialize + 'a> {
    let wanted = state.waf.rows.iter().filter(|row| ask.acl.as_ref().is_none_or(|name| *name == row.id.key.name));
    wanted.filter_map(|row| Some(item(state, state.source(row.id.source)?, ask, row))).collect()
}

fn item<'a>(state: &'a State, source: &'a Source, ask: &Ask, row: &'a WebAclRow) -> WafItem<'a> {
    let acl = &row.acl;
    let detail = acl.detail.as_ref();
    let traffic = source.waf_rules.get(&row.id.key).and_then(|read| read.value.as_deref());
    let (requests, partial) = match traffic {
        Some(traffic) => (Some(Requests::of(|outcome| traffic.sum(ALL_RULES, outcome))), traffic.partial),
        None => counted(source, ask, row),
    };
    WafItem {
        environment: environment(state, row.place),
        account: account(source),
        region: &acl.region,
        scope: acl.key.scope.as_str(),
        web_acl: &acl.key.name,
        arn: &acl.arn,
        description: &acl.description,
        default_action: detail.map(|detail| detail.default_action.as_str()),
        capacity: detail.map(|detail| detail.capacity),
        rule_count: detail.map(|detail| detail.rules.len()),
        metric: detail.filter(|detail| detail.metrics_enabled).map(|detail| detail.metric.as_str()),
        logging: match &acl.logging {
            Logging::On(_) => "on",
            Logging::Off => "off",
            Logging::Unknown => "unknown",
        },
        log_destinations: match &acl.logging {
            Logging::On(destinations) => destinations,
            Logging::Off | Logging::Unknown => &[],
        },
        range: ask.range.name(),
        requests,
        partial,
        blocked_last_hour: row.blocked.map(whole),
        spike: row.spike.map(|spike| Spike {
            now: spike.now,
            usual: spike.usual,
            factor: spike.factor,
            since: spike.since,
        }),
        rules: ask.acl.is_some().then(|| rules(row, traffic)),
    }
}

/// Adds up what was counted of a web ACL; nothing where CloudWatch was not read or does not count it.
///
/// What published nothing in the range is zero: it was asked for, and WAF publishes only what happened.
fn counted(source: &Source, ask: &Ask, row: &WebAclRow) -> (Option<Requests>, bool) {
    let series = |outcome| requests(&row.acl, outcome, ask).and_then(|query| source.series(&query));
    if Outcome::ALL.into_iter().any(|outcome| series(outcome).is_none()) {
        return (None, false);
    }
    let sum = |outcome| series(outcome).map_or(0.0, |series| series.points.iter().map(|(_, value)| value).sum());
    (Some(Requests::of(sum)), Outcome::ALL.into_iter().filter_map(series).any(|series| series.partial))
}

fn rules<'a>(row: &'a WebAclRow, traffic: Option<&RuleTraffic>) -> Vec<RuleItem<'a>> {
    let Some(detail) = &row.acl.detail else { return Vec::new() };
    let lines = traffic.map(|traffic| waf::lines(detail, traffic)).unwrap_or_default();
    let line = |index: usize| -> Option<&RuleLine> { lines.get(index) };
    let rules = detail.rules.iter().enumerate();
    rules
        .map(|(index, rule)| {
            let (kind, statement) = kind(&rule.kind);
            RuleItem {
                rule: &rule.name,
                priority: rule.priority,
                action: &rule.action,
                kind,
                statement,
                metric: &rule.metric,
                metrics_enabled: rule.metrics_enabled,
                requests: line(index).map(|line| Requests::of(|outcome| line.sum(outcome))),
                share: line(index).and_then(|line| line.share),
                silence: line(index).and_then(|line| line.silence).map(silence),
            }
        })
        .collect()
}

/// Returns the stable name of what a rule looks at, and what AWS or its author calls that.
fn kind(kind: &RuleKind) -> (&'static str, &str) {
    match kind {
        RuleKind::Managed { name, .. } => ("managed", name),
        RuleKind::Group(name) => ("group", name),
        RuleKind::RateLimit { by, .. } => ("rate-limit", by),
        RuleKind::Geo { .. } => ("geo", ""),
        RuleKind::IpSet(name) => ("ip-set", name),
        RuleKind::Other(name) => ("other", name),
    }
}

fn silence(silence: Silence) -> &'static str {
    match silence {
        Silence::MetricsOff => "metrics-off",
        Silence::UnderItsName => "under-its-name",
        Silence::Nothing => "nothing",
    }
}

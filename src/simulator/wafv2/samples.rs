//! `GetSampledRequests`.

use super::{by_arn, invalid, nonexistent, scope};
use crate::simulator::call::Call;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{Counted, RuleKind, Sampled, Verdict, WebAcl};

/// Answers a sample of the requests that a rule matched within the last three hours.
pub fn get_sampled_requests(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let metric = input.required("RuleMetricName")?;
    let scope = scope(call, input)?;
    let window = input.structure("TimeWindow")?.ok_or_else(|| ApiError::absent("TimeWindow"))?;
    let time = |name: &str| window.time(name)?.ok_or_else(|| ApiError::absent(name));
    let (from, until) = (time("StartTime")?, time("EndTime")?);
    if from > until {
        return Err(invalid("The start time is after the end time.", "EXPIRE_TIMESTAMP", "TimeWindow"));
    }
    let most = input.within("MaxItems", 1, 500)?.ok_or_else(|| ApiError::absent("MaxItems"))?;
    let acl = by_arn(call, input, "WebAclArn")?;
    let of = counted(acl, metric).filter(|_| acl.scope == scope).ok_or_else(nonexistent)?;
    let silent = matches!(of, Counted::Rule(index) if acl.rules.get(index).is_some_and(|rule| rule.silent));
    let most = if silent { 0 } else { most.unsigned_abs() };
    let sample = acl.sample(of, from, until, call.now, most);
    let requests: Vec<Value> = sample.requests.iter().map(write).collect();
    let window = object().time("StartTime", sample.from).time("EndTime", sample.until);
    Ok(object()
        .with("SampledRequests", requests)
        .with("PopulationSize", i64::try_from(if silent { 0 } else { sample.population }).unwrap_or(i64::MAX))
        .with("TimeWindow", window)
        .into())
}

/// What a metric's name counts: a rule, what the default action decides, or all.
fn counted(acl: &WebAcl, metric: &str) -> Option<Counted> {
    match metric {
        "ALL" => Some(Counted::All),
        "Default_Action" => Some(Counted::Default),
        _ => acl.rules.iter().position(|rule| rule.metric == metric).map(Counted::Rule),
    }
}

fn write(one: &Sampled<'_>) -> Value {
    let request = &one.request;
    let headers = request.headers.iter().map(|(name, value)| object().with("Name", *name).with("Value", value));
    let described = object()
        .with("ClientIP", &request.address)
        .with("Country", &request.country)
        .with("URI", &request.uri)
        .with("Method", request.method)
        .with("HTTPVersion", request.version)
        .with("Headers", list(headers));
    let group = one.rule.and_then(|rule| match &rule.kind {
        RuleKind::Managed { group, .. } => Some((*group, request.inner_rule?)),
        _ => None,
    });
    let inner = group.map(|(group, rule)| format!("AWS#{}#{rule}", group.name));
    let geo = format!("awswaf:clientip:geo:country:{}", request.country);
    let labels = group.map(|(group, rule)| format!("{}:{rule}", group.label)).into_iter().chain([geo]);
    let labels = labels.map(|name| object().with("Name", name));
    let response = match one.verdict {
        Verdict::Blocked => Some(403_u32),
        Verdict::Captcha => Some(405),
        Verdict::Challenge => Some(202),
        Verdict::Allowed | Verdict::Counted | Verdict::Passed => None,
    };
    object()
        .with("Request", described)
        .with("Weight", i64::try_from(one.weight).unwrap_or(i64::MAX))
        .time("Timestamp", one.at)
        .with("Action", action(one.verdict))
        .with("RuleNameWithinRuleGroup", inner)
        .with("ResponseCodeSent", response)
        .with("Labels", list(labels))
        .into()
}

/// The word for what WAF did with a request.
const fn action(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed | Verdict::Passed => "ALLOW",
        Verdict::Blocked => "BLOCK",
        Verdict::Counted => "COUNT",
        Verdict::Captcha => "CAPTCHA",
        Verdict::Challenge => "CHALLENGE",
    }
}

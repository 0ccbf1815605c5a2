//! `DescribeLogGroups`.

use super::{arn, invalid, invalid_token};
use crate::simulator::call::Call;
use crate::simulator::clock::DAY;
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{KEPT_DAYS, ServicePlan, WrittenGroup};

/// Describes log groups, fifty a page.
pub fn describe_log_groups(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (prefix, pattern) = (input.text("logGroupNamePrefix")?, input.text("logGroupNamePattern")?);
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let wanted = input.texts("logGroupIdentifiers")?;
    let class = input.text("logGroupClass")?.is_none_or(|class| class == "STANDARD");
    let size = input.page_size("limit", 50, 50)?;
    let scope = format!("{}/{prefix:?}/{pattern:?}", call.scope("DescribeLogGroups"));
    let after = match input.text("nextToken")? {
        None => None,
        Some(token) => Some(paging::open(&scope, token).ok_or_else(invalid_token)?),
    };
    let fits = |name: &str| {
        // A pattern is looked for anywhere and whatever its case.
        class
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && pattern.is_none_or(|pattern| name.to_lowercase().contains(&pattern.to_lowercase()))
            && wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|one| *one == name || *one == arn(call, name)))
    };
    let services = call.here().map(|region| region.services.as_slice()).unwrap_or_default();
    let made = call.here().map(|region| region.written.with(|groups| groups.keys().cloned().collect::<Vec<_>>()));
    let all = services.iter().map(|service| service.plan.log_group()).chain(made.unwrap_or_default());
    let mut names: Vec<String> = all.filter(|name| fits(name)).collect();
    names.sort_unstable();
    names.dedup();
    let (names, token) = paging::cut(&scope, names, after.as_deref(), size);
    let of = |name: &String| match call.here()?.log_group(name) {
        Some(service) => Some(describe(call, name, &service.plan)),
        None => call.here()?.written.with(|groups| groups.get(name).map(|group| describe_made(call, name, group))),
    };
    Ok(object().with("logGroups", list(names.iter().filter_map(of))).with("nextToken", token).into())
}

/// Writes a group that was made by a call; it keeps its lines for ever.
fn describe_made(call: &Call<'_>, name: &str, group: &WrittenGroup) -> Value {
    let arn = arn(call, name);
    object()
        .with("logGroupName", name.to_owned())
        .with("creationTime", group.created)
        .with("metricFilterCount", 0_u32)
        .with("arn", format!("{arn}:*"))
        .with("storedBytes", 0_u32)
        .with("logGroupClass", group.class)
        .with("logGroupArn", arn)
        .into()
}

fn describe(call: &Call<'_>, name: &str, plan: &ServicePlan) -> Value {
    let mut dice = plan.dice("log-group", 0);
    let arn = arn(call, name);
    object()
        .with("logGroupName", name.to_owned())
        .with("creationTime", plan.deployed - dice.between(60, 400) * DAY)
        .with("retentionInDays", KEPT_DAYS)
        .with("metricFilterCount", 0_u32)
        .with("arn", format!("{arn}:*"))
        .with("storedBytes", dice.between(40_000_000, 9_000_000_000))
        .with("logGroupClass", "STANDARD")
        .with("logGroupArn", arn)
        .into()
}

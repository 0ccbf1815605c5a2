//! `DescribeHub`, and the aggregator that gathers findings from other regions.

use super::{invalid, max_results, subscribed};
use crate::simulator::call::Call;
use crate::simulator::clock::iso_time;
use crate::simulator::wire::{ApiError, Input, Value, list, object};

fn missing(what: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("{what} not found")).with_status(404)
}

/// Describes the hub of the region.
pub fn describe_hub(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let held = subscribed(call)?;
    let arn = format!("arn:aws:securityhub:{}:{}:hub/default", call.region, held.account);
    if input.text("HubArn")?.is_some_and(|asked| asked != arn) {
        return Err(missing("Hub"));
    }
    Ok(object()
        .with("HubArn", arn)
        .with("SubscribedAt", iso_time(held.hub.subscribed))
        .with("AutoEnableControls", true)
        .with("ControlFindingGenerator", "SECURITY_CONTROL")
        .into())
}

/// Lists the aggregator, if there is one; whichever region is asked.
pub fn list_finding_aggregators(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let held = subscribed(call)?;
    max_results(input)?;
    if input.has("NextToken") {
        return Err(super::invalid_token());
    }
    let arns = held.hub.aggregation.iter().map(|(_, arn)| object().with("FindingAggregatorArn", arn));
    Ok(object().with("FindingAggregators", list(arns)).into())
}

/// Describes the aggregator.
pub fn get_finding_aggregator(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let held = subscribed(call)?;
    let asked = input.text("FindingAggregatorArn")?.ok_or_else(|| invalid("FindingAggregatorArn is required."))?;
    let found = held.hub.aggregation.as_ref().filter(|(_, arn)| arn == asked);
    let (region, arn) = found.ok_or_else(|| missing("Finding aggregator"))?;
    let linked = &held.hub.linked;
    let mode = if linked.is_empty() { "ALL_REGIONS" } else { "SPECIFIED_REGIONS" };
    let regions = (!linked.is_empty()).then(|| list(linked.iter().cloned()));
    Ok(object()
        .with("FindingAggregatorArn", arn)
        .with("FindingAggregationRegion", region)
        .with("RegionLinkingMode", mode)
        .with("Regions", regions)
        .into())
}

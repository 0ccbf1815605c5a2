//! `ListMetrics`.

use super::{invalid_token, invalid_value, missing_parameter, write_dimensions};
use crate::simulator::call::Call;
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::Series;

/// How many metrics a page shows.
const PAGE: usize = 500;
/// What `RecentlyActive` looks back on, in minutes.
const RECENT: i64 = 180;

/// Lists the region's metrics by namespace, name and dimensions.
pub fn list_metrics(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let namespace = input.text("Namespace")?;
    let name = input.text("MetricName")?;
    let filters = input
        .structures("Dimensions")?
        .into_iter()
        .map(|one| {
            Ok((one.text("Name")?.ok_or_else(|| missing_parameter("Dimensions.member.Name"))?, one.text("Value")?))
        })
        .collect::<Result<Vec<_>, ApiError>>()?;
    let recent = match input.text("RecentlyActive")? {
        None => false,
        Some("PT3H") => true,
        Some(word) => {
            return Err(invalid_value(format!("The value {word} for parameter RecentlyActive is not supported.")));
        }
    };
    let scope = call.scope("ListMetrics");
    let from = match input.text("NextToken")? {
        None => 0,
        Some(token) => {
            paging::open(&scope, token).and_then(|text| text.parse::<usize>().ok()).ok_or_else(invalid_token)?
        }
    };
    let Some(region) = call.here() else { return Ok(object().with("Metrics", Vec::new()).into()) };
    let fits = |series: &Series| {
        let has = |(name, value): &(&str, Option<&str>)| {
            series.dimensions.iter().any(|(known, of)| known == name && value.is_none_or(|value| value == of))
        };
        series.source.has_begun(call.now)
            && namespace.is_none_or(|namespace| namespace == series.namespace)
            && name.is_none_or(|name| name == series.name)
            && filters.iter().all(has)
    };
    let latest = call.now.div_euclid(60_000);
    let is_recent = |series: &Series| {
        let reader = region.reader(series, call.now);
        (latest - RECENT..latest).rev().any(|minute| reader.minute(minute).is_some())
    };
    // The catalogue never changes, so a place in it is a good token.
    let chosen = region.metrics.all().iter().enumerate().skip(from);
    let mut chosen = chosen.filter(|(_, series)| fits(series) && (!recent || is_recent(series))).peekable();
    let mut metrics = Vec::new();
    while metrics.len() < PAGE {
        let Some((_, series)) = chosen.next() else { break };
        let metric = object()
            .with("Namespace", &series.namespace)
            .with("MetricName", &series.name)
            .with("Dimensions", write_dimensions(&series.dimensions));
        metrics.push(Value::from(metric));
    }
    let token = chosen.peek().map(|(index, _)| paging::seal(&scope, &index.to_string()));
    let linked = input.boolean("IncludeLinkedAccounts")? == Some(true);
    let owners = linked.then(|| list(vec![call.principal.account.clone(); metrics.len()]));
    Ok(object().with("Metrics", metrics).with("NextToken", token).with("OwningAccounts", owners).into())
}

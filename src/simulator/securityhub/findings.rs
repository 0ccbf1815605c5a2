//! `GetFindings`.

use super::asff;
use super::filter::Filters;
use super::order::{Order, Place, find};
use super::{invalid_token, max_results, subscribed};
use crate::simulator::call::Call;
use crate::simulator::clock::Millis;
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::Findings;

/// Answers the findings that fit, those of the linked regions as well where they are gathered here.
pub fn get_findings(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let held = subscribed(call)?;
    let size = max_results(input)?;
    let scope = format!("{}/{:?}/{:?}", call.scope("GetFindings"), input.0.get("Filters"), input.0.get("SortCriteria"));
    // A later page shows the findings as they were when the first one was asked for.
    let (now, from) = match input.text("NextToken")? {
        None => (call.now, 0),
        Some(token) => opened(&scope, token).ok_or_else(invalid_token)?,
    };
    let filters = Filters::read(input, now)?;
    let order = Order::read(input)?;
    let chosen = choose(held, call.region, &filters, now);
    let next = from.saturating_add(size);
    let token = (next < chosen.len()).then(|| paging::seal(&scope, &format!("{now}/{next}")));
    let page = order.page(held, chosen, now, from, size);
    let shown = page.into_iter().filter_map(|place| find(held, place));
    let findings: Vec<Value> = shown.map(|(group, one)| asff::write(held, group, one, now)).collect();
    Ok(object().with("Findings", findings).with("NextToken", token).into())
}

fn opened(scope: &str, token: &str) -> Option<(Millis, usize)> {
    let text = paging::open(scope, token)?;
    let (now, from) = text.split_once('/')?;
    Some((now.parse().ok()?, from.parse().ok()?))
}

/// The places of the findings that fit.
fn choose(held: &Findings, region: &str, filters: &Filters, now: Millis) -> Vec<Place> {
    let mut chosen = Vec::new();
    let groups = held.groups.iter().enumerate().filter(|(_, group)| held.hub.shows(region, &group.region));
    for (place, group) in groups {
        // Most findings are as their group is: that is looked at once.
        let usual = filters.fit_group(&held.account, group, &group.usual());
        for (index, one) in group.findings.iter().enumerate() {
            let fits = if one.changes.is_empty() {
                usual
            } else {
                filters.fit_group(&held.account, group, &group.state(one, now))
            };
            if fits && one.created <= now && filters.fit_finding(&held.account, group, one, now) {
                chosen.extend(u32::try_from(place).ok().zip(u32::try_from(index).ok()));
            }
        }
    }
    chosen
}

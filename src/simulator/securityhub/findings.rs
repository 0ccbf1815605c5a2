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
    let page = order.page(held, &chosen, now, from, size);
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
            let fits =
                if one.is_usual() { usual } else { filters.fit_group(&held.account, group, &group.state(one, now)) };
            if fits && one.created <= now && filters.fit_finding(&held.account, group, one, now) {
                chosen.extend(u32::try_from(place).ok().zip(u32::try_from(index).ok()));
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::simulator::Scenario;
    use crate::simulator::auth::{Persona, Principal, Vault};
    use crate::simulator::calls::Counter;
    use crate::simulator::faults::Faults;
    use crate::simulator::iam::Policies;
    use crate::simulator::ssm::Automations;
    use crate::simulator::wire::{json, list};
    use crate::simulator::world::World;

    fn ask(call: &Call<'_>, filters: &Value, token: Option<&Value>) -> (Value, Duration) {
        let begun = Instant::now();
        let input = object().with("Filters", filters.clone()).with("NextToken", token.cloned());
        let answer = get_findings(call, Input(&input.into())).unwrap();
        let bytes = json::encode(&answer);
        assert!(bytes.len() > 1_000);
        (answer, begun.elapsed())
    }

    /// Twenty thousand findings, in a build that nothing is optimised in, on a machine that has other things to do: the
    /// fastest of a few counts.
    #[test]
    fn a_page_of_a_large_backlog_is_quick() {
        let scenario = Scenario::builtin("backlog").unwrap();
        let now = 1_795_310_823_000;
        let world = World::new(&scenario.file, now);
        let (vault, counter) = (Vault::new("111122223333", Persona::Responder).unwrap(), Counter::default());
        let principal = Principal::assumed("111122223333", "reader", "op");
        let region = "ap-northeast-1";
        let gateway = crate::simulator::gateway::Gateway::idle();
        let (policies, automations) = (Policies::default(), Automations::default());
        let faults = Faults::new(0, now, &[]);
        let call = Call {
            world: &world,
            vault: &vault,
            counter: &counter,
            gateway: &gateway,
            policies: &policies,
            faults: &faults,
            automations: &automations,
            principal: &principal,
            region,
            now,
        };

        let equals = |word: &'static str| object().with("Value", word).with("Comparison", "EQUALS");
        let urgent = object()
            .with("SeverityLabel", list([equals("CRITICAL"), equals("HIGH")]))
            .with("RecordState", list([equals("ACTIVE")]))
            .with("WorkflowStatus", list([equals("NEW"), equals("NOTIFIED")]));
        for filters in [object().into(), urgent.into()] {
            let mut fastest = [Duration::MAX; 2];
            for _ in 0..5 {
                let (first, took) = ask(&call, &filters, None);
                fastest[0] = fastest[0].min(took);
                let (_, took) = ask(&call, &filters, first.get("NextToken"));
                fastest[1] = fastest[1].min(took);
            }
            assert!(fastest.iter().all(|took| *took < Duration::from_millis(60)), "{fastest:?}");
            println!("first and later pages: {fastest:?}");
        }
    }
}

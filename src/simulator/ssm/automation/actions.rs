//! What the actions do.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Map, Value as Json};

use super::branch;
use super::definition::{Action, OutputSpec, StepSpec};
use super::execution::Failure;
use super::run::{call_failed, execution_failed};
use super::selector::Selector;
use crate::simulator::call::Call;
use crate::simulator::clock::{Millis, millis};
use crate::simulator::faults::{Called, FaultKind};
use crate::simulator::operations;
use crate::simulator::ssm::documents::declared::{Kind, written};
use crate::simulator::wire::{ApiError, Input, Service, json};

/// How far a step has come.
#[derive(Debug)]
pub enum Done {
    /// It is done, with its outputs.
    With(BTreeMap<String, Json>),
    /// It is done, and chose the step that follows.
    GoTo(Option<String>),
    /// It must be looked at again, at a time where that is known.
    NotYet(Option<Millis>),
}

/// Does what a step says, with its inputs filled in.
pub fn perform(call: &Call<'_>, spec: &StepSpec, inputs: &Json, begun: Millis) -> Result<Done, Failure> {
    match spec.action {
        Action::Call => {
            let answer = ask(call, inputs)?;
            outputs(&spec.outputs, &answer).map(Done::With)
        }
        Action::WaitFor => {
            let is = is_as_desired(inputs, &ask(call, inputs)?).is_ok();
            Ok(if is { Done::With(BTreeMap::new()) } else { Done::NotYet(None) })
        }
        Action::Assert => match is_as_desired(inputs, &ask(call, inputs)?) {
            Ok(()) => Ok(Done::With(BTreeMap::new())),
            Err(found) => {
                let desired = inputs.get("DesiredValues").map(written).unwrap_or_default();
                let message =
                    execution_failed(&format!("Property value {found} is not in the desired values {desired}"));
                Err(Failure { message, stage: "Verification", kind: "AssertionFailed".to_owned() })
            }
        },
        Action::Branch => branch::choose(inputs).map(Done::GoTo).map_err(|why| invalid(&why)),
        Action::Sleep => {
            let until = wakes(inputs, begun).ok_or_else(|| invalid("the duration or time is not valid"))?;
            Ok(if call.now >= until { Done::With(BTreeMap::new()) } else { Done::NotYet(Some(until)) })
        }
    }
}

fn invalid(why: &str) -> Failure {
    Failure { message: execution_failed(why), stage: "Invocation", kind: "InvalidInput".to_owned() }
}

/// When a sleep that began at a time is over.
fn wakes(inputs: &Json, begun: Millis) -> Option<Millis> {
    let text = |name: &str| inputs.get(name).and_then(Json::as_str);
    match (text("Duration"), text("Timestamp")) {
        (Some(duration), None) => {
            let span = duration.parse::<SignedDuration>().ok().filter(|span| !span.is_negative())?;
            Some(begun.saturating_add(millis(span)))
        }
        (None, Some(time)) => Some(time.parse::<jiff::Timestamp>().ok()?.as_millisecond()),
        _ => None,
    }
}

/// The inputs of a step that are no members of the call.
const OF_THE_STEP: [&str; 4] = ["Service", "Api", "PropertySelector", "DesiredValues"];

/// Makes a call as the execution's own identity, with the same rights as anybody's.
fn ask(call: &Call<'_>, inputs: &Json) -> Result<Json, Failure> {
    let text = |name: &str| inputs.get(name).and_then(Json::as_str).unwrap_or_default();
    let (service, api) = (text("Service"), text("Api"));
    if service != "ecs" || !operations::of(Service::Ecs).contains(&api) {
        return Err(invalid(&format!("The simulated account has no action {service}:{api} for documents")));
    }
    let members = inputs.as_object().into_iter().flatten();
    let members: Map<String, Json> = members
        .filter(|(name, _)| !OF_THE_STEP.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let failed = |error: ApiError| call_failed(error.shape, api, &error.message);
    harmed(call, api).map_err(failed)?;
    let input = json::read(Json::Object(members));
    let answer = operations::answer(call, Service::Ecs, api, Input(&input)).map_err(failed)?;
    Ok(json::hand_over(&answer))
}

/// Lets faults meet the call: a document's calls go wrong as anybody's do.
fn harmed(call: &Call<'_>, api: &str) -> Result<(), ApiError> {
    let action = format!("ecs:{api}");
    let called = Called { action: &action, account: &call.principal.account, region: call.region, now: call.now };
    match call.faults.meet(&called).kind {
        None => Ok(()),
        Some((FaultKind::Throttle, _)) => Err(ApiError::throttled()),
        Some((FaultKind::Deny, _)) => Err(ApiError::denied(&call.principal.arn, &action, "*")),
        Some((FaultKind::Expire, _)) => Err(ApiError::expired()),
        Some(_) => Err(ApiError::internal("Service Unavailable")),
    }
}

/// Whether the property that a step looks at is one of those it wants; `Err` is what it is instead.
fn is_as_desired(inputs: &Json, answer: &Json) -> Result<(), String> {
    let selector = inputs.get("PropertySelector").and_then(Json::as_str).and_then(Selector::read);
    let found = selector.and_then(|selector| selector.select(answer)).map(|value| written(&value));
    let found = found.unwrap_or_else(|| "null".to_owned());
    let desired = inputs.get("DesiredValues").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    if desired.iter().any(|value| written(value) == found) { Ok(()) } else { Err(found) }
}

/// Takes what a step gives out of an answer.
fn outputs(specs: &[OutputSpec], answer: &Json) -> Result<BTreeMap<String, Json>, Failure> {
    let mut outputs = BTreeMap::new();
    for spec in specs {
        let Some(value) = spec.selector.select(answer) else { continue };
        let fits = match spec.kind {
            Kind::String => value.is_string(),
            Kind::Integer => value.is_i64() || value.is_u64(),
            Kind::Boolean => value.is_boolean(),
            Kind::StringMap => value.is_object(),
            Kind::StringList => value.as_array().is_some_and(|items| items.iter().all(Json::is_string)),
            Kind::MapList => value.as_array().is_some_and(|items| items.iter().all(Json::is_object)),
        };
        if !fits {
            let what = format!("The output {} cannot be read as {}", spec.name, spec.kind.word());
            return Err(Failure {
                message: execution_failed(&what),
                stage: "Verification",
                kind: "InvalidOutput".to_owned(),
            });
        }
        outputs.insert(spec.name.clone(), value);
    }
    outputs.insert("Output".to_owned(), answer.to_string().into());
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"Duration": "PT10M"}), Some(601_000))]
    #[case(json!({"Duration": "PT1H30M"}), Some(5_401_000))]
    #[case(json!({"Duration": "ten"}), None)]
    #[case(json!({"Timestamp": "1970-01-01T00:00:05Z"}), Some(5_000))]
    #[case(json!({}), None)]
    fn a_sleep_ends(#[case] inputs: Json, #[case] until: Option<Millis>) {
        assert_eq!(wakes(&inputs, 1_000), until);
    }

    #[rstest]
    #[case("$.services[0].runningCount", json!([3]), true)]
    #[case("$.services[0].runningCount", json!(["3"]), true)]
    #[case("$.services[0].runningCount", json!([4]), false)]
    #[case("$.services[0].name", json!(["api", "web"]), true)]
    #[case("$.services[1].name", json!(["web"]), false)]
    fn a_property_is_looked_at(#[case] selector: &str, #[case] desired: Json, #[case] is: bool) {
        let answer = json!({"services": [{"runningCount": 3, "name": "web"}]});
        let inputs = json!({"PropertySelector": selector, "DesiredValues": desired});
        assert_eq!(is_as_desired(&inputs, &answer).is_ok(), is);
    }

    #[test]
    fn an_output_has_its_type() {
        let spec = |selector: &str, kind| OutputSpec {
            name: "One".to_owned(),
            selector: Selector::read(selector).unwrap(),
            kind,
        };
        let answer = json!({"arns": ["a"], "count": 3});
        assert_eq!(outputs(&[spec("$.arns[0]", Kind::String)], &answer).unwrap()["One"], json!("a"));
        assert!(!outputs(&[spec("$.arns[1]", Kind::String)], &answer).unwrap().contains_key("One"));
        assert!(outputs(&[spec("$.count", Kind::String)], &answer).is_err());
        assert!(outputs(&[spec("$.arns", Kind::StringList)], &answer).is_ok());
    }
}

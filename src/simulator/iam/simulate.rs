//! `SimulatePrincipalPolicy`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use std::sync::Arc;

use super::context::Context;
use super::evaluate::{Decision, Demand, Verdict, evaluate};
use super::policy::Policy;
use crate::simulator::auth::role_of;
use crate::simulator::call::Call;
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, list, object};

/// What one may do who was given no policies.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidInputException", message).or_code("InvalidInput")
}

/// Says what a role's policies, and those that the caller adds, make of actions on resources.
pub fn simulate_principal_policy(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let source = input.required("PolicySourceArn")?;
    let policies = policies(call, source, input)?;
    let actions = input.texts("ActionNames")?.filter(|names| !names.is_empty());
    let actions = actions.ok_or_else(|| ApiError::absent("ActionNames"))?;
    if let Some(odd) = actions.iter().find(|name| !name.contains(':')) {
        return Err(invalid(format!("Invalid Action Name: {odd}")));
    }
    let resources = input.texts("ResourceArns")?.filter(|arns| !arns.is_empty()).unwrap_or_else(|| vec!["*"]);
    let context = context(call, source, input)?;
    let size = input.page_size("MaxItems", 1_000, 100)?;
    let scope = format!("{}/{source}/{actions:?}/{resources:?}", call.scope("SimulatePrincipalPolicy"));
    let from = match input.text("Marker")? {
        None => 0,
        Some(marker) => paging::open(&scope, marker)
            .and_then(|text| text.parse::<usize>().ok())
            .ok_or_else(|| invalid("Invalid Marker."))?,
    };
    let all = actions.iter().flat_map(|action| resources.iter().map(move |resource| (*action, *resource)));
    let total = actions.len() * resources.len();
    let results = all.skip(from).take(size).map(|(action, resource)| {
        result(&Demand::new(action, resource), &evaluate(&policies, &Demand::new(action, resource), &context))
    });
    let results: Vec<Value> = results.collect();
    let next = from.saturating_add(results.len());
    let marker = (next < total).then(|| paging::seal(&scope, &next.to_string()));
    let answer = object().with("EvaluationResults", results).with("IsTruncated", marker.is_some());
    Ok(answer.with("Marker", marker).into())
}

/// The policies of the role that is meant, and those that the caller adds.
fn policies(call: &Call<'_>, source: &str, input: Input<'_>) -> Result<Vec<Policy>, ApiError> {
    let known = role_of(source).filter(|(account, _)| *account == call.principal.account);
    let Some((account, role)) = known else {
        let message = format!("The entity {source} cannot be found.");
        return Err(ApiError::new("NoSuchEntityException", message).or_code("NoSuchEntity").with_status(404));
    };
    let read = |name: String, text: &str| {
        Policy::read(name, text).map_err(|error| invalid(format!("Invalid Input Policy: {error}")))
    };
    let mut policies = match call.policies.of(account, role) {
        Some(policies) => Arc::unwrap_or_clone(policies),
        None => vec![read("AdministratorAccess".to_owned(), EVERYTHING)?],
    };
    for (index, text) in input.texts("PolicyInputList")?.unwrap_or_default().into_iter().enumerate() {
        policies.push(read(format!("PolicyInputList.{}", index + 1), text)?);
    }
    Ok(policies)
}

/// What the caller says of the request; it has nothing else but who the role is.
fn context(call: &Call<'_>, source: &str, input: Input<'_>) -> Result<Context, ApiError> {
    let mut context = Context::default();
    context.set("aws:PrincipalArn", source);
    context.set("aws:PrincipalAccount", call.principal.account.clone());
    for entry in input.structures("ContextEntries")? {
        let key = entry.required("ContextKeyName")?;
        let values = entry.texts("ContextKeyValues")?.unwrap_or_default();
        context.set_all(key, values.into_iter().map(str::to_owned).collect());
    }
    Ok(context)
}

fn result(demand: &Demand, verdict: &Verdict) -> Value {
    let decision = match verdict.decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitDeny => "explicitDeny",
        Decision::ImplicitDeny => "implicitDeny",
    };
    let matched =
        verdict.matched.iter().map(|policy| object().with("SourcePolicyId", policy).with("SourcePolicyType", "role"));
    object()
        .with("EvalActionName", &demand.action)
        .with("EvalResourceName", &demand.resource)
        .with("EvalDecision", decision)
        .with("MatchedStatements", list(matched))
        .with("MissingContextValues", list(verdict.missing.iter().cloned()))
        .into()
}

//! AWS WAF: web ACLs, their logging, what they protect, and samples of what they saw.
//!
//! <https://docs.aws.amazon.com/waf/latest/APIReference/API_Operations_AWS_WAFV2.html>

mod acls;
mod samples;
mod statement;

use super::call::Call;
use super::paging;
use super::scenario::{GLOBAL_REGION, WafScope};
use super::wire::{ApiError, Input, Value};
use super::world::WebAcl;

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "ListWebACLs" => acls::list_web_acls(call, input),
        "GetWebACL" => acls::get_web_acl(call, input),
        "ListLoggingConfigurations" => acls::list_logging_configurations(call, input),
        "ListResourcesForWebACL" => acls::list_resources_for_web_acl(call, input),
        "GetRateBasedStatementManagedKeys" => acls::get_rate_based_statement_managed_keys(call, input),
        "GetSampledRequests" => samples::get_sampled_requests(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 6] = [
    "ListWebACLs",
    "GetWebACL",
    "ListLoggingConfigurations",
    "ListResourcesForWebACL",
    "GetRateBasedStatementManagedKeys",
    "GetSampledRequests",
];

/// A parameter is wrong, in WAF's words: the reason, the field and what it held.
fn invalid(reason: &str, field: &'static str, parameter: &str) -> ApiError {
    let message = format!("Error reason: {reason}, field: {field}, parameter: {parameter}");
    ApiError::new("WAFInvalidParameterException", message)
        .with_detail("Field", field)
        .with_detail("Parameter", parameter)
        .with_detail("Reason", reason)
}

/// What was asked for is not there.
fn nonexistent() -> ApiError {
    let message = "AWS WAF couldn’t perform the operation because your resource doesn’t exist.";
    ApiError::new("WAFNonexistentItemException", message).message_as("Message")
}

/// Reads the scope: CloudFront's is answered in one region only.
fn scope(call: &Call<'_>, input: Input<'_>) -> Result<WafScope, ApiError> {
    match input.required("Scope")? {
        "REGIONAL" => Ok(WafScope::Regional),
        "CLOUDFRONT" if call.region == GLOBAL_REGION => Ok(WafScope::Cloudfront),
        "CLOUDFRONT" => Err(invalid("The scope is not valid.", "SCOPE_VALUE", "CLOUDFRONT")),
        word => Err(ApiError::constraint(word, "scope", "Member must satisfy enum value set: [CLOUDFRONT, REGIONAL]")),
    }
}

/// The web ACLs that are there.
fn here<'a>(call: &Call<'a>) -> impl Iterator<Item = &'a WebAcl> {
    let now = call.now;
    let all = call.here().map(|region| region.web_acls.as_slice()).unwrap_or_default();
    all.iter().map(AsRef::as_ref).filter(move |acl| acl.exists(now))
}

/// Finds a web ACL by its ARN.
fn by_arn<'a>(call: &Call<'a>, input: Input<'_>, member: &str) -> Result<&'a WebAcl, ApiError> {
    let arn = input.required(member)?;
    if !arn.starts_with("arn:aws:wafv2:") {
        return Err(invalid(
            "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes.",
            "RESOURCE_ARN",
            arn,
        ));
    }
    here(call).find(|acl| acl.arn == arn).ok_or_else(nonexistent)
}

/// Cuts a page of web ACLs, by their names, out of those of a scope; a hundred unless told otherwise.
fn page<'a>(
    call: &Call<'a>,
    operation: &str,
    input: Input<'_>,
    shown: impl Fn(&WebAcl) -> bool,
) -> Result<(Vec<&'a WebAcl>, Option<String>), ApiError> {
    let scope = scope(call, input)?;
    let size = input.page_size("Limit", 100, 100)?;
    let place = format!("{}/{scope:?}", call.scope(operation));
    let after = match input.text("NextMarker")? {
        None => None,
        Some(marker) => {
            let after = paging::open(&place, marker);
            Some(after.ok_or_else(|| invalid("The marker is not valid.", "ENTITY_LIMIT", marker))?)
        }
    };
    let all: Vec<&WebAcl> = here(call).filter(|acl| acl.scope == scope && shown(acl)).collect();
    let names = all.iter().map(|acl| acl.name.clone()).collect();
    let (names, marker) = paging::cut(&place, names, after.as_deref(), size);
    let of = |name: &String| all.iter().find(|acl| acl.name == *name).copied();
    Ok((names.iter().filter_map(of).collect(), marker))
}

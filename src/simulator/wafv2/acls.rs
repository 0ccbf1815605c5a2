//! `ListWebACLs`, `GetWebACL`, and what belongs to a web ACL.

use super::{by_arn, here, invalid, nonexistent, page, scope, statement};
use crate::simulator::call::Call;
use crate::simulator::scenario::WafScope;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{RuleKind, WebAcl};

/// Lists the web ACLs of a scope.
pub fn list_web_acls(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (acls, marker) = page(call, "ListWebACLs", input, |_| true)?;
    let summaries: Vec<Value> = acls
        .into_iter()
        .map(|acl| {
            object()
                .with("Name", &acl.name)
                .with("Id", &acl.id)
                .with("Description", description(acl))
                .with("LockToken", &acl.lock_token)
                .with("ARN", &acl.arn)
                .into()
        })
        .collect();
    Ok(object().with("NextMarker", marker).with("WebACLs", summaries).into())
}

/// Describes one web ACL, by its ARN or by name, scope and id.
pub fn get_web_acl(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let acl = if input.has("ARN") {
        by_arn(call, input, "ARN")?
    } else {
        let scope = scope(call, input)?;
        let (name, id) = (input.required("Name")?, input.required("Id")?);
        here(call).find(|acl| acl.scope == scope && acl.name == name && acl.id == id).ok_or_else(nonexistent)?
    };
    Ok(object().with("WebACL", describe(acl)).with("LockToken", &acl.lock_token).into())
}

fn description(acl: &WebAcl) -> Option<String> {
    Some(acl.description.clone()).filter(|text| !text.is_empty())
}

fn describe(acl: &WebAcl) -> Object {
    object()
        .with("Name", &acl.name)
        .with("Id", &acl.id)
        .with("ARN", &acl.arn)
        .with("DefaultAction", statement::default_action(acl.default))
        .with("Description", description(acl))
        .with("Rules", acl.rules.iter().map(|rule| statement::rule(rule).into()).collect::<Vec<Value>>())
        .with("VisibilityConfig", statement::visibility(&acl.metric, false))
        .with("Capacity", acl.capacity())
        .with("ManagedByFirewallManager", false)
        .with("LabelNamespace", &acl.label)
        .with("RetrofittedByFirewallManager", false)
}

/// Lists where the web ACLs of a scope log to; those that do not log are left out.
pub fn list_logging_configurations(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (acls, marker) = page(call, "ListLoggingConfigurations", input, |acl| acl.logging.is_some())?;
    let authorization = object().with("SingleHeader", object().with("Name", "authorization"));
    let configurations: Vec<Value> = acls
        .into_iter()
        .map(|acl| {
            object()
                .with("ResourceArn", &acl.arn)
                .with("LogDestinationConfigs", list(acl.logging.clone()))
                .with("RedactedFields", list([authorization.clone()]))
                .with("ManagedByFirewallManager", false)
                .with("LogType", "WAF_LOGS")
                .with("LogScope", "CUSTOMER")
                .into()
        })
        .collect();
    Ok(object().with("LoggingConfigurations", configurations).with("NextMarker", marker).into())
}

/// What stands in the ARNs of the resources that a web ACL can protect.
const RESOURCE_TYPES: [(&str, &str); 8] = [
    ("APPLICATION_LOAD_BALANCER", ":elasticloadbalancing:"),
    ("API_GATEWAY", ":apigateway:"),
    ("APPSYNC", ":appsync:"),
    ("COGNITO_USER_POOL", ":cognito-idp:"),
    ("APP_RUNNER_SERVICE", ":apprunner:"),
    ("VERIFIED_ACCESS_INSTANCE", ":ec2:"),
    ("AMPLIFY", ":amplify:"),
    ("AGENTCORE_GATEWAY", ":bedrock-agentcore:"),
];

/// Lists what a regional web ACL protects; CloudFront is asked itself for its distributions.
pub fn list_resources_for_web_acl(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let acl = by_arn(call, input, "WebACLArn")?;
    if acl.scope == WafScope::Cloudfront {
        return Err(invalid("The resource type is not valid for this scope.", "RESOURCE_ARN", &acl.arn));
    }
    let word = input.text("ResourceType")?.unwrap_or("APPLICATION_LOAD_BALANCER");
    let Some((_, service)) = RESOURCE_TYPES.iter().find(|(known, _)| *known == word) else {
        return Err(invalid("The resource type is not valid.", "RESOURCE_TYPE", word));
    };
    let arns = acl.resources.iter().filter(|arn| arn.contains(service)).cloned();
    Ok(object().with("ResourceArns", list(arns)).into())
}

/// Lists the addresses that a rate-based rule stops now.
pub fn get_rate_based_statement_managed_keys(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let scope = scope(call, input)?;
    let (name, id) = (input.required("WebACLName")?, input.required("WebACLId")?);
    let rule = input.required("RuleName")?;
    let acl = here(call).find(|acl| acl.scope == scope && acl.name == name && acl.id == id).ok_or_else(nonexistent)?;
    let rule = acl.rule(rule).filter(|_| !input.has("RuleGroupRuleName")).ok_or_else(nonexistent)?;
    if !matches!(rule.kind, RuleKind::Rate { .. }) {
        return Err(invalid("The rule is not a rate-based rule.", "RATE_BASED_STATEMENT", &rule.name));
    }
    let (v6, v4): (Vec<String>, Vec<String>) =
        rule.stopped_addresses(call.now).into_iter().partition(|address| address.contains(':'));
    let set = |version: &'static str, addresses: Vec<String>, bits: u32| {
        let networks = addresses.into_iter().map(|address| format!("{address}/{bits}"));
        object().with("IPAddressVersion", version).with("Addresses", list(networks))
    };
    Ok(object().with("ManagedKeysIPV4", set("IPV4", v4, 32)).with("ManagedKeysIPV6", set("IPV6", v6, 128)).into())
}

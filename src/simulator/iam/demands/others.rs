//! What the operations of the services that are mostly read demand.

use super::{Demands, arn, text, texts};
use crate::simulator::call::Call;
use crate::simulator::iam::Demand;
use crate::simulator::wire::{Input, Value};

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html>
pub fn cloudwatch(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let action = format!("cloudwatch:{operation}");
    let alarm = |name: &str| Demand::new(action.clone(), arn(call, "cloudwatch", &format!("alarm:{name}")));
    match operation {
        "DescribeAlarms" => match texts(input, "AlarmNames") {
            names if names.is_empty() => vec![alarm("*")],
            names => names.into_iter().map(alarm).collect(),
        },
        "DescribeAlarmHistory" => vec![alarm(input.text("AlarmName").ok().flatten().unwrap_or("*"))],
        _ => vec![Demand::new(action, "*")],
    }
}

/// `GetCallerIdentity` needs no permission.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub fn sts(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let role = text(input, "RoleArn");
    // In another account one signs in as oneself, which Identity Center allows and not a policy.
    let itself = crate::simulator::auth::role_of(role).map(|(_, role)| role) == call.principal.role();
    if operation == "AssumeRole" && !itself { vec![Demand::new("sts:AssumeRole", role)] } else { Vec::new() }
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html>
pub fn wafv2(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let action = format!("wafv2:{operation}");
    let named = |name: &str, id: &str| {
        let scope = if text(input, "Scope") == "CLOUDFRONT" { "global" } else { "regional" };
        arn(call, "wafv2", &format!("{scope}/webacl/{name}/{id}"))
    };
    let resource = match operation {
        "GetWebACL" => match text(input, "ARN") {
            "" => named(text(input, "Name"), text(input, "Id")),
            arn => arn.to_owned(),
        },
        "ListResourcesForWebACL" => text(input, "WebACLArn").to_owned(),
        "GetSampledRequests" => text(input, "WebAclArn").to_owned(),
        "GetRateBasedStatementManagedKeys" => named(text(input, "WebACLName"), text(input, "WebACLId")),
        _ => "*".to_owned(),
    };
    vec![Demand::new(action, resource)]
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html>
pub fn securityhub(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let action = format!("securityhub:{operation}");
    let hub = arn(call, "securityhub", "hub/default");
    match operation {
        "ListFindingAggregators" => vec![Demand::new(action, "*")],
        "GetFindingAggregator" => vec![Demand::new(action, text(input, "FindingAggregatorArn"))],
        "BatchUpdateFindings" => {
            let mut demand = Demand::new(action, hub);
            fields(&mut demand, "securityhub:ASFFSyntaxPath", input.0);
            vec![demand]
        }
        _ => vec![Demand::new(action, hub)],
    }
}

/// Sets a key for each field that an update touches, by its path.
///
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/batchupdatefindings-configure-access.html>
fn fields(demand: &mut Demand, key: &str, value: &Value) {
    let Value::Map(members) = value else { return };
    for (name, value) in members.iter().filter(|(name, _)| name != "FindingIdentifiers") {
        let first = !key.contains('/');
        let path = if first { format!("{key}/{name}") } else { format!("{key}.{name}") };
        match value {
            Value::Map(_) => fields(demand, &path, value),
            Value::List(items) => demand.context.set_all(&path, items.iter().filter_map(written).collect()),
            value => demand.context.set_all(&path, written(value).into_iter().collect()),
        }
    }
}

/// A value as conditions see it; a structure in a list is there, whatever it holds.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.to_string()),
        Value::Raw(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) => Some(value.to_string()),
        Value::Float(value) => Some(value.to_string()),
        Value::Time(_) | Value::List(_) | Value::Map(_) => Some(String::new()),
    }
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>
///
/// A group's ARN goes on with its streams, so that a policy must end in `:*`.
pub fn logs(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let action = format!("logs:{operation}");
    let prefix = arn(call, "logs", "log-group:");
    let group = |named: &str| {
        let name = named.strip_prefix(prefix.as_str()).unwrap_or(named);
        name.strip_suffix(":*").unwrap_or(name).to_owned()
    };
    let stream =
        |group: &str, stream: &str| Demand::new(action.clone(), format!("{prefix}{group}:log-stream:{stream}"));
    let named = match (text(input, "logGroupName"), text(input, "logGroupIdentifier")) {
        ("", identifier) => group(identifier),
        (name, _) => group(name),
    };
    match operation {
        "DescribeLogGroups" => vec![stream("", "")],
        "StartLiveTail" => {
            texts(input, "logGroupIdentifiers").into_iter().map(|named| stream(&group(named), "")).collect()
        }
        "GetLogEvents" | "PutLogEvents" | "CreateLogStream" => vec![stream(&named, text(input, "logStreamName"))],
        _ => vec![stream(&named, "")],
    }
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
pub fn kms(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let named = crate::simulator::kms::key_of(call, operation, input);
    let mut demand = Demand::new(format!("kms:{operation}"), named);
    let context = input.pairs("EncryptionContext").unwrap_or_default();
    for (key, value) in &context {
        demand.context.set(&format!("kms:EncryptionContext:{key}"), value.clone());
    }
    if !context.is_empty() {
        demand.context.set_all("kms:EncryptionContextKeys", context.into_keys().collect());
    }
    let alias = text(input, "KeyId");
    vec![demand.with::<&str>("kms:RequestAlias", alias.starts_with("alias/").then_some(alias))]
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html>
pub fn rds(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let named = match text(input, "DBClusterIdentifier") {
        "" => "*",
        name => name.rsplit(':').next().unwrap_or(name),
    };
    vec![Demand::new(format!("rds:{operation}"), arn(call, "rds", &format!("cluster:{named}")))]
}

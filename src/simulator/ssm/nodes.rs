//! `DescribeInstanceInformation`: the managed nodes.

use super::error;
use crate::simulator::call::Call;
use crate::simulator::clock::{MINUTE, Millis};
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::Node;

/// After how long without a word an agent counts as lost.
const LOST_AFTER: Millis = 5 * MINUTE;

/// Whether a node's agent is gone at a time.
pub fn is_offline(node: &Node, now: Millis) -> bool {
    node.offline_since.is_some_and(|since| since <= now)
}

/// Lists the nodes that all filters let through.
pub fn describe_instance_information(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let size = match input.within("MaxResults", 5, 50)? {
        None => 10,
        Some(size) => usize::try_from(size).unwrap_or(10),
    };
    let filters = filters(input)?;
    let nodes = call.here().map(|region| region.nodes.as_slice()).unwrap_or_default();
    let wanted = |node: &&Node| filters.iter().all(|(key, values)| is_of(node, key, values, call.now));
    let ids = nodes.iter().filter(wanted).map(|node| node.id.clone()).collect();
    let scope = call.scope("DescribeInstanceInformation");
    let after = tokened(input, &scope)?;
    let (page, token) = paging::cut(&scope, ids, after.as_deref(), size);
    let shown = nodes.iter().filter(|node| page.contains(&node.id));
    let shown: Vec<Value> = shown.map(|node| describe(call, node)).collect();
    Ok(object().with("InstanceInformationList", shown).with("NextToken", token).into())
}

/// Opens the token of a page, where there is one.
pub fn tokened(input: Input<'_>, scope: &str) -> Result<Option<String>, ApiError> {
    let Some(token) = input.text("NextToken")?.filter(|token| !token.is_empty()) else { return Ok(None) };
    let opened = paging::open(scope, token);
    opened.map(Some).ok_or_else(|| error("InvalidNextToken", "The specified token is not valid."))
}

type Filter = (String, Vec<String>);

/// The filters in their two writings.
fn filters(input: Input<'_>) -> Result<Vec<Filter>, ApiError> {
    const KEYS: [&str; 8] = [
        "InstanceIds",
        "AgentVersion",
        "PingStatus",
        "PlatformTypes",
        "ActivationIds",
        "IamRole",
        "ResourceType",
        "AssociationStatus",
    ];
    let mut filters = Vec::new();
    let new = input.structures("Filters")?.into_iter().map(|filter| (filter, "Key", "Values"));
    let old = input.structures("InstanceInformationFilterList")?.into_iter().map(|filter| (filter, "key", "valueSet"));
    for (filter, key, values) in new.chain(old) {
        let key = filter.required(key)?;
        let known = KEYS.contains(&key) || key == "tag-key" || key.starts_with("tag:");
        if !known {
            return Err(error("InvalidFilterKey", ""));
        }
        let values = filter.texts(values)?.unwrap_or_default();
        if values.is_empty() || values.len() > 100 {
            let message = "A filter has between 1 and 100 values.";
            return Err(ApiError::new("InvalidInstanceInformationFilterValue", message));
        }
        filters.push((key.to_owned(), values.into_iter().map(str::to_owned).collect()));
    }
    Ok(filters)
}

fn is_of(node: &Node, key: &str, values: &[String], now: Millis) -> bool {
    let one_of = |text: &str| values.iter().any(|value| value == text);
    match key {
        "InstanceIds" => one_of(&node.id),
        "AgentVersion" => one_of(&node.agent),
        "PingStatus" => one_of(ping_status(node, now)),
        "PlatformTypes" => one_of(platform_type(node)),
        "ResourceType" => one_of(resource_type(node)),
        "AssociationStatus" => one_of("Success"),
        "tag-key" => node.tags.iter().any(|(tag, _)| one_of(tag)),
        _ => key
            .strip_prefix("tag:")
            .is_some_and(|tag| node.tags.iter().any(|(known, value)| known == tag && one_of(value))),
    }
}

fn ping_status(node: &Node, now: Millis) -> &'static str {
    if is_offline(node, now) { "ConnectionLost" } else { "Online" }
}

fn platform_type(node: &Node) -> &'static str {
    match &node.platform {
        name if name.contains("Windows") => "Windows",
        name if name.contains("macOS") => "MacOS",
        _ => "Linux",
    }
}

/// Machines that were not made by EC2 have ids of their own.
fn resource_type(node: &Node) -> &'static str {
    if node.id.starts_with("mi-") { "ManagedInstance" } else { "EC2Instance" }
}

fn describe(call: &Call<'_>, node: &Node) -> Value {
    let managed = resource_type(node) == "ManagedInstance";
    // An agent says something every five minutes at least.
    let ping =
        node.offline_since.filter(|since| *since <= call.now).unwrap_or(call.now - call.now.rem_euclid(LOST_AFTER));
    object()
        .with("InstanceId", &node.id)
        .with("PingStatus", ping_status(node, call.now))
        .time("LastPingDateTime", ping)
        .with("AgentVersion", &node.agent)
        .with("IsLatestVersion", node.agent == super::AGENT)
        .with("PlatformType", platform_type(node))
        .with("PlatformName", &node.platform)
        .with("PlatformVersion", &node.platform_version)
        .with("ResourceType", resource_type(node))
        .with("Name", node.name.clone().filter(|_| managed))
        .with("IamRole", managed.then_some("service-role/AmazonEC2RunCommandRoleForManagedInstances"))
        .time("RegistrationDate", managed.then_some(node.registered))
        .with("IPAddress", &node.address)
        .with("ComputerName", node.name.clone())
        .with("SourceId", &node.id)
        .with("SourceType", if managed { "AWS::SSM::ManagedInstance" } else { "AWS::EC2::Instance" })
        .into()
}

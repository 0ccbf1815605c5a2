//! `ListClusters` and `DescribeClusters`.

use super::{invalid, missing, names, page};
use crate::simulator::call::Call;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{Cluster, ExecConfiguration, Region};

/// Lists the region's clusters.
pub fn list_clusters(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arns =
        call.here().map(|region| region.clusters.keys().map(|name| arn(region, name)).collect()).unwrap_or_default();
    let (arns, token) = page(call, "ListClusters", input, 100, arns)?;
    Ok(object().with("clusterArns", list(arns)).with("nextToken", token).into())
}

/// Describes clusters, with what `include` asks for.
pub fn describe_clusters(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let named = match input.texts("clusters")? {
        Some(named) if !named.is_empty() => named,
        _ => vec!["default"],
    };
    if named.len() > 100 {
        return Err(invalid("cluster names can have at most 100 items."));
    }
    let include = input.texts("include")?.unwrap_or_default();
    let known = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"];
    if let Some(word) = include.iter().find(|word| !known.contains(word)) {
        return Err(invalid(format!("Unknown include value: {word}")));
    }
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for text in named {
        let name = names::parts(text, "cluster").last().copied().unwrap_or(text);
        let found = call.here().and_then(|region| Some((region, region.clusters.get(name)?)));
        if let Some((region, cluster)) = found {
            clusters.push(describe(call, region, name, cluster, &include));
        } else {
            let account = &call.principal.account;
            failures.push(missing(format!("arn:aws:ecs:{}:{account}:cluster/{name}", call.region)));
        }
    }
    Ok(object().with("clusters", clusters).with("failures", failures).into())
}

fn arn(region: &Region, name: &str) -> String {
    format!("arn:aws:ecs:{}:{}:cluster/{name}", region.name, region.account)
}

/// Running and pending tasks, by launch type.
#[derive(Default)]
struct Totals {
    running: u32,
    pending: u32,
    services: u32,
}

fn describe(call: &Call<'_>, region: &Region, name: &str, cluster: &Cluster, include: &[&str]) -> Value {
    let mut totals = Totals::default();
    for service in cluster.services.values().filter_map(|index| region.services.get(*index)) {
        let counts = service.at(call.now, |story| story.counts(None, call.now));
        totals.services += 1;
        totals.running += counts.running;
        totals.pending += counts.pending;
    }
    let statistics = if include.contains(&"STATISTICS") { statistics(&totals) } else { Vec::new() };
    let tags = cluster
        .tags
        .iter()
        .filter(|_| include.contains(&"TAGS"))
        .map(|(key, value)| tag(key, value))
        .collect::<Vec<_>>();
    let setting = object().with("name", "containerInsights").with("value", "disabled");
    let settings: Vec<Value> = include.contains(&"SETTINGS").then(|| setting.into()).into_iter().collect();
    object()
        .with("clusterArn", arn(region, name))
        .with("clusterName", name.to_owned())
        .with("status", "ACTIVE")
        .with("registeredContainerInstancesCount", 0_u32)
        .with("runningTasksCount", totals.running)
        .with("pendingTasksCount", totals.pending)
        .with("activeServicesCount", totals.services)
        .with("statistics", statistics)
        .with("tags", tags)
        .with("settings", settings)
        .with("configuration", cluster.exec.as_ref().filter(|_| include.contains(&"CONFIGURATIONS")).map(configuration))
        .with("capacityProviders", list(["FARGATE", "FARGATE_SPOT"]))
        .with("defaultCapacityProviderStrategy", Vec::new())
        .into()
}

/// Writes how ECS Exec is configured.
fn configuration(exec: &ExecConfiguration) -> Value {
    let log = exec.log_group.as_ref().map(|group| {
        object()
            .with("cloudWatchLogGroupName", group)
            .with("cloudWatchEncryptionEnabled", false)
            .with("s3EncryptionEnabled", false)
    });
    let execute =
        object().with("kmsKeyId", exec.key.clone()).with("logging", exec.logging).with("logConfiguration", log);
    object().with("executeCommandConfiguration", execute).into()
}

/// Everything runs on Fargate; the other launch types count nothing.
fn statistics(totals: &Totals) -> Vec<Value> {
    let fargate = [
        ("runningFargateTasksCount", totals.running),
        ("pendingFargateTasksCount", totals.pending),
        ("activeFargateServiceCount", totals.services),
        ("drainingFargateServiceCount", 0),
    ];
    let others = ["runningEC2TasksCount", "pendingEC2TasksCount", "activeEC2ServiceCount", "drainingEC2ServiceCount"];
    let pair = |name: &'static str, value: u32| object().with("name", name).with("value", value.to_string()).into();
    others
        .into_iter()
        .map(|name| pair(name, 0))
        .chain(fargate.into_iter().map(|(name, value)| pair(name, value)))
        .collect()
}

/// Writes a tag.
pub fn tag(key: &str, value: &str) -> Value {
    object().with("key", key.to_owned()).with("value", value.to_owned()).into()
}

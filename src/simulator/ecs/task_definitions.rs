//! `DescribeTaskDefinition`.

use super::clusters::tag;
use super::names;
use super::services::{container_name, task_definition_arn};
use crate::simulator::call::Call;
use crate::simulator::clock::{MINUTE, Millis};
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{Deployment, ServicePlan, Timeline};

/// Describes a revision of a task definition; the newest where none is named.
pub fn describe_task_definition(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let Some(text) = input.text("taskDefinition")?.filter(|text| !text.is_empty()) else {
        return Err(ApiError::new("ClientException", "Task definition cannot be empty."));
    };
    let with_tags = input.texts("include")?.unwrap_or_default().contains(&"TAGS");
    let unknown = || ApiError::new("ClientException", "Unable to describe task definition.");
    let short = names::parts(text, "task-definition").join("/");
    let (family, revision) = match short.rsplit_once(':') {
        Some((family, digits)) => (family, Some(digits.parse::<u32>().map_err(|_| unknown())?)),
        None => (short.as_str(), None),
    };
    let service =
        call.here().and_then(|region| region.services.get(*region.families.get(family)?)).ok_or_else(unknown)?;
    service.at(call.now, |story| {
        let mut known = story.deployments_until(call.now).map(|(_, one)| one).rev();
        let found = known.find(|one| revision.is_none_or(|revision| one.revision == revision)).ok_or_else(unknown)?;
        let tags = with_tags.then(|| story.plan().tags.iter().map(|(key, value)| tag(key, value)).collect::<Vec<_>>());
        Ok(object().with("taskDefinition", describe(story, found)).with("tags", tags).into())
    })
}

fn describe(story: &Timeline, one: &Deployment) -> Object {
    let plan = story.plan();
    let role = |name: &str| format!("arn:aws:iam::{}:role/{}-{name}", plan.account, plan.family());
    let sidecar = plan.sidecar.as_ref().map(|image| container(plan, "sidecar".to_owned(), image, None));
    let own = container(plan, container_name(plan), &one.image, Some(plan.port));
    let requires = [
        "com.amazonaws.ecs.capability.docker-remote-api.1.18",
        "ecs.capability.task-eni",
        "com.amazonaws.ecs.capability.task-iam-role",
    ];
    object()
        .with("taskDefinitionArn", task_definition_arn(plan, one.revision))
        .with("containerDefinitions", list([Some(own), sidecar].into_iter().flatten()))
        .with("family", plan.family())
        .with("taskRoleArn", role("task"))
        .with("executionRoleArn", role("execution"))
        .with("networkMode", "awsvpc")
        .with("revision", one.revision)
        .with("volumes", Vec::new())
        .with("status", "ACTIVE")
        .with("requiresAttributes", list(requires.map(|name| object().with("name", name))))
        .with("placementConstraints", Vec::new())
        .with("compatibilities", list(["EC2", "FARGATE"]))
        .with("runtimePlatform", object().with("cpuArchitecture", "X86_64").with("operatingSystemFamily", "LINUX"))
        .with("requiresCompatibilities", list(["FARGATE"]))
        .with("cpu", plan.cpu_units.to_string())
        .with("memory", plan.memory_mib.to_string())
        .time("registeredAt", registered(one))
        .with("registeredBy", format!("arn:aws:sts::{}:assumed-role/deploy/pipeline", plan.account))
}

/// A revision is registered a little before it is deployed.
fn registered(one: &Deployment) -> Millis {
    one.created - MINUTE
}

fn container(plan: &ServicePlan, name: String, image: &str, port: Option<u16>) -> Object {
    let port_mapping = |port: u16| object().with("containerPort", port).with("hostPort", port).with("protocol", "tcp");
    let health = port.map(|port| {
        let command = format!("curl -fsS http://localhost:{port}/health || exit 1");
        object()
            .with("command", list(["CMD-SHELL".to_owned(), command]))
            .with("interval", 10_u32)
            .with("timeout", 5_u32)
            .with("retries", 3_u32)
            .with("startPeriod", 10_u32)
    });
    let options = object()
        .with("awslogs-group", plan.log_group())
        .with("awslogs-region", plan.region.clone())
        .with("awslogs-stream-prefix", plan.log_prefix(port.is_none()).to_owned());
    object()
        .with("name", name)
        .with("image", image.to_owned())
        .with("cpu", 0_u32)
        .with("portMappings", list(port.map(port_mapping)))
        .with("essential", port.is_some())
        .with("environment", Vec::new())
        .with("mountPoints", Vec::new())
        .with("volumesFrom", Vec::new())
        .with("readonlyRootFilesystem", plan.readonly_root)
        .with("logConfiguration", object().with("logDriver", "awslogs").with("options", options))
        .with("healthCheck", health)
        .with("systemControls", Vec::new())
}

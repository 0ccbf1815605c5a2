//! `ListServices` and `DescribeServices`.

use super::clusters::tag;
use super::names::{self, Here};
use super::{invalid, missing, page};
use crate::simulator::call::Call;
use crate::simulator::clock::{DAY, Millis};
use crate::simulator::scenario::Controller;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{Breaker, ServicePlan, Timeline};

/// How many events a service shows.
const EVENTS: usize = 100;

/// Lists a cluster's services, ten a page unless told otherwise.
pub fn list_services(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let here = names::cluster(call, input)?;
    let launch_type = input.text("launchType")?;
    let scheduling = input.text("schedulingStrategy")?;
    let one_of = |value: Option<&str>, known: &[&str], member: &str| match value {
        Some(word) if !known.contains(&word) => Err(invalid(format!("Invalid {member}: {word}"))),
        _ => Ok(()),
    };
    one_of(launch_type, &["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"], "launchType")?;
    one_of(scheduling, &["REPLICA", "DAEMON"], "schedulingStrategy")?;
    let shown = |plan: &ServicePlan| {
        // A service with a capacity provider strategy has no launch type.
        launch_type.is_none_or(|wanted| wanted == "FARGATE" && !plan.spot) && scheduling != Some("DAEMON")
    };
    let arns = here.services().filter(|service| shown(&service.plan)).map(|service| service.plan.arn()).collect();
    let (arns, token) = page(call, &format!("ListServices/{}", here.name), input, 10, arns)?;
    Ok(object().with("serviceArns", list(arns)).with("nextToken", token).into())
}

/// Describes up to ten services of a cluster.
pub fn describe_services(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let here = names::cluster(call, input)?;
    let named = names::names(input, "services", "Services", 10)?;
    let include = input.texts("include")?.unwrap_or_default();
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for text in named {
        match here.service(text) {
            Some(service) => {
                services.push(service.at(call.now, |story| describe(story, call.now, include.contains(&"TAGS"))));
            }
            None => failures.push(missing(arn_of_missing(&here, text))),
        }
    }
    Ok(object().with("services", services).with("failures", failures).into())
}

fn arn_of_missing(here: &Here<'_>, text: &str) -> String {
    if text.starts_with("arn:") {
        text.to_owned()
    } else {
        format!("{}service/{}/{text}", here.arn_prefix(), here.name)
    }
}

/// Writes a service as it is at a time.
pub fn describe(story: &Timeline, now: Millis, with_tags: bool) -> Value {
    let plan = story.plan();
    let counts = story.counts(None, now);
    // What `CodeDeploy` deploys has task sets instead of deployments.
    let is_rolling = plan.controller == Controller::Ecs;
    let shown = story.deployments_at(now);
    let deployments: Vec<Value> =
        shown.iter().filter(|_| is_rolling).map(|(index, _, _)| deployment(story, *index, now)).collect();
    let sets: Vec<Value> =
        shown.iter().filter(|_| !is_rolling).map(|(index, _, _)| task_set(story, *index, now)).collect();
    let primary = story.deployments_at(now).first().map(|(index, _, _)| *index);
    let current = story.deployments_until(now).last().map(|(_, one)| one);
    let events = story.happenings_until(now).take(EVENTS).map(|(number, at, what)| {
        let id = plan.dice("event", number).uuid();
        Value::from(object().with("id", id).time("createdAt", at).with("message", story.message(what)))
    });
    let age = plan.dice("age", 0).between(30, 400);
    let tags: Vec<Value> = plan.tags.iter().filter(|_| with_tags).map(|(key, value)| tag(key, value)).collect();
    let role = format!("arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", plan.account);
    let described = object()
        .with("serviceArn", plan.arn())
        .with("serviceName", &plan.name)
        .with("clusterArn", plan.cluster_arn())
        .with("loadBalancers", load_balancers(plan))
        .with("serviceRegistries", Vec::new())
        .with("status", "ACTIVE")
        .with("desiredCount", story.desired_at(now))
        .with("runningCount", counts.running)
        .with("pendingCount", counts.pending);
    launch(described, plan)
        .with("platformVersion", "LATEST")
        .with("platformFamily", "Linux")
        .with(
            "taskDefinition",
            primary.and_then(|index| story.deployment(index)).map(|one| task_definition_arn(plan, one.revision)),
        )
        .with("deploymentConfiguration", deployment_configuration(plan))
        .with("taskSets", (!is_rolling).then_some(sets))
        .with("deployments", deployments)
        .with("roleArn", role)
        .with("events", events.collect::<Vec<_>>())
        .time("createdAt", plan.deployed - age * DAY)
        .with("currentServiceDeployment", current.map(|one| service_deployment_arn(plan, &one.attempt)))
        .with("currentServiceRevisions", current_revisions(story, now))
        .with("placementConstraints", Vec::new())
        .with("placementStrategy", Vec::new())
        .with("networkConfiguration", network(plan))
        .with("healthCheckGracePeriodSeconds", plan.target_group.is_some().then_some(60_u32))
        .with("schedulingStrategy", "REPLICA")
        .with("deploymentController", object().with("type", if is_rolling { "ECS" } else { "CODE_DEPLOY" }))
        .with("tags", with_tags.then_some(tags))
        .with("createdBy", format!("arn:aws:iam::{}:role/deploy", plan.account))
        .with("enableECSManagedTags", true)
        .with("propagateTags", "SERVICE")
        .with("enableExecuteCommand", plan.exec)
        .with("availabilityZoneRebalancing", "ENABLED")
        .into()
}

fn deployment(story: &Timeline, index: usize, now: Millis) -> Value {
    let plan = story.plan();
    let Some((one, rollout)) = story.deployment(index).and_then(|one| Some((one, one.rollout_at(now)?))) else {
        return Value::Null;
    };
    let counts = story.counts(Some(index), now);
    let desired = if rollout.primary { story.desired_at(now) } else { counts.live };
    let described = object()
        .with("id", &one.id)
        .with("status", if rollout.primary { "PRIMARY" } else { "ACTIVE" })
        .with("taskDefinition", task_definition_arn(plan, one.revision))
        .with("desiredCount", desired)
        .with("pendingCount", counts.pending)
        .with("runningCount", counts.running)
        .with("failedTasks", story.failed_tasks(index, now))
        .time("createdAt", one.created)
        .time("updatedAt", one.updated_at(now));
    launch(described, plan)
        .with("platformVersion", "1.4.0")
        .with("platformFamily", "Linux")
        .with("networkConfiguration", network(plan))
        .with("rolloutState", rollout.state.word())
        .with("rolloutStateReason", &rollout.reason)
        .into()
}

/// Writes what `CodeDeploy` has in the place of a deployment.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html>
fn task_set(story: &Timeline, index: usize, now: Millis) -> Value {
    let plan = story.plan();
    let Some((one, rollout)) = story.deployment(index).and_then(|one| Some((one, one.rollout_at(now)?))) else {
        return Value::Null;
    };
    let counts = story.counts(Some(index), now);
    let wanted = if rollout.primary { story.desired_at(now) } else { counts.live };
    let steady = counts.running == wanted && counts.pending == 0;
    let described = object()
        .with("id", &one.id)
        .with("taskSetArn", format!("{}task-set/{}/{}/{}", plan.arn_prefix(), plan.cluster, plan.name, one.id))
        .with("serviceArn", plan.arn())
        .with("clusterArn", plan.cluster_arn())
        .with("status", if rollout.primary { "PRIMARY" } else { "ACTIVE" })
        .with("taskDefinition", task_definition_arn(plan, one.revision))
        .with("computedDesiredCount", wanted)
        .with("pendingCount", counts.pending)
        .with("runningCount", counts.running)
        .time("createdAt", one.created)
        .time("updatedAt", one.updated_at(now));
    launch(described, plan)
        .with("platformVersion", "1.4.0")
        .with("platformFamily", "Linux")
        .with("networkConfiguration", network(plan))
        .with("loadBalancers", load_balancers(plan))
        .with("scale", object().with("value", 100.0).with("unit", "PERCENT"))
        .with("stabilityStatus", if steady { "STEADY_STATE" } else { "STABILIZING" })
        .into()
}

/// The revisions whose tasks there are, the primary one first.
fn current_revisions(story: &Timeline, now: Millis) -> Vec<Value> {
    let plan = story.plan();
    let shown = story.deployments_at(now);
    let revisions = shown.iter().map(|(index, one, rollout)| {
        let counts = story.counts(Some(*index), now);
        let wanted = if rollout.primary { story.desired_at(now) } else { counts.live };
        object()
            .with("arn", service_revision_arn(plan, &one.service_revision))
            .with("requestedTaskCount", wanted)
            .with("runningTaskCount", counts.running)
            .with("pendingTaskCount", counts.pending)
            .into()
    });
    revisions.collect()
}

/// Writes on what the tasks run: a launch type, or a strategy where Spot takes part.
pub fn launch(described: Object, plan: &ServicePlan) -> Object {
    if !plan.spot {
        return described.with("launchType", "FARGATE");
    }
    let item = |provider: &'static str, weight: u32| {
        object().with("capacityProvider", provider).with("weight", weight).with("base", 0_u32)
    };
    described.with("capacityProviderStrategy", list([item("FARGATE_SPOT", 1)]))
}

/// Writes how the service is deployed.
pub fn deployment_configuration(plan: &ServicePlan) -> Object {
    let breaker =
        object().with("enable", plan.breaker != Breaker::Off).with("rollback", plan.breaker == Breaker::Rollback);
    let alarms = object().with("alarmNames", Vec::new()).with("rollback", false).with("enable", false);
    object()
        .with("deploymentCircuitBreaker", breaker)
        .with("maximumPercent", plan.max_percent)
        .with("minimumHealthyPercent", plan.min_healthy)
        .with("alarms", alarms)
        .with("strategy", "ROLLING")
        .with("bakeTimeInMinutes", plan.bake / 60_000)
}

/// Writes the load balancers in front of the service.
pub fn load_balancers(plan: &ServicePlan) -> Vec<Value> {
    let balancer = plan.target_group.as_ref().map(|group| {
        object()
            .with("targetGroupArn", &group.arn)
            .with("containerName", container_name(plan))
            .with("containerPort", plan.port)
            .into()
    });
    balancer.into_iter().collect()
}

/// Writes the service's network: two subnets and a security group, always the same for a cluster.
pub fn network(plan: &ServicePlan) -> Object {
    let mut dice =
        crate::simulator::random::Dice::new(plan.seed, &["network", &plan.account, &plan.region, &plan.cluster]);
    let subnets = list((0..2).map(|_| format!("subnet-0{}", dice.hex(16))));
    let groups = list([format!("sg-0{}", plan.dice("security-group", 0).hex(16))]);
    let vpc = object().with("subnets", subnets).with("securityGroups", groups).with("assignPublicIp", "DISABLED");
    object().with("awsvpcConfiguration", vpc)
}

/// The container's name: the service's own, as far as a container may be called so.
pub fn container_name(plan: &ServicePlan) -> String {
    plan.name.clone()
}

/// The ARN of a task definition's revision.
pub fn task_definition_arn(plan: &ServicePlan, revision: u32) -> String {
    format!("{}task-definition/{}:{revision}", plan.arn_prefix(), plan.family())
}

/// The ARN of a service deployment.
pub fn service_deployment_arn(plan: &ServicePlan, id: &str) -> String {
    format!("{}service-deployment/{}/{}/{id}", plan.arn_prefix(), plan.cluster, plan.name)
}

/// The ARN of a service revision.
pub fn service_revision_arn(plan: &ServicePlan, id: &str) -> String {
    format!("{}service-revision/{}/{}/{id}", plan.arn_prefix(), plan.cluster, plan.name)
}

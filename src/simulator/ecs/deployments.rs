//! `ListServiceDeployments`, `DescribeServiceDeployments` and `DescribeServiceRevisions`.

use super::names;
use super::services::{
    container_name, deployment_configuration, launch, load_balancers, network, service_deployment_arn,
    service_revision_arn, task_definition_arn,
};
use super::{invalid, missing, page};
use crate::simulator::call::Call;
use crate::simulator::clock::{DAY, Millis, SECOND};
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{Breaker, Deployment, ROLLED_BACK_BY_BREAKER, ROLLED_BACK_BY_HAND, Service, Timeline};

/// How long ECS keeps service deployments.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>
const KEPT: Millis = 90 * DAY;

/// Lists a service's deployments, the newest first.
pub fn list_service_deployments(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let Some(text) = input.text("service")? else { return Err(invalid("Service cannot be empty.")) };
    let here = names::cluster(call, input)?;
    let service = here.service(text).ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?;
    let statuses = input.texts("status")?;
    let created = input.structure("createdAt")?;
    let (before, after) = match created {
        Some(created) => (created.time("before")?, created.time("after")?),
        None => (None, None),
    };
    service.at(call.now, |story| {
        let fits = |index: usize, one: &Deployment| {
            let stage = story.stage_at(index, call.now);
            statuses.as_ref().is_none_or(|wanted| stage.is_some_and(|stage| wanted.contains(&stage.status)))
                && before.is_none_or(|before| one.created < before)
                && after.is_none_or(|after| one.created > after)
                && call.now - one.created < KEPT
        };
        let chosen = story.deployments_until(call.now).filter(|(index, one)| fits(*index, one)).rev();
        // The tokens of a listing sort upwards; counting down from the newest makes the newest come first.
        let keys =
            chosen.map(|(index, _)| format!("{:08}", u32::MAX - u32::try_from(index).unwrap_or(u32::MAX))).collect();
        let (keys, token) = page(call, &format!("ListServiceDeployments/{}", service.plan.arn()), input, 100, keys)?;
        let index = |key: &String| key.parse::<u32>().ok().map(|key| (u32::MAX - key) as usize);
        let briefs: Vec<Value> =
            keys.iter().filter_map(index).filter_map(|index| brief(story, index, call.now)).collect();
        Ok(object().with("serviceDeployments", briefs).with("nextToken", token).into())
    })
}

fn brief(story: &Timeline, index: usize, now: Millis) -> Option<Value> {
    let (plan, one) = (story.plan(), story.deployment(index)?);
    let stage = story.stage_at(index, now)?;
    let described = object()
        .with("serviceDeploymentArn", service_deployment_arn(plan, &one.attempt))
        .with("serviceArn", plan.arn())
        .with("clusterArn", plan.cluster_arn())
        .time("startedAt", started(one, now))
        .time("createdAt", one.created)
        .time("finishedAt", one.finished_at(now))
        .with("targetServiceRevisionArn", service_revision_arn(plan, &one.service_revision))
        .with("status", stage.status)
        .with("statusReason", stage.reason);
    Some(described.into())
}

fn started(one: &Deployment, now: Millis) -> Option<Millis> {
    Some(one.created + SECOND).filter(|at| *at <= now)
}

/// Describes up to twenty service deployments by their ARNs.
pub fn describe_service_deployments(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (mut described, mut failures) = (Vec::new(), Vec::new());
    for arn in names::names(input, "serviceDeploymentArns", "Service deployments", 20)? {
        match find(call, arn, "service-deployment", |one| &one.attempt, describe)? {
            Some(value) => described.push(value),
            None => failures.push(missing(arn.to_owned())),
        }
    }
    Ok(object().with("serviceDeployments", described).with("failures", failures).into())
}

/// Describes up to twenty service revisions by their ARNs.
pub fn describe_service_revisions(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (mut described, mut failures) = (Vec::new(), Vec::new());
    for arn in names::names(input, "serviceRevisionArns", "Service revisions", 20)? {
        match find(
            call,
            arn,
            "service-revision",
            |one| &one.service_revision,
            |story, index, _| revision(story, index),
        )? {
            Some(value) => described.push(value),
            None => failures.push(missing(arn.to_owned())),
        }
    }
    Ok(object().with("serviceRevisions", described).with("failures", failures).into())
}

/// Finds what an ARN `…:KIND/CLUSTER/SERVICE/ID` speaks of, and describes it.
fn find(
    call: &Call<'_>,
    arn: &str,
    kind: &str,
    id_of: impl Fn(&Deployment) -> &String,
    describe: impl Fn(&Timeline, usize, Millis) -> Option<Value>,
) -> Result<Option<Value>, ApiError> {
    let parts = names::parts(arn, kind);
    let [cluster, service, id] = parts[..] else { return Err(invalid(format!("Invalid ARN: {arn}"))) };
    let service: Option<&Service> = call.here().and_then(|region| {
        let index = region.clusters.get(cluster)?.services.get(service)?;
        region.services.get(*index)
    });
    Ok(service.and_then(|service| {
        service.at(call.now, |story| {
            let (index, _) = story.deployments_until(call.now).find(|(_, one)| id_of(one) == id)?;
            describe(story, index, call.now)
        })
    }))
}

fn describe(story: &Timeline, index: usize, now: Millis) -> Option<Value> {
    let (plan, one) = (story.plan(), story.deployment(index)?);
    let stage = story.stage_at(index, now)?;
    let source = one.source.map(|source| revision_summary(story, source, now, false));
    let rolled_back = one.rolled_back.filter(|(at, _)| *at <= now);
    let back_to = rolled_back.and_then(|(_, target)| story.deployment(target));
    let rollback = rolled_back.zip(back_to).map(|((at, _), target)| {
        object()
            .with("reason", if one.by_hand { ROLLED_BACK_BY_HAND } else { ROLLED_BACK_BY_BREAKER })
            .time("startedAt", at)
            .with("serviceRevisionArn", service_revision_arn(plan, &target.service_revision))
    });
    let described = object()
        .with("serviceDeploymentArn", service_deployment_arn(plan, &one.attempt))
        .with("serviceArn", plan.arn())
        .with("clusterArn", plan.cluster_arn())
        .time("createdAt", one.created)
        .time("startedAt", started(one, now))
        .time("finishedAt", one.finished_at(now))
        .time("stoppedAt", one.finished_at(now).filter(|_| stage.status == "STOPPED"))
        .time("updatedAt", one.staged_at(now))
        .with("sourceServiceRevisions", list(source))
        .with("targetServiceRevision", revision_summary(story, index, now, true))
        .with("status", stage.status)
        .with("statusReason", stage.reason)
        .with("lifecycleStage", stage.lifecycle)
        .with("deploymentConfiguration", deployment_configuration(plan))
        .with("rollback", rollback)
        .with("deploymentCircuitBreaker", breaker(story, index, now))
        .with(
            "alarms",
            object().with("status", "DISABLED").with("alarmNames", Vec::new()).with("triggeredAlarmNames", Vec::new()),
        );
    Some(described.into())
}

fn revision_summary(story: &Timeline, index: usize, now: Millis, target: bool) -> Object {
    let counts = story.counts(Some(index), now);
    let wanted = if target { story.desired_at(now) } else { counts.live };
    let arn = story.deployment(index).map(|one| service_revision_arn(story.plan(), &one.service_revision));
    object()
        .with("arn", arn)
        .with("requestedTaskCount", wanted)
        .with("runningTaskCount", counts.running)
        .with("pendingTaskCount", counts.pending)
}

fn breaker(story: &Timeline, index: usize, now: Millis) -> Object {
    let (plan, failures) = (story.plan(), story.failed_tasks(index, now));
    let threshold = story.deployment(index).map_or(0, |one| one.threshold);
    let over = story.deployment(index).is_some_and(|one| one.finished_at(now).is_some());
    let status = match () {
        () if plan.breaker == Breaker::Off => "DISABLED",
        () if failures >= threshold => "TRIGGERED",
        () if over => "MONITORING_COMPLETE",
        () => "MONITORING",
    };
    object().with("status", status).with("failureCount", failures).with("threshold", threshold)
}

fn revision(story: &Timeline, index: usize) -> Option<Value> {
    let (plan, one) = (story.plan(), story.deployment(index)?);
    let image = |name: String, image: &String| {
        let digest = Dice::new(plan.seed, &["digest", image]).hex(64);
        object().with("containerName", name).with("imageDigest", format!("sha256:{digest}")).with("image", image)
    };
    let own = image(container_name(plan), &one.image);
    let sidecar = plan.sidecar.as_ref().map(|name| image("sidecar".to_owned(), name));
    let described = object()
        .with("serviceRevisionArn", service_revision_arn(plan, &one.service_revision))
        .with("serviceArn", plan.arn())
        .with("clusterArn", plan.cluster_arn())
        .with("taskDefinition", task_definition_arn(plan, one.revision));
    let described = launch(described, plan)
        .with("platformVersion", "1.4.0")
        .with("platformFamily", "Linux")
        .with("loadBalancers", load_balancers(plan))
        .with("networkConfiguration", network(plan))
        .with("containerImages", list([Some(own), sidecar].into_iter().flatten()))
        .with("guardDutyEnabled", false)
        .time("createdAt", one.created);
    Some(described.into())
}

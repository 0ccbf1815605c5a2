//! `UpdateService`, `StopTask` and `StopServiceDeployment`: what changes the world.

use super::names;
use super::{invalid, services, tasks};
use crate::simulator::call::Call;
use crate::simulator::scenario::Controller;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::Service;

/// The members of `UpdateService` that are played.
const PLAYED: [&str; 4] = ["cluster", "service", "desiredCount", "forceNewDeployment"];
/// The most tasks of a service.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MOST_TASKS: i64 = 5_000;
/// The longest reason for which a task is stopped.
const LONGEST_REASON: usize = 1_024;

/// Wants another number of tasks, new tasks for all that there are, or both.
pub fn update_service(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let Some(named) = input.text("service")? else { return Err(invalid("Service cannot be empty.")) };
    let here = names::cluster(call, input)?;
    let service = here.service(named).ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?;
    if let Value::Map(members) = input.0
        && let Some((odd, _)) = members.iter().find(|(name, _)| !PLAYED.contains(&name.as_ref()))
    {
        return Err(invalid(format!("The simulated account does not change {odd}.")));
    }
    let desired = match input.integer("desiredCount")? {
        None => None,
        Some(count) if (0..=MOST_TASKS).contains(&count) => u32::try_from(count).ok(),
        Some(_) => return Err(invalid(format!("desiredCount must be from 0 to {MOST_TASKS}."))),
    };
    let force = input.boolean("forceNewDeployment")?.unwrap_or(false);
    if force && service.plan.controller == Controller::CodeDeploy {
        return Err(invalid(
            "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to \
             trigger a new deployment.",
        ));
    }
    service.interfere(call.now, |story, at| {
        if let Some(desired) = desired.filter(|desired| *desired != story.desired_at(at)) {
            story.scale(at, desired);
        }
        if force {
            story.redeploy(at);
        }
    });
    let described = service.at(call.now, |story| services::describe(story, call.now, false));
    Ok(object().with("service", described).into())
}

/// Stops a task; its service starts another.
pub fn stop_task(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let here = names::cluster(call, input)?;
    let Some(named) = input.text("task")?.filter(|task| !task.is_empty()) else {
        return Err(invalid("Task cannot be empty."));
    };
    let reason = input.text("reason")?.filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(invalid(format!("reason can have at most {LONGEST_REASON} characters.")));
    }
    let id = names::parts(named, "task").last().copied().unwrap_or(named);
    let there = |service: &&Service| service.at(call.now, |story| story.tasks_at(call.now).any(|task| task.id == id));
    let service = here.services().find(there).ok_or_else(|| invalid("The referenced task was not found."))?;
    service.interfere(call.now, |story, at| story.stop_task(at, id, reason.map(str::to_owned)));
    let described = service.at(call.now, |story| {
        let task = story.tasks_at(call.now).find(|task| task.id == id)?;
        Some(tasks::describe(&here, story, task, call.now, false))
    });
    Ok(object().with("task", described).into())
}

/// Stops a service deployment that is under way, and rolls it back unless it is only to be aborted.
pub fn stop_service_deployment(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = input.text("serviceDeploymentArn")?.filter(|arn| !arn.is_empty());
    let arn = arn.ok_or_else(|| invalid("Service deployment ARN cannot be empty."))?;
    let rolls_back = match input.text("stopType")? {
        None | Some("ROLLBACK") => true,
        Some("ABORT") => false,
        Some(word) => return Err(invalid(format!("Invalid stopType: {word}"))),
    };
    let parts = names::parts(arn, "service-deployment");
    let [cluster, service, id] = parts[..] else { return Err(invalid(format!("Invalid ARN: {arn}"))) };
    let missing = || ApiError::new("ServiceDeploymentNotFoundException", "Service deployment not found.");
    let service: Option<&Service> = call.here().and_then(|region| {
        let index = region.clusters.get(cluster)?.services.get(service)?;
        region.services.get(*index)
    });
    let conflict = |message: &str| Err(ApiError::new("ConflictException", message));
    service.ok_or_else(missing)?.interfere(call.now, |story, at| {
        let found = story.deployments_until(at).find(|(_, one)| one.attempt == id).map(|(index, _)| index);
        let index = found.ok_or_else(missing)?;
        if !story.is_stoppable(index) {
            return conflict("The service deployment is not in a state in which it can be stopped.");
        }
        let target = story.rollback_target(index).filter(|_| rolls_back);
        if rolls_back && target.is_none() {
            return conflict("There is no service revision to roll back to.");
        }
        story.stop_deployment(at, index, target);
        Ok(())
    })?;
    Ok(object().with("serviceDeploymentArn", arn.to_owned()).into())
}

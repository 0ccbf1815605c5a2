//! `ListTasks` and `DescribeTasks`.

use std::collections::HashMap;

use super::clusters::tag;
use super::names::{self, Here};
use super::services::{container_name, task_definition_arn};
use super::{invalid, missing, page};
use crate::simulator::call::Call;
use crate::simulator::clock::{Millis, SECOND};
use crate::simulator::random::Dice;
use crate::simulator::scenario::ExecAgent;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{Place, ServicePlan, StopWords, Task, TaskStatus, Timeline};

/// Lists a cluster's tasks, or one service's, by what they are meant to be.
pub fn list_tasks(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let here = names::cluster(call, input)?;
    let wanted = match input.text("desiredStatus")? {
        None | Some("RUNNING") => true,
        // A task is never meant to be pending: the answer is empty, as ECS documents.
        Some("PENDING") => return Ok(object().with("taskArns", Vec::new()).into()),
        Some("STOPPED") => false,
        Some(word) => return Err(invalid(format!("Invalid desiredStatus: {word}"))),
    };
    let only = match input.text("serviceName")? {
        Some(name) => {
            Some(here.service(name).ok_or_else(|| ApiError::new("ServiceNotFoundException", "Service not found."))?)
        }
        None => None,
    };
    let family = input.text("family")?;
    let launch_type = input.text("launchType")?;
    let elsewhere = input.has("containerInstance") || input.has("daemonName");
    let services = here.services().filter(|service| {
        only.is_none_or(|only| only.plan.name == service.plan.name)
            && family.is_none_or(|family| family == service.plan.family())
            && launch_type.is_none_or(|wanted| wanted == "FARGATE" && !service.plan.spot)
            && !elsewhere
    });
    let started_by = input.text("startedBy")?;
    let mut arns = Vec::new();
    for service in services {
        service.at(call.now, |story| {
            let tasks = story.tasks_at(call.now).filter(|task| task.stopped_by(call.now).is_none() == wanted);
            let tasks = tasks.filter(|task| {
                started_by.is_none_or(|by| story.deployment(task.deployment).is_some_and(|one| one.id == by))
            });
            arns.extend(tasks.map(|task| arn(&here, &task.id)));
        });
    }
    arns.sort_unstable();
    let (arns, token) = page(call, &format!("ListTasks/{}", here.name), input, 100, arns)?;
    Ok(object().with("taskArns", list(arns)).with("nextToken", token).into())
}

/// Describes up to a hundred tasks of a cluster.
pub fn describe_tasks(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let here = names::cluster(call, input)?;
    let named = names::names(input, "tasks", "Tasks", 100)?;
    let with_tags = input.texts("include")?.unwrap_or_default().contains(&"TAGS");
    let ids: Vec<(&str, &str)> =
        named.iter().map(|text| (*text, names::parts(text, "task").last().copied().unwrap_or(text))).collect();
    let mut wanted: HashMap<&str, Option<Value>> = ids.iter().map(|(_, id)| (*id, None)).collect();
    let mut left = wanted.len();
    for service in here.services() {
        if left == 0 {
            break;
        }
        service.at(call.now, |story| {
            for task in story.tasks_at(call.now) {
                if let Some(place) = wanted.get_mut(task.id.as_str()).filter(|place| place.is_none()) {
                    *place = Some(describe(&here, story, task, call.now, with_tags));
                    left -= 1;
                }
            }
        });
    }
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for (text, id) in ids {
        match wanted.get(id).cloned().flatten() {
            Some(task) => tasks.push(task),
            None if text.starts_with("arn:") => failures.push(missing(text.to_owned())),
            None => failures.push(missing(arn(&here, id))),
        }
    }
    Ok(object().with("tasks", tasks).with("failures", failures).into())
}

/// The ARN of a task.
pub fn arn(here: &Here<'_>, id: &str) -> String {
    format!("{}task/{}/{id}", here.arn_prefix(), here.name)
}

/// Writes a task as it is at a time.
pub fn describe(here: &Here<'_>, story: &Timeline, task: &Task, now: Millis, with_tags: bool) -> Value {
    let plan = story.plan();
    let deployment = story.deployment(task.deployment);
    let status = task.status(now);
    let place = task.place(plan);
    let cause = task.stopped_by(now);
    let words = cause.map(|cause| story.stop_words(task, cause));
    let stopped_at = task.entered(TaskStatus::Stopped, now);
    let pending = task.entered(TaskStatus::Pending, now);
    let connected = pending.map(|at| at + SECOND);
    let shown_words = words.as_ref().filter(|_| stopped_at.is_some() || status != TaskStatus::Running);
    let described = object()
        .with("attachments", list([attachment(task, now, &place)]))
        .with("attributes", list([object().with("name", "ecs.cpu-architecture").with("value", "x86_64")]))
        .with("availabilityZone", place.zone)
        .with("capacityProviderName", if plan.spot { "FARGATE_SPOT" } else { "FARGATE" })
        .with("clusterArn", here.arn())
        .with("connectivity", connected.map(|_| "CONNECTED"))
        .time("connectivityAt", connected)
        .with("containers", containers(here, story, task, now, words.as_ref()))
        .with("cpu", plan.cpu_units.to_string())
        .time("createdAt", task.created())
        .with("desiredStatus", if cause.is_some() { "STOPPED" } else { "RUNNING" })
        .with("enableExecuteCommand", plan.exec)
        .time(
            "executionStoppedAt",
            task.entered(TaskStatus::Deprovisioning, now).filter(|_| task.running_span().is_some()),
        )
        .with("group", format!("service:{}", plan.name))
        .with("healthStatus", health(task, now))
        .with("lastStatus", status.word())
        .with("launchType", "FARGATE")
        .with("memory", plan.memory_mib.to_string())
        .with(
            "overrides",
            object().with("containerOverrides", Vec::new()).with("inferenceAcceleratorOverrides", Vec::new()),
        )
        .with("platformVersion", plan.platform.clone())
        .with("platformFamily", "Linux");
    times(described, task, now)
        .with("startedBy", deployment.map(|one| one.id.clone()))
        .with("stopCode", shown_words.map(|words| words.code))
        .with("stoppedReason", shown_words.map(|words| words.reason.clone()))
        .with(
            "tags",
            with_tags.then(|| plan.task_tags().iter().map(|(key, value)| tag(key, value)).collect::<Vec<_>>()),
        )
        .with("taskArn", arn(here, &task.id))
        .with("taskDefinitionArn", deployment.map(|one| task_definition_arn(plan, one.revision)))
        .with("version", task_version(status))
        .with("ephemeralStorage", object().with("sizeInGiB", 20_u32))
        .with("fargateEphemeralStorage", object().with("sizeInGiB", 20_u32))
        .into()
}

fn times(described: Object, task: &Task, now: Millis) -> Object {
    let pulled = task
        .entered(TaskStatus::Activating, now)
        .or_else(|| task.stopped_by(now).and(task.entered(TaskStatus::Deprovisioning, now)));
    described
        .time("pullStartedAt", task.entered(TaskStatus::Pending, now))
        .time("pullStoppedAt", pulled.filter(|_| task.entered(TaskStatus::Pending, now).is_some()))
        .time("startedAt", task.entered(TaskStatus::Running, now))
        .time("stoppingAt", task.stop.as_ref().map(|(at, _)| *at).filter(|at| *at <= now))
        .time("stoppedAt", task.entered(TaskStatus::Stopped, now))
}

/// The version rises with each state.
fn task_version(status: TaskStatus) -> u32 {
    match status {
        TaskStatus::Provisioning => 1,
        TaskStatus::Pending => 2,
        TaskStatus::Activating => 3,
        TaskStatus::Running => 4,
        TaskStatus::Deactivating => 5,
        TaskStatus::Stopping => 6,
        TaskStatus::Deprovisioning => 7,
        TaskStatus::Stopped => 8,
    }
}

fn health(task: &Task, now: Millis) -> &'static str {
    use crate::simulator::world::StopCause;
    if task.stopped_by(now) == Some(&StopCause::Unhealthy) {
        "UNHEALTHY"
    } else if task.healthy.is_some_and(|at| at <= now) && task.entered(TaskStatus::Stopped, now).is_none() {
        "HEALTHY"
    } else {
        "UNKNOWN"
    }
}

fn attachment(task: &Task, now: Millis, place: &Place) -> Object {
    let status = match task.status(now) {
        TaskStatus::Provisioning => "PRECREATED",
        TaskStatus::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    let detail = |name: &'static str, value: &str| object().with("name", name).with("value", value.to_owned());
    let details = list([
        detail("subnetId", &place.subnet),
        detail("networkInterfaceId", &place.interface),
        detail("macAddress", "0a:58:a9:fe:ac:02"),
        detail("privateIPv4Address", &place.address),
    ]);
    object()
        .with("id", &place.attachment)
        .with("type", "ElasticNetworkInterface")
        .with("status", status)
        .with("details", details)
}

/// The containers: the service's own, and its sidecar where it has one.
fn containers(here: &Here<'_>, story: &Timeline, task: &Task, now: Millis, words: Option<&StopWords>) -> Vec<Value> {
    let plan = story.plan();
    let image = story.deployment(task.deployment).map_or_else(String::new, |one| one.image.clone());
    let own = (container_name(plan), image);
    let sidecar = plan.sidecar.clone().map(|image| ("sidecar".to_owned(), image));
    [Some(own), sidecar]
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, (name, image))| {
            let main = index == 0;
            container(here, story, task, now, words.filter(|_| main), name, image, main)
        })
        .collect()
}

/// What tells a container from others.
pub struct ContainerIds {
    /// The last part of its ARN.
    pub container: String,
    /// The runtime's own id.
    pub runtime: String,
}

/// Draws a container's ids: of the service's own one, or of its sidecar.
pub fn container_ids(plan: &ServicePlan, task: &Task, main: bool) -> ContainerIds {
    let mut dice = plan.dice(if main { "container" } else { "sidecar" }, task.number);
    ContainerIds { container: dice.uuid(), runtime: format!("{}-{}", task.id, dice.digits(10)) }
}

/// How the agent of ECS Exec stands in a task, and since when; nothing where there is none.
pub fn exec_agent(plan: &ServicePlan, task: &Task, now: Millis) -> Option<(&'static str, Option<Millis>)> {
    if !plan.exec || plan.exec_agent == ExecAgent::Absent {
        return None;
    }
    let since = task.entered(TaskStatus::Running, now).map(|at| at + 2 * SECOND).filter(|at| *at <= now);
    let ended = matches!(task.status(now), TaskStatus::Deprovisioning | TaskStatus::Stopped);
    Some(match (plan.exec_agent, since) {
        (ExecAgent::Pending, _) | (_, None) => ("PENDING", None),
        (ExecAgent::Stopped, since) => ("STOPPED", since),
        (_, since) => (if ended { "STOPPED" } else { "RUNNING" }, since),
    })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one container, each from another place")]
fn container(
    here: &Here<'_>,
    story: &Timeline,
    task: &Task,
    now: Millis,
    words: Option<&StopWords>,
    name: String,
    image: String,
    main: bool,
) -> Value {
    let plan = story.plan();
    let status = task.status(now);
    let shown = match status {
        TaskStatus::Running | TaskStatus::Deactivating | TaskStatus::Stopping => "RUNNING",
        TaskStatus::Deprovisioning | TaskStatus::Stopped => "STOPPED",
        _ => "PENDING",
    };
    let ended = shown == "STOPPED";
    let agent = exec_agent(plan, task, now).filter(|_| main).map(|(status, since)| {
        object().time("lastStartedAt", since).with("name", "ExecuteCommandAgent").with("lastStatus", status)
    });
    let ids = container_ids(plan, task, main);
    let digest = Dice::new(plan.seed, &["digest", &image]).hex(64);
    let pulled = task.entered(TaskStatus::Activating, now).is_some();
    let place = task.place(plan);
    let interface = object().with("attachmentId", place.attachment).with("privateIpv4Address", place.address);
    object()
        .with("containerArn", format!("{}container/{}/{}/{}", here.arn_prefix(), here.name, task.id, ids.container))
        .with("taskArn", arn(here, &task.id))
        .with("name", name)
        .with("image", image)
        .with("imageDigest", pulled.then(|| format!("sha256:{digest}")))
        .with("runtimeId", pulled.then_some(ids.runtime))
        .with("lastStatus", shown)
        .with("exitCode", words.filter(|_| ended).and_then(|words| words.exit))
        .with("reason", words.filter(|_| ended).and_then(|words| words.container.clone()))
        .with("networkBindings", Vec::new())
        .with("networkInterfaces", list([interface]))
        .with("healthStatus", if main { health(task, now) } else { "UNKNOWN" })
        .with("managedAgents", agent.map(|agent| list([agent])))
        .with("cpu", "0")
        .into()
}

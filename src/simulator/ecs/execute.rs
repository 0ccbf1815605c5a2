//! `ExecuteCommand`, and containers as targets of sessions.

use std::time::Duration;

use super::invalid;
use super::names::{self, Here};
use super::services::container_name;
use super::tasks::{arn, container_ids, exec_agent};
use crate::simulator::agent::Run;
use crate::simulator::call::Call;
use crate::simulator::gateway::Wanted;
use crate::simulator::ssm::AGENT;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::TaskStatus;

/// How long nothing may happen in a session of ECS Exec.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
const IDLE: Duration = Duration::from_mins(20);

/// A container in which ECS Exec could run.
#[derive(Debug, Clone)]
pub struct ExecTarget {
    /// The task's ARN.
    pub task_arn: String,
    /// The container's ARN.
    pub container_arn: String,
    /// The container's name.
    pub container: String,
    /// The target as sessions have it, `ecs:CLUSTER_TASK_RUNTIME`.
    pub target: String,
    /// Whether the task runs.
    pub runs: bool,
    /// Whether the task was started with ECS Exec, and its agent runs.
    pub is_ready: bool,
    /// The task's tags.
    pub tags: Vec<(String, String)>,
    /// How many containers it has besides.
    others: usize,
}

impl Here<'_> {
    /// Finds a task's own container, by the task's id.
    fn exec_target(&self, call: &Call<'_>, id: &str) -> Option<ExecTarget> {
        self.services().find_map(|service| {
            service.at(call.now, |story| {
                let plan = story.plan();
                let task = story.tasks_at(call.now).find(|task| task.id == id)?;
                let ids = container_ids(plan, task, true);
                Some(ExecTarget {
                    task_arn: arn(self, id),
                    container_arn: format!("{}container/{}/{id}/{}", self.arn_prefix(), self.name, ids.container),
                    container: container_name(plan),
                    target: format!("ecs:{}_{id}_{}", self.name, ids.runtime),
                    runs: task.status(call.now) == TaskStatus::Running,
                    is_ready: exec_agent(plan, task, call.now).is_some_and(|(status, _)| status == "RUNNING"),
                    tags: plan.task_tags(),
                    others: usize::from(plan.sidecar.is_some()),
                })
            })
        })
    }
}

/// Finds the container that a session's target names, `ecs:CLUSTER_TASK_RUNTIME`.
pub fn exec_target(call: &Call<'_>, target: &str) -> Option<ExecTarget> {
    let mut parts = target.strip_prefix("ecs:")?.rsplitn(3, '_');
    let (_, task, cluster) = (parts.next()?, parts.next()?, parts.next()?);
    let region = call.here()?;
    let (name, cluster) = region.clusters.get_key_value(cluster)?;
    Here { region, name, cluster }.exec_target(call, task).filter(|found| found.target == target)
}

/// Starts a command in a container, in a session of its own.
pub fn execute_command(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let here = names::cluster(call, input)?;
    let command = input.text("command")?.filter(|command| !command.is_empty());
    let command = command.ok_or_else(|| invalid("Command cannot be empty."))?;
    if input.boolean("interactive")? != Some(true) {
        return Err(invalid("Interactive is the only mode supported currently."));
    }
    let Some(task) = input.text("task")?.filter(|task| !task.is_empty()) else {
        return Err(invalid("Task cannot be empty."));
    };
    let id = names::parts(task, "task").last().copied().unwrap_or(task);
    let found = here.exec_target(call, id).ok_or_else(|| invalid("The specified task was not found."))?;
    match input.text("container")? {
        None if found.others > 0 => {
            return Err(invalid("The task has more than one container: name the container to run the command in."));
        }
        Some(name) if name != found.container => {
            return Err(invalid("The specified container was not found in the task."));
        }
        _ => {}
    }
    if !found.runs {
        return Err(invalid("The task must be running to execute a command."));
    }
    if !found.is_ready {
        return Err(invalid(
            "The execute command failed because execute command was not enabled when the task was run or the execute \
             command agent isn’t running. Wait and try again or run a new task with execute command enabled and try \
             again.",
        ));
    }
    let wanted = Wanted {
        prefix: "ecs-execute-command".to_owned(),
        account: call.principal.account.clone(),
        region: call.region.to_owned(),
        target: found.target.clone(),
        document: "AmazonECS-ExecuteInteractiveCommand".to_owned(),
        owner: call.principal.arn.clone(),
        reason: None,
        now: call.now,
        limit: None,
        idle: IDLE,
        agent: AGENT.to_owned(),
        run: Run::Interactive { command: command.to_owned() },
        key: here.cluster.exec.as_ref().and_then(|exec| exec.key.clone()),
    };
    let ticket = call.gateway.start(wanted).map_err(|error| ApiError::internal(error.to_string()))?;
    let session = object()
        .with("sessionId", ticket.session_id)
        .with("streamUrl", ticket.stream_url)
        .with("tokenValue", ticket.token);
    Ok(object()
        .with("clusterArn", here.arn())
        .with("containerArn", found.container_arn)
        .with("containerName", found.container)
        .with("interactive", true)
        .with("session", session)
        .with("taskArn", found.task_arn)
        .into())
}

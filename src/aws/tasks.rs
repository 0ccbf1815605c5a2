//! ECS tasks: listed by cluster or by service, described a hundred a call.

use std::sync::Arc;

use aws_sdk_ecs::types as aws;
use futures::{StreamExt, stream};

use crate::domain::{
    ecs::{Container, Image, ServiceKey, Task},
    fetch::Failure,
};

use super::{
    Connection,
    action::Action,
    ecs::{AT_ONCE, PAGE, revision},
    load::Loaded,
    names::unique,
    paging::{Paged, pages},
    words::{last_part, message, name, time},
};

/// The most tasks that are read of one account and region.
pub const MOST_TASKS: usize = 20_000;
/// How many tasks a page of `ListTasks` and a call of `DescribeTasks` hold.
pub const TASKS_A_CALL: usize = 100;

/// Says which tasks to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskScope {
    /// Those of a cluster that are wanted: running or on their way up.
    Cluster(String),
    /// Those of a service, with those that stopped lately (ECS keeps them for about an hour).
    Service(ServiceKey),
}

impl TaskScope {
    /// Returns the name of the cluster.
    pub fn cluster(&self) -> &str {
        match self {
            Self::Cluster(name) => name,
            Self::Service(key) => &key.cluster,
        }
    }
}

impl Connection {
    /// Reads the tasks of a scope.
    pub async fn tasks_of(&self, scope: &TaskScope) -> Loaded<Paged<Arc<Task>>> {
        let cluster = scope.cluster();
        let statuses: &[aws::DesiredStatus] = match scope {
            TaskScope::Cluster(_) => &[aws::DesiredStatus::Running],
            TaskScope::Service(_) => &[aws::DesiredStatus::Running, aws::DesiredStatus::Stopped],
        };
        let lists = statuses.iter().map(|status| self.task_arns(scope, status));
        let mut arns = Vec::new();
        let mut loaded = Loaded::<Paged<Arc<Task>>>::default();
        for list in futures::future::join_all(lists).await {
            match list {
                Ok(list) => {
                    arns.extend(list.items);
                    loaded.value.capped |= list.capped;
                }
                Err(failure) => loaded.failures.push(failure),
            }
        }
        let batches = arns.chunks(TASKS_A_CALL).map(<[String]>::to_vec).collect::<Vec<_>>();
        let answers = stream::iter(batches)
            .map(|batch| self.tasks_of_one_call(cluster, batch))
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        let described = Loaded::join(answers.await);
        loaded.value.items = described.value;
        loaded.failures.extend(described.failures);
        loaded
    }

    /// Reads the tasks of a service that are to run, each with the version of its platform.
    pub(super) async fn running_tasks_of(&self, key: &ServiceKey) -> Loaded<Vec<(Task, String)>> {
        let scope = TaskScope::Service(key.clone());
        let arns = match self.task_arns(&scope, &aws::DesiredStatus::Running).await {
            Ok(arns) => arns.items,
            Err(failure) => return Loaded::failed(failure),
        };
        let batches = arns.chunks(TASKS_A_CALL).map(<[String]>::to_vec).collect::<Vec<_>>();
        let answers = stream::iter(batches).map(|batch| self.describe_tasks(&key.cluster, batch)).buffered(AT_ONCE);
        let described = Loaded::join(answers.collect::<Vec<_>>().await);
        let running = described.value.iter().filter_map(|raw| {
            let platform = name(raw.platform_version.as_deref());
            Some((task(raw, &key.cluster)?, platform))
        });
        Loaded { value: running.collect(), failures: described.failures }
    }

    /// Reads one task of a cluster by its id; nothing where ECS does not know it, or no more.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read.
    pub(super) async fn task(&self, cluster: &str, id: &str) -> Result<Option<Task>, Failure> {
        let described = self.describe_tasks(cluster, vec![id.to_owned()]).await?;
        Ok(described.iter().filter_map(|raw| task(raw, cluster)).find(|task| task.id == id))
    }

    async fn task_arns(&self, scope: &TaskScope, status: &aws::DesiredStatus) -> Result<Paged<String>, Failure> {
        let cluster = scope.cluster();
        let service = match scope {
            TaskScope::Cluster(_) => None,
            TaskScope::Service(key) => Some(self.original(&key.service)),
        };
        pages(MOST_TASKS, |token| {
            let service = &service;
            async move {
                let list = || {
                    let request = self.ecs.list_tasks().cluster(self.original(cluster));
                    let request = request.set_service_name(service.clone()).desired_status(status.clone());
                    request.max_results(PAGE).set_next_token(token.clone()).send()
                };
                let answer = self.home.caller.call(Action::ListTasks, cluster, list).await?;
                Ok((answer.task_arns.unwrap_or_default(), answer.next_token))
            }
        })
        .await
    }

    async fn tasks_of_one_call(&self, cluster: &str, arns: Vec<String>) -> Result<Vec<Arc<Task>>, Failure> {
        let tasks = self.describe_tasks(cluster, arns).await?;
        Ok(tasks.iter().filter_map(|raw| task(raw, cluster)).map(Arc::new).collect())
    }

    async fn describe_tasks(&self, cluster: &str, arns: Vec<String>) -> Result<Vec<aws::Task>, Failure> {
        let describe = || {
            let request = self.ecs.describe_tasks().cluster(self.original(cluster));
            request.set_tasks(Some(arns.clone())).send()
        };
        let answer = self.home.caller.call(Action::DescribeTasks, cluster, describe).await?;
        Ok(answer.tasks.unwrap_or_default())
    }
}

/// Maps a task; one without an ARN cannot be pointed at and is left out.
fn task(raw: &aws::Task, cluster: &str) -> Option<Task> {
    let arn = unique(raw.task_arn.as_deref()?);
    let group = raw.group.as_deref().unwrap_or_default();
    let capacity =
        raw.capacity_provider_name.as_deref().or_else(|| raw.launch_type.as_ref().map(aws::LaunchType::as_str));
    Some(Task {
        id: last_part(&arn).to_owned(),
        cluster: cluster.to_owned(),
        service: group.strip_prefix("service:").map(unique),
        task_definition: revision(raw.task_definition_arn.as_deref()),
        last_status: name(raw.last_status.as_deref()),
        desired_status: name(raw.desired_status.as_deref()),
        health: health(raw.health_status.as_ref()),
        capacity: name(capacity),
        zone: name(raw.availability_zone.as_deref()),
        cpu: name(raw.cpu.as_deref()),
        memory: name(raw.memory.as_deref()),
        created_at: time(raw.created_at.as_ref()),
        started_at: time(raw.started_at.as_ref()),
        stopped_at: time(raw.stopped_at.as_ref()),
        stop_code: name(raw.stop_code.as_ref().map(aws::TaskStopCode::as_str)),
        stopped_reason: message(raw.stopped_reason.as_deref()),
        exec_enabled: raw.enable_execute_command,
        containers: raw.containers().iter().map(container).collect(),
        arn,
    })
}

fn container(raw: &aws::Container) -> Container {
    let agent =
        raw.managed_agents().iter().find(|agent| agent.name == Some(aws::ManagedAgentName::ExecuteCommandAgent));
    Container {
        name: name(raw.name.as_deref()),
        image: Image { name: name(raw.image.as_deref()), digest: name(raw.image_digest.as_deref()) },
        last_status: name(raw.last_status.as_deref()),
        health: health(raw.health_status.as_ref()),
        exit_code: raw.exit_code,
        reason: message(raw.reason.as_deref()),
        runtime_id: name(raw.runtime_id.as_deref()),
        exec_agent: agent.map(|agent| name(agent.last_status.as_deref())),
    }
}

fn health(raw: Option<&aws::HealthStatus>) -> String {
    raw.map_or_else(|| "UNKNOWN".to_owned(), |raw| name(Some(raw.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_belongs_to_the_service_of_its_group() {
        let raw = |group: &str| aws::Task::builder().task_arn("arn:aws:ecs:x:1:task/shop/0af").group(group).build();
        let of_service = task(&raw("service:web"), "shop").unwrap();
        assert_eq!((of_service.service.as_deref(), of_service.id.as_str()), (Some("web"), "0af"));
        assert_eq!(task(&raw("family:batch"), "shop").unwrap().service, None);
        assert!(task(&aws::Task::builder().build(), "shop").is_none());
    }

    #[test]
    fn the_agent_of_exec_is_found_among_others() {
        let agent = |name: aws::ManagedAgentName, status: &str| {
            aws::ManagedAgent::builder().name(name).last_status(status).build()
        };
        let raw = aws::Container::builder()
            .name("app")
            .managed_agents(agent("Other".into(), "STOPPED"))
            .managed_agents(agent(aws::ManagedAgentName::ExecuteCommandAgent, "RUNNING"))
            .build();
        assert_eq!(container(&raw).exec_agent.as_deref(), Some("RUNNING"));
        assert_eq!(container(&aws::Container::builder().build()).exec_agent, None);
    }

    #[test]
    fn capacity_is_the_provider_or_the_launch_type() {
        let raw = aws::Task::builder().task_arn("x").launch_type(aws::LaunchType::Fargate);
        assert_eq!(task(&raw.clone().build(), "shop").unwrap().capacity, "FARGATE");
        let spot = raw.capacity_provider_name("FARGATE_SPOT").build();
        assert_eq!(task(&spot, "shop").unwrap().capacity, "FARGATE_SPOT");
    }
}

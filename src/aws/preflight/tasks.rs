//! Tasks of a service: which run, and whether ECS Exec can reach into their containers.

use std::{cmp::Reverse, collections::BTreeMap};

use aws_sdk_ecs::types as aws;

use crate::{
    domain::{
        ecs::{Container, ServiceKey, Task},
        fetch::{Failure, FailureKind},
        preflight::{Caution, Obstacle},
        target::Target,
    },
    runbook::entry::Operation,
};

use super::{
    super::{Connection, action::Action, words::name},
    Candidate, Found, add_new,
};

/// The first platform of Fargate that ECS Exec works on.
///
/// Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec", considerations.
const PLATFORM: [u32; 3] = [1, 4, 0];
/// How the names begin of containers that AWS puts into a task by itself: GuardDuty's agent and Service Connect's proxy.
///
/// Sources: Amazon GuardDuty User Guide, "How Runtime Monitoring works with Fargate"; Amazon ECS Developer Guide, "Service
/// Connect agent".
const NOT_THE_TASKS_OWN: [&str; 2] = ["aws-guardduty-agent-", "ecs-service-connect-"];

/// What a task definition says of its containers that matters to ECS Exec.
type Definitions = BTreeMap<String, BTreeMap<String, Defined>>;

/// What a task definition says of a container.
#[derive(Debug, Clone, Copy, Default)]
struct Defined {
    read_only: bool,
    /// Whether it logs to CloudWatch Logs by the driver `awslogs`.
    logs: bool,
}

/// How a cluster logs what ECS Exec shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExecLogging {
    /// Not at all.
    Off,
    /// Where the container logs to, if it does by `awslogs`.
    AsTheContainer,
    /// To a place of its own.
    Own,
}

impl Connection {
    pub(super) async fn tasks_for(
        &self,
        operation: &Operation,
        cluster: &str,
        service: &str,
        container: Option<&str>,
    ) -> Found {
        let key = ServiceKey { cluster: cluster.to_owned(), service: service.to_owned() };
        let (mut tasks, mut unknown) = self.running_tasks(&key).await;
        tasks.sort_by_key(|(task, _)| (Reverse(task.started_at), task.id.clone()));
        if tasks.is_empty() {
            let none = Obstacle::NoRunningTask { service: format!("{cluster}/{service}") };
            // A service or cluster that is not there runs nothing, either.
            unknown.retain(|failure| failure.kind != FailureKind::NotFound);
            let obstacles = if unknown.is_empty() { vec![none] } else { Vec::new() };
            return Found { obstacles, unknown, ..Found::default() };
        }
        let (definitions, failures) = self.definitions(&tasks).await;
        add_new(&mut unknown, failures);
        let logging = match operation {
            Operation::Exec { .. } => self.exec_logging(cluster).await.map_err(|failure| unknown.push(failure)).ok(),
            _ => None,
        };
        let mut found = Found { unknown, ..Found::default() };
        for (task, platform) in &tasks {
            match pick(task, container) {
                Ok(container) => {
                    let defined = definitions.get(&task.task_definition).and_then(|all| all.get(&container.name));
                    let mut candidate = candidate(&key, task, container, platform);
                    judge_definition(&mut candidate, cluster, container, defined.copied(), logging.flatten());
                    found.candidates.push(candidate);
                }
                Err(obstacle) => add_new(&mut found.obstacles, vec![obstacle]),
            }
        }
        if !found.candidates.is_empty() {
            // Tasks of an older definition may lack the container; those that have it will do.
            found.obstacles.clear();
        }
        found
    }

    /// Reads the tasks of a service that run, with the version of their platform.
    async fn running_tasks(&self, key: &ServiceKey) -> (Vec<(Task, String)>, Vec<Failure>) {
        let read = self.running_tasks_of(key).await;
        let running = read.value.into_iter().filter(|(task, _)| task.last_status == "RUNNING");
        (running.collect(), read.failures)
    }

    /// Reads what the definitions of tasks say of their containers.
    async fn definitions(&self, tasks: &[(Task, String)]) -> (Definitions, Vec<Failure>) {
        let (mut definitions, mut failures) = (Definitions::new(), Vec::new());
        for (task, _) in tasks {
            if task.task_definition.is_empty() || definitions.contains_key(&task.task_definition) {
                continue;
            }
            let name = self.original(&task.task_definition);
            let describe = || self.ecs.describe_task_definition().task_definition(&name).send();
            match self.home.caller.call(Action::DescribeTaskDefinition, "", describe).await {
                Ok(answer) => {
                    let raw = answer.task_definition.as_ref().map(aws::TaskDefinition::container_definitions);
                    let defined = raw.unwrap_or_default().iter().map(defined).collect();
                    definitions.insert(task.task_definition.clone(), defined);
                }
                Err(failure) => {
                    failures.push(failure);
                    break;
                }
            }
        }
        (definitions, failures)
    }

    /// Reads how a cluster logs ECS Exec; nothing where the answer does not describe it.
    async fn exec_logging(&self, cluster: &str) -> Result<Option<ExecLogging>, Failure> {
        let describe = || {
            let request = self.ecs.describe_clusters().clusters(self.original(cluster));
            request.include(aws::ClusterField::Configurations).send()
        };
        let answer = self.home.caller.call(Action::DescribeClusters, cluster, describe).await?;
        Ok(answer.clusters().first().map(exec_logging))
    }
}

/// Picks the container that is named, or the only one that the task has of its own.
fn pick<'a>(task: &'a Task, wanted: Option<&str>) -> Result<&'a Container, Obstacle> {
    let own = || {
        let all = task.containers.iter();
        all.filter(|container| !NOT_THE_TASKS_OWN.iter().any(|begin| container.name.starts_with(begin)))
    };
    let mut fitting = own().filter(|container| wanted.is_none_or(|name| name == container.name));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Obstacle::NoSuchContainer { there: own().map(|container| container.name.clone()).collect() }),
    }
}

/// Judges a container by what ECS says of its task.
fn candidate(key: &ServiceKey, task: &Task, container: &Container, platform: &str) -> Candidate {
    let mut obstacles = Vec::new();
    if numbers(platform).is_some_and(|numbers| numbers < PLATFORM) {
        obstacles.push(Obstacle::PlatformTooOld { version: platform.to_owned() });
    }
    let agent = container.exec_agent.as_deref();
    if !task.exec_enabled {
        obstacles.push(Obstacle::ExecNotEnabled { task: task.id.clone() });
    } else if agent != Some("RUNNING") || container.runtime_id.is_empty() {
        let status = agent.unwrap_or_default().to_owned();
        obstacles.push(Obstacle::ExecAgentNotRunning { task: task.id.clone(), status });
    }
    let target = Target::Container {
        cluster: key.cluster.clone(),
        service: key.service.clone(),
        task: task.id.clone(),
        container: container.name.clone(),
        runtime_id: container.runtime_id.clone(),
    };
    Candidate { target, obstacles, cautions: Vec::new() }
}

/// Judges a container by its definition and its cluster, as far as they are known.
fn judge_definition(
    candidate: &mut Candidate,
    cluster: &str,
    container: &Container,
    defined: Option<Defined>,
    logging: Option<ExecLogging>,
) {
    if defined.is_some_and(|defined| defined.read_only) {
        candidate.obstacles.push(Obstacle::ReadOnlyRoot { container: container.name.clone() });
    }
    let unlogged = match logging {
        Some(ExecLogging::Off) => true,
        Some(ExecLogging::AsTheContainer) => defined.is_some_and(|defined| !defined.logs),
        Some(ExecLogging::Own) | None => false,
    };
    if unlogged {
        candidate.cautions.push(Caution::ExecLoggingOff { cluster: cluster.to_owned() });
    }
}

fn defined(raw: &aws::ContainerDefinition) -> (String, Defined) {
    let driver = raw.log_configuration.as_ref().map(|configuration| &configuration.log_driver);
    let logs = driver == Some(&aws::LogDriver::Awslogs);
    (name(raw.name.as_deref()), Defined { read_only: raw.readonly_root_filesystem == Some(true), logs })
}

/// Returns how a cluster logs ECS Exec; where it does not say, as the container does.
///
/// Source: Amazon ECS API Reference, `ExecuteCommandConfiguration`.
fn exec_logging(raw: &aws::Cluster) -> ExecLogging {
    let configuration = raw.configuration.as_ref();
    let configuration = configuration.and_then(|configuration| configuration.execute_command_configuration.as_ref());
    match configuration.and_then(|configuration| configuration.logging.as_ref()) {
        Some(aws::ExecuteCommandLogging::None) => ExecLogging::Off,
        Some(aws::ExecuteCommandLogging::Override) => ExecLogging::Own,
        _ => ExecLogging::AsTheContainer,
    }
}

/// Reads a platform's version; `LATEST` and what else is no number is none.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    let mut parts = version.split('.');
    for (number, part) in numbers.iter_mut().zip(&mut parts) {
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::ecs::Image;

    fn container(name: &str, agent: Option<&str>) -> Container {
        Container {
            name: name.to_owned(),
            image: Image::default(),
            last_status: "RUNNING".to_owned(),
            health: "HEALTHY".to_owned(),
            exit_code: None,
            reason: String::new(),
            runtime_id: "0af-1".to_owned(),
            exec_agent: agent.map(str::to_owned),
        }
    }

    fn task(containers: Vec<Container>) -> Task {
        Task {
            arn: "arn:aws:ecs:x:1:task/shop/0af".to_owned(),
            id: "0af".to_owned(),
            cluster: "shop".to_owned(),
            service: Some("web".to_owned()),
            task_definition: "web:1".to_owned(),
            last_status: "RUNNING".to_owned(),
            desired_status: "RUNNING".to_owned(),
            health: "HEALTHY".to_owned(),
            capacity: "FARGATE".to_owned(),
            zone: String::new(),
            cpu: String::new(),
            memory: String::new(),
            created_at: None,
            started_at: None,
            stopped_at: None,
            stop_code: String::new(),
            stopped_reason: String::new(),
            exec_enabled: true,
            containers,
        }
    }

    fn key() -> ServiceKey {
        ServiceKey { cluster: "shop".to_owned(), service: "web".to_owned() }
    }

    #[test]
    fn a_container_is_the_named_one_or_the_only_one() {
        let names = ["app", "sidecar", "aws-guardduty-agent-x1"];
        let both = task(names.iter().map(|name| container(name, Some("RUNNING"))).collect());
        assert_eq!(pick(&both, Some("sidecar")).unwrap().name, "sidecar");
        let there = vec!["app".to_owned(), "sidecar".to_owned()];
        assert_eq!(pick(&both, None).unwrap_err(), Obstacle::NoSuchContainer { there: there.clone() });
        assert_eq!(pick(&both, Some("db")).unwrap_err(), Obstacle::NoSuchContainer { there });
        let one = task(vec![container("app", None), container("aws-guardduty-agent-x1", None)]);
        assert_eq!(pick(&one, None).unwrap().name, "app");
    }

    #[rstest]
    #[case("1.4.0", true)]
    #[case("1.3.0", false)]
    #[case("1.0.0", false)]
    #[case("LATEST", true)]
    #[case("", true)]
    fn exec_needs_a_platform(#[case] version: &str, #[case] fits: bool) {
        let task = task(vec![container("app", Some("RUNNING"))]);
        let candidate = candidate(&key(), &task, &task.containers[0], version);
        assert_eq!(candidate.obstacles.is_empty(), fits, "{candidate:?}");
    }

    #[rstest]
    #[case(true, Some("RUNNING"), None)]
    #[case(true, Some("PENDING"), Some(Obstacle::ExecAgentNotRunning { task: "0af".to_owned(), status: "PENDING".to_owned() }))]
    #[case(true, None, Some(Obstacle::ExecAgentNotRunning { task: "0af".to_owned(), status: String::new() }))]
    #[case(false, None, Some(Obstacle::ExecNotEnabled { task: "0af".to_owned() }))]
    fn exec_needs_its_agent(#[case] enabled: bool, #[case] agent: Option<&str>, #[case] obstacle: Option<Obstacle>) {
        let task = Task { exec_enabled: enabled, ..task(vec![container("app", agent)]) };
        let candidate = candidate(&key(), &task, &task.containers[0], "1.4.0");
        assert_eq!(candidate.obstacles, Vec::from_iter(obstacle));
    }

    #[rstest]
    #[case(Some(ExecLogging::Off), Some(true), true)]
    #[case(Some(ExecLogging::AsTheContainer), Some(true), false)]
    #[case(Some(ExecLogging::AsTheContainer), Some(false), true)]
    #[case(Some(ExecLogging::AsTheContainer), None, false)]
    #[case(Some(ExecLogging::Own), Some(false), false)]
    #[case(None, Some(false), false)]
    fn logging_that_is_off_is_told(
        #[case] logging: Option<ExecLogging>,
        #[case] container_logs: Option<bool>,
        #[case] told: bool,
    ) {
        let task = task(vec![container("app", Some("RUNNING"))]);
        let mut candidate = candidate(&key(), &task, &task.containers[0], "1.4.0");
        let defined = container_logs.map(|logs| Defined { read_only: false, logs });
        judge_definition(&mut candidate, "shop", &task.containers[0], defined, logging);
        assert_eq!(candidate.cautions.len(), usize::from(told));
        assert!(candidate.obstacles.is_empty());
    }

    #[test]
    fn a_read_only_root_is_an_obstacle_and_a_definition_says_so() {
        let raw = aws::ContainerDefinition::builder().name("app").readonly_root_filesystem(true).build();
        let (name, defined) = defined(&raw);
        assert_eq!((name.as_str(), defined.read_only, defined.logs), ("app", true, false));
        let task = task(vec![container("app", Some("RUNNING"))]);
        let mut candidate = candidate(&key(), &task, &task.containers[0], "1.4.0");
        judge_definition(&mut candidate, "shop", &task.containers[0], Some(defined), None);
        assert_eq!(candidate.obstacles, [Obstacle::ReadOnlyRoot { container: "app".to_owned() }]);
    }

    #[test]
    fn a_cluster_that_does_not_say_logs_as_the_container_does() {
        let cluster = |logging: Option<aws::ExecuteCommandLogging>| {
            let exec = aws::ExecuteCommandConfiguration::builder().set_logging(logging).build();
            let configuration = aws::ClusterConfiguration::builder().execute_command_configuration(exec).build();
            exec_logging(&aws::Cluster::builder().configuration(configuration).build())
        };
        assert_eq!(exec_logging(&aws::Cluster::builder().build()), ExecLogging::AsTheContainer);
        assert_eq!(cluster(Some(aws::ExecuteCommandLogging::Default)), ExecLogging::AsTheContainer);
        assert_eq!(cluster(Some(aws::ExecuteCommandLogging::None)), ExecLogging::Off);
        assert_eq!(cluster(Some(aws::ExecuteCommandLogging::Override)), ExecLogging::Own);
    }
}

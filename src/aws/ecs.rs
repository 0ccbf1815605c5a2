//! ECS services: the calls in AWS's batches, and how AWS's rows become ours.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use aws_sdk_ecs::types as aws;
use futures::{StreamExt, stream};
use jiff::Timestamp;

use crate::domain::{
    ecs::{Capacity, CircuitBreaker, Deployment, Rollout, Service, ServiceEvent, ServiceKey},
    fetch::{Failure, FailureKind},
};

use super::{
    Connection,
    action::Action,
    error::Attempt,
    load::Loaded,
    names::unique,
    paging::{Paged, pages},
    words::{count, last_part, message, name, time},
};

/// The most services that are read of one account and region.
pub(super) const MOST_SERVICES: usize = 10_000;
/// How many calls of one load are under way at once.
pub(super) const AT_ONCE: usize = 8;
/// How many services `DescribeServices` takes.
pub const SERVICES_A_CALL: usize = 10;
/// How many items a page of ECS's lists has at most; the default of `ListServices` is 10.
pub(super) const PAGE: i32 = 100;

/// Holds what `DescribeServices` said about the services that it was asked for.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// The services that there are.
    pub services: Vec<Arc<Service>>,
    /// The services that there are no more.
    pub missing: Vec<ServiceKey>,
    /// The services that an answer neither describes nor calls missing.
    pub silent: Vec<ServiceKey>,
}

impl Connection {
    /// Lists the names of the services of one cluster.
    pub(super) async fn service_names(&self, cluster: &str) -> Result<Paged<String>, Failure> {
        let listed = pages(MOST_SERVICES, |token| async move {
            let list = || {
                let request = self.ecs.list_services().cluster(self.original(cluster));
                request.max_results(PAGE).set_next_token(token.clone()).send()
            };
            let answer = self.home.caller.call(Action::ListServices, cluster, list).await?;
            Ok((answer.service_arns.unwrap_or_default(), answer.next_token))
        });
        Ok(listed.await?.map(|arn| self.remember(last_part(&arn))))
    }

    /// Describes services, ten a call and eight calls at once.
    pub async fn describe_services(&self, keys: &[ServiceKey]) -> Loaded<Described> {
        let answers = stream::iter(batches(keys))
            .map(|(cluster, names)| self.services_of_one_call(cluster, names))
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        let mut loaded = Loaded::<Described>::default();
        for answer in answers.await {
            loaded.value.services.extend(answer.value.services);
            loaded.value.missing.extend(answer.value.missing);
            loaded.value.silent.extend(answer.value.silent);
            loaded.failures.extend(answer.failures);
        }
        loaded
    }

    async fn services_of_one_call(&self, cluster: String, names: Vec<String>) -> Loaded<Described> {
        let describe = || {
            let request = self.ecs.describe_services().cluster(self.original(&cluster));
            let originals = names.iter().map(|name| self.original(name)).collect();
            request.set_services(Some(originals)).send()
        };
        let answer = match self.home.caller.call(Action::DescribeServices, &cluster, describe).await {
            Ok(answer) => answer,
            Err(failure) => return Loaded::failed(failure),
        };
        let as_of = self.home.caller.now.get();
        let (services, failures) = (answer.services.unwrap_or_default(), answer.failures.unwrap_or_default());
        let services: Vec<_> = services.iter().filter_map(|raw| service(raw, &cluster, as_of)).collect();
        let answered = Answered::of(&names, &services, &failures);
        let key = |service: &String| ServiceKey { cluster: cluster.clone(), service: service.clone() };
        let silent = answered.silent.iter().map(|(service, _)| key(service)).collect();
        let missing = answered.missing.iter().map(key).collect();
        let attempt = Attempt { action: Action::DescribeServices.name(), host: "", at: as_of };
        Loaded {
            value: Described { services: services.into_iter().map(Arc::new).collect(), missing, silent },
            failures: answered
                .complaint()
                .map(|detail| attempt.failed(FailureKind::Malformed, &detail))
                .into_iter()
                .collect(),
        }
    }
}

/// Tells what became of the services that a call asked for and that its answer does not describe.
#[derive(Debug, PartialEq, Eq)]
struct Answered {
    /// Those that there are no more.
    missing: Vec<String>,
    /// Those that the answer passes over, with its reason where it has one.
    silent: Vec<(String, String)>,
}

impl Answered {
    fn of(asked: &[String], services: &[Service], failures: &[aws::Failure]) -> Self {
        let reasons: BTreeMap<String, &str> = failures
            .iter()
            .filter_map(|failure| {
                let arn = failure.arn.as_deref()?;
                Some((unique(last_part(arn)), failure.reason.as_deref().unwrap_or_default()))
            })
            .collect();
        let described: HashSet<&str> = services.iter().map(|service| service.key.service.as_str()).collect();
        let mut answered = Self { missing: Vec::new(), silent: Vec::new() };
        for asked in asked.iter().filter(|asked| !described.contains(asked.as_str())) {
            match reasons.get(asked).copied() {
                Some("MISSING") => answered.missing.push(asked.clone()),
                reason => answered.silent.push((asked.clone(), reason.unwrap_or_default().to_owned())),
            }
        }
        answered
    }

    /// Lists what the answer passes over, with its reasons; none where it passes over nothing.
    fn complaint(&self) -> Option<String> {
        let one = |(name, reason): &(String, String)| match reason.as_str() {
            "" => name.clone(),
            reason => format!("{name}: {reason}"),
        };
        (!self.silent.is_empty()).then(|| self.silent.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

/// Groups services into calls: one cluster and at most ten names each.
fn batches(keys: &[ServiceKey]) -> Vec<(String, Vec<String>)> {
    let mut by_cluster: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in keys {
        by_cluster.entry(&key.cluster).or_default().push(&key.service);
    }
    by_cluster
        .into_iter()
        .flat_map(|(cluster, mut names)| {
            names.sort_unstable();
            names.dedup();
            let calls = names.chunks(SERVICES_A_CALL);
            calls
                .map(|names| (cluster.to_owned(), names.iter().map(|&name| name.to_owned()).collect()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Counts the calls that it takes to describe services.
pub fn calls_for(keys: &[ServiceKey]) -> usize {
    batches(keys).len()
}

/// Maps a service; one without a name cannot be pointed at and is left out.
fn service(raw: &aws::Service, cluster: &str, as_of: Timestamp) -> Option<Service> {
    let arn = raw.service_arn.as_deref().unwrap_or_default();
    let service_name = raw.service_name.as_deref().unwrap_or_else(|| last_part(arn));
    if service_name.is_empty() {
        return None;
    }
    let configuration = raw.deployment_configuration.as_ref();
    let breaker = configuration
        .and_then(|configuration| configuration.deployment_circuit_breaker.as_ref())
        .filter(|breaker| breaker.enable);
    Some(Service {
        key: ServiceKey { cluster: cluster.to_owned(), service: unique(service_name) },
        status: name(raw.status.as_deref()),
        desired: count(raw.desired_count),
        running: count(raw.running_count),
        pending: count(raw.pending_count),
        task_definition: revision(raw.task_definition.as_deref()),
        deployments: deployments(raw.deployments()),
        events: events(raw.events()),
        circuit_breaker: breaker.map(|breaker| CircuitBreaker { rollback: breaker.rollback }),
        bake_minutes: configuration.and_then(|configuration| configuration.bake_time_in_minutes).map(count),
        controller: raw
            .deployment_controller
            .as_ref()
            .map_or_else(|| "ECS".to_owned(), |controller| name(Some(controller.r#type.as_str()))),
        strategy: name(
            configuration
                .and_then(|configuration| configuration.strategy.as_ref())
                .map(aws::DeploymentStrategy::as_str),
        ),
        capacity: capacity(raw.capacity_provider_strategy(), raw.launch_type.as_ref()),
        exec_enabled: raw.enable_execute_command,
        target_groups: target_groups(raw.load_balancers()),
        created_at: time(raw.created_at.as_ref()),
        as_of,
        arn: name(Some(arn)),
    })
}

/// Maps deployments, the primary one first and then the newest.
fn deployments(raw: &[aws::Deployment]) -> Vec<Deployment> {
    let mut deployments: Vec<Deployment> = raw.iter().map(deployment).collect();
    deployments.sort_by_key(|deployment| (deployment.status != "PRIMARY", std::cmp::Reverse(deployment.created_at)));
    deployments
}

fn deployment(raw: &aws::Deployment) -> Deployment {
    let rollout = name(raw.rollout_state.as_ref().map(aws::DeploymentRolloutState::as_str));
    Deployment {
        id: name(raw.id.as_deref()),
        status: name(raw.status.as_deref()),
        rollout: Rollout::from(rollout.as_str()),
        reason: message(raw.rollout_state_reason.as_deref()),
        task_definition: revision(raw.task_definition.as_deref()),
        desired: count(raw.desired_count),
        running: count(raw.running_count),
        pending: count(raw.pending_count),
        failed: count(raw.failed_tasks),
        created_at: time(raw.created_at.as_ref()),
        updated_at: time(raw.updated_at.as_ref()),
    }
}

/// Maps the events of a service, newest first; those without a time cannot be told in order and are left out.
fn events(raw: &[aws::ServiceEvent]) -> Vec<ServiceEvent> {
    let mut events: Vec<ServiceEvent> = raw
        .iter()
        .filter_map(|raw| {
            Some(ServiceEvent {
                id: name(raw.id.as_deref()),
                at: time(raw.created_at.as_ref())?,
                message: message(raw.message.as_deref()),
            })
        })
        .collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events
}

fn capacity(strategy: &[aws::CapacityProviderStrategyItem], launch: Option<&aws::LaunchType>) -> Vec<Capacity> {
    if strategy.is_empty() {
        let launch = launch.map(|launch| Capacity { provider: name(Some(launch.as_str())), weight: 1, base: 0 });
        return launch.into_iter().collect();
    }
    strategy
        .iter()
        .map(|item| Capacity {
            provider: name(Some(&item.capacity_provider)),
            weight: count(item.weight),
            base: count(item.base),
        })
        .collect()
}

fn target_groups(raw: &[aws::LoadBalancer]) -> Vec<String> {
    raw.iter().filter_map(|balancer| balancer.target_group_arn.as_deref()).map(|arn| name(Some(arn))).collect()
}

/// Returns family and revision of a task definition's ARN, such as `web:42`.
pub(super) fn revision(arn: Option<&str>) -> String {
    name(arn.map(last_part))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn keys(cluster: &str, count: usize) -> Vec<ServiceKey> {
        let key = |number| ServiceKey { cluster: cluster.to_owned(), service: format!("svc-{number:03}") };
        (0..count).map(key).collect()
    }

    #[test]
    fn ten_services_of_one_cluster_make_a_call() {
        assert!(batches(&[]).is_empty());
        let mut mixed = keys("a", 21);
        mixed.extend(keys("b", 1));
        mixed.extend(keys("a", 3));
        let sizes: Vec<usize> = batches(&mixed).iter().map(|(_, names)| names.len()).collect();
        assert_eq!(sizes, [10, 10, 1, 1]);
        assert_eq!(calls_for(&keys("a", 60)), 6);
    }

    #[test]
    fn a_service_is_described_or_missing_or_passed_over() {
        let asked = ["api", "gone", "odd", "refused", "web"].map(str::to_owned);
        let described = |name: &str| {
            service(&aws::Service::builder().service_name(name).build(), "shop", Timestamp::UNIX_EPOCH).unwrap()
        };
        let failure = |name: &str, reason: Option<&str>| {
            let arn = format!("arn:aws:ecs:x:1:service/shop/{name}");
            aws::Failure::builder().arn(arn).set_reason(reason.map(str::to_owned)).build()
        };
        let failures = [failure("gone", Some("MISSING")), failure("refused", Some("ACCESS_DENIED"))];
        let answered = Answered::of(&asked, &[described("api"), described("web")], &failures);
        assert_eq!(answered.missing, ["gone"]);
        assert_eq!(answered.complaint().as_deref(), Some("odd, refused: ACCESS_DENIED"));
        let whole = Answered::of(&asked[..1], &[described("api"), described("web")], &[failure("x", None)]);
        assert_eq!((whole.complaint(), whole.missing.len()), (None, 0));
        let failures = [failure("api", None), aws::Failure::builder().build()];
        assert_eq!(Answered::of(&asked[..1], &[], &failures).complaint().as_deref(), Some("api"));
    }

    #[test]
    fn an_empty_answer_makes_an_empty_service() {
        let raw = aws::Service::builder().service_name("web").build();
        let service = service(&raw, "shop", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(service.key.cluster, "shop");
        assert_eq!((service.desired, service.running, service.pending), (0, 0, 0));
        assert!(service.deployments.is_empty() && service.events.is_empty() && service.capacity.is_empty());
        assert_eq!(service.controller, "ECS");
    }

    #[test]
    fn a_service_without_any_name_is_left_out() {
        let raw = aws::Service::builder().build();
        assert!(service(&raw, "shop", Timestamp::UNIX_EPOCH).is_none());
        let raw = aws::Service::builder().service_arn("arn:aws:ecs:x:1:service/shop/web").build();
        assert_eq!(service(&raw, "shop", Timestamp::UNIX_EPOCH).unwrap().key.service, "web");
    }

    #[test]
    fn words_that_are_new_to_us_are_kept() {
        let raw = aws::Service::builder()
            .service_name("web")
            .status("HIBERNATING")
            .launch_type("LUNAR".into())
            .deployments(aws::Deployment::builder().rollout_state("WAITING".into()).failed_tasks(-1).build())
            .build();
        let service = service(&raw, "shop", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(service.status, "HIBERNATING");
        assert_eq!(service.capacity[0].provider, "LUNAR");
        assert_eq!(service.deployments[0].rollout, Rollout::Other("WAITING".to_owned()));
        assert_eq!(service.deployments[0].failed, 0);
    }

    #[test]
    fn the_primary_deployment_is_first_and_events_are_newest_first() {
        let deployment = |status: &str, second| {
            aws::Deployment::builder().status(status).created_at(DateTime::from_secs(second)).build()
        };
        let raw = [deployment("ACTIVE", 1), deployment("ACTIVE", 2), deployment("PRIMARY", 3)];
        let order: Vec<i64> =
            deployments(&raw).iter().map(|deployment| deployment.created_at.unwrap().as_second()).collect();
        assert_eq!(order, [3, 2, 1]);
        let event = |second| aws::ServiceEvent::builder().created_at(DateTime::from_secs(second)).build();
        let mapped = events(&[event(1), event(3), aws::ServiceEvent::builder().build(), event(2)]);
        let order: Vec<i64> = mapped.iter().map(|event| event.at.as_second()).collect();
        assert_eq!(order, [3, 2, 1]);
    }
}

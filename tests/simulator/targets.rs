//! Load balancers, and the health of their targets as a rollout goes on.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat};
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthDescription};
use rstest::rstest;

use crate::support::Stage;

async fn group_of(stage: &Stage, cluster: &str, service: &str) -> String {
    let service = stage.service(cluster, service).await;
    service.load_balancers()[0].target_group_arn().unwrap().to_owned()
}

async fn targets(stage: &Stage, group: &str) -> Vec<TargetHealthDescription> {
    let answer = stage.elb.describe_target_health().target_group_arn(group).send().await.unwrap();
    answer.target_health_descriptions.unwrap_or_default()
}

fn states(targets: &[TargetHealthDescription]) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for one in targets {
        let state = one.target_health().and_then(|health| health.state()).map(ToString::to_string).unwrap_or_default();
        *states.entry(state).or_default() += 1;
    }
    states
}

#[tokio::test]
async fn balancers_and_groups_belong_together() {
    let stage = Stage::builtin("quiet").await;
    let balancers = stage.elb.describe_load_balancers().send().await.unwrap();
    let names: Vec<_> = balancers.load_balancers().iter().filter_map(|one| one.load_balancer_name()).collect();
    assert_eq!(
        names.iter().copied().collect::<BTreeSet<_>>(),
        BTreeSet::from(["shop-dev", "shop-prd", "shop-prd-internal"])
    );
    let main = balancers.load_balancers().iter().find(|one| one.load_balancer_name() == Some("shop-prd")).unwrap();
    let groups =
        stage.elb.describe_target_groups().load_balancer_arn(main.load_balancer_arn().unwrap()).send().await.unwrap();
    assert_eq!(groups.target_groups().len(), 7);
    assert!(
        groups.target_groups().iter().all(|group| group.load_balancer_arns() == [main.load_balancer_arn().unwrap()])
    );
    let (mut all, mut marker) = (BTreeSet::new(), None);
    loop {
        let page = stage.elb.describe_target_groups().page_size(4).set_marker(marker).send().await.unwrap();
        assert!(page.target_groups().len() <= 4);
        all.extend(page.target_groups().iter().map(|group| group.target_group_arn().unwrap().to_owned()));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 10);
    let web = group_of(&stage, "shop-prd", "web").await;
    let one = stage.elb.describe_target_groups().target_group_arns(&web).send().await.unwrap();
    assert_eq!(one.target_groups()[0].target_group_name(), Some("shop-prd-web"));
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let stage = Stage::builtin("quiet").await;
    let group = "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/none/0123456789abcdef";
    let health = stage.elb.describe_target_health().target_group_arn(group).send().await.unwrap_err();
    assert_eq!(health.into_service_error().code(), Some("TargetGroupNotFound"));
    let groups = stage.elb.describe_target_groups().names("none").send().await.unwrap_err().into_service_error();
    assert!(groups.is_target_group_not_found_exception());
    let balancers = stage.elb.describe_load_balancers().names("none").send().await.unwrap_err().into_service_error();
    assert!(balancers.is_load_balancer_not_found_exception());
    let page = stage.elb.describe_target_groups().page_size(401).send().await.unwrap_err();
    assert_eq!(page.into_service_error().code(), Some("ValidationError"));
}

#[tokio::test]
async fn targets_are_the_tasks_addresses() {
    let stage = Stage::builtin("quiet").await;
    let group = group_of(&stage, "shop-prd", "web").await;
    let health = targets(&stage, &group).await;
    assert_eq!(states(&health), BTreeMap::from([("healthy".to_owned(), 3)]));
    let listed = stage.ecs.list_tasks().cluster("shop-prd").service_name("web").send().await.unwrap();
    let tasks = stage.ecs.describe_tasks().cluster("shop-prd").set_tasks(listed.task_arns).send().await.unwrap();
    let interface = |task: &aws_sdk_ecs::types::Task| {
        let details = task.attachments()[0].details().iter();
        details.clone().find(|one| one.name() == Some("privateIPv4Address")).and_then(|one| one.value.clone()).unwrap()
    };
    let addresses: BTreeSet<String> = tasks.tasks().iter().map(interface).collect();
    let found: BTreeSet<String> = health.iter().map(|one| one.target().unwrap().id().unwrap().to_owned()).collect();
    assert_eq!(found, addresses);
    for task in tasks.tasks() {
        let container = task.containers()[0].network_interfaces()[0].private_ipv4_address().map(str::to_owned);
        assert_eq!(container, Some(interface(task)), "a task has one address");
    }
    let stranger = TargetDescription::builder().id("10.9.9.9").build();
    let known = TargetDescription::builder().id(found.first().unwrap()).build();
    let asked = stage.elb.describe_target_health().target_group_arn(&group).targets(stranger).targets(known);
    let answer = asked.send().await.unwrap();
    let words: Vec<_> = answer
        .target_health_descriptions()
        .iter()
        .map(|one| one.target_health().and_then(|health| health.state()).map(ToString::to_string).unwrap())
        .collect();
    assert_eq!(words, ["unused", "healthy"]);
}

/// A bad release: a target is drained, the new ones never become healthy, and after the rollback all are again.
#[rstest]
#[case("5s", &[("healthy", 3)])]
#[case("15s", &[("draining", 1), ("healthy", 2)])]
#[case("4m", &[("healthy", 2)])]
#[case("8m", &[("healthy", 3)])]
#[tokio::test]
async fn target_health_follows_a_rollout(#[case] at: &str, #[case] expected: &[(&str, usize)]) {
    let stage = Stage::builtin("bad-deploy").await;
    let group = group_of(&stage, "shop-prd", "web").await;
    stage.go_to(at);
    let found = states(&targets(&stage, &group).await);
    for (state, count) in expected {
        assert_eq!(found.get(*state), Some(count), "{found:?} at {at}");
    }
}

#[tokio::test]
async fn a_failing_target_says_why() {
    let stage = Stage::builtin("bad-deploy").await;
    let group = group_of(&stage, "shop-prd", "web").await;
    let (mut reasons, mut states_seen) = (BTreeSet::new(), BTreeSet::new());
    for second in (10..240).step_by(3) {
        stage.go_to(&format!("{second}s"));
        for one in targets(&stage, &group).await {
            let health = one.target_health().unwrap();
            states_seen.insert(health.state().unwrap().to_string());
            if let Some(reason) = health.reason() {
                reasons.insert((reason.to_string(), health.description().unwrap_or_default().to_owned()));
            }
        }
    }
    let words = ["draining", "healthy", "initial", "unhealthy"].map(str::to_owned);
    assert_eq!(states_seen, BTreeSet::from(words));
    for reason in [
        ("Elb.InitialHealthChecking", "Initial health checks in progress"),
        ("Elb.RegistrationInProgress", "Target registration is in progress"),
        ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
        ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
    ] {
        assert!(reasons.contains(&(reason.0.to_owned(), reason.1.to_owned())), "{reason:?} of {reasons:?}");
    }
}

#[tokio::test]
async fn the_balancer_counts_its_targets() {
    let stage = Stage::builtin("bad-deploy").await;
    stage.go_to("6m");
    let alarm = stage.alarm("shop-prd-web-5xx").await;
    let query = |id: &str, name: &str, statistic: &str| {
        let metric = Metric::builder().namespace("AWS/ApplicationELB").metric_name(name);
        let metric = metric.set_dimensions(alarm.dimensions.clone()).build();
        let stat = MetricStat::builder().metric(metric).stat(statistic).period(60).build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let asked = stage.cloudwatch.get_metric_data().start_time(stage.time("-5m")).end_time(stage.time("6m"));
    let asked = asked.metric_data_queries(query("h", "HealthyHostCount", "Minimum"));
    let answer = asked.metric_data_queries(query("u", "UnHealthyHostCount", "Maximum")).send().await.unwrap();
    let [healthy, unhealthy] = answer.metric_data_results() else { panic!("two series") };
    let (newest, oldest) = (healthy.values().first().copied(), healthy.values().last().copied());
    assert_eq!((oldest, unhealthy.values().last().copied()), (Some(3.0), Some(0.0)));
    assert!(healthy.values().contains(&2.0) && unhealthy.values().contains(&1.0), "{healthy:?} {unhealthy:?}");
    assert!(newest.is_some_and(|count| count >= 2.0));
}

//! Paging, batch limits and what is not there.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{ClusterField, DesiredStatus};

use crate::support::Stage;

/// Two clusters, the first with 23 services.
const MANY: &str = r#"
name = "many"
seed = 1
[[account]]
id = "111122223333"
[[account.service]]
cluster = "one"
name = "svc-{nn}"
count = 23
desired = 5
image = "svc:v1"
[[account.service]]
cluster = "two"
name = "other"
desired = 0
image = "svc:v1"
[[account.alarm]]
name = "alarm-{nnn}"
count = 205
service = "svc-01"
metric = "CPUUtilization"
threshold = 99.0
[[account.alarm]]
name = "all"
rule = "ALARM(\"alarm-001\") OR ALARM(\"alarm-002\")"
"#;

#[tokio::test]
async fn services_come_ten_a_page_unless_more_are_asked_for() {
    let stage = Stage::text(MANY).await;
    let first = stage.ecs.list_services().cluster("one").send().await.unwrap();
    assert_eq!(first.service_arns().len(), 10);
    let pages = stage.ecs.list_services().cluster("one").into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(all.len(), 23);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 23, "none is shown twice");
    let hundred = stage.ecs.list_services().cluster("one").max_results(100).send().await.unwrap();
    assert_eq!((hundred.service_arns().len(), hundred.next_token()), (23, None));
    let exact = stage.ecs.list_services().cluster("one").max_results(23).send().await.unwrap();
    assert_eq!(exact.next_token(), None, "a page that ends with the listing has no next one");
}

#[tokio::test]
async fn tasks_come_a_hundred_a_page_and_a_call() {
    let stage = Stage::text(MANY).await;
    let first = stage.ecs.list_tasks().cluster("one").send().await.unwrap();
    assert_eq!(first.task_arns().len(), 100);
    let second = stage.ecs.list_tasks().cluster("one").set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((second.task_arns().len(), second.next_token()), (15, None));
    let arns = first.task_arns.unwrap_or_default();
    let described = stage.ecs.describe_tasks().cluster("one").set_tasks(Some(arns.clone())).send().await.unwrap();
    assert_eq!((described.tasks().len(), described.failures().len()), (100, 0));
    let too_many =
        stage.ecs.describe_tasks().cluster("one").set_tasks(Some([arns, vec!["x".into()]].concat())).send().await;
    assert_eq!(too_many.unwrap_err().into_service_error().code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn more_than_ten_services_are_refused_in_the_words_of_ecs() {
    let stage = Stage::text(MANY).await;
    let names: Vec<String> = (1..=11).map(|n| format!("svc-{n:02}")).collect();
    let refused = stage.ecs.describe_services().cluster("one").set_services(Some(names)).send().await;
    let error = refused.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    assert_eq!(error.message(), Some("service names can have at most 10 items."));
}

#[tokio::test]
async fn what_is_missing_is_a_failure_and_not_an_error() {
    let stage = Stage::text(MANY).await;
    let described =
        stage.ecs.describe_services().cluster("one").services("svc-01").services("nothing").send().await.unwrap();
    assert_eq!((described.services().len(), described.failures().len()), (1, 1));
    let failure = &described.failures()[0];
    assert_eq!(failure.reason(), Some("MISSING"));
    assert_eq!(failure.arn(), Some("arn:aws:ecs:ap-northeast-1:111122223333:service/one/nothing"));
    let clusters = stage.ecs.describe_clusters().clusters("one").clusters("nowhere").send().await.unwrap();
    assert_eq!((clusters.clusters().len(), clusters.failures().len()), (1, 1));
}

#[tokio::test]
async fn an_unknown_cluster_or_service_is_an_error() {
    let stage = Stage::text(MANY).await;
    let cluster = stage.ecs.list_services().cluster("nowhere").send().await.unwrap_err().into_service_error();
    assert!(cluster.is_cluster_not_found_exception(), "{cluster:?}");
    assert_eq!(cluster.message(), Some("Cluster not found."));
    let service =
        stage.ecs.list_tasks().cluster("one").service_name("nothing").send().await.unwrap_err().into_service_error();
    assert!(service.is_service_not_found_exception(), "{service:?}");
    let default = stage.ecs.list_services().send().await.unwrap_err().into_service_error();
    assert!(default.is_cluster_not_found_exception(), "there is no cluster called default");
}

#[tokio::test]
async fn a_token_is_worth_nothing_elsewhere() {
    let stage = Stage::text(MANY).await;
    let token = stage.ecs.list_services().cluster("one").send().await.unwrap().next_token;
    let elsewhere = stage.ecs.list_tasks().cluster("one").set_next_token(token.clone()).send().await;
    assert_eq!(elsewhere.unwrap_err().into_service_error().code(), Some("InvalidParameterException"));
    let other = stage.ecs.list_services().cluster("two").set_next_token(token).send().await;
    assert_eq!(other.unwrap_err().into_service_error().code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn clusters_count_what_runs_in_them() {
    let stage = Stage::text(MANY).await;
    let described = stage.ecs.describe_clusters().clusters("one").clusters("two").include(ClusterField::Statistics);
    let described = described.send().await.unwrap();
    let counts: Vec<_> =
        described.clusters().iter().map(|one| (one.running_tasks_count(), one.active_services_count())).collect();
    assert_eq!(counts, [(115, 23), (0, 1)]);
    let statistics = described.clusters()[0].statistics();
    assert!(statistics.iter().any(|one| one.name() == Some("runningFargateTasksCount") && one.value() == Some("115")));
    let plain = stage.ecs.describe_clusters().clusters("one").send().await.unwrap();
    assert!(plain.clusters()[0].statistics().is_empty(), "statistics are only there when asked for");
}

#[tokio::test]
async fn a_region_without_anything_is_empty_and_not_an_error() {
    let stage = Stage::text(MANY).await;
    let region = aws_config::Region::new("eu-central-1");
    let config = stage.ecs.config().to_builder().region(region).build();
    let there = aws_sdk_ecs::Client::from_conf(config);
    assert!(there.list_clusters().send().await.unwrap().cluster_arns().is_empty());
}

#[tokio::test]
async fn a_pending_task_is_never_meant_to_be_one() {
    let stage = Stage::text(MANY).await;
    let pending = stage.ecs.list_tasks().cluster("one").desired_status(DesiredStatus::Pending).send().await.unwrap();
    assert!(pending.task_arns().is_empty());
    let of_one = stage.ecs.list_tasks().cluster("one").service_name("svc-07").send().await.unwrap();
    assert_eq!(of_one.task_arns().len(), 5);
}

#[tokio::test]
async fn alarms_come_a_hundred_a_page_and_composites_only_when_named() {
    let stage = Stage::text(MANY).await;
    let first = stage.cloudwatch.describe_alarms().send().await.unwrap();
    assert_eq!((first.metric_alarms().len(), first.composite_alarms().len()), (100, 0));
    let both =
        stage.cloudwatch.describe_alarms().alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let pages = both.into_paginator().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let metric: usize = pages.iter().map(|page| page.metric_alarms().len()).sum();
    let composite: usize = pages.iter().map(|page| page.composite_alarms().len()).sum();
    assert_eq!((pages.len(), metric, composite), (3, 205, 1));
    let prefix = stage.cloudwatch.describe_alarms().alarm_name_prefix("alarm-20").send().await.unwrap();
    assert_eq!(prefix.metric_alarms().len(), 6);
    let too_large = stage.cloudwatch.describe_alarms().max_records(101).send().await;
    assert_eq!(too_large.unwrap_err().into_service_error().code(), Some("ValidationError"));
}

#[tokio::test]
async fn calls_are_counted() {
    let stage = Stage::text(MANY).await;
    stage.ecs.list_clusters().send().await.unwrap();
    stage.ecs.list_clusters().send().await.unwrap();
    stage.sts.get_caller_identity().send().await.unwrap();
    let calls = stage.simulator.calls();
    assert_eq!((calls.total, calls.of("ecs:ListClusters"), calls.of("sts:GetCallerIdentity")), (3, 2, 1));
    stage.simulator.reset_calls();
    assert_eq!(stage.simulator.calls().total, 0);
}

#[tokio::test]
async fn an_operation_it_has_not_is_unknown() {
    let stage = Stage::text(MANY).await;
    let ecs = stage.ecs.list_account_settings().send().await.unwrap_err().into_service_error();
    assert_eq!(ecs.code(), Some("UnknownOperationException"));
    let cloudwatch = stage.cloudwatch.list_dashboards().send().await.unwrap_err().into_service_error();
    assert_eq!(aws_sdk_cloudwatch::error::ProvideErrorMetadata::code(&cloudwatch), Some("InvalidAction"));
}

#[tokio::test]
async fn an_address_beyond_loopback_is_refused() {
    use sekisho::simulator::{Options, Scenario, SimulatorError, start};
    let options = Options { listen: ([0, 0, 0, 0], 0).into(), ..Options::default() };
    let refused = start(Scenario::parse(MANY).unwrap(), options).await;
    assert!(matches!(refused, Err(SimulatorError::NotLoopback(_))));
}

#[tokio::test]
async fn the_port_is_free_after_the_end() {
    let stage = Stage::text(MANY).await;
    stage.ecs.list_clusters().send().await.unwrap();
    let address = stage.simulator.endpoint().replace("http://", "");
    Arc::into_inner(stage.simulator).unwrap().shutdown().await;
    tokio::net::TcpListener::bind(address).await.expect("nobody listens there any more");
}

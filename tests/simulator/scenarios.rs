//! What the scenarios that the binary carries promise.

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_ecs::types::{DeploymentRolloutState, Service};
use rstest::rstest;
use sekisho::simulator::Scenario;

use crate::support::{BEGIN, Stage};

/// Every service of every cluster of the key's account.
async fn services(stage: &Stage) -> Vec<Service> {
    let mut all = Vec::new();
    for cluster in stage.ecs.list_clusters().send().await.unwrap().cluster_arns() {
        let listed = stage.ecs.list_services().cluster(cluster).max_results(100).into_paginator().items().send();
        let arns = listed.collect::<Result<Vec<_>, _>>().await.unwrap();
        for some in arns.chunks(10) {
            let described =
                stage.ecs.describe_services().cluster(cluster).set_services(Some(some.to_vec())).send().await.unwrap();
            assert!(described.failures().is_empty());
            all.extend(described.services.unwrap_or_default());
        }
    }
    all
}

#[rstest]
#[case("2026-11-22T00:00:30Z")]
#[case("2026-11-22T06:10:00Z")]
#[case("2026-11-21T18:59:59Z")]
#[tokio::test]
async fn quiet_is_quiet_at_any_hour(#[case] begin: &str) {
    let stage = Stage::of(Scenario::builtin("quiet").unwrap(), begin).await;
    for at in ["0s", "3h", "24h"] {
        stage.go_to(at);
        for service in services(&stage).await {
            assert_eq!(service.running_count(), service.desired_count(), "{:?} at {at}", service.service_name());
            assert_eq!(service.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));
        }
        let types = vec![AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
        let alarms = stage.cloudwatch.describe_alarms().set_alarm_types(Some(types)).send().await.unwrap();
        let loud: Vec<_> =
            alarms.metric_alarms().iter().filter(|one| one.state_value() != Some(&StateValue::Ok)).collect();
        let names: Vec<_> = loud.iter().map(|one| (one.alarm_name().unwrap(), one.state_value().unwrap())).collect();
        assert_eq!(names, [("shop-prd-batch-month-end-heartbeat", &StateValue::InsufficientData)], "{at}");
        assert!(alarms.composite_alarms().iter().all(|one| one.state_value() == Some(&StateValue::Ok)));
        assert_eq!((alarms.metric_alarms().len(), alarms.composite_alarms().len()), (33, 2));
    }
}

/// Whatever second of the minute, whatever hour of the day the demo is started in.
#[rstest]
#[case("2026-11-22T00:00:00Z")]
#[case("2026-11-22T00:00:30Z")]
#[case("2026-11-22T05:00:44Z")]
#[case("2026-11-21T19:00:52Z")]
#[case("2026-11-21T12:00:59Z")]
#[tokio::test]
async fn a_bad_deploy_keeps_to_its_timetable(#[case] begin: &str) {
    let stage = Stage::of(Scenario::builtin("bad-deploy").unwrap(), begin).await;
    stage.go_to("5s");
    let before = stage.service("shop-prd", "web").await;
    assert_eq!((before.running_count(), before.deployments().len()), (3, 1));
    stage.go_to("40s");
    let short = stage.service("shop-prd", "web").await;
    assert_eq!((short.running_count(), short.desired_count()), (2, 3));
    stage.go_to("76s");
    assert_eq!(stage.alarm("shop-prd-web-5xx").await.state_value(), Some(&StateValue::Alarm));
    assert_eq!(stage.composite("shop-prd-customer-impact").await, StateValue::Alarm);
    stage.go_to("4m");
    let picture = stage.service("shop-prd", "web").await;
    assert_eq!((picture.running_count(), picture.pending_count(), picture.deployments().len()), (2, 1, 2));
    assert_eq!(picture.deployments()[0].failed_tasks(), 2);
    stage.go_to("5m30s");
    let tripped = stage.service("shop-prd", "web").await;
    assert!(tripped.deployments().iter().any(|one| one.rollout_state() == Some(&DeploymentRolloutState::Failed)));
    stage.go_to("8m");
    let back = stage.service("shop-prd", "web").await;
    assert_eq!((back.running_count(), back.deployments().len()), (3, 1));
    assert_eq!(back.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));
    stage.go_to("10m10s");
    assert_eq!(stage.alarm("shop-prd-web-5xx").await.state_value(), Some(&StateValue::Ok));
}

#[tokio::test]
async fn meanwhile_a_developers_service_waits_for_its_image() {
    let stage = Stage::builtin("bad-deploy").await;
    let claims = stage.service("shop-dev", "claims").await;
    assert_eq!((claims.running_count(), claims.desired_count()), (0, 1));
    assert!(claims.deployments()[0].failed_tasks() > 10);
    let latest = stage.service("shop-dev", "search").await;
    let definition =
        stage.ecs.describe_task_definition().task_definition(latest.task_definition().unwrap()).send().await.unwrap();
    assert!(
        definition.task_definition().unwrap().container_definitions()[0].image().unwrap().ends_with("search:latest")
    );
}

#[tokio::test]
async fn sixty_is_what_it_says() {
    let stage = Stage::builtin("sixty").await;
    let all = services(&stage).await;
    assert_eq!((all.len(), all.iter().map(Service::running_count).sum::<i32>()), (60, 120));
    let alarms = stage.cloudwatch.describe_alarms().send().await.unwrap();
    assert_eq!(alarms.metric_alarms().len(), 60);
    assert!(alarms.metric_alarms().iter().all(|one| one.state_value() == Some(&StateValue::Ok)));
}

#[tokio::test]
async fn a_crowd_is_five_thousand() {
    let stage = Stage::builtin("crowd").await;
    let clusters = stage.ecs.list_clusters().send().await.unwrap();
    let described = stage.ecs.describe_clusters().set_clusters(clusters.cluster_arns).send().await.unwrap();
    let counts: Vec<_> =
        described.clusters().iter().map(|one| (one.active_services_count(), one.running_tasks_count())).collect();
    assert_eq!(counts, [(500, 500); 10]);
    let listed = stage.ecs.list_services().cluster("crowd-07").max_results(100).into_paginator().items().send();
    assert_eq!(listed.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 500);
}

#[tokio::test]
async fn hostile_texts_arrive_as_they_were_written() {
    let stage = Stage::of(Scenario::builtin("hostile").unwrap(), BEGIN).await;
    let all = services(&stage).await;
    let wide =
        all.iter().find(|one| one.service_name().is_some_and(|name| name.chars().count() == 255)).expect("a wide name");
    assert!(wide.service_name().unwrap().chars().all(|c| !c.is_ascii()));
    let plain = all.iter().find(|one| one.service_name() == Some("plain")).unwrap();
    let said: Vec<_> = plain.events().iter().filter_map(|event| event.message()).collect();
    assert!(said.iter().any(|text| text.contains("\u{1b}[31m") && text.contains("\u{1b}]0;owned\u{7}")));
    assert!(said.iter().any(|text| text.contains('\u{202e}')));
    assert!(said.contains(&""));
    let alarms = stage.cloudwatch.describe_alarms().send().await.unwrap();
    let names: Vec<_> = alarms.metric_alarms().iter().filter_map(|one| one.alarm_name()).collect();
    assert!(
        names.iter().any(|name| name.contains('\u{200b}')) && names.iter().any(|name| name.contains("👩\u{200d}👩"))
    );
    let listed = stage.ecs.list_tasks().cluster("hostile").desired_status("STOPPED".into()).send().await.unwrap();
    let stopped = stage.ecs.describe_tasks().cluster("hostile").set_tasks(listed.task_arns).send().await.unwrap();
    assert!(
        stopped.tasks().iter().any(|task| task.stopped_reason().is_some_and(|reason| reason.contains("\u{1b}[2J")))
    );
}

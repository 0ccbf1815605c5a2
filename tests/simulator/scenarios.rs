//! What the scenarios that the binary carries promise.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::{AlarmType, MetricDataQuery, StateValue};
use aws_sdk_ecs::types::{DeploymentRolloutState, Service};
use aws_sdk_securityhub::types::{
    AwsSecurityFinding, AwsSecurityFindingFilters, StringFilter, StringFilterComparison, WorkflowStatus,
};
use aws_sdk_wafv2::types::{Scope, TimeWindow};
use rstest::rstest;
use sekisho::simulator::Scenario;

use crate::findings::all;
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

/// The findings of a severity that nobody has looked at.
async fn fresh(stage: &Stage, severity: &str) -> Vec<AwsSecurityFinding> {
    let is = |text: &str| StringFilter::builder().value(text).comparison(StringFilterComparison::Equals).build();
    let filters = AwsSecurityFindingFilters::builder().severity_label(is(severity)).workflow_status(is("NEW"));
    all(stage.hub.get_findings().filters(filters.record_state(is("ACTIVE")).build())).await
}

/// The blocks of `shop-prd-waf` minute by minute, from one time of the story until another.
async fn blocks(stage: &Stage, from: &str, until: &str) -> Vec<f64> {
    let search = "SEARCH('{AWS/WAFV2,Region,Rule,WebACL} MetricName=\"BlockedRequests\" WebACL=\"shop-prd-waf\" Rule=\"ALL\"', 'Sum', 60)";
    let query = MetricDataQuery::builder().id("s").expression(search).build();
    let asked = stage.cloudwatch.get_metric_data().start_time(stage.time(from)).end_time(stage.time(until));
    let answer = asked.metric_data_queries(query).send().await.unwrap();
    answer.metric_data_results()[0].values().to_vec()
}

#[rstest]
#[case("2026-11-22T00:00:30Z")]
#[case("2026-11-22T05:00:00Z")]
#[case("2026-11-21T18:00:00Z")]
#[tokio::test]
async fn an_attack_stands_out_from_the_days_before(#[case] begin: &str) {
    let stage = Stage::of(Scenario::builtin("waf-attack").unwrap(), begin).await;
    stage.go_to("11m");
    let now = blocks(&stage, "5m", "6m").await[0];
    for day in 1..=7_i64 {
        let hours = day * 24;
        let before = blocks(&stage, &format!("-{hours}h"), &format!("-{}m", hours * 60 - 30)).await;
        let mean = before.iter().sum::<f64>() / f64::from(u32::try_from(before.len()).unwrap());
        let factor = now / mean;
        assert!((10.0..=20.0).contains(&factor), "{factor} on day {day}");
    }
    assert_eq!(stage.alarm("shop-prd-waf-blocked").await.state_value(), Some(&StateValue::Alarm));
    stage.go_to("20m");
    assert_eq!(stage.alarm("shop-prd-waf-blocked").await.state_value(), Some(&StateValue::Ok));
    let after = blocks(&stage, "14m", "20m").await;
    assert!(after.iter().all(|sum| *sum < now / 5.0), "{after:?} {now}");
}

#[tokio::test]
async fn an_attack_can_be_seen_while_it_lasts() {
    let stage = Stage::builtin("waf-attack").await;
    let listed = stage.waf.list_web_acls().scope(Scope::Regional).send().await.unwrap();
    let acl = &listed.web_acls()[0];
    stage.go_to("1m");
    let window = TimeWindow::builder().start_time(stage.time("0s")).end_time(stage.time("1m")).build().unwrap();
    let asked = stage.waf.get_sampled_requests().web_acl_arn(acl.arn().unwrap()).scope(Scope::Regional);
    let sample = asked.rule_metric_name("AWSManagedRulesSQLiRuleSetMetric").time_window(window).max_items(100);
    let sample = sample.send().await.unwrap();
    let countries: BTreeSet<_> = sample
        .sampled_requests()
        .iter()
        .filter_map(|one| one.request().and_then(|request| request.country()))
        .collect();
    assert!(["RU", "CN"].iter().all(|country| countries.contains(country)), "{countries:?}");
    let asked = stage.waf.get_rate_based_statement_managed_keys().scope(Scope::Regional).rule_name("RateLimitRule");
    let asked = asked.web_acl_name(acl.name().unwrap()).web_acl_id(acl.id().unwrap());
    stage.go_to("2m");
    assert!(asked.send().await.unwrap().managed_keys_ipv4().unwrap().addresses().len() >= 3);
}

#[rstest]
#[case("2026-11-22T00:00:00Z")]
#[case("2026-11-22T00:00:30Z")]
#[case("2026-11-22T05:00:59Z")]
#[tokio::test]
async fn a_leaked_key_shows_within_a_minute(#[case] begin: &str) {
    let stage = Stage::of(Scenario::builtin("leaked-key").unwrap(), begin).await;
    assert!(fresh(&stage, "CRITICAL").await.is_empty() && fresh(&stage, "HIGH").await.is_empty());
    stage.go_to("59s");
    let high = fresh(&stage, "HIGH").await;
    assert_eq!(high[0].product_name(), Some("GuardDuty"));
    assert_eq!(high[0].resources()[0].r#type(), Some("AwsIamAccessKey"));
    assert_eq!(fresh(&stage, "CRITICAL").await[0].title(), Some("IAM root user access key should not exist"));
    assert_eq!(stage.alarm("cloudtrail-unauthorized-api-calls").await.state_value(), Some(&StateValue::Alarm));
    stage.go_to("10m");
    assert!(fresh(&stage, "CRITICAL").await.len() >= 4, "more comes, and the first grows worse");
    stage.go_to("20m");
    let later = fresh(&stage, "CRITICAL").await;
    assert!(later.iter().all(|one| one.product_name() != Some("GuardDuty")), "someone has taken it on");
}

/// How long it takes to start a scenario, first answers included.
async fn begun(name: &str) -> (Stage, Duration) {
    let scenario = Scenario::builtin(name).unwrap();
    let begun = Instant::now();
    let stage = Stage::of(scenario, BEGIN).await;
    stage.ecs.list_clusters().send().await.unwrap();
    (stage, begun.elapsed())
}

#[tokio::test]
async fn the_fleet_is_thirty_accounts_and_a_few_are_in_trouble() {
    let (stage, took) = begun("fleet").await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    let scenario = Scenario::builtin("fleet").unwrap();
    let (accounts, environments) = (stage.simulator.accounts().to_vec(), scenario.environments());
    assert_eq!((accounts.len(), environments.len()), (30, 32));
    let known: BTreeSet<_> = accounts.iter().map(|account| account.id.as_str()).collect();
    assert!(environments.iter().all(|one| known.contains(one.account.as_str()) && one.web_acls.len() == 1));
    assert_eq!((accounts[4].name.as_str(), environments[4].name.as_str()), ("sys05", "sys05-prd"));
    stage.go_to("4m");
    let mut count = 0;
    for account in ["100000000005", "200000000030"] {
        let there = stage.in_account(account).await;
        let all = services(&there).await;
        count += all.len();
        let failing = all.iter().filter(|one| one.deployments().len() > 1).count();
        assert_eq!(failing, usize::from(account.ends_with("05")), "{account}");
    }
    assert_eq!(count, 20);
    let critical = fresh(&stage.in_account("100000000012").await, "CRITICAL").await;
    assert_eq!(critical[0].resources()[0].id().map(|id| id.ends_with("security-group/sys12-bastion")), Some(true));
    assert!(fresh(&stage.in_account("100000000013").await, "CRITICAL").await.is_empty());
    let denied = stage.in_account("100000000017").await.hub.describe_hub().send().await.unwrap_err();
    assert_eq!(denied.raw_response().map(|raw| raw.status().as_u16()), Some(403));
    let throttled = stage.in_account("100000000021").await;
    let mut refusals = 0;
    for _ in 0..20 {
        refusals += usize::from(throttled.ecs.list_clusters().send().await.is_err());
    }
    assert!((4..20).contains(&refusals), "{refusals}");
}

#[tokio::test]
async fn the_backlog_has_what_nobody_expects() {
    let (stage, took) = begun("backlog").await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    let is = |text: &str| StringFilter::builder().value(text).comparison(StringFilterComparison::Equals).build();
    let with = |filters: aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder| {
        all(stage.hub.get_findings().filters(filters.build()))
    };
    assert_eq!(with(AwsSecurityFindingFilters::builder().severity_label(is("CRITICAL"))).await.len(), 250);
    let strange = with(AwsSecurityFindingFilters::builder().severity_label(is("URGENT"))).await;
    assert_eq!(strange.len(), 300);
    assert_eq!(strange[0].workflow().and_then(|one| one.status()).map(WorkflowStatus::as_str), Some("ESCALATED"));
    let exposed = with(AwsSecurityFindingFilters::builder().product_name(is("IAM Access Analyzer"))).await;
    assert!(exposed.iter().any(|one| one.title().is_some_and(|title| title.chars().count() >= 4_000)));
    assert!(
        exposed
            .iter()
            .any(|one| one.title().is_some_and(|title| title.contains('\u{202e}') && title.contains('\u{1b}')))
    );
    let bare = with(AwsSecurityFindingFilters::builder().generator_id(is("AWS_SECURITY_NOTIFICATION"))).await;
    assert!(bare.len() == 400 && bare.iter().all(|one| one.severity().is_none() && one.workflow().is_none()));
}

#[tokio::test]
async fn hostile_requests_findings_and_lines_arrive_as_they_were_written() {
    let stage = Stage::builtin("hostile").await;
    let listed = stage.waf.list_web_acls().scope(Scope::Regional).send().await.unwrap();
    let window = TimeWindow::builder().start_time(stage.time("-5m")).end_time(stage.time("0s")).build().unwrap();
    let asked = stage.waf.get_sampled_requests().web_acl_arn(listed.web_acls()[0].arn().unwrap());
    let asked = asked.rule_metric_name("RateLimitRule").scope(Scope::Regional).time_window(window).max_items(50);
    let sample = asked.send().await.unwrap();
    let requests: Vec<_> = sample.sampled_requests().iter().filter_map(|one| one.request()).collect();
    assert!(requests.iter().any(|one| one.uri().is_some_and(|uri| uri.contains("\u{1b}[2J"))));
    assert!(requests.iter().any(|one| one.uri().is_some_and(|uri| uri.contains('\u{202e}'))));
    let headers = requests.iter().flat_map(|one| one.headers());
    assert!(headers.filter_map(|header| header.value()).any(|value| value.contains("\u{1b}]0;owned\u{7}")));
    let found = all(stage.hub.get_findings()).await;
    assert!(found.iter().any(|one| one.title().is_some_and(|title| title.contains("\u{1b}[31m"))));
    assert!(found.iter().any(|one| one.title().is_some_and(|title| title.chars().count() > 1_000)));
    assert!(found.iter().any(|one| one.severity().is_none() && one.record_state().is_none()));
    let asked = stage.logs.filter_log_events().log_group_name("/ecs/hostile-plain");
    let (mut lines, mut token) = (Vec::new(), None);
    loop {
        let asked = asked.clone().start_time(stage.time("-2m").to_millis().unwrap()).set_next_token(token);
        let page = asked.send().await.unwrap();
        lines.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| event.message));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert!(lines.iter().any(|line| line.len() == 256 * 1024));
    assert!(lines.iter().any(|line| line.contains("\u{1b}[2J")) && lines.iter().any(|line| line.contains('\u{202e}')));
}

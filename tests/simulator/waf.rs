//! Web ACLs: what is listed, what is counted, and what an attack shows.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_wafv2::error::ProvideErrorMetadata;
use aws_sdk_wafv2::operation::get_sampled_requests::GetSampledRequestsOutput;
use aws_sdk_wafv2::types::{ResourceType, SampledHttpRequest, Scope, TimeWindow, WebAcl, WebAclSummary};
use rstest::rstest;

use crate::support::Stage;

/// A web ACL before a balancer, attacked from 20 s to ten minutes, and a few more of both scopes.
const ATTACKED: &str = r#"
name = "attacked"
seed = 5
[[account]]
id = "111122223333"
[[account.service]]
cluster = "c"
name = "web"
desired = 1
image = "web:v1"
balancer = "front"
[[account.web_acl]]
name = "shop-waf"
metric = "shop-metrics"
requests = 1200
logging = "aws-waf-logs-shop"
resources = ["front"]
[[account.web_acl.rule]]
name = "Sql"
metric = "SqlMetric"
managed = "AWSManagedRulesSQLiRuleSet"
[[account.web_acl.rule]]
name = "Rate"
metric = "RateMetric"
rate = 1000
[[account.web_acl.rule]]
name = "Quiet"
uri = "/internal"
usual = 3
silent = true
[[account.web_acl.rule]]
name = "Watch"
metric = "WatchMetric"
outside = ["JP"]
action = "count"
usual = 20
[[account.web_acl]]
name = "extra-{nnn}"
count = 120
[[account.web_acl]]
name = "cdn"
scope = "cloudfront"
requests = 600
[[account.web_acl.rule]]
name = "Sql"
managed = "AWSManagedRulesSQLiRuleSet"
usual = 2
[[step]]
at = "20s"
attack = { web_acl = "shop-waf", rules = ["Sql", "Rate"], requests = 3000, countries = ["CN"], addresses = ["203.0.113.9", "2001:db8::9"], uris = ["/login?id=1%27--"], agent = "sqlmap/1.9", over = "30s", for = "9m" }
[[step]]
at = "30m"
delete = { web_acl = "shop-waf" }
"#;

async fn listed(stage: &Stage, scope: Scope) -> Vec<WebAclSummary> {
    stage.waf.list_web_acls().scope(scope).send().await.unwrap().web_acls.unwrap_or_default()
}

async fn described(stage: &Stage, name: &str) -> WebAcl {
    let mut marker = None;
    loop {
        let page = stage.waf.list_web_acls().scope(Scope::Regional).set_next_marker(marker).send().await.unwrap();
        if let Some(found) = page.web_acls().iter().find(|one| one.name() == Some(name)) {
            let got = stage.waf.get_web_acl().arn(found.arn().unwrap()).send().await.unwrap();
            assert_eq!(got.lock_token(), found.lock_token());
            return got.web_acl.unwrap();
        }
        marker = page.next_marker;
        assert!(marker.is_some(), "there is no web ACL {name}");
    }
}

async fn sample(
    stage: &Stage,
    acl: &WebAcl,
    rule: &str,
    from: &str,
    until: &str,
    most: i64,
) -> GetSampledRequestsOutput {
    let window = TimeWindow::builder().start_time(stage.time(from)).end_time(stage.time(until)).build().unwrap();
    let asked = stage.waf.get_sampled_requests().web_acl_arn(acl.arn()).rule_metric_name(rule).scope(Scope::Regional);
    asked.time_window(window).max_items(most).send().await.unwrap()
}

/// The sums of a metric of `shop-metrics`, minute by minute from the story's beginning.
async fn sums(stage: &Stage, metric: &str, rule: &str, until: &str) -> Vec<f64> {
    let pair = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace("AWS/WAFV2")
        .metric_name(metric)
        .dimensions(pair("Region", "ap-northeast-1"))
        .dimensions(pair("Rule", rule))
        .dimensions(pair("WebACL", "shop-metrics"))
        .build();
    let stat = MetricStat::builder().metric(metric).stat("Sum").period(60).build();
    let query = MetricDataQuery::builder().id("m").metric_stat(stat).build();
    let asked = stage.cloudwatch.get_metric_data().start_time(stage.time("-30s")).end_time(stage.time(until));
    let answered = asked.metric_data_queries(query).send().await.unwrap();
    answered.metric_data_results()[0].values().iter().rev().copied().collect()
}

#[tokio::test]
async fn web_acls_are_listed_by_scope_and_page() {
    let stage = Stage::text(ATTACKED).await;
    let (mut names, mut marker, mut pages) = (Vec::new(), None, 0);
    loop {
        let asked = stage.waf.list_web_acls().scope(Scope::Regional).limit(50).set_next_marker(marker);
        let page = asked.send().await.unwrap();
        assert!(page.web_acls().len() <= 50);
        names.extend(page.web_acls().iter().filter_map(|one| one.name().map(str::to_owned)));
        (marker, pages) = (page.next_marker, pages + 1);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len(), pages), (121, 121, 3));
    let refused = stage.waf.list_web_acls().scope(Scope::Cloudfront).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("WAFInvalidParameterException"));
    assert!(refused.message().unwrap().contains("SCOPE_VALUE"), "{refused:?}");
    let global = stage.in_region("us-east-1").await;
    let cdn = listed(&global, Scope::Cloudfront).await;
    assert_eq!(cdn.iter().map(|one| one.name().unwrap()).collect::<Vec<_>>(), ["cdn"]);
    assert!(cdn[0].arn().unwrap().starts_with("arn:aws:wafv2:us-east-1:111122223333:global/webacl/cdn/"));
    assert!(listed(&global, Scope::Regional).await.is_empty());
}

#[rstest]
#[case(Some("nothing"), None, "WAFInvalidParameterException")]
#[case(None, Some(101), "ValidationException")]
#[case(None, Some(0), "ValidationException")]
#[tokio::test]
async fn lists_are_not_asked_for_at_will(#[case] marker: Option<&str>, #[case] limit: Option<i32>, #[case] code: &str) {
    let stage = Stage::text(ATTACKED).await;
    let asked = stage.waf.list_web_acls().scope(Scope::Regional).set_limit(limit);
    let refused = asked.set_next_marker(marker.map(str::to_owned)).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some(code));
}

#[tokio::test]
async fn a_web_acl_tells_its_rules_in_their_order() {
    let stage = Stage::text(ATTACKED).await;
    let acl = described(&stage, "shop-waf").await;
    let told: Vec<_> = acl.rules().iter().map(|rule| (rule.name(), rule.priority())).collect();
    assert_eq!(told, [("Sql", 0), ("Rate", 1), ("Quiet", 2), ("Watch", 3)]);
    assert_eq!(acl.visibility_config().unwrap().metric_name(), "shop-metrics");
    assert_eq!(acl.capacity(), 200 + 2 + 2 + 1);
    assert!(acl.default_action().unwrap().allow().is_some());
    let [sql, rate, quiet, watch] = acl.rules() else { panic!("four rules") };
    assert!(sql.override_action().unwrap().none().is_some() && sql.action().is_none());
    let group = sql.statement().unwrap().managed_rule_group_statement().unwrap();
    assert_eq!((group.vendor_name(), group.name()), ("AWS", "AWSManagedRulesSQLiRuleSet"));
    let limit = rate.statement().unwrap().rate_based_statement().unwrap();
    assert_eq!((limit.limit(), limit.evaluation_window_sec()), (1_000, 300));
    assert!(!quiet.visibility_config().unwrap().cloud_watch_metrics_enabled());
    let bytes = quiet.statement().unwrap().byte_match_statement().unwrap();
    assert_eq!(bytes.search_string().as_ref(), b"/internal");
    assert!(watch.action().unwrap().count().is_some() && watch.statement().unwrap().not_statement().is_some());
    let by_id = stage.waf.get_web_acl().name("shop-waf").id(acl.id()).scope(Scope::Regional).send().await.unwrap();
    assert_eq!(by_id.web_acl.map(|one| one.arn), Some(acl.arn.clone()));
    let wrong = stage.waf.get_web_acl().name("other").id(acl.id()).scope(Scope::Regional).send().await;
    assert_eq!(wrong.unwrap_err().into_service_error().code(), Some("WAFNonexistentItemException"));
}

#[tokio::test]
async fn what_it_protects_and_where_it_logs_is_told() {
    let stage = Stage::text(ATTACKED).await;
    let acl = described(&stage, "shop-waf").await;
    let logging = stage.waf.list_logging_configurations().scope(Scope::Regional).send().await.unwrap();
    let [one] = logging.logging_configurations() else { panic!("one of them logs") };
    assert_eq!(one.resource_arn(), acl.arn());
    assert!(one.log_destination_configs()[0].ends_with(":log-group:aws-waf-logs-shop"));
    let resources = stage.waf.list_resources_for_web_acl().web_acl_arn(acl.arn()).send().await.unwrap();
    let [balancer] = resources.resource_arns() else { panic!("one balancer") };
    assert!(balancer.contains(":loadbalancer/app/front/"), "{balancer}");
    let again = stage.waf.list_resources_for_web_acl().web_acl_arn(acl.arn()).send().await.unwrap_err();
    assert_eq!(again.into_service_error().code(), Some("ThrottlingException"), "once a second");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let gateways =
        stage.waf.list_resources_for_web_acl().web_acl_arn(acl.arn()).resource_type(ResourceType::ApiGateway);
    assert!(gateways.send().await.unwrap().resource_arns().is_empty());
}

#[tokio::test]
async fn five_calls_a_second_are_allowed_and_each_action_counts_for_itself() {
    let stage = Stage::text(ATTACKED).await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        let answer = stage.waf.list_web_acls().scope(Scope::Regional).send().await;
        codes.push(answer.err().map(|error| error.into_service_error().code().unwrap_or_default().to_owned()));
    }
    assert!(codes.iter().take(5).all(Option::is_none), "{codes:?}");
    assert!(codes.contains(&Some("ThrottlingException".to_owned())), "{codes:?}");
    stage.waf.list_logging_configurations().scope(Scope::Regional).send().await.unwrap();
    stage.in_region("us-east-1").await.waf.list_web_acls().scope(Scope::Regional).send().await.unwrap();
    assert_eq!(stage.simulator.calls().of("wafv2:ListWebACLs"), 13);
}

#[tokio::test]
async fn an_attack_is_counted_where_it_is_stopped() {
    let stage = Stage::text(ATTACKED).await;
    stage.go_to("20m");
    let blocked = sums(&stage, "BlockedRequests", "ALL", "20m").await;
    let (sql, rate) = (
        sums(&stage, "BlockedRequests", "SqlMetric", "20m").await,
        sums(&stage, "BlockedRequests", "RateMetric", "20m").await,
    );
    assert!(sql.iter().skip(2).take(5).all(|sum| (1_700.0..2_300.0).contains(sum)), "{sql:?}");
    assert!(rate.iter().skip(2).take(5).all(|sum| (850.0..1_150.0).contains(sum)), "{rate:?}");
    assert!(blocked.iter().copied().fold(0.0, f64::max) > 2_500.0, "{blocked:?}");
    // No zero is published: the metrics end with the attack. Only the silent rule's blocks go on, in the whole.
    assert!(sql.len() <= 12 && rate.len() <= 12, "{sql:?} {rate:?}");
    assert!(blocked.last().is_some_and(|sum| *sum < 20.0), "{blocked:?}");
    assert!(sums(&stage, "BlockedRequests", "Quiet", "20m").await.is_empty(), "its metrics are off");
    let allowed = sums(&stage, "AllowedRequests", "ALL", "20m").await;
    assert_eq!(allowed.len(), 20);
    assert_eq!(allowed, sums(&stage, "AllowedRequests", "Default_Action", "20m").await);
    assert!(!sums(&stage, "CountedRequests", "WatchMetric", "20m").await.is_empty());
    let passed = sums(&stage, "PassedRequests", "SqlMetric", "20m").await;
    assert!(passed.iter().all(|sum| *sum >= 1_000.0), "{passed:?}");
}

#[tokio::test]
async fn an_attack_shows_in_the_samples_at_once() {
    let stage = Stage::text(ATTACKED).await;
    let acl = described(&stage, "shop-waf").await;
    assert_eq!(sample(&stage, &acl, "SqlMetric", "-3h", "0s", 100).await.population_size(), 0);
    stage.go_to("2m");
    let answer = sample(&stage, &acl, "SqlMetric", "-5m", "2m", 100).await;
    let requests = answer.sampled_requests();
    assert_eq!(requests.len(), 100);
    assert_eq!(requests.iter().map(SampledHttpRequest::weight).sum::<i64>(), answer.population_size());
    for one in requests {
        let request = one.request().unwrap();
        assert_eq!((one.action(), one.response_code_sent()), (Some("BLOCK"), Some(403)));
        assert_eq!((request.country(), request.uri()), (Some("CN"), Some("/login?id=1%27--")));
        assert!(["203.0.113.9", "2001:db8::9"].contains(&request.client_ip().unwrap()));
        assert!(request.headers().iter().any(|header| header.value() == Some("sqlmap/1.9")));
        assert_eq!(one.rule_name_within_rule_group(), Some("AWS#AWSManagedRulesSQLiRuleSet#SQLi_QUERYARGUMENTS"));
        let at = one.timestamp().unwrap().to_millis().unwrap();
        assert!((stage.time("20s").to_millis().unwrap()..=stage.time("2m").to_millis().unwrap()).contains(&at));
    }
    let again = sample(&stage, &acl, "SqlMetric", "-5m", "2m", 100).await;
    assert_eq!(again.sampled_requests(), requests, "the same is asked, the same is answered");
}

#[tokio::test]
async fn samples_reach_back_three_hours_and_hold_the_first_five_thousand() {
    let stage = Stage::text(ATTACKED).await;
    let acl = described(&stage, "shop-waf").await;
    let all = sample(&stage, &acl, "ALL", "-30h", "0s", 500).await;
    let window = all.time_window().unwrap();
    assert_eq!(window.start_time().secs(), stage.time("-3h").secs(), "older is not kept");
    assert!(window.end_time().secs() < stage.time("-2h").secs(), "five thousand came in minutes: {window:?}");
    assert_eq!((all.population_size(), all.sampled_requests().len()), (5_000, 500));
    let watch = sample(&stage, &acl, "WatchMetric", "-10m", "0s", 20).await;
    assert!(watch.sampled_requests().iter().all(|one| one.action() == Some("COUNT")));
    assert!(watch.sampled_requests().iter().all(|one| one.request().unwrap().country() != Some("JP")));
    let quiet = sample(&stage, &acl, "Quiet", "-10m", "0s", 20).await;
    assert!(quiet.sampled_requests().is_empty(), "its samples are off");
    let window = TimeWindow::builder().start_time(stage.time("-1m")).end_time(stage.time("0s")).build().unwrap();
    let asked = stage.waf.get_sampled_requests().web_acl_arn(acl.arn()).rule_metric_name("Misspelt");
    let unknown = asked.scope(Scope::Regional).time_window(window).max_items(1).send().await.unwrap_err();
    assert_eq!(unknown.into_service_error().code(), Some("WAFNonexistentItemException"));
}

#[tokio::test]
async fn a_rate_stops_addresses_for_as_long_as_it_looks_back() {
    let stage = Stage::text(ATTACKED).await;
    let acl = described(&stage, "shop-waf").await;
    let keys = async |rule: &str| {
        let asked = stage.waf.get_rate_based_statement_managed_keys().scope(Scope::Regional).web_acl_name("shop-waf");
        asked.web_acl_id(acl.id()).rule_name(rule).send().await
    };
    assert!(keys("Rate").await.unwrap().managed_keys_ipv4().unwrap().addresses().is_empty());
    stage.go_to("2m");
    let stopped = keys("Rate").await.unwrap();
    assert_eq!(stopped.managed_keys_ipv4().unwrap().addresses(), ["203.0.113.9/32"]);
    assert_eq!(stopped.managed_keys_ipv6().unwrap().addresses(), ["2001:db8::9/128"]);
    stage.go_to("20m");
    assert!(keys("Rate").await.unwrap().managed_keys_ipv4().unwrap().addresses().is_empty());
    let no_rate = keys("Sql").await.unwrap_err().into_service_error();
    assert_eq!(no_rate.code(), Some("WAFInvalidParameterException"));
}

#[tokio::test]
async fn a_deleted_web_acl_is_gone_and_counts_nothing_more() {
    let stage = Stage::text(ATTACKED).await;
    let acl = described(&stage, "shop-waf").await;
    stage.go_to("40m");
    let gone = stage.waf.get_web_acl().arn(acl.arn()).send().await.unwrap_err().into_service_error();
    assert_eq!(gone.code(), Some("WAFNonexistentItemException"));
    let allowed = sums(&stage, "AllowedRequests", "ALL", "40m").await;
    assert!((29..=31).contains(&allowed.len()), "{}", allowed.len());
}

#[tokio::test]
async fn the_shop_has_the_web_acls_of_its_design() {
    let stage = Stage::builtin("bad-deploy").await;
    let regional = listed(&stage, Scope::Regional).await;
    assert_eq!(regional.iter().map(|one| one.name().unwrap()).collect::<Vec<_>>(), ["shop-dev-waf", "shop-prd-waf"]);
    let global = stage.in_region("us-east-1").await;
    assert_eq!(listed(&global, Scope::Cloudfront).await[0].name(), Some("shop-prd-cdn"));
    assert_eq!(
        stage.simulator.accounts()[0].regions,
        ["ap-northeast-1"],
        "what guards CloudFront is no region to look at"
    );
}

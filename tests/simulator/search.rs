//! `SEARCH` in `GetMetricData`.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult};
use rstest::rstest;

use crate::support::Stage;

const BLOCKED: &str =
    r#"SEARCH('{AWS/WAFV2,Region,Rule,WebACL} MetricName="BlockedRequests" WebACL="shop-prd-waf"', 'Sum', 300)"#;

async fn ask(stage: &Stage, queries: &[(&str, &str, Option<&str>)], from: &str) -> GetMetricDataOutput {
    let query = |(id, expression, label): &(&str, &str, Option<&str>)| {
        MetricDataQuery::builder().id(*id).expression(*expression).set_label(label.map(str::to_owned)).build()
    };
    let asked = stage.cloudwatch.get_metric_data().start_time(stage.time(from)).end_time(stage.time("0s"));
    asked.set_metric_data_queries(Some(queries.iter().map(query).collect())).send().await.unwrap()
}

fn labels(answer: &GetMetricDataOutput) -> Vec<&str> {
    let mut labels: Vec<&str> = answer.metric_data_results().iter().filter_map(MetricDataResult::label).collect();
    labels.sort_unstable();
    labels
}

#[tokio::test]
async fn one_search_finds_every_rule_that_blocked() {
    let stage = Stage::builtin("quiet").await;
    let answer = ask(&stage, &[("s", BLOCKED, None)], "-3h").await;
    assert_eq!(
        labels(&answer),
        [
            "ALL",
            "AWSManagedRulesAmazonIpReputationListMetric",
            "AWSManagedRulesCommonRuleSetMetric",
            "AWSManagedRulesKnownBadInputsRuleSetMetric",
            "AdminLoginRateLimitRuleMetric",
            "RateLimitRuleMetric",
        ]
    );
    assert!(answer.metric_data_results().iter().all(|one| one.id() == Some("s")));
    assert_eq!(stage.simulator.calls().metrics, 6, "each series that it finds is billed");
    let all = answer.metric_data_results().iter().find(|one| one.label() == Some("ALL")).unwrap();
    assert_eq!(all.values().len(), 36, "three hours of five minutes");
    assert!(all.timestamps().iter().all(|at| at.secs() % 300 == 0));
    assert!(answer.messages().is_empty());
}

#[rstest]
#[case(Some("${PROP('Dim.Rule')} ${PROP('MetricName')}"), "ALL BlockedRequests")]
#[case(Some("${PROP('Namespace')}/${LABEL}"), "AWS/WAFV2/ALL")]
#[case(Some("blocked"), "blocked ALL")]
#[case(None, "ALL")]
#[tokio::test]
async fn labels_say_which_is_which(#[case] label: Option<&str>, #[case] expected: &str) {
    let stage = Stage::builtin("quiet").await;
    let answer = ask(&stage, &[("s", BLOCKED, label)], "-1h").await;
    assert!(labels(&answer).contains(&expected), "{:?}", labels(&answer));
}

#[tokio::test]
async fn a_search_may_be_a_part_of_a_sum() {
    let stage = Stage::builtin("quiet").await;
    let rules = BLOCKED.replace("MetricName", "NOT Rule=\"ALL\" MetricName");
    let sum = format!("SUM({rules})");
    let answer = ask(
        &stage,
        &[("sum", sum.as_str(), None), ("all", &BLOCKED.replace("MetricName", "Rule=\"ALL\" MetricName"), None)],
        "-1h",
    )
    .await;
    let [sum, all] = answer.metric_data_results() else { panic!("two series: {answer:?}") };
    assert_eq!((sum.label(), all.label()), (Some("sum"), Some("BlockedRequests")));
    assert_eq!(sum.values(), all.values(), "the whole is the sum of its rules");
}

#[tokio::test]
async fn what_never_was_published_is_not_found() {
    let stage = Stage::builtin("quiet").await;
    let misspelt = BLOCKED.replace("shop-prd-waf", "shop-prd-waff");
    assert!(ask(&stage, &[("s", misspelt.as_str(), None)], "-3h").await.metric_data_results().is_empty());
    let global = stage.in_region("us-east-1").await;
    let cloudfront = "SEARCH('{AWS/WAFV2,Rule,WebACL} WebACL=\"shop-prd-cdn-waf\"', 'Sum', 300)";
    let answer = ask(&global, &[("s", cloudfront, None)], "-1h").await;
    assert!(labels(&answer).iter().any(|label| label.contains("AllowedRequests")), "{:?}", labels(&answer));
    assert!(
        ask(&stage, &[("s", cloudfront, None)], "-1h").await.metric_data_results().is_empty(),
        "they are elsewhere"
    );
}

#[tokio::test]
async fn five_hundred_are_found_and_no_more() {
    let stage = Stage::builtin("crowd").await;
    let search = "SEARCH('{AWS/ECS,ClusterName,ServiceName} MetricName=\"CPUUtilization\" ClusterName=(\"crowd-01\" OR \"crowd-02\")', 'Average', 3600)";
    let answer = ask(&stage, &[("s", search, None)], "-1h").await;
    assert_eq!(answer.metric_data_results().len(), 500);
    assert_eq!(answer.messages()[0].code(), Some("MaxMetricsExceeded"));
}

#[rstest]
#[case("SEARCH('{AWS/WAFV2', 'Sum', 300)")]
#[case("SEARCH('x', 'Total', 300)")]
#[case("SEARCH('x', 'Sum', 301)")]
#[case("SEARCH(x, 'Sum', 300)")]
#[tokio::test]
async fn a_search_that_cannot_be_read_is_refused(#[case] expression: &str) {
    let stage = Stage::builtin("quiet").await;
    let query = MetricDataQuery::builder().id("s").expression(expression).build();
    let asked = stage.cloudwatch.get_metric_data().start_time(stage.time("-1h")).end_time(stage.time("0s"));
    let refused = asked.metric_data_queries(query).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("ValidationError"));
}

//! Metrics: statistics, periods, math and pages.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::operation::get_metric_data::builders::GetMetricDataFluentBuilder;
use aws_sdk_cloudwatch::types::{
    Dimension, DimensionFilter, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use rstest::rstest;

use crate::support::Stage;

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn cpu(service: &str) -> Metric {
    let dimensions = [dimension("ServiceName", service), dimension("ClusterName", "shop-prd")];
    Metric::builder()
        .namespace("AWS/ECS")
        .metric_name("CPUUtilization")
        .set_dimensions(Some(dimensions.to_vec()))
        .build()
}

fn stat(id: &str, metric: Metric, stat: &str, period: i32) -> MetricDataQuery {
    let stat = MetricStat::builder().metric(metric).stat(stat).period(period).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn math(id: &str, expression: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(expression).build()
}

/// Asks for the last hours up to now.
fn ask(stage: &Stage, queries: Vec<MetricDataQuery>, from: &str) -> GetMetricDataFluentBuilder {
    let asked = stage.cloudwatch.get_metric_data().start_time(stage.time(from)).end_time(stage.time("0s"));
    asked.set_metric_data_queries(Some(queries))
}

async fn read(stage: &Stage, queries: Vec<MetricDataQuery>, from: &str) -> Vec<MetricDataResult> {
    ask(stage, queries, from).send().await.unwrap().metric_data_results.unwrap_or_default()
}

#[tokio::test]
async fn statistics_agree_and_come_once_a_minute() {
    let stage = Stage::builtin("quiet").await;
    let names = ["Average", "Minimum", "Maximum", "Sum", "SampleCount", "p50", "p90", "p99"];
    let queries = names.iter().enumerate().map(|(n, name)| stat(&format!("m{n}"), cpu("web"), name, 60)).collect();
    let results = read(&stage, queries, "-3h").await;
    // The story begins in the middle of a minute: that one is not published yet.
    assert!(results.iter().all(|result| result.values().len() == 180), "{}", results[0].values().len());
    for n in 0..180 {
        let [average, min, max, sum, count, p50, p90, p99] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|index| results[index].values()[n]);
        assert!(min <= average && average <= max && (sum / count - average).abs() < 1e-9);
        assert!(min <= p50 && p50 <= p90 && p90 <= p99 && p99 <= max);
        assert!((count - 3.0).abs() < f64::EPSILON, "one sample a task");
        assert!(average > 0.0 && max <= 100.0);
    }
    let times = results[0].timestamps();
    assert!(times.windows(2).all(|pair| pair[0].secs() - pair[1].secs() == 60), "the newest comes first");
    assert!(times.iter().all(|time| time.secs() % 60 == 0));
}

#[tokio::test]
async fn longer_periods_gather_shorter_ones() {
    let stage = Stage::builtin("quiet").await;
    let queries = vec![
        stat("m", cpu("api"), "Sum", 60),
        stat("h", cpu("api"), "Sum", 3600),
        stat("max", cpu("api"), "Maximum", 3600),
    ];
    let results = read(&stage, queries, "-6h").await;
    let minutes: f64 = results[0]
        .timestamps()
        .iter()
        .zip(results[0].values())
        .filter(|(at, _)| at.secs() / 3600 == results[1].timestamps()[2].secs() / 3600)
        .map(|(_, v)| v)
        .sum();
    assert!((results[1].values()[2] - minutes).abs() < 1e-6, "{} {minutes}", results[1].values()[2]);
    assert!(results[1].timestamps().iter().all(|time| time.secs() % 3600 == 0));
    assert_eq!(results[2].label(), Some("CPUUtilization"));
}

#[tokio::test]
async fn without_a_task_there_is_no_data_and_never_zero() {
    let text = "name = \"gone\"\nseed = 1\n[[account]]\nid = \"111122223333\"\n[[account.service]]\ncluster = \"shop-prd\"\nname = \"web\"\n\
                desired = 2\nimage = \"web:v1\"\n[[step]]\nat = \"-1h\"\nscale = { service = \"web\", desired = 0 }\n";
    let stage = Stage::text(text).await;
    let before = ask(&stage, vec![stat("m", cpu("web"), "Average", 60)], "-2h")
        .end_time(stage.time("-1h"))
        .send()
        .await
        .unwrap();
    // From 22:00:30 the start is rounded down to the minute; the end is not.
    assert_eq!(before.metric_data_results()[0].values().len(), 61);
    let after = read(&stage, vec![stat("m", cpu("web"), "Average", 60)], "-50m").await;
    assert_eq!(after[0].values().len(), 0);
    assert_eq!(after[0].status_code(), Some(&StatusCode::Complete));
}

#[tokio::test]
async fn a_misspelt_metric_is_empty_and_not_an_error() {
    let stage = Stage::builtin("quiet").await;
    let results = read(&stage, vec![stat("m", cpu("wed"), "Average", 60)], "-1h").await;
    assert!(results[0].values().is_empty());
}

#[tokio::test]
async fn math_is_worked_out_beside_the_metrics_it_uses() {
    let stage = Stage::builtin("quiet").await;
    let hidden = MetricDataQuery::builder()
        .return_data(false)
        .id("a")
        .metric_stat(MetricStat::builder().metric(cpu("web")).stat("Average").period(60).build());
    let queries = vec![
        hidden.build(),
        stat("b", cpu("api"), "Average", 60),
        math("sum", "SUM([a, b])"),
        math("same", "a + b"),
        math("half", "(a + b) / 2 - 0"),
        math("list", "METRICS() * 1"),
    ];
    let results = read(&stage, queries, "-1h").await;
    let ids: Vec<_> = results.iter().filter_map(|result| result.id()).collect();
    assert_eq!(ids, ["b", "sum", "same", "half", "list", "list"]);
    assert_eq!(results[1].values(), results[2].values());
    assert!(results[3].values().iter().zip(results[1].values()).all(|(half, sum)| (half * 2.0 - sum).abs() < 1e-9));
}

#[tokio::test]
async fn a_page_ends_where_it_must_and_the_next_goes_on() {
    let stage = Stage::builtin("quiet").await;
    let queries = || vec![stat("a", cpu("web"), "Average", 60), stat("b", cpu("api"), "Average", 60)];
    let whole = read(&stage, queries(), "-3h").await;
    let asked = || ask(&stage, queries(), "-3h").max_datapoints(100);
    let mut joined: Vec<(String, Vec<f64>)> = vec![("a".into(), vec![]), ("b".into(), vec![])];
    let mut token = None;
    let mut pages = 0;
    loop {
        let page = asked().set_next_token(token).send().await.unwrap();
        pages += 1;
        assert!(page.metric_data_results().iter().map(|result| result.values().len()).sum::<usize>() <= 100);
        for result in page.metric_data_results() {
            let place = joined.iter_mut().find(|(id, _)| Some(id.as_str()) == result.id()).unwrap();
            place.1.extend(result.values());
        }
        // Time goes on between the pages; they are as of the first one all the same.
        stage.go_to(&format!("{pages}m"));
        token = page.next_token.clone();
        if token.is_none() {
            break;
        }
        assert_eq!(page.metric_data_results().last().unwrap().status_code(), Some(&StatusCode::PartialData));
    }
    assert_eq!(pages, 4);
    assert_eq!([joined[0].1.as_slice(), joined[1].1.as_slice()], [whole[0].values(), whole[1].values()]);
}

#[rstest]
#[case::too_many((0..501).map(|n| stat(&format!("m{n}"), cpu("web"), "Average", 60)).collect(), "500")]
#[case::capital(vec![stat("M", cpu("web"), "Average", 60)], "pattern")]
#[case::twice(vec![stat("m", cpu("web"), "Average", 60), stat("m", cpu("api"), "Average", 60)], "unique")]
#[case::period(vec![stat("m", cpu("web"), "Average", 61)], "period")]
#[case::statistic(vec![stat("m", cpu("web"), "Mean", 60)], "Mean")]
#[case::unknown(vec![math("m", "x * 2")], "x")]
#[case::circle(vec![math("a", "b"), math("b", "a")], "Circular")]
#[case::unsupported(vec![math("a", "RATE(METRICS())")], "RATE")]
#[tokio::test]
async fn refuses(#[case] queries: Vec<MetricDataQuery>, #[case] word: &str) {
    let stage = Stage::builtin("quiet").await;
    let error = ask(&stage, queries, "-1h").send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("ValidationError"));
    assert!(error.message().unwrap().to_lowercase().contains(&word.to_lowercase()), "{error:?}");
}

#[tokio::test]
async fn metrics_asked_for_are_counted_for_the_bill() {
    let stage = Stage::builtin("quiet").await;
    read(
        &stage,
        vec![stat("a", cpu("web"), "Average", 60), stat("b", cpu("api"), "Maximum", 60), math("c", "a + b")],
        "-1h",
    )
    .await;
    assert_eq!(stage.simulator.calls().metrics, 2);
}

#[tokio::test]
async fn metrics_are_listed_by_name_and_dimension() {
    let stage = Stage::builtin("quiet").await;
    let filter = DimensionFilter::builder().name("ServiceName").value("web").build();
    let listed = stage.cloudwatch.list_metrics().namespace("AWS/ECS").dimensions(filter).send().await.unwrap();
    assert_eq!(listed.metrics().len(), 4, "CPU and memory, in prd and in dev");
    let balancers = stage.cloudwatch.list_metrics().metric_name("RequestCount").send().await.unwrap();
    assert!(balancers.metrics().iter().any(|metric| metric.dimensions().len() == 1));
    assert!(balancers.metrics().iter().any(|metric| metric.dimensions().len() == 2));
    let silent = stage.cloudwatch.list_metrics().metric_name("HeartbeatAge");
    assert_eq!(silent.clone().send().await.unwrap().metrics().len(), 1);
    let recent = silent.recently_active(aws_sdk_cloudwatch::types::RecentlyActive::Pt3H).send().await.unwrap();
    assert!(recent.metrics().is_empty(), "it has been silent for hours");
}

#[tokio::test]
async fn a_bad_release_shows_in_the_errors_and_the_cpu() {
    let stage = Stage::builtin("bad-deploy").await;
    stage.go_to("6m");
    let alarm = stage.alarm("shop-prd-web-5xx").await;
    let metric = |name: &str| {
        Metric::builder()
            .namespace("AWS/ApplicationELB")
            .metric_name(name)
            .set_dimensions(alarm.dimensions.clone())
            .build()
    };
    let queries = vec![
        stat("e", metric("HTTPCode_Target_5XX_Count"), "Sum", 60),
        stat("l", metric("TargetResponseTime"), "Average", 60),
        stat("c", cpu("web"), "Average", 60),
    ];
    let asked = ask(&stage, queries, "-30m").end_time(stage.time("6m")).scan_by(ScanBy::TimestampAscending);
    let results = asked.send().await.unwrap().metric_data_results.unwrap_or_default();
    let split = |result: &MetricDataResult| {
        let begin = stage.time("0s").secs();
        let mean =
            |values: Vec<f64>| values.iter().sum::<f64>() / f64::from(u32::try_from(values.len().max(1)).unwrap());
        let part = |from: i64, until: i64| {
            let points = result.timestamps().iter().zip(result.values());
            points
                .filter(|(at, _)| (begin + from..begin + until).contains(&at.secs()))
                .map(|(_, value)| *value)
                .collect()
        };
        (mean(part(-3_600, -60)), mean(part(60, 3_600)))
    };
    let [errors, latency, cpu] = [0, 1, 2].map(|index| split(&results[index]));
    assert!(errors.1 > 20.0 * errors.0.max(1.0), "{errors:?}");
    assert!(latency.1 > 2.0 * latency.0, "{latency:?}");
    assert!(cpu.1 > 1.1 * cpu.0, "fewer tasks carry the same load: {cpu:?}");
}

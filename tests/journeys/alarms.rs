//! Alarms: their charts, their histories, their trees, and how far back one looks.

use sekisho::domain::fetch::SourceId;
use sekisho::domain::metric::Range;
use sekisho::state::interest::interest;

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_opens_to_its_chart_against_the_threshold_and_its_history() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("4 /").await;
    journey.write("shop-prd-web-5xx");
    journey.go("enter j enter").await;
    journey.pass("3s").await;
    journey.shows("▲ ALARM 2m  shop-prd-web-5xx  prd");
    journey.shows("webの5xxが1分あたり10件以上。直前のデプロイを確認し、runbook inc-5xx に従うこと");
    journey.shows("HTTPCode_Target_5XX_Count Sum >= 10, 1 of 1 × 60 s · missing data: notBreaching");
    journey.shows("Threshold Crossed: 1 out of the last 1 datapoint");
    let threshold = journey.line_with(">= 10 ");
    assert!(threshold.contains("╍╍╍") || threshold.contains("5XX"), "{threshold}");
    let change = journey.line_with("Alarm updated from OK to ALARM");
    assert!(change.contains("08:58:"), "{change}");
    journey.press("j j j k");
    journey.go("esc").await;
    journey.shows("▌Alarms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_composite_shows_its_children_as_a_tree_with_their_states() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("4 enter").await;
    journey.shows("shop-prd-customer-impact  prd  composite");
    journey.shows("├ ▲ ALARM     1m  shop-prd-web-5xx");
    assert!(journey.line_with("├ ✓ OK").contains("shop-prd-api-5xx"));
    assert!(journey.line_with("└ ✓ OK").contains("shop-prd-決済5xx"));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_read_once_and_again_when_the_alarm_changes_its_state() {
    let mut journey = Start::of("bad-deploy").go().await;
    journey.go("4 /").await;
    journey.write("shop-prd-web-5xx");
    journey.go("enter").await;
    let row = |name: &str, rows: &[sekisho::state::alarms::AlarmRow]| {
        rows.iter().position(|row| row.id.name == name).unwrap()
    };
    let index = row("shop-prd-web-5xx", &journey.console.state().alarms.rows);
    journey.press("g");
    journey.press(&"j ".repeat(index));
    journey.calls();
    journey.go("enter").await;
    assert_eq!(journey.calls().of("cloudwatch:DescribeAlarmHistory"), 1);
    journey.hides("Alarm updated from OK to ALARM");
    journey.live("50s", "10s").await;
    assert_eq!(journey.calls().of("cloudwatch:DescribeAlarmHistory"), 0);
    journey.live("8m", "20s").await;
    journey.shows("Alarm updated from OK to ALARM");
    assert!(journey.calls().of("cloudwatch:DescribeAlarmHistory") >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_range_asks_for_other_periods_and_draws_another_axis() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2").await;
    journey.pass("3s").await;
    journey.calls();
    journey.go("p").await;
    for range in ["1h", "3h", "1d", "1w"] {
        journey.shows(range);
    }
    journey.go("j j enter").await;
    journey.shows("Time range pinned to 1d.");
    journey.pass("3s").await;
    journey.shows("last 1d");
    let state = journey.console.state();
    assert_eq!(state.range, Range::Day);
    let wanted = interest(state, SourceId(0));
    assert!(!wanted.queries.is_empty() && wanted.queries.iter().all(|query| query.period == 300));
    let held = wanted.queries.iter().all(|query| state.source(SourceId(0)).unwrap().series(query).is_some());
    assert!(held, "every query of the new range was answered");
    let calls = journey.calls();
    assert!(calls.of("cloudwatch:GetMetricData") >= 1, "{calls:?}");
    assert_eq!(calls.of("ecs:DescribeServices"), 0, "the rows themselves have no range");
    // The same range again asks for nothing.
    journey.go("p enter").await;
    journey.pass("3s").await;
    assert_eq!(journey.calls().of("cloudwatch:GetMetricData"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_rest_while_nobody_looks() {
    use crossterm::event::Event as Input;
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2").await;
    journey.live("70s", "10s").await;
    journey.calls();
    journey.input(Input::FocusLost);
    journey.live("4m", "20s").await;
    let unfocused = journey.calls();
    assert_eq!(unfocused.metrics, 0, "{unfocused:?}");
    journey.input(Input::FocusGained);
    journey.live("70s", "10s").await;
    assert!(journey.calls().metrics > 0);
}

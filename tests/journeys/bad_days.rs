//! Bad days: denied, throttled, broken, cut, unreachable; what was read stays, what is wrong is said.

use rstest::rstest;
use sekisho::runtime::console::Watch;
use sekisho::simulator::{Fault, FaultKind, Span};

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_is_named_and_not_asked_for_again_until_told_to() {
    let denial = Fault::new(FaultKind::Deny, "ecs:ListServices");
    let mut journey = Start::of("bad-deploy").at("3m").size(220, 50).fault(denial).go().await;
    journey.shows("services cannot be read: IAM denies ecs:ListServices.");
    journey.go("2").await;
    journey.shows("IAM denies ecs:ListServices.");
    journey.shows("Nothing could be read");
    journey.go("4").await;
    journey.shows("shop-prd-web-5xx");
    let first = journey.calls().of("ecs:ListServices");
    // Of three clusters in two accounts: those of one account may be asked at the same time, and none twice.
    assert!((2..=3).contains(&first), "{first}");
    journey.live("20m", "2m").await;
    assert_eq!(journey.calls().of("ecs:ListServices"), 0, "CloudTrail is not filled with refusals");
    journey.press("!");
    journey.shows("Ask whoever administers this account for ecs:ListServices, then press the refresh key");
    journey.go("esc r").await;
    journey.shows("Asking AWS again, also for what it denied.");
    let again = journey.calls().of("ecs:ListServices");
    assert!((2..=3).contains(&again), "{again}");
    journey.simulator.clear_faults();
    journey.go("r").await;
    journey.go("2").await;
    journey.shows("contracts");
    journey.hides("IAM denies");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_in_one_account_says_nothing_about_the_other() {
    let denial = Fault::new(FaultKind::Deny, "cloudwatch:DescribeAlarms").in_account("444455556666");
    let mut journey = Start::of("bad-deploy").at("3m").fault(denial).go().await;
    journey.go("4").await;
    journey.shows("1 of 2 failed: IAM denies cloudwatch:DescribeAlarms.");
    journey.shows("shop-prd-web-5xx");
    journey.hides("shop-stg-");
    journey.go("e j enter").await;
    journey.hides("IAM denies");
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_details_leave_the_rest_of_the_screen() {
    let mut journey = Start::of("bad-deploy")
        .at("3m")
        .fault(Fault::new(FaultKind::Deny, "ecs:DescribeTasks"))
        .fault(Fault::new(FaultKind::Deny, "cloudwatch:GetMetricData"))
        .fault(Fault::new(FaultKind::Deny, "ecs:DescribeServiceDeployments"))
        .go()
        .await;
    journey.go("2 enter").await;
    journey.shows("▲ failing  web  shop-prd  prd");
    journey.shows("IAM denies ecs:DescribeTasks.");
    journey.shows("PRIMARY :43 IN_PROGRESS");
    journey.calls();
    journey.live("10m", "1m").await;
    let calls = journey.calls();
    for action in ["ecs:DescribeTasks", "cloudwatch:GetMetricData", "ecs:DescribeServiceDeployments"] {
        assert_eq!(calls.of(action), 0, "{action}: {calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_minute_keeps_its_rows_and_recovers() {
    let only_prd = |_: &_, watch: &mut Watch| watch.environments.truncate(1);
    let mut journey = Start::of("bad-deploy").at("3m").watching(only_prd).go().await;
    journey.go("2").await;
    let throttling = Fault::new(FaultKind::Throttle, "ecs:DescribeServices").lasting(Span::from_millis(60_000));
    journey.simulator.inject(throttling);
    journey.calls();
    journey.pass("35s").await;
    journey.shows("AWS throttles ecs:DescribeServices.");
    journey.shows("stale, <1m old");
    journey.shows("contracts");
    let header = journey.lines()[..2].concat();
    assert!(header.contains("throttled"), "{header}");
    let asked = journey.calls().of("ecs:DescribeServices");
    // Two clusters of one account, three tries each: no storm.
    assert!((3..=6).contains(&asked), "{asked}");
    journey.pass("2m").await;
    journey.hides("throttle");
    journey.hides("stale");
    journey.shows("contracts");
}

#[rstest]
#[case::fault_of_the_service(FaultKind::Status, "AWS reports a fault of its own in ecs:DescribeServices.")]
#[case::garbage(FaultKind::Malformed, "The answer to ecs:DescribeServices cannot be read.")]
#[case::cut(FaultKind::Cut, "cannot be reached.")]
#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_keeps_its_rows_and_mends_itself(#[case] kind: FaultKind, #[case] says: &str) {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2").await;
    journey.inject(kind, "ecs:DescribeServices");
    journey.pass("35s").await;
    journey.shows(says);
    journey.shows("contracts");
    journey.pass("3m").await;
    journey.shows("stale, 3m old");
    journey.simulator.clear_faults();
    // It tries again by itself, at the latest after five minutes of rest.
    journey.live("6m", "30s").await;
    journey.hides(says);
    journey.hides("stale");
    journey.shows("contracts");
}

#[rstest]
#[case::fault_of_the_service(FaultKind::Status, "AWS reports a fault of its own in")]
#[case::garbage(FaultKind::Malformed, "The answer to")]
#[case::cut(FaultKind::Cut, "cannot be reached.")]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_never_answered_well_shows_why_and_no_rows(#[case] kind: FaultKind, #[case] says: &str) {
    let mut journey = Start::of("bad-deploy").at("3m").size(220, 50).fault(Fault::new(kind, "ecs:*")).go().await;
    journey.shows(says);
    journey.go("2").await;
    journey.shows(says);
    journey.hides("contracts");
    journey.simulator.clear_faults();
    journey.go("r").await;
    journey.shows("contracts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_where_nobody_listens_is_named_and_found_once_it_is_there() {
    let mut journey = Start::of("bad-deploy")
        .at("3m")
        .size(200, 60)
        .watching(|_, watch| {
            // A port that was free a moment ago and that nobody has asked for since.
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            watch.endpoint_url = Some(format!("http://{}", listener.local_addr().unwrap()));
            watch.environments.truncate(1);
        })
        .go()
        .await;
    journey.shows("identity not verified");
    let line = journey.line_with("cannot be reached.");
    assert!(line.contains("identity cannot be read: 127.0.0.1:"), "{line}");
    journey.press("!");
    journey.shows(
        "Check the network, the VPN, the proxy, the endpoint and the name of the region; the console keeps trying.",
    );
    journey.press("esc");
    journey.live("3m", "30s").await;
    journey.shows("cannot be reached.");
    assert_eq!(journey.calls().total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_counted_until_they_are_looked_at() {
    let denial = Fault::new(FaultKind::Deny, "ecs:ListServices");
    let mut journey = Start::of("bad-deploy").at("3m").fault(denial).go().await;
    journey.shows("new errors: 2");
    journey.press("!");
    journey.shows("Errors, newest first");
    journey.shows("IAM denies ecs:ListServices.");
    journey.press("esc");
    journey.hides("new errors");
    journey.go("r").await;
    journey.hides("new errors");
}

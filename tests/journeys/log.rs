//! A service seen deeper: its targets, what they count, and its log as it is written.

use sekisho::simulator::{Fault, FaultKind};

use crate::hostile::assert_harmless;
use crate::journey::{Journey, Start};

/// Opens a service that a filter finds first.
async fn open_service(journey: &mut Journey, filter: &str) {
    journey.go("2 /").await;
    journey.write(filter);
    journey.go("enter enter").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_service_tells_which_targets_fail_and_what_they_count() {
    let mut journey = Start::of("bad-deploy").at("4m").size(200, 60).go().await;
    open_service(&mut journey, "prd web").await;
    let group = journey.line_with(" healthy · ");
    assert!(group.contains("shop-prd-web") && group.contains("HTTP /"), "{group}");
    journey.shows("Requests a minute");
    journey.go("tab tab enter").await;
    journey.shows("Target group shop-prd-web");
    journey.shows("health check");
    let calls = journey.calls();
    assert!(calls.of("elasticloadbalancing:DescribeTargetHealth") > 0);
    journey.go("esc esc").await;
    journey.go("1").await;
    journey.calls();
    journey.pass("10m").await;
    assert_eq!(journey.calls().of("elasticloadbalancing:DescribeTargetHealth"), 0, "nobody looks at them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_held_filtered_searched_and_left() {
    let denial = Fault::new(FaultKind::Deny, "logs:StartLiveTail");
    let mut journey = Start::of("bad-deploy").at("4m").size(160, 40).fault(denial).go().await;
    open_service(&mut journey, "prd web").await;
    assert_eq!(journey.calls().of("logs:FilterLogEvents"), 0, "nobody looks at it yet");
    journey.go("l").await;
    journey.shows("Log web");
    journey.shows("polling");
    let lines = |journey: &Journey| journey.console.state().log.as_ref().unwrap().ring.len();
    let before = lines(&journey);
    assert!(before > 0, "{}", journey.text());
    journey.pass("30s").await;
    assert!(lines(&journey) > before, "it goes on:\n{}", journey.text());
    // Held still: the same lines stay, and those that come are counted.
    journey.press("k k k");
    let held: Vec<String> = journey.lines()[5..15].to_vec();
    journey.pass("30s").await;
    assert_eq!(journey.lines()[5..15], held, "{}", journey.text());
    journey.shows(" new below");
    journey.press("G");
    journey.hides(" new below");
    // Paused, nothing is asked.
    journey.go("space").await;
    journey.shows("paused");
    journey.calls();
    journey.pass("1m").await;
    assert_eq!(journey.calls().of("logs:FilterLogEvents"), 0);
    journey.go("space").await;
    assert!(journey.calls().of("logs:FilterLogEvents") > 0);
    // Filtered by CloudWatch Logs.
    journey.press("/");
    journey.write("ERROR");
    journey.go("enter").await;
    journey.shows("filter ERROR");
    let ring = &journey.console.state().log.as_ref().unwrap().ring;
    assert!((0..ring.len()).all(|index| ring.get(index).is_some_and(|entry| entry.line.message.contains("ERROR"))));
    journey.go("esc").await;
    journey.hides("filter ERROR");
    // Searched here.
    journey.press("f");
    journey.write("get");
    journey.press("enter n N");
    journey.shows("search get");
    journey.press("enter");
    journey.shows("Line of the log");
    journey.go("esc esc esc").await;
    journey.shows("Deployments");
    journey.calls();
    journey.pass("1m").await;
    assert_eq!(journey.calls().of("logs:FilterLogEvents"), 0, "what was left is not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_denied_names_the_action_and_comes_back_when_told() {
    let denial = Fault::new(FaultKind::Deny, "logs:FilterLogEvents");
    let mut journey = Start::of("bad-deploy").at("4m").size(120, 40).fault(denial).go().await;
    open_service(&mut journey, "prd web").await;
    journey.go("l").await;
    journey.shows("IAM denies logs:FilterLogEvents. Ask whoever administers");
    journey.simulator.clear_faults();
    journey.go("r").await;
    journey.hides("IAM denies");
    assert!(!journey.console.state().log.as_ref().unwrap().ring.is_empty(), "{}", journey.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_a_log_steers_the_terminal() {
    let mut journey = Start::of("hostile").go().await;
    open_service(&mut journey, "plain").await;
    journey.go("l").await;
    journey.shows("0123456789abcdef");
    for keys in ["w", "w", "right right", "left k", "enter", "esc k enter", "esc k enter", "esc k enter", "esc t t t"] {
        journey.go(keys).await;
        for (width, height) in [(120, 40), (60, 20), (80, 24), (200, 60)] {
            journey.resize(width, height);
            assert_harmless(&journey, keys);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_sent_is_said_to_be_live() {
    let mut journey = Start::of("bad-deploy").at("4m").size(160, 40).go().await;
    open_service(&mut journey, "prd web").await;
    journey.go("l").await;
    journey.until("live", |journey| journey.has("live · newest line")).await;
    let lines = |journey: &Journey| journey.console.state().log.as_ref().unwrap().ring.len();
    let before = lines(&journey);
    journey.calls();
    journey.let_time_pass("30s");
    journey.until("sent", |journey| lines(journey) > before).await;
    assert_eq!(journey.calls().of("logs:FilterLogEvents"), 0, "nobody has to ask");
}

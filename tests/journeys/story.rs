//! The story of a bad deployment, from one quiet to the next, as it is seen on the wall.

use sekisho::domain::queue::Trouble;

use crate::journey::{Journey, Start};

/// Names where the story stands, by what the overview says of production.
fn chapter(journey: &Journey) -> &'static str {
    let has = |text: &str| journey.has(text);
    // Findings that somebody was told of weeks ago are there all the time, below.
    let is_quiet = !has("▲ CRIT") && !has("▲ HIGH");
    match () {
        () if is_quiet && has("1 rolling") => "rolled out, quietly",
        () if is_quiet => "quiet",
        () if has("web: rollout failed") => "given up",
        () if has("web: rollout failing") && has("3 signals · alarm shop-prd-") => "failing and in alarm",
        () if has("2 signals · alarm shop-prd-") => "rolled back, still in alarm",
        () => "something else",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_the_whole_story_in_its_order() {
    let mut journey = Start::of("bad-deploy").go().await;
    journey.go("e j enter").await;
    let mut chapters = vec![chapter(&journey)];
    while chapters.len() < 6 && journey.now() < crate::journey::beginning() + jiff::SignedDuration::from_mins(30) {
        journey.pass("10s").await;
        let now = chapter(&journey);
        if chapters.last() != Some(&now) {
            chapters.push(now);
        }
    }
    assert_eq!(
        chapters,
        ["quiet", "rolled out, quietly", "failing and in alarm", "given up", "rolled back, still in alarm", "quiet"],
        "{}",
        journey.text()
    );
    let alarms = &journey.console.state().overview.items;
    assert!(!alarms.iter().any(|item| matches!(item.trouble, Trouble::Alarm { .. })));
    journey.go("4 /").await;
    journey.write("shop-prd-web-5xx");
    journey.press("enter");
    let row = journey.line_with("▸");
    assert!(row.contains("✓ OK"), "{row}");
}

/// Names where the rollout stands, by what the open service says of its new revision and of the old one.
fn stage(journey: &Journey) -> String {
    let deployments = journey.text();
    let heading = journey.line_with("  web  shop-prd");
    let status = heading.split_whitespace().nth(1).unwrap_or_default();
    let breaker = ["breaker 3/3", "breaker 2/3", "breaker 1/3"].into_iter().find(|count| deployments.contains(count));
    let end = ["ROLLBACK_SUCCESSFUL", "ROLLBACK_IN_PROGRESS"].into_iter().find(|end| deployments.contains(end));
    [Some(status), breaker, end].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_service_follows_its_rollout_to_the_rollback() {
    let mut journey = Start::of("bad-deploy").size(200, 60).go().await;
    journey.go("2 /").await;
    journey.write("prd web");
    journey.go("enter enter").await;
    let mut stages = vec![stage(&journey)];
    for _ in 0..40 {
        journey.pass("15s").await;
        let now = stage(&journey);
        if stages.last() != Some(&now) {
            stages.push(now);
        }
        if stages.last().is_some_and(|last| last == "steady ROLLBACK_SUCCESSFUL") {
            break;
        }
    }
    let position = |words: &[&str]| {
        let found = stages.iter().position(|stage| words.iter().all(|word| stage.contains(word)));
        found.unwrap_or_else(|| panic!("{words:?} is not among {stages:#?}"))
    };
    let order = [
        position(&["steady"]),
        position(&["rolling"]),
        position(&["failing", "breaker 1/3"]),
        position(&["failing", "breaker 2/3"]),
        position(&["breaker 3/3"]),
        position(&["ROLLBACK_IN_PROGRESS"]),
        position(&["ROLLBACK_SUCCESSFUL"]),
    ];
    assert!(order.is_sorted(), "{order:?} of {stages:#?}");
    journey.shows("✓ steady  web  shop-prd  prd");
    journey.shows("v1.4.2");
}

#[tokio::test(flavor = "multi_thread")]
async fn entered_in_its_middle_the_story_is_the_same() {
    let mut lived = Start::of("bad-deploy").go().await;
    lived.live("5m", "1m").await;
    let entered = Start::of("bad-deploy").at("5m").go().await;
    let queue = |journey: &Journey| {
        let items = &journey.console.state().overview.items;
        items.iter().map(|item| (item.severity, item.subject.clone(), item.also.len())).collect::<Vec<_>>()
    };
    assert_eq!(queue(&lived), queue(&entered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_day_says_since_when_and_what_was_looked_at() {
    let mut journey = Start::of("quiet").go().await;
    journey.shows("Nothing needs a person.");
    journey.shows("No trouble since 09:00:00");
    journey.shows("Looked at: ");
    journey.live("30m", "5m").await;
    journey.shows("Nothing needs a person.");
    journey.shows("No trouble since 09:00:00");
    journey.shows("09:30 JST");
}

//! The story of a bad deployment, from one quiet to the next, as it is seen on the wall.

use sekisho::domain::queue::Trouble;

use crate::journey::{Journey, Start};

/// Names where the story stands, by what the frame says of production.
fn chapter(journey: &Journey) -> &'static str {
    let has = |text: &str| journey.has(text);
    match () {
        () if has("Quiet since") => "quiet",
        () if has("web: rollout failed") => "breaker tripped",
        () if has("web: rollout failing") && has("3 signals") => "alarm",
        () if has("web: rollout failing") => "rollout failing",
        () if has("alarm shop-prd-") => "alarm alone",
        () => "something else",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_quiet_over_a_failing_rollout_to_the_rollback_and_quiet_again() {
    let mut journey = Start::of("bad-deploy").go().await;
    journey.go("e j enter").await;
    let mut chapters = vec![chapter(&journey)];
    assert_eq!(chapters, ["quiet"], "{}", journey.text());
    journey.shows("Quiet since 09:00. Nothing needs a person.");
    let mut versions = Vec::new();
    for _ in 0..180 {
        journey.pass("10s").await;
        let now = chapter(&journey);
        if chapters.last() != Some(&now) {
            chapters.push(now);
        }
        if now == "rollout failing" && versions.is_empty() {
            versions.push(journey.line_with("▲  prd  web"));
        }
        if now == "quiet" && chapters.len() > 3 {
            break;
        }
    }
    assert_eq!(chapters.first(), Some(&"quiet"));
    assert_eq!(chapters.last(), Some(&"quiet"), "{chapters:?}\n{}", journey.text());
    let position = |name: &str| chapters.iter().position(|chapter| *chapter == name).unwrap_or_else(|| panic!("{name}: {chapters:?}"));
    assert!(position("rollout failing") < position("alarm"), "{chapters:?}");
    assert!(position("alarm") < position("breaker tripped"), "{chapters:?}");
    assert!(versions[0].contains("v1.4.3"), "{versions:?}");
    // What it went back to is on the screen, with the trace that it left.
    journey.go("2 /").await;
    journey.write("prd web");
    journey.go("enter enter").await;
    journey.shows("✓ steady  web  shop-prd  prd");
    journey.shows("ROLLBACK_SUCCESSFUL");
    let alarms = &journey.console.state().overview.items;
    assert!(!alarms.iter().any(|item| matches!(item.trouble, Trouble::Alarm { .. })));
    journey.go("4 /").await;
    journey.write("shop-prd-web-5xx");
    journey.press("enter");
    let row = journey.line_with("shop-prd-web-5xx  ");
    assert!(row.contains("✓ OK"), "{row}");
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
    journey.shows("Quiet since 09:00. Nothing needs a person.");
    journey.shows("Looked at: ");
    journey.live("30m", "5m").await;
    journey.shows("Quiet since 09:00. Nothing needs a person.");
    journey.shows("09:30 JST");
}

//! Finding one's way: filter, order, palette, environments.

use crossterm::event::Event as Input;

use crate::journey::{Journey, Start};

/// Returns the names of the services in the order of the rows.
fn services(journey: &Journey) -> Vec<String> {
    journey.console.state().services.rows.iter().map(|row| row.id.key.service.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_takes_words_in_any_script_and_gives_all_rows_back() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("4 /").await;
    journey.shows("words that must all be found");
    journey.write("決済");
    // With every key, before it is accepted: the alarm itself and the composite whose description speaks of it.
    journey.shows("2/40");
    journey.shows("shop-prd-決済5xx");
    journey.write(" 二重");
    journey.shows("1/40");
    journey.hides("shop-prd-customer-impact");
    journey.press("enter");
    journey.shows("Alarms  /決済 二重");
    journey.press("esc");
    journey.hides("/決済");
    journey.shows(" 40 ·");
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_are_walked_and_a_cancelled_filter_is_as_if_it_had_not_been() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("4 /").await;
    journey.write("LATENCY");
    journey.press("enter");
    let selected = |journey: &Journey| journey.console.state().alarms.selected().unwrap().id.name.clone();
    let first = selected(&journey);
    journey.press("n");
    let second = selected(&journey);
    assert_ne!(first, second);
    assert!(first.contains("latency") && second.contains("latency"));
    journey.press("N");
    assert_eq!(selected(&journey), first);
    journey.press("/");
    journey.write(" nothing of the kind");
    journey.shows("Nothing matches.");
    journey.press("esc");
    journey.shows("Alarms  /LATENCY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_filter_is_one_line_and_the_line_is_edited_as_in_a_shell() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2 /").await;
    journey.input(Input::Paste("shop-stg web\nrm -rf /\u{1b}[2J".to_owned()));
    assert_eq!(journey.console.state().services.filter, "shop-stg web");
    journey.press("ctrl-w");
    journey.write("api");
    assert_eq!(journey.console.state().services.filter, "shop-stg api");
    journey.press("ctrl-u");
    assert_eq!(services(&journey).len(), 25);
    // Letters are letters here: none of them is a command.
    journey.write("qj");
    journey.shows("Nothing matches.");
    assert!(journey.press("backspace backspace enter").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_ordered_by_key_and_by_the_title_that_is_clicked() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2").await;
    assert_eq!(&services(&journey)[..3], ["web", "claims", "api"], "what needs attention comes first");
    journey.press("s");
    let mut by_name = services(&journey);
    // By cluster, then by name: shop-dev comes before shop-prd.
    assert_eq!(&by_name[..3], ["api", "auth", "batch"]);
    journey.press("S");
    by_name.reverse();
    assert_eq!(services(&journey), by_name);
    journey.click("TASKS");
    assert_eq!(&services(&journey)[..2], ["claims", "web"], "0 of 1 runs less than 2 of 3");
    journey.click("TASKS");
    assert_eq!(services(&journey).last().map(String::as_str), Some("claims"));
    journey.pass("3s").await;
    journey.click("CPU");
    assert_eq!(services(&journey)[0], "web");
    journey.press("1 s");
    journey.shows("This screen has no rows to sort.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_leads_to_screens_and_to_environments() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.press(":");
    journey.write("alar");
    journey.go("enter").await;
    journey.shows("▌Alarms");
    journey.press(":");
    journey.write("stg");
    journey.shows("Show the environment stg");
    journey.go("enter").await;
    journey.shows("shop-stg-web-5xx");
    journey.hides("shop-prd-");
    journey.press(":");
    journey.write("zzzz");
    journey.shows("Nothing matches.");
    journey.press("enter");
    journey.shows("Nothing is called \"zzzz\".");
    journey.press(":");
    journey.write("servi");
    journey.press("tab");
    journey.shows(":services");
    journey.press("esc");
    journey.shows("▌Alarms");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_environment_is_chosen_and_the_rows_of_the_others_are_gone() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("e").await;
    for line in ["all", "prd           1111-2222-3333", "stg           4444-5555-6666", "dev           1111-2222-3333"]
    {
        journey.shows(line);
    }
    journey.go("j enter").await;
    let header = journey.lines().remove(0);
    assert!(header.contains("prd") && header.contains("1111-2222-3333"), "{header}");
    assert!(!header.contains("stg") && !header.contains("dev"), "{header}");
    journey.hides("claims: rollout failing");
    journey.go("2").await;
    assert_eq!(services(&journey).len(), 11);
    journey.hides("shop-dev");
    // What nobody looks at is not read for the screen: no visible row is of the other account.
    journey.calls();
    journey.pass("31s").await;
    journey.go("e G enter").await;
    assert_eq!(services(&journey).len(), 7);
    journey.shows("shop-dev");
    journey.hides("shop-prd");
    journey.go("e g enter").await;
    assert_eq!(services(&journey).len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_no_environment_is_shown_as_unassigned() {
    let mut journey = Start::of("bad-deploy")
        .at("3m")
        .watching(|_, watch| watch.environments.retain(|one| one.environment.name != "dev"))
        .go()
        .await;
    journey.shows("(unassigned)");
    journey.go("2 /").await;
    journey.write("shop-dev");
    assert_eq!(services(&journey).len(), 7);
    // Where the environments were chosen by name, the rest is none of this run's business.
    journey.console.hide_unassigned();
    journey.pass("5m").await;
    assert!(services(&journey).is_empty());
    journey.go("esc 1").await;
    journey.hides("(unassigned)");
}

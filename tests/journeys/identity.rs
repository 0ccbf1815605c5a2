//! Who one is: verified before anything is shown, and nobody's rows under another's name.

use std::sync::{Arc, Mutex};

use sekisho::domain::progress::Finish;
use sekisho::domain::queue::Trouble;
use sekisho::domain::session::End;
use sekisho::i18n::Lang;
use sekisho::simulator::{Fault, FaultKind};

use crate::desk::Desk;
use crate::go_between::GoBetween;
use crate::journey::{Journey, Start};

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_are_refused_before_anything_is_read() {
    let mut journey = Start::of("bad-deploy")
        .at("3m")
        .size(200, 60)
        .watching(|_, watch| {
            watch.environments.truncate(1);
            watch.environments[0].environment.account = Some("999988887777".parse().unwrap());
        })
        .go()
        .await;
    journey.shows("identity not verified");
    journey.shows("identity cannot be read: These credentials belong to account 111122223333");
    journey.press("!");
    journey.shows("the configuration says 999988887777.");
    journey.shows("Nothing was read. Choose the profile of account 999988887777");
    journey.go("esc 2").await;
    journey.hides("shop-prd");
    journey.live("15m", "1m").await;
    let calls = journey.calls();
    assert_eq!(calls.total, calls.of("sts:GetCallerIdentity"), "nothing else was called: {calls:?}");
    assert_eq!(calls.total, 1, "asking again cannot help until somebody says so");
    journey.go("r").await;
    let again = journey.calls();
    assert!(again.of("sts:GetCallerIdentity") >= 1 && again.total == again.of("sts:GetCallerIdentity"), "{again:?}");
}

/// Starts with one environment whose calls go through something in between.
async fn through_a_go_between() -> (Journey, GoBetween) {
    let between = Arc::new(Mutex::new(None));
    let given = Arc::clone(&between);
    let journey = Start::of("bad-deploy")
        .at("3m")
        .watching(move |simulator, watch| {
            watch.environments.truncate(1);
            let (own, address) = GoBetween::before(&simulator.endpoint());
            watch.endpoint_url = Some(address);
            *given.lock().unwrap() = Some(own);
        })
        .go()
        .await;
    let between = between.lock().unwrap().take().unwrap();
    (journey, between)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_changes_takes_its_rows_with_it_and_late_answers_are_dropped() {
    let (mut journey, between) = through_a_go_between().await;
    journey.shows("op-0137 · responder");
    journey.go("2").await;
    journey.shows("contracts");
    journey.live("2m", "30s").await;
    // Answers to the one who is here are kept back; then the credentials turn out to be another person's.
    between.hold(true);
    between.change(|operation, text| match operation {
        "GetCallerIdentity" => text.replace("SekishoResponder", "SekishoOperator").replace("op-0137", "op-0999"),
        _ => text,
    });
    journey.simulator.inject(Fault::new(FaultKind::Expire, "cloudwatch:DescribeAlarms").times(1));
    journey.let_time_pass("61s");
    journey.until("verified anew", |journey| journey.has("op-0999 · operator")).await;
    journey.hides("op-0137");
    journey.hides("contracts");
    assert!(journey.console.state().services.all().is_empty());
    // Late answers arrive now: those to the former identity are nobody's.
    between.hold(false);
    journey.settle().await;
    journey.shows("op-0999 · operator");
    journey.shows("contracts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_identity_found_anew_keeps_its_rows() {
    let (mut journey, between) = through_a_go_between().await;
    journey.go("2").await;
    journey.live("2m", "30s").await;
    between.hold(true);
    journey.simulator.inject(Fault::new(FaultKind::Expire, "cloudwatch:DescribeAlarms").times(1));
    journey.let_time_pass("61s");
    journey.until("verified anew", |journey| journey.simulator.calls().of("sts:GetCallerIdentity") == 2).await;
    journey.shows("contracts");
    between.hold(false);
    journey.settle().await;
    journey.shows("contracts");
    journey.shows("op-0137 · responder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_ends_is_cut_and_the_count_says_so() {
    let (mut journey, between) = through_a_go_between().await;
    journey.go("2").await;
    journey.shows(" 11 ·");
    // The same token with every page: whoever trusted it would read for ever.
    between.repeat("ListClusters");
    journey.live("17m", "3m").await;
    journey.shows(" 11+ ·");
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials_are_told_with_their_remedy_and_found_again() {
    let mut journey = Start::of("bad-deploy").at("3m").size(200, 60).go().await;
    journey.inject(FaultKind::Expire, "*");
    journey.live("2m", "30s").await;
    // One trouble an account is one row, however many panels it leaves blind.
    let items = &journey.console.state().overview.items;
    let told = items.iter().filter(|item| matches!(item.trouble, Trouble::Blind { .. })).count();
    assert_eq!(told, 2, "{}", journey.text());
    journey.shows("cannot be read: The credentials have ended.");
    journey.go("2").await;
    journey.shows("contracts");
    journey.press("!");
    journey.shows("Log in again, for example with: aws sso login --profile");
    journey.press("esc");
    journey.simulator.clear_faults();
    journey.go("r").await;
    journey.pass("30s").await;
    journey.go("1").await;
    journey.hides("The credentials have ended.");
    journey.shows("op-0137 · responder");
    journey.shows("web: rollout");
}

/// The credentials end between the gate and AWS, and the next ones are somebody else's: nothing is done in their name.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_began_is_not_done_with_the_credentials_of_another() {
    let between = Arc::new(Mutex::new(None));
    let given = Arc::clone(&between);
    let start = Start::of("bad-deploy").at("3m").size(140, 45).granted(true).watching(move |simulator, watch| {
        let (own, address) = GoBetween::before(&simulator.endpoint());
        watch.endpoint_url = Some(address);
        *given.lock().unwrap() = Some(own);
    });
    let mut desk = Desk::sit(start.go().await, Lang::En, tempfile::tempdir().unwrap());
    let between = between.lock().unwrap().take().unwrap();
    desk.journey.go("2 /").await;
    // In staging a role is assumed, whose credentials can be had anew.
    desk.journey.write("shop-stg api");
    desk.journey.go("enter").await;
    desk.offered("service-redeploy/api").await;
    desk.journey.simulator.inject(Fault::new(FaultKind::Expire, "ssm:StartAutomationExecution").times(1));
    between.change(|operation, text| match operation {
        "GetCallerIdentity" => text.replace("</Arn>", "-else</Arn>"),
        _ => text,
    });
    desk.fill(&["設定の反映", "yes"]);
    desk.carried_out().await;
    let end = desk.live().end.clone().unwrap().0;
    assert!(matches!(end, End::Finished(Finish::Failed { .. })), "{end:?}");
    desk.assert_journal("service-redeploy/api", "failed");
    let records = desk.records();
    assert!(!records[0]["act"]["actor"]["arn"].as_str().unwrap().ends_with("-else"), "{records:#?}");
    let calls = desk.journey.simulator.calls();
    assert_eq!(calls.of("ssm:StartAutomationExecution"), 1, "nobody else asked again");
    // Whoever is here now begins anew, under a name of their own.
    desk.journey.go("esc").await;
    desk.offered("service-redeploy/api").await;
    desk.fill(&["設定の反映", "yes"]);
    desk.carried_out().await;
    let second = &desk.records()[2];
    assert!(second["act"]["actor"]["arn"].as_str().unwrap().ends_with("-else"), "{second:#}");
    desk.journey.console.shutdown().await;
}

//! Web ACLs, findings and the fleet: an attack, a leaked key, thirty accounts side by side.

use sekisho::domain::waf::SampledRequest;
use sekisho::i18n::Lang;
use sekisho::state::Screen;

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_is_the_first_row_and_leads_to_who_attacks_with_what() {
    let mut journey = Start::of("waf-attack").at("8m").size(160, 50).go().await;
    let first = journey.line_with("▸▲ HIGH");
    assert!(first.contains("WAF shop-prd-waf: ") && first.contains("× the usual blocks"), "{first}");
    journey.go("enter").await;
    assert_eq!(journey.console.state().screen, Screen::WebAcl);
    journey.pass("5s").await;
    journey.shows("blocked a minute against");
    journey.shows("protects app/shop-prd");
    let rule = journey.line_with("AWSManagedRulesSQLiRuleSet");
    assert!(rule.contains('%'), "{rule}");
    journey.shows("addresses blocked by rate limits now:");
    // The sample, narrowed to one attacker, and one request of it in full.
    journey.press("tab");
    let of_injection =
        |request: &SampledRequest| request.rule_within_group.as_ref().is_some_and(|rule| rule.contains("SQLi"));
    let view = journey.console.state().web_acl.as_ref().unwrap();
    let address = view.samples.iter().find(|request| of_injection(request)).unwrap().address.clone();
    journey.go("/").await;
    journey.write(&format!("{address} sqli"));
    journey.press("enter");
    let view = journey.console.state().web_acl.as_ref().unwrap();
    assert!(!view.samples.is_empty() && view.samples.iter().all(|request| request.address == address));
    journey.press("enter");
    journey.shows("Sampled request");
    journey.shows("Headers");
    journey.press("esc esc esc");
    assert_eq!(journey.console.state().screen, Screen::Overview);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_ends_and_so_does_its_row() {
    let mut journey = Start::of("waf-attack").at("8m").size(160, 50).go().await;
    journey.shows("× the usual blocks");
    for _ in 0..40 {
        journey.pass("1m").await;
        if !journey.has("the usual blocks") {
            break;
        }
    }
    journey.hides("the usual blocks");
    journey.go("3").await;
    journey.shows("as usual");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_key_is_found_with_what_to_do_and_its_history() {
    let mut journey = Start::of("leaked-key").at("3m").size(120, 40).lang(Lang::Ja).go().await;
    journey.shows("緊急");
    journey.go("5").await;
    journey.shows("要対応: CRITICALとHIGH");
    journey.shows("昨日から新規");
    journey.go("enter").await;
    assert_eq!(journey.console.state().screen, Screen::Finding);
    for part in ["対処", "対象", "履歴", "最初の観測", "111122223333"] {
        journey.shows(part);
    }
    journey.press("y");
    journey.press("esc");
    journey.go("a").await;
    journey.pass("5s").await;
    journey.shows("有効な検出結果すべて");
    let everything = journey.console.state().findings.total;
    journey.go("a").await;
    assert!(journey.console.state().findings.total < everything);
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_accounts_stand_on_one_screen_and_one_that_is_denied_leaves_the_others() {
    let mut journey = Start::of("fleet").at("3m").size(120, 40).go().await;
    journey.pass("10s").await;
    journey.go("0").await;
    let rows = journey.lines().iter().filter(|line| line.contains("-prd") || line.contains("-stg")).count();
    assert!(rows >= 31, "{rows} rows:\n{}", journey.text());
    let first = journey.line_with("▸sys");
    assert!(first.contains("▲ CRIT"), "{first}");
    let denied = journey.line_with("⊘ IAM denies");
    assert!(denied.contains("✓ 10"), "what is not denied is there: {denied}");
    journey.press("l l l l");
    journey.go("enter").await;
    let state = journey.console.state();
    assert_eq!(state.screen, Screen::Findings);
    assert_eq!(state.shown, state.fleet.rows[0].line.place.environment);
    journey.press("esc");
    assert_eq!(journey.console.state().screen, Screen::Fleet);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_seen_gives_way_and_a_quiet_day_is_quiet() {
    let mut journey = Start::of("leaked-key").at("3m").size(120, 40).go().await;
    let first = journey.line_with("▸");
    journey.press("m");
    journey.shows("Marked as seen");
    assert_ne!(journey.line_with("▸"), first);
    journey.shows("✓ CRIT");
    let mut quiet = Start::of("quiet").at("3m").size(120, 40).go().await;
    quiet.shows("Nothing needs a person.");
    quiet.go("5").await;
    quiet.shows("Nothing is to do.");
    quiet.go("3").await;
    quiet.shows("as usual");
}

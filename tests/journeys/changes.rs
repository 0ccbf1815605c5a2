//! Operators, responders and staff each do their job in an incident, at the keys and in both languages, in an account that keeps
//! to the policies that are compiled for them; and what is not theirs is refused with its rule.

use rstest::rstest;
use sekisho::domain::progress::Finish;
use sekisho::domain::session::End;
use sekisho::i18n::Lang;
use sekisho::journal;
use sekisho::operate::Refused;
use sekisho::policy::{Denial, Request};
use sekisho::runbook::entry::EntryId;
use sekisho::simulator::{Fault, FaultKind, Persona};
use sekisho::state::Screen;
use sekisho::state::sessions::target::Verdict;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::desk::Desk;
use crate::journey::{Journey, Start};

/// Sits down in an incident.
async fn sit(scenario: &str, at: &str, persona: Persona, lang: Lang) -> Desk {
    let start = Start::of(scenario).at(at).persona(persona).lang(lang).size(140, 45).granted(true);
    let mut desk = Desk::sit(start.go().await, lang, tempfile::tempdir().unwrap());
    desk.journey.settle().await;
    desk
}

/// Filters the list in front, and leaves the cursor on its first row.
async fn filter(desk: &mut Desk, text: &str) {
    desk.journey.press("/");
    desk.journey.write(text);
    desk.journey.go("enter").await;
}

/// Returns how the newest change ended.
fn end(desk: &Desk) -> End {
    desk.live().end.clone().unwrap().0
}

/// Lists the tasks of the open service that run, by their ids.
fn running(journey: &Journey) -> Vec<String> {
    let view = journey.console.state().service.as_ref().unwrap();
    view.tasks.iter().filter(|task| task.last_status == "RUNNING").map(|task| task.id.clone()).collect()
}

#[rstest]
#[case(Lang::En, "You are about to", "It was done.", "verified to 2")]
#[case(Lang::Ja, "これから行うこと", "完了しました。", "2まで検証済み")]
#[tokio::test(flavor = "multi_thread")]
async fn a_responder_stops_the_task_that_the_cursor_is_on(
    #[case] lang: Lang,
    #[case] about: &str,
    #[case] done: &str,
    #[case] verified: &str,
) {
    let mut desk = sit("bad-deploy", "3m", Persona::Responder, lang).await;
    desk.journey.go("2").await;
    filter(&mut desk, "shop-prd api").await;
    desk.journey.go("enter").await;
    let before = running(&desk.journey);
    desk.offered("task-stop/api").await;
    let task = desk.journey.console.state().sessions.form.as_ref().unwrap().request().parameters["task"].clone();
    assert!(before.contains(&task), "{task} of {before:?}");
    desk.journey.shows(about);
    desk.journey.shows("Sekisho-prd-task-stop");
    desk.journey.shows(&task[..8]);
    desk.fill(&["応答しない", "INC-204", "api"]);
    assert_eq!(desk.journey.console.state().screen, Screen::Operation);
    desk.journey.until("a step", |journey| journey.has("BelongsToService")).await;
    desk.carried_out().await;
    assert_eq!(end(&desk), End::Finished(Finish::Done), "{}", desk.journey.text());
    desk.journey.shows(done);
    for step in ["BelongsToService", "StopTask", "Follow"] {
        desk.journey.shows(step);
    }
    desk.journey.go("esc r").await;
    let is_replaced = |running: &[String]| !running.contains(&task) && running.len() == before.len();
    for _ in 0..30 {
        desk.journey.pass("10s").await;
        if is_replaced(&running(&desk.journey)) {
            break;
        }
    }
    let after = running(&desk.journey);
    assert!(is_replaced(&after), "{task}: {before:?} to {after:?}");
    desk.assert_journal("task-stop/api", "done");
    let records = desk.records();
    assert!(records[0]["act"]["target_arn"].as_str().unwrap().ends_with(&task), "{records:#?}");
    desk.journey.press("9");
    desk.journey.until("both records", |journey| journey.has(verified)).await;
    desk.journey.console.shutdown().await;
}

#[rstest]
#[case(Lang::En, "It was done.")]
#[case(Lang::Ja, "完了しました。")]
#[tokio::test(flavor = "multi_thread")]
async fn a_responder_rolls_a_bad_release_back_from_the_queue(#[case] lang: Lang, #[case] done: &str) {
    let mut desk = sit("bad-deploy", "3m", Persona::Responder, lang).await;
    let items = &desk.journey.console.state().overview.items;
    let row = items.iter().position(|item| format!("{:?}", item.subject).contains("\"web\"")).unwrap();
    desk.journey.press("g");
    (0..row).for_each(|_| drop(desk.journey.press("j")));
    desk.offered("service-rollback/web").await;
    let effect = {
        let form = desk.journey.console.state().sessions.form.as_ref().unwrap();
        let sekisho::state::sessions::form::Lookup::Done(preflight) = &form.preflight else { panic!() };
        preflight.effect.clone().unwrap()
    };
    assert!(effect.from != effect.to && effect.to.ends_with(":42"), "{effect:?}");
    desk.fill(&["リリース後に5xxが増加", "INC-204", "web"]);
    desk.carried_out().await;
    assert_eq!(end(&desk), End::Finished(Finish::Done), "{}", desk.journey.text());
    desk.journey.shows(done);
    desk.assert_journal("service-rollback/web", "done");
    desk.journey.console.shutdown().await;
}

#[rstest]
#[case(Lang::En, "It was done.")]
#[case(Lang::Ja, "完了しました。")]
#[tokio::test(flavor = "multi_thread")]
async fn staff_gives_an_attacked_service_more_tasks(#[case] lang: Lang, #[case] done: &str) {
    let mut desk = sit("waf-attack", "3m", Persona::Staff, lang).await;
    desk.journey.go("2").await;
    filter(&mut desk, "shop-prd web").await;
    let before = desk.journey.console.state().services.selected().unwrap().service.desired;
    desk.offered("service-scale/web").await;
    let wanted = (before + 1).to_string();
    desk.fill(&["攻撃で応答が遅い", "INC-204", &wanted, "web"]);
    desk.carried_out().await;
    assert_eq!(end(&desk), End::Finished(Finish::Done), "{}", desk.journey.text());
    desk.journey.shows(done);
    desk.journey.go("esc r").await;
    assert_eq!(desk.journey.console.state().services.selected().unwrap().service.desired, before + 1);
    desk.assert_journal("service-scale/web", "done");
    assert_eq!(desk.records()[0]["act"]["parameters"]["desired"], wanted.as_str());
    desk.journey.console.shutdown().await;
}

#[rstest]
#[case(Lang::En, "This is not for the role operator.", "It is for: responder, staff")]
#[case(Lang::Ja, "ロールoperatorでは使えません。", "使えるロール: responder, staff")]
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_takes_note_of_a_leaked_key_and_is_refused_the_rest(
    #[case] lang: Lang,
    #[case] rule: &str,
    #[case] whose: &str,
) {
    let mut desk = sit("leaked-key", "3m", Persona::Operator, lang).await;
    desk.journey.go("5").await;
    let key = desk.journey.console.state().findings.selected().unwrap().finding.key.id.clone();
    // Two of the three statuses are for others: they are shown with their rule, and open nothing.
    for entry in ["finding-resolved", "finding-suppressed"] {
        desk.journey.press("x");
        desk.pick(entry);
        desk.journey.shows(rule);
        desk.journey.shows(whose);
        desk.journey.press("esc esc");
        assert!(desk.journey.console.state().sessions.form.is_none());
    }
    desk.offered("finding-notified").await;
    desk.fill(&["システム担当者に連絡済み", "yes"]);
    desk.carried_out().await;
    assert_eq!(end(&desk), End::Finished(Finish::Done), "{}", desk.journey.text());
    desk.assert_journal("finding-notified", "done");
    assert_eq!(desk.records()[0]["act"]["target_arn"], key.as_str());
    refused_the_rest(&desk).await;
    desk.journey.console.shutdown().await;
}

/// Checks that whatever else the catalogue has is refused to the operator, by its rule and on the record, past the screens too.
async fn refused_the_rest(desk: &Desk) {
    let before = desk.records().len();
    let calls = desk.journey.simulator.calls();
    let catalogue = sekisho::runbook::catalogue::Catalogue::built_in();
    let mut refused = Vec::new();
    for place in &desk.journey.watch.environments {
        for entry in catalogue.entries_in(&place.environment) {
            let is_theirs = entry.roles.iter().any(|role| role == "operator");
            if is_theirs {
                continue;
            }
            let request = Request {
                entry: entry.id.clone(),
                environment: place.environment.name.clone(),
                parameters: std::collections::BTreeMap::new(),
                reason: Some("調査".to_owned()),
                ticket: Some("INC-1".to_owned()),
                confirmation: Some("yes".to_owned()),
            };
            let (reports, _told) = mpsc::channel(1);
            let denial = desk.operator.start(request, None, None, reports).await.map(drop).unwrap_err();
            assert!(matches!(denial, Refused::Denied(Denial::NotForRole { .. })), "{}: {denial:?}", entry.id);
            refused.push(entry.id.0.clone());
        }
    }
    assert!(refused.len() > 20, "{refused:?}");
    let records = desk.records().split_off(before);
    let told: Vec<String> = records.iter().map(|record| record["act"]["entry"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, refused);
    assert!(records.iter().all(|record| record["denial"] == "not-for-role"));
    let after = desk.journey.simulator.calls();
    for action in ["ssm:StartSession", "ecs:ExecuteCommand", "ssm:StartAutomationExecution"] {
        assert_eq!((calls.of(action), after.of(action)), (0, 0), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_redeploys_where_it_is_theirs_and_not_in_production() {
    let mut desk = sit("bad-deploy", "3m", Persona::Operator, Lang::Ja).await;
    desk.journey.go("2").await;
    filter(&mut desk, "shop-prd api").await;
    desk.journey.press("x");
    let state = desk.journey.console.state();
    let Some(sekisho::state::overlay::Overlay::Offers(offers)) = state.overlays.last() else { panic!() };
    assert!(offers.rows.iter().all(|offer| matches!(offer.verdict(), Verdict::Denied(_))), "{}", desk.journey.text());
    desk.journey.press("esc esc");
    filter(&mut desk, "shop-dev api").await;
    desk.offered("service-redeploy/api").await;
    desk.fill(&["設定の反映", "yes"]);
    desk.carried_out().await;
    assert_eq!(end(&desk), End::Finished(Finish::Done), "{}", desk.journey.text());
    desk.assert_journal("service-redeploy/api", "done");
    desk.journey.console.shutdown().await;
}

#[rstest]
#[case(Lang::En, "is none of shop-prd/api")]
#[case(Lang::Ja, "shop-prd/api")]
#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_another_service_cannot_be_started_with(#[case] lang: Lang, #[case] says: &str) {
    let desk = sit("bad-deploy", "3m", Persona::Responder, lang).await;
    let tasks = desk.journey.console.state().sources.iter().filter_map(|source| source.tasks.value.clone());
    let all: Vec<_> = tasks.flat_map(|snapshot| snapshot.tasks.clone()).collect();
    let of =
        |service: &str| all.iter().find(|task| task.cluster == "shop-prd" && task.service.as_deref() == Some(service));
    let other = of("auth").unwrap().id.clone();
    let request = Request {
        entry: EntryId("task-stop/api".to_owned()),
        environment: "prd".to_owned(),
        parameters: [("task".to_owned(), other)].into(),
        reason: Some("x".to_owned()),
        ticket: Some("INC-1".to_owned()),
        confirmation: Some("api".to_owned()),
    };
    let (reports, _told) = mpsc::channel(4);
    let refused = desk.operator.start(request, None, None, reports).await.map(drop).unwrap_err();
    let Refused::Preflight(preflight) = refused else { panic!("{refused:?}") };
    let texts = sekisho::i18n::Texts::of(lang);
    let (problem, _) = sekisho::ui::words::obstacle(texts, &preflight.obstacles[0], desk.journey.now());
    assert!(problem.contains(says), "{problem}");
    assert_eq!(desk.journal()[1].2, "not-started");
    assert_eq!(desk.journey.simulator.calls().of("ssm:StartAutomationExecution"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_is_said_to_be_unknown() {
    let mut desk = sit("bad-deploy", "3m", Persona::Staff, Lang::En).await;
    desk.journey.go("2").await;
    filter(&mut desk, "shop-dev api").await;
    desk.offered("service-redeploy/api").await;
    desk.journey.simulator.inject(Fault::new(FaultKind::Status, "ssm:StartAutomationExecution"));
    desk.fill(&["x", "yes"]);
    desk.carried_out().await;
    assert!(matches!(end(&desk), End::Finished(Finish::Unknown { .. })), "{:?}", end(&desk));
    desk.journey.shows("Nobody knows what came of it.");
    desk.journey.hides("It was not done");
    desk.assert_journal("service-redeploy/api", "unknown");
    assert_eq!(desk.journey.simulator.calls().of("ssm:StartAutomationExecution"), 1);
    desk.journey.console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_written_to_lets_nothing_be_done_and_says_why() {
    let mut desk = sit("bad-deploy", "3m", Persona::Staff, Lang::En).await;
    desk.journey.go("2").await;
    filter(&mut desk, "shop-dev api").await;
    desk.offered("service-redeploy/api").await;
    // A disk that takes nothing any more.
    let path = desk.folder.path().join(journal::FILE);
    let _ = std::fs::remove_file(&path);
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    desk.fill(&["x", "yes"]);
    let is_refused =
        |journey: &Journey| journey.console.state().sessions.live.first().is_some_and(|live| live.refusal.is_some());
    desk.journey.until("refused", is_refused).await;
    desk.journey.shows("Nothing is done that cannot be written down: the journal failed.");
    assert_eq!(desk.journey.simulator.calls().of("ssm:StartAutomationExecution"), 0);
    let none: Vec<Value> = Vec::new();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(desk.records(), none);
}

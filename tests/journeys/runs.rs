//! Runbooks in an incident, from the row that they answer to the report: step by step beside the dashboards, operations through
//! the gate with the run on their records, left and taken up again.

use std::fs;

use rstest::rstest;
use sekisho::domain::progress::Finish;
use sekisho::domain::session::End;
use sekisho::i18n::Lang;
use sekisho::runbook::run::Outcome;
use sekisho::simulator::{Fault, FaultKind, Persona};
use sekisho::state::Screen;
use sekisho::state::overlay::Overlay;
use serde_json::Value;
use tempfile::TempDir;

use crate::desk::Desk;
use crate::journey::{Journey, Start};

async fn sit_with(scenario: &str, persona: Persona, lang: Lang, folder: TempDir) -> Desk {
    let start = Start::of(scenario).at("3m").persona(persona).lang(lang).size(140, 45).granted(true);
    let mut desk = Desk::sit(start.go().await, lang, folder);
    desk.hear().await;
    desk
}

async fn sit(scenario: &str, persona: Persona, lang: Lang) -> Desk {
    sit_with(scenario, persona, lang, tempfile::tempdir().unwrap()).await
}

/// Returns the step that the run in front is at; empty where it is over.
fn step(journey: &Journey) -> String {
    let view = journey.console.state().runbooks.front().expect("a run in front");
    view.step().map(|step| step.id.0.clone()).unwrap_or_default()
}

/// Presses keys in a run and waits until it is at a step; an empty one is its end.
async fn to(desk: &mut Desk, keys: &str, wanted: &str) {
    desk.journey.press(keys);
    desk.journey.until(wanted, |journey| step(journey) == wanted).await;
    desk.hear().await;
}

/// Writes words down in the open step.
async fn write(desk: &mut Desk, text: &str) {
    desk.journey.press("w");
    assert!(matches!(desk.journey.console.state().overlays.last(), Some(Overlay::Words(_))), "{}", desk.journey.text());
    desk.enter(text);
    desk.journey.press("enter");
    desk.hear().await;
}

/// Begins a runbook from the row of the queue that is about something.
async fn answer(desk: &mut Desk, about: &str, runbook: &str, first: &str) {
    let items = &desk.journey.console.state().overview.items;
    let row = items.iter().position(|item| format!("{:?}", item.subject).contains(about));
    let row = row.unwrap_or_else(|| panic!("no {about}:\n{}", desk.journey.text()));
    desk.journey.press("1 g");
    (0..row).for_each(|_| drop(desk.journey.press("j")));
    desk.journey.press("x");
    desk.pick(runbook);
    desk.journey.until("a run", |journey| journey.console.state().screen == Screen::Run).await;
    assert_eq!(step(&desk.journey), first);
    desk.hear().await;
}

/// Waits until the form that is open was looked up.
async fn looked_up(desk: &mut Desk) {
    let is_form = |journey: &Journey| {
        let form = journey.console.state().sessions.form.as_ref();
        form.is_some_and(|form| !matches!(form.preflight, sekisho::state::sessions::form::Lookup::Asked))
    };
    desk.journey.until("looked up", is_form).await;
}

/// Reads what is kept of a run.
fn kept(desk: &Desk, run: &str) -> Value {
    let path = desk.folder.path().join(format!("runs/{run}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Walks a 5xx rise to its rollback.
async fn to_rollback(desk: &mut Desk) {
    answer(desk, "\"web\"", "inc-5xx", "alarm").await;
    to(desk, "enter", "services").await;
    to(desk, "enter", "scope").await;
    write(desk, "web、全利用者、09:00から").await;
    to(desk, "enter", "cause").await;
    to(desk, "y", "rollback").await;
}

/// Carries out the rollback of the open step, and comes back to the run.
async fn roll_back(desk: &mut Desk) {
    desk.journey.press("x");
    desk.pick("service-rollback/web");
    looked_up(desk).await;
    desk.fill(&["リリース後に5xxが増加", "INC-204", "web"]);
    let is_begun = |journey: &Journey| !journey.console.state().sessions.live.is_empty();
    desk.journey.until("begun", is_begun).await;
    desk.hear().await;
    desk.carried_out().await;
    while desk.journey.console.state().screen != Screen::Run {
        desk.journey.press("esc");
    }
    desk.hear().await;
}

fn outcome(desk: &Desk) -> Option<Outcome> {
    let visit = desk.journey.console.state().runbooks.front()?.run.visit()?;
    visit.outcome().map(|came| came.result)
}

#[rstest]
#[case(Lang::En, "Detection", "done")]
#[case(Lang::Ja, "検知", "完了")]
#[tokio::test(flavor = "multi_thread")]
async fn a_responder_runs_the_runbook_that_answers_the_row_to_its_report(
    #[case] lang: Lang,
    #[case] first: &str,
    #[case] done: &str,
) {
    let mut desk = sit("bad-deploy", Persona::Responder, lang).await;
    answer(&mut desk, "\"web\"", "inc-5xx", "alarm").await;
    desk.journey.shows(first);
    desk.journey.press("esc");
    desk.hear().await;
    // The run is still there, and is gone on with from the same row.
    answer(&mut desk, "\"web\"", "inc-5xx/1", "alarm").await;
    to(&mut desk, "enter", "services").await;
    to(&mut desk, "enter", "scope").await;
    write(&mut desk, "web、全利用者、09:00から").await;
    to(&mut desk, "enter", "cause").await;
    to(&mut desk, "y", "rollback").await;
    roll_back(&mut desk).await;
    assert_eq!(
        (desk.live().end.clone().unwrap().0, outcome(&desk)),
        (End::Finished(Finish::Done), Some(Outcome::Done))
    );
    to(&mut desk, "enter", "calm").await;
    to(&mut desk, "enter", "recovered").await;
    to(&mut desk, "y", "review").await;
    write(&mut desk, "閾値を見直す(担当: 山田)").await;
    to(&mut desk, "enter", "report").await;
    to(&mut desk, "enter", "").await;
    desk.assert_journal("service-rollback/web", "done");
    for record in desk.records() {
        assert_eq!((&record["act"]["run"], &record["act"]["step"]), (&"inc-5xx/1".into(), &"rollback".into()));
    }
    let report = fs::read_to_string(desk.folder.path().join("runs/inc-5xx.1.md")).unwrap();
    for part in ["service-rollback/web", "閾値を見直す", "全利用者", done] {
        assert!(report.contains(part), "{part}: {report}");
    }
    desk.journey.console.shutdown().await;
    let run = kept(&desk, "inc-5xx.1");
    assert!(run["ended"]["given_up"].is_null() && !run["ended"].is_null(), "{run:#}");
}

#[rstest]
#[case(Lang::En)]
#[case(Lang::Ja)]
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_runs_a_leaked_key_and_takes_note_of_its_finding(#[case] lang: Lang) {
    let mut desk = sit("leaked-key", Persona::Operator, lang).await;
    desk.journey.go("5").await;
    let key = desk.journey.console.state().findings.selected().unwrap().finding.key.id.clone();
    desk.journey.go("8 /").await;
    desk.journey.write("inc-leaked-key prd");
    desk.journey.press("enter enter");
    if matches!(desk.journey.console.state().overlays.last(), Some(Overlay::Offers(_))) {
        desk.pick("inc-leaked-key");
    }
    desk.journey.until("a run", |journey| journey.console.state().screen == Screen::Run).await;
    desk.hear().await;
    to(&mut desk, "enter", "support").await;
    desk.journey.press("t a");
    desk.hear().await;
    to(&mut desk, "enter", "which").await;
    for (words, next) in
        [("AKIA…はCIのもの", "disabled"), ("09:12に無効化", "trail"), ("DescribeInstancesのみ", "used")]
    {
        write(&mut desk, words).await;
        to(&mut desk, "enter", next).await;
    }
    to(&mut desk, "n", "tell").await;
    desk.journey.press("x");
    looked_up(&mut desk).await;
    let fields = desk.journey.console.state().sessions.form.as_ref().unwrap().asked().count();
    let answers = ["担当者に連絡済み", &key, "yes"];
    assert_eq!(fields, answers.len(), "{}", desk.journey.text());
    for answer in &answers[..2] {
        desk.enter(answer);
    }
    // Which finding it is was typed: it is looked up anew.
    desk.journey.press("ctrl-r");
    let is_found = |journey: &Journey| {
        journey.console.state().sessions.form.as_ref().is_some_and(|form| !form.targets().is_empty())
    };
    desk.journey.until("the finding", is_found).await;
    desk.fill(&answers[2..]);
    desk.journey.until("begun", |journey| !journey.console.state().sessions.live.is_empty()).await;
    desk.carried_out().await;
    assert_eq!(desk.live().end.clone().unwrap().0, End::Finished(Finish::Done), "{}", desk.journey.text());
    desk.assert_journal("finding-notified", "done");
    let act = &desk.records()[0]["act"];
    assert_eq!((&act["run"], &act["role"]), (&"inc-leaked-key/1".into(), &"operator".into()));
    desk.journey.console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_taken_up_where_it_was_left_by_somebody_else() {
    let mut desk = sit("bad-deploy", Persona::Responder, Lang::En).await;
    to_rollback(&mut desk).await;
    desk.journey.console.shutdown().await;
    // The laptop is closed; staff goes on, in a console of their own.
    let Desk { folder, .. } = desk;
    let mut desk = sit_with("bad-deploy", Persona::Staff, Lang::Ja, folder).await;
    answer(&mut desk, "\"web\"", "inc-5xx/1", "rollback").await;
    roll_back(&mut desk).await;
    assert_eq!(outcome(&desk), Some(Outcome::Done));
    assert_eq!(desk.records()[0]["act"]["role"], "staff");
    desk.journey.console.shutdown().await;
    let run = kept(&desk, "inc-5xx.1");
    let roles: Vec<&str> =
        run["shifts"].as_array().unwrap().iter().map(|one| one["actor"]["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["responder", "staff"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_whose_answer_never_comes_is_unknown_in_its_run() {
    let mut desk = sit("bad-deploy", Persona::Responder, Lang::En).await;
    to_rollback(&mut desk).await;
    desk.journey.simulator.inject(Fault::new(FaultKind::Status, "ssm:StartAutomationExecution"));
    roll_back(&mut desk).await;
    assert_eq!(outcome(&desk), Some(Outcome::Unknown));
    desk.journey.press("enter");
    assert_eq!(step(&desk.journey), "rollback", "what nobody knows is not taken for done");
    desk.assert_journal("service-rollback/web", "unknown");
    desk.journey.console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_journal_takes_nothing_the_operation_of_a_run_is_not_begun() {
    let mut desk = sit("bad-deploy", Persona::Responder, Lang::En).await;
    to_rollback(&mut desk).await;
    let path = desk.folder.path().join(sekisho::journal::FILE);
    let _ = fs::remove_file(&path);
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    roll_back(&mut desk).await;
    assert_eq!(outcome(&desk), Some(Outcome::Refused));
    assert_eq!(desk.journey.simulator.calls().of("ssm:StartAutomationExecution"), 0);
    desk.journey.console.shutdown().await;
}

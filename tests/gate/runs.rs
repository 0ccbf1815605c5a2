//! Runs of runbooks: the rules by which one goes from step to step, and what is kept of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sekisho::domain::environment::Kind;
use sekisho::i18n::{Lang, Texts};
use sekisho::runbook::book::{Runbook, RunbookId};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::EntryId;
use sekisho::runbook::query::{Board, Query};
use sekisho::runbook::report;
use sekisho::runbook::run::{Actor, Began, Came, How, Improper, Missing, Outcome, Run, RunId, Setting, Way, What};

use super::support::environment;

fn runbook(id: &str) -> Runbook {
    let catalogue = Catalogue::built_in();
    catalogue.runbook(&environment("prd", Kind::Prd), &RunbookId(id.into())).unwrap().as_ref().clone()
}

fn actor(name: &str) -> Actor {
    Actor { arn: format!("arn:aws:sts::111122223333:assumed-role/x/{name}"), role: "responder".into() }
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn begin(id: &str) -> Run {
    let (environment, account, catalogue) = ("prd".to_owned(), "111122223333".to_owned(), "0af7".to_owned());
    let setting = Setting { environment, account, catalogue };
    let number = 7;
    let id = RunId { runbook: RunbookId(id.into()), number };
    let runbook = runbook(&id.runbook.0);
    Run::begin(id, setting, runbook, actor("op-0137"), at(0)).unwrap()
}

fn saw(query: Query) -> What {
    What::Saw(query.look(&Board::default(), at(0)))
}

fn here(run: &Run) -> &str {
    run.step().map_or("", |step| step.id.0.as_str())
}

fn began(entry: &str) -> What {
    What::Began(Began { entry: EntryId(entry.into()), parameters: BTreeMap::new() })
}

fn came(result: Outcome) -> What {
    What::Came(Came { result, detail: String::new() })
}

/// Walks an incident up to the rollback.
fn at_rollback() -> Run {
    let mut run = begin("inc-5xx");
    run.record(saw(Query::AlarmsFiring), at(1)).unwrap();
    run.go_on(Way::Next, at(1)).unwrap();
    run.record(saw(Query::ServicesUnsteady), at(2)).unwrap();
    run.go_on(Way::Next, at(2)).unwrap();
    run.record(What::Wrote("web、全利用者\n09:00から".into()), at(3)).unwrap();
    run.record(What::Kept("CRIT web 2/3".into()), at(3)).unwrap();
    run.go_on(Way::Next, at(3)).unwrap();
    run.go_on(Way::Yes, at(4)).unwrap();
    assert_eq!(here(&run), "rollback");
    run
}

#[test]
fn one_goes_on_only_when_nothing_is_lacking() {
    let mut run = begin("inc-5xx");
    let lacking = |what| Err(Improper::Lacking(what));
    assert_eq!(run.go_on(Way::Next, at(1)), lacking(vec![Missing::Sight]));
    assert_eq!(run.go_on(Way::Yes, at(1)), Err(Improper::NotHere));
    assert_eq!(run.record(saw(Query::WafSpike), at(1)), Err(Improper::NotHere));
    run.record(saw(Query::AlarmsFiring), at(1)).unwrap();
    run.go_on(Way::Next, at(1)).unwrap();
    run.record(saw(Query::ServicesUnsteady), at(1)).unwrap();
    run.go_on(Way::Next, at(1)).unwrap();
    assert_eq!(run.go_on(Way::Next, at(2)), lacking(vec![Missing::Text, Missing::Snapshot]));
    assert_eq!(run.record(What::Wrote(" \n\t\n".into()), at(2)), Err(Improper::Empty));
    run.record(What::Wrote("web".into()), at(2)).unwrap();
    assert_eq!(run.go_on(Way::Next, at(2)), lacking(vec![Missing::Snapshot]));
    run.record(What::Kept("x".into()), at(2)).unwrap();
    run.go_on(Way::Next, at(2)).unwrap();
    assert_eq!(run.go_on(Way::Next, at(3)), lacking(vec![Missing::Answer]));
    assert_eq!(run.skip("急ぎ", at(3)), lacking(vec![Missing::Answer]));
    run.go_on(Way::No, at(3)).unwrap();
    assert_eq!(here(&run), "broken");
}

#[test]
fn an_operation_is_done_or_left_for_a_reason_and_never_in_its_midst() {
    let mut run = at_rollback();
    assert_eq!(run.go_on(Way::Next, at(5)), Err(Improper::Lacking(vec![Missing::Operation])));
    run.record(began("service-rollback/web"), at(5)).unwrap();
    assert_eq!(run.record(began("service-rollback/web"), at(5)), Err(Improper::UnderWay));
    assert_eq!(run.go_on(Way::Next, at(5)), Err(Improper::UnderWay));
    assert_eq!(run.skip("x", at(5)), Err(Improper::UnderWay));
    assert_eq!(run.give_up("x", at(5)), Err(Improper::UnderWay));
    run.record(came(Outcome::Failed), at(6)).unwrap();
    assert_eq!(run.go_on(Way::Next, at(6)), Err(Improper::Lacking(vec![Missing::Operation])));
    run.record(began("service-rollback/web"), at(7)).unwrap();
    run.record(came(Outcome::Done), at(8)).unwrap();
    run.go_on(Way::Next, at(8)).unwrap();
    assert_eq!(here(&run), "calm");
}

#[test]
fn after_a_crash_an_operation_that_was_under_way_is_unknown_and_never_failed() {
    let mut run = at_rollback();
    assert!(!run.recover(at(5)));
    run.record(began("service-rollback/web"), at(5)).unwrap();
    let text = serde_json::to_string(&run).unwrap();
    let mut again: Run = serde_json::from_str(&text).unwrap();
    assert!(again == run && again.is_sound());
    assert!(again.recover(at(60)) && !again.recover(at(61)));
    let visit = again.visit().unwrap();
    assert_eq!(visit.outcome().unwrap().result, Outcome::Unknown);
    assert_eq!(again.go_on(Way::Next, at(62)), Err(Improper::Lacking(vec![Missing::Operation])));
    again.skip("ジャーナルで完了を確認した", at(63)).unwrap();
    assert_eq!(here(&again), "calm");
}

#[test]
fn people_are_told_one_after_the_other_each_with_their_time() {
    let mut run = begin("idc-outage");
    run.skip("x", at(0)).unwrap();
    assert_eq!(here(&run), "staff");
    let state = run.escalation(at(0)).unwrap();
    assert_eq!((state.next, state.is_due), (Some((0, at(0))), true));
    assert_eq!(run.record(What::Told(3), at(1)), Err(Improper::NotHere));
    run.record(What::Told(0), at(1)).unwrap();
    let state = run.escalation(at(5)).unwrap();
    assert_eq!((state.next, state.is_due, state.is_settled()), (Some((1, at(11))), false, false));
    assert!(run.escalation(at(11)).unwrap().is_due);
    assert_eq!(run.go_on(Way::Next, at(11)), Err(Improper::Lacking(vec![Missing::Reply])));
    run.record(What::Told(1), at(12)).unwrap();
    run.record(What::Told(2), at(22)).unwrap();
    assert!(!run.escalation(at(31)).unwrap().is_settled());
    assert!(run.escalation(at(32)).unwrap().is_exhausted);
    let mut answered = run.clone();
    answered.record(What::Answered(1), at(23)).unwrap();
    answered.go_on(Way::Next, at(23)).unwrap();
    run.go_on(Way::Next, at(32)).unwrap();
    assert_eq!((here(&answered), here(&run)), ("needed", "needed"));
}

#[test]
fn whoever_takes_over_is_written_down_and_a_clock_set_back_moves_nothing_back() {
    let mut run = at_rollback();
    run.take_over(actor("op-0137"), at(5));
    assert_eq!(run.shifts.len(), 1);
    run.take_over(actor("op-0200"), at(-60));
    assert_eq!(run.shifts.len(), 2);
    run.record(What::Wrote("引き継ぎ".into()), at(-60)).unwrap();
    let deed = run.visit().unwrap().deeds.last().unwrap();
    assert!(deed.by.ends_with("op-0200") && deed.at >= run.visits[0].began_at && run.shifts[1].at >= at(4));
}

#[test]
fn a_run_that_is_given_up_or_over_takes_nothing_more() {
    let mut run = at_rollback();
    assert_eq!(run.give_up("  ", at(5)), Err(Improper::Empty));
    run.give_up("誤報だった", at(5)).unwrap();
    assert!(run.is_over() && run.is_sound() && run.step().is_none());
    assert_eq!(run.record(What::Wrote("x".into()), at(6)), Err(Improper::Over));
    assert_eq!((run.go_on(Way::Next, at(6)), run.skip("x", at(6))), (Err(Improper::Over), Err(Improper::Over)));
}

#[test]
fn what_is_written_is_bounded_and_clean() {
    let mut run = at_rollback();
    assert_eq!(run.record(What::Wrote("x".repeat(64 * 1024)), at(5)), Err(Improper::TooMuch));
    run.record(What::Wrote("\u{1b}[31m赤\r\n\"二\" <script>\u{0}".into()), at(5)).unwrap();
    let What::Wrote(text) = &run.visit().unwrap().deeds[0].what else { panic!() };
    assert!(text.starts_with('赤') || text.contains('赤'), "{text:?}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{0}') && text.lines().count() == 2, "{text:?}");
}

#[test]
fn a_report_says_everything_and_nothing_of_it_is_more_than_text() {
    let mut run = at_rollback();
    run.record(What::Wrote("```\n# <script>alert(1)</script> [x](javascript:y)".into()), at(5)).unwrap();
    run.record(began("service-rollback/web"), at(5)).unwrap();
    run.record(came(Outcome::Unknown), at(6)).unwrap();
    run.skip("AWSで完了を確認", at(7)).unwrap();
    for lang in Lang::ALL {
        let texts = Texts::of(lang);
        let (markdown, html) = (report::markdown(&run, texts), report::html(&run, texts));
        for part in ["inc-5xx/7", "111122223333", "op-0137", "service-rollback/web", "web、全利用者", "AWSで完了を確認"]
        {
            let escaped = part.replace('_', "\\_");
            assert!(markdown.contains(part) || markdown.contains(&escaped), "{part} in\n{markdown}");
            assert!(html.contains(part), "{part} in\n{html}");
        }
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        assert!(markdown.contains("````text\n```\n# <script>"), "{markdown}");
        assert!(!markdown.contains("runbooks.") && !html.contains("runbooks."));
    }
    let json: serde_json::Value = serde_json::from_str(&report::json(&run).unwrap()).unwrap();
    assert_eq!((&json["schema"], &json["id"]), (&"sekisho/run/1".into(), &"inc-5xx/7".into()));
    assert_eq!(json["setting"]["catalogue"], "0af7");
}

#[test]
fn names_of_runs_are_read_as_they_are_written() {
    for text in ["inc-5xx/7", "a/18446744073709551615"] {
        assert_eq!(text.parse::<RunId>().unwrap().to_string(), text);
    }
    for text in ["", "inc-5xx", "inc-5xx/", "inc-5xx/0", "inc-5xx/07", "inc-5xx/-1", "../x/1", "A/1", "a/1/2"] {
        assert!(text.parse::<RunId>().is_err(), "{text}");
    }
}

/// Anything that somebody may try in a run.
#[derive(Debug, Clone)]
enum Try {
    Go(Way),
    Record(What),
    Skip,
    Recover,
}

fn any_try() -> impl Strategy<Value = Try> {
    let what = prop_oneof![
        prop::sample::select(Query::ALL.to_vec()).prop_map(saw),
        Just(What::Wrote("書いた".into())),
        Just(What::Kept("見た".into())),
        Just(began("service-rollback/web")),
        prop::sample::select(vec![Outcome::Done, Outcome::Refused, Outcome::Failed, Outcome::Unknown]).prop_map(came),
        (0..5_usize).prop_map(What::Told),
        (0..5_usize).prop_map(What::Answered),
        Just(What::Exported(vec!["x.md".into()])),
    ];
    prop_oneof![
        3 => prop::sample::select(vec![Way::Next, Way::Yes, Way::No]).prop_map(Try::Go),
        6 => what.prop_map(Try::Record),
        1 => Just(Try::Skip),
        1 => Just(Try::Recover),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_tried_a_run_stays_sound_and_is_kept_as_it_is(
        tries in prop::collection::vec((any_try(), -30..30_i64), 0..80),
        id in prop::sample::select(vec!["inc-5xx", "idc-outage", "daily-check", "stuck-task"]),
    ) {
        let mut run = begin(id);
        let mut now = 0;
        for (tried, later) in tries {
            now += later;
            let before = run.clone();
            let done = match tried {
                Try::Go(way) => run.go_on(way, at(now)),
                Try::Record(what) => run.record(what, at(now)),
                Try::Skip => run.skip("理由", at(now)),
                Try::Recover => { run.recover(at(now)); Ok(()) }
            };
            prop_assert!(done.is_ok() || run == before, "a refusal changes nothing");
            prop_assert!(run.is_sound());
            let mut times: Vec<Timestamp> = Vec::new();
            for visit in &run.visits {
                times.push(visit.began_at);
                times.extend(visit.deeds.iter().map(|deed| deed.at));
                times.extend(visit.left.as_ref().map(|left| left.at));
                let done = visit.left.as_ref().is_some_and(|left| left.how == How::Done);
                prop_assert!(!done || visit.under_way().is_none());
            }
            prop_assert!(times.is_sorted());
            let kept: Run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
            prop_assert_eq!(&kept, &run);
        }
    }
}

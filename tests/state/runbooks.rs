//! Screen 8 and the runs: what may be run, what a step wants, what is on the disk before what, who acts.

use std::sync::Arc;

use jiff::SignedDuration;
use sekisho::command::Command;
use sekisho::domain::fetch::Panel;
use sekisho::domain::preflight::Preflight;
use sekisho::domain::progress::Finish;
use sekisho::domain::session::{End, SessionReport};
use sekisho::domain::target::Target;
use sekisho::policy::Denial;
use sekisho::runbook::query::Verdict as Sighted;
use sekisho::runbook::run::{Outcome, What};
use sekisho::state::event::{Effect, Event, Generation, Report};
use sekisho::state::overlay::Overlay;
use sekisho::state::runbooks::{RunList, RunPanel, RunReport, RunWish};
use sekisho::state::sessions::live::Refusal;
use sekisho::state::sessions::offer::Offer;
use sekisho::state::sessions::target::Verdict;
use sekisho::state::update::update;
use sekisho::state::{Screen, State};

use crate::support::runbooks::{
    at_escalation, at_rollback, begin, begun, front, listed, note, over, ready, settle, settle_on, step, tell,
};
use crate::support::sessions::{run, say, write};
use crate::support::{denied, identity, now, report, report_at};

fn notice(state: &State) -> &'static str {
    state.notice.as_ref().map_or("", |notice| notice.key)
}

fn last_deed(state: &State) -> &What {
    &front(state).run.visits.iter().rev().find_map(|visit| visit.deeds.last()).expect("a deed").what
}

#[test]
fn the_list_has_what_this_role_may_run_first() {
    let mut state = ready();
    let effects = run(&mut state, Command::Runbooks);
    assert_eq!((state.screen, effects), (Screen::Runbooks, vec![Effect::Run(RunWish::List)]));
    let rows = &state.runbooks.rows;
    assert_eq!(rows.len(), state.runbooks.total);
    assert!(rows.is_sorted_by_key(|row| row.verdict != Verdict::Allowed));
    assert!(rows[0].key.environment == 0 && rows[0].verdict == Verdict::Allowed, "production first");
    assert!(rows.iter().any(|row| row.runbook.id.0 == "inc-5xx"));
}

#[test]
fn a_row_of_the_queue_offers_the_runbook_that_answers_it_before_anything_else() {
    let mut state = ready();
    let row = state.overview.items.iter().position(|item| format!("{:?}", item.subject).contains("web")).unwrap();
    for _ in 0..row {
        run(&mut state, Command::Down);
    }
    run(&mut state, Command::Actions);
    let Some(Overlay::Offers(offers)) = state.overlays.last() else { panic!("{:?}", state.overlays) };
    assert!(matches!(&offers.rows[0], Offer::Begin(row) if row.runbook.id.0 == "inc-5xx"), "{:?}", offers.rows[0]);
    tell(&mut state, Command::Open);
    assert_eq!((state.screen, step(&state).as_str()), (Screen::Run, "alarm"));
    assert_eq!(state.shown, Some(0), "a run shows its own environment alone");
}

#[test]
fn a_run_that_is_still_open_is_offered_to_be_gone_on_with() {
    let mut state = ready();
    update(&mut state, Event::Run(RunReport::Listed(Ok(RunList { rows: listed(), broken: 1 }))));
    run(&mut state, Command::Runbooks);
    let row = state.runbooks.rows.iter().position(|row| row.runbook.id.0 == "inc-5xx").unwrap();
    for _ in 0..row {
        run(&mut state, Command::Down);
    }
    run(&mut state, Command::Open);
    let Some(Overlay::Offers(offers)) = state.overlays.last() else { panic!("{:?}", state.overlays) };
    assert!(
        matches!(&offers.rows[..], [Offer::GoOn(run, _), Offer::Begin(_)] if run.id.number == 7),
        "{:?}",
        offers.rows
    );
    let effects = run(&mut state, Command::Open);
    assert!(matches!(&effects[..], [Effect::Run(RunWish::Open(id))] if id.number == 7), "{effects:?}");
}

#[test]
fn a_check_has_all_read_anew_and_answers_from_nothing_older() {
    let mut state = begun();
    let later = now() + SignedDuration::from_mins(3);
    update(&mut state, Event::Tick(later));
    let effects = run(&mut state, Command::Look);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Refresh(sources) if !sources.is_empty())),
        "{effects:?}"
    );
    assert_eq!(front(&state).run.visits[0].deeds.len(), 1, "what was read before is no answer");
    update(&mut state, Event::Tick(later + SignedDuration::from_secs(50)));
    let What::Saw(sight) = last_deed(&state) else { panic!("{:?}", last_deed(&state)) };
    assert_eq!(sight.why, ["unread"], "what takes too long is said not to be known");
}

#[test]
fn a_check_looks_by_itself_once_all_was_read_and_again_when_asked() {
    let state = begun();
    let What::Saw(sight) = last_deed(&state) else { panic!("{:?}", last_deed(&state)) };
    assert_eq!(sight.verdict, Sighted::Found);
    let mut state = state;
    tell(&mut state, Command::Look);
    assert_eq!(front(&state).run.visits[0].deeds.len(), 2);
}

#[test]
fn a_check_waits_for_what_was_not_read_and_says_unknown_where_it_cannot_be() {
    let mut state = ready();
    let generation = Generation(1);
    report_at(&mut state, 0, generation, now(), identity("111122223333"));
    begin(&mut state, "inc-5xx");
    assert!(front(&state).run.visits[0].deeds.is_empty(), "nothing was read under this identity yet");
    report_at(&mut state, 0, generation, now(), Report::Failed(Panel::Alarms, denied("cloudwatch:DescribeAlarms")));
    let What::Saw(sight) = last_deed(&state) else { panic!("{:?}", last_deed(&state)) };
    assert_eq!(
        (sight.verdict, sight.why.as_slice()),
        (Sighted::Unknown, ["cloudwatch:DescribeAlarms".to_owned()].as_slice())
    );
}

#[test]
fn what_failed_before_says_nothing_of_the_look_that_was_asked_for() {
    let mut state = begun();
    report(&mut state, 0, Report::Failed(Panel::Alarms, denied("cloudwatch:DescribeAlarms")));
    update(&mut state, Event::Tick(now() + SignedDuration::from_secs(10)));
    run(&mut state, Command::Look);
    assert_eq!(front(&state).run.visits[0].deeds.len(), 1, "the failure is older");
    let failed = sekisho::domain::fetch::Failure {
        at: now() + SignedDuration::from_secs(11),
        ..denied("cloudwatch:DescribeAlarms")
    };
    let again = now() + SignedDuration::from_secs(11);
    report_at(&mut state, 0, Generation::default(), again, Report::Failed(Panel::Alarms, failed));
    assert_eq!(front(&state).run.visits[0].deeds.len(), 2);
}

#[test]
fn what_a_note_keeps_is_collected_and_words_are_asked_for() {
    let mut state = begun();
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::GoOn);
    assert_eq!(step(&state), "scope");
    assert!(matches!(last_deed(&state), What::Kept(_)), "kept by itself");
    tell(&mut state, Command::GoOn);
    assert!(matches!(state.overlays.last(), Some(Overlay::Words(_))), "words are lacking: they are asked for");
    write(&mut state, "half a thought");
    run(&mut state, Command::Cancel);
    assert!(state.overlays.is_empty() && step(&state) == "scope");
    run(&mut state, Command::Write);
    note(&mut state, " and the rest; password=hunter2");
    let What::Wrote(text) = last_deed(&state) else { panic!("{:?}", last_deed(&state)) };
    assert!(text.starts_with("half a thought and the rest") && !text.contains("hunter2"), "{text}");
    tell(&mut state, Command::GoOn);
    assert_eq!(step(&state), "cause");
}

#[test]
fn a_pasted_note_keeps_its_lines_and_what_is_deleted_comes_back() {
    let mut state = begun();
    run(&mut state, Command::Write);
    update(&mut state, Event::Paste("first\nsecond\nthird".to_owned()));
    let Some(Overlay::Words(prompt)) = state.overlays.last() else { panic!() };
    assert_eq!(
        (prompt.lines.as_slice(), prompt.input.value()),
        (["first".to_owned(), "second".to_owned()].as_slice(), "third")
    );
    for _ in 0..6 {
        update(&mut state, Event::Edit(tui_input::InputRequest::DeletePrevChar));
    }
    let Some(Overlay::Words(prompt)) = state.overlays.last() else { panic!() };
    assert_eq!((prompt.lines.len(), prompt.input.value()), (1, "second"));
}

#[test]
fn a_decision_takes_a_yes_or_a_no_and_nothing_else() {
    let mut state = at_rollback();
    assert_eq!(step(&state), "rollback");
    assert!(tell(&mut state, Command::Yes).is_empty());
    assert_eq!((step(&state).as_str(), notice(&state)), ("rollback", "runbooks.run.not-here"));
    let mut state = begun();
    for command in [Command::GoOn, Command::GoOn, Command::GoOn] {
        tell(&mut state, command);
    }
    note(&mut state, "web");
    tell(&mut state, Command::GoOn);
    for command in [Command::GoOn, Command::Skip] {
        tell(&mut state, command);
        assert_eq!(step(&state), "cause", "{command:?}");
    }
    tell(&mut state, Command::No);
    assert_eq!(step(&state), "broken");
}

fn web() -> Target {
    Target::Service { cluster: "shop-prd".to_owned(), service: "web".to_owned() }
}

/// Fills in the form of the rollback; returns what is to be done on the last key.
fn submit(state: &mut State) -> Vec<Effect> {
    let id = state.sessions.form.as_ref().expect("a form").id;
    let preflight = Preflight { targets: vec![web()], ..Preflight::default() };
    say(state, id, SessionReport::Preflight(Arc::new(preflight)));
    write(state, "5xx since the deployment");
    run(state, Command::NextEntry);
    write(state, "INC-204");
    run(state, Command::NextEntry);
    write(state, "web");
    run(state, Command::Accept)
}

/// Opens the form of the open step's operation on its first target.
fn operate(state: &mut State) {
    tell(state, Command::GoOn);
    tell(state, Command::Open);
    assert_eq!(state.screen, Screen::Form);
}

#[test]
fn an_operation_starts_only_once_its_run_says_so_on_the_disk() {
    let mut state = at_rollback();
    operate(&mut state);
    let step = state.sessions.form.as_ref().unwrap().step.clone().unwrap();
    assert_eq!((step.run.as_str(), step.step.as_str()), ("inc-5xx/7", "rollback"));
    let effects = submit(&mut state);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Start { .. })), "{effects:?}");
    let Some(Effect::Run(RunWish::Keep { run: kept, .. })) = effects.first() else { panic!("{effects:?}") };
    assert!(kept.visit().unwrap().under_way().is_some());
    let started = settle(&mut state, effects);
    let [Effect::Start { id, step: Some(step), request, .. }] = &started[..] else { panic!("{started:?}") };
    assert_eq!((step.run.as_str(), request.ticket.as_deref()), ("inc-5xx/7", Some("INC-204")));
    assert_eq!(state.screen, Screen::Operation);
    // Nothing else may be done to the run meanwhile, and its end goes into it wherever the person is.
    let id = *id;
    run(&mut state, Command::Back);
    assert_eq!(state.screen, Screen::Run);
    assert!(tell(&mut state, Command::Skip).is_empty() && state.overlays.is_empty());
    assert_eq!(notice(&state), "runbooks.run.under-way");
    run(&mut state, Command::Overview);
    let effects = say(&mut state, id, SessionReport::Ended(End::Finished(Finish::Done)));
    settle(&mut state, effects);
    assert_eq!(front(&state).run.visit().unwrap().outcome().unwrap().result, Outcome::Done);
}

#[test]
fn an_operation_that_is_taken_back_before_its_run_is_on_the_disk_never_starts() {
    let mut state = at_rollback();
    operate(&mut state);
    let effects = submit(&mut state);
    let id = state.sessions.front().unwrap().id;
    run(&mut state, Command::EndSession);
    run(&mut state, Command::Down);
    let ended = run(&mut state, Command::Open);
    assert!(!ended.iter().any(|effect| matches!(effect, Effect::End { .. })), "{ended:?}");
    assert_eq!(state.sessions.get(id).unwrap().refusal, Some(Refusal::Withdrawn));
    let started = settle(&mut state, effects);
    assert!(!started.iter().any(|effect| matches!(effect, Effect::Start { .. })), "{started:?}");
    assert_eq!(front(&state).run.visit().unwrap().outcome().unwrap().result, Outcome::Refused);
}

#[test]
fn who_goes_elsewhere_stays_in_the_run_and_who_leaves_it_is_back_where_they_were() {
    let mut state = at_rollback();
    run(&mut state, Command::Write);
    write(&mut state, "half a thought");
    run(&mut state, Command::Cancel);
    run(&mut state, Command::Services);
    assert_eq!((state.shown, front(&state).run.is_over()), (Some(0), false));
    tell(&mut state, Command::Runbooks);
    assert_eq!(state.screen, Screen::Run);
    assert_eq!(front(&state).draft.1.value(), "half a thought");
    let left = run(&mut state, Command::Back);
    assert!(left.iter().any(|effect| matches!(effect, Effect::Run(RunWish::Release(_)))), "{left:?}");
    assert!(state.runbooks.held.is_empty() && state.runbooks.front().is_none());
    assert_eq!((state.shown, notice(&state)), (None, "runbooks.notice.back-to-all"));
}

#[test]
fn a_run_that_comes_late_takes_nobody_away_and_is_asked_for_once() {
    let mut state = ready();
    run(&mut state, Command::Runbooks);
    run(&mut state, Command::Open);
    let asked = run(&mut state, Command::Open);
    run(&mut state, Command::Open);
    assert!(run(&mut state, Command::Open).is_empty(), "one at a time");
    run(&mut state, Command::Alarms);
    let left = settle(&mut state, asked);
    assert!(matches!(&left[..], [Effect::Run(RunWish::Release(_)), Effect::Run(RunWish::List)]), "{left:?}");
    assert_eq!((state.screen, notice(&state)), (Screen::Alarms, "runbooks.notice.opened"));
    assert!(state.runbooks.held.is_empty() && state.runbooks.front().is_none());
}

#[test]
fn all_environments_are_not_what_a_run_looks_at() {
    let mut state = at_rollback();
    run(&mut state, Command::Environment);
    run(&mut state, Command::Top);
    tell(&mut state, Command::Open);
    assert!(state.screen != Screen::Run && state.runbooks.front().is_none());
}

#[test]
fn a_filter_hides_nothing_from_a_run() {
    let mut state = ready();
    run(&mut state, Command::Services);
    run(&mut state, Command::Filter);
    write(&mut state, "nothing-like-it");
    run(&mut state, Command::Accept);
    assert!(state.services.rows.is_empty());
    begin(&mut state, "inc-5xx");
    assert!(!state.services.rows.is_empty());
}

#[test]
fn a_disk_that_does_not_answer_holds_everything_back() {
    let mut state = begun();
    let unanswered = run(&mut state, Command::GoOn);
    assert!(!unanswered.is_empty() && !front(&state).is_kept());
    update(&mut state, Event::Tick(now() + SignedDuration::from_secs(3)));
    run(&mut state, Command::GoOn);
    assert_eq!((step(&state).as_str(), notice(&state)), ("services", "runbooks.notice.late"));
    settle(&mut state, unanswered);
    assert!(front(&state).is_kept());
}

#[test]
fn an_operation_that_the_disk_did_not_take_is_not_started() {
    let mut state = at_rollback();
    operate(&mut state);
    let effects = submit(&mut state);
    let left = settle_on(&mut state, effects, &Err("No space left on device".to_owned()));
    assert!(!left.iter().any(|effect| matches!(effect, Effect::Start { .. })), "{left:?}");
    let live = state.sessions.front().unwrap();
    assert_eq!(live.refusal, Some(Refusal::Journal("No space left on device".to_owned())));
    run(&mut state, Command::Back);
    assert!(front(&state).unkept.is_some());
    assert_eq!(front(&state).run.visit().unwrap().outcome().unwrap().result, Outcome::Refused);
    // Nothing goes on until it can be kept; refreshing tries again.
    assert!(tell(&mut state, Command::Write).is_empty());
    write(&mut state, "x");
    run(&mut state, Command::Accept);
    tell(&mut state, Command::Accept);
    assert_eq!(notice(&state), "runbooks.notice.unkept");
    tell(&mut state, Command::Refresh);
    assert!(front(&state).unkept.is_none());
}

#[test]
fn what_came_of_an_operation_is_evidence_and_only_done_leads_on() {
    for (finish, outcome) in [
        (Finish::Failed { why: "RollBack: denied".to_owned() }, Outcome::Failed),
        (Finish::Unknown { why: "no answer".to_owned() }, Outcome::Unknown),
        (Finish::Cancelled, Outcome::Cancelled),
        (Finish::Done, Outcome::Done),
    ] {
        let mut state = at_rollback();
        operate(&mut state);
        let effects = submit(&mut state);
        let started = settle(&mut state, effects);
        let Some(Effect::Start { id, .. }) = started.first() else { panic!("{started:?}") };
        let effects = say(&mut state, *id, SessionReport::Ended(End::Finished(finish)));
        settle(&mut state, effects);
        run(&mut state, Command::Back);
        assert_eq!(front(&state).run.visit().unwrap().outcome().unwrap().result, outcome);
        tell(&mut state, Command::GoOn);
        let on = if outcome == Outcome::Done { "calm" } else { "rollback" };
        assert_eq!(step(&state), on, "{outcome:?}");
    }
}

#[test]
fn a_refusal_of_the_gate_is_evidence_as_well() {
    let mut state = at_rollback();
    operate(&mut state);
    let effects = submit(&mut state);
    let started = settle(&mut state, effects);
    let Some(Effect::Start { id, .. }) = started.first() else { panic!("{started:?}") };
    let effects = update(&mut state, Event::Refused(*id, Refusal::Denied(Denial::WrongAccount)));
    settle(&mut state, effects);
    let came = front(&state).run.visit().unwrap().outcome().unwrap().clone();
    assert_eq!((came.result, came.detail.as_str()), (Outcome::Refused, "wrong-account"));
}

#[test]
fn whoever_is_there_now_acts_and_who_may_not_changes_nothing() {
    let mut state = at_rollback();
    let before = front(&state).run.clone();
    let generation = Generation(1);
    report_at(
        &mut state,
        0,
        generation,
        now(),
        Report::Connected {
            identity: Arc::new(
                sekisho::domain::identity::Identity::from_caller(
                    "111122223333",
                    "arn:aws:sts::111122223333:assumed-role/SomebodyElse/someone",
                    "AROAEXAMPLE:someone",
                )
                .unwrap(),
            ),
            expires: None,
            endpoint: None,
        },
    );
    run(&mut state, Command::Skip);
    write(&mut state, "because");
    assert!(tell(&mut state, Command::Accept).is_empty());
    assert_eq!((front(&state).run.clone(), notice(&state)), (before, "runbooks.notice.not-allowed"));
}

#[test]
fn a_chain_is_told_in_turn_and_reminds_when_nobody_answers() {
    let mut state = at_escalation();
    assert_eq!(step(&state), "escalate");
    tell(&mut state, Command::Answered);
    assert_eq!(notice(&state), "runbooks.run.nobody-told");
    tell(&mut state, Command::GoOn);
    assert_eq!(notice(&state), "runbooks.notice.reply");
    tell(&mut state, Command::Told);
    state.notice = None;
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(14)));
    assert_eq!(notice(&state), "");
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(16)));
    assert_eq!(notice(&state), "runbooks.notice.tell-next");
    state.notice = None;
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(17)));
    assert_eq!(notice(&state), "", "once");
    tell(&mut state, Command::Told);
    tell(&mut state, Command::Answered);
    run(&mut state, Command::Up);
    tell(&mut state, Command::Open);
    assert!(matches!(last_deed(&state), What::Answered(0)), "the first called back: {:?}", last_deed(&state));
    tell(&mut state, Command::GoOn);
    assert_eq!(step(&state), "support");
}

#[test]
fn the_report_is_written_by_itself_and_again_at_the_end() {
    let state = over();
    let view = front(&state);
    assert!(view.run.is_over() && view.is_kept());
    assert_eq!(view.panel, RunPanel::Evidence);
    let mut state = state;
    assert!(tell(&mut state, Command::GoOn).is_empty());
    assert_eq!(notice(&state), "runbooks.notice.over");
}

#[test]
fn a_run_is_given_up_for_a_reason_only() {
    let mut state = at_escalation();
    tell(&mut state, Command::GiveUp);
    tell(&mut state, Command::Accept);
    assert!(!front(&state).run.is_over() && notice(&state) == "runbooks.run.empty");
    tell(&mut state, Command::GiveUp);
    write(&mut state, "another team has taken over");
    tell(&mut state, Command::Accept);
    assert_eq!(front(&state).run.ended.as_ref().unwrap().given_up.as_deref(), Some("another team has taken over"));
}

#[test]
fn a_run_of_elsewhere_or_of_another_account_is_let_go() {
    let run_of = |environment: &str, account: &str| {
        let mut run = sekisho::runbook::run::Run::clone(&front(&at_rollback()).run);
        run.setting.environment = environment.to_owned();
        run.setting.account = account.to_owned();
        Event::Run(RunReport::Opened(Ok(Box::new(run))))
    };
    for (event, said) in [
        (run_of("qa", "111122223333"), "runbooks.run.other-environment"),
        (run_of("prd", "999900001111"), "runbooks.run.other-account"),
    ] {
        let mut state = ready();
        let effects = update(&mut state, event);
        assert!(matches!(&effects[..], [Effect::Run(RunWish::Release(_))]), "{effects:?}");
        assert!(state.runbooks.front().is_none() && notice(&state) == said);
    }
}

#[test]
fn after_a_crash_an_operation_is_unknown_and_another_catalogue_is_said() {
    let mut state = at_rollback();
    operate(&mut state);
    let effects = submit(&mut state);
    settle(&mut state, effects);
    let mut left = sekisho::runbook::run::Run::clone(&front(&state).run);
    left.setting.catalogue = "0af7".to_owned();
    let mut state = ready();
    let effects = update(&mut state, Event::Run(RunReport::Opened(Ok(Box::new(left)))));
    settle(&mut state, effects);
    let view = front(&state);
    assert!(view.is_outdated);
    assert_eq!(view.run.visit().unwrap().outcome().unwrap().result, Outcome::Unknown);
    assert_eq!(notice(&state), "runbooks.notice.recovered");
}

#[test]
fn another_environment_leaves_the_run() {
    let mut state = at_rollback();
    report(&mut state, 0, Report::Asked(Panel::Alarms));
    run(&mut state, Command::Environment);
    run(&mut state, Command::Bottom);
    tell(&mut state, Command::Open);
    assert_ne!(state.screen, Screen::Run);
    assert!(state.runbooks.front().is_none() && state.shown == Some(2));
}

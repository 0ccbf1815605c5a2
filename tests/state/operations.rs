//! Changes: what may be done about what the cursor is on, the form, the steps, how they end.

use jiff::SignedDuration;
use sekisho::command::Command;
use sekisho::domain::finding::Workflow;
use sekisho::domain::progress::{Finish, Stage};
use sekisho::domain::session::SessionReport;
use sekisho::domain::target::Target;
use sekisho::policy::Denial;
use sekisho::runbook::entry::{EntryId, FINDING, TASK, WorkflowStatus};
use sekisho::state::event::{Effect, Event, Report};
use sekisho::state::overlay::Overlay;
use sekisho::state::sessions::offer::{About, Offer, Offers};
use sekisho::state::sessions::target::Verdict;
use sekisho::state::update::update;
use sekisho::state::{Screen, State};
use std::sync::Arc;

use crate::support::operations::{ended, entry_of, form, found, halfway, on_offers, progress, ready, started, take};
use crate::support::sessions::{clear, container, on_sessions, run, say, write};
use crate::support::{now, report, security};

fn offers(state: &State) -> &Offers {
    match state.overlays.last() {
        Some(Overlay::Offers(offers)) => offers,
        other => panic!("{other:?}"),
    }
}

fn ids(offers: &Offers) -> Vec<(String, bool)> {
    let named = |offer: &Offer| (entry_of(offer).entry.id.to_string(), *offer.verdict() == Verdict::Allowed);
    offers.rows.iter().map(named).collect()
}

fn notice(state: &State) -> Option<&'static str> {
    state.notice.as_ref().map(|notice| notice.key)
}

#[test]
fn what_fits_a_service_is_offered_and_what_this_role_may_not_comes_last_with_its_reason() {
    let state = on_offers();
    let rows = ids(offers(&state));
    let named: Vec<(&str, bool)> = rows.iter().map(|(id, allowed)| (id.as_str(), *allowed)).collect();
    assert_eq!(
        named,
        [
            ("service-redeploy/web", true),
            ("service-rollback/web", true),
            ("task-stop/web", true),
            ("service-scale/web", false)
        ]
    );
    let last = offers(&state).rows.last().unwrap();
    assert!(matches!(last.verdict(), Verdict::Denied(Denial::NotForRole { allowed, .. }) if *allowed == ["staff"]));
}

#[test]
fn one_that_may_not_be_used_says_why_and_opens_no_form() {
    let mut state = on_offers();
    assert!(take(&mut state, "service-scale/web").is_empty());
    assert!(state.sessions.form.is_none() && matches!(state.overlays.last(), Some(Overlay::Detail(..))));
}

#[test]
fn from_the_queue_the_same_is_offered_and_where_nothing_fits_that_is_said() {
    let mut state = ready();
    let web = state.overview.items.iter().position(|item| format!("{:?}", item.subject).contains("\"web\"")).unwrap();
    run(&mut state, Command::Top);
    for _ in 0..web {
        run(&mut state, Command::Down);
    }
    run(&mut state, Command::Actions);
    assert!(matches!(&offers(&state).about, About::Service(key) if key.service == "web"));
    run(&mut state, Command::Back);
    run(&mut state, Command::Waf);
    run(&mut state, Command::Actions);
    assert!(state.overlays.is_empty() && notice(&state) == Some("operations.notice.nothing-here"));
    run(&mut state, Command::Services);
    let nobodys = state.services.rows.iter().position(|row| row.id.key.service == "experiment").unwrap();
    for _ in 0..nobodys {
        run(&mut state, Command::Down);
    }
    run(&mut state, Command::Actions);
    assert!(state.overlays.is_empty());
    assert_eq!(notice(&state), Some("operations.notice.no-environment"));
}

#[test]
fn a_task_that_is_selected_is_the_one_that_is_stopped() {
    let mut state = ready();
    run(&mut state, Command::Services);
    run(&mut state, Command::Open);
    run(&mut state, Command::Actions);
    let About::Task(_, task) = offers(&state).about.clone() else { panic!("{:?}", offers(&state).about) };
    let effects = take(&mut state, "task-stop/web");
    let given = |effects: &[Effect]| match effects {
        [Effect::Preflight { parameters, .. }] => parameters.get(TASK).cloned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(given(&effects), Some(task.clone()));
    let form = state.sessions.form.as_ref().unwrap();
    assert_eq!(form.request().parameters.get(TASK), Some(&task));
    let shown = form.asked().filter(|(_, field)| field.given).count();
    assert_eq!(shown, 0, "what was given is not asked for");
}

#[test]
fn a_session_from_a_task_goes_to_that_task() {
    let mut state = on_sessions();
    run(&mut state, Command::Services);
    run(&mut state, Command::Open);
    run(&mut state, Command::Actions);
    let About::Task(_, task) = offers(&state).about.clone() else { panic!("{:?}", offers(&state).about) };
    take(&mut state, "container-inspect/web");
    let id = state.sessions.form.as_ref().unwrap().id;
    let SessionReport::Preflight(preflight) = clear("web") else { panic!() };
    let mut preflight = (*preflight).clone();
    let Target::Container { cluster, service, container, runtime_id, .. } = container("web") else { panic!() };
    let own = Target::Container { cluster, service, task, container, runtime_id };
    preflight.targets.push(own.clone());
    say(&mut state, id, SessionReport::Preflight(Arc::new(preflight)));
    assert_eq!(state.sessions.form.as_ref().unwrap().target(), Some(&own));
}

#[test]
fn the_form_asks_what_the_gate_wants_and_starts_what_it_let_through() {
    let mut state = form();
    let denial = state.sessions.form.as_ref().unwrap().denial.clone();
    assert!(matches!(denial, Some(Denial::NotConfirmed { expected, .. }) if expected == "web"));
    write(&mut state, "web");
    let effects = run(&mut state, Command::Accept);
    let Some(Effect::Start { request, size: None, .. }) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(request.entry, EntryId("service-rollback/web".to_owned()));
    assert_eq!((request.ticket.as_deref(), request.confirmation.as_deref()), (Some("INC-204"), Some("web")));
    assert_eq!((state.screen, state.sessions.acting(), state.sessions.open()), (Screen::Operation, 1, 0));
}

#[test]
fn a_change_goes_on_behind_other_screens_and_its_end_is_told() {
    let (mut state, id) = started();
    say(&mut state, id, halfway());
    assert_eq!(state.sessions.steps().len(), 3);
    run(&mut state, Command::Back);
    assert_eq!((state.screen, state.sessions.acting()), (Screen::Services, 1));
    say(&mut state, id, ended(Finish::Done));
    assert_eq!((notice(&state), state.sessions.acting()), (Some("operations.notice.done"), 0));
    for (finish, key) in [
        (Finish::Cancelled, "operations.notice.cancelled"),
        (Finish::Failed { why: "x".to_owned() }, "operations.notice.failed"),
        (Finish::Unknown { why: "x".to_owned() }, "operations.notice.unknown"),
    ] {
        let (mut state, id) = started();
        run(&mut state, Command::Back);
        say(&mut state, id, ended(finish));
        assert_eq!(notice(&state), Some(key));
    }
}

#[test]
fn what_is_stopped_is_asked_for_first_and_a_rollout_can_only_be_left() {
    let (mut state, id) = started();
    say(&mut state, id, halfway());
    assert!(run(&mut state, Command::EndSession).is_empty());
    assert!(run(&mut state, Command::Open).is_empty(), "no is the first answer");
    run(&mut state, Command::EndSession);
    run(&mut state, Command::Down);
    assert_eq!(run(&mut state, Command::Open), [Effect::End { id }]);
    assert!(state.sessions.get(id).unwrap().is_stoppable());
    say(&mut state, id, progress(Stage::RollingOut, None, None));
    assert!(!state.sessions.get(id).unwrap().is_stoppable());
}

#[test]
fn leaving_asks_while_a_change_is_under_way() {
    let (mut state, _) = started();
    run(&mut state, Command::Back);
    assert!(run(&mut state, Command::Quit).is_empty());
    assert!(matches!(state.overlays.last(), Some(Overlay::Menu(_))));
}

/// The state with the first finding open, and that finding's id.
fn on_finding() -> (State, String) {
    let mut state = ready();
    run(&mut state, Command::Findings);
    let id = state.findings.selected().unwrap().finding.key.id.clone();
    (state, id)
}

#[test]
fn a_status_that_was_given_is_pending_until_security_hub_shows_it() {
    let (mut state, finding) = on_finding();
    run(&mut state, Command::Actions);
    assert!(matches!(&offers(&state).about, About::Finding(id) if *id == finding));
    let effects = take(&mut state, "finding-resolved");
    assert!(
        matches!(&effects[..], [Effect::Preflight { parameters, .. }] if parameters.get(FINDING) == Some(&finding))
    );
    let id = state.sessions.form.as_ref().unwrap().id;
    let product_arn = "arn:aws:securityhub:::product/aws/guardduty".to_owned();
    let target = Target::Finding { id: finding.clone(), product_arn, title: String::new() };
    say(&mut state, id, found(target, "NEW", "RESOLVED"));
    write(&mut state, "鍵を失効させた");
    run(&mut state, Command::NextEntry);
    write(&mut state, "yes");
    let effects = run(&mut state, Command::Accept);
    let form = state.sessions.form.as_ref().map(|form| form.denial.clone());
    assert!(matches!(effects.first(), Some(Effect::Start { .. })), "{effects:?} {form:?}");
    say(&mut state, id, ended(Finish::Done));
    let pending = |state: &State| {
        let row = state.findings.all().iter().find(|row| row.finding.key.id == finding);
        row.and_then(|row| state.findings.pending(&row.finding))
    };
    assert_eq!(pending(&state), Some(WorkflowStatus::Resolved));
    let mut seen = security::findings();
    for one in seen.findings.iter_mut().filter(|one| one.key.id == finding) {
        Arc::make_mut(one).workflow = Workflow::Resolved;
    }
    report(&mut state, 0, Report::Findings(Arc::new(seen)));
    assert!(state.findings.pending.is_empty());
}

#[test]
fn what_is_pending_for_an_hour_is_pending_no_more() {
    let (mut state, finding) = on_finding();
    state.findings.pending.insert(finding, (WorkflowStatus::Resolved, now()));
    report(&mut state, 0, Report::Findings(Arc::new(security::findings())));
    assert_eq!(state.findings.pending.len(), 1);
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(61)));
    report(&mut state, 0, Report::Findings(Arc::new(security::findings())));
    assert!(state.findings.pending.is_empty());
}

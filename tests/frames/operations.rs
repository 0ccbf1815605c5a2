//! Frames of what may be done, of the form before a change, and of changes under way and over.

use rstest::rstest;
use sekisho::command::Command;
use sekisho::domain::ecs::Rollout;
use sekisho::domain::fetch::FailureKind;
use sekisho::domain::progress::{Finish, Progress, Stage};
use sekisho::domain::session::SessionReport;
use sekisho::runbook::entry::WorkflowStatus;
use sekisho::state::State;
use std::sync::Arc;

use super::snapshot;
use super::support::operations::{ended, execution, form, halfway, on_offers, progress, ready, rollout, started, step};
use super::support::sessions::{run, say};
use super::support::{failure, now};

fn under_way() -> State {
    let (mut state, id) = started();
    say(&mut state, id, halfway());
    state
}

fn behind() -> State {
    let mut state = under_way();
    run(&mut state, Command::Overview);
    state
}

fn stopping() -> State {
    let mut state = under_way();
    run(&mut state, Command::EndSession);
    state
}

fn failed() -> State {
    let (mut state, id) = started();
    let why = "Step fails when it is Execute/Cancelling action. User: arn:aws:sts::111122223333:assumed-role/\
               Sekisho-prd-service-rollback/Automation-4105 is not authorized to perform: ecs:StopServiceDeployment";
    let steps = vec![
        step("FindDeployment", "Success", 44, Some(2), ""),
        step("RollBack", "Failed", 42, Some(1), why),
        step("WaitForService", "Pending", 0, None, ""),
    ];
    say(&mut state, id, progress(Stage::Running, Some(execution("Failed", steps)), None));
    say(&mut state, id, ended(Finish::Failed { why: why.to_owned() }));
    state
}

fn unknown() -> State {
    let (mut state, id) = started();
    say(&mut state, id, progress(Stage::LookedFor, None, None));
    let why = "AWS did not answer, and it was not found afterwards.".to_owned();
    say(&mut state, id, ended(Finish::Unknown { why }));
    state
}

fn rolling_out() -> State {
    let (mut state, id) = started();
    let steps = vec![step("FindDeployment", "Success", 44, Some(2), ""), step("RollBack", "Success", 42, Some(1), "")];
    let now_at = Progress {
        stage: Stage::RollingOut,
        execution: Some(execution("Success", steps)),
        rollout: Some(rollout(1, 2, Rollout::InProgress)),
        trouble: Some(failure(FailureKind::Throttled, "ecs:DescribeServices")),
    };
    say(&mut state, id, SessionReport::Progress(Arc::new(now_at)));
    state
}

fn pending() -> State {
    let mut state = ready();
    run(&mut state, Command::Findings);
    let id = state.findings.selected().unwrap().finding.key.id.clone();
    state.findings.pending.insert(id, (WorkflowStatus::Suppressed, now()));
    state
}

fn pending_finding() -> State {
    let mut state = pending();
    run(&mut state, Command::Open);
    state
}

fn listed() -> State {
    let mut state = under_way();
    run(&mut state, Command::Sessions);
    state
}

#[rstest]
#[case("offers", || on_offers())]
#[case("operation-form", || form())]
#[case("operation", || under_way())]
#[case("operation-behind", || behind())]
#[case("operation-listed", || listed())]
#[case("operation-stopping", || stopping())]
#[case("operation-failed", || failed())]
#[case("operation-unknown", || unknown())]
#[case("operation-rolling-out", || rolling_out())]
#[case("finding-pending", || pending())]
#[case("finding-pending-open", || pending_finding())]
fn operations(#[case] name: &str, #[case] make: fn() -> State) {
    snapshot(name, make);
}

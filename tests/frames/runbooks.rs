//! Frames of screen 8 and of runs, in both languages.

use rstest::rstest;
use sekisho::command::Command;
use sekisho::state::State;
use sekisho::state::event::Event;
use sekisho::state::runbooks::{RunList, RunReport};
use sekisho::state::update::update;

use super::snapshot;
use super::support::runbooks::{at_escalation, at_rollback, begun, front, listed, over, ready, tell};
use super::support::sessions::{run, write};

fn list() -> State {
    let mut state = ready();
    update(&mut state, Event::Run(RunReport::Listed(Ok(RunList { rows: listed(), broken: 1 }))));
    run(&mut state, Command::Runbooks);
    state
}

fn offered() -> State {
    let mut state = ready();
    run(&mut state, Command::Actions);
    state
}

fn evidence() -> State {
    let mut state = at_rollback();
    run(&mut state, Command::NextPanel);
    state
}

fn writing() -> State {
    let mut state = at_rollback();
    run(&mut state, Command::Write);
    write(&mut state, "監視の画面を共有した。");
    run(&mut state, Command::Accept);
    write(&mut state, "password=hunter2");
    state
}

fn unkept() -> State {
    let mut state = begun();
    let id = front(&state).run.id.clone();
    let why = Err("No space left on device (os error 28)".to_owned());
    run(&mut state, Command::Look);
    update(&mut state, Event::Run(RunReport::Kept { id, revision: 99, done: why }));
    state
}

fn told() -> State {
    let mut state = at_escalation();
    tell(&mut state, Command::Told);
    state
}

#[rstest]
#[case("runbooks", || list())]
#[case("runbooks-offered", || offered())]
#[case("run-check", || begun())]
#[case("run-operation", || at_rollback())]
#[case("run-evidence", || evidence())]
#[case("run-writing", || writing())]
#[case("run-unkept", || unkept())]
#[case("run-escalation", || told())]
#[case("run-over", || over())]
fn runbooks(#[case] name: &str, #[case] make: fn() -> State) {
    snapshot(name, make);
}

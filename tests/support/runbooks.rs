//! Runs made by hand: the built-in catalogue, and a disk that takes everything or nothing.

use std::sync::Arc;

use sekisho::command::Command;
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::run::{Run, RunId};
use sekisho::state::State;
use sekisho::state::event::{Effect, Event};
use sekisho::state::runbooks::{RunList, RunReport, RunRow, RunView, RunWish};
use sekisho::state::update::update;

use super::besieged;
use super::sessions::{run, write};

/// The bad morning under attack with the built-in catalogue read, and no run on the disk.
pub fn ready() -> State {
    let mut state = besieged();
    for name in ["prd", "stg", "dev"] {
        update(&mut state, Event::Catalogue(name.to_owned(), Arc::new(Catalogue::built_in())));
    }
    update(&mut state, Event::Run(RunReport::Listed(Ok(RunList::default()))));
    state
}

/// Does what runs want of the disk, which takes everything; returns what else is to be done.
pub fn settle(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    settle_on(state, effects, &Ok(()))
}

/// Does what runs want of the disk, which takes what it is given or not.
pub fn settle_on(state: &mut State, effects: Vec<Effect>, disk: &Result<(), String>) -> Vec<Effect> {
    let mut left = Vec::new();
    for effect in effects {
        let event = match effect {
            Effect::Run(RunWish::Begin { setting, runbook, actor, at }) => {
                let id = RunId { runbook: runbook.id.clone(), number: 7 };
                let begun = Run::begin(id, setting, runbook.as_ref().clone(), actor, at).unwrap();
                Event::Run(RunReport::Opened(Ok(Box::new(begun))))
            }
            Effect::Run(RunWish::Keep { run, revision }) => {
                Event::Run(RunReport::Kept { id: run.id.clone(), revision, done: disk.clone() })
            }
            Effect::Run(RunWish::Export(run)) => {
                let files =
                    vec![format!("/home/op/.local/state/sekisho/runs/{}.md", run.id.to_string().replace('/', "."))];
                Event::Run(RunReport::Exported { id: run.id.clone(), files: Ok(files) })
            }
            Effect::Snapshot(id) => Event::Snapshot(id, " Needs a person\n ▲ CRIT  prd  web: rollout failed".into()),
            other => {
                left.push(other);
                continue;
            }
        };
        let more = update(state, event);
        left.extend(settle_on(state, more, disk));
    }
    left
}

/// Tells a command, and does what runs want of the disk.
pub fn tell(state: &mut State, command: Command) -> Vec<Effect> {
    let effects = run(state, command);
    settle(state, effects)
}

/// Begins a run of a runbook in production, by the keys of screen 8.
pub fn begin(state: &mut State, runbook: &str) -> Vec<Effect> {
    run(state, Command::Runbooks);
    let of = |row: &sekisho::state::runbooks::RunbookRow| row.key.environment == 0 && row.runbook.id.0 == runbook;
    let row = state.runbooks.rows.iter().position(of).unwrap();
    run(state, Command::Top);
    for _ in 0..row {
        run(state, Command::Down);
    }
    run(state, Command::Open);
    tell(state, Command::Open)
}

/// A run of the runbook for a rise of errors, at its first step.
pub fn begun() -> State {
    let mut state = ready();
    begin(&mut state, "inc-5xx");
    state
}

/// Returns the run in front.
pub fn front(state: &State) -> &RunView {
    state.runbooks.front().expect("a run in front")
}

/// Returns the id of the open step.
pub fn step(state: &State) -> String {
    front(state).step().map_or_else(String::new, |step| step.id.0.clone())
}

/// Writes a note of one line in the prompt that is open.
pub fn note(state: &mut State, text: &str) -> Vec<Effect> {
    write(state, text);
    run(state, Command::Accept);
    tell(state, Command::Accept)
}

/// The same run at the operation that undoes the deployment.
pub fn at_rollback() -> State {
    let mut state = begun();
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::GoOn);
    note(&mut state, "web、全利用者、08:58から");
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::Yes);
    state
}

/// The same run where nobody knows yet whether the errors stop: who is told next?
pub fn at_escalation() -> State {
    let mut state = at_rollback();
    tell(&mut state, Command::Skip);
    write(&mut state, "the circuit breaker rolled it back");
    tell(&mut state, Command::Accept);
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::No);
    state
}

/// The same run at its end.
pub fn over() -> State {
    let mut state = at_escalation();
    tell(&mut state, Command::Told);
    tell(&mut state, Command::Answered);
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::GoOn);
    note(&mut state, "the image was built from the wrong branch");
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::GoOn);
    note(&mut state, "CIでタグを固定する");
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::GoOn);
    state
}

/// Runs as they are listed: one to go on with, one that is over.
pub fn listed() -> Vec<RunRow> {
    let open = RunRow::of(&front(&at_rollback()).run);
    let mut done = RunRow::of(&front(&over()).run);
    done.id.number = 6;
    vec![open, done]
}

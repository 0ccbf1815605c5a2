//! Frames of screen 9.

use rstest::rstest;
use sekisho::command::Command;
use sekisho::state::State;
use sekisho::state::event::Event;
use sekisho::state::update::update;

use super::snapshot;
use super::support::journal::{broken, counting, cut, empty, on_journal, opened, record, timeline, under_way};

fn help() -> State {
    let mut state = on_journal();
    update(&mut state, Event::Command(Command::Help));
    state
}

#[rstest]
#[case("journal", on_journal)]
#[case("journal-under-way", under_way)]
#[case("journal-counting", counting)]
#[case("journal-reading", opened)]
#[case("journal-broken", broken)]
#[case("journal-cut", cut)]
#[case("journal-timeline", timeline)]
#[case("journal-record", record)]
#[case("journal-empty", empty)]
#[case("journal-help", help)]
fn the_journal_looks_like_this(#[case] name: &str, #[case] make: fn() -> State) {
    snapshot(name, make);
}

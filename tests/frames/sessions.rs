//! Frames of screen 7, the form, panes and tunnels.

use std::sync::Arc;

use jiff::SignedDuration;
use rstest::rstest;
use sekisho::command::Command;
use sekisho::domain::session::{Link, SessionReport, Trouble, TroubleKind};
use sekisho::state::State;
use sekisho::state::event::Event;
use sekisho::state::update::update;

use super::snapshot;
use super::support::sessions::{
    blocked, choose, clear, on_sessions, on_tunnel, recordings, run, say, shell, tunnel, with_open, write,
};
use super::support::{bad_morning, now};

fn no_catalogue() -> State {
    let mut state = bad_morning();
    run(&mut state, Command::Sessions);
    state
}

fn form() -> State {
    let mut state = on_sessions();
    choose(&mut state, "prd", "db-readonly");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, clear("tunnel"));
    write(&mut state, "遅いクエリの確認");
    run(&mut state, Command::NextEntry);
    write(&mut state, "INC-x");
    state
}

fn form_blocked() -> State {
    let mut state = on_sessions();
    choose(&mut state, "dev", "container-inspect/web");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, blocked());
    state
}

fn shell_lost() -> State {
    let mut state = shell();
    let id = state.sessions.front.unwrap();
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(8)));
    let since = now() + SignedDuration::from_mins(8) - SignedDuration::from_secs(12);
    say(&mut state, id, SessionReport::Link(Link::Lost { since, attempt: 3, why: "reset".to_owned() }));
    state
}

fn shell_idle() -> State {
    let mut state = shell();
    update(&mut state, Event::Tick(now() + SignedDuration::from_secs(3 * 60 + 59)));
    state
}

fn shell_menu() -> State {
    let mut state = shell();
    update(&mut state, Event::Escape);
    state
}

fn shell_ended() -> State {
    let mut state = shell();
    let id = state.sessions.front.unwrap();
    let output = "Session idle timeout".to_owned();
    say(&mut state, id, SessionReport::Ended(sekisho::domain::session::End::Closed { output }));
    state
}

fn troubled_tunnel() -> State {
    let mut state = on_tunnel();
    let id = state.sessions.front.unwrap();
    let SessionReport::Tunnel(status) = tunnel() else { panic!("it is a tunnel's") };
    let mut status = (*status).clone();
    let what =
        TroubleKind::SessionLost { session_id: "op-0137-0".to_owned(), why: "Session was terminated.".to_owned() };
    status.troubles.replaced = 2;
    status.troubles.last = Some(Trouble { at: now() - SignedDuration::from_secs(40), what });
    say(&mut state, id, SessionReport::Tunnel(Arc::new(status)));
    state
}

fn not_for_me() -> State {
    let mut state = on_sessions();
    choose(&mut state, "prd", "node-shell");
    state
}

fn recorded() -> State {
    let mut state = with_open();
    update(&mut state, Event::Recordings(Ok(recordings())));
    run(&mut state, Command::NextPanel);
    state
}

fn changed() -> State {
    let mut state = on_sessions();
    update(&mut state, Event::CataloguesChanged(["prd".to_owned()].into()));
    state
}

fn unprotected() -> State {
    let mut state = on_sessions();
    // Whoever runs the tests may change it.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let catalogue = sekisho::runbook::catalogue::Catalogue::load(&folder).unwrap();
    update(&mut state, Event::Catalogue("stg".to_owned(), Arc::new(catalogue)));
    state
}

fn form_changed() -> State {
    let mut state = form();
    update(&mut state, Event::CataloguesChanged(["prd".to_owned(), "stg".to_owned()].into()));
    state
}

fn quitting() -> State {
    let mut state = with_open();
    run(&mut state, Command::Quit);
    state
}

#[rstest]
#[case("sessions", || on_sessions())]
#[case("sessions-empty", || no_catalogue())]
#[case("sessions-open", || with_open())]
#[case("sessions-denied", || not_for_me())]
#[case("sessions-recorded", || recorded())]
#[case("sessions-quit", || quitting())]
#[case("session-form", || form())]
#[case("session-form-changed", || form_changed())]
#[case("sessions-changed", || changed())]
#[case("sessions-unprotected", || unprotected())]
#[case("session-form-blocked", || form_blocked())]
#[case("pane", || shell())]
#[case("pane-lost", || shell_lost())]
#[case("pane-idle", || shell_idle())]
#[case("pane-menu", || shell_menu())]
#[case("pane-ended", || shell_ended())]
#[case("tunnel", || on_tunnel())]
#[case("tunnel-trouble", || troubled_tunnel())]
fn sessions(#[case] name: &str, #[case] make: fn() -> State) {
    snapshot(name, make);
}

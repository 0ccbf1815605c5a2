//! Sessions made by hand: the built-in catalogue, targets, and what sessions report.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sekisho::command::Command;
use sekisho::domain::preflight::{Caution, Obstacle, Preflight};
use sekisho::domain::session::{
    ConnectionState, Health, Link, LiveId, SessionReport, Troubles, TunnelConnection, TunnelSession, TunnelStatus,
};
use sekisho::domain::target::Target;
use sekisho::journal::recording::list::RecordingState;
use sekisho::journal::recording::{About, RecordingInfo};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::state::State;
use sekisho::state::event::{Effect, Event};
use sekisho::state::sessions::Recordings;
use sekisho::state::update::update;
use tui_input::InputRequest;

use super::{ago, bad_morning, now};

/// The bad morning with the built-in catalogue read, on screen 7.
pub fn on_sessions() -> State {
    let mut state = bad_morning();
    for name in ["prd", "stg", "dev"] {
        update(&mut state, Event::Catalogue(name.to_owned(), Arc::new(Catalogue::built_in())));
    }
    run(&mut state, Command::Sessions);
    state
}

pub fn run(state: &mut State, command: Command) -> Vec<Effect> {
    update(state, Event::Command(command))
}

pub fn write(state: &mut State, text: &str) {
    for character in text.chars() {
        update(state, Event::Edit(InputRequest::InsertChar(character)));
    }
}

pub fn say(state: &mut State, id: LiveId, report: SessionReport) -> Vec<Effect> {
    update(state, Event::Session(id, report))
}

/// Puts the cursor on an entry of an environment and opens it.
pub fn choose(state: &mut State, environment: &str, entry: &str) -> Vec<Effect> {
    let index = state.environments.iter().position(|one| one.name == environment).unwrap();
    let of = |row: &sekisho::state::sessions::target::TargetRow| {
        row.id.environment == index && row.id.entry.to_string() == entry
    };
    let row = state.sessions.targets.iter().position(of).unwrap();
    run(state, Command::Top);
    for _ in 0..row {
        run(state, Command::Down);
    }
    run(state, Command::Open)
}

pub fn container(service: &str) -> Target {
    Target::Container {
        cluster: "shop-prd".to_owned(),
        service: service.to_owned(),
        task: "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f".to_owned(),
        container: service.to_owned(),
        runtime_id: "0f0f0f0f-1234567890".to_owned(),
    }
}

pub fn clear(service: &str) -> SessionReport {
    let cautions = vec![Caution::NoLimitInAws];
    SessionReport::Preflight(Arc::new(Preflight {
        targets: vec![container(service)],
        cautions,
        ..Preflight::default()
    }))
}

pub fn blocked() -> SessionReport {
    let obstacles = vec![Obstacle::ExecNotEnabled { task: "0f0f0f0f0f0f".to_owned() }];
    SessionReport::Preflight(Arc::new(Preflight { targets: vec![container("web")], obstacles, ..Preflight::default() }))
}

pub fn opened(service: &str, minutes: i64, local: Option<SocketAddr>) -> SessionReport {
    SessionReport::Opened {
        session_id: "op-0137-0123456789abcdef0".to_owned(),
        target: container(service),
        ends_at: Some(now() + SignedDuration::from_mins(minutes) + SignedDuration::from_secs(4)),
        recorded: true,
        local,
    }
}

pub fn up() -> SessionReport {
    SessionReport::Link(Link::Up { round_trip: Some(SignedDuration::from_millis(18)) })
}

pub fn output(text: &str) -> SessionReport {
    SessionReport::Output(text.as_bytes().into())
}

pub fn local() -> SocketAddr {
    "127.0.0.1:15432".parse().unwrap()
}

pub fn tunnel() -> SessionReport {
    let connection = |id: u64, state, received| TunnelConnection {
        id,
        peer: format!("127.0.0.1:{}", 50_000 + id).parse().unwrap(),
        session: 0,
        opened_at: ago(2),
        sent: 4_211,
        received,
        send_rate: 120,
        receive_rate: received / 60,
        state,
    };
    let session = TunnelSession {
        session_id: "op-0137-0123456789abcdef0".to_owned(),
        link: Link::Up { round_trip: Some(SignedDuration::from_millis(18)) },
        connections: 2,
        agent: Some("3.3.987.0".to_owned()),
    };
    SessionReport::Tunnel(Arc::new(TunnelStatus {
        local: local(),
        opened_at: ago(5),
        sessions: vec![session],
        connections: vec![
            connection(1, ConnectionState::Open, 318_400_000),
            connection(4, ConnectionState::Stalled, 16_777_216),
        ],
        accepted: 4,
        refused: 1,
        sent: 20_001,
        received: 400_000_000,
        health: Health::Reachable { at: ago(1) },
        troubles: Troubles::default(),
    }))
}

/// A shell's recording and one whose beginning cannot be read.
pub fn recordings() -> Recordings {
    let about = About {
        entry: "node-shell".to_owned(),
        environment: "prd".to_owned(),
        account: "111122223333".to_owned(),
        region: "ap-northeast-1".to_owned(),
        target: "i-0123456789abcdef0 検証".to_owned(),
        session_id: "op-0137-0".to_owned(),
        actor: "arn:aws:sts::111122223333:assumed-role/x/op-0137".to_owned(),
        role: "staff".to_owned(),
        reason: None,
        ticket: None,
    };
    let whole = RecordingInfo {
        path: PathBuf::from("/recordings/20261121T235500000Z-4f1c2a9b.cast"),
        name: "20261121T235500000Z-4f1c2a9b.cast".to_owned(),
        is_tunnel: false,
        bytes: 52_311,
        at: Some(ago(7)),
        duration: Some(Duration::from_secs(312)),
        about: Some(about),
        state: RecordingState::Whole,
    };
    let broken = RecordingInfo {
        path: PathBuf::from("/recordings/x.cast"),
        name: "x\u{1b}[2J.cast".to_owned(),
        at: None,
        duration: None,
        about: None,
        state: RecordingState::Malformed,
        ..whole.clone()
    };
    Recordings { list: vec![whole, broken], more: true }
}

/// Fills in the form of `container-inspect/web` in dev and starts it; returns the session's number.
pub fn start_shell(state: &mut State) -> LiveId {
    run(state, Command::Sessions);
    choose(state, "dev", "container-inspect/web");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(state, id, clear("web"));
    write(state, "looking at INC-204");
    while state.sessions.form.as_ref().is_some_and(|form| !form.is_at_end()) {
        run(state, Command::Accept);
    }
    write(state, "yes");
    let effects = run(state, Command::Accept);
    assert!(matches!(effects.first(), Some(Effect::Start { .. })), "{effects:?}");
    id
}

/// Fills in the form of `db-readonly` in prd and starts it; returns the session's number.
pub fn start_tunnel(state: &mut State) -> LiveId {
    run(state, Command::Sessions);
    choose(state, "prd", "db-readonly");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(state, id, clear("tunnel"));
    for text in ["遅いクエリの確認", "INC-204", "", "prd"] {
        write(state, text);
        run(state, Command::NextEntry);
    }
    let effects = run(state, Command::Accept);
    assert!(matches!(effects.first(), Some(Effect::Start { .. })), "{effects:?}");
    id
}

/// Screen 7 with a shell in dev and a tunnel in prd open.
pub fn with_open() -> State {
    let mut state = on_sessions();
    let shell = start_shell(&mut state);
    say(&mut state, shell, opened("web", 4, None));
    say(&mut state, shell, up());
    let id = start_tunnel(&mut state);
    say(&mut state, id, opened("tunnel", 60, Some(local())));
    say(&mut state, id, tunnel());
    run(&mut state, Command::Sessions);
    state.notice = None;
    state
}

/// A shell in front, with something on its screen.
pub fn shell() -> State {
    let mut state = on_sessions();
    let id = start_shell(&mut state);
    say(&mut state, id, opened("web", 12, None));
    say(&mut state, id, up());
    let shown = "\x1b[1;32mapp@web\x1b[0m:\x1b[34m/srv\x1b[0m$ ls -l\r\n合計 8\r\n-rw-r--r-- 1 app app 12 11月 22 09:01 設定.toml\r\n\x1b]0;title\x07$ ";
    say(&mut state, id, output(shown));
    state
}

/// A tunnel in front, with two connections.
pub fn on_tunnel() -> State {
    let mut state = on_sessions();
    let id = start_tunnel(&mut state);
    say(&mut state, id, opened("tunnel", 60, Some(local())));
    say(&mut state, id, tunnel());
    state
}

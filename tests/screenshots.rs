//! The pictures in `screenshots/`, made from the simulated account, and held against what is committed.
//!
//! `UPDATE_SCREENSHOTS=1 cargo test --test screenshots` draws them anew; look at them before committing.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sekisho::cli::account::{environments, roles};
use sekisho::command::Command;
use sekisho::domain::fetch::SourceId;
use sekisho::i18n::Lang;
use sekisho::runtime::clock::{Clock, Hand};
use sekisho::runtime::console::{Console, Watch};
use sekisho::screenshot::{Options, svg};
use sekisho::simulator::{self, Fault, FaultKind, Persona, Scenario, Simulator};
use sekisho::state::State;
use sekisho::state::event::{Event, Report, SourceEvent, Usage};
use sekisho::state::runbooks::{RunList, RunReport};
use sekisho::state::update::update;
use sekisho::{t, ui};
use support::journal::on_journal;
use support::operations::{found, web};
use support::runbooks::{at_rollback, listed, tell};
use support::sessions::{choose, clear, on_sessions, on_tunnel, recordings, run, say, shell, with_open, write};

/// A story, and the moment of it that is pictured.
type Scene = (&'static str, SignedDuration);

/// The new version fails, the alarms ring, staging rolls on.
const BAD_DEPLOY: Scene = ("bad-deploy", SignedDuration::from_mins(4));
/// The injection is at its height, and the rate limit bites.
const WAF_ATTACK: Scene = ("waf-attack", SignedDuration::from_mins(8));
/// The key is used, and what it does is seen.
const LEAKED_KEY: Scene = ("leaked-key", SignedDuration::from_mins(4));
/// A rollout, an attack and a leak, each in another account of thirty.
const FLEET: Scene = ("fleet", SignedDuration::from_mins(4));

/// A picture: its name, its scene, its size, and the keys that lead to it from the overview.
type Picture = (&'static str, Scene, (u16, u16), &'static [KeyCode]);

const PICTURES: [Picture; 12] = [
    ("overview", BAD_DEPLOY, (120, 40), &[]),
    ("overview-80x24", BAD_DEPLOY, (80, 24), &[]),
    ("services", BAD_DEPLOY, (120, 40), &[KeyCode::Char('2')]),
    ("service", BAD_DEPLOY, (120, 40), &[KeyCode::Char('2'), KeyCode::Enter]),
    ("log", BAD_DEPLOY, (120, 40), &[KeyCode::Char('2'), KeyCode::Enter, KeyCode::Char('l')]),
    ("alarms", BAD_DEPLOY, (120, 40), &[KeyCode::Char('4')]),
    ("alarm", BAD_DEPLOY, (120, 40), &[KeyCode::Char('4'), KeyCode::Down, KeyCode::Enter]),
    ("waf", WAF_ATTACK, (120, 40), &[KeyCode::Char('3')]),
    ("web-acl", WAF_ATTACK, (160, 50), &[KeyCode::Char('3'), KeyCode::Enter]),
    ("findings", LEAKED_KEY, (120, 40), &[KeyCode::Char('5')]),
    ("finding", LEAKED_KEY, (120, 40), &[KeyCode::Char('5'), KeyCode::Enter]),
    ("fleet", FLEET, (120, 40), &[KeyCode::Char('0')]),
];

/// A picture of a state that is made by hand, since what a session shows is never twice the same.
type MadePicture = (&'static str, fn() -> State);

const MADE_PICTURES: [MadePicture; 9] = [
    ("sessions", sessions),
    ("session-form", form),
    ("pane", shell),
    ("tunnel", on_tunnel),
    ("runbooks", runbooks),
    ("run", at_rollback),
    ("preview", preview),
    ("denial", denial),
    ("journal", on_journal),
];

/// What may be run, and a run to go on with.
fn runbooks() -> State {
    let mut state = support::runbooks::ready();
    update(&mut state, Event::Run(RunReport::Listed(Ok(RunList { rows: listed(), broken: 0 }))));
    run(&mut state, Command::Runbooks);
    state
}

/// The rollback that a run comes to, but for the last word.
fn preview() -> State {
    let mut state = at_rollback();
    tell(&mut state, Command::GoOn);
    tell(&mut state, Command::Open);
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, found(web(), "web:43", "web:42"));
    for text in ["直前のデプロイから5xxが増加", "INC-204", "we"] {
        write(&mut state, text);
        run(&mut state, Command::NextEntry);
    }
    state
}

/// A shell that this role may not have, and who may.
fn denial() -> State {
    let mut state = support::runbooks::ready();
    support::answer_queries(&mut state);
    run(&mut state, Command::Actions);
    run(&mut state, Command::Bottom);
    run(&mut state, Command::Open);
    state
}

/// What is open, what may be opened, and what was recorded.
fn sessions() -> State {
    let mut state = with_open();
    update(&mut state, Event::Recordings(Ok(recordings())));
    state
}

/// A tunnel into production, but for the last word.
fn form() -> State {
    let mut state = on_sessions();
    choose(&mut state, "prd", "db-readonly");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, clear("tunnel"));
    for text in ["遅いクエリの確認", "INC-204", ""] {
        write(&mut state, text);
        run(&mut state, Command::NextEntry);
    }
    state
}

/// Holds a picture against what is committed, or draws it anew where that is asked for.
fn hold(file: String, picture: &str, drifted: &mut Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), picture).unwrap();
    } else if fs::read_to_string(folder.join(&file)).ok().as_deref() != Some(picture) {
        drifted.push(file);
    }
}

#[track_caller]
fn assert_held(drifted: &[String]) {
    assert!(
        drifted.is_empty(),
        "{drifted:?} differ from what the console shows; run UPDATE_SCREENSHOTS=1 cargo test --test screenshots"
    );
}

#[test]
fn screenshots_of_sessions_are_what_the_console_shows() {
    let mut drifted = Vec::new();
    for lang in [Lang::En, Lang::Ja] {
        let drawing = support::ui(lang);
        for (name, make) in MADE_PICTURES {
            let mut state = make();
            let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 40));
            update(&mut state, Event::Resize(120, 40));
            let drawn = ui::render(&state, &drawing, &mut buffer);
            // The second frame knows how many rows the first had room for.
            update(&mut state, Event::Drawn { page: drawn.page, end: drawn.end });
            buffer.reset();
            let cursor = ui::render(&state, &drawing, &mut buffer).cursor;
            let picture = svg(&buffer, &Options { title: "sekisho".to_owned(), cursor });
            hold(format!("{name}-{}.svg", lang.code()), &picture, &mut drifted);
        }
    }
    assert_held(&drifted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screenshots_are_what_the_console_shows() {
    let mut drifted = Vec::new();
    for scene in [BAD_DEPLOY, WAF_ATTACK, LEAKED_KEY, FLEET] {
        let scenario = Scenario::builtin(scene.0).unwrap();
        let clock = simulator::Clock::Frozen(support::now());
        let options = simulator::Options { at: scene.1, clock, ..simulator::Options::default() };
        let simulator = simulator::start(scenario.clone(), options).await.unwrap();
        if scene == FLEET {
            // Which of an account's calls are throttled is chance, and no picture of anything.
            simulator.clear_faults();
            simulator.inject(Fault::new(FaultKind::Deny, "securityhub:*").in_account("100000000017"));
        }
        for lang in [Lang::En, Lang::Ja] {
            for (name, _, size, keys) in PICTURES.iter().filter(|(_, of, ..)| *of == scene) {
                let picture = picture(&simulator, &scenario, lang, *size, keys).await;
                hold(format!("{name}-{}.svg", lang.code()), &picture, &mut drifted);
            }
        }
    }
    assert_held(&drifted);
}

async fn picture(
    simulator: &Simulator,
    scenario: &Scenario,
    lang: Lang,
    (width, height): (u16, u16),
    keys: &[KeyCode],
) -> String {
    let (clock, hand) = Clock::manual(support::now());
    let watch = Watch {
        denials: None,
        environments: environments(simulator, scenario, Persona::Responder, &[]),
        roles: roles(),
        endpoint_url: Some(simulator.endpoint()),
        clock,
    };
    let mut ui = support::ui(lang);
    ui.endpoint = Some(t!(ui.texts, "screens.header.simulated").to_owned());
    let mut console = Console::start(&watch, ui);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    settle(&mut console, &mut buffer, &hand).await;
    for key in keys {
        console.input(Input::Key(KeyEvent::new(*key, KeyModifiers::NONE)));
        settle(&mut console, &mut buffer, &hand).await;
    }
    hold_still(&mut console);
    // Reports let time in as they come; the picture is of the clock's time, whichever came last.
    console.tick();
    buffer.reset();
    let cursor = console.draw(&mut buffer);
    svg(&buffer, &Options { title: "sekisho demo".to_owned(), cursor })
}

/// Draws and reads until nothing changes any more: a frame says what is on the screen, and that is then read.
///
/// A second goes by each time, for what is asked a moment after it appeared.
async fn settle(console: &mut Console, buffer: &mut Buffer, hand: &Hand) {
    for _ in 0..4 {
        hand.advance(SignedDuration::from_secs(1));
        buffer.reset();
        console.draw(buffer);
        console.idle().await;
    }
}

/// Sets what depends on the machine: when credentials made just now end, and how many calls the loads happened to take.
fn hold_still(console: &mut Console) {
    let ends: Timestamp = support::now() + SignedDuration::from_mins(59);
    for index in 0..console.state().sources.len() {
        let source = &console.state().sources[index];
        let generation = source.generation;
        let usage = Usage { calls_per_minute: 12, dollars_per_hour: 0.02, throttled: false };
        let mut reports = vec![Report::Usage(usage)];
        if let Some(identity) = &source.identity.value {
            let expires = source.expires.map(|_| ends);
            // The port differs with each run; that the account is a simulated one is said by the console's own word for it.
            reports.push(Report::Connected { identity: Arc::clone(identity), expires, endpoint: None });
        }
        for report in reports {
            let event = SourceEvent { source: SourceId(index), generation, at: support::now(), report };
            console.apply(Event::Source(event));
        }
    }
}

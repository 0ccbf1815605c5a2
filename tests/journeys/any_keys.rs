//! Whatever is pressed and typed, by whomever: nothing acts in AWS that the gate did not let through for exactly that entry and
//! that was not written down before, and for whom it lets nothing through, nothing acts at all.
//!
//! IAM allows everything here, so that nothing but the gate stands before the account.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rstest::rstest;
use sekisho::command::entries;
use sekisho::i18n::Lang;
use sekisho::simulator::Persona;
use sekisho::state::Screen;
use sekisho::state::event::Event;
use sekisho::state::sessions::form::{FieldKind, Form, Lookup};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tui_input::InputRequest;

use crate::desk::Desk;
use crate::journey::{Journey, Start};
use crate::witness::Witness;

/// How many walks are tried of each of those who walk; each starts a console and an account.
const WALKS: u32 = 6;

/// What may be done at the keys.
#[derive(Debug, Clone)]
enum Act {
    /// A key.
    Key(&'static str),
    /// A command by its name, from the palette.
    Command(usize),
    /// A text, wherever one is.
    Text(String),
    /// A text that comes at once.
    Paste(String),
    /// The form that is open is filled in, field by field, with what is wanted or something else, and started.
    Fill(Vec<u8>),
    /// What may be done about a row of a list.
    Offer(&'static str, u8, u8),
    /// A target of screen 7.
    Target(&'static str, &'static str),
    /// Time goes on.
    Pass(u16),
    /// What was asked for is waited for.
    Settle,
}

const KEYS: [&str; 52] = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "0",
    "j",
    "k",
    "g",
    "G",
    "h",
    "l",
    "enter",
    "esc",
    "tab",
    "shift-tab",
    "x",
    "X",
    "e",
    "p",
    "r",
    "?",
    "!",
    "/",
    ":",
    "n",
    "N",
    "s",
    "S",
    "y",
    "o",
    "space",
    "backspace",
    "up",
    "down",
    "ctrl-d",
    "ctrl-u",
    "ctrl-k",
    "ctrl-t",
    "ctrl-]",
    "ctrl-5",
    "t",
    "T",
    "d",
    "L",
    "c",
    "m",
    "ctrl-x",
];

const ENTRIES: [&str; 9] = [
    "db-readonly",
    "db-readwrite",
    "container-inspect/web",
    "container-inspect/api",
    "container-shell/web",
    "container-shell/auth",
    "node-shell",
    "container-inspect/claims",
    "container-shell/claims",
];

/// What is typed where something else is wanted.
const OTHERS: [&str; 12] =
    ["", " ", "yes", "no", "prd", "dev", "web", "INC-204", "INC-", "15440", "999999", "'; aws ecs stop-task; '"];

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => prop::sample::select(KEYS.as_slice()).prop_map(Act::Key),
        2 => (0..entries().len()).prop_map(Act::Command),
        1 => "[ -~]{0,6}".prop_map(Act::Text),
        1 => ".{0,12}".prop_map(Act::Paste),
        5 => prop::collection::vec(any::<u8>(), 8).prop_map(Act::Fill),
        4 => (prop::sample::select(["1", "2", "5"].as_slice()), 0..6_u8, 0..7_u8)
            .prop_map(|(screen, row, offer)| Act::Offer(screen, row, offer)),
        4 => (prop::sample::select(ENTRIES.as_slice()), prop::sample::select(["prd", "stg", "dev"].as_slice()))
            .prop_map(|(entry, environment)| Act::Target(entry, environment)),
        1 => (1..120_u16).prop_map(Act::Pass),
        2 => Just(Act::Settle),
    ]
}

/// Comes back to where lists are, from wherever one is: out of a session, out of what lies over a screen.
fn leave(journey: &mut Journey) {
    for _ in 0..6 {
        match journey.console.state().screen {
            Screen::Pane => journey.press("ctrl-] d"),
            _ => journey.press("esc"),
        };
    }
}

/// Takes what pollers and operations tell, until nothing came for so many milliseconds.
async fn hear(journey: &mut Journey, quiet: u64) {
    for _ in 0..50 {
        if timeout(Duration::from_millis(quiet), journey.console.reported()).await.is_err() {
            break;
        }
    }
    journey.draw();
}

/// Fills in the form that is open; each number says whether a field gets what it wants or something else.
async fn fill(desk: &mut Desk, how: &[u8]) {
    for _ in 0..100 {
        let form = desk.journey.console.state().sessions.form.as_ref();
        if form.is_none_or(|form| !matches!(form.preflight, Lookup::Asked)) {
            break;
        }
        hear(&mut desk.journey, 100).await;
    }
    for number in how {
        let Some(form) = desk.journey.console.state().sessions.form.as_ref() else { return };
        let Some(field) = form.fields.get(form.focus) else { return };
        let wanted = match &field.kind {
            FieldKind::Reason => "5xxの調査".to_owned(),
            FieldKind::Ticket(_) => "INC-204".to_owned(),
            FieldKind::Confirmation(expected) => expected.clone(),
            FieldKind::Parameter(name, _) if name == "desired" => "3".to_owned(),
            FieldKind::Parameter(..) | FieldKind::Target => field.value().to_owned(),
        };
        // Mostly what is wanted: else nothing would ever be let through.
        let typed =
            if number.is_multiple_of(8) { OTHERS[usize::from(number / 8) % OTHERS.len()].to_owned() } else { wanted };
        desk.journey.console.apply(Event::Edit(InputRequest::DeleteLine));
        desk.journey.write(&typed);
        let is_last = desk.journey.console.state().sessions.form.as_ref().is_none_or(Form::is_at_end);
        desk.journey.press("enter");
        if is_last {
            return;
        }
    }
}

async fn perform(desk: &mut Desk, act: &Act) {
    match act {
        Act::Key(key) => drop(desk.journey.press(key)),
        Act::Command(index) => {
            desk.journey.press(":");
            desk.journey.write(entries()[*index].id);
            desk.journey.press("enter");
        }
        Act::Text(text) => desk.journey.write(text),
        Act::Paste(text) => drop(desk.journey.input(crossterm::event::Event::Paste(text.clone()))),
        Act::Fill(how) => fill(desk, how).await,
        Act::Offer(screen, row, offer) => {
            leave(&mut desk.journey);
            desk.journey.go(screen).await;
            (0..*row).for_each(|_| drop(desk.journey.press("j")));
            desk.journey.press("x");
            (0..*offer).for_each(|_| drop(desk.journey.press("j")));
            desk.journey.go("enter").await;
        }
        Act::Target(entry, environment) => {
            leave(&mut desk.journey);
            desk.journey.press("7");
            if desk.journey.console.state().screen == Screen::Sessions
                && desk.journey.console.state().overlays.is_empty()
            {
                desk.choose(&format!("{entry} {environment}"));
            }
        }
        Act::Pass(seconds) => desk.journey.let_time_pass(&format!("{seconds}s")),
        Act::Settle => hear(&mut desk.journey, 60).await,
    }
}

/// Somebody who walks, before a witness. Nobody's console knows no role at all.
async fn sit(persona: Persona, is_nobody: bool) -> (Desk, Witness) {
    let folder = tempfile::tempdir().unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    let path = folder.path().join(sekisho::journal::FILE);
    let journey = Start::of("bad-deploy").at("3m").persona(persona).granted(false).watching(move |simulator, watch| {
        let (witness, address) = Witness::before(&simulator.endpoint(), &path);
        watch.endpoint_url = Some(address);
        if is_nobody {
            watch.roles.clear();
        }
        told.send(witness).unwrap();
    });
    let journey = journey.go().await;
    (Desk::sit(journey, Lang::En, folder), heard.recv().unwrap())
}

/// Ends the console, and says what is wrong with what it did.
async fn end(mut desk: Desk, witness: &Witness, role: &str) -> Result<(), TestCaseError> {
    desk.journey.console.shutdown().await;
    witness.verdict(role, &desk.journey.simulator.calls()).map_err(TestCaseError::fail)
}

#[rstest]
#[case::operator(Persona::Operator, "operator")]
#[case::responder(Persona::Responder, "responder")]
#[case::staff(Persona::Staff, "staff")]
#[case::nobody(Persona::Staff, "")]
fn no_keys_reach_aws_past_the_gate(#[case] persona: Persona, #[case] role: &str) {
    let runtime = Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: WALKS, max_shrink_iters: 40, ..Config::default() });
    let walks = prop::collection::vec(act(), 10..50);
    let walked = runner.run(&walks, |acts| {
        runtime.block_on(async {
            let (mut desk, witness) = sit(persona, role.is_empty()).await;
            for act in &acts {
                perform(&mut desk, act).await;
            }
            hear(&mut desk.journey, 200).await;
            end(desk, &witness, role).await
        })
    });
    walked.unwrap_or_else(|error| panic!("{error}"));
}

/// What the witness would miss, were it blind.
#[rstest]
#[case::operator(Persona::Operator, "service-redeploy/claims", "StartAutomationExecution")]
#[case::responder(Persona::Responder, "container-inspect/api", "ExecuteCommand")]
#[case::staff(Persona::Staff, "node-shell", "StartSession")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_let_through_is_seen_to_act(#[case] persona: Persona, #[case] entry: &str, #[case] call: &str) {
    let (mut desk, witness) = sit(persona, false).await;
    if let Some(service) = entry.strip_prefix("service-redeploy/") {
        desk.journey.go("2").await;
        desk.journey.press("/");
        desk.journey.write(&format!("{service} dev"));
        desk.journey.go("enter x").await;
        desk.pick(entry);
    } else {
        desk.journey.go("7").await;
        desk.form(&format!("{entry} dev")).await;
    }
    fill(&mut desk, &[1; 8]).await;
    let has_acted = |witness: &Witness| witness.acted().iter().any(|acted| acted == call);
    let acted = witness.clone();
    desk.journey.until("acted", move |_| has_acted(&acted)).await;
    let role = entry_role(persona);
    end(desk, &witness, role).await.unwrap();
}

fn entry_role(persona: Persona) -> &'static str {
    match persona {
        Persona::Operator => "operator",
        Persona::Responder => "responder",
        Persona::Staff => "staff",
    }
}

//! Whatever is done to a state, and whoever it belongs to: it asks for nothing that the gate would not let through as it stands.

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use sekisho::command::{Command, entries};
use sekisho::domain::identity::RoleResolution;
use sekisho::policy::{self, Request};
use sekisho::state::State;
use sekisho::state::event::{Effect, Event, Target};
use sekisho::state::sessions::form::FieldKind;
use sekisho::state::update::update;
use tui_input::InputRequest;

use super::support::operations::{found, ready, web};
use super::support::sessions::{clear, on_sessions, run, say, write};
use super::support::{identity, now, report, services};

/// What may be done to a state.
#[derive(Debug, Clone)]
enum Act {
    Command(usize),
    Insert(char),
    Paste(String),
    Click(usize),
    /// What a form wants is written into its field, and the next one chosen.
    Answer,
    /// What was looked up for the form comes.
    Looked(bool),
    /// The form is started.
    Start,
    /// The screens where something may be begun.
    Go(u8),
    /// Somebody else logs in, or the same one again.
    Identity(bool),
    Services,
    Pass(u16),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (0..entries().len()).prop_map(Act::Command),
        1 => any::<char>().prop_map(Act::Insert),
        1 => ".{0,8}".prop_map(Act::Paste),
        2 => (0..12_usize).prop_map(Act::Click),
        12 => Just(Act::Answer),
        4 => any::<bool>().prop_map(Act::Looked),
        5 => Just(Act::Start),
        6 => (0..12_u8).prop_map(Act::Go),
        1 => any::<bool>().prop_map(Act::Identity),
        1 => Just(Act::Services),
        1 => (0..600_u16).prop_map(Act::Pass),
    ]
}

/// Goes to a list, down some rows, and opens what may be done there.
fn go(state: &mut State, number: u8) -> Vec<Effect> {
    let (screen, opens) = if number.is_multiple_of(2) {
        (Command::Sessions, Command::Open)
    } else {
        (Command::Services, Command::Actions)
    };
    for _ in 0..4 {
        run(state, Command::Back);
    }
    run(state, screen);
    for _ in 0..number / 2 {
        run(state, Command::Down);
    }
    let mut effects = run(state, opens);
    effects.extend(run(state, Command::Open));
    effects
}

fn answer(state: &mut State) {
    let Some(form) = &state.sessions.form else { return };
    let wanted = match form.fields.get(form.focus).map(|field| field.kind.clone()) {
        Some(FieldKind::Reason) => "調査".to_owned(),
        Some(FieldKind::Ticket(_)) => "INC-204".to_owned(),
        Some(FieldKind::Confirmation(expected)) => expected,
        _ => String::new(),
    };
    write(state, &wanted);
    run(state, Command::NextEntry);
}

fn act_on(state: &mut State, act: Act) -> Vec<Effect> {
    match act {
        Act::Command(index) => run(state, entries()[index].command),
        Act::Insert(character) => update(state, Event::Edit(InputRequest::InsertChar(character))),
        Act::Paste(text) => update(state, Event::Paste(text)),
        Act::Click(row) => update(state, Event::Click(Target::OverlayRow(row))),
        Act::Answer => {
            answer(state);
            Vec::new()
        }
        Act::Looked(is_change) => match state.sessions.form.as_ref().map(|form| form.id) {
            Some(id) => say(state, id, if is_change { found(web(), "web:43", "web:42") } else { clear("web") }),
            None => Vec::new(),
        },
        Act::Start => run(state, Command::Accept),
        Act::Go(number) => go(state, number),
        Act::Identity(is_other) => {
            report(state, 0, identity(if is_other { "444455556666" } else { "111122223333" }));
            Vec::new()
        }
        Act::Services => {
            report(state, 0, services(Vec::new()));
            Vec::new()
        }
        Act::Pass(seconds) => {
            let later = state.now + SignedDuration::from_secs(i64::from(seconds));
            update(state, Event::Tick(later))
        }
    }
}

/// Says how the gate judges a request for those to whom a state belongs; nothing where it lets it through.
fn judged(state: &State, request: &Request) -> Option<String> {
    let index = state.environments.iter().position(|one| one.name == request.environment);
    let Some(environment) = index.and_then(|index| state.environments.get(index)) else {
        return Some("nowhere".into());
    };
    let Some(catalogue) = state.sessions.catalogues.get(&environment.name) else { return Some("no catalogue".into()) };
    let source = state.sources.iter().find(|source| source.environments.contains(&index.unwrap_or(usize::MAX)));
    let Some(source) = source else { return Some("no source".into()) };
    let Some(who) = source.identity.value.as_ref() else { return Some("nobody".into()) };
    let role = state.role_of(source);
    policy::authorize(catalogue, who, &role, environment, request, now()).err().map(|denial| format!("{denial:?}"))
}

#[rstest]
#[case::responder("responder", true)]
#[case::staff("staff", true)]
#[case::operator("operator", true)]
#[case::nobody("", false)]
fn a_state_asks_for_nothing_that_the_gate_would_refuse(#[case] role: &str, #[case] may_act: bool) {
    let mut started = 0;
    let mut runner = TestRunner::deterministic();
    let walks = (any::<bool>(), prop::collection::vec(act(), 0..120));
    for _ in 0..160 {
        let (sessions, acts) = walks.new_tree(&mut runner).unwrap().current();
        let mut state = if sessions { on_sessions() } else { ready() };
        match role {
            "" => state.roles.clear(),
            role => role.clone_into(&mut state.roles[0].name),
        }
        // What the lists say of who may is made anew with the roles.
        report(&mut state, 0, identity("111122223333"));
        for act in acts {
            let before = format!("{act:?}");
            for effect in act_on(&mut state, act) {
                let Effect::Start { request, .. } = effect else { continue };
                started += 1;
                assert_eq!(judged(&state, &request), None, "{before}: {request:#?}");
            }
        }
        let roles: Vec<RoleResolution> = state.sources.iter().map(|source| state.role_of(source)).collect();
        assert!(may_act || roles.iter().all(|role| *role == RoleResolution::None), "{roles:?}");
    }
    assert!((started > 0) == may_act, "{role}: {started} were started");
}

//! Every command on every screen, from states with everything and with nothing.

use rstest::rstest;
use sekisho::command::{Command, entries};
use sekisho::state::event::{Effect, Event, Target};
use sekisho::state::overlay::Overlay;
use sekisho::state::services::ServicePanel;
use sekisho::state::update::update;
use sekisho::state::{Screen, State};

use super::sound::{assert_sound, draw};
use super::support::{bad_day, bad_morning, empty, report, web_deployments, web_history};

pub fn press(state: &mut State, commands: &[Command]) -> Vec<Effect> {
    commands.iter().flat_map(|command| update(state, Event::Command(*command))).collect()
}

/// Brings a state to a screen, as far as there is something to open.
fn on(mut state: State, screen: &[Command]) -> State {
    press(&mut state, screen);
    report(&mut state, 0, web_deployments());
    report(&mut state, 0, web_history());
    state
}

#[rstest]
fn no_command_breaks_a_state(
    #[values(empty, bad_morning, bad_day)] make: fn() -> State,
    #[values(
        &[Command::Overview][..],
        &[Command::Services],
        &[Command::Services, Command::Open],
        &[Command::Alarms],
        &[Command::Alarms, Command::Open],
        &[Command::Alarms, Command::Down, Command::Open],
        &[Command::Help],
        &[Command::Errors],
        &[Command::Services, Command::Filter],
        &[Command::Palette],
        &[Command::Environment],
        &[Command::Range],
        &[Command::Services, Command::Help, Command::Errors],
    )]
    screen: &[Command],
) {
    for first in entries() {
        let mut state = on(make(), screen);
        press(&mut state, &[first.command]);
        assert_sound(&state);
        draw(&state, 80, 24);
        for second in [Command::Open, Command::Back, Command::Environment] {
            let mut again = on(make(), screen);
            press(&mut again, &[first.command, second]);
            assert_sound(&again);
        }
    }
}

#[rstest]
#[case(&[], Command::Services, Screen::Services)]
#[case(&[], Command::Alarms, Screen::Alarms)]
#[case(&[Command::Services, Command::Open], Command::Overview, Screen::Overview)]
#[case(&[Command::Services, Command::Open], Command::Back, Screen::Services)]
#[case(&[Command::Services], Command::Back, Screen::Overview)]
#[case(&[], Command::Back, Screen::Overview)]
#[case(&[], Command::Open, Screen::Service)]
#[case(&[Command::Open], Command::Back, Screen::Overview)]
#[case(&[Command::Alarms], Command::Open, Screen::Alarm)]
#[case(&[Command::Alarms, Command::Open], Command::Back, Screen::Alarms)]
#[case(&[Command::Alarms, Command::Open], Command::Open, Screen::Alarm)]
fn screens_lead_to_each_other(#[case] before: &[Command], #[case] command: Command, #[case] screen: Screen) {
    let mut state = bad_morning();
    press(&mut state, before);
    press(&mut state, &[command]);
    assert_eq!(state.screen, screen);
    assert_sound(&state);
}

#[test]
fn a_key_that_opens_an_overlay_closes_it_too() {
    for command in [Command::Help, Command::Errors, Command::Environment, Command::Range, Command::Palette] {
        let mut state = bad_morning();
        press(&mut state, &[command]);
        assert_eq!(state.overlays.len(), 1, "{command:?}");
        press(&mut state, &[command]);
        assert_eq!(state.overlays.len(), 0, "{command:?}");
    }
}

#[rstest]
#[case(Command::Quit, &[Effect::Quit])]
#[case(Command::Redraw, &[Effect::Redraw])]
#[case(Command::Suspend, &[Effect::Suspend])]
#[case(Command::Mouse, &[Effect::Mouse(false)])]
fn some_commands_ask_for_something_outside(#[case] command: Command, #[case] effects: &[Effect]) {
    assert_eq!(press(&mut bad_morning(), &[command]), effects);
}

#[test]
fn refresh_asks_the_sources_that_are_shown() {
    use sekisho::domain::fetch::SourceId;
    let mut state = bad_morning();
    assert_eq!(press(&mut state, &[Command::Refresh]), [Effect::Refresh(vec![SourceId(0), SourceId(1)])]);
    press(&mut state, &[Command::Environment, Command::Down, Command::Down, Command::Open]);
    assert_eq!(state.shown, Some(1));
    assert_eq!(press(&mut state, &[Command::Refresh]), [Effect::Refresh(vec![SourceId(1)])]);
}

#[test]
fn panels_of_a_service_take_the_keys_in_a_circle() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    let panel = |state: &State| state.service.as_ref().unwrap().panel;
    let mut seen = vec![panel(&state)];
    for _ in 0..3 {
        press(&mut state, &[Command::NextPanel]);
        seen.push(panel(&state));
    }
    assert_eq!(seen, [ServicePanel::Tasks, ServicePanel::Deployments, ServicePanel::Events, ServicePanel::Tasks]);
    press(&mut state, &[Command::PreviousPanel]);
    assert_eq!(panel(&state), ServicePanel::Events);
    update(&mut state, Event::Click(Target::Panel(1)));
    assert_eq!(panel(&state), ServicePanel::Deployments);
}

#[test]
fn a_click_on_what_is_not_there_is_nothing() {
    for screen in [Command::Overview, Command::Services, Command::Alarms] {
        for make in [empty, bad_morning] {
            for target in [Target::Row(99), Target::Column(99), Target::Panel(99), Target::OverlayRow(99)] {
                let mut state = make();
                press(&mut state, &[screen]);
                update(&mut state, Event::Click(target));
                assert_sound(&state);
                press(&mut state, &[Command::Environment]);
                update(&mut state, Event::Click(target));
                assert_sound(&state);
            }
        }
    }
}

#[test]
fn a_notice_is_read_with_the_next_key_and_stays_over_reports() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Refresh]);
    assert!(state.notice.is_some());
    report(&mut state, 0, super::support::identity("111122223333"));
    update(&mut state, Event::Tick(super::support::now()));
    assert!(state.notice.is_some());
    press(&mut state, &[Command::Down]);
    assert!(state.notice.is_none());
}

#[test]
fn a_filter_is_applied_with_every_key_and_given_up_by_cancelling() {
    use tui_input::InputRequest;
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Filter]);
    for character in "PRD web".chars() {
        update(&mut state, Event::Edit(InputRequest::InsertChar(character)));
    }
    assert_eq!(state.services.rows.len(), 1);
    press(&mut state, &[Command::Accept, Command::Filter]);
    update(&mut state, Event::Edit(InputRequest::DeleteLine));
    assert_eq!(state.services.rows.len(), state.services.total);
    press(&mut state, &[Command::Cancel]);
    assert_eq!((state.services.filter.as_str(), state.services.rows.len()), ("PRD web", 1));
    // Nothing steers the terminal from a prompt, and nothing grows without end in it.
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste("\u{1b}[31m\nsecond line".to_owned()));
    update(&mut state, Event::Paste("長".repeat(10_000)));
    let Some(Overlay::Filter(prompt)) = state.overlays.last() else { panic!("the prompt is open") };
    assert!(!prompt.input.value().contains(['\u{1b}', '\n']));
    assert_eq!(prompt.input.value().chars().count(), 256);
    assert_sound(&state);
}

//! Every command on every screen, from states with everything and with nothing.

use rstest::rstest;
use sekisho::command::{Command, entries};
use sekisho::state::event::{Effect, Event, Target};
use sekisho::state::overlay::Overlay;
use sekisho::state::service::ServicePanel;
use sekisho::state::update::update;
use sekisho::state::{Screen, State};

use super::sound::{assert_sound, draw};
use super::support::{
    bad_day, bad_morning, empty, log_lines, log_places, report, web_deployments, web_history, web_log, web_targets,
};

pub fn press(state: &mut State, commands: &[Command]) -> Vec<Effect> {
    commands.iter().flat_map(|command| update(state, Event::Command(*command))).collect()
}

/// Brings a state to a screen, as far as there is something to open.
fn on(mut state: State, screen: &[Command]) -> State {
    press(&mut state, screen);
    report(&mut state, 0, web_deployments());
    report(&mut state, 0, web_history());
    report(&mut state, 0, web_targets());
    report(&mut state, 0, log_places(&["web", "datadog-agent"]));
    log_lines(&mut state, web_log());
    state
}

#[rstest]
fn no_command_breaks_a_state(
    #[values(empty, bad_morning, bad_day)] make: fn() -> State,
    #[values(
        &[Command::Overview][..],
        &[Command::Services],
        &[Command::Services, Command::Open],
        &[Command::Services, Command::Open, Command::Log],
        &[Command::Services, Command::Open, Command::Log, Command::Filter],
        &[Command::Services, Command::Open, Command::Log, Command::Search],
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
    for _ in 0..4 {
        press(&mut state, &[Command::NextPanel]);
        seen.push(panel(&state));
    }
    let [tasks, deployments, targets, events] = ServicePanel::ALL;
    assert_eq!(seen, [tasks, deployments, targets, events, tasks]);
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

#[test]
fn a_child_of_a_composite_is_opened_from_its_tree_and_left_for_it_again() {
    let mut state = bad_morning();
    let name = |state: &State| state.alarm.as_ref().unwrap().id.name.clone();
    press(&mut state, &[Command::Alarms, Command::Down, Command::Open]);
    assert_eq!(name(&state), "shop-prd-顧客影響");
    press(&mut state, &[Command::NextPanel, Command::Open]);
    assert_eq!((state.screen, name(&state)), (Screen::Alarm, "shop-prd-web-5xx".to_owned()));
    assert_sound(&state);
    press(&mut state, &[Command::Back]);
    assert_eq!((state.screen, name(&state)), (Screen::Alarm, "shop-prd-顧客影響".to_owned()));
    assert!(state.alarm.as_ref().unwrap().child.is_some(), "the cursor is where it was");
    // One that could not be read cannot be opened, and says so.
    press(&mut state, &[Command::Bottom, Command::Open]);
    assert_eq!(name(&state), "shop-prd-顧客影響");
    assert_eq!(state.notice.as_ref().unwrap().key, "screens.notice.unreadable-child");
    press(&mut state, &[Command::PreviousPanel, Command::Open]);
    assert!(matches!(state.overlays[..], [Overlay::Detail(..)]), "the history's own line is read in full");
    press(&mut state, &[Command::Back, Command::Back]);
    assert_eq!(state.screen, Screen::Alarms);
    assert_sound(&state);
}

#[test]
fn what_is_read_in_full_stays_when_its_row_is_gone() {
    let mut state = on(bad_morning(), &[Command::Services, Command::Open, Command::Open]);
    assert!(matches!(state.overlays[..], [Overlay::Detail(..)]));
    report(&mut state, 0, super::support::tasks(Vec::new()));
    assert!(matches!(state.overlays[..], [Overlay::Detail(..)]));
    draw(&state, 80, 24);
    // Another environment takes the object away, and with it what was read of it.
    press(&mut state, &[Command::Environment, Command::Down, Command::Down, Command::Open]);
    assert!(state.overlays.is_empty());
    assert_sound(&state);
}

#[test]
fn every_row_of_every_panel_is_clicked_and_opened() {
    for panel in 0..3 {
        let mut state = on(bad_morning(), &[Command::Services, Command::Open]);
        update(&mut state, Event::Click(Target::Panel(panel)));
        update(&mut state, Event::Click(Target::Row(1)));
        assert!(state.overlays.is_empty(), "the first click selects");
        update(&mut state, Event::Click(Target::Row(1)));
        assert!(matches!(state.overlays[..], [Overlay::Detail(..)]), "the second opens, panel {panel}");
        assert_sound(&state);
    }
}

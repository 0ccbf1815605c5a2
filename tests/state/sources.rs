//! Sources: identities, late reports, failures.

use rstest::rstest;
use sekisho::command::Command;
use sekisho::domain::fetch::{FailureKind, Panel, Phase};
use sekisho::state::State;
use sekisho::state::event::{Event, Generation, Report, SourceEvent};
use sekisho::state::update::update;

use super::commands::press;
use super::sound::assert_sound;
use super::support::{
    ago, alarms, bad_morning, denied, empty, failure, identity, now, prd_services, report, report_at, services, tasks,
    web_deployments, web_history,
};

#[test]
fn a_report_of_a_former_identity_is_dropped() {
    let mut state = empty();
    report_at(&mut state, 0, Generation(2), now(), identity("111122223333"));
    let late = [
        services(prd_services(&["web"])),
        tasks(Vec::new()),
        alarms(Vec::new()),
        web_deployments(),
        web_history(),
        identity("999988887777"),
        Report::Failed(Panel::Services, denied("ecs:ListServices")),
        Report::Asked(Panel::Alarms),
    ];
    for report in late {
        report_at(&mut state, 0, Generation(1), now(), report);
    }
    let source = &state.sources[0];
    assert_eq!(source.identity.value.as_ref().unwrap().account.as_str(), "111122223333");
    assert!(source.services.value.is_none() && source.alarms.value.is_none() && source.tasks.value.is_none());
    assert!(source.deployments.is_empty() && source.histories.is_empty());
    assert_eq!(source.services.phase, Phase::Unasked);
    assert_eq!(state.errors.entries().len(), 0);
}

#[test]
fn another_identity_takes_everything_of_the_former_with_it() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    report(&mut state, 0, web_deployments());
    report_at(&mut state, 0, Generation(1), now(), identity("111122223333"));
    let source = &state.sources[0];
    assert!(source.services.value.is_none() && source.tasks.value.is_none() && source.alarms.value.is_none());
    assert!(source.deployments.is_empty());
    assert_eq!(source.region, "ap-northeast-1", "what the configuration says stays");
    assert!(state.services.all().iter().all(|row| row.id.source.0 == 1), "the other source keeps its rows");
    assert!(!state.services.all().is_empty());
    assert!(state.service.as_ref().is_none_or(|view| !view.exists), "what was open was the former identity's");
    assert_sound(&state);
}

#[test]
fn a_report_of_no_source_is_nobodys() {
    let mut state = bad_morning();
    report_at(&mut state, 7, Generation(0), now(), services(prd_services(&["ghost"])));
    assert!(state.services.all().iter().all(|row| row.id.key.service != "ghost"));
}

#[rstest]
#[case(Report::Failed(Panel::Services, failure(FailureKind::Throttled, "ecs:DescribeServices")))]
#[case(Report::Failed(Panel::Services, denied("ecs:ListServices")))]
#[case(Report::Failed(Panel::Services, failure(FailureKind::Malformed, "ecs:DescribeServices")))]
#[case(Report::Asked(Panel::Services))]
fn whatever_fails_keeps_the_rows_with_their_age(#[case] bad: Report) {
    let mut state = empty();
    report_at(&mut state, 0, Generation(0), ago(3), services(prd_services(&["web"])));
    report(&mut state, 0, bad);
    assert_eq!(state.services.all().len(), 1);
    assert_eq!(state.sources[0].services.at, Some(ago(3)));
    assert_ne!(state.sources[0].services.phase, Phase::Idle);
}

fn times(state: &State) -> Vec<(Panel, u32)> {
    state.errors.entries().map(|entry| (entry.panel, entry.times)).collect()
}

#[test]
fn errors_of_one_kind_are_one_entry_and_the_newest_stands_first() {
    let mut state = empty();
    let mut again = denied("ecs:ListServices");
    report(&mut state, 0, Report::Failed(Panel::Services, again.clone()));
    // Told once more from memory, and then met anew.
    report(&mut state, 0, Report::Failed(Panel::Services, again.clone()));
    assert_eq!(times(&state), [(Panel::Services, 1)]);
    report(&mut state, 0, Report::Failed(Panel::Alarms, denied("cloudwatch:DescribeAlarms")));
    again.at = ago(-5);
    report(&mut state, 0, Report::Failed(Panel::Services, again));
    assert_eq!(times(&state), [(Panel::Services, 2), (Panel::Alarms, 1)]);
    assert_eq!(state.errors.unseen, 2);
    let first = state.errors.entries().next().unwrap();
    assert_eq!((first.first, first.failure.at), (now(), ago(-5)));
    press(&mut state, &[Command::Errors]);
    assert_eq!(state.errors.unseen, 0);
}

#[test]
fn errors_are_kept_apart_by_source_panel_kind_and_action_and_bounded() {
    let mut state = empty();
    report(&mut state, 0, Report::Failed(Panel::Services, denied("ecs:ListServices")));
    report(&mut state, 1, Report::Failed(Panel::Services, denied("ecs:ListServices")));
    report(&mut state, 0, Report::Failed(Panel::Tasks, denied("ecs:ListServices")));
    report(&mut state, 0, Report::Failed(Panel::Services, denied("ecs:DescribeServices")));
    report(&mut state, 0, Report::Failed(Panel::Services, failure(FailureKind::Throttled, "ecs:ListServices")));
    assert_eq!(state.errors.entries().len(), 5);
    for number in 0..500 {
        report(&mut state, 0, Report::Failed(Panel::Services, denied(&format!("ecs:Action{number}"))));
    }
    assert_eq!(state.errors.entries().len(), 200);
    assert_eq!(state.errors.entries().next().unwrap().failure.action, "ecs:Action499");
}

#[test]
fn one_end_of_credentials_is_one_item_however_many_panels_it_blinds() {
    let mut state = bad_morning();
    for panel in [Panel::Identity, Panel::Services, Panel::Alarms, Panel::Tasks, Panel::Metrics] {
        report(&mut state, 1, Report::Failed(panel, failure(FailureKind::Expired, "")));
    }
    let blind = |state: &State| {
        let troubles = state.overview.items.iter().map(|item| &item.trouble);
        troubles.filter(|trouble| matches!(trouble, sekisho::domain::queue::Trouble::Blind { .. })).count()
    };
    assert_eq!(blind(&state), 1);
    // What is wrong beside it is told beside it.
    report(&mut state, 1, Report::Failed(Panel::Alarms, denied("cloudwatch:DescribeAlarms")));
    assert_eq!(blind(&state), 2);
}

#[test]
fn quiet_is_counted_from_when_it_was_first_seen_and_ends_with_trouble() {
    let mut state = super::support::quiet_day();
    assert_eq!(state.overview.quiet_since, Some(now()));
    update(&mut state, Event::Tick(ago(-30)));
    assert_eq!(state.overview.quiet_since, Some(now()));
    report(&mut state, 0, services(vec![super::support::failing_service()]));
    assert_eq!(state.overview.quiet_since, None);
    report(&mut state, 0, services(prd_services(&["web"])));
    assert_eq!(state.overview.quiet_since, Some(ago(-30)));
}

#[test]
fn nothing_is_quiet_before_everything_was_read_or_while_something_cannot_be() {
    let mut state = empty();
    assert_eq!(state.overview.quiet_since, None);
    report(&mut state, 0, services(prd_services(&["web"])));
    assert_eq!(state.overview.quiet_since, None, "the alarms are still to come");
    let event = SourceEvent {
        source: sekisho::domain::fetch::SourceId(0),
        generation: Generation(0),
        at: now(),
        report: Report::Failed(Panel::Alarms, denied("cloudwatch:DescribeAlarms")),
    };
    update(&mut state, Event::Source(event));
    assert_eq!(state.overview.quiet_since, None, "blindness is no quiet");
}

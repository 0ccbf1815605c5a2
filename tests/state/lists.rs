//! Lists: the selection belongs to a row and not to its place.

use sekisho::command::Command;
use sekisho::domain::alarm::AlarmState;
use sekisho::state::event::Event;
use sekisho::state::services::ServiceSort;
use sekisho::state::update::update;

use super::commands::press;
use super::support::{
    alarm, alarms, answer_queries, bad_morning, empty, metric, prd_services, report, service, services, task, tasks,
};

#[test]
fn the_selection_follows_its_row_through_sorting_filtering_and_reading() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Down, Command::Down]);
    let chosen = state.services.selected().unwrap().id.clone();
    press(&mut state, &[Command::Sort]);
    assert_eq!(state.services.selected().unwrap().id, chosen);
    press(&mut state, &[Command::ReverseSort]);
    assert_eq!(state.services.selected().unwrap().id, chosen);
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste(chosen.key.service.clone()));
    assert_eq!(state.services.selected().unwrap().id, chosen);
    press(&mut state, &[Command::Cancel]);
    assert_eq!(state.services.selected().unwrap().id, chosen);
    report(&mut state, 0, services(prd_services(&["aaa", "aab", &chosen.key.service, "zzz"])));
    assert_eq!(state.services.selected().unwrap().id.key.service, chosen.key.service);
}

#[test]
fn a_selected_row_that_vanishes_leaves_the_selection_near() {
    let mut state = empty();
    report(&mut state, 0, services(prd_services(&["a", "b", "c", "d"])));
    press(&mut state, &[Command::Services, Command::Bottom]);
    report(&mut state, 0, services(prd_services(&["a", "b"])));
    assert_eq!(state.services.selected().unwrap().id.key.service, "b");
    report(&mut state, 0, services(Vec::new()));
    assert!(state.services.selected().is_none());
    report(&mut state, 0, services(prd_services(&["x", "y"])));
    assert_eq!(state.services.list.selected(), 0);
}

#[test]
fn what_nobody_chose_stays_on_the_first_row() {
    let mut state = empty();
    report(&mut state, 0, services(prd_services(&["b"])));
    report(&mut state, 0, services(prd_services(&["a", "b"])));
    assert_eq!(state.services.list.selected(), 0);
    assert_eq!(state.services.selected().unwrap().id.key.service, "a");
}

#[test]
fn services_are_sorted_by_each_order_in_turn() {
    use ServiceSort::{Attention, Cpu, Event as Newest, Memory, Name, Running};
    let mut state = bad_morning();
    answer_queries(&mut state);
    press(&mut state, &[Command::Services]);
    answer_queries(&mut state);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(state.services.sort);
        let keys: Vec<_> = state.services.rows.iter().map(|row| row.id.clone()).collect();
        press(&mut state, &[Command::ReverseSort]);
        let mut turned: Vec<_> = state.services.rows.iter().map(|row| row.id.clone()).collect();
        turned.reverse();
        assert_eq!(turned, keys, "{:?}", state.services.sort);
        press(&mut state, &[Command::ReverseSort, Command::Sort]);
    }
    assert_eq!(seen, [Attention, Name, Running, Cpu, Memory, Newest]);
    assert_eq!(state.services.sort, Attention);
}

#[test]
fn an_open_service_stays_with_its_last_row_when_it_is_deleted() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    let view = state.service.as_ref().unwrap();
    assert!(view.exists && !view.tasks.is_empty());
    report(&mut state, 0, services(prd_services(&["api"])));
    let view = state.service.as_ref().unwrap();
    assert!(!view.exists && view.row.is_some(), "gone, and still to be looked at");
    assert_eq!(view.id.key.service, "web");
}

#[test]
fn tasks_that_are_not_well_come_first_and_stopped_ones_last() {
    let mut state = empty();
    report(&mut state, 0, services(vec![service("shop-prd", "web", 2, 2)]));
    let mut stopped = task("shop-prd", "web", 1, "UNKNOWN", "v1");
    stopped.last_status = "STOPPED".to_owned();
    let mut pending = task("shop-prd", "web", 2, "UNKNOWN", "v1");
    pending.last_status = "PENDING".to_owned();
    let well = task("shop-prd", "web", 3, "HEALTHY", "v1");
    let ill = task("shop-prd", "web", 4, "UNHEALTHY", "v1");
    let of_another = task("shop-prd", "api", 5, "UNHEALTHY", "v1");
    report(&mut state, 0, tasks(vec![stopped.clone(), well.clone(), of_another, pending.clone(), ill.clone()]));
    press(&mut state, &[Command::Services, Command::Open]);
    let arns: Vec<_> = state.service.as_ref().unwrap().tasks.iter().map(|task| task.arn.clone()).collect();
    assert_eq!(arns, [ill.arn, pending.arn, well.arn, stopped.arn]);
}

#[test]
fn alarms_come_by_state_and_then_by_what_changed_last() {
    let mut state = empty();
    let watched = |name: &str, alarm_state, since| alarm(name, alarm_state, since, metric("Requests", &[]));
    report(
        &mut state,
        0,
        alarms(vec![
            watched("shop-prd-old-ok", AlarmState::Ok, 900),
            watched("shop-prd-new-ok", AlarmState::Ok, 9),
            watched("shop-prd-unknown", AlarmState::InsufficientData, 1),
            watched("shop-prd-old-alarm", AlarmState::Alarm, 500),
            watched("shop-prd-new-alarm", AlarmState::Alarm, 5),
        ]),
    );
    let names = |state: &sekisho::state::State| {
        state.alarms.rows.iter().map(|row| row.id.name.replace("shop-prd-", "")).collect::<Vec<_>>()
    };
    assert_eq!(names(&state), ["new-alarm", "old-alarm", "unknown", "new-ok", "old-ok"]);
    press(&mut state, &[Command::Alarms, Command::Sort]);
    assert_eq!(names(&state), ["new-alarm", "new-ok", "old-alarm", "old-ok", "unknown"]);
    press(&mut state, &[Command::Sort]);
    assert_eq!(names(&state), ["unknown", "new-alarm", "new-ok", "old-alarm", "old-ok"]);
}

#[test]
fn a_composites_tree_is_cut_where_it_would_repeat() {
    use super::support::composite;
    let mut state = empty();
    report(
        &mut state,
        0,
        alarms(vec![
            composite("shop-prd-a", AlarmState::Alarm, "ALARM(shop-prd-b) OR ALARM(shop-prd-gone)"),
            composite("shop-prd-b", AlarmState::Ok, "ALARM(shop-prd-a) OR ALARM(shop-prd-b)"),
        ]),
    );
    press(&mut state, &[Command::Alarms, Command::Open]);
    let tree: Vec<_> = state
        .alarm
        .as_ref()
        .unwrap()
        .tree
        .iter()
        .map(|branch| (branch.depth, branch.name.as_str(), branch.last, branch.alarm.is_some()))
        .collect();
    assert_eq!(
        tree,
        [
            (1, "shop-prd-b", false, true),
            (2, "shop-prd-a", false, true),
            (2, "shop-prd-b", true, true),
            (1, "shop-prd-gone", true, false),
        ]
    );
}

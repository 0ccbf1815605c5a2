use std::{collections::BTreeMap, sync::Arc};

use rstest::rstest;

use super::{
    super::{
        book::FindingsBook,
        samples::{alarm, at, cluster, failure, key, service},
    },
    *,
};
use crate::{
    aws::{Described, Loaded, Paged, Roster},
    domain::{alarm::AlarmState, ecs::Rollout, fetch::FailureKind},
};

/// A book that is connected and has read nothing.
pub(super) fn connected() -> Book {
    let mut book = Book::new(30);
    book.link.connected = true;
    book.link.renewed_at = Some(at(0));
    book
}

/// A book with the names of so many services in one cluster, and their counts.
fn listed(services: usize) -> Book {
    let mut book = connected();
    let names = (0..services).map(|number| key("shop", number).service).collect();
    let running = u32::try_from(services * 2).unwrap();
    let roster = Roster {
        clusters: vec![cluster("shop", u32::try_from(services).unwrap(), running)],
        services: BTreeMap::from([("shop".to_owned(), names)]),
        counted: true,
        capped: false,
    };
    book.take_roster(Loaded { value: roster, failures: Vec::new() }, at(0));
    book.roster_at = Some(at(0));
    book.counted_at = Some(at(0));
    book
}

/// A book in which everything was read at the start.
fn read(services: usize) -> Book {
    let mut book = listed(services);
    let keys: Vec<_> = (0..services).map(|number| key("shop", number)).collect();
    describe(&mut book, &keys, 2, 0);
    book.take_tasks(&TaskScope::Cluster("shop".to_owned()), Paged::default(), at(0));
    book.take_alarms(Paged { items: vec![Arc::new(alarm("cpu", AlarmState::Alarm, at(0)))], capped: false }, at(0));
    book
}

fn describe(book: &mut Book, keys: &[ServiceKey], running: u32, second: i64) {
    let services = keys.iter().map(|key| Arc::new(service(key.clone(), running, at(second)))).collect();
    book.take_services(keys, Described { services, ..Described::default() }, false, at(second));
}

fn looking_at(visible: std::ops::Range<usize>) -> Interest {
    Interest { visible_services: visible.map(|number| key("shop", number)).collect(), ..Interest::default() }
}

pub(super) fn job(book: &Book, interest: &Interest, second: i64, lane: Lane) -> Option<Job> {
    agenda(book, interest, at(second)).jobs.into_iter().find(|job| job.lane() == lane)
}

fn services_due(book: &Book, interest: &Interest, second: i64) -> usize {
    match job(book, interest, second, Lane::Services) {
        Some(Job::Services(keys)) => keys.len(),
        _ => 0,
    }
}

#[test]
fn nothing_but_a_connection_is_asked_for_before_there_is_one() {
    let agenda = agenda(&Book::new(1), &looking_at(0..10), at(0));
    assert_eq!(agenda, Agenda { jobs: vec![Job::Connect], wake: None });
}

#[test]
fn alarms_and_the_roster_come_first_and_together() {
    let agenda = agenda(&connected(), &Interest::default(), at(0));
    assert_eq!(agenda.jobs, [Job::Roster, Job::Alarms, Job::Findings(FindingsBook::first_ask())]);
}

#[test]
fn services_come_before_tasks() {
    let book = listed(60);
    assert_eq!(services_due(&book, &Interest::default(), 0), 60);
    assert_eq!(job(&book, &Interest::default(), 0, Lane::Tasks), None);
    let mut book = book;
    describe(&mut book, &(0..60).map(|number| key("shop", number)).collect::<Vec<_>>(), 2, 0);
    let whole = Job::Tasks(vec![TaskScope::Cluster("shop".to_owned())]);
    assert_eq!(job(&book, &Interest::default(), 1, Lane::Tasks), Some(whole));
}

#[test]
fn tasks_do_not_wait_for_ever_for_very_many_services() {
    let book = listed(5_000);
    assert_eq!(job(&book, &Interest::default(), 9, Lane::Tasks), None);
    assert!(job(&book, &Interest::default(), 10, Lane::Tasks).is_some());
}

#[test]
fn one_job_is_bounded_and_what_is_seen_goes_first() {
    let book = listed(5_000);
    let Some(Job::Services(keys)) = job(&book, &looking_at(4_000..4_040), 0, Lane::Services) else { panic!() };
    assert_eq!(keys.len(), CALLS_A_JOB * 10);
    assert!((4_000..4_040).all(|number| keys[..40].contains(&key("shop", number))));
}

#[rstest]
#[case(29, 0)]
#[case(30, 40)]
fn visible_services_are_read_every_30_seconds(#[case] second: i64, #[case] due: usize) {
    assert_eq!(services_due(&read(60), &looking_at(0..40), second), due);
}

#[test]
fn all_services_are_read_every_five_minutes_but_not_all_at_once() {
    let book = read(200);
    let due = |second| services_due(&book, &Interest::default(), second);
    assert_eq!(due(269), 0);
    assert!((1..200).contains(&due(300)), "{}", due(300));
    assert_eq!(due(331), 200);
}

#[test]
fn services_that_are_due_soon_go_along_where_a_call_has_room() {
    let book = read(10);
    let first = (270..=330).find(|second| services_due(&book, &Interest::default(), *second) > 0).unwrap();
    assert_eq!(services_due(&book, &Interest::default(), first), 10);
}

#[test]
fn rows_that_come_into_sight_are_read_when_they_are_old_and_scrolling_rests() {
    let mut book = read(60);
    book.lane_mut(Lane::Services).asked_at = Some(at(100));
    assert_eq!(services_due(&book, &looking_at(0..1), 101), 0);
    assert_eq!(services_due(&book, &looking_at(0..1), 102), 1);
}

#[test]
fn a_visible_row_that_is_nearly_due_goes_along() {
    let mut book = read(60);
    describe(&mut book, &[key("shop", 1)], 2, 8);
    describe(&mut book, &[key("shop", 2)], 2, 15);
    assert_eq!(services_due(&book, &looking_at(0..3), 30), 2);
}

#[test]
fn the_open_service_is_read_every_five_seconds_while_it_rolls() {
    let mut book = read(60);
    let open = |rolling| Interest { open_service: Some((key("shop", 7), rolling)), ..Interest::default() };
    assert_eq!(services_due(&book, &open(false), 5), 0);
    assert_eq!(services_due(&book, &open(true), 4), 0);
    assert_eq!(services_due(&book, &open(true), 5), 1);
    let mut rolling = service(key("shop", 7), 1, at(0));
    rolling.deployments[0].rollout = Rollout::InProgress;
    let described = Described { services: vec![Arc::new(rolling)], ..Described::default() };
    book.take_services(&[key("shop", 7)], described, false, at(0));
    assert_eq!(services_due(&book, &open(false), 5), 1);
}

#[test]
fn clusters_are_counted_every_minute_and_listed_seldom() {
    let book = read(60);
    let clusters = |second| job(&book, &Interest::default(), second, Lane::Clusters);
    assert_eq!(clusters(59), None);
    assert_eq!(clusters(60), Some(Job::Counts(vec!["shop".to_owned()])));
    assert_eq!(clusters(331), Some(Job::Counts(vec!["shop".to_owned()])));
    // A list counts as well, and takes the place of a count that it would follow shortly.
    let first = (0..).step_by(60).find(|second| clusters(*second) == Some(Job::Roster)).unwrap();
    assert!((720..=960).contains(&first), "{first}");
}

#[test]
fn all_alarms_take_the_place_of_those_in_alarm_that_they_would_follow_shortly() {
    let book = read(60);
    let alarms = |second| job(&book, &Interest::default(), second, Lane::Alarms);
    assert_eq!(alarms(60), Some(Job::Firing(vec!["cpu".to_owned()])));
    let first = (0..).step_by(60).find(|second| alarms(*second) == Some(Job::Alarms)).unwrap();
    assert!((240..=300).contains(&first), "{first}");
}

#[test]
fn services_that_came_or_went_have_their_names_listed() {
    let mut book = read(60);
    book.take_counts(vec![cluster("shop", 61, 120)], true, at(60));
    assert_eq!(job(&book, &Interest::default(), 60, Lane::Clusters), Some(Job::Lists(vec!["shop".to_owned()])));
}

#[test]
fn counts_that_move_make_unseen_services_and_tasks_due() {
    let mut book = read(60);
    book.take_counts(vec![cluster("shop", 60, 120)], true, at(60));
    assert_eq!(services_due(&book, &Interest::default(), 61), 0);
    assert_eq!(job(&book, &Interest::default(), 61, Lane::Tasks), None);
    book.take_counts(vec![cluster("shop", 60, 119)], true, at(120));
    assert_eq!(services_due(&book, &Interest::default(), 120), 60);
    let whole = Job::Tasks(vec![TaskScope::Cluster("shop".to_owned())]);
    assert_eq!(job(&book, &Interest::default(), 120, Lane::Tasks), Some(whole));
}

#[test]
fn counts_that_a_known_service_explains_move_nothing() {
    let mut book = read(60);
    describe(&mut book, &[key("shop", 3)], 1, 30);
    book.take_counts(vec![cluster("shop", 60, 119)], true, at(60));
    assert_eq!(services_due(&book, &Interest::default(), 61), 0);
}

#[test]
fn a_service_that_changed_has_its_tasks_read_by_the_cheaper_way() {
    let mut book = read(60);
    describe(&mut book, &[key("shop", 3)], 1, 30);
    let Some(Job::Tasks(scopes)) = job(&book, &Interest::default(), 30, Lane::Tasks) else { panic!() };
    // Two calls to list and describe 120 tasks, twice, against four for one service.
    assert_eq!(scopes, [TaskScope::Cluster("shop".to_owned())]);
    let mut book = read(300);
    describe(&mut book, &[key("shop", 3)], 1, 40);
    let Some(Job::Tasks(scopes)) = job(&book, &Interest::default(), 40, Lane::Tasks) else { panic!() };
    assert_eq!(scopes, [TaskScope::Service(key("shop", 3))]);
}

#[test]
fn the_tasks_of_the_open_service_are_read_every_30_seconds() {
    let mut book = read(60);
    let open = Interest { open_service: Some((key("shop", 7), false)), ..Interest::default() };
    let scope = TaskScope::Service(key("shop", 7));
    assert_eq!(job(&book, &open, 1, Lane::Tasks), Some(Job::Tasks(vec![scope.clone()])));
    book.take_tasks(&scope, Paged::default(), at(1));
    assert_eq!(job(&book, &open, 30, Lane::Tasks), None);
    assert_eq!(job(&book, &open, 31, Lane::Tasks), Some(Job::Tasks(vec![scope])));
}

#[test]
fn a_cluster_without_tasks_is_not_asked_for_them() {
    let mut book = connected();
    let roster =
        Roster { clusters: vec![cluster("empty", 0, 0)], services: BTreeMap::new(), counted: true, capped: false };
    book.take_roster(Loaded { value: roster.clone(), failures: Vec::new() }, at(0));
    book.roster_at = Some(at(0));
    assert_eq!(job(&book, &Interest::default(), 0, Lane::Tasks), None);
    let uncounted = Roster { counted: false, ..roster };
    book.take_roster(Loaded { value: uncounted, failures: Vec::new() }, at(0));
    assert!(job(&book, &Interest::default(), 0, Lane::Tasks).is_some());
}

#[test]
fn firing_alarms_are_read_every_minute_and_all_every_five() {
    let book = read(1);
    let alarms = |second| job(&book, &Interest::default(), second, Lane::Alarms);
    assert_eq!(alarms(59), None);
    assert_eq!(alarms(60), Some(Job::Firing(vec!["cpu".to_owned()])));
    assert_eq!(alarms(331), Some(Job::Alarms));
}

#[test]
fn an_alarms_history_is_read_on_opening_and_when_its_state_changed() {
    let mut book = read(1);
    let open = Interest { open_alarm: Some("cpu".to_owned()), ..Interest::default() };
    let history = |since| Some(Job::History("cpu".to_owned(), Some(at(since))));
    assert_eq!(job(&book, &open, 1, Lane::History), history(0));
    book.take_history("cpu".to_owned(), Some(at(0)), Vec::new());
    assert_eq!(job(&book, &open, 1_000, Lane::History), None);
    change(&mut book, 55);
    assert_eq!(job(&book, &open, 61, Lane::History), history(55));
}

/// Has the alarm `cpu` read with another state since then.
fn change(book: &mut Book, since: i64) {
    let mut ok = alarm("cpu", AlarmState::Ok, at(since + 5));
    ok.since = Some(at(since));
    book.take_firing(vec![Arc::new(ok)], &[], at(since + 5));
}

#[test]
fn a_state_that_changes_while_the_history_is_read_has_it_read_again() {
    let mut book = read(1);
    let open = Interest { open_alarm: Some("cpu".to_owned()), ..Interest::default() };
    let Some(Job::History(name, since)) = job(&book, &open, 54, Lane::History) else { panic!() };
    change(&mut book, 55);
    book.take_history(name, since, Vec::new());
    assert_eq!(job(&book, &open, 61, Lane::History), Some(Job::History("cpu".to_owned(), Some(at(55)))));
}

#[test]
fn service_deployments_are_read_on_opening_and_as_the_rollout_goes() {
    let mut book = read(1);
    let open = |rolling| Interest { open_service: Some((key("shop", 0), rolling)), ..Interest::default() };
    assert!(job(&book, &open(false), 1, Lane::Deployments).is_some());
    book.take_deployments(key("shop", 0), Vec::new(), at(1));
    assert_eq!(job(&book, &open(false), 59, Lane::Deployments), None);
    assert!(job(&book, &open(false), 61, Lane::Deployments).is_some());
    assert!(job(&book, &open(true), 6, Lane::Deployments).is_some());
    let mut new = service(key("shop", 0), 2, at(2));
    new.deployments[0].id = "ecs-svc/2".to_owned();
    let described = Described { services: vec![Arc::new(new)], ..Described::default() };
    book.take_services(&[key("shop", 0)], described, false, at(2));
    assert!(job(&book, &open(false), 2, Lane::Deployments).is_some());
}

#[test]
fn a_busy_lane_is_left_alone_and_a_resting_one_woken_in_time() {
    let mut book = connected();
    book.lane_mut(Lane::Clusters).begin(at(0));
    book.lane_mut(Lane::Findings).begin(at(0));
    book.lane_mut(Lane::Alarms).hold = Hold::Until(at(7));
    let agenda = agenda(&book, &Interest::default(), at(0));
    assert_eq!(agenda, Agenda { jobs: Vec::new(), wake: Some(at(7)) });
    assert_eq!(job(&book, &Interest::default(), 7, Lane::Alarms), Some(Job::Alarms));
}

#[test]
fn a_lane_that_waits_to_be_asked_wakes_nobody() {
    let mut book = Book::new(1);
    book.lane_mut(Lane::Identity).wait_to_be_asked();
    assert_eq!(agenda(&book, &Interest::default(), at(0)), Agenda::default());
    book.forget_denials(&Interest::default());
    assert_eq!(agenda(&book, &Interest::default(), at(0)).jobs, [Job::Connect]);
}

#[test]
fn credentials_are_replaced_five_minutes_before_their_end_and_tried_each_minute() {
    let mut book = read(1);
    book.link.expires = Some(at(3_600));
    let identity = |book: &Book, second| job(book, &Interest::default(), second, Lane::Identity);
    assert_eq!(identity(&book, 3_299), None);
    assert_eq!(identity(&book, 3_300), Some(Job::Connect));
    book.link.renewed_at = Some(at(3_300));
    assert_eq!(identity(&book, 3_359), None);
    assert_eq!(identity(&book, 3_360), Some(Job::Connect));
}

#[test]
fn a_refresh_reads_what_is_looked_at_and_no_more() {
    let mut book = read(60);
    book.lane_mut(Lane::Services).asked_at = Some(at(0));
    let interest = looking_at(0..5);
    book.refresh(&interest);
    assert_eq!(services_due(&book, &interest, 1), 5);
    assert_eq!(job(&book, &interest, 1, Lane::Alarms), Some(Job::Alarms));
    assert_eq!(job(&book, &interest, 1, Lane::Clusters), Some(Job::Counts(vec!["shop".to_owned()])));
}

#[test]
fn what_was_denied_is_listed_again_when_denials_are_forgotten() {
    let mut book = connected();
    book.roster_at = Some(at(0));
    let denied = FailureKind::Denied { missing_action: "ecs:ListClusters".to_owned() };
    book.lane_mut(Lane::Clusters).end(Some(failure(denied)), false, at(0), 0.0);
    assert_eq!(job(&book, &Interest::default(), 1, Lane::Clusters), None);
    book.forget_denials(&Interest::default());
    assert_eq!(job(&book, &Interest::default(), 1, Lane::Clusters), Some(Job::Roster));
}

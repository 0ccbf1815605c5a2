use super::{
    super::samples::{alarm, at, cluster, failure, key, service, task},
    *,
};
use crate::{
    aws::{Described, Loaded, Paged, Roster, TaskScope},
    domain::{alarm::AlarmState, fetch::FailureKind},
};

fn roster(names: &[(&str, usize)]) -> Loaded<Roster> {
    let clusters = names.iter().map(|(name, services)| cluster(name, u32::try_from(*services).unwrap(), 4)).collect();
    let services = names
        .iter()
        .map(|(name, services)| ((*name).to_owned(), (0..*services).map(|number| key(name, number).service).collect()));
    Loaded {
        value: Roster { clusters, services: services.collect(), counted: true, capped: false },
        failures: Vec::new(),
    }
}

fn described(services: &[Service]) -> Described {
    Described { services: services.iter().cloned().map(Arc::new).collect(), ..Described::default() }
}

fn book() -> Book {
    let mut book = Book::new(0);
    book.take_roster(roster(&[("shop", 3), ("dev", 1)]), at(0));
    let rows: Vec<Service> = (0..3).map(|number| service(key("shop", number), 2, at(0))).collect();
    let asked: Vec<ServiceKey> = rows.iter().map(|row| row.key.clone()).collect();
    book.take_services(&asked, described(&rows), false, at(0));
    book
}

#[test]
fn a_partial_read_shares_the_rest_and_an_equal_one_everything() {
    let mut book = book();
    let first = book.services_snapshot();
    assert_eq!(first.services.len(), 3);
    book.take_services(&[key("shop", 1)], described(&[service(key("shop", 1), 2, at(30))]), false, at(30));
    assert!(Arc::ptr_eq(&first, &book.services_snapshot()));
    book.take_services(&[key("shop", 1)], described(&[service(key("shop", 1), 1, at(40))]), false, at(40));
    let second = book.services_snapshot();
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&first.services[0], &second.services[0]));
    assert_eq!(second.services[1].running, 1);
}

#[test]
fn the_stamp_of_an_unchanged_row_follows_within_a_minute() {
    let mut book = book();
    book.take_services(&[key("shop", 1)], described(&[service(key("shop", 1), 2, at(60))]), false, at(60));
    assert_eq!(book.services_snapshot().services[1].as_of, at(60));
}

#[test]
fn missing_and_inactive_services_disappear() {
    let mut book = book();
    let gone = Described { missing: vec![key("shop", 0)], ..Described::default() };
    book.take_services(&[key("shop", 0)], gone, false, at(1));
    let mut inactive = service(key("shop", 1), 0, at(1));
    inactive.status = "INACTIVE".to_owned();
    book.take_services(&[key("shop", 1)], described(&[inactive]), false, at(1));
    let left = book.services_snapshot();
    assert_eq!(left.services.len(), 1);
    assert_eq!(left.services[0].key, key("shop", 2));
}

#[test]
fn a_service_that_nobody_listed_is_not_taken() {
    let mut book = book();
    book.take_services(&[], described(&[service(key("other", 0), 2, at(1))]), false, at(1));
    assert_eq!(book.services_snapshot().services.len(), 3);
}

#[test]
fn denied_services_count_as_read_and_failed_ones_do_not() {
    let mut book = book();
    book.take_services(&[key("dev", 0)], Described::default(), false, at(1));
    assert_eq!(book.services[&key("dev", 0)].read_at, None);
    book.take_services(&[key("dev", 0)], Described::default(), true, at(1));
    assert_eq!(book.services[&key("dev", 0)].read_at, Some(at(1)));
}

#[test]
fn services_that_are_passed_over_in_silence_count_as_read() {
    let mut book = book();
    let silent = Described { silent: vec![key("dev", 0), key("shop", 0), key("dev", 7)], ..Described::default() };
    book.take_services(&[key("dev", 0), key("shop", 0)], silent, false, at(9));
    assert_eq!(book.services[&key("dev", 0)].read_at, Some(at(9)));
    let shown = &book.services[&key("shop", 0)];
    assert_eq!((shown.read_at, shown.service.is_some()), (Some(at(9)), true));
    assert!(!book.services.contains_key(&key("dev", 7)));
}

#[test]
fn a_cluster_without_an_arn_is_not_counted_among_others_that_are() {
    let mut book = Book::new(0);
    let mut partly = roster(&[("shop", 3), ("dev", 1)]);
    partly.value.clusters[1] = Cluster { arn: String::new(), ..cluster("dev", 0, 0) };
    partly.failures.push(failure(FailureKind::Denied { missing_action: "ecs:DescribeClusters".to_owned() }));
    book.take_roster(partly, at(0));
    assert_eq!(["shop", "dev"].map(|name| book.clusters[name].counted), [true, false]);
}

#[test]
fn a_cluster_that_is_gone_takes_its_services_along() {
    let mut book = book();
    book.take_roster(roster(&[("dev", 1)]), at(60));
    let left = book.services_snapshot();
    assert!(left.services.is_empty());
    assert_eq!(left.clusters.len(), 1);
}

#[test]
fn a_roster_that_could_not_be_read_changes_nothing() {
    let mut book = book();
    let nothing = Loaded { value: Roster::default(), failures: vec![failure(FailureKind::TimedOut)] };
    book.take_roster(nothing, at(60));
    assert_eq!(book.services_snapshot().services.len(), 3);
}

#[test]
fn a_cluster_that_could_not_be_listed_keeps_its_services() {
    let mut book = book();
    let mut partly = roster(&[("shop", 3), ("dev", 1)]);
    partly.value.services.remove("shop");
    partly.failures.push(failure(FailureKind::TimedOut));
    book.take_roster(partly, at(60));
    assert_eq!(book.services_snapshot().services.len(), 3);
}

fn tasks(tasks: &[Task]) -> Paged<Arc<Task>> {
    Paged { items: tasks.iter().cloned().map(Arc::new).collect(), capped: false }
}

#[test]
fn tasks_of_one_service_leave_those_of_others_and_equal_ones_are_shared() {
    let mut book = book();
    let (web, api) = (key("shop", 0), key("shop", 1));
    let whole = TaskScope::Cluster("shop".to_owned());
    book.take_tasks(&whole, tasks(&[task(&web, "w1", "RUNNING"), task(&api, "a1", "RUNNING")]), at(0));
    let first = book.tasks_snapshot();
    let again = tasks(&[task(&web, "w1", "RUNNING"), task(&web, "w0", "STOPPED")]);
    book.take_tasks(&TaskScope::Service(web.clone()), again, at(1));
    let second = book.tasks_snapshot();
    let ids: Vec<&str> = second.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["w0", "w1", "a1"]);
    assert!(first.tasks.iter().all(|old| second.tasks.iter().any(|new| Arc::ptr_eq(old, new))));
    // A reading of what runs keeps what stopped within the hour.
    book.take_tasks(&whole, tasks(&[task(&web, "w1", "RUNNING")]), at(2));
    assert_eq!(book.tasks_snapshot().tasks.len(), 2);
    book.take_tasks(&whole, tasks(&[task(&web, "w1", "RUNNING")]), at(4_000));
    assert_eq!(book.tasks_snapshot().tasks.len(), 1);
}

#[test]
fn a_change_while_tasks_are_read_is_not_lost() {
    let mut book = book();
    let whole = TaskScope::Cluster("shop".to_owned());
    book.take_services(&[key("shop", 0)], described(&[service(key("shop", 0), 1, at(1))]), false, at(1));
    book.begin_tasks(std::slice::from_ref(&whole));
    assert!(book.clusters["shop"].stirred.is_empty());
    book.take_services(&[key("shop", 0)], described(&[service(key("shop", 0), 2, at(2))]), false, at(2));
    book.take_tasks(&whole, Paged::default(), at(1));
    assert_eq!(book.clusters["shop"].stirred.len(), 1);
}

#[test]
fn tasks_that_could_not_be_read_stay_due_and_denied_ones_do_not() {
    let mut book = book();
    let whole = TaskScope::Cluster("shop".to_owned());
    book.miss_tasks(&whole, true, at(5));
    assert_eq!(book.clusters["shop"].tasks_at, Some(at(5)));
    book.miss_tasks(&whole, false, at(6));
    assert_eq!(book.clusters["shop"].tasks_at, None);
    book.miss_tasks(&TaskScope::Service(key("shop", 0)), false, at(6));
    assert!(book.clusters["shop"].stirred.contains(&key("shop", 0)));
}

#[test]
fn a_cluster_that_counts_nothing_has_no_tasks() {
    let mut book = book();
    let whole = TaskScope::Cluster("shop".to_owned());
    book.take_tasks(&whole, tasks(&[task(&key("shop", 0), "w1", "RUNNING")]), at(0));
    book.take_counts(vec![cluster("shop", 3, 0)], true, at(60));
    assert!(book.tasks_snapshot().tasks.is_empty());
}

#[test]
fn alarms_that_left_alarm_are_replaced_and_deleted_ones_go() {
    let mut book = book();
    let all = ["cpu", "gone", "web"].map(|name| Arc::new(alarm(name, AlarmState::Alarm, at(0))));
    book.take_alarms(Paged { items: all.to_vec(), capped: false }, at(0));
    assert_eq!(book.firing(), ["cpu", "gone", "web"]);
    let read = vec![Arc::new(alarm("web", AlarmState::Alarm, at(10))), Arc::new(alarm("cpu", AlarmState::Ok, at(10)))];
    book.take_firing(read, &book.firing(), at(10));
    assert_eq!(book.firing(), ["web"]);
    let snapshot = book.alarms_snapshot();
    assert_eq!(snapshot.alarms.len(), 2);
    assert_eq!((snapshot.alarms[0].state, book.alarms_at, book.firing_at), (AlarmState::Ok, Some(at(0)), Some(at(10))));
    // Nothing about the alarm changed, so that it is still the very same row.
    assert!(Arc::ptr_eq(&snapshot.alarms[1], &all[2]));
}

#[test]
fn equal_histories_and_deployments_are_shared() {
    let mut book = book();
    let first = book.take_history("cpu".to_owned(), None, Vec::new());
    assert!(Arc::ptr_eq(&first, &book.take_history("cpu".to_owned(), None, Vec::new())));
    assert!(!Arc::ptr_eq(&first, &book.take_history("web".to_owned(), None, Vec::new())));
    let first = book.take_deployments(key("shop", 0), Vec::new(), at(0));
    assert!(Arc::ptr_eq(&first, &book.take_deployments(key("shop", 0), Vec::new(), at(5))));
}

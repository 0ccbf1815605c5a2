//! The queue of what needs a person: severities, joins, order.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;
use sekisho::domain::alarm::{Alarm, AlarmState};
use sekisho::domain::ecs::{Rollout, Service, ServiceEvent};
use sekisho::domain::environment::Kind;
use sekisho::domain::fetch::{Failure, FailureKind, Panel, SourceId};
use sekisho::domain::queue::{Item, Place, Seen, Severity, Sighting, Subject, Trouble, rank};

use super::support::{ago, alarm, composite, deployment, failing_service, failure, key, metric, now, service};

/// Holds what is seen, so that sightings can borrow it.
#[derive(Default, Clone)]
struct Sights {
    services: Vec<(usize, Kind, Arc<Service>)>,
    alarms: Vec<(usize, Kind, Arc<Alarm>)>,
    failures: Vec<(usize, Kind, Panel, Failure)>,
    ends: Vec<(usize, Kind, Timestamp)>,
}

impl Sights {
    fn service(mut self, kind: Kind, service: Service) -> Self {
        self.services.push((0, kind, Arc::new(service)));
        self
    }

    fn alarm(self, kind: Kind, alarm: Alarm) -> Self {
        self.alarm_of(0, kind, alarm)
    }

    fn alarm_of(mut self, source: usize, kind: Kind, alarm: Alarm) -> Self {
        self.alarms.push((source, kind, Arc::new(alarm)));
        self
    }

    fn failure(mut self, kind: Kind, panel: Panel, failure: Failure) -> Self {
        self.failures.push((0, kind, panel, failure));
        self
    }

    fn end(mut self, kind: Kind, minutes: i64) -> Self {
        self.ends.push((0, kind, now() + SignedDuration::from_mins(minutes)));
        self
    }

    fn ranked(&self) -> Vec<Item> {
        let place = |kind: Kind| Place { environment: None, kind };
        let sighting = |source: usize, kind, seen| Sighting { source: SourceId(source), place: place(kind), seen };
        let services = self.services.iter().map(|(source, kind, one)| sighting(*source, *kind, Seen::Service(one)));
        let alarms = self.alarms.iter().map(|(source, kind, one)| sighting(*source, *kind, Seen::Alarm(one)));
        let failures =
            self.failures.iter().map(|(source, kind, panel, why)| sighting(*source, *kind, Seen::Failure(*panel, why)));
        let ends = self.ends.iter().map(|(source, kind, end)| sighting(*source, *kind, Seen::Credentials(*end)));
        rank(services.chain(alarms).chain(failures).chain(ends), now())
    }
}

/// Writes an item as its severity, what it opens, and how many signals it has.
fn told(item: &Item) -> String {
    let subject = match &item.subject {
        Subject::Service(source, key) => format!("{}/{} of {}", key.cluster, key.service, source.0),
        Subject::Alarm(source, name) => format!("{name} of {}", source.0),
        Subject::WebAcl(source, key) => format!("{} of {}", key.name, source.0),
        Subject::Findings(source, account, cause) => format!("{cause} in {account} of {}", source.0),
        Subject::Source(source, panel) => format!("{panel:?} of {}", source.0),
    };
    format!("{} {subject} x{}", item.severity.name(), item.breadth())
}

fn all_told(sights: &Sights) -> Vec<String> {
    sights.ranked().iter().map(told).collect()
}

fn firing(name: &str) -> Alarm {
    alarm(name, AlarmState::Alarm, 5, metric("Logins", &[]))
}

fn of_service(name: &str, cluster: &str, service: &str) -> Alarm {
    let watched = metric("CPUUtilization", &[("ClusterName", cluster), ("ServiceName", service)]);
    alarm(name, AlarmState::Alarm, 5, watched)
}

fn given_up() -> Service {
    let mut service = failing_service();
    service.deployments[0].rollout = Rollout::Failed;
    service
}

fn slow() -> Service {
    let mut service = service("shop-prd", "web", 3, 3);
    let mut rolling = deployment("9", "PRIMARY", Rollout::InProgress, "web:43", (1, 3, 0));
    rolling.created_at = Some(ago(31));
    service.deployments.insert(0, rolling);
    service
}

fn blind(kind: Kind, panel: Panel) -> Sights {
    Sights::default().failure(kind, panel, failure(FailureKind::Throttled, ""))
}

fn muted() -> Alarm {
    Alarm { actions_enabled: false, ..firing("muted") }
}

fn suppressed() -> Alarm {
    Alarm { suppressed: Some("by maintenance".to_owned()), ..firing("suppressed") }
}

use Severity::{Critical, High, Low, Medium};

/// The table of `weigh`, row by row: production, staging, unknown, development.
#[rstest]
#[case::failing(|kind| Sights::default().service(kind, failing_service()), [Critical, High, High, Medium])]
#[case::given_up(|kind| Sights::default().service(kind, given_up()), [Critical, High, High, Medium])]
#[case::none_runs(|kind| Sights::default().service(kind, service("c", "s", 0, 2)), [Critical, High, High, Medium])]
#[case::blind_to_all(|kind| blind(kind, Panel::Identity), [Critical, High, Critical, Medium])]
#[case::short(|kind| Sights::default().service(kind, service("c", "s", 1, 2)), [High, Medium, Medium, Low])]
#[case::alarm(|kind| Sights::default().alarm(kind, firing("a")), [High, Medium, Medium, Low])]
#[case::blind_to_services(|kind| blind(kind, Panel::Services), [High, Medium, High, Low])]
#[case::blind_to_alarms(|kind| blind(kind, Panel::Alarms), [High, Medium, High, Low])]
#[case::ended(|kind| Sights::default().end(kind, -1), [High, Medium, Medium, Low])]
#[case::slow(|kind| Sights::default().service(kind, slow()), [Medium, Low, Low, Low])]
#[case::blind_to_tasks(|kind| blind(kind, Panel::Tasks), [Medium, Low, Medium, Low])]
#[case::muted(|kind| Sights::default().alarm(kind, muted()), [Medium, Low, Low, Low])]
#[case::suppressed(|kind| Sights::default().alarm(kind, suppressed()), [Medium, Low, Low, Low])]
#[case::ending(|kind| Sights::default().end(kind, 15), [Medium, Low, Low, Low])]
fn severity_is_what_was_seen_weighed_by_where(#[case] seen: fn(Kind) -> Sights, #[case] severities: [Severity; 4]) {
    for (kind, severity) in [Kind::Prd, Kind::Stg, Kind::Unknown, Kind::Dev].into_iter().zip(severities) {
        let items = seen(kind).ranked();
        assert_eq!(items.len(), 1, "{kind:?}: {items:#?}");
        assert_eq!(items[0].severity, severity, "{kind:?}");
    }
}

#[test]
fn too_few_tasks_are_dated_by_the_first_event_after_the_last_steady_state() {
    let mut short = service("c", "s", 1, 2);
    assert_eq!(Sights::default().service(Kind::Prd, short.clone()).ranked()[0].since, None, "it was steady last");
    for minutes in [9, 4] {
        let message = "(service s) has started 1 tasks: (task 0f).".to_owned();
        short.events.insert(0, ServiceEvent { id: minutes.to_string(), at: ago(minutes), message });
    }
    assert_eq!(Sights::default().service(Kind::Prd, short.clone()).ranked()[0].since, Some(ago(9)));
    short.events.truncate(2);
    assert_eq!(Sights::default().service(Kind::Prd, short).ranked()[0].since, None, "no event knows of a steady state");
}

#[test]
fn what_is_well_is_not_in_the_queue() {
    let mut stopped = service("c", "stopped", 0, 0);
    stopped.deployments.clear();
    let mut draining = service("c", "draining", 0, 3);
    draining.status = "DRAINING".to_owned();
    let mut rolling = service("c", "rolling", 3, 3);
    rolling.deployments.insert(0, deployment("9", "PRIMARY", Rollout::InProgress, "x:2", (1, 3, 0)));
    let sights = Sights::default()
        .service(Kind::Prd, service("c", "steady", 3, 3))
        .service(Kind::Prd, stopped)
        .service(Kind::Prd, draining)
        .service(Kind::Prd, rolling)
        .alarm(Kind::Prd, alarm("ok", AlarmState::Ok, 1, metric("x", &[])))
        .alarm(Kind::Prd, alarm("unknown", AlarmState::InsufficientData, 1, metric("x", &[])))
        .end(Kind::Prd, 16);
    assert_eq!(all_told(&sights), Vec::<String>::new());
}

#[test]
fn the_gravest_comes_first_then_production_then_the_newest_then_the_broadest() {
    let at = |name: &str, since: i64| Alarm { since: Some(ago(since)), ..firing(name) };
    let sights = Sights::default()
        .alarm(Kind::Dev, at("dev", 1))
        .alarm(Kind::Prd, at("b-old", 500))
        .alarm(Kind::Prd, at("a-old", 500))
        .alarm(Kind::Prd, at("new", 2))
        .alarm(Kind::Prd, Alarm { since: None, ..firing("undated") })
        .alarm(Kind::Unknown, at("unknown", 1))
        .alarm(Kind::Stg, at("stg", 1))
        .service(Kind::Stg, failing_service())
        .service(Kind::Prd, service("c", "none", 0, 1));
    let order: Vec<String> = all_told(&sights);
    assert_eq!(
        order,
        [
            "critical c/none of 0 x1",
            "high new of 0 x1",
            "high a-old of 0 x1",
            "high b-old of 0 x1",
            "high undated of 0 x1",
            "high shop-prd/web of 0 x1",
            "medium stg of 0 x1",
            "medium unknown of 0 x1",
            "low dev of 0 x1",
        ]
    );
}

#[test]
fn an_alarm_joins_the_service_that_it_watches_by_name_or_by_target_group() {
    let group = ("TargetGroup", "targetgroup/shop-prd-web/0123456789abcdef");
    let by_group = alarm("by-group", AlarmState::Alarm, 3, metric("HTTPCode_Target_5XX_Count", &[group]));
    let sights = Sights::default()
        .service(Kind::Prd, failing_service())
        .alarm(Kind::Prd, of_service("by-name", "shop-prd", "web"))
        .alarm(Kind::Prd, by_group)
        .alarm(Kind::Prd, of_service("of-nobody", "shop-prd", "gone"));
    assert_eq!(all_told(&sights), ["critical shop-prd/web of 0 x3", "high of-nobody of 0 x1"]);
    let first = &sights.ranked()[0];
    assert!(matches!(first.trouble, Trouble::Rollout { .. }), "what explains more stands before what it explains");
}

#[test]
fn an_alarm_opens_the_service_that_it_watches_also_where_that_is_steady() {
    let sights = Sights::default()
        .service(Kind::Prd, service("shop-prd", "api", 3, 3))
        .alarm(Kind::Prd, of_service("api-cpu", "shop-prd", "api"));
    let items = sights.ranked();
    assert_eq!(items[0].subject, Subject::Service(SourceId(0), key("shop-prd", "api")));
    assert!(matches!(items[0].trouble, Trouble::Alarm { .. }));
}

#[test]
fn a_service_of_the_same_name_in_another_account_is_another_one() {
    let sights = Sights::default().service(Kind::Prd, failing_service()).alarm_of(
        1,
        Kind::Stg,
        of_service("elsewhere", "shop-prd", "web"),
    );
    assert_eq!(all_told(&sights), ["critical shop-prd/web of 0 x1", "medium elsewhere of 1 x1"]);
}

#[test]
fn a_muted_signal_does_not_lower_its_neighbours() {
    let loud = Alarm { name: "loud".to_owned(), ..firing("loud") };
    let sights = Sights::default()
        .alarm(Kind::Prd, muted())
        .alarm(Kind::Prd, loud)
        .alarm(Kind::Prd, composite("both", AlarmState::Alarm, "ALARM(muted) OR ALARM(loud)"));
    assert_eq!(all_told(&sights), ["high both of 0 x3"]);
}

/// Composites: the alarms in ALARM with their rules (metric alarms have none), and what the queue makes of them.
#[rstest]
#[case::reads_its_children(&[("top", "ALARM(a) OR ALARM(b)"), ("a", ""), ("b", "")], &["top x3"])]
#[case::children_that_are_well(&[("top", "ALARM(a) OR ALARM(b)")], &["top x1"])]
#[case::nested(&[("top", "ALARM(middle)"), ("middle", "ALARM(a)"), ("a", "")], &["top x3"])]
#[case::nested_by_other_names(&[("z-top", "ALARM(m)"), ("m", "ALARM(a)"), ("a", "")], &["z-top x3"])]
#[case::nested_the_other_way(&[("a-top", "ALARM(m)"), ("m", "ALARM(z)"), ("z", "")], &["a-top x3"])]
#[case::reads_itself(&[("top", "ALARM(top) OR ALARM(a)"), ("a", "")], &["top x2"])]
#[case::in_a_circle(&[("one", "ALARM(two)"), ("two", "ALARM(one)")], &["one x2"])]
#[case::two_that_share_a_child(&[("one", "ALARM(a)"), ("two", "ALARM(a)"), ("a", "")], &["one x3"])]
#[case::two_that_share_what_is_well(&[("one", "NOT ALARM(pause)"), ("two", "NOT ALARM(pause)")], &["one x1", "two x1"])]
#[case::joins_the_service_of_a_child(&[("top", "ALARM(web-cpu) OR ALARM(a)"), ("web-cpu", "service"), ("a", "")], &["shop-prd/web x4"])]
#[case::through_two_levels(&[("top", "ALARM(middle)"), ("middle", "ALARM(web-cpu)"), ("web-cpu", "service")], &["shop-prd/web x4"])]
#[case::by_another_order(&[("z", "ALARM(y)"), ("y", "ALARM(web-cpu)"), ("web-cpu", "service")], &["shop-prd/web x4"])]
fn composites_join_what_they_read(#[case] alarms: &[(&str, &str)], #[case] expected: &[&str]) {
    let mut orders = vec![alarms.to_vec(), alarms.iter().rev().copied().collect()];
    orders[0].sort_unstable();
    for order in orders {
        let mut sights = Sights::default().service(Kind::Prd, failing_service());
        for (name, rule) in order {
            sights = sights.alarm(
                Kind::Prd,
                match rule {
                    "" => firing(name),
                    "service" => of_service(name, "shop-prd", "web"),
                    rule => Alarm { since: Some(ago(5)), ..composite(name, AlarmState::Alarm, rule) },
                },
            );
        }
        let told: Vec<String> = sights
            .ranked()
            .iter()
            .filter(|item| !(item.also.is_empty() && matches!(item.trouble, Trouble::Rollout { .. })))
            .map(|item| told(item).replace(" of 0", "").split_once(' ').unwrap().1.to_owned())
            .collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn credentials_and_a_blind_identity_are_one_item_of_their_source() {
    let sights = Sights::default()
        .failure(Kind::Prd, Panel::Identity, failure(FailureKind::Expired, ""))
        .failure(Kind::Prd, Panel::Services, failure(FailureKind::Throttled, ""))
        .end(Kind::Prd, -3);
    assert_eq!(all_told(&sights), ["critical Identity of 0 x2", "high Services of 0 x1"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Alarms with any rules over each other, in any order, tell the same, and none is lost or told twice.
    #[test]
    fn the_queue_does_not_depend_on_the_order_in_which_things_are_seen(
        rules in prop::collection::vec(prop::collection::vec(0..8_usize, 0..4), 1..8),
        order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let name = |number: usize| format!("alarm-{number}");
        let made: Vec<Alarm> = rules.iter().enumerate().map(|(number, children)| match children.as_slice() {
            [] if number % 2 == 0 => of_service(&name(number), "shop-prd", "web"),
            [] => firing(&name(number)),
            children => {
                let rule: Vec<String> = children.iter().map(|child| format!("ALARM({})", name(*child))).collect();
                composite(&name(number), AlarmState::Alarm, &rule.join(" OR "))
            }
        }).collect();
        let sights = |order: &[usize]| {
            let start = Sights::default().service(Kind::Prd, failing_service());
            order.iter().filter_map(|index| made.get(*index)).fold(start, |sights, alarm| sights.alarm(Kind::Prd, alarm.clone()))
        };
        let straight = sights(&(0..8).collect::<Vec<_>>()).ranked();
        let shuffled = sights(&order).ranked();
        let tell = |items: &[Item]| items.iter().map(told).collect::<Vec<_>>();
        prop_assert_eq!(tell(&straight), tell(&shuffled));
        let signals: usize = straight.iter().map(|item| item.also.len() + 1).sum();
        prop_assert_eq!(signals, made.len() + 1);
    }
}

//! What a poller asks for, counted, and what it says.

use std::sync::Arc;

use jiff::SignedDuration;
use sekisho::{
    aws::Action,
    domain::{
        ecs::{Rollout, ServiceKey, ServicesSnapshot},
        fetch::{FailureKind, Panel},
        metric::ecs_utilization,
    },
    runtime::poller::PollCommand,
    simulator::{Calls, Clock, Fault, FaultKind, ManualClock, Options, Scenario, Span},
    state::event::{Generation, Interest, Report, SourceEvent},
};

use super::support::{Rig, connect, failure, last, plan, plan_as_role, simulate, start};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn key(number: usize) -> ServiceKey {
    ServiceKey { cluster: "sixty".to_owned(), service: format!("svc-{number:02}") }
}

/// Looks at forty rows with a sparkline each for CPU and memory.
fn forty_rows(interest: &mut Interest) {
    interest.visible_services = (1..=40).map(key).collect();
    let queries = |key: &ServiceKey| {
        ["CPUUtilization", "MemoryUtilization"].map(|name| ecs_utilization(key, name, "Average", 60))
    };
    interest.queries = interest.visible_services.iter().flat_map(queries).collect();
}

/// Counts the calls to some services.
fn of_services(calls: &Calls, services: &[&str]) -> u64 {
    let is_one = |action: &str| action.split(':').next().is_some_and(|service| services.contains(&service));
    calls.actions.iter().filter(|(action, _)| is_one(action)).map(|(_, count)| count).sum()
}

fn services(events: &[SourceEvent]) -> Option<Arc<ServicesSnapshot>> {
    last(events, |report| match report {
        Report::Services(services) => Some(Arc::clone(services)),
        _ => None,
    })
}

/// The targets of the first slice: 60 services with two tasks each and 60 alarms.
#[tokio::test]
async fn the_first_load_and_the_steady_state_stay_within_their_calls() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    let mut events = rig.settle().await;
    rig.look(forty_rows);
    events.extend(rig.settle().await);
    assert_eq!(services(&events).unwrap().services.len(), 60);
    assert!(
        last(&events, |report| matches!(report, Report::Tasks(tasks) if tasks.tasks.len() == 120).then_some(()))
            .is_some()
    );
    assert!(
        last(&events, |report| matches!(report, Report::Alarms(alarms) if alarms.alarms.len() == 60).then_some(()))
            .is_some()
    );
    let series = last(&events, |report| if let Report::Series(series) = report { Some(series.len()) } else { None });
    assert_eq!(series, Some(80));
    let calls = simulator.calls();
    let beside = of_services(&calls, &["wafv2", "securityhub"]);
    println!("first load: {} calls, {beside} of them beside: {:?}", calls.total, calls.actions);
    assert!(calls.total - beside <= 16 && beside <= 4, "{calls:?}");

    // The first minutes settle what was read together; what follows is the steady state.
    rig.pass(SignedDuration::from_mins(1), SECOND * 5).await;
    simulator.reset_calls();
    let events = rig.pass(SignedDuration::from_mins(5), SECOND * 5).await;
    let calls = simulator.calls();
    let without_metrics = calls.total - calls.of("cloudwatch:GetMetricData");
    println!("five minutes: {without_metrics} calls and {} metrics {:?}", calls.metrics, calls.actions);
    assert!(without_metrics <= 80, "{calls:?}");
    assert!(calls.of("ecs:DescribeServices") >= 40 && calls.of("ecs:DescribeClusters") >= 4, "{calls:?}");
    assert_eq!((calls.of("cloudwatch:GetMetricData"), calls.metrics), (5, 400));
    assert_eq!(failure(&events, Panel::Services), None);
}

#[tokio::test]
async fn nothing_is_paid_for_while_nobody_looks() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    rig.look(|interest| {
        forty_rows(interest);
        interest.focused = false;
    });
    rig.settle().await;
    rig.pass(SignedDuration::from_mins(3), SECOND * 10).await;
    assert_eq!(simulator.calls().metrics, 0);
    rig.look(|interest| interest.focused = true);
    let events = rig.settle().await;
    assert_eq!(simulator.calls().metrics, 80);
    let dollars =
        last(&events, |report| if let Report::Usage(usage) = report { Some(usage.dollars_per_hour) } else { None });
    // 80 metrics in ten minutes make 480 an hour, at a cent a thousand.
    assert!((dollars.unwrap() - 0.004_8).abs() < 1e-9, "{dollars:?}");
}

#[tokio::test]
async fn identity_comes_first_and_everything_carries_its_generation() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    let events = rig.settle().await;
    let first: Vec<&Report> = events.iter().map(|event| &event.report).take(4).collect();
    assert!(matches!(first[0], Report::Asked(Panel::Identity)));
    assert!(matches!(first[1], Report::Connected { .. }));
    assert!(events.iter().skip(1).all(|event| event.generation == Generation(1)));
    let position = |wanted: fn(&Report) -> bool| events.iter().position(|event| wanted(&event.report)).unwrap();
    let services = position(|report| matches!(report, Report::Services(_)));
    let tasks = position(|report| matches!(report, Report::Asked(Panel::Tasks)));
    let alarms = position(|report| matches!(report, Report::Asked(Panel::Alarms)));
    assert!(alarms < services && services < tasks, "{alarms} {services} {tasks}");
}

#[tokio::test]
async fn what_did_not_change_is_the_very_same_value_with_a_new_age() {
    let options = Options { clock: Clock::Frozen(jiff::Timestamp::now()), ..Options::default() };
    let simulator = start(Scenario::builtin("sixty").unwrap(), options).await;
    let mut rig = Rig::start(plan(&simulator));
    rig.look(forty_rows);
    let first = services(&rig.settle().await).unwrap();
    let later = rig.pass(SECOND * 30, SECOND * 30).await;
    let second = services(&later).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let told = later.iter().find(|event| matches!(event.report, Report::Services(_))).unwrap();
    assert_eq!(told.at, rig.clock.now());
}

#[tokio::test]
async fn a_rollout_is_followed_every_five_seconds() {
    let story = Arc::new(ManualClock::new(jiff::Timestamp::now()));
    let options = Options { clock: Clock::Manual(Arc::clone(&story)), ..Options::default() };
    let simulator = start(Scenario::builtin("bad-deploy").unwrap(), options).await;
    let mut rig = Rig::start(plan(&simulator));
    rig.settle().await;
    let web = ServiceKey { cluster: "shop-prd".to_owned(), service: "web".to_owned() };
    rig.look(|interest| interest.open_service = Some((web.clone(), true)));
    rig.settle().await;
    simulator.reset_calls();
    let mut events = Vec::new();
    for _ in 0..24 {
        story.advance(SECOND * 5);
        events.extend(rig.pass(SECOND * 5, SECOND * 5).await);
    }
    let calls = simulator.calls();
    assert!((24..=40).contains(&calls.of("ecs:DescribeServices")), "{calls:?}");
    assert!((20..=26).contains(&calls.of("ecs:DescribeServiceDeployments")), "{calls:?}");
    let of_web = services(&events).unwrap().services.iter().find(|service| service.key == web).cloned().unwrap();
    assert_eq!(of_web.primary().unwrap().rollout, Rollout::InProgress);
    assert!(of_web.primary().unwrap().failed > 0);
    let tasks = last(&events, |report| match report {
        Report::Tasks(tasks) => Some(tasks.of(&web).map(|task| task.last_status.clone()).collect::<Vec<_>>()),
        _ => None,
    });
    assert!(tasks.clone().unwrap().contains(&"STOPPED".to_owned()), "{tasks:?}");
    let status = last(&events, |report| match report {
        Report::Deployments(key, deployments) if *key == web => deployments.first().map(|first| first.status.clone()),
        _ => None,
    });
    assert_eq!(status.as_deref(), Some("IN_PROGRESS"));
}

#[tokio::test]
async fn a_denial_is_told_once_asked_and_not_again_until_it_is_forgotten() {
    let simulator = simulate("sixty").await;
    simulator.inject(Fault::new(FaultKind::Deny, "ecs:ListServices"));
    simulator.inject(Fault::new(FaultKind::Deny, "cloudwatch:DescribeAlarms"));
    let mut rig = Rig::start(plan(&simulator));
    let events = rig.settle().await;
    let missing = |action: &str| Some(FailureKind::Denied { missing_action: action.to_owned() });
    assert_eq!(failure(&events, Panel::Services).map(|failure| failure.kind), missing("ecs:ListServices"));
    assert_eq!(failure(&events, Panel::Alarms).map(|failure| failure.kind), missing("cloudwatch:DescribeAlarms"));
    let events = rig.pass(SignedDuration::from_mins(10), SECOND * 10).await;
    let calls = simulator.calls();
    assert_eq!((calls.of("ecs:ListServices"), calls.of("cloudwatch:DescribeAlarms")), (1, 1));
    assert_eq!(failure(&events, Panel::Alarms).map(|failure| failure.kind), missing("cloudwatch:DescribeAlarms"));
    simulator.clear_faults();
    rig.commands.send(PollCommand::ForgetDenials).await.unwrap();
    let events = rig.settle().await;
    assert_eq!(services(&events).unwrap().services.len(), 60);
    assert_eq!(failure(&events, Panel::Services), None);
    assert_eq!(simulator.calls().of("cloudwatch:DescribeAlarms"), 2);
}

#[tokio::test]
async fn a_passing_fault_rests_longer_each_time_and_loses_nothing() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    rig.look(forty_rows);
    let first = services(&rig.settle().await).unwrap();
    simulator.inject(Fault::new(FaultKind::Status, "ecs:DescribeServices"));
    simulator.reset_calls();
    let events = rig.pass(SignedDuration::from_mins(5), SECOND * 5).await;
    assert_eq!(failure(&events, Panel::Services).map(|failure| failure.kind), Some(FailureKind::ServiceFault));
    // Without resting it would be 4 calls of 3 tries each every 5 seconds: 720.
    let asked = simulator.calls().of("ecs:DescribeServices");
    assert!((12..=240).contains(&asked), "{asked}");
    simulator.clear_faults();
    let events = rig.pass(SignedDuration::from_mins(6), SECOND * 10).await;
    assert_eq!(services(&events).unwrap().services.len(), first.services.len());
    assert_eq!(failure(&events[events.len() / 2..], Panel::Services), None);
}

#[tokio::test]
async fn credentials_that_ended_are_looked_for_again() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    rig.settle().await;
    rig.pass(SignedDuration::from_mins(2), SECOND * 30).await;
    simulator.inject(Fault::new(FaultKind::Expire, "*"));
    simulator.reset_calls();
    let events = rig.pass(SignedDuration::from_mins(5), SECOND * 5).await;
    assert_eq!(failure(&events, Panel::Identity).map(|failure| failure.kind), Some(FailureKind::Expired));
    let calls = simulator.calls();
    assert!((2..=40).contains(&calls.of("sts:GetCallerIdentity")), "{calls:?}");
    // Only what was due when the credentials ended met that; nothing is asked without an identity.
    assert!(calls.total - calls.of("sts:GetCallerIdentity") <= 4, "{calls:?}");
    simulator.clear_faults();
    let events = rig.pass(SignedDuration::from_mins(6), SECOND * 10).await;
    assert!(last(&events, |report| matches!(report, Report::Connected { .. }).then_some(())).is_some());
    assert_eq!(services(&events).unwrap().services.len(), 60);
    assert!(events.iter().all(|event| event.generation == Generation(1)));
}

#[tokio::test]
async fn credentials_are_replaced_before_they_end() {
    let simulator = simulate("quiet").await;
    let role = plan_as_role(&simulator, "arn:aws:iam::111122223333:role/reader");
    let mut rig = Rig::start(role);
    rig.settle().await;
    rig.pass(SignedDuration::from_mins(50), SignedDuration::from_mins(10)).await;
    assert_eq!(simulator.calls().of("sts:AssumeRole"), 1);
    let events = rig.pass(SignedDuration::from_mins(6), SignedDuration::from_mins(6)).await;
    let calls = simulator.calls();
    assert_eq!((calls.of("sts:AssumeRole"), calls.of("sts:GetCallerIdentity")), (2, 2));
    assert!(
        last(&events, |report| matches!(report, Report::Connected { expires: Some(_), .. }).then_some(())).is_some()
    );
    assert!(events.iter().all(|event| event.generation == Generation(1)));
}

#[tokio::test]
async fn a_service_that_refuses_good_credentials_is_not_asked_in_a_loop() {
    let simulator = simulate("sixty").await;
    simulator.inject(Fault::new(FaultKind::Expire, "ecs:*"));
    let mut rig = Rig::start(plan(&simulator));
    let events = rig.settle().await;
    assert_eq!(failure(&events, Panel::Identity).map(|failure| failure.kind), Some(FailureKind::Expired));
    rig.pass(SignedDuration::from_mins(20), SECOND * 5).await;
    let calls = simulator.calls();
    assert!((3..=40).contains(&calls.of("sts:GetCallerIdentity")), "{calls:?}");
}

#[tokio::test]
async fn the_wrong_account_is_not_asked_twice() {
    let simulator = simulate("sixty").await;
    let mut wrong = plan(&simulator);
    wrong.account = Some("999999999999".parse().unwrap());
    let mut rig = Rig::start(wrong);
    let events = rig.settle().await;
    assert_eq!(failure(&events, Panel::Identity).map(|failure| failure.kind.name()), Some("wrong-account"));
    rig.pass(SignedDuration::from_mins(10), SECOND * 30).await;
    assert_eq!(simulator.calls().total, 1);
    rig.commands.send(PollCommand::Reconnect).await.unwrap();
    rig.settle().await;
    assert_eq!(simulator.calls().total, 2);
}

#[tokio::test]
async fn a_poller_that_is_dropped_asks_no_more() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    rig.settle().await;
    let before = simulator.calls().total;
    drop(rig.handle);
    rig.hand.advance(SignedDuration::from_mins(10));
    // Calls of our own go out after those that the poller would have made at once, and wait for their answers.
    let connection = connect(&simulator).await;
    connection.probe(Action::ListClusters).await.unwrap();
    assert_eq!(simulator.calls().total, before + 2);
}

#[tokio::test]
async fn a_poller_that_lives_would_have_asked() {
    let simulator = simulate("sixty").await;
    let mut rig = Rig::start(plan(&simulator));
    rig.settle().await;
    let before = simulator.calls().total;
    rig.hand.advance(SignedDuration::from_mins(10));
    let connection = connect(&simulator).await;
    connection.probe(Action::ListClusters).await.unwrap();
    assert!(simulator.calls().total > before + 2);
}

#[tokio::test]
async fn a_refresh_without_credentials_finds_them_at_once() {
    for kind in [FaultKind::Deny, FaultKind::Expire] {
        let simulator = simulate("sixty").await;
        simulator.inject(Fault::new(kind, "sts:GetCallerIdentity"));
        let mut rig = Rig::start(plan(&simulator));
        assert!(failure(&rig.settle().await, Panel::Identity).is_some());
        simulator.clear_faults();
        // As after `aws sso login`: nothing has to pass but the key.
        rig.commands.send(PollCommand::Refresh).await.unwrap();
        assert_eq!(services(&rig.settle().await).unwrap().services.len(), 60, "{kind:?}");
        assert_eq!(simulator.calls().of("sts:GetCallerIdentity"), 2);
        rig.commands.send(PollCommand::Refresh).await.unwrap();
        rig.settle().await;
        assert_eq!(simulator.calls().of("sts:GetCallerIdentity"), 2);
    }
}

#[tokio::test]
async fn a_refresh_while_credentials_are_being_looked_for_is_not_lost() {
    let simulator = simulate("sixty").await;
    simulator.inject(Fault::new(FaultKind::Deny, "sts:GetCallerIdentity").times(1));
    simulator.inject(Fault::new(FaultKind::Delay, "sts:GetCallerIdentity").by(Span::from_millis(500)));
    let mut rig = Rig::start(plan(&simulator));
    while simulator.calls().total == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    rig.hand.advance(SECOND * 2);
    rig.commands.send(PollCommand::Refresh).await.unwrap();
    assert_eq!(services(&rig.settle().await).unwrap().services.len(), 60);
    assert_eq!(simulator.calls().of("sts:GetCallerIdentity"), 2);
}

#[tokio::test]
async fn commands_that_come_together_look_for_credentials_once() {
    let simulator = simulate("sixty").await;
    simulator.inject(Fault::new(FaultKind::Deny, "sts:GetCallerIdentity"));
    simulator.inject(Fault::new(FaultKind::Delay, "sts:GetCallerIdentity").by(Span::from_millis(300)));
    let mut rig = Rig::start(plan(&simulator));
    rig.settle().await;
    rig.commands.send(PollCommand::ForgetDenials).await.unwrap();
    while simulator.calls().total < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    rig.commands.send(PollCommand::Refresh).await.unwrap();
    rig.settle().await;
    assert_eq!(simulator.calls().of("sts:GetCallerIdentity"), 2);
}

#[tokio::test]
async fn what_was_spent_is_forgotten_by_a_source_that_rests() {
    let simulator = simulate("sixty").await;
    let mut wrong = plan(&simulator);
    wrong.account = Some("999999999999".parse().unwrap());
    let mut rig = Rig::start(wrong);
    let calls = |events: &[SourceEvent]| {
        last(events, |report| if let Report::Usage(usage) = report { Some(usage.calls_per_minute) } else { None })
    };
    assert_eq!(calls(&rig.settle().await), Some(1));
    assert_eq!(calls(&rig.pass(SECOND * 59, SECOND * 59).await), None);
    assert_eq!(calls(&rig.pass(SECOND, SECOND).await), Some(0));
    assert!(rig.pass(SignedDuration::from_mins(10), SECOND * 30).await.is_empty());
}

#[tokio::test]
async fn an_account_of_five_thousand_services_comes_in_parts() {
    let simulator = simulate("crowd").await;
    let mut rig = Rig::start(plan(&simulator));
    // The budget lets some 10 calls a second through: the first rows must not wait for the last.
    let mut seen = 0;
    let begun = std::time::Instant::now();
    while seen == 0 && begun.elapsed() < std::time::Duration::from_secs(10) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen = services(&rig.heard()).map_or(0, |services| services.services.len());
    }
    assert!(seen > 0 && seen < 5_000, "{seen}");
}

//! What a connection reads.

use std::time::{Duration, Instant};

use sekisho::{
    aws::{Action, AlarmScope, Connection, Now, Shared},
    domain::{
        alarm::{AlarmState, Watches},
        ecs::{ServiceKey, Steadiness},
        fetch::FailureKind,
        identity::Principal,
        metric::{Range, ecs_utilization},
    },
    simulator::{Options, Scenario},
};

use super::support::{connect, everything, many_services, plan, plan_as_role, simulate, start};

#[tokio::test]
async fn the_identity_is_verified_before_anything_else() {
    let simulator = simulate("quiet").await;
    let connection = connect(&simulator).await;
    let identity = connection.identity();
    assert_eq!(identity.account.as_str(), "111122223333");
    assert_eq!(identity.short(), "op-0137");
    assert_eq!(identity.permission_set(), Some("SekishoResponder"));
    assert_eq!(connection.endpoint(), simulator.endpoint().strip_prefix("http://"));
    assert_eq!((simulator.calls().total, simulator.calls().of("sts:GetCallerIdentity")), (1, 1));
}

#[tokio::test]
async fn the_wrong_account_is_refused_and_asked_nothing() {
    let simulator = simulate("quiet").await;
    let mut wrong = plan(&simulator);
    wrong.account = Some("444455556666".parse().unwrap());
    let failure = Connection::open(wrong, Shared::new(Now::default())).await.unwrap_err();
    let expected = FailureKind::WrongAccount { expected: "444455556666".to_owned(), actual: "111122223333".to_owned() };
    assert_eq!(failure.kind, expected);
    assert_eq!(simulator.calls().total, 1);
}

#[tokio::test]
async fn a_role_is_assumed_through_the_endpoint_that_was_given() {
    let simulator = simulate("quiet").await;
    let role = plan_as_role(&simulator, "arn:aws:iam::444455556666:role/sekisho-reader");
    let connection = Connection::open(role, Shared::new(Now::default())).await.unwrap();
    assert_eq!(connection.identity().account.as_str(), "444455556666");
    let Principal::AssumedRole { role, session, .. } = &connection.identity().principal else { panic!() };
    assert_eq!(role, "sekisho-reader");
    assert!(session.starts_with("sekisho"), "{session}");
    assert!(connection.expires().is_some());
    assert_eq!(simulator.calls().of("sts:AssumeRole"), 1);
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_names_the_action() {
    let simulator = simulate("quiet").await;
    let role = plan_as_role(&simulator, "arn:aws:iam::999999999999:role/nobody");
    let failure = Connection::open(role, Shared::new(Now::default())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied { missing_action: "sts:AssumeRole".to_owned() });
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let simulator = simulate("quiet").await;
    let mut wrong = plan(&simulator);
    wrong.credentials = sekisho::config::CredentialSource::Static {
        access_key_id: simulator.access_key_id().to_owned(),
        secret: "wrong".to_owned(),
        token: None,
        expires: None,
    };
    let failure = Connection::open(wrong, Shared::new(Now::default())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(!failure.detail.is_empty() && failure.request_id.is_some());
}

#[tokio::test]
async fn nobody_there_is_told_with_the_host() {
    let mut nobody = plan(&simulate("quiet").await);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    nobody.endpoint_url = Some(format!("http://{port}"));
    let failure = Connection::open(nobody, Shared::new(Now::default())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable { host: port.to_string() });
}

#[tokio::test]
async fn services_tasks_and_alarms_are_mapped() {
    let simulator = simulate("bad-deploy").await;
    let connection = connect(&simulator).await;
    let services = connection.services().await;
    assert_eq!(services.failures, []);
    let web = services
        .value
        .services
        .iter()
        .find(|service| service.key.cluster == "shop-prd" && service.key.service == "web");
    let web = web.unwrap();
    assert_eq!((web.status.as_str(), web.desired > 0), ("ACTIVE", true));
    assert_eq!(web.primary().unwrap().status, "PRIMARY");
    assert!(!web.events.is_empty() && web.events.is_sorted_by(|a, b| a.at >= b.at));
    assert!(services.value.services.iter().any(|service| service.steadiness() == Steadiness::Failing));
    assert!(services.value.clusters.iter().any(|cluster| cluster.name == "shop-prd" && cluster.running_tasks > 0));
    let tasks = connection.tasks().await;
    assert_eq!(tasks.failures, []);
    let of_web = tasks.value.of(&web.key).count();
    assert_eq!(of_web, usize::try_from(web.running + web.pending).unwrap());
    assert!(tasks.value.of(&web.key).all(|task| !task.containers[0].image.name.is_empty()));
    let alarms = connection.alarms().await.unwrap();
    assert!(
        alarms
            .alarms
            .iter()
            .any(|alarm| matches!(&alarm.watches, Watches::Composite(rule) if !rule.children.is_empty()))
    );
    assert!(alarms.alarms.iter().any(|alarm| alarm.state == AlarmState::InsufficientData));
    assert!(alarms.alarms.iter().any(|alarm| !alarm.actions_enabled));
    assert!(alarms.alarms.is_sorted_by(|a, b| a.name < b.name));
}

#[tokio::test]
async fn deployments_and_history_are_read_and_revisions_only_once() {
    let options = Options { at: jiff::SignedDuration::from_mins(6), ..Options::default() };
    let simulator = start(Scenario::builtin("bad-deploy").unwrap(), options).await;
    let connection = connect(&simulator).await;
    let web = ServiceKey { cluster: "shop-prd".to_owned(), service: "web".to_owned() };
    let deployments = connection.service_deployments(&web).await.unwrap();
    assert!(deployments.is_sorted_by(|a, b| a.created_at >= b.created_at));
    assert!(deployments[0].status.starts_with("ROLLBACK"), "{}", deployments[0].status);
    assert!(deployments[0].breaker.as_ref().unwrap().failures >= deployments[0].breaker.as_ref().unwrap().threshold);
    assert!(deployments.iter().all(|deployment| deployment.target_revision.contains("web:")), "{deployments:#?}");
    connection.service_deployments(&web).await.unwrap();
    assert_eq!(simulator.calls().of("ecs:DescribeServiceRevisions"), 1);
    let history = connection.alarm_history("shop-prd-web-5xx").await.unwrap();
    assert!(!history.is_empty() && history.is_sorted_by(|a, b| a.at >= b.at));
}

#[tokio::test]
async fn metrics_come_in_the_order_of_their_queries_and_a_stranger_is_empty() {
    let simulator = simulate("sixty").await;
    let connection = connect(&simulator).await;
    let key = |name: &str| ServiceKey { cluster: "sixty".to_owned(), service: name.to_owned() };
    let query = |name| ecs_utilization(&key(name), "CPUUtilization", "Average", 60);
    let queries = [query("svc-01"), query("nobody"), query("svc-02")];
    let read = connection.metrics(&queries, Range::Hour).await;
    assert_eq!(read.failures, []);
    let asked: Vec<_> = read.value.iter().map(|series| &series.query).collect();
    assert_eq!(asked, queries.iter().collect::<Vec<_>>());
    let counts: Vec<usize> = read.value.iter().map(|series| series.points.len()).collect();
    assert!(counts[0] >= 55 && counts[1] == 0 && counts[2] >= 55, "{counts:?}");
    assert_eq!((simulator.calls().of("cloudwatch:GetMetricData"), simulator.calls().metrics), (1, 3));
    // A day in five-minute points for 400 queries is more than one call may return.
    let many: Vec<_> = (0..400)
        .map(|number| ecs_utilization(&key(&format!("svc-{number:02}")), "CPUUtilization", "Average", 300))
        .collect();
    let read = connection.metrics(&many, Range::Day).await;
    assert_eq!((read.failures.len(), read.value.len()), (0, 400));
    assert_eq!(simulator.calls().of("cloudwatch:GetMetricData"), 3);
}

#[tokio::test]
async fn lists_are_paged_and_batches_are_awss() {
    let simulator = start(many_services(250), Options::default()).await;
    let connection = connect(&simulator).await;
    simulator.reset_calls();
    let services = connection.services().await;
    assert_eq!((services.failures.len(), services.value.services.len(), services.value.capped), (0, 250, false));
    let calls = simulator.calls();
    assert_eq!((calls.of("ecs:ListServices"), calls.of("ecs:DescribeServices")), (3, 25));
    let tasks = connection.tasks().await;
    assert_eq!(tasks.value.tasks.len(), 250);
    let calls = simulator.calls();
    assert_eq!((calls.of("ecs:ListTasks"), calls.of("ecs:DescribeTasks")), (3, 3));
}

#[tokio::test]
async fn nothing_from_a_hostile_account_carries_a_control_character() {
    let simulator = simulate("hostile").await;
    let connection = connect(&simulator).await;
    let services = connection.services().await;
    let tasks = connection.tasks().await;
    let alarms = connection.alarms().await.unwrap();
    assert_eq!((services.failures.len(), tasks.failures.len()), (0, 0));
    assert!(services.value.services.iter().any(|service| service.key.service.chars().count() == 255));
    let mut words: Vec<String> = Vec::new();
    for service in &services.value.services {
        words.push(service.key.service.clone());
        words.extend(service.events.iter().map(|event| event.message.clone()));
        words.extend(service.deployments.iter().map(|deployment| deployment.reason.clone()));
    }
    words.extend(tasks.value.tasks.iter().map(|task| task.stopped_reason.clone()));
    for alarm in &alarms.alarms {
        words.extend([alarm.name.clone(), alarm.description.clone(), alarm.reason.clone()]);
    }
    assert!(words.len() > 10);
    for word in words {
        assert!(!word.chars().any(char::is_control), "{word:?}");
        assert!(word.chars().count() <= 4_096);
    }
    // A name that had to be cleaned is still the name to ask by.
    let escaped = alarms.alarms.iter().find(|alarm| alarm.name.starts_with("hostile-escape")).unwrap();
    let named = AlarmScope::Names(vec![escaped.name.clone()]);
    assert_eq!(connection.alarms_of(&named).await.unwrap().items.len(), 1);
}

/// That what can be is asked for side by side, the tests of odd answers show; this bound is for a busy machine.
#[tokio::test]
async fn sixty_services_come_soon_at_a_tenth_of_a_second_a_call() {
    let options = Options { delay: Duration::from_millis(100), ..Options::default() };
    let simulator = start(Scenario::builtin("sixty").unwrap(), options).await;
    let connection = connect(&simulator).await;
    let started = Instant::now();
    let services = connection.services().await;
    let elapsed = started.elapsed();
    assert_eq!(services.value.services.len(), 60);
    println!("60 services after {elapsed:?}");
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[tokio::test]
async fn every_action_can_be_probed() {
    let simulator = start(everything(), Options::default()).await;
    let connection = connect(&simulator).await;
    for action in Action::ALL {
        connection.probe(action).await.unwrap_or_else(|failure| panic!("{action:?}: {failure:?}"));
        assert!(simulator.calls().of(action.name()) > 0, "{action:?} was not called");
    }
}

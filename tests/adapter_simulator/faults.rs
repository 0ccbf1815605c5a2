//! What becomes of calls that go wrong, and how often they are made.

use rstest::rstest;
use sekisho::{
    aws::{Action, Connection, Now, Shared},
    domain::{
        ecs::ServiceKey,
        fetch::FailureKind,
        metric::{Range, ecs_utilization},
    },
    simulator::{Fault, FaultKind, Options, Simulator},
};

use super::support::{connect, everything, plan, plan_as_role, simulate, start};

async fn list(simulator: &Simulator, connection: &Connection) -> (Option<FailureKind>, u64) {
    simulator.reset_calls();
    let read = connection.roster().await;
    (read.failure().map(|failure| failure.kind.clone()), simulator.calls().of("ecs:ListClusters"))
}

#[rstest]
#[case(FaultKind::Throttle, 2, None, 3)]
#[case(FaultKind::Throttle, 3, Some("throttled"), 3)]
#[case(FaultKind::Status, 2, None, 3)]
#[case(FaultKind::Status, 9, Some("service-fault"), 3)]
#[case(FaultKind::Cut, 1, None, 2)]
#[case(FaultKind::Cut, 9, Some("unreachable"), 3)]
#[case(FaultKind::Malformed, 9, Some("malformed"), 1)]
#[case(FaultKind::Expire, 9, Some("expired"), 1)]
#[case(FaultKind::Deny, 9, Some("denied"), 1)]
#[tokio::test]
async fn passing_faults_are_tried_three_times_and_others_once(
    #[case] kind: FaultKind,
    #[case] times: u32,
    #[case] expected: Option<&str>,
    #[case] calls: u64,
) {
    let simulator = simulate("quiet").await;
    let connection = connect(&simulator).await;
    simulator.inject(Fault::new(kind, "ecs:ListClusters").times(times));
    let (failure, called) = list(&simulator, &connection).await;
    assert_eq!(failure.as_ref().map(FailureKind::name), expected);
    assert_eq!(called, calls);
    if kind == FaultKind::Cut && expected.is_some() {
        let host = simulator.endpoint().replace("http://", "");
        assert_eq!(failure, Some(FailureKind::Unreachable { host }));
    }
}

#[tokio::test]
async fn a_denial_is_remembered_by_all_connections_until_it_is_forgotten() {
    let simulator = simulate("quiet").await;
    let shared = Shared::new(Now::default());
    let first = Connection::open(plan(&simulator), shared.clone()).await.unwrap();
    let second = Connection::open(plan(&simulator), shared.metered_apart()).await.unwrap();
    simulator.inject(Fault::new(FaultKind::Deny, "ecs:ListServices"));
    let missing = FailureKind::Denied { missing_action: "ecs:ListServices".to_owned() };
    let read = first.services().await;
    assert_eq!(read.failure().map(|failure| &failure.kind), Some(&missing));
    let asked = simulator.calls().of("ecs:ListServices");
    assert!(asked >= 1);
    for connection in [&first, &second] {
        assert_eq!(connection.services().await.failure().map(|failure| &failure.kind), Some(&missing));
    }
    assert_eq!(simulator.calls().of("ecs:ListServices"), asked);
    simulator.clear_faults();
    second.forget_denials();
    assert_eq!(first.services().await.failures, []);
}

#[tokio::test]
async fn a_denial_is_the_identitys_own_whatever_its_session_is_called() {
    let simulator = simulate("quiet").await;
    let shared = Shared::new(Now::default());
    let reader = || plan_as_role(&simulator, "arn:aws:iam::111122223333:role/reader");
    let denied = Connection::open(reader(), shared.clone()).await.unwrap();
    simulator.inject(Fault::new(FaultKind::Deny, "ecs:ListServices"));
    assert_eq!(denied.services().await.failure().map(|failure| failure.kind.name()), Some("denied"));
    simulator.clear_faults();
    // In the same account and region: another identity, and another session of the one that was denied.
    let other = Connection::open(plan(&simulator), shared.clone()).await.unwrap();
    assert_eq!(other.identity().account, denied.identity().account);
    assert_eq!(other.services().await.failures, []);
    let again = Connection::open(reader(), shared).await.unwrap();
    simulator.reset_calls();
    assert_eq!(again.services().await.failure().map(|failure| failure.kind.name()), Some("denied"));
    assert_eq!(simulator.calls().of("ecs:ListServices"), 0);
    // What one forgets is not the other's.
    other.forget_denials();
    assert_eq!(again.services().await.failure().map(|failure| failure.kind.name()), Some("denied"));
    again.forget_denials();
    assert_eq!(denied.services().await.failures, []);
}

#[tokio::test]
async fn who_we_are_is_asked_anew_whatever_was_answered_to_us_or_to_others() {
    let simulator = simulate("quiet").await;
    let shared = Shared::new(Now::default());
    simulator.inject(Fault::new(FaultKind::Deny, "sts:GetCallerIdentity").times(2));
    let role = plan_as_role(&simulator, "arn:aws:iam::444455556666:role/sekisho-reader");
    for _ in 0..2 {
        let failure = Connection::open(plan(&simulator), shared.clone()).await.unwrap_err();
        assert_eq!(failure.kind.name(), "denied");
    }
    Connection::open(role, shared.clone()).await.unwrap();
    Connection::open(plan(&simulator), shared).await.unwrap();
    assert_eq!(simulator.calls().of("sts:GetCallerIdentity"), 4);
}

#[tokio::test]
async fn metrics_are_counted_once_however_often_they_were_tried() {
    let simulator = simulate("sixty").await;
    let shared = Shared::new(Now::default());
    let connection = Connection::open(plan(&simulator), shared.clone()).await.unwrap();
    let queries: Vec<_> = ["svc-01", "svc-02", "svc-03"]
        .map(|name| ServiceKey { cluster: "sixty".to_owned(), service: name.to_owned() })
        .iter()
        .map(|key| ecs_utilization(key, "CPUUtilization", "Average", 60))
        .collect();
    simulator.inject(Fault::new(FaultKind::Throttle, "cloudwatch:GetMetricData").times(2));
    assert_eq!(connection.metrics(&queries, Range::Hour).await.failures, []);
    assert_eq!(simulator.calls().of("cloudwatch:GetMetricData"), 3);
    assert_eq!(shared.spent().metrics_last_ten_minutes, 3);
    simulator.inject(Fault::new(FaultKind::Throttle, "cloudwatch:GetMetricData").times(3));
    assert_eq!(connection.metrics(&queries, Range::Hour).await.failures.len(), 1);
    assert_eq!(shared.spent().metrics_last_ten_minutes, 3);
}

#[tokio::test]
async fn what_was_read_is_there_beside_what_was_denied() {
    let simulator = simulate("quiet").await;
    let connection = connect(&simulator).await;
    simulator.inject(Fault::new(FaultKind::Deny, "ecs:DescribeServices").times(1));
    let read = connection.services().await;
    assert_eq!(read.failure().map(|failure| failure.kind.name()), Some("denied"));
    assert!(!read.value.clusters.is_empty());
}

#[tokio::test]
async fn doctor_learns_which_action_is_missing() {
    let simulator = start(everything(), Options::default()).await;
    let connection = connect(&simulator).await;
    for action in Action::ALL {
        if action == Action::GetCallerIdentity {
            continue;
        }
        simulator.clear_faults();
        connection.forget_denials();
        simulator.inject(Fault::new(FaultKind::Deny, action.name()));
        let failure = connection.probe(action).await.expect_err(action.name());
        assert_eq!(failure.kind, FailureKind::Denied { missing_action: action.name().to_owned() });
    }
}

#[tokio::test]
async fn throttling_shows_and_slows_the_rest_down() {
    let simulator = simulate("quiet").await;
    let shared = Shared::new(Now::default());
    let connection = Connection::open(plan(&simulator), shared.clone()).await.unwrap();
    assert!(!shared.spent().throttled);
    simulator.inject(Fault::new(FaultKind::Throttle, "ecs:ListClusters").times(1));
    assert_eq!(connection.roster().await.failures, []);
    let spent = shared.spent();
    assert!(spent.throttled);
    assert_eq!(u64::from(spent.calls_last_minute), simulator.calls().total);
}

//! What becomes of calls that go wrong, and how often they are made.

use rstest::rstest;
use sekisho::{
    aws::{Action, Connection, Now, Shared},
    domain::fetch::FailureKind,
    simulator::{Fault, FaultKind, Simulator},
};

use super::support::{connect, plan, simulate};

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
    let simulator = simulate("quiet").await;
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

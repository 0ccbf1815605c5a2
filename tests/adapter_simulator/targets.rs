//! What is read around an open service: how its targets fare while it rolls, and its log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use sekisho::{
    domain::{
        ecs::ServiceKey,
        elb::{TargetGroup, TargetHealth},
        fetch::Panel,
        log::{Follow, LogChunk, LogTail},
    },
    simulator::{Fault, FaultKind, Scenario},
    state::event::{Report, SourceEvent},
};

use super::support::{Scene, failure, last};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn web() -> ServiceKey {
    ServiceKey { cluster: "shop-prd".to_owned(), service: "web".to_owned() }
}

fn targets(events: &[SourceEvent]) -> Option<Arc<Vec<TargetGroup>>> {
    last(events, |report| match report {
        Report::Targets(key, targets) if *key == web() => Some(Arc::clone(targets)),
        _ => None,
    })
}

/// Opens the service with its target groups, as the screen does.
async fn open(scene: &mut Scene, rolling: bool) -> Vec<String> {
    let events = scene.rig().settle().await;
    let arns = last(&events, |report| match report {
        Report::Services(read) => {
            read.services.iter().find(|service| service.key == web()).map(|service| service.target_groups.clone())
        }
        _ => None,
    });
    let arns = arns.unwrap();
    scene.rig().look(|interest| {
        interest.open_service = Some((web(), rolling));
        interest.target_groups.clone_from(&arns);
    });
    arns
}

#[tokio::test]
async fn targets_are_followed_every_ten_seconds_during_a_rollout() {
    let mut scene = Scene::of(Scenario::builtin("bad-deploy").unwrap()).await;
    let arns = open(&mut scene, true).await;
    let before = targets(&scene.rig().settle().await).unwrap();
    let [group] = &before[..] else { panic!("{before:?}") };
    assert_eq!(group.arn, arns[0]);
    assert!(!group.balancers.is_empty() && group.health_check.starts_with("HTTP"), "{group:?}");
    assert!(group.healthy() > 0 && group.healthy() == group.targets.len());
    scene.simulator.reset_calls();
    let events = scene.pass(SignedDuration::from_mins(3), SECOND * 10).await;
    let seen = events.iter().filter_map(|event| match &event.report {
        Report::Targets(_, groups) => Some(Arc::clone(groups)),
        _ => None,
    });
    let healths: Vec<TargetHealth> = seen
        .flat_map(|groups| groups[0].targets.iter().map(|target| target.health.clone()).collect::<Vec<_>>())
        .collect();
    assert!(healths.iter().any(|health| *health != TargetHealth::Healthy), "{healths:?}");
    let calls = scene.simulator.calls();
    assert!((16..=19).contains(&calls.of("elasticloadbalancing:DescribeTargetHealth")), "{calls:?}");
    assert_eq!(calls.of("elasticloadbalancing:DescribeTargetGroups"), 0);
}

#[tokio::test]
async fn groups_that_may_not_be_described_show_their_targets() {
    let mut scene = Scene::of(Scenario::builtin("quiet").unwrap()).await;
    scene.simulator.inject(Fault::new(FaultKind::Deny, "elasticloadbalancing:DescribeTargetGroups"));
    let arns = open(&mut scene, false).await;
    let events = scene.rig().settle().await;
    let shown = targets(&events).unwrap();
    assert_eq!((shown[0].arn.as_str(), shown[0].health_check.as_str()), (arns[0].as_str(), ""));
    assert!(shown[0].healthy() > 0);
    let missing = failure(&events, Panel::Targets).unwrap();
    assert_eq!(missing.action, "elasticloadbalancing:DescribeTargetGroups");
    // The denial is told again with each reading, and called for once.
    scene.pass(SignedDuration::from_mins(2), SECOND * 30).await;
    assert_eq!(scene.simulator.calls().of("elasticloadbalancing:DescribeTargetGroups"), 1);
}

#[tokio::test]
async fn a_group_that_was_deleted_leaves_the_others() {
    let mut scene = Scene::of(Scenario::builtin("quiet").unwrap()).await;
    let arns = open(&mut scene, false).await;
    let gone = arns[0].replace("targetgroup/", "targetgroup/gone-");
    let connection = scene.connect().await;
    let groups = connection.target_groups(&[gone.clone(), arns[0].clone()]).await.unwrap();
    assert_eq!(groups.iter().map(|group| group.arn.as_str()).collect::<Vec<_>>(), [arns[0].as_str()]);
    assert_eq!(connection.target_groups(std::slice::from_ref(&gone)).await.unwrap(), []);
    let read = connection.target_health(&[sekisho::aws::bare_group(&gone), groups[0].clone()]).await;
    assert_eq!((read.value.len(), read.failures.len()), (1, 0));
}

#[tokio::test]
async fn the_log_of_a_service_is_found_asked_for_and_sent() {
    let mut scene = Scene::of(Scenario::builtin("quiet").unwrap()).await;
    let events = scene.rig().settle().await;
    let definition = last(&events, |report| match report {
        Report::Services(read) => {
            read.services.iter().find(|service| service.key == web()).map(|service| service.task_definition.clone())
        }
        _ => None,
    })
    .unwrap();
    scene.rig().look(|interest| interest.log_places = Some(definition.clone()));
    let events = scene.rig().settle().await;
    let places = last(&events, |report| match report {
        Report::LogPlaces(of, places) if *of == definition => Some(Arc::clone(places)),
        _ => None,
    })
    .unwrap();
    let from = (scene.now() - SignedDuration::from_mins(10)).as_millisecond();
    let tail = LogTail { place: places[0].clone(), pattern: String::new(), from };
    scene.rig().look(|interest| interest.log_tail = Some(tail.clone()));
    let mut heard: Vec<LogChunk> = Vec::new();
    let begun = Instant::now();
    let chunk = |event: &SourceEvent| if let Report::Log(chunk) = &event.report { Some(chunk.clone()) } else { None };
    while !heard.iter().any(|chunk| chunk.follow == Follow::Live && !chunk.lines.is_empty()) {
        assert!(begun.elapsed() < Duration::from_mins(1), "{} chunks", heard.len());
        heard.extend(scene.pass(SECOND * 5, SECOND * 5).await.iter().filter_map(chunk));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!heard[0].lines.is_empty() && heard[0].follow == Follow::Polling);
    assert!(heard.iter().all(|chunk| chunk.tail == tail && chunk.lines.is_sorted_by_key(|line| line.at)));
    let calls = scene.simulator.calls();
    assert_eq!((calls.of("logs:StartLiveTail"), calls.of("ecs:DescribeTaskDefinition")), (1, 1));
    assert!(calls.of("logs:FilterLogEvents") <= 4, "{calls:?}");
}

//! Findings, as they are read and as a poller tells of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use sekisho::{
    aws::{Connection, ConnectionPlan, FindingPass, FindingsQuery, Now, Shared},
    domain::{
        fetch::{FailureKind, Panel},
        finding::{Finding, FindingChange, FindingsSnapshot, FindingsWanted},
    },
    runtime::poller::PollCommand,
    simulator::{Fault, FaultKind, Scenario},
    state::event::Report,
};

use super::support::{Rig, Scene, failure, last, plan, plan_as_role};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// An account whose findings change, and which gathers those of us-east-1; another one where Security Hub is off.
const CHANGING: &str = r#"
name = "changing"
seed = 9
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
[[account]]
id = "111122223333"
name = "shop"
regions = ["ap-northeast-1", "us-east-1", "eu-west-1"]
[account.hub]
aggregation = "ap-northeast-1"
linked = ["us-east-1"]
[[account.finding]]
title = "backlog"
severity = "MEDIUM"
resource = "bucket-{nnn}"
count = 230
[[account.finding]]
name = "port"
control = "EC2.19"
resource = "sg-0123"
seen = "2d"
[[account.finding]]
name = "key"
product = "guardduty"
type = "UnauthorizedAccess:IAMUser/MaliciousIPCaller"
title = "アクセスキーが不審なIPアドレスから使われました"
severity = "HIGH"
resource_type = "AwsIamAccessKey"
resource = "AKIAIOSFODNN7EXAMPLE"
[[account.finding]]
title = "in another region"
severity = "HIGH"
region = "us-east-1"
seen = "3d"
[[account.finding]]
title = "in a region that is not linked"
severity = "HIGH"
region = "eu-west-1"
seen = "3d"
[[account.finding]]
title = "half of it is not there"
severity = "STRANGE"
workflow = "ASLEEP"
seen = "5d"
omit = ["ProductFields", "Types", "Remediation", "Region", "ProductName"]
[[account]]
id = "444455556666"
name = "off"
[account.hub]
off = true
[[step]]
at = "10m"
finding = { name = "key", appears = true }
[[step]]
at = "20m"
finding = { name = "port", workflow = "NOTIFIED" }
[[step]]
at = "30m"
finding = { name = "key", severity = "CRITICAL" }
[[step]]
at = "40m"
finding = { name = "port", resolved = true }
"#;

fn snapshot(report: &Report) -> Option<Arc<FindingsSnapshot>> {
    if let Report::Findings(snapshot) = report { Some(Arc::clone(snapshot)) } else { None }
}

fn titles(snapshot: &FindingsSnapshot) -> Vec<&str> {
    snapshot.findings.iter().map(|finding| finding.title.as_str()).collect()
}

fn named<'a>(snapshot: &'a FindingsSnapshot, resource: &str) -> Option<&'a Arc<Finding>> {
    snapshot.findings.iter().find(|finding| finding.resources.iter().any(|one| one.id.contains(resource)))
}

#[tokio::test]
async fn what_is_to_do_is_read_also_in_words_that_nobody_knows() {
    let scene = Scene::text(CHANGING).await;
    let connection = scene.connect().await;
    let read = connection.findings(true).await;
    assert_eq!(read.failures, []);
    assert!(read.value.to_do_complete && !read.value.complete && !read.value.capped);
    let mut shown = titles(&read.value);
    shown.sort_unstable();
    assert!(shown.contains(&"half of it is not there") && shown.contains(&"in another region"), "{shown:?}");
    assert!(!shown.contains(&"backlog") && !shown.contains(&"in a region that is not linked"), "{shown:?}");
    let half = read.value.findings.iter().find(|finding| finding.title.starts_with("half")).unwrap();
    assert_eq!((half.severity.as_str(), half.workflow.as_str(), half.active), ("STRANGE", "ASLEEP", true));
    // This is the aggregation region itself.
    assert_eq!(read.value.aggregated_in, None);
    let all = connection.findings(false).await;
    assert!(all.value.complete);
    assert_eq!(all.value.findings.iter().filter(|finding| finding.title == "backlog").count(), 230);
    assert!(all.value.findings.windows(2).all(|pair| pair[0].severity.rank() >= pair[1].severity.rank()));
    assert_eq!(scene.simulator.calls().of("securityhub:ListFindingAggregators"), 1);
}

#[tokio::test]
async fn a_linked_region_is_read_where_its_findings_are_gathered_and_by_one_source() {
    let scene = Scene::text(CHANGING).await;
    let linked = ConnectionPlan { region: Some("us-east-1".to_owned()), ..plan(&scene.simulator) };
    let apart = ConnectionPlan { region: Some("eu-west-1".to_owned()), ..linked.clone() };
    let shared = Shared::new(Now::default());
    let first = Connection::open(linked, shared.metered_apart()).await.unwrap();
    let read = first.findings(true).await;
    assert_eq!(read.failures, []);
    assert_eq!(read.value.aggregated_in.as_deref(), Some("ap-northeast-1"));
    assert!(named(&read.value, "sg-0123").is_some());
    let second = Connection::open(plan(&scene.simulator), shared.metered_apart()).await.unwrap();
    let elsewhere = second.findings(true).await.value;
    assert!(elsewhere.read_elsewhere && elsewhere.findings.is_empty());
    // A region that is not linked has findings of its own, and is read beside.
    let third = Connection::open(apart, shared.metered_apart()).await.unwrap();
    let own = third.findings(true).await.value;
    assert_eq!((titles(&own), &own.aggregated_in), (vec!["in a region that is not linked"], &None));
    drop((read, first));
}

#[tokio::test]
async fn who_may_not_ask_for_the_aggregator_reads_the_own_region() {
    let scene = Scene::text(CHANGING).await;
    scene.simulator.inject(Fault::new(FaultKind::Deny, "securityhub:ListFindingAggregators"));
    let linked = ConnectionPlan { region: Some("us-east-1".to_owned()), ..plan(&scene.simulator) };
    let connection = scene.connect_with(linked).await;
    let read = connection.findings(true).await;
    assert_eq!((titles(&read.value), &read.value.aggregated_in), (vec!["in another region"], &None));
    assert_eq!(read.failures, []);
    scene.simulator.clear_faults();
    connection.forget_denials();
    assert_eq!(connection.findings(true).await.value.aggregated_in.as_deref(), Some("ap-northeast-1"));
}

#[tokio::test]
async fn security_hub_that_is_off_is_told_and_not_asked_again() {
    let mut scene = Scene::text(CHANGING).await;
    let role = plan_as_role(&scene.simulator, "arn:aws:iam::444455556666:role/reader");
    let mut rig = Rig::start_at(role, scene.now(), |shared| shared);
    let events = rig.settle().await;
    assert_eq!(failure(&events, Panel::Findings).map(|failure| failure.kind), Some(FailureKind::NotEnabled));
    assert!(last(&events, snapshot).is_none());
    rig.pass(SignedDuration::from_mins(15), SECOND * 60).await;
    assert_eq!(scene.simulator.calls().of("securityhub:GetFindings"), 1);
    rig.commands.send(PollCommand::ForgetDenials).await.unwrap();
    rig.settle().await;
    assert_eq!(scene.simulator.calls().of("securityhub:GetFindings"), 2);
    scene.simulator.inject(Fault::new(FaultKind::Deny, "securityhub:GetFindings"));
    let events = scene.rig().settle().await;
    let missing = FailureKind::Denied { missing_action: "securityhub:GetFindings".to_owned() };
    assert_eq!(failure(&events, Panel::Findings).map(|failure| failure.kind), Some(missing));
}

#[tokio::test]
async fn a_poller_follows_what_becomes_of_findings() {
    let mut scene = Scene::text(CHANGING).await;
    let events = scene.rig().settle().await;
    let read = last(&events, snapshot).unwrap();
    assert!(read.to_do_complete && !read.complete);
    assert!(named(&read, "AKIA").is_none() && named(&read, "bucket-").is_none());
    let shown = |events: &[_]| last(events, snapshot).unwrap();
    let read = shown(&scene.pass(SignedDuration::from_mins(16), SECOND * 60).await);
    assert_eq!(named(&read, "AKIA").unwrap().severity.as_str(), "HIGH");
    // By hand, which is no update: the full round sees it.
    let read = shown(&scene.pass(SignedDuration::from_mins(20), SECOND * 60).await);
    assert_eq!(named(&read, "AKIA").unwrap().severity.as_str(), "CRITICAL");
    assert_eq!(read.findings[0].severity.as_str(), "CRITICAL");
    let read = shown(&scene.pass(SignedDuration::from_mins(11), SECOND * 60).await);
    assert!(named(&read, "sg-0123").is_none());
    let pages = scene.simulator.calls().of("securityhub:GetFindings");
    assert!((9..=14).contains(&pages), "{pages}");
}

#[tokio::test]
async fn the_rest_comes_as_far_as_it_is_wanted() {
    let mut scene = Scene::text(CHANGING).await;
    let first = last(&scene.rig().settle().await, snapshot).unwrap();
    scene.rig().look(|interest| interest.findings = FindingsWanted { everything: true, rows: 50 });
    let some = last(&scene.rig().settle().await, snapshot).unwrap();
    assert_eq!(some.findings.len(), first.findings.len() + 100);
    scene.rig().look(|interest| interest.findings.rows = 10_000);
    let all = last(&scene.rig().settle().await, snapshot).unwrap();
    assert!(all.complete);
    assert_eq!(all.findings.iter().filter(|finding| finding.title == "backlog").count(), 230);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_loses_nothing() {
    let mut scene = Scene::text(CHANGING).await;
    let first = last(&scene.rig().settle().await, snapshot).unwrap();
    for kind in [FaultKind::Malformed, FaultKind::Throttle, FaultKind::Cut] {
        scene.simulator.inject(Fault::new(kind, "securityhub:GetFindings"));
        scene.rig().commands.send(PollCommand::Refresh).await.unwrap();
        let events = scene.rig().settle().await;
        assert!(failure(&events, Panel::Findings).is_some(), "{kind:?}");
        scene.simulator.clear_faults();
    }
    let events = scene.pass(SignedDuration::from_mins(6), SECOND * 30).await;
    assert_eq!(last(&events, snapshot).unwrap().findings.len(), first.findings.len());
}

#[tokio::test]
async fn the_history_of_a_finding_is_read_newest_first() {
    let mut scene = Scene::text(CHANGING).await;
    scene.advance(SignedDuration::from_mins(35));
    let read = last(&scene.rig().settle().await, snapshot).unwrap();
    let key = named(&read, "AKIA").unwrap().key.clone();
    scene.rig().look(|interest| interest.open_finding = Some(key.clone()));
    let events = scene.rig().settle().await;
    let changes: Arc<Vec<FindingChange>> = last(&events, |report| match report {
        Report::FindingHistory(of, changes) if *of == key => Some(Arc::clone(changes)),
        _ => None,
    })
    .unwrap();
    assert!(changes.windows(2).all(|pair| pair[0].at >= pair[1].at));
    assert!(changes.iter().any(|change| change.created), "{changes:?}");
    assert!(
        changes.iter().any(|change| change.fields.iter().any(|(_, _, new)| new.contains("CRITICAL"))),
        "{changes:?}"
    );
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_told_as_such() {
    let scene = Scene::text(CHANGING).await;
    let connection = scene.connect().await;
    let query = FindingsQuery::Pass(FindingPass::Lesser);
    let failure = connection.findings_page(&query, Some("expired".to_owned())).await.unwrap_err();
    assert!(Connection::is_about_a_token(&failure), "{failure:?}");
}

#[tokio::test]
async fn a_backlog_of_twenty_thousand_comes_a_page_at_a_time_and_the_first_rows_at_once() {
    let mut scene = Scene::of(Scenario::builtin("backlog").unwrap()).await;
    let begun = Instant::now();
    let mut shown: Vec<Arc<FindingsSnapshot>> = Vec::new();
    scene.rig();
    while !shown.last().is_some_and(|read| read.to_do_complete) {
        assert!(begun.elapsed() < Duration::from_mins(2), "{} snapshots", shown.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
        // Snapshots wait for each other by the poller's clock.
        scene.rig().hand.advance(SignedDuration::from_millis(20));
        shown.extend(last(&scene.rig().heard(), snapshot));
    }
    assert!(shown[0].findings.len() <= 300 && !shown[0].to_do_complete, "{}", shown[0].findings.len());
    let read = shown.last().unwrap();
    println!("{} to do in {} snapshots after {:?}", read.findings.len(), shown.len(), begun.elapsed());
    assert!(read.findings.iter().all(|finding| finding.is_to_do()));
    assert!((3_000..5_000).contains(&read.findings.len()) && !read.capped, "{}", read.findings.len());
    // What nobody knows is among it, and nothing that a terminal would obey.
    assert!(read.findings.iter().any(|finding| finding.severity.as_str() == "URGENT"));
    assert!(read.findings.iter().all(|finding| !finding.title.contains(char::is_control)));
    // Half of what AWS allows.
    #[expect(clippy::cast_precision_loss, reason = "some hundred pages")]
    let pages = scene.simulator.calls().of("securityhub:GetFindings") as f64;
    let most = 4.0 + begun.elapsed().as_secs_f64() * 1.5;
    assert!(pages <= most, "{pages} pages, at most {most}");
}

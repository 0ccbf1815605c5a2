//! Answers that AWS could give and that are no everyday matter.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::FutureExt;
use jiff::SignedDuration;
use sekisho::{
    aws::{AlarmScope, Connection, Now, Shared},
    domain::{
        alarm::{AlarmState, Watches},
        fetch::{FailureKind, Panel},
        metric::Range,
    },
    simulator::{Options, Scenario},
    state::event::Report,
};
use serde_json::json;
use tokio::sync::Barrier;

use super::{
    fake::{Fake, Said, arn, cluster, service, texts},
    support::{Rig, connect, failure, last, start},
};

async fn open(fake: &Fake) -> Connection {
    Connection::open(fake.plan(), Shared::new(Now::default())).await.unwrap()
}

/// Lists a cluster `shop` with services and describes those that `knows` knows.
fn shop(names: &'static [&'static str], knows: fn(&str) -> bool) -> impl Fn(&str, &serde_json::Value) -> Said {
    move |operation, members| {
        Said::Yes(match operation {
            "ListClusters" => json!({"clusterArns": [arn("cluster/shop")]}),
            "DescribeClusters" => json!({"clusters": [cluster("shop")]}),
            "ListServices" => {
                let arns = names.iter().map(|name| arn(&format!("service/shop/{name}")));
                json!({"serviceArns": arns.collect::<Vec<_>>()})
            }
            "DescribeServices" => {
                let asked = texts(members, "services");
                let known = asked.iter().filter(|name| knows(name)).map(|name| service("shop", name));
                json!({"services": known.collect::<Vec<_>>(), "failures": []})
            }
            _ => json!({}),
        })
    }
}

#[tokio::test]
async fn a_service_that_is_passed_over_in_silence_is_told_and_not_asked_for_in_a_loop() {
    let fake = Fake::start(shop(&["ghost", "web"], |name| name != "ghost")).await;
    let mut rig = Rig::start(fake.plan());
    let events = rig.settle().await;
    let told = failure(&events, Panel::Services).unwrap();
    assert_eq!(
        (told.kind, told.action.as_str(), told.detail.as_str()),
        (FailureKind::Malformed, "ecs:DescribeServices", "ghost")
    );
    assert_eq!(fake.called("DescribeServices"), 1);
    let services = last(&events, |report| match report {
        Report::Services(services) => Some(services.services.len()),
        _ => None,
    });
    assert_eq!(services, Some(1));
    rig.look(|interest| {
        interest.visible_services = ["ghost", "web"]
            .map(|name| sekisho::domain::ecs::ServiceKey { cluster: "shop".to_owned(), service: name.to_owned() })
            .to_vec();
    });
    rig.pass(SignedDuration::from_mins(5), SignedDuration::from_secs(5)).await;
    assert!((3..=11).contains(&fake.called("DescribeServices")), "{}", fake.called("DescribeServices"));
}

#[tokio::test]
async fn one_forbidden_cluster_does_not_hide_the_counts_of_the_others() {
    let fake = Fake::start(|operation, members| match operation {
        "ListClusters" => {
            let arns = ["api", "secret", "web"].map(|name| arn(&format!("cluster/{name}")));
            Said::Yes(json!({ "clusterArns": arns }))
        }
        "DescribeClusters" => {
            let asked = texts(members, "clusters");
            if asked.contains(&"secret".to_owned()) {
                return Said::Denied(arn("cluster/secret"));
            }
            Said::Yes(json!({"clusters": asked.iter().map(|name| cluster(name)).collect::<Vec<_>>()}))
        }
        _ => Said::Yes(json!({})),
    })
    .await;
    let connection = open(&fake).await;
    let roster = connection.roster().await;
    let counts: Vec<_> =
        roster.value.clusters.iter().map(|cluster| (cluster.name.as_str(), cluster.running_tasks)).collect();
    assert_eq!(counts, [("api", 1), ("secret", 0), ("web", 1)]);
    let missing = FailureKind::Denied { missing_action: "ecs:DescribeClusters".to_owned() };
    assert_eq!(roster.failures.iter().map(|failure| &failure.kind).collect::<Vec<_>>(), [&missing]);
    assert_eq!(fake.called("DescribeClusters"), 2);
    // What was denied is not asked again, and still told.
    let names = ["api", "secret", "web"].map(str::to_owned);
    let counted = connection.statistics(&names).await;
    assert_eq!((counted.value.len(), counted.failures.len(), fake.called("DescribeClusters")), (2, 1, 3));
    connection.forget_denials();
    connection.statistics(&names).await;
    assert_eq!(fake.called("DescribeClusters"), 5);
}

#[tokio::test]
async fn clusters_that_are_all_forbidden_cost_two_calls() {
    let fake = Fake::start(|operation, members| match operation {
        "DescribeClusters" => Said::Denied(arn(&format!("cluster/{}", texts(members, "clusters")[0]))),
        _ => Said::Yes(json!({})),
    })
    .await;
    let connection = open(&fake).await;
    let names: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    for calls in [2, 3, 3] {
        let counted = connection.statistics(&names).await;
        assert!(counted.value.is_empty() && !counted.failures.is_empty());
        assert_eq!(fake.called("DescribeClusters"), calls);
    }
}

#[tokio::test]
async fn the_calls_that_describe_sixty_services_are_made_side_by_side() {
    // Six calls of ten: each is answered when all six are there.
    let all = Arc::new(Barrier::new(6));
    let fake = Fake::start_slowly(move |_, members| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            let known = texts(&members, "services");
            Said::Yes(json!({"services": known.iter().map(|name| service("shop", name)).collect::<Vec<_>>()}))
        }
        .boxed()
    })
    .await;
    let connection = open(&fake).await;
    let key = |number| sekisho::domain::ecs::ServiceKey { cluster: "shop".to_owned(), service: format!("s{number}") };
    let keys: Vec<_> = (0..60).map(key).collect();
    let described = tokio::time::timeout(Duration::from_secs(10), connection.describe_services(&keys)).await.unwrap();
    assert_eq!((described.value.services.len(), described.failures.len()), (60, 0));
}

/// Plays a firing alarm and two that look like it, and a service with a name that nobody sees whole.
fn lookalikes() -> Scenario {
    let alarm = |name: &str, threshold: &str| {
        format!(
            "[[account.alarm]]\nname = \"{name}\"\ncluster = \"shop\"\nservice = \"web\\u200b\"\n\
             metric = \"CPUUtilization\"\nthreshold = {threshold}\n"
        )
    };
    Scenario::parse(&format!(
        "name = \"lookalikes\"\nseed = 1\nbackfill = \"2h\"\n\
         [[environment]]\nname = \"prd\"\nkind = \"prd\"\naccount = \"111122223333\"\n\
         [[account]]\nid = \"111122223333\"\nname = \"shop\"\n\
         [[account.service]]\ncluster = \"shop\"\nname = \"web\\u200b\"\ndesired = 1\nimage = \"x:v1\"\n\
         [[step]]\nat = \"-30m\"\nmetric = {{ name = \"CPUUtilization\", to = 95, over = \"1m\" }}\n{}{}{}",
        alarm("cpu", "80.0"),
        alarm("cpu\\u200b", "100.0"),
        alarm("c\\u202epu", "100.0"),
    ))
    .unwrap()
}

#[tokio::test]
async fn no_alarm_hides_behind_another_and_each_has_its_own_history() {
    let simulator = start(lookalikes(), Options::default()).await;
    let connection = connect(&simulator).await;
    let alarms = connection.alarms().await.unwrap().alarms;
    let names: HashSet<&str> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!((alarms.len(), names.len()), (3, 3), "{names:?}");
    let firing: Vec<&str> =
        alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm).map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(firing, ["cpu"]);
    for alarm in &alarms {
        let history = connection.alarm_history(&alarm.name).await.unwrap();
        let fired = history.iter().any(|item| item.summary.ends_with("to ALARM"));
        assert_eq!(fired, alarm.name == "cpu", "{}: {history:?}", alarm.name);
        let named = connection.alarms_of(&AlarmScope::Names(vec![alarm.name.clone()])).await.unwrap().items;
        assert_eq!(named.iter().map(|again| &again.name).collect::<Vec<_>>(), [&alarm.name]);
    }
    let mut rig = Rig::start(super::support::plan(&simulator));
    let shown = last(&rig.settle().await, |report| match report {
        Report::Alarms(alarms) => Some(alarms.alarms.len()),
        _ => None,
    });
    assert_eq!(shown, Some(3));
}

#[tokio::test]
async fn a_metric_is_asked_for_by_its_own_dimensions() {
    let simulator = start(lookalikes(), Options::default()).await;
    let connection = connect(&simulator).await;
    let alarms = connection.alarms().await.unwrap().alarms;
    let Watches::Metric(rule) = &alarms[0].watches else { panic!("{:?}", alarms[0].watches) };
    let metric = rule.metric.clone().unwrap();
    assert!(metric.dimension("ServiceName").unwrap().starts_with("web~"), "{metric:?}");
    let query =
        sekisho::domain::metric::Query { metric, statistic: rule.statistic.clone(), period: rule.period.max(60) };
    let read = connection.metrics(std::slice::from_ref(&query), Range::Hour).await;
    assert_eq!((read.failures.len(), &read.value[0].query), (0, &query));
    assert!(read.value[0].points.len() > 30, "{}", read.value[0].points.len());
}

#[tokio::test]
async fn a_connection_in_place_of_another_knows_the_names_that_were_read() {
    let simulator = start(lookalikes(), Options::default()).await;
    let shared = Shared::new(Now::default());
    let first = Connection::open(super::support::plan(&simulator), shared.clone()).await.unwrap();
    let services = first.services().await.value.services;
    let keys: Vec<_> = services.iter().map(|service| service.key.clone()).collect();
    let second = Connection::open(super::support::plan(&simulator), shared).await.unwrap();
    let described = second.describe_services(&keys).await;
    assert_eq!((described.value.services.len(), described.failures.len()), (1, 0));
}

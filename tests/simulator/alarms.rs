//! Alarms, as their metrics move.

use aws_sdk_cloudwatch::types::{ActionsSuppressedBy, AlarmType, HistoryItemType, ScanBy, StateValue};
use rstest::rstest;

use crate::support::Stage;

/// A gauge at 10 that goes to 100 from 10 m to 20 m, and an alarm on it.
fn gauge(alarm: &str) -> String {
    format!(
        r#"
        name = "gauge"
        seed = 2
        [[account]]
        id = "111122223333"
        [[account.metric]]
        namespace = "Shop"
        name = "Depth"
        base = 10.0
        noise = 0.0
        [[account.metric]]
        namespace = "Shop"
        name = "Silent"
        base = 100.0
        noise = 0.0
        until = "10m"
        [[account.alarm]]
        name = "depth"
        namespace = "Shop"
        metric = "Depth"
        threshold = 50.0
        actions = ["ops"]
        {alarm}
        [[step]]
        at = "10m"
        metric = {{ name = "Depth", to = 100.0, for = "10m" }}
        "#
    )
}

/// The first minute of the story in which an alarm is in a state, looking from another minute on.
async fn first(stage: &Stage, name: &str, wanted: StateValue, from: u32) -> u32 {
    for minute in from..120 {
        stage.go_to(&format!("{minute}m"));
        if stage.alarm(name).await.state_value() == Some(&wanted) {
            return minute;
        }
    }
    panic!("{name} never came to {wanted}");
}

#[rstest]
#[case::one_of_one("", 11, 21)]
#[case::three_of_three("evaluate = 3", 13, 21)]
#[case::two_of_five("evaluate = 5\ndatapoints = 2", 12, 24)]
#[case::five_minutes("period = \"5m\"", 15, 25)]
#[tokio::test]
async fn m_of_n_decides_when(#[case] settings: &str, #[case] alarm: u32, #[case] ok: u32) {
    let stage = Stage::of(sekisho::simulator::Scenario::parse(&gauge(settings)).unwrap(), "2026-11-22T00:00:00Z").await;
    assert_eq!(stage.alarm("depth").await.state_value(), Some(&StateValue::Ok));
    // A few seconds into the minute the alarm has been evaluated; looking on the minute shows it a minute later.
    let went = first(&stage, "depth", StateValue::Alarm, 9).await;
    let back = first(&stage, "depth", StateValue::Ok, went + 1).await;
    assert!((alarm..=alarm + 1).contains(&went), "{went}");
    assert!((ok..=ok + 1).contains(&back), "{back}");
}

#[rstest]
#[case("missing", StateValue::InsufficientData)]
#[case("ignore", StateValue::Alarm)]
#[case("breaching", StateValue::Alarm)]
#[case("notBreaching", StateValue::Ok)]
#[tokio::test]
async fn a_metric_that_falls_silent_is_treated_as_asked(#[case] missing: &str, #[case] state: StateValue) {
    let text = gauge("").replace("metric = \"Depth\"", &format!("metric = \"Silent\"\nmissing = \"{missing}\""));
    let stage = Stage::text(&text).await;
    stage.go_to("5m");
    assert_eq!(stage.alarm("depth").await.state_value(), Some(&StateValue::Alarm));
    stage.go_to("30m");
    assert_eq!(stage.alarm("depth").await.state_value(), Some(&state));
}

#[tokio::test]
async fn an_alarm_says_why() {
    let stage = Stage::of(sekisho::simulator::Scenario::parse(&gauge("")).unwrap(), "2026-11-22T00:00:00Z").await;
    stage.go_to("12m");
    let alarm = stage.alarm("depth").await;
    let reason = alarm.state_reason().unwrap();
    assert!(reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoints ["), "{reason}");
    assert!(reason.contains("(22/11/26 00:10:00)] was greater than or equal to the threshold (50.0)"), "{reason}");
    assert!(reason.ends_with("(minimum 1 datapoint for OK -> ALARM transition)."), "{reason}");
    let data: serde_json::Value = serde_json::from_str(alarm.state_reason_data().unwrap()).unwrap();
    assert_eq!((data["period"].as_i64(), data["threshold"].as_f64()), (Some(60), Some(50.0)));
    assert_eq!(data["evaluatedDatapoints"][0]["timestamp"], "2026-11-22T00:10:00.000+0000");
    assert_eq!(alarm.alarm_actions(), ["arn:aws:sns:ap-northeast-1:111122223333:ops"]);
}

#[tokio::test]
async fn history_tells_updates_and_actions_newest_first() {
    let stage = Stage::text(&gauge("")).await;
    stage.go_to("30m");
    let history = stage
        .cloudwatch
        .describe_alarm_history()
        .alarm_name("depth")
        .start_date(stage.time("0s"))
        .send()
        .await
        .unwrap();
    let lines: Vec<_> = history.alarm_history_items().iter().map(|item| item.history_summary().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "Alarm updated from ALARM to OK",
            "Successfully executed action arn:aws:sns:ap-northeast-1:111122223333:ops",
            "Alarm updated from OK to ALARM",
        ]
    );
    let asked = stage.cloudwatch.describe_alarm_history().alarm_name("depth").start_date(stage.time("0s"));
    let ascending = asked
        .clone()
        .scan_by(ScanBy::TimestampAscending)
        .history_item_type(HistoryItemType::StateUpdate)
        .send()
        .await
        .unwrap();
    assert_eq!(ascending.alarm_history_items()[0].history_summary(), Some("Alarm updated from OK to ALARM"));
    let data: serde_json::Value =
        serde_json::from_str(ascending.alarm_history_items()[0].history_data().unwrap()).unwrap();
    assert_eq!(
        (data["oldState"]["stateValue"].as_str(), data["newState"]["stateValue"].as_str()),
        (Some("OK"), Some("ALARM"))
    );
    let pages = asked.max_records(2).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(pages.len(), 3);
}

#[tokio::test]
async fn actions_can_be_switched_off() {
    let text = gauge("") + "[[step]]\nat = \"5m\"\nalarm = { name = \"depth\", enabled = false }\n";
    let stage = Stage::text(&text).await;
    assert_eq!(stage.alarm("depth").await.actions_enabled(), Some(true));
    stage.go_to("15m");
    let alarm = stage.alarm("depth").await;
    assert_eq!((alarm.actions_enabled(), alarm.state_value()), (Some(false), Some(&StateValue::Alarm)));
    let actions =
        stage.cloudwatch.describe_alarm_history().history_item_type(HistoryItemType::Action).send().await.unwrap();
    assert!(actions.alarm_history_items().is_empty(), "nothing was done while its actions were off");
}

#[tokio::test]
async fn a_composite_follows_its_children_and_may_be_silenced() {
    let text = gauge("")
        + r#"
        [[account.alarm]]
        name = "quiet-please"
        namespace = "Shop"
        metric = "Silent"
        threshold = 50.0
        missing = "notBreaching"
        [[account.alarm]]
        name = "inner"
        rule = 'ALARM("depth")'
        [[account.alarm]]
        name = "outer"
        rule = 'ALARM(inner) AND NOT INSUFFICIENT_DATA(depth)'
        suppressor = "quiet-please"
        suppressor_wait = "60s"
        suppressor_extension = "120s"
        [[account.alarm]]
        name = "never"
        rule = "ALARM(depth) AND FALSE"
        "#;
    let stage = Stage::text(&text).await;
    let composites = || async {
        let asked = stage.cloudwatch.describe_alarms().alarm_types(AlarmType::CompositeAlarm).send().await.unwrap();
        asked.composite_alarms.unwrap_or_default()
    };
    for name in ["inner", "outer", "never"] {
        assert_eq!(stage.composite(name).await, StateValue::Ok, "{name}");
    }
    stage.go_to("12m");
    for (name, state) in [("inner", StateValue::Alarm), ("outer", StateValue::Alarm), ("never", StateValue::Ok)] {
        assert_eq!(stage.composite(name).await, state, "{name}");
    }
    let all = composites().await;
    let outer = all.iter().find(|one| one.alarm_name() == Some("outer")).unwrap();
    assert!(outer.state_reason().unwrap().contains(":alarm:inner transitioned to ALARM at Sunday 22 November, 2026"));
    assert_eq!(outer.actions_suppressor_wait_period(), Some(60));
    assert_eq!(outer.actions_suppressed_by(), Some(&ActionsSuppressedBy::Alarm), "the suppressor is still in ALARM");
    stage.go_to("14m30s");
    let all = composites().await;
    let outer = all.iter().find(|one| one.alarm_name() == Some("outer")).unwrap();
    assert_eq!(outer.actions_suppressed_by(), Some(&ActionsSuppressedBy::ExtensionPeriod));
    stage.go_to("19m");
    let all = composites().await;
    assert!(all.iter().all(|one| one.actions_suppressed_by().is_none()));
    stage.go_to("30m");
    assert_eq!(stage.composite("outer").await, StateValue::Ok);
}

#[tokio::test]
async fn relatives_are_found_in_both_directions() {
    let stage = Stage::builtin("quiet").await;
    let children =
        stage.cloudwatch.describe_alarms().children_of_alarm_name("shop-prd-customer-impact").send().await.unwrap();
    let names: Vec<_> = children.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name()).collect();
    assert_eq!(names, ["shop-prd-api-5xx", "shop-prd-web-5xx", "shop-prd-決済5xx"]);
    let parents = stage.cloudwatch.describe_alarms().parents_of_alarm_name("shop-prd-決済5xx").send().await.unwrap();
    assert_eq!(parents.composite_alarms()[0].alarm_name(), Some("shop-prd-customer-impact"));
}

#[tokio::test]
async fn alarms_are_found_by_their_metric() {
    let stage = Stage::builtin("quiet").await;
    let alarm = stage.alarm("shop-prd-web-cpu").await;
    let asked = stage.cloudwatch.describe_alarms_for_metric().namespace("AWS/ECS").metric_name("CPUUtilization");
    let found = asked.set_dimensions(alarm.dimensions.clone()).send().await.unwrap();
    assert_eq!(found.metric_alarms().len(), 1);
    assert_eq!(found.metric_alarms()[0].alarm_name(), Some("shop-prd-web-cpu"));
}

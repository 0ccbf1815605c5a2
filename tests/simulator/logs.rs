//! Logs: groups, streams, lines by pattern and page, and lines as they come.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::builders::FilterLogEventsFluentBuilder;
use aws_sdk_cloudwatchlogs::types::{
    FilteredLogEvent, InputLogEvent, LogStream, OrderBy, OutputLogEvent, StartLiveTailResponseStream,
};
use rstest::rstest;

use crate::support::Stage;

const GROUP: &str = "/ecs/shop-prd-web";

fn at(stage: &Stage, time: &str) -> i64 {
    stage.time(time).to_millis().unwrap()
}

/// Asks for the lines of the web between two times of the story.
fn between(stage: &Stage, from: &str, until: &str) -> FilterLogEventsFluentBuilder {
    stage.logs.filter_log_events().log_group_name(GROUP).start_time(at(stage, from)).end_time(at(stage, until))
}

/// Every page of an answer.
async fn all(asked: FilterLogEventsFluentBuilder) -> Vec<FilteredLogEvent> {
    let (mut events, mut token) = (Vec::new(), None);
    loop {
        let page = asked.clone().set_next_token(token).send().await.unwrap();
        events.extend(page.events.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return events;
        }
    }
}

fn ids(events: &[FilteredLogEvent]) -> Vec<&str> {
    events.iter().filter_map(|event| event.event_id()).collect()
}

#[tokio::test]
async fn a_task_definition_says_where_its_lines_are() {
    let stage = Stage::builtin("quiet").await;
    let service = stage.service("shop-prd", "claims").await;
    let definition = stage.ecs.describe_task_definition().task_definition(service.task_definition().unwrap());
    let definition = definition.send().await.unwrap().task_definition.unwrap();
    let listed = stage.ecs.list_tasks().cluster("shop-prd").service_name("claims").send().await.unwrap();
    let ids: Vec<&str> = listed.task_arns().iter().filter_map(|arn| arn.rsplit('/').next()).collect();
    for container in definition.container_definitions() {
        let options = container.log_configuration().unwrap().options().unwrap();
        let streams = stage.logs.describe_log_streams().log_group_name(&options["awslogs-group"]);
        let prefix = format!("{}/{}/", options["awslogs-stream-prefix"], container.name().unwrap());
        let found = streams.log_stream_name_prefix(&prefix).send().await.unwrap();
        let names: BTreeSet<_> = found.log_streams().iter().filter_map(|one| one.log_stream_name()).collect();
        assert!(ids.iter().all(|id| names.contains(format!("{prefix}{id}").as_str())), "{names:?}");
    }
    assert_eq!(definition.container_definitions().len(), 2, "its own, and a sidecar");
}

#[tokio::test]
async fn groups_are_listed_fifty_a_page() {
    let stage = Stage::builtin("sixty").await;
    let first = stage.logs.describe_log_groups().send().await.unwrap();
    assert_eq!(first.log_groups().len(), 50);
    let rest = stage.logs.describe_log_groups().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((rest.log_groups().len(), rest.next_token()), (10, None));
    let some = stage.logs.describe_log_groups().log_group_name_prefix("/ecs/sixty-svc-0").send().await.unwrap();
    assert_eq!(some.log_groups().len(), 9);
    let some = stage.logs.describe_log_groups().log_group_name_pattern("SVC-4").send().await.unwrap();
    assert_eq!(some.log_groups().len(), 10);
    let one = &first.log_groups()[0];
    assert_eq!(one.arn(), one.log_group_arn().map(|arn| format!("{arn}:*")).as_deref());
    let refused = stage.logs.describe_log_groups().limit(51).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("ValidationException"));
}

#[tokio::test]
async fn streams_can_be_ordered_by_their_last_line() {
    let stage = Stage::builtin("bad-deploy").await;
    stage.go_to("4m");
    let asked =
        stage.logs.describe_log_streams().log_group_name(GROUP).order_by(OrderBy::LastEventTime).descending(true);
    let streams = asked.send().await.unwrap().log_streams.unwrap_or_default();
    let times: Vec<_> = streams.iter().filter_map(LogStream::last_event_timestamp).collect();
    assert!(times.len() >= 5 && times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    let none = stage.logs.describe_log_streams().log_group_name("/ecs/none").send().await.unwrap_err();
    assert!(none.into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn lines_come_in_order_whatever_the_page() {
    let stage = Stage::builtin("quiet").await;
    let whole = all(between(&stage, "-10m", "0s")).await;
    assert!(whole.len() > 300, "{}", whole.len());
    assert!(whole.windows(2).all(|pair| pair[0].timestamp() <= pair[1].timestamp()));
    assert_eq!(ids(&whole).iter().collect::<BTreeSet<_>>().len(), whole.len());
    let streams: BTreeSet<_> = whole.iter().filter_map(|event| event.log_stream_name()).collect();
    assert_eq!(streams.len(), 3, "three tasks");
    let paged = all(between(&stage, "-10m", "0s").limit(37)).await;
    assert_eq!(ids(&paged), ids(&whole));
    let mut backwards = all(between(&stage, "-10m", "0s").limit(41).start_from_head(false)).await;
    backwards.reverse();
    assert_eq!(ids(&backwards), ids(&whole));
    let half = all(between(&stage, "-5m", "0s")).await;
    assert_eq!(ids(&half), ids(&whole)[whole.len() - half.len()..], "a line is the same from wherever it is read");
    let one = all(between(&stage, "-10m", "0s").log_stream_names(*streams.first().unwrap())).await;
    assert!(!one.is_empty() && one.iter().all(|event| event.log_stream_name() == streams.first().copied()));
}

#[tokio::test]
async fn what_is_yet_to_come_is_not_told() {
    let stage = Stage::builtin("quiet").await;
    let now = at(&stage, "0s");
    let seen = all(between(&stage, "-1m", "10m")).await;
    assert!(seen.iter().all(|event| event.timestamp().is_some_and(|time| time < now)));
    stage.go_to("1m");
    let more = all(between(&stage, "-1m", "10m")).await;
    assert!(more.len() > seen.len());
    assert_eq!(ids(&more)[..seen.len()], ids(&seen));
}

#[tokio::test]
async fn lines_follow_a_bad_release() {
    let stage = Stage::builtin("bad-deploy").await;
    stage.go_to("4m");
    let errors = all(between(&stage, "0s", "4m").filter_pattern("ERROR \"ヘルスチェック\"")).await;
    assert!(errors.len() >= 5, "{}", errors.len());
    let traces = all(between(&stage, "0s", "4m").filter_pattern("\"Caused by: org.postgresql\"")).await;
    let failing: BTreeSet<_> = errors.iter().filter_map(|event| event.log_stream_name()).collect();
    assert!(traces.iter().all(|trace| failing.contains(trace.log_stream_name().unwrap())));
    assert!(traces[0].message().unwrap().contains("\n\tat "), "a stack trace is one line of the log");
    assert!(all(between(&stage, "-10m", "0s").filter_pattern("\"Caused by\"")).await.is_empty(), "before it, nothing");
    let running: BTreeSet<_> = stage
        .ecs
        .list_tasks()
        .cluster("shop-prd")
        .service_name("web")
        .send()
        .await
        .unwrap()
        .task_arns()
        .iter()
        .filter_map(|arn| arn.rsplit('/').next().map(str::to_owned))
        .collect();
    let now = all(between(&stage, "3m55s", "4m")).await;
    let task = |event: &FilteredLogEvent| event.log_stream_name().unwrap().rsplit('/').next().unwrap().to_owned();
    assert!(!now.is_empty() && now.iter().all(|event| running.contains(&task(event))));
}

#[tokio::test]
async fn patterns_choose_lines() {
    let stage = Stage::builtin("quiet").await;
    let count = async |pattern: &str| all(between(&stage, "-30m", "0s").filter_pattern(pattern)).await.len();
    let (whole, get, info) = (count("").await, count("GET").await, count("INFO").await);
    assert!(get > 0 && info > 0);
    assert_eq!(count("-GET").await, whole - get);
    assert_eq!(count("?GET ?INFO").await, get + info);
    assert_eq!(count("GET INFO").await, 0);
    let kinds: BTreeMap<bool, usize> =
        all(between(&stage, "-30m", "0s")).await.iter().fold(BTreeMap::new(), |mut kinds, event| {
            *kinds.entry(serde_json::from_str::<serde_json::Value>(event.message().unwrap()).is_ok()).or_default() += 1;
            kinds
        });
    assert_eq!(kinds.len(), 2, "JSON and plain lines: {kinds:?}");
    assert!(all(between(&stage, "-30m", "0s")).await.iter().any(|event| event.message().unwrap().contains("しました")));
}

#[rstest]
#[case(Some("{ $.level = \"ERROR\" }"), None, None)]
#[case(None, Some(10_001), None)]
#[case(None, None, Some("nonsense"))]
#[tokio::test]
async fn lines_are_not_asked_for_at_will(
    #[case] pattern: Option<&str>,
    #[case] limit: Option<i32>,
    #[case] token: Option<&str>,
) {
    let stage = Stage::builtin("quiet").await;
    let asked = between(&stage, "-1m", "0s").set_filter_pattern(pattern.map(str::to_owned)).set_limit(limit);
    let refused = asked.set_next_token(token.map(str::to_owned)).send().await.unwrap_err().into_service_error();
    let code = if limit.is_some() { "ValidationException" } else { "InvalidParameterException" };
    assert_eq!(refused.code(), Some(code), "{refused:?}");
    let stream = between(&stage, "-1m", "0s").log_stream_names("web/web/none").send().await.unwrap_err();
    assert!(stream.into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn one_stream_is_read_in_both_directions() {
    let stage = Stage::builtin("quiet").await;
    let streams = stage.logs.describe_log_streams().log_group_name(GROUP).send().await.unwrap();
    let name = streams.log_streams()[0].log_stream_name().unwrap().to_owned();
    let ask = || stage.logs.get_log_events().log_group_name(GROUP).log_stream_name(&name);
    let texts = |events: &[OutputLogEvent]| -> Vec<(i64, String)> {
        events.iter().map(|event| (event.timestamp().unwrap(), event.message().unwrap().to_owned())).collect()
    };
    let last = ask().limit(20).send().await.unwrap();
    assert_eq!(last.events().len(), 20);
    let before = ask().limit(20).set_next_token(last.next_backward_token.clone()).send().await.unwrap();
    let forty = ask().limit(40).send().await.unwrap();
    assert_eq!(texts(forty.events()), [texts(before.events()), texts(last.events())].concat());
    let again =
        ask().limit(20).set_next_token(before.next_forward_token.clone()).start_from_head(true).send().await.unwrap();
    assert_eq!(texts(again.events()), texts(last.events()));
    let end = ask().set_next_token(last.next_forward_token.clone()).start_from_head(true).send().await.unwrap();
    assert!(end.events().is_empty());
    assert_eq!(end.next_forward_token(), last.next_forward_token(), "the same token says that this is the end");
    stage.go_to("1m");
    let more = ask().set_next_token(end.next_forward_token.clone()).start_from_head(true).send().await.unwrap();
    assert!(!more.events().is_empty());
    let head = ask().start_from_head(true).limit(1).send().await.unwrap();
    assert!(head.events()[0].message().unwrap().starts_with("Starting web v1.4.2"), "{:?}", head.events());
    let end = ask().start_time(at(&stage, "0s")).end_time(at(&stage, "10s")).send().await.unwrap();
    assert!(end.events().iter().all(|event| event.timestamp().unwrap() < at(&stage, "10s")));
}

#[tokio::test]
async fn live_lines_come_as_they_are_written() {
    let stage = Stage::builtin("quiet").await;
    let arn = format!("arn:aws:logs:ap-northeast-1:111122223333:log-group:{GROUP}");
    let named = stage.logs.start_live_tail().log_group_identifiers(GROUP);
    let plain = |request: &mut aws_smithy_runtime_api::http::Request| {
        // The SDK puts `stream-` before the host, which names nobody on loopback.
        let uri = request.uri().replace("//stream-", "//");
        request.set_uri(uri).expect("an address");
    };
    let refused = named.customize().mutate_request(plain).send().await.expect_err("it is no ARN");
    assert_eq!(refused.into_service_error().code(), Some("InvalidParameterException"));
    let asked = stage.logs.start_live_tail().log_group_identifiers(&arn).log_event_filter_pattern("GET");
    let mut stream = asked.customize().mutate_request(plain).send().await.expect("a session").response_stream;
    let Some(StartLiveTailResponseStream::SessionStart(start)) = stream.recv().await.unwrap() else {
        panic!("no start")
    };
    assert_eq!(start.log_group_identifiers(), [arn]);
    stage.go_to("30s");
    let mut lines = Vec::new();
    while lines.is_empty() {
        let Some(StartLiveTailResponseStream::SessionUpdate(update)) = stream.recv().await.unwrap() else {
            panic!("no update")
        };
        lines = update.session_results.unwrap_or_default();
    }
    let listed = all(between(&stage, "0s", "30s").filter_pattern("GET")).await;
    let texts: Vec<_> = listed.iter().filter_map(|event| event.message()).collect();
    assert!(
        lines.iter().filter_map(|line| line.message()).rev().zip(texts.iter().rev()).all(|(live, read)| live == *read)
    );
    assert!(lines.len() >= texts.len() && lines.iter().all(|line| line.message().unwrap().contains("GET")));
}

fn line(at: i64, text: &str) -> InputLogEvent {
    InputLogEvent::builder().timestamp(at).message(text).build().unwrap()
}

#[tokio::test]
async fn what_is_put_into_a_stream_is_read_from_it() {
    let stage = Stage::builtin("quiet").await;
    let now = at(&stage, "0s");
    let group = "/sekisho/journal";
    let put = |lines: Vec<InputLogEvent>| {
        stage.logs.put_log_events().log_group_name(group).log_stream_name("head").set_log_events(Some(lines))
    };
    let error = put(vec![line(now, "x")]).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"), "there is no group");
    stage.logs.create_log_group().log_group_name(group).send().await.unwrap();
    let again = stage.logs.create_log_group().log_group_name(group).send().await.unwrap_err();
    assert_eq!(again.code(), Some("ResourceAlreadyExistsException"));
    assert_eq!(put(vec![line(now, "x")]).send().await.unwrap_err().code(), Some("ResourceNotFoundException"));
    let stream = || stage.logs.create_log_stream().log_group_name(group).log_stream_name("head");
    stream().send().await.unwrap();
    assert_eq!(stream().send().await.unwrap_err().code(), Some("ResourceAlreadyExistsException"));
    put(vec![line(now - 2_000, "一"), line(now - 1_000, "二")]).send().await.unwrap();
    put(vec![line(now - 1_500, "間")]).send().await.unwrap();
    let read = stage.logs.get_log_events().log_group_name(group).log_stream_name("head").start_from_head(true);
    let read = read.send().await.unwrap();
    let texts: Vec<_> = read.events().iter().filter_map(OutputLogEvent::message).collect();
    assert_eq!(texts, ["一", "間", "二"], "in the order of their times");
    let more = stage.logs.get_log_events().log_group_name(group).log_stream_name("head");
    let more = more.set_next_token(read.next_forward_token().map(str::to_owned)).send().await.unwrap();
    assert!(more.events().is_empty() && more.next_forward_token() == read.next_forward_token());
    let groups = stage.logs.describe_log_groups().log_group_name_prefix("/sekisho").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].log_group_name(), Some(group));
    let streams = stage.logs.describe_log_streams().log_group_name(group).send().await.unwrap();
    assert_eq!(streams.log_streams()[0].last_event_timestamp(), Some(now - 1_000));
    let found = stage.logs.filter_log_events().log_group_name(group).filter_pattern("間").send().await.unwrap();
    assert_eq!(found.events().len(), 1);
}

#[tokio::test]
async fn lines_out_of_time_are_left_out_and_odd_batches_refused() {
    let stage = Stage::builtin("quiet").await;
    let (now, hour, day) = (at(&stage, "0s"), 3_600_000, 86_400_000);
    let service = |stream: &str| stage.logs.create_log_stream().log_group_name(GROUP).log_stream_name(stream);
    service("own").send().await.unwrap();
    let put = |lines: Vec<InputLogEvent>| {
        stage.logs.put_log_events().log_group_name(GROUP).log_stream_name("own").set_log_events(Some(lines))
    };
    let old =
        put(vec![line(now - 14 * day - hour, "old"), line(now - 14 * day + hour, "in time")]).send().await.unwrap();
    let rejected = old.rejected_log_events_info().unwrap();
    assert_eq!((rejected.too_old_log_event_end_index(), rejected.too_new_log_event_start_index()), (Some(1), None));
    let new = put(vec![line(now, "now"), line(now + 3 * hour, "new")]).send().await.unwrap();
    let rejected = new.rejected_log_events_info().unwrap();
    assert_eq!((rejected.too_old_log_event_end_index(), rejected.too_new_log_event_start_index()), (None, Some(1)));
    let read = stage.logs.get_log_events().log_group_name(GROUP).log_stream_name("own").start_from_head(true).send();
    let read = read.await.unwrap();
    let texts: Vec<_> = read.events().iter().filter_map(OutputLogEvent::message).collect();
    assert_eq!(texts, ["in time", "now"]);
    for odd in [
        vec![line(now, "late"), line(now - 1, "early")],
        vec![line(now - 25 * hour, "a"), line(now, "b")],
        vec![line(now, &"x".repeat(1_048_577))],
        vec![line(now, &"x".repeat(600_000)), line(now, &"x".repeat(600_000))],
        vec![],
    ] {
        assert_eq!(
            put(odd)
                .send()
                .await
                .unwrap_err()
                .code()
                .map(|code| code.replace("Validation", "InvalidParameter"))
                .as_deref(),
            Some("InvalidParameterException")
        );
    }
}

//! A log, as it is found, asked for and sent.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use sekisho::{
    aws::{Connection, Now, Shared},
    domain::{
        fetch::Panel,
        log::{Follow, LONGEST_LINE, LogChunk, LogPlace, LogTail},
    },
    state::event::{Report, SourceEvent},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    fake::{Fake, Said, event},
    support::{Rig, failure, last},
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn tail(from: i64) -> LogTail {
    let place = LogPlace {
        container: "web".to_owned(),
        group: "/shop/web".to_owned(),
        region: String::new(),
        stream_prefix: "prd/web/".to_owned(),
    };
    LogTail { place, pattern: "ERROR".to_owned(), from }
}

fn line(number: i64, at: i64, message: &str) -> Value {
    json!({"eventId": number.to_string(), "timestamp": at, "logStreamName": "prd/web/0", "message": message})
}

/// CloudWatch Logs with these lines, which nobody may follow live.
async fn logs(lines: Arc<Mutex<Vec<Value>>>) -> Fake {
    Fake::start(move |operation, members| match operation {
        "FilterLogEvents" => {
            assert_eq!(members["logGroupName"], "/shop/web");
            assert_eq!(
                (&members["logStreamNamePrefix"], &members["filterPattern"]),
                (&json!("prd/web/"), &json!("ERROR"))
            );
            let from = members["startTime"].as_i64().unwrap();
            let lines = lines.lock().unwrap();
            let events: Vec<_> = lines.iter().filter(|line| line["timestamp"].as_i64().unwrap() >= from).collect();
            Said::Yes(json!({"events": events}))
        }
        "StartLiveTail" => Said::Denied("*".to_owned()),
        _ => Said::Yes(json!({})),
    })
    .await
}

async fn connect(fake: &Fake) -> Connection {
    Connection::open(fake.plan(), Shared::new(Now::default())).await.unwrap()
}

fn chunks(events: &[SourceEvent]) -> Vec<LogChunk> {
    let chunk = |event: &SourceEvent| if let Report::Log(chunk) = &event.report { Some(chunk.clone()) } else { None };
    events.iter().filter_map(chunk).collect()
}

fn words(chunks: &[LogChunk]) -> Vec<String> {
    chunks.iter().flat_map(|chunk| chunk.lines.iter().map(|line| line.message.clone())).collect()
}

/// Waits until a poller has told of so many lines.
async fn hear(rig: &mut Rig, lines: usize) -> Vec<LogChunk> {
    let mut heard = Vec::new();
    let begun = Instant::now();
    while words(&heard).len() < lines {
        assert!(begun.elapsed() < Duration::from_secs(20), "{heard:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        heard.extend(chunks(&rig.heard()));
    }
    heard
}

#[tokio::test]
async fn a_log_that_is_not_sent_is_asked_for_every_two_seconds() {
    let begin = Timestamp::now().as_millisecond();
    let lines = Arc::new(Mutex::new(vec![line(1, begin - 90_000, "too early"), line(2, begin - 1_000, "first")]));
    let fake = logs(Arc::clone(&lines)).await;
    let mut rig = Rig::start(fake.plan());
    rig.look(|interest| interest.log_tail = Some(tail(begin - 60_000)));
    let told = chunks(&rig.settle().await);
    assert_eq!(words(&told), ["first"]);
    assert_eq!((told[0].follow, told[0].sampled), (Follow::Polling, false));
    lines.lock().unwrap().extend([line(3, begin + 500, "second"), line(4, begin + 500, "second")]);
    let told = chunks(&rig.pass(SECOND * 2, SECOND).await);
    assert_eq!(words(&told), ["second", "second"]);
    // Nothing new is not worth a frame.
    assert!(chunks(&rig.pass(SECOND * 10, SECOND).await).is_empty());
    assert_eq!(fake.called("StartLiveTail"), 1);
    let asked = fake.called("FilterLogEvents");
    assert!((6..=8).contains(&asked), "{asked}");
    rig.look(|interest| interest.log_tail = None);
    rig.settle().await;
    rig.pass(SECOND * 20, SECOND * 2).await;
    assert_eq!(fake.called("FilterLogEvents"), asked);
}

#[tokio::test]
async fn a_log_that_may_not_be_read_is_told_and_asked_for_once() {
    let fake = Fake::start(|operation, _| match operation {
        "FilterLogEvents" | "StartLiveTail" => Said::Denied("*".to_owned()),
        _ => Said::Yes(json!({})),
    })
    .await;
    let mut rig = Rig::start(fake.plan());
    rig.look(|interest| interest.log_tail = Some(tail(0)));
    let events = rig.settle().await;
    assert_eq!(failure(&events, Panel::Log).map(|failure| failure.action), Some("logs:FilterLogEvents".to_owned()));
    rig.pass(SignedDuration::from_mins(5), SECOND * 10).await;
    assert_eq!(fake.called("FilterLogEvents"), 1);
}

#[tokio::test]
async fn a_line_of_a_quarter_of_a_megabyte_is_cut_and_takes_no_time() {
    let begin = Timestamp::now().as_millisecond();
    let long = "決済\u{1b}[31m失敗 ".repeat(256 * 1_024 / 20);
    let lines = Arc::new(Mutex::new(vec![line(1, begin, &long), line(2, begin, "short\n")]));
    let fake = logs(lines).await;
    let connection = connect(&fake).await;
    let begun = Instant::now();
    let read = connection.log_lines(&tail(0), 0).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(read.lines[0].cut, long.chars().count() - LONGEST_LINE);
    assert!(read.lines[0].message.chars().count() <= LONGEST_LINE && !read.lines[0].message.contains('\u{1b}'));
    assert_eq!((read.lines[1].message.as_str(), read.lines[1].cut, read.cut), ("short", 0, false));
}

#[tokio::test]
async fn one_reading_is_bounded_in_bytes_and_pages_and_says_so() {
    for (message, most) in [("x".repeat(300_000), 4), (String::new(), 10)] {
        let sent = message.clone();
        let fake = Fake::start(move |operation, members| match operation {
            "FilterLogEvents" => {
                let page = members["nextToken"].as_str().map_or(0, |token| token.parse::<i64>().unwrap());
                let events = if sent.is_empty() { Vec::new() } else { vec![line(page, page, &sent)] };
                Said::Yes(json!({"events": events, "nextToken": (page + 1).to_string()}))
            }
            _ => Said::Yes(json!({})),
        })
        .await;
        let read = connect(&fake).await.log_lines(&tail(0), 0).await.unwrap();
        assert!(read.cut);
        assert_eq!(fake.called("FilterLogEvents"), most);
    }
}

#[tokio::test]
async fn where_containers_log_to_is_described_once() {
    let fake = Fake::start(|operation, _| match operation {
        "DescribeTaskDefinition" => Said::Yes(json!({"taskDefinition": {"containerDefinitions": [
            {"name": "web", "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/shop/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "prd"}}},
            {"name": "agent", "logConfiguration": {"logDriver": "awsfirelens"}},
            {"name": "bare"},
        ]}})),
        _ => Said::Yes(json!({})),
    })
    .await;
    let mut rig = Rig::start(fake.plan());
    rig.look(|interest| interest.log_places = Some("web:42".to_owned()));
    let events = rig.settle().await;
    let places = last(&events, |report| match report {
        Report::LogPlaces(definition, places) if definition == "web:42" => Some(Arc::clone(places)),
        _ => None,
    })
    .unwrap();
    let [place] = &places[..] else { panic!("{places:?}") };
    assert_eq!((place.container.as_str(), place.group.as_str()), ("web", "/shop/web"));
    assert_eq!((place.region.as_str(), place.stream_prefix.as_str()), ("us-east-1", "prd/web/"));
    rig.look(|interest| interest.log_places = None);
    rig.settle().await;
    rig.look(|interest| interest.log_places = Some("web:42".to_owned()));
    rig.settle().await;
    assert_eq!(fake.called("DescribeTaskDefinition"), 1);
}

#[tokio::test]
async fn a_log_that_is_sent_is_not_asked_for_until_the_stream_ends() {
    let begin = Timestamp::now().as_millisecond();
    let streams: Arc<Mutex<Vec<mpsc::Sender<Vec<u8>>>>> = Arc::default();
    let opened = Arc::clone(&streams);
    let fake = Fake::start(move |operation, members| match operation {
        "FilterLogEvents" => Said::Yes(json!({"events": [line(1, begin - 1_000, "before")]})),
        "StartLiveTail" => {
            let group = "arn:aws:logs:ap-northeast-1:111122223333:log-group:/shop/web";
            assert_eq!(members["logGroupIdentifiers"], json!([group]));
            assert_eq!(members["logStreamNamePrefixes"], json!(["prd/web/"]));
            let (sender, receiver) = mpsc::channel(16);
            let start = json!({"sessionId": "1"});
            sender.try_send(event("initial-response", &json!({}))).unwrap();
            sender.try_send(event("sessionStart", &start)).unwrap();
            opened.lock().unwrap().push(sender);
            Said::Stream(receiver)
        }
        _ => Said::Yes(json!({})),
    })
    .await;
    let mut rig = Rig::start(fake.plan());
    rig.look(|interest| interest.log_tail = Some(tail(begin - 60_000)));
    let told = chunks(&rig.settle().await);
    assert_eq!(words(&told), ["before"]);
    let sender = streams.lock().unwrap()[0].clone();
    let update = |messages: &[&str], sampled: bool| {
        let results: Vec<_> = messages
            .iter()
            .map(|message| json!({"logStreamName": "prd/web/0", "timestamp": begin, "message": message}))
            .collect();
        event("sessionUpdate", &json!({"sessionMetadata": {"sampled": sampled}, "sessionResults": results}))
    };
    sender.send(update(&[], false)).await.unwrap();
    sender.send(update(&["one", "two"], true)).await.unwrap();
    let told = hear(&mut rig, 2).await;
    assert_eq!(words(&told), ["one", "two"]);
    assert_eq!((told[0].follow, told[0].sampled), (Follow::Live, true));
    // It was asked for once before and once after the stream began, and now rests.
    rig.pass(SECOND * 20, SECOND * 2).await;
    assert_eq!(fake.called("FilterLogEvents"), 2);
    // A stream that ends is not the end of the log.
    drop((sender, std::mem::take(&mut *streams.lock().unwrap())));
    while fake.called("FilterLogEvents") < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        rig.pass(SECOND * 2, SECOND * 2).await;
    }
    rig.pass(SignedDuration::from_mins(1), SECOND * 5).await;
    assert_eq!(fake.called("StartLiveTail"), 2);
    // And who looks away ends the stream at once.
    let sender = streams.lock().unwrap()[0].clone();
    assert!(!sender.is_closed());
    rig.look(|interest| interest.log_tail = None);
    rig.settle().await;
    tokio::time::timeout(Duration::from_secs(10), sender.closed()).await.expect("the stream is closed");
}

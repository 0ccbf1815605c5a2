//! Heads of the journal in CloudWatch Logs: of the simulated account, and of one that refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use jiff::Timestamp;
use sekisho::aws::{HeadLog, Now, Shared, Standing};
use sekisho::domain::fetch::FailureKind;
use sekisho::journal::head::{Head, HeadShipper as _, Which, stream};
use sekisho::simulator::{Options, Scenario, Simulator};
use serde_json::json;

use super::fake::{Fake, Said};
use super::support::{plan, start};

const GROUP: &str = "/sekisho/journal";

fn head(seq: u64, first: u8) -> Head {
    let (hash, first) = (format!("{seq:064x}"), format!("{first:064x}"));
    Head::new(seq, hash, first, Timestamp::UNIX_EPOCH, "console-1".to_owned())
}

/// Makes a log group, as whoever administers the account does.
async fn make_group(simulator: &Simulator) {
    let keys = Credentials::new(
        simulator.access_key_id(),
        simulator.secret_access_key(),
        simulator.session_token().map(str::to_owned),
        None,
        "test",
    );
    let config = aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(keys)
        .region(Region::new(simulator.region().to_owned()))
        .endpoint_url(simulator.endpoint())
        .load()
        .await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    logs.create_log_group().log_group_name(GROUP).send().await.unwrap();
}

fn log(simulator: &Simulator) -> HeadLog {
    let standing = Standing::new(plan(simulator), Shared::new(Now::default()));
    HeadLog::new(Arc::new(standing), GROUP.to_owned())
}

#[tokio::test]
async fn heads_are_kept_and_read_back() {
    let simulator = start(Scenario::builtin("quiet").unwrap(), Options::default()).await;
    let log = log(&simulator);
    let (here, there) = (stream("console-1", "/a".as_ref()), stream("console-2", "/a".as_ref()));
    let ours = Which::Stream(here.clone());
    // Without the group nothing can be kept, and that nothing was is not mistaken for it.
    assert_eq!(log.ship(&here, &[head(1, 7)]).await.unwrap_err().kind, FailureKind::NotFound);
    assert_eq!(log.heads(&ours).await.unwrap_err().kind, FailureKind::NotFound);
    make_group(&simulator).await;
    assert_eq!(log.heads(&ours).await.unwrap().heads, []);
    // The stream is made when it is first needed; the second batch finds it.
    let many: Vec<Head> = (1..=2_500).map(|seq| head(seq, 7)).collect();
    log.ship(&here, &many).await.unwrap();
    log.ship(&here, &[head(2_501, 7)]).await.unwrap();
    log.ship(&there, &[head(9_000, 8)]).await.unwrap();
    let read = log.heads(&ours).await.unwrap();
    assert!(!read.more);
    let mut numbers: Vec<u64> = read.heads.iter().map(|head| head.seq).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=2_501).collect::<Vec<_>>());
    // Wherever it was: by its first record.
    let elsewhere = log.heads(&Which::Journal(format!("{:064x}", 8))).await.unwrap();
    assert!(elsewhere.heads.contains(&head(9_000, 8)));
    assert!(elsewhere.heads.iter().all(|head| head.seq == 9_000 || head.hash == format!("{:064x}", 8)));
}

#[tokio::test]
async fn what_aws_refuses_is_told_with_the_action_that_is_missing() {
    let fake = Fake::start(|operation, _| match operation {
        "PutLogEvents" => Said::Denied(GROUP.to_owned()),
        other => panic!("{other} was not expected"),
    })
    .await;
    let standing = Standing::new(fake.plan(), Shared::new(Now::default()));
    let log = HeadLog::new(Arc::new(standing), GROUP.to_owned());
    for _ in 0..2 {
        // A denial is met again each time: somebody may have given the permission since.
        let failure = log.ship("console-1/0", &[head(1, 7)]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied { missing_action: "logs:PutLogEvents".to_owned() });
    }
}

#[tokio::test]
async fn heads_that_cloudwatch_leaves_out_were_not_kept() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let fake = Fake::start(move |operation, members| match operation {
        "PutLogEvents" => {
            counted.fetch_add(1, Ordering::SeqCst);
            assert_eq!(members["logGroupName"], GROUP);
            assert_eq!(members["logEvents"].as_array().unwrap().len(), 1);
            Said::Yes(json!({"rejectedLogEventsInfo": {"tooNewLogEventStartIndex": 0}}))
        }
        "FilterLogEvents" => Said::Yes(json!({"events": [
            {"eventId": "1", "timestamp": 1, "message": head(3, 7).line()},
            {"eventId": "2", "timestamp": 1, "message": "hello"},
            {"eventId": "3", "timestamp": 1, "message": "{\"version\":9}"},
        ]})),
        other => panic!("{other} was not expected"),
    })
    .await;
    let standing = Standing::new(fake.plan(), Shared::new(Now::default()));
    let log = HeadLog::new(Arc::new(standing), GROUP.to_owned());
    assert_eq!(log.ship("console-1/0", &[head(1, 7)]).await.unwrap_err().kind, FailureKind::Invalid);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let read = log.heads(&Which::Stream("console-1/0".to_owned())).await.unwrap();
    assert_eq!(read.heads, [head(3, 7)], "what is no head was written by somebody else");
}

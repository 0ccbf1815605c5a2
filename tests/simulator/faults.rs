//! What can be made to go wrong.

use std::time::{Duration, Instant};

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use rstest::rstest;
use sekisho::simulator::{Fault, FaultKind};

use crate::support::Stage;

#[rstest]
#[case(FaultKind::Throttle, "ThrottlingException", "Throttling")]
#[case(FaultKind::Deny, "AccessDeniedException", "AccessDenied")]
#[case(FaultKind::Expire, "ExpiredTokenException", "ExpiredToken")]
#[tokio::test]
async fn each_protocol_says_it_in_its_own_words(
    #[case] kind: FaultKind,
    #[case] in_json: &str,
    #[case] in_query: &str,
) {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(kind, "*"));
    let ecs = stage.ecs.list_clusters().send().await.unwrap_err().into_service_error();
    assert_eq!(ecs.code(), Some(in_json));
    let cloudwatch = stage.cloudwatch.describe_alarms().send().await.unwrap_err().into_service_error();
    assert_eq!(aws_sdk_cloudwatch::error::ProvideErrorMetadata::code(&cloudwatch), Some(in_query));
    let sts = stage.sts.get_caller_identity().send().await.unwrap_err().into_service_error();
    assert_eq!(aws_sdk_sts::error::ProvideErrorMetadata::code(&sts), Some(in_query));
    stage.simulator.clear_faults();
    stage.ecs.list_clusters().send().await.unwrap();
}

#[tokio::test]
async fn a_denial_names_who_what_and_why() {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(FaultKind::Deny, "ecs:ListServices"));
    let denied = stage.ecs.list_services().cluster("shop-prd").send().await.unwrap_err().into_service_error();
    assert!(denied.is_access_denied_exception());
    assert_eq!(
        denied.message(),
        Some(
            "User: arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoResponder_0123456789abcdef/op-0137 is not \
             authorized to perform: ecs:ListServices on resource: * because no identity-based policy allows the \
             ecs:ListServices action"
        )
    );
    stage.ecs.list_clusters().send().await.expect("only what was named is denied");
}

#[tokio::test]
async fn a_fault_keeps_to_its_count_and_account() {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(FaultKind::Throttle, "ecs:*").in_account("444455556666"));
    stage.ecs.list_clusters().send().await.expect("it is meant for another account");
    stage.simulator.inject(Fault::new(FaultKind::Throttle, "ecs:*").times(1));
    assert!(stage.ecs.list_clusters().send().await.is_err());
    stage.ecs.list_clusters().send().await.expect("its one call was met");
}

#[tokio::test]
async fn a_bare_status_has_no_error_to_read() {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(FaultKind::Status, "ecs:*"));
    let error = stage.ecs.list_clusters().send().await.unwrap_err();
    assert_eq!(error.raw_response().map(|raw| raw.status().as_u16()), Some(503));
}

#[tokio::test]
async fn a_malformed_answer_cannot_be_read() {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(FaultKind::Malformed, "*"));
    let ecs = stage.ecs.list_clusters().send().await.unwrap_err();
    assert_eq!(ecs.raw_response().map(|raw| raw.status().as_u16()), Some(200));
    let cloudwatch = stage.cloudwatch.describe_alarms().send().await.unwrap_err();
    assert_eq!(cloudwatch.raw_response().map(|raw| raw.status().as_u16()), Some(200));
}

#[tokio::test]
async fn a_cut_answer_ends_in_its_middle() {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(FaultKind::Cut, "*").times(1));
    let error = stage.cloudwatch.describe_alarms().send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_) | SdkError::ResponseError(_)), "{error:?}");
    stage.cloudwatch.describe_alarms().send().await.expect("the next one comes whole");
}

#[tokio::test]
async fn a_delay_is_late_but_right() {
    let stage = Stage::builtin("quiet").await;
    stage.simulator.inject(Fault::new(FaultKind::Delay, "ecs:*").by(Duration::from_millis(150)));
    let asked = Instant::now();
    assert!(!stage.ecs.list_clusters().send().await.unwrap().cluster_arns().is_empty());
    assert!(asked.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_scenario_brings_its_own_faults_in_story_time() {
    let text = r#"
        name = "faulty"
        seed = 1
        [[account]]
        id = "111122223333"
        [[fault]]
        at = "9m"
        for = "1m"
        action = "ecs:ListClusters"
        kind = "throttle"
    "#;
    let stage = Stage::text(text).await;
    for (at, works) in [("8m59s", true), ("9m", false), ("9m59s", false), ("10m", true)] {
        stage.go_to(at);
        assert_eq!(stage.ecs.list_clusters().send().await.is_ok(), works, "{at}");
    }
}

/// Sends a bare request to the account's own door and gives back the status and the body.
async fn knock(stage: &Stage, method: &str, path: &str, body: &str) -> (String, String) {
    knock_with(stage, method, path, "content-type: application/json\r\n", body).await
}

/// Does the same with other headers, each with its line end.
async fn knock_with(stage: &Stage, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = stage.simulator.endpoint().replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

#[tokio::test]
async fn faults_come_and_go_over_http() {
    let stage = Stage::builtin("quiet").await;
    let fault = r#"{"kind": "deny", "action": "ecs:*", "for": "5m"}"#;
    assert_eq!(knock(&stage, "POST", "/_simulator/faults", fault).await.0, "204");
    assert!(stage.ecs.list_clusters().send().await.is_err());
    assert_eq!(knock(&stage, "DELETE", "/_simulator/faults", "").await.0, "204");
    stage.ecs.list_clusters().send().await.unwrap();
    for wrong in ["{", r#"{"kind": "meteor"}"#, r#"{"kind": "deny", "colour": 1}"#, r#"{"kind": "delay"}"#] {
        let (status, body) = knock(&stage, "POST", "/_simulator/faults", wrong).await;
        assert_eq!(status, "400", "{wrong}");
        assert!(body.contains("error"), "{body}");
    }
}

#[tokio::test]
async fn a_page_of_a_browser_is_refused() {
    let stage = Stage::builtin("quiet").await;
    let fault = r#"{"kind": "deny"}"#;
    // What a page can send elsewhere without asking first, and what it can send to an address that it took for its own.
    for (method, path, headers, status) in [
        ("POST", "/_simulator/faults", "content-type: text/plain\r\n", "415"),
        ("POST", "/_simulator/faults", "content-type: application/x-www-form-urlencoded\r\n", "415"),
        ("POST", "/_simulator/faults", "", "415"),
        ("POST", "/_simulator/faults", "content-type: application/json\r\norigin: http://127.0.0.1\r\n", "403"),
        ("DELETE", "/_simulator/faults", "origin: null\r\n", "403"),
        ("DELETE", "/_simulator/calls", "Origin: https://example.com\r\n", "403"),
        ("GET", "/_simulator/calls", "origin: https://example.com\r\n", "403"),
    ] {
        let (found, body) = knock_with(&stage, method, path, headers, fault).await;
        assert_eq!((found.as_str(), body.contains("error")), (status, true), "{method} {path} {headers}");
    }
    stage.ecs.list_clusters().send().await.expect("nothing was injected");
    let parameters = "Content-Type: application/json; charset=utf-8\r\n";
    assert_eq!(knock_with(&stage, "POST", "/_simulator/faults", parameters, fault).await.0, "204");
    assert!(stage.ecs.list_clusters().send().await.is_err());
}

#[tokio::test]
async fn its_operations_are_told_by_service() {
    let stage = Stage::builtin("quiet").await;
    let (status, body) = knock(&stage, "GET", "/_simulator/operations", "").await;
    let operations: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, "200");
    assert_eq!(operations["sts"], serde_json::json!(["GetCallerIdentity", "AssumeRole"]));
    let services: Vec<&String> = operations.as_object().unwrap().keys().collect();
    assert_eq!(
        services,
        [
            "cloudwatch",
            "ecs",
            "elasticloadbalancing",
            "iam",
            "kms",
            "logs",
            "rds",
            "securityhub",
            "ssm",
            "sts",
            "wafv2"
        ]
    );
    assert_eq!(knock(&stage, "POST", "/_simulator/operations", "{}").await.0, "405");
}

#[tokio::test]
async fn calls_are_told_over_http() {
    let stage = Stage::builtin("quiet").await;
    stage.ecs.list_clusters().send().await.unwrap();
    let (status, body) = knock(&stage, "GET", "/_simulator/calls", "").await;
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("200", r#"{"actions":{"ecs:ListClusters":1},"metrics":0,"total":1}"#)
    );
    assert_eq!(knock(&stage, "DELETE", "/_simulator/calls", "").await.0, "204");
    assert_eq!(stage.simulator.calls().total, 0);
    assert_eq!(knock(&stage, "GET", "/_simulator/nothing", "").await.0, "404");
    assert_eq!(knock(&stage, "PUT", "/_simulator/faults", "").await.0, "405");
    assert_eq!(knock(&stage, "GET", "/", "").await.0, "404");
}

//! The acting half: what is asked of AWS for a session, what its answers mean, and that nothing is done twice.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use sekisho::{
    aws::{Acting, Connection, Now, Shared, Standing},
    domain::{
        environment::{Environment, Kind},
        identity::{Identity, RoleResolution},
        preflight::Obstacle,
        target::Target,
    },
    policy::{self, Authorized, Op, Request},
    runbook::{catalogue::Catalogue, entry::EntryId},
    session::control::ControlPlane,
};
use serde_json::{Value, json};

use super::fake::{Fake, Said};

/// Whom the fake takes every caller for.
const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/reader/x";

fn identity(arn: &str) -> Arc<Identity> {
    Arc::new(Identity::from_caller("111122223333", arn, "AROAEXAMPLE:x").unwrap())
}

/// Has the gate let an entry of the built-in catalogue through, in production, for whoever has an ARN.
pub fn authorized_for(arn: &str, entry: &str, confirmation: &str) -> Authorized<Op> {
    let environment = Environment {
        name: "prd".to_owned(),
        kind: Kind::Prd,
        account: Some("111122223333".parse().unwrap()),
        regions: vec!["ap-northeast-1".to_owned()],
        ..Environment::default()
    };
    let request = Request {
        entry: EntryId(entry.to_owned()),
        environment: "prd".to_owned(),
        parameters: BTreeMap::new(),
        reason: Some("5xx\u{3000}調査".to_owned()),
        ticket: Some("INC-7".to_owned()),
        confirmation: Some(confirmation.to_owned()),
    };
    let role = RoleResolution::One("staff".to_owned());
    let at = Timestamp::UNIX_EPOCH;
    policy::authorize(&Catalogue::built_in(), &identity(arn), &role, &environment, &request, at)
        .unwrap_or_else(|denial| panic!("{entry}: {denial:?}"))
}

pub fn authorized(entry: &str, confirmation: &str) -> Authorized<Op> {
    authorized_for(CALLER, entry, confirmation)
}

fn node() -> Target {
    Target::Node { id: "i-0123".to_owned(), name: None }
}

fn container() -> Target {
    Target::Container {
        cluster: "shop-prd".to_owned(),
        service: "tunnel".to_owned(),
        task: "0af1".to_owned(),
        container: "tunnel".to_owned(),
        runtime_id: "0af1-265927825".to_owned(),
    }
}

fn standing(fake: &Fake) -> Arc<Standing> {
    Arc::new(Standing::new(fake.plan(), Shared::new(Now::default())))
}

fn acting(fake: &Fake, authorized: Authorized<Op>, target: Target) -> Acting {
    Acting::new(authorized, target, standing(fake))
}

fn shell(fake: &Fake) -> Acting {
    acting(fake, authorized("node-shell", "yes"), node())
}

/// What a service answers that starts the session `s-1`.
fn started() -> Value {
    json!({"SessionId": "s-1", "StreamUrl": "wss://stream/s-1?role=publish_subscribe", "TokenValue": "secret-token"})
}

/// A fake that remembers what it was asked.
async fn remembering(answer: impl Fn(&str, &Value) -> Said + Send + Sync + 'static) -> (Fake, Arc<Mutex<Vec<Value>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let memory = Arc::clone(&asked);
    let fake = Fake::start(move |operation, members| {
        memory.lock().unwrap().push(members.clone());
        answer(operation, members)
    });
    (fake.await, asked)
}

#[tokio::test]
async fn a_tunnel_is_asked_for_by_its_document_and_says_why() {
    let (fake, asked) = remembering(|_, _| Said::Yes(started())).await;
    let acting = acting(&fake, authorized("db-readonly", "prd"), container());
    let ticket = acting.start().await.unwrap();
    assert_eq!((ticket.session_id.as_str(), ticket.token.expose_secret()), ("s-1", "secret-token"));
    assert!(!format!("{ticket:?}").contains("secret-token"));
    let expected = json!({
        "Target": "ecs:shop-prd_0af1_0af1-265927825",
        "DocumentName": "Sekisho-prd-db-readonly",
        "Parameters": {"localPortNumber": ["15432"]},
        "Reason": "INC-7: 5xx\u{3000}調査",
    });
    assert_eq!(*asked.lock().unwrap(), [expected]);
    assert_eq!((acting.target(), acting.sessions()), ("ecs:shop-prd_0af1_0af1-265927825", vec!["s-1".to_owned()]));
}

#[tokio::test]
async fn a_command_is_the_catalogues_and_its_session_is_ssms() {
    let (fake, asked) = remembering(|operation, _| match operation {
        "ExecuteCommand" => Said::Yes(json!({"session": {
            "sessionId": "ecs-execute-command-1", "streamUrl": "wss://stream/1", "tokenValue": "t"
        }})),
        _ => Said::Yes(json!({"SessionId": "ecs-execute-command-1"})),
    })
    .await;
    let acting = acting(&fake, authorized("container-shell/web", "web"), container());
    let ticket = acting.start().await.unwrap();
    assert_eq!(ticket.session_id, "ecs-execute-command-1");
    acting.terminate(&ticket.session_id).await.unwrap();
    assert_eq!(
        (fake.called("ExecuteCommand"), fake.called("TerminateSession"), fake.called("StartSession")),
        (1, 1, 0)
    );
    let expected = json!({
        "cluster": "shop-prd", "task": "0af1", "container": "tunnel", "interactive": true, "command": "/bin/sh",
    });
    assert_eq!(asked.lock().unwrap()[0], expected);
}

#[tokio::test]
async fn a_start_without_an_answer_is_made_once_and_is_unknown() {
    let fake = Fake::start(|_, _| Said::No(500, "InternalServerError", "")).await;
    let acting = shell(&fake);
    let error = acting.start().await.unwrap_err();
    assert!(!error.is_passing, "{error:?}");
    assert_eq!((error.action, fake.called("StartSession")), ("ssm:StartSession", 1));
    let not_started = acting.not_started().unwrap();
    assert!(not_started.is_unknown && not_started.obstacle.is_none(), "{not_started:?}");
}

#[tokio::test]
async fn a_throttled_start_was_none_and_is_made_again() {
    let tries = Mutex::new(0);
    let fake = Fake::start(move |_, _| {
        let mut tries = tries.lock().unwrap();
        *tries += 1;
        if *tries < 3 { Said::No(400, "ThrottlingException", "Rate exceeded") } else { Said::Yes(started()) }
    })
    .await;
    let acting = shell(&fake);
    acting.start().await.unwrap();
    assert_eq!(fake.called("StartSession"), 3);
    assert_eq!(acting.not_started(), None);
}

#[tokio::test]
async fn half_an_answer_ends_the_session_that_it_names() {
    let fake = Fake::start(|operation, members| match operation {
        "StartSession" => Said::Yes(json!({"SessionId": "s-1", "StreamUrl": ""})),
        _ => {
            assert_eq!(members["SessionId"], "s-1");
            Said::Yes(json!({"SessionId": "s-1"}))
        }
    })
    .await;
    let acting = shell(&fake);
    acting.start().await.unwrap_err();
    assert_eq!(fake.called("TerminateSession"), 1);
    assert!(!acting.not_started().unwrap().is_unknown);
    let fake = Fake::start(|_, _| Said::Yes(json!({}))).await;
    let acting = shell(&fake);
    acting.start().await.unwrap_err();
    assert!(acting.not_started().unwrap().is_unknown, "a session may be there, and nobody knows its name");
}

#[tokio::test]
async fn a_denial_is_remembered_by_preflight_and_asked_for_again() {
    let document = "arn:aws:ssm:ap-northeast-1:111122223333:document/Sekisho-prd-node-shell";
    let fake = Fake::start(move |operation, _| match operation {
        "StartSession" => Said::Denied(document.to_owned()),
        _ => Said::Yes(json!({"InstanceInformationList": [{"InstanceId": "i-0123", "PingStatus": "Online"}]})),
    })
    .await;
    let (authorized, standing) = (authorized("node-shell", "yes"), standing(&fake));
    let connection = standing.connection().await.unwrap();
    assert!(connection.preflight(authorized.operation(), &BTreeMap::new(), None).await.is_clear());
    let acting = Acting::new(authorized.clone(), node(), Arc::clone(&standing));
    let error = acting.start().await.unwrap_err();
    assert!(!error.is_passing && error.why.contains("not authorized"), "{error:?}");
    let missing = Obstacle::PermissionMissing { action: "ssm:StartSession".to_owned() };
    assert_eq!(acting.not_started().unwrap().obstacle, Some(missing.clone()));
    assert_eq!(connection.preflight(authorized.operation(), &BTreeMap::new(), None).await.obstacles, [missing]);
    acting.start().await.unwrap_err();
    assert_eq!(fake.called("StartSession"), 2);
    connection.forget_denials();
    assert!(connection.preflight(authorized.operation(), &BTreeMap::new(), None).await.is_clear());
}

#[tokio::test]
async fn a_document_that_is_not_there_is_named() {
    let fake = Fake::start(|_, _| Said::No(400, "InvalidDocument", "Document does not exist.")).await;
    let acting = shell(&fake);
    acting.start().await.unwrap_err();
    let document = "Sekisho-prd-node-shell".to_owned();
    assert_eq!(acting.not_started().unwrap().obstacle, Some(Obstacle::NoDocument { document }));
}

#[tokio::test]
async fn a_session_is_taken_up_again_or_is_over() {
    let answers = Mutex::new(vec![
        Said::No(400, "DoesNotExistException", "Session is already terminated"),
        Said::Yes(json!({"SessionId": "s-1", "TokenValue": ""})),
        Said::Yes(json!({"SessionId": "s-1", "TokenValue": "second", "StreamUrl": "wss://elsewhere/s-1"})),
        Said::Yes(json!({"SessionId": "s-1", "TokenValue": "first"})),
        Said::Yes(started()),
    ]);
    let fake = Fake::start(move |_, _| answers.lock().unwrap().pop().unwrap()).await;
    let acting = shell(&fake);
    acting.start().await.unwrap();
    let same = acting.resume("s-1").await.unwrap().unwrap();
    assert_eq!(
        (same.stream_url.as_str(), same.token.expose_secret()),
        ("wss://stream/s-1?role=publish_subscribe", "first")
    );
    let moved = acting.resume("s-1").await.unwrap().unwrap();
    assert_eq!((moved.stream_url.as_str(), moved.token.expose_secret()), ("wss://elsewhere/s-1", "second"));
    assert!(acting.resume("s-1").await.unwrap().is_none());
    assert!(acting.resume("s-1").await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_that_is_over_is_terminated_already_and_a_fault_passes() {
    let fake = Fake::start(|operation, _| match operation {
        "TerminateSession" => Said::No(400, "DoesNotExistException", ""),
        _ => Said::No(500, "InternalServerError", ""),
    })
    .await;
    let acting = shell(&fake);
    acting.terminate("s-1").await.unwrap();
    let error = acting.resume("s-1").await.unwrap_err();
    assert!(error.is_passing);
    assert_eq!(fake.called("ResumeSession"), 3);
}

#[tokio::test]
async fn a_data_key_has_its_context_and_its_length() {
    let key: Vec<u8> = (0..64).collect();
    let blob = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let answers = Mutex::new(vec![
        Said::Yes(json!({"Plaintext": blob(&key[..32]), "CiphertextBlob": blob(b"sealed"), "KeyId": "k"})),
        Said::Yes(json!({"Plaintext": blob(&key), "CiphertextBlob": blob(b"sealed"), "KeyId": "k"})),
    ]);
    let (fake, asked) = remembering(move |_, _| answers.lock().unwrap().pop().unwrap()).await;
    let acting = shell(&fake);
    let context = BTreeMap::from([("aws:ssm:SessionId".to_owned(), "s-1".to_owned())]);
    let made = acting.data_key("arn:aws:kms:x:1:key/1", &context).await.unwrap();
    assert_eq!((made.plaintext.expose_secret().to_vec(), made.ciphertext), (key, b"sealed".to_vec()));
    let expected = json!({
        "KeyId": "arn:aws:kms:x:1:key/1", "NumberOfBytes": 64, "EncryptionContext": {"aws:ssm:SessionId": "s-1"},
    });
    assert_eq!(asked.lock().unwrap()[0], expected);
    assert!(acting.data_key("k", &context).await.is_err());
}

#[tokio::test]
async fn what_one_was_let_do_another_one_cannot() {
    let fake = Fake::start(|_, _| Said::Yes(started())).await;
    let other = "arn:aws:sts::111122223333:assumed-role/somebody-else/x";
    let acting = acting(&fake, authorized_for(other, "node-shell", "yes"), node());
    acting.start().await.unwrap_err();
    assert_eq!(acting.not_started().unwrap().failure.kind.name(), "wrong-caller");
    assert!(acting.sign("wss://ssmmessages.ap-northeast-1.amazonaws.com/v1/data-channel/s-1").await.is_err());
    assert!(acting.resume("s-1").await.is_err());
    assert_eq!((fake.called("StartSession"), fake.called("ResumeSession")), (0, 0));
}

#[tokio::test]
async fn an_upgrade_is_signed_unless_its_address_is() {
    let fake = Fake::start(|_, _| Said::Yes(json!({}))).await;
    let acting = shell(&fake);
    let url =
        "wss://ssmmessages.ap-northeast-1.amazonaws.com/v1/data-channel/s-1?role=publish_subscribe&cell-number=AA";
    let headers: BTreeMap<String, String> = acting.sign(url).await.unwrap().into_iter().collect();
    let authorization = &headers["authorization"];
    assert!(authorization.contains("/ap-northeast-1/ssmmessages/aws4_request"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=host;x-amz-date,"), "{authorization}");
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["authorization", "x-amz-date"]);
    assert_eq!(acting.sign(&format!("{url}&X-Amz-Signature=ab")).await.unwrap(), []);
    for bad in ["", "https://x/", "wss://", "wss:///x", "wss://:80/x", "wss://a b/"] {
        assert!(acting.sign(bad).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_session_that_nobody_waits_for_any_more_is_ended() {
    let (answer_now, held) = tokio::sync::watch::channel(false);
    let fake = Fake::start_slowly(move |operation, _| {
        let mut held = held.clone();
        Box::pin(async move {
            if operation == "StartSession" {
                held.wait_for(|now| *now).await.unwrap();
            }
            Said::Yes(started())
        })
    })
    .await;
    let acting = shell(&fake);
    assert!(tokio::time::timeout(Duration::from_millis(200), acting.start()).await.is_err());
    answer_now.send_replace(true);
    tokio::time::timeout(Duration::from_secs(30), acting.settle()).await.unwrap();
    assert_eq!((fake.called("StartSession"), fake.called("TerminateSession")), (1, 1));
}

#[tokio::test]
async fn a_token_is_for_the_catalogues_user_and_a_shell_has_none() {
    let fake = Fake::start(|_, _| Said::Yes(json!({}))).await;
    let tunnel = acting(&fake, authorized("db-readonly", "prd"), container());
    let token = tunnel.auth_token().await.unwrap().unwrap();
    let host = "shop-prd.cluster-ro-abcdefghijkl.ap-northeast-1.rds.amazonaws.com";
    let begin = format!("{host}:5432/?Action=connect&DBUser=ops_ro&X-Amz-Algorithm=AWS4-HMAC-SHA256&");
    assert!(token.expose_secret().starts_with(&begin), "{}", token.expose_secret());
    assert!(shell(&fake).auth_token().await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_acts_before_it_is_asked_to() {
    let fake = Fake::start(|_, _| Said::Yes(json!({}))).await;
    let connection = Connection::open(fake.plan(), Shared::new(Now::default())).await.unwrap();
    drop(shell(&fake));
    drop(connection);
    for call in ["StartSession", "ExecuteCommand", "TerminateSession", "ResumeSession", "GenerateDataKey"] {
        assert_eq!(fake.called(call), 0);
    }
}

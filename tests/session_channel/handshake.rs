//! How a session becomes ready, or does not.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use secrecy::SecretBox;
use sekisho::session::conduit::{Kind, Version};
use sekisho::session::control::DataKey;
use sekisho::session::encryption::Cipher;
use sekisho::session::message::{HEADER, MessageType};

use super::agent::{Order, port, request, shell};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_is_ready_with_its_first_output_and_gets_its_size_once() {
    let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    assert_eq!((&conduit.kind, conduit.session_id.as_str()), (&Kind::Shell, "s-test"));
    assert_eq!(read(&mut conduit, 2).await, b"# ");
    send(&conduit, "echo 日本語\r".as_bytes()).await;
    assert_eq!(read(&mut conduit, 15).await, "echo 日本語\r".as_bytes());
    let sizes = agent.look(|seen| seen.others.clone());
    assert_eq!(sizes, [(PayloadType::Size, br#"{"cols":120,"rows":40}"#.to_vec())]);
    let opening = agent.look(|seen| seen.openings[0].clone());
    assert_eq!((&opening["MessageSchemaVersion"], &opening["TokenValue"]), (&"1.0".into(), &"token-first".into()));
    assert_eq!(opening["ClientVersion"], "1.2.764.0");
    let headers = agent.look(|seen| seen.headers[0].clone());
    assert!(headers.contains(&("authorization".into(), "AWS4-HMAC-SHA256 0".into())), "{headers:?}");
    assert_eq!(plane.count("sign"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_brings_a_signature_is_not_signed_again() {
    let (agent, plane) = start(Manner::Echo, Faults::default(), shell()).await;
    plane.url.lock().unwrap().push_str("&X-Amz-Signature=0");
    open(&plane, options(&agent)).await.unwrap();
    assert_eq!(plane.count("sign"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_session_shakes_hands_and_sends_nothing_before() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), port()[..1].to_vec()).await;
    let opening = tokio::spawn({
        let (plane, options) = (Arc::clone(&plane), options(&agent));
        async move { open(&plane, options).await.unwrap() }
    });
    until(|| agent.look(|seen| seen.others.len() == 1)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let others = agent.look(|seen| seen.others.clone());
    assert_eq!(others.len(), 1, "{others:?}");
    assert_eq!(others[0].0, PayloadType::HandshakeResponse);
    assert!(!opening.is_finished());
    let (kind, complete) = port()[1].clone();
    agent.order(Order::Say(kind, complete));
    let conduit = opening.await.unwrap();
    let Kind::Port(properties) = &conduit.kind else { panic!("{:?}", conduit.kind) };
    assert_eq!((properties.port_number.as_str(), properties.host.as_deref()), ("5432", Some("db.test")));
    assert_eq!(conduit.agent, Some(Version([3, 3, 1142, 0])));
    send(&conduit, b"data").await;
    until(|| agent.look(|seen| seen.data == b"data")).await;
    assert_eq!(agent.look(|seen| seen.others.len()), 1, "a port has no size");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_error_and_exit_codes_come_through() {
    let action = serde_json::json!([{"ActionType": "SessionType",
        "ActionParameters": {"SessionType": "NonInteractiveCommands", "Properties": null}}]);
    let begin = vec![
        request(&action),
        (PayloadType::HandshakeComplete, br#"{"CustomerMessage":"hello\u001b[2J"}"#.to_vec()),
        (PayloadType::Output, b"out".to_vec()),
        (PayloadType::StandardError, b"err".to_vec()),
        (PayloadType::ExitCode, b"EXIT_CODE: 3".to_vec()),
        (PayloadType::ExitCode, b"EXIT_CODE: x".to_vec()),
        (PayloadType::Other(99), b"?".to_vec()),
        (PayloadType::Output, b"end".to_vec()),
    ];
    let (_agent, _, mut conduit) = session(Manner::Keep, Faults::default(), begin).await;
    assert_eq!((&conduit.kind, conduit.message.as_str()), (&Kind::NonInteractive, "hello"));
    let mut came = Vec::new();
    while came.last() != Some(&FromFarSide::Data(Bytes::from_static(b"end"))) {
        came.push(timeout(PATIENCE, conduit.from.recv()).await.unwrap().unwrap());
    }
    assert_eq!(came[1], FromFarSide::StandardError(Bytes::from_static(b"err")));
    assert_eq!((&came[2], came.len()), (&FromFarSide::ExitCode(3), 4));
}

/// The agent's end of an encrypted session.
fn far_cipher() -> Cipher {
    let mut key = [5; 64];
    key[32..].fill(3);
    Cipher::new(&DataKey { plaintext: SecretBox::new(Box::new(key)), ciphertext: vec![] }).unwrap()
}

fn seal(cipher: &mut Cipher, text: &[u8]) -> Vec<u8> {
    let mut payload = BytesMut::zeroed(HEADER);
    Cipher::begin(&mut payload);
    payload.extend_from_slice(text);
    cipher.seal(&mut payload).unwrap();
    payload[HEADER..].to_vec()
}

fn kms(key_id: &str) -> Vec<(PayloadType, Vec<u8>)> {
    vec![request(&serde_json::json!([
        {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Standard_Stream", "Properties": null}},
        {"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": key_id, "Challenge": "Y2hhbGxlbmdl"}},
    ]))]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_session_proves_its_key_and_encrypts_data_only() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), kms("arn:aws:kms:key")).await;
    let opening = tokio::spawn({
        let (plane, options) = (Arc::clone(&plane), options(&agent));
        async move { open(&plane, options).await.unwrap() }
    });
    until(|| agent.look(|seen| seen.others.len() == 1)).await;
    let answer: serde_json::Value = agent.look(|seen| serde_json::from_slice(&seen.others[0].1).unwrap());
    let result = &answer["ProcessedClientActions"][1];
    assert_eq!(result["ActionStatus"], 1);
    assert_eq!(result["ActionResult"]["KMSCipherTextKey"], STANDARD.encode("sealed"));
    assert_eq!(result["ActionResult"]["ChallengeAcknowledgement"], true);
    let asked = plane.asked.lock().unwrap().iter().find(|asked| asked.starts_with("key")).unwrap().clone();
    for part in ["arn:aws:kms:key", "\"aws:ssm:RandomChallenge\": \"Y2hhbGxlbmdl\"", "s-test", "i-0123456789abcdef0"] {
        assert!(asked.contains(part), "{asked}");
    }
    let mut far = far_cipher();
    let secret = digest(&SHA256, b"64 bytes or so").as_ref().to_vec();
    let challenge = serde_json::json!({"Challenge": STANDARD.encode(seal(&mut far, &secret))});
    agent.order(Order::Say(PayloadType::EncryptionChallengeRequest, challenge.to_string().into_bytes()));
    until(|| agent.look(|seen| seen.others.len() == 2)).await;
    let proof: serde_json::Value = agent.look(|seen| serde_json::from_slice(&seen.others[1].1).unwrap());
    let proof = STANDARD.decode(proof["Challenge"].as_str().unwrap()).unwrap();
    assert_eq!(far.open(&proof).unwrap(), secret);
    agent.order(Order::Say(PayloadType::HandshakeComplete, br#"{"CustomerMessage":"encrypted"}"#.to_vec()));
    let mut conduit = opening.await.unwrap();
    assert_eq!((conduit.kind.clone(), conduit.message.as_str()), (Kind::Shell, "encrypted"));
    agent.order(Order::Say(PayloadType::Output, seal(&mut far, "秘密# ".as_bytes())));
    assert_eq!(read(&mut conduit, 8).await, "秘密# ".as_bytes());
    send(&conduit, b"ls\r").await;
    until(|| agent.look(|seen| seen.count > 0)).await;
    assert_eq!(far.open(&agent.look(|seen| seen.data.clone())).unwrap(), &b"ls\r"[..]);
    // The size went when the session was ready, and again once there was a terminal to have it; in the clear.
    let sizes = agent.look(|seen| seen.others[2..].to_vec());
    assert_eq!(sizes, vec![(PayloadType::Size, br#"{"cols":120,"rows":40}"#.to_vec()); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_denied_is_said_and_the_session_ended() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), kms("k")).await;
    let refusing = Arc::new(Plane { url: agent.url().into(), refuses_key: true, ..Plane::default() });
    drop(plane);
    let error = open(&refusing, options(&agent)).await.unwrap_err();
    assert!(matches!(&error, SessionError::Control(error) if error.action == "kms:GenerateDataKey"), "{error:?}");
    until(|| refusing.count("terminate s-test") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_is_not_encrypted_ends_an_encrypted_session() {
    let mut begin = kms("k");
    begin.push((PayloadType::HandshakeComplete, b"{}".to_vec()));
    let (agent, plane) = start(Manner::Keep, Faults::default(), begin).await;
    let conduit = open(&plane, options(&agent)).await;
    // The agent did not wait for the key here: whether the session became ready before is a matter of chance.
    agent.say(b"in the clear");
    match conduit {
        Ok(mut conduit) => assert!(matches!(ended(&mut conduit).await, End::Failed { .. })),
        Err(error) => assert!(matches!(error, SessionError::Handshake { .. })),
    }
    until(|| plane.count("terminate") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_closed_before_it_is_ready_says_why() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), vec![]).await;
    let said = r#"{"SessionId":"s-test","Output":"Unable to start command: \u001b[31mnot found"}"#;
    agent.order(Order::Tell(MessageType::ChannelClosed, said.into()));
    let error = open(&plane, options(&agent)).await.unwrap_err();
    assert_eq!(error, SessionError::Closed { output: "Unable to start command: not found".into() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(plane.count("terminate"), 0, "the service knows that it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_a_ready_shell_or_an_error_as_one_likes() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), vec![]).await;
    let mut quiet = options(&agent);
    quiet.quiet = Some(Duration::from_millis(100));
    let conduit = open(&plane, quiet).await.unwrap();
    send(&conduit, b"input").await;
    until(|| agent.look(|seen| seen.data == b"input")).await;

    let (agent, plane) = start(Manner::Keep, Faults::default(), vec![]).await;
    let mut waiting = options(&agent);
    (waiting.quiet, waiting.patience) = (None, Duration::from_millis(200));
    let error = open(&plane, waiting).await.unwrap_err();
    assert_eq!(error, SessionError::Silent { after: Duration::from_millis(200) });
    until(|| plane.count("terminate") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_quiet_before_the_connection_stands() {
    let agent = Agent::start(Manner::Keep, Faults::default(), port()).await;
    let plane = Plane::slow(&agent.url(), |plane| plane.sign_takes = Duration::from_millis(900));
    let mut quiet = options(&agent);
    quiet.quiet = Some(Duration::from_millis(800));
    let conduit = open(&plane, quiet).await.unwrap();
    assert!(matches!(conduit.kind, Kind::Port(_)), "{:?}", conduit.kind);
}

/// Opens a session that says nothing, and is taken for a shell.
async fn quiet() -> (Agent, Conduit) {
    let (agent, plane) = start(Manner::Keep, Faults::default(), vec![]).await;
    let mut quiet = options(&agent);
    (quiet.quiet, quiet.patience) = (Some(Duration::from_millis(50)), Duration::from_secs(2));
    let conduit = open(&plane, quiet).await.unwrap();
    assert_eq!(conduit.kind, Kind::Shell);
    (agent, conduit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_shell_that_shakes_hands_late_is_encrypted_all_the_same() {
    let (agent, mut conduit) = quiet().await;
    // Later than anybody would have waited for it to begin.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (kind, asked) = kms("k").remove(0);
    agent.order(Order::Say(kind, asked));
    linked(&mut conduit, |link| *link == Link::Starting).await;
    send(&conduit, b"ls\r").await;
    until(|| agent.look(|seen| seen.others.iter().any(|(kind, _)| *kind == PayloadType::HandshakeResponse))).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((agent.look(|seen| seen.count), conduit.end.borrow().clone()), (0, None));
    agent.order(Order::Say(PayloadType::HandshakeComplete, b"{}".to_vec()));
    until(|| agent.look(|seen| seen.count > 0)).await;
    assert_eq!(far_cipher().open(&agent.look(|seen| seen.data.clone())).unwrap(), &b"ls\r"[..]);
    linked(&mut conduit, |link| matches!(link, Link::Up { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_good_ends_a_quiet_shell() {
    let (agent, mut conduit) = quiet().await;
    send(&conduit, b"typed").await;
    until(|| agent.look(|seen| seen.data == b"typed")).await;
    let (kind, asked) = kms("k").remove(0);
    agent.order(Order::Say(kind, asked));
    assert_eq!(ended(&mut conduit).await, End::Failed { why: "handshake: KMSEncryption".into() });

    let (agent, mut conduit) = quiet().await;
    let (kind, asked) = port().remove(0);
    agent.order(Order::Say(kind, asked));
    assert_eq!(ended(&mut conduit).await, End::Failed { why: "handshake: SessionType".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_nobody_but_aws() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), shell()).await;
    let mut strict = options(&agent);
    strict.endpoints = Endpoints::AwsOnly;
    let error = open(&plane, strict).await.unwrap_err();
    assert_eq!(error, SessionError::Endpoint { host: agent.authority.clone() });
    assert_eq!((agent.look(|seen| seen.openings.len()), plane.count("sign")), (0, 0));
    until(|| plane.count("terminate") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_said() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), shell()).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    *plane.url.lock().unwrap() = format!("ws://{closed}/x");
    let mut other = options(&agent);
    other.endpoints = Endpoints::Also(closed);
    let error = open(&plane, other).await.unwrap_err();
    assert!(matches!(&error, SessionError::Dial { why } if why.contains("refused")), "{error:?}");
    assert!(plane.count("sign") > 1, "each dial is signed afresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_before_it_is_ready_ends_the_session_at_aws() {
    let (agent, plane) = start(Manner::Keep, Faults::default(), vec![]).await;
    let control: Arc<Plane> = Arc::clone(&plane);
    let opening = channel::open(plane.ticket(), control, options(&agent));
    assert!(timeout(Duration::from_millis(200), opening).await.is_err());
    until(|| plane.count("terminate s-test") == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_does_not_come_about_is_ended_before_that_is_told() {
    let agent = Agent::start(Manner::Keep, Faults::default(), vec![]).await;
    let mut waiting = options(&agent);
    (waiting.quiet, waiting.patience) = (None, Duration::from_millis(50));
    let plane = Plane::slow(&agent.url(), |plane| plane.terminate_takes = Duration::from_millis(300));
    open(&plane, waiting.clone()).await.unwrap_err();
    assert_eq!(plane.count("ended s-test"), 1);

    let plane = Plane::slow(&agent.url(), |plane| plane.terminate_takes = PATIENCE);
    let opening = timeout(Duration::from_secs(8), open(&plane, waiting)).await.expect("it waits for AWS for ever");
    assert_eq!(opening.unwrap_err(), SessionError::Silent { after: Duration::from_millis(50) });
    assert_eq!((plane.count("terminate s-test"), plane.count("ended")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_once_whatever_becomes_of_the_link() {
    let agent = Agent::start(Manner::Keep, Faults::default(), kms("k")).await;
    let plane = Plane::slow(&agent.url(), |plane| plane.key_takes = Duration::from_millis(400));
    let opening = tokio::spawn({
        let (plane, options) = (Arc::clone(&plane), options(&agent));
        async move { open(&plane, options).await.unwrap() }
    });
    until(|| plane.count("key") == 1).await;
    agent.order(Order::Cut);
    until(|| agent.look(|seen| seen.others.len() == 1)).await;
    assert_eq!(agent.look(|seen| (seen.others[0].0, seen.openings.len())), (PayloadType::HandshakeResponse, 2));
    agent.order(Order::Say(PayloadType::HandshakeComplete, b"{}".to_vec()));
    assert_eq!((opening.await.unwrap().kind, plane.count("key")), (Kind::Shell, 1));
}

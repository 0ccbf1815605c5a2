//! Sessions from their start to their end: through the real SDK, the gateway, and agents that run real things.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use aws_sdk_ssm::types::{ConnectionStatus, InstanceInformationStringFilter, PingStatus, SessionState, SessionStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho::simulator::{AgentOptions, Gateway, GatewayFaults, LineFaults, Oversize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::channel::{Came, Client, dial, signed};
use crate::support::Stage;

const BASTION: &str = "i-0a1b2c3d4e5f60718";
const REGION: &str = "ap-northeast-1";

/// A scenario with sessions, and a session in it.
struct Scene {
    stage: Stage,
    gateway: Gateway,
}

impl Scene {
    async fn new() -> Self {
        let stage = Stage::builtin("sessions").await;
        let gateway = stage.simulator.gateway();
        gateway.set_agents(AgentOptions { settling: Duration::from_millis(20), ..AgentOptions::default() });
        Self { stage, gateway }
    }

    /// Starts a session with a document; gives its id, address and token.
    async fn start(&self, document: &str, parameters: &[(&str, &str)]) -> (String, String, String) {
        let mut asked = self.stage.ssm.start_session().target(BASTION).document_name(document);
        for (name, value) in parameters {
            asked = asked.parameters(*name, vec![(*value).to_owned()]);
        }
        let started = asked.send().await.expect("a session");
        let text = |text: Option<&str>| text.unwrap().to_owned();
        (text(started.session_id()), text(started.stream_url()), text(started.token_value()))
    }

    async fn connect(&self, url: &str, token: &str) -> Client {
        let headers = signed(&self.stage.simulator, url, REGION);
        Client::new(dial(url, token, &headers).await.expect("a connection"))
    }

    async fn open(&self, document: &str, parameters: &[(&str, &str)]) -> (String, Client) {
        let (id, url, token) = self.start(document, parameters).await;
        (id, self.connect(&url, &token).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_runs_in_a_terminal_of_its_own() {
    let scene = Scene::new().await;
    let (id, mut client) = scene.open("Sekisho-prd-node-shell", &[]).await;
    assert_eq!(client.until("# ").await, "# ");
    client.send(3, r#"{"cols":97,"rows":31}"#).await;
    client.send(1, "stty size; echo 目黒 $TERM $LANG; ls; env | wc -l\r").await;
    let said = client.until("# ").await;
    for wanted in ["31 97", "目黒 xterm-256color C.UTF-8", "README.txt", "config"] {
        assert!(said.contains(wanted), "{said}");
    }
    assert!(!said.contains("AWS_"), "{said}");
    let active = scene.stage.ssm.describe_sessions().state(SessionState::Active).send().await.unwrap();
    assert_eq!(active.sessions()[0].session_id(), Some(id.as_str()));
    assert_eq!(active.sessions()[0].status().map(SessionStatus::as_str), Some("Connected"));
    assert_eq!(active.sessions()[0].max_session_duration(), Some("30"));
    client.send(1, "exit\r").await;
    let closed = client.closed().await;
    assert_eq!((closed["SessionId"].as_str(), closed["Output"].as_str()), (Some(id.as_str()), Some("")));
    let history = scene.stage.ssm.describe_sessions().state(SessionState::History).send().await.unwrap();
    assert_eq!(history.sessions()[0].session_id(), Some(id.as_str()));
    let resumed = scene.stage.ssm.resume_session().session_id(&id).send().await.unwrap();
    assert_eq!(resumed.token_value(), None, "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_all_that_it_started() {
    let scene = Scene::new().await;
    let (id, mut client) = scene.open("Sekisho-prd-node-shell", &[]).await;
    client.until("# ").await;
    client.send(1, "set -m; sleep 4242 & nohup sleep 4243 >/dev/null 2>&1 & pwd; echo pid:$$:\r").await;
    let said = client.until(":\r\n# ").await;
    let pid = said.rsplit("pid:").next().and_then(|rest| rest.split(':').next()).unwrap().to_owned();
    let home = said.lines().find(|line| line.starts_with('/')).unwrap().trim().to_owned();
    assert!(std::path::Path::new(&home).is_dir());
    scene.stage.ssm.terminate_session().session_id(&id).send().await.unwrap();
    assert_eq!(client.closed().await["Output"], "");
    let of_session = |pid: &str| {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let stats = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
        stats
            .filter(|stat| stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(3)) == Some(pid))
            .count()
    };
    for _ in 0..200 {
        if of_session(&pid) == 0 && !std::path::Path::new(&home).exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} processes of {pid} are left, or {home}", of_session(&pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_tells_its_streams_apart_and_its_exit_code() {
    let scene = Scene::new().await;
    let command = "echo out; sleep 0.2; echo err >&2; sleep 0.2; exit 3";
    let (_, mut client) = scene.open("AWS-StartNonInteractiveCommand", &[("command", command)]).await;
    let request = client.shake_hands().await;
    assert_eq!(request["RequestedClientActions"][0]["ActionParameters"]["SessionType"], "NonInteractiveCommands");
    let mut came = Vec::new();
    for _ in 0..3 {
        let frame = client.frame().await;
        came.push((frame.payload_type, frame.text()));
    }
    assert_eq!(came, [(1, "out\n".to_owned()), (11, "err\n".to_owned()), (12, "EXIT_CODE: 3".to_owned())]);
    assert_eq!(client.closed().await["Output"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_streams_are_together_speaks_when_it_has_ended() {
    let scene = Scene::new().await;
    let parameters = [("command", "echo out; echo err >&2; exit 3"), ("separateOutputStream", "false")];
    let (_, mut client) = scene.open("AWS-StartNonInteractiveCommand", &parameters).await;
    client.shake_hands().await;
    let frame = client.frame().await;
    assert_eq!((frame.payload_type, frame.text().as_str()), (1, "out\nerr\n"));
    match client.next().await {
        Came::Closed(closed) => assert_eq!(closed["Output"], "", "no exit code is told"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_nobody_knows_ends_the_session() {
    let scene = Scene::new().await;
    let parameters = [("host", "nothing.invalid"), ("portNumber", "5432")];
    let (_, mut client) = scene.open("AWS-StartPortForwardingSessionToRemoteHost", &parameters).await;
    client.shake_hands().await;
    assert_eq!(client.closed().await["Output"], "lookup nothing.invalid: no such host");
}

/// Writes a smux frame.
fn smux(command: u8, stream: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_le_bytes();
    [&[1, command], &length[..], &stream.to_le_bytes(), data].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_share_a_port_session() {
    let scene = Scene::new().await;
    let (_, mut client) = scene.open("Sekisho-prd-echo", &[("localPortNumber", "0")]).await;
    let request = client.shake_hands().await;
    let properties = &request["RequestedClientActions"][0]["ActionParameters"]["Properties"];
    assert_eq!(
        (properties["portNumber"].as_str(), properties["type"].as_str()),
        (Some("7"), Some("LocalPortForwarding"))
    );
    client.send(1, [smux(0, 3, b""), smux(2, 3, b"one"), smux(0, 5, b""), smux(2, 5, b"two")].concat()).await;
    let mut came = Vec::new();
    while came.len() < 22 {
        came.extend(client.frame().await.payload);
    }
    let (one, two) = (smux(2, 3, b"one"), smux(2, 5, b"two"));
    assert!(came == [one.clone(), two.clone()].concat() || came == [two, one].concat(), "{came:?}");
    client.send(1, smux(1, 3, b"")).await;
    assert_eq!(client.frame().await.payload, smux(1, 3, b""), "what is closed on one side is closed on both");
    client.send(10, 2_u32.to_be_bytes()).await;
    assert_eq!(client.closed().await["Output"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_refuses_is_told_by_a_flag() {
    let scene = Scene::new().await;
    let (_, mut client) = scene.open("Sekisho-prd-refused", &[]).await;
    client.shake_hands().await;
    client.send(1, smux(0, 3, b"")).await;
    let (flag, end) = (client.frame().await, client.frame().await);
    assert_eq!((flag.payload_type, flag.payload), (10, vec![0, 0, 0, 3]));
    assert_eq!((end.payload_type, end.payload), (1, smux(1, 3, b"")));
    let (_, mut client) = scene.open("Sekisho-prd-metadata", &[]).await;
    client.shake_hands().await;
    assert_eq!(client.closed().await["Output"], "Forwarding to IP address 169.254.169.254 is forbidden.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scenario_s_database_answers_through_a_tunnel() {
    let scene = Scene::new().await;
    let (_, mut client) = scene.open("Sekisho-prd-db-readonly", &[]).await;
    client.shake_hands().await;
    client.send(1, [smux(0, 3, b""), smux(2, 3, &[0, 0, 0, 8, 4, 210, 22, 47])].concat()).await;
    assert_eq!(client.frame().await.payload, smux(2, 3, b"N"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_agent_has_one_connection_at_a_time() {
    let scene = Scene::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    scene.stage.simulator.map_destination("db.example", 5432, listener.local_addr().unwrap());
    scene.gateway.set_agents(AgentOptions { version: Some("3.0.161.0".to_owned()), ..scene.gateway.agents() });
    let parameters = [("host", "db.example"), ("portNumber", "5432")];
    let (_, mut client) = scene.open("AWS-StartPortForwardingSessionToRemoteHost", &parameters).await;
    assert_eq!(client.shake_hands().await["AgentVersion"], "3.0.161.0");
    let (mut first, _) = listener.accept().await.unwrap();
    client.send(1, b"\n").await;
    assert_eq!(first.read_u8().await.unwrap(), b'\n', "a line feed stays one");
    first.write_all(b"raw").await.unwrap();
    assert_eq!(client.frame().await.payload, b"raw");
    client.send(10, 1_u32.to_be_bytes()).await;
    assert_eq!(first.read(&mut [0; 8]).await.unwrap(), 0, "the client's connection was closed");
    client.send(1, b"again").await;
    let (mut second, _) = listener.accept().await.unwrap();
    let mut bytes = [0; 5];
    second.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"again");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_a_bad_line() {
    let scene = Scene::new().await;
    let bad = LineFaults { drop: 5.0, repeat: 5.0, reorder: 5.0, corrupt: 2.0, ..LineFaults::default() };
    scene.gateway.set_faults(GatewayFaults { up: bad, down: bad, ..GatewayFaults::default() });
    let (_, mut client) = scene.open("Sekisho-prd-echo", &[]).await;
    client.shake_hands().await;
    client.send(1, smux(0, 3, b"")).await;
    let sent: Vec<u8> = (0..6_000_u32).flat_map(u32::to_be_bytes).collect();
    for part in sent.chunks(500) {
        client.send(1, smux(2, 3, part)).await;
    }
    let mut came = bytes::BytesMut::new();
    let mut data = Vec::new();
    while data.len() < sent.len() {
        came.extend_from_slice(&client.frame().await.payload);
        while let Some(length) = came.get(2..4).map(|bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))) {
            if came.len() < 8 + length {
                break;
            }
            data.extend_from_slice(&came.split_to(8 + length)[8..]);
        }
    }
    assert!(data == sent);
    let traffic = scene.gateway.traffic();
    assert!(traffic.up.dropped > 0 && traffic.up.duplicates > 0 && traffic.down.acks > 48, "{traffic:?}");
    scene.gateway.reset_traffic();
    assert_eq!(scene.gateway.traffic().up.frames, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_taken_up_again_after_bye_and_cut() {
    let scene = Scene::new().await;
    let (id, url, token) = scene.start("Sekisho-prd-node-shell", &[]).await;
    let mut client = scene.connect(&url, &token).await;
    client.until("# ").await;
    for round in 0..2 {
        if round == 0 {
            scene.gateway.bye();
        } else {
            scene.gateway.cut();
        }
        match client.next().await {
            Came::Gone(Some(frame)) if round == 0 => {
                assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1000, "Bye"));
            }
            Came::Gone(None) if round == 1 => {}
            other => panic!("{other:?}"),
        }
        client.send(1, format!("echo back-{round}\r")).await;
        let resumed = scene.stage.ssm.resume_session().session_id(&id).send().await.unwrap();
        let (url, token) = (resumed.stream_url().unwrap(), resumed.token_value().unwrap());
        let headers = signed(&scene.stage.simulator, url, REGION);
        client.go_on(dial(url, token, &headers).await.unwrap()).await;
        let said = client.until("# ").await;
        assert!(said.contains(&format!("\nback-{round}")), "{said}");
    }
    scene.gateway.pause();
    scene.gateway.start_publication();
    client.send(1, "true\r").await;
    client.until("# ").await;
    assert_eq!(client.pauses, ["pause_publication", "start_publication"]);
    scene.gateway.set_faults(GatewayFaults { refuse_resume: true, ..GatewayFaults::default() });
    assert_eq!(scene.stage.ssm.resume_session().session_id(&id).send().await.unwrap().token_value(), None);
    scene.gateway.end_sessions("Session timed out due to inactivity.");
    assert_eq!(client.closed().await["Output"], "Session timed out due to inactivity.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_needs_a_signature_and_a_token_that_was_not_used() {
    let scene = Scene::new().await;
    let simulator = &scene.stage.simulator;
    let (_, url, token) = scene.start("Sekisho-prd-node-shell", &[]).await;
    assert!(dial(&url, &token, &[]).await.is_err(), "unsigned");
    assert!(dial(&url, &token, &signed(simulator, &url, "us-east-1")).await.is_err(), "another region");
    let elsewhere = url.replace("data-channel/", "data-channel/other-");
    assert!(dial(&elsewhere, &token, &signed(simulator, &elsewhere, REGION)).await.is_err(), "no such session");
    let mut wrong = Client::new(dial(&url, "wrong", &signed(simulator, &url, REGION)).await.unwrap());
    assert!(matches!(wrong.next().await, Came::Gone(Some(frame)) if u16::from(frame.code) == 1008));
    let mut first = scene.connect(&url, &token).await;
    first.until("# ").await;
    let mut again = scene.connect(&url, &token).await;
    assert!(matches!(again.next().await, Came::Gone(_)), "a token opens once");
    scene.gateway.set_faults(GatewayFaults { accept_unsigned: true, ..GatewayFaults::default() });
    let (_, url, token) = scene.start("Sekisho-prd-node-shell", &[]).await;
    let mut unsigned = Client::new(dial(&url, &token, &[]).await.unwrap());
    unsigned.until("# ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_long_a_message_is_lost_or_ends_the_connection() {
    let scene = Scene::new().await;
    let faults = GatewayFaults { largest: Some(2_000), oversize: Oversize::Drop, ..GatewayFaults::default() };
    scene.gateway.set_faults(faults);
    let (_, mut client) = scene.open("Sekisho-prd-echo", &[]).await;
    client.shake_hands().await;
    client.send(1, [smux(0, 3, b""), smux(2, 3, &[b'x'; 1_500])].concat()).await;
    client.frame().await;
    scene.gateway.set_faults(GatewayFaults { oversize: Oversize::Close, ..faults });
    client.send(1, smux(2, 3, &[b'y'; 5_000])).await;
    loop {
        match client.next().await {
            Came::Frame(_) => {}
            Came::Gone(Some(frame)) => {
                assert_eq!(u16::from(frame.code), 1009);
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_a_key_is_encrypted_both_ways() {
    let scene = Scene::new().await;
    let (id, mut client) = scene.open("Sekisho-prd-sealed-shell", &[]).await;
    let request = client.frame().await.json();
    let wanted = &request["RequestedClientActions"][1]["ActionParameters"];
    let (key, challenge) = (wanted["KMSKeyId"].as_str().unwrap(), wanted["Challenge"].as_str().unwrap());
    let asked = scene.stage.kms.generate_data_key().key_id(key).number_of_bytes(64);
    let asked = asked.encryption_context("aws:ssm:SessionId", &id).encryption_context("aws:ssm:TargetId", BASTION);
    let made = asked.encryption_context("aws:ssm:RandomChallenge", challenge).send().await.unwrap();
    let blob = made.ciphertext_blob().unwrap().clone();
    let refused = scene.stage.kms.decrypt().ciphertext_blob(blob.clone()).encryption_context("aws:ssm:SessionId", &id);
    let refused = refused.send().await.unwrap_err().into_service_error();
    assert!(refused.is_invalid_ciphertext_exception(), "another context opens nothing: {refused:?}");
    let plain = made.plaintext().unwrap().as_ref();
    let half = |half: &[u8]| LessSafeKey::new(UnboundKey::new(&AES_256_GCM, half).unwrap());
    let (from_agent, to_agent) = (half(&plain[..32]), half(&plain[32..]));
    let open = |sealed: &[u8]| {
        let mut bytes = sealed[12..].to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&sealed[..12]).unwrap();
        from_agent.open_in_place(nonce, Aad::empty(), &mut bytes).unwrap().to_vec()
    };
    let seal = |plain: &[u8], count: u8| {
        let mut bytes = plain.to_vec();
        to_agent.seal_in_place_append_tag(Nonce::assume_unique_for_key([count; 12]), Aad::empty(), &mut bytes).unwrap();
        [&[count; 12][..], &bytes].concat()
    };
    let result = serde_json::json!({"KMSCipherTextKey": STANDARD.encode(blob), "KMSCipherTextHash": null, "ChallengeAcknowledgement": true});
    let answer = serde_json::json!({"ClientVersion": "1.2.764.0", "Errors": null, "ProcessedClientActions": [
        {"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": ""},
        {"ActionType": "KMSEncryption", "ActionStatus": 1, "ActionResult": result, "Error": ""}]});
    client.send(6, answer.to_string()).await;
    let question = client.frame().await;
    assert_eq!(question.payload_type, 8);
    let secret = open(&STANDARD.decode(question.json()["Challenge"].as_str().unwrap()).unwrap());
    let proof = serde_json::json!({"Challenge": STANDARD.encode(seal(&secret, 1))});
    client.send(9, proof.to_string()).await;
    let complete = client.frame().await;
    assert_eq!(
        (complete.payload_type, complete.json()["CustomerMessage"].as_str()),
        (7, Some("This session is encrypted using AWS KMS."))
    );
    assert_eq!(open(&client.frame().await.payload), b"# ");
    client.send(1, seal("echo 暗号\r".as_bytes(), 2)).await;
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("\n暗号\r\n") {
        said.extend(open(&client.frame().await.payload));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_entered_through_ecs_exec() {
    let scene = Scene::new().await;
    let task = |service: &'static str| {
        let asked = scene.stage.ecs.list_tasks().cluster("shop-prd").service_name(service);
        async move { asked.send().await.unwrap().task_arns()[0].clone() }
    };
    let exec = |task: String| {
        scene.stage.ecs.execute_command().cluster("shop-prd").interactive(true).command("/bin/sh").task(task)
    };
    scene.stage.go_to("2m");
    let tunnel = task("tunnel").await;
    let described = scene.stage.ecs.describe_tasks().cluster("shop-prd").tasks(&tunnel).send().await.unwrap();
    let runtime = described.tasks()[0].containers()[0].runtime_id().unwrap().to_owned();
    let target = format!("ecs:shop-prd_{}_{runtime}", tunnel.rsplit('/').next().unwrap());
    let status = scene.stage.ssm.get_connection_status().target(&target).send().await.unwrap();
    assert_eq!(status.status().map(ConnectionStatus::as_str), Some("connected"));
    let document = "Sekisho-prd-db-readonly";
    scene.stage.ssm.start_session().target(&target).document_name(document).send().await.unwrap();
    let started = exec(tunnel).container("tunnel").send().await.unwrap();
    let session = started.session().unwrap();
    assert!(session.session_id().unwrap().starts_with("ecs-execute-command-"));
    let mut client = scene.connect(session.stream_url().unwrap(), session.token_value().unwrap()).await;
    let request = client.frame().await.json();
    assert_eq!(request["RequestedClientActions"][1]["ActionType"], "KMSEncryption", "the cluster has a key");
    for service in ["no-exec", "agent-stopped", "agent-pending", "agent-absent", "old-platform", "readonly-root"] {
        let error = exec(task(service).await).send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_parameter_exception(), "{service}: {error:?}");
    }
    let error = exec(task("claims").await).send().await.unwrap_err().into_service_error();
    assert!(error.message().unwrap().contains("more than one container"), "{error:?}");
    let found = scene.stage.ecs.describe_clusters().clusters("shop-prd").clusters("shop-dev");
    let found = found.include(aws_sdk_ecs::types::ClusterField::Configurations).send().await.unwrap();
    let logging =
        |index: usize| found.clusters()[index].configuration()?.execute_command_configuration()?.logging().cloned();
    assert_eq!(logging(0).map(|word| word.as_str().to_owned()).as_deref(), Some("OVERRIDE"));
    assert_eq!(logging(1), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_is_refused_in_aws_s_words() {
    let scene = Scene::new().await;
    let refused = |target: &'static str, document: &'static str, parameter: Option<(&'static str, &'static str)>| {
        let mut asked = scene.stage.ssm.start_session().target(target).document_name(document);
        if let Some((name, value)) = parameter {
            asked = asked.parameters(name, vec![value.to_owned()]);
        }
        async move { asked.send().await.unwrap_err().into_service_error() }
    };
    let shell = "Sekisho-prd-node-shell";
    assert!(refused(BASTION, "Sekisho-prd-nothing", None).await.is_invalid_document());
    for target in ["i-00000000000000000", "i-0b2c3d4e5f6071829", "ecs:shop-prd_x_y", "mi-1"] {
        let error = refused(target, shell, None).await;
        assert!(error.is_target_not_connected() && error.message().is_some(), "{error:?}");
    }
    let forward = "AWS-StartPortForwardingSession";
    for (document, parameter) in [
        (shell, Some(("command", "id"))),
        ("Sekisho-prd-db-readonly", Some(("host", "elsewhere"))),
        (forward, Some(("portNumber", "70000"))),
        ("AWS-StartInteractiveCommand", None),
    ] {
        let error = refused(BASTION, document, parameter).await;
        assert_eq!(error.code(), Some("InvalidParameters"), "{document}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_as_long_as_its_document_says() {
    let scene = Scene::new().await;
    let (_, mut client) = scene.open("Sekisho-prd-short-shell", &[]).await;
    let closed = client.closed().await;
    assert!(closed["Output"].as_str().unwrap().contains("maximum session duration"), "{closed}");
    assert_eq!(scene.gateway.live_sessions(), 0);
}

#[tokio::test]
async fn nodes_are_found_by_their_tags() {
    let scene = Scene::new().await;
    let filter =
        |key: &str, value: &str| InstanceInformationStringFilter::builder().key(key).values(value).build().unwrap();
    let ask = |filters: Vec<InstanceInformationStringFilter>| {
        scene.stage.ssm.describe_instance_information().set_filters(Some(filters))
    };
    let found = ask(vec![filter("tag:Role", "bastion"), filter("tag:Environment", "prd")]).send().await.unwrap();
    let node = &found.instance_information_list()[0];
    assert_eq!((found.instance_information_list().len(), node.instance_id()), (1, Some(BASTION)));
    assert_eq!(node.ping_status().map(PingStatus::as_str), Some("Online"));
    let lost = ask(vec![filter("PingStatus", "ConnectionLost")]).send().await.unwrap();
    assert_eq!(lost.instance_information_list()[0].computer_name(), Some("shop-prd-batch-1"));
    let pages = scene.stage.ssm.describe_instance_information().max_results(5).into_paginator().items().send();
    assert_eq!(pages.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 5);
    let error = ask(vec![filter("Colour", "red")]).send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_filter_key(), "{error:?}");
}

#[tokio::test]
async fn databases_have_their_endpoints() {
    let scene = Scene::new().await;
    let all = scene.stage.rds.describe_db_clusters().into_paginator().items().send();
    let all = all.collect::<Result<Vec<_>, _>>().await.unwrap();
    let shop = all.iter().find(|one| one.db_cluster_identifier() == Some("shop-prd")).unwrap();
    assert_eq!(shop.endpoint(), Some("shop-prd.cluster-abcdefghijkl.ap-northeast-1.rds.amazonaws.com"));
    assert_eq!(shop.reader_endpoint(), Some("shop-prd.cluster-ro-abcdefghijkl.ap-northeast-1.rds.amazonaws.com"));
    assert_eq!((shop.port(), shop.engine(), shop.multi_az()), (Some(5432), Some("aurora-postgresql"), Some(true)));
    assert_eq!(shop.iam_database_authentication_enabled(), Some(true));
    let writers = shop.db_cluster_members().iter().filter(|one| one.is_cluster_writer() == Some(true)).count();
    assert_eq!((shop.db_cluster_members().len(), writers), (3, 1));
    let filter = aws_sdk_rds::types::Filter::builder().name("db-cluster-id").values("shop-dev").build();
    let filtered = scene.stage.rds.describe_db_clusters().filters(filter).send().await.unwrap();
    assert_eq!(filtered.db_clusters().len(), 1);
    let missing = scene.stage.rds.describe_db_clusters().db_cluster_identifier("nothing").send().await;
    assert!(missing.unwrap_err().into_service_error().is_db_cluster_not_found_fault());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_takes_orders_as_json() {
    let scene = Scene::new().await;
    let order: sekisho::simulator::GatewayOrder = serde_json::from_str(
        r#"{"up": {"drop": 1.5, "delay": "25ms"}, "agent_version": "3.0.0.0", "paced": false, "oversize": "drop", "largest": 9000}"#,
    )
    .unwrap();
    scene.gateway.order(&order).unwrap();
    assert_eq!(scene.gateway.faults().up.delay, Duration::from_millis(25));
    assert_eq!((scene.gateway.faults().largest, scene.gateway.agents().paced), (Some(9_000), false));
    for wrong in [r#"{"up": {"drop": 101}}"#, r#"{"down": {"throttle": -1}}"#, r#"{"message": 0}"#] {
        assert!(scene.gateway.order(&serde_json::from_str(wrong).unwrap()).is_err(), "{wrong}");
    }
    for wrong in [r#"{"colour": 1}"#, r#"{"up": {"delay": "-1s"}}"#, r#"{"act": "explode"}"#] {
        assert!(serde_json::from_str::<sekisho::simulator::GatewayOrder>(wrong).is_err(), "{wrong}");
    }
}

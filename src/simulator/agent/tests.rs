//! The official agent's frames, captured, against what this one sends in the same story.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::message::tests::captured;
use super::message::{Kind, Message, payload};
use super::{AgentOptions, Destinations, Link, Outcome, Plan, Route, Run, Surroundings, run};
use crate::simulator::kms::Keys;

/// An agent, and a client that says what the captured one said.
struct Stage {
    up: mpsc::Sender<Bytes>,
    down: mpsc::Receiver<Bytes>,
    ended: tokio::task::JoinHandle<Outcome>,
}

impl Stage {
    fn new(id: &str, run_what: Run, destinations: Destinations) -> Self {
        let (up, from_client) = mpsc::channel(256);
        let (to_client, down) = mpsc::channel(256);
        let options = AgentOptions { patience: Duration::from_mins(1), ..AgentOptions::default() };
        let around =
            Surroundings { destinations: Arc::new(destinations), keys: Arc::new(Keys::new().unwrap()), options };
        let plan = Plan {
            session_id: id.to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            version: "3.3.0.0".to_owned(),
            run: run_what,
            key: None,
        };
        let link = Link { up: from_client, down: to_client, cancel: CancellationToken::new() };
        Self { up, down, ended: tokio::spawn(run(plan, around, link)) }
    }

    async fn next(&mut self) -> Message {
        let frame = tokio::time::timeout(Duration::from_mins(1), self.down.recv()).await.expect("it is not silent");
        Message::decode(&frame.expect("it is there")).unwrap()
    }

    async fn acknowledge(&self, message: &Message) {
        let text = format!(
            "{{\"AcknowledgedMessageType\":\"output_stream_data\",\"AcknowledgedMessageId\":\"{}\",\
             \"AcknowledgedMessageSequenceNumber\":{},\"IsSequentialMessage\":true}}",
            message.id, message.sequence
        );
        self.up.send(Message::new(Kind::Acknowledge, 0, 3, 0, text).encode()).await.unwrap();
    }
}

/// A frame without what differs from run to run.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    kind: Kind,
    payload_type: u32,
    payload: String,
}

fn shown(message: &Message) -> Shown {
    let text = String::from_utf8_lossy(&message.payload).into_owned();
    let is_json = message.payload_type == 0 || (5..=9).contains(&message.payload_type);
    let payload = match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(mut value) if is_json => {
            if let Some(id) = value.get_mut("AcknowledgedMessageId") {
                *id = "an id".into();
            }
            if let Some(took) = value.get_mut("HandshakeTimeToComplete") {
                assert!(took.is_u64());
                *took = 0.into();
            }
            value.to_string()
        }
        _ => text,
    };
    Shown { kind: message.kind, payload_type: message.payload_type, payload }
}

/// What was sent, without how often a terminal was read for it: output that follows output is one.
fn merged<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for message in messages {
        let next = shown(message);
        match all.last_mut() {
            Some(last) if last.payload_type == payload::OUTPUT && next.payload_type == payload::OUTPUT => {
                last.payload.push_str(&next.payload);
            }
            _ => all.push(next),
        }
    }
    all
}

/// Whether everything of a story has come; a terminal may have been read for more than it at once.
fn has_come(got: &[Message], story: &[&Message]) -> bool {
    let (got, story) = (merged(got), merged(story.iter().copied()));
    let Some((last, before)) = story.split_last() else { return true };
    got.starts_with(before)
        && got.get(before.len()).is_some_and(|came| match last.payload_type {
            payload::OUTPUT => came.payload_type == payload::OUTPUT && came.payload.starts_with(&last.payload),
            _ => came == last,
        })
}

/// The order of the members as they are written.
fn keys(payload: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(payload);
    text.split('"').skip(1).step_by(2).filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

/// What the agent sent in a captured story, without what it sent twice, each with what the client had sent before it.
fn story(text: &str) -> Vec<(String, Message)> {
    let mut seen = std::collections::HashSet::new();
    let messages = captured(text).into_iter().map(|(from, frame)| (from, Message::decode(&frame).unwrap()));
    messages.filter(|(_, message)| message.kind != Kind::Output || seen.insert(message.sequence)).collect()
}

/// Plays the client's part, and compares the agent's: acknowledgements and data each in their own order, for the two
/// cross on the way. The agent stays until all that it sent was acknowledged, so nothing is acknowledged before
/// the client has said everything.
async fn compare(text: &str, mut stage: Stage) -> Outcome {
    let story = story(text);
    let is_ack = |message: &Message| message.kind == Kind::Acknowledge;
    let expected = story.iter().filter(|(from, _)| from == "agent").map(|(_, message)| message);
    let (acks, data): (Vec<_>, Vec<_>) = expected.partition(|message| is_ack(message));
    let (mut got_acks, mut got_data): (Vec<Message>, Vec<Message>) = (Vec::new(), Vec::new());
    let (mut until_now, mut acknowledged) = (Vec::new(), 0);
    let mut unsaid = story.iter().filter(|(_, message)| message.kind == Kind::Input).count();
    for (from, message) in &story {
        if from == "agent" && !is_ack(message) {
            until_now.push(message);
            // What the client says next may answer this.
            while !has_come(&got_data, &until_now) {
                while unsaid == 0
                    && let Some(came) = got_data.get(acknowledged)
                {
                    if came.kind == Kind::Output {
                        stage.acknowledge(came).await;
                    }
                    acknowledged += 1;
                }
                let came = stage.next().await;
                if is_ack(&came) {
                    got_acks.push(came);
                } else if !got_data.contains(&came) {
                    got_data.push(came);
                    assert!(got_data.len() < 100, "{:?}", merged(&got_data));
                }
            }
        } else if message.kind == Kind::Input {
            stage.up.send(message.encode()).await.unwrap();
            unsaid -= 1;
        }
    }
    while got_acks.len() < acks.len() {
        let came = stage.next().await;
        assert!(is_ack(&came), "{came:?}");
        got_acks.push(came);
    }
    assert_eq!(got_acks.iter().map(shown).collect::<Vec<_>>(), acks.iter().map(|one| shown(one)).collect::<Vec<_>>());
    assert_eq!(merged(&got_data), merged(data.iter().copied()));
    for (number, one) in (0..).zip(got_data.iter().filter(|one| one.kind == Kind::Output)) {
        assert_eq!((one.sequence, one.flags), (number, u64::from(number == 0)));
    }
    assert!(got_acks.iter().all(|ack| (ack.sequence, ack.flags) == (0, 3)));
    for theirs in data.iter().filter(|theirs| theirs.payload_type != payload::OUTPUT) {
        let ours =
            got_data.iter().find(|ours| ours.payload_type == theirs.payload_type && shown(ours) == shown(theirs));
        assert_eq!(keys(&ours.expect("it was sent").payload), keys(&theirs.payload));
    }
    assert_eq!(keys(&got_acks[0].payload), keys(&acks[0].payload));
    tokio::time::timeout(Duration::from_mins(1), stage.ended).await.expect("it ends").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_is_as_captured() {
    let stage = Stage::new("s-v2", Run::Shell, Destinations::default());
    let outcome = compare(include_str!("../../../tests/vectors/standard_stream.jsonl"), stage).await;
    assert_eq!(outcome, Outcome::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_as_captured() {
    // The pauses keep the order of the two streams.
    let command = "echo out; sleep 0.3; echo err >&2; sleep 0.3; exit 3".to_owned();
    let stage = Stage::new("s-v3", Run::NonInteractive { command, separate: true }, Destinations::default());
    let outcome = compare(include_str!("../../../tests/vectors/noninteractive.jsonl"), stage).await;
    assert_eq!(outcome, Outcome::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_is_as_captured() {
    // What stood behind the captured tunnel took a line and sent the rest back.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let destinations = Destinations::default();
    destinations.map("localhost", 9_000, Route::To(listener.local_addr().unwrap()));
    tokio::spawn(async move {
        use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let (mut read, mut line) = (BufReader::new(read), String::new());
        read.read_line(&mut line).await.unwrap();
        let mut bytes = [0; 32];
        while read.read_exact(&mut bytes).await.is_ok() {
            write.write_all(&bytes).await.unwrap();
        }
    });
    let properties = [("localPortNumber", "9100"), ("portNumber", "9000"), ("type", "LocalPortForwarding")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let stage = Stage::new("s-v1", Run::Port(BTreeMap::from(properties)), destinations);
    let outcome = compare(include_str!("../../../tests/vectors/port_mux.jsonl"), stage).await;
    assert_eq!(outcome, Outcome::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_reached_is_refused() {
    let properties = [("host", "169.254.169.254"), ("portNumber", "80"), ("type", "LocalPortForwarding")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut stage = Stage::new("s-v4", Run::Port(BTreeMap::from(properties)), Destinations::default());
    let (state, request) = (stage.next().await, stage.next().await);
    assert_eq!((state.kind, request.payload_type), (Kind::SessionState, payload::HANDSHAKE_REQUEST));
    let answer = "{\"ClientVersion\":\"1.2.764.0\",\"ProcessedClientActions\":[{\"ActionType\":\"SessionType\",\"ActionStatus\":1}]}";
    stage.up.send(Message::new(Kind::Input, 0, 0, payload::HANDSHAKE_RESPONSE, answer).encode()).await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(30), stage.ended).await.unwrap().unwrap();
    assert_eq!(outcome.output, "Forwarding to IP address 169.254.169.254 is forbidden.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_could_not_do_its_part_ends_the_session() {
    let mut stage =
        Stage::new("s-v5", Run::NonInteractive { command: "true".to_owned(), separate: true }, Destinations::default());
    let _ = (stage.next().await, stage.next().await);
    let answer = "{\"ClientVersion\":\"1\",\"ProcessedClientActions\":[{\"ActionType\":\"SessionType\",\"ActionStatus\":3,\"Error\":\"no\"}]}";
    stage.up.send(Message::new(Kind::Input, 0, 1, payload::HANDSHAKE_RESPONSE, answer).encode()).await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(30), stage.ended).await.unwrap().unwrap();
    assert!(outcome.output.contains("SessionType failed on client with status 3 error: no"), "{outcome:?}");
}

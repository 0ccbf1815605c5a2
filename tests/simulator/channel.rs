//! A client of the message gateway, as small as the protocol allows, and frames of its own writing.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use futures::{SinkExt as _, StreamExt as _};
use sekisho::simulator::Simulator;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    pub kind: String,
    pub sequence: i64,
    pub payload_type: u32,
    pub payload: Vec<u8>,
    pub id: String,
}

impl Frame {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

/// Writes a frame from the client.
pub fn encode(kind: &str, sequence: i64, payload_type: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = 116_u32.to_be_bytes().to_vec();
    frame.extend_from_slice(format!("{kind:<32}").as_bytes());
    frame.extend_from_slice(&1_u32.to_be_bytes());
    frame.extend_from_slice(&1_795_306_590_000_u64.to_be_bytes());
    frame.extend_from_slice(&sequence.to_be_bytes());
    frame.extend_from_slice(&0_u64.to_be_bytes());
    frame.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    frame.extend_from_slice(&Sha256::digest(payload));
    frame.extend_from_slice(&payload_type.to_be_bytes());
    frame.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Reads a frame; `None` where its digest is wrong.
pub fn decode(frame: &[u8]) -> Option<Frame> {
    let eight = |at: usize| -> [u8; 8] { frame[at..at + 8].try_into().unwrap() };
    let payload = frame[120..].to_vec();
    let intact = payload.is_empty() || Sha256::digest(&payload)[..] == frame[80..112];
    intact.then(|| Frame {
        kind: String::from_utf8_lossy(&frame[4..36]).trim().to_owned(),
        sequence: i64::from_be_bytes(eight(48)),
        payload_type: u32::from_be_bytes(frame[112..116].try_into().unwrap()),
        payload,
        id: uuid::Uuid::from_u64_pair(u64::from_be_bytes(eight(72)), u64::from_be_bytes(eight(64))).to_string(),
    })
}

/// Signs the upgrade as the official client does.
pub fn signed(simulator: &Simulator, url: &str, region: &str) -> Vec<(String, String)> {
    let key = Credentials::new(simulator.access_key_id(), simulator.secret_access_key(), None, None, "test");
    let identity = key.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("ssmmessages")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let (_, rest) = url.split_once("://").unwrap();
    let host = rest.split('/').next().unwrap();
    let headers = [("host", host)].into_iter();
    let request =
        SignableRequest::new("GET", url.replacen("ws", "http", 1), headers, SignableBody::Bytes(&[])).unwrap();
    let (instructions, _) = sign(request, &params.into()).unwrap().into_parts();
    instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects, and says the token.
pub async fn dial(url: &str, token: &str, headers: &[(String, String)]) -> Result<Socket, Error> {
    let mut request = url.into_client_request()?;
    for (name, value) in headers {
        let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let opening = serde_json::json!({"MessageSchemaVersion": "1.0", "RequestId": uuid::Uuid::new_v4().to_string(),
        "TokenValue": token, "ClientId": uuid::Uuid::new_v4().to_string(), "ClientVersion": "1.2.764.0"});
    socket.send(Message::text(opening.to_string())).await?;
    Ok(socket)
}

/// A client that acknowledges, sends again what is not acknowledged, and puts what comes in order.
pub struct Client {
    pub socket: Socket,
    next: i64,
    expected: i64,
    early: BTreeMap<i64, Frame>,
    unacknowledged: BTreeMap<i64, Vec<u8>>,
    pub pauses: Vec<String>,
    pub duplicates: HashSet<i64>,
}

/// What a client waits for.
#[derive(Debug)]
pub enum Came {
    Frame(Frame),
    Closed(serde_json::Value),
    Gone(Option<CloseFrame>),
}

impl Client {
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            next: 0,
            expected: 0,
            early: BTreeMap::new(),
            unacknowledged: BTreeMap::new(),
            pauses: Vec::new(),
            duplicates: HashSet::new(),
        }
    }

    /// Goes on with another connection.
    pub async fn go_on(&mut self, socket: Socket) {
        self.socket = socket;
        self.resend().await;
    }

    async fn resend(&mut self) {
        for frame in self.unacknowledged.clone().into_values() {
            let _ = self.socket.send(Message::binary(frame)).await;
        }
    }

    pub async fn send(&mut self, payload_type: u32, payload: impl AsRef<[u8]>) {
        let frame = encode("input_stream_data", self.next, payload_type, payload.as_ref());
        self.unacknowledged.insert(self.next, frame.clone());
        self.next += 1;
        let _ = self.socket.send(Message::binary(frame)).await;
    }

    /// The next frame of data, in order, or the end.
    pub async fn next(&mut self) -> Came {
        tokio::time::timeout(Duration::from_mins(1), self.wait()).await.expect("something comes")
    }

    async fn wait(&mut self) -> Came {
        loop {
            if let Some(frame) = self.early.remove(&self.expected) {
                self.expected += 1;
                return Came::Frame(frame);
            }
            let waited = tokio::time::timeout(Duration::from_millis(300), self.socket.next()).await;
            let Ok(message) = waited else {
                self.resend().await;
                continue;
            };
            match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Some(closed) = self.take(&bytes).await {
                        return Came::Closed(closed);
                    }
                }
                Some(Ok(Message::Close(frame))) => return Came::Gone(frame),
                None | Some(Err(_)) => return Came::Gone(None),
                Some(Ok(_)) => {}
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Option<serde_json::Value> {
        let frame = decode(bytes)?;
        match frame.kind.as_str() {
            "acknowledge" => {
                let number = frame.json()["AcknowledgedMessageSequenceNumber"].as_i64().unwrap();
                self.unacknowledged.remove(&number);
            }
            "output_stream_data" => {
                let ack = serde_json::json!({"AcknowledgedMessageType": "output_stream_data", "AcknowledgedMessageId": frame.id,
                    "AcknowledgedMessageSequenceNumber": frame.sequence, "IsSequentialMessage": true});
                let ack = encode("acknowledge", 0, 0, ack.to_string().as_bytes());
                let _ = self.socket.send(Message::binary(ack)).await;
                if frame.sequence < self.expected {
                    self.duplicates.insert(frame.sequence);
                } else {
                    self.early.insert(frame.sequence, frame);
                }
            }
            "channel_closed" => return Some(frame.json()),
            "start_publication" | "pause_publication" => self.pauses.push(frame.kind),
            kind => panic!("{kind} is not for clients"),
        }
        None
    }

    /// The next frame, which must be one.
    pub async fn frame(&mut self) -> Frame {
        match self.next().await {
            Came::Frame(frame) => frame,
            other => panic!("{other:?}"),
        }
    }

    /// Reads output until it ends so; panics where the session ends before.
    pub async fn until(&mut self, end: &str) -> String {
        let mut all = String::new();
        while !all.ends_with(end) {
            let frame = self.frame().await;
            assert_eq!(frame.payload_type, 1, "{frame:?}");
            all.push_str(&frame.text());
        }
        all
    }

    /// What the session ends with; data before it are left out.
    pub async fn closed(&mut self) -> serde_json::Value {
        loop {
            match self.next().await {
                Came::Frame(_) => {}
                Came::Closed(closed) => return closed,
                Came::Gone(frame) => panic!("{frame:?}"),
            }
        }
    }

    /// Agrees to what the agent asks, and gives what it asked.
    pub async fn shake_hands(&mut self) -> serde_json::Value {
        let request = self.frame().await;
        assert_eq!((request.payload_type, request.sequence), (5, 0));
        let answer = serde_json::json!({"ClientVersion": "1.2.764.0", "Errors": null, "ProcessedClientActions":
            [{"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": ""}]});
        self.send(6, answer.to_string()).await;
        let complete = self.frame().await;
        assert_eq!(complete.payload_type, 7, "{complete:?}");
        request.json()
    }
}

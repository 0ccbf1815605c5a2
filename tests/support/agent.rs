//! An agent behind a gateway, for tests of the data channel: it keeps to the protocol, on a network that may be bad.
//!
//! One [`Agent`] is one session: whoever connects anew goes on where the connection before was. It shares the codec of
//! messages with the product, which the captured frames test, and nothing else.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use sekisho::session::message::{Acknowledgement, Head, Message, MessageType, PayloadType, acknowledge, fresh_id};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, protocol::CloseFrame};

/// What the network does to frames, in both directions.
#[derive(Debug, Clone)]
pub struct Faults {
    pub loss: f64,
    pub repeat: f64,
    /// Milliseconds that a frame is late; frames overtake each other.
    pub late: Range<u64>,
    /// Frames from the client that are larger than this are lost.
    pub largest: usize,
}

impl Default for Faults {
    fn default() -> Self {
        Self { loss: 0.0, repeat: 0.0, late: 0..0, largest: usize::MAX }
    }
}

/// What the agent does with what it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Sends it back.
    Echo,
    /// Keeps it.
    Keep,
    /// Only counts it.
    Count,
}

/// What a test tells the agent to do.
#[derive(Debug, Clone)]
pub enum Order {
    /// Sends a numbered message.
    Say(PayloadType, Vec<u8>),
    /// Sends a frame as it is.
    Raw(Vec<u8>),
    /// Sends a text frame as it is.
    Text(String),
    /// Sends a message that is not numbered.
    Tell(MessageType, Vec<u8>),
    /// Closes the connection with a code.
    Close(u16, &'static str),
    /// Lets the connection fall.
    Cut,
    /// Answers nothing any more on this connection, not even pings.
    Freeze,
}

/// What the agent has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// The first frame of each connection.
    pub openings: Vec<serde_json::Value>,
    /// The headers of each upgrade.
    pub headers: Vec<Vec<(String, String)>>,
    /// The data, in order.
    pub data: Vec<u8>,
    /// How many bytes of data.
    pub count: u64,
    /// Every numbered message in order, but for data.
    pub others: Vec<(PayloadType, Vec<u8>)>,
    /// The number of messages of data, and the largest of them.
    pub messages: u64,
    pub largest: usize,
    /// The numbers that were acknowledged to the agent.
    pub acknowledged: Vec<i64>,
    /// Frames that came while the client was told to pause.
    pub while_paused: u64,
    pub pings: u64,
}

struct State {
    seen: Seen,
    faults: Faults,
    manner: Manner,
    expected: i64,
    early: BTreeMap<i64, (PayloadType, Bytes)>,
    next: i64,
    unacknowledged: BTreeMap<i64, (Bytes, Instant)>,
    waiting: VecDeque<(PayloadType, Vec<u8>)>,
    late: BTreeMap<(Instant, u64), Travel>,
    random: fastrand::Rng,
    count: u64,
    paused: bool,
    /// Acknowledges nothing before this many data messages were seen; the "not ready" rule.
    unready: u32,
}

enum Travel {
    Out(Bytes),
    In(Bytes),
}

/// A session's far side.
#[derive(Clone)]
pub struct Agent {
    state: Arc<Mutex<State>>,
    orders: mpsc::UnboundedSender<Order>,
    pub authority: String,
}

/// How many messages of the agent are on their way at most.
const WINDOW: usize = 1_000;

impl Agent {
    /// Listens on loopback; what `begin` holds is said to whoever comes first.
    pub async fn start(manner: Manner, faults: Faults, begin: Vec<(PayloadType, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let state = State {
            seen: Seen::default(),
            faults,
            manner,
            expected: 0,
            early: BTreeMap::new(),
            next: 0,
            unacknowledged: BTreeMap::new(),
            waiting: begin.into(),
            late: BTreeMap::new(),
            random: fastrand::Rng::with_seed(7),
            count: 0,
            paused: false,
            unready: 0,
        };
        let (orders, mut received) = mpsc::unbounded_channel();
        let agent = Self { state: Arc::new(Mutex::new(state)), orders, authority };
        let state = Arc::clone(&agent.state);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                serve(socket, &state, &mut received).await;
            }
        });
        agent
    }

    pub fn url(&self) -> String {
        format!("ws://{}/v1/data-channel/s-test?role=publish_subscribe", self.authority)
    }

    pub fn order(&self, order: Order) {
        self.orders.send(order).unwrap();
    }

    pub fn say(&self, bytes: &[u8]) {
        self.order(Order::Say(PayloadType::Output, bytes.to_vec()));
    }

    pub fn look<T>(&self, at: impl FnOnce(&Seen) -> T) -> T {
        at(&self.lock().seen)
    }

    pub fn unready(&self, messages: u32) {
        self.lock().unready = messages;
    }

    pub fn unacknowledged(&self) -> usize {
        self.lock().unacknowledged.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Serves one connection.
async fn serve(socket: TcpStream, state: &Mutex<State>, orders: &mut mpsc::UnboundedReceiver<Order>) {
    use tungstenite::handshake::server::{ErrorResponse, Request, Response};
    let mut headers = Vec::new();
    let note = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(socket, note).await else { return };
    let Some(Ok(tungstenite::Message::Text(opening))) = socket.next().await else { return };
    {
        let mut state = state.lock().unwrap();
        state.seen.headers.push(headers);
        state.seen.openings.push(serde_json::from_str(&opening).unwrap());
        state.late.clear();
        let unacknowledged: Vec<Bytes> = state.unacknowledged.values().map(|(frame, _)| frame.clone()).collect();
        for frame in unacknowledged {
            state.travel(Travel::Out(frame));
        }
    }
    let (sink, mut stream) = socket.split();
    let (out, frames) = mpsc::unbounded_channel();
    // Whoever does not read must not keep the agent from reading.
    let writer = tokio::spawn(write(sink, frames));
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        {
            let mut state = state.lock().unwrap();
            state.speak();
            for frame in state.due() {
                let _ = out.send(tungstenite::Message::Binary(frame));
            }
        }
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(message)) => take(state, message),
                _ => break,
            },
            order = orders.recv() => match order {
                None | Some(Order::Cut) => break,
                Some(Order::Freeze) => {
                    writer.abort();
                    return tokio::time::sleep(Duration::from_secs(2)).await;
                }
                Some(Order::Close(code, reason)) => {
                    let farewell = CloseFrame { code: code.into(), reason: reason.into() };
                    let _ = out.send(tungstenite::Message::Close(Some(farewell)));
                    while let Some(Ok(_)) = stream.next().await {}
                    break;
                }
                Some(Order::Text(text)) => drop(out.send(tungstenite::Message::text(text))),
                Some(order) => state.lock().unwrap().obey(order),
            },
            _ = tick.tick() => state.lock().unwrap().tick(),
        }
        // Whatever else is there comes along.
        for _ in 0..256 {
            let Some(Some(Ok(message))) = futures::FutureExt::now_or_never(stream.next()) else { break };
            take(state, message);
        }
    }
    writer.abort();
}

async fn write(
    mut sink: futures::stream::SplitSink<WebSocketStream<TcpStream>, tungstenite::Message>,
    mut frames: mpsc::UnboundedReceiver<tungstenite::Message>,
) {
    while let Some(frame) = frames.recv().await {
        let mut next = Some(frame);
        while let Some(frame) = next {
            if sink.feed(frame).await.is_err() {
                return;
            }
            next = frames.try_recv().ok();
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

fn take(state: &Mutex<State>, message: tungstenite::Message) {
    let mut state = state.lock().unwrap();
    match message {
        tungstenite::Message::Binary(frame) => state.travel(Travel::In(frame)),
        tungstenite::Message::Ping(_) => state.seen.pings += 1,
        _ => {}
    }
}

impl State {
    /// Puts a frame on its way through the network.
    fn travel(&mut self, travel: Travel) {
        let is_large = matches!(&travel, Travel::In(frame) if frame.len() > self.faults.largest);
        if is_large || self.random.f64() < self.faults.loss {
            return;
        }
        let is_repeated = self.random.f64() < self.faults.repeat;
        let copy = is_repeated.then(|| match &travel {
            Travel::Out(frame) => Travel::Out(frame.clone()),
            Travel::In(frame) => Travel::In(frame.clone()),
        });
        for travel in [Some(travel), copy].into_iter().flatten() {
            let late = self.faults.late.clone();
            let late = if late.is_empty() { 0 } else { self.random.u64(late) };
            match travel {
                Travel::In(frame) if late == 0 => self.arrive(&frame),
                travel => {
                    self.count += 1;
                    self.late.insert((Instant::now() + Duration::from_millis(late), self.count), travel);
                }
            }
        }
    }

    /// Returns the frames that leave now, and takes those that arrive now.
    fn due(&mut self) -> Vec<Bytes> {
        let mut leaving = Vec::new();
        let now = Instant::now();
        while let Some(entry) = self.late.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Travel::Out(frame) => leaving.push(frame),
                Travel::In(frame) => self.arrive(&frame),
            }
        }
        leaving
    }

    fn arrive(&mut self, frame: &Bytes) {
        let message = Message::decode(frame).unwrap();
        if self.paused {
            self.seen.while_paused += u64::from(message.head.kind == MessageType::InputStreamData);
        }
        match message.head.kind {
            MessageType::Acknowledge => {
                let sequence = Acknowledgement::read(message.payload).unwrap().acknowledged_message_sequence_number;
                self.unacknowledged.remove(&sequence);
                if self.manner != Manner::Count {
                    self.seen.acknowledged.push(sequence);
                }
            }
            MessageType::InputStreamData => self.input(frame, &message),
            kind => panic!("a client does not send {kind:?}"),
        }
    }

    fn input(&mut self, frame: &Bytes, message: &Message<'_>) {
        let sequence = message.head.sequence;
        if sequence >= self.expected && message.head.payload_type == PayloadType::Output && self.unready > 0 {
            self.unready -= 1;
            return;
        }
        if sequence >= self.expected {
            self.early.insert(sequence, (message.head.payload_type, frame.slice_ref(message.payload)));
        }
        let answer = acknowledge(&message.head, 1);
        self.travel(Travel::Out(answer));
        while let Some((kind, payload)) = self.early.remove(&self.expected) {
            self.expected += 1;
            self.process(kind, &payload);
        }
    }

    fn process(&mut self, kind: PayloadType, payload: &Bytes) {
        if kind != PayloadType::Output {
            return self.seen.others.push((kind, payload.to_vec()));
        }
        self.seen.messages += 1;
        self.seen.largest = self.seen.largest.max(payload.len());
        self.seen.count += payload.len() as u64;
        match self.manner {
            Manner::Echo => self.waiting.push_back((PayloadType::Output, payload.to_vec())),
            Manner::Keep => self.seen.data.extend_from_slice(payload),
            Manner::Count => {}
        }
    }

    /// Sends what waits, within the window.
    fn speak(&mut self) {
        while self.unacknowledged.len() < WINDOW {
            let Some((payload_type, payload)) = self.waiting.pop_front() else { return };
            let head = Head {
                kind: MessageType::OutputStreamData,
                created: 1,
                sequence: self.next,
                flags: u64::from(self.next == 0),
                id: fresh_id(),
                payload_type,
            };
            let frame = Message { head, payload: &payload }.encode();
            self.unacknowledged.insert(self.next, (frame.clone(), Instant::now()));
            self.next += 1;
            self.travel(Travel::Out(frame));
        }
    }

    /// Sends again what was not acknowledged for long; as the agent does it, the oldest only, but more often.
    fn tick(&mut self) {
        let now = Instant::now();
        let timeout = Duration::from_millis(100 + 2 * self.faults.late.end);
        let late = self.unacknowledged.iter_mut().find(|(_, (_, sent))| now - *sent > timeout);
        if let Some((_, (frame, sent))) = late {
            *sent = now;
            let frame = frame.clone();
            self.travel(Travel::Out(frame));
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Say(kind, payload) => self.waiting.push_back((kind, payload)),
            Order::Raw(frame) => drop(self.late.insert((Instant::now(), 0), Travel::Out(frame.into()))),
            Order::Tell(kind, payload) => {
                self.paused = kind == MessageType::PausePublication;
                let head =
                    Head { kind, created: 1, sequence: 0, flags: 3, id: fresh_id(), payload_type: PayloadType::None };
                let frame = Message { head, payload: &payload }.encode();
                drop(self.late.insert((Instant::now(), u64::MAX), Travel::Out(frame)));
            }
            Order::Text(_) | Order::Close(..) | Order::Cut | Order::Freeze => {}
        }
    }
}

/// The request that begins a session's handshake.
pub fn request(actions: &serde_json::Value) -> (PayloadType, Vec<u8>) {
    let document = serde_json::json!({"AgentVersion": "3.3.1142.0", "RequestedClientActions": actions});
    (PayloadType::HandshakeRequest, document.to_string().into_bytes())
}

/// What begins a port session: the request, and its end, which the agent sends without waiting here.
pub fn port() -> Vec<(PayloadType, Vec<u8>)> {
    let properties = serde_json::json!({"portNumber": "5432", "host": "db.test", "type": "LocalPortForwarding"});
    let action = serde_json::json!([{"ActionType": "SessionType",
        "ActionParameters": {"SessionType": "Port", "Properties": properties}}]);
    let complete = br#"{"HandshakeTimeToComplete":1000,"CustomerMessage":""}"#;
    vec![request(&action), (PayloadType::HandshakeComplete, complete.to_vec())]
}

/// What begins a shell without encryption: its prompt.
pub fn shell() -> Vec<(PayloadType, Vec<u8>)> {
    vec![(PayloadType::Output, b"# ".to_vec())]
}

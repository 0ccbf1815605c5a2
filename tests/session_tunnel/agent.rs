//! An agent as a tunnel sees it, written from the protocol and not from our side of it: it reads frames of smux, and
//! connects each stream to a real port.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use sekisho::{
    domain::session::{End, Link},
    session::{
        conduit::{Conduit, Flag, FromFarSide, Kind, Leash, PortProperties, ToFarSide, Version},
        tunnel::{Opener, Opening, TunnelError},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;

/// What the sessions that are opened are like.
#[derive(Debug, Clone)]
pub struct Script {
    /// Where the destination is when the session is opened; the agent does not look again.
    pub destination: SocketAddr,
    /// Its version.
    pub version: [u32; 4],
    /// The type of the port session.
    pub forwarding: Option<String>,
    /// The data in one message from the agent.
    pub chunk: usize,
    /// How many messages fit into the channel.
    pub window: usize,
    /// How long the agent takes for one message.
    pub pace: Duration,
    /// How long opening a session takes.
    pub opening: Duration,
    /// What opening a session fails with.
    pub failure: Option<TunnelError>,
    /// What the agent says when it ends the session at once, where it does.
    pub ends: Option<String>,
    /// What the session leads to, where it is no port.
    pub kind: Option<Kind>,
}

impl Script {
    pub fn to(destination: SocketAddr) -> Self {
        Self {
            destination,
            version: [3, 3, 1142, 0],
            forwarding: Some("LocalPortForwarding".to_owned()),
            chunk: 1024,
            window: 64,
            pace: Duration::ZERO,
            opening: Duration::ZERO,
            failure: None,
            ends: None,
            kind: None,
        }
    }
}

/// One session as its agent has it.
#[derive(Debug)]
pub struct Far {
    /// Cancelled to let it end by itself.
    pub kill: CancellationToken,
    /// Cancelled once our side let go of it.
    pub released: CancellationToken,
    /// Sends anything to our side.
    pub to: mpsc::Sender<FromFarSide>,
    /// Says how the link stands.
    pub link: Arc<watch::Sender<Link>>,
    /// How many messages with data came.
    pub messages: Arc<AtomicUsize>,
    /// How many streams or connections were closed by our side.
    pub closed: Arc<AtomicUsize>,
}

/// Opens sessions by a script that may change.
#[derive(Debug)]
pub struct Agents {
    pub script: Mutex<Script>,
    pub opened: Mutex<Vec<Arc<Far>>>,
    pub tried: AtomicUsize,
}

impl Agents {
    pub fn new(script: Script) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script), opened: Mutex::default(), tried: AtomicUsize::new(0) })
    }

    pub fn count(&self) -> usize {
        self.opened.lock().unwrap().len()
    }

    pub fn far(&self, index: usize) -> Arc<Far> {
        Arc::clone(&self.opened.lock().unwrap()[index])
    }

    fn conduit(&self, script: &Script) -> Conduit {
        let (to, from_client) = mpsc::channel(script.window);
        let (to_client, from) = mpsc::channel(script.window);
        let (link, linked) = watch::channel(Link::Up { round_trip: None });
        let (link, ends) = (Arc::new(link), script.ends.clone());
        let (ended, end) = watch::channel(None);
        let (kill, released) = (CancellationToken::new(), CancellationToken::new());
        let far = Far {
            kill: kill.clone(),
            released: released.clone(),
            to: to_client.clone(),
            link,
            messages: Arc::default(),
            closed: Arc::default(),
        };
        let agent = Agent {
            script: script.clone(),
            to: to_client,
            messages: Arc::clone(&far.messages),
            closed: Arc::clone(&far.closed),
        };
        let number = {
            let mut opened = self.opened.lock().unwrap();
            opened.push(Arc::new(far));
            opened.len()
        };
        let (is_killed, is_released) = (kill.clone(), released.clone());
        let multiplexes = script.forwarding.is_some() && Version(script.version) > Version([3, 0, 196, 0]);
        let done = CancellationToken::new();
        let is_done = done.clone();
        tokio::spawn(async move {
            let end = tokio::select! {
                () = is_killed.cancelled() => End::Closed { output: "Session timed out.".to_owned() },
                () = is_released.cancelled() => End::Terminated,
                () = std::future::ready(()), if ends.is_some() => End::Closed { output: ends.unwrap_or_default() },
                () = agent.run(from_client, multiplexes) => End::Closed { output: String::new() },
            };
            is_done.cancel();
            ended.send_replace(Some(end));
        });
        Conduit {
            session_id: format!("op-{number}"),
            kind: script.kind.clone().unwrap_or_else(|| {
                Kind::Port(PortProperties {
                    port_number: "5432".to_owned(),
                    host: None,
                    forwarding: script.forwarding.clone(),
                })
            }),
            agent: Some(Version(script.version)),
            message: String::new(),
            to,
            from: relay(from, done, kill, released.clone()),
            link: linked,
            end,
            leash: Leash(released.drop_guard()),
        }
    }
}

/// Hands on what comes, until the session is over: then nobody sends any more, whoever still holds a sender.
fn relay(
    mut from: mpsc::Receiver<FromFarSide>,
    done: CancellationToken,
    kill: CancellationToken,
    released: CancellationToken,
) -> mpsc::Receiver<FromFarSide> {
    let (to, relayed) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let item = tokio::select! {
                item = from.recv() => item,
                () = done.cancelled(), if !from.is_closed() => {
                    from.close();
                    continue;
                }
                () = kill.cancelled() => return,
                () = released.cancelled() => return,
            };
            let Some(item) = item else { return };
            if to.send(item).await.is_err() {
                return;
            }
        }
    });
    relayed
}

/// Opens sessions for a tunnel; shared with the test.
#[derive(Clone)]
pub struct Opens(pub Arc<Agents>);

impl Opener for Opens {
    fn open(&self) -> Opening {
        let agents = Arc::clone(&self.0);
        Box::pin(async move {
            agents.tried.fetch_add(1, SeqCst);
            let script = agents.script.lock().unwrap().clone();
            tokio::time::sleep(script.opening).await;
            match &script.failure {
                Some(failure) => Err(failure.clone()),
                None => Ok(agents.conduit(&script)),
            }
        })
    }
}

#[derive(Clone)]
struct Agent {
    script: Script,
    to: mpsc::Sender<FromFarSide>,
    messages: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Agent {
    async fn run(self, from: mpsc::Receiver<ToFarSide>, multiplexes: bool) {
        if multiplexes { self.run_streams(from).await } else { self.run_basic(from).await }
    }

    async fn run_streams(self, mut from: mpsc::Receiver<ToFarSide>) {
        let mut streams: HashMap<u32, mpsc::UnboundedSender<Vec<u8>>> = HashMap::new();
        let mut bytes = Vec::new();
        while let Some(item) = from.recv().await {
            let ToFarSide::Data(data) = item else { continue };
            self.messages.fetch_add(1, SeqCst);
            if !self.script.pace.is_zero() {
                tokio::time::sleep(self.script.pace).await;
            }
            bytes.extend_from_slice(&data);
            let mut at = 0;
            while bytes.len() - at >= 8 {
                let head = &bytes[at..at + 8];
                assert_eq!(head[0], 1, "smux version");
                let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
                let stream = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
                if bytes.len() - at < 8 + length {
                    break;
                }
                let body = bytes[at + 8..at + 8 + length].to_vec();
                match head[1] {
                    0 => {
                        assert!(stream >= 3 && stream % 2 == 1, "stream {stream}");
                        let (to_port, from_client) = mpsc::unbounded_channel();
                        streams.insert(stream, to_port);
                        tokio::spawn(self.clone().connect(stream, from_client));
                    }
                    1 => {
                        self.closed.fetch_add(1, SeqCst);
                        streams.remove(&stream);
                    }
                    2 => {
                        assert!(length <= 32_768, "frames are at most 32 KiB");
                        streams.get(&stream).map(|to_port| to_port.send(body));
                    }
                    3 => {}
                    other => panic!("command {other}"),
                }
                at += 8 + length;
            }
            bytes.drain(..at);
        }
    }

    fn frame(command: u8, stream: u32, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap();
        [&[1, command][..], &length.to_le_bytes(), &stream.to_le_bytes(), body].concat()
    }

    /// Sends bytes in messages that keep to no border of what they hold.
    async fn send(&self, bytes: &[u8]) {
        for piece in bytes.chunks(self.script.chunk) {
            let _ = self.to.send(FromFarSide::Data(Bytes::copy_from_slice(piece))).await;
        }
    }

    /// Connects one stream; its end is the end of both directions, as the agent has it.
    async fn connect(self, stream: u32, mut from_client: mpsc::UnboundedReceiver<Vec<u8>>) {
        let Ok(socket) = TcpStream::connect(self.script.destination).await else {
            let _ = self.to.send(FromFarSide::Flag(Flag::ConnectToPortError)).await;
            // The flag and the end of the stream are one message after the other, as the agent sends them.
            return self.send(&Self::frame(1, stream, &[])).await;
        };
        let (mut read, mut write) = socket.into_split();
        let mut up = tokio::spawn(async move {
            while let Some(bytes) = from_client.recv().await {
                if write.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = write.shutdown().await;
        });
        let mut buffer = vec![0; 8 * 1024];
        loop {
            tokio::select! {
                read = read.read(&mut buffer) => match read {
                    Ok(length) if length > 0 => {
                        // One message at a time: what one stream sends must stay whole among the others'.
                        let frame = Self::frame(2, stream, &buffer[..length]);
                        let _ = self.to.send(FromFarSide::Data(Bytes::from(frame))).await;
                    }
                    _ => break,
                },
                // Our side's end of a stream closes the socket: what it had to say is lost.
                _ = &mut up => return,
            }
        }
        up.abort();
        self.send(&Self::frame(1, stream, &[])).await;
    }

    /// Carries one connection after the other, as agents did before they multiplexed.
    async fn run_basic(self, mut from: mpsc::Receiver<ToFarSide>) {
        let mut socket = TcpStream::connect(self.script.destination).await.ok();
        if socket.is_none() {
            let _ = self.to.send(FromFarSide::Flag(Flag::ConnectToPortError)).await;
        }
        let mut buffer = vec![0; 1024];
        loop {
            tokio::select! {
                item = from.recv() => match item {
                    None => return,
                    Some(ToFarSide::Data(bytes)) => {
                        self.messages.fetch_add(1, SeqCst);
                        if socket.is_none() {
                            socket = TcpStream::connect(self.script.destination).await.ok();
                        }
                        match &mut socket {
                            Some(socket) => drop(socket.write_all(&bytes).await),
                            None => drop(self.to.send(FromFarSide::Flag(Flag::ConnectToPortError)).await),
                        }
                    }
                    Some(ToFarSide::Flag(Flag::DisconnectToPort)) => {
                        self.closed.fetch_add(1, SeqCst);
                        socket = None;
                    }
                    Some(_) => {}
                },
                read = async {
                    match &mut socket {
                        Some(socket) => socket.read(&mut buffer).await,
                        None => std::future::pending().await,
                    }
                } => match read {
                    Ok(length) if length > 0 => self.send(&buffer[..length]).await,
                    // Its end is not told, but where a plain stream is all that there is.
                    _ if self.script.forwarding.is_none() => return,
                    _ => socket = None,
                },
            }
        }
    }
}

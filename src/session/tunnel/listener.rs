//! The local side: listens on the loopback interface only, and carries each connection to a session.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    ConnectionEnd, TunnelError,
    connection::{Patience, carry, reset},
    fleet::Fleet,
    session::{Lease, Way},
    stats::{Stats, Track},
};

/// The most connections that are open at once; more wait until the system refuses them.
const MOST_CONNECTIONS: usize = 1024;

/// How long to wait where the system has no socket to give.
const BREATH: Duration = Duration::from_millis(100);

/// How often a free port is asked for that both kinds of addresses have.
const TRIES: usize = 16;

/// How long nothing may come from an agent without multiplexing after the local side said all: others wait for their turn.
const QUIET_TURN: Duration = Duration::from_secs(1);

/// How often a connection tries another session where the one it got was just ending.
const SESSIONS_TRIED: usize = 3;

/// Where a tunnel listens.
#[derive(Debug)]
pub struct Sockets {
    v4: TcpListener,
    /// A client that is given `localhost` may try this one first; not every machine has it.
    v6: Option<TcpListener>,
    /// The address to be told.
    pub local: SocketAddr,
}

impl Sockets {
    /// Listens on a port of the loopback interface, or on a free one for 0.
    pub async fn bind(port: u16) -> Result<Self, TunnelError> {
        let mut last = TunnelError::PortInUse { port };
        for _ in 0..TRIES {
            match Self::bind_once(port).await {
                Err(error @ TunnelError::PortInUse { .. }) if port == 0 => last = error,
                result => return result,
            }
        }
        Err(last)
    }

    async fn bind_once(asked: u16) -> Result<Self, TunnelError> {
        let told = |port| move |error: io::Error| TunnelError::listening(port, &error);
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, asked)).await.map_err(told(asked))?;
        let local = v4.local_addr().map_err(told(asked))?;
        let v6 = match TcpListener::bind((Ipv6Addr::LOCALHOST, local.port())).await {
            Ok(listener) => Some(listener),
            // Somebody else there would get what a client that says `localhost` means for us.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(told(local.port())(error)),
            Err(_) => None,
        };
        Ok(Self { v4, v6, local })
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.v6 {
            None => self.v4.accept().await,
            Some(v6) => tokio::select! {
                accepted = self.v4.accept() => accepted,
                accepted = v6.accept() => accepted,
            },
        }
    }
}

/// Carries connections.
#[derive(Clone)]
pub struct Porter {
    /// Where sessions come from.
    pub fleet: Arc<Fleet>,
    /// Where it is counted.
    pub stats: Arc<Stats>,
    /// How patient connections are.
    pub patience: Patience,
    /// How long a connection waits for a session.
    pub waiting: Duration,
    /// Cancelled when connections are to be cut.
    pub cut: CancellationToken,
    /// The connections.
    pub tasks: TaskTracker,
}

impl Porter {
    /// Accepts connections until it is dropped.
    pub async fn accept_all(self, sockets: Sockets) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (socket, peer) = match sockets.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // One that was gone before it was accepted, or no descriptor left: neither is the listener's end.
                    tracing::debug!(%error, "no connection accepted");
                    sleep(BREATH).await;
                    continue;
                }
            };
            // Here and not in its task: connections are numbered in the order in which they came.
            let (porter, track) = (self.clone(), self.stats.accept(peer));
            self.tasks.spawn(async move {
                porter.serve(socket, &track).await;
                drop(place);
            });
        }
    }

    async fn serve(&self, mut socket: TcpStream, track: &Track) {
        // A keystroke is not to wait for the next one; without this it is slower and works.
        let _ = socket.set_nodelay(true);
        let through = async {
            self.stats.opened(track).await;
            self.through(&mut socket, track).await
        };
        let end = self.cut.run_until_cancelled(through).await;
        if end.is_none() {
            reset(&socket);
        }
        drop(socket);
        self.stats.close(track, end.unwrap_or(ConnectionEnd::Cut)).await;
    }

    async fn through(&self, socket: &mut TcpStream, track: &Track) -> ConnectionEnd {
        for _ in 0..SESSIONS_TRIED {
            let Ok(Some(lease)) = timeout(self.waiting, self.fleet.lease()).await else { break };
            let session = Arc::clone(&lease.0);
            let end = match &session.way {
                Way::Streams(mux) => {
                    let Some(stream) = mux.open().await else { continue };
                    track.assign(&session);
                    carry(socket, stream, track, self.patience).await
                }
                Way::Turns(turns) => {
                    let Some(mut turn) = session.over.run_until_cancelled(turns.take()).await else { continue };
                    track.assign(&session);
                    let patience = Patience { quiet: self.patience.quiet.min(QUIET_TURN), ..self.patience };
                    let end = carry(socket, &mut turn, track, patience).await;
                    self.end_turn(lease, turn);
                    end
                }
            };
            if end == ConnectionEnd::Refused {
                self.fleet.refuse(&session);
            }
            return end;
        }
        reset(socket);
        ConnectionEnd::Lost
    }

    /// Readies a session for the next connection, or ends it where it cannot have one.
    fn end_turn(&self, lease: Lease, turn: super::basic::Turn) {
        let session = Arc::clone(&lease.0);
        self.tasks.spawn(self.cut.clone().run_until_cancelled_owned(async move {
            if !turn.finish().await {
                session.finish();
            }
            drop(lease);
        }));
    }
}

//! Tunnels over a scripted agent, with real sockets at both ends.

#[path = "session_tunnel/agent.rs"]
mod agent;
#[path = "session_tunnel/lifecycle.rs"]
mod lifecycle;
#[path = "session_tunnel/ports.rs"]
mod ports;
#[path = "session_tunnel/sessions.rs"]
mod sessions;
#[path = "session_tunnel/traffic.rs"]
mod traffic;
#[path = "session_tunnel/turns.rs"]
mod turns;

use std::{sync::Arc, time::Duration};

use agent::{Agents, Opens, Script};
use jiff::Timestamp;
use sekisho::{
    domain::session::{End, TunnelStatus},
    session::{
        SessionError,
        control::ControlError,
        tunnel::{Tunnel, TunnelError, TunnelOptions, open_over},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long anything may take that is to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Options whose waits are short.
fn brisk() -> TunnelOptions {
    TunnelOptions {
        quiet: Duration::from_millis(600),
        linger: Duration::from_millis(300),
        drain: Duration::from_millis(500),
        first_wait: Duration::from_millis(10),
        waiting: Duration::from_secs(10),
        ..TunnelOptions::default()
    }
}

async fn open(agents: &Arc<Agents>, options: TunnelOptions) -> Result<Tunnel, TunnelError> {
    open_over(Arc::new(Opens(Arc::clone(agents))), Arc::new(Timestamp::now), options).await
}

/// Opens a tunnel by a script.
async fn tunnel(script: Script, options: TunnelOptions) -> (Tunnel, Arc<Agents>) {
    let agents = Agents::new(script);
    (open(&agents, options).await.unwrap(), agents)
}

async fn connect(tunnel: &Tunnel) -> TcpStream {
    let socket = TcpStream::connect(tunnel.local()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Waits until the picture of the tunnel shows something.
async fn shows(tunnel: &Tunnel, what: impl Fn(&TunnelStatus) -> bool) -> Arc<TunnelStatus> {
    let mut status = tunnel.status();
    let shown =
        timeout(PATIENCE, status.wait_for(|status| what(status))).await.map(|status| Arc::clone(&status.unwrap()));
    shown.unwrap_or_else(|_| panic!("the tunnel stays {:#?}", tunnel.status().borrow()))
}

/// Sends a text and awaits it back.
async fn echoed(socket: &mut TcpStream, text: &str) {
    timeout(PATIENCE, async {
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut back = vec![0; text.len()];
        socket.read_exact(&mut back).await.unwrap();
        assert_eq!(String::from_utf8(back).unwrap(), text);
    })
    .await
    .unwrap_or_else(|_| panic!("{text} does not come back"));
}

/// Reads until the end; says how it ended.
async fn read_to_end(socket: &mut TcpStream) -> (Vec<u8>, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let result = timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.unwrap();
    (bytes, result.map(drop))
}

/// Waits for the end of a tunnel.
async fn ended(tunnel: &Tunnel) -> End {
    let mut end = tunnel.end();
    let end = tokio::time::timeout(PATIENCE, end.wait_for(Option::is_some)).await.expect("it does not end").unwrap();
    end.clone().unwrap()
}

/// Returns what an opening fails with at AWS.
fn failing(is_passing: bool) -> TunnelError {
    let why = "TargetNotConnected".to_owned();
    TunnelError::Session(SessionError::Control(ControlError { action: "ssm:StartSession", why, is_passing }))
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

//! How tunnels begin, go on and end.

use std::{
    net::SocketAddr,
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sekisho::{
    domain::session::{End, Health, Link, TroubleKind},
    session::{
        conduit::{FromFarSide, Kind},
        tunnel::{ConnectionEnd, Probe, TunnelError, TunnelEvent, TunnelOptions},
    },
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::{
    PATIENCE,
    agent::{Agents, Script},
    brisk, connect, echoed, ended, failing, open, ports, read_to_end, shows, tunnel, until,
};

/// Tells whether nobody listens on a port any more, under either address.
async fn is_free(local: SocketAddr) -> bool {
    TcpStream::connect(local).await.is_err() && TcpStream::connect(("::1", local.port())).await.is_err()
}

async fn becomes_free(local: SocketAddr) {
    let began = Instant::now();
    while !is_free(local).await {
        assert!(began.elapsed() < PATIENCE, "a listener is left on {local}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_before_any_session() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let agents = Agents::new(Script::to(ports::echo().await));
    let error = open(&agents, TunnelOptions { port, ..brisk() }).await.unwrap_err();
    assert_eq!((error, agents.tried.load(SeqCst)), (TunnelError::PortInUse { port }, 0));
}

#[tokio::test]
async fn localhost_leads_to_it_by_either_address() {
    let (tunnel, _) = tunnel(Script::to(ports::echo().await), brisk()).await;
    assert!(tunnel.local().ip().is_loopback());
    if TcpListener::bind("[::1]:0").await.is_ok() {
        let mut socket = TcpStream::connect(("::1", tunnel.local().port())).await.unwrap();
        echoed(&mut socket, "over the other address").await;
    }
}

#[tokio::test]
async fn what_keeps_the_first_session_from_coming_about_is_told_and_no_listener_left() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let agents = Agents::new(Script { failure: Some(failing(true)), ..Script::to(free) });
    let error = open(&agents, TunnelOptions { port: free.port(), ..brisk() }).await.unwrap_err();
    assert_eq!(error, failing(true));
    assert!(is_free(free).await);

    let agents = Agents::new(Script { kind: Some(Kind::Shell), ..Script::to(free) });
    let error = open(&agents, brisk()).await.unwrap_err();
    assert_eq!(error, TunnelError::NotAPort { session_id: "op-1".to_owned() });
    until("the shell is ended", || agents.far(0).released.is_cancelled()).await;
}

#[tokio::test]
async fn a_refused_connection_is_reset_and_after_three_a_new_session_looks_anew() {
    let agents = Agents::new(Script::to(ports::nobody().await));
    let tunnel = open(&agents, brisk()).await.unwrap();
    // A database that failed over: whoever looks its name up now finds it.
    agents.script.lock().unwrap().destination = ports::echo().await;
    for times in 1..=3 {
        let mut socket = connect(&tunnel).await;
        read_to_end(&mut socket).await.1.unwrap_err();
        let status = shows(&tunnel, |status| status.refused == times).await;
        assert!(matches!(status.health, Health::Refused { times: seen, .. } if u64::from(seen) == times));
    }
    let status = shows(&tunnel, |status| status.troubles.replaced == 1).await;
    let renewed = TroubleKind::SessionRenewed { session_id: "op-1".to_owned() };
    assert_eq!(status.troubles.last.as_ref().unwrap().what, renewed);
    until("the old session is ended", || agents.far(0).released.is_cancelled()).await;
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "after the failover").await;
    assert_eq!(agents.count(), 2);
    shows(&tunnel, |status| matches!(status.health, Health::Reachable { .. })).await;
}

#[tokio::test]
async fn a_refusal_is_of_the_stream_that_ends_without_a_byte() {
    let agents = Agents::new(Script::to(ports::echo().await));
    let tunnel = open(&agents, brisk()).await.unwrap();
    let mut used = connect(&tunnel).await;
    echoed(&mut used, "used").await;
    agents.far(0).to.send(FromFarSide::Flag(sekisho::session::conduit::Flag::ConnectToPortError)).await.unwrap();
    // The far side of the used one closes first: that was no refusal.
    let close = [1, 1, 0, 0, 3, 0, 0, 0];
    agents.far(0).to.send(FromFarSide::Data(Bytes::copy_from_slice(&close))).await.unwrap();
    let (rest, end) = read_to_end(&mut used).await;
    assert!(rest.is_empty() && end.is_ok());
    let mut other = connect(&tunnel).await;
    shows(&tunnel, |status| status.accepted == 2).await;
    let close = [1, 1, 0, 0, 5, 0, 0, 0];
    agents.far(0).to.send(FromFarSide::Data(Bytes::copy_from_slice(&close))).await.unwrap();
    read_to_end(&mut other).await.1.unwrap_err();
    shows(&tunnel, |status| status.refused == 1).await;
}

#[tokio::test]
async fn a_lost_session_is_replaced_and_what_went_through_it_is_not_taken_for_whole() {
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), brisk()).await;
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "before").await;
    agents.script.lock().unwrap().failure = Some(failing(true));
    agents.far(0).kill.cancel();
    read_to_end(&mut socket).await.1.unwrap_err();
    let status = shows(&tunnel, |status| matches!(status.sessions[0].link, Link::Lost { attempt: 2.., .. })).await;
    assert_eq!(status.sessions[0].session_id, "op-1");
    assert_eq!(status.troubles.replaced, 1);
    let TroubleKind::SessionLost { session_id, why } = &status.troubles.last.as_ref().unwrap().what else { panic!() };
    assert_eq!((session_id.as_str(), why.as_str()), ("op-1", "Session timed out."));
    // Who connects meanwhile waits for the next session.
    let mut socket = connect(&tunnel).await;
    agents.script.lock().unwrap().failure = None;
    echoed(&mut socket, "after").await;
    let status = shows(&tunnel, |status| status.sessions[0].session_id == "op-2").await;
    assert_eq!((status.sessions.len(), status.sessions[0].agent.as_deref()), (1, Some("3.3.1142.0")));
}

#[tokio::test]
async fn a_far_side_that_speaks_something_else_is_left() {
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), brisk()).await;
    agents.far(0).to.send(FromFarSide::Data(Bytes::from_static(b"HTTP/1.1 400"))).await.unwrap();
    let status = shows(&tunnel, |status| status.troubles.replaced == 1).await;
    let TroubleKind::SessionLost { why, .. } = &status.troubles.last.as_ref().unwrap().what else { panic!() };
    assert_eq!(why, "smux: version=72");
    until("it is ended", || agents.far(0).released.is_cancelled()).await;
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "the next one").await;
}

#[tokio::test]
async fn a_tunnel_without_a_session_to_come_ends_and_says_why() {
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), brisk()).await;
    agents.script.lock().unwrap().failure = Some(failing(false));
    agents.far(0).kill.cancel();
    assert_eq!(ended(&tunnel).await, End::Lost { why: "ssm:StartSession: TargetNotConnected".to_owned() });
    assert!(is_free(tunnel.local()).await, "a listener that leads nowhere");
}

#[tokio::test]
async fn a_tunnel_ends_at_its_limit() {
    let ends_at = Timestamp::now() + SignedDuration::from_millis(400);
    let (tunnel, agents) =
        tunnel(Script::to(ports::echo().await), TunnelOptions { ends_at: Some(ends_at), ..brisk() }).await;
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "in time").await;
    assert_eq!(ended(&tunnel).await, End::LimitReached);
    assert!(Timestamp::now() >= ends_at);
    read_to_end(&mut socket).await.1.unwrap_err();
    assert!(is_free(tunnel.local()).await && agents.far(0).released.is_cancelled());
}

#[tokio::test]
async fn closing_lets_connections_finish_and_takes_no_new_ones() {
    let script = Script::to(ports::slow_answer(Duration::from_millis(300), 100_000).await);
    let (tunnel, agents) = tunnel(script, TunnelOptions { drain: Duration::from_secs(10), ..brisk() }).await;
    let (local, mut socket) = (tunnel.local(), connect(&tunnel).await);
    tokio::io::AsyncWriteExt::write_all(&mut socket, b"go\n").await.unwrap();
    shows(&tunnel, |status| status.sent == 3).await;
    let end = tunnel.end();
    let closing = tokio::spawn(tunnel.close());
    becomes_free(local).await;
    let (bytes, result) = read_to_end(&mut socket).await;
    result.unwrap();
    assert_eq!(bytes.len(), 100_000);
    drop(socket);
    tokio::time::timeout(PATIENCE, closing).await.unwrap().unwrap();
    assert_eq!(*end.borrow(), Some(End::Terminated));
    assert!(agents.far(0).released.is_cancelled());
}

#[tokio::test]
async fn dropping_it_leaves_no_listener_no_connection_and_no_session() {
    let options = TunnelOptions { sessions: 2, at_once: true, drain: Duration::from_mins(1), ..brisk() };
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), options).await;
    until("both sessions", || agents.count() == 2).await;
    let (local, mut socket, mut end) = (tunnel.local(), connect(&tunnel).await, tunnel.end());
    echoed(&mut socket, "alive").await;
    drop(tunnel);
    becomes_free(local).await;
    let mut byte = [0];
    tokio::time::timeout(PATIENCE, socket.read(&mut byte)).await.unwrap().unwrap_err();
    until("both sessions are ended", || (0..2).all(|index| agents.far(index).released.is_cancelled())).await;
    tokio::time::timeout(PATIENCE, end.wait_for(Option::is_some)).await.unwrap().unwrap();
}

#[tokio::test]
async fn probes_show_whether_the_destination_answers() {
    let options = TunnelOptions { probe: Probe::Postgres, probe_every: Duration::from_millis(100), ..brisk() };
    let agents = Agents::new(Script::to(ports::nobody().await));
    let tunnel = open(&agents, options.clone()).await.unwrap();
    // The third refusal opens another session, which finds it.
    agents.script.lock().unwrap().destination = ports::postgres().await;
    shows(&tunnel, |status| matches!(status.health, Health::Refused { .. })).await;
    let status = shows(&tunnel, |status| matches!(status.health, Health::Reachable { .. })).await;
    assert_eq!((status.accepted, status.refused), (0, 0), "a probe is no connection");

    let agents = Agents::new(Script::to(ports::silent().await.0));
    let short = TunnelOptions { probe_patience: Duration::from_millis(200), ..options };
    let mute = open(&agents, short.clone()).await.unwrap();
    shows(&mute, |status| matches!(status.health, Health::Refused { .. })).await;
    let plain = open(&agents, TunnelOptions { probe: Probe::Connect, ..short }).await.unwrap();
    shows(&plain, |status| matches!(status.health, Health::Reachable { .. })).await;
}

#[tokio::test]
async fn connections_are_told_to_who_keeps_the_journal() {
    let (events, mut told) = mpsc::channel(1);
    let (tunnel, _) = tunnel(Script::to(ports::echo().await), TunnelOptions { events: Some(events), ..brisk() }).await;
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "twelve bytes").await;
    let peer = socket.local_addr().unwrap();
    drop(socket);
    let mut next = async || tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert!(matches!(next().await, TunnelEvent::ConnectionOpened { id: 1, peer: seen, .. } if seen == peer));
    let TunnelEvent::ConnectionClosed { id, session_id, opened_at, closed_at, sent, received, end, .. } = next().await
    else {
        panic!("it was not closed")
    };
    assert_eq!((id, session_id.as_deref(), sent, received), (1, Some("op-1"), 12, 12));
    assert_eq!(end, ConnectionEnd::Closed);
    assert!(opened_at <= closed_at);
}

#[tokio::test]
async fn nothing_waits_for_the_journal_of_a_tunnel_that_is_over() {
    let (events, mut told) = mpsc::channel(1);
    let (tunnel, _) = tunnel(Script::to(ports::echo().await), TunnelOptions { events: Some(events), ..brisk() }).await;
    let _sockets = (connect(&tunnel).await, connect(&tunnel).await, connect(&tunnel).await);
    shows(&tunnel, |status| status.accepted == 3).await;
    let end = tunnel.end();
    // Nobody takes an event until the end.
    tokio::time::timeout(PATIENCE, tunnel.close()).await.expect("it waits for the journal");
    assert_eq!(*end.borrow(), Some(End::Terminated));
    let rest = async { while told.recv().await.is_some() {} };
    tokio::time::timeout(PATIENCE, rest).await.expect("somebody is left who would tell more");
}

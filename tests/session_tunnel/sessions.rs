//! The sessions under a tunnel: spread over, opened when there is use for them, given up where they are of none.

use std::{
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

use futures::future::join_all;
use sekisho::{
    domain::session::{End, TroubleKind, TunnelStatus},
    session::{
        SessionError,
        tunnel::{Tunnel, TunnelError, TunnelOptions},
    },
};
use tokio::net::TcpStream;

use super::{
    agent::{Agents, Script},
    brisk, connect, echoed, ended, failing, open, ports, read_to_end, shows, tunnel, until,
};

const FORBIDDEN: &str = "Forwarding to IP address 169.254.169.254 is forbidden.";

fn loads(status: &TunnelStatus) -> Vec<usize> {
    status.sessions.iter().map(|session| session.connections).collect()
}

fn are_ready(status: &TunnelStatus, count: usize) -> bool {
    status.sessions.len() == count && status.sessions.iter().all(|session| !session.session_id.is_empty())
}

/// Connects so many at once and uses each.
async fn used_at_once(tunnel: &Tunnel, count: usize) -> Vec<TcpStream> {
    let each = (0..count).map(async |number| {
        let mut socket = connect(tunnel).await;
        echoed(&mut socket, &format!("number {number}")).await;
        socket
    });
    join_all(each).await
}

#[tokio::test]
async fn connections_are_spread_over_sessions() {
    let options = TunnelOptions { sessions: 3, at_once: true, ..brisk() };
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), options).await;
    until("all sessions", || agents.count() == 3).await;
    shows(&tunnel, |status| are_ready(status, 3)).await;
    let mut sockets = Vec::new();
    for number in 0..6 {
        let mut socket = connect(&tunnel).await;
        echoed(&mut socket, &number.to_string()).await;
        sockets.push(socket);
    }
    let status = shows(&tunnel, |status| loads(status).iter().sum::<usize>() == 6).await;
    assert_eq!(loads(&status), [2, 2, 2]);
    let mut of: Vec<usize> = status.connections.iter().map(|connection| connection.session).collect();
    of.sort_unstable();
    assert_eq!(of, [0, 0, 1, 1, 2, 2]);
}

#[tokio::test]
async fn connections_that_come_together_are_spread_over_sessions_that_are_not_open_yet() {
    let options = TunnelOptions { sessions: 4, share_after: Duration::from_secs(15), ..brisk() };
    let script = Script { opening: Duration::from_millis(300), ..Script::to(ports::echo().await) };
    let (tunnel, agents) = tunnel(script, options).await;
    assert_eq!(agents.count(), 1, "nobody needs another one yet");
    let _sockets = used_at_once(&tunnel, 8).await;
    let status = shows(&tunnel, |status| loads(status).iter().sum::<usize>() == 8).await;
    assert_eq!((loads(&status), agents.count()), (vec![2, 2, 2, 2], 4));
}

#[tokio::test]
async fn the_next_session_is_opened_once_each_open_one_has_a_connection() {
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), TunnelOptions { sessions: 3, ..brisk() }).await;
    let mut sockets = Vec::new();
    for count in 1..=4 {
        shows(&tunnel, |status| are_ready(status, count.min(3))).await;
        assert_eq!(agents.count(), count.min(3));
        let mut socket = connect(&tunnel).await;
        echoed(&mut socket, "used").await;
        sockets.push(socket);
    }
    let status = shows(&tunnel, |status| loads(status).iter().sum::<usize>() == 4).await;
    assert_eq!((loads(&status), agents.count()), (vec![2, 1, 1], 3));
}

#[tokio::test]
async fn a_session_that_takes_long_to_open_is_waited_for_only_a_short_time() {
    let options = TunnelOptions { sessions: 2, share_after: Duration::from_millis(400), ..brisk() };
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), options).await;
    agents.script.lock().unwrap().opening = Duration::from_mins(10);
    let mut first = connect(&tunnel).await;
    echoed(&mut first, "one").await;
    let began = Instant::now();
    let mut second = connect(&tunnel).await;
    echoed(&mut second, "two").await;
    assert!(began.elapsed() >= Duration::from_millis(400), "it did not wait");
    let status = shows(&tunnel, |status| loads(status).iter().sum::<usize>() == 2).await;
    assert_eq!(loads(&status), [2, 0]);
}

#[tokio::test]
async fn a_session_that_does_not_come_about_is_not_waited_for() {
    let options = TunnelOptions { sessions: 2, share_after: Duration::from_mins(10), ..brisk() };
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), options).await;
    // It is tried again and again.
    agents.script.lock().unwrap().failure = Some(failing(true));
    let mut first = connect(&tunnel).await;
    echoed(&mut first, "one").await;
    let mut second = connect(&tunnel).await;
    echoed(&mut second, "two").await;
    let status = shows(&tunnel, |status| loads(status).iter().sum::<usize>() == 2).await;
    assert_eq!(loads(&status)[0], 2);
}

#[tokio::test]
async fn sessions_that_the_agent_ends_at_once_end_the_tunnel_with_its_words() {
    let script = Script { ends: Some(FORBIDDEN.to_owned()), ..Script::to(ports::echo().await) };
    let (one, agents) = tunnel(script.clone(), brisk()).await;
    assert_eq!(ended(&one).await, End::Lost { why: FORBIDDEN.to_owned() });
    assert_eq!(agents.tried.load(SeqCst), 3, "each one is an action that AWS records");
    TcpStream::connect(one.local()).await.unwrap_err();

    let (several, agents) = tunnel(script, TunnelOptions { sessions: 3, at_once: true, ..brisk() }).await;
    assert_eq!(ended(&several).await, End::Lost { why: FORBIDDEN.to_owned() });
    assert!((3..=5).contains(&agents.tried.load(SeqCst)), "{}", agents.tried.load(SeqCst));
}

#[tokio::test]
async fn sessions_that_are_closed_before_they_are_ready_end_the_tunnel_with_the_agents_words() {
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), brisk()).await;
    let closed = SessionError::Closed { output: FORBIDDEN.to_owned() };
    agents.script.lock().unwrap().failure = Some(TunnelError::Session(closed));
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "while it lasts").await;
    agents.far(0).kill.cancel();
    assert_eq!(ended(&tunnel).await, End::Lost { why: FORBIDDEN.to_owned() });
    assert_eq!(agents.tried.load(SeqCst), 4);
}

#[tokio::test]
async fn sessions_that_served_are_replaced_however_soon_they_end() {
    let (tunnel, agents) = tunnel(Script::to(ports::echo().await), brisk()).await;
    for index in 0..5 {
        let mut socket = connect(&tunnel).await;
        echoed(&mut socket, "served").await;
        agents.far(index).kill.cancel();
        until("the next session", || agents.count() == index + 2).await;
    }
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "and still there").await;
    assert!(tunnel.end().borrow().is_none());
}

#[tokio::test]
async fn refusals_that_come_together_renew_a_session_as_those_that_follow_each_other() {
    let agents = Agents::new(Script::to(ports::nobody().await));
    let tunnel = open(&agents, brisk()).await.unwrap();
    agents.script.lock().unwrap().destination = ports::echo().await;
    let refused = async |_| read_to_end(&mut connect(&tunnel).await).await.1.unwrap_err();
    join_all((0..5).map(refused)).await;
    let status = shows(&tunnel, |status| status.troubles.replaced == 1).await;
    assert!(matches!(status.troubles.last.as_ref().unwrap().what, TroubleKind::SessionRenewed { .. }));
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "after the failover").await;
    assert_eq!(agents.count(), 2);
}

#[tokio::test]
async fn refusals_over_several_sessions_renew_those_that_refused() {
    let agents = Agents::new(Script::to(ports::nobody().await));
    let tunnel = open(&agents, TunnelOptions { sessions: 3, at_once: true, ..brisk() }).await.unwrap();
    shows(&tunnel, |status| are_ready(status, 3)).await;
    agents.script.lock().unwrap().destination = ports::echo().await;
    let refused = async |_| read_to_end(&mut connect(&tunnel).await).await.1.unwrap_err();
    join_all((0..3).map(refused)).await;
    shows(&tunnel, |status| status.refused == 3 && status.troubles.replaced > 0).await;
    let mut socket = connect(&tunnel).await;
    echoed(&mut socket, "after the failover").await;
}

//! What goes through a tunnel.

use std::time::{Duration, Instant};

use sekisho::{
    domain::session::{ConnectionState, Health, Link, TroubleKind},
    session::tunnel::TunnelOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{agent::Script, brisk, connect, echoed, ports, read_to_end, shows, tunnel};

/// Makes bytes that no shift or swap leaves the same.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_streams_arrive_byte_for_byte_both_ways() {
    let (tunnel, _) = tunnel(Script::to(ports::echo().await), brisk()).await;
    let mut socket = connect(&tunnel).await;
    let sent = noise(8 << 20, 1);
    let (mut read, mut write) = socket.split();
    let mut back = vec![0; sent.len()];
    let (written, got) = tokio::join!(write.write_all(&sent), read.read_exact(&mut back));
    written.unwrap();
    got.unwrap();
    assert!(back == sent, "what came back is not what went");
    let status = shows(&tunnel, |status| status.received == 8 << 20).await;
    assert_eq!((status.sent, status.accepted, status.refused), (8 << 20, 1, 0));
    assert!(status.connections[0].send_rate > 0 && status.connections[0].receive_rate > 0);
    assert_eq!(status.connections[0].state, ConnectionState::Open);
    assert!(matches!(status.health, Health::Reachable { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_that_is_never_read_holds_up_none_of_fifty() {
    let options = TunnelOptions { buffer_each: 1 << 20, ..brisk() };
    let (tunnel, _) = tunnel(Script::to(ports::flood_or_echo().await), options).await;
    let mut stuck = connect(&tunnel).await;
    stuck.write_all(b"F").await.unwrap();
    let tasks: Vec<_> = (0..49u64)
        .map(|seed| {
            let local = tunnel.local();
            tokio::spawn(async move {
                let mut socket = tokio::net::TcpStream::connect(local).await.unwrap();
                // None is the letter that asks for a flood.
                let sent: Vec<u8> = noise(200_000, seed).iter().map(|byte| byte | 0x80).collect();
                let mut back = vec![0; sent.len()];
                let (mut read, mut write) = socket.split();
                let (written, got) = tokio::join!(write.write_all(&sent), read.read_exact(&mut back));
                written.unwrap();
                got.unwrap();
                assert!(back == sent);
            })
        })
        .collect();
    for task in tasks {
        tokio::time::timeout(super::PATIENCE, task).await.expect("one holds up the others").unwrap();
    }
    let status = shows(&tunnel, |status| status.troubles.overrun == 1).await;
    let last = &status.troubles.last.as_ref().unwrap().what;
    assert!(matches!(last, TroubleKind::ConnectionOverrun { id: 1 }), "{last:?}");
    // What came was cut, and must not look whole.
    read_to_end(&mut stuck).await.1.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_gets_all_and_shows_as_stalled() {
    let (tunnel, _) = tunnel(Script::to(ports::slow_answer(Duration::ZERO, 12 << 20).await), brisk()).await;
    let mut socket = connect(&tunnel).await;
    socket.write_all(b"now\n").await.unwrap();
    shows(&tunnel, |status| status.connections.iter().any(|one| one.state == ConnectionState::Stalled)).await;
    let (bytes, end) = read_to_end(&mut socket).await;
    end.unwrap();
    assert_eq!(bytes.len(), 12 << 20);
    shows(&tunnel, |status| status.connections.is_empty()).await;
}

#[tokio::test]
async fn what_the_far_side_still_sends_after_a_half_close_arrives() {
    let options = TunnelOptions { quiet: Duration::from_secs(5), ..brisk() };
    let (tunnel, agents) =
        tunnel(Script::to(ports::slow_answer(Duration::from_millis(700), 1 << 20).await), options).await;
    let mut socket = connect(&tunnel).await;
    socket.write_all(b"go\n").await.unwrap();
    socket.shutdown().await.unwrap();
    shows(&tunnel, |status| status.connections.first().is_some_and(|one| one.state == ConnectionState::HalfClosed))
        .await;
    assert_eq!(
        agents.far(0).closed.load(std::sync::atomic::Ordering::SeqCst),
        0,
        "the agent would take it for the end"
    );
    let (bytes, end) = read_to_end(&mut socket).await;
    end.unwrap();
    assert_eq!(bytes.len(), 1 << 20);
}

#[tokio::test]
async fn a_half_closed_connection_outlasts_a_link_that_is_down() {
    let (tunnel, agents) =
        tunnel(Script::to(ports::slow_answer(Duration::from_millis(2500), 1 << 20).await), brisk()).await;
    let mut socket = connect(&tunnel).await;
    socket.write_all(b"go\n").await.unwrap();
    agents.far(0).link.send_replace(Link::Paused);
    socket.shutdown().await.unwrap();
    let (bytes, end) = read_to_end(&mut socket).await;
    end.unwrap();
    assert_eq!(bytes.len(), 1 << 20, "nothing came since nothing could");
}

#[tokio::test]
async fn a_half_closed_connection_is_reset_once_nothing_comes_any_more() {
    let (destination, mut closed) = ports::silent().await;
    let (tunnel, _) = tunnel(Script::to(destination), brisk()).await;
    let mut socket = connect(&tunnel).await;
    socket.write_all(b"all that I say").await.unwrap();
    socket.shutdown().await.unwrap();
    tokio::time::timeout(super::PATIENCE, closed.recv()).await.unwrap().unwrap();
    let (bytes, end) = read_to_end(&mut socket).await;
    assert!(bytes.is_empty());
    // Whoever still listens must not take this for an answer without content.
    end.unwrap_err();
}

#[tokio::test]
async fn a_client_that_vanishes_is_told_to_the_far_side_at_once() {
    let (destination, mut closed) = ports::silent().await;
    let options = TunnelOptions { quiet: Duration::from_mins(1), ..brisk() };
    let (tunnel, _) = tunnel(Script::to(destination), options).await;
    let mut socket = connect(&tunnel).await;
    socket.write_all(b"hello").await.unwrap();
    shows(&tunnel, |status| status.sent == 5).await;
    socket.set_zero_linger().unwrap();
    drop(socket);
    tokio::time::timeout(Duration::from_secs(5), closed.recv()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keystroke_does_not_wait_behind_who_sends_much() {
    // Eight messages wait in the channel, and the agent takes its time for each.
    let script = Script { window: 8, pace: Duration::from_millis(10), ..Script::to(ports::echo().await) };
    let (tunnel, agents) = tunnel(script, brisk()).await;
    let mut bulk = connect(&tunnel).await;
    let sending = tokio::spawn(async move {
        let (mut read, mut write) = bulk.split();
        let mut void = vec![0; 64 * 1024];
        let up = async { while write.write_all(&vec![1; 32 * 1024]).await.is_ok() {} };
        let down = async { while read.read(&mut void).await.is_ok_and(|length| length > 0) {} };
        tokio::join!(up, down);
    });
    let mut keys = connect(&tunnel).await;
    echoed(&mut keys, "x").await;
    let messages = || agents.far(0).messages.load(std::sync::atomic::Ordering::SeqCst);
    let mut fewest = usize::MAX;
    for _ in 0..10 {
        let before = messages();
        echoed(&mut keys, "k").await;
        fewest = fewest.min(messages() - before);
    }
    sending.abort();
    assert!(fewest <= 16, "{fewest} messages go before a keystroke");
}

#[tokio::test]
async fn single_bytes_come_back_as_they_went() {
    let (tunnel, _) = tunnel(Script::to(ports::echo().await), brisk()).await;
    let mut socket = connect(&tunnel).await;
    for text in ["\n", "\r", "\0", "あ", "日本語の行\n", "\u{3}"] {
        echoed(&mut socket, text).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_come_at_most_four_times_a_second() {
    let (tunnel, _) = tunnel(Script::to(ports::echo().await), brisk()).await;
    let mut socket = connect(&tunnel).await;
    let mut status = tunnel.status();
    let (began, mut pictures) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(2) {
        echoed(&mut socket, "more").await;
        if status.has_changed().unwrap() {
            status.borrow_and_update();
            pictures += 1;
        }
    }
    assert!((4..=9).contains(&pictures), "{pictures} pictures in two seconds");
}

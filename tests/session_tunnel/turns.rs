//! Agents that carry one connection at a time.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use sekisho::domain::session::{ConnectionState, Health};
use tokio::io::AsyncWriteExt;

use super::{agent::Script, brisk, connect, echoed, ports, read_to_end, shows, tunnel, until};

/// The last version that does not multiplex.
const OLD: [u32; 4] = [3, 0, 196, 0];

#[tokio::test]
async fn connections_to_an_old_agent_come_one_after_the_other() {
    let script = Script { version: OLD, ..Script::to(ports::echo().await) };
    let (tunnel, agents) = tunnel(script, brisk()).await;
    let mut first = connect(&tunnel).await;
    echoed(&mut first, "the first").await;
    let mut second = connect(&tunnel).await;
    second.write_all(b"the second").await.unwrap();
    let status = shows(&tunnel, |status| status.connections.len() == 2).await;
    assert_eq!(status.connections[1].state, ConnectionState::Opening);
    assert_eq!(agents.far(0).messages.load(SeqCst), 1, "the second waits for its turn");
    echoed(&mut first, "still the first").await;
    drop(first);
    let mut back = [0; 10];
    let reading = tokio::io::AsyncReadExt::read_exact(&mut second, &mut back);
    tokio::time::timeout(super::PATIENCE, reading).await.unwrap().unwrap();
    assert_eq!(&back, b"the second", "nothing of the first comes to the second");
    assert_eq!(agents.far(0).closed.load(SeqCst), 1);
    assert_eq!(agents.count(), 1);
}

#[tokio::test]
async fn an_old_agent_that_cannot_connect_is_a_refusal() {
    let script = Script { version: OLD, ..Script::to(ports::nobody().await) };
    let (tunnel, _) = tunnel(script, brisk()).await;
    let mut socket = connect(&tunnel).await;
    read_to_end(&mut socket).await.1.unwrap_err();
    let status = shows(&tunnel, |status| status.refused == 1).await;
    assert!(matches!(status.health, Health::Refused { times: 1, .. }));
}

#[tokio::test]
async fn a_plain_stream_ends_with_its_session_and_the_next_has_a_new_one() {
    let script = Script { forwarding: None, ..Script::to(ports::slow_answer(Duration::from_millis(50), 5000).await) };
    let (tunnel, agents) = tunnel(script, brisk()).await;
    for round in 1..=2 {
        let mut socket = connect(&tunnel).await;
        socket.write_all(b"go\n").await.unwrap();
        let (bytes, end) = read_to_end(&mut socket).await;
        end.unwrap();
        assert_eq!(bytes.len(), 5000);
        until("the next session", || agents.count() == round + 1).await;
    }
    let status = shows(&tunnel, |status| status.connections.is_empty()).await;
    assert_eq!(status.troubles.replaced, 0, "that is how such sessions end");
}

//! What goes through a session: all of it, in order, whatever the network does.

use sekisho::session::conduit::Flag;
use sekisho::session::message::{Head, Message, MessageType};

use super::agent::{Order, port, shell};
use super::*;

/// Sends a pattern there and back, and compares.
async fn echo(faults: Faults, bytes: usize) -> Agent {
    let (agent, _, mut conduit) = session(Manner::Echo, faults, shell()).await;
    assert_eq!(read(&mut conduit, 2).await, b"# ");
    let sent = pattern(bytes);
    let to = conduit.to.clone();
    let writer = tokio::spawn({
        let sent = sent.clone();
        async move {
            for part in sent.chunks(700) {
                to.send(ToFarSide::Data(Bytes::copy_from_slice(part))).await.unwrap();
            }
        }
    });
    assert!(read(&mut conduit, bytes).await == sent, "not what was sent");
    writer.await.unwrap();
    let link = conduit.link.borrow().clone();
    assert!(matches!(link, Link::Up { .. }), "{link:?}");
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_network_carries_all() {
    echo(Faults::default(), 2_000_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_frame_in_a_hundred_lost_loses_nothing() {
    echo(Faults { loss: 0.01, ..Faults::default() }, 500_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_repeated_and_late_frames_lose_nothing() {
    echo(Faults { loss: 0.05, repeat: 0.1, late: 0..50, ..Faults::default() }, 100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_was_not_ready_for_is_sent_again() {
    let (agent, _, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    agent.unready(3);
    send(&conduit, b"early").await;
    assert_eq!(read(&mut conduit, 5).await, b"early");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_acknowledged_and_every_repetition_again() {
    let (agent, _, mut conduit) = session(Manner::Keep, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    let head = Head { kind: MessageType::OutputStreamData, sequence: 0, ..Head::input(PayloadType::Output, 0, 1) };
    let again = Message { head, payload: b"# " }.encode();
    for _ in 0..3 {
        agent.order(Order::Raw(again.to_vec()));
    }
    agent.say(b"next");
    assert_eq!(read(&mut conduit, 4).await, b"next");
    until(|| agent.look(|seen| seen.acknowledged.iter().filter(|number| **number == 0).count() == 4)).await;
    until(|| agent.unacknowledged() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_changes_nothing() {
    let (agent, _, mut conduit) = session(Manner::Keep, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    let head = Head { kind: MessageType::OutputStreamData, ..Head::input(PayloadType::Output, 1, 1) };
    let mut forged = Message { head, payload: b"forged" }.encode().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let far_off = Head { sequence: i64::MIN, ..head };
    for frame in [
        vec![],
        vec![0; 119],
        vec![0xff; 500],
        forged,
        Message { head: far_off, payload: b"x" }.encode().to_vec(),
        Message { head: Head { kind: MessageType::Acknowledge, ..head }, payload: b"{" }.encode().to_vec(),
        Message { head: Head { kind: MessageType::AgentSessionState, ..head }, payload: b"{}" }.encode().to_vec(),
        Message { head: Head { kind: MessageType::Other([b'?'; 32]), ..head }, payload: b"" }.encode().to_vec(),
    ] {
        agent.order(Order::Raw(frame));
    }
    agent.order(Order::Text("{\"MessageType\":\"pause_publication\"}".into()));
    agent.say(b"next");
    assert_eq!(read(&mut conduit, 4).await, b"next");
    assert!(!agent.look(|seen| seen.acknowledged.contains(&i64::MIN)));
    assert_eq!(agent.look(|seen| seen.openings.len()), 1, "the connection stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_kept_without_loss() {
    let (agent, _, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    until(|| agent.look(|seen| seen.others.len() == 1)).await;
    agent.order(Order::Tell(MessageType::PausePublication, vec![]));
    linked(&mut conduit, |link| *link == Link::Paused).await;
    send(&conduit, b"held back").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(agent.look(|seen| (seen.count, seen.while_paused)), (0, 0));
    agent.order(Order::Tell(MessageType::StartPublication, vec![]));
    assert_eq!(read(&mut conduit, 9).await, b"held back");
    linked(&mut conduit, |link| matches!(link, Link::Up { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_nobody_ends_ends_by_itself() {
    let (agent, plane) = start(Manner::Echo, Faults::default(), shell()).await;
    let mut short = options(&agent);
    short.longest_pause = Duration::from_millis(200);
    let mut conduit = open(&plane, short).await.unwrap();
    read(&mut conduit, 2).await;
    agent.order(Order::Tell(MessageType::PausePublication, vec![]));
    linked(&mut conduit, |link| *link == Link::Paused).await;
    send(&conduit, b"held back").await;
    assert_eq!(read(&mut conduit, 9).await, b"held back");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_grow_where_larger_ones_arrive() {
    let (agent, _, conduit) = session(Manner::Keep, Faults::default(), port()).await;
    let sent = pattern(3_000_000);
    for part in sent.chunks(32_000) {
        send(&conduit, part).await;
    }
    until(|| agent.look(|seen| seen.data.len() == sent.len())).await;
    assert!(agent.look(|seen| seen.data == sent), "not what was sent");
    assert_eq!(agent.look(|seen| seen.largest), 16 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_stay_small_where_larger_ones_are_lost() {
    let faults = Faults { largest: 2_000, ..Faults::default() };
    let (agent, _, conduit) = session(Manner::Keep, faults, port()).await;
    let sent = pattern(1_000_000);
    for part in sent.chunks(32_000) {
        send(&conduit, part).await;
    }
    until(|| agent.look(|seen| seen.data.len() == sent.len())).await;
    assert!(agent.look(|seen| seen.data == sent), "not what was sent");
    assert_eq!(agent.look(|seen| seen.largest), 1_024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_holds_up_the_far_side_and_nothing_else() {
    let (agent, _, mut conduit) = session(Manner::Keep, Faults::default(), shell()).await;
    let flood = pattern(16_384);
    for _ in 0..2_000 {
        agent.say(&flood);
    }
    // More than a gateway's and a socket's buffers hold stays unacknowledged.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let acknowledged = agent.look(|seen| seen.acknowledged.len());
    assert!(acknowledged < 1_000, "{acknowledged} messages of 16 KiB were acknowledged, and none was read");
    // What is typed still goes out.
    send(&conduit, b"\x03").await;
    until(|| agent.look(|seen| seen.data == b"\x03")).await;
    assert_eq!(agent.look(|seen| seen.openings.len()), 1, "a stalled reader is no broken link");
    assert_eq!(read(&mut conduit, 2).await[..2], *b"# ");
    let mut rest = read(&mut conduit, 2_000 * flood.len()).await;
    rest.truncate(flood.len());
    assert!(rest == flood);
    until(|| agent.unacknowledged() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_go_both_ways_in_their_place() {
    let (agent, _, mut conduit) = session(Manner::Keep, Faults::default(), port()).await;
    send(&conduit, b"before").await;
    conduit.to.send(ToFarSide::Flag(Flag::DisconnectToPort)).await.unwrap();
    send(&conduit, b"after").await;
    until(|| agent.look(|seen| seen.data == b"beforeafter")).await;
    let flags = agent
        .look(|seen| seen.others.iter().filter(|(kind, _)| *kind == PayloadType::Flag).cloned().collect::<Vec<_>>());
    assert_eq!(flags, [(PayloadType::Flag, vec![0, 0, 0, 1])]);
    for flag in [&[0, 0, 0, 3][..], &[0, 0], &[0, 0, 0, 77]] {
        agent.order(Order::Say(PayloadType::Flag, flag.to_vec()));
    }
    agent.say(b"x");
    let came =
        [timeout(PATIENCE, conduit.from.recv()).await.unwrap(), timeout(PATIENCE, conduit.from.recv()).await.unwrap()];
    let expected = [FromFarSide::Flag(Flag::ConnectToPortError), FromFarSide::Data(Bytes::from_static(b"x"))];
    assert_eq!(came.map(Option::unwrap), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_size_is_told() {
    let (agent, _, mut conduit) = session(Manner::Keep, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    conduit.to.send(ToFarSide::Size { columns: 200, rows: 60 }).await.unwrap();
    let is_told = |seen: &super::agent::Seen| seen.others.iter().any(|(_, size)| size == br#"{"cols":200,"rows":60}"#);
    until(|| agent.look(is_told)).await;
}

//! How a link breaks and is taken up again, and how a session ends.

use sekisho::session::message::MessageType;

use super::agent::{Order, port, shell};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_hourly_goodbye_is_survived_without_loss() {
    let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    let sent = pattern(600_000);
    let to = conduit.to.clone();
    let writer = tokio::spawn({
        let sent = sent.clone();
        async move {
            for part in sent.chunks(500) {
                to.send(ToFarSide::Data(Bytes::copy_from_slice(part))).await.unwrap();
            }
        }
    });
    let orders = agent.clone();
    let breaks = tokio::spawn(async move {
        for order in [Order::Close(1000, "Bye"), Order::Cut, Order::Close(1000, "Bye"), Order::Close(1011, "")] {
            tokio::time::sleep(Duration::from_millis(60)).await;
            orders.order(order);
        }
    });
    assert!(read(&mut conduit, sent.len()).await == sent, "not what was sent");
    writer.await.unwrap();
    breaks.await.unwrap();
    until(|| agent.look(|seen| seen.openings.len() == 5)).await;
    let openings = agent.look(|seen| seen.openings.clone());
    assert!(openings[1..].iter().all(|opening| opening["TokenValue"] == "token-again"));
    assert!(openings[1..].iter().all(|opening| opening["ClientId"] == openings[0]["ClientId"]));
    assert!(plane.count("resume s-test") >= 4 && plane.count("sign") >= 5);
    linked(&mut conduit, |link| matches!(link, Link::Up { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_lost_says_so_until_it_is_back() {
    let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    plane.resumes.lock().unwrap().extend((0..3).map(|_| Err(super::plane::error(true))));
    agent.order(Order::Cut);
    let lost = linked(&mut conduit, |link| matches!(link, Link::Lost { attempt, .. } if *attempt > 2)).await;
    assert!(matches!(&lost, Link::Lost { why, .. } if why.contains("ssm:ResumeSession")), "{lost:?}");
    linked(&mut conduit, |link| matches!(link, Link::Up { .. })).await;
    send(&conduit, b"again").await;
    assert_eq!(read(&mut conduit, 5).await, b"again");
    assert_eq!(*conduit.end.borrow(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_falls_silent_is_left_for_another() {
    let (agent, _, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    agent.order(Order::Freeze);
    send(&conduit, b"anybody?").await;
    let lost = linked(&mut conduit, |link| matches!(link, Link::Lost { .. })).await;
    assert!(matches!(&lost, Link::Lost { why, .. } if why == "timed out"), "{lost:?}");
    assert_eq!(read(&mut conduit, 8).await, b"anybody?");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_link_is_asked_for_a_sign() {
    let (agent, _, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    read(&mut conduit, 2).await;
    until(|| agent.look(|seen| seen.pings >= 4)).await;
    assert_eq!(agent.look(|seen| seen.openings.len()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_be_taken_up_is_over() {
    for answer in [Ok(None), Err(super::plane::error(false))] {
        let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
        let is_denied = answer.is_err();
        plane.resumes.lock().unwrap().push_back(answer);
        agent.order(Order::Cut);
        let end = ended(&mut conduit).await;
        assert!(matches!(&end, End::Lost { why } if why.contains("ssm:ResumeSession") == is_denied), "{end:?}");
        assert_eq!(*conduit.link.borrow(), Link::Ended);
        assert_eq!(read(&mut conduit, 2).await, b"# ", "what came is still there");
        assert_eq!(timeout(PATIENCE, conduit.from.recv()).await.unwrap(), None);
        assert_eq!(plane.count("resume"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_aws_is_not_followed_when_it_comes_later() {
    let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    *plane.url.lock().unwrap() = "wss://ssmmessages.us-east-1.amazonaws.com.evil.example/x".into();
    agent.order(Order::Cut);
    let end = ended(&mut conduit).await;
    assert!(matches!(&end, End::Lost { why } if why.contains("evil.example")), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_stays_away_is_given_up_in_the_end() {
    let (agent, plane) = start(Manner::Echo, Faults::default(), shell()).await;
    let mut hasty = options(&agent);
    hasty.resume_for = Duration::from_millis(300);
    let mut conduit = open(&plane, hasty).await.unwrap();
    plane.resumes.lock().unwrap().extend((0..100_000).map(|_| Err(super::plane::error(true))));
    agent.order(Order::Cut);
    assert!(matches!(ended(&mut conduit).await, End::Lost { .. }));
    until(|| plane.count("terminate") == 1).await;
    assert!(plane.count("resume") < 100, "it backs off");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_far_side_closes_with_its_last_words() {
    for (output, expected) in [("", ""), ("idle \\u001b[1mtimeout", "idle timeout")] {
        let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
        agent.say(b"bye");
        until(|| agent.unacknowledged() == 0).await;
        let said = format!(r#"{{"SessionId":"s-test","Output":"{output}"}}"#);
        agent.order(Order::Tell(MessageType::ChannelClosed, said.into_bytes()));
        assert_eq!(ended(&mut conduit).await, End::Closed { output: expected.into() });
        assert_eq!(read(&mut conduit, 5).await, b"# bye");
        assert_eq!(timeout(PATIENCE, conduit.from.recv()).await.unwrap(), None);
        assert_eq!((plane.count("terminate"), plane.count("resume")), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letting_go_of_the_leash_ends_a_shell_at_aws() {
    let (_agent, plane, conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    let Conduit { leash, mut end, mut link, .. } = conduit;
    drop(leash);
    timeout(PATIENCE, end.wait_for(Option::is_some)).await.unwrap().unwrap();
    assert_eq!(*end.borrow(), Some(End::Terminated));
    assert_eq!((plane.count("terminate s-test"), link.borrow_and_update().clone()), (1, Link::Ended));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_session_is_told_and_ended_at_aws_only_if_it_does_not_obey() {
    for obeys in [true, false] {
        let (agent, plane, conduit) = session(Manner::Keep, Faults::default(), port()).await;
        let Conduit { leash, mut end, .. } = conduit;
        drop(leash);
        let is_told = |seen: &super::agent::Seen| seen.others.contains(&(PayloadType::Flag, vec![0, 0, 0, 2]));
        until(|| agent.look(is_told)).await;
        if obeys {
            agent.order(Order::Tell(MessageType::ChannelClosed, b"{}".to_vec()));
        }
        timeout(PATIENCE, end.wait_for(Option::is_some)).await.unwrap().unwrap();
        assert_eq!(*end.borrow(), Some(End::Terminated));
        assert_eq!(plane.count("terminate"), usize::from(!obeys));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_be_ended_while_its_link_is_lost() {
    let (agent, plane, mut conduit) = session(Manner::Echo, Faults::default(), shell()).await;
    plane.resumes.lock().unwrap().extend((0..100_000).map(|_| Err(super::plane::error(true))));
    agent.order(Order::Cut);
    linked(&mut conduit, |link| matches!(link, Link::Lost { .. })).await;
    let Conduit { leash, mut end, .. } = conduit;
    drop(leash);
    timeout(PATIENCE, end.wait_for(Option::is_some)).await.unwrap().unwrap();
    assert_eq!((end.borrow().clone(), plane.count("terminate")), (Some(End::Terminated), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_is_told_before_aws_is() {
    let agent = Agent::start(Manner::Echo, Faults::default(), shell()).await;
    let plane = Plane::slow(&agent.url(), |plane| plane.terminate_takes = PATIENCE);
    let mut conduit = open(&plane, options(&agent)).await.unwrap();
    read(&mut conduit, 2).await;
    plane.resumes.lock().unwrap().push_back(Ok(None));
    agent.order(Order::Cut);
    let told = async {
        let end = ended(&mut conduit).await;
        (end, conduit.from.recv().await)
    };
    let (end, rest) = timeout(Duration::from_secs(5), told).await.expect("it waits for AWS");
    assert!(matches!(end, End::Lost { .. }) && rest.is_none(), "{end:?} {rest:?}");
    until(|| plane.count("terminate s-test") == 1).await;
}

/// Says the same again and again, and reads nothing.
async fn talk(socket: tokio::net::TcpStream) {
    use futures::{SinkExt as _, StreamExt as _};
    use sekisho::session::message::{Head, Message, fresh_id};
    use tokio_tungstenite::tungstenite;
    let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
    socket.next().await.unwrap().unwrap();
    let payload_type = PayloadType::Output;
    let kind = MessageType::OutputStreamData;
    let head = Head { kind, created: 1, sequence: 0, flags: 1, id: fresh_id(), payload_type };
    let frame = Message { head, payload: b"# " }.encode();
    while socket.send(tungstenite::Message::Binary(frame.clone())).await.is_ok() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_far_side_that_only_talks_is_left_for_another() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let plane = Plane::new(&format!("ws://{authority}/x"));
    let far = tokio::spawn(async move {
        loop {
            tokio::spawn(talk(listener.accept().await.unwrap().0));
        }
    });
    let agent = Agent::start(Manner::Keep, Faults::default(), vec![]).await;
    let mut others = options(&agent);
    others.endpoints = Endpoints::Also(authority);
    let mut conduit = open(&plane, others).await.unwrap();
    let lost = linked(&mut conduit, |link| matches!(link, Link::Lost { .. })).await;
    assert!(matches!(&lost, Link::Lost { why, .. } if why == "timed out"), "{lost:?}");
    far.abort();
}

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::session::conduit::ToFarSide;
use crate::session::message::{Head, fresh_id};

fn core() -> (Core, Instant) {
    let mut options = Options::new(Arc::new(jiff::Timestamp::now));
    options.size = Some((80, 24));
    (Core::new("s-1", "i-0", &options), Instant::now())
}

fn say(core: &mut Core, sequence: i64, payload_type: PayloadType, payload: &[u8], now: Instant) {
    let head =
        Head { kind: MessageType::OutputStreamData, created: 1, sequence, flags: 0, id: fresh_id(), payload_type };
    core.arrived(&Message { head, payload }.encode(), now);
}

fn tell(core: &mut Core, kind: MessageType, now: Instant) {
    let head = Head { kind, ..Head::input(PayloadType::None, 0, 1) };
    core.arrived(&Message { head, payload: b"" }.encode(), now);
}

/// Takes all that goes out, as kinds and payloads.
fn out(core: &mut Core) -> Vec<(MessageType, PayloadType, Vec<u8>)> {
    let frames = std::iter::from_fn(|| if core.has_frame() { core.next_frame() } else { None });
    let read = |frame: Bytes| {
        let message = Message::decode(&frame).unwrap();
        (message.head.kind, message.head.payload_type, message.payload.to_vec())
    };
    frames.map(read).collect()
}

fn data(text: &'static [u8]) -> ToFarSide {
    ToFarSide::Data(Bytes::from_static(text))
}

#[test]
fn nothing_is_taken_or_cut_before_it_is_ready() {
    let (mut core, now) = core();
    assert!(!core.wants_more());
    core.outgoing.push(data(b"early"));
    core.advance(now, true);
    assert_eq!(out(&mut core), []);
    say(&mut core, 0, PayloadType::Output, b"$ ", now);
    core.advance(now, true);
    let sent: Vec<_> = out(&mut core).into_iter().map(|(kind, payload, _)| (kind, payload)).collect();
    assert_eq!(
        sent,
        [
            (MessageType::Acknowledge, PayloadType::None),
            (MessageType::InputStreamData, PayloadType::Size),
            (MessageType::InputStreamData, PayloadType::Output),
        ]
    );
}

#[test]
fn a_pause_holds_back_data_and_not_acknowledgements() {
    let (mut core, now) = core();
    say(&mut core, 0, PayloadType::Output, b"$ ", now);
    out(&mut core);
    tell(&mut core, MessageType::PausePublication, now);
    core.outgoing.push(data(b"held"));
    core.advance(now, true);
    say(&mut core, 1, PayloadType::Output, b"more", now);
    assert_eq!(out(&mut core).iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [MessageType::Acknowledge]);
    // Nothing is taken for lost while nothing may be said about it.
    core.advance(now + Duration::from_secs(20), true);
    assert!(!core.has_frame() && core.due(now).is_some());
    core.advance(now + Duration::from_secs(31), true);
    assert!(!core.is_paused());
    assert!(out(&mut core).iter().any(|(.., payload)| payload == b"held"));
}

#[test]
fn a_size_that_is_tried_is_no_data() {
    let (mut core, now) = core();
    core.kind = Kind::Port(crate::session::conduit::PortProperties::default());
    core.phase = Phase::Ready;
    core.outgoing.push(ToFarSide::Data(vec![7; 40 * 1_024].into()));
    core.advance(now, true);
    let sent = out(&mut core);
    let tried: Vec<_> = sent.iter().filter(|(_, kind, _)| *kind == PayloadType::Size).collect();
    assert_eq!((tried.len(), tried[0].2.len()), (1, 4_096));
    assert_eq!(tried[0].2.trim_ascii_end(), br#"{"cols":80,"rows":24}"#);
    let data: usize =
        sent.iter().filter(|(_, kind, _)| *kind == PayloadType::Output).map(|(.., data)| data.len()).sum();
    assert_eq!(data, 40 * 1_024);
    // It does not arrive; a small one takes its place, with its number.
    core.advance(now + Duration::from_secs(3), true);
    let again = out(&mut core);
    assert!(again.iter().any(|(_, kind, payload)| *kind == PayloadType::Size && payload.len() < 64));
    assert!(!again.iter().any(|(.., payload)| payload.len() >= 4_096));
}

#[test]
fn what_nobody_takes_stops_the_reading() {
    let (mut core, now) = core();
    let mut sequence = 0;
    let output = vec![0; 64 * 1_024];
    while core.has_room() {
        say(&mut core, sequence, PayloadType::Output, &output, now);
        sequence += 1;
    }
    assert_eq!(sequence, 64);
    assert!(core.take_staged().is_some() && core.has_room());
    while core.take_staged().is_some() {}
    assert_eq!(core.staged_bytes, 0);
}

#[test]
fn what_cannot_be_acknowledged_stops_the_reading() {
    let (mut core, now) = core();
    let mut said = 0;
    while core.has_room() && said < 10_000 {
        say(&mut core, 0, PayloadType::Output, b"again", now);
        said += 1;
    }
    assert_eq!((said, core.is_clogged(), core.staged.len()), (MOST_ACKNOWLEDGEMENTS, true, 1));
    assert!(core.next_frame().is_some() && core.has_room());
}

#[test]
fn a_handshake_that_comes_twice_is_answered_once() {
    let (mut core, now) = core();
    let request = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"Dance"}]}"#;
    say(&mut core, 0, PayloadType::HandshakeRequest, request, now);
    say(&mut core, 1, PayloadType::HandshakeRequest, request, now);
    let answers = out(&mut core);
    assert_eq!(answers.iter().filter(|(_, kind, _)| *kind == PayloadType::HandshakeResponse).count(), 1);
    assert_eq!(core.phase, Phase::Shaking);
    say(&mut core, 2, PayloadType::EncryptionChallengeRequest, b"{}", now);
    assert!(matches!(core.failure, Some(SessionError::Handshake { .. })), "there is no key to prove");
}

/// What an agent asks with that encrypts.
const KEY: &[u8] = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[
    {"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k"}}]}"#;

fn is_failed(core: &Core, with: &str) -> bool {
    matches!(&core.failure, Some(SessionError::Handshake { what }) if what == with)
}

#[test]
fn a_shell_that_was_assumed_goes_back_to_the_handshake() {
    let (mut core, now) = core();
    core.assume_shell();
    say(&mut core, 0, PayloadType::HandshakeRequest, KEY, now);
    assert!(core.phase == Phase::Shaking && core.key_wanted.is_some() && core.failure.is_none());
    core.outgoing.push(data(b"typed"));
    core.advance(now, true);
    assert!(!core.wants_more() && !out(&mut core).iter().any(|(_, kind, _)| *kind == PayloadType::Output));
    // Ready without the key would be in the clear.
    say(&mut core, 1, PayloadType::HandshakeComplete, b"{}", now);
    assert!(core.phase == Phase::Shaking && is_failed(&core, "HandshakeComplete"));
}

#[test]
fn nothing_is_encrypted_after_something_was_not() {
    let (mut core, now) = core();
    core.assume_shell();
    core.outgoing.push(data(b"typed"));
    core.advance(now, true);
    say(&mut core, 0, PayloadType::HandshakeRequest, KEY, now);
    assert!(is_failed(&core, "KMSEncryption") && core.key_wanted.is_none());
}

#[test]
fn a_shell_that_has_spoken_is_one() {
    let (mut core, now) = core();
    core.assume_shell();
    say(&mut core, 0, PayloadType::Output, b"$ ", now);
    say(&mut core, 1, PayloadType::HandshakeRequest, br#"{"RequestedClientActions":[]}"#, now);
    assert_eq!((core.phase, core.failure), (Phase::Ready, None));
}

#[test]
fn exit_codes_are_numbers_behind_their_name() {
    assert_eq!(exit_code(b"EXIT_CODE: 3"), Some(3));
    assert_eq!(exit_code(b"EXIT_CODE: -1\n"), Some(-1));
    assert_eq!(exit_code(b"127"), Some(127));
    for text in [&b"EXIT_CODE:"[..], b"", b"three", b"\xff", b"99999999999"] {
        assert_eq!(exit_code(text), None);
    }
}

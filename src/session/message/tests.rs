use serde::Deserialize;

use super::*;

/// One captured frame.
#[derive(Deserialize)]
struct Captured {
    from: String,
    hex: String,
}

/// The frames between the official client and the official agent.
fn captured() -> Vec<(String, Vec<u8>)> {
    let files = [
        include_str!("../../../tests/vectors/noninteractive.jsonl"),
        include_str!("../../../tests/vectors/port_mux.jsonl"),
        include_str!("../../../tests/vectors/standard_stream.jsonl"),
    ];
    let lines = files.iter().flat_map(|file| file.lines());
    let captured = lines.map(|line| {
        let captured: Captured = serde_json::from_str(line).unwrap();
        (captured.from, hex::decode(captured.hex).unwrap())
    });
    captured.collect()
}

#[test]
fn every_captured_frame_is_read_and_written_as_it_was() {
    let captured = captured();
    assert!(captured.len() > 40, "the captures were not found");
    for (from, frame) in captured {
        let message = Message::decode(&frame).unwrap();
        assert!(!matches!(message.head.kind, MessageType::Other(_)), "{message:?}");
        assert!(!matches!(message.head.payload_type, PayloadType::Other(_)), "{message:?}");
        let is_input = message.head.kind == MessageType::InputStreamData;
        assert!(!is_input || from == "client", "{message:?}");
        assert_eq!(message.encode(), frame, "{message:?}");
    }
}

#[test]
fn captured_acknowledgements_name_what_came_before() {
    let mut seen = std::collections::HashSet::new();
    let mut acknowledged = 0;
    for (from, frame) in captured() {
        let message = Message::decode(&frame).unwrap();
        match message.head.kind {
            MessageType::Acknowledge => {
                let read = Acknowledgement::read(message.payload).unwrap();
                let key = (read.acknowledged_message_type.into_owned(), read.acknowledged_message_sequence_number);
                assert!(seen.contains(&key), "{from}: {key:?}");
                acknowledged += 1;
            }
            kind => drop(seen.insert((kind.name().to_owned(), message.head.sequence))),
        }
    }
    assert!(acknowledged > 15);
}

#[test]
fn an_acknowledgement_is_written_as_the_official_client_does_it() {
    let captured = captured();
    let messages = captured.iter().map(|(from, frame)| (from, frame, Message::decode(frame).unwrap()));
    let mut compared = 0;
    let mut by_id = std::collections::HashMap::new();
    for (from, frame, message) in messages {
        if message.head.kind != MessageType::Acknowledge {
            by_id.insert(message.head.id.to_string(), message.head);
            continue;
        }
        let text = std::str::from_utf8(message.payload).unwrap();
        let head = by_id[text.split('"').nth(7).unwrap()];
        let ours = acknowledge(&head, message.head.created);
        let read = Message::decode(&ours).unwrap();
        assert_eq!(read.payload, message.payload, "{from}");
        // But for its id, which is its own.
        assert_eq!(Message { head: Head { id: message.head.id, ..read.head }, ..read }.encode(), *frame);
        compared += 1;
    }
    assert!(compared > 15);
}

fn sample() -> Head {
    Head::input(PayloadType::Output, 7, 1_700_000_000_000)
}

#[test]
fn what_is_cut_or_changed_is_no_message() {
    let frame = Message { head: sample(), payload: b"echo \xe6\x97\xa5" }.encode();
    for length in 0..HEADER {
        assert_eq!(Message::decode(&frame[..length]), Err(Malformed::Short));
    }
    for length in HEADER..frame.len() {
        assert_eq!(Message::decode(&frame[..length]), Err(Malformed::Digest));
    }
    for at in HEADER..frame.len() {
        let mut changed = frame.to_vec();
        changed[at] ^= 0x20;
        assert_eq!(Message::decode(&changed), Err(Malformed::Digest));
    }
    assert_eq!(Message::decode(&vec![0; LARGEST_FRAME + 1]), Err(Malformed::Long));
}

#[test]
fn a_header_that_states_another_length_is_read_or_refused() {
    let frame = Message { head: sample(), payload: b"data" }.encode();
    for stated in [0, 1, 115, 121, u32::MAX] {
        let mut changed = frame.to_vec();
        changed[..4].copy_from_slice(&stated.to_be_bytes());
        assert_eq!(Message::decode(&changed), Err(Malformed::Header), "{stated}");
    }
    // One that is longer moves the payload.
    let mut longer = Message { head: sample(), payload: b"data" }.encode().to_vec();
    longer[..4].copy_from_slice(&118_u32.to_be_bytes());
    longer.splice(HEADER..HEADER, *b"??");
    assert_eq!(Message::decode(&longer).unwrap().payload, b"data");
}

#[test]
fn what_need_not_have_a_digest_is_read_without() {
    for kind in [MessageType::StartPublication, MessageType::PausePublication] {
        let mut frame = Message { head: Head { kind, ..sample() }, payload: b"{}" }.encode().to_vec();
        frame[80..112].fill(0);
        assert_eq!(Message::decode(&frame).unwrap().head.kind, kind);
    }
    let mut frame = Message { head: sample(), payload: b"" }.encode().to_vec();
    frame[80..112].fill(0);
    assert_eq!(Message::decode(&frame).unwrap().payload, b"");
}

#[test]
fn types_are_read_whatever_they_are_padded_with() {
    let mut written = [0; 32];
    written[..11].copy_from_slice(b"acknowledge");
    assert_eq!(MessageType::read(&written), MessageType::Acknowledge);
    written[20] = b' ';
    assert_eq!(MessageType::read(&written), MessageType::Acknowledge);
    let strange = *b"something_entirely_new_of_32_byt";
    assert_eq!(MessageType::read(&strange), MessageType::Other(strange));
    assert_eq!(MessageType::read(&[b' '; 32]), MessageType::Other([b' '; 32]));
    assert_eq!(MessageType::read(&[0xff; 32]).written(), [0xff; 32]);
    for number in 0..100 {
        assert_eq!(u32::from(PayloadType::from(number)), number);
    }
}

#[test]
fn an_id_is_swapped_on_the_wire_and_back() {
    let id = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let frame = Message { head: Head { id, ..sample() }, payload: b"" }.encode();
    assert_eq!(frame[64..80], hex::decode("8899aabbccddeeff0011223344556677").unwrap());
    assert_eq!(Message::decode(&frame).unwrap().head.id, id);
    assert_eq!(fresh_id().get_version_num(), 4);
}

#[test]
fn the_services_last_words_are_cleaned() {
    let said = |payload: &str| Closed::read(payload.as_bytes()).output;
    assert_eq!(said(r#"{"SessionId":"s-1","Output":""}"#), "");
    assert_eq!(said(r#"{"Output":"\u001b]0;x\u0007 時間切れ\r\nbye\n"}"#), "時間切れ\nbye");
    assert_eq!(said("{"), "");
    assert!(said(&format!(r#"{{"Output":"{}"}}"#, "あ".repeat(100_000))).chars().count() <= 4_000);
}

#[test]
fn what_is_no_acknowledgement_is_none() {
    for payload in ["", "{}", "[]", "null", r#"{"AcknowledgedMessageSequenceNumber":"1"}"#, "\u{feff}{}"] {
        assert_eq!(Acknowledgement::read(payload.as_bytes()), None, "{payload}");
    }
    let big = r#"{"AcknowledgedMessageSequenceNumber":9223372036854775808}"#;
    assert_eq!(Acknowledgement::read(big.as_bytes()), None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Message::decode(&bytes);
    }

    #[test]
    fn what_is_written_is_read(sequence: i64, created: u64, flags: u64, id: u128, kind: u32, payload: Vec<u8>) {
        let id = Uuid::from_u128(id);
        let payload_type = PayloadType::from(kind);
        let head = Head { kind: MessageType::OutputStreamData, created, sequence, flags, id, payload_type };
        let message = Message { head, payload: &payload };
        let frame = message.encode();
        proptest::prop_assert_eq!(Message::decode(&frame), Ok(message));
    }
}

#[test]
fn what_the_fuzzer_begins_with_is_read_or_refused() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/message");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let frame = std::fs::read(entry.unwrap().path()).unwrap();
        if let Ok(message) = Message::decode(&frame) {
            let written = message.encode();
            assert_eq!(Message::decode(&written), Ok(message));
            let _ = Closed::read(message.payload);
            read += 1;
        }
    }
    assert!(read > 40, "the frames were not found");
}

//! Frames of the data channel: a fixed head, all its numbers big-endian, and a payload.
//!
//! The layout is that of the open-source agent and plugin, which are its only documentation:
//! <https://github.com/aws/amazon-ssm-agent>, <https://github.com/aws/session-manager-plugin>.

use aws_lc_rs::digest::{Digest, SHA256, digest};
use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

/// The head's length as it says it itself: the payload's length stands behind it.
const HEAD: usize = 116;
/// Where the payload begins.
pub const PAYLOAD_AT: usize = HEAD + 4;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the client to the agent.
    Input,
    /// From the agent to the client.
    Output,
    /// Says that a frame of data came.
    Acknowledge,
    /// From the service to the client: the session is over.
    ChannelClosed,
    /// From the service: go on.
    StartPublication,
    /// From the service: hold back.
    PausePublication,
    /// From the agent to the service: how its session stands.
    SessionState,
}

impl Kind {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Input, "input_stream_data"),
        (Self::Output, "output_stream_data"),
        (Self::Acknowledge, "acknowledge"),
        (Self::ChannelClosed, "channel_closed"),
        (Self::StartPublication, "start_publication"),
        (Self::PausePublication, "pause_publication"),
        (Self::SessionState, "agent_session_state"),
    ];

    /// Its name in the frame.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Reads what a frame is for and no more; `None` where it says nothing known.
    pub fn of(frame: &[u8]) -> Option<Self> {
        let name = frame.get(4..36)?;
        let name = std::str::from_utf8(name).ok()?;
        Self::named(name.trim_matches(|c| c == ' ' || c == '\0'))
    }
}

/// What is in a payload.
pub mod payload {
    /// Bytes of a shell, a command or a port.
    pub const OUTPUT: u32 = 1;
    /// A terminal's size.
    pub const SIZE: u32 = 3;
    /// What the agent wants of the client before it begins.
    pub const HANDSHAKE_REQUEST: u32 = 5;
    /// What the client did of it.
    pub const HANDSHAKE_RESPONSE: u32 = 6;
    /// The session begins.
    pub const HANDSHAKE_COMPLETE: u32 = 7;
    /// Proof wanted that the client has the key.
    pub const CHALLENGE_REQUEST: u32 = 8;
    /// The proof.
    pub const CHALLENGE_RESPONSE: u32 = 9;
    /// A signal of a port session.
    pub const FLAG: u32 = 10;
    /// Standard error, kept apart.
    pub const STANDARD_ERROR: u32 = 11;
    /// How a command ended.
    pub const EXIT_CODE: u32 = 12;
}

/// A frame, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is for.
    pub kind: Kind,
    /// When it was made, in milliseconds since 1970.
    pub created: u64,
    /// Its number in its direction; acknowledgements have none.
    pub sequence: i64,
    /// Bit 0: the first one. Bit 1: the last one.
    pub flags: u64,
    /// Its id.
    pub id: Uuid,
    /// What is in the payload, one of [`payload`].
    pub payload_type: u32,
    /// The payload.
    pub payload: Bytes,
}

/// A frame that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(&'static str);

impl Message {
    /// Makes a message with a fresh id, of now.
    pub fn new(kind: Kind, sequence: i64, flags: u64, payload_type: u32, payload: impl Into<Bytes>) -> Self {
        let created = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(1);
        let id = uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
        Self { kind, created, sequence, flags, id, payload_type, payload: payload.into() }
    }

    /// Writes the frame.
    pub fn encode(&self) -> Bytes {
        let mut frame = BytesMut::with_capacity(PAYLOAD_AT + self.payload.len());
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        frame.put_u32(length(HEAD));
        frame.put_slice(self.kind.name().as_bytes());
        frame.put_bytes(b' ', 32_usize.saturating_sub(self.kind.name().len()));
        frame.put_u32(1);
        frame.put_u64(self.created);
        frame.put_i64(self.sequence);
        frame.put_u64(self.flags);
        let (first, second) = self.id.as_u64_pair();
        frame.put_u64(second);
        frame.put_u64(first);
        frame.put_slice(sha256(&self.payload).as_ref());
        frame.put_u32(self.payload_type);
        frame.put_u32(length(self.payload.len()));
        frame.put_slice(&self.payload);
        frame.freeze()
    }

    /// Reads a frame and checks what the agent checks.
    pub fn decode(frame: &Bytes) -> Result<Self, Malformed> {
        let kind = Kind::of(frame).ok_or(Malformed("no message type that is known"))?;
        let head = number::<4>(frame, 0).map(u32::from_be_bytes).ok_or(Malformed("too short"))?;
        let begin = usize::try_from(head).unwrap_or(usize::MAX).saturating_add(4);
        if begin < PAYLOAD_AT || begin > frame.len() {
            return Err(Malformed("the head's length is wrong"));
        }
        let eight = |at: usize| number::<8>(frame, at).ok_or(Malformed("too short"));
        let id = Uuid::from_u64_pair(u64::from_be_bytes(eight(72)?), u64::from_be_bytes(eight(64)?));
        let payload_type = number::<4>(frame, 112).map(u32::from_be_bytes).ok_or(Malformed("too short"))?;
        let message = Self {
            kind,
            created: u64::from_be_bytes(eight(40)?),
            sequence: i64::from_be_bytes(eight(48)?),
            flags: u64::from_be_bytes(eight(56)?),
            id,
            payload_type,
            payload: frame.slice(begin..),
        };
        message.check(frame)?;
        Ok(message)
    }

    fn check(&self, frame: &[u8]) -> Result<(), Malformed> {
        if matches!(self.kind, Kind::StartPublication | Kind::PausePublication) {
            return Ok(());
        }
        if self.created == 0 {
            return Err(Malformed("it has no date"));
        }
        let said = frame.get(80..112).unwrap_or_default();
        if !self.payload.is_empty() && sha256(&self.payload).as_ref() != said {
            return Err(Malformed("the payload's digest is wrong"));
        }
        Ok(())
    }
}

/// The digest that stands in the head; quick even where nothing else is optimised.
fn sha256(payload: &[u8]) -> Digest {
    digest(&SHA256, payload)
}

fn number<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The captured frames, each with who sent it.
    pub fn captured(text: &str) -> Vec<(String, Bytes)> {
        let line = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let from = value["from"].as_str().unwrap().to_owned();
            (from, Bytes::from(hex::decode(value["hex"].as_str().unwrap()).unwrap()))
        };
        text.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
    }

    #[test]
    fn captured_frames_are_read_and_written_alike() {
        let files = [
            include_str!("../../../tests/vectors/standard_stream.jsonl"),
            include_str!("../../../tests/vectors/noninteractive.jsonl"),
            include_str!("../../../tests/vectors/port_mux.jsonl"),
        ];
        for (from, frame) in files.into_iter().flat_map(captured) {
            let message = Message::decode(&frame).unwrap_or_else(|error| panic!("{from}: {error}"));
            assert_eq!(message.encode(), frame, "{message:?}");
        }
    }

    #[test]
    fn a_changed_payload_is_refused_and_an_empty_one_is_not_looked_at() {
        let mut frame = BytesMut::from(&Message::new(Kind::Input, 1, 0, payload::OUTPUT, "ls").encode()[..]);
        frame[PAYLOAD_AT] ^= 1;
        assert_eq!(Message::decode(&frame.freeze()), Err(Malformed("the payload's digest is wrong")));
        let mut empty = BytesMut::from(&Message::new(Kind::Input, 1, 0, payload::OUTPUT, "").encode()[..]);
        empty[80] ^= 1;
        assert!(Message::decode(&empty.freeze()).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::decode(&Bytes::from(bytes));
        }

        #[test]
        fn half_a_frame_is_refused(cut in 0_usize..PAYLOAD_AT) {
            let frame = Message::new(Kind::Output, 7, 1, payload::SIZE, "{}").encode();
            prop_assert!(Message::decode(&frame.slice(..cut)).is_err());
        }
    }
}

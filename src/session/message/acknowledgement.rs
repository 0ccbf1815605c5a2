//! The acknowledgement of one message: selective, never of what came before it.

use std::borrow::Cow;
use std::io::Write as _;

use bytes::{BufMut as _, Bytes};
use serde::Deserialize;
use uuid::fmt::Hyphenated;

use super::{Draft, Head, MessageType, PayloadType, fresh_id};

/// Acknowledgements have both flags.
const FLAGS: u64 = 3;

/// The bytes of an acknowledgement with the longest number; a little more than is ever needed.
const ROOM: usize = 208;

/// What an acknowledgement says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Acknowledgement<'a> {
    /// The type of the message that arrived.
    #[serde(borrow, default)]
    pub acknowledged_message_type: Cow<'a, str>,
    /// The number of the message that arrived.
    pub acknowledged_message_sequence_number: i64,
}

impl<'a> Acknowledgement<'a> {
    /// Reads the payload of an acknowledgement; `None` where it is none.
    pub fn read(payload: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }
}

/// Writes the acknowledgement of a message.
pub fn acknowledge(arrived: &Head, created: u64) -> Bytes {
    let mut draft = Draft::with_capacity(ROOM);
    let mut id = [0; Hyphenated::LENGTH];
    draft.payload.put_slice(br#"{"AcknowledgedMessageType":""#);
    draft.payload.put_slice(arrived.kind.name().as_bytes());
    draft.payload.put_slice(br#"","AcknowledgedMessageId":""#);
    draft.payload.put_slice(arrived.id.hyphenated().encode_lower(&mut id).as_bytes());
    draft.payload.put_slice(br#"","AcknowledgedMessageSequenceNumber":"#);
    // Writing into memory does not fail.
    let _ = write!((&mut draft.payload).writer(), "{}", arrived.sequence);
    draft.payload.put_slice(br#","IsSequentialMessage":true}"#);
    draft.finish(&Head {
        kind: MessageType::Acknowledge,
        created,
        sequence: 0,
        flags: FLAGS,
        id: fresh_id(),
        payload_type: PayloadType::None,
    })
}

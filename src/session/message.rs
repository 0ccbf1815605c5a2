//! The message of a data channel, one in each WebSocket frame: a header of 120 bytes, then the payload.
//!
//! All numbers are big-endian. Whoever receives takes the payload from the end of the header to the end of the frame,
//! and drops what does not have the digest that its header states.

mod acknowledgement;
mod closed;
mod kind;

#[cfg(test)]
mod tests;

use bytes::{BufMut as _, Bytes, BytesMut};
use uuid::Uuid;

pub use acknowledgement::{Acknowledgement, acknowledge};
pub use closed::Closed;
pub use kind::{MessageType, PayloadType};

/// The bytes of the header, the payload's length included.
pub const HEADER: usize = 120;

/// The most bytes of a frame that is looked at.
pub const LARGEST_FRAME: usize = 1 << 20;

/// Where the payload's length stands, which the header states as its own length.
const LENGTH_AT: usize = 116;

/// The version of the messages' form.
const SCHEMA: u32 = 1;

/// The header of a message, without what follows from the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub kind: MessageType,
    /// When it was made, in milliseconds since 1970; the far side refuses 0.
    pub created: u64,
    /// Its place among the messages of its direction, from 0; 0 for what is not numbered.
    pub sequence: i64,
    /// Bit 0 begins and bit 1 ends a direction; acknowledgements have both.
    pub flags: u64,
    /// Its id.
    pub id: Uuid,
    /// What its payload is.
    pub payload_type: PayloadType,
}

impl Head {
    /// Makes the header of a numbered message to the agent.
    pub fn input(payload_type: PayloadType, sequence: i64, created: u64) -> Self {
        Self { kind: MessageType::InputStreamData, created, sequence, flags: 0, id: fresh_id(), payload_type }
    }
}

/// A message that was read, its payload borrowed from the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The header.
    pub head: Head,
    /// The payload.
    pub payload: &'a [u8],
}

/// Says why a frame is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is shorter than a header.
    #[error("short")]
    Short,
    /// It is longer than [`LARGEST_FRAME`].
    #[error("long")]
    Long,
    /// Its header states a length that cannot be.
    #[error("header")]
    Header,
    /// Its payload is not what the digest was made of.
    #[error("digest")]
    Digest,
}

impl<'a> Message<'a> {
    /// Reads a frame.
    ///
    /// The digest is checked where the stated length of the payload is not 0, and neither for `start_publication` nor
    /// for `pause_publication`, as the official client does it. Unknown types are no error.
    pub fn decode(frame: &'a [u8]) -> Result<Self, Malformed> {
        if frame.len() > LARGEST_FRAME {
            return Err(Malformed::Long);
        }
        let (header, _) = frame.split_first_chunk::<HEADER>().ok_or(Malformed::Short)?;
        let begins = usize::try_from(number(header, 0)).ok().and_then(|length| length.checked_add(4));
        let payload = begins.filter(|at| *at >= HEADER).and_then(|at| frame.get(at..)).ok_or(Malformed::Header)?;
        let head = Head {
            kind: MessageType::read(&part(header, 4)),
            created: long(header, 40),
            sequence: i64::from_be_bytes(part(header, 48)),
            flags: long(header, 56),
            // The halves of the id are swapped on the wire.
            id: Uuid::from_u64_pair(long(header, 72), long(header, 64)),
            payload_type: PayloadType::from(number(header, 112)),
        };
        let is_checked = number(header, LENGTH_AT) != 0
            && !matches!(head.kind, MessageType::StartPublication | MessageType::PausePublication);
        if is_checked && digest(payload) != part::<32>(header, 80) {
            return Err(Malformed::Digest);
        }
        Ok(Self { head, payload })
    }

    /// Writes the message as a frame.
    pub fn encode(&self) -> Bytes {
        let mut draft = Draft::with_capacity(self.payload.len());
        draft.payload.put_slice(self.payload);
        draft.finish(&self.head)
    }
}

/// A frame that is being written: the payload first, behind a room for the header.
#[derive(Debug)]
pub struct Draft {
    /// The frame; what is written now goes behind the header's [`HEADER`] bytes.
    pub payload: BytesMut,
}

impl Draft {
    /// Begins a frame for a payload of so many bytes, in one allocation.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut payload = BytesMut::with_capacity(HEADER + bytes);
        payload.put_bytes(0, HEADER);
        Self { payload }
    }

    /// Writes the header in front of what the payload has become.
    pub fn finish(mut self, head: &Head) -> Bytes {
        // A header's room is always there: it is never taken away.
        let room = HEADER.min(self.payload.len());
        let (header, payload) = self.payload.split_at_mut(room);
        let (high, low) = head.id.as_u64_pair();
        let mut header: &mut [u8] = header;
        header.put_u32(u32::try_from(LENGTH_AT).unwrap_or_default());
        header.put_slice(&head.kind.written());
        header.put_u32(SCHEMA);
        header.put_u64(head.created);
        header.put_i64(head.sequence);
        header.put_u64(head.flags);
        header.put_u64(low);
        header.put_u64(high);
        header.put_slice(&digest(payload));
        header.put_u32(head.payload_type.into());
        header.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
        self.payload.freeze()
    }
}

/// Makes an id for a message; it names, it protects nothing.
pub fn fresh_id() -> Uuid {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid()
}

/// Returns the SHA-256 of a payload.
fn digest(payload: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, payload);
    part(digest.as_ref(), 0)
}

/// Takes bytes of a header that is long enough; what is not there is 0.
fn part<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    header.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn number(header: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(part(header, at))
}

fn long(header: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(part(header, at))
}

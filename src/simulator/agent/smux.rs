//! Frames of smux, version 1: many streams in one connection.
//!
//! <https://github.com/xtaci/smux>: version, command, length and stream id, little-endian, then the data.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The length of a frame's head.
const HEAD: usize = 8;
/// The most data of a frame that is sent.
pub const LARGEST: usize = 32_768;

/// What a frame does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Opens a stream.
    Open = 0,
    /// Ends a stream.
    Finish = 1,
    /// Carries data.
    Push = 2,
    /// Keeps the connection alive.
    Nothing = 3,
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it does.
    pub command: Command,
    /// Its stream.
    pub stream: u32,
    /// Its data.
    pub data: Bytes,
}

/// Something that smux does not speak: the session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the multiplexed stream is broken")]
pub struct Broken;

/// Writes a frame; the data must not be longer than [`LARGEST`].
pub fn encode(into: &mut BytesMut, command: Command, stream: u32, data: &[u8]) {
    into.reserve(HEAD + data.len());
    into.put_u8(1);
    into.put_u8(command as u8);
    into.put_u16_le(u16::try_from(data.len()).unwrap_or(u16::MAX));
    into.put_u32_le(stream);
    into.put_slice(data);
}

/// Takes a whole frame off the front, where there is one.
pub fn decode(from: &mut BytesMut) -> Result<Option<Frame>, Broken> {
    let Some(&[version, command, low, high, a, b, c, d]) = from.first_chunk::<HEAD>() else { return Ok(None) };
    let command = match (version, command) {
        (1, 0) => Command::Open,
        (1, 1) => Command::Finish,
        (1, 2) => Command::Push,
        (1, 3) => Command::Nothing,
        _ => return Err(Broken),
    };
    let length = usize::from(u16::from_le_bytes([low, high]));
    if from.len() < HEAD + length {
        return Ok(None);
    }
    from.advance(HEAD);
    Ok(Some(Frame { command, stream: u32::from_le_bytes([a, b, c, d]), data: from.split_to(length).freeze() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_come_out_whatever_the_cuts(data in proptest::collection::vec(any::<u8>(), 0..2_000), cut in 1_usize..50) {
            let mut bytes = BytesMut::new();
            encode(&mut bytes, Command::Open, 3, &[]);
            encode(&mut bytes, Command::Push, 3, &data);
            encode(&mut bytes, Command::Finish, 3, &[]);
            let (mut read, mut frames) = (BytesMut::new(), Vec::new());
            for part in bytes.chunks(cut) {
                read.extend_from_slice(part);
                while let Some(frame) = decode(&mut read).unwrap() {
                    frames.push(frame);
                }
            }
            prop_assert_eq!(frames.len(), 3);
            prop_assert_eq!(&frames[1].data[..], &data[..]);
            prop_assert!(read.is_empty());
        }
    }

    #[test]
    fn another_version_or_command_is_the_end() {
        assert_eq!(decode(&mut BytesMut::from(&[2, 0, 0, 0, 3, 0, 0, 0][..])), Err(Broken));
        assert_eq!(decode(&mut BytesMut::from(&[1, 4, 0, 0, 3, 0, 0, 0][..])), Err(Broken));
        assert_eq!(decode(&mut BytesMut::from(&[1, 0, 0, 0, 3, 0, 0][..])), Ok(None));
    }
}

//! Frames of smux, version 1: what many connections in one stream of bytes look like.
//!
//! A frame is its version (one byte, 1), its command (one byte), the length of its data (two bytes), the stream's
//! number (four bytes), all little-endian, and then the data. Frames keep to no border of what carries them: the
//! decoder takes any pieces, and hands on a frame's data piece by piece, so that it never has to keep any.

use bytes::{Buf, Bytes};

/// The length of a frame's header.
pub const HEADER: usize = 8;

/// The most data that we put into one frame: what the far side's settings name as its largest.
pub const LARGEST_DATA: usize = 32_768;

/// The first stream that a client opens; the next ones are two apart.
pub const FIRST_STREAM: u32 = 3;

const VERSION: u8 = 1;
const OPEN: u8 = 0;
const CLOSE: u8 = 1;
const DATA: u8 = 2;
const IDLE: u8 = 3;

/// A frame, or a piece of one that holds data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A stream begins (SYN).
    Open(u32),
    /// A stream ends (FIN).
    Close(u32),
    /// Data of a stream (PSH), never empty.
    Data(u32, Bytes),
    /// Nothing, sent so that something was (NOP).
    Idle,
}

/// Says what of a frame cannot be understood; nothing behind it can be either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// It is of another version.
    #[error("smux: version={0}")]
    Version(u8),
    /// Its command is unknown.
    #[error("smux: command={0}")]
    Command(u8),
    /// It has data although its command takes none.
    #[error("smux: command={command}, length={length}")]
    Length {
        /// The command.
        command: u8,
        /// The length that it claims.
        length: u16,
    },
}

/// Returns the frame that opens a stream.
pub fn open(stream: u32) -> Bytes {
    Bytes::copy_from_slice(&header(OPEN, 0, stream))
}

/// Returns the frame that closes a stream.
pub fn close(stream: u32) -> Bytes {
    Bytes::copy_from_slice(&header(CLOSE, 0, stream))
}

/// Returns the frame that says nothing.
pub fn idle() -> Bytes {
    Bytes::copy_from_slice(&header(IDLE, 0, 0))
}

/// Returns the header of a frame that has `length` bytes of data.
pub fn data_header(stream: u32, length: u16) -> [u8; HEADER] {
    header(DATA, length, stream)
}

fn header(command: u8, length: u16, stream: u32) -> [u8; HEADER] {
    let [l0, l1] = length.to_le_bytes();
    let [s0, s1, s2, s3] = stream.to_le_bytes();
    [VERSION, command, l0, l1, s0, s1, s2, s3]
}

/// Reads frames out of pieces of any length; keeps no more than one header.
#[derive(Debug, Default)]
pub struct Decoder {
    header: [u8; HEADER],
    /// How much of the header is there.
    have: usize,
    /// How much data of the frame is still to come.
    left: usize,
    stream: u32,
}

impl Decoder {
    /// Takes the next frame, or piece of one, off a piece; `None` once the piece is used up.
    ///
    /// After a fault the decoder is of no use any more.
    pub fn next(&mut self, piece: &mut Bytes) -> Result<Option<Frame>, Fault> {
        while piece.has_remaining() {
            if self.left > 0 {
                let data = piece.split_to(self.left.min(piece.len()));
                self.left -= data.len();
                return Ok(Some(Frame::Data(self.stream, data)));
            }
            let taken = (HEADER - self.have).min(piece.len());
            piece.copy_to_slice(&mut self.header[self.have..self.have + taken]);
            self.have += taken;
            if self.have == HEADER {
                self.have = 0;
                if let Some(frame) = self.begin()? {
                    return Ok(Some(frame));
                }
            }
        }
        Ok(None)
    }

    /// Reads the header; frames with data come as their data does.
    fn begin(&mut self) -> Result<Option<Frame>, Fault> {
        let [version, command, l0, l1, s0, s1, s2, s3] = self.header;
        let (length, stream) = (u16::from_le_bytes([l0, l1]), u32::from_le_bytes([s0, s1, s2, s3]));
        if version != VERSION {
            return Err(Fault::Version(version));
        }
        if command == DATA {
            (self.left, self.stream) = (usize::from(length), stream);
            return Ok(None);
        }
        let frame = match command {
            OPEN => Frame::Open(stream),
            CLOSE => Frame::Close(stream),
            IDLE => Frame::Idle,
            _ => return Err(Fault::Command(command)),
        };
        if length == 0 { Ok(Some(frame)) } else { Err(Fault::Length { command, length }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(frame: &Frame) -> Vec<u8> {
        match frame {
            Frame::Open(stream) => open(*stream).to_vec(),
            Frame::Close(stream) => close(*stream).to_vec(),
            Frame::Idle => idle().to_vec(),
            Frame::Data(stream, data) => {
                let length = u16::try_from(data.len()).unwrap();
                [&data_header(*stream, length)[..], data].concat()
            }
        }
    }

    /// Decodes the bytes in pieces of the lengths given, over and over, and joins neighbouring data of one stream.
    fn decode(bytes: &[u8], lengths: &[usize]) -> Result<Vec<Frame>, Fault> {
        let (mut decoder, mut frames) = (Decoder::default(), Vec::<Frame>::new());
        let (mut rest, mut lengths) = (Bytes::copy_from_slice(bytes), lengths.iter().cycle());
        while !rest.is_empty() {
            let length = (*lengths.next().unwrap()).clamp(1, rest.len());
            let mut piece = rest.split_to(length);
            while let Some(frame) = decoder.next(&mut piece)? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    /// Joins the data of neighbouring frames of one stream: borders between them mean nothing.
    fn joined(frames: Vec<Frame>) -> Vec<Frame> {
        let mut joined = Vec::<Frame>::new();
        for frame in frames {
            match (joined.last_mut(), frame) {
                (_, Frame::Data(_, data)) if data.is_empty() => {}
                (Some(Frame::Data(before, first)), Frame::Data(stream, data)) if *before == stream => {
                    *first = [&first[..], &data].concat().into();
                }
                (_, frame) => joined.push(frame),
            }
        }
        joined
    }

    fn frames() -> impl Strategy<Value = Vec<Frame>> {
        let data = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            (0..=usize::from(u16::MAX)).prop_map(|length| vec![7; length]),
        ];
        let frame = prop_oneof![
            any::<u32>().prop_map(Frame::Open),
            any::<u32>().prop_map(Frame::Close),
            Just(Frame::Idle),
            (any::<u32>(), data).prop_map(|(stream, data)| Frame::Data(stream, data.into())),
        ];
        prop::collection::vec(frame, 0..12)
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_in_pieces_of_any_length(
            frames in frames(), lengths in prop::collection::vec(1usize..40_000, 1..6)
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(encode).collect();
            prop_assert_eq!(joined(decode(&bytes, &lengths).unwrap()), joined(frames));
        }

        #[test]
        fn any_bytes_are_read_the_same_in_any_pieces(
            bytes in prop::collection::vec(prop_oneof![Just(1u8), 0u8..4, any::<u8>()], 0..300),
            lengths in prop::collection::vec(1usize..40, 1..6),
        ) {
            let whole = decode(&bytes, &[usize::MAX]).map(joined);
            prop_assert_eq!(decode(&bytes, &lengths).map(joined), whole);
        }
    }

    #[test]
    fn frames_are_as_the_official_client_sends_them() {
        assert_eq!(open(3).as_ref(), [1, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(close(5).as_ref(), [1, 1, 0, 0, 5, 0, 0, 0]);
        assert_eq!(data_header(0x0102_0304, 0x8000), [1, 2, 0x00, 0x80, 4, 3, 2, 1]);
        assert_eq!(idle().as_ref(), [1, 3, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_smux_is_told_from_what_is() {
        assert_eq!(decode(b"\x02\0\0\0\x03\0\0\0", &[3]), Err(Fault::Version(2)));
        assert_eq!(decode(b"\x01\x04\0\0\x03\0\0\0", &[8]), Err(Fault::Command(4)));
        assert_eq!(decode(b"\x01\x01\x05\0\x03\0\0\0hello", &[8]), Err(Fault::Length { command: 1, length: 5 }));
        assert_eq!(decode(b"\x01\x02\0\0\x03\0\0\0", &[8]), Ok(Vec::new()), "data of no length is nothing");
    }
}

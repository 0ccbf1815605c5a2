//! Frames of `application/vnd.amazon.eventstream`: a prelude with its checksum, headers, a payload, and a checksum.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

/// The content type of a body of frames.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The length of the prelude with its checksum, and of the checksum at the end.
const AROUND: usize = 16;
/// The type of a header that is a string.
const STRING: u8 = 7;

/// Writes a frame of an event, its payload being JSON.
pub fn event(kind: &str, payload: &[u8]) -> Vec<u8> {
    frame(&[(":message-type", "event"), (":event-type", kind), (":content-type", "application/json")], payload)
}

/// Writes a frame of an exception, its payload being JSON.
pub fn exception(kind: &str, payload: &[u8]) -> Vec<u8> {
    frame(&[(":message-type", "exception"), (":exception-type", kind), (":content-type", "application/json")], payload)
}

/// Writes a frame. Headers and payloads are far shorter than the lengths' 32 bits allow.
fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.extend_from_slice(name.as_bytes());
        head.push(STRING);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = Vec::with_capacity(AROUND + head.len() + payload.len());
    frame.extend_from_slice(&length(AROUND + head.len() + payload.len()));
    frame.extend_from_slice(&length(head.len()));
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame
}

/// The checksum of ISO 3309, as in gzip, bit by bit: frames are few and small.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_frame_is_laid_out_as_documented() {
        let frame = event("sessionStart", b"{}");
        let number = |from: usize| u32::from_be_bytes(frame[from..from + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, frame.len());
        assert_eq!(number(4) as usize, frame.len() - AROUND - 2);
        assert_eq!(number(8), crc32(&frame[..8]));
        assert_eq!(number(frame.len() - 4), crc32(&frame[..frame.len() - 4]));
        assert_eq!(&frame[12..27], b"\x0d:message-type\x07");
        assert_eq!(&frame[frame.len() - 6..frame.len() - 4], b"{}");
    }
}

//! What is to be sent once pacing and the service allow it, in order.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::Outcome;
use super::message::payload;

/// How many bytes may wait: about what lies in a socket between the agent's parts.
const MOST: usize = 208 * 1024;

#[derive(Debug)]
enum Item {
    /// A stream of bytes, cut as messages need it.
    Stream(BytesMut),
    /// A message of its own.
    Piece(u32, Bytes),
    /// Nothing follows.
    Done(Outcome),
}

/// What comes off the front.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A message's type and payload.
    Message(u32, Bytes),
    /// Everything was sent: the session ends so.
    Done(Outcome),
}

/// What waits.
#[derive(Debug, Default)]
pub struct Pending {
    items: VecDeque<Item>,
    bytes: usize,
}

impl Pending {
    /// Whether no more should come in.
    pub fn is_full(&self) -> bool {
        self.bytes >= MOST
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds bytes of a stream, through what writes them.
    pub fn stream(&mut self, write: impl FnOnce(&mut BytesMut)) {
        if !matches!(self.items.back(), Some(Item::Stream(_))) {
            self.items.push_back(Item::Stream(BytesMut::new()));
        }
        if let Some(Item::Stream(bytes)) = self.items.back_mut() {
            let before = bytes.len();
            write(bytes);
            self.bytes += bytes.len() - before;
        }
    }

    /// Adds a message of its own.
    pub fn piece(&mut self, payload_type: u32, bytes: Bytes) {
        self.bytes += bytes.len();
        self.items.push_back(Item::Piece(payload_type, bytes));
    }

    /// Adds the end; what follows it is left out.
    pub fn done(&mut self, outcome: Outcome) {
        if !matches!(self.items.back(), Some(Item::Done(_))) {
            self.items.push_back(Item::Done(outcome));
        }
    }

    /// Takes the next message, of a stream at most so many bytes.
    pub fn next(&mut self, most: usize) -> Option<Next> {
        loop {
            return Some(match self.items.pop_front()? {
                Item::Stream(bytes) if bytes.is_empty() => continue,
                Item::Stream(mut bytes) => {
                    let piece = bytes.split_to(bytes.len().min(most.max(1))).freeze();
                    if !bytes.is_empty() {
                        self.items.push_front(Item::Stream(bytes));
                    }
                    self.bytes -= piece.len();
                    Next::Message(payload::OUTPUT, piece)
                }
                Item::Piece(payload_type, bytes) => {
                    self.bytes -= bytes.len();
                    Next::Message(payload_type, bytes)
                }
                Item::Done(outcome) => Next::Done(outcome),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_cut_and_pieces_are_not() {
        let mut pending = Pending::default();
        pending.stream(|bytes| bytes.extend_from_slice(b"abc"));
        pending.stream(|bytes| bytes.extend_from_slice(b"de"));
        pending.piece(payload::STANDARD_ERROR, Bytes::from_static(b"whole"));
        pending.done(Outcome::default());
        let mut all = Vec::new();
        while let Some(Next::Message(_, bytes)) = pending.next(2) {
            all.push(bytes);
        }
        assert_eq!(all, ["ab", "cd", "e", "whole"]);
        assert!(pending.is_empty() && pending.bytes == 0);
    }
}

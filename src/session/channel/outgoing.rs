//! What is to go to the far side, cut into messages.

use std::collections::VecDeque;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::session::conduit::ToFarSide;

/// What waits to be cut into messages, in order.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    items: VecDeque<ToFarSide>,
    bytes: usize,
}

impl Outgoing {
    /// Takes what comes next. Of sizes that follow each other the latest counts.
    pub(super) fn push(&mut self, item: ToFarSide) {
        match (&item, self.items.back_mut()) {
            (ToFarSide::Data(data), _) if data.is_empty() => return,
            (ToFarSide::Size { .. }, Some(last @ ToFarSide::Size { .. })) => {
                *last = item;
                return;
            }
            (ToFarSide::Data(data), _) => self.bytes += data.len(),
            _ => {}
        }
        self.items.push_back(item);
    }

    /// Tells whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the bytes of data that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets all that waits.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    /// Returns what is next, if it is not data.
    pub(super) fn next_signal(&mut self) -> Option<ToFarSide> {
        match self.items.front() {
            None | Some(ToFarSide::Data(_)) => None,
            Some(_) => self.items.pop_front(),
        }
    }

    /// Returns how many bytes the next message of data holds: what follows each other goes together.
    pub(super) fn next_length(&self, most: usize) -> usize {
        let mut length = 0;
        for item in &self.items {
            match item {
                ToFarSide::Data(data) if length < most => length += data.len(),
                _ => break,
            }
        }
        length.min(most)
    }

    /// Moves so many bytes of data into a message.
    pub(super) fn take(&mut self, length: usize, into: &mut BytesMut) {
        let mut left = length;
        while left > 0 {
            let Some(ToFarSide::Data(data)) = self.items.front_mut() else { return };
            let part: Bytes = data.split_to(left.min(data.len()));
            into.put_slice(&part);
            left -= part.len();
            self.bytes -= part.len();
            if !data.has_remaining() {
                self.items.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::conduit::Flag;

    fn data(text: &'static str) -> ToFarSide {
        ToFarSide::Data(Bytes::from_static(text.as_bytes()))
    }

    fn next(outgoing: &mut Outgoing, most: usize) -> BytesMut {
        let mut message = BytesMut::new();
        outgoing.take(outgoing.next_length(most), &mut message);
        message
    }

    #[test]
    fn what_follows_each_other_goes_together_up_to_the_most() {
        let mut outgoing = Outgoing::default();
        for text in ["ab", "", "cdef", "g"] {
            outgoing.push(data(text));
        }
        assert_eq!((next(&mut outgoing, 5), outgoing.bytes()), ("abcde".into(), 2));
        assert_eq!((next(&mut outgoing, 5), outgoing.bytes()), ("fg".into(), 0));
        assert!(outgoing.is_empty());
        assert_eq!(next(&mut outgoing, 5), BytesMut::new());
    }

    #[test]
    fn signals_keep_their_place() {
        let mut outgoing = Outgoing::default();
        outgoing.push(data("ab"));
        outgoing.push(ToFarSide::Flag(Flag::DisconnectToPort));
        outgoing.push(data("cd"));
        assert_eq!(outgoing.next_signal(), None);
        assert_eq!(next(&mut outgoing, 9), "ab");
        assert_eq!(outgoing.next_length(9), 0);
        assert_eq!(outgoing.next_signal(), Some(ToFarSide::Flag(Flag::DisconnectToPort)));
        assert_eq!(next(&mut outgoing, 9), "cd");
    }

    #[test]
    fn the_latest_size_counts() {
        let mut outgoing = Outgoing::default();
        for rows in [10, 20, 30] {
            outgoing.push(ToFarSide::Size { columns: 80, rows });
        }
        assert_eq!(outgoing.next_signal(), Some(ToFarSide::Size { columns: 80, rows: 30 }));
        assert_eq!(outgoing.next_signal(), None);
    }
}

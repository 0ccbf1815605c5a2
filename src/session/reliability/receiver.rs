//! The receiving half: what arrives, in its order, each once.

use std::collections::{BTreeMap, VecDeque};

/// Puts numbered messages in order.
#[derive(Debug)]
pub struct Receiver<T> {
    expected: i64,
    early: BTreeMap<i64, (usize, T)>,
    early_bytes: usize,
    ready: VecDeque<T>,
    most_messages: usize,
    most_bytes: usize,
}

/// What becomes of a message that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept, and to be acknowledged.
    Accepted,
    /// It was here before, and is to be acknowledged again: the acknowledgement was lost.
    Repeated,
    /// There is no room for it, or it cannot be: it is not acknowledged, and will be sent again.
    Refused,
}

impl<T> Receiver<T> {
    /// Makes a receiver that keeps at most so many messages and bytes which came too early.
    pub fn new(most_messages: usize, most_bytes: usize) -> Self {
        let (early, ready) = (BTreeMap::new(), VecDeque::new());
        Self { expected: 0, early, early_bytes: 0, ready, most_messages, most_bytes }
    }

    /// Returns the number of the message that is next in order.
    pub fn expected(&self) -> i64 {
        self.expected
    }

    /// Takes a message of so many bytes that has arrived.
    ///
    /// The next in order is always accepted, and with it what waited for it; see [`Self::take`].
    pub fn offer(&mut self, sequence: i64, bytes: usize, message: T) -> Verdict {
        if sequence == self.expected {
            self.ready.push_back(message);
            self.expected += 1;
            self.catch_up();
            return Verdict::Accepted;
        }
        if (0..self.expected).contains(&sequence) || self.early.contains_key(&sequence) {
            return Verdict::Repeated;
        }
        let is_full = self.early.len() >= self.most_messages || self.early_bytes + bytes > self.most_bytes;
        if sequence < 0 || is_full {
            return Verdict::Refused;
        }
        self.early_bytes += bytes;
        self.early.insert(sequence, (bytes, message));
        Verdict::Accepted
    }

    fn catch_up(&mut self) {
        while let Some((bytes, message)) = self.early.remove(&self.expected) {
            self.early_bytes -= bytes;
            self.ready.push_back(message);
            self.expected += 1;
        }
    }

    /// Returns the next message in order, once all before it were taken.
    pub fn take(&mut self) -> Option<T> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(receiver: &mut Receiver<i64>) -> Vec<i64> {
        std::iter::from_fn(|| receiver.take()).collect()
    }

    #[test]
    fn early_messages_wait_for_their_turn() {
        let mut receiver = Receiver::new(10, 100);
        assert_eq!(receiver.offer(2, 1, 2), Verdict::Accepted);
        assert_eq!(receiver.offer(1, 1, 1), Verdict::Accepted);
        assert_eq!(taken(&mut receiver), Vec::<i64>::new());
        assert_eq!(receiver.offer(0, 1, 0), Verdict::Accepted);
        assert_eq!(taken(&mut receiver), [0, 1, 2]);
        assert_eq!(receiver.expected(), 3);
    }

    #[test]
    fn what_came_before_is_acknowledged_again() {
        let mut receiver = Receiver::new(10, 100);
        receiver.offer(0, 1, 0);
        receiver.offer(5, 1, 5);
        assert_eq!(receiver.offer(0, 1, 0), Verdict::Repeated);
        assert_eq!(receiver.offer(5, 1, 5), Verdict::Repeated);
        assert_eq!(taken(&mut receiver), [0]);
    }

    #[test]
    fn a_full_receiver_refuses_all_but_the_next() {
        let mut receiver = Receiver::new(2, 10);
        assert_eq!(receiver.offer(1, 4, 1), Verdict::Accepted);
        assert_eq!(receiver.offer(2, 7, 2), Verdict::Refused, "bytes");
        assert_eq!(receiver.offer(2, 4, 2), Verdict::Accepted);
        assert_eq!(receiver.offer(3, 1, 3), Verdict::Refused, "messages");
        assert_eq!(receiver.offer(0, 99, 0), Verdict::Accepted);
        assert_eq!(taken(&mut receiver), [0, 1, 2]);
        assert_eq!(receiver.offer(3, 1, 3), Verdict::Accepted);
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        let mut receiver = Receiver::new(2, 10);
        assert_eq!(receiver.offer(-1, 1, -1), Verdict::Refused);
        assert_eq!(receiver.offer(i64::MIN, 1, 0), Verdict::Refused);
        assert_eq!(receiver.offer(i64::MAX, 1, 0), Verdict::Accepted);
        assert_eq!(receiver.offer(0, 1, 0), Verdict::Accepted);
        assert_eq!(taken(&mut receiver), [0]);
    }
}

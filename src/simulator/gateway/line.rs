//! One direction between a client and its agent: frames go through at once, unless something is made to go wrong.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::LineFaults;
use crate::simulator::agent::message::PAYLOAD_AT;
use crate::simulator::random::{Dice, unit};

/// How long a frame is kept back that others are to overtake.
const OVERTAKEN: Duration = Duration::from_millis(15);
/// How many frames are kept back at most; what comes then is lost, as on any full line.
const MOST: usize = 65_536;

/// What was done to frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    pub dropped: u64,
    pub repeated: u64,
    pub reordered: u64,
    pub corrupted: u64,
}

/// Frames under way.
#[derive(Debug)]
pub struct Line {
    dice: Dice,
    waiting: BinaryHeap<Reverse<(Instant, u64, Bytes)>>,
    number: u64,
    /// When the last frame that keeps its place is due.
    last: Option<Instant>,
    pub done: Done,
}

impl Line {
    /// Makes a line with its own repeatable chance.
    pub fn new(dice: Dice) -> Self {
        Self { dice, waiting: BinaryHeap::new(), number: 0, last: None, done: Done::default() }
    }

    fn chance(&mut self, part: f64) -> bool {
        part > 0.0 && unit(self.dice.draw()) * 100.0 < part
    }

    /// Takes a frame in; what is due at once goes into `out`.
    pub fn push(&mut self, frame: Bytes, faults: &LineFaults, now: Instant, out: &mut Vec<Bytes>) {
        if *faults == LineFaults::default() && self.waiting.is_empty() {
            out.push(frame);
            return;
        }
        if self.chance(faults.drop) || self.waiting.len() >= MOST {
            self.done.dropped += 1;
            return;
        }
        let frame = if self.chance(faults.corrupt) { self.corrupted(&frame) } else { frame };
        let twice = self.chance(faults.repeat);
        self.done.repeated += u64::from(twice);
        for _ in 0..=u8::from(twice) {
            let due = self.due_at(faults, now);
            self.number += 1;
            self.waiting.push(Reverse((due, self.number, frame.clone())));
        }
        self.due(now, out);
    }

    fn due_at(&mut self, faults: &LineFaults, now: Instant) -> Instant {
        let mut due = now + faults.delay;
        if !faults.jitter.is_zero() {
            due += faults.jitter.mul_f64(unit(self.dice.draw()));
        }
        if self.chance(faults.reorder) {
            self.done.reordered += 1;
            return due + OVERTAKEN;
        }
        if let Some(last) = self.last {
            let pause =
                if faults.throttle > 0.0 { Duration::from_secs_f64(1.0 / faults.throttle) } else { Duration::ZERO };
            due = due.max(last + pause);
        }
        self.last = Some(due);
        due
    }

    /// Changes a byte of the payload, or of the digest where there is none.
    fn corrupted(&mut self, frame: &[u8]) -> Bytes {
        self.done.corrupted += 1;
        let mut changed = BytesMut::from(frame);
        let from = if changed.len() > PAYLOAD_AT { PAYLOAD_AT } else { 80 };
        let at = from + usize::try_from(self.dice.draw()).unwrap_or(0) % changed.len().saturating_sub(from).max(1);
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 0x55;
        }
        changed.freeze()
    }

    /// Takes out what is due.
    pub fn due(&mut self, now: Instant, out: &mut Vec<Bytes>) {
        while self.waiting.peek().is_some_and(|Reverse((due, ..))| *due <= now) {
            out.extend(self.waiting.pop().map(|Reverse((_, _, frame))| frame));
        }
    }

    /// When the next frame is due.
    pub fn next(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse((due, ..))| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(faults: &LineFaults, count: u8) -> (Vec<u8>, Done) {
        let mut line = Line::new(Dice::new(7, &["line"]));
        let (now, mut out) = (Instant::now(), Vec::new());
        for n in 0..count {
            line.push(Bytes::from(vec![n; 130]), faults, now + Duration::from_millis(n.into()), &mut out);
        }
        line.due(now + Duration::from_mins(1), &mut out);
        (out.iter().map(|frame| frame[0]).collect(), line.done)
    }

    #[test]
    fn without_faults_everything_comes_in_order() {
        let (came, done) = through(&LineFaults::default(), 200);
        assert_eq!((came, done), ((0..200).collect(), Done::default()));
        let late =
            LineFaults { delay: Duration::from_millis(25), jitter: Duration::from_millis(40), ..LineFaults::default() };
        assert_eq!(through(&late, 200).0, (0..200).collect::<Vec<_>>(), "lateness keeps the order");
    }

    #[test]
    fn what_goes_wrong_is_counted() {
        let faults = LineFaults { drop: 10.0, repeat: 10.0, reorder: 10.0, corrupt: 10.0, ..LineFaults::default() };
        let (came, done) = through(&faults, 250);
        assert_eq!(came.len() as u64, 250 - done.dropped + done.repeated);
        for count in [done.dropped, done.repeated, done.reordered, done.corrupted] {
            assert!((10..50).contains(&count), "{done:?}");
        }
        assert!(!came.is_sorted());
        assert_eq!(through(&faults, 250).0, came, "the same seed does the same");
    }

    #[test]
    fn a_throttled_line_takes_its_time() {
        let faults = LineFaults { throttle: 100.0, ..LineFaults::default() };
        let mut line = Line::new(Dice::new(7, &["line"]));
        let (now, mut out) = (Instant::now(), Vec::new());
        (0..11).for_each(|_| line.push(Bytes::from_static(b"x"), &faults, now, &mut out));
        assert_eq!((out.len(), line.next()), (1, Some(now + Duration::from_millis(10))));
        line.due(now + Duration::from_millis(100), &mut out);
        assert_eq!(out.len(), 11);
    }
}

//! How much data one message holds.
//!
//! The official programs put 1,024 bytes into a message; agents take much more, and what lies between does not say how
//! much it takes. So a larger size is tried first with a message that holds nothing: the terminal's size, which a port
//! session ignores, with blanks behind it. Where that does not arrive, a small one takes its place, and nothing is lost
//! or repeated: data is never put where it may not pass.

use std::time::{Duration, Instant};

/// What the official programs put into a message.
pub const FIRST: usize = 1_024;

/// Each step is so many times the one before.
const STEP: usize = 4;

/// How many more full messages than others make it worth while to try a larger size.
const WORTH: u32 = 32;

/// How long a larger message may take to be acknowledged.
const WAIT: Duration = Duration::from_secs(2);

/// The size of data in messages, and what is being tried.
#[derive(Debug, Clone)]
pub struct Chunk {
    size: usize,
    ceiling: usize,
    full: u32,
    probe: Option<Probe>,
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    sequence: i64,
    size: usize,
    since: Instant,
}

impl Chunk {
    /// Begins with what is known to pass, at most `largest`.
    pub fn new(largest: usize) -> Self {
        let ceiling = largest.clamp(1, super::message::LARGEST_FRAME / 2);
        Self { size: FIRST.min(ceiling), ceiling, full: 0, probe: None }
    }

    /// Returns the most bytes of data in one message.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Notes that so many bytes went into one message.
    pub fn filled(&mut self, bytes: usize) {
        self.full = if bytes >= self.size { self.full.saturating_add(1) } else { self.full.saturating_sub(1) };
    }

    /// Returns the size that is worth trying now.
    pub fn worth_trying(&self) -> Option<usize> {
        let is_worth = self.probe.is_none() && self.full >= WORTH && self.size < self.ceiling;
        is_worth.then(|| self.size.saturating_mul(STEP).min(self.ceiling))
    }

    /// Notes that a message of a size is on its way.
    pub fn trying(&mut self, sequence: i64, size: usize, now: Instant) {
        self.probe = Some(Probe { sequence, size, since: now });
        self.full = 0;
    }

    /// Notes that a message was acknowledged.
    pub fn acknowledged(&mut self, sequence: i64) {
        if let Some(probe) = self.probe.take_if(|probe| probe.sequence == sequence) {
            self.size = probe.size;
        }
    }

    /// Returns the number of a message that was too large, as it seems: it took too long, or the link broke over it.
    pub fn failed(&mut self, now: Instant, link_broke: bool) -> Option<i64> {
        let is_over = |probe: &mut Probe| link_broke || now.saturating_duration_since(probe.since) >= WAIT;
        let probe = self.probe.take_if(is_over)?;
        self.ceiling = self.size;
        Some(probe.sequence)
    }

    /// Begins to wait anew: nothing could be acknowledged until now.
    pub fn rest(&mut self, now: Instant) {
        if let Some(probe) = &mut self.probe {
            probe.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(chunk: &mut Chunk) {
        (0..WORTH).for_each(|_| chunk.filled(chunk.size()));
    }

    #[test]
    fn it_grows_by_what_arrived() {
        let now = Instant::now();
        let mut chunk = Chunk::new(16 * 1_024);
        assert_eq!((chunk.size(), chunk.worth_trying()), (1_024, None));
        for (sequence, expected) in [(7, 4_096), (9, 16_384)] {
            fill(&mut chunk);
            assert_eq!(chunk.worth_trying(), Some(expected));
            chunk.trying(sequence, expected, now);
            assert_eq!(chunk.worth_trying(), None, "one at a time");
            chunk.acknowledged(sequence + 1);
            assert!(chunk.size() < expected);
            chunk.acknowledged(sequence);
            assert_eq!(chunk.size(), expected);
        }
        fill(&mut chunk);
        assert_eq!(chunk.worth_trying(), None, "the most is reached");
    }

    #[test]
    fn it_stays_where_a_larger_one_does_not_arrive() {
        let now = Instant::now();
        for link_broke in [false, true] {
            let mut chunk = Chunk::new(16 * 1_024);
            fill(&mut chunk);
            chunk.trying(5, 4_096, now);
            assert_eq!(chunk.failed(now, false), None);
            let later = if link_broke { now } else { now + WAIT };
            assert_eq!(chunk.failed(later, link_broke), Some(5));
            fill(&mut chunk);
            assert_eq!((chunk.size(), chunk.worth_trying()), (1_024, None));
            chunk.acknowledged(5);
            assert_eq!(chunk.size(), 1_024, "the small one in its place proves nothing");
        }
    }

    #[test]
    fn few_bytes_at_a_time_are_not_worth_it() {
        let mut chunk = Chunk::new(16 * 1_024);
        for _ in 0..1_000 {
            chunk.filled(chunk.size());
            chunk.filled(1);
        }
        assert_eq!(chunk.worth_trying(), None);
        assert_eq!(Chunk::new(0).size(), 1);
        assert_eq!(Chunk::new(500).size(), 500);
        assert!(Chunk::new(usize::MAX).ceiling < 1 << 20);
    }
}

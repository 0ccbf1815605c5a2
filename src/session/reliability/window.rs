//! How much may be on its way: what acknowledgements show to fit.

use std::time::{Duration, Instant};

use super::RoundTrip;

/// What is on its way at first, in bytes.
const FIRST: usize = 256 * 1024;

/// The least that may be on its way, in bytes.
const LEAST: usize = 32 * 1024;

/// Below this much waiting on the way, more is sent.
const GROW_BELOW: Duration = Duration::from_millis(60);

/// Above this much waiting on the way, less is sent: a key that is typed waits behind it.
const SHRINK_ABOVE: Duration = Duration::from_millis(150);

/// The bytes that may be on their way, between `LEAST` and a maximum.
///
/// The connections below take care of loss. What is left is not to fill the buffers between here and there: the window
/// grows while the round trip stays near its shortest, and shrinks when it does not.
#[derive(Debug, Clone)]
pub struct Window {
    bytes: usize,
    most: usize,
    shrunk_at: Option<Instant>,
}

impl Window {
    /// Makes a window of at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self { bytes: FIRST.min(most), most, shrunk_at: None }
    }

    /// Returns the bytes that may be on their way.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Learns from so many bytes that were acknowledged.
    pub fn acknowledged(&mut self, bytes: usize, trip: &RoundTrip, now: Instant) {
        let queued = trip.queued();
        if queued < GROW_BELOW {
            self.bytes = (self.bytes + bytes).min(self.most);
        } else if queued > SHRINK_ABOVE {
            // Once a round trip: what was done is not seen before.
            let pause = trip.smoothed().unwrap_or_default();
            if self.shrunk_at.is_none_or(|at| now.saturating_duration_since(at) > pause) {
                self.shrink(self.bytes / 8 * 7, now);
            }
        }
    }

    /// Learns that the far side has fallen silent.
    pub fn silent(&mut self, now: Instant) {
        self.shrink(self.bytes / 2, now);
    }

    fn shrink(&mut self, bytes: usize, now: Instant) {
        self.bytes = bytes.max(LEAST.min(self.most));
        self.shrunk_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn it_grows_while_nothing_waits_and_shrinks_when_much_does() {
        let now = Instant::now();
        let (mut window, mut trip) = (Window::new(1 << 20), RoundTrip::default());
        (0..100).for_each(|_| trip.measure(20 * MS, now));
        (0..1_000).for_each(|_| window.acknowledged(1_024, &trip, now));
        assert_eq!(window.bytes(), 1 << 20);
        (0..100).for_each(|_| trip.measure(500 * MS, now));
        (0..1_000).for_each(|_| window.acknowledged(1_024, &trip, now));
        assert_eq!(window.bytes(), (1 << 20) / 8 * 7, "once a round trip");
        (1..100).for_each(|round| window.acknowledged(1, &trip, now + round * 600 * MS));
        assert_eq!(window.bytes(), LEAST);
    }

    #[test]
    fn a_small_maximum_is_kept() {
        let mut window = Window::new(2_000);
        window.silent(Instant::now());
        assert_eq!(window.bytes(), 2_000);
    }
}

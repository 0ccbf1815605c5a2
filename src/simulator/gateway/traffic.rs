//! What went through the gateway, counted.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use bytes::Bytes;
use serde::Serialize;

use super::line::Done;
use crate::simulator::agent::message::Kind;

/// What came from one side, before anything was done to it, and what was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Frames of data, what came twice included.
    pub frames: u64,
    /// Frames of data whose number had come before.
    pub duplicates: u64,
    /// Acknowledgements.
    pub acks: u64,
    /// Bytes of all frames.
    pub bytes: u64,
    /// Frames that were lost on purpose.
    pub dropped: u64,
    /// Frames that were doubled on purpose.
    pub repeated: u64,
    /// Frames that were overtaken on purpose.
    pub reordered: u64,
    /// Frames that were changed on purpose.
    pub corrupted: u64,
}

/// What went through the gateway since the start or the last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Connections that opened a channel.
    pub connections: u64,
    /// From clients to agents.
    pub up: Flow,
    /// From agents to clients.
    pub down: Flow,
}

/// The counters of one direction.
#[derive(Debug, Default)]
pub struct Counters {
    frames: AtomicU64,
    duplicates: AtomicU64,
    acks: AtomicU64,
    bytes: AtomicU64,
    dropped: AtomicU64,
    repeated: AtomicU64,
    reordered: AtomicU64,
    corrupted: AtomicU64,
}

impl Counters {
    /// Counts a frame; `highest` is the highest number of data that its session had in this direction.
    pub fn count(&self, frame: &Bytes, kind: Option<Kind>, highest: &AtomicI64) {
        self.bytes.fetch_add(frame.len() as u64, Ordering::Relaxed);
        match kind {
            Some(Kind::Acknowledge) => self.acks.fetch_add(1, Ordering::Relaxed),
            Some(Kind::Input | Kind::Output) => {
                let number = frame.get(48..56).and_then(|bytes| bytes.try_into().ok()).map_or(-1, i64::from_be_bytes);
                if highest.fetch_max(number, Ordering::Relaxed) >= number {
                    self.duplicates.fetch_add(1, Ordering::Relaxed);
                }
                self.frames.fetch_add(1, Ordering::Relaxed)
            }
            _ => 0,
        };
    }

    /// Counts what a line did, and lets it begin anew.
    pub fn count_done(&self, done: &mut Done) {
        let Done { dropped, repeated, reordered, corrupted } = std::mem::take(done);
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
        self.repeated.fetch_add(repeated, Ordering::Relaxed);
        self.reordered.fetch_add(reordered, Ordering::Relaxed);
        self.corrupted.fetch_add(corrupted, Ordering::Relaxed);
    }

    /// Counts a message that was too long.
    pub fn count_oversize(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads the counts.
    pub fn read(&self) -> Flow {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Flow {
            frames: of(&self.frames),
            duplicates: of(&self.duplicates),
            acks: of(&self.acks),
            bytes: of(&self.bytes),
            dropped: of(&self.dropped),
            repeated: of(&self.repeated),
            reordered: of(&self.reordered),
            corrupted: of(&self.corrupted),
        }
    }

    /// Begins again at nothing.
    pub fn reset(&self) {
        let all = [&self.frames, &self.duplicates, &self.acks, &self.bytes];
        let harm = [&self.dropped, &self.repeated, &self.reordered, &self.corrupted];
        all.into_iter().chain(harm).for_each(|counter| counter.store(0, Ordering::Relaxed));
    }
}

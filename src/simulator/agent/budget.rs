//! Bounds what lies between the channel and whoever reads it slowly.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// What one item costs at least, so that many small ones are bounded as well.
const LEAST: usize = 64;

/// Bytes that were handed on and not yet taken.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    most: usize,
    freed: Notify,
}

impl Budget {
    /// Allows so many bytes.
    pub fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most, freed: Notify::new() }
    }

    /// Counts an item that is handed on.
    pub fn charge(&self, bytes: usize) {
        self.used.fetch_add(bytes.max(LEAST), Ordering::AcqRel);
    }

    /// Counts an item that was taken, or thrown away.
    pub fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes.max(LEAST), Ordering::AcqRel);
        self.freed.notify_waiters();
    }

    /// Whether nothing more should be handed on.
    pub fn is_full(&self) -> bool {
        self.used.load(Ordering::Acquire) >= self.most
    }

    /// Waits until there is room.
    pub async fn room(&self) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if !self.is_full() {
                return;
            }
            freed.await;
        }
    }
}

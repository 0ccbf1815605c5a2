//! How connections are spread over sessions, and when another one is opened.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tokio::time::{Instant, sleep_until};

use super::{Fleet, Slot, locked};
use crate::session::tunnel::session::{Lease, Session};

/// Counts a connection among those that wait, as long as it lives.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn new(count: &'w AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Slot {
    /// Returns its session, if that takes new connections.
    fn open(&self) -> Option<&Arc<Session>> {
        self.session.as_ref().filter(|session| !self.is_leaving && !session.over.is_cancelled())
    }
}

impl Fleet {
    /// Waits for a session, and counts a connection in.
    ///
    /// One that nobody uses is taken at once. Where each has a connection and another one is being opened, that is
    /// waited for a little while; then the one that has the fewest is shared.
    pub async fn lease(self: &Arc<Self>) -> Option<Lease> {
        let mut ready = self.ready.subscribe();
        let share_at = Instant::now() + self.share_after;
        let lease = {
            let _waiting = Waiting::new(&self.waiting);
            loop {
                self.grow();
                let may_share = Instant::now() >= share_at;
                if let Some(lease) = self.claim(may_share) {
                    break lease;
                }
                tokio::select! {
                    changed = ready.changed() => changed.ok()?,
                    () = sleep_until(share_at), if !may_share => {}
                }
            }
        };
        // The next connection is likely to find one that is ready.
        self.grow();
        Some(lease)
    }

    /// Returns the ready session that has the fewest connections, for a probe.
    pub fn any(&self) -> Option<Arc<Session>> {
        least_loaded(&locked(&self.slots)).cloned()
    }

    fn claim(&self, may_share: bool) -> Option<Lease> {
        let slots = locked(&self.slots);
        let least = least_loaded(&slots)?;
        let is_taken = least.load() == 0 || may_share || !slots.iter().any(|slot| slot.is_coming);
        // Counted in under the lock, so that the next one sees it.
        is_taken.then(|| Lease::new(Arc::clone(least)))
    }

    /// Opens sessions for those who wait, and one where every open one is in use, as far as there may be more.
    fn grow(self: &Arc<Self>) {
        let is_early = locked(&self.grow_from).is_some_and(|from| Instant::now() < from);
        if is_early || self.stop.is_cancelled() {
            return;
        }
        let wanted = self.waiting.load(SeqCst).max(1);
        let mut slots = locked(&self.slots);
        let free = slots.iter().filter_map(Slot::open).filter(|session| session.load() == 0).count();
        let coming = slots.iter().filter(|slot| slot.is_coming).count();
        let there = slots.iter().filter(|slot| !slot.is_leaving).count();
        let new = wanted.saturating_sub(free + coming).min(self.most.saturating_sub(there));
        for _ in 0..new {
            self.add(&mut slots, None);
        }
    }
}

/// Prefers sessions whose destination is not known to refuse, then those that have few connections.
fn least_loaded(slots: &[Slot]) -> Option<&Arc<Session>> {
    slots.iter().filter_map(Slot::open).min_by_key(|session| (session.renew.is_cancelled(), session.load()))
}

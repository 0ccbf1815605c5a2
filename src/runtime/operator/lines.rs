//! The lines to the operations that the console has started, and what it wishes of those that are not there yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::domain::session::LiveId;
use crate::operate::{Input, Live};

/// What stands at the other end of a line.
pub(super) trait Far: Send + Sync + 'static {
    /// Returns what takes sizes.
    fn input(&self) -> &mpsc::Sender<Input>;

    /// Ends it, however much input waits.
    fn end(&self);
}

impl Far for Live {
    fn input(&self) -> &mpsc::Sender<Input> {
        &self.input
    }

    fn end(&self) {
        Self::end(self);
    }
}

/// What is wished of an operation; the latest counts, and nothing is lost while it is starting.
#[derive(Debug, Clone, Copy, Default)]
struct Wishes {
    size: Option<(u16, u16)>,
    end: bool,
}

/// One line: it exists from the moment on in which the operation was asked for.
struct Line<F> {
    wishes: watch::Sender<Wishes>,
    far: Option<Arc<F>>,
}

/// Holds the lines by the numbers of their sessions; all clones hold the same.
pub(super) struct Lines<F>(Arc<Mutex<HashMap<LiveId, Line<F>>>>);

impl<F> Clone for Lines<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> Default for Lines<F> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<F: Far> Lines<F> {
    fn all(&self) -> MutexGuard<'_, HashMap<LiveId, Line<F>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a line to an operation that was asked for.
    pub(super) fn open(&self, id: LiveId) {
        self.all().insert(id, Line { wishes: watch::Sender::default(), far: None });
    }

    /// Joins the line with the operation, now that it is there; what was wished meanwhile is done.
    ///
    /// Must be called within a tokio runtime.
    pub(super) fn join(&self, id: LiveId, far: F) {
        if let Some(line) = self.all().get_mut(&id) {
            let far = Arc::new(far);
            line.far = Some(Arc::clone(&far));
            tokio::spawn(forward(line.wishes.subscribe(), far));
        }
    }

    /// Returns the operation, once it is there.
    pub(super) fn far(&self, id: LiveId) -> Option<Arc<F>> {
        self.all().get(&id)?.far.clone()
    }

    /// Wishes a size.
    pub(super) fn size(&self, id: LiveId, columns: u16, rows: u16) {
        self.wish(id, |wishes| wishes.size = Some((columns, rows)));
    }

    /// Wishes the end.
    pub(super) fn end(&self, id: LiveId) {
        self.wish(id, |wishes| wishes.end = true);
    }

    /// Closes the line to an operation that is over, or was never there.
    pub(super) fn close(&self, id: LiveId) {
        self.all().remove(&id);
    }

    fn wish(&self, id: LiveId, change: impl FnOnce(&mut Wishes)) {
        if let Some(line) = self.all().get(&id) {
            line.wishes.send_modify(change);
        }
    }
}

/// Does what is wished last, until the end is wished or the line is closed.
async fn forward<F: Far>(mut wishes: watch::Receiver<Wishes>, far: Arc<F>) {
    let mut sent = None;
    loop {
        let Wishes { size, end } = *wishes.borrow_and_update();
        if end {
            far.end();
            return;
        }
        let Some((columns, rows)) = size.filter(|_| size != sent) else {
            if wishes.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            // Keys may be waiting for a far side that takes none; the end, or a later size, does not wait for it.
            biased;
            changed = wishes.changed() => if changed.is_err() {
                return;
            },
            done = far.input().send(Input::Size(columns, rows)) => match done {
                Ok(()) => sent = size,
                Err(_) => return,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;

    use super::*;

    const ID: LiveId = LiveId(1);

    struct Shell {
        input: mpsc::Sender<Input>,
        stop: CancellationToken,
    }

    impl Far for Shell {
        fn input(&self) -> &mpsc::Sender<Input> {
            &self.input
        }

        fn end(&self) {
            self.stop.cancel();
        }
    }

    fn shell(room: usize) -> (Shell, mpsc::Receiver<Input>, CancellationToken) {
        let (input, taken) = mpsc::channel(room);
        let stop = CancellationToken::new();
        (Shell { input, stop: stop.clone() }, taken, stop)
    }

    /// Starts a session that is there only once it is told to be, as one does whose start AWS takes its time for.
    fn starting(lines: &Lines<Shell>, shell: Shell) -> Arc<Notify> {
        let (ready, lines) = (Arc::new(Notify::new()), lines.clone());
        lines.open(ID);
        let started = Arc::clone(&ready);
        tokio::spawn(async move {
            started.notified().await;
            lines.join(ID, shell);
        });
        ready
    }

    #[tokio::test]
    async fn the_end_that_was_wished_during_a_slow_start_comes_with_it() {
        let (lines, (shell, _taken, stop)) = (Lines::default(), shell(1));
        let ready = starting(&lines, shell);
        lines.end(ID);
        tokio::task::yield_now().await;
        assert!(!stop.is_cancelled());
        ready.notify_one();
        stop.cancelled().await;
    }

    #[tokio::test]
    async fn the_last_size_that_was_wished_during_a_slow_start_is_told_and_only_that() {
        let (lines, (shell, mut taken, stop)) = (Lines::default(), shell(4));
        let ready = starting(&lines, shell);
        lines.size(ID, 80, 24);
        lines.size(ID, 100, 30);
        ready.notify_one();
        assert_eq!(taken.recv().await, Some(Input::Size(100, 30)));
        lines.end(ID);
        stop.cancelled().await;
        lines.close(ID);
        assert_eq!(taken.recv().await, None);
    }

    #[tokio::test]
    async fn sizes_that_wait_for_keys_come_in_order_and_the_end_waits_for_neither() {
        let (lines, (shell, mut taken, stop)) = (Lines::default(), shell(1));
        let keys = Input::Bytes(bytes::Bytes::from_static(b"x"));
        shell.input.try_send(keys.clone()).unwrap();
        lines.open(ID);
        lines.join(ID, shell);
        for columns in 80..200 {
            lines.size(ID, columns, 24);
            tokio::task::yield_now().await;
        }
        assert_eq!(taken.recv().await, Some(keys));
        assert_eq!(taken.recv().await, Some(Input::Size(199, 24)));
        lines.far(ID).unwrap().input.try_send(Input::Size(1, 1)).unwrap();
        lines.size(ID, 50, 20);
        tokio::task::yield_now().await;
        lines.end(ID);
        stop.cancelled().await;
        assert_eq!(taken.recv().await, Some(Input::Size(1, 1)));
    }
}

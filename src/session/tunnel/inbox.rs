//! What came for a connection and was not yet taken: bounded, so that nobody else has to wait for it.

use std::{
    collections::{HashMap, VecDeque},
    io::IoSlice,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Pieces shorter than this are copied together where they have to wait: each one would hold its whole message.
const SHORT: usize = 1024;

/// Where this much waits, what comes is copied: its reader is slow anyway, and a piece may be a small part of its message.
const BEHIND: usize = 256 * 1024;

/// The length of the blocks that short pieces are copied into.
const BLOCK: usize = 64 * 1024;

/// The most pieces that are taken at once.
const BATCH: usize = 64;

/// Says how a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamEnd {
    /// The far side said all that it had to say.
    Finished,
    /// The agent could not connect to the destination.
    Refused,
    /// More came than may wait here.
    Overrun,
    /// The session is over.
    Lost,
}

/// Bounds what waits for all connections of a tunnel together.
#[derive(Debug)]
pub struct Pool {
    each: usize,
    in_all: usize,
    waiting: AtomicUsize,
    next: AtomicU64,
    members: Mutex<HashMap<u64, Weak<Inbox>>>,
}

/// Holds what came for one connection until it is taken.
#[derive(Debug)]
pub struct Inbox {
    number: u64,
    pool: Arc<Pool>,
    state: Mutex<State>,
    /// Tells the one reader that something came.
    came: Notify,
    /// Cancelled when more came than may wait.
    overran: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Bytes>,
    /// Short pieces, copied together; they come behind `pieces`.
    tail: BytesMut,
    bytes: usize,
    is_used: bool,
    end: Option<StreamEnd>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Makes a pool whose inboxes hold at most so many bytes each, and so many in all.
    pub fn new(each: usize, in_all: usize) -> Arc<Self> {
        let (waiting, next, members) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::default());
        Arc::new(Self { each, in_all, waiting, next, members })
    }

    /// Makes an inbox.
    pub fn inbox(self: &Arc<Self>) -> Arc<Inbox> {
        let number = self.next.fetch_add(1, Relaxed);
        let inbox = Arc::new(Inbox {
            number,
            pool: Arc::clone(self),
            state: Mutex::default(),
            came: Notify::new(),
            overran: CancellationToken::new(),
        });
        locked(&self.members).insert(number, Arc::downgrade(&inbox));
        inbox
    }

    /// Returns how many bytes wait in all.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Gives up the connection that most waits for: it, not whoever came last, keeps the others from being served.
    fn cut_largest(&self) {
        let members: Vec<Arc<Inbox>> = locked(&self.members).values().filter_map(Weak::upgrade).collect();
        if let Some(largest) = members.iter().max_by_key(|inbox| inbox.waiting()) {
            largest.overrun();
        }
    }
}

impl Inbox {
    /// Takes in what came; never waits. What comes after the end is dropped.
    pub fn push(&self, data: Bytes) {
        let mut state = locked(&self.state);
        if state.end.is_some() || data.is_empty() {
            return;
        }
        if state.bytes + data.len() > self.pool.each {
            drop(state);
            return self.overrun();
        }
        let in_all = self.pool.waiting.fetch_add(data.len(), Relaxed) + data.len();
        state.push(data);
        drop(state);
        self.came.notify_one();
        if in_all > self.pool.in_all {
            self.pool.cut_largest();
        }
    }

    /// Says that nothing more comes; what waits is still to be taken. The first end counts.
    pub fn finish(&self, end: StreamEnd) {
        locked(&self.state).end.get_or_insert(end);
        self.came.notify_one();
    }

    /// Ends the stream and drops what waits.
    fn overrun(&self) {
        let mut state = locked(&self.state);
        let bytes = std::mem::take(&mut state.bytes);
        (state.pieces, state.tail) = (VecDeque::new(), BytesMut::new());
        // What waited is lost: whatever end was said before, this one counts.
        state.end = Some(StreamEnd::Overrun);
        drop(state);
        self.pool.waiting.fetch_sub(bytes, Relaxed);
        self.overran.cancel();
        self.came.notify_one();
    }

    /// Returns what is cancelled when more came than may wait, so that who is busy with what came before hears of it.
    pub fn overran(&self) -> &CancellationToken {
        &self.overran
    }

    /// Tells whether anything ever came.
    pub fn is_used(&self) -> bool {
        locked(&self.state).is_used
    }

    /// Returns how many bytes wait.
    pub fn waiting(&self) -> usize {
        locked(&self.state).bytes
    }

    /// Waits for what comes and puts it into the batch, or says how the stream ended. There is one reader only.
    pub async fn next(&self, batch: &mut Batch) -> Result<(), StreamEnd> {
        loop {
            {
                let mut state = locked(&self.state);
                let taken = state.take(batch);
                if taken > 0 {
                    self.pool.waiting.fetch_sub(taken, Relaxed);
                    return Ok(());
                }
                if let Some(end) = state.end {
                    return Err(end);
                }
            }
            self.came.notified().await;
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.pool.waiting.fetch_sub(locked(&self.state).bytes, Relaxed);
        locked(&self.pool.members).remove(&self.number);
    }
}

impl State {
    fn push(&mut self, data: Bytes) {
        let is_copied = self.bytes > 0 && (data.len() < SHORT || self.bytes >= BEHIND);
        self.bytes += data.len();
        self.is_used = true;
        if is_copied {
            self.tail.extend_from_slice(&data);
            if self.tail.len() >= BLOCK {
                self.pieces.push_back(self.tail.split().freeze());
            }
            return;
        }
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
        self.pieces.push_back(data);
    }

    /// Moves up to a batch of pieces; returns how many bytes they are.
    fn take(&mut self, batch: &mut Batch) -> usize {
        let (before, taken) = (batch.remaining(), self.pieces.len().min(BATCH));
        batch.0.extend(self.pieces.drain(..taken));
        if taken < BATCH && !self.tail.is_empty() {
            batch.0.push_back(self.tail.split().freeze());
        }
        let bytes = batch.remaining() - before;
        self.bytes -= bytes;
        bytes
    }
}

/// Pieces that are written together.
#[derive(Debug, Default)]
pub struct Batch(VecDeque<Bytes>);

impl Batch {
    /// Adds a piece.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.0.push_back(piece);
        }
    }
}

impl Buf for Batch {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let filled = self.0.len().min(into.len());
        for (slice, piece) in into.iter_mut().zip(&self.0) {
            *slice = IoSlice::new(piece);
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(front) = self.0.front_mut() else { return };
            let step = count.min(front.len());
            front.advance(step);
            count -= step;
            if front.is_empty() {
                self.0.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn all(inbox: &Inbox) -> (Vec<u8>, StreamEnd) {
        let (mut bytes, mut batch) = (Vec::new(), Batch::default());
        loop {
            match inbox.next(&mut batch).await {
                Ok(()) => bytes.extend_from_slice(&batch.copy_to_bytes(batch.remaining())),
                Err(end) => return (bytes, end),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_pushed_comes_out_whole(lengths in prop::collection::vec(1usize..5000, 0..300)) {
            let pool = Pool::new(16 << 20, 16 << 20);
            let inbox = pool.inbox();
            let mut expected = Vec::new();
            for (at, length) in lengths.iter().enumerate() {
                let piece: Vec<u8> = (0..*length).map(|byte| (byte * 31 + at).to_le_bytes()[0]).collect();
                expected.extend_from_slice(&piece);
                inbox.push(piece.into());
            }
            prop_assert_eq!(pool.waiting(), expected.len());
            inbox.finish(StreamEnd::Finished);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(all(&inbox)), (expected, StreamEnd::Finished));
            prop_assert_eq!(pool.waiting(), 0);
        }
    }

    #[tokio::test]
    async fn a_full_inbox_ends_and_frees_what_it_held() {
        let pool = Pool::new(1000, 10_000);
        let (full, other) = (pool.inbox(), pool.inbox());
        full.push(vec![1; 900].into());
        other.push(vec![2; 900].into());
        full.finish(StreamEnd::Finished);
        assert_eq!(pool.waiting(), 1800);
        other.push(vec![2; 101].into());
        assert_eq!(all(&other).await, (Vec::new(), StreamEnd::Overrun));
        assert_eq!(pool.waiting(), 900);
        assert_eq!(all(&full).await, (vec![1; 900], StreamEnd::Finished));
    }

    #[tokio::test]
    async fn where_all_is_full_the_one_that_most_waits_for_is_given_up() {
        let pool = Pool::new(1000, 1500);
        let (stalled, busy) = (pool.inbox(), pool.inbox());
        stalled.push(vec![1; 1000].into());
        busy.push(vec![2; 501].into());
        busy.finish(StreamEnd::Finished);
        assert_eq!(all(&stalled).await.1, StreamEnd::Overrun);
        assert_eq!(all(&busy).await, (vec![2; 501], StreamEnd::Finished));
        drop((stalled, busy));
        assert_eq!((pool.waiting(), locked(&pool.members).len()), (0, 0));
    }

    #[test]
    fn a_batch_is_written_across_the_borders_of_its_pieces() {
        let mut batch = Batch::default();
        for piece in [&b"ab"[..], b"", b"cde", b"f"] {
            batch.push(Bytes::from_static(piece));
        }
        let mut slices = [IoSlice::new(&[]); 8];
        assert_eq!(batch.chunks_vectored(&mut slices), 3);
        assert_eq!((batch.remaining(), batch.chunk()), (6, &b"ab"[..]));
        batch.advance(3);
        assert_eq!((batch.remaining(), batch.chunk()), (3, &b"de"[..]));
        batch.advance(3);
        assert!(!batch.has_remaining() && batch.chunk().is_empty());
    }
}

//! Many connections in one session: streams of smux, opened by us.
//!
//! One task reads for all of them and never waits for any: each stream has an [`Inbox`], bounded. To the far side every
//! stream sends one frame at a time and waits its turn, which the channel gives in the order of asking: who sends
//! much waits as often as who sends a keystroke.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Far, Sender},
    inbox::{Batch, Inbox, Pool, StreamEnd},
    smux::{self, Decoder, Fault, Frame},
};
use crate::session::conduit::{Flag, FromFarSide, ToFarSide};

/// How often something is sent where the agent wants to be kept alive.
///
/// Source: the defaults of smux, which the official client and agent keep.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How many streams that only we have closed are remembered, to know whose a late refusal is.
const REMEMBERED: usize = 1024;

/// How many messages are taken from the channel at once.
const BATCH: usize = 64;

/// The streams of one session.
#[derive(Debug)]
pub struct Mux {
    to: mpsc::Sender<ToFarSide>,
    pool: Arc<Pool>,
    streams: Mutex<Streams>,
    /// Tells the reading task that a stream is to be closed.
    parting: Notify,
}

#[derive(Debug)]
struct Streams {
    open: HashMap<u32, Arc<Inbox>>,
    /// Those that we have closed and the far side has not, each with whether it ever sent anything.
    closed: HashMap<u32, bool>,
    /// Those to tell the far side that they are closed.
    parting: Vec<u32>,
    /// The number of the next one; none where all are used up.
    next: Option<u32>,
    /// Refusals whose stream is not known yet.
    refusals: usize,
    is_over: bool,
    decoder: Decoder,
}

/// One stream; dropping it closes it.
#[derive(Debug)]
pub struct Stream {
    mux: Arc<Mux>,
    number: u32,
    inbox: Arc<Inbox>,
}

impl Mux {
    /// Makes the near end of a session's streams.
    pub fn new(to: mpsc::Sender<ToFarSide>, pool: Arc<Pool>) -> Arc<Self> {
        let streams = Streams {
            open: HashMap::new(),
            closed: HashMap::new(),
            parting: Vec::new(),
            next: Some(smux::FIRST_STREAM),
            refusals: 0,
            is_over: false,
            decoder: Decoder::default(),
        };
        Arc::new(Self { to, pool, streams: Mutex::new(streams), parting: Notify::new() })
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream; `None` where the session is over or has no numbers left.
    pub async fn open(self: &Arc<Self>) -> Option<Stream> {
        let inbox = self.pool.inbox();
        let number = {
            let mut streams = self.streams();
            let number = streams.next.filter(|_| !streams.is_over)?;
            streams.next = number.checked_add(2);
            streams.open.insert(number, Arc::clone(&inbox));
            number
        };
        // From here on, dropping it cleans up.
        let stream = Stream { mux: Arc::clone(self), number, inbox };
        self.to.send(ToFarSide::Data(smux::open(number))).await.ok()?;
        Some(stream)
    }

    /// Reads for all streams until the session is over, and closes those that were dropped.
    pub async fn read(&self, mut from: mpsc::Receiver<FromFarSide>, keep_alive: bool) -> Result<(), Fault> {
        let (mut items, mut parting) = (Vec::with_capacity(BATCH), Vec::new());
        let mut tick = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_idle_due = false;
        let result = loop {
            tokio::select! {
                count = from.recv_many(&mut items, BATCH) => {
                    if count == 0 {
                        break Ok(());
                    }
                    if let Err(fault) = items.drain(..).try_for_each(|item| self.take(item)) {
                        break Err(fault);
                    }
                }
                () = self.parting.notified() => parting.append(&mut self.streams().parting),
                _ = tick.tick(), if keep_alive => is_idle_due = true,
                permit = self.to.reserve(), if is_idle_due || !parting.is_empty() => match (permit, parting.pop()) {
                    (Ok(permit), Some(stream)) => permit.send(ToFarSide::Data(smux::close(stream))),
                    (Ok(permit), None) => {
                        is_idle_due = false;
                        permit.send(ToFarSide::Data(smux::idle()));
                    }
                    // The channel takes nothing any more: what it still holds for us comes, then its end.
                    (Err(_), _) => (is_idle_due, parting) = (false, Vec::new()),
                },
            }
        };
        self.end();
        result
    }

    /// Ends every stream: the session is over.
    pub fn end(&self) {
        let mut streams = self.streams();
        streams.is_over = true;
        for (_, inbox) in streams.open.drain() {
            inbox.finish(StreamEnd::Lost);
        }
    }

    /// Hands on what came; never waits.
    fn take(&self, item: FromFarSide) -> Result<(), Fault> {
        let mut streams = self.streams();
        match item {
            FromFarSide::Data(mut piece) => {
                while let Some(frame) = streams.decoder.next(&mut piece)? {
                    streams.take(frame);
                }
            }
            // One for each stream at most, whatever the far side sends.
            FromFarSide::Flag(Flag::ConnectToPortError) => {
                streams.refusals = (streams.refusals + 1).min(streams.open.len() + streams.closed.len());
            }
            FromFarSide::Flag(_) | FromFarSide::StandardError(_) | FromFarSide::ExitCode(_) => {}
        }
        Ok(())
    }
}

impl Streams {
    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Data(stream, data) => {
                if let Some(inbox) = self.open.get(&stream) {
                    inbox.push(data);
                }
            }
            Frame::Close(stream) => match self.open.remove(&stream) {
                Some(inbox) => {
                    let is_refused = self.is_refused(inbox.is_used());
                    inbox.finish(if is_refused { StreamEnd::Refused } else { StreamEnd::Finished });
                }
                None => {
                    if let Some(is_used) = self.closed.remove(&stream) {
                        self.is_refused(is_used);
                    }
                }
            },
            // Agents open no streams; one that did would wait for ever, and nobody for it.
            Frame::Open(_) | Frame::Idle => {}
        }
    }

    /// Tells whether a stream that ends was refused: the agent's signal does not say which one it means, so that it is
    /// the next one that ends without having sent anything.
    fn is_refused(&mut self, is_used: bool) -> bool {
        let is_refused = !is_used && self.refusals > 0;
        self.refusals -= usize::from(is_refused);
        is_refused
    }
}

impl Stream {
    /// Sends a few bytes.
    pub async fn send(&self, data: &[u8]) -> Option<()> {
        let sender = self.sender();
        let mut block = BytesMut::from(&[0; smux::HEADER][..]);
        block.extend_from_slice(data);
        sender.send(block).await
    }
}

impl Far for Stream {
    fn sender(&self) -> Sender {
        Sender { to: self.mux.to.clone(), stream: Some(self.number) }
    }

    fn overran(&self) -> CancellationToken {
        self.inbox.overran().clone()
    }

    async fn next(&mut self, batch: &mut Batch) -> Result<(), StreamEnd> {
        self.inbox.next(batch).await
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut streams = self.mux.streams();
        if streams.is_over {
            return;
        }
        if streams.open.remove(&self.number).is_some() {
            if streams.closed.len() >= REMEMBERED {
                streams.closed.clear();
            }
            streams.closed.insert(self.number, self.inbox.is_used());
        }
        streams.parting.push(self.number);
        drop(streams);
        self.mux.parting.notify_one();
    }
}

/// Puts a frame's header into the room that was left for it.
pub fn sealed(mut block: BytesMut, stream: u32) -> Bytes {
    // What is read at once is bounded far below.
    let length = u16::try_from(block.len() - smux::HEADER).unwrap_or(u16::MAX);
    block[..smux::HEADER].copy_from_slice(&smux::data_header(stream, length));
    block.freeze()
}

//! One connection: a local socket on this side, a stream of the session on the other.
//!
//! An end of the local side's sending is not told to the far side at once: the agent would take it for the end of the
//! connection, and what it still had to say would be lost. Whatever ends otherwise than by an end that the far side
//! meant is ended with a reset, so that nobody takes what came for the whole.

use std::{io, pin::pin, time::Duration};

use bytes::{BufMut, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    inbox::{Batch, StreamEnd},
    mux, smux,
    stats::Track,
};
use crate::session::conduit::ToFarSide;

/// The room in which a connection reads what is to be sent.
const BLOCK: usize = 64 * 1024;

/// The least room for which a connection reads.
const LEAST_READ: usize = 4096;

/// How often is looked, in the time in which nothing may come, whether something did.
const LOOKS: u32 = 8;

/// How long a local socket may take no more until the connection counts as stalled.
const STALLED_AFTER: Duration = Duration::from_secs(1);

/// The far end of a connection, to be read from; it is sent to through its [`Sender`].
pub trait Far: Send {
    /// Returns what sends to it.
    fn sender(&self) -> Sender;

    /// Returns what is cancelled when more came than may wait for the local side.
    fn overran(&self) -> CancellationToken;

    /// Waits for what comes and puts it into the batch, or says how it ended.
    fn next(&mut self, batch: &mut Batch) -> impl Future<Output = Result<(), StreamEnd>> + Send;
}

/// Sends to the far end of one connection.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Where all of the session goes.
    pub to: mpsc::Sender<ToFarSide>,
    /// The stream that the bytes are framed for; none where they go as they are.
    pub stream: Option<u32>,
}

impl Sender {
    /// Returns how much room a block leaves at its front for what is put there when it is sent.
    pub fn room(&self) -> usize {
        if self.stream.is_some() { smux::HEADER } else { 0 }
    }

    /// Sends a block that was begun with [`Self::room`]; `None` where the session takes nothing any more.
    pub async fn send(&self, block: BytesMut) -> Option<()> {
        let bytes = match self.stream {
            Some(stream) => mux::sealed(block, stream),
            None => block.freeze(),
        };
        self.to.send(ToFarSide::Data(bytes)).await.ok()
    }
}

/// How patient a connection is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long nothing may come from the far side after the local side said all, until the connection is closed.
    pub quiet: Duration,
    /// How long the local side may go on sending into the void after the far side said all.
    pub linger: Duration,
}

/// Says how a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionEnd {
    /// One side closed it, both did, or the far side had nothing to say to a local side that had said all.
    Closed,
    /// The agent could not connect to the destination.
    Refused,
    /// The local side read too slowly, and more came than may wait.
    Overrun,
    /// Its session ended.
    Lost,
    /// The tunnel was closed.
    Cut,
}

/// What ended first, and what is left to do.
enum Outcome {
    /// The far side said all, and the local side was told so.
    FarFinished,
    /// The local side is gone.
    LocalGone,
    /// The local side said all, and nothing came any more.
    Silence,
    /// The far side ended in another way.
    Broken(StreamEnd),
}

/// Carries bytes both ways until the connection ends.
pub async fn carry<F: Far>(socket: &mut TcpStream, mut far: F, track: &Track, patience: Patience) -> ConnectionEnd {
    let (mut read, mut write) = socket.split();
    let sender = far.sender();
    let outcome = {
        let mut up = pin!(send_all(&mut read, &sender, track));
        let mut down = pin!(receive_all(&mut write, &mut far, track));
        tokio::select! {
            outcome = &mut down => outcome,
            said = &mut up => match said {
                Said::All => {
                    track.half_close();
                    tokio::select! {
                        outcome = &mut down => outcome,
                        () = silence(track, patience.quiet) => Outcome::Silence,
                    }
                }
                Said::Broken => Outcome::LocalGone,
                // Why the session takes nothing any more, is on its way.
                Said::Unheard => down.await,
            },
        }
    };
    match outcome {
        Outcome::FarFinished => {
            drop(far);
            // To close now would reset the connection, and what was just delivered could be lost with it.
            let _ = timeout(patience.linger, discard(&mut read)).await;
            ConnectionEnd::Closed
        }
        Outcome::LocalGone => ConnectionEnd::Closed,
        // It may still be listening, and an orderly end would tell it that this was all.
        Outcome::Silence => {
            reset(socket);
            ConnectionEnd::Closed
        }
        Outcome::Broken(end) => {
            reset(socket);
            match end {
                StreamEnd::Refused => ConnectionEnd::Refused,
                StreamEnd::Overrun => ConnectionEnd::Overrun,
                StreamEnd::Finished | StreamEnd::Lost => ConnectionEnd::Lost,
            }
        }
    }
}

/// Makes the end of a connection, which comes next, a reset.
pub fn reset(socket: &TcpStream) {
    // Where this fails the socket is gone already.
    let _ = socket.set_zero_linger();
}

/// Says why nothing more is sent.
enum Said {
    /// The local side said all.
    All,
    /// The local side is gone.
    Broken,
    /// The session takes nothing any more.
    Unheard,
}

async fn send_all(read: &mut ReadHalf<'_>, sender: &Sender, track: &Track) -> Said {
    let mut buffer = BytesMut::new();
    let room = sender.room();
    loop {
        if read.readable().await.is_err() {
            return Said::Broken;
        }
        if buffer.capacity() < room + LEAST_READ {
            // What was sent is still held until it is acknowledged; its block goes then.
            buffer = BytesMut::with_capacity(BLOCK);
        }
        buffer.put_bytes(0, room);
        match read.try_read_buf(&mut (&mut buffer).limit(smux::LARGEST_DATA)) {
            Ok(0) => return Said::All,
            Ok(length) => {
                if sender.send(buffer.split()).await.is_none() {
                    return Said::Unheard;
                }
                track.sent(length);
            }
            // A connection that says nothing holds no block.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => buffer = BytesMut::new(),
            Err(_) => return Said::Broken,
        }
    }
}

async fn receive_all<F: Far>(write: &mut WriteHalf<'_>, far: &mut F, track: &Track) -> Outcome {
    let (mut batch, overran) = (Batch::default(), far.overran());
    loop {
        match far.next(&mut batch).await {
            Ok(()) => {
                track.received(bytes::Buf::remaining(&batch));
                match overran.run_until_cancelled(deliver(write, &mut batch, track)).await {
                    Some(Ok(())) => {}
                    Some(Err(_)) => return Outcome::LocalGone,
                    None => return Outcome::Broken(StreamEnd::Overrun),
                }
            }
            Err(StreamEnd::Finished) => {
                return if write.shutdown().await.is_ok() { Outcome::FarFinished } else { Outcome::LocalGone };
            }
            Err(end) => return Outcome::Broken(end),
        }
    }
}

/// Writes a batch, and notes where the local side does not take it.
async fn deliver(write: &mut WriteHalf<'_>, batch: &mut Batch, track: &Track) -> io::Result<()> {
    let mut writing = pin!(write.write_all_buf(batch));
    if let Ok(result) = timeout(STALLED_AFTER, &mut writing).await {
        return result;
    }
    track.stall(true);
    let result = writing.await;
    track.stall(false);
    result
}

/// Waits until nothing came from the far side for a while in which it could have.
async fn silence(track: &Track, quiet: Duration) {
    let (mut seen, mut since) = (track.total_received(), Instant::now());
    while since.elapsed() < quiet {
        sleep(quiet / LOOKS).await;
        let now = track.total_received();
        if now != seen || track.is_held() {
            (seen, since) = (now, Instant::now());
        }
    }
}

async fn discard(read: &mut ReadHalf<'_>) {
    let mut void = vec![0; 8192];
    while read.read(&mut void).await.is_ok_and(|length| length > 0) {}
}

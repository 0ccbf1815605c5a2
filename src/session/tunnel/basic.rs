//! One connection at a time: what agents without multiplexing have, and streams of bytes without an end of their own.
//!
//! Such an agent connects to the destination when the session starts. Told that the local side closed, it closes too,
//! and connects again with the next byte that comes. It does not say when it has closed, nor does it mark what belongs
//! to which connection: so the next one waits until nothing more comes.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, OwnedMutexGuard, mpsc, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Far, Sender},
    inbox::{Batch, StreamEnd},
};
use crate::{
    domain::session::End,
    session::conduit::{Flag, FromFarSide, ToFarSide},
};

/// How long nothing may come after a connection until the next one may begin.
const SETTLED_AFTER: Duration = Duration::from_millis(500);

/// How long the end of a connection is waited for at most.
const SETTLED_AT_LAST: Duration = Duration::from_secs(10);

/// Says what follows a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// The agent connects anew.
    Again,
    /// The session has served its purpose.
    Once,
}

/// Lets one connection at a time into a session.
#[derive(Debug)]
pub struct Turns {
    to: mpsc::Sender<ToFarSide>,
    from: Arc<Mutex<mpsc::Receiver<FromFarSide>>>,
    end: watch::Receiver<Option<End>>,
    /// What follows a connection.
    pub manner: Manner,
}

/// The turn of one connection; to be ended with [`Turn::finish`].
#[derive(Debug)]
pub struct Turn {
    to: mpsc::Sender<ToFarSide>,
    from: OwnedMutexGuard<mpsc::Receiver<FromFarSide>>,
    end: watch::Receiver<Option<End>>,
    manner: Manner,
}

impl Turns {
    /// Makes the near end of a session without multiplexing.
    pub fn new(
        to: mpsc::Sender<ToFarSide>,
        from: mpsc::Receiver<FromFarSide>,
        end: watch::Receiver<Option<End>>,
        manner: Manner,
    ) -> Self {
        Self { to, from: Arc::new(Mutex::new(from)), end, manner }
    }

    /// Waits for a turn; those who wait come in the order in which they asked.
    pub async fn take(&self) -> Turn {
        let from = Arc::clone(&self.from).lock_owned().await;
        Turn { to: self.to.clone(), from, end: self.end.clone(), manner: self.manner }
    }
}

impl Turn {
    /// Tells the far side that the connection is over, and drops what still comes of it.
    ///
    /// Returns whether another connection may follow: not where this one's bytes did not cease.
    pub async fn finish(mut self) -> bool {
        if self.manner == Manner::Once || self.to.send(ToFarSide::Flag(Flag::DisconnectToPort)).await.is_err() {
            return false;
        }
        let last = Instant::now() + SETTLED_AT_LAST;
        loop {
            match timeout_at(last, timeout(SETTLED_AFTER, self.from.recv())).await {
                Ok(Ok(Some(_))) => {}
                Ok(Err(_)) => return true,
                Ok(Ok(None)) | Err(_) => return false,
            }
        }
    }
}

impl Far for &mut Turn {
    fn sender(&self) -> Sender {
        Sender { to: self.to.clone(), stream: None }
    }

    /// Never cancelled: what one connection does not take stays with the far side.
    fn overran(&self) -> CancellationToken {
        CancellationToken::new()
    }

    async fn next(&mut self, batch: &mut Batch) -> Result<(), StreamEnd> {
        loop {
            match self.from.recv().await {
                Some(FromFarSide::Data(bytes)) if bytes.is_empty() => {}
                Some(FromFarSide::Data(bytes)) => {
                    batch.push(bytes);
                    return Ok(());
                }
                Some(FromFarSide::Flag(Flag::ConnectToPortError)) => return Err(StreamEnd::Refused),
                Some(FromFarSide::Flag(_) | FromFarSide::StandardError(_) | FromFarSide::ExitCode(_)) => {}
                None => return Err(self.last()),
            }
        }
    }
}

impl Turn {
    /// Says what the end of the session means to the connection: for a plain stream it is the far side's own.
    fn last(&self) -> StreamEnd {
        let is_meant = self.manner == Manner::Once && matches!(*self.end.borrow(), Some(End::Closed { .. }));
        if is_meant { StreamEnd::Finished } else { StreamEnd::Lost }
    }
}

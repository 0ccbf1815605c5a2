//! What a tunnel tells of its connections, on its way to the recording.

use std::io;

use tokio::sync::mpsc;

use crate::session::tunnel::TunnelEvent;

use super::tape::Tape;

/// How many events may wait for the recording; then new connections wait.
const WAITING: usize = 256;

/// The events of a tunnel that are not recorded yet.
#[derive(Debug)]
pub(super) struct Events {
    from: mpsc::Receiver<TunnelEvent>,
    /// The one that is being recorded: whoever stops waiting for that must not lose it.
    pending: Option<TunnelEvent>,
}

impl Events {
    /// Makes the queue; the sender is the tunnel's.
    pub(super) fn new() -> (mpsc::Sender<TunnelEvent>, Self) {
        let (to, from) = mpsc::channel(WAITING);
        (to, Self { from, pending: None })
    }

    /// Records what comes until nothing more does, which is when nothing of the tunnel is left.
    ///
    /// May be given up while it waits: nothing is lost by that.
    ///
    /// # Errors
    /// Where the recording cannot go on.
    pub(super) async fn record(&mut self, tape: &Tape) -> io::Result<()> {
        loop {
            if let Some(event) = &self.pending {
                tape.connection(event).await?;
                self.pending = None;
            }
            match self.from.recv().await {
                Some(event) => self.pending = Some(event),
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::runtime::clock::Clock;

    fn opened(id: u64) -> TunnelEvent {
        TunnelEvent::ConnectionOpened { id, peer: "127.0.0.1:50000".parse().unwrap(), at: Timestamp::UNIX_EPOCH }
    }

    #[tokio::test]
    async fn what_comes_is_taken_until_the_tunnel_is_gone_and_what_was_begun_first() {
        let (to, mut events) = Events::new();
        events.pending = Some(opened(1));
        to.send(opened(2)).await.unwrap();
        let tape = Tape::none(Clock::real());
        let wait = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(wait, events.record(&tape)).await.is_err(), "the tunnel still stands");
        assert_eq!((events.pending.take(), to.capacity()), (None, WAITING));
        drop(to);
        events.record(&tape).await.unwrap();
    }
}

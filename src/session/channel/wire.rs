//! One connection: several frames in and out at a time, in one system call where that is possible.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::domain::text::clean;
use crate::session::dial::{MOST_WORDS, Socket, why};

/// How many frames go out before a look at what came in.
const MOST_OUT: usize = 128;

/// How many frames come in before they are dealt with.
const MOST_IN: usize = 64;

/// How long a farewell may take.
const FAREWELL: std::time::Duration = std::time::Duration::from_millis(200);

/// What gives the frames to send.
pub(super) trait Outbox {
    /// Tells whether there is a frame.
    fn has_frame(&self) -> bool;
    /// Returns the next frame.
    fn next_frame(&mut self) -> Option<Bytes>;
}

/// What came over a connection.
#[derive(Debug)]
pub(super) enum Arrived {
    /// A frame, binary or text.
    Frame(Bytes),
    /// The answer to a ping, or a ping.
    Sign,
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// In the words of the system or the service, cleaned.
    pub why: String,
    /// The service closed it in good order, as it does every hour.
    pub is_routine: bool,
}

impl Broken {
    /// The far side said nothing for too long.
    pub(super) fn silent() -> Self {
        Self { why: std::io::ErrorKind::TimedOut.to_string(), is_routine: false }
    }

    fn closed(frame: Option<CloseFrame>) -> Self {
        let is_routine = frame.as_ref().is_some_and(|frame| matches!(frame.code, CloseCode::Normal | CloseCode::Away));
        let why = frame.map_or_else(
            || std::io::ErrorKind::ConnectionReset.to_string(),
            |frame| clean(format!("{} {}", u16::from(frame.code), frame.reason.as_str()).trim(), MOST_WORDS),
        );
        Self { why, is_routine }
    }
}

/// A connection and what is under way on it.
pub(super) struct Wire {
    socket: Socket,
    is_unflushed: bool,
    wants_ping: bool,
    broken: Option<Broken>,
}

impl Wire {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, is_unflushed: true, wants_ping: true, broken: None }
    }

    /// Sends a ping with what goes out next.
    pub(super) fn ping(&mut self) {
        self.wants_ping = true;
    }

    /// Sends what there is and, if it may, receives what comes; returns when something was done, or the connection is
    /// over. Nothing is lost where the future is dropped.
    pub(super) async fn exchange(
        &mut self,
        outbox: &mut impl Outbox,
        inbox: &mut Vec<Arrived>,
        may_read: bool,
    ) -> Result<(), Broken> {
        poll_fn(|cx| self.poll_exchange(cx, outbox, inbox, may_read)).await
    }

    fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        outbox: &mut impl Outbox,
        inbox: &mut Vec<Arrived>,
        may_read: bool,
    ) -> Poll<Result<(), Broken>> {
        if let Some(broken) = self.broken.take() {
            return Poll::Ready(Err(broken));
        }
        let sent = self.poll_write(cx, outbox);
        if may_read && self.broken.is_none() {
            self.poll_read(cx, inbox);
        }
        if !inbox.is_empty() {
            // What came before the connection broke counts.
            return Poll::Ready(Ok(()));
        }
        match self.broken.take() {
            Some(broken) => Poll::Ready(Err(broken)),
            None if sent > 0 => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }

    /// Writes frames until there is none, or the socket takes no more; returns how many.
    fn poll_write(&mut self, cx: &mut Context<'_>, outbox: &mut impl Outbox) -> usize {
        let mut sent = 0;
        while sent < MOST_OUT && (self.wants_ping || outbox.has_frame()) {
            match self.socket.poll_ready_unpin(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return self.fail(&error, sent),
                Poll::Pending => return sent,
            }
            let message = if std::mem::take(&mut self.wants_ping) {
                Message::Ping(Bytes::new())
            } else {
                let Some(frame) = outbox.next_frame() else { break };
                Message::Binary(frame)
            };
            if let Err(error) = self.socket.start_send_unpin(message) {
                return self.fail(&error, sent);
            }
            self.is_unflushed = true;
            sent += 1;
        }
        if self.is_unflushed {
            match self.socket.poll_flush_unpin(cx) {
                Poll::Ready(Ok(())) => self.is_unflushed = false,
                Poll::Ready(Err(error)) => return self.fail(&error, sent),
                Poll::Pending => {}
            }
        }
        sent
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, inbox: &mut Vec<Arrived>) {
        while inbox.len() < MOST_IN {
            match self.socket.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(Message::Binary(frame)))) => inbox.push(Arrived::Frame(frame)),
                Poll::Ready(Some(Ok(Message::Text(text)))) => inbox.push(Arrived::Frame(text.into())),
                Poll::Ready(Some(Ok(Message::Close(frame)))) => self.broken = Some(Broken::closed(frame)),
                Poll::Ready(Some(Ok(_))) => inbox.push(Arrived::Sign),
                Poll::Ready(Some(Err(error))) => drop(self.fail(&error, 0)),
                Poll::Ready(None) => self.broken = Some(Broken::closed(None)),
                Poll::Pending => return,
            }
            if self.broken.is_some() {
                return;
            }
        }
    }

    fn fail(&mut self, error: &tokio_tungstenite::tungstenite::Error, sent: usize) -> usize {
        self.broken = Some(Broken { why: why(error), is_routine: false });
        sent
    }

    /// Says goodbye, where that takes no time, and lets the connection go.
    pub(super) async fn close(self) {
        let Self { mut socket, .. } = self;
        let _ = tokio::time::timeout(FAREWELL, socket.close(None)).await;
    }
}

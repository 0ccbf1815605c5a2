//! What a session knows, whatever connection carries it: frames in, frames out, no socket and no clock.

mod handshake;
mod sending;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::outgoing::Outgoing;
use super::wire::Outbox;
use crate::session::chunk::Chunk;
use crate::session::conduit::{Flag, FromFarSide, Kind, Version};
use crate::session::encryption::Cipher;
use crate::session::message::{Acknowledgement, Closed, Message, MessageType, PayloadType, acknowledge};
use crate::session::reliability::{Receiver, Sender, Verdict};
use crate::session::{Now, Options, SessionError};

/// What is kept of messages that came too early: as many as clients are known to keep.
const EARLY_MESSAGES: usize = 10_000;

/// The same, in bytes.
const EARLY_BYTES: usize = 16 << 20;

/// What may wait for whoever takes it, in bytes; then nothing more is read, and so nothing acknowledged.
const STAGED_BYTES: usize = 4 << 20;

/// The same, in items.
const STAGED_ITEMS: usize = 4_096;

/// How many acknowledgements may wait to be sent; then nothing more is read either.
const MOST_ACKNOWLEDGEMENTS: usize = 4_096;

/// A frame that waits is copied where it is smaller than this: it would hold on to the buffer that it came in.
const WORTH_COPYING: usize = 4_096;

/// What is cut in advance of what is sent, in bytes.
const CUT_AHEAD: usize = 256 * 1024;

/// What is taken in advance of what is cut, in bytes.
const TAKEN_AHEAD: usize = 64 * 1024;

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was said yet.
    Waiting,
    /// The agent has asked for something.
    Shaking,
    /// Data may go.
    Ready,
}

/// A message of the agent, in the order in which it wrote it.
#[derive(Debug)]
struct Inbound {
    payload_type: PayloadType,
    payload: Bytes,
}

/// A key that the agent asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyWanted {
    pub key_id: String,
    pub context: std::collections::BTreeMap<String, String>,
    pub acknowledges: bool,
}

/// The state of a session.
pub(super) struct Core {
    session_id: String,
    target: String,
    now: Now,
    pub sender: Sender,
    receiver: Receiver<Inbound>,
    acknowledgements: VecDeque<Bytes>,
    pub outgoing: Outgoing,
    chunk: Chunk,
    pub phase: Phase,
    pub kind: Kind,
    pub agent: Option<Version>,
    pub message: String,
    request: Option<crate::session::handshake::Request>,
    pub key_wanted: Option<KeyWanted>,
    cipher: Option<Cipher>,
    /// It is ready for want of any sign that it is not; nothing came yet.
    is_assumed: bool,
    /// Data went, or may have gone, without a cipher.
    is_in_clear: bool,
    size: Option<(u16, u16)>,
    /// The size goes once more: before the first output there may have been no terminal to have it.
    size_again: bool,
    staged: VecDeque<FromFarSide>,
    staged_bytes: usize,
    /// Until when what is sent is held back.
    paused_until: Option<Instant>,
    longest_pause: std::time::Duration,
    /// The service's last words.
    pub closed: Option<Closed>,
    pub failure: Option<SessionError>,
}

impl Core {
    pub(super) fn new(session_id: &str, target: &str, options: &Options) -> Self {
        Self {
            session_id: session_id.to_owned(),
            target: target.to_owned(),
            now: options.now.clone(),
            sender: Sender::new(options.window_messages, options.window_bytes),
            receiver: Receiver::new(EARLY_MESSAGES, EARLY_BYTES),
            acknowledgements: VecDeque::new(),
            outgoing: Outgoing::default(),
            chunk: Chunk::new(options.largest_chunk),
            phase: Phase::Waiting,
            kind: Kind::Shell,
            agent: None,
            message: String::new(),
            request: None,
            key_wanted: None,
            cipher: None,
            is_assumed: false,
            is_in_clear: false,
            size: options.size,
            size_again: true,
            staged: VecDeque::new(),
            staged_bytes: 0,
            paused_until: None,
            longest_pause: options.longest_pause,
            closed: None,
            failure: None,
        }
    }

    fn created(&self) -> u64 {
        // The far side refuses 0.
        u64::try_from((self.now)().as_millisecond()).unwrap_or_default().max(1)
    }

    /// Takes a frame that arrived. What cannot be read is dropped and not acknowledged.
    pub(super) fn arrived(&mut self, frame: &Bytes, now: Instant) {
        let message = match Message::decode(frame) {
            Ok(message) => message,
            Err(error) => return tracing::debug!(session = %self.session_id, %error, "dropped a frame"),
        };
        match message.head.kind {
            MessageType::OutputStreamData => self.output(frame, &message),
            MessageType::Acknowledge => self.acknowledged(message.payload, now),
            MessageType::ChannelClosed => self.closed = Some(Closed::read(message.payload)),
            MessageType::PausePublication => self.paused_until = now.checked_add(self.longest_pause),
            MessageType::StartPublication => self.go_on(now),
            _ => tracing::debug!(session = %self.session_id, kind = ?message.head.kind, "ignored a message"),
        }
    }

    fn output(&mut self, frame: &Bytes, message: &Message<'_>) {
        let sequence = message.head.sequence;
        let waits = sequence != self.receiver.expected();
        let payload = if waits && message.payload.len() < WORTH_COPYING {
            Bytes::copy_from_slice(message.payload)
        } else {
            frame.slice_ref(message.payload)
        };
        let inbound = Inbound { payload_type: message.head.payload_type, payload };
        match self.receiver.offer(sequence, frame.len(), inbound) {
            Verdict::Accepted | Verdict::Repeated => {
                self.acknowledgements.push_back(acknowledge(&message.head, self.created()));
            }
            Verdict::Refused => tracing::debug!(session = %self.session_id, sequence, "no room for a message"),
        }
        while let Some(inbound) = self.receiver.take() {
            self.in_order(inbound);
        }
    }

    fn acknowledged(&mut self, payload: &[u8], now: Instant) {
        if let Some(acknowledgement) = Acknowledgement::read(payload) {
            let sequence = acknowledgement.acknowledged_message_sequence_number;
            if self.sender.acknowledge(sequence, now) {
                self.chunk.acknowledged(sequence);
            }
        }
    }

    fn in_order(&mut self, inbound: Inbound) {
        let Inbound { payload_type, payload } = inbound;
        match payload_type {
            PayloadType::HandshakeRequest => self.asked(&payload),
            PayloadType::EncryptionChallengeRequest => self.challenged(&payload),
            PayloadType::HandshakeComplete => self.completed(&payload),
            PayloadType::Output | PayloadType::StandardError | PayloadType::ExitCode => {
                let opened = match &self.cipher {
                    Some(cipher) => cipher.open(&payload),
                    None => Ok(payload),
                };
                match opened {
                    Ok(payload) => self.said(payload_type, payload),
                    Err(error) => self.fail(&error.to_string()),
                }
            }
            PayloadType::Flag => {
                if let Some(flag) = payload.first_chunk().and_then(|number| Flag::read(u32::from_be_bytes(*number))) {
                    self.stage(FromFarSide::Flag(flag), 0);
                }
            }
            _ => tracing::debug!(session = %self.session_id, ?payload_type, "ignored a payload"),
        }
    }

    /// Takes output; the first of it says that there is a shell, where no handshake was.
    fn said(&mut self, payload_type: PayloadType, payload: Bytes) {
        self.is_assumed = false;
        if self.phase == Phase::Waiting {
            self.phase = Phase::Ready;
        }
        if std::mem::take(&mut self.size_again) {
            self.send_size();
        }
        let bytes = payload.len();
        match payload_type {
            PayloadType::StandardError => self.stage(FromFarSide::StandardError(payload), bytes),
            PayloadType::ExitCode => match exit_code(&payload) {
                Some(code) => self.stage(FromFarSide::ExitCode(code), 0),
                None => tracing::debug!(session = %self.session_id, "ignored an exit code that is no number"),
            },
            _ => self.stage(FromFarSide::Data(payload), bytes),
        }
    }

    fn stage(&mut self, item: FromFarSide, bytes: usize) {
        self.staged_bytes += bytes;
        self.staged.push_back(item);
    }

    /// Tells whether more may be read.
    pub(super) fn has_room(&self) -> bool {
        self.staged_bytes < STAGED_BYTES && self.staged.len() < STAGED_ITEMS && !self.is_clogged()
    }

    /// Tells whether so much waits to be acknowledged that the connection seems to take nothing any more.
    pub(super) fn is_clogged(&self) -> bool {
        self.acknowledgements.len() >= MOST_ACKNOWLEDGEMENTS
    }

    /// Tells whether something waits for whoever takes it.
    pub(super) fn has_staged(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Returns what comes next from the far side.
    pub(super) fn take_staged(&mut self) -> Option<FromFarSide> {
        let item = self.staged.pop_front()?;
        if let FromFarSide::Data(data) | FromFarSide::StandardError(data) = &item {
            self.staged_bytes -= data.len();
        }
        Some(item)
    }

    /// Makes the session ready, and lets it know the terminal's size where it has one.
    pub(super) fn become_ready(&mut self) {
        self.phase = Phase::Ready;
        self.send_size();
    }

    /// Takes a session that says nothing for a shell that is ready, until it says otherwise.
    pub(super) fn assume_shell(&mut self) {
        self.is_assumed = true;
        self.become_ready();
    }

    /// Tells whether more may be taken of what is to go to the far side.
    pub(super) fn wants_more(&self) -> bool {
        self.phase == Phase::Ready && self.outgoing.bytes() < TAKEN_AHEAD && self.can_cut()
    }

    fn can_cut(&self) -> bool {
        self.sender.has_room() && self.sender.unsent() < CUT_AHEAD
    }

    /// Does what is due: goes on after a pause, sends again what was lost, cuts what waits into messages.
    ///
    /// `is_up` says whether there is a connection that acknowledgements can come over.
    pub(super) fn advance(&mut self, now: Instant, is_up: bool) {
        if self.paused_until.is_some_and(|until| now >= until) {
            self.go_on(now);
        }
        if is_up && self.paused_until.is_none() {
            self.sender.sweep(now);
            if let Some(sequence) = self.chunk.failed(now, false) {
                self.shrink(sequence);
            }
        }
        while !self.outgoing.is_empty() && self.phase == Phase::Ready && self.can_cut() && self.failure.is_none() {
            self.cut(now);
        }
    }

    fn go_on(&mut self, now: Instant) {
        if self.paused_until.take().is_some() {
            self.sender.rest(now);
            self.chunk.rest(now);
        }
    }

    /// Tells whether the service asked to hold back what is sent.
    pub(super) fn is_paused(&self) -> bool {
        self.paused_until.is_some()
    }

    /// Returns when [`Self::advance`] is due next; `None` while nothing is.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.paused_until.or_else(|| self.sender.next_sweep(now))
    }

    /// Goes over to a new connection.
    pub(super) fn reconnect(&mut self, now: Instant, was_routine: bool) {
        if let Some(sequence) = self.chunk.failed(now, !was_routine) {
            self.shrink(sequence);
        }
        self.chunk.rest(now);
        self.paused_until = None;
        self.sender.reconnect(now);
    }

    /// Begins to wait anew for acknowledgements: nothing was read until now.
    pub(super) fn rest(&mut self, now: Instant) {
        self.sender.rest(now);
        self.chunk.rest(now);
    }

    fn fail(&mut self, what: &str) {
        self.failure.get_or_insert(SessionError::Handshake { what: what.to_owned() });
    }
}

impl Outbox for Core {
    fn has_frame(&self) -> bool {
        !self.acknowledgements.is_empty() || (!self.is_paused() && self.sender.has_work())
    }

    fn next_frame(&mut self) -> Option<Bytes> {
        let acknowledgement = self.acknowledgements.pop_front();
        acknowledgement.or_else(|| if self.is_paused() { None } else { self.sender.pull(Instant::now()) })
    }
}

/// Reads how a command ended: `EXIT_CODE: 3`.
fn exit_code(payload: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(payload).ok()?.trim();
    text.strip_prefix("EXIT_CODE:").unwrap_or(text).trim().parse().ok()
}

impl Flag {
    /// Reads the number of a signal; `None` where it means nothing here.
    pub fn read(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::DisconnectToPort),
            2 => Some(Self::TerminateSession),
            3 => Some(Self::ConnectToPortError),
            _ => None,
        }
    }

    /// Returns the number that the wire has for the signal.
    pub const fn number(self) -> u32 {
        match self {
            Self::DisconnectToPort => 1,
            Self::TerminateSession => 2,
            Self::ConnectToPortError => 3,
        }
    }
}

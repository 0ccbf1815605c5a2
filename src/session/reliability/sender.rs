//! The sending half: what is not acknowledged is kept and sent again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{RoundTrip, Window};

/// The farthest that a message may be ahead of the oldest one that is not acknowledged: agents keep more than that, and
/// older clients 10,000.
const SPAN: usize = 8_192;

/// What is sent again at once when nothing at all is acknowledged: enough to find out whether anything arrives.
const SILENT_MESSAGES: usize = 64;

/// The same, in bytes.
const SILENT_BYTES: usize = 256 * 1024;

/// How often the wait for a silent far side is doubled.
const MOST_DOUBLINGS: u32 = 2;

/// Keeps what was sent until it is acknowledged.
#[derive(Debug)]
pub struct Sender {
    /// The messages from `base` on; an acknowledged one leaves a hole until all before it are.
    slots: VecDeque<Option<Slot>>,
    base: i64,
    /// The number of the next message that was not sent on this connection.
    fresh: i64,
    /// The numbers of what is to be sent again.
    again: VecDeque<i64>,
    messages: usize,
    bytes: usize,
    unsent: usize,
    most_messages: usize,
    window: Window,
    round_trip: RoundTrip,
    /// Counts what was sent, the repeated included; tells what was sent later than what.
    order: u64,
    /// The latest in that order that is known to have arrived.
    arrived: u64,
    /// When anything was acknowledged, or everything was sent again because nothing was.
    heard: Option<Instant>,
    /// How often in a row nothing was.
    silences: u32,
}

#[derive(Debug)]
struct Slot {
    frame: Bytes,
    /// When it was last sent on this connection.
    sent: Option<Instant>,
    order: u64,
    times: u32,
    /// It is among those to be sent again.
    waits: bool,
}

impl Sender {
    /// Makes a sender with at most so many messages and bytes on their way.
    pub fn new(most_messages: usize, most_bytes: usize) -> Self {
        Self {
            slots: VecDeque::new(),
            base: 0,
            fresh: 0,
            again: VecDeque::new(),
            messages: 0,
            bytes: 0,
            unsent: 0,
            most_messages,
            window: Window::new(most_bytes),
            round_trip: RoundTrip::default(),
            order: 0,
            arrived: 0,
            heard: None,
            silences: 0,
        }
    }

    /// Returns the number of the next message.
    pub fn next_sequence(&self) -> i64 {
        self.base + offset(self.slots.len())
    }

    /// Tells whether another message fits into the window. One always does when nothing is on its way.
    pub fn has_room(&self) -> bool {
        self.messages < self.most_messages.max(1)
            && self.slots.len() < SPAN
            && (self.bytes < self.window.bytes() || self.messages == 0)
    }

    /// Takes the message that has the number [`Self::next_sequence`].
    ///
    /// The window is the caller's to ask about: what the session itself needs may go beyond it.
    pub fn push(&mut self, frame: Bytes) {
        self.messages += 1;
        self.bytes += frame.len();
        self.unsent += frame.len();
        self.slots.push_back(Some(Slot { frame, sent: None, order: 0, times: 0, waits: false }));
    }

    /// Puts another frame in the place of one that is not acknowledged; tells whether it was there.
    pub fn replace(&mut self, sequence: i64, frame: Bytes) -> bool {
        let index = self.index(sequence);
        let Some(slot) = index.and_then(|index| self.slots.get_mut(index)?.as_mut()) else { return false };
        self.bytes = self.bytes - slot.frame.len() + frame.len();
        if slot.times == 0 {
            self.unsent = self.unsent - slot.frame.len() + frame.len();
        }
        slot.frame = frame;
        if slot.sent.is_some() && !slot.waits {
            slot.waits = true;
            self.again.push_back(sequence);
        }
        true
    }

    /// Takes the acknowledgement of a message; tells whether it was one that was waited for.
    pub fn acknowledge(&mut self, sequence: i64, now: Instant) -> bool {
        let index = self.index(sequence);
        let Some(place) = index.and_then(|index| self.slots.get_mut(index)) else { return false };
        // What was never sent cannot have arrived.
        let Some(slot) = place.take_if(|slot| slot.times > 0) else { return false };
        self.messages -= 1;
        self.bytes -= slot.frame.len();
        if let Some(sent) = slot.sent {
            let taken = now.saturating_duration_since(sent);
            if slot.times == 1 {
                // A repeated message does not tell which of its copies is acknowledged (RFC 6298, section 3).
                self.round_trip.measure(taken, now);
            }
            if slot.times == 1 || taken >= self.round_trip.shortest() / 2 {
                self.arrived = self.arrived.max(slot.order);
            }
        }
        self.window.acknowledged(slot.frame.len(), &self.round_trip, now);
        (self.heard, self.silences) = (Some(now), 0);
        while self.slots.front().is_some_and(Option::is_none) {
            self.slots.pop_front();
            self.base += 1;
        }
        self.fresh = self.fresh.max(self.base);
        true
    }

    /// Finds what is to be sent again.
    ///
    /// That is what was not acknowledged in time although something sent after it was, which proves a loss; and, where
    /// nothing at all was acknowledged in time, the oldest messages: the far side is silent, and asking it for
    /// everything at once would only keep it so.
    pub fn sweep(&mut self, now: Instant) {
        let timeout = self.round_trip.timeout();
        let patience = timeout * 2_u32.pow(self.silences.min(MOST_DOUBLINGS));
        let since = |at: Instant| now.saturating_duration_since(at);
        let is_silent = self.messages > 0 && self.heard.is_none_or(|at| since(at) >= patience);
        let (mut messages, mut bytes) = (0, 0);
        let sent = usize::try_from(self.fresh - self.base).unwrap_or_default();
        for (index, slot) in self.slots.iter_mut().take(sent).enumerate() {
            let Some(slot) = slot else { continue };
            let Some(age) = slot.sent.filter(|_| !slot.waits).map(since) else { continue };
            let is_lost = age >= timeout && slot.order < self.arrived;
            let is_asked = is_silent && age >= patience && messages < SILENT_MESSAGES && bytes < SILENT_BYTES;
            if is_lost || is_asked {
                slot.waits = true;
                self.again.push_back(self.base + offset(index));
                messages += usize::from(!is_lost);
                bytes += if is_lost { 0 } else { slot.frame.len() };
            }
        }
        if messages > 0 {
            self.silences += 1;
            self.heard = Some(now);
            self.window.silent(now);
        }
    }

    /// Returns when to sweep next; `None` while nothing is on its way.
    pub fn next_sweep(&self, now: Instant) -> Option<Instant> {
        let pause = (self.round_trip.timeout() / 4).clamp(Duration::from_millis(5), Duration::from_millis(50));
        (self.messages > 0).then(|| now + pause)
    }

    /// Tells whether something is to be sent.
    pub fn has_work(&self) -> bool {
        !self.again.is_empty() || self.fresh < self.next_sequence()
    }

    /// Returns the next frame to send: what was lost before what is new.
    pub fn pull(&mut self, now: Instant) -> Option<Bytes> {
        while let Some(sequence) = self.again.pop_front() {
            if let Some(frame) = self.send(sequence, now) {
                return Some(frame);
            }
        }
        while self.fresh < self.next_sequence() {
            let sequence = self.fresh;
            self.fresh += 1;
            if let Some(frame) = self.send(sequence, now) {
                return Some(frame);
            }
        }
        None
    }

    fn send(&mut self, sequence: i64, now: Instant) -> Option<Bytes> {
        let index = self.index(sequence)?;
        let slot = self.slots.get_mut(index)?.as_mut()?;
        if slot.times == 0 {
            self.unsent -= slot.frame.len();
        }
        self.order += 1;
        (slot.sent, slot.order, slot.waits) = (Some(now), self.order, false);
        slot.times = slot.times.saturating_add(1);
        Some(slot.frame.clone())
    }

    /// Begins a new connection: all that is not acknowledged goes again, in order.
    pub fn reconnect(&mut self, now: Instant) {
        self.again.clear();
        self.fresh = self.base;
        self.arrived = self.order;
        for slot in self.slots.iter_mut().flatten() {
            (slot.sent, slot.waits) = (None, false);
        }
        self.round_trip.forget_way();
        self.rest(now);
    }

    /// Begins to wait anew: nothing could be acknowledged until now.
    pub fn rest(&mut self, now: Instant) {
        (self.heard, self.silences) = (Some(now), 0);
    }

    /// Returns the messages that are not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.messages
    }

    /// Returns the bytes that were never sent.
    pub fn unsent(&self) -> usize {
        self.unsent
    }

    /// Returns the smoothed round trip, where one was measured.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.smoothed()
    }

    fn index(&self, sequence: i64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(self.base)?).ok()
    }
}

/// An index as a distance between numbers; there are never more than a few thousand.
fn offset(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

//! The agent's half of reliable delivery: numbers, acknowledgements, and what is sent again.
//!
//! Its habits are the official agent's: every frame is acknowledged by itself, what comes twice is acknowledged again,
//! only the oldest frame is ever sent again, and what is sent knows no bounds but a window after which nothing is kept.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;

use super::message::{Kind, Message};

/// How many frames are kept until they are acknowledged; later ones are sent and forgotten.
const WINDOW: usize = 100_000;
/// How many frames that came early are kept.
const EARLY: usize = 100_000;
/// How often the oldest frame is looked at.
const RESEND_EVERY: Duration = Duration::from_millis(100);
/// The longest time that is waited for an acknowledgement.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A frame that was sent; its bytes are gone once it was acknowledged.
#[derive(Debug)]
struct Sent {
    sequence: i64,
    frame: Option<Bytes>,
    at: Instant,
}

/// What becomes of a frame of data that came.
#[derive(Debug)]
pub enum Sorted {
    /// It is the next one.
    Next(Message),
    /// It was acknowledged and kept, acknowledged again, or left out.
    Done,
}

/// What an acknowledgement says; the official ones say more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Acknowledged {
    acknowledged_message_sequence_number: i64,
}

/// Both directions of a session's numbered frames.
#[derive(Debug)]
pub struct Channel {
    /// What is to be sent, in order.
    pub out: VecDeque<Bytes>,
    /// Whether the service asked to hold back.
    pub paused: bool,
    sent: VecDeque<Sent>,
    next: i64,
    expected: i64,
    early: BTreeMap<i64, Message>,
    looked: Instant,
    round_trip: f64,
    variation: f64,
    wait: Duration,
}

impl Channel {
    /// Begins at zero in both directions.
    pub fn new(now: Instant) -> Self {
        Self {
            out: VecDeque::new(),
            paused: false,
            sent: VecDeque::new(),
            next: 0,
            expected: 0,
            early: BTreeMap::new(),
            looked: now,
            round_trip: 0.1,
            variation: 0.0,
            wait: Duration::from_millis(200),
        }
    }

    /// Sends a frame of data, and keeps it until it is acknowledged.
    pub fn send(&mut self, payload_type: u32, payload: impl Into<Bytes>, now: Instant) {
        let payload = payload.into();
        if payload.is_empty() {
            return;
        }
        let flags = u64::from(self.next == 0);
        let frame = Message::new(Kind::Output, self.next, flags, payload_type, payload).encode();
        if !self.paused {
            self.out.push_back(frame.clone());
        }
        if self.sent.len() < WINDOW {
            self.sent.push_back(Sent { sequence: self.next, frame: Some(frame), at: now });
        }
        self.next += 1;
    }

    /// Sends something to the service, or an acknowledgement: neither is numbered or kept.
    pub fn tell(&mut self, kind: Kind, payload: String) {
        self.out.push_back(Message::new(kind, 0, 3, 0, payload).encode());
    }

    /// Whether everything that was sent was acknowledged.
    pub fn is_settled(&self) -> bool {
        self.sent.is_empty()
    }

    /// Says what becomes of a frame of data; the next one is acknowledged by [`Self::took`], once it was taken.
    pub fn sort(&mut self, message: Message) -> Sorted {
        self.paused = false;
        if message.sequence == self.expected {
            return Sorted::Next(message);
        }
        if message.sequence < self.expected {
            self.acknowledge(&message);
        } else if self.early.len() < EARLY {
            self.acknowledge(&message);
            self.early.insert(message.sequence, message);
        }
        Sorted::Done
    }

    /// Acknowledges the frame that was next.
    pub fn took(&mut self, message: &Message) {
        self.acknowledge(message);
        self.expected += 1;
    }

    /// Takes the next frame where it came early; it was acknowledged when it came.
    pub fn early(&mut self) -> Option<Message> {
        self.early.get(&self.expected).cloned()
    }

    /// Lets go of the frame that came early.
    pub fn took_early(&mut self) {
        self.early.remove(&self.expected);
        self.expected += 1;
    }

    fn acknowledge(&mut self, message: &Message) {
        let payload = format!(
            "{{\"AcknowledgedMessageType\":\"{}\",\"AcknowledgedMessageId\":\"{}\",\
             \"AcknowledgedMessageSequenceNumber\":{},\"IsSequentialMessage\":true}}",
            message.kind.name(),
            message.id.hyphenated(),
            message.sequence
        );
        self.tell(Kind::Acknowledge, payload);
    }

    /// Takes an acknowledgement; one that cannot be read is left out.
    pub fn acknowledged(&mut self, message: &Message, now: Instant) {
        self.paused = false;
        let Ok(read) = serde_json::from_slice::<Acknowledged>(&message.payload) else { return };
        let sequence = read.acknowledged_message_sequence_number;
        let Ok(place) = self.sent.binary_search_by_key(&sequence, |sent| sent.sequence) else { return };
        let Some(sent) = self.sent.get_mut(place) else { return };
        if sent.frame.take().is_some() {
            let took = now.saturating_duration_since(sent.at).as_secs_f64();
            self.measured(took);
        }
        while self.sent.front().is_some_and(|sent| sent.frame.is_none()) {
            self.sent.pop_front();
        }
    }

    fn measured(&mut self, took: f64) {
        self.variation = 0.75 * self.variation + 0.25 * (self.round_trip - took).abs();
        self.round_trip = 0.875 * self.round_trip + 0.125 * took;
        let wait = self.round_trip + (4.0 * self.variation).max(0.01);
        self.wait = Duration::try_from_secs_f64(wait).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    }

    /// When [`Self::resend`] should look again; `None` where nothing waits for its acknowledgement.
    pub fn next_look(&self) -> Option<Instant> {
        (!self.sent.is_empty() && !self.paused).then(|| self.looked + RESEND_EVERY)
    }

    /// Sends the oldest frame again where it waited too long.
    pub fn resend(&mut self, now: Instant) {
        if now.saturating_duration_since(self.looked) < RESEND_EVERY || self.paused {
            return;
        }
        self.looked = now;
        let Some(sent) = self.sent.front_mut() else { return };
        if now.saturating_duration_since(sent.at) > self.wait {
            sent.at = now;
            self.out.extend(sent.frame.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::payload;
    use super::*;

    fn frames(channel: &mut Channel) -> Vec<Message> {
        channel.out.drain(..).map(|frame| Message::decode(&frame).unwrap()).collect()
    }

    fn input(sequence: i64) -> Message {
        Message::new(Kind::Input, sequence, 0, payload::OUTPUT, "x")
    }

    fn ack(sequence: i64) -> Message {
        let text = format!("{{\"AcknowledgedMessageSequenceNumber\":{sequence}}}");
        Message::new(Kind::Acknowledge, 0, 3, 0, text)
    }

    #[test]
    fn what_comes_early_is_acknowledged_at_once_and_taken_in_its_turn() {
        let mut channel = Channel::new(Instant::now());
        assert!(matches!(channel.sort(input(1)), Sorted::Done));
        assert_eq!(frames(&mut channel).len(), 1);
        assert!(channel.early().is_none());
        let Sorted::Next(first) = channel.sort(input(0)) else { panic!("it is the next one") };
        channel.took(&first);
        assert_eq!(channel.early().map(|message| message.sequence), Some(1));
        channel.took_early();
        assert_eq!(frames(&mut channel).len(), 1, "the early one is not acknowledged twice");
        assert!(matches!(channel.sort(input(1)), Sorted::Done));
        assert_eq!(frames(&mut channel).len(), 1, "what comes twice is acknowledged twice");
    }

    #[test]
    fn only_the_oldest_is_sent_again() {
        let start = Instant::now();
        let mut channel = Channel::new(start);
        for _ in 0..3 {
            channel.send(payload::OUTPUT, "x", start);
        }
        assert_eq!(frames(&mut channel).iter().map(|one| one.flags).collect::<Vec<_>>(), [1, 0, 0]);
        channel.acknowledged(&ack(1), start + Duration::from_millis(50));
        channel.resend(start + Duration::from_millis(120));
        assert!(channel.out.is_empty(), "its time is not up");
        channel.resend(start + Duration::from_millis(400));
        assert_eq!(frames(&mut channel).iter().map(|one| one.sequence).collect::<Vec<_>>(), [0]);
        channel.acknowledged(&ack(0), start + Duration::from_millis(410));
        channel.resend(start + Duration::from_secs(2));
        assert_eq!(frames(&mut channel).iter().map(|one| one.sequence).collect::<Vec<_>>(), [2]);
        channel.acknowledged(&ack(2), start + Duration::from_millis(2_001));
        assert!(channel.is_settled() && channel.next_look().is_none());
    }

    #[test]
    fn a_pause_holds_back_until_the_client_says_anything() {
        let start = Instant::now();
        let mut channel = Channel::new(start);
        channel.paused = true;
        channel.send(payload::OUTPUT, "x", start);
        channel.resend(start + Duration::from_secs(5));
        assert!(channel.out.is_empty());
        channel.acknowledged(&ack(9), start);
        channel.resend(start + Duration::from_secs(10));
        assert_eq!(frames(&mut channel).len(), 1);
    }
}

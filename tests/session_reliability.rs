//! The reliability of a data channel over a bad network, in simulated time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sekisho::session::reliability::{Receiver, Sender, Verdict};

const MS: Duration = Duration::from_millis(1);

/// A network between two ends: what is under way, by when it arrives.
struct Network {
    random: fastrand::Rng,
    loss: f64,
    repeat: f64,
    most_delay: u64,
    under_way: BTreeMap<(Instant, u64), (usize, Packet)>,
    count: u64,
}

#[derive(Debug, Clone)]
enum Packet {
    Data(i64, Bytes),
    Acknowledgement(i64),
}

impl Network {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let loss = random.f64() * 0.3;
        let repeat = random.f64() * 0.2;
        let most_delay = [1, 25, 200, 1_000][random.usize(..4)];
        Self { random, loss, repeat, most_delay, under_way: BTreeMap::new(), count: 0 }
    }

    fn carry(&mut self, to: usize, packet: &Packet, now: Instant) {
        let copies = if self.random.f64() < self.repeat { 2 } else { 1 };
        for _ in 0..copies {
            if self.random.f64() < self.loss {
                continue;
            }
            self.count += 1;
            let arrives = now + MS * u32::try_from(self.random.u64(1..=self.most_delay)).unwrap();
            self.under_way.insert((arrives, self.count), (to, packet.clone()));
        }
    }

    fn arrived(&mut self, now: Instant) -> Vec<(usize, Packet)> {
        let later = self.under_way.split_off(&(now + Duration::from_nanos(1), 0));
        std::mem::replace(&mut self.under_way, later).into_values().collect()
    }
}

/// One end: what it has still to send, and what it has received.
struct End {
    sender: Sender,
    receiver: Receiver<Bytes>,
    to_send: u32,
    total: u32,
    received: Vec<u32>,
    sweep_at: Instant,
    transmitted: u64,
}

impl End {
    fn new(total: u32, now: Instant) -> Self {
        Self {
            sender: Sender::new(64, 8_192),
            receiver: Receiver::new(32, 4_096),
            to_send: 0,
            total,
            received: Vec::new(),
            sweep_at: now,
            transmitted: 0,
        }
    }

    fn act(&mut self, now: Instant) -> Vec<Packet> {
        while self.to_send < self.total && self.sender.has_room() {
            let mut frame = self.to_send.to_be_bytes().to_vec();
            frame.resize(4 + self.to_send as usize % 300, 0);
            let sequence = self.sender.next_sequence();
            assert_eq!(sequence, i64::from(self.to_send));
            self.sender.push(frame.into());
            self.to_send += 1;
        }
        if now >= self.sweep_at {
            self.sender.sweep(now);
            self.sweep_at = self.sender.next_sweep(now).unwrap_or(now);
        }
        let mut packets = Vec::new();
        while let Some(frame) = self.sender.pull(now) {
            self.transmitted += 1;
            // The frame tells its number itself.
            let number = u32::from_be_bytes(*frame.first_chunk().unwrap());
            packets.push(Packet::Data(i64::from(number), frame));
        }
        packets
    }

    fn take(&mut self, packet: Packet, now: Instant) -> Option<Packet> {
        match packet {
            Packet::Acknowledgement(sequence) => {
                self.sender.acknowledge(sequence, now);
                None
            }
            Packet::Data(sequence, frame) => {
                let verdict = self.receiver.offer(sequence, frame.len(), frame);
                while let Some(frame) = self.receiver.take() {
                    let number = u32::from_be_bytes(*frame.first_chunk().unwrap());
                    assert_eq!(frame.len(), 4 + number as usize % 300, "cut");
                    self.received.push(number);
                }
                (verdict != Verdict::Refused).then_some(Packet::Acknowledgement(sequence))
            }
        }
    }

    fn is_done(&self, other: &Self) -> bool {
        self.received.len() == other.total as usize && self.sender.unacknowledged() == 0 && self.to_send == self.total
    }
}

fn run(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5e55);
    let begun = Instant::now();
    let mut network = Network::new(seed);
    let mut ends = [End::new(random.u32(0..300), begun), End::new(random.u32(1..300), begun)];
    let mut now = begun;
    let breaks: Vec<u32> = (0..random.u32(0..4)).map(|_| random.u32(0..20_000)).collect();
    let mut elapsed = 0_u32;
    while !(ends[0].is_done(&ends[1]) && ends[1].is_done(&ends[0])) {
        assert!(now - begun < Duration::from_mins(15), "seed {seed}: it hangs");
        if breaks.iter().any(|at| (elapsed..elapsed + 5).contains(at)) {
            // The connection breaks, with all that is under way on it, and is taken up again.
            network.under_way.clear();
            for end in &mut ends {
                end.sender.reconnect(now);
            }
        }
        for (to, packet) in network.arrived(now) {
            if let Some(answer) = ends[to].take(packet, now) {
                network.carry(1 - to, &answer, now);
            }
        }
        for from in [0, 1] {
            for packet in ends[from].act(now) {
                network.carry(1 - from, &packet, now);
            }
        }
        now += 5 * MS;
        elapsed += 5;
    }
    for (at, other) in [(0, 1), (1, 0)] {
        let expected: Vec<u32> = (0..ends[other].total).collect();
        assert_eq!(ends[at].received, expected, "seed {seed}");
    }
}

#[test]
fn nothing_is_lost_repeated_or_out_of_order_on_a_thousand_bad_networks() {
    (0..1_000).for_each(run);
}

/// Runs a link that carries so many bytes a millisecond, first in first out, and returns what went over it twice, the
/// largest wait on it, and how long it took.
fn run_narrow(total: u32, bytes_a_ms: u32, delay: Duration) -> (u64, Duration, Duration) {
    let begun = Instant::now();
    let mut now = begun;
    let mut end = End::new(total, begun);
    end.sender = Sender::new(4_096, 4 << 20);
    let mut far = Receiver::new(4_096, 4 << 20);
    let mut free_at = begun;
    let (mut there, mut back) = (Vec::<(Instant, i64, Bytes)>::new(), Vec::<(Instant, i64)>::new());
    let mut longest = Duration::ZERO;
    while end.sender.unacknowledged() > 0 || end.to_send < total {
        assert!(now - begun < Duration::from_mins(10), "it hangs");
        for packet in end.act(now) {
            let Packet::Data(sequence, frame) = packet else { unreachable!() };
            let takes = MS * u32::try_from(frame.len()).unwrap() / bytes_a_ms;
            free_at = free_at.max(now) + takes;
            longest = longest.max(free_at - now);
            there.push((free_at + delay, sequence, frame));
        }
        for (_, sequence, frame) in there.extract_if(.., |(at, ..)| *at <= now) {
            assert_ne!(far.offer(sequence, 1, frame), Verdict::Refused);
            back.push((now + delay, sequence));
        }
        for (_, sequence) in back.extract_if(.., |(at, _)| *at <= now) {
            end.sender.acknowledge(sequence, now);
        }
        now += MS;
    }
    (end.transmitted - u64::from(total), longest, now - begun)
}

#[test]
fn a_narrow_link_is_filled_and_not_flooded() {
    // One megabyte a second, 20 ms each way: 65,000 messages of 153 bytes on average take 10 s.
    let (repeated, longest, took) = run_narrow(65_000, 1_000, 20 * MS);
    assert!(repeated < 650, "{repeated} of 65,000 went twice, although none was lost");
    assert!(longest < Duration::from_millis(600), "{longest:?} of waiting on the way");
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[test]
fn a_lost_message_does_not_hold_up_what_follows() {
    let now = Instant::now();
    let mut sender = Sender::new(1_000, 1 << 20);
    for _ in 0..100 {
        sender.push(Bytes::from_static(b"x"));
    }
    while sender.pull(now).is_some() {}
    // All but three arrive, 20 ms later; the three are sent again together, long before anybody falls silent.
    let later = now + 20 * MS;
    for sequence in (0..100).filter(|sequence| ![0, 7, 50].contains(sequence)) {
        assert!(sender.acknowledge(sequence, later));
    }
    let mut at = later;
    while !sender.has_work() {
        at += MS;
        sender.sweep(at);
    }
    assert!(at - now < 100 * MS, "{:?}", at - now);
    assert_eq!(std::iter::from_fn(|| sender.pull(at)).count(), 3);
    sender.sweep(at + MS);
    assert!(!sender.has_work(), "they were sent just now");
}

#[test]
fn a_silent_far_side_is_asked_less_and_less() {
    let begun = Instant::now();
    let mut sender = Sender::new(1_000, 1 << 20);
    for _ in 0..500 {
        sender.push(Bytes::from_static(b"x"));
    }
    let mut sent = 0;
    for millisecond in 0..10_000 {
        let now = begun + millisecond * MS;
        sender.sweep(now);
        sent += std::iter::from_fn(|| sender.pull(now)).count();
    }
    assert!((600..3_000).contains(&sent), "{sent} frames in ten seconds");
    // As soon as it answers, all goes again.
    let now = begun + 10_001 * MS;
    assert!(sender.acknowledge(0, now) && !sender.acknowledge(0, now));
    assert_eq!(sender.unacknowledged(), 499);
}

#[test]
fn acknowledgements_of_what_was_never_sent_count_for_nothing() {
    let now = Instant::now();
    let mut sender = Sender::new(10, 1_000);
    sender.push(Bytes::from_static(b"x"));
    for sequence in [0, 1, -1, i64::MIN, i64::MAX] {
        assert!(!sender.acknowledge(sequence, now), "{sequence}");
    }
    assert!(sender.pull(now).is_some() && sender.acknowledge(0, now));
}

#[test]
fn the_window_is_bounded_in_messages_bytes_and_distance() {
    let now = Instant::now();
    let mut few = Sender::new(3, 1 << 20);
    (0..3).for_each(|_| few.push(Bytes::from_static(b"x")));
    assert!(!few.has_room());
    let mut small = Sender::new(1_000, 10);
    small.push(Bytes::from_static(&[0; 50]));
    assert!(!small.has_room(), "one always fits, two do not");
    let mut far = Sender::new(1_000_000, 1 << 30);
    let mut pushed = 0;
    while far.has_room() && pushed < 1_000_000 {
        far.push(Bytes::from_static(b"x"));
        pushed += 1;
        while far.pull(now).is_some() {}
        if pushed > 1 {
            far.acknowledge(pushed - 1, now);
        }
    }
    assert!(pushed < 10_000, "a message that never arrives stops the others at {pushed}");
}

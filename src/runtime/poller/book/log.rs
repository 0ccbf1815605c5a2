//! What was read of the log that is tailed.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::LogRead,
    domain::log::{Follow, LogChunk, LogLine, LogTail},
};

/// How much further back than the last line a reading reaches, as lines may come late.
const OVERLAP: SignedDuration = SignedDuration::from_secs(15);

/// Holds how far a log was read.
#[derive(Debug)]
pub(in super::super) struct TailBook {
    /// What is tailed.
    pub(in super::super) tail: LogTail,
    /// When it was last asked for.
    pub(in super::super) read_at: Option<Timestamp>,
    /// How it is followed.
    pub(in super::super) follow: Follow,
    /// How it was last said to be followed.
    pub(in super::super) told: Option<Follow>,
    /// Whether it was asked for since it is followed live, so that nothing lies between.
    pub(in super::super) bridged: bool,
    /// From when on it may be tried to follow it live.
    pub(in super::super) live_from: Timestamp,
    /// When it was denied.
    pub(in super::super) denied_at: Option<Timestamp>,
    newest: i64,
    /// The lines that were asked for and are recent, by their ids and by what they say.
    polled: Recent,
    /// The lines that came by themselves and are recent, by what they say.
    live: Recent,
}

/// Remembers lines by a number that stands for them, with their times in milliseconds.
#[derive(Debug, Default)]
struct Recent(HashMap<u64, i64>);

impl Recent {
    fn add(&mut self, number: u64, at: i64) -> bool {
        self.0.insert(number, at).is_none()
    }

    fn has(&self, number: u64) -> bool {
        self.0.contains_key(&number)
    }

    fn forget_before(&mut self, at: i64) {
        self.0.retain(|_, known| *known >= at);
    }
}

impl TailBook {
    /// Begins with a log of which nothing was read.
    pub(in super::super) fn new(tail: LogTail) -> Self {
        Self {
            newest: tail.from,
            tail,
            read_at: None,
            follow: Follow::Polling,
            told: None,
            bridged: false,
            live_from: Timestamp::MIN,
            denied_at: None,
            polled: Recent::default(),
            live: Recent::default(),
        }
    }

    /// Returns from when on the next reading has to read, in milliseconds since the epoch.
    ///
    /// A container whose clock is ahead must not make the others' lines be passed over.
    pub(in super::super) fn from(&self) -> i64 {
        match self.read_at {
            None => self.tail.from,
            Some(at) => self.overlap_from(at).max(self.tail.from),
        }
    }

    fn overlap_from(&self, read_at: Timestamp) -> i64 {
        self.newest.min(read_at.as_millisecond()).saturating_sub(i64::try_from(OVERLAP.as_millis()).unwrap_or(0))
    }

    /// Notes that it may not be read.
    pub(in super::super) fn deny(&mut self, at: Timestamp) {
        self.denied_at = Some(at);
    }

    /// Takes what was asked for, and returns what of it is new.
    pub(in super::super) fn take_polled(&mut self, read: LogRead, at: Timestamp) -> LogChunk {
        let (polled, live) = (&mut self.polled, &self.live);
        let is_new = |line: &Arc<LogLine>| {
            let (millis, content) = (line.at.as_millisecond(), content(line));
            let known = if line.id.is_empty() { content } else { number(&line.id) };
            // Both numbers are remembered: what comes by itself later has no id.
            let is_new = polled.add(known, millis);
            polled.add(content, millis);
            is_new && !live.has(content)
        };
        let lines: Vec<_> = read.lines.into_iter().filter(is_new).collect();
        self.denied_at = None;
        self.read_at = Some(at);
        self.bridged = self.follow == Follow::Live;
        self.took(&lines);
        LogChunk { tail: self.tail.clone(), lines, follow: self.follow, sampled: read.cut }
    }

    /// Takes what came by itself, and returns what of it is new.
    pub(in super::super) fn take_live(&mut self, read: LogRead) -> LogChunk {
        let (polled, live) = (&self.polled, &mut self.live);
        let is_new = |line: &Arc<LogLine>| {
            let content = content(line);
            live.add(content, line.at.as_millisecond());
            !polled.has(content)
        };
        let lines: Vec<_> = read.lines.into_iter().filter(is_new).collect();
        self.took(&lines);
        LogChunk { tail: self.tail.clone(), lines, follow: Follow::Live, sampled: read.cut }
    }

    fn took(&mut self, lines: &[Arc<LogLine>]) {
        self.newest = lines.iter().map(|line| line.at.as_millisecond()).max().unwrap_or(self.newest).max(self.newest);
        if let Some(read_at) = self.read_at {
            let far_back = self.overlap_from(self.overlap_of(read_at));
            self.polled.forget_before(far_back);
            self.live.forget_before(far_back);
        }
    }

    fn overlap_of(&self, read_at: Timestamp) -> Timestamp {
        Timestamp::from_millisecond(self.overlap_from(read_at)).unwrap_or(read_at)
    }
}

/// Returns a number that stands for what a line says, when and where.
fn content(line: &LogLine) -> u64 {
    number(&(line.at, &line.stream, &line.message, line.cut))
}

fn number(thing: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{super::super::samples::log_tail as tail, *};

    fn line(id: &str, at: i64, message: &str) -> Arc<LogLine> {
        Arc::new(LogLine {
            id: id.to_owned(),
            at: at_millis(at),
            stream: "web/web/0".to_owned(),
            message: message.to_owned(),
            cut: 0,
        })
    }

    fn at_millis(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn read(lines: &[Arc<LogLine>]) -> LogRead {
        LogRead { lines: lines.to_vec(), cut: false }
    }

    #[test]
    fn a_line_that_is_read_twice_is_told_once() {
        let mut book = TailBook::new(tail(0));
        let lines = [line("1", 1_000, "a"), line("2", 2_000, "b")];
        assert_eq!(book.take_polled(read(&lines), at_millis(3_000)).lines.len(), 2);
        // The same words at the same moment are another line if they have another id.
        let more = [line("2", 2_000, "b"), line("3", 2_000, "b"), line("4", 2_500, "c")];
        let chunk = book.take_polled(read(&more), at_millis(5_000));
        assert_eq!(chunk.lines.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["3", "4"]);
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_hide_later_lines() {
        let mut book = TailBook::new(tail(0));
        assert_eq!(book.from(), 0);
        book.take_polled(read(&[line("1", 7_200_000, "from the future")]), at_millis(60_000));
        assert_eq!(book.from(), 45_000);
        let quiet = TailBook { newest: 20_000, ..TailBook::new(tail(10_000)) };
        assert_eq!(TailBook { read_at: Some(at_millis(60_000)), ..quiet }.from(), 10_000);
    }

    #[test]
    fn what_came_by_itself_is_not_told_again_when_asked_for() {
        let mut book = TailBook::new(tail(0));
        book.take_polled(read(&[line("1", 1_000, "a")]), at_millis(2_000));
        book.follow = Follow::Live;
        let live = [line("", 1_000, "a"), line("", 1_500, "b"), line("", 1_500, "b")];
        let chunk = book.take_live(read(&live));
        assert_eq!((chunk.lines.len(), chunk.follow), (2, Follow::Live));
        assert!(!book.bridged);
        let chunk = book.take_polled(read(&[line("2", 1_500, "b"), line("3", 1_700, "c")]), at_millis(3_000));
        assert_eq!(chunk.lines.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["3"]);
        assert!(book.bridged);
    }

    #[test]
    fn what_is_remembered_is_recent() {
        let mut book = TailBook::new(tail(0));
        for second in 0..600_i64 {
            let at = second * 1_000;
            book.take_polled(read(&[line(&second.to_string(), at, "x")]), at_millis(at + 500));
        }
        assert!(book.polled.0.len() < 100, "{}", book.polled.0.len());
    }
}

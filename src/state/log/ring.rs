//! The lines of a log that are kept: in the order of their time, each once, and no more than there is room for.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use crate::domain::log::LogLine;

/// Lines that are kept; older ones give way.
pub const MOST_LINES: usize = 10_000;

/// Bytes that the kept lines take, about.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that a line takes beyond its texts.
const OVERHEAD: usize = 160;

/// Holds a line with the number of its arrival, which it keeps wherever it stands.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The number of its arrival.
    pub number: usize,
    /// The line.
    pub line: Arc<LogLine>,
    /// Whether a live tail sent it, which sends each line once.
    live: bool,
}

/// Keeps the lines.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    entries: VecDeque<Entry>,
    ids: HashSet<String>,
    bytes: usize,
    arrived: usize,
    /// Whether lines had to give way.
    pub overflowed: bool,
}

impl Ring {
    /// Returns how many lines there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the line at an index, the oldest being the first.
    pub fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Returns the newest line.
    pub fn last(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// Returns where the line of a number stands, while it is kept.
    pub fn position(&self, number: usize) -> Option<usize> {
        self.entries.iter().position(|entry| entry.number == number)
    }

    /// Takes a line to its place by time, behind those of the same moment; returns whether it was a new one.
    pub fn insert(&mut self, line: Arc<LogLine>) -> bool {
        if self.ids.contains(&line.id) {
            return false;
        }
        let place = self.entries.partition_point(|entry| entry.line.at <= line.at);
        if self.is_twin(&line, place) {
            return false;
        }
        self.bytes += weight(&line);
        if !line.id.is_empty() {
            self.ids.insert(line.id.clone());
        }
        let live = line.id.is_empty();
        self.entries.insert(place, Entry { number: self.arrived, line, live });
        self.arrived += 1;
        self.give_way();
        true
    }

    /// Finds the line that was read once with an id and once live, without one; it then is both.
    ///
    /// Two equal lines of one moment are two: each is matched with one line of the other kind only.
    fn is_twin(&mut self, line: &Arc<LogLine>, place: usize) -> bool {
        let (is_live, moment) = (line.id.is_empty(), line.at);
        let twin = (0..place).rev().take_while(|index| self.entries[*index].line.at == moment).find(|index| {
            let entry = &self.entries[*index];
            let is_other_kind = if is_live { !entry.live } else { entry.line.id.is_empty() };
            is_other_kind && entry.line.stream == line.stream && entry.line.message == line.message
        });
        let Some(entry) = twin.and_then(|index| self.entries.get_mut(index)) else { return false };
        entry.live = true;
        if !is_live {
            self.bytes += line.id.len();
            self.ids.insert(line.id.clone());
            entry.line = Arc::clone(line);
        }
        true
    }

    /// Lets the oldest go while there are too many or they are too large; the newest stays, whatever its size.
    fn give_way(&mut self) {
        while self.entries.len() > 1 && (self.entries.len() > MOST_LINES || self.bytes > MOST_BYTES) {
            if let Some(entry) = self.entries.pop_front() {
                self.bytes -= weight(&entry.line);
                self.ids.remove(&entry.line.id);
                self.overflowed = true;
            }
        }
    }
}

fn weight(line: &LogLine) -> usize {
    line.message.len() + line.stream.len() + line.id.len() + OVERHEAD
}

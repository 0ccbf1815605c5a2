//! The list of what went wrong lately, newest first.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::domain::fetch::{Failure, Panel, SourceId};

/// Errors that are kept; older ones give way.
const KEPT: usize = 200;

/// Records a failure, and how often it came back.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorEntry {
    /// The source that failed.
    pub source: SourceId,
    /// What it was reading.
    pub panel: Panel,
    /// The latest failure of this kind.
    pub failure: Failure,
    /// When it first happened.
    pub first: Timestamp,
    /// How often it happened since.
    pub times: u32,
}

/// Keeps the failures of all sources, one entry a kind.
#[derive(Debug, Clone, Default)]
pub struct ErrorLog {
    entries: VecDeque<ErrorEntry>,
    /// Failures that came since the list was last opened.
    pub unseen: usize,
}

impl ErrorLog {
    /// Returns the entries, newest first.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &ErrorEntry> {
        self.entries.iter()
    }

    /// Drops what a source failed with: it has another identity now, and these were not its errors.
    pub fn forget(&mut self, source: SourceId) {
        self.entries.retain(|entry| entry.source != source);
        self.unseen = self.unseen.min(self.entries.len());
    }

    /// Adds a failure, or counts it where one of its kind is there already.
    ///
    /// One that is told once more counts once: a denial that is remembered is not met again.
    pub fn add(&mut self, source: SourceId, panel: Panel, failure: Failure) {
        let known = self.entries.iter().position(|entry| {
            entry.source == source
                && entry.panel == panel
                && entry.failure.kind == failure.kind
                && entry.failure.action == failure.action
        });
        if known.and_then(|index| self.entries.get(index)).is_some_and(|entry| entry.failure == failure) {
            return;
        }
        let entry = match known.and_then(|index| self.entries.remove(index)) {
            Some(known) => ErrorEntry { times: known.times.saturating_add(1), failure, ..known },
            None => {
                self.unseen += 1;
                ErrorEntry { source, panel, first: failure.at, failure, times: 1 }
            }
        };
        self.entries.push_front(entry);
        self.entries.truncate(KEPT);
    }
}

//! Looks into a journal through a window: whatever its length, where its lines are is in memory, and not what they say.
//!
//! A reader goes through a journal in three ways, each a piece at a time, so that whoever drives it can do other things
//! in between: it finds where the lines begin, which is quick; it verifies them from the first to the last; and it looks
//! for what a [`Query`] wants, from the last to the first, because that is what is looked at first.

mod newest;
mod scan;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{Anchors, Contradiction, Open};
use super::chain::{Broken, StepBack, Verifier, Why};
use super::head::Head;
use super::presence;
use super::query::Query;
use super::record::Record;

use scan::File;

/// The most records that are read again for heads that came later.
const MOST_PASSED: usize = 1_000;

/// Lines that are taken at once.
const BLOCK: usize = 256;

/// A line of the journal, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, from one; of a record that is right, its own.
    pub line: u64,
    /// The record, or what is wrong with the line.
    pub record: Result<Arc<Record>, Why>,
    /// Whether it is an intent without an outcome.
    pub is_open: bool,
    /// Whether the program that wrote it lives: then it is under way.
    pub is_under_way: bool,
}

/// What a reader knows of the journal as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// How many lines there are.
    pub lines: u64,
    /// Whether there may be more, which were not found yet: the file has not been gone through.
    pub is_counting: bool,
    /// Up to which of them all are as they were written.
    pub verified: u64,
    /// The first that is not.
    pub broken: Option<Broken>,
    /// A line that was seen earlier and is gone or another now: the file was cut, or put in another's place.
    pub replaced: Option<u64>,
    /// Bytes behind the last line: somebody is writing, or a line is torn.
    pub torn: u64,
    /// Where the clock was last set back.
    pub step: Option<StepBack>,
    /// How many intents have no outcome, and no program any more that could write one.
    pub open: usize,
    /// How many intents are under way.
    pub under_way: usize,
    /// The newest head that was kept elsewhere and agrees.
    pub anchor: Option<(u64, Timestamp)>,
    /// What heads that were kept elsewhere say against it; nothing before all was verified.
    pub contradictions: Vec<Contradiction>,
    /// Why it cannot be read.
    pub fault: Option<String>,
    /// Whether there is no file yet.
    pub is_missing: bool,
}

/// What is seen through the window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// How many lines there are that are wanted, as far as was looked.
    pub matched: usize,
    /// Whether there may be more.
    pub is_searching: bool,
    /// Which of them is the first row: of a page of the newest, 0.
    pub from: usize,
    /// The rows.
    pub rows: Vec<Arc<Row>>,
    /// When the oldest of what is wanted happened, once all was looked through.
    pub began: Option<Timestamp>,
}

/// Reads a journal that others write to.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: Option<File>,
    /// Whether it was gone through to its end.
    is_indexed: bool,
    /// What was seen of a file that is gone: its newest verified line and that one's hash.
    seen: Option<(u64, String)>,
    verifier: Verifier,
    broken: Option<Broken>,
    replaced: Option<u64>,
    step: Option<StepBack>,
    open: Open,
    /// The programs that lived when a page was last read.
    living: BTreeSet<Uuid>,
    heads: Vec<Head>,
    anchors: Anchors,
    fault: Option<String>,
    is_missing: bool,
    query: Query,
    /// Lines that are wanted, in their order.
    matches: VecDeque<usize>,
    /// Lines before this one were not looked at yet, for the query.
    looked_down_to: usize,
    /// Lines from this one on were not looked at yet.
    looked_up_to: usize,
}

impl Reader {
    /// Makes a reader of a journal, which need not be there.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            file: None,
            is_indexed: false,
            seen: None,
            verifier: Verifier::default(),
            broken: None,
            replaced: None,
            step: None,
            open: Open::default(),
            living: BTreeSet::new(),
            heads: Vec::new(),
            anchors: Anchors::default(),
            fault: None,
            is_missing: false,
            query: Query::default(),
            matches: VecDeque::new(),
            looked_down_to: 0,
            looked_up_to: 0,
        }
    }

    /// Takes the heads that were kept elsewhere, and compares those that were not known with what was verified.
    ///
    /// Of many, all is verified anew against them.
    pub fn keep_heads(&mut self, heads: Vec<Head>) {
        self.heads.clone_from(&heads);
        let verified = self.verifier.verified().records;
        let passed: Vec<u64> = self.anchors.add(heads).range(..=verified).copied().collect();
        if passed.len() > MOST_PASSED {
            self.again();
            return;
        }
        for seq in passed {
            let Some(index) = seq.checked_sub(1).and_then(|index| usize::try_from(index).ok()) else { continue };
            let line = self.file.as_mut().and_then(|file| file.read(index..index + 1).ok()?.pop()?.ok());
            // What is not as it was verified any more is found when all is verified again.
            if let Some(record) = line.and_then(|bytes| super::chain::read(&bytes).ok()) {
                self.anchors.pass(record.seq, &record.hash);
            }
        }
    }

    /// Forgets what was verified, and verifies all of it again.
    pub fn again(&mut self) {
        self.remember();
        self.verifier = Verifier::default();
        self.broken = None;
        self.step = None;
        self.open = Open::default();
        self.anchors = Anchors::new(self.heads.clone());
    }

    /// Looks for something else.
    pub fn ask(&mut self, query: Query) {
        if query != self.query {
            self.query = query;
            self.look_anew();
        }
    }

    /// Does a piece of what is to be done; returns whether there is more.
    ///
    /// What goes wrong is told by [`Reader::standing`].
    pub fn work(&mut self) -> bool {
        match self.try_work() {
            Ok(more) => {
                self.fault = None;
                more
            }
            Err(error) => {
                self.is_missing = error.kind() == io::ErrorKind::NotFound;
                if self.file.is_some() {
                    self.lose();
                }
                self.fault = (!self.is_missing).then(|| error.to_string());
                false
            }
        }
    }

    fn try_work(&mut self) -> io::Result<bool> {
        match &mut self.file {
            None => self.file = Some(File::open(&self.path)?),
            Some(file) if !file.is_still(&self.path)? => {
                self.lose();
                self.file = Some(File::open(&self.path)?);
            }
            Some(_) => {}
        }
        self.is_missing = false;
        let is_indexed = match &mut self.file {
            Some(file) => file.index()?,
            None => true,
        };
        if !self.is_indexed {
            if !is_indexed {
                return Ok(true);
            }
            // What is looked for is looked for from the end, wherever that is when looking begins.
            self.is_indexed = true;
            self.look_anew();
        }
        let is_looked_through = self.look()?;
        let is_verified = self.verify()?;
        Ok(!(is_indexed && is_verified && is_looked_through))
    }

    /// The file is not the one that was read: all begins anew, and what was seen of it is remembered.
    fn lose(&mut self) {
        self.again();
        self.file = None;
        self.is_indexed = false;
        self.look_anew();
    }

    fn look_anew(&mut self) {
        let lines = self.file.as_ref().map_or(0, File::lines);
        self.matches.clear();
        (self.looked_down_to, self.looked_up_to) = (lines, lines);
    }

    /// Keeps the newest line that was verified: it must still be there when all is verified again.
    fn remember(&mut self) {
        let verified = self.verifier.verified();
        if verified.records > self.seen.as_ref().map_or(0, |(line, _)| *line) {
            self.seen = Some((verified.records, verified.head.clone()));
        }
    }

    /// Verifies the next lines; returns whether all were.
    fn verify(&mut self) -> io::Result<bool> {
        let Some(file) = &mut self.file else { return Ok(true) };
        let from = usize::try_from(self.verifier.verified().records).unwrap_or(usize::MAX);
        if self.broken.is_some() || from >= file.lines() {
            self.miss();
            return Ok(true);
        }
        let until = file.lines().min(from + BLOCK);
        for (index, line) in (from..).zip(file.read(from..until)?) {
            let followed = line.and_then(|bytes| self.verifier.follow(&bytes));
            match followed {
                Ok(record) => {
                    self.anchors.pass(record.seq, &record.hash);
                    self.open.pass(&record);
                    self.step = self.verifier.step().or(self.step);
                    if self.seen.as_ref().is_some_and(|(line, hash)| *line == record.seq && *hash != record.hash) {
                        self.replaced = Some(record.seq);
                    }
                }
                Err(why) => {
                    self.broken = Some(Broken { line: index as u64 + 1, why });
                    return Ok(true);
                }
            }
        }
        let is_done = until >= file.lines();
        if is_done {
            self.miss();
        }
        Ok(is_done)
    }

    /// Sees what was there and is not any more, once all was verified.
    fn miss(&mut self) {
        let verified = self.verifier.verified().records;
        if self.broken.is_none() && self.seen.as_ref().is_some_and(|(line, _)| *line > verified) {
            self.replaced = Some(verified + 1);
        }
    }

    /// Looks for what is wanted in the lines that were not looked at yet; returns whether there are none.
    fn look(&mut self) -> io::Result<bool> {
        let Some(file) = &mut self.file else { return Ok(true) };
        if self.query.is_empty() {
            return Ok(true);
        }
        let wanted = |line: &Result<Vec<u8>, Why>, query: &Query| match line {
            Ok(bytes) => super::chain::parse(bytes).is_ok_and(|record| query.matches(&record)),
            Err(_) => false,
        };
        let new = self.looked_up_to..file.lines().min(self.looked_up_to + BLOCK);
        for (index, line) in new.clone().zip(file.read(new.clone())?) {
            if wanted(&line, &self.query) {
                self.matches.push_back(index);
            }
        }
        self.looked_up_to = new.end.max(self.looked_up_to);
        let old = self.looked_down_to.saturating_sub(BLOCK)..self.looked_down_to;
        let lines = file.read(old.clone())?;
        for (index, line) in old.clone().zip(lines).rev() {
            if wanted(&line, &self.query) {
                self.matches.push_front(index);
            }
        }
        self.looked_down_to = old.start;
        Ok(self.looked_down_to == 0 && self.looked_up_to >= file.lines())
    }

    /// Returns so many of the lines that are wanted: the newest first, or the oldest.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn page(&mut self, from: usize, count: usize, oldest_first: bool) -> io::Result<Page> {
        self.living = if self.open.is_empty() {
            BTreeSet::new()
        } else {
            presence::living(&self.path).into_iter().map(|one| one.id).collect()
        };
        let all = self.query.is_empty();
        if let Some(file) = self.file.as_mut().filter(|_| !self.is_indexed && all && !oldest_first) {
            return newest::page(file, from, count);
        }
        let lines = self.file.as_ref().map_or(0, File::lines);
        let matched = if all { lines } else { self.matches.len() };
        let from = from.min(matched.saturating_sub(count));
        let place = |row: usize| if oldest_first { row } else { matched - 1 - row };
        let wanted: Vec<usize> = (from..matched.min(from + count))
            .filter_map(|row| if all { Some(place(row)) } else { self.matches.get(place(row)).copied() })
            .collect();
        let mut rows = Vec::with_capacity(wanted.len());
        for index in wanted {
            rows.extend(self.row(index)?);
        }
        let is_unread = self.file.is_some() && !self.is_indexed;
        let is_searching = is_unread || (!all && (self.looked_down_to > 0 || self.looked_up_to < lines));
        let first = if all { (lines > 0).then_some(0) } else { self.matches.front().copied() };
        let began = match first.filter(|_| !is_searching) {
            Some(index) => self.row(index)?.and_then(|row| row.record.as_ref().ok().map(|record| record.time)),
            None => None,
        };
        Ok(Page { matched, is_searching, from, rows, began })
    }

    /// Reads one line; what is shown is looked at once more, for it may have been changed since it was verified.
    fn row(&mut self, index: usize) -> io::Result<Option<Arc<Row>>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let Some(line) = file.read(index..index + 1)?.pop() else { return Ok(None) };
        let line_number = index as u64 + 1;
        let record = line.and_then(|bytes| super::chain::read(&bytes)).map(Arc::new);
        let is_open = record.as_ref().is_ok_and(|record| self.open.contains(record.seq));
        let is_under_way = record.as_ref().is_ok_and(|record| self.open.is_of(record.seq, &self.living));
        Ok(Some(Arc::new(Row { line: line_number, record, is_open, is_under_way })))
    }

    /// Returns what is known of the journal as a whole.
    pub fn standing(&self) -> Standing {
        let lines = self.file.as_ref().map_or(0, File::lines) as u64;
        let verified = self.verifier.verified().records;
        let is_done = self.is_indexed && (verified >= lines || self.broken.is_some());
        Standing {
            lines,
            is_counting: self.file.is_some() && !self.is_indexed,
            verified,
            broken: self.broken.clone(),
            replaced: self.replaced,
            torn: self.file.as_ref().map_or(0, File::torn),
            step: self.step,
            open: self.open.but(&self.living).count(),
            under_way: self.open.of(&self.living).count(),
            anchor: self.anchors.anchor().map(|head| (head.seq, head.time)),
            contradictions: if is_done {
                self.anchors.contradictions(verified, self.broken.is_some())
            } else {
                Vec::new()
            },
            fault: self.fault.clone(),
            is_missing: self.is_missing,
        }
    }
}

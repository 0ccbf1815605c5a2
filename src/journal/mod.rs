//! What was done, by whom and why: an append-only chain of records, recordings of shells, their redaction and replay.
//!
//! Each record is one line of canonical JSON (RFC 8785) with the SHA-256 of itself and of the one before it: an edit, a
//! deletion or an exchange is found by [`chain::verify`]. What it cannot find is a tail that was cut off, or a rewriting
//! of the whole: for that the newest hash must be kept elsewhere.

pub mod audit;
pub mod chain;
mod file;
pub mod head;
pub mod lines;
pub mod ocsf;
mod presence;
pub mod query;
pub mod reader;
pub mod recent;
pub mod record;
pub mod recording;
pub mod redact;
pub mod ship;
mod tail;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::policy::{Authorized, Op};

pub use presence::under_way;
pub use record::{About, Denied, Ending, Outcome, Record, RunStep};

use file::Head;
use presence::Presence;
use ship::Ship;

/// The file of the journal, in its folder.
pub const FILE: &str = "journal.jsonl";

/// An open journal. Nothing is held open between records: several consoles write to the same file.
///
/// All calls block: they wait for the disk, and for other consoles.
pub struct Journal {
    folder: PathBuf,
    kept: Mutex<Kept>,
}

/// What an open journal remembers.
#[derive(Debug, Default)]
struct Kept {
    /// The newest record that this journal knows of: one that is gone from the file was taken away.
    seen: Option<Head>,
    /// The mark of this program, from its first intent on.
    presence: Option<Presence>,
    /// The intents that wait for their outcome.
    open: BTreeSet<u64>,
    /// The outcomes that the disk did not take, with the numbers of their intents: they come before whatever is next.
    unwritten: Vec<(u64, Record)>,
    /// Where heads are brought.
    ship: Option<Shipped>,
}

impl Kept {
    /// Notes that outcomes were written that the disk did not take before.
    fn caught_up(&mut self, intents: &[u64]) {
        self.unwritten.retain(|(intent, _)| !intents.contains(intent));
        self.open.retain(|intent| !intents.contains(intent));
    }
}

/// Where heads are brought, and what they say of the journal.
#[derive(Debug)]
struct Shipped {
    ship: Ship,
    host: String,
    /// The hash of the first record.
    first: Option<String>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// An operation that was recorded before it began; its outcome is recorded against it.
#[derive(Debug, Clone)]
pub struct Intent {
    seq: u64,
    record: Record,
}

impl Intent {
    /// Returns the number of its record.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

/// Says why a record could not be written: then nothing may be done.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder cannot be made or protected, or the file not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Another program held the journal for too long.
    #[error("{path}: locked")]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// The journal's last record is no record, or not what it was when it was written.
    #[error("{path}: the last record is broken")]
    Broken {
        /// The journal.
        path: PathBuf,
    },
    /// The journal's last record is of a version that this program does not know: another program wrote it.
    #[error("{path}: version {version}")]
    Version {
        /// The journal.
        path: PathBuf,
        /// The version.
        version: u32,
    },
    /// Records that this program has seen are gone, or are others.
    #[error("{path}: records are gone")]
    Replaced {
        /// The journal.
        path: PathBuf,
    },
    /// A record is longer than one may be.
    #[error("{path}: the record is too long")]
    TooLong {
        /// The journal.
        path: PathBuf,
    },
}

impl Journal {
    /// Opens the journal of a folder, which is made where it is not there: 0700, and its file 0600.
    ///
    /// # Errors
    /// [`JournalError`] where records could not be written.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        file::prepare(folder)?;
        let journal = Self { folder: folder.to_path_buf(), kept: Mutex::default() };
        let head = file::head(&journal.path())?;
        journal.kept().seen = head;
        Ok(journal)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Records that the gate let something not through; returns the record's number.
    ///
    /// # Errors
    /// [`JournalError`] where it could not be written and brought to the disk.
    pub fn denied(&self, denied: &Denied<'_>) -> Result<u64, JournalError> {
        self.append(Record::denied(denied)).map(|record| record.seq)
    }

    /// Records an operation before it begins. Without what this returns nothing may be done.
    ///
    /// What other programs left behind that are gone is told before it, as by [`Journal::recover`].
    ///
    /// # Errors
    /// [`JournalError`] where it could not be written and brought to the disk.
    pub fn intent(&self, authorized: &Authorized<Op>, about: &About) -> Result<Intent, JournalError> {
        let mut kept = self.kept();
        let path = self.path();
        let mut open = file::Open::of(&path, kept.seen.as_ref())?;
        Self::sweep(&mut open, about.at)?;
        if kept.presence.is_none() {
            kept.presence = Some(open.presence()?);
        }
        let process = kept.presence.as_ref().map(|presence| presence.process().clone());
        let late = Self::catch_up(&mut open, &kept)?;
        let record = open.append(Record::intent(authorized, about, process))?;
        // From here on it may be on the disk, also where that cannot be made sure of.
        kept.open.insert(record.seq);
        kept.seen = open.close()?;
        kept.caught_up(&late);
        self.tell(&mut kept);
        Ok(Intent { seq: record.seq, record })
    }

    /// Records how an operation ended; returns the record's number.
    ///
    /// Where more becomes known of one that ended as [`Ending::Unknown`], another outcome of the same intent says so: the
    /// last one counts.
    ///
    /// # Errors
    /// [`JournalError`] where it could not be written and brought to the disk.
    pub fn outcome(&self, intent: &Intent, outcome: &Outcome) -> Result<u64, JournalError> {
        let record = Record::outcome(&intent.record, outcome);
        match self.append(record.clone()) {
            Ok(written) => {
                self.kept().open.remove(&intent.seq);
                Ok(written.seq)
            }
            Err(error) => {
                self.kept().unwritten.push((intent.seq, record));
                Err(error)
            }
        }
    }

    /// Tells what programs left behind that are gone: each of their intents without an outcome gets one that says that
    /// nobody knows. Returns the numbers of those intents; where there are none, nothing is written.
    ///
    /// A program that still lives, this one or another, holds a lock as long as it does: its intents are left alone.
    ///
    /// # Errors
    /// [`JournalError`] where it could not be written and brought to the disk.
    pub fn recover(&self, at: Timestamp) -> Result<Vec<u64>, JournalError> {
        let mut kept = self.kept();
        let path = self.path();
        let mut open = file::Open::of(&path, kept.seen.as_ref())?;
        let told = Self::sweep(&mut open, at)?;
        kept.seen = open.close()?;
        if !told.is_empty() {
            self.tell(&mut kept);
        }
        Ok(told)
    }

    /// Returns the newest record's number and hash, as far as this program has seen them.
    pub fn seen(&self) -> Option<(u64, String)> {
        self.kept().seen.as_ref().map(|head| (head.seq, head.hash.clone()))
    }

    /// Has each new head brought elsewhere from now on, and the newest one at once; `host` is this machine's name.
    pub fn ship(&self, ship: Ship, host: &str) {
        let mut kept = self.kept();
        kept.ship = Some(Shipped { ship, host: host.to_owned(), first: None });
        self.tell(&mut kept);
    }

    /// Has the newest head brought elsewhere, where that is wanted.
    fn tell(&self, kept: &mut Kept) {
        let (Some(shipped), Some(head)) = (&mut kept.ship, &kept.seen) else { return };
        if shipped.first.is_none() {
            shipped.first = file::first(&self.path());
        }
        let Some(first) = shipped.first.clone() else { return };
        let host = shipped.host.clone();
        shipped.ship.push(&head::Head::new(head.seq, head.hash.clone(), first, head.time, host));
    }

    fn sweep(open: &mut file::Open<'_>, at: Timestamp) -> Result<Vec<u64>, JournalError> {
        let mut told = Vec::new();
        for gone in open.gone()? {
            let left = open.left_behind(&gone)?;
            for intent in &left {
                open.append(Record::abandoned(intent, at))?;
                told.push(intent.seq);
            }
            if !left.is_empty() {
                open.sync()?;
            }
            open.forget(gone)?;
        }
        Ok(told)
    }

    fn append(&self, record: Record) -> Result<Record, JournalError> {
        let mut kept = self.kept();
        let path = self.path();
        let mut open = file::Open::of(&path, kept.seen.as_ref())?;
        let late = Self::catch_up(&mut open, &kept)?;
        let record = open.append(record)?;
        kept.seen = open.close()?;
        kept.caught_up(&late);
        self.tell(&mut kept);
        Ok(record)
    }

    /// Writes the outcomes that the disk did not take before; returns the numbers of their intents.
    fn catch_up(open: &mut file::Open<'_>, kept: &Kept) -> Result<Vec<u64>, JournalError> {
        let write = |(intent, record): &(u64, Record)| open.append(record.clone()).map(|_| *intent);
        kept.unwritten.iter().map(write).collect()
    }

    /// One at a time in this process; the lock on the file is for others.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Where an outcome could not be written, the file stays, and whoever opens the journal next tells that.
        if let Some(presence) = kept.presence.take().filter(|_| kept.open.is_empty()) {
            presence.end();
        }
    }
}

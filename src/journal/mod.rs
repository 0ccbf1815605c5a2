//! What was done, by whom and why: an append-only chain of records, recordings of shells, their redaction and replay.
//!
//! Each record is one line of canonical JSON (RFC 8785) with the SHA-256 of itself and of the one before it: an edit, a
//! deletion or an exchange is found by [`chain::verify`]. What it cannot find is a tail that was cut off, or a rewriting
//! of the whole: for that the newest hash must be kept elsewhere.

pub mod chain;
mod file;
pub mod record;
pub mod recording;
pub mod redact;
mod tail;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::policy::{Authorized, Op};

pub use record::{About, Denied, Ending, Outcome, Record};

use file::Head;

/// The file of the journal, in its folder.
pub const FILE: &str = "journal.jsonl";

/// An open journal. Nothing is held open between records: several consoles write to the same file.
///
/// All calls block: they wait for the disk, and for other consoles.
pub struct Journal {
    folder: PathBuf,
    /// The newest record that this journal knows of: one that is gone from the file was taken away.
    seen: Mutex<Option<Head>>,
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
        let journal = Self { folder: folder.to_path_buf(), seen: Mutex::new(None) };
        let head = file::head(&journal.path())?;
        *journal.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = head;
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
    /// # Errors
    /// [`JournalError`] where it could not be written and brought to the disk.
    pub fn intent(&self, authorized: &Authorized<Op>, about: &About) -> Result<Intent, JournalError> {
        let record = self.append(Record::intent(authorized, about))?;
        Ok(Intent { seq: record.seq, record })
    }

    /// Records how an operation ended; returns the record's number.
    ///
    /// # Errors
    /// [`JournalError`] where it could not be written and brought to the disk.
    pub fn outcome(&self, intent: &Intent, outcome: &Outcome) -> Result<u64, JournalError> {
        self.append(Record::outcome(&intent.record, outcome)).map(|record| record.seq)
    }

    fn append(&self, record: Record) -> Result<Record, JournalError> {
        // One at a time in this process; the lock on the file is for others.
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let record = file::append(&self.path(), record, seen.as_ref())?;
        *seen = Some(Head { seq: record.seq, hash: record.hash.clone() });
        Ok(record)
    }
}

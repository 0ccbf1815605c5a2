//! Which programs have operations under way, so that what one left behind when it was killed can be told.
//!
//! A program that begins an operation holds a file of its own in `processes` locked as long as it lives. The lock goes
//! with it, however it ends, and cannot be mistaken for another's as a process id can. The file says where in the
//! journal the program's first intent lies at the earliest, so that nobody has to read all of it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::chain;
use super::lines::{Content, Lines};
use super::record::{Kind, Process, Record};

/// The folder of the files, beside the journal.
pub(super) const FOLDER: &str = "processes";

/// The most files that are looked at at once.
const MOST: usize = 1_000;

/// This program's own file, locked.
#[derive(Debug)]
pub(super) struct Presence {
    process: Process,
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

/// A program that is gone.
#[derive(Debug)]
pub(super) struct Gone {
    id: String,
    path: PathBuf,
    /// Where in the journal its first intent lies at the earliest.
    since: u64,
    /// Keeps others from looking after it at the same time.
    _file: File,
}

impl Presence {
    /// Makes the file; `since` is how long the journal is now. Must be called with the journal locked.
    pub(super) fn begin(journal: &Path, since: u64) -> io::Result<Self> {
        let folder = folder(journal);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let id = uuid::Uuid::new_v4().to_string();
        let path = folder.join(&id);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.try_lock().map_err(io::Error::from)?;
        file.write_all(since.to_string().as_bytes())?;
        file.sync_all()?;
        File::open(&folder)?.sync_all()?;
        let pid = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
        Ok(Self { process: Process { id, pid }, path, _file: file })
    }

    /// Returns how records name this program.
    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Takes the file away: nothing is under way any more.
    pub(super) fn end(self) {
        // One that stays is found to hold nothing by whoever looks next.
        let _ = fs::remove_file(&self.path);
    }
}

impl Gone {
    /// Takes the file away: what the program left behind has been told.
    pub(super) fn forget(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Finds the intents of the program that have no outcome.
    pub(super) fn left_behind(&self, journal: &Path) -> io::Result<Vec<Record>> {
        let length = fs::metadata(journal)?.len();
        // A journal that is shorter than it was is another one; then nothing is known of where to begin.
        let since = if self.since <= length { self.since } else { 0 };
        let mut open: BTreeMap<u64, Record> = BTreeMap::new();
        let mut lines = Lines::open_at(journal, since, 1)?.locked();
        while let Some(line) = lines.next()? {
            let bytes = match line.content {
                Content::Whole(bytes) => bytes,
                Content::Torn(_) => break,
                Content::TooLong => continue,
            };
            // What is no record is for whoever verifies.
            let Ok(record) = chain::parse(&bytes) else { continue };
            match (record.kind, record.intent) {
                (Kind::Intent, _) if record.process.as_ref().is_some_and(|process| process.id == self.id) => {
                    open.insert(record.seq, record);
                }
                (Kind::Outcome, Some(intent)) => drop(open.remove(&intent)),
                _ => {}
            }
        }
        Ok(open.into_values().collect())
    }
}

/// Finds the programs that are gone. Must be called with the journal locked.
pub(super) fn gone(journal: &Path) -> io::Result<Vec<Gone>> {
    let entries = match fs::read_dir(folder(journal)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries.take(MOST) {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().filter(|name| uuid::Uuid::try_parse(name).is_ok()).map(str::to_owned)
        else {
            continue;
        };
        if !entry.file_type()?.is_file() {
            continue;
        }
        let path = entry.path();
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut text = String::new();
        // One that was not written whole is as one that says nothing: all of the journal is read.
        let read = (&mut file).take(32).read_to_string(&mut text);
        let since = read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0);
        found.push(Gone { id, path, since, _file: file });
    }
    Ok(found)
}

fn folder(journal: &Path) -> PathBuf {
    journal.with_file_name(FOLDER)
}

//! Which programs have operations under way, so that what one left behind when it was killed can be told.
//!
//! A program that begins an operation holds a file of its own in `processes` locked as long as it lives. The lock goes
//! with it, however it ends, and cannot be mistaken for another's as a process id can. The file says where in the
//! journal the program's first intent lies at the earliest, so that nobody has to read all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use super::audit::{MOST_OPEN, Open};
use super::chain;
use super::lines::{Content, Lines};
use super::record::{Kind, Process, Record};

/// The folder of the files, beside the journal.
pub(super) const FOLDER: &str = "processes";

/// The most files that are looked at at once.
const MOST: usize = 1_000;

/// How often a new file is tried to be locked.
const TRIES: usize = 400;

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(5);

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
        let id = Uuid::new_v4().to_string();
        let path = folder.join(&id);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        lock(&file)?;
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

/// Locks a new file. Whoever looks who lives may just have found it, and lets it go at once.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
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
        let Some(id) = entry.file_name().to_str().filter(|name| Uuid::try_parse(name).is_ok()).map(str::to_owned)
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
        let since = since(&mut file);
        found.push(Gone { id, path, since, _file: file });
    }
    Ok(found)
}

/// A program that lives: by its mark, and where in the journal its first intent lies at the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Living {
    pub(super) id: Uuid,
    pub(super) since: u64,
}

/// Finds the programs that live, this one among them. What cannot be looked at counts as gone.
///
/// A lock is tried for and let go at once. Nobody is kept from anything by that: who lives has its own lock, and of those that
/// are gone, whoever looks after them comes again.
pub(super) fn living(journal: &Path) -> Vec<Living> {
    let Ok(entries) = fs::read_dir(folder(journal)) else { return Vec::new() };
    let living = |entry: fs::DirEntry| {
        let id = Uuid::try_parse(entry.file_name().to_str()?).ok()?;
        // A pipe in its place would be waited for.
        if !entry.file_type().ok()?.is_file() {
            return None;
        }
        let mut file = File::open(entry.path()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(Living { id, since: since(&mut file) }),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    };
    entries.take(MOST).filter_map(|entry| living(entry.ok()?)).collect()
}

/// Finds the intents that programs have under way: they have no outcome yet, and whoever wrote them lives.
///
/// Only what was written since the oldest of these programs began is read; where nobody lives, nothing. What cannot be read
/// is for whoever verifies.
pub fn under_way(journal: &Path) -> BTreeSet<u64> {
    let living = living(journal);
    let Some(begin) = living.iter().map(|one| one.since).min() else { return BTreeSet::new() };
    let is_living: BTreeSet<Uuid> = living.iter().map(|one| one.id).collect();
    let mut open = Open::default();
    let Ok(mut lines) = Lines::open_at(journal, begin, 1) else { return BTreeSet::new() };
    while let Ok(Some(line)) = lines.next() {
        match line.content {
            Content::Whole(bytes) => {
                if let Ok(record) = chain::parse(&bytes) {
                    open.pass(&record);
                }
            }
            Content::Torn(_) => break,
            Content::TooLong => {}
        }
    }
    open.of(&is_living).take(MOST_OPEN).collect()
}

/// Reads where in the journal a program's first intent lies at the earliest.
fn since(file: &mut File) -> u64 {
    let mut text = String::new();
    // One that was not written whole is as one that says nothing: all of the journal is read.
    let read = file.take(32).read_to_string(&mut text);
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}

fn folder(journal: &Path) -> PathBuf {
    journal.with_file_name(FOLDER)
}

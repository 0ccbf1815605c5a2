//! The file of the journal: made, protected, locked, written and brought to the disk.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::JournalError;
use super::chain::{self, GENESIS, LONGEST_LINE, Why};
use super::lines::Lines;
use super::presence::{self, Gone, Presence};
use super::record::{Record, Torn};
use super::tail::{self, Tail};

/// How long another program may hold the journal: it writes one line.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(5);

/// How much of a torn line is kept, in bytes.
const KEPT: usize = 8 * 1024;

/// The newest record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: String,
    pub(super) time: Timestamp,
}

impl Head {
    fn of(record: &Record) -> Self {
        Self { seq: record.seq, hash: record.hash.clone(), time: record.time }
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> JournalError {
    let path = path.to_path_buf();
    move |source| JournalError::Io { path: path.clone(), source }
}

/// Makes the folder where it is not there, and sees to it that nobody else may look into it.
pub(super) fn prepare(folder: &Path) -> Result<(), JournalError> {
    let failed = failed(folder);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(&failed)?;
    // Whoever made it before may have let others in.
    let is_open = fs::metadata(folder).map_err(&failed)?.mode() & 0o077 != 0;
    if is_open { fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(&failed) } else { Ok(()) }
}

/// Opens the file for one record and locks it; it is made where it is not there.
fn open(path: &Path) -> Result<File, JournalError> {
    let failed = failed(path);
    let mut options = OpenOptions::new();
    // A link in its place would lead the records elsewhere.
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    options.read(true).append(true).create(true).mode(0o600).custom_flags(no_follow);
    let file = options.open(path).map_err(&failed)?;
    let metadata = file.metadata().map_err(&failed)?;
    if !metadata.is_file() {
        return Err(failed(io::ErrorKind::InvalidInput.into()));
    }
    if metadata.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600)).map_err(&failed)?;
    }
    lock(&file, path)?;
    Ok(file)
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy { path: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => return Err(failed(path)(error)),
        }
    }
}

/// Returns the newest record of a journal, which is made where it is not there: what can be opened can be written to.
pub(super) fn head(path: &Path) -> Result<Option<Head>, JournalError> {
    let mut file = open(path)?;
    let (head, _) = look(&mut file, path)?;
    sync(&file, path)?;
    Ok(head)
}

/// Looks at the end of the file: the newest record, and what is torn behind it.
fn look(file: &mut File, path: &Path) -> Result<(Option<Head>, Tail), JournalError> {
    let broken = || JournalError::Broken { path: path.to_path_buf() };
    let tail = tail::read(file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => broken(),
        _ => failed(path)(error),
    })?;
    let head = match &tail.last {
        Some(line) => {
            let record = chain::read(line).map_err(|why| match why {
                Why::Version(version) => JournalError::Version { path: path.to_path_buf(), version },
                _ => broken(),
            })?;
            Some(Head::of(&record))
        }
        None => None,
    };
    Ok((head, tail))
}

/// The file, opened and locked to write some records behind the newest one, whoever wrote that.
#[derive(Debug)]
pub(super) struct Open<'a> {
    path: &'a Path,
    file: File,
    head: Option<Head>,
    tail: Tail,
}

impl<'a> Open<'a> {
    /// Opens and locks it; `seen` is the newest record that is known to have been there.
    pub(super) fn of(path: &'a Path, seen: Option<&Head>) -> Result<Self, JournalError> {
        let mut file = open(path)?;
        let (head, tail) = look(&mut file, path)?;
        if is_replaced(head.as_ref(), seen) {
            return Err(JournalError::Replaced { path: path.to_path_buf() });
        }
        Ok(Self { path, file, head, tail })
    }

    /// Writes a record; what is torn behind the newest one is taken out before it, and recorded.
    pub(super) fn append(&mut self, record: Record) -> Result<Record, JournalError> {
        let torn = std::mem::take(&mut self.tail.torn);
        if !torn.is_empty() {
            let recovered = Record::recovered(self::torn(&torn), record.time);
            self.file.set_len(self.tail.end).map_err(failed(self.path))?;
            self.write(recovered)?;
        }
        self.write(record)
    }

    fn write(&mut self, record: Record) -> Result<Record, JournalError> {
        let end = self.length()?;
        let record = write(&mut self.file, self.path, record, self.head.as_ref(), end)?;
        self.head = Some(Head::of(&record));
        Ok(record)
    }

    fn length(&self) -> Result<u64, JournalError> {
        Ok(self.file.metadata().map_err(failed(self.path))?.len())
    }

    /// Marks this program as one that has something under way.
    pub(super) fn presence(&self) -> Result<Presence, JournalError> {
        Presence::begin(self.path, self.length()?).map_err(failed(self.path))
    }

    /// Finds the programs that are gone.
    pub(super) fn gone(&self) -> Result<Vec<Gone>, JournalError> {
        presence::gone(self.path).map_err(failed(self.path))
    }

    /// Finds what a program left behind.
    pub(super) fn left_behind(&self, gone: &Gone) -> Result<Vec<Record>, JournalError> {
        gone.left_behind(self.path).map_err(failed(self.path))
    }

    /// Takes the mark of a program away that is gone.
    pub(super) fn forget(&self, gone: Gone) -> Result<(), JournalError> {
        gone.forget().map_err(failed(self.path))
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        sync(&self.file, self.path)
    }

    /// Brings what was written to the disk, and returns the newest record.
    pub(super) fn close(self) -> Result<Option<Head>, JournalError> {
        self.sync()?;
        Ok(self.head)
    }
}

/// Returns the hash of a journal's first record, by which it is known.
pub(super) fn first(path: &Path) -> Option<String> {
    let line = Lines::open(path).ok()?.locked().next().ok()??;
    Some(chain::parse(chain::whole(&line.content).ok()?).ok()?.hash)
}

/// Tells whether what was seen is gone.
fn is_replaced(head: Option<&Head>, seen: Option<&Head>) -> bool {
    match (head, seen) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(head), Some(seen)) => head.seq < seen.seq || (head.seq == seen.seq && head.hash != seen.hash),
    }
}

fn torn(bytes: &[u8]) -> Torn {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(KEPT)]);
    Torn {
        bytes: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(bytes)),
        text: crate::domain::text::clean(&text, KEPT),
    }
}

/// Writes one line whole; where that fails, what was written of it is taken back.
fn write(file: &mut File, path: &Path, record: Record, head: Option<&Head>, end: u64) -> Result<Record, JournalError> {
    let too_long = || JournalError::TooLong { path: path.to_path_buf() };
    let (seq, prev) = head.map_or((1, GENESIS), |head| (head.seq + 1, head.hash.as_str()));
    let record = chain::link(record, seq, prev).ok_or_else(too_long)?;
    let mut line = chain::canonical(&record).ok_or_else(too_long)?;
    line.push(b'\n');
    if line.len() > LONGEST_LINE {
        return Err(too_long());
    }
    file.write_all(&line).map_err(|error| {
        // What stays is torn, and the next record recovers it.
        let _ = file.set_len(end);
        failed(path)(error)
    })?;
    Ok(record)
}

/// Brings the file to the disk, and its name in the folder.
fn sync(file: &File, path: &Path) -> Result<(), JournalError> {
    file.sync_all().map_err(failed(path))?;
    match path.parent() {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder)),
        None => Ok(()),
    }
}

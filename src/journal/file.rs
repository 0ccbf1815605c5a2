//! The file of the journal: made, protected, locked, written and brought to the disk.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::JournalError;
use super::chain::{self, GENESIS, LONGEST_LINE};
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
            let record = chain::read(line).map_err(|_| broken())?;
            Some(Head { seq: record.seq, hash: record.hash })
        }
        None => None,
    };
    Ok((head, tail))
}

/// Writes a record behind the newest one, whoever wrote that, and brings it to the disk.
///
/// `seen` is the newest record that is known to have been there.
pub(super) fn append(path: &Path, record: Record, seen: Option<&Head>) -> Result<Record, JournalError> {
    let mut file = open(path)?;
    let (mut head, tail) = look(&mut file, path)?;
    if is_replaced(head.as_ref(), seen) {
        return Err(JournalError::Replaced { path: path.to_path_buf() });
    }
    if !tail.torn.is_empty() {
        let recovered = Record::recovered(torn(&tail.torn), record.time);
        file.set_len(tail.end).map_err(failed(path))?;
        let recovered = write(&mut file, path, recovered, head.as_ref(), tail.end)?;
        head = Some(Head { seq: recovered.seq, hash: recovered.hash });
    }
    let end = file.metadata().map_err(failed(path))?.len();
    let record = write(&mut file, path, record, head.as_ref(), end)?;
    sync(&file, path)?;
    Ok(record)
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

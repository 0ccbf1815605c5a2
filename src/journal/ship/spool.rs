//! The spool: heads that were not brought yet, in a file of their own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::journal::head::Head;

/// The file, beside the journal.
pub const FILE: &str = "heads.jsonl";

/// The most heads that wait. Each head speaks for all records before it: of more, every other one is let go.
pub const MOST: usize = 1_000;

/// The longest a file is read, in bytes: many times what [`MOST`] heads have.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Holds heads until they were brought. Several programs may share one.
///
/// All calls block: they wait for the disk, and for other programs.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
}

impl Spool {
    /// Returns the spool of a folder; its file is made with the first head.
    pub fn within(folder: &Path) -> Self {
        Self { path: folder.join(FILE) }
    }

    /// Adds a head, and brings it to the disk.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn push(&self, head: &Head) -> io::Result<()> {
        let mut file = self.open()?;
        let mut heads = read(&mut file)?;
        let is_full = heads.len() >= MOST;
        if is_full {
            let mut number = 0;
            heads.retain(|_| {
                number += 1;
                number % 2 == 0
            });
            heads.push(head.clone());
            return write(&mut file, &heads);
        }
        // On a line of its own, also where the one before it was torn: what is no head is passed over.
        let line = format!("\n{}\n", head.line());
        file.seek(SeekFrom::End(0))?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    }

    /// Returns the heads that wait, the oldest first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn waiting(&self) -> io::Result<Vec<Head>> {
        match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => drop(opened?),
        }
        read(&mut self.open()?)
    }

    /// Takes heads out that were brought.
    ///
    /// # Errors
    /// Where the file cannot be written; then they are brought once more, which does no harm.
    pub fn done(&self, heads: &[Head]) -> io::Result<()> {
        let mut file = self.open()?;
        let mut left = read(&mut file)?;
        left.retain(|head| !heads.contains(head));
        write(&mut file, &left)
    }

    /// Opens the file and locks it.
    fn open(&self) -> io::Result<File> {
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow);
        let file = options.open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // Nobody holds it for longer than it takes to write some lines.
        file.lock()?;
        Ok(file)
    }
}

/// Reads the heads; what is none was torn or is not ours, and is passed over.
fn read(file: &mut File) -> io::Result<Vec<Head>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(LONGEST).read_to_end(&mut text)?;
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    Ok(lines.filter_map(Head::of_line).collect())
}

/// Writes the heads in place of what is there: a file in its stead would have another lock.
fn write(file: &mut File, heads: &[Head]) -> io::Result<()> {
    let text: String = heads.iter().map(|head| head.line() + "\n").collect();
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use jiff::Timestamp;

    use super::*;

    fn head(seq: u64) -> Head {
        let hash = format!("{seq:064x}");
        Head::new(seq, hash.clone(), hash, Timestamp::UNIX_EPOCH, "console-1".to_owned())
    }

    fn numbers(spool: &Spool) -> Vec<u64> {
        spool.waiting().unwrap().iter().map(|head| head.seq).collect()
    }

    #[test]
    fn what_waits_is_there_until_it_was_brought() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::within(folder.path());
        assert_eq!(numbers(&spool), Vec::<u64>::new());
        assert!(!folder.path().join(FILE).exists());
        for seq in 1..=3 {
            spool.push(&head(seq)).unwrap();
        }
        let brought = spool.waiting().unwrap();
        spool.push(&head(4)).unwrap();
        spool.done(&brought).unwrap();
        assert_eq!(numbers(&Spool::within(folder.path())), [4]);
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_head_that_was_torn_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::within(folder.path());
        spool.push(&head(1)).unwrap();
        let mut text = fs::read(folder.path().join(FILE)).unwrap();
        text.extend_from_slice(b"{\"version\":1,\"se\xff");
        fs::write(folder.path().join(FILE), text).unwrap();
        spool.push(&head(2)).unwrap();
        assert_eq!(numbers(&spool), [1, 2]);
    }

    #[test]
    fn however_long_nobody_can_be_reached_the_spool_stays_small_and_knows_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::within(folder.path());
        let file = fs::File::create(folder.path().join(FILE)).unwrap();
        drop(file);
        let many: Vec<Head> = (1..=MOST as u64).map(head).collect();
        write(&mut spool.open().unwrap(), &many).unwrap();
        spool.push(&head(5_000)).unwrap();
        let numbers = numbers(&spool);
        assert_eq!(numbers.len(), MOST / 2 + 1);
        assert_eq!((numbers[0], numbers.last()), (2, Some(&5_000)));
    }
}

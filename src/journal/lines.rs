//! Reads the lines of a journal, one at a time, while others may be writing to it.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::chain::LONGEST_LINE;

/// How long somebody who writes is waited for before a line without an end is taken for torn.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(5);

/// A line of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which it is, from one.
    pub number: u64,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// What it holds.
    pub content: Content,
}

/// What a line holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Its bytes, without its end.
    Whole(Vec<u8>),
    /// It has no end, and nobody is writing it: so many bytes of it are there.
    Torn(u64),
    /// It is longer than a record can be.
    TooLong,
}

/// The lines of a journal from a place on. At most one line is in memory.
#[derive(Debug)]
pub struct Lines {
    reader: BufReader<File>,
    offset: u64,
    number: u64,
    /// Whether others may be writing.
    waits: bool,
}

impl Lines {
    /// Opens a journal at its beginning.
    ///
    /// # Errors
    /// Where it cannot be opened, or is no file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_at(path, 0, 1)
    }

    /// Opens a journal at the beginning of a line, which has that number.
    ///
    /// # Errors
    /// Where it cannot be opened, or is no file.
    pub fn open_at(path: &Path, offset: u64, number: u64) -> io::Result<Self> {
        // A pipe in its place would be waited for.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { reader: BufReader::new(file), offset, number, waits: true })
    }

    /// Waits for nobody who writes: the caller holds the lock.
    #[must_use]
    pub(super) fn locked(self) -> Self {
        Self { waits: false, ..self }
    }

    /// Reads the next line; none at the end. It may be called again when there is more.
    ///
    /// # Errors
    /// Where it cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator ends at its end; this one may have more to give later"
    )]
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = self.fill()?;
        if self.waits && !bytes.is_empty() && bytes.len() <= LONGEST_LINE && !bytes.ends_with(b"\n") {
            // Somebody may be writing just this line: who has the lock is not disturbed in it.
            let locked = lock_shared(self.reader.get_ref())?;
            self.seek()?;
            bytes = self.fill()?;
            if locked {
                self.reader.get_ref().unlock()?;
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let (length, content) = if bytes.len() > LONGEST_LINE {
            (self.skip(bytes.len() as u64)?, Content::TooLong)
        } else if bytes.ends_with(b"\n") {
            let length = bytes.len() as u64;
            bytes.pop();
            (length, Content::Whole(bytes))
        } else {
            // It is read again when it was written to its end.
            self.seek()?;
            let torn = Content::Torn(bytes.len() as u64);
            return Ok(Some(Line { number: self.number, offset: self.offset, content: torn }));
        };
        let line = Line { number: self.number, offset: self.offset, content };
        self.offset += length;
        self.number += 1;
        Ok(Some(line))
    }

    /// Returns where the next line begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the number of the next line.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn seek(&mut self) -> io::Result<()> {
        self.reader.seek(SeekFrom::Start(self.offset)).map(drop)
    }

    /// Reads to the end of the line, one byte more than a line may have at most.
    fn fill(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut bytes)?;
        Ok(bytes)
    }

    /// Passes over the rest of a line that is too long, and returns how long it was.
    fn skip(&mut self, mut length: u64) -> io::Result<u64> {
        loop {
            let bytes = self.fill()?;
            length += bytes.len() as u64;
            if bytes.is_empty() || bytes.ends_with(b"\n") {
                return Ok(length);
            }
        }
    }
}

/// Waits for whoever writes; tells whether the lock was got.
fn lock_shared(file: &File) -> io::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    fn journal(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    fn whole(number: u64, offset: u64, text: &str) -> Line {
        Line { number, offset, content: Content::Whole(text.as_bytes().to_vec()) }
    }

    #[test]
    fn lines_come_with_their_places_and_more_when_there_is_more() {
        let (_folder, path) = journal("a\n日本\n".as_bytes());
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(lines.next().unwrap(), Some(whole(1, 0, "a")));
        assert_eq!(lines.next().unwrap(), Some(whole(2, 2, "日本")));
        assert_eq!(lines.next().unwrap(), None);
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"c\n").unwrap();
        assert_eq!(lines.next().unwrap(), Some(whole(3, 9, "c")));
        let mut later = Lines::open_at(&path, 2, 2).unwrap();
        assert_eq!(later.next().unwrap(), Some(whole(2, 2, "日本")));
    }

    #[test]
    fn a_line_without_an_end_is_torn_until_it_has_one() {
        let (_folder, path) = journal(b"a\nb");
        let mut lines = Lines::open(&path).unwrap();
        lines.next().unwrap();
        let torn = Line { number: 2, offset: 2, content: Content::Torn(1) };
        assert_eq!(lines.next().unwrap(), Some(torn.clone()));
        assert_eq!(lines.next().unwrap(), Some(torn));
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"cd\n").unwrap();
        assert_eq!(lines.next().unwrap(), Some(whole(2, 2, "bcd")));
    }

    #[test]
    fn a_line_that_is_being_written_is_waited_for() {
        let (_folder, path) = journal(b"a");
        let mut writer = fs::OpenOptions::new().append(true).open(&path).unwrap();
        writer.lock().unwrap();
        let reading = path.clone();
        let reader = thread::spawn(move || Lines::open(&reading).unwrap().next().unwrap());
        thread::sleep(Duration::from_millis(20));
        writer.write_all(b"b\n").unwrap();
        writer.unlock().unwrap();
        assert_eq!(reader.join().unwrap(), Some(whole(1, 0, "ab")));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = "x".repeat(3 * LONGEST_LINE);
        let (_folder, path) = journal(format!("{long}\nb\n").as_bytes());
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(lines.next().unwrap().unwrap().content, Content::TooLong);
        assert_eq!(lines.next().unwrap(), Some(whole(2, long.len() as u64 + 1, "b")));
    }

    #[test]
    fn only_a_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Lines::open(folder.path()).is_err());
        assert!(Lines::open(&folder.path().join("none")).is_err());
    }
}

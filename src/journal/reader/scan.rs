//! The file of a journal, by its lines.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::journal::chain::{LONGEST_LINE, Why};

/// How much is gone through at once to find where lines begin.
const PIECE: usize = 1024 * 1024;

/// How much is read at once where lines are read.
const BUFFER: usize = 64 * 1024;

/// A file, and where its lines end.
#[derive(Debug)]
pub(super) struct File {
    handle: fs::File,
    /// Where each line ends, behind its line break.
    ends: Vec<u64>,
    /// How far was gone through.
    scanned: u64,
    /// Whether that was to its end.
    is_at_end: bool,
}

impl File {
    /// Opens it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A pipe in its place would be waited for.
        if !fs::metadata(path)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Self { handle: fs::File::open(path)?, ends: Vec::new(), scanned: 0, is_at_end: false })
    }

    /// Tells whether the file that was opened is still the one at its place, and has all that was seen.
    pub(super) fn is_still(&self, path: &Path) -> io::Result<bool> {
        let (there, here) = (fs::metadata(path)?, self.handle.metadata()?);
        let is_same = (there.dev(), there.ino()) == (here.dev(), here.ino());
        Ok(is_same && here.len() >= self.end())
    }

    /// Returns how many lines were found.
    pub(super) fn lines(&self) -> usize {
        self.ends.len()
    }

    /// Returns how many bytes stand behind the last line.
    pub(super) fn torn(&self) -> u64 {
        // As long as it is gone through, what is behind it is the rest of the file.
        if self.is_at_end { self.scanned - self.end() } else { 0 }
    }

    fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Goes through the next piece; returns whether it was the last.
    pub(super) fn index(&mut self) -> io::Result<bool> {
        if self.is_at_end {
            // What stood behind the last line may have been a torn one, and be another now.
            self.scanned = self.end();
        }
        let mut bytes = vec![0; PIECE];
        self.handle.seek(SeekFrom::Start(self.scanned))?;
        let read = self.handle.read(&mut bytes)?;
        let (mut left, mut at) = (&bytes[..read], 0);
        while !left.is_empty() {
            at += left.skip_until(b'\n')?;
            // The last line of a piece goes on in the next one.
            if bytes[at - 1] == b'\n' {
                self.ends.push(self.scanned + at as u64);
            }
        }
        self.scanned += read as u64;
        self.is_at_end = read < PIECE;
        Ok(self.is_at_end)
    }

    /// Reads lines, each without its end.
    pub(super) fn read(&mut self, lines: Range<usize>) -> io::Result<Vec<Result<Vec<u8>, Why>>> {
        let until = lines.end.min(self.ends.len());
        let mut begin = match lines.start.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_else(|| self.end()),
            None => 0,
        };
        let ends = self.ends.get(lines.start..until).unwrap_or_default();
        self.handle.seek(SeekFrom::Start(begin))?;
        // Many lines a read; what is passed over need not be in memory.
        let mut reader = BufReader::with_capacity(BUFFER, &self.handle);
        let mut read = Vec::with_capacity(ends.len());
        for end in ends {
            let length = end - begin;
            if length > LONGEST_LINE as u64 {
                reader.seek_relative(i64::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?)?;
                read.push(Err(Why::TooLong));
            } else {
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(LONGEST_LINE)];
                reader.read_exact(&mut bytes)?;
                bytes.pop();
                read.push(Ok(bytes));
            }
            begin = *end;
        }
        Ok(read)
    }

    /// Reads the newest lines that lie within so many bytes of the end, each without its end, the oldest of them first.
    pub(super) fn newest(&mut self, most: u64) -> io::Result<Vec<Vec<u8>>> {
        let length = self.handle.metadata()?.len();
        // The line that this lies in is not read, unless one begins just here: hence the byte before.
        let begin = length.saturating_sub(most);
        self.handle.seek(SeekFrom::Start(begin.saturating_sub(1)))?;
        let mut bytes = Vec::new();
        (&self.handle).take(most + 1).read_to_end(&mut bytes)?;
        let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        // Behind the last line break is nothing, or what is being written.
        lines.pop();
        if begin > 0 && !lines.is_empty() {
            lines.remove(0);
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_those_that_lie_whole_within_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let newest = |text: &str, most: u64| {
            fs::write(&path, text).unwrap();
            let lines = File::open(&path).unwrap().newest(most).unwrap();
            lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(newest("", 10), [""; 0]);
        assert_eq!(newest("aa\nbb\ncc\n", 100), ["aa", "bb", "cc"]);
        assert_eq!(newest("aa\nbb\ncc\n", 9), ["aa", "bb", "cc"]);
        assert_eq!(newest("aa\nbb\ncc\n", 8), ["bb", "cc"]);
        assert_eq!(newest("aa\nbb\ncc\n", 6), ["bb", "cc"]);
        assert_eq!(newest("aa\nbb\ncc\n", 5), ["cc"]);
        assert_eq!(newest("aa\nbb\ncc\ntorn", 8), ["cc"]);
        assert_eq!(newest("aa\nbb\ncc", 3), [""; 0]);
    }

    #[test]
    fn lines_are_found_over_the_borders_of_pieces_and_read_past_one_that_is_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let long = "x".repeat(3 * PIECE);
        fs::write(&path, format!("{}\n{long}\n{}\n\ntorn", "a".repeat(PIECE - 1), "日".repeat(PIECE / 9))).unwrap();
        let mut file = File::open(&path).unwrap();
        while !file.index().unwrap() {
            assert_eq!(file.torn(), 0, "what is not gone through yet is not torn");
        }
        assert_eq!((file.lines(), file.torn()), (4, 4));
        let read = file.read(0..9).unwrap();
        let lengths: Vec<_> = read.iter().map(|line| line.as_ref().map(Vec::len).map_err(Clone::clone)).collect();
        // Longer than a record can be is what is longer than that.
        assert_eq!(lengths, [Err(Why::TooLong), Err(Why::TooLong), Err(Why::TooLong), Ok(0)]);
        assert_eq!(file.read(3..4).unwrap(), [Ok(Vec::new())]);
    }
}

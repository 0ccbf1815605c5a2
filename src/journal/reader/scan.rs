//! The file of a journal, by its lines.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::journal::chain::{LONGEST_LINE, Why};

/// How much is gone through at once to find where lines begin.
const PIECE: usize = 1024 * 1024;

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
        self.scanned - self.end()
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
        let breaks = bytes[..read].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        self.ends.extend(breaks.map(|(at, _)| self.scanned + at as u64 + 1));
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
        let mut read = Vec::new();
        for end in self.ends.get(lines.start..until).unwrap_or_default() {
            let length = end - begin;
            if length > LONGEST_LINE as u64 {
                read.push(Err(Why::TooLong));
            } else {
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(LONGEST_LINE)];
                self.handle.seek(SeekFrom::Start(begin))?;
                self.handle.read_exact(&mut bytes)?;
                bytes.pop();
                read.push(Ok(bytes));
            }
            begin = *end;
        }
        Ok(read)
    }
}

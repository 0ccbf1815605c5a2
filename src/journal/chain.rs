//! The chain: each record holds the hash of the one before it, and its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::record::Record;

/// What stands for the record before the first.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The longest line, in bytes with its end.
pub const LONGEST_LINE: usize = 256 * 1024;

/// What a journal holds, all of it as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many records.
    pub records: u64,
    /// The hash of the newest; [`GENESIS`] where there is none.
    pub head: String,
}

/// The first record that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its line, from one.
    pub line: u64,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The file cannot be read; holds what the operating system says.
    Unreadable(String),
    /// The last line has no end: it was not written whole, and the next record will recover it.
    Torn,
    /// The line is longer than a record can be.
    TooLong,
    /// The line is no record.
    NoRecord,
    /// The line is a record, but not in the one way of writing it.
    NotCanonical,
    /// Its number is not the next.
    Gap {
        /// The number that it should have.
        expected: u64,
        /// The number that it has.
        found: u64,
    },
    /// It does not follow the record before it: something was taken out, put in or exchanged.
    Unlinked,
    /// Its hash is not that of what it holds: it was changed.
    Changed,
}

/// Verifies a journal from its first record to its last.
///
/// A tail that was cut off between two records cannot be seen from within: compare [`Verified::head`] with one that was
/// kept elsewhere.
///
/// # Errors
/// The first record that is not as it was written.
pub fn verify(path: &Path) -> Result<Verified, Broken> {
    let unreadable = |line| move |error: std::io::Error| Broken { line, why: Why::Unreadable(error.to_string()) };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable(1))?);
    let mut verified = Verified { records: 0, head: GENESIS.to_owned() };
    let mut bytes = Vec::new();
    loop {
        let line = verified.records + 1;
        bytes.clear();
        let longest = LONGEST_LINE as u64 + 1;
        reader.by_ref().take(longest).read_until(b'\n', &mut bytes).map_err(unreadable(line))?;
        if bytes.is_empty() {
            return Ok(verified);
        }
        let broken = |why| Broken { line, why };
        let Some(content) = bytes.strip_suffix(b"\n") else {
            return Err(broken(if bytes.len() > LONGEST_LINE { Why::TooLong } else { Why::Torn }));
        };
        let record = read(content).map_err(broken)?;
        if record.seq != line {
            return Err(broken(Why::Gap { expected: line, found: record.seq }));
        }
        if record.prev != verified.head {
            return Err(broken(Why::Unlinked));
        }
        verified = Verified { records: line, head: record.hash };
    }
}

/// Reads a line, and checks that it is written in the one way and that its hash is its own.
pub(super) fn read(line: &[u8]) -> Result<Record, Why> {
    let record: Record = serde_json::from_slice(line).map_err(|_| Why::NoRecord)?;
    if canonical(&record).is_none_or(|canonical| canonical != line) {
        return Err(Why::NotCanonical);
    }
    if hash(&record).is_none_or(|hash| hash != record.hash) {
        return Err(Why::Changed);
    }
    Ok(record)
}

/// Writes a record in the one way of writing it: RFC 8785, the JSON Canonicalization Scheme.
pub(super) fn canonical(record: &Record) -> Option<Vec<u8>> {
    serde_jcs::to_vec(record).ok()
}

/// Returns the hash of a record, which does not count itself.
pub(super) fn hash(record: &Record) -> Option<String> {
    let without = Record { hash: String::new(), ..record.clone() };
    Some(hex::encode(Sha256::digest(canonical(&without)?)))
}

/// Puts a record behind another: its number, the hash of the one before, and its own.
pub(super) fn link(record: Record, seq: u64, prev: &str) -> Option<Record> {
    let record = Record { seq, prev: prev.to_owned(), hash: String::new(), ..record };
    let hash = hash(&record)?;
    Some(Record { hash, ..record })
}

//! The chain: each record holds the hash of the one before it, and its own.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::lines::{Content, Lines};
use super::record::Record;

/// What stands for the record before the first.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The longest line, in bytes with its end.
pub const LONGEST_LINE: usize = 256 * 1024;

/// How far a record's time may lie before that of the record above it, and the clock not have been set back: a record
/// bears the time at which it was wanted, and then waits for its turn.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

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
    /// The record is of a version that this program does not know: another program wrote it.
    Version(u32),
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

impl Why {
    /// Returns its stable name, as the command line's JSON spells it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Torn => "torn",
            Self::TooLong => "too-long",
            Self::NoRecord => "no-record",
            Self::Version(_) => "version",
            Self::NotCanonical => "not-canonical",
            Self::Gap { .. } => "gap",
            Self::Unlinked => "unlinked",
            Self::Changed => "changed",
        }
    }
}

/// Where the clock had been set back when a record was written; the order is that of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBack {
    /// The record's number.
    pub seq: u64,
    /// The time of the record before it.
    pub from: Timestamp,
    /// Its own.
    pub to: Timestamp,
}

/// Follows a chain, line by line.
#[derive(Debug, Clone)]
pub struct Verifier {
    verified: Verified,
    first: Option<String>,
    newest: Option<Timestamp>,
    step: Option<StepBack>,
}

impl Default for Verifier {
    fn default() -> Self {
        let verified = Verified { records: 0, head: GENESIS.to_owned() };
        Self { verified, first: None, newest: None, step: None }
    }
}

impl Verifier {
    /// Takes the next line, without its end, and returns the record that it is.
    ///
    /// # Errors
    /// What is wrong with it; the chain ends before it then.
    pub fn follow(&mut self, line: &[u8]) -> Result<Record, Why> {
        let record = read(line)?;
        let expected = self.verified.records + 1;
        if record.seq != expected {
            return Err(Why::Gap { expected, found: record.seq });
        }
        if record.prev != self.verified.head {
            return Err(Why::Unlinked);
        }
        self.step = self.newest.filter(|newest| newest.duration_since(record.time) > TOLERANCE).map(|from| StepBack {
            seq: record.seq,
            from,
            to: record.time,
        });
        self.newest = Some(record.time);
        self.first.get_or_insert_with(|| record.hash.clone());
        self.verified = Verified { records: expected, head: record.hash.clone() };
        Ok(record)
    }

    /// Returns what was verified so far.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Returns the hash of the first record, by which a journal is known.
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// Returns the time of the newest record.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Tells whether the clock had been set back when the record was written that was taken last.
    pub fn step(&self) -> Option<StepBack> {
        self.step
    }
}

/// Verifies a journal from its first record to its last.
///
/// A tail that was cut off between two records cannot be seen from within: compare [`Verified::head`] with one that was
/// kept elsewhere, as [`super::audit`] does.
///
/// # Errors
/// The first record that is not as it was written.
pub fn verify(path: &Path) -> Result<Verified, Broken> {
    let mut verifier = Verifier::default();
    let unreadable = |line| move |error: std::io::Error| Broken { line, why: Why::Unreadable(error.to_string()) };
    let mut lines = Lines::open(path).map_err(unreadable(1))?;
    while let Some(line) = lines.next().map_err(unreadable(verifier.verified.records + 1))? {
        let broken = |why| Broken { line: line.number, why };
        verifier.follow(whole(&line.content).map_err(broken)?).map_err(broken)?;
    }
    Ok(verifier.verified)
}

/// Returns the bytes of a line that is whole.
pub(super) fn whole(content: &Content) -> Result<&[u8], Why> {
    match content {
        Content::Whole(bytes) => Ok(bytes),
        Content::Torn(_) => Err(Why::Torn),
        Content::TooLong => Err(Why::TooLong),
    }
}

/// Reads a line, and checks that it is written in the one way and that its hash is its own.
pub(super) fn read(line: &[u8]) -> Result<Record, Why> {
    let record = parse(line)?;
    if canonical(&record).is_none_or(|canonical| canonical != line) {
        return Err(Why::NotCanonical);
    }
    if hash_of_line(line, &record.hash).is_none_or(|hash| hash != record.hash) {
        return Err(Why::Changed);
    }
    Ok(record)
}

/// Reads a line as it stands, right or not.
pub(super) fn parse(line: &[u8]) -> Result<Record, Why> {
    /// What all versions have.
    #[derive(Deserialize)]
    struct Any {
        version: u32,
    }
    match serde_json::from_slice::<Record>(line) {
        Ok(record) if record.version == Record::VERSION => Ok(record),
        Ok(record) => Err(Why::Version(record.version)),
        Err(_) => Err(match serde_json::from_slice::<Any>(line) {
            Ok(any) if any.version != Record::VERSION => Why::Version(any.version),
            _ => Why::NoRecord,
        }),
    }
}

/// Writes a record in the one way of writing it: RFC 8785, the JSON Canonicalization Scheme.
pub(super) fn canonical(record: &Record) -> Option<Vec<u8>> {
    serde_jcs::to_vec(record).ok()
}

/// Returns the hash of a canonical line, which does not count the member `hash` itself.
///
/// In the canonical form members are sorted and nothing stands between them: without the member is what is left when it
/// is cut out. Nothing that stands behind it can look like it: those members hold no names of others' choosing.
fn hash_of_line(line: &[u8], hash: &str) -> Option<String> {
    let member = format!("\"hash\":\"{hash}\",");
    let at = line.windows(member.len()).rposition(|window| window == member.as_bytes())?;
    let mut digest = Sha256::new();
    digest.update(&line[..at]);
    digest.update(&line[at + member.len()..]);
    Some(hex::encode(digest.finalize()))
}

/// Returns the hash of a record, which does not count itself.
fn hash(record: &Record) -> Option<String> {
    let without = Record { hash: String::new(), ..record.clone() };
    Some(hex::encode(Sha256::digest(canonical(&without)?)))
}

/// Puts a record behind another: its number, the hash of the one before, and its own.
pub(super) fn link(record: Record, seq: u64, prev: &str) -> Option<Record> {
    let record = Record { seq, prev: prev.to_owned(), hash: String::new(), ..record };
    let hash = hash(&record)?;
    Some(Record { hash, ..record })
}

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
    if !is_canonical(&record, line) {
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

/// Tells whether a line is a record in the one way of writing it.
fn is_canonical(record: &Record, line: &[u8]) -> bool {
    // The same, several times as quickly: members in the order of their names, and nothing between them.
    let sorted = || serde_json::to_value(record).and_then(|value| serde_json::to_vec(&value));
    (is_plain(record, line) && sorted().is_ok_and(|sorted| sorted == line))
        || canonical(record).is_some_and(|canonical| canonical == line)
}

/// Tells whether a record holds nothing of what the canonical form has a way of its own for: names are sorted as UTF-16, which
/// differs from UTF-8 beyond the Basic Multilingual Plane, and numbers are those of IEEE 754.
///
/// Source: RFC 8785, 3.2.2.3 and 3.2.3.
fn is_plain(record: &Record, line: &[u8]) -> bool {
    const EXACT: u64 = 1 << 53;
    let numbers = [Some(record.seq), record.intent, record.duration_ms, record.torn.as_ref().map(|torn| torn.bytes)];
    let redacted = u64::try_from(record.redacted).unwrap_or(u64::MAX);
    line.iter().all(|byte| *byte < 0xf0) && numbers.into_iter().flatten().chain([redacted]).all(|number| number < EXACT)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::journal::record::Torn;

    fn record(text: &str, bytes: u64) -> Record {
        let torn = Torn { bytes, sha256: String::new(), text: text.to_owned() };
        Record::recovered(torn, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn whatever_is_told_more_quickly_is_told_as_the_canonical_form_tells_it() {
        // U+E000 comes before U+10000 in UTF-8, and behind its surrogates in UTF-16.
        let names = BTreeMap::from([("\u{e000}", 1), ("\u{10000}", 2)]);
        let canonical = serde_jcs::to_vec(&names).unwrap();
        assert_ne!(serde_json::to_vec(&names).unwrap(), canonical);
        // A number that no double has is written as the one that it is nearest to.
        let odd = record("", (1 << 53) + 1);
        let line = super::canonical(&odd).unwrap();
        assert!(!is_plain(&odd, &line) && is_canonical(&odd, &line));
        assert!(!is_canonical(&odd, &serde_json::to_vec(&serde_json::to_value(&odd).unwrap()).unwrap()));
    }

    proptest! {
        #[test]
        fn a_line_is_canonical_if_the_canonical_form_is_just_that(
            text in any::<String>(), bytes in prop_oneof![0..100_u64, (1_u64 << 53) - 2..(1 << 53) + 3], space in any::<bool>()
        ) {
            let record = record(&text, bytes);
            let line = super::canonical(&record).unwrap();
            prop_assert!(is_canonical(&record, &line));
            let sorted = serde_json::to_vec(&serde_json::to_value(&record).unwrap()).unwrap();
            prop_assert_eq!(is_canonical(&record, &sorted), sorted == line);
            let mut other = line;
            other.insert(1, if space { b' ' } else { b'\n' });
            prop_assert!(!is_canonical(&record, &other));
        }
    }
}

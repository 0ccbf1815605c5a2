//! Heads: the newest record's number and hash, kept where whoever can change the journal cannot reach.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::fetch::Failure;

/// The version of the form that is written.
const VERSION: u32 = 1;

/// The longest name of a host within a stream's name, in characters.
const LONGEST_HOST: usize = 200;

/// The newest record of a journal at some time, as it is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of this form.
    version: u32,
    /// The record's number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// The hash of the journal's first record, by which a journal is known.
    pub first: String,
    /// The record's time.
    pub time: Timestamp,
    /// The machine that the journal is on.
    pub host: String,
}

impl Head {
    /// Makes the head of a journal.
    pub fn new(seq: u64, hash: String, first: String, time: Timestamp, host: String) -> Self {
        Self { version: VERSION, seq, hash, first, time, host }
    }

    /// Writes it as one line of JSON, without its end.
    pub fn line(&self) -> String {
        // A structure of numbers and texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line; none where it is no head of a known version.
    pub fn of_line(line: &str) -> Option<Self> {
        let head: Self = serde_json::from_str(line).ok()?;
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        (head.version == VERSION && head.seq > 0 && is_hash(&head.hash) && is_hash(&head.first)).then_some(head)
    }
}

/// Names the stream of a journal: its machine, and the beginning of the SHA-256 of where it lies there.
///
/// A journal that was written anew lies at the same place, and so what was kept of the old one is found.
///
/// Source: Amazon CloudWatch Logs API Reference, `CreateLogStream`: a name has no `:` and no `*`.
pub fn stream(host: &str, journal: &Path) -> String {
    let host: String =
        host.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let host: String = host.chars().take(LONGEST_HOST).collect();
    let place = hex::encode(Sha256::digest(journal.as_os_str().as_encoded_bytes()));
    format!("{}/{}", if host.is_empty() { "-" } else { &host }, &place[..16])
}

/// Says which heads are read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those of a place on a machine, whatever journals stood there.
    Stream(String),
    /// Those of a journal, wherever it was: known by the hash of its first record.
    Journal(String),
}

/// Holds heads that were read back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heads {
    /// The heads, in no order.
    pub heads: Vec<Head>,
    /// Whether there are more than are read; those that were are the newest.
    pub more: bool,
}

/// What a call to where heads are kept brings.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Keeps heads elsewhere, where records can be added and not be changed.
pub trait HeadShipper: Send + Sync + fmt::Debug {
    /// Keeps heads, the oldest first. Keeping one twice does no harm.
    fn ship<'a>(&'a self, stream: &'a str, heads: &'a [Head]) -> Kept<'a, ()>;

    /// Reads heads back.
    fn heads<'a>(&'a self, which: &'a Which) -> Kept<'a, Heads>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_line_and_back() {
        let hash = "ab".repeat(32);
        let time = "2026-11-22T00:00:00Z".parse().unwrap();
        let head = Head::new(7, hash.clone(), hash.clone(), time, "console-1".to_owned());
        assert_eq!(Head::of_line(&head.line()), Some(head.clone()));
        for broken in [
            String::new(),
            head.line().replace("\"version\":1", "\"version\":2"),
            head.line().replace("\"seq\":7", "\"seq\":0"),
            head.line().replacen("ab", "x", 1),
        ] {
            assert_eq!(Head::of_line(&broken), None, "{broken}");
        }
    }

    #[test]
    fn a_stream_is_of_a_place_on_a_machine() {
        let of = |host: &str, path: &str| stream(host, Path::new(path));
        assert_eq!(of("a:b*/c", "/x").split('/').next(), Some("a-b--c"));
        assert_ne!(of("a", "/x"), of("a", "/y"));
        assert_eq!(of("a", "/x").len(), 18);
        assert!(of("", "/x").starts_with("-/"));
        assert!(of(&"日".repeat(1_000), "/x").len() < 300);
    }
}

//! The service's word that a session is over.

use serde::Deserialize;

use crate::domain::text::clean_lines;

/// The most characters of what the service says at the end.
const MOST_WORDS: usize = 4_000;

/// What `channel_closed` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Closed {
    /// Why, in the service's words, cleaned; empty for a plain end.
    #[serde(default)]
    pub output: String,
}

impl Closed {
    /// Reads the payload of a `channel_closed`; whatever it says, the session is over.
    pub fn read(payload: &[u8]) -> Self {
        let said = serde_json::from_slice::<Self>(payload).map(|closed| closed.output).unwrap_or_default();
        Self { output: clean_lines(&said, MOST_WORDS).trim().to_owned() }
    }
}

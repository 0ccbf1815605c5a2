//! What was done, by whom and why: an append-only chain of records, recordings of shells, their redaction and replay.

pub mod recording;
pub mod redact;

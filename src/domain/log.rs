//! CloudWatch Logs: where a service's containers write, and what they wrote.

mod level;

use std::sync::Arc;

use jiff::Timestamp;

pub use level::{Level, level};

/// The most characters of a log line that are kept; CloudWatch Logs takes up to 1 MB.
pub const LONGEST_LINE: usize = 16_384;

/// Tells where a container's log goes (the `awslogs` driver's options in a task definition).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogPlace {
    /// The container's name.
    pub container: String,
    /// The log group.
    pub group: String,
    /// The region, where it is not the service's own; empty for that.
    pub region: String,
    /// What the streams' names begin with: `PREFIX/CONTAINER/`, followed by the task's id; empty where the definition names
    /// no prefix, so that the whole group is read.
    pub stream_prefix: String,
}

/// Says what is tailed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogTail {
    /// Where the log is.
    pub place: LogPlace,
    /// What CloudWatch Logs is to filter by, in its own syntax; empty for everything.
    pub pattern: String,
    /// The oldest line that is wanted, in milliseconds since the epoch.
    pub from: i64,
}

/// Holds one line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// CloudWatch's id of the event, by which a line that is read twice is known; may be empty in a live tail.
    pub id: String,
    /// When the container says it was written.
    pub at: Timestamp,
    /// The stream: it ends with the task's id.
    pub stream: String,
    /// The line, cleaned; tabs and line breaks within it are spaces.
    pub message: String,
    /// How many characters were cut off its end.
    pub cut: usize,
}

/// Tells how a log is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Follow {
    /// CloudWatch sends lines as they come (`StartLiveTail`).
    Live,
    /// It is asked again and again (`FilterLogEvents`).
    Polling,
}

/// Holds lines that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// What they are of.
    pub tail: LogTail,
    /// The lines, oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// How they were got.
    pub follow: Follow,
    /// Whether lines were left out: more came than can be read, or CloudWatch sent a sample.
    pub sampled: bool,
}

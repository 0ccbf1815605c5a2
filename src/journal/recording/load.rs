//! Reads recordings back. A file may be anybody's: sizes, lines and counts are bounded, and every text is cleaned.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::text::clean;

use super::cast::LONGEST_TEXT;
use super::tunnel::{FORMAT, FirstLine};
use super::{About, END};

pub use super::tunnel::{Total, TunnelEvent, TunnelLine};

/// The largest file that is read: a little more than a recording may have.
const LARGEST: u64 = 300 * 1024 * 1024;

/// The longest line.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// The most events.
const MOST_EVENTS: usize = 4_000_000;

/// The longest recording: what comes later is said to come then.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// A recording that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Loaded {
    /// A shell's.
    Cast(Cast),
    /// A tunnel's.
    Tunnel(TunnelLog),
}

/// The recording of a shell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cast {
    /// The columns at the beginning.
    pub columns: u16,
    /// The rows at the beginning.
    pub rows: u16,
    /// When it was made, where it says so.
    pub at: Option<Timestamp>,
    /// Its title; may be empty.
    pub title: String,
    /// What it is of, where we have made it.
    pub about: Option<About>,
    /// What happened.
    pub events: Vec<CastEvent>,
    /// Whether it breaks off in the middle of a line.
    pub is_torn: bool,
}

/// Something that happened in a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CastEvent {
    /// When, from the beginning; never earlier than the one before.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What happened in a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Output, as the terminal got it: raw.
    Output(Box<str>),
    /// Another size: columns and rows.
    Resize(u16, u16),
    /// A marker, cleaned; may be empty.
    Marker(Box<str>),
}

/// The recording of a tunnel.
#[derive(Debug, Clone, PartialEq)]
pub struct TunnelLog {
    /// When it begins.
    pub at: Timestamp,
    /// Its title; may be empty.
    pub title: String,
    /// What it is of.
    pub about: About,
    /// What happened.
    pub lines: Vec<TunnelLine>,
    /// Whether it breaks off in the middle of a line.
    pub is_torn: bool,
}

/// Says why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("no regular file")]
    NoFile,
    /// It is larger than any recording.
    #[error("larger than {LARGEST} bytes")]
    TooLarge,
    /// Its first line is of no recording that is known.
    #[error("no recording")]
    NoRecording,
    /// A line is not of the form.
    #[error("line {line} is no event")]
    Malformed {
        /// Which, from one.
        line: usize,
    },
}

/// The first line of an asciicast file, as far as it matters here.
#[derive(Deserialize)]
struct CastHeader {
    version: u8,
    width: u16,
    height: u16,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    sekisho: Option<About>,
}

/// Reads a recording of either kind.
///
/// A last line that breaks off is left out, and [`Cast::is_torn`] says so.
///
/// # Errors
/// [`LoadError`] where the file cannot be read, or is no recording.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    // Asked before it is opened: opening a pipe waits for whoever writes into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(LoadError::NoFile);
    }
    let file = File::open(path)?;
    if file.metadata()?.len() > LARGEST {
        return Err(LoadError::TooLarge);
    }
    read(BufReader::new(file.take(LARGEST)))
}

/// Reads a recording of either kind from its text.
///
/// # Errors
/// As [`load`].
pub fn read(input: impl BufRead) -> Result<Loaded, LoadError> {
    let mut lines = Lines { input, number: 0, line: Vec::new() };
    match header(lines.next()?.ok_or(LoadError::NoRecording)?.0) {
        Some(Loaded::Cast(cast)) => lines.cast(cast),
        Some(Loaded::Tunnel(log)) => lines.tunnel(log),
        None => Err(LoadError::NoRecording),
    }
}

/// Reads the first line.
pub(super) fn header(line: &[u8]) -> Option<Loaded> {
    if let Ok(first) = serde_json::from_slice::<FirstLine>(line) {
        let is_known = first.format == FORMAT;
        let (about, title) = (cleaned(&first.about), clean(&first.title, LONGEST_TEXT));
        let log = TunnelLog { at: first.at, title, about, lines: Vec::new(), is_torn: false };
        return is_known.then_some(Loaded::Tunnel(log));
    }
    let header: CastHeader = serde_json::from_slice(line).ok()?;
    (header.version == 2).then(|| {
        Loaded::Cast(Cast {
            columns: header.width,
            rows: header.height,
            at: header.timestamp.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            title: clean(&header.title.unwrap_or_default(), LONGEST_TEXT),
            about: header.sekisho.as_ref().map(cleaned),
            events: Vec::new(),
            is_torn: false,
        })
    })
}

/// Tells whether the last line of a file says that it is whole.
pub(super) fn is_end(line: &[u8]) -> bool {
    let is_cast_end = || matches!(event(line), Some(Some((_, What::Marker(label)))) if *label == *END);
    match serde_json::from_slice::<TunnelLine>(line) {
        Ok(line) => matches!(line.event, TunnelEvent::End(_)),
        Err(_) => is_cast_end(),
    }
}

fn cleaned(about: &About) -> About {
    about.fitted(|text| clean(text, LONGEST_TEXT))
}

/// Reads an event; nothing inside where its code is of no interest.
#[expect(clippy::option_option, reason = "malformed and uninteresting are two things")]
pub(super) fn event(line: &[u8]) -> Option<Option<(Duration, What)>> {
    let (seconds, code, data): (f64, String, String) = serde_json::from_slice(line).ok()?;
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    let at = Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64()));
    let what = match code.as_str() {
        "o" => What::Output(data.into()),
        "m" => What::Marker(clean(&data, LONGEST_TEXT).into()),
        "r" => {
            let (columns, rows) = data.split_once('x')?;
            What::Resize(columns.parse().ok()?, rows.parse().ok()?)
        }
        // Others may have recorded what was typed; there may be codes that we do not know.
        _ => return Some(None),
    };
    Some(Some((at, what)))
}

/// Reads lines, and counts them.
struct Lines<R> {
    input: R,
    number: usize,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Returns the next line, and whether it has its end.
    fn next(&mut self) -> Result<Option<(&[u8], bool)>, LoadError> {
        self.line.clear();
        self.number += 1;
        let length = (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut self.line)?;
        let is_whole = self.line.ends_with(b"\n");
        if !is_whole && length as u64 == LONGEST_LINE {
            return Err(LoadError::Malformed { line: self.number });
        }
        Ok((length > 0).then_some((self.line.as_slice(), is_whole)))
    }

    fn cast(mut self, mut cast: Cast) -> Result<Loaded, LoadError> {
        let mut latest = Duration::ZERO;
        while let Some((line, is_whole)) = self.next()? {
            match event(line) {
                Some(Some((at, what))) if cast.events.len() < MOST_EVENTS => {
                    latest = latest.max(at);
                    cast.events.push(CastEvent { at: latest, what });
                }
                Some(None) => {}
                None if line.trim_ascii().is_empty() => {}
                None if !is_whole => cast.is_torn = true,
                Some(Some(_)) | None => return Err(LoadError::Malformed { line: self.number }),
            }
        }
        Ok(Loaded::Cast(cast))
    }

    fn tunnel(mut self, mut log: TunnelLog) -> Result<Loaded, LoadError> {
        while let Some((line, is_whole)) = self.next()? {
            match serde_json::from_slice::<TunnelLine>(line) {
                Ok(mut line) if log.lines.len() < MOST_EVENTS => {
                    if let TunnelEvent::Marker { label: text } | TunnelEvent::Closed { session_id: Some(text), .. } =
                        &mut line.event
                    {
                        *text = clean(text, LONGEST_TEXT);
                    }
                    log.lines.push(line);
                }
                Err(_) if !is_whole => log.is_torn = true,
                Ok(_) | Err(_) => return Err(LoadError::Malformed { line: self.number }),
            }
        }
        Ok(Loaded::Tunnel(log))
    }
}

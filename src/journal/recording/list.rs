//! The recordings that are there.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::load::{Loaded, TunnelLine, event, header, is_end};
use super::{About, CAST, TUNNEL};

/// The most names of a folder that are looked at.
const MOST_NAMES: usize = 100_000;

/// The longest first line that is read for a list.
const LONGEST_HEADER: u64 = 64 * 1024;

/// How much of a file's end is read: the last line of a whole recording is short.
const TAIL: u64 = 4096;

/// Describes a recording without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingInfo {
    /// Where it is.
    pub path: PathBuf,
    /// The file's name.
    pub name: String,
    /// Whether it is a tunnel's.
    pub is_tunnel: bool,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it begins, where its header says so.
    pub at: Option<Timestamp>,
    /// How long it is, where its last line says so.
    pub duration: Option<Duration>,
    /// What it is of, where its header says so; cleaned.
    pub about: Option<About>,
    /// How it stands.
    pub state: RecordingState,
}

/// Tells how a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordingState {
    /// It was ended as it should.
    Whole,
    /// It has no end: it is being made, or whoever made it was stopped.
    Open,
    /// Its header cannot be read.
    Malformed,
}

/// Lists at most so many recordings of a folder, the newest first, and whether there are more.
///
/// A folder that is not there has none. Links are not followed. This waits for the disk.
///
/// # Errors
/// Where the folder cannot be read.
pub fn recordings(folder: &Path, most: usize) -> io::Result<(Vec<RecordingInfo>, bool)> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
        entries => entries?,
    };
    let mut names: Vec<String> = entries
        .take(MOST_NAMES)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(CAST) || name.ends_with(TUNNEL))
        .collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    let is_capped = names.len() > most;
    names.truncate(most);
    Ok((names.into_iter().map(|name| info(folder, name)).collect(), is_capped))
}

fn info(folder: &Path, name: String) -> RecordingInfo {
    let path = folder.join(&name);
    let is_tunnel = name.ends_with(TUNNEL);
    let mut info = RecordingInfo {
        path,
        name,
        is_tunnel,
        bytes: 0,
        at: None,
        duration: None,
        about: None,
        state: RecordingState::Malformed,
    };
    // What cannot be read is as good as malformed.
    let _ = fill(&mut info);
    info
}

fn fill(info: &mut RecordingInfo) -> io::Result<()> {
    let mut file = File::open(&info.path)?;
    info.bytes = file.metadata()?.len();
    let mut first = Vec::new();
    BufReader::new((&mut file).take(LONGEST_HEADER)).read_until(b'\n', &mut first)?;
    match header(&first) {
        Some(Loaded::Cast(cast)) if !info.is_tunnel => (info.at, info.about) = (cast.at, cast.about),
        Some(Loaded::Tunnel(log)) if info.is_tunnel => (info.at, info.about) = (Some(log.at), Some(log.about)),
        _ => return Ok(()),
    }
    info.state = RecordingState::Open;
    file.seek(SeekFrom::Start(info.bytes.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let Some(body) = tail.strip_suffix(b"\n") else { return Ok(()) };
    let last = body.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    info.duration = duration(last, info.at);
    if is_end(last) {
        info.state = RecordingState::Whole;
    }
    Ok(())
}

/// Returns how long after the beginning a line was written.
fn duration(line: &[u8], begun: Option<Timestamp>) -> Option<Duration> {
    if let Some(Some((at, _))) = event(line) {
        return Some(at);
    }
    let line: TunnelLine = serde_json::from_slice(line).ok()?;
    line.at.duration_since(begun?).try_into().ok()
}

//! The thread that writes a recording.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{Fault, Input, Message, Recording};

/// How long what was written may stay in our memory.
const FLUSH: Duration = Duration::from_secs(1);

/// How often a redactor that holds something back is told the time.
const TICK: Duration = Duration::from_millis(100);

/// Room that is kept for the last lines of a file at its limit.
const RESERVE: u64 = 1024;

/// Turns what happens into lines of a file.
pub(super) trait Format: Send {
    /// Returns the first line.
    fn header(&mut self) -> String;
    /// Adds the lines of something that happened.
    fn take(&mut self, input: Input, at: Timestamp, lines: &mut Vec<String>);
    /// Lets time pass.
    fn tick(&mut self, at: Timestamp, lines: &mut Vec<String>);
    /// Adds the last lines: with this label, where the form has one.
    fn end(&mut self, label: &str, at: Timestamp, lines: &mut Vec<String>);
    /// Tells whether time changes something.
    fn is_holding(&self) -> bool;
    /// Returns how many secrets were redacted.
    fn redactions(&self) -> usize;
}

/// Makes the file of a recording, for its owner alone, with a name that nobody has and that sorts by time.
pub(super) fn create(folder: &Path, ending: &str, at: Timestamp) -> io::Result<(PathBuf, File)> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    let random = uuid::Uuid::new_v4().simple().to_string();
    let name = format!("{}-{}{ending}", at.strftime("%Y%m%dT%H%M%S%3fZ"), &random[..8]);
    let path = folder.join(name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    // Whatever the process' mask took away or left.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok((path, file))
}

/// Writes lines, counts and hashes them.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
    limit: u64,
    /// When the oldest line that is not on its way to the disk was written.
    unflushed: Option<Instant>,
    format: Box<dyn Format>,
}

impl Writer {
    pub(super) fn new(path: PathBuf, file: File, limit: u64, format: Box<dyn Format>) -> Self {
        let file = BufWriter::with_capacity(64 * 1024, file);
        Self { path, file, hash: Sha256::new(), bytes: 0, limit, unflushed: None, format }
    }

    /// Writes the header.
    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        let header = self.format.header();
        self.line(&header)?;
        Ok(self.flush()?)
    }

    /// Writes what comes until the end.
    pub(super) fn run(mut self, messages: &Receiver<Message>, begun: Timestamp) -> Result<Recording, Fault> {
        let mut last = (begun, Instant::now());
        let mut lines = Vec::new();
        loop {
            let received = match self.wait() {
                Some(wait) => messages.recv_timeout(wait),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(Message { input: Input::End, at, .. }) => return self.finish(at),
                Ok(Message { input, at, .. }) => {
                    last = (at, Instant::now());
                    self.format.take(input, at, &mut lines);
                }
                Err(RecvTimeoutError::Timeout) => self.format.tick(later(last), &mut lines),
                Err(RecvTimeoutError::Disconnected) => return self.finish(later(last)),
            }
            self.lines(&mut lines, last.0)?;
            if self.unflushed.is_some_and(|since| since.elapsed() >= FLUSH) {
                self.flush()?;
            }
        }
    }

    /// Returns how long nothing needs doing; nothing where that is until something comes.
    fn wait(&self) -> Option<Duration> {
        let flush = self.unflushed.map(|since| FLUSH.saturating_sub(since.elapsed()));
        let tick = self.format.is_holding().then_some(TICK);
        flush.into_iter().chain(tick).min()
    }

    fn lines(&mut self, lines: &mut Vec<String>, at: Timestamp) -> Result<(), Fault> {
        for line in std::mem::take(lines) {
            if self.bytes + line.len() as u64 + RESERVE > self.limit {
                let mut last = Vec::new();
                self.format.end(super::FULL, at, &mut last);
                // What was held back has no room any more; the label that ends the file has.
                if let Some(label) = last.pop() {
                    self.line(&label)?;
                }
                self.flush()?;
                self.file.get_ref().sync_all()?;
                return Err(Fault::Full { limit: self.limit });
            }
            self.line(&line)?;
        }
        Ok(())
    }

    fn finish(mut self, at: Timestamp) -> Result<Recording, Fault> {
        let mut lines = Vec::new();
        self.format.end(super::END, at, &mut lines);
        self.lines(&mut lines, at)?;
        self.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(Recording {
            path: self.path,
            sha256: hex::encode(self.hash.finalize()),
            bytes: self.bytes,
            redactions: self.format.redactions(),
        })
    }

    fn line(&mut self, line: &str) -> Result<(), Fault> {
        self.file.write_all(line.as_bytes())?;
        self.hash.update(line.as_bytes());
        self.bytes += line.len() as u64;
        self.unflushed.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unflushed = None;
        self.file.flush()
    }
}

/// Returns the time now, by the clock of the last message.
fn later((at, then): (Timestamp, Instant)) -> Timestamp {
    let elapsed = SignedDuration::try_from(then.elapsed()).unwrap_or_default();
    at.checked_add(elapsed).unwrap_or(at)
}

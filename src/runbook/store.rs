//! Keeps runs of runbooks in the state folder, so that a crash or a closed laptop loses nothing.
//!
//! A run is one file, `RUNBOOK.NUMBER.json`, which is written anew as a whole and put in the place of the one before: whoever
//! reads it sees the one or the other. While a console has a run, it holds a lock beside it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::book::{Runbook, RunbookId};
use super::report;
use super::run::{Actor, Run, RunId, Setting};
use crate::i18n::Texts;

/// The longest file that is read: a run of a thousand steps with their snapshots is shorter.
const LONGEST: u64 = 64 * 1024 * 1024;

/// How often another number is tried, where consoles begin runs at the same time.
const TRIES: usize = 100;

/// The most runs that are listed, those that were written last.
const MOST_LISTED: usize = 200;

/// Says why a run cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such run.
    #[error("{0}: not there")]
    NotThere(RunId),
    /// Another console has it.
    #[error("{0}: in use")]
    InUse(RunId),
    /// The file is none of a run, or of a form that this program does not know.
    #[error("{0}: broken")]
    Broken(PathBuf),
    /// The runbook has no step.
    #[error("no steps")]
    Stepless,
    /// The disk, or what the system says of it.
    #[error("{path}: {source}")]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Keeps runs in a folder.
#[derive(Debug, Clone)]
pub struct RunStore {
    folder: PathBuf,
}

/// A run that this program has; nobody else has it meanwhile.
#[derive(Debug)]
pub struct Held {
    /// The run.
    pub run: Run,
    store: RunStore,
    /// The lock, which goes with this.
    _lock: File,
}

impl Held {
    /// Keeps the run as it is now.
    ///
    /// # Errors
    /// [`RunError::Io`]; on the disk it is as it was.
    pub fn save(&self) -> Result<(), RunError> {
        self.store.save(&self.run)
    }
}

impl RunStore {
    /// Keeps runs in the folder `runs` of a state folder, which is made when there is something to keep.
    pub fn within(folder: &Path) -> Self {
        Self { folder: folder.join("runs") }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a run and keeps it: of two that begin at once each gets a number of its own.
    ///
    /// # Errors
    /// [`RunError`]; nothing was begun then.
    pub fn begin(&self, setting: Setting, runbook: &Runbook, actor: Actor, at: Timestamp) -> Result<Held, RunError> {
        self.prepare()?;
        let last = self.numbers(&runbook.id)?.into_iter().max().unwrap_or(0);
        for number in (last.saturating_add(1)..).take(TRIES) {
            let id = RunId { runbook: runbook.id.clone(), number };
            let Some(lock) = self.reserve(&id)? else { continue };
            let run = Run::begin(id, setting, runbook.clone(), actor, at).ok_or(RunError::Stepless)?;
            let held = Held { run, store: self.clone(), _lock: lock };
            held.save()?;
            return Ok(held);
        }
        Err(failed(&self.folder)(io::ErrorKind::AlreadyExists.into()))
    }

    /// Takes a run up again; nobody else may have it.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn open(&self, id: &RunId) -> Result<Held, RunError> {
        if !self.path(id).exists() {
            return Err(RunError::NotThere(id.clone()));
        }
        let path = self.lock_path(id);
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&path);
        let lock = lock.map_err(failed(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RunError::InUse(id.clone())),
            Err(TryLockError::Error(source)) => return Err(failed(&path)(source)),
        }
        // Read under the lock: whoever had it may have written just before.
        Ok(Held { run: self.read(id)?, store: self.clone(), _lock: lock })
    }

    /// Reads a run, whoever has it.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn read(&self, id: &RunId) -> Result<Run, RunError> {
        let path = self.path(id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(RunError::NotThere(id.clone())),
            Err(error) => return Err(failed(&path)(error)),
        };
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).map_err(failed(&path))?;
        let run: Option<Run> = serde_json::from_slice(&text).ok();
        run.filter(|run| run.id == *id && run.is_sound()).ok_or(RunError::Broken(path))
    }

    /// Lists the runs, the newest first, and how many files are none that can be read.
    ///
    /// # Errors
    /// [`RunError::Io`] where the folder cannot be read; where it is not there, there are none.
    pub fn list(&self) -> Result<(Vec<Run>, usize), RunError> {
        let mut ids = self.ids()?;
        // Of many only the newest are read: when a file was written last is as good a sign as what is in it.
        let written = |id: &RunId| fs::metadata(self.path(id)).and_then(|file| file.modified()).ok();
        ids.sort_by_cached_key(|id| std::cmp::Reverse(written(id)));
        let mut broken = 0;
        let mut runs = Vec::new();
        for id in ids.into_iter().take(MOST_LISTED) {
            match self.read(&id) {
                Ok(run) => runs.push(run),
                Err(_) => broken += 1,
            }
        }
        runs.sort_by(|a, b| b.began_at().cmp(&a.began_at()).then_with(|| b.id.cmp(&a.id)));
        Ok((runs, broken))
    }

    /// Writes the report of a run in each of its forms, for this user alone; returns the files.
    ///
    /// # Errors
    /// [`RunError::Io`]; what was written before it stays.
    pub fn export(&self, run: &Run, texts: Texts) -> Result<Vec<String>, RunError> {
        let json = report::json(run).map_err(|error| failed(&self.path(&run.id))(error.into()))?;
        let forms = [("md", report::markdown(run, texts)), ("html", report::html(run, texts)), ("report.json", json)];
        let write = |(ending, text): (&str, String)| self.write(&run.id, ending, &text);
        forms.into_iter().map(|form| write(form).map(|path| path.to_string_lossy().into_owned())).collect()
    }

    /// Writes a file beside the runs; returns its path.
    fn write(&self, id: &RunId, ending: &str, text: &str) -> Result<PathBuf, RunError> {
        let path = self.folder.join(format!("{}.{}.{ending}", id.runbook, id.number));
        self.replace(&path, text.as_bytes())?;
        Ok(path)
    }

    fn save(&self, run: &Run) -> Result<(), RunError> {
        let path = self.path(&run.id);
        let text = serde_json::to_vec_pretty(run).map_err(|error| failed(&path)(error.into()))?;
        self.replace(&path, &text)
    }

    /// Puts a file in the place of the one before, on the disk and as a whole.
    fn replace(&self, path: &Path, text: &[u8]) -> Result<(), RunError> {
        let fresh = path.with_extension(format!("fresh.{}", rustix::process::getpid().as_raw_nonzero()));
        let written =
            private(OpenOptions::new().write(true).create(true).truncate(true)).open(&fresh).and_then(|mut file| {
                file.write_all(text)?;
                file.sync_all()?;
                fs::rename(&fresh, path)?;
                File::open(&self.folder)?.sync_all()
            });
        written.map_err(|source| {
            let _ = fs::remove_file(&fresh);
            failed(path)(source)
        })
    }

    fn prepare(&self) -> Result<(), RunError> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed(&self.folder))
    }

    /// Makes the lock of a new run; nothing where somebody else has that number.
    fn reserve(&self, id: &RunId) -> Result<Option<File>, RunError> {
        let path = self.lock_path(id);
        match private(OpenOptions::new().write(true).create_new(true)).open(&path) {
            Ok(file) => {
                file.lock().map_err(failed(&path))?;
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(failed(&path)(error)),
        }
    }

    fn path(&self, id: &RunId) -> PathBuf {
        self.folder.join(format!("{}.{}.json", id.runbook, id.number))
    }

    fn lock_path(&self, id: &RunId) -> PathBuf {
        self.folder.join(format!("{}.{}.lock", id.runbook, id.number))
    }

    fn ids(&self) -> Result<Vec<RunId>, RunError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&self.folder)(error)),
        };
        let id = |name: &str| name.strip_suffix(".json")?.replacen('.', "/", 1).parse().ok();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| id(&name)).collect())
    }

    fn numbers(&self, runbook: &RunbookId) -> Result<Vec<u64>, RunError> {
        Ok(self.ids()?.into_iter().filter(|id| id.runbook == *runbook).map(|id| id.number).collect())
    }
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> RunError {
    let path = path.to_path_buf();
    move |source| RunError::Io { path: path.clone(), source }
}

#[cfg(test)]
mod tests;

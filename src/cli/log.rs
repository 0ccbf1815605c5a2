//! The log: a file, never the terminal, and nothing unless it is asked for.

use std::error::Error as _;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use rustix::fs::Mode;
use rustix::process::umask;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

use super::args::LogLevel;
use crate::config::document::printable;
use crate::i18n::Texts;
use crate::t;

/// How the names of log files begin; the date follows.
const PREFIX: &str = "sekisho.log";

/// How many files, one a day, are kept.
const KEPT: usize = 7;

/// Why the log that was asked for cannot be written.
#[derive(Debug)]
pub enum LogFault {
    /// There is no home folder to put it in.
    NoHome,
    /// The folder or the file cannot be made, or made private.
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

impl LogFault {
    /// Says it in the reader's language, with what to do.
    pub fn render(&self, texts: Texts) -> String {
        match self {
            LogFault::NoHome => t!(texts, "cli.log.no-home").to_owned(),
            LogFault::Io { folder, why } => {
                t!(texts, "cli.log.not-written", folder = printable(&folder.to_string_lossy()), why = why)
            }
        }
    }
}

/// Returns the folder of logs: `~/.local/state/sekisho/`, by the XDG rules.
pub fn folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    base.state_dir().or_else(|| Some(base.data_dir())).map(|state| state.join("sekisho"))
}

/// Starts to write the log, where a level is given; what is returned must be kept until the end.
///
/// The SDK's own lines are kept out below `warn`: at `debug` it writes requests with their signatures. From here on
/// the process makes files for its owner alone, so that tomorrow's log is as private as today's.
///
/// # Errors
/// [`LogFault`] where the log cannot be written.
pub fn start(level: Option<LogLevel>) -> Result<Option<WorkerGuard>, LogFault> {
    let Some(level) = level else { return Ok(None) };
    let folder = folder().ok_or(LogFault::NoHome)?;
    umask(Mode::RWXG | Mode::RWXO);
    let file = open(&folder).map_err(|why| LogFault::Io { folder, why })?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::new(format!("warn,sekisho={}", level.as_str()));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).finish();
    // A second start in one process (a test) keeps the first subscriber, which is as good.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(Some(guard))
}

/// Opens today's file in a folder that only its owner can look into.
fn open(folder: &Path) -> io::Result<RollingFileAppender> {
    make_private(folder)?;
    let appender = RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix(PREFIX);
    appender.max_log_files(KEPT).build(folder).map_err(|error| {
        // Its own words are English; those of the system beneath them are what helps.
        match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(source) => io::Error::new(source.kind(), source.to_string()),
            None => io::Error::other(error),
        }
    })
}

/// Makes the folder, and takes it and the logs in it, where they are there already, from everybody else.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_log = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_log && entry.file_type()?.is_file() {
            fs::set_permissions(entry.path(), Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_others_could_read_is_taken_from_them() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("sekisho");
        fs::create_dir(&folder).unwrap();
        let (old, other) = (folder.join("sekisho.log.2026-11-21"), folder.join("journal"));
        for (path, bits) in [(&old, 0o644), (&other, 0o640)] {
            fs::write(path, "x").unwrap();
            fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        drop(open(&folder).unwrap());
        assert_eq!((mode(&folder), mode(&old), mode(&other)), (0o700, 0o600, 0o640));
    }

    #[test]
    fn a_week_of_logs_is_kept_and_nothing_else_is_deleted() {
        let home = tempfile::tempdir().unwrap();
        for day in 1..=9 {
            fs::write(home.path().join(format!("sekisho.log.2026-11-0{day}")), "x").unwrap();
        }
        fs::write(home.path().join("journal"), "x").unwrap();
        drop(open(home.path()).unwrap());
        assert!(home.path().join("journal").exists());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), KEPT + 1);
    }

    #[test]
    fn where_no_log_can_be_it_is_said_and_not_a_panic() {
        let home = tempfile::tempdir().unwrap();
        let blocked = home.path().join("file");
        fs::write(&blocked, "").unwrap();
        for folder in [blocked.join("sekisho"), blocked] {
            let why = open(&folder).unwrap_err();
            for lang in Lang::ALL {
                let said =
                    LogFault::Io { folder: folder.clone(), why: io::Error::from(why.kind()) }.render(Texts::of(lang));
                assert!(said.contains("--log-level") && said.contains(folder.to_str().unwrap()), "{said}");
            }
        }
    }
}

//! The log: a file, never the terminal, and nothing unless it is asked for.

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

use super::args::LogLevel;

/// Returns the folder of logs: `~/.local/state/sekisho/`, by the XDG rules.
pub fn folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    base.state_dir().or_else(|| Some(base.data_dir())).map(|state| state.join("sekisho"))
}

/// Starts to write the log, where a level is given; what is returned must be kept until the end.
///
/// The SDK's own lines are kept out below `warn`: at `debug` it writes requests with their signatures.
pub fn start(level: Option<LogLevel>) -> std::io::Result<Option<WorkerGuard>> {
    let (Some(level), Some(folder)) = (level, folder()) else {
        return Ok(None);
    };
    make_private(&folder)?;
    let file = tracing_appender::rolling::daily(&folder, "sekisho.log");
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::new(format!("warn,sekisho={}", level.as_str()));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).finish();
    // A second start in one process (a test) keeps the first subscriber, which is as good.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(Some(guard))
}

/// Makes a folder that only its owner can look into.
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

//! The catalogue that comes with the program; its bindings fit the simulated account only.

use super::folder::Files;

/// Embeds files of `runbooks/`; a test holds the list to the directory.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../runbooks/", $name)))),+]
    };
}

const FILES: &[(&str, &str)] = files![
    "bindings.toml",
    "entries/container-inspect.toml",
    "entries/container-shell.toml",
    "entries/db-readonly.toml",
    "entries/db-readwrite.toml",
    "entries/finding-notified.toml",
    "entries/finding-resolved.toml",
    "entries/finding-suppressed.toml",
    "entries/node-shell.toml",
    "entries/service-redeploy.toml",
    "entries/service-rollback.toml",
    "entries/service-scale.toml",
    "entries/task-stop.toml",
    "runbooks/daily-check.toml",
    "runbooks/db-investigation.toml",
    "runbooks/idc-outage.toml",
    "runbooks/inc-5xx.toml",
    "runbooks/inc-leaked-key.toml",
    "runbooks/inc-waf.toml",
    "runbooks/stuck-task.toml",
];

/// Returns the files.
pub(super) fn files() -> Files {
    FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

//! Reads a catalogue's directory: what files there are, their bytes, who may change them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::{CatalogueError, CatalogueProblem};
use crate::config::document::{self, FileProblem, Place};

/// The file of what differs between environments.
pub(super) const BINDINGS: &str = "bindings.toml";

/// The directory of entries.
pub(super) const ENTRIES: &str = "entries";

/// The directory of runbooks.
pub(super) const RUNBOOKS: &str = "runbooks";

/// The most files of a catalogue.
const MOST_FILES: usize = 500;

/// The most bytes of all files together.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The files of a catalogue, by name: `bindings.toml`, `entries/….toml` and `runbooks/….toml`.
pub(super) type Files = BTreeMap<String, String>;

/// Reads the files of a directory. Of what else lies there, TOML is a fault: whoever wrote it thinks that it counts.
pub(super) fn read(folder: &Path) -> Result<Files, Vec<CatalogueError>> {
    let mut errors = Vec::new();
    let mut files = Files::new();
    let names = |path: &Path| list(path).map_err(|error| vec![error]);
    for name in names(folder)? {
        if name == BINDINGS {
            take(folder, name, &mut files, &mut errors);
        } else if is_toml(&name) {
            let problem = CatalogueProblem::StrayFile { name: name.clone() };
            errors.push(fault(&folder.join(&name), problem));
        }
    }
    for room in [ENTRIES, RUNBOOKS].into_iter().filter(|room| folder.join(room).exists()) {
        for name in names(&folder.join(room))?.into_iter().filter(|name| is_toml(name)) {
            take(folder, format!("{room}/{name}"), &mut files, &mut errors);
        }
    }
    if errors.is_empty() {
        errors.extend(check(&files).into_iter().map(|problem| fault(folder, problem)));
    }
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}

/// Says what is wrong with the files of a catalogue as a whole.
pub(super) fn check(files: &Files) -> Option<CatalogueProblem> {
    if !files.keys().any(|name| is_in(name, ENTRIES)) {
        Some(CatalogueProblem::NoEntries)
    } else if files.len() > MOST_FILES {
        Some(CatalogueProblem::TooManyFiles { most: MOST_FILES })
    } else {
        (files.values().map(String::len).sum::<usize>() > MOST_BYTES).then_some(CatalogueProblem::TooLarge)
    }
}

/// Tells whether a file of a catalogue lies in one of its directories.
pub(super) fn is_in(name: &str, room: &str) -> bool {
    name.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'))
}

/// Tells whether a file is TOML, by its name; hidden ones are none of ours.
pub(super) fn is_toml(name: &str) -> bool {
    !name.starts_with('.') && Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"))
}

fn fault(path: &Path, problem: CatalogueProblem) -> CatalogueError {
    CatalogueError { place: Place { file: Some(path.to_path_buf()), position: None }, problem }
}

/// Lists the names in a directory, sorted; a name that is not UTF-8 is none of ours.
fn list(folder: &Path) -> Result<Vec<String>, CatalogueError> {
    let refused = |error: std::io::Error| {
        let problem = match error.kind() {
            std::io::ErrorKind::NotFound => CatalogueProblem::NoFolder,
            std::io::ErrorKind::NotADirectory => CatalogueProblem::NotAFolder,
            _ => CatalogueProblem::File(FileProblem::Unreadable { reason: error.to_string() }),
        };
        fault(folder, problem)
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        if names.len() == MOST_FILES {
            return Err(fault(folder, CatalogueProblem::TooManyFiles { most: MOST_FILES }));
        }
        names.extend(entry.map_err(refused)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn take(folder: &Path, name: String, files: &mut Files, errors: &mut Vec<CatalogueError>) {
    match document::read(&folder.join(&name)) {
        Ok(text) => drop(files.insert(name, text)),
        Err((problem, place)) => errors.push(CatalogueError { place, problem: CatalogueProblem::File(problem) }),
    }
}

/// Returns the SHA-256 of a catalogue in hex: of the lines that `sha256sum` writes of its files, sorted by name.
///
/// In its directory, `LC_ALL=C sha256sum bindings.toml entries/*.toml runbooks/*.toml | sha256sum` gives the same.
pub(super) fn hash(files: &Files) -> String {
    let mut whole = Sha256::new();
    for (name, text) in files {
        whole.update(format!("{}  {name}\n", hex::encode(Sha256::digest(text))));
    }
    hex::encode(whole.finalize())
}

/// Finds a file or directory of the catalogue that this process's user can change: whoever owns it can, and so can
/// whoever may write to the directory that it lies in.
///
/// Where the system does not tell, it counts as one that can be changed.
pub(super) fn writable(folder: &Path, files: &Files) -> Option<PathBuf> {
    let mut paths = vec![folder.to_path_buf()];
    let rooms = [ENTRIES, RUNBOOKS].into_iter().filter(|room| files.keys().any(|name| is_in(name, room)));
    paths.extend(rooms.map(|room| folder.join(room)));
    paths.extend(files.keys().map(|name| folder.join(name)));
    // Whoever can write to the directory above can put another one in this one's place.
    paths.extend(folder.canonicalize().ok().and_then(|path| path.parent().map(Path::to_path_buf)));
    paths.into_iter().find(|path| can_change(path))
}

#[cfg(unix)]
fn can_change(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let user = rustix::process::geteuid();
    let Ok(metadata) = fs::metadata(path) else { return true };
    // A sticky directory such as /tmp lets only owners replace what lies in it.
    let is_sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
    let may_write = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    user.is_root() || metadata.uid() == user.as_raw() || (may_write && !is_sticky)
}

#[cfg(not(unix))]
fn can_change(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.permissions().readonly())
}

//! A whole catalogue, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::book::{Runbook, RunbookId};
use super::draft::Draft;
use super::entry::{Entry, EntryId};
use super::error::CatalogueError;
use super::folder::{self, Files};
use super::parameters::{self, Parameter};
use super::{builtin, check, signal};
use crate::config::document::Place;
use crate::domain::environment::Environment;
use crate::domain::queue::Item;
use crate::domain::target::Selector;

/// Where a catalogue is from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It comes with the program.
    BuiltIn,
    /// A directory.
    Folder(PathBuf),
    /// A path in Parameter Store.
    Parameters(String),
}

impl Origin {
    /// Returns where it is, as it is written in the configuration; empty for the one that comes with the program.
    pub fn place(&self) -> PathBuf {
        match self {
            Self::BuiltIn => PathBuf::new(),
            Self::Folder(path) => path.clone(),
            Self::Parameters(path) => parameters::place_of(path, ""),
        }
    }
}

/// A catalogue: what may be done, by whom, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    entries: Vec<Arc<Entry>>,
    runbooks: Vec<Arc<Runbook>>,
    /// The roles that entries and runbooks name, and where, for a check against those of the configuration.
    roles: BTreeMap<String, Place>,
    hash: String,
    origin: Origin,
    writable: Option<PathBuf>,
}

impl Catalogue {
    /// Returns the catalogue that comes with the program. Its bindings fit the simulated account only.
    pub fn built_in() -> Self {
        // A test shows that it is without fault; were it not, nothing would be allowed.
        Self::of_files(Path::new(""), &builtin::files(), Origin::BuiltIn).unwrap_or_else(|_| Self::empty())
    }

    /// Makes a catalogue that allows nothing.
    pub fn empty() -> Self {
        let hash = folder::hash(&Files::new());
        let (entries, runbooks, roles) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { entries, runbooks, roles, hash, origin: Origin::BuiltIn, writable: None }
    }

    /// Reads a directory.
    ///
    /// # Errors
    /// Every fault that was found in all of its files, not only the first.
    pub fn load(path: &Path) -> Result<Self, Vec<CatalogueError>> {
        let files = folder::read(path)?;
        let writable = folder::writable(path, &files);
        let catalogue = Self::of_files(path, &files, Origin::Folder(path.to_path_buf()))?;
        Ok(Self { writable, ..catalogue })
    }

    /// Puts it together from the parameters below a path of Parameter Store.
    ///
    /// # Errors
    /// Every fault that was found in all of its files, not only the first.
    pub fn of_parameters(path: &str, parameters: &[Parameter]) -> Result<Self, Vec<CatalogueError>> {
        let files = parameters::files(path, parameters)?;
        Self::of_files(&parameters::place_of(path, ""), &files, Origin::Parameters(path.to_owned()))
    }

    fn of_files(folder: &Path, files: &Files, origin: Origin) -> Result<Self, Vec<CatalogueError>> {
        let hash = folder::hash(files);
        let draft = Draft::read(folder, files);
        if draft.errors.is_empty() {
            let Draft { entries, runbooks, roles, .. } = draft;
            return Ok(Self { entries, runbooks, roles, hash, origin, writable: None });
        }
        Err(draft.errors)
    }

    /// Lists the entries that hold in an environment: those that name it, and whose target is in it.
    pub fn entries_in(&self, environment: &Environment) -> Vec<Arc<Entry>> {
        self.entries.iter().filter(|entry| holds(entry, environment)).cloned().collect()
    }

    /// Finds an entry as it holds in an environment.
    pub fn entry(&self, environment: &Environment, id: &EntryId) -> Option<&Arc<Entry>> {
        self.entries.iter().find(|entry| entry.id == *id && holds(entry, environment))
    }

    /// Lists the environments that an entry is for, by name.
    pub fn environments_of(&self, id: &EntryId) -> Vec<String> {
        self.entries.iter().filter(|entry| entry.id == *id).map(|entry| entry.environment.clone()).collect()
    }

    /// Lists all entries, as they hold in each environment.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Lists the runbooks that are for an environment.
    pub fn runbooks_in(&self, environment: &Environment) -> Vec<Arc<Runbook>> {
        self.runbooks.iter().filter(|runbook| runbook.environments.contains(&environment.name)).cloned().collect()
    }

    /// Finds a runbook that is for an environment.
    pub fn runbook(&self, environment: &Environment, id: &RunbookId) -> Option<&Arc<Runbook>> {
        self.runbooks.iter().find(|runbook| runbook.id == *id && runbook.environments.contains(&environment.name))
    }

    /// Lists all runbooks.
    pub fn runbooks(&self) -> &[Arc<Runbook>] {
        &self.runbooks
    }

    /// Lists the runbooks that answer a row of the queue in an environment: those first that answer what it is about.
    pub fn answering(&self, environment: &Environment, item: &Item) -> Vec<Arc<Runbook>> {
        let own = self.runbooks_in(environment).into_iter();
        let mut fitting: Vec<(usize, Arc<Runbook>)> =
            own.filter_map(|runbook| Some((signal::fit(&runbook.answers, item)?, runbook))).collect();
        fitting.sort_by_key(|(rank, _)| *rank);
        fitting.into_iter().map(|(_, runbook)| runbook).collect()
    }

    /// Lists the entries that a step of a runbook may mean in an environment: one for each target of the one it names.
    pub fn entries_named(&self, environment: &Environment, written: &EntryId) -> Vec<Arc<Entry>> {
        let mut own = self.entries_in(environment);
        own.retain(|entry| entry.id.written() == written.0);
        own
    }

    /// Returns the SHA-256 of all of its files, in hex.
    ///
    /// In its directory, `LC_ALL=C sha256sum bindings.toml entries/*.toml runbooks/*.toml | sha256sum` gives the same.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Tells whether the directory that it is from holds something else by now. This waits for the disk.
    ///
    /// What was loaded holds all the same; of Parameter Store and of the built-in one it is not known here.
    pub fn has_changed(&self) -> bool {
        match &self.origin {
            Origin::Folder(path) => folder::read(path).map_or(true, |files| folder::hash(&files) != self.hash),
            Origin::BuiltIn | Origin::Parameters(_) => false,
        }
    }

    /// Tells whether the parameters below a path hold something else than this was put together from.
    pub fn differs_from(&self, path: &str, parameters: &[Parameter]) -> bool {
        parameters::files(path, parameters).map_or(true, |files| folder::hash(&files) != self.hash)
    }

    /// Returns where it is from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Names a file or directory of it that the user of this process can change: then it restricts only whoever wants
    /// to be restricted, and IAM alone is left.
    pub fn writable(&self) -> Option<&Path> {
        self.writable.as_deref()
    }

    /// Checks it against the configuration's environments and roles, for what its own files cannot tell.
    ///
    /// The catalogue that comes with the program is for the simulated account, and is not held against others.
    pub fn check(&self, environments: &[Environment], roles: &[String]) -> Vec<CatalogueError> {
        match &self.origin {
            Origin::BuiltIn => Vec::new(),
            Origin::Folder(_) | Origin::Parameters(_) => {
                check::check(&self.origin.place(), &self.entries, &self.roles, environments, roles)
            }
        }
    }
}

/// Tells whether an entry holds in an environment.
///
/// Environments may share an account: an entry of `dev` that points into the cluster of `prd` holds in neither.
fn holds(entry: &Entry, environment: &Environment) -> bool {
    entry.environment == environment.name
        && match entry.operation.selector() {
            Some(Selector::EcsService { cluster, .. }) => environment.owns_cluster(cluster),
            Some(Selector::ManagedNode { .. } | Selector::TaggedNodes { .. }) | None => true,
        }
}

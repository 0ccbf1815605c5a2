//! A whole catalogue, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::documents::Documents;
use super::entry::{Entry, EntryId};
use super::error::{CatalogueError, CatalogueProblem};
use super::folder::{self, BINDINGS, Files};
use super::template::{self, Template};
use super::{bindings, builtin, check, resolve};
use crate::config::document::Place;
use crate::domain::environment::Environment;
use crate::domain::target::Selector;

/// Where a catalogue is from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It comes with the program.
    BuiltIn,
    /// A directory.
    Folder(PathBuf),
}

/// A catalogue: what may be done, by whom, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    entries: Vec<Arc<Entry>>,
    /// The roles that entries name, and where, for a check against those of the configuration.
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
        Self { entries: Vec::new(), roles: BTreeMap::new(), hash, origin: Origin::BuiltIn, writable: None }
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

    fn of_files(folder: &Path, files: &Files, origin: Origin) -> Result<Self, Vec<CatalogueError>> {
        let hash = folder::hash(files);
        let (bindings, mut errors) = match files.get(BINDINGS) {
            Some(text) => bindings::read(&folder.join(BINDINGS), text),
            None => (bindings::Bindings::default(), vec![missing_bindings(folder)]),
        };
        let has_bindings = errors.is_empty();
        let mut templates = Vec::new();
        for (name, text) in files.iter().filter(|(name, _)| *name != BINDINGS) {
            let (template, faults) = template::read(&folder.join(name), text);
            errors.extend(faults);
            templates.extend(template);
        }
        errors.extend(repeated(&templates));
        let mut entries = Vec::new();
        let mut documents = Documents::default();
        for template in templates.iter().filter(|_| has_bindings) {
            let faults = resolve::check(template, &bindings);
            let is_whole = template.is_whole && faults.is_empty();
            errors.extend(faults);
            match resolve::resolve(template, &bindings) {
                Ok(made) if is_whole => {
                    errors.extend(documents.take(template, &made));
                    entries.extend(made.into_iter().map(Arc::new));
                }
                Ok(_) => {}
                Err(faults) => errors.extend(faults),
            }
        }
        errors.sort_by(|a, b| a.place.cmp(&b.place));
        errors.dedup();
        let roles = templates.iter().flat_map(Template::roles).collect();
        if errors.is_empty() { Ok(Self { entries, roles, hash, origin, writable: None }) } else { Err(errors) }
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

    /// Returns the SHA-256 of all of its files, in hex.
    ///
    /// In its directory, `LC_ALL=C sha256sum bindings.toml entries/*.toml | sha256sum` gives the same.
    pub fn hash(&self) -> &str {
        &self.hash
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
            Origin::Folder(folder) => check::check(folder, &self.entries, &self.roles, environments, roles),
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

fn missing_bindings(folder: &Path) -> CatalogueError {
    let place = Place { file: Some(folder.join(BINDINGS)), position: None };
    CatalogueError { place, problem: CatalogueProblem::NoBindingsFile }
}

/// Finds entries of the same name.
fn repeated(templates: &[Template]) -> Vec<CatalogueError> {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    let mut errors = Vec::new();
    for id in templates.iter().filter_map(|template| template.id.as_ref()) {
        match first.get(id.value.as_str()) {
            Some(place) => {
                let problem = CatalogueProblem::DuplicateEntry { id: id.value.clone(), first: place.to_string() };
                errors.push(CatalogueError { place: id.place.clone(), problem });
            }
            None => drop(first.insert(&id.value, &id.place)),
        }
    }
    errors
}

impl Template {
    /// Lists the roles that it names anywhere, each with its place.
    fn roles(&self) -> impl Iterator<Item = (String, Place)> {
        let all = std::iter::once(&self.asks).chain(self.within.values());
        let roles = all.filter_map(|asks| asks.roles.as_ref()).flatten();
        roles.map(|role| (role.value.clone(), role.place.clone()))
    }
}

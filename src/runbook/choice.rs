//! Which catalogue holds in which environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::error::{CatalogueError, CatalogueProblem};
use super::parameters::{self, Parameter};
use crate::config::document::Place;
use crate::domain::environment::Environment;
use crate::domain::fetch::Failure;

/// The catalogues of all environments: one for all of them, or each with its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogues {
    built_in: Arc<Catalogue>,
    by_environment: BTreeMap<String, Arc<Catalogue>>,
}

/// A catalogue in Parameter Store that an environment has: its own account's, with its own credentials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    /// The environment's name.
    pub environment: String,
    /// The path.
    pub path: String,
}

/// What was read of Parameter Store.
pub type Shelves = BTreeMap<Shelf, Result<Contents, Failure>>;

/// The parameters below a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// Whether there are more than were read.
    pub capped: bool,
}

/// Lists what is to be read of Parameter Store before catalogues can be loaded.
pub fn shelves(flag: Option<&Path>, environments: &[Environment]) -> Vec<Shelf> {
    let shelf = |environment: &Environment| {
        let path = parameters::path_of(named(flag, environment)?.to_str()?)?.ok()?;
        Some(Shelf { environment: environment.name.clone(), path: path.to_owned() })
    };
    environments.iter().filter_map(shelf).collect()
}

/// Returns where the catalogue of an environment lies: where a flag says, else the environment.
fn named<'e>(flag: Option<&'e Path>, environment: &'e Environment) -> Option<&'e Path> {
    flag.or_else(|| environment.catalogue.as_deref().map(Path::new))
}

impl Catalogues {
    /// Takes the catalogue that comes with the program, for every environment.
    pub fn built_in() -> Self {
        Self { built_in: Arc::new(Catalogue::built_in()), by_environment: BTreeMap::new() }
    }

    /// Loads the catalogues: the one that a flag names, else each environment's own, else the built-in one.
    ///
    /// A directory that several environments name is read once; of Parameter Store it takes what was read before. Every
    /// catalogue is checked against the environments that it is for and the roles that there are.
    ///
    /// # Errors
    /// Every fault that was found, in all of them.
    pub fn load(
        flag: Option<&Path>,
        environments: &[Environment],
        roles: &[String],
        shelves: &Shelves,
    ) -> Result<Self, Vec<CatalogueError>> {
        let mut catalogues = Self::built_in();
        let mut of_path: BTreeMap<&Path, Vec<&Environment>> = BTreeMap::new();
        let mut errors = Vec::new();
        for environment in environments {
            let Some(place) = named(flag, environment) else { continue };
            match place.to_str().and_then(parameters::path_of) {
                None => of_path.entry(place).or_default().push(environment),
                Some(path) => {
                    let loaded = path.map_err(|_| vec![fault(place, CatalogueProblem::NotAPath)]);
                    let loaded = loaded.and_then(|path| of_shelf(environment, path, shelves));
                    errors.extend(catalogues.keep(loaded, &[environment], roles));
                }
            }
        }
        for (path, users) in of_path {
            errors.extend(catalogues.keep(Catalogue::load(path), &users, roles));
        }
        errors.dedup();
        if errors.is_empty() { Ok(catalogues) } else { Err(errors) }
    }

    /// Keeps a catalogue for the environments that it is for, and returns what is wrong with it.
    fn keep(
        &mut self,
        loaded: Result<Catalogue, Vec<CatalogueError>>,
        users: &[&Environment],
        roles: &[String],
    ) -> Vec<CatalogueError> {
        let catalogue = match loaded {
            Ok(catalogue) => Arc::new(catalogue),
            Err(errors) => return errors,
        };
        let own: Vec<Environment> = users.iter().map(|&environment| environment.clone()).collect();
        let named = users.iter().map(|environment| (environment.name.clone(), Arc::clone(&catalogue)));
        self.by_environment.extend(named);
        catalogue.check(&own, roles)
    }

    /// Returns the catalogue that holds in an environment.
    pub fn of(&self, environment: &Environment) -> &Arc<Catalogue> {
        self.by_environment.get(&environment.name).unwrap_or(&self.built_in)
    }
}

/// Loads a catalogue of Parameter Store from what was read; what nobody read is not there.
fn of_shelf(environment: &Environment, path: &str, shelves: &Shelves) -> Result<Catalogue, Vec<CatalogueError>> {
    let shelf = Shelf { environment: environment.name.clone(), path: path.to_owned() };
    let place = parameters::place_of(path, "");
    match shelves.get(&shelf) {
        None => Err(vec![fault(&place, CatalogueProblem::NoFolder)]),
        Some(Err(failure)) => {
            let problem =
                CatalogueProblem::Unread { environment: environment.name.clone(), failure: Box::new(failure.clone()) };
            Err(vec![fault(&place, problem)])
        }
        Some(Ok(contents)) if contents.capped => Err(vec![fault(&place, CatalogueProblem::TooManyParameters)]),
        Some(Ok(contents)) => Catalogue::of_parameters(path, &contents.parameters),
    }
}

fn fault(place: &Path, problem: CatalogueProblem) -> CatalogueError {
    CatalogueError { place: Place { file: Some(place.to_path_buf()), position: None }, problem }
}

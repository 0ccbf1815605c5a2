//! Which catalogue holds in which environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::error::CatalogueError;
use crate::domain::environment::Environment;

/// The catalogues of all environments: one for all of them, or each with its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogues {
    built_in: Arc<Catalogue>,
    by_environment: BTreeMap<String, Arc<Catalogue>>,
}

impl Catalogues {
    /// Takes the catalogue that comes with the program, for every environment.
    pub fn built_in() -> Self {
        Self { built_in: Arc::new(Catalogue::built_in()), by_environment: BTreeMap::new() }
    }

    /// Loads the catalogues: the directory that a flag names, else each environment's own, else the built-in one.
    ///
    /// A directory that several environments name is read once. Every catalogue is checked against the environments
    /// that it is for and the roles that there are.
    ///
    /// # Errors
    /// Every fault that was found, in all of them.
    pub fn load(
        flag: Option<&Path>,
        environments: &[Environment],
        roles: &[String],
    ) -> Result<Self, Vec<CatalogueError>> {
        let mut catalogues = Self::built_in();
        let mut of_path: BTreeMap<&Path, Vec<&Environment>> = BTreeMap::new();
        for environment in environments {
            if let Some(path) = flag.or_else(|| environment.catalogue.as_deref().map(Path::new)) {
                of_path.entry(path).or_default().push(environment);
            }
        }
        let mut errors = Vec::new();
        for (path, users) in of_path {
            let catalogue = match Catalogue::load(path) {
                Ok(catalogue) => Arc::new(catalogue),
                Err(faults) => {
                    errors.extend(faults);
                    continue;
                }
            };
            let own: Vec<Environment> = users.iter().map(|&environment| environment.clone()).collect();
            errors.extend(catalogue.check(&own, roles));
            let named = users.iter().map(|environment| (environment.name.clone(), Arc::clone(&catalogue)));
            catalogues.by_environment.extend(named);
        }
        if errors.is_empty() { Ok(catalogues) } else { Err(errors) }
    }

    /// Returns the catalogue that holds in an environment.
    pub fn of(&self, environment: &Environment) -> &Arc<Catalogue> {
        self.by_environment.get(&environment.name).unwrap_or(&self.built_in)
    }
}

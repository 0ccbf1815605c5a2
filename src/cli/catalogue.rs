//! Which catalogues hold: the directory of `--catalogue`, each environment's own, or the built-in one.

use std::io::{self, Write};

use crate::config::Config;
use crate::domain::environment::Environment;
use crate::i18n::Texts;
use crate::runbook::choice::Catalogues;

use super::{Exit, complain};

/// Loads the catalogues that a configuration names; what is at fault in them is written to `faults`.
///
/// # Errors
/// Where `faults` cannot be written to.
pub fn load(config: &Config, texts: Texts, faults: &mut dyn Write) -> io::Result<Result<Catalogues, Exit>> {
    let environments: Vec<Environment> =
        config.environments.iter().map(|configured| configured.environment.clone()).collect();
    let roles: Vec<String> = config.roles.iter().map(|role| role.name.clone()).collect();
    match Catalogues::load(config.catalogue.as_deref(), &environments, &roles) {
        Ok(catalogues) => Ok(Ok(catalogues)),
        Err(errors) => complain(errors.iter().map(|error| error.render(texts)), faults).map(Err),
    }
}

//! Checks what a runbook refers to: environments and entries of the same catalogue.

use std::sync::Arc;

use super::read::Draft;
use crate::config::document::nearest;
use crate::runbook::bindings::Bindings;
use crate::runbook::entry::{Entry, EntryId};
use crate::runbook::error::{CatalogueError, CatalogueProblem};
use crate::runbook::reader::Written;

/// Says what a draft refers to that is not there, or not there where the runbook is for.
///
/// `names` are the entries as they are written, whether or not they are without fault; `entries` those that are.
pub(super) fn check(draft: &Draft, bindings: &Bindings, names: &[&str], entries: &[Arc<Entry>]) -> Vec<CatalogueError> {
    let mut errors = Vec::new();
    for environment in draft.environments.iter().filter(|environment| !bindings.has(&environment.value)) {
        let problem = CatalogueProblem::NoEnvironment {
            name: environment.value.clone(),
            nearest: nearest(&environment.value, bindings.environments()).map(str::to_owned),
            known: bindings.environments().map(str::to_owned).collect(),
        };
        errors.push(CatalogueError { place: environment.place.clone(), problem });
    }
    for entry in &draft.entries {
        if names.contains(&entry.value.as_str()) {
            let own: Vec<&Entry> =
                entries.iter().map(AsRef::as_ref).filter(|known| known.id.written() == entry.value).collect();
            errors.extend(absent(draft, bindings, entry, &own));
            continue;
        }
        let nearest = nearest(&entry.value, names.iter().copied()).map(str::to_owned);
        let problem = CatalogueProblem::NoEntry { id: entry.value.clone(), nearest };
        errors.push(CatalogueError { place: entry.place.clone(), problem });
    }
    errors
}

/// Says where an entry is lacking, or there for nobody who may run the runbook.
fn absent(draft: &Draft, bindings: &Bindings, entry: &Written<String>, own: &[&Entry]) -> Vec<CatalogueError> {
    let mut errors = Vec::new();
    // An entry that is at fault itself has that told, and so has an environment that is not there.
    let known = draft.environments.iter().filter(|environment| !own.is_empty() && bindings.has(&environment.value));
    for environment in known {
        let here = || own.iter().filter(|known| known.environment == environment.value);
        let is_for_them = here().any(|known| known.roles.iter().any(|role| draft.roles.contains(role)));
        let (id, environment) = (EntryId(entry.value.clone()), environment.value.clone());
        let problem = match here().next() {
            None => CatalogueProblem::EntryNotHere { entry: id, environment },
            Some(_) if !is_for_them => CatalogueProblem::EntryForOthers { entry: id, environment },
            Some(_) => continue,
        };
        errors.push(CatalogueError { place: entry.place.clone(), problem });
    }
    errors
}

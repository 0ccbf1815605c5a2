//! Checks a catalogue against the configuration: what its own files cannot tell.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::entry::{Entry, OPERATOR, Operation};
use super::error::{CatalogueError, CatalogueProblem};
use crate::config::document::{Place, nearest};
use crate::domain::environment::{Environment, Kind};
use crate::domain::target::Selector;

/// Finds roles that nobody can have, targets that are in another environment, and what production must not have.
pub(super) fn check(
    folder: &Path,
    entries: &[Arc<Entry>],
    named: &BTreeMap<String, Place>,
    environments: &[Environment],
    roles: &[String],
) -> Vec<CatalogueError> {
    let unknown = named.iter().filter(|(role, _)| !roles.contains(role)).map(|(role, place)| {
        let nearest = nearest(role, roles.iter().map(String::as_str)).map(str::to_owned);
        let problem = CatalogueProblem::UnknownRole { role: role.clone(), nearest, known: roles.to_vec() };
        CatalogueError { place: place.clone(), problem }
    });
    let mut errors: Vec<CatalogueError> = unknown.collect();
    for environment in environments {
        let own = entries.iter().filter(|entry| entry.environment == environment.name);
        for problem in own.flat_map(|entry| problems(entry, environment)) {
            let place = Place { file: Some(folder.to_path_buf()), position: None };
            errors.push(CatalogueError { place, problem });
        }
    }
    errors.sort_by(|a, b| a.place.cmp(&b.place));
    errors
}

fn problems(entry: &Entry, environment: &Environment) -> Vec<CatalogueProblem> {
    let mut problems = Vec::new();
    if let Some(Selector::EcsService { cluster, .. }) = entry.operation.selector()
        && !environment.owns_cluster(cluster)
    {
        problems.push(CatalogueProblem::ForeignCluster {
            entry: entry.id.clone(),
            cluster: cluster.clone(),
            environment: environment.name.clone(),
        });
    }
    if environment.kind == Kind::Prd {
        let environment = environment.name.clone();
        if matches!(entry.operation, Operation::Exec { .. }) && entry.roles.iter().any(|role| role == OPERATOR) {
            problems.push(CatalogueProblem::ExecForOperator { environment: environment.clone() });
        }
        if entry.operation.is_session() && !entry.recorded {
            problems.push(CatalogueProblem::Unrecorded { environment });
        }
    }
    problems
}

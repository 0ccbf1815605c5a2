//! Where findings belong: by their account, and in a shared one by the names in their resources.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{
    environment::{Environment, Kind, name_matches},
    finding::Finding,
    queue::Place,
};

use crate::state::{State, source::Source};

/// Tells where findings belong.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Places {
    /// Environments by the account that they are in.
    by_account: HashMap<String, Vec<usize>>,
}

impl Places {
    /// Finds out which environments are in which account.
    pub(super) fn new(state: &State) -> Self {
        let mut by_account: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for source in &state.sources {
            let verified = source.identity.value.as_ref().map(|identity| identity.account);
            for index in &source.environments {
                let configured = state.environments.get(*index).and_then(|environment| environment.account);
                if let Some(account) = verified.or(configured) {
                    by_account.entry(account.to_string()).or_default().insert(*index);
                }
            }
        }
        Self { by_account: by_account.into_iter().map(|(account, all)| (account, all.into_iter().collect())).collect() }
    }

    /// Returns the environment of a finding: of those in its account the one whose patterns fit a name in one of its
    /// resources, else the gravest.
    ///
    /// What is about an account as a whole concerns each environment in it; the gravest stands for all.
    pub(super) fn of(&self, state: &State, source: &Source, finding: &Finding) -> Place {
        let environments = self.by_account.get(&finding.account).unwrap_or(&source.environments);
        let candidates: Vec<(usize, &Environment)> = environments
            .iter()
            .filter_map(|index| state.environments.get(*index).map(|environment| (*index, environment)))
            .collect();
        let named = (candidates.len() > 1)
            .then(|| candidates.iter().find(|(_, environment)| names(environment, finding)).copied())
            .flatten();
        let owner = named.or_else(|| candidates.into_iter().min_by_key(|(_, environment)| environment.kind.rank()));
        match owner {
            Some((index, environment)) => Place { environment: Some(index), kind: environment.kind },
            None => Place { environment: None, kind: Kind::Unknown },
        }
    }
}

/// Tells whether a name in one of a finding's resources fits a pattern of an environment.
fn names(environment: &Environment, finding: &Finding) -> bool {
    let patterns = || [&environment.clusters, &environment.alarms, &environment.web_acls].into_iter().flatten();
    let parts = finding.resources.iter().flat_map(|resource| resource.id.split(['/', ':']));
    parts.filter(|part| !part.is_empty()).any(|part| patterns().any(|pattern| name_matches(pattern, part)))
}

//! Where a role may act: an environment that is pinned to its account and regions, with the entries that hold there.

use std::sync::Arc;

use super::Note;
use super::words::word;
use crate::domain::environment::{Environment, Kind};
use crate::domain::identity::{Identity, RoleResolution};
use crate::policy::assess;
use crate::runbook::catalogue::Catalogue;
use crate::runbook::entry::Entry;

/// An environment of a role.
pub(super) struct Place<'e> {
    pub(super) environment: &'e Environment,
    /// Its name as a word of `Sid`.
    pub(super) word: String,
    pub(super) account: &'e str,
    pub(super) partition: &'static str,
    /// What the gate lets the role do there.
    pub(super) entries: Vec<Arc<Entry>>,
}

/// Finds the places of a role, and says which environments cannot be pinned.
pub(super) fn places<'e>(of: &[(&Catalogue, &'e Environment)], role: &str, notes: &mut Vec<Note>) -> Vec<Place<'e>> {
    let mut places = Vec::new();
    for (number, (catalogue, environment)) in of.iter().enumerate() {
        let name = || environment.name.clone();
        let Some(account) = environment.account.as_ref().filter(|_| has_regions(environment)) else {
            notes.push(Note::Unpinned { environment: name() });
            continue;
        };
        if environment.kind == Kind::Unknown {
            notes.push(Note::UnknownKind { environment: name() });
        }
        let own = word(&environment.name);
        places.push(Place {
            environment,
            word: if own.is_empty() { format!("Environment{}", number + 1) } else { own },
            account: account.as_str(),
            partition: partition(&environment.regions[0]),
            entries: entries(catalogue, environment, account.as_str(), role),
        });
    }
    places
}

fn has_regions(environment: &Environment) -> bool {
    !environment.regions.is_empty() && environment.regions.iter().all(|region| !region.is_empty())
}

/// Lists what the gate lets the role do: it is asked as somebody who has that role, and nothing else, would ask it.
fn entries(catalogue: &Catalogue, environment: &Environment, account: &str, role: &str) -> Vec<Arc<Entry>> {
    let arn = format!("arn:{}:sts::{account}:assumed-role/x/x", partition(&environment.regions[0]));
    let Ok(somebody) = Identity::from_caller(account, &arn, "x").map(Arc::new) else { return Vec::new() };
    let role = RoleResolution::One(role.to_owned());
    let may = |entry: &Arc<Entry>| assess(catalogue, &somebody, &role, environment, &entry.id).is_ok();
    catalogue.entries_in(environment).into_iter().filter(may).collect()
}

/// Returns the partition that a region is in.
///
/// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
fn partition(region: &str) -> &'static str {
    match region {
        china if china.starts_with("cn-") => "aws-cn",
        government if government.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

impl Place<'_> {
    /// Writes an ARN in each of its regions.
    pub(super) fn arns(&self, service: &str, resource: &str) -> Vec<String> {
        self.environment.regions.iter().map(|region| self.arn(service, region, resource)).collect()
    }

    /// Writes an ARN in a region, or in none.
    pub(super) fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{region}:{}:{resource}", self.partition, self.account)
    }

    /// Returns the patterns of its clusters; without any, every cluster is its own.
    pub(super) fn clusters(&self) -> Vec<&str> {
        patterns(&self.environment.clusters)
    }

    /// Returns the patterns of its web ACLs.
    pub(super) fn web_acls(&self) -> Vec<&str> {
        patterns(&self.environment.web_acls)
    }
}

fn patterns(named: &[String]) -> Vec<&str> {
    if named.is_empty() { vec!["*"] } else { named.iter().map(String::as_str).collect() }
}

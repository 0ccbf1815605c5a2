//! What may be opened: an entry of the catalogue in an environment, and whether this role may.

use std::sync::Arc;

use crate::domain::{fetch::SourceId, queue::Place};
use crate::policy::{self, Denial};
use crate::runbook::entry::{Entry, EntryId};

use super::arrange;
use crate::state::{State, services::environment_words, source::Source};

/// Names a target: an environment, by its index, and an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId {
    /// The environment's index.
    pub environment: usize,
    /// The entry.
    pub entry: EntryId,
}

/// Tells whether a target may be opened, before anything is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The gate lets this role through, once what it asks for is given.
    Allowed,
    /// The gate does not, and says why.
    Denied(Denial),
    /// Nobody knows yet who is asking.
    Unverified,
}

/// Holds a row of the list of targets.
#[derive(Debug, Clone)]
pub struct TargetRow {
    /// Which target it is.
    pub id: TargetId,
    /// Where it belongs.
    pub place: Place,
    /// The entry of the catalogue.
    pub entry: Arc<Entry>,
    /// Whether it may be opened.
    pub verdict: Verdict,
    pub(super) haystack: String,
}

/// Makes the rows of targets anew: those that may be opened first, then production first.
pub fn derive(state: &mut State) {
    let mut all = Vec::new();
    for (index, environment) in state.environments.iter().enumerate() {
        let place = Place { environment: Some(index), kind: environment.kind };
        let Some(catalogue) = state.sessions.catalogues.get(&environment.name).filter(|_| state.shows(place)) else {
            continue;
        };
        for entry in catalogue.entries_in(environment).into_iter().filter(|entry| entry.operation.is_session()) {
            all.push(row_of(state, place, index, entry));
        }
    }
    all.sort_by(|a, b| attention(a).cmp(&attention(b)).then_with(|| a.id.cmp(&b.id)));
    state.sessions.all = all;
    arrange(state);
}

/// Makes the row of an entry in an environment, with what the gate says of it.
pub(super) fn row_of(state: &State, place: Place, index: usize, entry: Arc<Entry>) -> TargetRow {
    let known = source_of(state, index)
        .and_then(|(_, source)| Some((source, source.identity.value.as_ref()?)))
        .zip(state.environments.get(index));
    let catalogue = known.and_then(|(_, environment)| state.sessions.catalogues.get(&environment.name));
    let verdict = match (known, catalogue) {
        (Some(((source, identity), environment)), Some(catalogue)) => {
            let role = state.role_of(source);
            match policy::assess(catalogue, identity, &role, environment, &entry.id) {
                Ok(()) => Verdict::Allowed,
                Err(denial) => Verdict::Denied(denial),
            }
        }
        _ => Verdict::Unverified,
    };
    row(state, place, index, entry, verdict)
}

/// Returns the source whose identity acts in an environment: the first that has one, else the first.
pub fn source_of(state: &State, environment: usize) -> Option<(SourceId, &Source)> {
    let sources = || {
        let all = state.sources.iter().enumerate();
        all.filter(|(_, source)| source.environments.contains(&environment))
    };
    let verified = sources().find(|(_, source)| source.identity.value.is_some());
    verified.or_else(|| sources().next()).map(|(index, source)| (SourceId(index), source))
}

fn row(state: &State, place: Place, environment: usize, entry: Arc<Entry>, verdict: Verdict) -> TargetRow {
    let operation = &entry.operation;
    let haystack = format!(
        "{} {} {} {} {} {}",
        environment_words(state, place),
        entry.id,
        entry.title.en,
        entry.title.ja,
        operation.name(),
        operation.goal()
    );
    let id = TargetId { environment, entry: entry.id.clone() };
    TargetRow { id, place, entry, verdict, haystack: haystack.to_lowercase() }
}

fn attention(row: &TargetRow) -> (u8, u8) {
    let rank = match row.verdict {
        Verdict::Allowed => 0,
        Verdict::Unverified => 1,
        Verdict::Denied(_) => 2,
    };
    (rank, row.place.kind.rank())
}

//! Finds documents that two entries would share although each needs its own.

use std::collections::BTreeMap;

use super::entry::{Entry, EntryId, document_name};
use super::error::{CatalogueError, CatalogueProblem};
use super::template::Template;

/// The documents of a catalogue, each with the first entry that is pinned by it.
#[derive(Debug, Default)]
pub(super) struct Documents(BTreeMap<String, Owner>);

#[derive(Debug)]
struct Owner {
    entry: EntryId,
    environment: String,
    operation: &'static str,
    is_named: bool,
}

impl Documents {
    /// Takes the entries of a template, and returns where a document is another entry's already.
    ///
    /// A document that an entry names may serve several of the same operation: it is the team's own. One that is called by
    /// its entry's name may not: `a-b` in `prd` and `b` in `prd-a` are called the same.
    pub(super) fn take(&mut self, template: &Template, entries: &[Entry]) -> Vec<CatalogueError> {
        let mut errors = Vec::new();
        for entry in entries {
            let Some(document) = entry.operation.document() else { continue };
            let id = EntryId(entry.id.written().to_owned());
            let own = Owner {
                operation: entry.operation.name(),
                is_named: document != document_name(&entry.environment, &id),
                environment: entry.environment.clone(),
                entry: id,
            };
            let Some(other) = self.0.get(document) else {
                self.0.insert(document.to_owned(), own);
                continue;
            };
            let is_same = other.entry == own.entry && other.environment == own.environment;
            let is_shared = other.is_named && own.is_named && other.operation == own.operation;
            if let (false, false, Some(place)) = (is_same, is_shared, template.id.as_ref().map(|id| &id.place)) {
                let problem = CatalogueProblem::SharedDocument {
                    document: document.to_owned(),
                    other: other.entry.clone(),
                    environment: other.environment.clone(),
                };
                errors.push(CatalogueError { place: place.clone(), problem });
            }
        }
        errors
    }
}

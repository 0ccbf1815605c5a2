//! Puts the files of a catalogue together, and finds every fault in all of them at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::bindings::{self, Bindings};
use super::book::{self, Runbook};
use super::documents::Documents;
use super::entry::Entry;
use super::error::{CatalogueError, CatalogueProblem};
use super::folder::{BINDINGS, ENTRIES, Files, RUNBOOKS, is_in};
use super::reader::Written;
use super::resolve;
use super::template::{self, Template};
use crate::config::document::Place;

/// What the files of a catalogue say, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) runbooks: Vec<Arc<Runbook>>,
    pub(super) roles: BTreeMap<String, Place>,
    pub(super) errors: Vec<CatalogueError>,
}

impl Draft {
    /// Reads all files; the folder is for the places of faults.
    pub(super) fn read(folder: &Path, files: &Files) -> Self {
        let mut draft = Self::default();
        let bindings = draft.bindings(folder, files);
        let templates: Vec<Template> = draft.parts(folder, files, ENTRIES, template::read);
        let ids = templates.iter().filter_map(|template| template.id.as_ref());
        draft.repeated(ids, |id, first| CatalogueProblem::DuplicateEntry { id, first });
        for template in &templates {
            draft.name_roles(template.roles());
        }
        let books: Vec<book::read::Draft> = draft.parts(folder, files, RUNBOOKS, book::read::read);
        draft.repeated(books.iter().filter_map(|book| book.id.as_ref()), |id, first| {
            CatalogueProblem::DuplicateRunbook { id, first }
        });
        for book in &books {
            draft.name_roles(book.named.iter());
        }
        if let Some(bindings) = bindings {
            draft.resolve(&templates, &bindings);
            draft.refer(&templates, books, &bindings);
        }
        draft.errors.sort_by(|a, b| a.place.cmp(&b.place));
        draft.errors.dedup();
        draft
    }

    /// Reads the bindings; nothing where they are lacking or at fault, since what needs them would be told as at fault too.
    fn bindings(&mut self, folder: &Path, files: &Files) -> Option<Bindings> {
        let path = folder.join(BINDINGS);
        let Some(text) = files.get(BINDINGS) else {
            let place = Place { file: Some(path), position: None };
            self.errors.push(CatalogueError { place, problem: CatalogueProblem::NoBindingsFile });
            return None;
        };
        let (bindings, faults) = bindings::read(&path, text);
        let is_whole = faults.is_empty();
        self.errors.extend(faults);
        is_whole.then_some(bindings)
    }

    /// Reads the files of one directory of the catalogue.
    fn parts<T>(
        &mut self,
        folder: &Path,
        files: &Files,
        room: &str,
        read: impl Fn(&Path, &str) -> (Option<T>, Vec<CatalogueError>),
    ) -> Vec<T> {
        let mut parts = Vec::new();
        for (name, text) in files.iter().filter(|(name, _)| is_in(name, room)) {
            let (part, faults) = read(&folder.join(name), text);
            self.errors.extend(faults);
            parts.extend(part);
        }
        parts
    }

    /// Finds parts of the same name.
    fn repeated<'n>(
        &mut self,
        ids: impl Iterator<Item = &'n Written<String>>,
        problem: impl Fn(String, String) -> CatalogueProblem,
    ) {
        let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
        for id in ids {
            match first.get(id.value.as_str()) {
                Some(place) => {
                    let problem = problem(id.value.clone(), place.to_string());
                    self.errors.push(CatalogueError { place: id.place.clone(), problem });
                }
                None => drop(first.insert(&id.value, &id.place)),
            }
        }
    }

    fn name_roles<'n>(&mut self, roles: impl Iterator<Item = &'n Written<String>>) {
        self.roles.extend(roles.map(|role| (role.value.clone(), role.place.clone())));
    }

    /// Makes entries of what is written.
    fn resolve(&mut self, templates: &[Template], bindings: &Bindings) {
        let mut documents = Documents::default();
        for template in templates {
            let faults = resolve::check(template, bindings);
            let is_whole = template.is_whole && faults.is_empty();
            self.errors.extend(faults);
            match resolve::resolve(template, bindings) {
                Ok(made) if is_whole => {
                    self.errors.extend(documents.take(template, &made));
                    self.entries.extend(made.into_iter().map(Arc::new));
                }
                Ok(_) => {}
                Err(faults) => self.errors.extend(faults),
            }
        }
    }

    /// Checks what runbooks refer to.
    fn refer(&mut self, templates: &[Template], books: Vec<book::read::Draft>, bindings: &Bindings) {
        let names: Vec<&str> =
            templates.iter().filter_map(|template| template.id.as_ref()).map(|id| id.value.as_str()).collect();
        for book in books {
            self.errors.extend(book.check(bindings, &names, &self.entries));
            self.runbooks.extend(book.runbook.map(Arc::new));
        }
    }
}

impl Template {
    /// Lists the roles that it names anywhere, each with its place.
    fn roles(&self) -> impl Iterator<Item = &Written<String>> {
        let all = std::iter::once(&self.asks).chain(self.within.values());
        all.filter_map(|asks| asks.roles.as_ref()).flatten()
    }
}

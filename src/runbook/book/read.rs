//! Reads one runbook as it is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::flow::{self, Flaw};
use super::step::{Drawn, drawn, title};
use super::{END, Runbook, RunbookId, Signal, Step, StepId, StepKind, references};
use crate::config::document::{Place, nearest};
use crate::runbook::bindings::Bindings;
use crate::runbook::entry::Entry;
use crate::runbook::error::{CatalogueError, CatalogueProblem};
use crate::runbook::forms::Form;
use crate::runbook::reader::{Reader, Value, Written};

/// What a runbook is called in messages about its keys.
const RUNBOOK: &str = "runbook";

/// The key of its steps, and what one is called in messages about its keys.
pub(super) const STEP: &str = "step";

/// The keys of a runbook.
const KEYS: &[&str] = &["id", "title", "roles", "environments", "answers", STEP];

/// The most steps of a runbook.
const MOST_STEPS: usize = 100;

/// A runbook that was read, with the places of what it refers to.
#[derive(Debug)]
pub(in super::super) struct Draft {
    pub(in super::super) id: Option<Written<String>>,
    /// The roles with their places, for a check against the configuration.
    pub(in super::super) named: Vec<Written<String>>,
    pub(super) roles: Vec<String>,
    pub(super) environments: Vec<Written<String>>,
    /// The entries that its steps name.
    pub(super) entries: Vec<Written<String>>,
    /// The runbook, where it is without a fault of its own.
    pub(in super::super) runbook: Option<Runbook>,
}

impl Draft {
    /// Checks what it refers to: entries by the names of all of them, and those that are without fault.
    pub(in super::super) fn check(
        &self,
        bindings: &Bindings,
        names: &[&str],
        entries: &[Arc<Entry>],
    ) -> Vec<CatalogueError> {
        references::check(self, bindings, names, entries)
    }
}

/// Reads a runbook; nothing where the file is no TOML.
pub(in super::super) fn read(path: &Path, text: &str) -> (Option<Draft>, Vec<CatalogueError>) {
    let mut reader = Reader::new(path, text);
    let draft = reader.parse().map(|table| draft(&mut reader, &table));
    let is_whole = reader.errors.is_empty();
    (draft.map(|draft| Draft { runbook: draft.runbook.filter(|_| is_whole), ..draft }), reader.errors)
}

fn draft(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Draft {
    let at = reader.beginning();
    reader.only(table, RUNBOOK, KEYS);
    let id = reader.required(table, &at, RUNBOOK, "id").and_then(|value| reader.formed("id", value, Form::Id));
    let title_of = reader.required(table, &at, RUNBOOK, "title");
    let title_of = title_of.and_then(|value| title(reader, "title", value, Form::Title));
    let mut names = |key| {
        let value = reader.required(table, &at, RUNBOOK, key);
        value.and_then(|value| reader.texts(key, value, Form::Name)).unwrap_or_default()
    };
    let (named, environments) = (names("roles"), names("environments"));
    let answers = table.get("answers").map_or_else(Vec::new, |value| answers(reader, value));
    let mut entries = Vec::new();
    let steps = reader.required(table, &at, RUNBOOK, STEP).map(|value| steps(reader, value, &mut entries));
    let texts = |written: &[Written<String>]| written.iter().map(|one| one.value.clone()).collect::<Vec<_>>();
    let roles = texts(&named);
    let runbook = id.clone().zip(title_of).map(|(id, title)| Runbook {
        id: RunbookId(id.value),
        title,
        roles: roles.clone(),
        environments: texts(&environments),
        answers,
        steps: steps.unwrap_or_default(),
    });
    Draft { id, named, roles, environments, entries, runbook }
}

fn answers(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Vec<Signal> {
    let texts = reader.texts("answers", value, Form::Signal).unwrap_or_default();
    texts.iter().filter_map(|text| Signal::parse(&text.value)).collect()
}

fn steps(reader: &mut Reader<'_>, value: Value<'_, '_>, entries: &mut Vec<Written<String>>) -> Vec<Step> {
    let Some(items) = reader.list(STEP, value, MOST_STEPS) else { return Vec::new() };
    let before = reader.errors.len();
    let drawn: Vec<Drawn<'_, '_>> = items.iter().filter_map(|item| drawn(reader, item, entries)).collect();
    check_names(reader, &drawn);
    let steps = linked(reader, &drawn, drawn.len() == items.len());
    // Ways are told apart only where every step is there and leads where it says.
    if reader.errors.len() == before {
        check_ways(reader, &steps, &drawn);
    }
    steps
}

/// Finds steps of the same name.
fn check_names(reader: &mut Reader<'_>, drawn: &[Drawn<'_, '_>]) {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    for one in drawn {
        match first.get(one.step.id.0.as_str()) {
            Some(place) => {
                let problem = CatalogueProblem::DuplicateStep { id: one.step.id.0.clone(), first: place.to_string() };
                reader.error(one.named.clone(), problem);
            }
            None => drop(first.insert(&one.step.id.0, &one.named)),
        }
    }
}

/// Fills in where each step leads: where it says, or to the one below it.
///
/// Where not all steps could be read, nobody knows whether one is lacking, and none is said to be.
fn linked(reader: &mut Reader<'_>, drawn: &[Drawn<'_, '_>], are_all: bool) -> Vec<Step> {
    let names: Vec<&str> = drawn.iter().map(|one| one.step.id.0.as_str()).collect();
    let names = are_all.then_some(&names[..]);
    let mut steps = Vec::new();
    for (index, one) in drawn.iter().enumerate() {
        let mut to = |key: &str| one.table.get(key).map(|value| destination(reader, key, value, names));
        let mut step = one.step.clone();
        match &mut step.kind {
            StepKind::Decision { yes, no } => (*yes, *no) = (to("yes").flatten(), to("no").flatten()),
            _ => step.next = to("next").unwrap_or_else(|| drawn.get(index + 1).map(|below| below.step.id.clone())),
        }
        steps.push(step);
    }
    steps
}

/// Reads where a way leads; nothing is the end.
fn destination(reader: &mut Reader<'_>, key: &str, value: Value<'_, '_>, names: Option<&[&str]>) -> Option<StepId> {
    let text = reader.text(key, value)?;
    if text.value == END {
        return None;
    }
    if let Some(names) = names.filter(|names| !names.contains(&text.value.as_str())) {
        let nearest = nearest(&text.value, names.iter().copied().chain([END])).map(str::to_owned);
        reader.error(text.place, CatalogueProblem::NoStep { id: text.value.clone(), nearest });
    }
    Some(StepId(text.value))
}

fn check_ways(reader: &mut Reader<'_>, steps: &[Step], drawn: &[Drawn<'_, '_>]) {
    for flaw in flow::flaws(steps) {
        let (id, problem) = match flaw {
            Flaw::Unreachable(id) => (id.clone(), CatalogueProblem::UnreachableStep { id: id.0 }),
            Flaw::NoWayOut(id) => (id.clone(), CatalogueProblem::NoWayOut { id: id.0 }),
        };
        if let Some(one) = drawn.iter().find(|one| one.step.id == id) {
            reader.error(one.named.clone(), problem);
        }
    }
}

//! Reads one step of a runbook by itself; where it leads is read when all are there.

use toml::de::DeTable;

use super::read::STEP;
use super::{Evidence, Query, Step, StepId, StepKind};
use crate::config::document::Place;
use crate::runbook::entry::{EntryId, Title};
use crate::runbook::error::CatalogueProblem;
use crate::runbook::forms::{Form, limit};
use crate::runbook::reader::{Reader, Value, Written};

/// The keys of a step.
const KEYS: &[&str] =
    &["id", "kind", "title", "prompt", "next", "query", "evidence", "yes", "no", "entry", "chain", "after"];

/// The keys that every kind of step may have.
const COMMON: &[&str] = &["id", "kind", "title", "prompt"];

/// The most people in a chain.
const LONGEST_CHAIN: usize = 10;

/// A step that was read, without where it leads.
pub(super) struct Drawn<'v, 't> {
    pub(super) table: &'v DeTable<'t>,
    pub(super) step: Step,
    /// Where its name is.
    pub(super) named: Place,
}

/// Reads a step; the entry that it names is kept with its place.
pub(super) fn drawn<'v, 't>(
    reader: &mut Reader<'_>,
    item: Value<'v, 't>,
    entries: &mut Vec<Written<String>>,
) -> Option<Drawn<'v, 't>> {
    let table = reader.table(STEP, item)?;
    let at = reader.place(item);
    reader.only(table, STEP, KEYS);
    let id = reader.required(table, &at, STEP, "id").and_then(|value| reader.formed("id", value, Form::Step));
    let kind = reader.required(table, &at, STEP, "kind");
    let kind = kind.and_then(|value| reader.one_of("kind", value, &StepKind::NAMES));
    let title_of = table.get("title").and_then(|value| title(reader, "title", value, Form::Title));
    let prompt = table.get("prompt").and_then(|value| title(reader, "prompt", value, Form::Prompt));
    let kind = kind.and_then(|kind| {
        check_keys(reader, table, &at, &kind);
        kind_of(reader, table, &kind, entries)
    });
    let (id, kind) = (id?, kind?);
    let step = Step { id: StepId(id.value), title: title_of, prompt, kind, next: None };
    Some(Drawn { table, step, named: id.place })
}

/// Reads a text in both languages.
pub(super) fn title(reader: &mut Reader<'_>, key: &'static str, value: Value<'_, '_>, form: Form) -> Option<Title> {
    let table = reader.table(key, value)?;
    let at = reader.place(value);
    reader.only(table, key, &["ja", "en"]);
    let mut one = |lang| {
        let value = reader.required(table, &at, key, lang)?;
        Some(reader.formed(lang, value, form)?.value)
    };
    let (ja, en) = (one("ja"), one("en"));
    Some(Title { ja: ja?, en: en? })
}

/// Lists the keys that a kind of step must have, and those that it may.
fn keys(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "check" => (&["query"], &["next"]),
        "note" => (&["prompt", "evidence"], &["next"]),
        "decision" => (&["prompt", "yes", "no"], &[]),
        "operation" => (&["entry"], &["next"]),
        "escalate" => (&["chain", "after"], &["next"]),
        _ => (&[], &["next"]),
    }
}

/// Checks that a step has what its kind needs, and nothing that means something for another one.
fn check_keys(reader: &mut Reader<'_>, table: &DeTable<'_>, at: &Place, kind: &str) {
    let (needed, allowed) = keys(kind);
    for key in needed {
        reader.required(table, at, STEP, key);
    }
    for (key, _) in table {
        let word = key.get_ref().as_ref();
        let is_foreign = KEYS.contains(&word) && !COMMON.contains(&word) && !needed.contains(&word);
        if is_foreign && !allowed.contains(&word) {
            let place = reader.place(key);
            reader.error(place, CatalogueProblem::NotForStep { key: word.to_owned(), kind: kind.to_owned() });
        }
    }
}

fn kind_of(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    kind: &str,
    entries: &mut Vec<Written<String>>,
) -> Option<StepKind> {
    match kind {
        "check" => {
            let word = reader.one_of("query", table.get("query")?, &Query::ALL.map(Query::name))?;
            Query::ALL.into_iter().find(|query| query.name() == word).map(|query| StepKind::Check { query })
        }
        "note" => Some(StepKind::Note { evidence: evidence(reader, table.get("evidence")?)? }),
        // Where it leads is filled in when all steps are there.
        "decision" => Some(StepKind::Decision { yes: None, no: None }),
        "operation" => {
            let entry = reader.formed("entry", table.get("entry")?, Form::Id)?;
            let id = EntryId(entry.value.clone());
            entries.push(entry);
            Some(StepKind::Operation { entry: id })
        }
        "escalate" => {
            let after = table.get("after").and_then(|value| reader.formed("after", value, Form::Limit));
            let chain = table.get("chain").and_then(|value| chain(reader, value));
            Some(StepKind::Escalate { chain: chain?, after: limit(&after?.value)? })
        }
        _ => Some(StepKind::Export),
    }
}

fn evidence(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<Vec<Evidence>> {
    let known = Evidence::ALL.map(Evidence::name);
    let mut kinds = Vec::new();
    for text in reader.texts("evidence", value, Form::Word)? {
        match Evidence::ALL.into_iter().find(|kind| kind.name() == text.value) {
            Some(kind) => kinds.push(kind),
            None => reader.unknown_value("evidence", text, &known),
        }
    }
    Some(kinds)
}

fn chain(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<Vec<Title>> {
    let items = reader.list("chain", value, LONGEST_CHAIN)?;
    let people: Vec<Title> = items.iter().filter_map(|item| title(reader, "chain", item, Form::Title)).collect();
    (people.len() == items.len()).then_some(people)
}

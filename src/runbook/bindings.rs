//! Reads `bindings.toml`: what differs between environments, so that entries need not.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::CatalogueProblem;
use super::forms::Form;
use super::reader::{Reader, Value, Written};
use crate::domain::environment::Kind;

/// The table of what holds in every environment that does not say otherwise.
const COMMON: &str = "common";

/// The key that says of which kind an environment is.
const KIND: &str = "kind";

/// What a binding gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// One text, or a whole number as text.
    One(Written<String>),
    /// Several texts.
    Several(Vec<Written<String>>),
}

/// The bindings of one environment.
#[derive(Debug, Clone, PartialEq, Default)]
struct Scope {
    kind: Kind,
    values: BTreeMap<String, Bound>,
}

/// The bindings of all environments.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bindings {
    common: BTreeMap<String, Bound>,
    environments: BTreeMap<String, Scope>,
}

impl Bindings {
    /// Reads the file.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut bindings = Self::default();
        let Some(table) = reader.parse() else { return bindings };
        for (key, value) in &table {
            let name = key.get_ref().to_string();
            let Some(inner) = reader.table(&name, value) else { continue };
            if name == COMMON {
                bindings.common = values(reader, inner);
                continue;
            }
            if !Form::Name.fits(&name) {
                let place = reader.place(key);
                reader.malformed("environment", &Written { value: name.clone(), place }, Form::Name);
            }
            let scope = Scope { kind: kind(reader, inner, &name), values: values(reader, inner) };
            bindings.environments.insert(name, scope);
        }
        bindings
    }

    /// Lists the environments that there are.
    pub(super) fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.keys().map(String::as_str)
    }

    /// Tells whether there is an environment of that name.
    pub(super) fn has(&self, environment: &str) -> bool {
        self.environments.contains_key(environment)
    }

    /// Returns of which kind an environment is: as it says, or as its name does.
    pub(super) fn kind(&self, environment: &str) -> Kind {
        self.environments.get(environment).map_or(Kind::Unknown, |scope| scope.kind)
    }

    /// Returns what a binding gives in an environment.
    pub(super) fn get(&self, environment: &str, name: &str) -> Option<&Bound> {
        self.environments.get(environment).and_then(|scope| scope.values.get(name)).or_else(|| self.common.get(name))
    }

    /// Lists the names of what is bound in an environment.
    pub(super) fn names(&self, environment: &str) -> impl Iterator<Item = &str> {
        let own = self.environments.get(environment).into_iter().flat_map(|scope| scope.values.keys());
        own.chain(self.common.keys()).map(String::as_str)
    }
}

/// Reads the kind of an environment; where nobody says, the name may.
fn kind(reader: &mut Reader<'_>, table: &DeTable<'_>, name: &str) -> Kind {
    let Some(value) = table.get(KIND) else { return Kind::guess(name) };
    let word = reader.one_of(KIND, value, &Kind::NAMED.map(Kind::as_str));
    word.and_then(|word| Kind::from_name(&word)).unwrap_or_default()
}

fn values(reader: &mut Reader<'_>, table: &DeTable<'_>) -> BTreeMap<String, Bound> {
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        if name == KIND {
            continue;
        }
        if !Form::Word.fits(&name) {
            let place = reader.place(key);
            reader.malformed("bind", &Written { value: name, place }, Form::Word);
            continue;
        }
        if let Some(bound) = bound(reader, &name, value) {
            values.insert(name, bound);
        }
    }
    values
}

fn bound(reader: &mut Reader<'_>, name: &str, value: Value<'_, '_>) -> Option<Bound> {
    match value.get_ref() {
        DeValue::Array(items) => {
            if items.is_empty() {
                let place = reader.place(value);
                reader.error(place, CatalogueProblem::EmptyList { key: name.to_owned() });
            }
            let texts: Vec<_> = items.iter().filter_map(|item| one(reader, name, item)).collect();
            (!texts.is_empty() && texts.len() == items.len()).then_some(Bound::Several(texts))
        }
        _ => one(reader, name, value).map(Bound::One),
    }
}

fn one(reader: &mut Reader<'_>, name: &str, value: Value<'_, '_>) -> Option<Written<String>> {
    if let DeValue::Integer(_) = value.get_ref() {
        let number = reader.integer(name, value)?;
        return Some(Written { value: number.value.to_string(), place: number.place });
    }
    let text = reader.text(name, value)?;
    if text.value.trim().is_empty() {
        reader.error(text.place, CatalogueProblem::EmptyValue { key: name.to_owned() });
        return None;
    }
    Some(text)
}

/// Reads the bindings of a text, with its faults.
pub(super) fn read(path: &Path, text: &str) -> (Bindings, Vec<super::error::CatalogueError>) {
    let mut reader = Reader::new(path, text);
    let bindings = Bindings::read(&mut reader);
    (bindings, reader.errors)
}

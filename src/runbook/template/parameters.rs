//! Reads `[params.NAME]`: what a person may choose, and within what.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::super::entry::{LOCAL_PORT, Parameter};
use super::super::error::CatalogueProblem;
use super::super::forms::Form;
use super::super::pattern;
use super::super::reader::{Faulty, Reader, Value, Written};
use super::Kind;
use crate::config::document::Place;

/// The lowest local port that is not privileged, and the highest that there is.
///
/// Source: RFC 6335, section 6; ports below 1024 need privileges on the systems that this program runs on.
const LOCAL_PORTS: (i64, i64) = (1024, 65535);

/// Returns the names of the parameters that an operation takes.
const fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::PortForward => &[LOCAL_PORT],
        Kind::Shell | Kind::Exec => &[],
    }
}

/// Reads the parameters of an entry.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, kind: Option<Kind>) -> BTreeMap<String, Parameter> {
    let mut parameters = BTreeMap::new();
    let Some(inner) = table.get("params").and_then(|value| reader.table("params", value)) else { return parameters };
    for (key, value) in inner {
        let name = key.get_ref().to_string();
        let place = reader.place(key);
        if !Form::Word.fits(&name) {
            reader.malformed("params", &Written { value: name, place }, Form::Word);
            continue;
        }
        if let Some(kind) = kind.filter(|kind| !known(*kind).is_empty() && !known(*kind).contains(&name.as_str())) {
            reader.unknown_value("params", Written { value: name.clone(), place: place.clone() }, known(kind));
        }
        let Some(parameter) = parameter(reader, &name, value) else { continue };
        if name == LOCAL_PORT {
            check_local_port(reader, &parameter, place);
        }
        parameters.insert(name, parameter);
    }
    parameters
}

/// Checks that a tunnel listens on ports that need no privilege.
fn check_local_port(reader: &mut Reader<'_>, parameter: &Parameter, place: Place) {
    let (low, high) = LOCAL_PORTS;
    let fits = matches!(parameter, Parameter::Integer { range, .. } if range.0 >= low && range.1 <= high);
    if !fits {
        reader.error(place, CatalogueProblem::BadLocalPort { low, high });
    }
}

fn parameter(reader: &mut Reader<'_>, name: &str, value: Value<'_, '_>) -> Option<Parameter> {
    let table = reader.table(name, value)?;
    let at = reader.place(value);
    let title = format!("params.{name}");
    let kind = reader.required(table, &at, &title, "type")?;
    match reader.one_of("type", kind, &["integer", "choice", "text"])?.as_str() {
        "integer" => integer(reader, table, &at, &title),
        "choice" => choice(reader, table, &at, &title),
        _ => text(reader, table, &at, &title),
    }
}

fn integer(reader: &mut Reader<'_>, table: &DeTable<'_>, at: &Place, title: &str) -> Option<Parameter> {
    reader.only(table, title, &["type", "range", "default"]);
    let value = reader.required(table, at, title, "range")?;
    let items = Reader::one_or_more(value);
    let numbers: Vec<i64> =
        items.iter().filter_map(|item| reader.integer("range", item)).map(|number| number.value).collect();
    let range = match (&numbers[..], items.len()) {
        (&[low, high], 2) if low <= high => (low, high),
        (_, length) => {
            // What is no number at all has been told already.
            if numbers.len() == length {
                let place = reader.place(value);
                reader.error(place, CatalogueProblem::BadRange { parameter: title.to_owned() });
            }
            return None;
        }
    };
    let default = match table.get("default") {
        Some(value) => {
            let number = reader.integer("default", value)?;
            if !(range.0..=range.1).contains(&number.value) {
                return bad_default(reader, title, number.place);
            }
            Some(number.value)
        }
        None => None,
    };
    Some(Parameter::Integer { range, default })
}

fn choice(reader: &mut Reader<'_>, table: &DeTable<'_>, at: &Place, title: &str) -> Option<Parameter> {
    reader.only(table, title, &["type", "allowed", "default"]);
    let value = reader.required(table, at, title, "allowed")?;
    let allowed = reader.texts("allowed", value, Form::Command)?;
    let allowed: Vec<String> = allowed.into_iter().map(|text| text.value).collect();
    let default = default_text(reader, table, title, |text| allowed.iter().any(|known| known == text)).ok()?;
    Some(Parameter::Choice { allowed, default })
}

fn text(reader: &mut Reader<'_>, table: &DeTable<'_>, at: &Place, title: &str) -> Option<Parameter> {
    reader.only(table, title, &["type", "pattern", "default"]);
    let value = reader.required(table, at, title, "pattern")?;
    let pattern = pattern(reader, "pattern", value)?;
    let default = default_text(reader, table, title, |text| pattern::fits(&pattern, text)).ok()?;
    Some(Parameter::Text { pattern, default })
}

/// Reads a default, which must be allowed where it is there.
fn default_text(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    title: &str,
    is_allowed: impl Fn(&str) -> bool,
) -> Result<Option<String>, Faulty> {
    let Some(value) = table.get("default") else { return Ok(None) };
    let text = reader.text("default", value).ok_or(Faulty)?;
    if is_allowed(&text.value) {
        return Ok(Some(text.value));
    }
    bad_default(reader, title, text.place).ok_or(Faulty)
}

fn bad_default<T>(reader: &mut Reader<'_>, title: &str, place: Place) -> Option<T> {
    reader.error(place, CatalogueProblem::BadDefault { parameter: title.to_owned() });
    None
}

/// Reads a pattern that compiles.
pub(super) fn pattern(reader: &mut Reader<'_>, key: &str, value: Value<'_, '_>) -> Option<String> {
    let text = reader.text(key, value)?;
    if text.value.is_empty() {
        reader.error(text.place, CatalogueProblem::EmptyValue { key: key.to_owned() });
        return None;
    }
    match pattern::compile(&text.value) {
        Ok(_) => Some(text.value),
        Err(detail) => {
            reader.error(text.place, CatalogueProblem::BadPattern { pattern: text.value, detail });
            None
        }
    }
}

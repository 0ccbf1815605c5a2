//! Reads `[params.NAME]`: what a person may choose, and within what.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::super::entry::{Change, DESIRED, FINDING, LOCAL_PORT, Parameter, TASK};
use super::super::error::CatalogueProblem;
use super::super::forms::{FINDING_ARN, Form, TASK_ID};
use super::super::pattern;
use super::super::reader::{Faulty, Reader, Value, Written};
use super::Kind;
use crate::config::document::Place;

/// The lowest local port that is not privileged, and the highest that there is.
///
/// Source: RFC 6335, section 6; ports below 1024 need privileges on the systems that this program runs on.
const LOCAL_PORTS: (i64, i64) = (1024, 65535);

/// The fewest and the most tasks that a service can be scaled to: its document lists every number in between.
const DESIRED_COUNTS: (i64, i64) = (0, 1_000);

/// Reads the parameters of an entry, and adds those that its operation always has.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, kind: Option<Kind>) -> BTreeMap<String, Parameter> {
    let mut parameters: BTreeMap<String, Parameter> = kind.and_then(own).into_iter().collect();
    if kind.is_some_and(|kind| !kind.takes("params")) {
        return parameters;
    }
    let Some(inner) = table.get("params").and_then(|value| reader.table("params", value)) else { return parameters };
    for (key, value) in inner {
        let name = key.get_ref().to_string();
        let place = reader.place(key);
        if !Form::Word.fits(&name) {
            reader.malformed("params", &Written { value: name, place }, Form::Word);
            continue;
        }
        if let Some(known) = kind.and_then(Kind::parameters).filter(|known| !known.contains(&name.as_str())) {
            reader.unknown_value("params", Written { value: name.clone(), place: place.clone() }, known);
        }
        let Some(parameter) = parameter(reader, &name, value) else { continue };
        check_range(reader, kind, &name, &parameter, place);
        parameters.insert(name, parameter);
    }
    if kind == Some(Kind::Change(Change::Scale)) && !inner.contains_key(DESIRED) {
        let place = table.get("params").map_or_else(|| reader.beginning(), |value| reader.place(value));
        reader.required(inner, &place, "params", DESIRED);
    }
    parameters
}

/// Returns the parameter that an operation always has, which no entry can widen.
fn own(kind: Kind) -> Option<(String, Parameter)> {
    let text = |name: &str, pattern: &str| {
        Some((name.to_owned(), Parameter::Text { pattern: pattern.to_owned(), default: None }))
    };
    match kind {
        Kind::Change(Change::StopTask) => text(TASK, TASK_ID),
        Kind::Workflow => text(FINDING, FINDING_ARN),
        _ => None,
    }
}

/// Checks that a tunnel listens on ports that need no privilege, and that a service is not scaled beyond all measure.
fn check_range(reader: &mut Reader<'_>, kind: Option<Kind>, name: &str, parameter: &Parameter, place: Place) {
    let within = |(low, high): (i64, i64)| matches!(parameter, Parameter::Integer { range, .. } if range.0 >= low && range.1 <= high);
    let problem = match (kind, name) {
        (Some(Kind::PortForward), LOCAL_PORT) if !within(LOCAL_PORTS) => {
            CatalogueProblem::BadLocalPort { low: LOCAL_PORTS.0, high: LOCAL_PORTS.1 }
        }
        (Some(Kind::Change(Change::Scale)), DESIRED) if !within(DESIRED_COUNTS) => {
            CatalogueProblem::BadDesired { low: DESIRED_COUNTS.0, high: DESIRED_COUNTS.1 }
        }
        _ => return,
    };
    reader.error(place, problem);
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

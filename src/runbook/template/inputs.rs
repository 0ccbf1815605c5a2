//! Reads `inputs`: what the parameters of a team's own Automation document are given.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::super::entry::Parameter;
use super::super::error::CatalogueProblem;
use super::super::forms::Form;
use super::super::reader::{Reader, Said, Value, Written};
use crate::config::document::nearest;

/// What says that a person chooses the value.
const CHOSEN: &str = "param.";

/// The parameter that says under which role a document acts.
const ROLE: &str = "AutomationAssumeRole";

/// What a document's parameter is given.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum InputTemplate {
    /// What stands there, or what a binding gives.
    Fixed(Written<Said<String>>),
    /// What a person chooses for the entry's parameter of this name.
    Chosen(String),
}

/// Reads the inputs, and checks that each parameter of the entry goes somewhere.
pub(super) fn read(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    parameters: &BTreeMap<String, Parameter>,
) -> BTreeMap<String, InputTemplate> {
    let mut inputs = BTreeMap::new();
    let mut used = BTreeSet::new();
    let given = table.get("inputs").and_then(|value| reader.table("inputs", value));
    for (key, value) in given.into_iter().flatten() {
        let name = key.get_ref().to_string();
        if !Form::DocumentParameter.fits(&name) {
            let place = reader.place(key);
            reader.malformed("inputs", &Written { value: name, place }, Form::DocumentParameter);
            continue;
        }
        let Some(input) = input(reader, &name, value, parameters) else { continue };
        if let InputTemplate::Chosen(parameter) = &input {
            used.insert(parameter.clone());
        }
        inputs.insert(name, input);
    }
    check_used(reader, table, parameters, &used);
    inputs
}

fn input(
    reader: &mut Reader<'_>,
    name: &str,
    value: Value<'_, '_>,
    parameters: &BTreeMap<String, Parameter>,
) -> Option<InputTemplate> {
    let text = reader.text(name, value)?;
    let Some(parameter) = text.value.strip_prefix(CHOSEN).filter(|_| name != ROLE) else {
        return reader.bindable(name, value, Form::Command).map(InputTemplate::Fixed);
    };
    if parameters.contains_key(parameter) {
        return Some(InputTemplate::Chosen(parameter.to_owned()));
    }
    let problem = CatalogueProblem::NoParameter {
        name: parameter.to_owned(),
        nearest: nearest(parameter, parameters.keys().map(String::as_str)).map(str::to_owned),
    };
    reader.error(text.place, problem);
    None
}

/// Finds parameters that go nowhere: whoever chooses one would think that it does something.
fn check_used(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    parameters: &BTreeMap<String, Parameter>,
    used: &BTreeSet<String>,
) {
    let Some(inner) = table.get("params").and_then(|value| value.get_ref().as_table()) else { return };
    for (key, _) in inner {
        let name = key.get_ref().as_ref();
        if parameters.contains_key(name) && !used.contains(name) {
            let place = reader.place(key);
            reader.error(place, CatalogueProblem::UnusedParameter { name: name.to_owned() });
        }
    }
}

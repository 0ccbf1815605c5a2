//! The published schema of an entry, held to the program: what it allows, and what the program does.

use std::collections::BTreeSet;
use std::fs;

use sekisho::runbook::error::CatalogueProblem;
use sekisho::runbook::pattern;
use serde_json::Value;

use super::runbooks::LOOK;
use super::support::{BINDINGS, files, load, root};

fn schema() -> Value {
    schema_of("entry")
}

fn schema_of(what: &str) -> Value {
    let text = fs::read_to_string(root().join(format!("runbooks/{what}.schema.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Checks a value against a schema of JSON Schema 2020-12, as far as the published one uses it; any other keyword fails.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(rules) = schema.as_object() else { return schema.as_bool().unwrap() };
    rules.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "then" | "else" => true,
        "$ref" => fits(root, root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap(), value),
        "type" => is_of(rule.as_str().unwrap(), value),
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "required" => value
            .as_object()
            .is_none_or(|object| rule.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))),
        "properties" => value.as_object().is_none_or(|object| {
            object.iter().all(|(key, member)| rule.get(key).is_none_or(|schema| fits(root, schema, member)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let own = schema.get("properties").and_then(Value::as_object);
            let patterns = schema.get("patternProperties").and_then(Value::as_object);
            let is_known = |key: &str| {
                own.is_some_and(|own| own.contains_key(key))
                    || patterns.is_some_and(|patterns| patterns.keys().any(|known| found(known, key)))
            };
            object.iter().all(|(key, member)| is_known(key) || fits(root, rule, member))
        }),
        "patternProperties" => value.as_object().is_none_or(|object| {
            rule.as_object().unwrap().iter().all(|(pattern, schema)| {
                object.iter().all(|(key, member)| !found(pattern, key) || fits(root, schema, member))
            })
        }),
        "minProperties" => value.as_object().is_none_or(|object| object.len() as u64 >= rule.as_u64().unwrap()),
        "maxProperties" => value.as_object().is_none_or(|object| object.len() as u64 <= rule.as_u64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, rule, item))),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "uniqueItems" => value
            .as_array()
            .is_none_or(|items| items.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len() == items.len()),
        "pattern" => value.as_str().is_none_or(|text| found(rule.as_str().unwrap(), text)),
        "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
        "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
        "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
        "not" => !fits(root, rule, value),
        "allOf" => rule.as_array().unwrap().iter().all(|schema| fits(root, schema, value)),
        "anyOf" => rule.as_array().unwrap().iter().any(|schema| fits(root, schema, value)),
        "oneOf" => rule.as_array().unwrap().iter().filter(|schema| fits(root, schema, value)).count() == 1,
        "if" => {
            let branch = if fits(root, rule, value) { "then" } else { "else" };
            schema.get(branch).is_none_or(|schema| fits(root, schema, value))
        }
        other => panic!("the schema uses {other}, which this test does not know"),
    })
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}

/// Tells whether an anchored pattern of the schema describes a text.
fn found(pattern: &str, text: &str) -> bool {
    assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{pattern} is not anchored");
    pattern::fits(pattern, text)
}

fn read(text: &str) -> Option<Value> {
    serde_json::to_value(text.parse::<toml::Table>().ok()?).ok()
}

#[test]
fn the_schema_takes_every_built_in_entry() {
    let schema = schema();
    let entries = files("runbooks/entries");
    assert!(entries.len() >= 5);
    for file in entries {
        let value = read(&fs::read_to_string(&file).unwrap()).unwrap();
        assert!(fits(&schema, &schema, &value), "{}", file.display());
    }
}

#[test]
fn the_schema_of_runbooks_takes_every_built_in_one() {
    let schema = schema_of("runbook");
    let runbooks = files("runbooks/runbooks");
    assert!(runbooks.len() >= 7);
    for file in runbooks {
        let value = read(&fs::read_to_string(&file).unwrap()).unwrap();
        assert!(fits(&schema, &schema, &value), "{}", file.display());
    }
}

/// The faults of runbooks that no schema of one file can see: they are of other files, or of how steps lead on.
const BEYOND_RUNBOOKS: &[&str] = &[
    "no-environment",
    "no-step",
    "duplicate-step",
    "unreachable-step",
    "no-way-out",
    "no-entry",
    "entry-not-here",
    "entry-for-others",
];

#[test]
fn the_schema_of_runbooks_refuses_what_the_program_refuses_as_far_as_it_goes() {
    let schema = schema_of("runbook");
    let mut refused = 0;
    for file in files("tests/catalogue/runbooks") {
        let text = fs::read_to_string(&file).unwrap();
        let Some(value) = read(&text) else { continue };
        let errors =
            load(&[("bindings.toml", BINDINGS), ("entries/a.toml", LOOK), ("runbooks/a.toml", &text)]).unwrap_err();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let is_beyond = errors.iter().all(|error| BEYOND_RUNBOOKS.contains(&error.problem.code()));
        assert_eq!(fits(&schema, &schema, &value), is_beyond, "{name}");
        refused += usize::from(!is_beyond);
    }
    assert!(refused >= 35, "{refused}");
}

#[test]
fn the_schema_of_runbooks_and_the_program_know_the_same_keys_and_words() {
    let schema = schema_of("runbook");
    let known = |text: &str| {
        let files = [("bindings.toml", BINDINGS), ("entries/a.toml", LOOK), ("runbooks/a.toml", text)];
        let errors = load(&files).unwrap_err();
        let known = errors.into_iter().find_map(|error| match error.problem {
            CatalogueProblem::UnknownKey { known, .. } => {
                Some(known.into_iter().map(str::to_owned).collect::<Vec<_>>())
            }
            CatalogueProblem::UnknownValue { known, .. } => Some(known),
            _ => None,
        });
        known.unwrap_or_else(|| panic!("{text}"))
    };
    let keys = |text: &str| known(text).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(keys("zzz = 1"), properties(&schema, ""));
    assert_eq!(keys("[title]\nzzz = 1"), properties(&schema, "/$defs/title"));
    assert_eq!(keys("[[step]]\nzzz = 1"), properties(&schema, "/$defs/step"));
    let step = |line: &str| format!("[[step]]\nid = \"a\"\n{line}");
    let check = "kind = \"check\"\nquery = \"zzz\"";
    let note = "kind = \"note\"\nprompt = { ja = \"あ\", en = \"a\" }\nevidence = [\"zzz\"]";
    for (line, pointer) in [
        ("kind = \"zzz\"", "/$defs/step/properties/kind/enum"),
        (check, "/$defs/step/properties/query/enum"),
        (note, "/$defs/step/properties/evidence/items/enum"),
    ] {
        let published: Vec<String> = serde_json::from_value(schema.pointer(pointer).unwrap().clone()).unwrap();
        assert_eq!(known(&step(line)), published, "{pointer}");
    }
}

/// The faults that no schema of one file can see: they are of other files, of compiling, or of order.
const BEYOND: &[&str] = &[
    "no-environment",
    "no-binding",
    "not-one-bound",
    "no-document-name",
    "bad-pattern",
    "bad-default",
    "exec-for-operator",
    "unrecorded",
    "several-clusters",
    "no-parameter",
    "unused-parameter",
];

#[test]
fn the_schema_refuses_what_the_program_refuses_as_far_as_it_goes() {
    let schema = schema();
    let mut refused = 0;
    for file in files("tests/catalogue/entries") {
        let text = fs::read_to_string(&file).unwrap();
        let Some(value) = read(&text) else { continue };
        let errors = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", &text)]).unwrap_err();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let is_beyond = errors.iter().all(|error| BEYOND.contains(&error.problem.code()))
            || ["tunnel-several-bound", "in-elsewhere", "tunnel-range", "redeploy-one-service-twice"].contains(&name);
        assert_eq!(fits(&schema, &schema, &value), is_beyond, "{name}");
        refused += usize::from(!is_beyond);
    }
    assert!(refused >= 50, "{refused}");
}

/// Lists the keys that the program knows where it is given one that it does not.
fn keys_at(entry: &str) -> BTreeSet<String> {
    let errors = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", entry)]).unwrap_err();
    let known = errors.into_iter().find_map(|error| match error.problem {
        CatalogueProblem::UnknownKey { known, .. } => Some(known),
        _ => None,
    });
    known.unwrap().into_iter().map(str::to_owned).collect()
}

fn properties(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let object = schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
    assert_eq!(object["additionalProperties"], false, "{pointer}");
    object["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schema_and_the_program_know_the_same_keys() {
    let schema = schema();
    for (entry, pointer) in [
        ("zzz = 1", ""),
        ("[title]\nzzz = 1", "/properties/title"),
        ("[target]\nzzz = 1", "/properties/target"),
        ("[destination]\nzzz = 1", "/properties/destination"),
        ("[in.prd]\nzzz = 1", "/$defs/within"),
        ("[params.a]\ntype = \"integer\"\nrange = [1, 2]\nzzz = 1", "/$defs/integer"),
        ("[params.a]\ntype = \"choice\"\nallowed = [\"a\"]\nzzz = 1", "/$defs/choice"),
        ("[params.a]\ntype = \"text\"\npattern = \"a\"\nzzz = 1", "/$defs/text"),
    ] {
        assert_eq!(keys_at(entry), properties(&schema, pointer), "{pointer}");
    }
}

#[test]
fn the_schema_and_the_program_know_the_same_words() {
    let schema = schema();
    for (key, pointer) in [
        ("operation", "/properties/operation/enum"),
        ("confirm", "/$defs/confirm/enum"),
        ("status", "/properties/status/enum"),
    ] {
        let text = format!("{key} = \"zzz\"");
        let errors = load(&[("bindings.toml", BINDINGS), ("entries/a.toml", &text)]).unwrap_err();
        let known = errors.into_iter().find_map(|error| match error.problem {
            CatalogueProblem::UnknownValue { known, .. } => Some(known),
            _ => None,
        });
        let published: Vec<String> = serde_json::from_value(schema.pointer(pointer).unwrap().clone()).unwrap();
        assert_eq!(known.unwrap(), published, "{key}");
    }
}

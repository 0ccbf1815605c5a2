//! Holds the JSON of `get` against the tables of `docs/json.md`.

use std::collections::BTreeMap;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use sekisho::simulator::{Fault, FaultKind, Options, Scenario, Simulator, start};
use serde_json::Value;

use super::markdown::{blocks, tables};

const VIEWS: [&str; 8] = ["services", "tasks", "waf", "alarms", "findings", "targets", "queue", "fleet"];

/// The fields of an object: name, type and meaning.
type Fields = Vec<(String, String, String)>;

/// What the page says.
pub struct Shapes {
    page: String,
    envelope: Fields,
    source: Fields,
    items: BTreeMap<&'static str, Fields>,
    /// The tables of what lies within an item, by view and member.
    within: BTreeMap<(&'static str, String), Fields>,
}

impl Shapes {
    /// Reads the page.
    pub fn of(page: &str) -> Shapes {
        let mut envelope = fields(section(page, "The envelope"));
        let (mut items, mut within) = (BTreeMap::new(), BTreeMap::new());
        for view in VIEWS {
            for (title, table) in fields(section(page, view)) {
                match title.strip_prefix("field of ") {
                    Some("a container") => within.insert((view, "containers".to_owned()), table),
                    Some(member) => within.insert((view, member.trim_matches('`').to_owned()), table),
                    None => items.insert(view, table),
                };
            }
        }
        let source = envelope.remove(1).1;
        Shapes { page: page.to_owned(), envelope: envelope.remove(0).1, source, items, within }
    }

    /// Checks every example of the page, and counts them.
    pub fn check_examples(&self) -> usize {
        let mut count = 0;
        for (view, heading) in VIEWS.iter().map(|view| (*view, *view)).chain([("services", "The envelope")]) {
            for block in blocks(section(&self.page, heading), "json") {
                let value: Value = serde_json::from_str(block).unwrap_or_else(|error| panic!("{heading}: {error}"));
                match value.get("schema") {
                    Some(_) => self.check_view(view, &value),
                    None => self.check_item(view, &value),
                }
                count += 1;
            }
        }
        count
    }

    /// Checks a whole document.
    fn check_view(&self, view: &'static str, value: &Value) {
        check(&self.envelope, value, view);
        assert_eq!(value["schema"], format!("sekisho/{view}/1"));
        for source in value["sources"].as_array().unwrap() {
            check(&self.source, source, "sources");
            self.check_word(&source["state"]);
        }
        for item in value["items"].as_array().unwrap() {
            self.check_item(view, item);
        }
    }

    fn check_item(&self, view: &'static str, item: &Value) {
        check(&self.items[view], item, view);
        for word in ["status", "rollout", "kind", "state", "severity", "trouble", "scope", "logging", "range"] {
            self.check_word(&item[word]);
        }
        self.check_within(view, item);
        for subject in [&item["subject"]].into_iter().chain(item["also"].as_array().into_iter().flatten()) {
            let subject = subject.get("subject").unwrap_or(subject);
            for (member, fields) in subject.as_object().into_iter().flatten() {
                let names: Vec<String> = fields.as_object().unwrap().keys().map(|name| format!("`{name}` (")).collect();
                let mut rows = self.page.lines().filter(|line| line.starts_with(&format!("| `{member}` | `")));
                let documented = rows.any(|row| names.iter().all(|name| row.contains(name.as_str())));
                assert!(documented, "docs/json.md lacks the subject {member} with {names:?}");
            }
        }
    }

    /// Checks what lies within an item, and what lies within that.
    fn check_within(&self, view: &'static str, item: &Value) {
        for (member, value) in item.as_object().into_iter().flatten() {
            let Some(shape) = self.within.get(&(view, member.clone())) else { continue };
            let parts = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
            for part in parts.into_iter().filter(|part| !part.is_null()) {
                check(shape, part, member);
                self.check_within(view, part);
            }
        }
    }

    /// Checks that a word of ours or AWS's is one that the page names.
    fn check_word(&self, word: &Value) {
        if let Some(word) = word.as_str() {
            assert!(self.page.contains(&format!("`{word}`")), "docs/json.md does not know `{word}`");
        }
    }
}

fn section<'t>(page: &'t str, heading: &str) -> &'t str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// Reads the tables of fields in a section, each with the title of its first column.
fn fields(section: &str) -> Vec<(String, Fields)> {
    let of_fields = tables(section).into_iter().filter(|table| table[0][0].starts_with("field"));
    of_fields
        .map(|table| {
            let title = table[0][0].clone();
            let rows = table.into_iter().skip(1);
            (title, rows.map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone(), row[2].clone())).collect())
        })
        .collect()
}

fn check(fields: &Fields, value: &Value, what: &str) {
    let object = value.as_object().unwrap_or_else(|| panic!("{what}: not an object: {value}"));
    for name in object.keys() {
        assert!(fields.iter().any(|(known, ..)| known == name), "{what}: `{name}` is not documented");
    }
    for (name, kind, _) in fields {
        let Some(found) = object.get(name) else {
            assert!(kind.ends_with(", optional"), "{what}: `{name}` is missing");
            continue;
        };
        let or_null = kind.ends_with(" or null");
        let kind = kind.trim_end_matches(", optional").trim_end_matches(" or null");
        assert!((or_null && found.is_null()) || is_of(kind, found), "{what}: `{name}` is no {kind}: {found}");
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "text" => value.is_string(),
        "time" => value.as_str().is_some_and(|text| text.ends_with('Z') && text.parse::<Timestamp>().is_ok()),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "whole number" => value.is_i64(),
        "number" => value.is_number(),
        "list" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("the page has a type of its own: {kind}"),
    }
}

/// Runs every view against an account in trouble, and against one that denies.
pub async fn check_program(shapes: &Shapes) {
    let at: SignedDuration = "4m".parse().unwrap();
    let scenario = Scenario::builtin("bad-deploy").unwrap();
    let simulator = start(scenario, Options { at, ..Options::default() }).await.unwrap();
    // What may be done is the catalogue's to say, and the built-in one fits the demo.
    let value = demo("targets").await;
    shapes.check_view("targets", &value);
    assert!(value["items"].as_array().unwrap().iter().any(|item| item["verdict"] == "allowed"), "{value}");
    let of_aws = VIEWS.into_iter().filter(|view| *view != "targets");
    for view in of_aws.clone() {
        let (code, value) = get(&simulator, view).await;
        shapes.check_view(view, &value);
        assert!(!value["items"].as_array().unwrap().is_empty(), "{view} has no item to look at");
        assert_eq!(code, i32::from(view == "queue"), "{view}");
    }
    let (code, value) = run(&simulator, &["waf", "--acl", "shop-prd-waf", "--since", "3h"]).await;
    shapes.check_view("waf", &value);
    assert_eq!(code, 0, "{value}");
    let rules = value["items"][0]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["requests"]["blocked"].as_u64() > Some(0)), "{rules:?}");
    let denied = [
        "ecs:ListServices",
        "ecs:ListTasks",
        "cloudwatch:DescribeAlarms",
        "wafv2:ListWebACLs",
        "securityhub:GetFindings",
    ];
    for action in denied {
        simulator.inject(Fault::new(FaultKind::Deny, action));
    }
    for view in of_aws {
        let (code, value) = get(&simulator, view).await;
        shapes.check_view(view, &value);
        assert_eq!((code, &value["sources"][0]["state"]), (3, &Value::from("denied")), "{view}");
        assert!(value["sources"][0]["missing_action"].is_string());
    }
    simulator.shutdown().await;
}

/// Runs `sekisho get` as a script would.
async fn get(simulator: &Simulator, view: &str) -> (i32, Value) {
    run(simulator, &[view]).await
}

/// Runs `sekisho get` on the simulated account of its own.
async fn demo(view: &'static str) -> Value {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(super::program());
    command.args(["get", view, "--demo", "-o", "json"]).env_clear().env("HOME", home.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn run(simulator: &Simulator, asked: &[&str]) -> (i32, Value) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(super::program());
    command.arg("get").args(asked).args(["-o", "json", "--region", simulator.region()]).env_clear();
    command
        .env("HOME", home.path())
        .env("AWS_ENDPOINT_URL", simulator.endpoint())
        .env("AWS_ACCESS_KEY_ID", simulator.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", simulator.secret_access_key());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&printed).unwrap_or_else(|error| {
        panic!("{asked:?}: {error}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    });
    (output.status.code().unwrap(), value)
}

//! Reads one entry as it is written, before bindings are filled in and environments told apart.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::SignedDuration;
use toml::de::DeTable;

use super::entry::{Confirmation, Parameter, Title, WorkflowStatus};
use super::error::{CatalogueError, CatalogueProblem};
use super::forms::{Form, limit};
use super::reader::{Reader, Said, Value, Written};
use crate::config::document::Place;

mod inputs;
mod kind;
mod parameters;

pub(super) use inputs::InputTemplate;
pub(super) use kind::{By, Kind};

/// The keys of an entry.
const KEYS: &[&str] = &[
    "id",
    "title",
    "operation",
    "roles",
    "environments",
    "reason",
    "ticket",
    "confirm",
    "limit",
    "recorded",
    "target",
    "destination",
    "command",
    "document",
    "sessions",
    "status",
    "inputs",
    "params",
    "in",
];

/// The keys that may differ in one environment.
const KEYS_IN: &[&str] = &["roles", "reason", "ticket", "confirm", "limit"];

/// Where an entry goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TargetTemplate {
    pub(super) by: By,
    /// The targets; more than one, or a binding of several, makes an entry for each.
    pub(super) targets: Vec<Written<Said<String>>>,
    /// Whether it is written as a list.
    pub(super) is_list: bool,
    pub(super) place: Place,
}

/// Where a tunnel leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DestinationTemplate {
    pub(super) host: Written<Said<String>>,
    pub(super) port: Written<Said<String>>,
    pub(super) user: Option<Written<Said<String>>>,
    pub(super) database: Option<Written<Said<String>>>,
}

/// What is asked for, and of whom; nothing where nothing is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Asks {
    pub(super) roles: Option<Vec<Written<String>>>,
    pub(super) reason: Option<bool>,
    pub(super) ticket: Option<String>,
    pub(super) confirmation: Option<Written<Confirmation>>,
    pub(super) limit: Option<SignedDuration>,
}

/// An entry as it is written. What is at fault is nothing, and its fault is remembered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    pub(super) id: Option<Written<String>>,
    pub(super) title: Option<Title>,
    pub(super) environments: Vec<Written<String>>,
    pub(super) asks: Asks,
    /// What differs in an environment.
    pub(super) within: BTreeMap<String, Asks>,
    pub(super) recorded: Written<bool>,
    pub(super) kind: Option<Kind>,
    pub(super) target: Option<TargetTemplate>,
    pub(super) destination: Option<DestinationTemplate>,
    pub(super) command: Option<Written<Said<String>>>,
    pub(super) document: Option<Written<String>>,
    /// How many sessions a tunnel may have under it.
    pub(super) sessions: usize,
    pub(super) status: Option<WorkflowStatus>,
    pub(super) inputs: BTreeMap<String, InputTemplate>,
    pub(super) parameters: BTreeMap<String, Parameter>,
    /// The names of bindings that it needs.
    pub(super) bindings: Vec<Written<String>>,
    /// Whether it is without a fault of its own.
    pub(super) is_whole: bool,
}

/// Reads an entry; nothing where the file is no TOML.
pub(super) fn read(path: &Path, text: &str) -> (Option<Template>, Vec<CatalogueError>) {
    let mut reader = Reader::new(path, text);
    let template = reader.parse().map(|table| template(&mut reader, &table));
    let bindings = std::mem::take(&mut reader.bindings);
    let is_whole = reader.errors.is_empty();
    (template.map(|template| Template { bindings, is_whole, ..template }), reader.errors)
}

fn template(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Template {
    let at = reader.beginning();
    reader.only(table, "", KEYS);
    let kind = reader.required(table, &at, "", "operation").and_then(|value| Kind::read(reader, value));
    let environments = reader
        .required(table, &at, "", "environments")
        .and_then(|value| reader.texts("environments", value, Form::Name))
        .unwrap_or_default();
    let asks = asks(reader, table);
    reader.required(table, &at, "", "roles");
    let recorded = table.get("recorded").and_then(|value| reader.boolean("recorded", value));
    let is_pointed = kind.is_none_or(|kind| !kind.targets().is_empty());
    let target = table.get("target").filter(|_| is_pointed).and_then(|value| target(reader, value, kind));
    if let Some(kind) = kind {
        kind.check_keys(reader, table, &at);
    }
    check_confirmation(reader, &asks, kind, target.as_ref());
    let parameters = parameters::read(reader, table, kind);
    let is_automation = kind == Some(Kind::Automation);
    Template {
        id: reader.required(table, &at, "", "id").and_then(|value| reader.formed("id", value, Form::Id)),
        title: reader.required(table, &at, "", "title").and_then(|value| title(reader, value)),
        within: within(reader, table, &environments, kind, target.as_ref()),
        environments,
        asks,
        recorded: recorded.unwrap_or(Written { value: kind.is_none_or(Kind::is_session), place: at }),
        kind,
        target,
        destination: table.get("destination").and_then(|value| destination(reader, value)),
        command: table.get("command").and_then(|value| reader.bindable("command", value, Form::Command)),
        document: table.get("document").and_then(|value| document(reader, value)),
        sessions: table.get("sessions").and_then(|value| sessions(reader, value)).unwrap_or(1),
        status: table.get("status").and_then(|value| status(reader, value)),
        inputs: if is_automation { inputs::read(reader, table, &parameters) } else { BTreeMap::new() },
        parameters,
        bindings: Vec::new(),
        is_whole: true,
    }
}

fn sessions(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<usize> {
    let number = reader.integer("sessions", value)?;
    let text = Written { value: number.value.to_string(), place: number.place };
    if !Form::Sessions.fits(&text.value) {
        reader.malformed("sessions", &text, Form::Sessions);
        return None;
    }
    text.value.parse().ok()
}

fn status(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<WorkflowStatus> {
    let word = reader.one_of("status", value, &WorkflowStatus::ALL.map(WorkflowStatus::name))?;
    WorkflowStatus::ALL.into_iter().find(|status| status.name() == word)
}

fn title(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<Title> {
    let table = reader.table("title", value)?;
    let at = reader.place(value);
    reader.only(table, "title", &["ja", "en"]);
    let mut one = |key| {
        let value = reader.required(table, &at, "title", key)?;
        Some(reader.formed(key, value, Form::Title)?.value)
    };
    let (ja, en) = (one("ja"), one("en"));
    Some(Title { ja: ja?, en: en? })
}

fn asks(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Asks {
    let mut asks = Asks::default();
    if let Some(value) = table.get("roles") {
        asks.roles = reader.texts("roles", value, Form::Name);
    }
    if let Some(value) = table.get("reason") {
        asks.reason = reader.boolean("reason", value).map(|reason| reason.value);
    }
    if let Some(value) = table.get("ticket") {
        asks.ticket = parameters::pattern(reader, "ticket", value);
    }
    if let Some(value) = table.get("confirm") {
        let word = reader.one_of("confirm", value, &Confirmation::ALL.map(Confirmation::name));
        let found = Confirmation::ALL.into_iter().find(|known| word.as_deref() == Some(known.name()));
        asks.confirmation = found.map(|value_of| Written { value: value_of, place: reader.place(value) });
    }
    if let Some(value) = table.get("limit") {
        asks.limit = reader.formed("limit", value, Form::Limit).and_then(|text| limit(&text.value));
    }
    asks
}

/// Reads `[in.ENVIRONMENT]`.
fn within(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    environments: &[Written<String>],
    kind: Option<Kind>,
    target: Option<&TargetTemplate>,
) -> BTreeMap<String, Asks> {
    let mut within = BTreeMap::new();
    let Some(inner) = table.get("in").and_then(|value| reader.table("in", value)) else { return within };
    let names: Vec<&str> = environments.iter().map(|environment| environment.value.as_str()).collect();
    for (key, value) in inner {
        let name = key.get_ref().to_string();
        let Some(table) = reader.table(&name, value) else { continue };
        if !names.is_empty() && !names.contains(&name.as_str()) {
            let written = Written { value: name.clone(), place: reader.place(key) };
            reader.unknown_value("environments", written, &names);
        }
        reader.only(table, &format!("in.{name}"), KEYS_IN);
        if let Some(kind) = kind {
            kind.check_foreign(reader, table);
        }
        let asks = asks(reader, table);
        check_confirmation(reader, &asks, kind, target);
        within.insert(name, asks);
    }
    within
}

/// Checks that there is a service whose name can be typed.
fn check_confirmation(reader: &mut Reader<'_>, asks: &Asks, kind: Option<Kind>, target: Option<&TargetTemplate>) {
    let is_pointless = kind.is_some_and(|kind| kind.targets().is_empty());
    let has_no_service = is_pointless || target.is_some_and(|target| target.by != By::Service);
    if let Some(confirmation) = &asks.confirmation
        && confirmation.value == Confirmation::TypeService
        && has_no_service
    {
        reader.error(confirmation.place.clone(), CatalogueProblem::NothingToType);
    }
}

fn target(reader: &mut Reader<'_>, value: Value<'_, '_>, kind: Option<Kind>) -> Option<TargetTemplate> {
    let table = reader.table("target", value)?;
    let place = reader.place(value);
    let known = By::ALL.map(By::key);
    reader.only(table, "target", &known);
    let allowed = kind.map_or_else(|| known.to_vec(), |kind| kind.targets().to_vec());
    let given: Vec<By> = By::ALL.into_iter().filter(|by| table.contains_key(by.key())).collect();
    let [by] = given[..] else {
        reader.error(place, CatalogueProblem::NotOneTarget { known: allowed });
        return None;
    };
    let value = table.get(by.key())?;
    if let Some(kind) = kind.filter(|kind| !kind.targets().contains(&by.key())) {
        let place = reader.place(value);
        let problem =
            CatalogueProblem::WrongTarget { key: by.key(), operation: kind.name(), allowed: kind.targets().to_vec() };
        reader.error(place, problem);
    }
    let items = Reader::one_or_more(value);
    let is_list = value.get_ref().is_array();
    if items.is_empty() {
        reader.error(place.clone(), CatalogueProblem::EmptyList { key: by.key().to_owned() });
    }
    if is_list && kind == Some(Kind::PortForward) {
        reader.error(place.clone(), CatalogueProblem::SeveralTargets { operation: Kind::PortForward.name() });
    }
    let targets: Vec<_> = items.iter().filter_map(|item| reader.bindable(by.key(), item, by.form())).collect();
    (targets.len() == items.len()).then_some(TargetTemplate { by, targets, is_list, place })
}

fn destination(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<DestinationTemplate> {
    let table = reader.table("destination", value)?;
    let at = reader.place(value);
    reader.only(table, "destination", &["host", "port", "user", "database"]);
    let host = reader.required(table, &at, "destination", "host");
    let host = host.and_then(|value| reader.bindable("host", value, Form::Host));
    let port = reader.required(table, &at, "destination", "port");
    let port = port.and_then(|value| reader.bindable_port("port", value));
    let mut name = |key| table.get(key).and_then(|value| reader.bindable(key, value, Form::User));
    let (user, database) = (name("user"), name("database"));
    Some(DestinationTemplate { host: host?, port: port?, user, database })
}

/// Reads the name of a document: one of the team's own, which nobody can give a host, a port or a command.
fn document(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<Written<String>> {
    let document = reader.formed("document", value, Form::Document)?;
    if super::forms::is_generic(&document.value) {
        let problem = CatalogueProblem::GenericDocument { document: document.value };
        reader.error(document.place, problem);
        return None;
    }
    Some(document)
}

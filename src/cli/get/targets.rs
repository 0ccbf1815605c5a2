//! What may be done, where, by whoever asks: the rows of the catalogue, with the gate's answer to each.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::{Output, View};
use crate::domain::environment::Environment;
use crate::domain::identity::{Identity, resolve};
use crate::i18n::{Lang, Texts};
use crate::policy::{Denial, assess};
use crate::runbook::catalogue::{Catalogue, Origin};
use crate::runbook::choice::Catalogues;
use crate::runbook::entry::{Entry, Operation, Parameter};
use crate::state::State;
use crate::state::source::Source;
use crate::t;
use crate::ui::words;

use super::{json, table};

/// An entry in an environment, and what the gate says before anything is typed.
struct Row<'s> {
    environment: &'s Environment,
    source: Option<&'s Source>,
    catalogue: Arc<Catalogue>,
    entry: Arc<Entry>,
    /// Nothing where it is not known who asks.
    verdict: Option<Result<(), Denial>>,
}

#[derive(Serialize)]
struct Item<'a> {
    environment: &'a str,
    account: Option<&'a str>,
    entry: &'a str,
    title: BTreeMap<&'static str, &'a str>,
    operation: &'static str,
    target: String,
    destination: Option<String>,
    document: Option<&'a str>,
    command: Option<&'a str>,
    roles: &'a [String],
    verdict: &'static str,
    rule: Option<&'static str>,
    limit_seconds: Option<i64>,
    recorded: bool,
    asks: Asks<'a>,
    catalogue: &'a str,
    origin: String,
}

#[derive(Serialize)]
struct Asks<'a> {
    reason: bool,
    ticket: Option<&'a str>,
    confirm: &'static str,
    parameters: Vec<Choice<'a>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    name: &'a str,
    allowed: String,
    default: Option<String>,
}

/// Prints the rows: of each environment what is allowed first.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn print(
    state: &State,
    catalogues: &Catalogues,
    output: Output,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = rows(state, catalogues);
    match output {
        Output::Json => json::write(state, View::Targets, rows.iter().map(item).collect(), out),
        Output::Table if rows.is_empty() => writeln!(out, "{}", t!(texts, "catalogue.none")),
        Output::Table => table::write(columns(&rows, texts), out),
    }
}

fn rows<'s>(state: &'s State, catalogues: &Catalogues) -> Vec<Row<'s>> {
    let mut rows = Vec::new();
    for (index, environment) in state.environments.iter().enumerate() {
        let own = || state.sources.iter().filter(|source| source.environments.contains(&index));
        let source = own().find(|source| source.identity.value.is_some()).or_else(|| own().next());
        let identity = source.and_then(|source| source.identity.value.as_ref());
        let catalogue = catalogues.of(environment);
        let begin = rows.len();
        rows.extend(catalogue.entries_in(environment).into_iter().map(|entry| Row {
            environment,
            source,
            catalogue: Arc::clone(catalogue),
            verdict: identity.map(|identity| verdict(state, catalogue, identity, environment, &entry)),
            entry,
        }));
        rows[begin..].sort_by_key(|row| !matches!(row.verdict, Some(Ok(()))));
    }
    rows
}

fn verdict(
    state: &State,
    catalogue: &Catalogue,
    identity: &Arc<Identity>,
    environment: &Environment,
    entry: &Entry,
) -> Result<(), Denial> {
    assess(catalogue, identity, &resolve(&state.roles, identity), environment, &entry.id)
}

fn item<'r>(row: &'r Row<'_>) -> Item<'r> {
    let entry: &Entry = &row.entry;
    let (mut destination, mut command) = (None, None);
    match &entry.operation {
        Operation::PortForward { destination: to, .. } => destination = Some(format!("{}:{}", to.host, to.port)),
        Operation::Exec { command: line, .. } => command = Some(line.as_str()),
        _ => {}
    }
    let parameter = |(name, parameter): (&'r String, &Parameter)| Choice {
        name,
        allowed: parameter.allowed(),
        default: parameter.default_text(),
    };
    Item {
        environment: &row.environment.name,
        account: row.source.and_then(json::account),
        entry: &entry.id.0,
        title: BTreeMap::from([("ja", entry.title.ja.as_str()), ("en", entry.title.en.as_str())]),
        operation: entry.operation.name(),
        target: entry.operation.goal(),
        destination,
        document: entry.operation.document(),
        command,
        roles: &entry.roles,
        verdict: match &row.verdict {
            Some(Ok(())) => "allowed",
            Some(Err(_)) => "denied",
            None => "unknown",
        },
        rule: row.verdict.as_ref().and_then(|verdict| verdict.as_ref().err()).map(Denial::code),
        limit_seconds: entry.limit.map(|limit| limit.as_secs()),
        recorded: entry.recorded,
        asks: Asks {
            reason: entry.reason,
            ticket: entry.ticket.as_deref(),
            confirm: entry.confirmation.name(),
            parameters: entry.parameters.iter().map(parameter).collect(),
        },
        catalogue: row.catalogue.hash(),
        origin: match row.catalogue.origin() {
            Origin::BuiltIn => "built-in".to_owned(),
            origin => origin.place().to_string_lossy().into_owned(),
        },
    }
}

fn columns(rows: &[Row<'_>], texts: Texts) -> table::Columns {
    let titles = vec![
        t!(texts, "gate.column.verdict"),
        t!(texts, "screens.column.environment"),
        t!(texts, "gate.column.entry"),
        t!(texts, "gate.column.operation"),
        t!(texts, "gate.column.target"),
        t!(texts, "gate.column.limit"),
        t!(texts, "gate.column.asks"),
        t!(texts, "gate.column.why"),
    ];
    let rows = rows.iter().map(|row| {
        let entry: &Entry = &row.entry;
        let (verdict, why) = match &row.verdict {
            Some(Ok(())) => (t!(texts, "gate.verdict.allowed"), String::new()),
            Some(Err(denial)) => (t!(texts, "gate.verdict.denied"), words::gate::denial(texts, denial).0),
            None => (t!(texts, "gate.verdict.unknown"), t!(texts, "gate.verdict.unknown-why").to_owned()),
        };
        let target = match &entry.operation {
            Operation::PortForward { selector, destination, .. } => {
                format!("{selector} → {}:{}", destination.host, destination.port)
            }
            operation => operation.goal(),
        };
        let title = if texts.lang() == Lang::Ja { &entry.title.ja } else { &entry.title.en };
        vec![
            verdict.to_owned(),
            row.environment.name.clone(),
            format!("{} {title}", entry.id),
            entry.operation.name().to_owned(),
            target,
            words::gate::limit(texts, entry),
            words::gate::asks(texts, entry),
            why,
        ]
    });
    (titles, rows.collect())
}

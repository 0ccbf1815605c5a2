//! Session documents: AWS's own, and the account's.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error;
use crate::simulator::agent::Run;
use crate::simulator::call::Call;
use crate::simulator::scenario::DocumentType;
use crate::simulator::wire::{ApiError, Value};
use crate::simulator::world::Document;

/// How long nothing may happen in a session, unless its document says otherwise.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-timeout.html>
const IDLE: Duration = Duration::from_mins(20);

/// The document that is taken where none is named.
pub const USUAL: &str = "SSM-SessionManagerRunShell";

/// What a document comes to with its parameters.
#[derive(Debug)]
pub struct Prepared {
    pub name: String,
    pub run: Run,
    pub limit: Option<Duration>,
    pub idle: Duration,
    pub key: Option<String>,
}

/// A parameter of a document: its name, its usual value where it has one, and whether it is a port.
type Parameter = (&'static str, Option<&'static str>, bool);

const HOST: Parameter = ("host", None, false);
const PORT: Parameter = ("portNumber", Some("80"), true);
const LOCAL: Parameter = ("localPortNumber", Some("0"), true);
const COMMAND: Parameter = ("command", None, false);
const SEPARATE: Parameter = ("separateOutputStream", Some("true"), false);

/// Finds a document and gives it its parameters.
pub fn prepare(
    call: &Call<'_>,
    named: Option<&str>,
    given: &[(std::borrow::Cow<'static, str>, Value)],
) -> Result<Prepared, ApiError> {
    // A document may be named by its ARN.
    let name = named.unwrap_or(USUAL);
    let name = name.rsplit('/').next().unwrap_or(name);
    let own = call.here().and_then(|region| region.documents.get(name));
    let given = single(given)?;
    let take = |known: &[Parameter]| parameters(name, known, given.clone());
    let run = match (own, name) {
        (Some(document), _) => prepare_own(document, &take)?,
        (None, USUAL) => take(&[]).map(|_| Run::Shell)?,
        (None, "AWS-StartInteractiveCommand") => Run::Interactive { command: command(&mut take(&[COMMAND])?) },
        (None, "AWS-StartNonInteractiveCommand") => {
            let mut values = take(&[COMMAND, SEPARATE])?;
            let separate = values.get("separateOutputStream").is_some_and(|value| value == "true");
            Run::NonInteractive { command: command(&mut values), separate }
        }
        (None, "AWS-StartPortForwardingSession") => forward(take(&[PORT, LOCAL])?),
        (None, "AWS-StartPortForwardingSessionToRemoteHost") => forward(take(&[HOST, PORT, LOCAL])?),
        (None, "AWS-StartSSHSession") => Run::Port(take(&[("portNumber", Some("22"), true)])?),
        (None, _) => return Err(error("InvalidDocument", format!("Document with name {name} does not exist."))),
    };
    Ok(Prepared {
        name: name.to_owned(),
        run,
        limit: own.and_then(|document| document.limit),
        idle: own.and_then(|document| document.idle).unwrap_or(IDLE),
        key: own.and_then(|document| document.key.clone()),
    })
}

type Values = BTreeMap<String, String>;

fn prepare_own(document: &Document, take: &dyn Fn(&[Parameter]) -> Result<Values, ApiError>) -> Result<Run, ApiError> {
    let command = || document.command.clone().unwrap_or_default();
    Ok(match document.kind {
        DocumentType::Port => {
            let mut values = take(&[LOCAL])?;
            values.insert("portNumber".to_owned(), document.port.unwrap_or(0).to_string());
            values.extend(document.host.iter().map(|host| ("host".to_owned(), host.clone())));
            forward(values)
        }
        DocumentType::Shell => match take(&[]).map(|_| document.command.clone())? {
            None => Run::Shell,
            Some(command) => Run::Interactive { command },
        },
        DocumentType::Interactive => take(&[]).map(|_| Run::Interactive { command: command() })?,
        DocumentType::Command => take(&[]).map(|_| Run::NonInteractive { command: command(), separate: true })?,
    })
}

fn forward(mut values: Values) -> Run {
    values.insert("type".to_owned(), "LocalPortForwarding".to_owned());
    Run::Port(values)
}

fn command(values: &mut Values) -> String {
    values.remove("command").unwrap_or_default()
}

/// Every parameter of a Session document has one value.
fn single(given: &[(std::borrow::Cow<'static, str>, Value)]) -> Result<Values, ApiError> {
    let one = |(name, value): &(std::borrow::Cow<'static, str>, Value)| match value {
        Value::List(values) => match &values[..] {
            [Value::Text(text)] => Ok((name.to_string(), text.to_string())),
            _ => Err(error("InvalidParameters", format!("Parameter {name} must have exactly one value."))),
        },
        _ => Err(ApiError::serialization(format!("The parameter {name} must be a list of strings"))),
    };
    given.iter().map(one).collect()
}

/// Takes a document's parameters out of what was given, which must hold nothing else.
fn parameters(document: &str, known: &[Parameter], given: Values) -> Result<Values, ApiError> {
    if let Some(name) = given.keys().find(|name| !known.iter().any(|(known, ..)| known == name)) {
        let message = format!("Parameters {name} provided in request are not defined in the document {document}.");
        return Err(error("InvalidParameters", message));
    }
    let mut values = given;
    for (name, usual, is_port) in known {
        if let Some(usual) = usual {
            values.entry((*name).to_owned()).or_insert_with(|| (*usual).to_owned());
        }
        let Some(value) = values.get(*name).filter(|value| !value.is_empty()) else {
            let message = format!("Parameter {name} is required by the document {document}.");
            return Err(error("InvalidParameters", message));
        };
        if *is_port && value.parse::<u16>().is_err() {
            let message = format!("Parameter {name} has value {value} not matching its allowed pattern.");
            return Err(error("InvalidParameters", message));
        }
    }
    Ok(values)
}

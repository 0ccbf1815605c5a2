//! What a session runs: its document with the parameters that it was started with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::documents::{Body, Content, SessionBody, SessionKind, USUAL, declared, find};
use super::{error, template};
use crate::simulator::agent::Run;
use crate::simulator::call::Call;
use crate::simulator::kms;
use crate::simulator::wire::{ApiError, Value};

/// How long nothing may happen in a session, unless its document says otherwise.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-timeout.html>
const IDLE: Duration = Duration::from_mins(20);

/// What a document comes to with its parameters.
#[derive(Debug)]
pub struct Prepared {
    pub name: String,
    pub run: Run,
    pub limit: Option<Duration>,
    pub idle: Duration,
    pub key: Option<String>,
}

/// Finds a document and gives it its parameters.
pub fn prepare(
    call: &Call<'_>,
    named: Option<&str>,
    given: &[(Cow<'static, str>, Value)],
) -> Result<Prepared, ApiError> {
    // A document may be named by its ARN.
    let name = named.unwrap_or(USUAL);
    let name = name.rsplit('/').next().unwrap_or(name);
    let unknown = || error("InvalidDocument", format!("Document with name {name} does not exist."));
    let document = find(call, name).ok_or_else(unknown)?;
    let version = document.version("$DEFAULT").ok_or_else(unknown)?;
    if document.kind != "Session" {
        let message = format!("Document type {} is not supported by Session Manager.", document.kind);
        return Err(error("InvalidDocument", message));
    }
    let content = Content::read(&document.kind, &version.content)?;
    let Body::Session(body) = &content.body else { return Err(unknown()) };
    let given = lists(given)?;
    if let Some((missing, _)) = given.iter().find(|(name, values)| values.len() != 1 && !name.is_empty()) {
        return Err(error("InvalidParameters", format!("Parameter {missing} must have exactly one value.")));
    }
    let values = declared::values(&content.parameters, &given).map_err(|why| error("InvalidParameters", why))?;
    let minutes = |name: &str| {
        body.input(name).and_then(|text| text.parse::<u64>().ok()).map(|minutes| Duration::from_secs(minutes * 60))
    };
    Ok(Prepared {
        name: name.to_owned(),
        run: run(body, &values)?,
        limit: document.limit.or_else(|| minutes("maxSessionDuration")),
        idle: minutes("idleSessionTimeout").unwrap_or(IDLE),
        key: body.input("kmsKeyId").map(|key| kms::key_arn(call, key)).transpose()?,
    })
}

fn run(body: &SessionBody, values: &BTreeMap<String, Json>) -> Result<Run, ApiError> {
    let filled = |json: &Json| {
        let known = |name: &str| values.get(name).cloned();
        template::fill(json, &known)
            .map_err(|name| error("InvalidParameters", format!("The document has no parameter {name}.")))
    };
    let properties = filled(&body.properties)?;
    let linux = |name: &str| properties.get("linux").and_then(|linux| linux.get(name)).map(declared::written);
    let command = || linux("commands").unwrap_or_default();
    Ok(match body.kind {
        SessionKind::Shell => match body.inputs.get("shellProfile").and_then(|one| one.get("linux")?.as_str()) {
            None | Some("") => Run::Shell,
            // The profile runs first; what follows it is a shell as any other.
            Some(profile) => Run::Interactive { command: format!("{profile}\nexec /bin/sh") },
        },
        SessionKind::Interactive => Run::Interactive { command: command() },
        SessionKind::NonInteractive => {
            let separate = linux("separateOutputStream").is_none_or(|word| word == "true");
            Run::NonInteractive { command: command(), separate }
        }
        SessionKind::Port => {
            let members = properties.as_object().into_iter().flatten();
            let texts: BTreeMap<String, String> =
                members.map(|(name, value)| (name.clone(), declared::written(value))).collect();
            for name in ["portNumber", "localPortNumber"] {
                if let Some(odd) = texts.get(name).filter(|text| text.parse::<u16>().is_err()) {
                    let message = format!("Parameter {name} has value {odd} not matching its allowed pattern.");
                    return Err(error("InvalidParameters", message));
                }
            }
            if texts.get("host").is_some_and(String::is_empty) {
                return Err(error("InvalidParameters", "Parameter host must not be empty."));
            }
            Run::Port(texts)
        }
    })
}

/// Reads parameters as they are given: lists of texts by name.
pub fn lists(given: &[(Cow<'static, str>, Value)]) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
    let wrong = |name: &str| ApiError::serialization(format!("The parameter {name} must be a list of strings"));
    let one = |(name, value): &(Cow<'static, str>, Value)| match value {
        Value::List(values) => {
            let texts = values.iter().map(|value| match value {
                Value::Text(text) => Ok(text.to_string()),
                _ => Err(wrong(name)),
            });
            Ok((name.to_string(), texts.collect::<Result<Vec<_>, _>>()?))
        }
        _ => Err(wrong(name)),
    };
    given.iter().map(one).collect()
}

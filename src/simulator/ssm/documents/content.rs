//! What a document says, read and checked as Systems Manager does when it takes one.

use serde_json::Value as Json;

use super::declared::{self, Declared};
use crate::simulator::ssm::automation::Definition;
use crate::simulator::ssm::error;
use crate::simulator::wire::ApiError;

/// The most bytes of a document.
///
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
const LARGEST: usize = 64 * 1024;

/// A document's content.
#[derive(Debug, Clone)]
pub struct Content {
    pub schema: String,
    pub description: Option<String>,
    pub parameters: Vec<Declared>,
    pub body: Body,
}

/// What a document is for.
#[derive(Debug, Clone)]
pub enum Body {
    Session(SessionBody),
    Automation(Definition),
}

/// What a Session document says, still with its parameters' names in it.
#[derive(Debug, Clone)]
pub struct SessionBody {
    pub kind: SessionKind,
    pub inputs: Json,
    pub properties: Json,
}

/// What a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    Shell,
    Port,
    Interactive,
    NonInteractive,
}

fn invalid(message: impl Into<String>) -> ApiError {
    error("InvalidDocumentContent", message)
}

impl Content {
    /// Reads the content of a document of a type.
    pub fn read(kind: &str, text: &str) -> Result<Self, ApiError> {
        if text.len() > LARGEST {
            return Err(error("MaxDocumentSizeExceeded", format!("The size limit of a document is {LARGEST} bytes.")));
        }
        let json: Json = serde_json::from_str(text).map_err(|_| invalid("JSON not well-formed."))?;
        let members = json.as_object().ok_or_else(|| invalid("Document content must be a JSON object."))?;
        let schema = members.get("schemaVersion").and_then(Json::as_str).unwrap_or_default();
        let fits = matches!((kind, schema), ("Session", "1.0") | ("Automation", "0.3"));
        if !fits {
            let message = format!("Document schema version, {schema}, is not supported for document type {kind}.");
            return Err(error("InvalidDocumentSchemaVersion", message));
        }
        let parameters = declared::read_all(members.get("parameters")).map_err(invalid)?;
        let body = match kind {
            "Session" => Body::Session(session(members)?),
            _ => Body::Automation(Definition::read(members, &parameters).map_err(invalid)?),
        };
        let description = members.get("description").and_then(Json::as_str).map(str::to_owned);
        Ok(Self { schema: schema.to_owned(), description, parameters, body })
    }
}

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html>
fn session(members: &serde_json::Map<String, Json>) -> Result<SessionBody, ApiError> {
    let known = ["schemaVersion", "description", "sessionType", "inputs", "parameters", "properties"];
    if let Some(odd) = members.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(invalid(format!("The element {odd} is not supported in a Session document.")));
    }
    let word = members.get("sessionType").and_then(Json::as_str).unwrap_or_default();
    let kind = match word {
        "Standard_Stream" => SessionKind::Shell,
        "Port" => SessionKind::Port,
        "InteractiveCommands" => SessionKind::Interactive,
        "NonInteractiveCommands" => SessionKind::NonInteractive,
        _ => return Err(invalid(format!("The sessionType \"{word}\" is not supported."))),
    };
    let (inputs, properties) = (members.get("inputs").cloned(), members.get("properties").cloned());
    for one in [&inputs, &properties].into_iter().flatten() {
        if !one.is_object() {
            return Err(invalid("inputs and properties must be objects."));
        }
    }
    let body = SessionBody { kind, inputs: inputs.unwrap_or_default(), properties: properties.unwrap_or_default() };
    if kind == SessionKind::Shell {
        check_times(&body.inputs)?;
    }
    let missing = match kind {
        SessionKind::Shell => None,
        SessionKind::Port => body.properties.get("portNumber").is_none().then_some("portNumber"),
        SessionKind::Interactive | SessionKind::NonInteractive => body.commands().is_none().then_some("linux.commands"),
    };
    match missing {
        None => Ok(body),
        Some(name) => Err(invalid(format!("The properties of a Session document of this type need {name}."))),
    }
}

/// Minutes within what Session Manager takes: 1 to 1,440 for a session, 1 to 60 without anything happening.
fn check_times(inputs: &Json) -> Result<(), ApiError> {
    for (name, most) in [("maxSessionDuration", 1_440), ("idleSessionTimeout", 60)] {
        let text = inputs.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let minutes = text.map(str::parse::<u32>);
        if minutes.is_some_and(|minutes| minutes.map_or(true, |minutes| !(1..=most).contains(&minutes))) {
            return Err(invalid(format!("The value of {name} must be from 1 to {most} minutes.")));
        }
    }
    Ok(())
}

impl SessionBody {
    /// The commands that it runs on Linux.
    pub fn commands(&self) -> Option<&str> {
        self.properties.get("linux")?.get("commands")?.as_str()
    }

    /// A text of its inputs that says something.
    pub fn input(&self, name: &str) -> Option<&str> {
        self.inputs.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Session", "{", "InvalidDocumentContent")]
    #[case("Session", "[]", "InvalidDocumentContent")]
    #[case("Session", r#"{"schemaVersion":"2.2"}"#, "InvalidDocumentSchemaVersion")]
    #[case("Automation", r#"{"schemaVersion":"1.0"}"#, "InvalidDocumentSchemaVersion")]
    #[case("Command", r#"{"schemaVersion":"2.2"}"#, "InvalidDocumentSchemaVersion")]
    #[case("Session", r#"{"schemaVersion":"1.0","sessionType":"Shell"}"#, "InvalidDocumentContent")]
    #[case("Session", r#"{"schemaVersion":"1.0","sessionType":"Port"}"#, "InvalidDocumentContent")]
    #[case(
        "Session",
        r#"{"schemaVersion":"1.0","sessionType":"InteractiveCommands","properties":{}}"#,
        "InvalidDocumentContent"
    )]
    #[case(
        "Session",
        r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"maxSessionDuration":"1441"}}"#,
        "InvalidDocumentContent"
    )]
    #[case(
        "Session",
        r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream","input":{}}"#,
        "InvalidDocumentContent"
    )]
    fn refuses(#[case] kind: &str, #[case] text: &str, #[case] shape: &str) {
        assert_eq!(Content::read(kind, text).unwrap_err().shape, shape);
    }

    #[test]
    fn a_document_has_its_largest_size() {
        let text = format!(r#"{{"schemaVersion":"1.0","description":"{}"}}"#, "x".repeat(LARGEST));
        assert_eq!(Content::read("Session", &text).unwrap_err().shape, "MaxDocumentSizeExceeded");
    }
}

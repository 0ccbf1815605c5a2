//! The handshake that port sessions, commands without a terminal and encrypted sessions begin with.
//!
//! Shells without encryption have none: the first thing seen of them is their output.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conduit::{Kind, PortProperties, Version};
use super::version::CLIENT_VERSION;
use crate::domain::text::clean_lines;

/// The most actions that an agent may ask for.
const MOST_ACTIONS: usize = 16;

/// The most bytes of a text that the agent gives: key, challenge, host, port.
const LONGEST_TEXT: usize = 2_048;

/// The most characters of what the agent says to a person.
const MOST_WORDS: usize = 2_000;

/// What an agent asks before the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The agent's version, where it has a readable one.
    pub agent: Option<Version>,
    /// What the client is to do, in order.
    pub actions: Vec<Action>,
}

/// One thing that the client is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Know what runs in the session.
    SessionType(Kind),
    /// Make a key for the session.
    KmsEncryption {
        /// The key to make it with, an ARN or an id.
        key_id: String,
        /// What binds the key to this very request, where the agent sent it.
        challenge: Option<String>,
    },
    /// Something that this client does not do; holds its name.
    Unknown(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRequest {
    #[serde(default)]
    agent_version: String,
    requested_client_actions: Option<Vec<RawAction>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawAction {
    action_type: String,
    #[serde(default)]
    action_parameters: Value,
}

impl Request {
    /// Reads the payload of a handshake's request; `None` where it is none.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let raw: RawRequest = serde_json::from_slice(payload).ok()?;
        let actions = raw.requested_client_actions.unwrap_or_default();
        if actions.len() > MOST_ACTIONS {
            return None;
        }
        Some(Self {
            agent: Version::read(raw.agent_version.trim()),
            actions: actions.into_iter().map(Action::from).collect(),
        })
    }
}

impl From<RawAction> for Action {
    fn from(raw: RawAction) -> Self {
        let read = match raw.action_type.as_str() {
            "SessionType" => session_type(&raw.action_parameters).map(Self::SessionType),
            "KMSEncryption" => kms(&raw.action_parameters),
            _ => None,
        };
        read.unwrap_or(Self::Unknown(raw.action_type))
    }
}

fn session_type(parameters: &Value) -> Option<Kind> {
    match parameters.get("SessionType")?.as_str()? {
        "Standard_Stream" | "InteractiveCommands" => Some(Kind::Shell),
        "NonInteractiveCommands" => Some(Kind::NonInteractive),
        "Port" => {
            let properties = parameters.get("Properties").unwrap_or(&Value::Null);
            Some(Kind::Port(PortProperties {
                port_number: text(properties, "portNumber").unwrap_or_default(),
                host: text(properties, "host").filter(|host| !host.is_empty()),
                forwarding: text(properties, "type").filter(|kind| !kind.is_empty()),
            }))
        }
        _ => None,
    }
}

fn kms(parameters: &Value) -> Option<Action> {
    let key_id = text(parameters, "KMSKeyId").filter(|key| !key.is_empty())?;
    Some(Action::KmsEncryption {
        key_id,
        challenge: text(parameters, "Challenge").filter(|challenge| !challenge.is_empty()),
    })
}

/// Takes a text, or a number as a text; what is too long is not taken.
fn text(from: &Value, name: &str) -> Option<String> {
    match from.get(name)? {
        Value::String(text) if text.len() <= LONGEST_TEXT => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What the client made of what it was asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response {
    client_version: &'static str,
    processed_client_actions: Vec<Processed>,
    errors: Option<Vec<String>>,
}

/// What the client made of one action.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Processed {
    action_type: String,
    action_status: u8,
    action_result: Option<KeyResult>,
    error: String,
}

/// The key, as only KMS can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyResult {
    #[serde(rename = "KMSCipherTextKey")]
    ciphertext: String,
    #[serde(rename = "KMSCipherTextHash")]
    hash: Option<String>,
    #[serde(rename = "ChallengeAcknowledgement")]
    acknowledges: bool,
}

impl KeyResult {
    /// Takes the encrypted key; says whether its encryption context holds the agent's challenge.
    pub fn new(ciphertext: &[u8], acknowledges: bool) -> Self {
        Self { ciphertext: super::encryption::to_base64(ciphertext), hash: None, acknowledges }
    }
}

/// The status of an action that was done.
const SUCCESS: u8 = 1;
/// The status of an action that failed.
const FAILED: u8 = 2;
/// The status of an action that this client does not know.
const UNSUPPORTED: u8 = 3;

impl Request {
    /// Answers each action; `key` is the key that was made, or why there is none.
    pub fn answer(&self, key: Option<&Result<KeyResult, String>>) -> Response {
        let mut errors = Vec::new();
        let processed = self.actions.iter().map(|action| {
            let (action_type, action_status, action_result, error) = match (action, key) {
                (Action::SessionType(_), _) => ("SessionType", SUCCESS, None, String::new()),
                (Action::KmsEncryption { .. }, Some(Ok(key))) => {
                    ("KMSEncryption", SUCCESS, Some(key.clone()), String::new())
                }
                (Action::KmsEncryption { .. }, Some(Err(why))) => ("KMSEncryption", FAILED, None, why.clone()),
                (Action::KmsEncryption { .. }, None) => ("KMSEncryption", FAILED, None, "kms:GenerateDataKey".into()),
                (Action::Unknown(name), _) => (name.as_str(), UNSUPPORTED, None, format!("unsupported: {name}")),
            };
            if action_status != SUCCESS {
                errors.push(error.clone());
            }
            Processed { action_type: action_type.to_owned(), action_status, action_result, error }
        });
        let processed_client_actions = processed.collect();
        let errors = (!errors.is_empty()).then_some(errors);
        Response { client_version: CLIENT_VERSION, processed_client_actions, errors }
    }

    /// Tells whether the agent asks for a key.
    pub fn needs_key(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::KmsEncryption { .. }))
    }

    /// Returns what runs in the session, where the agent says so.
    pub fn kind(&self) -> Option<&Kind> {
        self.actions.iter().find_map(|action| match action {
            Action::SessionType(kind) => Some(kind),
            _ => None,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawComplete {
    customer_message: Option<String>,
}

/// Reads what the agent has to say to a person when the session is ready, cleaned; may be empty.
pub fn completed(payload: &[u8]) -> String {
    let said = serde_json::from_slice::<RawComplete>(payload).ok().and_then(|complete| complete.customer_message);
    clean_lines(&said.unwrap_or_default(), MOST_WORDS).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Option<Request> {
        Request::read(value.to_string().as_bytes())
    }

    fn asking(actions: &Value) -> Request {
        read(&json!({"AgentVersion": "3.3.0.0", "RequestedClientActions": actions})).unwrap()
    }

    #[test]
    fn a_port_session_says_where_it_goes() {
        let request = asking(&json!([{"ActionType": "SessionType", "ActionParameters": {"SessionType": "Port",
            "Properties": {"portNumber": "5432", "host": "db.internal", "type": "LocalPortForwarding"}}}]));
        assert_eq!(request.agent, Some(Version([3, 3, 0, 0])));
        let Some(Kind::Port(port)) = request.kind() else { panic!("{request:?}") };
        assert_eq!((port.port_number.as_str(), port.host.as_deref()), ("5432", Some("db.internal")));
        assert_eq!(port.forwarding.as_deref(), Some("LocalPortForwarding"));
    }

    #[test]
    fn what_is_left_out_is_no_error() {
        let request = asking(&json!([{"ActionType": "SessionType",
            "ActionParameters": {"SessionType": "Port", "Properties": null}}]));
        assert_eq!(request.kind(), Some(&Kind::Port(PortProperties::default())));
        let request = read(&json!({"AgentVersion": "new", "RequestedClientActions": null})).unwrap();
        assert_eq!((request.agent, request.actions), (None, vec![]));
    }

    #[test]
    fn what_is_no_request_is_none() {
        for payload in [&b""[..], b"{", b"[]", b"{\"RequestedClientActions\":3}", b"\xff\xfe"] {
            assert_eq!(Request::read(payload), None, "{payload:?}");
        }
        let many = vec![json!({"ActionType": "SessionType"}); MOST_ACTIONS + 1];
        assert_eq!(read(&json!({"RequestedClientActions": many})), None);
    }

    #[test]
    fn every_action_is_answered_in_its_order() {
        let request = asking(&json!([
            {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Standard_Stream"}},
            {"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "arn:k", "Challenge": "YQ=="}},
            {"ActionType": "Dance"},
        ]));
        let answer = request.answer(Some(&Ok(KeyResult::new(b"sealed", true))));
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["ClientVersion"], "1.2.764.0");
        let actions = answer["ProcessedClientActions"].as_array().unwrap();
        assert_eq!(
            actions[0],
            json!({"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": ""})
        );
        assert_eq!(
            actions[1]["ActionResult"],
            json!({"KMSCipherTextKey": "c2VhbGVk", "KMSCipherTextHash": null, "ChallengeAcknowledgement": true})
        );
        assert_eq!((&actions[2]["ActionType"], &actions[2]["ActionStatus"]), (&json!("Dance"), &json!(3)));
        assert_eq!(answer["Errors"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_key_that_could_not_be_made_is_said() {
        let request = asking(&json!([{"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "arn:k"}}]));
        let answer = serde_json::to_value(request.answer(Some(&Err("denied".into())))).unwrap();
        assert_eq!(answer["ProcessedClientActions"][0]["ActionStatus"], 2);
        assert_eq!(answer["Errors"], json!(["denied"]));
    }

    #[test]
    fn what_the_agent_says_is_cleaned() {
        assert_eq!(completed(br#"{"HandshakeTimeToComplete":1,"CustomerMessage":"\u001b[31m \u6697\u53f7 "}"#), "暗号");
        assert_eq!(completed(br#"{"CustomerMessage":null}"#), "");
        assert_eq!(completed(b"?"), "");
    }
}

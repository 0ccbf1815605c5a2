//! How an agent and a client agree on what runs, and on a key where there is one.

use std::collections::BTreeMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::crypto::Cipher;
use super::version;
use super::{Plan, Run};
use crate::simulator::kms::Keys;

/// From which version on a client understands output and standard error apart.
const KEEPS_APART: &str = "1.2.312.0";
/// The last version of clients that does not.
const KEEPS_TOGETHER: &str = "1.2.295.0";

/// How far it is.
#[derive(Debug)]
pub enum Stage {
    /// Nothing was asked, and nothing will be.
    Skipped,
    /// The client was asked.
    Asked {
        since: Instant,
        until: Instant,
        /// What the client may put into the encryption context.
        challenge: Option<String>,
    },
    /// The client answered; nothing was said about it yet.
    Answered { since: Instant },
    /// The client was asked to prove that it has the key.
    Challenged { since: Instant, until: Instant, secret: Vec<u8> },
    /// The client proved it.
    Proven { since: Instant },
    /// The session runs.
    Complete,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    agent_version: &'a str,
    requested_client_actions: Vec<Action<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Action<'a> {
    action_type: &'static str,
    action_parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    #[serde(rename_all = "PascalCase")]
    Session { session_type: &'static str, properties: Option<&'a BTreeMap<String, String>> },
    Key {
        #[serde(rename = "KMSKeyId")]
        key: &'a str,
        #[serde(rename = "Challenge")]
        challenge: &'a str,
    },
}

/// What a client answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    #[serde(default)]
    client_version: String,
    #[serde(default)]
    processed_client_actions: Option<Vec<Processed>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Processed {
    #[serde(default)]
    action_type: String,
    #[serde(default)]
    action_status: i64,
    #[serde(default)]
    action_result: serde_json::Value,
    #[serde(default)]
    error: String,
}

#[derive(Debug, Deserialize)]
struct Wrapped {
    #[serde(rename = "KMSCipherTextKey")]
    key: String,
    #[serde(rename = "ChallengeAcknowledgement", default)]
    acknowledged: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Challenge {
    challenge: String,
}

/// What a client's answer comes to.
pub struct Agreed {
    /// The client's version.
    pub client: String,
    /// The session's encryption, where there is one.
    pub cipher: Option<Cipher>,
}

impl Plan {
    /// The session's type by its name.
    fn session_type(&self) -> &'static str {
        match self.run {
            Run::Shell => "Standard_Stream",
            Run::Interactive { .. } => "InteractiveCommands",
            Run::NonInteractive { .. } => "NonInteractiveCommands",
            Run::Port(_) => "Port",
        }
    }

    /// The key that is asked for: port sessions have none.
    pub fn session_key(&self) -> Option<&str> {
        self.key.as_deref().filter(|_| !matches!(self.run, Run::Port(_)))
    }

    /// Whether anything must be agreed on.
    pub fn needs_handshake(&self) -> bool {
        self.session_key().is_some() || matches!(self.run, Run::Port(_) | Run::NonInteractive { .. })
    }

    /// Writes what the client is asked.
    pub fn request(&self, challenge: Option<&str>) -> String {
        let properties = match &self.run {
            Run::Port(properties) => Some(properties),
            _ => None,
        };
        let session = Action {
            action_type: "SessionType",
            action_parameters: Parameters::Session { session_type: self.session_type(), properties },
        };
        let key = self.session_key().zip(challenge).map(|(key, challenge)| Action {
            action_type: "KMSEncryption",
            action_parameters: Parameters::Key { key, challenge },
        });
        let request = Request {
            agent_version: &self.version,
            requested_client_actions: std::iter::once(session).chain(key).collect(),
        };
        serde_json::to_string(&request).unwrap_or_default()
    }

    /// Reads a client's answer; `Err` says why the session cannot be.
    pub fn agree(
        &self,
        payload: &[u8],
        challenge: Option<&str>,
        keys: &Keys,
        strict: bool,
    ) -> Result<Option<Agreed>, String> {
        // An answer that cannot be read is not taken, and the client has the rest of its time to send another.
        let Ok(response) = serde_json::from_slice::<Response>(payload) else { return Ok(None) };
        let mut agreed = Agreed { client: response.client_version, cipher: None };
        for action in response.processed_client_actions.unwrap_or_default() {
            if action.action_status != 1 {
                return Err(format!(
                    "{} failed on client with status {} error: {}",
                    action.action_type, action.action_status, action.error
                ));
            }
            if action.action_type == "KMSEncryption" {
                agreed.cipher = Some(self.unwrap_key(action.action_result, challenge, keys, strict)?);
            }
        }
        if self.session_key().is_some() && agreed.cipher.is_none() {
            return Err("KMSEncryption was not processed by the client".to_owned());
        }
        Ok(Some(agreed))
    }

    fn unwrap_key(
        &self,
        result: serde_json::Value,
        challenge: Option<&str>,
        keys: &Keys,
        strict: bool,
    ) -> Result<Cipher, String> {
        let wrapped: Wrapped = serde_json::from_value(result).map_err(|error| error.to_string())?;
        if strict && !wrapped.acknowledged {
            return Err("client does not support required encryption context random challenge".to_owned());
        }
        let mut context = BTreeMap::from([
            ("aws:ssm:SessionId".to_owned(), self.session_id.clone()),
            ("aws:ssm:TargetId".to_owned(), self.target.clone()),
        ]);
        if let Some(challenge) = challenge.filter(|_| wrapped.acknowledged) {
            context.insert("aws:ssm:RandomChallenge".to_owned(), challenge.to_owned());
        }
        let failed = |why: &dyn std::fmt::Display| format!("Fetching data key failed: {why}");
        let blob = STANDARD.decode(&wrapped.key).map_err(|error| failed(&error))?;
        let key = keys.decrypt(&blob, &context).map_err(|error| failed(&error.message))?;
        Cipher::new(&key.plaintext).map_err(|error| failed(&error))
    }

    /// Writes what is said once everything is agreed on.
    pub fn complete(&self, took: std::time::Duration, client: &str, encrypted: bool) -> String {
        let separate = matches!(self.run, Run::NonInteractive { separate: true, .. });
        let mut message = String::new();
        if separate && !version::is_later(client, KEEPS_TOGETHER) {
            message = format!(
                "Please update session manager plugin version (minimum required version {KEEPS_APART}) for fully support of \
                 separate StdOut/StdErr output.\r\n"
            );
        }
        if encrypted {
            message.push_str("This session is encrypted using AWS KMS.");
        }
        format!(
            "{{\"HandshakeTimeToComplete\":{},\"CustomerMessage\":{}}}",
            took.as_nanos(),
            serde_json::json!(message)
        )
    }
}

/// Draws the random part of the encryption context.
pub fn draw_challenge() -> String {
    STANDARD.encode(fastrand::u128(..).to_ne_bytes())
}

/// Draws what a client must decrypt, and writes the question.
pub fn question(cipher: &mut Cipher) -> Option<(Vec<u8>, String)> {
    let secret: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(64).collect();
    let challenge = STANDARD.encode(cipher.seal(&secret).ok()?);
    Some((secret, serde_json::to_string(&Challenge { challenge }).ok()?))
}

/// Whether the client's proof holds.
pub fn is_proof(payload: &[u8], secret: &[u8], cipher: &Cipher) -> bool {
    let Ok(Challenge { challenge }) = serde_json::from_slice(payload) else { return false };
    let sealed = STANDARD.decode(challenge).unwrap_or_default();
    cipher.open(&sealed).is_ok_and(|plain| plain == secret)
}

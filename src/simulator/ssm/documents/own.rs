//! The documents that AWS has in every account.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html>

use std::sync::{Arc, LazyLock};

use serde_json::{Value as Json, json};

use crate::simulator::world::Document;

/// The document that is taken where none is named.
pub const USUAL: &str = "SSM-SessionManagerRunShell";

/// When AWS made them: 2018-08-29, when Session Manager began.
const MADE: i64 = 1_535_500_800_000;

const ANY_PORT: &str = "[0-9]{1,5}";

fn port(usual: &str) -> Json {
    json!({ "type": "String", "default": usual, "allowedPattern": ANY_PORT })
}

static ALL: LazyLock<Vec<Arc<Document>>> = LazyLock::new(|| {
    let session = |name: &str, kind: &str, parameters: Json, properties: Json| {
        let content = json!({
            "schemaVersion": "1.0",
            "description": format!("{name}, a document of Session Manager"),
            "sessionType": kind,
            "parameters": parameters,
            "properties": properties,
        });
        Arc::new(Document::new(name, "Session", "Amazon", content.to_string(), MADE))
    };
    let command = json!({ "type": "String" });
    let runs = json!({ "linux": { "commands": "{{ command }}", "runAsElevated": false } });
    let separate = json!({ "type": "String", "default": "true", "allowedValues": ["true", "false"] });
    let runs_apart =
        json!({ "linux": { "commands": "{{ command }}", "separateOutputStream": "{{ separateOutputStream }}" } });
    let forward = json!({
        "type": "LocalPortForwarding",
        "portNumber": "{{ portNumber }}",
        "localPortNumber": "{{ localPortNumber }}",
    });
    let mut to_host = forward.clone();
    to_host["host"] = "{{ host }}".into();
    vec![
        session("AWS-StartInteractiveCommand", "InteractiveCommands", json!({ "command": command }), runs),
        session(
            "AWS-StartNonInteractiveCommand",
            "NonInteractiveCommands",
            json!({ "command": { "type": "String" }, "separateOutputStream": separate }),
            runs_apart,
        ),
        session(
            "AWS-StartPortForwardingSession",
            "Port",
            json!({ "portNumber": port("80"), "localPortNumber": port("0") }),
            forward,
        ),
        session(
            "AWS-StartPortForwardingSessionToRemoteHost",
            "Port",
            json!({ "host": { "type": "String" }, "portNumber": port("80"), "localPortNumber": port("0") }),
            to_host,
        ),
        session(
            "AWS-StartSSHSession",
            "Port",
            json!({ "portNumber": port("22") }),
            json!({ "portNumber": "{{ portNumber }}" }),
        ),
    ]
});

/// The document that is an account's own, as long as nobody has changed it: Session Manager makes it by itself.
static PREFERENCES: LazyLock<Arc<Document>> = LazyLock::new(|| {
    let content = json!({
        "schemaVersion": "1.0",
        "description": "Document to hold regional settings for Session Manager",
        "sessionType": "Standard_Stream",
        "inputs": { "idleSessionTimeout": "20", "maxSessionDuration": "", "kmsKeyId": "" },
    });
    Arc::new(Document::new(USUAL, "Session", "", content.to_string(), MADE))
});

/// Finds one of AWS's documents, or the usual one.
pub fn find(name: &str) -> Option<Arc<Document>> {
    if name == USUAL {
        return Some(Arc::clone(&PREFERENCES));
    }
    ALL.iter().find(|document| document.name == name).cloned()
}

/// All that are AWS's.
pub fn all() -> impl Iterator<Item = Arc<Document>> {
    ALL.iter().cloned()
}

/// Whether a name is kept for AWS.
pub fn is_of_aws(name: &str) -> bool {
    ["AWS-", "AWS", "AMZN", "Amazon"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::ssm::documents::Content;

    #[test]
    fn each_would_be_taken() {
        for document in all().chain(find(USUAL)) {
            Content::read(&document.kind, &document.versions[0].content).unwrap();
        }
    }
}

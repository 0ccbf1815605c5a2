//! The SSM documents of a role's entries: what IAM cannot bind, a document holds literally.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::place::Place;
use super::{Note, Options, ServiceRole, automation, sessions};
use crate::runbook::entry::{Destination, Entry, LOCAL_PORT, Operation, Parameter};

/// The longest document, in characters.
///
/// Source: AWS General Reference, "AWS Systems Manager endpoints and quotas": 64 KB.
const LONGEST: usize = 64 * 1024;

/// How long nothing may happen in a shell, in minutes, where its limit is not shorter.
const IDLE: i64 = 20;

/// Which ports the agent takes: the pattern of AWS's own port documents.
const ANY_PORT: &str = "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$";

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// It says what a session does.
    Session,
    /// It changes something, step by step.
    Automation,
}

impl DocumentKind {
    /// Returns the name that `CreateDocument` has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "Session",
            Self::Automation => "Automation",
        }
    }
}

/// An SSM document, to be created in each of its regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DocumentKind,
    /// The account that it belongs to.
    pub account: String,
    /// The regions that it belongs to.
    pub regions: Vec<String>,
    /// The catalogue entries that it pins, as they are written.
    pub entries: Vec<String>,
    /// What it says.
    pub content: Value,
}

/// Makes the documents of all places, and the roles that they run under.
pub(super) fn documents(
    places: &[Place<'_>],
    options: &Options,
    notes: &mut Vec<Note>,
) -> (Vec<Document>, Vec<ServiceRole>) {
    let (mut documents, mut roles) = (Vec::new(), Vec::new());
    for place in places {
        let document = |entry: &Entry, region: &str, kind, name: &str, content| Document {
            name: name.to_owned(),
            kind,
            account: place.account.to_owned(),
            regions: vec![region.to_owned()],
            entries: vec![entry.id.written().to_owned()],
            content,
        };
        for entry in &place.entries {
            let Some((name, content)) = session(entry, options, notes) else { continue };
            for region in &place.environment.regions {
                let content = with_key(content.clone(), sessions::key(place, region, options));
                add(&mut documents, document(entry, region, DocumentKind::Session, name, content), notes);
            }
        }
        for (name, entries) in changed(place) {
            let Some(made) = automation::automation(place, name, &entries, options, notes) else { continue };
            for region in &place.environment.regions {
                let content = made.content.clone();
                add(&mut documents, document(entries[0], region, DocumentKind::Automation, name, content), notes);
            }
            roles.push(made.role);
        }
    }
    (documents, roles)
}

/// Finds the changes of a place by their document: one serves all services of its entry.
fn changed<'p>(place: &'p Place<'_>) -> BTreeMap<&'p str, Vec<&'p Entry>> {
    let mut changed = BTreeMap::<&str, Vec<&Entry>>::new();
    for entry in &place.entries {
        if let Operation::ServiceChange { document, .. } = &entry.operation {
            changed.entry(document).or_default().push(entry);
        }
    }
    changed
}

/// Adds a document, or its region to one that says the same.
fn add(documents: &mut Vec<Document>, made: Document, notes: &mut Vec<Note>) {
    if made.content.to_string().chars().count() > LONGEST {
        return say(notes, Note::DocumentTooLong { document: made.name });
    }
    for known in documents.iter_mut().filter(|known| known.name == made.name && known.account == made.account) {
        if known.kind == made.kind && known.content == made.content {
            merge(&mut known.regions, made.regions);
            merge(&mut known.entries, made.entries);
            return;
        }
        if made.regions.iter().any(|region| known.regions.contains(region)) {
            return say(notes, Note::DocumentConflict { document: made.name });
        }
    }
    documents.push(made);
}

fn merge(known: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

/// Notes something once.
pub(super) fn say(notes: &mut Vec<Note>, note: Note) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Writes the Session document of an entry that opens a session by one, with its name.
fn session<'e>(entry: &'e Entry, options: &Options, notes: &mut Vec<Note>) -> Option<(&'e str, Value)> {
    match &entry.operation {
        Operation::Shell { document, .. } => {
            if options.run_as.is_none() {
                say(notes, Note::NoRunAs { document: document.clone() });
            }
            Some((document, shell(entry, options)))
        }
        Operation::PortForward { document, destination, .. } => Some((document, port(entry, destination))),
        _ => None,
    }
}

/// Describes an entry's document by what people call the entry.
pub(super) fn description(entry: &Entry) -> String {
    format!("{} ({}): {} / {}", entry.id.written(), entry.environment, entry.title.en, entry.title.ja)
}

/// Writes the document of a shell, which AWS itself ends and logs.
///
/// Source: AWS Systems Manager User Guide, "Session document schema": limits are minutes as text, at most 60 of them idle.
fn shell(entry: &Entry, options: &Options) -> Value {
    let limit = entry.limit.map_or(IDLE, |limit| limit.as_mins());
    json!({
        "schemaVersion": "1.0",
        "description": description(entry),
        "sessionType": "Standard_Stream",
        "inputs": {
            "cloudWatchEncryptionEnabled": true,
            "cloudWatchLogGroupName": options.session_log_group,
            "cloudWatchStreamingEnabled": true,
            "idleSessionTimeout": limit.min(IDLE).to_string(),
            "kmsKeyId": "",
            "maxSessionDuration": limit.to_string(),
            "runAsDefaultUser": options.run_as.as_deref().unwrap_or_default(),
            "runAsEnabled": options.run_as.is_some(),
            "s3BucketName": "",
            "s3EncryptionEnabled": true,
            "s3KeyPrefix": "",
        },
    })
}

/// Writes the document of a tunnel: host and port stand in it, only the port of one's own machine is left open.
fn port(entry: &Entry, destination: &Destination) -> Value {
    let usual = entry.parameters.get(LOCAL_PORT).and_then(Parameter::default_text);
    json!({
        "schemaVersion": "1.0",
        "description": description(entry),
        "sessionType": "Port",
        "parameters": {
            "localPortNumber": {
                "type": "String",
                "allowedPattern": ANY_PORT,
                "default": usual.unwrap_or_else(|| "0".to_owned()),
            },
        },
        "properties": {
            "host": destination.host,
            "localPortNumber": "{{ localPortNumber }}",
            "portNumber": destination.port.to_string(),
            "type": "LocalPortForwarding",
        },
    })
}

/// Puts the key of a region into a document that takes one.
fn with_key(mut content: Value, key: Option<&str>) -> Value {
    if let (Some(key), Some(place)) = (key, content.pointer_mut("/inputs/kmsKeyId")) {
        *place = Value::from(key);
    }
    content
}

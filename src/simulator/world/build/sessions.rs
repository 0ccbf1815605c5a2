//! Nodes, documents, keys and databases of an account.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Builder, pairs};
use crate::simulator::clock::{DAY, HOUR, MINUTE, Millis};
use crate::simulator::random::Dice;
use crate::simulator::scenario::{
    AccountFile, ClusterFile, DatabaseFile, DocumentFile, DocumentType, ExecLogging, NodeFile, Span,
};
use crate::simulator::world::Region;
use crate::simulator::world::document::Document;
use crate::simulator::world::session::{Database, ExecConfiguration, Key, Node};

/// The id of the key behind an alias.
fn key_id(seed: u64, account: &str, region: &str, alias: &str) -> String {
    Dice::new(seed, &["key", account, region, alias]).uuid()
}

/// The ARN of the key behind an alias.
pub fn key_arn(seed: u64, account: &str, region: &str, alias: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:key/{}", key_id(seed, account, region, alias))
}

/// Writes the Session document that a scenario describes.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html>
fn content(one: &DocumentFile, key: Option<&str>) -> Json {
    let minutes = |span: Option<Span>| span.map(|span| span.millis().div_euclid(MINUTE).max(1).to_string());
    let members = [
        ("maxSessionDuration", minutes(one.limit)),
        ("idleSessionTimeout", minutes(one.idle)),
        ("kmsKeyId", key.map(str::to_owned)),
    ];
    let mut inputs: serde_json::Map<String, Json> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let mut content = json!({ "schemaVersion": "1.0", "description": one.name });
    let runs = |command: &Option<String>| json!({ "linux": { "commands": command, "runAsElevated": false } });
    let (kind, more) = match one.kind {
        DocumentType::Shell => {
            if let Some(command) = &one.command {
                inputs.insert("shellProfile".to_owned(), json!({ "linux": command }));
            }
            ("Standard_Stream", None)
        }
        DocumentType::Interactive => ("InteractiveCommands", Some(runs(&one.command))),
        DocumentType::Command => ("NonInteractiveCommands", Some(runs(&one.command))),
        DocumentType::Port => {
            content["parameters"] =
                json!({ "localPortNumber": { "type": "String", "default": "0", "allowedPattern": "[0-9]{1,5}" } });
            let mut properties = json!({
                "type": "LocalPortForwarding",
                "portNumber": one.port.unwrap_or(0).to_string(),
                "localPortNumber": "{{ localPortNumber }}",
            });
            if let Some(host) = &one.host {
                properties["host"] = host.clone().into();
            }
            ("Port", Some(properties))
        }
    };
    content["sessionType"] = kind.into();
    if let Some(properties) = more {
        content["properties"] = properties;
    }
    if !inputs.is_empty() {
        content["inputs"] = inputs.into();
    }
    content
}

impl ExecConfiguration {
    /// Reads what a cluster says of ECS Exec, if anything.
    pub fn of(cluster: &ClusterFile, key: Option<String>) -> Option<Self> {
        let logging = match cluster.exec_logging {
            None if key.is_none() => return None,
            None | Some(ExecLogging::Default) => "DEFAULT",
            Some(ExecLogging::None) => "NONE",
            Some(ExecLogging::Override) => "OVERRIDE",
        };
        Some(Self { logging, log_group: cluster.exec_log_group.clone(), key })
    }
}

impl Builder<'_> {
    /// Adds what the account has for sessions in a region.
    pub fn sessions(&self, account: &AccountFile, home: &str, region: &mut Region) {
        let name = region.name.clone();
        let here = |wanted: &Option<String>| wanted.as_deref().unwrap_or(home) == name;
        for one in account.key.iter().map(toml::Spanned::get_ref).filter(|one| here(&one.region)) {
            let id = key_id(self.file.seed, &region.account, &name, &one.alias);
            let arn = key_arn(self.file.seed, &region.account, &name, &one.alias);
            region.keys.push(Key { id, arn, alias: Some(one.alias.clone()) });
        }
        for one in account.node.iter().map(toml::Spanned::get_ref).filter(|one| here(&one.region)) {
            region.nodes.push(self.node(region, one));
        }
        for one in account.document.iter().map(toml::Spanned::get_ref).filter(|one| here(&one.region)) {
            let document = self.document(region, one);
            region.documents.put(document);
        }
        for one in account.database.iter().map(toml::Spanned::get_ref).filter(|one| here(&one.region)) {
            region.databases.push(self.database(region, one));
        }
        region.nodes.sort_by(|one, other| one.id.cmp(&other.id));
        region.databases.sort_by(|one, other| one.id.cmp(&other.id));
    }

    fn node(&self, region: &Region, one: &NodeFile) -> Node {
        let mut dice = Dice::new(self.file.seed, &["node", &region.account, &region.name, &one.id]);
        Node {
            id: one.id.clone(),
            name: one.name.clone(),
            agent: one.agent.clone(),
            platform: one.platform.clone(),
            platform_version: one.platform_version.clone(),
            address: format!("10.0.{}.{}", dice.between(10, 60), dice.between(4, 250)),
            offline_since: one.offline.map(|before| self.start.saturating_sub(before.millis())),
            registered: self.before(&mut dice),
            tags: pairs(&one.tags),
        }
    }

    /// Some time in the months before the story.
    fn before(&self, dice: &mut Dice) -> Millis {
        self.start - dice.between(20, 400) * DAY - dice.between(0, 23) * HOUR
    }

    fn document(&self, region: &Region, one: &DocumentFile) -> Document {
        let key = one.key.as_deref().map(|alias| key_arn(self.file.seed, &region.account, &region.name, alias));
        let mut dice = Dice::new(self.file.seed, &["document", &region.account, &region.name, &one.name]);
        let content = content(one, key.as_deref()).to_string();
        let document = Document::new(&one.name, "Session", &region.account, content, self.before(&mut dice));
        let limit = one.limit.and_then(|span| u64::try_from(span.millis()).ok()).map(Duration::from_millis);
        Document { limit: limit.filter(|limit| *limit < Duration::from_mins(1)), ..document }
    }

    fn database(&self, region: &Region, one: &DatabaseFile) -> Database {
        let mut dice = Dice::new(self.file.seed, &["database", &region.account, &region.name, &one.id]);
        let endpoint = |kind: &str| format!("{}.{kind}-{}.{}.rds.amazonaws.com", one.id, one.domain, region.name);
        let members = 1..=one.readers.saturating_add(1).min(16);
        Database {
            id: one.id.clone(),
            arn: format!("arn:aws:rds:{}:{}:cluster:{}", region.name, region.account, one.id),
            resource_id: format!("cluster-{}", dice.letters(26)),
            engine: one.engine.clone(),
            engine_version: one.engine_version.clone(),
            status: one.status.clone(),
            port: one.port,
            endpoint: endpoint("cluster"),
            reader_endpoint: endpoint("cluster-ro"),
            first: one.database.clone(),
            members: members.map(|n| format!("{}-{n}", one.id)).collect(),
            iam: one.iam,
            created: self.before(&mut dice),
            tags: pairs(&one.tags),
        }
    }
}

//! What a scenario says about sessions: nodes, documents, keys, databases, and where connections go.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Span;

/// A managed node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    /// `i-…` or `mi-…`.
    pub id: String,
    /// The name that the machine gives itself.
    pub name: Option<String>,
    pub region: Option<String>,
    /// The agent's version.
    #[serde(default = "agent")]
    pub agent: String,
    /// The system's name and version.
    #[serde(default = "platform")]
    pub platform: String,
    #[serde(default = "platform_version")]
    pub platform_version: String,
    /// How long before the story its agent was last heard; it is there where this is not said.
    pub offline: Option<Span>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What a Session document runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentType {
    /// A shell.
    Shell,
    /// A port, on the target or behind it.
    Port,
    /// A command in a terminal.
    Interactive,
    /// A command without one.
    Command,
}

/// A Session document of the account's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentFile {
    pub name: String,
    pub region: Option<String>,
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Where a port leads to, seen from the target; the target itself where this is not said.
    pub host: Option<String>,
    pub port: Option<u16>,
    /// What a command or a shell runs.
    pub command: Option<String>,
    /// How long a session may last.
    pub limit: Option<Span>,
    /// How long nothing may happen in it.
    pub idle: Option<Span>,
    /// The alias of the key that it is encrypted with.
    pub key: Option<String>,
}

/// A KMS key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// `alias/…`.
    pub alias: String,
    pub region: Option<String>,
}

/// Where connections to an address go, seen from nodes and containers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestinationFile {
    pub host: String,
    pub port: u16,
    /// A loopback address, or one of `postgresql`, `echo` and `refuse`.
    pub to: String,
}

/// An Aurora cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseFile {
    /// The cluster's identifier.
    pub id: String,
    pub region: Option<String>,
    #[serde(default = "engine")]
    pub engine: String,
    #[serde(default = "engine_version")]
    pub engine_version: String,
    #[serde(default = "database_port")]
    pub port: u16,
    /// The name of the first database in it.
    pub database: Option<String>,
    /// How many readers stand beside the writer.
    #[serde(default = "one")]
    pub readers: u32,
    /// Whether identities of IAM may log in.
    #[serde(default)]
    pub iam: bool,
    /// What ECS calls it and RDS `Status`.
    #[serde(default = "available")]
    pub status: String,
    /// The letters of the account in its endpoints.
    #[serde(default = "domain")]
    pub domain: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// How a cluster logs ECS Exec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecLogging {
    /// Not at all.
    None,
    /// As the task's own log is configured.
    Default,
    /// To a log group of its own.
    Override,
}

/// How the agent of ECS Exec stands in a service's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecAgent {
    /// It runs soon after the task does.
    #[default]
    Running,
    /// It never gets ready.
    Pending,
    /// It has stopped.
    Stopped,
    /// There is none.
    Absent,
}

fn agent() -> String {
    "3.3.3598.0".to_owned()
}
fn platform() -> String {
    "Amazon Linux".to_owned()
}
fn platform_version() -> String {
    "2023".to_owned()
}
fn engine() -> String {
    "aurora-postgresql".to_owned()
}
fn engine_version() -> String {
    "16.6".to_owned()
}
const fn database_port() -> u16 {
    5_432
}
const fn one() -> u32 {
    1
}
fn available() -> String {
    "available".to_owned()
}
fn domain() -> String {
    "abcdefghijkl".to_owned()
}

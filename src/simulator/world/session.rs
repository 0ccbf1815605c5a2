//! What sessions need of an account: nodes, keys and databases.

use crate::simulator::clock::Millis;

/// A managed node.
#[derive(Debug)]
pub struct Node {
    pub id: String,
    pub name: Option<String>,
    /// The agent's version.
    pub agent: String,
    pub platform: String,
    pub platform_version: String,
    pub address: String,
    /// When its agent was last heard, where it is gone.
    pub offline_since: Option<Millis>,
    pub registered: Millis,
    pub tags: Vec<(String, String)>,
}

/// A KMS key.
#[derive(Debug)]
pub struct Key {
    pub id: String,
    pub arn: String,
    pub alias: Option<String>,
}

/// How a cluster has configured ECS Exec.
#[derive(Debug)]
pub struct ExecConfiguration {
    /// `NONE`, `DEFAULT` or `OVERRIDE`.
    pub logging: &'static str,
    pub log_group: Option<String>,
    /// The ARN of the key that sessions are encrypted with.
    pub key: Option<String>,
}

/// An Aurora cluster.
#[derive(Debug)]
pub struct Database {
    pub id: String,
    pub arn: String,
    pub resource_id: String,
    pub engine: String,
    pub engine_version: String,
    pub status: String,
    pub port: u16,
    pub endpoint: String,
    pub reader_endpoint: String,
    /// The name of the first database in it.
    pub first: Option<String>,
    pub members: Vec<String>,
    pub iam: bool,
    pub created: Millis,
    pub tags: Vec<(String, String)>,
}

//! The words for what happens in the story.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::finding::FindingStepFile;
use super::waf::{AttackFile, DeleteFile};
use crate::simulator::scenario::span::Span;

/// Something that happens `at` a time of the story (negative: before it), in exactly one way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFile {
    pub at: Span,
    pub deploy: Option<DeployFile>,
    pub scale: Option<ScaleFile>,
    pub stop: Option<StopFile>,
    pub event: Option<EventFile>,
    pub metric: Option<ShiftFile>,
    pub alarm: Option<ToggleFile>,
    pub attack: Option<AttackFile>,
    pub delete: Option<DeleteFile>,
    pub finding: Option<FindingStepFile>,
    pub log: Option<LogFile>,
}

/// How a deployment's tasks fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fails {
    /// They run, but no health check passes.
    HealthCheck,
    /// Their image cannot be pulled.
    Image,
    /// They exit soon after they started.
    Crash,
}

/// A new image goes out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployFile {
    pub account: Option<String>,
    pub cluster: Option<String>,
    pub service: String,
    pub image: String,
    pub fails: Option<Fails>,
    /// Instead of AWS's own wording in the failed tasks' stopped reason.
    pub reason: Option<String>,
}

/// Another number of tasks is wanted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleFile {
    pub account: Option<String>,
    pub cluster: Option<String>,
    pub service: String,
    pub desired: u32,
}

/// Running tasks are stopped; the service replaces them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopFile {
    pub account: Option<String>,
    pub cluster: Option<String>,
    pub service: String,
    #[serde(default = "one")]
    pub tasks: u32,
    /// Taken back by Fargate Spot; otherwise stopped by someone.
    #[serde(default)]
    pub spot: bool,
    pub reason: Option<String>,
}

/// The service says something in its events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFile {
    pub account: Option<String>,
    pub cluster: Option<String>,
    pub service: String,
    pub text: String,
}

/// The service's tasks write a line to their logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogFile {
    pub account: Option<String>,
    pub cluster: Option<String>,
    pub service: String,
    pub text: String,
    /// How often the text is repeated within the line.
    #[serde(default = "one")]
    pub times: u32,
}

/// A metric goes to another level. Without a target it moves every metric of that name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftFile {
    pub account: Option<String>,
    pub cluster: Option<String>,
    pub service: Option<String>,
    pub namespace: Option<String>,
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    pub name: String,
    pub to: f64,
    /// How long it takes to get there, and later to come back.
    #[serde(default)]
    pub over: Span,
    /// How long it stays; for ever if not said.
    #[serde(rename = "for")]
    pub lasts: Option<Span>,
}

/// An alarm's actions are switched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToggleFile {
    pub account: Option<String>,
    pub name: String,
    pub enabled: bool,
}

const fn one() -> u32 {
    1
}

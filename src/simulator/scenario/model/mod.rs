//! What a scenario file may say, word for word; unknown words are errors.

mod finding;
mod session;
mod step;
mod waf;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

pub use finding::{FindingFile, HubFile, Product};
pub use session::{
    DatabaseFile, DestinationFile, DocumentFile, DocumentType, ExecAgent, ExecLogging, KeyFile, NodeFile,
};
pub use step::{Fails, ShiftFile, StepFile};
pub use waf::{AttackFile, DefaultAction, RuleAction, WafRuleFile, WafScope, WebAclFile};

use super::span::Span;
use crate::simulator::faults::Fault;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    pub name: String,
    pub seed: u64,
    /// How long before the story metrics and alarm history reach back.
    #[serde(default = "one_day")]
    pub backfill: Span,
    /// How the console that watches the story divides it; the accounts themselves know no environments.
    #[serde(default)]
    pub environment: Vec<EnvironmentFile>,
    #[serde(default)]
    pub account: Vec<Spanned<AccountFile>>,
    #[serde(default)]
    pub step: Vec<Spanned<StepFile>>,
    #[serde(default)]
    pub fault: Vec<Fault>,
}

/// An environment as the console's own configuration has it, for whoever watches the story.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentFile {
    /// So many of them, numbered where a text holds `{n}`; none is left once the scenario is read.
    pub count: Option<u32>,
    /// Its name.
    pub name: String,
    /// Its kind: `prd`, `stg` or `dev`.
    pub kind: String,
    /// The account that it is in.
    pub account: String,
    /// The patterns of its clusters; none means all.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// The patterns of its alarms; none means all.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// The patterns of its web ACLs; none means all.
    #[serde(default)]
    pub web_acls: Vec<String>,
}

/// An AWS account, or `count` of them whose texts may hold `{a}` (`{aa}` pads with zeros).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountFile {
    pub id: String,
    pub count: Option<u32>,
    #[serde(default)]
    pub name: String,
    /// The first one is where services and alarms live that name none.
    #[serde(default = "tokyo")]
    pub regions: Vec<String>,
    #[serde(default)]
    pub cluster: Vec<Spanned<ClusterFile>>,
    #[serde(default)]
    pub service: Vec<Spanned<ServiceFile>>,
    #[serde(default)]
    pub metric: Vec<Spanned<MetricFile>>,
    #[serde(default)]
    pub alarm: Vec<Spanned<AlarmFile>>,
    #[serde(default)]
    pub web_acl: Vec<Spanned<WebAclFile>>,
    #[serde(default)]
    pub hub: HubFile,
    #[serde(default)]
    pub finding: Vec<Spanned<FindingFile>>,
    #[serde(default)]
    pub node: Vec<Spanned<NodeFile>>,
    #[serde(default)]
    pub document: Vec<Spanned<DocumentFile>>,
    #[serde(default)]
    pub key: Vec<Spanned<KeyFile>>,
    #[serde(default)]
    pub database: Vec<Spanned<DatabaseFile>>,
    #[serde(default)]
    pub destination: Vec<Spanned<DestinationFile>>,
}

/// A cluster that has tags, or no service yet; other clusters follow from their services.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFile {
    pub name: String,
    pub region: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// How it logs ECS Exec; nothing was configured where this is not said.
    pub exec_logging: Option<ExecLogging>,
    /// Where to, where it has a log group of its own.
    pub exec_log_group: Option<String>,
    /// The alias of the key that its ECS Exec sessions are encrypted with.
    pub exec_key: Option<String>,
}

/// A service, or `count` of them whose texts may hold `{n}` (`{nnn}` pads with zeros).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that the file may say")]
pub struct ServiceFile {
    pub cluster: String,
    pub name: String,
    pub region: Option<String>,
    pub count: Option<u32>,
    pub desired: u32,
    /// `web:v1.4.2` is taken from the account's own registry; a name with a slash is taken as it is.
    pub image: String,
    /// A second container beside the first.
    pub sidecar: Option<String>,
    /// CPU units of the task: 256 to 16384.
    #[serde(default = "quarter_cpu")]
    pub cpu_units: u32,
    /// Memory of the task in MiB.
    #[serde(default = "half_gibibyte")]
    pub memory_mib: u32,
    /// Usual CPU utilisation, percent.
    #[serde(default = "usual_cpu")]
    pub cpu: f64,
    /// Usual memory utilisation, percent.
    #[serde(default = "usual_memory")]
    pub memory: f64,
    #[serde(default)]
    pub spot: bool,
    #[serde(default)]
    pub exec: bool,
    /// How the agent of ECS Exec stands, where it is enabled.
    #[serde(default)]
    pub exec_agent: ExecAgent,
    /// The version of Fargate's platform.
    #[serde(default = "platform")]
    pub platform: String,
    /// Whether containers cannot write to their own file system; by default where ECS Exec is not enabled.
    pub readonly_root: Option<bool>,
    /// Who deploys it.
    #[serde(default)]
    pub controller: Controller,
    #[serde(default)]
    pub circuit_breaker: bool,
    #[serde(default = "yes")]
    pub rollback: bool,
    /// Whole minutes.
    #[serde(default)]
    pub bake: Span,
    #[serde(default = "hundred")]
    pub min_healthy: u32,
    #[serde(default = "two_hundred")]
    pub max_percent: u32,
    /// How long a task takes to pull its images.
    pub pull: Option<Span>,
    /// How long a task runs before its health check passes or fails.
    pub health: Option<Span>,
    /// The Application Load Balancer in front of it.
    pub balancer: Option<String>,
    #[serde(default = "port")]
    pub port: u16,
    /// Usual requests a minute.
    #[serde(default)]
    pub requests: f64,
    /// Usual 5xx answers a minute.
    #[serde(default)]
    pub errors: f64,
    /// Usual response time.
    pub latency: Option<Span>,
    /// How long before the story it was last deployed.
    pub deployed: Option<Span>,
    pub revision: Option<u32>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Who deploys a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Controller {
    /// ECS itself, by a rolling update.
    #[default]
    Ecs,
    /// AWS `CodeDeploy`, from one task set to another.
    CodeDeploy,
}

/// A metric that an application publishes itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricFile {
    pub namespace: String,
    pub name: String,
    pub region: Option<String>,
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    pub unit: Option<String>,
    /// The usual value: a minute's sum for a count, the level for a gauge.
    pub base: f64,
    /// The daily curve's height as a part of the base, 0 to 1.
    #[serde(default)]
    pub daily: f64,
    /// The noise's height as a part of the base.
    #[serde(default = "usual_noise")]
    pub noise: f64,
    /// A count is whole; otherwise it is a gauge.
    #[serde(default)]
    pub count: bool,
    /// Zero is not published, as load balancers do with their errors.
    #[serde(default)]
    pub sparse: bool,
    /// Published once in so long, by default each minute.
    pub every: Option<Span>,
    /// From when on nothing is published any more.
    pub until: Option<Span>,
}

/// A metric alarm, or a composite one where it has a `rule`; or `count` of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmFile {
    pub name: String,
    pub region: Option<String>,
    pub count: Option<u32>,
    #[serde(default)]
    pub description: String,
    pub rule: Option<String>,
    pub suppressor: Option<String>,
    pub suppressor_wait: Option<Span>,
    pub suppressor_extension: Option<Span>,
    pub metric: Option<String>,
    /// Not needed where `service` names one.
    pub namespace: Option<String>,
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    pub cluster: Option<String>,
    pub service: Option<String>,
    /// `Average`, `Sum`, … or `p95`.
    pub statistic: Option<String>,
    pub period: Option<Span>,
    /// One of `>`, `>=`, `<`, `<=`.
    pub compare: Option<String>,
    pub threshold: Option<f64>,
    /// N of M of N.
    pub evaluate: Option<u32>,
    /// M of M of N.
    pub datapoints: Option<u32>,
    /// `missing`, `ignore`, `breaching` or `notBreaching`.
    pub missing: Option<String>,
    #[serde(default = "yes")]
    pub actions_enabled: bool,
    #[serde(default)]
    pub actions: Vec<String>,
    #[serde(default)]
    pub ok_actions: Vec<String>,
    /// How long before the story it was configured.
    pub configured: Option<Span>,
}

fn one_day() -> Span {
    Span::from_millis(crate::simulator::clock::DAY)
}
fn tokyo() -> Vec<String> {
    vec!["ap-northeast-1".to_owned()]
}
const fn yes() -> bool {
    true
}
const fn hundred() -> u32 {
    100
}
const fn two_hundred() -> u32 {
    200
}
const fn quarter_cpu() -> u32 {
    256
}
const fn half_gibibyte() -> u32 {
    512
}
const fn usual_cpu() -> f64 {
    18.0
}
const fn usual_memory() -> f64 {
    42.0
}
const fn usual_noise() -> f64 {
    0.1
}
fn platform() -> String {
    "1.4.0".to_owned()
}
const fn port() -> u16 {
    8080
}

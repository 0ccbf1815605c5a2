//! The words for web ACLs and for attacks on what they protect.

use serde::Deserialize;
use toml::Spanned;

use crate::simulator::scenario::span::Span;

/// A web ACL, or `count` of them whose texts may hold `{n}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebAclFile {
    pub name: String,
    pub count: Option<u32>,
    /// The name in its metrics, where that is not its own.
    pub metric: Option<String>,
    #[serde(default)]
    pub scope: WafScope,
    /// Of a regional one.
    pub region: Option<String>,
    #[serde(default)]
    pub description: String,
    /// Usual requests a minute.
    #[serde(default)]
    pub requests: f64,
    /// What becomes of a request that no rule ends: `allow` or `block`.
    #[serde(default)]
    pub default: DefaultAction,
    /// Where its log goes, by name or ARN; nowhere if not said.
    pub logging: Option<String>,
    /// What it protects: load balancers of the account by their names, or ARNs.
    #[serde(default)]
    pub resources: Vec<String>,
    #[serde(default)]
    pub rule: Vec<Spanned<WafRuleFile>>,
}

/// Where a web ACL stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WafScope {
    /// Before load balancers and the like of a region.
    #[default]
    Regional,
    /// Before CloudFront; it lives in us-east-1.
    Cloudfront,
}

/// What becomes of a request that no rule ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultAction {
    /// It goes through.
    #[default]
    Allow,
    /// It does not.
    Block,
}

/// What a rule does with the requests that it matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleAction {
    /// Ends them with 403.
    #[default]
    Block,
    /// Lets them through, and no later rule looks at them.
    Allow,
    /// Only counts them.
    Count,
    /// Asks for a puzzle to be solved.
    Captcha,
    /// Asks the browser to prove that it is one.
    Challenge,
}

/// A rule of a web ACL: exactly one of `managed`, `rate`, `geo`, `outside`, `ip_set` and `uri`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WafRuleFile {
    pub name: String,
    /// The name in its metrics, where that is not its own.
    pub metric: Option<String>,
    /// Its place in the file if not said.
    pub priority: Option<u32>,
    #[serde(default)]
    pub action: RuleAction,
    /// A group of AWS's managed rules, `AWSManagedRulesCommonRuleSet`.
    pub managed: Option<String>,
    /// The group's version, where it is held at one.
    pub version: Option<String>,
    /// How many requests of one address within `window`.
    pub rate: Option<u32>,
    /// One, two, five (if not said) or ten minutes.
    pub window: Option<Span>,
    /// Limits a rate to requests below a path.
    pub path: Option<String>,
    /// Requests from these countries.
    #[serde(default)]
    pub geo: Vec<String>,
    /// Requests from all countries but these.
    #[serde(default)]
    pub outside: Vec<String>,
    /// Requests from the addresses of a set.
    pub ip_set: Option<String>,
    /// Requests whose path begins so.
    pub uri: Option<String>,
    /// How many requests it usually matches in a minute.
    #[serde(default)]
    pub usual: f64,
    /// Its metrics and samples are switched off.
    #[serde(default)]
    pub silent: bool,
}

/// An attack on what a web ACL protects.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackFile {
    pub account: Option<String>,
    pub web_acl: String,
    /// The rules that match it, the one that matches most first.
    pub rules: Vec<String>,
    /// Requests a minute at its height.
    pub requests: f64,
    /// Where it comes from, the most first.
    #[serde(default)]
    pub countries: Vec<String>,
    /// The addresses that it comes from; drawn if not said.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What it asks for; as its rules would expect if not said.
    #[serde(default)]
    pub uris: Vec<String>,
    /// What it says that it is.
    pub agent: Option<String>,
    /// How long it takes to reach its height, and later to die away.
    #[serde(default)]
    pub over: Span,
    /// How long it stays; for ever if not said.
    #[serde(rename = "for")]
    pub lasts: Option<Span>,
}

/// Something is deleted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteFile {
    pub account: Option<String>,
    pub web_acl: String,
}

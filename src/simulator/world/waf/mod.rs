//! Web ACLs: their rules, what passes them, and what they stop.

mod groups;
mod request;
mod sample;
mod traffic;

pub use groups::{ManagedGroup, managed_group};
pub use request::{Origins, WebRequest};
pub use sample::Sampled;
pub use traffic::{Counted, Metered, Verdict};

use crate::simulator::clock::{MINUTE, Millis, SECOND};
use crate::simulator::random::{Dice, stable_hash};
use crate::simulator::scenario::{DefaultAction, RuleAction, WafScope};

/// A web ACL.
#[derive(Debug)]
pub struct WebAcl {
    pub name: String,
    /// The name in its metrics.
    pub metric: String,
    pub scope: WafScope,
    pub id: String,
    pub arn: String,
    pub description: String,
    pub lock_token: String,
    /// What stands before its own labels.
    pub label: String,
    pub default: DefaultAction,
    /// In the order in which they are asked.
    pub rules: Vec<WafRule>,
    /// Usual requests a minute that nothing ends.
    pub requests: f64,
    /// The ARN of where its log goes.
    pub logging: Option<String>,
    /// The ARNs of what it protects.
    pub resources: Vec<String>,
    /// From when on it is not there any more.
    pub deleted: Millis,
    hash: u64,
    /// What ordinary requests look like.
    origins: Origins,
}

/// A rule of a web ACL.
#[derive(Debug)]
pub struct WafRule {
    pub name: String,
    /// The name in its metrics.
    pub metric: String,
    pub priority: u32,
    pub action: RuleAction,
    pub kind: RuleKind,
    /// Usual requests a minute that it matches.
    pub usual: f64,
    /// Its metrics and samples are switched off.
    pub silent: bool,
    pub attacks: Vec<Attack>,
    hash: u64,
    /// What the requests that it usually matches look like.
    origins: Origins,
}

/// What a rule looks for.
#[derive(Debug)]
pub enum RuleKind {
    /// Whatever AWS's group looks for.
    Managed { group: &'static ManagedGroup, version: Option<String> },
    /// Too many requests of one address within so many seconds, below a path if there is one.
    Rate { limit: u32, window: i64, path: Option<String> },
    /// Requests from these countries.
    Geo(Vec<String>),
    /// Requests from all countries but these.
    Outside(Vec<String>),
    /// Addresses of a set, by its ARN.
    IpSet(String),
    /// Paths that begin so.
    Uri(String),
}

/// A rule's part of an attack.
#[derive(Debug)]
pub struct Attack {
    pub at: Millis,
    /// How long it takes to reach its height, and later to die away.
    pub over: Millis,
    /// When it begins to die away.
    pub until: Millis,
    /// Requests a minute at its height.
    pub requests: f64,
    pub origins: Origins,
    hash: u64,
}

/// How long a rate is watched before the first address is stopped.
///
/// <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-request-limiting.html>
const NOTICE: Millis = 30 * SECOND;

/// The facts of a web ACL that need no reckoning.
#[derive(Debug)]
pub struct AclFacts {
    pub seed: u64,
    pub account: String,
    pub region: String,
    pub name: String,
    pub metric: String,
    pub scope: WafScope,
    pub description: String,
    pub default: DefaultAction,
    pub requests: f64,
    pub logging: Option<String>,
    pub resources: Vec<String>,
    pub deleted: Millis,
}

impl WebAcl {
    /// Makes a web ACL of its facts and its rules.
    pub fn new(facts: AclFacts, mut rules: Vec<WafRule>) -> Self {
        let AclFacts { seed, account, region, name, .. } = &facts;
        let scope = match facts.scope {
            WafScope::Regional => "regional",
            WafScope::Cloudfront => "global",
        };
        let mut dice = Dice::new(*seed, &["web-acl", account, region, name]);
        let id = dice.uuid();
        rules.sort_by_key(|rule| rule.priority);
        let hash = stable_hash(*seed, &["web-acl", account, region, name, "traffic"]);
        Self {
            arn: format!("arn:aws:wafv2:{region}:{account}:{scope}/webacl/{name}/{id}"),
            label: format!("awswaf:{account}:webacl:{name}:"),
            lock_token: dice.uuid(),
            id,
            rules,
            hash,
            origins: Origins::ordinary(name, hash),
            name: facts.name,
            metric: facts.metric,
            scope: facts.scope,
            description: facts.description,
            default: facts.default,
            requests: facts.requests,
            logging: facts.logging,
            resources: facts.resources,
            deleted: facts.deleted,
        }
    }

    /// Whether it is there at a time.
    pub fn exists(&self, at: Millis) -> bool {
        at < self.deleted
    }

    /// Finds a rule by its name.
    pub fn rule(&self, name: &str) -> Option<&WafRule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// What its rules cost in web ACL capacity units.
    pub fn capacity(&self) -> u32 {
        self.rules.iter().map(|rule| rule.kind.capacity()).sum()
    }
}

impl RuleKind {
    fn capacity(&self) -> u32 {
        match self {
            Self::Managed { group, .. } => group.capacity,
            Self::Rate { path: Some(_), .. } => 12,
            Self::Rate { .. } | Self::Uri(_) => 2,
            Self::Geo(_) | Self::Outside(_) | Self::IpSet(_) => 1,
        }
    }
}

impl WafRule {
    /// Makes a rule that nobody attacks.
    pub fn new(hash: u64, name: String, kind: RuleKind, action: RuleAction) -> Self {
        Self {
            metric: name.clone(),
            name,
            priority: 0,
            action,
            origins: Origins::usual(&kind, hash),
            kind,
            usual: 0.0,
            silent: false,
            attacks: Vec::new(),
            hash,
        }
    }

    /// What the requests that it usually matches look like.
    pub const fn usual_origins(&self) -> &Origins {
        &self.origins
    }

    /// Adds a part of an attack; a rate is only noticed after a while.
    pub fn attacked(&mut self, at: Millis, over: Millis, until: Millis, requests: f64, origins: Origins, hash: u64) {
        let notice = if matches!(self.kind, RuleKind::Rate { .. }) { NOTICE } else { 0 };
        self.attacks.push(Attack { at: at.saturating_add(notice), over, until, requests, origins, hash });
    }

    /// The addresses that a rate-based rule stops at a time.
    pub fn stopped_addresses(&self, now: Millis) -> Vec<String> {
        let RuleKind::Rate { window, .. } = &self.kind else { return Vec::new() };
        let mut stopped: Vec<String> = Vec::new();
        let usual = self.usual.min(5.0);
        // An address stays stopped as long as the window that it overran is looked back on.
        if usual > 0.0 && traffic::matched_usually(self, now.div_euclid(MINUTE) - 1) > 0.0 {
            stopped.extend(self.origins.addresses.first().cloned());
        }
        for attack in &self.attacks {
            if (attack.at..attack.over_at().saturating_add(window * SECOND)).contains(&now) {
                stopped.extend(attack.origins.addresses.iter().cloned());
            }
        }
        stopped.sort_unstable();
        stopped.dedup();
        stopped
    }
}

//! AWS WAF: web ACLs, their rules, what they let through and what they stopped.
//!
//! CloudWatch counts by the *metric name* that a rule's visibility configuration gives it, which need not be the rule's
//! name, and publishes a minute's count only where it is not zero. Silence so has several meanings: [`lines()`] tells
//! them apart.

mod lines;
mod sample;
mod spike;

use std::sync::Arc;

use jiff::Timestamp;

use super::metric::{Metric, Query, Range};

pub use lines::{RuleLine, Silence, lines, strangers};
pub use sample::{SampledRequest, Samples, Tally, tally};
pub use spike::{BASELINE_DAYS, BASELINE_PERIOD, Spike, spike};

/// The value of the dimension `Rule` under which CloudWatch counts a whole web ACL.
pub const ALL_RULES: &str = "ALL";

/// The value of the dimension `Rule` for requests that no rule ended and the web ACL's default action decided.
pub const DEFAULT_ACTION: &str = "Default_Action";

/// The region in which everything of the scope `CLOUDFRONT` is (source: "`ListWebACLs`", `Scope`).
pub const CLOUDFRONT_REGION: &str = "us-east-1";

/// Tells what a web ACL protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Something in a region: load balancers, API Gateway and the like.
    Regional,
    /// CloudFront distributions, from us-east-1.
    CloudFront,
}

impl Scope {
    /// Lists both scopes.
    pub const ALL: [Self; 2] = [Self::Regional, Self::CloudFront];

    /// Returns AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regional => "REGIONAL",
            Self::CloudFront => "CLOUDFRONT",
        }
    }
}

/// Names a web ACL: names are unique in an account, region and scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebAclKey {
    /// What it protects.
    pub scope: Scope,
    /// Its name.
    pub name: String,
}

/// Describes a web ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAcl {
    /// Which one it is.
    pub key: WebAclKey,
    /// Its id, which calls about it need beside its name.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The region that it is in; us-east-1 for CloudFront's.
    pub region: String,
    /// What its author wrote about it.
    pub description: String,
    /// Its rules and settings; `None` where they could not be read, or it was deleted between two calls.
    pub detail: Option<WebAclDetail>,
    /// Whether its requests are logged, and where.
    pub logging: Logging,
    /// When this was read.
    pub as_of: Timestamp,
}

/// Describes what `GetWebACL` tells beyond the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAclDetail {
    /// The name under which CloudWatch counts it (`VisibilityConfig.MetricName`).
    pub metric: String,
    /// Whether CloudWatch counts it at all.
    pub metrics_enabled: bool,
    /// AWS's word for what happens to a request that no rule ends: `Allow` or `Block`.
    pub default_action: String,
    /// Its rules, in the order in which they are tried.
    pub rules: Vec<Rule>,
    /// The capacity units that its rules use.
    pub capacity: i64,
}

/// Describes a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its place in the order: the lowest number is tried first.
    pub priority: i32,
    /// The name under which CloudWatch counts it, which need not be its own.
    pub metric: String,
    /// Whether CloudWatch counts it at all.
    pub metrics_enabled: bool,
    /// Whether requests that it matched can be sampled.
    pub sampled: bool,
    /// What it looks at.
    pub kind: RuleKind,
    /// AWS's word for what it does: `Block`, `Count`, `Allow`, `Captcha`, `Challenge`; for a group `Group` (its rules
    /// act as they say) or `Count` (the group only counts).
    pub action: String,
}

/// Tells what a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// A managed rule group.
    Managed {
        /// Who maintains it, such as `AWS`.
        vendor: String,
        /// The group's name, such as `AWSManagedRulesCommonRuleSet`.
        name: String,
    },
    /// A rule group of the account's own; holds its name.
    Group(String),
    /// A rate limit.
    RateLimit {
        /// Requests that are let through in a window.
        limit: u64,
        /// The window in seconds.
        window: u32,
        /// AWS's word for what is counted together: `IP`, `FORWARDED_IP`, `CUSTOM_KEYS`, `CONSTANT`.
        by: String,
    },
    /// Countries of origin, as ISO 3166 two-letter codes.
    Geo {
        /// The countries.
        countries: Vec<String>,
        /// Whether it matches everything but them.
        except: bool,
    },
    /// A set of addresses; holds its name.
    IpSet(String),
    /// Any other statement; holds AWS's name of it, such as `SqliMatchStatement`.
    Other(String),
}

/// Tells whether the requests of a web ACL are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logging {
    /// They are; holds the ARNs of where they go.
    On(Vec<String>),
    /// They are not.
    Off,
    /// The list of logging configurations could not be read.
    Unknown,
}

/// Names what became of a request, in the order of the charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It was let through.
    Allowed,
    /// It was stopped.
    Blocked,
    /// A rule matched it and only counted.
    Counted,
    /// It was answered with a puzzle.
    Captcha,
    /// It was answered with a silent challenge.
    Challenge,
    /// A rule group had nothing against it.
    Passed,
}

impl Outcome {
    /// Lists the outcomes in the order of the charts.
    pub const ALL: [Self; 6] =
        [Self::Allowed, Self::Blocked, Self::Counted, Self::Captcha, Self::Challenge, Self::Passed];

    /// Returns the name of its CloudWatch metric (source: "AWS WAF metrics and dimensions").
    pub fn metric(self) -> &'static str {
        match self {
            Self::Allowed => "AllowedRequests",
            Self::Blocked => "BlockedRequests",
            Self::Counted => "CountedRequests",
            Self::Captcha => "CaptchaRequests",
            Self::Challenge => "ChallengeRequests",
            Self::Passed => "PassedRequests",
        }
    }

    /// Returns the stable name, as the command line's JSON spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Blocked => "blocked",
            Self::Counted => "counted",
            Self::Captcha => "captcha",
            Self::Challenge => "challenge",
            Self::Passed => "passed",
        }
    }
}

impl WebAcl {
    /// Returns the query for what became of requests under a value of the dimension `Rule`, a sum a period; `None`
    /// while its metric name is not known.
    ///
    /// CloudFront's metrics have no dimension `Region` (source: "AWS WAF metrics and dimensions").
    pub fn query(&self, outcome: Outcome, rule: &str, period: u32) -> Option<Query> {
        let detail = self.detail.as_ref().filter(|detail| detail.metrics_enabled)?;
        let region = (self.key.scope == Scope::Regional).then(|| ("Region".to_owned(), self.region.clone()));
        let rest = [("Rule".to_owned(), rule.to_owned()), ("WebACL".to_owned(), detail.metric.clone())];
        let metric = Metric {
            namespace: "AWS/WAFV2".to_owned(),
            name: outcome.metric().to_owned(),
            dimensions: region.into_iter().chain(rest).collect(),
        };
        Some(Query { metric, statistic: "Sum".to_owned(), period })
    }

    /// Returns the rate limits among its rules.
    pub fn rate_limits(&self) -> impl Iterator<Item = &Rule> {
        let rules = self.detail.iter().flat_map(|detail| &detail.rules);
        rules.filter(|rule| matches!(rule.kind, RuleKind::RateLimit { .. }))
    }
}

/// Returns the period, in seconds, at which web ACLs are charted over a range: requests a minute jitter too much in a
/// day to be read, and WAF publishes once a minute.
pub fn period(range: Range) -> u32 {
    range.period().max(60)
}

/// Holds the web ACLs of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WafSnapshot {
    /// The web ACLs, regional ones first, by name.
    pub acls: Vec<Arc<WebAcl>>,
    /// Whether there are more than were read.
    pub capped: bool,
}

impl WafSnapshot {
    /// Finds a web ACL.
    pub fn find(&self, key: &WebAclKey) -> Option<&Arc<WebAcl>> {
        self.acls.iter().find(|acl| acl.key == *key)
    }
}

/// Holds what CloudWatch counted of a web ACL, by rule and outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTraffic {
    /// The range that was asked for.
    pub range: Range,
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The length of one period in seconds.
    pub period: u32,
    /// What was counted; what published nothing is not there.
    pub counts: Vec<RuleCount>,
    /// Whether CloudWatch gave only a part.
    pub partial: bool,
}

/// Holds the counts under one value of the dimension `Rule`.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleCount {
    /// The dimension's value: a rule's metric name, [`ALL_RULES`] or [`DEFAULT_ACTION`].
    pub rule: String,
    /// What became of the requests.
    pub outcome: Outcome,
    /// Start of the period in Unix seconds, and requests in it; oldest first, periods without any left out.
    pub points: Vec<(i64, f64)>,
}

impl RuleCount {
    /// Returns the requests of the whole range.
    pub fn sum(&self) -> f64 {
        self.points.iter().map(|(_, requests)| requests).sum()
    }
}

impl RuleTraffic {
    /// Returns the counts under a value of the dimension `Rule`.
    pub fn find(&self, rule: &str, outcome: Outcome) -> Option<&RuleCount> {
        self.counts.iter().find(|count| count.rule == rule && count.outcome == outcome)
    }

    /// Returns the requests under a value of the dimension `Rule`; zero where nothing was published.
    pub fn sum(&self, rule: &str, outcome: Outcome) -> f64 {
        self.find(rule, outcome).map_or(0.0, RuleCount::sum)
    }
}

/// Holds what only the open web ACL is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebAclUse {
    /// The ARNs of the resources that a regional one protects; `None` where that was not or cannot be read, as for
    /// CloudFront, whose distributions name their web ACL themselves.
    pub resources: Option<Vec<String>>,
    /// The addresses that its rate limits block now, by rule; a rule that could not be asked is not there.
    pub limited: Vec<Limited>,
}

/// Lists the addresses that a rate limit blocks now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// The rule's name.
    pub rule: String,
    /// The addresses, as CIDR blocks, version 4 before version 6; AWS gives at most 10,000.
    pub addresses: Vec<String>,
}

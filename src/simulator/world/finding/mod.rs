//! What Security Hub holds: findings, and what becomes of them.

mod controls;
mod edit;
mod product;

pub use controls::known_control;
pub use edit::{Edit, Edits, Note};
pub use product::resource_id;

use crate::simulator::clock::{HOUR, Millis};
use crate::simulator::random::{Dice, mix};
use crate::simulator::scenario::{Product, fill};

/// The members of a finding that can be left out: those that AWS does not require.
///
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>
pub const ASFF_MEMBERS: [&str; 17] = [
    "ProductName",
    "CompanyName",
    "Region",
    "Types",
    "FirstObservedAt",
    "LastObservedAt",
    "Severity",
    "Remediation",
    "SourceUrl",
    "ProductFields",
    "Compliance",
    "Workflow",
    "WorkflowState",
    "RecordState",
    "FindingProviderFields",
    "ProcessedAt",
    "AwsAccountName",
];

/// How often a control is checked again, which updates its finding.
///
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-standards-schedule.html>
const CHECKED_EVERY: Millis = 12 * HOUR;

/// What Security Hub holds of an account.
#[derive(Debug)]
pub struct Findings {
    pub account: String,
    pub account_name: String,
    pub hub: Hub,
    /// Findings that have most in common stand together.
    pub groups: Vec<FindingGroup>,
}

/// Security Hub itself.
#[derive(Debug)]
pub struct Hub {
    /// Whether the account is subscribed to it.
    pub on: bool,
    /// When that was.
    pub subscribed: Millis,
    /// The region that shows what is found in others as well, with the aggregator's ARN.
    pub aggregation: Option<(String, String)>,
    /// The regions that are linked; all where it is empty.
    pub linked: Vec<String>,
    /// How long it takes until what people change is seen.
    pub delay: Millis,
}

impl Hub {
    /// Whether a region shows what was found in another.
    pub fn shows(&self, here: &str, found_in: &str) -> bool {
        let linked = self.linked.is_empty() || self.linked.iter().any(|region| region == found_in);
        here == found_in || (linked && self.aggregation.as_ref().is_some_and(|(region, _)| region == here))
    }
}

/// Findings that differ in little but what they were found on.
#[derive(Debug)]
pub struct FindingGroup {
    pub seed: u64,
    pub region: String,
    pub product: Product,
    /// A control's id, or what else the generator is called by.
    pub control: Option<String>,
    pub generator: String,
    /// May hold `{n}`.
    pub title: String,
    /// How often the title's text is repeated.
    pub times: u32,
    /// May hold `{n}`.
    pub description: String,
    pub severity: Option<String>,
    pub normalized: Option<i64>,
    pub workflow: String,
    pub record: String,
    pub compliance: Option<String>,
    pub resource_type: String,
    /// May hold `{n}`.
    pub resource: String,
    /// The finding's type in the product's own terms.
    pub own_kind: Option<String>,
    pub kind: String,
    pub remediation: Option<String>,
    pub url: Option<String>,
    pub omit: Vec<String>,
    pub findings: Vec<Finding>,
}

/// A finding.
#[derive(Debug)]
pub struct Finding {
    /// Its number among those of its group, from 1.
    pub number: u32,
    pub created: Millis,
    /// In the order of their times.
    pub changes: Vec<(Millis, Change)>,
    /// Its own chance.
    pub hash: u64,
    /// What people change of it.
    pub edits: Edits,
}

impl Finding {
    /// Whether it is as its group is.
    pub fn is_usual(&self) -> bool {
        self.changes.is_empty() && self.edits.is_empty()
    }
}

/// Something that becomes of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Resolved,
    Workflow(String),
    Severity(String),
}

/// What a finding is like at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingState<'a> {
    pub severity: Option<&'a str>,
    pub normalized: Option<i64>,
    pub workflow: &'a str,
    pub record: &'a str,
    pub compliance: Option<&'a str>,
    pub created: Millis,
    pub updated: Millis,
    pub observed: Millis,
}

/// What a label is as a number.
///
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html>
pub fn normalized(label: &str) -> Option<i64> {
    match label {
        "INFORMATIONAL" => Some(0),
        "LOW" => Some(1),
        "MEDIUM" => Some(40),
        "HIGH" => Some(70),
        "CRITICAL" => Some(90),
        _ => None,
    }
}

impl FindingGroup {
    /// Whether it is a control's, which is checked again and again.
    pub const fn is_control(&self) -> bool {
        matches!(self.product, Product::SecurityHub) && self.control.is_some()
    }

    /// Whether a member is written.
    pub fn has(&self, member: &str) -> bool {
        !self.omit.iter().any(|name| name == member)
    }

    /// What a finding that nothing became of is like, but for its times.
    pub fn usual(&self) -> FindingState<'_> {
        let severity = self.severity.as_deref();
        FindingState {
            severity,
            normalized: self.normalized.or_else(|| severity.and_then(normalized)),
            workflow: &self.workflow,
            record: &self.record,
            compliance: self.compliance.as_deref(),
            created: 0,
            updated: 0,
            observed: 0,
        }
    }

    /// What a finding is like at a time.
    pub fn state<'a>(&'a self, finding: &'a Finding, now: Millis) -> FindingState<'a> {
        let mut state = self.usual();
        let mut changed = finding.created;
        for (at, change) in finding.changes.iter().filter(|(at, _)| *at <= now) {
            changed = *at;
            match change {
                Change::Resolved if self.is_control() => {
                    (state.compliance, state.workflow) = (Some("PASSED"), "RESOLVED");
                }
                Change::Resolved => state.record = "ARCHIVED",
                Change::Workflow(status) => state.workflow = status,
                Change::Severity(label) => {
                    (state.severity, state.normalized) = (Some(label.as_str()), normalized(label));
                }
            }
        }
        for edit in finding.edits.seen(now) {
            // A product's word and a person's: the later one counts.
            let later = |change: fn(&Change) -> bool| {
                finding.changes.iter().any(|(at, one)| (edit.made..=now).contains(at) && change(one))
            };
            if let Some(status) = edit.workflow.filter(|_| !later(|one| !matches!(one, Change::Severity(_)))) {
                state.workflow = status;
            }
            if let Some((label, number)) = edit.severity.filter(|_| !later(|one| matches!(one, Change::Severity(_)))) {
                (state.severity, state.normalized) = (Some(label), Some(number));
            }
        }
        state.created = finding.created;
        state.observed = self.checked(finding, now).max(changed);
        state.updated = state.observed;
        state
    }

    /// When a finding was last updated.
    pub fn updated(&self, finding: &Finding, now: Millis) -> Millis {
        let changed = finding.changes.iter().rev().find(|(at, _)| *at <= now).map_or(finding.created, |(at, _)| *at);
        self.checked(finding, now).max(changed)
    }

    /// When the control was last checked; for other products, when the finding was made.
    fn checked(&self, finding: &Finding, now: Millis) -> Millis {
        if !self.is_control() {
            return finding.created;
        }
        finding.created + (now - finding.created).div_euclid(CHECKED_EVERY).max(0) * CHECKED_EVERY
    }

    /// The finding's id.
    pub fn id(&self, account: &str, finding: &Finding) -> String {
        let mut dice = Dice::new(mix(finding.hash), &["finding-id"]);
        self.product.finding_id(&self.region, account, &self.generator, &mut dice)
    }

    /// The finding's title.
    pub fn title_of(&self, finding: &Finding) -> String {
        let title = fill(&self.title, 'n', finding.number);
        if self.times > 1 { title.repeat(self.times as usize) } else { title }
    }

    /// The finding's description.
    pub fn description_of(&self, finding: &Finding) -> String {
        fill(&self.description, 'n', finding.number)
    }

    /// The id of what it was found on.
    pub fn resource_of(&self, account: &str, finding: &Finding) -> String {
        resource_id(&self.resource_type, &fill(&self.resource, 'n', finding.number), &self.region, account)
    }
}

impl Findings {
    /// Finds a finding by its id and its product's ARN, if there is one by then.
    pub fn find(&self, id: &str, product_arn: &str, now: Millis) -> Option<(&FindingGroup, &Finding)> {
        let groups = self.groups.iter().filter(|group| group.product.arn(&group.region) == product_arn);
        groups
            .flat_map(|group| group.findings.iter().map(move |one| (group, one)))
            .find(|(group, one)| one.created <= now && group.id(&self.account, one) == id)
    }
}

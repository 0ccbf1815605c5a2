//! The words for Security Hub and its findings.

use serde::Deserialize;

use crate::simulator::scenario::span::Span;

/// Security Hub in an account; on and without aggregation if not said.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubFile {
    /// The account is not subscribed to it.
    #[serde(default)]
    pub off: bool,
    /// The region that shows the findings of the linked ones as well.
    pub aggregation: Option<String>,
    /// The regions that are linked; all if not said.
    #[serde(default)]
    pub linked: Vec<String>,
    /// How long it takes until what people change of a finding is seen.
    pub delay: Option<Span>,
}

/// Who found something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Security Hub's own controls.
    #[default]
    SecurityHub,
    /// Amazon `GuardDuty`.
    Guardduty,
    /// Amazon Inspector.
    Inspector,
    /// AWS Config.
    Config,
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// AWS Health.
    Health,
    /// Amazon Macie.
    Macie,
    /// AWS Firewall Manager.
    FirewallManager,
    /// Patch Manager of Systems Manager.
    PatchManager,
}

/// A finding, or `count` of them whose texts may hold `{n}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingFile {
    /// By what the story's steps know it.
    pub name: Option<String>,
    pub count: Option<u32>,
    pub region: Option<String>,
    #[serde(default)]
    pub product: Product,
    /// A control of the AWS Foundational Security Best Practices, `EC2.19`.
    pub control: Option<String>,
    /// Not needed where `control` names one that is known.
    pub title: Option<String>,
    pub description: Option<String>,
    /// How often the title's text is repeated.
    #[serde(default = "once")]
    pub times: u32,
    /// A label; any text, for AWS may have new ones one day.
    pub severity: Option<String>,
    /// 0 to 100; follows from the label if not said.
    pub normalized: Option<i64>,
    /// The workflow's status; `NEW` if not said, and any text.
    pub workflow: Option<String>,
    /// The record's state; `ACTIVE` if not said, and any text.
    pub record: Option<String>,
    /// The compliance's status, of a control's finding.
    pub compliance: Option<String>,
    /// What it was found on: an ARN, or a name that one is made of.
    pub resource: Option<String>,
    /// `AwsEc2SecurityGroup`, …
    pub resource_type: Option<String>,
    /// The finding's type in the product's own terms.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What is to be done, in a sentence.
    pub remediation: Option<String>,
    /// Where it is written what is to be done.
    pub url: Option<String>,
    /// How long before the story it was first seen; several are spread over that time.
    pub seen: Option<Span>,
    /// Members of the finding that are left out.
    #[serde(default)]
    pub omit: Vec<String>,
}

/// Something becomes of a finding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingStepFile {
    pub account: Option<String>,
    pub name: String,
    /// It is found only now.
    #[serde(default)]
    pub appears: bool,
    /// What was wrong is not any more.
    #[serde(default)]
    pub resolved: bool,
    pub workflow: Option<String>,
    pub severity: Option<String>,
}

const fn once() -> u32 {
    1
}

//! Security Hub findings, in the AWS Security Finding Format (ASFF).
//!
//! Security Hub gathers what `GuardDuty`, Inspector, Config, Access Analyzer, Health, Macie, Firewall Manager and Patch
//! Manager find. Half of a finding's fields are optional, and its words may be ones that AWS has not had before: what is
//! missing is empty, and what is unknown keeps its own word.

use std::sync::Arc;

use jiff::Timestamp;

/// Names a finding among all accounts (ASFF `Id`, with `ProductArn`: ids are unique in a product only).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingKey {
    /// ASFF `Id`.
    pub id: String,
    /// ASFF `ProductArn`.
    pub product_arn: String,
}

/// Describes a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which one it is.
    pub key: FindingKey,
    /// The product that found it, such as `GuardDuty`.
    pub product: String,
    /// The account that it is about, as twelve digits.
    pub account: String,
    /// The region that it is about.
    pub region: String,
    /// The product's title.
    pub title: String,
    /// The product's words.
    pub description: String,
    /// How bad the product says it is.
    pub severity: FindingSeverity,
    /// How far people have got with it.
    pub workflow: Workflow,
    /// Whether the product still sees it (`RecordState` is not `ARCHIVED`).
    pub active: bool,
    /// AWS's word for the outcome of a check, such as `FAILED`; empty where it is none.
    pub compliance: String,
    /// The control that it is a check of, such as `EC2.18`; empty where it is none.
    pub control: String,
    /// What made it: a rule's, check's or detector's id (ASFF `GeneratorId`).
    pub generator: String,
    /// Its types, such as `TTPs/Credential Access`.
    pub types: Vec<String>,
    /// What it is about.
    pub resources: Vec<Resource>,
    /// What to do about it.
    pub remediation: Remediation,
    /// When the product first saw it; when it made the finding, where it does not say.
    pub first_seen: Option<Timestamp>,
    /// When the product last saw it.
    pub last_seen: Option<Timestamp>,
    /// When the finding was made.
    pub created_at: Option<Timestamp>,
    /// When the product last changed it. What people change does not count.
    pub updated_at: Option<Timestamp>,
    /// What people noted about it; empty for nothing.
    pub note: String,
}

/// Describes what a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// AWS's word for what it is, such as `AwsIamAccessKey`.
    pub kind: String,
    /// Its ARN or id.
    pub id: String,
    /// Its region; empty where it has none.
    pub region: String,
}

/// Tells what the product advises.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remediation {
    /// In words; may be empty.
    pub text: String,
    /// Where more is said; may be empty.
    pub url: String,
}

/// Tells how bad a finding is (ASFF `Severity.Label`), worst last.
///
/// A word that AWS has not had before counts as HIGH until somebody has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FindingSeverity {
    /// `INFORMATIONAL`: no issue was found.
    Informational,
    /// `LOW`: needs no action of its own.
    Low,
    /// `MEDIUM`: must be addressed, not urgently.
    Medium,
    /// `HIGH`: must be addressed as a priority.
    High,
    /// Another word.
    Other(String),
    /// `CRITICAL`: must be remediated at once.
    Critical,
}

impl FindingSeverity {
    /// Lists the severities that AWS has, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Informational];

    /// Reads AWS's label.
    pub fn from_aws(label: &str) -> Self {
        match label {
            "INFORMATIONAL" => Self::Informational,
            "LOW" => Self::Low,
            "MEDIUM" => Self::Medium,
            "HIGH" => Self::High,
            "CRITICAL" => Self::Critical,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Reads the older number from 0 to 100 (ASFF `Severity.Normalized`, whose reference gives these bounds).
    pub fn from_normalized(number: i32) -> Self {
        match number {
            ..=0 => Self::Informational,
            1..=39 => Self::Low,
            40..=69 => Self::Medium,
            70..=89 => Self::High,
            _ => Self::Critical,
        }
    }

    /// Returns AWS's label.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
            Self::Other(word) => word,
        }
    }

    /// Orders severities, worst last.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Informational => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Other(_) => 4,
            Self::Critical => 5,
        }
    }
}

/// Tells how far people have got with a finding (ASFF `Workflow.Status`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Workflow {
    /// `NEW`: nobody has looked at it.
    New,
    /// `NOTIFIED`: somebody was told.
    Notified,
    /// `SUPPRESSED`: looked at, and needs nothing.
    Suppressed,
    /// `RESOLVED`: looked at, and mended.
    Resolved,
    /// Another word.
    Other(String),
}

impl Workflow {
    /// Lists the states that AWS has, in the order in which a finding goes through them.
    pub const ALL: [Self; 4] = [Self::New, Self::Notified, Self::Resolved, Self::Suppressed];

    /// Reads AWS's word; a finding without one is new.
    pub fn from_aws(word: &str) -> Self {
        match word {
            "" | "NEW" => Self::New,
            "NOTIFIED" => Self::Notified,
            "SUPPRESSED" => Self::Suppressed,
            "RESOLVED" => Self::Resolved,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns AWS's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::New => "NEW",
            Self::Notified => "NOTIFIED",
            Self::Suppressed => "SUPPRESSED",
            Self::Resolved => "RESOLVED",
            Self::Other(word) => word,
        }
    }

    /// Tells whether somebody is done with it.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Resolved | Self::Suppressed)
    }
}

impl Finding {
    /// Tells whether it must always be dealt with: active, CRITICAL or HIGH or of a severity that nobody knows, and nobody
    /// is done with it.
    pub fn is_to_do(&self) -> bool {
        self.active && self.severity.rank() >= FindingSeverity::High.rank() && !self.workflow.is_done()
    }

    /// Returns when the trouble itself began.
    pub fn began(&self) -> Option<Timestamp> {
        self.first_seen.or(self.created_at)
    }

    /// Returns what findings of the same cause share: the control of a check; of anything else its title, as a generator
    /// may make findings of many kinds.
    pub fn cause(&self) -> &str {
        if self.control.is_empty() { &self.title } else { &self.control }
    }
}

/// Holds the findings of one source that were read so far.
///
/// They come a page at a time, in three passes: what is to do, first and to its end; then, as far as one scrolls, what
/// is less severe; then what somebody is done with.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each tells something of its own about what is not here")]
pub struct FindingsSnapshot {
    /// The findings, worst and newest first.
    pub findings: Vec<Arc<Finding>>,
    /// Whether everything that is to do has been read.
    pub to_do_complete: bool,
    /// Whether all active findings have been read.
    pub complete: bool,
    /// Whether there are more than this program keeps.
    pub capped: bool,
    /// The region that they were read in, where that is not the source's own: Security Hub's aggregation region.
    pub aggregated_in: Option<String>,
    /// Whether another source of the same account reads them: then nothing is here.
    pub read_elsewhere: bool,
}

/// Says how many findings should be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FindingsWanted {
    /// Whether findings are wanted that are not to do.
    pub everything: bool,
    /// How many of those at least: as far as one has scrolled, and a page more; all of them while a filter is looking for
    /// something.
    pub rows: usize,
}

/// Records one change of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingChange {
    /// When.
    pub at: Timestamp,
    /// Who or what changed it: an ARN or a service.
    pub by: String,
    /// Whether this made the finding.
    pub created: bool,
    /// The fields that changed: name, old value, new value.
    pub fields: Vec<(String, String, String)>,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("CRITICAL", FindingSeverity::Critical)]
    #[case("HIGH", FindingSeverity::High)]
    #[case("EMERGENCY", FindingSeverity::Other("EMERGENCY".to_owned()))]
    #[case("", FindingSeverity::Other(String::new()))]
    fn a_label_is_read_and_kept(#[case] label: &str, #[case] severity: FindingSeverity) {
        assert_eq!(FindingSeverity::from_aws(label), severity);
        assert_eq!(severity.as_str(), label);
        assert!(severity.rank() >= FindingSeverity::High.rank());
    }

    #[rstest]
    #[case(-1, "INFORMATIONAL")]
    #[case(0, "INFORMATIONAL")]
    #[case(1, "LOW")]
    #[case(39, "LOW")]
    #[case(40, "MEDIUM")]
    #[case(70, "HIGH")]
    #[case(90, "CRITICAL")]
    #[case(1_000, "CRITICAL")]
    fn a_number_is_a_label(#[case] number: i32, #[case] label: &str) {
        assert_eq!(FindingSeverity::from_normalized(number).as_str(), label);
    }

    #[rstest]
    #[case("NEW", false)]
    #[case("NOTIFIED", false)]
    #[case("RESOLVED", true)]
    #[case("SUPPRESSED", true)]
    #[case("ESCALATED", false)]
    fn a_workflow_is_read_and_kept(#[case] word: &str, #[case] done: bool) {
        assert_eq!(Workflow::from_aws(word).as_str(), word);
        assert_eq!(Workflow::from_aws(word).is_done(), done);
    }

    #[test]
    fn severities_are_listed_worst_first() {
        assert!(FindingSeverity::ALL.windows(2).all(|pair| pair[0].rank() > pair[1].rank()));
    }
}

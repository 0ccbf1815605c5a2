//! How a finding in AWS's format becomes ours.

use aws_sdk_securityhub::types as aws;
use jiff::Timestamp;

use crate::domain::{
    finding::{Finding, FindingKey, FindingSeverity, Remediation, Resource, Workflow},
    text::clean,
};

use super::super::words::{last_part, message, name};

/// The most characters of a title that are kept.
const LONGEST_TITLE: usize = 1_024;
/// The most characters of an address that are kept.
const LONGEST_URL: usize = 2_048;
/// The most types of a finding that are kept (ASFF `Types`).
const MOST_TYPES: usize = 50;
/// The most resources of a finding that are kept (ASFF `Resources`: 32).
const MOST_RESOURCES: usize = 32;

/// Makes a name safe and distinct, and remembers what it was.
type Remember<'a> = &'a dyn Fn(&str) -> String;

/// Maps a finding; one without an id cannot be pointed at and is left out.
pub(super) fn finding(raw: &aws::AwsSecurityFinding, remember: Remember<'_>) -> Option<Finding> {
    let id = raw.id.as_deref().filter(|id| !id.is_empty())?;
    let product_arn = raw.product_arn.as_deref().unwrap_or_default();
    let product = raw.product_name.as_deref().filter(|product| !product.is_empty());
    let compliance = raw.compliance.as_ref();
    let created_at = instant(raw.created_at.as_deref());
    let workflow = raw.workflow.as_ref().and_then(|workflow| workflow.status.as_ref());
    Some(Finding {
        key: FindingKey { id: remember(id), product_arn: remember(product_arn) },
        // `arn:aws:securityhub:REGION::product/aws/guardduty`
        product: name(Some(product.unwrap_or_else(|| last_part(product_arn)))),
        account: name(raw.aws_account_id.as_deref()),
        region: region(raw),
        title: clean(raw.title.as_deref().unwrap_or_default(), LONGEST_TITLE),
        description: message(raw.description.as_deref()),
        severity: severity(raw.severity.as_ref()),
        workflow: Workflow::from_aws(&name(workflow.map(aws::WorkflowStatus::as_str))),
        active: raw.record_state != Some(aws::RecordState::Archived),
        compliance: name(compliance.and_then(|raw| raw.status.as_ref()).map(aws::ComplianceStatus::as_str)),
        control: name(compliance.and_then(|raw| raw.security_control_id.as_deref())),
        generator: name(raw.generator_id.as_deref()),
        types: raw.types().iter().take(MOST_TYPES).map(|raw| name(Some(raw))).collect(),
        resources: raw.resources().iter().take(MOST_RESOURCES).map(resource).collect(),
        remediation: remediation(raw.remediation.as_ref()),
        first_seen: instant(raw.first_observed_at.as_deref()).or(created_at),
        last_seen: instant(raw.last_observed_at.as_deref()),
        created_at,
        updated_at: instant(raw.updated_at.as_deref()),
        note: message(raw.note.as_ref().and_then(|note| note.text.as_deref())),
    })
}

/// Takes the label, or the older number where there is none. A finding that has neither has a severity of no name, which
/// counts as HIGH until somebody has looked at it.
fn severity(raw: Option<&aws::Severity>) -> FindingSeverity {
    let label = name(raw.and_then(|raw| raw.label.as_ref()).map(aws::SeverityLabel::as_str));
    match raw.and_then(|raw| raw.normalized) {
        Some(number) if label.is_empty() => FindingSeverity::from_normalized(number),
        _ => FindingSeverity::from_aws(&label),
    }
}

/// Takes the finding's region, or that of the first thing that it is about.
fn region(raw: &aws::AwsSecurityFinding) -> String {
    let own = raw.region.as_deref().filter(|region| !region.is_empty());
    name(own.or_else(|| raw.resources().iter().find_map(|resource| resource.region.as_deref())))
}

fn resource(raw: &aws::Resource) -> Resource {
    Resource { kind: name(raw.r#type.as_deref()), id: name(raw.id.as_deref()), region: name(raw.region.as_deref()) }
}

fn remediation(raw: Option<&aws::Remediation>) -> Remediation {
    let advice = raw.and_then(|raw| raw.recommendation.as_ref());
    Remediation {
        text: message(advice.and_then(|advice| advice.text.as_deref())),
        url: clean(advice.and_then(|advice| advice.url.as_deref()).unwrap_or_default(), LONGEST_URL),
    }
}

/// Reads a time; products write them with an offset in several ways, and one that cannot be read is absent.
fn instant(raw: Option<&str>) -> Option<Timestamp> {
    raw?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn made(
        build: impl FnOnce(aws::builders::AwsSecurityFindingBuilder) -> aws::builders::AwsSecurityFindingBuilder,
    ) -> Finding {
        let builder =
            aws::AwsSecurityFinding::builder().id("1").product_arn("arn:aws:securityhub:x::product/aws/guardduty");
        finding(&build(builder).build(), &|raw| raw.to_owned()).unwrap()
    }

    #[test]
    fn a_finding_of_nothing_but_an_id_is_read() {
        let finding = made(|builder| builder);
        assert_eq!((finding.product.as_str(), finding.title.as_str()), ("guardduty", ""));
        assert!(finding.active && finding.is_to_do(), "{finding:?}");
        assert_eq!((finding.first_seen, finding.updated_at), (None, None));
    }

    #[test]
    fn a_finding_without_an_id_is_left_out() {
        let raw = aws::AwsSecurityFinding::builder().title("x").build();
        assert_eq!(finding(&raw, &|raw| raw.to_owned()), None);
    }

    #[rstest]
    #[case(Some("HIGH"), Some(0), "HIGH")]
    #[case(None, Some(70), "HIGH")]
    #[case(Some("EMERGENCY"), None, "EMERGENCY")]
    #[case(None, None, "")]
    fn a_severity_is_a_label_or_a_number(#[case] label: Option<&str>, #[case] number: Option<i32>, #[case] is: &str) {
        let severity = aws::Severity::builder().set_label(label.map(aws::SeverityLabel::from)).set_normalized(number);
        assert_eq!(made(|builder| builder.severity(severity.build())).severity.as_str(), is);
    }

    #[rstest]
    #[case("2019-01-31T23:00:00Z", true)]
    #[case("2019-01-31T23:00:00.123456789Z", true)]
    #[case("2024-01-04T15:25:10+17:59", true)]
    #[case("2024-01-04T15:25:10-1759", true)]
    #[case("yesterday", false)]
    #[case("", false)]
    fn times_are_read_as_security_hub_allows_them(#[case] raw: &str, #[case] known: bool) {
        assert_eq!(instant(Some(raw)).is_some(), known);
    }

    #[test]
    fn words_are_bounded_and_clean() {
        let long = "決\u{1b}[31m".repeat(100_000);
        let finding = made(|builder| {
            let resource = |number: usize| aws::Resource::builder().id(number.to_string()).build();
            let advice = aws::Recommendation::builder().text(&long).url(&long).build();
            builder
                .title(&long)
                .description(&long)
                .remediation(aws::Remediation::builder().recommendation(advice).build())
                .set_resources(Some((0..1_000).map(resource).collect()))
                .record_state(aws::RecordState::Archived)
        });
        let lengths = [&finding.title, &finding.description, &finding.remediation.text, &finding.remediation.url]
            .map(|text| text.chars().count());
        assert_eq!(lengths, [1_024, 4_096, 4_096, 2_048]);
        assert_eq!((finding.resources.len(), finding.active), (32, false));
        assert!(!finding.title.contains('\u{1b}'));
    }
}

//! Findings in the AWS Security Finding Format.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html>

use crate::simulator::clock::{HOUR, MINUTE, iso_time};
use crate::simulator::random::Dice;
use crate::simulator::scenario::Product;
use crate::simulator::wire::{Object, Value, list, map, object};
use crate::simulator::world::{Edit, Finding, FindingGroup, FindingState, Findings};

/// Writes a finding as it is at a time.
pub fn write(held: &Findings, group: &FindingGroup, finding: &Finding, now: i64) -> Value {
    let state = group.state(finding, now);
    let (account, id) = (held.account.as_str(), group.id(&held.account, finding));
    let edit = finding.edits.joined(now);
    let written = Sheet { group, written: object() }
        .always("SchemaVersion", "2018-10-08")
        .with("ProductName", || group.product.name())
        .with("CompanyName", || group.product.company())
        .with("Region", || group.region.clone())
        .always("GeneratorId", group.generator.clone())
        .always("AwsAccountId", account.to_owned())
        .with("AwsAccountName", || Some(held.account_name.clone()).filter(|name| !name.is_empty()))
        .with("Types", || list(edit.types.clone().unwrap_or_else(|| vec![group.kind.clone()])))
        .with("FirstObservedAt", || iso_time(state.created))
        .with("LastObservedAt", || iso_time(state.observed))
        .always("CreatedAt", iso_time(state.created))
        .always("UpdatedAt", iso_time(state.updated))
        .with("ProcessedAt", || iso_time(state.updated + 1_300))
        .with("Severity", || severity(group, &state, true))
        .always("Title", group.title_of(finding))
        .always("Description", group.description_of(finding))
        .with("Remediation", || remediation(group))
        .with("SourceUrl", || source_url(group, &id))
        .with("ProductFields", || product_fields(group, finding, account, &id))
        .always("Resources", list([resource(group, finding, account)]))
        .with("Compliance", || compliance(group, &state))
        .with("WorkflowState", || "NEW")
        .with("Workflow", || object().with("Status", state.workflow.to_owned()))
        .with("RecordState", || state.record.to_owned())
        .with("FindingProviderFields", || {
            let kinds = list([group.kind.clone()]);
            object().with("Severity", severity(group, &state, false)).with("Types", kinds)
        })
        .written;
    let written = own(written, group, finding).with("ProductArn", group.product.arn(&group.region)).with("Id", id);
    by_hand(written, edit).into()
}

/// What only people write.
fn by_hand(written: Object, edit: Edit) -> Object {
    let note = edit
        .note
        .map(|note| object().with("Text", note.text).with("UpdatedBy", note.by).with("UpdatedAt", iso_time(note.at)));
    let related = edit.related.map(|related| {
        list(related.into_iter().map(|(product, id)| object().with("ProductArn", product).with("Id", id)))
    });
    written
        .with("Note", note)
        .with("VerificationState", edit.verification)
        .with("Confidence", edit.confidence)
        .with("Criticality", edit.criticality)
        .with("UserDefinedFields", edit.fields.map(map))
        .with("RelatedFindings", related)
}

/// A finding under construction, which may leave members out.
struct Sheet<'a> {
    group: &'a FindingGroup,
    written: Object,
}

impl Sheet<'_> {
    fn always(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.written = self.written.with(name, value);
        self
    }

    fn with<T: Into<Value>>(self, name: &'static str, value: impl FnOnce() -> T) -> Self {
        if self.group.has(name) { self.always(name, value()) } else { self }
    }
}

/// The severity; the provider's own copy of it has no number.
fn severity(group: &FindingGroup, state: &FindingState<'_>, with_number: bool) -> Object {
    let original = match group.product {
        Product::Guardduty => state.normalized.map(|number| format!("{}.{}", number / 10, number % 10)),
        _ => state.severity.map(str::to_owned),
    };
    let written = object().with("Label", state.severity.map(str::to_owned));
    let written = if with_number { written.with("Normalized", state.normalized) } else { written };
    written.with("Original", original)
}

fn remediation(group: &FindingGroup) -> Option<Object> {
    let usual = group.control.as_ref().filter(|_| group.is_control()).map(|control| {
        (
            "For information on how to correct this issue, consult the AWS Security Hub controls documentation."
                .to_owned(),
            format!("https://docs.aws.amazon.com/console/securityhub/{control}/remediation"),
        )
    });
    let (text, url) = usual.map_or((None, None), |(text, url)| (Some(text), Some(url)));
    let (text, url) = (group.remediation.clone().or(text), group.url.clone().or(url));
    let there = text.is_some() || url.is_some();
    there.then(|| object().with("Recommendation", object().with("Text", text).with("Url", url)))
}

/// Where the product shows the finding itself, of those that do.
fn source_url(group: &FindingGroup, id: &str) -> Option<String> {
    let region = &group.region;
    let last = id.rsplit('/').next().unwrap_or_default();
    match group.product {
        Product::Guardduty => Some(format!(
            "https://{region}.console.aws.amazon.com/guardduty/home?region={region}#/findings?macros=current&fId={last}"
        )),
        Product::Macie => {
            Some(format!("https://{region}.console.aws.amazon.com/macie/home?region={region}#findings?itemId={last}"))
        }
        _ => None,
    }
}

fn product_fields(group: &FindingGroup, finding: &Finding, account: &str, id: &str) -> Object {
    let product = group.product.arn(&group.region);
    let mut fields = object();
    match group.product {
        Product::SecurityHub => {
            let rule = Dice::new(group.seed, &["config-rule", &group.generator]).hex(8);
            let name = group.control.as_deref().unwrap_or_default().to_lowercase().replace('.', "-");
            fields = fields
                .with("RelatedAWSResources:0/name", format!("securityhub-{name}-{rule}"))
                .with("RelatedAWSResources:0/type", "AWS::Config::ConfigRule")
                .with("Resources:0/Id", group.resource_of(account, finding));
        }
        Product::Guardduty => {
            let detector = group.generator.rsplit('/').next().unwrap_or_default().to_owned();
            fields = fields
                .with("aws/guardduty/service/detectorId", detector)
                .with("aws/guardduty/service/serviceName", "guardduty")
                .with("aws/guardduty/service/archived", "false")
                .with("aws/guardduty/service/count", "1");
        }
        Product::Inspector => fields = fields.with("aws/inspector/FindingStatus", "ACTIVE"),
        _ => {}
    }
    fields
        .with("aws/securityhub/ProductName", group.product.name())
        .with("aws/securityhub/CompanyName", group.product.company())
        .with("aws/securityhub/FindingId", format!("{product}/{id}"))
}

fn resource(group: &FindingGroup, finding: &Finding, account: &str) -> Object {
    let id = group.resource_of(account, finding);
    let details = (group.resource_type == "AwsIamAccessKey").then(|| {
        let key = id.rsplit(':').next().unwrap_or_default().to_owned();
        object().with("AwsIamAccessKey", object().with("AccessKeyId", key).with("Status", "Active"))
    });
    object()
        .with("Type", group.resource_type.clone())
        .with("Id", id)
        .with("Partition", "aws")
        .with("Region", group.region.clone())
        .with("Details", details)
}

fn compliance(group: &FindingGroup, state: &FindingState<'_>) -> Option<Object> {
    let status = state.compliance?.to_owned();
    let standards = [
        "standards/aws-foundational-security-best-practices/v/1.0.0",
        "standards/cis-aws-foundations-benchmark/v/3.0.0",
    ];
    let standards = standards.map(|standard| object().with("StandardsId", standard));
    let of_control = group.is_control();
    let written = object().with("Status", status);
    Some(if of_control {
        written.with("SecurityControlId", group.control.clone()).with("AssociatedStandards", list(standards))
    } else {
        written
    })
}

/// What only one product writes.
fn own(written: Object, group: &FindingGroup, finding: &Finding) -> Object {
    match (group.product, &group.own_kind) {
        (Product::Inspector, Some(vulnerability)) => {
            let package = object()
                .with("Name", "openssl")
                .with("Version", "3.0.13")
                .with("FixedInVersion", "3.0.16")
                .with("PackageManager", "OS");
            let one = object()
                .with("Id", vulnerability.clone())
                .with("VulnerablePackages", list([package]))
                .with("Vendor", object().with("Name", "NVD"))
                .with("FixAvailable", "YES")
                .with("ExploitAvailable", "NO");
            written.with("Vulnerabilities", list([one]))
        }
        (Product::PatchManager, _) => {
            let begun = finding.created - HOUR;
            let summary = object()
                .with("Id", format!("pb-{}", Dice::new(finding.hash, &["baseline"]).hex(17)))
                .with("InstalledCount", 214_u32)
                .with("MissingCount", 2_u32 + finding.number % 5)
                .with("FailedCount", 0_u32)
                .with("InstalledOtherCount", 31_u32)
                .with("InstalledRejectedCount", 0_u32)
                .with("InstalledPendingReboot", 1_u32)
                .with("OperationStartTime", iso_time(begun))
                .with("OperationEndTime", iso_time(begun + 7 * MINUTE))
                .with("RebootOption", "NoReboot")
                .with("Operation", "Scan");
            written.with("PatchSummary", summary)
        }
        _ => written,
    }
}

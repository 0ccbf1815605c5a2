//! Findings, as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::get::ask::Ask;
use crate::state::State;

use super::environment;

#[derive(Serialize)]
struct FindingItem<'a> {
    environment: Option<&'a str>,
    account: &'a str,
    region: &'a str,
    finding: &'a str,
    product_arn: &'a str,
    product: &'a str,
    severity: &'a str,
    workflow: &'a str,
    title: &'a str,
    description: &'a str,
    types: &'a [String],
    control: Option<&'a str>,
    compliance: Option<&'a str>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    resources: Vec<ResourceItem<'a>>,
    remediation: RemediationItem<'a>,
}

#[derive(Serialize)]
struct ResourceItem<'a> {
    kind: &'a str,
    id: &'a str,
    region: Option<&'a str>,
}

#[derive(Serialize)]
struct RemediationItem<'a> {
    text: Option<&'a str>,
    url: Option<&'a str>,
}

/// Returns a text, or nothing for an empty one.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Returns the items of `findings`, in the order of the screen.
pub fn items<'a>(state: &'a State, ask: &'a Ask) -> Vec<impl Serialize + 'a> {
    let wanted = state.findings.rows.iter().filter(|row| ask.wants(&row.finding));
    wanted
        .map(|row| {
            let finding = &row.finding;
            FindingItem {
                environment: environment(state, row.place),
                account: &finding.account,
                region: &finding.region,
                finding: &finding.key.id,
                product_arn: &finding.key.product_arn,
                product: &finding.product,
                severity: finding.severity.as_str(),
                workflow: finding.workflow.as_str(),
                title: &finding.title,
                description: &finding.description,
                types: &finding.types,
                control: some(&finding.control),
                compliance: some(&finding.compliance),
                first_seen: finding.began(),
                last_seen: finding.last_seen,
                updated_at: finding.updated_at,
                resources: finding
                    .resources
                    .iter()
                    .map(|one| ResourceItem { kind: &one.kind, id: &one.id, region: some(&one.region) })
                    .collect(),
                remediation: RemediationItem {
                    text: some(&finding.remediation.text),
                    url: some(&finding.remediation.url),
                },
            }
        })
        .collect()
}

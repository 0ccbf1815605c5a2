//! What another workflow status of a finding needs, and that nothing else of it is touched.

use std::collections::{BTreeMap, BTreeSet};

use super::place::Place;
use super::statement::{Drafts, Statement};
use crate::runbook::entry::{Operation, WorkflowStatus};

/// The fields that nobody touches: all that `BatchUpdateFindings` can change beside the status and its note.
///
/// Source: AWS Security Hub User Guide, "Configuring access to `BatchUpdateFindings`".
const UNTOUCHED: [&str; 9] = [
    "Confidence",
    "Criticality",
    "RelatedFindings",
    "Severity.Label",
    "Severity.Normalized",
    "Severity.Product",
    "Types",
    "UserDefinedFields",
    "VerificationState",
];

const UPDATE: &str = "securityhub:BatchUpdateFindings";

/// Writes the condition key of a field.
fn path(field: &str) -> String {
    format!("securityhub:ASFFSyntaxPath/{field}")
}

/// Adds the statuses that the entries set, each where its entries hold.
///
/// A request that sets no status carries no such key, and matches none of them: the note goes with the status alone. Keys
/// in one `Null` must hold together, so that each field is denied by itself.
pub(super) fn findings(places: &[Place<'_>], drafts: &mut Drafts) {
    let mut hubs = BTreeMap::<(WorkflowStatus, &str), BTreeSet<String>>::new();
    for place in places {
        for entry in &place.entries {
            if let Operation::Workflow { status } = entry.operation {
                let hub = place.arn("securityhub", "*", "hub/default");
                hubs.entry((status, entry.id.written())).or_default().insert(hub);
            }
        }
    }
    let all: BTreeSet<String> = hubs.values().flatten().cloned().collect();
    for ((status, entry), hubs) in hubs {
        let update = Statement::allow([UPDATE], hubs).when("StringEquals", path("Workflow.Status"), [status.name()]);
        drafts.add_entry("Findings", entry, update);
    }
    for field in UNTOUCHED {
        let untouched = Statement::deny([UPDATE], all.iter().cloned()).when("Null", path(field), ["false"]);
        drafts.add(&format!("NoTamper{}", field.replace('.', "")), untouched);
    }
}

//! What is denied whatever else the role is given: the ways around the documents, and the traces.

use std::collections::BTreeSet;

use super::place::Place;
use super::statement::{Drafts, Statement};

/// Documents that anybody can give any host, port or command. Those of AWS have no account in their ARN.
const GENERIC: [&str; 3] = ["AWS-*", "Amazon*", "SSM-SessionManagerRunShell"];

/// What would change the documents, or go past them.
const DOCUMENTS: [&str; 9] = [
    "ssm:CreateDocument",
    "ssm:DeleteDocument",
    "ssm:ModifyDocumentPermission",
    "ssm:ResetServiceSetting",
    "ssm:SendCommand",
    "ssm:UpdateDocument",
    "ssm:UpdateDocumentDefaultVersion",
    "ssm:UpdateDocumentMetadata",
    "ssm:UpdateServiceSetting",
];

/// What would take the traces away, or show what was masked in them.
const TRACES: [&str; 10] = [
    "cloudtrail:DeleteEventDataStore",
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:PutRetentionPolicy",
    "logs:Unmask",
];

/// Adds what nobody who acts by a catalogue may do.
pub(super) fn guard(places: &[Place<'_>], drafts: &mut Drafts) {
    let partitions: BTreeSet<&str> = places.iter().map(|place| place.partition).collect();
    let documents = partitions
        .iter()
        .flat_map(|partition| GENERIC.iter().map(move |name| format!("arn:{partition}:ssm:*:*:document/{name}")));
    drafts.add("NoTamperGeneric", Statement::deny(["ssm:StartSession"], documents));
    // Where no environment could be pinned nothing is allowed, and the denials still stand.
    drafts.add("NoTamperDocuments", Statement::deny(DOCUMENTS, ["*".to_owned()]));
    drafts.add("NoTamperTraces", Statement::deny(TRACES, ["*".to_owned()]));
}

//! What Automation needs of whoever starts it; what a document then does needs its own role.

use std::collections::BTreeSet;

use super::place::Place;
use super::reads::regions;
use super::statement::{Drafts, Statement};
use crate::runbook::entry::{Entry, Operation, document_name};

/// Adds the start of each entry's document, and following what was started.
///
/// Sources: Service Authorization Reference, "AWS Systems Manager"; Systems Manager User Guide, "Setting up Automation": the
/// role of a document must be one that its starter may pass.
pub(super) fn changes(places: &[Place<'_>], drafts: &mut Drafts) {
    let mut executions = BTreeSet::new();
    for place in places {
        for entry in &place.entries {
            let Some(document) = started(&entry.operation) else { continue };
            let own = place.arns("ssm", "automation-execution/*");
            let parts = [format!("document/{document}"), format!("automation-definition/{document}:*")];
            let resources = parts.iter().flat_map(|part| place.arns("ssm", part)).chain(own.iter().cloned());
            let written = entry.id.written();
            // What it says is looked at before it is started: it may not be what was compiled.
            let look = Statement::allow(["ssm:GetDocument"], place.arns("ssm", &parts[0]));
            drafts.add_for(place, "Look", written, look);
            let start = Statement::allow(["ssm:StartAutomationExecution"], resources);
            drafts.add_for(place, "Automation", written, start);
            let pass = Statement::allow(["iam:PassRole"], [role_arn(place, entry)]);
            let pass = pass.when("StringEquals", "iam:PassedToService", ["ssm.amazonaws.com"]);
            drafts.add_for(place, "PassRole", written, pass);
            executions.extend(own);
        }
    }
    if executions.is_empty() {
        return;
    }
    drafts
        .add("Executions", Statement::allow(["ssm:GetAutomationExecution", "ssm:StopAutomationExecution"], executions));
    // Where no answer came, whether it was started is looked up among all executions, which no resource binds.
    let look = Statement::allow(["ssm:DescribeAutomationExecutions"], ["*".to_owned()]);
    drafts.add("ExecutionsList", look.when("StringEquals", "aws:RequestedRegion", regions(places, false)));
}

/// Returns the document that an operation starts.
pub(super) fn started(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::ServiceChange { document, .. } | Operation::Automation { document, .. } => Some(document),
        _ => None,
    }
}

/// Names the role that an entry's document runs under.
pub(super) fn role_name(entry: &Entry) -> String {
    document_name(&entry.environment, &entry.id)
}

/// Writes the ARN of that role; IAM knows no regions.
pub(super) fn role_arn(place: &Place<'_>, entry: &Entry) -> String {
    place.arn("iam", "", &format!("role/{}", role_name(entry)))
}

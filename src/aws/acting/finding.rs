//! The workflow status of a finding: set with a note that says who, why and by which ticket.

use aws_sdk_securityhub::types as aws;
use aws_types::request_id::RequestId;

use crate::{
    domain::{
        fetch::{Failure, FailureKind},
        target::Target,
        text::clean,
    },
    policy::{Grant, Op},
};

use super::{
    super::{
        action::Action,
        call::{Caller, Refusal},
        preflight,
        words::{message, name},
    },
    Act,
    start::unsent,
};

/// The most that a note holds, in characters, and the name of who wrote it.
///
/// Source: Security Hub User Guide, "Optional top-level ASFF attributes", `Note`.
const NOTE: usize = 512;

impl Act {
    /// Gives the finding its new workflow status.
    ///
    /// # Errors
    /// A [`Refusal`]; [`Refusal::is_unanswered`] where it may have been given all the same.
    pub(super) async fn update_finding(&self) -> Result<(), Refusal> {
        let updated = self.try_to_update().await;
        if let Err(refusal) = &updated {
            let mut trace = self.trace();
            trace.request_id = refusal.failure.request_id.clone().or_else(|| trace.request_id.take());
            trace.refusal = Some(refusal.clone());
        }
        updated
    }

    async fn try_to_update(&self) -> Result<(), Refusal> {
        let action = Action::BatchUpdateFindings;
        let mut hands = self.hands().await.map_err(unsent)?;
        let (Op::Workflow { status }, Target::Finding { id, product_arn, .. }) =
            (self.authorized.operation(), &self.target)
        else {
            return Err(unsent(hands.caller().failed(action, FailureKind::Invalid, "")));
        };
        let note = note(self.authorized.grant());
        loop {
            let connection = &hands.connection;
            // In the region where it is read: the aggregation region passes it on to its own.
            let site = connection.hub().await.map_err(unsent)?.site();
            let identifier = aws::AwsSecurityFindingIdentifier::builder()
                .id(connection.original(id))
                .product_arn(connection.original(product_arn))
                .build();
            let workflow = aws::WorkflowUpdate::builder().status(status.name().into()).build();
            let update = || {
                let request = site.securityhub.batch_update_findings().finding_identifiers(identifier.clone());
                request.set_note(note.clone()).workflow(workflow.clone()).send()
            };
            let refusal = match site.caller.act(action, update).await {
                Ok(answer) => {
                    self.trace().request_id = answer.request_id().map(|id| name(Some(id)));
                    let left = left_undone(&site.caller, answer.processed_findings(), answer.unprocessed_findings());
                    return left.map_or(Ok(()), Err);
                }
                Err(refusal) => refusal,
            };
            // Where the denial is looked for before the next one: with the connection, whatever region it was met in.
            let denials = &hands.caller().ledger.denials;
            denials.note_part(action, &preflight::part(self.authorized.operation()), &refusal.failure);
            hands = self.other_hands(&hands, refusal.failure.clone()).await.map_err(|_| refusal)?;
        }
    }
}

/// Returns what is noted on the finding: ticket and reason, and who; nothing where neither was given.
fn note(grant: &Grant) -> Option<aws::NoteUpdate> {
    let parts = [grant.ticket.as_deref(), grant.reason.as_deref()].into_iter().flatten();
    let text = clean(&parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(": "), NOTE);
    let by = clean(&grant.identity.arn, NOTE);
    (!text.is_empty()).then(|| aws::NoteUpdate::builder().text(text).updated_by(by).build())
}

/// Tells why the one finding that was to be updated was not; nothing where it was.
///
/// Source: AWS Security Hub API Reference, `BatchUpdateFindingsUnprocessedFinding`: `ErrorCode` is one of
/// `ConcurrentUpdateError`, `DuplicatedFindingIdentifier`, `FindingNotFound`, `FindingSizeExceeded`, `InternalFailure`
/// and `InvalidInput`.
fn left_undone(
    caller: &Caller,
    processed: &[aws::AwsSecurityFindingIdentifier],
    unprocessed: &[aws::BatchUpdateFindingsUnprocessedFinding],
) -> Option<Refusal> {
    let failed = |kind, detail: &str| caller.failed(Action::BatchUpdateFindings, kind, detail);
    if let Some(left) = unprocessed.first() {
        let code = name(left.error_code.as_deref());
        let detail = format!("{code}: {}", message(left.error_message.as_deref()));
        return Some(Refusal { failure: failed(kind_of(&code), &detail), code: Some(code), is_unanswered: false });
    }
    // An answer that says nothing of it is none.
    let silent = || Refusal { failure: failed(FailureKind::Malformed, ""), code: None, is_unanswered: true };
    processed.is_empty().then(silent)
}

fn kind_of(code: &str) -> FailureKind {
    match code {
        "FindingNotFound" => FailureKind::NotFound,
        "ConcurrentUpdateError" | "InternalFailure" => FailureKind::ServiceFault,
        "AccessDenied" | "AccessDeniedException" => {
            FailureKind::Denied { missing_action: Action::BatchUpdateFindings.name().to_owned() }
        }
        _ => FailureKind::Invalid,
    }
}

impl super::Acting {
    /// Tells whether the finding has the workflow status that it was to be given, as far as Security Hub shows it yet.
    ///
    /// # Errors
    /// A [`Failure`] where nobody can look.
    pub async fn is_updated(&self) -> Result<bool, Failure> {
        let (Op::Workflow { status }, Target::Finding { id, .. }) = (self.act.authorized.operation(), &self.act.target)
        else {
            return Ok(false);
        };
        let noted = note(self.act.authorized.grant()).and_then(|note| note.text);
        let found = self.act.connection().await?.finding(id).await?;
        Ok(found.is_some_and(|finding| {
            let is_ours = noted.is_none_or(|noted| finding.note == noted);
            is_ours && finding.workflow.as_str() == status.name()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_security_hub_leaves_undone_is_told_by_its_code() {
        assert_eq!(kind_of("FindingNotFound"), FailureKind::NotFound);
        assert_eq!(kind_of("ConcurrentUpdateError"), FailureKind::ServiceFault);
        assert_eq!(kind_of("InvalidInput"), FailureKind::Invalid);
        assert_eq!(kind_of("SomethingNew"), FailureKind::Invalid);
        let missing_action = "securityhub:BatchUpdateFindings".to_owned();
        assert_eq!(kind_of("AccessDenied"), FailureKind::Denied { missing_action });
    }
}

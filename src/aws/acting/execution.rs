//! Automation executions: started once, read step by step, stopped, and looked for where no answer came.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ssm::types as aws;
use aws_types::request_id::RequestId;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::{Failure, FailureKind},
    progress::{Execution, ExecutionStatus, Step},
};

use super::{
    super::{
        action::Action,
        call::Refusal,
        preflight,
        words::{message, name, time},
    },
    Act,
    hands::Hands,
    start::unsent,
};

/// How far AWS's clock may be from ours: an execution that began longer before it was asked for is another one.
const ASTRAY: SignedDuration = SignedDuration::from_mins(2);

/// How many executions are gone through for one that did not answer, and how many a page of them holds.
const MOST_LOOKED_AT: usize = 100;
/// As above, `DescribeAutomationExecutions`, `MaxResults`.
const PAGE: i32 = 50;

/// The most steps that are kept of an execution; `GetAutomationExecution` gives the first hundred.
const MOST_STEPS: usize = 200;

/// The most bytes that are asked of a document's name.
const LONGEST_ID: usize = 36;

impl Act {
    /// Starts the execution that the operation is; the same token goes with each try, so that no try starts another one.
    ///
    /// # Errors
    /// A [`Refusal`]; [`Refusal::is_unanswered`] where it may have begun all the same.
    pub(super) async fn start_execution(&self) -> Result<String, Refusal> {
        let started = self.try_to_execute().await;
        let mut trace = self.trace();
        match &started {
            Ok(id) => {
                trace.execution = Some(id.clone());
                trace.refusal = None;
            }
            Err(refusal) => {
                trace.request_id.clone_from(&refusal.failure.request_id);
                trace.refusal = Some(refusal.clone());
            }
        }
        started
    }

    async fn try_to_execute(&self) -> Result<String, Refusal> {
        let operation = self.authorized.operation();
        let action = Action::StartAutomationExecution;
        let mut hands = self.hands().await.map_err(unsent)?;
        let (Some(document), Some(inputs)) = (operation.document(), self.inputs()) else {
            return Err(unsent(hands.caller().failed(action, FailureKind::Invalid, "")));
        };
        let given = parameters(&inputs);
        loop {
            let start = || {
                let request = hands.ssm.start_automation_execution().document_name(document);
                request.set_parameters(given.clone()).client_token(&self.token).send()
            };
            let refusal = match hands.caller().act(action, start).await {
                Ok(answer) => {
                    self.trace().request_id = answer.request_id().map(|id| name(Some(id)));
                    return answer.automation_execution_id.filter(|id| is_id(id)).ok_or_else(|| Refusal {
                        failure: hands.caller().failed(action, FailureKind::Malformed, ""),
                        code: None,
                        // It was answered with success, and does not say what it is called.
                        is_unanswered: true,
                    });
                }
                Err(refusal) => refusal,
            };
            let denials = &hands.caller().ledger.denials;
            denials.note_part(action, &preflight::part(operation), &refusal.failure);
            // What was refused for its credentials was not done.
            hands = self.other_hands(&hands, refusal.failure.clone()).await.map_err(|_| refusal)?;
        }
    }

    /// Returns what the document is started with; nothing where the operation starts none.
    fn inputs(&self) -> Option<BTreeMap<String, String>> {
        let grant = self.authorized.grant();
        let (reason, ticket) = (grant.reason.as_deref(), grant.ticket.as_deref());
        self.authorized.operation().execution_inputs(&grant.parameters, reason, ticket)
    }

    /// Reads how an execution stands.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read; [`FailureKind::NotFound`] for a moment after it was started, too.
    pub(super) async fn execution(&self, id: &str) -> Result<Execution, Failure> {
        let mut hands = self.hands().await?;
        loop {
            match read(&hands, id).await {
                Ok(raw) => return Ok(execution(&raw, id)),
                Err(failure) => hands = self.other_hands(&hands, failure).await?,
            }
        }
    }

    /// Asks AWS to stop an execution; one that is over stays as it is.
    ///
    /// # Errors
    /// A [`Failure`] where it is not stopped.
    pub(super) async fn stop_execution(&self, id: &str) -> Result<(), Failure> {
        let mut hands = self.hands().await?;
        loop {
            let stop = || {
                let request = hands.ssm.stop_automation_execution().automation_execution_id(id);
                request.r#type(aws::StopType::Cancel).send()
            };
            match hands.caller().act(Action::StopAutomationExecution, stop).await {
                Ok(_) => return Ok(()),
                // `InvalidAutomationStatusUpdateException`: it has come to its end already.
                Err(refusal) if refusal.code.as_deref() == Some("InvalidAutomationStatusUpdateException") => {
                    return Ok(());
                }
                Err(refusal) => hands = self.other_hands(&hands, refusal.failure).await?,
            }
        }
    }

    /// Looks for the execution whose start was not answered: of this document, begun since then by this caller, with the
    /// same parameters. The token that would tell it for sure is nowhere to be read.
    ///
    /// # Errors
    /// A [`Failure`] where nobody can look.
    pub(super) async fn find_execution(&self, since: Timestamp) -> Result<Option<String>, Failure> {
        let (Some(document), Some(inputs)) = (self.authorized.operation().document(), self.inputs()) else {
            return Ok(None);
        };
        let mut hands = self.hands().await?;
        let found = loop {
            match candidates(&hands, document).await {
                Ok(found) => break found,
                Err(failure) => hands = self.other_hands(&hands, failure).await?,
            }
        };
        let who = &self.authorized.grant().identity.arn;
        let earliest = since.saturating_sub(ASTRAY).unwrap_or(Timestamp::MIN);
        for one in found.iter().filter(|one| may_be_ours(one, document, who, earliest)) {
            let Some(id) = one.automation_execution_id.as_deref().filter(|id| is_id(id)) else { continue };
            let given = read(&hands, id).await?.parameters;
            if is_given(given.as_ref(), &inputs) {
                self.trace().execution = Some(id.to_owned());
                return Ok(Some(id.to_owned()));
            }
        }
        Ok(None)
    }
}

/// Reads an execution as AWS has it.
async fn read(hands: &Hands, id: &str) -> Result<aws::AutomationExecution, Failure> {
    let action = Action::GetAutomationExecution;
    let get = || hands.ssm.get_automation_execution().automation_execution_id(id).send();
    let answer = hands.caller().ask(action, get).await?;
    answer.automation_execution.ok_or_else(|| hands.caller().failed(action, FailureKind::Malformed, ""))
}

/// Lists the latest executions of a document.
async fn candidates(hands: &Hands, document: &str) -> Result<Vec<aws::AutomationExecutionMetadata>, Failure> {
    let action = Action::DescribeAutomationExecutions;
    let filter = aws::AutomationExecutionFilter::builder()
        .key(aws::AutomationExecutionFilterKey::DocumentNamePrefix)
        .values(document)
        .build()
        .map_err(|error| hands.caller().invalid(action, &error))?;
    let found = super::super::paging::pages(MOST_LOOKED_AT, |token| {
        let filter = filter.clone();
        async move {
            let describe = || {
                let request = hands.ssm.describe_automation_executions().filters(filter.clone());
                request.max_results(PAGE).set_next_token(token.clone()).send()
            };
            let answer = hands.caller().ask(action, describe).await?;
            Ok((answer.automation_execution_metadata_list.unwrap_or_default(), answer.next_token))
        }
    });
    Ok(found.await?.items)
}

/// Tells whether an execution is one that this caller may have started since then.
fn may_be_ours(raw: &aws::AutomationExecutionMetadata, document: &str, who: &str, earliest: Timestamp) -> bool {
    let is_document = raw.document_name.as_deref() == Some(document);
    let is_ours = raw.executed_by.as_deref() == Some(who);
    is_document && is_ours && time(raw.execution_start_time.as_ref()).is_some_and(|began| began >= earliest)
}

/// Tells whether an execution was given just these parameters; a document's own defaults may stand beside them.
fn is_given(given: Option<&HashMap<String, Vec<String>>>, inputs: &BTreeMap<String, String>) -> bool {
    let has = |(name, value): (&String, &String)| {
        given.and_then(|given| given.get(name)).is_some_and(|values| values.as_slice() == [value.as_str()])
    };
    inputs.iter().all(has)
}

/// Puts parameters as AWS takes them; none at all where there is none, since an empty map is refused.
fn parameters(inputs: &BTreeMap<String, String>) -> Option<HashMap<String, Vec<String>>> {
    let given: HashMap<_, _> = inputs.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    (!given.is_empty()).then_some(given)
}

/// Tells whether a text can be the id of an execution, which goes into later calls.
fn is_id(id: &str) -> bool {
    id.len() == LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn execution(raw: &aws::AutomationExecution, id: &str) -> Execution {
    let steps = raw.step_executions();
    Execution {
        id: id.to_owned(),
        status: status(raw.automation_execution_status.as_ref()),
        steps: steps.iter().take(MOST_STEPS).map(step).collect(),
        more: raw.step_executions_truncated || steps.len() > MOST_STEPS,
        failure: message(raw.failure_message.as_deref()),
        started_at: time(raw.execution_start_time.as_ref()),
        ended_at: time(raw.execution_end_time.as_ref()),
    }
}

fn step(raw: &aws::StepExecution) -> Step {
    Step {
        name: name(raw.step_name.as_deref()),
        action: name(raw.action.as_deref()),
        status: status(raw.step_status.as_ref()),
        started_at: time(raw.execution_start_time.as_ref()),
        ended_at: time(raw.execution_end_time.as_ref()),
        failure: message(raw.failure_message.as_deref()),
    }
}

fn status(raw: Option<&aws::AutomationExecutionStatus>) -> ExecutionStatus {
    ExecutionStatus::from_aws(&name(raw.map(aws::AutomationExecutionStatus::as_str)))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    const ID: &str = "4105a4fc-f944-11e6-9d32-8fb2db27a909";

    #[test]
    fn an_execution_is_mapped_with_its_steps_and_what_it_says_is_clean() {
        let failed = aws::StepExecution::builder()
            .step_name("update")
            .action("aws:executeAwsApi")
            .step_status(aws::AutomationExecutionStatus::Failed)
            .execution_start_time(DateTime::from_secs(60))
            .failure_message("Step fails when it is \u{1b}[31mexecuting\u{1b}[0m");
        let raw = aws::AutomationExecution::builder()
            .automation_execution_status("SomethingNew".into())
            .step_executions(failed.build())
            .step_executions(aws::StepExecution::builder().build())
            .step_executions_truncated(true)
            .build();
        let mapped = execution(&raw, ID);
        assert_eq!((mapped.id.as_str(), mapped.status.as_str(), mapped.more), (ID, "SomethingNew", true));
        let [first, second] = &mapped.steps[..] else { panic!("{mapped:?}") };
        assert_eq!((first.name.as_str(), &first.status), ("update", &ExecutionStatus::Failed));
        assert_eq!(first.started_at, Timestamp::from_second(60).ok());
        assert!(!first.failure.contains('\u{1b}') && first.failure.ends_with("executing"));
        assert_eq!((second.name.as_str(), second.status.as_str(), second.started_at), ("", "", None));
        let empty = execution(&aws::AutomationExecution::builder().build(), ID);
        assert!(empty.steps.is_empty() && !empty.status.is_over());
    }

    #[test]
    fn an_execution_is_ours_by_document_caller_time_and_parameters() {
        let who = "arn:aws:sts::111122223333:assumed-role/Operator/op-0137";
        let at = Timestamp::from_second(1_000).unwrap();
        let of = |document: &str, by: &str, second: i64| {
            let raw = aws::AutomationExecutionMetadata::builder().document_name(document).executed_by(by);
            may_be_ours(&raw.execution_start_time(DateTime::from_secs(second)).build(), "Sekisho-prd-x", who, at)
        };
        assert!(of("Sekisho-prd-x", who, 1_000));
        assert!(!of("Sekisho-prd-xy", who, 1_000));
        assert!(!of("Sekisho-prd-x", "arn:aws:sts::111122223333:assumed-role/Operator/op-0200", 1_000));
        assert!(!of("Sekisho-prd-x", who, 999));
        assert!(!may_be_ours(&aws::AutomationExecutionMetadata::builder().build(), "Sekisho-prd-x", who, at));

        let inputs = BTreeMap::from([("Service".to_owned(), "web".to_owned())]);
        let given = |pairs: &[(&str, &[&str])]| -> HashMap<String, Vec<String>> {
            let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
            pairs.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect()
        };
        assert!(is_given(Some(&given(&[("Service", &["web"]), ("Reason", &[""])])), &inputs));
        assert!(!is_given(Some(&given(&[("Service", &["api"])])), &inputs));
        assert!(!is_given(Some(&given(&[("Service", &["web", "api"])])), &inputs));
        assert!(!is_given(None, &inputs));
    }

    #[test]
    fn what_is_no_id_goes_into_no_call() {
        assert!(is_id(ID));
        for text in ["", "4105a4fc", "4105a4fc-f944-11e6-9d32-8fb2db27a90/", "4105a4fc-f944-11e6-9d32-8fb2db27a9099"] {
            assert!(!is_id(text), "{text}");
        }
    }
}

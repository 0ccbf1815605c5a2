//! How sessions start: `StartSession` and `ExecuteCommand`.

use std::collections::HashMap;

use aws_types::request_id::RequestId;
use secrecy::SecretString;

use crate::{
    domain::{
        fetch::{Failure, FailureKind},
        preflight::Obstacle,
        target::Target,
        text::clean,
    },
    policy::Op,
    runbook::entry::LOCAL_PORT,
    session::control::Ticket,
};

use super::{
    super::{action::Action, call::Refusal, preflight, words::name},
    Act,
    hands::Hands,
};

/// The most of a reason that `StartSession` takes, in UTF-16 units (`SessionReason`).
const REASON: usize = 256;

/// What both calls answer.
struct Answered {
    session_id: Option<String>,
    stream_url: Option<String>,
    token: Option<String>,
    request_id: Option<String>,
}

impl Act {
    /// Starts a session and keeps in mind what came of it.
    ///
    /// # Errors
    /// A [`Refusal`]; where half an answer came, the session that it names was ended again.
    pub(super) async fn start_session(&self) -> Result<Ticket, Refusal> {
        let started = self.try_to_start().await;
        let mut trace = self.trace();
        match &started {
            Ok(ticket) => {
                trace.sessions.push((ticket.session_id.clone(), ticket.stream_url.clone()));
                trace.refusal = None;
            }
            Err(refusal) => {
                trace.request_id.clone_from(&refusal.failure.request_id);
                trace.refusal = Some(refusal.clone());
            }
        }
        started
    }

    async fn try_to_start(&self) -> Result<Ticket, Refusal> {
        let operation = self.authorized.operation();
        let mut hands = self.hands().await.map_err(unsent)?;
        if !operation.is_session() {
            return Err(no_session(&hands));
        }
        let action = preflight::starter(operation);
        let answered = loop {
            let refusal = match self.ask_to_start(&hands).await {
                Ok(answered) => break answered,
                Err(refusal) => refusal,
            };
            let denials = &hands.caller().ledger.denials;
            denials.note_part(action, &preflight::part(operation), &refusal.failure);
            // What was refused for its credentials was not done.
            hands = self.other_hands(&hands, refusal.failure.clone()).await.map_err(|_| refusal)?;
        };
        self.trace().request_id = answered.request_id;
        let session_id = answered.session_id.map(|id| name(Some(id))).filter(|id| !id.is_empty());
        match (session_id, answered.stream_url, answered.token) {
            (Some(session_id), Some(stream_url), Some(token)) if !stream_url.is_empty() && !token.is_empty() => {
                Ok(Ticket { session_id, stream_url, token: SecretString::from(token) })
            }
            (session_id, ..) => {
                let failure = hands.caller().failed(action, FailureKind::Malformed, "");
                let ended = match &session_id {
                    Some(id) => self.terminate_session(id).await.is_ok(),
                    None => false,
                };
                Err(Refusal { failure, code: None, is_unanswered: !ended })
            }
        }
    }

    async fn ask_to_start(&self, hands: &Hands) -> Result<Answered, Refusal> {
        match self.authorized.operation() {
            Op::Shell { document, .. } | Op::PortForward { document, .. } => self.ask_ssm(hands, document).await,
            Op::Exec { command, .. } => self.ask_ecs(hands, command).await,
            Op::ServiceChange { .. } | Op::Workflow { .. } | Op::Automation { .. } => Err(no_session(hands)),
        }
    }

    async fn ask_ssm(&self, hands: &Hands, document: &str) -> Result<Answered, Refusal> {
        let start = || {
            let request = hands.ssm.start_session().target(&self.ssm_target).document_name(document);
            request.set_parameters(self.parameters()).set_reason(self.reason()).send()
        };
        let answer = hands.caller().act(Action::StartSession, start).await?;
        Ok(Answered {
            request_id: answer.request_id().map(|id| name(Some(id))),
            session_id: answer.session_id,
            stream_url: answer.stream_url,
            token: answer.token_value,
        })
    }

    async fn ask_ecs(&self, hands: &Hands, command: &str) -> Result<Answered, Refusal> {
        let Target::Container { cluster, task, container, .. } = &self.target else {
            return Err(unsent(hands.caller().failed(Action::ExecuteCommand, FailureKind::Invalid, "")));
        };
        let connection = &hands.connection;
        let start = || {
            let request = hands.ecs.execute_command().cluster(connection.original(cluster)).task(task);
            request.container(connection.original(container)).interactive(true).command(command).send()
        };
        let answer = hands.caller().act(Action::ExecuteCommand, start).await?;
        let request_id = answer.request_id().map(|id| name(Some(id)));
        let session = answer.session;
        let (session_id, stream_url, token) =
            session.map(|session| (session.session_id, session.stream_url, session.token_value)).unwrap_or_default();
        Ok(Answered { session_id, stream_url, token, request_id })
    }

    /// Returns the parameters that a pinned document leaves open: of a tunnel, where it listens.
    fn parameters(&self) -> Option<HashMap<String, Vec<String>>> {
        let Op::PortForward { .. } = self.authorized.operation() else { return None };
        let port = self.authorized.grant().parameters.get(LOCAL_PORT)?;
        Some(HashMap::from([("localPortNumber".to_owned(), vec![port.clone()])]))
    }

    /// Returns what CloudTrail and `EventBridge` are told: the ticket and the reason.
    fn reason(&self) -> Option<String> {
        let grant = self.authorized.grant();
        reason(grant.ticket.as_deref(), grant.reason.as_deref())
    }
}

/// Joins ticket and reason, within what AWS takes; the ticket comes first, so that it is never what is cut.
fn reason(ticket: Option<&str>, reason: Option<&str>) -> Option<String> {
    let parts: Vec<&str> = [ticket, reason].into_iter().flatten().filter(|part| !part.trim().is_empty()).collect();
    let mut text = clean(&parts.join(": "), REASON);
    while text.encode_utf16().count() > REASON {
        text.pop();
    }
    (!text.is_empty()).then_some(text)
}

/// Refuses to start a session for an operation that opens none; nothing was sent.
fn no_session(hands: &Hands) -> Refusal {
    unsent(hands.caller().failed(Action::StartSession, FailureKind::Invalid, ""))
}

/// Makes a refusal of a call that was never sent.
pub(super) fn unsent(failure: Failure) -> Refusal {
    Refusal { failure, code: None, is_unanswered: false }
}

/// Finds the obstacle that a refusal names.
///
/// Sources: the errors of `StartSession`, `StartAutomationExecution` (AWS Systems Manager API Reference) and
/// `ExecuteCommand` (Amazon ECS API Reference).
pub(super) fn obstacle(operation: &Op, target: &Target, refusal: &Refusal) -> Option<Obstacle> {
    if let FailureKind::Denied { missing_action } = &refusal.failure.kind {
        return Some(Obstacle::PermissionMissing { action: missing_action.clone() });
    }
    match (refusal.code.as_deref()?, operation, target) {
        ("InvalidDocument", Op::Shell { document, .. } | Op::PortForward { document, .. }, _) => {
            Some(Obstacle::NoDocument { document: document.clone() })
        }
        (
            "AutomationDefinitionNotFoundException",
            Op::ServiceChange { document, .. } | Op::Automation { document, .. },
            _,
        ) => Some(Obstacle::NoDocument { document: document.clone() }),
        ("FindingNotFound", _, Target::Finding { id, .. }) => Some(Obstacle::NoFinding { finding: id.clone() }),
        ("TargetNotConnected" | "TargetNotConnectedException", _, Target::Node { id, .. }) => {
            Some(Obstacle::NodeOffline { id: id.clone(), last_ping: None })
        }
        ("TargetNotConnected" | "TargetNotConnectedException", _, Target::Container { task, .. }) => {
            Some(Obstacle::ExecAgentNotRunning { task: task.clone(), status: String::new() })
        }
        ("InvalidParameterException", Op::Exec { .. }, Target::Container { task, .. })
            if refusal.failure.detail.contains("not enabled") =>
        {
            Some(Obstacle::ExecNotEnabled { task: task.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;
    use crate::domain::target::Selector;

    #[rstest]
    #[case(None, None, None)]
    #[case(Some(""), Some("  "), None)]
    #[case(Some("INC-7"), None, Some("INC-7"))]
    #[case(None, Some("遅い"), Some("遅い"))]
    #[case(Some("INC-7"), Some("5xx\nrise"), Some("INC-7: 5xx rise"))]
    fn the_reason_has_the_ticket_first(
        #[case] ticket: Option<&str>,
        #[case] why: Option<&str>,
        #[case] said: Option<&str>,
    ) {
        assert_eq!(reason(ticket, why).as_deref(), said);
    }

    #[rstest]
    #[case("x")]
    #[case("決")]
    #[case("😀")]
    fn a_long_reason_is_cut_to_what_aws_takes(#[case] letter: &str) {
        let said = reason(Some("INC-7"), Some(&letter.repeat(1_000))).unwrap();
        assert!(said.starts_with("INC-7: ") && said.encode_utf16().count() <= REASON);
        assert!(said.encode_utf16().count() >= REASON - 1);
    }

    fn refusal(kind: FailureKind, code: &str, detail: &str) -> Refusal {
        let failure = Failure {
            kind,
            action: String::new(),
            detail: detail.to_owned(),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        };
        Refusal { failure, code: Some(code.to_owned()), is_unanswered: false }
    }

    #[test]
    fn what_aws_refuses_is_named_as_preflight_would() {
        let selector = Selector::ManagedNode { id: "i-1".to_owned() };
        let shell = Op::Shell { selector: selector.clone(), document: "Sekisho-prd-node-shell".to_owned() };
        let exec = Op::Exec { selector, command: "/bin/sh".to_owned() };
        let node = Target::Node { id: "i-1".to_owned(), name: None };
        let container = Target::Container {
            cluster: "shop".to_owned(),
            service: "web".to_owned(),
            task: "0af".to_owned(),
            container: "app".to_owned(),
            runtime_id: "0af-1".to_owned(),
        };
        let invalid = |code, detail| refusal(FailureKind::Invalid, code, detail);
        let of = |operation, target, refusal| obstacle(operation, target, &refusal);
        let document = "Sekisho-prd-node-shell".to_owned();
        assert_eq!(of(&shell, &node, invalid("InvalidDocument", "")), Some(Obstacle::NoDocument { document }));
        let offline = Obstacle::NodeOffline { id: "i-1".to_owned(), last_ping: None };
        assert_eq!(of(&shell, &node, invalid("TargetNotConnected", "")), Some(offline));
        let (task, status) = ("0af".to_owned(), String::new());
        let agent = Obstacle::ExecAgentNotRunning { task: task.clone(), status };
        assert_eq!(of(&exec, &container, invalid("TargetNotConnectedException", "")), Some(agent));
        let words = "The execute command failed because execute command was not enabled when the task was run";
        let not_enabled = Obstacle::ExecNotEnabled { task };
        assert_eq!(of(&exec, &container, invalid("InvalidParameterException", words)), Some(not_enabled));
        assert_eq!(of(&exec, &container, invalid("InvalidParameterException", "no command")), None);
        let denied = FailureKind::Denied { missing_action: "ssm:StartSession".to_owned() };
        let missing = Obstacle::PermissionMissing { action: "ssm:StartSession".to_owned() };
        assert_eq!(of(&shell, &node, refusal(denied, "AccessDeniedException", "")), Some(missing));
    }
}

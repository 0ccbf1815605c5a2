//! Says exactly what an operation will do before it does it.

use super::{LONGEST_REASON, Request};
use crate::domain::target::Target;
use crate::domain::text::clean;
use crate::runbook::entry::{Change, FINDING, Input, Operation, WorkflowStatus};

pub(in crate::policy) mod by_hand;

/// What an operation will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The IAM action that will be called, such as `ssm:StartSession`.
    pub action: &'static str,
    /// Where it goes: a container, node, service or finding, or what will be looked for as long as none was chosen.
    pub target: String,
    /// The document, the fixed command, the destination, the status: what is pinned.
    pub pinned: Vec<Pinned>,
    /// The same by hand, as a line of the AWS CLI.
    pub by_hand: String,
    /// What AWS itself enforces, whoever calls.
    pub enforced: Vec<Bound>,
    /// What only this console enforces.
    pub ours: Vec<Bound>,
}

/// What an operation is pinned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinned {
    /// The Session or Automation document of this name.
    Document(String),
    /// The host and port that the document holds.
    Destination {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The command that the catalogue holds.
    Command(String),
    /// The workflow status that the catalogue holds.
    Status(WorkflowStatus),
    /// What the catalogue gives a document's parameter.
    Input {
        /// The document's parameter.
        name: String,
        /// What it is given.
        value: String,
    },
}

/// What bounds an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Who may do it.
    Role,
    /// Where it goes.
    Target,
    /// Which document is used.
    Document,
    /// To which host and port the tunnel leads.
    Destination,
    /// Which command is run.
    Command,
    /// Within what its parameters may be chosen.
    Parameters,
    /// Which workflow status is set.
    Status,
    /// How long it may last.
    TimeLimit,
    /// That a reason and a ticket are given.
    Reason,
    /// That it is recorded.
    Recording,
}

/// Says what an operation in a region will do, as far as it has been decided.
///
/// What IAM can and cannot bind: Service Authorization Reference, "AWS Systems Manager", "Amazon ECS" and "AWS Security
/// Hub": a document is a resource of `ssm:StartSession` and `ssm:StartAutomationExecution`; the command of
/// `ecs:ExecuteCommand` is in no condition key; of `securityhub:BatchUpdateFindings` the status is in one and the finding
/// in none. A document of the type `Port` knows no time limit (Systems Manager User Guide, "Session document schema"), and
/// an Automation document takes only what its parameters' `allowedValues` and `allowedPattern` say.
///
/// What was typed may be anything until the gate has judged it: here it is one line of visible characters, and no longer than
/// the gate would let through.
pub fn preview(operation: &Operation, region: &str, target: Option<&Target>, request: &Request) -> Preview {
    let request = &readable(request);
    let (action, pinned, enforced, ours): (_, _, &[Bound], &[Bound]) = match operation {
        Operation::Shell { document, .. } => (
            "ssm:StartSession",
            vec![Pinned::Document(document.clone())],
            &[Bound::Role, Bound::Target, Bound::Document, Bound::TimeLimit],
            &[Bound::Reason, Bound::Recording],
        ),
        Operation::PortForward { document, destination, .. } => (
            "ssm:StartSession",
            vec![
                Pinned::Document(document.clone()),
                Pinned::Destination { host: destination.host.clone(), port: destination.port },
            ],
            &[Bound::Role, Bound::Target, Bound::Document, Bound::Destination],
            &[Bound::TimeLimit, Bound::Reason, Bound::Recording],
        ),
        Operation::Exec { command, .. } => (
            "ecs:ExecuteCommand",
            vec![Pinned::Command(command.clone())],
            &[Bound::Role, Bound::Target],
            &[Bound::Command, Bound::TimeLimit, Bound::Reason, Bound::Recording],
        ),
        Operation::ServiceChange { change, document, .. } => (
            "ssm:StartAutomationExecution",
            vec![Pinned::Document(document.clone())],
            match change {
                Change::Redeploy | Change::Rollback => &[Bound::Role, Bound::Target, Bound::Document],
                Change::Scale | Change::StopTask => &[Bound::Role, Bound::Target, Bound::Document, Bound::Parameters],
            },
            &[Bound::Reason],
        ),
        Operation::Workflow { status } => (
            "securityhub:BatchUpdateFindings",
            vec![Pinned::Status(*status)],
            &[Bound::Role, Bound::Status],
            &[Bound::Target, Bound::Reason],
        ),
        Operation::Automation { document, inputs } => (
            "ssm:StartAutomationExecution",
            std::iter::once(Pinned::Document(document.clone())).chain(inputs.iter().filter_map(fixed)).collect(),
            &[Bound::Role, Bound::Document],
            &[Bound::Parameters, Bound::Reason],
        ),
    };
    let chosen = || request.parameters.get(FINDING).cloned().unwrap_or_else(|| operation.goal());
    Preview {
        action,
        target: target.map_or_else(chosen, ToString::to_string),
        pinned,
        by_hand: by_hand::by_hand(operation, region, target, request),
        enforced: enforced.to_vec(),
        ours: ours.to_vec(),
    }
}

/// Makes what was typed fit to be shown.
fn readable(request: &Request) -> Request {
    let shown = |text: &String| clean(text, LONGEST_REASON);
    Request {
        parameters: request.parameters.iter().map(|(name, value)| (shown(name), shown(value))).collect(),
        reason: request.reason.as_ref().map(shown),
        ticket: request.ticket.as_ref().map(shown),
        ..request.clone()
    }
}

/// Returns what the catalogue gives a document's parameter, where it is always the same.
fn fixed((name, input): (&String, &Input)) -> Option<Pinned> {
    match input {
        Input::Fixed(value) => Some(Pinned::Input { name: name.clone(), value: value.clone() }),
        Input::Chosen(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::target::Selector;
    use crate::runbook::entry::{Destination, EntryId};

    fn request(parameters: &[(&str, &str)], reason: Option<&str>) -> Request {
        Request {
            entry: EntryId("x".into()),
            environment: "prd".into(),
            parameters: parameters.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
            reason: reason.map(str::to_owned),
            ticket: reason.map(|_| "INC-7".to_owned()),
            confirmation: None,
        }
    }

    fn service(container: Option<&str>) -> Selector {
        Selector::EcsService {
            cluster: "shop-prd".into(),
            service: "tunnel".into(),
            container: container.map(str::to_owned),
        }
    }

    fn task() -> Target {
        Target::Container {
            cluster: "shop-prd".into(),
            service: "tunnel".into(),
            task: "0123456789abcdef".into(),
            container: "app".into(),
            runtime_id: "0123-1".into(),
        }
    }

    #[test]
    fn a_tunnel_is_told_with_its_destination_and_what_aws_does_not_enforce() {
        let destination = Destination { host: "db.example".into(), port: 5432, user: None, database: None };
        let operation = Operation::PortForward {
            selector: service(None),
            document: "Sekisho-prd-db-readonly".into(),
            destination,
            sessions: 4,
        };
        let request_of = request(&[("local_port", "15432")], Some("it's slow"));
        let told = preview(&operation, "ap-northeast-1", Some(&task()), &request_of);
        assert_eq!(
            told.by_hand,
            "aws ssm start-session --region ap-northeast-1 --target ecs:shop-prd_0123456789abcdef_0123-1 \
             --document-name Sekisho-prd-db-readonly --parameters localPortNumber=15432 --reason 'it'\\''s slow'"
        );
        assert!(told.enforced.contains(&Bound::Destination) && told.ours.contains(&Bound::TimeLimit));
        let undecided = preview(&operation, "ap-northeast-1", None, &request(&[], None));
        assert_eq!(undecided.target, "shop-prd/tunnel");
    }

    #[test]
    fn whatever_was_typed_is_shown_as_one_plain_line() {
        let hostile = "a'b\"c\u{1b}[2J\nrm -rf /\u{202e}\u{7}";
        let long = "x".repeat(64 * 1024);
        let asked = Request { ticket: Some(long), ..request(&[("finding", hostile)], Some(hostile)) };
        let operation = Operation::Workflow { status: WorkflowStatus::Resolved };
        let told = preview(&operation, "ap-northeast-1", None, &asked);
        for text in [&told.by_hand, &told.target] {
            assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
            assert!(text.chars().count() < 4 * LONGEST_REASON, "{}", text.len());
        }
        assert!(told.by_hand.contains("a'\\''b"), "{}", told.by_hand);
    }

    #[test]
    fn a_command_is_told_as_not_enforced_by_aws() {
        let operation = Operation::Exec { selector: service(Some("app")), command: "cat /proc/1/status".into() };
        let told = preview(&operation, "ap-northeast-1", Some(&task()), &request(&[], None));
        assert_eq!(
            told.by_hand,
            "aws ecs execute-command --region ap-northeast-1 --cluster shop-prd --task 0123456789abcdef \
             --container app --interactive --command 'cat /proc/1/status'"
        );
        assert!(told.ours.contains(&Bound::Command) && !told.enforced.contains(&Bound::Command));
    }

    #[test]
    fn a_change_is_told_with_what_its_document_is_given() {
        let (change, document) = (Change::Scale, "Sekisho-prd-service-scale".to_owned());
        let operation = Operation::ServiceChange { change, service: service(None), document };
        let told = preview(&operation, "ap-northeast-1", None, &request(&[("desired", "4")], Some("it's slow")));
        assert_eq!(
            told.by_hand,
            "aws ssm start-automation-execution --region ap-northeast-1 --document-name Sekisho-prd-service-scale \
             --parameters '{\"Desired\":[\"4\"],\"Reason\":[\"it'\\''s slow\"],\"Service\":[\"tunnel\"],\
             \"Ticket\":[\"INC-7\"]}'"
        );
        assert_eq!(told.target, "shop-prd/tunnel");
        assert!(told.enforced.contains(&Bound::Parameters) && told.enforced.contains(&Bound::Target));
    }

    #[test]
    fn a_status_is_told_with_the_finding_that_aws_does_not_bind() {
        let operation = Operation::Workflow { status: WorkflowStatus::Resolved };
        let finding = "arn:aws:securityhub:ap-northeast-1:111122223333:subscription/x/finding/0af7";
        let told = preview(&operation, "ap-northeast-1", None, &request(&[("finding", finding)], Some("済み")));
        assert_eq!(
            told.by_hand,
            format!(
                "aws securityhub batch-update-findings --region ap-northeast-1 --finding-identifiers \
                 Id={finding},ProductArn=PRODUCT_ARN --workflow Status=RESOLVED \
                 --note '{{\"Text\":\"INC-7: 済み\",\"UpdatedBy\":\"USER\"}}'"
            )
        );
        assert_eq!(told.target, finding);
        let product_arn = "arn:aws:securityhub:ap-northeast-1::product/aws/guardduty".to_owned();
        let target = Target::Finding { id: finding.to_owned(), product_arn, title: String::new() };
        let known = preview(&operation, "ap-northeast-1", Some(&target), &request(&[("finding", finding)], None));
        assert!(known.by_hand.contains(",ProductArn=arn:aws:securityhub:ap-northeast-1::product/aws/guardduty "));
        assert!(told.enforced.contains(&Bound::Status) && told.ours.contains(&Bound::Target));
    }

    #[test]
    fn a_document_of_the_team_is_told_with_what_it_is_given() {
        let inputs = BTreeMap::from([
            ("Count".to_owned(), Input::Chosen("count".to_owned())),
            ("Mode".to_owned(), Input::Fixed("full".to_owned())),
        ]);
        let operation = Operation::Automation { document: "Team-Restart".into(), inputs };
        let told = preview(&operation, "ap-northeast-1", None, &request(&[("count", "2")], None));
        assert_eq!(
            told.by_hand,
            "aws ssm start-automation-execution --region ap-northeast-1 --document-name Team-Restart \
             --parameters '{\"Count\":[\"2\"],\"Mode\":[\"full\"]}'"
        );
        let mode = Pinned::Input { name: "Mode".into(), value: "full".into() };
        assert_eq!(told.pinned, [Pinned::Document("Team-Restart".into()), mode]);
    }
}

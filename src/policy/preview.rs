//! Says exactly what an operation will do before it does it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::target::{Selector, Target};
use crate::runbook::entry::Operation;

/// What an operation will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The IAM action that will be called, such as `ssm:StartSession`.
    pub action: &'static str,
    /// Where it goes: a container or node, or what will be looked for as long as none was chosen.
    pub target: String,
    /// The Session document, the fixed command, or the destination: what is pinned.
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
    /// The Session document of this name.
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
}

/// What bounds an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Who may do it.
    Role,
    /// Where it goes.
    Target,
    /// Which Session document is used.
    Document,
    /// To which host and port the tunnel leads.
    Destination,
    /// Which command is run.
    Command,
    /// How long it may last.
    TimeLimit,
    /// That a reason and a ticket are given.
    Reason,
    /// That it is recorded.
    Recording,
}

/// Says what an operation in a region will do, as far as it has been decided.
///
/// What IAM can and cannot bind: Service Authorization Reference, "AWS Systems Manager" and "Amazon ECS": a Session
/// document is a resource of `ssm:StartSession`; the command of `ecs:ExecuteCommand` is in no condition key. A document of
/// the type `Port` knows no time limit (Systems Manager User Guide, "Session document schema").
pub fn preview(
    operation: &Operation,
    region: &str,
    target: Option<&Target>,
    parameters: &BTreeMap<String, String>,
    reason: Option<&str>,
) -> Preview {
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
    };
    Preview {
        action,
        target: target.map_or_else(|| operation.selector().to_string(), ToString::to_string),
        pinned,
        by_hand: by_hand(operation, region, target, parameters, reason),
        enforced: enforced.to_vec(),
        ours: ours.to_vec(),
    }
}

/// Writes the line of the AWS CLI that does the same.
fn by_hand(
    operation: &Operation,
    region: &str,
    target: Option<&Target>,
    parameters: &BTreeMap<String, String>,
    reason: Option<&str>,
) -> String {
    let mut words: Vec<String> = vec!["aws".to_owned()];
    let mut say = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    match operation {
        Operation::Shell { document, .. } | Operation::PortForward { document, .. } => {
            say("ssm", "start-session");
            say("--region", region);
            say("--target", &target.map_or_else(|| operation.selector().to_string(), Target::ssm_target));
            say("--document-name", document);
            if let (Operation::PortForward { .. }, Some(port)) = (operation, parameters.get("local_port")) {
                say("--parameters", &format!("localPortNumber={port}"));
            }
            if let Some(reason) = reason {
                say("--reason", reason);
            }
        }
        Operation::Exec { selector, command } => {
            say("ecs", "execute-command");
            say("--region", region);
            if let Some(Target::Container { cluster, task, container, .. }) = target {
                say("--cluster", cluster);
                say("--task", task);
                say("--container", container);
            } else if let Selector::EcsService { cluster, container, .. } = selector {
                say("--cluster", cluster);
                say("--task", "TASK");
                if let Some(container) = container {
                    say("--container", container);
                }
            }
            say("--interactive --command", command);
        }
    }
    words.join(" ")
}

/// Quotes a word as a POSIX shell takes it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = String::from("'");
    for part in word.split('\'').enumerate() {
        // Writing to a String does not fail.
        let _ = if part.0 == 0 { write!(text, "{}", part.1) } else { write!(text, "'\\''{}", part.1) };
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::entry::Destination;

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
        let parameters = BTreeMap::from([("local_port".to_owned(), "15432".to_owned())]);
        let told = preview(&operation, "ap-northeast-1", Some(&task()), &parameters, Some("it's slow"));
        assert_eq!(
            told.by_hand,
            "aws ssm start-session --region ap-northeast-1 --target ecs:shop-prd_0123456789abcdef_0123-1 \
             --document-name Sekisho-prd-db-readonly --parameters localPortNumber=15432 --reason 'it'\\''s slow'"
        );
        assert!(told.enforced.contains(&Bound::Destination) && told.ours.contains(&Bound::TimeLimit));
        let undecided = preview(&operation, "ap-northeast-1", None, &BTreeMap::new(), None);
        assert_eq!(undecided.target, "shop-prd/tunnel");
    }

    #[test]
    fn a_command_is_told_as_not_enforced_by_aws() {
        let operation = Operation::Exec { selector: service(Some("app")), command: "cat /proc/1/status".into() };
        let told = preview(&operation, "ap-northeast-1", Some(&task()), &BTreeMap::new(), None);
        assert_eq!(
            told.by_hand,
            "aws ecs execute-command --region ap-northeast-1 --cluster shop-prd --task 0123456789abcdef \
             --container app --interactive --command 'cat /proc/1/status'"
        );
        assert!(told.ours.contains(&Bound::Command) && !told.enforced.contains(&Bound::Command));
    }
}

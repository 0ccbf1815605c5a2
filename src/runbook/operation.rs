//! What an entry does: a closed set, with what each operation is pinned to.

use std::collections::BTreeMap;

use crate::domain::target::Selector;

/// The parameter of a tunnel that says on which port of this machine it listens.
pub const LOCAL_PORT: &str = "local_port";

/// The parameter of `ecs.scale` that says how many tasks there are to be.
pub const DESIRED: &str = "desired";

/// The parameter of `ecs.stop_task` that says which task.
pub const TASK: &str = "task";

/// The parameter of `securityhub.workflow` that says which finding, by its ARN.
pub const FINDING: &str = "finding";

/// The parameter of a document that says which service.
pub const DOCUMENT_SERVICE: &str = "Service";

/// The parameter of a document that says how many tasks there are to be.
pub const DOCUMENT_DESIRED: &str = "Desired";

/// The parameter of a document that says which task.
pub const DOCUMENT_TASK: &str = "Task";

/// The parameter of a document that says why, so that AWS's own record has it too.
pub const DOCUMENT_REASON: &str = "Reason";

/// The parameter of a document that says by which ticket, so that AWS's own record has it too.
pub const DOCUMENT_TICKET: &str = "Ticket";

/// The longest value of a document's parameter, in characters.
///
/// Source: AWS Systems Manager API Reference, `StartAutomationExecution`, `Parameters`: at most 512 characters each.
pub const LONGEST_INPUT: usize = 512;

/// What an entry does, with its bindings for one environment filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `ssm.shell`: a shell on a managed node.
    Shell {
        /// Where.
        selector: Selector,
        /// The Session document that sets its limits.
        document: String,
    },
    /// `ssm.port_forward`: a tunnel through a task or node to one host and port.
    PortForward {
        /// Through what.
        selector: Selector,
        /// The Session document that holds host and port, literally.
        document: String,
        /// Where to; what the document says counts, this is what it is shown as.
        destination: Destination,
        /// How many sessions may be opened under it, each when those before it are in use.
        sessions: usize,
    },
    /// `ecs.exec`: a fixed command in a container.
    Exec {
        /// Where.
        selector: Selector,
        /// The command, never from a person.
        command: String,
    },
    /// `ecs.redeploy`, `ecs.rollback`, `ecs.scale`, `ecs.stop_task`: a change of one service, made by an Automation
    /// document under a role of its own.
    ServiceChange {
        /// Which change.
        change: Change,
        /// The service, never a container of it.
        service: Selector,
        /// The Automation document that makes the change, and allows it for the services of its entry only.
        document: String,
    },
    /// `securityhub.workflow`: another workflow status of one finding, with the reason as its note.
    Workflow {
        /// The status.
        status: WorkflowStatus,
    },
    /// `ssm.automation`: an Automation document of the team's own.
    Automation {
        /// The document.
        document: String,
        /// What each of its parameters is given.
        inputs: BTreeMap<String, Input>,
    },
}

/// A change of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Starts all of its tasks anew, as they are defined.
    Redeploy,
    /// Stops the deployment under way and goes back to the one before.
    Rollback,
    /// Changes how many tasks there are to be.
    Scale,
    /// Stops one task, so that another takes its place.
    StopTask,
}

impl Change {
    /// Lists every change.
    pub const ALL: [Self; 4] = [Self::Redeploy, Self::Rollback, Self::Scale, Self::StopTask];

    /// Returns the name that the catalogue has for it, such as `ecs.redeploy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redeploy => "ecs.redeploy",
            Self::Rollback => "ecs.rollback",
            Self::Scale => "ecs.scale",
            Self::StopTask => "ecs.stop_task",
        }
    }
}

/// The workflow status that a finding is given.
///
/// Source: AWS Security Hub API Reference, `WorkflowUpdate`, `Status`. `NEW` is none that a person sets here: it would
/// undo what somebody else decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkflowStatus {
    /// Whoever owns the resource was told.
    Notified,
    /// It was looked into and mended.
    Resolved,
    /// It was looked into, and nothing needs to be done.
    Suppressed,
}

impl WorkflowStatus {
    /// Lists every status.
    pub const ALL: [Self; 3] = [Self::Notified, Self::Resolved, Self::Suppressed];

    /// Returns the name that AWS and the catalogue have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notified => "NOTIFIED",
            Self::Resolved => "RESOLVED",
            Self::Suppressed => "SUPPRESSED",
        }
    }
}

/// What a parameter of an Automation document is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// Always the same text.
    Fixed(String),
    /// What a person chose for the entry's parameter of this name.
    Chosen(String),
}

/// Where a tunnel leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The host, as the document has it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database user that the connection string names.
    pub user: Option<String>,
    /// The database that the connection string names.
    pub database: Option<String>,
}

impl Operation {
    /// Returns the name that the catalogue has for it, such as `ssm.shell`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "ssm.shell",
            Self::PortForward { .. } => "ssm.port_forward",
            Self::Exec { .. } => "ecs.exec",
            Self::ServiceChange { change, .. } => change.name(),
            Self::Workflow { .. } => "securityhub.workflow",
            Self::Automation { .. } => "ssm.automation",
        }
    }

    /// Returns what it is pointed at, where it is pointed at something by the catalogue.
    pub const fn selector(&self) -> Option<&Selector> {
        match self {
            Self::ServiceChange { service, .. } => Some(service),
            _ => self.session(),
        }
    }

    /// Returns through what it opens a session; nothing where it opens none.
    pub const fn session(&self) -> Option<&Selector> {
        match self {
            Self::Shell { selector, .. } | Self::PortForward { selector, .. } | Self::Exec { selector, .. } => {
                Some(selector)
            }
            Self::ServiceChange { .. } | Self::Workflow { .. } | Self::Automation { .. } => None,
        }
    }

    /// Tells whether it opens a session, which lasts, can be recorded, and is ended at its limit.
    pub const fn is_session(&self) -> bool {
        self.session().is_some()
    }

    /// Returns the SSM document that pins it, where one does.
    pub fn document(&self) -> Option<&str> {
        match self {
            Self::Shell { document, .. }
            | Self::PortForward { document, .. }
            | Self::ServiceChange { document, .. }
            | Self::Automation { document, .. } => Some(document),
            Self::Exec { .. } | Self::Workflow { .. } => None,
        }
    }

    /// Returns where it goes, as text: what it is pointed at, else the document, else the status that it sets.
    pub fn goal(&self) -> String {
        match (self, self.selector()) {
            (_, Some(selector)) => selector.to_string(),
            (Self::Workflow { status }, None) => status.name().to_owned(),
            (operation, None) => operation.document().unwrap_or_default().to_owned(),
        }
    }

    /// Returns what its Automation document is started with; nothing where it starts none.
    ///
    /// Reason and ticket go to the documents of changes, which are compiled to take them. A document would take what is
    /// between two braces for a variable, and is given parentheses instead.
    pub fn execution_inputs(
        &self,
        parameters: &BTreeMap<String, String>,
        reason: Option<&str>,
        ticket: Option<&str>,
    ) -> Option<BTreeMap<String, String>> {
        let mut given = BTreeMap::new();
        let mut give = |name: &str, value: Option<&str>| {
            given.extend(value.map(|value| (name.to_owned(), plain_input(value))));
        };
        match self {
            Self::ServiceChange { change, service, .. } => {
                if let Selector::EcsService { service, .. } = service {
                    give(DOCUMENT_SERVICE, Some(service));
                }
                let chosen = |name| parameters.get(name).map(String::as_str);
                match change {
                    Change::Scale => give(DOCUMENT_DESIRED, chosen(DESIRED)),
                    Change::StopTask => give(DOCUMENT_TASK, chosen(TASK)),
                    Change::Redeploy | Change::Rollback => {}
                }
                give(DOCUMENT_REASON, reason);
                give(DOCUMENT_TICKET, ticket);
            }
            Self::Automation { inputs, .. } => {
                for (name, input) in inputs {
                    let value = match input {
                        Input::Fixed(text) => Some(text.as_str()),
                        Input::Chosen(parameter) => parameters.get(parameter).map(String::as_str),
                    };
                    give(name, value);
                }
            }
            Self::Shell { .. } | Self::PortForward { .. } | Self::Exec { .. } | Self::Workflow { .. } => return None,
        }
        Some(given)
    }
}

/// Makes a text fit for a document's parameter: no variables in it, and no longer than AWS takes.
fn plain_input(text: &str) -> String {
    let plain = |c| match c {
        '{' => '(',
        '}' => ')',
        other => other,
    };
    text.chars().take(LONGEST_INPUT).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(change: Change) -> Operation {
        let service = Selector::EcsService { cluster: "shop-prd".into(), service: "web".into(), container: None };
        Operation::ServiceChange { change, service, document: "Sekisho-prd-x".into() }
    }

    fn given(operation: &Operation, reason: &str) -> BTreeMap<String, String> {
        let (task, desired) = ("0af7".repeat(8), "4".to_owned());
        let parameters = BTreeMap::from([(TASK.to_owned(), task), (DESIRED.to_owned(), desired)]);
        operation.execution_inputs(&parameters, Some(reason), Some("INC-7")).unwrap()
    }

    #[test]
    fn a_document_is_given_what_its_change_needs_and_nothing_else() {
        for (of, own) in [
            (Change::Redeploy, None),
            (Change::Rollback, None),
            (Change::Scale, Some((DOCUMENT_DESIRED, "4"))),
            (Change::StopTask, Some((DOCUMENT_TASK, "0af70af70af70af70af70af70af70af7"))),
        ] {
            let given = given(&change(of), "遅い");
            assert_eq!(given[DOCUMENT_SERVICE], "web");
            assert_eq!((given[DOCUMENT_REASON].as_str(), given[DOCUMENT_TICKET].as_str()), ("遅い", "INC-7"));
            assert_eq!(given.len(), 3 + own.iter().len());
            assert!(own.is_none_or(|(name, value)| given[name] == value));
        }
    }

    #[test]
    fn a_reason_is_no_variable_and_no_longer_than_aws_takes() {
        let reason = format!("{{{{ global:ACCOUNT }}}} {}", "決".repeat(1_000));
        let told = &given(&change(Change::Redeploy), &reason)[DOCUMENT_REASON];
        assert!(told.starts_with("(( global:ACCOUNT )) 決") && told.chars().count() == LONGEST_INPUT);
    }

    #[test]
    fn a_document_of_the_team_is_given_what_the_entry_says() {
        let inputs = BTreeMap::from([
            ("Mode".to_owned(), Input::Fixed("full".to_owned())),
            ("Count".to_owned(), Input::Chosen("desired".to_owned())),
            ("Absent".to_owned(), Input::Chosen("absent".to_owned())),
        ]);
        let given = given(&Operation::Automation { document: "Team-Restart".into(), inputs }, "x");
        let expected = [("Count", "4"), ("Mode", "full")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(given, BTreeMap::from(expected));
    }

    #[test]
    fn sessions_are_told_from_what_is_done_at_once() {
        let selector = Selector::ManagedNode { id: "i-1".into() };
        let shell = Operation::Shell { selector: selector.clone(), document: "x".into() };
        assert!(shell.is_session() && shell.selector() == Some(&selector));
        let (redeploy, workflow) =
            (change(Change::Redeploy), Operation::Workflow { status: WorkflowStatus::Suppressed });
        assert!(!redeploy.is_session() && redeploy.selector().is_some() && redeploy.goal() == "shop-prd/web");
        assert!(!workflow.is_session() && workflow.selector().is_none() && workflow.goal() == "SUPPRESSED");
    }
}

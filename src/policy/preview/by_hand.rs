//! Writes the line of the AWS CLI that does what an operation does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Request;
use crate::domain::target::{Selector, Target};
use crate::runbook::entry::{FINDING, LOCAL_PORT, Operation};

/// Writes the line; what is not known yet stands there in capitals.
pub(super) fn by_hand(operation: &Operation, region: &str, target: Option<&Target>, request: &Request) -> String {
    let mut line = CliLine(vec!["aws".to_owned()]);
    match operation {
        Operation::Shell { document, .. } | Operation::PortForward { document, .. } => {
            line.say("ssm", "start-session");
            line.say("--region", region);
            line.say("--target", &target.map_or_else(|| operation.goal(), Target::ssm_target));
            line.say("--document-name", document);
            if let (Operation::PortForward { .. }, Some(port)) = (operation, request.parameters.get(LOCAL_PORT)) {
                line.say("--parameters", &format!("localPortNumber={port}"));
            }
            if let Some(reason) = &request.reason {
                line.say("--reason", reason);
            }
        }
        Operation::Exec { selector, command } => {
            line.say("ecs", "execute-command");
            line.say("--region", region);
            line.container(selector, target);
            line.say("--interactive --command", command);
        }
        Operation::ServiceChange { document, .. } | Operation::Automation { document, .. } => {
            line.say("ssm", "start-automation-execution");
            line.say("--region", region);
            line.say("--document-name", document);
            line.inputs(operation, request);
        }
        Operation::Workflow { status } => {
            line.say("securityhub", "batch-update-findings");
            line.say("--region", region);
            let finding = request.parameters.get(FINDING).map_or("FINDING_ARN", String::as_str);
            let product = match target {
                Some(Target::Finding { product_arn, .. }) if !product_arn.is_empty() => product_arn,
                _ => "PRODUCT_ARN",
            };
            line.say("--finding-identifiers", &format!("Id={finding},ProductArn={product}"));
            line.say("--workflow", &format!("Status={}", status.name()));
            line.note(request);
        }
    }
    line.0.join(" ")
}

/// The words of a line.
struct CliLine(Vec<String>);

impl CliLine {
    fn say(&mut self, name: &str, value: &str) {
        self.0.extend([name.to_owned(), quoted(value)]);
    }

    fn container(&mut self, selector: &Selector, target: Option<&Target>) {
        if let Some(Target::Container { cluster, task, container, .. }) = target {
            self.say("--cluster", cluster);
            self.say("--task", task);
            self.say("--container", container);
        } else if let Selector::EcsService { cluster, container, .. } = selector {
            self.say("--cluster", cluster);
            self.say("--task", "TASK");
            if let Some(container) = container {
                self.say("--container", container);
            }
        }
    }

    /// Says what a document is given, as JSON: the short form would split a text at its commas.
    fn inputs(&mut self, operation: &Operation, request: &Request) {
        let (reason, ticket) = (request.reason.as_deref(), request.ticket.as_deref());
        let given = operation.execution_inputs(&request.parameters, reason, ticket).unwrap_or_default();
        if !given.is_empty() {
            let lists: BTreeMap<String, [String; 1]> = given.into_iter().map(|(name, value)| (name, [value])).collect();
            self.say("--parameters", &serde_json::json!(lists).to_string());
        }
    }

    /// Says the note, which is ticket and reason.
    fn note(&mut self, request: &Request) {
        let parts: Vec<&str> = [&request.ticket, &request.reason].into_iter().flatten().map(String::as_str).collect();
        if !parts.is_empty() {
            let note = serde_json::json!({ "Text": parts.join(": "), "UpdatedBy": "USER" });
            self.say("--note", &note.to_string());
        }
    }
}

/// Quotes a word as a POSIX shell takes it back.
pub(in crate::policy) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = String::from("'");
    for (index, part) in word.split('\'').enumerate() {
        // Writing to a String does not fail.
        let _ = if index == 0 { write!(text, "{part}") } else { write!(text, "'\\''{part}") };
    }
    text.push('\'');
    text
}

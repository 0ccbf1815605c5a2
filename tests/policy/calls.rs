//! What AWS asks the policies about for each call, by the Service Authorization Reference.

use sekisho::domain::environment::Environment;
use sekisho::domain::target::Selector;
use sekisho::policy::compile::SERVICE_TAG;
use sekisho::runbook::entry::{Entry, EntryId, Operation, document_name};

use super::support::{Demand, REGION};

/// A task of the service, whatever its id.
pub const TASK: &str = "0af70af70af70af70af70af70af70af7";

pub fn arn(environment: &Environment, service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{}:{resource}", environment.account.unwrap())
}

/// A document, one's own or AWS's, whose ARN has no account.
pub fn document(environment: &Environment, action: &str, name: &str) -> Demand {
    let is_of_aws = name.starts_with("AWS-") || name.starts_with("Amazon");
    let of_aws = format!("arn:aws:ssm:{REGION}::document/{name}");
    Demand::new(action, if is_of_aws { of_aws } else { arn(environment, "ssm", &format!("document/{name}")) })
}

/// A task of a service as AWS sees it: with its cluster, and tagged with its service.
pub fn task(environment: &Environment, action: &str, cluster: &str, service: &str) -> Demand {
    Demand::new(action, arn(environment, "ecs", &format!("task/{cluster}/{TASK}")))
        .with("ecs:cluster", arn(environment, "ecs", &format!("cluster/{cluster}")))
        .with(&format!("aws:ResourceTag/{SERVICE_TAG}"), service)
}

/// The target of a session.
pub fn target(environment: &Environment, selector: &Selector) -> Demand {
    let start = "ssm:StartSession";
    match selector {
        Selector::EcsService { cluster, service, .. } => task(environment, start, cluster, service),
        Selector::ManagedNode { id } => Demand::new(start, arn(environment, "ec2", &format!("instance/{id}"))),
        Selector::TaggedNodes { key, value } => node(environment, key, value),
    }
}

/// A node with a tag.
pub fn node(environment: &Environment, key: &str, value: &str) -> Demand {
    Demand::new("ssm:StartSession", arn(environment, "ec2", "instance/i-0123456789abcdef0"))
        .with(&format!("ssm:resourceTag/{key}"), value)
}

/// A session: judged on its target and on its document.
pub fn session(environment: &Environment, selector: &Selector, name: &str) -> Vec<Demand> {
    vec![target(environment, selector), document(environment, "ssm:StartSession", name)]
}

/// A session without a document: by the usual one, which the policy has looked at by its condition.
pub fn session_of_no_document(environment: &Environment, selector: &Selector) -> [Vec<Demand>; 2] {
    let check = "ssm:SessionDocumentAccessCheck";
    let usual = document(environment, "ssm:StartSession", "SSM-SessionManagerRunShell");
    [
        vec![target(environment, selector).with(check, "false")],
        vec![target(environment, selector).with(check, "true"), usual.with(check, "true")],
    ]
}

/// A command in a container: judged on the cluster and on the task.
pub fn exec(environment: &Environment, cluster: &str, service: &str, container: &str) -> Vec<Demand> {
    let execute = "ecs:ExecuteCommand";
    let arn = arn(environment, "ecs", &format!("cluster/{cluster}"));
    let on_cluster = Demand::new(execute, arn.clone()).with("ecs:cluster", arn);
    let named = |demand: Demand| demand.with("ecs:container-name", container);
    vec![named(on_cluster), named(task(environment, execute, cluster, service))]
}

/// The start of an Automation document under a role.
pub fn automation(environment: &Environment, name: &str, role: &str) -> Vec<Demand> {
    let start = "ssm:StartAutomationExecution";
    let definition = arn(environment, "ssm", &format!("automation-definition/{name}:$DEFAULT"));
    let role = format!("arn:aws:iam::{}:role/{role}", environment.account.unwrap());
    vec![
        Demand::new(start, definition),
        document(environment, start, name),
        Demand::new("iam:PassRole", role).with("iam:PassedToService", "ssm.amazonaws.com"),
    ]
}

/// A change of findings, with the fields that it touches.
pub fn findings(environment: &Environment, fields: &[(&str, &str)]) -> Vec<Demand> {
    let update = Demand::new("securityhub:BatchUpdateFindings", arn(environment, "securityhub", "hub/default"));
    let touch = |demand: Demand, (field, value): &(&str, &str)| {
        demand.with(&format!("securityhub:ASFFSyntaxPath/{field}"), *value)
    };
    vec![fields.iter().fold(update, touch)]
}

/// What an entry asks of AWS when it is carried out.
pub fn of_entry(environment: &Environment, entry: &Entry) -> Vec<Demand> {
    match &entry.operation {
        Operation::Shell { selector, document } => session(environment, selector, document),
        Operation::PortForward { selector, document, destination, .. } => {
            let mut demands = session(environment, selector, document);
            let login = |user: &String| {
                Demand::new("rds-db:connect", arn(environment, "rds-db", &format!("dbuser:cluster-ABC/{user}")))
            };
            demands.extend(destination.user.as_ref().map(login));
            demands
        }
        Operation::Exec { selector: Selector::EcsService { cluster, service, container }, .. } => {
            exec(environment, cluster, service, container.as_deref().unwrap_or(service))
        }
        Operation::Exec { selector, .. } => panic!("a command on a node: {selector}"),
        Operation::ServiceChange { document, .. } | Operation::Automation { document, .. } => {
            automation(environment, document, &role(environment, entry))
        }
        Operation::Workflow { status } => findings(
            environment,
            &[("Workflow.Status", status.name()), ("Note.Text", "調査のため"), ("Note.UpdatedBy", "op-0137")],
        ),
    }
}

/// Names the role that the document of an entry runs under.
pub fn role(environment: &Environment, entry: &Entry) -> String {
    document_name(&environment.name, &EntryId(entry.id.written().to_owned()))
}

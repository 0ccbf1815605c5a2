//! Automation documents: one for each change, with the services, numbers and tasks that it allows, and its own role.

use serde_json::{Map, Value, json};

use super::changes::{role_arn, role_name};
use super::documents::{description, say};
use super::place::Place;
use super::split::Policy;
use super::statement::{Drafts, Statement};
use super::{Note, Options, ServiceRole};
use crate::domain::target::Selector;
use crate::runbook::entry::{Change, DESIRED, Entry, Operation, Parameter};
use crate::runbook::operation::{
    DOCUMENT_DESIRED, DOCUMENT_REASON, DOCUMENT_SERVICE, DOCUMENT_TASK, DOCUMENT_TICKET, LONGEST_INPUT,
};

/// The longest name of a role.
///
/// Source: IAM User Guide, "IAM and AWS STS quotas": 64 characters.
const LONGEST_ROLE: usize = 64;

/// How long a rollout is followed, in seconds: its circuit breaker may take many attempts to give up.
const ROLLOUT: u32 = 3_600;

/// How long a task may take to stop, in seconds; ECS kills it after `stopTimeout`, at most two minutes on Fargate.
const STOPPING: u32 = 600;

/// How long a call may take, in seconds.
const CALL: u32 = 60;

/// What a text for AWS's record may be: one line without braces, which would begin a variable.
const LINE: &str = r"[^\x00-\x1f\x7f{}]";

/// The id of a task, as ECS has given them since their ARNs hold the cluster.
const TASK_ID: &str = "^[0-9a-f]{32}$";

/// An Automation document and its role.
pub(super) struct Made {
    pub(super) content: Value,
    pub(super) role: ServiceRole,
}

/// What the entries of one document have in common.
struct Changed<'e> {
    change: Change,
    cluster: &'e str,
    services: Vec<&'e str>,
    entry: &'e Entry,
}

/// Makes the document of the entries that share it, one for each service.
pub(super) fn automation(
    place: &Place<'_>,
    document: &str,
    entries: &[&Entry],
    options: &Options,
    notes: &mut Vec<Note>,
) -> Option<Made> {
    let changed = match changed(entries) {
        Ok(changed) => changed,
        Err(several_clusters) => {
            let document = document.to_owned();
            let several = Note::SeveralClusters { document: document.clone() };
            say(notes, if several_clusters { several } else { Note::DocumentConflict { document } });
            return None;
        }
    };
    let name = role_name(changed.entry);
    if name.chars().count() > LONGEST_ROLE {
        say(notes, Note::RoleNameTooLong { name });
        return None;
    }
    let content = json!({
        "schemaVersion": "0.3",
        "description": description(changed.entry),
        "assumeRole": role_arn(place, changed.entry),
        "parameters": parameters(&changed),
        "mainSteps": steps(&changed),
    });
    Some(Made { content, role: role(place, &changed, options, name) })
}

/// Puts together what entries of one document have in common; whether it is their clusters that differ where they do.
fn changed<'e>(entries: &[&'e Entry]) -> Result<Changed<'e>, bool> {
    let mut all: Option<Changed<'e>> = None;
    for entry in entries {
        let Operation::ServiceChange { change, service: Selector::EcsService { cluster, service, .. }, .. } =
            &entry.operation
        else {
            continue;
        };
        match &mut all {
            None => all = Some(Changed { change: *change, cluster, services: vec![service], entry }),
            Some(known) if known.change != *change || known.entry.id.written() != entry.id.written() => {
                return Err(false);
            }
            Some(known) if known.cluster != cluster => return Err(true),
            Some(known) => known.services.push(service),
        }
    }
    all.ok_or(false)
}

/// Writes what the document may be given, each as narrow as the catalogue has it.
///
/// Source: AWS Systems Manager User Guide, "Data elements and parameters": `allowedValues`, `allowedPattern`.
fn parameters(changed: &Changed<'_>) -> Value {
    let mut parameters = Map::new();
    let mut take = |name: &str, value: Value| drop(parameters.insert(name.to_owned(), value));
    take(DOCUMENT_SERVICE, json!({ "type": "String", "allowedValues": changed.services }));
    match changed.change {
        Change::Scale => take(DOCUMENT_DESIRED, json!({ "type": "Integer", "allowedValues": numbers(changed.entry) })),
        Change::StopTask => take(DOCUMENT_TASK, json!({ "type": "String", "allowedPattern": TASK_ID })),
        Change::Redeploy | Change::Rollback => {}
    }
    let reason = usize::from(changed.entry.reason);
    let mut reason = json!({ "type": "String", "allowedPattern": format!("^{LINE}{{{reason},{LONGEST_INPUT}}}$") });
    let mut ticket = match &changed.entry.ticket {
        Some(pattern) => json!({ "type": "String", "allowedPattern": format!("^(?:{pattern})$") }),
        None => json!({ "type": "String", "allowedPattern": format!("^{LINE}{{0,{LONGEST_INPUT}}}$") }),
    };
    // What need not be said is left out by whoever starts it.
    if !changed.entry.reason {
        reason["default"] = json!("");
    }
    if changed.entry.ticket.is_none() {
        ticket["default"] = json!("");
    }
    take(DOCUMENT_REASON, reason);
    take(DOCUMENT_TICKET, ticket);
    Value::Object(parameters)
}

/// Lists the numbers of tasks that an entry allows.
fn numbers(entry: &Entry) -> Vec<i64> {
    match entry.parameters.get(DESIRED) {
        Some(Parameter::Integer { range: (low, high), .. }) => (*low..=*high).collect(),
        Some(Parameter::Choice { allowed, .. }) => allowed.iter().filter_map(|number| number.parse().ok()).collect(),
        _ => Vec::new(),
    }
}

/// Writes a call of ECS.
fn call(name: &str, api: &str, inputs: Value) -> Value {
    json!({ "name": name, "action": "aws:executeAwsApi", "timeoutSeconds": CALL, "inputs": of_ecs(api, inputs) })
}

/// Writes a wait until a property has one of these values.
fn wait(name: &str, api: &str, inputs: Value, property: &str, values: &[&str], seconds: u32) -> Value {
    let inputs = looking_at(of_ecs(api, inputs), property, values);
    json!({ "name": name, "action": "aws:waitForAwsResourceProperty", "timeoutSeconds": seconds, "inputs": inputs })
}

/// Writes a check that a property has one of these values.
fn check(name: &str, api: &str, inputs: Value, property: &str, values: &[&str]) -> Value {
    let inputs = looking_at(of_ecs(api, inputs), property, values);
    json!({ "name": name, "action": "aws:assertAwsResourceProperty", "timeoutSeconds": CALL, "inputs": inputs })
}

fn of_ecs(api: &str, mut inputs: Value) -> Value {
    inputs["Service"] = json!("ecs");
    inputs["Api"] = json!(api);
    inputs
}

fn looking_at(mut inputs: Value, property: &str, values: &[&str]) -> Value {
    inputs["PropertySelector"] = json!(property);
    inputs["DesiredValues"] = json!(values);
    inputs
}

/// Writes a parameter where its value goes.
fn given(parameter: &str) -> String {
    format!("{{{{ {parameter} }}}}")
}

/// Writes the steps of a change.
///
/// Source: AWS Systems Manager User Guide, "Systems Manager Automation actions reference".
fn steps(changed: &Changed<'_>) -> Vec<Value> {
    let (cluster, service) = (changed.cluster, given(DOCUMENT_SERVICE));
    let update = || json!({ "cluster": cluster, "service": service });
    let mut steps = match changed.change {
        Change::Redeploy => {
            let mut inputs = update();
            inputs["forceNewDeployment"] = json!(true);
            let mut steps = vec![
                call("Redeploy", "UpdateService", inputs),
                await_deployment(cluster, &service),
                find_deployment(cluster, &service),
            ];
            steps.extend(rollout("SUCCESSFUL"));
            steps
        }
        Change::Rollback => {
            let inputs = json!({ "serviceDeploymentArn": given(DEPLOYMENT), "stopType": "ROLLBACK" });
            let stop = call("Rollback", "StopServiceDeployment", inputs);
            let mut steps = vec![find_deployment(cluster, &service), stop];
            steps.extend(rollout("ROLLBACK_SUCCESSFUL"));
            steps
        }
        Change::Scale => {
            let mut inputs = update();
            inputs["desiredCount"] = json!(given(DOCUMENT_DESIRED));
            let services = json!({ "cluster": cluster, "services": [service] });
            let (property, wanted) = ("$.services[0].runningCount", given(DOCUMENT_DESIRED));
            vec![
                call("Scale", "UpdateService", inputs),
                wait("Follow", "DescribeServices", services, property, &[&wanted], ROLLOUT),
            ]
        }
        Change::StopTask => stop_task(cluster, &service),
    };
    if let Some(last) = steps.last_mut() {
        last["isEnd"] = json!(true);
    }
    steps
}

/// What the step that finds a deployment gives to those after it.
const DEPLOYMENT: &str = "FindDeployment.Arn";

/// The statuses of a deployment under way.
const UNDER_WAY: [&str; 2] = ["PENDING", "IN_PROGRESS"];

/// Asks for the deployment of a service that is under way.
fn under_way(cluster: &str, service: &str) -> Value {
    json!({ "cluster": cluster, "service": service, "status": UNDER_WAY })
}

/// Writes the step that waits for a deployment to begin, which is a moment after it was asked for.
fn await_deployment(cluster: &str, service: &str) -> Value {
    let (api, status) = ("ListServiceDeployments", "$.serviceDeployments[0].status");
    wait("AwaitDeployment", api, under_way(cluster, service), status, &UNDER_WAY, CALL)
}

/// Writes the step that finds a deployment under way, and fails where there is none.
fn find_deployment(cluster: &str, service: &str) -> Value {
    let mut find = call("FindDeployment", "ListServiceDeployments", under_way(cluster, service));
    let arn = "$.serviceDeployments[0].serviceDeploymentArn";
    find["outputs"] = json!([{ "Name": "Arn", "Selector": arn, "Type": "String" }]);
    find
}

/// Writes the steps that follow a deployment to its end and tell whether that is the one that was wanted.
///
/// Source: Amazon ECS API Reference, `ServiceDeployment`, `status`.
fn rollout(wanted: &str) -> [Value; 2] {
    let inputs = || json!({ "serviceDeploymentArns": [given(DEPLOYMENT)] });
    let (api, property) = ("DescribeServiceDeployments", "$.serviceDeployments[0].status");
    let ends = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"];
    [wait("Follow", api, inputs(), property, &ends, ROLLOUT), check("Confirm", api, inputs(), property, &[wanted])]
}

/// Writes the steps that stop a task, if it is the service's: its id says nothing of that.
fn stop_task(cluster: &str, service: &str) -> Vec<Value> {
    let tasks = || json!({ "cluster": cluster, "tasks": [given(DOCUMENT_TASK)] });
    let reason = format!("{} {}", given(DOCUMENT_TICKET), given(DOCUMENT_REASON));
    let stop = json!({ "cluster": cluster, "task": given(DOCUMENT_TASK), "reason": reason });
    let group = format!("service:{service}");
    vec![
        check("BelongsToService", "DescribeTasks", tasks(), "$.tasks[0].group", &[&group]),
        call("StopTask", "StopTask", stop),
        wait("Follow", "DescribeTasks", tasks(), "$.tasks[0].lastStatus", &["STOPPED"], STOPPING),
    ]
}

/// Makes the role that the document runs under: it may do the change to these services, and look at them.
fn role(place: &Place<'_>, changed: &Changed<'_>, options: &Options, name: String) -> ServiceRole {
    let cluster = changed.cluster;
    let of = |part: &str| {
        let arns = |service: &&str| place.arns("ecs", &format!("{part}/{cluster}/{service}"));
        changed.services.iter().flat_map(arns).collect::<Vec<_>>()
    };
    let deployments = || {
        changed
            .services
            .iter()
            .flat_map(|service| place.arns("ecs", &format!("service-deployment/{cluster}/{service}/*")))
    };
    let services_and_deployments = || of("service").into_iter().chain(deployments());
    let tasks = || place.arns("ecs", &format!("task/{cluster}/*"));
    let mut drafts = Drafts::default();
    let mut may = |head: &str, statement: Statement| drafts.add_for(place, head, changed.entry.id.written(), statement);
    match changed.change {
        Change::Redeploy => {
            may("Change", Statement::allow(["ecs:UpdateService"], of("service")));
            may("List", Statement::allow(["ecs:ListServiceDeployments"], of("service")));
            may("Look", Statement::allow(["ecs:DescribeServiceDeployments"], services_and_deployments()));
        }
        Change::Rollback => {
            may("Change", Statement::allow(["ecs:StopServiceDeployment"], services_and_deployments()));
            may("List", Statement::allow(["ecs:ListServiceDeployments"], of("service")));
            may("Look", Statement::allow(["ecs:DescribeServiceDeployments"], services_and_deployments()));
        }
        Change::Scale => {
            may("Change", Statement::allow(["ecs:UpdateService"], of("service")));
            may("Look", Statement::allow(["ecs:DescribeServices"], of("service")));
        }
        Change::StopTask => {
            let stop = Statement::allow(["ecs:StopTask"], tasks());
            may(
                "Change",
                match &options.service_tag {
                    Some(tag) => {
                        stop.when("StringEquals", format!("aws:ResourceTag/{tag}"), changed.services.iter().copied())
                    }
                    None => stop,
                },
            );
            may("Look", Statement::allow(["ecs:DescribeTasks"], tasks()));
        }
    }
    ServiceRole {
        arn: role_arn(place, changed.entry),
        account: place.account.to_owned(),
        entries: vec![changed.entry.id.written().to_owned()],
        trust: trust(place),
        policy: Policy { name: name.clone(), statements: drafts.finish() },
        name,
    }
}

/// Lets Automation take the role, and only for executions of this account.
///
/// Source: IAM User Guide, "The confused deputy problem"; Systems Manager User Guide, "Create the service roles for
/// Automation".
fn trust(place: &Place<'_>) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Automation",
            "Effect": "Allow",
            "Principal": { "Service": "ssm.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": place.account },
                "ArnLike": { "aws:SourceArn": place.arn("ssm", "*", "automation-execution/*") },
            },
        }],
    })
}

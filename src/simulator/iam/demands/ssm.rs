//! What the operations of Systems Manager demand.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>

use super::{Demands, arn, text, texts};
use crate::simulator::auth::Principal;
use crate::simulator::call::Call;
use crate::simulator::iam::Demand;
use crate::simulator::ssm;
use crate::simulator::wire::Input;

/// Says what an operation demands.
pub fn of(call: &Call<'_>, operation: &str, input: Input<'_>) -> Demands {
    let action = format!("ssm:{operation}");
    let one = |resource: String| vec![Demand::new(action.clone(), resource)];
    match operation {
        "ResumeSession" | "TerminateSession" => vec![own_session(call, &action, text(input, "SessionId"))],
        "GetConnectionStatus" => vec![target(call, &action, text(input, "Target"))],
        "CreateDocument"
        | "UpdateDocument"
        | "GetDocument"
        | "DescribeDocument"
        | "DeleteDocument"
        | "ListDocumentVersions"
        | "UpdateDocumentDefaultVersion" => vec![document(call, &action, text(input, "Name"))],
        "StartAutomationExecution" => start_automation(call, &action, input),
        "GetAutomationExecution" | "DescribeAutomationStepExecutions" | "StopAutomationExecution" => {
            one(arn(call, "ssm", &format!("automation-execution/{}", text(input, "AutomationExecutionId"))))
        }
        "GetParameter" | "DeleteParameter" => one(parameter(call, text(input, "Name"))),
        "PutParameter" => {
            let overwrite = input.boolean("Overwrite").ok().flatten().unwrap_or(false);
            let demand = Demand::new(action, parameter(call, text(input, "Name")));
            vec![demand.with("ssm:Overwrite", overwrite.to_string())]
        }
        "GetParameters" => {
            let named = texts(input, "Names").into_iter();
            named.map(|name| Demand::new(action.clone(), parameter(call, name))).collect()
        }
        "GetParametersByPath" => {
            let recursive = input.boolean("Recursive").ok().flatten().unwrap_or(false);
            let demand = Demand::new(action, parameter(call, text(input, "Path")));
            vec![demand.with("ssm:Recursive", recursive.to_string())]
        }
        // Lists are of everything: `arn:aws:ssm:REGION:ACCOUNT:*`.
        _ => one(arn(call, "ssm", "*")),
    }
}

/// Demands the target and the document.
///
/// Where no document is named, the usual one is not looked at, unless the policy asks for it with
/// `ssm:SessionDocumentAccessCheck`; where one is named, the request does not have that key.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html>
pub fn start_session(call: &Call<'_>, input: Input<'_>) -> Vec<Demands> {
    let action = "ssm:StartSession";
    let target = target(call, action, text(input, "Target"));
    let check = |word: &str| target.clone().with("ssm:SessionDocumentAccessCheck", word);
    match input.text("DocumentName").ok().flatten() {
        Some(name) => vec![vec![target, document(call, action, name)]],
        None => vec![vec![check("false")], vec![check("true"), document(call, action, ssm::USUAL)]],
    }
}

/// A session's target: a node, or a container's task.
fn target(call: &Call<'_>, action: &str, target: &str) -> Demand {
    if let Some(rest) = target.strip_prefix("ecs:") {
        let mut parts = rest.rsplitn(3, '_').skip(1);
        let (task, cluster) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        return Demand::new(action, arn(call, "ecs", &format!("task/{cluster}/{task}")))
            .tagged(Some("ssm"), &ssm::tags_of_task(call, target));
    }
    let resource = if target.starts_with("mi-") {
        arn(call, "ssm", &format!("managed-instance/{target}"))
    } else {
        arn(call, "ec2", &format!("instance/{target}"))
    };
    let node = call.here().and_then(|region| region.nodes.iter().find(|node| node.id == target));
    Demand::new(action, resource).tagged(Some("ssm"), node.map(|node| node.tags.as_slice()).unwrap_or_default())
}

/// A document; those that are AWS's own have no account.
fn document(call: &Call<'_>, action: &str, named: &str) -> Demand {
    if named.starts_with("arn:") {
        return Demand::new(action, named);
    }
    if ssm::is_of_aws(named) {
        return Demand::new(action, format!("arn:aws:ssm:{}::document/{named}", call.region));
    }
    let tags = ssm::tags_of_document(call, named);
    Demand::new(action, arn(call, "ssm", &format!("document/{named}"))).tagged(Some("ssm"), &tags)
}

/// A session, which carries who started it in its tags.
fn own_session(call: &Call<'_>, action: &str, id: &str) -> Demand {
    let demand = Demand::new(action, arn(call, "ssm", &format!("session/{id}")));
    let Some(session) = call.gateway.session(id) else { return demand };
    let owner = Principal::of_arn(&session.owner).map(|owner| owner.user_id);
    let tags = [("session-id", owner), ("target-id", Some(session.target.clone()))];
    let known = tags.into_iter().filter_map(|(name, value)| Some((format!("aws:ssmmessages:{name}"), value?)));
    demand.tagged(Some("ssm"), &known.collect::<Vec<_>>())
}

/// The definition, its document, and the role that is handed over to the service.
fn start_automation(call: &Call<'_>, action: &str, input: Input<'_>) -> Demands {
    let name = text(input, "DocumentName");
    let short = name.rsplit('/').next().unwrap_or(name);
    let version = input.text("DocumentVersion").ok().flatten().unwrap_or("$DEFAULT");
    let account = if ssm::is_of_aws(short) { "" } else { call.principal.account.as_str() };
    let definition = format!("arn:aws:ssm:{}:{account}:automation-definition/{short}:{version}", call.region);
    let mut demands = vec![Demand::new(action, definition), document(call, action, short)];
    demands.extend(
        ssm::role_of_automation(call, short, version, input)
            .map(|role| Demand::new("iam:PassRole", role).with("iam:PassedToService", "ssm.amazonaws.com")),
    );
    demands
}

/// The ARN of a parameter or a path: a name's first slash is the one behind `parameter`.
fn parameter(call: &Call<'_>, name: &str) -> String {
    let name = name.strip_prefix('/').unwrap_or(name);
    // A version or a label is no part of the name.
    let name = if name.starts_with("arn:") { name } else { name.split(':').next().unwrap_or(name) };
    if name.starts_with("arn:") { name.to_owned() } else { arn(call, "ssm", &format!("parameter/{name}")) }
}

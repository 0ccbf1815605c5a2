//! What shells, tunnels and commands in containers need.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::place::Place;
use super::reads::regions;
use super::statement::{Drafts, Statement};
use super::words::word;
use crate::domain::target::Selector;
use crate::runbook::entry::{Entry, Operation};

/// Tells whether an operation opens a session in a task of ECS.
pub(super) fn is_in_a_task(operation: &Operation) -> bool {
    matches!(operation.session(), Some(Selector::EcsService { .. }))
}

/// Adds what the sessions of all places need.
pub(super) fn sessions(places: &[Place<'_>], options: &Options, drafts: &mut Drafts) {
    for place in places {
        for entry in &place.entries {
            session(place, entry, options, drafts);
        }
        exec_clusters(place, drafts);
    }
    let with = |wanted: &dyn Fn(&Operation) -> bool| -> Vec<&Place<'_>> {
        places.iter().filter(|place| place.entries.iter().any(|entry| wanted(&entry.operation))).collect()
    };
    let on_nodes = with(&|operation| {
        matches!(operation.session(), Some(Selector::ManagedNode { .. } | Selector::TaggedNodes { .. }))
    });
    if !on_nodes.is_empty() {
        let look = Statement::allow(["ssm:DescribeInstanceInformation"], ["*".to_owned()]);
        drafts.add("Nodes", look.when("StringEquals", "aws:RequestedRegion", regions(places, false)));
    }
    let tunnels = with(&|operation| matches!(operation, Operation::PortForward { .. }));
    let databases = tunnels.iter().flat_map(|place| place.arns("rds", "cluster:*"));
    drafts.add("Databases", Statement::allow(["rds:DescribeDBClusters"], databases));
    own(&with(&Operation::is_session), options, drafts);
}

/// Adds what keeps up and ends one's own sessions.
///
/// A pattern on `${aws:username}` would fail for whoever is federated: the tag that Session Manager puts on a session holds
/// the user id (Systems Manager User Guide, "Additional sample IAM policies for Session Manager").
fn own(places: &[&Place<'_>], options: &Options, drafts: &mut Drafts) {
    let sessions: Vec<String> = places.iter().flat_map(|place| place.arns("ssm", "session/*")).collect();
    let mine = Statement::allow(["ssm:ResumeSession", "ssm:TerminateSession"], sessions.clone());
    let tag = "ssm:resourceTag/aws:ssmmessages:session-id";
    drafts.add("OwnSessions", mine.when("StringEquals", tag, ["${aws:userid}"]));
    let channel = if options.any_channel && !sessions.is_empty() { vec!["*".to_owned()] } else { sessions };
    drafts.add("DataChannel", Statement::allow(["ssmmessages:OpenDataChannel"], channel));
    let of_a_place = |key: &&String| places.iter().any(|place| is_of(place, key));
    let keys = options.keys.iter().filter(of_a_place).cloned();
    drafts.add("EncryptedSessions", Statement::allow(["kms:GenerateDataKey"], keys));
}

/// Tells whether a key is of a place's account and one of its regions.
fn is_of(place: &Place<'_>, key: &str) -> bool {
    place.environment.regions.iter().any(|region| key.starts_with(&place.arn("kms", region, "")))
}

/// Returns the key that is of a place's account and of a region.
pub(super) fn key<'o>(place: &Place<'_>, region: &str, options: &'o Options) -> Option<&'o str> {
    let own = place.arn("kms", region, "");
    options.keys.iter().find(|key| key.starts_with(&own)).map(String::as_str)
}

fn session(place: &Place<'_>, entry: &Entry, options: &Options, drafts: &mut Drafts) {
    let written = entry.id.written();
    match &entry.operation {
        Operation::Shell { selector, document } => start(place, written, selector, document, options, drafts),
        Operation::PortForward { selector, document, destination, .. } => {
            start(place, written, selector, document, options, drafts);
            if let Some(user) = &destination.user {
                // The catalogue knows the host and not the cluster's resource id, so that the user is what is pinned.
                let login = Statement::allow(["rds-db:connect"], place.arns("rds-db", &format!("dbuser:*/{user}")));
                drafts.add_for(place, "DatabaseLogin", written, login);
            }
        }
        Operation::Exec { selector: Selector::EcsService { cluster, service, container }, .. } => {
            let task = named(execute(place, &format!("task/{cluster}/*")), container.as_deref());
            let head = format!("ExecTask{}", word(service));
            drafts.add_for(place, &head, written, of_service(task, service, options));
        }
        Operation::Exec { .. }
        | Operation::ServiceChange { .. }
        | Operation::Workflow { .. }
        | Operation::Automation { .. } => {}
    }
}

/// Adds the start of a session: it is authorised on the document and on the target, each by itself.
///
/// The check is `BoolIfExists`: a request that names a document does not carry the key (Systems Manager User Guide, "Enforce
/// a session document permission check for the AWS CLI").
fn start(place: &Place<'_>, entry: &str, selector: &Selector, document: &str, options: &Options, drafts: &mut Drafts) {
    let checked = |statement: Statement| statement.when("BoolIfExists", "ssm:SessionDocumentAccessCheck", ["true"]);
    let start = |resources: Vec<String>| checked(Statement::allow(["ssm:StartSession"], resources));
    drafts.add_for(place, "Document", entry, start(place.arns("ssm", &format!("document/{document}"))));
    let target = match selector {
        Selector::EcsService { cluster, service, .. } => {
            of_service(start(place.arns("ecs", &format!("task/{cluster}/*"))), service, options)
        }
        Selector::ManagedNode { id } => start(node(place, id)),
        Selector::TaggedNodes { key, value } => {
            let all = [node(place, "i-*"), node(place, "mi-*")].concat();
            start(all).when("StringEquals", format!("ssm:resourceTag/{key}"), [value.as_str()])
        }
    };
    drafts.add_for(place, "Target", entry, target);
}

/// Writes the ARNs of a managed node, which is of EC2 or of somebody else.
fn node(place: &Place<'_>, id: &str) -> Vec<String> {
    if id.starts_with("mi-") {
        place.arns("ssm", &format!("managed-instance/{id}"))
    } else {
        place.arns("ec2", &format!("instance/{id}"))
    }
}

/// Binds a statement about tasks to those of a service.
fn of_service(statement: Statement, service: &str, options: &Options) -> Statement {
    match &options.service_tag {
        Some(tag) => statement.when("StringEquals", format!("aws:ResourceTag/{tag}"), [service]),
        None => statement,
    }
}

/// Adds commands in the clusters of a place: each is authorised on its cluster and on its task, each by itself.
///
/// Source: Service Authorization Reference, "Amazon Elastic Container Service", `ExecuteCommand`.
fn exec_clusters(place: &Place<'_>, drafts: &mut Drafts) {
    let mut clusters = BTreeMap::<&str, BTreeMap<Option<&str>, BTreeSet<&str>>>::new();
    for entry in &place.entries {
        if let Operation::Exec { selector: Selector::EcsService { cluster, container, .. }, .. } = &entry.operation {
            let of_cluster = clusters.entry(cluster).or_default();
            of_cluster.entry(container.as_deref()).or_default().insert(entry.id.written());
        }
    }
    for (cluster, containers) in clusters {
        let execute = execute(place, &format!("cluster/{cluster}"));
        // Where an entry leaves the container to the task, which has one only, none is named.
        let names: Option<Vec<&str>> = containers.keys().copied().collect();
        let execute = match names {
            Some(names) => execute.when("StringEquals", CONTAINER, names),
            None => execute,
        };
        for entry in containers.values().flatten().copied().collect::<BTreeSet<_>>() {
            drafts.add_for(place, &format!("ExecCluster{}", word(cluster)), entry, execute.clone());
        }
    }
}

/// The key that names the container of a command.
const CONTAINER: &str = "ecs:container-name";

fn execute(place: &Place<'_>, part: &str) -> Statement {
    Statement::allow(["ecs:ExecuteCommand"], place.arns("ecs", part))
}

fn named(statement: Statement, container: Option<&str>) -> Statement {
    match container {
        Some(container) => statement.when("StringEquals", CONTAINER, [container]),
        None => statement,
    }
}

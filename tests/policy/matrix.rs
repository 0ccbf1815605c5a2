//! For each role: every operation on every target by every document, and every generic way around them.
//!
//! The gate says what is meant, and whoever judges the policies says what AWS would do.

use std::sync::Arc;

use sekisho::domain::environment::Environment;
use sekisho::domain::target::Selector;
use sekisho::runbook::entry::{Entry, Operation};

use super::calls::{
    TASK, arn, automation, document, exec, findings, node, of_entry, session, session_of_no_document, task,
};
use super::support::{
    Demand, Judge, REGION, ROLES, Stranger, USER, compiled, entries, environment, environments, gate,
};

/// Judges a role as AWS would, by a stranger.
fn stranger(role: &str) -> Stranger {
    Stranger::of(&compiled(role).policies)
}

#[test]
fn what_the_gate_lets_through_is_allowed_and_nothing_else_of_the_catalogue() {
    for role in ROLES {
        allowed_as_the_gate_says(role, &stranger(role));
    }
}

/// Goes through every entry of every environment; gate and policies must agree.
///
/// Two commands in one container ask the same of AWS, which does not look at the command: where one entry is the role's, AWS
/// allows what the other asks.
pub fn allowed_as_the_gate_says(role: &str, judge: &dyn Judge) {
    let (mut allowed, mut refused) = (0, 0);
    for place in environments() {
        for entry in entries(&place) {
            let demands = of_entry(&place, &entry);
            let asks_the_same = |other: &&Arc<Entry>| of_entry(&place, other) == demands;
            let meant = entries(&place).iter().filter(asks_the_same).any(|other| gate(role, &place, other));
            let is_exec = matches!(entry.operation, Operation::Exec { .. });
            assert!(is_exec || meant == gate(role, &place, &entry), "{}", entry.id);
            let judged = judge.allows_all(&demands);
            assert_eq!(judged, meant, "{role}: {} in {}", entry.id, place.name);
            *(if meant { &mut allowed } else { &mut refused }) += 1;
        }
    }
    assert!(allowed > 5 && (refused > 5 || role == "staff"), "{role}: {allowed} allowed, {refused} refused");
}

#[test]
fn a_session_goes_by_a_document_and_a_target_of_the_role() {
    for role in ROLES {
        sessions_are_bound(role, &stranger(role));
    }
}

/// Goes through every target with every document. IAM judges each by itself: of two entries of one role it cannot tell
/// which target goes with which document, and that is all that it may get wrong.
pub fn sessions_are_bound(role: &str, judge: &dyn Judge) {
    let mut targets: Vec<(Environment, Selector, bool)> = Vec::new();
    let mut documents: Vec<(Environment, String, bool)> = Vec::new();
    for place in environments() {
        for entry in entries(&place) {
            let meant = gate(role, &place, &entry);
            if let Operation::Shell { selector, document } | Operation::PortForward { selector, document, .. } =
                &entry.operation
            {
                targets.push((place.clone(), selector.clone(), meant));
                documents.push((place.clone(), document.clone(), meant));
            }
        }
    }
    assert!(targets.len() >= 9, "{} targets", targets.len());
    for (place, selector, _) in &targets {
        // Two entries may share a target: one that may be used is enough.
        let is_own = targets.iter().any(|(of, other, meant)| *meant && of == place && other == selector);
        for (of, name, own_document) in &documents {
            let start =
                [vec![super::calls::target(place, selector)], vec![document(of, "ssm:StartSession", name)]].concat();
            assert_eq!(judge.allows_all(&start), is_own && *own_document, "{role}: {selector} by {name}");
        }
    }
}

#[test]
fn there_is_no_way_around() {
    for role in ROLES {
        no_way_around(role, &stranger(role));
    }
}

/// Goes through the generic ways to do what the entries do, or more.
pub fn no_way_around(role: &str, judge: &dyn Judge) {
    let refused = |what: &str, demands: &[Demand]| {
        assert!(!judge.allows_all(demands), "{role} may {what}: {demands:#?}");
    };
    for place in environments() {
        for entry in entries(&place) {
            if let Some(selector) = entry.operation.session() {
                for name in GENERIC {
                    refused(&format!("go by {name}"), &session(&place, selector, name));
                }
                for way in session_of_no_document(&place, selector) {
                    refused("go by no document", &way);
                }
            }
        }
        for (what, demands) in around(&place) {
            refused(&what, &demands);
        }
    }
    for (what, demands) in elsewhere() {
        refused(&what, &demands);
    }
}

/// Documents that take any host, port or command.
const GENERIC: [&str; 7] = [
    "AWS-StartSSHSession",
    "AWS-StartPortForwardingSession",
    "AWS-StartPortForwardingSessionToRemoteHost",
    "AWS-StartInteractiveCommand",
    "AWS-StartNonInteractiveCommand",
    "SSM-SessionManagerRunShell",
    "Team-Anything",
];

/// Lists what would do an entry's work without its document, or take the traces away.
fn around(place: &Environment) -> Vec<(String, Vec<Demand>)> {
    let cluster = format!("shop-{}", place.name);
    let service = arn(place, "ecs", &format!("service/{cluster}/web"));
    let deployment = arn(place, "ecs", &format!("service-deployment/{cluster}/web/abc"));
    let own = |action: &str, resource: &str| vec![Demand::new(action, resource)];
    let in_cluster = |action: &str| vec![task(place, action, &cluster, "web")];
    let mut all = vec![
        ("update a service".to_owned(), own("ecs:UpdateService", &service)),
        ("stop a deployment".to_owned(), own("ecs:StopServiceDeployment", &deployment)),
        ("stop a task".to_owned(), in_cluster("ecs:StopTask")),
        ("run a task".to_owned(), own("ecs:RunTask", &arn(place, "ecs", "task-definition/web:1"))),
        ("define a task".to_owned(), own("ecs:RegisterTaskDefinition", "*")),
        ("go into another container".to_owned(), exec(place, &cluster, "web", "sidecar")),
        ("go into another service".to_owned(), exec(place, &cluster, "documents", "documents")),
        ("go into another service by a name of this".to_owned(), exec(place, &cluster, "documents", "web")),
        ("go into another cluster".to_owned(), exec(place, "shop-other", "web", "web")),
        ("tunnel through another service".to_owned(), vec![task(place, "ssm:StartSession", &cluster, "web")]),
        ("open another node".to_owned(), vec![node(place, "Environment", "other")]),
        ("log in as another user".to_owned(), own("rds-db:connect", &arn(place, "rds-db", "dbuser:cluster-ABC/admin"))),
        ("delete a log".to_owned(), own("logs:DeleteLogGroup", &arn(place, "logs", "log-group:/sekisho/journal"))),
        ("unmask a log".to_owned(), own("logs:Unmask", &arn(place, "logs", "log-group:/ecs/web"))),
        ("stop the trail".to_owned(), own("cloudtrail:StopLogging", &arn(place, "cloudtrail", "trail/main"))),
        ("change the agent".to_owned(), own("ssm:UpdateServiceSetting", &arn(place, "ssm", "servicesetting/ssm/x"))),
        ("read a parameter".to_owned(), own("ssm:GetParameter", &arn(place, "ssm", "parameter/shop/DATABASE_URL"))),
        ("assume a role".to_owned(), own("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin")),
    ];
    for name in ["AWS-RestartEC2Instance", "AWS-RunShellScript", "Team-Anything"] {
        all.push((format!("automate {name}"), automation(place, name, "admin")));
        let command = vec![
            document(place, "ssm:SendCommand", name),
            Demand::new("ssm:SendCommand", arn(place, "ec2", "instance/i-0123456789abcdef0")),
        ];
        all.push((format!("send {name}"), command));
    }
    for action in ["CreateDocument", "UpdateDocument", "DeleteDocument", "UpdateDocumentDefaultVersion"] {
        let name = format!("Sekisho-{}-db-readonly", place.name);
        all.push((action.to_owned(), vec![document(place, &format!("ssm:{action}"), &name)]));
    }
    all.extend(others_sessions(place).into_iter().chain(other_fields(place)).chain(other_roles(place)));
    all
}

/// Somebody else's session.
fn others_sessions(place: &Environment) -> Vec<(String, Vec<Demand>)> {
    let end = |action: &str, owner: &str| {
        let session = arn(place, "ssm", "session/op-0138-0123456789abcdef0");
        Demand::new(action, session).with("ssm:resourceTag/aws:ssmmessages:session-id", owner)
    };
    let somebody = "AROAEXAMPLE:op-0138";
    assert_ne!(somebody, USER);
    let actions = ["ssm:TerminateSession", "ssm:ResumeSession"];
    actions.map(|action| (format!("{action} of somebody else"), vec![end(action, somebody)])).into()
}

/// Changes of findings that no entry makes.
fn other_fields(place: &Environment) -> Vec<(String, Vec<Demand>)> {
    let status = ("Workflow.Status", "NOTIFIED");
    let mut all = vec![
        ("write a note alone".to_owned(), findings(place, &[("Note.Text", "x")])),
        ("make a finding new".to_owned(), findings(place, &[("Workflow.Status", "NEW")])),
    ];
    for field in [
        "Severity.Label",
        "Severity.Normalized",
        "Severity.Product",
        "Confidence",
        "Criticality",
        "Types",
        "VerificationState",
        "UserDefinedFields",
        "RelatedFindings",
    ] {
        all.push((format!("change {field}"), findings(place, &[status, (field, "x")])));
    }
    all
}

/// Passing a role that is not a document's, or to somebody else.
fn other_roles(place: &Environment) -> Vec<(String, Vec<Demand>)> {
    let pass = |role: &str, service: &str| {
        let arn = format!("arn:aws:iam::{}:role/{role}", place.account.unwrap());
        vec![Demand::new("iam:PassRole", arn).with("iam:PassedToService", service)]
    };
    let own = format!("Sekisho-{}-service-redeploy", place.name);
    vec![
        ("pass another role".to_owned(), pass("admin", "ssm.amazonaws.com")),
        ("pass a document's role to a machine".to_owned(), pass(&own, "ec2.amazonaws.com")),
    ]
}

/// Lists what is right but for the account or the region.
fn elsewhere() -> Vec<(String, Vec<Demand>)> {
    let mut all = Vec::new();
    for place in environments() {
        for entry in entries(&place) {
            // The hub of an account is the same for all of its environments.
            let demands = of_entry(&place, &entry);
            let moved = |from: &str, to: &str| -> Vec<Demand> {
                let change = |demand: &Demand| Demand { resource: demand.resource.replace(from, to), ..demand.clone() };
                demands.iter().map(change).collect()
            };
            let account = place.account.unwrap();
            all.push((format!("{} in another account", entry.id), moved(account.as_str(), "999988887777")));
            if !matches!(entry.operation, Operation::Workflow { .. }) {
                all.push((format!("{} in another region", entry.id), moved(REGION, "eu-west-1")));
            }
        }
    }
    all
}

#[test]
fn ones_own_sessions_are_kept_up_and_ended() {
    let place = environment("prd");
    for role in ["responder", "staff"] {
        let judge = stranger(role);
        let session = arn(&place, "ssm", "session/op-0137-0123456789abcdef0");
        for action in ["ssm:TerminateSession", "ssm:ResumeSession"] {
            let own = Demand::new(action, session.as_str()).with("ssm:resourceTag/aws:ssmmessages:session-id", USER);
            assert!(judge.allows(&own), "{role}: {action}");
        }
        assert!(judge.allows(&Demand::new("ssmmessages:OpenDataChannel", session)));
    }
    assert!(!stranger("operator").allows(&Demand::new("ssmmessages:OpenDataChannel", arn(&place, "ssm", "session/x"))));
}

#[test]
fn the_dashboards_are_read_in_their_own_places_alone() {
    for role in ROLES {
        let judge = stranger(role);
        for place in environments() {
            let cluster = format!("shop-{}", place.name);
            let own = arn(&place, "ecs", &format!("cluster/{cluster}"));
            let other = arn(&place, "ecs", "cluster/payroll");
            let list = |cluster: &str| Demand::new("ecs:ListTasks", "*").with("ecs:cluster", cluster);
            assert!(judge.allows(&list(&own)) && !judge.allows(&list(&other)), "{role} {}", place.name);
            assert!(judge.allows(&Demand::new("ecs:DescribeClusters", own)));
            assert!(!judge.allows(&Demand::new("ecs:DescribeClusters", other)));
            let service = |cluster: &str| arn(&place, "ecs", &format!("service/{cluster}/web"));
            assert!(judge.allows(&Demand::new("ecs:DescribeServices", service(&cluster))));
            assert!(!judge.allows(&Demand::new("ecs:DescribeServices", service("payroll"))));
            let acl = |name: &str| arn(&place, "wafv2", &format!("regional/webacl/{name}/0123"));
            assert!(judge.allows(&Demand::new("wafv2:GetWebACL", acl(&cluster))));
            assert!(!judge.allows(&Demand::new("wafv2:GetWebACL", acl("payroll"))));
        }
        let elsewhere = Demand::new("ecs:ListClusters", "*").with("aws:RequestedRegion", "eu-west-1");
        assert!(judge.allows(&Demand::new("ecs:ListClusters", "*")) && !judge.allows(&elsewhere), "{role}");
        let metrics = Demand::new("cloudwatch:GetMetricData", "*").with("aws:RequestedRegion", "us-east-1");
        assert!(judge.allows(&metrics), "what CloudFront counts is in us-east-1");
    }
}

#[test]
fn a_documents_role_does_its_change_to_its_services_and_nothing_else() {
    let staff = compiled("staff");
    assert_eq!(staff.roles.len(), 4 * 3, "four changes in three environments");
    for role in &staff.roles {
        let judge = Stranger::of(std::slice::from_ref(&role.policy));
        let place = environments().into_iter().find(|place| role.name.starts_with(&format!("Sekisho-{}-", place.name)));
        let place = place.unwrap();
        let cluster = format!("shop-{}", place.name);
        let service = |name: &str| arn(&place, "ecs", &format!("service/{cluster}/{name}"));
        let deployment = |name: &str| arn(&place, "ecs", &format!("service-deployment/{cluster}/{name}/abc"));
        let changes = |action: &str, resource: String| judge.allows(&Demand::new(action, resource));
        let is = |entry: &str| role.entries == [entry];
        let updates = is("service-redeploy") || is("service-scale");
        assert_eq!(changes("ecs:UpdateService", service("web")), updates, "{}", role.name);
        assert_eq!(changes("ecs:StopServiceDeployment", deployment("web")), is("service-rollback"), "{}", role.name);
        let stop = |service: &str| judge.allows(&task(&place, "ecs:StopTask", &cluster, service));
        assert_eq!(stop("web"), is("task-stop"), "{}", role.name);
        assert!(!stop("documents") && !changes("ecs:UpdateService", service("documents")), "{}", role.name);
        assert!(!changes("ecs:StopServiceDeployment", deployment("documents")), "{}", role.name);
        for other in ["ecs:DeleteService", "ecs:RunTask", "ecs:ExecuteCommand"] {
            assert!(!changes(other, service("web")), "{}: {other}", role.name);
        }
        let elsewhere = format!("arn:aws:ecs:{REGION}:999988887777:service/{cluster}/web");
        assert!(!changes("ecs:UpdateService", elsewhere) && TASK.len() == 32);
    }
}

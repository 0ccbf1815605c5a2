//! The table of the Service Authorization Reference, as far as it is played.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::simulator::auth::{Persona, Principal, Vault};
use crate::simulator::calls::Counter;
use crate::simulator::faults::Faults;
use crate::simulator::gateway::Gateway;
use crate::simulator::iam::Policies;
use crate::simulator::operations;
use crate::simulator::scenario::Scenario;
use crate::simulator::ssm::Automations;
use crate::simulator::wire::json as wire;
use crate::simulator::world::World;

const NOW: i64 = 1_795_310_823_000;
const REGION: &str = "ap-northeast-1";

/// Calls an operation's demands in the scenario that has something of everything.
fn demands(service: Service, operation: &str, input: Json) -> Vec<Demands> {
    let world = World::new(&Scenario::builtin("sessions").unwrap().file, NOW);
    let (vault, counter) = (Vault::new("111122223333", Persona::Responder).unwrap(), Counter::default());
    let (policies, automations, faults) = (Policies::default(), Automations::default(), Faults::new(0, NOW, &[]));
    let principal = Principal::assumed("111122223333", "reader", "op");
    let gateway = Gateway::idle();
    let call = Call {
        world: &world,
        vault: &vault,
        counter: &counter,
        gateway: &gateway,
        policies: &policies,
        faults: &faults,
        automations: &automations,
        principal: &principal,
        region: REGION,
        now: NOW,
    };
    of(&call, service, operation, Input(&wire::read(input)))
}

#[rstest]
#[case(Service::Ecs, "ListClusters", json!({}), &["*"])]
#[case(Service::Ecs, "DescribeClusters", json!({"clusters": ["a", "b"]}), &["ecs::cluster/a", "ecs::cluster/b"])]
#[case(Service::Ecs, "DescribeClusters", json!({}), &["ecs::cluster/default"])]
#[case(Service::Ecs, "ListServices", json!({"cluster": "a"}), &["*"])]
#[case(Service::Ecs, "ListTasks", json!({"cluster": "a"}), &["ecs::container-instance/a/*"])]
#[case(Service::Ecs, "DescribeServices", json!({"cluster": "a", "services": ["x", "arn:aws:ecs:r:1:service/a/y"]}), &["ecs::service/a/x", "ecs::service/a/y"])]
#[case(Service::Ecs, "UpdateService", json!({"cluster": "arn:aws:ecs:r:1:cluster/a", "service": "x"}), &["ecs::service/a/x"])]
#[case(Service::Ecs, "StopTask", json!({"cluster": "a", "task": "t"}), &["ecs::task/a/t"])]
#[case(Service::Ecs, "StopServiceDeployment", json!({"serviceDeploymentArn": "arn:x"}), &["arn:x"])]
#[case(Service::Ecs, "ExecuteCommand", json!({"cluster": "a", "task": "t"}), &["ecs::cluster/a", "ecs::task/a/t"])]
#[case(Service::CloudWatch, "DescribeAlarms", json!({}), &["cloudwatch::alarm:*"])]
#[case(Service::CloudWatch, "DescribeAlarms", json!({"AlarmNames": ["x"]}), &["cloudwatch::alarm:x"])]
#[case(Service::CloudWatch, "GetMetricData", json!({}), &["*"])]
#[case(Service::Sts, "GetCallerIdentity", json!({}), &[])]
#[case(Service::Sts, "AssumeRole", json!({"RoleArn": "arn:aws:iam::1:role/x"}), &["arn:aws:iam::1:role/x"])]
#[case(Service::Sts, "AssumeRole", json!({"RoleArn": "arn:aws:iam::1:role/reader"}), &[])]
#[case(Service::Wafv2, "GetWebACL", json!({"Name": "x", "Id": "i", "Scope": "REGIONAL"}), &["wafv2::regional/webacl/x/i"])]
#[case(Service::SecurityHub, "GetFindings", json!({}), &["securityhub::hub/default"])]
#[case(Service::Logs, "FilterLogEvents", json!({"logGroupName": "/g"}), &["logs::log-group:/g:log-stream:"])]
#[case(Service::Logs, "PutLogEvents", json!({"logGroupName": "/g", "logStreamName": "s"}), &["logs::log-group:/g:log-stream:s"])]
#[case(Service::Logs, "DescribeLogGroups", json!({}), &["logs::log-group::log-stream:"])]
#[case(Service::Ssm, "StartSession", json!({"Target": "i-1", "DocumentName": "Own"}), &["ec2::instance/i-1", "ssm::document/Own"])]
#[case(Service::Ssm, "StartSession", json!({"Target": "mi-1", "DocumentName": "AWS-StartSSHSession"}), &["ssm::managed-instance/mi-1", "arn:aws:ssm:ap-northeast-1::document/AWS-StartSSHSession"])]
#[case(Service::Ssm, "StartSession", json!({"Target": "ecs:a_b_t_r-1", "DocumentName": "Own"}), &["ecs::task/a_b/t", "ssm::document/Own"])]
#[case(Service::Ssm, "StartAutomationExecution", json!({"DocumentName": "Own", "DocumentVersion": "2"}), &["ssm::automation-definition/Own:2", "ssm::document/Own"])]
#[case(Service::Ssm, "GetAutomationExecution", json!({"AutomationExecutionId": "x"}), &["ssm::automation-execution/x"])]
#[case(Service::Ssm, "GetParameter", json!({"Name": "/a/b:2"}), &["ssm::parameter/a/b"])]
#[case(Service::Ssm, "GetParametersByPath", json!({"Path": "/a"}), &["ssm::parameter/a"])]
#[case(Service::Ssm, "ListDocuments", json!({}), &["ssm::*"])]
#[case(Service::Rds, "DescribeDBClusters", json!({}), &["rds::cluster:*"])]
#[case(Service::Iam, "SimulatePrincipalPolicy", json!({"PolicySourceArn": "arn:x"}), &["arn:x"])]
fn an_operation_demands(
    #[case] service: Service,
    #[case] operation: &str,
    #[case] input: Json,
    #[case] resources: &[&str],
) {
    let ways = demands(service, operation, input);
    let expected: Vec<String> = resources
        .iter()
        .map(|resource| match resource.split_once("::") {
            Some((service, rest)) if !service.contains(':') => {
                format!("arn:aws:{service}:{REGION}:111122223333:{rest}")
            }
            _ => (*resource).to_owned(),
        })
        .collect();
    let found: Vec<&str> = ways[0].iter().map(|demand| demand.resource.as_str()).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_operation_demands_its_own_action() {
    for service in Service::ALL {
        for operation in operations::of(service) {
            let ways = demands(service, operation, json!({ "cluster": "a", "services": ["x"], "tasks": ["t"] }));
            let action = format!("{}:{operation}", service.prefix());
            let all = ways.iter().flatten().all(|demand| demand.action == action);
            assert!(all, "{action}: {ways:?}");
            // What is named in lists that are empty here is refused by the operation itself.
            let by_name = ["DescribeServiceDeployments", "DescribeServiceRevisions", "StartLiveTail", "GetParameters"];
            let free = *operation == "GetCallerIdentity" || by_name.contains(operation);
            assert!(free || ways.iter().all(|way| !way.is_empty()), "{action} demands nothing");
        }
    }
}

#[test]
fn a_session_without_a_document_may_be_asked_for_in_two_ways() {
    let ways = demands(Service::Ssm, "StartSession", json!({ "Target": "i-1" }));
    let check = |way: &Demands| way[0].context.get("ssm:SessionDocumentAccessCheck").map(<[String]>::to_vec);
    assert_eq!(
        ways.iter().map(check).collect::<Vec<_>>(),
        [Some(vec!["false".to_owned()]), Some(vec!["true".to_owned()])]
    );
    assert_eq!(ways.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
    let named = demands(Service::Ssm, "StartSession", json!({ "Target": "i-1", "DocumentName": "Own" }));
    assert_eq!(check(&named[0]), None);
}

#[test]
fn requests_carry_their_keys() {
    let get = |ways: &[Demands], key: &str| ways[0][0].context.get(key).map(<[String]>::to_vec).unwrap_or_default();
    let update = json!({
        "FindingIdentifiers": [{ "Id": "x", "ProductArn": "y" }],
        "Workflow": { "Status": "NOTIFIED" },
        "Note": { "Text": "t", "UpdatedBy": "u" },
        "Types": ["a", "b"],
        "UserDefinedFields": { "team": "shop" },
        "RelatedFindings": [{ "Id": "x", "ProductArn": "y" }],
        "Confidence": 80,
    });
    let ways = demands(Service::SecurityHub, "BatchUpdateFindings", update);
    for (path, values) in [
        ("Workflow.Status", &["NOTIFIED"][..]),
        ("Note.Text", &["t"]),
        ("Note.UpdatedBy", &["u"]),
        ("Types", &["a", "b"]),
        ("UserDefinedFields.team", &["shop"]),
        ("RelatedFindings", &[""]),
        ("Confidence", &["80"]),
    ] {
        assert_eq!(get(&ways, &format!("securityhub:ASFFSyntaxPath/{path}")), values, "{path}");
    }
    assert!(get(&ways, "securityhub:ASFFSyntaxPath/Severity.Label").is_empty());
    assert!(get(&ways, "securityhub:ASFFSyntaxPath/FindingIdentifiers").is_empty());
    let exec = json!({ "cluster": "shop-prd", "task": "t", "container": "web" });
    let ways = demands(Service::Ecs, "ExecuteCommand", exec);
    for demand in &ways[0] {
        let value = |key: &str| demand.context.get(key).map(<[String]>::to_vec).unwrap_or_default();
        assert_eq!(value("ecs:container-name"), ["web"]);
        assert_eq!(value("ecs:cluster"), ["arn:aws:ecs:ap-northeast-1:111122223333:cluster/shop-prd"]);
        assert_eq!(value("ecs:task"), ["arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/t"]);
    }
    let node = demands(Service::Ssm, "StartSession", json!({ "Target": "i-0a1b2c3d4e5f60718", "DocumentName": "x" }));
    for key in ["ssm:resourceTag/Environment", "aws:ResourceTag/Environment"] {
        assert_eq!(get(&node, key), ["prd"]);
    }
    let wraps = json!({ "KeyId": "alias/shop-prd-exec", "EncryptionContext": { "aws:ssm:TargetId": "i-1" } });
    let ways = demands(Service::Kms, "GenerateDataKey", wraps);
    assert_eq!(get(&ways, "kms:EncryptionContext:aws:ssm:TargetId"), ["i-1"]);
    assert_eq!(get(&ways, "kms:RequestAlias"), ["alias/shop-prd-exec"]);
    assert!(ways[0][0].resource.contains(":key/"), "an alias stands for its key");
}

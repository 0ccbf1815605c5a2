//! The SSM documents: what a person may choose is exactly what the catalogue allows.

use serde_json::{Value, json};

use sekisho::domain::environment::Environment;
use sekisho::policy::compile::{Document, DocumentKind, Note, Options, compile};
use sekisho::runbook::operation::{DOCUMENT_REASON, DOCUMENT_SERVICE, DOCUMENT_TICKET};
use sekisho::runbook::pattern::fits;

use super::support::{CATALOGUE, compiled, environment, options};

fn document(name: &str) -> Document {
    let made = compiled("staff").documents;
    made.into_iter().find(|document| document.name == name).unwrap_or_else(|| panic!("no document {name}"))
}

#[test]
fn every_entry_that_names_a_document_has_one() {
    let made = compiled("staff").documents;
    let names: Vec<&str> = made.iter().map(|document| document.name.as_str()).collect();
    for name in ["db-readonly", "db-readwrite", "node-shell"] {
        assert!(names.contains(&format!("Sekisho-stg-{name}").as_str()), "{names:?}");
    }
    for name in ["service-redeploy", "service-rollback", "service-scale", "task-stop"] {
        let made = document(&format!("Sekisho-dev-{name}"));
        assert_eq!((made.kind, made.account.as_str()), (DocumentKind::Automation, "111122223333"));
    }
    // What the team has written itself is not ours to write.
    assert!(!names.contains(&"Team-Restart"));
    let operator = compiled("operator").documents;
    let names: Vec<&str> = operator.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["Sekisho-stg-service-redeploy", "Sekisho-dev-service-redeploy"]);
}

#[test]
fn a_tunnel_leads_to_one_place() {
    let made = document("Sekisho-prd-db-readonly").content;
    assert_eq!(made["sessionType"], "Port");
    let properties = json!({
        "type": "LocalPortForwarding",
        "host": "shop-prd.cluster-ro-abcdefghijkl.ap-northeast-1.rds.amazonaws.com",
        "portNumber": "5432",
        "localPortNumber": "{{ localPortNumber }}",
    });
    assert_eq!(made["properties"], properties);
    let parameters = made["parameters"].as_object().unwrap();
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["localPortNumber"]);
    let pattern = parameters["localPortNumber"]["allowedPattern"].as_str().unwrap();
    assert!(["0", "15432", "65535"].iter().all(|port| fits(pattern, port)));
    assert!(["", "65536", "00", "-1", "5432; rm", "{{ host }}"].iter().all(|port| !fits(pattern, port)));
}

#[test]
fn a_shell_is_ended_and_logged_by_aws_itself() {
    let inputs = document("Sekisho-prd-node-shell").content["inputs"].clone();
    assert_eq!(inputs["maxSessionDuration"], "30");
    assert_eq!(inputs["idleSessionTimeout"], "20");
    assert_eq!(inputs["cloudWatchLogGroupName"], "/sekisho/sessions");
    assert_eq!(inputs["cloudWatchEncryptionEnabled"], true);
    assert_eq!((&inputs["runAsEnabled"], &inputs["runAsDefaultUser"]), (&json!(true), &json!("ops")));
    assert!(inputs["kmsKeyId"].as_str().unwrap().ends_with("key/0a1b2c3d-0000-1111-2222-333344445555"));
    // The key is of another account than staging.
    assert_eq!(document("Sekisho-stg-node-shell").content["inputs"]["kmsKeyId"], "");
    let plain = compile(&CATALOGUE, "staff", &[environment("prd")], &Options::default());
    assert!(plain.notes.contains(&Note::NoRunAs { document: "Sekisho-prd-node-shell".to_owned() }));
    let of = |name: &str| plain.documents.iter().find(|document| document.name == name).unwrap().content.clone();
    assert_eq!(of("Sekisho-prd-node-shell")["inputs"]["runAsEnabled"], false);
}

#[test]
fn a_change_takes_the_services_of_its_entry_alone() {
    for name in ["service-redeploy", "service-rollback", "service-scale", "task-stop"] {
        let made = document(&format!("Sekisho-prd-{name}")).content;
        assert_eq!(made["schemaVersion"], "0.3");
        assert_eq!(made["assumeRole"], format!("arn:aws:iam::111122223333:role/Sekisho-prd-{name}"));
        let parameters = &made["parameters"];
        assert_eq!(parameters[DOCUMENT_SERVICE]["allowedValues"], json!(["web", "api", "auth", "claims"]));
        assert!(parameters[DOCUMENT_SERVICE].get("default").is_none());
        let ticket = parameters[DOCUMENT_TICKET]["allowedPattern"].as_str().unwrap();
        assert!(fits(ticket, "INC-42") && !fits(ticket, "INC-") && !fits(ticket, "xINC-42"), "{ticket}");
        let reason = parameters[DOCUMENT_REASON]["allowedPattern"].as_str().unwrap();
        assert!(fits(reason, "決済が遅い: (5xx) \"x\"") && !fits(reason, "") && !fits(reason, "{{ssm:secret}}"));
        assert!(!fits(reason, "a\nb") && !fits(reason, "\u{1b}[31m") && !fits(reason, &"x".repeat(513)));
        assert_eq!(steps(&made).iter().filter(|step| step["isEnd"] == true).count(), 1);
        for step in steps(&made) {
            assert_eq!(step["inputs"]["Service"], "ecs", "{step}");
            let cluster = step["inputs"].get("cluster");
            assert!(cluster.is_none_or(|cluster| cluster == "shop-prd"), "{step}");
            assert!(step["timeoutSeconds"].as_u64().is_some_and(|seconds| seconds > 0), "{step}");
        }
    }
    // Where no ticket is needed, none need be given.
    let dev = document("Sekisho-dev-service-redeploy").content;
    assert_eq!(dev["parameters"][DOCUMENT_TICKET]["default"], "");
}

fn steps(document: &Value) -> Vec<Value> {
    document["mainSteps"].as_array().unwrap().clone()
}

fn apis(name: &str) -> Vec<String> {
    let made = document(&format!("Sekisho-prd-{name}")).content;
    let api = |step: &Value| step["inputs"]["Api"].as_str().unwrap().to_owned();
    steps(&made).iter().map(api).collect()
}

#[test]
fn a_change_is_made_step_by_step_and_followed_to_its_end() {
    let (list, describe) = ("ListServiceDeployments", "DescribeServiceDeployments");
    assert_eq!(apis("service-redeploy"), ["UpdateService", list, list, describe, describe]);
    assert_eq!(apis("service-rollback"), [list, "StopServiceDeployment", describe, describe]);
    assert_eq!(apis("service-scale"), ["UpdateService", "DescribeServices"]);
    assert_eq!(apis("task-stop"), ["DescribeTasks", "StopTask", "DescribeTasks"]);
    let redeploy = document("Sekisho-prd-service-redeploy").content;
    assert_eq!(steps(&redeploy)[0]["inputs"]["forceNewDeployment"], true);
    assert!(steps(&redeploy)[0]["inputs"].get("taskDefinition").is_none());
    let rollback = document("Sekisho-prd-service-rollback").content;
    assert_eq!(steps(&rollback)[1]["inputs"]["stopType"], "ROLLBACK");
    let task = steps(&document("Sekisho-prd-task-stop").content)[0].clone();
    assert_eq!(task["action"], "aws:assertAwsResourceProperty");
    assert_eq!(task["inputs"]["DesiredValues"], json!(["service:{{ Service }}"]));
}

#[test]
fn a_number_of_tasks_is_one_of_the_range() {
    let scale = document("Sekisho-prd-service-scale").content;
    assert_eq!(scale["parameters"]["Desired"], json!({ "type": "Integer", "allowedValues": [1, 2, 3, 4, 5, 6] }));
    let pattern = document("Sekisho-prd-task-stop").content["parameters"]["Task"]["allowedPattern"].clone();
    let pattern = pattern.as_str().unwrap();
    assert!(fits(pattern, &"0af7".repeat(8)) && !fits(pattern, "web") && !fits(pattern, &"0AF7".repeat(8)));
}

#[test]
fn a_document_is_created_in_each_of_its_regions_and_its_role_once() {
    let regions = vec!["ap-northeast-1".to_owned(), "ap-northeast-3".to_owned()];
    let place = [Environment { regions: regions.clone(), ..environment("prd") }];
    let made = compile(&CATALOGUE, "staff", &place, &options());
    let of = |name: &str| made.documents.iter().filter(|one| one.name == name).collect::<Vec<_>>();
    let tunnel = of("Sekisho-prd-db-readonly");
    assert_eq!((tunnel.len(), &tunnel[0].regions), (1, &regions));
    assert_eq!(
        tunnel[0].create(&made.documents)[1],
        "aws ssm create-document --region ap-northeast-3 --name Sekisho-prd-db-readonly --document-type Session \
         --document-format JSON --content file://Sekisho-prd-db-readonly.json"
    );
    // There is a key in one of the regions only, so that the documents differ.
    let shells: Vec<String> = of("Sekisho-prd-node-shell").iter().map(|one| one.file_name(&made.documents)).collect();
    let named = |region: &str| format!("Sekisho-prd-node-shell.111122223333.{region}.json");
    assert_eq!(shells, [named("ap-northeast-1"), named("ap-northeast-3")]);
    assert_eq!(made.roles.iter().filter(|role| role.name == "Sekisho-prd-service-scale").count(), 1);
    let trust = &made.roles[0].trust["Statement"][0];
    assert_eq!(trust["Principal"], json!({ "Service": "ssm.amazonaws.com" }));
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], "111122223333");
}

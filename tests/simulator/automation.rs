//! Automation: documents that change services, step by step, under their own roles.

use std::collections::BTreeMap;

use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::{AutomationExecution, AutomationExecutionStatus, StopType};
use rstest::rstest;
use sekisho::simulator::{DocumentText, Fault, FaultKind, Options, PolicyTexts};
use serde_json::{Value as Json, json};

use crate::changes::SHOP;
use crate::support::Stage;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/Sekisho-prd-change";

fn call(name: &str, api: &str, mut more: Json) -> Json {
    let mut inputs = json!({ "Service": "ecs", "Api": api, "cluster": "shop-prd" });
    inputs.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    json!({ "name": name, "action": "aws:executeAwsApi", "inputs": inputs })
}

fn looks(action: &str, step: Json, property: &str, desired: Json) -> Json {
    let mut step = step;
    step["action"] = action.into();
    step["inputs"]["PropertySelector"] = property.into();
    step["inputs"]["DesiredValues"] = desired;
    step
}

fn document(steps: &[Json]) -> Json {
    json!({
        "schemaVersion": "0.3",
        "assumeRole": ROLE,
        "parameters": {
            "Service": { "type": "String", "allowedValues": ["web", "api"] },
            "Desired": { "type": "Integer", "allowedValues": [1, 2, 3, 4], "default": 1 },
            "Task": { "type": "String", "allowedPattern": "^[0-9a-f]{32}$", "default": "" },
            "Reason": { "type": "String", "allowedPattern": "^[^\\x00-\\x1f\\x7f{}]{0,512}$", "default": "" },
        },
        "mainSteps": steps,
        "outputs": ["find.Arn"],
    })
}

/// Forces a deployment, finds it, and follows it to its end.
fn redeploy() -> Json {
    let mut find = call(
        "find",
        "ListServiceDeployments",
        json!({ "service": "{{ Service }}", "status": ["PENDING", "IN_PROGRESS"] }),
    );
    find["outputs"] =
        json!([{ "Name": "Arn", "Selector": "$.serviceDeployments[0].serviceDeploymentArn", "Type": "String" }]);
    let mut look = call("follow", "DescribeServiceDeployments", json!({ "serviceDeploymentArns": ["{{ find.Arn }}"] }));
    look["inputs"].as_object_mut().unwrap().remove("cluster");
    look["timeoutSeconds"] = 3_600.into();
    let status = "$.serviceDeployments[0].status";
    let ends = json!(["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]);
    let mut confirm = look.clone();
    confirm["name"] = "confirm".into();
    confirm["isEnd"] = true.into();
    document(&[
        call("redeploy", "UpdateService", json!({ "service": "{{ Service }}", "forceNewDeployment": true })),
        find,
        looks("aws:waitForAwsResourceProperty", look, status, ends),
        looks("aws:assertAwsResourceProperty", confirm, status, json!(["SUCCESSFUL"])),
    ])
}

/// Wants a number of tasks, and nothing else.
fn scale() -> Json {
    let mut document = document(&[
        call("scale", "UpdateService", json!({ "service": "{{ Service }}", "desiredCount": "{{ Desired }}" })),
        looks(
            "aws:waitForAwsResourceProperty",
            call("follow", "DescribeServices", json!({ "services": ["{{ Service }}"] })),
            "$.services[0].runningCount",
            json!(["{{ Desired }}"]),
        ),
    ]);
    document.as_object_mut().unwrap().remove("outputs");
    document
}

/// Stops a task, if it is the service's.
fn stop() -> Json {
    let group = looks(
        "aws:assertAwsResourceProperty",
        call("belongs", "DescribeTasks", json!({ "tasks": ["{{ Task }}"] })),
        "$.tasks[0].group",
        json!(["service:{{ Service }}"]),
    );
    let mut document =
        document(&[group, call("stop", "StopTask", json!({ "task": "{{ Task }}", "reason": "{{ Reason }}" }))]);
    document.as_object_mut().unwrap().remove("outputs");
    document
}

fn allow(actions: &[&str]) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
        .to_string()
}

async fn stage_with(document: &Json, role: &str) -> Stage {
    let document = DocumentText {
        account: ACCOUNT.to_owned(),
        region: None,
        name: "Sekisho-prd-change".to_owned(),
        kind: "Automation".to_owned(),
        content: document.to_string(),
    };
    let policies =
        PolicyTexts { roles: BTreeMap::from([(ROLE.to_owned(), vec![role.to_owned()])]), ..PolicyTexts::default() };
    Stage::with_options(SHOP, Options { documents: vec![document], policies, ..Options::default() }).await
}

async fn start(stage: &Stage, parameters: &[(&str, &str)]) -> Result<String, (String, String)> {
    let mut asked = stage.ssm.start_automation_execution().document_name("Sekisho-prd-change");
    for (name, value) in parameters {
        asked = asked.parameters(*name, vec![(*value).to_owned()]);
    }
    match asked.send().await {
        Ok(started) => Ok(started.automation_execution_id().unwrap().to_owned()),
        Err(error) => Err((error.code().unwrap().to_owned(), error.message().unwrap().to_owned())),
    }
}

async fn get(stage: &Stage, id: &str) -> AutomationExecution {
    let got = stage.ssm.get_automation_execution().automation_execution_id(id).send().await.unwrap();
    got.automation_execution().unwrap().clone()
}

fn statuses(execution: &AutomationExecution) -> Vec<&str> {
    execution
        .step_executions()
        .iter()
        .filter_map(|step| step.step_status())
        .map(AutomationExecutionStatus::as_str)
        .collect()
}

fn status(execution: &AutomationExecution) -> &str {
    execution.automation_execution_status().unwrap().as_str()
}

#[tokio::test]
async fn a_redeploy_is_followed_to_its_end() {
    let actions = ["ecs:UpdateService", "ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments"];
    let stage = stage_with(&redeploy(), &allow(&actions)).await;
    let id = start(&stage, &[("Service", "web"), ("Reason", "INC-1 応答が遅い")]).await.unwrap();
    let execution = get(&stage, &id).await;
    assert_eq!((status(&execution), statuses(&execution)), ("InProgress", vec!["Pending"; 4]));
    assert_eq!(execution.current_step_name(), Some("redeploy"));
    assert_eq!(execution.parameters().unwrap()["Service"], ["web"]);
    stage.go_to("20s");
    // Whoever looks first sees what has been done until now.
    assert_eq!(stage.service("shop-prd", "web").await.deployments().len(), 2);
    let execution = get(&stage, &id).await;
    assert_eq!(statuses(&execution), ["Success", "Success", "InProgress", "Pending"]);
    assert_eq!(execution.current_step_name(), Some("follow"));
    let arn = &execution.step_executions()[1].outputs().unwrap()["Arn"][0];
    assert!(arn.contains(":service-deployment/shop-prd/web/"), "{arn}");
    let inputs = execution.step_executions()[0].inputs().unwrap();
    assert_eq!((inputs["service"].as_str(), inputs["forceNewDeployment"].as_str()), ("web", "true"));
    stage.go_to("10m");
    let execution = get(&stage, &id).await;
    assert_eq!((status(&execution), statuses(&execution)), ("Success", vec!["Success"; 4]));
    assert_eq!(&execution.outputs().unwrap()["find.Arn"][0], arn);
    assert!(execution.execution_end_time().unwrap().secs() < stage.time("8m").secs());
    assert!(execution.executed_by().unwrap().contains("AWSReservedSSO_SekishoResponder"));
    assert_eq!(execution.progress_counters().unwrap().success_steps(), 4);
}

#[tokio::test]
async fn numbers_keep_their_type_and_are_reached() {
    let stage = stage_with(&scale(), &allow(&["ecs:*"])).await;
    let id = start(&stage, &[("Service", "web"), ("Desired", "4")]).await.unwrap();
    stage.go_to("5m");
    assert_eq!(status(&get(&stage, &id).await), "Success");
    assert_eq!(stage.service("shop-prd", "web").await.running_count(), 4);
}

#[tokio::test]
async fn a_task_of_another_service_is_not_stopped() {
    let stage = stage_with(&stop(), &allow(&["ecs:*"])).await;
    let tasks = stage.ecs.list_tasks().cluster("shop-prd").service_name("api").send().await.unwrap();
    let task = tasks.task_arns()[0].rsplit('/').next().unwrap().to_owned();
    let id = start(&stage, &[("Service", "web"), ("Task", &task)]).await.unwrap();
    stage.go_to("10s");
    let execution = get(&stage, &id).await;
    assert_eq!((status(&execution), statuses(&execution)), ("Failed", vec!["Failed", "Pending"]));
    assert!(execution.failure_message().unwrap().contains("service:api"), "{execution:?}");
    let id = start(&stage, &[("Service", "api"), ("Task", &task), ("Reason", "INC-2")]).await.unwrap();
    stage.go_to("1m");
    assert_eq!(status(&get(&stage, &id).await), "Success");
    let described = stage.ecs.describe_tasks().cluster("shop-prd").tasks(&task).send().await.unwrap();
    assert_eq!(described.tasks()[0].stopped_reason(), Some("INC-2"));
}

#[tokio::test]
async fn a_document_may_do_what_its_role_may() {
    let stage = stage_with(&redeploy(), &allow(&["ecs:ListServiceDeployments"])).await;
    let id = start(&stage, &[("Service", "web")]).await.unwrap();
    stage.go_to("1m");
    let execution = get(&stage, &id).await;
    assert_eq!((status(&execution), statuses(&execution)), ("Failed", vec!["Failed", "Pending", "Pending", "Pending"]));
    let message = execution.failure_message().unwrap();
    let who = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Sekisho-prd-change/Automation-{id}");
    for part in [
        "Step fails when it is Execute/Cancelling action. An error occurred (AccessDeniedException) when calling the \
         UpdateService operation: User: ",
        &who,
        "is not authorized to perform: ecs:UpdateService on resource: arn:aws:ecs:ap-northeast-1:111122223333:service/shop-prd/web",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let step = &execution.step_executions()[0];
    assert_eq!(step.failure_details().unwrap().failure_type(), Some("AccessDeniedException"));
    assert_eq!(stage.service("shop-prd", "web").await.deployments().len(), 1, "nothing was done");
}

#[tokio::test]
async fn a_cancelled_execution_begins_nothing_more() {
    let stage = stage_with(&redeploy(), &allow(&["ecs:*"])).await;
    let id = start(&stage, &[("Service", "web")]).await.unwrap();
    stage.go_to("20s");
    let stop = || stage.ssm.stop_automation_execution().automation_execution_id(&id).r#type(StopType::Cancel);
    stop().send().await.unwrap();
    assert_eq!(status(&get(&stage, &id).await), "Cancelling");
    stage.go_to("30s");
    let execution = get(&stage, &id).await;
    assert_eq!(
        (status(&execution), statuses(&execution)),
        ("Cancelled", vec!["Success", "Success", "Cancelled", "Pending"])
    );
    assert_eq!(stop().send().await.unwrap_err().code(), Some("InvalidAutomationStatusUpdateException"));
    stage.go_to("5m");
    let service = stage.service("shop-prd", "web").await;
    assert_eq!(service.deployments()[0].rollout_state().unwrap().as_str(), "COMPLETED", "the rollout goes on");
}

#[tokio::test]
async fn a_wait_that_is_too_long_times_out() {
    let mut document = scale();
    document["mainSteps"][1]["timeoutSeconds"] = 10.into();
    let stage = stage_with(&document, &allow(&["ecs:*"])).await;
    let id = start(&stage, &[("Service", "web"), ("Desired", "4")]).await.unwrap();
    stage.go_to("1m");
    let execution = get(&stage, &id).await;
    assert_eq!((status(&execution), statuses(&execution)), ("TimedOut", vec!["Success", "TimedOut"]));
    let step = &execution.step_executions()[1];
    let lasted = step.execution_end_time().unwrap().secs() - step.execution_start_time().unwrap().secs();
    assert!((9..=11).contains(&lasted), "{lasted}");
}

#[tokio::test]
async fn failures_are_met_as_the_document_says() {
    let mut document = scale();
    document["mainSteps"][0]["maxAttempts"] = 3.into();
    let stage = stage_with(&document, &allow(&["ecs:*"])).await;
    stage.simulator.inject(Fault::new(FaultKind::Throttle, "ecs:UpdateService").times(2));
    let id = start(&stage, &[("Service", "web"), ("Desired", "2")]).await.unwrap();
    stage.go_to("3m");
    assert_eq!(status(&get(&stage, &id).await), "Success", "the third try is let through");

    let mut document = scale();
    document["mainSteps"][0]["onFailure"] = "Continue".into();
    document["mainSteps"][0]["inputs"]["service"] = "nothing".into();
    let stage = stage_with(&document, &allow(&["ecs:*"])).await;
    let id = start(&stage, &[("Service", "web"), ("Desired", "3")]).await.unwrap();
    stage.go_to("1m");
    let execution = get(&stage, &id).await;
    assert_eq!((status(&execution), statuses(&execution)), ("Success", vec!["Failed", "Success"]));
    assert!(execution.step_executions()[0].failure_message().unwrap().contains("ServiceNotFoundException"));
}

#[tokio::test]
async fn a_document_sleeps_and_chooses_its_way() {
    let choices = json!([
        { "NextStep": "raise", "Variable": "{{ Desired }}", "NumericGreater": 3 },
        { "NextStep": "lower", "Variable": "{{ Service }}", "StringEquals": "api" },
    ]);
    let mut raise = call("raise", "UpdateService", json!({ "service": "web", "desiredCount": 4 }));
    raise["isEnd"] = true.into();
    let mut document = document(&[
        json!({ "name": "rest", "action": "aws:sleep", "inputs": { "Duration": "PT2M" } }),
        json!({ "name": "choose", "action": "aws:branch", "inputs": { "Choices": choices } }),
        raise,
        call("lower", "UpdateService", json!({ "service": "api", "desiredCount": 1 })),
    ]);
    document.as_object_mut().unwrap().remove("outputs");
    let stage = stage_with(&document, &allow(&["ecs:*"])).await;
    let id = start(&stage, &[("Service", "api"), ("Desired", "1")]).await.unwrap();
    stage.go_to("1m59s");
    assert_eq!(statuses(&get(&stage, &id).await), ["InProgress", "Pending", "Pending", "Pending"]);
    stage.go_to("2m10s");
    assert_eq!(statuses(&get(&stage, &id).await), ["Success", "Success", "Pending", "Success"]);
    assert_eq!(stage.service("shop-prd", "api").await.desired_count(), 1);
    let id = start(&stage, &[("Service", "web"), ("Desired", "2")]).await.unwrap();
    stage.go_to("5m");
    let execution = get(&stage, &id).await;
    assert_eq!(
        (status(&execution), statuses(&execution)),
        ("Success", vec!["Success", "Success", "Pending", "Pending"])
    );
}

#[rstest]
#[case(&[], "Missing required parameter: Service in user inputs.")]
#[case(&[("Service", "db")], "Parameter \"Service\" has value \"db\" not found in [web, api].")]
#[case(&[("Service", "web"), ("Desired", "5")], "not found in [1, 2, 3, 4]")]
#[case(&[("Service", "web"), ("Task", "x")], "not matching ^[0-9a-f]{32}$")]
#[case(&[("Service", "web"), ("Reason", "{{ Service }}")], "not matching")]
#[case(&[("Service", "web"), ("Reason", "two\nlines")], "not matching")]
#[case(&[("Service", "web"), ("Cluster", "shop-dev")], "Parameter \"Cluster\" is not defined")]
#[tokio::test]
async fn parameters_are_as_narrow_as_the_document_says(#[case] parameters: &[(&str, &str)], #[case] why: &str) {
    let stage = stage_with(&redeploy(), &allow(&["ecs:*"])).await;
    let (code, message) = start(&stage, parameters).await.unwrap_err();
    assert_eq!(code, "InvalidAutomationExecutionParametersException");
    assert!(message.contains(why), "{message}");
}

#[tokio::test]
async fn values_are_neither_empty_nor_without_end() {
    let stage = stage_with(&scale(), &allow(&["ecs:*"])).await;
    let long = "x".repeat(65_536);
    for value in ["", long.as_str()] {
        let (code, message) = start(&stage, &[("Service", "web"), ("Reason", value)]).await.unwrap_err();
        assert_eq!(code, "ValidationException");
        assert!(message.len() < 1_000, "{message}");
    }
    assert!(start(&stage, &[("Service", "web"), ("Reason", &"理".repeat(512))]).await.is_ok());
}

#[tokio::test]
async fn a_token_starts_one_execution() {
    let stage = stage_with(&scale(), &allow(&["ecs:*"])).await;
    let token = "0a1b2c3d-0000-4000-8000-0123456789AB";
    let asked = |service: &str, token: &str| {
        let asked = stage.ssm.start_automation_execution().document_name("Sekisho-prd-change").client_token(token);
        asked.parameters("Service", vec![service.to_owned()])
    };
    let first = asked("web", token).send().await.unwrap();
    let again = asked("web", &token.to_lowercase()).send().await.unwrap();
    assert_eq!(first.automation_execution_id(), again.automation_execution_id());
    assert_eq!(asked("api", token).send().await.unwrap_err().code(), Some("IdempotentParameterMismatch"));
    assert_eq!(asked("web", &"x".repeat(36)).send().await.unwrap_err().code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_role_that_is_not_there_is_not_assumed() {
    let mut document = scale();
    document["assumeRole"] = "arn:aws:iam::111122223333:role/Nobody".into();
    let stage = stage_with(&document, &allow(&["ecs:*"])).await;
    let (code, message) = start(&stage, &[("Service", "web")]).await.unwrap_err();
    assert_eq!(code, "InvalidAutomationExecutionParametersException");
    assert_eq!(message, "The defined assume role is unable to be assumed.");
    let unknown = stage.ssm.start_automation_execution().document_name("Nothing").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("AutomationDefinitionNotFoundException"));
    let unknown =
        stage.ssm.get_automation_execution().automation_execution_id("0".repeat(36)).send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("AutomationExecutionNotFoundException"));
}

#[tokio::test]
async fn executions_and_their_steps_are_listed() {
    let stage = stage_with(&scale(), &allow(&["ecs:*"])).await;
    let mut ids = Vec::new();
    for at in ["10s", "20s", "30s"] {
        stage.go_to(at);
        ids.push(start(&stage, &[("Service", "web"), ("Desired", "3")]).await.unwrap());
    }
    ids.reverse();
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let page =
            stage.ssm.describe_automation_executions().max_results(2).set_next_token(token).send().await.unwrap();
        let list = page.automation_execution_metadata_list();
        seen.extend(list.iter().filter_map(|one| one.automation_execution_id()).map(str::to_owned));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids, "the newest first");
    let steps = stage.ssm.describe_automation_step_executions().automation_execution_id(&ids[2]).reverse_order(true);
    let steps = steps.send().await.unwrap();
    let names: Vec<_> = steps.step_executions().iter().filter_map(|step| step.step_name()).collect();
    assert_eq!(names, ["follow", "scale"]);
}

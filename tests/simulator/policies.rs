//! Policies are enforced: who has some may do what they allow, and nothing else.

use std::collections::BTreeMap;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_securityhub::types::{AwsSecurityFindingIdentifier, NoteUpdate, WorkflowStatus, WorkflowUpdate};
use rstest::rstest;
use sekisho::simulator::{DocumentText, Options, Persona, PolicyTexts};
use serde_json::{Value as Json, json};

use crate::changes::SHOP;
use crate::channel::{dial, signed};
use crate::support::Stage;

const NODE: &str = "i-0a1b2c3d4e5f60718";
const HERE: &str = "ap-northeast-1:111122223333";

/// An account in which the operator has these statements.
async fn operator(statements: Json) -> Stage {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let shell =
        json!({ "schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": { "maxSessionDuration": "30" } });
    let sleep = json!({ "name": "rest", "action": "aws:sleep", "inputs": { "Duration": "PT1S" } });
    let automation = json!({
        "schemaVersion": "0.3", "assumeRole": "arn:aws:iam::111122223333:role/Runner", "mainSteps": [sleep],
    });
    let document = |name: &str, kind: &str, content: &Json| DocumentText {
        account: "111122223333".to_owned(),
        region: Some("ap-northeast-1".to_owned()),
        name: name.to_owned(),
        kind: kind.to_owned(),
        content: content.to_string(),
    };
    let options = Options {
        persona: Persona::Operator,
        policies: PolicyTexts {
            personas: BTreeMap::from([(Persona::Operator, vec![policy])]),
            ..PolicyTexts::default()
        },
        documents: vec![document("Own-shell", "Session", &shell), document("Own-runbook", "Automation", &automation)],
        ..Options::default()
    };
    Stage::with_options(SHOP, options).await
}

fn allow(actions: &[&str], resources: &[&str]) -> Json {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

#[tokio::test]
async fn what_is_not_allowed_is_denied_in_iams_words() {
    let stage = operator(json!([
        allow(&["ecs:DescribeServices"], &["arn:aws:ecs:*:*:service/shop-prd/web"]),
        { "Effect": "Deny", "Action": "cloudwatch:*", "Resource": "*" },
    ]))
    .await;
    stage.service("shop-prd", "web").await;
    let both = stage.ecs.describe_services().cluster("shop-prd").services("web").services("api").send().await;
    let error = both.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    let message = format!(
        "User: arn:aws:sts::111122223333:assumed-role/{}/op-0137 is not authorized to perform: ecs:DescribeServices on resource: \
         arn:aws:ecs:{HERE}:service/shop-prd/api because no identity-based policy allows the ecs:DescribeServices action",
        Persona::Operator.role_name()
    );
    assert_eq!(error.message(), Some(message.as_str()));
    let error = stage.cloudwatch.describe_alarms().send().await.unwrap_err();
    assert!(format!("{error:?}").contains("with an explicit deny in an identity-based policy"), "{error:?}");
    assert_eq!(stage.hub.describe_hub().send().await.unwrap_err().code(), Some("AccessDeniedException"));
    assert_eq!(stage.rds.describe_db_clusters().send().await.unwrap_err().code(), Some("AccessDenied"));
    assert!(stage.sts.get_caller_identity().send().await.is_ok(), "who one is, one may always ask");
    stage.simulator.set_policies(&PolicyTexts::default()).unwrap();
    assert!(stage.cloudwatch.describe_alarms().send().await.is_ok(), "without policies everything is allowed");
    let wrong = PolicyTexts { roles: BTreeMap::from([("nobody".to_owned(), vec![])]), ..PolicyTexts::default() };
    assert!(stage.simulator.set_policies(&wrong).is_err());
}

/// The three ways to ask for a session, and what a policy with the document's check makes of each.
#[rstest]
#[case(Some("Own-shell"), true)]
#[case(Some("AWS-StartInteractiveCommand"), false)]
#[case(Some("SSM-SessionManagerRunShell"), false)]
#[case(None, false)]
#[tokio::test]
async fn a_session_needs_its_target_and_its_document(#[case] document: Option<&str>, #[case] allowed: bool) {
    let target = json!({
        "Effect": "Allow",
        "Action": "ssm:StartSession",
        "Resource": "arn:aws:ec2:*:*:instance/*",
        "Condition": {
            "StringEquals": { "ssm:resourceTag/Environment": "prd" },
            "BoolIfExists": { "ssm:SessionDocumentAccessCheck": "true" },
        },
    });
    let stage = operator(json!([target, allow(&["ssm:StartSession"], &["arn:aws:ssm:*:*:document/Own-*"])])).await;
    let asked = stage.ssm.start_session().target(NODE).set_document_name(document.map(str::to_owned));
    let parameters = (document == Some("AWS-StartInteractiveCommand"))
        .then(|| [("command".to_owned(), vec!["top".to_owned()])].into());
    let answer = asked.set_parameters(parameters).send().await;
    assert_eq!(answer.is_ok(), allowed, "{answer:?}");
    if let Err(error) = answer {
        assert_eq!(error.code(), Some("AccessDeniedException"));
        let resource = format!("document/{}", document.unwrap_or("SSM-SessionManagerRunShell"));
        assert!(error.message().unwrap().contains(&resource), "{error:?}");
    }
}

/// A plain `Bool` breaks the pinned document: the request does not have the key where a document is named.
#[tokio::test]
async fn a_plain_bool_breaks_the_pinned_document() {
    let target = json!({
        "Effect": "Allow",
        "Action": "ssm:StartSession",
        "Resource": "*",
        "Condition": { "Bool": { "ssm:SessionDocumentAccessCheck": "true" } },
    });
    let stage = operator(json!([target])).await;
    let pinned = stage.ssm.start_session().target(NODE).document_name("Own-shell").send().await;
    assert_eq!(pinned.unwrap_err().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn only_ones_own_sessions_are_ended() {
    let own = json!({
        "Effect": "Allow",
        "Action": ["ssm:TerminateSession", "ssm:ResumeSession"],
        "Resource": "arn:aws:ssm:*:*:session/*",
        "Condition": { "StringEquals": { "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}" } },
    });
    let start = allow(&["ssm:StartSession", "sts:AssumeRole"], &["*"]);
    let stage = operator(json!([start, own])).await;
    let mine = stage.ssm.start_session().target(NODE).document_name("Own-shell").send().await.unwrap();
    let other = stage.in_account("111122223333").await;
    let theirs = other.ssm.start_session().target(NODE).document_name("Own-shell").send().await.unwrap();
    let end = |id: Option<&str>| stage.ssm.terminate_session().session_id(id.unwrap());
    assert_eq!(end(theirs.session_id()).send().await.unwrap_err().code(), Some("AccessDeniedException"));
    let resumed = stage.ssm.resume_session().session_id(theirs.session_id().unwrap()).send().await;
    assert_eq!(resumed.unwrap_err().code(), Some("AccessDeniedException"));
    end(mine.session_id()).send().await.unwrap();
}

#[tokio::test]
async fn a_command_is_for_one_container() {
    let exec = |container: &str| {
        json!({
            "Effect": "Allow",
            "Action": "ecs:ExecuteCommand",
            "Resource": [format!("arn:aws:ecs:{HERE}:cluster/shop-prd"), format!("arn:aws:ecs:{HERE}:task/shop-prd/*")],
            "Condition": { "StringEquals": { "ecs:container-name": container } },
        })
    };
    for (container, code) in [("web", "InvalidParameterException"), ("api", "AccessDeniedException")] {
        let stage = operator(json!([allow(&["ecs:ListTasks"], &["*"]), exec(container)])).await;
        let tasks = stage.ecs.list_tasks().cluster("shop-prd").service_name("web").send().await.unwrap();
        let asked =
            stage.ecs.execute_command().cluster("shop-prd").task(&tasks.task_arns()[0]).command("id").interactive(true);
        // ECS Exec is not enabled here: whoever may gets as far as that.
        assert_eq!(asked.send().await.unwrap_err().code(), Some(code), "{container}");
    }
}

#[tokio::test]
async fn an_automation_needs_its_document_and_its_role() {
    let start = allow(
        &["ssm:StartAutomationExecution"],
        &["arn:aws:ssm:*:*:automation-definition/Own-runbook:*", "arn:aws:ssm:*:*:document/Own-runbook"],
    );
    let pass = |service: &str| {
        json!({
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": "arn:aws:iam::111122223333:role/Runner",
            "Condition": { "StringEquals": { "iam:PassedToService": service } },
        })
    };
    for (statements, denied) in [
        (json!([start, pass("ssm.amazonaws.com")]), None),
        (json!([start]), Some("iam:PassRole on resource: arn:aws:iam::111122223333:role/Runner")),
        (json!([start, pass("ec2.amazonaws.com")]), Some("iam:PassRole")),
        (json!([pass("ssm.amazonaws.com")]), Some("automation-definition/Own-runbook:$DEFAULT")),
    ] {
        let stage = operator(statements).await;
        let started = stage.ssm.start_automation_execution().document_name("Own-runbook").send().await;
        match denied {
            None => assert!(started.is_ok(), "{started:?}"),
            Some(what) => {
                let error = started.unwrap_err();
                assert!(error.message().unwrap().contains(what), "{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_finding_may_be_given_some_states_and_nothing_else() {
    let update = json!({
        "Effect": "Allow",
        "Action": "securityhub:BatchUpdateFindings",
        "Resource": "*",
        "Condition": { "StringEquals": { "securityhub:ASFFSyntaxPath/Workflow.Status": ["NOTIFIED"] } },
    });
    let no_severity = json!({
        "Effect": "Deny",
        "Action": "securityhub:BatchUpdateFindings",
        "Resource": "*",
        "Condition": { "Null": { "securityhub:ASFFSyntaxPath/Severity.Label": "false" } },
    });
    let stage = operator(json!([update, no_severity, allow(&["securityhub:GetFindings"], &["*"])])).await;
    let found = stage.hub.get_findings().send().await.unwrap();
    let finding = &found.findings()[0];
    let ask = |status: WorkflowStatus| {
        let identifier = AwsSecurityFindingIdentifier::builder()
            .id(finding.id().unwrap())
            .product_arn(finding.product_arn().unwrap());
        let asked = stage.hub.batch_update_findings().finding_identifiers(identifier.build());
        let note = NoteUpdate::builder().text("対応中").updated_by("op-0137").build();
        asked.workflow(WorkflowUpdate::builder().status(status).build()).note(note)
    };
    assert_eq!(ask(WorkflowStatus::Notified).send().await.unwrap().processed_findings().len(), 1);
    let error = ask(WorkflowStatus::Suppressed).send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    let severity = aws_sdk_securityhub::types::SeverityUpdate::builder().label("LOW".into()).build();
    let error = ask(WorkflowStatus::Notified).severity(severity).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("explicit deny"), "{error:?}");
}

#[tokio::test]
async fn a_sealed_parameter_needs_its_key() {
    let parameters = allow(&["ssm:PutParameter", "ssm:GetParameter*", "kms:Encrypt"], &["*"]);
    let stage = operator(json!([parameters])).await;
    let put = stage.ssm.put_parameter().name("/keyed").value("x").r#type("SecureString".into()).key_id("alias/shop");
    put.send().await.unwrap();
    assert!(stage.ssm.get_parameter().name("/keyed").send().await.is_ok());
    let error = stage.ssm.get_parameter().name("/keyed").with_decryption(true).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("kms:Decrypt on resource: arn:aws:kms:"), "{error:?}");
}

#[tokio::test]
async fn logs_are_known_by_their_streams() {
    let group = |end: &str| format!("arn:aws:logs:{HERE}:log-group:/ecs/shop-prd-web{end}");
    for (end, allowed) in [(":*", true), ("", false)] {
        let stage = operator(json!([allow(&["logs:FilterLogEvents"], &[&group(end)])])).await;
        let asked = stage.logs.filter_log_events().log_group_name("/ecs/shop-prd-web").limit(1).send().await;
        assert_eq!(asked.is_ok(), allowed, "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_opened_by_whom_a_policy_lets() {
    let start = allow(&["ssm:StartSession"], &["*"]);
    for (session, allowed) in [("session/op-0137-*", true), ("session/someone-*", false)] {
        let open = allow(&["ssmmessages:OpenDataChannel"], &[&format!("arn:aws:ssm:{HERE}:{session}")]);
        let stage = operator(json!([start, open])).await;
        let started = stage.ssm.start_session().target(NODE).document_name("Own-shell").send().await.unwrap();
        let url = started.stream_url().unwrap();
        let headers = signed(&stage.simulator, url, "ap-northeast-1");
        let dialled = dial(url, started.token_value().unwrap(), &headers).await;
        assert_eq!(dialled.is_ok(), allowed, "{session}");
        if let Err(error) = dialled {
            assert!(error.to_string().contains("403"), "{error}");
        }
    }
}

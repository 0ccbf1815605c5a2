//! Changes from the request to the outcome: an account that does what it is told, or does it and does not say so.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use rstest::rstest;
use sekisho::{
    aws::Shared,
    config::EnvironmentConfig,
    domain::{
        environment::{Environment, Kind},
        identity::RoleMapping,
        preflight::{Caution, Obstacle, Preflight},
        progress::{Finish, Progress, Stage},
        session::{End, SessionReport},
    },
    i18n::{Lang, Texts},
    journal::chain,
    operate::{Live, Operator, Outfit, Refused},
    policy::{Denial, Request},
    runbook::{catalogue::Catalogue, entry::EntryId},
    runtime::clock::Clock,
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use super::fake::{self, Fake, Said};

/// How long anything may take here; what takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

const ID: &str = "4105a4fc-f944-11e6-9d32-8fb2db27a909";
const TASK: &str = "0123456789abcdef0123456789abcdef";
const WHO: &str = "arn:aws:sts::111122223333:assumed-role/reader/x";

/// What the account is like, and what it was asked.
#[derive(Default)]
struct Account {
    controller: Option<&'static str>,
    /// The states of the service deployments that there are, the newest first.
    deployments: Vec<&'static str>,
    /// The service that the task belongs to.
    task_of: &'static str,
    /// What becomes of each look at the execution; the last of them stays.
    statuses: Vec<&'static str>,
    /// What the first calls of `StartAutomationExecution` are answered with.
    starts: Vec<(u16, &'static str)>,
    /// Whether an execution comes about that is not answered.
    does_it_all_the_same: bool,
    /// Whether there is no document.
    lacks_document: bool,
    began: Option<Value>,
    tokens: Vec<String>,
    looks: usize,
    stopped: bool,
}

impl Account {
    fn new() -> Self {
        Self { deployments: vec!["IN_PROGRESS", "SUCCESSFUL"], task_of: "web", ..Self::default() }
    }

    fn answer(&mut self, operation: &str, members: &Value) -> Said {
        match operation {
            "GetDocument" if self.lacks_document => Said::No(400, "InvalidDocument", "no"),
            "GetDocument" => Said::Yes(json!({"Name": members["Name"], "Content": "{}", "DocumentType": "Automation"})),
            "DescribeServices" => Said::Yes(json!({"services": [self.service()], "failures": []})),
            "ListServiceDeployments" => {
                let arn = |index: usize| fake::arn(&format!("service-deployment/shop-prd/web/{index}"));
                let brief = |index: usize| json!({"serviceDeploymentArn": arn(index)});
                Said::Yes(json!({"serviceDeployments": (0..self.deployments.len()).map(brief).collect::<Vec<_>>()}))
            }
            "DescribeServiceDeployments" => {
                let one = |(index, status): (usize, &&str)| {
                    let arn = fake::arn(&format!("service-deployment/shop-prd/web/{index}"));
                    let created = 1_000_000_000 - i64::try_from(index).unwrap();
                    json!({"serviceDeploymentArn": arn, "status": status, "createdAt": created,
                           "targetServiceRevision": {"arn": format!("revision-{index}")}})
                };
                let all: Vec<Value> = self.deployments.iter().enumerate().map(one).collect();
                Said::Yes(json!({"serviceDeployments": all}))
            }
            "DescribeServiceRevisions" => {
                let one = |arn: &String| {
                    let number = 43 - arn.trim_start_matches("revision-").parse::<u32>().unwrap();
                    let definition = fake::arn(&format!("task-definition/web:{number}"));
                    json!({"serviceRevisionArn": arn, "taskDefinition": definition})
                };
                let arns = fake::texts(members, "serviceRevisionArns");
                Said::Yes(json!({"serviceRevisions": arns.iter().map(one).collect::<Vec<_>>()}))
            }
            "DescribeTasks" => {
                let task = json!({"taskArn": fake::arn(&format!("task/shop-prd/{TASK}")), "lastStatus": "RUNNING",
                                  "group": format!("service:{}", self.task_of)});
                Said::Yes(json!({"tasks": [task], "failures": []}))
            }
            "StartAutomationExecution" => self.start(members),
            "GetAutomationExecution" => Said::Yes(json!({"AutomationExecution": self.look()})),
            "DescribeAutomationExecutions" => Said::Yes(json!({"AutomationExecutionMetadataList": self.list()})),
            "StopAutomationExecution" => {
                self.stopped = true;
                self.statuses = vec!["Cancelling", "Cancelled"];
                self.looks = 0;
                Said::Yes(json!({}))
            }
            other => panic!("{other} was not expected"),
        }
    }

    fn service(&self) -> Value {
        let is_done = self.looks >= self.statuses.len() && !self.statuses.is_empty();
        let (id, state) = if is_done { ("ecs-svc/2", "COMPLETED") } else { ("ecs-svc/1", "IN_PROGRESS") };
        let mut service = fake::service("shop-prd", "web");
        service["deploymentController"] = json!({"type": self.controller.unwrap_or("ECS")});
        service["taskDefinition"] = json!(fake::arn("task-definition/web:43"));
        service["deployments"] = json!([{"id": id, "status": "PRIMARY", "rolloutState": state, "desiredCount": 1,
            "runningCount": 1, "taskDefinition": fake::arn("task-definition/web:42")}]);
        service
    }

    fn start(&mut self, members: &Value) -> Said {
        self.tokens.push(members["ClientToken"].as_str().unwrap().to_owned());
        let began = json!({"AutomationExecutionId": ID, "DocumentName": members["DocumentName"],
            "Parameters": members["Parameters"], "ExecutedBy": WHO, "ExecutionStartTime": Timestamp::now().as_second()});
        if self.starts.is_empty() {
            self.began = Some(began);
            return Said::Yes(json!({"AutomationExecutionId": ID}));
        }
        if self.does_it_all_the_same {
            self.began = Some(began);
        }
        let (status, code) = self.starts.remove(0);
        Said::No(status, code, "no")
    }

    fn list(&self) -> Vec<Value> {
        let other = json!({"AutomationExecutionId": "00000000-0000-4000-8000-000000000000", "ExecutedBy": "somebody",
            "DocumentName": "Sekisho-prd-roll", "ExecutionStartTime": Timestamp::now().as_second()});
        std::iter::once(other).chain(self.began.clone()).collect()
    }

    fn look(&mut self) -> Value {
        let status = self.statuses[self.looks.min(self.statuses.len() - 1)];
        self.looks += 1;
        let mut told = self.began.clone().unwrap();
        told["AutomationExecutionStatus"] = json!(status);
        let second = if status == "Success" { "Success" } else { "InProgress" };
        let second = if status == "Failed" { "Failed" } else { second };
        told["StepExecutions"] = json!([
            {"StepName": "Find", "Action": "aws:executeAwsApi", "StepStatus": "Success",
             "ExecutionStartTime": 1, "ExecutionEndTime": 2},
            {"StepName": "RollBack", "Action": "aws:executeAwsApi", "StepStatus": second, "ExecutionStartTime": 2,
             "FailureMessage": if second == "Failed" { "is not authorized" } else { "" }},
        ]);
        told
    }
}

/// An operator with everything around it.
struct World {
    operator: Operator,
    account: Arc<Mutex<Account>>,
    folder: tempfile::TempDir,
}

const BINDINGS: &str = "[prd]\nkind = \"prd\"\nservice = \"shop-prd/web\"\n";

fn catalogue(folder: &Path) -> Catalogue {
    let entry = |id: &str, operation: &str| {
        format!(
            "id = \"{id}\"\ntitle = {{ ja = \"x\", en = \"x\" }}\noperation = \"{operation}\"\nroles = [\"staff\"]\n\
             environments = [\"prd\"]\nconfirm = \"type-service\"\ntarget = {{ ecs_service = \"bind.service\" }}\n\
             reason = true\nticket = \"^INC-\\\\d+$\"\n"
        )
    };
    fs::create_dir_all(folder.join("entries")).unwrap();
    fs::write(folder.join("bindings.toml"), BINDINGS).unwrap();
    for (id, operation) in [("roll", "ecs.rollback"), ("redeploy", "ecs.redeploy"), ("stop", "ecs.stop_task")] {
        fs::write(folder.join(format!("entries/{id}.toml")), entry(id, operation)).unwrap();
    }
    Catalogue::load(folder).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

impl World {
    async fn new(account: Account) -> Self {
        let account = Arc::new(Mutex::new(account));
        let known = Arc::clone(&account);
        let fake = Fake::start(move |operation, members| known.lock().unwrap().answer(operation, members)).await;
        let (plan, folder, clock) = (fake.plan(), tempfile::tempdir().unwrap(), Clock::real());
        let environment = Environment {
            name: "prd".to_owned(),
            kind: Kind::Prd,
            account: Some("111122223333".parse().unwrap()),
            regions: vec!["ap-northeast-1".to_owned()],
            ..Environment::default()
        };
        let pattern = "arn:aws:sts::111122223333:assumed-role/reader/*".parse().unwrap();
        let catalogue = catalogue(&folder.path().join("catalogue"));
        let operator = Operator::new(Outfit {
            environments: vec![EnvironmentConfig { environment, credentials: plan.credentials }],
            roles: vec![RoleMapping { name: "staff".to_owned(), patterns: vec![pattern] }],
            catalogues: BTreeMap::from([("prd".to_owned(), Arc::new(catalogue))]),
            endpoint_url: plan.endpoint_url,
            shared: Shared::new(clock.to_now()),
            clock,
            journal: folder.path().join("journal"),
            heads: None,
            recordings: folder.path().join("recordings"),
            host: "console-1".to_owned(),
            texts: Texts::of(Lang::En),
        });
        Self { operator, account, folder }
    }

    async fn start(&self, entry: &str) -> Result<(Live, mpsc::Receiver<SessionReport>), Refused> {
        let (reports, told) = mpsc::channel(64);
        let started = self.operator.start(request(entry), None, None, reports);
        Ok((timeout(PATIENCE, started).await.unwrap()?, told))
    }

    /// Starts a rollback and returns how it ended, with all that was told.
    async fn roll_back(&self) -> (End, Vec<Progress>) {
        let (mut live, told) = self.start("roll").await.unwrap();
        let end = timeout(PATIENCE, live.wait()).await.expect("an end");
        (end, told_of(told).await)
    }

    /// Returns the records of the journal, after it was found whole.
    fn journal(&self) -> Vec<Value> {
        let path = self.folder.path().join("journal").join(sekisho::journal::FILE);
        chain::verify(&path).unwrap();
        fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the result that the journal has of the one operation that there was.
    fn result(&self) -> String {
        let journal = self.journal();
        assert_eq!((journal.len(), &journal[0]["kind"]), (2, &json!("intent")), "{journal:#?}");
        assert_eq!((&journal[1]["kind"], &journal[1]["intent"]), (&json!("outcome"), &json!(1)));
        journal[1]["result"].as_str().unwrap().to_owned()
    }
}

async fn told_of(mut told: mpsc::Receiver<SessionReport>) -> Vec<Progress> {
    let mut all = Vec::new();
    while let Some(report) = timeout(PATIENCE, told.recv()).await.unwrap() {
        if let SessionReport::Progress(progress) = report {
            all.push((*progress).clone());
        }
    }
    all
}

fn request(entry: &str) -> Request {
    let task = (entry == "stop").then(|| ("task".to_owned(), TASK.to_owned()));
    Request {
        entry: EntryId(entry.to_owned()),
        environment: "prd".to_owned(),
        parameters: task.into_iter().collect(),
        reason: Some("5xxが増えた".to_owned()),
        ticket: Some("INC-7".to_owned()),
        confirmation: Some("web".to_owned()),
    }
}

#[tokio::test]
async fn a_rollback_is_written_down_followed_step_by_step_and_its_rollout_to_the_end() {
    let world = World::new(Account { statuses: vec!["InProgress", "Success"], ..Account::new() }).await;
    let (end, told) = world.roll_back().await;
    assert_eq!(end, End::Finished(Finish::Done));
    let stages: Vec<Stage> = told.iter().map(|progress| progress.stage).collect();
    assert_eq!((stages.first(), stages.last()), (Some(&Stage::Asked), Some(&Stage::RollingOut)));
    assert!(stages.is_sorted_by_key(|stage| *stage as u8), "{stages:?}");
    let last = told.last().unwrap();
    let execution = last.execution.as_ref().unwrap();
    assert_eq!((execution.id.as_str(), execution.steps.len(), execution.status.as_str()), (ID, 2, "Success"));
    assert!(last.rollout.as_ref().is_some_and(|rollout| rollout.steady && rollout.deployment == "ecs-svc/2"));
    assert_eq!(world.result(), "done");
    let given = world.account.lock().unwrap().began.clone().unwrap();
    assert_eq!(given["DocumentName"], "Sekisho-prd-roll");
    let expected = json!({"Service": ["web"], "Reason": ["5xxが増えた"], "Ticket": ["INC-7"]});
    assert_eq!(given["Parameters"], expected);
    let intent = &world.journal()[0]["act"];
    let (target, arn) = (intent["target"].as_str(), intent["target_arn"].as_str());
    assert_eq!((target, arn), (Some("shop-prd/web"), Some(&*fake::arn("service/shop-prd/web"))));
    assert_eq!(world.operator.under_way(), 0);
}

#[tokio::test]
async fn a_step_that_fails_is_told_with_awss_words() {
    let world = World::new(Account { statuses: vec!["InProgress", "Failed"], ..Account::new() }).await;
    let (end, _) = world.roll_back().await;
    assert_eq!(end, End::Finished(Finish::Failed { why: "RollBack: is not authorized".to_owned() }));
    assert_eq!(world.result(), "failed");
    assert_eq!(world.journal()[1]["error"], "RollBack: is not authorized");
}

#[tokio::test]
async fn what_is_throttled_is_asked_for_again_as_the_same() {
    let starts = vec![(400, "ThrottlingException")];
    let world = World::new(Account { statuses: vec!["Success"], starts, ..Account::new() }).await;
    assert_eq!(world.roll_back().await.0, End::Finished(Finish::Done));
    let tokens = world.account.lock().unwrap().tokens.clone();
    assert!(tokens.len() == 2 && tokens[0] == tokens[1], "{tokens:?}");
}

#[tokio::test]
async fn what_aws_refuses_has_failed_and_was_asked_once() {
    let starts = vec![(400, "AutomationDefinitionNotFoundException")];
    let world = World::new(Account { starts, ..Account::new() }).await;
    let (mut live, mut told) = world.start("roll").await.unwrap();
    let end = timeout(PATIENCE, live.wait()).await.unwrap();
    assert!(
        matches!(&end, End::Finished(Finish::Failed { why }) if why.contains("StartAutomationExecution")),
        "{end:?}"
    );
    let mut obstacles = Vec::new();
    while let Some(report) = told.recv().await {
        if let SessionReport::Preflight(preflight) = report {
            obstacles.extend(preflight.obstacles.clone());
        }
    }
    assert_eq!(obstacles, [Obstacle::NoDocument { document: "Sekisho-prd-roll".to_owned() }]);
    assert_eq!(world.account.lock().unwrap().tokens.len(), 1);
    assert_eq!(world.result(), "failed");
}

#[tokio::test]
async fn an_answer_that_never_comes_is_looked_for_and_what_is_found_is_followed() {
    let starts = vec![(500, "InternalServerError")];
    let found = Account { statuses: vec!["Success"], starts, does_it_all_the_same: true, ..Account::new() };
    let world = World::new(found).await;
    let (end, told) = world.roll_back().await;
    assert_eq!(end, End::Finished(Finish::Done));
    assert!(told.iter().any(|progress| progress.stage == Stage::LookedFor));
    assert_eq!(world.account.lock().unwrap().tokens.len(), 1, "what may have happened is not asked for again");
    assert_eq!(world.result(), "done");
}

#[tokio::test]
async fn what_is_not_found_either_is_unknown_and_never_failed() {
    let starts = vec![(500, "InternalServerError")];
    let world = World::new(Account { statuses: vec!["Success"], starts, ..Account::new() }).await;
    let (end, _) = world.roll_back().await;
    assert!(matches!(&end, End::Finished(Finish::Unknown { why }) if why.contains("not found afterwards")), "{end:?}");
    assert_eq!(world.result(), "unknown");
}

#[tokio::test]
async fn what_is_stopped_here_is_stopped_by_aws_and_then_over() {
    let world = World::new(Account { statuses: vec!["InProgress"], ..Account::new() }).await;
    let (mut live, mut told) = world.start("roll").await.unwrap();
    let runs =
        |report: &SessionReport| matches!(report, SessionReport::Progress(progress) if progress.execution.is_some());
    while !runs(&timeout(PATIENCE, told.recv()).await.unwrap().unwrap()) {}
    live.end();
    assert_eq!(timeout(PATIENCE, live.wait()).await.unwrap(), End::Finished(Finish::Cancelled));
    assert!(world.account.lock().unwrap().stopped);
    assert_eq!(world.result(), "terminated");
}

#[tokio::test]
async fn the_programs_end_stops_nothing_in_aws_and_is_no_outcome_that_is_known() {
    let world = World::new(Account { statuses: vec!["InProgress"], ..Account::new() }).await;
    let (mut live, mut told) = world.start("roll").await.unwrap();
    let runs =
        |report: &SessionReport| matches!(report, SessionReport::Progress(progress) if progress.execution.is_some());
    while !runs(&timeout(PATIENCE, told.recv()).await.unwrap().unwrap()) {}
    drop(told);
    assert!(timeout(PATIENCE, world.operator.shutdown()).await.unwrap());
    let end = live.wait().await;
    assert!(matches!(&end, End::Finished(Finish::Unknown { why }) if why.contains(ID)), "{end:?}");
    assert!(!world.account.lock().unwrap().stopped);
    assert_eq!(world.result(), "unknown");
}

#[tokio::test]
async fn nobody_who_listens_does_not_stop_a_change() {
    let world = World::new(Account { statuses: vec!["InProgress", "InProgress", "Success"], ..Account::new() }).await;
    let (mut live, told) = world.start("roll").await.unwrap();
    drop(told);
    assert_eq!(timeout(PATIENCE, live.wait()).await.unwrap(), End::Finished(Finish::Done));
    assert!(!world.account.lock().unwrap().stopped);
}

#[rstest]
#[case("redeploy", Account { controller: Some("CODE_DEPLOY"), ..Account::new() },
    Obstacle::OtherController { service: "shop-prd/web".to_owned(), controller: "CODE_DEPLOY".to_owned() })]
#[case("roll", Account { deployments: vec!["SUCCESSFUL"], ..Account::new() },
    Obstacle::NothingToRollBack { service: "shop-prd/web".to_owned() })]
#[case("stop", Account { task_of: "api", ..Account::new() },
    Obstacle::NotItsTask { task: TASK.to_owned(), service: "shop-prd/web".to_owned() })]
#[case("roll", Account { lacks_document: true, ..Account::new() },
    Obstacle::NoDocument { document: "Sekisho-prd-roll".to_owned() })]
#[tokio::test]
async fn what_would_fail_is_not_tried_and_that_is_written_down(
    #[case] entry: &str,
    #[case] account: Account,
    #[case] obstacle: Obstacle,
) {
    let world = World::new(account).await;
    let refused = world.start(entry).await.map(drop);
    assert!(matches!(&refused, Err(Refused::Preflight(found)) if found.obstacles == [obstacle]), "{refused:?}");
    assert!(world.account.lock().unwrap().tokens.is_empty());
    assert_eq!(world.result(), "not-started");
}

#[tokio::test]
async fn a_look_tells_from_what_to_what() {
    let world = World::new(Account::new()).await;
    let look = |entry: &'static str| {
        let world = &world;
        async move {
            let request = request(entry);
            world.operator.look("prd", &request.entry, &request.parameters).await.unwrap().preflight
        }
    };
    let effect = |preflight: &Preflight| preflight.effect.clone().map(|effect| (effect.from, effect.to));
    assert_eq!(effect(&*look("roll").await), Some(("web:43".to_owned(), "web:42".to_owned())));
    let redeploy = look("redeploy").await;
    assert!(redeploy.is_clear());
    let other = Caution::OtherDocument { document: "Sekisho-prd-redeploy".to_owned() };
    assert!(redeploy.cautions.contains(&other), "{:?}", redeploy.cautions);
    assert_eq!(look("stop").await.targets[0].to_string(), "shop-prd/web 01234567");
    assert!(!world.folder.path().join("journal").exists(), "looking writes nothing down");
}

#[tokio::test]
async fn the_gate_refuses_what_it_does_not_allow_and_nothing_is_asked_of_aws() {
    let world = World::new(Account::new()).await;
    let (reports, _told) = mpsc::channel(1);
    let wrong = Request { confirmation: Some("api".to_owned()), ..request("roll") };
    let refused = world.operator.start(wrong, None, None, reports).await.map(drop);
    assert!(matches!(&refused, Err(Refused::Denied(Denial::NotConfirmed { .. }))), "{refused:?}");
    assert!(world.account.lock().unwrap().tokens.is_empty());
    assert_eq!(world.journal()[0]["denial"], "not-confirmed");
}

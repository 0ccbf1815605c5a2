//! Changes in the simulated account, by the documents and roles that are compiled from the catalogue; and consoles that are
//! killed in the middle of one.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use sekisho::{
    aws::Shared,
    config::{CredentialSource, EnvironmentConfig},
    domain::{
        environment::{Environment, Kind},
        identity::RoleMapping,
        preflight::Caution,
        progress::{Finish, Progress},
        session::{End, SessionReport},
    },
    i18n::{Lang, Texts},
    journal::chain,
    operate::{Operator, Outfit},
    policy::{
        Request,
        compile::{self, DocumentKind, Options as Compiling},
    },
    runbook::{catalogue::Catalogue, entry::EntryId},
    runtime::clock::Clock,
    simulator::{self, DocumentText, Fault, FaultKind, ManualClock, Options, PolicyTexts, Scenario, Simulator},
};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::support::start;

/// How long anything may take here; what takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a console that is to be killed is told, and by which variables.
const ENDPOINT: &str = "SEKISHO_TEST_ENDPOINT";
const KEYS: &str = "SEKISHO_TEST_KEYS";
const FOLDER: &str = "SEKISHO_TEST_FOLDER";

/// A shop whose api gets a release that does not come up.
const SHOP: &str = r#"
name = "shop"
seed = 5
backfill = "1h"
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
[[account]]
id = "111122223333"
name = "shop"
[[account.service]]
cluster = "shop-prd"
name = "web"
desired = 3
image = "web:v1.4.2"
[[account.service]]
cluster = "shop-prd"
name = "api"
desired = 2
image = "api:v1"
[[account.finding]]
control = "EC2.19"
resource = "sg-0123"
seen = "2d"
[[step]]
at = "10m"
deploy = { service = "api", image = "api:v2", fails = "health-check" }
"#;

const BINDINGS: &str = "[prd]\nkind = \"prd\"\nservices = [\"shop-prd/web\", \"shop-prd/api\"]\n";

fn catalogue(folder: &Path) -> Catalogue {
    let target = "target = { ecs_service = \"bind.services\" }\n";
    let scale = format!("{target}[params.desired]\ntype = \"integer\"\nrange = [1, 6]\n");
    let entries = [
        ("redeploy", "ecs.redeploy", target),
        ("rollback", "ecs.rollback", target),
        ("scale", "ecs.scale", &scale),
        ("stop", "ecs.stop_task", target),
        ("resolved", "securityhub.workflow", "status = \"RESOLVED\"\n"),
    ];
    fs::create_dir_all(folder.join("entries")).unwrap();
    fs::write(folder.join("bindings.toml"), BINDINGS).unwrap();
    for (id, operation, rest) in entries {
        let text = format!(
            "id = \"{id}\"\ntitle = {{ ja = \"x\", en = \"x\" }}\noperation = \"{operation}\"\nroles = [\"staff\"]\n\
             environments = [\"prd\"]\nreason = true\nconfirm = \"yes\"\n{rest}"
        );
        fs::write(folder.join(format!("entries/{id}.toml")), text).unwrap();
    }
    Catalogue::load(folder).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn environment() -> Environment {
    Environment {
        name: "prd".to_owned(),
        kind: Kind::Prd,
        account: Some("111122223333".parse().unwrap()),
        regions: vec!["ap-northeast-1".to_owned()],
        ..Environment::default()
    }
}

/// Returns what the account has of the catalogue: its documents, and what their roles may.
fn compiled(catalogue: &Catalogue) -> (Vec<DocumentText>, PolicyTexts) {
    let compiled = compile::compile(catalogue, "staff", &[environment()], &Compiling::default());
    let documents = compiled.documents.iter().filter(|one| one.kind == DocumentKind::Automation);
    let text = |document: &compile::Document| DocumentText {
        account: document.account.clone(),
        region: None,
        name: document.name.clone(),
        kind: document.kind.name().to_owned(),
        content: document.content.to_string(),
    };
    let roles =
        compiled.roles.iter().map(|role| (role.arn.clone(), vec![serde_json::to_string(&role.policy).unwrap()]));
    (documents.map(text).collect(), PolicyTexts { roles: roles.collect(), ..PolicyTexts::default() })
}

fn operator(endpoint: String, credentials: CredentialSource, folder: &Path) -> Operator {
    let clock = Clock::real();
    Operator::new(Outfit {
        environments: vec![EnvironmentConfig { environment: environment(), credentials }],
        roles: vec![RoleMapping {
            name: "staff".to_owned(),
            patterns: vec!["permission-set:SekishoResponder".parse().unwrap()],
        }],
        catalogues: BTreeMap::from([("prd".to_owned(), Arc::new(catalogue(&folder.join("catalogue"))))]),
        endpoint_url: Some(endpoint),
        shared: Shared::new(clock.to_now()),
        clock,
        journal: folder.join("journal"),
        heads: None,
        recordings: folder.join("recordings"),
        host: "console-1".to_owned(),
        texts: Texts::of(Lang::En),
    })
}

fn request(entry: &str, parameters: &[(&str, &str)]) -> Request {
    Request {
        entry: EntryId(entry.to_owned()),
        environment: "prd".to_owned(),
        parameters: parameters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        reason: Some("5xxが増えた".to_owned()),
        ticket: None,
        confirmation: Some("yes".to_owned()),
    }
}

fn journal(folder: &Path) -> Vec<Value> {
    let path = folder.join("journal").join(sekisho::journal::FILE);
    if !path.exists() {
        return Vec::new();
    }
    chain::verify(&path).unwrap();
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The account, whose time goes fast, and an operator.
struct World {
    simulator: Simulator,
    operator: Operator,
    folder: tempfile::TempDir,
    story: Arc<ManualClock>,
    time: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.time.abort();
    }
}

impl World {
    async fn new(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (documents, policies) = compiled(&catalogue(&folder.path().join("catalogue")));
        let story = Arc::new(ManualClock::new(Timestamp::now()));
        let clock = simulator::Clock::Manual(Arc::clone(&story));
        let mut options = Options { clock, documents, policies, ..Options::default() };
        change(&mut options);
        let simulator = start(Scenario::parse(SHOP).unwrap(), options).await;
        let operator = operator(simulator.endpoint(), keys(&simulator), folder.path());
        let hurried = Arc::clone(&story);
        let time = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                hurried.advance(SignedDuration::from_secs(4));
            }
        });
        Self { simulator, operator, folder, story, time }
    }

    async fn make(&self, request: Request) -> (End, Vec<Progress>) {
        let (reports, mut told) = mpsc::channel(256);
        let started = self.operator.start(request, None, None, reports);
        let mut live = timeout(PATIENCE, started).await.unwrap().unwrap_or_else(|refused| panic!("{refused:?}"));
        let mut all = Vec::new();
        while let Some(report) = timeout(PATIENCE, told.recv()).await.expect("a report in time") {
            if let SessionReport::Progress(progress) = report {
                all.push((*progress).clone());
            }
        }
        (live.wait().await, all)
    }

    fn outcome(&self) -> Value {
        let journal = journal(self.folder.path());
        assert_eq!(journal.len(), 2, "{journal:#?}");
        journal[1].clone()
    }
}

fn keys(simulator: &Simulator) -> CredentialSource {
    CredentialSource::Static {
        access_key_id: simulator.access_key_id().to_owned(),
        secret: simulator.secret_access_key().to_owned(),
        token: simulator.session_token().map(str::to_owned),
        expires: None,
    }
}

#[rstest]
#[case("redeploy/web", &[])]
#[case("scale/web", &[("desired", "5")])]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_compiled_does_what_the_catalogue_says(#[case] entry: &str, #[case] parameters: &[(&str, &str)]) {
    let world = World::new(|_| {}).await;
    let asked = request(entry, parameters);
    let look = world.operator.look("prd", &asked.entry, &asked.parameters).await.unwrap().preflight;
    assert!(look.is_clear() && look.cautions.is_empty(), "{look:?}");
    let (end, told) = world.make(asked).await;
    assert_eq!(end, End::Finished(Finish::Done), "{:#?}", told.last());
    let execution = told.last().unwrap().execution.clone().unwrap();
    assert!(execution.steps.len() > 1 && execution.steps.iter().all(|step| step.status.is_success()), "{execution:#?}");
    let outcome = world.outcome();
    assert_eq!((&outcome["result"], &outcome["execution_id"]), (&"done".into(), &execution.id.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_does_not_come_up_is_rolled_back() {
    let world = World::new(|options| options.at = SignedDuration::from_mins(12)).await;
    let look = world.operator.look("prd", &EntryId("rollback/api".to_owned()), &BTreeMap::new()).await.unwrap();
    let effect = look.preflight.effect.clone().unwrap();
    assert!(look.preflight.is_clear() && effect.from != effect.to && !effect.to.is_empty(), "{effect:?}");
    let (end, told) = world.make(request("rollback/api", &[])).await;
    assert_eq!(end, End::Finished(Finish::Done), "{:#?}", told.last());
    assert_eq!(told.last().unwrap().rollout.as_ref().unwrap().task_definition, effect.to);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_is_another_one_is_told_and_one_whose_role_may_not_fails_with_awss_words() {
    let world = World::new(|options| {
        for policies in options.policies.roles.values_mut() {
            *policies = vec![r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*"}]}"#.to_owned()];
        }
        for document in &mut options.documents {
            document.content = document.content.replace("\"description\":\"", "\"description\":\"Somebody's own. ");
        }
    })
    .await;
    let look = world.operator.look("prd", &EntryId("redeploy/web".to_owned()), &BTreeMap::new()).await.unwrap();
    let other = Caution::OtherDocument { document: "Sekisho-prd-redeploy".to_owned() };
    assert!(look.preflight.cautions.contains(&other), "{:?}", look.preflight);
    let (end, _) = world.make(request("redeploy/web", &[])).await;
    assert!(matches!(&end, End::Finished(Finish::Failed { why }) if why.contains("ecs:UpdateService")), "{end:?}");
    assert_eq!(world.outcome()["result"], "failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_cut_is_no_failure_and_nothing_is_done_twice() {
    let world = World::new(|_| {}).await;
    world.simulator.inject(Fault::new(FaultKind::Cut, "ssm:StartAutomationExecution").times(1));
    let (end, _) = world.make(request("scale/web", &[("desired", "4")])).await;
    assert_eq!(end, End::Finished(Finish::Done));
    assert_eq!(world.simulator.calls().of("ssm:StartAutomationExecution"), 1);
    assert!(world.outcome()["execution_id"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_is_given_its_status_with_a_note() {
    let world = World::new(|_| {}).await;
    let connection = sekisho::aws::Connection::open(
        sekisho::aws::ConnectionPlan {
            credentials: keys(&world.simulator),
            region: Some(world.simulator.region().to_owned()),
            endpoint_url: Some(world.simulator.endpoint()),
            account: None,
            cloudfront: false,
        },
        Shared::new(Clock::real().to_now()),
    );
    let connection = connection.await.unwrap();
    let found = connection.findings(false).await.value.findings;
    let id = found.first().expect("a finding").key.id.clone();
    let (end, _) = world.make(request("resolved", &[("finding", &id)])).await;
    assert_eq!(end, End::Finished(Finish::Done));
    let outcome = world.outcome();
    assert_eq!((&outcome["act"]["target_arn"], &outcome["result"]), (&id.clone().into(), &"done".into()));
    world.story.advance(SignedDuration::from_hours(1));
    let finding = connection.finding(&id).await.unwrap().unwrap();
    assert_eq!((finding.workflow.as_str(), finding.note.as_str()), ("RESOLVED", "5xxが増えた"));
}

/// A console of its own, which makes a change and is killed in the middle of it.
struct Console(Child);

impl Console {
    fn start(world: &World) -> Self {
        let CredentialSource::Static { access_key_id, secret, .. } = keys(&world.simulator) else { panic!() };
        let own = ["acted::a_console_to_be_killed", "--exact", "--ignored", "--nocapture"];
        let child = Command::new(env::current_exe().unwrap())
            .args(own)
            .env(ENDPOINT, world.simulator.endpoint())
            .env(KEYS, format!("{access_key_id} {secret}"))
            .env(FOLDER, world.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// Ends it as a power cut does, and waits until it is gone.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
#[ignore = "it is run by the test that kills it"]
fn a_console_to_be_killed() {
    let told = |name: &str| env::var(name).expect("what the parent tells");
    let (access_key_id, secret) = told(KEYS).split_once(' ').map(|(id, key)| (id.to_owned(), key.to_owned())).unwrap();
    let credentials = CredentialSource::Static { access_key_id, secret, token: None, expires: None };
    let operator = operator(told(ENDPOINT), credentials, &PathBuf::from(told(FOLDER)));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (reports, mut heard) = mpsc::channel(256);
        let _live = operator.start(request("redeploy/web", &[]), None, None, reports).await.unwrap();
        while heard.recv().await.is_some() {}
    });
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never {what}"));
}

#[rstest]
// Before the intent: what would be met is still looked up.
#[case("ssm:GetDocument", 0)]
// After the intent: AWS is asked, and has not answered.
#[case("ssm:StartAutomationExecution", 2)]
// After the call: the execution is followed.
#[case("ssm:GetAutomationExecution", 2)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_kills_a_console_the_next_one_tells_the_truth(#[case] held: &str, #[case] records: usize) {
    let world = World::new(|_| {}).await;
    world.simulator.inject(Fault::new(FaultKind::Delay, held).by(SignedDuration::from_hours(1)));
    let console = Console::start(&world);
    until(held, || world.simulator.calls().of(held) > 0).await;
    let before = journal(world.folder.path());
    assert_eq!(before.len(), records / 2, "an intent is written before AWS is asked: {before:#?}");
    // One that looks while the other is alive takes nothing of its.
    world.operator.attend().await;
    assert_eq!(journal(world.folder.path()).len(), records / 2);
    console.kill();
    world.simulator.clear_faults();
    let next = operator(world.simulator.endpoint(), keys(&world.simulator), world.folder.path());
    next.attend().await;
    let after = journal(world.folder.path());
    assert_eq!(after.len(), records, "{after:#?}");
    for outcome in after.iter().skip(1) {
        assert_eq!((&outcome["kind"], &outcome["result"]), (&"outcome".into(), &"unknown".into()));
        assert_eq!((&outcome["intent"], &outcome["error"]), (&1.into(), &"console-ended".into()));
    }
    next.attend().await;
    assert_eq!(journal(world.folder.path()).len(), records, "it is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_aws_has_done_is_unknown_where_nobody_wrote_it_down() {
    let world = World::new(|_| {}).await;
    let console = Console::start(&world);
    let follows = || world.simulator.calls().of("ssm:GetAutomationExecution") > 1;
    until("followed", follows).await;
    world
        .simulator
        .inject(Fault::new(FaultKind::Delay, "ssm:GetAutomationExecution").by(SignedDuration::from_hours(1)));
    // The execution comes to its end meanwhile.
    world.story.advance(SignedDuration::from_hours(2));
    console.kill();
    world.simulator.clear_faults();
    world.operator.attend().await;
    let outcome = world.outcome();
    assert_eq!((&outcome["result"], &outcome["error"]), (&"unknown".into(), &"console-ended".into()));
}

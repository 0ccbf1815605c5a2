//! What preflight finds out, and what it cannot.

use rstest::rstest;
use sekisho::{
    aws::{Now, Shared, Standing},
    domain::{
        preflight::{Caution, Obstacle, Preflight},
        target::Target,
    },
};
use serde_json::{Value, json};

use super::{
    fake::{Fake, Said, arn},
    sessions::authorized,
};

/// A task of the service `web` with ECS Exec at work.
fn task(id: &str, started: i64) -> Value {
    json!({
        "taskArn": arn(&format!("task/shop-prd/{id}")), "group": "service:web", "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING", "enableExecuteCommand": true, "platformVersion": "1.4.0", "startedAt": started,
        "taskDefinitionArn": arn("task-definition/web:7"),
        "containers": [{
            "name": "web", "runtimeId": format!("{id}-1"), "lastStatus": "RUNNING",
            "managedAgents": [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}],
        }],
    })
}

/// What the account answers, part by part.
#[derive(Clone)]
struct Account {
    tasks: Vec<Value>,
    read_only: bool,
    logging: &'static str,
    nodes: Vec<Value>,
    denied: &'static [&'static str],
}

impl Default for Account {
    fn default() -> Self {
        Self { tasks: vec![task("0af1", 1_000)], read_only: false, logging: "DEFAULT", nodes: Vec::new(), denied: &[] }
    }
}

async fn looked_up(entry: &str, confirmation: &str, account: Account) -> Preflight {
    let fake = Fake::start(move |operation, members| {
        if account.denied.contains(&operation) {
            return Said::Denied("*".to_owned());
        }
        Said::Yes(match operation {
            "ListTasks" => {
                let arns: Vec<&Value> = account.tasks.iter().map(|task| &task["taskArn"]).collect();
                json!({"taskArns": if members["desiredStatus"] == "RUNNING" { arns } else { Vec::new() }})
            }
            "DescribeTasks" => json!({"tasks": account.tasks}),
            "DescribeTaskDefinition" => json!({"taskDefinition": {"containerDefinitions": [{
                "name": "web", "readonlyRootFilesystem": account.read_only,
                "logConfiguration": {"logDriver": "awslogs"},
            }]}}),
            "DescribeClusters" => json!({"clusters": [{
                "clusterName": "shop-prd", "clusterArn": arn("cluster/shop-prd"),
                "configuration": {"executeCommandConfiguration": {"logging": account.logging}},
            }]}),
            "DescribeInstanceInformation" => json!({"InstanceInformationList": account.nodes}),
            other => panic!("{other} is none of preflight's calls"),
        })
    })
    .await;
    let standing = Standing::new(fake.plan(), Shared::new(Now::default()));
    let connection = standing.connection().await.unwrap();
    let none = std::collections::BTreeMap::new();
    connection.preflight(authorized(entry, confirmation).operation(), &none, None).await
}

async fn exec(account: Account) -> Preflight {
    looked_up("container-shell/web", "web", account).await
}

async fn shell(nodes: Vec<Value>) -> Preflight {
    looked_up("node-shell", "yes", Account { nodes, ..Account::default() }).await
}

fn changed(change: impl FnOnce(&mut Value)) -> Account {
    let mut one = task("0af1", 1_000);
    change(&mut one);
    Account { tasks: vec![one], ..Account::default() }
}

#[tokio::test]
async fn the_newest_task_comes_first_and_a_command_is_roots() {
    let tasks = vec![task("0af1", 1_000), task("0af2", 3_000), task("0af3", 2_000)];
    let preflight = exec(Account { tasks, ..Account::default() }).await;
    assert!(preflight.is_clear(), "{preflight:?}");
    let ids: Vec<&str> = preflight
        .targets
        .iter()
        .map(|target| match target {
            Target::Container { task, .. } => task.as_str(),
            _ => panic!("{target}"),
        })
        .collect();
    assert_eq!(ids, ["0af2", "0af3", "0af1"]);
    assert_eq!(preflight.cautions, [Caution::RunsAsRoot]);
    assert_eq!(preflight.unknown, []);
}

#[tokio::test]
async fn each_obstacle_of_a_task_is_named() {
    let task = || "0af1".to_owned();
    let cases: Vec<(Account, Obstacle)> = vec![
        (
            Account { tasks: Vec::new(), ..Account::default() },
            Obstacle::NoRunningTask { service: "shop-prd/web".to_owned() },
        ),
        (
            changed(|task| task["lastStatus"] = json!("PENDING")),
            Obstacle::NoRunningTask { service: "shop-prd/web".to_owned() },
        ),
        (
            changed(|task| task["containers"][0]["name"] = json!("app")),
            Obstacle::NoSuchContainer { there: vec!["app".to_owned()] },
        ),
        (changed(|task| task["enableExecuteCommand"] = json!(false)), Obstacle::ExecNotEnabled { task: task() }),
        (
            changed(|task| task["containers"][0]["managedAgents"][0]["lastStatus"] = json!("PENDING")),
            Obstacle::ExecAgentNotRunning { task: task(), status: "PENDING".to_owned() },
        ),
        (
            changed(|task| task["containers"][0]["managedAgents"] = json!([])),
            Obstacle::ExecAgentNotRunning { task: task(), status: String::new() },
        ),
        (
            changed(|task| task["platformVersion"] = json!("1.3.0")),
            Obstacle::PlatformTooOld { version: "1.3.0".to_owned() },
        ),
        (Account { read_only: true, ..Account::default() }, Obstacle::ReadOnlyRoot { container: "web".to_owned() }),
    ];
    for (account, obstacle) in cases {
        let preflight = exec(account).await;
        assert!(!preflight.is_clear());
        assert_eq!(preflight.obstacles, [obstacle]);
    }
}

#[tokio::test]
async fn a_cluster_that_does_not_log_is_a_caution() {
    let off = exec(Account { logging: "NONE", ..Account::default() }).await;
    assert!(off.is_clear());
    let cluster = "shop-prd".to_owned();
    assert_eq!(off.cautions, [Caution::ExecLoggingOff { cluster }, Caution::RunsAsRoot]);
    assert_eq!(exec(Account { logging: "OVERRIDE", ..Account::default() }).await.cautions, [Caution::RunsAsRoot]);
}

#[rstest]
#[case(&["DescribeTaskDefinition"], true, 1)]
#[case(&["DescribeClusters"], true, 1)]
#[case(&["DescribeTaskDefinition", "DescribeClusters"], true, 2)]
#[case(&["ListTasks"], false, 1)]
#[case(&["DescribeTasks"], false, 1)]
#[tokio::test]
async fn what_may_not_be_looked_up_is_unknown_and_no_obstacle(
    #[case] denied: &'static [&'static str],
    #[case] clear: bool,
    #[case] unknown: usize,
) {
    let preflight = exec(Account { denied, ..Account::default() }).await;
    assert_eq!((preflight.is_clear(), preflight.unknown.len()), (clear, unknown), "{preflight:?}");
    assert_eq!(preflight.obstacles, []);
}

fn node(id: &str, status: &str) -> Value {
    json!({"InstanceId": id, "PingStatus": status, "AgentVersion": "3.3.1142.0", "ComputerName": format!("host-{id}")})
}

#[tokio::test]
async fn a_node_that_answers_is_chosen() {
    let preflight = shell(vec![node("i-2", "Online"), node("i-1", "ConnectionLost"), node("i-0", "Online")]).await;
    assert!(preflight.is_clear(), "{preflight:?}");
    let names: Vec<String> = preflight.targets.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["i-0 host-i-0", "i-2 host-i-2"]);
}

#[tokio::test]
async fn each_obstacle_of_a_node_is_named() {
    let none = shell(Vec::new()).await;
    assert_eq!(none.obstacles, [Obstacle::NoNode { selector: "tag:Environment=prd".to_owned() }]);
    let offline = shell(vec![node("i-1", "ConnectionLost")]).await;
    assert_eq!(offline.obstacles, [Obstacle::NodeOffline { id: "i-1".to_owned(), last_ping: None }]);
    let mut old = node("i-1", "Online");
    old["AgentVersion"] = json!("2.3.50.0");
    let old = shell(vec![old]).await;
    assert_eq!(old.obstacles, [Obstacle::AgentTooOld { version: "2.3.50.0".to_owned(), needed: "2.3.68.0" }]);
}

#[tokio::test]
async fn nodes_that_may_not_be_described_are_unknown() {
    let account = Account { denied: &["DescribeInstanceInformation"], ..Account::default() };
    let preflight = looked_up("node-shell", "yes", account).await;
    assert!(!preflight.is_clear() && preflight.obstacles.is_empty(), "{preflight:?}");
    assert_eq!(preflight.unknown.len(), 1);
}

//! Changes from the command line, in an account that keeps to the compiled policies: from the preview to the outcome, alone and as
//! a step of a run.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use rstest::rstest;
use sekisho::journal::{self, chain};
use sekisho::simulator::{Fault, FaultKind, Persona};
use serde_json::Value;

use super::account::{ACTING, Account};
use super::home::{Home, Ran};

/// The folder of what is done to an account that is taken for a real one.
const FOLDER: &str = ".local/state/sekisho";

/// Somebody at an account.
pub struct Post {
    pub account: Account,
    pub home: Home,
}

impl Post {
    pub fn of(persona: Persona) -> Self {
        Self::at("bad-deploy", "3m", persona)
    }

    pub fn at(scenario: &str, at: &str, persona: Persona) -> Self {
        let account = Account::acting(scenario, at, persona, true);
        let home = account.keys(Home::new()).config(ACTING);
        Self { account, home }
    }

    /// Lets another account be called from this home.
    pub fn move_to(&mut self, account: Account) {
        let home = std::mem::replace(&mut self.home, Home::new());
        self.home = account.keys(home);
        self.account = account;
    }

    /// Runs the program on words, with answers on its standard input.
    pub fn run(&self, words: &[&str], answers: &str) -> Ran {
        let mut command = self.home.command(words);
        command.stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that ends early reads no answers.
        let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
        Ran::of(&child.wait_with_output().unwrap())
    }

    /// Runs `runbook run` on what is said of it.
    pub fn change(&self, entry: &str, environment: &str, more: &[&str]) -> Ran {
        let first = ["runbook", "run", entry, "--env", environment];
        self.run(&[&first, more].concat(), "")
    }

    /// Lists the tasks of a service.
    pub fn tasks(&self, cluster: &str, service: &str) -> Vec<String> {
        let ran = self.home.run("get tasks -o json").exits(0);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let of = |task: &&Value| task["cluster"] == cluster && task["service"] == service;
        let items = document["items"].as_array().unwrap().iter().filter(of);
        items.map(|task| task["task"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the journal's records, once its chain was found whole; none where none was written.
    pub fn journal(&self) -> Vec<Value> {
        let path = self.home.path(FOLDER).join("journal").join(journal::FILE);
        let Ok(text) = fs::read_to_string(&path) else { return Vec::new() };
        chain::verify(&path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the kinds and the results, or the rules, of the journal's records.
    pub fn written(&self) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of = |record: &Value| (word(&record["kind"]), word(&record["result"]) + &word(&record["denial"]));
        self.journal().iter().map(of).collect()
    }

    pub fn started(&self) -> u64 {
        self.account.simulator.calls().of("ssm:StartAutomationExecution")
    }
}

/// Pairs kinds and results, or rules.
pub fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(kind, result)| (kind.to_owned(), result.to_owned())).collect()
}

#[rstest]
#[case("en", "You are about to", "By hand it would be")]
#[case("ja", "これから行うこと", "手で行うなら")]
fn a_task_is_stopped_another_takes_its_place_and_all_of_it_is_written_down(
    #[case] lang: &str,
    #[case] about: &str,
    #[case] by_hand: &str,
) {
    let post = Post::of(Persona::Responder);
    let task = post.tasks("shop-prd", "api").remove(0);
    let count = post.tasks("shop-prd", "api").len();
    let given = format!("task={task}");
    let said = ["--param", &given, "--reason", "応答しない", "--ticket", "INC-7", "--confirm", "api", "--lang", lang];
    let ran = post.change("task-stop/api", "prd", &said).exits(0);
    let ran = ran.complains(about).complains(by_hand).complains("Sekisho-prd-task-stop");
    let ran = ran.complains("aws ssm start-automation-execution").complains(&task);
    for step in ["BelongsToService  Success", "StopTask  Success", "Follow  Success"] {
        assert!(ran.err.contains(step), "{step}: {}", ran.err);
    }
    let after = post.tasks("shop-prd", "api");
    assert!(!after.contains(&task), "{task} still runs");
    assert_eq!(after.len(), count, "ECS starts another in its place");
    assert_eq!((post.started(), post.written()), (1, pairs(&[("intent", ""), ("outcome", "done")])));
    let records = post.journal();
    let act = &records[0]["act"];
    assert_eq!((&act["operation"], &act["parameters"]["task"]), (&"ecs.stop_task".into(), &task.clone().into()));
    assert!(act["target_arn"].as_str().unwrap().ends_with(&task), "{act:#}");
    assert!(records[1]["execution_id"].is_string() && act["run"].is_null(), "{records:#?}");
    let listed = post.home.run("journal verify").exits(0);
    assert!(listed.out.contains('2'), "{}", listed.out);
}

#[test]
fn a_task_of_another_service_is_not_stopped() {
    let post = Post::of(Persona::Responder);
    let other = post.tasks("shop-prd", "auth").remove(0);
    let given = format!("task={other}");
    let said = ["--param", &given, "--reason", "x", "--ticket", "INC-7", "--confirm", "api"];
    let ran = post.change("task-stop/api", "prd", &said).exits(3);
    ran.complains(&format!("The task {} is none of shop-prd/api", &other[..8]));
    assert_eq!((post.started(), post.written()), (0, vec![]));
    // Were our look blind, AWS's own step would stop it.
    let blind = Fault::new(FaultKind::Deny, "ecs:DescribeTasks").times(1);
    post.account.simulator.inject(blind);
    let ran = post.change("task-stop/api", "prd", &said).exits(3);
    ran.complains("BelongsToService  Failed");
    assert_eq!((post.started(), post.written()), (1, pairs(&[("intent", ""), ("outcome", "failed")])));
    assert!(post.tasks("shop-prd", "auth").contains(&other));
}

#[rstest]
#[case::no_id("task=nope", "parameter-invalid")]
#[case::two("task=0af7;0af8", "parameter-invalid")]
#[case::another_parameter("cluster=shop-dev", "no-parameter")]
#[case::none("", "parameter-missing")]
fn what_is_no_task_is_refused_by_the_gate(#[case] given: &str, #[case] rule: &str) {
    let post = Post::of(Persona::Staff);
    let parameter: &[&str] = if given.is_empty() { &[] } else { &["--param", given] };
    let said = [parameter, &["--reason", "x", "--ticket", "INC-7", "--confirm", "api"]].concat();
    post.change("task-stop/api", "prd", &said).exits(4);
    assert_eq!((post.started(), post.written()), (0, pairs(&[("denied", rule)])));
}

#[rstest]
#[case("prd", "task-stop/api")]
#[case("dev", "task-stop/api")]
#[case("dev", "service-scale/api")]
#[case("dev", "service-rollback/api")]
#[case("prd", "service-redeploy/api")]
fn the_operator_is_refused_with_the_rule(#[case] environment: &str, #[case] entry: &str) {
    let post = Post::of(Persona::Operator);
    let said = ["--reason", "x", "--ticket", "INC-7", "--yes"];
    let ran = post.change(entry, environment, &said).exits(4).complains("not for the role operator");
    ran.complains("It is for: responder, staff");
    assert_eq!((post.started(), post.written()), (0, pairs(&[("denied", "not-for-role")])));
}

/// Up to the rollback of `inc-5xx`: two checks, a note, and that the last deployment is the cause.
const TO_ROLLBACK: &str = "\n\nw\nweb、全利用者\n\n\ny\n";

/// Of the services that can be rolled back, `web` is the first of four.
const ROLL_WEB_BACK: &str = "o\n1\n";

#[test]
fn a_change_is_a_step_of_a_run_with_its_outcome_as_evidence() {
    let post = Post::of(Persona::Responder);
    let said =
        ["runbook", "run", "inc-5xx", "--env", "prd", "--reason", "5xxの増加", "--ticket", "INC-7", "--confirm", "web"];
    let after = "\n\ny\nw\nサーキットブレーカーの閾値\n\n\n\n";
    let ran = post.run(&said, &format!("{TO_ROLLBACK}{ROLL_WEB_BACK}{after}")).exits(0);
    let ran = ran.complains("service-rollback/web").complains("Rollback  Success").complains("inc-5xx/1 is over");
    assert_eq!((post.started(), post.written()), (1, pairs(&[("intent", ""), ("outcome", "done")])), "{}", ran.err);
    for record in post.journal() {
        let act = &record["act"];
        assert_eq!((&act["run"], &act["step"]), (&"inc-5xx/1".into(), &"rollback".into()), "{record:#}");
    }
    let listed = post.home.run("journal list --run inc-5xx/1 -o json").exits(0);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let report = post.home.run("runbook export inc-5xx/1 -o json").exits(0).quietly();
    let report: Value = serde_json::from_str(&report.out).unwrap();
    let text = report.to_string();
    assert!(text.contains("service-rollback/web") && text.contains("全利用者"), "{report:#}");
    let markdown = post.home.run("runbook export inc-5xx/1 --lang ja").exits(0).out;
    assert!(markdown.contains("service-rollback/web") && markdown.contains("サーキットブレーカーの閾値"), "{markdown}");
}

#[test]
fn a_refusal_in_a_run_names_the_run_and_the_run_goes_on() {
    let post = Post::of(Persona::Responder);
    let said = ["runbook", "run", "inc-5xx", "--env", "prd", "--reason", "x", "--confirm", "web"];
    let ran = post.run(&said, &format!("{TO_ROLLBACK}{ROLL_WEB_BACK}q\n")).exits(0);
    let ran = ran.complains("A ticket is needed.").complains("runbook run inc-5xx/1");
    assert_eq!((post.started(), post.written()), (0, pairs(&[("denied", "ticket-missing")])), "{}", ran.err);
    let act = &post.journal()[0]["act"];
    assert_eq!((&act["run"], &act["step"]), (&"inc-5xx/1".into(), &"rollback".into()));
    let report = post.home.run("runbook export inc-5xx/1").exits(0).out;
    assert!(report.contains("service-rollback/web") && report.contains("refused"), "{report}");
    // With a ticket it is done where one left off.
    let again =
        ["runbook", "run", "inc-5xx/1", "--env", "prd", "--reason", "x", "--confirm", "web", "--ticket", "INC-7"];
    let ran = post.run(&again, &format!("{ROLL_WEB_BACK}\nq\n")).exits(0);
    assert_eq!(post.written().last().unwrap(), &pairs(&[("outcome", "done")])[0], "{}", ran.err);
}

#[test]
fn an_answer_that_never_comes_is_unknown_in_the_run_too() {
    let post = Post::of(Persona::Responder);
    post.account.simulator.inject(Fault::new(FaultKind::Status, "ssm:StartAutomationExecution"));
    let said = ["runbook", "run", "inc-5xx", "--env", "prd", "--reason", "x", "--ticket", "INC-7", "--confirm", "web"];
    let ran = post.run(&said, &format!("{TO_ROLLBACK}{ROLL_WEB_BACK}q\n")).exits(0);
    let ran = ran.complains("Nobody knows what came of it.");
    assert_eq!(post.written(), pairs(&[("intent", ""), ("outcome", "unknown")]), "{}", ran.err);
    assert_eq!(post.started(), 1, "what may have happened is not asked for again");
    let report = post.home.run("runbook export inc-5xx/1 -o json").exits(0).out;
    assert!(report.contains("\"unknown\"") && !report.contains("\"failed\""), "{report}");
}

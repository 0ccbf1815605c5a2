//! `sekisho policy`, `doctor --policy`, and the demo's account, which keeps to what is compiled.

use std::fs;

use rstest::rstest;
use sekisho::simulator::FaultKind;
use serde_json::Value;

use super::account::{Account, TWO};
use super::home::Home;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn policies_are_printed_with_their_schema_and_said_to_be_several() {
    let home = Home::new();
    let ran = home.run("--demo policy staff").exits(0).complains("managed policies. IAM attaches 10 of them");
    let printed = json(&ran.out);
    assert_eq!((&printed["schema"], &printed["role"]), (&"sekisho/iam/1".into(), &"staff".into()));
    let policies = printed["policies"].as_array().unwrap();
    assert!(policies.len() > 1 && policies.iter().all(|policy| policy["document"]["Version"] == "2012-10-17"));
    assert_eq!(home.run("--demo policy staff").out, ran.out, "the same text each time");
    let set = json(&home.run("--demo policy operator -o permission-set").exits(0).quietly().out);
    assert_eq!(set["Name"], "SekishoOperator");
    assert!(!set["InlinePolicy"]["Statement"].as_array().unwrap().is_empty());
    let documents = json(&home.run("--demo policy staff -o documents --run-as ops").exits(0).quietly().out);
    let names: Vec<&str> =
        documents["documents"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Sekisho-prd-db-readwrite") && names.contains(&"Sekisho-dev-service-scale"), "{names:?}");
    home.run("--demo policy staff -o documents --lang ja")
        .exits(0)
        .complains("--run-asでノードのユーザーを指定できます。");
}

#[test]
fn files_are_written_with_the_lines_that_go_with_them() {
    let home = Home::new();
    let ran =
        home.run("--demo policy responder -o documents --out ssm --run-as ops").exits(0).complains("Files written");
    let lines: Vec<&str> = ran.out.lines().collect();
    let named: Vec<&str> =
        lines.iter().flat_map(|line| line.split(' ')).filter_map(|word| word.strip_prefix("file://")).collect();
    assert!(named.len() > 10, "{}", ran.out);
    for name in named {
        json(&fs::read_to_string(home.path("ssm").join(name)).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
    assert!(lines.iter().any(|line| line.starts_with("aws iam create-role --role-name Sekisho-prd-task-stop ")));
    // Over those of an earlier time.
    home.run("--demo policy responder -o documents --out ssm --run-as ops").exits(0);
    let ran = home.run("--demo policy responder --out iam").exits(0);
    assert!(ran.out.lines().all(|line| line.starts_with("aws iam create-policy --policy-name Sekisho-responder")));
    home.run("--demo policy responder -o permission-set --out iam").exits(0);
    assert!(home.path("iam/SekishoResponder.json").exists());
    let home = home.file("taken", "");
    home.run("--demo policy responder --out taken").exits(2).complains("taken could not be written");
}

#[rstest]
#[case("--demo policy nobody", "names no role \"nobody\"")]
#[case("--demo policy", "<ROLE>")]
#[case("--demo policy staff -o yaml", "yaml")]
#[case("--demo policy staff --key arn:aws:kms:x:1:alias/y", "--key")]
#[case("--demo policy staff --session-log-group a*", "--session-log-group")]
#[case("--demo policy staff --service-tag x --no-service-tag", "--")]
#[case("doctor --role staff", "--")]
#[case("--demo doctor --policy nowhere.json", "nowhere.json cannot be read")]
fn what_is_wrong_is_told(#[case] line: &str, #[case] says: &str) {
    Home::new().run(line).exits(2).complains(says);
}

#[test]
fn an_environment_without_an_account_is_not_compiled() {
    let home = Home::new().config(&TWO.replace("account = \"111122223333\"\n", ""));
    let ran = home.run("policy responder").exits(2).complains("The environment prd needs its account");
    assert_eq!(ran.out, "");
    let home = Home::new().config(TWO);
    let ran = home.run("policy responder").exits(0);
    assert!(ran.out.contains("arn:aws:ecs:ap-northeast-1:111122223333:cluster/shop-prd*"), "{}", ran.out);
    assert!(!ran.out.contains("shop-stg"), "{}", ran.out);
}

#[test]
fn a_policy_is_compared_with_the_need() {
    let home = Home::new();
    let own = home.run("--demo policy responder").exits(0).out;
    let wide = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A\u001b[31m","Effect":"Allow","Action":["ecs:*","ssm:StartSession"],"Resource":"*"}]}"#;
    let home = home
        .file("own.json", &own)
        .file("wide.json", wide)
        .file("no.json", "{")
        .file("odd.json", "{\"Statement\":[{}]}");
    home.run("--demo doctor --policy own.json")
        .exits(0)
        .says("The policy allows what the role responder needs, and nothing else.");
    home.run("--demo doctor --policy own.json --role operator").exits(1).says("Beyond what the role operator needs");
    let ran = home.run("--demo doctor --policy wide.json").exits(1).says("ecs:*  allows more than");
    assert!(ran.out.contains("allows it on *") && ran.out.contains("Denials that are not there"), "{}", ran.out);
    assert!(ran.out.contains("for db-readonly") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    home.run("--demo --lang ja doctor --policy wide.json").exits(1).says("ロールresponderに足りないもの");
    home.run("--demo doctor --policy no.json").exits(2).complains("no.json:1:1: this is no JSON.");
    home.run("--demo doctor --policy odd.json").exits(2).complains("the element Effect of statement 1");
}

#[test]
fn a_policy_that_was_split_is_compared_as_a_whole() {
    let home = Home::new();
    home.run("--demo policy staff --out parts").exits(0);
    let mut parts: Vec<String> = fs::read_dir(home.path("parts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    parts.sort();
    assert!(parts.len() > 1, "{parts:?}");
    let fits = "The policy allows what the role staff needs, and nothing else.";
    let all = format!(" --policy parts/{}", parts.join(" --policy parts/"));
    home.run(&format!("--demo doctor --role staff{all}")).exits(0).quietly().says(fits);
    home.run("--demo doctor --role staff --policy parts").exits(0).says(fits);
    // A part alone lacks what stands in the others, and what is too much is found by its file.
    home.run(&format!("--demo doctor --role staff --policy parts/{}", parts[0])).exits(1).says("Lacking of what");
    let more = r#"{"Statement":{"Sid":"More","Effect":"Allow","Action":"iam:CreateUser","Resource":"*"}}"#;
    let home = home.file("more/more.json", more).file("empty/README", "").file("more/README", "");
    let ran = home.run("--demo doctor --role staff --policy parts --policy more").exits(1);
    assert!(ran.out.contains("more.json More  iam:CreateUser  is not needed"), "{}", ran.out);
    assert!(!ran.out.contains("Lacking"), "{}", ran.out);
    home.run("--demo doctor --policy empty").exits(2).complains("empty holds no JSON file.");
    home.run("--demo --lang ja doctor --policy empty").exits(2).complains("emptyにJSONファイルがありません。");
    home.run("--demo doctor --policy parts --policy nowhere.json").exits(2).complains("nowhere.json cannot be read");
}

#[test]
fn doctor_asks_iam_about_what_it_does_not_try_out() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let ran = home.run("doctor").exits(0).quietly().says("  Operations\n");
    for action in ["ssm:StartSession", "ecs:ExecuteCommand", "iam:PassRole", "securityhub:BatchUpdateFindings"] {
        assert!(ran.out.contains(&format!("    ok       {action}\n")), "{action}: {}", ran.out);
    }
    let account = account.with_fault(FaultKind::Deny, "iam:SimulatePrincipalPolicy");
    let ran = home.run("doctor").exits(0).says("    unknown  ssm:StartSession\n");
    assert!(ran.out.contains("IAM denies iam:SimulatePrincipalPolicy."), "{}", ran.out);
    home.run("doctor --lang ja").exits(0).says("IAMにも確認できませんでした");
    drop(account);
}

#[test]
fn the_demos_account_keeps_to_what_is_compiled() {
    let home = Home::new();
    for view in ["services", "tasks", "waf", "alarms", "findings", "queue", "fleet", "targets"] {
        for role in ["operator", "responder", "staff"] {
            let ran = home.run(&format!("--demo --as {role} get {view}"));
            assert!(ran.code < 2 && ran.err.is_empty(), "{role} {view}: {} {}", ran.code, ran.err);
        }
    }
    // What is simulated is denied by IAM where the gate would have refused it: nobody may ask IAM about himself.
    let ran = home.run("--demo --as operator doctor").exits(0);
    assert!(ran.out.contains("unknown  ssm:StartAutomationExecution"), "{}", ran.out);
    assert!(!ran.out.contains("ecs:ExecuteCommand"), "an operator has no command: {}", ran.out);
}

//! `get`: tables for people, documents for scripts.

use rstest::rstest;
use sekisho::domain::text::width;
use sekisho::simulator::FaultKind;
use serde_json::Value;

use super::account::Account;
use super::home::Home;
use super::json;

fn document(home: &Home, view: &str, code: i32) -> Value {
    let ran = home.run(&format!("get {view} -o json")).exits(code);
    assert!(ran.out.ends_with("}\n") && ran.out.lines().count() == 1, "one line, and its end");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn every_view_prints_a_document_of_its_shape() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let views = [
        ("services", 0, 16),
        ("tasks", 0, 30),
        ("alarms", 0, 30),
        ("waf", 0, 3),
        ("findings", 0, 3),
        ("queue", 1, 2),
        ("fleet", 0, 2),
    ];
    for (view, code, at_least) in views {
        if view == "waf" {
            // A command line reads what its view shows, and nothing else.
            let calls = account.simulator.calls();
            assert_eq!(calls.of("cloudwatch:GetMetricData"), 0);
            assert_eq!(calls.of("cloudwatch:DescribeAlarms"), 1);
            assert_eq!((calls.of("wafv2:ListWebACLs"), calls.of("securityhub:GetFindings")), (0, 0));
        }
        let document = document(&home, view, code);
        json::check(view, &document);
        let items = document["items"].as_array().unwrap();
        assert!(items.len() >= at_least, "{view}: {}", items.len());
        let environments: Vec<&str> = document["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| source["environment"].as_str().unwrap())
            .collect();
        assert_eq!(environments, ["prd", "dev"]);
        assert!(document["sources"].as_array().unwrap().iter().all(|source| source["state"] == "ok"));
        assert_eq!(document["capped"], false);
    }
    let calls = account.simulator.calls();
    assert_eq!(calls.of("cloudwatch:DescribeAlarms"), 3, "the alarms, the queue and the fleet");
}

#[test]
fn the_queue_tells_trouble_by_its_exit_code_and_its_first_item() {
    let account = Account::of("bad-deploy", "3m");
    let document = document(&account.home(), "queue", 1);
    let first = &document["items"][0];
    assert_eq!(first["severity"], "critical");
    assert_eq!(first["trouble"], "rollout-failing");
    assert_eq!(first["subject"]["service"]["service"], "web");
    assert_eq!(first["signals"], 3);
    assert_eq!(first["also"].as_array().unwrap().len(), 2);
}

#[test]
fn a_quiet_account_is_fine() {
    let account = Account::of("quiet", "10m");
    let home = account.home();
    home.run("get queue").exits(0).quietly().says("Nothing needs a person.");
    home.run("get queue --lang ja").exits(0).quietly().says("対応が必要なものはありません。");
    let empty = document(&home, "queue", 0);
    json::check("queue", &empty);
    assert_eq!(empty["items"], Value::Array(Vec::new()));
}

#[test]
fn environments_are_chosen_by_name() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let ran = home.run("get services --env dev").exits(0).quietly();
    assert!(ran.out.contains("shop-dev") && !ran.out.contains("shop-prd"), "{}", ran.out);
    let ran = home.run("get queue --env dev").exits(1);
    assert!(!ran.out.contains("web") && ran.out.contains("claims"), "{}", ran.out);
    home.run("get services --env stg")
        .exits(2)
        .complains("There is no environment named \"stg\".")
        .complains("prd, dev");
}

/// Returns the display column at which each title of a table begins.
fn columns(header: &str) -> Vec<usize> {
    let mut columns = Vec::new();
    let mut blank = 2;
    let mut column = 0;
    for character in header.chars() {
        if character == ' ' {
            blank += 1;
        } else {
            if blank >= 2 {
                columns.push(column);
            }
            blank = 0;
        }
        column += width(character.encode_utf8(&mut [0; 4]));
    }
    columns
}

/// Returns what stands before and from a display column on; none where it lies within a character.
fn split_at_column(line: &str, wanted: usize) -> Option<(&str, &str)> {
    line.char_indices().map(|(index, _)| line.split_at(index)).find(|(before, _)| width(before) == wanted)
}

#[rstest]
#[case("alarms", "en")]
#[case("alarms", "ja")]
#[case("services", "ja")]
#[case("tasks", "en")]
#[case("waf", "ja")]
#[case("findings", "ja")]
#[case("fleet", "en")]
fn columns_of_a_table_are_aligned_whatever_the_script(#[case] view: &str, #[case] lang: &str) {
    let account = Account::of("bad-deploy", "3m");
    let ran = account.home().run(&format!("get {view} --lang {lang}")).exits(0).quietly();
    let mut lines = ran.out.lines();
    let header = lines.next().unwrap();
    let columns = columns(header);
    assert!(columns.len() >= 5, "{header}");
    let mut japanese = 0;
    for line in lines {
        japanese += usize::from(!line.is_ascii());
        // The last column may be cut short; before each other title there are two blanks in every row.
        for column in columns.iter().skip(1).take(columns.len() - 2) {
            let Some((before, from)) = split_at_column(line, *column) else {
                panic!("{column} splits a character: {line}")
            };
            assert!(before.ends_with("  ") && !from.starts_with(' '), "{column}: {line}\n{header}");
        }
    }
    assert!(view != "alarms" || japanese > 0, "some names are Japanese");
}

#[test]
fn nothing_in_the_configuration_is_one_environment_of_the_current_credentials() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.keys(Home::new());
    let document = document(&home, "services", 0);
    assert_eq!(document["sources"][0]["environment"], "default");
    assert_eq!(document["sources"][0]["account"], "111122223333");
    assert_eq!(document["items"].as_array().unwrap().len(), 18);
}

#[test]
fn a_web_acl_is_read_with_its_rules() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let ran = home.run("get waf --acl shop-prd-waf --since 3h -o json").exits(0).quietly();
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    json::check("waf", &document);
    let items = document["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["range"]), (1, &Value::from("3h")));
    let blocked = |value: &Value| value["requests"]["blocked"].as_u64().unwrap();
    let rules = items[0]["rules"].as_array().unwrap();
    let by_rules: u64 = rules.iter().map(blocked).sum();
    assert!(blocked(&items[0]) > 0 && by_rules > 0 && by_rules <= blocked(&items[0]), "{by_rules} {}", items[0]);
    let hour: Value = serde_json::from_str(&home.run("get waf --acl shop-prd-waf -o json").exits(0).out).unwrap();
    assert!(blocked(&hour["items"][0]) < blocked(&items[0]), "an hour holds less than three");
    let table = home.run("get waf --acl shop-prd-waf").exits(0).quietly();
    assert_eq!(table.out.lines().count(), rules.len() + 1);
    home.run("get waf --acl shop-prd")
        .exits(2)
        .complains("There is no web ACL named \"shop-prd\".")
        .complains("shop-prd-waf");
}

#[test]
fn findings_are_chosen_by_severity_and_time() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    let read = |flags: &str| -> Vec<Value> {
        let ran = home.run(&format!("get findings {flags} -o json")).exits(0).quietly();
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        json::check("findings", &document);
        document["items"].as_array().unwrap().clone()
    };
    let severities = |items: &[Value]| {
        let mut severities: Vec<String> =
            items.iter().map(|item| item["severity"].as_str().unwrap().to_owned()).collect();
        severities.dedup();
        severities
    };
    let urgent = read("");
    assert!(severities(&urgent).iter().all(|severity| ["CRITICAL", "HIGH"].contains(&severity.as_str())));
    let all = read("--severity all");
    assert!(all.len() > urgent.len() && severities(&all).contains(&"MEDIUM".to_owned()), "{:?}", severities(&all));
    assert_eq!(severities(&read("--severity medium")), ["MEDIUM"]);
    assert!(all.iter().all(|item| ["NEW", "NOTIFIED"].contains(&item["workflow"].as_str().unwrap())));
    let recent = read("--severity all --since 7d");
    assert!(!recent.is_empty() && recent.len() < all.len(), "{} of {}", recent.len(), all.len());
    assert_eq!(read("--severity all --since 2020-01-01").len(), all.len());
    assert!(read("--since 2999-01-01").is_empty());
}

#[test]
fn what_could_not_be_read_of_the_fleet_is_told() {
    let account = Account::of("quiet", "10m").with_fault(FaultKind::Deny, "securityhub:GetFindings");
    let home = account.home();
    home.run("get findings").exits(3).complains("securityhub:GetFindings");
    let document = document(&home, "fleet", 3);
    json::check("fleet", &document);
    assert_eq!(document["sources"][0]["missing_action"], "securityhub:GetFindings");
    assert_eq!(document["items"].as_array().unwrap().len(), 2, "what was read is printed");
}

//! `get`: tables for people, documents for scripts.

use rstest::rstest;
use sekisho::domain::text::width;
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
    for (view, code, at_least) in [("services", 0, 16), ("tasks", 0, 30), ("alarms", 0, 30), ("queue", 1, 2)] {
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
    // A command line reads what its view shows, and nothing else.
    let calls = account.simulator.calls();
    assert_eq!(calls.of("cloudwatch:GetMetricData"), 0);
    assert_eq!(calls.of("cloudwatch:DescribeAlarms"), 2, "the alarms and the queue");
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
    assert_eq!(document["items"].as_array().unwrap().len(), 16);
}

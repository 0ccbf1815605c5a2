//! `journal`: list, verify, export, without an account.

use std::fs;
use std::path::PathBuf;

use rstest::rstest;
use sekisho::journal::FILE;
use sekisho::journal::chain::Verifier;
use serde_json::Value;

use super::home::{Home, Ran};

/// Where the journal of the simulated account is.
const FOLDER: &str = ".local/state/sekisho/demo/journal";

/// A home in which two operations were asked for, one of them refused.
fn worked() -> Home {
    let home = Home::new();
    let exec = ["exec", "container-inspect/web", "--demo", "--as", "staff", "--env", "prd", "--yes"];
    let ran = home.command(&[&exec[..], &["--reason", "INC-204の 調査"]].concat()).output().unwrap();
    Ran::of(&ran).exits(0);
    let refused = home.run("exec container-inspect/web --demo --as operator --env prd --reason x --yes");
    refused.exits(4);
    home
}

fn path(home: &Home) -> PathBuf {
    home.path(FOLDER).join(FILE)
}

fn edit(home: &Home, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path(home)).unwrap();
    fs::write(path(home), change(text)).unwrap();
}

#[rstest]
#[case("en", "done", "refused", "3 records, all as they were written", "not anchored")]
#[case("ja", "完了", "拒否", "3件の記録はすべて書かれたままです", "裏付けなし")]
fn what_was_done_is_listed_and_verified(
    #[case] lang: &str,
    #[case] done: &str,
    #[case] refused: &str,
    #[case] whole: &str,
    #[case] anchored: &str,
) {
    let home = worked();
    let listed = home.run(&format!("journal list --demo --lang {lang}")).exits(0).quietly();
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", listed.out);
    assert!(lines[2].contains(done) && lines[2].contains("container-inspect/web"), "{}", lines[2]);
    assert!(lines[2].contains("INC-204の 調査") && lines[3].contains(refused), "{}", listed.out);
    let verified = home.run(&format!("journal verify --demo --lang {lang}")).exits(0).quietly();
    assert!(verified.out.contains(whole) && verified.out.contains(anchored), "{}", verified.out);
}

#[test]
fn json_is_one_document_and_says_how_far_it_is_proven() {
    let home = worked();
    let listed = home.run("journal list --demo -o json").exits(0).quietly();
    let document: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(document["schema"], "sekisho/journal/1");
    let items = document["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[1]["result"], &items[0]["verified"]), (3, &"done".into(), &true.into()));
    assert_eq!((&document["chain"]["records"], &document["chain"]["broken"]), (&3.into(), &Value::Null));
    assert_eq!(document["chain"]["head"], items[2]["hash"]);
    let verified = home.run("journal verify --demo -o json").exits(0);
    let document: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!((&document["schema"], &document["records"]), (&"sekisho/journal-verify/1".into(), &3.into()));
    // The simulated account is another one each time: it says truly that it has no head, and nobody is blamed for it.
    assert_eq!((&document["heads"], &document["anchor"]), (&"read".into(), &Value::Null));
    assert_eq!(document["contradictions"], serde_json::json!([]));
}

#[rstest]
#[case("--result done", &[2])]
#[case("--result denied", &[3])]
#[case("--entry container-* --actor op-*", &[1, 2, 3])]
#[case("--entry nothing", &[])]
#[case("--since 1h", &[1, 2, 3])]
#[case("--until 2020-01-01", &[])]
#[case("--env prd", &[1, 2, 3])]
#[case("--env stg", &[])]
fn records_are_chosen(#[case] flags: &str, #[case] expected: &[u64]) {
    let home = worked();
    let listed = home.run(&format!("journal list --demo -o json {flags}")).exits(0);
    let document: Value = serde_json::from_str(&listed.out).unwrap();
    let found: Vec<u64> =
        document["items"].as_array().unwrap().iter().map(|item| item["seq"].as_u64().unwrap()).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_export_can_be_verified_and_sent_on() {
    let home = worked();
    let exported = home.run("journal export --demo").exits(0).quietly();
    assert_eq!(exported.out, fs::read_to_string(path(&home)).unwrap());
    let mut verifier = Verifier::default();
    for line in exported.out.lines() {
        verifier.follow(line.as_bytes()).unwrap();
    }
    let events = home.run("journal export --demo -o ocsf --result denied").exits(0).quietly();
    let event: Value = serde_json::from_str(&events.out).unwrap();
    assert_eq!((&event["class_uid"], &event["status"]), (&6003.into(), &"Failure".into()));
}

#[rstest]
#[case("en", "line 2 was changed.")]
#[case("ja", "2行目は書き換えられています。")]
fn the_first_bad_record_is_named(#[case] lang: &str, #[case] says: &str) {
    let home = worked();
    edit(&home, |text| text.replacen("\"result\":\"done\"", "\"result\":\"lost\"", 1));
    let verified = home.run(&format!("journal verify --demo --lang {lang}")).exits(1).quietly();
    assert!(verified.out.contains(says), "{}", verified.out);
    let listed = home.run(&format!("journal list --demo --lang {lang}")).exits(1).complains(says);
    assert!(listed.out.contains("!2") && listed.out.contains("!3") && !listed.out.contains("!1"), "{}", listed.out);
    let exported = home.run(&format!("journal export --demo --lang {lang}")).exits(1).complains(says);
    assert_eq!(exported.out.lines().count(), 1, "what is not proven is not handed on");
}

#[test]
fn escape_sequences_in_a_journal_of_another_do_not_reach_the_terminal() {
    let home = worked();
    edit(&home, |text| text.replacen("INC-204の 調査", "\\u001b[2J\\u202e消", 2));
    let listed = home.run("journal list --demo").exits(1);
    assert!(!listed.out.contains('\u{1b}') && !listed.out.contains('\u{202e}'), "{:?}", listed.out);
    assert!(listed.out.contains('消'), "{}", listed.out);
    let named = home.run("journal verify no\u{1b}such").exits(2);
    assert!(!format!("{}{}", named.out, named.err).contains('\u{1b}'));
}

#[test]
fn a_journal_that_is_not_there_yet_is_told_as_that() {
    let home = Home::new();
    home.run("journal list").exits(0).complains("no journal yet").says("No records.");
    home.run("journal verify").exits(0).says("no journal yet");
    home.run("journal export").exits(0);
    home.run("journal list nowhere.jsonl").exits(2).complains("nowhere.jsonl");
    home.run("journal verify nowhere.jsonl").exits(2);
    home.run("journal").exits(2).complains("list");
}

#[test]
fn a_torn_line_is_told_and_the_rest_is_right() {
    let home = worked();
    edit(&home, |text| text + "{\"act\":");
    home.run("journal verify --demo").exits(1).says("line 4 has no end");
    home.run("journal list --demo").exits(1).complains("line 4 has no end");
}

#[test]
fn a_configuration_with_a_log_group_that_cannot_be_reached_still_verifies() {
    let home = worked();
    let text = "[journal]\nlog_group = \"/sekisho/journal\"\n[[environment]]\nname = \"prd\"\nregions = [\"ap-northeast-1\"]\n";
    let home = home.config(text).set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").set("AWS_SECRET_ACCESS_KEY", "x");
    let file = path(&home);
    let ran = home.run(&format!("journal verify {} --endpoint-url http://127.0.0.1:1", file.display()));
    let ran = ran.exits(3).says("3 records, all as they were written").says("could not be read");
    assert!(ran.err.contains("/sekisho/journal"), "{}", ran.err);
    let faulty = Home::new().config("[journal]\nlog_group = \"a b\"\n");
    faulty.run("journal verify").exits(2).complains("\"a b\" cannot be the name of a log group.");
}

#[rstest]
#[case("en", "under way", "under way: 1  #3", "begun", "local_port=15496")]
#[case("ja", "実行中", "実行中: 1件(#3)", "開始", "local_port=15497")]
fn what_is_under_way_elsewhere_is_told_as_that(
    #[case] lang: &str,
    #[case] word: &str,
    #[case] counted: &str,
    #[case] begun: &str,
    #[case] port: &str,
) {
    let home = Home::new();
    let exec = ["exec", "container-inspect/web", "--demo", "--as", "staff", "--env", "prd", "--yes", "--reason", "x"];
    Ran::of(&home.command(&exec).output().unwrap()).exits(0);
    // A tunnel stays open until it is told to end.
    let tunnel = ["tunnel", "db-readonly", "--demo", "--as", "staff", "--env", "dev", "--yes", "--reason", "x"];
    let tunnel = [&tunnel[..], &["--param", port]].concat();
    let mut open = home.command(&tunnel).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let list = || home.run(&format!("journal list --demo --lang {lang}")).exits(0).quietly().out;
    for _ in 0..600 {
        if path(&home).exists() && list().lines().count() == 4 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let listed = list();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 4, "{listed}");
    assert!(lines[1].contains(begun) && lines[3].contains(word) && !lines[1].contains(word), "{listed}");
    let json = home.run("journal list --demo -o json").exits(0);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&document["items"][2]["under_way"], document["items"][0].get("under_way")), (&true.into(), None));
    home.run(&format!("journal verify --demo --lang {lang}")).exits(0).says(counted);
    // A console that was killed has nothing under way.
    open.kill().unwrap();
    open.wait().unwrap();
    let listed = list();
    assert!(!listed.contains(word), "{listed}");
    let verified = home.run("journal verify --demo -o json").exits(0);
    let document: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!((&document["open"], &document["under_way"]), (&serde_json::json!([3]), &serde_json::json!([])));
}

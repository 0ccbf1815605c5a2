//! `exec`, `tunnel` and `replay`: the same gate, journal and recording as in the console, without a terminal.

use std::fs;
use std::path::PathBuf;

use rstest::rstest;
use sekisho::journal::{self, chain};
use serde_json::Value;

use super::home::Home;

/// The folder that keeps what is done to the simulated account.
const FOLDER: &str = ".local/state/sekisho/demo";

/// Returns the journal's records, once its chain was found whole.
fn journal(home: &Home) -> Vec<Value> {
    let path = home.path(FOLDER).join("journal").join(journal::FILE);
    chain::verify(&path).unwrap();
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(home: &Home) -> Vec<String> {
    journal(home).iter().map(|record| record["kind"].as_str().unwrap().to_owned()).collect()
}

fn recordings(home: &Home) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(home.path(FOLDER).join("recordings")) else { return Vec::new() };
    found.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "cast")).collect()
}

/// Arguments with a word that has spaces in it, which `Home::run` cannot have.
fn exec<'a>(role: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let first = ["exec", "container-inspect/web", "--demo", "--as", role, "--env", "prd"];
    [&first[..], &["--reason", "INC-204の 調査"], rest].concat()
}

#[rstest]
#[case("en", "The far side closed it.", "By hand it would be")]
#[case("ja", "接続先が閉じました。", "手で行うなら")]
fn a_fixed_command_prints_what_it_says_and_is_recorded(
    #[case] lang: &str,
    #[case] closed: &str,
    #[case] by_hand: &str,
) {
    let home = Home::new();
    let ran = home.command(&exec("staff", &["--yes", "--lang", lang])).output().unwrap();
    let ran = super::home::Ran::of(&ran).exits(0).says("load average").says("Filesystem").says("ps aux");
    let ran = ran.complains(closed).complains(by_hand).complains("aws ecs execute-command");
    assert!(!ran.out.contains(by_hand), "what is said about it is not among its output");
    assert_eq!(kinds(&home), ["intent", "outcome"]);
    let records = journal(&home);
    let act = &records[0]["act"];
    assert_eq!((&act["role"], &act["environment"]), (&"staff".into(), &"prd".into()));
    assert_eq!(act["reason"], "INC-204の 調査");
    assert_eq!(records[1]["result"], "done");
    let [recording] = &recordings(&home)[..] else { panic!("one recording") };
    let dumped = home.run(&format!("replay --dump {}", recording.display())).exits(0).quietly();
    assert!(dumped.out.contains("load average") && dumped.out.contains("ps aux"), "{}", dumped.out);
    assert!(!dumped.out.contains('\u{1b}'), "{}", dumped.out);
}

#[test]
fn nothing_is_started_without_a_yes() {
    let home = Home::new();
    let ran = home.command(&exec("staff", &[])).output().unwrap();
    let ran = super::home::Ran::of(&ran).exits(4).complains("It was not confirmed.").complains("Type exactly: yes");
    assert_eq!(ran.out, "");
    assert_eq!(kinds(&home), ["denied"]);
    assert!(recordings(&home).is_empty());
}

#[rstest]
#[case("en", "This is not for the role operator.", "It is for: responder, staff")]
#[case("ja", "ロールoperatorでは使えません。", "使えるロール: responder")]
fn the_operator_is_refused_by_the_rule(#[case] lang: &str, #[case] rule: &str, #[case] whose: &str) {
    let home = Home::new();
    let ran = home.command(&exec("operator", &["--yes", "--lang", lang])).output().unwrap();
    let ran = super::home::Ran::of(&ran).exits(4).complains(rule).complains(whose);
    assert_eq!(ran.out, "");
    assert_eq!(kinds(&home), ["denied"]);
    assert_eq!(journal(&home)[0]["denial"], "not-for-role");
}

#[test]
fn a_tunnel_into_production_needs_a_ticket() {
    let home = Home::new();
    let tunnel = "tunnel db-readonly --demo --as responder --env prd --reason slow --confirm prd";
    home.run(tunnel).exits(4).complains("A ticket is needed.").complains(r"^INC-\d+$");
    home.run(&format!("{tunnel} --ticket JIRA-1")).exits(4).complains("This is no ticket.");
    assert_eq!(kinds(&home), ["denied", "denied"]);
}

#[test]
fn what_cannot_be_meant_is_a_fault_of_the_command_line() {
    let home = Home::new();
    let shell = home.run("shell container-inspect/web --demo --env prd").exits(2);
    shell.complains("sekisho exec");
    home.run("exec container-inspect/web --demo --reason x --yes").exits(2).complains("prd stg dev");
    home.run("exec no-such --demo --env prd --reason x --yes").exits(4).complains("no entry \"no-such\"");
    home.run("replay no-such.cast").exits(2).complains("no-such.cast");
}

//! `demo --listen`: the simulated account for other clients.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command};

use rstest::rstest;

use super::home::{Home, Ran};

/// Starts serving, and returns the lines that tell how to reach the account.
fn serve(home: &Home, arguments: &[&str]) -> (Child, Vec<(String, String)>) {
    let mut child = home.command(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines = (0..4).map(|_| lines.next().unwrap().unwrap());
    let pairs =
        lines.map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap());
    let pairs = pairs.collect();
    (child, pairs)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[rstest]
#[case("TERM")]
#[case("HUP")]
#[case("INT")]
fn it_prints_its_lines_serves_and_ends_when_it_is_told_to(#[case] name: &str) {
    let home = Home::new();
    let (mut child, lines) = serve(&home, &["demo", "--scenario", "quiet", "--listen", "127.0.0.1:0"]);
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]);
    assert!(lines[0].1.starts_with("http://127.0.0.1:"), "{lines:?}");
    let client = lines.iter().fold(Home::new(), |home, (name, value)| home.set(name, value));
    client.run("get services").exits(0).quietly().says("shop-prd");
    signal(&child, name);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    // Whoever asks now is told that nobody is there.
    client.run("get services").exits(3).complains("cannot be reached.");
}

#[test]
fn an_address_that_is_taken_or_open_to_others_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let home = Home::new();
    home.run(&format!("demo --listen {address}"))
        .exits(2)
        .complains("The simulated account could not be started: cannot listen on 127.0.0.1:");
    home.run(&format!("demo --lang ja --listen {address}")).exits(2).complains("模擬アカウントを始められませんでした");
    for open in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "localhost", "127.0.0.1"] {
        home.run(&format!("demo --listen {open}")).exits(2).complains("is no address for --listen");
    }
}

#[test]
fn any_command_reads_the_simulated_account_where_it_is_asked_to() {
    let home = Home::new();
    let ran = home.run("--demo get services").exits(0).quietly();
    for environment in ["prd", "stg", "dev"] {
        assert!(ran.out.contains(environment), "{}", ran.out);
    }
    home.run("--demo --env stg get services").exits(0).quietly().says("shop-stg");
    home.run("--demo --as operator doctor").exits(0).says("op-0137  operator");
    // The configuration's looks hold, its environments do not.
    let home = home.config("lang = \"ja\"\n[[environment]]\nname = \"real\"\nprofile = \"none\"\n");
    let ran = home.run("--demo get services").exits(0).quietly().says("shop-prd");
    assert!(!ran.out.contains("real"), "{}", ran.out);
}

/// An operation that everybody of the simulated incident response may do.
const EXEC: [&str; 7] = ["exec", "container-inspect/web", "--env", "prd", "--yes", "--reason", "調査"];

const CONFIG: &str = r#"
[[environment]]
name = "prd"
kind = "prd"
account = "111122223333"
regions = ["ap-northeast-1"]
clusters = ["shop-prd*"]
[[role]]
name = "responder"
match = ["permission-set:SekishoResponder"]
[journal]
log_group = "/sekisho/journal"
"#;

#[test]
fn the_account_that_is_served_keeps_the_journals_heads() {
    let home = Home::new();
    let (mut child, lines) = serve(&home, &["demo", "--as", "responder", "--listen", "127.0.0.1:0"]);
    let client = lines.iter().fold(Home::new(), |home, (name, value)| home.set(name, value)).config(CONFIG);
    Ran::of(&client.command(&EXEC).output().unwrap()).exits(0);
    client.run("journal verify").exits(0).quietly().says("anchored to record 2 of").says("by /sekisho/journal");
    // Whoever cuts the tail off, or writes all of it anew, is found out by what is kept there.
    let file = client.path(".local/state/sekisho/journal/journal.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let first = text.split_inclusive('\n').next().unwrap();
    std::fs::write(&file, first).unwrap();
    client.run("journal verify").exits(1).says("The tail was cut off: records 2 to 2 are gone.");
    client.run("journal verify --lang ja").exits(1).says("2");
    std::fs::remove_file(&file).unwrap();
    client.run("journal verify").exits(1).says("Another journal stood at this place, with 2 records");
    signal(&child, "TERM");
    child.wait().unwrap();
}

#[test]
fn a_demo_keeps_its_heads_and_the_next_one_blames_nobody_for_those_that_are_gone() {
    let home = Home::new();
    for role in ["responder", "staff"] {
        let exec = [&EXEC[..], &["--demo", "--as", role]].concat();
        Ran::of(&home.command(&exec).output().unwrap()).exits(0);
        let waiting = std::fs::read_to_string(home.path(".local/state/sekisho/demo/journal/heads.jsonl")).unwrap();
        assert_eq!(waiting, "", "{role}: each persona may keep heads");
    }
    let says = "4 records, all as they were written";
    let ran = home.run("--demo journal verify").exits(0).quietly().says(says);
    assert!(ran.out.contains("tail not anchored: /sekisho/journal has no head of this journal"), "{}", ran.out);
    home.run("--demo --lang ja journal verify")
        .exits(0)
        .says("/sekisho/journalにこのジャーナルの最新ハッシュがありません");
}

//! Bad days of whoever acts: each ends in a clear state that is told and recorded, and nothing is done that could not be.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rstest::rstest;
use sekisho::journal;
use sekisho::simulator::{Fault, FaultKind, Persona};
use serde_json::Value;

use super::account::{ACTING, Account};
use super::changes::{Post, pairs};
use super::home::Ran;

const INSPECT: [&str; 7] = ["exec", "container-inspect/api", "--env", "prd", "--yes", "--reason", "調査"];

/// Runs the program where no file may grow beyond so many KiB: what a disk that is full does to whoever writes.
fn with_little_room(post: &Post, kib: u32, words: &[&str]) -> Ran {
    let script = format!("ulimit -f {kib}; trap '' XFSZ; exec \"$@\"");
    Ran::of(&post.home.within("bash", &["-c", &script, "bash"], words).output().unwrap())
}

fn journal_file(post: &Post) -> PathBuf {
    post.home.path(".local/state/sekisho/journal").join(journal::FILE)
}

fn acted(post: &Post) -> u64 {
    let calls = post.account.simulator.calls();
    let acting =
        ["ssm:StartSession", "ecs:ExecuteCommand", "ssm:StartAutomationExecution", "securityhub:BatchUpdateFindings"];
    acting.iter().map(|action| calls.of(action)).sum()
}

/// Finds a finding of the account, by its ARN.
fn finding(post: &Post) -> String {
    let ran = post.home.run("get findings --severity all -o json");
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let items = document["items"].as_array().unwrap().iter();
    let new = items.filter(|one| one["workflow"] == "NEW" && one["account"] == "111122223333");
    new.map(|one| one["finding"].as_str().unwrap().to_owned()).next().unwrap()
}

#[rstest]
#[case("en", "Nothing is done that cannot be written down: the journal failed.")]
#[case("ja", "記録できない操作は行いません")]
fn a_full_disk_under_the_journal_lets_nothing_be_done(#[case] lang: &str, #[case] says: &str) {
    let post = Post::of(Persona::Responder);
    let ran = with_little_room(&post, 0, &[&INSPECT[..], &["--lang", lang]].concat()).exits(3);
    assert!(ran.err.contains(says) && ran.err.contains("File too large"), "{}", ran.err);
    assert_eq!((ran.out.as_str(), acted(&post)), ("", 0));
    // With room again the journal goes on, and what it holds is whole.
    post.run(&INSPECT, "").exits(0);
    let written = post.written();
    assert_eq!(written[written.len() - 2..], pairs(&[("intent", ""), ("outcome", "done")]));
    post.home.run("journal verify").exits(0);
}

#[test]
fn a_disk_that_is_full_before_the_outcome_is_told_and_the_next_console_tells_the_rest() {
    let post = Post::of(Persona::Operator);
    let given = format!("finding={}", finding(&post));
    // The intent has room in 2 KiB, and both records have not.
    let reason = "x".repeat(600);
    let said = ["runbook", "run", "finding-notified", "--env", "prd", "--param", &given, "--reason", &reason, "--yes"];
    let ran = with_little_room(&post, 2, &said).exits(3);
    ran.complains("It was done.").complains("could not be written to the journal");
    assert_eq!(acted(&post), 1);
    assert_eq!(post.written(), pairs(&[("intent", "")]), "what was written of the outcome was taken back");
    // Whoever acts next finds it.
    post.run(&said, "").exits(0);
    let kinds: Vec<String> = post.written().iter().map(|(kind, result)| format!("{kind} {result}")).collect();
    assert_eq!(kinds, ["intent ", "outcome unknown", "intent ", "outcome done"]);
    post.home.run("journal verify").exits(0);
}

#[test]
fn a_journal_that_was_edited_by_hand_is_not_written_to_and_nothing_is_done() {
    let post = Post::of(Persona::Responder);
    post.run(&INSPECT, "").exits(0);
    let path = journal_file(&post);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replacen("\"result\":\"done\"", "\"result\":\"lost\"", 1)).unwrap();
    let before = acted(&post);
    let ran = post.run(&INSPECT, "").exits(3).complains("the journal failed");
    assert_eq!((ran.out.as_str(), acted(&post)), ("", before));
    post.home.run("journal verify").exits(1).says("2");
    // An edit further up does not show at its end: who verifies finds it.
    fs::write(&path, whole.replacen("調査", "調整", 1)).unwrap();
    post.home.run("journal verify").exits(1).says("1");
}

#[test]
fn a_role_in_no_mapping_may_look_and_do_nothing() {
    let mut post = Post::of(Persona::Responder);
    post.home = post.home.config(ACTING.split("[[role]]").next().unwrap());
    post.home.run("get services").exits(0);
    for words in [&INSPECT[..], &["runbook", "run", "service-redeploy/api", "--env", "dev", "--yes", "--reason", "x"]] {
        post.run(words, "").exits(4).complains("This identity has no role.").complains("[[role]]");
    }
    assert_eq!((post.written(), acted(&post)), (pairs(&[("denied", "no-role"); 2]), 0));
    post.run(&["runbook", "run", "inc-5xx", "--env", "prd"], "").exits(4).complains("This identity has no role.");
    assert!(post.home.run("runbook runs").exits(0).out.lines().count() == 1, "no run was begun");
}

#[rstest]
#[case(FaultKind::Deny, "sts:GetCallerIdentity denied")]
#[case(FaultKind::Status, "sts:GetCallerIdentity service-fault")]
fn who_cannot_be_verified_does_nothing_and_that_is_recorded(#[case] kind: FaultKind, #[case] why: &str) {
    let post = Post::of(Persona::Staff);
    post.account.simulator.inject(Fault::new(kind, "sts:GetCallerIdentity"));
    let ran = post.run(&INSPECT, "").exits(3).complains("sts:GetCallerIdentity");
    assert_eq!((ran.out.as_str(), acted(&post)), ("", 0));
    assert_eq!(post.written(), pairs(&[("denied", "not-verified")]));
    let record = &post.journal()[0];
    assert!(record["error"].as_str().unwrap().starts_with(why), "{record:#}");
    assert_eq!((&record["act"]["actor"]["arn"], &record["act"]["reason"]), (&"".into(), &"調査".into()));
    assert_eq!(record["act"]["account"], "111122223333");
    post.run(&["runbook", "run", "inc-5xx", "--env", "prd"], "").exits(3).complains("sts:GetCallerIdentity");
    for form in ["table", "json"] {
        post.home.run(&format!("journal list -o {form}")).exits(0).says("not-verified");
    }
    let event = post.home.run("journal export -o ocsf").exits(0).out;
    let event: Value = serde_json::from_str(event.lines().next().unwrap()).unwrap();
    assert!(event["actor"]["user"].is_null() && event["status_detail"] == "not-verified", "{event:#}");
    assert!(event.to_string().contains(why), "{event:#}");
}

fn begin(post: &Post, words: &[&str]) -> Child {
    post.home.command(words).stdin(Stdio::piped()).spawn().unwrap()
}

fn end(mut child: Child, answers: &str) -> Ran {
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    Ran::of(&child.wait_with_output().unwrap())
}

#[test]
fn two_runs_of_one_runbook_at_once_are_two_and_one_run_is_one_persons() {
    let post = Post::of(Persona::Responder);
    let words = ["runbook", "run", "inc-5xx", "--env", "prd"];
    let children: Vec<Child> = (0..3).map(|_| begin(&post, &words)).collect();
    let mut named: Vec<String> = children
        .into_iter()
        .map(|child| end(child, "q\n").exits(0).err.split_whitespace().next().unwrap().to_owned())
        .collect();
    named.sort();
    assert_eq!(named, ["inc-5xx/1", "inc-5xx/2", "inc-5xx/3"]);
    let again = ["runbook", "run", "inc-5xx/2", "--env", "prd"];
    let first = begin(&post, &again);
    let lock = post.home.path(".local/state/sekisho/runs/inc-5xx.2.lock");
    let is_taken = || fs::File::open(&lock).unwrap().try_lock().is_err();
    while !is_taken() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    post.run(&again, "").exits(2).complains("inc-5xx/2");
    end(first, "q\n").exits(0);
    post.run(&again, "q\n").exits(0);
}

#[test]
fn an_identity_that_changes_in_the_middle_of_a_run_is_written_down_or_refused() {
    let mut post = Post::of(Persona::Responder);
    post.run(&["runbook", "run", "inc-5xx", "--env", "prd"], "\n\nw\nweb\n\n\ny\nq\n").exits(0);
    // Another permission set, as of somebody who logged in meanwhile.
    post.move_to(Account::acting("bad-deploy", "3m", Persona::Operator, true));
    let again =
        ["runbook", "run", "inc-5xx/1", "--env", "prd", "--reason", "x", "--ticket", "INC-7", "--confirm", "web"];
    post.run(&again, "o\n1\nq\n").exits(4).complains("not for the role operator");
    assert_eq!((post.written(), acted(&post)), (vec![], 0));
    post.move_to(Account::acting("bad-deploy", "3m", Persona::Staff, true));
    post.run(&again, "o\n1\n\nq\n").exits(0);
    assert_eq!(post.written(), pairs(&[("intent", ""), ("outcome", "done")]));
    assert_eq!(post.journal()[0]["act"]["role"], "staff");
    let report = post.home.run("runbook export inc-5xx/1").exits(0).out;
    assert!(report.contains("responder") && report.contains("staff"), "{report}");
    // Credentials of another account are of another story.
    let moved = ACTING.replace("111122223333", "444455556666");
    let home = std::mem::replace(&mut post.home, super::home::Home::new());
    post.home = home.config(&moved);
    post.run(&again, "").exits(3).complains("444455556666");
}

#[test]
fn a_disk_that_takes_nothing_lets_no_run_go_on() {
    let post = Post::of(Persona::Responder);
    let words = ["runbook", "run", "inc-5xx", "--env", "prd"];
    with_little_room(&post, 0, &words).exits(3);
    post.home.run("runbook runs").exits(0);
    let begun = post.run(&words, "q\n").exits(0).err;
    let again = ["runbook", "run", begun.split_whitespace().next().unwrap(), "--env", "prd"];
    let ran = with_little_room(&post, 1, &again).exits(3);
    assert!(ran.err.contains("File too large"), "{}", ran.err);
    // What was there before is as it was.
    post.run(&again, "q\n").exits(0);
}

const HOSTILE: &str = "a'b\"c`d$(e)\u{1b}[2J\u{1b}]0;owned\u{7}\n\u{202e}rm -rf /; \\x00";

/// Checks that nothing of what was said moves a cursor, and that it has an end.
fn assert_plain(ran: &Ran) {
    for text in [&ran.out, &ran.err] {
        let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(bad, None, "{text:?}");
        assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    }
}

#[rstest]
#[case::reason("--reason", "unprintable")]
#[case::ticket("--ticket", "ticket-invalid")]
#[case::confirmation("--confirm", "not-confirmed")]
#[case::task("task", "parameter-invalid")]
#[case::name("name", "no-parameter")]
fn what_is_hostile_or_huge_is_refused_shown_plainly_and_recorded_within_bounds(
    #[case] place: &str,
    #[case] rule: &str,
) {
    let post = Post::of(Persona::Staff);
    let task = post.tasks("shop-prd", "api").remove(0);
    let huge = "決".repeat(32 * 1024);
    for text in [HOSTILE, huge.as_str()] {
        let (parameter, of_name) = (format!("task={task}"), format!("{text}=x"));
        let mut said = vec!["--param", &*parameter, "--reason", "x", "--ticket", "INC-7", "--confirm", "api"];
        let of_task = format!("task={text}");
        match place {
            "task" => said[1] = &of_task,
            "name" => said.extend(["--param", &of_name]),
            flag => {
                let at = said.iter().position(|word| *word == flag).unwrap();
                said[at + 1] = text;
            }
        }
        let ran = post.change("task-stop/api", "prd", &said).exits(4);
        assert_plain(&ran);
        let listed = post.home.run("journal list").exits(0);
        assert_plain(&listed);
    }
    assert_eq!((post.written(), acted(&post)), (pairs(&[("denied", rule); 2]), 0));
    let text = fs::read_to_string(journal_file(&post)).unwrap();
    assert!(text.lines().all(|line| line.len() < 32 * 1024), "a record is bounded");
    assert!(!text.contains("\\u001b") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn quotes_and_signs_of_a_shell_go_through_as_they_stand() {
    let post = Post::of(Persona::Responder);
    let reason = "it's \"slow\"; $(reboot) `x` {{ global:ACCOUNT_ID }} && 再起動";
    let said = ["--reason", reason, "--ticket", "INC-7", "--confirm", "api"];
    let ran = post.change("service-redeploy/api", "prd", &said).exits(0);
    // The line by hand is one that a shell takes back as it stands.
    let line = ran.err.lines().find_map(|line| line.find("aws ssm start-automation").map(|at| &line[at..])).unwrap();
    let script = format!("aws() {{ printf '%s\\n' \"${{@: -1}}\"; }}; {line}");
    let taken = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    let given: Value = serde_json::from_slice(&taken.stdout).unwrap_or_else(|error| panic!("{error}: {line}"));
    // AWS would fill in what stands in double braces: they are told as what they look like.
    let told = given["Reason"][0].as_str().unwrap();
    assert!(told.starts_with("it's \"slow\"; $(reboot) `x` ") && !told.contains("{{"), "{told}");
    assert_eq!(post.journal()[0]["act"]["reason"], reason);
    assert_eq!(post.written(), pairs(&[("intent", ""), ("outcome", "done")]));
}

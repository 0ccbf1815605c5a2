//! `runbook`: what the catalogue has to be done step by step, and whether it is without fault.

use std::io::Write as _;
use std::process::Stdio;

use rstest::rstest;

use super::home::{Home, Ran};

const ENTRY: &str = r#"
id = "look"
title = { ja = "調査", en = "Look" }
operation = "ecs.exec"
roles = ["staff"]
environments = ["prd"]
limit = "10m"
target = { ecs_service = "shop-prd/web" }
command = "/bin/sh -c uptime"
"#;

const RUNBOOK: &str = r#"
id = "slow"
title = { ja = "遅い", en = "Slow" }
roles = ["staff"]
environments = ["prd"]
answers = ["alarm:latency"]
[[step]]
id = "see"
kind = "check"
query = "alarms.firing"
[[step]]
id = "look"
kind = "operation"
entry = "look"
"#;

/// A home with a catalogue of one's own.
fn home(runbook: &str) -> Home {
    Home::new()
        .file("own/bindings.toml", "[prd]\n")
        .file("own/entries/look.toml", ENTRY)
        .file("own/runbooks/slow.toml", runbook)
}

#[rstest]
#[case("", "5xx rise", "alarm:5xx service:rollout", "prd stg dev")]
#[case("--lang ja", "5xx急増", "alarm:5xx service:rollout", "prd stg dev")]
fn the_built_in_runbooks_are_listed(
    #[case] lang: &str,
    #[case] title: &str,
    #[case] answers: &str,
    #[case] environments: &str,
) {
    let ran = Home::new().run(&format!("runbook list --demo {lang}")).exits(0).quietly();
    let row = ran.out.lines().find(|line| line.starts_with("inc-5xx")).unwrap_or_else(|| panic!("{}", ran.out));
    assert!(row.contains(title) && row.contains(answers) && row.contains(environments), "{row}");
    assert_eq!(ran.out.lines().count(), 8, "{}", ran.out);
}

#[test]
fn a_runbook_is_shown_with_its_ways_and_what_its_operations_ask_for() {
    let ran = Home::new().run("runbook show inc-5xx --demo --env prd").exits(0).quietly();
    for part in [
        "5xx rise (inc-5xx)",
        "4. Cause [decision] (cause)",
        "Is the last deployment the cause?",
        "yes → 5 rollback",
        "no → 6 broken",
        "prd: service-rollback ecs.rollback (reason, ticket, the service's name)",
        "Development team → Team leader → Security officer → Management; each has 15 min to answer",
        "Keeps what the dashboards show, a person's words.",
    ] {
        assert!(ran.out.contains(part), "{part} in\n{}", ran.out);
    }
    let ran = Home::new().run("runbook show inc-5xx --demo --lang ja").exits(0).quietly();
    assert!(ran.out.contains("直前のデプロイが原因ですか。") && ran.out.contains("はい → 5 rollback"), "{}", ran.out);
}

#[test]
fn a_runbook_that_is_not_there_is_said_to_be_none() {
    let home = Home::new();
    home.run("runbook show inc-5x --demo").exits(2).complains("no runbook \"inc-5x\"").complains("\"inc-5xx\"");
    home.run("runbook show zzzzzzzz --demo").exits(2).complains("runbook list");
    home.run("runbook show").exits(2);
    home.run("runbook").exits(2);
}

#[test]
fn a_catalogue_of_ones_own_is_listed_and_sound() {
    let home = home(RUNBOOK);
    let folder = home.path("own");
    let ran = home.run(&format!("runbook list --demo --catalogue {}", folder.display())).exits(0).quietly();
    assert!(ran.out.lines().count() == 2 && ran.out.contains("alarm:latency"), "{}", ran.out);
    let ran = home.run(&format!("runbook validate {}", folder.display())).exits(0).quietly();
    assert!(ran.out.contains("entries 1, runbooks 1, no fault") && ran.out.contains("SHA-256 "), "{}", ran.out);
    let ran = home.run("runbook validate --demo").exits(0).quietly();
    assert!(ran.out.contains("The built-in catalogue: entries 12, runbooks 7"), "{}", ran.out);
    let empty = Home::new().file("own/bindings.toml", "[prd]\n").file("own/entries/look.toml", ENTRY);
    let line = format!("runbook list --demo --catalogue {}", empty.path("own").display());
    assert!(empty.run(&line).exits(0).quietly().out.contains("no runbook"));
}

#[test]
fn every_fault_is_told_at_once_with_its_place_and_mend() {
    let faulty = RUNBOOK.replace("alarms.firing", "alarms.fire").replace("entry = \"look\"", "entry = \"lok\"");
    let home = home(&faulty).file("own/entries/b.toml", &ENTRY.replace("limit", "limt"));
    let line = format!("runbook validate {}", home.path("own").display());
    let ran = home.run(&line).exits(2);
    assert_eq!(ran.out, "");
    ran.complains("runbooks/slow.toml:10:9: \"alarms.fire\" is none of \"query\".")
        .complains("Did you mean \"alarms.firing\"?")
        .complains("runbooks/slow.toml:14:9: The catalogue has no entry \"lok\".")
        .complains("entries/b.toml:7:1: \"limt\" is no key of an entry.");
    home.run(&format!("{line} --lang ja")).exits(2).complains("カタログに「lok」というエントリがありません。");
    home.run("runbook validate /no/such").exits(2).complains("There is no such directory.");
}

/// Runs the program with answers on its standard input.
fn answered(home: &Home, arguments: &str, answers: &str) -> Ran {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let mut command = home.command(&arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    Ran::of(&child.wait_with_output().unwrap())
}

#[test]
fn a_run_is_walked_left_and_taken_up_again_to_its_report() {
    let home = Home::new();
    let args = "--demo --env prd --as operator";
    let ran = answered(&home, &format!("runbook run daily-check {args}"), "\n\n\n\nq\n").exits(0);
    for part in ["daily-check/1", "1/12  Alarms [check]", "5/12  Backups [note]", "runbook run daily-check/1"] {
        assert!(ran.err.contains(part), "{part} in\n{}", ran.err);
    }
    let listed = home.run("runbook runs --demo").exits(0).quietly();
    assert!(listed.out.contains("daily-check/1") && listed.out.contains("Backups"), "{}", listed.out);
    // Where the input ends, the run stays as it is.
    answered(&home, &format!("runbook run daily-check/1 {args}"), "").exits(0);
    let note = "w\nDATABASE_URL=postgres://ops:hunter2@db/x 昨夜分あり\n\n\n";
    let answers = format!("\n{note}{}n\nn\n\n", "w\nok\n\n\n".repeat(2));
    let ran = answered(&home, &format!("runbook run daily-check/1 {args}"), &answers).exits(0);
    assert!(ran.err.contains("Before that is lacking: words") && ran.err.contains("is over"), "{}", ran.err);
    let report = home.run("runbook export daily-check/1 --demo --lang ja").exits(0).quietly();
    assert!(report.out.contains("日次確認") && report.out.contains("昨夜分あり"), "{}", report.out);
    assert!(!report.out.contains("hunter2"), "{}", report.out);
    let html = home.run("runbook export daily-check/1 --demo -o html").exits(0).quietly();
    assert!(html.out.starts_with("<!doctype html>"), "{}", html.out);
    home.run("runbook export daily-check/9 --demo").exits(2).complains("no run daily-check/9");
    answered(&home, &format!("runbook run daily-check/1 {args}"), "").exits(2).complains("is over");
}

#[test]
fn whoever_has_not_the_role_does_not_run_it_and_two_runs_have_two_numbers() {
    let home = Home::new();
    let refused = answered(&home, "runbook run inc-5xx --demo --env prd --as operator", "q\n").exits(4);
    assert!(refused.err.contains("not for the role operator"), "{}", refused.err);
    for number in [1, 2] {
        let ran = answered(&home, "runbook run inc-5xx --demo --env prd", "q\n").exits(0);
        assert!(ran.err.contains(&format!("inc-5xx/{number}")), "{}", ran.err);
    }
    home.run("runbook run inc-5xx --demo").exits(2).complains("several environments");
    let other = answered(&home, "runbook run inc-5xx/1 --demo --env dev", "q\n").exits(2);
    assert!(other.err.contains("prd"), "{}", other.err);
}

//! The streams: closed ones, piped ones, and no terminal at all.

use std::io::pipe;

use super::account::Account;
use super::home::{Home, Ran};

#[test]
fn whoever_reads_no_further_has_read_enough() {
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    for arguments in [
        &["get", "alarms"][..],
        &["get", "queue", "-o", "json"],
        &["doctor"],
        &["keys"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["init", "-"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = home.command(arguments).stdout(writer).output().unwrap();
        let ran = Ran::of(&output);
        assert_eq!(ran.err, "", "{arguments:?}");
        assert_eq!(ran.code, 0, "{arguments:?}");
    }
}

#[test]
fn faults_that_nobody_can_hear_are_no_defect() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let output = Home::new().command(&["--nope"]).stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_console_needs_a_terminal_and_says_what_scripts_use() {
    let home = Home::new().set("AWS_REGION", "eu-west-1");
    for (arguments, hint) in [
        (
            &["demo"][..],
            "The console needs a terminal, and standard input is none. For scripts there is `sekisho get`.",
        ),
        (&["--demo"], "standard input is none"),
        (&[], "standard input is none"),
        (&["demo", "--lang", "ja"], "コンソールには端末が必要ですが、標準入力が端末ではありません。"),
    ] {
        let ran = Ran::of(&home.command(arguments).output().unwrap()).exits(2).complains(hint);
        assert_eq!(ran.out, "", "not one sequence is written");
    }
}

#[test]
fn output_of_a_command_has_no_colours() {
    let account = Account::of("bad-deploy", "3m");
    for home in [account.home(), account.home().set("NO_COLOR", "1"), account.home().set("CLICOLOR_FORCE", "1")] {
        for arguments in ["get queue", "--help", "--nope"] {
            let ran = home.run(arguments);
            assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{arguments}: {}{}", ran.out, ran.err);
        }
    }
}

#[test]
fn a_log_is_a_file_of_its_owner_alone_and_holds_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let account = Account::of("bad-deploy", "3m");
    let home = account.home();
    home.run("--log-level trace get services").exits(0).quietly();
    let folder = home.path(".local/state/sekisho");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains(account.simulator.secret_access_key()) && !text.contains("Signature="), "{text}");
    }
}

#[test]
fn there_is_no_log_unless_it_is_asked_for_and_there_is_something_to_log() {
    let home = Home::new();
    home.run("keys").exits(0);
    for command in ["keys", "man", "completions bash", "init -"] {
        home.run(&format!("--log-level trace {command}")).exits(0).quietly();
    }
    assert!(!home.path(".local").exists());
}

#[test]
fn a_log_that_cannot_be_written_is_a_fault_of_its_own() {
    let home = Home::new().file(".local/state/sekisho", "a file where the folder should be");
    let ran = home.run("--demo --log-level info get alarms").exits(2).complains("The log cannot be written to");
    assert!(ran.err.contains("/.local/state/sekisho: ") && ran.out.is_empty(), "{}", ran.err);
    home.run("--demo --log-level info --lang ja get alarms").exits(2).complains("ログを ").complains("--log-level");
    let home = home.set("SEKISHO_LOG_LEVEL", "info");
    home.run("doctor --demo").exits(2).complains("SEKISHO_LOG_LEVEL");
    home.run("keys").exits(0).quietly();
    let ran = home.set("XDG_STATE_HOME", "/proc/nothing").run("get alarms --demo").exits(2);
    assert!(ran.err.contains("/proc/nothing/sekisho: ") && !ran.err.contains("panicked"), "{}", ran.err);
}

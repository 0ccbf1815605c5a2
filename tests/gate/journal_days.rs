//! The journal's bad days: consoles that are killed, disks that are full, clocks that go back, programs of another age.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sekisho::journal::audit::audit;
use sekisho::journal::chain::{Broken, StepBack, Why, verify};
use sekisho::journal::reader::Reader;
use sekisho::journal::record::CONSOLE_ENDED;
use sekisho::journal::{About, Ending, FILE, Journal, JournalError, Outcome, under_way};
use sekisho::policy::Request;

use super::journal::{about, at, authorized, deny, open, outcome, request, values, written};

/// The folder that a child of a test works in.
const FOLDER: &str = "SEKISHO_TEST_FOLDER";

fn marks(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(folder.join("processes")) else { return Vec::new() };
    found.map(|entry| entry.unwrap().path()).collect()
}

fn later(seconds: i64) -> Timestamp {
    at() + SignedDuration::from_secs(seconds)
}

/// Runs one of the children below in a process of its own, by a shell where something is to be done before it.
fn child(name: &str, folder: &Path, before: &str) -> Command {
    let mut command = Command::new("sh");
    let test = std::env::current_exe().unwrap();
    command.arg("-c").arg(format!("{before} exec \"$0\" --ignored --exact --nocapture \"$1\""));
    command.arg(test).arg(format!("journal_days::{name}")).env(FOLDER, folder);
    command
}

/// Opens the journal of the test that this process is a child of; nothing where it is not one.
fn parents() -> Option<(Journal, PathBuf)> {
    let folder = PathBuf::from(std::env::var_os(FOLDER)?);
    Some((open(&folder), folder))
}

#[test]
#[ignore = "a child of another test"]
fn child_with_something_under_way() {
    let Some((journal, _)) = parents() else { return };
    let done = journal.intent(&authorized("done"), &about()).unwrap();
    journal.outcome(&done, &outcome()).unwrap();
    journal.intent(&authorized("under way"), &about()).unwrap();
    println!("\nready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

#[test]
fn a_console_that_was_killed_leaves_an_outcome_that_nobody_knows() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = child("child_with_something_under_way", folder.path(), "");
    let mut killed = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"), "the child came to no intent");
    let journal = open(folder.path());
    assert_eq!(journal.recover(later(1)).unwrap(), Vec::<u64>::new(), "the child still lives");
    assert_eq!(marks(folder.path()).len(), 1);
    let waiting = || {
        let audit = audit(&journal.path(), Vec::new(), |_| Ok::<(), ()>(())).unwrap();
        let mut reader = Reader::new(&journal.path());
        while reader.work() {}
        let page = reader.page(0, 1, false).unwrap();
        let standing = reader.standing();
        let row = (page.rows[0].is_open, page.rows[0].is_under_way);
        (audit.under_way, audit.open, row, (standing.under_way, standing.open))
    };
    let three = || BTreeSet::from([3]);
    assert_eq!(under_way(&journal.path()), three());
    assert_eq!(waiting(), (vec![3], vec![], (true, true), (1, 0)));
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Whoever looks need not be the one who tells it: until that is written down, it is one without an outcome.
    assert_eq!(under_way(&journal.path()), BTreeSet::new());
    assert_eq!(waiting(), (vec![], vec![3], (true, false), (0, 1)));
    assert_eq!(journal.recover(later(2)).unwrap(), [3]);
    assert_eq!(journal.recover(later(3)).unwrap(), Vec::<u64>::new());
    assert_eq!(marks(folder.path()), Vec::<PathBuf>::new());
    let values = values(folder.path());
    let told = &values[3];
    assert_eq!((&told["kind"], &told["intent"], &told["result"]), (&"outcome".into(), &3.into(), &"unknown".into()));
    assert_eq!((&told["error"], &told["time"]), (&CONSOLE_ENDED.into(), &"2026-11-22T00:00:02Z".into()));
    assert_eq!(told["act"], values[2]["act"]);
    assert!(told.get("duration_ms").is_none(), "nobody knows how long it took");
    assert!(values[2]["process"]["pid"].as_u64().unwrap() > 0);
    assert_eq!(verify(&journal.path()).unwrap().records, 4);
}

#[test]
fn the_next_intent_tells_what_was_left_behind_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let left = open(folder.path());
    left.intent(&authorized("left"), &about()).unwrap();
    let journal = open(folder.path());
    deny(&journal, &request("x")).unwrap();
    // As if it were killed: its lock goes, its mark stays.
    drop(left);
    assert_eq!(marks(folder.path()).len(), 1);
    let intent = journal.intent(&authorized("next"), &about()).unwrap();
    assert_eq!(intent.seq(), 4);
    let kinds: Vec<_> = values(folder.path()).iter().map(|value| value["kind"].clone()).collect();
    assert_eq!(kinds, ["intent", "denied", "outcome", "intent"]);
    journal.outcome(&intent, &outcome()).unwrap();
    drop(journal);
    assert_eq!(marks(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn what_is_under_way_elsewhere_is_left_alone_and_ends_as_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    let first = one.intent(&authorized("one"), &about()).unwrap();
    let second = other.intent(&authorized("other"), &about()).unwrap();
    assert_eq!(open(folder.path()).recover(at()).unwrap(), Vec::<u64>::new());
    one.outcome(&first, &outcome()).unwrap();
    other.outcome(&second, &outcome()).unwrap();
    let results: Vec<_> = values(folder.path()).iter().map(|value| value["result"].clone()).collect();
    assert_eq!(results[2..], ["done", "done"]);
}

#[test]
fn several_consoles_tell_what_was_left_behind_once() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        open(folder.path()).intent(&authorized("left"), &about()).unwrap();
    }
    // The second and the third have told of those before them.
    let path = Arc::new(folder.path().to_path_buf());
    let tellers: Vec<_> = (0..4)
        .map(|_| {
            let path = Arc::clone(&path);
            thread::spawn(move || open(&path).recover(at()).unwrap())
        })
        .collect();
    let told: Vec<u64> = tellers.into_iter().flat_map(|teller| teller.join().unwrap()).collect();
    assert_eq!(told, [5]);
    let audit = audit(&folder.path().join(FILE), Vec::new(), |_| Ok::<(), ()>(())).unwrap();
    assert_eq!(audit.open, Vec::<u64>::new());
    assert_eq!(audit.verified.unwrap().records, 6);
}

#[test]
fn marks_that_are_none_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let left = open(folder.path());
    left.intent(&authorized("left"), &about()).unwrap();
    drop(left);
    // A mark that was not written whole, one of a longer journal, and what does not belong there.
    let mark = marks(folder.path()).remove(0);
    fs::write(&mark, "").unwrap();
    fs::write(mark.with_file_name("notes.txt"), "x").unwrap();
    fs::create_dir(mark.with_file_name("00000000-0000-4000-8000-000000000000")).unwrap();
    fs::write(mark.with_file_name("00000000-0000-4000-8000-000000000001"), "99999999").unwrap();
    assert_eq!(open(folder.path()).recover(at()).unwrap(), [1]);
    assert_eq!(marks(folder.path()).len(), 2);
}

#[test]
fn more_may_become_known_of_an_outcome_and_the_last_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let intent = journal.intent(&authorized("x"), &about()).unwrap();
    let unknown = Outcome { result: Ending::Unknown, error: Some("timed out".to_owned()), ..outcome() };
    journal.outcome(&intent, &unknown).unwrap();
    journal.outcome(&intent, &Outcome { execution_id: Some("e-1".to_owned()), ..outcome() }).unwrap();
    let values = values(folder.path());
    assert_eq!((&values[1]["result"], &values[2]["result"]), (&"unknown".into(), &"done".into()));
    assert_eq!((&values[2]["intent"], &values[2]["execution_id"]), (&1.into(), &"e-1".into()));
}

#[test]
#[ignore = "a child of another test"]
fn child_with_a_full_disk() {
    let Some((journal, folder)) = parents() else { return };
    let mut written = 0_u64;
    let refused = loop {
        match journal.intent(&authorized(&"理由 ".repeat(100)), &about()) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the disk is never full");
    };
    assert!(matches!(refused, JournalError::Io { .. }), "{refused}");
    // Nothing of what could not be written is left, and what could be is whole.
    assert_eq!(verify(&folder.join(FILE)).unwrap().records, written);
    println!("\nfull after {written}");
}

#[test]
fn a_disk_that_fills_up_refuses_the_operation_and_leaves_the_journal_whole() {
    let folder = tempfile::tempdir().unwrap();
    // Files of 16 KiB at most, in units of 512 bytes; without the trap the system would end the process.
    let mut child = child("child_with_a_full_disk", folder.path(), "trap '' XFSZ; ulimit -f 32;");
    let mut ran = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut faults) = (String::new(), String::new());
    ran.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    ran.stderr.take().unwrap().read_to_string(&mut faults).unwrap();
    assert!(ran.wait().unwrap().success(), "{out}{faults}");
    assert!(out.contains("full after"), "{out}");
    // With room again, what it had begun is told, and the journal goes on.
    let journal = open(folder.path());
    let before = verify(&journal.path()).unwrap().records;
    let told = journal.recover(at()).unwrap();
    assert_eq!(told.len() as u64, before);
    assert_eq!(verify(&journal.path()).unwrap().records, 2 * before);
}

#[test]
fn a_clock_that_was_set_back_changes_no_order_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for at in [later(0), later(7_200), later(7_190), later(10), later(20)] {
        journal.intent(&authorized("x"), &About { at, ..about() }).unwrap();
    }
    let audit = audit(&journal.path(), Vec::new(), |_| Ok::<(), ()>(())).unwrap();
    assert_eq!(audit.verified.unwrap().records, 5);
    assert_eq!(audit.broken, None);
    // Ten seconds are what a record may have waited for its turn.
    assert_eq!(audit.steps, [StepBack { seq: 4, from: later(7_190), to: later(10) }]);
    assert_eq!(audit.step_count, 1);
}

#[test]
fn a_journal_of_another_version_is_told_from_one_that_was_changed() {
    let folder = written(2);
    let path = folder.path().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    for foreign in
        [text.replacen("\"version\":1", "\"version\":2", 2), format!("{text}{{\"version\":2,\"what\":[1,2]}}\n")]
    {
        fs::write(&path, &foreign).unwrap();
        let broken = verify(&path).unwrap_err();
        assert_eq!(broken.why, Why::Version(2));
        let refused = Journal::open(folder.path()).unwrap_err();
        assert!(matches!(refused, JournalError::Version { version: 2, .. }), "{refused}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("journal");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("processes"), "").unwrap();
    let journal = open(&inner);
    assert!(matches!(journal.intent(&authorized("x"), &about()), Err(JournalError::Io { .. })));
    assert_eq!(values(&inner), Vec::<serde_json::Value>::new());
    fs::remove_file(inner.join("processes")).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o000)).unwrap();
    let opened = Journal::open(&inner);
    // Who is root may do everything.
    assert!(rustix::process::geteuid().is_root() || matches!(opened, Err(JournalError::Io { .. })));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_torn_line_and_a_killed_console_are_both_told() {
    let folder = tempfile::tempdir().unwrap();
    let left = open(folder.path());
    left.intent(&authorized("left"), &about()).unwrap();
    drop(left);
    let path = folder.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"{\"act\""].concat()).unwrap();
    let journal = open(folder.path());
    assert_eq!(journal.recover(at()).unwrap(), [1]);
    let kinds: Vec<_> = values(folder.path()).iter().map(|value| value["kind"].clone()).collect();
    assert_eq!(kinds, ["intent", "recovered", "outcome"]);
    assert_eq!(verify(&path).map(|verified| verified.records).map_err(|broken: Broken| broken.line), Ok(3));
}

fn any_secret() -> impl Strategy<Value = (String, &'static str)> {
    let forms = prop::sample::select(vec![
        "DATABASE_URL=",
        "MONGODB_URI=",
        "JWT_SECRET=",
        "STRIPE_API_KEY=",
        "SENTRY_DSN=",
        "\"DATABASE_URL\": \"",
        "\"OPENAI_API_KEY\":\"",
        "postgres://ops:",
        "Authorization: Bearer ",
    ]);
    ("[A-Za-z0-9]{20,40}", forms).prop_map(|(value, form)| (value, form))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever somebody types a secret, and whatever stands around it, it does not reach the disk.
    #[test]
    fn no_secret_reaches_the_disk_in_a_reason_a_ticket_or_a_parameter(
        (value, form) in any_secret(),
        before in "[ぁ-ん a-z\\n\\t]{0,40}(\u{1b}\\[31m)?",
        at_end in any::<bool>(),
        split in 0usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path());
        let tail = match form {
            "postgres://ops:" => "@db/shop",
            _ if form.ends_with('"') => "\"",
            _ if at_end => "",
            _ => " を確認",
        };
        let text = format!("{before} {form}{value}{tail}");
        let mut asked = Request { ..request("調査") };
        match split {
            0 => asked.reason = Some(text),
            1 => asked.ticket = Some(text),
            2 => drop(asked.parameters.insert("note".to_owned(), text)),
            // The name in one place, the value in another.
            _ => drop(asked.parameters.insert("STRIPE_API_KEY".to_owned(), value.clone())),
        }
        deny(&journal, &asked).unwrap();
        let written = fs::read_to_string(journal.path()).unwrap();
        prop_assert!(!written.contains(&value), "{written}");
        prop_assert!(values(folder.path())[0]["redacted"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn an_outcome_that_the_disk_refused_is_written_before_what_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let intent = journal.intent(&authorized("looking"), &about()).unwrap();
    // In the place of the file is something that nobody can write to.
    let (file, aside) = (folder.path().join(FILE), folder.path().join("aside"));
    fs::rename(&file, &aside).unwrap();
    fs::create_dir(&file).unwrap();
    journal.outcome(&intent, &outcome()).unwrap_err();
    fs::remove_dir(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    deny(&journal, &request("again")).unwrap();
    let records = values(folder.path());
    let kinds: Vec<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["intent", "outcome", "denied"]);
    assert_eq!((&records[1]["intent"], &records[1]["result"]), (&records[0]["seq"], &"done".into()));
    // It is over: who opens the journal next finds nothing that was left behind.
    drop(journal);
    assert!(open(folder.path()).recover(at()).unwrap().is_empty());
}

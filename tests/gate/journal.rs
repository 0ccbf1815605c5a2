//! The journal's chain: what is written, what is found, what is recovered.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;
use sekisho::domain::environment::Kind;
use sekisho::domain::identity::RoleResolution;
use sekisho::domain::target::Target;
use sekisho::journal::chain::{Broken, GENESIS, Verified, Why, verify};
use sekisho::journal::{About, Denied, Ending, FILE, Journal, JournalError, Outcome, RunStep};
use sekisho::policy::{Authorized, Denial, Op, Request, authorize};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::EntryId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::support::{environment, identity};

pub(super) fn at() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

pub(super) fn request(reason: &str) -> Request {
    Request {
        entry: EntryId("db-readonly".to_owned()),
        environment: "prd".to_owned(),
        parameters: BTreeMap::new(),
        reason: Some(reason.to_owned()),
        ticket: Some("INC-42".to_owned()),
        confirmation: Some("prd".to_owned()),
    }
}

pub(super) fn authorized(reason: &str) -> Authorized<Op> {
    let role = RoleResolution::One("responder".to_owned());
    let prd = environment("prd", Kind::Prd);
    authorize(&Catalogue::built_in(), &identity("111122223333"), &role, &prd, &request(reason), at()).unwrap()
}

pub(super) fn about() -> About {
    About {
        host: "console-1".to_owned(),
        target: Target::Container {
            cluster: "shop-prd".to_owned(),
            service: "tunnel".to_owned(),
            task: "0123456789abcdef0123456789abcdef".to_owned(),
            container: "tunnel".to_owned(),
            runtime_id: "0123456789abcdef0123456789abcdef-1".to_owned(),
        },
        account: "111122223333".parse().unwrap(),
        region: "ap-northeast-1".to_owned(),
        run: None,
        at: at(),
    }
}

pub(super) fn outcome() -> Outcome {
    Outcome {
        result: Ending::Done,
        session_ids: vec!["op-0137-0123456789abcdef0".to_owned(), "op-0137-0123456789abcdef1".to_owned()],
        request_id: Some("11111111-2222-3333-4444-555555555555".to_owned()),
        execution_id: None,
        duration: SignedDuration::from_secs(61),
        error: None,
        recording_sha256: Some("ab".repeat(32)),
        at: at(),
    }
}

pub(super) fn deny(journal: &Journal, request: &Request) -> Result<u64, JournalError> {
    journal.denied(&Denied {
        request,
        denial: &Denial::ReasonMissing,
        identity: Some(&identity("111122223333")),
        unverified: None,
        role: &RoleResolution::None,
        environment: &environment("prd", Kind::Prd),
        catalogue: "ff",
        host: "console-1",
        run: Some(&RunStep { run: "inc-5xx/7".to_owned(), step: "rollback".to_owned() }),
        at: at(),
    })
}

pub(super) fn open(folder: &Path) -> Journal {
    Journal::open(folder).unwrap()
}

/// Writes some records and returns the folder.
pub(super) fn written(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for number in 0..count {
        match number % 3 {
            0 => drop(deny(&journal, &request("調査")).unwrap()),
            1 => drop(journal.intent(&authorized("調査"), &about()).unwrap()),
            _ => {
                let intent = journal.intent(&authorized("調査"), &about()).unwrap();
                journal.outcome(&intent, &outcome()).unwrap();
            }
        }
    }
    folder
}

pub(super) fn lines(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join(FILE)).unwrap().lines().map(str::to_owned).collect()
}

pub(super) fn values(folder: &Path) -> Vec<Value> {
    lines(folder).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_operation_has_a_record_before_it_and_one_after() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let intent = journal.intent(&authorized("調査"), &about()).unwrap();
    assert_eq!(verify(&journal.path()).unwrap().records, 1);
    assert_eq!((intent.seq(), journal.outcome(&intent, &outcome()).unwrap()), (1, 2));
    let [before, after] = &values(folder.path())[..] else { panic!("two records") };
    assert_eq!((&before["kind"], &after["kind"]), (&"intent".into(), &"outcome".into()));
    assert_eq!(before["act"], after["act"]);
    let act = serde_json::json!({
        "actor": {
            "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoStaff_0123456789abcdef/op-0137",
            "user": "op-0137", "user_id": "AROAEXAMPLE:op-0137",
        },
        "role": "responder", "host": "console-1", "environment": "prd", "account": "111122223333",
        "region": "ap-northeast-1", "entry": "db-readonly", "operation": "ssm.port_forward",
        "catalogue": Catalogue::built_in().hash(), "parameters": {"local_port": "15432"},
        "target": "tunnel/tunnel 01234567",
        "target_arn": "arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/0123456789abcdef0123456789abcdef",
        "reason": "調査", "ticket": "INC-42",
    });
    assert_eq!(before["act"], act);
    assert_eq!((&before["seq"], &before["prev"]), (&1.into(), &GENESIS.into()));
    assert_eq!(before["time"], "2026-11-22T00:00:00Z");
    assert_eq!(
        (&after["intent"], &after["result"], &after["duration_ms"]),
        (&1.into(), &"done".into(), &61_000.into())
    );
    assert_eq!(after["session_id"], "op-0137-0123456789abcdef0");
    assert_eq!(after["session_ids"], serde_json::json!(["op-0137-0123456789abcdef0", "op-0137-0123456789abcdef1"]));
    assert_eq!(after["recording_sha256"], "ab".repeat(32));
    assert_eq!(after["prev"], before["hash"]);
}

/// Makes the hash as the documentation says, from the text of the line alone.
#[test]
fn the_hash_is_that_of_the_canonical_line_without_it() {
    let folder = written(4);
    for line in lines(folder.path()) {
        let value: Value = serde_json::from_str(&line).unwrap();
        let hash = value["hash"].as_str().unwrap();
        // In the canonical form, members are sorted and nothing stands between them: cutting one out leaves it so.
        let without = line.replace(&format!("\"hash\":\"{hash}\","), "");
        assert_eq!(hex::encode(Sha256::digest(&without)), hash);
        assert_eq!(line, serde_jcs::to_string(&value).unwrap());
    }
}

#[rstest]
#[case("i-0123456789abcdef0", "arn:aws:ec2:ap-northeast-1:111122223333:instance/i-0123456789abcdef0")]
#[case("mi-0123456789abcdef0", "arn:aws:ssm:ap-northeast-1:111122223333:managed-instance/mi-0123456789abcdef0")]
fn nodes_have_the_arns_of_their_services(#[case] id: &str, #[case] arn: &str) {
    let folder = tempfile::tempdir().unwrap();
    let about = About { target: Target::Node { id: id.to_owned(), name: None }, ..about() };
    open(folder.path()).intent(&authorized("x"), &about).unwrap();
    assert_eq!(values(folder.path())[0]["act"]["target_arn"], arn);
}

#[test]
fn a_refusal_is_recorded_whatever_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let mut asked = request("a\nb\u{1b}[2J");
    asked.entry = EntryId("x".repeat(1_000_000));
    asked.parameters = (0..1_000).map(|number| (number.to_string(), "\u{7}".repeat(10_000))).collect();
    deny(&journal, &asked).unwrap();
    let record = &values(folder.path())[0];
    assert_eq!((&record["kind"], &record["denial"]), (&"denied".into(), &"reason-missing".into()));
    assert_eq!(record["act"]["parameters"].as_object().unwrap().len(), 32);
    assert_eq!(record["act"]["reason"], "a b");
    assert_eq!((&record["act"]["run"], &record["act"]["step"]), (&"inc-5xx/7".into(), &"rollback".into()));
    assert!(lines(folder.path())[0].len() < 200_000);
    assert_eq!(verify(&journal.path()).unwrap().records, 1);
}

#[test]
fn secrets_do_not_reach_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let mut asked = request("DATABASE_URL=postgres://ops:hunter2@db/shop を確認");
    asked.parameters.insert("STRIPE_API_KEY".to_owned(), "sk_live_hunter2".to_owned());
    deny(&journal, &asked).unwrap();
    let text = fs::read_to_string(journal.path()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let redacted = values(folder.path())[0]["redacted"].as_u64().unwrap();
    assert!(redacted >= 2, "{redacted}");
}

#[test]
fn nobody_else_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("state/journal");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let journal = open(&inner);
    assert_eq!((mode(&inner), mode(&journal.path())), (0o700, 0o600));
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(journal.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let journal = open(&inner);
    deny(&journal, &request("x")).unwrap();
    assert_eq!((mode(&inner), mode(&journal.path())), (0o700, 0o600));
}

#[test]
fn where_nothing_can_be_written_nothing_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Journal::open(&file), Err(JournalError::Io { .. })));
    fs::create_dir(folder.path().join(FILE)).unwrap();
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Io { .. })));
    let linked = tempfile::tempdir().unwrap();
    symlink(&file, linked.path().join(FILE)).unwrap();
    assert!(matches!(Journal::open(linked.path()), Err(JournalError::Io { .. })));
}

#[test]
fn a_full_disk_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    deny(&journal, &request("x")).unwrap();
    fs::remove_file(journal.path()).unwrap();
    symlink("/dev/full", journal.path()).unwrap();
    assert!(matches!(deny(&journal, &request("x")), Err(JournalError::Io { .. })));
}

#[test]
fn consoles_at_once_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = Arc::new(folder.path().to_path_buf());
    let consoles: Vec<_> = (0..4)
        .map(|_| {
            let path = Arc::clone(&path);
            thread::spawn(move || {
                let journal = open(&path);
                let mut numbers = Vec::new();
                for _ in 0..10 {
                    let intent = journal.intent(&authorized("x"), &about()).unwrap();
                    numbers.extend([intent.seq(), journal.outcome(&intent, &outcome()).unwrap()]);
                }
                numbers
            })
        })
        .collect();
    let mut numbers: Vec<u64> = consoles.into_iter().flat_map(|console| console.join().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=80).collect::<Vec<u64>>());
    assert_eq!(verify(&folder.path().join(FILE)).unwrap().records, 80);
}

#[test]
fn a_torn_line_is_recovered_and_recorded() {
    let folder = written(3);
    let path = folder.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    let torn = br#"{"act":{"actor":{"arn":"arn:aws:s"#;
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn).unwrap();
    assert_eq!(verify(&path), Err(Broken { line: 5, why: Why::Torn }));
    let journal = open(folder.path());
    deny(&journal, &request("x")).unwrap();
    assert!(fs::read(&path).unwrap().starts_with(&whole));
    let values = values(folder.path());
    assert_eq!((values.len(), &values[4]["kind"]), (6, &"recovered".into()));
    assert_eq!(values[4]["torn"]["bytes"], torn.len());
    assert_eq!(values[4]["torn"]["sha256"], hex::encode(Sha256::digest(torn)));
    assert_eq!(values[4]["torn"]["text"], std::str::from_utf8(torn).unwrap());
    assert_eq!(verify(&path).unwrap().records, 6);
}

#[test]
fn a_first_line_that_was_torn_is_recovered_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), b"{\"act\xff").unwrap();
    let journal = open(folder.path());
    deny(&journal, &request("x")).unwrap();
    assert_eq!(verify(&journal.path()).unwrap().records, 2);
}

#[test]
fn nothing_is_written_behind_a_record_that_was_changed() {
    let folder = written(2);
    let path = folder.path().join(FILE);
    let changed = fs::read_to_string(&path).unwrap().replace("responder", "staff");
    fs::write(&path, &changed).unwrap();
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Broken { .. })));
    fs::write(&path, vec![b'x'; 2_000_000]).unwrap();
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Broken { .. })));
}

#[test]
fn records_that_were_seen_and_are_gone_are_missed() {
    let folder = written(0);
    let path = folder.path().join(FILE);
    let journal = open(folder.path());
    deny(&journal, &request("x")).unwrap();
    let one = fs::read(&path).unwrap();
    deny(&journal, &request("x")).unwrap();
    fs::write(&path, one).unwrap();
    assert!(matches!(deny(&journal, &request("x")), Err(JournalError::Replaced { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(deny(&journal, &request("x")), Err(JournalError::Replaced { .. })));
    // A journal of another's making, as long as this one was.
    let other = written(1);
    deny(&open(other.path()), &request("y")).unwrap();
    fs::copy(other.path().join(FILE), &path).unwrap();
    assert!(matches!(deny(&journal, &request("x")), Err(JournalError::Replaced { .. })));
}

#[test]
fn a_journal_that_another_holds_is_waited_for() {
    let folder = written(1);
    let path = folder.path().join(FILE);
    let journal = open(folder.path());
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    let writer = thread::spawn(move || deny(&journal, &request("x")).unwrap());
    // However long this takes, the other cannot have written before it is let go.
    thread::yield_now();
    assert_eq!(lines(folder.path()).len(), 1);
    held.unlock().unwrap();
    assert_eq!(writer.join().unwrap(), 2);
}

#[test]
fn an_empty_journal_is_whole_and_one_that_is_not_there_is_not() {
    let folder = written(0);
    let path = folder.path().join(FILE);
    assert_eq!(verify(&path), Ok(Verified { records: 0, head: GENESIS.to_owned() }));
    let broken = verify(&folder.path().join("nothing")).unwrap_err();
    assert!(matches!(broken.why, Why::Unreadable(_)));
}

#[test]
fn what_was_done_to_a_record_is_named() {
    let folder = written(6);
    let path = folder.path().join(FILE);
    let lines = lines(folder.path());
    let after = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        edit(&mut lines);
        fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
        verify(&path).unwrap_err()
    };
    let changed = after(&|lines| lines[2] = lines[2].replace("INC-42", "INC-43"));
    assert_eq!(changed, Broken { line: 3, why: Why::Changed });
    let spaced = after(&|lines| lines[2] = lines[2].replace("\":", "\": "));
    assert_eq!(spaced, Broken { line: 3, why: Why::NotCanonical });
    let removed = after(&|lines| drop(lines.remove(2)));
    assert_eq!(removed, Broken { line: 3, why: Why::Gap { expected: 3, found: 4 } });
    let swapped = after(&|lines| lines.swap(2, 3));
    assert_eq!(swapped, Broken { line: 3, why: Why::Gap { expected: 3, found: 4 } });
    let blank = after(&|lines| lines[1] = String::new());
    assert_eq!(blank, Broken { line: 2, why: Why::NoRecord });
    let doubled = after(&|lines| lines[0] = lines[0].replacen('{', "{\"seq\":1,", 1));
    assert_eq!(doubled, Broken { line: 1, why: Why::NoRecord });
    let long = after(&|lines| lines[0] = "x".repeat(300_000));
    assert_eq!(long, Broken { line: 1, why: Why::TooLong });
    // A record of another chain, whole in itself and of the right number.
    let other = tempfile::tempdir().unwrap();
    let journal = open(other.path());
    for _ in 0..3 {
        deny(&journal, &request("another")).unwrap();
    }
    let strange = self::lines(other.path())[2].clone();
    let foreign = after(&|lines| lines[2] = strange.clone());
    assert_eq!(foreign, Broken { line: 3, why: Why::Unlinked });
}

/// A way to tamper with a journal.
#[derive(Debug, Clone)]
enum Tamper {
    Byte(usize, u8),
    Delete(usize),
    Swap(usize, usize),
    Double(usize),
}

fn any_tamper() -> impl Strategy<Value = Tamper> {
    prop_oneof![
        (0usize..100_000, any::<u8>()).prop_map(|(at, byte)| Tamper::Byte(at, byte)),
        (0usize..100).prop_map(Tamper::Delete),
        (0usize..100, 0usize..100).prop_map(|(a, b)| Tamper::Swap(a, b)),
        (0usize..100).prop_map(Tamper::Double),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_edit_deletion_and_exchange_is_found(tamper in any_tamper()) {
        static WRITTEN: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| fs::read(written(9).path().join(FILE)).unwrap());
        let bytes = WRITTEN.clone();
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let count = lines.len();
        match tamper {
            Tamper::Byte(at, byte) => {
                let mut all = bytes.clone();
                let at = at % all.len();
                all[at] = byte;
                lines = vec![all];
            }
            // The last can be cut off unseen: that is what a head elsewhere is for.
            Tamper::Delete(at) => drop(lines.remove(at % (count - 1))),
            Tamper::Swap(a, b) => lines.swap(a % count, b % count),
            Tamper::Double(at) => lines.insert(at % count, lines[at % count].clone()),
        }
        let tampered = lines.concat();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, &tampered).unwrap();
        prop_assert_eq!(verify(&path).is_ok(), tampered == bytes);
    }

    #[test]
    fn no_file_breaks_the_verifier(bytes in prop::collection::vec(any::<u8>(), 0..300), line in ".{0,80}\n") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for content in [bytes, line.into_bytes()] {
            fs::write(&path, &content).unwrap();
            prop_assert_eq!(verify(&path).is_ok(), content.is_empty());
            let _ = Journal::open(folder.path());
        }
    }
}

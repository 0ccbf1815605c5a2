use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Barrier};

use super::*;
use crate::domain::environment::{Environment, Kind};
use crate::runbook::catalogue::Catalogue;
use crate::runbook::query::Query;
use crate::runbook::run::{Way, What};

fn runbook() -> Runbook {
    let prd = Environment { name: "prd".to_owned(), kind: Kind::Prd, ..Environment::default() };
    Catalogue::built_in().runbook(&prd, &RunbookId("daily-check".into())).unwrap().as_ref().clone()
}

fn begin(store: &RunStore) -> Held {
    let (environment, account, catalogue) = ("prd".to_owned(), "111122223333".to_owned(), "0af7".to_owned());
    let actor = Actor { arn: "arn:aws:sts::111122223333:assumed-role/x/op-0137".into(), role: "staff".into() };
    let setting = Setting { environment, account, catalogue };
    store.begin(setting, &runbook(), actor, Timestamp::UNIX_EPOCH).unwrap()
}

#[test]
fn a_run_is_kept_and_taken_up_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = RunStore::within(folder.path());
    assert!(store.list().unwrap().0.is_empty());
    let mut held = begin(&store);
    let sight = Query::AlarmsFiring.look(&crate::runbook::query::Board::default(), Timestamp::UNIX_EPOCH);
    held.run.record(What::Saw(sight), Timestamp::UNIX_EPOCH).unwrap();
    held.run.go_on(Way::Next, Timestamp::UNIX_EPOCH).unwrap();
    held.save().unwrap();
    let (run, id) = (held.run.clone(), held.run.id.clone());
    assert!(matches!(store.open(&id), Err(RunError::InUse(_))));
    assert_eq!(store.read(&id).unwrap(), run);
    drop(held);
    assert_eq!(store.open(&id).unwrap().run, run);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(store.folder()), mode(&store.path(&id))), (0o700, 0o600));
    let left: Vec<_> = fs::read_dir(store.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn runs_that_begin_at_once_have_numbers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (store, barrier) = (RunStore::within(folder.path()), Arc::new(Barrier::new(8)));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (store, barrier) = (store.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                begin(&store).run.id.number
            })
        })
        .collect();
    let mut numbers: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(store.list().unwrap().0.len(), 8);
}

#[test]
fn what_is_no_run_is_said_to_be_broken_and_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = RunStore::within(folder.path());
    let id = begin(&store).run.id;
    let sound = fs::read_to_string(store.path(&id)).unwrap();
    begin(&store);
    for text in ["", "{}", "[", "\u{0}", &sound.replace("\"form\": 1", "\"form\": 2"), &sound.replace("/1\"", "/9\"")] {
        fs::write(store.path(&id), text).unwrap();
        assert!(matches!(store.open(&id), Err(RunError::Broken(_))), "{text}");
        let (runs, broken) = store.list().unwrap();
        assert_eq!((runs.len(), broken), (1, 1), "{text}");
    }
    let nobody = RunId { runbook: RunbookId("daily-check".into()), number: 99 };
    assert!(matches!(store.open(&nobody), Err(RunError::NotThere(_))));
}

#[test]
fn a_disk_that_takes_nothing_leaves_the_run_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("runs"), "").unwrap();
    let store = RunStore::within(folder.path());
    let (environment, account, catalogue) = (String::new(), String::new(), String::new());
    let actor = Actor { arn: String::new(), role: String::new() };
    let setting = Setting { environment, account, catalogue };
    assert!(matches!(store.begin(setting, &runbook(), actor, Timestamp::UNIX_EPOCH), Err(RunError::Io { .. })));
}

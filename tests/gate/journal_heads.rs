//! Heads that are kept elsewhere: what they show that a chain alone cannot.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use sekisho::journal::FILE;
use sekisho::journal::audit::{Audit, Contradiction, audit};
use sekisho::journal::chain::{Broken, Why};
use sekisho::journal::head::Head;
use sekisho::journal::ship::spool::Spool;

use super::journal::{at, deny, lines, open, request, values, written};

/// Returns the heads that a journal had after each of its records.
fn heads(folder: &Path) -> Vec<Head> {
    let values = values(folder);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let first = text(&values[0]["hash"]);
    let head = |value: &serde_json::Value| {
        let time = text(&value["time"]).parse().unwrap();
        Head::new(value["seq"].as_u64().unwrap(), text(&value["hash"]), first.clone(), time, "console-1".to_owned())
    };
    values.iter().map(head).collect()
}

fn look(path: &Path, heads: Vec<Head>) -> Audit {
    audit(path, heads, |_| Ok::<(), ()>(())).unwrap()
}

#[test]
fn a_journal_is_anchored_to_the_newest_head_that_agrees() {
    let folder = written(6);
    let path = folder.path().join(FILE);
    let heads = heads(folder.path());
    let found = look(&path, heads[..5].to_vec());
    assert_eq!(found.anchor.as_ref(), Some(&heads[4]));
    assert!(found.is_right(), "{found:?}");
    assert_eq!(look(&path, Vec::new()).anchor, None);
}

#[test]
fn a_tail_that_was_cut_is_missed() {
    let folder = written(6);
    let path = folder.path().join(FILE);
    let heads = heads(folder.path());
    fs::write(&path, lines(folder.path())[..4].join("\n") + "\n").unwrap();
    let found = look(&path, vec![heads[2].clone(), heads[6].clone()]);
    assert_eq!(found.contradictions, [Contradiction::Cut(heads[6].clone())]);
    assert_eq!(found.anchor.as_ref(), Some(&heads[2]));
    assert!(!found.is_right());
    // Without what was kept elsewhere, a chain cannot know.
    assert!(look(&path, Vec::new()).is_right());
}

#[test]
fn a_journal_that_was_written_anew_is_found_out() {
    let folder = written(6);
    let path = folder.path().join(FILE);
    let heads = heads(folder.path());
    // From the fourth record on, by a program that keeps the chain.
    fs::write(&path, lines(folder.path())[..3].join("\n") + "\n").unwrap();
    let journal = open(folder.path());
    for _ in 0..6 {
        deny(&journal, &request("another story")).unwrap();
    }
    let found = look(&path, heads.clone());
    assert_eq!(found.broken, None);
    assert_eq!(found.contradictions, [Contradiction::Rewritten(heads[3].clone())]);
    assert_eq!(found.anchor.as_ref(), Some(&heads[2]));
    // All of it: another journal stood here.
    fs::remove_file(&path).unwrap();
    let found = look(&path, heads.clone());
    assert!(found.is_missing && !found.is_right());
    let journal = open(folder.path());
    deny(&journal, &request("another story")).unwrap();
    let found = look(&path, heads.clone());
    assert!(matches!(&found.contradictions[..], [Contradiction::Another(head)] if heads.contains(head)), "{found:?}");
}

#[test]
fn what_is_broken_is_told_as_that_and_not_as_cut() {
    let folder = written(6);
    let path = folder.path().join(FILE);
    let heads = heads(folder.path());
    let mut lines = lines(folder.path());
    lines[4] = lines[4].replace("調査", "調べ");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let found = look(&path, heads.clone());
    assert_eq!(found.broken, Some(Broken { line: 5, why: Why::Changed }));
    assert_eq!(found.contradictions, []);
    assert_eq!(found.anchor.as_ref(), Some(&heads[3]));
}

#[test]
fn every_record_leaves_its_head_in_the_spool() {
    use std::sync::Arc;

    use sekisho::journal::head::{HeadShipper, Heads, Kept, Which};
    use sekisho::journal::ship::Ship;

    /// Nobody who could be reached.
    #[derive(Debug)]
    struct Nobody;

    impl HeadShipper for Nobody {
        fn ship<'a>(&'a self, _: &'a str, _: &'a [Head]) -> Kept<'a, ()> {
            Box::pin(std::future::pending())
        }

        fn heads<'a>(&'a self, _: &'a Which) -> Kept<'a, Heads> {
            Box::pin(std::future::pending())
        }
    }

    let folder = written(3);
    let spool = Arc::new(Spool::within(folder.path()));
    let journal = open(folder.path());
    journal.ship(Ship::new(Arc::clone(&spool), Arc::new(Nobody), "console-1/0".to_owned()), "console-1");
    deny(&journal, &request("x")).unwrap();
    let expected = heads(folder.path());
    // The newest one at once, and each that came.
    assert_eq!(spool.waiting().unwrap(), expected[3..]);
    // A journal that begins anew has its own first record.
    let empty = tempfile::tempdir().unwrap();
    let journal = open(empty.path());
    let spool = Arc::new(Spool::within(empty.path()));
    journal.ship(Ship::new(Arc::clone(&spool), Arc::new(Nobody), "console-1/0".to_owned()), "console-1");
    assert_eq!(spool.waiting().unwrap(), []);
    deny(&journal, &request("x")).unwrap();
    assert_eq!(spool.waiting().unwrap(), heads(empty.path()));
    assert_eq!(spool.waiting().unwrap()[0].time, at());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is cut off behind the last head that was kept is missed, and nothing else is.
    #[test]
    fn no_cut_tail_goes_unseen_where_a_head_was_kept(kept in 0usize..12, left in 0usize..=12) {
        static WRITTEN: LazyLock<(Vec<String>, Vec<Head>)> = LazyLock::new(|| {
            let folder = written(9);
            (lines(folder.path()), heads(folder.path()))
        });
        let (lines, heads) = &*WRITTEN;
        prop_assert_eq!(lines.len(), 12);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, lines[..left].iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>()).unwrap();
        let found = look(&path, vec![heads[kept].clone()]);
        prop_assert_eq!(found.is_right(), left > kept);
        prop_assert_eq!(found.anchor.is_some(), left > kept);
    }
}

//! The journal through a window: pages, queries, and what happens to the file meanwhile.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use sekisho::journal::FILE;
use sekisho::journal::audit::Contradiction;
use sekisho::journal::chain::{Broken, Why};
use sekisho::journal::head::Head;
use sekisho::journal::query::Query;
use sekisho::journal::reader::{Page, Reader};

use super::journal::{about, authorized, deny, lines, open, outcome, request, written};

/// Lets a reader do all that there is to do.
fn settle(reader: &mut Reader) {
    for _ in 0..10_000 {
        if !reader.work() {
            return;
        }
    }
    panic!("it never ends");
}

fn reader(folder: &Path) -> Reader {
    let mut reader = Reader::new(&folder.join(FILE));
    settle(&mut reader);
    reader
}

fn numbers(page: &Page) -> Vec<u64> {
    page.rows.iter().map(|row| row.line).collect()
}

#[test]
fn the_newest_comes_first_and_a_page_is_a_page() {
    let folder = written(9);
    let mut reader = reader(folder.path());
    let page = reader.page(0, 5, false).unwrap();
    assert_eq!((page.matched, page.from, page.is_searching), (12, 0, false));
    assert_eq!(numbers(&page), [12, 11, 10, 9, 8]);
    assert_eq!(numbers(&reader.page(10, 5, false).unwrap()), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&reader.page(0, 3, true).unwrap()), [1, 2, 3]);
    let standing = reader.standing();
    assert_eq!((standing.lines, standing.verified, standing.broken), (12, 12, None));
    // Each third one is an intent that was never ended; the one that was is not open.
    let open: Vec<u64> =
        reader.page(0, 12, true).unwrap().rows.iter().filter(|row| row.is_open).map(|row| row.line).collect();
    assert_eq!((open, standing.open), (vec![2, 6, 10], 3));
}

#[test]
fn what_is_appended_comes_in_on_top() {
    let folder = written(2);
    let mut reader = reader(folder.path());
    let journal = open(folder.path());
    deny(&journal, &request("new")).unwrap();
    settle(&mut reader);
    assert_eq!(numbers(&reader.page(0, 2, false).unwrap()), [3, 2]);
    assert_eq!(reader.standing().verified, 3);
}

#[test]
fn a_query_finds_old_and_new_records_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    // More than one block of lines.
    for number in 0..600 {
        deny(&journal, &request(if number % 100 == 7 { "珍しい" } else { "いつも" })).unwrap();
    }
    let mut reader = reader(folder.path());
    reader.ask(Query::of("珍しい result:denied"));
    assert!(reader.page(0, 10, false).unwrap().is_searching);
    settle(&mut reader);
    let page = reader.page(0, 4, false).unwrap();
    assert_eq!((page.matched, page.is_searching), (6, false));
    assert_eq!(numbers(&page), [508, 408, 308, 208]);
    assert_eq!(page.began, Some(super::journal::at()));
    deny(&journal, &request("珍しい")).unwrap();
    settle(&mut reader);
    assert_eq!(numbers(&reader.page(0, 2, false).unwrap()), [601, 508]);
    reader.ask(Query::of("nowhere"));
    settle(&mut reader);
    assert_eq!(reader.page(0, 4, false).unwrap(), Page::default());
    reader.ask(Query::default());
    assert_eq!(reader.page(0, 1, false).unwrap().matched, 601);
}

#[test]
fn what_was_typed_is_read_as_words_and_places() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let intent = journal.intent(&authorized("調査"), &about()).unwrap();
    journal.outcome(&intent, &outcome()).unwrap();
    deny(&journal, &request("別件")).unwrap();
    let mut reader = reader(folder.path());
    let mut found = |text: &str| {
        reader.ask(Query::of(text));
        settle(&mut reader);
        numbers(&reader.page(0, 10, true).unwrap())
    };
    assert_eq!(found("entry:db-readonly"), [1, 2, 3]);
    assert_eq!(found("entry:db-* result:done"), [2]);
    assert_eq!(found("entry:db"), [1, 2, 3]);
    assert_eq!(found("entry:d?b*"), [0_u64; 0]);
    assert_eq!(found("actor:OP-0137 result:begun"), [1]);
    assert_eq!(found("env:prd 調査"), [1, 2]);
    assert_eq!(found("ticket:INC-42"), [1, 2, 3]);
    assert_eq!(found("ticket:INC-4"), [0_u64; 0]);
    assert_eq!(found("#3"), [3]);
    assert_eq!(found("SHOP-PRD"), [1, 2]);
    assert_eq!(found("ratio: 15432"), [0_u64; 0]);
}

#[test]
fn a_journal_that_is_not_there_yet_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = reader(folder.path());
    let standing = reader.standing();
    assert!(standing.is_missing && standing.fault.is_none());
    assert_eq!(reader.page(0, 10, false).unwrap(), Page::default());
    deny(&open(folder.path()), &request("x")).unwrap();
    settle(&mut reader);
    assert!(!reader.standing().is_missing);
    assert_eq!(reader.page(0, 10, false).unwrap().matched, 1);
}

#[test]
fn where_it_breaks_is_told_and_the_rest_is_shown() {
    let folder = written(6);
    let mut all = lines(folder.path());
    all[2] = all[2].replace("INC-42", "INC-43");
    all[4] = "what?".to_owned();
    fs::write(folder.path().join(FILE), all.join("\n") + "\n").unwrap();
    let mut reader = reader(folder.path());
    assert_eq!(reader.standing().broken, Some(Broken { line: 3, why: Why::Changed }));
    let page = reader.page(0, 20, true).unwrap();
    let wrong: Vec<_> =
        page.rows.iter().filter_map(|row| Some((row.line, row.record.as_ref().err()?.clone()))).collect();
    assert_eq!(wrong, [(3, Why::Changed), (5, Why::NoRecord)]);
}

#[test]
fn a_line_that_is_torn_is_told_until_it_is_recovered() {
    let folder = written(2);
    let path = folder.path().join(FILE);
    let torn = "{\"act\":".repeat(200);
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn.as_bytes()).unwrap();
    let mut reader = reader(folder.path());
    assert_eq!((reader.standing().lines, reader.standing().torn), (2, torn.len() as u64));
    deny(&open(folder.path()), &request("x")).unwrap();
    settle(&mut reader);
    let standing = reader.standing();
    assert_eq!((standing.lines, standing.verified, standing.torn, standing.broken), (4, 4, 0, None));
}

#[test]
fn a_journal_that_is_cut_or_put_in_anothers_place_under_a_reader_is_missed() {
    let folder = written(6);
    let path = folder.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    let mut watching = reader(folder.path());
    // Cut in its place.
    let short: String = lines(folder.path())[..3].join("\n") + "\n";
    fs::write(&path, &short).unwrap();
    settle(&mut watching);
    assert_eq!((watching.standing().lines, watching.standing().replaced), (3, Some(4)));
    // Another one, longer than it was, and whole in itself.
    let other = written(12);
    let mut watching = {
        fs::write(&path, &whole).unwrap();
        reader(folder.path())
    };
    fs::rename(other.path().join(FILE), &path).unwrap();
    settle(&mut watching);
    let standing = watching.standing();
    // Both were written by the same hand at the same time: where they differ is where they were told apart.
    assert_eq!((standing.lines, standing.broken), (16, None));
    // Taken away.
    fs::remove_file(&path).unwrap();
    settle(&mut watching);
    assert!(watching.standing().is_missing);
    assert_eq!(watching.page(0, 10, false).unwrap(), Page::default());
    fs::write(&path, &whole).unwrap();
    settle(&mut watching);
    assert_eq!(watching.standing().lines, 8);
    assert_eq!(watching.standing().replaced, Some(9));
}

#[test]
fn a_long_line_is_a_line() {
    let folder = written(2);
    let path = folder.path().join(FILE);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(&"x".repeat(3_000_000));
    text.push('\n');
    fs::write(&path, text).unwrap();
    let mut reader = reader(folder.path());
    assert_eq!(reader.standing().lines, 3);
    assert_eq!(reader.standing().broken, Some(Broken { line: 3, why: Why::TooLong }));
    assert_eq!(reader.page(0, 1, false).unwrap().rows[0].record, Err(Why::TooLong));
}

#[test]
fn of_a_long_journal_the_newest_is_seen_before_it_was_gone_through() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for _ in 0..3 {
        deny(&journal, &request("x")).unwrap();
    }
    let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
    // What lies before the end is not looked at yet: it may be anything.
    let before = format!("{}\n", "x".repeat(100)).repeat(40_000);
    fs::write(folder.path().join(FILE), before + &text).unwrap();
    let mut reader = Reader::new(&folder.path().join(FILE));
    assert!(reader.work());
    let standing = reader.standing();
    assert!(standing.is_counting && standing.lines < 40_003 && standing.torn == 0, "{standing:?}");
    let page = reader.page(0, 2, false).unwrap();
    assert_eq!((page.matched, page.is_searching, numbers(&page)), (3, true, vec![3, 2]));
    assert!(page.rows.iter().all(|row| row.record.is_ok()));
    reader.ask(Query::of("x"));
    assert!(reader.page(0, 2, false).unwrap().is_searching);
    reader.ask(Query::default());
    settle(&mut reader);
    let standing = reader.standing();
    assert_eq!((standing.is_counting, standing.lines), (false, 40_003));
    assert_eq!(standing.broken.map(|broken| broken.line), Some(1));
    assert_eq!(numbers(&reader.page(0, 2, false).unwrap()), [40_003, 40_002]);
}

#[test]
fn heads_that_come_later_are_compared_without_verifying_all_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    for _ in 0..3 {
        deny(&journal, &request("x")).unwrap();
    }
    let hashes: Vec<String> =
        super::journal::values(folder.path()).iter().map(|value| value["hash"].as_str().unwrap().to_owned()).collect();
    let head = |seq: usize, hash: &str| {
        let time = super::journal::at();
        Head::new(seq as u64, hash.to_owned(), hashes[0].clone(), time, "console-1".to_owned())
    };
    let mut reader = reader(folder.path());
    assert_eq!(reader.standing().anchor, None);
    reader.keep_heads(vec![head(3, &hashes[2])]);
    let standing = reader.standing();
    assert_eq!((standing.verified, standing.anchor.map(|(seq, _)| seq)), (3, Some(3)));
    // One of an older record moves nothing back, and one that is not known yet waits for its record.
    reader.keep_heads(vec![head(3, &hashes[2]), head(2, &hashes[1]), head(4, &"ab".repeat(32))]);
    let standing = reader.standing();
    assert_eq!((standing.verified, standing.anchor.map(|(seq, _)| seq)), (3, Some(3)));
    assert!(matches!(&standing.contradictions[..], [Contradiction::Cut(head)] if head.seq == 4));
    reader.keep_heads(vec![head(2, &"cd".repeat(32))]);
    let standing = reader.standing();
    assert!(matches!(&standing.contradictions[0], Contradiction::Rewritten(head) if head.seq == 2));
}

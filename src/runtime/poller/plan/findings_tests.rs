use std::sync::Arc;

use super::{
    super::{
        book::FindingsBook,
        samples::{at, finding},
    },
    tests::{connected, job},
    *,
};
use crate::{
    aws::{FindingPass, FindingsPage, FindingsQuery},
    domain::finding::{Finding, FindingKey, FindingsSnapshot, FindingsWanted, Workflow},
};

/// Asks for what is due, and answers it as a server would that holds these findings, a hundred a page.
fn turn(book: &mut Book, interest: &Interest, second: i64, held: &[Finding]) -> Option<FindingsQuery> {
    let Some(Job::Findings(ask)) = job(book, interest, second, Lane::Findings) else { return None };
    let is_asked = |finding: &&Finding| match ask.query {
        FindingsQuery::Pass(pass) => FindingPass::of(finding) == Some(pass),
        FindingsQuery::Since { at, everything } => {
            finding.updated_at >= Some(at) && (everything || FindingPass::of(finding) != Some(FindingPass::Lesser))
        }
    };
    let mut matching: Vec<Finding> = held.iter().filter(is_asked).cloned().collect();
    matching.sort_by_key(|finding| std::cmp::Reverse(finding.updated_at));
    let from: usize = ask.token.as_deref().map_or(0, |token| token.parse().unwrap());
    let next = (matching.len() > from + 100).then(|| (from + 100).to_string());
    let findings = matching.into_iter().skip(from).take(100).map(Arc::new).collect();
    book.findings.begin(&ask, at(second));
    book.findings.take(&ask, Some(FindingsPage { findings, next, aggregated_in: None }));
    Some(ask.query)
}

/// Asks as long as anything is due, and returns what for.
fn settle(book: &mut Book, interest: &Interest, second: i64, held: &[Finding]) -> Vec<FindingsQuery> {
    let mut asked = Vec::new();
    while let Some(query) = turn(book, interest, second, held) {
        asked.push(query);
        assert!(asked.len() < 1_000);
    }
    asked
}

fn snapshot(book: &mut Book, second: i64) -> Arc<FindingsSnapshot> {
    book.findings.snapshot(false, at(second)).unwrap()
}

fn wanting(rows: usize) -> Interest {
    Interest { findings: FindingsWanted { everything: true, rows }, ..Interest::default() }
}

/// 250 to do, 350 of a lesser severity, 50 that somebody is done with.
fn backlog() -> Vec<Finding> {
    let mut all: Vec<Finding> = (0..250).map(|number| finding(number, "HIGH", "NEW")).collect();
    all.extend((250..600).map(|number| finding(number, "LOW", "NEW")));
    all.extend((600..650).map(|number| finding(number, "CRITICAL", "RESOLVED")));
    all
}

#[test]
fn what_is_to_do_is_read_to_its_end_and_no_more() {
    let (mut book, held) = (connected(), backlog());
    assert_eq!(settle(&mut book, &Interest::default(), 0, &held).len(), 3);
    let read = snapshot(&mut book, 0);
    assert_eq!((read.findings.len(), read.to_do_complete, read.complete), (250, true, false));
    assert!(read.findings.windows(2).all(|pair| pair[0].updated_at >= pair[1].updated_at));
}

#[test]
fn the_rest_is_read_as_far_as_it_is_wanted() {
    let (mut book, held) = (connected(), backlog());
    settle(&mut book, &wanting(120), 0, &held);
    let read = snapshot(&mut book, 0);
    assert_eq!((read.findings.len(), read.complete), (450, false));
    settle(&mut book, &wanting(1_000), 1, &held);
    let read = snapshot(&mut book, 1);
    assert_eq!((read.findings.len(), read.complete, read.capped), (650, true, false));
    // The worst first, whatever became of it.
    assert_eq!(read.findings[0].severity.as_str(), "CRITICAL");
    assert!(settle(&mut book, &wanting(1_000), 2, &held).is_empty());
}

#[test]
fn a_delta_tells_what_came_changed_and_went() {
    let (mut book, mut held) = (connected(), backlog());
    settle(&mut book, &Interest::default(), 0, &held);
    held[0] = Finding { workflow: Workflow::Resolved, updated_at: Some(at(100)), ..held[0].clone() };
    held[1] = Finding { active: false, updated_at: Some(at(100)), ..held[1].clone() };
    held[2] = Finding { title: "changed".to_owned(), updated_at: Some(at(100)), ..held[2].clone() };
    held.push(Finding { updated_at: Some(at(100)), ..finding(900, "EMERGENCY", "ASLEEP") });
    assert!(settle(&mut book, &Interest::default(), 250, &held).is_empty());
    let asked = settle(&mut book, &Interest::default(), 331, &held);
    assert!(matches!(asked[..], [FindingsQuery::Since { everything: false, .. }]), "{asked:?}");
    let read = snapshot(&mut book, 331);
    assert_eq!(read.findings.len(), 249);
    let find = |number: usize| read.findings.iter().find(|one| one.key == held[number].key);
    assert!(find(0).is_none() && find(1).is_none());
    assert_eq!(find(2).unwrap().title, "changed");
    assert_eq!(read.findings[0].severity.as_str(), "EMERGENCY");
}

#[test]
fn a_full_round_finds_what_people_changed_and_loses_nothing_meanwhile() {
    let (mut book, mut held) = (connected(), backlog());
    settle(&mut book, &Interest::default(), 0, &held);
    // By hand: that is no update.
    held[5].workflow = Workflow::Suppressed;
    let mut second = 331;
    while second < 3_900 {
        let before = snapshot(&mut book, second).findings.len();
        let asked = turn(&mut book, &Interest::default(), second, &held);
        assert!(before >= 249, "{before} at {second}");
        second += if asked.is_some() { 1 } else { 60 };
    }
    let read = snapshot(&mut book, second);
    assert_eq!(read.findings.len(), 249);
    assert!(read.findings.iter().all(|one| one.key != held[5].key));
}

#[test]
fn a_token_that_expired_begins_the_pass_anew_but_not_for_ever() {
    let (mut book, held) = (connected(), backlog());
    turn(&mut book, &Interest::default(), 0, &held);
    let query = FindingsQuery::Pass(FindingPass::ToDo);
    assert!(book.findings.restart(&query));
    assert_eq!(snapshot(&mut book, 0).findings.len(), 100);
    assert_eq!(settle(&mut book, &Interest::default(), 1, &held).len(), 3);
    assert_eq!(snapshot(&mut book, 1).findings.len(), 250);
    let restarts = (0..10).take_while(|_| book.findings.restart(&query)).count();
    assert!(restarts < 4, "{restarts}");
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let held: Vec<Finding> = (0..10_500).map(|number| finding(number, "HIGH", "NEW")).collect();
    let mut book = connected();
    settle(&mut book, &Interest::default(), 0, &held);
    let read = snapshot(&mut book, 0);
    assert_eq!((read.findings.len(), read.to_do_complete, read.capped), (10_000, true, true));
    assert!(!read.complete);
}

#[test]
fn snapshots_wait_for_each_other_while_pages_keep_coming() {
    let (mut book, held) = (connected(), backlog());
    turn(&mut book, &Interest::default(), 0, &held);
    assert!(book.findings.snapshot(true, at(0)).is_some());
    turn(&mut book, &Interest::default(), 0, &held);
    assert!(book.findings.snapshot(true, at(0)).is_none());
    let shown = book.findings.snapshot(true, at(1)).unwrap();
    assert!(Arc::ptr_eq(&shown, &book.findings.snapshot(false, at(1)).unwrap()));
}

#[test]
fn findings_that_another_source_reads_are_not_here() {
    let mut book = connected();
    let ask = FindingsBook::first_ask();
    book.findings.begin(&ask, at(0));
    book.findings.take(&ask, None);
    let read = snapshot(&mut book, 0);
    assert!(read.read_elsewhere && read.to_do_complete && read.complete && read.findings.is_empty());
}

#[test]
fn the_history_of_an_open_finding_is_read_once_and_seldom_again() {
    let mut book = connected();
    let key = FindingKey { id: "1".to_owned(), product_arn: String::new() };
    let interest = Interest { open_finding: Some(key.clone()), ..Interest::default() };
    assert_eq!(job(&book, &interest, 0, Lane::FindingHistory), Some(Job::FindingHistory(key.clone())));
    book.take_changes(key, Vec::new(), at(0));
    assert_eq!(job(&book, &interest, 299, Lane::FindingHistory), None);
    assert!(job(&book, &interest, 300, Lane::FindingHistory).is_some());
}

use rstest::rstest;

use super::{
    super::samples::{at, key},
    tests::{connected, job},
    *,
};
use crate::domain::metric::ecs_utilization;

fn queries(count: usize, period: u32) -> Vec<Query> {
    (0..count).map(|number| ecs_utilization(&key("shop", number), "CPUUtilization", "Average", period)).collect()
}

fn metrics_due(book: &Book, interest: &Interest, second: i64) -> usize {
    match job(book, interest, second, Lane::Metrics) {
        Some(Job::Metrics(queries, _)) => queries.len(),
        _ => 0,
    }
}

#[test]
fn metrics_are_read_just_after_each_minute_while_somebody_looks() {
    let mut book = connected();
    let mut interest = Interest { queries: queries(80, 60), focused: true, ..Interest::default() };
    assert_eq!(metrics_due(&book, &interest, 0), 80);
    // 1,000,000 s is 40 s past a minute; the book's seed adds nothing to the five seconds.
    book.metrics = interest.queries.iter().map(|query| (query.clone(), at(0))).collect();
    assert_eq!(metrics_due(&book, &interest, 24), 0);
    assert_eq!(agenda(&book, &interest, at(1)).wake, Some(at(25)));
    assert_eq!(metrics_due(&book, &interest, 25), 80);
    interest.focused = false;
    assert_eq!(metrics_due(&book, &interest, 25), 0);
    (interest.focused, interest.idle) = (true, true);
    assert_eq!(metrics_due(&book, &interest, 264), 0);
    assert_eq!(metrics_due(&book, &interest, 265), 80);
}

#[rstest]
#[case(60, 25)]
#[case(300, 265)]
#[case(3_600, 265)]
fn longer_periods_are_asked_for_less_often(#[case] period: u32, #[case] next: i64) {
    let mut book = connected();
    let interest = Interest { queries: queries(1, period), focused: true, ..Interest::default() };
    book.metrics = interest.queries.iter().map(|query| (query.clone(), at(0))).collect();
    assert_eq!(metrics_due(&book, &interest, next - 1), 0);
    assert_eq!(metrics_due(&book, &interest, next), 1);
}

#[test]
fn only_new_metrics_are_asked_for_when_rows_come_into_sight_and_not_in_a_flurry() {
    let mut book = connected();
    let mut interest = Interest { queries: queries(10, 60), focused: true, ..Interest::default() };
    book.metrics = interest.queries.iter().map(|query| (query.clone(), at(0))).collect();
    book.lane_mut(Lane::Metrics).asked_at = Some(at(0));
    interest.queries = queries(12, 60);
    assert_eq!(metrics_due(&book, &interest, 1), 0);
    assert_eq!(metrics_due(&book, &interest, 2), 2);
    interest.range = Range::Week;
    assert_eq!(metrics_due(&book, &interest, 2), 12);
}

#[test]
fn no_more_than_500_metrics_are_asked_for_and_each_once() {
    let mut twice = queries(600, 60);
    twice.extend(queries(600, 60));
    let interest = Interest { queries: twice, focused: true, ..Interest::default() };
    assert_eq!(metrics_due(&connected(), &interest, 0), 500);
}

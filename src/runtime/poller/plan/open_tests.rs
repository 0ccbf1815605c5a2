use super::{
    super::{
        book::TailBook,
        samples::{at, key, log_tail},
    },
    tests::{connected, job},
    *,
};
use crate::{aws::LogRead, domain::log::Follow};

#[test]
fn targets_are_read_more_often_while_tasks_are_replaced() {
    let mut book = connected();
    let arns = vec!["arn:1".to_owned()];
    let open = |rolling| Interest {
        open_service: Some((key("shop", 1), rolling)),
        target_groups: arns.clone(),
        ..Interest::default()
    };
    let first = Job::Targets(key("shop", 1), arns.clone(), None);
    assert_eq!(job(&book, &open(false), 0, Lane::Targets), Some(first));
    book.take_targets(key("shop", 1), arns.clone(), Some((at(0), Vec::new())), Vec::new(), at(0));
    assert_eq!(job(&book, &open(false), 29, Lane::Targets), None);
    assert_eq!(job(&book, &open(true), 9, Lane::Targets), None);
    let again = Job::Targets(key("shop", 1), arns.clone(), Some(Vec::new()));
    assert_eq!(job(&book, &open(true), 10, Lane::Targets), Some(again));
    // What the groups are is asked again after a while, and other groups at once.
    assert!(matches!(job(&book, &open(false), 600, Lane::Targets), Some(Job::Targets(_, _, None))));
    let other = Interest { target_groups: vec!["arn:2".to_owned()], ..open(false) };
    assert!(job(&book, &other, 1, Lane::Targets).is_some());
    let closed = Interest { open_service: None, ..open(false) };
    assert_eq!(job(&book, &closed, 1, Lane::Targets), None);
}

#[test]
fn where_a_service_logs_to_is_asked_once() {
    let mut book = connected();
    let interest = Interest { log_places: Some("web:42".to_owned()), ..Interest::default() };
    assert_eq!(job(&book, &interest, 0, Lane::LogPlaces), Some(Job::LogPlaces("web:42".to_owned())));
    book.log_places = interest.log_places.clone();
    assert_eq!(job(&book, &interest, 9_000, Lane::LogPlaces), None);
}

#[test]
fn a_log_is_asked_for_then_sent_and_asked_for_again_when_that_ends() {
    let mut book = connected();
    let tail = log_tail(1_000_000_000);
    let interest = Interest { log_tail: Some(tail.clone()), ..Interest::default() };
    let due = |book: &Book, second| job(book, &interest, second, Lane::Log);
    assert_eq!(due(&book, 0), Some(Job::Log(tail.clone(), tail.from)));
    let mut read = TailBook::new(tail.clone());
    read.take_polled(LogRead::default(), at(0));
    book.tail = Some(read);
    assert_eq!(due(&book, 0), Some(Job::LiveTail(tail.clone())));
    // Once it is being sent it is asked for once more, so that nothing is missing in between.
    let followed = book.tail.as_mut().unwrap();
    followed.follow = Follow::Live;
    assert!(matches!(due(&book, 1), Some(Job::Log(..))));
    book.tail.as_mut().unwrap().take_polled(LogRead::default(), at(1));
    assert_eq!(due(&book, 9_000), None);
    // It ends.
    let followed = book.tail.as_mut().unwrap();
    (followed.follow, followed.live_from) = (Follow::Polling, at(100));
    assert_eq!(due(&book, 2), None);
    assert!(matches!(due(&book, 3), Some(Job::Log(..))));
    assert_eq!(due(&book, 100), Some(Job::LiveTail(tail)));
    book.tail.as_mut().unwrap().denied_at = Some(at(100));
    assert_eq!(due(&book, 129), None);
    assert!(matches!(due(&book, 130), Some(Job::Log(..))));
}

//! What to read around the open service: its targets and its log.

use jiff::{SignedDuration, Timestamp};

use crate::{domain::log::Follow, state::event::Interest};

use super::{super::book::Book, Job, Next, VISIBLE, after, due, seconds};

/// How often targets are read while tasks are replaced.
const TARGETS_ROLLING: SignedDuration = seconds(10);
/// How often target groups are described, which seldom change.
const DESCRIBED: SignedDuration = seconds(600);
/// How often a log is asked for that does not come by itself.
const POLL: SignedDuration = seconds(2);

/// Says when to read the targets of the open service.
pub(super) fn targets(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some((key, rolling)) = interest.open_service.as_ref().filter(|_| !interest.target_groups.is_empty()) else {
        return Next::Never;
    };
    let arns = &interest.target_groups;
    let read = book.targets.as_ref().filter(|read| read.key == *key && read.arns == *arns);
    let often = if *rolling { TARGETS_ROLLING } else { VISIBLE };
    let at = read.map_or(now, |read| after(read.at, often));
    due(at, now, || {
        let described = read.and_then(|read| read.described.as_ref()).filter(|(at, _)| after(*at, DESCRIBED) > now);
        Job::Targets(key.clone(), arns.clone(), described.map(|(_, groups)| groups.clone()))
    })
}

/// Says whether to find out where a service logs to.
pub(super) fn log_places(book: &Book, interest: &Interest) -> Next {
    match &interest.log_places {
        Some(definition) if book.log_places.as_ref() != Some(definition) => {
            Next::Do(Job::LogPlaces(definition.clone()))
        }
        _ => Next::Never,
    }
}

/// Says how to go on with the log that is tailed: ask for it first, then try to have it sent, or keep asking.
pub(super) fn log(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some(tail) = &interest.log_tail else { return Next::Never };
    let Some(read) = book.tail.as_ref().filter(|read| read.tail == *tail) else {
        return Next::Do(Job::Log(tail.clone(), tail.from));
    };
    let ask = || Job::Log(tail.clone(), read.from());
    if let Some(denied) = read.denied_at {
        return due(after(denied, VISIBLE), now, ask);
    }
    match (read.read_at, read.follow) {
        (Some(_), Follow::Live) if read.bridged => Next::Never,
        (None, _) | (Some(_), Follow::Live) => Next::Do(ask()),
        (Some(_), Follow::Polling) if read.live_from <= now => Next::Do(Job::LiveTail(tail.clone())),
        (Some(at), Follow::Polling) => due(after(at, POLL), now, ask).sooner(read.live_from),
    }
}

//! Which services to describe next.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::{aws::SERVICES_A_CALL, domain::ecs::ServiceKey, state::event::Interest};

use super::{
    super::{book::Book, lane::Lane},
    ALL, ALONG, CALLS_A_JOB, Job, Next, PACE, ROLLING, VISIBLE, after, hash, seconds, spread,
};

/// How much sooner a service that nobody looks at is read along with others of its cluster.
const SOON: SignedDuration = seconds(60);

/// Ranks services by how soon a person would miss them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Open,
    Visible,
    Unread,
    Other,
}

/// Says which services are due.
pub(super) fn next(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let visible: HashSet<&ServiceKey> = interest.visible_services.iter().collect();
    let open = interest.open_service.as_ref();
    let mut due: Vec<(Rank, Timestamp, &ServiceKey)> = Vec::new();
    let mut along: Vec<(Rank, Timestamp, &ServiceKey)> = Vec::new();
    let mut soon: Vec<(Timestamp, &ServiceKey)> = Vec::new();
    let mut wake = Timestamp::MAX;
    let paced = book.lane(Lane::Services).asked_at.map_or(Timestamp::MIN, |at| after(at, PACE));
    for (key, row) in &book.services {
        let is_open = open.is_some_and(|(open, _)| open == key);
        let rank = match row.read_at {
            _ if is_open => Rank::Open,
            _ if visible.contains(key) => Rank::Visible,
            None => Rank::Unread,
            Some(_) => Rank::Other,
        };
        let rolling =
            open.is_some_and(|(_, rolling)| *rolling) || row.service.as_ref().is_some_and(|row| row.is_rolling());
        let mut at = match (row.read_at, rank) {
            (None, _) => Timestamp::MIN,
            (Some(read), Rank::Open) => after(read, if rolling { ROLLING } else { VISIBLE }),
            (Some(read), Rank::Visible) => after(read, VISIBLE),
            (Some(read), _) => unlooked(book, key, read),
        };
        if rank > Rank::Open && row.read_at.is_some() {
            at = at.max(paced);
        }
        let read = row.read_at.unwrap_or(Timestamp::MIN);
        if at <= now {
            due.push((rank, read, key));
        } else {
            wake = wake.min(at);
            if rank == Rank::Visible && at <= after(now, ALONG) {
                along.push((rank, read, key));
            } else if rank == Rank::Other && at <= after(now, SOON) {
                soon.push((at, key));
            }
        }
    }
    if due.is_empty() {
        return if wake == Timestamp::MAX { Next::Never } else { Next::At(wake) };
    }
    if due.iter().any(|(rank, ..)| *rank == Rank::Visible) {
        due.append(&mut along);
    }
    due.sort_unstable();
    let mut keys = within_calls(due.into_iter().map(|(.., key)| key));
    soon.sort_unstable();
    fill_up(&mut keys, soon.into_iter().map(|(_, key)| key));
    Next::Do(Job::Services(keys))
}

/// Returns when a service is due that nobody looks at: after five minutes, or sooner where its cluster's counts moved.
fn unlooked(book: &Book, key: &ServiceKey, read: Timestamp) -> Timestamp {
    let regular = after(read, spread(ALL, hash(key)));
    let moved = book.clusters.get(&key.cluster).and_then(|cluster| cluster.moved_at);
    match moved {
        // The more services may have moved it, the longer reading them all may take.
        Some(moved) if read < moved => {
            let known = i64::try_from(book.services.len()).unwrap_or(i64::MAX);
            regular.min(after(read, seconds((known.saturating_mul(6) / 10).clamp(60, 300))))
        }
        _ => regular,
    }
}

/// Fills the calls that go out anyway with services of their clusters that would be due soon, each in a call of its own.
fn fill_up<'a>(keys: &mut Vec<ServiceKey>, soon: impl Iterator<Item = &'a ServiceKey>) {
    let mut room: BTreeMap<String, usize> = BTreeMap::new();
    for key in keys.iter() {
        let left = room.entry(key.cluster.clone()).or_default();
        *left = left.checked_sub(1).unwrap_or(SERVICES_A_CALL - 1);
    }
    for key in soon {
        if let Some(left) = room.get_mut(&key.cluster).filter(|left| **left > 0) {
            *left -= 1;
            keys.push(key.clone());
        }
    }
}

/// Takes as many services as fit in the calls of one job.
fn within_calls<'a>(keys: impl Iterator<Item = &'a ServiceKey>) -> Vec<ServiceKey> {
    let mut in_cluster: BTreeMap<&str, usize> = BTreeMap::new();
    let mut calls = 0;
    let mut taken = Vec::new();
    for key in keys {
        let count = in_cluster.entry(&key.cluster).or_default();
        calls += usize::from(count.is_multiple_of(SERVICES_A_CALL));
        *count += 1;
        if calls > CALLS_A_JOB {
            break;
        }
        taken.push(key.clone());
    }
    taken
}

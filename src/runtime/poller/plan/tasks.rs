//! Which tasks to read next.

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{TASKS_A_CALL, TaskScope},
    state::event::Interest,
};

use super::{
    super::{
        book::{Book, ClusterBook, Row},
        lane::Lane,
    },
    ALL, CALLS_A_JOB, Job, Next, PATIENCE, SELDOM, VISIBLE, after, hash, spread,
};

/// Says whose tasks are due.
pub(super) fn next(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some(roster_at) = book.roster_at else { return Next::Never };
    let unread = |row: &Row| row.read_at.is_none();
    let waits = book.services.values().any(unread) && book.lane(Lane::Services).failure.is_none();
    if waits && after(roster_at, PATIENCE) > now {
        return Next::At(after(roster_at, PATIENCE));
    }
    let mut wake = Timestamp::MAX;
    let mut scopes = Vec::new();
    let mut calls = 0;
    if let Some((key, _)) = &interest.open_service
        && book.services.contains_key(key)
    {
        let read = book.open_tasks.as_ref().filter(|(open, _)| open == key);
        let at = read.map_or(Timestamp::MIN, |(_, at)| after(*at, VISIBLE));
        if at <= now {
            scopes.push(TaskScope::Service(key.clone()));
            calls += SERVICE_CALLS;
        } else {
            wake = wake.min(at);
        }
    }
    let pace = pace_of_tasks(book);
    for (name, cluster) in &book.clusters {
        let at = tasks_due(book, cluster, name, pace, is_looked_at(interest, name));
        if at > now {
            wake = wake.min(at);
            continue;
        }
        if calls >= CALLS_A_JOB {
            break;
        }
        calls += add_scopes(&mut scopes, name, cluster);
    }
    if !scopes.is_empty() {
        return Next::Do(Job::Tasks(scopes));
    }
    if wake == Timestamp::MAX { Next::Never } else { Next::At(wake) }
}

/// Counts the calls that it takes to read the tasks of one service: running and stopped, listed and described.
const SERVICE_CALLS: usize = 4;

/// Returns how long a cluster that keeps changing is left alone between two readings of its tasks.
fn pace_of_tasks(book: &Book) -> SignedDuration {
    let tasks: u32 = book.clusters.values().fold(0, |sum, cluster| sum.saturating_add(cluster.counted_tasks()));
    SignedDuration::from_millis((i64::from(tasks) * 60).clamp(5_000, 300_000))
}

/// Tells whether a service of a cluster is on the screen.
fn is_looked_at(interest: &Interest, cluster: &str) -> bool {
    let open = interest.open_service.iter().map(|(key, _)| key);
    interest.visible_services.iter().chain(open).any(|key| key.cluster == cluster)
}

/// Returns when the tasks of a cluster are due.
fn tasks_due(book: &Book, cluster: &ClusterBook, name: &str, pace: SignedDuration, looked_at: bool) -> Timestamp {
    let is_empty = cluster.counted && cluster.counted_tasks() == 0;
    let Some(read) = cluster.tasks_at else {
        return if is_empty { Timestamp::MAX } else { Timestamp::MIN };
    };
    let moved = cluster.moved_at.is_some_and(|moved| moved > read);
    let asked = book.lane(Lane::Tasks).asked_at.unwrap_or(read);
    if moved || !cluster.stirred.is_empty() {
        return after(asked.max(read), pace);
    }
    let often = if looked_at { ALL } else { SELDOM };
    if is_empty { Timestamp::MAX } else { after(read, spread(often, hash(name))) }
}

/// Adds what to read of a cluster that is due, by whichever way takes fewer calls, and returns how many it takes.
fn add_scopes(scopes: &mut Vec<TaskScope>, name: &str, cluster: &ClusterBook) -> usize {
    let whole = 2 * (cluster.counted_tasks() as usize).div_ceil(TASKS_A_CALL).max(1);
    let stirred_only = cluster.tasks_at.is_some_and(|read| cluster.moved_at.is_none_or(|moved| moved <= read));
    let apart = cluster.stirred.len() * SERVICE_CALLS;
    if stirred_only && apart > 0 && apart < whole {
        for key in &cluster.stirred {
            let scope = TaskScope::Service(key.clone());
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        return apart;
    }
    scopes.push(TaskScope::Cluster(name.to_owned()));
    whole
}

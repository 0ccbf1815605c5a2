//! What to read of web ACLs, and when.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::Connection,
    domain::waf::{BASELINE_PERIOD, WebAcl, period},
    state::event::Interest,
};

use super::{
    super::{
        book::{Book, ScopeBook},
        lane::Lane,
    },
    ALL, Job, Next, after, due, metric_due, seconds, spread,
};

/// How often it is asked where the requests of known web ACLs are logged, and a scope is listed that has no web ACL.
const RARELY: SignedDuration = seconds(1_800);
/// How much sooner a scope is listed along with the other one.
const ALONG: SignedDuration = seconds(60);
/// Of how many web ACLs the rules are read at a time, so that rows do not wait for the last of them.
const DETAILS: usize = 10;
/// How many baselines are read at a time, where there are more.
const BASELINES: usize = 10;
/// How often the open web ACL's samples are read, and whom its limits block.
const OPEN: SignedDuration = seconds(60);
/// How often that is read while nobody has touched the console for a while.
const IDLE: SignedDuration = seconds(300);
/// How often it is read what the open web ACL protects.
const RESOURCES: SignedDuration = seconds(600);

/// Says which scopes to list, and of which to ask where requests are logged.
pub(super) fn list(book: &Book, now: Timestamp) -> Next {
    let due_at = |scope: &ScopeBook| {
        let often = if book.waf.has_any(scope.scope) { ALL } else { RARELY };
        scope.listed_at.map_or(Timestamp::MIN, |at| after(at, spread(often, book.seed)))
    };
    if let Some(scope) = book.waf.scopes.iter().find(|scope| !scope.unread.is_empty()) {
        return Next::Do(Job::WafDetails(scope.unread.iter().take(DETAILS).cloned().collect()));
    }
    let Some(first) = book.waf.scopes.iter().map(due_at).min() else { return Next::Never };
    due(first, now, || {
        let along = book.waf.scopes.iter().filter(|scope| due_at(scope) <= after(now, ALONG));
        Job::Waf(along.map(|scope| (scope.scope, scope.logging_at.is_none_or(|at| after(at, RARELY) <= now))).collect())
    })
}

/// Says which baselines to read: those that are not known at once, the others every five minutes, ten at a time.
pub(super) fn baselines(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    if !interest.focused {
        return Next::Never;
    }
    let read_at = |acl: &Arc<WebAcl>| book.waf.baselines.get(&acl.key).copied();
    let mut counted: Vec<&Arc<WebAcl>> = book.waf.all().filter(|acl| is_counted(acl)).collect();
    counted.sort_by_key(|acl| read_at(acl));
    counted.truncate(BASELINES);
    let Some(oldest) = counted.first() else { return Next::Never };
    let again = |at| after(at, spread(seconds(i64::from(BASELINE_PERIOD)), book.seed));
    let paced = book.lane(Lane::WafBaselines).asked_at.map_or(Timestamp::MIN, again);
    let (at, job): (Timestamp, Vec<_>) = match read_at(oldest) {
        None => (now, counted.into_iter().filter(|acl| read_at(acl).is_none()).cloned().collect()),
        Some(read) => (again(read).max(paced), counted.into_iter().cloned().collect()),
    };
    due(at, now, || Job::WafBaselines(job))
}

/// Says when to read what the rules of the open web ACL counted.
pub(super) fn rules(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some(acl) = open(book, interest).filter(|acl| is_counted(acl)) else { return Next::Never };
    let read = book.waf.rules.as_ref().filter(|read| read.key == acl.key && read.range == interest.range);
    let at = read.map_or(now, |read| metric_due(period(interest.range), read.at, interest.idle, book.seed));
    due(at, now, || Job::WafRules(Arc::clone(acl), interest.range))
}

/// Says when to read samples of the open web ACL: once it is known which of its rules count anything.
pub(super) fn samples(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some(acl) = open(book, interest) else { return Next::Never };
    let counted = book.waf.rules.as_ref().is_some_and(|read| read.key == acl.key && read.range == interest.range);
    if is_counted(acl) && !counted && book.lane(Lane::WafRules).failure.is_none() {
        return Next::Never;
    }
    let read = book.waf.samples.as_ref().filter(|(key, range, _)| *key == acl.key && *range == interest.range);
    let at = read.map_or(now, |(_, _, at)| after(*at, pace(interest)));
    due(at, now, || Job::WafSamples(Arc::clone(acl), book.waf.sampled_rules(acl), interest.range))
}

/// Says whether to read whom the open web ACL blocks, or the next kind of what it protects.
pub(super) fn uses(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some(acl) = open(book, interest) else { return Next::Never };
    let used = book.waf.used.as_ref().filter(|used| used.key == acl.key);
    let limited = used.and_then(|used| used.limited_at).map_or(now, |at| after(at, pace(interest)));
    if limited <= now {
        return Next::Do(Job::WafLimited(Arc::clone(acl)));
    }
    let kinds = Connection::waf_resource_kinds(acl.key.scope);
    let (kind, at) = match used.and_then(|used| Some((used.next_kind, used.resources_at?))) {
        None => (0, now),
        Some((kind, _)) if kind < kinds => (kind, now),
        Some((_, at)) => (0, after(at, RESOURCES)),
    };
    if kinds == 0 {
        return Next::At(limited);
    }
    due(at, now, || Job::WafResources(Arc::clone(acl), kind)).sooner(limited)
}

/// Returns the web ACL that is open, as long as somebody looks.
fn open<'a>(book: &'a Book, interest: &Interest) -> Option<&'a Arc<WebAcl>> {
    interest.open_web_acl.as_ref().filter(|_| interest.focused).and_then(|key| book.waf.find(key))
}

fn is_counted(acl: &WebAcl) -> bool {
    acl.detail.as_ref().is_some_and(|detail| detail.metrics_enabled)
}

fn pace(interest: &Interest) -> SignedDuration {
    if interest.idle { IDLE } else { OPEN }
}

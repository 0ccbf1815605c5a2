//! Which page of findings to read next.

use jiff::{SignedDuration, Timestamp};

use crate::{aws::FindingPass, state::event::Interest};

use super::{
    super::book::{Book, FindingsBook},
    ALL, Job, Next, after, due, seconds, spread,
};

/// How often everything is read that is to do: what people change, Security Hub does not call an update.
const FULL: SignedDuration = seconds(3_600);

/// Says which page is next: what is to do, to its end; what changed; and then what else is wanted.
pub(super) fn next(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let findings = &book.findings;
    let again = |at, often| after(at, spread(often, book.seed));
    if let Some(refused) = findings.refused_at {
        return due(again(refused, ALL), now, || Job::Findings(FindingsBook::first_ask()));
    }
    let full = findings.full_at.map_or(Timestamp::MIN, |at| again(at, FULL));
    if full <= now {
        return Next::Do(Job::Findings(FindingsBook::first_ask()));
    }
    if let Some(page) = findings.ask(FindingPass::ToDo) {
        return Next::Do(Job::Findings(page));
    }
    let delta = findings.delta_at().map_or(now, |at| again(at, ALL));
    if (delta <= now || findings.is_reading_delta())
        && let Some(page) = findings.ask_delta()
    {
        return Next::Do(Job::Findings(page));
    }
    let wanted = interest.findings;
    if wanted.everything && findings.rows_beyond() < wanted.rows.max(1) {
        let passes = [FindingPass::Lesser, FindingPass::Done];
        if let Some(page) = passes.into_iter().find_map(|pass| findings.ask(pass)) {
            return Next::Do(Job::Findings(page));
        }
    }
    Next::At(delta.min(full))
}

/// Says when to read the history of the open finding: once, and then every five minutes.
pub(super) fn history(book: &Book, interest: &Interest, now: Timestamp) -> Next {
    let Some(key) = &interest.open_finding else { return Next::Never };
    let read = book.changes.as_ref().filter(|read| read.key == *key);
    let at = read.map_or(now, |read| after(read.at, ALL));
    due(at, now, || Job::FindingHistory(key.clone()))
}

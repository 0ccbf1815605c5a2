//! What was read of findings: pass after pass, a page at a time, and what changed since.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{FindingPass, FindingsPage, FindingsQuery, MOST_FINDINGS, MOST_TO_DO, order},
    domain::finding::{Finding, FindingKey, FindingsSnapshot},
};

/// How much further back than the last reading a delta reaches: Security Hub stamps a finding before it can be found.
const OVERLAP: SignedDuration = SignedDuration::from_secs(120);
/// How often a pass is begun anew because its token was refused, before that counts as a failure.
const MOST_RESTARTS: u8 = 3;
/// The most pages that one pass reads, however small they are.
const MOST_PAGES: usize = 1_000;
/// How soon after each other snapshots go out while pages keep coming.
const BETWEEN_SNAPSHOTS: SignedDuration = SignedDuration::from_millis(250);

/// Holds the findings of a source, and how far each pass has come.
#[derive(Debug, Default)]
pub(in super::super) struct FindingsBook {
    held: HashMap<FindingKey, Held>,
    ranked: BTreeSet<Ranked>,
    /// How far the passes have come, in the order of [`FindingPass::ALL`].
    passes: [PassBook; 3],
    /// Which passes were ever read to their end.
    whole: [bool; 3],
    delta: DeltaBook,
    /// Counts the full rounds.
    round: u32,
    /// When the latest full round began.
    pub(in super::super) full_at: Option<Timestamp>,
    /// Since when asking is of no use before somebody changes something.
    pub(in super::super) refused_at: Option<Timestamp>,
    aggregated_in: Option<String>,
    elsewhere: bool,
    /// Whether this round has not met findings that it should have: a delta has to tell whether they are gone.
    misses: bool,
    changed: bool,
    published: Option<(Timestamp, Arc<FindingsSnapshot>)>,
}

#[derive(Debug)]
struct Held {
    finding: Arc<Finding>,
    round: u32,
}

/// Orders findings as they are shown.
#[derive(Debug)]
struct Ranked(Arc<Finding>);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        order(&self.0, &other.0)
    }
}

/// Tells how far a pass has come in this round.
#[derive(Debug, Default)]
struct PassBook {
    token: Option<String>,
    read: usize,
    pages: usize,
    /// Whether it has come to its end, or to a cap.
    ended: bool,
    capped: bool,
    restarts: u8,
    /// The update that its last page ended with: what is newer and was not met is there no more.
    oldest: Option<Timestamp>,
}

/// Tells how far the reading of what changed has come.
#[derive(Debug, Default)]
struct DeltaBook {
    /// From when on the next one has to read.
    since: Option<Timestamp>,
    /// When the latest one began, and whether it has ended.
    began: Option<Timestamp>,
    ended: bool,
    token: Option<String>,
    everything: bool,
    pages: usize,
    restarts: u8,
}

/// Asks for one page of findings.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct FindingsAsk {
    /// What is asked for.
    pub(in super::super) query: FindingsQuery,
    /// The page; none for the first one.
    pub(in super::super) token: Option<String>,
    /// Whether a full round begins with it.
    pub(in super::super) begins_round: bool,
}

impl FindingsBook {
    /// Makes everything due again; what is there stays.
    pub(in super::super) fn refresh(&mut self) {
        self.full_at = None;
        self.refused_at = None;
    }

    /// Asks for the first page of a full round.
    pub(in super::super) fn first_ask() -> FindingsAsk {
        FindingsAsk { query: FindingsQuery::Pass(FindingPass::ToDo), token: None, begins_round: true }
    }

    /// Asks for the next page of a pass; nothing where it has ended.
    pub(in super::super) fn ask(&self, pass: FindingPass) -> Option<FindingsAsk> {
        let book = &self.passes[pass as usize];
        let query = FindingsQuery::Pass(pass);
        (!book.ended).then(|| FindingsAsk { query, token: book.token.clone(), begins_round: false })
    }

    /// Asks for a page of what changed: the next one of a reading that has begun, or the first one of another.
    pub(in super::super) fn ask_delta(&self) -> Option<FindingsAsk> {
        let begins = self.delta.ended || self.delta.began.is_none();
        let everything = self.reads_everything();
        let token = self.delta.token.clone().filter(|_| !begins && self.delta.everything == everything);
        let query = FindingsQuery::Since { at: self.delta.since?, everything };
        Some(FindingsAsk { query, token, begins_round: false })
    }

    /// Tells whether the reading of what changed has begun and not ended.
    pub(in super::super) fn is_reading_delta(&self) -> bool {
        self.delta.began.is_some() && !self.delta.ended
    }

    /// Returns when what changed was last asked for, or everything was; at no time, where that is due at once because
    /// findings were not met in this round and may be gone.
    pub(in super::super) fn delta_at(&self) -> Option<Timestamp> {
        if self.misses { None } else { self.delta.began.or(self.full_at) }
    }

    /// Counts the findings beyond those to do that were read in this round.
    pub(in super::super) fn rows_beyond(&self) -> usize {
        self.passes[1].read + self.passes[2].read
    }

    /// Tells whether another source reads the findings.
    pub(in super::super) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// Notes that a page is being asked for.
    pub(in super::super) fn begin(&mut self, ask: &FindingsAsk, now: Timestamp) {
        if ask.begins_round {
            self.round += 1;
            self.full_at = Some(now);
            self.misses = false;
            self.passes = Default::default();
            self.delta = DeltaBook { since: before(now), ..DeltaBook::default() };
        } else if let FindingsQuery::Since { everything, .. } = ask.query
            && ask.token.is_none()
        {
            self.delta.began = Some(now);
            self.delta.ended = false;
            self.delta.everything = everything;
            self.delta.pages = 0;
        }
    }

    /// Takes a page.
    pub(in super::super) fn take(&mut self, ask: &FindingsAsk, page: Option<FindingsPage>) {
        self.refused_at = None;
        let Some(page) = page else {
            self.changed |= !self.elsewhere;
            self.elsewhere = true;
            return;
        };
        self.changed |= self.elsewhere || self.aggregated_in != page.aggregated_in;
        (self.elsewhere, self.aggregated_in) = (false, page.aggregated_in);
        match ask.query {
            FindingsQuery::Pass(pass) => self.take_pass(pass, &page.findings, page.next),
            FindingsQuery::Since { .. } => self.take_delta(page.findings, page.next),
        }
    }

    /// Begins a reading anew whose token was refused; tells whether it may be.
    pub(in super::super) fn restart(&mut self, query: &FindingsQuery) -> bool {
        let restarts = match query {
            FindingsQuery::Pass(pass) => {
                let book = &mut self.passes[*pass as usize];
                *book = PassBook { restarts: book.restarts + 1, ..PassBook::default() };
                book.restarts
            }
            FindingsQuery::Since { .. } => {
                self.delta.token = None;
                self.delta.restarts += 1;
                self.delta.restarts
            }
        };
        restarts <= MOST_RESTARTS
    }

    /// Tells whether there is something that was not told yet.
    pub(in super::super) fn has_news(&self) -> bool {
        self.changed
    }

    /// Returns what is there, unless nothing changed or the last snapshot has only just gone out; `more` tells whether
    /// another page is asked for right away.
    pub(in super::super) fn snapshot(&mut self, more: bool, now: Timestamp) -> Option<Arc<FindingsSnapshot>> {
        if let Some((at, last)) = &self.published {
            if more && now.duration_since(*at) < BETWEEN_SNAPSHOTS {
                return None;
            }
            if !self.changed {
                return Some(Arc::clone(last));
            }
        }
        self.changed = false;
        let snapshot = Arc::new(self.whole_snapshot());
        self.published = Some((now, Arc::clone(&snapshot)));
        Some(snapshot)
    }

    fn whole_snapshot(&self) -> FindingsSnapshot {
        if self.elsewhere {
            return FindingsSnapshot {
                to_do_complete: true,
                complete: true,
                read_elsewhere: true,
                ..FindingsSnapshot::default()
            };
        }
        FindingsSnapshot {
            findings: self.ranked.iter().map(|ranked| Arc::clone(&ranked.0)).collect(),
            to_do_complete: self.whole[0],
            complete: self.whole.iter().all(|whole| *whole) && !self.is_capped(),
            capped: self.is_capped(),
            aggregated_in: self.aggregated_in.clone(),
            read_elsewhere: false,
        }
    }

    fn is_capped(&self) -> bool {
        self.passes.iter().any(|pass| pass.capped)
    }

    fn take_pass(&mut self, pass: FindingPass, findings: &[Arc<Finding>], next: Option<String>) {
        for finding in findings {
            self.hold(finding);
        }
        let full = self.held.len() >= MOST_FINDINGS;
        let book = &mut self.passes[pass as usize];
        book.read += findings.len();
        book.pages += 1;
        book.oldest = findings.last().and_then(|finding| finding.updated_at).or(book.oldest);
        let full = full || (pass == FindingPass::ToDo && book.read >= MOST_TO_DO);
        book.capped = next.is_some() && (full || book.pages >= MOST_PAGES || next == book.token);
        book.ended = next.is_none() || book.capped;
        book.token = next.filter(|_| !book.ended);
        if book.ended {
            self.changed |= !self.whole[pass as usize];
            self.whole[pass as usize] = true;
            self.misses |= self.held.values().any(|held| self.is_missed(held));
        }
    }

    fn take_delta(&mut self, findings: Vec<Arc<Finding>>, next: Option<String>) {
        for finding in findings {
            let wanted = match FindingPass::of(&finding) {
                Some(FindingPass::ToDo) => true,
                Some(pass) => self.has_begun(pass) && self.has_room(&finding.key),
                None => false,
            };
            if wanted {
                self.hold(&finding);
            } else {
                self.drop_finding(&finding.key);
            }
        }
        self.delta.pages += 1;
        if next.is_some() && self.delta.pages < MOST_PAGES && next != self.delta.token {
            self.delta.token = next;
            return;
        }
        let began = self.delta.began.unwrap_or(Timestamp::MIN);
        self.delta = DeltaBook { since: before(began), began: self.delta.began, ended: true, ..DeltaBook::default() };
        self.sweep();
    }

    /// Takes a finding in the place that it has now.
    fn hold(&mut self, finding: &Arc<Finding>) {
        let round = self.round;
        if let Some(held) = self.held.get_mut(&finding.key) {
            held.round = round;
            if held.finding == *finding {
                return;
            }
            self.ranked.remove(&Ranked(Arc::clone(&held.finding)));
        }
        self.changed = true;
        self.ranked.insert(Ranked(Arc::clone(finding)));
        self.held.insert(finding.key.clone(), Held { finding: Arc::clone(finding), round });
    }

    fn drop_finding(&mut self, key: &FindingKey) {
        if let Some(held) = self.held.remove(key) {
            self.changed = true;
            self.ranked.remove(&Ranked(held.finding));
        }
    }

    /// Drops what this round should have met and did not.
    ///
    /// This waits for a delta after the pass: what was updated while the pass went on has moved to its beginning.
    fn sweep(&mut self) {
        let gone: Vec<FindingKey> =
            self.held.iter().filter(|(_, held)| self.is_missed(held)).map(|(key, _)| key.clone()).collect();
        self.misses = false;
        for key in gone {
            self.drop_finding(&key);
        }
    }

    /// Tells whether a finding of an earlier round lies where this round's pass has been.
    fn is_missed(&self, held: &Held) -> bool {
        if held.round == self.round {
            return false;
        }
        let Some(pass) = FindingPass::of(&held.finding) else { return true };
        let book = &self.passes[pass as usize];
        if book.ended && !book.capped {
            return true;
        }
        // While the first pass goes on nothing is judged; of a later one that rests, what it went over is.
        (pass != FindingPass::ToDo || book.ended)
            && book.oldest.is_some_and(|oldest| held.finding.updated_at > Some(oldest))
    }

    fn reads_everything(&self) -> bool {
        self.has_begun(FindingPass::Lesser)
    }

    fn has_begun(&self, pass: FindingPass) -> bool {
        self.whole[pass as usize] || self.passes[pass as usize].pages > 0
    }

    fn has_room(&self, key: &FindingKey) -> bool {
        self.held.len() < MOST_FINDINGS || self.held.contains_key(key)
    }
}

/// Returns the time from which what changed after `now` is read.
fn before(now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(OVERLAP).ok()
}

//! Looks over a journal as a whole: is each record as it was written, and is it the journal that was kept elsewhere?

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use uuid::Uuid;

use super::chain::{Broken, StepBack, Verified, Verifier, Why, whole};
use super::head::Head;
use super::lines::Lines;
use super::presence;
use super::record::{Kind, Record};

/// The most times at which the clock was set back that are named.
pub const MOST_STEPS: usize = 20;

/// The most intents without an outcome that are named.
pub const MOST_OPEN: usize = 1_000;

/// What became of a journal, by the heads that were kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// Records up to this head's were there, and are gone: the tail was cut off.
    Cut(Head),
    /// The record of this head's number is another one: the journal was written anew from there or before.
    Rewritten(Head),
    /// Another journal stood at this place; this is its newest head.
    Another(Head),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// What is as it was written.
    pub verified: Option<Verified>,
    /// The hash of the first record.
    pub first: Option<String>,
    /// The first record that is not as it was written.
    pub broken: Option<Broken>,
    /// The newest head that agrees with the journal: up to it nothing was changed or taken away.
    pub anchor: Option<Head>,
    /// What heads that were kept elsewhere say against the journal, the gravest first.
    pub contradictions: Vec<Contradiction>,
    /// Where the clock had been set back, the first of them.
    pub steps: Vec<StepBack>,
    /// How often it had been.
    pub step_count: u64,
    /// The intents without an outcome of programs that are gone, the first of them.
    pub open: Vec<u64>,
    /// The intents without an outcome of programs that live: they are under way.
    pub under_way: Vec<u64>,
    /// Lines that were not written to their end, and are kept in a record.
    pub recovered: u64,
    /// Whether there is no file.
    pub is_missing: bool,
}

impl Audit {
    /// Tells whether nothing speaks against the journal.
    pub fn is_right(&self) -> bool {
        self.broken.is_none() && self.contradictions.is_empty()
    }
}

/// Compares heads that were kept elsewhere with the records as they go by.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// By number; several where programs raced, or where journals stood one after another.
    heads: BTreeMap<u64, Vec<Head>>,
    first: Option<String>,
    anchor: Option<Head>,
    rewritten: Option<Head>,
}

impl Anchors {
    /// Takes the heads.
    pub fn new(heads: Vec<Head>) -> Self {
        let mut by_number: BTreeMap<u64, Vec<Head>> = BTreeMap::new();
        for head in heads {
            by_number.entry(head.seq).or_default().push(head);
        }
        Self { heads: by_number, ..Self::default() }
    }

    /// Takes further heads, and returns the numbers of those that were not known.
    pub fn add(&mut self, heads: Vec<Head>) -> BTreeSet<u64> {
        let mut fresh = BTreeSet::new();
        for head in heads {
            let known = self.heads.entry(head.seq).or_default();
            if !known.contains(&head) {
                fresh.insert(head.seq);
                known.push(head);
            }
        }
        fresh
    }

    /// Compares the record of a number.
    pub fn pass(&mut self, seq: u64, hash: &str) {
        if seq == 1 {
            self.first = Some(hash.to_owned());
        }
        let first = self.first.as_deref();
        for head in self.heads.get(&seq).into_iter().flatten().filter(|head| Some(head.first.as_str()) == first) {
            if head.hash == hash {
                // Those that came later may be of records that went by long ago.
                if self.anchor.as_ref().is_none_or(|anchor| anchor.seq <= head.seq) {
                    self.anchor = Some(head.clone());
                }
            } else {
                self.rewritten.get_or_insert_with(|| head.clone());
            }
        }
    }

    /// Returns the newest head that agrees.
    pub fn anchor(&self) -> Option<&Head> {
        self.anchor.as_ref()
    }

    /// Says what speaks against a journal of so many records, the gravest first.
    ///
    /// One that is broken ends where it breaks: it cannot be told then whether its tail was cut off.
    pub fn contradictions(&self, records: u64, is_broken: bool) -> Vec<Contradiction> {
        let first = self.first.as_deref();
        let ours = |head: &&Head| Some(head.first.as_str()) == first;
        let behind = || self.heads.range(records + 1..).flat_map(|(_, heads)| heads);
        let cut = behind().filter(ours).max_by_key(|head| head.seq).filter(|_| !is_broken).cloned();
        let another = self.heads.values().flatten().filter(|head| !ours(head)).max_by_key(|head| head.time).cloned();
        let found = [
            self.rewritten.clone().map(Contradiction::Rewritten),
            cut.map(Contradiction::Cut),
            another.map(Contradiction::Another),
        ];
        found.into_iter().flatten().collect()
    }
}

/// Looks over a journal; `visit` is told of every record that is as it was written.
///
/// At most one record is in memory, and what is open at once.
///
/// # Errors
/// What `visit` returns; then the rest was not looked at.
pub fn audit<E>(path: &Path, heads: Vec<Head>, mut visit: impl FnMut(&Record) -> Result<(), E>) -> Result<Audit, E> {
    let mut audit = Audit::default();
    let mut verifier = Verifier::default();
    let mut anchors = Anchors::new(heads);
    let mut open = Open::default();
    let mut lines = match Lines::open(path) {
        Ok(lines) => lines,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Nothing was written yet, or all of it was taken away: only what was kept elsewhere can tell.
            audit.is_missing = true;
            audit.contradictions = anchors.contradictions(0, false);
            audit.verified = Some(verifier.verified().clone());
            return Ok(audit);
        }
        Err(error) => {
            audit.broken = Some(Broken { line: 1, why: Why::Unreadable(error.to_string()) });
            return Ok(audit);
        }
    };
    loop {
        let number = lines.number();
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                audit.broken = Some(Broken { line: number, why: Why::Unreadable(error.to_string()) });
                break;
            }
        };
        let record = match whole(&line.content).and_then(|bytes| verifier.follow(bytes)) {
            Ok(record) => record,
            Err(why) => {
                audit.broken = Some(Broken { line: line.number, why });
                break;
            }
        };
        anchors.pass(record.seq, &record.hash);
        open.pass(&record);
        audit.recovered += u64::from(record.kind == Kind::Recovered);
        if let Some(step) = verifier.step() {
            audit.step_count += 1;
            audit.steps.extend(Some(step).filter(|_| audit.step_count <= MOST_STEPS as u64));
        }
        visit(&record)?;
    }
    audit.contradictions = anchors.contradictions(verifier.verified().records, audit.broken.is_some());
    audit.anchor = anchors.anchor().cloned();
    audit.first = verifier.first().map(str::to_owned);
    audit.verified = Some(verifier.verified().clone());
    let living = presence::living(path).into_iter().map(|one| one.id).collect();
    audit.open = open.but(&living).take(MOST_OPEN).collect();
    audit.under_way = open.of(&living).take(MOST_OPEN).collect();
    Ok(audit)
}

/// The intents that wait for their outcome, each with its program, as the records go by.
#[derive(Debug, Clone, Default)]
pub struct Open(BTreeMap<u64, Option<Uuid>>);

impl Open {
    /// Takes the next record.
    pub fn pass(&mut self, record: &Record) {
        match (record.kind, record.intent) {
            (Kind::Intent, _) => {
                let process = record.process.as_ref().and_then(|process| Uuid::try_parse(&process.id).ok());
                self.0.insert(record.seq, process);
            }
            (Kind::Outcome, Some(intent)) => drop(self.0.remove(&intent)),
            _ => {}
        }
    }

    /// Tells whether an intent has no outcome.
    pub fn contains(&self, seq: u64) -> bool {
        self.0.contains_key(&seq)
    }

    /// Tells whether an intent has no outcome and is of one of these programs.
    pub fn is_of(&self, seq: u64, programs: &BTreeSet<Uuid>) -> bool {
        self.0.get(&seq).copied().flatten().is_some_and(|program| programs.contains(&program))
    }

    /// Iterates over the numbers of those that are of one of these programs.
    pub fn of(&self, programs: &BTreeSet<Uuid>) -> impl Iterator<Item = u64> {
        self.0.keys().copied().filter(|seq| self.is_of(*seq, programs))
    }

    /// Iterates over the numbers of those that are of none of these programs.
    pub fn but(&self, programs: &BTreeSet<Uuid>) -> impl Iterator<Item = u64> {
        self.0.keys().copied().filter(|seq| !self.is_of(*seq, programs))
    }

    /// Tells whether none waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! A run of a runbook: where one is, what was seen, written, decided and done, by whom and when.
//!
//! It is plain data and rules, without a clock, a screen or a disk. It carries the runbook that it is a run of: a catalogue
//! that changes meanwhile does not change what was begun.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::book::{Runbook, RunbookId, Step, StepId};
use super::entry::EntryId;
use super::query::Sight;

mod clock;
mod rules;

pub use clock::Escalation;
pub use rules::{Improper, Missing, Way};

/// The form of a run as it is kept.
pub const FORM: u32 = 1;

/// Names a run: the runbook, and which of its runs on this machine, such as `inc-5xx/7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RunId {
    /// The runbook.
    pub runbook: RunbookId,
    /// Which run, from one.
    pub number: u64,
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.runbook, self.number))
    }
}

/// Says that a text names no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run is named RUNBOOK/NUMBER")]
pub struct NoRunId;

impl FromStr for RunId {
    type Err = NoRunId;

    fn from_str(text: &str) -> Result<Self, NoRunId> {
        let (runbook, number) = text.split_once('/').ok_or(NoRunId)?;
        let is_plain = number.starts_with(|c: char| ('1'..='9').contains(&c));
        let number = number.parse().ok().filter(|_| is_plain).ok_or(NoRunId)?;
        let runbook = Some(runbook).filter(|id| super::forms::Form::Id.fits(id)).ok_or(NoRunId)?;
        Ok(Self { runbook: RunbookId(runbook.to_owned()), number })
    }
}

impl TryFrom<String> for RunId {
    type Error = NoRunId;

    fn try_from(text: String) -> Result<Self, NoRunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.to_string()
    }
}

/// Who acts in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The verified ARN.
    pub arn: String,
    /// The role in the catalogue.
    pub role: String,
}

/// Where a run takes place, and by which catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The environment's name.
    pub environment: String,
    /// The account that was verified.
    pub account: String,
    /// The SHA-256 of the catalogue, in hex.
    pub catalogue: String,
}

/// A run of a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The form in which it is kept.
    pub form: u32,
    /// Its name.
    pub id: RunId,
    /// Where, and by which catalogue.
    pub setting: Setting,
    /// The runbook, as it was when the run began.
    pub runbook: Runbook,
    /// Who acts, each from when on; never empty.
    pub shifts: Vec<Shift>,
    /// The steps that were come to, in their order; never empty. Only the last may be open.
    pub visits: Vec<Visit>,
    /// When and how it ended.
    pub ended: Option<RunEnd>,
}

/// Says who acts from some moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Who.
    pub actor: Actor,
    /// From when on.
    pub at: Timestamp,
}

/// A step that was come to; the same step may be come to again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The step.
    pub step: StepId,
    /// When it was come to.
    pub began_at: Timestamp,
    /// What was done there, in its order.
    pub deeds: Vec<Deed>,
    /// When and how it was left.
    pub left: Option<Leaving>,
}

/// Something that was done in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// By whom: an ARN.
    pub by: String,
    /// What.
    pub what: What,
}

/// What can be done in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A check looked at the dashboards.
    Saw(Sight),
    /// A person wrote something down.
    Wrote(String),
    /// What the dashboards showed was kept.
    Kept(String),
    /// An operation was begun.
    Began(Began),
    /// An operation came to its end, or nobody knows.
    Came(Came),
    /// A person of the chain was told, by number from zero.
    Told(usize),
    /// A person of the chain answered.
    Answered(usize),
    /// The report was written, to these files.
    Exported(Vec<String>),
}

/// An operation that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// The entry, with its target.
    pub entry: EntryId,
    /// What was chosen.
    pub parameters: BTreeMap<String, String>,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// How that counts.
    pub result: Outcome,
    /// What was said of it; may be empty.
    pub detail: String,
}

/// Tells how an operation of a run counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// The gate or what was looked up before said no: nothing was begun.
    Refused,
    /// It was stopped on purpose.
    Cancelled,
    /// It was not done.
    Failed,
    /// Nobody knows whether it was done; never taken for failed.
    Unknown,
}

/// When and how a step was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: How,
}

/// How a step was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It was done.
    Done,
    /// The answer was yes.
    Yes,
    /// The answer was no.
    No,
    /// It was left undone, for this reason.
    Skipped(String),
}

/// When and how a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// When.
    pub at: Timestamp,
    /// Why it was given up; nothing where it came to its end.
    pub given_up: Option<String>,
}

impl Run {
    /// Begins a run at the runbook's first step; nothing where the runbook has none.
    pub fn begin(id: RunId, setting: Setting, runbook: Runbook, actor: Actor, at: Timestamp) -> Option<Self> {
        let first = runbook.steps.first()?.id.clone();
        Some(Self {
            form: FORM,
            id,
            setting,
            runbook,
            shifts: vec![Shift { actor, at }],
            visits: vec![Visit::new(first, at)],
            ended: None,
        })
    }

    /// Returns the step that is open; nothing where the run is over.
    pub fn step(&self) -> Option<&Step> {
        self.runbook.step(&self.visit()?.step)
    }

    /// Returns the visit that is open; nothing where the run is over.
    pub fn visit(&self) -> Option<&Visit> {
        self.visits.last().filter(|visit| visit.left.is_none() && self.ended.is_none())
    }

    /// Tells whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Returns when it began.
    pub fn began_at(&self) -> Timestamp {
        self.visits.first().map_or(Timestamp::UNIX_EPOCH, |visit| visit.began_at)
    }

    /// Returns who acts now.
    pub fn actor(&self) -> Option<&Actor> {
        self.shifts.last().map(|shift| &shift.actor)
    }

    /// Tells whether what was read from a disk can be a run: its parts fit each other.
    pub fn is_sound(&self) -> bool {
        let open = self.visits.iter().rev().skip(1).any(|visit| visit.left.is_none());
        let known = self.visits.iter().all(|visit| self.runbook.step(&visit.step).is_some());
        let last = self.visits.last().is_some_and(|visit| visit.left.is_none() || self.is_over());
        self.form == FORM && self.id.runbook == self.runbook.id && !self.shifts.is_empty() && !open && known && last
    }

    /// Returns the moment for something that happens now: never before what has happened already, wherever the clock was set.
    fn moment(&self, now: Timestamp) -> Timestamp {
        let visit = self.visits.last();
        let last = visit.and_then(|visit| visit.deeds.last().map(|deed| deed.at).or(Some(visit.began_at)));
        last.into_iter().chain(self.shifts.last().map(|shift| shift.at)).fold(now, Timestamp::max)
    }
}

impl Visit {
    fn new(step: StepId, at: Timestamp) -> Self {
        Self { step, began_at: at, deeds: Vec::new(), left: None }
    }

    /// Returns the operation that was begun and has not come to its end.
    pub fn under_way(&self) -> Option<&Began> {
        self.deeds.iter().rev().find_map(|deed| match &deed.what {
            What::Began(began) => Some(Some(began)),
            What::Came(_) => Some(None),
            _ => None,
        })?
    }

    /// Returns how its last operation ended.
    pub fn outcome(&self) -> Option<&Came> {
        self.deeds.iter().rev().find_map(|deed| match &deed.what {
            What::Came(came) => Some(came),
            _ => None,
        })
    }

    /// Returns what its check saw last.
    pub fn sight(&self) -> Option<&Sight> {
        self.deeds.iter().rev().find_map(|deed| match &deed.what {
            What::Saw(sight) => Some(sight),
            _ => None,
        })
    }
}

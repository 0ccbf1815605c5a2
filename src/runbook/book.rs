//! A runbook: what is looked at, written down, decided and done, step by step.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::entry::{EntryId, Title};
pub use super::query::Query;
pub use super::signal::Signal;

mod flow;
pub(super) mod read;
mod references;
mod step;

/// The name that a step gives as its next one where the runbook ends there.
pub const END: &str = "end";

/// Names a runbook, such as `inc-5xx`: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunbookId(pub String);

impl fmt::Display for RunbookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Names a step within its runbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepId(pub String);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A runbook, as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runbook {
    /// Its name.
    pub id: RunbookId,
    /// What people call it.
    pub title: Title,
    /// The roles that may run it.
    pub roles: Vec<String>,
    /// The environments that it is for, by name.
    pub environments: Vec<String>,
    /// The troubles that it answers.
    pub answers: Vec<Signal>,
    /// Its steps, in the order of the file; the first is the first. Never empty.
    pub steps: Vec<Step>,
}

impl Runbook {
    /// Finds a step.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// Returns where a step stands in the file, counted from one, for people.
    pub fn number(&self, id: &StepId) -> Option<usize> {
        self.steps.iter().position(|step| step.id == *id).map(|index| index + 1)
    }
}

/// A step of a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What people call it, where the runbook says so.
    pub title: Option<Title>,
    /// What is asked of a person, or told them; a note and a decision always have it.
    pub prompt: Option<Title>,
    /// What it is.
    pub kind: StepKind,
    /// Which step comes after it; nothing where the runbook ends there. A decision has its own ways.
    pub next: Option<StepId>,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Looks at the dashboards by itself, and says what it saw.
    Check {
        /// What it looks for.
        query: Query,
    },
    /// Asks for words or other evidence.
    Note {
        /// What is to be kept; never empty.
        evidence: Vec<Evidence>,
    },
    /// Asks a person, whose answer is the way on.
    Decision {
        /// The step after a yes; nothing where the runbook ends there.
        yes: Option<StepId>,
        /// The step after a no; nothing where the runbook ends there.
        no: Option<StepId>,
    },
    /// Does what an entry of the catalogue does, through the gate.
    Operation {
        /// The entry, as it is written; where it has several targets, a person chooses one.
        entry: EntryId,
    },
    /// Tells people, one after the other until somebody answers.
    Escalate {
        /// Who, the first first; never empty.
        chain: Vec<Title>,
        /// How long each has to answer.
        after: SignedDuration,
    },
    /// Writes the report.
    Export,
}

impl StepKind {
    /// Names every kind, as the catalogue does.
    pub const NAMES: [&'static str; 6] = ["check", "note", "decision", "operation", "escalate", "export"];

    /// Returns the name that the catalogue has for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Check { .. } => Self::NAMES[0],
            Self::Note { .. } => Self::NAMES[1],
            Self::Decision { .. } => Self::NAMES[2],
            Self::Operation { .. } => Self::NAMES[3],
            Self::Escalate { .. } => Self::NAMES[4],
            Self::Export => Self::NAMES[5],
        }
    }
}

/// What a note keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// What the dashboards show at that moment, kept by itself.
    Snapshot,
    /// A person's words, which must be there.
    Text,
}

impl Evidence {
    /// Lists every kind of evidence.
    pub const ALL: [Self; 2] = [Self::Snapshot, Self::Text];

    /// Returns the name that the catalogue has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Text => "text",
        }
    }
}

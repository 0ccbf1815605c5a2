//! The clock of an escalation: who was told, who is next, and when.

use jiff::Timestamp;

use super::{Run, What};
use crate::runbook::book::StepKind;

/// How far an escalation has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// When each person was told, as far as they were; the first first.
    pub told: Vec<Timestamp>,
    /// Who answered, by number from zero.
    pub answered: Option<usize>,
    /// Who is to be told, and since when they are or from when on; nobody where somebody answered or all were told.
    pub next: Option<(usize, Timestamp)>,
    /// Whether that moment has come.
    pub is_due: bool,
    /// Whether everybody was told and had their time.
    pub is_exhausted: bool,
}

impl Escalation {
    /// Tells whether one may go on: somebody answered, or nobody will.
    pub fn is_settled(&self) -> bool {
        self.answered.is_some() || self.is_exhausted
    }
}

impl Run {
    /// Says how far the escalation of the open step has got; nothing where it is no such step.
    pub fn escalation(&self, now: Timestamp) -> Option<Escalation> {
        let (step, visit) = self.step().zip(self.visit())?;
        let StepKind::Escalate { chain, after } = &step.kind else { return None };
        let mut told: Vec<Timestamp> = Vec::new();
        let mut answered = None;
        for deed in &visit.deeds {
            match deed.what {
                // In the order of the chain: whoever is told a second time, or before their turn, is told once.
                What::Told(person) if person == told.len() => told.push(deed.at),
                What::Answered(person) => answered = Some(person),
                _ => {}
            }
        }
        let until = |at: &Timestamp| at.checked_add(*after).unwrap_or(Timestamp::MAX);
        let free = told.last().map_or(visit.began_at, until);
        let next = (answered.is_none() && told.len() < chain.len()).then_some((told.len(), free));
        let is_over = now >= free;
        let is_exhausted = answered.is_none() && told.len() >= chain.len() && is_over;
        Some(Escalation { told, answered, next, is_due: next.is_some() && is_over, is_exhausted })
    }
}

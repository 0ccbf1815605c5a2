//! The ways through a runbook: every step can be reached, and from every step its end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Step, StepId, StepKind};

/// The ways from each step; nothing is an end.
type Ways<'s> = BTreeMap<&'s StepId, Vec<Option<&'s StepId>>>;

/// What is wrong with the ways through a runbook.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// No way leads to the step.
    Unreachable(StepId),
    /// From the step no way leads to an end: it goes round for ever, and no decision breaks that.
    NoWayOut(StepId),
}

/// Finds steps that nobody comes to, and steps that nobody comes away from.
///
/// A way round is allowed where a decision in it also leads out.
pub(super) fn flaws(steps: &[Step]) -> Vec<Flaw> {
    let ways: Ways<'_> = steps.iter().map(|step| (&step.id, ways(step))).collect();
    let (reached, ending) = (reached(steps, &ways), ending(&ways));
    let flaw = |step: &Step| match (reached.contains(&step.id), ending.contains(&step.id)) {
        (false, _) => Some(Flaw::Unreachable(step.id.clone())),
        (true, false) => Some(Flaw::NoWayOut(step.id.clone())),
        (true, true) => None,
    };
    steps.iter().filter_map(flaw).collect()
}

fn ways(step: &Step) -> Vec<Option<&StepId>> {
    match &step.kind {
        StepKind::Decision { yes, no } => vec![yes.as_ref(), no.as_ref()],
        _ => vec![step.next.as_ref()],
    }
}

fn reached<'s>(steps: &'s [Step], ways: &Ways<'s>) -> BTreeSet<&'s StepId> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&StepId> = steps.first().map(|step| &step.id).into_iter().collect();
    while let Some(step) = open.pop() {
        if reached.insert(step) {
            open.extend(ways.get(step).into_iter().flatten().flatten().copied());
        }
    }
    reached
}

/// Lists the steps from which an end can be reached.
fn ending<'s>(ways: &Ways<'s>) -> BTreeSet<&'s StepId> {
    let mut ending: BTreeSet<&StepId> = BTreeSet::new();
    loop {
        let leads_out = |way: Option<&StepId>| way.is_none_or(|step| ending.contains(step));
        let is_new = |(step, ways): &(&&'s StepId, &Vec<Option<&'s StepId>>)| {
            !ending.contains(*step) && ways.iter().copied().any(leads_out)
        };
        let more: Vec<&StepId> = ways.iter().filter(is_new).map(|(step, _)| *step).collect();
        if more.is_empty() {
            return ending;
        }
        ending.extend(more);
    }
}

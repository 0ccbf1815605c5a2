//! Preflight: what would keep an operation from being done, looked up before anything is done.

mod changes;
mod nodes;
mod tasks;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    domain::{
        fetch::{Failure, FailureKind},
        preflight::{Caution, Obstacle, Preflight},
        target::{Selector, Target},
    },
    runbook::entry::Operation,
};

use super::{Connection, action::Action};

/// What was found out about one place where a session may go.
#[derive(Debug)]
struct Candidate {
    target: Target,
    obstacles: Vec<Obstacle>,
    cautions: Vec<Caution>,
}

/// What was found where a selector points.
#[derive(Debug, Default)]
struct Found {
    /// The places, the best first.
    candidates: Vec<Candidate>,
    /// What stands in the way of all of them.
    obstacles: Vec<Obstacle>,
    unknown: Vec<Failure>,
}

impl Connection {
    /// Looks up where an operation may go, and what would make it fail. `compiled` is the Automation document that pins
    /// it, as it is compiled from the catalogue, where that is known.
    ///
    /// What cannot be looked up is unknown, and no obstacle by itself: IAM may allow the operation and deny the look-up.
    pub async fn preflight(
        &self,
        operation: &Operation,
        parameters: &BTreeMap<String, String>,
        compiled: Option<&Value>,
    ) -> Preflight {
        let mut found = match operation.session() {
            None => {
                let mut preflight = self.change_preflight(operation, parameters, compiled).await;
                preflight.obstacles.extend(self.denied_before(operation));
                return preflight;
            }
            Some(Selector::EcsService { cluster, service, container }) => {
                self.tasks_for(operation, cluster, service, container.as_deref()).await
            }
            Some(selector) => self.nodes_for(operation, selector).await,
        };
        found.obstacles.extend(self.denied_before(operation));
        let mut preflight = judged(found);
        preflight.cautions.extend(match operation {
            Operation::PortForward { .. } => Some(Caution::NoLimitInAws),
            Operation::Exec { .. } => Some(Caution::RunsAsRoot),
            _ => None,
        });
        preflight
    }

    /// Returns the permission that is missing, as an earlier start was denied for the lack of it.
    fn denied_before(&self, operation: &Operation) -> Option<Obstacle> {
        let action = starter(operation);
        let denial = self.home.caller.ledger.denials.recall(action, &part(operation))?;
        match denial.kind {
            FailureKind::Denied { missing_action } => Some(Obstacle::PermissionMissing { action: missing_action }),
            _ => None,
        }
    }
}

/// Returns the call that does an operation, or starts its session.
pub(super) const fn starter(operation: &Operation) -> Action {
    match operation {
        Operation::Shell { .. } | Operation::PortForward { .. } => Action::StartSession,
        Operation::Exec { .. } => Action::ExecuteCommand,
        Operation::ServiceChange { .. } | Operation::Automation { .. } => Action::StartAutomationExecution,
        Operation::Workflow { .. } => Action::BatchUpdateFindings,
    }
}

/// Names what IAM judges a start by: the document, or for a command the place.
pub(super) fn part(operation: &Operation) -> String {
    match (operation.document(), operation.selector()) {
        (Some(document), Some(selector)) => format!("{document} {selector}"),
        _ => operation.goal(),
    }
}

/// Keeps the places where nothing stands in the way; where there are none, all of them with what does.
fn judged(found: Found) -> Preflight {
    let Found { candidates, mut obstacles, unknown } = found;
    let (clear, blocked): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| candidate.obstacles.is_empty());
    let kept = if clear.is_empty() { blocked } else { clear };
    let mut preflight = Preflight { unknown, ..Preflight::default() };
    for candidate in kept {
        preflight.targets.push(candidate.target);
        add_new(&mut obstacles, candidate.obstacles);
        add_new(&mut preflight.cautions, candidate.cautions);
    }
    preflight.obstacles = obstacles;
    preflight
}

/// Adds what is not there yet.
fn add_new<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, obstacles: Vec<Obstacle>) -> Candidate {
        let target = Target::Node { id: id.to_owned(), name: None };
        Candidate { target, obstacles, cautions: vec![Caution::RunsAsRoot] }
    }

    fn offline(id: &str) -> Obstacle {
        Obstacle::NodeOffline { id: id.to_owned(), last_ping: None }
    }

    #[test]
    fn one_place_that_is_clear_is_enough() {
        let candidates = vec![candidate("i-1", vec![offline("i-1")]), candidate("i-2", Vec::new())];
        let preflight = judged(Found { candidates, ..Found::default() });
        assert!(preflight.is_clear());
        assert_eq!(preflight.targets, [Target::Node { id: "i-2".to_owned(), name: None }]);
        assert_eq!(preflight.cautions, [Caution::RunsAsRoot]);
    }

    #[test]
    fn where_none_is_clear_each_says_why_and_once() {
        let candidates = vec![
            candidate("i-1", vec![offline("i-1")]),
            candidate("i-2", vec![offline("i-2")]),
            candidate("i-2", vec![offline("i-2")]),
        ];
        let preflight = judged(Found { candidates, ..Found::default() });
        assert!(!preflight.is_clear());
        assert_eq!(preflight.obstacles, [offline("i-1"), offline("i-2")]);
        assert_eq!(preflight.targets.len(), 3);
    }
}

//! What was read of objects that are open.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    ecs::ServiceKey,
    elb::TargetGroup,
    finding::{FindingChange, FindingKey},
};

use super::Book;

/// Holds the target groups of the service that is open.
#[derive(Debug, Clone)]
pub(in super::super) struct TargetsRead {
    /// The service.
    pub(in super::super) key: ServiceKey,
    /// The ARNs of its target groups.
    pub(in super::super) arns: Vec<String>,
    /// When their targets were read.
    pub(in super::super) at: Timestamp,
    /// The groups as they were described, and when; nothing where they may not be.
    pub(in super::super) described: Option<(Timestamp, Vec<TargetGroup>)>,
    /// What was read.
    value: Arc<Vec<TargetGroup>>,
}

/// Holds the history of the finding that is open.
#[derive(Debug, Clone)]
pub(in super::super) struct ChangesRead {
    /// The finding.
    pub(in super::super) key: FindingKey,
    /// When it was read.
    pub(in super::super) at: Timestamp,
    /// What was read.
    value: Arc<Vec<FindingChange>>,
}

impl Book {
    /// Takes target groups with their targets and returns them, shared with the last ones where they are equal.
    pub(in super::super) fn take_targets(
        &mut self,
        key: ServiceKey,
        arns: Vec<String>,
        described: Option<(Timestamp, Vec<TargetGroup>)>,
        read: Vec<TargetGroup>,
        now: Timestamp,
    ) -> Arc<Vec<TargetGroup>> {
        let value = match self.targets.take() {
            Some(last) if last.key == key && *last.value == read => last.value,
            _ => Arc::new(read),
        };
        self.targets = Some(TargetsRead { key, arns, at: now, described, value: Arc::clone(&value) });
        value
    }

    /// Takes a finding's history and returns it, shared with the last one where they are equal.
    pub(in super::super) fn take_changes(
        &mut self,
        key: FindingKey,
        read: Vec<FindingChange>,
        now: Timestamp,
    ) -> Arc<Vec<FindingChange>> {
        let value = match self.changes.take() {
            Some(last) if last.key == key && *last.value == read => last.value,
            _ => Arc::new(read),
        };
        self.changes = Some(ChangesRead { key, at: now, value: Arc::clone(&value) });
        value
    }
}

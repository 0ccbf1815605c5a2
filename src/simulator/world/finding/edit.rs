//! What people change of a finding by hand.
//!
//! An update takes minutes until it is seen, and does not change when the finding was updated: that is its product's to say.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::simulator::clock::Millis;

/// An update of a finding.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// When it was asked for.
    pub made: Millis,
    /// From when on it is seen.
    pub seen: Millis,
    /// Who asked for it.
    pub by: String,
    pub workflow: Option<&'static str>,
    /// The label, and its number.
    pub severity: Option<(&'static str, i64)>,
    pub note: Option<Note>,
    pub verification: Option<&'static str>,
    pub confidence: Option<i64>,
    pub criticality: Option<i64>,
    pub types: Option<Vec<String>>,
    pub fields: Option<Vec<(String, String)>>,
    /// Products' ARNs and ids.
    pub related: Option<Vec<(String, String)>>,
}

/// A note at a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    pub by: String,
    pub at: Millis,
}

/// The updates of a finding; most have none.
#[derive(Debug, Default)]
pub struct Edits(OnceLock<Mutex<Vec<Edit>>>);

impl Edits {
    /// Adds an update.
    pub fn add(&self, edit: Edit) {
        lock(self.0.get_or_init(Mutex::default)).push(edit);
    }

    /// Whether there never was one.
    pub fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// Takes those that are seen at a time, in their order.
    pub fn seen(&self, now: Millis) -> Vec<Edit> {
        let Some(edits) = self.0.get() else { return Vec::new() };
        lock(edits).iter().filter(|edit| edit.seen <= now).cloned().collect()
    }

    /// Joins those that are seen at a time: of each member the last one counts.
    pub fn joined(&self, now: Millis) -> Edit {
        self.seen(now).into_iter().fold(Edit::default(), |all, next| Edit {
            made: next.made,
            seen: next.seen,
            by: next.by,
            workflow: next.workflow.or(all.workflow),
            severity: next.severity.or(all.severity),
            note: next.note.or(all.note),
            verification: next.verification.or(all.verification),
            confidence: next.confidence.or(all.confidence),
            criticality: next.criticality.or(all.criticality),
            types: next.types.or(all.types),
            fields: next.fields.or(all.fields),
            related: next.related.or(all.related),
        })
    }
}

fn lock(edits: &Mutex<Vec<Edit>>) -> MutexGuard<'_, Vec<Edit>> {
    edits.lock().unwrap_or_else(PoisonError::into_inner)
}

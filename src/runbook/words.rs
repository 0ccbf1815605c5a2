//! The words of runbooks: kinds of steps, what checks look for, what notes keep.

use super::book::{Evidence, Query, Step, StepKind};
use super::entry::Title;
use super::store::RunError;
use crate::i18n::{Lang, Texts};
use crate::t;

/// Returns a text of the catalogue in the reader's language.
pub fn text(texts: Texts, title: &Title) -> &str {
    match texts.lang() {
        Lang::En => &title.en,
        Lang::Ja => &title.ja,
    }
}

/// Returns what a step is called: as the runbook says, else what it is about.
pub fn name(texts: Texts, step: &Step) -> String {
    match (&step.title, &step.kind) {
        (Some(title), _) => text(texts, title).to_owned(),
        (None, StepKind::Check { query: looked }) => query(texts, *looked).to_owned(),
        (None, StepKind::Operation { entry }) => entry.to_string(),
        (None, other) => kind(texts, other).to_owned(),
    }
}

/// Returns what kind a step is of.
pub fn kind(texts: Texts, kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Check { .. } => t!(texts, "runbooks.kind.check"),
        StepKind::Note { .. } => t!(texts, "runbooks.kind.note"),
        StepKind::Decision { .. } => t!(texts, "runbooks.kind.decision"),
        StepKind::Operation { .. } => t!(texts, "runbooks.kind.operation"),
        StepKind::Escalate { .. } => t!(texts, "runbooks.kind.escalate"),
        StepKind::Export => t!(texts, "runbooks.kind.export"),
    }
}

/// Returns what a check looks for.
pub fn query(texts: Texts, query: Query) -> &'static str {
    match query {
        Query::AlarmsFiring => t!(texts, "runbooks.query.alarms-firing"),
        Query::ServicesUnsteady => t!(texts, "runbooks.query.services-unsteady"),
        Query::FindingsNew => t!(texts, "runbooks.query.findings-new"),
        Query::WafSpike => t!(texts, "runbooks.query.waf-spike"),
    }
}

/// Returns what a note keeps.
pub fn evidence(texts: Texts, evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Snapshot => t!(texts, "runbooks.evidence.snapshot"),
        Evidence::Text => t!(texts, "runbooks.evidence.text"),
    }
}

/// Says why a run cannot be had.
pub fn run_error(texts: Texts, error: &RunError) -> String {
    match error {
        RunError::NotThere(id) => t!(texts, "runbooks.runs.no-such", run = id),
        RunError::InUse(id) => t!(texts, "runbooks.runs.in-use", run = id),
        RunError::Broken(path) => t!(texts, "runbooks.runs.broken-one", path = path.display()),
        RunError::Stepless => t!(texts, "runbooks.none").to_owned(),
        RunError::Io { path, source } => format!("{}: {source}", path.display()),
    }
}

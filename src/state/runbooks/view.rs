//! A run that this console has: as it is, what of it is on the disk, and what is looked at.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

use crate::domain::queue::Place;
use crate::domain::session::LiveId;
use crate::runbook::book::{Evidence, Step, StepId, StepKind};
use crate::runbook::run::{Missing, Run, Visit, What};

use crate::state::{event::Effect, list::Scroll, sessions::offer::About};

/// How long the disk may take before nothing goes on without a word.
const PATIENCE: SignedDuration = SignedDuration::from_secs(2);

/// Names what has the room beside the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunPanel {
    /// The dashboard that the step looks at.
    #[default]
    Dashboard,
    /// What was collected.
    Evidence,
}

/// Holds a run.
#[derive(Debug)]
pub struct RunView {
    /// The run, as it is now.
    pub run: Arc<Run>,
    /// Where it takes place.
    pub place: Place,
    /// What has the room beside the steps.
    pub panel: RunPanel,
    /// The position in the evidence.
    pub evidence: Scroll,
    /// The operation of its step that was started last.
    pub operation: Option<LiveId>,
    /// Why it is not on the disk as it is here.
    pub unkept: Option<String>,
    /// Whether the catalogue of now is another one than that by which it began.
    pub is_outdated: bool,
    /// The lines that were typed and not taken yet, and the one that is being typed.
    pub draft: (Vec<String>, Input),
    /// What the row was about from which it was begun.
    pub about: Option<About>,
    /// Since when the open check waits for what it looks at to be read.
    pub looking: Option<Timestamp>,
    /// What was shown before it: a run shows its own environment alone.
    pub(super) shown_before: Option<usize>,
    pub(super) revision: u64,
    pub(super) kept: u64,
    /// When it was changed last.
    pub(super) changed_at: Timestamp,
    /// What is to be started once it is on the disk that it began: which revision says so.
    pub(super) start: Option<(u64, Effect)>,
    /// The visit for which the dashboards or the report were asked for by itself, counted from one.
    pub(super) asked: usize,
    /// Who of a chain the person was told to tell.
    pub(super) reminded: Option<(usize, usize)>,
}

impl RunView {
    /// Holds a run that was begun or taken up.
    pub(super) fn new(run: Run, place: Place, shown_before: Option<usize>, about: Option<About>) -> Self {
        let panel = if run.is_over() { RunPanel::Evidence } else { RunPanel::Dashboard };
        Self {
            run: Arc::new(run),
            place,
            panel,
            evidence: Scroll::default(),
            operation: None,
            unkept: None,
            is_outdated: false,
            draft: (Vec::new(), Input::default()),
            about,
            looking: None,
            shown_before,
            revision: 0,
            kept: 0,
            changed_at: Timestamp::UNIX_EPOCH,
            start: None,
            asked: 0,
            reminded: None,
        }
    }

    /// Returns the step that is open; nothing where the run is over.
    pub fn step(&self) -> Option<&Step> {
        self.run.step()
    }

    /// Returns the last visit to a step, where it was come to.
    pub fn visit_of(&self, step: &StepId) -> Option<&Visit> {
        self.run.visits.iter().rev().find(|visit| visit.step == *step)
    }

    /// Tells whether an operation of its is under way.
    pub fn is_acting(&self) -> bool {
        self.run.visit().is_some_and(|visit| visit.under_way().is_some())
    }

    /// Returns what the open step lacks next, in the order in which a person is led through it.
    pub fn next_missing(&self, now: Timestamp) -> Option<Missing> {
        self.run.missing(now).into_iter().next()
    }

    /// Tells whether all of it is on the disk.
    pub fn is_kept(&self) -> bool {
        self.kept == self.revision
    }

    /// Notes that the run was changed, and returns what keeps it; what is newest of it is in sight then.
    pub(super) fn changed(&mut self, now: Timestamp) -> Effect {
        self.revision += 1;
        self.changed_at = now;
        self.evidence.0 = usize::from(u16::MAX);
        self.keep()
    }

    /// Returns what keeps the run as it is.
    pub(super) fn keep(&self) -> Effect {
        Effect::Run(super::RunWish::Keep { run: Arc::clone(&self.run), revision: self.revision })
    }

    /// Tells whether the disk takes longer than anybody should wait for without a word.
    pub fn is_late(&self, now: Timestamp) -> bool {
        !self.is_kept() && self.unkept.is_none() && now.duration_since(self.changed_at) >= PATIENCE
    }

    /// Returns what the open step wants done by itself, once a visit: the report, or what the dashboards show once they
    /// were read.
    pub(super) fn wants(&mut self, is_read: bool) -> Option<Effect> {
        let visits = self.run.visits.len();
        if self.asked >= visits || !self.is_kept() {
            return None;
        }
        let visit = self.run.visit()?;
        let has = |is: fn(&What) -> bool| visit.deeds.iter().any(|deed| is(&deed.what));
        let effect = match &self.run.step()?.kind {
            StepKind::Note { evidence }
                if is_read && evidence.contains(&Evidence::Snapshot) && !has(|what| matches!(what, What::Kept(_))) =>
            {
                Effect::Snapshot(self.run.id.clone())
            }
            StepKind::Export if !has(|what| matches!(what, What::Exported(_))) => {
                Effect::Run(super::RunWish::Export(Arc::clone(&self.run)))
            }
            _ => return None,
        };
        self.asked = visits;
        Some(effect)
    }
}

//! Runbooks, screen 8: those of the catalogue, the runs of this machine, and the run in front.

mod board;
mod list;
mod operation;
mod prompt;
mod report;
mod step;
mod view;
mod wish;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::queue::Place;
use crate::journal::redact;
use crate::runbook::book::{Runbook, RunbookId};
use crate::runbook::entry::Title;
use crate::runbook::run::{Began, Came, Run, RunId, What};

use super::Screen;
use super::list::ListView;
use super::sessions::{offer::About, target::Verdict};

pub use board::{actor, board};
pub use list::{arrange, derive};
pub(in crate::state) use list::{begin, go_on, open, open_runs, row, show};
pub use operation::came;
pub(in crate::state) use operation::{begins, ended, not_begun, withdraw};
pub use prompt::{Prompt, Purpose};
pub(in crate::state) use prompt::{accept, edit, paste, put_by};
pub(in crate::state) use report::{attend, snapshot, take, tick};
pub(in crate::state) use step::{acts, answered, leave, retry, run, scroll};
pub use view::{RunPanel, RunView};
pub use wish::{RunList, RunReport, RunWish};

/// Names a runbook in an environment, by its index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunbookKey {
    /// The environment's index.
    pub environment: usize,
    /// The runbook.
    pub runbook: RunbookId,
}

/// Holds a row of the list of runbooks.
#[derive(Debug, Clone)]
pub struct RunbookRow {
    /// Which it is.
    pub key: RunbookKey,
    /// Where it belongs.
    pub place: Place,
    /// The runbook.
    pub runbook: Arc<Runbook>,
    /// Whether this role may run it.
    pub verdict: Verdict,
    haystack: String,
}

/// Holds a row of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The run.
    pub id: RunId,
    /// What its runbook is called.
    pub title: Title,
    /// The environment's name.
    pub environment: String,
    /// When it began.
    pub began_at: Timestamp,
    /// Who acts in it, by the last part of their ARN.
    pub who: String,
    /// How it stands.
    pub standing: RunStanding,
}

/// Tells how a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStanding {
    /// It is at a step: its number, of how many.
    At(usize, usize),
    /// It came to its end.
    Over,
    /// It was given up.
    GivenUp,
}

impl RunRow {
    /// Makes the row of a run.
    pub fn of(run: &Run) -> Self {
        let arn = run.actor().map_or("", |actor| actor.arn.as_str());
        let standing = match &run.ended {
            Some(end) if end.given_up.is_some() => RunStanding::GivenUp,
            Some(_) => RunStanding::Over,
            None => {
                let number = run.step().and_then(|step| run.runbook.number(&step.id));
                RunStanding::At(number.unwrap_or_default(), run.runbook.steps.len())
            }
        };
        Self {
            id: run.id.clone(),
            title: run.runbook.title.clone(),
            environment: run.setting.environment.clone(),
            began_at: run.began_at(),
            who: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            standing,
        }
    }

    /// Tells whether it is still to be gone on with.
    pub fn is_open(&self) -> bool {
        matches!(self.standing, RunStanding::At(..))
    }
}

/// Names the panels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunbooksPanel {
    /// The runbooks.
    #[default]
    Runbooks,
    /// The runs.
    Runs,
}

impl RunbooksPanel {
    /// Lists the panels from top to bottom.
    pub const ALL: [Self; 2] = [Self::Runbooks, Self::Runs];

    /// Returns the other panel.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Runbooks => Self::Runs,
            Self::Runs => Self::Runbooks,
        }
    }
}

/// Holds screen 8, and the runs that this console has.
#[derive(Debug, Default)]
pub struct Runbooks {
    /// The rows that pass the filter.
    pub rows: Vec<RunbookRow>,
    /// Runbooks without the filter.
    pub total: usize,
    /// The filter; empty for none.
    pub filter: String,
    /// The position among the runbooks.
    pub list: ListView<RunbookKey>,
    /// The runs, the newest first; nothing while they were not listed, or why they cannot be.
    pub runs: Option<Result<RunList, String>>,
    /// The position among the runs.
    pub run_list: ListView<RunId>,
    /// The panel that has the keys.
    pub panel: RunbooksPanel,
    /// The runs that this console has: the one in front, and those whose operation is under way.
    pub held: Vec<RunView>,
    /// The run that a person is in, on the screen or behind what is.
    pub front: Option<RunId>,
    /// The run that was asked for and has not come, and from where.
    pub(in crate::state) pending: Option<Pending>,
    /// Whether the runs were asked for at all.
    pub(in crate::state) is_asked: bool,
    all: Vec<RunbookRow>,
    keys: Vec<RunbookKey>,
    run_keys: Vec<RunId>,
}

/// Says from where a run was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::state) struct Pending {
    /// The screen that a person was on.
    screen: Screen,
    /// What the row was about from which it was begun.
    about: Option<About>,
}

impl Runbooks {
    /// Counts the runs that are not on the disk as they are here.
    pub fn unkept(&self) -> usize {
        self.held.iter().filter(|view| view.unkept.is_some()).count()
    }

    /// Returns the run in front.
    pub fn front(&self) -> Option<&RunView> {
        self.get(self.front.as_ref()?)
    }

    /// Returns the run in front, to be changed.
    pub(in crate::state) fn front_mut(&mut self) -> Option<&mut RunView> {
        let id = self.front.clone()?;
        self.get_mut(&id)
    }

    /// Returns a run that this console has.
    pub fn get(&self, id: &RunId) -> Option<&RunView> {
        self.held.iter().find(|view| view.run.id == *id)
    }

    fn get_mut(&mut self, id: &RunId) -> Option<&mut RunView> {
        self.held.iter_mut().find(|view| view.run.id == *id)
    }

    /// Returns the runbook that the cursor is on.
    pub fn selected(&self) -> Option<&RunbookRow> {
        self.rows.get(self.list.selected())
    }

    /// Returns the runs that were listed.
    pub fn listed(&self) -> &[RunRow] {
        self.runs.as_ref().and_then(|listed| listed.as_ref().ok()).map_or(&[], |listed| &listed.rows)
    }

    /// Returns the run that the cursor is on.
    pub fn selected_run(&self) -> Option<&RunRow> {
        self.listed().get(self.run_list.selected())
    }

    /// Returns how many rows the panel with the keys has.
    pub(in crate::state) fn len(&self) -> usize {
        match self.panel {
            RunbooksPanel::Runbooks => self.rows.len(),
            RunbooksPanel::Runs => self.listed().len(),
        }
    }

    /// Returns the row that the cursor is on in the panel with the keys.
    pub(in crate::state) fn cursor(&self) -> usize {
        match self.panel {
            RunbooksPanel::Runbooks => self.list.selected(),
            RunbooksPanel::Runs => self.run_list.selected(),
        }
    }

    /// Moves the cursor of the panel with the keys.
    pub(in crate::state) fn step(&mut self, by: isize, page: usize) {
        match self.panel {
            RunbooksPanel::Runbooks => self.list.step(by, &self.keys, page),
            RunbooksPanel::Runs => self.run_list.step(by, &self.run_keys, page),
        }
    }

    /// Puts the cursor of the panel with the keys on a row.
    pub(in crate::state) fn select(&mut self, row: usize, page: usize) {
        match self.panel {
            RunbooksPanel::Runbooks => self.list.select(row, &self.keys, page),
            RunbooksPanel::Runs => self.run_list.select(row, &self.run_keys, page),
        }
    }

    /// Fits the windows of the lists to the page.
    pub(in crate::state) fn repage(&mut self, page: usize) {
        self.list.scroll(self.rows.len(), page);
        self.run_list.scroll(self.listed().len(), page);
    }
}

/// Takes the secrets out of what is about to be written down in a run.
pub fn redacted(what: What) -> What {
    let plain = |text: String| redact::text(&text).0;
    match what {
        What::Wrote(text) => What::Wrote(plain(text)),
        What::Kept(text) => What::Kept(plain(text)),
        What::Came(came) => What::Came(Came { detail: plain(came.detail), ..came }),
        What::Began(began) => {
            let parameters = began.parameters.into_iter().map(|(name, value)| (name, plain(value))).collect();
            What::Began(Began { parameters, ..began })
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_reach_the_disk() {
        let wrote = What::Wrote("DATABASE_URL=postgres://ops:hunter2@db/x".into());
        let What::Wrote(text) = redacted(wrote) else { panic!() };
        assert!(!text.contains("hunter2") && text.contains(redact::MARK), "{text}");
    }
}

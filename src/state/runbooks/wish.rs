//! What is asked for about runs that waits for the disk, and what is told of it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::runbook::book::Runbook;
use crate::runbook::run::{Actor, Run, RunId, Setting};

use super::RunRow;

/// Asks for something about runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunWish {
    /// List the runs of this machine.
    List,
    /// Begin a run, which nobody else may have meanwhile.
    Begin {
        /// Where, and by which catalogue.
        setting: Setting,
        /// Of what.
        runbook: Arc<Runbook>,
        /// Who begins it.
        actor: Actor,
        /// When.
        at: Timestamp,
    },
    /// Take a run up again, which nobody else may have meanwhile; one that is over is only read.
    Open(RunId),
    /// Keep a run as it is now.
    Keep {
        /// The run.
        run: Arc<Run>,
        /// How often it was changed, to know the answer by.
        revision: u64,
    },
    /// Write the report of a run.
    Export(Arc<Run>),
    /// Let somebody else have a run.
    Release(RunId),
}

/// Tells what became of a wish; why something was not done is told in the reader's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunReport {
    /// The runs were listed.
    Listed(Result<RunList, String>),
    /// A run was begun or taken up.
    Opened(Result<Box<Run>, String>),
    /// A run was kept.
    Kept {
        /// The run.
        id: RunId,
        /// As which revision.
        revision: u64,
        /// Or why not.
        done: Result<(), String>,
    },
    /// The report was written.
    Exported {
        /// The run.
        id: RunId,
        /// To which files.
        files: Result<Vec<String>, String>,
    },
}

/// Holds the runs that were listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunList {
    /// The newest first.
    pub rows: Vec<RunRow>,
    /// How many files are no run that can be read.
    pub broken: usize,
}

//! Defines the arguments of `sekisho runbook`.

use std::path::PathBuf;

use crate::cli::session::args::{Answers, EntryArgs};

/// What is wanted of the runbooks.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct RunbookArgs {
    /// What.
    #[command(subcommand)]
    pub wanted: Wanted,
}

/// What can be done with runbooks.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Wanted {
    /// Lists the runbooks of the environments.
    List,
    /// Prints a runbook, step by step.
    Show(ShowArgs),
    /// Tells every fault of a catalogue.
    Validate(ValidateArgs),
    /// Runs a runbook, goes on with a run, or makes the change of an entry.
    Run(RunArgs),
    /// Lists the runs of this machine.
    Runs,
    /// Prints the report of a run.
    Export(ExportArgs),
}

/// The arguments of `runbook show`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct ShowArgs {
    /// The runbook's id.
    #[arg(value_name = "runbook")]
    pub runbook: String,
}

/// The arguments of `runbook validate`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct ValidateArgs {
    /// The directory of a catalogue; without it, those that the configuration names.
    #[arg(value_name = "folder")]
    pub directory: Option<PathBuf>,
}

/// The arguments of `runbook run`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct RunArgs {
    /// A runbook, a run to go on with, or the entry of a change.
    #[arg(value_name = "run")]
    pub run_of: String,
    /// What its operations ask for.
    #[command(flatten)]
    pub answers: Answers,
}

impl RunArgs {
    /// Returns what is said of an entry.
    pub fn of_entry(&self, entry: &str) -> EntryArgs {
        EntryArgs { entry: entry.to_owned(), answers: self.answers.clone(), target: None }
    }
}

/// The arguments of `runbook export`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct ExportArgs {
    /// The run.
    #[arg(value_name = "run")]
    pub run: String,
    /// In which form.
    #[arg(long = "output", short = 'o', value_enum, value_name = "format", default_value = "markdown")]
    pub report_form: Form,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Form {
    /// Markdown.
    #[default]
    Markdown,
    /// HTML.
    Html,
    /// JSON.
    Json,
}

//! Defines the arguments of `sekisho runbook`.

use std::path::PathBuf;

use crate::cli::args::EntryArgs;

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
    /// Makes the change of an entry, and follows it to its end.
    Run(EntryArgs),
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

//! The command line of `sekisho journal`.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use crate::cli::args::Output;
use crate::cli::get::ask::Since;
use crate::journal::query::VERDICTS;

/// The arguments of `journal`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct JournalArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: JournalAction,
}

/// What can be done with a journal.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum JournalAction {
    /// Prints its records.
    List(ListArgs),
    /// Says whether it is as it was written.
    Verify(VerifyArgs),
    /// Writes its records for other programs.
    Export(ExportArgs),
}

/// The arguments of `journal list`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct ListArgs {
    /// The file, and which records.
    #[command(flatten)]
    pub which: Which,
    /// In which form.
    #[command(flatten)]
    pub shown: Shown,
}

/// The arguments of `journal verify`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct VerifyArgs {
    /// The file; the journal of this machine without it.
    #[arg(id = "journal_file", value_name = "file")]
    pub file: Option<PathBuf>,
    /// In which form.
    #[command(flatten)]
    pub shown: Shown,
}

/// The arguments of `journal export`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct ExportArgs {
    /// The file, and which records.
    #[command(flatten)]
    pub which: Which,
    /// In which form.
    #[arg(
        id = "journal_form",
        long = "output",
        short = 'o',
        value_enum,
        value_name = "format",
        default_value = "jsonl"
    )]
    pub form: Form,
}

/// In which form records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
pub struct Shown {
    /// In which form.
    #[arg(
        id = "journal_output",
        long = "output",
        short = 'o',
        value_enum,
        value_name = "format",
        default_value = "table"
    )]
    pub output: Output,
}

/// Which records of which journal.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Which {
    /// The file; the journal of this machine without it.
    #[arg(id = "journal_file", value_name = "file")]
    pub file: Option<PathBuf>,
    /// Not older than this.
    #[arg(id = "journal_since", long = "since", value_name = "time")]
    pub since: Option<Since>,
    /// Not newer than this.
    #[arg(id = "journal_until", long = "until", value_name = "time")]
    pub until: Option<Since>,
    /// The catalogue entry.
    #[arg(id = "journal_entry", long = "entry", value_name = "entry")]
    pub entry: Option<String>,
    /// Who.
    #[arg(id = "journal_actor", long = "actor", value_name = "text")]
    pub actor: Option<String>,
    /// What came of it.
    #[arg(id = "journal_result", long = "result", value_name = "result", value_parser = PossibleValuesParser::new(VERDICTS))]
    pub result: Option<String>,
    /// The ticket.
    #[arg(id = "journal_ticket", long = "ticket", value_name = "text")]
    pub ticket: Option<String>,
    /// The run of a runbook.
    #[arg(id = "journal_run", long = "run", value_name = "text")]
    pub run: Option<String>,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Form {
    /// The records as they are, one a line.
    #[default]
    Jsonl,
    /// Events of the Open Cybersecurity Schema Framework, one a line.
    Ocsf,
}

//! `runbook runs` and `runbook export`: the runs of this machine, and their reports.

use std::io::{self, Write};

use crate::cli::get::table;
use crate::cli::{Exit, complain};
use crate::config::document::printable;
use crate::i18n::Texts;
use crate::runbook::report;
use crate::runbook::run::Run;
use crate::runbook::store::{RunError, RunStore};
use crate::runbook::words;
use crate::t;

use super::args::{ExportArgs, Form};

/// Prints the runs, the newest first.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn list(store: &RunStore, texts: Texts, out: &mut dyn Write, faults: &mut dyn Write) -> io::Result<Exit> {
    let (runs, broken) = match store.list() {
        Ok(listed) => listed,
        Err(error) => return refuse(&error, texts, faults),
    };
    if runs.is_empty() {
        writeln!(out, "{}", t!(texts, "runbooks.runs.none"))?;
    } else {
        let titles = vec![
            t!(texts, "runbooks.column.run"),
            t!(texts, "runbooks.column.title"),
            t!(texts, "screens.column.environment"),
            t!(texts, "runbooks.column.began"),
            t!(texts, "runbooks.column.state"),
        ];
        table::write((titles, runs.iter().map(|run| row(run, texts)).collect()), out)?;
    }
    if broken > 0 {
        writeln!(faults, "{}", t!(texts, "runbooks.runs.broken", n = broken, folder = store.folder().display()))?;
    }
    Ok(Exit::Fine)
}

fn row(run: &Run, texts: Texts) -> Vec<String> {
    let state = match (&run.ended, run.step()) {
        (Some(end), _) if end.given_up.is_some() => t!(texts, "runbooks.report.given-up").to_owned(),
        (Some(_), _) => t!(texts, "runbooks.outcome.done").to_owned(),
        (None, Some(step)) => words::name(texts, step),
        (None, None) => String::new(),
    };
    vec![
        run.id.to_string(),
        words::text(texts, &run.runbook.title).to_owned(),
        run.setting.environment.clone(),
        report::time(run.began_at()),
        state,
    ]
}

/// Prints the report of a run.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn export(
    args: &ExportArgs,
    store: &RunStore,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let Ok(id) = args.run.parse() else {
        return complain([t!(texts, "runbooks.runs.no-such", run = printable(&args.run))], faults);
    };
    let run = match store.read(&id) {
        Ok(run) => run,
        Err(error) => return refuse(&error, texts, faults),
    };
    let text = match args.report_form {
        Form::Markdown => report::markdown(&run, texts),
        Form::Html => report::html(&run, texts),
        Form::Json => report::json(&run)? + "\n",
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

/// Says why a run cannot be had.
///
/// # Errors
/// Where `faults` cannot be written to.
pub fn refuse(error: &RunError, texts: Texts, faults: &mut dyn Write) -> io::Result<Exit> {
    complain([words::run_error(texts, error)], faults)?;
    Ok(match error {
        RunError::NotThere(_) | RunError::InUse(_) | RunError::Stepless => Exit::Usage,
        RunError::Broken(_) | RunError::Io { .. } => Exit::Source,
    })
}

//! `runbook runs` and `runbook export`: the runs of this machine, and their reports.

use std::io::{self, Write};

use crate::cli::get::table;
use crate::cli::runs::{RunError, RunStore};
use crate::cli::{Exit, complain};
use crate::config::document::printable;
use crate::i18n::Texts;
use crate::runbook::report;
use crate::runbook::run::Run;
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
    let (sentence, exit) = match error {
        RunError::NotThere(id) => (t!(texts, "runbooks.runs.no-such", run = id), Exit::Usage),
        RunError::InUse(id) => (t!(texts, "runbooks.runs.in-use", run = id), Exit::Usage),
        RunError::Broken(path) => (t!(texts, "runbooks.runs.broken-one", path = path.display()), Exit::Source),
        RunError::Stepless => (t!(texts, "runbooks.none").to_owned(), Exit::Usage),
        RunError::Io { path, source } => (format!("{}: {source}", path.display()), Exit::Source),
    };
    complain([sentence], faults)?;
    Ok(exit)
}

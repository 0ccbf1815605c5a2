//! `sekisho journal export`: records for other programs, one a line, as they are read.

use std::io::{self, Write};

use crate::cli::Exit;
use crate::journal::chain::{Broken, Verifier, Why};
use crate::journal::lines::{Content, Lines};
use crate::journal::ocsf;
use crate::journal::query::Query;

use super::Desk;
use super::args::{ExportArgs, Form};

/// Writes the records up to where the journal breaks: what stands behind that is not proven, and nobody should take it
/// for what was done.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub(super) fn run(
    desk: &Desk<'_>,
    wanted: &ExportArgs,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let (path, lines) = match desk.open(wanted.which.file.as_deref(), faults)? {
        Ok(opened) => opened,
        Err(exit) => return Ok(exit),
    };
    let Some(lines) = lines else { return Ok(Exit::Fine) };
    let broken = write(desk, wanted.form, &desk.query(&wanted.which), lines, out)?;
    out.flush()?;
    match broken {
        Some(Broken { line, why }) => {
            writeln!(faults, "{}", desk.broken(&path, line, &why))?;
            Ok(if matches!(why, Why::Unreadable(_)) { Exit::Source } else { Exit::Attention })
        }
        None => Ok(Exit::Fine),
    }
}

fn write(
    desk: &Desk<'_>,
    form: Form,
    query: &Query,
    mut lines: Lines,
    out: &mut dyn Write,
) -> io::Result<Option<Broken>> {
    let mut verifier = Verifier::default();
    loop {
        let number = lines.number();
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Broken { line: number, why: Why::Unreadable(error.to_string()) })),
        };
        let broken = |why| Ok(Some(Broken { line: number, why }));
        let bytes = match &line.content {
            Content::Whole(bytes) => bytes,
            Content::Torn(_) => return broken(Why::Torn),
            Content::TooLong => return broken(Why::TooLong),
        };
        let record = match verifier.follow(bytes) {
            Ok(record) => record,
            Err(why) => return broken(why),
        };
        if !query.matches(&record) || !desk.is_chosen(&record) {
            continue;
        }
        match form {
            // As it was written, to the byte: whoever gets it can verify it.
            Form::Jsonl => out.write_all(bytes)?,
            Form::Ocsf => serde_json::to_writer(&mut *out, &ocsf::event(&record))?,
        }
        out.write_all(b"\n")?;
    }
}

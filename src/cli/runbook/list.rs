//! `runbook list`: what there is, for whom, and what it answers.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use crate::cli::Exit;
use crate::cli::get::table;
use crate::domain::environment::Environment;
use crate::i18n::Texts;
use crate::runbook::book::Runbook;
use crate::runbook::choice::Catalogues;
use crate::t;
use crate::ui::words;

use super::places;

/// A runbook, and the environments where it stands just so.
type Same<'n> = (Arc<Runbook>, Vec<&'n str>);

/// Prints a row for each runbook, with the environments where it stands just so.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn run(
    environments: &[&Environment],
    catalogues: &Catalogues,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let mut rows: BTreeMap<String, Vec<Same<'_>>> = BTreeMap::new();
    for (environment, catalogue) in places(environments, catalogues) {
        for runbook in catalogue.runbooks_in(environment) {
            // Environments may have catalogues of their own, with another runbook of the same name.
            let same = rows.entry(runbook.id.0.clone()).or_default();
            match same.iter_mut().find(|(known, _)| *known == runbook) {
                Some((_, names)) => names.push(&environment.name),
                None => same.push((runbook, vec![&environment.name])),
            }
        }
    }
    let rows: Vec<Vec<String>> = rows.values().flatten().map(|(runbook, names)| row(runbook, names, texts)).collect();
    if rows.is_empty() {
        writeln!(out, "{}", t!(texts, "runbooks.none"))?;
        return Ok(Exit::Fine);
    }
    let titles = vec![
        t!(texts, "runbooks.column.runbook"),
        t!(texts, "runbooks.column.title"),
        t!(texts, "screens.column.environment"),
        t!(texts, "runbooks.column.roles"),
        t!(texts, "runbooks.column.steps"),
        t!(texts, "runbooks.column.answers"),
    ];
    table::write((titles, rows), out)?;
    Ok(Exit::Fine)
}

fn row(runbook: &Runbook, names: &[&str], texts: Texts) -> Vec<String> {
    let answers: Vec<String> = runbook.answers.iter().map(ToString::to_string).collect();
    vec![
        runbook.id.0.clone(),
        words::runbook::text(texts, &runbook.title).to_owned(),
        names.join(" "),
        runbook.roles.join(" "),
        runbook.steps.len().to_string(),
        if answers.is_empty() { "-".to_owned() } else { answers.join(" ") },
    ]
}

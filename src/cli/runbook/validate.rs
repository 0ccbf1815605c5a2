//! `runbook validate`: every fault of a catalogue, or that it has none.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::{Exit, complain};
use crate::domain::environment::Environment;
use crate::i18n::Texts;
use crate::runbook::catalogue::{Catalogue, Origin};
use crate::runbook::choice::Catalogues;
use crate::t;

use super::places;

/// Tells every fault of a directory.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn folder(path: &Path, texts: Texts, out: &mut dyn Write, faults: &mut dyn Write) -> io::Result<Exit> {
    match Catalogue::load(path) {
        Ok(catalogue) => {
            sound(&catalogue, texts, out)?;
            Ok(Exit::Fine)
        }
        Err(errors) => complain(errors.iter().map(|error| error.render(texts)), faults),
    }
}

/// Says that the catalogues of the configuration are sound: they were loaded and checked.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn configured(
    environments: &[&Environment],
    catalogues: &Catalogues,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let mut told: Vec<String> = Vec::new();
    for (_, catalogue) in places(environments, catalogues) {
        if !told.iter().any(|hash| hash == catalogue.hash()) {
            sound(&catalogue, texts, out)?;
            told.push(catalogue.hash().to_owned());
        }
    }
    Ok(Exit::Fine)
}

fn sound(catalogue: &Catalogue, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    let mut entries: Vec<&str> = catalogue.entries().iter().map(|entry| entry.id.written()).collect();
    entries.sort_unstable();
    entries.dedup();
    let origin = match catalogue.origin() {
        Origin::BuiltIn => t!(texts, "runbooks.built-in").to_owned(),
        origin => origin.place().to_string_lossy().into_owned(),
    };
    let sentence =
        t!(texts, "runbooks.sound", origin = origin, entries = entries.len(), runbooks = catalogue.runbooks().len());
    writeln!(out, "{sentence}\n    SHA-256 {}", catalogue.hash())
}

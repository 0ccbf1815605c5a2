//! `sekisho get`: the console's data without its screen.
//!
//! What is read goes through the same state as on the screen, so that both say the same of the same account.

mod json;
mod read;
mod table;

use std::io::{self, Write};

use crate::i18n::Texts;
use crate::state::State;

use super::Exit;
use super::account::Account;
use super::args::{GetArgs, Output, View};
use super::remedy::remedy;

pub use read::read;

/// Reads a view and prints it; what failed goes to `faults`, and what was read is printed all the same.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub async fn run(
    args: GetArgs,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let state = read(&account.watch(), args.view, !account.config.chosen).await;
    match args.output {
        Output::Json => json::print(&state, args.view, out)?,
        Output::Table => table::print(&state, args.view, texts, out)?,
    }
    let failed = report_failures(&state, args.view, texts, faults)?;
    Ok(match args.view {
        _ if failed => Exit::Source,
        View::Queue if !state.overview.items.is_empty() => Exit::Attention,
        _ => Exit::Fine,
    })
}

/// Writes what could not be read and what to do about it; returns whether there was anything.
fn report_failures(state: &State, view: View, texts: Texts, faults: &mut dyn Write) -> io::Result<bool> {
    let mut failed = false;
    for source in &state.sources {
        for (panel, failure) in source.failures().filter(|(panel, _)| read::needs(view, *panel)) {
            failed = true;
            let names: Vec<&str> = source
                .environments
                .iter()
                .filter_map(|index| state.environments.get(*index))
                .map(|environment| environment.name.as_str())
                .collect();
            let what = crate::ui::words::panel(texts, panel);
            let line = crate::ui::words::failure_line(texts, failure);
            let remedy = remedy(texts, failure, &source.profile);
            writeln!(faults, "{} {}: {what}: {line}\n    {remedy}", names.join(" "), source.region)?;
        }
    }
    Ok(failed)
}

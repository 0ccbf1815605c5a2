//! `sekisho get`: the console's data without its screen.
//!
//! What is read goes through the same state as on the screen, so that both say the same of the same account.

pub mod ask;
mod json;
pub(super) mod read;
pub(super) mod table;
mod targets;

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::domain::fetch::{Failure, FailureKind};
use crate::i18n::Texts;
use crate::runbook::choice::Catalogues;
use crate::state::State;
use crate::t;

use super::Exit;
use super::account::Account;
use super::args::{GetArgs, Output, View};
use super::remedy::remedy;

use ask::Ask;

/// Reads a view and prints it; what failed goes to `faults`, and what was read is printed all the same.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub async fn run(
    args: &GetArgs,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let watch = account.watch();
    let zone = if account.config.utc { TimeZone::UTC } else { TimeZone::system() };
    let catalogues = match args.view {
        View::Targets => super::catalogue::load(&account.config, texts, faults)?,
        _ => Ok(Catalogues::built_in()),
    };
    let catalogues = match catalogues {
        Ok(catalogues) => catalogues,
        Err(exit) => return Ok(exit),
    };
    let ask = Ask::of(args, &zone, watch.clock.now());
    let state = read::read(&watch, &ask, !account.config.chosen).await;
    let failed = report_failures(&state, ask.view, texts, faults)?;
    if let Some(name) = ask.acl.as_ref().filter(|name| !failed && !read::has_acl(&state, name)) {
        let there = state.waf.all().iter().map(|row| row.id.key.name.as_str()).collect::<Vec<_>>().join(" ");
        writeln!(faults, "{}", t!(texts, "cli.get.no-acl", name = name, names = there))?;
        return Ok(Exit::Usage);
    }
    match args.output {
        _ if ask.view == View::Targets => targets::print(&state, &catalogues, args.output, texts, out)?,
        Output::Json => json::print(&state, &ask, out)?,
        Output::Table => table::print(&state, &ask, texts, out)?,
    }
    Ok(match ask.view {
        _ if failed => Exit::Source,
        View::Queue if !state.overview.items.is_empty() => Exit::Attention,
        _ => Exit::Fine,
    })
}

/// Tells whether a failure leaves a view without something that it should have.
///
/// A service that nobody switched on is missed only where it is what was asked for.
fn is_missed(view: View, failure: &Failure) -> bool {
    let is_off = matches!(failure.kind, FailureKind::NotEnabled | FailureKind::NotSubscribed);
    !(is_off && matches!(view, View::Queue | View::Fleet))
}

/// Writes what could not be read and what to do about it; returns whether there was anything.
fn report_failures(state: &State, view: View, texts: Texts, faults: &mut dyn Write) -> io::Result<bool> {
    let mut failed = false;
    for source in &state.sources {
        let needed = |(panel, failure): &(_, &Failure)| read::needs(view, *panel) && is_missed(view, failure);
        for (panel, failure) in source.failures().filter(needed) {
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

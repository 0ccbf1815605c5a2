//! `sekisho runbook`: the runbooks of the catalogue, without the console.

pub mod args;
mod list;
pub mod run;
mod runs;
mod show;
mod validate;

use std::io::{self, Write};
use std::sync::Arc;

use crate::domain::environment::Environment;
use crate::i18n::Texts;
use crate::runbook::catalogue::Catalogue;
use crate::runbook::choice::Catalogues;

use crate::runbook::store::RunStore;
use crate::t;

use super::account::Account;
use super::args::Subcommand;
use super::{Exit, complain, outfit};
use args::{RunArgs, RunbookArgs, Wanted};

/// Does what is wanted; `validate` of a directory needs no account.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn without_account(
    args: &RunbookArgs,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Option<Exit>> {
    match &args.wanted {
        Wanted::Validate(wanted) => match &wanted.directory {
            Some(folder) => validate::folder(folder, texts, out, faults).map(Some),
            None => Ok(None),
        },
        Wanted::List | Wanted::Show(_) | Wanted::Run(_) | Wanted::Runs | Wanted::Export(_) => Ok(None),
    }
}

/// Does what is wanted, with the catalogues of the configuration.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn with_account(
    args: &RunbookArgs,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let store = || outfit::state_folder(account.simulator().is_some()).map(|folder| RunStore::within(&folder));
    match &args.wanted {
        Wanted::Runs | Wanted::Export(_) => {
            let Some(store) = store() else { return complain([t!(texts, "cli.session.no-home").to_owned()], faults) };
            return match &args.wanted {
                Wanted::Export(wanted) => runs::export(wanted, &store, texts, out, faults),
                _ => runs::list(&store, texts, out, faults),
            };
        }
        _ => {}
    }
    let catalogues = match super::catalogue::load(&account.config, texts, faults)? {
        Ok(catalogues) => catalogues,
        Err(exit) => return Ok(exit),
    };
    let configured = account.config.environments.iter().map(|configured| &configured.environment);
    let environments: Vec<&Environment> = configured.collect();
    match &args.wanted {
        Wanted::List => list::run(&environments, &catalogues, texts, out),
        Wanted::Show(wanted) => show::run(&wanted.runbook, &environments, &catalogues, texts, out, faults),
        // The others were carried out before.
        _ => validate::configured(&environments, &catalogues, texts, out),
    }
}

/// Pairs each environment with the catalogue that holds there.
fn places<'e>(environments: &[&'e Environment], catalogues: &Catalogues) -> Vec<(&'e Environment, Arc<Catalogue>)> {
    environments.iter().map(|&environment| (environment, Arc::clone(catalogues.of(environment)))).collect()
}

/// Finds what is to be run, where something is.
pub fn wants_run(command: &Subcommand) -> Option<&RunArgs> {
    match command {
        Subcommand::Runbook(RunbookArgs { wanted: Wanted::Run(wanted) }) => Some(wanted),
        _ => None,
    }
}

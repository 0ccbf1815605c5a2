//! `sekisho runbook`: the runbooks of the catalogue, without the console.

pub mod args;
mod list;
mod show;
mod validate;

use std::io::{self, Write};
use std::sync::Arc;

use crate::domain::environment::Environment;
use crate::i18n::Texts;
use crate::runbook::catalogue::Catalogue;
use crate::runbook::choice::Catalogues;

use super::account::Account;
use super::{Exit, session};
use args::{RunbookArgs, Wanted};

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
        Wanted::List | Wanted::Show(_) | Wanted::Run(_) => Ok(None),
    }
}

/// Does what is wanted, with the catalogues of the configuration; returns the number that the shell sees.
///
/// # Errors
/// Where `out` or `faults` cannot be written to, or the terminal is lost.
pub async fn run(
    args: &RunbookArgs,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<u8> {
    if let Wanted::Run(entry) = &args.wanted {
        let wanted = session::Wanted { entry, client: false, command: session::RUN };
        return session::run(wanted, account, texts, faults).await;
    }
    let catalogues = match super::catalogue::load(&account.config, texts, faults)? {
        Ok(catalogues) => catalogues,
        Err(exit) => return Ok(exit.code()),
    };
    let configured = account.config.environments.iter().map(|configured| &configured.environment);
    let environments: Vec<&Environment> = configured.collect();
    let exit = match &args.wanted {
        Wanted::Show(wanted) => show::run(&wanted.runbook, &environments, &catalogues, texts, out, faults)?,
        Wanted::Validate(_) => validate::configured(&environments, &catalogues, texts, out)?,
        Wanted::List | Wanted::Run(_) => list::run(&environments, &catalogues, texts, out)?,
    };
    out.flush()?;
    Ok(exit.code())
}

/// Pairs each environment with the catalogue that holds there.
fn places<'e>(environments: &[&'e Environment], catalogues: &Catalogues) -> Vec<(&'e Environment, Arc<Catalogue>)> {
    environments.iter().map(|&environment| (environment, Arc::clone(catalogues.of(environment)))).collect()
}

//! `runbook run`: a runbook, step by step on the terminal; a run that was begun; or the one operation of an entry.
//!
//! What was done is on the disk before the next thing is asked: whoever closes the laptop goes on later where they were.

mod ask;
mod board;
mod stepper;
mod steps;

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::account::Account;
use crate::cli::outfit::{self, Ready};
use crate::cli::session::{self, RUN};
use crate::cli::{Exit, complain};
use crate::config::EnvironmentConfig;
use crate::config::document::printable;
use crate::i18n::Texts;
use crate::runbook::book::{Runbook, RunbookId};
use crate::runbook::catalogue::Catalogue;
use crate::runbook::run::{RunId, Setting};
use crate::runbook::store::{Held, RunStore};
use crate::t;

use super::args::RunArgs;
use super::runs::refuse;
use board::Watched;
use stepper::Stepper;

/// Runs what is asked for; returns the number that the shell sees.
///
/// # Errors
/// Where the terminal cannot be read or written to.
pub async fn run(args: &RunArgs, account: &Account, texts: Texts, faults: &mut dyn Write) -> io::Result<u8> {
    let ready = match outfit::ready(account, texts, faults)? {
        Ok(ready) => ready,
        Err(exit) => return Ok(exit.code()),
    };
    let wanted = Asked { args, account, texts };
    let environments = &account.config.environments;
    let store = RunStore::within(&ready.folder);
    if let Ok(id) = args.run_of.parse::<RunId>()
        && !is_entry(&args.run_of, environments, &ready)
    {
        return match store.open(&id) {
            Ok(held) => Box::pin(go_on(wanted, held, store, ready, faults)).await,
            Err(error) => refuse(&error, texts, faults).map(Exit::code),
        };
    }
    let id = RunbookId(args.run_of.clone());
    let having: Vec<(&EnvironmentConfig, Arc<Runbook>)> = environments
        .iter()
        .filter_map(|one| Some((one, catalogue_of(one, &ready).runbook(&one.environment, &id)?.clone())))
        .collect();
    match &having[..] {
        [] => {
            let entry = args.of_entry(&args.run_of);
            let one = session::Wanted { entry: &entry, client: false, command: RUN };
            session::run_with(one, account, &ready, faults).await
        }
        [(configured, runbook)] => Box::pin(begin(wanted, (configured, runbook), store, ready, faults)).await,
        several => {
            let names: Vec<&str> = several.iter().map(|(one, _)| one.environment.name.as_str()).collect();
            let sentence = t!(texts, "runbooks.run.which-environment", id = printable(&id.0), names = names.join(" "));
            Ok(complain([sentence], faults)?.code())
        }
    }
}

/// Tells whether a text names an entry of several targets, which is written as a run is: `task-stop/1`.
fn is_entry(text: &str, environments: &[EnvironmentConfig], ready: &Ready) -> bool {
    let id = crate::runbook::entry::EntryId(text.to_owned());
    environments.iter().any(|one| catalogue_of(one, ready).entry(&one.environment, &id).is_some())
}

fn catalogue_of<'r>(configured: &EnvironmentConfig, ready: &'r Ready) -> &'r Arc<Catalogue> {
    ready.catalogues.of(&configured.environment)
}

/// What was asked for, and of which account.
#[derive(Clone, Copy)]
struct Asked<'a> {
    args: &'a RunArgs,
    account: &'a Account,
    texts: Texts,
}

/// Begins a run.
async fn begin(
    Asked { args, account, texts }: Asked<'_>,
    (configured, runbook): (&EnvironmentConfig, &Runbook),
    store: RunStore,
    ready: Ready,
    faults: &mut dyn Write,
) -> io::Result<u8> {
    let watched = Watched::read(account, configured).await;
    let actor = match watched.actor(&runbook.roles, texts) {
        Ok(actor) => actor,
        Err((sentences, exit)) => {
            complain(sentences, faults)?;
            return Ok(exit.code());
        }
    };
    let setting = Setting {
        environment: configured.environment.name.clone(),
        account: watched.account(),
        catalogue: catalogue_of(configured, &ready).hash().to_owned(),
    };
    match store.begin(setting, runbook, actor, Timestamp::now()) {
        Ok(held) => {
            let ui = match account.ui(faults)? {
                Ok(ui) => ui,
                Err(exit) => return Ok(exit.code()),
            };
            Box::pin(Stepper { args, held, store, account, configured, ready, ui, watched }.run(faults)).await
        }
        Err(error) => refuse(&error, texts, faults).map(Exit::code),
    }
}

/// Goes on with a run.
async fn go_on(
    Asked { args, account, texts }: Asked<'_>,
    mut held: Held,
    store: RunStore,
    ready: Ready,
    faults: &mut dyn Write,
) -> io::Result<u8> {
    let mut environments = account.config.environments.iter();
    let Some(configured) = environments.find(|one| one.environment.name == held.run.setting.environment) else {
        let name = printable(&held.run.setting.environment);
        return Ok(complain([t!(texts, "runbooks.run.other-environment", name = name)], faults)?.code());
    };
    let watched = Watched::read(account, configured).await;
    let actor = match watched.actor(&held.run.runbook.roles, texts) {
        Ok(actor) if watched.account() == held.run.setting.account => actor,
        Ok(_) => {
            let account = &held.run.setting.account;
            complain([t!(texts, "runbooks.run.other-account", account = account)], faults)?;
            return Ok(Exit::Refused.code());
        }
        Err((sentences, exit)) => {
            complain(sentences, faults)?;
            return Ok(exit.code());
        }
    };
    if held.run.is_over() {
        return Ok(complain([t!(texts, "runbooks.run.is-over", run = held.run.id)], faults)?.code());
    }
    let now = Timestamp::now();
    held.run.take_over(actor, now);
    if held.run.recover(now) {
        writeln!(faults, "{}", t!(texts, "runbooks.run.recovered"))?;
    }
    if held.run.setting.catalogue != catalogue_of(configured, &ready).hash() {
        writeln!(faults, "{}", t!(texts, "runbooks.run.catalogue-changed"))?;
    }
    if let Err(error) = held.save() {
        return refuse(&error, texts, faults).map(Exit::code);
    }
    let ui = match account.ui(faults)? {
        Ok(ui) => ui,
        Err(exit) => return Ok(exit.code()),
    };
    Box::pin(Stepper { args, held, store, account, configured, ready, ui, watched }.run(faults)).await
}

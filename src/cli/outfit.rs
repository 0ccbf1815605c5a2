//! What operations are carried out with: the catalogues, the folder of the journal and of recordings, this machine's name.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::aws::{Now, Shared};
use crate::i18n::Texts;
use crate::operate::{Operator, Outfit};
use crate::runbook::choice::Catalogues;
use crate::runtime::clock::Clock;
use crate::t;

use super::account::Account;
use super::{Exit, catalogue, complain, log};

/// What carries out operations, and what it was made from.
pub struct Ready {
    /// Carries them out.
    pub operator: Operator,
    /// The catalogues.
    pub catalogues: Catalogues,
    /// The state folder.
    pub folder: PathBuf,
    /// Where recordings are kept.
    pub recordings: PathBuf,
}

/// Returns the folder of the journal, `~/.local/state/sekisho/journal/`; what the simulated account plays has its own.
pub fn journal_folder(is_demo: bool) -> Option<PathBuf> {
    Some(state_folder(is_demo)?.join("journal"))
}

/// Returns this machine's name.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub fn state_folder(is_demo: bool) -> Option<PathBuf> {
    let folder = log::folder()?;
    Some(if is_demo { folder.join("demo") } else { folder })
}

/// Makes ready for operations; what stands in the way is written to `faults`.
///
/// What the simulated account plays is kept apart, in a folder `demo`: it never happened.
///
/// # Errors
/// Where `faults` cannot be written to.
pub fn ready(account: &Account, texts: Texts, faults: &mut dyn Write) -> io::Result<Result<Ready, Exit>> {
    let config = &account.config;
    let catalogues = match catalogue::load(config, texts, faults)? {
        Ok(catalogues) => catalogues,
        Err(exit) => return Ok(Err(exit)),
    };
    let Some(folder) = state_folder(account.simulator().is_some()) else {
        return complain([t!(texts, "cli.session.no-home").to_owned()], faults).map(Err);
    };
    let recordings = folder.join("recordings");
    let clock = Clock::real();
    let now = clock.clone();
    let of = |name: &str| {
        let configured = config.environments.iter().find(|configured| configured.environment.name == name)?;
        Some(catalogues.of(&configured.environment).clone())
    };
    let names = config.environments.iter().map(|configured| configured.environment.name.clone());
    let by_name: BTreeMap<_, _> = names.filter_map(|name| of(&name).map(|catalogue| (name, catalogue))).collect();
    let operator = Operator::new(Outfit {
        environments: config.environments.clone(),
        roles: config.roles.clone(),
        catalogues: by_name,
        endpoint_url: config.endpoint_url.clone(),
        shared: Shared::new(Now::new(move || now.now())).keeping_denials(account.keeper()),
        clock,
        journal: folder.join("journal"),
        heads: config.journal.clone(),
        recordings: recordings.clone(),
        host: host(),
        texts,
    });
    Ok(Ok(Ready { operator, catalogues, folder, recordings }))
}

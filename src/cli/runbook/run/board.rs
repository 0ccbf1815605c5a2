//! What the dashboards show of one environment, read once.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::Exit;
use crate::cli::account::Account;
use crate::cli::args::{GetArgs, Output, View};
use crate::cli::get::{ask::Ask, read};
use crate::config::EnvironmentConfig;
use crate::domain::identity::Identity;
use crate::i18n::Texts;
use crate::runbook::book::Runbook;
use crate::runbook::query::{Query, Sight};
use crate::runbook::run::Actor;
use crate::state::sessions::target::Verdict;
use crate::state::source::Source;
use crate::state::{State, runbooks};
use crate::ui::{Ui, snapshot, words};

/// What was read of an environment.
pub struct Watched {
    state: State,
}

impl Watched {
    /// Reads what the dashboards show of an environment.
    pub async fn read(account: &Account, configured: &EnvironmentConfig) -> Self {
        let mut watch = account.watch();
        watch.environments = vec![configured.clone()];
        let zone = if account.config.utc { TimeZone::UTC } else { TimeZone::system() };
        let wanted = GetArgs { view: View::Queue, output: Output::Table, acl: None, severity: None, since: None };
        let ask = Ask::of(&wanted, &zone, watch.clock.now());
        let state = read::read(&watch, &ask, false).await;
        Self { state }
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.state.sources.iter()
    }

    fn identity(&self) -> Option<(&Source, &Identity)> {
        self.sources().find_map(|source| Some((source, source.identity.value.as_deref()?)))
    }

    /// Returns the account that was verified; empty where none was.
    pub fn account(&self) -> String {
        self.identity().map(|(_, identity)| identity.account.to_string()).unwrap_or_default()
    }

    /// Returns who acts, where they may run a runbook of these roles; or says why not, and how that ends.
    ///
    /// # Errors
    /// The sentences, and the exit.
    pub fn actor(&self, roles: &[String], texts: Texts) -> Result<Actor, (Vec<String>, Exit)> {
        match runbooks::actor(&self.state, 0, roles) {
            Ok((actor, _)) => Ok(actor),
            Err(Verdict::Denied(denial)) => {
                let (problem, need) = words::gate::denial(texts, &denial);
                Err((vec![problem, format!("    {need}")], Exit::Refused))
            }
            Err(Verdict::Unverified | Verdict::Allowed) => {
                let failure = self.sources().find_map(|source| source.failures().next());
                let sentence = failure.map(|(_, failure)| words::failure_line(texts, failure));
                Err((sentence.into_iter().collect(), Exit::Source))
            }
        }
    }

    /// Looks for what a check looks for.
    pub fn look(&self, query: Query, now: Timestamp) -> Sight {
        query.look(&runbooks::board(&self.state, 0, None), now)
    }

    /// Writes down what the dashboards show.
    pub fn snapshot(&self, ui: &Ui, runbook: &Runbook) -> String {
        snapshot::text(&self.state, ui, runbook)
    }
}

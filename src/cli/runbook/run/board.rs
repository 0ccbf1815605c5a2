//! What the dashboards show of one environment, read once.

use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::Exit;
use crate::cli::account::Account;
use crate::cli::args::{GetArgs, Output, View};
use crate::cli::get::{ask::Ask, read, table};
use crate::config::EnvironmentConfig;
use crate::domain::fetch::Panel;
use crate::domain::identity::{Identity, RoleResolution};
use crate::domain::queue::Subject;
use crate::i18n::Texts;
use crate::policy::Denial;
use crate::runbook::query::{Board, Query, Sight};
use crate::runbook::run::Actor;
use crate::state::State;
use crate::state::source::Source;
use crate::ui::words;

/// What was read of an environment.
pub struct Watched {
    state: State,
    ask: Ask,
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
        Self { state, ask }
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
        let Some((source, identity)) = self.identity() else {
            let failure = self.sources().find_map(|source| source.failures().next());
            let sentence = failure.map(|(_, failure)| words::failure_line(texts, failure));
            return Err((sentence.into_iter().collect(), Exit::Source));
        };
        let denial = match self.state.role_of(source) {
            RoleResolution::One(role) if roles.contains(&role) => {
                return Ok(Actor { arn: identity.arn.clone(), role });
            }
            RoleResolution::One(role) => Denial::NotForRole { role, allowed: roles.to_vec() },
            RoleResolution::None => Denial::NoRole,
            RoleResolution::Ambiguous(roles) => Denial::SeveralRoles(roles),
        };
        let (problem, need) = words::gate::denial(texts, &denial);
        Err((vec![problem, format!("    {need}")], Exit::Refused))
    }

    /// Looks for what a check looks for.
    pub fn look(&self, query: Query, now: Timestamp) -> Sight {
        let items = &self.state.overview.items;
        let own = |subject: &Subject| !matches!(subject, Subject::Source(..));
        let failures = self.sources().flat_map(Source::failures).collect();
        let is_read = |panel: Panel| match panel {
            Panel::Services => self.sources().all(|source| source.services.value.is_some()),
            Panel::Alarms => self.sources().all(|source| source.alarms.value.is_some()),
            Panel::Findings => self.sources().all(|source| source.findings.value.is_some()),
            Panel::Waf => self.sources().all(|source| source.waf.value.is_some()),
            _ => true,
        };
        let unread = query.panels().iter().copied().filter(|panel| !is_read(*panel)).collect();
        let board = Board { items: items.iter().filter(|item| own(&item.subject)).collect(), failures, unread };
        query.look(&board, now)
    }

    /// Writes down what the dashboards show: the queue and the services, as tables.
    ///
    /// # Errors
    /// Where memory cannot be written to, which does not happen.
    pub fn snapshot(&self, texts: Texts) -> io::Result<String> {
        let mut text = Vec::new();
        for view in [View::Queue, View::Services] {
            let ask = Ask { view, ..self.ask.clone() };
            table::print(&self.state, &ask, texts, &mut text)?;
            text.push(b'\n');
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

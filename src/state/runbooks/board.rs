//! What the dashboards show of one environment to a check, and who may run a runbook there.

use crate::domain::fetch::Panel;
use crate::domain::identity::RoleResolution;
use crate::domain::queue::Subject;
use crate::policy;
use crate::runbook::query::Board;
use crate::runbook::run::Actor;

use crate::state::{
    State,
    sessions::target::{Verdict, source_of},
    source::Source,
};

/// Returns what the dashboards show of an environment, which is among what is shown.
pub fn board(state: &State, environment: usize) -> Board<'_> {
    let sources = || state.sources.iter().filter(move |source| source.environments.contains(&environment));
    let is_own = |item: &&crate::domain::queue::Item| {
        item.place.environment == Some(environment) && !matches!(item.subject, Subject::Source(..))
    };
    let is_read = |panel: &Panel| match panel {
        Panel::Services => sources().all(|source| source.services.value.is_some()),
        Panel::Alarms => sources().all(|source| source.alarms.value.is_some()),
        Panel::Findings => sources().all(|source| source.findings.value.is_some()),
        Panel::Waf => sources().all(|source| source.waf.value.is_some()),
        _ => true,
    };
    let panels = [Panel::Services, Panel::Alarms, Panel::Findings, Panel::Waf];
    Board {
        items: state.overview.items.iter().filter(is_own).collect(),
        failures: sources().flat_map(Source::failures).collect(),
        unread: panels.into_iter().filter(|panel| !is_read(panel)).collect(),
    }
}

/// Returns who acts in an environment, and the account that was verified, where they may run a runbook of these roles.
///
/// # Errors
/// Why they may not, which is never [`Verdict::Allowed`].
pub fn actor(state: &State, environment: usize, roles: &[String]) -> Result<(Actor, String), Verdict> {
    let place = state.environments.get(environment).ok_or(Verdict::Unverified)?;
    let (_, source) = source_of(state, environment).ok_or(Verdict::Unverified)?;
    let identity = source.identity.value.as_ref().ok_or(Verdict::Unverified)?;
    let role: RoleResolution = state.role_of(source);
    let role = policy::may_run(roles, identity, &role, place).map_err(Verdict::Denied)?;
    Ok((Actor { arn: identity.arn.clone(), role }, identity.account.to_string()))
}

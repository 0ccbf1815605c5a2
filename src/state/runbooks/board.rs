//! What the dashboards show of one environment to a check, and who may run a runbook there.

use jiff::Timestamp;

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
///
/// What was not read since a moment, where one is given, or not all of it, counts as not read.
pub fn board(state: &State, environment: usize, since: Option<Timestamp>) -> Board<'_> {
    let sources = || state.sources.iter().filter(move |source| source.environments.contains(&environment));
    let is_own = |item: &&crate::domain::queue::Item| {
        item.place.environment == Some(environment) && !matches!(item.subject, Subject::Source(..))
    };
    let panels = [Panel::Services, Panel::Alarms, Panel::Findings, Panel::Waf];
    Board {
        items: state.overview.items.iter().filter(is_own).collect(),
        failures: sources().flat_map(Source::failures).collect(),
        unread: panels.into_iter().filter(|panel| !sources().all(|source| is_read(source, *panel, since))).collect(),
    }
}

/// Tells whether all that a panel looks at was read, since a moment where one is given.
fn is_read(source: &Source, panel: Panel, since: Option<Timestamp>) -> bool {
    let is_whole = match panel {
        Panel::Services => source.services.value.as_ref().is_some_and(|read| read.unread == 0 && !read.capped),
        Panel::Alarms => source.alarms.value.as_ref().is_some_and(|read| !read.capped),
        Panel::Findings => source
            .findings
            .value
            .as_ref()
            .is_some_and(|read| read.read_elsewhere || (read.to_do_complete && !read.capped)),
        Panel::Waf => source.waf.value.as_ref().is_some_and(|read| {
            let at = |key| source.waf_baselines_at.get(key);
            let is_new = |at: &Timestamp| since.is_none_or(|since| *at >= since);
            !read.capped && read.acls.iter().all(|acl| at(&acl.key).is_some_and(is_new))
        }),
        _ => true,
    };
    is_whole && since.is_none_or(|since| source.read_at(panel).is_some_and(|at| at >= since))
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

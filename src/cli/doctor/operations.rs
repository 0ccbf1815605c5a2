//! Whether what the catalogue's operations need is allowed: what acts is not tried out, but IAM can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use crate::aws::{Asked, Connection, Simulation};
use crate::cli::account::Account;
use crate::cli::policy;
use crate::domain::environment::Environment;
use crate::domain::fetch::Failure;
use crate::domain::identity::{RoleResolution, resolve};
use crate::domain::text;
use crate::i18n::Texts;
use crate::policy::compile::{Compiled, Effect, Statement, compile_each, dashboard_actions};
use crate::runbook::choice::Catalogues;
use crate::runtime::sources::SourcePlan;
use crate::t;
use crate::ui::words;

/// An action that operations need, and what IAM says of it.
#[derive(Debug)]
pub(super) struct Needed {
    action: String,
    said: Said,
}

/// What IAM says of an action.
#[derive(Debug)]
enum Said {
    Allowed,
    /// It is denied to these statements of the compiled policy.
    Denied(Vec<String>),
    /// IAM was not asked, or did not say.
    Unknown(Failure),
}

impl Needed {
    /// Returns the action, and whether IAM says that it is allowed; nothing where it does not say.
    pub(super) fn verdict(&self) -> (&str, Option<bool>) {
        let is_allowed = match &self.said {
            Said::Allowed => Some(true),
            Said::Denied(_) => Some(false),
            Said::Unknown(_) => None,
        };
        (&self.action, is_allowed)
    }
}

/// Compiles the role of whoever asks, for what is read through a connection; nothing where there is no one role.
pub(super) fn compiled(
    connection: &Connection,
    plan: &SourcePlan,
    account: &Account,
    catalogues: &Catalogues,
) -> Option<Compiled> {
    let config = &account.config;
    let RoleResolution::One(role) = resolve(&config.roles, connection.identity()) else { return None };
    let own = plan.environments.iter().filter_map(|index| config.environments.get(*index));
    let places: Vec<Environment> = own
        .map(|configured| Environment {
            account: Some(connection.identity().account),
            regions: vec![connection.region().to_owned()],
            ..configured.environment.clone()
        })
        .collect();
    let of: Vec<_> = places.iter().map(|place| (catalogues.of(place).as_ref(), place)).collect();
    Some(compile_each(&of, &role, &policy::usual(account)))
}

/// Asks about what a role needs for its operations.
pub(super) async fn examine(connection: &Connection, compiled: &Compiled) -> Vec<Needed> {
    let is_read: BTreeSet<&str> = dashboard_actions().collect();
    let acts = |statement: &&Statement| {
        statement.effect == Effect::Allow && !statement.actions.iter().any(|action| is_read.contains(action.as_str()))
    };
    let mut simulation = connection.simulation();
    let mut said = BTreeMap::<String, Said>::new();
    let mut refusal = None;
    for statement in compiled.statements.iter().filter(acts) {
        if refusal.is_none() {
            refusal = ask(&mut simulation, statement, connection, &mut said).await.err();
        }
        if let Some(failure) = &refusal {
            for action in &statement.actions {
                said.entry(action.clone()).or_insert_with(|| Said::Unknown(failure.clone()));
            }
        }
    }
    said.into_iter().map(|(action, said)| Needed { action, said }).collect()
}

/// Asks about a statement, on the first resource that it names.
async fn ask(
    simulation: &mut Simulation<'_>,
    statement: &Statement,
    connection: &Connection,
    said: &mut BTreeMap<String, Said>,
) -> Result<(), Failure> {
    let answers = simulation.ask(&question(statement, connection)).await?;
    for (action, is_allowed) in answers {
        let known = said.entry(action).or_insert(Said::Allowed);
        match known {
            Said::Denied(statements) if !is_allowed => statements.push(statement.sid.clone()),
            _ if !is_allowed => *known = Said::Denied(vec![statement.sid.clone()]),
            _ => {}
        }
    }
    Ok(())
}

/// Makes a question of a statement: a resource that fits its pattern, and values that meet its conditions.
fn question(statement: &Statement, connection: &Connection) -> Asked {
    let pattern = statement.resources.first().map_or("*", String::as_str);
    let context = statement.conditions.values().flatten().map(|(key, values)| {
        let values = values.iter().map(|value| match value.as_str() {
            "${aws:userid}" => connection.identity().user_id.clone(),
            plain => concrete(plain, connection.region()),
        });
        (key.clone(), values.take(1).collect())
    });
    Asked {
        actions: statement.actions.clone(),
        resource: concrete(pattern, connection.region()),
        context: context.collect(),
    }
}

/// Puts something in place of a pattern's stars: the region where that is one, else a word.
fn concrete(pattern: &str, region: &str) -> String {
    if pattern == "*" {
        return pattern.to_owned();
    }
    let part = |(number, part): (usize, &str)| match (number, part) {
        (3, "*") => region.to_owned(),
        (_, part) => part.replace('*', "sekisho"),
    };
    pattern.split(':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

/// Prints what was said, and what is unknown together; returns whether nothing is denied.
pub(super) fn print(needed: &[Needed], texts: Texts, out: &mut dyn Write) -> io::Result<bool> {
    if needed.is_empty() {
        return Ok(true);
    }
    writeln!(out, "  {}", t!(texts, "screens.doctor.operations"))?;
    let (works, fails) = (t!(texts, "screens.doctor.works"), t!(texts, "screens.doctor.fails"));
    let unknown = t!(texts, "screens.doctor.unknown");
    let width = [works, fails, unknown].map(text::width).into_iter().max().unwrap_or(0);
    let mut why = None;
    for one in needed {
        let (word, statements) = match &one.said {
            Said::Allowed => (works, String::new()),
            Said::Denied(statements) => (fails, format!("  {}", statements.join(" "))),
            Said::Unknown(failure) => {
                why = Some(failure);
                (unknown, String::new())
            }
        };
        writeln!(out, "    {}  {}{statements}", text::pad(word, width), one.action)?;
    }
    if let Some(failure) = why {
        let why = words::failure_line(texts, failure);
        writeln!(out, "      {}", t!(texts, "screens.doctor.not-asked", why = why))?;
    }
    Ok(!needed.iter().any(|one| matches!(one.said, Said::Denied(_))))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::concrete;

    #[rstest]
    #[case("*", "*")]
    #[case("arn:aws:ecs:x:1:task/shop/*", "arn:aws:ecs:x:1:task/shop/sekisho")]
    #[case("arn:aws:securityhub:*:1:hub/default", "arn:aws:securityhub:eu-west-1:1:hub/default")]
    #[case("NOTIFIED", "NOTIFIED")]
    fn a_pattern_becomes_something_that_fits_it(#[case] pattern: &str, #[case] expected: &str) {
        assert_eq!(concrete(pattern, "eu-west-1"), expected);
    }
}

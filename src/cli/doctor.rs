//! `sekisho doctor`: what works, what is denied and which action is missing, per environment and screen.

use std::io::{self, Write};

use futures::future::join_all;
use jiff::Timestamp;

use crate::aws::{Action, Connection, Now, Shared};
use crate::config::Config;
use crate::domain::fetch::Failure;
use crate::domain::identity::{self, RoleResolution};
use crate::domain::text;
use crate::i18n::Texts;
use crate::runtime::sources::{self, SourcePlan};
use crate::t;
use crate::ui::words;

use super::Exit;
use super::account::Account;

/// The screens with the actions that each needs.
const SCREENS: [(&str, &[Action]); 4] = [
    (
        "screens.overview.title",
        &[Action::ListClusters, Action::ListServices, Action::DescribeServices, Action::DescribeAlarms],
    ),
    (
        "screens.services.title",
        &[
            Action::DescribeClusters,
            Action::ListTasks,
            Action::DescribeTasks,
            Action::ListServiceDeployments,
            Action::DescribeServiceDeployments,
            Action::DescribeServiceRevisions,
        ],
    ),
    ("screens.alarms.title", &[Action::DescribeAlarms, Action::DescribeAlarmHistory]),
    ("screens.doctor.charts", &[Action::GetMetricData]),
];

/// What was found out about a source.
struct Findings {
    connected: Result<Connection, Failure>,
    /// Each action once, in the order of the screens.
    actions: Vec<(Action, Result<(), Failure>)>,
}

/// Looks at everything that the console needs and says how it fares.
///
/// # Errors
/// Where `out` cannot be written to.
pub async fn run(account: &Account, texts: Texts, out: &mut dyn Write) -> io::Result<Exit> {
    let config = &account.config;
    ourselves(config, texts, out)?;
    let plans = sources::plan(&config.environments);
    let shared = Shared::new(Now::default());
    let found = join_all(plans.iter().map(|plan| examine(plan, config, &shared))).await;
    let mut sound = true;
    for (plan, findings) in plans.iter().zip(&found) {
        sound &= report(plan, findings, config, texts, out)?;
    }
    let key = if sound { "screens.doctor.sound" } else { "screens.doctor.unsound" };
    writeln!(out, "\n{}", texts.get(key))?;
    Ok(if sound { Exit::Fine } else { Exit::Attention })
}

/// Says which files are in force.
fn ourselves(config: &Config, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    let file = config
        .file
        .as_ref()
        .map_or_else(|| t!(texts, "screens.doctor.no-config").to_owned(), |path| path.display().to_string());
    let facts = [
        (t!(texts, "screens.doctor.version"), env!("CARGO_PKG_VERSION").to_owned()),
        (t!(texts, "screens.doctor.config"), file),
        (t!(texts, "screens.doctor.keymap"), config.keymap.clone()),
    ];
    let width = facts.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
    for (name, value) in facts {
        writeln!(out, "{}  {value}", text::pad(name, width))?;
    }
    Ok(())
}

async fn examine(plan: &SourcePlan, config: &Config, shared: &Shared) -> Findings {
    let connection = plan.connection(config.endpoint_url.as_deref());
    let connected = Connection::open(connection, shared.clone()).await;
    let mut actions = Vec::new();
    if let Ok(connection) = &connected {
        for action in SCREENS.iter().flat_map(|(_, actions)| actions.iter().copied()) {
            if !actions.iter().any(|(known, _)| *known == action) {
                actions.push((action, connection.probe(action).await));
            }
        }
    }
    Findings { connected, actions }
}

/// Prints what was found out about a source; returns whether all of it works.
fn report(
    plan: &SourcePlan,
    findings: &Findings,
    config: &Config,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let names: Vec<&str> = plan
        .environments
        .iter()
        .filter_map(|index| config.environments.get(*index))
        .map(|configured| configured.environment.name.as_str())
        .collect();
    let profile = plan.credentials.name();
    writeln!(out, "\n{}  {}  {profile}", names.join(" "), plan.region)?;
    let connection = match &findings.connected {
        Ok(connection) => connection,
        Err(failure) => {
            problem(failure, profile, texts, out)?;
            return Ok(false);
        }
    };
    let identity = connection.identity();
    let role = match identity::resolve(&config.roles, identity) {
        RoleResolution::One(role) => role,
        RoleResolution::None => t!(texts, "screens.header.no-role").to_owned(),
        RoleResolution::Ambiguous(names) => {
            t!(texts, "screens.doctor.ambiguous", roles = names.join(" "))
        }
    };
    writeln!(out, "  {}  {}  {role}", identity.account.hyphenated(), identity.arn)?;
    if let Some(endpoint) = connection.endpoint() {
        writeln!(out, "  {} {endpoint}", t!(texts, "screens.doctor.endpoint"))?;
    }
    if let Some(end) = connection.expires() {
        let left = words::left(texts, end.duration_since(Timestamp::now()));
        writeln!(out, "  {}", t!(texts, "screens.header.credentials", left = left))?;
    }
    let mut sound = true;
    for (screen, actions) in SCREENS {
        writeln!(out, "  {}", texts.get(screen))?;
        for action in actions {
            let Some((_, outcome)) = findings.actions.iter().find(|(known, _)| known == action) else { continue };
            match outcome {
                Ok(()) => writeln!(out, "    {}  {}", verdict(texts, true), action.name())?,
                Err(failure) => {
                    sound = false;
                    writeln!(out, "    {}  {}", verdict(texts, false), action.name())?;
                    problem(failure, profile, texts, out)?;
                }
            }
        }
    }
    Ok(sound)
}

/// Returns the word for an outcome, as wide as the other one.
fn verdict(texts: Texts, works: bool) -> String {
    let words = [t!(texts, "screens.doctor.works"), t!(texts, "screens.doctor.fails")];
    let width = words.iter().map(|word| text::width(word)).max().unwrap_or(0);
    text::pad(words[usize::from(!works)], width)
}

fn problem(failure: &Failure, profile: &str, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "      {}", words::failure_line(texts, failure))?;
    if !failure.detail.is_empty() {
        writeln!(out, "      {}", failure.detail)?;
    }
    writeln!(out, "      {}", words::failure_remedy(texts, failure, profile))
}

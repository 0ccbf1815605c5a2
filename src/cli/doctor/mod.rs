//! `sekisho doctor`: what works, what is denied and which action is missing, per environment and screen.

mod operations;
mod remembered;

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;

use futures::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::aws::{Action, Connection, Now, Shared};
use crate::config::Config;
use crate::domain::fetch::Failure;
use crate::domain::identity::{self, RoleResolution};
use crate::domain::text;
use crate::i18n::Texts;
use crate::journal;
use crate::policy::compile::Compiled;
use crate::runbook::choice::Catalogues;
use crate::runtime::sources::{self, SourcePlan};
use crate::t;
use crate::ui::words;

use super::account::Account;
use super::remedy::remedy;
use super::{Exit, catalogue, outfit, policy};

use remembered::Remembered;

/// The flags of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct DoctorArgs {
    /// A policy to compare with what a role needs, or a folder of them; of several, all together are compared.
    #[arg(long, value_name = "file")]
    pub policy: Vec<PathBuf>,
    /// The role; without one, that of whoever asks.
    #[arg(long, value_name = "role", requires = "policy")]
    pub role: Option<String>,
}

/// The screens with the actions that each needs.
const SCREENS: [(&str, &[Action]); 8] = [
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
    (
        "screens.panel.waf",
        &[
            Action::ListWebAcls,
            Action::GetWebAcl,
            Action::ListLoggingConfigurations,
            Action::GetSampledRequests,
            Action::GetRateBasedStatementManagedKeys,
            Action::ListResourcesForWebAcl,
        ],
    ),
    (
        "screens.panel.findings",
        &[Action::GetFindings, Action::GetFindingHistory, Action::ListFindingAggregators, Action::GetFindingAggregator],
    ),
    ("screens.panel.targets", &[Action::DescribeTargetGroups, Action::DescribeTargetHealth]),
    ("screens.panel.log", &[Action::DescribeTaskDefinition, Action::FilterLogEvents, Action::StartLiveTail]),
];

/// What was found out about a source.
struct Findings {
    connected: Result<Connection, Failure>,
    /// Each action once, in the order of the screens.
    actions: Vec<(Action, Outcome)>,
    /// The role of whoever asks, compiled.
    compiled: Option<Compiled>,
    /// What the catalogue's operations need, in the same way.
    operations: Vec<operations::Needed>,
}

/// How an action fares.
#[derive(Debug, Clone)]
enum Outcome {
    Works,
    Failed(Failure),
    /// Nobody knows: what it would be tried on is found by an action that fails.
    Unchecked {
        needs: Action,
    },
}

/// Returns the action that finds what another one is tried on.
const fn finder(action: Action) -> Option<Action> {
    match action {
        Action::GetCallerIdentity
        | Action::ListClusters
        | Action::DescribeAlarms
        | Action::GetMetricData
        | Action::ListWebAcls
        | Action::ListLoggingConfigurations
        | Action::GetFindings
        | Action::ListFindingAggregators
        | Action::DescribeInstanceInformation
        | Action::GetParametersByPath
        | Action::DescribeDbClusters
        | Action::StartSession
        | Action::ResumeSession
        | Action::TerminateSession
        | Action::ExecuteCommand
        | Action::GenerateDataKey
        | Action::GetDocument
        | Action::StartAutomationExecution
        | Action::GetAutomationExecution
        | Action::DescribeAutomationExecutions
        | Action::StopAutomationExecution
        | Action::BatchUpdateFindings
        | Action::PutLogEvents
        | Action::CreateLogStream => None,
        Action::DescribeClusters | Action::ListServices | Action::ListTasks => Some(Action::ListClusters),
        Action::DescribeServices | Action::ListServiceDeployments => Some(Action::ListServices),
        Action::DescribeTasks => Some(Action::ListTasks),
        Action::DescribeServiceDeployments => Some(Action::ListServiceDeployments),
        Action::DescribeServiceRevisions => Some(Action::DescribeServiceDeployments),
        Action::DescribeAlarmHistory => Some(Action::DescribeAlarms),
        Action::GetWebAcl | Action::ListResourcesForWebAcl => Some(Action::ListWebAcls),
        Action::GetSampledRequests | Action::GetRateBasedStatementManagedKeys => Some(Action::GetWebAcl),
        Action::GetFindingHistory => Some(Action::GetFindings),
        Action::GetFindingAggregator => Some(Action::ListFindingAggregators),
        Action::DescribeTargetGroups | Action::DescribeTargetHealth | Action::DescribeTaskDefinition => {
            Some(Action::DescribeServices)
        }
        Action::FilterLogEvents | Action::StartLiveTail => Some(Action::DescribeTaskDefinition),
    }
}

/// Looks at everything that the console needs and says how it fares, or compares a policy with what a role needs.
///
/// # Errors
/// Where `out` cannot be written to.
pub async fn run(
    args: &DoctorArgs,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    if !args.policy.is_empty() {
        return policy::compare(&args.policy, args.role.as_deref(), account, texts, out, faults).await;
    }
    let config = &account.config;
    ourselves(config, texts, out)?;
    let plans = sources::plan(&config.environments);
    let shared = Shared::new(Now::default());
    let catalogues = match catalogue::load(config, texts, faults)? {
        Ok(catalogues) => catalogues,
        Err(exit) => return Ok(exit),
    };
    let journal = outfit::journal_folder(account.simulator().is_some()).map(|folder| folder.join(journal::FILE));
    let remembered = Remembered::read(account.denials().map(AsRef::as_ref), journal.as_deref(), Timestamp::now());
    let found = join_all(plans.iter().map(|plan| examine(plan, account, &catalogues, &shared))).await;
    let mut sound = true;
    for (plan, findings) in plans.iter().zip(&found) {
        sound &= report(plan, findings, &remembered, config, texts, out)?;
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

async fn examine(plan: &SourcePlan, account: &Account, catalogues: &Catalogues, shared: &Shared) -> Findings {
    let connection = plan.connection(account.config.endpoint_url.as_deref());
    let connected = Connection::open(connection, shared.clone()).await;
    let mut actions: Vec<(Action, Outcome)> = Vec::new();
    let (mut compiled, mut needed) = (None, Vec::new());
    if let Ok(connection) = &connected {
        for action in SCREENS.iter().flat_map(|(_, actions)| actions.iter().copied()) {
            if outcome_of(&actions, action).is_none() {
                let outcome = try_out(connection, action, &actions).await;
                actions.push((action, outcome));
            }
        }
        compiled = operations::compiled(connection, plan, account, catalogues);
        if let Some(compiled) = &compiled {
            needed = operations::examine(connection, compiled).await;
        }
    }
    Findings { connected, actions, compiled, operations: needed }
}

fn outcome_of(actions: &[(Action, Outcome)], action: Action) -> Option<&Outcome> {
    actions.iter().find(|(known, _)| *known == action).map(|(_, outcome)| outcome)
}

/// Tries an action, unless it is known already that there is nothing to try it on.
async fn try_out(connection: &Connection, action: Action, known: &[(Action, Outcome)]) -> Outcome {
    if let Some(finder) = finder(action) {
        match outcome_of(known, finder) {
            Some(Outcome::Failed(_)) => return Outcome::Unchecked { needs: finder },
            Some(unchecked @ Outcome::Unchecked { .. }) => return unchecked.clone(),
            Some(Outcome::Works) | None => {}
        }
    }
    connection.probe(action).await.map_or_else(Outcome::Failed, |()| Outcome::Works)
}

/// Prints what was found out about a source; returns whether all of it works.
fn report(
    plan: &SourcePlan,
    findings: &Findings,
    remembered: &Remembered,
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
    caller(connection, config, texts, out)?;
    let mut sound = screens(&findings.actions, profile, texts, out)?;
    sound &= operations::print(&findings.operations, texts, out)?;
    let zone = if config.utc { TimeZone::UTC } else { TimeZone::system() };
    sound &= remembered::print(remembered, &findings.now(connection), &zone, texts, out)?;
    Ok(sound)
}

impl Findings {
    /// Returns what is known of the account by now, for what is remembered of it.
    fn now<'a>(&'a self, connection: &'a Connection) -> remembered::Now<'a> {
        let tried = |wanted: fn(&Outcome) -> bool| -> BTreeSet<String> {
            let fitting = self.actions.iter().filter(|(_, outcome)| wanted(outcome));
            fitting.map(|(action, _)| action.name().to_owned()).collect()
        };
        let said = |wanted: bool| {
            let verdicts = self.operations.iter().map(operations::Needed::verdict);
            verdicts.filter(move |(_, said)| *said == Some(wanted)).map(|(action, _)| action.to_owned())
        };
        let mut told = tried(|outcome| matches!(outcome, Outcome::Failed(_)));
        told.extend(said(false));
        remembered::Now {
            connection,
            compiled: self.compiled.as_ref(),
            working: tried(|outcome| matches!(outcome, Outcome::Works)),
            allowed: said(true).collect(),
            told,
        }
    }
}

/// Says whose the credentials are, and how long they last.
fn caller(connection: &Connection, config: &Config, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
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
    Ok(())
}

/// Prints each screen's actions, and each failure where it is met first; returns whether all of them work.
fn screens(outcomes: &[(Action, Outcome)], profile: &str, texts: Texts, out: &mut dyn Write) -> io::Result<bool> {
    let mut told = HashSet::new();
    for (screen, actions) in SCREENS {
        writeln!(out, "  {}", texts.get(screen))?;
        for action in actions {
            let Some(outcome) = outcome_of(outcomes, *action) else { continue };
            write!(out, "    {}  {}", verdict(texts, outcome), action.name())?;
            match outcome {
                Outcome::Works => writeln!(out)?,
                Outcome::Unchecked { needs } => {
                    writeln!(out, "  {}", t!(texts, "cli.doctor.unchecked", action = needs.name()))?;
                }
                Outcome::Failed(failure) => {
                    writeln!(out)?;
                    if told.insert(words::failure_line(texts, failure)) {
                        problem(failure, profile, texts, out)?;
                    }
                }
            }
        }
    }
    Ok(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Works)))
}

/// Returns the word for an outcome, as wide as the others.
fn verdict(texts: Texts, outcome: &Outcome) -> String {
    let (works, fails) = (t!(texts, "screens.doctor.works"), t!(texts, "screens.doctor.fails"));
    let word = match outcome {
        Outcome::Works => works,
        Outcome::Failed(_) => fails,
        Outcome::Unchecked { .. } => "-",
    };
    text::pad(word, text::width(works).max(text::width(fails)))
}

fn problem(failure: &Failure, profile: &str, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "      {}", words::failure_line(texts, failure))?;
    if !failure.detail.is_empty() {
        writeln!(out, "      {}", failure.detail)?;
    }
    writeln!(out, "      {}", remedy(texts, failure, profile))
}

//! What a command reads from: AWS as it is configured, or the simulated account.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::aws::KeepDenials;
use crate::config::{self, Config, CredentialSource, EnvironmentConfig, JournalConfig, Surroundings};
use crate::domain::endpoint::authority;
use crate::domain::environment::{AccountId, Environment, Kind};
use crate::domain::identity::{Pattern, RoleMapping};
use crate::i18n::Texts;
use crate::keymap::Keymap;
use crate::policy::compile::JournalGroup;
use crate::runtime::clock::Clock;
use crate::runtime::console::Watch;
use crate::simulator::{self, EnvironmentFile, Persona, Scenario, Simulator};
use crate::t;
use crate::ui::Ui;
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

use super::args::{Args, DemoArgs, Subcommand};
use super::denials::DenialStore;
use super::outfit;
use super::simulated;
use super::{Exit, complain, no_color};

/// What the demo plays unless it is told otherwise.
const SCENARIO: &str = "bad-deploy";

/// Where in the story one comes in unless one says otherwise: the release is under way, its trouble is a moment off.
const BEGINNING: SignedDuration = SignedDuration::from_secs(75);

/// The log group of the simulated account that keeps the journal's heads; it is there from the beginning.
const JOURNAL_GROUP: &str = "/sekisho/journal";

/// Whom the demo plays unless it is told otherwise.
const ROLE: &str = "responder";

/// Holds the configuration in force, and the simulated account where one stands in for AWS.
pub struct Account {
    /// The configuration.
    pub config: Config,
    /// The simulated account, which ends with this.
    simulator: Option<Simulator>,
    /// What IAM denied, from one run to the next; none where there is no home.
    denials: Option<Arc<DenialStore>>,
}

impl Account {
    /// Loads the configuration, and starts the simulated account where one is asked for.
    ///
    /// What is at fault is written to `faults`, and ends in the [`Exit`] that is returned.
    ///
    /// # Errors
    /// Where `faults` cannot be written to.
    pub async fn open(args: &Args, texts: Texts, faults: &mut dyn Write) -> io::Result<Result<Self, Exit>> {
        let demo = match &args.command {
            Some(Subcommand::Demo(demo)) => demo.clone(),
            _ => DemoArgs::default(),
        };
        if !args.is_demo() {
            return Ok(match Config::load(&args.flags()) {
                Ok(config) => Ok(Self { config, simulator: None, denials: denials(false) }),
                Err(errors) => Err(complain(errors.iter().map(|error| error.render(texts)), faults)?),
            });
        }
        let mut config = match Config::load_preferences(&args.flags(), &Surroundings::of_process()) {
            Ok(config) => config,
            Err(errors) => return Ok(Err(complain(errors.iter().map(|error| error.render(texts)), faults)?)),
        };
        let Played { simulator, environments, journal } = match simulate(args, &demo, texts).await {
            Ok(started) => started,
            Err(sentences) => return Ok(Err(complain(sentences, faults)?)),
        };
        config.endpoint_url = Some(simulator.endpoint());
        config.environments = environments;
        config.journal = Some(journal);
        config.roles = roles();
        Ok(Ok(Self { config, simulator: Some(simulator), denials: denials(true) }))
    }

    /// Returns the simulated account, where one stands in for AWS.
    pub fn simulator(&self) -> Option<&Simulator> {
        self.simulator.as_ref()
    }

    /// Returns what keeps denials from one run to the next.
    pub(super) fn denials(&self) -> Option<&Arc<DenialStore>> {
        self.denials.as_ref()
    }

    /// Returns the same for whoever calls AWS.
    pub fn keeper(&self) -> Option<Arc<dyn KeepDenials>> {
        self.denials.clone().map(|store| store as Arc<dyn KeepDenials>)
    }

    /// Returns what a console watches here.
    pub fn watch(&self) -> Watch {
        Watch {
            environments: self.config.environments.clone(),
            roles: self.config.roles.clone(),
            endpoint_url: self.config.endpoint_url.clone(),
            clock: Clock::real(),
            denials: self.keeper(),
        }
    }

    /// Returns what the console is drawn with; what is at fault in the keymap is written to `faults`.
    ///
    /// # Errors
    /// Where `faults` cannot be written to.
    pub fn ui(&self, faults: &mut dyn Write) -> io::Result<Result<Ui, Exit>> {
        let endpoint = match self.simulator {
            Some(_) => Some(t!(Texts::of(self.config.lang), "screens.header.simulated").to_owned()),
            None => self.config.endpoint_url.as_deref().map(|url| authority(url).to_owned()),
        };
        ui(&self.config, endpoint, faults)
    }
}

/// Puts together what drawing needs, with the host of an endpoint that stands in for AWS's; or says what is wrong.
///
/// # Errors
/// Where `faults` cannot be written to.
pub(super) fn ui(config: &Config, endpoint: Option<String>, faults: &mut dyn Write) -> io::Result<Result<Ui, Exit>> {
    let texts = Texts::of(config.lang);
    let keymap = match Keymap::load_with_file(&config.keymap, config.keymap_file.as_deref()) {
        Ok(keymap) => keymap,
        Err(errors) => return Ok(Err(complain(errors.iter().map(|error| error.render(texts)), faults)?)),
    };
    Ok(Ok(Ui {
        texts,
        theme: theme(&config.theme),
        glyphs: match config.glyphs {
            config::Glyphs::Unicode => Glyphs::unicode(),
            config::Glyphs::Ascii => Glyphs::ascii(),
        },
        keymap,
        zone: if config.utc { TimeZone::UTC } else { TimeZone::system() },
        endpoint,
    }))
}

/// Returns what keeps denials, of AWS or of what the simulated account plays.
fn denials(is_demo: bool) -> Option<Arc<DenialStore>> {
    Some(Arc::new(DenialStore::within(&outfit::state_folder(is_demo)?)))
}

/// Returns the theme of a name that the configuration has checked, or none of colours where `NO_COLOR` is set.
fn theme(name: &str) -> Theme {
    if no_color() {
        return Theme::no_color();
    }
    Theme::built_in(name).unwrap_or_else(Theme::no_color)
}

/// A simulated account that was started, and how one sees it.
struct Played {
    simulator: Simulator,
    environments: Vec<EnvironmentConfig>,
    journal: JournalConfig,
}

/// Starts the account that the arguments ask for, and says how its scenario divides it; or what is wrong with them.
async fn simulate(args: &Args, demo: &DemoArgs, texts: Texts) -> Result<Played, Vec<String>> {
    let name = demo.scenario.as_deref().unwrap_or(SCENARIO);
    let scenario = Scenario::builtin(name)
        .ok_or_else(|| vec![t!(texts, "cli.demo.no-scenario", name = name, names = Scenario::names().join(" "))])?;
    let role = args.global.as_role.as_deref().unwrap_or(ROLE);
    let persona: Persona = role.parse().map_err(|_| vec![t!(texts, "cli.demo.no-role", name = role)])?;
    let there: Vec<&str> = scenario.environments().iter().map(|played| played.name.as_str()).collect();
    let unknown = config::unknown_environments(&there, &args.global.env);
    if !unknown.is_empty() {
        return Err(unknown.iter().map(|error| error.render(texts)).collect());
    }
    let at = demo.at.and_then(|at| SignedDuration::try_from(at).ok()).unwrap_or(BEGINNING);
    let home = scenario.environments().iter().find(|played| played.account == scenario.home_account());
    let home = home.map(|played| played.name.clone());
    let group = home.clone().map(|environment| JournalGroup { name: JOURNAL_GROUP.to_owned(), environment });
    let (documents, policies) = simulated::granted(&played(&scenario), scenario.keys(), group);
    let log_groups = vec![JOURNAL_GROUP.to_owned()];
    let mut options =
        simulator::Options { at, persona, documents, log_groups, policies, ..simulator::Options::default() };
    if let Some(listen) = demo.listen {
        options.listen = listen;
    }
    let played = scenario.clone();
    let simulator = simulator::start(scenario, options)
        .await
        .map_err(|error| vec![t!(texts, "cli.demo.not-started", why = error)])?;
    let environments = |wanted: &[String]| environments(&simulator, &played, persona, wanted);
    // Heads are kept in the home account, whichever environments are looked at.
    let home = home.and_then(|name| environments(&[name]).pop());
    let journal = JournalConfig { log_group: JOURNAL_GROUP.to_owned(), home };
    let environments = environments(&args.global.env);
    Ok(Played { simulator, environments, journal })
}

/// Returns the environments of a scenario, as it says that they are.
fn played(scenario: &Scenario) -> Vec<Environment> {
    let region = scenario.home_region();
    scenario.environments().iter().map(|played| environment(played, &region)).collect()
}

/// Returns an environment of a scenario.
fn environment(played: &EnvironmentFile, region: &str) -> Environment {
    Environment {
        name: played.name.clone(),
        kind: Kind::from_name(&played.kind).unwrap_or(Kind::Unknown),
        account: played.account.parse::<AccountId>().ok(),
        regions: vec![region.to_owned()],
        clusters: played.clusters.clone(),
        alarms: played.alarms.clone(),
        web_acls: played.web_acls.clone(),
        catalogue: None,
    }
}

/// Returns the environments of a scenario, read with the keys of this run: of another account through a role there.
pub fn environments(
    simulator: &Simulator,
    scenario: &Scenario,
    persona: Persona,
    wanted: &[String],
) -> Vec<EnvironmentConfig> {
    let keys = CredentialSource::Static {
        access_key_id: simulator.access_key_id().to_owned(),
        secret: simulator.secret_access_key().to_owned(),
        token: simulator.session_token().map(str::to_owned),
        expires: None,
    };
    scenario
        .environments()
        .iter()
        .filter(|played| wanted.is_empty() || wanted.contains(&played.name))
        .map(|played| {
            let credentials = if played.account == scenario.home_account() {
                keys.clone()
            } else {
                CredentialSource::AssumeRole {
                    role_arn: format!("arn:aws:iam::{}:role/{}", played.account, persona.role_name()),
                    source: Box::new(keys.clone()),
                }
            };
            EnvironmentConfig { environment: environment(played, simulator.region()), credentials }
        })
        .collect()
}

/// Whom the simulated account's permission sets stand for.
pub fn roles() -> Vec<RoleMapping> {
    [("operator", "SekishoOperator"), ("responder", "SekishoResponder"), ("staff", "SekishoStaff")]
        .into_iter()
        .map(|(name, permission_set)| RoleMapping {
            name: name.to_owned(),
            patterns: vec![Pattern::PermissionSet(permission_set.to_owned())],
        })
        .collect()
}

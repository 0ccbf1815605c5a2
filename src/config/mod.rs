//! Puts defaults, the configuration file, the environment and flags together into one checked configuration.

pub mod aws;
pub mod document;
mod environment;
mod error;
mod file;
mod journal;
pub mod region;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use jiff::Timestamp;

pub use error::{ConfigError, ConfigProblem, Type};
pub use write::{quoted, to_toml};

use crate::domain::environment::{Environment, Kind};
use crate::domain::identity::RoleMapping;
use crate::i18n::Lang;
use crate::keymap::builtin_names;
use document::{FileProblem, Place};
use file::{ConfigFile, Part, check_profile, unknown_value};

/// The themes that come with the program, the default first.
pub const THEMES: &[&str] = &["default", "high-contrast"];

/// A role of this program, and who has it: one `[[role]]`.
pub type RoleConfig = RoleMapping;

/// The whole configuration, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The file that it was read from; none where there is no file.
    pub file: Option<PathBuf>,
    /// The user's own keymap, which goes over [`Config::keymap`]; it need not be there.
    pub keymap_file: Option<PathBuf>,
    /// The language of every text.
    pub lang: Lang,
    /// The built-in keymap, by name.
    pub keymap: String,
    /// The theme, by name.
    pub theme: String,
    /// Which characters the terminal draws well.
    pub glyphs: Glyphs,
    /// Whether the mouse works.
    pub mouse: bool,
    /// Whether times are shown in UTC and not in the local zone.
    pub utc: bool,
    /// The endpoint that stands in for every one of AWS's, where a flag gives it.
    pub endpoint_url: Option<String>,
    /// The directory of the catalogue of every environment, where a flag gives it.
    pub catalogue: Option<PathBuf>,
    /// The environments, in the order of the file; at least one.
    pub environments: Vec<EnvironmentConfig>,
    /// Whether a flag chose the environments: what belongs to none of them is then none of this run's business.
    pub chosen: bool,
    /// The roles, in the order of the file.
    pub roles: Vec<RoleConfig>,
    /// Where the journal's heads are kept; nowhere where the file does not say.
    pub journal: Option<JournalConfig>,
}

/// Where the journal's heads are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalConfig {
    /// The log group of CloudWatch Logs.
    pub log_group: String,
    /// The environment whose credentials and first region it is written with, also where it was not chosen by a flag.
    pub home: Option<EnvironmentConfig>,
}

/// Which characters are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
pub enum Glyphs {
    /// Blocks, lines and signs of Unicode.
    #[default]
    Unicode,
    /// ASCII alone, for terminals that draw ambiguous characters two cells wide, as Japanese ones do.
    Ascii,
}

impl Glyphs {
    /// Names the choice as the configuration does.
    pub const fn as_str(self) -> &'static str {
        match self {
            Glyphs::Unicode => "unicode",
            Glyphs::Ascii => "ascii",
        }
    }

    /// Reads the name that the configuration gives.
    pub fn from_name(name: &str) -> Option<Glyphs> {
        [Glyphs::Unicode, Glyphs::Ascii].into_iter().find(|glyphs| glyphs.as_str() == name)
    }
}

/// One environment, and how to get into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnvironmentConfig {
    /// What it is.
    pub environment: Environment,
    /// Where its credentials come from.
    pub credentials: CredentialSource,
}

/// Where credentials come from.
#[derive(Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// The default chain of the SDK: environment variables, `AWS_PROFILE`, and so on.
    Current,
    /// A profile of the AWS configuration files.
    Profile(String),
    /// A role that is assumed.
    AssumeRole {
        /// The role's ARN.
        role_arn: String,
        /// The credentials that assume it: never another role that is assumed.
        source: Box<CredentialSource>,
    },
    /// Keys in hand. Only the program itself makes these, for the simulated account; no file can.
    Static {
        /// The access key's id.
        access_key_id: String,
        /// The secret access key.
        secret: String,
        /// The session token, of temporary keys.
        token: Option<String>,
        /// When temporary keys end.
        expires: Option<Timestamp>,
    },
}

impl CredentialSource {
    /// Returns the name by which a person knows it: the profile, or the role's; empty for the current credentials.
    pub fn name(&self) -> &str {
        match self {
            CredentialSource::Profile(name) => name,
            CredentialSource::AssumeRole { role_arn, .. } => role_arn.rsplit('/').next().unwrap_or(role_arn),
            CredentialSource::Current | CredentialSource::Static { .. } => "",
        }
    }
}

impl fmt::Debug for CredentialSource {
    /// Writes everything but secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CredentialSource::Current => f.write_str("Current"),
            CredentialSource::Profile(name) => f.debug_tuple("Profile").field(name).finish(),
            CredentialSource::AssumeRole { role_arn, source } => {
                f.debug_struct("AssumeRole").field("role_arn", role_arn).field("source", source).finish()
            }
            CredentialSource::Static { access_key_id, expires, .. } => f
                .debug_struct("Static")
                .field("access_key_id", access_key_id)
                .field("expires", expires)
                .finish_non_exhaustive(),
        }
    }
}

/// What the command line and `SEKISHO_…` variables say; what they do not say is `None` or empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `--config`: the file, instead of the one in its usual place.
    pub config: Option<PathBuf>,
    /// `--env`: the environments to take, by name.
    pub environments: Vec<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--endpoint-url`.
    pub endpoint_url: Option<String>,
    /// `--catalogue`.
    pub catalogue: Option<PathBuf>,
    /// `--lang`.
    pub lang: Option<Lang>,
    /// `--keymap`.
    pub keymap: Option<String>,
    /// `--theme`.
    pub theme: Option<String>,
    /// `--utc`.
    pub utc: bool,
    /// `--no-mouse`.
    pub no_mouse: bool,
}

/// What is found around the process: files in their usual places, variables of AWS, the locale.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Surroundings {
    /// The configuration file in its usual place; none where there is no home folder.
    pub config_file: Option<PathBuf>,
    /// The profiles of the AWS configuration files.
    pub profiles: aws::Profiles,
    /// `AWS_PROFILE`.
    pub profile: Option<String>,
    /// `AWS_REGION`, or else `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// The language of the locale.
    pub lang: Lang,
}

impl Surroundings {
    /// Looks around this process.
    pub fn of_process() -> Surroundings {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Surroundings {
            config_file: default_file(),
            profiles: aws::Profiles::of_process(),
            profile: variable("AWS_PROFILE"),
            region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            lang: Lang::of_process(),
        }
    }
}

/// Gives the usual place of the configuration file: `sekisho/config.toml` in `XDG_CONFIG_HOME` or `~/.config`.
///
/// Source: XDG Base Directory Specification; none where there is no home folder.
pub fn default_file() -> Option<PathBuf> {
    let folders = etcetera::base_strategy::Xdg::new().ok()?;
    Some(folders.config_dir().join("sekisho").join("config.toml"))
}

/// Gives how long the name of an environment or a role may be, in characters.
pub const fn longest_name() -> usize {
    file::LONGEST_NAME
}

/// Finds the language to speak before anything is checked: the flag, then the file as far as it can be read, then the locale.
pub fn early_lang(flag: Option<Lang>, config: Option<&Path>) -> Lang {
    let from_file = || {
        let path = config.map(Path::to_path_buf).or_else(default_file)?;
        file::peek_lang(&document::read(&path).ok()?)
    };
    flag.or_else(from_file).unwrap_or_else(Lang::of_process)
}

impl Config {
    /// Loads and checks the configuration of this process: defaults, then the file, then variables and flags.
    ///
    /// # Errors
    /// Every fault that was found, not only the first.
    pub fn load(flags: &Flags) -> Result<Config, Vec<ConfigError>> {
        Config::load_in(flags, &Surroundings::of_process())
    }

    /// Loads and checks a configuration in given surroundings.
    ///
    /// # Errors
    /// Every fault that was found, not only the first.
    pub fn load_in(flags: &Flags, around: &Surroundings) -> Result<Config, Vec<ConfigError>> {
        let (mut config, mut errors) = Config::read(flags, around, Part::Whole)?;
        match environments(std::mem::take(&mut config.environments), flags, around) {
            Ok(environments) => {
                if let Some(journal) = &mut config.journal {
                    journal.home = journal.home.take().or_else(|| environments.first().cloned());
                }
                config.environments = environments;
            }
            Err(more) => errors.extend(more),
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// Loads how the program is to look and feel, and where the journal's heads are kept. The environments are empty.
    ///
    /// # Errors
    /// Every fault that was found, not only the first.
    pub fn load_journal(flags: &Flags, around: &Surroundings) -> Result<Config, Vec<ConfigError>> {
        let (config, errors) = Config::read(flags, around, Part::Whole)?;
        let journal = config.journal.map(|journal| {
            let home = journal.home.or_else(|| single_environment(flags, around).ok());
            JournalConfig { home, ..journal }
        });
        if errors.is_empty() { Ok(Config { journal, environments: Vec::new(), ..config }) } else { Err(errors) }
    }

    /// Loads how the program is to look and feel, and nothing about AWS: for the simulated account, and for what
    /// needs no account at all. The environments are empty, and faults in them do not count.
    ///
    /// # Errors
    /// Every fault that was found, not only the first.
    pub fn load_preferences(flags: &Flags, around: &Surroundings) -> Result<Config, Vec<ConfigError>> {
        let (config, errors) = Config::read(flags, around, Part::Preferences)?;
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// Puts file and flags together, with the faults of the flags; the environments are those of the file.
    fn read(flags: &Flags, around: &Surroundings, part: Part) -> Result<(Config, Vec<ConfigError>), Vec<ConfigError>> {
        let path = flags.config.clone().or_else(|| around.config_file.clone());
        let text = path.as_deref().map_or(Ok(None), |path| read_file(path, flags.config.is_some()))?;
        let file = match (&path, &text) {
            (Some(path), Some(text)) => file::read(path, text, &around.profiles, part)?,
            _ => ConfigFile::default(),
        };
        let config = Config {
            keymap_file: path.as_deref().map(|path| path.with_file_name("keymap.toml")),
            file: path.filter(|_| text.is_some()),
            lang: flags.lang.or(file.lang).unwrap_or(around.lang),
            keymap: flags.keymap.clone().or(file.keymap).unwrap_or_else(|| "default".to_owned()),
            theme: flags.theme.clone().or(file.theme).unwrap_or_else(|| THEMES[0].to_owned()),
            glyphs: file.glyphs.unwrap_or_default(),
            mouse: !flags.no_mouse && file.mouse.unwrap_or(true),
            utc: flags.utc || file.utc.unwrap_or(false),
            endpoint_url: flags.endpoint_url.clone(),
            catalogue: flags.catalogue.clone(),
            environments: file.environments,
            chosen: !flags.environments.is_empty(),
            roles: file.roles,
            journal: file.journal,
        };
        Ok((config, check_flags(flags)))
    }
}

/// Reads the file; one in its usual place need not be there.
fn read_file(path: &Path, asked_for: bool) -> Result<Option<String>, Vec<ConfigError>> {
    match document::read(path) {
        Ok(text) => Ok(Some(text)),
        Err((FileProblem::NoFile, _)) if !asked_for => Ok(None),
        Err((problem, place)) => {
            let problem = ConfigProblem::File(problem);
            Err(vec![ConfigError { place, problem }])
        }
    }
}

/// Says that a flag is at fault.
fn flag_error(problem: ConfigProblem) -> ConfigError {
    ConfigError { place: Place::default(), problem }
}

/// Checks what flags say by themselves.
fn check_flags(flags: &Flags) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let keymaps: Vec<_> = builtin_names().collect();
    for (key, value, known) in [("keymap", &flags.keymap, keymaps.as_slice()), ("theme", &flags.theme, THEMES)] {
        if let Some(value) = value.as_ref().filter(|value| !known.contains(&value.as_str())) {
            problems.push(unknown_value(key, value.clone(), known));
        }
    }
    if let Some(region) = flags.region.as_ref().filter(|region| !region::is_plausible(region)) {
        problems.push(environment::bad_region(region.clone()));
    }
    problems.extend(flags.endpoint_url.as_deref().and_then(|url| check_endpoint(url).err()));
    problems.into_iter().map(flag_error).collect()
}

/// Checks that a URL can be an endpoint: scheme, host, port and path, and nothing that could be a secret.
///
/// An endpoint is shown on every screen. A password with a `/` in it ends the authority by the letter of RFC 3986, so
/// no `@` may stand anywhere.
fn check_endpoint(url: &str) -> Result<(), ConfigProblem> {
    if url.contains('@') {
        return Err(ConfigProblem::SecretInEndpoint);
    }
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let is_endpoint = rest.is_some_and(|rest| {
        rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
            && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
    });
    if is_endpoint { Ok(()) } else { Err(ConfigProblem::BadEndpoint) }
}

/// Chooses environments by `--env`, and lets `--profile` and `--region` go over the one that is left.
fn environments(
    configured: Vec<EnvironmentConfig>,
    flags: &Flags,
    around: &Surroundings,
) -> Result<Vec<EnvironmentConfig>, Vec<ConfigError>> {
    let names: Vec<&str> = configured.iter().map(|config| config.environment.name.as_str()).collect();
    let mut errors = unknown_environments(&names, &flags.environments);
    if let Some(profile) = &flags.profile {
        errors.extend(check_profile(&around.profiles, profile));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if configured.is_empty() {
        return single_environment(flags, around).map(|only| vec![only]);
    }
    let mut chosen: Vec<_> = configured
        .into_iter()
        .filter(|config| flags.environments.is_empty() || flags.environments.contains(&config.environment.name))
        .collect();
    override_by_flags(&mut chosen, flags).map(|()| chosen)
}

/// Says which of the environments that are wanted are not there: of the configuration, or of a scenario.
pub fn unknown_environments(there: &[&str], wanted: &[String]) -> Vec<ConfigError> {
    let unknown = wanted.iter().filter(|name| !there.contains(&name.as_str()));
    unknown
        .map(|name| {
            let nearest = document::nearest(name, there.iter().copied()).map(str::to_owned);
            let known = there.iter().map(|&name| name.to_owned()).collect();
            flag_error(ConfigProblem::UnknownEnvironment { name: name.clone(), nearest, known })
        })
        .collect()
}

fn override_by_flags(chosen: &mut [EnvironmentConfig], flags: &Flags) -> Result<(), Vec<ConfigError>> {
    if let [only] = chosen {
        if let Some(profile) = &flags.profile {
            only.credentials = CredentialSource::Profile(profile.clone());
        }
        if let Some(region) = &flags.region {
            only.environment.regions = vec![region.clone()];
        }
        return Ok(());
    }
    let given = [("--profile", flags.profile.is_some()), ("--region", flags.region.is_some())];
    let errors: Vec<_> = given
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(flag, _)| {
            let environments = chosen.iter().map(|config| config.environment.name.clone()).collect();
            flag_error(ConfigProblem::AmbiguousOverride { flag, environments })
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Makes the one environment that there is without a configuration: the current profile and region, kind unknown.
fn single_environment(flags: &Flags, around: &Surroundings) -> Result<EnvironmentConfig, Vec<ConfigError>> {
    let profile = flags.profile.as_ref().or(around.profile.as_ref());
    let name = profile.map_or("default", String::as_str);
    let of_profile = around.profiles.get(name).and_then(|profile| profile.region.as_ref());
    let region = flags.region.as_ref().or(around.region.as_ref()).or(of_profile);
    let Some(region) = region else {
        return Err(vec![flag_error(ConfigProblem::NoRegion)]);
    };
    if !region::is_plausible(region) {
        return Err(vec![flag_error(environment::bad_region(region.clone()))]);
    }
    let environment = Environment {
        name: document::printable(name),
        kind: Kind::Unknown,
        regions: vec![region.clone()],
        ..Environment::default()
    };
    let credentials = flags.profile.clone().map_or(CredentialSource::Current, CredentialSource::Profile);
    Ok(EnvironmentConfig { environment, credentials })
}

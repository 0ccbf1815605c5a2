//! Defines the command line, in the language of whoever reads its help.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{ArgAction, FromArgMatches as _, Parser, ValueEnum};
use jiff::SignedDuration;

use super::Exit;
use super::doctor::DoctorArgs;
use super::get::ask::{Severities, Since, fault};
use super::journal::args::JournalArgs;
use super::policy::PolicyArgs;
use super::runbook::args::RunbookArgs;
use super::session::args::{EntryArgs, TunnelArgs};
use super::translate::command;
use super::usage::explain;
use crate::config::{Flags, early_lang};
use crate::i18n::{Lang, Texts};
use crate::t;

/// The whole command line. Its help texts are in `locales/`, not here.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "sekisho", disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
pub struct Args {
    /// What holds for every subcommand.
    #[command(flatten)]
    pub global: Global,
    /// What to do; nothing is the console.
    #[command(subcommand)]
    pub command: Option<Subcommand>,
    /// Prints the version.
    #[arg(long, short = 'V', action = ArgAction::Version)]
    version: Option<bool>,
}

/// The flags that every subcommand takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Global {
    /// The environments to take, by name; none means all.
    #[arg(long, global = true, value_name = "name")]
    pub env: Vec<String>,
    /// A profile of the AWS configuration files.
    #[arg(long, global = true, value_name = "name")]
    pub profile: Option<String>,
    /// A region.
    #[arg(long, global = true, value_name = "region")]
    pub region: Option<String>,
    /// An endpoint that stands in for every one of AWS's.
    #[arg(long, global = true, value_name = "url")]
    pub endpoint_url: Option<String>,
    /// The configuration file.
    #[arg(long, global = true, value_name = "file", env = "SEKISHO_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory of the catalogue.
    #[arg(long, global = true, value_name = "folder", env = "SEKISHO_CATALOGUE")]
    pub catalogue: Option<PathBuf>,
    /// The language.
    #[arg(long, global = true, value_name = "lang", env = "SEKISHO_LANG", value_parser = lang_parser())]
    pub lang: Option<Lang>,
    /// The built-in keymap, by name.
    #[arg(long, global = true, value_name = "name", env = "SEKISHO_KEYMAP")]
    pub keymap: Option<String>,
    /// The theme, by name.
    #[arg(long, global = true, value_name = "name", env = "SEKISHO_THEME")]
    pub theme: Option<String>,
    /// Uses the simulated account instead of AWS.
    #[arg(long, global = true)]
    pub demo: bool,
    /// The role to play in the simulated account.
    #[arg(long = "as", global = true, value_name = "role")]
    pub as_role: Option<String>,
    /// How much is written to the log.
    #[arg(long, global = true, value_name = "level", env = "SEKISHO_LOG_LEVEL")]
    pub log_level: Option<LogLevel>,
    /// Shows times in UTC.
    #[arg(long, global = true)]
    pub utc: bool,
    /// Leaves the mouse to the terminal.
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// Prints the help.
    #[arg(long, short, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

impl Global {
    /// Names the first flag given that says how to reach AWS, if any is.
    fn about_aws(&self) -> Option<&'static str> {
        let flags = [
            ("--profile", self.profile.is_some()),
            ("--region", self.region.is_some()),
            ("--endpoint-url", self.endpoint_url.is_some()),
        ];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}

/// What the program can be told to do besides showing the console.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Subcommand {
    /// Shows the console on a simulated account.
    Demo(DemoArgs),
    /// Prints a view.
    Get(GetArgs),
    /// Says what works, what is denied, and which action is missing.
    Doctor(DoctorArgs),
    /// Prints the least IAM that the catalogue needs.
    Policy(PolicyArgs),
    /// Writes a configuration from the profiles in the AWS configuration files.
    Init(InitArgs),
    /// Prints the keys in force, or checks a keymap file.
    Keys(KeysArgs),
    /// Opens a shell on a managed node.
    Shell(EntryArgs),
    /// Runs a fixed command in a container.
    Exec(EntryArgs),
    /// Opens a tunnel to a database.
    Tunnel(TunnelArgs),
    /// Prints, verifies and exports the journal.
    Journal(JournalArgs),
    /// Lists, prints and checks runbooks.
    Runbook(RunbookArgs),
    /// Plays a recording.
    Replay(ReplayArgs),
    /// Prints completions for a shell.
    Completions(CompletionsArgs),
    /// Prints the manual page.
    Man,
}

/// The flags of `demo`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct DemoArgs {
    /// What happens in the account, by name.
    #[arg(long, value_name = "name")]
    pub scenario: Option<String>,
    /// How far into the scenario to begin, such as `4m`, `90s` or `1h30m`.
    #[arg(long, value_name = "time", value_parser = parse_at)]
    pub at: Option<Duration>,
    /// Serves the account on this loopback address instead of showing the console.
    #[arg(long, value_name = "addr", value_parser = parse_listen)]
    pub listen: Option<SocketAddr>,
}

/// The arguments of `get`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct GetArgs {
    /// What to print.
    #[arg(value_enum, value_name = "view")]
    pub view: View,
    /// In which form.
    #[arg(long, short, value_enum, value_name = "format", default_value = "table")]
    pub output: Output,
    /// Of `waf`: the web ACL whose rules are wanted, by name.
    #[arg(long, value_name = "name")]
    pub acl: Option<String>,
    /// Of `findings`: which severities, such as `critical,high`, or `all`.
    #[arg(long, value_name = "severities")]
    pub severity: Option<Severities>,
    /// Of `waf`: the range in which requests are counted; of `findings`: since when they are there.
    #[arg(long, value_name = "time")]
    pub since: Option<Since>,
}

/// What `get` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// ECS services.
    Services,
    /// ECS tasks.
    Tasks,
    /// Web ACLs.
    Waf,
    /// `CloudWatch` alarms.
    Alarms,
    /// Security Hub findings.
    Findings,
    /// What may be done, and where.
    Targets,
    /// What needs a person now.
    Queue,
    /// The environments side by side.
    Fleet,
}

impl View {
    /// Returns the name that the command line takes, and the documents' schemas have.
    pub fn name(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Tasks => "tasks",
            Self::Waf => "waf",
            Self::Alarms => "alarms",
            Self::Findings => "findings",
            Self::Targets => "targets",
            Self::Queue => "queue",
            Self::Fleet => "fleet",
        }
    }
}

/// The form in which `get` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// A table for people; its form may change.
    #[default]
    Table,
    /// JSON of a documented, stable shape.
    Json,
}

/// How much is written to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// What may go wrong.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Names the level as `tracing` filters do.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// The flags of `init`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct InitArgs {
    /// Writes over a configuration that is there.
    #[arg(long)]
    pub force: bool,
    /// Prints the configuration instead of writing it.
    #[arg(long)]
    pub stdout: bool,
    /// `-`, which is short for `--stdout`.
    #[arg(value_name = "dash", value_parser = ["-"])]
    pub dash: Option<String>,
}

/// The flags of `keys`.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct KeysArgs {
    /// A keymap file to check.
    #[arg(long, value_name = "file")]
    pub check: Option<PathBuf>,
}

/// The arguments of `replay`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct ReplayArgs {
    /// The recording: a file, or the name of one in the folder of recordings.
    #[arg(value_name = "file")]
    pub file: PathBuf,
    /// Prints the text instead of playing it.
    #[arg(long)]
    pub dump: bool,
    /// How fast to play.
    #[arg(long, value_name = "times", value_parser = ["0.5", "1", "2", "4", "8", "16"])]
    pub speed: Option<String>,
}

/// The argument of `completions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "shell")]
    pub shell: clap_complete::Shell,
}

/// What there is to say when the command line is not to be carried out: help, the version, or a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Early {
    /// [`Exit::Fine`] where `text` was asked for and belongs on standard output, else [`Exit::Usage`].
    pub exit: Exit,
    /// What to print, with its line end.
    pub text: String,
}

impl Args {
    /// Gives what the configuration needs to know.
    pub fn flags(&self) -> Flags {
        let global = &self.global;
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Flags {
            config: global.config.clone(),
            environments: global.env.clone(),
            profile: global.profile.clone(),
            region: global.region.clone(),
            endpoint_url: global.endpoint_url.clone(),
            catalogue: global.catalogue.clone().filter(|path| !path.as_os_str().is_empty()),
            lang: global.lang,
            keymap: said(&global.keymap),
            theme: said(&global.theme),
            utc: global.utc,
            no_mouse: global.no_mouse,
        }
    }

    /// Tells whether the simulated account stands in for AWS.
    pub fn is_demo(&self) -> bool {
        self.global.demo || matches!(self.command, Some(Subcommand::Demo(_)))
    }
}

/// Finds the language to speak, before the arguments of the process are understood.
pub fn early_texts(arguments: &[OsString]) -> Texts {
    let lang = early_flag(arguments, "--lang", "SEKISHO_LANG").and_then(|code| Lang::from_code(code.to_str()?));
    let config = early_flag(arguments, "--config", "SEKISHO_CONFIG");
    Texts::of(early_lang(lang, config.as_deref().map(Path::new)))
}

/// Reads arguments, the program's name first, and speaks of their faults in a given language.
///
/// # Errors
/// [`Early`] where help was asked for or the arguments are at fault.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, texts: Texts) -> Result<Args, Early> {
    let args = command(texts)
        .try_get_matches_from(arguments)
        .and_then(|mut matches| Args::from_arg_matches_mut(&mut matches))
        .map_err(|error| explain(&error, texts))?;
    if args.global.as_role.is_some() && !args.is_demo() {
        return Err(super::usage::fault(t!(texts, "cli.error.as-without-demo"), texts));
    }
    if let Some(arg) = args.global.about_aws().filter(|_| args.is_demo()) {
        return Err(super::usage::fault(&t!(texts, "cli.error.aws-with-demo", arg = arg), texts));
    }
    if let Some(sentence) = of_get(&args).and_then(|get| fault(get, texts)) {
        return Err(super::usage::fault(&sentence, texts));
    }
    Ok(args)
}

fn of_get(args: &Args) -> Option<&GetArgs> {
    match &args.command {
        Some(Subcommand::Get(get)) => Some(get),
        _ => None,
    }
}

/// Finds a flag's value before the command line is understood: its faults must be told in the right language.
fn early_flag(arguments: &[OsString], flag: &str, variable: &str) -> Option<OsString> {
    let mut arguments = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == flag {
            return arguments.next().cloned();
        }
        let value = argument.to_str().and_then(|text| text.strip_prefix(flag)?.strip_prefix('='));
        if let Some(value) = value {
            return Some(value.into());
        }
    }
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

fn lang_parser() -> impl clap::builder::TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(Lang::ALL.map(Lang::code)).map(|code| Lang::from_code(&code).unwrap_or_default())
}

/// Reads a time into the scenario; what is wrong is said where the language is known.
fn parse_at(text: &str) -> Result<Duration, String> {
    let signed: SignedDuration = text.parse().map_err(|_| String::new())?;
    Duration::try_from(signed).map_err(|_| String::new())
}

/// Reads an address to listen on: of this machine alone, because the simulated account is for no one else.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| String::new())?;
    if address.ip().is_loopback() { Ok(address) } else { Err(String::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const JA: Texts = Texts::of(Lang::Ja);
    const EN: Texts = Texts::of(Lang::En);

    fn parse_words(line: &str, texts: Texts) -> Result<Args, Early> {
        parse(line.split(' ').map(OsString::from), texts)
    }

    #[test]
    fn flags_work_before_and_after_the_subcommand() {
        let args = parse_words("sekisho --env prd get services -o json --env stg --utc", EN).unwrap();
        assert_eq!(
            args.command,
            Some(Subcommand::Get(GetArgs {
                view: View::Services,
                output: Output::Json,
                acl: None,
                severity: None,
                since: None,
            }))
        );
        assert!(args.flags().utc);
        // clap takes the flags of the innermost place that has them.
        assert_eq!(args.flags().environments, ["stg"]);
        let args = parse_words("sekisho --env prd --env stg --lang ja", EN).unwrap();
        assert_eq!(args.flags().environments, ["prd", "stg"]);
        assert_eq!(args.flags().lang, Some(Lang::Ja));
        assert_eq!(args.command, None);
        let args = parse(["sekisho", "--theme", "", "--keymap="].map(OsString::from), EN).unwrap();
        assert_eq!((args.flags().theme, args.flags().keymap), (None, None));
    }

    #[rstest]
    #[case("4m", 240)]
    #[case("90s", 90)]
    #[case("1h30m", 5400)]
    fn a_time_into_the_scenario_is_read(#[case] text: &str, #[case] seconds: u64) {
        let args = parse_words(&format!("sekisho demo --at {text}"), EN).unwrap();
        let Some(Subcommand::Demo(demo)) = args.command else { panic!("not the demo") };
        assert_eq!(demo.at, Some(Duration::from_secs(seconds)));
    }

    #[test]
    fn the_language_is_found_before_anything_is_understood() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let found = |line: &str| early_flag(&words(line), "--lang", "SEKISHO_NO_SUCH_VARIABLE");
        assert_eq!(found("sekisho --nope --lang ja"), Some("ja".into()));
        assert_eq!(found("sekisho --lang=en get"), Some("en".into()));
        assert_eq!(found("sekisho -- --lang=en"), None);
        assert_eq!(found("sekisho --language ja"), None);
        assert_eq!(found("sekisho --lang"), None);
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_reader(words in prop::collection::vec("(--)?(lang|at|env|demo|get|o|.{0,6})(=.{0,4})?", 0..5)) {
            let line = std::iter::once("sekisho".to_owned()).chain(words);
            let _ = parse(line.map(OsString::from), JA);
        }
    }
}

//! Defines the command line, in the language of whoever reads its help.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, Resettable, TypedValueParser as _};
use clap::{Arg, ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use jiff::SignedDuration;

use super::Exit;
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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line, independent of the others")]
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

/// What the program can be told to do besides showing the console.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Subcommand {
    /// Shows the console on a simulated account.
    Demo(DemoArgs),
    /// Prints a view.
    Get(GetArgs),
    /// Says what works, what is denied, and which action is missing.
    Doctor,
    /// Writes a configuration from the profiles in the AWS configuration files.
    Init(InitArgs),
    /// Prints the keys in force, or checks a keymap file.
    Keys(KeysArgs),
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct GetArgs {
    /// What to print.
    #[arg(value_enum, value_name = "view")]
    pub view: View,
    /// In which form.
    #[arg(long, short, value_enum, value_name = "format", default_value = "table")]
    pub output: Output,
}

/// What `get` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// ECS services.
    Services,
    /// ECS tasks.
    Tasks,
    /// CloudWatch alarms.
    Alarms,
    /// What needs a person now.
    Queue,
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
        Flags {
            config: global.config.clone(),
            environments: global.env.clone(),
            profile: global.profile.clone(),
            region: global.region.clone(),
            endpoint_url: global.endpoint_url.clone(),
            lang: global.lang,
            keymap: global.keymap.clone(),
            theme: global.theme.clone(),
            utc: global.utc,
            no_mouse: global.no_mouse,
        }
    }

    /// Tells whether the simulated account stands in for AWS.
    pub fn is_demo(&self) -> bool {
        self.global.demo || matches!(self.command, Some(Subcommand::Demo(_)))
    }
}

/// Reads the arguments of the process, the program's name first, and finds the language to speak.
///
/// # Errors
/// [`Early`] where help was asked for or the arguments are at fault.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<(Args, Texts), Early> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let lang = early_flag(&arguments, "--lang", "SEKISHO_LANG").and_then(|code| Lang::from_code(code.to_str()?));
    let config = early_flag(&arguments, "--config", "SEKISHO_CONFIG");
    let texts = Texts::of(early_lang(lang, config.as_deref().map(Path::new)));
    parse_in(arguments, texts).map(|args| (args, texts))
}

/// Reads arguments, the program's name first, and speaks of their faults in a given language.
///
/// # Errors
/// [`Early`] where help was asked for or the arguments are at fault.
pub fn parse_in(arguments: impl IntoIterator<Item = OsString>, texts: Texts) -> Result<Args, Early> {
    let args = command(texts)
        .try_get_matches_from(arguments)
        .and_then(|mut matches| Args::from_arg_matches_mut(&mut matches))
        .map_err(|error| explain(&error, texts))?;
    if args.global.as_role.is_some() && !args.is_demo() {
        return Err(super::usage::fault(t!(texts, "cli.error.as-without-demo"), texts));
    }
    Ok(args)
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
    std::env::var_os(variable)
}

/// Builds the command line with its help in one language.
pub fn command(texts: Texts) -> clap::Command {
    let command = Args::command().version(env!("CARGO_PKG_VERSION"));
    localise(command, texts, "sekisho")
}

/// Gives a command and what is below it their texts.
fn localise(command: clap::Command, texts: Texts, path: &str) -> clap::Command {
    let about = texts.lookup(&format!("cli.about.{}", command.get_name())).unwrap_or_default();
    let usage_word = t!(texts, "cli.help.usage");
    let usage = usage(&command, texts, path);
    command
        .about(about)
        .long_about(Resettable::Reset)
        .help_template(format!("{{about}}\n\n{usage_word} {{usage}}\n\n{{all-args}}"))
        .override_usage(usage)
        .subcommand_help_heading(t!(texts, "cli.help.commands"))
        .subcommand_value_name(t!(texts, "cli.help.command"))
        .mut_args(|arg| localise_arg(arg, texts))
        .mut_subcommands(|below| {
            let path = format!("{path} {}", below.get_name());
            localise(below, texts, &path)
        })
}

/// Gives an argument its texts; the flags of every subcommand take theirs along from the root.
fn localise_arg(arg: Arg, texts: Texts) -> Arg {
    let name = arg.get_id().as_str().replace('_', "-");
    let mut help = texts.lookup(&format!("cli.arg.{name}")).unwrap_or_default().to_owned();
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if arg.get_action().takes_values() && !values.is_empty() {
        help = format!("{help} [{}]", values.join(" | "));
    }
    if let Some(variable) = arg.get_env() {
        help = format!("{help} [${}]", variable.to_string_lossy());
    }
    let heading = match (arg.is_positional(), arg.is_global_set()) {
        (true, _) => t!(texts, "cli.help.arguments"),
        (false, false) => t!(texts, "cli.help.options"),
        (false, true) => t!(texts, "cli.help.global"),
    };
    let value = value_name(&arg, texts);
    let takes_values = arg.get_action().takes_values();
    let arg = arg.help(help).long_help(Resettable::Reset).help_heading(heading);
    if takes_values {
        // What clap would add itself is English; the values and the variable stand in the help already.
        arg.value_name(value).hide_possible_values(true).hide_default_value(true).hide_env(true)
    } else {
        arg
    }
}

/// Gives the word that stands for an argument's value.
fn value_name(arg: &Arg, texts: Texts) -> &'static str {
    let name = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    name.and_then(|name| texts.lookup(&format!("cli.value.{name}"))).unwrap_or("-")
}

/// Writes how a command is used; clap's own words for that are English.
fn usage(command: &clap::Command, texts: Texts, path: &str) -> String {
    let mut usage = format!("{path} {}", t!(texts, "cli.help.usage-options"));
    for arg in command.get_positionals() {
        let value = value_name(arg, texts);
        usage += &if arg.is_required_set() { format!(" <{value}>") } else { format!(" [{value}]") };
    }
    if command.has_subcommands() {
        usage += &format!(" [{}]", t!(texts, "cli.help.command"));
    }
    usage
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
        parse_in(line.split(' ').map(OsString::from), texts)
    }

    #[test]
    fn the_definition_holds_together() {
        for lang in Lang::ALL {
            command(Texts::of(lang)).debug_assert();
        }
    }

    #[test]
    fn flags_work_before_and_after_the_subcommand() {
        let args = parse_words("sekisho --env prd get services -o json --env stg --utc", EN).unwrap();
        assert_eq!(args.command, Some(Subcommand::Get(GetArgs { view: View::Services, output: Output::Json })));
        assert!(args.flags().utc);
        // clap takes the flags of the innermost place that has them.
        assert_eq!(args.flags().environments, ["stg"]);
        let args = parse_words("sekisho --env prd --env stg --lang ja", EN).unwrap();
        assert_eq!(args.flags().environments, ["prd", "stg"]);
        assert_eq!(args.flags().lang, Some(Lang::Ja));
        assert_eq!(args.command, None);
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

    #[rstest]
    #[case("sekisho --nope", "--nope")]
    #[case("sekisho --profil x", "--profile")]
    #[case("sekisho servces", "servces")]
    #[case("sekisho get alarm", "alarms")]
    #[case("sekisho get", "<VIEW>")]
    #[case("sekisho demo --at soon", "4m")]
    #[case("sekisho demo --at=-4m", "4m")]
    #[case("sekisho demo --listen 0.0.0.0:1", "127.0.0.1")]
    #[case("sekisho demo --listen here", "127.0.0.1")]
    #[case("sekisho --lang fr", "ja")]
    #[case("sekisho --env", "--env")]
    #[case("sekisho --profile a --profile b", "--profile")]
    #[case("sekisho --as staff", "--demo")]
    #[case("sekisho doctor what", "what")]
    fn faults_are_told_in_the_readers_language(#[case] line: &str, #[case] says: &str) {
        let early = parse_words(line, JA).unwrap_err();
        assert_eq!(early.exit, Exit::Usage);
        assert!(early.text.contains(says), "{}", early.text);
        assert!(early.text.contains("使い方は"), "{}", early.text);
        let sentence = early.text.lines().next().unwrap();
        assert!(sentence.ends_with('。'), "{sentence}");
        let english = parse_words(line, EN).unwrap_err().text;
        assert!(english.lines().next().unwrap().ends_with(['.', '?']), "{english}");
    }

    #[test]
    fn help_is_in_one_language_throughout() {
        for line in ["sekisho --help", "sekisho demo -h", "sekisho get --help", "sekisho keys --help"] {
            let early = parse_words(line, JA).unwrap_err();
            assert_eq!(early.exit, Exit::Fine);
            for english in ["Usage", "Options", "Commands", "Arguments", "OPTIONS", "possible", "default:", "env:"] {
                assert!(!early.text.contains(english), "{english} in\n{}", early.text);
            }
            assert!(early.text.contains("使い方: sekisho"));
            assert!(early.text.contains("--region <REGION>"));
        }
        assert!(parse_words("sekisho -V", JA).unwrap_err().text.contains(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn nothing_in_the_help_lacks_its_text() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some_and(|about| !about.to_string().is_empty()), "{}", command.get_name());
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty() && !help.starts_with(' '), "{}", arg.get_id());
                assert!(arg.get_long_help().is_none(), "{}", arg.get_id());
                if arg.get_action().takes_values() && arg.get_id() != "dash" {
                    let name = arg.get_value_names().map(|names| names[0].to_string());
                    assert_ne!(name.as_deref(), Some("-"), "{}", arg.get_id());
                }
            }
            command.get_subcommands().for_each(check);
        }
        check(&command(JA));
        check(&command(EN));
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
            let _ = parse_in(line.map(OsString::from), JA);
        }
    }
}

//! Gives the command line its texts in the reader's language; clap's own words are English.

use std::ffi::OsStr;
use std::fmt::Write as _;

use clap::builder::Resettable;
use clap::{Arg, CommandFactory as _};

use super::args::Args;
use crate::i18n::Texts;
use crate::t;

/// Builds the command line with its help in one language.
pub fn command(texts: Texts) -> clap::Command {
    let command = Args::command().version(env!("CARGO_PKG_VERSION"));
    localise(command, texts, "sekisho")
}

/// Gives a command and what is below it their texts.
fn localise(command: clap::Command, texts: Texts, path: &str) -> clap::Command {
    // `sekisho journal list` is `journal-list`: a word below one command is not the same below another.
    let (_, below) = path.split_once(' ').unwrap_or(("", path));
    let about = texts.lookup(&format!("cli.about.{}", below.replace(' ', "-"))).unwrap_or_default();
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
    // A variable that is set to nothing says nothing, as it is with those of POSIX and XDG.
    let empty = |variable: &OsStr| std::env::var_os(variable).is_some_and(|value| value.is_empty());
    let arg = if arg.get_env().is_some_and(empty) { arg.env(Resettable::Reset) } else { arg };
    if takes_values {
        // What clap would add itself is English; the values and the variable stand in the help already.
        arg.value_name(value).hide_possible_values(true).hide_default_value(true).hide_env(true)
    } else {
        arg
    }
}

/// Gives the word that stands for an argument's value.
fn value_name(arg: &Arg, texts: Texts) -> &'static str {
    let name = arg.get_value_names().and_then(|names| names.first()).map(clap::builder::Str::as_str);
    name.and_then(|name| texts.lookup(&format!("cli.value.{name}"))).unwrap_or("-")
}

/// Writes how a command is used; clap's own words for that are English.
fn usage(command: &clap::Command, texts: Texts, path: &str) -> String {
    let mut usage = format!("{path} {}", t!(texts, "cli.help.usage-options"));
    // Writing to a String does not fail.
    for arg in command.get_positionals() {
        let value = value_name(arg, texts);
        let _ = if arg.is_required_set() { write!(usage, " <{value}>") } else { write!(usage, " [{value}]") };
    }
    if command.has_subcommands() {
        let _ = write!(usage, " [{}]", t!(texts, "cli.help.command"));
    }
    usage
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::Exit;
    use crate::cli::args::{Early, parse};
    use crate::i18n::Lang;

    const JA: Texts = Texts::of(Lang::Ja);
    const EN: Texts = Texts::of(Lang::En);

    fn parse_words(line: &str, texts: Texts) -> Result<Args, Early> {
        parse(line.split(' ').map(OsString::from), texts)
    }

    #[test]
    fn the_definition_holds_together() {
        for lang in Lang::ALL {
            command(Texts::of(lang)).debug_assert();
        }
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
}

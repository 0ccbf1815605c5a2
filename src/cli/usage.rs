//! Says what is wrong with a command line, in the reader's language; clap's own words are English.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Exit;
use super::args::Early;
use crate::config::document::printable;
use crate::i18n::Texts;
use crate::t;

/// Turns clap's error into what is printed: help and the version as they are, a fault in the reader's language.
pub(super) fn explain(error: &clap::Error, texts: Texts) -> Early {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Early { exit: Exit::Fine, text: error.render().to_string() };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // What is missing is said by what there is.
        return Early { exit: Exit::Usage, text: error.render().to_string() };
    }
    let mut sentence = describe(error, texts);
    if let Some(word) = suggestion(error) {
        let meant = t!(texts, "common.did-you-mean", word = word);
        sentence = format!("{sentence}\n    {meant}");
    }
    fault(&sentence, texts)
}

/// Makes a fault out of one sentence.
pub(super) fn fault(sentence: &str, texts: Texts) -> Early {
    let help = t!(texts, "cli.error.see-help");
    Early { exit: Exit::Usage, text: format!("{sentence}\n    {help}\n") }
}

fn describe(error: &clap::Error, texts: Texts) -> String {
    let arg = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => t!(texts, "cli.error.unknown-argument", arg = arg),
        ErrorKind::InvalidSubcommand => {
            let command = context(error, ContextKind::InvalidSubcommand);
            t!(texts, "cli.error.unknown-command", command = command)
        }
        ErrorKind::InvalidValue if value.is_empty() => t!(texts, "cli.error.missing-value", arg = arg),
        ErrorKind::InvalidValue => {
            let known = context(error, ContextKind::ValidValue);
            t!(texts, "cli.error.invalid-value", arg = arg, value = value, known = known)
        }
        ErrorKind::ValueValidation if arg.starts_with("--at") => t!(texts, "cli.error.bad-time", value = value),
        ErrorKind::ValueValidation if arg.starts_with("--listen") => {
            t!(texts, "cli.error.bad-address", value = value)
        }
        ErrorKind::ValueValidation if arg.starts_with("--severity") => {
            t!(texts, "cli.error.bad-severity", value = value)
        }
        ErrorKind::ValueValidation if arg.starts_with("--param") => t!(texts, "cli.error.bad-param", value = value),
        ErrorKind::MissingSubcommand => {
            let known = context(error, ContextKind::ValidSubcommand);
            t!(texts, "cli.error.missing-command", known = known)
        }
        ErrorKind::ValueValidation if arg.starts_with("--since") || arg.starts_with("--until") => {
            t!(texts, "cli.error.bad-since", value = value)
        }
        ErrorKind::MissingRequiredArgument => t!(texts, "cli.error.missing-argument", arg = arg),
        ErrorKind::ArgumentConflict => t!(texts, "cli.error.given-twice", arg = arg),
        ErrorKind::InvalidUtf8 => t!(texts, "cli.error.not-utf8").to_owned(),
        _ => t!(texts, "cli.error.malformed", arg = arg),
    }
}

/// Gives what was likely meant, where clap knows.
fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let mut words = kinds.iter().map(|kind| context(error, *kind));
    words.find(|word| !word.is_empty())
}

/// Gives what clap knows of an error, fit to be shown; nothing where it does not.
fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => printable(text),
        Some(ContextValue::Strings(texts)) => printable(&texts.join(", ")),
        Some(ContextValue::StyledStr(text)) => printable(&text.to_string()),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::args::{Args, parse};
    use crate::i18n::Lang;
    use rstest::rstest;

    fn parse_words(line: &str, lang: Lang) -> Result<Args, Early> {
        parse(line.split(' ').map(OsString::from), Texts::of(lang))
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
    #[case("sekisho --demo --profile prd", "--profile")]
    #[case("sekisho demo --region eu-west-1", "--region")]
    #[case("sekisho get queue --demo --endpoint-url http://127.0.0.1:1", "--endpoint-url")]
    #[case("sekisho doctor what", "what")]
    #[case("sekisho get findings --severity worst", "worst")]
    #[case("sekisho get findings --since yesterday", "yesterday")]
    #[case("sekisho get waf --since 2h", "3h")]
    #[case("sekisho get waf --severity high", "--severity")]
    #[case("sekisho get services --acl shop", "--acl")]
    #[case("sekisho get queue --since 1h", "--since")]
    #[case("sekisho journal --utc", "verify")]
    #[case("sekisho journal look", "look")]
    #[case("sekisho journal list --until soon", "soon")]
    #[case("sekisho journal list --result good", "failed")]
    #[case("sekisho journal verify --since 1h", "--since")]
    fn faults_are_told_in_the_readers_language(#[case] line: &str, #[case] says: &str) {
        let early = parse_words(line, Lang::Ja).unwrap_err();
        assert_eq!(early.exit, Exit::Usage);
        assert!(early.text.contains(says), "{}", early.text);
        assert!(early.text.contains("使い方は"), "{}", early.text);
        let sentence = early.text.lines().next().unwrap();
        assert!(sentence.ends_with('。'), "{sentence}");
        let english = parse_words(line, Lang::En).unwrap_err().text;
        assert!(english.lines().next().unwrap().ends_with(['.', '?']), "{english}");
    }
}

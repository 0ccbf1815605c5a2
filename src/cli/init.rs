//! Writes a commented configuration from the profiles in the AWS configuration files.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::Exit;
use super::args::InitArgs;
use crate::config::aws::{Profile, Profiles};
use crate::config::document::printable;
use crate::config::{longest_name, quoted, region};
use crate::domain::environment::Kind;
use crate::i18n::Texts;
use crate::t;

/// Writes the configuration to `path`, or prints it; one that is there is kept unless `--force` is given.
///
/// What keeps it from being written goes to `faults`, and ends in [`Exit::Usage`].
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn run(
    args: &InitArgs,
    path: Option<&Path>,
    profiles: &Profiles,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    for (problem, place) in &profiles.unreadable {
        writeln!(faults, "{place}: {}", problem.describe(texts))?;
    }
    let text = template(profiles, texts);
    if args.stdout || args.dash.is_some() {
        out.write_all(text.as_bytes())?;
        return Ok(Exit::Fine);
    }
    let Some(path) = path else {
        writeln!(faults, "{}", t!(texts, "cli.init.no-home"))?;
        return Ok(Exit::Usage);
    };
    let shown = printable(&path.to_string_lossy());
    match write(path, &text, args.force) {
        Ok(()) => {
            let count = profiles.profiles.len();
            writeln!(out, "{}", t!(texts, "cli.init.written", path = shown, count = count))?;
            Ok(Exit::Fine)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            writeln!(faults, "{}", t!(texts, "cli.init.exists", path = shown))?;
            Ok(Exit::Usage)
        }
        Err(error) => {
            writeln!(faults, "{}", t!(texts, "cli.init.not-written", path = shown, reason = error))?;
            Ok(Exit::Usage)
        }
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str, force: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if !force {
        let mut file = fs::File::create_new(path)?;
        return file.write_all(text.as_bytes());
    }
    let beside = path.with_extension("toml.new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

/// Writes the configuration: every setting with its default as a comment, and an environment for each profile.
pub fn template(profiles: &Profiles, texts: Texts) -> String {
    let mut text = settings(texts);
    comment(&mut text, t!(texts, "cli.init.environments"));
    comment(&mut text, t!(texts, "cli.init.environment-is"));
    let mut names = HashSet::new();
    for (name, profile) in &profiles.profiles {
        text.push('\n');
        text.push_str(&environment(&mut names, name, profile, texts));
    }
    if profiles.profiles.is_empty() {
        comment(&mut text, t!(texts, "cli.init.no-profiles"));
        text.push_str("# [[environment]]\n# name = \"prd\"\n# kind = \"prd\"\n# profile = \"system-c\"\n");
        text.push_str("# account = \"111122223333\"\n# regions = [\"ap-northeast-1\"]\n");
    }
    text.push_str(&roles(texts));
    text
}

fn settings(texts: Texts) -> String {
    let mut text = String::new();
    comment(&mut text, t!(texts, "cli.init.head"));
    comment(&mut text, t!(texts, "cli.init.comments"));
    text.push('\n');
    let lang = quoted(texts.lang().code());
    for (row, about) in [
        (format!("lang = {lang}"), t!(texts, "cli.init.lang")),
        ("keymap = \"default\"".to_owned(), t!(texts, "cli.init.keymap")),
        ("theme = \"default\"".to_owned(), t!(texts, "cli.init.theme")),
        ("glyphs = \"unicode\"".to_owned(), t!(texts, "cli.init.glyphs")),
        ("mouse = true".to_owned(), t!(texts, "cli.init.mouse")),
        ("utc = false".to_owned(), t!(texts, "cli.init.utc")),
    ] {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}", explained(&format!("# {row}"), about));
    }
    text.push('\n');
    text
}

/// Writes one profile as an environment; as a comment where it lacks the region that an environment needs.
fn environment(names: &mut HashSet<String>, name: &str, profile: &Profile, texts: Texts) -> String {
    let mut rows = vec!["[[environment]]".to_owned(), format!("name = {}", quoted(&unique(names, name)))];
    rows.push(match Kind::guess(name) {
        Kind::Unknown => explained("# kind = \"dev\"", t!(texts, "cli.init.kind-unknown")),
        kind => {
            let row = format!("kind = {}", quoted(kind.as_str()));
            explained(&row, t!(texts, "cli.init.kind-guessed"))
        }
    });
    rows.push(format!("profile = {}", quoted(name)));
    rows.extend(profile.account().map(|account| format!("account = {}", quoted(account.as_str()))));
    let region = profile.region.as_deref().filter(|region| region::is_plausible(region));
    rows.push(format!("regions = [{}]", quoted(region.unwrap_or("ap-northeast-1"))));
    rows.push(explained("# clusters = [\"shop-*\"]", t!(texts, "cli.init.patterns")));
    rows.push("# alarms = [\"shop-*\"]".to_owned());
    rows.push("# web_acls = [\"shop-*\"]".to_owned());
    let mut text = String::new();
    if region.is_none() {
        comment(&mut text, t!(texts, "cli.init.no-region"));
    }
    for row in rows {
        let mark = if region.is_none() && !row.starts_with('#') { "# " } else { "" };
        let _ = writeln!(text, "{mark}{row}");
    }
    text
}

fn roles(texts: Texts) -> String {
    let mut text = "\n".to_owned();
    comment(&mut text, t!(texts, "cli.init.roles"));
    text.push_str("# [[role]]\n# name = \"operator\"\n# match = [\"permission-set:SupportUser\"]\n");
    text.push_str("# [[role]]\n# name = \"staff\"\n");
    text.push_str("# match = [\"permission-set:Administrator\", \"arn:aws:iam::111122223333:user/emergency-*\"]\n");
    text
}

/// Puts what a row is about behind it, in a column of its own.
fn explained(row: &str, about: &str) -> String {
    format!("{row:<26} # {about}")
}

fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "# {line}");
}

/// Makes the name of a profile fit to be the name of an environment, and unlike those before it.
fn unique(names: &mut HashSet<String>, profile: &str) -> String {
    let whole = printable(profile);
    let whole = whole.trim();
    let mut name: String = whole.chars().take(longest_name()).collect();
    let mut number = 2;
    while !names.insert(name.trim_end().to_owned()) {
        let suffix = format!("-{number}");
        let kept = longest_name() - suffix.len();
        name = whole.chars().take(kept).chain(suffix.chars()).collect();
        number += 1;
    }
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::aws::Form;
    use crate::config::{Config, CredentialSource, Flags, Surroundings};
    use crate::i18n::Lang;
    use proptest::prelude::*;

    const AWS: &str = "[default]\nregion = ap-northeast-1\n\
        [profile shop-prd]\nregion = ap-northeast-1\nsso_account_id = 111122223333\n\
        [profile 検証]\nregion = ap-northeast-3\nrole_arn = arn:aws:iam::444455556666:role/ops\n\
        [profile nowhere]\n";

    fn profiles(text: &str) -> Profiles {
        let mut profiles = Profiles::default();
        profiles.add(text, Form::Config);
        profiles
    }

    fn load(text: &str, profiles: Profiles) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        let flags = Flags { config: Some(path), region: Some("us-east-1".to_owned()), ..Flags::default() };
        let flags = if text.contains("\n[[environment]]") { Flags { region: None, ..flags } } else { flags };
        let around = Surroundings { profiles, ..Surroundings::default() };
        Config::load_in(&flags, &around).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
    }

    #[test]
    fn what_is_written_is_a_configuration() {
        for lang in Lang::ALL {
            let profiles = profiles(AWS);
            let config = load(&template(&profiles, Texts::of(lang)), profiles);
            let of = |name: &str| config.environments.iter().find(|e| e.environment.name == name).unwrap();
            assert_eq!(config.environments.len(), 3, "the one without a region is a comment");
            let shop = of("shop-prd");
            assert_eq!(shop.environment.kind, Kind::Prd);
            assert_eq!(shop.environment.account.unwrap().as_str(), "111122223333");
            assert_eq!(shop.credentials, CredentialSource::Profile("shop-prd".to_owned()));
            assert_eq!(of("検証").environment.kind, Kind::Stg);
            assert_eq!(of("検証").environment.account.unwrap().as_str(), "444455556666");
            assert_eq!(of("default").environment.regions, ["ap-northeast-1"]);
        }
    }

    #[test]
    fn every_comment_that_is_a_setting_can_be_taken_out() {
        let profiles = profiles(AWS);
        let text = template(&profiles, Texts::of(Lang::Ja));
        let bare: String = text
            .lines()
            .map(|line| {
                line.strip_prefix("# ").filter(|rest| rest.starts_with('[') || rest.contains(" = ")).unwrap_or(line)
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let config = load(&bare, profiles);
        assert_eq!(config.environments.len(), 4);
        assert_eq!(config.roles.len(), 2);
        assert_eq!(config.lang, Lang::Ja);
    }

    #[test]
    fn a_configuration_that_is_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("config.toml");
        let run = |force: bool| {
            let (mut out, mut faults) = (Vec::new(), Vec::new());
            let args = InitArgs { force, ..InitArgs::default() };
            let exit = run(&args, Some(&path), &profiles(AWS), Texts::of(Lang::En), &mut out, &mut faults).unwrap();
            (exit, String::from_utf8(out).unwrap(), String::from_utf8(faults).unwrap())
        };
        let (exit, out, _) = run(false);
        assert_eq!(exit, Exit::Fine);
        assert!(out.contains("config.toml"));
        fs::write(&path, "mine").unwrap();
        let (exit, out, faults) = run(false);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(faults.contains("--force"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(run(true).0, Exit::Fine);
        assert!(fs::read_to_string(&path).unwrap().contains("shop-prd"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn where_nothing_can_be_written_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").unwrap();
        for path in [None, Some(blocked.join("config.toml"))] {
            let (mut out, mut faults) = (Vec::new(), Vec::new());
            let (args, none, texts) = (InitArgs::default(), Profiles::default(), Texts::of(Lang::Ja));
            let exit = run(&args, path.as_deref(), &none, texts, &mut out, &mut faults).unwrap();
            assert_eq!(exit, Exit::Usage);
            assert!(out.is_empty() && String::from_utf8(faults).unwrap().contains("--stdout"));
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let mut names = HashSet::new();
        let long = "x".repeat(60);
        assert_eq!(unique(&mut names, &long), "x".repeat(40));
        assert_eq!(unique(&mut names, &long), format!("{}-2", "x".repeat(38)));
        assert_eq!(unique(&mut names, "a"), "a");
        assert_eq!(unique(&mut names, "a"), "a-2");
    }

    proptest! {
        #[test]
        fn any_profiles_make_a_configuration(names in prop::collection::vec("[^\\]\r\n\"']{0,60}", 0..6)) {
            let text = names.iter().fold(String::new(), |text, name| text + "[profile " + name + "]
region = eu-west-1
");
            let profiles = profiles(&text);
            let count = profiles.profiles.len();
            let config = load(&template(&profiles, Texts::of(Lang::Ja)), profiles);
            prop_assert_eq!(config.environments.len(), count.max(1));
        }
    }
}

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
        let _ = writeln!(text, "# {row:<22}# {about}");
    }
    text.push('\n');
    text
}

/// Writes one profile as an environment; as a comment where it lacks the region that an environment needs.
fn environment(names: &mut HashSet<String>, name: &str, profile: &Profile, texts: Texts) -> String {
    let mut rows = vec!["[[environment]]".to_owned(), format!("name = {}", quoted(&unique(names, name)))];
    rows.push(match Kind::guess(name) {
        Kind::Unknown => format!("# kind = \"dev\"           # {}", t!(texts, "cli.init.kind-unknown")),
        kind => format!("kind = {:<17} # {}", quoted(kind.as_str()), t!(texts, "cli.init.kind-guessed")),
    });
    rows.push(format!("profile = {}", quoted(name)));
    rows.extend(profile.account().map(|account| format!("account = {}", quoted(account.as_str()))));
    let region = profile.region.as_deref().filter(|region| region::is_plausible(region));
    rows.push(format!("regions = [{}]", quoted(region.unwrap_or("ap-northeast-1"))));
    rows.push(format!("# clusters = [\"shop-*\"]    # {}", t!(texts, "cli.init.patterns")));
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

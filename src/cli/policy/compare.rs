//! `sekisho doctor --policy`: what a policy allows beyond a role's need, and what it lacks.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::aws::{Connection, Now, Shared};
use crate::config::document::printable;
use crate::domain::identity::{RoleResolution, resolve};
use crate::domain::text::clean;
use crate::i18n::Texts;
use crate::policy::compile::compare::{Beyond, Comparison, Excess, Lack, compare};
use crate::policy::compile::{Foreign, LONGEST_POLICY, NotAPolicy, parse};
use crate::runtime::sources;
use crate::t;
use crate::ui::words;

use super::super::account::Account;
use super::super::remedy::remedy;
use super::super::{Exit, complain};

/// The longest text of somebody else's policy that is printed, in characters.
const LONGEST: usize = 200;

/// The most files of a folder: IAM attaches ten policies to a role, or twenty at most.
const MOST_FILES: usize = 200;

/// Compares the policies of files, all together, with what a role needs: the one that is named, or that of whoever asks.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub async fn run(
    files: &[PathBuf],
    role: Option<&str>,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let found = match read_all(files, texts) {
        Ok(found) => found,
        Err(sentence) => return complain([sentence], faults),
    };
    let role = match role {
        Some(role) => role.to_owned(),
        None => match own_role(account, texts).await {
            Ok(role) => role,
            Err((sentence, exit)) => {
                writeln!(faults, "{sentence}")?;
                return Ok(exit);
            }
        },
    };
    let compiled = match super::compiled(&role, account, &super::usual(account), texts, faults)? {
        Ok(compiled) => compiled,
        Err(exit) => return Ok(exit),
    };
    let compared = compare(&found, &compiled.statements);
    print(&compared, &role, texts, out)?;
    Ok(if compared.fits() { Exit::Fine } else { Exit::Attention })
}

/// Reads policies, each the whole or a part of what somebody may; of a folder, the JSON files in it.
fn read_all(paths: &[PathBuf], texts: Texts) -> Result<Foreign, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(list(path, texts)?);
        } else {
            files.push(path.clone());
        }
    }
    let mut all = Foreign::default();
    for file in &files {
        let found = read(file, texts)?;
        // Where there are several, a statement is found by the file that it is in.
        let name = file.file_name().filter(|_| files.len() > 1).map(|name| name.to_string_lossy().into_owned());
        all.add(found, name.as_deref());
    }
    Ok(all)
}

/// Lists the JSON files of a folder, by their names.
fn list(folder: &Path, texts: Texts) -> Result<Vec<PathBuf>, String> {
    let shown = || printable(&folder.to_string_lossy());
    let unread = |why: io::Error| t!(texts, "policy.compare.not-read", path = shown(), why = why);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) && !path.is_dir() {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(t!(texts, "policy.compare.too-many", path = shown(), most = MOST_FILES));
        }
    }
    if files.is_empty() {
        return Err(t!(texts, "policy.compare.no-files", path = shown()));
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path, texts: Texts) -> Result<Foreign, String> {
    let path = printable(&file.to_string_lossy());
    let unread = |why: io::Error| t!(texts, "policy.compare.not-read", path = path, why = why);
    let known = fs::metadata(file).map_err(unread)?;
    // A pipe in its place would be waited for.
    if !known.is_file() {
        return Err(unread(io::ErrorKind::InvalidInput.into()));
    }
    let too_long = || t!(texts, "policy.compare.too-long", path = path);
    if known.len() > LONGEST_POLICY as u64 {
        return Err(too_long());
    }
    let bytes = fs::read(file).map_err(unread)?;
    let text = String::from_utf8(bytes).map_err(|_| t!(texts, "policy.compare.not-utf8", path = path))?;
    parse(&text).map_err(|fault| match fault {
        NotAPolicy::TooLong => too_long(),
        NotAPolicy::NotJson { line, column } => {
            t!(texts, "policy.compare.not-json", path = path, line = line, column = column)
        }
        NotAPolicy::NoStatements => t!(texts, "policy.compare.no-statements", path = path),
        NotAPolicy::Malformed { number, element } => {
            t!(texts, "policy.compare.malformed", path = path, number = number, element = element)
        }
    })
}

/// Finds the role of whoever asks, in the first environment that is configured.
async fn own_role(account: &Account, texts: Texts) -> Result<String, (String, Exit)> {
    let config = &account.config;
    let unnamed = || (t!(texts, "policy.compare.which-role").to_owned(), Exit::Usage);
    let plans = sources::plan(&config.environments);
    let plan = plans.first().ok_or_else(unnamed)?;
    let shared = Shared::new(Now::default());
    let connection = Connection::open(plan.connection(config.endpoint_url.as_deref()), shared).await;
    let connection = connection.map_err(|failure| {
        let profile = plan.credentials.name();
        let line = words::failure_line(texts, &failure);
        (format!("{line}\n{}", remedy(texts, &failure, profile)), Exit::Source)
    })?;
    match resolve(&config.roles, connection.identity()) {
        RoleResolution::One(role) => Ok(role),
        RoleResolution::None | RoleResolution::Ambiguous(_) => Err(unnamed()),
    }
}

/// Prints what came of a comparison.
fn print(compared: &Comparison, role: &str, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    if compared.fits() {
        return writeln!(out, "{}", t!(texts, "policy.compare.fits", role = role));
    }
    if !compared.excess.is_empty() {
        writeln!(out, "{}", t!(texts, "policy.compare.excess", role = role))?;
        for one in &compared.excess {
            writeln!(out, "  {}  {}  {}", shown(&one.statement), shown(&one.action), why(one, texts))?;
        }
    }
    for (title, lacks) in [
        (t!(texts, "policy.compare.lacking", role = role), &compared.lacking),
        (t!(texts, "policy.compare.unguarded").to_owned(), &compared.unguarded),
    ] {
        if !lacks.is_empty() {
            writeln!(out, "{title}")?;
            lacks.iter().try_for_each(|lack| print_lack(lack, texts, out))?;
        }
    }
    Ok(())
}

fn print_lack(lack: &Lack, texts: Texts, out: &mut dyn Write) -> io::Result<()> {
    let entries = lack.entries.join(", ");
    let entries = if entries.is_empty() { String::new() } else { t!(texts, "policy.compare.for", entries = entries) };
    writeln!(out, "  {}  {}  {entries}", lack.statement, lack.actions.join(" "))?;
    lack.resources.iter().try_for_each(|resource| writeln!(out, "      {resource}"))
}

/// Says why something is beyond the need.
fn why(excess: &Excess, texts: Texts) -> String {
    match &excess.why {
        Beyond::Unneeded => t!(texts, "policy.compare.unneeded").to_owned(),
        Beyond::MoreActions { needed } if needed.is_empty() => t!(texts, "policy.compare.unneeded").to_owned(),
        Beyond::MoreActions { needed } => t!(texts, "policy.compare.more-actions", needed = needed.join(" ")),
        Beyond::AllActionsBut => t!(texts, "policy.compare.all-but").to_owned(),
        Beyond::MoreResources { resource } => {
            t!(texts, "policy.compare.more-resources", resource = shown(resource))
        }
        Beyond::NoCondition { resource, keys } => {
            t!(texts, "policy.compare.no-condition", resource = shown(resource), keys = keys.join(" "))
        }
    }
}

/// Makes a text of somebody else's fit to be shown.
fn shown(text: &str) -> String {
    clean(text, LONGEST)
}

//! `sekisho policy`: the least IAM that the catalogue needs, for a role.

mod compare;
mod files;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use crate::config::aws::Profiles;
use crate::config::document::printable;
use crate::config::{CredentialSource, EnvironmentConfig};
use crate::domain::environment::{AccountId, Environment};
use crate::i18n::Texts;
use crate::policy::compile::{
    Compiled, JournalGroup, Note, Options, SERVICE_TAG, compile_each, documents_json, iam_json, permission_set,
    permission_set_json,
};
use crate::runbook::choice::Catalogues;
use crate::t;

use super::account::Account;
use super::{Exit, catalogue, complain};

pub use compare::run as compare;

/// The arguments of `policy`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct PolicyArgs {
    /// The role, by its name in the configuration.
    #[arg(value_name = "role")]
    pub role: String,
    /// In which form.
    #[arg(long = "output", short = 'o', value_enum, value_name = "format", default_value = "iam")]
    pub form: Form,
    /// Writes files into this folder instead of printing one document.
    #[arg(long, value_name = "folder")]
    pub out: Option<PathBuf>,
    /// The log group that AWS logs shells to.
    #[arg(long, value_name = "name", value_parser = parse_log_group)]
    pub session_log_group: Option<String>,
    /// The user of the node that shells run as.
    #[arg(long, value_name = "name", value_parser = parse_user)]
    pub run_as: Option<String>,
    /// The ARN of a key that sessions are encrypted with.
    #[arg(long, value_name = "arn", value_parser = parse_key)]
    pub key: Vec<String>,
    /// The tag of tasks that names their service.
    #[arg(long, value_name = "name", value_parser = parse_tag, conflicts_with = "no_service_tag")]
    pub service_tag: Option<String>,
    /// Does not tell the tasks of services apart.
    #[arg(long)]
    pub no_service_tag: bool,
    /// Allows data channels on everything.
    #[arg(long)]
    pub any_channel: bool,
}

/// In which form `policy` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Form {
    /// Managed policies.
    #[default]
    Iam,
    /// What IAM Identity Center takes.
    PermissionSet,
    /// SSM documents and the roles that they run under.
    Documents,
}

/// Compiles a role and prints it, or writes it into files.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub fn run(
    args: &PolicyArgs,
    account: &Account,
    texts: Texts,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let usual = usual(account);
    let options = Options {
        session_log_group: args.session_log_group.clone().unwrap_or_else(|| usual.session_log_group.clone()),
        run_as: args.run_as.clone(),
        keys: args.key.clone(),
        service_tag: match &args.service_tag {
            _ if args.no_service_tag => None,
            Some(tag) => Some(tag.clone()),
            None => Some(SERVICE_TAG.to_owned()),
        },
        any_channel: args.any_channel,
        ..usual
    };
    let compiled = match compiled(&args.role, account, &options, texts, faults)? {
        Ok(compiled) => compiled,
        Err(exit) => return Ok(exit),
    };
    for note in compiled.notes.iter().filter(|note| concerns(note, args.form)) {
        writeln!(faults, "{}", said(note, texts))?;
    }
    if let Some(folder) = &args.out {
        return files::write(&compiled, args.form, folder, texts, out, faults);
    }
    let text = match args.form {
        Form::Iam => iam_json(&compiled),
        Form::Documents => documents_json(&compiled),
        Form::PermissionSet => {
            let set = permission_set(&compiled);
            if !set.managed.is_empty() {
                writeln!(faults, "{}", t!(texts, "policy.note.split-set", count = set.managed.len()))?;
            }
            permission_set_json(&set)
        }
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

/// Returns what is compiled with unless somebody says otherwise: what the configuration says of roles and of the journal.
pub(in crate::cli) fn usual(account: &Account) -> Options {
    let journal = account.config.journal.as_ref().and_then(|journal| {
        let environment = journal.home.as_ref()?.environment.name.clone();
        Some(JournalGroup { name: journal.log_group.clone(), environment })
    });
    Options { journal, assumed_roles: assumed(&account.config.environments), ..Options::default() }
}

/// Compiles a role of the configuration; what stands in the way is written to `faults`.
fn compiled(
    role: &str,
    account: &Account,
    options: &Options,
    texts: Texts,
    faults: &mut dyn Write,
) -> io::Result<Result<Compiled, Exit>> {
    let config = &account.config;
    let names: Vec<&str> = config.roles.iter().map(|known| known.name.as_str()).collect();
    if !names.contains(&role) {
        let sentence = t!(texts, "policy.no-role", name = printable(role), names = names.join(" "));
        return complain([sentence], faults).map(Err);
    }
    let catalogues: Catalogues = match catalogue::load(config, texts, faults)? {
        Ok(catalogues) => catalogues,
        Err(exit) => return Ok(Err(exit)),
    };
    let environments = pinned(&config.environments, &Profiles::of_process());
    let of: Vec<_> =
        environments.iter().map(|environment| (catalogues.of(environment).as_ref(), environment)).collect();
    let compiled = compile_each(&of, role, options);
    let mut wrong = compiled.notes.iter().filter(|note| note.is_fault()).peekable();
    if wrong.peek().is_some() {
        return complain(wrong.map(|note| said(note, texts)), faults).map(Err);
    }
    Ok(Ok(compiled))
}

/// Lists the roles that environments are reached through, in the account that reaches them.
fn assumed(environments: &[EnvironmentConfig]) -> Vec<String> {
    let role = |configured: &EnvironmentConfig| match &configured.credentials {
        CredentialSource::AssumeRole { role_arn, .. } => Some(role_arn.clone()),
        _ => None,
    };
    let mut roles: Vec<String> = environments.iter().filter_map(role).collect();
    roles.sort();
    roles.dedup();
    roles
}

/// Gives environments the account that their credentials are of, where they name none.
fn pinned(environments: &[EnvironmentConfig], profiles: &Profiles) -> Vec<Environment> {
    let account = |credentials: &CredentialSource| -> Option<AccountId> {
        match credentials {
            CredentialSource::Profile(name) => profiles.get(name)?.account(),
            CredentialSource::AssumeRole { role_arn, .. } => role_arn.split(':').nth(4)?.parse().ok(),
            CredentialSource::Current | CredentialSource::Static { .. } => None,
        }
    };
    let pin = |configured: &EnvironmentConfig| {
        let account = configured.environment.account.or_else(|| account(&configured.credentials));
        Environment { account, ..configured.environment.clone() }
    };
    environments.iter().map(pin).collect()
}

/// Tells whether a note is about what is printed.
const fn concerns(note: &Note, form: Form) -> bool {
    match note {
        Note::Split { .. } => matches!(form, Form::Iam),
        Note::NoServiceTag => matches!(form, Form::Iam | Form::PermissionSet),
        Note::NoRunAs { .. } | Note::DocumentConflict { .. } => matches!(form, Form::Documents),
        _ => true,
    }
}

/// Says a note.
fn said(note: &Note, texts: Texts) -> String {
    match note {
        Note::Unpinned { environment } => t!(texts, "policy.note.unpinned", environment = environment),
        Note::UnknownKind { environment } => t!(texts, "policy.note.unknown-kind", environment = environment),
        Note::SeveralClusters { document } => t!(texts, "policy.note.several-clusters", document = document),
        Note::DocumentConflict { document } => t!(texts, "policy.note.document-conflict", document = document),
        Note::DocumentTooLong { document } => t!(texts, "policy.note.document-too-long", document = document),
        Note::RoleNameTooLong { name } => t!(texts, "policy.note.role-name-too-long", name = name),
        Note::NoRunAs { document } => t!(texts, "policy.note.no-run-as", document = document),
        Note::NoServiceTag => t!(texts, "policy.note.no-service-tag").to_owned(),
        Note::Split { policies } => t!(texts, "policy.note.split", count = policies),
    }
}

/// Reads the name of a log group.
///
/// Source: CloudWatch Logs API Reference, `CreateLogGroup`, `logGroupName`.
fn parse_log_group(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    taken(text, 512, fits)
}

/// Reads the name of a user of an operating system, as Session Manager takes it for `runAsDefaultUser`.
fn parse_user(text: &str) -> Result<String, String> {
    taken(text, 32, |c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Reads the ARN of a key.
fn parse_key(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_key = matches!(parts[..], ["arn", _, "kms", region, account, key]
        if !region.is_empty() && account.parse::<AccountId>().is_ok() && key.starts_with("key/"));
    if is_key { taken(text, 256, |c| c.is_ascii_alphanumeric() || ":/-".contains(c)) } else { Err(String::new()) }
}

/// Reads the key of a tag.
///
/// Source: Tagging AWS Resources User Guide, "Tag naming limits and requirements".
fn parse_tag(text: &str) -> Result<String, String> {
    taken(text, 128, |c| c.is_alphanumeric() || " _.:/=+-@".contains(c))
}

fn taken(text: &str, longest: usize, fits: impl Fn(char) -> bool) -> Result<String, String> {
    let is_good = !text.is_empty() && text.chars().count() <= longest && text.chars().all(fits);
    if is_good { Ok(text.to_owned()) } else { Err(String::new()) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("arn:aws:kms:ap-northeast-1:111122223333:key/0123-abcd", true)]
    #[case("arn:aws:kms:ap-northeast-1:111122223333:alias/x", false)]
    #[case("arn:aws:kms::111122223333:key/x", false)]
    #[case("arn:aws:kms:ap-northeast-1:*:key/x", false)]
    #[case("arn:aws:kms:ap-northeast-1:111122223333:key/*", false)]
    #[case("", false)]
    fn keys_are_named_by_whole_arns(#[case] text: &str, #[case] good: bool) {
        assert_eq!(parse_key(text).is_ok(), good);
    }

    #[rstest]
    #[case("/sekisho/sessions", true)]
    #[case("a*", false)]
    #[case("", false)]
    #[case("ログ", false)]
    fn log_groups_hold_no_patterns(#[case] text: &str, #[case] good: bool) {
        assert_eq!(parse_log_group(text).is_ok(), good);
    }

    #[test]
    fn an_account_is_taken_from_whatever_names_it() {
        let mut profiles = Profiles::default();
        profiles.add("[profile a]\nsso_account_id = 444455556666\n", crate::config::aws::Form::Config);
        let of = |credentials| EnvironmentConfig { environment: Environment::default(), credentials };
        let role = CredentialSource::AssumeRole {
            role_arn: "arn:aws:iam::111122223333:role/ops".to_owned(),
            source: Box::new(CredentialSource::Current),
        };
        let all = [of(CredentialSource::Profile("a".to_owned())), of(role), of(CredentialSource::Current)];
        let accounts: Vec<_> =
            pinned(&all, &profiles).iter().map(|one| one.account.map(|account| account.to_string())).collect();
        assert_eq!(accounts, [Some("444455556666".to_owned()), Some("111122223333".to_owned()), None]);
        assert_eq!(assumed(&all), ["arn:aws:iam::111122223333:role/ops"]);
    }
}

//! Reads one `[[environment]]` of the configuration file.

use std::ops::Range;

use toml::de::DeTable;

use super::error::ConfigProblem;
use super::file::{Reader, Value, unknown_value};
use super::{CredentialSource, EnvironmentConfig, document, region};
use crate::domain::environment::{AccountId, Kind};

/// The name of the table, as faults give it.
const TABLE: &str = "[[environment]]";

/// The keys of an environment.
const KEYS: &[&str] = &[
    "name",
    "kind",
    "profile",
    "role_arn",
    "source_profile",
    "account",
    "regions",
    "clusters",
    "alarms",
    "web_acls",
    "catalogue",
];

/// The keys that say where an environment's credentials come from.
#[derive(Default)]
struct Source {
    profile: Option<String>,
    role_arn: Option<String>,
    assumed_by: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, span: &Range<usize>) -> EnvironmentConfig {
    let mut config = EnvironmentConfig::empty();
    let mut source = Source::default();
    let environment = &mut config.environment;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "name" => environment.name = reader.name(value).unwrap_or_default(),
            "kind" => environment.kind = kind(reader, value),
            "profile" => source.profile = reader.profile("profile", value),
            "role_arn" => source.role_arn = role_arn(reader, value),
            "source_profile" => source.assumed_by = reader.profile("source_profile", value),
            "account" => environment.account = account(reader, value),
            "regions" => environment.regions = regions(reader, value),
            "clusters" => environment.clusters = patterns(reader, "clusters", value),
            "alarms" => environment.alarms = patterns(reader, "alarms", value),
            "web_acls" => environment.web_acls = patterns(reader, "web_acls", value),
            "catalogue" => environment.catalogue = catalogue(reader, value),
            _ => reader.unknown_key(key, TABLE, KEYS),
        }
    }
    reader.require(table, span, TABLE, "name");
    check_source(reader, table);
    if !table.contains_key("regions") {
        config.environment.regions = region_of_profile(reader, table, span, source.profile.as_deref());
    }
    check_account(reader, table, &source, config.environment.account);
    config.credentials = match source {
        Source { role_arn: Some(role_arn), assumed_by, .. } => {
            let source = assumed_by.map_or(CredentialSource::Current, CredentialSource::Profile);
            CredentialSource::AssumeRole { role_arn, source: Box::new(source) }
        }
        Source { profile: Some(profile), .. } => CredentialSource::Profile(profile),
        _ => CredentialSource::Current,
    };
    config
}

/// Takes the region of the profile where the environment names none; a profile that is not there is a fault already.
fn region_of_profile(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    span: &Range<usize>,
    profile: Option<&str>,
) -> Vec<String> {
    let known = profile.and_then(|name| reader.profiles.get(name));
    let region = known.and_then(|profile| profile.region.clone()).filter(|region| region::is_plausible(region));
    if region.is_none() && (profile.is_none() || known.is_some()) {
        reader.require(table, span, TABLE, "regions");
    }
    region.into_iter().collect()
}

/// Checks that the keys for the credentials go together.
fn check_source(reader: &mut Reader<'_>, table: &DeTable<'_>) {
    if let Some(value) = table.get("source_profile")
        && !table.contains_key("role_arn")
    {
        reader.error(&value.span(), ConfigProblem::SourceWithoutRole);
    }
    if let (Some(_), Some(value)) = (table.get("role_arn"), table.get("profile")) {
        reader.error(&value.span(), ConfigProblem::ProfileAndRole);
    }
}

/// Checks that the credentials lead to the account that the environment must be in, as far as files tell.
fn check_account(reader: &mut Reader<'_>, table: &DeTable<'_>, source: &Source, account: Option<AccountId>) {
    let (Some(value), Some(account)) = (table.get("account"), account) else {
        return;
    };
    let found = match (&source.role_arn, &source.profile) {
        (Some(arn), _) => account_of_role(arn),
        (None, Some(profile)) => reader.profiles.get(profile).and_then(super::aws::Profile::account),
        (None, None) => None,
    };
    if let Some(found) = found.filter(|found| *found != account) {
        let (account, found) = (account.hyphenated(), found.hyphenated());
        reader.error(&value.span(), ConfigProblem::AccountMismatch { account, found });
    }
}

fn kind(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Kind {
    let Some(text) = reader.text("kind", value) else {
        return Kind::Unknown;
    };
    Kind::from_name(&text).unwrap_or_else(|| {
        let mut problem = unknown_value("kind", text.clone(), &Kind::NAMED.map(Kind::as_str));
        // `production` is too far from `prd` for spelling, but not for meaning.
        if let (ConfigProblem::UnknownValue { nearest, .. }, guess) = (&mut problem, Kind::guess(&text))
            && guess != Kind::Unknown
        {
            *nearest = Some(guess.as_str().to_owned());
        }
        reader.error(&value.span(), problem);
        Kind::Unknown
    })
}

/// What says that a catalogue lies in Parameter Store.
const PARAMETER_STORE: &str = "ssm:";

/// Reads where the catalogue lies: a directory, or `ssm:` and a path of Parameter Store.
fn catalogue(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<String> {
    let text = reader.filled_text("catalogue", value)?;
    // Whether it is a path is said where it is read.
    Some(if text.starts_with(PARAMETER_STORE) { text } else { reader.beside(&text) })
}

fn account(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<AccountId> {
    let text = reader.text("account", value)?;
    let account = text.parse().ok();
    if account.is_none() {
        reader.error(&value.span(), ConfigProblem::BadAccount { value: text });
    }
    account
}

fn role_arn(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<String> {
    let arn = reader.filled_text("role_arn", value)?;
    if account_of_role(&arn).is_none() {
        reader.error(&value.span(), ConfigProblem::BadRoleArn { value: arn });
        return None;
    }
    Some(arn)
}

/// Finds the account in the ARN of an IAM role: `arn:PARTITION:iam::ACCOUNT:role/NAME`.
///
/// Source: IAM User Guide, "IAM identifiers"; the characters are those that `CreateRole` allows in names and paths.
pub(super) fn account_of_role(arn: &str) -> Option<AccountId> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return None;
    };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let allowed = |c: char| c.is_ascii_graphic() && c != ':' && c != '*';
    let valid = partition.starts_with("aws") && !name.is_empty() && resource.chars().all(allowed);
    valid.then(|| account.parse().ok()).flatten()
}

fn regions(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Vec<String> {
    let Some(texts) = reader.texts("regions", value) else {
        return Vec::new();
    };
    if texts.is_empty() {
        reader.error(&value.span(), ConfigProblem::EmptyRegions);
    }
    let mut regions: Vec<String> = Vec::new();
    for (text, span) in texts {
        if !region::is_plausible(&text) {
            reader.error(&span, bad_region(text));
        } else if regions.contains(&text) {
            reader.error(&span, ConfigProblem::RepeatedRegion { value: text });
        } else {
            regions.push(text);
        }
    }
    regions
}

/// Says that a text cannot be a region, with the one that was likely meant.
pub(super) fn bad_region(value: String) -> ConfigProblem {
    let nearest = document::nearest(&value, region::KNOWN.iter().copied());
    ConfigProblem::BadRegion { value, nearest }
}

fn patterns(reader: &mut Reader<'_>, key: &'static str, value: Value<'_, '_>) -> Vec<String> {
    let mut patterns = Vec::new();
    for (text, span) in reader.texts(key, value).unwrap_or_default() {
        if text.is_empty() {
            reader.error(&span, ConfigProblem::EmptyValue { key });
        } else {
            patterns.push(text);
        }
    }
    patterns
}

//! Says what is wrong with the configuration, where, and what to do about it.

use std::fmt;

use toml::de::DeValue;

use super::document::{FileProblem, Place, printable, render};
use crate::i18n::{Lang, Texts};
use crate::t;

/// One fault of the configuration: of the file, of a flag, or of both together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it is; without a file where a flag or the environment is at fault.
    pub place: Place,
    /// What it is.
    pub problem: ConfigProblem,
}

/// What can be wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigProblem {
    /// The file cannot be had as text.
    File(FileProblem),
    /// The file is not TOML.
    Syntax {
        /// What the TOML reader says, in English.
        detail: String,
    },
    /// A key or table is written twice.
    Repeated {
        /// The key.
        key: String,
    },
    /// A key means nothing here.
    UnknownKey {
        /// The key.
        key: String,
        /// The table that it is in; empty at the top.
        table: &'static str,
        /// The key that was likely meant.
        nearest: Option<&'static str>,
        /// The keys that mean something here.
        known: &'static [&'static str],
    },
    /// A key is lacking that must be there.
    MissingField {
        /// The key.
        key: &'static str,
        /// The table that it belongs in.
        table: &'static str,
    },
    /// A value has another type than it must have.
    WrongType {
        /// The key.
        key: &'static str,
        /// What it must be.
        expected: Type,
        /// What it is.
        found: Type,
    },
    /// A value is none of those that there are.
    UnknownValue {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// The value that was likely meant.
        nearest: Option<String>,
        /// The values that there are.
        known: Vec<String>,
    },
    /// A name is empty, too long, or holds characters that cannot be shown.
    BadName {
        /// The name.
        name: String,
    },
    /// A value that names something, such as a pattern, is empty.
    EmptyValue {
        /// The key.
        key: &'static str,
    },
    /// A text cannot be the name of a log group.
    BadLogGroup {
        /// The text.
        value: String,
    },
    /// An account number is none.
    BadAccount {
        /// The text.
        value: String,
    },
    /// A list of regions is empty.
    EmptyRegions,
    /// A text cannot be the name of a region.
    BadRegion {
        /// The text.
        value: String,
        /// The region that was likely meant.
        nearest: Option<&'static str>,
    },
    /// A region is listed twice.
    RepeatedRegion {
        /// The region.
        value: String,
    },
    /// A role has no patterns, so that nobody could have it.
    RoleWithoutPatterns,
    /// A pattern of callers is none.
    BadPattern {
        /// The text.
        value: String,
    },
    /// Two environments have the same name.
    DuplicateEnvironment {
        /// The name.
        name: String,
        /// The line of the first.
        line: usize,
    },
    /// Two roles have the same name.
    DuplicateRole {
        /// The name.
        name: String,
        /// The line of the first.
        line: usize,
    },
    /// `source_profile` is there without the `role_arn` that it is for.
    SourceWithoutRole,
    /// `profile` and `role_arn` are both there.
    ProfileAndRole,
    /// A text is not the ARN of an IAM role.
    BadRoleArn {
        /// The text.
        value: String,
    },
    /// A profile is not in the AWS configuration files.
    UnknownProfile {
        /// The profile.
        name: String,
        /// The profile that was likely meant.
        nearest: Option<String>,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// The account is another than the one that the role or the profile leads to.
    AccountMismatch {
        /// The account of the environment.
        account: String,
        /// The account that the credentials lead to.
        found: String,
    },
    /// A flag names an environment that is not there.
    UnknownEnvironment {
        /// The name.
        name: String,
        /// The environment that was likely meant.
        nearest: Option<String>,
        /// The environments that there are.
        known: Vec<String>,
    },
    /// A flag would change several environments at once.
    AmbiguousOverride {
        /// The flag, such as `--profile`.
        flag: &'static str,
        /// The environments.
        environments: Vec<String>,
    },
    /// Neither a flag nor the environment nor the profile says which region.
    NoRegion,
    /// An endpoint is no URL of HTTP. What was given is not kept: it may hold a secret all the same.
    BadEndpoint,
    /// The URL of an endpoint holds a user's name or password. Neither is kept.
    SecretInEndpoint,
}

/// The types that TOML tells apart, as far as a person cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An integer or a float.
    Number,
    /// A date or a time.
    Date,
    /// A list of strings.
    Texts,
    /// A list of anything.
    List,
    /// A table.
    Table,
    /// A list of tables, `[[…]]`.
    Tables,
}

impl Type {
    /// Tells the type of a value.
    pub(crate) fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(_) => Self::Text,
            DeValue::Integer(_) | DeValue::Float(_) => Self::Number,
            DeValue::Boolean(_) => Self::Boolean,
            DeValue::Datetime(_) => Self::Date,
            DeValue::Array(_) => Self::List,
            DeValue::Table(_) => Self::Table,
        }
    }

    pub(crate) fn name(self, texts: Texts) -> &'static str {
        match self {
            Type::Text => t!(texts, "config.type.text"),
            Type::Boolean => t!(texts, "config.type.boolean"),
            Type::Number => t!(texts, "config.type.number"),
            Type::Date => t!(texts, "config.type.date"),
            Type::Texts => t!(texts, "config.type.texts"),
            Type::List => t!(texts, "config.type.list"),
            Type::Table => t!(texts, "config.type.table"),
            Type::Tables => t!(texts, "config.type.tables"),
        }
    }
}

impl ConfigProblem {
    /// Names the kind of fault, as tests and scripts do.
    pub const fn code(&self) -> &'static str {
        match self {
            ConfigProblem::File(problem) => problem.code(),
            ConfigProblem::Syntax { .. } => "syntax",
            ConfigProblem::Repeated { .. } => "repeated",
            ConfigProblem::UnknownKey { .. } => "unknown-key",
            ConfigProblem::MissingField { .. } => "missing-field",
            ConfigProblem::WrongType { .. } => "wrong-type",
            ConfigProblem::UnknownValue { .. } => "unknown-value",
            ConfigProblem::BadName { .. } => "bad-name",
            ConfigProblem::EmptyValue { .. } => "empty-value",
            ConfigProblem::BadLogGroup { .. } => "bad-log-group",
            ConfigProblem::BadAccount { .. } => "bad-account",
            ConfigProblem::EmptyRegions => "empty-regions",
            ConfigProblem::BadRegion { .. } => "bad-region",
            ConfigProblem::RepeatedRegion { .. } => "repeated-region",
            ConfigProblem::RoleWithoutPatterns => "role-without-patterns",
            ConfigProblem::BadPattern { .. } => "bad-pattern",
            ConfigProblem::DuplicateEnvironment { .. } => "duplicate-environment",
            ConfigProblem::DuplicateRole { .. } => "duplicate-role",
            ConfigProblem::SourceWithoutRole => "source-without-role",
            ConfigProblem::ProfileAndRole => "profile-and-role",
            ConfigProblem::BadRoleArn { .. } => "bad-role-arn",
            ConfigProblem::UnknownProfile { .. } => "unknown-profile",
            ConfigProblem::AccountMismatch { .. } => "account-mismatch",
            ConfigProblem::UnknownEnvironment { .. } => "unknown-environment",
            ConfigProblem::AmbiguousOverride { .. } => "ambiguous-override",
            ConfigProblem::NoRegion => "no-region",
            ConfigProblem::BadEndpoint => "bad-endpoint",
            ConfigProblem::SecretInEndpoint => "secret-in-endpoint",
        }
    }

    fn describe(&self, texts: Texts) -> String {
        use ConfigProblem as P;
        match self {
            P::File(problem) => problem.describe(texts),
            P::Syntax { detail } => t!(texts, "config.error.syntax", detail = printable(detail)),
            P::Repeated { key } => t!(texts, "config.error.repeated", key = printable(key)),
            P::UnknownKey { key, table: "", .. } => {
                t!(texts, "config.error.unknown-key", key = printable(key))
            }
            P::UnknownKey { key, table, .. } => {
                t!(texts, "config.error.unknown-key-in", key = printable(key), table = table)
            }
            P::MissingField { key, table } => t!(texts, "config.error.missing-field", key = key, table = table),
            P::WrongType { key, expected, found } => {
                let (expected, found) = (expected.name(texts), found.name(texts));
                t!(texts, "config.error.wrong-type", key = key, expected = expected, found = found)
            }
            P::UnknownValue { key, value, .. } => {
                t!(texts, "config.error.unknown-value", key = key, value = printable(value))
            }
            P::BadName { name } => t!(texts, "config.error.bad-name", name = printable(name)),
            P::EmptyValue { key } => t!(texts, "config.error.empty-value", key = key),
            P::BadLogGroup { value } => t!(texts, "config.error.bad-log-group", value = printable(value)),
            P::BadAccount { value } => {
                t!(texts, "config.error.bad-account", value = printable(value))
            }
            P::EmptyRegions => t!(texts, "config.error.empty-regions").to_owned(),
            P::BadRegion { value, .. } => {
                t!(texts, "config.error.bad-region", value = printable(value))
            }
            P::RepeatedRegion { value } => t!(texts, "config.error.repeated-region", value = printable(value)),
            P::RoleWithoutPatterns => t!(texts, "config.error.role-without-patterns").to_owned(),
            P::BadPattern { value } => {
                t!(texts, "config.error.bad-pattern", value = printable(value))
            }
            P::DuplicateEnvironment { name, line } => {
                t!(texts, "config.error.duplicate-environment", name = printable(name), line = line)
            }
            P::DuplicateRole { name, line } => {
                t!(texts, "config.error.duplicate-role", name = printable(name), line = line)
            }
            P::SourceWithoutRole => t!(texts, "config.error.source-without-role").to_owned(),
            P::ProfileAndRole => t!(texts, "config.error.profile-and-role").to_owned(),
            P::BadRoleArn { value } => {
                t!(texts, "config.error.bad-role-arn", value = printable(value))
            }
            P::UnknownProfile { name, .. } => t!(texts, "config.error.unknown-profile", name = printable(name)),
            P::AccountMismatch { account, found } => {
                t!(texts, "config.error.account-mismatch", account = account, found = found)
            }
            P::UnknownEnvironment { name, .. } => {
                t!(texts, "config.error.unknown-environment", name = printable(name))
            }
            P::AmbiguousOverride { flag, environments } => {
                t!(texts, "config.error.ambiguous-override", flag = flag, names = list(environments))
            }
            P::NoRegion => t!(texts, "config.error.no-region").to_owned(),
            P::BadEndpoint => t!(texts, "config.error.bad-endpoint").to_owned(),
            P::SecretInEndpoint => t!(texts, "config.error.secret-in-endpoint").to_owned(),
        }
    }

    fn advise(&self, texts: Texts) -> String {
        use ConfigProblem as P;
        match self {
            P::UnknownKey { nearest: Some(word), .. } | P::BadRegion { nearest: Some(word), .. } => {
                t!(texts, "common.did-you-mean", word = word)
            }
            P::UnknownValue { nearest: Some(word), .. }
            | P::UnknownProfile { nearest: Some(word), .. }
            | P::UnknownEnvironment { nearest: Some(word), .. } => {
                t!(texts, "common.did-you-mean", word = printable(word))
            }
            P::UnknownKey { known, .. } => {
                t!(texts, "config.advice.unknown-key", names = known.join(", "))
            }
            P::UnknownValue { known, .. } => {
                t!(texts, "config.advice.unknown-value", names = list(known))
            }
            P::UnknownProfile { known, .. } if known.is_empty() => t!(texts, "config.advice.no-profiles").to_owned(),
            P::UnknownProfile { known, .. } => {
                t!(texts, "config.advice.unknown-profile", names = list(known))
            }
            P::UnknownEnvironment { known, .. } if known.is_empty() => {
                t!(texts, "config.advice.no-environments").to_owned()
            }
            P::UnknownEnvironment { known, .. } => t!(texts, "config.advice.unknown-environment", names = list(known)),
            P::MissingField { key, .. } => t!(texts, "config.advice.missing-field", key = key),
            P::WrongType { expected, .. } => expected.example(texts).to_owned(),
            P::File(FileProblem::NoFile) => t!(texts, "config.advice.no-file").to_owned(),
            P::File(problem) => problem.advise(texts).to_owned(),
            P::Syntax { .. } => t!(texts, "common.advice-toml").to_owned(),
            P::Repeated { .. } | P::RepeatedRegion { .. } => t!(texts, "common.advice-repeated").to_owned(),
            P::BadName { .. } => t!(texts, "config.advice.bad-name").to_owned(),
            P::EmptyValue { .. } => t!(texts, "config.advice.empty-value").to_owned(),
            P::BadLogGroup { .. } => t!(texts, "config.advice.bad-log-group").to_owned(),
            P::BadAccount { .. } => t!(texts, "config.advice.bad-account").to_owned(),
            P::EmptyRegions | P::BadRegion { .. } => t!(texts, "config.advice.region").to_owned(),
            P::RoleWithoutPatterns | P::BadPattern { .. } => t!(texts, "config.advice.bad-pattern").to_owned(),
            P::DuplicateEnvironment { .. } | P::DuplicateRole { .. } => t!(texts, "config.advice.duplicate").to_owned(),
            P::SourceWithoutRole => t!(texts, "config.advice.source-without-role").to_owned(),
            P::ProfileAndRole => t!(texts, "config.advice.profile-and-role").to_owned(),
            P::BadRoleArn { .. } => t!(texts, "config.advice.bad-role-arn").to_owned(),
            P::AccountMismatch { .. } => t!(texts, "config.advice.account-mismatch").to_owned(),
            P::AmbiguousOverride { .. } => t!(texts, "config.advice.ambiguous-override").to_owned(),
            P::NoRegion => t!(texts, "config.advice.no-region").to_owned(),
            P::BadEndpoint => t!(texts, "config.advice.bad-endpoint").to_owned(),
            P::SecretInEndpoint => t!(texts, "config.advice.secret-in-endpoint").to_owned(),
        }
    }
}

impl Type {
    pub(crate) fn example(self, texts: Texts) -> &'static str {
        match self {
            Type::Boolean => t!(texts, "config.advice.type-boolean"),
            Type::Texts | Type::List => t!(texts, "config.advice.type-texts"),
            Type::Table | Type::Tables => t!(texts, "config.advice.type-tables"),
            Type::Text | Type::Number | Type::Date => t!(texts, "config.advice.type-text"),
        }
    }
}

/// Lists names for a sentence; of many only the first, and how many more.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| printable(name)).collect();
    if names.len() > SHOWN {
        shown.push(format!("… (+{})", names.len() - SHOWN));
    }
    shown.join(", ")
}

impl ConfigError {
    /// Writes the fault with its place and what to do about it, in the reader's language.
    pub fn render(&self, texts: Texts) -> String {
        render(&self.place, &self.problem.describe(texts), &self.problem.advise(texts))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Texts::of(Lang::En)))
    }
}

impl std::error::Error for ConfigError {}

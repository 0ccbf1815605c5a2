//! Says what is wrong with a catalogue, where, and how to mend it.

use std::fmt;

use super::entry::EntryId;
pub use super::forms::Form;
use crate::config::Type;
use crate::config::document::{FileProblem, Place, printable, render};
use crate::i18n::{Lang, Texts};
use crate::t;

/// One fault of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueError {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub problem: CatalogueProblem,
}

/// What can be wrong with a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogueProblem {
    /// The directory is not there.
    NoFolder,
    /// What should be a directory is a file.
    NotAFolder,
    /// A file cannot be had as text, or a directory not be listed.
    File(FileProblem),
    /// A directory holds more files than are read.
    TooManyFiles {
        /// How many are read.
        most: usize,
    },
    /// All files together are too large.
    TooLarge,
    /// A TOML file lies where nobody reads it.
    StrayFile {
        /// Its name.
        name: String,
    },
    /// There is no entry at all.
    NoEntries,
    /// There is no `bindings.toml`.
    NoBindingsFile,
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
        table: String,
        /// The key that was likely meant.
        nearest: Option<&'static str>,
        /// The keys that mean something here.
        known: Vec<&'static str>,
    },
    /// A key is lacking that must be there.
    MissingKey {
        /// The key.
        key: &'static str,
        /// The table or the operation that it belongs to; empty at the top.
        table: String,
    },
    /// A value has another type than it must have.
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        expected: Type,
        /// What it is.
        found: Type,
    },
    /// A value is none of those that there are.
    UnknownValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The value that was likely meant.
        nearest: Option<String>,
        /// The values that there are.
        known: Vec<String>,
    },
    /// A value is empty.
    EmptyValue {
        /// The key.
        key: String,
    },
    /// A list is empty.
    EmptyList {
        /// The key.
        key: String,
    },
    /// A list holds something twice.
    RepeatedValue {
        /// The key.
        key: String,
        /// What.
        value: String,
    },
    /// A value has not the form that it must have.
    Malformed {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The form.
        form: Form,
    },
    /// A pattern does not compile.
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it, in English.
        detail: String,
    },
    /// A range is not two numbers, the lower first.
    BadRange {
        /// The parameter.
        parameter: String,
    },
    /// A default is not among what is allowed.
    BadDefault {
        /// The parameter.
        parameter: String,
    },
    /// A tunnel would listen on ports that need privileges, or that there are not.
    BadLocalPort {
        /// The lowest port.
        low: i64,
        /// The highest port.
        high: i64,
    },
    /// Two entries have the same name.
    DuplicateEntry {
        /// The name.
        id: String,
        /// The place of the first.
        first: String,
    },
    /// An entry is for an environment that `bindings.toml` does not know.
    NoEnvironment {
        /// The environment.
        name: String,
        /// The environment that was likely meant.
        nearest: Option<String>,
        /// The environments that there are.
        known: Vec<String>,
    },
    /// A binding is not given in an environment.
    NoBinding {
        /// The binding.
        name: String,
        /// The environment.
        environment: String,
        /// The binding that was likely meant.
        nearest: Option<String>,
    },
    /// A binding gives a list where one value is wanted.
    NotOneBound {
        /// The binding.
        name: String,
        /// The environment.
        environment: String,
    },
    /// A key means something for another operation only.
    NotForOperation {
        /// The key.
        key: String,
        /// The operation.
        operation: &'static str,
    },
    /// A target is named in no way, or in several.
    NotOneTarget {
        /// The ways.
        known: Vec<&'static str>,
    },
    /// An operation cannot have such a target.
    WrongTarget {
        /// How the target is named.
        key: &'static str,
        /// The operation.
        operation: &'static str,
        /// How it can be named.
        allowed: Vec<&'static str>,
    },
    /// An operation has one destination and so one target.
    SeveralTargets {
        /// The operation.
        operation: &'static str,
    },
    /// The name of a service must be typed where there is none.
    NothingToType,
    /// A command or a host is left open for somebody to fill in.
    FreeForm {
        /// The key.
        key: String,
    },
    /// A document lets anybody give it any host, port or command.
    GenericDocument {
        /// The document.
        document: String,
    },
    /// The name that the document would have is none that SSM takes.
    NoDocumentName {
        /// The name.
        document: String,
    },
    /// The operator would get a command into a container in production.
    ExecForOperator {
        /// The environment.
        environment: String,
    },
    /// A session in production would not be recorded.
    Unrecorded {
        /// The environment.
        environment: String,
    },
    /// A role is not in the configuration.
    UnknownRole {
        /// The role.
        role: String,
        /// The role that was likely meant.
        nearest: Option<String>,
        /// The roles that there are.
        known: Vec<String>,
    },
    /// A target is in a cluster that is not the environment's.
    ForeignCluster {
        /// The entry.
        entry: EntryId,
        /// The cluster.
        cluster: String,
        /// The environment.
        environment: String,
    },
}

impl CatalogueProblem {
    /// Names the kind of fault, as tests and scripts do.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoFolder => "no-folder",
            Self::NotAFolder => "not-a-folder",
            Self::File(problem) => problem.code(),
            Self::TooManyFiles { .. } => "too-many-files",
            Self::TooLarge => "all-too-large",
            Self::StrayFile { .. } => "stray-file",
            Self::NoEntries => "no-entries",
            Self::NoBindingsFile => "no-bindings-file",
            Self::Syntax { .. } => "syntax",
            Self::Repeated { .. } => "repeated",
            Self::UnknownKey { .. } => "unknown-key",
            Self::MissingKey { .. } => "missing-key",
            Self::WrongType { .. } => "wrong-type",
            Self::UnknownValue { .. } => "unknown-value",
            Self::EmptyValue { .. } => "empty-value",
            Self::EmptyList { .. } => "empty-list",
            Self::RepeatedValue { .. } => "repeated-value",
            Self::Malformed { .. } => "malformed",
            Self::BadPattern { .. } => "bad-pattern",
            Self::BadRange { .. } => "bad-range",
            Self::BadDefault { .. } => "bad-default",
            Self::BadLocalPort { .. } => "bad-local-port",
            Self::DuplicateEntry { .. } => "duplicate-entry",
            Self::NoEnvironment { .. } => "no-environment",
            Self::NoBinding { .. } => "no-binding",
            Self::NotOneBound { .. } => "not-one-bound",
            Self::NotForOperation { .. } => "not-for-operation",
            Self::NotOneTarget { .. } => "not-one-target",
            Self::WrongTarget { .. } => "wrong-target",
            Self::SeveralTargets { .. } => "several-targets",
            Self::NothingToType => "nothing-to-type",
            Self::FreeForm { .. } => "free-form",
            Self::GenericDocument { .. } => "generic-document",
            Self::NoDocumentName { .. } => "no-document-name",
            Self::ExecForOperator { .. } => "exec-for-operator",
            Self::Unrecorded { .. } => "unrecorded",
            Self::UnknownRole { .. } => "unknown-role",
            Self::ForeignCluster { .. } => "foreign-cluster",
        }
    }
}

impl CatalogueError {
    /// Writes the fault with its place and how to mend it, in the reader's language.
    pub fn render(&self, texts: Texts) -> String {
        render(&self.place, &describe(&self.problem, texts), &advise(&self.problem, texts))
    }
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Texts::of(Lang::En)))
    }
}

impl std::error::Error for CatalogueError {}

fn describe(problem: &CatalogueProblem, texts: Texts) -> String {
    use CatalogueProblem as P;
    match problem {
        P::NoFolder => t!(texts, "catalogue.error.no-folder").to_owned(),
        P::NotAFolder => t!(texts, "catalogue.error.not-a-folder").to_owned(),
        P::File(problem) => problem.describe(texts),
        P::TooManyFiles { most } => t!(texts, "catalogue.error.too-many-files", most = most),
        P::TooLarge => t!(texts, "catalogue.error.too-large").to_owned(),
        P::StrayFile { name } => t!(texts, "catalogue.error.stray-file", name = printable(name)),
        P::NoEntries => t!(texts, "catalogue.error.no-entries").to_owned(),
        P::NoBindingsFile => t!(texts, "catalogue.error.no-bindings-file").to_owned(),
        P::Syntax { detail } => t!(texts, "config.error.syntax", detail = printable(detail)),
        P::Repeated { key } => t!(texts, "config.error.repeated", key = printable(key)),
        P::UnknownKey { key, table, .. } if table.is_empty() => {
            t!(texts, "catalogue.error.unknown-key", key = printable(key))
        }
        P::UnknownKey { key, table, .. } => {
            t!(texts, "config.error.unknown-key-in", key = printable(key), table = printable(table))
        }
        P::MissingKey { key, table } if table.is_empty() => t!(texts, "catalogue.error.missing-key", key = key),
        P::MissingKey { key, table } => t!(texts, "config.error.missing-field", key = key, table = printable(table)),
        P::WrongType { key, expected, found } => {
            let (expected, found) = (expected.name(texts), found.name(texts));
            t!(texts, "config.error.wrong-type", key = printable(key), expected = expected, found = found)
        }
        P::UnknownValue { key, value, .. } => {
            t!(texts, "catalogue.error.unknown-value", key = printable(key), value = printable(value))
        }
        P::EmptyValue { key } | P::EmptyList { key } => t!(texts, "config.error.empty-value", key = printable(key)),
        P::RepeatedValue { key, value } => {
            t!(texts, "catalogue.error.repeated-value", key = printable(key), value = printable(value))
        }
        P::Malformed { key, value, .. } => {
            t!(texts, "catalogue.error.malformed", key = printable(key), value = printable(value))
        }
        P::BadPattern { pattern, detail } => {
            t!(texts, "catalogue.error.bad-pattern", pattern = printable(pattern), detail = printable(detail))
        }
        P::BadRange { parameter } => t!(texts, "catalogue.error.bad-range", parameter = printable(parameter)),
        P::BadDefault { parameter } => t!(texts, "catalogue.error.bad-default", parameter = printable(parameter)),
        P::BadLocalPort { .. } => t!(texts, "catalogue.error.bad-local-port").to_owned(),
        P::DuplicateEntry { id, first } => t!(texts, "catalogue.error.duplicate-entry", id = id, first = first),
        _ => describe_meaning(problem, texts),
    }
}

/// Describes the faults that are not of form: what refers to nothing, and what must not be.
fn describe_meaning(problem: &CatalogueProblem, texts: Texts) -> String {
    use CatalogueProblem as P;
    match problem {
        P::NoEnvironment { name, .. } => t!(texts, "catalogue.error.no-environment", name = printable(name)),
        P::NoBinding { name, environment, .. } => {
            t!(texts, "catalogue.error.no-binding", name = name, environment = environment)
        }
        P::NotOneBound { name, environment } => {
            t!(texts, "catalogue.error.not-one-bound", name = name, environment = environment)
        }
        P::NotForOperation { key, operation } => {
            t!(texts, "catalogue.error.not-for-operation", key = key, operation = operation)
        }
        P::NotOneTarget { .. } => t!(texts, "catalogue.error.not-one-target").to_owned(),
        P::WrongTarget { key, operation, .. } => {
            t!(texts, "catalogue.error.wrong-target", key = key, operation = operation)
        }
        P::SeveralTargets { operation } => t!(texts, "catalogue.error.several-targets", operation = operation),
        P::NothingToType => t!(texts, "catalogue.error.nothing-to-type").to_owned(),
        P::FreeForm { key } => t!(texts, "catalogue.error.free-form", key = printable(key)),
        P::GenericDocument { document } => t!(texts, "catalogue.error.generic-document", document = document),
        P::NoDocumentName { document } => {
            t!(texts, "catalogue.error.no-document-name", document = printable(document))
        }
        P::ExecForOperator { environment } => {
            t!(texts, "catalogue.error.exec-for-operator", environment = environment)
        }
        P::Unrecorded { environment } => t!(texts, "catalogue.error.unrecorded", environment = environment),
        P::UnknownRole { role, .. } => t!(texts, "catalogue.error.unknown-role", role = printable(role)),
        P::ForeignCluster { entry, cluster, environment } => {
            t!(texts, "catalogue.error.foreign-cluster", entry = entry, cluster = cluster, environment = environment)
        }
        // The others are told above.
        other => other.code().to_owned(),
    }
}

fn advise(problem: &CatalogueProblem, texts: Texts) -> String {
    use CatalogueProblem as P;
    let known = |names: &str| t!(texts, "config.advice.unknown-value", names = names);
    let plain = match problem {
        P::UnknownKey { nearest: Some(word), .. } => return t!(texts, "common.did-you-mean", word = word),
        P::UnknownValue { nearest: Some(word), .. }
        | P::NoEnvironment { nearest: Some(word), .. }
        | P::NoBinding { nearest: Some(word), .. }
        | P::UnknownRole { nearest: Some(word), .. } => {
            return t!(texts, "common.did-you-mean", word = printable(word));
        }
        P::UnknownKey { known: words, .. } | P::NotOneTarget { known: words } => return known(&words.join(", ")),
        P::WrongTarget { allowed, .. } => return known(&allowed.join(", ")),
        P::UnknownValue { known: words, .. } => return known(&list(words)),
        P::NoEnvironment { name, .. } => return t!(texts, "catalogue.advice.no-environment", name = printable(name)),
        P::NoBinding { name, environment, .. } => {
            return t!(texts, "catalogue.advice.no-binding", name = name, environment = environment);
        }
        P::UnknownRole { known: words, .. } => {
            return t!(texts, "catalogue.advice.unknown-role", names = list(words));
        }
        P::MissingKey { key, .. } => return t!(texts, "config.advice.missing-field", key = key),
        P::BadLocalPort { low, high } => return t!(texts, "catalogue.advice.bad-local-port", low = low, high = high),
        P::WrongType { expected, .. } => expected.example(texts),
        P::Malformed { form, .. } => form.rule(texts),
        P::NoFolder => t!(texts, "common.file.check-path"),
        P::NotAFolder => t!(texts, "catalogue.advice.not-a-folder"),
        P::File(problem) => problem.advise(texts),
        P::TooManyFiles { .. } | P::TooLarge => t!(texts, "catalogue.advice.too-much"),
        P::StrayFile { .. } => t!(texts, "catalogue.advice.stray-file"),
        P::NoEntries => t!(texts, "catalogue.advice.no-entries"),
        P::NoBindingsFile => t!(texts, "catalogue.advice.no-bindings-file"),
        P::Syntax { .. } => t!(texts, "common.advice-toml"),
        P::Repeated { .. } | P::RepeatedValue { .. } => t!(texts, "common.advice-repeated"),
        P::EmptyValue { .. } | P::EmptyList { .. } => t!(texts, "config.advice.empty-value"),
        P::BadPattern { .. } => t!(texts, "catalogue.advice.bad-pattern"),
        P::BadRange { .. } => t!(texts, "catalogue.advice.bad-range"),
        P::BadDefault { .. } => t!(texts, "catalogue.advice.bad-default"),
        P::DuplicateEntry { .. } => t!(texts, "config.advice.duplicate"),
        P::NotOneBound { .. } => t!(texts, "catalogue.advice.not-one-bound"),
        P::NotForOperation { .. } => t!(texts, "catalogue.advice.not-for-operation"),
        P::SeveralTargets { .. } => t!(texts, "catalogue.advice.several-targets"),
        P::NothingToType => t!(texts, "catalogue.advice.nothing-to-type"),
        P::FreeForm { .. } => t!(texts, "catalogue.advice.free-form"),
        P::GenericDocument { .. } => t!(texts, "catalogue.advice.generic-document"),
        P::NoDocumentName { .. } => t!(texts, "catalogue.advice.no-document-name"),
        P::ExecForOperator { .. } => t!(texts, "catalogue.advice.exec-for-operator"),
        P::Unrecorded { .. } => t!(texts, "catalogue.advice.unrecorded"),
        P::ForeignCluster { .. } => t!(texts, "catalogue.advice.foreign-cluster"),
    };
    plain.to_owned()
}

impl Form {
    /// Says what the form is.
    fn rule(self, texts: Texts) -> &'static str {
        match self {
            Self::Id => t!(texts, "catalogue.form.id"),
            Self::Title => t!(texts, "catalogue.form.title"),
            Self::Name => t!(texts, "config.advice.bad-name"),
            Self::Word => t!(texts, "catalogue.form.word"),
            Self::Service => t!(texts, "catalogue.form.service"),
            Self::Node => t!(texts, "catalogue.form.node"),
            Self::Tag => t!(texts, "catalogue.form.tag"),
            Self::Host => t!(texts, "catalogue.form.host"),
            Self::User => t!(texts, "catalogue.form.user"),
            Self::Command => t!(texts, "catalogue.form.command"),
            Self::Document => t!(texts, "catalogue.form.document"),
            Self::Limit => t!(texts, "catalogue.form.limit"),
            Self::Port => t!(texts, "catalogue.form.port"),
            Self::Sessions => t!(texts, "catalogue.form.sessions"),
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

//! Says what is wrong with a catalogue, where, and how to mend it.

use std::fmt;

use super::entry::EntryId;
pub use super::forms::Form;
use crate::config::Type;
use crate::config::document::{FileProblem, Place, render};
use crate::domain::fetch::Failure;
use crate::i18n::{Lang, Texts};

mod words;

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
    /// A file in Parameter Store lacks a part, or lies there as a whole and in parts.
    BrokenParts {
        /// Its name.
        name: String,
    },
    /// A parameter is a list, or encrypted.
    NotPlain {
        /// Its name, below the path.
        name: String,
    },
    /// Where a catalogue lies is no path of Parameter Store.
    NotAPath,
    /// Parameter Store could not be read.
    Unread {
        /// The environment with whose credentials it was tried.
        environment: String,
        /// Why.
        failure: Box<Failure>,
    },
    /// There are more parameters below the path than are read.
    TooManyParameters,
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
    /// A list is longer than it may be.
    LongList {
        /// The key.
        key: String,
        /// How long it may be.
        most: usize,
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
    /// A service could be scaled beyond what its document can list.
    BadDesired {
        /// The fewest tasks.
        low: i64,
        /// The most tasks.
        high: i64,
    },
    /// A document is given a parameter that the entry does not have.
    NoParameter {
        /// The parameter.
        name: String,
        /// The parameter that was likely meant.
        nearest: Option<String>,
    },
    /// A parameter goes nowhere.
    UnusedParameter {
        /// The parameter.
        name: String,
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
    /// The services of an entry are in several clusters.
    SeveralClusters {
        /// The operation.
        operation: &'static str,
        /// The clusters.
        clusters: Vec<String>,
    },
    /// A document would be that of two entries that need different ones.
    SharedDocument {
        /// The document.
        document: String,
        /// The other entry.
        other: EntryId,
        /// The other entry's environment.
        environment: String,
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
    /// Two runbooks have the same name.
    DuplicateRunbook {
        /// The name.
        id: String,
        /// The place of the first.
        first: String,
    },
    /// Two steps of a runbook have the same name.
    DuplicateStep {
        /// The name.
        id: String,
        /// The place of the first.
        first: String,
    },
    /// A key means something for another kind of step only.
    NotForStep {
        /// The key.
        key: String,
        /// The kind of step.
        kind: String,
    },
    /// A way leads to a step that is not there.
    NoStep {
        /// The step.
        id: String,
        /// The step that was likely meant.
        nearest: Option<String>,
    },
    /// No way leads to a step.
    UnreachableStep {
        /// The step.
        id: String,
    },
    /// From a step no way leads to the end.
    NoWayOut {
        /// The step.
        id: String,
    },
    /// A step names an entry that is not there.
    NoEntry {
        /// The entry.
        id: String,
        /// The entry that was likely meant.
        nearest: Option<String>,
    },
    /// A step names an entry that is not for an environment of the runbook.
    EntryNotHere {
        /// The entry.
        entry: EntryId,
        /// The environment.
        environment: String,
    },
    /// A step names an entry that is for no role of the runbook.
    EntryForOthers {
        /// The entry.
        entry: EntryId,
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
            Self::BrokenParts { .. } => "broken-parts",
            Self::NotPlain { .. } => "not-plain",
            Self::NotAPath => "not-a-path",
            Self::Unread { .. } => "unread",
            Self::TooManyParameters => "too-many-parameters",
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
            Self::LongList { .. } => "long-list",
            Self::DuplicateRunbook { .. } => "duplicate-runbook",
            Self::DuplicateStep { .. } => "duplicate-step",
            Self::NotForStep { .. } => "not-for-step",
            Self::NoStep { .. } => "no-step",
            Self::UnreachableStep { .. } => "unreachable-step",
            Self::NoWayOut { .. } => "no-way-out",
            Self::NoEntry { .. } => "no-entry",
            Self::EntryNotHere { .. } => "entry-not-here",
            Self::EntryForOthers { .. } => "entry-for-others",
            Self::RepeatedValue { .. } => "repeated-value",
            Self::Malformed { .. } => "malformed",
            Self::BadPattern { .. } => "bad-pattern",
            Self::BadRange { .. } => "bad-range",
            Self::BadDefault { .. } => "bad-default",
            Self::BadLocalPort { .. } => "bad-local-port",
            Self::BadDesired { .. } => "bad-desired",
            Self::NoParameter { .. } => "no-parameter",
            Self::UnusedParameter { .. } => "unused-parameter",
            Self::SeveralClusters { .. } => "several-clusters",
            Self::SharedDocument { .. } => "shared-document",
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
        render(&self.place, &words::describe(&self.problem, texts), &words::advise(&self.problem, texts))
    }
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Texts::of(Lang::En)))
    }
}

impl std::error::Error for CatalogueError {}

//! The words for what is wrong with a catalogue, and for how to mend it.

use super::{CatalogueProblem, Form};
use crate::config::document::printable;
use crate::domain::fetch::{Failure, FailureKind};
use crate::i18n::Texts;
use crate::t;

/// Says what is wrong.
pub(super) fn describe(problem: &CatalogueProblem, texts: Texts) -> String {
    use CatalogueProblem as P;
    match problem {
        P::NoFolder => t!(texts, "catalogue.error.no-folder").to_owned(),
        P::NotAFolder => t!(texts, "catalogue.error.not-a-folder").to_owned(),
        P::File(problem) => problem.describe(texts),
        P::TooManyFiles { most } => t!(texts, "catalogue.error.too-many-files", most = most),
        P::TooLarge => t!(texts, "catalogue.error.too-large").to_owned(),
        P::StrayFile { name } => t!(texts, "catalogue.error.stray-file", name = printable(name)),
        P::BrokenParts { name } => t!(texts, "catalogue.error.broken-parts", name = printable(name)),
        P::NotPlain { name } => t!(texts, "catalogue.error.not-plain", name = printable(name)),
        P::NotAPath => t!(texts, "catalogue.error.not-a-path").to_owned(),
        P::Unread { environment, failure } => unread(environment, failure, texts),
        P::TooManyParameters => t!(texts, "catalogue.error.too-many-parameters").to_owned(),
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
        P::BadDesired { .. } => t!(texts, "catalogue.error.bad-desired").to_owned(),
        P::NoParameter { name, .. } => t!(texts, "catalogue.error.no-parameter", name = printable(name)),
        P::UnusedParameter { name } => t!(texts, "catalogue.error.unused-parameter", name = name),
        P::DuplicateEntry { id, first } => t!(texts, "catalogue.error.duplicate-entry", id = id, first = first),
        _ => describe_runbook(problem, texts),
    }
}

/// Says why Parameter Store was not read: the action that is missing, or what AWS said.
fn unread(environment: &str, failure: &Failure, texts: Texts) -> String {
    let why = match &failure.kind {
        FailureKind::Denied { missing_action } => {
            t!(texts, "catalogue.error.denied", action = printable(missing_action))
        }
        kind if failure.detail.is_empty() => kind.name().to_owned(),
        kind => format!("{}: {}", kind.name(), printable(&failure.detail)),
    };
    t!(texts, "catalogue.error.unread", environment = printable(environment), why = why)
}

/// Describes the faults of runbooks.
fn describe_runbook(problem: &CatalogueProblem, texts: Texts) -> String {
    use CatalogueProblem as P;
    match problem {
        P::LongList { key, most } => t!(texts, "catalogue.error.long-list", key = key, most = most),
        P::DuplicateRunbook { id, first } => t!(texts, "catalogue.error.duplicate-runbook", id = id, first = first),
        P::DuplicateStep { id, first } => t!(texts, "catalogue.error.duplicate-step", id = id, first = first),
        P::NotForStep { key, kind } => t!(texts, "catalogue.error.not-for-step", key = key, kind = kind),
        P::NoStep { id, .. } => t!(texts, "catalogue.error.no-step", id = printable(id)),
        P::UnreachableStep { id } => t!(texts, "catalogue.error.unreachable-step", id = id),
        P::NoWayOut { id } => t!(texts, "catalogue.error.no-way-out", id = id),
        P::NoEntry { id, .. } => t!(texts, "catalogue.error.no-entry", id = id),
        P::EntryNotHere { entry, environment } => {
            t!(texts, "catalogue.error.entry-not-here", entry = entry, environment = printable(environment))
        }
        P::EntryForOthers { entry, environment } => {
            t!(texts, "catalogue.error.entry-for-others", entry = entry, environment = printable(environment))
        }
        _ => describe_reference(problem, texts),
    }
}

/// Describes the faults of what an entry refers to.
fn describe_reference(problem: &CatalogueProblem, texts: Texts) -> String {
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
        P::SeveralClusters { operation, clusters } => {
            t!(texts, "catalogue.error.several-clusters", operation = operation, clusters = list(clusters))
        }
        P::SharedDocument { document, other, environment } => t!(
            texts,
            "catalogue.error.shared-document",
            document = document,
            other = other,
            environment = printable(environment)
        ),
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

/// Says how to mend it.
pub(super) fn advise(problem: &CatalogueProblem, texts: Texts) -> String {
    use CatalogueProblem as P;
    let known = |names: &str| t!(texts, "config.advice.unknown-value", names = names);
    let plain = match problem {
        P::UnknownKey { nearest: Some(word), .. } => return t!(texts, "common.did-you-mean", word = word),
        P::UnknownValue { nearest: Some(word), .. }
        | P::NoEnvironment { nearest: Some(word), .. }
        | P::NoBinding { nearest: Some(word), .. }
        | P::NoParameter { nearest: Some(word), .. }
        | P::NoStep { nearest: Some(word), .. }
        | P::NoEntry { nearest: Some(word), .. }
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
        P::BadDesired { low, high } => return t!(texts, "catalogue.advice.bad-desired", low = low, high = high),
        P::NoParameter { name, .. } => return t!(texts, "catalogue.advice.no-parameter", name = printable(name)),
        P::UnusedParameter { name } => return t!(texts, "catalogue.advice.unused-parameter", name = name),
        P::WrongType { expected, .. } => expected.example(texts),
        P::Malformed { form, .. } => form.rule(texts),
        P::LongList { .. } => t!(texts, "catalogue.advice.long-list"),
        P::NotForStep { .. } => t!(texts, "catalogue.advice.not-for-step"),
        P::NoStep { .. } => t!(texts, "catalogue.advice.no-step"),
        P::UnreachableStep { .. } => t!(texts, "catalogue.advice.unreachable-step"),
        P::NoWayOut { .. } => t!(texts, "catalogue.advice.no-way-out"),
        P::NoEntry { .. } => t!(texts, "catalogue.advice.no-entry"),
        P::EntryNotHere { .. } => t!(texts, "catalogue.advice.entry-not-here"),
        P::EntryForOthers { .. } => t!(texts, "catalogue.advice.entry-for-others"),
        P::NoFolder => t!(texts, "common.file.check-path"),
        P::NotAFolder => t!(texts, "catalogue.advice.not-a-folder"),
        P::File(problem) => problem.advise(texts),
        P::TooManyFiles { .. } | P::TooLarge | P::TooManyParameters => t!(texts, "catalogue.advice.too-much"),
        P::StrayFile { .. } => t!(texts, "catalogue.advice.stray-file"),
        P::BrokenParts { .. } => t!(texts, "catalogue.advice.broken-parts"),
        P::NotPlain { .. } => t!(texts, "catalogue.advice.not-plain"),
        P::NotAPath => t!(texts, "catalogue.advice.not-a-path"),
        P::Unread { .. } => t!(texts, "catalogue.advice.unread"),
        P::NoEntries => t!(texts, "catalogue.advice.no-entries"),
        P::NoBindingsFile => t!(texts, "catalogue.advice.no-bindings-file"),
        P::Syntax { .. } => t!(texts, "common.advice-toml"),
        P::Repeated { .. } | P::RepeatedValue { .. } => t!(texts, "common.advice-repeated"),
        P::EmptyValue { .. } | P::EmptyList { .. } => t!(texts, "config.advice.empty-value"),
        P::BadPattern { .. } => t!(texts, "catalogue.advice.bad-pattern"),
        P::BadRange { .. } => t!(texts, "catalogue.advice.bad-range"),
        P::BadDefault { .. } => t!(texts, "catalogue.advice.bad-default"),
        P::DuplicateEntry { .. } | P::DuplicateRunbook { .. } | P::DuplicateStep { .. } => {
            t!(texts, "config.advice.duplicate")
        }
        P::NotOneBound { .. } => t!(texts, "catalogue.advice.not-one-bound"),
        P::NotForOperation { .. } => t!(texts, "catalogue.advice.not-for-operation"),
        P::SeveralTargets { .. } => t!(texts, "catalogue.advice.several-targets"),
        P::SeveralClusters { .. } => t!(texts, "catalogue.advice.several-clusters"),
        P::SharedDocument { .. } => t!(texts, "catalogue.advice.shared-document"),
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
            Self::Prompt => t!(texts, "catalogue.form.prompt"),
            Self::Step => t!(texts, "catalogue.form.step"),
            Self::Signal => t!(texts, "catalogue.form.signal"),
            Self::Name => t!(texts, "config.advice.bad-name"),
            Self::Word => t!(texts, "catalogue.form.word"),
            Self::Service => t!(texts, "catalogue.form.service"),
            Self::Node => t!(texts, "catalogue.form.node"),
            Self::Tag => t!(texts, "catalogue.form.tag"),
            Self::Host => t!(texts, "catalogue.form.host"),
            Self::User => t!(texts, "catalogue.form.user"),
            Self::Command => t!(texts, "catalogue.form.command"),
            Self::Document => t!(texts, "catalogue.form.document"),
            Self::DocumentParameter => t!(texts, "catalogue.form.document-parameter"),
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

//! The operations that an entry can name, and which keys and targets each of them takes.

use toml::de::DeTable;

use super::super::entry::{Change, DESIRED, LOCAL_PORT};
use super::super::error::CatalogueProblem;
use super::super::forms::Form;
use super::super::reader::{Reader, Value};
use crate::config::document::Place;

/// The keys that mean something for some operations only.
const OF_SOME: &[&str] =
    &["target", "limit", "recorded", "destination", "command", "document", "sessions", "status", "inputs", "params"];

/// The operations that an entry can name: a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Kind {
    Shell,
    PortForward,
    Exec,
    Change(Change),
    Workflow,
    Automation,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Shell,
        Self::PortForward,
        Self::Exec,
        Self::Change(Change::Redeploy),
        Self::Change(Change::Rollback),
        Self::Change(Change::Scale),
        Self::Change(Change::StopTask),
        Self::Workflow,
        Self::Automation,
    ];

    /// Reads the operation of an entry.
    pub(super) fn read(reader: &mut Reader<'_>, value: Value<'_, '_>) -> Option<Self> {
        let word = reader.one_of("operation", value, &Self::ALL.map(Self::name))?;
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// Returns the name that the catalogue has for it.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Shell => "ssm.shell",
            Self::PortForward => "ssm.port_forward",
            Self::Exec => "ecs.exec",
            Self::Change(change) => change.name(),
            Self::Workflow => "securityhub.workflow",
            Self::Automation => "ssm.automation",
        }
    }

    /// Tells whether it opens a session, which has an end and can be recorded.
    pub(in super::super) const fn is_session(self) -> bool {
        matches!(self, Self::Shell | Self::PortForward | Self::Exec)
    }

    /// Tells whether an SSM document pins it.
    pub(in super::super) const fn has_document(self) -> bool {
        !matches!(self, Self::Exec | Self::Workflow)
    }

    /// Lists the keys that mean something for some operations, and for it: those that it must have, and that it may.
    const fn keys(self) -> (&'static [&'static str], &'static [&'static str]) {
        // A session without an end is a door left open.
        match self {
            Self::Shell => (&["target", "limit"], &["document", "recorded"]),
            Self::PortForward => (&["target", "limit", "destination"], &["document", "sessions", "params", "recorded"]),
            Self::Exec => (&["target", "limit", "command"], &["recorded"]),
            Self::Change(Change::Scale) => (&["target", "params"], &["document"]),
            Self::Change(_) => (&["target"], &["document"]),
            Self::Workflow => (&["status"], &[]),
            Self::Automation => (&["document"], &["inputs", "params"]),
        }
    }

    /// Tells whether a key means something for it.
    pub(super) fn takes(self, key: &str) -> bool {
        let (needed, allowed) = self.keys();
        !OF_SOME.contains(&key) || needed.contains(&key) || allowed.contains(&key)
    }

    /// Lists the targets that it can have.
    pub(in super::super) const fn targets(self) -> &'static [&'static str] {
        match self {
            Self::Shell => &["node", "node_tag"],
            Self::PortForward => &["ecs_service", "node", "node_tag"],
            Self::Exec | Self::Change(_) => &["ecs_service"],
            Self::Workflow | Self::Automation => &[],
        }
    }

    /// Lists the parameters that it takes; nothing where an entry may name them as it likes.
    pub(super) const fn parameters(self) -> Option<&'static [&'static str]> {
        match self {
            Self::PortForward => Some(&[LOCAL_PORT]),
            Self::Change(Change::Scale) => Some(&[DESIRED]),
            _ => None,
        }
    }

    /// Checks that an entry has what its operation needs, and nothing that means something for another one.
    pub(super) fn check_keys(self, reader: &mut Reader<'_>, table: &DeTable<'_>, at: &Place) {
        for key in self.keys().0 {
            reader.required(table, at, self.name(), key);
        }
        self.check_foreign(reader, table);
    }

    /// Checks that nothing is there that means something for another operation only.
    pub(super) fn check_foreign(self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        for (key, _) in table {
            let word = key.get_ref().as_ref();
            if !self.takes(word) {
                let place = reader.place(key);
                reader.error(place, CatalogueProblem::NotForOperation { key: word.to_owned(), operation: self.name() });
            }
        }
    }
}

/// How an entry's target is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum By {
    Service,
    Node,
    Tag,
}

impl By {
    pub(super) const ALL: [Self; 3] = [Self::Service, Self::Node, Self::Tag];

    pub(in super::super) const fn key(self) -> &'static str {
        match self {
            Self::Service => "ecs_service",
            Self::Node => "node",
            Self::Tag => "node_tag",
        }
    }

    pub(in super::super) const fn form(self) -> Form {
        match self {
            Self::Service => Form::Service,
            Self::Node => Form::Node,
            Self::Tag => Form::Tag,
        }
    }
}

//! One entry of the catalogue, as it holds in one environment.

use std::{collections::BTreeMap, fmt};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use super::operation::{Change, DESIRED, Destination, FINDING, Input, LOCAL_PORT, Operation, TASK, WorkflowStatus};
use super::pattern;

/// The role that never gets a command into a container in production, whatever a catalogue says.
pub const OPERATOR: &str = "operator";

/// Names an entry, such as `db-readonly`: lower-case letters, digits and hyphens.
///
/// An entry that serves several targets is one for each, named with the target: `container-inspect/web`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId(pub String);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl EntryId {
    /// Returns the name as it is written in the catalogue, without the target.
    pub fn written(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

/// Returns the name of the Session document that pins an entry, where the entry does not name one itself.
pub fn document_name(environment: &str, entry: &EntryId) -> String {
    format!("Sekisho-{environment}-{}", entry.written())
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Title {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// What a person must type before the operation starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Confirmation {
    /// Nothing.
    None,
    /// A plain yes.
    #[default]
    Yes,
    /// The service's name.
    TypeService,
    /// The environment's name.
    TypeEnvironment,
}

impl Confirmation {
    /// Names every way, as the catalogue does.
    pub const ALL: [Self; 4] = [Self::None, Self::Yes, Self::TypeService, Self::TypeEnvironment];

    /// Returns the name that the catalogue has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Yes => "yes",
            Self::TypeService => "type-service",
            Self::TypeEnvironment => "type-environment",
        }
    }
}

/// A parameter that a person may choose, within what the catalogue allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// A whole number.
    Integer {
        /// The lowest and the highest that is allowed.
        range: (i64, i64),
        /// What is taken where nobody says.
        default: Option<i64>,
    },
    /// One text of a list.
    Choice {
        /// The texts.
        allowed: Vec<String>,
        /// What is taken where nobody says.
        default: Option<String>,
    },
    /// A text that a pattern describes, whole.
    Text {
        /// The pattern, a regular expression without look-around.
        pattern: String,
        /// What is taken where nobody says.
        default: Option<String>,
    },
}

impl Parameter {
    /// Returns what is taken where nobody says, as text.
    pub fn default_text(&self) -> Option<String> {
        match self {
            Self::Integer { default, .. } => default.map(|number| number.to_string()),
            Self::Choice { default, .. } | Self::Text { default, .. } => default.clone(),
        }
    }

    /// Returns what is allowed, as text: `15432–15499`, the choices, or the pattern.
    pub fn allowed(&self) -> String {
        match self {
            Self::Integer { range: (low, high), .. } => format!("{low}–{high}"),
            Self::Choice { allowed, .. } => allowed.join(", "),
            Self::Text { pattern, .. } => pattern.clone(),
        }
    }

    /// Takes a value that is allowed, in the one way of writing it; nothing where it is not.
    pub fn take(&self, value: &str) -> Option<String> {
        match self {
            Self::Integer { range: (low, high), .. } => {
                let number: i64 = value.parse().ok()?;
                (*low..=*high).contains(&number).then(|| number.to_string())
            }
            Self::Choice { allowed, .. } => allowed.iter().find(|known| *known == value).cloned(),
            Self::Text { pattern, .. } => pattern::fits(pattern, value).then(|| value.to_owned()),
        }
    }
}

/// An entry of the catalogue, as it holds in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// What people call it.
    pub title: Title,
    /// The environment's name.
    pub environment: String,
    /// The roles that may use it.
    pub roles: Vec<String>,
    /// What it does.
    pub operation: Operation,
    /// Whether a reason is needed.
    pub reason: bool,
    /// The pattern of the ticket that is needed, a regular expression that must match all of it.
    pub ticket: Option<String>,
    /// What must be typed first.
    pub confirmation: Confirmation,
    /// How long it may last.
    pub limit: Option<SignedDuration>,
    /// Whether it is recorded; tunnels as metadata.
    pub recorded: bool,
    /// What a person may choose.
    pub parameters: BTreeMap<String, Parameter>,
}

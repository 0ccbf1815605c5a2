//! The catalogue compiled: the least IAM policies of a role, and the SSM documents with roles of their own, that make AWS
//! itself refuse what the gate would refuse.
//!
//! What an entry comes to is asked of the gate, so that the two cannot drift apart. It is pure, and the same input gives the
//! same text. What IAM cannot tell apart is in `docs/operations.md`, "What IAM cannot bind".

mod automation;
mod changes;
pub mod compare;
mod documents;
mod findings;
mod foreign;
mod guard;
mod place;
mod reads;
mod render;
mod sessions;
mod split;
mod statement;
mod words;

use crate::domain::environment::Environment;
use crate::runbook::catalogue::Catalogue;

pub use documents::{Document, DocumentKind};
pub use foreign::{Foreign, LONGEST as LONGEST_POLICY, NotAPolicy, parse};
pub use reads::dashboard_actions;
pub use render::{PermissionSet, documents_json, iam_json, permission_set, permission_set_json, pretty};
pub use split::{INLINE, MANAGED, Policy};
pub use statement::{Effect, Statement};

use place::Place;
use statement::Drafts;

/// The tag by which ECS names a task's service, where a service is created with managed tags.
///
/// Source: Amazon ECS Developer Guide, "Tagging Amazon ECS resources", Amazon ECS-managed tags.
pub const SERVICE_TAG: &str = "aws:ecs:serviceName";

/// What a team chooses of what is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The `CloudWatch` log group that shells are logged to by AWS.
    pub session_log_group: String,
    /// Where the heads of the journal are kept.
    pub journal: Option<JournalGroup>,
    /// The user of the node that shells run as; without one, Session Manager's own, who may use sudo.
    pub run_as: Option<String>,
    /// The ARNs of the keys that sessions are encrypted with, at most one for each account and region.
    pub keys: Vec<String>,
    /// The tag of tasks that names their service; without one, a cluster's tasks are not told apart.
    pub service_tag: Option<String>,
    /// Whether data channels are allowed on `*`, for where AWS does not check them against sessions.
    pub any_channel: bool,
    /// The roles that are assumed to reach environments.
    pub assumed_roles: Vec<String>,
}

/// The log group that the heads of the journal are kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalGroup {
    /// Its name.
    pub name: String,
    /// The environment in whose account and first region it is.
    pub environment: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            session_log_group: "/sekisho/sessions".to_owned(),
            journal: None,
            run_as: None,
            keys: Vec::new(),
            service_tag: Some(SERVICE_TAG.to_owned()),
            any_channel: false,
            assumed_roles: Vec::new(),
        }
    }
}

/// What a role comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The role.
    pub role: String,
    /// Every statement, in order, before they are split.
    pub statements: Vec<Statement>,
    /// The statements in as few managed policies as hold them.
    pub policies: Vec<Policy>,
    /// The SSM documents of the role's entries.
    pub documents: Vec<Document>,
    /// The roles that the Automation documents run under.
    pub roles: Vec<ServiceRole>,
    /// What there is to say about it.
    pub notes: Vec<Note>,
}

/// A role that an Automation document runs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRole {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The account that it is in.
    pub account: String,
    /// The catalogue entries that it is for, as they are written.
    pub entries: Vec<String>,
    /// Who may take it.
    pub trust: serde_json::Value,
    /// What it may do.
    pub policy: Policy,
}

/// Says what about a compiled role somebody must know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Note {
    /// The configuration does not say which account and regions an environment has: nothing is compiled for it.
    Unpinned {
        /// The environment.
        environment: String,
    },
    /// The kind of an environment is unknown: nothing may be done there, and only its dashboards are compiled.
    UnknownKind {
        /// The environment.
        environment: String,
    },
    /// The services of one entry are in several clusters, and a document holds one.
    SeveralClusters {
        /// The document.
        document: String,
    },
    /// Entries share a document that they name, and would have it say different things: it is the team's own.
    DocumentConflict {
        /// The document.
        document: String,
    },
    /// A document would be longer than SSM takes.
    DocumentTooLong {
        /// The document.
        document: String,
    },
    /// The name of a document's role is longer than IAM takes.
    RoleNameTooLong {
        /// The role.
        name: String,
    },
    /// No user was named that shells run as.
    NoRunAs {
        /// The document.
        document: String,
    },
    /// No tag tells the tasks of services apart.
    NoServiceTag,
    /// The statements are in several policies, because one would be too long.
    Split {
        /// In how many.
        policies: usize,
    },
}

impl Note {
    /// Tells whether what was compiled lacks something because of it.
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Unpinned { .. }
            | Self::SeveralClusters { .. }
            | Self::DocumentTooLong { .. }
            | Self::RoleNameTooLong { .. } => true,
            Self::UnknownKind { .. }
            | Self::DocumentConflict { .. }
            | Self::NoRunAs { .. }
            | Self::NoServiceTag
            | Self::Split { .. } => false,
        }
    }
}

/// Compiles a catalogue that holds in all environments.
pub fn compile(catalogue: &Catalogue, role: &str, environments: &[Environment], options: &Options) -> Compiled {
    let of: Vec<_> = environments.iter().map(|environment| (catalogue, environment)).collect();
    compile_each(&of, role, options)
}

/// Compiles environments that have a catalogue each.
pub fn compile_each(of: &[(&Catalogue, &Environment)], role: &str, options: &Options) -> Compiled {
    let mut notes = Vec::new();
    let places: Vec<Place<'_>> = place::places(of, role, &mut notes);
    let mut drafts = Drafts::default();
    reads::dashboards(&places, options, &mut drafts);
    sessions::sessions(&places, options, &mut drafts);
    changes::changes(&places, &mut drafts);
    findings::findings(&places, &mut drafts);
    guard::guard(&places, &mut drafts);
    let statements = drafts.finish();
    let policies = split::managed(role, &statements);
    let (documents, roles) = documents::documents(&places, options, &mut notes);
    let has_tasks =
        places.iter().flat_map(|place| &place.entries).any(|entry| sessions::is_in_a_task(&entry.operation));
    if options.service_tag.is_none() && has_tasks {
        notes.push(Note::NoServiceTag);
    }
    if policies.len() > 1 {
        notes.push(Note::Split { policies: policies.len() });
    }
    Compiled { role: role.to_owned(), statements, policies, documents, roles, notes }
}

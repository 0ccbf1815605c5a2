//! The gate: role, environment, operation and parameters to an [`Authorized`] or a [`Denial`] that names its rule.
//!
//! It is pure, total, and denies by default. [`Authorized`] cannot be made anywhere else: whatever acts takes one, so
//! that what acts went through here.

pub mod compile;
mod gate;
pub mod preview;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{environment::Environment, identity::Identity};
use crate::runbook::entry::{Confirmation, EntryId, Operation, Title};

pub use gate::{
    LONGEST_FINDING, LONGEST_REASON, LONGEST_VALUE, YES, assess, authorize, confirmation, expected, may_run,
};

/// Holds an operation that the gate let through; only the gate makes one.
///
/// Nobody else can:
///
/// ```compile_fail,E0451
/// use sekisho::policy::{Authorized, Grant, Op};
///
/// fn forge(operation: Op, grant: std::sync::Arc<Grant>) -> Authorized<Op> {
///     Authorized { operation, grant }
/// }
/// ```
///
/// Nor can one that was let through be made into another:
///
/// ```compile_fail,E0616
/// use sekisho::policy::{Authorized, Op};
///
/// fn exchange(mut authorized: Authorized<Op>, operation: Op) {
///     authorized.operation = operation;
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized<T> {
    operation: T,
    grant: Arc<Grant>,
}

impl<T> Authorized<T> {
    /// Returns the operation.
    pub fn operation(&self) -> &T {
        &self.operation
    }

    /// Returns on what grounds it was let through.
    pub fn grant(&self) -> &Arc<Grant> {
        &self.grant
    }
}

/// On what grounds an operation was let through; all of it goes into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The catalogue entry.
    pub entry: EntryId,
    /// What people call it.
    pub title: Title,
    /// The role.
    pub role: String,
    /// Who.
    pub identity: Arc<Identity>,
    /// Where.
    pub environment: Environment,
    /// The parameters, defaults filled in.
    pub parameters: BTreeMap<String, String>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// The ticket that was given.
    pub ticket: Option<String>,
    /// How long it may last.
    pub limit: Option<SignedDuration>,
    /// Whether it is recorded.
    pub recorded: bool,
    /// The SHA-256 of the catalogue that allowed it, in hex.
    pub catalogue: String,
    /// When the gate was asked.
    pub at: Timestamp,
}

/// What somebody asks the gate for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The catalogue entry.
    pub entry: EntryId,
    /// The environment's name.
    pub environment: String,
    /// What was chosen, by parameter.
    pub parameters: BTreeMap<String, String>,
    /// The reason.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// What was typed to confirm: `yes`, or the name that is to be typed.
    pub confirmation: Option<String>,
}

/// Says why the gate let something not through, and what would be needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Denial {
    /// Nobody could find out who asks: for nobody there is nothing.
    NotVerified,
    /// The identity has no role.
    NoRole,
    /// The identity has several roles, which is an error of the configuration.
    SeveralRoles(Vec<String>),
    /// The catalogue has no such entry.
    NoEntry(EntryId),
    /// The entry is not for this environment.
    NotHere {
        /// The environment that was asked for.
        environment: String,
        /// Those that the entry is for.
        allowed: Vec<String>,
    },
    /// The credentials are of another account than the environment's.
    WrongAccount,
    /// Nobody said what kind of environment this is: nothing is done there.
    UnknownKind,
    /// The entry is not for this role.
    NotForRole {
        /// The role.
        role: String,
        /// Those that the entry is for.
        allowed: Vec<String>,
    },
    /// A reason is needed.
    ReasonMissing,
    /// A ticket is needed.
    TicketMissing {
        /// Its pattern.
        pattern: String,
    },
    /// The ticket is not of the pattern.
    TicketInvalid {
        /// Its pattern.
        pattern: String,
    },
    /// The entry has no such parameter.
    NoParameter {
        /// Its name.
        name: String,
    },
    /// A parameter is needed that has no default.
    ParameterMissing {
        /// Its name.
        name: String,
    },
    /// A parameter is not among what is allowed.
    ParameterInvalid {
        /// Its name.
        name: String,
        /// What is allowed, as text.
        allowed: String,
    },
    /// It was not confirmed as it must be.
    NotConfirmed {
        /// How.
        confirmation: Confirmation,
        /// What must be typed, where something must.
        expected: String,
    },
    /// A text is longer than this gate takes, or holds control characters.
    Unprintable {
        /// Which: `reason`, `ticket` or a parameter's name.
        name: String,
    },
}

/// The operation that the gate lets through: a closed set, never a text.
pub type Op = Operation;

impl Denial {
    /// Names the rule, as the journal and scripts do.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotVerified => "not-verified",
            Self::NoRole => "no-role",
            Self::SeveralRoles(_) => "several-roles",
            Self::NoEntry(_) => "no-entry",
            Self::NotHere { .. } => "not-here",
            Self::WrongAccount => "wrong-account",
            Self::UnknownKind => "unknown-kind",
            Self::NotForRole { .. } => "not-for-role",
            Self::ReasonMissing => "reason-missing",
            Self::TicketMissing { .. } => "ticket-missing",
            Self::TicketInvalid { .. } => "ticket-invalid",
            Self::NoParameter { .. } => "no-parameter",
            Self::ParameterMissing { .. } => "parameter-missing",
            Self::ParameterInvalid { .. } => "parameter-invalid",
            Self::NotConfirmed { .. } => "not-confirmed",
            Self::Unprintable { .. } => "unprintable",
        }
    }
}

//! The words for why the gate does not let something through, and what would be needed.

use crate::i18n::Texts;
use crate::policy::Denial;
use crate::t;

/// Returns why the gate says no.
pub fn denial(texts: Texts, denial: &Denial) -> String {
    match denial {
        Denial::NoRole => t!(texts, "sessions.denial.no-role").to_owned(),
        Denial::SeveralRoles(roles) => t!(texts, "sessions.denial.several-roles", roles = roles.join(", ")),
        Denial::NoEntry(entry) => t!(texts, "sessions.denial.no-entry", entry = entry),
        Denial::NotHere { environment, allowed } => {
            t!(texts, "sessions.denial.not-here", environment = environment, allowed = allowed.join(", "))
        }
        Denial::WrongAccount => t!(texts, "sessions.denial.wrong-account").to_owned(),
        Denial::UnknownKind => t!(texts, "sessions.denial.unknown-kind").to_owned(),
        Denial::NotForRole { role, allowed } => {
            t!(texts, "sessions.denial.not-for-role", role = role, allowed = allowed.join(", "))
        }
        Denial::ReasonMissing => t!(texts, "sessions.denial.reason-missing").to_owned(),
        Denial::TicketMissing { pattern } => t!(texts, "sessions.denial.ticket-missing", pattern = pattern),
        Denial::TicketInvalid { pattern } => t!(texts, "sessions.denial.ticket-invalid", pattern = pattern),
        Denial::NoParameter { name } => t!(texts, "sessions.denial.no-parameter", name = name),
        Denial::ParameterMissing { name } => t!(texts, "sessions.denial.parameter-missing", name = name),
        Denial::ParameterInvalid { name, allowed } => {
            t!(texts, "sessions.denial.parameter-invalid", name = name, allowed = allowed)
        }
        Denial::NotConfirmed { expected, .. } => t!(texts, "sessions.denial.not-confirmed", expected = expected),
        Denial::Unprintable { name } => t!(texts, "sessions.denial.unprintable", name = name),
    }
}

//! The words of the gate: what it asks for, what it refuses, and what would be needed.

use crate::domain::text::clean;
use crate::i18n::Texts;
use crate::policy::{Denial, LONGEST_FINDING, LONGEST_REASON, LONGEST_VALUE};
use crate::runbook::entry::{Confirmation, Entry, FINDING};
use crate::t;

/// The longest sentence, in characters: what was refused may be anything.
const LONGEST: usize = 2_000;

/// Says why the gate refused, and what would be needed.
pub fn denial(texts: Texts, denial: &Denial) -> (String, String) {
    (clean(&problem(texts, denial), LONGEST), clean(&need(texts, denial), LONGEST))
}

fn problem(texts: Texts, denial: &Denial) -> String {
    match denial {
        Denial::NotVerified => t!(texts, "gate.denial.not-verified").to_owned(),
        Denial::NoRole => t!(texts, "gate.denial.no-role").to_owned(),
        Denial::SeveralRoles(roles) => t!(texts, "gate.denial.several-roles", roles = roles.join(", ")),
        Denial::NoEntry(entry) => t!(texts, "gate.denial.no-entry", entry = entry),
        Denial::NotHere { environment, .. } => t!(texts, "gate.denial.not-here", environment = environment),
        Denial::WrongAccount => t!(texts, "gate.denial.wrong-account").to_owned(),
        Denial::UnknownKind => t!(texts, "gate.denial.unknown-kind").to_owned(),
        Denial::NotForRole { role, .. } => t!(texts, "gate.denial.not-for-role", role = role),
        Denial::ReasonMissing => t!(texts, "gate.denial.reason-missing").to_owned(),
        Denial::TicketMissing { .. } => t!(texts, "gate.denial.ticket-missing").to_owned(),
        Denial::TicketInvalid { .. } => t!(texts, "gate.denial.ticket-invalid").to_owned(),
        Denial::NoParameter { name } => t!(texts, "gate.denial.no-parameter", name = name),
        Denial::ParameterMissing { name } => t!(texts, "gate.denial.parameter-missing", name = name),
        Denial::ParameterInvalid { name, .. } => t!(texts, "gate.denial.parameter-invalid", name = name),
        Denial::NotConfirmed { .. } => t!(texts, "gate.denial.not-confirmed").to_owned(),
        Denial::Unprintable { name } => t!(texts, "gate.denial.unprintable", name = name),
    }
}

fn need(texts: Texts, denial: &Denial) -> String {
    match denial {
        Denial::NotVerified => t!(texts, "gate.need.not-verified").to_owned(),
        Denial::NoRole => t!(texts, "gate.need.no-role").to_owned(),
        Denial::SeveralRoles(_) => t!(texts, "gate.need.several-roles").to_owned(),
        Denial::NoEntry(_) => t!(texts, "gate.need.no-entry").to_owned(),
        Denial::NotHere { allowed, .. } => t!(texts, "gate.need.not-here", names = allowed.join(", ")),
        Denial::WrongAccount => t!(texts, "gate.need.wrong-account").to_owned(),
        Denial::UnknownKind => t!(texts, "gate.need.unknown-kind").to_owned(),
        Denial::NotForRole { allowed, .. } if allowed.is_empty() => t!(texts, "gate.need.for-nobody").to_owned(),
        Denial::NotForRole { allowed, .. } => t!(texts, "gate.need.not-for-role", names = allowed.join(", ")),
        Denial::ReasonMissing => t!(texts, "gate.need.reason-missing").to_owned(),
        Denial::TicketMissing { pattern } | Denial::TicketInvalid { pattern } => {
            t!(texts, "gate.need.ticket", pattern = pattern)
        }
        Denial::NoParameter { .. } => t!(texts, "gate.need.no-parameter").to_owned(),
        Denial::ParameterMissing { .. } => t!(texts, "gate.need.parameter-missing").to_owned(),
        Denial::ParameterInvalid { allowed, .. } => t!(texts, "gate.need.parameter-invalid", allowed = allowed),
        Denial::NotConfirmed { expected, .. } => t!(texts, "gate.need.not-confirmed", expected = expected),
        Denial::Unprintable { name } => {
            let most = match name.as_str() {
                "reason" => LONGEST_REASON,
                FINDING => LONGEST_FINDING,
                _ => LONGEST_VALUE,
            };
            t!(texts, "gate.need.unprintable", most = most)
        }
    }
}

/// Lists what an entry asks for before it begins; a dash where it asks for nothing.
pub fn asks(texts: Texts, entry: &Entry) -> String {
    let mut asks = Vec::new();
    if entry.reason {
        asks.push(t!(texts, "gate.asks.reason").to_owned());
    }
    if entry.ticket.is_some() {
        asks.push(t!(texts, "gate.asks.ticket").to_owned());
    }
    match entry.confirmation {
        Confirmation::None => {}
        Confirmation::Yes => asks.push(t!(texts, "gate.asks.yes").to_owned()),
        Confirmation::TypeService => asks.push(t!(texts, "gate.asks.type-service").to_owned()),
        Confirmation::TypeEnvironment => asks.push(t!(texts, "gate.asks.type-environment").to_owned()),
    }
    if asks.is_empty() { "-".to_owned() } else { asks.join(super::session::comma(texts)) }
}

/// Says how long an entry's operation may last; a dash where nothing ends it.
pub fn limit(texts: Texts, entry: &Entry) -> String {
    let minutes = entry.limit.map(|limit| limit.as_mins());
    minutes.map_or_else(|| "-".to_owned(), |minutes| t!(texts, "gate.minutes", n = minutes))
}

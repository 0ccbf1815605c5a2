//! The rules, in the order in which [`Denial`] lists them: the first that does not hold is the answer. That somebody is
//! verified at all is what the gate is asked with.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Authorized, Denial, Grant, Op, Request};
use crate::domain::environment::{Environment, Kind};
use crate::domain::identity::{Identity, RoleResolution};
use crate::domain::target::Selector;
use crate::domain::text::clean;
use crate::runbook::catalogue::Catalogue;
use crate::runbook::entry::{Confirmation, Entry, EntryId, FINDING, OPERATOR, Operation, Parameter};
use crate::runbook::pattern;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 1_000;

/// The longest ticket and the longest parameter, in characters.
pub const LONGEST_VALUE: usize = 200;

/// The longest ARN of a finding, in characters.
///
/// Source: AWS Security Hub User Guide, "Required top-level ASFF attributes", `Id`: at most 512 characters.
pub const LONGEST_FINDING: usize = 512;

/// What confirms where a plain yes is asked for.
pub const YES: &str = "yes";

/// Tells whether somebody may run a runbook of these roles in an environment, and returns the role in which they do.
///
/// A run itself changes nothing in AWS: each of its operations asks the gate on its own.
///
/// # Errors
/// The first rule that does not hold.
pub fn may_run(
    roles: &[String],
    identity: &Identity,
    role: &RoleResolution,
    environment: &Environment,
) -> Result<String, Denial> {
    let role = only(role)?;
    if environment.account.is_some_and(|account| account != identity.account) {
        return Err(Denial::WrongAccount);
    }
    if !roles.iter().any(|allowed| allowed == role) {
        return Err(Denial::NotForRole { role: role.to_owned(), allowed: roles.to_vec() });
    }
    Ok(role.to_owned())
}

/// Tells whether somebody may use an entry at all: who and where, with nothing typed yet.
///
/// # Errors
/// The first rule that does not hold.
pub fn assess(
    catalogue: &Catalogue,
    identity: &Arc<Identity>,
    role: &RoleResolution,
    environment: &Environment,
    entry: &EntryId,
) -> Result<(), Denial> {
    admit(catalogue, identity, role, environment, &environment.name, entry).map(drop)
}

/// Lets an operation through, or says which rule does not hold and what would be needed.
///
/// # Errors
/// The first rule that does not hold.
pub fn authorize(
    catalogue: &Catalogue,
    identity: &Arc<Identity>,
    role: &RoleResolution,
    environment: &Environment,
    request: &Request,
    at: Timestamp,
) -> Result<Authorized<Op>, Denial> {
    let (entry, role) = admit(catalogue, identity, role, environment, &request.environment, &request.entry)?;
    let reason = reason(entry, request)?;
    let ticket = ticket(entry, request)?;
    let parameters = parameters(entry, request)?;
    own_finding(entry, &parameters, identity)?;
    confirmed(entry, environment.kind, request)?;
    printable("reason", reason, LONGEST_REASON)?;
    printable("ticket", ticket, LONGEST_VALUE)?;
    for (name, value) in &parameters {
        printable(name, Some(value), longest(name))?;
    }
    let grant = Grant {
        entry: entry.id.clone(),
        title: entry.title.clone(),
        role: role.to_owned(),
        identity: Arc::clone(identity),
        environment: environment.clone(),
        parameters,
        reason: reason.map(str::to_owned),
        ticket: ticket.map(str::to_owned),
        limit: entry.limit,
        recorded: entry.recorded,
        catalogue: catalogue.hash().to_owned(),
        at,
    };
    Ok(Authorized { operation: entry.operation.clone(), grant: Arc::new(grant) })
}

/// Returns how an entry is confirmed in an environment of a kind: in production nothing happens without a yes.
pub fn confirmation(entry: &Entry, kind: Kind) -> Confirmation {
    match (entry.confirmation, kind) {
        (Confirmation::None, Kind::Prd) => Confirmation::Yes,
        (confirmation, _) => confirmation,
    }
}

/// Says what must be typed to confirm an entry in an environment of a kind; nothing where nothing must.
pub fn expected(entry: &Entry, kind: Kind) -> Option<&str> {
    match (confirmation(entry, kind), entry.operation.selector()) {
        (Confirmation::None, _) => None,
        (Confirmation::Yes, _) => Some(YES),
        (Confirmation::TypeService, Some(Selector::EcsService { service, .. })) => Some(service),
        // The catalogue refuses the next ones; were it to let them pass, another name is as good to type.
        (Confirmation::TypeService, Some(Selector::ManagedNode { id })) => Some(id),
        (Confirmation::TypeService, Some(Selector::TaggedNodes { value, .. })) => Some(value),
        (Confirmation::TypeEnvironment, _) | (Confirmation::TypeService, None) => Some(&entry.environment),
    }
}

/// Returns the one role that somebody has.
fn only(role: &RoleResolution) -> Result<&str, Denial> {
    match role {
        RoleResolution::One(role) => Ok(role),
        RoleResolution::None => Err(Denial::NoRole),
        RoleResolution::Ambiguous(roles) => Err(Denial::SeveralRoles(roles.clone())),
    }
}

/// Checks who and where.
fn admit<'c, 'r>(
    catalogue: &'c Catalogue,
    identity: &Identity,
    role: &'r RoleResolution,
    environment: &Environment,
    asked: &str,
    id: &EntryId,
) -> Result<(&'c Entry, &'r str), Denial> {
    let role = only(role)?;
    let allowed = catalogue.environments_of(id);
    if allowed.is_empty() {
        return Err(Denial::NoEntry(id.clone()));
    }
    let here = catalogue.entry(environment, id).filter(|_| asked == environment.name);
    let Some(entry) = here else {
        return Err(Denial::NotHere { environment: asked.to_owned(), allowed });
    };
    // The number that STS confirmed, not the one that somebody wrote down.
    if environment.account.is_some_and(|account| account != identity.account) {
        return Err(Denial::WrongAccount);
    }
    if environment.kind == Kind::Unknown {
        return Err(Denial::UnknownKind);
    }
    let roles = roles(entry, environment);
    if !roles.contains(&role) {
        let allowed = roles.into_iter().map(str::to_owned).collect();
        return Err(Denial::NotForRole { role: role.to_owned(), allowed });
    }
    Ok((entry, role))
}

/// Lists the roles that an entry is for; a catalogue that gives the operator a command in production is not obeyed.
fn roles<'e>(entry: &'e Entry, environment: &Environment) -> Vec<&'e str> {
    let is_exec_in_production = environment.kind == Kind::Prd && matches!(entry.operation, Operation::Exec { .. });
    let allowed = entry.roles.iter().map(String::as_str);
    allowed.filter(|role| !(is_exec_in_production && *role == OPERATOR)).collect()
}

/// Returns what was said, where anything was: a text of spaces says nothing.
fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn reason<'r>(entry: &Entry, request: &'r Request) -> Result<Option<&'r str>, Denial> {
    let reason = said(request.reason.as_ref());
    if entry.reason && reason.is_none() { Err(Denial::ReasonMissing) } else { Ok(reason) }
}

fn ticket<'r>(entry: &Entry, request: &'r Request) -> Result<Option<&'r str>, Denial> {
    let ticket = said(request.ticket.as_ref());
    let Some(pattern) = entry.ticket.clone() else { return Ok(ticket) };
    match ticket {
        None => Err(Denial::TicketMissing { pattern }),
        Some(ticket) if is_short(ticket) && pattern::fits(&pattern, ticket) => Ok(Some(ticket)),
        Some(_) => Err(Denial::TicketInvalid { pattern }),
    }
}

/// Tells whether a text is short enough to be matched; longer ones fit nothing.
fn is_short(text: &str) -> bool {
    text.len() <= LONGEST_VALUE * 4
}

/// Checks what was chosen and fills in what was not.
fn parameters(entry: &Entry, request: &Request) -> Result<BTreeMap<String, String>, Denial> {
    if let Some(name) = request.parameters.keys().find(|name| !entry.parameters.contains_key(*name)) {
        return Err(Denial::NoParameter { name: name.clone() });
    }
    let value_of = |(name, parameter): (&String, &Parameter)| {
        let chosen = request.parameters.get(name).cloned().or_else(|| parameter.default_text());
        chosen.map(|value| (name.clone(), value)).ok_or_else(|| Denial::ParameterMissing { name: name.clone() })
    };
    let values: BTreeMap<String, String> = entry.parameters.iter().map(value_of).collect::<Result<_, _>>()?;
    let check = |(name, parameter): (&String, &Parameter)| {
        let value = values.get(name).filter(|value| is_short(value));
        match value.and_then(|value| parameter.take(value)) {
            Some(taken) => Ok((name.clone(), taken)),
            None => Err(Denial::ParameterInvalid { name: name.clone(), allowed: parameter.allowed() }),
        }
    };
    entry.parameters.iter().map(check).collect()
}

fn confirmed(entry: &Entry, kind: Kind, request: &Request) -> Result<(), Denial> {
    match expected(entry, kind) {
        Some(expected) if request.confirmation.as_deref() != Some(expected) => {
            Err(Denial::NotConfirmed { confirmation: confirmation(entry, kind), expected: expected.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Checks that a finding is the account's own: its ARN says whose it is, and who asks acts in no other account.
fn own_finding(entry: &Entry, parameters: &BTreeMap<String, String>, identity: &Identity) -> Result<(), Denial> {
    let (Operation::Workflow { .. }, Some(finding)) = (&entry.operation, parameters.get(FINDING)) else {
        return Ok(());
    };
    if finding.split(':').nth(4) == Some(identity.account.as_str()) {
        return Ok(());
    }
    let allowed = format!("arn:…:{}:…", identity.account);
    Err(Denial::ParameterInvalid { name: FINDING.to_owned(), allowed })
}

/// Returns how long a parameter may be, in characters.
fn longest(name: &str) -> usize {
    if name == FINDING { LONGEST_FINDING } else { LONGEST_VALUE }
}

/// Refuses a text that is too long, or that would not be read as it stands: it goes into the journal and to AWS.
fn printable(name: &str, text: Option<&str>, longest: usize) -> Result<(), Denial> {
    let fits = |text: &str| text.chars().count() <= longest && clean(text, longest) == text;
    if text.is_none_or(fits) { Ok(()) } else { Err(Denial::Unprintable { name: name.to_owned() }) }
}

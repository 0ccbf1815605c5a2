//! Session Manager: sessions are started here and carried by the gateway.

use super::nodes::{self, tokened};
use super::{AGENT, error, prepare};
use crate::simulator::call::Call;
use crate::simulator::clock::millis;
use crate::simulator::ecs::exec_target;
use crate::simulator::gateway::{Session, Wanted};
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, object};

/// The longest target and reason.
const LONGEST_TARGET: usize = 400;
const LONGEST_REASON: usize = 256;

/// Starts a session to a target with a document.
pub fn start_session(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let target = input.required("Target")?;
    bounded("target", target, LONGEST_TARGET)?;
    let reason = input.text("Reason")?;
    if let Some(reason) = reason {
        bounded("reason", reason, LONGEST_REASON)?;
        if reason.is_empty() || reason.contains('\n') {
            return Err(ApiError::constraint(
                reason,
                "Reason",
                "Member must satisfy regular expression pattern: .{1,256}",
            ));
        }
    }
    let prepared = prepare::prepare(call, input.text("DocumentName")?, input.members("Parameters")?)?;
    let Some(agent) = connected(call, target) else {
        return Err(error("TargetNotConnected", format!("{target} is not connected.")));
    };
    let session_name = call.principal.user_id.rsplit(':').next().unwrap_or_default();
    let wanted = Wanted {
        prefix: session_name.to_owned(),
        account: call.principal.account.clone(),
        region: call.region.to_owned(),
        target: target.to_owned(),
        document: prepared.name,
        owner: call.principal.arn.clone(),
        reason: reason.map(str::to_owned),
        now: call.now,
        limit: prepared.limit,
        idle: prepared.idle,
        agent,
        run: prepared.run,
        key: prepared.key,
    };
    let ticket = call.gateway.start(wanted).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(object()
        .with("SessionId", ticket.session_id)
        .with("TokenValue", ticket.token)
        .with("StreamUrl", ticket.stream_url)
        .into())
}

fn bounded(name: &str, text: &str, most: usize) -> Result<(), ApiError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    let rule = format!("Member must have length less than or equal to {most}");
    Err(ApiError::constraint(text, name, &rule))
}

/// The version of a target's agent, where it is connected.
fn connected(call: &Call<'_>, target: &str) -> Option<String> {
    if target.starts_with("ecs:") {
        return exec_target(call, target).filter(|found| found.runs && found.is_ready).map(|_| AGENT.to_owned());
    }
    let node = call.here()?.nodes.iter().find(|node| node.id == target)?;
    (!nodes::is_offline(node, call.now)).then(|| node.agent.clone())
}

/// Finds a session of the caller's account and region.
fn known(call: &Call<'_>, id: &str) -> Option<std::sync::Arc<Session>> {
    let session = call.gateway.session(id)?;
    (session.account == call.principal.account && session.region == call.region).then_some(session)
}

/// Gives a session's client another token; none where the session is over.
pub fn resume_session(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.required("SessionId")?;
    let Some(session) = known(call, id) else {
        return Err(error("DoesNotExistException", format!("Session {id} does not exist.")));
    };
    let ticket = call.gateway.resume(&session).map_err(|error| ApiError::internal(error.to_string()))?;
    let answer = object().with("SessionId", id.to_owned());
    Ok(match ticket {
        None => answer.into(),
        Some(ticket) => answer.with("TokenValue", ticket.token).with("StreamUrl", ticket.stream_url).into(),
    })
}

/// Ends a session; one that has ended or never was is no error.
pub fn terminate_session(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.required("SessionId")?;
    if let Some(session) = known(call, id) {
        session.end("");
    }
    Ok(object().with("SessionId", id.to_owned()).into())
}

/// Says whether a session could be started to a target.
pub fn get_connection_status(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let target = input.required("Target")?;
    bounded("target", target, LONGEST_TARGET)?;
    let status = if connected(call, target).is_some() { "connected" } else { "notconnected" };
    Ok(object().with("Target", target.to_owned()).with("Status", status).into())
}

/// Lists sessions, the newest first.
pub fn describe_sessions(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let live = match input.required("State")? {
        "Active" => true,
        "History" => false,
        word => {
            let rule = "Member must satisfy enum value set: [Active, History]";
            return Err(ApiError::constraint(word, "State", rule));
        }
    };
    let filters = filters(input)?;
    let size = input.page_size("MaxResults", 200, 50)?;
    let mut sessions = call.gateway.sessions();
    sessions.retain(|one| {
        let here = one.account == call.principal.account && one.region == call.region;
        here && one.is_live() == live && filters.iter().all(|(key, value)| is_of(one, key, value))
    });
    sessions.sort_by(|one, other| other.started.cmp(&one.started).then_with(|| one.id.cmp(&other.id)));
    // The token holds how many were shown: the list only grows at its front.
    let scope = call.scope(&format!("DescribeSessions/{live}"));
    let from: usize = tokened(input, &scope)?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let shown: Vec<Value> = sessions.iter().skip(from).take(size).map(|one| describe(one)).collect();
    let next = from.saturating_add(shown.len());
    let token = (next < sessions.len()).then(|| paging::seal(&scope, &next.to_string()));
    Ok(object().with("Sessions", shown).with("NextToken", token).into())
}

fn filters(input: Input<'_>) -> Result<Vec<(String, String)>, ApiError> {
    const KEYS: [&str; 7] = ["InvokedAfter", "InvokedBefore", "Target", "Owner", "Status", "SessionId", "AccessType"];
    let mut filters = Vec::new();
    for filter in input.structures("Filters")? {
        let (key, value) = (filter.required("key")?, filter.required("value")?);
        if !KEYS.contains(&key) {
            return Err(error("InvalidFilterKey", ""));
        }
        filters.push((key.to_owned(), value.to_owned()));
    }
    Ok(filters)
}

fn is_of(session: &Session, key: &str, value: &str) -> bool {
    let time = || value.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    match key {
        "Target" => session.target == value,
        "Owner" => session.owner == value,
        "SessionId" => session.id == value,
        "Status" => session.status().word() == value,
        "InvokedAfter" => time().is_some_and(|at| session.started >= at),
        "InvokedBefore" => time().is_some_and(|at| session.started < at),
        _ => value == "Standard",
    }
}

fn describe(session: &Session) -> Value {
    let ended = session.lasted().map(|lasted| {
        session.started.saturating_add(millis(jiff::SignedDuration::try_from(lasted).unwrap_or_default()))
    });
    object()
        .with("SessionId", &session.id)
        .with("Target", &session.target)
        .with("Status", session.status().word())
        .time("StartDate", session.started)
        .time("EndDate", ended)
        .with("DocumentName", &session.document)
        .with("Owner", &session.owner)
        .with("Reason", session.reason.clone())
        .with("OutputUrl", object())
        .with("MaxSessionDuration", session.limit.map(|limit| limit.as_secs().div_ceil(60).to_string()))
        .with("AccessType", "Standard")
        .into()
}

//! What sessions report: taken in, and what has to be said about it.

use std::{collections::BTreeSet, sync::Arc};

use crate::domain::{
    database::Database,
    identity::RoleResolution,
    progress::Finish,
    session::{End, Link, LiveId, SessionReport},
    target::Target,
};
use crate::runbook::catalogue::Catalogue;
use crate::runbook::entry::{Operation, WorkflowStatus};

use super::form::Lookup;
use super::live::{ENDING_SOON, Live, Refusal};
use crate::state::{
    Screen, State,
    event::{Effect, Notice},
    runbooks::{self, RunWish},
};

/// Environments that a notice names; the others are counted.
const NAMED: usize = 4;

/// Takes the catalogue that holds in an environment.
pub fn catalogue(state: &mut State, environment: String, catalogue: Arc<Catalogue>) -> Vec<Effect> {
    state.sessions.catalogues.insert(environment, catalogue);
    state.sessions.loaded_at = Some(state.now);
    super::derive(state);
    runbooks::derive(state);
    // What may be gone on with is offered from the first row on.
    let is_first = !std::mem::replace(&mut state.runbooks.is_asked, true);
    is_first.then_some(Effect::Run(RunWish::List)).into_iter().collect()
}

/// Takes which catalogues are others by now where they were read; what was read holds all the same.
pub fn changed(state: &mut State, environments: BTreeSet<String>) -> Vec<Effect> {
    let sessions = &mut state.sessions;
    let fresh: Vec<&str> = environments.difference(&sessions.changed).map(String::as_str).collect();
    if !fresh.is_empty() {
        let mut names = fresh.iter().take(NAMED).copied().collect::<Vec<_>>().join(" ");
        if fresh.len() > NAMED {
            names = format!("{names} +{}", fresh.len() - NAMED);
        }
        state.notice = Some(Notice::with("catalogue.notice.changed", "names", names));
    }
    sessions.changed = environments;
    Vec::new()
}

/// Takes what a session reports, and returns what the terminal of a shell answers.
pub fn take(state: &mut State, id: LiveId, report: SessionReport) -> Vec<Effect> {
    if let SessionReport::Preflight(preflight) = &report
        && let Some(form) = state.sessions.form.as_mut().filter(|form| form.id == id)
    {
        form.looked_up(Arc::clone(preflight), state.now);
        return Vec::new();
    }
    let (now, is_front) = (state.now, is_watched(state, id));
    let Some(live) = state.sessions.get_mut(id) else { return Vec::new() };
    let mut effects = Vec::new();
    let (mut notice, mut pending, mut ended) = (None, None, None);
    match report {
        SessionReport::Preflight(_) => {}
        SessionReport::Progress(progress) => {
            live.active_at = now;
            live.progress = Some(progress);
        }
        SessionReport::Opened { session_id, target, ends_at, recorded, local } => {
            live.session_id = Some(session_id);
            live.target = Some(target);
            live.ends_at = ends_at;
            live.recorded = recorded;
            live.local = local.or(live.local);
            live.active_at = now;
        }
        SessionReport::Message(message) => live.message = message,
        SessionReport::Unwritten { why } => {
            // Whoever looks at it must read it too.
            state.notice = Some(Notice::with("sessions.notice.unwritten", "why", why));
            return Vec::new();
        }
        SessionReport::Link(link) => {
            notice = link_notice(live, &link);
            live.link = link;
        }
        SessionReport::Warning { left } => {
            // The one that ends it says how long still; the clock of the screen may be some seconds behind.
            live.ends_at = Some(live.ends_at.map_or(now + left, |ends_at| ends_at.min(now + left)));
            notice = ending_notice(live, left <= ENDING_SOON);
        }
        SessionReport::Output(bytes) => {
            live.active_at = now;
            if let Some(pane) = &mut live.pane {
                let answer = pane.take(&bytes);
                if !answer.is_empty() {
                    effects.push(Effect::Input { id, bytes: answer });
                }
            }
        }
        SessionReport::Tunnel(status) => {
            live.local = Some(status.local);
            if let [session] = status.sessions.as_slice() {
                live.link = session.link.clone();
            }
            live.tunnel = Some(status);
        }
        SessionReport::Recorded(_) => effects.push(Effect::Recordings),
        SessionReport::Ended(end) => {
            if live.end.is_none() {
                notice = Some(ended_notice(live, &end));
                pending = pending_of(live, &end);
                ended = live.origin.step.clone().map(|step| (step, end.clone()));
                live.link = Link::Ended;
                live.end = Some((end, now));
            }
        }
    }
    if let Some((finding, status)) = pending {
        state.findings.pending.insert(finding, (status, now));
    }
    if !is_front && notice.is_some() {
        state.notice = notice;
    }
    if let Some((step, end)) = ended {
        effects.extend(runbooks::ended(state, &step, &end));
    }
    effects
}

/// Takes which database the tunnel of a session leads to.
pub fn found(state: &mut State, id: LiveId, database: Arc<Database>) {
    if let Some(live) = state.sessions.get_mut(id).filter(|live| live.is_tunnel()) {
        live.database = Some(database);
    }
}

/// Takes that a session was not started.
pub(in crate::state) fn refused(state: &mut State, id: LiveId, refusal: Refusal) -> Vec<Effect> {
    let (now, is_front) = (state.now, is_watched(state, id));
    // What is looked up for a form may be refused as well: the person may read why, and leave.
    if let Some(form) = state.sessions.form.as_mut().filter(|form| form.id == id) {
        form.preflight = Lookup::Failed(refusal);
        return Vec::new();
    }
    let Some(live) = state.sessions.get_mut(id) else { return Vec::new() };
    live.link = Link::Ended;
    live.end.get_or_insert((End::Failed { why: String::new() }, now));
    live.refusal = Some(refusal.clone());
    let (name, step) = (live.entry.id.to_string(), live.origin.step.clone());
    if !is_front {
        state.notice = Some(Notice::with("sessions.notice.refused", "name", name));
    }
    step.map(|step| runbooks::not_begun(state, &step, &refusal)).unwrap_or_default()
}

/// Says, once each, that sessions end within the next minutes.
pub(in crate::state) fn warn(state: &mut State) {
    let now = state.now;
    let front = state.sessions.front.filter(|_| super::is_front(state.screen));
    let mut said = None;
    for live in &mut state.sessions.live {
        let is_ending = live.is_ending(now);
        let notice = ending_notice(live, is_ending);
        if Some(live.id) != front {
            said = notice.or(said);
        }
    }
    if said.is_some() {
        state.notice = said;
    }
}

/// Tells whether a session is what the person looks at: then its own line says all of it.
fn is_watched(state: &State, id: LiveId) -> bool {
    super::is_front(state.screen) && state.sessions.front == Some(id)
}

fn ending_notice(live: &mut Live, is_ending: bool) -> Option<Notice> {
    if !is_ending || live.warned {
        return None;
    }
    live.warned = true;
    Some(Notice::with("sessions.notice.ending", "name", live.entry.id.to_string()))
}

fn link_notice(live: &Live, link: &Link) -> Option<Notice> {
    let key = match (&live.link, link) {
        (Link::Lost { .. }, Link::Up { .. }) => "sessions.notice.link-back",
        (Link::Lost { .. }, _) => return None,
        (_, Link::Lost { .. }) => "sessions.notice.link-lost",
        _ => return None,
    };
    Some(Notice::with(key, "name", live.entry.id.to_string()))
}

fn ended_notice(live: &Live, end: &End) -> Notice {
    let key = match end {
        End::Closed { .. } | End::Terminated => "sessions.notice.ended",
        End::LimitReached => "sessions.notice.limit",
        End::Unrecorded { .. } => "sessions.notice.unrecorded",
        End::Lost { .. } => "sessions.notice.lost",
        End::Failed { .. } => "sessions.notice.failed",
        End::Unknown { .. } => "sessions.notice.unknown",
        End::Finished(Finish::Done) => "operations.notice.done",
        End::Finished(Finish::Cancelled) => "operations.notice.cancelled",
        End::Finished(Finish::Failed { .. }) => "operations.notice.failed",
        End::Finished(Finish::Unknown { .. }) => "operations.notice.unknown",
    };
    Notice::with(key, "name", live.entry.id.to_string())
}

/// Returns the status that a finding was given and that Security Hub may not show for some minutes.
fn pending_of(live: &Live, end: &End) -> Option<(String, WorkflowStatus)> {
    match (&live.entry.operation, live.target.as_ref(), end) {
        (Operation::Workflow { status }, Some(Target::Finding { id, .. }), End::Finished(Finish::Done)) => {
            Some((id.clone(), *status))
        }
        _ => None,
    }
}

/// Closes the form where who is asking is no longer who it was opened for.
pub(in crate::state) fn check_form(state: &mut State) {
    let Some(form) = &state.sessions.form else { return };
    let source = state.source(form.source);
    let same = source.is_some_and(|source| {
        let identity = source.identity.value.as_ref().is_some_and(|identity| **identity == *form.identity);
        identity && state.role_of(source) == RoleResolution::One(form.role.clone())
    });
    if !same {
        state.sessions.form = None;
        if state.screen == Screen::Form {
            state.screen = state.trail.pop().unwrap_or(Screen::Sessions);
            state.notice = Some(Notice::plain("sessions.notice.form-closed"));
        }
    }
}

//! What a person does with sessions: opens, attaches, leaves, types, ends.

use std::sync::Arc;

use crate::command::Command;
use crate::domain::{
    database::ClientCall, environment::Environment, identity::RoleResolution, queue::Place, session::LiveId,
};
use crate::runbook::entry::{FINDING, TASK};

use super::form::{Form, Lookup, Occasion, Opening};
use super::live::{Live, Refusal};
use super::offer;
use super::pane::Modes;
use super::target::{TargetRow, Verdict, source_of};
use super::tunnel::TunnelView;
use super::{MOST_OPEN, SessionsPanel};
use crate::state::{
    Screen, State,
    detail::Detail,
    event::{Effect, Notice, TokenUse},
    list::Scroll,
    open::go_deeper,
    overlay::{Menu, MenuKind, Overlay},
    runbooks,
};

/// The byte of our escape, ctrl-].
const ESCAPE: u8 = 0x1d;

/// Does what a command means to sessions; nothing where it means nothing to them.
pub fn run(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    if state.screen == Screen::Form && state.overlays.is_empty() {
        return in_form(state, command);
    }
    Some(match command {
        Command::Detach => detach(state),
        Command::NextSession => switch(state, 1),
        Command::PreviousSession => switch(state, -1),
        Command::SendEscape => {
            state.overlays.clear();
            typed(state, vec![ESCAPE])
        }
        Command::ScrollBack => {
            state.overlays.clear();
            scroll(state, -page(state));
            Vec::new()
        }
        Command::EndSession => ask_to_end(state),
        Command::Actions => {
            offer::offer(state);
            Vec::new()
        }
        Command::Token => token(state, TokenUse::Copy),
        Command::ShowToken => token(state, TokenUse::Show),
        Command::Client => client(state),
        _ => return None,
    })
}

fn in_form(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    let page = state.page.max(1).cast_signed();
    let form = state.sessions.form.as_mut()?;
    match command {
        Command::PreviousEntry => {
            form.step(-1);
            return Some(look_again(form));
        }
        Command::NextEntry | Command::Complete => {
            form.step(1);
            return Some(look_again(form));
        }
        Command::PageUp => form.scroll.step(-page, usize::from(u16::MAX)),
        Command::PageDown => form.scroll.step(page, usize::from(u16::MAX)),
        Command::Refresh => return Some(look_up(form)),
        Command::Accept => return Some(submit(state)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Opens what the cursor is on: the form of a target, or the pane or tunnel of a session.
pub(in crate::state) fn open(state: &mut State) -> Vec<Effect> {
    match state.sessions.panel {
        SessionsPanel::Live => match state.sessions.selected_live().map(|live| live.id) {
            Some(id) => attach(state, id),
            None => Vec::new(),
        },
        SessionsPanel::Targets => open_target(state),
        SessionsPanel::Recordings => {
            let path = state.sessions.selected_recording().map(|one| one.path.clone());
            path.map(Effect::Replay).into_iter().collect()
        }
    }
}

fn open_target(state: &mut State) -> Vec<Effect> {
    match state.sessions.selected_target().cloned() {
        Some(row) => open_row(state, row, Occasion::default()),
        None => Vec::new(),
    }
}

/// Opens the form of an entry, with what it is opened from; of one that may not be used, why not.
pub(super) fn open_row(state: &mut State, row: TargetRow, occasion: Occasion) -> Vec<Effect> {
    if row.verdict != Verdict::Allowed {
        state.overlays.retain(|overlay| !matches!(overlay, Overlay::Detail(..)));
        state.overlays.push(Overlay::Detail(Detail::Entry(Box::new(row)), Scroll::default()));
        return Vec::new();
    }
    let sessions = &state.sessions;
    let open = if row.entry.operation.is_session() { sessions.open() } else { sessions.acting() };
    if open >= MOST_OPEN {
        state.notice = Some(Notice::with("sessions.notice.too-many", "n", MOST_OPEN.to_string()));
        return Vec::new();
    }
    let index = row.id.environment;
    let Some((source, known)) = source_of(state, index) else { return Vec::new() };
    let (Some(identity), RoleResolution::One(role)) = (known.identity.value.clone(), state.role_of(known)) else {
        return Vec::new();
    };
    let (region, profile) = (known.region.clone(), known.profile.clone());
    let environment: Option<Environment> = state.environments.get(index).cloned();
    let Some(environment) = environment else { return Vec::new() };
    let Some(catalogue) = state.sessions.catalogues.get(&environment.name).map(Arc::clone) else { return Vec::new() };
    let id = state.sessions.number();
    let entry = row.entry;
    let opening =
        Opening { id, source, index, environment, region, profile, catalogue, entry, identity, role, occasion };
    let mut form = Form::new(opening, state.now);
    let open = state.sessions.live.iter().filter(|live| live.is_open());
    let ports: Vec<u16> = open.filter_map(|live| live.local).map(|local| local.port()).collect();
    form.avoid(&ports, state.now);
    let effects = look_up(&mut form);
    state.sessions.form = Some(form);
    state.overlays.clear();
    go_deeper(state, Screen::Form);
    effects
}

fn look_up(form: &mut Form) -> Vec<Effect> {
    form.preflight = Lookup::Asked;
    let (environment, entry) = (form.environment.name.clone(), form.entry.id.clone());
    form.looked_for = form.request().parameters;
    vec![Effect::Preflight { id: form.id, environment, entry, parameters: form.looked_for.clone() }]
}

/// Looks up anew what a change would meet, where it is about another task or finding than it was looked up for.
fn look_again(form: &mut Form) -> Vec<Effect> {
    let typed = form.request().parameters;
    let is_another = [TASK, FINDING].iter().any(|name| typed.get(*name) != form.looked_for.get(*name));
    if is_another { look_up(form) } else { Vec::new() }
}

/// Goes on to the next field; on the last, starts the session if all is as it must be, and says what is not.
fn submit(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(form) = state.sessions.form.as_mut() else { return Vec::new() };
    form.validate(now);
    let looked = look_again(form);
    if !form.is_at_end() && !form.tried {
        form.step(1);
        return looked;
    }
    form.tried = true;
    if !looked.is_empty() {
        state.notice = Some(Notice::plain("sessions.notice.looking-up"));
        return looked;
    }
    if let Some(place) = form.denial.as_ref().and_then(|denial| form.place_of(denial)) {
        form.focus = place;
        return Vec::new();
    }
    match &form.preflight {
        Lookup::Asked => {
            state.notice = Some(Notice::plain("sessions.notice.looking-up"));
            return Vec::new();
        }
        Lookup::Done(preflight) if preflight.is_clear() => {}
        Lookup::Done(_) | Lookup::Failed(_) => {
            state.notice = Some(Notice::plain("sessions.notice.blocked"));
            return Vec::new();
        }
    }
    if form.denial.is_some() {
        state.notice = Some(Notice::plain("sessions.notice.denied"));
        return Vec::new();
    }
    start(state)
}

fn start(state: &mut State) -> Vec<Effect> {
    let Some(form) = state.sessions.form.take() else { return Vec::new() };
    let (id, request, target) = (form.id, form.request(), form.target().cloned());
    let place = Place { environment: Some(form.index), kind: form.environment.kind };
    let (origin, step) = (form.origin(place), form.step.clone());
    let mut live = Live::new(id, Arc::clone(&form.entry), origin, state.now, pane_size(state));
    live.target.clone_from(&target);
    let size = live.pane.as_ref().map(super::pane::Pane::size);
    let start = Effect::Start { id, request: Box::new(request.clone()), target, size, step: step.clone() };
    // The operation of a step begins once its run says so on the disk.
    let first = match step.map(|step| runbooks::begins(state, &step, id, &request, start.clone())) {
        None => start,
        Some(Ok(keep)) => keep,
        Some(Err(notice)) => {
            state.notice = Some(notice);
            state.sessions.form = Some(form);
            return Vec::new();
        }
    };
    state.screen = state.trail.pop().unwrap_or(Screen::Sessions);
    state.sessions.add(live, state.page);
    let mut effects = vec![first];
    effects.extend(attach(state, id));
    effects
}

/// Shows a session, its pane or its tunnel, or a change with its steps.
pub(in crate::state) fn attach(state: &mut State, id: LiveId) -> Vec<Effect> {
    let Some(live) = state.sessions.get(id) else { return Vec::new() };
    let screen = match (live.is_session(), live.is_tunnel()) {
        (false, _) => Screen::Operation,
        (true, true) => Screen::Tunnel,
        (true, false) => Screen::Pane,
    };
    if super::is_front(state.screen) {
        state.screen = screen;
    } else {
        go_deeper(state, screen);
    }
    state.overlays.clear();
    state.sessions.front = Some(id);
    state.sessions.tunnel = TunnelView::default();
    state.sessions.steps = Scroll::default();
    let (columns, rows) = state.size;
    resize(state, columns, rows)
}

/// Leaves what is in front for the screen behind it; the session goes on.
fn detach(state: &mut State) -> Vec<Effect> {
    state.overlays.clear();
    if super::is_front(state.screen) {
        state.screen = state.trail.pop().unwrap_or(Screen::Sessions);
    }
    Vec::new()
}

/// Shows the next session that is not over, in the order of the list, around its ends.
fn switch(state: &mut State, by: isize) -> Vec<Effect> {
    state.overlays.clear();
    let open: Vec<LiveId> = state.sessions.live.iter().filter(|live| live.is_open()).map(|live| live.id).collect();
    let Some(len) = (!open.is_empty()).then(|| open.len().cast_signed()) else { return Vec::new() };
    let now = open.iter().position(|id| Some(*id) == state.sessions.front).map_or(0, usize::cast_signed);
    let next = (now + by).rem_euclid(len).cast_unsigned();
    open.get(next).copied().map_or_else(Vec::new, |id| attach(state, id))
}

/// Returns columns and rows that a pane has: all of the terminal but our own line.
fn pane_size(state: &State) -> (u16, u16) {
    (state.size.0, state.size.1.saturating_sub(1))
}

fn page(state: &State) -> isize {
    isize::try_from(state.size.1.saturating_sub(2).max(1)).unwrap_or(1)
}

/// Gives all panes the size of the terminal, and tells the far sides.
pub fn resize(state: &mut State, columns: u16, rows: u16) -> Vec<Effect> {
    state.size = (columns, rows);
    let (columns, rows) = pane_size(state);
    let mut effects = Vec::new();
    for live in state.sessions.live.iter_mut().filter(|live| live.is_open()) {
        if let Some(pane) = live.pane.as_mut().filter(|pane| pane.size() != (columns, rows))
            && pane.resize(columns, rows)
        {
            let (columns, rows) = pane.size();
            effects.push(Effect::Size { id: live.id, columns, rows });
        }
    }
    effects
}

/// Returns the pane that has the keys, and what its far side asked the terminal for.
pub fn front_pane(state: &State) -> Option<(LiveId, Modes)> {
    if state.screen != Screen::Pane || !state.overlays.is_empty() {
        return None;
    }
    let live = state.sessions.front().filter(|live| live.is_open())?;
    live.pane.as_ref().map(|pane| (live.id, pane.modes()))
}

/// Sends bytes to the far side of the pane in front, and shows its end again.
pub fn typed(state: &mut State, bytes: Vec<u8>) -> Vec<Effect> {
    let Some((id, _)) = front_pane(state).filter(|_| !bytes.is_empty()) else { return Vec::new() };
    let now = state.now;
    if let Some(live) = state.sessions.get_mut(id) {
        live.active_at = now;
        live.pane.as_mut().map(super::pane::Pane::follow);
    }
    vec![Effect::Input { id, bytes }]
}

/// Moves the view of the pane in front by so many lines.
pub(in crate::state) fn scroll(state: &mut State, lines: isize) {
    let front = state.sessions.front;
    if let Some(pane) = front.and_then(|id| state.sessions.get_mut(id)).and_then(|live| live.pane.as_mut()) {
        pane.scroll(lines);
    }
}

/// Returns the session that a command on this screen is about.
fn subject(state: &State) -> Option<&Live> {
    match state.screen {
        Screen::Sessions if state.sessions.panel == SessionsPanel::Live => state.sessions.selected_live(),
        Screen::Pane | Screen::Tunnel | Screen::Operation => state.sessions.front(),
        _ => None,
    }
}

/// Tells whether a command of sessions does something on this screen.
pub(in crate::state) fn acts(state: &State, command: Command) -> bool {
    let tunnel = subject(state).filter(|live| live.is_open() && live.is_tunnel());
    match command {
        Command::EndSession => subject(state).is_some(),
        Command::Actions => state.overlays.is_empty() && offer::is_offered(state),
        Command::Token | Command::ShowToken => tunnel.is_some_and(Live::takes_tokens),
        Command::Client => tunnel.is_some_and(|live| live.wire().is_some() && live.local.is_some()),
        _ => true,
    }
}

fn ask_to_end(state: &mut State) -> Vec<Effect> {
    let Some((id, is_open)) = subject(state).map(|live| (live.id, live.is_open())) else {
        state.notice = Some(Notice::plain("screens.notice.nothing-selected"));
        return Vec::new();
    };
    state.overlays.clear();
    if is_open {
        state.overlays.push(Overlay::Menu(Menu::new(MenuKind::EndSession(id), state)));
        return Vec::new();
    }
    // What is over is taken off the list.
    if super::is_front(state.screen) {
        detach(state);
    }
    let page = state.page;
    state.sessions.remove(id, page);
    Vec::new()
}

/// Ends a session after the question; what waits for its run to be on the disk does not begin then.
pub fn end_asked(state: &mut State, id: LiveId) -> Vec<Effect> {
    if !state.sessions.get(id).is_some_and(Live::is_open) {
        return Vec::new();
    }
    if runbooks::withdraw(state, id) {
        return super::refused(state, id, Refusal::Withdrawn);
    }
    vec![Effect::End { id }]
}

fn token(state: &mut State, then: TokenUse) -> Vec<Effect> {
    let notice = match subject(state).filter(|live| live.is_open() && live.has_user()) {
        Some(live) if live.takes_tokens() => return vec![Effect::Token { id: live.id, then }],
        Some(live) => {
            let name = live.database.as_ref().map(|database| database.identifier.clone()).unwrap_or_default();
            Notice::with("sessions.notice.no-iam", "name", name)
        }
        None => Notice::plain("sessions.notice.no-token"),
    };
    state.notice = Some(notice);
    Vec::new()
}

/// Starts the database client that fits, with a token for its password where one is taken.
fn client(state: &mut State) -> Vec<Effect> {
    let Some(live) = subject(state).filter(|live| live.is_open() && live.local.is_some() && live.wire().is_some())
    else {
        state.notice = Some(Notice::plain("sessions.notice.no-client"));
        return Vec::new();
    };
    if live.takes_tokens() {
        return vec![Effect::Token { id: live.id, then: TokenUse::Client }];
    }
    client_call(live, None).into_iter().collect()
}

/// Returns the call of the client that fits a tunnel.
pub(super) fn client_call(live: &Live, secret: Option<crate::state::event::Secret>) -> Option<Effect> {
    let ClientCall { program, arguments, password } = live.way()?.client();
    Some(Effect::Client { program, arguments, secret: secret.map(|secret| (password, secret)) })
}

/// Takes a token that was minted, for what it was asked.
pub(in crate::state) fn minted(
    state: &mut State,
    id: LiveId,
    then: TokenUse,
    secret: crate::state::event::Secret,
) -> Vec<Effect> {
    let Some(live) = state.sessions.get(id).filter(|live| live.is_open()) else { return Vec::new() };
    match then {
        TokenUse::Copy => vec![Effect::CopySecret { secret, done: Notice::plain("sessions.notice.token-copied") }],
        TokenUse::Show => {
            state.overlays.retain(|overlay| !matches!(overlay, Overlay::Token(..)));
            state.overlays.push(Overlay::Token(secret, Scroll::default()));
            Vec::new()
        }
        TokenUse::Client => client_call(live, Some(secret)).into_iter().collect(),
    }
}

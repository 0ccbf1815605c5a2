//! What Enter opens, and a second click.

use std::sync::Arc;

use crate::command::Command;
use crate::domain::{
    fetch::{Panel, SourceId},
    queue::{Subject, Trouble},
};

use super::{
    Screen, State, alarms,
    alarms::{AlarmRef, AlarmView},
    detail::Detail,
    event::Notice,
    list::Scroll,
    overlay::Overlay,
    service,
    service::ServiceView,
    services::ServiceRef,
    update::{choose, run},
};

/// Opens what the cursor is on: a row's object, or what a line of an open object says in full.
pub fn open(state: &mut State) {
    if let Some(overlay) = state.overlays.last().cloned() {
        if let Overlay::Menu(menu) = overlay {
            state.overlays.pop();
            choose(state, &menu);
        }
        return;
    }
    match state.screen {
        Screen::Overview => {
            let subject = state.overview.selected().map(|item| item.subject.clone());
            match subject {
                Some(Subject::Service(source, key)) => open_service(state, ServiceRef { source, key }),
                Some(Subject::Alarm(source, name)) => open_alarm(state, AlarmRef { source, name }),
                Some(Subject::Source(source, _)) => open_source(state, source),
                None => {}
            }
        }
        Screen::Services => {
            if let Some(id) = state.services.selected().map(|row| row.id.clone()) {
                open_service(state, id);
            }
        }
        Screen::Alarms => {
            if let Some(id) = state.alarms.selected().map(|row| row.id.clone()) {
                open_alarm(state, id);
            }
        }
        Screen::Service => {
            let detail = state.service_detail();
            state.overlays.extend(detail.map(|detail| Overlay::Detail(detail, Scroll::default())));
        }
        Screen::Log => {
            let line = state.log.as_ref().and_then(|view| view.line()).map(Arc::clone);
            state.overlays.extend(line.map(|line| Overlay::Detail(Detail::LogLine(line), Scroll::default())));
        }
        Screen::Alarm => open_from_alarm(state),
    }
}

/// Opens the alarm of the tree that the cursor is on, or the open alarm's own text in full.
fn open_from_alarm(state: &mut State) {
    let Some(view) = &state.alarm else { return };
    let Some(child) = view.child else {
        let detail = state.alarm_detail();
        state.overlays.extend(detail.map(|detail| Overlay::Detail(detail, Scroll::default())));
        return;
    };
    let Some(branch) = view.tree.get(child.0.min(view.tree.len().saturating_sub(1))) else { return };
    if branch.alarm.is_none() {
        state.notice = Some(Notice::with("screens.notice.unreadable-child", "name", branch.name.clone()));
        return;
    }
    let id = AlarmRef { source: view.id.source, name: branch.name.clone() };
    let parents = view.parents.iter().cloned().chain([view.id.clone()]).collect();
    open_alarm(state, id);
    if let Some(view) = &mut state.alarm {
        view.parents = parents;
    }
}

/// Returns the composite that the open alarm was opened from, where it was.
pub fn parent(state: &State) -> Option<AlarmRef> {
    state.alarm.as_ref().filter(|_| state.screen == Screen::Alarm)?.parents.last().cloned()
}

/// Goes back from an alarm of a composite's tree to the composite, with the cursor in its tree.
pub fn reopen_alarm(state: &mut State, id: AlarmRef) {
    let left = state.alarm.take();
    open_alarm(state, id);
    if let (Some(view), Some(mut left)) = (&mut state.alarm, left) {
        left.parents.pop();
        view.parents = left.parents;
        view.child = view.tree.iter().position(|branch| branch.name == left.id.name).map(Scroll);
    }
}

/// Returns the row that the cursor of the screen is on.
pub fn row(state: &State) -> Option<usize> {
    if state.screen == Screen::Log {
        // The rows of a log are named by their numbers, which stay while others come and go.
        return state.log.as_ref()?.held.map(|held| held.cursor);
    }
    let last = state.rows().checked_sub(1)?;
    let row = match state.screen {
        Screen::Overview => state.overview.list.selected(),
        Screen::Services => state.services.list.selected(),
        Screen::Alarms => state.alarms.list.selected(),
        Screen::Service => state.service.as_ref()?.cursor(),
        Screen::Log => return None,
        Screen::Alarm => state.alarm.as_ref().map(|view| view.child.unwrap_or(view.history).0)?,
    };
    Some(row.min(last))
}

/// Shows what a source failed with; credentials that merely end have not failed, and the way to new ones is said.
fn open_source(state: &mut State, source: SourceId) {
    let is_credentials =
        state.overview.selected().is_some_and(|item| matches!(item.trouble, Trouble::Credentials { .. }));
    if is_credentials {
        let profile = state.source(source).map_or("", |source| source.profile.as_str());
        let profile = if profile.is_empty() { "default" } else { profile };
        state.notice = Some(Notice::with("aws.expired-remedy", "profile", profile));
    } else {
        run(state, Command::Errors);
    }
}

fn open_service(state: &mut State, id: ServiceRef) {
    state.services.select_key(&id, state.page);
    if let Some(source) = state.sources.get_mut(id.source.0) {
        source.reopen(Panel::Deployments);
        source.reopen(Panel::Targets);
    }
    state.service = Some(ServiceView::new(id));
    service::derive_open(state);
    go_deeper(state, Screen::Service);
}

fn open_alarm(state: &mut State, id: AlarmRef) {
    if let Some(source) = state.sources.get_mut(id.source.0) {
        source.reopen(Panel::History);
    }
    state.alarm = Some(AlarmView::new(id));
    alarms::derive_open(state);
    go_deeper(state, Screen::Alarm);
}

/// Opens a screen from another one, to which `back` returns.
pub(super) fn go_deeper(state: &mut State, screen: Screen) {
    if state.screen != screen {
        state.trail.push(state.screen);
    }
    state.screen = screen;
}

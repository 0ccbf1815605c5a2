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
    event::{Effect, Notice},
    findings,
    findings::{FindingRef, FindingView},
    journal,
    list::Scroll,
    overlay::Overlay,
    runbooks, service,
    service::ServiceView,
    services::ServiceRef,
    sessions,
    update::{choose, run, show_environment},
    waf,
    waf::{WebAclRef, WebAclView},
};

/// Opens what the cursor is on: a row's object, or what a line of an open object says in full.
pub fn open(state: &mut State) -> Vec<Effect> {
    if let Some(overlay) = state.overlays.last().cloned() {
        if let Overlay::Menu(menu) = overlay {
            state.overlays.pop();
            return choose(state, &menu);
        }
        if let Overlay::Offers(offers) = overlay {
            state.overlays.pop();
            return sessions::offer::choose(state, &offers);
        }
        return Vec::new();
    }
    if state.screen == Screen::Sessions {
        return sessions::open(state);
    }
    if state.screen == Screen::Runbooks {
        return runbooks::open(state);
    }
    open_object(state);
    Vec::new()
}

/// Opens what the cursor of the screen is on.
fn open_object(state: &mut State) {
    match state.screen {
        Screen::Overview => {
            let subject = state.overview.selected().map(|item| item.subject.clone());
            match subject {
                Some(Subject::Service(source, key)) => open_service(state, ServiceRef { source, key }),
                Some(Subject::Alarm(source, name)) => open_alarm(state, AlarmRef { source, name }),
                Some(Subject::WebAcl(source, key)) => open_web_acl(state, WebAclRef { source, key }),
                Some(Subject::Findings(source, ..)) => open_findings(state, source),
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
        Screen::Waf => {
            if let Some(id) = state.waf.selected().map(|row| row.id.clone()) {
                open_web_acl(state, id);
            }
        }
        Screen::WebAcl => {
            let detail = state.web_acl_detail();
            state.overlays.extend(detail.map(|detail| Overlay::Detail(detail, Scroll::default())));
        }
        Screen::Findings => open_from_findings(state),
        Screen::Fleet => open_from_fleet(state),
        Screen::Tunnel => {
            let detail = state.tunnel_detail();
            state.overlays.extend(detail.map(|detail| Overlay::Detail(detail, Scroll::default())));
        }
        Screen::Operation => {
            let step = state.sessions.steps().get(state.sessions.steps.0).cloned();
            let detail = step.map(|step| Detail::Step(Box::new(step)));
            state.overlays.extend(detail.map(|detail| Overlay::Detail(detail, Scroll::default())));
        }
        Screen::Journal => journal::open(state),
        Screen::Finding | Screen::Sessions | Screen::Runbooks | Screen::Run | Screen::Form | Screen::Pane => {}
    }
}

/// Opens the selected finding; a row of the counts narrows the list to what it counts.
fn open_from_findings(state: &mut State) {
    if let Some(group) = state.findings.group {
        let Some((name, _)) = state.findings.groups.get(group.0).cloned() else { return };
        state.findings.group = None;
        state.findings.filter = name;
        findings::arrange(state);
    } else if let Some(id) = state.findings.selected().map(|row| row.id.clone()) {
        open_finding(state, id);
    }
}

/// Opens the finding that a row of the queue is about; where it is about several, the list with all of them.
fn open_findings(state: &mut State, source: SourceId) {
    let Some(Trouble::Findings { finding, count }) = state.overview.selected().map(|item| item.trouble.clone()) else {
        return;
    };
    if count == 1 {
        return open_finding(state, FindingRef { source, key: finding.key.clone() });
    }
    finding.cause().clone_into(&mut state.findings.filter);
    findings::arrange(state);
    go_deeper(state, Screen::Findings);
}

/// Opens the concern that the cursor is on, in the environment that it is on.
fn open_from_fleet(state: &mut State) {
    let screen = state.fleet.concern.screen();
    let Some(row) = state.fleet.selected() else { return };
    let environment = row.line.place.environment;
    go_deeper(state, screen);
    show_environment(state, environment);
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
        Screen::Alarm => state.alarm.as_ref().map(|view| view.child.unwrap_or(view.history).0)?,
        Screen::Waf => state.waf.list.selected(),
        Screen::WebAcl => state.web_acl.as_ref()?.scroll().0,
        Screen::Findings => state.findings.group.map_or(state.findings.list.selected(), |group| group.0),
        Screen::Log | Screen::Finding | Screen::Form | Screen::Run | Screen::Pane => return None,
        Screen::Runbooks => state.runbooks.cursor(),
        Screen::Sessions => state.sessions.cursor(),
        Screen::Tunnel => state.sessions.tunnel.scroll(state.sessions.tunnel.panel).0,
        Screen::Operation => state.sessions.steps.0,
        Screen::Journal => state.journal.selected(),
        Screen::Fleet => state.fleet.list.selected(),
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

fn open_web_acl(state: &mut State, id: WebAclRef) {
    if let Some(source) = state.sources.get_mut(id.source.0) {
        for panel in [Panel::WafRules, Panel::WafSamples, Panel::WafUse] {
            source.reopen(panel);
        }
    }
    state.web_acl = Some(WebAclView::new(id));
    waf::derive_open(state);
    go_deeper(state, Screen::WebAcl);
}

fn open_finding(state: &mut State, id: FindingRef) {
    if let Some(source) = state.sources.get_mut(id.source.0) {
        source.reopen(Panel::FindingHistory);
    }
    state.finding = Some(FindingView { id, row: None, exists: false, scroll: Scroll::default() });
    findings::derive_open(state);
    go_deeper(state, Screen::Finding);
}

/// Opens a screen from another one, to which `back` returns.
pub(super) fn go_deeper(state: &mut State, screen: Screen) {
    if state.screen != screen {
        state.trail.push(state.screen);
    }
    state.screen = screen;
}

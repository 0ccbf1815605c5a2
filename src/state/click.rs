//! What a click does: it selects, gives a panel the keys, sorts, and opens what is selected already.

use super::{
    Screen, State,
    alarms::AlarmColumn,
    event::{Effect, Target},
    findings::FindingColumn,
    list::Scroll,
    log, open,
    overlay::Overlay,
    prompt::{self, accept},
    runbooks::{RunPanel, RunbooksPanel},
    services::ServiceColumn,
    sessions::{SessionsPanel, tunnel::TunnelPanel},
    update::run,
    waf::{WafColumn, WafPanel},
};

/// Does what a click on a target means.
pub fn click(state: &mut State, target: Target) -> Vec<Effect> {
    match target {
        Target::Screen(command) => return run(state, command),
        Target::Panel(index) => click_panel(state, index),
        Target::OverlayRow(row) => return click_overlay(state, row),
        Target::Column(column) => click_column(state, column),
        Target::Row(row) => return click_row(state, row),
    }
    Vec::new()
}

/// Gives a panel of the open object the keys.
fn click_panel(state: &mut State, index: usize) {
    if state.screen == Screen::Log {
        return log::click(state, index);
    }
    match (state.screen, &mut state.service, &mut state.alarm) {
        (Screen::Service, Some(view), _) => view.focus_panel(index),
        (Screen::Alarm, _, Some(view)) if index == 0 && !view.tree.is_empty() => {
            view.child.get_or_insert_default();
        }
        (Screen::Alarm, _, Some(view)) => view.child = None,
        (Screen::WebAcl, ..) => {
            if let (Some(view), Some(panel)) = (&mut state.web_acl, WafPanel::ALL.get(index)) {
                view.panel = *panel;
            }
        }
        (Screen::Sessions, ..) => {
            if let Some(panel) = SessionsPanel::ALL.get(index) {
                state.sessions.panel = *panel;
            }
        }
        (Screen::Tunnel, ..) => {
            if let Some(panel) = TunnelPanel::ALL.get(index) {
                state.sessions.tunnel.panel = *panel;
            }
        }
        (Screen::Runbooks, ..) => {
            if let Some(panel) = RunbooksPanel::ALL.get(index) {
                state.runbooks.panel = *panel;
            }
        }
        (Screen::Run, ..) => {
            if let Some(view) = state.runbooks.front_mut() {
                view.panel = if index == 0 { RunPanel::Dashboard } else { RunPanel::Evidence };
            }
        }
        (Screen::Findings, ..) => {
            state.findings.group = (index == 1).then(|| state.findings.group.unwrap_or_default());
        }
        _ => {}
    }
}

/// Selects a row; a click on the row that is selected already opens it.
fn click_row(state: &mut State, row: usize) -> Vec<Effect> {
    if state.screen == Screen::Log {
        log::click_line(state, row);
        return Vec::new();
    }
    if open::row(state) == Some(row) {
        return open::open(state);
    }
    let (page, rows) = (state.page, state.rows());
    let place = Scroll(row.min(rows.saturating_sub(1)));
    match state.screen {
        Screen::Overview => state.overview.select(row, page),
        Screen::Services => state.services.select(row, page),
        Screen::Alarms => state.alarms.select(row, page),
        Screen::Service => {
            if let Some(view) = &mut state.service {
                view.select(row, rows, page);
            }
        }
        Screen::Alarm => {
            if let Some(view) = &mut state.alarm {
                *view.child.as_mut().unwrap_or(&mut view.history) = place;
            }
        }
        Screen::Waf => state.waf.select(row, page),
        Screen::WebAcl => {
            if let Some(view) = &mut state.web_acl {
                *view.scroll_mut() = place;
            }
        }
        Screen::Findings => match &mut state.findings.group {
            Some(group) => *group = place,
            None => state.findings.select(row, page),
        },
        Screen::Sessions => state.sessions.select(row, page),
        Screen::Tunnel => *state.sessions.tunnel.scroll_mut() = place,
        Screen::Operation => state.sessions.steps = place,
        Screen::Form => {
            if let Some(form) = &mut state.sessions.form {
                form.focus = row.min(form.fields.len().saturating_sub(1));
            }
        }
        Screen::Runbooks => state.runbooks.select(row, page),
        Screen::Log | Screen::Finding | Screen::Run | Screen::Pane => {}
        Screen::Journal => state.journal.select(row, page),
        Screen::Fleet => state.fleet.select(row, page),
    }
    Vec::new()
}

fn click_overlay(state: &mut State, row: usize) -> Vec<Effect> {
    match state.overlays.last_mut() {
        Some(Overlay::Menu(menu)) => {
            menu.selected = row;
            open::open(state)
        }
        Some(Overlay::Offers(offers)) => {
            offers.selected = row;
            open::open(state)
        }
        Some(Overlay::Palette(palette)) => {
            palette.selected = row;
            accept(state)
        }
        _ => Vec::new(),
    }
}

/// Sorts by the column whose title was clicked; a second click turns the order around.
fn click_column(state: &mut State, column: usize) {
    /// Sorts by what a column stands for, or turns the order around after a click on the column that stands for `sort`.
    fn turn<S: PartialEq>(now: &mut S, reversed: &mut bool, sort: Option<S>) {
        if let Some(sort) = sort {
            *reversed = *now == sort && !*reversed;
            *now = sort;
        }
    }
    let State { services, alarms, waf, findings, .. } = state;
    match state.screen {
        Screen::Services => {
            let sort = ServiceColumn::ALL.get(column).and_then(|column| column.sort());
            turn(&mut services.sort, &mut services.reversed, sort);
        }
        Screen::Alarms => {
            let sort = AlarmColumn::ALL.get(column).and_then(|column| column.sort());
            turn(&mut alarms.sort, &mut alarms.reversed, sort);
        }
        Screen::Waf => {
            let sort = WafColumn::ALL.get(column).and_then(|column| column.sort());
            turn(&mut waf.sort, &mut waf.reversed, sort);
        }
        Screen::Findings => {
            let sort = FindingColumn::ALL.get(column).and_then(|column| column.sort());
            turn(&mut findings.sort, &mut findings.reversed, sort);
        }
        _ => {}
    }
    prompt::arrange(state);
}

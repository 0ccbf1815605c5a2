//! How much of a list or a text there is room for, which only drawing knows.

use super::{Screen, State, log, overlay::Overlay};

/// Notes how many rows the list has room for, and where the text in front ends, which nothing is scrolled past.
pub(super) fn drawn(state: &mut State, page: usize, end: usize) {
    repage(state, page);
    log::drawn(state, page, end);
    let finding = state.finding.as_mut().filter(|_| state.screen == Screen::Finding).map(|view| &mut view.scroll);
    let form = state.sessions.form.as_mut().filter(|_| state.screen == Screen::Form).map(|form| &mut form.scroll);
    let is_run = state.screen == Screen::Run;
    let evidence = state.runbooks.front_mut().filter(|_| is_run && end > 0).map(|view| &mut view.evidence);
    let text = state.overlays.last_mut().and_then(Overlay::scroll);
    if let Some(scroll) = text.or(finding).or(form).or(evidence) {
        scroll.0 = scroll.0.min(end);
    }
}

fn repage(state: &mut State, page: usize) {
    state.page = page;
    follow_page(state);
}

/// Fits the windows of all lists to the page.
pub(super) fn follow_page(state: &mut State) {
    let page = state.page;
    state.overview.repage(page);
    state.services.repage(page);
    state.alarms.repage(page);
    state.waf.repage(page);
    state.findings.repage(page);
    state.sessions.repage(page);
    state.runbooks.repage(page);
    state.fleet.repage(page);
    state.journal.scroll(page);
    if let Some(view) = &mut state.service {
        view.task_list.scroll(view.tasks.len(), page);
    }
}

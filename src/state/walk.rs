//! Moving about: through the rows of whatever has the keys, and from panel to panel.

use super::{Screen, State, list::Scroll, log, overlay::Overlay, runbooks, sessions};

/// Moves whatever has the keys: the overlay on top, else the list or panel of the screen.
pub(super) fn step(state: &mut State, by: isize) {
    let page = state.page;
    if let Some(mut overlay) = state.overlays.pop() {
        match &mut overlay {
            // How many rows the text has is known once it was wrapped: `Event::Drawn` brings it back.
            Overlay::Help(scroll)
            | Overlay::Errors(scroll)
            | Overlay::Detail(_, scroll)
            | Overlay::Token(_, scroll) => {
                scroll.step(by, usize::from(u16::MAX));
            }
            Overlay::Menu(menu) => menu.step(by, menu.len(state)),
            Overlay::Palette(palette) => palette.step(by),
            Overlay::Offers(offers) => offers.step(by),
            Overlay::PaneMenu | Overlay::Words(_) => {}
            Overlay::Filter(_) => {
                state.overlays.push(overlay);
                return step_screen(state, by, page);
            }
        }
        state.overlays.push(overlay);
        return;
    }
    step_screen(state, by, page);
}

fn step_screen(state: &mut State, by: isize, page: usize) {
    let rows = state.rows();
    match state.screen {
        Screen::Overview => state.overview.step(by, page),
        Screen::Services => state.services.step(by, page),
        Screen::Alarms => state.alarms.step(by, page),
        Screen::Service => {
            if let Some(view) = &mut state.service {
                view.step(by, rows, page);
            }
        }
        Screen::Log => log::step(state, by),
        Screen::Alarm => {
            if let Some(view) = &mut state.alarm {
                view.child.as_mut().unwrap_or(&mut view.history).step(by, rows);
            }
        }
        Screen::Waf => state.waf.step(by, page),
        Screen::WebAcl => {
            if let Some(view) = &mut state.web_acl {
                view.scroll_mut().step(by, rows);
            }
        }
        Screen::Findings => match &mut state.findings.group {
            Some(group) => group.step(by, rows),
            None => state.findings.step(by, page),
        },
        Screen::Finding => {
            if let Some(view) = &mut state.finding {
                // How many rows the text has is known once it was wrapped: `Event::Drawn` brings it back.
                view.scroll.step(by, usize::from(u16::MAX));
            }
        }
        Screen::Sessions => state.sessions.step(by, page),
        Screen::Form => {
            if let Some(form) = &mut state.sessions.form {
                form.scroll.step(by, usize::from(u16::MAX));
            }
        }
        Screen::Pane => sessions::scroll(state, by),
        Screen::Tunnel => state.sessions.tunnel.scroll_mut().step(by, rows),
        Screen::Operation => state.sessions.steps.step(by, rows),
        Screen::Runbooks => state.runbooks.step(by, page),
        Screen::Run => runbooks::scroll(state, by),
        Screen::Journal => state.journal.step(by, page),
        Screen::Fleet => state.fleet.step(by, page),
    }
}

/// Gives the next panel the keys, or the one before.
pub(super) fn panel(state: &mut State, by: isize) {
    if !state.overlays.is_empty() {
        return;
    }
    match (state.screen, &mut state.service, &mut state.alarm) {
        (Screen::Service, Some(view), _) => view.step_panel(by),
        (Screen::Alarm, _, Some(view)) if !view.tree.is_empty() => {
            view.child = if view.child.is_some() { None } else { Some(Scroll::default()) };
        }
        (Screen::WebAcl, ..) => {
            if let Some(view) = &mut state.web_acl {
                view.panel = view.panel.step(by);
            }
        }
        (Screen::Findings, ..) => {
            state.findings.group = if state.findings.group.is_some() { None } else { Some(Scroll::default()) };
        }
        (Screen::Sessions, ..) => state.sessions.panel = state.sessions.panel.step(by),
        (Screen::Tunnel, ..) => state.sessions.tunnel.panel = state.sessions.tunnel.panel.other(),
        (Screen::Runbooks, ..) => state.runbooks.panel = state.runbooks.panel.other(),
        (Screen::Fleet, ..) => state.fleet.turn(by),
        _ => {}
    }
}

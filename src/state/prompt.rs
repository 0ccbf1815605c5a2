//! What is typed: the filter of a list, and the palette; and the order of a list, which goes with its filter.

use tui_input::{Input, InputRequest};

use super::{
    Screen, State, alarms,
    event::{Effect, Notice},
    findings, log,
    overlay::{self, FilterPrompt, Overlay, PaletteAction, Purpose},
    runbooks, services,
    sessions::{self, form::Form},
    update::{run, show_environment},
    waf,
    waf::WafPanel,
};

/// Tells whether the screen has rows to filter.
pub(super) fn has_filter(state: &State) -> bool {
    match state.screen {
        Screen::Services
        | Screen::Log
        | Screen::Alarms
        | Screen::Waf
        | Screen::Findings
        | Screen::Sessions
        | Screen::Runbooks
        | Screen::Journal => true,
        Screen::WebAcl => {
            state.web_acl.as_ref().is_some_and(|view| matches!(view.panel, WafPanel::Samples | WafPanel::Top))
        }
        _ => false,
    }
}

/// Returns the filter of the screen; empty for none.
pub(super) fn filter(state: &State) -> &str {
    match state.screen {
        Screen::Services => &state.services.filter,
        Screen::Alarms => &state.alarms.filter,
        Screen::Waf => &state.waf.filter,
        Screen::WebAcl => state.web_acl.as_ref().map_or("", |view| &view.filter),
        Screen::Findings => &state.findings.filter,
        Screen::Sessions => &state.sessions.filter,
        Screen::Runbooks => &state.runbooks.filter,
        Screen::Journal => &state.journal.filter,
        _ => "",
    }
}

/// Takes what a prompt holds while it is typed, and when it is closed.
pub(super) fn typed(state: &mut State, purpose: Purpose, text: &str, is_done: bool) {
    if state.screen == Screen::Log {
        log::typed(state, purpose, text, is_done);
    } else {
        set_filter(state, text);
    }
}

/// Filters the rows of the screen.
pub(super) fn set_filter(state: &mut State, text: &str) {
    match state.screen {
        Screen::Services => {
            text.clone_into(&mut state.services.filter);
            services::arrange(state);
        }
        Screen::Alarms => {
            text.clone_into(&mut state.alarms.filter);
            alarms::arrange(state);
        }
        Screen::Waf => {
            text.clone_into(&mut state.waf.filter);
            waf::arrange(state);
        }
        Screen::WebAcl => {
            if let Some(view) = &mut state.web_acl {
                text.clone_into(&mut view.filter);
                waf::filter_samples(view);
            }
        }
        Screen::Findings => {
            text.clone_into(&mut state.findings.filter);
            findings::arrange(state);
        }
        Screen::Sessions => {
            text.clone_into(&mut state.sessions.filter);
            sessions::arrange(state);
        }
        Screen::Runbooks => {
            text.clone_into(&mut state.runbooks.filter);
            runbooks::arrange(state);
        }
        Screen::Journal => state.journal.set_filter(text),
        _ => {}
    }
}

/// Sorts the rows of the screen by the next column.
pub(super) fn sort(state: &mut State) {
    match state.screen {
        Screen::Services => state.services.sort = state.services.sort.next(),
        Screen::Alarms => state.alarms.sort = state.alarms.sort.next(),
        Screen::Waf => state.waf.sort = state.waf.sort.next(),
        Screen::Findings => state.findings.sort = state.findings.sort.next(),
        _ => state.notice = Some(Notice::plain("screens.notice.no-sort")),
    }
    arrange(state);
}

/// Turns the order of the rows around.
pub(super) fn reverse_sort(state: &mut State) {
    match state.screen {
        Screen::Services => state.services.reversed = !state.services.reversed,
        Screen::Alarms => state.alarms.reversed = !state.alarms.reversed,
        Screen::Waf => state.waf.reversed = !state.waf.reversed,
        Screen::Findings => state.findings.reversed = !state.findings.reversed,
        _ => state.notice = Some(Notice::plain("screens.notice.no-sort")),
    }
    arrange(state);
}

/// Applies filter and order of the screen's list.
pub(super) fn arrange(state: &mut State) {
    match state.screen {
        Screen::Services => services::arrange(state),
        Screen::Alarms => alarms::arrange(state),
        Screen::Waf => waf::arrange(state),
        Screen::Findings => findings::arrange(state),
        _ => {}
    }
}

/// Opens the filter's prompt where the screen has rows to filter.
pub(super) fn open_filter(state: &mut State) {
    if !state.overlays.is_empty() {
        return;
    }
    if !has_filter(state) {
        state.notice = Some(Notice::plain("screens.notice.no-filter"));
        return;
    }
    if state.screen == Screen::Log {
        return log::open_prompt(state, Purpose::Filter);
    }
    let before = filter(state).to_owned();
    let input = Input::new(before.clone());
    state.overlays.push(Overlay::Filter(FilterPrompt { input, before, purpose: Purpose::Filter }));
}

/// Returns the form, where it has the keys.
fn form(state: &mut State) -> Option<&mut Form> {
    let is_in_front = state.screen == Screen::Form && state.overlays.is_empty();
    state.sessions.form.as_mut().filter(|_| is_in_front)
}

/// Applies an edit to whatever is typed: the form, words for a run, else the prompt that is open.
pub(super) fn edit(state: &mut State, request: InputRequest) -> Vec<Effect> {
    let now = state.now;
    if let Some(form) = form(state) {
        form.edit(request, now);
    } else if let Some(Overlay::Words(prompt)) = state.overlays.last_mut() {
        runbooks::edit(prompt, request);
    } else {
        edit_prompt(state, |input| overlay::edit(input, request));
    }
    Vec::new()
}

/// Pastes a text into whatever is typed.
pub(super) fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    let now = state.now;
    if let Some(form) = form(state) {
        form.paste(text, now);
    } else if let Some(Overlay::Words(prompt)) = state.overlays.last_mut() {
        if !runbooks::paste(prompt, text) {
            state.notice = Some(Notice::plain("runbooks.notice.cut"));
        }
    } else {
        edit_prompt(state, |input| overlay::paste(input, text));
    }
    Vec::new()
}

fn edit_prompt(state: &mut State, change: impl FnOnce(&mut Input)) {
    match state.overlays.pop() {
        Some(Overlay::Filter(mut prompt)) => {
            change(&mut prompt.input);
            let (text, purpose) = (prompt.input.value().to_owned(), prompt.purpose);
            state.overlays.push(Overlay::Filter(prompt));
            typed(state, purpose, &text, false);
        }
        Some(Overlay::Palette(mut palette)) => {
            let before = palette.input.value().to_owned();
            change(&mut palette.input);
            if palette.input.value() != before {
                palette.search(state);
            }
            state.overlays.push(Overlay::Palette(palette));
        }
        Some(other) => state.overlays.push(other),
        None => {}
    }
}

/// Does what the prompt that is open was opened for.
pub(super) fn accept(state: &mut State) -> Vec<Effect> {
    match state.overlays.pop() {
        Some(Overlay::Palette(palette)) => match palette.entries.get(palette.selected).map(|entry| entry.action) {
            Some(PaletteAction::Command(command)) => run(state, command),
            Some(PaletteAction::Environment(index)) => {
                show_environment(state, Some(index));
                Vec::new()
            }
            None => {
                state.notice = Some(Notice::with("screens.notice.no-command", "text", palette.input.value()));
                Vec::new()
            }
        },
        // Rows have been filtered with every key; a log is filtered by CloudWatch Logs, which is asked once.
        Some(Overlay::Filter(prompt)) => {
            typed(state, prompt.purpose, prompt.input.value(), true);
            Vec::new()
        }
        Some(Overlay::Words(prompt)) => runbooks::accept(state, prompt),
        None => Vec::new(),
        Some(other) => {
            state.overlays.push(other);
            Vec::new()
        }
    }
}

/// Puts the selected entry's name into the palette's prompt.
pub(super) fn complete(state: &mut State) {
    if let Some(Overlay::Palette(mut palette)) = state.overlays.pop() {
        if let Some(name) = palette.entries.get(palette.selected).map(|entry| entry.name.clone()) {
            palette.input = Input::new(name);
            palette.search(state);
        }
        state.overlays.push(Overlay::Palette(palette));
    }
}

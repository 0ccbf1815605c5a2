//! The one function that changes the state.

use tui_input::Input;

use crate::command::Command;
use crate::domain::{
    fetch::{Panel, SourceId},
    metric::Range,
};

use super::{
    Screen, State, alarms, click, copy,
    event::{Effect, Event, Notice, Report, SourceEvent},
    list::Scroll,
    log, open,
    overlay::{self, FilterPrompt, Menu, MenuKind, Overlay, Palette, PaletteAction, Purpose},
    overview, service, services,
};

/// Changes the state by what happened and returns what is to be done outside.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Command(command) => {
            person(state);
            run(state, command)
        }
        Event::Edit(request) => {
            person(state);
            edit_prompt(state, |input| overlay::edit(input, request))
        }
        Event::Paste(text) => {
            person(state);
            edit_prompt(state, |input| overlay::paste(input, &text))
        }
        Event::Click(target) => {
            person(state);
            click::click(state, target)
        }
        Event::Scroll(lines) => {
            person(state);
            step(state, lines);
            Vec::new()
        }
        Event::Resize(columns, rows) => {
            state.size = (columns, rows);
            Vec::new()
        }
        Event::Focus(focused) => {
            state.focused = focused;
            Vec::new()
        }
        Event::Tick(now) => {
            state.now = now;
            overview::derive(state);
            Vec::new()
        }
        Event::Drawn { page, end } => {
            repage(state, page);
            log::drawn(state, page, end);
            if let Some(scroll) = state.overlays.last_mut().and_then(Overlay::scroll) {
                scroll.0 = scroll.0.min(end);
            }
            Vec::new()
        }
        Event::Pending(next) => {
            state.pending = next;
            Vec::new()
        }
        Event::Source(event) => {
            take(state, event);
            Vec::new()
        }
        Event::Notice(notice) => {
            state.notice = Some(notice);
            Vec::new()
        }
    }
}

/// Notes that a person did something: what the footer said has been read.
fn person(state: &mut State) {
    state.touched_at = state.now;
    state.notice = None;
    state.pending.clear();
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    if log::run(state, command) {
        return Vec::new();
    }
    match command {
        Command::Quit => return vec![Effect::Quit],
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Refresh => return refresh(state),
        Command::Mouse => {
            state.mouse = !state.mouse;
            let key = if state.mouse { "screens.notice.mouse-on" } else { "screens.notice.mouse-off" };
            state.notice = Some(Notice::plain(key));
            return vec![Effect::Mouse(state.mouse)];
        }
        Command::Copy => return copy::copy(state),
        Command::ConsoleLink => return copy::console_link(state),
        Command::Accept => return accept(state),
        Command::Complete => complete(state),
        Command::Overview => show(state, Screen::Overview),
        Command::Services => show(state, Screen::Services),
        Command::Alarms => show(state, Screen::Alarms),
        Command::Up | Command::PreviousMatch | Command::PreviousEntry => step(state, -1),
        Command::Down | Command::NextMatch | Command::NextEntry => step(state, 1),
        Command::Top => step(state, isize::MIN),
        Command::Bottom => step(state, isize::MAX),
        Command::HalfPageUp => step(state, -half_page(state)),
        Command::HalfPageDown => step(state, half_page(state)),
        Command::PageUp => step(state, -state.page.max(1).cast_signed()),
        Command::PageDown => step(state, state.page.max(1).cast_signed()),
        Command::Left | Command::PreviousPanel => panel(state, -1),
        Command::Right | Command::NextPanel => panel(state, 1),
        Command::Open => open::open(state),
        Command::Back | Command::Cancel => back(state),
        Command::Filter => open_filter(state),
        Command::Log => log::open(state),
        // What means something for a log alone, and was done above where there is one.
        Command::Search | Command::Pause | Command::Wrap | Command::Times => {}
        Command::Sort => sort(state),
        Command::ReverseSort => reverse_sort(state),
        Command::Environment => push_menu(state, MenuKind::Environment),
        Command::Range => push_menu(state, MenuKind::Range),
        Command::Range1h => pin(state, Range::Hour),
        Command::Range3h => pin(state, Range::ThreeHours),
        Command::Range1d => pin(state, Range::Day),
        Command::Range1w => pin(state, Range::Week),
        Command::Palette => {
            let palette = Palette::new(state);
            push(state, Overlay::Palette(palette));
        }
        Command::Help => push(state, Overlay::Help(Scroll::default())),
        Command::Errors => {
            state.errors.unseen = 0;
            push(state, Overlay::Errors(Scroll::default()));
        }
    }
    Vec::new()
}

/// Puts an overlay on top; the same kind is not opened over itself but closed, as a key that toggles.
fn push(state: &mut State, overlay: Overlay) {
    let same = state.overlays.last().is_some_and(|top| std::mem::discriminant(top) == std::mem::discriminant(&overlay));
    if same {
        state.overlays.pop();
    } else {
        // What lies deeper of the same kind comes to the top: the stack has room for one of each.
        state.overlays.retain(|other| std::mem::discriminant(other) != std::mem::discriminant(&overlay));
        state.overlays.push(overlay);
    }
}

fn push_menu(state: &mut State, kind: MenuKind) {
    let menu = Menu::new(kind, state);
    push(state, Overlay::Menu(menu));
}

fn half_page(state: &State) -> isize {
    (state.page / 2).max(1).cast_signed()
}

/// Shows a screen as if it had been gone to directly.
fn show(state: &mut State, screen: Screen) {
    state.overlays.clear();
    state.trail.clear();
    state.screen = screen;
    state.log = None;
    follow_page(state);
}

fn back(state: &mut State) {
    match state.overlays.pop() {
        Some(Overlay::Filter(prompt)) => typed(state, prompt.purpose, &prompt.before, true),
        Some(_) => {}
        None => {
            if !filter(state).is_empty() {
                set_filter(state, "");
            } else if let Some(parent) = open::parent(state) {
                open::reopen_alarm(state, parent);
            } else if let Some(screen) = state.trail.pop() {
                state.screen = screen;
                // Nothing is opened from a log, so that it never lies behind.
                state.log = None;
                follow_page(state);
            } else if state.screen != Screen::Overview {
                show(state, Screen::Overview);
            }
        }
    }
}

pub(super) fn choose(state: &mut State, menu: &Menu) {
    match menu.kind {
        MenuKind::Environment => show_environment(state, menu.selected.checked_sub(1)),
        MenuKind::Range => {
            if let Some(range) = Range::ALL.get(menu.selected) {
                pin(state, *range);
            }
        }
    }
}

fn pin(state: &mut State, range: Range) {
    state.range = range;
    state.overlays.clear();
    log::look_back(state);
    state.notice = Some(Notice::with("screens.notice.range", "range", range.name()));
}

fn show_environment(state: &mut State, environment: Option<usize>) {
    state.shown = environment.filter(|index| *index < state.environments.len());
    state.overview.quiet_since = None;
    // An object of another environment would contradict the header; so would the one that it was opened from.
    while is_foreign(state) {
        leave_object(state);
    }
    derive_all(state);
}

/// Tells whether what is open belongs to an environment that is not shown.
fn is_foreign(state: &State) -> bool {
    match state.screen {
        // A log is of the service that it was opened from.
        Screen::Service | Screen::Log => {
            state.service.as_ref().and_then(|view| view.row.as_ref()).is_some_and(|row| !state.shows(row.place))
        }
        Screen::Alarm => {
            state.alarm.as_ref().and_then(|view| view.row.as_ref()).is_some_and(|row| !state.shows(row.place))
        }
        _ => false,
    }
}

/// Leaves the opened object for the list that it was opened from, whatever lies over it.
fn leave_object(state: &mut State) {
    state.overlays.clear();
    match state.screen {
        Screen::Service => state.service = None,
        Screen::Log => state.log = None,
        Screen::Alarm => state.alarm = None,
        Screen::Overview | Screen::Services | Screen::Alarms => {}
    }
    state.screen = state.trail.pop().unwrap_or_default();
    follow_page(state);
}

fn derive_all(state: &mut State) {
    services::derive(state);
    alarms::derive(state);
    overview::derive(state);
}

fn refresh(state: &mut State) -> Vec<Effect> {
    let sources = state.shown_sources().map(|(id, _)| id).collect();
    state.notice = Some(Notice::plain("screens.notice.refresh"));
    vec![Effect::Refresh(sources)]
}

/// Moves whatever has the keys: the overlay on top, else the list or panel of the screen.
fn step(state: &mut State, by: isize) {
    let page = state.page;
    if let Some(mut overlay) = state.overlays.pop() {
        match &mut overlay {
            // How many rows the text has is known once it was wrapped: `Event::Drawn` brings it back.
            Overlay::Help(scroll) | Overlay::Errors(scroll) | Overlay::Detail(_, scroll) => {
                scroll.step(by, usize::from(u16::MAX));
            }
            Overlay::Menu(menu) => menu.step(by, menu.len(state)),
            Overlay::Palette(palette) => palette.step(by),
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
    }
}

fn panel(state: &mut State, by: isize) {
    if !state.overlays.is_empty() {
        return;
    }
    match (state.screen, &mut state.service, &mut state.alarm) {
        (Screen::Service, Some(view), _) => view.step_panel(by),
        (Screen::Alarm, _, Some(view)) if !view.tree.is_empty() => {
            view.child = if view.child.is_some() { None } else { Some(Scroll::default()) };
        }
        _ => {}
    }
}

fn repage(state: &mut State, page: usize) {
    state.page = page;
    follow_page(state);
}

/// Fits the windows of all lists to the page.
fn follow_page(state: &mut State) {
    let page = state.page;
    state.overview.repage(page);
    state.services.repage(page);
    state.alarms.repage(page);
    if let Some(view) = &mut state.service {
        view.task_list.scroll(view.tasks.len(), page);
    }
}

fn filter(state: &State) -> &str {
    match state.screen {
        Screen::Services => &state.services.filter,
        Screen::Alarms => &state.alarms.filter,
        _ => "",
    }
}

/// Takes what a prompt holds while it is typed, and when it is closed.
fn typed(state: &mut State, purpose: Purpose, text: &str, is_done: bool) {
    if state.screen == Screen::Log {
        log::typed(state, purpose, text, is_done);
    } else {
        set_filter(state, text);
    }
}

fn set_filter(state: &mut State, text: &str) {
    match state.screen {
        Screen::Services => {
            text.clone_into(&mut state.services.filter);
            services::arrange(state);
        }
        Screen::Alarms => {
            text.clone_into(&mut state.alarms.filter);
            alarms::arrange(state);
        }
        _ => {}
    }
}

/// Opens the filter's prompt where the screen has rows to filter.
fn open_filter(state: &mut State) {
    if !state.overlays.is_empty() {
        return;
    }
    if state.screen == Screen::Log {
        return log::open_prompt(state, Purpose::Filter);
    }
    if !matches!(state.screen, Screen::Services | Screen::Alarms) {
        state.notice = Some(Notice::plain("screens.notice.no-filter"));
        return;
    }
    let before = filter(state).to_owned();
    let input = Input::new(before.clone());
    state.overlays.push(Overlay::Filter(FilterPrompt { input, before, purpose: Purpose::Filter }));
}

fn edit_prompt(state: &mut State, change: impl FnOnce(&mut Input)) -> Vec<Effect> {
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
    Vec::new()
}

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
        None => Vec::new(),
        Some(other) => {
            state.overlays.push(other);
            Vec::new()
        }
    }
}

/// Puts the selected entry's name into the palette's prompt.
fn complete(state: &mut State) {
    if let Some(Overlay::Palette(mut palette)) = state.overlays.pop() {
        if let Some(name) = palette.entries.get(palette.selected).map(|entry| entry.name.clone()) {
            palette.input = Input::new(name);
            palette.search(state);
        }
        state.overlays.push(Overlay::Palette(palette));
    }
}

fn sort(state: &mut State) {
    match state.screen {
        Screen::Services => {
            state.services.sort = state.services.sort.next();
            services::arrange(state);
        }
        Screen::Alarms => {
            state.alarms.sort = state.alarms.sort.next();
            alarms::arrange(state);
        }
        _ => state.notice = Some(Notice::plain("screens.notice.no-sort")),
    }
}

fn reverse_sort(state: &mut State) {
    match state.screen {
        Screen::Services => {
            state.services.reversed = !state.services.reversed;
            services::arrange(state);
        }
        Screen::Alarms => {
            state.alarms.reversed = !state.alarms.reversed;
            alarms::arrange(state);
        }
        _ => state.notice = Some(Notice::plain("screens.notice.no-sort")),
    }
}

/// Takes what a source reports, unless it was asked under an identity that is no longer the source's.
fn take(state: &mut State, event: SourceEvent) {
    let Some(source) = state.sources.get_mut(event.source.0) else {
        return;
    };
    if event.generation < source.generation {
        return;
    }
    let changed = event.generation > source.generation;
    if changed {
        let had_identity = source.identity.value.is_some();
        source.forget(event.generation);
        if had_identity {
            forget_identity(state, event.source);
        }
    }
    if let Report::Failed(panel, failure) = &event.report {
        state.errors.add(event.source, *panel, failure.clone());
    }
    let metrics = matches!(event.report, Report::Series(_));
    let places = matches!(event.report, Report::LogPlaces(..));
    let mut touched = state.sources[event.source.0].take(event.report, event.at);
    if let Some(chunk) = touched.log.take() {
        log::take(state, event.source, chunk, event.at);
    }
    if touched.services || places {
        log::derive(state);
    }
    if changed {
        return derive_all(state);
    }
    if touched.services || (metrics && state.services.sort.metric().is_some()) {
        services::derive(state);
    }
    if touched.alarms {
        alarms::derive(state);
        service::derive_open(state);
    }
    if touched.services || touched.alarms || touched.queue {
        overview::derive(state);
    }
}

/// Drops what is open of a source that has another identity now: it was seen with other eyes.
fn forget_identity(state: &mut State, source: SourceId) {
    state.errors.forget(source);
    if state.log.as_ref().is_some_and(|view| view.id.source == source) {
        match state.screen {
            Screen::Log => leave_object(state),
            _ => state.log = None,
        }
    }
    if state.service.as_ref().is_some_and(|view| view.id.source == source) {
        match state.screen {
            Screen::Service => leave_object(state),
            _ => state.service = None,
        }
    }
    if state.alarm.as_ref().is_some_and(|view| view.id.source == source) {
        match state.screen {
            Screen::Alarm => leave_object(state),
            _ => state.alarm = None,
        }
    }
    // What cannot be gone back to is not on the way back.
    let (service, alarm) = (state.service.is_some(), state.alarm.is_some());
    state.trail.retain(|screen| match screen {
        Screen::Service => service,
        Screen::Log => false,
        Screen::Alarm => alarm,
        Screen::Overview | Screen::Services | Screen::Alarms => true,
    });
}

/// Tells which panel of a source an open screen depends on, for its age and state.
pub fn panel_of(screen: Screen) -> Panel {
    match screen {
        Screen::Overview | Screen::Services | Screen::Service => Panel::Services,
        Screen::Log => Panel::Log,
        Screen::Alarms | Screen::Alarm => Panel::Alarms,
    }
}

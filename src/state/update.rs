//! The one function that changes the state.

use tui_input::Input;

use crate::command::Command;
use crate::domain::{
    fetch::{Panel, SourceId},
    metric::Range,
    queue::{Subject, Trouble},
};

use super::{
    Screen, State, alarms,
    alarms::{AlarmColumn, AlarmRef, AlarmView},
    copy,
    event::{Effect, Event, Notice, Report, SourceEvent, Target},
    overlay::{self, FilterPrompt, Menu, MenuKind, Overlay, Palette, PaletteAction},
    overview, services,
    services::{ServiceColumn, ServicePanel, ServiceRef, ServiceView},
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
            click(state, target)
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
            if let Some(Overlay::Help(scroll) | Overlay::Errors(scroll)) = state.overlays.last_mut() {
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

fn run(state: &mut State, command: Command) -> Vec<Effect> {
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
        Command::Open => open(state),
        Command::Back | Command::Cancel => back(state),
        Command::Filter => open_filter(state),
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
        Command::Help => push(state, Overlay::Help(super::list::Scroll::default())),
        Command::Errors => {
            state.errors.unseen = 0;
            push(state, Overlay::Errors(super::list::Scroll::default()));
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
    follow_page(state);
}

/// Opens a screen from another one, to which `back` returns.
fn go_deeper(state: &mut State, screen: Screen) {
    if state.screen != screen {
        state.trail.push(state.screen);
    }
    state.screen = screen;
}

fn back(state: &mut State) {
    match state.overlays.pop() {
        Some(Overlay::Filter(prompt)) => set_filter(state, &prompt.before),
        Some(_) => {}
        None => {
            if !filter(state).is_empty() {
                set_filter(state, "");
            } else if let Some(screen) = state.trail.pop() {
                state.screen = screen;
                follow_page(state);
            } else if state.screen != Screen::Overview {
                show(state, Screen::Overview);
            }
        }
    }
}

fn open(state: &mut State) {
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
        Screen::Service | Screen::Alarm => {}
    }
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
    }
    state.service = Some(ServiceView::new(id));
    services::derive_open(state);
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

fn choose(state: &mut State, menu: &Menu) {
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
    state.notice = Some(Notice::with("screens.notice.range", "range", range.name()));
}

fn show_environment(state: &mut State, environment: Option<usize>) {
    state.shown = environment.filter(|index| *index < state.environments.len());
    state.overview.quiet_since = None;
    // An object of another environment would contradict the header.
    let foreign = match state.screen {
        Screen::Service => {
            state.service.as_ref().and_then(|view| view.row.as_ref()).is_some_and(|row| !state.shows(row.place))
        }
        Screen::Alarm => {
            state.alarm.as_ref().and_then(|view| view.row.as_ref()).is_some_and(|row| !state.shows(row.place))
        }
        _ => false,
    };
    if foreign {
        leave_object(state);
    }
    derive_all(state);
}

/// Leaves the opened object for the list that it was opened from, whatever lies over it.
fn leave_object(state: &mut State) {
    state.overlays.clear();
    match state.screen {
        Screen::Service => state.service = None,
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
            Overlay::Help(scroll) | Overlay::Errors(scroll) => scroll.step(by, usize::from(u16::MAX)),
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
    match state.screen {
        Screen::Overview => state.overview.step(by, page),
        Screen::Services => state.services.step(by, page),
        Screen::Alarms => state.alarms.step(by, page),
        Screen::Service => {
            if let Some(view) = &mut state.service {
                let service = view.row.as_ref().map(|row| &row.service);
                let (deployments, events) =
                    service.map_or((0, 0), |service| (service.deployments.len(), service.events.len()));
                match view.panel {
                    ServicePanel::Tasks => {
                        let keys = view.task_keys();
                        view.task_list.step(by, &keys, page);
                    }
                    ServicePanel::Deployments => view.deployments.step(by, deployments),
                    ServicePanel::Events => view.events.step(by, events),
                }
            }
        }
        Screen::Alarm => {
            if let Some(view) = &mut state.alarm {
                let source = state.sources.get(view.id.source.0);
                let len = source
                    .and_then(|source| source.histories.get(&view.id.name))
                    .and_then(|history| history.value.as_ref())
                    .map_or(0, |items| items.len());
                view.history.step(by, len);
            }
        }
    }
}

fn panel(state: &mut State, by: isize) {
    if state.overlays.is_empty()
        && state.screen == Screen::Service
        && let Some(view) = &mut state.service
    {
        view.panel = view.panel.step(by);
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
    if !matches!(state.screen, Screen::Services | Screen::Alarms) {
        state.notice = Some(Notice::plain("screens.notice.no-filter"));
        return;
    }
    let before = filter(state).to_owned();
    let input = Input::new(before.clone());
    state.overlays.push(Overlay::Filter(FilterPrompt { input, before }));
}

fn edit_prompt(state: &mut State, change: impl FnOnce(&mut Input)) -> Vec<Effect> {
    match state.overlays.pop() {
        Some(Overlay::Filter(mut prompt)) => {
            change(&mut prompt.input);
            let text = prompt.input.value().to_owned();
            state.overlays.push(Overlay::Filter(prompt));
            set_filter(state, &text);
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

fn accept(state: &mut State) -> Vec<Effect> {
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
        // The filter has been applied with every key; accepting it only closes the prompt.
        Some(Overlay::Filter(_)) | None => Vec::new(),
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

fn click(state: &mut State, target: Target) -> Vec<Effect> {
    match target {
        Target::Screen(command) => return run(state, command),
        Target::Panel(index) => {
            if let (Some(view), Some(panel)) = (&mut state.service, ServicePanel::ALL.get(index)) {
                view.panel = *panel;
            }
        }
        Target::OverlayRow(row) => return click_overlay(state, row),
        Target::Column(column) => click_column(state, column),
        Target::Row(row) => click_row(state, row),
    }
    Vec::new()
}

/// Selects a row; a click on the row that is selected already opens it.
fn click_row(state: &mut State, row: usize) {
    let page = state.page;
    let was = match state.screen {
        Screen::Overview => state.overview.list.selected(),
        Screen::Services => state.services.list.selected(),
        Screen::Alarms => state.alarms.list.selected(),
        Screen::Service | Screen::Alarm => {
            if let Some(view) = &mut state.service {
                let keys = view.task_keys();
                view.task_list.select(row, &keys, page);
            }
            return;
        }
    };
    if was == row {
        return open(state);
    }
    match state.screen {
        Screen::Overview => state.overview.select(row, page),
        Screen::Services => state.services.select(row, page),
        Screen::Alarms => state.alarms.select(row, page),
        Screen::Service | Screen::Alarm => {}
    }
}

fn click_overlay(state: &mut State, row: usize) -> Vec<Effect> {
    match state.overlays.last_mut() {
        Some(Overlay::Menu(menu)) => {
            menu.selected = row;
            open(state);
            Vec::new()
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
    match state.screen {
        Screen::Services => {
            if let Some(sort) = ServiceColumn::ALL.get(column).and_then(|column| column.sort()) {
                state.services.reversed = state.services.sort == sort && !state.services.reversed;
                state.services.sort = sort;
                services::arrange(state);
            }
        }
        Screen::Alarms => {
            if let Some(sort) = AlarmColumn::ALL.get(column).and_then(|column| column.sort()) {
                state.alarms.reversed = state.alarms.sort == sort && !state.alarms.reversed;
                state.alarms.sort = sort;
                alarms::arrange(state);
            }
        }
        _ => {}
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
    let touched = state.sources[event.source.0].take(event.report, event.at);
    if changed {
        return derive_all(state);
    }
    if touched.services || (metrics && state.services.sort.metric().is_some()) {
        services::derive(state);
    }
    if touched.alarms {
        alarms::derive(state);
        services::derive_open(state);
    }
    if touched.services || touched.alarms || touched.queue {
        overview::derive(state);
    }
}

/// Drops what is open of a source that has another identity now: it was seen with other eyes.
fn forget_identity(state: &mut State, source: SourceId) {
    state.errors.forget(source);
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
        Screen::Alarm => alarm,
        Screen::Overview | Screen::Services | Screen::Alarms => true,
    });
}

/// Tells which panel of a source an open screen depends on, for its age and state.
pub fn panel_of(screen: Screen) -> Panel {
    match screen {
        Screen::Overview | Screen::Services | Screen::Service => Panel::Services,
        Screen::Alarms | Screen::Alarm => Panel::Alarms,
    }
}

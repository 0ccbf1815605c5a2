//! The one function that changes the state.

use crate::command::Command;
use crate::domain::{metric::Range, queue::Place};

use super::{
    Screen, State, alarms, click, copy,
    event::{Effect, Event, Notice},
    findings, journal,
    list::Scroll,
    log, open,
    overlay::{Menu, MenuKind, Overlay, Palette},
    overview,
    page::{self, follow_page},
    prompt::{self, accept, complete, filter, open_filter, reverse_sort, set_filter, sort, typed},
    report, runbooks, services, sessions, waf,
    walk::{panel, step},
};

/// Changes the state by what happened and returns what is to be done outside.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    // What was drawn changes nothing that a run could wait for.
    let is_drawn = matches!(event, Event::Drawn { .. });
    let mut effects = happen(state, event);
    if !is_drawn {
        effects.extend(runbooks::attend(state));
    }
    effects
}

fn happen(state: &mut State, event: Event) -> Vec<Effect> {
    let now = state.now;
    match event {
        Event::Command(command) => {
            person(state);
            run(state, command)
        }
        Event::Edit(request) => {
            person(state);
            prompt::edit(state, request)
        }
        Event::Paste(text) => {
            person(state);
            prompt::paste(state, &text)
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
        Event::Resize(columns, rows) => sessions::resize(state, columns, rows),
        Event::Focus(focused) => {
            state.focused = focused;
            Vec::new()
        }
        Event::Tick(now) => {
            state.now = now;
            sessions::warn(state);
            overview::derive(state);
            runbooks::tick(state)
        }
        Event::Drawn { page, end } => {
            page::drawn(state, page, end);
            Vec::new()
        }
        Event::Pending(next) => {
            state.pending = next;
            Vec::new()
        }
        Event::Source(event) => {
            report::take(state, event);
            Vec::new()
        }
        Event::Marks(marks) => {
            state.marks = marks;
            overview::derive(state);
            Vec::new()
        }
        Event::Notice(notice) => {
            state.notice = Some(notice);
            Vec::new()
        }
        Event::Catalogue(environment, catalogue) => sessions::catalogue(state, environment, catalogue),
        Event::CataloguesChanged(environments) => sessions::changed(state, environments),
        Event::Session(id, report) => sessions::take(state, id, report),
        Event::Refused(id, refusal) => sessions::refused(state, id, refusal),
        Event::Database(id, database) => {
            sessions::found(state, id, database);
            Vec::new()
        }
        Event::Recordings(listed) => sessions::listed(state, listed),
        Event::Run(report) => runbooks::take(state, report),
        Event::Snapshot(id, text) => runbooks::snapshot(state, &id, text),
        Event::Journal(report) => journal::take(state, *report),
        Event::Shipping(shipping) => journal::shipping(state, shipping),
        Event::Token(id, then, secret) => sessions::minted(state, id, then, secret),
        Event::Escape => {
            person(state);
            if sessions::front_pane(state).is_some() {
                state.overlays.push(Overlay::PaneMenu);
            }
            Vec::new()
        }
        Event::Typed(bytes) => {
            state.touched_at = now;
            sessions::typed(state, bytes)
        }
        Event::ScrollPane(lines) => {
            person(state);
            sessions::scroll(state, lines);
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

/// Does what a command means on some screen alone; nothing where it means what it means everywhere.
fn own(state: &mut State, command: Command) -> Option<Vec<Effect>> {
    if log::run(state, command) || journal::run(state, command) {
        return Some(Vec::new());
    }
    if state.screen == Screen::Pane && matches!(state.overlays.last(), Some(Overlay::PaneMenu)) {
        state.overlays.pop();
        if command == Command::Back {
            return Some(Vec::new());
        }
    }
    runbooks::run(state, command).or_else(|| sessions::run(state, command))
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    if let Some(effects) = own(state, command) {
        return effects;
    }
    match command {
        Command::Quit if state.sessions.open() + state.sessions.acting() + state.runbooks.unkept() > 0 => {
            push_menu(state, MenuKind::Quit);
        }
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
        Command::Waf => show(state, Screen::Waf),
        Command::Alarms => show(state, Screen::Alarms),
        Command::Findings => show(state, Screen::Findings),
        Command::Sessions => {
            show(state, Screen::Sessions);
            return vec![Effect::Recordings];
        }
        Command::Runbooks => return runbooks::show(state),
        Command::Journal => show(state, Screen::Journal),
        Command::Fleet => show(state, Screen::Fleet),
        Command::MarkSeen => return overview::mark_seen(state),
        Command::Everything => findings::everything(state),
        Command::GroupBy => findings::group_by(state),
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
        Command::Open => return open::open(state),
        Command::Back | Command::Cancel => back(state),
        Command::Filter => open_filter(state),
        Command::Log => log::open(state),
        // What means something for a log, the journal, a run or a session alone, and was done above where there is one.
        Command::Search
        | Command::Pause
        | Command::Wrap
        | Command::Times
        | Command::Timeline
        | Command::GoOn
        | Command::Yes
        | Command::No
        | Command::Look
        | Command::Write
        | Command::Told
        | Command::Answered
        | Command::Skip
        | Command::GiveUp
        | Command::Detach
        | Command::NextSession
        | Command::PreviousSession
        | Command::ScrollBack
        | Command::SendEscape
        | Command::Token
        | Command::ShowToken
        | Command::Client
        | Command::Actions
        | Command::EndSession => {}
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
pub(super) fn show(state: &mut State, screen: Screen) {
    state.overlays.clear();
    state.trail.clear();
    state.screen = screen;
    state.log = None;
    state.sessions.form = None;
    follow_page(state);
}

fn back(state: &mut State) {
    match state.overlays.pop() {
        Some(Overlay::Filter(prompt)) => typed(state, prompt.purpose, &prompt.before, true),
        Some(Overlay::Words(prompt)) => runbooks::put_by(state, prompt),
        Some(_) => {}
        None => {
            if !filter(state).is_empty() {
                set_filter(state, "");
            } else if let Some(parent) = open::parent(state) {
                open::reopen_alarm(state, parent);
            } else if let Some(screen) = state.trail.pop() {
                runbooks::leave(state);
                state.screen = screen;
                // Nothing is opened from a log or a form, so that neither ever lies behind.
                state.log = None;
                state.sessions.form = None;
                follow_page(state);
            } else if state.screen != Screen::Overview {
                show(state, Screen::Overview);
            }
        }
    }
}

pub(super) fn choose(state: &mut State, menu: &Menu) -> Vec<Effect> {
    match menu.kind {
        MenuKind::EndSession(id) if menu.selected == MenuKind::YES => return sessions::end_asked(state, id),
        MenuKind::Quit if menu.selected == MenuKind::YES => return vec![Effect::Quit],
        MenuKind::Answered => return runbooks::answered(state, menu.selected),
        MenuKind::EndSession(_) | MenuKind::Quit => {}
        MenuKind::Environment => show_environment(state, menu.selected.checked_sub(1)),
        MenuKind::Range => {
            if let Some(range) = Range::ALL.get(menu.selected) {
                pin(state, *range);
            }
        }
    }
    Vec::new()
}

fn pin(state: &mut State, range: Range) {
    state.range = range;
    waf::derive_open(state);
    state.overlays.clear();
    log::look_back(state);
    state.notice = Some(Notice::with("screens.notice.range", "range", range.name()));
}

pub(super) fn show_environment(state: &mut State, environment: Option<usize>) {
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
    let place = match state.screen {
        // A log is of the service that it was opened from.
        Screen::Service | Screen::Log => state.service.as_ref().and_then(|view| view.row.as_ref()).map(|row| row.place),
        Screen::Alarm => state.alarm.as_ref().and_then(|view| view.row.as_ref()).map(|row| row.place),
        Screen::WebAcl => state.web_acl.as_ref().and_then(|view| view.row.as_ref()).map(|row| row.place),
        Screen::Finding => state.finding.as_ref().and_then(|view| view.row.as_ref()).map(|row| row.place),
        Screen::Form => {
            let form = state.sessions.form.as_ref();
            form.map(|form| Place { environment: Some(form.index), kind: form.environment.kind })
        }
        Screen::Tunnel | Screen::Operation => state.sessions.front().map(|live| live.origin.place),
        // A run is looked at within its own environment alone.
        Screen::Run => return state.runbooks.front().is_none_or(|view| view.place.environment != state.shown),
        _ => None,
    };
    place.is_some_and(|place| !state.shows(place))
}

/// Leaves the opened object for the list that it was opened from, whatever lies over it.
pub(super) fn leave_object(state: &mut State) {
    state.overlays.clear();
    close(state, state.screen);
    state.screen = state.trail.pop().unwrap_or_default();
    follow_page(state);
}

/// Forgets the object that a screen shows.
pub(super) fn close(state: &mut State, screen: Screen) {
    match screen {
        Screen::Service => state.service = None,
        Screen::Log => state.log = None,
        Screen::Alarm => state.alarm = None,
        Screen::WebAcl => state.web_acl = None,
        Screen::Finding => state.finding = None,
        Screen::Form => state.sessions.form = None,
        Screen::Run => state.runbooks.front = None,
        _ => {}
    }
}

/// Makes everything anew that is derived from what the sources hold.
pub(super) fn derive_all(state: &mut State) {
    services::derive(state);
    alarms::derive(state);
    waf::derive(state);
    findings::derive(state);
    sessions::derive(state);
    runbooks::derive(state);
    overview::derive(state);
}

/// Asks anew for what the screen shows; of the journal that is its verification, of a run what the disk did not take.
fn refresh(state: &mut State) -> Vec<Effect> {
    if state.screen == Screen::Journal {
        return journal::refresh(state);
    }
    let again = runbooks::retry(state).filter(|_| state.screen == Screen::Run);
    let sources = state.shown_sources().map(|(id, _)| id).collect();
    state.notice = Some(Notice::plain("screens.notice.refresh"));
    again.into_iter().chain([Effect::Refresh(sources)]).collect()
}

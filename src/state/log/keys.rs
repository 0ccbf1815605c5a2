//! What keys and clicks do to the log that is open.

use tui_input::Input;

use crate::command::Command;
use crate::state::{
    Screen, State,
    event::Notice,
    open,
    overlay::{FilterPrompt, Overlay, Purpose},
};

use super::LogView;

/// How many cells left and right scroll.
const SIDEWAYS: usize = 8;

/// Does what a command means for the log, and tells whether it was one of the log's.
pub fn run(state: &mut State, command: Command) -> bool {
    let is_in_front = state.overlays.iter().all(Overlay::takes_text);
    if state.screen != Screen::Log || !is_in_front {
        return false;
    }
    let searching = matches!(state.overlays.last(), Some(Overlay::Filter(prompt)) if prompt.purpose == Purpose::Search);
    match command {
        Command::NextMatch => find(state, 1),
        Command::PreviousMatch => find(state, -1),
        Command::NextEntry if searching => find(state, 1),
        Command::PreviousEntry if searching => find(state, -1),
        Command::NextPanel => choose(state, 1),
        Command::PreviousPanel => choose(state, -1),
        Command::Search => open_prompt(state, Purpose::Search),
        Command::Back if state.overlays.is_empty() => return clear(state),
        _ => return state.log.as_mut().is_some_and(|view| look(view, command)),
    }
    true
}

/// Changes how the lines are looked at.
fn look(view: &mut LogView, command: Command) -> bool {
    match command {
        Command::Pause => view.pause(),
        Command::Wrap => {
            view.wrap = !view.wrap;
            view.left = 0;
        }
        Command::Times => view.times = view.times.next(),
        Command::Left => view.left = view.left.saturating_sub(SIDEWAYS),
        Command::Right if !view.wrap => view.left = (view.left + SIDEWAYS).min(view.left_end.max(view.left)),
        Command::Right => {}
        _ => return false,
    }
    true
}

/// Tails what is so many steps further among the containers.
fn choose(state: &mut State, by: isize) {
    let Some(view) = &state.log else { return };
    let len = view.choices.len().max(1).cast_signed();
    click(state, (view.chosen.cast_signed() + by).rem_euclid(len).cast_unsigned());
}

/// Tails one of the choices.
pub fn click(state: &mut State, index: usize) {
    let now = state.now;
    if let Some(view) = state.log.as_mut().filter(|view| view.chosen != index && index < view.choices.len()) {
        view.chosen = index;
        view.restart(now);
    }
}

/// Opens the prompt for the filter or for a search.
pub fn open_prompt(state: &mut State, purpose: Purpose) {
    let Some(view) = state.log.as_ref().filter(|_| state.overlays.is_empty()) else { return };
    let before = match purpose {
        Purpose::Filter => view.pattern.clone(),
        Purpose::Search => view.search.clone(),
    };
    let input = Input::new(before.clone());
    state.overlays.push(Overlay::Filter(FilterPrompt { input, before, purpose }));
}

/// Takes what a prompt holds while it is typed, and when it is closed.
pub fn typed(state: &mut State, purpose: Purpose, text: &str, is_done: bool) {
    let now = state.now;
    let Some(view) = &mut state.log else { return };
    match purpose {
        Purpose::Filter if is_done => {
            view.typed = None;
            let pattern = text.trim();
            if view.pattern != pattern {
                pattern.clone_into(&mut view.pattern);
                view.restart(now);
            }
        }
        Purpose::Filter => view.typed = Some(text.to_owned()),
        Purpose::Search if view.search != text => {
            text.clone_into(&mut view.search);
            find_nearest(state);
        }
        Purpose::Search => {}
    }
}

/// Takes back what narrows the view, the search first; tells whether there was anything.
fn clear(state: &mut State) -> bool {
    let now = state.now;
    let Some(view) = &mut state.log else { return false };
    if !view.search.is_empty() {
        view.search.clear();
    } else if !view.pattern.is_empty() {
        view.pattern.clear();
        view.restart(now);
    } else {
        return false;
    }
    true
}

/// Goes to the nearest line above or below the cursor that holds what is looked for.
fn find(state: &mut State, by: isize) {
    let page = state.page;
    let Some(view) = &mut state.log else { return };
    let Some(cursor) = view.cursor() else { return };
    let found = if by > 0 { nearest(view, cursor + 1..view.ring.len()) } else { nearest_above(view, cursor) };
    match found {
        Some(index) => view.hold(index, page),
        None if view.needles().is_empty() => state.notice = Some(Notice::plain("log.nothing-sought")),
        None => state.notice = Some(Notice::plain(if by > 0 { "log.no-match-below" } else { "log.no-match-above" })),
    }
}

/// Goes to the line nearest to the cursor that holds what is being typed: what is newest is what one asks about.
fn find_nearest(state: &mut State) {
    let page = state.page;
    let Some(view) = &mut state.log else { return };
    let Some(cursor) = view.cursor().filter(|_| !view.search.is_empty()) else { return };
    let found = nearest_above(view, cursor + 1).or_else(|| nearest(view, cursor + 1..view.ring.len()));
    if let Some(index) = found.filter(|index| *index != cursor || view.held.is_some()) {
        view.hold(index, page);
    }
}

fn nearest(view: &LogView, mut range: std::ops::Range<usize>) -> Option<usize> {
    let needles = view.needles();
    range.find(|index| view.ring.get(*index).is_some_and(|entry| needles.is_in(&entry.line.message)))
}

fn nearest_above(view: &LogView, end: usize) -> Option<usize> {
    let needles = view.needles();
    (0..end).rev().find(|index| view.ring.get(*index).is_some_and(|entry| needles.is_in(&entry.line.message)))
}

/// Selects a line by its number, or opens the one that is selected.
pub fn click_line(state: &mut State, number: usize) {
    let page = state.page;
    let Some(view) = &mut state.log else { return };
    let Some(index) = view.ring.position(number) else { return };
    if view.held.is_some_and(|held| held.cursor == number) {
        open::open(state);
    } else {
        view.hold(index, page);
    }
}

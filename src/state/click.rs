//! What a click does: it selects, gives a panel the keys, sorts, and opens what is selected already.

use super::{
    Screen, State, alarms,
    alarms::AlarmColumn,
    event::{Effect, Target},
    list::Scroll,
    log, open,
    overlay::Overlay,
    services,
    services::ServiceColumn,
    update::{accept, run},
};

/// Does what a click on a target means.
pub fn click(state: &mut State, target: Target) -> Vec<Effect> {
    match target {
        Target::Screen(command) => return run(state, command),
        Target::Panel(index) => click_panel(state, index),
        Target::OverlayRow(row) => return click_overlay(state, row),
        Target::Column(column) => click_column(state, column),
        Target::Row(row) => click_row(state, row),
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
        _ => {}
    }
}

/// Selects a row; a click on the row that is selected already opens it.
fn click_row(state: &mut State, row: usize) {
    if state.screen == Screen::Log {
        return log::click_line(state, row);
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
        Screen::Log => {}
        Screen::Alarm => {
            if let Some(view) = &mut state.alarm {
                *view.child.as_mut().unwrap_or(&mut view.history) = place;
            }
        }
    }
}

fn click_overlay(state: &mut State, row: usize) -> Vec<Effect> {
    match state.overlays.last_mut() {
        Some(Overlay::Menu(menu)) => {
            menu.selected = row;
            open::open(state);
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

//! What a person does while a pane has the keys: everything goes to the far side, but for our escape and the view.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent, MouseEventKind};

use crate::domain::session::LiveId;
use crate::state::State;
use crate::state::event::{Event, Notice};
use crate::state::overlay::Overlay;
use crate::state::sessions::pane::{Modes, MouseMode, Pane};

use super::pane_keys;

/// Lines that a turn of the wheel moves.
const WHEEL: isize = 3;

/// Tells whether a key is our escape over our own menu: then it goes to the far side itself.
pub(super) fn sends_escape(key: &KeyEvent, state: &State) -> bool {
    key.kind != KeyEventKind::Release
        && pane_keys::is_escape(key)
        && matches!(state.overlays.last(), Some(Overlay::PaneMenu))
}

/// Returns what happens by what the terminal says, while the pane of a session has the keys.
pub(super) fn events(input: &Input, modes: Modes, state: &State, id: LiveId) -> Vec<Event> {
    match input {
        Input::Key(key) => key_event(key, modes, state, id).into_iter().collect(),
        Input::Paste(text) if text.len() > pane_keys::LONGEST_PASTE => {
            vec![Event::Notice(Notice::plain("sessions.notice.pasted-too-much"))]
        }
        Input::Paste(text) => typed(pane_keys::paste(text, modes)).into_iter().collect(),
        Input::Resize(columns, rows) => vec![Event::Resize(*columns, *rows)],
        Input::FocusGained => focus(true, modes),
        Input::FocusLost => focus(false, modes),
        Input::Mouse(mouse) => mouse_event(*mouse, modes, state).into_iter().collect(),
    }
}

fn typed(bytes: Vec<u8>) -> Option<Event> {
    (!bytes.is_empty()).then_some(Event::Typed(bytes))
}

fn focus(gained: bool, modes: Modes) -> Vec<Event> {
    std::iter::once(Event::Focus(gained)).chain(typed(pane_keys::focus(gained, modes))).collect()
}

fn key_event(key: &KeyEvent, modes: Modes, state: &State, id: LiveId) -> Option<Event> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if pane_keys::is_escape(key) {
        return Some(Event::Escape);
    }
    match scrolls(key, modes, state, id) {
        Some(lines) => Some(Event::ScrollPane(lines)),
        None => typed(pane_keys::key(key, modes)),
    }
}

/// Returns by how many lines a key moves the view: the page keys with shift, as in an xterm; without it where the far side
/// has asked for neither the alternate screen nor the mouse, and downwards only while there is something below.
fn scrolls(key: &KeyEvent, modes: Modes, state: &State, id: LiveId) -> Option<isize> {
    let page = isize::try_from(state.size.1.saturating_sub(2).max(1)).unwrap_or(1);
    let lines = match key.code {
        KeyCode::PageUp => -page,
        KeyCode::PageDown => page,
        _ => return None,
    };
    if modes.alternate {
        return None;
    }
    let shifted = key.modifiers == KeyModifiers::SHIFT;
    let scrolled = state.sessions.get(id).and_then(|live| live.pane.as_ref()).map_or(0, Pane::scrolled);
    let plain = key.modifiers.is_empty() && modes.mouse == MouseMode::Off && (lines < 0 || scrolled > 0);
    (shifted || plain).then_some(lines)
}

fn mouse_event(mouse: MouseEvent, modes: Modes, state: &State) -> Option<Event> {
    // The last line is ours.
    if mouse.row >= state.size.1.saturating_sub(1) {
        return None;
    }
    if modes.mouse != MouseMode::Off {
        return typed(pane_keys::mouse(&mouse, modes));
    }
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -WHEEL,
        MouseEventKind::ScrollDown => WHEEL,
        _ => return None,
    };
    if modes.alternate { typed(pane_keys::wheel_as_arrows(lines, modes)) } else { Some(Event::ScrollPane(lines)) }
}

//! From a key of the terminal to what it means: a command, the start of a longer chord, or an edit of a text.

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::InputRequest;

use crate::keymap::{Keymap, Lookup, normalise};
use crate::state::State;
use crate::state::event::Event;

/// Remembers the keys of a chord that is not complete yet.
#[derive(Debug, Default)]
pub struct Keys {
    pending: Vec<KeyCombination>,
}

impl Keys {
    /// Returns what a key means in the present state, if anything.
    ///
    /// A key that continues no chord is tried again as the first of one: after `g`, `j` still moves down.
    pub fn press(&mut self, key: KeyEvent, state: &State, keymap: &Keymap) -> Option<Event> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let scopes = state.scope().chain();
        let combination = normalise(KeyCombination::from(key));
        if !self.pending.is_empty() && key.code == KeyCode::Esc {
            self.pending.clear();
            return Some(Event::Pending(Vec::new()));
        }
        let had_pending = !self.pending.is_empty();
        self.pending.push(combination);
        let found = match keymap.lookup(scopes, &self.pending) {
            Lookup::None if had_pending => {
                self.pending = vec![combination];
                keymap.lookup(scopes, &self.pending)
            }
            found => found,
        };
        match found {
            Lookup::Command(command) => {
                self.pending.clear();
                Some(Event::Command(command))
            }
            Lookup::Pending(next) => Some(Event::Pending(next)),
            Lookup::None => {
                self.pending.clear();
                if state.takes_text() {
                    return edit(key).map(Event::Edit);
                }
                had_pending.then(|| Event::Pending(Vec::new()))
            }
        }
    }
}

/// Returns the edit that a key makes in a prompt, as readline has them.
pub(super) fn edit(key: KeyEvent) -> Option<InputRequest> {
    use InputRequest as Edit;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match key.code {
        KeyCode::Char('a') if control => Edit::GoToStart,
        KeyCode::Char('e') if control => Edit::GoToEnd,
        KeyCode::Char('b') if control => Edit::GoToPrevChar,
        KeyCode::Char('f') if control => Edit::GoToNextChar,
        KeyCode::Char('b') if alt => Edit::GoToPrevWord,
        KeyCode::Char('f') if alt => Edit::GoToNextWord,
        KeyCode::Char('d') if control => Edit::DeleteNextChar,
        KeyCode::Char('h') if control => Edit::DeletePrevChar,
        KeyCode::Char('w') if control => Edit::DeletePrevWord,
        KeyCode::Char('u') if control => Edit::DeleteLine,
        KeyCode::Char('k') if control => Edit::DeleteTillEnd,
        KeyCode::Char(character) if !control && !alt => Edit::InsertChar(character),
        KeyCode::Backspace => Edit::DeletePrevChar,
        KeyCode::Delete => Edit::DeleteNextChar,
        KeyCode::Left if control => Edit::GoToPrevWord,
        KeyCode::Right if control => Edit::GoToNextWord,
        KeyCode::Left => Edit::GoToPrevChar,
        KeyCode::Right => Edit::GoToNextChar,
        KeyCode::Home => Edit::GoToStart,
        KeyCode::End => Edit::GoToEnd,
        _ => return None,
    })
}

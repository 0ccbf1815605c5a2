//! What a panel says where it has nothing to show: still loading, not readable and why, or nothing there.

use ratatui::text::Span;

use crate::command::Command;
use crate::domain::fetch::{Failure, Panel};
use crate::state::State;
use crate::state::source::Source;
use crate::t;

use super::{Ui, words};

/// Returns why a panel of a source could not be read: its own failure, or that of the identity it is read under.
pub fn failure(source: &Source, panel: Panel) -> Option<&Failure> {
    source.failure(panel).or_else(|| source.failure(Panel::Identity))
}

/// Returns a failure as one line behind its mark.
pub fn line(ui: &Ui, failure: &Failure) -> String {
    format!("{} {}", ui.glyphs.denied, words::failure_line(ui.texts, failure))
}

/// Returns a failure as the part of a panel's status that goes first.
pub fn status(ui: &Ui, failure: &Failure) -> Span<'static> {
    Span::styled(line(ui, failure), ui.theme.warning)
}

/// Returns the empty text of a panel of one source; `none` is what it says where it was read and holds nothing.
pub fn unread(ui: &Ui, source: Option<&Source>, panel: Panel, was_read: bool, none: &str) -> String {
    if was_read {
        return none.to_owned();
    }
    match source.and_then(|source| failure(source, panel)) {
        Some(failure) => line(ui, failure),
        None => t!(ui.texts, "screens.loading").to_owned(),
    }
}

/// Returns the empty text of a list of all shown sources, which names the key that tells why.
pub fn unread_list(state: &State, ui: &Ui, panel: Panel) -> String {
    let was_read = |source: &Source| source.read_at(panel).is_some();
    let failed = |source: &Source| failure(source, panel).is_some();
    if state.shown_sources().any(|(_, source)| !was_read(source) && !failed(source)) {
        t!(ui.texts, "screens.loading").to_owned()
    } else if state.shown_sources().any(|(_, source)| failed(source)) {
        t!(ui.texts, "screens.unread", key = errors_key(state, ui))
    } else {
        t!(ui.texts, "screens.nothing").to_owned()
    }
}

/// Returns the key that lists the errors; where none does, how the palette finds the command.
fn errors_key(state: &State, ui: &Ui) -> String {
    let scopes = state.screen.scope().chain();
    let first = |command: Command| ui.keymap.chords(scopes, command).into_iter().next();
    first(Command::Errors).unwrap_or_else(|| {
        let palette = first(Command::Palette).unwrap_or_default();
        format!("{palette}{}", Command::Errors.id())
    })
}

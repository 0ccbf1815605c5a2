//! Words for a run, while they are typed: a note of several lines, or why something is left undone.

use tui_input::{Input, InputRequest};

use crate::journal::redact;
use crate::runbook::run::What;

use super::{redacted, step};
use crate::state::{
    State,
    event::{Effect, Notice},
    overlay::{self, Overlay},
};

/// The longest line that is typed, in characters: as long as a run keeps one.
const LONGEST_LINE: usize = 2_000;

/// The most lines of a note.
const MOST_LINES: usize = 200;

/// Tells what words are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// They are written down.
    Write,
    /// They say why the step is left undone.
    Skip,
    /// They say why the run is given up.
    GiveUp,
}

/// Holds words while they are typed.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What they are for.
    pub purpose: Purpose,
    /// The lines that are done; only a note has any.
    pub lines: Vec<String>,
    /// The line that is typed.
    pub input: Input,
}

/// Opens the prompt; a note that was begun is gone on with.
pub(super) fn open(state: &mut State, purpose: Purpose) {
    let (lines, input) = match state.runbooks.front_mut() {
        Some(view) if purpose == Purpose::Write => std::mem::take(&mut view.draft),
        _ => (Vec::new(), Input::default()),
    };
    state.overlays.retain(|overlay| !matches!(overlay, Overlay::Words(_)));
    state.overlays.push(Overlay::Words(Prompt { purpose, lines, input }));
}

/// Applies an edit; what is deleted before the beginning of a line brings the line before it back.
pub(in crate::state) fn edit(prompt: &mut Prompt, request: InputRequest) {
    let is_start = prompt.input.cursor() == 0 && prompt.input.value().is_empty();
    if is_start && request == InputRequest::DeletePrevChar {
        if let Some(line) = prompt.lines.pop() {
            prompt.input = Input::new(line);
        }
        return;
    }
    overlay::edit_within(&mut prompt.input, request, LONGEST_LINE);
}

/// Pastes a text: into a note with its lines; tells whether all of it had room.
pub(in crate::state) fn paste(prompt: &mut Prompt, text: &str) -> bool {
    for (number, line) in text.lines().enumerate() {
        if number > 0 && (prompt.purpose != Purpose::Write || prompt.lines.len() >= MOST_LINES) {
            return false;
        }
        if number > 0 {
            end_line(prompt);
        }
        let room = LONGEST_LINE.saturating_sub(prompt.input.value().chars().count());
        overlay::paste_within(&mut prompt.input, line, LONGEST_LINE);
        if line.chars().count() > room {
            return false;
        }
    }
    true
}

fn end_line(prompt: &mut Prompt) {
    prompt.lines.push(prompt.input.value().to_owned());
    prompt.input.reset();
}

/// Takes the line that was typed: of a note an empty one ends it.
pub(in crate::state) fn accept(state: &mut State, mut prompt: Prompt) -> Vec<Effect> {
    let text = prompt.input.value().trim().to_owned();
    if prompt.purpose == Purpose::Write && !text.is_empty() && prompt.lines.len() < MOST_LINES {
        end_line(&mut prompt);
        state.overlays.push(Overlay::Words(prompt));
        return Vec::new();
    }
    let words = redact::text(&text).0;
    let effects = match prompt.purpose {
        Purpose::Write => {
            let lines = prompt.lines.iter().map(String::as_str).chain((!text.is_empty()).then_some(text.as_str()));
            let wrote = redacted(What::Wrote(lines.collect::<Vec<_>>().join("\n")));
            step::change(state, |run, now| run.record(wrote, now))
        }
        Purpose::Skip => step::change(state, |run, now| run.skip(&words, now)),
        Purpose::GiveUp => step::change(state, |run, now| run.give_up(&words, now)),
    };
    match (effects.is_empty(), prompt.purpose) {
        (true, Purpose::Write) => put_by(state, prompt),
        (true, _) => {}
        (false, Purpose::Write) => state.notice = Some(Notice::plain("runbooks.notice.written")),
        (false, _) => return step::came_to(state, effects),
    }
    effects
}

/// Keeps a note that was not taken, to go on with.
pub(in crate::state) fn put_by(state: &mut State, prompt: Prompt) {
    if let Some(view) = state.runbooks.front_mut().filter(|_| prompt.purpose == Purpose::Write) {
        view.draft = (prompt.lines, prompt.input);
    }
}

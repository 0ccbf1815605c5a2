//! What was recorded: when, what, how long, and whether it is whole.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::text;
use crate::journal::recording::RecordingInfo;
use crate::journal::recording::list::RecordingState;
use crate::state::State;
use crate::state::event::Target;
use crate::state::sessions::SessionsPanel;
use crate::t;
use crate::ui::widgets::panel::Panel;
use crate::ui::widgets::table::{Cell, Column, Row, Table};
use crate::ui::{Drawn, Ui, measure, words};

/// The longest text of a recording's header that is shown.
const LONGEST: usize = 200;

/// Draws the recordings.
pub fn render(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let sessions = &state.sessions;
    let focused = sessions.panel == SessionsPanel::Recordings;
    drawn.hits.push((area, Target::Panel(SessionsPanel::Recordings as usize)));
    let all = sessions.recorded();
    let more = matches!(&sessions.recordings, Some(Ok(listed)) if listed.more);
    let count = format!("{}{}", all.len(), if more { "+" } else { "" });
    let panel = Panel {
        title: Line::raw(t!(ui.texts, "sessions.recordings.title")),
        status: vec![Span::styled(count, ui.theme.dim)],
        focused,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    };
    let inner = panel.render(area, buf);
    let empty = match &sessions.recordings {
        Some(Err(why)) => t!(ui.texts, "sessions.recordings.unread", why = why),
        _ => t!(ui.texts, "sessions.recordings.none").to_owned(),
    };
    let columns = columns(ui);
    let areas = Table {
        columns: &columns,
        len: all.len(),
        row: |index: usize| Row::Cells(row(state, ui, &all[index])),
        selected: (focused && !all.is_empty()).then_some(sessions.recording_list.selected()),
        offset: if focused { sessions.recording_list.offset() } else { 0 },
        focused,
        empty: &empty,
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(inner, buf);
    if focused {
        drawn.take_rows(&areas);
    }
}

fn columns<'a>(ui: &Ui) -> Vec<Column<'a>> {
    let texts = ui.texts;
    let title = |key: &'static str, cells: u16| (texts.get(key), cells.max(measure::widest([texts.get(key)])));
    let (length, length_cells) = title("sessions.column.length", 7);
    let (size, size_cells) = title("sessions.column.size", 7);
    vec![
        Column::new(t!(texts, "sessions.column.opened"), 11, 11),
        Column::new(t!(texts, "sessions.column.entry"), 12, 22),
        Column::new(length, length_cells, length_cells).right(),
        Column::new(t!(texts, "sessions.column.who"), 9, 20).rank(2),
        Column::new(t!(texts, "sessions.column.goal"), 12, 28).rank(1),
        Column::new(size, size_cells, size_cells).right().rank(4),
        Column::new(t!(texts, "sessions.column.state"), 8, 12).rank(3),
        Column::new(t!(texts, "sessions.column.file"), 12, 40).rank(5).grows(),
    ]
}

fn row(state: &State, ui: &Ui, one: &RecordingInfo) -> Vec<Cell<'static>> {
    let cell = |content: String| Cell::new(Span::styled(text::clean(&content, LONGEST), ui.theme.text));
    let about = one.about.as_ref();
    let length = one.duration.and_then(|length| jiff::SignedDuration::try_from(length).ok());
    let (word, style) = match one.state {
        RecordingState::Whole => (t!(ui.texts, "sessions.recordings.whole"), ui.theme.ok),
        RecordingState::Open => (t!(ui.texts, "sessions.recordings.open"), ui.theme.warning),
        RecordingState::Malformed => (t!(ui.texts, "sessions.recordings.malformed"), ui.theme.critical),
    };
    vec![
        cell(one.at.map_or_else(|| "-".to_owned(), |at| ui.moment(at, state.now))),
        cell(about.map_or_else(String::new, |about| format!("{} {}", about.environment, about.entry))),
        cell(length.map_or_else(|| "-".to_owned(), words::session::countdown)),
        cell(about.map_or_else(String::new, |about| {
            format!("{} {}", about.role, about.actor.rsplit('/').next().unwrap_or_default())
        })),
        cell(about.map_or_else(String::new, |about| about.target.clone())),
        cell(words::session::bytes(one.bytes)),
        Cell::new(Span::styled(word, style)),
        Cell::cut_middle(Span::styled(text::clean(&one.name, LONGEST), ui.theme.dim)),
    ]
}

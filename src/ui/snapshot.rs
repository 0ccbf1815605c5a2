//! What the dashboards show, as text: the evidence of a run.

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;

use crate::state::State;

use super::widgets::cells;
use super::{Drawn, Ui, queue, services};

/// The columns of the text: as many as a report's page has room for.
const WIDTH: u16 = 132;

/// The most rows of a panel; of more, the first in the order of attention.
const MOST_ROWS: u16 = 100;

/// Writes down what needs a person and how the services stand, as they are shown now.
pub fn text(state: &State, ui: &Ui) -> String {
    let needed = queue::rows(state).saturating_add(4);
    let listed = cells(state.services.rows.len()).saturating_add(2);
    let mut lines = panel(needed, |area, buf, drawn| queue::render(state, ui, area, buf, drawn));
    lines.push(String::new());
    lines.extend(panel(listed, |area, buf, drawn| services::render(state, ui, area, buf, drawn)));
    lines.join("\n")
}

/// Draws a panel off the screen, and returns its rows without what is empty below.
fn panel(needed: u16, render: impl FnOnce(Rect, &mut Buffer, &mut Drawn)) -> Vec<String> {
    let mut buf = Buffer::empty(Rect::new(0, 0, WIDTH, needed.clamp(3, MOST_ROWS)));
    render(buf.area, &mut buf, &mut Drawn::default());
    let mut rows: Vec<String> = (buf.area.top()..buf.area.bottom()).map(|y| row(&buf, y)).collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

fn row(buf: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut x = buf.area.left();
    while x < buf.area.right() {
        text.push_str(buf[(x, y)].symbol());
        // What a wide character covers is no character of its own.
        x += buf[(x, y)].cell_width().max(1);
    }
    text.trim_end().to_owned()
}

//! The prompt for words: a note of several lines, or why something is left undone.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::state::runbooks::{Prompt, Purpose};
use crate::t;
use crate::ui::widgets::input::Prompt as Line;
use crate::ui::widgets::menu::overlay;
use crate::ui::widgets::{cells, fit, put};
use crate::ui::{Drawn, Ui};

/// The least columns of the prompt's inside.
const WIDTH: u16 = 72;

/// Draws the prompt over the middle of an area; of more lines than fit, the last are seen.
pub fn render(prompt: &Prompt, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let texts = ui.texts;
    let (title, footer) = match prompt.purpose {
        Purpose::Write => (t!(texts, "runbooks.prompt.write"), t!(texts, "runbooks.prompt.keys-lines")),
        Purpose::Skip => (t!(texts, "runbooks.prompt.skip"), t!(texts, "runbooks.prompt.keys")),
        Purpose::GiveUp => (t!(texts, "runbooks.prompt.give-up"), t!(texts, "runbooks.prompt.keys")),
    };
    let size = (WIDTH, cells(prompt.lines.len() + 1).max(if prompt.purpose == Purpose::Write { 4 } else { 1 }));
    let (_, inner) = overlay(area, buf, size, title, footer, &ui.theme, ui.glyphs);
    if inner.height == 0 || inner.width < 4 {
        return;
    }
    let room = inner.width - 2;
    let above = usize::from(inner.height) - 1;
    let first = prompt.lines.len().saturating_sub(above);
    let mut y = inner.y;
    for line in prompt.lines.iter().skip(first) {
        put(buf, inner.x + 1, y, &fit(line, usize::from(room), ui.glyphs), room, ui.theme.text);
        y += 1;
    }
    let row = Rect { x: inner.x + 1, y, width: room, height: 1 };
    let line = Line { label: "", input: &prompt.input, hint: "", theme: &ui.theme, glyphs: ui.glyphs };
    drawn.cursor = line.render(row, buf).or(drawn.cursor);
}

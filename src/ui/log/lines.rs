//! The lines of a log that are seen.

use std::ops::Range;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::domain::log::{Level, LogLine, level};
use crate::domain::text;
use crate::state::State;
use crate::state::event::Target;
use crate::state::log::ring::Entry;
use crate::state::log::search::Needles;
use crate::state::log::{LogView, Times};
use crate::ui::widgets::{cells, put, put_line};
use crate::ui::{Drawn, Ui, measure, words};

/// How many digits of a task's id are shown: enough to tell the tasks of a service apart.
const TASK: usize = 8;

/// The most cells that the name of a container takes.
const CONTAINER: u16 = 16;

/// A row of the screen, and the number of the line that it is of.
struct Shown {
    number: usize,
    line: Line<'static>,
}

/// What lines are drawn with.
struct Pen<'a> {
    state: &'a State,
    ui: &'a Ui,
    view: &'a LogView,
    needles: Needles,
    /// Cells for the name of a container, where lines of several are shown.
    container: usize,
    /// Cells of a row.
    room: usize,
    /// Rows that there are.
    height: usize,
}

/// Draws the lines that there is room for.
pub fn render(state: &State, ui: &Ui, view: &LogView, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let choice = view.choice().filter(|choice| choice.is_of_several());
    let container = choice.map_or(0, |choice| usize::from(measure::widest(choice.containers()).min(CONTAINER)));
    let (room, height) = (usize::from(area.width.saturating_sub(2)), usize::from(area.height));
    let pen = Pen { state, ui, view, needles: view.needles(), container, room, height };
    let (rows, lines) = pen.window();
    // What is not filled yet has room for as many lines more.
    drawn.page = (lines + height.saturating_sub(rows.len())).max(1);
    drawn.end = pen.left_end();
    let cursor = view.held.map(|held| held.cursor);
    for (row, y) in rows.iter().zip(area.top()..area.bottom()) {
        put_line(buf, area.x + 1, y, &row.line, cells(room));
        let whole = Rect { y, height: 1, ..area };
        if cursor == Some(row.number) {
            put(buf, area.x, y, ui.glyphs.selected, 1, ui.theme.text);
            buf.set_style(whole, ui.theme.selected.remove_modifier(Modifier::DIM));
        }
        drawn.hits.push((whole, Target::Row(row.number)));
    }
}

impl Pen<'_> {
    /// Returns the rows that are seen, and of how many lines they are.
    fn window(&self) -> (Vec<Shown>, usize) {
        let Some((top, cursor)) = self.view.window() else {
            return self.up_from(self.view.ring.len());
        };
        let (mut rows, mut last) = (Vec::new(), top);
        while let Some(entry) = self.view.ring.get(last).filter(|_| rows.len() < self.height) {
            rows.extend(self.rows(entry));
            last += 1;
        }
        // No row stays empty while there is something above; and the line with the cursor is seen to its end.
        if rows.len() < self.height {
            return self.up_from(last);
        }
        if cursor >= last || (cursor + 1 == last && rows.len() > self.height) {
            return self.up_from(cursor + 1);
        }
        rows.truncate(self.height);
        (rows, last - top)
    }

    /// Returns the rows above an index, the last at the end; of the uppermost line the end, where it is not seen whole.
    fn up_from(&self, end: usize) -> (Vec<Shown>, usize) {
        let mut lines: Vec<Vec<Shown>> = Vec::new();
        let mut height = 0;
        for entry in (0..end).rev().map_while(|index| self.view.ring.get(index)) {
            if height >= self.height {
                break;
            }
            let rows = self.rows(entry);
            height += rows.len();
            lines.push(rows);
        }
        let count = lines.len();
        let rows = lines.into_iter().rev().flatten().skip(height.saturating_sub(self.height)).collect();
        (rows, count)
    }

    /// Returns the rows of a line: one, or as many as it takes where long ones are broken.
    fn rows(&self, entry: &Entry) -> Vec<Shown> {
        let (number, line) = (entry.number, &entry.line);
        let head = self.head(line);
        let indent = head.iter().map(|span| text::width(&span.content)).sum::<usize>();
        let room = self.room.saturating_sub(indent).max(1);
        let marks = self.marks(line);
        if !self.view.wrap {
            let message = self.cut(line, room, &marks);
            return vec![Shown { number, line: Line::from([head, message].concat()) }];
        }
        // No more of a huge line is broken than can be seen.
        let start = text::head(&line.message, room.saturating_mul(self.height + 1));
        let mut ranges = text::wrap_ranges(start, room);
        let is_cut = ranges.len() > self.height || start.len() < line.message.len();
        ranges.truncate(self.height);
        let last = ranges.len().saturating_sub(1);
        let parts = ranges.into_iter().enumerate().map(|(index, range)| {
            let mut spans = if index == 0 { head.clone() } else { vec![Span::raw(" ".repeat(indent))] };
            spans.extend(paint(&line.message, range, &marks, self.ui.theme.text));
            let mut row = Line::from(spans);
            if index == last && (is_cut || line.cut > 0) {
                row.spans.push(Span::styled(self.ui.glyphs.ellipsis, self.ui.theme.dim));
                row = crate::ui::widgets::fit_line(&row, self.room, self.ui.glyphs);
            }
            Shown { number, line: row }
        });
        parts.collect()
    }

    /// Returns what stands before the message: its time, its task, its container.
    fn head(&self, line: &LogLine) -> Vec<Span<'static>> {
        let mut spans = Vec::new();
        if let Some(time) = self.time(line) {
            spans.push(Span::styled(format!("{time} "), self.ui.theme.dim));
        }
        let task: String = line.stream.rsplit('/').next().unwrap_or("").chars().take(TASK).collect();
        spans.push(Span::styled(format!("{} ", text::pad(&task, TASK)), self.ui.theme.dim));
        if self.container > 0 {
            let name = self.view.choice().and_then(|choice| choice.container_of(line)).unwrap_or_default();
            let name = text::truncate_with(name, self.container, self.ui.glyphs.ellipsis);
            spans.push(Span::styled(format!("{} ", text::pad(&name, self.container)), self.ui.theme.key));
        }
        spans
    }

    fn time(&self, line: &LogLine) -> Option<String> {
        let zoned = || line.at.to_zoned(self.ui.zone.clone());
        match self.view.times {
            Times::Clock => Some(zoned().strftime("%H:%M:%S%.3f").to_string()),
            Times::Date => Some(zoned().strftime("%m-%d %H:%M:%S%.3f").to_string()),
            Times::Age => {
                let texts = self.ui.texts;
                Some(measure::age(texts, &words::since(texts, self.state.now, Some(line.at))))
            }
            Times::Hidden => None,
        }
    }

    /// Returns what is picked out of a line: the word for its level, and over it what is looked for.
    fn marks(&self, line: &Arc<LogLine>) -> Vec<(Range<usize>, Style)> {
        let theme = &self.ui.theme;
        let sought = self.needles.ranges(&line.message);
        let level = level(&line.message).map(|(level, range)| {
            let style = match level {
                Level::Error => theme.critical,
                Level::Warning => theme.warning,
                Level::Info => theme.ok,
                Level::Debug => theme.dim,
            };
            (range, style)
        });
        let is_free =
            |range: &Range<usize>| !sought.iter().any(|other| other.start < range.end && range.start < other.end);
        let mut marks: Vec<(Range<usize>, Style)> = level.into_iter().filter(|(range, _)| is_free(range)).collect();
        marks.extend(sought.into_iter().map(|range| (range, theme.matched)));
        marks.sort_by_key(|(range, _)| range.start);
        marks
    }

    /// Returns the part of a message that is seen where it is not broken, with a mark where there is more of it.
    fn cut(&self, line: &LogLine, room: usize, marks: &[(Range<usize>, Style)]) -> Vec<Span<'static>> {
        let Seen { before, range, is_more } = self.seen(line, room);
        let dim = self.ui.theme.dim;
        let mut spans = Vec::new();
        let is_scrolled = self.view.left > 0 && !line.message.is_empty();
        spans.extend(is_scrolled.then(|| Span::styled(self.ui.glyphs.more_left, dim)));
        spans.extend((before > 0).then(|| Span::raw(" ".repeat(before))));
        spans.extend(paint(&line.message, range, marks, self.ui.theme.text));
        if is_more {
            spans.push(Span::styled(self.ui.glyphs.more_right, dim));
        } else if line.cut > 0 {
            spans.push(Span::styled(self.ui.glyphs.ellipsis, dim));
        }
        spans
    }

    /// Returns which bytes of a message are seen in so many cells, from the cell on to which it is scrolled.
    fn seen(&self, line: &LogLine, room: usize) -> Seen {
        let message = line.message.as_str();
        // The marks of what there is to either side take a cell of their own.
        let mark = usize::from(self.view.left > 0);
        let skipped = text::head(message, self.view.left + mark);
        let missing = (self.view.left + mark).saturating_sub(text::width(skipped));
        let mut start = skipped.len();
        let mut before = 0;
        if self.view.left > 0 && missing > 0 && start < message.len() {
            // Half of a wide character would stand at the edge.
            start += text::head(&message[start..], 2).len();
            before = 2 - missing.min(2);
        }
        let start = if self.view.left > 0 { start } else { 0 };
        let room = room.saturating_sub(mark + before);
        let rest = &message[start..];
        let whole = text::head(rest, room);
        if whole.len() == rest.len() && (line.cut == 0 || text::width(whole) < room) {
            return Seen { before, range: start..message.len(), is_more: false };
        }
        let part = text::head(rest, room.saturating_sub(1));
        Seen { before, range: start..start + part.len(), is_more: true }
    }

    /// Returns how far the lines can be scrolled: on, while one of those that are seen has more to show.
    fn left_end(&self) -> usize {
        let Some((top, _)) = self.view.window().or_else(|| {
            let len = self.view.ring.len();
            Some((len.saturating_sub(self.height), len))
        }) else {
            return 0;
        };
        let is_more = |entry: &Entry| {
            let indent: usize = self.head(&entry.line).iter().map(|span| text::width(&span.content)).sum();
            self.seen(&entry.line, self.room.saturating_sub(indent).max(1)).is_more
        };
        let has_more = (top..).map_while(|index| self.view.ring.get(index)).take(self.height).any(is_more);
        self.view.left + if has_more { self.room / 2 } else { 0 }
    }
}

/// Says which part of a message is seen.
struct Seen {
    /// Cells that stay empty before it.
    before: usize,
    /// Its bytes.
    range: Range<usize>,
    /// Whether there is more of it to the right.
    is_more: bool,
}

/// Returns a part of a message in its styles.
fn paint(message: &str, part: Range<usize>, marks: &[(Range<usize>, Style)], plain: Style) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut at = part.start;
    for (range, style) in marks {
        let (start, end) = (range.start.clamp(at, part.end), range.end.clamp(at, part.end));
        if start < end {
            spans.push(Span::styled(message[at..start].to_owned(), plain));
            spans.push(Span::styled(message[start..end].to_owned(), *style));
            at = end;
        }
    }
    spans.push(Span::styled(message[at..part.end].to_owned(), plain));
    spans.retain(|span| !span.content.is_empty());
    spans
}

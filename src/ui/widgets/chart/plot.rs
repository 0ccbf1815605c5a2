//! The inside of a chart: lines behind, data over them, labels where no data is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::{cells, put};
use super::Series;
use crate::domain::text;
use crate::ui::glyphs::LineStyle;

/// Values beyond this are no measurements; the arithmetic of axes is kept clear of infinities.
const GREATEST: f64 = 1e100;

/// Returns the values of a series in so many columns of the time shown.
///
/// A point holds for its period. Points that are denser than the columns are joined, the highest of each column
/// shown; sparser ones fill the columns of their period. What no point covers stays a gap.
pub(super) fn columns(series: &Series<'_>, (start, end): (i64, i64), width: usize) -> Vec<Option<f64>> {
    let mut columns: Vec<Option<f64>> = vec![None; width];
    let span = i128::from(end) - i128::from(start);
    let count = i128::try_from(width).unwrap_or(0);
    if span <= 0 || count == 0 {
        return columns;
    }
    let period = i128::from(series.period.max(1));
    // The first column whose middle does not lie before a moment, and the one in which it lies.
    let first_middle = |at: i128| (2 * at * count + span - 1).div_euclid(2 * span);
    let within = |at: i128| (at * count).div_euclid(span);
    for &(at, value) in series.points {
        let Some(value) = value.filter(|value| value.abs() < GREATEST) else {
            continue;
        };
        let from = i128::from(at) - i128::from(start);
        let covered = if period * count <= span {
            within(from)..within(from) + 1
        } else {
            first_middle(from)..first_middle(from + period)
        };
        for column in covered.start.max(0)..covered.end.min(count) {
            let Some(slot) = usize::try_from(column).ok().and_then(|column| columns.get_mut(column)) else {
                continue;
            };
            *slot = Some(slot.map_or(value, |known| known.max(value)));
        }
    }
    columns
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ink {
    None,
    Back(&'static str, Style),
    Data { glyph: &'static str, style: Style, level: bool },
    Label,
}

/// The cells of a plot; rows count from the lowest.
pub(super) struct Plot {
    pub(super) width: usize,
    pub(super) height: usize,
    ink: Vec<Ink>,
    labels: Vec<(usize, usize, String, Style)>,
}

impl Plot {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, ink: vec![Ink::None; width * height], labels: Vec::new() }
    }

    /// Draws a glyph that data may cover.
    pub(super) fn back(&mut self, column: usize, row: usize, glyph: &'static str, style: Style) {
        if let Some(ink @ (Ink::None | Ink::Back(..))) = self.at(column, row) {
            *ink = Ink::Back(glyph, style);
        }
    }

    /// Draws a line through the rows of its columns, with gaps where there is none.
    pub(super) fn line(&mut self, rows: &[Option<usize>], line: &LineStyle, style: Style) {
        let mut before = None;
        for (column, row) in rows.iter().enumerate() {
            if let Some(row) = *row {
                match before {
                    Some(last) if last < row => self.rise(column, last, row, line, style),
                    Some(last) if last > row => self.fall(column, last, row, line, style),
                    _ => self.level(column, row, line.level, style),
                }
            }
            before = *row;
        }
    }

    fn rise(&mut self, column: usize, from: usize, to: usize, line: &LineStyle, style: Style) {
        self.data(column, from, line.closing_up, style);
        for row in from + 1..to {
            self.data(column, row, line.upright, style);
        }
        self.data(column, to, line.opening_down, style);
    }

    fn fall(&mut self, column: usize, from: usize, to: usize, line: &LineStyle, style: Style) {
        self.data(column, from, line.closing_down, style);
        for row in to + 1..from {
            self.data(column, row, line.upright, style);
        }
        self.data(column, to, line.opening_up, style);
    }

    /// Draws a level piece. Where another line runs level in the same row, both show, in turns.
    fn level(&mut self, column: usize, row: usize, glyph: &'static str, style: Style) {
        match self.at(column, row) {
            Some(Ink::Data { level: true, .. }) if column % 4 >= 2 => {}
            Some(ink) => *ink = Ink::Data { glyph, style, level: true },
            None => {}
        }
    }

    fn data(&mut self, column: usize, row: usize, glyph: &'static str, style: Style) {
        if let Some(ink) = self.at(column, row) {
            *ink = Ink::Data { glyph, style, level: false };
        }
    }

    /// Puts a label where it covers neither data nor another label, and says whether there was room.
    pub(super) fn label(&mut self, column: usize, row: usize, label: &str, style: Style) -> bool {
        let covered = column..column + text::width(label);
        if row >= self.height || covered.end > self.width || covered.is_empty() {
            return false;
        }
        let taken = |ink: &Ink| matches!(ink, Ink::Data { .. } | Ink::Label);
        let row_start = row * self.width;
        let cells = &mut self.ink[row_start + covered.start..row_start + covered.end];
        if cells.iter().any(taken) {
            return false;
        }
        cells.fill(Ink::Label);
        self.labels.push((column, row, label.to_owned(), style));
        true
    }

    fn at(&mut self, column: usize, row: usize) -> Option<&mut Ink> {
        if column >= self.width || row >= self.height {
            return None;
        }
        self.ink.get_mut(row * self.width + column)
    }

    /// Draws the plot into an area of its size.
    pub(super) fn render(&self, area: Rect, buf: &mut Buffer) {
        let y_of = |row: usize| area.bottom() - 1 - cells(row);
        for (at, ink) in self.ink.iter().enumerate() {
            if let Ink::Back(glyph, style) | Ink::Data { glyph, style, .. } = *ink {
                put(buf, area.x + cells(at % self.width), y_of(at / self.width), glyph, 1, style);
            }
        }
        for (column, row, label, style) in &self.labels {
            put(buf, area.x + cells(*column), y_of(*row), label, area.width - cells(*column), *style);
        }
    }
}

//! Values over time as lines, with both axes labelled, thresholds and the moments that may explain them.
//!
//! ```text
//!  Requests a minute                 allowed ───  blocked ┄┄┄
//!  1.2k ┤        ╭──╮    ┊v1.4.3
//!   800 ┤╭───────╯  ╰────┊──────╮       ╭───────
//!   400 ┤╯               ┊      ╰───────╯
//!     0 ┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┊┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄
//!       08:00      08:20      08:40      09:00
//! ```
//!
//! Box-drawing lines were chosen over braille dots: solid, dashed and dotted lines can be told apart without colour
//! and followed by eye, and every value lies on a row whose label can be read off.

mod axis;
mod plot;
mod unit;

#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use self::axis::{ValueAxis, time_labels};
use self::plot::{Plot, columns};
use super::sparkline::{self, sparkline};
use super::{cells, fit, fit_line, line_width, put, put_line};
use crate::domain::text;
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::Theme;

pub use unit::Unit;

/// Below so many rows or columns a chart is drawn as sparklines.
const SMALLEST: (u16, u16) = (24, 6);

/// Below so many columns nothing is labelled inside: a label would stand where one looks for the curve.
const LABELLED: u16 = 45;

/// Marks without a place in the plot that the legend has room for.
const MARKS_IN_LEGEND: usize = 2;

/// How much higher than the data a threshold may lie and still have the axis stretched to it.
const STRETCH: f64 = 4.0;

/// One line of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// What it is, for the legend.
    pub label: &'a str,
    /// The values at their times in Unix seconds, in any order. A missing value is a gap, as is a missing point.
    pub points: &'a [(i64, Option<f64>)],
    /// For how many seconds a point holds: the metric's period.
    pub period: i64,
}

/// A value that matters: where an alarm goes off.
#[derive(Debug, Clone, Copy)]
pub struct Threshold<'a> {
    /// The value, in the chart's unit.
    pub value: f64,
    /// What it is.
    pub label: &'a str,
}

/// A moment that matters: a deployment.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// When, in Unix seconds.
    pub at: i64,
    /// What it is.
    pub label: &'a str,
}

/// Which values the axis spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// From 0 to what is there: heights can be compared.
    Zero,
    /// From one value to another, whatever is there; what lies beyond is drawn at the edge.
    Fixed(f64, f64),
}

/// Values over time.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// What is shown, with its unit where the labels do not say it: `Requests a minute`.
    pub title: &'a str,
    /// The lines; the first lies on top. Beyond four, styles repeat.
    pub series: &'a [Series<'a>],
    /// Values to draw a level line at.
    pub thresholds: &'a [Threshold<'a>],
    /// Moments to draw an upright line at.
    pub marks: &'a [Mark<'a>],
    /// The first moment shown, in Unix seconds.
    pub start: i64,
    /// The moment behind the last one shown.
    pub end: i64,
    /// What the values are counted in.
    pub unit: Unit,
    /// Which values the axis spans.
    pub scale: Scale,
    /// The time zone of the labels.
    pub zone: &'a TimeZone,
    /// What is said where there is no value at all.
    pub empty: &'a str,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
}

impl Chart<'_> {
    /// Draws the chart; where there is no room for one, a sparkline a series with its least and greatest value.
    pub fn render(&self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let values = self.columns(usize::from(area.width));
        if values.iter().flatten().flatten().next().is_none() {
            self.render_empty(area, buf);
        } else if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            self.render_small(area, buf);
        } else {
            self.render_full(area, buf);
        }
    }

    /// Returns the values of every series in so many columns.
    fn columns(&self, width: usize) -> Vec<Vec<Option<f64>>> {
        let columns = |series: &Series<'_>| columns(series, (self.start, self.end), width);
        self.series.iter().map(columns).collect()
    }

    fn render_empty(&self, area: Rect, buf: &mut Buffer) {
        let body = self.render_title(area, &[], buf);
        let room = usize::from(body.width.saturating_sub(2));
        let lines = text::wrap(self.empty, room);
        let top = body.y + body.height.saturating_sub(cells(lines.len())) / 2;
        for (line, y) in lines.into_iter().zip(top..body.bottom()) {
            put(buf, body.x + 1, y, line, cells(room), self.theme.dim);
        }
    }

    fn render_full(&self, area: Rect, buf: &mut Buffer) {
        let height = usize::from(area.height - 2);
        // How wide the labels are depends on the values, and how these are joined depends on the room left: the
        // first pass finds the labels, the second the values.
        let guess = self.value_axis(&self.columns(usize::from(area.width)), height);
        let gutter = cells(guess.label_width()) + 2;
        let width = usize::from(area.width.saturating_sub(gutter + 1));
        let values = self.columns(width);
        let axis = self.value_axis(&values, height);

        let mut plot = Plot::new(width, height);
        self.draw_lines(&mut plot, &axis, &values);
        let unplaced = if area.width < LABELLED { Vec::new() } else { self.place_labels(&mut plot, &axis) };

        let body = self.render_title(area, &unplaced, buf);
        let place = Rect { x: area.x + gutter, width: cells(width), height: cells(height), ..body };
        plot.render(place, buf);
        self.render_value_axis(&axis, place, gutter, buf);
        self.render_time_axis(place, area, buf);
    }

    /// Returns an axis that spans the values, and the thresholds that are not far above them.
    fn value_axis(&self, values: &[Vec<Option<f64>>], rows: usize) -> ValueAxis {
        let known = || values.iter().flatten().flatten().copied();
        let (low, high) = match self.scale {
            Scale::Fixed(low, high) => (low, high),
            Scale::Zero => {
                let greatest = known().fold(0.0, f64::max);
                let near = self.thresholds.iter().map(|threshold| threshold.value);
                let near = near.filter(|&value| greatest <= 0.0 || value <= greatest * STRETCH);
                (known().fold(0.0, f64::min), near.fold(greatest, f64::max))
            }
        };
        let whole = self.unit == Unit::Count && known().all(|value| value.fract() == 0.0);
        ValueAxis::new(low, high, rows, self.unit, whole)
    }

    /// Draws marks, thresholds and series, each over the one before; the first series on top.
    fn draw_lines(&self, plot: &mut Plot, axis: &ValueAxis, values: &[Vec<Option<f64>>]) {
        let width = plot.width;
        for column in self.marks.iter().filter_map(|mark| self.column_of(mark.at, width)) {
            for row in 0..plot.height {
                plot.back(column, row, self.glyphs.mark, self.theme.chart.mark);
            }
        }
        for row in self.thresholds.iter().filter_map(|threshold| axis.row_within(threshold.value)) {
            for column in 0..plot.width {
                plot.back(column, row, self.glyphs.threshold, self.theme.chart.threshold);
            }
        }
        for (index, values) in values.iter().enumerate().rev() {
            let rows: Vec<_> = values.iter().map(|value| value.map(|value| axis.row(value))).collect();
            plot.line(&rows, &self.glyphs.lines[index % 4], self.theme.chart.series[index % 4]);
        }
    }

    /// Puts the labels of thresholds and marks where no data is, and returns those for which there is no place.
    fn place_labels(&self, plot: &mut Plot, axis: &ValueAxis) -> Vec<Span<'_>> {
        let mut unplaced = Vec::new();
        for Threshold { value, label } in self.thresholds {
            let style = self.theme.chart.threshold;
            let placed = match axis.row_within(*value) {
                Some(row) => [Some(row), row.checked_add(1), row.checked_sub(1)].into_iter().flatten().any(|row| {
                    let right = (plot.width + 1).saturating_sub(text::width(label) + 2);
                    [right, 0].into_iter().any(|column| plot.label(column, row, &format!(" {label}"), style))
                }),
                None if *value > axis.high() => {
                    let label = format!("{} {label}", self.glyphs.above);
                    plot.label(plot.width.saturating_sub(text::width(&label)), plot.height - 1, &label, style)
                }
                None => false,
            };
            if !placed {
                unplaced.push(Span::styled(format!("{} {label}", self.glyphs.threshold), style));
            }
        }
        let mut marks_in_legend = 0;
        // The latest first: where there is little room it is the one that is asked for.
        for Mark { at, label } in self.marks.iter().rev() {
            let style = self.theme.chart.mark;
            let Some(column) = self.column_of(*at, plot.width) else {
                continue;
            };
            let places = (0..plot.height.min(4)).flat_map(|down| {
                let row = plot.height - 1 - down;
                [Some((column + 1, row)), column.checked_sub(text::width(label)).map(|left| (left, row))]
            });
            let candidates = places.flatten().collect::<Vec<_>>();
            let placed = candidates.into_iter().any(|(column, row)| plot.label(column, row, label, style));
            if !placed && marks_in_legend < MARKS_IN_LEGEND {
                marks_in_legend += 1;
                unplaced.push(Span::styled(format!("{} {label}", self.glyphs.mark), style));
            }
        }
        unplaced
    }

    /// Returns the column of a moment, if it is shown.
    fn column_of(&self, at: i64, width: usize) -> Option<usize> {
        axis::column_of(at, (self.start, self.end), width)
    }

    /// Draws the title and, at its right, the legend; returns the area below.
    fn render_title(&self, area: Rect, unplaced: &[Span<'_>], buf: &mut Buffer) -> Rect {
        let room = usize::from(area.width.saturating_sub(2));
        let title_width = text::width(self.title).min(room);
        let legend = [3, 1]
            .map(|sample| self.legend(sample, unplaced))
            .into_iter()
            .find(|legend| title_width + 2 + line_width(legend) <= room)
            .unwrap_or_else(|| {
                let least = title_width.min(12);
                fit_line(&self.legend(1, unplaced), room.saturating_sub(least + 2), self.glyphs)
            });
        let legend_width = line_width(&legend);
        let gap = if legend_width > 0 { 2 } else { 0 };
        let title = fit(self.title, room.saturating_sub(legend_width + gap), self.glyphs);
        put(buf, area.x + 1, area.y, &title, cells(room), self.theme.title);
        let at = area.right().saturating_sub(cells(legend_width) + 1);
        put_line(buf, at, area.y, &legend, cells(legend_width));
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }

    /// Returns each series' name with a sample of its line, and what found no place in the plot.
    fn legend(&self, sample: usize, unplaced: &[Span<'_>]) -> Line<'_> {
        let mut spans: Vec<Span<'_>> = Vec::new();
        for (index, series) in self.series.iter().enumerate().filter(|(_, series)| !series.label.is_empty()) {
            let line = self.glyphs.lines[index % 4].level.repeat(sample);
            spans.push(Span::styled(if spans.is_empty() { "" } else { "  " }, self.theme.text));
            spans.push(Span::styled(format!("{} ", series.label), self.theme.text));
            spans.push(Span::styled(line, self.theme.chart.series[index % 4]));
        }
        for span in unplaced {
            let gap = if spans.is_empty() { "" } else { "  " };
            spans.push(Span::styled(format!("{gap}{}", span.content), span.style));
        }
        Line::from(spans)
    }

    fn render_value_axis(&self, axis: &ValueAxis, place: Rect, gutter: u16, buf: &mut Buffer) {
        let style = self.theme.chart.axis;
        let [plain, tick] = self.glyphs.axis;
        for y in place.top()..place.bottom() {
            put(buf, place.x - 1, y, plain, 1, style);
        }
        for (row, label) in axis.ticks() {
            let y = place.bottom() - 1 - cells(row);
            let label = text::pad_left(&label, usize::from(gutter - 2));
            put(buf, place.x - gutter, y, &label, gutter - 2, style);
            put(buf, place.x - 1, y, tick, 1, style);
        }
    }

    /// Draws the times below the plot, each centred under its column, as far as they do not touch.
    fn render_time_axis(&self, place: Rect, area: Rect, buf: &mut Buffer) {
        let mut free = area.x;
        for (at, label) in time_labels(self.start, self.end, self.zone, usize::from(place.width)) {
            let Some(column) = self.column_of(at, usize::from(place.width)) else {
                continue;
            };
            let width = cells(text::width(&label));
            let x = (place.x + cells(column)).saturating_sub(width / 2).max(area.x);
            if x >= free && x + width <= area.right() {
                put(buf, x, place.bottom(), &label, width, self.theme.chart.axis);
                free = x + width + 2;
            }
        }
    }

    /// Draws a sparkline a series, its name before it and its least and greatest value behind.
    fn render_small(&self, area: Rect, buf: &mut Buffer) {
        let untitled = area.height == 1 || self.title.is_empty();
        let body = if untitled { area } else { self.render_title_only(area, buf) };
        let scale = match self.scale {
            Scale::Fixed(_, high) => sparkline::Scale::Max(high),
            Scale::Zero => sparkline::Scale::Auto,
        };
        for ((index, series), y) in self.series.iter().enumerate().zip(body.top()..body.bottom()) {
            let values = columns(series, (self.start, self.end), usize::from(area.width));
            let known = || values.iter().flatten().copied();
            let extent = match (known().reduce(f64::min), known().reduce(f64::max)) {
                (Some(least), Some(most)) => {
                    format!("{}-{}", self.unit.format(least), self.unit.format(most))
                }
                _ => fit(self.empty, usize::from(area.width / 2), self.glyphs).into_owned(),
            };
            let label = fit(series.label, usize::from(area.width / 3), self.glyphs);
            let x = put(buf, body.x + 1, y, &label, body.width, self.theme.text);
            let x = x + u16::from(!label.is_empty());
            let room = body.right().saturating_sub(x + cells(text::width(&extent)) + 2);
            let bars = sparkline(
                &columns(series, (self.start, self.end), usize::from(room)),
                usize::from(room),
                scale,
                self.glyphs,
            );
            let x = put(buf, x, y, &bars, room, self.theme.chart.series[index % 4]);
            put(buf, x + 1, y, &extent, body.right().saturating_sub(x + 2), self.theme.dim);
        }
    }

    fn render_title_only(&self, area: Rect, buf: &mut Buffer) -> Rect {
        let room = usize::from(area.width.saturating_sub(2));
        put(buf, area.x + 1, area.y, &fit(self.title, room, self.glyphs), cells(room), self.theme.title);
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }
}

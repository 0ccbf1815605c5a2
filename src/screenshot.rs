//! A frame as a picture: an SVG that looks like a terminal, the same on every run.
//!
//! Text stays text, placed run by run at exact columns and held to its width, so that no font makes the columns
//! drift; frames, bars and braille dots are drawn as shapes, so that their lines join whatever the font.

mod palette;
mod shapes;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::layout::Position;
use ratatui::style::Modifier;

use self::palette::{BACKGROUND, CURSOR, FOREGROUND, FRAME, Rgb, TITLE};

/// The size of a cell in the picture's units; a wide character's em is two cells, as in the fonts named below.
const CELL_WIDTH: usize = 8;
const CELL_HEIGHT: usize = 19;
const FONT_SIZE: usize = 16;

/// Where the baseline lies below a cell's top.
const BASELINE: usize = 15;

/// The room around the cells, and the height of the title bar.
const MARGIN: usize = 12;
const TITLE_BAR: usize = 28;

const FONTS: &str = "'Noto Sans Mono CJK JP','DejaVu Sans Mono',monospace";

/// The size and fonts of arrows, marks and shapes, which fonts for Japanese draw two cells wide.
const SYMBOL_SIZE: usize = 13;
const SYMBOL_FONTS: &str = "'DejaVu Sans Mono',monospace";

/// What the picture has beside the frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The window's title; without one there is no title bar.
    pub title: String,
    /// Where the cursor shows, if it does.
    pub cursor: Option<Position>,
}

/// Returns a frame as an SVG document.
pub fn svg(buffer: &Buffer, options: &Options) -> String {
    let columns = usize::from(buffer.area.width);
    let rows = usize::from(buffer.area.height);
    let top = if options.title.is_empty() { MARGIN } else { MARGIN + TITLE_BAR };
    let width = columns * CELL_WIDTH + 2 * MARGIN;
    let height = rows * CELL_HEIGHT + top + MARGIN;
    let mut picture = Picture::default();
    for row in 0..rows {
        picture.add_row(buffer, row, options.cursor);
    }
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\" stroke=\"{FRAME}\"/>\n"
    );
    if !options.title.is_empty() {
        out.push_str(&title_bar(&options.title, width));
    }
    let _ = writeln!(out, "<g transform=\"translate({MARGIN},{top})\">");
    picture.write(&mut out);
    out.push_str("</g>\n</svg>\n");
    out
}

fn title_bar(title: &str, width: usize) -> String {
    let title = text::escape(&crate::domain::text::truncate(title, width / CELL_WIDTH / 2));
    let (middle, baseline) = (width / 2, MARGIN + 7);
    format!(
        "<text x=\"{middle}\" y=\"{baseline}\" fill=\"{TITLE}\" font-family=\"{FONTS}\" font-size=\"13\" \
         text-anchor=\"middle\">{title}</text>\n\
         <path d=\"M0 {TITLE_BAR}.5H{width}\" stroke=\"{FRAME}\"/>\n"
    )
}

/// The parts of a picture, in the order in which they are painted.
#[derive(Default)]
struct Picture {
    backgrounds: String,
    shapes: BTreeMap<(Rgb, shapes::Paint), String>,
    lines: BTreeMap<Rgb, String>,
    texts: String,
    symbols: String,
}

/// How a cell is drawn once colours, reverse and dim have been worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    foreground: Rgb,
    background: Rgb,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell, is_cursor: bool) -> Self {
        let mut foreground = palette::foreground(cell.fg);
        let mut background = palette::background(cell.bg);
        let modifier = cell.modifier;
        if modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut foreground, &mut background);
        }
        if is_cursor {
            (foreground, background) = (background, CURSOR);
        }
        if modifier.contains(Modifier::DIM) {
            foreground = foreground.mixed_with(background);
        }
        let shown = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::CROSSED_OUT | Modifier::HIDDEN;
        Self { foreground, background, modifier: modifier & shown }
    }
}

impl Picture {
    fn add_row(&mut self, buffer: &Buffer, row: usize, cursor: Option<Position>) {
        let mut run = text::Run::default();
        let mut background: Option<(Rgb, usize, usize)> = None;
        let columns = usize::from(buffer.area.width);
        let mut column = 0;
        while column < columns {
            let cell = &buffer.content[row * columns + column];
            let width = usize::from(cell.cell_width()).clamp(1, columns - column);
            let here = buffer.pos_of(row * columns + column);
            let look = Look::of(cell, cursor.is_some_and(|at| (at.x, at.y) == here));
            background = match background {
                Some((color, from, _)) if color == look.background => Some((color, from, column + width)),
                other => {
                    self.add_background(other, row);
                    Some((look.background, column, column + width))
                }
            };
            if look.modifier.contains(Modifier::HIDDEN) {
                self.end_run(&mut run, row);
            } else {
                self.add_cell(&mut run, cell.symbol(), look, (column, row), width);
            }
            column += width;
        }
        self.add_background(background, row);
        self.end_run(&mut run, row);
    }

    fn add_background(&mut self, run: Option<(Rgb, usize, usize)>, row: usize) {
        let Some((color, from, to)) = run.filter(|(color, ..)| *color != BACKGROUND) else { return };
        let (x, y, width) = (from * CELL_WIDTH, row * CELL_HEIGHT, (to - from) * CELL_WIDTH);
        let _ = writeln!(
            self.backgrounds,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{CELL_HEIGHT}\" fill=\"{color}\"/>"
        );
    }

    fn add_cell(&mut self, run: &mut text::Run, symbol: &str, look: Look, at: (usize, usize), width: usize) {
        let (x, y) = (at.0 * CELL_WIDTH, at.1 * CELL_HEIGHT);
        self.add_lines(look, x, y, width);
        if let Some((paint, path)) = shapes::shape(symbol, x, y, look.modifier.contains(Modifier::BOLD)) {
            self.end_run(run, at.1);
            self.shapes.entry((look.foreground, paint)).or_default().push_str(&path);
            return;
        }
        if !run.takes(symbol, look, at.0, width) {
            self.end_run(run, at.1);
        }
        run.push(symbol, look, at.0, width);
    }

    /// Draws underlines and strikes as lines of their own, which also run under spaces.
    fn add_lines(&mut self, look: Look, x: usize, y: usize, width: usize) {
        let heights = [(Modifier::UNDERLINED, y + BASELINE + 2), (Modifier::CROSSED_OUT, y + CELL_HEIGHT / 2)];
        for (_, y) in heights.into_iter().filter(|(modifier, _)| look.modifier.contains(*modifier)) {
            let line = self.lines.entry(look.foreground).or_default();
            let _ = write!(line, "M{x} {y}.5h{}", width * CELL_WIDTH);
        }
    }

    fn end_run(&mut self, run: &mut text::Run, row: usize) {
        let run = std::mem::take(run);
        let group = if run.is_symbol() { &mut self.symbols } else { &mut self.texts };
        group.push_str(&run.element(row));
    }

    fn write(self, out: &mut String) {
        out.push_str(&self.backgrounds);
        for ((color, paint), path) in self.shapes {
            let _ = writeln!(out, "<path d=\"{path}\" {}/>", paint.attributes(color));
        }
        for (color, path) in self.lines {
            let _ = writeln!(out, "<path d=\"{path}\" stroke=\"{color}\"/>");
        }
        for (fonts, size, texts) in [(FONTS, FONT_SIZE, self.texts), (SYMBOL_FONTS, SYMBOL_SIZE, self.symbols)] {
            if !texts.is_empty() {
                let _ = writeln!(
                    out,
                    "<g font-family=\"{fonts}\" font-size=\"{size}\" fill=\"{FOREGROUND}\" xml:space=\"preserve\" \
                     style=\"white-space:pre;font-variant-ligatures:none\">\n{texts}</g>"
                );
            }
        }
    }
}

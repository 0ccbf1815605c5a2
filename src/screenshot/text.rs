//! Runs of text: one style, exact columns, held to their width.

use std::fmt::Write;

use ratatui::style::Modifier;

use super::{BASELINE, CELL_HEIGHT, CELL_WIDTH, Look};
use crate::screenshot::palette::FOREGROUND;

/// What kind of characters a run has: only those of one kind keep their distances in every font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// Printable ASCII, one cell each.
    #[default]
    Plain,
    /// Characters of two cells that the fonts draw as wide.
    Wide,
    /// Anything else of one cell: a mark, an arrow, a letter of another script. Each stands alone.
    Symbol,
    /// Anything else, which takes what room its font gives it.
    Alone,
}

/// A run of text that grows cell by cell.
#[derive(Debug, Default)]
pub(super) struct Run {
    text: String,
    kind: Kind,
    look: Option<Look>,
    from: usize,
    to: usize,
    spaces: usize,
}

impl Run {
    /// Says whether a cell goes on with this run: the same look and kind, the next column, one space between at most.
    pub(super) fn takes(&self, symbol: &str, look: Look, column: usize, width: usize) -> bool {
        let same = self.look == Some(look) && self.to == column;
        match kind(symbol, width) {
            Kind::Plain if symbol == " " => same && self.kind == Kind::Plain && self.spaces == 0,
            Kind::Symbol | Kind::Alone => false,
            kind => same && self.kind == kind,
        }
    }

    /// Says whether the run is a symbol, which has fonts of its own.
    pub(super) fn is_symbol(&self) -> bool {
        self.kind == Kind::Symbol
    }

    pub(super) fn push(&mut self, symbol: &str, look: Look, column: usize, width: usize) {
        let is_space = symbol.trim_matches(' ').is_empty();
        if self.text.is_empty() {
            if is_space {
                return;
            }
            self.from = column;
            self.kind = kind(symbol, width);
            self.look = Some(look);
        }
        self.text.push_str(symbol);
        self.to = column + width;
        self.spaces = if is_space { self.spaces + 1 } else { 0 };
    }

    /// Returns the run as an element of the given row, or nothing where it has no text.
    pub(super) fn element(mut self, row: usize) -> String {
        self.to -= self.spaces;
        self.text.truncate(self.text.len() - self.spaces);
        let Some(look) = self.look.filter(|_| !self.text.is_empty()) else { return String::new() };
        let (x, y) = (self.from * CELL_WIDTH, row * CELL_HEIGHT + BASELINE);
        let mut element = format!("<text x=\"{x}\" y=\"{y}\"");
        if look.foreground != FOREGROUND {
            let _ = write!(element, " fill=\"{}\"", look.foreground);
        }
        if look.modifier.contains(Modifier::BOLD) {
            element.push_str(" font-weight=\"bold\"");
        }
        if look.modifier.contains(Modifier::ITALIC) {
            element.push_str(" font-style=\"italic\"");
        }
        let length = (self.to - self.from) * CELL_WIDTH;
        let text = escape(&self.text);
        let _ = writeln!(element, " textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>");
        element
    }
}

fn kind(symbol: &str, width: usize) -> Kind {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(' '..='~'), None) => Kind::Plain,
        (Some('\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff01}'..='\u{ff60}'), None) if width == 2 => {
            Kind::Wide
        }
        _ if width == 1 => Kind::Symbol,
        _ => Kind::Alone,
    }
}

/// Returns text as XML may hold it: markup escaped, and what XML 1.0 forbids left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

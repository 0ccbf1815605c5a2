//! Text from outside made safe, and text of ours made to fit.
//!
//! Names, reasons, log lines and event messages come from accounts that others write to. A terminal obeys what
//! it is sent, so such text passes [`clean()`] or [`clean_lines`] once, on its way in, and never reaches a cell raw.
//!
//! Everything here counts in *cells*, the columns of a terminal: `web` is three, `関所` is four. A cluster of
//! characters that is drawn as one (an emoji sequence, a letter with its accents) is never split. Characters whose
//! width East Asian terminals disagree on ([UAX #11], class A) count as one cell, as the drawing library counts
//! them; a terminal that draws them two cells wide is served by glyphs that avoid them.
//!
//! [UAX #11]: https://www.unicode.org/reports/tr11/

mod clean;
mod wrap;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use clean::{clean, clean_lines};
pub use wrap::{wrap, wrap_ranges};

/// The mark that stands for what was left out.
pub const ELLIPSIS: &str = "…";

/// Returns how many cells a text takes on one line.
///
/// Control characters take none: they are not drawn. The half-width voiced and semi-voiced sound marks (U+FF9E,
/// U+FF9F) take a cell of their own, as terminals draw them, although Unicode calls them combining.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// Returns the text cut to at most `cells`, with `…` where something was left out.
///
/// What fits is returned as it is. A wide character that would straddle the edge is left out whole, so the result
/// may be a cell short; [`pad`] fills it up.
pub fn truncate(text: &str, cells: usize) -> Cow<'_, str> {
    truncate_with(text, cells, ELLIPSIS)
}

/// Returns the text cut to at most `cells`, with the given mark where something was left out.
///
/// Where the mark itself does not fit, the text is cut without one.
pub fn truncate_with<'a>(text: &'a str, cells: usize, mark: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let mark_width = width(mark);
    if mark_width > cells {
        return Cow::Borrowed(head(text, cells));
    }
    Cow::Owned(format!("{}{mark}", head(text, cells - mark_width)))
}

/// Returns the text cut in its middle to at most `cells`, with `…` where something was left out.
///
/// For ARNs and image names, whose end says more than their middle: the tail gets the odd cell.
pub fn truncate_middle(text: &str, cells: usize) -> Cow<'_, str> {
    truncate_middle_with(text, cells, ELLIPSIS)
}

/// Returns the text cut in its middle to at most `cells`, with the given mark where something was left out.
pub fn truncate_middle_with<'a>(text: &'a str, cells: usize, mark: &str) -> Cow<'a, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let mark_width = width(mark);
    if mark_width + 2 > cells {
        return truncate_with(text, cells, mark);
    }
    let room = cells - mark_width;
    Cow::Owned(format!("{}{mark}{}", head(text, room / 2), tail(text, room - room / 2)))
}

/// Returns the text in exactly `cells`, cut or filled with spaces on its right.
pub fn pad(text: &str, cells: usize) -> String {
    let cut = truncate(text, cells);
    let missing = cells - width(&cut);
    format!("{cut}{:missing$}", "")
}

/// Returns the text in exactly `cells`, cut or filled with spaces on its left: for numbers.
pub fn pad_left(text: &str, cells: usize) -> String {
    let cut = truncate(text, cells);
    let missing = cells - width(&cut);
    format!("{:missing$}{cut}", "")
}

/// Returns the longest beginning that takes at most `cells`, never half a character.
pub fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme_width(grapheme);
        if used > cells {
            return &text[..at];
        }
    }
    text
}

/// Returns the longest end that takes at most `cells`, never half a character.
pub fn tail(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme_width(grapheme);
        if used > cells {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

/// Says whether every byte is a printable ASCII character, one cell each.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Returns the cells of one grapheme cluster, counted as the drawing library counts them.
fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    let sound_marks = grapheme.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count();
    grapheme.width() + sound_marks
}

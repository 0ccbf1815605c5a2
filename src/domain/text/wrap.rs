//! Lines broken where a reader would break them, Japanese included.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::grapheme_width;

/// Characters that do not begin a line (JIS X 4051, 行頭禁則文字): they hang on to what they follow.
const NOT_AT_START: &str =
    "、。，．・：；？！゛゜ヽヾゝゞ々ー）］｝〕〉》」』】ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ)]},.:;?!%";

/// Characters that do not end a line (JIS X 4051, 行末禁則文字): they move down with what they open.
const NOT_AT_END: &str = "（［｛〔〈《「『【([{";

/// Returns the text as lines of at most `cells`, broken at spaces and between wide characters.
///
/// `\n` always breaks. A word longer than a line is cut; a character wider than `cells` gets a line of its own, as
/// nothing may be lost. Punctuation does not begin a line where the character before it can come along.
pub fn wrap(text: &str, cells: usize) -> Vec<&str> {
    wrap_ranges(text, cells).into_iter().map(|range| &text[range]).collect()
}

/// Returns the byte ranges of the lines that [`wrap`] makes: for text whose parts have styles.
pub fn wrap_ranges(text: &str, cells: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        let visible = paragraph.strip_suffix('\r').unwrap_or(paragraph);
        wrap_paragraph(visible, start, cells.max(1), &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

/// Breaks one paragraph that stands at byte `base` of the whole.
fn wrap_paragraph(text: &str, base: usize, cells: usize, lines: &mut Vec<Range<usize>>) {
    let graphemes: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
    let mut first = 0;
    while first < graphemes.len() {
        let fitting = fitting(&graphemes[first..], cells);
        let mut next = first + fitting;
        if next < graphemes.len() {
            next = first + break_point(&graphemes[first..], fitting);
        }
        let from = graphemes[first].0;
        let to = graphemes.get(next).map_or(text.len(), |&(at, _)| at);
        let end = if next < graphemes.len() { from + text[from..to].trim_end_matches(' ').len() } else { to };
        lines.push(base + from..base + end);
        first = next;
        while first < graphemes.len() && graphemes[first].1 == " " {
            first += 1;
        }
    }
    if graphemes.is_empty() {
        lines.push(base..base);
    }
}

/// Returns how many graphemes fit into the cells, at least one.
fn fitting(graphemes: &[(usize, &str)], cells: usize) -> usize {
    let mut used = 0;
    let count = graphemes
        .iter()
        .take_while(|(_, grapheme)| {
            used += grapheme_width(grapheme);
            used <= cells
        })
        .count();
    count.max(1)
}

/// Returns where to break a line into which `fitting` graphemes fit: the last good place, or there.
fn break_point(graphemes: &[(usize, &str)], fitting: usize) -> usize {
    (1..=fitting).rev().find(|&at| may_break(graphemes[at - 1].1, graphemes[at].1)).unwrap_or(fitting)
}

/// Says whether a line may end after `before` and the next begin with `after`.
fn may_break(before: &str, after: &str) -> bool {
    if after == " " {
        return true;
    }
    if NOT_AT_START.contains(after) || NOT_AT_END.contains(before) {
        return false;
    }
    before == " " || grapheme_width(before) > 1 || grapheme_width(after) > 1
}

//! What came from outside, without what a terminal would obey or a reader could not see.

use std::iter::Peekable;
use std::str::Chars;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// How many marks without a width may follow each other: more is a pile to overflow a line with, not a script.
const MARKS_IN_A_ROW: usize = 4;

/// What is shown for a control character that stands alone: one cell in every terminal and every font.
const STAND_IN: char = '?';

/// Returns text from outside as one safe line of at most `max_chars` characters, a final `…` included.
///
/// - Escape sequences (CSI, OSC, DCS, SOS, PM, APC and the short ones of [ECMA-48], in 7 and 8 bits) are removed
///   whole. A string that never ends hides nothing: only its introducer goes, the rest is shown.
/// - Line breaks, line and paragraph separators and tabs become a space, as do no-break and typographic spaces.
/// - Any other control character becomes `?`: that something stood there stays visible.
/// - What Unicode calls default ignorable ([UAX #44]) is removed: bidirectional overrides and isolates, zero-width
///   characters, Hangul fillers, tags, interlinear annotation; and so are object replacements and noncharacters.
///   A zero-width joiner stays between two emoji; variation selectors stay, as names in Japanese need them.
/// - Of combining marks in a row the first four stay; those before any character to combine with go.
///
/// [ECMA-48]: https://ecma-international.org/publications-and-standards/standards/ecma-48/
/// [UAX #44]: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
pub fn clean(text: &str, max_chars: usize) -> String {
    sanitize(text, max_chars, false)
}

/// Returns text from outside as safe lines of at most `max_chars` characters together, a final `…` included.
///
/// As [`clean`], but line breaks stay, each as one `\n`; `\r\n` counts as one.
pub fn clean_lines(text: &str, max_chars: usize) -> String {
    sanitize(text, max_chars, true)
}

fn sanitize(text: &str, max_chars: usize, keep_lines: bool) -> String {
    let mut output = Output::new(max_chars, keep_lines);
    let mut input = text.chars().peekable();
    while let Some(c) = input.next() {
        if output.is_full() {
            break;
        }
        match c {
            '\u{1b}' => match skip_escape(&mut input) {
                Escape::Whole => {}
                Escape::Alone => output.push(STAND_IN),
            },
            '\u{9b}' => skip_csi(&mut input),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut input),
            '\r' => {
                input.next_if_eq(&'\n');
                output.break_line();
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => output.break_line(),
            '\t' => output.push(' '),
            '\u{200d}' => output.join(input.peek().copied()),
            c if c.is_control() => output.push(STAND_IN),
            c if is_unseen(c) => {}
            c if is_space(c) => output.push(' '),
            c => output.push(c),
        }
    }
    output.finish()
}

/// The text as it grows, bounded while it grows: a hundred megabytes in cost no more than what is kept.
struct Output {
    text: String,
    chars: usize,
    max_chars: usize,
    keep_lines: bool,
    last: Option<char>,
    marks: usize,
}

impl Output {
    fn new(max_chars: usize, keep_lines: bool) -> Self {
        Self { text: String::new(), chars: 0, max_chars, keep_lines, last: None, marks: 0 }
    }

    /// Says whether one character more than allowed is there, which is enough to know that a cut is needed.
    fn is_full(&self) -> bool {
        self.chars > self.max_chars
    }

    fn push(&mut self, c: char) {
        if c.width() == Some(0) {
            self.marks += 1;
            if self.last.is_none() || self.marks > MARKS_IN_A_ROW {
                return;
            }
        } else {
            self.marks = 0;
        }
        self.append(c);
    }

    fn break_line(&mut self) {
        if self.keep_lines {
            self.append('\n');
            self.last = None;
        } else {
            self.push(' ');
        }
    }

    /// Keeps a zero-width joiner, where it does join two emoji.
    fn join(&mut self, next: Option<char>) {
        if self.last.is_some_and(is_emoji_part) && next.is_some_and(is_emoji_part) {
            self.append('\u{200d}');
        }
    }

    fn append(&mut self, c: char) {
        self.text.push(c);
        self.chars += 1;
        self.last = Some(c);
    }

    fn finish(self) -> String {
        if !self.is_full() {
            return self.text;
        }
        if self.max_chars == 0 {
            return String::new();
        }
        let mut kept = 0;
        let mut end = 0;
        for (at, grapheme) in self.text.grapheme_indices(true) {
            kept += grapheme.chars().count();
            if kept > self.max_chars - 1 {
                break;
            }
            end = at + grapheme.len();
        }
        format!("{}…", &self.text[..end])
    }
}

enum Escape {
    Whole,
    Alone,
}

/// Skips what belongs to an ESC that was just read.
fn skip_escape(input: &mut Peekable<Chars<'_>>) -> Escape {
    match input.peek() {
        Some('[') => {
            input.next();
            skip_csi(input);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            input.next();
            skip_string(input);
        }
        Some(' '..='/') => {
            while input.next_if(|c| (' '..='/').contains(c)).is_some() {}
            input.next_if(|c| ('0'..='~').contains(c));
        }
        Some('0'..='~') => {
            input.next();
        }
        _ => return Escape::Alone,
    }
    Escape::Whole
}

/// Skips parameters, intermediates and the final byte of a control sequence; what is no part of one stays.
fn skip_csi(input: &mut Peekable<Chars<'_>>) {
    while input.next_if(|c| ('0'..='?').contains(c)).is_some() {}
    while input.next_if(|c| (' '..='/').contains(c)).is_some() {}
    input.next_if(|c| ('@'..='~').contains(c));
}

/// Skips a control string up to its terminator, or nothing where it has none on its line.
fn skip_string(input: &mut Peekable<Chars<'_>>) {
    let mut ahead = input.clone();
    while let Some(c) = ahead.next() {
        match c {
            '\u{7}' | '\u{9c}' => {
                *input = ahead;
                return;
            }
            '\u{1b}' => {
                if ahead.next_if_eq(&'\\').is_some() {
                    *input = ahead;
                }
                return;
            }
            '\n' | '\r' | '\u{18}' | '\u{1a}' => return,
            _ => {}
        }
    }
}

/// Says whether a character is drawn as nothing, or as a stand-in that says nothing.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
        || is_noncharacter(c)
}

fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

/// Says whether a character is a space of one cell or less; the ideographic space has two, and stays.
fn is_space(c: char) -> bool {
    c != '\u{3000}' && c.is_whitespace()
}

/// Says whether a character may stand beside a joiner in an emoji sequence ([UTS #51], roughly its blocks).
///
/// [UTS #51]: https://www.unicode.org/reports/tr51/
fn is_emoji_part(c: char) -> bool {
    matches!(c,
        '\u{fe0f}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

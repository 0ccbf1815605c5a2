//! Tells what a person sees from what a terminal obeys.
//!
//! Source: ECMA-48, and the states of Paul Williams' parser for DEC's terminals (<https://vt100.net/emu/dec_ansi_parser>).

/// The longest sequence or control string that is kept.
const LONGEST: usize = 4096;

/// A piece of terminal output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A character that is seen, or a line break, a return or a tab.
    Visible(char),
    /// What is obeyed and not seen: a sequence, a control character, a character without a width, a line editor's wrap.
    Hidden(String),
    /// A control string, such as the one that sets a window's title.
    ControlString {
        /// What begins it.
        introducer: &'static str,
        /// What it holds.
        body: String,
        /// What ended it; nothing where a new sequence did.
        terminator: &'static str,
    },
    /// A sequence or control string of more than 4 KiB, which is left out: it could not be searched.
    Oversized,
}

impl Item {
    /// Returns its length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Visible(c) => c.len_utf8(),
            Self::Hidden(sequence) => sequence.len(),
            Self::ControlString { introducer, body, terminator } => introducer.len() + body.len() + terminator.len(),
            Self::Oversized => 0,
        }
    }

    /// Tells whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the character, where one is seen.
    pub fn visible(&self) -> Option<char> {
        match self {
            Self::Visible(c) => Some(*c),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    Csi,
    /// A control string, with what introduced it.
    Text(&'static str),
    /// An escape within one, which is the first half of its end.
    TextEscape(&'static str),
}

/// A blank that may be the first half of a line editor's wrap: `" \r"`, which GNU Readline writes at the margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Blank {
    #[default]
    None,
    Space,
    SpaceReturn,
}

/// Reads bytes into [`Item`]s, whatever the chunks.
#[derive(Default)]
pub struct Lexer {
    /// The beginning of a character in UTF-8, at most three bytes.
    partial: Vec<u8>,
    state: State,
    sequence: String,
    is_oversized: bool,
    blank: Blank,
}

impl Lexer {
    /// Reads bytes; each item goes to `emit`.
    pub fn push(&mut self, bytes: &[u8], emit: &mut impl FnMut(Item)) {
        let joined;
        let mut rest = bytes;
        if !self.partial.is_empty() {
            joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
            rest = &joined;
        }
        while !rest.is_empty() {
            let error = match std::str::from_utf8(rest) {
                Ok(text) => {
                    text.chars().for_each(|c| self.character(c, emit));
                    return;
                }
                Err(error) => error,
            };
            let (valid, after) = rest.split_at(error.valid_up_to());
            for c in String::from_utf8_lossy(valid).chars() {
                self.character(c, emit);
            }
            let Some(length) = error.error_len() else {
                self.partial = after.to_vec();
                return;
            };
            self.character(char::REPLACEMENT_CHARACTER, emit);
            rest = &after[length..];
        }
    }

    /// Ends the stream: what is incomplete is a replacement character, or nothing where it is a sequence.
    pub fn finish(&mut self, emit: &mut impl FnMut(Item)) {
        if !std::mem::take(&mut self.partial).is_empty() {
            self.character(char::REPLACEMENT_CHARACTER, emit);
        }
        self.release_blank(emit);
        self.state = State::Ground;
        self.sequence.clear();
    }

    /// Tells whether a blank is kept back.
    pub fn has_blank(&self) -> bool {
        self.blank != Blank::None
    }

    /// Gives a blank that is kept back.
    pub fn release_blank(&mut self, emit: &mut impl FnMut(Item)) {
        let blank = std::mem::take(&mut self.blank);
        if blank != Blank::None {
            emit(Item::Visible(' '));
        }
        if blank == Blank::SpaceReturn {
            emit(Item::Visible('\r'));
        }
    }

    fn character(&mut self, c: char, emit: &mut impl FnMut(Item)) {
        match (self.blank, c) {
            (Blank::Space, '\r') => {
                self.blank = Blank::SpaceReturn;
                return;
            }
            (Blank::Space, _) | (Blank::SpaceReturn, '\n') => self.release_blank(emit),
            (Blank::SpaceReturn, _) => {
                self.blank = Blank::None;
                emit(Item::Hidden(" \r".to_owned()));
            }
            (Blank::None, _) => {}
        }
        match self.state {
            State::Ground => self.ground(c, emit),
            State::Escape => self.escape(c, emit),
            State::Csi => self.csi(c, emit),
            State::Text(introducer) => self.text(introducer, c, emit),
            State::TextEscape(introducer) if c == '\\' => self.end_text(introducer, "\u{1b}\\", emit),
            State::TextEscape(introducer) => {
                self.end_text(introducer, "", emit);
                self.begin(State::Escape, '\u{1b}');
                self.escape(c, emit);
            }
        }
    }

    fn ground(&mut self, c: char, emit: &mut impl FnMut(Item)) {
        match c {
            ' ' => self.blank = Blank::Space,
            '\u{1b}' => self.begin(State::Escape, c),
            '\u{9b}' => self.begin(State::Csi, c),
            '\r' | '\n' | '\t' => emit(Item::Visible(c)),
            c if c.is_control() || is_unseen(c) => emit(Item::Hidden(c.to_string())),
            c => emit(Item::Visible(c)),
        }
    }

    fn escape(&mut self, c: char, emit: &mut impl FnMut(Item)) {
        match c {
            '[' if self.sequence.len() == 1 => {
                self.add(c);
                self.state = State::Csi;
            }
            ']' if self.sequence.len() == 1 => self.begin_text("\u{1b}]"),
            'P' if self.sequence.len() == 1 => self.begin_text("\u{1b}P"),
            'X' if self.sequence.len() == 1 => self.begin_text("\u{1b}X"),
            '^' if self.sequence.len() == 1 => self.begin_text("\u{1b}^"),
            '_' if self.sequence.len() == 1 => self.begin_text("\u{1b}_"),
            ' '..='/' => self.add(c),
            '0'..='~' => {
                self.add(c);
                self.end(emit);
            }
            c => self.within(c, emit),
        }
    }

    fn csi(&mut self, c: char, emit: &mut impl FnMut(Item)) {
        match c {
            ' '..='?' => self.add(c),
            '@'..='~' => {
                self.add(c);
                self.end(emit);
            }
            c => self.within(c, emit),
        }
    }

    /// Takes a character that does not belong into a sequence: some end it, the others are obeyed within it.
    fn within(&mut self, c: char, emit: &mut impl FnMut(Item)) {
        match c {
            '\u{1b}' => {
                self.end(emit);
                self.begin(State::Escape, c);
            }
            '\u{18}' | '\u{1a}' => {
                self.add(c);
                self.end(emit);
            }
            c if c.is_ascii() => self.add(c),
            c => {
                self.end(emit);
                self.ground(c, emit);
            }
        }
    }

    fn text(&mut self, introducer: &'static str, c: char, emit: &mut impl FnMut(Item)) {
        match c {
            '\u{7}' if introducer == "\u{1b}]" => self.end_text(introducer, "\u{7}", emit),
            '\u{18}' => self.end_text(introducer, "\u{18}", emit),
            '\u{1a}' => self.end_text(introducer, "\u{1a}", emit),
            '\u{1b}' => self.state = State::TextEscape(introducer),
            c => self.add(c),
        }
    }

    fn begin(&mut self, state: State, c: char) {
        self.sequence.clear();
        self.is_oversized = false;
        self.sequence.push(c);
        self.state = state;
    }

    fn begin_text(&mut self, introducer: &'static str) {
        self.sequence.clear();
        self.state = State::Text(introducer);
    }

    fn add(&mut self, c: char) {
        if self.sequence.len() < LONGEST {
            self.sequence.push(c);
        } else {
            self.is_oversized = true;
        }
    }

    fn end(&mut self, emit: &mut impl FnMut(Item)) {
        let sequence = std::mem::take(&mut self.sequence);
        self.state = State::Ground;
        emit(if std::mem::take(&mut self.is_oversized) { Item::Oversized } else { Item::Hidden(sequence) });
    }

    fn end_text(&mut self, introducer: &'static str, terminator: &'static str, emit: &mut impl FnMut(Item)) {
        let body = std::mem::take(&mut self.sequence);
        self.state = State::Ground;
        let whole = Item::ControlString { introducer, body, terminator };
        emit(if std::mem::take(&mut self.is_oversized) { Item::Oversized } else { whole });
    }
}

/// Tells whether a character takes no cell, so that a secret could be cut with it and look whole.
///
/// Joiners and variation selectors are part of what is seen.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

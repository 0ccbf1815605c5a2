//! Reads and writes chords: the keys that are pressed one after the other for a command.

use std::fmt;
use std::str::FromStr;

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};

/// One or more keys, pressed one after the other: `ctrl-d`, `g g`, `enter`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Chord(Vec<KeyCombination>);

/// Says that a text is no chord.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key:?} is not a key")]
pub struct BadChord {
    /// The part that is no key; empty where there is no key at all.
    pub key: String,
}

impl Chord {
    /// Takes keys in their one spelling; see [`normalise`].
    pub fn new(keys: impl IntoIterator<Item = KeyCombination>) -> Chord {
        Chord(keys.into_iter().map(normalise).collect())
    }

    /// Lists the keys in the order in which they are pressed.
    pub fn keys(&self) -> &[KeyCombination] {
        &self.0
    }

    /// Tells whether the other chord begins with this one and goes on.
    pub fn is_strict_prefix_of(&self, other: &Chord) -> bool {
        self.0.len() < other.0.len() && other.0.starts_with(&self.0)
    }

    /// Tells whether no terminal could tell the two apart in time: one is the other, or its beginning.
    pub fn clashes_with(&self, other: &Chord) -> bool {
        let shared = self.0.len().min(other.0.len());
        self.0[..shared] == other.0[..shared]
    }

    /// Gives the chord without its first keys, as what is left to press.
    #[must_use]
    pub fn after(&self, pressed: usize) -> Chord {
        Chord(self.0.iter().skip(pressed).copied().collect())
    }
}

impl FromStr for Chord {
    type Err = BadChord;

    /// Reads keys with spaces between them: modifiers `ctrl-`, `alt-`, `shift-`, `cmd-`, then a character or a name.
    ///
    /// A capital letter stands for the letter with shift, except after `ctrl-`, where terminals do not tell.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys: Vec<_> = text.split_whitespace().map(parse_key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(BadChord { key: String::new() }) } else { Ok(Chord(keys)) }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&display_key(*key))?;
        }
        Ok(())
    }
}

fn parse_key(text: &str) -> Result<KeyCombination, BadChord> {
    let bad = || BadChord { key: text.to_owned() };
    let mut modifiers = KeyModifiers::NONE;
    let mut name = text;
    // The last hyphen may be the key itself, as in `ctrl--`.
    while let Some((word, rest)) = name.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
        modifiers |= modifier(word).ok_or_else(bad)?;
        name = rest;
    }
    let mut characters = name.chars();
    let code = match (characters.next(), characters.next()) {
        (Some(c), None) if c.is_control() => return Err(bad()),
        (Some(c), None) => KeyCode::Char(ascii_twin(c)),
        _ => crokey::parse_key_code(&name.to_ascii_lowercase(), false).map_err(|_| bad())?,
    };
    match code {
        // What shift makes of a character is the keyboard's business: the character itself is what arrives.
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::SHIFT) && !c.is_ascii_alphabetic() => Err(bad()),
        _ => Ok(normalise(KeyCombination::one_key(code, modifiers))),
    }
}

fn modifier(word: &str) -> Option<KeyModifiers> {
    match word.to_ascii_lowercase().as_str() {
        "ctrl" => Some(KeyModifiers::CONTROL),
        "alt" => Some(KeyModifiers::ALT),
        "shift" => Some(KeyModifiers::SHIFT),
        "cmd" => Some(KeyModifiers::SUPER),
        _ => None,
    }
}

/// Gives the one spelling of a key that terminals report in several ways.
///
/// A capital letter carries shift; any other character does not; `ctrl-i`, `ctrl-m` and `ctrl-[` are tab, enter and
/// escape, because plain terminals send the same bytes for them (ECMA-48, C0 set); what an input method makes of a
/// key (`／`, `？`, `：`, `ｊ`) is the key.
pub fn normalise(key: KeyCombination) -> KeyCombination {
    let OneToThree::One(code) = key.codes else {
        return key;
    };
    let (code, modifiers) = match code {
        KeyCode::Char(c) => normalise_character(ascii_twin(c), key.modifiers),
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => (KeyCode::BackTab, key.modifiers),
        KeyCode::BackTab => (KeyCode::BackTab, key.modifiers | KeyModifiers::SHIFT),
        other => (other, key.modifiers),
    };
    KeyCombination::one_key(code, modifiers)
}

fn normalise_character(c: char, modifiers: KeyModifiers) -> (KeyCode, KeyModifiers) {
    let unshifted = modifiers - KeyModifiers::SHIFT;
    match c {
        '\r' | '\n' => (KeyCode::Enter, modifiers),
        '\t' if modifiers.contains(KeyModifiers::SHIFT) => (KeyCode::BackTab, modifiers),
        '\t' => (KeyCode::Tab, modifiers),
        'i' | 'I' if modifiers == KeyModifiers::CONTROL => (KeyCode::Tab, KeyModifiers::NONE),
        'm' | 'M' if modifiers == KeyModifiers::CONTROL => (KeyCode::Enter, KeyModifiers::NONE),
        '[' if unshifted == KeyModifiers::CONTROL => (KeyCode::Esc, KeyModifiers::NONE),
        _ if !c.is_ascii_alphabetic() => (KeyCode::Char(c), unshifted),
        _ if modifiers.contains(KeyModifiers::SHIFT) => (KeyCode::Char(c.to_ascii_uppercase()), modifiers),
        _ if modifiers.contains(KeyModifiers::CONTROL) => (KeyCode::Char(c.to_ascii_lowercase()), modifiers),
        _ if c.is_ascii_uppercase() => (KeyCode::Char(c), modifiers | KeyModifiers::SHIFT),
        _ => (KeyCode::Char(c), modifiers),
    }
}

/// Gives the ASCII key behind a full-width character, or behind what a Japanese input method types for it.
fn ascii_twin(c: char) -> char {
    match c {
        // Unicode, Halfwidth and Fullwidth Forms: U+FF01 to U+FF5E mirror ASCII from `!` to `~`.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        '\u{3000}' => ' ',
        '、' => ',',
        '。' => '.',
        '・' => '/',
        '「' => '[',
        '」' => ']',
        'ー' => '-',
        '〜' => '~',
        '¥' | '￥' => '\\',
        '’' | '‘' => '\'',
        '”' | '“' => '"',
        other => other,
    }
}

fn display_key(key: KeyCombination) -> String {
    let code = *key.codes.first();
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let shift_is_in_the_letter = matches!(code, KeyCode::Char(_)) && !control;
    let mut shown = String::new();
    for (modifier, name) in [
        (KeyModifiers::CONTROL, "ctrl-"),
        (KeyModifiers::ALT, "alt-"),
        (KeyModifiers::SHIFT, "shift-"),
        (KeyModifiers::SUPER, "cmd-"),
    ] {
        let implied = modifier == KeyModifiers::SHIFT && shift_is_in_the_letter;
        if key.modifiers.contains(modifier) && !implied {
            shown.push_str(name);
        }
    }
    let names: Vec<String> = key.codes.iter().map(|code| display_code(*code, control)).collect();
    shown + &names.join("-")
}

fn display_code(code: KeyCode, control: bool) -> String {
    match code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) if control => c.to_ascii_lowercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(number) => format!("f{number}"),
        KeyCode::BackTab => "tab".to_owned(),
        other => format!("{other:?}").to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyCombination {
        KeyCombination::one_key(code, modifiers)
    }

    #[rstest]
    #[case("ctrl-d", "ctrl-d")]
    #[case("Ctrl-D", "ctrl-d")]
    #[case("ctrl-shift-d", "ctrl-shift-d")]
    #[case("G", "G")]
    #[case("shift-g", "G")]
    #[case("alt-G", "alt-G")]
    #[case("  g   g ", "g g")]
    #[case("ENTER", "enter")]
    #[case("ctrl-m", "enter")]
    #[case("ctrl-i", "tab")]
    #[case("ctrl-[", "esc")]
    #[case("backtab", "shift-tab")]
    #[case("shift-tab", "shift-tab")]
    #[case("space", "space")]
    #[case("hyphen", "-")]
    #[case("-", "-")]
    #[case("ctrl--", "ctrl--")]
    #[case("pagedown", "pagedown")]
    #[case("del", "delete")]
    #[case("f12", "f12")]
    #[case("／", "/")]
    #[case("？", "?")]
    #[case("ｇ　Ｇ", "g G")]
    #[case("ö", "ö")]
    fn a_chord_has_one_spelling(#[case] written: &str, #[case] shown: &str) {
        assert_eq!(written.parse::<Chord>().unwrap().to_string(), shown);
    }

    #[rstest]
    #[case("")]
    #[case("   ")]
    #[case("ctrl-")]
    #[case("shift-/")]
    #[case("shift-1")]
    #[case("super-x")]
    #[case("a-b")]
    #[case("nope")]
    #[case("g nope")]
    #[case("f25")]
    #[case("--")]
    #[case("\u{7f}")]
    fn what_no_terminal_sends_is_no_chord(#[case] written: &str) {
        assert!(written.parse::<Chord>().is_err());
    }

    #[test]
    fn what_an_input_method_types_is_the_key_behind_it() {
        for (typed, meant) in [('／', '/'), ('・', '/'), ('：', ':'), ('ｊ', 'j'), ('　', ' '), ('！', '!')] {
            assert_eq!(
                normalise(key(KeyCode::Char(typed), KeyModifiers::NONE)),
                key(KeyCode::Char(meant), KeyModifiers::NONE),
            );
        }
        let capital = key(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(normalise(key(KeyCode::Char('Ｇ'), KeyModifiers::NONE)), capital);
    }

    #[test]
    fn shift_belongs_to_letters_only() {
        assert_eq!(
            normalise(key(KeyCode::Char('?'), KeyModifiers::SHIFT)),
            key(KeyCode::Char('?'), KeyModifiers::NONE)
        );
        assert_eq!(
            normalise(key(KeyCode::Char('g'), KeyModifiers::SHIFT)),
            key(KeyCode::Char('G'), KeyModifiers::SHIFT)
        );
    }

    #[test]
    fn a_beginning_clashes_and_a_different_key_does_not() {
        let chord = |text: &str| text.parse::<Chord>().unwrap();
        assert!(chord("g").is_strict_prefix_of(&chord("g g")));
        assert!(!chord("g g").is_strict_prefix_of(&chord("g g")));
        assert!(chord("g g").clashes_with(&chord("g")) && chord("g").clashes_with(&chord("g g")));
        assert!(!chord("g a").clashes_with(&chord("g b")));
        assert_eq!(chord("g a").after(1), chord("a"));
    }
}

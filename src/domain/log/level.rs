//! How grave a line of a log says it is.

use std::ops::Range;

/// The bytes of a line in which its level is looked for: it stands at the beginning, or in one of the first fields.
const LOOKED_AT: usize = 1_024;

/// Names the levels that differ for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Something happened.
    Info,
    /// For those who write the program.
    Debug,
}

impl Level {
    /// Reads the word for a level, in whatever case.
    fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(Level, &[&str]); 4] = [
            (Level::Error, &["error", "err", "fatal", "critical", "crit", "panic", "severe", "emerg", "alert"]),
            (Level::Warning, &["warn", "warning"]),
            (Level::Info, &["info", "notice"]),
            (Level::Debug, &["debug", "trace"]),
        ];
        let is_one = |words: &&[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        WORDS.iter().find(|(_, words)| is_one(words)).map(|(level, _)| *level)
    }
}

/// Finds the level that a line names, and where the word stands.
///
/// A word that is named as the level (`level=warn`, `"severity":"ERROR"`, `[error]`) goes before one in capitals that
/// merely stands there; in small letters and alone it is part of a sentence.
pub fn level(line: &str) -> Option<(Level, Range<usize>)> {
    let end = (0..=line.len().min(LOOKED_AT)).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    let line = &line[..end];
    let mut in_capitals = None;
    for word in words(line) {
        let Some(level) = Level::from_word(&line[word.clone()]) else { continue };
        let (before, after) = (&line[..word.start], &line[word.end..]);
        if is_named(before, after) {
            return Some((level, word));
        }
        let stands_alone = !before.ends_with(joins) && !after.starts_with(joins);
        if in_capitals.is_none() && stands_alone && line[word.clone()].bytes().all(|byte| byte.is_ascii_uppercase()) {
            in_capitals = Some((level, word));
        }
    }
    in_capitals
}

/// Iterates over the runs of ASCII letters.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = line.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(u8::is_ascii_alphabetic)?;
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        at = start + length;
        Some(start..at)
    })
}

/// Tells whether a character makes one word with the letters beside it: of `/errors/ERROR-7` none is a level.
fn joins(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/')
}

/// Tells whether what stands around a word names it as the level.
fn is_named(before: &str, after: &str) -> bool {
    if before.ends_with('[') && after.starts_with(']') || before.ends_with('<') && after.starts_with('>') {
        return true;
    }
    let key = before.trim_end_matches(['"', '\'', ' ']);
    let Some(key) = key.strip_suffix([':', '=']) else { return false };
    let key = key.trim_end_matches(['"', '\'', ' ']);
    let start = key.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    // What is no ASCII letter may be longer than a byte.
    let key = key.get(start..).unwrap_or("");
    ["level", "lvl", "severity", "loglevel", "levelname"].iter().any(|known| known.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-11-22T00:02:00Z ERROR payment refused", Some((Level::Error, "ERROR")))]
    #[case("[error] 29#29: upstream timed out", Some((Level::Error, "error")))]
    #[case("level=warn msg=\"slow\"", Some((Level::Warning, "warn")))]
    #[case(r#"{"path":"/ERROR page","level": "info"}"#, Some((Level::Info, "info")))]
    #[case(r#"{"severity":"ERROR","message":"x"}"#, Some((Level::Error, "ERROR")))]
    #[case("<notice> started", Some((Level::Info, "notice")))]
    #[case("決済に失敗 ERROR: 拒否", Some((Level::Error, "ERROR")))]
    #[case("WARNING: deprecated; ERROR later", Some((Level::Warning, "WARNING")))]
    #[case("DEBUG x", Some((Level::Debug, "DEBUG")))]
    #[case("there was no error", None)]
    #[case("GET /ERROR-7 200", None)]
    #[case("TERROR MIRROR", None)]
    #[case("値=error", None)]
    #[case("", None)]
    #[case("関所", None)]
    fn a_level_is_what_a_line_names_as_one(#[case] line: &str, #[case] expected: Option<(Level, &str)>) {
        assert_eq!(level(line).map(|(level, at)| (level, &line[at])), expected);
    }

    #[test]
    fn what_stands_far_behind_is_no_level_and_no_character_is_halved() {
        assert_eq!(level(&format!("{}ERROR", "あ".repeat(342))), None);
        assert_eq!(level(&format!("{} ERROR", "x".repeat(100))).map(|(_, at)| at), Some(101..106));
    }
}

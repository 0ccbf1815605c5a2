//! Reads a TOML file so that every fault in it can be pointed at: places, quotations and suggestions.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::i18n::Texts;
use crate::t;

/// The largest file that is read, in bytes. A configuration is a few kilobytes; whatever is larger is another file.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// A line and a column of a text, both counted from one, the column in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Position {
    /// The line, from one.
    pub line: usize,
    /// The column in characters (not bytes, not cells), from one.
    pub column: usize,
}

impl Position {
    /// Finds the position of a byte in a text; beyond its end that is the position after its last character.
    pub fn of(text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// Where a fault is: in which file, and where in it as far as that is known.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// The file; none for what comes with the program, from a flag or from the environment.
    pub file: Option<PathBuf>,
    /// The position in the file; none where the whole file is meant.
    pub position: Option<Position>,
}

impl fmt::Display for Place {
    /// Writes `file:line:column` as editors and compilers do, without what is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", printable(&file.to_string_lossy()))?;
        }
        match (&self.file, self.position) {
            (Some(_), Some(Position { line, column })) => write!(f, ":{line}:{column}"),
            (None, Some(Position { line, column })) => write!(f, "{line}:{column}"),
            (_, None) => Ok(()),
        }
    }
}

/// Writes a fault as a person reads it: its place, what is wrong, and on a line of its own what to do about it.
pub fn render(place: &Place, problem: &str, advice: &str) -> String {
    let place = place.to_string();
    let colon = if place.is_empty() { "" } else { ": " };
    format!("{place}{colon}{problem}\n    {advice}")
}

/// What keeps a file from being had as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// There is no such file.
    NoFile,
    /// The operating system does not let it be read.
    Unreadable {
        /// What the operating system says.
        reason: String,
    },
    /// It has more than [`MAX_BYTES`].
    TooLarge,
    /// It is not UTF-8, as TOML must be.
    NotUtf8,
}

impl FileProblem {
    /// Names the kind of fault, as tests and scripts do.
    pub const fn code(&self) -> &'static str {
        match self {
            FileProblem::NoFile => "no-file",
            FileProblem::Unreadable { .. } => "unreadable",
            FileProblem::TooLarge => "too-large",
            FileProblem::NotUtf8 => "not-utf8",
        }
    }

    /// Says what is wrong.
    pub fn describe(&self, texts: Texts) -> String {
        match self {
            FileProblem::NoFile => t!(texts, "common.file.no-file").to_owned(),
            FileProblem::Unreadable { reason } => {
                t!(texts, "common.file.unreadable", reason = printable(reason))
            }
            FileProblem::TooLarge => t!(texts, "common.file.too-large").to_owned(),
            FileProblem::NotUtf8 => t!(texts, "common.file.not-utf8").to_owned(),
        }
    }

    /// Says what to do about it.
    pub fn advise(&self, texts: Texts) -> &'static str {
        match self {
            FileProblem::NoFile | FileProblem::TooLarge => t!(texts, "common.file.check-path"),
            FileProblem::Unreadable { .. } => t!(texts, "common.file.check-permissions"),
            FileProblem::NotUtf8 => t!(texts, "common.file.save-as-utf8"),
        }
    }
}

/// Reads a whole file of text, but never more than [`MAX_BYTES`] of it.
///
/// # Errors
/// What keeps it from being read, and the place where that is known.
pub fn read(path: &Path) -> Result<String, (FileProblem, Place)> {
    let place = |position| Place { file: Some(path.to_path_buf()), position };
    let refused = |error: io::Error| {
        let problem = if error.kind() == io::ErrorKind::NotFound {
            FileProblem::NoFile
        } else {
            FileProblem::Unreadable { reason: error.to_string() }
        };
        (problem, place(None))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(refused)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err((FileProblem::TooLarge, place(None)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        (FileProblem::NotUtf8, place(Some(Position::of(&text, valid))))
    })
}

/// A fault of the TOML itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxFault {
    /// Where it is, in bytes.
    pub span: Range<usize>,
    /// The key that is written twice, where that is the fault: alone of all faults it does not hide others.
    pub repeated: Option<String>,
    /// What the TOML reader says, in English.
    pub detail: String,
}

/// Parses TOML as far as it goes, with all of its faults and not only the first.
pub fn parse(text: &str) -> (DeTable<'_>, Vec<SyntaxFault>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let faults = errors
        .into_iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            let repeated = error.message().starts_with("duplicate key").then(|| {
                let key = text.get(span.clone()).unwrap_or_default();
                key.trim_matches(['"', '\'']).to_owned()
            });
            SyntaxFault { span, repeated, detail: error.message().to_owned() }
        })
        .collect();
    (table.into_inner(), faults)
}

/// Finds the candidate that a misspelt word most likely meant, if one is near enough to be worth naming.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A word this long is no misspelling, and comparing costs the product of the lengths.
    if word.len() > 128 {
        return None;
    }
    let word = word.to_lowercase();
    let far = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Makes a text from outside fit to be shown: no control characters, none that turn the direction of writing, and
/// not longer than a line.
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST {
            shown.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "a\n日本 x";
        assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(text, 2), Position { line: 2, column: 1 });
        assert_eq!(Position::of(text, 8), Position { line: 2, column: 3 });
        assert_eq!(Position::of(text, 999), Position { line: 2, column: 5 });
        assert_eq!(Position::of("", 0), Position { line: 1, column: 1 });
    }

    #[test]
    fn the_nearest_word_is_near() {
        let words = ["profile", "regions", "clusters"];
        assert_eq!(nearest("profil", words), Some("profile"));
        assert_eq!(nearest("Region", words), Some("regions"));
        assert_eq!(nearest("catalogue", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"x".repeat(100_000), words), None);
    }

    #[test]
    fn what_is_shown_cannot_steer_the_terminal() {
        assert_eq!(printable("\u{1b}[31m赤\u{202e}"), "\\u{1b}[31m赤\\u{202e}");
        assert_eq!(printable(&"あ".repeat(500)).chars().count(), 121);
    }

    #[test]
    fn every_fault_is_found() {
        let (_, faults) = parse("a = 1\na = 2\nb = \nc = nope\n");
        assert!(faults.len() >= 3, "{faults:?}");
        assert_eq!(faults[0].repeated.as_deref(), Some("a"));
    }

    #[test]
    fn a_file_that_is_not_text_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        let problem = |path: &Path| read(path).unwrap_err().0.code();
        assert_eq!(problem(&path), "no-file");
        assert_eq!(problem(folder.path()), "unreadable");
        std::fs::write(&path, b"a = 1\nb = \xff").unwrap();
        let (problem_of_bytes, place) = read(&path).unwrap_err();
        assert_eq!(problem_of_bytes, FileProblem::NotUtf8);
        assert_eq!(place.position, Some(Position { line: 2, column: 5 }));
        std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(problem(&path), "too-large");
    }

    proptest! {
        #[test]
        fn no_text_breaks_parsing(text in ".*") {
            let (_, faults) = parse(&text);
            for fault in faults {
                let _ = Position::of(&text, fault.span.start);
            }
        }

        #[test]
        fn a_position_is_inside_its_text(text in "(?s).*", offset in 0usize..200) {
            let position = Position::of(&text, offset);
            prop_assert!(position.line <= text.matches('\n').count() + 1);
            let line = text.split('\n').nth(position.line - 1).unwrap();
            prop_assert!(position.column <= line.chars().count() + 1);
        }
    }
}

//! Says what is wrong with a keymap file, and where.

use std::fmt;

use crate::config::document::{FileProblem, Place, printable, render};
use crate::i18n::{Lang, Texts};
use crate::t;

/// One fault of a keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeymapError {
    /// Where it is: the file, and the line and column in it.
    pub place: Place,
    /// What it is.
    pub problem: KeymapProblem,
}

/// What can be wrong with a keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeymapProblem {
    /// No keymap of that name comes with the program.
    UnknownKeymap {
        /// The name that was asked for.
        name: String,
    },
    /// The file cannot be had as text.
    File(FileProblem),
    /// The file is not TOML.
    Syntax {
        /// What the TOML reader says, in English.
        detail: String,
    },
    /// A key or a table is written twice in the same words.
    Repeated {
        /// What is written twice.
        key: String,
    },
    /// A table has a name that is no scope.
    UnknownScope {
        /// The name of the table.
        scope: String,
        /// The scope that was likely meant.
        nearest: Option<&'static str>,
    },
    /// A scope is not a table.
    NotATable {
        /// The name of the scope.
        scope: String,
    },
    /// A chord is bound to something that is not text.
    NotACommand {
        /// The chord as it is written.
        chord: String,
    },
    /// A chord is bound to a word that is no command.
    UnknownCommand {
        /// The word.
        command: String,
        /// The command that was likely meant.
        nearest: Option<&'static str>,
    },
    /// A chord holds something that is no key.
    BadChord {
        /// The chord as it is written.
        chord: String,
        /// The part that is no key.
        key: String,
    },
    /// A command means nothing in the scope where it is bound.
    Unavailable {
        /// The command.
        command: &'static str,
        /// The scope where it is bound.
        scope: &'static str,
        /// The scopes where it means something.
        scopes: String,
    },
    /// A chord is bound twice in a scope, in two spellings of the same keys.
    Conflict {
        /// The chord as it is written here.
        chord: String,
        /// The chord as it is written first.
        other: String,
        /// The line where it is written first.
        line: usize,
    },
    /// A chord cannot be typed, because another begins with it or it begins with another.
    Unreachable {
        /// The chord as it is written.
        chord: String,
        /// The other chord.
        other: String,
        /// The scope of the other chord.
        scope: &'static str,
        /// The line of the other chord; none where it comes with the program.
        line: Option<usize>,
    },
}

impl KeymapProblem {
    /// Names the kind of fault, as tests and scripts do.
    pub const fn code(&self) -> &'static str {
        match self {
            KeymapProblem::UnknownKeymap { .. } => "unknown-keymap",
            KeymapProblem::File(problem) => problem.code(),
            KeymapProblem::Syntax { .. } => "syntax",
            KeymapProblem::Repeated { .. } => "repeated",
            KeymapProblem::UnknownScope { .. } => "unknown-scope",
            KeymapProblem::NotATable { .. } => "not-a-table",
            KeymapProblem::NotACommand { .. } => "not-a-command",
            KeymapProblem::UnknownCommand { .. } => "unknown-command",
            KeymapProblem::BadChord { .. } => "bad-chord",
            KeymapProblem::Unavailable { .. } => "unavailable",
            KeymapProblem::Conflict { .. } => "conflict",
            KeymapProblem::Unreachable { .. } => "unreachable",
        }
    }

    fn describe(&self, texts: Texts) -> String {
        match self {
            KeymapProblem::UnknownKeymap { name } => {
                t!(texts, "keymap.error.unknown-keymap", name = printable(name))
            }
            KeymapProblem::File(problem) => problem.describe(texts),
            KeymapProblem::Syntax { detail } => {
                t!(texts, "keymap.error.syntax", detail = printable(detail))
            }
            KeymapProblem::Repeated { key } => {
                t!(texts, "keymap.error.repeated", key = printable(key))
            }
            KeymapProblem::UnknownScope { scope, .. } => {
                t!(texts, "keymap.error.unknown-scope", scope = printable(scope))
            }
            KeymapProblem::NotATable { scope } => {
                t!(texts, "keymap.error.not-a-table", scope = printable(scope))
            }
            KeymapProblem::NotACommand { chord } => t!(texts, "keymap.error.not-a-command", chord = printable(chord)),
            KeymapProblem::UnknownCommand { command, .. } => {
                t!(texts, "keymap.error.unknown-command", command = printable(command))
            }
            KeymapProblem::BadChord { chord, key } => {
                t!(texts, "keymap.error.bad-chord", chord = printable(chord), key = printable(key))
            }
            KeymapProblem::Unavailable { command, scope, .. } => {
                t!(texts, "keymap.error.unavailable", command = command, scope = scope)
            }
            KeymapProblem::Conflict { chord, other, line } => {
                t!(texts, "keymap.error.conflict", chord = printable(chord), other = printable(other), line = line)
            }
            KeymapProblem::Unreachable { chord, other, scope, .. } => {
                t!(texts, "keymap.error.unreachable", chord = printable(chord), other = other, scope = scope)
            }
        }
    }

    fn advise(&self, texts: Texts) -> String {
        match self {
            KeymapProblem::UnknownKeymap { .. } => {
                t!(texts, "keymap.advice.unknown-keymap", names = super::builtin_names().collect::<Vec<_>>().join(", "))
            }
            KeymapProblem::UnknownScope { nearest: Some(nearest), .. }
            | KeymapProblem::UnknownCommand { nearest: Some(nearest), .. } => {
                t!(texts, "common.did-you-mean", word = nearest)
            }
            KeymapProblem::UnknownScope { .. } => {
                let names: Vec<_> = crate::command::Scope::ALL.iter().map(|scope| scope.id()).collect();
                t!(texts, "keymap.advice.unknown-scope", names = names.join(", "))
            }
            KeymapProblem::UnknownCommand { .. } => t!(texts, "keymap.advice.unknown-command").to_owned(),
            KeymapProblem::File(problem) => problem.advise(texts).to_owned(),
            KeymapProblem::Syntax { .. } => t!(texts, "common.advice-toml").to_owned(),
            KeymapProblem::Repeated { .. } => t!(texts, "common.advice-repeated").to_owned(),
            KeymapProblem::NotATable { scope } => {
                t!(texts, "keymap.advice.not-a-table", scope = printable(scope))
            }
            KeymapProblem::NotACommand { .. } => t!(texts, "keymap.advice.not-a-command").to_owned(),
            KeymapProblem::BadChord { .. } => t!(texts, "keymap.advice.bad-chord").to_owned(),
            KeymapProblem::Unavailable { scopes, .. } => {
                t!(texts, "keymap.advice.unavailable", scopes = scopes)
            }
            KeymapProblem::Conflict { .. } => t!(texts, "keymap.advice.conflict").to_owned(),
            KeymapProblem::Unreachable { line: Some(line), .. } => {
                t!(texts, "keymap.advice.unreachable", line = line)
            }
            KeymapProblem::Unreachable { other, scope, line: None, .. } => {
                t!(texts, "keymap.advice.unreachable-built-in", other = other, scope = scope)
            }
        }
    }
}

impl KeymapError {
    /// Writes the fault with its place and what to do about it, in the reader's language.
    pub fn render(&self, texts: Texts) -> String {
        render(&self.place, &self.problem.describe(texts), &self.problem.advise(texts))
    }
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Texts::of(Lang::En)))
    }
}

impl std::error::Error for KeymapError {}

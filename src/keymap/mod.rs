//! Finds the command behind the keys that were pressed.
//!
//! A keymap is a file of tables, one a [`Scope`], that bind chords to commands of [`crate::command`]. Three come
//! with the program; a user's file goes over one of them, chord by chord.

mod chord;
mod error;
mod load;

use std::path::Path;

use crokey::KeyCombination;

pub use chord::{BadChord, Chord, normalise};
pub use error::{KeymapError, KeymapProblem};

use crate::command::{Command, Scope};
use crate::config::document::{self, FileProblem};

/// The keymaps that come with the program, by name.
const BUILTIN: &[(&str, &str)] = &[
    ("default", include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
];

/// Names the keymaps that come with the program, the default first.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

/// Gives the file of a keymap that comes with the program, with its comments, as a pattern for one's own.
pub fn builtin_text(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A chord and what it does in a scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The scope whose table binds the chord.
    pub scope: Scope,
    /// The keys.
    pub chord: Chord,
    /// What they do.
    pub command: Command,
}

/// What the keys that were pressed so far mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// They are a chord, and this is its command.
    Command(Command),
    /// They are the beginning of these chords: what is left to press, and the command.
    Pending(Vec<(String, Command)>),
    /// They mean nothing here.
    None,
}

/// A loaded and checked set of bindings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keymap {
    /// A chord without a command was unbound: it hides the bindings of wider scopes.
    rows: Vec<Row>,
}

/// One line of a keymap file.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    scope: Scope,
    chord: Chord,
    command: Option<Command>,
}

impl Keymap {
    /// Loads a keymap that comes with the program, and a user's file over it.
    ///
    /// The user's file wins by chord; `"none"` unbinds. Where one of its chords begins with a built-in one or the
    /// other way round, the built-in one gives way.
    ///
    /// # Errors
    /// Every fault of the user's file (or of the name of the base), not only the first, in the file's order.
    pub fn load(base: &str, user: Option<(&Path, String)>) -> Result<Keymap, Vec<KeymapError>> {
        load::load(base, user)
    }

    /// Loads a built-in keymap, and over it the user's file where there is one.
    ///
    /// # Errors
    /// As [`Keymap::load`]; also where the file is there but cannot be read.
    pub fn load_with_file(base: &str, file: Option<&Path>) -> Result<Keymap, Vec<KeymapError>> {
        let Some(path) = file else {
            return Keymap::load(base, None);
        };
        match document::read(path) {
            Ok(text) => Keymap::load(base, Some((path, text))),
            Err((FileProblem::NoFile, _)) => Keymap::load(base, None),
            Err((problem, place)) => Err(vec![KeymapError { place, problem: KeymapProblem::File(problem) }]),
        }
    }

    /// Finds what the keys pressed so far mean where these scopes hold, the most specific first.
    ///
    /// See [`Scope::chain`] for the scopes of a place.
    pub fn lookup(&self, scopes: &[Scope], pending: &[KeyCombination]) -> Lookup {
        let pressed = Chord::new(pending.iter().copied());
        let bindings = self.bindings(scopes);
        if let Some(exact) = bindings.iter().find(|binding| binding.chord == pressed) {
            return Lookup::Command(exact.command);
        }
        let continuations: Vec<_> = bindings
            .iter()
            .filter(|binding| pressed.is_strict_prefix_of(&binding.chord))
            .map(|binding| (binding.chord.after(pending.len()).to_string(), binding.command))
            .collect();
        if continuations.is_empty() || pending.is_empty() { Lookup::None } else { Lookup::Pending(continuations) }
    }

    /// Lists the chords of a command where these scopes hold, as help and footers show them: `ctrl-d`, `g g`, `enter`.
    ///
    /// The user's own come first, then in the order of the file.
    pub fn chords(&self, scopes: &[Scope], command: Command) -> Vec<String> {
        self.bindings(scopes)
            .into_iter()
            .filter(|binding| binding.command == command)
            .map(|binding| binding.chord.to_string())
            .collect()
    }

    /// Lists what is bound where these scopes hold, the most specific first, without what a more specific scope hides.
    pub fn bindings(&self, scopes: &[Scope]) -> Vec<Binding> {
        let mut unbound: Vec<&Chord> = Vec::new();
        let mut bindings: Vec<Binding> = Vec::new();
        for scope in scopes {
            for row in self.rows.iter().filter(|row| row.scope == *scope) {
                let hidden = unbound.contains(&&row.chord)
                    || bindings.iter().any(|binding| binding.chord.clashes_with(&row.chord));
                match row.command {
                    _ if hidden => {}
                    Some(command) => {
                        bindings.push(Binding { scope: *scope, chord: row.chord.clone(), command });
                    }
                    None => unbound.push(&row.chord),
                }
            }
        }
        bindings
    }
}

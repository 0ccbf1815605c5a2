//! Loads keymap files and puts a user's file over a built-in one.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::{Chord, Keymap, KeymapError, KeymapProblem, Row, builtin_text};
use crate::command::{Command, Scope, entries};
use crate::config::document::{self, Place, Position};

/// Unbinds a chord.
const UNBIND: &str = "none";

/// A row with the place where it is written.
struct Line {
    row: Row,
    written: String,
    position: Position,
}

pub(super) fn load(base: &str, user: Option<(&Path, String)>) -> Result<Keymap, Vec<KeymapError>> {
    let Some(text) = builtin_text(base) else {
        let problem = KeymapProblem::UnknownKeymap { name: base.to_owned() };
        return Err(vec![KeymapError { place: Place::default(), problem }]);
    };
    let (base, mut errors) = read(None, text);
    let mut own = Vec::new();
    if let Some((path, text)) = user {
        let (lines, faults) = read(Some(path), &text);
        errors.extend(faults);
        errors.extend(hidden_by(&lines, &base, path));
        own = lines;
    }
    errors.sort_by_key(|error| error.place.position);
    if errors.is_empty() { Ok(keymap(&own, &base)) } else { Err(errors) }
}

/// Puts the user's rows first; a built-in row stays where none of the user's in its scope is in its way.
fn keymap(user: &[Line], base: &[Line]) -> Keymap {
    let kept = base.iter().filter(|line| !gives_way(&line.row, user));
    Keymap { rows: user.iter().chain(kept).map(|line| line.row.clone()).collect() }
}

/// Tells whether a built-in row is overridden, unbound, or the beginning or the end of a chord of the user's.
fn gives_way(built_in: &Row, user: &[Line]) -> bool {
    user.iter().map(|line| &line.row).filter(|own| own.scope == built_in.scope).any(|own| match own.command {
        Some(_) => own.chord.clashes_with(&built_in.chord),
        None => own.chord == built_in.chord,
    })
}

/// Reads one file: the rows that are without fault, and the faults of the others.
fn read(file: Option<&Path>, text: &str) -> (Vec<Line>, Vec<KeymapError>) {
    let mut reader = Reader { file: file.map(Path::to_path_buf), text, lines: Vec::new(), errors: Vec::new() };
    reader.read();
    (reader.lines, reader.errors)
}

/// Says that a row is at fault, which is told already.
struct Faulty;

struct Reader<'t> {
    file: Option<PathBuf>,
    text: &'t str,
    lines: Vec<Line>,
    errors: Vec<KeymapError>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let (tables, faults) = document::parse(self.text);
        let broken = faults.iter().any(|fault| fault.repeated.is_none());
        for fault in faults {
            let problem = match fault.repeated {
                Some(key) => KeymapProblem::Repeated { key },
                None => KeymapProblem::Syntax { detail: fault.detail },
            };
            self.error(&fault.span, problem);
        }
        if broken {
            return;
        }
        for (name, table) in &tables {
            let Some(scope) = Scope::from_id(name.get_ref()) else {
                let nearest = document::nearest(name.get_ref(), Scope::ALL.iter().map(|scope| scope.id()));
                let scope = name.get_ref().to_string();
                self.error(&name.span(), KeymapProblem::UnknownScope { scope, nearest });
                continue;
            };
            let DeValue::Table(rows) = table.get_ref() else {
                self.error(&name.span(), KeymapProblem::NotATable { scope: name.get_ref().to_string() });
                continue;
            };
            for (chord, command) in rows {
                self.row(scope, (chord.get_ref(), &chord.span()), (command.get_ref(), &command.span()));
            }
        }
        self.lines.sort_by_key(|line| line.position);
        self.find_conflicts();
        self.find_unreachable();
    }

    fn row(&mut self, scope: Scope, key: (&str, &Range<usize>), value: (&DeValue<'_>, &Range<usize>)) {
        let (written, span) = key;
        let chord = written.parse::<Chord>().map_err(|bad| {
            self.error(span, KeymapProblem::BadChord { chord: written.to_owned(), key: bad.key });
        });
        let command = self.command(scope, written, value);
        if let (Ok(chord), Ok(command)) = (chord, command) {
            let position = Position::of(self.text, span.start);
            self.lines.push(Line { row: Row { scope, chord, command }, written: written.to_owned(), position });
        }
    }

    /// Reads the right side of a row: a command, or none for the word that unbinds.
    fn command(
        &mut self,
        scope: Scope,
        chord: &str,
        (value, span): (&DeValue<'_>, &Range<usize>),
    ) -> Result<Option<Command>, Faulty> {
        let DeValue::String(id) = value else {
            self.error(span, KeymapProblem::NotACommand { chord: chord.to_owned() });
            return Err(Faulty);
        };
        if id == UNBIND {
            return Ok(None);
        }
        let Some(command) = Command::from_id(id) else {
            let known = entries().iter().filter(|entry| entry.available_in(scope)).map(|entry| entry.id);
            let nearest = document::nearest(id, known.chain([UNBIND]));
            self.error(span, KeymapProblem::UnknownCommand { command: id.to_string(), nearest });
            return Err(Faulty);
        };
        let entry = command.entry();
        if !entry.available_in(scope) {
            let scopes = entry.scopes.iter().map(|scope| scope.id()).collect::<Vec<_>>().join(", ");
            self.error(span, KeymapProblem::Unavailable { command: entry.id, scope: scope.id(), scopes });
            return Err(Faulty);
        }
        Ok(Some(command))
    }

    /// Finds chords that are bound twice in a scope, in two spellings of the same keys.
    fn find_conflicts(&mut self) {
        let mut problems = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let same = |other: &&Line| other.row.scope == line.row.scope && other.row.chord == line.row.chord;
            if let Some(first) = self.lines[..index].iter().find(same) {
                let problem = KeymapProblem::Conflict {
                    chord: line.written.clone(),
                    other: first.written.clone(),
                    line: first.position.line,
                };
                problems.push((line.position, problem));
            }
        }
        self.errors_at(problems);
    }

    /// Finds chords that begin with another that holds in the same place, and so can never be typed to their end.
    fn find_unreachable(&mut self) {
        let mut problems = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let in_the_way = |other: &&Line| meet(&line.row, &other.row) && stands_in_the_way(&line.row, &other.row);
            if let Some(other) = self.lines[..index].iter().find(in_the_way) {
                let problem = KeymapProblem::Unreachable {
                    chord: line.written.clone(),
                    other: other.row.chord.to_string(),
                    scope: other.row.scope.id(),
                    line: Some(other.position.line),
                };
                problems.push((line.position, problem));
            }
        }
        self.errors_at(problems);
    }

    fn errors_at(&mut self, problems: Vec<(Position, KeymapProblem)>) {
        for (position, problem) in problems {
            let place = Place { file: self.file.clone(), position: Some(position) };
            self.errors.push(KeymapError { place, problem });
        }
    }

    fn error(&mut self, span: &Range<usize>, problem: KeymapProblem) {
        let position = Position::of(self.text, span.start);
        self.errors_at(vec![(position, problem)]);
    }
}

/// Tells whether two rows hold in the same place: whether one scope lies within the other.
fn meet(one: &Row, other: &Row) -> bool {
    one.scope.chain().contains(&other.scope) || other.scope.chain().contains(&one.scope)
}

/// Tells whether one of two bound chords is the strict beginning of the other.
fn stands_in_the_way(one: &Row, other: &Row) -> bool {
    one.command.is_some() && other.command.is_some() && one.chord != other.chord && one.chord.clashes_with(&other.chord)
}

/// Finds the user's chords that a built-in one of a narrower scope keeps from being typed there.
///
/// In the same or a wider scope the built-in one gives way instead.
fn hidden_by(user: &[Line], base: &[Line], path: &Path) -> Vec<KeymapError> {
    let mut errors = Vec::new();
    for line in user {
        let narrower = |built_in: &&Line| {
            built_in.row.scope != line.row.scope && built_in.row.scope.chain().contains(&line.row.scope)
        };
        let other = base
            .iter()
            .filter(narrower)
            .find(|built_in| stands_in_the_way(&line.row, &built_in.row) && !gives_way(&built_in.row, user));
        if let Some(other) = other {
            let problem = KeymapProblem::Unreachable {
                chord: line.written.clone(),
                other: other.row.chord.to_string(),
                scope: other.row.scope.id(),
                line: None,
            };
            let place = Place { file: Some(path.to_path_buf()), position: Some(line.position) };
            errors.push(KeymapError { place, problem });
        }
    }
    errors
}

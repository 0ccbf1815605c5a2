//! Reads values of TOML, each with its place; a fault is remembered, and nothing given.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::{CatalogueError, CatalogueProblem};
use super::forms::Form;
use crate::config::Type;
use crate::config::document::{self, Place, Position};

/// What binds a value to `bindings.toml`.
const BIND: &str = "bind.";

/// A value and where it is written.
pub(super) type Value<'v, 't> = &'v toml::Spanned<DeValue<'t>>;

/// A value that was read, and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A value that stands in the entry, or that a binding gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said<T> {
    /// It stands there.
    Here(T),
    /// A binding of this name gives it.
    Bound(String),
}

/// Says that a value is at fault, which is told already.
pub(super) struct Faulty;

/// Reads one file.
pub(super) struct Reader<'r> {
    path: &'r Path,
    text: &'r str,
    pub(super) errors: Vec<CatalogueError>,
    /// The names of bindings that were met, wherever they stand.
    pub(super) bindings: Vec<Written<String>>,
}

impl<'r> Reader<'r> {
    /// Begins to read a file; its path is for the places of faults.
    pub(super) fn new(path: &'r Path, text: &'r str) -> Self {
        Self { path, text, errors: Vec::new(), bindings: Vec::new() }
    }

    /// Parses the file; nothing where it is no TOML.
    pub(super) fn parse(&mut self) -> Option<DeTable<'r>> {
        let (table, faults) = document::parse(self.text);
        let mut is_broken = false;
        for fault in faults {
            is_broken |= fault.repeated.is_none();
            let problem = match fault.repeated {
                Some(key) => CatalogueProblem::Repeated { key },
                None => CatalogueProblem::Syntax { detail: fault.detail },
            };
            let place = self.place_of(fault.span.start);
            self.errors.push(CatalogueError { place, problem });
        }
        (!is_broken).then_some(table)
    }

    fn place_of(&self, offset: usize) -> Place {
        Place { file: Some(PathBuf::from(self.path)), position: Some(Position::of(self.text, offset)) }
    }

    /// Returns where something is written.
    pub(super) fn place<T>(&self, spanned: &toml::Spanned<T>) -> Place {
        self.place_of(spanned.span().start)
    }

    /// Returns the beginning of the file, for what is lacking in it.
    pub(super) fn beginning(&self) -> Place {
        self.place_of(0)
    }

    /// Remembers a fault.
    pub(super) fn error(&mut self, place: Place, problem: CatalogueProblem) {
        self.errors.push(CatalogueError { place, problem });
    }

    /// Complains of every key that means nothing here.
    pub(super) fn only(&mut self, table: &DeTable<'_>, name: &str, known: &[&'static str]) {
        for (key, _) in table {
            let word = key.get_ref().as_ref();
            if !known.contains(&word) {
                let nearest = document::nearest(word, known.iter().copied());
                let problem = CatalogueProblem::UnknownKey {
                    key: word.to_owned(),
                    table: name.to_owned(),
                    nearest,
                    known: known.to_vec(),
                };
                let place = self.place(key);
                self.error(place, problem);
            }
        }
    }

    /// Returns a value that must be there.
    pub(super) fn required<'v, 't>(
        &mut self,
        table: &'v DeTable<'t>,
        at: &Place,
        name: &str,
        key: &'static str,
    ) -> Option<Value<'v, 't>> {
        let value = table.get(key);
        if value.is_none() {
            self.error(at.clone(), CatalogueProblem::MissingKey { key, table: name.to_owned() });
        }
        value
    }

    fn wrong_type<T>(&mut self, key: &str, value: Value<'_, '_>, expected: Type) -> Option<T> {
        let found = Type::of(value.get_ref());
        let place = self.place(value);
        self.error(place, CatalogueProblem::WrongType { key: key.to_owned(), expected, found });
        None
    }

    /// Reads a table.
    pub(super) fn table<'v, 't>(&mut self, key: &str, value: Value<'v, 't>) -> Option<&'v DeTable<'t>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.wrong_type(key, value, Type::Table),
        }
    }

    /// Reads a text.
    pub(super) fn text(&mut self, key: &str, value: Value<'_, '_>) -> Option<Written<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Written { value: text.to_string(), place: self.place(value) }),
            _ => self.wrong_type(key, value, Type::Text),
        }
    }

    /// Reads a text of a form.
    pub(super) fn formed(&mut self, key: &str, value: Value<'_, '_>, form: Form) -> Option<Written<String>> {
        let text = self.text(key, value)?;
        if form.fits(&text.value) {
            return Some(text);
        }
        self.malformed(key, &text, form);
        None
    }

    /// Says that a text has not the form that it must have.
    pub(super) fn malformed(&mut self, key: &str, text: &Written<String>, form: Form) {
        let problem = CatalogueProblem::Malformed { key: key.to_owned(), value: text.value.clone(), form };
        self.error(text.place.clone(), problem);
    }

    /// Reads a text of a form, or the name of the binding that gives it.
    pub(super) fn bindable(&mut self, key: &str, value: Value<'_, '_>, form: Form) -> Option<Written<Said<String>>> {
        let text = self.text(key, value)?;
        let place = text.place.clone();
        if text.value.starts_with(BIND) {
            return self.binding(&text);
        }
        if is_free(&text.value) {
            self.error(place, CatalogueProblem::FreeForm { key: key.to_owned() });
            return None;
        }
        if !form.fits(&text.value) {
            self.malformed(key, &text, form);
            return None;
        }
        Some(Written { value: Said::Here(text.value), place })
    }

    /// Reads the name of a binding.
    fn binding(&mut self, text: &Written<String>) -> Option<Written<Said<String>>> {
        let name = text.value.strip_prefix(BIND)?;
        if !Form::Word.fits(name) {
            self.malformed(BIND, text, Form::Word);
            return None;
        }
        let place = text.place.clone();
        self.bindings.push(Written { value: name.to_owned(), place: place.clone() });
        Some(Written { value: Said::Bound(name.to_owned()), place })
    }

    /// Reads a whole number, or the name of the binding that gives it.
    pub(super) fn bindable_port(&mut self, key: &str, value: Value<'_, '_>) -> Option<Written<Said<String>>> {
        if let DeValue::String(_) = value.get_ref() {
            let text = self.text(key, value)?;
            if text.value.starts_with(BIND) {
                return self.binding(&text);
            }
            return self.wrong_type(key, value, Type::Number);
        }
        let number = self.integer(key, value)?;
        let text = Written { value: number.value.to_string(), place: number.place };
        if !Form::Port.fits(&text.value) {
            self.malformed(key, &text, Form::Port);
            return None;
        }
        Some(Written { value: Said::Here(text.value), place: text.place })
    }

    /// Reads a list of texts of a form that is not empty and repeats nothing.
    pub(super) fn texts(&mut self, key: &str, value: Value<'_, '_>, form: Form) -> Option<Vec<Written<String>>> {
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong_type(key, value, Type::Texts);
        };
        let mut texts: Vec<Written<String>> = Vec::new();
        let mut is_whole = true;
        for item in items {
            match self.formed(key, item, form) {
                Some(text) if texts.iter().any(|known| known.value == text.value) => {
                    let problem = CatalogueProblem::RepeatedValue { key: key.to_owned(), value: text.value };
                    self.error(text.place, problem);
                }
                Some(text) => texts.push(text),
                None => is_whole = false,
            }
        }
        if items.is_empty() {
            let place = self.place(value);
            self.error(place, CatalogueProblem::EmptyList { key: key.to_owned() });
        }
        (is_whole && !texts.is_empty()).then_some(texts)
    }

    /// Reads a list of anything that is neither empty nor longer than it may be.
    pub(super) fn list<'v, 't>(&mut self, key: &str, value: Value<'v, 't>, most: usize) -> Option<Vec<Value<'v, 't>>> {
        let DeValue::Array(items) = value.get_ref() else { return self.wrong_type(key, value, Type::List) };
        let problem = match items.len() {
            0 => CatalogueProblem::EmptyList { key: key.to_owned() },
            length if length > most => CatalogueProblem::LongList { key: key.to_owned(), most },
            _ => return Some(items.iter().collect()),
        };
        let place = self.place(value);
        self.error(place, problem);
        None
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self, key: &str, value: Value<'_, '_>) -> Option<Written<bool>> {
        match value.get_ref() {
            DeValue::Boolean(boolean) => Some(Written { value: *boolean, place: self.place(value) }),
            _ => self.wrong_type(key, value, Type::Boolean),
        }
    }

    /// Reads a whole number.
    pub(super) fn integer(&mut self, key: &str, value: Value<'_, '_>) -> Option<Written<i64>> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) => Some(Written { value: number, place: self.place(value) }),
            None => self.wrong_type(key, value, Type::Number),
        }
    }

    /// Reads one of a few words.
    pub(super) fn one_of(&mut self, key: &str, value: Value<'_, '_>, known: &[&str]) -> Option<String> {
        let text = self.text(key, value)?;
        if known.contains(&text.value.as_str()) {
            return Some(text.value);
        }
        self.unknown_value(key, text, known);
        None
    }

    /// Says that a value is none of those that there are.
    pub(super) fn unknown_value(&mut self, key: &str, text: Written<String>, known: &[&str]) {
        let problem = CatalogueProblem::UnknownValue {
            key: key.to_owned(),
            nearest: document::nearest(&text.value, known.iter().copied()).map(str::to_owned),
            known: known.iter().map(|&word| word.to_owned()).collect(),
            value: text.value,
        };
        self.error(text.place, problem);
    }

    /// Returns the items of a list, or the value itself where it is none.
    pub(super) fn one_or_more<'v, 't>(value: Value<'v, 't>) -> Vec<Value<'v, 't>> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        }
    }
}

/// Tells whether a text leaves something open that somebody would fill in: a parameter, or what a document calls one.
fn is_free(text: &str) -> bool {
    text.starts_with("param.") || text.starts_with("params.") || text.contains("{{")
}

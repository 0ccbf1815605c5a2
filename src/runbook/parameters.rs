//! A catalogue in Parameter Store, where IAM says who may change it: `ssm:/shop/prd/sekisho`.
//!
//! Each file is a parameter of the type `String` below the path, by the file's own name: `/shop/prd/sekisho/bindings.toml`,
//! `/shop/prd/sekisho/entries/db-readonly.toml`. A file that is larger than a parameter may be (4 KB, or 8 KB of the advanced
//! tier) lies in several, with a number at the end, and is put together in their order: `….toml.1`, `….toml.2`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::{CatalogueError, CatalogueProblem};
use super::folder::{self, BINDINGS, ENTRIES, Files, RUNBOOKS, is_in};
use crate::config::document::Place;

/// What says that a catalogue lies in Parameter Store.
pub const SCHEME: &str = "ssm:";

/// The longest path, in characters, so that names below it are still names.
///
/// Source: AWS Systems Manager User Guide, "Parameter names": at most 1,011 characters, of 15 levels.
const LONGEST_PATH: usize = 900;

/// The most parameters that a file is put together from.
const MOST_PARTS: usize = 200;

/// A parameter, as Parameter Store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its whole name, with the path.
    pub name: String,
    /// Whether it is of the type `String`: neither a list nor encrypted.
    pub is_plain: bool,
    /// Its value.
    pub value: String,
}

/// Reads where a catalogue lies as a path of Parameter Store: `ssm:/shop/prd` is `/shop/prd`; nothing where it is no such.
///
/// # Errors
/// Nothing but that it is no path, where it says that it is one.
pub fn path_of(catalogue: &str) -> Option<Result<&str, NotAPath>> {
    let path = catalogue.strip_prefix(SCHEME)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let levels: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
    let is_level = |level: &&str| !level.is_empty() && level.chars().all(allowed);
    let reserved = ["aws", "ssm"].iter().any(|word| levels[0].to_ascii_lowercase().starts_with(word));
    let fits = path.len() <= LONGEST_PATH && levels.len() <= 12 && levels.iter().all(is_level) && !reserved;
    Some(if fits { Ok(path) } else { Err(NotAPath) })
}

/// Says that a text is no path of Parameter Store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPath;

/// Puts the files of a catalogue together, or says what keeps that.
pub(super) fn files(path: &str, parameters: &[Parameter]) -> Result<Files, Vec<CatalogueError>> {
    let mut draft = Draft { path, errors: Vec::new(), parts: BTreeMap::new() };
    for parameter in parameters {
        draft.take(parameter);
    }
    let (mut errors, mut files) = (std::mem::take(&mut draft.errors), Files::new());
    for (name, parts) in &draft.parts {
        match whole(parts) {
            Some(text) => drop(files.insert((*name).to_owned(), text)),
            None => errors.push(fault(path, name, CatalogueProblem::BrokenParts { name: (*name).to_owned() })),
        }
    }
    if errors.is_empty() {
        errors.extend(folder::check(&files).into_iter().map(|problem| fault(path, "", problem)));
    }
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}

/// Returns the place of a file of a catalogue in Parameter Store, for the places of faults.
pub(super) fn place_of(path: &str, name: &str) -> PathBuf {
    let whole = format!("{SCHEME}{path}");
    if name.is_empty() { PathBuf::from(whole) } else { PathBuf::from(format!("{whole}/{name}")) }
}

fn fault(path: &str, name: &str, problem: CatalogueProblem) -> CatalogueError {
    CatalogueError { place: Place { file: Some(place_of(path, name)), position: None }, problem }
}

/// Sorts parameters into files: the whole of one has the number 0, its parts from 1.
struct Draft<'p> {
    path: &'p str,
    errors: Vec<CatalogueError>,
    parts: BTreeMap<&'p str, BTreeMap<usize, &'p str>>,
}

impl<'p> Draft<'p> {
    fn take(&mut self, parameter: &'p Parameter) {
        let below = parameter.name.strip_prefix(self.path).and_then(|rest| rest.strip_prefix('/'));
        let Some(below) = below else { return };
        let (name, number) = split(below);
        let is_known = name == BINDINGS || [ENTRIES, RUNBOOKS].into_iter().any(|room| is_of(name, room));
        let problem = match () {
            () if !folder::is_toml(name) => return,
            () if !is_known => CatalogueProblem::StrayFile { name: below.to_owned() },
            () if !parameter.is_plain => CatalogueProblem::NotPlain { name: below.to_owned() },
            () => {
                self.parts.entry(name).or_default().insert(number, &parameter.value);
                return;
            }
        };
        self.errors.push(fault(self.path, below, problem));
    }
}

/// Splits the number of a part off a name: `a.toml.2` is the second part of `a.toml`.
fn split(name: &str) -> (&str, usize) {
    let number = |digits: &str| {
        let is_plain = !digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
        digits.parse().ok().filter(|number| is_plain && (1..=MOST_PARTS).contains(number))
    };
    match name.rsplit_once('.') {
        Some((whole, digits)) => number(digits).map_or((name, 0), |number| (whole, number)),
        None => (name, 0),
    }
}

/// Tells whether a file lies just below one of the directories.
fn is_of(name: &str, room: &str) -> bool {
    is_in(name, room) && name.matches('/').count() == 1
}

/// Puts a file together; nothing where a part is lacking, or the whole of it lies beside its parts.
fn whole(parts: &BTreeMap<usize, &str>) -> Option<String> {
    let numbers: Vec<usize> = parts.keys().copied().collect();
    let is_whole = numbers == [0] || numbers.iter().copied().eq(1..=numbers.len());
    is_whole.then(|| parts.values().copied().collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ssm:/shop/prd/sekisho", Some(Ok("/shop/prd/sekisho")))]
    #[case("ssm:/a", Some(Ok("/a")))]
    #[case("/etc/sekisho", None)]
    #[case("ssm:", Some(Err(NotAPath)))]
    #[case("ssm:/", Some(Err(NotAPath)))]
    #[case("ssm:shop", Some(Err(NotAPath)))]
    #[case("ssm:/shop/", Some(Err(NotAPath)))]
    #[case("ssm:/shop//prd", Some(Err(NotAPath)))]
    #[case("ssm:/aws/service", Some(Err(NotAPath)))]
    #[case("ssm:/店", Some(Err(NotAPath)))]
    fn a_path_of_parameter_store_is_known(#[case] text: &str, #[case] path: Option<Result<&str, NotAPath>>) {
        assert_eq!(path_of(text), path);
    }

    fn plain(name: &str, value: &str) -> Parameter {
        Parameter { name: format!("/shop/{name}"), is_plain: true, value: value.to_owned() }
    }

    fn codes(parameters: &[Parameter]) -> Vec<&'static str> {
        files("/shop", parameters).unwrap_err().iter().map(|error| error.problem.code()).collect()
    }

    #[test]
    fn files_are_put_together_from_their_parts_in_order() {
        let mut parameters = vec![plain("bindings.toml", "[prd]"), plain("notes.txt", "x"), plain("entries/a.md", "x")];
        parameters
            .extend((1..=11).rev().map(|number| plain(&format!("entries/a.toml.{number}"), &format!("{number} "))));
        parameters.push(Parameter { name: "/shopping/bindings.toml".into(), is_plain: true, value: "y".into() });
        let files = files("/shop", &parameters).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["bindings.toml", "entries/a.toml"]);
        assert_eq!(files["entries/a.toml"], "1 2 3 4 5 6 7 8 9 10 11 ");
    }

    #[test]
    fn what_is_lacking_strange_or_secret_is_a_fault() {
        let bindings = || plain("bindings.toml", "[prd]");
        let entry = |name: &str| plain(&format!("entries/a.toml{name}"), "x");
        assert_eq!(codes(&[bindings(), entry(".1"), entry(".3")]), ["broken-parts"]);
        assert_eq!(codes(&[bindings(), entry(".2")]), ["broken-parts"]);
        assert_eq!(codes(&[bindings(), entry(""), entry(".1")]), ["broken-parts"]);
        assert_eq!(codes(&[bindings(), plain("a.toml", "x"), entry("")]), ["stray-file"]);
        assert_eq!(codes(&[bindings(), plain("entries/b/a.toml", "x"), entry("")]), ["stray-file"]);
        let secret = Parameter { is_plain: false, ..entry("") };
        assert_eq!(codes(&[bindings(), secret]), ["not-plain"]);
        assert_eq!(codes(&[bindings()]), ["no-entries"]);
        assert_eq!(codes(&[]), ["no-entries"]);
        assert_eq!(codes(&[bindings(), plain("entries/a.toml", &"x".repeat(9 * 1024 * 1024))]), ["all-too-large"]);
    }
}

//! Reads the configuration file into checked values, with every fault in it.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::aws::Profiles;
use super::document::{self, Place, Position};
use super::error::{ConfigError, ConfigProblem, Type};
use super::{CredentialSource, EnvironmentConfig, Glyphs, JournalConfig, THEMES, environment};
use crate::domain::environment::Environment;
use crate::domain::identity::RoleMapping;
use crate::i18n::Lang;
use crate::keymap;

/// The keys at the top of a configuration file.
const TOP: &[&str] = &["lang", "keymap", "theme", "glyphs", "mouse", "utc", "environment", "role", "journal"];

/// The longest name of an environment or a role, in characters: it stands in the header.
pub(super) const LONGEST_NAME: usize = 40;

/// What a configuration file says; what it does not say is `None`.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    pub(super) lang: Option<Lang>,
    pub(super) keymap: Option<String>,
    pub(super) theme: Option<String>,
    pub(super) glyphs: Option<Glyphs>,
    pub(super) mouse: Option<bool>,
    pub(super) utc: Option<bool>,
    pub(super) environments: Vec<EnvironmentConfig>,
    pub(super) roles: Vec<RoleMapping>,
    pub(super) journal: Option<JournalConfig>,
}

/// How much of a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// All but the environments and the roles.
    Preferences,
}

/// Reads and checks a file.
pub(super) fn read(path: &Path, text: &str, profiles: &Profiles, part: Part) -> Result<ConfigFile, Vec<ConfigError>> {
    let mut reader = Reader { path, text, profiles, part, errors: Vec::new() };
    let file = reader.file();
    let mut errors = reader.errors;
    if errors.is_empty() {
        Ok(file)
    } else {
        errors.sort_by_key(|error| error.place.position);
        Err(errors)
    }
}

/// Finds the language that a file asks for, even where the rest of it is at fault: its faults are told in it.
pub(super) fn peek_lang(text: &str) -> Option<Lang> {
    let (table, _) = document::parse(text);
    Lang::from_code(table.get("lang")?.get_ref().as_str()?)
}

/// A value and where it is written.
pub(super) type Value<'v, 't> = &'v toml::Spanned<DeValue<'t>>;

pub(super) struct Reader<'r> {
    path: &'r Path,
    text: &'r str,
    pub(super) profiles: &'r Profiles,
    part: Part,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn file(&mut self) -> ConfigFile {
        let (table, faults) = document::parse(self.text);
        let broken = faults.iter().any(|fault| fault.repeated.is_none());
        for fault in faults {
            let problem = match fault.repeated {
                Some(key) => ConfigProblem::Repeated { key },
                None => ConfigProblem::Syntax { detail: fault.detail },
            };
            self.error(&fault.span, problem);
        }
        if broken { ConfigFile::default() } else { self.top(&table) }
    }

    fn top(&mut self, table: &DeTable<'_>) -> ConfigFile {
        let mut file = ConfigFile::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "lang" => file.lang = self.one_of("lang", value, &["ja", "en"]).and_then(|code| Lang::from_code(&code)),
                "keymap" => {
                    let names: Vec<_> = keymap::builtin_names().collect();
                    file.keymap = self.one_of("keymap", value, &names);
                }
                "theme" => file.theme = self.one_of("theme", value, THEMES),
                "glyphs" => {
                    file.glyphs =
                        self.one_of("glyphs", value, &["unicode", "ascii"]).and_then(|name| Glyphs::from_name(&name));
                }
                "mouse" => file.mouse = self.boolean("mouse", value),
                "utc" => file.utc = self.boolean("utc", value),
                "environment" | "role" | "journal" if self.part == Part::Preferences => {}
                "environment" => file.environments = self.environments(value),
                "role" => file.roles = self.roles(value),
                // It names an environment, wherever that stands.
                "journal" => {}
                _ => self.unknown_key(key, "", TOP),
            }
        }
        if let Some(value) = table.get("journal").filter(|_| self.part == Part::Whole) {
            file.journal = super::journal::read(self, value, &file.environments);
        }
        file
    }

    fn environments(&mut self, value: Value<'_, '_>) -> Vec<EnvironmentConfig> {
        let mut names: Vec<(String, usize)> = Vec::new();
        let mut environments = Vec::new();
        for (table, span) in self.tables("environment", value) {
            let environment = environment::read(self, table, &span);
            if let Some(line) = self.repeated(&mut names, table, &environment.environment.name) {
                let name = environment.environment.name.clone();
                self.error(&name_span(table, &span), ConfigProblem::DuplicateEnvironment { name, line });
            }
            environments.push(environment);
        }
        environments
    }

    fn roles(&mut self, value: Value<'_, '_>) -> Vec<RoleMapping> {
        let mut names: Vec<(String, usize)> = Vec::new();
        let mut roles = Vec::new();
        for (table, span) in self.tables("role", value) {
            let role = self.role(table, &span);
            if let Some(line) = self.repeated(&mut names, table, &role.name) {
                let name = role.name.clone();
                self.error(&name_span(table, &span), ConfigProblem::DuplicateRole { name, line });
            }
            roles.push(role);
        }
        roles
    }

    fn role(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> RoleMapping {
        let mut role = RoleMapping { name: String::new(), patterns: Vec::new() };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" => role.name = self.name(value).unwrap_or_default(),
                "match" => {
                    let Some(texts) = self.texts("match", value) else {
                        continue;
                    };
                    if texts.is_empty() {
                        self.error(&value.span(), ConfigProblem::RoleWithoutPatterns);
                    }
                    for (text, span) in texts {
                        match text.parse() {
                            Ok(pattern) => role.patterns.push(pattern),
                            Err(_) => self.error(&span, ConfigProblem::BadPattern { value: text }),
                        }
                    }
                }
                _ => self.unknown_key(key, "[[role]]", &["name", "match"]),
            }
        }
        self.require(table, span, "[[role]]", "name");
        if !table.contains_key("match") {
            self.error(span, ConfigProblem::RoleWithoutPatterns);
        }
        role
    }

    /// Remembers a name, and gives the line of the same name before it.
    fn repeated(&mut self, names: &mut Vec<(String, usize)>, table: &DeTable<'_>, name: &str) -> Option<usize> {
        let value = table.get("name")?;
        if name.is_empty() {
            return None;
        }
        let first = names.iter().find(|(known, _)| known == name).map(|(_, line)| *line);
        names.push((name.to_owned(), Position::of(self.text, value.span().start).line));
        first
    }
}

/// Reads values of one type each; a fault is remembered, and nothing given.
impl Reader<'_> {
    pub(super) fn error(&mut self, span: &Range<usize>, problem: ConfigProblem) {
        let place = self.place(span);
        self.errors.push(ConfigError { place, problem });
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place { file: Some(self.path.to_path_buf()), position: Some(Position::of(self.text, span.start)) }
    }

    /// Returns a path that is written in the file: it counts from where the file lies.
    pub(super) fn beside(&self, path: &str) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.join(path).to_string_lossy().into_owned()
    }

    pub(super) fn unknown_key(
        &mut self,
        key: &toml::Spanned<std::borrow::Cow<'_, str>>,
        table: &'static str,
        known: &'static [&'static str],
    ) {
        let nearest = document::nearest(key.get_ref(), known.iter().copied());
        let problem = ConfigProblem::UnknownKey { key: key.get_ref().to_string(), table, nearest, known };
        self.error(&key.span(), problem);
    }

    pub(super) fn require(
        &mut self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        table_name: &'static str,
        key: &'static str,
    ) {
        if !table.contains_key(key) {
            self.error(span, ConfigProblem::MissingField { key, table: table_name });
        }
    }

    pub(super) fn wrong_type<T>(&mut self, key: &'static str, value: Value<'_, '_>, expected: Type) -> Option<T> {
        let found = Type::of(value.get_ref());
        self.error(&value.span(), ConfigProblem::WrongType { key, expected, found });
        None
    }

    pub(super) fn text(&mut self, key: &'static str, value: Value<'_, '_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => self.wrong_type(key, value, Type::Text),
        }
    }

    /// Reads a text that must say something.
    pub(super) fn filled_text(&mut self, key: &'static str, value: Value<'_, '_>) -> Option<String> {
        let text = self.text(key, value)?;
        if text.trim().is_empty() {
            self.error(&value.span(), ConfigProblem::EmptyValue { key });
            return None;
        }
        Some(text)
    }

    fn boolean(&mut self, key: &'static str, value: Value<'_, '_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(boolean) => Some(*boolean),
            _ => self.wrong_type(key, value, Type::Boolean),
        }
    }

    pub(super) fn texts(&mut self, key: &'static str, value: Value<'_, '_>) -> Option<Vec<(String, Range<usize>)>> {
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong_type(key, value, Type::Texts);
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push((text.to_string(), item.span())),
                _ => self.wrong_type(key, item, Type::Text)?,
            }
        }
        Some(texts)
    }

    fn tables<'v, 't>(&mut self, key: &'static str, value: Value<'v, 't>) -> Vec<(&'v DeTable<'t>, Range<usize>)> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type::<()>(key, value, Type::Tables);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((table, item.span())),
                _ => drop(self.wrong_type::<()>(key, item, Type::Table)),
            }
        }
        tables
    }

    pub(super) fn one_of(&mut self, key: &'static str, value: Value<'_, '_>, known: &[&str]) -> Option<String> {
        let text = self.text(key, value)?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        self.error(&value.span(), unknown_value(key, text, known));
        None
    }

    /// Reads the name of an environment or a role.
    pub(super) fn name(&mut self, value: Value<'_, '_>) -> Option<String> {
        let name = self.text("name", value)?;
        if is_name(&name) {
            return Some(name);
        }
        self.error(&value.span(), ConfigProblem::BadName { name });
        None
    }

    /// Reads the name of a profile of the AWS configuration files.
    pub(super) fn profile(&mut self, key: &'static str, value: Value<'_, '_>) -> Option<String> {
        let name = self.filled_text(key, value)?;
        if let Some(mut error) = check_profile(self.profiles, &name) {
            // The profile is at fault where it is written, an AWS file that cannot be read where that is.
            if error.place.file.is_none() {
                error.place = self.place(&value.span());
            }
            self.errors.push(error);
        }
        Some(name)
    }
}

/// Says what is wrong with the name of a profile: nothing where it is in the AWS configuration files.
///
/// Where one of them cannot be read that is the fault, at that file.
pub(super) fn check_profile(profiles: &Profiles, name: &str) -> Option<ConfigError> {
    if profiles.get(name).is_some() {
        return None;
    }
    if let Some((problem, place)) = profiles.unreadable.first().cloned() {
        return Some(ConfigError { place, problem: ConfigProblem::File(problem) });
    }
    let nearest = document::nearest(name, profiles.names()).map(str::to_owned);
    let known = profiles.names().map(str::to_owned).collect();
    let problem = ConfigProblem::UnknownProfile { name: name.to_owned(), nearest, known };
    Some(ConfigError { place: Place::default(), problem })
}

/// Says that a value is none of those that there are.
pub(super) fn unknown_value(key: &'static str, value: String, known: &[&str]) -> ConfigProblem {
    let nearest = document::nearest(&value, known.iter().copied()).map(str::to_owned);
    ConfigProblem::UnknownValue { key, value, nearest, known: known.iter().map(|&name| name.to_owned()).collect() }
}

/// Tells whether a text can be the name of an environment or a role: short, visible, and the same when trimmed.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && name.chars().count() <= LONGEST_NAME && document::printable(name) == name
}

fn name_span(table: &DeTable<'_>, otherwise: &Range<usize>) -> Range<usize> {
    table.get("name").map_or_else(|| otherwise.clone(), toml::Spanned::span)
}

impl EnvironmentConfig {
    /// Makes an environment that is yet to be filled in.
    pub(super) fn empty() -> EnvironmentConfig {
        EnvironmentConfig { environment: Environment::default(), credentials: CredentialSource::Current }
    }
}

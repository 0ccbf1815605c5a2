//! Speaks the operator's language: catalogues of texts, and their lookup.
//!
//! Every word that a person reads lives in `locales/<lang>/<area>.toml`; a key is `area.name`, tables nest with
//! dots. English is the reference: what another language lacks is shown in English, and `tests/locales.rs` sees to
//! it that nothing is lacking.

use std::collections::HashMap;
use std::fmt::{self, Display, Write as _};
use std::sync::OnceLock;

/// Embeds one catalogue per area and language; a new area is one word here and one file per language.
macro_rules! catalogues {
    ($($area:literal),+ $(,)?) => {
        /// Names every area, that is the first part of every key.
        pub const AREAS: &[&str] = &[$($area),+];

        const EN: &[(&str, &str)] = &[$(($area, include_str!(concat!("../locales/en/", $area, ".toml")))),+];
        const JA: &[(&str, &str)] = &[$(($area, include_str!(concat!("../locales/ja/", $area, ".toml")))),+];
    };
}

catalogues![
    "common",
    "screens",
    "cli",
    "config",
    "keymap",
    "aws",
    "commands",
    "log",
    "sessions",
    "operations",
    "gate",
    "runbooks",
    "catalogue",
    "journal",
    "policy"
];

/// Gives the text of a key: `t!(texts, "area.key")`, or with placeholders `t!(texts, "area.key", name = value)`.
///
/// The first form is a `&'static str`, the second a `String` with every `{name}` replaced by its value.
#[macro_export]
macro_rules! t {
    ($texts:expr, $key:expr $(,)?) => {
        $texts.get($key)
    };
    ($texts:expr, $key:expr, $($name:ident = $value:expr),+ $(,)?) => {
        $texts.fill($key, &[$((stringify!($name), &$value as &dyn ::std::fmt::Display)),+])
    };
}

/// A language that the program speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
pub enum Lang {
    /// English, the reference.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Lang {
    /// Lists every language, in the order in which they are offered.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Ja];

    /// Gives the name used in files and flags: the ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ja => "ja",
        }
    }

    /// Reads the name used in files and flags; exactly `en` or `ja`.
    pub fn from_code(code: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// Finds the language of a locale name, POSIX (`ja_JP.UTF-8`) or BCP 47 (`ja-JP`); anything but Japanese is English.
    pub fn from_locale(locale: &str) -> Lang {
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ja") { Lang::Ja } else { Lang::En }
    }

    /// Finds the language of this process.
    ///
    /// `LC_ALL`, `LC_MESSAGES` and `LANG` decide in that order, as POSIX has it (Base Definitions, section 8.2): the
    /// first that is set and not empty. Where none is, the operating system's own setting is asked.
    pub fn of_process() -> Lang {
        Lang::of_environment(|name| std::env::var(name).ok(), sys_locale::get_locale)
    }

    /// Finds the language from given variables, and from `system` where they say nothing.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>, system: impl FnOnce() -> Option<String>) -> Lang {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty())
            .or_else(system)
            .map_or(Lang::En, |locale| Lang::from_locale(&locale))
    }
}

impl Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The texts of one language; as cheap to copy as the name of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts {
    lang: Lang,
}

impl Texts {
    /// Takes the texts of a language.
    pub const fn of(lang: Lang) -> Texts {
        Texts { lang }
    }

    /// Names the language that these texts are in.
    pub const fn lang(self) -> Lang {
        self.lang
    }

    /// Gives the text of `key`, or English where the language lacks it, or the key itself where nobody has it.
    ///
    /// The last two are defects that `tests/locales.rs` finds; on the screen they must still not be a panic.
    pub fn get(&self, key: &'static str) -> &'static str {
        self.lookup(key).unwrap_or(key)
    }

    /// Gives the text of a key that was put together at run time, if there is one.
    pub fn lookup(&self, key: &str) -> Option<&'static str> {
        catalogue(self.lang).get(key).or_else(|| catalogue(Lang::En).get(key)).map(String::as_str)
    }

    /// Gives the text of `key` with each `{name}` replaced by its value.
    ///
    /// What a value holds is never read as a placeholder again, and a name without a value stays as it is written.
    pub fn fill(&self, key: &'static str, values: &[(&str, &dyn Display)]) -> String {
        fill(self.get(key), values)
    }
}

/// Replaces each `{name}` of a template in one pass.
pub fn fill(template: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(template.len() + 16 * values.len());
    let mut rest = template;
    while let Some((before, from_brace)) = rest.split_once('{') {
        filled.push_str(before);
        let value = from_brace
            .split_once('}')
            .and_then(|(name, after)| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value, after)));
        if let Some((value, after)) = value {
            // Writing to a String fails only where the value's own Display does; then what it wrote stands.
            let _ = write!(filled, "{value}");
            rest = after;
        } else {
            filled.push('{');
            rest = from_brace;
        }
    }
    filled.push_str(rest);
    filled
}

/// Lists every key with its text in one language, English not mixed in. For help, documentation and tests.
pub fn entries(lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    catalogue(lang).iter().map(|(key, text)| (key.as_str(), text.as_str()))
}

fn catalogue(lang: Lang) -> &'static HashMap<String, String> {
    static ENGLISH: OnceLock<HashMap<String, String>> = OnceLock::new();
    static JAPANESE: OnceLock<HashMap<String, String>> = OnceLock::new();
    match lang {
        Lang::En => ENGLISH.get_or_init(|| flatten(EN)),
        Lang::Ja => JAPANESE.get_or_init(|| flatten(JA)),
    }
}

fn flatten(areas: &[(&str, &str)]) -> HashMap<String, String> {
    let mut texts = HashMap::new();
    for (area, file) in areas {
        // An embedded file that is no TOML leaves its keys without text, which the tests below and in tests/ report.
        if let Ok(table) = file.parse::<toml::Table>() {
            flatten_table(area, table, &mut texts);
        }
    }
    texts
}

fn flatten_table(prefix: &str, table: toml::Table, texts: &mut HashMap<String, String>) {
    for (name, value) in table {
        let key = format!("{prefix}.{name}");
        match value {
            toml::Value::String(text) => {
                texts.insert(key, text);
            }
            toml::Value::Table(inner) => flatten_table(&key, inner, texts),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn every_embedded_file_is_toml() {
        for (area, file) in EN.iter().chain(JA) {
            file.parse::<toml::Table>().unwrap_or_else(|error| panic!("{area}: {error}"));
        }
    }

    #[rstest]
    #[case(&[("LANG", "ja_JP.UTF-8")], None, Lang::Ja)]
    #[case(&[("LANG", "ja")], None, Lang::Ja)]
    #[case(&[("LANG", "ja_JP.eucJP@currency=JPY")], None, Lang::Ja)]
    #[case(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")], None, Lang::En)]
    #[case(&[("LC_ALL", ""), ("LC_MESSAGES", "ja_JP"), ("LANG", "en_US")], None, Lang::Ja)]
    #[case(&[("LC_MESSAGES", "POSIX"), ("LANG", "ja_JP")], None, Lang::En)]
    #[case(&[("LANGUAGE", "ja"), ("LANG", "en_US.UTF-8")], None, Lang::En)]
    #[case(&[], Some("ja-JP"), Lang::Ja)]
    #[case(&[("LANG", "en_US.UTF-8")], Some("ja-JP"), Lang::En)]
    #[case(&[("LANG", "jam_JM")], None, Lang::En)]
    #[case(&[], None, Lang::En)]
    fn the_locale_is_read_as_posix_reads_it(
        #[case] variables: &[(&str, &str)],
        #[case] system: Option<&str>,
        #[case] expected: Lang,
    ) {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        assert_eq!(Lang::of_environment(variable, || system.map(str::to_owned)), expected);
    }

    #[test]
    fn placeholders_are_filled_once_and_unknown_ones_stay() {
        let values: &[(&str, &dyn Display)] = &[("a", &"{b}"), ("b", &2)];
        assert_eq!(fill("{a} と {b}、{c} {", values), "{b} と 2、{c} {");
        assert_eq!(fill("{{a}}", values), "{{b}}");
        assert_eq!(fill("", values), "");
    }

    #[test]
    fn a_missing_key_shows_itself() {
        let key = concat!("common", ".", "no-such-text");
        assert_eq!(Texts::of(Lang::Ja).get(key), key);
        assert_eq!(Texts::of(Lang::Ja).lookup(key), None);
    }

    proptest! {
        #[test]
        fn text_without_braces_is_kept(text in "[^{]*", value in ".*") {
            prop_assert_eq!(fill(&text, &[("x", &value)]), text);
        }

        #[test]
        fn filling_never_panics(template in ".*", value in ".*") {
            let _ = fill(&template, &[("x", &value), ("", &value)]);
        }

        #[test]
        fn a_locale_name_never_panics(locale in ".*") {
            let _ = Lang::from_locale(&locale);
        }
    }
}

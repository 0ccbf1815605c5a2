//! Keeps the catalogues whole: every text that is used is there in every language, and every text is used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sekisho::i18n::{AREAS, Lang, entries};

/// Keys that are put together at run time, so that no literal in the sources holds them whole.
const COMPUTED: &[&str] = &[
    "cli.about.",      // the name of a subcommand
    "cli.arg.",        // the name of an argument
    "cli.value.",      // the name of an argument's value
    "journal.result.", // the name of what came of something
];

/// What ends the names of files, which look like keys.
const FILE_ENDINGS: &[&str] = &["toml", "json", "jsonl", "rs", "md", "yaml", "yml", "txt", "new"];

fn texts(lang: Lang) -> BTreeMap<&'static str, &'static str> {
    entries(lang).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Lists the plain string literals of a source, comments left out.
fn literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (found, after) = (&rest[at..=at], &rest[at + 1..]);
        if found == "/" && after.starts_with('/') {
            rest = after.split_once('\n').map_or("", |(_, next)| next);
        } else if found == "'" {
            // A character in quotes, of which `'"'` would begin a string; a lifetime has no closing quote so near.
            let end = after.char_indices().skip(1).take(9).find(|(_, c)| *c == '\'').map(|(index, _)| index);
            rest = match end {
                Some(end) if after.starts_with('\\') || after[..end].chars().count() == 1 => &after[end + 1..],
                _ => after,
            };
        } else if let Some(end) = raw_end(&rest[..at]) {
            let (literal, next) = after.split_once(&end).unwrap_or((after, ""));
            literals.push(literal.to_owned());
            rest = next;
        } else if found == "\"" {
            let mut literal = String::new();
            let mut characters = after.char_indices();
            let mut end = after.len();
            while let Some((index, c)) = characters.next() {
                match c {
                    '\\' => drop(characters.next()),
                    '"' => {
                        end = index + 1;
                        break;
                    }
                    _ => literal.push(c),
                }
            }
            literals.push(literal);
            rest = &after[end..];
        } else {
            rest = after;
        }
    }
    literals
}

/// Gives what ends the raw string that begins behind this text, as in `r#"…"#`; nothing where it is a plain one.
fn raw_end(before: &str) -> Option<String> {
    let hashes = before.len() - before.trim_end_matches('#').len();
    let prefix = before.trim_end_matches('#').strip_suffix('r')?;
    let is_word = prefix.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !prefix.ends_with('b');
    (!is_word).then(|| format!("\"{}", "#".repeat(hashes)))
}

/// Tells whether a literal has the form of a key: an area, then names of small letters.
fn is_key(literal: &str) -> bool {
    let mut parts = literal.split('.');
    let area = parts.next().is_some_and(|area| AREAS.contains(&area));
    let name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    };
    let names: Vec<&str> = parts.collect();
    let file = names.last().is_some_and(|last| FILE_ENDINGS.contains(last));
    area && !file && !names.is_empty() && names.iter().all(|part| name(part))
}

fn keys_in_sources() -> BTreeMap<String, PathBuf> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut keys = BTreeMap::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for literal in literals(&source).into_iter().filter(|literal| is_key(literal)) {
            keys.insert(literal, file.clone());
        }
    }
    keys
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_key_that_is_used_has_a_text_in_every_language() {
    let used = keys_in_sources();
    assert!(used.len() > 100, "the search found only {} keys", used.len());
    for lang in Lang::ALL {
        let texts = texts(lang);
        let lacking: Vec<_> = used.iter().filter(|(key, _)| !texts.contains_key(key.as_str())).collect();
        assert!(lacking.is_empty(), "{lang} lacks {lacking:#?}");
    }
}

#[test]
fn every_text_is_used() {
    let used = keys_in_sources();
    let unused: Vec<_> = texts(Lang::En)
        .into_keys()
        .filter(|key| !used.contains_key(*key) && !COMPUTED.iter().any(|prefix| key.starts_with(prefix)))
        .collect();
    assert!(unused.is_empty(), "no source uses {unused:#?}");
}

#[test]
fn every_computed_prefix_is_needed() {
    let english = texts(Lang::En);
    for prefix in COMPUTED {
        assert!(english.keys().any(|key| key.starts_with(prefix)), "{prefix}");
    }
}

#[test]
fn all_languages_have_the_same_keys_and_placeholders() {
    let english = texts(Lang::En);
    for lang in Lang::ALL {
        let other = texts(lang);
        assert!(english.keys().eq(other.keys()), "{lang}: {:?}", difference(&english, &other));
        for (key, text) in &other {
            assert_eq!(placeholders(text), placeholders(english[key]), "{lang} {key}");
        }
    }
}

fn difference<'a>(one: &BTreeMap<&'a str, &'a str>, other: &BTreeMap<&'a str, &'a str>) -> Vec<&'a str> {
    let keys = |map: &BTreeMap<&'a str, &'a str>| map.keys().copied().collect::<BTreeSet<_>>();
    keys(one).symmetric_difference(&keys(other)).copied().collect()
}

#[test]
fn texts_are_one_line_and_fit_to_be_shown() {
    for lang in Lang::ALL {
        for (key, text) in texts(lang) {
            assert!(!text.chars().any(char::is_control), "{lang} {key} holds a control character");
            assert!(!text.is_empty() && text.trim() == text, "{lang} {key} is empty or has space around it");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{lang} {key}: {text}");
        }
    }
}

#[test]
fn japanese_is_japanese() {
    let (english, japanese) = (texts(Lang::En), texts(Lang::Ja));
    let same: Vec<_> = japanese.iter().filter(|(key, text)| english[*key] == **text && text.contains(' ')).collect();
    assert!(same.is_empty(), "not translated: {same:#?}");
}

#[test]
fn japanese_and_latin_words_stand_without_a_space_between() {
    let is_japanese = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
    let is_latin = |c: char| c.is_ascii_alphanumeric() || "{}`\"".contains(c);
    let spaced = |text: &str| {
        let characters: Vec<char> = text.chars().collect();
        characters.windows(3).any(|part| match *part {
            [before, ' ', after] => {
                (is_japanese(before) && is_latin(after)) || (is_latin(before) && is_japanese(after))
            }
            _ => false,
        })
    };
    assert!(spaced("{action} が") && spaced("更新 r") && !spaced("1回/分 約$2") && !spaced("例: aws sso"));
    let found: Vec<_> = texts(Lang::Ja).into_iter().filter(|(_, text)| spaced(text)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_search_for_literals_finds_what_it_should() {
    let source = r###"
        t!(texts, "a.b"); // "not.this"
        fn f<'a>(x: &'a str) -> char { let q = '"'; let e = '\''; let s = "c \" d"; x.get("e.f") }
        const RAW: &str = r##"one " two"##; g("h.i"); for("j.k");
    "###;
    assert_eq!(literals(source), ["a.b", "c  d", "e.f", "one \" two", "h.i", "j.k"]);
    assert!(is_key("commands.half-page-up") && is_key("config.type.text"));
    assert!(!is_key("config.toml") && !is_key("commands.") && !is_key("nothing.x") && !is_key("common"));
}

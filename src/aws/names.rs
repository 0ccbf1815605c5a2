//! Names that point at something: safe to show, never the same for two things, and known as AWS has them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

use super::words;

/// What stands between a name and its mark.
const SIGN: char = '~';
/// How many hexadecimal digits a mark has: enough that nobody can choose a name whose mark is another one's.
const DIGITS: usize = 16;
/// The most names that are remembered. What is forgotten is learnt again at the next full read.
const MOST: usize = 100_000;

/// Cleans a name so that no two of AWS's names become one.
///
/// A name that cleaning changes is marked with the beginning of its SHA-256: `cpu~0f1e2d3c4b5a6978`. So is one that
/// looks as if it were marked already. Whoever may make an alarm could otherwise hide another one behind it, by a
/// character that nobody sees. The mark depends on the name alone: it is the same at each reading and in each run.
pub(super) fn unique(raw: &str) -> String {
    let clean = words::name(Some(raw));
    if clean == raw && !is_marked(raw) {
        return clean;
    }
    let mut mark = hex::encode(Sha256::digest(raw.as_bytes()));
    mark.truncate(DIGITS);
    format!("{clean}{SIGN}{mark}")
}

fn is_marked(name: &str) -> bool {
    name.rsplit_once(SIGN).is_some_and(|(_, mark)| {
        mark.len() == DIGITS && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Remembers names as AWS has them, by what [`unique`] made of them, where that differs.
///
/// As a name of ours stands for one of AWS's only, whatever account it is of, all connections share one memory, and
/// the one that is opened in another one's place knows what to ask for.
#[derive(Debug, Default)]
pub(super) struct Names {
    originals: Mutex<HashMap<String, String>>,
}

impl Names {
    /// Makes a name safe and distinct, and remembers what it was.
    pub(super) fn remember(&self, raw: &str) -> String {
        let name = unique(raw);
        if name != raw {
            let mut originals = self.originals.lock().unwrap_or_else(PoisonError::into_inner);
            if originals.len() >= MOST && !originals.contains_key(&name) {
                originals.clear();
            }
            originals.insert(name.clone(), raw.to_owned());
        }
        name
    }

    /// Returns a name as AWS has it.
    pub(super) fn original(&self, name: &str) -> String {
        let originals = self.originals.lock().unwrap_or_else(PoisonError::into_inner);
        originals.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_that_is_clean_stays_as_it_is() {
        for raw in ["", "shop-prd-web-5xx", "決済 エラー", "a~b", "a~0123456789abcdeF", "a~0123456789abcde"] {
            assert_eq!(unique(raw), raw);
        }
    }

    #[test]
    fn names_that_look_alike_are_told_apart_and_asked_for_as_they_are() {
        let names = Names::default();
        let long = "x".repeat(words::NAME);
        let mut raws: Vec<String> =
            ["cpu", "cpu\u{200b}", "cpu\u{200d}", "cp\u{202e}u", "cpu\u{1b}[31m", "\u{200b}", ""]
                .map(str::to_owned)
                .to_vec();
        raws.extend([format!("{long}a"), format!("{long}b")]);
        // Somebody writes what another name becomes.
        raws.extend([unique("cpu\u{200b}"), unique(&unique("cpu\u{200b}"))]);
        let shown: Vec<String> = raws.iter().map(|raw| names.remember(raw)).collect();
        assert_eq!(shown.iter().collect::<HashSet<_>>().len(), raws.len(), "{shown:?}");
        for (raw, shown) in raws.iter().zip(&shown) {
            assert_eq!(names.original(shown), *raw);
            assert!(!shown.chars().any(char::is_control));
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let names = Names::default();
        let first = names.remember("0\u{200b}");
        for number in 1..=MOST {
            names.remember(&format!("{number}\u{200b}"));
        }
        assert_eq!(names.original(&first), first);
        assert!(names.originals.lock().unwrap().len() <= MOST);
    }
}

//! What is looked for in the lines, and where it stands in them.

use std::ops::Range;

/// Holds texts that are looked for.
///
/// One in small letters is found in either case, as search tools have it; one with a capital just as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needles {
    exact: Vec<String>,
    folded: Vec<String>,
}

impl Needles {
    /// Looks for one text.
    pub fn of_search(text: &str) -> Self {
        let mut needles = Self::default();
        let has_capital = text.chars().any(char::is_uppercase);
        let kind = if has_capital { &mut needles.exact } else { &mut needles.folded };
        kind.extend(Some(text.to_owned()).filter(|text| !text.is_empty()));
        needles
    }

    /// Looks for the words of a filter pattern, as far as they can be told from it.
    ///
    /// Source: "Filter pattern syntax" of CloudWatch Logs: words must all be there, `?word` need not, `-word` must not, a
    /// phrase stands in quotes; what begins with `{`, `[` or `%` describes fields or an expression and names no text.
    /// Words are found in their own case only.
    pub fn of_pattern(pattern: &str) -> Self {
        let pattern = pattern.trim();
        if pattern.starts_with(['{', '[', '%']) {
            return Self::default();
        }
        let mut exact = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            let is_unwanted = rest.starts_with('-');
            let term = rest.trim_start_matches(['-', '?']);
            let (word, after) = match term.strip_prefix('"') {
                Some(phrase) => phrase.split_once('"').unwrap_or((phrase, "")),
                None => term.split_once(char::is_whitespace).unwrap_or((term, "")),
            };
            exact.extend(Some(word.to_owned()).filter(|word| !is_unwanted && !word.is_empty()));
            rest = after.trim_start();
        }
        Self { exact, folded: Vec::new() }
    }

    /// Tells whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.folded.is_empty()
    }

    /// Tells whether a line holds one of the texts.
    pub fn is_in(&self, line: &str) -> bool {
        self.exact.iter().any(|needle| line.contains(needle.as_str()))
            || !self.folded.is_empty() && {
                let line = line.to_ascii_lowercase();
                self.folded.iter().any(|needle| line.contains(&needle.to_ascii_lowercase()))
            }
    }

    /// Returns where the texts stand in a line, from left to right; of two that overlap the first.
    pub fn ranges(&self, line: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for needle in &self.exact {
            found.extend(line.match_indices(needle.as_str()).map(|(at, text)| at..at + text.len()));
        }
        if !self.folded.is_empty() {
            // Folding the case of ASCII keeps every byte in its place.
            let line = line.to_ascii_lowercase();
            for needle in &self.folded {
                let needle = needle.to_ascii_lowercase();
                found.extend(line.match_indices(&needle).map(|(at, text)| at..at + text.len()));
            }
        }
        found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        found.retain(|range| {
            let is_free = range.start >= end;
            end = if is_free { range.end } else { end };
            is_free
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn found<'l>(needles: &Needles, line: &'l str) -> Vec<&'l str> {
        let found: Vec<&str> = needles.ranges(line).into_iter().map(|range| &line[range]).collect();
        assert_eq!(!found.is_empty(), needles.is_in(line), "{line}");
        found
    }

    #[rstest]
    #[case("error", "an Error, an ERROR", &["Error", "ERROR"])]
    #[case("Error", "an Error, an ERROR", &["Error"])]
    #[case("決済", "決済の決済", &["決済", "決済"])]
    #[case("aa", "aaaaa", &["aa", "aa"])]
    #[case("", "anything", &[])]
    #[case("İ", "i̇İ", &["İ"])]
    fn a_search_finds_each_place(#[case] text: &str, #[case] line: &str, #[case] expected: &[&str]) {
        assert_eq!(found(&Needles::of_search(text), line), expected);
    }

    #[rstest]
    #[case("ERROR", "ERROR Error", &["ERROR"])]
    #[case("ERROR timeout", "timeout: ERROR", &["timeout", "ERROR"])]
    #[case("?ERROR ?WARN", "WARN or ERROR", &["WARN", "ERROR"])]
    #[case("ERROR -healthz", "ERROR healthz", &["ERROR"])]
    #[case(r#""took 30 s" -"GET /""#, "GET / took 30 s", &["took 30 s"])]
    #[case(r#""open"#, "open end", &["open"])]
    #[case(r#"{ $.level = "error" }"#, "error", &[])]
    #[case("[ip, status=500]", "status=500", &[])]
    #[case("%err[0-9]%", "err1", &[])]
    #[case("  -", "-", &[])]
    fn a_pattern_names_texts(#[case] pattern: &str, #[case] line: &str, #[case] expected: &[&str]) {
        assert_eq!(found(&Needles::of_pattern(pattern), line), expected);
    }
}

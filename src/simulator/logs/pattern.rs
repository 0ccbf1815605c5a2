//! Filter patterns: terms, phrases, exclusions and alternatives.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

use super::invalid;
use crate::simulator::wire::ApiError;

/// What a line must hold, and must not. Terms are compared letter for letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    all: Vec<String>,
    none: Vec<String>,
    any: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; the empty one fits every line.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let mut pattern = Self::default();
        let mut rest = text.trim_start();
        if rest.starts_with(['{', '[', '%']) {
            return Err(invalid(format!("Invalid filter pattern: only terms are understood here, not '{text}'")));
        }
        while !rest.is_empty() {
            let (list, after) = match rest.strip_prefix('-') {
                Some(after) => (&mut pattern.none, after),
                None => match rest.strip_prefix('?') {
                    Some(after) => (&mut pattern.any, after),
                    None => (&mut pattern.all, rest),
                },
            };
            let (term, after) = term(after).ok_or_else(|| invalid(format!("Invalid filter pattern: '{text}'")))?;
            list.push(term);
            rest = after.trim_start();
        }
        // As AWS has it, alternatives count for nothing beside terms that must be there.
        if !pattern.all.is_empty() {
            pattern.any.clear();
        }
        Ok(pattern)
    }

    /// Whether a line fits.
    pub fn fits(&self, line: &str) -> bool {
        self.all.iter().all(|term| line.contains(term.as_str()))
            && !self.none.iter().any(|term| line.contains(term.as_str()))
            && (self.any.is_empty() || self.any.iter().any(|term| line.contains(term.as_str())))
    }
}

/// Takes a term, or a phrase in quotes, and what follows.
fn term(text: &str) -> Option<(String, &str)> {
    if let Some(inside) = text.strip_prefix('"') {
        let mut phrase = String::new();
        let mut chars = inside.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return inside.get(at + 1..).filter(|_| !phrase.is_empty()).map(|rest| (phrase, rest)),
                '\\' => phrase.push(chars.next()?.1),
                _ => phrase.push(c),
            }
        }
        return None;
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    // A term that holds more than letters and digits must stand in quotes.
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    plain.then(|| (word.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", true)]
    #[case("ERROR", true)]
    #[case("error", false)]
    #[case("ERROR timeout", true)]
    #[case("ERROR absent", false)]
    #[case("ERROR -timeout", false)]
    #[case("-absent", true)]
    #[case("?absent ?ERROR", true)]
    #[case("?absent ?missing", false)]
    #[case("\"ERROR: timeout after\"", true)]
    #[case("\"timeout ERROR\"", false)]
    #[case("-\"3000 ms\"", false)]
    #[case("支払", true)]
    #[case("ERROR ?absent", true)]
    #[case("\"say \\\"hi\\\"\"", true)]
    fn looks_for_terms(#[case] pattern: &str, #[case] fits: bool) {
        let line = "2026 ERROR: timeout after 3000 ms 支払に失敗 say \"hi\"";
        assert_eq!(Pattern::parse(pattern).unwrap().fits(line), fits, "{pattern}");
    }

    #[rstest]
    #[case("\"open")]
    #[case("\"\"")]
    #[case("a-b")]
    #[case("- a")]
    #[case("{ $.level = \"ERROR\" }")]
    #[case("[a, b]")]
    fn refuses(#[case] pattern: &str) {
        assert!(Pattern::parse(pattern).is_err(), "{pattern}");
    }
}

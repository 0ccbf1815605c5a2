//! Reads Rust as far as the rules need it: words, signs and texts, without comments, attributes and tests.

/// A piece of Rust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name or a keyword.
    Word(String),
    /// A sign; a path's `::` is one.
    Sign(&'static str),
    /// What stands between the quotes of a text.
    Text(String),
}

/// A token and the line it is on, from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub token: Token,
    pub line: usize,
}

impl Placed {
    pub fn is(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(found) if *found == sign)
    }

    pub fn word(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The signs that matter, the longer ones first; every other sign is a `?`.
const SIGNS: [&str; 14] = ["::", "{", "}", "(", ")", "[", "]", ",", ";", "#", "!", ".", "$", "*"];

/// Reads the tokens of a file that are not in attributes or tests, and the names of its modules that are tests.
pub fn read(text: &str) -> (Vec<Placed>, Vec<String>) {
    without_tests(&tokens(text))
}

/// Cuts a text into tokens.
pub fn tokens(text: &str) -> Vec<Placed> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let (token, end) = next(&chars, at);
        tokens.extend(token.map(|token| Placed { token, line }));
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    tokens
}

/// Reads what begins at a place; gives the token, where it is one, and the place behind it.
fn next(chars: &[char], at: usize) -> (Option<Token>, usize) {
    let here = |text: &str| text.chars().enumerate().all(|(index, c)| chars.get(at + index) == Some(&c));
    let c = chars[at];
    if here("//") {
        return (None, find(chars, at, |c| c == '\n'));
    }
    if here("/*") {
        return (None, block_comment(chars, at));
    }
    if let Some((text, end)) = raw_text(chars, at) {
        return (Some(Token::Text(text)), end);
    }
    if c == '"' || here("b\"") || here("c\"") {
        let start = at + if c == '"' { 1 } else { 2 };
        let end = closing(chars, start, '"');
        return (Some(Token::Text(chars[start..end].iter().collect())), end + 1);
    }
    if c == '\'' {
        return (None, after_quote(chars, at));
    }
    if c.is_alphanumeric() || c == '_' {
        let end = find(chars, at, |c| !c.is_alphanumeric() && c != '_');
        return (Some(Token::Word(chars[at..end].iter().collect())), end);
    }
    if c.is_whitespace() {
        return (None, at + 1);
    }
    let sign = SIGNS.into_iter().find(|sign| here(sign)).unwrap_or("?");
    (Some(Token::Sign(sign)), at + sign.len())
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|c| wanted(*c)).map_or(chars.len(), |found| from + found)
}

/// Finds the end of a comment in which others may lie.
fn block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0_usize, at);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// Reads `r"…"`, `r#"…"#` and so on, and the same of bytes.
fn raw_text(chars: &[char], at: usize) -> Option<(String, usize)> {
    let start = at + usize::from(chars[at] == 'b');
    if chars.get(start) != Some(&'r') {
        return None;
    }
    let quote = find(chars, start + 1, |c| c != '#');
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let hashes = quote - start - 1;
    let ends = |end: usize| chars[end] == '"' && (1..=hashes).all(|index| chars.get(end + index) == Some(&'#'));
    let end = (quote + 1..chars.len()).find(|end| ends(*end))?;
    Some((chars[quote + 1..end].iter().collect(), end + 1 + hashes))
}

/// Finds a closing quote, not one behind a backslash.
fn closing(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at.min(chars.len())
}

/// Passes over a character (`'x'`, `'\''`) or the mark of a lifetime (`'a`).
fn after_quote(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => closing(chars, at + 1, '\'') + 1,
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}

/// Leaves out attributes, and items that are only there for tests.
fn without_tests(tokens: &[Placed]) -> (Vec<Placed>, Vec<String>) {
    let (mut kept, mut modules, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        let bracket = at + 1 + usize::from(tokens.get(at + 1).is_some_and(|next| next.is("!")));
        if !tokens[at].is("#") || !tokens.get(bracket).is_some_and(|next| next.is("[")) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = matching(tokens, bracket);
        let words: Vec<&str> = tokens[bracket..end].iter().filter_map(Placed::word).collect();
        at = end;
        if words == ["cfg", "test"] {
            let item = end_of_item(tokens, end);
            let is_module = |pair: &[Placed]| pair[0].word() == Some("mod");
            let name = tokens[end..item].windows(2).find(|pair| is_module(pair)).and_then(|pair| pair[1].word());
            modules.extend(name.map(str::to_owned));
            at = item;
        }
    }
    (kept, modules)
}

/// Finds the place behind the bracket that closes the one at a place.
pub fn matching(tokens: &[Placed], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if ["(", "[", "{"].iter().any(|sign| token.is(sign)) {
            depth += 1;
        } else if [")", "]", "}"].iter().any(|sign| token.is(sign)) {
            depth -= 1;
            if depth == 0 {
                return index + 1;
            }
        }
    }
    tokens.len()
}

/// Finds the place behind an item: behind its `;` or its block.
fn end_of_item(tokens: &[Placed], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() {
        if tokens[at].is(";") {
            return at + 1;
        }
        if tokens[at].is("{") {
            return matching(tokens, at);
        }
        at = if tokens[at].is("(") || tokens[at].is("[") { matching(tokens, at) } else { at + 1 };
    }
    at
}

/// Lists the names that follow a path's `::` at a place: one, or several in braces.
pub fn names_after(tokens: &[Placed], separator: usize) -> Vec<String> {
    let first = separator + 1;
    match tokens.get(first) {
        Some(token) if token.is("{") => {
            let end = matching(tokens, first);
            let mut depth = 0_usize;
            let mut names = Vec::new();
            for pair in tokens[first..end].windows(2) {
                depth += usize::from(pair[0].is("{"));
                depth -= usize::from(pair[0].is("}"));
                if depth == 1 && (pair[0].is("{") || pair[0].is(",")) {
                    names.extend(pair[1].word().map(str::to_owned));
                }
            }
            names
        }
        Some(token) => token.word().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        read(text).0.iter().filter_map(|placed| placed.word().map(str::to_owned)).collect()
    }

    #[test]
    fn comments_texts_and_attributes_are_no_words() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r##"a "b \" c" r#"d " e"# br"f" 'g' '\'' 'static h"##), ["a", "static", "h"]);
        assert_eq!(words("#[doc = \"x\"] a #![allow(b)] c"), ["a", "c"]);
    }

    #[test]
    fn tests_are_left_out_and_named() {
        let (tokens, modules) = read("a; #[cfg(test)] mod tests { fn b() {} } c; #[cfg(test)]\nmod samples; d");
        let words: Vec<_> = tokens.iter().filter_map(Placed::word).collect();
        assert_eq!((words, modules), (vec!["a", "c", "d"], vec!["tests".to_owned(), "samples".to_owned()]));
        assert_eq!(words_of_line(&tokens, 2), ["d"]);
    }

    fn words_of_line(tokens: &[Placed], line: usize) -> Vec<&str> {
        tokens.iter().filter(|token| token.line == line).filter_map(Placed::word).collect()
    }

    #[test]
    fn groups_are_opened() {
        let (tokens, _) = read("use crate::{a::{b, c}, d, e::f};");
        let separator = tokens.iter().position(|token| token.is("::")).unwrap();
        assert_eq!(names_after(&tokens, separator), ["a", "d", "e"]);
    }
}

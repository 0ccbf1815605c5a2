//! Values that are secret by their name: `PGPASSWORD=…`, `"DATABASE_URL": "…"`, `JWT_SECRET: …`.

use super::rules::Swallow;

/// Names whose values are secret, in capitals and with `_` between words. A longer name that ends so counts too,
/// such as `STAGING_DATABASE_URL` or `spring.datasource.password`.
const SECRET: &[&str] = &[
    "DATABASE_URL",
    "MONGODB_URI",
    "JWT_SECRET",
    "API_KEY",
    "APIKEY",
    "SENTRY_DSN",
    "PGPASSWORD",
    "PASSWORD",
    "PASSWD",
    "MYSQL_PWD",
    "CLIENT_SECRET",
    "SECRET_ACCESS_KEY",
    "SECRETACCESSKEY",
    "AWS_SECRET_KEY",
    "SESSION_TOKEN",
    "SESSIONTOKEN",
    "SECURITY_TOKEN",
    "AUTH_TOKEN",
    "ACCESS_TOKEN",
    "REFRESH_TOKEN",
    "TOKENVALUE",
    "X_AMZ_SIGNATURE",
];

/// Names of which the value ends with the parameter of the address that it stands in.
const IN_ADDRESS: &[&str] = &["X_AMZ_SIGNATURE", "SECURITY_TOKEN"];

/// The longest name that is looked at.
const LONGEST: usize = 64;

/// Tells whether a secret value begins behind `context` with `next`, and where it will end.
pub(super) fn begins(context: &[char], next: char) -> Option<Swallow> {
    let last = *context.last()?;
    if next.is_whitespace() || !matches!(last, '=' | ':' | '>' | ' ' | '\t' | '"' | '\'') {
        return None;
    }
    let mut back = Back(context);
    let opening = back.quote();
    // The quote itself is no secret, and what stands between two of them is looked at next.
    if (opening.is_none() && matches!(next, '"' | '\'')) || opening.is_some_and(|(quote, _)| quote == next) {
        return None;
    }
    back.blanks();
    let separator = back.separator()?;
    back.blanks();
    back.take(']');
    let closing = back.quote();
    let name = back.name();
    let before = Back(back.0);
    let is_value = separator == ':' && name == "VALUE" && before.is_after_secret_name();
    if !is_secret(&name) && !is_value {
        return None;
    }
    Some(match opening {
        Some((quote, is_escaped)) => Swallow::quoted(quote, is_escaped, separator == '='),
        None if IN_ADDRESS.iter().any(|known| name.ends_with(known)) && separator == '=' => Swallow::Parameter,
        // `"NAME=value"`: the quote before the name ends the value.
        None if closing.is_none() && separator == '=' => Swallow::word(before.ending_quote()),
        None if separator == ':' && before.is_at_line_start() => Swallow::Line,
        None => Swallow::word(None),
    })
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|known| name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// Reads a context from its end.
#[derive(Clone, Copy)]
struct Back<'a>(&'a [char]);

impl Back<'_> {
    fn last(&self) -> Option<char> {
        self.0.last().copied()
    }

    fn pop(&mut self) {
        self.0 = &self.0[..self.0.len().saturating_sub(1)];
    }

    fn take(&mut self, c: char) -> bool {
        let is_there = self.last() == Some(c);
        if is_there {
            self.pop();
        }
        is_there
    }

    /// Takes a quote, and tells whether a backslash stands before it.
    fn quote(&mut self) -> Option<(char, bool)> {
        let quote = self.last().filter(|c| matches!(c, '"' | '\''))?;
        self.pop();
        Some((quote, self.take('\\')))
    }

    fn blanks(&mut self) {
        while matches!(self.last(), Some(' ' | '\t')) {
            self.pop();
        }
    }

    fn all_space(&mut self) {
        while self.last().is_some_and(char::is_whitespace) {
            self.pop();
        }
    }

    /// Takes `=`, `:`, `=>` or `:=`.
    fn separator(&mut self) -> Option<char> {
        if self.take('>') {
            return self.take('=').then_some('=');
        }
        let separator = self.last().filter(|c| matches!(c, '=' | ':'))?;
        self.pop();
        if separator == '=' {
            self.take(':');
        }
        Some(separator)
    }

    /// Takes a name, and returns it in capitals with `_` between words.
    fn name(&mut self) -> String {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let length = self.0.iter().rev().take(LONGEST).take_while(|c| is_part(c)).count();
        let (rest, name) = self.0.split_at(self.0.len() - length);
        self.0 = rest;
        let upper = |c: &char| if matches!(c, '-' | '.') { '_' } else { c.to_ascii_uppercase() };
        name.iter().map(upper).collect()
    }

    /// Tells whether `"name": "DATABASE_URL",` ends here, as in the environment of an ECS container definition.
    fn is_after_secret_name(mut self) -> bool {
        if self.quote().is_none() {
            return false;
        }
        self.all_space();
        if !self.take(',') {
            return false;
        }
        self.all_space();
        if self.quote().is_none() {
            return false;
        }
        let name = self.name();
        if self.quote().is_none() || !is_secret(&name) {
            return false;
        }
        self.all_space();
        let is_named = self.take(':');
        self.all_space();
        is_named && self.quote().is_some() && self.name() == "NAME"
    }

    /// Returns the quote that stands here, if any.
    fn ending_quote(&self) -> Option<char> {
        self.last().filter(|c| matches!(c, '"' | '\'' | '`'))
    }

    /// Tells whether only blanks and a list's hyphen stand before this on its line.
    fn is_at_line_start(&self) -> bool {
        let before = self.0.iter().rev().find(|c| !matches!(c, ' ' | '\t' | '-'));
        before.is_none_or(|c| matches!(c, '\n' | '\r'))
    }
}

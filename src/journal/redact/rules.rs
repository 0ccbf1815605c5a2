//! What a secret looks like, and where it ends.

use super::names;

/// What is known of the character that comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No secret begins here.
    Plain,
    /// More must be seen; holds what to do where no more may be waited for.
    Unsure(Option<Swallow>),
    /// A secret begins here.
    Secret(Swallow),
}

/// How far a secret goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Swallow {
    /// To a quote.
    Quoted { quote: char, escapes: bool, is_escaped: bool, joins: bool },
    /// Behind a quote: in a shell, `'a'"b"` is one value.
    Joined,
    /// To white space, or to the quote that was opened before its name.
    Word { stop: Option<char> },
    /// To white space, a quote or `&`.
    Parameter,
    /// To the end of the line.
    Line,
    /// As long as there are characters of a set.
    Run(Set),
    /// So many characters.
    Exactly { left: usize, is_key_id: bool },
    /// To the `@` of an address.
    UserInfo,
    /// To the end of a PEM block, or to what cannot be part of one.
    Pem { left: usize, is_over: bool },
}

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// Capitals and digits.
    Capital,
    /// Base64, and base64url without its `-` and `_`.
    Base64,
    /// Base64url and dots: a JSON web token (RFC 7515).
    Token,
    /// `token68` of RFC 9110, section 11.2.
    Token68,
}

impl Set {
    fn has(self, c: char) -> bool {
        match self {
            Self::Capital => c.is_ascii_uppercase() || c.is_ascii_digit(),
            Self::Base64 => c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='),
            Self::Token => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
            Self::Token68 => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '='),
        }
    }
}

/// The largest PEM block: a key of 16,384 bits has 12 KiB.
const LARGEST_PEM: usize = 65_536;

/// How far behind an access key's id its secret is looked for.
const NEAR: usize = 512;

/// The length of an AWS secret access key.
const SECRET_KEY: usize = 40;

/// The least of a word that is taken out behind a broken PEM block.
const PEM_WORD: usize = 16;

/// The most that is looked ahead.
const AHEAD: usize = super::MOST_HELD;

/// What was seen a short while ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    left: usize,
    /// Behind an access key's id its secret may follow; behind a PEM block that something broke, the rest of it.
    is_pem: bool,
}

impl Window {
    /// Returns the window one character later; nothing once it is passed.
    pub(super) fn passed(self) -> Option<Self> {
        (self.left > 1).then(|| Self { left: self.left - 1, ..self })
    }
}

impl Swallow {
    pub(super) const fn quoted(quote: char, is_escaped: bool, joins: bool) -> Self {
        Self::Quoted { quote, escapes: quote == '"' && !is_escaped, is_escaped: false, joins: joins && !is_escaped }
    }

    pub(super) const fn word(stop: Option<char>) -> Self {
        Self::Word { stop }
    }

    /// Tells whether the next character belongs to the secret.
    pub(super) fn takes(&mut self, c: char, context: &[char]) -> bool {
        match self {
            Self::Quoted { quote, escapes, is_escaped, joins } => {
                if std::mem::take(is_escaped) {
                    return true;
                }
                *is_escaped = *escapes && c == '\\';
                if c == *quote && *joins {
                    *self = Self::Joined;
                    return true;
                }
                c != *quote && !matches!(c, '\n' | '\r')
            }
            Self::Joined => {
                let goes_on = c.is_alphanumeric() || matches!(c, '\\' | '"' | '\'' | '$');
                *self = Self::word(None);
                goes_on
            }
            Self::Word { stop } => !c.is_whitespace() && Some(c) != *stop,
            Self::Parameter => !c.is_whitespace() && !matches!(c, '&' | '"' | '\'' | '<' | '>'),
            Self::Line => !matches!(c, '\n' | '\r'),
            Self::Run(set) => set.has(c),
            Self::Exactly { left, .. } => {
                let is_left = *left > 0;
                *left = left.saturating_sub(1);
                is_left
            }
            Self::UserInfo => !c.is_whitespace() && !matches!(c, '@' | '"' | '\''),
            Self::Pem { left, is_over } => {
                *is_over = *is_over || *left == 0 || is_pem_line(context, "-----END ");
                *left = left.saturating_sub(1);
                !*is_over && is_pem_body(c)
            }
        }
    }

    /// Returns what makes the text behind it suspicious.
    pub(super) fn leaves_behind(&self) -> Option<Window> {
        match self {
            Self::Exactly { is_key_id: true, .. } | Self::Run(Set::Capital) => {
                Some(Window { left: NEAR, is_pem: false })
            }
            Self::Pem { left, is_over: false } => Some(Window { left: *left, is_pem: true }),
            _ => None,
        }
    }
}

/// Tells whether a character may stand in a PEM block: base64, line breaks also as JSON writes them, and its headers.
fn is_pem_body(c: char) -> bool {
    Set::Base64.has(c) || matches!(c, '-' | ':' | ',' | '\\' | '_') || c.is_whitespace()
}

/// Tells whether a line such as `-----BEGIN RSA PRIVATE KEY-----` ends here (RFC 7468).
fn is_pem_line(context: &[char], begins: &str) -> bool {
    if !context.ends_with(&['-'; 5]) {
        return false;
    }
    let line: String = context[context.len().saturating_sub(64)..].iter().collect();
    let label = line.strip_suffix("-----").and_then(|line| line.rfind(begins).map(|at| &line[at + begins.len()..]));
    label.is_some_and(|label| {
        label.contains("PRIVATE KEY") && label.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ')
    })
}

/// Judges the first of the characters that are ahead.
pub(super) fn judge(context: &[char], ahead: impl Iterator<Item = char> + Clone, window: Option<&Window>) -> Verdict {
    let Some(next) = ahead.clone().next() else { return Verdict::Plain };
    if is_pem_line(context, "-----BEGIN ") {
        return Verdict::Secret(Swallow::Pem { left: LARGEST_PEM, is_over: false });
    }
    if let Some(swallow) = names::begins(context, next) {
        // A value may begin with a backslash, and so may a quote within another text: `\"`.
        return match (next, ahead.clone().nth(1)) {
            ('\\', None) => Verdict::Unsure(Some(swallow)),
            ('\\', Some('"' | '\'')) => Verdict::Plain,
            _ => Verdict::Secret(swallow),
        };
    }
    if context.last() == Some(&':') && is_user(context) {
        return password(ahead);
    }
    if let Some(least) = after_scheme(context) {
        return run(ahead, Set::Token68, least);
    }
    let is_boundary = context.last().is_none_or(|c| !c.is_ascii_alphanumeric() && *c != '_');
    if !is_boundary {
        return Verdict::Plain;
    }
    match key_id(ahead.clone()) {
        Verdict::Plain => {}
        verdict => return verdict,
    }
    match prefixed(&ahead) {
        Verdict::Plain => {}
        verdict => return verdict,
    }
    match window {
        Some(window) if !matches!(context.last(), Some('+' | '/')) => near(window, ahead),
        _ => Verdict::Plain,
    }
}

/// Tells whether `scheme://user:` ends here.
fn is_user(context: &[char]) -> bool {
    let user = &context[..context.len() - 1];
    let is_part = |c: &&char| !c.is_whitespace() && !matches!(c, '/' | '@' | ':' | '"' | '\'' | '<' | '>');
    let length = user.iter().rev().take(128).take_while(is_part).count();
    user[..user.len() - length].ends_with(&[':', '/', '/'])
}

/// Judges what follows `scheme://user:`: a password where an `@` ends it, a port where it is one.
fn password(ahead: impl Iterator<Item = char>) -> Verdict {
    let (mut last_at, mut is_number, mut seen) = (None, true, 0);
    for (index, c) in ahead.take(AHEAD).enumerate() {
        seen = index + 1;
        let ends = c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
        let ends_host = matches!(c, '/' | '?' | '#' | ',') && (last_at.is_some() || is_number);
        if ends || ends_host {
            return match last_at {
                Some(at) if at > 0 => Verdict::Secret(Swallow::Exactly { left: at, is_key_id: false }),
                _ => Verdict::Plain,
            };
        }
        if c == '@' {
            last_at = Some(index);
        }
        is_number &= c.is_ascii_digit();
    }
    match last_at {
        Some(0) => Verdict::Unsure(None),
        Some(at) => Verdict::Unsure(Some(Swallow::Exactly { left: at, is_key_id: false })),
        None => Verdict::Unsure((seen > 0).then_some(Swallow::UserInfo)),
    }
}

/// Returns how long a token must be behind `Bearer `, or behind `Authorization: Basic `, where one of them ends here.
fn after_scheme(context: &[char]) -> Option<usize> {
    if context.last() != Some(&' ') {
        return None;
    }
    let before: String = context[context.len().saturating_sub(48)..].iter().collect::<String>().to_ascii_lowercase();
    let before = before.trim_end();
    let is_header = before.contains("authorization");
    let ends = |word: &str| {
        let rest = before.strip_suffix(word);
        rest.is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()))
    };
    match () {
        () if is_header && (ends("bearer") || ends("basic") || ends("token")) => Some(1),
        () if ends("bearer") => Some(16),
        () => None,
    }
}

/// Judges a run of characters of a set, which is a secret where it is long enough.
fn run(ahead: impl Iterator<Item = char>, set: Set, least: usize) -> Verdict {
    let mut length = 0;
    for c in ahead.take(AHEAD) {
        if !set.has(c) {
            return Verdict::Plain;
        }
        length += 1;
        if length >= least {
            return Verdict::Secret(Swallow::Run(set));
        }
    }
    Verdict::Unsure((length > 0).then_some(Swallow::Run(set)))
}

/// Judges an access key's id: `AKIA` or `ASIA` and 16 capitals and digits.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
fn key_id(mut ahead: impl Iterator<Item = char>) -> Verdict {
    for expected in ["A", "KS", "I", "A"] {
        match ahead.next() {
            Some(c) if expected.contains(c) => {}
            Some(_) => return Verdict::Plain,
            None => return Verdict::Unsure(None),
        }
    }
    let mut length = 0;
    for c in ahead.take(17) {
        match (length, Set::Capital.has(c)) {
            (16, _) if !c.is_ascii_alphanumeric() => {
                return Verdict::Secret(Swallow::Exactly { left: 20, is_key_id: true });
            }
            (16, _) | (_, false) => return Verdict::Plain,
            (_, true) => length += 1,
        }
    }
    Verdict::Unsure((length >= 4).then_some(Swallow::Run(Set::Capital)))
}

/// Tokens that show by how they begin: what it is, the set of what follows, and how much of it makes a token.
///
/// The first are what AWS's session tokens begin with: the encoded form of a fixed header.
const PREFIXES: &[(&str, Set, usize)] = &[
    ("IQoJb3JpZ2lu", Set::Base64, 16),
    ("FwoGZXIvYXdz", Set::Base64, 16),
    ("FQoGZXIvYXdz", Set::Base64, 16),
    ("AQoDYXdz", Set::Base64, 16),
    ("AQoEXAMPLE", Set::Base64, 16),
    ("ghp_", Set::Token, 16),
    ("github_pat_", Set::Token, 16),
    ("glpat-", Set::Token, 16),
    ("xoxb-", Set::Token, 16),
    ("sk_live_", Set::Token, 16),
];

fn prefixed(ahead: &(impl Iterator<Item = char> + Clone)) -> Verdict {
    match web_token(ahead.clone()) {
        Verdict::Plain => {}
        verdict => return verdict,
    }
    for (prefix, set, least) in PREFIXES {
        let mut rest = ahead.clone();
        let matched = prefix.chars().zip(rest.by_ref()).take_while(|(expected, c)| expected == c).count();
        if matched == prefix.len() {
            return run(ahead.clone().skip(matched), *set, *least);
        }
        if ahead.clone().take(matched + 1).count() == matched {
            return Verdict::Unsure((matched > 6).then_some(Swallow::Run(*set)));
        }
    }
    Verdict::Plain
}

/// Judges a JSON web token: base64url of `{"…`, a dot, more of it.
fn web_token(ahead: impl Iterator<Item = char> + Clone) -> Verdict {
    let (mut length, mut has_dot) = (0, false);
    for (index, c) in ahead.take(AHEAD).enumerate() {
        match (index, c) {
            (0, 'e') | (1, 'y') | (2, 'J') => {}
            (0..=2, _) => return Verdict::Plain,
            _ if has_dot && Set::Token.has(c) && c != '.' => return Verdict::Secret(Swallow::Run(Set::Token)),
            (_, '.') if length >= 13 && !has_dot => has_dot = true,
            _ if has_dot || c == '.' || !Set::Token.has(c) => return Verdict::Plain,
            _ => {}
        }
        length = index + 1;
    }
    Verdict::Unsure((length >= 13).then_some(Swallow::Run(Set::Token)))
}

/// Judges a word behind an access key's id, or behind a PEM block that something broke.
fn near(window: &Window, ahead: impl Iterator<Item = char>) -> Verdict {
    if window.is_pem {
        return run(ahead, Set::Base64, PEM_WORD);
    }
    let (mut length, mut has_upper, mut has_lower, mut is_whole) = (0, false, false, false);
    for c in ahead.take(SECRET_KEY + 1) {
        if !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/')) {
            is_whole = true;
            break;
        }
        has_upper |= c.is_ascii_uppercase();
        has_lower |= c.is_ascii_lowercase();
        length += 1;
    }
    let swallow = Swallow::Exactly { left: SECRET_KEY, is_key_id: false };
    match length {
        SECRET_KEY if is_whole && has_upper && has_lower => Verdict::Secret(swallow),
        SECRET_KEY if !is_whole => Verdict::Unsure(Some(swallow)),
        1..SECRET_KEY if !is_whole => Verdict::Unsure((length >= 20).then_some(Swallow::Run(Set::Base64))),
        _ => Verdict::Plain,
    }
}

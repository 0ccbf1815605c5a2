//! `SEARCH`: the metrics whose namespace, dimensions and words fit.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html>

use crate::simulator::clock::MINUTE;
use crate::simulator::world::{Series, Statistic};

/// How deep parentheses and NOT may go.
const DEEPEST: usize = 64;
/// How long the query of a search may be.
const LONGEST: usize = 1_024;

/// A search, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The namespace and the names of all dimensions, where it names them.
    schema: Option<(String, Vec<String>)>,
    terms: Option<Term>,
    pub statistic: Statistic,
    /// Seconds.
    period: i64,
}

/// What a metric must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
    /// `key="value"` or `key=part`
    Property(String, Word),
    /// Anything of the metric.
    Anywhere(Word),
}

/// A word: in quotes it must be the whole, otherwise a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Exact(String),
    Part(Vec<String>),
}

/// What a metric is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
    pub account: String,
    pub region: String,
}

impl Search {
    /// Reads a search's query.
    pub fn parse(text: &str, statistic: Statistic, period: f64) -> Result<Self, String> {
        if text.chars().count() > LONGEST {
            return Err(format!("The query of a SEARCH has {LONGEST} characters at most"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a year of seconds is checked to be a whole number below")]
        let whole = period as i64;
        if whole < 60 || whole % 60 != 0 || period > 31_536_000.0 || period.fract() != 0.0 {
            return Err("The period of a SEARCH must be a multiple of 60".to_owned());
        }
        let mut reader = Reader { rest: text.trim(), depth: 0 };
        let schema = reader.schema()?;
        let terms = if reader.rest.trim().is_empty() { None } else { Some(reader.any()?) };
        reader.rest = reader.rest.trim_start();
        if !reader.rest.is_empty() {
            return Err(format!("Unexpected '{}' in a SEARCH", reader.shown()));
        }
        if schema.is_none() && terms.is_none() {
            return Err("The query of a SEARCH is empty".to_owned());
        }
        Ok(Self { schema, terms, statistic, period: whole })
    }

    /// The period in minutes.
    pub fn minutes(&self) -> i64 {
        self.period * 1_000 / MINUTE
    }

    /// Whether it finds a metric.
    pub fn finds(&self, series: &Series) -> bool {
        let schema = self.schema.as_ref().is_none_or(|(namespace, names)| {
            *namespace == series.namespace
                && names.len() == series.dimensions.len()
                && series.dimensions.iter().all(|(name, _)| names.contains(name))
        });
        schema && self.terms.as_ref().is_none_or(|term| term.fits(series))
    }
}

impl Term {
    fn fits(&self, series: &Series) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.fits(series)),
            Self::Any(terms) => terms.iter().any(|term| term.fits(series)),
            Self::Not(term) => !term.fits(series),
            Self::Property(key, word) => match key.as_str() {
                "MetricName" => word.fits(&series.name),
                "Namespace" => word.fits(&series.namespace),
                _ => series.dimensions.iter().any(|(name, value)| name == key && word.fits(value)),
            },
            Self::Anywhere(word) => {
                let dimensions = series.dimensions.iter();
                word.fits(&series.namespace)
                    || word.fits(&series.name)
                    || dimensions.into_iter().any(|(name, value)| word.fits(name) || word.fits(value))
            }
        }
    }
}

impl Word {
    fn new(text: &str, quoted: bool) -> Self {
        if quoted { Self::Exact(text.to_owned()) } else { Self::Part(tokens(text)) }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exact(word) => word == text,
            Self::Part(words) => {
                let all = tokens(text);
                let whole = all.concat();
                whole == words.concat() || all.windows(words.len().max(1)).any(|window| window == words.as_slice())
            }
        }
    }
}

/// Takes a text apart as CloudWatch does: at what is neither letter nor digit, and where a capital begins a word.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut fresh = true;
    for (index, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        let lower_next = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        let rises = c.is_uppercase()
            && before.is_some_and(|before| before.is_lowercase() || (before.is_uppercase() && lower_next));
        let turns = c.is_numeric() != before.is_some_and(|before| before.is_numeric());
        if fresh || rises || turns {
            tokens.push(String::new());
        }
        fresh = false;
        if let Some(last) = tokens.last_mut() {
            last.extend(c.to_lowercase());
        }
    }
    tokens
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn shown(&self) -> String {
        self.rest.chars().take(20).collect()
    }

    fn sign(&mut self, sign: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `{Namespace, Dimension, …}`
    fn schema(&mut self) -> Result<Option<(String, Vec<String>)>, String> {
        if !self.sign('{') {
            return Ok(None);
        }
        let inside = self.rest.split_once('}').ok_or("A brace of a SEARCH is not closed")?;
        self.rest = inside.1;
        let mut names = inside.0.split(',').map(|name| name.trim().trim_matches('"').to_owned());
        let namespace = names.next().filter(|name| !name.is_empty()).ok_or("A SEARCH names no namespace")?;
        Ok(Some((namespace, names.collect())))
    }

    /// `all { OR all }`
    fn any(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.all()?];
        while self.keyword("OR") {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.swap_remove(0) } else { Term::Any(terms) })
    }

    /// `one { [AND] one }`
    fn all(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.one(None)?];
        loop {
            let and = self.keyword("AND");
            self.rest = self.rest.trim_start();
            let ended = self.rest.is_empty() || self.rest.starts_with(')') || self.is_keyword("OR");
            if ended && !and {
                return Ok(if terms.len() == 1 { terms.swap_remove(0) } else { Term::All(terms) });
            }
            terms.push(self.one(None)?);
        }
    }

    /// A term, of a property where one was named before it.
    fn one(&mut self, key: Option<&str>) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("A SEARCH is nested too deeply".to_owned());
        }
        let term = self.one_inside(key)?;
        self.depth -= 1;
        Ok(term)
    }

    fn one_inside(&mut self, key: Option<&str>) -> Result<Term, String> {
        if self.keyword("NOT") {
            return Ok(Term::Not(Box::new(self.one(key)?)));
        }
        if self.sign('(') {
            let inside = if key.is_some() { self.choices(key)? } else { self.any()? };
            return if self.sign(')') { Ok(inside) } else { Err("A parenthesis of a SEARCH is not closed".to_owned()) };
        }
        let (text, quoted) = self.word()?;
        if let Some(key) = key {
            return Ok(Term::Property(key.to_owned(), Word::new(text, quoted)));
        }
        if self.sign('=') {
            return self.one(Some(text));
        }
        Ok(Term::Anywhere(Word::new(text, quoted)))
    }

    /// `"a" OR "b"` behind `key=(`
    fn choices(&mut self, key: Option<&str>) -> Result<Term, String> {
        let mut terms = vec![self.one(key)?];
        while self.keyword("OR") {
            terms.push(self.one(key)?);
        }
        Ok(Term::Any(terms))
    }

    fn is_keyword(&self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(', '"', '\t', '\n']))
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.is_keyword(word);
        if found {
            self.rest = self.rest.get(word.len()..).unwrap_or_default();
        }
        found
    }

    /// A word and whether it stands in quotes.
    fn word(&mut self) -> Result<(&'a str, bool), String> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('"') {
            let (text, rest) = rest.split_once('"').ok_or("A quote of a SEARCH is not closed")?;
            self.rest = rest;
            return Ok((text, true));
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || "()=\"{}".contains(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        if text.is_empty() {
            return Err(format!("Unexpected '{}' in a SEARCH", self.shown()));
        }
        self.rest = rest;
        Ok((text, false))
    }
}

impl Named {
    /// Takes what a series is called by.
    pub fn of(series: &Series, account: &str, region: &str) -> Self {
        Self {
            namespace: series.namespace.clone(),
            name: series.name.clone(),
            dimensions: series.dimensions.clone(),
            account: account.to_owned(),
            region: region.to_owned(),
        }
    }

    /// What sets it apart from others: the metric's name and the dimensions' values, as far as they differ.
    pub fn apart(&self, others: &[&Self]) -> String {
        let name = others.iter().any(|other| other.name != self.name).then_some(self.name.as_str());
        let values = self.dimensions.iter().filter(|pair| others.iter().any(|other| !other.dimensions.contains(pair)));
        let parts: Vec<&str> = name.into_iter().chain(values.map(|(_, value)| value.as_str())).collect();
        if parts.is_empty() { self.name.clone() } else { parts.join(" ") }
    }

    /// Fills a dynamic label: `${PROP('Dim.Rule')}`, `${PROP('MetricName')}`, `${LABEL}`.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html>
    pub fn fill(&self, label: &str, own: &str) -> String {
        let mut filled = String::with_capacity(label.len());
        let mut rest = label;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((inside, after)) = after.split_once('}') else {
                filled.push_str("${");
                rest = after;
                continue;
            };
            let property = inside.trim().strip_prefix("PROP(").and_then(|text| text.strip_suffix(')'));
            match property.map(|text| text.trim_matches(['\'', '"', ' '])) {
                Some(property) => filled.push_str(self.property(property)),
                None if inside.trim() == "LABEL" => filled.push_str(own),
                None => filled.push_str(&["${", inside, "}"].concat()),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn property(&self, name: &str) -> &str {
        let dimension = |name: &str| self.dimensions.iter().find(|(known, _)| known == name);
        match name {
            "MetricName" => &self.name,
            "Namespace" => &self.namespace,
            "AccountId" => &self.account,
            "Region" => &self.region,
            _ => name.strip_prefix("Dim.").and_then(dimension).map_or("", |(_, value)| value.as_str()),
        }
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

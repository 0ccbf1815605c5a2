//! Metric math: numbers, `+ - * /`, parentheses, lists, and the functions that a console needs.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>

use std::collections::BTreeMap;

use crate::simulator::clock::{Millis, seconds};

/// How deep an expression may go.
const DEEPEST: usize = 64;

/// An expression, read.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    Number(f64),
    /// Another query's result.
    Query(String),
    Negative(Box<Expression>),
    Binary(Box<Expression>, Operator, Box<Expression>),
    /// `[m1, m2]`
    List(Vec<Expression>),
    /// `METRICS()`, or those whose ids contain a text.
    Metrics(Option<String>),
    /// `SUM(…)`, `AVG(…)`, `MIN(…)`, `MAX(…)`
    Fold(Fold, Box<Expression>),
    /// `FILL(m, …)`
    Fill(Box<Expression>, Filling),
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// How a list, or a series, becomes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Sum,
    Average,
    Minimum,
    Maximum,
}

/// What takes the place of missing datapoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Filling {
    With(f64),
    Repeat,
    Linear,
}

/// A series of values with their times, ascending.
pub type Points = Vec<(Millis, f64)>;

/// Reads a series at a time.
fn value_at(points: &Points, at: Millis) -> Option<f64> {
    let index = points.binary_search_by_key(&at, |(when, _)| *when).ok()?;
    points.get(index).map(|(_, value)| *value)
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Number(f64),
    Series(Points),
    List(Vec<Points>),
}

/// What an expression may look at.
pub trait Scope {
    /// A query's outcome.
    fn query(&self, id: &str) -> Outcome;
    /// The ids of the queries on metrics whose id contains a text.
    fn metrics(&self, containing: &str) -> Vec<String>;
    /// Every time at which there could be a datapoint.
    fn grid(&self) -> Vec<Millis>;
}

impl Expression {
    /// Reads an expression; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text, depth: 0 };
        let expression = reader.sum()?;
        reader.space();
        if reader.rest.is_empty() { Ok(expression) } else { Err(format!("Unexpected '{}'", reader.shown())) }
    }

    /// The ids that it speaks of.
    pub fn references(&self) -> Vec<&str> {
        match self {
            Self::Number(_) | Self::Metrics(_) => Vec::new(),
            Self::Query(id) => vec![id],
            Self::Negative(one) | Self::Fold(_, one) | Self::Fill(one, _) => one.references(),
            Self::Binary(one, _, other) => [one.references(), other.references()].concat(),
            Self::List(items) => items.iter().flat_map(Self::references).collect(),
        }
    }

    /// Works it out.
    pub fn evaluate(&self, scope: &impl Scope) -> Outcome {
        match self {
            Self::Number(number) => Outcome::Number(*number),
            Self::Query(id) => scope.query(id),
            Self::Negative(one) => combine(&Outcome::Number(0.0), Operator::Subtract, &one.evaluate(scope)),
            Self::Binary(one, operator, other) => combine(&one.evaluate(scope), *operator, &other.evaluate(scope)),
            Self::List(items) => Outcome::List(items.iter().flat_map(|item| series_of(item.evaluate(scope))).collect()),
            Self::Metrics(containing) => {
                let ids = scope.metrics(containing.as_deref().unwrap_or(""));
                Outcome::List(ids.iter().flat_map(|id| series_of(scope.query(id))).collect())
            }
            Self::Fold(fold, one) => fold_outcome(*fold, one.evaluate(scope)),
            Self::Fill(one, filling) => match one.evaluate(scope) {
                Outcome::Number(number) => Outcome::Number(number),
                Outcome::Series(points) => Outcome::Series(fill(&points, *filling, &scope.grid())),
                Outcome::List(list) => {
                    Outcome::List(list.iter().map(|points| fill(points, *filling, &scope.grid())).collect())
                }
            },
        }
    }
}

fn series_of(outcome: Outcome) -> Vec<Points> {
    match outcome {
        Outcome::Number(_) => Vec::new(),
        Outcome::Series(points) => vec![points],
        Outcome::List(list) => list,
    }
}

/// Combines two outcomes; where either has no datapoint, or one divides by zero, there is none.
fn combine(one: &Outcome, operator: Operator, other: &Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Number(a), Outcome::Number(b)) => Outcome::Number(operator.apply(*a, *b).unwrap_or(f64::NAN)),
        (Outcome::Series(points), Outcome::Number(b)) => Outcome::Series(each(points, |_, a| operator.apply(a, *b))),
        (Outcome::Number(a), Outcome::Series(points)) => Outcome::Series(each(points, |_, b| operator.apply(*a, b))),
        (Outcome::Series(points), Outcome::Series(others)) => {
            Outcome::Series(each(points, |at, a| operator.apply(a, value_at(others, at)?)))
        }
        (Outcome::List(list), Outcome::List(others)) => {
            let pairs = list.iter().zip(others);
            let joined = pairs.map(|(points, others)| each(points, |at, a| operator.apply(a, value_at(others, at)?)));
            Outcome::List(joined.collect())
        }
        (Outcome::List(list), single) => Outcome::List(
            list.iter()
                .flat_map(|points| series_of(combine(&Outcome::Series(points.clone()), operator, single)))
                .collect(),
        ),
        (single, Outcome::List(list)) => Outcome::List(
            list.iter()
                .flat_map(|points| series_of(combine(single, operator, &Outcome::Series(points.clone()))))
                .collect(),
        ),
    }
}

fn each(points: &Points, value: impl Fn(Millis, f64) -> Option<f64>) -> Points {
    points.iter().filter_map(|(at, a)| Some((*at, value(*at, *a)?))).collect()
}

impl Operator {
    fn apply(self, a: f64, b: f64) -> Option<f64> {
        let result = match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
        };
        result.is_finite().then_some(result)
    }
}

/// Folds a list at each time into a series, and a series into a number.
fn fold_outcome(fold: Fold, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Number(number) => Outcome::Number(number),
        Outcome::Series(points) => {
            Outcome::Number(fold.apply(points.iter().map(|(_, value)| *value)).unwrap_or(f64::NAN))
        }
        Outcome::List(list) => {
            let mut columns: BTreeMap<Millis, Vec<f64>> = BTreeMap::new();
            for (at, value) in list.into_iter().flatten() {
                columns.entry(at).or_default().push(value);
            }
            Outcome::Series(
                columns.into_iter().filter_map(|(at, values)| Some((at, fold.apply(values.into_iter())?))).collect(),
            )
        }
    }
}

impl Fold {
    fn apply(self, values: impl Iterator<Item = f64>) -> Option<f64> {
        let (mut count, mut sum, mut min, mut max) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            count += 1.0;
            sum += value;
            min = value.min(min);
            max = value.max(max);
        }
        let result = match self {
            Self::Sum => sum,
            Self::Average => sum / count,
            Self::Minimum => min,
            Self::Maximum => max,
        };
        (count > 0.0).then_some(result)
    }
}

/// Fills the grid's empty places: before the first datapoint there is nothing to repeat or to draw a line from.
fn fill(points: &Points, filling: Filling, grid: &[Millis]) -> Points {
    let value = |at: Millis| {
        let next = points.partition_point(|(when, _)| *when < at);
        let before = || next.checked_sub(1).and_then(|index| points.get(index)).copied();
        match filling {
            Filling::With(value) => Some(value),
            Filling::Repeat => before().map(|(_, value)| value),
            Filling::Linear => {
                let ((start, a), (end, b)) = (before()?, points.get(next).copied()?);
                Some(a + (b - a) * seconds(at - start) / seconds(end - start))
            }
        }
    };
    let empty = grid.iter().filter(|at| value_at(points, **at).is_none());
    let mut filled: Points = empty.filter_map(|at| Some((*at, value(*at)?))).chain(points.iter().copied()).collect();
    filled.sort_unstable_by_key(|(at, _)| *at);
    filled
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// What stands next, short enough for a message.
    fn shown(&self) -> String {
        if self.rest.is_empty() { "end of expression".to_owned() } else { self.rest.chars().take(20).collect() }
    }

    fn sign(&mut self, sign: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn need(&mut self, sign: char) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("Expected '{sign}' at '{}'", self.shown())) }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = match () {
                () if self.sign('+') => Operator::Add,
                () if self.sign('-') => Operator::Subtract,
                () => return Ok(left),
            };
            left = Expression::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.unary()?;
        loop {
            let operator = match () {
                () if self.sign('*') => Operator::Multiply,
                () if self.sign('/') => Operator::Divide,
                () => return Ok(left),
            };
            left = Expression::Binary(Box::new(left), operator, Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("The expression is nested too deeply".to_owned());
        }
        let expression = if self.sign('-') { Expression::Negative(Box::new(self.unary()?)) } else { self.atom()? };
        self.depth -= 1;
        Ok(expression)
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.sign('(') {
            let inside = self.sum()?;
            self.need(')')?;
            return Ok(inside);
        }
        if self.sign('[') {
            let mut items = vec![self.sum()?];
            while self.sign(',') {
                items.push(self.sum()?);
            }
            self.need(']')?;
            return Ok(Expression::List(items));
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return self.number().map(Expression::Number);
        }
        let word = self.word();
        match word {
            "" => Err(format!("Unexpected '{}'", self.shown())),
            "METRICS" => self.metrics(),
            "SUM" => self.fold(Fold::Sum),
            "AVG" => self.fold(Fold::Average),
            "MIN" => self.fold(Fold::Minimum),
            "MAX" => self.fold(Fold::Maximum),
            "FILL" => self.filled(),
            _ if word.starts_with(|c: char| c.is_ascii_lowercase()) => Ok(Expression::Query(word.to_owned())),
            _ => Err(format!("Unsupported function '{word}'")),
        }
    }

    fn number(&mut self) -> Result<f64, String> {
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        self.rest = rest;
        number.ok_or_else(|| format!("'{digits}' is not a number"))
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn fold(&mut self, fold: Fold) -> Result<Expression, String> {
        self.need('(')?;
        let inside = self.sum()?;
        self.need(')')?;
        Ok(Expression::Fold(fold, Box::new(inside)))
    }

    fn metrics(&mut self) -> Result<Expression, String> {
        self.need('(')?;
        self.space();
        let mut containing = None;
        for quote in ['"', '\''] {
            if let Some((text, rest)) = self.rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
                containing = Some(text.to_owned());
                self.rest = rest;
            }
        }
        self.need(')')?;
        Ok(Expression::Metrics(containing))
    }

    fn filled(&mut self) -> Result<Expression, String> {
        self.need('(')?;
        let inside = self.sum()?;
        self.need(',')?;
        self.space();
        let filling = if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            match self.word() {
                "REPEAT" => Filling::Repeat,
                "LINEAR" => Filling::Linear,
                word => return Err(format!("FILL does not know '{word}'")),
            }
        } else {
            let negative = self.sign('-');
            let number = self.number()?;
            Filling::With(if negative { -number } else { number })
        };
        self.need(')')?;
        Ok(Expression::Fill(Box::new(inside), filling))
    }
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;

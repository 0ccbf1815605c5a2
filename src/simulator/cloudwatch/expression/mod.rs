//! Metric math: numbers, `+ - * /`, parentheses, lists, and the functions that a console needs.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>

mod read;

use std::collections::BTreeMap;

use super::search::{Named, Search};
use crate::simulator::clock::{Millis, seconds};

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
    /// `SEARCH('…', 'Sum', 300)`
    Search(Search),
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

/// One of several series, with the metric that it is where a search found it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    pub points: Points,
    pub named: Option<Named>,
}

impl From<Points> for Line {
    fn from(points: Points) -> Self {
        Self { points, named: None }
    }
}

impl Line {
    fn each(&self, value: impl Fn(Millis, f64) -> Option<f64>) -> Self {
        Self { points: each(&self.points, value), named: self.named.clone() }
    }
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Number(f64),
    Series(Points),
    List(Vec<Line>),
}

/// What an expression may look at.
pub trait Scope {
    /// A query's outcome.
    fn query(&self, id: &str) -> Outcome;
    /// The ids of the queries on metrics whose id contains a text.
    fn metrics(&self, containing: &str) -> Vec<String>;
    /// The metrics that a search finds.
    fn search(&self, search: &Search) -> Vec<Line>;
    /// Every time at which there could be a datapoint.
    fn grid(&self) -> Vec<Millis>;
}

impl Expression {
    /// The ids that it speaks of.
    pub fn references(&self) -> Vec<&str> {
        match self {
            Self::Number(_) | Self::Metrics(_) | Self::Search(_) => Vec::new(),
            Self::Query(id) => vec![id],
            Self::Negative(one) | Self::Fold(_, one) | Self::Fill(one, _) => one.references(),
            Self::Binary(one, _, other) => [one.references(), other.references()].concat(),
            Self::List(items) => items.iter().flat_map(Self::references).collect(),
        }
    }

    /// The shortest period of its searches, in minutes.
    pub fn shortest_period(&self) -> Option<i64> {
        match self {
            Self::Search(search) => Some(search.minutes()),
            Self::Number(_) | Self::Metrics(_) | Self::Query(_) => None,
            Self::Negative(one) | Self::Fold(_, one) | Self::Fill(one, _) => one.shortest_period(),
            Self::Binary(one, _, other) => [one, other].into_iter().filter_map(|side| side.shortest_period()).min(),
            Self::List(items) => items.iter().filter_map(Self::shortest_period).min(),
        }
    }

    /// Works it out.
    pub fn evaluate(&self, scope: &impl Scope) -> Outcome {
        match self {
            Self::Number(number) => Outcome::Number(*number),
            Self::Query(id) => scope.query(id),
            Self::Negative(one) => combine(&Outcome::Number(0.0), Operator::Subtract, &one.evaluate(scope)),
            Self::Binary(one, operator, other) => combine(&one.evaluate(scope), *operator, &other.evaluate(scope)),
            Self::List(items) => Outcome::List(items.iter().flat_map(|item| lines_of(item.evaluate(scope))).collect()),
            Self::Metrics(containing) => {
                let ids = scope.metrics(containing.as_deref().unwrap_or(""));
                Outcome::List(ids.iter().flat_map(|id| lines_of(scope.query(id))).collect())
            }
            Self::Search(search) => Outcome::List(scope.search(search)),
            Self::Fold(fold, one) => fold_outcome(*fold, one.evaluate(scope)),
            Self::Fill(one, filling) => match one.evaluate(scope) {
                Outcome::Number(number) => Outcome::Number(number),
                Outcome::Series(points) => Outcome::Series(fill(&points, *filling, &scope.grid())),
                Outcome::List(list) => {
                    let grid = scope.grid();
                    let filled = |line: Line| Line { points: fill(&line.points, *filling, &grid), named: line.named };
                    Outcome::List(list.into_iter().map(filled).collect())
                }
            },
        }
    }
}

/// Takes an outcome's series.
pub fn lines_of(outcome: Outcome) -> Vec<Line> {
    match outcome {
        Outcome::Number(_) => Vec::new(),
        Outcome::Series(points) => vec![points.into()],
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
            let joined = pairs.map(|(line, other)| line.each(|at, a| operator.apply(a, value_at(&other.points, at)?)));
            Outcome::List(joined.collect())
        }
        (Outcome::List(list), Outcome::Number(b)) => {
            Outcome::List(list.iter().map(|line| line.each(|_, a| operator.apply(a, *b))).collect())
        }
        (Outcome::List(list), Outcome::Series(others)) => {
            let joined = list.iter().map(|line| line.each(|at, a| operator.apply(a, value_at(others, at)?)));
            Outcome::List(joined.collect())
        }
        (Outcome::Number(a), Outcome::List(list)) => {
            Outcome::List(list.iter().map(|line| line.each(|_, b| operator.apply(*a, b))).collect())
        }
        (Outcome::Series(points), Outcome::List(list)) => {
            let joined = list.iter().map(|line| line.each(|at, b| operator.apply(value_at(points, at)?, b)));
            Outcome::List(joined.collect())
        }
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
            for (at, value) in list.into_iter().flat_map(|line| line.points) {
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

#[cfg(test)]
mod tests;

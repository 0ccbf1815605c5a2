//! What `GetMetricData` is asked, read and checked.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

use std::collections::HashSet;

use super::expression::Expression;
use super::search::Named;
use super::{dimensions, missing_parameter, validation};
use crate::simulator::clock::{MINUTE, Millis};
use crate::simulator::wire::{ApiError, Input};
use crate::simulator::world::Statistic;

/// How many queries a call may hold.
const MOST_QUERIES: usize = 500;

/// What one query asks for.
#[derive(Debug)]
pub struct Query {
    pub id: String,
    pub label: Option<String>,
    /// Whether its result is shown, or only used by expressions.
    pub shown: bool,
    pub account: Option<String>,
    pub source: Source,
}

/// Where a query's values come from.
#[derive(Debug)]
pub enum Source {
    /// A metric's statistic by the period.
    Metric(Asked),
    /// Other queries.
    Expression(Expression),
}

/// A metric that is asked for.
#[derive(Debug)]
pub struct Asked {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
    pub statistic: Statistic,
    /// Seconds.
    pub period: i64,
    pub unit: Option<String>,
}

/// A whole call.
#[derive(Debug)]
pub struct Queries {
    pub all: Vec<Query>,
    pub start: Millis,
    pub end: Millis,
    pub descending: bool,
    /// How many datapoints a page may hold.
    pub most: usize,
}

/// How many datapoints a call may answer.
const MOST_POINTS: usize = 100_800;

impl Queries {
    /// Reads a call.
    pub fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let queries = input.structures("MetricDataQueries")?;
        if queries.is_empty() {
            return Err(missing_parameter("MetricDataQueries"));
        }
        if queries.len() > MOST_QUERIES {
            return Err(validation(format!(
                "The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
            )));
        }
        let start = input.time("StartTime")?.ok_or_else(|| missing_parameter("StartTime"))?;
        let end = input.time("EndTime")?.ok_or_else(|| missing_parameter("EndTime"))?;
        if start >= end {
            return Err(validation("The parameter StartTime must be less than the parameter EndTime."));
        }
        let descending = match input.text("ScanBy")? {
            None | Some("TimestampDescending") => true,
            Some("TimestampAscending") => false,
            Some(word) => return Err(validation(format!("The value {word} for parameter ScanBy is invalid."))),
        };
        let most = match input.integer("MaxDatapoints")? {
            None => MOST_POINTS,
            Some(most) => {
                usize::try_from(most).ok().filter(|most| (1..=MOST_POINTS).contains(most)).ok_or_else(|| {
                    validation(format!("The parameter MaxDatapoints must be between 1 and {MOST_POINTS}."))
                })?
            }
        };
        let mut all = Vec::with_capacity(queries.len());
        for (index, query) in queries.into_iter().enumerate() {
            all.push(read_query(query, index + 1)?);
        }
        check(&all)?;
        Ok(Self { all, start, end, descending, most })
    }
}

fn read_query(input: Input<'_>, number: usize) -> Result<Query, ApiError> {
    let member = |name: &str| format!("MetricDataQueries.member.{number}.{name}");
    let id = input.text("Id")?.ok_or_else(|| missing_parameter(&member("Id")))?;
    let good =
        id.starts_with(|c: char| c.is_ascii_lowercase()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !good || id.len() > 255 {
        let id_member = member("Id");
        return Err(validation(format!(
            "The value {id} for parameter {id_member} is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )));
    }
    let source = match (input.structure("MetricStat")?, input.text("Expression")?) {
        (Some(stat), None) => Source::Metric(read_metric(stat, &member)?),
        (None, Some(text)) => {
            if text.chars().count() > 2_048 {
                return Err(validation(format!(
                    "The parameter {} must have at most 2048 characters.",
                    member("Expression")
                )));
            }
            let expression = Expression::parse(text);
            Source::Expression(
                expression.map_err(|problem| validation(format!("Error in expression '{id}': {problem}")))?,
            )
        }
        _ => {
            let query = format!("MetricDataQueries.member.{number}");
            return Err(validation(format!(
                "The parameter {query} must have exactly one of MetricStat and Expression."
            )));
        }
    };
    Ok(Query {
        id: id.to_owned(),
        label: input.text("Label")?.map(str::to_owned),
        shown: input.boolean("ReturnData")?.unwrap_or(true),
        account: input.text("AccountId")?.map(str::to_owned),
        source,
    })
}

fn read_metric(stat: Input<'_>, member: &impl Fn(&str) -> String) -> Result<Asked, ApiError> {
    let required = |name: &str| missing_parameter(&member(&format!("MetricStat.{name}")));
    let metric = stat.structure("Metric")?.ok_or_else(|| required("Metric"))?;
    let word = stat.text("Stat")?.ok_or_else(|| required("Stat"))?;
    let period = stat.integer("Period")?.ok_or_else(|| required("Period"))?;
    if !(matches!(period, 1 | 5 | 10 | 20 | 30) || (period >= 60 && period % 60 == 0)) {
        let name = member("MetricStat.Period");
        return Err(validation(format!(
            "The value {period} for parameter {name} is not valid: it must be 1, 5, 10, 20, 30, or a multiple of 60."
        )));
    }
    let statistic = word.parse::<Statistic>().map_err(|_| {
        let name = member("MetricStat.Stat");
        validation(format!("The value {word} for parameter {name} is not supported."))
    })?;
    Ok(Asked {
        namespace: metric.text("Namespace")?.ok_or_else(|| required("Metric.Namespace"))?.to_owned(),
        name: metric.text("MetricName")?.ok_or_else(|| required("Metric.MetricName"))?.to_owned(),
        dimensions: dimensions(metric)?,
        statistic,
        period,
        unit: stat.text("Unit")?.map(str::to_owned),
    })
}

/// Checks what the queries say of each other.
fn check(all: &[Query]) -> Result<(), ApiError> {
    let mut ids = HashSet::new();
    if let Some(query) = all.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(validation(format!(
            "The values for parameter Id in MetricDataQueries must be unique: {}.",
            query.id
        )));
    }
    if !all.iter().any(|query| query.shown) {
        return Err(validation("At least one query must have ReturnData set to true."));
    }
    for query in all {
        let Source::Expression(expression) = &query.source else { continue };
        if let Some(name) = expression.references().into_iter().find(|name| !ids.contains(name)) {
            return Err(validation(format!("Error in expression '{}': Undefined variable '{name}'", query.id)));
        }
    }
    match all.iter().find(|query| depends_on_itself(all, query)) {
        Some(query) => Err(validation(format!("Error in expression '{}': Circular reference", query.id))),
        None => Ok(()),
    }
}

fn depends_on_itself(all: &[Query], query: &Query) -> bool {
    let mut reached: Vec<&str> = vec![&query.id];
    let mut next = 0;
    while let Some(id) = reached.get(next).copied() {
        next += 1;
        let Some(Source::Expression(expression)) = all.iter().find(|one| one.id == id).map(|one| &one.source) else {
            continue;
        };
        for name in expression.references() {
            if name == query.id {
                return true;
            }
            if !reached.contains(&name) {
                reached.push(name);
            }
        }
    }
    false
}

impl Asked {
    /// What the metric is called by.
    pub fn named(&self) -> Named {
        Named {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            dimensions: self.dimensions.clone(),
            account: String::new(),
            region: String::new(),
        }
    }

    /// The period in whole minutes: the account publishes once a minute.
    pub fn minutes(&self) -> i64 {
        (self.period * 1_000 / MINUTE).max(1)
    }
}

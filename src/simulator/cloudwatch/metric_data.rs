//! `GetMetricData`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::expression::{Line, Outcome, Points, Scope, lines_of};
use super::query::{Asked, Queries, Query, Source};
use super::search::{Named, Search};
use super::{invalid_token, validation};
use crate::simulator::call::Call;
use crate::simulator::clock::{MINUTE, Millis};
use crate::simulator::paging;
use crate::simulator::random::stable_hash;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{Region, Series, Statistic};

/// How many metrics a search may find.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html>
const MOST_FOUND: usize = 500;

/// Answers queries, 100,800 datapoints a page.
pub fn get_metric_data(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let queries = Queries::read(input)?;
    call.counter.count_metrics(queries.all.iter().filter(|query| matches!(query.source, Source::Metric(_))).count());
    let place = Place::read(call, &queries, input.text("NextToken")?)?;
    let work = Work {
        call,
        region: call.here(),
        queries: &queries,
        now: place.now,
        done: RefCell::default(),
        exceeded: Cell::default(),
    };
    let mut results = Vec::new();
    let mut left = queries.most;
    let mut seen = 0;
    for query in queries.all.iter().filter(|query| query.shown) {
        let lines = work.lines(query)?;
        let labels = labels(query, &lines);
        for (line, label) in lines.into_iter().zip(labels) {
            let points = line.points;
            let index = seen;
            seen += 1;
            if index < place.result {
                continue;
            }
            let from = if index == place.result { place.offset } else { 0 };
            let rest = points.len().saturating_sub(from);
            let shown = rest.min(left);
            results.push(work.result(query, label, points, from, shown));
            left -= shown;
            if shown < rest {
                let next = Place { result: index, offset: from + shown, now: place.now };
                return Ok(answer(results, Some(next.seal(call, &queries)), &work));
            }
        }
    }
    Ok(answer(results, None, &work))
}

fn answer(results: Vec<Value>, token: Option<String>, work: &Work<'_>) -> Value {
    let exceeded = object()
        .with("Code", "MaxMetricsExceeded")
        .with("Value", format!("The maximum number of allowed metrics, {MOST_FOUND}, exceeded"));
    let messages = list(work.exceeded.get().then_some(exceeded));
    object().with("MetricDataResults", results).with("NextToken", token).with("Messages", messages).into()
}

/// How the series of a query are called: a search's each by what sets it apart, or as the label says.
fn labels(query: &Query, lines: &[Line]) -> Vec<String> {
    let found: Vec<&Named> = lines.iter().filter_map(|line| line.named.as_ref()).collect();
    let several = found.len() > 1;
    lines
        .iter()
        .map(|line| {
            let metric = match (&line.named, &query.source) {
                (Some(named), _) => Some(named.clone()),
                (None, Source::Metric(asked)) => Some(asked.named()),
                (None, Source::Expression(_)) => None,
            };
            let own = match (&line.named, &metric) {
                (Some(named), _) => named.apart(&found),
                (None, Some(metric)) => metric.name.clone(),
                (None, None) => query.id.clone(),
            };
            match (&query.label, metric) {
                (None, _) => own,
                (Some(label), Some(metric)) if label.contains("${") => metric.fill(label, &own),
                (Some(label), _) if several => format!("{label} {own}"),
                (Some(label), _) => label.clone(),
            }
        })
        .collect()
}

/// How far earlier pages came: results shown, datapoints of the next one, and the time as of which they were made.
struct Place {
    result: usize,
    offset: usize,
    now: Millis,
}

impl Place {
    fn read(call: &Call<'_>, queries: &Queries, token: Option<&str>) -> Result<Self, ApiError> {
        let Some(token) = token else { return Ok(Self { result: 0, offset: 0, now: call.now }) };
        let text = paging::open(&scope(call, queries), token).ok_or_else(invalid_token)?;
        let numbers: Vec<i64> = text.split('/').filter_map(|part| part.parse().ok()).collect();
        match numbers[..] {
            [result, offset, now] => Ok(Self {
                result: usize::try_from(result).map_err(|_| invalid_token())?,
                offset: usize::try_from(offset).map_err(|_| invalid_token())?,
                now,
            }),
            _ => Err(invalid_token()),
        }
    }

    fn seal(&self, call: &Call<'_>, queries: &Queries) -> String {
        paging::seal(&scope(call, queries), &format!("{}/{}/{}", self.result, self.offset, self.now))
    }
}

/// A token is for the same queries over the same time only.
fn scope(call: &Call<'_>, queries: &Queries) -> String {
    let ids: Vec<&str> = queries.all.iter().map(|query| query.id.as_str()).collect();
    let hash = stable_hash(0, &ids);
    format!("{}/{hash}/{}/{}/{}", call.scope("GetMetricData"), queries.start, queries.end, queries.descending)
}

/// The work on one call; what a query came to is kept for the expressions that use it.
struct Work<'a> {
    call: &'a Call<'a>,
    region: Option<&'a Region>,
    queries: &'a Queries,
    now: Millis,
    done: RefCell<HashMap<String, Outcome>>,
    /// Whether a search found more than it may.
    exceeded: Cell<bool>,
}

impl Work<'_> {
    /// The series that a query is answered with: one, or several where an expression makes a list.
    fn lines(&self, query: &Query) -> Result<Vec<Line>, ApiError> {
        match self.outcome(query) {
            outcome @ (Outcome::Series(_) | Outcome::List(_)) => Ok(lines_of(outcome)),
            Outcome::Number(_) => {
                let message =
                    format!("Error in expression '{}': The expression does not return a time series", query.id);
                Err(validation(message))
            }
        }
    }

    fn outcome(&self, query: &Query) -> Outcome {
        if let Some(done) = self.done.borrow().get(&query.id) {
            return done.clone();
        }
        let outcome = match &query.source {
            Source::Metric(asked) => Outcome::Series(self.metric(query, asked)),
            Source::Expression(expression) => expression.evaluate(self),
        };
        // Only what an expression may use again is worth keeping.
        if self.queries.all.len() > 1 && self.queries.all.iter().any(|one| matches!(one.source, Source::Expression(_)))
        {
            self.done.borrow_mut().insert(query.id.clone(), outcome.clone());
        }
        outcome
    }

    /// Reads a metric by its period; periods begin at multiples of themselves.
    fn metric(&self, query: &Query, asked: &Asked) -> Points {
        let mine = query.account.as_deref().is_none_or(|account| account == self.call.principal.account);
        let Some(region) = self.region.filter(|_| mine) else { return Points::new() };
        let Some(series) = region.metrics.find(&asked.namespace, &asked.name, &asked.dimensions) else {
            return Points::new();
        };
        if asked.unit.as_ref().is_some_and(|unit| *unit != series.unit) {
            return Points::new();
        }
        self.read(region, series, asked.statistic, asked.minutes())
    }

    /// Reads a series' statistic by a period of so many minutes.
    fn read(&self, region: &Region, series: &Series, statistic: Statistic, minutes: i64) -> Points {
        let reader = region.reader(series, self.now);
        let (first, last) = self.bounds(minutes);
        let mut points = Points::new();
        let mut at = first;
        while at < last {
            // A period that is still running holds what has been published of it.
            let until = (at + minutes).min(self.now.div_euclid(MINUTE));
            if let Some(point) = reader.period(at, until - at) {
                points.push((at * MINUTE, point.read(statistic)));
            }
            at += minutes;
        }
        points
    }

    /// The minutes of the first and after the last period that begins in the time asked for.
    fn bounds(&self, minutes: i64) -> (i64, i64) {
        let floor = |at: Millis| at.div_euclid(MINUTE * minutes) * minutes;
        let oldest = self.call.world.history_from;
        let first = floor(self.queries.start.max(oldest));
        let last = self.queries.end.min(self.now.div_euclid(MINUTE) * MINUTE);
        // A period belongs to the answer where it begins before the end.
        (first, last.saturating_add(MINUTE - 1).div_euclid(MINUTE))
    }

    fn result(&self, query: &Query, label: String, points: Points, from: usize, shown: usize) -> Value {
        let partial = from + shown < points.len();
        let mut ordered = points;
        if self.queries.descending {
            ordered.reverse();
        }
        let page = ordered.get(from..from + shown).unwrap_or_default();
        let forbidden = query.account.as_deref().is_some_and(|account| account != self.call.principal.account);
        let status = match () {
            () if forbidden => "Forbidden",
            () if partial => "PartialData",
            () => "Complete",
        };
        object()
            .with("Id", &query.id)
            .with("Label", label)
            .with("Timestamps", Value::List(page.iter().map(|(at, _)| Value::Time(*at)).collect()))
            .with("Values", list(page.iter().map(|(_, value)| *value)))
            .with("StatusCode", status)
            .into()
    }
}

impl Scope for Work<'_> {
    fn query(&self, id: &str) -> Outcome {
        self.queries
            .all
            .iter()
            .find(|query| query.id == id)
            .map_or(Outcome::Series(Points::new()), |query| self.outcome(query))
    }

    fn metrics(&self, containing: &str) -> Vec<String> {
        let metrics = self.queries.all.iter().filter(|query| matches!(query.source, Source::Metric(_)));
        metrics.filter(|query| query.id.contains(containing)).map(|query| query.id.clone()).collect()
    }

    fn search(&self, search: &Search) -> Vec<Line> {
        let Some(region) = self.region else { return Vec::new() };
        let fits = |series: &&Series| search.finds(series) && series.source.has_begun(self.now);
        let mut found: Vec<&Series> = region.metrics.all().iter().filter(fits).collect();
        if found.len() > MOST_FOUND {
            self.exceeded.set(true);
            found.truncate(MOST_FOUND);
        }
        // Each series that a search finds is a metric asked for.
        self.call.counter.count_metrics(found.len());
        let line = |series: &Series| Line {
            points: self.read(region, series, search.statistic, search.minutes()),
            named: Some(Named::of(series, &self.call.principal.account, self.call.region)),
        };
        found.into_iter().map(line).collect()
    }

    fn grid(&self) -> Vec<Millis> {
        let period = |query: &Query| match &query.source {
            Source::Metric(asked) => Some(asked.minutes()),
            Source::Expression(expression) => expression.shortest_period(),
        };
        let minutes = self.queries.all.iter().filter_map(period).min().unwrap_or(1);
        let (first, last) = self.bounds(minutes);
        let step = usize::try_from(minutes).unwrap_or(1);
        (first..last).step_by(step).map(|minute| minute * MINUTE).collect()
    }
}

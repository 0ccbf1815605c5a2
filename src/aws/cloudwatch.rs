//! CloudWatch metrics, in as few calls as CloudWatch allows.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_sdk_cloudwatch::types as aws;
use aws_smithy_types::DateTime;
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    fetch::{Failure, FailureKind},
    metric::{Query, Range, Series},
    waf::CLOUDFRONT_REGION,
};

use super::{
    Connection,
    action::Action,
    call::Caller,
    ecs::AT_ONCE,
    load::Loaded,
    paging::pages,
    site::Site,
    waf::is_cloudfront,
    words::{name, time},
};

/// How many queries one call takes (`GetMetricData`, `MetricDataQueries`).
const QUERIES_A_CALL: usize = 500;
/// How many points one call returns (`GetMetricData`, `MaxDatapoints`).
const POINTS_A_CALL: i64 = 100_800;

/// Says from when to when a query reads: whole periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: i64,
    to: i64,
}

impl Span {
    /// Reaches back from the last period that is over at `now`.
    pub(super) fn whole(period: u32, back: SignedDuration, now: Timestamp) -> Self {
        let period = i64::from(period.max(1));
        let to = now.as_second().div_euclid(period) * period;
        let from = (to - back.as_secs()).div_euclid(period) * period;
        Self { from, to }
    }

    fn of(query: &Query, range: Range, now: Timestamp) -> Self {
        Self::whole(query.period, range.span(), now)
    }

    /// Returns its start.
    pub(super) fn from(self) -> Timestamp {
        Timestamp::from_second(self.from).unwrap_or_default()
    }

    /// Returns its end.
    pub(super) fn to(self) -> Timestamp {
        Timestamp::from_second(self.to).unwrap_or_default()
    }

    fn points(self, query: &Query) -> i64 {
        (self.to - self.from) / i64::from(query.period.max(1))
    }
}

/// Holds the parts of an answer of CloudWatch.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// The parts; several may belong to one series.
    pub(super) results: Vec<aws::MetricDataResult>,
    /// Whether there is more than was given.
    pub(super) partial: bool,
}

impl Connection {
    /// Reads metrics, one series for each query and in their order; those of a call that failed are left out.
    ///
    /// Each query is billed as one metric requested, however many go into a call ("Amazon CloudWatch pricing"). What is
    /// counted of web ACLs of CloudFront is read from us-east-1.
    pub async fn metrics(&self, queries: &[Query], range: Range) -> Loaded<Vec<Arc<Series>>> {
        let now = self.home.caller.now.get();
        self.metrics_in(queries, |query| Span::of(query, range, now)).await
    }

    /// Reads metrics, each over a span of its own.
    pub(super) async fn metrics_in(
        &self,
        queries: &[Query],
        span: impl Fn(&Query) -> Span,
    ) -> Loaded<Vec<Arc<Series>>> {
        let (elsewhere, here): (Vec<Query>, Vec<Query>) =
            queries.iter().cloned().partition(|query| is_cloudfront(&query.metric));
        let mut calls = Vec::new();
        for (queries, region) in [(here, self.region()), (elsewhere, CLOUDFRONT_REGION)] {
            for (span, batch) in batches(&queries, &span) {
                calls.push((self.sites.of(region), span, batch));
            }
        }
        let answers = stream::iter(calls)
            .map(|(site, span, batch)| async move { self.metrics_of_one_call(&site, span, batch).await })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        Loaded::join(answers.await)
    }

    async fn metrics_of_one_call(
        &self,
        site: &Site,
        span: Span,
        queries: Vec<Query>,
    ) -> Result<Vec<Arc<Series>>, Failure> {
        let wanted: Vec<_> = queries.iter().enumerate().map(|(number, query)| self.data_query(number, query)).collect();
        let read = self.metric_data(site, &wanted, span).await?;
        let mut all = collect(queries, span, &read.results);
        if read.partial {
            for series in &mut all {
                series.partial = true;
            }
        }
        Ok(all.into_iter().map(Arc::new).collect())
    }

    /// Asks CloudWatch, to the last page of its answer.
    ///
    /// # Errors
    /// A [`Failure`], also where CloudWatch answers that it may give nothing of what was asked for.
    pub(super) async fn metric_data(
        &self,
        site: &Site,
        wanted: &[aws::MetricDataQuery],
        span: Span,
    ) -> Result<Answered, Failure> {
        let complains = AtomicBool::new(false);
        let read = pages(usize::MAX, |token| {
            let complains = &complains;
            async move {
                let get = || {
                    site.cloudwatch
                        .get_metric_data()
                        .set_metric_data_queries(Some(wanted.to_vec()))
                        .start_time(DateTime::from_secs(span.from))
                        .end_time(DateTime::from_secs(span.to))
                        .scan_by(aws::ScanBy::TimestampAscending)
                        .set_next_token(token.clone())
                        .send()
                };
                let answer = site.caller.call(Action::GetMetricData, "", get).await?;
                // A try that was throttled is not billed, and the pages of an answer are billed once.
                if token.is_none() {
                    site.caller.meter.metrics(wanted.len() - searches(wanted).len(), site.caller.now.get());
                }
                // CloudWatch says so where a search finds more series than it gives.
                complains.fetch_or(!answer.messages().is_empty(), Ordering::Relaxed);
                Ok((answer.metric_data_results.unwrap_or_default(), answer.next_token))
            }
        })
        .await?;
        site.caller.meter.metrics(found(wanted, &read.items), site.caller.now.get());
        if let Some(failure) = forbidden(&site.caller, &read.items) {
            return Err(failure);
        }
        Ok(Answered { results: read.items, partial: read.capped || complains.into_inner() })
    }

    /// Puts a query in CloudWatch's terms, with the names that CloudWatch has.
    fn data_query(&self, number: usize, query: &Query) -> aws::MetricDataQuery {
        let dimensions = query.metric.dimensions.iter().map(|(name, value)| {
            aws::Dimension::builder().name(self.original(name)).value(self.original(value)).build()
        });
        let metric = aws::Metric::builder()
            .namespace(self.original(&query.metric.namespace))
            .metric_name(self.original(&query.metric.name))
            .set_dimensions(Some(dimensions.collect()))
            .build();
        let stat = aws::MetricStat::builder()
            .metric(metric)
            .period(i32::try_from(query.period).unwrap_or(i32::MAX))
            .stat(&query.statistic)
            .build();
        aws::MetricDataQuery::builder().id(format!("q{number}")).metric_stat(stat).return_data(true).build()
    }
}

/// Returns the ids of the queries that search.
fn searches(wanted: &[aws::MetricDataQuery]) -> HashSet<&str> {
    wanted.iter().filter(|query| query.expression.is_some()).filter_map(|query| query.id.as_deref()).collect()
}

/// Counts the series that searches found, by which they are billed; a series may come in several parts.
fn found(wanted: &[aws::MetricDataQuery], results: &[aws::MetricDataResult]) -> usize {
    let searches = searches(wanted);
    let series: HashSet<_> = results
        .iter()
        .map(|result| (result.id.as_deref().unwrap_or_default(), result.label.as_deref()))
        .filter(|(id, _)| searches.contains(id))
        .collect();
    series.len()
}

/// Returns the denial of an answer that CloudWatch gave, but for which it may read nothing.
fn forbidden(caller: &Caller, results: &[aws::MetricDataResult]) -> Option<Failure> {
    let forbidden = |result: &aws::MetricDataResult| result.status_code == Some(aws::StatusCode::Forbidden);
    if results.is_empty() || !results.iter().all(forbidden) {
        return None;
    }
    let kind = FailureKind::Denied { missing_action: Action::GetMetricData.name().to_owned() };
    Some(caller.failed(Action::GetMetricData, kind, "Forbidden"))
}

/// Returns the points of a part: start of the period in Unix seconds, and value.
pub(super) fn points(result: &aws::MetricDataResult) -> impl Iterator<Item = (i64, f64)> {
    result.timestamps().iter().zip(result.values()).filter_map(|(at, value)| {
        let at = time(Some(at))?.as_second();
        value.is_finite().then_some((at, *value))
    })
}

/// Groups queries into calls: of one span each, and within the limits of queries and points.
fn batches(queries: &[Query], span: impl Fn(&Query) -> Span) -> Vec<(Span, Vec<Query>)> {
    let mut batches: Vec<(Span, Vec<Query>)> = Vec::new();
    for query in queries {
        let span = span(query);
        let most = usize::try_from(POINTS_A_CALL / span.points(query).max(1)).unwrap_or(1);
        let most = most.clamp(1, QUERIES_A_CALL);
        let open =
            batches.iter_mut().find(|(of, batch)| *of == span && batch.len() < most && batch[0].period == query.period);
        match open {
            Some((_, batch)) => batch.push(query.clone()),
            None => batches.push((span, vec![query.clone()])),
        }
    }
    batches
}

/// Puts the results of all pages together: a query's points may come in several parts.
fn collect(queries: Vec<Query>, span: Span, results: &[aws::MetricDataResult]) -> Vec<Series> {
    let mut all: Vec<Series> = queries
        .into_iter()
        .map(|query| Series { query, from: span.from(), to: span.to(), points: Vec::new(), partial: false })
        .collect();
    for result in results {
        let number = name(result.id.as_deref());
        let number = number.strip_prefix('q').and_then(|number| number.parse::<usize>().ok());
        let Some(series) = number.and_then(|number| all.get_mut(number)) else {
            continue;
        };
        series.points.extend(points(result));
        // The last part tells whether the whole is complete.
        series.partial = !matches!(result.status_code, None | Some(aws::StatusCode::Complete));
    }
    for series in &mut all {
        series.points.sort_by_key(|(at, _)| *at);
        series.points.dedup_by_key(|(at, _)| *at);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ecs::ServiceKey, metric::ecs_utilization};

    fn queries(count: usize, period: u32) -> Vec<Query> {
        let query = |number| {
            let key = ServiceKey { cluster: "shop".to_owned(), service: format!("svc-{number}") };
            ecs_utilization(&key, "CPUUtilization", "Average", period)
        };
        (0..count).map(query).collect()
    }

    fn sizes(queries: &[Query], range: Range) -> Vec<usize> {
        let now = Timestamp::from_second(1_000_000).unwrap();
        batches(queries, |query| Span::of(query, range, now)).iter().map(|(_, batch)| batch.len()).collect()
    }

    #[test]
    fn calls_hold_500_queries_and_100_800_points() {
        assert!(sizes(&[], Range::Hour).is_empty());
        assert_eq!(sizes(&queries(501, 60), Range::Hour), [500, 1]);
        assert_eq!(sizes(&queries(500, 300), Range::Day), [350, 150]);
        assert_eq!(sizes(&queries(20, 60), Range::Week), [10, 10]);
        assert_eq!(sizes(&queries(2, 0), Range::Week), [1, 1]);
    }

    #[test]
    fn a_search_is_billed_by_what_it_finds() {
        let query = |id: &str, search: bool| {
            let builder = aws::MetricDataQuery::builder().id(id);
            if search { builder.expression("SEARCH('x','Sum',60)").build() } else { builder.build() }
        };
        let part = |id: &str, label: &str| aws::MetricDataResult::builder().id(id).label(label).build();
        let wanted = [query("q0", false), query("q1", false), query("s", true)];
        assert_eq!(searches(&wanted), HashSet::from(["s"]));
        // A series in two parts is one series.
        let results = [part("q0", "CPU"), part("s", "sqli"), part("s", "geo"), part("s", "geo")];
        assert_eq!(found(&wanted, &results), 2);
        assert_eq!(found(&wanted, &[]), 0);
    }

    #[test]
    fn a_call_reads_whole_periods_that_are_over() {
        let now = Timestamp::from_second(1_000_030).unwrap();
        let span = Span::of(&queries(1, 60)[0], Range::Hour, now);
        assert_eq!((span.from % 60, span.to % 60), (0, 0));
        assert!(span.to <= now.as_second() && now.as_second() - span.to < 60);
        assert_eq!(span.points(&queries(1, 60)[0]), 60);
    }

    #[test]
    fn the_parts_of_a_series_are_put_together_in_order() {
        let part = |id: &str, seconds: &[i64], status| {
            let timestamps = seconds.iter().map(|second| DateTime::from_secs(*second)).collect();
            let values = seconds.iter().map(|second| if *second == 120 { f64::NAN } else { 1.0 }).collect();
            aws::MetricDataResult::builder()
                .id(id)
                .set_timestamps(Some(timestamps))
                .set_values(Some(values))
                .status_code(status)
                .build()
        };
        let results = [
            part("q1", &[180, 240], aws::StatusCode::PartialData),
            part("q1", &[60, 120, 180], aws::StatusCode::Complete),
            part("q7", &[60], aws::StatusCode::Complete),
            part("junk", &[60], aws::StatusCode::Complete),
            part("q0", &[60], aws::StatusCode::PartialData),
        ];
        let all = collect(queries(3, 60), Span { from: 0, to: 300 }, &results);
        let seconds: Vec<i64> = all[1].points.iter().map(|(at, _)| *at).collect();
        assert_eq!(seconds, [60, 180, 240]);
        assert_eq!([all[0].partial, all[1].partial, all[2].partial], [true, false, false]);
        assert!(all[2].points.is_empty());
    }
}

//! Charts of CloudWatch metrics: from series that the state holds to lines on a time axis.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::alarm::{Alarm, MetricRule, Watches};
use crate::domain::ecs::{Service, ServiceKey};
use crate::domain::fetch::{Panel, SourceId};
use crate::domain::metric::{Query, ecs_utilization};
use crate::domain::waf::{ALL_RULES, Outcome, RuleTraffic};
use crate::state::State;
use crate::state::alarms::chart_query;
use crate::state::service::{ServiceView, Traffic};
use crate::state::waf::{self, WebAclRow, WebAclView};
use crate::t;

use super::Ui;
use super::unread::unread;
use super::widgets::chart::{Chart, Mark, Scale, Series, Threshold, Unit};

/// Points of a series, one slot a period.
type Points = Vec<(i64, Option<f64>)>;

/// Within so many seconds a deployment and the service deployment that brings it up begin.
const SAME_DEPLOYMENT: i64 = 120;

/// Returns what is known for a query, one slot a period over the pinned range.
pub fn points(state: &State, source: SourceId, query: &Query) -> Points {
    state.source(source).and_then(|source| source.series(query)).map(|series| series.slots()).unwrap_or_default()
}

/// Holds what is drawn into one chart.
struct Plot {
    title: String,
    series: Vec<(&'static str, Points, u32)>,
    thresholds: Vec<(f64, String)>,
    marks: Vec<(i64, String)>,
    unit: Unit,
    /// What is said where there is nothing to draw.
    empty: String,
}

impl Plot {
    fn render(&self, state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
        let series: Vec<Series<'_>> = self
            .series
            .iter()
            .map(|(label, points, period)| Series { label, points, period: i64::from(*period) })
            .collect();
        let thresholds: Vec<Threshold<'_>> =
            self.thresholds.iter().map(|(value, label)| Threshold { value: *value, label }).collect();
        let end = state.now.as_second();
        let start = end - state.range.span().as_secs();
        let marks: Vec<Mark<'_>> =
            self.marks.iter().filter(|(at, _)| *at > start).map(|(at, label)| Mark { at: *at, label }).collect();
        Chart {
            title: &self.title,
            series: &series,
            thresholds: &thresholds,
            marks: &marks,
            start,
            end,
            unit: self.unit,
            scale: Scale::Zero,
            zone: &ui.zone,
            empty: &self.empty,
            theme: &ui.theme,
            glyphs: ui.glyphs,
        }
        .render(area, buf);
    }
}

/// Says why series have no point: not asked for yet, not readable, or nothing was measured.
fn empty(state: &State, ui: &Ui, source: SourceId, series: &[(&'static str, Points, u32)]) -> String {
    let was_read = series.iter().any(|(_, points, _)| !points.is_empty());
    unread(ui, state.source(source), Panel::Metrics, was_read, t!(ui.texts, "screens.no-data"))
}

/// Draws a service's CPU or memory, a line a statistic, with the thresholds of the alarms that watch it and a mark where
/// a deployment began.
pub fn utilization(
    state: &State,
    ui: &Ui,
    (source, service, name): (SourceId, &Service, &str),
    statistics: &[&str],
    area: Rect,
    buf: &mut Buffer,
) {
    let period = state.range.period();
    let series: Vec<_> = statistics
        .iter()
        .map(|statistic| {
            let label = match *statistic {
                "Average" => t!(ui.texts, "screens.chart.average"),
                _ => t!(ui.texts, "screens.chart.maximum"),
            };
            (label, points(state, source, &ecs_utilization(&service.key, name, statistic, period)), period)
        })
        .collect();
    let title = match name {
        "CPUUtilization" => t!(ui.texts, "screens.chart.cpu"),
        _ => t!(ui.texts, "screens.chart.memory"),
    };
    let plot = Plot {
        title: title.to_owned(),
        empty: empty(state, ui, source, &series),
        series,
        thresholds: thresholds(state, source, &service.key, name),
        marks: marks(state, source, service),
        unit: Unit::Percent,
    };
    plot.render(state, ui, area, buf);
}

/// Returns the thresholds of the alarms that watch a service's own metric of that name.
fn thresholds(state: &State, source: SourceId, key: &ServiceKey, name: &str) -> Vec<(f64, String)> {
    let watches = |rule: &MetricRule| {
        rule.expression.is_none()
            && rule.metric.as_ref().is_some_and(|metric| {
                metric.name == name
                    && metric.dimension("ClusterName") == Some(&key.cluster)
                    && metric.dimension("ServiceName") == Some(&key.service)
            })
    };
    let alarms = state.source(source).and_then(|source| source.alarms.value.as_ref());
    alarms
        .iter()
        .flat_map(|snapshot| &snapshot.alarms)
        .filter_map(|alarm| match &alarm.watches {
            Watches::Metric(rule) if watches(rule) => rule.threshold.map(|threshold| (threshold, alarm.name.clone())),
            _ => None,
        })
        .collect()
}

/// Draws what the open service's target groups count, a minute, with the threshold of the alarm that watches it and a
/// mark where a deployment began.
pub fn traffic(
    state: &State,
    ui: &Ui,
    view: &ServiceView,
    (service, traffic): (&Service, Traffic),
    area: Rect,
    buf: &mut Buffer,
) {
    let source = view.id.source;
    let period = state.range.period();
    let mut points = sums(state, source, traffic);
    if traffic == Traffic::Faults {
        // Requests are always counted, faults only where there were some ("CloudWatch metrics for your Application Load
        // Balancer"): a minute of requests without faults had none.
        let requests = sums(state, source, Traffic::Requests);
        for (start, _) in requests.iter().filter(|(_, value)| value.is_some()) {
            points.entry(*start).or_default().get_or_insert(0.0);
        }
    }
    let a_minute = 60.0 / f64::from(period);
    let points = points.into_iter().map(|(start, sum)| (start, sum.map(|sum| sum * a_minute))).collect();
    let series = vec![("", points, period)];
    let title = match traffic {
        Traffic::Requests => t!(ui.texts, "screens.chart.requests"),
        Traffic::Faults => t!(ui.texts, "screens.chart.faults"),
    };
    let thresholds = view.alarms.iter().filter_map(|alarm| {
        threshold_of_traffic(state, traffic, alarm).map(|threshold| (threshold, alarm.name.clone()))
    });
    let plot = Plot {
        title: title.to_owned(),
        empty: empty(state, ui, source, &series),
        series,
        thresholds: thresholds.collect(),
        marks: marks(state, source, service),
        unit: Unit::Count,
    };
    plot.render(state, ui, area, buf);
}

/// Adds up what the open service's target groups counted in each period; a period of which nothing is known has none.
fn sums(state: &State, source: SourceId, traffic: Traffic) -> BTreeMap<i64, Option<f64>> {
    let mut sums: BTreeMap<i64, Option<f64>> = BTreeMap::new();
    let counted = |query: &Query| query.metric.name == traffic.metric();
    for query in state.traffic_queries(state.range.period()).filter(counted) {
        for (start, value) in points(state, source, &query) {
            let sum = sums.entry(start).or_default();
            *sum = match (*sum, value) {
                (Some(sum), Some(value)) => Some(sum + value),
                (sum, value) => sum.or(value),
            };
        }
    }
    sums
}

/// Returns the threshold of an alarm that watches just what the chart of that traffic shows: all of it, a minute.
///
/// An alarm on one of several target groups or balancers, or over another period, is held against other numbers.
pub fn threshold_of_traffic(state: &State, traffic: Traffic, alarm: &Alarm) -> Option<f64> {
    const MINUTE: u32 = 60;
    let Watches::Metric(rule) = &alarm.watches else { return None };
    let metric = rule.metric.as_ref().filter(|_| rule.expression.is_none())?;
    let mut queries = state.traffic_queries(MINUTE).filter(|query| query.metric.name == traffic.metric());
    let query = queries.next().filter(|_| queries.next().is_none())?;
    let is_the_same = rule.statistic == query.statistic && rule.period == MINUTE && *metric == query.metric;
    rule.threshold.filter(|_| is_the_same)
}

/// Returns when versions of a service began to be brought up, oldest first.
///
/// ECS forgets a deployment that it rolled back; its service deployment, where these were read, still tells of it.
fn marks(state: &State, source: SourceId, service: &Service) -> Vec<(i64, String)> {
    let deployments = service.deployments.iter().map(|one| (one.created_at, &one.task_definition));
    let attempts = state
        .source(source)
        .and_then(|source| source.deployments.get(&service.key))
        .and_then(|attempts| attempts.value.as_ref());
    let attempts = attempts.iter().flat_map(|attempts| attempts.iter());
    let mut marks: Vec<(i64, String)> = Vec::new();
    for (at, revision) in deployments.chain(attempts.map(|one| (one.created_at, &one.target_revision))) {
        let Some(at) = at.map(Timestamp::as_second).filter(|_| !revision.is_empty()) else {
            continue;
        };
        if !marks.iter().any(|(known, label)| label == revision && (known - at).abs() <= SAME_DEPLOYMENT) {
            marks.push((at, revision.clone()));
        }
    }
    marks.sort();
    marks
}

/// Draws what an alarm watches against its threshold, or says why there is no chart of it; nothing for a composite, which
/// watches no metric. `service` is the one whose deployments are marked.
pub fn alarm(
    state: &State,
    ui: &Ui,
    (source, alarm): (SourceId, &Alarm),
    service: Option<&Service>,
    area: Rect,
    buf: &mut Buffer,
) {
    let Watches::Metric(rule) = &alarm.watches else {
        return;
    };
    let plot = match (chart_query(rule, state.range), &rule.expression) {
        (Some(query), _) => watched(state, ui, source, rule, &query, service),
        (None, Some(expression)) => wordless(t!(ui.texts, "screens.chart.expression", expression = expression), alarm),
        (None, None) => wordless(t!(ui.texts, "screens.chart.no-metric").to_owned(), alarm),
    };
    plot.render(state, ui, area, buf);
}

/// From this width on what was let through and what was stopped have a chart each: they differ by orders of magnitude.
const TWO_CHARTS: u16 = 72;

/// Draws what web ACLs let through and stopped, all together.
pub fn web_acls(state: &State, ui: &Ui, rows: &[WebAclRow], title: &str, area: Rect, buf: &mut Buffer) {
    let period = state.range.period();
    let mut sums: [BTreeMap<i64, f64>; 2] = Default::default();
    let mut was_read = false;
    for row in rows {
        for (index, query) in waf::row_queries(&row.acl, period).into_iter().flatten().enumerate() {
            let points = points(state, row.id.source, &query);
            was_read |= !points.is_empty();
            // WAF publishes nothing where there was nothing: a gap is a zero.
            for (at, value) in points {
                *sums[index].entry(at).or_default() += value.unwrap_or(0.0);
            }
        }
    }
    let labels = [t!(ui.texts, "screens.waf.allowed"), t!(ui.texts, "screens.waf.blocked")];
    let series = sums.map(|sums| sums.into_iter().map(|(at, sum)| (at, Some(sum))).collect::<Points>());
    let source = rows.first().and_then(|row| state.source(row.id.source));
    let plot = |series: Vec<(&'static str, Points, u32)>| Plot {
        title: format!("{title} {} {}", ui.glyphs.separator, per(ui, period)),
        empty: unread(ui, source, Panel::Metrics, was_read, t!(ui.texts, "screens.no-data")),
        series,
        thresholds: Vec::new(),
        marks: Vec::new(),
        unit: Unit::Count,
    };
    let [allowed, blocked] = series;
    let (allowed, blocked) = ((labels[0], allowed, period), (labels[1], blocked, period));
    if area.width < TWO_CHARTS {
        return plot(vec![allowed, blocked]).render(state, ui, area, buf);
    }
    let left = Rect { width: area.width / 2, ..area };
    let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
    plot(vec![allowed]).render(state, ui, left, buf);
    plot(vec![blocked]).render(state, ui, right, buf);
}

/// Draws some outcomes of the open web ACL; those that did not happen at all are left out, but for the first.
pub fn web_acl(
    state: &State,
    ui: &Ui,
    view: &WebAclView,
    title: &str,
    outcomes: &[Outcome],
    area: Rect,
    buf: &mut Buffer,
) {
    let source = state.source(view.id.source);
    let traffic = view.traffic.as_deref();
    let period = traffic.map_or_else(|| state.range.period(), |traffic| traffic.period);
    let happened = |outcome: &Outcome| traffic.is_some_and(|traffic| traffic.sum(ALL_RULES, *outcome) > 0.0);
    let shown = outcomes.iter().enumerate().filter(|(index, outcome)| *index == 0 || happened(outcome));
    let series = shown
        .filter_map(|(_, outcome)| {
            let points = counts(traffic?, ALL_RULES, *outcome);
            Some((outcome_words(ui, *outcome), points, period))
        })
        .collect();
    let plot = Plot {
        title: format!("{title} {} {}", ui.glyphs.separator, per(ui, period)),
        empty: unread(ui, source, Panel::WafRules, traffic.is_some(), t!(ui.texts, "screens.no-data")),
        series,
        thresholds: Vec::new(),
        marks: Vec::new(),
        unit: Unit::Count,
    };
    plot.render(state, ui, area, buf);
}

/// Returns what was counted under a rule, one slot a period: WAF publishes nothing where there was nothing.
pub fn counts(traffic: &RuleTraffic, rule: &str, outcome: Outcome) -> Points {
    let period = i64::from(traffic.period.max(1));
    let first = traffic.from.as_second().div_euclid(period) * period;
    let slots = ((traffic.to.as_second() - first) / period).clamp(0, 100_800);
    let mut points: Points = (0..slots).map(|slot| (first + slot * period, Some(0.0))).collect();
    let counted = traffic.find(rule, outcome).map_or(&[][..], |count| count.points.as_slice());
    for (at, requests) in counted {
        let slot = usize::try_from((at - first).div_euclid(period)).ok();
        if let Some((_, Some(sum))) = slot.and_then(|slot| points.get_mut(slot)) {
            *sum += requests;
        }
    }
    points
}

/// Returns the word for an outcome.
pub fn outcome_words(ui: &Ui, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => t!(ui.texts, "screens.waf.allowed"),
        Outcome::Blocked => t!(ui.texts, "screens.waf.blocked"),
        Outcome::Counted => t!(ui.texts, "screens.waf.counted"),
        Outcome::Captcha => t!(ui.texts, "screens.waf.captcha"),
        Outcome::Challenge => t!(ui.texts, "screens.waf.challenge"),
        Outcome::Passed => t!(ui.texts, "screens.waf.passed"),
    }
}

/// Says what a sum is of: requests a minute, or in so many minutes.
fn per(ui: &Ui, period: u32) -> String {
    match period {
        ..=60 => t!(ui.texts, "screens.chart.per-minute").to_owned(),
        more => t!(ui.texts, "screens.chart.per-minutes", n = more / 60),
    }
}

fn watched(
    state: &State,
    ui: &Ui,
    source: SourceId,
    rule: &MetricRule,
    query: &Query,
    service: Option<&Service>,
) -> Plot {
    let metric = &query.metric;
    let subject = metric.dimensions.last().map_or("", |(_, value)| plain(value));
    let mut title = format!("{} {} {subject}", metric.name, query.statistic);
    if rule.threshold.is_none() {
        // What an anomaly is held against is a band that CloudWatch makes up and not a metric.
        title = format!("{} {} {}", title.trim_end(), ui.glyphs.separator, t!(ui.texts, "screens.chart.no-band"));
    }
    let series = vec![("", points(state, source, query), query.period)];
    Plot {
        title,
        empty: empty(state, ui, source, &series),
        series,
        thresholds: rule
            .threshold
            .map(|threshold| (threshold, format!("{} {}", rule.sign(), super::words::number(threshold))))
            .into_iter()
            .collect(),
        marks: service.map(|service| marks(state, source, service)).unwrap_or_default(),
        unit: unit_of(&metric.name),
    }
}

/// Makes a chart of which there is only the reason why there is none.
fn wordless(empty: String, alarm: &Alarm) -> Plot {
    let (series, thresholds, marks) = (Vec::new(), Vec::new(), Vec::new());
    Plot { title: alarm.name.clone(), series, thresholds, marks, unit: Unit::Count, empty }
}

/// Leaves a dimension's value the name that people gave: of `targetgroup/shop-prd-web/0123456789abcdef` the middle.
///
/// Source: "CloudWatch metrics for your Application Load Balancer" and "… Network Load Balancer", the dimensions
/// `TargetGroup` and `LoadBalancer`.
fn plain(value: &str) -> &str {
    let parts: Vec<&str> = value.split('/').collect();
    match parts[..] {
        ["targetgroup" | "app" | "net" | "gwy", name, _] => name,
        _ => value,
    }
}

/// Tells what a metric is counted in, from AWS's habit of naming it.
///
/// CloudWatch gives the unit with the data points of `GetMetricStatistics` only; for `GetMetricData` the names that AWS
/// itself publishes are as good.
fn unit_of(name: &str) -> Unit {
    if name.ends_with("Utilization") || name.ends_with("Percentage") || name.ends_with("Percent") {
        Unit::Percent
    } else if name.ends_with("Bytes") || name.starts_with("Bytes") || name.ends_with("Memory") {
        Unit::Bytes
    } else if name.ends_with("ResponseTime") {
        Unit::Seconds
    } else {
        Unit::Count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_what_people_named() {
        assert_eq!(plain("targetgroup/shop-prd-web/0123456789abcdef"), "shop-prd-web");
        assert_eq!(plain("app/shop-prd/50dc6c495c0c9188"), "shop-prd");
        for whole in ["web", "", "a/b/c", "targetgroup/only", "app/a/b/c"] {
            assert_eq!(plain(whole), whole);
        }
    }
}

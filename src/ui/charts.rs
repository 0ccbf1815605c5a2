//! Charts of CloudWatch metrics: from series that the state holds to lines on a time axis.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::alarm::{Alarm, Watches};
use crate::domain::ecs::{Deployment, ServiceKey};
use crate::domain::fetch::SourceId;
use crate::domain::metric::{Query, ecs_utilization};
use crate::state::State;
use crate::state::alarms::chart_query;
use crate::t;

use super::Ui;
use super::widgets::chart::{Chart, Mark, Scale, Series, Threshold, Unit};

/// Points of a series, one slot a period.
type Points = Vec<(i64, Option<f64>)>;

/// Returns what is known for a query, one slot a period over the pinned range.
pub fn points(state: &State, source: SourceId, query: &Query) -> Points {
    state.source(source).and_then(|source| source.series(query)).map(|series| series.slots()).unwrap_or_default()
}

/// Holds what is drawn into one chart.
struct Plot<'a> {
    title: String,
    series: Vec<(&'static str, Points, u32)>,
    thresholds: Vec<(f64, String)>,
    marks: &'a [Deployment],
    unit: Unit,
    scale: Scale,
}

impl Plot<'_> {
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
        let marks: Vec<Mark<'_>> = self
            .marks
            .iter()
            .filter_map(|deployment| {
                let at = deployment.created_at?.as_second();
                (at > start).then_some(Mark { at, label: deployment.task_definition.as_str() })
            })
            .collect();
        let waiting = series.iter().all(|series| series.points.is_empty());
        Chart {
            title: &self.title,
            series: &series,
            thresholds: &thresholds,
            marks: &marks,
            start,
            end,
            unit: self.unit,
            scale: self.scale,
            zone: &ui.zone,
            empty: if waiting { t!(ui.texts, "screens.loading") } else { t!(ui.texts, "screens.no-data") },
            theme: &ui.theme,
            glyphs: ui.glyphs,
        }
        .render(area, buf);
    }
}

/// Draws a service's CPU or memory, average and maximum, with the thresholds of the alarms that watch it and a mark where
/// a deployment began.
pub fn utilization(
    state: &State,
    ui: &Ui,
    (source, key, name): (SourceId, &ServiceKey, &str),
    (alarms, deployments): (&[std::sync::Arc<Alarm>], &[Deployment]),
    area: Rect,
    buf: &mut Buffer,
) {
    let period = state.range.period();
    let series = |statistic: &str| points(state, source, &ecs_utilization(key, name, statistic, period));
    let title = match name {
        "CPUUtilization" => t!(ui.texts, "screens.chart.cpu"),
        _ => t!(ui.texts, "screens.chart.memory"),
    };
    let plot = Plot {
        title: title.to_owned(),
        series: vec![
            (t!(ui.texts, "screens.chart.average"), series("Average"), period),
            (t!(ui.texts, "screens.chart.maximum"), series("Maximum"), period),
        ],
        thresholds: thresholds_of(alarms, name),
        marks: deployments,
        unit: Unit::Percent,
        scale: Scale::Zero,
    };
    plot.render(state, ui, area, buf);
}

fn thresholds_of(alarms: &[std::sync::Arc<Alarm>], name: &str) -> Vec<(f64, String)> {
    alarms
        .iter()
        .filter_map(|alarm| match &alarm.watches {
            Watches::Metric(rule) if rule.metric.as_ref().is_some_and(|metric| metric.name == name) => {
                rule.threshold.map(|threshold| (threshold, alarm.name.clone()))
            }
            _ => None,
        })
        .collect()
}

/// Draws what an alarm watches against its threshold; nothing for a composite, which watches no metric.
pub fn alarm(
    state: &State,
    ui: &Ui,
    (source, alarm): (SourceId, &Alarm),
    deployments: &[Deployment],
    area: Rect,
    buf: &mut Buffer,
) {
    let Watches::Metric(rule) = &alarm.watches else {
        return;
    };
    let (Some(query), Some(metric)) = (chart_query(rule, state.range), &rule.metric) else {
        return;
    };
    let subject = metric.dimensions.last().map_or("", |(_, value)| value.as_str());
    let plot = Plot {
        title: format!("{} {} {subject}", metric.name, rule.statistic),
        series: vec![("", points(state, source, &query), query.period)],
        thresholds: rule
            .threshold
            .map(|threshold| (threshold, format!("{} {}", rule.sign(), super::words::number(threshold))))
            .into_iter()
            .collect(),
        marks: deployments,
        unit: unit_of(&metric.name),
        scale: Scale::Zero,
    };
    plot.render(state, ui, area, buf);
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

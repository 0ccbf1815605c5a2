//! The alarms of a region, evaluated as far as they have been asked for.

use std::collections::HashMap;

use serde_json::json;

use super::alarm::{CompositeAlarm, MetricAlarm, Track, Transition, state_at};
use super::evaluate::{AlarmState, TreatMissingData, Verdict};
use super::point::Point;
use super::series::Reader;
use crate::simulator::clock::{MINUTE, Millis, SECOND, cloudwatch_time, timestamp};
use crate::simulator::random::stable_hash;

/// How many datapoints a reason's data holds: all of it may have 4,000 characters.
const MOST_DATAPOINTS: usize = 10;

/// How long a composite alarm takes to follow its children.
const FOLLOW: Millis = SECOND;

/// How far one metric alarm has been evaluated.
#[derive(Debug, Default)]
pub struct MetricProgress {
    pub track: Track,
    /// The minute at which the next period to be evaluated ends.
    next: i64,
    /// The periods fetched last, oldest first.
    window: Vec<Option<Point>>,
}

impl MetricProgress {
    /// Evaluates every period that has ended by `now`, beginning with the one that ends after `from`; gives back when
    /// there will be another.
    pub fn advance(&mut self, alarm: &MetricAlarm, reader: Option<&Reader<'_>>, from: Millis, now: Millis) -> Millis {
        let period = alarm.period.max(1);
        let delay = evaluation_delay(&alarm.common.name);
        let last = (now - delay).div_euclid(MINUTE);
        if self.track.is_empty() {
            self.begin(alarm, reader, from);
        }
        while self.next <= last {
            let end = self.next;
            let point = reader.and_then(|reader| reader.period(end - period, period));
            self.window.remove(0);
            self.window.push(point);
            self.evaluate(alarm, end * MINUTE + delay, end);
            self.next += period;
        }
        self.next * MINUTE + delay
    }

    /// Starts with the state that the alarm was in when the history begins, as old as its configuration.
    fn begin(&mut self, alarm: &MetricAlarm, reader: Option<&Reader<'_>>, from: Millis) {
        let (period, range) = (alarm.period.max(1), i64::try_from(alarm.criteria.range()).unwrap_or(i64::MAX));
        let end = from.div_euclid(MINUTE * period) * period;
        self.window =
            (0..range).map(|n| reader.and_then(|reader| reader.period(end - (range - n) * period, period))).collect();
        let unchecked = Transition {
            at: alarm.common.configured,
            state: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            data: None,
        };
        self.track.push(unchecked);
        // What was measured then is not kept: the oldest values there are stand in for it.
        let then = alarm.common.configured + MINUTE;
        self.evaluate(alarm, then, then.div_euclid(MINUTE * period) * period);
        self.next = end + period;
    }

    fn evaluate(&mut self, alarm: &MetricAlarm, at: Millis, end: i64) {
        let values: Vec<Option<f64>> =
            self.window.iter().map(|point| point.map(|point| point.read(alarm.statistic))).collect();
        let current = self.track.last().map_or(AlarmState::InsufficientData, |transition| transition.state);
        let verdict = alarm.criteria.decide(&values, current);
        if verdict.state != current {
            let reason = reason(alarm, &verdict, current, self.window.len(), end);
            let data = Some(reason_data(alarm, &verdict, &self.window, at, end));
            self.track.push(Transition { at, state: verdict.state, reason, data });
        }
    }
}

/// CloudWatch evaluates each alarm a few seconds into the minute; always the same few for the same alarm.
fn evaluation_delay(name: &str) -> Millis {
    let seconds = stable_hash(0, &["evaluation", name]) % 4;
    (Millis::try_from(seconds).unwrap_or(0) + 1) * SECOND
}

/// When a period of a window began.
fn period_start(alarm: &MetricAlarm, index: usize, length: usize, end: i64) -> Millis {
    let back = i64::try_from(length - index).unwrap_or(0) * alarm.period;
    (end - back) * MINUTE
}

/// Says why the state changed, as CloudWatch does.
fn reason(alarm: &MetricAlarm, verdict: &Verdict, current: AlarmState, length: usize, end: i64) -> String {
    let criteria = &alarm.criteria;
    let threshold = criteria.threshold;
    if verdict.state == AlarmState::InsufficientData {
        let (noun, verb) = if verdict.filled == 1 { ("datapoint", "was") } else { ("datapoints", "were") };
        return format!("Insufficient Data: {} {noun} {verb} unknown.", verdict.filled);
    }
    if verdict.used.is_empty() {
        let periods = criteria.periods;
        let kind = if criteria.missing == TreatMissingData::Breaching { "Breaching" } else { "NonBreaching" };
        let (noun, verb) = if periods == 1 { ("period", "datapoint was") } else { ("periods", "datapoints were") };
        return format!(
            "Threshold Crossed: no datapoints were received for {periods} {noun} and {periods} missing {verb} treated as [{kind}]."
        );
    }
    let is_alarm = verdict.state == AlarmState::Alarm;
    let telling: Vec<String> = verdict
        .used
        .iter()
        .filter(|(_, value)| criteria.comparison.breaches(*value, threshold) == is_alarm)
        .map(|(index, value)| {
            let at = timestamp(period_start(alarm, *index, length, end)).strftime("%d/%m/%y %H:%M:%S");
            format!("{} ({at})", decimal(*value))
        })
        .collect();
    let not = if is_alarm { "" } else { "not " };
    let (count, total) = (telling.len(), verdict.used.len());
    let needed = if is_alarm { criteria.to_alarm } else { criteria.periods + 1 - criteria.to_alarm };
    let verb = if count == 1 { "was" } else { "were" };
    format!(
        "Threshold Crossed: {count} out of the last {total} datapoints [{}] {verb} {not}{} the threshold ({}) (minimum {needed} {} for \
         {} -> {} transition).",
        telling.join(", "),
        criteria.comparison.phrase(),
        decimal(threshold),
        if needed == 1 { "datapoint" } else { "datapoints" },
        current.word(),
        verdict.state.word(),
    )
}

/// Writes a number as Java does, and so CloudWatch: `5.0`, `0.25`.
fn decimal(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e7 { format!("{value:.1}") } else { format!("{value}") }
}

fn reason_data(alarm: &MetricAlarm, verdict: &Verdict, window: &[Option<Point>], at: Millis, end: i64) -> String {
    let mut evaluated: Vec<_> = verdict.used.clone();
    evaluated.reverse();
    let skipped = evaluated.len().saturating_sub(MOST_DATAPOINTS);
    let recent: Vec<f64> = evaluated.iter().skip(skipped).map(|(_, value)| *value).collect();
    let start = evaluated.first().map(|(index, _)| period_start(alarm, *index, window.len(), end));
    let datapoints: Vec<_> = verdict
        .used
        .iter()
        .take(MOST_DATAPOINTS)
        .map(|(index, value)| {
            let samples = window.get(*index).copied().flatten().map(|point| point.count);
            let at = cloudwatch_time(period_start(alarm, *index, window.len(), end));
            json!({"timestamp": at, "sampleCount": samples, "value": value})
        })
        .collect();
    let mut data = json!({
        "version": "1.0",
        "queryDate": cloudwatch_time(at),
        "statistic": alarm.statistic.word(),
        "period": alarm.period * 60,
        "recentDatapoints": recent,
        "threshold": alarm.criteria.threshold,
        "evaluatedDatapoints": datapoints,
    });
    if let Some(start) = start {
        data["startDate"] = json!(cloudwatch_time(start));
    }
    data.to_string()
}

/// Follows the children of composite alarms, which stand in an order in which children come first.
///
/// The tracks are told anew each time: children change seldom, and so nothing depends on when somebody looked.
pub fn follow(composites: &[CompositeAlarm], metric: &HashMap<&str, (&str, &Track)>) -> Vec<Track> {
    let mut done: HashMap<&str, (&str, Track)> = HashMap::new();
    for composite in composites {
        let children: HashMap<&str, (&str, &Track)> = composite
            .rule
            .children()
            .into_iter()
            .filter_map(|name| {
                let of_composite = || done.get(name).map(|(arn, track)| (*arn, track));
                Some((name, metric.get(name).copied().or_else(of_composite)?))
            })
            .collect();
        let track = follow_one(composite, &children);
        done.insert(&composite.common.name, (&composite.common.arn, track));
    }
    composites.iter().filter_map(|one| done.remove(one.common.name.as_str()).map(|(_, track)| track)).collect()
}

fn follow_one(composite: &CompositeAlarm, children: &HashMap<&str, (&str, &Track)>) -> Track {
    let state = |at: Millis| {
        let child = |name: &str| {
            children
                .get(name)
                .and_then(|(_, track)| state_at(track, at))
                .map_or(AlarmState::InsufficientData, |t| t.state)
        };
        if composite.rule.holds(&child) { AlarmState::Alarm } else { AlarmState::Ok }
    };
    let mut times: Vec<Millis> = children.values().flat_map(|(_, track)| track.iter().map(|t| t.at)).collect();
    times.sort_unstable();
    times.dedup();
    let (configured, arn) = (composite.common.configured, &composite.common.arn);
    let first = state(configured);
    let reason = format!("{arn} was created and its alarm rule evaluates to {}", first.word());
    let mut track = vec![Transition { at: configured, state: first, reason, data: None }];
    for at in times {
        let next = state(at);
        if track.last().is_some_and(|last| last.state == next) {
            continue;
        }
        // The child that changes at this time is the one that triggers.
        let trigger = children.values().find_map(|(arn, track)| Some((*arn, track.iter().find(|t| t.at == at)?)));
        if let Some((arn, child)) = trigger {
            let (reason, data) = triggered(arn, child);
            track.push(Transition { at: at + FOLLOW, state: next, reason, data: Some(data) });
        }
    }
    track
}

fn triggered(arn: &str, child: &Transition) -> (String, String) {
    let when = timestamp(child.at).strftime("%A %d %B, %Y %H:%M:%S UTC");
    let reason = format!("{arn} transitioned to {} at {when}", child.state.word());
    let state = json!({"value": child.state.word(), "timestamp": cloudwatch_time(child.at)});
    (reason, json!({"triggeringAlarms": [{"arn": arn, "state": state}]}).to_string())
}

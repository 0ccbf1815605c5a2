//! How alarms are written.

use super::write_dimensions;
use crate::simulator::clock::Millis;
use crate::simulator::wire::{Object, Value, list, object};
use crate::simulator::world::{
    AlarmCommon, AlarmTracks, CompositeAlarm, MetricAlarm, Region, Statistic, Track, Transition, state_at, suppression,
};

/// An alarm of either kind with its history.
#[derive(Debug, Clone, Copy)]
pub enum Alarm<'a> {
    Metric(&'a MetricAlarm, &'a Track),
    Composite(&'a CompositeAlarm, &'a Track),
}

impl<'a> Alarm<'a> {
    /// Every alarm of a region: composite ones first, as CloudWatch lists them, each kind by name.
    pub fn all(region: &'a Region, tracks: &'a AlarmTracks) -> Vec<Self> {
        let mut composites: Vec<Self> = region
            .composite_alarms
            .iter()
            .zip(&tracks.composite)
            .map(|(alarm, track)| Self::Composite(alarm, track))
            .collect();
        composites.sort_by(|one, other| one.common().name.cmp(&other.common().name));
        let metric = region.metric_alarms.iter().zip(&tracks.metric).map(|(alarm, track)| Self::Metric(alarm, track));
        composites.into_iter().chain(metric).collect()
    }

    /// What every alarm has.
    pub fn common(self) -> &'a AlarmCommon {
        match self {
            Self::Metric(alarm, _) => &alarm.common,
            Self::Composite(alarm, _) => &alarm.common,
        }
    }

    /// Its history.
    pub fn track(self) -> &'a Track {
        match self {
            Self::Metric(_, track) | Self::Composite(_, track) => track,
        }
    }

    /// `MetricAlarm` or `CompositeAlarm`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Metric(..) => "MetricAlarm",
            Self::Composite(..) => "CompositeAlarm",
        }
    }

    /// Its state at a time.
    pub fn state(self, now: Millis) -> Option<&'a Transition> {
        state_at(self.track(), now)
    }

    /// Writes it whole.
    pub fn write(self, region: &Region, tracks: &AlarmTracks, now: Millis) -> Value {
        match self {
            Self::Metric(alarm, track) => metric(alarm, track, now).into(),
            Self::Composite(alarm, track) => composite(alarm, track, region, tracks, now).into(),
        }
    }
}

fn common(alarm: &AlarmCommon, state: Option<&Transition>, now: Millis) -> Object {
    let described = object()
        .with("AlarmName", &alarm.name)
        .with("AlarmArn", &alarm.arn)
        .with("AlarmDescription", Some(&alarm.description).filter(|text| !text.is_empty()))
        .time("AlarmConfigurationUpdatedTimestamp", alarm.updated_at(now))
        .with("ActionsEnabled", alarm.actions_enabled(now))
        .with("OKActions", list(&alarm.ok_actions))
        .with("AlarmActions", list(&alarm.actions))
        .with("InsufficientDataActions", Vec::new());
    let Some(state) = state else { return described };
    described
        .with("StateValue", state.state.word())
        .with("StateReason", clipped(&state.reason))
        .with("StateReasonData", state.data.as_ref())
        .time("StateUpdatedTimestamp", state.at)
        .time("StateTransitionedTimestamp", state.at)
}

/// A reason has 1023 characters at most.
fn clipped(reason: &str) -> String {
    reason.chars().take(1_023).collect()
}

fn metric(alarm: &MetricAlarm, track: &Track, now: Millis) -> Object {
    let criteria = &alarm.criteria;
    let statistic = alarm.statistic.word();
    let described = common(&alarm.common, state_at(track, now), now)
        .with("MetricName", &alarm.metric)
        .with("Namespace", &alarm.namespace);
    let described = match alarm.statistic {
        Statistic::Percentile(_) => described.with("ExtendedStatistic", statistic),
        _ => described.with("Statistic", statistic),
    };
    described
        .with("Dimensions", write_dimensions(&alarm.dimensions))
        .with("Period", alarm.period * 60)
        .with("EvaluationPeriods", criteria.periods)
        .with("DatapointsToAlarm", criteria.to_alarm)
        .with("Threshold", criteria.threshold)
        .with("ComparisonOperator", criteria.comparison.word())
        .with("TreatMissingData", criteria.missing.word())
}

fn composite(alarm: &CompositeAlarm, track: &Track, region: &Region, tracks: &AlarmTracks, now: Millis) -> Object {
    let described = common(&alarm.common, state_at(track, now), now).with("AlarmRule", &alarm.text);
    let Some(suppressor) = &alarm.suppressor else { return described };
    let other = Alarm::all(region, tracks).into_iter().find(|one| one.common().name == suppressor.alarm);
    let described = described
        .with("ActionsSuppressor", other.map_or_else(|| suppressor.alarm.clone(), |one| one.common().arn.clone()))
        .with("ActionsSuppressorWaitPeriod", suppressor.wait / 1_000)
        .with("ActionsSuppressorExtensionPeriod", suppressor.extension / 1_000);
    match other.and_then(|other| suppression(track, suppressor, other.track(), now)) {
        Some((by, reason)) => described.with("ActionsSuppressedBy", by).with("ActionsSuppressedReason", reason),
        None => described,
    }
}

/// Writes what `ChildrenOfAlarmName` and `ParentsOfAlarmName` show of an alarm: little.
pub fn brief(alarm: Alarm<'_>, now: Millis, with_state: bool) -> Value {
    let common = alarm.common();
    let described = object().with("AlarmName", &common.name).with("AlarmArn", &common.arn);
    let Some(state) = alarm.state(now).filter(|_| with_state) else { return described.into() };
    described.with("StateValue", state.state.word()).time("StateUpdatedTimestamp", state.at).into()
}

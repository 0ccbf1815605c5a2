//! Alarms as they were configured, and what became of them.

use super::evaluate::{AlarmState, Criteria};
use super::point::Statistic;
use super::rule::Rule;
use crate::simulator::clock::Millis;

/// What every alarm has.
#[derive(Debug)]
pub struct AlarmCommon {
    pub name: String,
    pub arn: String,
    pub description: String,
    pub actions: Vec<String>,
    pub ok_actions: Vec<String>,
    /// When it was configured.
    pub configured: Millis,
    /// When its actions were switched and to what, in the order of the times; the first entry is the configuration's.
    pub switched: Vec<(Millis, bool)>,
}

impl AlarmCommon {
    /// Whether its actions are on at a time.
    pub fn actions_enabled(&self, at: Millis) -> bool {
        self.switched.iter().rev().find(|(when, _)| *when <= at).or(self.switched.first()).is_none_or(|(_, on)| *on)
    }

    /// When its configuration last changed.
    pub fn updated_at(&self, at: Millis) -> Millis {
        self.switched.iter().rev().find(|(when, _)| *when <= at).map_or(self.configured, |(when, _)| *when)
    }
}

/// An alarm on a metric.
#[derive(Debug)]
pub struct MetricAlarm {
    pub common: AlarmCommon,
    pub namespace: String,
    pub metric: String,
    pub dimensions: Vec<(String, String)>,
    pub statistic: Statistic,
    /// Minutes.
    pub period: i64,
    pub criteria: Criteria,
}

/// An alarm on other alarms.
#[derive(Debug)]
pub struct CompositeAlarm {
    pub common: AlarmCommon,
    /// The rule as it was written.
    pub text: String,
    pub rule: Rule,
    pub suppressor: Option<Suppressor>,
}

/// What may silence a composite alarm's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressor {
    /// The alarm that silences.
    pub alarm: String,
    pub wait: Millis,
    pub extension: Millis,
}

/// A change of an alarm's state.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub at: Millis,
    pub state: AlarmState,
    pub reason: String,
    /// The reason's data as JSON, where there is any.
    pub data: Option<String>,
}

/// The transitions of one alarm, oldest first; there is always one.
pub type Track = Vec<Transition>;

/// The state that a track says an alarm has at a time.
pub fn state_at(track: &[Transition], at: Millis) -> Option<&Transition> {
    let after = track.partition_point(|transition| transition.at <= at);
    track.get(after.saturating_sub(1))
}

/// Why a composite alarm's actions are suppressed at a time, as CloudWatch names it, with its explanation.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppression.html>
pub fn suppression(
    own: &[Transition],
    suppressor: &Suppressor,
    other: &[Transition],
    at: Millis,
) -> Option<(&'static str, String)> {
    let own_state = state_at(own, at)?;
    let other_state = state_at(other, at)?;
    if own_state.state != AlarmState::Alarm {
        return None;
    }
    if other_state.state == AlarmState::Alarm {
        return Some(("Alarm", format!("Actions suppressed by {}", suppressor.alarm)));
    }
    // The suppressor has just returned: the extension period keeps the actions silent a little longer.
    let was_alarm = other.iter().rev().find(|t| t.at < other_state.at).is_some_and(|t| t.state == AlarmState::Alarm);
    if was_alarm && at - other_state.at < suppressor.extension && other_state.at >= own_state.at {
        let seconds = suppressor.extension / 1_000;
        return Some((
            "ExtensionPeriod",
            format!("Actions suppressed for {seconds} seconds after {} left ALARM", suppressor.alarm),
        ));
    }
    if at - own_state.at < suppressor.wait {
        let seconds = suppressor.wait / 1_000;
        return Some((
            "WaitPeriod",
            format!("Actions suppressed for {seconds} seconds while waiting for {}", suppressor.alarm),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn track(changes: &[(Millis, AlarmState)]) -> Track {
        changes
            .iter()
            .map(|(at, state)| Transition { at: *at, state: *state, reason: String::new(), data: None })
            .collect()
    }

    #[test]
    fn the_state_is_the_last_one_entered() {
        let track = track(&[(0, AlarmState::Ok), (10, AlarmState::Alarm)]);
        assert_eq!(state_at(&track, 9).map(|t| t.state), Some(AlarmState::Ok));
        assert_eq!(state_at(&track, 10).map(|t| t.state), Some(AlarmState::Alarm));
        assert_eq!(state_at(&track, -5).map(|t| t.state), Some(AlarmState::Ok), "the first holds before as well");
        assert_eq!(state_at(&[], 0), None);
    }

    #[rstest]
    #[case::quiet(5, None)]
    #[case::waiting(15, Some("WaitPeriod"))]
    #[case::suppressed(25, Some("Alarm"))]
    #[case::extended(32, Some("ExtensionPeriod"))]
    #[case::over(60, None)]
    fn actions_are_suppressed(#[case] at: Millis, #[case] by: Option<&str>) {
        let own = track(&[(0, AlarmState::Ok), (10, AlarmState::Alarm)]);
        let other = track(&[(0, AlarmState::Ok), (20, AlarmState::Alarm), (30, AlarmState::Ok)]);
        let suppressor = Suppressor { alarm: "maintenance".into(), wait: 8, extension: 5 };
        assert_eq!(suppression(&own, &suppressor, &other, at).map(|(word, _)| word), by);
    }
}

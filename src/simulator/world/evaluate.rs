//! How an alarm decides, M of N, with missing data treated in four ways.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>

/// An alarm's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl AlarmState {
    /// CloudWatch's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// What a missing datapoint counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreatMissingData {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl TreatMissingData {
    /// Reads CloudWatch's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Missing, Self::Ignore, Self::Breaching, Self::NotBreaching].into_iter().find(|one| one.word() == word)
    }

    /// CloudWatch's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }
}

/// How a datapoint is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    GreaterOrEqual,
    Greater,
    Less,
    LessOrEqual,
}

impl Comparison {
    /// Reads a scenario's sign.
    pub fn from_sign(sign: &str) -> Option<Self> {
        match sign {
            ">=" => Some(Self::GreaterOrEqual),
            ">" => Some(Self::Greater),
            "<" => Some(Self::Less),
            "<=" => Some(Self::LessOrEqual),
            _ => None,
        }
    }

    /// CloudWatch's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Greater => "GreaterThanThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// The words within a state's reason.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }

    /// Whether a value breaches a threshold.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }
}

/// What an alarm decides by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    pub comparison: Comparison,
    pub threshold: f64,
    /// N: how many periods are looked at.
    pub periods: usize,
    /// M: how many of them must breach.
    pub to_alarm: usize,
    pub missing: TreatMissingData,
}

impl Criteria {
    /// How many periods are fetched: a few more than are looked at, so that a late datapoint does not count as missing.
    ///
    /// AWS does not publish the number; its documentation shows 5 for an alarm of 3.
    pub const fn range(&self) -> usize {
        self.periods + 2
    }

    /// Decides.
    ///
    /// `range` holds the periods fetched, oldest first; the newest real datapoints are used, as many as are looked at.
    pub fn decide(&self, range: &[Option<f64>], current: AlarmState) -> Verdict {
        let used: Vec<(usize, f64)> = range
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(index, value)| value.map(|value| (index, value)))
            .take(self.periods)
            .collect();
        let breaching = used.iter().filter(|(_, value)| self.comparison.breaches(*value, self.threshold)).count();
        let filled = self.periods - used.len();
        let or_ok = |alarm: bool| if alarm { AlarmState::Alarm } else { AlarmState::Ok };
        let state = if breaching >= self.to_alarm {
            AlarmState::Alarm
        } else if filled == 0 {
            AlarmState::Ok
        } else {
            let all_breach = breaching == used.len();
            match self.missing {
                TreatMissingData::Breaching => or_ok(breaching + filled >= self.to_alarm),
                TreatMissingData::NotBreaching => AlarmState::Ok,
                _ if !all_breach => AlarmState::Ok,
                TreatMissingData::Missing if used.is_empty() => AlarmState::InsufficientData,
                // A lone breach is only an alarm once it is old enough that what is missing cannot change it.
                TreatMissingData::Missing if self.is_old_enough(range) => AlarmState::Alarm,
                TreatMissingData::Missing | TreatMissingData::Ignore => current,
            }
        };
        Verdict { state, used, breaching, filled }
    }

    /// Whether the oldest breach among the periods looked at is at least M periods old.
    fn is_old_enough(&self, range: &[Option<f64>]) -> bool {
        let looked_at = range.len().saturating_sub(self.periods);
        range
            .iter()
            .skip(looked_at)
            .position(Option::is_some)
            .is_some_and(|index| self.periods - index >= self.to_alarm)
    }
}

/// What was decided, and on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub state: AlarmState,
    /// The real datapoints used, newest first, with their place in the range.
    pub used: Vec<(usize, f64)>,
    /// How many of them breach.
    pub breaching: usize,
    /// How many were missing.
    pub filled: usize,
}

#[cfg(test)]
mod tests {
    use AlarmState::{Alarm, InsufficientData, Ok};
    use rstest::rstest;

    use super::*;

    /// Reads AWS's notation: `0` is fine, `X` breaches, `-` is missing.
    fn range(text: &str) -> Vec<Option<f64>> {
        text.split(' ')
            .map(|c| match c {
                "0" => Some(0.0),
                "X" => Some(99.0),
                _ => None,
            })
            .collect()
    }

    fn decide(
        text: &str,
        periods: usize,
        to_alarm: usize,
        missing: TreatMissingData,
        current: AlarmState,
    ) -> AlarmState {
        let criteria = Criteria { comparison: Comparison::Greater, threshold: 50.0, periods, to_alarm, missing };
        criteria.decide(&range(text), current).state
    }

    /// The two tables of the documentation: missing, ignore, breaching, notBreaching. The state before is one that the
    /// table could not give, so that "retain" shows.
    #[rstest]
    #[case("0 - X - X", 3, 3, [Ok, Ok, Ok, Ok])]
    #[case("- - - - 0", 3, 3, [Ok, Ok, Ok, Ok])]
    #[case("- - - - -", 3, 3, [InsufficientData, InsufficientData, Alarm, Ok])]
    #[case("0 X X - X", 3, 3, [Alarm, Alarm, Alarm, Alarm])]
    #[case("- - X - -", 3, 3, [Alarm, InsufficientData, Alarm, Ok])]
    #[case("0 - X - X", 3, 2, [Alarm, Alarm, Alarm, Alarm])]
    #[case("0 0 X 0 X", 3, 2, [Alarm, Alarm, Alarm, Alarm])]
    #[case("0 - X - -", 3, 2, [Ok, Ok, Alarm, Ok])]
    #[case("- - - - 0", 3, 2, [Ok, Ok, Alarm, Ok])]
    #[case("- - - X -", 3, 2, [Alarm, InsufficientData, Alarm, Ok])]
    fn decides_as_documented(
        #[case] text: &str,
        #[case] periods: usize,
        #[case] to_alarm: usize,
        #[case] states: [AlarmState; 4],
    ) {
        let ways = [
            TreatMissingData::Missing,
            TreatMissingData::Ignore,
            TreatMissingData::Breaching,
            TreatMissingData::NotBreaching,
        ];
        let decided = ways.map(|missing| decide(text, periods, to_alarm, missing, InsufficientData));
        assert_eq!(decided, states, "{text}");
    }

    #[test]
    fn a_first_breach_alone_does_not_alarm_early() {
        assert_eq!(decide("- - - - X", 3, 3, TreatMissingData::Missing, Ok), Ok);
        assert_eq!(decide("- - - - X", 3, 1, TreatMissingData::Missing, Ok), Alarm);
    }

    #[rstest]
    #[case(Comparison::GreaterOrEqual, [false, true, true])]
    #[case(Comparison::Greater, [false, false, true])]
    #[case(Comparison::Less, [true, false, false])]
    #[case(Comparison::LessOrEqual, [true, true, false])]
    fn compares(#[case] comparison: Comparison, #[case] breaches: [bool; 3]) {
        assert_eq!([49.0, 50.0, 51.0].map(|value| comparison.breaches(value, 50.0)), breaches);
    }
}

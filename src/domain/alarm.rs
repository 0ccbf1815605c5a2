//! CloudWatch alarms, metric and composite.

use std::sync::Arc;

use jiff::Timestamp;

use super::metric::Metric;

/// Describes an alarm as `DescribeAlarms` saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The alarm's name, unique in its account and region.
    pub name: String,
    /// The alarm's ARN.
    pub arn: String,
    /// What its author wrote about it.
    pub description: String,
    /// Its state.
    pub state: AlarmState,
    /// CloudWatch's words for why it is in that state.
    pub reason: String,
    /// When it entered that state (`StateTransitionedTimestamp`).
    pub since: Option<Timestamp>,
    /// Whether its actions are switched on.
    pub actions_enabled: bool,
    /// How many actions it has for the state ALARM.
    pub alarm_actions: usize,
    /// Whether an action suppressor holds its actions back, with CloudWatch's words why.
    pub suppressed: Option<String>,
    /// What it watches.
    pub watches: Watches,
    /// When this row was read.
    pub as_of: Timestamp,
}

/// Tells the state of an alarm, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlarmState {
    /// Within its threshold.
    Ok,
    /// CloudWatch cannot tell: the data is missing or the alarm is new.
    InsufficientData,
    /// Beyond its threshold.
    Alarm,
}

impl AlarmState {
    /// Returns AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Alarm => "ALARM",
        }
    }

    /// Reads AWS's word; a word that AWS has not had before counts as not known.
    pub fn from_aws(word: &str) -> Self {
        match word {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            _ => Self::InsufficientData,
        }
    }
}

/// Tells what an alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum Watches {
    /// One metric, or an expression over several, against a threshold.
    Metric(MetricRule),
    /// The states of other alarms.
    Composite(CompositeRule),
}

/// Describes how a metric alarm judges its metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRule {
    /// The metric; of an expression, the first metric that it reads. `None` where the alarm reads none that we know.
    pub metric: Option<Metric>,
    /// The expression, where the alarm watches one.
    pub expression: Option<String>,
    /// The statistic as CloudWatch spells it.
    pub statistic: String,
    /// Seconds a period.
    pub period: u32,
    /// Periods that are looked at (N).
    pub evaluation_periods: u32,
    /// Periods among them that must breach (M).
    pub datapoints_to_alarm: u32,
    /// AWS's word for the comparison, such as `GreaterThanThreshold`.
    pub comparison: String,
    /// The threshold; `None` for anomaly detection.
    pub threshold: Option<f64>,
    /// AWS's word for how missing data is taken: `missing`, `ignore`, `breaching`, `notBreaching`.
    pub missing_data: String,
}

impl MetricRule {
    /// Returns the comparison as a sign, or AWS's word where there is none.
    pub fn sign(&self) -> &str {
        match self.comparison.as_str() {
            "GreaterThanOrEqualToThreshold" => ">=",
            "GreaterThanThreshold" | "GreaterThanUpperThreshold" => ">",
            "LessThanThreshold" | "LessThanLowerThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            other => other,
        }
    }
}

/// Describes a composite alarm's rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompositeRule {
    /// The rule as it is written.
    pub text: String,
    /// The names of the alarms that it reads, in order, each once. An alarm that is named by ARN appears with its name.
    pub children: Vec<String>,
}

impl CompositeRule {
    /// Reads a rule such as `ALARM("a") AND NOT OK(b)`.
    ///
    /// The rule's grammar is CloudWatch's ("Create a composite alarm", `AlarmRule`); for a tree on the screen only the
    /// alarms that it names matter, and a rule that cannot be read names none.
    pub fn parse(text: &str) -> Self {
        let mut children = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('(') {
            let word = rest[..open].trim_end();
            let is_state = ["INSUFFICIENT_DATA", "ALARM", "OK"].iter().any(|state| word.ends_with(state));
            let inside = &rest[open + 1..];
            if is_state {
                let (name, after) = child_name(inside);
                if !name.is_empty() && !children.contains(&name) {
                    children.push(name);
                }
                rest = after;
            } else {
                rest = inside;
            }
        }
        Self { text: text.to_owned(), children }
    }
}

/// Splits the alarm's name off what stands after an opening parenthesis.
fn child_name(inside: &str) -> (String, &str) {
    let trimmed = inside.trim_start();
    let quote = trimmed.chars().next().filter(|first| matches!(first, '"' | '\''));
    let (raw, after) = match quote {
        Some(quote) => {
            let body = &trimmed[1..];
            let end = body.find(quote).unwrap_or(body.len());
            (&body[..end], body.get(end + 1..).unwrap_or(""))
        }
        None => {
            let end = trimmed.find(')').unwrap_or(trimmed.len());
            (trimmed[..end].trim_end(), &trimmed[end..])
        }
    };
    let name = match raw.split_once(":alarm:") {
        Some((arn, name)) if arn.starts_with("arn:") => name,
        _ => raw,
    };
    (name.to_owned(), after)
}

/// Records one line of an alarm's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// When it happened.
    pub at: Timestamp,
    /// AWS's kind: `StateUpdate`, `ConfigurationUpdate`, `Action` and so on.
    pub kind: String,
    /// CloudWatch's words.
    pub summary: String,
}

/// Holds all alarms of one account and region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlarmsSnapshot {
    /// The alarms, by name.
    pub alarms: Vec<Arc<Alarm>>,
    /// Whether there are more than were read.
    pub capped: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_names_its_children_once_and_in_order() {
        let rule = CompositeRule::parse(
            r#"ALARM("a(1)") AND (NOT OK(b) OR INSUFFICIENT_DATA('c')) AND ALARM(arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:決済) OR ALARM("a(1)")"#,
        );
        assert_eq!(rule.children, ["a(1)", "b", "c", "決済"]);
    }

    #[test]
    fn a_rule_that_cannot_be_read_names_no_child() {
        for text in ["", "TRUE", "ALARM(", "ALARM(\"", "((((", "FALSE OR TRUE"] {
            assert!(CompositeRule::parse(text).children.is_empty(), "{text}");
        }
    }
}

//! CloudWatch alarms and their history.

use std::sync::Arc;

use aws_sdk_cloudwatch::{operation::describe_alarms::builders::DescribeAlarmsFluentBuilder, types as aws};
use jiff::Timestamp;

use crate::domain::{
    alarm::{Alarm, AlarmState, CompositeRule, HistoryItem, MetricRule, Watches},
    fetch::Failure,
    metric::Metric,
};

use super::{
    Connection,
    action::Action,
    names::unique,
    paging::{Paged, pages},
    words::{count, message, name, time},
};

/// The most alarms that are read of one account and region.
pub(super) const MOST_ALARMS: usize = 10_000;
/// How many alarms a page holds at most.
const PAGE: i32 = 100;
/// How many names one call takes.
pub const ALARMS_A_CALL: usize = 100;

/// Says which alarms to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmScope {
    /// Every one.
    All,
    /// Those in the state ALARM.
    Firing,
    /// Those of these names, at most [`ALARMS_A_CALL`].
    Names(Vec<String>),
}

impl Connection {
    /// Reads alarms, metric and composite, in no order.
    ///
    /// A policy that allows `cloudwatch:DescribeAlarms` on some alarms only hides all composite ones: IAM takes them
    /// with `*` alone ("CloudWatch permissions reference").
    ///
    /// # Errors
    /// A [`Failure`] of the first page that fails.
    pub async fn alarms_of(&self, scope: &AlarmScope) -> Result<Paged<Arc<Alarm>>, Failure> {
        pages(MOST_ALARMS, |token| async move {
            let describe = || {
                let request = within(self.home.cloudwatch.describe_alarms(), scope, |name| self.original(name));
                request.set_next_token(token.clone()).send()
            };
            let answer = self.home.caller.call(Action::DescribeAlarms, "", describe).await?;
            let as_of = self.home.caller.now.get();
            let metric = answer.metric_alarms.unwrap_or_default();
            let composite = answer.composite_alarms.unwrap_or_default();
            let metric = metric.iter().map(|raw| self.metric_alarm(raw, as_of));
            let composite = composite.iter().map(|raw| self.composite_alarm(raw, as_of));
            let alarms = metric.chain(composite).flatten().map(Arc::new).collect();
            Ok((alarms, answer.next_token))
        })
        .await
    }

    /// Reads the latest 100 lines of an alarm's history, newest first.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be read.
    pub async fn alarm_history(&self, alarm: &str) -> Result<Vec<HistoryItem>, Failure> {
        let describe = || {
            self.home
                .cloudwatch
                .describe_alarm_history()
                .alarm_name(self.original(alarm))
                .alarm_types(aws::AlarmType::MetricAlarm)
                .alarm_types(aws::AlarmType::CompositeAlarm)
                .max_records(100)
                .scan_by(aws::ScanBy::TimestampDescending)
                .send()
        };
        let answer = self.home.caller.call(Action::DescribeAlarmHistory, "", describe).await?;
        let items = answer.alarm_history_items.unwrap_or_default();
        let mut items: Vec<HistoryItem> = items.iter().filter_map(history_item).collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.at));
        Ok(items)
    }

    fn metric_alarm(&self, raw: &aws::MetricAlarm, as_of: Timestamp) -> Option<Alarm> {
        Some(Alarm {
            name: self.remember(raw.alarm_name.as_deref()?),
            arn: name(raw.alarm_arn.as_deref()),
            description: message(raw.alarm_description.as_deref()),
            state: state(raw.state_value.as_ref()),
            reason: message(raw.state_reason.as_deref()),
            since: time(raw.state_transitioned_timestamp.as_ref().or(raw.state_updated_timestamp.as_ref())),
            actions_enabled: raw.actions_enabled.unwrap_or(true),
            alarm_actions: raw.alarm_actions().len(),
            suppressed: None,
            watches: Watches::Metric(metric_rule(raw, &|text| self.remember(text))),
            as_of,
        })
    }

    fn composite_alarm(&self, raw: &aws::CompositeAlarm, as_of: Timestamp) -> Option<Alarm> {
        let suppressed = raw.actions_suppressed_by.as_ref().map(|by| {
            let reason = message(raw.actions_suppressed_reason.as_deref());
            if reason.is_empty() { name(Some(by.as_str())) } else { reason }
        });
        Some(Alarm {
            name: self.remember(raw.alarm_name.as_deref()?),
            arn: name(raw.alarm_arn.as_deref()),
            description: message(raw.alarm_description.as_deref()),
            state: state(raw.state_value.as_ref()),
            reason: message(raw.state_reason.as_deref()),
            since: time(raw.state_transitioned_timestamp.as_ref().or(raw.state_updated_timestamp.as_ref())),
            actions_enabled: raw.actions_enabled.unwrap_or(true),
            alarm_actions: raw.alarm_actions().len(),
            suppressed,
            watches: Watches::Composite(composite_rule(raw.alarm_rule.as_deref())),
            as_of,
        })
    }
}

/// Limits a request to a scope, with names as `original` has them.
///
/// Without its types named, `DescribeAlarms` leaves composite alarms out; how many alarms a page has by default its
/// reference does not say.
fn within(
    request: DescribeAlarmsFluentBuilder,
    scope: &AlarmScope,
    original: impl Fn(&str) -> String,
) -> DescribeAlarmsFluentBuilder {
    let request =
        request.alarm_types(aws::AlarmType::MetricAlarm).alarm_types(aws::AlarmType::CompositeAlarm).max_records(PAGE);
    match scope {
        AlarmScope::All => request,
        AlarmScope::Firing => request.state_value(aws::StateValue::Alarm),
        AlarmScope::Names(names) => {
            let names = names.iter().take(ALARMS_A_CALL).map(|name| original(name));
            request.set_alarm_names(Some(names.collect()))
        }
    }
}

/// Reads a rule, whose text may be longer than a message, and makes of the names in it what is made of alarms' names.
fn composite_rule(raw: Option<&str>) -> CompositeRule {
    let rule = CompositeRule::parse(raw.unwrap_or_default());
    CompositeRule {
        // A rule has at most 10,240 characters ("PutCompositeAlarm", `AlarmRule`).
        text: crate::domain::text::clean(&rule.text, 10_240),
        children: rule.children.iter().map(|child| unique(child)).collect(),
    }
}

fn state(raw: Option<&aws::StateValue>) -> AlarmState {
    AlarmState::from_aws(raw.map_or("", aws::StateValue::as_str))
}

/// Makes a name safe and distinct, and remembers what it was.
type Remember<'a> = &'a dyn Fn(&str) -> String;

/// Maps how an alarm judges: one metric of its own, or the query among several whose result is compared.
fn metric_rule(raw: &aws::MetricAlarm, remember: Remember<'_>) -> MetricRule {
    let queries = raw.metrics();
    let first = queries.iter().find_map(|query| query.metric_stat.as_ref());
    let own = raw.metric_name.as_deref().map(|metric_name| Metric {
        namespace: remember(raw.namespace.as_deref().unwrap_or_default()),
        name: remember(metric_name),
        dimensions: dimensions(raw.dimensions(), remember),
    });
    let own_statistic =
        raw.extended_statistic.as_deref().or_else(|| raw.statistic.as_ref().map(aws::Statistic::as_str));
    let statistic = own_statistic.or_else(|| first.and_then(|first| first.stat.as_deref()));
    let period = raw
        .period
        .or_else(|| first.and_then(|first| first.period))
        .or_else(|| queries.iter().find_map(|query| query.period));
    let periods = count(raw.evaluation_periods.unwrap_or(1));
    MetricRule {
        metric: own.or_else(|| first.and_then(|first| first.metric.as_ref()).map(|raw| metric(raw, remember))),
        expression: compared(queries).and_then(|query| query.expression.as_deref()).map(|text| message(Some(text))),
        statistic: name(statistic),
        period: period.map_or(60, count).max(1),
        evaluation_periods: periods,
        datapoints_to_alarm: raw.datapoints_to_alarm.map_or(periods, count),
        comparison: name(raw.comparison_operator.as_ref().map(aws::ComparisonOperator::as_str)),
        threshold: raw.threshold.filter(|threshold| threshold.is_finite()),
        missing_data: raw.treat_missing_data.as_deref().map_or_else(|| "missing".to_owned(), |word| name(Some(word))),
    }
}

/// Finds the query whose result is compared: the one that returns data, but not an anomaly detection band.
fn compared(queries: &[aws::MetricDataQuery]) -> Option<&aws::MetricDataQuery> {
    let returning = || queries.iter().filter(|query| query.return_data.unwrap_or(true));
    let is_band = |query: &aws::MetricDataQuery| {
        query.expression.as_deref().is_some_and(|text| text.starts_with("ANOMALY_DETECTION_BAND"))
    };
    returning().find(|query| !is_band(query)).or_else(|| returning().next())
}

fn metric(raw: &aws::Metric, remember: Remember<'_>) -> Metric {
    Metric {
        namespace: remember(raw.namespace.as_deref().unwrap_or_default()),
        name: remember(raw.metric_name.as_deref().unwrap_or_default()),
        dimensions: dimensions(raw.dimensions(), remember),
    }
}

/// Maps dimensions. They are part of the metric's name: it is asked for by them.
fn dimensions(raw: &[aws::Dimension], remember: Remember<'_>) -> Vec<(String, String)> {
    let text = |text: Option<&str>| remember(text.unwrap_or_default());
    let mut dimensions: Vec<_> =
        raw.iter().map(|raw| (text(raw.name.as_deref()), text(raw.value.as_deref()))).collect();
    dimensions.sort();
    dimensions
}

fn history_item(raw: &aws::AlarmHistoryItem) -> Option<HistoryItem> {
    Some(HistoryItem {
        at: time(raw.timestamp.as_ref())?,
        kind: name(raw.history_item_type.as_ref().map(aws::HistoryItemType::as_str)),
        summary: message(raw.history_summary.as_deref()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_pages_of_both_kinds_are_asked_for_in_every_scope() {
        let config = aws_sdk_cloudwatch::Config::builder().behavior_version_latest().build();
        let client = aws_sdk_cloudwatch::Client::from_conf(config);
        let names: Vec<String> = (0..101).map(|number| format!("a{number}")).collect();
        for scope in [AlarmScope::All, AlarmScope::Firing, AlarmScope::Names(names)] {
            let request = within(client.describe_alarms(), &scope, str::to_uppercase);
            assert_eq!(*request.get_max_records(), Some(100), "{scope:?}");
            assert_eq!(request.get_alarm_types().as_ref().map(Vec::len), Some(2), "{scope:?}");
            assert_eq!(request.get_state_value().is_some(), scope == AlarmScope::Firing);
            if let AlarmScope::Names(_) = scope {
                let asked = request.get_alarm_names().as_ref().unwrap();
                assert_eq!((asked.len(), asked[7].as_str()), (100, "A7"));
            }
        }
    }

    fn query(id: &str) -> aws::builders::MetricDataQueryBuilder {
        aws::MetricDataQuery::builder().id(id)
    }

    fn stat(metric_name: &str) -> aws::MetricStat {
        let dimension = |name: &str, value: &str| aws::Dimension::builder().name(name).value(value).build();
        let metric = aws::Metric::builder()
            .namespace("AWS/ECS")
            .metric_name(metric_name)
            .dimensions(dimension("ServiceName", "web"))
            .dimensions(dimension("ClusterName", "shop"));
        aws::MetricStat::builder().metric(metric.build()).period(300).stat("p99").build()
    }

    #[test]
    fn a_plain_alarm_watches_its_own_metric() {
        let raw = aws::MetricAlarm::builder()
            .namespace("AWS/ApplicationELB")
            .metric_name("HTTPCode_Target_5XX_Count")
            .statistic(aws::Statistic::Sum)
            .period(60)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .threshold(10.0)
            .comparison_operator(aws::ComparisonOperator::GreaterThanThreshold)
            .build();
        let rule = metric_rule(&raw, &unique);
        assert_eq!(rule.metric.as_ref().unwrap().name, "HTTPCode_Target_5XX_Count");
        assert_eq!((rule.statistic.as_str(), rule.period), ("Sum", 60));
        assert_eq!((rule.datapoints_to_alarm, rule.evaluation_periods), (2, 3));
        assert_eq!((rule.sign(), rule.missing_data.as_str()), (">", "missing"));
        assert_eq!(rule.expression, None);
    }

    #[test]
    fn an_expression_is_named_with_the_first_metric_that_it_reads() {
        let raw = aws::MetricAlarm::builder()
            .metrics(query("m1").metric_stat(stat("CPUUtilization")).return_data(false).build())
            .metrics(query("e1").expression("m1 * 2").return_data(true).build())
            .threshold(f64::NAN)
            .build();
        let rule = metric_rule(&raw, &unique);
        assert_eq!(rule.expression.as_deref(), Some("m1 * 2"));
        let metric = rule.metric.unwrap();
        assert_eq!(metric.dimensions[0].0, "ClusterName");
        assert_eq!((rule.statistic.as_str(), rule.period, rule.threshold), ("p99", 300, None));
    }

    #[test]
    fn an_anomaly_band_is_not_what_is_compared() {
        let raw = aws::MetricAlarm::builder()
            .metrics(query("band").expression("ANOMALY_DETECTION_BAND(m1, 2)").build())
            .metrics(query("m1").metric_stat(stat("CPUUtilization")).build())
            .threshold_metric_id("band")
            .build();
        let rule = metric_rule(&raw, &unique);
        assert_eq!((rule.expression, rule.threshold), (None, None));
    }

    #[test]
    fn an_alarm_of_nothing_is_mapped() {
        let rule = metric_rule(&aws::MetricAlarm::builder().period(0).evaluation_periods(-1).build(), &unique);
        assert_eq!(rule.metric, None);
        assert_eq!((rule.period, rule.evaluation_periods), (1, 0));
    }

    #[test]
    fn a_composite_rule_is_kept_whole() {
        let text = format!("ALARM(\"{}\")", "決".repeat(5_000));
        assert_eq!(composite_rule(Some(&text)).text.chars().count(), 5_009);
        assert_eq!(composite_rule(None).children.len(), 0);
    }
}

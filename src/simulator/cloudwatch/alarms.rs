//! `DescribeAlarms` and `DescribeAlarmsForMetric`.

use super::describe::{Alarm, brief};
use super::{dimensions, invalid_token, max_records, missing_parameter, validation};
use crate::simulator::call::Call;
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::Statistic;

/// What `DescribeAlarms` may be asked to leave out.
struct Filter<'a> {
    names: Option<Vec<&'a str>>,
    prefix: Option<&'a str>,
    types: Vec<&'a str>,
    state: Option<&'a str>,
    action_prefix: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn read(input: Input<'a>) -> Result<Self, ApiError> {
        let names = input.texts("AlarmNames")?;
        let prefix = input.text("AlarmNamePrefix")?;
        if names.as_ref().is_some_and(|names| names.len() > 100) {
            return Err(validation("The collection AlarmNames must not have a size greater than 100."));
        }
        if names.as_ref().is_some_and(|names| !names.is_empty()) && prefix.is_some() {
            return Err(validation("AlarmNamePrefix and AlarmNames cannot both be specified."));
        }
        let state = input.text("StateValue")?;
        one_of(state, &["OK", "ALARM", "INSUFFICIENT_DATA"], "stateValue")?;
        let types = types(input)?;
        Ok(Self {
            names: names.filter(|names| !names.is_empty()),
            prefix,
            types,
            state,
            action_prefix: input.text("ActionPrefix")?,
        })
    }

    fn fits(&self, alarm: Alarm<'_>, now: i64) -> bool {
        let common = alarm.common();
        let mut actions = common.actions.iter().chain(&common.ok_actions);
        self.types.contains(&alarm.kind())
            && self.names.as_ref().is_none_or(|names| names.contains(&common.name.as_str()))
            && self.prefix.is_none_or(|prefix| common.name.starts_with(prefix))
            && self.action_prefix.is_none_or(|prefix| actions.any(|action| action.starts_with(prefix)))
            && self.state.is_none_or(|state| alarm.state(now).is_some_and(|t| t.state.word() == state))
    }
}

/// The kinds of alarms that are asked for: metric alarms alone unless others are named.
pub fn types(input: Input<'_>) -> Result<Vec<&str>, ApiError> {
    let types = input.texts("AlarmTypes")?.unwrap_or_default();
    types
        .iter()
        .try_for_each(|word| one_of(Some(word), &["CompositeAlarm", "MetricAlarm", "LogAlarm"], "alarmTypes"))?;
    Ok(if types.is_empty() { vec!["MetricAlarm"] } else { types })
}

fn one_of(value: Option<&str>, known: &[&str], member: &str) -> Result<(), ApiError> {
    match value {
        Some(word) if !known.contains(&word) => Err(validation(format!(
            "1 validation error detected: Value '{word}' at '{member}' failed to satisfy constraint: Member must satisfy enum value \
             set: [{}]",
            known.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// Describes alarms, a hundred a page; composite ones only where they are named among the types.
pub fn describe_alarms(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let filter = Filter::read(input)?;
    let size = max_records(input)?;
    if let Some(answer) = relatives(call, input)? {
        return Ok(answer);
    }
    let scope = call.scope("DescribeAlarms");
    let after = match input.text("NextToken")? {
        None => None,
        Some(token) => Some(paging::open(&scope, token).ok_or_else(invalid_token)?),
    };
    let Some(region) = call.here() else { return Ok(page(Vec::new(), None)) };
    let tracks = region.tracks(call.now);
    // The token carries the kind and the name of the last alarm shown; "C…" sorts before "M…".
    let key = |alarm: Alarm<'_>| format!("{}/{}", alarm.kind(), alarm.common().name);
    let all = Alarm::all(region, &tracks);
    let mut rest = all
        .into_iter()
        .filter(|alarm| filter.fits(*alarm, call.now) && after.as_ref().is_none_or(|after| key(*alarm) > *after))
        .peekable();
    let shown: Vec<Alarm<'_>> = rest.by_ref().take(size).collect();
    let token = rest.peek().and(shown.last()).map(|last| paging::seal(&scope, &key(*last)));
    let written = shown.into_iter().map(|alarm| (alarm.kind(), alarm.write(region, &tracks, call.now))).collect();
    Ok(page(written, token))
}

fn page(alarms: Vec<(&'static str, Value)>, token: Option<String>) -> Value {
    let (mut composite, mut metric) = (Vec::new(), Vec::new());
    for (kind, alarm) in alarms {
        if kind == "CompositeAlarm" { composite.push(alarm) } else { metric.push(alarm) }
    }
    object().with("CompositeAlarms", composite).with("MetricAlarms", metric).with("NextToken", token).into()
}

/// Answers what is asked about a composite alarm's children or an alarm's parents.
fn relatives(call: &Call<'_>, input: Input<'_>) -> Result<Option<Value>, ApiError> {
    let (children, parents) = (input.text("ChildrenOfAlarmName")?, input.text("ParentsOfAlarmName")?);
    let Some(name) = children.or(parents) else { return Ok(None) };
    let others = ["AlarmNames", "AlarmNamePrefix", "StateValue", "ActionPrefix", "AlarmTypes"];
    if children.is_some() == parents.is_some() || others.iter().any(|other| input.has(other)) {
        return Err(validation("ChildrenOfAlarmName and ParentsOfAlarmName cannot be combined with other parameters."));
    }
    let Some(region) = call.here() else { return Ok(Some(page(Vec::new(), None))) };
    let tracks = region.tracks(call.now);
    let all = Alarm::all(region, &tracks);
    let children_of = |alarm: &Alarm<'_>| match alarm {
        Alarm::Composite(alarm, _) => alarm.rule.children().into_iter().map(str::to_owned).collect(),
        Alarm::Metric(..) => Vec::new(),
    };
    let wanted: Vec<String> = match children {
        Some(_) => all.iter().filter(|alarm| alarm.common().name == name).flat_map(children_of).collect(),
        None => all
            .iter()
            .filter(|alarm| children_of(alarm).iter().any(|child| child == name))
            .map(|alarm| alarm.common().name.clone())
            .collect(),
    };
    let found = all.into_iter().filter(|alarm| wanted.contains(&alarm.common().name));
    let written = found.map(|alarm| (alarm.kind(), brief(alarm, call.now, children.is_some()))).collect();
    Ok(Some(page(written, None)))
}

/// Describes the alarms on one metric.
pub fn describe_alarms_for_metric(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let metric = input.text("MetricName")?.ok_or_else(|| missing_parameter("MetricName"))?;
    let namespace = input.text("Namespace")?.ok_or_else(|| missing_parameter("Namespace"))?;
    let mut wanted = dimensions(input)?;
    wanted.sort();
    let statistic = match input.text("ExtendedStatistic")?.or(input.text("Statistic")?) {
        Some(word) => Some(word.parse::<Statistic>().map_err(|error| validation(error.to_string()))?),
        None => None,
    };
    let period = input.integer("Period")?;
    let Some(region) = call.here() else { return Ok(object().with("MetricAlarms", Vec::new()).into()) };
    let tracks = region.tracks(call.now);
    let mut alarms = Vec::new();
    for alarm in Alarm::all(region, &tracks) {
        let Alarm::Metric(one, _) = alarm else { continue };
        let mut own = one.dimensions.clone();
        own.sort();
        let fits = one.metric == metric
            && one.namespace == namespace
            && own == wanted
            && statistic.is_none_or(|statistic| statistic == one.statistic)
            && period.is_none_or(|period| period == one.period * 60);
        if fits {
            alarms.push(alarm.write(region, &tracks, call.now));
        }
    }
    Ok(object().with("MetricAlarms", alarms).into())
}

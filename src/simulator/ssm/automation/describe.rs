//! `GetAutomationExecution`, `DescribeAutomationExecutions` and `DescribeAutomationStepExecutions`.

use serde_json::Value as Json;

use super::definition::StepSpec;
use super::execution::{Execution, Status, Step};
use super::start::unknown;
use crate::simulator::call::Call;
use crate::simulator::clock::Millis;
use crate::simulator::paging;
use crate::simulator::ssm::documents::declared::written;
use crate::simulator::ssm::error;
use crate::simulator::ssm::nodes::tokened;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, map, object};

/// The most characters of a value that is shown.
const LONGEST_VALUE: usize = 512;

/// Describes an execution with all its steps.
pub fn get_automation_execution(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.required("AutomationExecutionId")?;
    let all = call.automations.lock();
    let one = all.iter().find(|one| one.is_of(call, id)).ok_or_else(|| unknown(id))?;
    let steps = one.definition.steps.iter().zip(&one.steps).map(|(spec, step)| describe_step(spec, step));
    let count = |status: Status| one.steps.iter().filter(|step| step.status == status).count();
    let progress = object()
        .with("TotalSteps", one.steps.len())
        .with("SuccessSteps", count(Status::Success))
        .with("FailedSteps", count(Status::Failed))
        .with("CancelledSteps", count(Status::Cancelled))
        .with("TimedOutSteps", count(Status::TimedOut));
    let described = brief(one)
        .with("StepExecutions", list(steps))
        .with("StepExecutionsTruncated", false)
        .with("Parameters", map(one.given.iter().map(|(name, values)| (name.clone(), shown(values.clone())))))
        .with("ProgressCounters", progress);
    Ok(object().with("AutomationExecution", described).into())
}

/// What a list tells of an execution as well.
fn brief(one: &Execution) -> Object {
    let current = one.due.step().or_else(|| one.steps.iter().rposition(|step| step.status == Status::Cancelling));
    let current = current.and_then(|index| one.definition.steps.get(index));
    object()
        .with("AutomationExecutionId", &one.id)
        .with("DocumentName", &one.document)
        .with("DocumentVersion", one.version.to_string())
        .with("AutomationExecutionStatus", one.status.word())
        .time("ExecutionStartTime", one.started)
        .time("ExecutionEndTime", one.ended)
        .with("ExecutedBy", &one.by)
        .with("Outputs", map(one.outputs.iter().map(|(name, values)| (name.clone(), shown(values.clone())))))
        .with("Mode", "Auto")
        .with("CurrentStepName", current.map(|spec| spec.name.clone()))
        .with("CurrentAction", current.map(|spec| spec.action.word()))
        .with("FailureMessage", one.failure.clone())
        .with("Targets", Vec::new())
        .with("ResolvedTargets", object().with("ParameterValues", Vec::new()).with("Truncated", false))
}

/// Values as they are shown: none is empty, and none is longer than AWS has it.
fn shown(values: Vec<String>) -> Value {
    let shown = values.into_iter().filter(|value| !value.is_empty());
    list(shown.map(|value| value.chars().take(LONGEST_VALUE).collect::<String>()))
}

fn describe_step(spec: &StepSpec, step: &Step) -> Object {
    let texts = |value: &Json| match value {
        Json::Array(items) => items.iter().map(written).collect(),
        one => vec![written(one)],
    };
    let outputs = step.outputs.iter().filter(|(name, _)| name.as_str() != "Output");
    let failed = step.failure.as_ref();
    let details = failed.map(|failure| {
        let details = map([("Cause".to_owned(), shown(vec![failure.kind.clone()]))]);
        object().with("FailureStage", failure.stage).with("FailureType", &failure.kind).with("Details", details)
    });
    let code = match step.status {
        Status::Success => Some("0"),
        Status::Failed | Status::TimedOut => Some("1"),
        _ => None,
    };
    object()
        .with("StepName", &spec.name)
        .with("Action", spec.action.word())
        .with("TimeoutSeconds", spec.timeout)
        .with("OnFailure", spec.on_failure.word())
        .with("MaxAttempts", spec.attempts)
        .time("ExecutionStartTime", step.started)
        .time("ExecutionEndTime", step.ended)
        .with("StepStatus", step.status.word())
        .with("ResponseCode", code)
        .with("Inputs", map(step.inputs.iter().map(|(name, value)| (name.clone(), value.clone()))))
        .with("Outputs", map(outputs.map(|(name, value)| (name.clone(), shown(texts(value))))))
        .with("FailureMessage", failed.map(|failure| failure.message.clone()))
        .with("FailureDetails", details)
        .with("StepExecutionId", &step.id)
        .with("IsEnd", spec.is_end)
        .with("NextStep", step.next.clone().or_else(|| spec.next.clone()))
        .with("IsCritical", spec.is_critical.unwrap_or(true))
        .with("ValidNextSteps", list(spec.next.clone()))
}

type Filter = (String, Vec<String>);

fn filters(input: Input<'_>, known: &[&str]) -> Result<Vec<Filter>, ApiError> {
    let mut filters = Vec::new();
    for filter in input.structures("Filters")? {
        let (key, values) = (filter.required("Key")?, filter.texts("Values")?.unwrap_or_default());
        if !known.contains(&key) {
            return Err(error("InvalidFilterKey", ""));
        }
        if values.is_empty() || values.len() > 10 {
            return Err(error("InvalidFilterValue", "A filter has between 1 and 10 values."));
        }
        filters.push((key.to_owned(), values.into_iter().map(str::to_owned).collect()));
    }
    Ok(filters)
}

fn time(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// Lists executions, the newest first.
pub fn describe_automation_executions(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let size = input.page_size("MaxResults", 50, 10)?;
    let keys =
        ["DocumentNamePrefix", "ExecutionStatus", "ExecutionId", "CurrentAction", "StartTimeBefore", "StartTimeAfter"];
    let filters = filters(input, &keys)?;
    let scope = format!("{}/{filters:?}", call.scope("DescribeAutomationExecutions"));
    let fits = |one: &Execution| {
        filters.iter().all(|(key, values)| {
            values.iter().any(|value| match key.as_str() {
                "DocumentNamePrefix" => one.document.starts_with(value.as_str()),
                "ExecutionStatus" => one.status.word() == value,
                "ExecutionId" => one.id == *value,
                "StartTimeBefore" => time(value).is_some_and(|at| one.started < at),
                "StartTimeAfter" => time(value).is_some_and(|at| one.started > at),
                _ => one.definition.steps.iter().any(|spec| spec.action.word() == value),
            })
        })
    };
    let all = call.automations.lock();
    let here = |one: &&Execution| one.account == call.principal.account && one.region == call.region && fits(one);
    let newest: Vec<&Execution> = all.iter().rev().filter(here).collect();
    // The token holds which one was shown last: others are only ever added in front of it.
    let from = match tokened(input, &scope)? {
        None => 0,
        Some(last) => newest.iter().position(|one| one.id == last).map_or(newest.len(), |place| place + 1),
    };
    let page: Vec<&&Execution> = newest.iter().skip(from).take(size).collect();
    let more = from + page.len() < newest.len();
    let token = page.last().filter(|_| more).map(|one| paging::seal(&scope, &one.id));
    let shown = page.iter().map(|one| brief(one).with("AutomationType", "Local"));
    Ok(object().with("AutomationExecutionMetadataList", list(shown)).with("NextToken", token).into())
}

/// Lists an execution's steps in the order of their document.
pub fn describe_automation_step_executions(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.required("AutomationExecutionId")?;
    let size = input.page_size("MaxResults", 50, 50)?;
    let filters = filters(
        input,
        &["StepExecutionStatus", "StepExecutionId", "StepName", "Action", "StartTimeBefore", "StartTimeAfter"],
    )?;
    let reverse = input.boolean("ReverseOrder")?.unwrap_or(false);
    let scope = format!("{}/{id}/{filters:?}/{reverse}", call.scope("DescribeAutomationStepExecutions"));
    let from: usize = tokened(input, &scope)?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let all = call.automations.lock();
    let one = all.iter().find(|one| one.is_of(call, id)).ok_or_else(|| unknown(id))?;
    let fits = |spec: &StepSpec, step: &Step| {
        filters.iter().all(|(key, values)| {
            values.iter().any(|value| match key.as_str() {
                "StepExecutionStatus" => step.status.word() == value,
                "StepExecutionId" => step.id == *value,
                "StepName" => spec.name == *value,
                "StartTimeBefore" => step.started.zip(time(value)).is_some_and(|(started, at)| started < at),
                "StartTimeAfter" => step.started.zip(time(value)).is_some_and(|(started, at)| started > at),
                _ => spec.action.word() == value,
            })
        })
    };
    let both = one.definition.steps.iter().zip(&one.steps);
    let mut steps: Vec<_> = both.filter(|(spec, step)| fits(spec, step)).collect();
    if reverse {
        steps.reverse();
    }
    let next = from.saturating_add(size);
    let token = (next < steps.len()).then(|| paging::seal(&scope, &next.to_string()));
    let shown = steps.into_iter().skip(from).take(size).map(|(spec, step)| describe_step(spec, step));
    Ok(object().with("StepExecutions", list(shown)).with("NextToken", token).into())
}

//! Amazon CloudWatch: metrics and alarms.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html>

mod alarms;
mod describe;
mod expression;
mod history;
mod list_metrics;
mod metric_data;
mod query;
mod search;

use super::call::Call;
use super::wire::{ApiError, Input, Value, object};

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "ListMetrics" => list_metrics::list_metrics(call, input),
        "GetMetricData" => metric_data::get_metric_data(call, input),
        "DescribeAlarms" => alarms::describe_alarms(call, input),
        "DescribeAlarmsForMetric" => alarms::describe_alarms_for_metric(call, input),
        "DescribeAlarmHistory" => history::describe_alarm_history(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 5] =
    ["ListMetrics", "GetMetricData", "DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory"];

/// A value that breaks a constraint of the API.
fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message).or_code("ValidationError")
}

fn invalid_value(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValueException", message).or_code("InvalidParameterValue")
}

fn missing_parameter(name: &str) -> ApiError {
    ApiError::new("MissingRequiredParameterException", format!("The parameter {name} is required."))
        .or_code("MissingParameter")
}

fn invalid_token() -> ApiError {
    ApiError::new("InvalidNextToken", "Request parameter NextToken is not valid.")
}

/// A page's size from `MaxRecords`, a hundred at most.
fn max_records(input: Input<'_>) -> Result<usize, ApiError> {
    input.page_size("MaxRecords", 100, 100)
}

/// Reads dimensions, each with a name and a value.
fn dimensions(input: Input<'_>) -> Result<Vec<(String, String)>, ApiError> {
    input
        .structures("Dimensions")?
        .into_iter()
        .map(|one| {
            let name = one.text("Name")?.ok_or_else(|| missing_parameter("Dimensions.member.Name"))?;
            let value = one.text("Value")?.ok_or_else(|| missing_parameter("Dimensions.member.Value"))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Writes dimensions.
fn write_dimensions(dimensions: &[(String, String)]) -> Vec<Value> {
    dimensions.iter().map(|(name, value)| object().with("Name", name).with("Value", value).into()).collect()
}

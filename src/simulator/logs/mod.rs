//! Amazon CloudWatch Logs: groups, streams, and their lines.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html>

mod events;
mod groups;
mod pattern;
mod put;
mod streams;
mod tail;

use super::call::Call;
use super::wire::{ApiError, Input, Value};
use super::world::LogGroup;
pub use tail::{LIVE_TAIL, Sent, Tail};

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "DescribeLogGroups" => groups::describe_log_groups(call, input),
        "DescribeLogStreams" => streams::describe_log_streams(call, input),
        "FilterLogEvents" => events::filter_log_events(call, input),
        "GetLogEvents" => events::get_log_events(call, input),
        "CreateLogGroup" => put::create_log_group(call, input),
        "CreateLogStream" => put::create_log_stream(call, input),
        "PutLogEvents" => put::put_log_events(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 8] = [
    "DescribeLogGroups",
    "DescribeLogStreams",
    "FilterLogEvents",
    "GetLogEvents",
    "CreateLogGroup",
    "CreateLogStream",
    "PutLogEvents",
    LIVE_TAIL,
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn invalid_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

fn no_group() -> ApiError {
    ApiError::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> ApiError {
    ApiError::new("ResourceNotFoundException", "The specified log stream does not exist.")
}

/// Finds the group that a call names, by its name or by its ARN.
fn group<'a>(call: &Call<'a>, input: Input<'a>) -> Result<LogGroup<'a>, ApiError> {
    let named = match (input.text("logGroupName")?, input.text("logGroupIdentifier")?) {
        (Some(name), None) | (None, Some(name)) => name,
        (Some(_), Some(_)) => {
            return Err(invalid("Only one of logGroupName or logGroupIdentifier can be specified."));
        }
        (None, None) => return Err(invalid("One of logGroupName or logGroupIdentifier must be specified.")),
    };
    by_name(call, named)
}

fn by_name<'a>(call: &Call<'a>, named: &'a str) -> Result<LogGroup<'a>, ApiError> {
    let prefix = arn(call, "");
    let name = named.strip_prefix(prefix.as_str()).unwrap_or(named);
    let name = name.strip_suffix(":*").unwrap_or(name);
    call.here().and_then(|region| LogGroup::find(region, name)).ok_or_else(no_group)
}

/// The ARN of a group of the caller's.
fn arn(call: &Call<'_>, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", call.region, call.principal.account)
}

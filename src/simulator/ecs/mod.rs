//! Amazon ECS, as far as a console reads it and documents change it.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html>

mod change;
mod clusters;
mod deployments;
mod execute;
mod names;
mod services;
mod task_definitions;
mod tasks;

pub use execute::exec_target;

use super::call::Call;
use super::paging;
use super::wire::{ApiError, Input, Value};

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "ListClusters" => clusters::list_clusters(call, input),
        "DescribeClusters" => clusters::describe_clusters(call, input),
        "ListServices" => services::list_services(call, input),
        "DescribeServices" => services::describe_services(call, input),
        "ListTasks" => tasks::list_tasks(call, input),
        "DescribeTasks" => tasks::describe_tasks(call, input),
        "DescribeTaskDefinition" => task_definitions::describe_task_definition(call, input),
        "ListServiceDeployments" => deployments::list_service_deployments(call, input),
        "DescribeServiceDeployments" => deployments::describe_service_deployments(call, input),
        "DescribeServiceRevisions" => deployments::describe_service_revisions(call, input),
        "UpdateService" => change::update_service(call, input),
        "StopTask" => change::stop_task(call, input),
        "StopServiceDeployment" => change::stop_service_deployment(call, input),
        "ExecuteCommand" => execute::execute_command(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 14] = [
    "ListClusters",
    "DescribeClusters",
    "ListServices",
    "DescribeServices",
    "ListTasks",
    "DescribeTasks",
    "DescribeTaskDefinition",
    "ListServiceDeployments",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
    "UpdateService",
    "StopTask",
    "StopServiceDeployment",
    "ExecuteCommand",
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// Cuts a page of at most 100 out of a listing; ECS shows 100 unless told otherwise, and services 10.
fn page(
    call: &Call<'_>,
    operation: &str,
    input: Input<'_>,
    usual: usize,
    items: Vec<String>,
) -> Result<(Vec<String>, Option<String>), ApiError> {
    let size = match input.integer("maxResults")? {
        None => usual,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=100).contains(size))
            .ok_or_else(|| invalid("maxResults must be between 1 and 100, inclusive."))?,
    };
    let after = match input.text("nextToken")? {
        None => None,
        Some(token) => Some(paging::open(&call.scope(operation), token).ok_or_else(|| invalid("Invalid token"))?),
    };
    Ok(paging::cut(&call.scope(operation), items, after.as_deref(), size))
}

/// What was asked for and is not there.
fn missing(arn: String) -> Value {
    super::wire::object().with("arn", arn).with("reason", "MISSING").into()
}

//! AWS Security Hub: its findings, their history, and where they are gathered.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Operations.html>

mod asff;
mod filter;
mod findings;
mod history;
mod hub;
mod order;
mod update;

use super::call::Call;
use super::wire::{ApiError, Input, Value};
use super::world::Findings;

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "DescribeHub" => hub::describe_hub(call, input),
        "ListFindingAggregators" => hub::list_finding_aggregators(call, input),
        "GetFindingAggregator" => hub::get_finding_aggregator(call, input),
        "GetFindings" => findings::get_findings(call, input),
        "BatchUpdateFindings" => update::batch_update_findings(call, input),
        "GetFindingHistory" => history::get_finding_history(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 6] = [
    "DescribeHub",
    "ListFindingAggregators",
    "GetFindingAggregator",
    "GetFindings",
    "GetFindingHistory",
    "BatchUpdateFindings",
];

/// A parameter is wrong.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidInputException", message)
}

/// What Security Hub holds of the caller's account, where that is subscribed to it.
fn subscribed<'a>(call: &Call<'a>) -> Result<&'a Findings, ApiError> {
    let id = &call.principal.account;
    let held = call.world.accounts.get(id).map(|account| &account.findings);
    held.filter(|held| held.hub.on).ok_or_else(|| {
        let message = format!("Account {id} is not subscribed to AWS Security Hub");
        ApiError::new("InvalidAccessException", message).with_status(401)
    })
}

/// A page's size from `MaxResults`, a hundred at most.
fn max_results(input: Input<'_>) -> Result<usize, ApiError> {
    match input.integer("MaxResults")? {
        None => Ok(100),
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=100).contains(size))
            .ok_or_else(|| invalid("Invalid parameter 'MaxResults'. MaxResults must be between 1 and 100.")),
    }
}

fn invalid_token() -> ApiError {
    invalid("Invalid parameter 'NextToken'. The token is not one of this request.")
}

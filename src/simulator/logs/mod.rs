//! Placeholder until the operations stand.
use super::call::Call;
use super::wire::{ApiError, Input, Value};
/// Answers an operation.
pub fn answer(_: &Call<'_>, operation: &str, _: Input<'_>) -> Result<Value, ApiError> {
    Err(ApiError::unknown_operation(operation))
}
/// The operations that there are.
pub const OPERATIONS: [&str; 0] = [];

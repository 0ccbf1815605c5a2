//! Errors as AWS says them, each protocol in its own words.

/// An error answer.
///
/// The same refusal has two names: the shape's (`InvalidParameterValueException`), which JSON and CBOR carry, and the
/// older code (`InvalidParameterValue`), which XML carries and JSON and CBOR repeat in `x-amzn-query-error` for
/// services that once spoke Query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The error's shape.
    pub shape: &'static str,
    /// The error's code in the Query protocol.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What AWS says about it.
    pub message: String,
}

impl ApiError {
    /// Makes a client error (400) whose shape and code are the same word.
    pub fn new(shape: &'static str, message: impl Into<String>) -> Self {
        Self { shape, code: shape, status: 400, message: message.into() }
    }

    /// Gives it another word in the Query protocol.
    #[must_use]
    pub fn or_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The operation is not one that the account knows.
    pub fn unknown_operation(operation: &str) -> Self {
        let message =
            if operation.is_empty() { String::new() } else { format!("Operation {operation} is not supported.") };
        Self::new("UnknownOperationException", message).or_code("InvalidAction")
    }

    /// The body was not what the protocol says it is.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message).or_code("MalformedInput")
    }

    /// The service itself is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { status: 500, ..Self::new("InternalFailure", message) }
    }

    /// Too many calls.
    pub fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded").or_code("Throttling")
    }

    /// The credentials have expired.
    pub fn expired() -> Self {
        Self::new("ExpiredTokenException", "The security token included in the request is expired")
            .or_code("ExpiredToken")
    }

    /// The identity may not do this, in the words of IAM.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn denied(principal: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: {principal} is not authorized to perform: {action} on resource: {resource} because no identity-based \
             policy allows the {action} action"
        );
        Self::new("AccessDeniedException", message).or_code("AccessDenied")
    }
}

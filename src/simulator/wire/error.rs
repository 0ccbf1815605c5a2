//! Errors as AWS says them, each protocol in its own words.

use super::value::{Value, object};

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
    /// What the error's shape holds besides, and the name it gives its message.
    details: Vec<(&'static str, String)>,
    message_name: Option<&'static str>,
}

impl ApiError {
    /// Makes a client error (400) whose shape and code are the same word.
    pub fn new(shape: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { shape, code: shape, status: 400, message, details: Vec::new(), message_name: None }
    }

    /// Gives it another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a member that the error's shape has.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// Gives the message the name that it has in the error's shape, where that is not the protocol's usual one.
    #[must_use]
    pub fn message_as(mut self, name: &'static str) -> Self {
        self.message_name = Some(name);
        self
    }

    /// Writes it as a structure.
    pub(super) fn body(&self, kind: String, message_name: &'static str) -> Value {
        let message_name = self.message_name.unwrap_or(message_name);
        let body = object().with("__type", kind).with(message_name, self.message.clone());
        self.details.iter().fold(body, |body, (name, value)| body.with(name, value.clone())).into()
    }

    /// Gives it another word in the Query protocol.
    #[must_use]
    pub fn or_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// A member's value breaks a constraint of the model, in the words of AWS's front ends.
    pub fn constraint(value: &str, member: &str, rule: &str) -> Self {
        let mut member = member.to_owned();
        member.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
        let message =
            format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}");
        Self::new("ValidationException", message).or_code("ValidationError")
    }

    /// A member is needed and was not given, in the words of AWS's front ends.
    pub fn absent(member: &str) -> Self {
        let mut member = member.to_owned();
        member.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
        let message = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        );
        Self::new("ValidationException", message).or_code("ValidationError")
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
        Self::new("InternalFailure", message).with_status(500)
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

    /// A policy says that the identity may not do this, in the words of IAM.
    pub fn forbidden(principal: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: {principal} is not authorized to perform: {action} on resource: {resource} with an explicit deny in an \
             identity-based policy"
        );
        Self::new("AccessDeniedException", message).or_code("AccessDenied")
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

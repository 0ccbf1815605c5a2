//! What went wrong, in terms that a person can act on.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use jiff::Timestamp;

use crate::domain::fetch::{Failure, FailureKind};

use super::{http::Blocked, words};

/// Says what was being called when a call failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// The IAM action.
    pub(super) action: &'a str,
    /// The host that was called; empty before there was one.
    pub(super) host: &'a str,
    /// When.
    pub(super) at: Timestamp,
}

impl Attempt<'_> {
    /// Makes a failure of this attempt.
    pub(super) fn failed(&self, kind: FailureKind, detail: &str) -> Failure {
        Failure {
            kind,
            action: self.action.to_owned(),
            detail: words::message(Some(detail)),
            request_id: None,
            at: self.at,
        }
    }
}

/// Puts an error of the SDK in our terms.
///
/// The detail holds AWS's message, or the chain of causes in their own words; never a request, a response or a header,
/// which could carry a signature or a token.
pub(super) fn classify<E>(error: &SdkError<E, HttpResponse>, attempt: Attempt<'_>) -> Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (kind, detail) = match error {
        SdkError::TimeoutError(_) => (FailureKind::TimedOut, String::new()),
        SdkError::DispatchFailure(dispatch) if dispatch.is_user() => match blocked(error) {
            Some(host) => (FailureKind::Unreachable { host }, chain(error)),
            None => (FailureKind::Invalid, chain(error)),
        },
        SdkError::DispatchFailure(_) => (unreachable_host(attempt), chain(error)),
        SdkError::ResponseError(_) => (of_response(error, status, attempt), chain(error)),
        SdkError::ServiceError(service) => {
            let message = service.err().message().unwrap_or_default();
            let kind = match service.err().code() {
                Some(code) => of_code(code, message, status, attempt.action),
                None => of_response(error, status, attempt),
            };
            let detail = if message.is_empty() { chain(service.err()) } else { message.to_owned() };
            (kind, detail)
        }
        _ => (FailureKind::Invalid, chain(error)),
    };
    let request_id = error.request_id().map(|id| words::name(Some(id)));
    Failure { request_id, ..attempt.failed(kind, &detail) }
}

/// Tells whether the same call may well succeed a moment later.
pub(super) fn is_worth_repeating<E>(error: &SdkError<E, HttpResponse>, failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Throttled | FailureKind::ServiceFault => true,
        // Three seconds were spent already on a host that does not answer at all.
        FailureKind::Unreachable { .. } => {
            !matches!(error, SdkError::DispatchFailure(dispatch) if dispatch.is_timeout() || dispatch.is_user())
        }
        _ => false,
    }
}

/// Judges an error that AWS gave a code to.
///
/// Sources: "Common errors" and the errors of each call in the API references; the codes that say "slow down" are those
/// that the SDKs retry ("Retry behavior", AWS SDKs and Tools Reference Guide).
fn of_code(code: &str, message: &str, status: Option<u16>, action: &str) -> FailureKind {
    // A code may come with a namespace before it (`com.amazon.coral.service#…`) or an address behind it.
    let code = code.rsplit('#').next().unwrap_or(code);
    let code = code.split(':').next().unwrap_or(code);
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" | "NotAuthorized" => {
            FailureKind::Denied { missing_action: missing_action(message).unwrap_or(action).to_owned() }
        }
        "OptInRequired"
        | "SubscriptionRequiredException"
        | "NotSignedUp"
        | "UnknownOperation"
        | "UnknownOperationException"
        | "InvalidAction"
        | "UnsupportedOperation"
        | "UnsupportedFeatureException" => FailureKind::NotSubscribed,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "UnauthorizedException" => {
            FailureKind::Expired
        }
        "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "RequestTimeTooSkewed"
        | "RequestInTheFuture"
        | "RequestExpired" => FailureKind::Refused,
        _ if is_throttling(code) || status == Some(429) => FailureKind::Throttled,
        "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "InternalServiceFault"
        | "InternalException"
        | "WAFInternalErrorException" => FailureKind::ServiceFault,
        _ if status.is_some_and(|status| status >= 500) => FailureKind::ServiceFault,
        // Security Hub says with one code that it is off and that somebody may not: only the words tell.
        "InvalidAccessException" if message.contains("not subscribed") || message.contains("not enabled") => {
            FailureKind::NotEnabled
        }
        "InvalidAccessException" => {
            FailureKind::Denied { missing_action: missing_action(message).unwrap_or(action).to_owned() }
        }
        _ if ["NotFound", "Nonexistent", "DoesNotExist", "NoSuchEntity"].iter().any(|sign| code.contains(sign)) => {
            FailureKind::NotFound
        }
        _ => FailureKind::Invalid,
    }
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "PriorRequestNotComplete"
            | "SlowDown"
    )
}

/// Judges an answer that carries no code: a proxy's page, half a body, garbage.
fn of_response<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>, attempt: Attempt<'_>) -> FailureKind
where
    E: Error + Send + Sync + 'static,
{
    match status {
        Some(500..) => FailureKind::ServiceFault,
        Some(429) => FailureKind::Throttled,
        // The endpoint does not know the operation's path: an imitation of AWS, or a Region without the service.
        Some(404 | 405) => FailureKind::NotSubscribed,
        _ if broke_off(error) => unreachable_host(attempt),
        _ => FailureKind::Malformed,
    }
}

/// Tells whether the connection broke while the answer was read.
fn broke_off<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: Error + Send + Sync + 'static,
{
    causes(error).any(|cause| {
        if cause.is::<std::io::Error>() {
            return true;
        }
        let text = cause.to_string();
        ["connection", "Content-Length", "end of file", "throughput"].iter().any(|sign| text.contains(sign))
    })
}

fn unreachable_host(attempt: Attempt<'_>) -> FailureKind {
    FailureKind::Unreachable { host: attempt.host.to_owned() }
}

/// Returns the host that was called although the endpoint that was given forbids it.
pub(super) fn blocked(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|cause| cause.downcast_ref::<Blocked>().map(|blocked| blocked.host.clone()))
}

/// Finds the action in AWS's message `… is not authorized to perform: ecs:ListServices on resource: …`.
///
/// Source: "Troubleshoot access denied error messages" (IAM User Guide).
pub(super) fn missing_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split([' ', ',']).next()?.trim_end_matches('.');
    let (service, name) = action.split_once(':')?;
    let is_word = |word: &str, also: &[char]| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(&c))
    };
    (is_word(service, &['-']) && is_word(name, &['*']) && action.len() <= 128).then_some(action)
}

/// Finds whom AWS's message of that kind is about.
pub(super) fn denied_to(message: &str) -> Option<&str> {
    let (before, _) = message.split_once("not authorized to perform: ")?;
    before.rsplit_once("User: ")?.1.split_whitespace().next()
}

/// Goes through an error and its causes.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // A chain of causes has no stated end; nobody reads more than these.
    std::iter::successors(Some(error), |error| (*error).source()).take(16)
}

/// Joins the words of an error and its causes, each once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !text.is_empty() && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::{client::result::ConnectorError, http::StatusCode};
    use aws_smithy_types::{body::SdkBody, error::metadata::ErrorMetadata};
    use rstest::rstest;

    use super::*;

    type Refusal = aws_sdk_ecs::operation::list_services::ListServicesError;

    const ATTEMPT: Attempt<'static> =
        Attempt { action: "ecs:ListServices", host: "ecs.example", at: Timestamp::UNIX_EPOCH };

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("{}"))
    }

    fn refusal(status: u16, code: Option<&str>, message: &str) -> SdkError<Refusal, HttpResponse> {
        let mut meta = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            meta = meta.code(code);
        }
        SdkError::service_error(Refusal::generic(meta.build()), response(status))
    }

    #[rstest]
    #[case(400, "ThrottlingException", "throttled")]
    #[case(400, "Throttling", "throttled")]
    #[case(503, "SlowDown", "throttled")]
    #[case(400, "AccessDeniedException", "denied")]
    #[case(403, "AccessDenied", "denied")]
    #[case(403, "com.amazon.coral.service#AccessDeniedException", "denied")]
    #[case(400, "ExpiredTokenException", "expired")]
    #[case(403, "ExpiredToken", "expired")]
    #[case(403, "SignatureDoesNotMatch", "refused")]
    #[case(400, "UnrecognizedClientException", "refused")]
    #[case(403, "InvalidClientTokenId", "refused")]
    #[case(403, "RequestExpired", "refused")]
    #[case(400, "UnknownOperationException", "not-subscribed")]
    #[case(403, "OptInRequired", "not-subscribed")]
    #[case(400, "ClusterNotFoundException", "not-found")]
    #[case(400, "InvalidParameterException", "invalid")]
    #[case(500, "ServerException", "service-fault")]
    #[case(400, "ServerException", "service-fault")]
    #[case(502, "SomethingNew", "service-fault")]
    #[case(400, "SomethingNew", "invalid")]
    #[case(400, "WAFNonexistentItemException", "not-found")]
    #[case(500, "WAFInternalErrorException", "service-fault")]
    #[case(400, "TargetGroupNotFound", "not-found")]
    #[case(400, "DoesNotExistException", "not-found")]
    #[case(403, "SubscriptionRequiredException", "not-subscribed")]
    #[case(400, "InvalidInputException", "invalid")]
    #[case(429, "LimitExceededException", "throttled")]
    fn codes_are_judged(#[case] status: u16, #[case] code: &str, #[case] kind: &str) {
        let failure = classify(&refusal(status, Some(code), ""), ATTEMPT);
        assert_eq!(failure.kind.name(), kind);
    }

    #[rstest]
    #[case("Account 111122223333 is not subscribed to AWS Security Hub", "not-enabled")]
    #[case("The account is not an administrator", "denied")]
    #[case("", "denied")]
    fn security_hub_says_in_words_that_it_is_off(#[case] message: &str, #[case] kind: &str) {
        let failure = classify(&refusal(401, Some("InvalidAccessException"), message), ATTEMPT);
        assert_eq!(failure.kind.name(), kind);
    }

    #[rstest]
    #[case(503, "service-fault")]
    #[case(429, "throttled")]
    #[case(404, "not-subscribed")]
    #[case(403, "malformed")]
    #[case(407, "malformed")]
    #[case(200, "malformed")]
    #[case(302, "malformed")]
    fn an_answer_without_a_code_is_judged_by_its_status(#[case] status: u16, #[case] kind: &str) {
        assert_eq!(classify(&refusal(status, None, ""), ATTEMPT).kind.name(), kind);
        let garbage: SdkError<Refusal, HttpResponse> = SdkError::response_error("unexpected token", response(status));
        assert_eq!(classify(&garbage, ATTEMPT).kind.name(), kind);
    }

    #[test]
    fn half_an_answer_is_a_broken_connection() {
        let cut: SdkError<Refusal, HttpResponse> =
            SdkError::response_error("error reading a body from connection", response(200));
        let failure = classify(&cut, ATTEMPT);
        assert_eq!(failure.kind, FailureKind::Unreachable { host: "ecs.example".to_owned() });
        assert!(is_worth_repeating(&cut, &failure));
    }

    #[test]
    fn a_silent_host_is_not_asked_again_and_a_broken_pipe_is() {
        let silent: SdkError<Refusal, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::timeout("late".into()));
        let failure = classify(&silent, ATTEMPT);
        assert_eq!(failure.kind.name(), "unreachable");
        assert!(!is_worth_repeating(&silent, &failure));
        let broken: SdkError<Refusal, HttpResponse> = SdkError::dispatch_failure(ConnectorError::io("pipe".into()));
        let failure = classify(&broken, ATTEMPT);
        assert_eq!(failure.detail, "dispatch failure: io error: pipe");
        assert!(is_worth_repeating(&broken, &failure));
    }

    #[test]
    fn no_answer_in_time_is_told_and_not_repeated() {
        let late: SdkError<Refusal, HttpResponse> = SdkError::timeout_error("15 s");
        let failure = classify(&late, ATTEMPT);
        assert_eq!(failure.kind, FailureKind::TimedOut);
        assert!(!is_worth_repeating(&late, &failure));
    }

    #[rstest]
    #[case(
        "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: ecs:DescribeTasks on resource: * because no identity-based policy allows the ecs:DescribeTasks action",
        "ecs:DescribeTasks"
    )]
    #[case("User: x is not authorized to perform: kms:Decrypt with an explicit deny", "kms:Decrypt")]
    #[case("User: x is not authorized to perform: sso-directory:SearchUsers.", "sso-directory:SearchUsers")]
    #[case("User: x is not authorized to perform: \u{1b}[31m on resource: *", "ecs:ListServices")]
    #[case("User: x is not authorized to perform: ", "ecs:ListServices")]
    #[case("権限がありません", "ecs:ListServices")]
    fn the_missing_action_is_awss_or_the_one_called(#[case] message: &str, #[case] action: &str) {
        let failure = classify(&refusal(400, Some("AccessDeniedException"), message), ATTEMPT);
        assert_eq!(failure.kind, FailureKind::Denied { missing_action: action.to_owned() });
        assert!(!failure.detail.contains('\u{1b}'));
    }
}

//! Where credentials come from, and why they may not.

use aws_config::{profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig, sts::AssumeRoleProvider};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_types::SdkConfig;

use crate::{
    config::CredentialSource,
    domain::fetch::{Failure, FailureKind},
};

use super::error::{self, Attempt};

/// Names the profile that a source of credentials starts from; none means the one in use, as the AWS CLI has it.
pub(super) fn profile_of(source: &CredentialSource) -> Option<&str> {
    match source {
        CredentialSource::Profile(name) => Some(name),
        CredentialSource::AssumeRole { source, .. } => profile_of(source),
        CredentialSource::Current | CredentialSource::Static { .. } => None,
    }
}

/// Returns the files that profiles are read from, with an endpoint laid over the profile that is used.
///
/// The SDK's credential providers learn an endpoint from the profile only. A `services` section of the profile's own
/// would win over it and is covered up; what the environment says still wins, and [`super::http`] then blocks it.
pub(super) fn profile_files(profile: Option<&str>, endpoint_url: Option<&str>) -> EnvConfigFiles {
    let files = EnvConfigFiles::builder().include_default_config_file(true).include_default_credentials_file(true);
    let in_use =
        profile.map_or_else(|| std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned()), str::to_owned);
    let fits_a_line = |text: &str| !text.contains(char::is_control);
    match endpoint_url {
        // An address of IPv6 has brackets; in a section's name one would end it.
        Some(url) if fits_a_line(url) && fits_a_line(&in_use) && !in_use.contains(']') => {
            let section = if in_use == "default" { in_use } else { format!("profile {in_use}") };
            let layer = format!("[{section}]\nendpoint_url = {url}\nservices = sekisho-endpoint\n");
            files.with_contents(EnvConfigFileKind::Config, layer).build()
        }
        _ => files.build(),
    }
}

/// Finds the credentials of a source, once.
///
/// They are not renewed behind our back: a connection is verified for the credentials that it has, and ends with them.
///
/// # Errors
/// A [`Failure`] about credentials, or about the call that should have brought them.
pub(super) async fn resolve(
    source: &CredentialSource,
    config: &SdkConfig,
    files: EnvConfigFiles,
    attempt: Attempt<'_>,
) -> Result<Credentials, Failure> {
    of_source(source, config, files).await.map_err(|error| judge(&error, attempt))
}

async fn of_source(
    source: &CredentialSource,
    config: &SdkConfig,
    files: EnvConfigFiles,
) -> Result<Credentials, CredentialsError> {
    match source {
        CredentialSource::Static { access_key_id, secret, token, expires } => Ok(Credentials::new(
            access_key_id.clone(),
            secret.clone(),
            token.clone(),
            expires.map(Into::into),
            "sekisho",
        )),
        CredentialSource::Current => of_chain(config).await,
        CredentialSource::Profile(name) => of_profile(name, config, files).await,
        CredentialSource::AssumeRole { role_arn, source } => {
            let base = Box::pin(of_source(source, config, files)).await?;
            assume(role_arn, base, config).await
        }
    }
}

/// Follows the SDK's chain: environment, profile, web identity, container, machine.
async fn of_chain(config: &SdkConfig) -> Result<Credentials, CredentialsError> {
    match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await,
        None => Err(CredentialsError::not_loaded_no_source()),
    }
}

/// Takes the credentials of a named profile.
///
/// Not the chain: there keys in the environment win over the profile that was asked for by name, which would be
/// somebody else's account. The AWS CLI takes the profile, too.
async fn of_profile(name: &str, config: &SdkConfig, files: EnvConfigFiles) -> Result<Credentials, CredentialsError> {
    let mut provider = ProviderConfig::without_region().with_region(config.region().cloned());
    if let Some(http) = config.http_client() {
        provider = provider.with_http_client(http);
    }
    if let Some(retries) = config.retry_config() {
        provider = provider.with_retry_config(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        provider = provider.with_timeout_config(timeouts.clone());
    }
    ProfileFileCredentialsProvider::builder()
        .configure(&provider)
        .profile_files(files)
        .profile_name(name)
        .build()
        .provide_credentials()
        .await
}

/// Takes a role with the credentials at hand.
async fn assume(role_arn: &str, base: Credentials, config: &SdkConfig) -> Result<Credentials, CredentialsError> {
    let config = config.to_builder().credentials_provider(SharedCredentialsProvider::new(base)).build();
    AssumeRoleProvider::builder(role_arn)
        .configure(&config)
        .session_name(session_name(std::env::var("USER").ok().as_deref()))
        .build()
        .await
        .provide_credentials()
        .await
}

/// Names a role's session after the user of this machine, so that CloudTrail shows more than the role.
///
/// Source: `AssumeRole`, `RoleSessionName`: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`.
fn session_name(user: Option<&str>) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    let user: String = user.unwrap_or_default().chars().filter(allowed).take(55).collect();
    if user.is_empty() { "sekisho".to_owned() } else { format!("sekisho-{user}") }
}

/// Puts an error of a credential provider in our terms.
fn judge(error: &CredentialsError, attempt: Attempt<'_>) -> Failure {
    type OfRole = SdkError<aws_sdk_sts::operation::assume_role::AssumeRoleError, HttpResponse>;
    type OfWebIdentity =
        SdkError<aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError, HttpResponse>;

    let words = error::chain(error);
    if let Some(host) = error::blocked(error) {
        return attempt.failed(FailureKind::Unreachable { host }, &words);
    }
    for cause in error::causes(error) {
        if let Some(refusal) = cause.downcast_ref::<OfRole>() {
            let action = "sts:AssumeRole";
            return error::classify(refusal, Attempt { action, ..attempt });
        }
        if let Some(refusal) = cause.downcast_ref::<OfWebIdentity>() {
            let action = "sts:AssumeRoleWithWebIdentity";
            return error::classify(refusal, Attempt { action, ..attempt });
        }
    }
    attempt.failed(kind_of(error, &words), &words)
}

/// Judges by the kind of the error and, as the SDK keeps the rest to itself, by its words.
fn kind_of(error: &CredentialsError, words: &str) -> FailureKind {
    const ENDED: [&str; 6] = [
        "expired",
        "cached SSO token",
        "UnauthorizedException",
        "Session token not found or invalid",
        "session has ended",
        "login session",
    ];
    match error {
        CredentialsError::ProviderTimedOut(_) => FailureKind::TimedOut,
        _ if ENDED.iter().any(|sign| words.contains(sign)) => FailureKind::Expired,
        CredentialsError::ProviderError(_) if words.contains("dispatch failure") => {
            FailureKind::Unreachable { host: String::new() }
        }
        _ => FailureKind::NoCredentials,
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::error::ErrorMetadata;
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;

    const ATTEMPT: Attempt<'static> = Attempt { action: "", host: "sts.example", at: Timestamp::UNIX_EPOCH };

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str);

    #[rstest]
    #[case("the SSO token has expired and cannot be refreshed", "expired")]
    #[case("failed to load the cached SSO token", "expired")]
    #[case("service error: UnauthorizedException: Session token not found or invalid", "expired")]
    #[case("dispatch failure: io error", "unreachable")]
    #[case("external process exited with code 1", "no-credentials")]
    fn providers_are_judged_by_their_words(#[case] words: &'static str, #[case] kind: &str) {
        let error = CredentialsError::provider_error(Said(words));
        let failure = judge(&error, ATTEMPT);
        assert_eq!(failure.kind.name(), kind);
        assert!(failure.detail.contains(words), "{}", failure.detail);
    }

    #[test]
    fn what_is_not_there_is_no_credentials() {
        for error in [
            CredentialsError::not_loaded_no_source(),
            CredentialsError::invalid_configuration(Said("profile formed an infinite loop")),
        ] {
            assert_eq!(judge(&error, ATTEMPT).kind, FailureKind::NoCredentials);
        }
    }

    #[test]
    fn a_role_that_may_not_be_taken_names_the_action() {
        let refusal = aws_sdk_sts::operation::assume_role::AssumeRoleError::generic(
            ErrorMetadata::builder()
                .code("AccessDenied")
                .message("User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/r")
                .build(),
        );
        let response = HttpResponse::new(403.try_into().unwrap(), "".into());
        let error = CredentialsError::provider_error(SdkError::service_error(refusal, response));
        let failure = judge(&error, ATTEMPT);
        assert_eq!(failure.action, "sts:AssumeRole");
        assert_eq!(failure.kind.name(), "denied");
    }

    #[test]
    fn an_unreachable_sts_is_told_with_its_host() {
        type OfRole = SdkError<aws_sdk_sts::operation::assume_role::AssumeRoleError, HttpResponse>;
        let refusal: OfRole = SdkError::dispatch_failure(ConnectorError::io("refused".into()));
        let failure = judge(&CredentialsError::provider_error(refusal), ATTEMPT);
        assert_eq!(failure.kind, FailureKind::Unreachable { host: "sts.example".to_owned() });
    }

    #[rstest]
    #[case(Some("alice"), "sekisho-alice")]
    #[case(Some("山田"), "sekisho")]
    #[case(Some("DOMAIN\\bob smith"), "sekisho-DOMAINbobsmith")]
    #[case(None, "sekisho")]
    fn sessions_are_named_as_sts_allows(#[case] user: Option<&str>, #[case] name: &str) {
        assert_eq!(session_name(user), name);
        assert!(session_name(Some(&"x".repeat(1_000))).len() <= 64);
    }
}

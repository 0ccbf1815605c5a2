//! STS: who we are.

use crate::domain::{
    fetch::{Failure, FailureKind},
    identity::Identity,
};

use super::{action::Action, call::Caller, error::Attempt, words};

/// Asks who the credentials belong to.
///
/// # Errors
/// A [`Failure`]; [`FailureKind::Malformed`] where the answer names nobody.
pub(super) async fn caller_identity(caller: &Caller, client: &aws_sdk_sts::Client) -> Result<Identity, Failure> {
    let answer = caller.call(Action::GetCallerIdentity, "", || client.get_caller_identity().send()).await?;
    let account = words::name(answer.account.as_deref());
    let arn = words::name(answer.arn.as_deref());
    let user_id = words::name(answer.user_id.as_deref());
    Identity::from_caller(&account, &arn, &user_id).map_err(|error| {
        let attempt = Attempt { action: Action::GetCallerIdentity.name(), host: "", at: caller.now.get() };
        attempt.failed(FailureKind::Malformed, &error.to_string())
    })
}

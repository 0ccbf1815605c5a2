//! AWS Security Token Service: who one is, and becoming someone in another account.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>

use jiff::{SignedDuration, Timestamp};

use super::auth::{Principal, role_of};
use super::call::Call;
use super::wire::{ApiError, Input, Value, object};

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(get_caller_identity(call)),
        "AssumeRole" => assume_role(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// The operations that there are.
pub const OPERATIONS: [&str; 2] = ["GetCallerIdentity", "AssumeRole"];

fn get_caller_identity(call: &Call<'_>) -> Value {
    let Principal { account, arn, user_id } = call.principal;
    object().with("UserId", user_id).with("Account", account).with("Arn", arn).into()
}

/// The longest session of a role that was assumed from another role.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>
const CHAINED: i64 = 3_600;

fn assume_role(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let arn = input.required("RoleArn")?;
    let session = input.required("RoleSessionName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session.chars().count()) || !session.chars().all(allowed) {
        return Err(ApiError::constraint(
            session,
            "roleSessionName",
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        ));
    }
    let seconds = match input.text("DurationSeconds")? {
        None => CHAINED,
        Some(text) => match text.parse::<i64>() {
            Ok(seconds) if (900..=43_200).contains(&seconds) => seconds,
            Ok(seconds) if seconds < 900 => {
                return Err(ApiError::constraint(
                    text,
                    "durationSeconds",
                    "Member must have value greater than or equal to 900",
                ));
            }
            Ok(_) => {
                return Err(ApiError::constraint(
                    text,
                    "durationSeconds",
                    "Member must have value less than or equal to 43200",
                ));
            }
            Err(_) => return Err(ApiError::serialization("DurationSeconds must be a number")),
        },
    };
    if seconds > CHAINED {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        return Err(ApiError::new("ValidationException", message).or_code("ValidationError"));
    }
    let Some((account, role)) = role_of(arn) else {
        return Err(ApiError::new("ValidationException", format!("{arn} is invalid")).or_code("ValidationError"));
    };
    if !call.world.accounts.contains_key(account) {
        let message =
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", call.principal.arn);
        return Err(ApiError::new("AccessDeniedException", message).or_code("AccessDenied"));
    }
    let principal = Principal::assumed(account, role, session);
    let user = object().with("AssumedRoleId", &principal.user_id).with("Arn", &principal.arn);
    let opened = call.vault.open_session(principal, SignedDuration::from_secs(seconds));
    let opened = opened.map_err(|error| ApiError::internal(error.to_string()))?;
    let credentials = object()
        .with("AccessKeyId", opened.access_key_id)
        .with("SecretAccessKey", opened.secret_access_key)
        .with("SessionToken", opened.session_token)
        .time("Expiration", opened.expires.map(Timestamp::as_millisecond));
    Ok(object().with("Credentials", credentials).with("AssumedRoleUser", user).with("PackedPolicySize", 0_u32).into())
}

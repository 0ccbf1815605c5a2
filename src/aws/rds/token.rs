//! Tokens for IAM database authentication.

use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

use crate::domain::fetch::{Failure, FailureKind};

use super::super::{Connection, error::Attempt, sign::Signer};

/// How long a token can be used to connect; a connection that stands outlives it.
///
/// Source: Amazon Aurora User Guide, "IAM database authentication": each token has a lifetime of 15 minutes.
pub const TOKEN_LASTS: Duration = Duration::from_mins(15);

/// The characters that AWS's signatures leave as they are (RFC 3986, section 2.3).
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Connection {
    /// Makes a token that stands in for the password of a database user.
    ///
    /// Nothing is asked of AWS: the token is a presigned address, and `rds-db:connect` is judged when it is used. It is made
    /// anew each time and kept nowhere.
    ///
    /// Source: Amazon Aurora User Guide, "Connecting to your DB cluster using IAM authentication".
    ///
    /// # Errors
    /// A [`Failure`] where host or user cannot be part of an address, or the credentials are gone.
    pub async fn auth_token(&self, host: &str, port: u16, user: &str) -> Result<SecretString, Failure> {
        let credentials = self.credentials().await?;
        let at = self.home.caller.now.get();
        let (region, service) = (self.region(), "rds-db");
        let signer = Signer { credentials: &credentials, region, service, time: SystemTime::from(at) };
        token(&signer, host, port, user)
            .map_err(|why| Attempt { action: "rds-db:connect", host, at }.failed(FailureKind::Invalid, &why))
    }
}

/// Writes the presigned address without its scheme, its parameters in the order in which AWS's own tools have them.
///
/// # Errors
/// Why the host cannot be part of an address, in words.
fn token(signer: &Signer<'_>, host: &str, port: u16, user: &str) -> Result<SecretString, String> {
    let address = format!("{host}:{port}/?Action=connect&DBUser={}", utf8_percent_encode(user, &UNRESERVED));
    let signed = signer.sign(&format!("https://{address}"), Some(TOKEN_LASTS))?;
    let (last, first): (Vec<_>, Vec<_>) = signed.params().iter().partition(|(name, _)| *name == "X-Amz-Signature");
    let mut token = address;
    for (name, value) in first.into_iter().chain(last) {
        token.push('&');
        token.push_str(name);
        token.push('=');
        token.extend(utf8_percent_encode(value, &UNRESERVED));
    }
    Ok(SecretString::from(token))
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use secrecy::ExposeSecret;

    use super::*;

    const HOST: &str = "shop-prd.cluster-abc.ap-northeast-1.rds.amazonaws.com";

    fn made(session: Option<&str>, user: &str) -> SecretString {
        let keys = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            session.map(str::to_owned),
            None,
            "test",
        );
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let signer = Signer { credentials: &keys, region: "ap-northeast-1", service: "rds-db", time };
        token(&signer, HOST, 5432, user).unwrap()
    }

    #[test]
    fn a_token_is_an_address_without_its_scheme_and_lasts_a_quarter_of_an_hour() {
        let token = made(None, "ops_ro");
        let text = token.expose_secret();
        assert!(
            text.starts_with(&format!("{HOST}:5432/?Action=connect&DBUser=ops_ro&X-Amz-Algorithm=AWS4-HMAC-SHA256&"))
        );
        assert!(text.contains("&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature="));
        assert!(text.contains("%2F20270115%2Fap-northeast-1%2Frds-db%2Faws4_request&"));
    }

    #[test]
    fn the_token_of_a_session_is_part_of_it_and_nothing_breaks_out_of_the_user() {
        let token = made(Some("a+b/c=="), "山田 & co");
        let text = token.expose_secret();
        assert!(text.contains("&X-Amz-Security-Token=a%2Bb%2Fc%3D%3D&X-Amz-Signature="));
        assert!(text.contains("DBUser=%E5%B1%B1%E7%94%B0%20%26%20co&X-Amz-Algorithm="));
    }

    #[test]
    fn nobody_sees_a_token_by_accident() {
        assert!(!format!("{:?}", made(None, "ops_ro")).contains("X-Amz"));
    }

    #[test]
    fn a_host_that_cannot_be_one_is_an_error() {
        let keys = Credentials::new("AKIAIOSFODNN7EXAMPLE", "x", None, None, "test");
        let (region, service, time) = ("ap-northeast-1", "rds-db", SystemTime::UNIX_EPOCH);
        let signer = Signer { credentials: &keys, region, service, time };
        for host in ["shop prd", "", "[::1"] {
            assert!(token(&signer, host, 5432, "x").is_err(), "{host}");
        }
    }
}

//! The signature of a data channel's upgrade request.

use std::time::SystemTime;

use crate::domain::fetch::{Failure, FailureKind};

use super::super::{Connection, error::Attempt, sign::Signer};

/// What IAM calls it.
pub(super) const ACTION: &str = "ssmmessages:OpenDataChannel";

/// Signs the upgrade request of a channel and returns the headers to add; none where its address is signed already.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Message Gateway Service".
///
/// # Errors
/// A [`Failure`] where the address cannot be signed, or there are no credentials.
pub(super) async fn headers(connection: &Connection, stream_url: &str) -> Result<Vec<(String, String)>, Failure> {
    if is_signed(stream_url) {
        return Ok(Vec::new());
    }
    let at = connection.home.caller.now.get();
    let credentials = connection.credentials().await?;
    let (region, service) = (connection.region(), "ssmmessages");
    let signer = Signer { credentials: &credentials, region, service, time: SystemTime::from(at) };
    let signed = as_http(stream_url).ok_or_else(String::new).and_then(|url| signer.sign(&url, None));
    let signed = signed.map_err(|why| Attempt { action: ACTION, host: "", at }.failed(FailureKind::Malformed, &why))?;
    Ok(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Tells whether an address carries a signature of its own.
fn is_signed(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("x-amz-")))
}

/// Writes the address of a web socket as that of the request that opens it.
fn as_http(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    match scheme {
        "wss" => Some(format!("https://{rest}")),
        "ws" => Some(format!("http://{rest}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("wss://x/v1/data-channel/1?role=publish_subscribe&cell-number=AA", false)]
    #[case("wss://x/v1/data-channel/1?role=publish_subscribe&X-Amz-Signature=ab", true)]
    #[case("wss://x/v1/data-channel/1?x-amz-algorithm=AWS4-HMAC-SHA256", true)]
    #[case("wss://x/x-amz-1", false)]
    #[case("wss://x/?日本語=x-amz-", false)]
    fn an_address_with_a_signature_is_known(#[case] url: &str, #[case] signed: bool) {
        assert_eq!(is_signed(url), signed);
    }

    #[test]
    fn only_web_sockets_are_signed() {
        assert_eq!(as_http("wss://host/a?b").as_deref(), Some("https://host/a?b"));
        assert_eq!(as_http("ws://127.0.0.1:80/a").as_deref(), Some("http://127.0.0.1:80/a"));
        assert_eq!(as_http("file:///etc/passwd"), None);
        assert_eq!(as_http(""), None);
    }
}

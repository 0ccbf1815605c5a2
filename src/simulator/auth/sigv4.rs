//! Signature Version 4, checked from the server's side.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::simulator::wire::{ApiError, Request};

/// How far a request's date may be from the real time.
const SKEW_SECONDS: i64 = 15 * 60;

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request's `Authorization` header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Who claims to have signed.
    pub access_key_id: String,
    /// The day of the scope, `20261122`.
    pub day: String,
    /// The region of the scope.
    pub region: String,
    /// The service of the scope.
    pub service: String,
    /// The headers that were signed, in their order.
    pub headers: Vec<String>,
    /// The signature, in hexadecimal.
    pub signature: String,
    /// When it was signed, `20261122T012703Z`.
    pub date: String,
}

impl Signed {
    /// Reads the header.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        let Some(text) = request.header("authorization") else {
            return Err(ApiError::new("MissingAuthenticationTokenException", "Missing Authentication Token")
                .or_code("MissingAuthenticationToken"));
        };
        let Some(fields) = text.strip_prefix("AWS4-HMAC-SHA256") else {
            return Err(incomplete("Unsupported AWS 'algorithm': only AWS4-HMAC-SHA256 is accepted."));
        };
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
                .ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let credential = field("Credential")?;
        let scope: Vec<&str> = credential.split('/').collect();
        let [access_key_id, day, region, service, "aws4_request"] = scope[..] else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, got '{credential}'."
            )));
        };
        let Some(date) = request.header("x-amz-date") else {
            return Err(incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ));
        };
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature")?.to_owned(),
            date: date.to_owned(),
        })
    }

    /// Checks the signature against a secret, the scope against a service, and the date against the real time.
    pub fn verify(&self, request: &Request, secret: &str, service: &str, now: jiff::Timestamp) -> Result<(), ApiError> {
        if self.service != service {
            return Err(mismatch(format!("Credential should be scoped to correct service: '{service}'. ")));
        }
        if !self.date.starts_with(&self.day) {
            return Err(mismatch(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
            ));
        }
        self.verify_date(now)?;
        self.verify_headers(request)?;
        let expected = sign(secret, self, &canonical_request(request, &self.headers)?);
        if same(expected.as_bytes(), self.signature.as_bytes()) {
            Ok(())
        } else {
            Err(mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
                 Key and signing method. Consult the service documentation for details.",
            ))
        }
    }

    fn verify_date(&self, now: jiff::Timestamp) -> Result<(), ApiError> {
        let Some(signed_at) = read_date(&self.date) else {
            return Err(incomplete("Date must be in ISO-8601 'basic format'."));
        };
        let basic = |at: jiff::Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let shifted = |by: i64| basic(now.saturating_add(jiff::SignedDuration::from_secs(by)).unwrap_or(now));
        let age = now.as_second() - signed_at.as_second();
        if age > SKEW_SECONDS {
            let limit = shifted(-SKEW_SECONDS);
            return Err(mismatch(format!(
                "Signature expired: {} is now earlier than {limit} ({} - 15 min.)",
                self.date,
                basic(now)
            )));
        }
        if age < -SKEW_SECONDS {
            let limit = shifted(SKEW_SECONDS);
            return Err(mismatch(format!(
                "Signature not yet current: {} is still later than {limit} ({} + 15 min.)",
                self.date,
                basic(now)
            )));
        }
        Ok(())
    }

    /// `host` and every header that changes what a request means must be under the signature.
    fn verify_headers(&self, request: &Request) -> Result<(), ApiError> {
        let needed = ["host", "x-amz-date", "x-amz-target", "x-amz-security-token"];
        for name in needed {
            if request.headers.contains_key(name) && !self.headers.iter().any(|signed| signed == name) {
                return Err(mismatch(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
            }
        }
        Ok(())
    }
}

fn incomplete(message: impl Into<String>) -> ApiError {
    ApiError::new("IncompleteSignatureException", message).or_code("IncompleteSignature")
}

fn mismatch(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidSignatureException", message).or_code("SignatureDoesNotMatch")
}

fn read_date(text: &str) -> Option<jiff::Timestamp> {
    let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(date).ok()
}

/// Compares without telling by its time where the difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Builds the canonical request of the algorithm's first step.
fn canonical_request(request: &Request, signed: &[String]) -> Result<String, ApiError> {
    let payload = hex::encode(Sha256::digest(&request.body));
    if request.header("x-amz-content-sha256").is_some_and(|claimed| claimed != payload) {
        return Err(mismatch("The provided 'x-amz-content-sha256' header does not match what was computed."));
    }
    let mut text =
        format!("{}\n{}\n{}\n", request.method, canonical_path(&request.path), canonical_query(&request.query));
    for name in signed {
        let values: Vec<String> = request
            .headers
            .get_all(name)
            .iter()
            .map(|value| trimmed(&String::from_utf8_lossy(value.as_bytes())))
            .collect();
        if values.is_empty() {
            return Err(mismatch(format!("The signed header '{name}' is not in the request.")));
        }
        text.push_str(name);
        text.push(':');
        text.push_str(&values.join(","));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&signed.join(";"));
    text.push('\n');
    text.push_str(&payload);
    Ok(text)
}

/// Escapes the path once more than it was sent, as every service but S3 wants it.
fn canonical_path(path: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    path.split('/').map(|segment| utf8_percent_encode(segment, ESCAPED).to_string()).collect::<Vec<_>>().join("/")
}

fn canonical_query(query: &str) -> String {
    let escape = |text: &str| {
        let plain = percent_decode_str(text).decode_utf8_lossy();
        utf8_percent_encode(&plain, ESCAPED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (escape(key), escape(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

/// Trims a header's value and folds the spaces within it.
fn trimmed(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Signs a canonical request: the algorithm's steps two to four.
fn sign(secret: &str, scope: &Signed, canonical: &str) -> String {
    let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n{digest}",
        scope.date, scope.day, scope.region, scope.service
    );
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), scope.day.as_bytes());
    for part in [scope.region.as_str(), scope.service.as_str(), "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    hex::encode(hmac(&key, text.as_bytes()))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length (RFC 2104), so there is no error to meet.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Makes a request of a credential's holder, signed at a time.
#[cfg(test)]
pub fn signed_request(credential: &super::Credential, service: &str, at: jiff::Timestamp) -> Request {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    let date = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut headers = HeaderMap::new();
    let mut insert =
        |name, value: &str| headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    insert("host", "localhost");
    insert("x-amz-date", &date);
    if let Some(token) = &credential.session_token {
        insert("x-amz-security-token", token);
    }
    let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
    let mut signed = Signed {
        access_key_id: credential.access_key_id.clone(),
        day: date.chars().take(8).collect(),
        region: "ap-northeast-1".to_owned(),
        service: service.to_owned(),
        headers: names,
        signature: String::new(),
        date,
    };
    let body = axum::body::Bytes::new();
    let (method, path) = (axum::http::Method::POST, "/".to_owned());
    let mut request = Request { method, path, query: String::new(), headers, body };
    let canonical = canonical_request(&request, &signed.headers).unwrap();
    signed.signature = sign(&credential.secret_access_key, &signed, &canonical);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={}",
        signed.access_key_id,
        signed.day,
        signed.region,
        signed.service,
        signed.headers.join(";"),
        signed.signature
    );
    request.headers.insert("authorization", HeaderValue::from_str(&authorization).unwrap());
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
    use rstest::rstest;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// The `get-vanilla-query-order-key-case` case of AWS's published signature test suite.
    fn suite(signature: &str, query: &str) -> Request {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z"), ("authorization", &authorization)]
        {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Request { method: Method::GET, path: "/".into(), query: query.into(), headers, body: Bytes::new() }
    }

    fn at(text: &str) -> jiff::Timestamp {
        text.parse().unwrap()
    }

    const GOOD: &str = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";

    #[test]
    fn agrees_with_the_published_test_suite() {
        let request = suite(GOOD, "Param2=value2&Param1=value1");
        let signed = Signed::of(&request).unwrap();
        signed.verify(&request, SECRET, "service", at("2015-08-30T12:36:00Z")).unwrap();
    }

    #[rstest]
    #[case::secret("nonsense", "service", "2015-08-30T12:36:00Z")]
    #[case::service(SECRET, "ecs", "2015-08-30T12:36:00Z")]
    #[case::late(SECRET, "service", "2015-08-30T12:51:01Z")]
    #[case::early(SECRET, "service", "2015-08-30T12:20:59Z")]
    fn refuses(#[case] secret: &str, #[case] service: &str, #[case] now: &str) {
        let request = suite(GOOD, "Param2=value2&Param1=value1");
        let refused = Signed::of(&request).unwrap().verify(&request, secret, service, at(now)).unwrap_err();
        assert_eq!((refused.shape, refused.code), ("InvalidSignatureException", "SignatureDoesNotMatch"));
    }

    #[test]
    fn refuses_what_was_changed_on_the_way() {
        let request = suite(GOOD, "Param2=value2&Param1=other");
        assert!(Signed::of(&request).unwrap().verify(&request, SECRET, "service", at("2015-08-30T12:36:00Z")).is_err());
        let mut request = suite(GOOD, "Param2=value2&Param1=value1");
        request.headers.insert("x-amz-target", HeaderValue::from_static("X.Y"));
        assert!(Signed::of(&request).unwrap().verify(&request, SECRET, "service", at("2015-08-30T12:36:00Z")).is_err());
    }

    #[rstest]
    #[case("AWS4-HMAC-SHA256 Credential=a/b/c", "IncompleteSignatureException")]
    #[case("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request", "IncompleteSignatureException")]
    #[case("Basic abc", "IncompleteSignatureException")]
    fn refuses_half_a_header(#[case] header: &str, #[case] shape: &str) {
        let mut request = suite(GOOD, "");
        request.headers.insert("authorization", HeaderValue::from_str(header).unwrap());
        assert_eq!(Signed::of(&request).unwrap_err().shape, shape);
        request.headers.remove("authorization");
        assert_eq!(Signed::of(&request).unwrap_err().shape, "MissingAuthenticationTokenException");
    }

    #[test]
    fn escapes_a_path_twice() {
        assert_eq!(canonical_path("/a%20b/目"), "/a%2520b/%E7%9B%AE");
        assert_eq!(canonical_path(""), "/");
    }
}

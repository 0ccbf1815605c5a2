//! Keeps a session's token from any address that is not AWS's.

use tokio_tungstenite::tungstenite::http::Uri;

/// Says which addresses a data channel may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Endpoints {
    /// Those that AWS documents for Session Manager, over TLS.
    #[default]
    AwsOnly,
    /// These, and one authority (`127.0.0.1:4566`), with or without TLS: for tests and for the simulated account.
    Also(String),
}

/// The suffixes of AWS's partitions, each with that of its dual-stack endpoints.
///
/// Source: the SDK's `partitions.json`.
const SUFFIXES: [&str; 13] = [
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
];

impl Endpoints {
    /// Tells whether a data channel's address may be connected to.
    pub fn allow(&self, stream_url: &str) -> bool {
        let Ok(uri) = stream_url.parse::<Uri>() else { return false };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
        // Nobody needs a user in this address, and one hides the host from a reader.
        if authority.as_str().contains('@') {
            return false;
        }
        match self {
            Self::Also(other) if authority.as_str().eq_ignore_ascii_case(other) => matches!(scheme, "ws" | "wss"),
            _ => scheme == "wss" && matches!(authority.port_u16(), None | Some(443)) && is_aws(authority.host()),
        }
    }
}

/// Tells whether a host is `ssmmessages[-fips].<region>.<suffix>`, or the same behind a VPC endpoint's name.
fn is_aws(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    SUFFIXES.iter().any(|suffix| {
        let Some(labels) = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.')) else { return false };
        match labels.split('.').collect::<Vec<_>>()[..] {
            [service, region] => is_service(service) && is_region(region),
            // Source: https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
            [endpoint, service, region, "vpce"] => {
                endpoint.starts_with("vpce-") && is_label(endpoint) && is_service(service) && is_region(region)
            }
            _ => false,
        }
    })
}

fn is_service(label: &str) -> bool {
    matches!(label, "ssmmessages" | "ssmmessages-fips")
}

/// Tells whether a label looks like a region's name: words of letters with hyphens between, a number at the end.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_word = |word: &str| (2..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-')
        && words.split('-').all(is_word)
        && matches!(number.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9'])
}

fn is_label(label: &str) -> bool {
    label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "wss://ssmmessages.ap-northeast-1.amazonaws.com/v1/data-channel/s-1?role=publish_subscribe&cell-number=AAEA"
    )]
    #[case("wss://ssmmessages.ap-northeast-1.amazonaws.com:443/v1/data-channel/s-1")]
    #[case("wss://ssmmessages-fips.us-gov-west-1.amazonaws.com/x")]
    #[case("wss://ssmmessages.cn-north-1.amazonaws.com.cn/x")]
    #[case("wss://ssmmessages.eusc-de-east-1.amazonaws.eu/x")]
    #[case("wss://ssmmessages.us-east-1.api.aws/x")]
    #[case("wss://SSMMESSAGES.us-iso-east-1.c2s.ic.gov/x")]
    #[case("wss://vpce-0123abcd-xyz.ssmmessages.us-east-1.vpce.amazonaws.com/x")]
    fn what_aws_documents_is_allowed(#[case] url: &str) {
        assert!(Endpoints::AwsOnly.allow(url));
        assert!(Endpoints::Also("127.0.0.1:1".into()).allow(url));
    }

    #[rstest]
    #[case("")]
    #[case("ssmmessages.us-east-1.amazonaws.com")]
    #[case("ws://ssmmessages.us-east-1.amazonaws.com/x")]
    #[case("https://ssmmessages.us-east-1.amazonaws.com/x")]
    #[case("wss://ssmmessages.us-east-1.amazonaws.com:8443/x")]
    #[case("wss://ssmmessages.us-east-1.amazonaws.com.evil.example/x")]
    #[case("wss://ssmmessages.us-east-1.evilamazonaws.com/x")]
    #[case("wss://evil.example/ssmmessages.us-east-1.amazonaws.com")]
    #[case("wss://ssmmessages.us-east-1.amazonaws.com@evil.example/x")]
    #[case("wss://evil@ssmmessages.us-east-1.amazonaws.com/x")]
    #[case("wss://evil.ssmmessages.us-east-1.amazonaws.com/x")]
    #[case("wss://ssmmessages.evil.amazonaws.com/x")]
    #[case("wss://bucket.s3.us-east-1.amazonaws.com/x")]
    #[case("wss://ec2-1-2-3-4.compute-1.amazonaws.com/x")]
    #[case("wss://ssmmessages.us-east-1.vpce.amazonaws.com/x")]
    #[case("wss://ssmmessages.us-east-1.amazonaws.com./x")]
    #[case("wss://127.0.0.1/x")]
    #[case("wss://[::1]/x")]
    #[case("wss://関所.example/x")]
    fn anything_else_is_refused(#[case] url: &str) {
        assert!(!Endpoints::AwsOnly.allow(url));
        assert!(!Endpoints::Also("127.0.0.1:1".into()).allow(url));
    }

    #[test]
    fn the_other_authority_is_compared_whole() {
        let endpoints = Endpoints::Also("127.0.0.1:4566".into());
        assert!(endpoints.allow("ws://127.0.0.1:4566/v1/data-channel/s-1"));
        assert!(endpoints.allow("wss://127.0.0.1:4566/"));
        for url in ["ws://127.0.0.1:45660/", "ws://127.0.0.1/", "http://127.0.0.1:4566/", "ws://x@127.0.0.1:4566/"] {
            assert!(!endpoints.allow(url), "{url}");
        }
    }
}

//! What may be shown of an endpoint's URL.

/// Returns host and port of a URL, without the user information that may stand before them.
///
/// Source: RFC 3986, section 3.2: the authority ends at the next `/`, `?` or `#`, and what precedes its `@` is no part
/// of the host.
pub fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_host_and_port_and_no_secret() {
        assert_eq!(authority("http://127.0.0.1:4566/x?y"), "127.0.0.1:4566");
        assert_eq!(authority("https://ecs.ap-northeast-1.amazonaws.com"), "ecs.ap-northeast-1.amazonaws.com");
        assert_eq!(authority("http://ops:SECRET@host/"), "host");
        assert_eq!(authority("http://ops:SEC@RET@host:80?x"), "host:80");
        assert_eq!(authority("http://[::1]:80/"), "[::1]:80");
        assert_eq!(authority(""), "");
    }
}

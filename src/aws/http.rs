//! Sockets: one client for the process, past any proxy where this machine calls itself, and to one host where only
//! that may be called.

use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

use crate::domain::endpoint::authority;

/// Makes the client that all connections share: by the proxy of the environment, but past it to this machine itself.
///
/// An endpoint may come from a flag, from `AWS_ENDPOINT_URL` or from a profile, for one service or for all. Where a
/// request goes is seen best in the request.
pub(super) fn client() -> SharedHttpClient {
    let by_proxy = https_client(ProxyConfig::from_env());
    SharedHttpClient::new(PastProxy { by_proxy, direct: https_client(ProxyConfig::disabled()) })
}

/// Returns a client that calls one host only.
pub(super) fn only(host: &str, inner: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(OnlyHost { inner, host: host.to_owned() })
}

/// Makes one client for all, as each would read the certificates of the system and keep sockets of its own.
fn https_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(proxy.clone()));
        connector.build()
    })
}

/// Tells whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let address =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(address, _)| address);
    let address = address.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Calls this machine directly and everybody else by the proxy.
#[derive(Debug)]
struct PastProxy<T> {
    by_proxy: T,
    direct: T,
}

impl HttpClient for PastProxy<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(PastProxy {
            by_proxy: self.by_proxy.http_connector(settings, components),
            direct: self.direct.http_connector(settings, components),
        })
    }
}

impl HttpConnector for PastProxy<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let way = if is_loopback(authority(request.uri())) { &self.direct } else { &self.by_proxy };
        way.call(request)
    }
}

/// Calls the endpoint that was given and nothing else.
///
/// A profile can lead to other hosts than the services that are read: STS for a role, Identity Center for a session.
/// Whoever points this program at a simulated account must not have it call the real one by that way.
#[derive(Debug)]
struct OnlyHost<T> {
    inner: T,
    host: String,
}

/// Says that a host was not called.
#[derive(Debug, thiserror::Error)]
#[error("{host} is not the endpoint {only}")]
pub(super) struct Blocked {
    /// The host that was not called.
    pub(super) host: String,
    /// The only host that may be.
    only: String,
}

/// Where a machine or a container finds its own credentials.
///
/// Sources: "Instance metadata", "Container credential provider" (AWS SDKs and Tools Reference Guide).
const OWN_METADATA: [&str; 5] =
    ["169.254.169.254", "[fd00:ec2::254]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

impl HttpClient for OnlyHost<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(OnlyHost {
            inner: self.inner.http_connector(settings, components),
            host: self.host.clone(),
        })
    }
}

impl HttpConnector for OnlyHost<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = authority(request.uri());
        if host == self.host || OWN_METADATA.contains(&host) {
            return self.inner.call(request);
        }
        let blocked = Blocked { host: host.to_owned(), only: self.host.clone() };
        HttpConnectorFuture::ready(Err(ConnectorError::user(blocked.into())))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::is_loopback;

    #[rstest]
    #[case("127.0.0.1:4566", true)]
    #[case("127.8.9.1", true)]
    #[case("localhost:80", true)]
    #[case("[::1]:80", true)]
    #[case("[::1]", true)]
    #[case("ecs.ap-northeast-1.amazonaws.com", false)]
    #[case("localhost.example:80", false)]
    #[case("10.0.0.1:80", false)]
    #[case("", false)]
    fn this_machine_is_known(#[case] host: &str, #[case] loopback: bool) {
        assert_eq!(is_loopback(host), loopback);
    }
}

//! What the connections of a process share: sockets, and budgets and denials per account and region.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

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
use jiff::Timestamp;

use super::{
    budget::Budget,
    call::host::authority,
    denial::Denials,
    meter::{Meter, Spent},
};

/// Tells the time by a clock that is given, so that a test or a picture can hold it still.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// Makes it from a function.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the time.
    pub fn get(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Now {
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Now").field(&self.get()).finish()
    }
}

/// Holds what the connections of a process share; cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared {
    pub(super) now: Now,
    pub(super) meter: Arc<Meter>,
    http: SharedHttpClient,
    http_without_proxy: SharedHttpClient,
    ledgers: Arc<Mutex<Ledgers>>,
}

/// Holds the ledgers by account and region.
type Ledgers = HashMap<(String, String), Arc<Ledger>>;

/// Holds the budget and the denials of one account and region.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) budget: Budget,
    pub(super) denials: Denials,
}

impl Shared {
    /// Makes it with a clock for stamps and counts; sockets and buckets keep real time.
    pub fn new(now: Now) -> Self {
        Self {
            now,
            meter: Arc::default(),
            http: https_client(ProxyConfig::from_env()),
            http_without_proxy: https_client(ProxyConfig::disabled()),
            ledgers: Arc::default(),
        }
    }

    /// Returns the same with a meter of its own, for a source whose calls are counted apart.
    #[must_use]
    pub fn metered_apart(&self) -> Self {
        Self { meter: Arc::default(), ..self.clone() }
    }

    /// Sums up what was spent lately through this meter, by whichever connections.
    pub fn spent(&self) -> Spent {
        self.meter.spent(self.now.get())
    }

    /// Returns how often each action was called through this meter.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.meter.totals()
    }

    /// Returns the ledger of an account and region, the same one to all who ask.
    pub(super) fn ledger(&self, account: &str, region: &str) -> Arc<Ledger> {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = ledgers
            .entry((account.to_owned(), region.to_owned()))
            .or_insert_with(|| Arc::new(Ledger { budget: Budget::new(), denials: Denials::default() }));
        Arc::clone(ledger)
    }

    /// Returns the HTTP client: where an endpoint was given, one that calls nothing else, and this machine itself past
    /// any proxy.
    pub(super) fn http(&self, endpoint_url: Option<&str>) -> SharedHttpClient {
        let Some(host) = endpoint_url.map(authority) else { return self.http.clone() };
        let inner = if is_loopback(host) { &self.http_without_proxy } else { &self.http };
        SharedHttpClient::new(OnlyHost { inner: inner.clone(), host: host.to_owned() })
    }
}

/// Tells whether a host, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let address =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(address, _)| address);
    let address = address.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Makes one client for all, as each would read the certificates of the system and keep sockets of its own.
///
fn https_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(proxy.clone()));
        connector.build()
    })
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

//! The simulated account with a gateway, and the way to it through the real SDK.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_kms::primitives::Blob;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::retry::RetryConfig;
use jiff::Timestamp;
use secrecy::SecretBox;
use sekisho::session::conduit::Conduit;
use sekisho::session::control::{Answer, ControlError, ControlPlane, DataKey, Ticket};
use sekisho::session::tunnel::{self, Tunnel, TunnelOptions};
use sekisho::session::{self, Endpoints, channel};
use sekisho::simulator::{AgentOptions, GatewayFaults, LineFaults, Options, Scenario, Simulator, start};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything may take before a test gives up: a bound, and never a wait.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// An account with nothing but a node.
const SCENARIO: &str = r#"
name = "programs"
seed = 1

[[account]]
id = "111122223333"

[[account.node]]
id = "i-0123456789abcdef0"
name = "bastion"
"#;

/// The node that sessions are opened on.
const NODE: &str = "i-0123456789abcdef0";

/// The destination that stands for whatever a test listens with.
const HOST: &str = "shop-prd.cluster-ro-abcdefghijkl.ap-northeast-1.rds.amazonaws.com";
const PORT: u16 = 5432;

/// Waits for what must come, and says what it was when it does not.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} took more than {} s", PATIENCE.as_secs()))
}

/// An account to open sessions in.
pub struct Stage {
    pub simulator: Arc<Simulator>,
    reach: Reach,
}

impl Stage {
    /// Starts an account whose agents send as fast as they can.
    pub async fn start() -> Self {
        let agents = AgentOptions { paced: false, ..AgentOptions::default() };
        let scenario = Scenario::parse(SCENARIO).expect("a scenario");
        let options = Options { agents, ..Options::default() };
        let simulator = Arc::new(start(scenario, options).await.expect("a loopback port"));
        let reach = Reach::new(&simulator).await;
        Self { simulator, reach }
    }

    /// Makes the gateway lose, repeat and disorder so many of a hundred messages, either way.
    pub fn weather(&self, drop: f64, repeat: f64, reorder: f64) {
        let line = LineFaults { drop, repeat, reorder, ..LineFaults::default() };
        self.simulator.gateway().set_faults(GatewayFaults { up: line, down: line, ..GatewayFaults::default() });
    }

    /// Breaks every connection to the gateway.
    pub fn cut(&self) {
        self.simulator.gateway().cut();
    }

    /// How many messages the gateway lost, either way.
    pub fn lost(&self) -> u64 {
        let traffic = self.simulator.gateway().traffic();
        traffic.up.dropped + traffic.down.dropped
    }

    /// Opens a session on a node by a document.
    pub async fn session(&self, document: &str, parameters: &[(&str, &str)]) -> Conduit {
        let reach = self.reach.to(NODE, document, parameters);
        let ticket = soon("StartSession", reach.start()).await.expect("a ticket");
        let opened = channel::open(ticket, Arc::new(reach), self.options());
        soon("the channel", opened).await.expect("a channel")
    }

    /// Opens a tunnel to where something listens.
    pub async fn tunnel(&self, to: SocketAddr, sessions: usize) -> Tunnel {
        self.simulator.map_destination(HOST, PORT, to);
        let document = "AWS-StartPortForwardingSessionToRemoteHost";
        let port = PORT.to_string();
        let reach = self.reach.to(NODE, document, &[("host", HOST), ("portNumber", &port), ("localPortNumber", "0")]);
        let wanted = TunnelOptions { sessions, ..TunnelOptions::default() };
        soon("the tunnel", tunnel::open(Arc::new(reach), self.options(), wanted)).await.expect("a tunnel")
    }

    fn options(&self) -> session::Options {
        let authority = self.simulator.endpoint().trim_start_matches("http://").to_owned();
        let mut options = session::Options::new(Arc::new(Timestamp::now));
        options.endpoints = Endpoints::Also(authority);
        options
    }
}

/// Connects to a tunnel's near end.
pub async fn connect(tunnel: &Tunnel) -> TcpStream {
    let stream = soon("a connection", TcpStream::connect(tunnel.local())).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket's option");
    stream
}

/// The services beside the data channel, through the real SDK.
#[derive(Clone)]
struct Reach {
    ssm: aws_sdk_ssm::Client,
    kms: aws_sdk_kms::Client,
    credentials: Credentials,
    region: String,
    target: String,
    document: String,
    parameters: HashMap<String, Vec<String>>,
}

impl Reach {
    async fn new(simulator: &Simulator) -> Self {
        let credentials =
            Credentials::new(simulator.access_key_id(), simulator.secret_access_key(), None, None, "test");
        let config = config(simulator, &credentials).await;
        Self {
            ssm: aws_sdk_ssm::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            credentials,
            region: simulator.region().to_owned(),
            target: String::new(),
            document: String::new(),
            parameters: HashMap::new(),
        }
    }

    fn to(&self, target: &str, document: &str, parameters: &[(&str, &str)]) -> Self {
        let parameters =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
        Self { target: target.to_owned(), document: document.to_owned(), parameters, ..self.clone() }
    }

    fn signature(&self, url: &str) -> Vec<(String, String)> {
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ssmmessages")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .expect("all that a signature needs")
            .into();
        let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[])).expect("a URL");
        let (instructions, _) = sign(request, &parameters).expect("a signature").into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

async fn config(simulator: &Simulator, credentials: &Credentials) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(simulator.endpoint())
        .region(Region::new(simulator.region().to_owned()))
        .credentials_provider(credentials.clone())
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}

fn failed(action: &'static str, why: &dyn std::fmt::Debug) -> ControlError {
    ControlError { action, why: format!("{why:?}"), is_passing: false }
}

fn ticket(session_id: Option<&str>, stream_url: Option<&str>, token: Option<&str>) -> Option<Ticket> {
    let (Some(session_id), Some(stream_url), Some(token)) = (session_id, stream_url, token) else { return None };
    Some(Ticket { session_id: session_id.to_owned(), stream_url: stream_url.to_owned(), token: token.into() })
}

impl ControlPlane for Reach {
    fn start(&self) -> Answer<'_, Ticket> {
        Box::pin(async move {
            let asked = self.ssm.start_session().target(&self.target).document_name(&self.document);
            let answer = asked.set_parameters(Some(self.parameters.clone())).send().await;
            let answer = answer.map_err(|error| failed("ssm:StartSession", &error))?;
            ticket(answer.session_id(), answer.stream_url(), answer.token_value())
                .ok_or_else(|| failed("ssm:StartSession", &"an answer without a ticket"))
        })
    }

    fn resume<'a>(&'a self, session_id: &'a str) -> Answer<'a, Option<Ticket>> {
        Box::pin(async move {
            let answer = self.ssm.resume_session().session_id(session_id).send().await;
            let answer = answer.map_err(|error| failed("ssm:ResumeSession", &error))?;
            Ok(ticket(answer.session_id(), answer.stream_url(), answer.token_value()))
        })
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let answer = self.ssm.terminate_session().session_id(session_id).send().await;
            answer.map(|_| ()).map_err(|error| failed("ssm:TerminateSession", &error))
        })
    }

    fn sign<'a>(&'a self, stream_url: &'a str) -> Answer<'a, Vec<(String, String)>> {
        Box::pin(async move { Ok(self.signature(stream_url)) })
    }

    fn data_key<'a>(&'a self, key_id: &'a str, context: &'a BTreeMap<String, String>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let context = context.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            let asked = self.kms.generate_data_key().key_id(key_id).number_of_bytes(64);
            let answer = asked.set_encryption_context(Some(context)).send().await;
            let answer = answer.map_err(|error| failed("kms:GenerateDataKey", &error))?;
            let plaintext = answer.plaintext().map(Blob::as_ref).and_then(|key| <[u8; 64]>::try_from(key).ok());
            let (Some(plaintext), Some(ciphertext)) = (plaintext, answer.ciphertext_blob()) else {
                return Err(failed("kms:GenerateDataKey", &"an answer without a key"));
            };
            Ok(DataKey { plaintext: SecretBox::new(Box::new(plaintext)), ciphertext: ciphertext.as_ref().to_vec() })
        })
    }

    fn target(&self) -> &str {
        &self.target
    }
}

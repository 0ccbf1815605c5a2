//! A simulated AWS account on loopback.
//!
//! It speaks AWS's wire protocols, so that the console meets it through the real SDK by its endpoint: paging, signing,
//! throttling, denial and clocks are real code on both sides. It learnt AWS's shapes from AWS's documentation and shares
//! nothing with the client it serves.
//!
//! ```text
//! scenarios/*.toml ─ scenario ─┐
//!                              ├─ world: timelines, curves, alarms, as functions of story time
//!              clock ──────────┘    │
//!                                   ├─ operations: ecs, cloudwatch, wafv2, … each one value a call
//! TCP ─ server ─ auth ─ quota, faults ─ iam
//!          ├──── wire: JSON 1.0 and 1.1, REST JSON, CBOR, Query
//!          └──── gateway: websockets ─ agent: shells, commands, ports
//! ```
//!
//! The state at a time is a function of the scenario, its seed, the story's start, the calls that changed something, and the time:
//! nothing ticks in the background, and entering a story in its middle only means that it began earlier.

mod agent;
mod auth;
mod call;
mod calls;
mod clock;
mod cloudwatch;
mod control;
mod ecs;
mod elbv2;
mod faults;
mod gateway;
mod iam;
mod kms;
mod logs;
mod operations;
mod paging;
mod quota;
mod random;
mod rds;
mod scenario;
mod securityhub;
mod server;
mod ssm;
mod sts;
mod wafv2;
mod wire;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use agent::AgentOptions;
pub use auth::{Persona, UnknownPersona};
pub use calls::Calls;
pub use clock::{Clock, ManualClock};
pub use faults::{Fault, FaultKind};
pub use gateway::{Flow, Gateway, GatewayFaults, GatewayOrder, LineFaults, Oversize, Traffic};
pub use iam::{PolicyTexts, WrongPolicy};
pub use scenario::{EnvironmentFile, Scenario, ScenarioError, Span, SpanError};
pub use ssm::{DocumentText, WrongDocument};

/// How a simulated account is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens: loopback only; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How far the story has come when it starts: its beginning lies that long ago.
    pub at: SignedDuration,
    /// How story time passes.
    pub clock: Clock,
    /// Who the console is.
    pub persona: Persona,
    /// How much later than at once every call is answered.
    pub delay: Duration,
    /// How the agents behind the message gateway behave.
    pub agents: AgentOptions,
    /// Documents of Systems Manager that are there from the beginning, besides the scenario's own.
    pub documents: Vec<DocumentText>,
    /// Log groups that the first account has in its home region from the beginning, besides those of its services.
    pub log_groups: Vec<String>,
    /// What IAM allows whom; an identity that is not among these may do everything.
    pub policies: PolicyTexts,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            at: SignedDuration::ZERO,
            clock: Clock::Wall,
            persona: Persona::default(),
            delay: Duration::ZERO,
            agents: AgentOptions::default(),
            documents: Vec::new(),
            log_groups: Vec::new(),
            policies: PolicyTexts::default(),
        }
    }
}

/// A simulated account could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address is not one of this machine's own loopback.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no randomness to make keys of.
    #[error("no keys can be made: {0}")]
    NoRandomness(#[from] getrandom::Error),
    /// A document was given that Systems Manager would not take.
    #[error(transparent)]
    Document(#[from] WrongDocument),
    /// A policy was given that IAM would not take.
    #[error(transparent)]
    Policy(#[from] WrongPolicy),
}

/// Starts a simulated account on the current tokio runtime.
///
/// # Errors
///
/// The address must be a loopback address, and free; the system must have randomness for the keys.
pub async fn start(scenario: Scenario, options: Options) -> Result<Simulator, SimulatorError> {
    let address = options.listen;
    if !address.ip().is_loopback() {
        return Err(SimulatorError::NotLoopback(address));
    }
    let failed = |source| SimulatorError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let account = Arc::new(server::Account::new(&scenario, &options, address)?);
    let served = tokio::spawn(server::serve(listener, Arc::clone(&account)));
    // The first answers should be as quick as the later ones.
    let warm = Arc::clone(&account);
    tokio::task::spawn_blocking(move || warm.warm_up());
    Ok(Simulator {
        address,
        account,
        region: scenario.home_region(),
        accounts: scenario.accounts(),
        served: Some(served),
    })
}

/// An account of the scenario, as a console's configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName {
    /// The twelve digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its regions, the usual one first.
    pub regions: Vec<String>,
}

/// A simulated account that is running; it stops when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    account: Arc<server::Account>,
    region: String,
    accounts: Vec<AccountName>,
    served: Option<JoinHandle<()>>,
}

impl Simulator {
    /// The endpoint for every service, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The id of this run's access key.
    pub fn access_key_id(&self) -> &str {
        &self.account.vault.root().access_key_id
    }

    /// The secret of this run's access key.
    pub fn secret_access_key(&self) -> &str {
        &self.account.vault.root().secret_access_key
    }

    /// The session token that belongs to the key; the run's own key has none.
    pub fn session_token(&self) -> Option<&str> {
        self.account.vault.root().session_token.as_deref()
    }

    /// The region where the first account lives.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The accounts that there are, the one that the key belongs to first.
    pub fn accounts(&self) -> &[AccountName] {
        &self.accounts
    }

    /// What has been asked since the start or the last reset.
    pub fn calls(&self) -> Calls {
        self.account.counter.read()
    }

    /// Begins to count anew.
    pub fn reset_calls(&self) {
        self.account.counter.reset();
    }

    /// Makes something go wrong from now on.
    pub fn inject(&self, fault: Fault) {
        self.account.faults.inject(fault, self.account.now());
    }

    /// Makes everything go right again, the scenario's own faults as well.
    pub fn clear_faults(&self) {
        self.account.faults.clear();
    }

    /// Takes other policies in place of those that there are; all stay where one of them is wrong.
    ///
    /// # Errors
    ///
    /// Each text must be a policy, and each role an ARN.
    pub fn set_policies(&self, policies: &PolicyTexts) -> Result<(), WrongPolicy> {
        self.account.policies.replace(policies)
    }

    /// The message gateway: what goes wrong in it, and what went through.
    pub fn gateway(&self) -> Gateway {
        self.account.gateway.clone()
    }

    /// Lets agents reach something on this machine by a host and a port; `localhost` is the node or container itself.
    pub fn map_destination(&self, host: &str, port: u16, to: SocketAddr) {
        self.account.gateway.destinations().map(host, port, agent::Route::To(to));
    }

    /// Stops and waits until the port is free; calls under way get a second to end.
    pub async fn shutdown(mut self) {
        self.account.stop.cancel();
        if let Some(mut served) = self.served.take()
            && tokio::time::timeout(Duration::from_secs(1), &mut served).await.is_err()
        {
            served.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.account.stop.cancel();
    }
}

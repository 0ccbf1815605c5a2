//! One verified set of credentials in one region.

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use aws_config::{
    BehaviorVersion, ConfigLoader, environment::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain,
    profile::ProfileFileRegionProvider, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_types::{SdkConfig, region::Region};
use jiff::Timestamp;

use crate::{
    config::CredentialSource,
    domain::{
        denied::Whom,
        endpoint::authority,
        environment::AccountId,
        fetch::{Failure, FailureKind},
        identity::{Identity, Principal},
        waf::CLOUDFRONT_REGION,
    },
};

use super::{
    call::{Caller, Hosts},
    credentials,
    deployments::Revisions,
    error::{Attempt, chain},
    logs::LogPlaces,
    names::Names,
    securityhub::Hub,
    shared::Shared,
    site::{Site, Sites},
    sts,
    waf::WebAclDetails,
    words,
};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one try of a call may take.
const ATTEMPT: Duration = Duration::from_secs(15);

/// Says which credentials to use, where, and whose they must be.
#[derive(Debug, Clone)]
pub struct ConnectionPlan {
    /// Where the credentials come from.
    pub credentials: CredentialSource,
    /// The region; none means the environment's or the profile's.
    pub region: Option<String>,
    /// An endpoint that replaces all of AWS's, also those that credentials come from.
    pub endpoint_url: Option<String>,
    /// The account that the credentials must belong to; none takes any.
    pub account: Option<AccountId>,
    /// Whether this connection is the one that reads what the account has in front of CloudFront, from us-east-1.
    pub cloudfront: bool,
}

/// Reads from AWS with one verified set of credentials in one region.
///
/// The credentials never change: when they near their end, another connection is opened, and verified, in its place.
#[derive(Debug)]
pub struct Connection {
    identity: Arc<Identity>,
    expires: Option<Timestamp>,
    endpoint: Option<String>,
    pub(super) cloudfront: bool,
    pub(super) home: Arc<Site>,
    pub(super) sites: Sites,
    pub(super) ecs: aws_sdk_ecs::Client,
    pub(super) load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    pub(super) nodes: OnceLock<aws_sdk_ssm::Client>,
    pub(super) rds: OnceLock<aws_sdk_rds::Client>,
    pub(super) revisions: Mutex<Revisions>,
    pub(super) web_acls: Mutex<WebAclDetails>,
    pub(super) hub: tokio::sync::Mutex<Option<Hub>>,
    pub(super) log_places: Mutex<LogPlaces>,
    names: Arc<Names>,
}

impl Connection {
    /// Finds the credentials and asks STS whose they are; nothing else is called before that is known.
    ///
    /// Reading profiles and certificates blocks for a while: this happens on a thread of its own.
    ///
    /// # Errors
    /// A [`Failure`], among them [`FailureKind::WrongAccount`] where the credentials belong to another account than
    /// the plan says, and [`FailureKind::NoRegion`] where no region is known.
    pub async fn open(plan: ConnectionPlan, shared: Shared) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Handle::current();
        let now = shared.now.clone();
        let opened = tokio::task::spawn_blocking(move || runtime.block_on(open(&plan, &shared)));
        opened.await.unwrap_or_else(|error| {
            let attempt = Attempt { action: "", host: "", at: now.get() };
            Err(attempt.failed(FailureKind::NoCredentials, &error.to_string()))
        })
    }

    /// Returns whom STS says we are.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        &self.home.region
    }

    /// Says whom what is allowed or denied here is allowed or denied.
    pub fn whom(&self) -> Whom {
        let (account, region) = (self.identity.account.to_string(), self.region().to_owned());
        Whom { account, region, who: without_session(&self.identity).to_owned() }
    }

    /// Returns when the credentials end, where they end.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Returns host and port of an endpoint that replaces AWS's, be it given by flag, environment or profile.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Forgets what this identity was denied in this account and region, and in others that it reads from here, so that
    /// it is asked again.
    pub fn forget_denials(&self) {
        self.sites.forget_denials();
        self.forget_hub();
    }

    /// Returns the credentials, for what is signed without a client.
    ///
    /// # Errors
    /// A [`Failure`] where there are none, which a connection that came about does not see.
    pub(super) async fn credentials(&self) -> Result<Credentials, Failure> {
        let attempt = Attempt { action: "", host: "", at: self.home.caller.now.get() };
        let missing = |why: &str| attempt.failed(FailureKind::NoCredentials, why);
        let provider = self.sites.config().credentials_provider().ok_or_else(|| missing(""))?;
        provider.provide_credentials().await.map_err(|error| missing(&chain(&error)))
    }

    /// Makes a name safe and distinct, and remembers what it was, where that differs.
    pub(super) fn remember(&self, raw: &str) -> String {
        self.names.remember(raw)
    }

    /// Returns a name as AWS has it.
    pub(super) fn original(&self, name: &str) -> String {
        self.names.original(name)
    }
}

async fn open(plan: &ConnectionPlan, shared: &Shared) -> Result<Connection, Failure> {
    let config = load(plan, shared).await;
    let endpoint = config.endpoint_url().map(|url| authority(url).to_owned());
    let at = shared.now.get();
    let attempt = Attempt { action: "", host: endpoint.as_deref().unwrap_or_default(), at };
    let Some(region) = config.region().map(|region| words::name(Some(region.as_ref()))) else {
        return Err(attempt.failed(FailureKind::NoRegion, ""));
    };
    let found = find(plan, &config, attempt, shared.patience).await?;
    let expires = found.expiry().and_then(|end| Timestamp::try_from(end).ok());
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(found)).build();
    let hosts = Hosts::default();
    let expected = plan.account.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut caller = Caller {
        ledger: shared.ledger(&expected, &region, ""),
        meter: Arc::clone(&shared.meter),
        hosts: hosts.clone(),
        now: shared.now.clone(),
    };
    let identity = verify(plan, &caller, &config).await?;
    caller.ledger = shared.ledger(identity.account.as_str(), &region, without_session(&identity));
    let who = without_session(&identity).to_owned();
    let sites = Sites::new(shared.clone(), config.clone(), identity.account.to_string(), who);
    let home = sites.add(&region, caller);
    if plan.cloudfront {
        sites.of(CLOUDFRONT_REGION);
    }
    let ecs = aws_sdk_ecs::config::Builder::from(&config).interceptor(hosts.ecs);
    let load_balancing =
        aws_sdk_elasticloadbalancingv2::config::Builder::from(&config).interceptor(hosts.load_balancing);
    Ok(Connection {
        identity: Arc::new(identity),
        expires,
        endpoint,
        cloudfront: plan.cloudfront,
        home,
        sites,
        ecs: aws_sdk_ecs::Client::from_conf(ecs.build()),
        load_balancing: aws_sdk_elasticloadbalancingv2::Client::from_conf(load_balancing.build()),
        nodes: OnceLock::new(),
        rds: OnceLock::new(),
        revisions: Mutex::default(),
        web_acls: Mutex::default(),
        hub: tokio::sync::Mutex::default(),
        log_places: Mutex::default(),
        names: Arc::clone(&shared.names),
    })
}

/// Finds the credentials within the time that there is for it.
async fn find(
    plan: &ConnectionPlan,
    config: &SdkConfig,
    attempt: Attempt<'_>,
    patience: Duration,
) -> Result<Credentials, Failure> {
    let files = credentials::profile_files(credentials::profile_of(&plan.credentials), plan.endpoint_url.as_deref());
    let found = credentials::resolve(&plan.credentials, config, files, attempt);
    let found = tokio::time::timeout(patience, found)
        .await
        .unwrap_or_else(|_| Err(attempt.failed(FailureKind::TimedOut, "")))?;
    if found.expiry().is_some_and(|end| end <= std::time::SystemTime::now()) {
        return Err(attempt.failed(FailureKind::Expired, ""));
    }
    Ok(found)
}

/// Returns the caller's ARN without the name of a session: what a role may do, each of its sessions may.
fn without_session(identity: &Identity) -> &str {
    match &identity.principal {
        Principal::AssumedRole { .. } => identity.arn.rsplit_once('/').map_or(&identity.arn, |(role, _)| role),
        _ => &identity.arn,
    }
}

/// Asks STS who we are, and refuses credentials of another account than the plan's.
async fn verify(plan: &ConnectionPlan, caller: &Caller, config: &SdkConfig) -> Result<Identity, Failure> {
    let client = aws_sdk_sts::config::Builder::from(config).interceptor(caller.hosts.sts.clone());
    let client = aws_sdk_sts::Client::from_conf(client.build());
    let identity = sts::caller_identity(caller, &client).await?;
    match plan.account {
        Some(expected) if expected != identity.account => {
            let attempt = Attempt { action: "sts:GetCallerIdentity", host: "", at: caller.now.get() };
            let kind =
                FailureKind::WrongAccount { expected: expected.to_string(), actual: identity.account.to_string() };
            Err(attempt.failed(kind, &identity.arn))
        }
        _ => Ok(identity),
    }
}

/// Reads environment and profiles as the AWS CLI does.
///
/// The SDK's own retries are off: each try takes a token and is counted. The region is never asked of the machine, so
/// that a laptop does not wait for a metadata service that it has not got.
async fn load(plan: &ConnectionPlan, shared: &Shared) -> SdkConfig {
    let profile = credentials::profile_of(&plan.credentials);
    let files = credentials::profile_files(profile, plan.endpoint_url.as_deref());
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(shared.http(plan.endpoint_url.as_deref()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .region(region_chain(plan, profile))
        .profile_files(files);
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &plan.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// Takes the region of the plan, or that of the environment, or that of the profile.
fn region_chain(plan: &ConnectionPlan, profile: Option<&str>) -> RegionProviderChain {
    let mut of_profile = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        of_profile = of_profile.profile_name(profile);
    }
    RegionProviderChain::first_try(plan.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(of_profile.build())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("sts::111122223333:assumed-role/ops/op-0137", "sts::111122223333:assumed-role/ops")]
    #[case("iam::111122223333:user/team/alice", "iam::111122223333:user/team/alice")]
    #[case("sts::111122223333:federated-user/alice", "sts::111122223333:federated-user/alice")]
    #[case("iam::111122223333:root", "iam::111122223333:root")]
    fn a_session_is_its_role(#[case] caller: &str, #[case] who: &str) {
        let identity = Identity::from_caller("111122223333", &format!("arn:aws:{caller}"), "AIDAEXAMPLE").unwrap();
        assert_eq!(without_session(&identity), format!("arn:aws:{who}"));
    }
}

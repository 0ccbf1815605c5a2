//! Loading is data: what was asked for, what came, how old it is, and why the last attempt failed.

use std::sync::Arc;

use jiff::Timestamp;

/// Numbers a source: one set of credentials in one region, which one or more environments read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub usize);

/// Names what a source reads, each with an age and a failure of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Panel {
    /// Who we are: STS.
    Identity,
    /// Clusters and services.
    Services,
    /// Tasks.
    Tasks,
    /// Alarms.
    Alarms,
    /// Metrics.
    Metrics,
    /// Service deployments of the service that is open.
    Deployments,
    /// History of the alarm that is open.
    History,
    /// Web ACLs.
    Waf,
    /// What the rules of the open web ACL counted.
    WafRules,
    /// Sampled requests of the open web ACL.
    WafSamples,
    /// What the open web ACL protects, and whom its rate limits block.
    WafUse,
    /// Findings.
    Findings,
    /// History of the finding that is open.
    FindingHistory,
    /// Targets of the service that is open.
    Targets,
    /// The log that is tailed.
    Log,
}

/// Holds the last value that was read, and what became of the latest attempt to read it anew.
///
/// A value survives a failed refresh: stale rows are better than none, as long as their age and the failure are told.
#[derive(Debug, Clone)]
pub struct Fetched<T> {
    /// The last value, shared with whoever made it.
    pub value: Option<Arc<T>>,
    /// When that value was read.
    pub at: Option<Timestamp>,
    /// What is happening now.
    pub phase: Phase,
}

/// Tells what the latest attempt to read a value is doing, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing was asked for yet.
    #[default]
    Unasked,
    /// A request is under way.
    Refreshing,
    /// The last attempt succeeded.
    Idle,
    /// The last attempt failed; [`Fetched::value`] is what was there before.
    Failed(Failure),
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self { value: None, at: None, phase: Phase::Unasked }
    }
}

impl<T> Fetched<T> {
    /// Takes a value that was read at `at`.
    pub fn succeed(&mut self, value: Arc<T>, at: Timestamp) {
        self.value = Some(value);
        self.at = Some(at);
        self.phase = Phase::Idle;
    }

    /// Takes a failure and keeps what was there.
    pub fn fail(&mut self, failure: Failure) {
        self.phase = Phase::Failed(failure);
    }

    /// Returns the failure of the latest attempt, if it failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Says why something could not be read from AWS, in terms that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, as a kind with a known remedy.
    pub kind: FailureKind,
    /// The IAM action that was being called, such as `ecs:ListServices`; empty while credentials were being resolved.
    pub action: String,
    /// AWS's own words or the operating system's, cleaned and bounded; may be empty.
    pub detail: String,
    /// AWS's request id, where there was an answer.
    pub request_id: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// Names the kinds of failure that differ in what a person should do next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// IAM denied the call; holds the action that is missing.
    Denied {
        /// The action that the identity lacks, such as `ecs:ListServices`.
        missing_action: String,
    },
    /// The service is not available to this account, region or support plan.
    NotSubscribed,
    /// The service is there and nobody switched it on in this account and region.
    NotEnabled,
    /// AWS asked us to slow down, and kept asking.
    Throttled,
    /// The credentials or the SSO session ended.
    Expired,
    /// No credentials could be found or made.
    NoCredentials,
    /// Neither the configuration, the environment nor the profile names a region.
    NoRegion,
    /// The credentials belong to another account than the configuration says.
    WrongAccount {
        /// The account that the configuration names.
        expected: String,
        /// The account that STS answered.
        actual: String,
    },
    /// The credentials belong to somebody else than those that they stand in for.
    WrongCaller {
        /// The ARN of whom they stood for.
        expected: String,
        /// The ARN that STS answered.
        actual: String,
    },
    /// The signature or the key was refused.
    Refused,
    /// No connection could be made or it broke; holds the host.
    Unreachable {
        /// The host that was called.
        host: String,
    },
    /// No answer came in time.
    TimedOut,
    /// The service answered with a fault of its own (5xx).
    ServiceFault,
    /// The answer was not what the service promises.
    Malformed,
    /// What was asked for is not there (any more).
    NotFound,
    /// The service did not accept the request.
    Invalid,
}

impl FailureKind {
    /// Returns the stable name of the kind, as the command line's JSON spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::NotSubscribed => "not-subscribed",
            Self::NotEnabled => "not-enabled",
            Self::Throttled => "throttled",
            Self::Expired => "expired",
            Self::NoCredentials => "no-credentials",
            Self::NoRegion => "no-region",
            Self::WrongAccount { .. } => "wrong-account",
            Self::WrongCaller { .. } => "wrong-caller",
            Self::Refused => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut => "timed-out",
            Self::ServiceFault => "service-fault",
            Self::Malformed => "malformed",
            Self::NotFound => "not-found",
            Self::Invalid => "invalid",
        }
    }

    /// Tells whether asking again cannot help until something outside changes.
    pub fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Denied { .. }
                | Self::NotSubscribed
                | Self::NotEnabled
                | Self::WrongAccount { .. }
                | Self::WrongCaller { .. }
                | Self::Refused
        )
    }

    /// Tells whether the credentials themselves are what failed, so that other ones have to be found.
    pub fn is_about_credentials(&self) -> bool {
        matches!(
            self,
            Self::Expired
                | Self::NoCredentials
                | Self::NoRegion
                | Self::Refused
                | Self::WrongAccount { .. }
                | Self::WrongCaller { .. }
        )
    }
}

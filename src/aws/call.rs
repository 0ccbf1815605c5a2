//! The one path that every call takes.

use std::{error::Error, sync::Arc};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::domain::{
    denied::On,
    fetch::{Failure, FailureKind},
};

use super::{
    action::Action,
    budget::full_jitter,
    error::{self, Attempt},
    meter::Meter,
    shared::{Ledger, Now},
    words,
};

/// How often a call is tried, the first time included.
const TRIES: u32 = 3;

/// Sends the calls of one connection in one region, within the budget that it shares with others.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) ledger: Ledger,
    pub(super) meter: Arc<Meter>,
    pub(super) hosts: Hosts,
    pub(super) now: Now,
}

impl Caller {
    /// Makes a call: unless it was denied before, as soon as the budget lets it, and again where that may help.
    ///
    /// `part` names the part of the account that is asked for where IAM could allow one and deny another (a cluster's
    /// name); it is empty otherwise.
    ///
    /// # Errors
    /// A [`Failure`] after up to three tries for throttling, faults of the service and broken connections, and after
    /// one for everything else; a denial that was met before is returned without a call.
    pub(super) async fn call<T, E, F>(
        &self,
        action: Action,
        part: &str,
        send: impl Fn() -> F + Send,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if let Some(denial) = self.ledger.denials.recall(action, part) {
            return Err(denial);
        }
        let answer = self.ask(action, send).await;
        match &answer {
            Ok(_) => self.allowed(action, On::Part(part)),
            Err(failure) => self.ledger.denials.note(action, part, failure),
        }
        answer
    }

    /// Makes a call as [`Self::call`] does, whatever was denied before; what to remember of a denial is the caller's to
    /// say, where only the denial tells which part of the account it is about.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn ask<T, E, F>(&self, action: Action, send: impl Fn() -> F + Send) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut tries = 1;
        loop {
            self.leave(action).await;
            let error = match send().await {
                Ok(answer) => {
                    self.ledger.denials.allowed(action);
                    self.allowed(action, On::Something);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let failure = self.judge(action, &error);
            if tries >= TRIES || !error::is_worth_repeating(&error, &failure) {
                return Err(failure);
            }
            tokio::time::sleep(full_jitter(tries)).await;
            tries += 1;
        }
    }

    /// Waits until the budget lets a call go, and counts it.
    async fn leave(&self, action: Action) {
        self.ledger.budget.leave(action.family()).await;
        self.meter.call(action, self.now.get());
    }

    /// Makes a call that changes something: as soon as the budget lets it, and again only where AWS said that it did
    /// nothing, which is when it throttled.
    ///
    /// What was denied before is asked again: a person wants it, and may have got the permission since.
    ///
    /// # Errors
    /// A [`Refusal`]; [`Refusal::is_unanswered`] where nobody knows whether AWS did it.
    pub(super) async fn act<T, E, F>(&self, action: Action, send: impl Fn() -> F + Send) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut tries = 1;
        loop {
            self.leave(action).await;
            let error = match send().await {
                Ok(answer) => {
                    self.allowed(action, On::Wanted);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let failure = self.judge(action, &error);
            if tries >= TRIES || failure.kind != FailureKind::Throttled {
                let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
                let code = code.map(|code| words::name(Some(code)));
                return Err(Refusal { is_unanswered: is_unanswered(&error, &failure), code, failure });
            }
            tokio::time::sleep(full_jitter(tries)).await;
            tries += 1;
        }
    }

    /// Keeps a failure, if it is a denial and somebody keeps those.
    fn keep(&self, failure: &Failure) {
        if let Some(memory) = &self.ledger.memory {
            memory.failed(failure);
        }
    }

    fn allowed(&self, action: Action, on: On<'_>) {
        if let Some(memory) = &self.ledger.memory {
            memory.allowed(action, on);
        }
    }

    /// Makes a failure of a call that was not made, or whose answer says that it failed.
    pub(super) fn failed(&self, action: Action, kind: FailureKind, detail: &str) -> Failure {
        let attempt = Attempt { action: action.name(), host: &self.hosts.of(action), at: self.now.get() };
        let failure = attempt.failed(kind, detail);
        self.keep(&failure);
        failure
    }

    /// Makes a failure of a request that cannot be built.
    pub(super) fn invalid(&self, action: Action, error: &(dyn Error + 'static)) -> Failure {
        self.failed(action, FailureKind::Invalid, &error::chain(error))
    }

    /// Puts an error in our terms and slows down where AWS asks for it.
    fn judge<E>(&self, action: Action, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let attempt = Attempt { action: action.name(), host: &self.hosts.of(action), at: self.now.get() };
        let failure = error::classify(error, attempt);
        if failure.kind == FailureKind::Throttled {
            self.ledger.budget.throttled(action.family());
            self.meter.throttled(self.now.get());
        }
        self.keep(&failure);
        tracing::debug!(
            action = failure.action,
            kind = failure.kind.name(),
            request_id = failure.request_id,
            "call failed"
        );
        failure
    }
}

/// Says why a call that changes something was not answered with what it should have brought.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// Why.
    pub(super) failure: Failure,
    /// AWS's code for it, where it gave one.
    pub(super) code: Option<String>,
    /// Whether AWS may have done what it was asked for all the same.
    pub(super) is_unanswered: bool,
}

/// Tells whether a call may have had its effect although it failed: no answer, half of one, or a fault of the service.
fn is_unanswered<E>(error: &SdkError<E, HttpResponse>, failure: &Failure) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        // No connection came about, or the host may not be called: nothing was sent.
        SdkError::DispatchFailure(dispatch) => !dispatch.is_user() && !is_unconnected(dispatch),
        SdkError::ServiceError(_) => failure.kind == FailureKind::ServiceFault,
        _ => true,
    }
}

/// Tells whether nobody was there to be called.
fn is_unconnected(dispatch: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    let Some(error) = dispatch.as_connector_error() else { return false };
    error::causes(error).any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        io == Some(std::io::ErrorKind::ConnectionRefused)
    })
}

/// Holds the hosts that the clients of a connection call in a region.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    pub(super) sts: host::Seen,
    pub(super) ecs: host::Seen,
    pub(super) cloudwatch: host::Seen,
    pub(super) wafv2: host::Seen,
    pub(super) securityhub: host::Seen,
    pub(super) load_balancing: host::Seen,
    pub(super) logs: host::Seen,
    pub(super) ssm: host::Seen,
    pub(super) rds: host::Seen,
    pub(super) kms: host::Seen,
}

impl Hosts {
    fn of(&self, action: Action) -> String {
        match action.name().split(':').next() {
            Some("sts") => self.sts.get(),
            Some("ecs") => self.ecs.get(),
            Some("wafv2") => self.wafv2.get(),
            Some("securityhub") => self.securityhub.get(),
            Some("elasticloadbalancing") => self.load_balancing.get(),
            Some("logs") => self.logs.get(),
            Some("ssm") => self.ssm.get(),
            Some("rds") => self.rds.get(),
            Some("kms") => self.kms.get(),
            _ => self.cloudwatch.get(),
        }
    }
}

/// Learns the host of a client from the requests that it sends, as only the SDK knows its endpoint rules.
pub(super) mod host {
    use std::sync::{Arc, OnceLock};

    use aws_smithy_runtime_api::{
        box_error::BoxError,
        client::{
            interceptors::{Intercept, context::BeforeTransmitInterceptorContextRef, dyn_dispatch_hint},
            runtime_components::RuntimeComponents,
        },
    };
    use aws_smithy_types::config_bag::ConfigBag;

    use crate::domain::endpoint::authority;

    /// Holds the host once a request was made.
    #[derive(Debug, Clone, Default)]
    pub(in super::super) struct Seen(Arc<OnceLock<String>>);

    impl Seen {
        /// Returns the host, or nothing before the first request.
        pub(in super::super) fn get(&self) -> String {
            self.0.get().cloned().unwrap_or_default()
        }
    }

    #[dyn_dispatch_hint]
    impl Intercept for Seen {
        fn name(&self) -> &'static str {
            "HostSeen"
        }

        fn read_before_transmit(
            &self,
            context: &BeforeTransmitInterceptorContextRef<'_>,
            _components: &RuntimeComponents,
            _bag: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            self.0.get_or_init(|| authority(context.request().uri()).to_owned());
            Ok(())
        }
    }
}

//! The acting half: what an authorized operation does in AWS, and nothing else.
//!
//! Whoever has an [`Authorized`] operation gets clients that act, for that operation and one target. Without one there are
//! no such clients in the process at all.

mod execution;
mod finding;
mod hands;
mod start;
mod upgrade;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use secrecy::{SecretBox, SecretString, zeroize::Zeroize};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    domain::{
        ecs::{Service, ServiceKey},
        fetch::{Failure, FailureKind},
        preflight::Obstacle,
        progress::Execution,
        target::{Selector, Target},
    },
    policy::{Authorized, Op},
    session::control::{Answer, ControlError, ControlPlane, DataKey, Ticket},
};

use super::{Connection, action::Action, call::Refusal, standing::Standing};

use hands::Hands;

/// The bytes of a data key: one key of 32 bytes for each direction.
const KEY: usize = 64;

/// Carries out one authorized operation on one target, always with the credentials of now.
///
/// What was asked of AWS is seen to its end, whoever stops waiting for it: a session that nobody took is ended.
///
/// None is made of an operation that the gate did not let through, be it a session or a change, a finding's status or a
/// document:
///
/// ```compile_fail,E0308
/// use std::sync::Arc;
///
/// use sekisho::{aws::{Acting, Standing}, domain::target::Target, policy::Op};
///
/// fn act(operation: Op, target: Target, standing: Arc<Standing>) -> Acting {
///     Acting::new(operation, target, standing)
/// }
/// ```
#[derive(Debug)]
pub struct Acting {
    act: Arc<Act>,
    starts: TaskTracker,
}

/// The operation, as its calls share it.
#[derive(Debug)]
struct Act {
    authorized: Authorized<Op>,
    target: Target,
    ssm_target: String,
    /// What tells AWS that a call is the same one, tried again.
    token: String,
    standing: Arc<Standing>,
    hands: tokio::sync::Mutex<Option<Arc<Hands>>>,
    trace: Mutex<Trace>,
}

/// What an operation has left behind in AWS so far.
#[derive(Debug, Default)]
struct Trace {
    /// The sessions that were started, with their addresses.
    sessions: Vec<(String, String)>,
    /// Those of them that are known to be over.
    over: BTreeSet<String>,
    /// The execution that was started.
    execution: Option<String>,
    request_id: Option<String>,
    refusal: Option<Refusal>,
}

/// Says why an operation did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotStarted {
    /// Why.
    pub failure: Failure,
    /// The obstacle that AWS named, where it is one that is known.
    pub obstacle: Option<Obstacle>,
    /// Whether it may have come about all the same: no answer came, or half of one.
    pub is_unknown: bool,
}

impl Acting {
    /// Takes up an operation; nothing is called yet.
    pub fn new(authorized: Authorized<Op>, target: Target, standing: Arc<Standing>) -> Self {
        let ssm_target = target.ssm_target();
        let (hands, trace) = (tokio::sync::Mutex::default(), Mutex::default());
        let token = Uuid::new_v4().to_string();
        let act = Act { authorized, target, ssm_target, token, standing, hands, trace };
        Self { act: Arc::new(act), starts: TaskTracker::new() }
    }

    /// Returns the operation.
    pub fn authorized(&self) -> &Authorized<Op> {
        &self.act.authorized
    }

    /// Returns where it goes.
    pub fn destination(&self) -> &Target {
        &self.act.target
    }

    /// Returns the ids of the sessions that were started, the oldest first.
    pub fn sessions(&self) -> Vec<String> {
        self.act.trace().sessions.iter().map(|(id, _)| id.clone()).collect()
    }

    /// Returns the ids of the sessions that are not known to be over, the oldest first.
    pub fn unended(&self) -> Vec<String> {
        let trace = self.act.trace();
        trace.sessions.iter().map(|(id, _)| id).filter(|id| !trace.over.contains(*id)).cloned().collect()
    }

    /// Notes that a session ended by itself.
    pub fn note_over(&self, session_id: &str) {
        self.act.note_over(session_id);
    }

    /// Returns AWS's id of the Automation execution, once one was started.
    pub fn execution_id(&self) -> Option<String> {
        self.act.trace().execution.clone()
    }

    /// Returns AWS's id of the last request that did something, or should have.
    pub fn request_id(&self) -> Option<String> {
        self.act.trace().request_id.clone()
    }

    /// Returns why the last session did not come about, if it did not.
    pub fn not_started(&self) -> Option<NotStarted> {
        let refusal = self.act.trace().refusal.clone()?;
        Some(self.act.told(refusal))
    }

    /// Starts the Automation execution that the operation is, and returns AWS's id of it. Each try of the call carries the
    /// same token, so that there is one execution at most.
    ///
    /// # Errors
    /// [`NotStarted`]; where it is unknown, [`Acting::find_execution`] may find it.
    pub async fn start_execution(&self) -> Result<String, NotStarted> {
        self.act.start_execution().await.map_err(|refusal| self.act.told(refusal))
    }

    /// Looks for an execution that was asked for at a time and not answered; returns AWS's id of it.
    ///
    /// # Errors
    /// A [`Failure`] where nobody can look.
    pub async fn find_execution(&self, since: Timestamp) -> Result<Option<String>, Failure> {
        self.act.find_execution(since).await
    }

    /// Reads how an execution stands, step by step.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read, among them that the credentials are somebody else's by now.
    pub async fn execution(&self, id: &str) -> Result<Execution, Failure> {
        self.act.execution(id).await
    }

    /// Asks AWS to stop an execution.
    ///
    /// # Errors
    /// A [`Failure`] where it goes on.
    pub async fn stop_execution(&self, id: &str) -> Result<(), Failure> {
        self.act.stop_execution(id).await
    }

    /// Reads the service that the operation changes; nothing where it changes none, or it is gone.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read.
    pub async fn service(&self) -> Result<Option<Arc<Service>>, Failure> {
        let Op::ServiceChange { service: Selector::EcsService { cluster, service, .. }, .. } =
            self.act.authorized.operation()
        else {
            return Ok(None);
        };
        let key = ServiceKey { cluster: cluster.clone(), service: service.clone() };
        let read = self.act.connection().await?.describe_services(&[key]).await;
        match (read.value.services.into_iter().next(), read.failures.into_iter().next()) {
            (None, Some(failure)) => Err(failure),
            (service, _) => Ok(service),
        }
    }

    /// Gives the finding its new workflow status, with a note.
    ///
    /// # Errors
    /// [`NotStarted`]; where it is unknown, [`Acting::is_updated`] may tell.
    pub async fn update_finding(&self) -> Result<(), NotStarted> {
        self.act.update_finding().await.map_err(|refusal| self.act.told(refusal))
    }

    /// Waits until no start is under way whose session nobody would take.
    pub async fn settle(&self) {
        self.starts.close();
        self.starts.wait().await;
        self.starts.reopen();
    }

    /// Makes a token that stands in for the password of the database user whom the catalogue names; none where it names
    /// nobody.
    ///
    /// # Errors
    /// As [`Connection::auth_token`].
    pub async fn auth_token(&self) -> Result<Option<SecretString>, Failure> {
        let Op::PortForward { destination, .. } = self.act.authorized.operation() else { return Ok(None) };
        let Some(user) = &destination.user else { return Ok(None) };
        let connection = self.act.connection().await?;
        connection.auth_token(&destination.host, destination.port, user).await.map(Some)
    }
}

impl Act {
    /// Puts a refusal in the terms of whoever acts.
    fn told(&self, refusal: Refusal) -> NotStarted {
        let obstacle = start::obstacle(self.authorized.operation(), &self.target, &refusal);
        NotStarted { obstacle, is_unknown: refusal.is_unanswered, failure: refusal.failure }
    }

    /// Returns a connection with the credentials of now, if they are still those of whom the gate let through.
    async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let connection = self.standing.connection().await?;
        self.is_let_through(&connection)?;
        Ok(connection)
    }

    /// Refuses credentials of anybody else than whom the gate let through.
    fn is_let_through(&self, connection: &Connection) -> Result<(), Failure> {
        let (expected, actual) = (&self.authorized.grant().identity, connection.identity());
        if expected.is_same_caller(actual) {
            return Ok(());
        }
        let kind = FailureKind::WrongCaller { expected: expected.arn.clone(), actual: actual.arn.clone() };
        Err(connection.home.caller.failed(Action::GetCallerIdentity, kind, ""))
    }

    /// Tells whether a target that had a session before is not connected now: its agent may be updating itself.
    fn is_away(&self, refusal: &Refusal) -> bool {
        let code = refusal.code.as_deref();
        matches!(code, Some("TargetNotConnected" | "TargetNotConnectedException")) && !self.trace().sessions.is_empty()
    }

    fn trace(&self) -> std::sync::MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_over(&self, session_id: &str) {
        self.trace().over.insert(session_id.to_owned());
    }

    async fn resume_session(&self, session_id: &str) -> Result<Option<Ticket>, Failure> {
        let action = Action::ResumeSession;
        let mut hands = self.hands().await?;
        let answer = loop {
            let resume = || hands.ssm.resume_session().session_id(session_id).send();
            match hands.caller().ask(action, resume).await {
                Ok(answer) => break answer,
                // `DoesNotExistException`: the session is over.
                Err(failure) if failure.kind == FailureKind::NotFound => {
                    self.note_over(session_id);
                    return Ok(None);
                }
                Err(failure) => hands = self.other_hands(&hands, failure).await?,
            }
        };
        let Some(token) = answer.token_value.filter(|token| !token.is_empty()) else { return Ok(None) };
        let address = answer.stream_url.filter(|url| !url.is_empty());
        let known = || self.trace().sessions.iter().find(|(id, _)| id == session_id).map(|(_, url)| url.clone());
        let Some(stream_url) = address.or_else(known) else {
            return Err(hands.caller().failed(action, FailureKind::Malformed, ""));
        };
        Ok(Some(Ticket { session_id: session_id.to_owned(), stream_url, token: SecretString::from(token) }))
    }

    async fn terminate_session(&self, session_id: &str) -> Result<(), Failure> {
        let mut hands = self.hands().await?;
        loop {
            let terminate = || hands.ssm.terminate_session().session_id(session_id).send();
            match hands.caller().ask(Action::TerminateSession, terminate).await {
                Ok(_) => break,
                // One that is over already has what was wanted.
                Err(failure) if failure.kind == FailureKind::NotFound => break,
                Err(failure) => hands = self.other_hands(&hands, failure).await?,
            }
        }
        self.note_over(session_id);
        Ok(())
    }

    async fn generate_data_key(&self, key_id: &str, context: &BTreeMap<String, String>) -> Result<DataKey, Failure> {
        let action = Action::GenerateDataKey;
        let mut hands = self.hands().await?;
        let answer = loop {
            let generate = || {
                let request = hands.kms.generate_data_key().key_id(key_id).number_of_bytes(64);
                let context = context.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                request.set_encryption_context(Some(context)).send()
            };
            match hands.caller().ask(action, generate).await {
                Ok(answer) => break answer,
                Err(failure) => hands = self.other_hands(&hands, failure).await?,
            }
        };
        let mut plaintext = answer.plaintext.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
        let ciphertext = answer.ciphertext_blob.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
        let mut key = Box::new([0; KEY]);
        let fits = plaintext.len() == KEY && !ciphertext.is_empty();
        if fits {
            key.copy_from_slice(&plaintext);
        }
        plaintext.zeroize();
        if fits {
            Ok(DataKey { plaintext: SecretBox::new(key), ciphertext })
        } else {
            Err(hands.caller().failed(action, FailureKind::Malformed, ""))
        }
    }
}

impl ControlPlane for Acting {
    fn start(&self) -> Answer<'_, Ticket> {
        let (tell, told) = oneshot::channel();
        let act = Arc::clone(&self.act);
        self.starts.spawn(async move {
            let started = act.start_session().await;
            if let Err(Ok(unwanted)) = tell.send(started) {
                // Where even that fails, AWS ends it for want of a client.
                let _ = act.terminate_session(&unwanted.session_id).await;
            }
        });
        let action = super::preflight::starter(self.act.authorized.operation());
        Box::pin(async move {
            let lost = |_| ControlError { action: action.name(), why: String::new(), is_passing: false };
            told.await.map_err(lost)?.map_err(|refusal| {
                let mut error = told_of(action.name(), &refusal.failure);
                error.is_passing |= self.act.is_away(&refusal);
                // Another try could leave two sessions where one is wanted.
                error.is_passing &= !refusal.is_unanswered;
                error
            })
        })
    }

    fn resume<'a>(&'a self, session_id: &'a str) -> Answer<'a, Option<Ticket>> {
        Box::pin(async {
            let resumed = self.act.resume_session(session_id).await;
            resumed.map_err(|failure| told_of(Action::ResumeSession.name(), &failure))
        })
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> Answer<'a, ()> {
        Box::pin(async {
            let terminated = self.act.terminate_session(session_id).await;
            terminated.map_err(|failure| told_of(Action::TerminateSession.name(), &failure))
        })
    }

    fn sign<'a>(&'a self, stream_url: &'a str) -> Answer<'a, Vec<(String, String)>> {
        Box::pin(async {
            let signed = async { upgrade::headers(&*self.act.connection().await?, stream_url).await };
            signed.await.map_err(|failure: Failure| told_of(upgrade::ACTION, &failure))
        })
    }

    fn data_key<'a>(&'a self, key_id: &'a str, context: &'a BTreeMap<String, String>) -> Answer<'a, DataKey> {
        Box::pin(async {
            let made = self.act.generate_data_key(key_id, context).await;
            made.map_err(|failure| told_of(Action::GenerateDataKey.name(), &failure))
        })
    }

    fn target(&self) -> &str {
        &self.act.ssm_target
    }
}

/// Puts a failure in the terms of whoever keeps a session up.
fn told_of(action: &'static str, failure: &Failure) -> ControlError {
    let why = if failure.detail.is_empty() { failure.kind.name().to_owned() } else { failure.detail.clone() };
    let is_passing = match &failure.kind {
        FailureKind::Throttled
        | FailureKind::ServiceFault
        | FailureKind::Unreachable { .. }
        | FailureKind::TimedOut
        | FailureKind::Malformed
        // Somebody may log in again while the session waits.
        | FailureKind::Expired
        | FailureKind::NoCredentials => true,
        _ => false,
    };
    ControlError { action, why, is_passing }
}

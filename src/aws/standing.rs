//! Credentials that stand: always those of now, and always the same caller's.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Mutex;

use crate::{
    config::CredentialSource,
    domain::fetch::{Failure, FailureKind},
    domain::identity::Identity,
};

use super::{Connection, ConnectionPlan, Shared, error::Attempt};

/// How long before credentials end others are found, as the pollers do.
const RENEW: SignedDuration = SignedDuration::from_mins(5);
/// How long to wait before they are looked for again, where those that were found end as soon.
const RENEW_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Keeps a connection to one account and region, and opens another one in its place when its credentials near their end.
///
/// A session outlives the credentials that started it. Whoever comes after must be the same caller: what the gate let one
/// identity do, it did not let another one do.
#[derive(Debug)]
pub struct Standing {
    plan: ConnectionPlan,
    shared: Shared,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    connection: Option<Arc<Connection>>,
    opened_at: Option<jiff::Timestamp>,
    /// Whom the first connection was verified for.
    caller: Option<Arc<Identity>>,
}

impl Standing {
    /// Makes it; nothing is asked for before it is needed.
    pub fn new(plan: ConnectionPlan, shared: Shared) -> Self {
        Self { plan, shared, held: Mutex::default() }
    }

    /// Returns a connection whose credentials hold for a while.
    ///
    /// Where no others can be found, those that still hold go on doing their work.
    ///
    /// # Errors
    /// A [`Failure`] where there is no connection, and [`FailureKind::WrongCaller`] where the credentials that were found
    /// are somebody else's.
    pub async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let mut held = self.held.lock().await;
        let now = self.shared.now.get();
        let Some(connection) = held.connection.clone() else { return self.open(&mut held).await };
        let Some(expires) = connection.expires().filter(|_| self.is_renewable()) else { return Ok(connection) };
        let is_near = now >= expires.saturating_sub(RENEW).unwrap_or(now);
        let just_tried = held.opened_at.is_some_and(|at| now.duration_since(at) < RENEW_AGAIN);
        if !is_near || (just_tried && now < expires) {
            return Ok(connection);
        }
        match self.open(&mut held).await {
            Err(failure) if now < expires && !matches!(failure.kind, FailureKind::WrongCaller { .. }) => Ok(connection),
            renewed => renewed,
        }
    }

    /// Returns another connection than one whose credentials AWS refused.
    ///
    /// # Errors
    /// As [`Self::connection`].
    pub async fn instead_of(&self, refused: &Arc<Connection>) -> Result<Arc<Connection>, Failure> {
        let mut held = self.held.lock().await;
        match &held.connection {
            // Somebody else has seen to it already.
            Some(connection) if !Arc::ptr_eq(connection, refused) => Ok(Arc::clone(connection)),
            _ => self.open(&mut held).await,
        }
    }

    /// Forgets whom this stood for: the next connection may be anybody's, as when a person logs in anew.
    pub async fn release(&self) {
        *self.held.lock().await = Held::default();
    }

    /// Tells whether other credentials than the first ones can be found at all.
    pub fn is_renewable(&self) -> bool {
        !matches!(self.plan.credentials, CredentialSource::Static { .. })
    }

    async fn open(&self, held: &mut Held) -> Result<Arc<Connection>, Failure> {
        held.opened_at = Some(self.shared.now.get());
        let connection = Arc::new(Connection::open(self.plan.clone(), self.shared.clone()).await?);
        let identity = connection.identity();
        match &held.caller {
            Some(caller) if !caller.is_same_caller(identity) => {
                let kind = FailureKind::WrongCaller { expected: caller.arn.clone(), actual: identity.arn.clone() };
                let attempt = Attempt { action: "sts:GetCallerIdentity", host: "", at: self.shared.now.get() };
                Err(attempt.failed(kind, ""))
            }
            _ => {
                held.caller.get_or_insert_with(|| Arc::clone(identity));
                held.connection = Some(Arc::clone(&connection));
                Ok(connection)
            }
        }
    }
}

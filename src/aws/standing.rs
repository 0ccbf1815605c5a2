//! Credentials that stand: a connection with those of now, whenever one is asked for.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::{config::CredentialSource, domain::fetch::Failure};

use super::{Connection, ConnectionPlan, Shared};

/// How long before credentials end others are found, as the pollers do.
const RENEW: SignedDuration = SignedDuration::from_mins(5);
/// How long to wait before they are looked for again, where those that were found end as soon.
const RENEW_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Keeps a connection to one account and region, and opens another one in its place when its credentials near their end.
///
/// A session outlives the credentials that started it. That the next ones are still the same caller's is for whoever
/// acts to see to.
#[derive(Debug)]
pub struct Standing {
    plan: ConnectionPlan,
    shared: Shared,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    connection: Arc<Connection>,
    opened_at: Timestamp,
    /// When others were last looked for.
    tried_at: Timestamp,
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
    /// A [`Failure`] where there is no connection.
    pub async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let mut held = self.held.lock().await;
        let now = self.shared.now.get();
        let Some(known) = held.as_mut() else { return self.open(&mut held).await };
        let connection = Arc::clone(&known.connection);
        let Some(expires) = connection.expires().filter(|_| self.is_renewable()) else { return Ok(connection) };
        let is_near = now >= expires.saturating_sub(RENEW).unwrap_or(now);
        let just_tried = now.duration_since(known.tried_at) < RENEW_AGAIN;
        if !is_near || (just_tried && now < expires) {
            return Ok(connection);
        }
        known.tried_at = now;
        match self.open(&mut held).await {
            Err(_) if now < expires => Ok(connection),
            renewed => renewed,
        }
    }

    /// Returns a connection that was verified not longer ago than `age`: somebody else may have logged in since.
    ///
    /// # Errors
    /// A [`Failure`] where there is none.
    pub async fn verified_within(&self, age: SignedDuration) -> Result<Arc<Connection>, Failure> {
        let mut held = self.held.lock().await;
        let now = self.shared.now.get();
        // A clock that was set back since then does not make it any fresher.
        let is_fresh = |known: &&Held| (SignedDuration::ZERO..age).contains(&now.duration_since(known.opened_at));
        match held.as_ref().filter(is_fresh) {
            Some(known) if known.connection.expires().is_none_or(|expires| now < expires) => {
                Ok(Arc::clone(&known.connection))
            }
            _ => self.open(&mut held).await,
        }
    }

    /// Returns another connection than one whose credentials AWS refused.
    ///
    /// # Errors
    /// A [`Failure`] where there is none.
    pub async fn instead_of(&self, refused: &Arc<Connection>) -> Result<Arc<Connection>, Failure> {
        let mut held = self.held.lock().await;
        match held.as_ref() {
            // Somebody else has seen to it already.
            Some(known) if !Arc::ptr_eq(&known.connection, refused) => Ok(Arc::clone(&known.connection)),
            _ => self.open(&mut held).await,
        }
    }

    /// Tells whether other credentials than the first ones can be found at all.
    pub fn is_renewable(&self) -> bool {
        !matches!(self.plan.credentials, CredentialSource::Static { .. })
    }

    /// Returns what this shares with other connections.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    async fn open(&self, held: &mut Option<Held>) -> Result<Arc<Connection>, Failure> {
        let connection = Arc::new(Connection::open(self.plan.clone(), self.shared.clone()).await?);
        let now = self.shared.now.get();
        *held = Some(Held { connection: Arc::clone(&connection), opened_at: now, tried_at: now });
        Ok(connection)
    }
}

//! The clients that act, made anew with each set of credentials.

use std::sync::Arc;

use crate::domain::fetch::Failure;

use super::{
    super::{Connection, call::Caller},
    Act,
};

/// Holds the clients that act with the credentials of one connection.
#[derive(Debug)]
pub(super) struct Hands {
    pub(super) connection: Arc<Connection>,
    pub(super) ssm: aws_sdk_ssm::Client,
    pub(super) ecs: aws_sdk_ecs::Client,
    pub(super) kms: aws_sdk_kms::Client,
}

impl Hands {
    fn new(connection: Arc<Connection>) -> Self {
        let (config, hosts) = (connection.sites.config(), &connection.home.caller.hosts);
        let ssm = aws_sdk_ssm::config::Builder::from(config).interceptor(hosts.ssm.clone());
        let ecs = aws_sdk_ecs::config::Builder::from(config).interceptor(hosts.ecs.clone());
        let kms = aws_sdk_kms::config::Builder::from(config).interceptor(hosts.kms.clone());
        Self {
            ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
            ecs: aws_sdk_ecs::Client::from_conf(ecs.build()),
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
            connection,
        }
    }

    /// Returns the way that each of their calls takes.
    pub(super) fn caller(&self) -> &Caller {
        &self.connection.home.caller
    }
}

impl Act {
    /// Returns clients with the credentials of now.
    ///
    /// # Errors
    /// A [`Failure`] where there are no credentials, or they are somebody else's.
    pub(super) async fn hands(&self) -> Result<Arc<Hands>, Failure> {
        let connection = self.connection().await?;
        let mut held = self.hands.lock().await;
        match held.as_ref().filter(|hands| Arc::ptr_eq(&hands.connection, &connection)) {
            Some(hands) => Ok(Arc::clone(hands)),
            None => Ok(Arc::clone(held.insert(Arc::new(Hands::new(connection))))),
        }
    }

    /// Returns clients with other credentials than those that AWS refused, so that the call may be made again.
    ///
    /// # Errors
    /// The failure itself where other credentials would not help or cannot be had.
    pub(super) async fn other_hands(&self, hands: &Hands, failure: Failure) -> Result<Arc<Hands>, Failure> {
        let renewed_already =
            !self.hands.lock().await.as_ref().is_some_and(|held| std::ptr::eq(&raw const **held, hands));
        if renewed_already || !failure.kind.is_about_credentials() || !self.standing.is_renewable() {
            return Err(failure);
        }
        let Ok(connection) = self.standing.instead_of(&hands.connection).await else { return Err(failure) };
        self.is_let_through(&connection)?;
        let fresh = Arc::new(Hands::new(connection));
        *self.hands.lock().await = None;
        Ok(fresh)
    }
}

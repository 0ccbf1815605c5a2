//! Looking before anything is started: who asks, whether they may, and what would be met.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::{
    aws::Connection,
    domain::{
        environment::Environment,
        identity::{self, Identity, RoleResolution},
        preflight::Preflight,
    },
    policy,
    runbook::{
        catalogue::Catalogue,
        entry::{Entry, EntryId},
    },
};

use super::{Inner, Refused};

/// How long ago an identity may have been verified for a new operation: somebody else may have logged in since.
const VERIFIED: SignedDuration = SignedDuration::from_mins(5);

/// What was found out before an operation.
#[derive(Debug, Clone)]
pub struct Look {
    /// Who asks.
    pub identity: Arc<Identity>,
    /// The role that they have.
    pub role: RoleResolution,
    /// The region that it would be in.
    pub region: String,
    /// The entry, as it holds in the environment.
    pub entry: Arc<Entry>,
    /// What would be met.
    pub preflight: Arc<Preflight>,
}

/// Who asks, for what part of the world, by which catalogue.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) connection: Arc<Connection>,
    pub(super) environment: Environment,
    pub(super) role: RoleResolution,
    pub(super) catalogue: Arc<Catalogue>,
}

impl Inner {
    /// Finds out who asks, verified a short while ago at most.
    pub(super) async fn asker(&self, environment: &str) -> Result<Asker, Refused> {
        let configured = self.configured(environment)?;
        let connection = self.standing(environment)?.verified_within(VERIFIED).await.map_err(Refused::Source)?;
        let role = identity::resolve(&self.outfit.roles, connection.identity());
        let catalogue = self.outfit.catalogues.get(environment).cloned();
        let catalogue = catalogue.unwrap_or_else(|| Arc::new(Catalogue::empty()));
        Ok(Asker { connection, environment: configured.environment.clone(), role, catalogue })
    }

    pub(super) async fn look(&self, environment: &str, id: &EntryId) -> Result<Look, Refused> {
        let Asker { connection, environment, role, catalogue } = self.asker(environment).await?;
        let identity = connection.identity();
        policy::assess(&catalogue, identity, &role, &environment, id).map_err(Refused::Denied)?;
        let entry = catalogue.entry(&environment, id).cloned();
        let Some(entry) = entry else { return Err(Refused::Denied(policy::Denial::NoEntry(id.clone()))) };
        let preflight = Arc::new(connection.preflight(&entry.operation).await);
        Ok(Look { identity: Arc::clone(identity), role, region: connection.region().to_owned(), entry, preflight })
    }
}

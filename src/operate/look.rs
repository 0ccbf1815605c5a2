//! Looking before anything is started: who asks, whether they may, and what would be met.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use serde_json::Value;

use crate::{
    aws::Connection,
    domain::{
        environment::Environment,
        identity::{self, Identity, RoleResolution},
        preflight::Preflight,
    },
    policy::{self, compile},
    runbook::{
        catalogue::Catalogue,
        entry::{Entry, EntryId, Operation},
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

    pub(super) async fn look(
        &self,
        environment: &str,
        id: &EntryId,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Look, Refused> {
        let asker = self.asker(environment).await?;
        let identity = Arc::clone(asker.connection.identity());
        let Asker { environment, role, catalogue, .. } = &asker;
        policy::assess(catalogue, &identity, role, environment, id).map_err(Refused::Denied)?;
        let entry = catalogue.entry(environment, id).cloned();
        let Some(entry) = entry else { return Err(Refused::Denied(policy::Denial::NoEntry(id.clone()))) };
        let preflight = Arc::new(asker.look(&entry.operation, parameters).await);
        let region = asker.connection.region().to_owned();
        Ok(Look { identity, role: asker.role, region, entry, preflight })
    }
}

impl Asker {
    /// Looks up what an operation would meet.
    pub(super) async fn look(&self, operation: &Operation, parameters: &BTreeMap<String, String>) -> Preflight {
        let compiled = self.compiled(operation);
        self.connection.preflight(operation, parameters, compiled.as_ref()).await
    }

    /// Returns the document of a change as it is compiled from the catalogue; nothing where none is, or it is the team's.
    fn compiled(&self, operation: &Operation) -> Option<Value> {
        let (Operation::ServiceChange { document, .. }, RoleResolution::One(role)) = (operation, &self.role) else {
            return None;
        };
        let environments = std::slice::from_ref(&self.environment);
        let compiled = compile::compile(&self.catalogue, role, environments, &compile::Options::default());
        compiled.documents.into_iter().find(|one| one.name == *document).map(|one| one.content)
    }
}

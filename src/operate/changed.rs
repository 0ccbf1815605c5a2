//! Whether the catalogues that hold are still those that lie where they were read.
//!
//! What was loaded holds until the program ends: what was shown is what is done, under the hash that is on its record. That
//! another one lies there by now is told, and changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::SignedDuration;

use crate::runbook::catalogue::{Catalogue, Origin};

use super::Operator;

/// How long what was read of Parameter Store counts as what is there: each look is several calls.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

impl Operator {
    /// Tells whether any catalogue is from where it can change while the program runs.
    pub fn has_catalogues_elsewhere(&self) -> bool {
        self.catalogues().any(|(_, catalogue)| *catalogue.origin() != Origin::BuiltIn)
    }

    /// Tells of each environment with a catalogue from a directory whether that holds another one by now.
    pub async fn changed_folders(&self) -> BTreeMap<String, bool> {
        let catalogues: Vec<_> =
            self.catalogues().filter(|(_, catalogue)| matches!(catalogue.origin(), Origin::Folder(_))).collect();
        let look = move || {
            // Environments may share a directory, which is read once.
            let mut seen: BTreeMap<*const Catalogue, bool> = BTreeMap::new();
            let mut changed = |catalogue: &Arc<Catalogue>| {
                *seen.entry(Arc::as_ptr(catalogue)).or_insert_with(|| catalogue.has_changed())
            };
            catalogues.iter().map(|(name, catalogue)| (name.clone(), changed(catalogue))).collect()
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Tells of each environment with a catalogue in Parameter Store whether that holds another one by now; of one that
    /// cannot be read nothing, since nobody knows.
    pub async fn changed_parameters(&self) -> BTreeMap<String, bool> {
        let looks = self.catalogues().filter_map(|(name, catalogue)| match catalogue.origin().clone() {
            Origin::Parameters(path) => Some(async move {
                let connection = self.inner.standing(&name).ok()?.connection().await.ok()?;
                let read = connection.parameters(&path).await.ok()?;
                Some((name, read.capped || catalogue.differs_from(&path, &read.items)))
            }),
            Origin::BuiltIn | Origin::Folder(_) => None,
        });
        futures::future::join_all(looks).await.into_iter().flatten().collect()
    }

    /// Tells whether the catalogue of an environment is another one by now where it was read, as far as is known.
    pub async fn has_changed(&self, environment: &str) -> bool {
        let of = |changed: BTreeMap<String, bool>| changed.get(environment).copied().unwrap_or(false);
        let is_old = self.inner.outfit.clock.now().duration_since(self.inner.begun) >= FRESH;
        of(self.changed_folders().await) || (is_old && of(self.changed_parameters().await))
    }

    fn catalogues(&self) -> impl Iterator<Item = (String, Arc<Catalogue>)> {
        let outfit = &self.inner.outfit;
        let there: BTreeSet<&String> = outfit.environments.iter().map(|one| &one.environment.name).collect();
        let own = outfit.catalogues.iter().filter(move |(name, _)| there.contains(name));
        own.map(|(name, catalogue)| (name.clone(), Arc::clone(catalogue)))
    }
}

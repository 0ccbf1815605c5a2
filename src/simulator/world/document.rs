//! Documents of Systems Manager: what they are called, and their versions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::simulator::clock::Millis;

/// A document of an account's own.
#[derive(Debug, Clone)]
pub struct Document {
    pub name: String,
    /// `Session`, `Automation`, …
    pub kind: String,
    /// Who made it: an account's number.
    pub owner: String,
    /// In their order; there is at least one.
    pub versions: Vec<DocumentVersion>,
    /// The number of the version that is taken where none is named.
    pub default: u32,
    pub tags: Vec<(String, String)>,
    /// How long its sessions last, where that is shorter than the minutes that a document can say.
    pub limit: Option<Duration>,
}

/// A version of a document.
#[derive(Debug, Clone)]
pub struct DocumentVersion {
    pub number: u32,
    pub name: Option<String>,
    pub content: String,
    pub created: Millis,
}

impl Document {
    /// Makes a document with its first version.
    pub fn new(name: &str, kind: &str, owner: &str, content: String, created: Millis) -> Self {
        let first = DocumentVersion { number: 1, name: None, content, created };
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            owner: owner.to_owned(),
            versions: vec![first],
            default: 1,
            tags: Vec::new(),
            limit: None,
        }
    }

    /// Finds a version: `$DEFAULT`, `$LATEST`, or its number.
    pub fn version(&self, wanted: &str) -> Option<&DocumentVersion> {
        match wanted {
            "$LATEST" => self.versions.last(),
            "$DEFAULT" => self.numbered(self.default),
            number => self.numbered(number.parse().ok()?),
        }
    }

    fn numbered(&self, number: u32) -> Option<&DocumentVersion> {
        self.versions.iter().find(|version| version.number == number)
    }
}

/// The documents of an account in a region.
#[derive(Debug, Default)]
pub struct Documents(RwLock<BTreeMap<String, Arc<Document>>>);

impl Documents {
    /// Finds a document by its name.
    pub fn get(&self, name: &str) -> Option<Arc<Document>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Takes all of them, in the order of their names.
    pub fn all(&self) -> Vec<Arc<Document>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Adds a document, or puts it in the place of the one of its name.
    pub fn put(&self, document: Document) -> Arc<Document> {
        let document = Arc::new(document);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(document.name.clone(), Arc::clone(&document));
        document
    }

    /// Changes a document, or adds or takes away one, with nobody in between; `None` takes it away.
    pub fn change<E>(
        &self,
        name: &str,
        change: impl FnOnce(Option<&Document>) -> Result<Option<Document>, E>,
    ) -> Result<Option<Arc<Document>>, E> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = change(all.get(name).map(Arc::as_ref))?.map(Arc::new);
        match &changed {
            Some(document) => all.insert(name.to_owned(), Arc::clone(document)),
            None => all.remove(name),
        };
        Ok(changed)
    }
}

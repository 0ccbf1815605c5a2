//! Documents: made, changed, read and listed.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents.html>

mod content;
pub mod declared;
mod describe;
mod own;
mod write;

use std::sync::Arc;

pub use content::{Body, Content, SessionBody, SessionKind};
pub use describe::{describe_document, get_document, list_document_versions, list_documents};
pub use own::{USUAL, is_of_aws};
pub use write::{create_document, delete_document, update_document, update_document_default_version};

use super::error;
use crate::simulator::call::Call;
use crate::simulator::clock::Millis;
use crate::simulator::wire::{ApiError, Input};
use crate::simulator::world::{Document, DocumentVersion, Documents, World};

/// A document of Systems Manager that an account has from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentText {
    /// The account's number.
    pub account: String,
    /// Where; in all of the account's regions if not said.
    pub region: Option<String>,
    /// What it is called.
    pub name: String,
    /// `Session` or `Automation`.
    pub kind: String,
    /// What it says, as JSON.
    pub content: String,
}

/// A text that is no document, and what it was to be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document {name} is wrong: {why}")]
pub struct WrongDocument {
    name: String,
    why: String,
}

/// Adds documents to a world that begins.
pub fn add_documents(world: &World, documents: &[DocumentText], now: Millis) -> Result<(), WrongDocument> {
    for one in documents {
        let wrong = |why: String| WrongDocument { name: one.name.clone(), why };
        let taken = write::check_name(&one.name).and_then(|()| Content::read(&one.kind, &one.content));
        taken.map_err(|error| wrong(error.message))?;
        let account = world.accounts.get(&one.account);
        let account = account.ok_or_else(|| wrong(format!("there is no account {}", one.account)))?;
        let here = |name: &&String| one.region.as_ref().is_none_or(|region| region == *name);
        let names: Vec<&String> = account.regions.keys().filter(here).collect();
        if names.is_empty() {
            return Err(wrong(format!("the account has no region {}", one.region.as_deref().unwrap_or_default())));
        }
        for region in names.into_iter().filter_map(|name| account.regions.get(name)) {
            let content = one.content.clone();
            region.documents.put(Document::new(&one.name, &one.kind, &one.account, content, now));
        }
    }
    Ok(())
}

/// The documents that the caller's account has where the call is made.
fn here<'a>(call: &Call<'a>) -> Result<&'a Documents, ApiError> {
    // A region that an account has not opted in to knows none of its keys.
    let closed = || {
        ApiError::new("UnrecognizedClientException", "The security token included in the request is invalid.")
            .or_code("InvalidClientTokenId")
    };
    call.here().map(|region| &region.documents).ok_or_else(closed)
}

/// Finds a document by its name or ARN: the account's own, or one of AWS's.
pub fn find(call: &Call<'_>, named: &str) -> Option<Arc<Document>> {
    let name = named.rsplit('/').next().unwrap_or(named);
    call.here().and_then(|region| region.documents.get(name)).or_else(|| own::find(name))
}

/// Finds the version of a document that a call names.
fn named(call: &Call<'_>, input: Input<'_>) -> Result<(Arc<Document>, DocumentVersion), ApiError> {
    let name = input.required("Name")?;
    let document = find(call, name).ok_or_else(|| unknown(name))?;
    let wanted = input.text("DocumentVersion")?;
    let version = match (wanted, input.text("VersionName")?) {
        (None, Some(name)) => document.versions.iter().find(|version| version.name.as_deref() == Some(name)),
        (wanted, _) => document.version(wanted.unwrap_or("$DEFAULT")),
    };
    let version = version.cloned().ok_or_else(no_version)?;
    Ok((document, version))
}

fn unknown(name: &str) -> ApiError {
    error("InvalidDocument", format!("Document with name {name} does not exist."))
}

fn no_version() -> ApiError {
    error("InvalidDocumentVersion", "The document version is not valid or does not exist.")
}

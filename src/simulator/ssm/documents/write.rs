//! `CreateDocument`, `UpdateDocument`, `UpdateDocumentDefaultVersion` and `DeleteDocument`.

use super::describe::description;
use super::{Content, here, is_of_aws, no_version, unknown};
use crate::simulator::call::Call;
use crate::simulator::ssm::error;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::{Document, DocumentVersion};

/// How many versions a document may have.
const MOST_VERSIONS: usize = 1_000;

/// Whether a document may be called so.
pub fn check_name(name: &str) -> Result<(), ApiError> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if !(3..=128).contains(&name.len()) || !name.chars().all(letter) {
        let rule = "Member must satisfy regular expression pattern: ^[a-zA-Z0-9_\\-.]{3,128}$";
        return Err(ApiError::constraint(name, "Name", rule));
    }
    if is_of_aws(name) {
        let message = format!("The document name {name} begins with a prefix that is reserved for AWS.");
        return Err(ApiError::new("ValidationException", message));
    }
    Ok(())
}

/// Reads the content that a call brings, which must be JSON.
fn content<'a>(kind: &str, input: Input<'a>) -> Result<&'a str, ApiError> {
    let text = input.required("Content")?;
    match input.text("DocumentFormat")? {
        None | Some("JSON") => {}
        Some("YAML") => {
            let message = "The simulated account takes documents as JSON only.";
            return Err(error("InvalidDocumentContent", message));
        }
        Some(word) => {
            let rule = "Member must satisfy enum value set: [YAML, TEXT, JSON]";
            return Err(ApiError::constraint(word, "DocumentFormat", rule));
        }
    }
    Content::read(kind, text).map(|_| text)
}

/// Makes a document.
pub fn create_document(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.required("Name")?;
    check_name(name)?;
    let kind = input.text("DocumentType")?.unwrap_or("Command");
    if !["Session", "Automation"].contains(&kind) {
        let message = format!("The simulated account has documents of the types Session and Automation, not {kind}.");
        return Err(error("InvalidDocumentContent", message));
    }
    let text = content(kind, input)?;
    let mut tags = Vec::new();
    for tag in input.structures("Tags")? {
        tags.push((tag.required("Key")?.to_owned(), tag.text("Value")?.unwrap_or_default().to_owned()));
    }
    let version_name = input.text("VersionName")?.map(str::to_owned);
    let made = here(call)?.change(name, |known| {
        if known.is_some() {
            return Err(error("DocumentAlreadyExists", format!("Document with same name {name} already exists")));
        }
        let mut document = Document::new(name, kind, &call.principal.account, text.to_owned(), call.now);
        document.tags = tags;
        if let Some(first) = document.versions.first_mut() {
            first.name = version_name;
        }
        Ok(Some(document))
    })?;
    described(made.as_deref(), None)
}

fn described(document: Option<&Document>, version: Option<u32>) -> Result<Value, ApiError> {
    let document = document.ok_or_else(|| ApiError::internal("The document is gone."))?;
    let number = version.unwrap_or(document.default);
    let version = document.versions.iter().find(|one| one.number == number).ok_or_else(no_version)?;
    Ok(object().with("DocumentDescription", description(document, version)?).into())
}

/// Adds a version to a document; the one that is taken where none is named stays the same.
pub fn update_document(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.required("Name")?;
    let known = here(call)?.get(name).ok_or_else(|| unknown(name))?;
    let text = content(&known.kind, input)?;
    let upon = input.text("DocumentVersion")?;
    let version_name = input.text("VersionName")?;
    let changed = here(call)?.change(name, |known| {
        let mut document = known.cloned().ok_or_else(|| unknown(name))?;
        let latest = document.versions.last().map_or(0, |version| version.number);
        // A version is made upon the latest one, and the caller says that this is meant.
        if upon.is_some_and(|upon| upon != "$LATEST" && upon != latest.to_string()) {
            return Err(no_version());
        }
        if document.versions.iter().any(|version| version.content == text) {
            let message = "The content of the association document matches another document. Change the content of the \
                           document and try again.";
            return Err(error("DuplicateDocumentContent", message));
        }
        let named = |version: &DocumentVersion| version_name.is_some() && version.name.as_deref() == version_name;
        if document.versions.iter().any(named) {
            let message = "The version name has already been used in this document.";
            return Err(error("DuplicateDocumentVersionName", message));
        }
        if document.versions.len() >= MOST_VERSIONS {
            return Err(error("DocumentVersionLimitExceeded", "The document has too many versions."));
        }
        document.versions.push(DocumentVersion {
            number: latest + 1,
            name: version_name.map(str::to_owned),
            content: text.to_owned(),
            created: call.now,
        });
        Ok(Some(document))
    })?;
    let latest = changed.as_deref().and_then(|document| document.versions.last()).map(|version| version.number);
    described(changed.as_deref(), latest)
}

/// Chooses the version that is taken where none is named.
pub fn update_document_default_version(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (name, wanted) = (input.required("Name")?, input.required("DocumentVersion")?);
    let changed = here(call)?.change(name, |known| {
        let mut document = known.cloned().ok_or_else(|| unknown(name))?;
        document.default = document.version(wanted).ok_or_else(no_version)?.number;
        Ok(Some(document))
    })?;
    let chosen = changed.as_deref().and_then(|document| document.version("$DEFAULT"));
    let description = object()
        .with("Name", name.to_owned())
        .with("DefaultVersion", wanted.to_owned())
        .with("DefaultVersionName", chosen.and_then(|version| version.name.clone()));
    Ok(object().with("Description", description).into())
}

/// Takes a document away, or one of its versions.
pub fn delete_document(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.required("Name")?;
    let version = input.text("DocumentVersion")?;
    here(call)?.change(name, |known| {
        let mut document = known.cloned().ok_or_else(|| unknown(name))?;
        let Some(wanted) = version else { return Ok(None) };
        let number = document.version(wanted).ok_or_else(no_version)?.number;
        if number == document.default {
            let message = "You can't delete the default version of a document.";
            return Err(error("InvalidDocumentOperation", message));
        }
        document.versions.retain(|version| version.number != number);
        Ok(Some(document))
    })?;
    Ok(object().into())
}

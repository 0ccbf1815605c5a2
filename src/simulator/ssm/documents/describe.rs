//! `GetDocument`, `DescribeDocument`, `ListDocuments` and `ListDocumentVersions`.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{Content, named, own, unknown};
use crate::simulator::call::Call;
use crate::simulator::paging;
use crate::simulator::ssm::error;
use crate::simulator::ssm::nodes::tokened;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};
use crate::simulator::world::{Document, DocumentVersion};

/// The systems on which sessions run.
const PLATFORMS: [&str; 3] = ["Windows", "Linux", "MacOS"];

/// Answers a document's content.
pub fn get_document(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (document, version) = named(call, input)?;
    match input.text("DocumentFormat")? {
        None | Some("JSON") => {}
        Some(word) => {
            let message = format!("The simulated account has documents as JSON only, not as {word}.");
            return Err(ApiError::new("ValidationException", message));
        }
    }
    Ok(object()
        .with("Name", &document.name)
        .time("CreatedDate", version.created)
        .with("VersionName", version.name)
        .with("DocumentVersion", version.number.to_string())
        .with("Status", "Active")
        .with("Content", version.content)
        .with("DocumentType", &document.kind)
        .with("DocumentFormat", "JSON")
        .into())
}

/// Describes a document.
pub fn describe_document(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (document, version) = named(call, input)?;
    Ok(object().with("Document", description(&document, &version)?).into())
}

/// Writes what a version of a document is.
pub fn description(document: &Document, version: &DocumentVersion) -> Result<Object, ApiError> {
    let content = Content::read(&document.kind, &version.content)?;
    let parameters = content.parameters.iter().map(|one| {
        // A description knows two types only, whatever the document says.
        let many = matches!(one.kind.word(), "StringList" | "MapList");
        object()
            .with("Name", &one.name)
            .with("Type", if many { "StringList" } else { "String" })
            .with("Description", one.description.clone())
            .with("DefaultValue", one.default_text())
    });
    let latest = document.versions.last().map_or(1, |version| version.number);
    Ok(object()
        .with("Hash", hex::encode(Sha256::digest(version.content.as_bytes())))
        .with("HashType", "Sha256")
        .with("Name", &document.name)
        .with("VersionName", version.name.clone())
        .with("Owner", &document.owner)
        .time("CreatedDate", version.created)
        .with("Status", "Active")
        .with("DocumentVersion", version.number.to_string())
        .with("Description", content.description)
        .with("Parameters", list(parameters))
        .with("PlatformTypes", list(PLATFORMS))
        .with("DocumentType", &document.kind)
        .with("SchemaVersion", content.schema)
        .with("LatestVersion", latest.to_string())
        .with("DefaultVersion", document.default.to_string())
        .with("DocumentFormat", "JSON")
        .with("Tags", tags(document)))
}

fn tags(document: &Document) -> Value {
    list(document.tags.iter().map(|(key, value)| object().with("Key", key).with("Value", value)))
}

/// Lists the documents that all filters let through, fifty a page at most, by their names.
pub fn list_documents(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let size = input.page_size("MaxResults", 50, 50)?;
    let filters = filters(input)?;
    let own = call.here().map(|region| region.documents.all()).unwrap_or_default();
    let fits = |one: &Arc<Document>| filters.iter().all(|(key, values)| is_of(call, one, key, values));
    let mut documents: Vec<Arc<Document>> = own.into_iter().chain(own::all()).filter(fits).collect();
    documents.sort_by(|one, other| one.name.cmp(&other.name));
    let scope = format!("{}/{filters:?}", call.scope("ListDocuments"));
    let after = tokened(input, &scope)?;
    let names = documents.iter().map(|one| one.name.clone()).collect();
    let (page, token) = paging::cut(&scope, names, after.as_deref(), size);
    let shown = documents.iter().filter(|one| page.contains(&one.name)).filter_map(|one| {
        let version = one.version("$DEFAULT")?;
        let content = Content::read(&one.kind, &version.content).ok()?;
        let identifier = object()
            .with("Name", &one.name)
            .time("CreatedDate", version.created)
            .with("Owner", &one.owner)
            .with("VersionName", version.name.clone())
            .with("PlatformTypes", list(PLATFORMS))
            .with("DocumentVersion", version.number.to_string())
            .with("DocumentType", &one.kind)
            .with("SchemaVersion", content.schema)
            .with("DocumentFormat", "JSON")
            .with("Tags", tags(one));
        Some(Value::from(identifier))
    });
    Ok(object().with("DocumentIdentifiers", shown.collect::<Vec<_>>()).with("NextToken", token).into())
}

type Filter = (String, Vec<String>);

/// The filters in their two writings.
fn filters(input: Input<'_>) -> Result<Vec<Filter>, ApiError> {
    let mut filters = Vec::new();
    for filter in input.structures("Filters")? {
        let values = filter.texts("Values")?.unwrap_or_default();
        filters.push((filter.required("Key")?.to_owned(), values.into_iter().map(str::to_owned).collect()));
    }
    for filter in input.structures("DocumentFilterList")? {
        filters.push((filter.required("key")?.to_owned(), vec![filter.required("value")?.to_owned()]));
    }
    let known = |key: &str| {
        ["Name", "Owner", "DocumentType", "PlatformTypes", "SearchKeyword"].contains(&key) || key.starts_with("tag:")
    };
    if filters.iter().all(|(key, _)| known(key)) { Ok(filters) } else { Err(error("InvalidFilterKey", "")) }
}

fn is_of(call: &Call<'_>, document: &Document, key: &str, values: &[String]) -> bool {
    let any = |fits: &dyn Fn(&str) -> bool| values.iter().any(|value| fits(value));
    match key {
        "Name" => any(&|value| document.name.starts_with(value)),
        "SearchKeyword" => any(&|value| document.name.contains(value)),
        "DocumentType" => any(&|value| document.kind == value),
        "PlatformTypes" => any(&|value| PLATFORMS.contains(&value)),
        "Owner" => any(&|value| match value {
            "Amazon" => document.owner == "Amazon",
            "Self" | "Private" => document.owner == call.principal.account,
            "All" => true,
            _ => false,
        }),
        _ => {
            let tag = key.strip_prefix("tag:").unwrap_or_default();
            document.tags.iter().any(|(key, value)| key == tag && any(&|wanted| value == wanted))
        }
    }
}

/// Lists a document's versions, the newest first.
pub fn list_document_versions(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.required("Name")?;
    let size = input.page_size("MaxResults", 50, 50)?;
    let document = super::find(call, name).ok_or_else(|| unknown(name))?;
    let scope = format!("{}/{name}", call.scope("ListDocumentVersions"));
    let before: u32 = tokened(input, &scope)?.and_then(|text| text.parse().ok()).unwrap_or(u32::MAX);
    let older: Vec<&DocumentVersion> =
        document.versions.iter().rev().filter(|version| version.number < before).collect();
    let shown = older.iter().take(size).map(|version| {
        object()
            .with("Name", &document.name)
            .with("DocumentVersion", version.number.to_string())
            .with("VersionName", version.name.clone())
            .time("CreatedDate", version.created)
            .with("IsDefaultVersion", version.number == document.default)
            .with("DocumentFormat", "JSON")
            .with("Status", "Active")
    });
    let last = older.get(size.saturating_sub(1)).filter(|_| older.len() > size);
    let token = last.map(|version| paging::seal(&scope, &version.number.to_string()));
    Ok(object().with("DocumentVersions", list(shown)).with("NextToken", token).into())
}

//! Documents of Systems Manager, from their making to their end.

use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::{DocumentKeyValuesFilter, DocumentType, Tag};
use serde_json::json;

use crate::changes::SHOP;
use crate::support::Stage;

fn port(host: &str) -> String {
    json!({
        "schemaVersion": "1.0",
        "description": "A tunnel",
        "sessionType": "Port",
        "parameters": { "localPortNumber": { "type": "String", "default": "0", "allowedPattern": "^[0-9]{1,5}$" } },
        "properties": {
            "type": "LocalPortForwarding", "host": host, "portNumber": "5432", "localPortNumber": "{{ localPortNumber }}",
        },
    })
    .to_string()
}

async fn create(stage: &Stage, name: &str, kind: DocumentType, content: &str) -> Result<(), String> {
    let asked = stage.ssm.create_document().name(name).document_type(kind).content(content);
    match asked.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.code().unwrap_or_default().to_owned()),
    }
}

#[tokio::test]
async fn a_document_has_versions_and_one_that_counts() {
    let stage = Stage::text(SHOP).await;
    create(&stage, "Own-tunnel", DocumentType::Session, &port("one")).await.unwrap();
    assert_eq!(
        create(&stage, "Own-tunnel", DocumentType::Session, &port("one")).await.unwrap_err(),
        "DocumentAlreadyExists"
    );
    let update =
        |host: &str| stage.ssm.update_document().name("Own-tunnel").document_version("$LATEST").content(port(host));
    let updated = update("two").send().await.unwrap();
    assert_eq!(updated.document_description().unwrap().latest_version(), Some("2"));
    assert_eq!(update("two").send().await.unwrap_err().code(), Some("DuplicateDocumentContent"));
    let host = async |version: Option<&str>| {
        let got = stage.ssm.get_document().name("Own-tunnel").set_document_version(version.map(str::to_owned));
        let got = got.send().await.unwrap();
        let content: serde_json::Value = serde_json::from_str(got.content().unwrap()).unwrap();
        content["properties"]["host"].as_str().unwrap().to_owned()
    };
    assert_eq!((host(None).await, host(Some("$LATEST")).await), ("one".to_owned(), "two".to_owned()));
    let choose = stage.ssm.update_document_default_version().name("Own-tunnel").document_version("2");
    choose.send().await.unwrap();
    assert_eq!(host(None).await, "two");
    let listed = stage.ssm.list_document_versions().name("Own-tunnel").send().await.unwrap();
    let versions: Vec<_> = listed
        .document_versions()
        .iter()
        .map(|one| (one.document_version().unwrap(), one.is_default_version()))
        .collect();
    assert_eq!(versions, [("2", true), ("1", false)]);
    let gone = stage.ssm.delete_document().name("Own-tunnel").document_version("2").send().await.unwrap_err();
    assert_eq!(gone.code(), Some("InvalidDocumentOperation"), "it is the one that counts");
    stage.ssm.delete_document().name("Own-tunnel").send().await.unwrap();
    let gone = stage.ssm.get_document().name("Own-tunnel").send().await.unwrap_err();
    assert_eq!(gone.code(), Some("InvalidDocument"));
}

#[tokio::test]
async fn sessions_run_what_the_document_that_was_made_says() {
    let stage = Stage::text(SHOP).await;
    create(&stage, "Own-tunnel", DocumentType::Session, &port("db")).await.unwrap();
    let start = |name: &str, value: &str| {
        let asked = stage.ssm.start_session().target("i-0a1b2c3d4e5f60718").document_name("Own-tunnel");
        asked.parameters(name, vec![value.to_owned()])
    };
    assert!(start("localPortNumber", "15432").send().await.unwrap().token_value().is_some());
    for (name, value) in [("host", "elsewhere"), ("localPortNumber", "99999"), ("localPortNumber", "1;2")] {
        let error = start(name, value).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameters"), "{name} = {value}");
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let stage = Stage::text(SHOP).await;
    let steps = |action: &str| {
        json!({ "schemaVersion": "0.3", "mainSteps": [{ "name": "one", "action": action, "inputs": {} }] }).to_string()
    };
    for (name, kind, content, code) in [
        ("Own-one", DocumentType::Session, "{".to_owned(), "InvalidDocumentContent"),
        ("Own-one", DocumentType::Session, steps("aws:sleep"), "InvalidDocumentSchemaVersion"),
        ("Own-one", DocumentType::Automation, steps("aws:approve"), "InvalidDocumentContent"),
        ("Own-one", DocumentType::Automation, steps("aws:executeAwsApi"), "InvalidDocumentContent"),
        ("Own-one", DocumentType::Command, port("x"), "InvalidDocumentContent"),
        ("AWS-one", DocumentType::Session, port("x"), "ValidationException"),
        ("目黒", DocumentType::Session, port("x"), "ValidationException"),
    ] {
        assert_eq!(create(&stage, name, kind, &content).await.unwrap_err(), code, "{content}");
    }
}

#[tokio::test]
async fn documents_are_listed_and_described() {
    let stage = Stage::builtin("sessions").await;
    let own = || DocumentKeyValuesFilter::builder().key("Owner").values("Self").build();
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let page = stage.ssm.list_documents().filters(own()).max_results(4).set_next_token(token).send().await.unwrap();
        names.extend(page.document_identifiers().iter().filter_map(|one| one.name()).map(str::to_owned));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert!(names.len() > 5 && names.contains(&"Sekisho-prd-node-shell".to_owned()), "{names:?}");
    let described = stage.ssm.describe_document().name("Sekisho-prd-db-readonly").send().await.unwrap();
    let described = described.document().unwrap();
    assert_eq!((described.owner(), described.schema_version()), (Some("111122223333"), Some("1.0")));
    assert_eq!(described.parameters()[0].name(), Some("localPortNumber"));
    let shell = stage.ssm.get_document().name("Sekisho-prd-node-shell").send().await.unwrap();
    let content: serde_json::Value = serde_json::from_str(shell.content().unwrap()).unwrap();
    assert_eq!(content["inputs"]["maxSessionDuration"], "30");
    assert_eq!(content["inputs"]["idleSessionTimeout"], "10");
    let amazon = DocumentKeyValuesFilter::builder().key("Owner").values("Amazon").build();
    let listed = stage.ssm.list_documents().filters(amazon).send().await.unwrap();
    assert!(listed.document_identifiers().iter().all(|one| one.name().unwrap().starts_with("AWS-")));
    let tag = Tag::builder().key("Team").value("shop").build().unwrap();
    let tagged = stage
        .ssm
        .create_document()
        .name("Own-tagged")
        .document_type(DocumentType::Session)
        .tags(tag)
        .content(port("x"));
    tagged.send().await.unwrap();
    let by_tag = DocumentKeyValuesFilter::builder().key("tag:Team").values("shop").build();
    let listed = stage.ssm.list_documents().filters(by_tag).send().await.unwrap();
    assert_eq!(listed.document_identifiers()[0].name(), Some("Own-tagged"));
}

//! A catalogue in Parameter Store that changes while it is in use.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use sekisho::{
    aws::{Connection, Shared},
    config::EnvironmentConfig,
    domain::environment::Environment,
    i18n::{Lang, Texts},
    operate::{Operator, Outfit},
    runbook::catalogue::Catalogue,
    runtime::clock::Clock,
};
use serde_json::json;

use super::fake::{Fake, Said};

const PATH: &str = "/shop/sekisho";

const ENTRY: &str = r#"
id = "finding-notified"
title = { ja = "通知済みにする", en = "Mark as notified" }
operation = "securityhub.workflow"
status = "NOTIFIED"
roles = ["operator"]
environments = ["prd"]
reason = true
"#;

/// What lies in Parameter Store; nothing where it cannot be read.
type Store = Arc<Mutex<Option<String>>>;

fn answer(store: &Store, operation: &str) -> Said {
    match (operation, store.lock().unwrap().as_ref()) {
        ("GetParametersByPath", Some(entry)) => {
            let one =
                |name: &str, value: &str| json!({"Name": format!("{PATH}/{name}"), "Type": "String", "Value": value});
            Said::Yes(
                json!({"Parameters": [one("bindings.toml", "[prd]\n"), one("entries/finding-notified.toml", entry)]}),
            )
        }
        ("GetParametersByPath", None) => Said::No(500, "InternalServerError", "no"),
        _ => Said::No(400, "ValidationException", "not known here"),
    }
}

#[tokio::test]
async fn parameters_that_change_are_told_unless_nobody_knows() {
    let store: Store = Arc::new(Mutex::new(Some(ENTRY.to_owned())));
    let known = Arc::clone(&store);
    let fake = Fake::start(move |operation, _| answer(&known, operation)).await;
    let plan = fake.plan();
    let connection = Connection::open(plan.clone(), Shared::new(Clock::real().to_now())).await.unwrap();
    let read = connection.parameters(PATH).await.unwrap();
    let catalogue = Arc::new(Catalogue::of_parameters(PATH, &read.items).unwrap());
    let environment =
        Environment { name: "prd".to_owned(), regions: vec!["ap-northeast-1".to_owned()], ..Environment::default() };
    let folder = tempfile::tempdir().unwrap();
    let (clock, hand) = Clock::manual(Timestamp::now());
    let operator = Operator::new(Outfit {
        environments: vec![EnvironmentConfig { environment, credentials: plan.credentials }],
        roles: Vec::new(),
        catalogues: BTreeMap::from([("prd".to_owned(), catalogue)]),
        endpoint_url: plan.endpoint_url,
        shared: Shared::new(clock.to_now()),
        clock,
        journal: folder.path().join("journal"),
        heads: None,
        recordings: folder.path().join("recordings"),
        host: "console-1".to_owned(),
        texts: Texts::of(Lang::En),
    });
    let of = |changed: bool| BTreeMap::from([("prd".to_owned(), changed)]);
    assert!(operator.has_catalogues_elsewhere());
    assert_eq!(operator.changed_folders().await, BTreeMap::new());
    assert_eq!(operator.changed_parameters().await, of(false));

    *store.lock().unwrap() = Some(ENTRY.replace("operator", "staff"));
    assert_eq!(operator.changed_parameters().await, of(true));
    // Each look is several calls: what has just been loaded is what is there.
    let calls = fake.called("GetParametersByPath");
    assert!(!operator.has_changed("prd").await);
    assert_eq!(fake.called("GetParametersByPath"), calls);
    hand.advance(SignedDuration::from_mins(5));
    assert!(operator.has_changed("prd").await);
    *store.lock().unwrap() = Some("what?".to_owned());
    assert_eq!(operator.changed_parameters().await, of(true), "what holds no catalogue any more holds another one");
    *store.lock().unwrap() = None;
    assert_eq!(operator.changed_parameters().await, BTreeMap::new());
    assert!(!operator.has_changed("prd").await);
    *store.lock().unwrap() = Some(ENTRY.to_owned());
    assert_eq!(operator.changed_parameters().await, of(false));
}

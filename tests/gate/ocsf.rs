//! Records as OCSF events, held against the schema that they name.

use serde_json::{Value, json};

use sekisho::journal::audit::audit;
use sekisho::journal::{About, Ending, FILE, Outcome, RunStep, ocsf};

use super::journal::{about, authorized, deny, open, outcome, request};

/// What the schema says of the class and of the objects that our events use, made from its files.
fn schema() -> Value {
    serde_json::from_str(include_str!("../vectors/ocsf-1.6.0-api-activity.json")).unwrap()
}

/// Returns the events of a journal with a record of each kind.
fn events() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    deny(&journal, &request("調査")).unwrap();
    let run = Some(RunStep { run: "inc-5xx/7".to_owned(), step: "tunnel".to_owned() });
    let intent = journal.intent(&authorized("調査"), &About { run, ..about() }).unwrap();
    journal.outcome(&intent, &outcome()).unwrap();
    for result in [Ending::Failed, Ending::Unknown] {
        let intent = journal.intent(&authorized("x"), &about()).unwrap();
        let ended = Outcome { result, request_id: None, error: Some("why".to_owned()), ..outcome() };
        journal.outcome(&intent, &ended).unwrap();
    }
    let path = folder.path().join(FILE);
    let torn = [std::fs::read(&path).unwrap(), b"{\"a".to_vec()].concat();
    std::fs::write(&path, torn).unwrap();
    deny(&open(folder.path()), &request("x")).unwrap();
    let mut events = Vec::new();
    audit(&path, Vec::new(), |record| {
        events.push(ocsf::event(record));
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!(events.len(), 9);
    events
}

/// Holds an object against its attributes: what is required is there, what is there is known and of its type.
fn check(schema: &Value, attributes: &Value, object: &Value, path: &str) {
    let members = object.as_object().unwrap_or_else(|| panic!("{path} is no object"));
    for (name, attribute) in attributes.as_object().unwrap() {
        let is_required = attribute["requirement"] == "required";
        assert!(!is_required || members.contains_key(name), "{path}.{name} is required");
    }
    for (name, value) in members {
        let path = format!("{path}.{name}");
        let attribute = &attributes[name];
        assert!(attribute.is_object(), "{path} is not of the schema");
        let values = match value {
            Value::Array(values) => {
                assert_eq!(attribute["array"], true, "{path}");
                values.clone()
            }
            value => {
                assert_ne!(attribute["array"], true, "{path}");
                vec![value.clone()]
            }
        };
        for value in values {
            check_value(schema, attribute, &value, &path);
        }
    }
}

fn check_value(schema: &Value, attribute: &Value, value: &Value, path: &str) {
    match attribute["type"].as_str().unwrap() {
        "string_t" | "hostname_t" => assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{path}: {value}"),
        "integer_t" | "long_t" | "timestamp_t" => assert!(value.is_i64() || value.is_u64(), "{path}: {value}"),
        "object" => assert!(value.is_object(), "{path}"),
        kind => {
            let object = &schema["objects"][kind];
            assert!(object.is_object(), "{path}: the vector lacks {kind}");
            check(schema, &object["attributes"], value, path);
            let one_of = object["at_least_one"].as_array().unwrap();
            let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
            assert!(one_of.is_empty() || one_of.iter().any(has), "{path} lacks one of {one_of:?}");
        }
    }
    if let Some(known) = attribute.get("enum").and_then(Value::as_array) {
        let spelt = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert!(known.iter().any(|one| one == &json!(spelt)), "{path}: {value} is none of {known:?}");
    }
}

#[test]
fn events_are_of_the_schema() {
    let schema = schema();
    for event in events() {
        check(&schema, &schema["event"], &event, "event");
        let uid = |name: &str| event[name].as_u64().unwrap();
        assert_eq!((uid("category_uid"), uid("class_uid")), (6, 6003));
        assert_eq!(uid("type_uid"), uid("class_uid") * 100 + uid("activity_id"));
        assert_eq!(event["metadata"]["version"], ocsf::VERSION);
    }
}

/// Something done to an event.
type Change = fn(&mut Value);

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let schema = schema();
    let right = events().remove(1);
    let wrong: [(&str, Change); 5] = [
        ("lacks", |event| drop(event.as_object_mut().unwrap().remove("api"))),
        ("unknown", |event| event["nope"] = json!(1)),
        ("type", |event| event["time"] = json!("now")),
        ("enum", |event| event["status_id"] = json!(7)),
        ("one of", |event| event["src_endpoint"] = json!({})),
    ];
    for (what, change) in wrong {
        let mut event = right.clone();
        change(&mut event);
        let found = std::panic::catch_unwind(|| check(&schema, &schema["event"], &event, "event"));
        assert!(found.is_err(), "{what} was not found");
    }
}

#[test]
fn an_event_says_who_did_what_to_what_and_how_it_ended() {
    let events = events();
    let [denied, begun, done, _, failed, _, unknown, recovered, _] = &events[..] else { panic!("nine events") };
    assert_eq!((&denied["status"], &denied["status_detail"]), (&json!("Failure"), &json!("reason-missing")));
    assert_eq!(denied["api"]["operation"], "db-readonly");
    assert_eq!((&begun["status_id"], &begun["status"]), (&json!(99), &json!("begun")));
    assert_eq!(begun["metadata"]["correlation_uid"], "inc-5xx/7");
    assert_eq!(done["status"], "Success");
    assert_eq!((&done["activity_name"], &done["api"]["operation"]), (&json!("Create"), &json!("StartSession")));
    assert_eq!(done["api"]["service"]["name"], "ssm.amazonaws.com");
    assert_eq!(done["api"]["request"]["uid"], "11111111-2222-3333-4444-555555555555");
    assert_eq!((&done["duration"], &done["time"]), (&json!(61_000), &json!(1_795_305_600_000_i64)));
    assert_eq!(done["actor"]["user"]["name"], "op-0137");
    assert_eq!(done["actor"]["user"]["groups"], json!([{ "name": "responder" }]));
    let resource = json!({
        "uid": "arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/0123456789abcdef0123456789abcdef",
        "name": "tunnel/tunnel 01234567", "cloud_partition": "aws", "type": "ecs:task", "region": "ap-northeast-1",
    });
    assert_eq!(done["resources"], json!([resource]));
    assert_eq!(
        (&done["src_endpoint"]["hostname"], &done["unmapped"]["act"]["reason"]),
        (&json!("console-1"), &json!("調査"))
    );
    assert_eq!((&failed["status"], &failed["status_detail"]), (&json!("Failure"), &json!("why")));
    assert_eq!(unknown["status_id"], 0);
    assert_eq!(recovered["actor"], json!({ "app_name": "Sekisho" }));
}

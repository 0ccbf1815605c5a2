//! Writes records as events of the Open Cybersecurity Schema Framework, for systems that collect those of everybody.
//!
//! Each record is one event of the class API Activity (6003), with the profile `cloud`.
//!
//! Source: OCSF schema 1.6.0, `events/application/api_activity.json` and the objects that it names
//! (<https://schema.ocsf.io/1.6.0/classes/api_activity>).

use serde_json::{Map, Value, json};

use super::query::verdict;
use super::record::{Act, Ending, Kind, Record};

/// The version of the schema that events are written by.
pub const VERSION: &str = "1.6.0";

/// Application Activity.
const CATEGORY: u64 = 6;

/// API Activity.
const CLASS: u64 = 6003;

/// Informational: a journal says what was done, and not how bad that is.
const INFORMATIONAL: u64 = 1;

/// The name of this program, as a product and as an actor where no person is one.
const PRODUCT: &str = "Sekisho";

/// An activity of the class: its id and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Unknown,
    Create,
    Update,
    Delete,
    Other,
}

impl Activity {
    const fn id(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Create => 1,
            Self::Update => 3,
            Self::Delete => 4,
            Self::Other => 99,
        }
    }

    /// The caption of the schema; of what it has no name for, AWS's.
    const fn name(self, call: &'static str) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Other => call,
        }
    }
}

/// Says what an operation is in AWS's terms: the activity, the call and the service that is called.
fn call(operation: &str) -> (Activity, &'static str, &'static str) {
    const SSM: &str = "ssm.amazonaws.com";
    match operation {
        "ssm.shell" | "ssm.port_forward" => (Activity::Create, "StartSession", SSM),
        "ssm.automation" => (Activity::Create, "StartAutomationExecution", SSM),
        "ecs.exec" => (Activity::Other, "ExecuteCommand", "ecs.amazonaws.com"),
        "ecs.stop_task" => (Activity::Delete, "StartAutomationExecution", SSM),
        "ecs.redeploy" | "ecs.rollback" | "ecs.scale" => (Activity::Update, "StartAutomationExecution", SSM),
        "securityhub.workflow" => (Activity::Update, "BatchUpdateFindings", "securityhub.amazonaws.com"),
        _ => (Activity::Unknown, "", ""),
    }
}

/// Writes a record as an event.
pub fn event(record: &Record) -> Value {
    let act = record.act.as_ref();
    let operation = act.and_then(|act| act.operation.as_deref()).unwrap_or_default();
    let (activity, call, service) = call(operation);
    let (status_id, status) = status(record);
    let mut event = json!({
        "activity_id": activity.id(),
        "activity_name": activity.name(call),
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity.id(),
        "type_name": format!("API Activity: {}", activity.name(call)),
        "severity_id": INFORMATIONAL,
        "severity": "Informational",
        "status_id": status_id,
        "status": status,
        "status_code": verdict(record),
        "time": record.time.as_millisecond(),
        "metadata": metadata(record, act),
        "actor": actor(act),
        "api": api(record, act, call, service),
        "cloud": cloud(act),
        "src_endpoint": source(act),
        "unmapped": unmapped(record),
    });
    let Value::Object(members) = &mut event else { return event };
    if let Some(detail) = record.denial.as_ref().or(record.error.as_ref()) {
        members.insert("status_detail".to_owned(), json!(detail));
    }
    if let Some(duration) = record.duration_ms {
        members.insert("duration".to_owned(), json!(duration));
        members.insert("end_time".to_owned(), json!(record.time.as_millisecond()));
    }
    if let Some(resource) = act.and_then(resource) {
        members.insert("resources".to_owned(), json!([resource]));
    }
    event
}

/// Returns how it ended by the schema: 0 Unknown, 1 Success, 2 Failure, 99 Other.
fn status(record: &Record) -> (u64, &'static str) {
    match (record.kind, record.result) {
        (Kind::Denied, _) => (2, "Failure"),
        (Kind::Outcome, Some(ending)) => match ending {
            Ending::Done | Ending::Terminated | Ending::LimitReached => (1, "Success"),
            Ending::Lost | Ending::NotStarted | Ending::Failed => (2, "Failure"),
            Ending::Unknown => (0, "Unknown"),
        },
        (Kind::Intent | Kind::Outcome, _) => (99, "begun"),
        (Kind::Recovered, _) => (99, "recovered"),
    }
}

fn metadata(record: &Record, act: Option<&Act>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("version".to_owned(), json!(VERSION));
    metadata.insert("profiles".to_owned(), json!(["cloud"]));
    let product = json!({ "name": PRODUCT, "vendor_name": PRODUCT, "version": env!("CARGO_PKG_VERSION") });
    metadata.insert("product".to_owned(), product);
    metadata.insert("uid".to_owned(), json!(record.hash));
    metadata.insert("sequence".to_owned(), json!(record.seq));
    metadata.insert("log_name".to_owned(), json!("journal"));
    metadata.insert("log_version".to_owned(), json!(record.version.to_string()));
    metadata.insert("original_time".to_owned(), json!(record.time.to_string()));
    // What belongs together: a run, an incident's ticket, else the operation from its intent to its outcome.
    let together = act.and_then(|act| act.run.clone().or_else(|| act.ticket.clone()));
    let correlation = together.unwrap_or_else(|| format!("journal:{}", record.intent.unwrap_or(record.seq)));
    metadata.insert("correlation_uid".to_owned(), json!(correlation));
    Value::Object(metadata)
}

fn actor(act: Option<&Act>) -> Value {
    // Of a record without an act, and where nobody could be verified, the program is all that is known.
    let Some(act) = act.filter(|act| !act.actor.arn.is_empty()) else { return json!({ "app_name": PRODUCT }) };
    // 1: User. 3: System, which a person with a role of a permission set is not.
    json!({
        "app_name": PRODUCT,
        "user": {
            "name": act.actor.user,
            "uid": act.actor.arn,
            "uid_alt": act.actor.user_id,
            "type_id": 1,
            "type": "User",
            "groups": groups(&act.role),
            "account": account(act),
        },
    })
}

/// The roles of this program; none where there is none.
fn groups(role: &str) -> Vec<Value> {
    role.split(',').filter(|role| !role.is_empty()).map(|role| json!({ "name": role })).collect()
}

/// 10: AWS Account.
fn account(act: &Act) -> Value {
    json!({ "uid": act.account, "type_id": 10, "type": "AWS Account" })
}

fn api(record: &Record, act: Option<&Act>, call: &str, service: &str) -> Value {
    let mut api = Map::new();
    // What was refused was no call; the entry says what it would have been.
    let entry = || act.map_or_else(|| verdict(record).to_owned(), |act| act.entry.clone());
    let operation = if call.is_empty() { entry() } else { call.to_owned() };
    api.insert("operation".to_owned(), json!(operation));
    let service = if service.is_empty() { PRODUCT } else { service };
    api.insert("service".to_owned(), json!({ "name": service }));
    if let Some(id) = &record.request_id {
        api.insert("request".to_owned(), json!({ "uid": id }));
    }
    if let (Kind::Outcome, Some(error)) = (record.kind, &record.error) {
        api.insert("response".to_owned(), json!({ "error_message": error }));
    }
    Value::Object(api)
}

fn cloud(act: Option<&Act>) -> Value {
    let mut cloud = Map::new();
    cloud.insert("provider".to_owned(), json!("AWS"));
    if let Some(act) = act {
        cloud.insert("account".to_owned(), account(act));
        if let Some(region) = &act.region {
            cloud.insert("region".to_owned(), json!(region));
        }
    }
    Value::Object(cloud)
}

fn source(act: Option<&Act>) -> Value {
    match act.map(|act| act.host.as_str()).filter(|host| !host.is_empty()) {
        Some(host) => json!({ "hostname": host, "svc_name": PRODUCT }),
        None => json!({ "svc_name": PRODUCT }),
    }
}

fn resource(act: &Act) -> Option<Value> {
    let arn = act.target_arn.as_ref()?;
    let mut resource = Map::new();
    resource.insert("uid".to_owned(), json!(arn));
    if let Some(name) = &act.target {
        resource.insert("name".to_owned(), json!(name));
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    if let [_, partition, service, ..] = parts[..] {
        resource.insert("cloud_partition".to_owned(), json!(partition));
        let kind = parts.get(5).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
        resource.insert("type".to_owned(), json!(format!("{service}:{kind}")));
    }
    if let Some(region) = &act.region {
        resource.insert("region".to_owned(), json!(region));
    }
    Some(Value::Object(resource))
}

/// What the schema has no place for: the record as it is, without who acted, which stands above.
fn unmapped(record: &Record) -> Value {
    let mut unmapped = serde_json::to_value(record).unwrap_or_default();
    if let Value::Object(members) = &mut unmapped {
        for told in ["time", "version", "duration_ms"] {
            members.remove(told);
        }
        if let Some(Value::Object(act)) = members.get_mut("act") {
            act.remove("actor");
            act.remove("host");
        }
    }
    unmapped
}

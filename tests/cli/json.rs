//! The shapes of `get … -o json`, as they are documented, and a check of documents against them.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Returns the shape of an item of a view: the type of each member, `?` after what may be null, `-` after what may be
/// lacking.
pub fn item(view: &str) -> Value {
    let container = json!({
        "name": "text", "image": "text", "digest": "text?", "last_status": "text", "health": "text",
        "exit_code": "number?",
    });
    let event = json!({"at": "time", "message": "text"});
    match view {
        "services" => json!({
            "environment": "text?", "account": "text?", "region": "text", "cluster": "text", "service": "text",
            "arn": "text", "status": "text", "desired": "number", "running": "number", "pending": "number",
            "rollout": "text?", "rollout_reason": "text?", "failed_tasks": "number", "task_definition": "text",
            "image": "text?", "version": "text?", "spot": "boolean", "exec_enabled": "boolean", "last_event": event,
        }),
        "tasks" => json!({
            "environment": "text?", "account": "text?", "region": "text", "cluster": "text", "service": "text?",
            "task": "text", "arn": "text", "last_status": "text", "desired_status": "text", "health": "text",
            "task_definition": "text", "capacity": "text", "zone": "text", "started_at": "time?",
            "stopped_reason": "text?", "exec_ready": "boolean", "containers": [container],
        }),
        "alarms" => json!({
            "environment": "text?", "account": "text?", "region": "text", "alarm": "text", "arn": "text",
            "kind": "text", "state": "text", "since": "time?", "reason": "text", "description": "text",
            "actions_enabled": "boolean", "alarm_actions": "number", "suppressed": "boolean", "namespace": "text-",
            "metric": "text-", "threshold": "number-", "rule": "text-",
        }),
        "queue" => json!({
            "severity": "text", "environment": "text?", "kind": "text", "trouble": "text", "subject": "subject",
            "since": "time?", "signals": "number", "also": [{"trouble": "text", "subject": "subject"}],
        }),
        "waf" => web_acl(),
        "findings" => json!({
            "environment": "text?", "account": "text", "region": "text", "finding": "text", "product_arn": "text",
            "product": "text", "severity": "text", "workflow": "text", "title": "text", "description": "text",
            "types": ["text"], "control": "text?", "compliance": "text?", "first_seen": "time?", "last_seen": "time?",
            "updated_at": "time?", "resources": [{"kind": "text", "id": "text", "region": "text?"}],
            "remediation": {"text": "text?", "url": "text?"},
        }),
        "targets" => json!({
            "environment": "text", "account": "text?", "entry": "text", "title": {"ja": "text", "en": "text"},
            "operation": "text", "target": "text", "destination": "text?", "document": "text?", "command": "text?",
            "roles": ["text"], "verdict": "text", "rule": "text?", "limit_seconds": "number?", "recorded": "boolean",
            "asks": {
                "reason": "boolean", "ticket": "text?", "confirm": "text",
                "parameters": [{"name": "text", "allowed": "text", "default": "text?"}],
            },
            "catalogue": "text", "origin": "text",
        }),
        "fleet" => json!({
            "environment": "text?", "account": "text?", "kind": "text", "severity": "text?", "items": "number",
            "services": {"steady": "number", "rolling": "number", "short": "number", "failing": "number"},
            "alarms": {"alarm": "number", "insufficient_data": "number", "ok": "number", "actions_off": "number"},
            "waf": {"web_acls": "number", "spikes": "number", "factor": "number?"},
            "findings": {"critical": "number", "high": "number", "partial": "boolean"},
        }),
        _ => panic!("no shape of {view}"),
    }
}

fn web_acl() -> Value {
    let requests = json!({
        "allowed": "number", "blocked": "number", "counted": "number", "captcha": "number", "challenge": "number",
        "passed": "number",
    });
    let rule = json!({
        "rule": "text", "priority": "number", "action": "text", "kind": "text", "statement": "text", "metric": "text",
        "metrics_enabled": "boolean", "requests": requests, "share": "number?", "silence": "text?",
    });
    json!({
        "environment": "text?", "account": "text?", "region": "text", "scope": "text", "web_acl": "text", "arn": "text",
        "description": "text", "default_action": "text?", "capacity": "number?", "rule_count": "number?",
        "metric": "text?", "logging": "text", "log_destinations": ["text"], "range": "text", "requests": requests,
        "partial": "boolean", "blocked_last_hour": "number?",
        "spike": {"now": "number", "usual": "number", "factor": "number?", "since": "time"}, "rules-": [rule],
    })
}

/// Names the objects that may be null.
const NULLABLE: [&str; 3] = ["last_event", "requests", "spike"];

/// Checks a whole document.
pub fn check(view: &str, document: &Value) {
    let envelope = json!({
        "schema": "text", "as_of": "time", "capped": "boolean", "items": [item(view)],
        "sources": [{
            "environment": "text", "account": "text?", "region": "text", "state": "text", "missing_action": "text-",
            "action": "text-", "detail": "text-",
        }],
    });
    assert_eq!(document["schema"], format!("sekisho/{view}/1"));
    check_value(view, &envelope, document);
}

/// Checks a value against its shape; a member that the shape has not is as wrong as one that it lacks.
fn check_value(path: &str, shape: &Value, value: &Value) {
    match shape {
        Value::Object(members) => {
            if value.is_null() && NULLABLE.iter().any(|name| path.ends_with(name)) {
                return;
            }
            let given = value.as_object().unwrap_or_else(|| panic!("{path} is no object: {value}"));
            for (name, shape) in members {
                let path = format!("{path}.{name}");
                match given.get(name.trim_end_matches('-')) {
                    Some(value) => check_value(&path, shape, value),
                    None => {
                        let may_lack = name.ends_with('-') || shape.as_str().is_some_and(|shape| shape.ends_with('-'));
                        assert!(may_lack, "{path} is lacking");
                    }
                }
            }
            let is_known = |name: &String| members.contains_key(name) || members.contains_key(&format!("{name}-"));
            let unknown: Vec<&String> = given.keys().filter(|name| !is_known(name)).collect();
            assert!(unknown.is_empty(), "{path} has members that nobody knows: {unknown:?}");
        }
        Value::Array(shapes) => {
            let items = value.as_array().unwrap_or_else(|| panic!("{path} is no list: {value}"));
            for (index, value) in items.iter().enumerate() {
                check_value(&format!("{path}[{index}]"), &shapes[0], value);
            }
        }
        Value::String(shape) => check_plain(path, shape, value),
        _ => panic!("{shape} is no shape"),
    }
}

fn check_plain(path: &str, shape: &str, value: &Value) {
    if shape.ends_with('?') && value.is_null() {
        return;
    }
    let fits = match shape.trim_end_matches(['?', '-']) {
        "text" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "time" => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "subject" => is_subject(value),
        other => panic!("{other} is no type"),
    };
    assert!(fits, "{path} is no {shape}: {value}");
}

/// Tells whether it names exactly one thing, with what names a thing of its kind.
fn is_subject(value: &Value) -> bool {
    let Some(members) = value.as_object().filter(|members| members.len() == 1) else { return false };
    members.iter().all(|(kind, named)| {
        let wanted: &[&str] = match kind.as_str() {
            "service" => &["cluster", "service"],
            "alarm" => &["name"],
            "web_acl" => &["scope", "web_acl"],
            "findings" => &["finding", "product", "title", "account", "count"],
            "source" => &["panel", "state"],
            "credentials" => &["end"],
            _ => return false,
        };
        let named = named.as_object();
        named.is_some_and(|named| {
            named.len() == wanted.len() && wanted.iter().all(|name| named[*name].is_string() || *name == "count")
        })
    })
}

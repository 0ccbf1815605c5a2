//! A journal made by hand: records with fixed hashes, as a reader would have found them.

use std::sync::Arc;

use sekisho::command::Command;
use sekisho::domain::fetch::{Failure, FailureKind};
use sekisho::journal::audit::Contradiction;
use sekisho::journal::chain::{Broken, StepBack, Why};
use sekisho::journal::head::Head;
use sekisho::journal::query::Query;
use sekisho::journal::reader::{Page, Row, Standing};
use sekisho::journal::ship::{ShipFault, Shipping};
use sekisho::state::State;
use sekisho::state::event::Event;
use sekisho::state::journal::{HeadsRead, JournalReport, wanted};
use sekisho::state::update::update;
use serde_json::{Value, json};

use super::{ago, bad_morning};

/// A record, as its members differ from those of others.
fn row(line: u64, minutes: i64, members: &Value) -> Row {
    let mut record = json!({
        "version": 1, "seq": line, "time": ago(minutes).to_string(),
        "prev": format!("{:064x}", line * 7 - 7), "hash": format!("{:064x}", line * 7),
        "act": {
            "actor": {
                "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoResponder_0123456789abcdef/op-0137",
                "user": "op-0137", "user_id": "AROAEXAMPLE:op-0137",
            },
            "role": "responder", "host": "bastion-1", "environment": "prd", "account": "111122223333",
            "region": "ap-northeast-1", "entry": "db-readonly", "operation": "ssm.port_forward",
            "catalogue": "ab".repeat(32), "parameters": { "local_port": "15432" }, "target": "tunnel/tunnel 01234567",
            "target_arn": "arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/0123456789abcdef0123456789abcdef",
            "reason": "遅いクエリの確認", "ticket": "INC-204",
        },
    });
    merge(&mut record, members);
    let record = serde_json::from_value(record).unwrap();
    Row { line, record: Ok(Arc::new(record)), is_open: false, is_under_way: false }
}

fn merge(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().unwrap() {
        match value {
            Value::Object(_) if into[name].is_object() => merge(&mut into[name], value),
            Value::Null => drop(into.as_object_mut().unwrap().remove(name)),
            value => into[name] = value.clone(),
        }
    }
}

/// The rows of a morning, the oldest first.
pub fn rows() -> Vec<Arc<Row>> {
    let process = json!({ "id": "0d9f4a1e-0000-4000-8000-000000000001", "pid": 4711 });
    let exec = json!({ "entry": "container-inspect/web", "operation": "ecs.exec", "target": "web/app 0af31c77",
        "ticket": null, "reason": "応答が遅い" });
    let stg = json!({ "environment": "stg", "entry": "node-shell", "operation": "ssm.shell", "ticket": null,
        "target": "i-0123456789abcdef0", "reason": "disk", "actor": { "user": "op-0220" } });
    let mut rows = vec![
        row(
            1,
            95,
            &json!({ "kind": "denied", "denial": "reason-missing", "act": {
            "operation": null, "target": null, "target_arn": null, "region": null, "reason": null, "ticket": null } }),
        ),
        row(2, 94, &json!({ "kind": "intent", "process": process })),
        row(
            3,
            61,
            &json!({ "kind": "outcome", "intent": 2, "result": "done", "duration_ms": 1_980_500,
            "session_id": "op-0137-0a1b2c3d4e5f60718", "request_id": "11111111-2222-3333-4444-555555555555",
            "recording_sha256": "cd".repeat(32) }),
        ),
        row(4, 40, &json!({ "kind": "intent", "process": process, "act": exec })),
        row(
            5,
            38,
            &json!({ "kind": "outcome", "intent": 4, "result": "failed", "duration_ms": 812,
            "error": "TargetNotConnectedException", "act": exec }),
        ),
        row(6, 31, &json!({ "kind": "intent", "process": process, "act": stg })),
        row(
            7,
            30,
            &json!({ "kind": "outcome", "intent": 6, "result": "unknown", "error": "console-ended", "act": stg }),
        ),
        row(
            8,
            12,
            &json!({ "kind": "recovered", "act": null,
            "torn": { "bytes": 31, "sha256": "ef".repeat(32), "text": "{\"act\":{\"actor\":{\"arn\":\"arn:aws" } }),
        ),
        row(
            9,
            2,
            &json!({ "kind": "intent", "process": process, "redacted": 1,
            "act": { "reason": "DATABASE_URL=[redacted] を確認", "run": "inc-5xx/7", "step": "tunnel" } }),
        ),
    ];
    rows[8].is_open = true;
    rows.into_iter().map(Arc::new).collect()
}

fn head(seq: u64) -> Head {
    Head::new(seq, format!("{:064x}", seq * 7), format!("{:064x}", 7), ago(61), "bastion-1".to_owned())
}

/// What a reader says of a journal of so many lines that is as it was written.
pub fn standing(lines: u64) -> Standing {
    Standing { lines, verified: lines, open: 1, anchor: Some((lines.min(8), ago(12))), ..Standing::default() }
}

/// Answers what the screen asks for, of these rows.
pub fn answer(state: &mut State, rows: &[Arc<Row>], standing: Standing, heads: HeadsRead) {
    let Some(wanted) = wanted(state) else { return };
    let matches = |row: &&Arc<Row>| match &row.record {
        Ok(record) => wanted.query.matches(record),
        Err(_) => wanted.query.is_empty(),
    };
    let mut matched: Vec<Arc<Row>> = rows.iter().filter(matches).cloned().collect();
    let began = matched.first().and_then(|row| row.record.as_ref().ok().map(|record| record.time));
    if !wanted.oldest_first {
        matched.reverse();
    }
    let from = wanted.from.min(matched.len().saturating_sub(wanted.count));
    let page = Page {
        matched: matched.len(),
        is_searching: false,
        from,
        rows: matched.iter().skip(from).take(wanted.count).cloned().collect(),
        began,
    };
    let report = JournalReport { query: wanted.query, standing, page, heads };
    update(state, Event::Journal(Box::new(report)));
}

/// Screen 9 on the bad morning, with nothing read yet.
pub fn opened() -> State {
    let mut state = bad_morning();
    update(&mut state, Event::Command(Command::Journal));
    state
}

/// Screen 9 with a morning's records, verified and anchored.
pub fn on_journal() -> State {
    let mut state = opened();
    answer(&mut state, &rows(), standing(9), HeadsRead::Read);
    state
}

/// The same, with an operation that a console has under way, and a newer one that was left behind.
pub fn under_way() -> State {
    let mut state = opened();
    let mut rows = rows();
    let last = rows.pop().unwrap();
    rows.push(Arc::new(Row { is_under_way: true, ..(*last).clone() }));
    let left = row(
        10,
        1,
        &json!({ "kind": "intent", "process": { "id": "0d9f4a1e-0000-4000-8000-000000000002", "pid": 4712 } }),
    );
    rows.push(Arc::new(Row { is_open: true, ..left }));
    answer(&mut state, &rows, Standing { under_way: 1, ..standing(10) }, HeadsRead::Read);
    state
}

/// The same, with a record that somebody edited, and the clock set back.
pub fn broken() -> State {
    let mut state = opened();
    let mut rows = rows();
    rows[4] = Arc::new(Row { line: 5, record: Err(Why::Changed), is_open: false, is_under_way: false });
    let standing = Standing {
        verified: 4,
        anchor: Some((3, ago(61))),
        broken: Some(Broken { line: 5, why: Why::Changed }),
        step: Some(StepBack { seq: 3, from: ago(10), to: ago(61) }),
        ..standing(9)
    };
    answer(&mut state, &rows, standing, HeadsRead::NotKept);
    state
}

/// The same, with a tail that was cut off, and nobody to be reached.
pub fn cut() -> State {
    let mut state = opened();
    let standing = Standing { contradictions: vec![Contradiction::Cut(head(12))], ..standing(9) };
    answer(&mut state, &rows(), standing, HeadsRead::Read);
    let failure = Failure {
        kind: FailureKind::Denied { missing_action: "logs:PutLogEvents".to_owned() },
        action: "logs:PutLogEvents".to_owned(),
        detail: String::new(),
        request_id: None,
        at: ago(1),
    };
    let shipping = Shipping { shipped: None, waiting: 3, failure: Some(ShipFault::Source(failure)) };
    update(&mut state, Event::Shipping(shipping));
    state
}

/// The timeline of a ticket.
pub fn timeline() -> State {
    let mut state = on_journal();
    for command in [Command::Bottom, Command::Up, Command::Timeline] {
        update(&mut state, Event::Command(command));
        answer(&mut state, &rows(), standing(9), HeadsRead::Read);
    }
    state
}

/// A record in full.
pub fn record() -> State {
    let mut state = on_journal();
    update(&mut state, Event::Command(Command::Open));
    state
}

/// A journal in which nothing was written yet.
pub fn empty() -> State {
    let mut state = opened();
    let standing = Standing { is_missing: true, ..Standing::default() };
    answer(&mut state, &[], standing, HeadsRead::NotKept);
    state
}

/// What is looked for, as it was typed.
pub fn query(text: &str) -> Query {
    Query::of(text)
}

/// A long journal that is being gone through: its newest records are there, and nothing is said of what is not known.
pub fn counting() -> State {
    let mut state = opened();
    let numbered = |row: Arc<Row>| Arc::new(Row { line: row.line + 999_991, ..(*row).clone() });
    let rows: Vec<Arc<Row>> = rows().into_iter().map(numbered).collect();
    let standing = Standing { lines: 599_300, is_counting: true, ..Standing::default() };
    answer(&mut state, &rows, standing, HeadsRead::Read);
    if let Some(read) = &mut state.journal.read {
        read.page.is_searching = true;
    }
    state
}

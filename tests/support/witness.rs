//! Stands before a simulated account and sees each request before AWS does: whatever acts must be in the journal by then, let
//! through by the gate, for exactly that entry and target.
//!
//! What may be done by whom is written down here once more, by hand: it is what the catalogue is judged by.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sekisho::journal::chain;
use sekisho::simulator::Calls;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};

/// Who may do what in production, and who elsewhere, as the table of the roles has it: operator, responder, staff.
const MAY: [(&str, &str, &str); 12] = [
    ("finding-notified", "ors", "ors"),
    ("finding-resolved", "rs", "rs"),
    ("finding-suppressed", "rs", "rs"),
    ("service-redeploy", "rs", "ors"),
    ("service-rollback", "rs", "rs"),
    ("service-scale", "rs", "rs"),
    ("task-stop", "rs", "rs"),
    ("db-readonly", "rs", "rs"),
    ("db-readwrite", "s", "s"),
    ("container-inspect", "rs", "rs"),
    ("container-shell", "s", "s"),
    ("node-shell", "s", "s"),
];

/// What in production needs no ticket.
const WITHOUT_TICKET: [&str; 2] = ["finding-notified", "container-inspect"];

/// What the names of operations begin with that only read, or that only say who one is.
const READING: [&str; 7] = ["Describe", "Filter", "Get", "List", "Simulate", "StartLiveTail", "AssumeRole"];

/// Tells whether a role may do what an entry says in an environment.
pub fn may(role: &str, environment: &str, entry: &str) -> bool {
    let written = entry.split('/').next().unwrap_or_default();
    let Some((_, in_production, elsewhere)) = MAY.iter().find(|(known, ..)| *known == written) else { return false };
    let letters = if environment == "prd" { in_production } else { elsewhere };
    role.chars().next().is_some_and(|letter| letters.contains(letter)) && !role.is_empty()
}

/// A request, as far as it can be read.
#[derive(Debug)]
struct Asked {
    method: String,
    path: String,
    operation: String,
    members: Value,
}

/// The witness; cheap to clone.
#[derive(Clone)]
pub struct Witness {
    inner: Arc<Inner>,
}

struct Inner {
    /// The file of the journal.
    journal: PathBuf,
    /// Where the account is, and where it seems to be.
    account: SocketAddr,
    own: SocketAddr,
    /// The calls that acted.
    acted: Mutex<Vec<String>>,
    /// What should not have been asked of AWS.
    offences: Mutex<Vec<String>>,
}

impl Witness {
    /// Stands before the account behind `endpoint`, and returns the address to call instead.
    ///
    /// Must be called within a tokio runtime.
    pub fn before(endpoint: &str, journal: &Path) -> (Self, String) {
        let account = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = loop {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            // Addresses are exchanged in what the account says: they must be of the same length.
            if listener.local_addr().unwrap().to_string().len() == SocketAddr::to_string(&account).len() {
                break listener;
            }
        };
        listener.set_nonblocking(true).unwrap();
        let own = listener.local_addr().unwrap();
        let (acted, offences) = (Mutex::default(), Mutex::default());
        let witness = Self { inner: Arc::new(Inner { journal: journal.to_owned(), account, own, acted, offences }) };
        let inner = Arc::clone(&witness.inner);
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(Arc::clone(&inner), client));
            }
        });
        (witness, format!("http://{own}"))
    }

    /// Returns the calls that acted, by their names.
    pub fn acted(&self) -> Vec<String> {
        self.inner.acted.lock().unwrap().clone()
    }

    /// Returns the address to call instead of the account's.
    pub fn address(&self) -> String {
        format!("http://{}", self.inner.own)
    }

    /// Counts what should not have been asked of AWS.
    pub fn offences(&self) -> usize {
        self.inner.offences.lock().unwrap().len()
    }

    /// Says what is wrong with what somebody of a role did, once the program has ended; `calls` are all that the account had.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verdict(&self, role: &str, calls: &Calls) -> Result<(), String> {
        let holds = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
        let offences = self.inner.offences.lock().unwrap().clone();
        holds(offences.is_empty(), format!("{offences:#?}"))?;
        let (seen, made) = (self.acted().len() as u64, acting(calls));
        holds(seen == made, format!("{made} calls acted, and the witness saw {seen}: {calls:#?}"))?;
        let records = records(&self.inner.journal);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for record in &records {
            let act = &record["act"];
            let is_allowed = may(role, &text(&act["environment"]), &text(&act["entry"])) && text(&act["role"]) == role;
            let is_right = match record["kind"].as_str() {
                Some("intent" | "outcome") => is_allowed,
                // What is refused is refused by a rule.
                Some("denied") => record["denial"].is_string(),
                _ => false,
            };
            holds(is_right, format!("{record:#}"))?;
        }
        let of = |kind: &str| records.iter().filter(|record| record["kind"] == kind).count();
        holds(of("intent") == of("outcome"), format!("something has no end that is known: {records:#?}"))?;
        holds(!role.is_empty() || (seen == 0 && of("intent") == 0), format!("nobody acted: {records:#?}"))?;
        if !self.inner.journal.exists() {
            return Ok(());
        }
        chain::verify(&self.inner.journal).map(drop).map_err(|broken| format!("{broken:?}"))
    }
}

/// Counts the calls of an account that did not only read.
fn acting(calls: &Calls) -> u64 {
    let operation = |action: &str| action.split(':').nth(1).unwrap_or_default().to_owned();
    let acts =
        calls.actions.iter().filter(|(action, _)| !READING.iter().any(|verb| operation(action).starts_with(verb)));
    acts.map(|(_, count)| count).sum()
}

async fn pass_on(inner: Arc<Inner>, client: TcpStream) {
    let Ok(account) = TcpStream::connect(inner.account).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_account, to_account) = account.into_split();
    tokio::spawn(answers(Arc::clone(&inner), from_account, to_client));
    let _ = requests(&inner, from_client, to_account).await;
}

/// Hands the account's answers back, with the witness's own address in place of the account's.
async fn answers(inner: Arc<Inner>, mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
    let (theirs, ours) = (inner.account.to_string(), inner.own.to_string());
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = &mut buffer[..count];
        let places = bytes.windows(theirs.len()).enumerate().filter(|(_, window)| *window == theirs.as_bytes());
        let places: Vec<usize> = places.map(|(at, _)| at).collect();
        for at in places {
            bytes[at..at + ours.len()].copy_from_slice(ours.as_bytes());
        }
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// Hands requests on one after the other, each looked at before; behind an upgrade everything.
async fn requests(inner: &Inner, mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) -> std::io::Result<()> {
    let (mut held, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        while let Some((asked, end, is_upgrade)) = first(&held) {
            inner.look(&asked);
            let rest = held.split_off(end);
            to.write_all(&held).await?;
            held = rest;
            if is_upgrade {
                to.write_all(&held).await?;
                tokio::io::copy(&mut from, &mut to).await?;
                return to.shutdown().await;
            }
        }
        match from.read(&mut buffer).await? {
            0 => return to.shutdown().await,
            count => held.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Reads the first request where all of it is there: what it asks, where it ends, and whether it asks for another protocol.
fn first(bytes: &[u8]) -> Option<(Asked, usize, bool)> {
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let end = head_end + header("content-length").map_or(0, |length| length.parse().unwrap());
    let body = bytes.get(head_end..end)?;
    let mut line = head.lines().next()?.split(' ');
    let (method, path) = (line.next()?.to_owned(), line.next()?.to_owned());
    let form = String::from_utf8_lossy(body);
    let operation = match header("x-amz-target").as_deref().and_then(|target| target.rsplit_once('.')) {
        Some((_, operation)) => operation.to_owned(),
        None if form.starts_with("Action=") => form["Action=".len()..].split('&').next().unwrap().to_owned(),
        None => path.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    let members = serde_json::from_slice(body).unwrap_or_default();
    Some((Asked { method, path, operation, members }, end, header("upgrade").is_some()))
}

/// Tells whether a request can only read. What is not known to is taken for one that acts.
fn only_reads(asked: &Asked) -> bool {
    let by_path = ["/v1/data-channel/", "/findings", "/findingHistory/get", "/findingAggregator/"];
    let is_rest = by_path.iter().any(|path| asked.path.starts_with(path)) && ["GET", "POST"].contains(&&*asked.method);
    READING.iter().any(|verb| asked.operation.starts_with(verb)) || is_rest
}

impl Inner {
    /// Looks at a request: one that acts must have been let through and written down.
    fn look(&self, asked: &Asked) {
        if only_reads(asked) {
            return;
        }
        self.acted.lock().unwrap().push(asked.operation.clone());
        let open = open_intents(&self.journal);
        let mut why = Vec::new();
        for act in &open {
            match judge(act, asked) {
                Ok(()) => return,
                Err(other) => why.push(other),
            }
        }
        let offence = format!("{} {} {}: {why:?} of {open:#?}", asked.operation, asked.path, asked.members);
        self.offences.lock().unwrap().push(offence);
    }
}

/// Lists what was written down as about to happen and has no outcome yet.
fn open_intents(journal: &Path) -> Vec<Value> {
    let records = records(journal);
    let is_over = |seq: &Value| records.iter().any(|record| record["kind"] == "outcome" && record["intent"] == *seq);
    let intents = records.iter().filter(|record| record["kind"] == "intent" && !is_over(&record["seq"]));
    intents.map(|record| record["act"].clone()).collect()
}

/// Reads the records that are written to their end.
fn records(journal: &Path) -> Vec<Value> {
    let text = fs::read_to_string(journal).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Says why a request is not what an intent was about.
fn judge(act: &Value, asked: &Asked) -> Result<(), String> {
    let text = |name: &str| act[name].as_str().unwrap_or_default();
    let (role, environment, entry, operation) = (text("role"), text("environment"), text("entry"), text("operation"));
    let (written, of) = entry.split_once('/').unwrap_or((entry, ""));
    let holds = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{entry}: {what}")) };
    holds(may(role, environment, entry), "nobody of this role may")?;
    holds(!text("reason").is_empty(), "no reason")?;
    let ticket = text("ticket").strip_prefix("INC-").unwrap_or_default();
    let has_ticket = !ticket.is_empty() && ticket.chars().all(|c| c.is_ascii_digit());
    holds(environment != "prd" || has_ticket || WITHOUT_TICKET.contains(&written), "no ticket")?;
    let document = format!("Sekisho-{environment}-{written}");
    let members = &asked.members;
    let is_change = operation.starts_with("ecs.") && operation != "ecs.exec";
    match asked.operation.as_str() {
        "StartSession" => {
            holds(["ssm.shell", "ssm.port_forward"].contains(&operation), "no session")?;
            holds(members["DocumentName"] == document.as_str(), "another document")?;
            let target = members["Target"].as_str().unwrap_or_default();
            let part = target.split('_').nth(1).unwrap_or(target);
            holds(text("target_arn").ends_with(part), "another target")
        }
        "ExecuteCommand" => {
            holds(operation == "ecs.exec", "no command")?;
            let task = members["task"].as_str().unwrap_or_default();
            holds(text("target_arn").contains(task) && !task.is_empty(), "another task")?;
            holds(members["container"] == of, "another container")
        }
        "ResumeSession" | "TerminateSession" | "GenerateDataKey" => {
            holds(["ssm.shell", "ssm.port_forward", "ecs.exec"].contains(&operation), "no session")
        }
        "StartAutomationExecution" => {
            holds(is_change, "no change")?;
            holds(members["DocumentName"] == document.as_str(), "another document")?;
            let given = &members["Parameters"];
            holds(given["Service"][0] == of, "another service")?;
            holds(given["Task"][0] == act["parameters"]["task"], "another task")?;
            holds(given["Desired"][0] == act["parameters"]["desired"], "another number")
        }
        "StopAutomationExecution" => holds(is_change, "no change"),
        _ if asked.path.starts_with("/findings/batchupdate") => {
            holds(operation == "securityhub.workflow", "no status")?;
            let finding = &members["FindingIdentifiers"];
            holds(finding.as_array().is_some_and(|all| all.len() == 1), "several findings")?;
            holds(finding[0]["Id"] == act["parameters"]["finding"], "another finding")?;
            let status = members["Workflow"]["Status"].as_str().unwrap_or_default().to_lowercase();
            holds(written == format!("finding-{status}"), "another status")
        }
        other => Err(format!("{other} is no call of an operation")),
    }
}

//! Operations from the request to the outcome: an account that answers, an agent behind it, a journal and recordings.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sekisho::{
    aws::Shared,
    config::{EnvironmentConfig, JournalConfig},
    domain::{
        environment::{Environment, Kind},
        identity::RoleMapping,
        preflight::Obstacle,
        session::{End, SessionReport},
        target::Target,
    },
    i18n::{Lang, Texts},
    journal::{
        chain,
        ship::{ShipFault, spool::Spool},
    },
    operate::{Input, Live, Operator, Outfit, Refused},
    policy::{Denial, Request},
    runbook::{catalogue::Catalogue, entry::EntryId},
    runtime::clock::{Clock, Hand},
    session::message::PayloadType,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::{
    agent::{Agent, Faults, Manner},
    fake::{Fake, Said},
};

/// How long anything may take here; what takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the account is told to be like.
#[derive(Clone, Copy)]
struct Account {
    role: &'static str,
    online: bool,
    /// Whether CloudWatch Logs takes heads of the journal.
    keeps_heads: bool,
    /// What `StartSession` says instead of starting one.
    start: Option<(u16, &'static str)>,
}

impl Default for Account {
    fn default() -> Self {
        Self { role: "staff", online: true, keeps_heads: true, start: None }
    }
}

/// An operator with everything around it.
struct World {
    operator: Operator,
    fake: Fake,
    agent: Agent,
    hand: Hand,
    folder: tempfile::TempDir,
}

/// Leads data channels to the agent, and everything else to the services, behind one address as AWS's stand-in has it.
async fn front(services: String, agent: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (services, agent) = (services.clone(), agent.clone());
            tokio::spawn(async move {
                let mut begin = [0; 8];
                while socket.peek(&mut begin).await.unwrap_or(0) < begin.len() {
                    tokio::task::yield_now().await;
                }
                let to = if begin.starts_with(b"GET /v1/") { agent } else { services };
                let mut far = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut socket, &mut far).await;
            });
        }
    });
    address
}

fn answer(account: Account, address: &str, operation: &str) -> Said {
    let ping = if account.online { "Online" } else { "ConnectionLost" };
    match (operation, account.start) {
        ("StartSession", Some((status, code))) => Said::No(status, code, "no"),
        ("StartSession" | "ResumeSession", _) => Said::Yes(json!({
            "SessionId": "s-1", "TokenValue": "t",
            "StreamUrl": format!("ws://{address}/v1/data-channel/s-1?role=publish_subscribe"),
        })),
        ("PutLogEvents", _) if account.keeps_heads => Said::Yes(json!({})),
        ("PutLogEvents", _) => Said::Denied("*".to_owned()),
        ("TerminateSession", _) => Said::Yes(json!({"SessionId": "s-1"})),
        ("DescribeInstanceInformation", _) => Said::Yes(json!({"InstanceInformationList": [{
            "InstanceId": "i-0123", "PingStatus": ping, "AgentVersion": "3.3.1142.0", "ComputerName": "bastion",
        }]})),
        (other, _) => panic!("{other} was not expected"),
    }
}

impl World {
    async fn new(account: Account) -> Self {
        Self::with(account, |_| {}).await
    }

    async fn with(account: Account, change: impl FnOnce(&mut Outfit)) -> Self {
        let prompt = vec![(PayloadType::Output, b"$ ".to_vec())];
        let agent = Agent::start(Manner::Echo, Faults::default(), prompt).await;
        let address = Arc::new(Mutex::new(String::new()));
        let known = Arc::clone(&address);
        let fake = Fake::start(move |operation, _| answer(account, &known.lock().unwrap(), operation)).await;
        let own = fake.plan();
        let services = own.endpoint_url.unwrap().replace("http://", "");
        let front = front(services, agent.authority.clone()).await;
        address.lock().unwrap().clone_from(&front);
        let folder = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::manual(Timestamp::now());
        let environment = Environment {
            name: "prd".to_owned(),
            kind: Kind::Prd,
            account: Some("111122223333".parse().unwrap()),
            regions: vec!["ap-northeast-1".to_owned()],
            ..Environment::default()
        };
        let pattern = "arn:aws:sts::111122223333:assumed-role/reader/*".parse().unwrap();
        let mut outfit = Outfit {
            environments: vec![EnvironmentConfig { environment, credentials: own.credentials }],
            roles: vec![RoleMapping { name: account.role.to_owned(), patterns: vec![pattern] }],
            catalogues: BTreeMap::from([("prd".to_owned(), Arc::new(Catalogue::built_in()))]),
            endpoint_url: Some(format!("http://{front}")),
            shared: Shared::new(clock.to_now()),
            clock,
            journal: folder.path().join("journal"),
            heads: None,
            recordings: folder.path().join("recordings"),
            host: "console-1".to_owned(),
            texts: Texts::of(Lang::En),
        };
        change(&mut outfit);
        Self { operator: Operator::new(outfit), fake, agent, hand, folder }
    }

    async fn start(&self, room: usize) -> Result<(Live, mpsc::Receiver<SessionReport>), Refused> {
        let (reports, told) = mpsc::channel(room);
        let started = self.operator.start(request(), Some((100, 30)), None, reports);
        Ok((timeout(PATIENCE, started).await.unwrap()?, told))
    }

    /// Returns the records of the journal, after it was found whole.
    fn journal(&self) -> Vec<Value> {
        let path = self.folder.path().join("journal").join(sekisho::journal::FILE);
        chain::verify(&path).unwrap();
        std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns kinds and results of the journal's records.
    fn written(&self) -> Vec<(String, Option<String>)> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.journal().iter().map(|record| (text(&record["kind"]).unwrap(), text(&record["result"]))).collect()
    }
}

fn request() -> Request {
    Request {
        entry: EntryId("node-shell".to_owned()),
        environment: "prd".to_owned(),
        parameters: BTreeMap::new(),
        reason: Some("調査".to_owned()),
        ticket: Some("INC-7".to_owned()),
        confirmation: Some("yes".to_owned()),
    }
}

fn outcome(result: &str) -> Vec<(String, Option<String>)> {
    vec![("intent".to_owned(), None), ("outcome".to_owned(), Some(result.to_owned()))]
}

async fn next(told: &mut mpsc::Receiver<SessionReport>) -> SessionReport {
    timeout(PATIENCE, told.recv()).await.expect("a report").expect("somebody who reports")
}

/// Waits for a report that is wanted.
async fn until<T>(told: &mut mpsc::Receiver<SessionReport>, mut wanted: impl FnMut(&SessionReport) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(&next(told).await) {
            return found;
        }
    }
}

/// Reads what is shown until it holds a text.
async fn shown(told: &mut mpsc::Receiver<SessionReport>, text: &str) {
    let mut screen = String::new();
    until(told, |report| {
        if let SessionReport::Output(bytes) = report {
            screen.push_str(&String::from_utf8_lossy(bytes));
        }
        screen.contains(text).then_some(())
    })
    .await;
}

async fn wait(live: &mut Live) -> End {
    timeout(PATIENCE, live.wait()).await.expect("an end")
}

fn ended(report: &SessionReport) -> Option<End> {
    if let SessionReport::Ended(end) = report { Some(end.clone()) } else { None }
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder.join("recordings"));
    found.map(|all| all.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn a_shell_is_written_down_shown_recorded_and_written_down_again() {
    let world = World::new(Account::default()).await;
    let (mut live, mut told) = world.start(64).await.unwrap();
    let opened = until(&mut told, |report| match report {
        SessionReport::Opened { session_id, target, ends_at, recorded, local } => {
            Some((session_id.clone(), target.clone(), *ends_at, *recorded, *local))
        }
        _ => None,
    });
    let (session_id, target, ends_at, recorded, local) = opened.await;
    assert_eq!((session_id.as_str(), recorded, local), ("s-1", true, None));
    assert_eq!(target, Target::Node { id: "i-0123".to_owned(), name: Some("bastion".to_owned()) });
    assert!(ends_at.is_some());
    assert_eq!(world.written(), [("intent".to_owned(), None)]);
    live.input.send(Input::Bytes(Bytes::from_static("ls 決済\r".as_bytes()))).await.unwrap();
    shown(&mut told, "ls 決済").await;
    live.input.send(Input::End).await.unwrap();
    let note = until(&mut told, |report| match report {
        SessionReport::Recorded(note) => Some(Arc::clone(note)),
        _ => None,
    });
    let note = note.await;
    assert_eq!(until(&mut told, ended).await, End::Terminated);
    assert_eq!(wait(&mut live).await, End::Terminated);
    assert_eq!(world.written(), outcome("terminated"));
    let record = &world.journal()[1];
    assert_eq!(
        (record["session_id"].as_str(), record["recording_sha256"].as_str()),
        (Some("s-1"), Some(&*note.sha256))
    );
    let file = std::fs::read(&note.path).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&file)), note.sha256);
    assert!(String::from_utf8(file).unwrap().contains("ls 決済"));
    assert_eq!(world.operator.under_way(), 0);
}

#[tokio::test]
async fn what_the_gate_refuses_is_written_down_and_not_tried() {
    let world = World::new(Account { role: "operator", ..Account::default() }).await;
    let refused = world.start(8).await.map(drop).unwrap_err();
    assert!(matches!(refused, Refused::Denied(Denial::NotForRole { .. })), "{refused:?}");
    assert_eq!(world.written(), [("denied".to_owned(), None)]);
    assert_eq!(world.fake.called("StartSession") + world.fake.called("DescribeInstanceInformation"), 0);
}

#[tokio::test]
async fn nothing_is_done_that_cannot_be_written_down() {
    let world = World::with(Account::default(), |outfit| {
        let file = outfit.journal.with_file_name("a-file");
        std::fs::write(&file, "").unwrap();
        outfit.journal = file.join("journal");
    });
    let world = world.await;
    let refused = world.start(8).await.map(drop).unwrap_err();
    assert!(matches!(refused, Refused::Journal { .. }), "{refused:?}");
    assert_eq!(world.fake.called("StartSession"), 0);
}

#[tokio::test]
async fn an_obstacle_has_an_outcome_and_no_session() {
    let world = World::new(Account { online: false, ..Account::default() }).await;
    let refused = world.start(8).await.map(drop).unwrap_err();
    let Refused::Preflight(preflight) = refused else { panic!("{refused:?}") };
    assert_eq!(preflight.obstacles, [Obstacle::NodeOffline { id: "i-0123".to_owned(), last_ping: None }]);
    assert_eq!(world.written(), outcome("not-started"));
    assert_eq!(world.fake.called("StartSession"), 0);
}

#[tokio::test]
async fn a_target_that_is_gone_is_not_exchanged_for_another_one() {
    let world = World::new(Account::default()).await;
    let gone = Target::Node { id: "i-9999".to_owned(), name: None };
    let started = world.operator.start(request(), None, Some(gone.clone()), mpsc::channel(8).0);
    assert_eq!(started.await.map(drop).unwrap_err(), Refused::TargetGone(gone));
    assert_eq!((world.written(), world.fake.called("StartSession")), (outcome("not-started"), 0));
}

#[tokio::test]
async fn the_time_limit_warns_twice_and_ends_it() {
    let world = World::new(Account::default()).await;
    let (mut live, mut told) = world.start(64).await.unwrap();
    shown(&mut told, "$ ").await;
    let warned = |report: &SessionReport| match report {
        SessionReport::Warning { left } => Some(*left),
        _ => None,
    };
    for (pass, left) in [(25, 5), (4, 1)] {
        world.hand.advance(SignedDuration::from_mins(pass));
        assert_eq!(until(&mut told, warned).await, SignedDuration::from_mins(left));
    }
    world.hand.advance(SignedDuration::from_mins(1));
    assert_eq!(until(&mut told, ended).await, End::LimitReached);
    assert_eq!(wait(&mut live).await, End::LimitReached);
    assert_eq!(world.written(), outcome("limit-reached"));
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_go_on() {
    let world = World::with(Account::default(), |outfit| {
        let file = outfit.recordings.with_file_name("a-file");
        std::fs::write(&file, "").unwrap();
        outfit.recordings = file.join("recordings");
    });
    let world = world.await;
    let (mut live, mut told) = world.start(64).await.unwrap();
    let end = until(&mut told, ended).await;
    assert!(matches!(end, End::Unrecorded { .. }), "{end:?}");
    assert_eq!(wait(&mut live).await, end);
    assert_eq!((world.written(), world.fake.called("TerminateSession")), (outcome("failed"), 1));
    assert!(world.agent.look(|seen| seen.openings.is_empty()), "the session was never entered");
}

#[tokio::test]
async fn a_start_that_was_not_answered_is_unknown() {
    let world = World::new(Account { start: Some((500, "InternalServerError")), ..Account::default() }).await;
    let (mut live, mut told) = world.start(64).await.unwrap();
    let end = until(&mut told, ended).await;
    assert!(matches!(end, End::Unknown { .. }), "{end:?}");
    wait(&mut live).await;
    assert_eq!((world.written(), world.fake.called("StartSession")), (outcome("unknown"), 1));
    assert_eq!(recordings(world.folder.path()), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_document_that_is_missing_is_told_as_an_obstacle() {
    let world = World::new(Account { start: Some((400, "InvalidDocument")), ..Account::default() }).await;
    let (_live, mut told) = world.start(64).await.unwrap();
    let obstacles = until(&mut told, |report| match report {
        SessionReport::Preflight(preflight) if !preflight.obstacles.is_empty() => Some(preflight.obstacles.clone()),
        _ => None,
    });
    let document = "Sekisho-prd-node-shell".to_owned();
    assert_eq!(obstacles.await, [Obstacle::NoDocument { document }]);
    assert!(matches!(until(&mut told, ended).await, End::Failed { .. }));
    assert_eq!(world.written(), outcome("failed"));
}

#[tokio::test]
async fn the_program_ends_and_every_outcome_is_written() {
    let world = World::new(Account::default()).await;
    let (mut live, mut told) = world.start(64).await.unwrap();
    shown(&mut told, "$ ").await;
    assert!(timeout(PATIENCE, world.operator.shutdown()).await.unwrap());
    assert_eq!(wait(&mut live).await, End::Terminated);
    assert_eq!(world.written(), outcome("terminated"));
    assert_eq!(world.start(8).await.map(drop).unwrap_err(), Refused::Ending);
}

#[tokio::test]
async fn whoever_lets_go_of_it_ends_it() {
    let world = World::new(Account::default()).await;
    let (live, mut told) = world.start(64).await.unwrap();
    shown(&mut told, "$ ").await;
    drop(live);
    assert_eq!(until(&mut told, ended).await, End::Terminated);
    assert_eq!(world.written(), outcome("terminated"));
}

#[tokio::test]
async fn it_can_be_ended_although_nobody_reads_what_it_shows() {
    let world = World::new(Account::default()).await;
    let (mut live, told) = world.start(1).await.unwrap();
    for _ in 0..200 {
        world.agent.say(&[b'y'; 1_000]);
    }
    live.end();
    tokio::spawn(async move {
        let mut told = told;
        while told.recv().await.is_some() {}
    });
    assert_eq!(wait(&mut live).await, End::Terminated);
    assert_eq!(world.written(), outcome("terminated"));
}

#[tokio::test]
async fn what_is_looked_at_is_not_written_down() {
    let world = World::new(Account::default()).await;
    let look = world.operator.look("prd", &EntryId("node-shell".to_owned()), &BTreeMap::new()).await.unwrap();
    assert!(look.preflight.is_clear());
    assert_eq!((look.region.as_str(), look.identity.short()), ("ap-northeast-1", "x"));
    assert!(!world.folder.path().join("journal").exists());
    let nowhere = world.operator.look("qa", &EntryId("node-shell".to_owned()), &BTreeMap::new()).await.unwrap_err();
    assert_eq!(nowhere, Refused::NoEnvironment("qa".to_owned()));
    let unknown = world.operator.look("prd", &EntryId("nothing".to_owned()), &BTreeMap::new()).await.unwrap_err();
    assert!(matches!(unknown, Refused::Denied(Denial::NoEntry(_))), "{unknown:?}");
}

/// Has the heads of the journal kept in a log group of the environment's account.
fn keep_heads(outfit: &mut Outfit) {
    let home = outfit.environments.first().cloned();
    outfit.heads = Some(JournalConfig { log_group: "/sekisho/journal".to_owned(), home });
}

async fn a_session(world: &World) {
    let (live, mut told) = world.start(64).await.unwrap();
    until(&mut told, |report| matches!(report, SessionReport::Opened { .. }).then_some(())).await;
    live.input.send(Input::End).await.unwrap();
    until(&mut told, |report| matches!(report, SessionReport::Ended(_)).then_some(())).await;
}

#[tokio::test]
async fn heads_are_brought_to_where_they_are_kept() {
    let world = World::with(Account::default(), keep_heads).await;
    let mut state = world.operator.heads().unwrap().state();
    a_session(&world).await;
    state.wait_for(|state| state.shipped.is_some_and(|(seq, _)| seq == 2)).await.unwrap();
    assert!(world.operator.shutdown().await);
    assert_eq!(world.written(), outcome("terminated"));
    let spool = Spool::within(&world.folder.path().join("journal"));
    assert_eq!(spool.waiting().unwrap(), []);
    assert!(world.fake.called("PutLogEvents") >= 1);
}

#[tokio::test]
async fn heads_that_cannot_be_brought_keep_nobody_from_working_and_wait() {
    let world = World::with(Account { keeps_heads: false, ..Account::default() }, keep_heads).await;
    let mut state = world.operator.heads().unwrap().state();
    a_session(&world).await;
    let told = state.wait_for(|state| state.failure.is_some()).await.unwrap().clone();
    let Some(ShipFault::Source(failure)) = told.failure else { panic!("{told:?}") };
    assert_eq!(failure.action, "logs:PutLogEvents");
    assert!(world.operator.shutdown().await);
    assert_eq!(world.written(), outcome("terminated"));
    let spool = Spool::within(&world.folder.path().join("journal"));
    let waiting: Vec<u64> = spool.waiting().unwrap().iter().map(|head| head.seq).collect();
    assert_eq!(waiting, [1, 2]);
}

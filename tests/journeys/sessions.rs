//! Sessions with the whole console: keys in, frames out, and a host that plays what carries them out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossterm::event::{Event as Input, MouseEventKind};
use jiff::SignedDuration;
use sekisho::domain::preflight::Preflight;
use sekisho::domain::session::{End, Link, LiveId, SessionReport};
use sekisho::domain::target::Target;
use sekisho::policy::Request;
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::entry::EntryId;
use sekisho::runtime::host::{self, Done, HostEvent, Hosted, SessionHost, WAITING_EVENTS};
use sekisho::state::Screen;
use sekisho::state::event::{Effect, TokenUse};
use sekisho::state::sessions::Recordings;
use tokio::sync::mpsc;

use crate::journey::{Journey, Start};

/// What the host was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Preflight(LiveId, String),
    Start(LiveId, Box<Request>, Option<(u16, u16)>),
    Input(LiveId, Vec<u8>),
    Size(LiveId, u16, u16),
    End(LiveId),
    Token(LiveId, TokenUse),
    Shutdown,
}

type Log = Arc<Mutex<Vec<Asked>>>;

/// Plays what carries out sessions: it looks up a target for everything and opens whatever is asked.
struct Scripted {
    log: Log,
    events: mpsc::Sender<HostEvent>,
}

fn web() -> Target {
    Target::Container {
        cluster: "shop-prd".to_owned(),
        service: "web".to_owned(),
        task: "0f0f0f0f0f0f0f0f".to_owned(),
        container: "web".to_owned(),
        runtime_id: "0f0f-1".to_owned(),
    }
}

impl Scripted {
    fn note(&self, asked: Asked) {
        self.log.lock().unwrap().push(asked);
    }

    fn tell(&self, id: LiveId, report: SessionReport) {
        self.events.try_send(HostEvent::Report(id, report)).unwrap();
    }
}

impl SessionHost for Scripted {
    fn preflight(&mut self, id: LiveId, environment: String, _entry: EntryId, _parameters: BTreeMap<String, String>) {
        self.note(Asked::Preflight(id, environment));
        let preflight = Preflight { targets: vec![web()], ..Preflight::default() };
        self.tell(id, SessionReport::Preflight(Arc::new(preflight)));
    }

    fn start(&mut self, id: LiveId, asked: host::Asked) {
        self.note(Asked::Start(id, Box::new(asked.request), asked.size));
        self.tell(
            id,
            SessionReport::Opened {
                session_id: "op-0137-0".to_owned(),
                target: web(),
                ends_at: None,
                recorded: true,
                local: None,
            },
        );
        self.tell(id, SessionReport::Link(Link::Up { round_trip: Some(SignedDuration::from_millis(18)) }));
        self.tell(id, SessionReport::Output(b"welcome$ ".as_slice().into()));
    }

    fn input(&mut self, id: LiveId, bytes: Vec<u8>) -> bool {
        let is_taken = bytes != b"refuse";
        self.note(Asked::Input(id, bytes));
        is_taken
    }

    fn size(&mut self, id: LiveId, columns: u16, rows: u16) {
        self.note(Asked::Size(id, columns, rows));
    }

    fn end(&mut self, id: LiveId) {
        self.note(Asked::End(id));
        self.tell(id, SessionReport::Ended(End::Terminated));
    }

    fn token(&mut self, id: LiveId, then: TokenUse) {
        self.note(Asked::Token(id, then));
    }

    fn recordings(&mut self) {
        let _ = self.events.try_send(HostEvent::Recordings(Ok(Recordings::default())));
    }

    fn shutdown(&mut self) -> Done {
        self.note(Asked::Shutdown);
        Box::pin(std::future::ready(()))
    }
}

/// A console with the built-in catalogue and a host, on screen 7.
async fn on_sessions() -> (Journey, Log, mpsc::Sender<HostEvent>) {
    let mut journey = Start::of("quiet").go().await;
    let (events, received) = mpsc::channel(WAITING_EVENTS);
    let log = Log::default();
    let host = Scripted { log: Arc::clone(&log), events: events.clone() };
    journey.console.keep_host(Hosted::new(Box::new(host), received));
    let names: Vec<String> = journey.console.state().environments.iter().map(|one| one.name.clone()).collect();
    for name in names {
        let catalogue = HostEvent::Catalogue(name, Arc::new(Catalogue::built_in()));
        events.send(catalogue).await.unwrap();
    }
    journey.until("the catalogue", |journey| !journey.console.state().sessions.catalogues.is_empty()).await;
    journey.go("7").await;
    (journey, log, events)
}

/// Opens a shell by the keys alone.
async fn open_shell(journey: &mut Journey) -> LiveId {
    journey.press("7");
    while journey.console.state().sessions.panel != sekisho::state::sessions::SessionsPanel::Targets {
        journey.press("tab");
    }
    journey.press("/");
    journey.write("container-inspect/web prd");
    journey.press("enter enter");
    journey.until("looked up", |journey| journey.has("enter")).await;
    journey.write("looking");
    journey.press("enter");
    while journey.console.state().sessions.form.as_ref().is_some_and(|form| !form.is_at_end()) {
        journey.press("tab");
    }
    journey.write("yes");
    journey
        .until("ready", |journey| {
            let form = journey.console.state().sessions.form.as_ref();
            form.is_some_and(|form| form.denial.is_none() && form.target().is_some())
        })
        .await;
    journey.press("enter");
    let id = journey.console.state().sessions.front.unwrap();
    let is_there = |journey: &Journey| {
        let live = journey.console.state().sessions.get(id);
        live.and_then(|live| live.pane.as_ref()).is_some_and(|pane| pane.screen().contents().contains("welcome"))
    };
    journey.until("output", is_there).await;
    id
}

fn inputs(log: &Log) -> Vec<Vec<u8>> {
    let log = log.lock().unwrap();
    log.iter().filter_map(|asked| if let Asked::Input(_, bytes) = asked { Some(bytes.clone()) } else { None }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_is_opened_typed_in_left_and_ended() {
    let (mut journey, log, _events) = on_sessions().await;
    let id = open_shell(&mut journey).await;
    journey.shows("welcome$");
    journey.shows("link ok 18 ms");
    journey.shows("ctrl-] menu");
    let started = log.lock().unwrap().iter().find_map(|asked| match asked {
        Asked::Start(_, request, size) => Some((request.clone(), *size)),
        _ => None,
    });
    let (request, size) = started.unwrap();
    assert_eq!((request.reason.as_deref(), size), (Some("looking"), Some((120, 39))));
    journey.press("q ctrl-c up ctrl-4");
    journey.input(Input::Paste("貼り付け\n".to_owned()));
    assert_eq!(
        inputs(&log),
        [b"q".to_vec(), vec![3], b"\x1b[A".to_vec(), vec![0x1c], "貼り付け\r".as_bytes().to_vec()]
    );
    journey.resize(80, 24);
    assert!(log.lock().unwrap().contains(&Asked::Size(id, 80, 23)));
    journey.press("ctrl-5 ctrl-5");
    assert_eq!(inputs(&log).last(), Some(&vec![0x1d]));
    journey.press("ctrl-5 d");
    assert_eq!(journey.console.state().screen, Screen::Sessions);
    journey.shows("1 live");
    // Leaving asks first, and the first answer stays.
    assert!(!journey.press("q").contains(&Effect::Quit));
    assert!(!journey.press("enter").contains(&Effect::Quit));
    journey.press("tab tab g enter ctrl-5 k j enter");
    journey.until("ended", |journey| journey.console.state().sessions.open() == 0).await;
    assert!(log.lock().unwrap().contains(&Asked::End(id)));
    journey.shows("esc leaves");
    assert!(journey.press("esc q").contains(&Effect::Quit));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mouse_scrolls_back_until_the_far_side_asks_for_it() {
    let (mut journey, log, events) = on_sessions().await;
    let id = open_shell(&mut journey).await;
    let lines = (0..100).map(|line| format!("line {line}\r\n")).collect::<Vec<_>>().concat();
    let report = |text: &str| HostEvent::Report(id, SessionReport::Output(text.as_bytes().into()));
    events.send(report(&lines)).await.unwrap();
    journey.until("lines", |journey| journey.has("line 99")).await;
    journey.mouse(MouseEventKind::ScrollUp, 5, 5);
    journey.hides("line 99");
    journey.shows("lines above the end");
    journey.press("x");
    journey.shows("line 99");
    events.send(report("\x1b[?1000h\x1b[?1006hmouse")).await.unwrap();
    journey.until("mouse", |journey| journey.has("mouse")).await;
    journey.mouse(MouseEventKind::ScrollUp, 5, 5);
    assert_eq!(inputs(&log).last(), Some(&b"\x1b[<64;6;6M".to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_neither_holds_up_keys_nor_reports_of_others() {
    let (mut journey, log, events) = on_sessions().await;
    let id = open_shell(&mut journey).await;
    let flood = tokio::spawn(async move {
        let chunk: Arc<[u8]> = b"y\r\n".repeat(1_000).into();
        while events.send(HostEvent::Report(id, SessionReport::Output(Arc::clone(&chunk)))).await.is_ok() {}
    });
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        journey.console.reported().await;
        slowest = slowest.max(begun.elapsed());
        journey.press("x");
    }
    assert_eq!(inputs(&log).iter().filter(|bytes| **bytes == b"x").count(), 20);
    // Half a second is far beyond what a turn takes, also without optimisation on a busy machine.
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    flood.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_far_side_does_not_take_is_said() {
    let (mut journey, _log, _events) = on_sessions().await;
    open_shell(&mut journey).await;
    journey.input(Input::Paste("refuse".to_owned()));
    journey.shows("does not take keys");
    journey.console.shutdown().await;
}

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use jiff::ToSpan as _;
use sha2::{Digest as _, Sha256};

use crate::domain::session::{Health, Troubles};

use super::list::RecordingState;
use super::load::{Cast, LoadError, Loaded, Total, TunnelEvent, What, load, read};
use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn header() -> Header {
    Header {
        at: at(0),
        columns: 80,
        rows: 24,
        term: "xterm-256color".to_owned(),
        title: "node-shell\u{1b}]0;x\u{7} 関所".to_owned(),
        about: About {
            entry: "node-shell".to_owned(),
            actor: "arn:aws:sts::111122223333:assumed-role/x/op".to_owned(),
            reason: Some("PGPASSWORD=hunter2 調査".to_owned()),
            ..About::default()
        },
        limit: DEFAULT_LIMIT,
    }
}

fn cast(path: &Path) -> Cast {
    match load(path).unwrap() {
        Loaded::Cast(cast) => cast,
        Loaded::Tunnel(_) => panic!("a tunnel"),
    }
}

fn shown(cast: &Cast) -> String {
    let output = |what: &What| match what {
        What::Output(text) => text.to_string(),
        _ => String::new(),
    };
    cast.events.iter().map(|event| output(&event.what)).collect()
}

#[tokio::test]
async fn a_shell_is_recorded_redacted_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state/recordings");
    let recorder = Recorder::start(&folder, header()).unwrap();
    recorder.output("$ \u{1b}[31menv\u{1b}[0m 関".as_bytes(), at(1)).await.unwrap();
    recorder.output(&"所".as_bytes()[..1], at(2)).await.unwrap();
    recorder.output(&"所".as_bytes()[1..], at(2)).await.unwrap();
    recorder.output(b"\r\nJWT_SECRET=hun", at(3)).await.unwrap();
    recorder.output(b"ter2\r\n\xff", at(4)).await.unwrap();
    recorder.resize(100, 30, at(5)).await.unwrap();
    recorder.marker("step 1", at(6)).await.unwrap();
    let recording = recorder.finish(at(7)).await.unwrap();
    assert_eq!(recording.redactions, 2);
    let bytes = fs::read(&recording.path).unwrap();
    assert_eq!(recording.bytes, bytes.len() as u64);
    assert_eq!(recording.sha256, hex::encode(Sha256::digest(&bytes)));
    assert!(!String::from_utf8(bytes).unwrap().contains("hunter2"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&recording.path), mode(&folder)), (0o600, 0o700));
    let name = recording.path.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("20261118T") && name.ends_with(CAST), "{name}");
    let cast = cast(&recording.path);
    assert_eq!((cast.columns, cast.rows, cast.title.as_str(), cast.at), (80, 24, "node-shell 関所", Some(at(0))));
    assert_eq!(cast.about.as_ref().unwrap().reason.as_deref(), Some("PGPASSWORD=[redacted] 調査"));
    assert_eq!(shown(&cast), "$ \u{1b}[31menv\u{1b}[0m 関所\r\nJWT_SECRET=[redacted]\r\n\u{fffd}");
    let last: Vec<_> = cast.events.iter().rev().take(3).rev().cloned().collect();
    assert_eq!(last[0].what, What::Resize(100, 30));
    assert_eq!(last[1].what, What::Marker("step 1".into()));
    assert_eq!((last[2].at.as_secs(), &last[2].what), (7, &What::Marker(END.into())));
    let (list, capped) = recordings(&folder, 10).unwrap();
    assert_eq!((list.len(), capped, list[0].state), (1, false, RecordingState::Whole));
    assert_eq!(list[0].duration.map(|duration| duration.as_secs()), Some(7));
}

#[tokio::test]
async fn what_is_held_back_is_written_soon_and_a_crash_leaves_it_readable() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(folder.path(), header()).unwrap();
    recorder.output(b"$ AKI", at(1)).await.unwrap();
    let path = recorder.path().to_owned();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while shown(&cast(&path)) != "$ AKI" {
        assert!(std::time::Instant::now() < until, "{}", shown(&cast(&path)));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(recordings(folder.path(), 10).unwrap().0[0].state, RecordingState::Open);
    // As a crash would leave it: in the middle of a line.
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"[3.0, \"o\", \"bro");
    let torn = folder.path().join("torn.cast");
    fs::write(&torn, bytes).unwrap();
    assert!(cast(&torn).is_torn);
    assert_eq!(shown(&cast(&torn)), "$ AKI");
    assert_eq!(recorder.finish(at(9)).await.unwrap().path, path);
}

#[tokio::test]
async fn a_recording_ends_at_its_limit_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(folder.path(), Header { limit: 40_000, ..header() }).unwrap();
    let mut fault = recorder.fault();
    let mut written = Ok(());
    for second in 0..100 {
        written = recorder.output(&[b'x'; 1000], at(second)).await;
        if written.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let told = fault.wait_for(Option::is_some).await.unwrap().clone();
    assert_eq!(told, Some(Fault::Full { limit: 40_000 }));
    if let Err(error) = written {
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
    assert_eq!(recorder.output(b"y", at(200)).await.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    let path = recorder.path().to_owned();
    assert!(recorder.finish(at(201)).await.is_err());
    assert!(fs::metadata(&path).unwrap().len() <= 40_000);
    assert_eq!(cast(&path).events.last().unwrap().what, What::Marker(FULL.into()));
}

#[tokio::test]
async fn a_folder_that_is_none_is_an_error_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(Recorder::start(&file, header()).is_err());
    let first = Recorder::start(folder.path(), header()).unwrap();
    let second = Recorder::start(folder.path(), header()).unwrap();
    assert_ne!(first.path(), second.path());
}

#[tokio::test]
async fn more_than_the_queue_holds_waits_and_is_all_written() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(folder.path(), header()).unwrap();
    let line = "0123456789 関所\r\n".repeat(8);
    for second in 0..500 {
        recorder.output(line.as_bytes(), at(second)).await.unwrap();
    }
    let recording = recorder.finish(at(500)).await.unwrap();
    assert_eq!(shown(&cast(&recording.path)), line.repeat(500));
}

fn status(accepted: u64, health: Health) -> Arc<TunnelStatus> {
    Arc::new(TunnelStatus {
        local: "127.0.0.1:15432".parse().unwrap(),
        opened_at: at(0),
        sessions: Vec::new(),
        connections: Vec::new(),
        accepted,
        refused: 0,
        sent: 10 * accepted,
        received: 20 * accepted,
        health,
        troubles: Troubles::default(),
    })
}

#[tokio::test]
async fn a_tunnel_is_recorded_by_its_connections() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start_tunnel(folder.path(), header()).unwrap();
    let peer = "127.0.0.1:50000".parse().unwrap();
    recorder.status(status(0, Health::Unknown), at(0)).await.unwrap();
    recorder.opened(1, peer, at(1)).await.unwrap();
    recorder.status(status(1, Health::Unknown), at(1)).await.unwrap();
    recorder.opened(2, peer, at(2)).await.unwrap();
    recorder.closed(2, Some("op-1"), 49, 145, at(2)).await.unwrap();
    recorder.status(status(2, Health::Reachable { at: at(2) }), at(2)).await.unwrap();
    recorder.status(status(3, Health::Refused { at: at(70), times: 1 }), at(70)).await.unwrap();
    recorder.marker("link-lost", at(71)).await.unwrap();
    recorder.closed(1, None, 7, 14, at(72)).await.unwrap();
    let recording = recorder.finish(at(80)).await.unwrap();
    assert!(recording.path.to_str().unwrap().ends_with(TUNNEL));
    let Loaded::Tunnel(log) = load(&recording.path).unwrap() else { panic!("a shell") };
    let events: Vec<TunnelEvent> = log.lines.iter().map(|line| line.event.clone()).collect();
    let total = Total { accepted: 3, refused: 0, sent: 30, received: 60 };
    let expected = [
        TunnelEvent::Listening { local: "127.0.0.1:15432".parse().unwrap() },
        TunnelEvent::Opened { connection: 1, peer },
        TunnelEvent::Opened { connection: 2, peer },
        TunnelEvent::Closed { connection: 2, session_id: Some("op-1".to_owned()), sent: 49, received: 145 },
        TunnelEvent::Destination { reachable: true },
        TunnelEvent::Destination { reachable: false },
        TunnelEvent::Total(total),
        TunnelEvent::Marker { label: "link-lost".to_owned() },
        TunnelEvent::Closed { connection: 1, session_id: None, sent: 7, received: 14 },
        TunnelEvent::End(total),
    ];
    assert_eq!(events, expected);
    let info = &recordings(folder.path(), 10).unwrap().0[0];
    assert_eq!((info.is_tunnel, info.state), (true, RecordingState::Whole));
    assert_eq!(info.duration.map(|duration| duration.as_secs()), Some(80));
}

#[test]
fn a_list_is_newest_first_bounded_and_names_what_is_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("1.cast", "{\"version\": 2, \"width\": 80, \"height\": 24}\n");
    write("2.cast", "hello\n");
    write("3.cast", "");
    write("4.tunnel.jsonl", "{\"version\": 2, \"width\": 80, \"height\": 24}\n");
    write("5.txt", "no recording");
    fs::create_dir(folder.path().join("6.cast")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("1.cast"), folder.path().join("7.cast")).unwrap();
    let (list, is_capped) = recordings(folder.path(), 10).unwrap();
    let states: Vec<_> = list.iter().map(|info| (info.name.as_str(), info.state)).collect();
    let (open, malformed) = (RecordingState::Open, RecordingState::Malformed);
    let expected = [("4.tunnel.jsonl", malformed), ("3.cast", malformed), ("2.cast", malformed), ("1.cast", open)];
    assert_eq!((states.as_slice(), is_capped), (&expected[..], false));
    assert!(recordings(folder.path(), 2).unwrap().1);
    assert_eq!(recordings(&folder.path().join("none"), 2).unwrap(), (Vec::new(), false));
}

#[test]
fn what_is_no_recording_is_said_to_be_so() {
    let text = |text: &str| read(text.as_bytes());
    assert!(matches!(text(""), Err(LoadError::NoRecording)));
    assert!(matches!(text("{\"version\": 3, \"width\": 1, \"height\": 1}\n"), Err(LoadError::NoRecording)));
    let head = "{\"version\": 2, \"width\": 65535, \"height\": 0, \"future\": {}}\n";
    for line in ["[1.0, \"o\"]", "[-1.0, \"o\", \"\"]", "[1e999, \"o\", \"\"]", "[1, \"r\", \"80\"]", "nonsense"] {
        let result = text(&format!("{head}{line}\n[2.0, \"o\", \"x\"]\n"));
        assert!(matches!(result, Err(LoadError::Malformed { line: 2 })), "{line}");
    }
    let long = format!("{head}[1.0, \"o\", \"{}\"]\n", "x".repeat(5 * 1024 * 1024));
    assert!(matches!(text(&long), Err(LoadError::Malformed { line: 2 })));
    let fine =
        format!("{head}[5.0, \"i\", \"typed\"]\n[1.0, \"z\", \"\"]\n[3.0, \"o\", \"a\"]\n[1e300, \"o\", \"b\"]\n");
    let Ok(Loaded::Cast(cast)) = text(&fine) else { panic!("not read") };
    assert_eq!((cast.columns, cast.rows, cast.events.len(), shown(&cast).as_str()), (65_535, 0, 2, "ab"));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(load(folder.path()), Err(LoadError::NoFile)));
    assert!(matches!(load(&folder.path().join("none")), Err(LoadError::Io(_))));
    assert!(at(0) + 1.second() == at(1));
}

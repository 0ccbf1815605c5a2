//! Sessions with everything real but AWS: the console, the gate, the journal, the recordings, the data channel, and the
//! simulated account with its gateway and agents.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::atomic::{AtomicU16, Ordering};

use rstest::rstest;
use sekisho::i18n::Lang;
use sekisho::journal;
use sekisho::operate::Refused;
use sekisho::policy::{Denial, Request};
use sekisho::runbook::catalogue::Catalogue;
use sekisho::simulator::Persona;
use sekisho::state::Screen;
use sekisho::state::event::Effect;
use sekisho::state::sessions::SessionsPanel;
use sekisho::state::sessions::target::Verdict;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::desk::{Desk, live};
use crate::journey::{Journey, PATIENCE};

#[rstest]
#[case(Lang::En, "The far side closed it.", "Recorded", "whole")]
#[case(Lang::Ja, "接続先が閉じました。", "記録", "完全")]
#[tokio::test(flavor = "multi_thread")]
async fn a_responder_looks_into_a_container(
    #[case] lang: Lang,
    #[case] closed: &str,
    #[case] recorded: &str,
    #[case] whole: &str,
) {
    let mut desk = Desk::of(Persona::Responder, lang).await;
    desk.form("container-inspect/web prd").await;
    desk.journey.shows("/bin/sh -c 'uptime; free -m; df -h; ps aux'");
    desk.fill(&["INC-204の調査", "yes"]);
    assert_eq!(desk.journey.console.state().screen, Screen::Pane);
    desk.ended().await;
    desk.journey.shows(" 0.0 ");
    desk.journey.shows(closed);
    desk.assert_journal("container-inspect/web", "done");
    let text = desk.recording();
    assert!(text.contains("load average") && text.contains("INC-204の調査"), "{text}");
    desk.journey.go("esc").await;
    desk.panel(SessionsPanel::Recordings);
    desk.journey.draw();
    desk.journey.shows(recorded);
    assert!(desk.journey.line_with("container-inspect/web").contains("prd"));
    desk.journey.shows(whole);
    let path = desk.journey.console.state().sessions.recorded()[0].path.clone();
    assert_eq!(desk.journey.press("enter"), [Effect::Replay(path)]);
    desk.journey.console.shutdown().await;
}

#[rstest]
#[case(Lang::En, "End node-shell i-0a1b2c3d4e5f60718 shop-prd-bastion?", "It was ended here.")]
#[case(Lang::Ja, "node-shell i-0a1b2c3d4e5f60718 shop-prd-bastionを終了しますか?", "こちらで終了しました。")]
#[tokio::test(flavor = "multi_thread")]
async fn staff_works_in_a_shell_leaves_it_and_comes_back(
    #[case] lang: Lang,
    #[case] question: &str,
    #[case] ended: &str,
) {
    let mut desk = Desk::of(Persona::Staff, lang).await;
    desk.form("node-shell prd").await;
    desk.fill(&["設定の確認", "INC-204", "yes"]);
    let has_prompt = |journey: &Journey| live(journey).pane.as_ref().unwrap().screen().contents().contains('#');
    desk.journey.until("a prompt", has_prompt).await;
    desk.enter("echo 日本語");
    desk.line("日本語").await;
    desk.journey.resize(100, 30);
    desk.enter("stty size");
    desk.line("29 100").await;
    desk.journey.press("ctrl-] d");
    assert_eq!(desk.journey.console.state().screen, Screen::Sessions);
    assert!(desk.live().is_open());
    desk.panel(SessionsPanel::Live);
    desk.journey.press("enter");
    desk.line("日本語").await;
    desk.enter("echo $((6*7))");
    desk.line("42").await;
    desk.end("ctrl-] k", question).await;
    desk.journey.shows(ended);
    desk.assert_journal("node-shell", "terminated");
    let text = desk.recording();
    assert!(text.contains("日本語") && text.contains("INC-204"), "{text}");
    desk.journey.console.shutdown().await;
}

/// Finds a port that is free now, of those that the entry allows; each test of this process looks elsewhere first.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 60).unwrap() + TAKEN.fetch_add(20, Ordering::Relaxed);
    let mut ports = (0..60).map(|step| 15_435 + (begin + step) % 60);
    ports.find(|port| StdListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap()
}

/// Plays a database that sends back what it gets.
async fn database() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}

#[rstest]
#[case(Persona::Responder, Lang::En, "End db-readonly")]
#[case(Persona::Staff, Lang::Ja, "を終了しますか?")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_reaches_the_database_through_a_tunnel(
    #[case] persona: Persona,
    #[case] lang: Lang,
    #[case] question: &str,
) {
    let mut desk = Desk::of(persona, lang).await;
    let reader = "shop-prd.cluster-ro-abcdefghijkl.ap-northeast-1.rds.amazonaws.com";
    desk.journey.simulator.map_destination(reader, 5432, database().await);
    desk.form("db-readonly prd").await;
    let port = free_port();
    desk.enter("遅いクエリの確認");
    desk.enter("INC-204");
    desk.journey.press("backspace backspace backspace backspace backspace");
    desk.fill(&[&port.to_string(), "prd"]);
    let is_up = |journey: &Journey| live(journey).tunnel.is_some();
    desk.journey.until("a tunnel", is_up).await;
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let mut answer = [0; 9];
    client.write_all(b"SELECT 1;").await.unwrap();
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"SELECT 1;");
    let peer = client.local_addr().unwrap().to_string();
    let is_counted = |journey: &Journey| {
        let status = live(journey).tunnel.as_ref().unwrap();
        status.connections.iter().any(|one| one.sent == 9 && one.received == 9)
    };
    desk.journey.until("counted", is_counted).await;
    let row = desk.journey.line_with(&peer);
    assert_eq!(row.matches("9 B").count(), 2, "{row}");
    desk.journey.shows(reader);
    desk.end("ctrl-k", question).await;
    // What is left of the connection is closed, one way or the other.
    assert!(matches!(timeout(PATIENCE, client.read(&mut answer)).await.unwrap(), Ok(0) | Err(_)));
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err(), "nothing listens any more");
    desk.assert_journal("db-readonly", "terminated");
    let text = desk.recording();
    assert!(!text.contains("SELECT") && text.contains(&peer), "{text}");
    desk.journey.console.shutdown().await;
}

#[rstest]
#[case(Lang::En, "This is not for the role operator.", "It is for: responder")]
#[case(Lang::Ja, "ロールoperatorでは使えません。", "使えるロール: responder")]
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_may_do_nothing_in_production_but_take_note_of_a_finding(
    #[case] lang: Lang,
    #[case] rule: &str,
    #[case] whose: &str,
) {
    let mut desk = Desk::of(Persona::Operator, lang).await;
    desk.choose("db-readonly prd");
    desk.journey.shows(rule);
    desk.journey.shows(whose);
    desk.journey.press("esc");
    assert!(desk.journey.console.state().sessions.live.is_empty());
    let state = desk.journey.console.state();
    assert_eq!(state.sessions.total, 33, "eleven in each of three environments");
    assert!(state.sessions.targets.iter().all(|row| matches!(row.verdict, Verdict::Denied(_))));
    // Nor would the way around the screen help.
    let mut refused = 0;
    let catalogue = Catalogue::built_in();
    let prd = desk.journey.watch.environments.iter().find(|one| one.environment.name == "prd").unwrap();
    for entry in catalogue.entries_in(&prd.environment) {
        let request = Request {
            entry: entry.id.clone(),
            environment: "prd".to_owned(),
            parameters: BTreeMap::new(),
            reason: Some("調査".to_owned()),
            ticket: Some("INC-1".to_owned()),
            confirmation: Some("yes".to_owned()),
        };
        let (reports, _told) = tokio::sync::mpsc::channel(1);
        let denial = desk.operator.start(request, None, None, reports).await.map(drop).unwrap_err();
        match entry.id.written() {
            // This is for the operator too, and lacks only the finding.
            "finding-notified" => {
                assert!(matches!(denial, Refused::Denied(Denial::ParameterMissing { .. })), "{denial:?}");
            }
            _ => assert!(matches!(denial, Refused::Denied(Denial::NotForRole { .. })), "{denial:?}"),
        }
        refused += 1;
    }
    assert!(refused > 11, "there is more than sessions");
    let journal = desk.journal();
    assert_eq!(journal.len(), refused);
    assert!(journal.iter().all(|(kind, ..)| kind == "denied"), "{journal:?}");
    let calls = desk.journey.simulator.calls();
    assert_eq!(calls.of("ssm:StartSession") + calls.of("ecs:ExecuteCommand"), 0);
    desk.journey.console.shutdown().await;
}

/// What was done is on screen 9 at once, verified, and can be read in full; who edits it is found out while one looks.
#[rstest]
#[case(Lang::En, "verified to 2", "INC-204の調査", "was changed")]
#[case(Lang::Ja, "2まで検証済み", "INC-204の調査", "書き換えられています")]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_in_the_journal(
    #[case] lang: Lang,
    #[case] verified: &str,
    #[case] reason: &str,
    #[case] changed: &str,
) {
    let mut desk = Desk::of(Persona::Responder, lang).await;
    desk.journey.press("9");
    desk.journey.until("an empty journal", |journey| journey.console.state().journal.read.is_some()).await;
    desk.journey.press("7");
    desk.form("container-inspect/web prd").await;
    desk.fill(&[reason, "yes"]);
    desk.ended().await;
    desk.journey.press("esc 9");
    desk.journey.until("both records", |journey| journey.has(verified)).await;
    desk.journey.shows("container-inspect/web");
    desk.journey.press("enter");
    desk.journey.draw();
    desk.journey.shows(reason);
    desk.journey.press("q /");
    desk.journey.write("result:done");
    desk.journey.press("enter");
    desk.journey.until("one record", |journey| journey.console.state().journal.rows() == 1).await;
    desk.journey.press("esc");
    desk.journey.until("both again", |journey| journey.console.state().journal.rows() == 2).await;
    let path = desk.folder.path().join(journal::FILE);
    let edited = fs::read_to_string(&path).unwrap().replace("\"result\":\"done\"", "\"result\":\"lost\"");
    fs::write(&path, edited).unwrap();
    desk.journey.press("r");
    desk.journey.until("the edit", |journey| journey.has(changed)).await;
}

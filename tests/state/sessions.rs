//! Sessions: what may be opened, the form before a start, panes, tunnels, and leaving while something is open.

use std::sync::Arc;

use jiff::SignedDuration;
use rstest::rstest;
use secrecy::SecretString;
use sekisho::command::Command;
use sekisho::domain::database::Database;
use sekisho::domain::session::{End, Link, LiveId, SessionReport};
use sekisho::policy::Denial;
use sekisho::runbook::entry::Operation;
use sekisho::state::event::{Effect, Event, Secret, TokenUse};
use sekisho::state::overlay::Overlay;
use sekisho::state::sessions::form::Lookup;
use sekisho::state::sessions::live::Refusal;
use sekisho::state::sessions::target::Verdict;
use sekisho::state::sessions::{MOST_OPEN, SessionsPanel, front_pane};
use sekisho::state::update::update;
use sekisho::state::{Screen, State};

use crate::support::sessions::{
    blocked, choose, clear, local, on_sessions, opened, output, recordings, run, say, start_shell, start_tunnel,
    tunnel, up, write,
};
use crate::support::{identity, now, report_at};

fn notice(state: &State) -> Option<&'static str> {
    state.notice.as_ref().map(|notice| notice.key)
}

#[test]
fn a_catalogue_that_changes_is_told_once_and_what_was_read_holds() {
    let mut state = on_sessions();
    let offered = state.sessions.targets.len();
    let tell = |state: &mut State, names: &[&str]| {
        state.notice = None;
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        update(state, Event::CataloguesChanged(names));
        state.notice.as_ref().map(|notice| (notice.key, notice.arguments.clone()))
    };
    let of = |names: &str| Some(("catalogue.notice.changed", vec![("names", names.to_owned())]));
    assert_eq!(tell(&mut state, &["prd"]), of("prd"));
    assert_eq!(tell(&mut state, &["prd", "stg"]), of("stg"));
    assert_eq!(tell(&mut state, &["prd"]), None, "what was put back needs no word");
    assert_eq!(tell(&mut state, &["prd", "stg"]), of("stg"), "and is told when it changes again");
    assert_eq!(state.sessions.targets.len(), offered);
    assert_eq!(state.sessions.loaded_at, Some(now()));
}

#[test]
fn what_this_role_may_comes_first_and_the_rest_says_why_not() {
    let state = on_sessions();
    let verdicts: Vec<bool> = state.sessions.targets.iter().map(|row| row.verdict == Verdict::Allowed).collect();
    assert!(verdicts.iter().any(|allowed| *allowed) && verdicts.iter().any(|allowed| !allowed));
    assert!(verdicts.is_sorted_by(|a, b| a >= b), "{verdicts:?}");
    let shell = state.sessions.targets.iter().find(|row| row.entry.id.to_string() == "node-shell").unwrap();
    assert!(
        matches!(&shell.verdict, Verdict::Denied(Denial::NotForRole { role, allowed }) if role == "responder" && *allowed == ["staff"])
    );
}

#[test]
fn a_target_that_may_not_be_opened_tells_why_and_opens_nothing() {
    let mut state = on_sessions();
    assert!(choose(&mut state, "prd", "node-shell").is_empty());
    assert!(state.sessions.form.is_none() && matches!(state.overlays.last(), Some(Overlay::Detail(..))));
}

#[test]
fn the_filter_finds_targets_in_both_languages() {
    let mut state = on_sessions();
    run(&mut state, Command::Filter);
    write(&mut state, "読み取り prd");
    assert_eq!(state.sessions.targets.len(), 1);
    assert_eq!(state.sessions.targets[0].entry.id.to_string(), "db-readonly");
}

#[test]
fn the_form_asks_in_the_order_of_the_gate_and_starts_what_it_let_through() {
    let mut state = on_sessions();
    let effects = choose(&mut state, "prd", "db-readonly");
    let id = state.sessions.form.as_ref().unwrap().id;
    assert!(
        matches!(&effects[..], [Effect::Preflight { id: asked, environment, .. }] if *asked == id && environment == "prd")
    );
    let denial = |state: &State| state.sessions.form.as_ref().unwrap().denial.clone();
    assert_eq!(denial(&state), Some(Denial::ReasonMissing));
    write(&mut state, "遅いクエリの確認");
    assert!(matches!(denial(&state), Some(Denial::TicketMissing { .. })));
    run(&mut state, Command::Accept);
    write(&mut state, "INC-x");
    assert!(matches!(denial(&state), Some(Denial::TicketInvalid { .. })));
    update(&mut state, Event::Edit(tui_input::InputRequest::DeletePrevChar));
    update(&mut state, Event::Paste("204\nrm -rf".to_owned()));
    assert!(matches!(denial(&state), Some(Denial::NotConfirmed { expected, .. }) if expected == "prd"));
    run(&mut state, Command::Accept);
    run(&mut state, Command::Accept);
    write(&mut state, "prd");
    assert_eq!(denial(&state), None);
    // What was not looked up yet is not started.
    assert!(run(&mut state, Command::Accept).is_empty());
    assert_eq!(notice(&state), Some("sessions.notice.looking-up"));
    say(&mut state, id, clear("tunnel"));
    let effects = run(&mut state, Command::Accept);
    let [Effect::Start { id: started, request, target, size: None, step: None }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((*started, request.ticket.as_deref()), (id, Some("INC-204")));
    assert_eq!(request.reason.as_deref(), Some("遅いクエリの確認"));
    assert_eq!(request.parameters["local_port"], "15432");
    assert!(target.is_some() && state.sessions.form.is_none());
    assert_eq!((state.screen, state.sessions.front), (Screen::Tunnel, Some(id)));
}

#[test]
fn nothing_is_started_by_pressing_enter_and_nothing_else() {
    let mut state = on_sessions();
    choose(&mut state, "prd", "db-readonly");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, clear("tunnel"));
    for _ in 0..20 {
        assert!(run(&mut state, Command::Accept).is_empty());
    }
    assert!(state.sessions.form.as_ref().unwrap().tried);
    run(&mut state, Command::Cancel);
    assert_eq!((state.screen, state.sessions.live.len()), (Screen::Sessions, 0));
    assert!(state.sessions.form.is_none());
}

#[test]
fn an_obstacle_keeps_a_session_from_starting_until_it_is_gone() {
    let mut state = on_sessions();
    choose(&mut state, "dev", "container-inspect/web");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, blocked());
    write(&mut state, "look");
    for _ in 0..3 {
        run(&mut state, Command::NextEntry);
    }
    write(&mut state, "yes");
    assert!(run(&mut state, Command::Accept).is_empty());
    assert_eq!(notice(&state), Some("sessions.notice.blocked"));
    assert!(matches!(&run(&mut state, Command::Refresh)[..], [Effect::Preflight { .. }]));
    assert_eq!(state.sessions.form.as_ref().unwrap().preflight, Lookup::Asked);
    say(&mut state, id, clear("web"));
    assert!(matches!(run(&mut state, Command::Accept).first(), Some(Effect::Start { .. })));
}

#[test]
fn a_form_does_not_outlive_who_opened_it() {
    let mut state = on_sessions();
    choose(&mut state, "prd", "db-readonly");
    let generation = sekisho::state::event::Generation(1);
    report_at(&mut state, 0, generation, now(), identity("111122223333"));
    assert!(state.sessions.form.is_some() || state.screen != Screen::Form, "the same person may go on");
    let other = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoResponder_0123456789abcdef/op-0999";
    let other = sekisho::state::event::Report::Connected {
        identity: Arc::new(
            sekisho::domain::identity::Identity::from_caller("111122223333", other, "AROAEXAMPLE:op-0999").unwrap(),
        ),
        expires: None,
        endpoint: None,
    };
    report_at(&mut state, 0, sekisho::state::event::Generation(2), now(), other);
    assert!(state.sessions.form.is_none() && state.screen != Screen::Form);
}

#[test]
fn a_pane_shows_output_answers_queries_and_sends_what_is_typed() {
    let mut state = on_sessions();
    let id = start_shell(&mut state);
    assert_eq!(state.screen, Screen::Pane);
    say(&mut state, id, opened("web", 10, None));
    say(&mut state, id, up());
    assert!(say(&mut state, id, output("$ ls\r\n日本語.txt\r\n")).is_empty());
    let pane = state.sessions.get(id).unwrap().pane.as_ref().unwrap();
    assert!(pane.screen().contents().contains("日本語.txt"));
    let answered = say(&mut state, id, output("\x1b[6n"));
    assert_eq!(answered, [Effect::Input { id, bytes: b"\x1b[3;1R".to_vec() }]);
    let typed = update(&mut state, Event::Typed(b"q".to_vec()));
    assert_eq!(typed, [Effect::Input { id, bytes: b"q".to_vec() }]);
    assert_eq!(update(&mut state, Event::Resize(100, 30)), [Effect::Size { id, columns: 100, rows: 29 }]);
    assert_eq!(update(&mut state, Event::Resize(100, 30)), []);
}

#[test]
fn the_menu_over_a_pane_detaches_and_the_list_attaches_again() {
    let mut state = on_sessions();
    let first = start_shell(&mut state);
    update(&mut state, Event::Escape);
    assert!(front_pane(&state).is_none() && matches!(state.overlays.last(), Some(Overlay::PaneMenu)));
    run(&mut state, Command::Detach);
    assert_eq!(state.screen, Screen::Sessions);
    let second = start_shell(&mut state);
    update(&mut state, Event::Escape);
    run(&mut state, Command::NextSession);
    assert_eq!(front_pane(&state).map(|(id, _)| id), Some(first));
    update(&mut state, Event::Escape);
    assert_eq!(run(&mut state, Command::SendEscape), [Effect::Input { id: first, bytes: vec![0x1d] }]);
    update(&mut state, Event::Escape);
    run(&mut state, Command::Sessions);
    state.sessions.panel = SessionsPanel::Live;
    run(&mut state, Command::Top);
    run(&mut state, Command::Open);
    assert_eq!(front_pane(&state).map(|(id, _)| id), Some(second));
    update(&mut state, Event::Escape);
    run(&mut state, Command::Back);
    assert_eq!(front_pane(&state).map(|(id, _)| id), Some(second));
}

#[test]
fn a_session_is_ended_after_a_question_and_its_row_goes_with_a_second() {
    let mut state = on_sessions();
    let id = start_shell(&mut state);
    update(&mut state, Event::Escape);
    assert!(run(&mut state, Command::EndSession).is_empty());
    // The answer that changes nothing comes first.
    assert!(run(&mut state, Command::Open).is_empty());
    update(&mut state, Event::Escape);
    run(&mut state, Command::EndSession);
    run(&mut state, Command::Down);
    assert_eq!(run(&mut state, Command::Open), [Effect::End { id }]);
    say(&mut state, id, SessionReport::Ended(End::Terminated));
    assert!(front_pane(&state).is_none() && state.sessions.open() == 0);
    assert!(update(&mut state, Event::Typed(b"x".to_vec())).is_empty());
    run(&mut state, Command::EndSession);
    assert_eq!((state.screen, state.sessions.live.len()), (Screen::Sessions, 0));
}

#[test]
fn leaving_asks_while_sessions_are_open() {
    let mut state = on_sessions();
    let id = start_tunnel(&mut state);
    assert!(run(&mut state, Command::Quit).is_empty());
    run(&mut state, Command::Down);
    assert_eq!(run(&mut state, Command::Open), [Effect::Quit]);
    say(&mut state, id, SessionReport::Ended(End::LimitReached));
    assert_eq!(run(&mut state, Command::Quit), [Effect::Quit]);
}

#[test]
fn what_happens_to_a_session_behind_the_screens_is_said() {
    let mut state = on_sessions();
    let id = start_shell(&mut state);
    say(&mut state, id, opened("web", 6, None));
    say(&mut state, id, up());
    update(&mut state, Event::Escape);
    run(&mut state, Command::Detach);
    let lost = Link::Lost { since: now(), attempt: 1, why: "reset".to_owned() };
    say(&mut state, id, SessionReport::Link(lost));
    assert_eq!(notice(&state), Some("sessions.notice.link-lost"));
    say(&mut state, id, up());
    assert_eq!(notice(&state), Some("sessions.notice.link-back"));
    state.notice = None;
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(2)));
    assert_eq!(notice(&state), Some("sessions.notice.ending"));
    state.notice = None;
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(3)));
    assert_eq!(notice(&state), None, "once is enough");
    say(&mut state, id, SessionReport::Ended(End::LimitReached));
    assert_eq!(notice(&state), Some("sessions.notice.limit"));
}

#[test]
fn a_session_that_was_refused_is_over_and_keeps_why() {
    let mut state = on_sessions();
    let id = start_shell(&mut state);
    update(&mut state, Event::Refused(id, Refusal::Journal("disk full".to_owned())));
    let live = state.sessions.get(id).unwrap();
    assert!(!live.is_open() && live.refusal.is_some() && state.sessions.open() == 0);
}

#[test]
fn sessions_that_are_over_give_way_and_open_ones_are_bounded() {
    let mut state = on_sessions();
    for _ in 0..40 {
        let id = start_shell(&mut state);
        say(&mut state, id, SessionReport::Ended(End::Terminated));
    }
    assert!(state.sessions.live.len() <= 21, "{}", state.sessions.live.len());
    for _ in 0..MOST_OPEN {
        start_shell(&mut state);
    }
    run(&mut state, Command::Sessions);
    assert!(choose(&mut state, "dev", "container-inspect/web").is_empty());
    assert_eq!(notice(&state), Some("sessions.notice.too-many"));
}

#[test]
fn a_tunnel_gives_its_connection_string_and_mints_tokens_unseen() {
    let mut state = on_sessions();
    let id = start_tunnel(&mut state);
    say(&mut state, id, opened("tunnel", 60, Some(local())));
    say(&mut state, id, tunnel());
    let copied = run(&mut state, Command::Copy);
    let [Effect::Copy { text, .. }] = &copied[..] else { panic!("{copied:?}") };
    assert!(
        text.contains("hostaddr=127.0.0.1 port=15432 sslmode=verify-full") && text.contains("user=ops_ro"),
        "{text}"
    );
    assert_eq!(run(&mut state, Command::Token), [Effect::Token { id, then: TokenUse::Copy }]);
    let secret = Secret::new(SecretString::from("very-secret"));
    assert!(!format!("{secret:?}").contains("very-secret"));
    let effects = update(&mut state, Event::Token(id, TokenUse::Copy, secret.clone()));
    assert!(matches!(&effects[..], [Effect::CopySecret { .. }]) && state.overlays.is_empty());
    assert!(!format!("{effects:?}").contains("very-secret"));
    assert_eq!(run(&mut state, Command::ShowToken), [Effect::Token { id, then: TokenUse::Show }]);
    update(&mut state, Event::Token(id, TokenUse::Show, secret.clone()));
    assert!(matches!(state.overlays.last(), Some(Overlay::Token(..))) && !format!("{state:?}").contains("very-secret"));
    run(&mut state, Command::Back);
    assert_eq!(run(&mut state, Command::Client), [Effect::Token { id, then: TokenUse::Client }]);
    let effects = update(&mut state, Event::Token(id, TokenUse::Client, secret));
    assert!(matches!(&effects[..], [Effect::Client { program: "psql", secret: Some(("PGPASSWORD", _)), .. }]));
}

#[test]
fn a_database_that_was_found_names_itself_and_says_whether_it_takes_tokens() {
    let mut state = on_sessions();
    let id = start_tunnel(&mut state);
    say(&mut state, id, opened("tunnel", 60, Some(local())));
    let mut database = Database {
        identifier: "shop-prd".to_owned(),
        engine: "aurora-mysql".to_owned(),
        version: String::new(),
        status: "available".to_owned(),
        endpoint: String::new(),
        reader_endpoint: None,
        port: 5432,
        iam_auth: true,
        database: Some("orders".to_owned()),
    };
    update(&mut state, Event::Database(id, Arc::new(database.clone())));
    let copied = run(&mut state, Command::Copy);
    let [Effect::Copy { text, .. }] = &copied[..] else { panic!("{copied:?}") };
    assert!(text.contains("ssl-mode=VERIFY_CA") && text.contains("user=ops_ro"), "{text}");
    // What the catalogue says comes before what was found.
    let named = |state: &State| state.sessions.get(id).unwrap().way().unwrap().database.map(str::to_owned);
    assert_eq!(named(&state).as_deref(), Some("shop"));
    let entry = Arc::make_mut(&mut state.sessions.live[0].entry);
    let Operation::PortForward { destination, .. } = &mut entry.operation else { panic!("{entry:?}") };
    destination.database = None;
    assert_eq!(named(&state).as_deref(), Some("orders"));
    assert_eq!(run(&mut state, Command::Token), [Effect::Token { id, then: TokenUse::Copy }]);

    database.iam_auth = false;
    update(&mut state, Event::Database(id, Arc::new(database)));
    for command in [Command::Token, Command::ShowToken] {
        assert_eq!(run(&mut state, command), []);
        assert_eq!(notice(&state), Some("sessions.notice.no-iam"));
        assert!(!state.acts(command));
    }
    let client = run(&mut state, Command::Client);
    assert!(matches!(&client[..], [Effect::Client { program: "mysql", secret: None, .. }]), "{client:?}");
}

#[test]
fn idleness_counts_from_what_was_last_typed_or_shown() {
    let mut state = on_sessions();
    let id = start_shell(&mut state);
    let after = |minutes: i64| Event::Tick(now() + SignedDuration::from_mins(minutes));
    let idle = |state: &State| state.sessions.get(id).unwrap().idle(state.now).map(|idle| idle.as_mins());
    update(&mut state, after(2));
    assert_eq!(idle(&state), None, "it is not there yet");
    say(&mut state, id, opened("web", 60, None));
    assert_eq!(idle(&state), None);
    update(&mut state, after(5));
    assert_eq!(idle(&state), Some(3));
    say(&mut state, id, output("$ "));
    assert_eq!(idle(&state), None);
    update(&mut state, after(9));
    say(&mut state, id, up());
    assert_eq!(idle(&state), Some(4), "a link that is measured is not something shown");
    update(&mut state, Event::Typed(b"l".to_vec()));
    assert_eq!(idle(&state), None);
    update(&mut state, after(11));
    say(&mut state, id, SessionReport::Ended(End::Terminated));
    assert_eq!(idle(&state), None);
}

#[rstest]
#[case(Command::NextPanel, 1)]
#[case(Command::PreviousPanel, 1)]
fn the_panels_of_a_tunnel_take_turns(#[case] command: Command, #[case] rows: usize) {
    let mut state = on_sessions();
    let id = start_tunnel(&mut state);
    say(&mut state, id, tunnel());
    assert_eq!(state.sessions.connections().len(), 2);
    run(&mut state, command);
    assert_eq!(state.sessions.under().len(), rows);
    run(&mut state, Command::Open);
    assert!(matches!(state.overlays.last(), Some(Overlay::Detail(..))));
}

#[test]
fn recordings_are_listed_and_played() {
    let mut state = on_sessions();
    assert_eq!(run(&mut state, Command::Sessions), [Effect::Recordings]);
    update(&mut state, Event::Recordings(Err("no such folder".to_owned())));
    assert!(state.sessions.recorded().is_empty());
    update(&mut state, Event::Recordings(Ok(recordings())));
    run(&mut state, Command::NextPanel);
    assert_eq!(state.sessions.panel, SessionsPanel::Recordings);
    run(&mut state, Command::Down);
    let path = recordings().list[1].path.clone();
    assert_eq!(run(&mut state, Command::Open), [Effect::Replay(path)]);
}

#[test]
fn reports_of_nobody_change_nothing() {
    let mut state = on_sessions();
    assert!(say(&mut state, LiveId(99), output("x")).is_empty());
    update(&mut state, Event::Refused(LiveId(99), Refusal::Failed(String::new())));
    assert!(state.sessions.live.is_empty());
}

#[test]
fn a_second_tunnel_proposes_a_port_that_the_first_does_not_have() {
    let mut state = on_sessions();
    let id = start_tunnel(&mut state);
    say(&mut state, id, opened("tunnel", 60, Some(local())));
    assert_eq!(local().port(), 15_432, "which is the entry's own");
    run(&mut state, Command::Sessions);
    choose(&mut state, "prd", "db-readonly");
    let proposed = state.sessions.form.as_ref().unwrap().request().parameters["local_port"].clone();
    assert_eq!(proposed, "15433");
}

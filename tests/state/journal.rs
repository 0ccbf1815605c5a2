//! Screen 9: what is asked for, what comes, and where the cursor stays.

use std::sync::Arc;

use sekisho::command::Command;
use sekisho::journal::reader::Row;
use sekisho::state::detail::Detail;
use sekisho::state::event::{Effect, Event};
use sekisho::state::journal::{HeadsRead, wanted};
use sekisho::state::overlay::Overlay;
use sekisho::state::update::update;
use sekisho::state::{Screen, State};

use super::support::journal::{answer, on_journal, opened, query, rows, standing};
use super::support::sessions::{run, write};

fn told(state: &mut State, rows: &[Arc<Row>]) {
    answer(state, rows, standing(rows.len() as u64), HeadsRead::Read);
}

fn lines(state: &State) -> Vec<u64> {
    let journal = &state.journal;
    (0..journal.rows()).filter_map(|index| journal.row(index)).map(|row| row.line).collect()
}

#[test]
fn it_is_read_while_it_is_looked_at() {
    let mut state = opened();
    update(&mut state, Event::Drawn { page: 5, end: 0 });
    let asked = wanted(&state).unwrap();
    assert_eq!((asked.from, asked.count, asked.oldest_first, asked.round), (0, 15, false, 0));
    run(&mut state, Command::Refresh);
    assert_eq!(wanted(&state).unwrap().round, 1);
    run(&mut state, Command::Overview);
    assert_eq!(wanted(&state), None);
}

#[test]
fn the_newest_is_on_top_and_what_comes_in_does_not_move_who_chose_a_row() {
    let mut state = opened();
    update(&mut state, Event::Drawn { page: 4, end: 0 });
    let all = rows();
    told(&mut state, &all[..6]);
    assert_eq!(lines(&state), [6, 5, 4, 3, 2, 1]);
    told(&mut state, &all[..7]);
    assert_eq!(state.journal.record().unwrap().seq, 7, "nobody chose a row: the newest is under the cursor");
    run(&mut state, Command::Down);
    assert_eq!(state.journal.record().unwrap().seq, 6);
    told(&mut state, &all);
    assert_eq!(state.journal.record().unwrap().seq, 6);
    assert_eq!((state.journal.selected(), state.journal.offset()), (3, 2));
    run(&mut state, Command::Bottom);
    told(&mut state, &all);
    assert_eq!(state.journal.record().unwrap().seq, 1);
    run(&mut state, Command::Top);
    told(&mut state, &all[..9]);
    assert_eq!(state.journal.record().unwrap().seq, 9);
}

#[test]
fn a_filter_asks_anew_and_what_was_read_before_is_not_its_answer() {
    let mut state = on_journal();
    run(&mut state, Command::Down);
    run(&mut state, Command::Filter);
    write(&mut state, "result:done");
    assert_eq!(wanted(&state).unwrap().query, query("result:done"));
    assert_eq!((state.journal.rows(), state.journal.selected()), (0, 0));
    told(&mut state, &rows());
    assert_eq!(lines(&state), [3]);
    run(&mut state, Command::Accept);
    run(&mut state, Command::Back);
    told(&mut state, &rows());
    assert_eq!(state.journal.rows(), 9);
}

#[test]
fn an_incident_is_told_from_its_beginning_and_left_again() {
    let mut state = on_journal();
    update(&mut state, Event::Drawn { page: 20, end: 0 });
    told(&mut state, &rows());
    // A torn line belongs to nothing.
    run(&mut state, Command::Down);
    run(&mut state, Command::Timeline);
    assert_eq!(state.notice.as_ref().unwrap().key, "journal.notice.no-thread");
    run(&mut state, Command::Bottom);
    run(&mut state, Command::Up);
    run(&mut state, Command::Timeline);
    let asked = wanted(&state).unwrap();
    assert_eq!((asked.query.ticket.as_deref(), asked.oldest_first), (Some("INC-204"), true));
    told(&mut state, &rows());
    assert_eq!(lines(&state), [2, 3, 9]);
    run(&mut state, Command::Back);
    assert_eq!(state.screen, Screen::Journal);
    told(&mut state, &rows());
    assert_eq!(state.journal.record().unwrap().seq, 2);
    // A run is narrower than its ticket.
    run(&mut state, Command::Top);
    told(&mut state, &rows());
    run(&mut state, Command::Timeline);
    assert_eq!(wanted(&state).unwrap().query.run.as_deref(), Some("inc-5xx/7"));
    run(&mut state, Command::Timeline);
    assert!(!wanted(&state).unwrap().oldest_first);
}

#[test]
fn a_record_is_opened_and_copied_as_it_is() {
    let mut state = on_journal();
    let effects = run(&mut state, Command::Copy);
    let [Effect::Copy { text, .. }] = &effects[..] else { panic!("{effects:?}") };
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!((&value["seq"], &value["act"]["run"]), (&9.into(), &"inc-5xx/7".into()));
    run(&mut state, Command::Open);
    assert!(matches!(&state.overlays[..], [Overlay::Detail(Detail::Record(row), _)] if row.line == 9));
    assert!(wanted(&state).is_some(), "it goes on being read below");
}

#[test]
fn a_journal_of_any_length_is_seen_through_a_window() {
    let mut state = opened();
    update(&mut state, Event::Drawn { page: 10, end: 0 });
    let all = rows();
    // A million lines, of which a page was read.
    let far = |state: &mut State| {
        let asked = wanted(state).unwrap();
        let mut report = sekisho::state::journal::JournalReport {
            standing: standing(1_000_000),
            ..sekisho::state::journal::JournalReport::default()
        };
        report.page.matched = 1_000_000;
        report.page.from = asked.from;
        report.page.rows = (asked.from..(asked.from + asked.count).min(1_000_000))
            .map(|index| Arc::new(Row { line: 1_000_000 - index as u64, ..(*all[2]).clone() }))
            .collect();
        update(state, Event::Journal(Box::new(report)));
    };
    far(&mut state);
    run(&mut state, Command::Bottom);
    assert_eq!(state.journal.row(state.journal.selected()), None, "it has to be read first");
    far(&mut state);
    assert_eq!(state.journal.row(state.journal.selected()).unwrap().line, 1);
    run(&mut state, Command::HalfPageUp);
    far(&mut state);
    assert_eq!(state.journal.row(state.journal.selected()).unwrap().line, 6);
    run(&mut state, Command::Top);
    far(&mut state);
    assert_eq!(state.journal.row(0).unwrap().line, 1_000_000);
}

use std::sync::Arc;

use jiff::tz::TimeZone;
use tui_input::Input;

use crate::i18n::{Lang, Texts};
use crate::journal::recording::load::{Cast, CastEvent, What};
use crate::journal::recording::player::{Act, Player};
use crate::keymap::Keymap;
use crate::ui::glyphs::Glyphs;

use super::*;

fn ui(lang: Lang) -> Ui {
    Ui {
        texts: Texts::of(lang),
        theme: Theme::built_in("default").unwrap(),
        glyphs: Glyphs::unicode(),
        keymap: Keymap::load_with_file("default", None).unwrap(),
        zone: TimeZone::UTC,
        endpoint: None,
    }
}

fn replay(output: &str, columns: u16, rows: u16) -> Replay {
    let event = |at, what| CastEvent { at: Duration::from_secs(at), what };
    let events = vec![event(1, What::Output(output.into())), event(2, What::Marker("step 1".into()))];
    let cast = Cast { columns, rows, events, title: "a title".to_owned(), ..Cast::default() };
    let mut replay = Replay::new("x.cast".to_owned(), Player::new(Arc::new(cast)));
    replay.act(Act::End);
    replay
}

fn rows(buf: &Buffer) -> Vec<String> {
    let mut rows = Vec::new();
    for y in buf.area.top()..buf.area.bottom() {
        let (mut row, mut x) = (String::new(), 0);
        while x < buf.area.right() {
            row.push_str(buf[(x, y)].symbol());
            x += buf[(x, y)].cell_width().max(1);
        }
        rows.push(row.trim_end().to_owned());
    }
    rows
}

fn drawn(replay: &Replay, lang: Lang, width: u16, height: u16) -> (Vec<String>, Buffer) {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    render(replay, &ui(lang), buf.area, &mut buf);
    (rows(&buf), buf)
}

#[test]
fn the_screen_is_drawn_with_where_one_is_in_it() {
    let (rows, _) = drawn(&replay("$ 関所\r\nok", 20, 5), Lang::En, 80, 10);
    assert_eq!(rows[0], "x.cast  a title");
    assert_eq!(&rows[1..3], ["$ 関所", "ok_"]);
    assert!(rows[8].starts_with("End 00:02 / 00:02  ×1") && rows[8].contains("[step 1]"), "{}", rows[8]);
    assert!(rows[9].starts_with("space pause  q quit"), "{}", rows[9]);
    let (rows, _) = drawn(&replay("ok", 20, 5), Lang::Ja, 60, 10);
    assert!(rows[9].contains("一時停止"), "{}", rows[9]);
}

#[test]
fn what_does_not_fit_is_cut_around_the_cursor_and_never_in_half() {
    let (rows, _) = drawn(&replay("1\r\n2\r\n3\r\nabc関所関所", 20, 6), Lang::En, 10, 5);
    assert_eq!(&rows[1..3], ["3", "abc関所関"]);
    for (width, height) in [(0, 0), (1, 1), (8, 4), (9, 4)] {
        drawn(&replay("関所関所関所関所", 20, 6), Lang::Ja, width, height);
    }
}

#[test]
fn nothing_of_the_recording_is_obeyed() {
    let hostile = "a\u{1b}]0;title\u{7}b\u{1b}]52;c;eA==\u{7}\u{202e}c\u{9b}31md\u{90}e";
    let (_, buf) = drawn(&replay(hostile, 40, 4), Lang::En, 40, 8);
    let symbols: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(!symbols.contains(|c: char| c.is_control() || c == '\u{202e}'), "{symbols:?}");
    assert!(symbols.contains("abc"), "{symbols}");
}

#[test]
fn what_is_looked_for_is_marked_and_typed_below() {
    let mut replay = replay("one 関所 Two", 40, 4);
    replay.prompt = Some(Input::from("two".to_owned()));
    let mut buf = Buffer::empty(Rect::new(0, 0, 60, 8));
    let cursor = render(&replay, &ui(Lang::En), buf.area, &mut buf);
    assert_eq!(cursor, Some(Position { x: 4, y: 7 }));
    replay.search();
    let (_, buf) = drawn(&replay, Lang::En, 60, 8);
    let marked: Vec<u16> = (0..60).filter(|x| buf[(*x, 1)].modifier.contains(Modifier::REVERSED)).collect();
    assert_eq!(marked, [9, 10, 11]);
    replay.prompt = Some(Input::from("nowhere".to_owned()));
    replay.search();
    assert!(drawn(&replay, Lang::En, 80, 8).0[6].contains("not found"));
}

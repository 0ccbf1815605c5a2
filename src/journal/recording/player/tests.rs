use proptest::prelude::*;

use super::*;
use crate::journal::recording::load::CastEvent;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn player(events: Vec<(u64, What)>) -> Player {
    let events = events.into_iter().map(|(at, what)| CastEvent { at: seconds(at), what }).collect();
    Player::new(Arc::new(Cast { columns: 20, rows: 4, events, ..Cast::default() }))
}

fn output(text: &str) -> What {
    What::Output(text.into())
}

fn marker(label: &str) -> What {
    What::Marker(label.into())
}

fn story() -> Player {
    player(vec![
        (1, output("$ ls\r\n")),
        (2, marker("one")),
        (3, output("関所 \u{1b}[31mRED\u{1b}[0m\r\n")),
        (103, output("\u{1b}]52;c;eA==\u{7}late")),
        (104, marker("two")),
        (105, output("\u{1b}[2J\u{1b}[Hcleared")),
    ])
}

fn shown(player: &Player) -> String {
    player.screen().cells().contents()
}

#[test]
fn time_passes_at_its_speed_and_pauses_are_shortened() {
    let mut player = story();
    assert_eq!(player.length(), seconds(7));
    assert_eq!((player.due(), player.is_playing()), (Some(seconds(1)), true));
    assert!(!player.pass(Duration::from_millis(900)));
    assert!(player.pass(Duration::from_millis(100)));
    assert_eq!(shown(&player), "$ ls");
    player.act(Act::Faster);
    assert_eq!((player.speed(), player.due()), (2.0, Some(Duration::from_millis(500))));
    player.pass(seconds(1));
    assert_eq!(shown(&player), "$ ls\n関所 RED");
    player.act(Act::Idle);
    assert_eq!((player.length(), player.position()), (seconds(105), seconds(3)));
    assert_eq!(player.due(), Some(seconds(50)));
    player.pass(seconds(10));
    assert_eq!(player.recorded_position(), seconds(23));
    player.act(Act::Idle);
    assert!(player.position() < seconds(5) && shown(&player).ends_with("RED"));
    player.pass(seconds(90));
    assert!(player.is_over() && !player.is_playing() && player.due().is_none());
    assert_eq!(player.position(), player.length());
    assert_eq!(shown(&player), "cleared");
    player.act(Act::Pause);
    assert!(player.is_playing());
    assert_eq!(player.position(), Duration::ZERO);
}

#[test]
fn one_goes_back_and_forth_by_time_event_and_marker() {
    let mut player = story();
    player.act(Act::End);
    player.act(Act::Back);
    assert_eq!((player.position(), shown(&player).as_str()), (seconds(2), "$ ls"));
    player.act(Act::Start);
    assert_eq!(shown(&player), "");
    player.act(Act::NextMarker);
    assert_eq!((player.marker(), player.position()), (Some("one"), seconds(2)));
    player.act(Act::NextMarker);
    assert_eq!((player.marker(), shown(&player).ends_with("late")), (Some("two"), true));
    player.act(Act::PreviousMarker);
    assert_eq!(player.marker(), Some("one"));
    player.act(Act::Step);
    assert!(!player.is_playing() && shown(&player).ends_with("RED"));
    player.act(Act::FarForward);
    assert!(player.is_over());
    player.act(Act::FarBack);
    assert_eq!(player.position(), Duration::ZERO);
    assert!(!player.pass(seconds(9)), "it was stopped");
}

#[test]
fn a_text_is_found_across_pieces_and_colours_and_around_the_end() {
    let mut player = player(vec![
        (1, output("abc ER\u{1b}[1m")),
        (2, output("ROR x\r\n")),
        (3, output("fine\r\n")),
        (4, output("error\r\n")),
    ]);
    player.search("Error");
    assert_eq!((player.position(), player.found(), player.is_playing()), (seconds(2), Found::Here, false));
    player.act(Act::NextMatch);
    assert_eq!((player.position(), player.found()), (seconds(4), Found::Here));
    player.act(Act::NextMatch);
    assert_eq!((player.position(), player.found()), (seconds(2), Found::Around));
    player.act(Act::PreviousMatch);
    assert_eq!((player.position(), player.found()), (seconds(4), Found::Around));
    player.search("nowhere");
    assert_eq!((player.position(), player.found()), (seconds(4), Found::Nowhere));
    player.search("");
    assert_eq!(player.found(), Found::Nothing);
}

#[test]
fn sizes_change_and_an_empty_recording_is_over() {
    let mut player = player(vec![(1, output("0123456789012345678")), (2, What::Resize(10, 2))]);
    player.act(Act::End);
    assert_eq!(player.screen().size(), (10, 2));
    player.act(Act::Start);
    assert_eq!(player.screen().size(), (20, 4));
    let mut empty = self::player(Vec::new());
    for act in [Act::Pause, Act::End, Act::NextMarker, Act::PreviousMarker, Act::Step, Act::Idle, Act::Back] {
        empty.act(act);
    }
    empty.search("x");
    assert!(empty.is_over() && empty.length() == Duration::ZERO && empty.marker().is_none());
}

#[test]
fn going_back_in_a_long_recording_shows_what_was_there() {
    let line = |index: u64| format!("{index:>6} {}\r\n", "関".repeat(6));
    let events = (0..60_000).map(|index| (index, output(&line(index)))).collect();
    let mut player = player(events);
    player.act(Act::End);
    assert!(!player.kept.is_empty());
    for at in [59_000_u64, 31_234, 40_000, 12, 1] {
        player.seek(seconds(at));
        assert!(shown(&player).contains(line(at).trim_end()), "{at}: {}", shown(&player));
    }
}

#[test]
fn the_plain_text_has_nothing_that_a_terminal_obeys() {
    let player =
        player(vec![(1, output("a\u{1b}[31m b \r\n10%\r")), (2, output("20%\r\n\u{7}$ ")), (3, marker("end"))]);
    assert_eq!(plain(player.cast()).collect::<String>(), "a b \n10%\n20%\n$ \n[end]\n");
}

proptest! {
    #[test]
    fn nothing_breaks_the_player(
        events in prop::collection::vec((0_u64..5, prop_oneof![
            "(\u{1b}\\[[0-9;?]{0,6}[A-Za-z]|\u{1b}[78MDEc]|[a-z関👨\u{200d}ﾞ\r\n\t\u{8}]){0,20}".prop_map(|text| output(&text)),
            ".{0,20}".prop_map(|text| output(&text)),
            (0_u16..30, 0_u16..30).prop_map(|(columns, rows)| What::Resize(columns, rows)),
            Just(marker("m")),
        ]), 0..30),
        seeks in prop::collection::vec(0_u64..60, 0..6),
    ) {
        let mut at = 0;
        let events = events.into_iter().map(|(pause, what)| { at += pause; (at, what) }).collect();
        let mut player = player(events);
        for seek in seeks {
            player.seek(seconds(seek));
            let there = shown(&player);
            let position = player.position();
            player.seek(Duration::MAX);
            player.seek(position);
            prop_assert_eq!(&there, &shown(&player));
        }
    }
}

#[test]
fn going_back_keeps_the_set_of_characters_that_was_in_use() {
    let mut events = vec![(1, output("\u{1b}(0"))];
    events.extend((0..40).map(|at| (2 + at, output(&"\u{1b}[H".repeat(8_192)))));
    events.extend([(50, output("qq")), (60, output("\u{1b}(B\u{1b}[Hxx"))]);
    let mut player = player(events);
    player.set_idle_limit(None);
    player.seek(seconds(60));
    assert_eq!(shown(&player), "xx");
    player.seek(seconds(50));
    assert_eq!(shown(&player), "──");
}

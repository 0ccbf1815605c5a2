use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::screen::{LARGEST, SMALLEST};

/// Returns what a screen of 20 columns and 4 rows shows after some output.
fn shown(output: &[u8]) -> String {
    let mut pane = Pane::new(20, 4);
    pane.take(output);
    pane.screen().contents()
}

#[rstest]
#[case(b"ls\r\nweb", "ls\nweb")]
#[case("日本語\r\nテスト".as_bytes(), "日本語\nテスト")]
#[case(b"\x1b(0lqk\x1b(B", "┌─┐")]
#[case(b"\x1b)0\x0elqqk\x0fx", "┌──┐x")]
#[case(b"a\x1b[3bz", "aaaaz")]
#[case("あ\u{1b}[2bz".as_bytes(), "あああz")]
#[case(b"a\x1b]0;title\x07b\x1b]52;c;c2VjcmV0\x1b\\c\x1bP1$r0m\x1b\\d", "abcd")]
#[case(b"a\x1b]8;;https://example.com\x1b\\b", "ab")]
#[case(b"a\x1bDb\x1bEc", "a\n b\nc")]
#[case(b"abc\x1b[65535@", "abc")]
#[case(b"abc\r\x1b[65535P", "")]
#[case(b"\xff\xfeok\x80", "ok")]
fn output_is_drawn(#[case] output: &[u8], #[case] expected: &str) {
    assert_eq!(shown(output), expected);
}

#[rstest]
#[case(b"\x1b[6n", b"\x1b[1;1R")]
#[case(b"ab\r\nc\x1b[6n", b"\x1b[2;2R")]
#[case(b"\x1b[5n", b"\x1b[0n")]
#[case(b"\x1b[c", b"\x1b[?1;2c")]
#[case(b"\x1b[0c", b"\x1b[?1;2c")]
#[case(b"\x1b[>c", b"")]
#[case(b"\x1b[?6n", b"")]
#[case(b"\x1b[21t\x1b]10;?\x07\x1bP+q544e\x1b\\\x1b]52;c;?\x07", b"")]
fn three_queries_are_answered_and_no_other(#[case] output: &[u8], #[case] answer: &[u8]) {
    assert_eq!(Pane::new(20, 4).take(output), answer);
}

#[test]
fn the_cursor_is_reported_inside_the_screen_behind_a_full_row() {
    let mut pane = Pane::new(4, 2);
    assert_eq!(pane.take(b"abcd\x1b[6n"), b"\x1b[1;4R");
}

#[test]
fn answers_are_bounded() {
    let answered = Pane::new(20, 4).take(&b"\x1b[6n".repeat(10_000));
    assert!(!answered.is_empty() && answered.len() <= 512);
}

#[test]
fn sequences_may_come_in_any_pieces() {
    let output = "\u{1b}(0qq\u{1b}(B\u{1b}[31m赤い\u{1b}[0m\u{1b}]0;t\u{7}x\u{1b}[2by".as_bytes();
    let whole = shown(output);
    for cut in 0..output.len() {
        let mut pane = Pane::new(20, 4);
        pane.take(&output[..cut]);
        pane.take(&output[cut..]);
        assert_eq!(pane.screen().contents(), whole, "cut at {cut}");
    }
    assert_eq!(whole, "──赤いxxxy");
}

#[test]
fn modes_are_those_that_were_asked_for() {
    let mut pane = Pane::new(20, 4);
    assert_eq!(pane.modes(), Modes::default());
    pane.take(b"\x1b[?1h\x1b[?2004h\x1b[?1002;1006h\x1b[?1004h\x1b[?1049h");
    assert_eq!(
        pane.modes(),
        Modes {
            application_cursor: true,
            bracketed_paste: true,
            focus: true,
            alternate: true,
            mouse: MouseMode::ButtonMotion,
            encoding: MouseEncoding::Sgr,
        }
    );
    pane.take(b"\x1bc");
    assert_eq!(pane.modes(), Modes::default());
}

#[test]
fn lines_above_the_screen_are_kept_and_scrolled_to() {
    let mut pane = Pane::new(20, 4);
    for line in 0..10 {
        pane.take(format!("line {line}\r\n").as_bytes());
    }
    pane.scroll(-2);
    assert_eq!(pane.scrolled(), 2);
    assert!(pane.screen().contents().starts_with("line 5"));
    pane.scroll(isize::MIN);
    assert!(pane.screen().contents().starts_with("line 0"));
    pane.scroll(isize::MAX);
    assert_eq!(pane.scrolled(), 0);
    for line in 0..2 * SCROLLBACK {
        pane.take(format!("{line}\r\n").as_bytes());
    }
    pane.scroll(isize::MIN);
    assert_eq!(pane.scrolled(), SCROLLBACK);
    pane.follow();
    assert_eq!(pane.scrolled(), 0);
}

#[test]
fn a_wide_character_that_a_narrower_screen_cuts_goes_whole() {
    let mut pane = Pane::new(6, 2);
    pane.take("abcd漢\u{1b}[?1049habcd字".as_bytes());
    assert!(pane.resize(5, 2));
    pane.take(b"\x1b[1;1H\x1b[2K\x1b[?1049l\x1b[1;1H");
    assert_eq!(pane.screen().contents(), "abcd");
    pane.take(b"\x1b[1;5Hx\x1b[1;1H\x1b[K");
    assert_eq!(pane.screen().contents(), "");
}

#[test]
fn sizes_stay_within_what_can_be_held() {
    let mut pane = Pane::new(0, 0);
    assert_eq!(pane.size(), SMALLEST);
    pane.take("漢字".as_bytes());
    assert!(pane.resize(u16::MAX, u16::MAX));
    assert_eq!(pane.size(), LARGEST);
    assert!(!pane.resize(u16::MAX, u16::MAX));
}

/// Makes what a hostile far side might send: text, wide text, and every kind of sequence with any numbers.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let numbers = prop::collection::vec(prop_oneof![0..30_u32, Just(65_535), Just(99_999_999)], 0..4);
    let control =
        (prop_oneof![Just(""), Just("?"), Just(">")], numbers, 0x40..0x7f_u8).prop_map(|(mark, numbers, last)| {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            format!("\x1b[{mark}{}{}", numbers.join(";"), char::from(last)).into_bytes()
        });
    let escape = (0x20..0x7f_u8).prop_map(|byte| vec![0x1b, byte]);
    prop_oneof![
        4 => control,
        1 => escape,
        3 => "[a-z]{0,12}".prop_map(String::into_bytes),
        3 => "[漢字ｶﾞ👩‍👩‍👧e\u{301}]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..12),
        1 => "[\r\n\t\u{8}]{1,3}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn nothing_that_comes_breaks_the_emulator(
        steps in prop::collection::vec((prop::collection::vec(pieces(), 0..12), 0..14_u16, 0..8_u16, any::<i8>()), 0..8)
    ) {
        let mut pane = Pane::new(10, 4);
        for (output, columns, rows, lines) in steps {
            for piece in output {
                pane.take(&piece);
            }
            pane.scroll(isize::from(lines));
            pane.resize(columns, rows);
            let (columns, rows) = pane.size();
            prop_assert_eq!(pane.screen().size(), (rows, columns));
            prop_assert!(pane.screen().contents().chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}

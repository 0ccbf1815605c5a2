use proptest::prelude::*;

use super::*;

fn screen(columns: u16, rows: u16, text: &str) -> Screen {
    let mut screen = Screen::new(columns, rows, 10);
    screen.write(text.as_bytes());
    screen
}

#[test]
fn a_smaller_screen_keeps_what_is_around_the_cursor() {
    let mut screen = screen(10, 4, "one\r\n二二二二二\r\n\u{1b}[31mthree\r\nfour");
    screen.resize(5, 3);
    assert_eq!(screen.cells().contents(), "二二\nthree\nfour");
    assert_eq!(screen.cells().cursor_position(), (2, 4));
    assert_eq!(screen.cells().cell(1, 0).map(vt100::Cell::fgcolor), Some(vt100::Color::Idx(1)));
    screen.write(b"!\r\n\x1b[?1049hfull\x1b[?25l");
    screen.resize(4, 2);
    assert!(screen.cells().alternate_screen() && screen.cells().hide_cursor());
    assert_eq!(screen.size(), (4, 2));
}

#[test]
fn a_larger_screen_keeps_all_and_sizes_are_bounded() {
    let mut screen = screen(5, 2, "abc\r\nd");
    screen.resize(9, 5);
    assert_eq!((screen.cells().contents().as_str(), screen.size()), ("abc\nd", (9, 5)));
    screen.resize(0, 0);
    assert_eq!(screen.size(), SMALLEST);
    screen.resize(u16::MAX, u16::MAX);
    assert_eq!(screen.size(), LARGEST);
}

#[test]
fn what_left_the_screen_can_be_seen_again() {
    let mut screen = screen(5, 2, "1\r\n2\r\n3\r\n4");
    screen.scroll_back(1);
    assert_eq!(screen.cells().contents(), "2\n3");
    screen.scroll_back(usize::MAX);
    assert_eq!(screen.cells().contents(), "1\n2");
}

proptest! {
    #[test]
    fn nothing_that_is_written_breaks_it(
        steps in prop::collection::vec(prop_oneof![
            "(\u{1b}\\[[0-9;?]{0,6}[@-~]|\u{1b}[78MDEHc=>()#]|[a-z関👨\u{200d}ﾞ\u{301}\r\n\t\u{8}\u{b}]){0,20}"
                .prop_map(|text| (text.into_bytes(), None)),
            ".{0,20}".prop_map(|text| (text.into_bytes(), None)),
            prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| (bytes, None)),
            (0_u16..30, 0_u16..30).prop_map(|size| (Vec::new(), Some(size))),
        ], 0..40),
    ) {
        let mut screen = Screen::new(20, 5, 10);
        for (bytes, size) in steps {
            screen.write(&bytes);
            if let Some((columns, rows)) = size {
                screen.resize(columns, rows);
            }
        }
    }
}

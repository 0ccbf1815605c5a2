//! An account that no terminal should trust.

use crossterm::event::KeyCode;
use sekisho::domain::text::width;
use sekisho::state::event::Effect;

use crate::journey::{Journey, Start};

/// Checks that nothing in the frame is an order to the terminal, and that what is wide takes the cells it needs.
pub fn assert_harmless(journey: &Journey, where_: &str) {
    let buffer = journey.buffer();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            for character in symbol.chars() {
                let hidden = matches!(character,
                    '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
                assert!(!character.is_control() && !hidden, "{where_}: {symbol:?} at {x},{y}");
            }
            let cells = width(symbol).max(1);
            assert!(usize::from(x) + cells <= usize::from(buffer.area.width), "{where_}: {symbol:?} at {x},{y}");
            for behind in 1..cells {
                // The library leaves what stands behind a wide character blank.
                let rest = buffer[(x + u16::try_from(behind).unwrap(), y)].symbol();
                assert!(rest.trim().is_empty(), "{where_}: {rest:?} behind {symbol:?} at {x},{y}");
            }
            x += u16::try_from(cells).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_the_account_steers_the_terminal_on_any_screen_at_any_size() {
    let mut journey = Start::of("hostile").go().await;
    for keys in ["1", "2", "2 enter", "tab tab", "4", "4 enter", "esc j enter", "esc j enter", "!", "esc :", "esc 2 ?"]
    {
        journey.go(keys).await;
        journey.pass("3s").await;
        for (width, height) in [(120, 40), (60, 20), (80, 24), (200, 60)] {
            journey.resize(width, height);
            assert_harmless(&journey, keys);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_255_wide_characters_is_cut_at_a_character_and_filtered_by() {
    let mut journey = Start::of("hostile").size(80, 24).go().await;
    journey.go("2 /").await;
    journey.write("目黒生命保険");
    let row = journey.line_with("steady");
    assert!(row.contains("目黒") && row.contains('…'), "{row}");
    assert_eq!(journey.console.state().services.rows.len(), 1);
    journey.press("enter");
    journey.go("enter").await;
    journey.shows("目黒生命保険基幹系契約管理");
    assert_harmless(&journey, "open");
    // The heading is cut for the sake of what stands at its right.
    journey.shows("1/1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_is_as_harmless_as_what_is_shown() {
    let mut journey = Start::of("hostile").go().await;
    journey.go("4").await;
    let count = journey.console.state().alarms.rows.len();
    for _ in 0..count {
        for effect in journey.press("y") {
            let Effect::Copy { text, .. } = effect else { continue };
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        journey.press("j");
    }
    assert_eq!(count, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pasted_or_typed_is_no_order_either() {
    let mut journey = Start::of("hostile").go().await;
    journey.go("4 /").await;
    journey.input(crossterm::event::Event::Paste("\u{1b}]0;owned\u{7}👩‍👩‍👧‍👦".to_owned()));
    assert_harmless(&journey, "pasted");
    journey.input(crossterm::event::Event::Key(KeyCode::Char('\u{202e}').into()));
    assert_harmless(&journey, "typed");
}

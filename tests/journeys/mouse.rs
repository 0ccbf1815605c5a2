//! The mouse, and a terminal that changes its size.

use crossterm::event::{Event as Input, MouseEventKind};
use sekisho::state::Screen;
use sekisho::state::event::Effect;

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn a_click_selects_and_a_second_one_opens() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2").await;
    journey.click("contracts");
    let state = journey.console.state();
    assert_eq!(state.services.selected().unwrap().id.key.service, "contracts");
    assert_eq!(state.screen, Screen::Services);
    journey.click("contracts");
    journey.settle().await;
    journey.shows("✓ steady  contracts  shop-prd  prd");
    journey.click("Events");
    journey.shows("▌Events");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_footer_and_menus_are_clicked_and_the_wheel_moves_through_rows() {
    let mut journey = Start::of("bad-deploy").at("3m").size(80, 24).go().await;
    journey.click("Alarms");
    assert_eq!(journey.console.state().screen, Screen::Overview, "the first such word is a title of the overview");
    journey.click("4 Alarms");
    journey.settle().await;
    assert_eq!(journey.console.state().screen, Screen::Alarms);
    let (x, y) = journey.place_of("shop-prd-web-5xx").unwrap();
    journey.mouse(MouseEventKind::ScrollDown, x, y);
    assert_eq!(journey.console.state().alarms.list.selected(), 3);
    for _ in 0..20 {
        journey.mouse(MouseEventKind::ScrollDown, x, y);
    }
    let alarms = &journey.console.state().alarms;
    assert_eq!(alarms.list.selected(), alarms.rows.len() - 1);
    assert!(alarms.list.offset() > 0);
    let last = alarms.rows.last().unwrap().id.name.clone();
    journey.shows(&last.chars().take(20).collect::<String>());
    for _ in 0..20 {
        journey.mouse(MouseEventKind::ScrollUp, x, y);
    }
    assert_eq!(journey.console.state().alarms.list.selected(), 0);
    journey.press("e");
    journey.click("stg           4444");
    journey.settle().await;
    assert_eq!(journey.console.state().shown, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_under_an_overlay_cannot_be_clicked() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2").await;
    let (x, y) = journey.place_of("notify").unwrap();
    journey.press("?");
    journey.mouse(MouseEventKind::Down(crossterm::event::MouseButton::Left), x, y);
    let state = journey.console.state();
    assert_eq!((state.services.list.selected(), state.overlays.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mouse_is_left_to_the_terminal_when_told_so() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    assert_eq!(journey.press("M"), [Effect::Mouse(false)]);
    journey.shows("Mouse off: the terminal selects text again.");
    assert_eq!(journey.press("M"), [Effect::Mouse(true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_may_shrink_to_nothing_and_grow_again() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2 G").await;
    journey.pass("3s").await;
    let before = journey.text();
    let selected = journey.console.state().services.selected().unwrap().id.clone();
    journey.resize(60, 20);
    let row = journey.line_with("▸");
    assert!(row.contains(&selected.key.service), "the selected row is on the screen: {row}");
    journey.shows("STATUS");
    for (width, height) in [(20, 6), (1, 1), (0, 0), (300, 3), (3, 300)] {
        journey.resize(width, height);
        journey.press("j k 4 2 ? esc");
    }
    journey.resize(20, 6);
    journey.shows("This console needs");
    journey.resize(200, 60);
    journey.settle().await;
    journey.shows("LAST EVENT");
    journey.resize(120, 40);
    journey.press("G");
    journey.settle().await;
    assert_eq!(journey.console.state().services.selected().unwrap().id, selected);
    assert_eq!(journey.text().lines().nth(2), before.lines().nth(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_drawn_at_every_size() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    for keys in ["1", "2", "2 enter", "4", "4 enter", "2 ?", "esc !", "esc e", "esc p", "esc :", "esc /"] {
        journey.go(keys).await;
        for (width, height) in [(60, 20), (61, 21), (99, 27), (100, 30), (110, 25), (300, 70)] {
            journey.resize(width, height);
            // Whatever is on the screen, the last row holds the footer and nothing reaches past the edge.
            assert_eq!(journey.lines().len(), usize::from(height), "{keys}");
        }
        journey.input(Input::Resize(120, 40));
    }
}

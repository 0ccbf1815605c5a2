//! A slow network: keys are answered while calls hang.

use std::time::{Duration, Instant};

use sekisho::simulator::{Fault, FaultKind, Span};
use sekisho::state::Screen;

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_answered_while_every_call_takes_a_second_and_a_half() {
    let delay = Fault::new(FaultKind::Delay, "*").by(Span::from_millis(1_500));
    let mut journey = Start::of("bad-deploy").at("3m").fault(delay).cold().await;
    let started = Instant::now();
    let mut times = Vec::new();
    for key in ["2", "4", "?", "j", "esc", "e", "j", "esc", "/", "w", "e", "b", "enter", "esc", "1", "p", "esc", "2"] {
        let pressed = Instant::now();
        journey.press(key);
        times.push(pressed.elapsed());
    }
    // Nothing was answered meanwhile, or this would have shown nothing.
    assert!(started.elapsed() < Duration::from_millis(1_400), "the machine is too slow to tell");
    assert!(journey.console.state().is_loading());
    assert_eq!(journey.console.state().screen, Screen::Services);
    times.sort_unstable();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_millis(50), "{times:?}");
    journey.shows("loading");
    // The rows arrive in the end.
    journey.simulator.clear_faults();
    journey.until("loaded", |journey| journey.has("contracts")).await;
}

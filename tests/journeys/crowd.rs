//! Five thousand services: what is looked at comes first, and the filter finds its row.

use crate::journey::Start;

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_fills_the_screen_and_is_filtered_while_it_is_still_being_read() {
    let mut journey = Start::of("crowd").size(120, 40).cold().await;
    journey.press("2");
    journey.until("a page of rows", |journey| journey.console.state().services.total >= 40).await;
    let total = journey.console.state().services.total;
    assert!(total < 5_000, "not all of it is awaited: {total}");
    journey.press("/");
    journey.write("svc-00 steady");
    let state = journey.console.state();
    assert!(!state.services.rows.is_empty());
    assert!(state.services.rows.iter().all(|row| row.id.key.service.starts_with("svc-00")));
    journey.press("enter G g ctrl-d esc G");
    let selected = journey.console.state().services.list.selected();
    assert_eq!(selected + 1, journey.console.state().services.rows.len());
    // Nobody asked for the metrics of rows that are not on the screen.
    let metrics = journey.simulator.calls().metrics;
    assert!(metrics <= 6 * 80, "{metrics}");
}

//! What is carried out of the console: names and links, by the clipboard of the terminal.

use rstest::rstest;
use sekisho::state::event::{Effect, Event};

use crate::journey::{Journey, Start};

/// Presses keys of which the last copies something, tells the console that it was done, and returns the text.
fn copied(journey: &mut Journey, keys: &str) -> String {
    let effects = journey.press(keys);
    let [Effect::Copy { text, done }] = effects.as_slice() else { panic!("{effects:?}") };
    journey.console.apply(Event::Notice(done.clone()));
    journey.draw();
    text.clone()
}

#[rstest]
#[case::overview("y", "arn:aws:ecs:ap-northeast-1:111122223333:service/shop-prd/web", "Copied: arn:aws:ecs:")]
#[case::services("2 y", "arn:aws:ecs:ap-northeast-1:111122223333:service/shop-prd/web", "Copied: arn:aws:ecs:")]
#[case::alarms(
    "4 y",
    "arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:shop-prd-customer-impact",
    "Copied: arn:aws:cloudwatch:"
)]
#[case::link(
    "2 o",
    "https://ap-northeast-1.console.aws.amazon.com/ecs/v2/clusters/shop-prd/services/web/health?region=ap-northeast-1",
    "Link copied: https://ap-northeast-1.console.aws.amazon.com/"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_arn_or_the_link_of_the_row_is_copied(#[case] keys: &str, #[case] text: &str, #[case] says: &str) {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    assert_eq!(copied(&mut journey, keys), text);
    journey.shows(says);
    // The next key has read it.
    journey.press("j");
    journey.hides(says);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tasks_arn_is_copied_from_the_open_service() {
    let mut journey = Start::of("bad-deploy").at("3m").go().await;
    journey.go("2 enter").await;
    let text = copied(&mut journey, "j y");
    assert!(text.starts_with("arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/"), "{text}");
    let link = copied(&mut journey, "o");
    assert!(link.contains("/ecs/v2/clusters/shop-prd/tasks/"), "{link}");
}

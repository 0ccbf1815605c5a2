//! Keys: the help lists those in force, a user's own among them; another keymap plays along.

use std::collections::BTreeMap;
use std::path::Path;

use sekisho::command::Command;
use sekisho::i18n::{Lang, Texts};
use sekisho::keymap::{Keymap, builtin_text};

use crate::journey::{Journey, Start};

const OWN: &str =
    "[services]\n\"z z\" = \"sort\"\n\"s\" = \"none\"\n\"o\" = \"refresh\"\n[global]\n\"ctrl-t\" = \"alarms\"\n";

fn with_own_keys() -> Keymap {
    Keymap::load("default", Some((Path::new("keymap.toml"), OWN.to_owned()))).unwrap()
}

/// Works out from the files alone which chord means what on the services screen: the narrower table wins, and in
/// each the user's own line.
fn in_force() -> BTreeMap<String, String> {
    let files = [builtin_text("default").unwrap(), OWN].map(|text| text.parse::<toml::Table>().unwrap());
    let mut chords = BTreeMap::new();
    for scope in ["global", "list", "services"] {
        for file in &files {
            for (chord, command) in file.get(scope).and_then(toml::Value::as_table).into_iter().flatten() {
                chords.insert(chord.clone(), command.as_str().unwrap().to_owned());
            }
        }
    }
    chords.retain(|_, command| command != "none");
    chords
}

/// Reads chords and command off the lines of the help.
fn listed(journey: &Journey) -> BTreeMap<String, String> {
    let texts = Texts::of(Lang::En);
    let mut chords = BTreeMap::new();
    for line in journey.lines() {
        let Some(inside) = line.split('│').find(|part| part.starts_with("   ") && !part.trim().is_empty()) else {
            continue;
        };
        let inside = inside.trim_end_matches(['┃', ' ']);
        let entry = sekisho::command::entries().iter().find(|entry| {
            let label = texts.get(entry.key);
            inside.strip_suffix(label).is_some_and(|before| before.ends_with("  "))
        });
        let Some(entry) = entry else { continue };
        let before = inside.strip_suffix(texts.get(entry.key)).unwrap();
        for chord in before.split("  ").map(str::trim).filter(|chord| !chord.is_empty()) {
            chords.insert(chord.to_owned(), entry.id.to_owned());
        }
    }
    chords
}

#[tokio::test(flavor = "multi_thread")]
async fn help_lists_exactly_the_keys_that_do_something_here() {
    let mut journey = Start::of("quiet").size(100, 100).keymap(with_own_keys()).go().await;
    journey.go("2").await;
    journey.resize(100, 100);
    journey.press("?");
    journey.shows("Sort by the next column");
    let mut acting = in_force();
    // The list of services has one panel, and there is no catalogue here: what goes to another panel, and what may be done,
    // is not offered.
    let idle = ["left", "right", "next-panel", "previous-panel", "actions"];
    acting.retain(|_, command| !idle.contains(&command.as_str()));
    assert!(acting.len() < in_force().len());
    assert_eq!(listed(&journey), acting);
    journey.press("q");
    journey.hides("Everywhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_own_keys_work_and_those_taken_away_do_not() {
    let mut journey = Start::of("quiet").keymap(with_own_keys()).go().await;
    journey.go("2").await;
    let first = |journey: &Journey| journey.console.state().services.rows[0].id.clone();
    let before = journey.console.state().services.sort;
    journey.press("s");
    assert_eq!(journey.console.state().services.sort, before);
    let row = first(&journey);
    journey.press("z");
    journey.shows("Sort by the next column");
    journey.press("z");
    assert_ne!((journey.console.state().services.sort, first(&journey)), (before, row));
    journey.press("ctrl-t");
    journey.shows("▌Alarms");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_scrolls_to_its_end_and_no_further() {
    let mut journey = Start::of("quiet").size(80, 24).go().await;
    journey.go("2").await;
    journey.press("? G");
    journey.shows("Quit");
    let end = journey.text();
    journey.press("j j j");
    assert_eq!(journey.text(), end, "there is nothing below the last line");
    journey.press("k");
    assert_ne!(journey.text(), end, "one step up is one line up");
    journey.press("g");
    journey.shows("Lists");
    journey.press("esc");
    journey.hides("Lists");
}

#[tokio::test(flavor = "multi_thread")]
async fn vims_chords_wait_for_their_second_key_and_say_what_may_follow() {
    let mut journey = Start::of("bad-deploy").at("3m").keymap(Keymap::load("vim", None).unwrap()).go().await;
    journey.go("g s").await;
    journey.shows("▌Services");
    journey.press("G");
    let selected = |journey: &Journey| journey.console.state().services.list.selected();
    assert_eq!(selected(&journey), 24);
    journey.press("g");
    for follows in [Command::Top, Command::Alarms, Command::ConsoleLink] {
        journey.shows(Texts::of(Lang::En).get(follows.entry().key));
    }
    journey.press("g");
    assert_eq!(selected(&journey), 0);
    journey.shows("1 Overview");
    // A key that continues nothing is taken for itself; escape gives the beginning up and nothing else.
    journey.press("g j");
    assert_eq!(selected(&journey), 1);
    journey.press("g esc j");
    assert_eq!(selected(&journey), 2);
    journey.shows("▌Services");
    let effects = journey.press("Z Z");
    assert_eq!(effects, [sekisho::state::event::Effect::Quit]);
}

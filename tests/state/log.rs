//! The log of a service: what is asked for, which lines are kept, and where one stands in them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sekisho::command::Command;
use sekisho::domain::fetch::{FailureKind, Panel, SourceId};
use sekisho::domain::log::{Follow, LogChunk, LogLine, LogTail};
use sekisho::state::event::{Effect, Event, Interest, Report, Target};
use sekisho::state::interest::interest;
use sekisho::state::log::ring::{MOST_BYTES, MOST_LINES, Ring};
use sekisho::state::log::{LogView, Times};
use sekisho::state::overlay::Overlay;
use sekisho::state::update::update;
use sekisho::state::{Screen, State};

use super::commands::press;
use super::sound::{assert_sound, draw};
use super::support::{
    WEB_DEFINITION, bad_morning, denied, failing_service, failure, identity, log_line, log_lines, log_place,
    log_places, now, report, report_at, services, web_log,
};

/// A console on the log of the failing service, with what its containers wrote.
pub fn on_log() -> State {
    let mut state = opened(&["web", "datadog-agent"]);
    log_lines(&mut state, web_log());
    update(&mut state, Event::Drawn { page: 5, end: 0 });
    state
}

fn opened(containers: &[&str]) -> State {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open, Command::Log]);
    report(&mut state, 0, log_places(containers));
    state
}

fn view(state: &State) -> &LogView {
    state.log.as_ref().unwrap()
}

fn wanted(state: &State) -> Interest {
    interest(state, SourceId(0))
}

fn tail(state: &State) -> LogTail {
    wanted(state).log_tail.unwrap()
}

fn messages(ring: &Ring) -> Vec<&str> {
    (0..ring.len()).filter_map(|index| ring.get(index)).map(|entry| entry.line.message.as_str()).collect()
}

fn cursor(state: &State) -> Option<&str> {
    view(state).line().map(|line| line.message.as_str())
}

#[test]
fn a_log_asks_where_it_is_and_then_for_its_lines() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    assert_eq!((wanted(&state).log_places, wanted(&state).log_tail), (None, None));
    press(&mut state, &[Command::Log]);
    assert_eq!(state.screen, Screen::Log);
    assert_eq!(wanted(&state).log_places.as_deref(), Some(WEB_DEFINITION));
    assert_eq!(wanted(&state).log_tail, None);
    report(&mut state, 0, log_places(&["datadog-agent", "web"]));
    let interest = wanted(&state);
    assert_eq!(interest.log_places, None);
    let from = (now() - SignedDuration::from_mins(10)).as_millisecond();
    // The container that the service is named after comes first to mind, wherever it stands.
    assert_eq!(interest.log_tail, Some(LogTail { place: log_place("web"), pattern: String::new(), from }));
    press(&mut state, &[Command::Back]);
    assert_eq!((state.screen, state.log.is_none()), (Screen::Service, true));
    assert_eq!(wanted(&state).log_tail, None);
}

#[test]
fn a_service_that_others_deploy_logs_where_its_tasks_do() {
    let mut state = bad_morning();
    let mut web = failing_service();
    web.task_definition.clear();
    report(&mut state, 0, services(vec![web]));
    press(&mut state, &[Command::Services, Command::Open, Command::Log]);
    assert_eq!(wanted(&state).log_places, Some(WEB_DEFINITION.replace("web:42", "web:41")));
}

#[test]
fn each_container_is_tailed_or_all_of_a_group() {
    let mut state = on_log();
    let places: Vec<String> = (0..4)
        .map(|_| {
            press(&mut state, &[Command::NextPanel]);
            tail(&state).place.stream_prefix
        })
        .collect();
    assert_eq!(places, ["ecs/datadog-agent/", "ecs/", "ecs/web/", "ecs/datadog-agent/"]);
    press(&mut state, &[Command::PreviousPanel]);
    assert_eq!(tail(&state).place.container, "web");
    update(&mut state, Event::Click(Target::Panel(2)));
    assert_eq!(tail(&state).place.container, "");
    // What another service writes into the same group is not this one's.
    let lines = vec![log_line(1, 2, "web", "ours"), log_line(2, 1, "api", "theirs")];
    log_lines(&mut state, lines);
    assert_eq!(messages(&view(&state).ring), ["ours"]);
    update(&mut state, Event::Click(Target::Panel(99)));
    assert_sound(&state);
}

#[test]
fn lines_of_what_is_no_longer_tailed_are_dropped() {
    let mut state = on_log();
    let late = LogChunk { tail: tail(&state), lines: web_log(), follow: Follow::Live, sampled: true };
    press(&mut state, &[Command::NextPanel]);
    assert!(view(&state).ring.is_empty());
    report(&mut state, 0, Report::Log(late.clone()));
    assert!(view(&state).ring.is_empty() && !view(&state).sampled);
    press(&mut state, &[Command::PreviousPanel]);
    report(&mut state, 1, Report::Log(late.clone()));
    assert!(view(&state).ring.is_empty(), "of another account");
    report(&mut state, 0, Report::Log(late));
    assert_eq!((view(&state).ring.len(), view(&state).sampled, view(&state).follow), (7, true, Some(Follow::Live)));
}

#[test]
fn the_end_is_followed_until_one_goes_up_and_again_from_there() {
    let mut state = on_log();
    assert_eq!((view(&state).held, cursor(&state)), (None, Some("INFO GET /health 503 3001ms")));
    press(&mut state, &[Command::Up, Command::Up]);
    let held = view(&state).held.unwrap();
    assert_eq!((held.cursor, held.top), (4, 2));
    // Lines come, also ones that belong further up: what is seen stays.
    log_lines(&mut state, vec![log_line(50, 8_500, "web", "late"), log_line(51, 1, "web", "new")]);
    assert_eq!(view(&state).held.map(|held| (held.cursor, held.top, held.unseen)), Some((4, 2, 2)));
    assert_eq!(view(&state).window(), Some((3, 5)), "one came in above");
    press(&mut state, &[Command::Bottom]);
    assert_eq!((view(&state).held, cursor(&state)), (None, Some("new")));
    press(&mut state, &[Command::Up, Command::Down]);
    assert_eq!(view(&state).held, None, "down to the newest");
    press(&mut state, &[Command::Top]);
    assert_eq!((view(&state).window(), cursor(&state)), (Some((0, 0)), Some("INFO listening on 0.0.0.0:8080")));
    assert_sound(&state);
}

#[test]
fn a_paused_log_rests_and_goes_on_where_it_was() {
    let mut state = on_log();
    let before = tail(&state);
    press(&mut state, &[Command::Pause]);
    assert_eq!(wanted(&state).log_tail, None);
    // What was under way when it was paused still belongs.
    let late =
        LogChunk { tail: before, lines: vec![log_line(60, 5, "web", "late")], follow: Follow::Polling, sampled: false };
    report(&mut state, 0, Report::Log(late));
    press(&mut state, &[Command::Pause]);
    let newest = now() - SignedDuration::from_millis(5);
    assert_eq!(tail(&state).from, newest.as_millisecond(), "what is here is not read again");
    assert_eq!(view(&state).ring.len(), 8);
}

#[test]
fn a_filter_is_shown_while_it_is_typed_and_sent_when_it_is_taken() {
    let mut state = on_log();
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste("  ERROR -health ".to_owned()));
    assert!(view(&state).needles().is_in("an ERROR") && !view(&state).needles().is_in("health"));
    assert_eq!((tail(&state).pattern.as_str(), view(&state).ring.len()), ("", 7), "not yet");
    press(&mut state, &[Command::Accept]);
    assert_eq!((tail(&state).pattern.as_str(), view(&state).ring.len()), ("ERROR -health", 0));
    press(&mut state, &[Command::Filter, Command::Cancel]);
    assert_eq!(tail(&state).pattern, "ERROR -health");
    press(&mut state, &[Command::Back]);
    assert_eq!((tail(&state).pattern.as_str(), state.screen), ("", Screen::Log), "the filter goes first");
    press(&mut state, &[Command::Back]);
    assert_eq!(state.screen, Screen::Service);
}

#[test]
fn a_search_goes_to_what_is_there() {
    let mut state = on_log();
    press(&mut state, &[Command::Search]);
    update(&mut state, Event::Paste("timed OUT".to_owned()));
    assert_eq!(view(&state).held, None, "with a capital it is another text");
    press(&mut state, &[Command::Cancel, Command::Search]);
    update(&mut state, Event::Paste("health".to_owned()));
    assert_eq!(cursor(&state), Some("INFO GET /health 503 3001ms"), "the newest");
    press(&mut state, &[Command::PreviousEntry]);
    assert_eq!(cursor(&state), Some("INFO GET /health 200 3ms"), "also while it is typed");
    press(&mut state, &[Command::Accept, Command::PreviousMatch]);
    assert_eq!(state.notice.as_ref().map(|notice| notice.key), Some("log.no-match-above"));
    press(&mut state, &[Command::NextMatch]);
    assert_eq!(cursor(&state), Some("INFO GET /health 503 3001ms"));
    press(&mut state, &[Command::NextMatch]);
    assert_eq!(state.notice.as_ref().map(|notice| notice.key), Some("log.no-match-below"));
    assert_eq!(tail(&state).pattern, "", "AWS is not asked for it");
    press(&mut state, &[Command::Back]);
    assert_eq!((view(&state).search.as_str(), state.screen), ("", Screen::Log));
    press(&mut state, &[Command::NextMatch]);
    assert_eq!(state.notice.as_ref().map(|notice| notice.key), Some("log.nothing-sought"));
}

#[test]
fn a_line_is_copied_whole_and_opened_in_full() {
    let mut state = on_log();
    press(&mut state, &[Command::Up, Command::Up]);
    let long = web_log()[4].message.clone();
    let [Effect::Copy { text, done }] = &press(&mut state, &[Command::Copy])[..] else { panic!("it is copied") };
    assert_eq!((text, done.key), (&long, "log.copied"));
    press(&mut state, &[Command::Open]);
    assert!(matches!(state.overlays.last(), Some(Overlay::Detail(..))));
    press(&mut state, &[Command::Back]);
    let [Effect::Copy { text, .. }] = &press(&mut state, &[Command::ConsoleLink])[..] else { panic!("a link") };
    assert!(text.ends_with("#logsV2:log-groups/log-group/$252Fecs$252Fshop$252Dprd$252Fweb"), "{text}");
    let cut = LogLine { cut: 7, ..(*log_line(70, 0, "web", "the beginning")).clone() };
    log_lines(&mut state, vec![Arc::new(cut)]);
    press(&mut state, &[Command::Bottom]);
    let [Effect::Copy { done, .. }] = &press(&mut state, &[Command::Copy])[..] else { panic!("it is copied") };
    assert_eq!((done.key, &done.arguments), ("log.copied-part", &vec![("n", "7".to_owned())]));
}

#[test]
fn a_range_reads_further_back_and_times_are_shown_in_four_ways() {
    let mut state = on_log();
    press(&mut state, &[Command::Range3h]);
    assert_eq!(tail(&state).from, (now() - SignedDuration::from_hours(3)).as_millisecond());
    assert!(view(&state).ring.is_empty(), "it is read anew, from its beginning");
    let mut seen = Vec::new();
    for _ in 0..4 {
        press(&mut state, &[Command::Times]);
        seen.push(view(&state).times);
    }
    assert_eq!(seen, [Times::Date, Times::Age, Times::Hidden, Times::Clock]);
}

#[test]
fn lines_scroll_sideways_only_where_they_are_not_broken_and_only_while_there_is_more() {
    let mut state = on_log();
    draw(&state, 80, 24);
    press(&mut state, &[Command::Right]);
    assert_eq!(view(&state).left, 0, "no frame said that there is more");
    update(&mut state, Event::Drawn { page: 5, end: 40 });
    press(&mut state, &[Command::Right, Command::Right, Command::Left]);
    assert_eq!(view(&state).left, 8);
    press(&mut state, &[Command::Wrap, Command::Right]);
    assert_eq!((view(&state).wrap, view(&state).left), (true, 0));
}

#[test]
fn a_new_definition_keeps_the_tail_where_the_place_is_the_same() {
    let mut state = on_log();
    let before = tail(&state);
    let mut web = failing_service();
    "web:43".clone_into(&mut web.task_definition);
    report(&mut state, 0, services(vec![web]));
    let definition = WEB_DEFINITION.replace("web:42", "web:43");
    assert_eq!(wanted(&state).log_places.as_ref(), Some(&definition));
    assert_eq!(wanted(&state).log_tail.as_ref(), Some(&before), "meanwhile");
    report(&mut state, 0, Report::LogPlaces(definition.clone(), Arc::new(vec![log_place("web")])));
    assert_eq!((tail(&state), view(&state).ring.len()), (before, 7));
    let mut elsewhere = log_place("web");
    "/ecs/new".clone_into(&mut elsewhere.group);
    let mut web = failing_service();
    "web:44".clone_into(&mut web.task_definition);
    report(&mut state, 0, services(vec![web]));
    let definition = WEB_DEFINITION.replace("web:42", "web:44");
    report(&mut state, 0, Report::LogPlaces(definition, Arc::new(vec![elsewhere])));
    assert_eq!((tail(&state).place.group.as_str(), view(&state).ring.len()), ("/ecs/new", 0));
}

#[test]
fn a_log_is_left_with_what_it_was_opened_from() {
    use sekisho::state::event::Generation;
    let mut state = on_log();
    report_at(&mut state, 0, Generation(1), now(), identity("111122223333"));
    assert_eq!((state.screen, state.log.is_none(), state.service.is_none()), (Screen::Services, true, true));
    assert_sound(&state);
    let mut state = on_log();
    press(&mut state, &[Command::Environment, Command::Down, Command::Down, Command::Open]);
    assert_eq!((state.shown, state.screen, state.log.is_none()), (Some(1), Screen::Services, true));
    let mut state = on_log();
    press(&mut state, &[Command::Alarms]);
    assert!(state.log.is_none() && state.trail.is_empty());
}

#[test]
fn every_way_of_failing_can_be_drawn() {
    for kind in [FailureKind::NotFound, FailureKind::Invalid, FailureKind::Throttled] {
        let mut state = on_log();
        report(&mut state, 0, Report::Failed(Panel::Log, failure(kind, "logs:FilterLogEvents")));
        draw(&state, 80, 24);
        press(&mut state, &[Command::NextPanel]);
        report(&mut state, 0, Report::Failed(Panel::Log, denied("logs:FilterLogEvents")));
        draw(&state, 60, 20);
        assert_sound(&state);
    }
}

fn line(id: &str, at: i64, message: &str) -> Arc<LogLine> {
    Arc::new(LogLine {
        id: id.to_owned(),
        at: Timestamp::from_millisecond(at).unwrap(),
        stream: "ecs/web/0f".to_owned(),
        message: message.to_owned(),
        cut: 0,
    })
}

#[test]
fn lines_stand_by_time_and_of_one_moment_by_arrival() {
    let mut ring = Ring::default();
    for (id, at, message) in [("1", 10, "b"), ("2", 30, "d"), ("3", 20, "c"), ("4", 10, "b2"), ("5", 5, "a")] {
        assert!(ring.insert(line(id, at, message)));
    }
    assert_eq!(messages(&ring), ["a", "b", "b2", "c", "d"]);
    assert!(!ring.insert(line("3", 20, "c")));
    assert!(ring.insert(line("6", 20, "c")), "the same words written twice are two lines");
    assert_eq!(ring.position(0), Some(1), "a line keeps its number");
}

#[test]
fn a_line_that_is_read_and_sent_is_one() {
    let mut ring = Ring::default();
    ring.insert(line("1", 10, "same"));
    ring.insert(line("2", 10, "same"));
    assert!(!ring.insert(line("", 10, "same")) && !ring.insert(line("", 10, "same")), "one live line for each");
    assert!(ring.insert(line("", 10, "same")), "a third is a third");
    assert!(!ring.insert(line("3", 10, "same")), "which then is read too");
    assert!(!ring.insert(line("3", 10, "same")));
    assert!(ring.insert(line("", 11, "same")) && ring.insert(line("", 10, "other")));
    assert_eq!(ring.len(), 5);
}

#[test]
fn no_more_is_kept_than_there_is_room_for() {
    let mut ring = Ring::default();
    for number in 0..12_000_i64 {
        ring.insert(line(&number.to_string(), number, "x"));
    }
    assert_eq!((ring.len(), ring.overflowed), (MOST_LINES, true));
    assert_eq!(ring.get(0).map(|entry| entry.line.at.as_millisecond()), Some(2_000));
    let mut ring = Ring::default();
    let large = "あ".repeat(256 * 1024 / 3);
    for number in 0..200 {
        ring.insert(line(&number.to_string(), number, &large));
    }
    assert!(ring.overflowed && ring.len() >= MOST_BYTES / (260 * 1024) && ring.len() < 64, "{}", ring.len());
    let mut ring = Ring::default();
    ring.insert(line("1", 1, &"x".repeat(MOST_BYTES + 1)));
    assert_eq!((ring.len(), ring.overflowed), (1, false), "what came last is shown, whatever its size");
}

#[test]
fn who_reads_what_has_to_give_way_stays_at_the_oldest() {
    let mut state = on_log();
    press(&mut state, &[Command::Top]);
    let flood = (0..10_100_u32).map(|number| log_line(1_000 + number, -i64::from(number), "web", "flood")).collect();
    log_lines(&mut state, flood);
    assert_eq!(view(&state).window(), Some((0, 0)));
    assert_eq!(view(&state).held.unwrap().unseen, 10_100);
    assert!(view(&state).ring.overflowed);
    draw(&state, 80, 24);
}

#[test]
fn a_flood_of_lines_is_taken_as_it_comes() {
    let mut state = on_log();
    press(&mut state, &[Command::Up]);
    // Ten seconds of a thousand lines each, of two tasks whose clocks differ, read again with an overlap.
    for second in 0..10_u32 {
        let lines = |from: u32| {
            (from..1_000).map(move |number| {
                let skew = i64::from(number % 2) * 700;
                let at = -i64::from(second * 1_000 + number) + skew;
                log_line(10_000 + second * 1_000 + number, at, "web", "ERROR timeout of the payment service")
            })
        };
        log_lines(&mut state, lines(0).collect());
        log_lines(&mut state, lines(500).collect());
        draw(&state, 200, 60);
    }
    let ring = &view(&state).ring;
    assert_eq!((ring.len(), ring.overflowed, view(&state).held.unwrap().unseen), (MOST_LINES, true, 10_000));
    let times: Vec<Timestamp> =
        (0..ring.len()).filter_map(|index| ring.get(index)).map(|entry| entry.line.at).collect();
    assert!(times.is_sorted(), "by time, whatever the order of their arrival");
    assert_sound(&state);
}

#[test]
fn hostile_lines_break_nothing() {
    let mut state = on_log();
    let hostile = [
        "\u{1b}[31mred\u{7}\r\n\0".to_owned(),
        "\u{202e}txet tfel-ot-thgir \u{5e9}\u{5dc}\u{5d5}\u{5dd}".to_owned(),
        "👨\u{200d}👩\u{200d}👧ｶﾞ関所".repeat(2_000),
        "x".repeat(256 * 1024),
        "e\u{301}".repeat(4_000),
        String::new(),
        " ".to_owned(),
    ];
    let lines = (0..).zip(&hostile).map(|(number, text)| log_line(100 + number, 0, "web", text)).collect();
    log_lines(&mut state, lines);
    for wrap in [false, true] {
        for left in 0..30 {
            for (width, height) in [(60, 20), (80, 24), (200, 60)] {
                draw(&state, width, height);
            }
            update(&mut state, Event::Drawn { page: 5, end: 1_000 + left });
            press(&mut state, &[Command::Right, Command::Up]);
        }
        press(&mut state, &[Command::Bottom, Command::Wrap]);
        assert_eq!(view(&state).wrap, !wrap);
    }
    assert_sound(&state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_ring_is_in_order_and_holds_each_line_once(
        lines in prop::collection::vec((0..40_u32, 0..12_i64, "[ab]", any::<bool>()), 0..80),
    ) {
        let mut ring = Ring::default();
        for (id, at, message, live) in &lines {
            // CloudWatch's id is of a moment and a text.
            let id = if *live { String::new() } else { format!("{at}-{message}-{id}") };
            ring.insert(line(&id, *at, message));
        }
        let kept: Vec<_> = (0..ring.len()).filter_map(|index| ring.get(index)).collect();
        prop_assert!(kept.windows(2).all(|pair| pair[0].line.at <= pair[1].line.at));
        let mut ids: Vec<_> = kept.iter().map(|entry| &entry.line.id).filter(|id| !id.is_empty()).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
        let mut numbers: Vec<_> = kept.iter().map(|entry| entry.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), kept.len());
    }
}

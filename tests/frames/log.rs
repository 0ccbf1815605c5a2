//! Frames of a service seen deeper: its target groups, what they count, and its log.

use rstest::rstest;
use sekisho::command::Command;
use sekisho::domain::fetch::{FailureKind, Panel};
use sekisho::domain::log::{Follow, LogChunk, LogLine};
use sekisho::i18n::Lang;
use sekisho::state::State;
use sekisho::state::event::{Event, Report};
use sekisho::state::log::LogView;
use sekisho::state::update::update;
use sekisho::ui::Ui;
use sekisho::ui::glyphs::Glyphs;

use super::support::{
    self, bad_morning, denied, failing_service, log_line, log_lines, log_places, report, services, web_log, web_targets,
};
use super::{LARGE, frame_with, on_service, picture, press, snapshot, text};

const SMALL: (u16, u16) = (80, 24);

pub fn with_targets() -> State {
    let mut state = on_service();
    report(&mut state, 0, web_targets());
    state
}

pub fn on_log() -> State {
    let mut state = opened();
    log_lines(&mut state, web_log());
    state
}

fn opened() -> State {
    let mut state = on_service();
    press(&mut state, &[Command::Log]);
    report(&mut state, 0, log_places(&["web", "datadog-agent"]));
    state
}

#[test]
fn service_with_its_targets() {
    snapshot("service-targets", || {
        let mut state = with_targets();
        press(&mut state, &[Command::NextPanel, Command::NextPanel]);
        state
    });
}

#[test]
fn a_log_that_is_followed() {
    snapshot("log", on_log);
}

#[test]
fn a_log_that_is_held_with_a_search_and_broken_lines() {
    snapshot("log-held", || {
        let mut state = on_log();
        press(&mut state, &[Command::NextPanel, Command::NextPanel]);
        log_lines(&mut state, web_log());
        press(&mut state, &[Command::Wrap, Command::Search]);
        update(&mut state, Event::Paste("timed out".to_owned()));
        press(&mut state, &[Command::Accept, Command::Up]);
        log_lines(&mut state, vec![log_line(90, 5, "datadog-agent", "WARN queue is full")]);
        state
    });
}

#[test]
fn a_target_is_read_in_full() {
    let mut state = with_targets();
    press(&mut state, &[Command::NextPanel, Command::NextPanel, Command::Open]);
    let text = text(&mut state, Lang::En, SMALL);
    for part in [
        "▲ unhealthy",
        "Target.FailedHealthChecks",
        "Health checks failed with these codes: [503]",
        "10.0.1.34:8080",
        "HTTP /health",
        "app/shop-prd/50dc6c495c0c9188",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn the_health_of_the_targets_is_one_line_and_charts_have_what_they_count() {
    let text = text(&mut with_targets(), Lang::En, LARGE);
    assert!(
        text.contains("▲ shop-prd-web 2/3 healthy · 1 unhealthy Target.FailedHealthChecks · HTTP /health"),
        "{text}"
    );
    assert!(text.contains("Requests a minute") && text.contains("5xx answers of the targets a minute"), "{text}");
}

#[test]
fn an_alarm_on_what_the_targets_count_is_drawn_once_with_its_threshold() {
    use sekisho::domain::alarm::{AlarmState, Watches};
    for (state_of, title, absent) in [
        (AlarmState::Ok, "5xx answers of the targets a minute", "HTTPCode_Target_5XX_Count Sum"),
        (AlarmState::Alarm, "HTTPCode_Target_5XX_Count Sum", "5xx answers of the targets a minute"),
    ] {
        let mut state = with_targets();
        let query = state.traffic_queries(60).find(|query| query.metric.name.starts_with("HTTP")).unwrap();
        let mut alarm = support::alarm("shop-prd-web-five", state_of, 3, query.metric);
        if let Watches::Metric(rule) = &mut alarm.watches {
            rule.threshold = Some(25.0);
        }
        report(&mut state, 0, support::alarms(vec![alarm]));
        let text = text(&mut state, Lang::En, LARGE);
        assert!(text.contains(title) && !text.contains(absent), "{text}");
        assert!(text.contains("╍╍╍"), "its threshold:\n{text}");
    }
}

#[test]
fn a_service_without_target_groups_says_nothing_of_them() {
    let mut state = bad_morning();
    let mut web = failing_service();
    web.target_groups.clear();
    report(&mut state, 0, services(vec![web]));
    press(&mut state, &[Command::Services, Command::Open]);
    for size in [SMALL, LARGE] {
        let text = text(&mut state, Lang::En, size);
        assert!(!text.contains("Targets") && !text.contains("Requests a minute"), "{text}");
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        press(&mut state, &[Command::NextPanel]);
        seen.push(state.service.as_ref().unwrap().panel.index());
    }
    assert_eq!(seen, [1, 3, 0], "the tabulator passes over what is not there");
}

#[test]
fn what_is_denied_of_targets_and_log_names_the_action() {
    let mut state = on_service();
    report(&mut state, 0, Report::Failed(Panel::Targets, denied("elasticloadbalancing:DescribeTargetHealth")));
    let large = text(&mut state, Lang::En, LARGE);
    assert!(large.contains("⊘ IAM denies elasticloadbalancing:DescribeTargetHealth."), "{large}");
    let mut state = opened();
    report(&mut state, 0, Report::Failed(Panel::Log, denied("logs:FilterLogEvents")));
    let empty = text(&mut state, Lang::En, SMALL);
    assert!(empty.contains("⊘ IAM denies logs:FilterLogEvents. Ask whoever administers"), "{empty}");
    log_lines(&mut state, web_log());
    report(&mut state, 0, Report::Failed(Panel::Log, denied("logs:FilterLogEvents")));
    let stale = text(&mut state, Lang::En, SMALL);
    assert!(stale.contains("⊘ IAM denies logs:FilterLogEvents.") && stale.contains("listening on"), "{stale}");
}

#[test]
fn a_log_without_lines_says_why() {
    let mut state = on_service();
    press(&mut state, &[Command::Log]);
    let shown = |state: &mut State| text(state, Lang::En, SMALL);
    assert!(shown(&mut state).contains("loading"));
    report(&mut state, 0, log_places(&[]));
    assert!(shown(&mut state).contains("No container of web:42 logs through the awslogs driver"));
    let mut state = opened();
    assert!(shown(&mut state).contains("loading"));
    log_lines(&mut state, Vec::new());
    assert!(shown(&mut state).contains("No line since 08:52. New ones appear here; p reads further back."));
    let failed = |state: &mut State, kind: FailureKind| {
        let failure = support::failure(kind, "logs:FilterLogEvents");
        report(state, 0, Report::Failed(Panel::Log, failure));
    };
    failed(&mut state, FailureKind::NotFound);
    assert!(shown(&mut state).contains("The log group /ecs/shop-prd/web is not there"));
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste("{ $.x ".to_owned()));
    press(&mut state, &[Command::Accept]);
    failed(&mut state, FailureKind::Invalid);
    assert!(shown(&mut state).contains("CloudWatch Logs does not take the filter { $.x"));
    log_lines(&mut state, Vec::new());
    assert!(shown(&mut state).contains("No line since 08:52 matches { $.x"));
}

#[test]
fn what_is_known_of_the_tail_is_said() {
    let mut state = on_log();
    let shown = |state: &mut State| text(state, Lang::En, (120, 40));
    assert!(shown(&mut state).contains("polling · newest line <1m ago"));
    let tail = state.log.as_ref().and_then(LogView::tail).unwrap();
    report(&mut state, 0, Report::Log(LogChunk { tail, lines: Vec::new(), follow: Follow::Live, sampled: true }));
    log_lines(&mut state, (0..30).map(|number| log_line(100 + number, 0, "web", "earlier")).collect());
    press(&mut state, &[Command::Up, Command::Up]);
    log_lines(&mut state, (0..30).map(|number| log_line(200 + number, -1, "web", "more")).collect());
    let text = shown(&mut state);
    assert!(text.contains("30 new below") && text.contains("◆ some lines left out"), "{text}");
    assert!(text.contains("503 3001ms") && !text.contains(" more"), "what is read stays where it is:\n{text}");
    press(&mut state, &[Command::Pause]);
    assert!(shown(&mut state).contains("paused · 30 new below"));
}

#[test]
fn a_long_line_is_scrolled_broken_and_read_in_full() {
    let mut state = on_log();
    let first = text(&mut state, Lang::En, SMALL);
    let row = |text: &str| text.lines().find(|line| line.contains("x-forwarded")).unwrap_or_default().to_owned();
    assert!(row(&first).ends_with('›'), "{first}");
    press(&mut state, &[Command::Right]);
    let second = text(&mut state, Lang::En, SMALL);
    assert!(row(&second).contains("‹ers x-forwarded"), "{second}");
    // Half of a wide character is none: its place stays empty.
    assert!(second.contains("‹ スへの接続"), "{second}");
    press(&mut state, &[Command::Wrap]);
    let broken = text(&mut state, Lang::En, SMALL);
    assert!(broken.matches("203.0.113.7").count() > 20, "{broken}");
    press(&mut state, &[Command::Up, Command::Up, Command::Up, Command::Up, Command::Open]);
    let json = text(&mut state, Lang::En, SMALL);
    for part in [r#"  "level": "warn","#, r#"  "ms": 1870,"#, r#"  "sql": "SELECT * FROM 注文""#, "2026-11-22 09:01:"]
    {
        assert!(json.contains(part), "{part} is missing:\n{json}");
    }
}

#[rstest]
#[case(60, 20)]
#[case(80, 24)]
#[case(200, 60)]
fn hostile_lines_stay_in_their_cells(#[case] width: u16, #[case] height: u16) {
    let mut state = opened();
    let hostile =
        ["\u{1b}[31mred\u{7}\r\n\0", "\u{202e}\u{5e9}\u{5dc}\u{5d5}\u{5dd}", "👨\u{200d}👩\u{200d}👧ｶﾞ関所", "e\u{301}"];
    let lines = (0..)
        .zip(hostile)
        .map(|(number, text)| LogLine { cut: 9, ..(*log_line(number, 0, "web", &text.repeat(500))).clone() }.into());
    log_lines(&mut state, lines.collect());
    for drawing in [support::ui(Lang::En), Ui { glyphs: Glyphs::ascii(), ..support::ui(Lang::Ja) }] {
        for command in [Command::Right, Command::Right, Command::Right, Command::Wrap, Command::Wrap] {
            let buffer = frame_with(&mut state, &drawing, (width, height));
            assert!(!picture(&buffer).contains(['\u{1b}', '\u{7}', '\0']));
            press(&mut state, &[command]);
        }
    }
}

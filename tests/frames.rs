//! Frames of every screen as pictures in text, with their colours, at three sizes and in both languages.

#[path = "frames/contrast.rs"]
mod contrast;
#[path = "frames/journal.rs"]
mod journal;
#[path = "frames/log.rs"]
mod log;
#[path = "frames/operations.rs"]
mod operations;
#[path = "frames/runbooks.rs"]
mod runbooks;
#[path = "frames/sessions.rs"]
mod sessions;
mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use rstest::rstest;
use sekisho::command::Command;
use sekisho::domain::alarm::{AlarmState, MetricRule, Watches};
use sekisho::domain::fetch::Panel;
use sekisho::domain::waf::Scope;
use sekisho::i18n::Lang;
use sekisho::state::event::{Event, Report};
use sekisho::state::update::update;
use sekisho::state::{Screen, State};
use sekisho::ui;

use support::{
    answer_queries, bad_day, bad_morning, besieged, empty, quiet_day, report, security, web_deployments, web_history,
};

/// Draws a state as the console does: twice, since the second frame knows how many rows the first had room for.
fn frame(state: &mut State, lang: Lang, size: (u16, u16)) -> Buffer {
    frame_with(state, &support::ui(lang), size)
}

fn frame_with(state: &mut State, drawing: &ui::Ui, (width, height): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    for _ in 0..2 {
        update(state, Event::Resize(width, height));
        buffer.reset();
        let drawn = ui::render(state, drawing, &mut buffer);
        update(state, Event::Drawn { page: drawn.page, end: drawn.end });
        answer_queries(state);
    }
    buffer.reset();
    ui::render(state, drawing, &mut buffer);
    buffer
}

/// Writes a buffer as its text, and below it each run of cells that has a style.
fn picture(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    let mut styles = String::new();
    for y in 0..area.height {
        let mut skip = 0;
        let mut line = String::new();
        let mut run: Option<(u16, (Color, Color, Modifier))> = None;
        let mut runs = Vec::new();
        for x in 0..area.width {
            let cell = &buffer[(x, y)];
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = sekisho::domain::text::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
            let style = (cell.fg, cell.bg, cell.modifier);
            if run.is_none_or(|(_, known)| known != style) {
                runs.extend(run.map(|(start, style)| (start, x, style)));
                run = Some((x, style));
            }
        }
        runs.extend(run.map(|(start, style)| (start, area.width, style)));
        writeln!(text, "{}", line.trim_end()).unwrap();
        for (start, end, (fg, bg, modifier)) in runs {
            if (fg, bg, modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
                writeln!(styles, "{y}:{start}-{end} {fg}/{bg} {modifier:?}").unwrap();
            }
        }
    }
    format!("{text}---\n{styles}")
}

const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (200, 60)];

fn snapshot(name: &str, make: impl Fn() -> State) {
    for lang in [Lang::En, Lang::Ja] {
        for size in SIZES {
            let mut state = make();
            let name = format!("{name}-{}-{}x{}", lang.code(), size.0, size.1);
            hold(&name, &frame(&mut state, lang, size));
        }
    }
}

/// Holds a frame against the picture of that name.
fn hold(name: &str, buffer: &Buffer) {
    insta::assert_snapshot!(name, picture(buffer));
}

fn press(state: &mut State, commands: &[Command]) {
    for command in commands {
        update(state, Event::Command(*command));
    }
}

fn on_service() -> State {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    report(&mut state, 0, web_deployments());
    state
}

fn on_alarm(rows_down: usize) -> State {
    let mut state = bad_morning();
    press(&mut state, &[Command::Alarms]);
    press(&mut state, &vec![Command::Down; rows_down]);
    press(&mut state, &[Command::Open]);
    report(&mut state, 0, web_history());
    state
}

fn on_web_acl() -> State {
    let mut state = besieged();
    press(&mut state, &[Command::Waf, Command::Open]);
    let key = security::key(Scope::Regional, "shop-prd");
    report(&mut state, 0, Report::WafRules(key.clone(), Arc::new(security::traffic())));
    report(&mut state, 0, Report::WafSamples(key.clone(), Arc::new(security::samples())));
    report(&mut state, 0, Report::WafUse(key, Arc::new(security::web_acl_use())));
    state
}

fn on_screen(command: Command) -> State {
    let mut state = besieged();
    press(&mut state, &[command]);
    state
}

fn on_finding() -> State {
    let mut state = on_screen(Command::Findings);
    press(&mut state, &[Command::Open]);
    let key = state.finding.as_ref().unwrap().id.key.clone();
    report(&mut state, 0, Report::FindingHistory(key, Arc::new(security::finding_history())));
    state
}

#[rstest]
#[case("loading", || empty())]
#[case("overview-besieged", || besieged())]
#[case("waf", || on_screen(Command::Waf))]
#[case("web-acl", || on_web_acl())]
#[case("findings", || on_screen(Command::Findings))]
#[case("finding", || on_finding())]
#[case("fleet", || on_screen(Command::Fleet))]
#[case("overview", || bad_morning())]
#[case("overview-quiet", || quiet_day())]
#[case("overview-bad-day", || bad_day())]
fn overview(#[case] name: &str, #[case] make: fn() -> State) {
    snapshot(name, make);
}

#[test]
fn services() {
    snapshot("services", || {
        let mut state = bad_morning();
        press(&mut state, &[Command::Services]);
        state
    });
}

#[test]
fn services_denied() {
    snapshot("services-denied", || {
        let mut state = bad_day();
        press(&mut state, &[Command::Services]);
        state
    });
}

#[test]
fn service() {
    snapshot("service", on_service);
}

#[test]
fn alarms() {
    snapshot("alarms", || {
        let mut state = bad_morning();
        press(&mut state, &[Command::Alarms]);
        state
    });
}

#[test]
fn alarm_with_its_chart() {
    snapshot("alarm", || on_alarm(0));
}

#[test]
fn alarm_with_its_tree() {
    snapshot("alarm-composite", || on_alarm(1));
}

#[rstest]
#[case("help", Command::Help)]
#[case("errors", Command::Errors)]
#[case("environment", Command::Environment)]
#[case("palette", Command::Palette)]
fn overlays(#[case] name: &str, #[case] command: Command) {
    snapshot(name, || {
        let mut state = bad_day();
        press(&mut state, &[Command::Services, command]);
        state
    });
}

#[test]
fn a_terminal_that_is_too_small_is_told_so() {
    for lang in [Lang::En, Lang::Ja] {
        let picture = picture(&frame(&mut bad_morning(), lang, (20, 6)));
        insta::assert_snapshot!(format!("too-small-{}", lang.code()), picture);
    }
}

/// Returns the text of a frame without its styles.
fn text(state: &mut State, lang: Lang, size: (u16, u16)) -> String {
    let picture = picture(&frame(state, lang, size));
    picture.split_once("---\n").map_or(picture.clone(), |(text, _)| text.to_owned())
}

const LARGE: (u16, u16) = (200, 60);

#[test]
fn a_task_is_read_in_full_with_its_containers() {
    let mut state = on_service();
    press(&mut state, &[Command::Open]);
    let text = text(&mut state, Lang::En, LARGE);
    for part in [
        "arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/web0000000000000000000000000001",
        "UNHEALTHY",
        "0.5 vCPU, 1 GiB",
        "Container web",
        "111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/web:v1.4.3",
        "Container datadog-agent",
        "public.ecr.aws/datadog/agent:7",
        "datadog-agent-runtime",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_task_that_stopped_says_why_to_the_last_word_and_one_container_is_one_too_many_to_leave_out() {
    let mut state = bad_morning();
    let mut task = support::task("shop-prd", "web", 7, "UNKNOWN", "v1.4.3");
    "STOPPED".clone_into(&mut task.last_status);
    "STOPPED".clone_into(&mut task.desired_status);
    "EssentialContainerExited".clone_into(&mut task.stop_code);
    task.stopped_at = Some(support::now());
    task.stopped_reason = format!("{}the end", "Essential container in task exited, and so on. ".repeat(8));
    task.containers.truncate(1);
    task.containers[0].exit_code = Some(137);
    "OutOfMemoryError: Container killed due to memory usage".clone_into(&mut task.containers[0].reason);
    task.containers[0].image.digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    report(&mut state, 0, support::tasks(vec![task]));
    press(&mut state, &[Command::Services, Command::Open, Command::Open]);
    let large = text(&mut state, Lang::Ja, LARGE);
    for part in ["the end", "137", "EssentialContainerExited", "OutOfMemoryError: Container killed", "コンテナ「web」"]
    {
        assert!(large.contains(part), "{part} is missing:\n{large}");
    }
    assert!(large.contains(&"0123456789abcdef".repeat(4)), "{large}");
    // What does not fit at once is scrolled to.
    let small = text(&mut state, Lang::Ja, (60, 20));
    assert!(!small.contains("OutOfMemoryError"), "{small}");
    press(&mut state, &[Command::Bottom]);
    let end = text(&mut state, Lang::Ja, (60, 20));
    assert!(end.contains("web-runtime"), "{end}");
    press(&mut state, &[Command::Back]);
    assert!(state.overlays.is_empty() && state.screen == Screen::Service);
}

#[test]
fn deployments_and_events_are_read_in_full() {
    let mut state = on_service();
    press(&mut state, &[Command::NextPanel, Command::Open]);
    let deployment = text(&mut state, Lang::En, LARGE);
    for part in ["ECS deployment ecs-svc/2000 in progress.", "0 of 3 running", "SCALE_UP", "5 min", "2 of 3 failures"] {
        assert!(deployment.contains(part), "{part} is missing:\n{deployment}");
    }
    press(&mut state, &[Command::Back, Command::Bottom, Command::Open]);
    let attempt = text(&mut state, Lang::En, LARGE);
    assert!(attempt.contains("service-deployment/shop-prd/web/2000"), "{attempt}");
    press(&mut state, &[Command::Back, Command::NextPanel, Command::NextPanel, Command::Open]);
    let event = text(&mut state, Lang::En, (80, 24));
    assert!(event.contains("Health checks failed)."), "the last words are there: {event}");
}

#[test]
fn what_stands_in_two_places_is_said_once_and_a_forgotten_deployment_keeps_its_mark() {
    let sentence = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    let Report::Deployments(key, deployments) = web_deployments() else { panic!("of deployments") };
    let mut failed = deployments[0].clone();
    "ROLLBACK_SUCCESSFUL".clone_into(&mut failed.status);
    sentence.clone_into(&mut failed.reason);
    sentence.clone_into(&mut failed.rollback_reason);
    "web:40".clone_into(&mut failed.target_revision);
    failed.created_at = Some(support::ago(30));
    report(&mut state, 0, Report::Deployments(key, std::sync::Arc::new(vec![failed])));
    let panel = text(&mut state, Lang::En, LARGE);
    assert_eq!(panel.matches(sentence).count(), 1, "{panel}");
    assert!(panel.contains("┊web:40") && panel.contains("┊web:42"), "{panel}");
    press(&mut state, &[Command::NextPanel, Command::Bottom, Command::Open]);
    let detail = text(&mut state, Lang::En, (80, 24));
    assert_eq!(detail.matches("threshold was exceeded.").count(), 1, "{detail}");
}

#[test]
fn a_long_reason_of_an_alarm_says_that_it_goes_on_and_is_read_in_full() {
    let mut state = bad_morning();
    let mut five = support::alarm("shop-prd-long", AlarmState::Alarm, 1, support::metric("RequestCount", &[]));
    five.reason = format!("{}the end", "Threshold Crossed: 1 datapoint was greater than the threshold. ".repeat(12));
    report(&mut state, 0, support::alarms(vec![five]));
    press(&mut state, &[Command::Alarms, Command::Open]);
    let heading = text(&mut state, Lang::En, (80, 24));
    assert_eq!(heading.lines().filter(|line| line.contains("datapoint")).count(), 4, "four rows: {heading}");
    assert!(heading.contains("greater than…") && !heading.contains("the end"), "{heading}");
    press(&mut state, &[Command::Open]);
    let detail = text(&mut state, Lang::En, (80, 24));
    assert!(detail.contains("the end"), "{detail}");
}

#[test]
fn alarms_without_a_chart_say_why() {
    let mut state = bad_morning();
    let change = |name: &str, change: &dyn Fn(&mut MetricRule)| {
        let mut alarm = support::alarm(name, AlarmState::Alarm, 1, support::metric("RequestCount", &[]));
        if let Watches::Metric(rule) = &mut alarm.watches {
            change(rule);
        }
        alarm
    };
    let alarms = vec![
        change("shop-prd-a-math", &|rule| rule.expression = Some("100 * m1 / m2".to_owned())),
        change("shop-prd-b-band", &|rule| rule.threshold = None),
        change("shop-prd-c-none", &|rule| rule.metric = None),
    ];
    report(&mut state, 0, support::alarms(alarms));
    press(&mut state, &[Command::Alarms]);
    for said in [
        "No chart: the alarm watches the expression 100 * m1 / m2",
        "RequestCount Sum · band not drawn",
        "No chart: the alarm names no metric.",
    ] {
        press(&mut state, &[Command::Open]);
        let text = text(&mut state, Lang::En, (80, 24));
        assert!(text.contains(said), "{said}:\n{text}");
        press(&mut state, &[Command::Back, Command::Down]);
    }
}

#[test]
fn what_is_denied_is_said_where_it_is_missed() {
    let mut state = bad_morning();
    for (panel, action) in [
        (Panel::Metrics, "cloudwatch:GetMetricData"),
        (Panel::Deployments, "ecs:ListServiceDeployments"),
        (Panel::History, "cloudwatch:DescribeAlarmHistory"),
    ] {
        report(&mut state, 0, Report::Failed(panel, support::denied(action)));
    }
    let drawing = support::ui(Lang::En);
    let shown = |state: &mut State, (width, height): (u16, u16)| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        update(state, Event::Resize(width, height));
        ui::render(state, &drawing, &mut buffer);
        picture(&buffer)
    };
    press(&mut state, &[Command::Services]);
    let services = shown(&mut state, (120, 40));
    assert!(services.contains("⊘ IAM denies cloudwatch:GetMetricData."), "{services}");
    press(&mut state, &[Command::Open]);
    report(&mut state, 0, Report::Failed(Panel::Deployments, support::denied("ecs:ListServiceDeployments")));
    report(&mut state, 0, support::web_targets());
    let service = shown(&mut state, (120, 40));
    assert!(service.matches("⊘ IAM denies cloudwatch:GetMetricData.").count() >= 2, "a chart each: {service}");
    assert!(service.contains("⊘ IAM denies ecs:ListServiceDeployments."), "{service}");
    assert!(!service.contains("loading"), "{service}");
    press(&mut state, &[Command::Alarms, Command::Open]);
    report(&mut state, 0, Report::Failed(Panel::History, support::denied("cloudwatch:DescribeAlarmHistory")));
    let alarm = shown(&mut state, (120, 40));
    assert!(alarm.contains("⊘ IAM denies cloudwatch:DescribeAlarmHistory."), "{alarm}");
    assert!(!alarm.contains("loading"), "{alarm}");
}

#[rstest]
#[case(&[], &["Next panel", "Filter the rows", "Sort by the next column"], &["One row down", "Open the row"])]
#[case(&[Command::Services], &["Next panel", "Panel to the left"], &["Filter the rows", "Sort by", "One row down"])]
#[case(&[Command::Services, Command::Open], &["Filter the rows", "Next match"], &["Next panel", "Panel to the left"])]
#[case(&[Command::Alarms, Command::Open], &["Filter the rows", "Next panel"], &["Open the row", "Copy to"])]
#[case(&[Command::Alarms, Command::Down, Command::Open], &["Filter the rows"], &["Next panel", "Open the row"])]
fn help_and_footer_offer_what_does_something(
    #[case] screen: &[Command],
    #[case] absent: &[&str],
    #[case] present: &[&str],
) {
    let mut state = bad_morning();
    press(&mut state, screen);
    let footer = text(&mut state, Lang::En, LARGE).lines().last().unwrap().to_owned();
    assert_eq!(footer.contains("/ filter"), !absent.contains(&"Filter the rows"), "{footer}");
    assert_eq!(footer.contains("tab panel"), !absent.contains(&"Next panel"), "{footer}");
    assert!(!footer.contains("! errors"), "none is unseen: {footer}");
    press(&mut state, &[Command::Help]);
    let help = text(&mut state, Lang::En, LARGE);
    for word in absent {
        assert!(!help.contains(word), "{word} does nothing here:\n{help}");
    }
    for word in present {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
}

#[test]
fn ages_and_states_are_whole_in_every_language() {
    for (lang, size) in [(Lang::Ja, (80, 24)), (Lang::Ja, (60, 20)), (Lang::En, (60, 20))] {
        let mut state = bad_morning();
        press(&mut state, &[Command::Alarms]);
        let text = text(&mut state, lang, size);
        let age = if lang == Lang::Ja { "15時間" } else { "15h" };
        let state_word = if lang == Lang::Ja { "? データ不足" } else { "? no data" };
        assert!(text.contains(age) && text.contains(state_word), "{text}");
    }
}

//! What each screen wants read: what is on it, and nothing else.

use jiff::SignedDuration;
use sekisho::command::Command;
use sekisho::domain::fetch::SourceId;
use sekisho::state::State;
use sekisho::state::event::{Event, Interest};
use sekisho::state::interest::interest;
use sekisho::state::update::update;

use super::commands::press;
use super::support::{bad_morning, empty, key, now, prd_services, report, services};

fn of(state: &State, source: usize) -> Interest {
    interest(state, SourceId(source))
}

fn names(interest: &Interest) -> Vec<String> {
    interest.queries.iter().map(|query| format!("{} {}", query.metric.name, query.statistic)).collect()
}

#[test]
fn an_empty_console_wants_nothing_but_to_be_told_what_there_is() {
    assert_eq!(of(&empty(), 0), Interest { focused: true, ..Interest::default() });
}

#[test]
fn the_overview_wants_one_metric_a_row_and_the_chart_of_the_selected_item() {
    let mut state = bad_morning();
    update(&mut state, Event::Resize(120, 40));
    let wanted = of(&state, 0);
    assert_eq!(wanted.visible_services.len(), 8, "all services of the first source");
    assert!(wanted.queries.iter().filter(|query| query.metric.name == "CPUUtilization").count() >= 8);
    assert!(!names(&wanted).contains(&"MemoryUtilization Average".to_owned()));
    assert!(names(&wanted).contains(&"HTTPCode_Target_5XX_Count Sum".to_owned()), "{:?}", names(&wanted));
    assert_eq!((wanted.open_service, wanted.open_alarm), (None, None));
    assert_eq!(of(&state, 1).visible_services.len(), 2, "each source is asked for its own");
    // What there is no room for is not paid for.
    update(&mut state, Event::Resize(80, 16));
    let wanted = of(&state, 0);
    assert_eq!(wanted.visible_services.len() + of(&state, 1).visible_services.len(), 4);
    assert!(!names(&wanted).contains(&"HTTPCode_Target_5XX_Count Sum".to_owned()), "{:?}", names(&wanted));
}

#[test]
fn a_list_wants_the_rows_of_its_page() {
    let mut state = empty();
    let many: Vec<String> = (0..100).map(|number| format!("svc-{number:03}")).collect();
    report(&mut state, 0, services(prd_services(&many.iter().map(String::as_str).collect::<Vec<_>>())));
    press(&mut state, &[Command::Services]);
    update(&mut state, Event::Drawn { page: 12, end: 0 });
    let wanted = of(&state, 0);
    assert_eq!(wanted.visible_services.len(), 12);
    assert_eq!(wanted.visible_services[0], key("shop-prd", "svc-000"));
    assert_eq!(wanted.queries.len(), 24);
    press(&mut state, &[Command::Bottom]);
    let wanted = of(&state, 0);
    assert_eq!(wanted.visible_services[0], key("shop-prd", "svc-088"));
    press(&mut state, &[Command::Filter]);
    update(&mut state, Event::Paste("svc-05".to_owned()));
    assert_eq!(of(&state, 0).visible_services.len(), 10);
}

#[test]
fn an_open_service_wants_its_charts_and_says_whether_it_rolls() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Services, Command::Open]);
    let wanted = of(&state, 0);
    assert_eq!(wanted.open_service, Some((key("shop-prd", "web"), true)));
    assert_eq!(wanted.visible_services, [key("shop-prd", "web")]);
    let names = names(&wanted);
    for name in [
        "CPUUtilization Average",
        "CPUUtilization Maximum",
        "MemoryUtilization Maximum",
        "HTTPCode_Target_5XX_Count Sum",
    ] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    assert_eq!(of(&state, 1), Interest { focused: true, ..Interest::default() }, "the other account rests");
}

#[test]
fn an_open_alarm_wants_its_metric_and_its_history() {
    let mut state = bad_morning();
    press(&mut state, &[Command::Alarms]);
    assert!(of(&state, 0).queries.is_empty(), "there is no room for a preview");
    update(&mut state, Event::Resize(120, 40));
    assert_eq!(names(&of(&state, 0)), ["HTTPCode_Target_5XX_Count Sum"], "the preview of the selected row");
    press(&mut state, &[Command::Open]);
    let wanted = of(&state, 0);
    assert_eq!(wanted.open_alarm.as_deref(), Some("shop-prd-web-5xx"));
    assert_eq!(names(&wanted), ["HTTPCode_Target_5XX_Count Sum"]);
    // A composite watches no metric.
    press(&mut state, &[Command::Back, Command::Down, Command::Open]);
    assert!(of(&state, 0).queries.is_empty());
}

#[test]
fn it_says_when_nobody_looks() {
    let mut state = bad_morning();
    assert!(of(&state, 0).focused && !of(&state, 0).idle);
    update(&mut state, Event::Focus(false));
    assert!(!of(&state, 0).focused);
    update(&mut state, Event::Focus(true));
    update(&mut state, Event::Tick(now() + SignedDuration::from_mins(6)));
    assert!(of(&state, 0).idle);
    press(&mut state, &[Command::Down]);
    assert!(!of(&state, 0).idle, "a key is a person");
}

#[test]
fn queries_are_listed_once_and_in_order() {
    let mut state = bad_morning();
    for screen in [Command::Overview, Command::Services, Command::Alarms] {
        press(&mut state, &[screen]);
        for _ in 0..2 {
            let queries = of(&state, 0).queries;
            assert!(queries.is_sorted_by(|a, b| a < b), "{screen:?}");
            press(&mut state, &[Command::Open]);
        }
    }
}

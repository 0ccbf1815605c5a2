//! Any sequence of events leaves a sound state.

use std::sync::Arc;

use jiff::SignedDuration;
use proptest::prelude::*;
use sekisho::command::entries;
use sekisho::domain::alarm::AlarmState;
use sekisho::domain::fetch::{FailureKind, Panel};
use sekisho::domain::session::{End, LiveId, SessionReport};
use sekisho::domain::waf::Scope;
use sekisho::state::event::{Event, Generation, Notice, Report, Secret, Target, TokenUse, Usage};
use sekisho::state::journal::HeadsRead;
use sekisho::state::sessions::live::Refusal;
use sekisho::state::update::update;
use tui_input::InputRequest;

use super::sound::{assert_sound, draw};
use super::support::{
    alarm, alarms, answer_queries, bad_day, bad_morning, besieged, composite, denied, empty, failing_service, failure,
    identity, journal, log_lines, log_places, metric, now, quiet_day, report_at, security, service, services, sessions,
    task, tasks, web_deployments, web_history, web_log, web_targets,
};

/// What may be done to a state; reports are made when they are needed, as they are not to be compared or shrunk.
#[derive(Debug, Clone)]
enum Act {
    Command(usize),
    Insert(char),
    Edit(u8),
    Paste(String),
    Click(u8, usize),
    Scroll(isize),
    Resize(u16, u16),
    Focus(bool),
    Pass(u16),
    Drawn(usize, usize),
    Report(u8, usize, u64),
    Answer,
    Notice,
    Session(u8, u32),
    Journal(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..entries().len()).prop_map(Act::Command),
        2 => any::<char>().prop_map(Act::Insert),
        1 => (0..8_u8).prop_map(Act::Edit),
        1 => ".{0,12}".prop_map(Act::Paste),
        2 => (0..5_u8, 0..12_usize).prop_map(|(kind, index)| Act::Click(kind, index)),
        1 => (-40..40_isize).prop_map(Act::Scroll),
        1 => (0..250_u16, 0..80_u16).prop_map(|(columns, rows)| Act::Resize(columns, rows)),
        1 => any::<bool>().prop_map(Act::Focus),
        1 => (0..3_600_u16).prop_map(Act::Pass),
        1 => (0..60_usize, 0..60_usize).prop_map(|(page, end)| Act::Drawn(page, end)),
        8 => (0..27_u8, 0..3_usize, 0..3_u64).prop_map(|(kind, source, generation)| Act::Report(kind, source, generation)),
        1 => Just(Act::Answer),
        1 => Just(Act::Notice),
        6 => (0..12_u8, 1..4_u32).prop_map(|(kind, id)| Act::Session(kind, id)),
        2 => (0..10_usize).prop_map(Act::Journal),
    ]
}

fn report_of(kind: u8) -> Report {
    let cpu = metric("CPUUtilization", &[("ClusterName", "shop-prd"), ("ServiceName", "web")]);
    match kind {
        0 => identity("111122223333"),
        1 => services(vec![failing_service(), service("shop-dev", "batch", 0, 1)]),
        2 => services(Vec::new()),
        3 => services((0..40).map(|number| service("shop-prd", &format!("svc-{number:02}"), 1, 1)).collect()),
        4 => tasks(vec![task("shop-prd", "web", 1, "UNHEALTHY", "latest")]),
        5 => tasks(Vec::new()),
        6 => alarms(vec![
            alarm("shop-prd-web-cpu", AlarmState::Alarm, 5, cpu),
            composite("shop-prd-round", AlarmState::Alarm, "ALARM(shop-prd-round) OR ALARM(shop-prd-web-cpu)"),
        ]),
        7 => alarms(Vec::new()),
        8 => Report::Failed(Panel::Services, denied("ecs:ListServices")),
        9 => Report::Failed(Panel::Identity, failure(FailureKind::Expired, "")),
        10 => web_deployments(),
        11 => web_history(),
        12 => Report::Usage(Usage { calls_per_minute: 7, dollars_per_hour: 0.5, throttled: true }),
        13 => security::waf(),
        14 => Report::Waf(Arc::default()),
        15 => Report::WafBaselines(vec![security::baseline("shop-prd", Scope::Regional, 10.0, 140.0, 20)]),
        16 => Report::WafRules(security::key(Scope::Regional, "shop-prd"), Arc::new(security::traffic())),
        17 => Report::WafSamples(security::key(Scope::Regional, "shop-prd"), Arc::new(security::samples())),
        18 => Report::WafUse(security::key(Scope::Regional, "shop-prd"), Arc::new(security::web_acl_use())),
        19 => Report::Findings(Arc::new(security::findings())),
        20 => Report::Findings(Arc::default()),
        21 => Report::Failed(Panel::Findings, failure(FailureKind::NotEnabled, "securityhub:GetFindings")),
        22 => web_targets(),
        23 => log_places(&["web", "datadog-agent"]),
        24 => log_places(&[]),
        25 => Report::Failed(Panel::Log, denied("logs:FilterLogEvents")),
        _ => Report::Asked(Panel::Alarms),
    }
}

fn edit(number: u8) -> InputRequest {
    match number {
        0 => InputRequest::DeletePrevChar,
        1 => InputRequest::DeleteNextChar,
        2 => InputRequest::GoToPrevChar,
        3 => InputRequest::GoToNextWord,
        4 => InputRequest::DeletePrevWord,
        5 => InputRequest::DeleteLine,
        6 => InputRequest::DeleteTillEnd,
        _ => InputRequest::GoToStart,
    }
}

fn session_event(kind: u8, id: LiveId) -> Event {
    let report = match kind {
        0 => sessions::clear("web"),
        1 => sessions::opened("web", 3, None),
        2 => sessions::up(),
        3 => sessions::output("$ \x1b[6n日本語\x1b[2J"),
        4 => sessions::tunnel(),
        5 => SessionReport::Ended(End::LimitReached),
        6 => sessions::blocked(),
        7 => return Event::Refused(id, Refusal::Journal("disk full".to_owned())),
        8 => return Event::Escape,
        9 => return Event::Typed(b"x".to_vec()),
        10 => return Event::ScrollPane(-3),
        _ => return Event::Token(id, TokenUse::Show, Secret::new("secret".into())),
    };
    Event::Session(id, report)
}

fn target(kind: u8, index: usize) -> Target {
    match kind {
        0 => Target::Row(index),
        1 => Target::Column(index),
        2 => Target::Panel(index),
        3 => Target::OverlayRow(index),
        _ => Target::Screen(entries()[index % 6].command),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_breaks_a_state(start in 0..6_usize, acts in prop::collection::vec(act(), 0..60)) {
        let mut state = [empty, quiet_day, bad_morning, bad_day, besieged, sessions::on_sessions][start]();
        let mut time = now();
        for (number, act) in acts.into_iter().enumerate() {
            let event = match act {
                Act::Command(index) => Event::Command(entries()[index].command),
                Act::Insert(character) => Event::Edit(InputRequest::InsertChar(character)),
                Act::Edit(number) => Event::Edit(edit(number)),
                Act::Paste(text) => Event::Paste(text),
                Act::Click(kind, index) => Event::Click(target(kind, index)),
                Act::Scroll(lines) => Event::Scroll(lines),
                Act::Resize(columns, rows) => Event::Resize(columns, rows),
                Act::Focus(focused) => Event::Focus(focused),
                Act::Pass(seconds) => {
                    time += SignedDuration::from_secs(i64::from(seconds));
                    Event::Tick(time)
                }
                Act::Drawn(page, end) => Event::Drawn { page, end },
                Act::Session(kind, id) => session_event(kind, LiveId(id)),
                Act::Notice => Event::Notice(Notice::plain("screens.notice.refresh")),
                Act::Journal(lines) => {
                    let rows = &journal::rows()[..lines];
                    journal::answer(&mut state, rows, journal::standing(lines as u64), HeadsRead::Read);
                    assert_sound(&state);
                    continue;
                }
                Act::Report(26, ..) => {
                    log_lines(&mut state, web_log());
                    assert_sound(&state);
                    continue;
                }
                Act::Report(kind, source, generation) => {
                    report_at(&mut state, source, Generation(generation), time, report_of(kind));
                    assert_sound(&state);
                    continue;
                }
                Act::Answer => {
                    answer_queries(&mut state);
                    continue;
                }
            };
            update(&mut state, event);
            assert_sound(&state);
            if number % 16 == 0 {
                draw(&state, 90, 26);
            }
        }
        draw(&state, state.size.0, state.size.1);
        draw(&state, 130, 40);
    }
}

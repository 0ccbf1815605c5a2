//! How long a frame takes: every screen at 200×60, and typing a filter over 5,000 services or 20,000 findings until its
//! frame is drawn.

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sekisho::command::Command;
use sekisho::domain::finding::FindingsSnapshot;
use sekisho::i18n::Lang;
use sekisho::state::State;
use sekisho::state::event::{Event, Report};
use sekisho::state::update::update;
use sekisho::ui::{self, Ui};
use tui_input::InputRequest;

use support::{answer_queries, besieged, empty, identity, report, security, service};

fn draw(state: &mut State, ui: &Ui, buffer: &mut Buffer) {
    buffer.reset();
    let drawn = ui::render(state, ui, buffer);
    update(state, Event::Drawn { page: drawn.page, end: drawn.end });
}

fn press(state: &mut State, commands: &[Command]) {
    for command in commands {
        update(state, Event::Command(*command));
    }
}

/// A console that watches 5,000 services in one account.
fn crowd() -> State {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    let services = (0..5_000).map(|n| service(&format!("shop-prd-{}", n % 10), &format!("svc-{n:04}"), 2, 2)).collect();
    report(&mut state, 0, support::services(services));
    press(&mut state, &[Command::Services]);
    state
}

/// A console with 20,000 active findings, all of which are shown.
fn backlog() -> State {
    let mut state = empty();
    report(&mut state, 0, identity("111122223333"));
    report(&mut state, 0, Report::Findings(Arc::new(findings())));
    press(&mut state, &[Command::Findings, Command::Everything]);
    state
}

fn findings() -> FindingsSnapshot {
    let severities = ["CRITICAL", "HIGH", "MEDIUM", "MEDIUM", "LOW", "LOW", "INFORMATIONAL", "LOW"];
    let products = ["GuardDuty", "Security Hub", "Inspector", "Config"];
    let one = |number: usize| {
        let title = format!("S3 general purpose bucket shop-{number:05} should block public access");
        let mut one = security::finding(number, severities[number % 8], "NEW", products[number % 4], &title);
        one.control = format!("S3.{}", number % 40);
        Arc::new(one)
    };
    let findings = (0..20_000).map(one).collect();
    FindingsSnapshot { findings, to_do_complete: true, complete: true, ..FindingsSnapshot::default() }
}

fn frames(criterion: &mut Criterion) {
    let ui = support::ui(Lang::Ja);
    let mut group = criterion.benchmark_group("frame 200x60");
    let screens: [(&str, &[Command]); 9] = [
        ("overview", &[]),
        ("services", &[Command::Services]),
        ("service", &[Command::Services, Command::Open]),
        ("alarms", &[Command::Alarms]),
        ("waf", &[Command::Waf]),
        ("web acl", &[Command::Waf, Command::Open]),
        ("findings", &[Command::Findings]),
        ("fleet", &[Command::Fleet]),
        ("help", &[Command::Services, Command::Help]),
    ];
    for (name, commands) in screens {
        let mut state = besieged();
        update(&mut state, Event::Resize(200, 60));
        press(&mut state, commands);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
        draw(&mut state, &ui, &mut buffer);
        answer_queries(&mut state);
        group.bench_function(name, |bencher| bencher.iter(|| draw(&mut state, &ui, black_box(&mut buffer))));
    }
    let mut state = support::runbooks::at_escalation();
    update(&mut state, Event::Resize(200, 60));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    group.bench_function("run", |bencher| bencher.iter(|| draw(&mut state, &ui, black_box(&mut buffer))));
    let mut state = crowd();
    draw(&mut state, &ui, &mut buffer);
    answer_queries(&mut state);
    group.bench_function("5000 services", |bencher| bencher.iter(|| draw(&mut state, &ui, black_box(&mut buffer))));
    group.finish();
}

fn filter(criterion: &mut Criterion) {
    let ui = support::ui(Lang::En);
    let mut state = crowd();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    draw(&mut state, &ui, &mut buffer);
    criterion.bench_function("filter 5000 services to frame", |bencher| {
        bencher.iter(|| {
            press(&mut state, &[Command::Filter]);
            update(&mut state, Event::Edit(InputRequest::InsertChar('9')));
            draw(&mut state, &ui, &mut buffer);
            press(&mut state, &[Command::Cancel]);
        });
    });
}

fn filter_findings(criterion: &mut Criterion) {
    let ui = support::ui(Lang::En);
    let mut state = backlog();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    draw(&mut state, &ui, &mut buffer);
    criterion.bench_function("filter 20000 findings to frame", |bencher| {
        bencher.iter(|| {
            press(&mut state, &[Command::Filter]);
            update(&mut state, Event::Edit(InputRequest::InsertChar('9')));
            draw(&mut state, &ui, &mut buffer);
            press(&mut state, &[Command::Cancel]);
        });
    });
    let snapshot = Arc::new(findings());
    criterion.bench_function("take a page into 20000 findings", |bencher| {
        bencher.iter(|| report(&mut state, 0, Report::Findings(Arc::clone(&snapshot))));
    });
}

fn snapshots(criterion: &mut Criterion) {
    let services: Vec<_> = (0..5_000).map(|n| service("shop-prd", &format!("svc-{n:04}"), 2, 2)).collect();
    let Report::Services(snapshot) = support::services(services) else { return };
    criterion.bench_function("take a snapshot of 5000 services", |bencher| {
        bencher.iter_batched(
            crowd,
            |mut state| {
                report(&mut state, 0, Report::Services(Arc::clone(&snapshot)));
                state
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, frames, filter, filter_findings, snapshots);
criterion_main!(benches);
